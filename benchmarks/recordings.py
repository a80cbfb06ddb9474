"""What is learned from recordings: `python benchmarks/recordings.py [row ...] [seeds=3] [units=1000] [way=dense]`.

One observed component, x of Lorenz and the Santa Fe laser, is learned in two ways: by a dense network with a memory of
its own, and by a low-rank one from delayed coordinates, whose lag and number are chosen by themselves. Both are held
against a part that was not learned from: for how long they follow it, and D_stsp of three delays of the output, beside
its floor. "noisy" learns Lorenz from T = 1e5 samples (dt 0.01) with 5 % observation noise, and is held against six
other runs of 1e5 samples: D_stsp in 30 bins a component, D_H smoothed over 20 bins, against the truth without and with
noise, medians over the six.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from records import Figure, columns, figure
from rows import measured
from truths import typical, typical_floor

import tonicnet as tn
from tonicnet.measure import spectral_hellinger_of, state_space_divergence_of, valid_time_of
from tonicnet.task import recorded

_words = dict(word.split("=") for word in sys.argv[1:] if "=" in word)
SEEDS, UNITS = int(_words.get("seeds", 3)), int(_words.get("units", 1000))
LYAPUNOV, NOISE, SAMPLES = 0.906, 0.05, 100_000
LORENZ = tn.task("lorenz")
STARTS = 40
MEASURES = {"D_stsp": state_space_divergence_of, "D_H": spectral_hellinger_of}
UNIT_OF = {"D_stsp": "nat", "D_H": "1"}


class Observed(NamedTuple):
    """One component: what is learned from, what is not, its step, and the lag (steps) at which runs are compared."""

    train: np.ndarray
    test: np.ndarray
    dt: float
    lag: int
    unit: str
    rate: float


def lorenz(seed: int) -> Observed:
    """Return x of Lorenz."""
    dt = 0.03
    train, test = (
        LORENZ.trajectory(t, dt, seed=s)["output"].values[0, :, :1] for t, s in ((900.0, 200 + seed), (600.0, 33))
    )
    return Observed(train, test, dt, 4, "Lyapunov times", LYAPUNOV)


def laser(_: int) -> Observed:
    """Return the laser: its last fifth is not learned from."""
    x = recorded(tn.recording("santa-fe-laser"))[0]
    return Observed(x[:8000], x[8000:], 1.0, 2, "samples", 1.0)


def dense(of: Observed, seed: int) -> tuple[Callable[[np.ndarray, int], np.ndarray], float]:
    """Return what goes on after some samples, by a dense network of 512 units, and the CPU time of learning."""
    net = tn.Network(
        512, seed=seed, components=1, synapses="dense", transfer="tanh", gain=1.5, tau=2 * of.dt, dt=of.dt,
        decoder_scale=2.0, encoder_scale=1.0,
    )  # fmt: skip
    bank, seconds = learned(net, tn.Task.from_array(of.train, dt=of.dt, name="x"), rounds=2, restarts=0)

    def goes_on(past: np.ndarray, steps: int) -> np.ndarray:
        return tn.simulate(net, bank, duration=steps * of.dt, initial=past)["output"].values[:, 1:, 0]

    return goes_on, seconds


def delays(of: Observed, seed: int) -> tuple[Callable[[np.ndarray, int], np.ndarray], float]:
    """Return the same by a low-rank network, from delayed coordinates."""
    embedded = tn.embed_recording(of.train, dt=of.dt)
    lag, count = round(embedded.attrs["lag"] / of.dt), embedded.attrs["count"]
    net = tn.Network(UNITS, seed=seed, components=count, encoder_scale=0.5)
    bank, seconds = learned(net, tn.Task.from_array(embedded, name="x", speed="auto"), rounds=2, restarts=0)
    step = of.dt / bank["speed"].item()

    def goes_on(past: np.ndarray, steps: int) -> np.ndarray:
        start = np.stack([past[:, -1 - k * lag, 0] for k in range(count)], axis=1)
        run = tn.simulate(net, bank, duration=steps * step, dt=step / 4, every=4, initial=start, dtype="float32")
        return run["output"].values[:, 1:, 0]

    return goes_on, seconds


WAYS = {"dense, N = 512, x alone": dense, f"low-rank, N = {UNITS}, delayed coordinates": delays}


ONLY = _words.get("way", "")


def observed(name: str, make: Callable[[int], Observed]) -> Iterator[Figure]:
    """Yield how both ways do on one component, over seeds."""
    for way, learn in WAYS.items():
        if not way.startswith(ONLY):
            continue
        rows = [scores(make(seed), learn, seed) for seed in range(SEEDS)]
        of = make(0)
        names = {"fit": "CPU s", "valid time": of.unit, "D_stsp of three delays": "nat", "stuck of 5": "runs"}
        yield from columns({"recording": name, "way": way}, names, rows)
    half = len(of.train) // 2
    floor = state_space_divergence_of(three(of.train[None, :half, 0], of.lag), three(of.train[None, half:, 0], of.lag))
    yield figure(
        {"recording": name, "way": "one half of the recording against the other"},
        "D_stsp of three delays",
        "nat",
        floor,
    )


def scores(of: Observed, learn: Callable[..., Any], seed: int, warm: int = 80, ahead: int = 400) -> tuple[float, ...]:
    """Return CPU time, valid time, divergence, and how many runs ended at rest."""
    goes_on, seconds = learn(of, seed)
    first = np.linspace(0, len(of.test) - warm - ahead - 1, STARTS).astype(int)
    past = np.stack([of.test[k : k + warm + 1] for k in first])
    true = np.stack([of.test[k + warm : k + warm + ahead + 1] for k in first])
    made = np.concatenate([true[:, :1], goes_on(past, ahead)[..., None]], axis=1)
    variance = float(of.train.var())
    valid = float(np.median(valid_time_of(true, made, of.dt, variance=variance))) * of.rate
    long = goes_on(past[:5], len(of.train) // 5)
    stuck = float(sum(x[-500:].std() < 0.1 * of.train.std() for x in long))
    apart = state_space_divergence_of(three(of.train[None, :, 0], of.lag), three(long, of.lag))
    print(f"  seed {seed}: {seconds:.0f} s, valid {valid:.3g}, D_stsp {apart:.3g}, stuck {stuck:g}", flush=True)
    return seconds, valid, apart, stuck


def three(x: np.ndarray, lag: int) -> np.ndarray:
    """Return three delays of runs (trial, time), pooled."""
    length = x.shape[1] - 2 * lag
    return np.stack([x[:, k * lag : k * lag + length] for k in range(3)], axis=2).reshape(-1, 3)


def learned(net: tn.Network, task: tn.Task, **options: Any) -> tuple[xr.Dataset, float]:
    """Return a bank, and the seconds of processor time that it took."""
    began = time.process_time()
    bank = tn.fit(net, task, progress=False, **options)
    return bank, time.process_time() - began


def noisy() -> Iterator[Figure]:
    """Yield Lorenz from a recording with noise, over seeds, and the floors."""
    rows = []
    truths = [run(seed) for seed in range(900, 906)]
    seen = [with_noise(truth, 900 + k) for k, truth in enumerate(truths)]
    for seed in range(SEEDS):
        net = tn.Network(UNITS, seed=seed, encoder_scale=0.5, tau=0.05)
        data = with_noise(run(100 + seed), seed)
        bank, seconds = learned(net, tn.Task.from_array(data, dt=0.01, name="noisy"))
        made = tn.simulate(net, bank, duration=SAMPLES * 0.01, dt=0.01, initial=data[0])["output"].values[0][:SAMPLES]
        rows.append((seconds, *(typical(of, some, made) for some in (truths, seen) for of in MEASURES.values())))
        print(f"  seed {seed}: " + ", ".join(f"{x:.3g}" for x in rows[-1]), flush=True)
    names = {"fit": "CPU s"}
    names |= {f"{name} to {what}": unit for what in ("the truth", "the noisy truth") for name, unit in UNIT_OF.items()}
    where = {"recording": "Lorenz, 5 % noise, T = 1e5", "way": f"low-rank, N = {UNITS}"}
    yield from columns(where, names, rows)
    beside = {"recording": where["recording"], "way": "another true run"}
    for what, some in (("the truth", truths), ("the noisy truth", seen)):
        for name, of in MEASURES.items():
            yield figure(beside, f"{name} to {what}", UNIT_OF[name], typical_floor(of, some))


def run(seed: int) -> np.ndarray:
    """Return a true run of Lorenz of T samples."""
    return LORENZ.trajectory(SAMPLES * 0.01, 0.01, seed=seed)["output"].values[0][:SAMPLES]


def with_noise(x: np.ndarray, seed: int) -> np.ndarray:
    """Return a run with 5 % observation noise."""
    return x + NOISE * x.std(0) * np.random.default_rng(seed).standard_normal(x.shape)


ROWS: dict[str, Callable[[], Iterator[Figure]]] = {
    "lorenz": lambda: observed("x of Lorenz, 900 time units", lorenz),
    "laser": lambda: observed("Santa Fe laser, 8,000 samples", laser),
    "noisy": noisy,
}

if __name__ == "__main__":
    measured("recordings", ROWS)
