"""What learning reaches, over seeds: `python benchmarks/learning.py known autonomous dense [--seeds 10]`."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numpy as np
import xarray as xr
from records import Figure, columns, figure
from rows import measured_over, told
from truths import typical, typical_floor

import tonicnet as tn
from tonicnet.measure import state_space_divergence_of

LYAPUNOV = 0.906
LORENZ = tn.task("lorenz")


def known(seeds: range) -> Iterator[Figure | str]:
    """Lorenz from its field, N = 1000: valid time, D_stsp at T = 1e5, starts lost of 50 over 1000 Lyapunov times.

    D_stsp is the median over six true runs of as many samples, its floor that over all pairs of them.
    """
    truth = LORENZ.trajectory(15.0, 0.01, trials=50, seed=77)
    true = [LORENZ.trajectory(100.0, 0.01, trials=10, seed=s)["output"].values.reshape(-1, 3) for s in range(1, 7)]
    rows = []
    for seed in seeds:
        net = tn.Network(units=1000, seed=seed, encoder_scale=0.5)
        bank, seconds = _timed(net, LORENZ)
        speed = bank["speed"].item()
        run = tn.simulate(net, bank, duration=15 / speed, dt=0.01 / speed, initial=truth["output"].values[:, 0])
        valid = float(np.median(tn.measure.valid_time(run, truth, lyapunov=LYAPUNOV)["valid_time_lyapunov"]))
        long = tn.simulate(net, bank, duration=100 / speed, dt=0.01 / speed, initial=LORENZ.initial(10, seed=3))
        made = long["output"].values[:, : len(true[0]) // 10].reshape(-1, 3)
        rows.append((seconds, valid, typical(state_space_divergence_of, true, made), _lost(net, bank)))
        yield f"seed {seed}: {told(rows[-1])}"
    what = "Lorenz from its field, N = 1000, encoder 0.5"
    names = {"fit": "CPU s", "valid time": "Lyapunov times", "D_stsp, T = 1e5": "nat", "lost of 50 starts": "starts"}
    yield from columns(what, names, rows)
    yield figure(what, "floor of D_stsp, T = 1e5", "nat", typical_floor(state_space_divergence_of, true))


def _lost(net: tn.Network, bank: xr.Dataset, turns: float = 1000.0) -> int:
    speed = bank["speed"].item()
    run = tn.simulate(
        net, bank, duration=turns / LYAPUNOV / speed, dt=0.02 / speed, initial=LORENZ.initial(50, seed=5), every=5,
        dtype="float32",
    )  # fmt: skip
    return int(tn.measure.lost(run, LORENZ.trajectory(1000.0, 0.1, trials=2))["lost"].sum())


def autonomous(seeds: range, steps: int = 200) -> Iterator[Figure | str]:
    """Cosine (25 steps a period) and x of Van der Pol (40), N = 200, no input, no feedback: R2 of the next 200."""
    cycle = tn.task("van-der-pol")
    dt = cycle.truth["period"] / 40
    paths = {
        "cosine": np.cos(2 * np.pi * np.arange(2 * steps + 1) / 25)[:, None],
        "van-der-pol": cycle.trajectory(2 * steps * dt, dt, seed=3)["output"].values[0][: 2 * steps + 1, :1],
    }
    for name, x in paths.items():
        for gain in (1.2, 1.5):
            rows = [_alone(x, steps, gain, seed) for seed in seeds]
            names = {"fit": "CPU s", "R2 of what was learned": "1", "R2 of the 200 steps after": "1"}
            yield from columns(f"{name}, no input, no feedback, N = 200, gain {gain}", names, rows)


def _alone(x: np.ndarray, steps: int, gain: float, seed: int) -> tuple[float, float, float]:
    net = tn.Network(
        units=200, seed=seed, components=1, synapses="dense", feedback=False, gain=gain, transfer="tanh", tau=0.01,
        dt=0.01, decoder_scale=1.0,
    )  # fmt: skip
    bank, seconds = _timed(net, tn.Task.from_array(x[: steps + 1], dt=0.01, name="x"))
    made = tn.simulate(net, bank, duration=2 * steps * 0.01, initial=x[0])["output"].values[0]
    return seconds, _explained(made[: steps + 1], x[: steps + 1]), _explained(made[steps + 1 :], x[steps + 1 :])


def _explained(made: np.ndarray, true: np.ndarray) -> float:
    return float(1 - ((made - true) ** 2).sum() / ((true - true.mean(0)) ** 2).sum())


def dense(seeds: range) -> Iterator[Figure | str]:
    """Dense N = 512 with feedback, discrete (dt = tau / 2), tanh: the closed loop that fit itself reports."""
    for seed in seeds:
        for name in ("van-der-pol", "lorenz"):
            net = tn.Network(units=512, seed=seed, synapses="dense", transfer="tanh", gain=1.2, tau=0.1, dt=0.05)
            bank, seconds = _timed(net, tn.task(name), rounds=3, restarts=0)
            what = f"{name}, dense with feedback, N = 512, seed {seed}"
            yield figure(what, "fit", "CPU s", seconds)
            yield from _scores(what, bank)
            yield f"{what}: {bank['outcome'].item()}"


SCORES = {
    "valid_time": ("valid time", "task time"), "divergence": ("D_stsp", "nat"), "period_error": ("period error", "1"),
    "amplitude_error": ("amplitude error", "1"), "lost": ("starts lost", "1"),
}  # fmt: skip


def _scores(what: str, bank: xr.Dataset) -> Iterator[Figure]:
    for name, (measure, unit) in SCORES.items():
        if name in bank and np.isfinite(bank[name].item()):
            yield figure(what, measure, unit, bank[name].item())


def _timed(net: tn.Network, task: tn.Task, **options: object) -> tuple[xr.Dataset, float]:
    began = time.process_time()
    bank = tn.fit(net, task, progress=False, **options)
    return bank, time.process_time() - began


ROWS: dict[str, Callable[[range], Iterator[Figure | str]]] = {
    "known": known, "autonomous": autonomous, "dense": dense,
}  # fmt: skip


if __name__ == "__main__":
    measured_over("learning", ROWS)
