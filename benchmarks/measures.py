"""Every measure at T = 1e5, timed, and beside published implementations: `make bench`, or name rows.

`python benchmarks/measures.py series network peers`. The peer rows need nolds, dysts or neurokit2
(`pip install nolds==0.6.2 dysts neurokit2`); where one is missing its rows are left out, and said to be.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

import numpy as np
import xarray as xr
from records import Figure, figure
from rows import measured

import tonicnet as tn
from tonicnet import measure
from tonicnet._share import shelf

T, DT = 100_000, 0.01
EXPONENT = 0.906  # of Lorenz, per time unit


def timed(call: Callable[[], Any], repeats: int = 3) -> tuple[float, Any]:
    """Return the least of a few times, in CPU seconds, and what came."""
    best, made = np.inf, None
    for _ in range(repeats):
        began = time.process_time()
        made = call()
        best = min(best, time.process_time() - began)
    return best, made


def lorenz() -> list[xr.Dataset]:
    """Return three true runs of Lorenz, T samples each."""
    task = tn.task("lorenz")
    return [task.trajectory((T - 1) * DT, DT, seed=seed) for seed in range(3)]


def cycle() -> xr.Dataset:
    """Return a noisy circle, T samples."""
    t = np.arange(T) * DT
    x = np.stack([np.sin(t), np.cos(t)], axis=1) + 0.01 * np.random.default_rng(0).normal(size=(T, 2))
    return xr.Dataset({"output": (("trial", "time", "component"), x[None])}, coords={"time": t})


def series() -> Iterator[Figure | str]:
    """Measures of runs."""
    truth, run, other = lorenz()
    ring = cycle()
    calls: dict[str, Callable[[], Any]] = {
        "state_space_divergence": lambda: measure.state_space_divergence(run, truth, reference=other),
        "spectral_hellinger": lambda: measure.spectral_hellinger(run, truth, reference=other),
        "sliced_wasserstein": lambda: measure.sliced_wasserstein(run, truth, reference=other),
        "return_map_residual": lambda: measure.return_map_residual(run, truth),
        "attractor_distance": lambda: measure.attractor_distance(run, truth),
        "lost": lambda: measure.lost(run, truth),
        "valid_time": lambda: measure.valid_time(run, truth, lyapunov=EXPONENT),
        "prediction_error": lambda: measure.prediction_error(run, truth),
        "participation_ratio": lambda: measure.participation_ratio(run),
        "limit_cycle": lambda: measure.limit_cycle(ring),
        "orbit_distance": lambda: measure.orbit_distance(ring, ring),
    }
    for name, call in calls.items():
        seconds, _ = timed(call)
        yield figure(f"{name}, T = 1e5, with its floor", "time", "CPU s", seconds)


def network() -> Iterator[Figure | str]:
    """Measures of a network of 1000 units under its biases."""
    net, bank = tn.load_network("atlas-1000"), tn.load(shelf("models") / "atlas-1000" / "bank.nc")
    speed = float(bank["speed"].sel(task="lorenz"))
    units = 1000 / EXPONENT / 16
    seconds, made = timed(
        lambda: measure.lyapunov_spectrum(net, bank, task="lorenz", duration=units / speed), repeats=1
    )
    exponent, error = made.exponent.values[0], made.exponent_error.values[0]
    what = "exponents of the Lorenz network, N = 1000, 1000 Lyapunov times in 16 trials"
    yield figure(what, "time", "CPU s", seconds)
    for number, (value, own) in enumerate(zip(exponent, error, strict=True), 1):
        yield figure(what, f"exponent {number}", "1/time unit", value)
        yield figure(what, f"standard error of exponent {number}", "1/time unit", own)
    yield figure(what, "sum of the exponents", "1/time unit", exponent.sum())
    yield figure(what, "Kaplan-Yorke dimension", "1", made.kaplan_yorke.item())
    yield figure(what, "standard error of the Kaplan-Yorke dimension", "1", made.kaplan_yorke_error.item())
    for number, value in enumerate((EXPONENT, 0.0, -14.572), 1):
        yield figure("exponents of Lorenz, the truth", f"exponent {number}", "1/time unit", value)
    for name, call in {
        "fixed_points": lambda: measure.fixed_points(net, bank, task="lorenz"),
        "floquet": lambda: measure.floquet(net, bank, task="van-der-pol"),
        "jacobian_spectrum": lambda: measure.jacobian_spectrum(net, bank, task="hopf"),
        "biases": lambda: measure.biases(net, bank, task="lorenz"),
    }.items():
        yield figure(f"{name}, N = 1000, one task", "time", "CPU s", timed(call, repeats=1)[0])


def peers() -> Iterator[Figure | str]:
    """The same quantities by published packages, on one core as ours."""
    rivals = {"nolds": _nolds, "neurokit2": _neurokit, "dysts": _dysts}
    for package, rows in rivals.items():
        try:
            loaded = import_module(package)
        except ModuleNotFoundError as error:
            yield f"{package} left out: not installed (pip install {error.name})"
        except Exception as error:  # nolds 0.6.3 raises TypeError on Python 3.11
            yield f"{package} left out: it does not import here ({type(error).__name__}: {error})"
        else:
            yield from rows(loaded)


def _flow(x: np.ndarray) -> np.ndarray:
    a, b, c = x.T
    return np.stack([10 * (b - a), a * (28 - c) - b, a * b - 8 / 3 * c], axis=1)


def _slope(x: np.ndarray) -> np.ndarray:
    a, b, c = x.T
    one = np.ones_like(a)
    return np.array([[-10 * one, 10 * one, 0 * one], [28 - c, -one, -a], [b, a, -8 / 3 * one]]).transpose(2, 0, 1)


def _ours(duration: float) -> tuple[float, measure.Exponents]:
    """Return the time for, and the exponents over, so much time in 16 trials."""
    start = np.random.default_rng(0).normal([0, 0, 25], 5, (16, 3))
    return timed(
        lambda: measure.lyapunov_spectrum_of(
            _flow, _slope, start, duration=duration / 16, transient=10.0, dt=DT, every=4
        ),
        repeats=1,
    )


SAMPLES, STEP = 5_000, 0.02  # of x alone: their time grows with the square of the samples
LAG, EMBEDDED, APART, AHEAD = 8, 5, 50, 100  # the delay embedding, in samples


def _observed() -> np.ndarray:
    """Return x of Lorenz over 100 time units, about 90 Lyapunov times."""
    run = tn.task("lorenz").trajectory((SAMPLES - 1) * STEP, STEP)
    return run["output"].values[0, :, 0]


def _beside(package: str, what: str, duration: float, call: Callable[[], Any]) -> Iterator[Figure]:
    """Yield their time and values beside those of ours, from the equations, over as much time of Lorenz."""
    seconds, values = timed(call, repeats=1)
    ours, made = _ours(duration)
    named = {f"{package}: {what}": (seconds, values), f"tonicnet, beside {package}: {what}": (ours, made.values)}
    for name, (took, found) in named.items():
        where = f"{name}, {duration:.0f} time units of Lorenz"
        yield figure(where, "time", "CPU s", took)
        for number, value in enumerate(np.atleast_1d(found), 1):
            yield figure(where, f"exponent {number}", "1/time unit", value)


def _nolds(nolds: Any) -> Iterator[Figure | str]:
    """Exponents from one scalar series: less is known than the equations, and so less comes out."""
    x = _observed()
    yield from _beside(
        "nolds", "lyap_r, the largest exponent from x alone", SAMPLES * STEP,
        lambda: nolds.lyap_r(x, emb_dim=EMBEDDED, lag=LAG, min_tsep=APART, tau=STEP, trajectory_len=AHEAD),
    )  # fmt: skip
    yield from _beside(
        "nolds", "lyap_e, all exponents from x alone", SAMPLES * STEP,
        lambda: nolds.lyap_e(x, emb_dim=9, matrix_dim=3, tau=STEP, min_tsep=APART),
    )  # fmt: skip


def _neurokit(neurokit2: Any) -> Iterator[Figure | str]:
    x = _observed()
    how = {"delay": LAG, "dimension": EMBEDDED, "separation": APART, "len_trajectory": AHEAD}
    yield from _beside(
        "neurokit2", "complexity_lyapunov (Rosenstein), the largest exponent from x alone", SAMPLES * STEP,
        lambda: neurokit2.complexity_lyapunov(x, **how)[0] / STEP,
    )  # fmt: skip


def _dysts(_: Any) -> Iterator[Figure | str]:
    """Exponents from the equations, as ours, by steps of first order: it takes many of them for a period."""
    from dysts.analysis import find_lyapunov_exponents
    from dysts.flows import Lorenz

    for steps, points in ((10_000, 100), (50_000, 500)):
        yield from _beside(
            "dysts", f"find_lyapunov_exponents, {points} steps a period", steps / points * Lorenz().period,
            lambda steps=steps, points=points: find_lyapunov_exponents(Lorenz(), steps, pts_per_period=points),
        )  # fmt: skip


ROWS: dict[str, Callable[[], Iterator[Figure | str]]] = {"series": series, "network": network, "peers": peers}


if __name__ == "__main__":
    measured("measures", ROWS)
