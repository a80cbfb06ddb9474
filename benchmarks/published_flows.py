"""The 35 published systems on one network: `python benchmarks/published_flows.py [learned others updates units=1000]`.

The largest collection of chaotic systems that was learned by biases alone before is that of BANFF
(doi:10.1101/2025.10.05.680523), on one tanh network of rank 3 with 6000 units: 300,000 updates for each. Its code
(github.com/kaimason100/BANFF_ANN, `int_dyn.m`) has the equations, which are written down here again. Its script learns
the first 40 rows of a list. By their order in the code, and by the numbers that another script gives to nine of them,
the chaotic ones among these are Lorenz, Thomas, Sprott's cases A to S (one of them once more as Nose and Hoover's),
six circuits like Chua's, Rikitake's dynamo, and seven of the sixteen jerk equations "MO": 35. "others" are the nine
other jerk equations, and Roessler's. No run of the fourth circuit was found to stay bounded as the code writes it, with
- 2 sin x; here it has + 2 sin x, as the two like it have + 2 tanh x and + 2 arctan x.

Sources: Lorenz (1963), doi:10.1175/1520-0469(1963)020<0130:DNF>2.0.CO;2; Thomas (1999),
doi:10.1142/S0218127499001383; Sprott (1994), doi:10.1103/PhysRevE.50.R647; Rikitake (1958),
doi:10.1017/S0305004100033223; Sprott (2000), doi:10.1016/S0375-9601(00)00026-8, for the jerk equations.

Each runs at first from 64 scattered starts. The task begins from the first that stays bounded and whose distance to a
neighbour grows in the later half as it does where the largest exponent is positive; where none does, from the first
that is bounded and does not come to rest. Settings, trials
and the rule by which a system passes are those of `tn.atlas`.
"""

from __future__ import annotations

import inspect
import sys
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import numpy as np
import torch
from records import Figure, figure
from rows import measured

import tonicnet as tn
from tonicnet.learn import Job, Settings
from tonicnet.study._flow_trial import FlowTrial
from tonicnet.study._verdict import verdict
from tonicnet.task import task_factory

Field = Callable[[np.ndarray, np.ndarray, np.ndarray], tuple[np.ndarray, ...]]

_words = dict(word.split("=") for word in sys.argv[1:] if "=" in word)
UNITS, WORKERS = int(_words.get("units", 1000)), int(_words.get("workers", 2))
PUBLISHED_UNITS, PUBLISHED_SAMPLES, PUBLISHED_UPDATES, TIMED = 6000, 1000, 300_000, 300
STARTS, STEP, TURNING, LENGTH = 64, 0.01, 300.0, 300.0  # of the search for a chaotic start, in a system's own time
SPREADS = (0.5, 2.0)  # of starts, by turns
FAR, REST = 1e3, 1e-3  # a state that is lost, a spread that is none
CHAOTIC = 0.008  # an exponent that is positive: linear growth from 300 to 600 gives 0.0023
SETTINGS = ("noise", "steps", "rounds", "restarts", "confirm", "precision", "seed")  # of tn.atlas
WHERE = f"the published systems on one network, N = {UNITS}, K = 3"

SPROTT: dict[str, Field] = {
    "SprottA": lambda x, y, z: (y, -x + y * z, 1 - y**2),
    "SprottB": lambda x, y, z: (y * z, x - y, 1 - x * y),
    "SprottC": lambda x, y, z: (y * z, x - y, 1 - x**2),
    "SprottD": lambda x, y, z: (-y, x + z, x * z + 3 * y**2),
    "SprottE": lambda x, y, z: (y * z, x**2 - y, 1 - 4 * x),
    "SprottF": lambda x, y, z: (y + z, -x + 0.5 * y, x**2 - z),
    "SprottG": lambda x, y, z: (0.4 * x + z, x * z - y, -x + y),
    "SprottH": lambda x, y, z: (-y + z**2, x + 0.5 * y, x - z),
    "SprottI": lambda x, y, z: (-0.2 * y, x + z, x + y**2 - z),
    "SprottJ": lambda x, y, z: (2 * z, -2 * y + z, -x + y + y**2),
    "SprottK": lambda x, y, z: (x * y - z, x - y, x + 0.3 * z),
    "SprottL": lambda x, y, z: (y + 3.9 * z, 0.9 * x**2 - y, 1 - x),
    "SprottM": lambda x, y, z: (-z, -(x**2) - y, 1.7 + 1.7 * x + y),
    "SprottN": lambda x, y, z: (-2 * y, x + z**2, 1 + y - 2 * z),
    "SprottO": lambda x, y, z: (y, x - z, x + x * z + 2.7 * y),
    "SprottP": lambda x, y, z: (2.7 * y + z, -x + y**2, x + y),
    "SprottQ": lambda x, y, z: (-z, x - y, 3.1 * x + y**2 + 0.5 * z),
    "SprottR": lambda x, y, z: (0.9 - y, 0.4 + z, x * y - z),
    "SprottS": lambda x, y, z: (-x - 4 * y, x + z**2, 1 + x),
}


def _circuit(bend: Callable[[np.ndarray], np.ndarray], coupling: float = 0.2) -> Field:
    """Return dx/dt = c y + g(x), dy/dt = x + z, dz/dt = -y."""
    return lambda x, y, z: (coupling * y + bend(x), x + z, -y)


def _jerk(bend: Callable[[np.ndarray], np.ndarray], a: float) -> Field:
    """Return x''' + a x'' + x' = g(x)."""
    return lambda x, y, z: (y, z, bend(x) - a * z - y)


CIRCUITS: dict[str, Field] = {
    "Chua1": _circuit(lambda x: x - x**3, 0.3),
    "Chua2": _circuit(lambda x: 2 * np.tanh(x) - x),
    "Chua3": _circuit(lambda x: x - x * np.abs(x)),
    "Chua4": _circuit(lambda x: 2 * np.sin(x) - x),
    "Chua5": _circuit(lambda x: np.sign(x) - 0.3 * x),
    "Chua6": _circuit(lambda x: 2 * np.arctan(x) - x),
}
JERKS: dict[str, Field] = {
    "MO0": _jerk(lambda x: np.abs(x) - 1, 0.6),
    "MO1": _jerk(lambda x: 1 - 6 * np.maximum(x, 0), 0.6),
    "MO2": _jerk(lambda x: np.sign(x) - x, 0.6),
    "MO3": _jerk(lambda x: 1.1 * (x**2 - 1), 1.0),
    "MO4": _jerk(lambda x: x * (x - 1), 0.5),
    "MO5": _jerk(lambda x: x * (1 - x**2), 0.7),
    "MO6": _jerk(lambda x: x**2 * (1 - x), 0.4),
}
OTHERS: dict[str, Field] = {
    "Rossler": lambda x, y, z: (-y - z, x + 0.2 * y, 0.2 + z * (x - 5.7)),
    "MO7": _jerk(lambda x: x**2 * (1 - x**2), 0.6),
    "MO8": _jerk(lambda x: x * (x**4 - 1), 0.5),
    "MO9": _jerk(lambda x: x**3 * (1 - x), 0.4),
    "MO10": _jerk(lambda x: x**2 * (1 - x**3), 0.6),
    "MO11": _jerk(lambda x: 5 - np.exp(x), 1.0),
    "MO12": _jerk(lambda x: 7 - 8 * np.tanh(x), 1.0),
    "MO13": _jerk(lambda x: 6 * np.tanh(x) - 3 * x, 1.0),
    "MO14": _jerk(lambda x: 6 * np.arctan(x) - x, 0.6),
    "MO15": _jerk(lambda x: x - 0.5 * np.sinh(x), 0.6),
}
PUBLISHED: dict[str, Field] = {
    "Lorenz": lambda x, y, z: (10 * (y - x), x * (28 - z) - y, x * y - 8 / 3 * z),
    "Thomas": lambda x, y, z: (np.sin(y) - 0.208186 * x, np.sin(z) - 0.208186 * y, np.sin(x) - 0.208186 * z),
    **SPROTT,
    **CIRCUITS,
    "Rikitake": lambda x, y, z: (-x + y * z, -y + x * (z - 1), 1 - x * y),
    **JERKS,
}


@task_factory("published flow")
def published(name: str, initial: list[float], period: float) -> tn.Task:
    """Return a system as a task, from a state on its attractor."""
    return tn.Task(
        flow_of(name), name=name, initial=initial, dt=period / 100, transient=20 * period, duration=50 * period
    )


def flow_of(name: str) -> Callable[[np.ndarray], np.ndarray]:
    """Return dx/dt of states (..., 3)."""
    field = (PUBLISHED | OTHERS)[name]

    def flow(x: np.ndarray) -> np.ndarray:
        return np.stack(field(x[..., 0], x[..., 1], x[..., 2]), axis=-1)

    return flow


def attractor(name: str) -> tuple[list[float], float, float]:
    """Return a state on the attractor, the mean period, and the largest exponent there."""
    flow, rng = flow_of(name), np.random.default_rng(0)
    x = rng.normal(size=(STARTS, 3)) * np.resize(SPREADS, STARTS)[:, None]
    apart = rng.normal(size=x.shape)
    pair = np.stack([x, x + 1e-7 * apart / np.linalg.norm(apart, axis=1, keepdims=True)])
    grown, path = np.zeros(STARTS), []
    with np.errstate(all="ignore"):
        for n in range(round((TURNING + LENGTH) / STEP)):
            pair = _stepped(flow, pair)
            apart = pair[1] - pair[0]
            size = np.linalg.norm(apart, axis=1)
            pair[1] = pair[0] + 1e-7 * apart / size[:, None]
            if n >= round(TURNING / STEP):
                grown += np.log(size / 1e-7)
                path.append(pair[0])
        run = np.array(path).transpose(1, 0, 2)
        exponents = grown / LENGTH
        stays = np.isfinite(run).all((1, 2)) & (np.abs(run).max((1, 2)) < FAR)
        stays &= run[:, len(path) // 2 :].std(1).max(1) > REST
    chaotic = stays & (exponents > CHAOTIC)
    held = np.flatnonzero(chaotic if chaotic.any() else stays)
    if not len(held):
        raise ValueError(f"no run of {name} stays bounded")
    return [float(v) for v in run[held[0], -1]], _period(run[held[0]]), float(exponents[held[0]])


def _stepped(flow: Callable[[np.ndarray], np.ndarray], x: np.ndarray) -> np.ndarray:
    k1 = flow(x)
    k2 = flow(x + STEP / 2 * k1)
    k3 = flow(x + STEP / 2 * k2)
    return x + STEP / 6 * (k1 + 2 * k2 + 2 * k3 + flow(x + STEP * k3))


def _period(run: np.ndarray) -> float:
    """Return the time between two crossings of the mean from below, the median over components."""
    above = run > run.mean(0)
    crossings = (~above[:-1] & above[1:]).sum(0)
    return float(len(run) * STEP / np.median(crossings))


def tried(name: str) -> tuple[str, float, dict[str, float], str]:
    """Return a system, its exponent, what the trial of its network found, and why it does not pass."""
    torch.set_num_threads(1)
    initial, period, exponent = attractor(name)
    usual = inspect.signature(tn.atlas).parameters
    settings = Settings(threads=1, **{key: usual[key].default for key in SETTINGS})
    task = published(name, initial=initial, period=period)
    found = FlowTrial(Job(tn.atlas_network(UNITS, components=3).spec, task, settings), period).run()
    scores = dict(found.record.scores)
    return name, exponent, scores, verdict(scores)


def _each(systems: dict[str, Field], what: str) -> Iterator[Figure]:
    """Yield how each of some systems does, and all together."""
    rows = []
    with ProcessPoolExecutor(WORKERS, mp_context=get_context("spawn")) as pool:
        for name, exponent, scores, why in pool.map(tried, systems):
            print(f"{name}: {why or 'passes'}; learned in {scores['seconds']:.1f} s", flush=True)
            rows.append((scores, not why))
            where = {"what": what, "system": name}
            yield figure(where, "largest exponent of the flow", "1", exponent)
            yield figure(where, "passes", "1", float(not why))
            for key, (measure, unit) in _TOLD.items():
                yield figure(where, measure, unit, scores.get(key, np.nan))
    seconds = [scores["seconds"] for scores, _ in rows]
    yield figure(what, "systems", "1", len(rows))
    yield figure(what, "systems that pass", "1", sum(good for _, good in rows))
    yield figure(what, "CPU time of learning one system", "s", seconds)
    yield figure(what, "CPU time of all, trials included", "s", sum(s["seconds"] + s["trial_seconds"] for s, _ in rows))


_TOLD = {
    "divergence": ("D_stsp", "nat"), "divergence_floor": ("D_stsp floor", "nat"), "hellinger": ("D_H", "1"),
    "hellinger_floor": ("D_H floor", "1"), "lost": ("share of starts lost", "1"),
    "seconds": ("CPU time of learning", "s"),
}  # fmt: skip


def learned() -> Iterator[Figure]:
    """Yield how the 35 do."""
    yield from _each(PUBLISHED, WHERE)


def others() -> Iterator[Figure]:
    """Yield how the ten do that the published code has beside them."""
    yield from _each(OTHERS, f"ten others, N = {UNITS}, K = 3")


def updates() -> Iterator[Figure]:
    """Yield what the published updates take: momentum on the field error of 1000 states, tanh, float32."""
    torch.set_num_threads(1)
    made = torch.Generator().manual_seed(0)
    encoder = 4.0 * torch.randint(-1, 2, (PUBLISHED_UNITS, 3), generator=made)
    decoder = torch.randn(PUBLISHED_UNITS, 3, generator=made) / PUBLISHED_UNITS**0.5
    states = 2 * torch.rand(PUBLISHED_SAMPLES, 3, generator=made) - 1
    targets = states - states**3
    heard, bias, speed = states @ encoder.T, torch.randn(PUBLISHED_UNITS, generator=made), torch.zeros(PUBLISHED_UNITS)
    began = time.process_time()
    for _ in range(TIMED):
        rate = torch.tanh(heard + bias)
        error = rate @ decoder - targets
        slope = (1 - rate * rate).mul_(error @ decoder.T).mean(0)
        speed = 0.9 * speed - 0.1 * slope
        bias = bias + speed
    one = (time.process_time() - began) / TIMED
    where = f"the published rule, N = {PUBLISHED_UNITS}, {PUBLISHED_SAMPLES} states"
    yield figure(where, "CPU time of one update", "ms", 1e3 * one)
    yield figure(where, f"CPU time of {PUBLISHED_UPDATES} updates, one system", "h", one * PUBLISHED_UPDATES / 3600)


ROWS = {"learned": learned, "others": others, "updates": updates}

if __name__ == "__main__":
    measured("published_flows", ROWS)
