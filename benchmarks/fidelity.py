"""How faithful spikes are: `python benchmarks/fidelity.py lorenz cycles bank prediction transfer nengo [--seeds 10]`.

Spiking runs are C++ programs (``codegen="standalone"``). The Nengo row needs nengo (`pip install nengo`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec

import nengo_lorenz
import numpy as np
import xarray as xr
from learning import LORENZ, LYAPUNOV
from main_job import CYCLES, shipped
from rows import lines, spread, summary, told

import tonicnet as tn
from tonicnet.measure import state_space_divergence_of, valid_time_of

NEURON = tn.LIF(noise=0.2)
DT = 0.01  # Lorenz time between samples that are compared
TURNS = 100.0  # Lyapunov times of a run


def lorenz(seeds: range, per_unit: int = 5) -> Iterator[str]:
    """Spiking Lorenz, N = 1000 x ``per_unit``: D_stsp and floor over 100 Lyapunov times, valid time of 20 starts."""
    rows = []
    for seed in seeds:
        net = tn.Network(units=1000, seed=seed, encoder_scale=0.5, decoder_scale=1.5, transfer=NEURON)
        began = time.perf_counter()
        bank = tn.fit(net, LORENZ, progress=False)
        fitted = time.perf_counter() - began
        runs = {
            "spiking": _spiking(net, bank, TURNS / LYAPUNOV, LORENZ.initial(1, seed=seed), per_unit),
            "rate": _rate(net, bank, TURNS / LYAPUNOV, LORENZ.initial(1, seed=seed)),
        }
        divergence = {name: _divergence(x[0]) for name, x in runs.items()}
        gone = _gone(runs["spiking"])
        truth = LORENZ.trajectory(5.0, DT, trials=20, seed=77 + seed)["output"].values
        valid = valid_time_of(truth, _spiking(net, bank, 5.0, truth[:, 0], per_unit), DT)
        rows.append((fitted, divergence["spiking"], divergence["rate"], LYAPUNOV * float(np.median(valid)), gone))
        yield f"seed {seed}: {told(rows[-1])}"
    names = ("fit s", "D_stsp spiking", "D_stsp rate", "valid time", "lost or stuck")
    yield summary(f"{1000 * per_unit} neurons, T = {round(TURNS / LYAPUNOV / DT)}", names, rows)
    yield f"floor of D_stsp, median (range) of 10 true runs: {spread([_divergence(_true(s)) for s in range(20, 30)])}"


def _spiking(net: tn.Network, bank: xr.Dataset, length: float, starts: np.ndarray, per_unit: int) -> np.ndarray:
    """Return outputs every DT of task time (interpolated), from each start."""
    speed = bank["speed"].item()
    run = tn.spiking.simulate(
        net, bank, duration=(length + 0.1) / speed, neurons_per_unit=per_unit, dt=0.01, initial=starts,
        codegen="standalone",
    )  # fmt: skip
    return _every(run, length)


def _rate(net: tn.Network, bank: xr.Dataset, length: float, starts: np.ndarray) -> np.ndarray:
    run = tn.simulate(net, bank, duration=(length + 0.1) / bank["speed"].item(), dt=0.01, initial=starts)
    return _every(run, length)


def _every(run: xr.Dataset, length: float) -> np.ndarray:
    at = np.arange(0, length + DT / 2, DT)
    own = run["task_time"].values
    return np.stack([[np.interp(at, own, x) for x in trial.T] for trial in run["output"].values]).transpose(0, 2, 1)


def _true(seed: int) -> np.ndarray:
    return LORENZ.trajectory(TURNS / LYAPUNOV, DT, seed=seed)["output"].values[0]


def _divergence(x: np.ndarray) -> float:
    """Return D_stsp against a true run as long as ``x``."""
    return state_space_divergence_of(_true(1000)[: len(x)], x)


def _gone(x: np.ndarray) -> int:
    """Return how many trials collapsed, stayed in one wing, or left the attractor."""
    time = np.arange(x.shape[1]) * DT
    run = xr.DataArray(x, dims=("trial", "time", "component"), coords={"time": time})
    return int(tn.measure.lost(run, LORENZ.trajectory(1000.0, DT))["lost"].sum())


def cycles(seeds: range, units: int = 500, per_unit: int = 4) -> Iterator[str]:
    """All shelf cycles over 60 s with 2000 neurons: period and amplitude error, alive.

    A small decoder makes little noise, and wide encoders reach what it then must. (Quieter neurons make less noise
    too, but their rates run ahead of slow inputs: by 1 ms at noise 0.1, which is 1 % of a period.)
    """
    for name in CYCLES:
        task, rows = tn.task(name), []
        for seed in seeds:
            net = tn.Network(units=units, seed=seed, components=task.dimension, encoder_scale=2.0, decoder_scale=0.9)
            bank = tn.fit(net, task, noise=0.2, progress=False)
            run = tn.spiking.simulate(
                net, bank, duration=60.0, neurons_per_unit=per_unit, codegen="standalone", seed=seed
            )
            truth = task.trajectory(40 * task.truth["period"], run["task_time"].values[1])
            rows.append(_cycle_errors(run, truth))
            yield f"{name}, seed {seed}: {told(rows[-1])}"
        alive = sum(np.isfinite(r).all() and r[1] < 50 for r in rows)
        yield summary(f"{name}, {alive} of {len(seeds)} alive", ("period error %", "amplitude error %"), rows)


def _cycle_errors(run: xr.Dataset, truth: xr.Dataset) -> tuple[float, float]:
    """Return the errors of period and amplitude in per cent; NaN where the cycle was lost."""
    try:
        made = tn.measure.limit_cycle(run, truth)
    except ValueError:
        return np.nan, np.nan
    return 100 * abs(made["period_error"].item()), 100 * float(np.abs(made["amplitude_error"]).max())


def bank(seeds: range, per_unit: int = 5) -> Iterator[str]:
    """The shipped bank switched every 5 s for 60 s: the share of segments that end on their attractor."""
    net, learned = shipped()
    names = [str(n) for n in learned["task"].values]
    truths = {n: tn.task(n).trajectory(80 * tn.task(n).time_scale, tn.task(n).dt * 5, trials=40) for n in names}
    for seed in seeds:
        order = np.random.default_rng(seed).permutation(names)
        schedule = [(str(n), 5.0) for n in [*order, order[0]]][:12]
        run = tn.spiking.simulate(
            net, learned, schedule=schedule, neurons_per_unit=per_unit, codegen="standalone", seed=seed
        )
        settled = tn.measure.settling_time(run, truths, threshold=0.3)["settling_seconds"].values[:, 0]
        yield (
            f"seed {seed}: {np.isfinite(settled).sum()} of {len(schedule)} segments settle within 0.3 sd for good, "
            f"{spread(settled)} s after the switch"
        )


def prediction(_: int, seconds: float = 40.0) -> Iterator[str]:
    """Predicted against measured D_stsp of every shelf task with 1 and 4 neurons a unit, one run of each."""
    net, learned = shipped()
    pairs = []
    for name in map(str, learned["task"].values):
        speed = learned["speed"].sel(task=name).item()
        true = tn.task(name).trajectory(seconds * speed, 0.01 * speed)["output"].values[0]
        for per_unit in (1, 4):
            options = {"task": name, "duration": seconds, "neurons_per_unit": per_unit, "dt": 0.01}
            made = tn.spiking.simulate(net, learned, codegen="standalone", seed=1, **options)
            expected = tn.spiking.surrogate(net, learned, seed=2, **options)
            found = [run["output"].values[0, :, : true.shape[1]] for run in (expected, made)]
            pairs.append([state_space_divergence_of(true, x) for x in found])
            noise = tn.spiking.predict(net, learned, task=name, neurons_per_unit=per_unit, duration=1.0)
            yield (
                f"{name} x {per_unit}: D_stsp predicted {pairs[-1][0]:.2f}, measured {pairs[-1][1]:.2f}, "
                f"noise {noise['relative_noise'].values.mean():.3f}"
            )
    moving = [
        p
        for p, n in zip(pairs, np.repeat(list(map(str, learned["task"].values)), 2), strict=True)
        if tn.task(n).kind != "memory"
    ]
    every, some = (np.corrcoef(np.log(np.array(p)).T)[0, 1] for p in (pairs, moving))
    yield f"**correlation of logarithms: {every:.3f} ({len(pairs)} pairs), {some:.3f} ({len(moving)}) but memories**"


def transfer(seeds: range, units: int = 500, per_unit: int = 4, seconds: float = 30.0) -> Iterator[str]:
    """Single-lambda transfer (Kim, Li and Sejnowski 2019) of rate networks, best of its grid, beside ours."""
    for name in ("van-der-pol", "hopf", "lorenz"):
        task = tn.task(name)
        for seed in seeds[:3]:
            net = tn.Network(units=units, seed=seed, transfer=NEURON)
            ours = _scored(net, tn.fit(net, task, progress=False), task, seconds, per_unit)
            for curve in (tn.Sigmoid(), tn.Softplus(), tn.Relu()):
                rate = tn.Network(units=units, seed=seed, transfer=curve)
                learned = tn.fit(rate, task, progress=False)
                best = min(_moved(learned, seed, units, hertz, task, seconds, per_unit) for hertz in range(20, 76, 5))
                yield (
                    f"{name}, seed {seed}: orbit or attractor distance (sd) {ours:.3f}; {curve.name} "
                    f"{_closed(rate, learned, task, seconds):.3f} as rates, {best:.3f} moved by the best lambda"
                )


def _moved(
    learned: xr.Dataset, seed: int, units: int, hertz: int, task: tn.Task, seconds: float, per_unit: int
) -> float:
    """Score LIF neurons whose input is 1 + (E z + b) / 25 (mV over 25 mV) and whose rate ``hertz`` counts as 1."""
    neuron = tn.LIF(noise=0.0, rate_scale=float(hertz), threshold=-0.040, reset=-0.065)
    net = tn.Network(units=units, seed=seed, encoder_scale=0.8 / 25, transfer=neuron)
    moved = learned.copy()
    moved["bias"] = 1 + learned["bias"] / 25
    moved.attrs["network_sha256"] = net.sha256
    return _scored(net, moved, task, seconds, per_unit)


def _scored(net: tn.Network, bank: xr.Dataset, task: tn.Task, seconds: float, per_unit: int) -> float:
    try:
        run = tn.spiking.simulate(net, bank, duration=seconds, neurons_per_unit=per_unit, codegen="standalone")
    except ValueError:
        return np.inf
    return _distance(run, task)


def _closed(net: tn.Network, bank: xr.Dataset, task: tn.Task, seconds: float) -> float:
    return _distance(tn.simulate(net, bank, duration=seconds), task)


def _distance(run: xr.Dataset, task: tn.Task) -> float:
    """Return the mean distance of the run's points to the attractor and of the attractor's to the run, in sd."""
    from scipy.spatial import cKDTree

    true = task.trajectory(100 * task.time_scale, task.dt)["output"].values[0]
    made = run["output"].values[0][:, : task.dimension]
    true, made = true / true.std(0), made / true.std(0)
    late = made[len(made) // 5 :]
    return float(cKDTree(true).query(late)[0].mean() + cKDTree(late).query(true)[0].mean())


def nengo(seeds: range, neurons: int = 5000) -> Iterator[str]:
    """Nengo's Lorenz with as many neurons, the same filter and speed, by the same measures."""
    if find_spec("nengo") is None:
        yield "nengo is not installed: row left out (pip install nengo)"
        return
    rows = []
    for seed in seeds:
        x = nengo_lorenz.run(neurons, TURNS / LYAPUNOV, LORENZ.initial(1, seed=seed), DT, seed)
        truth = LORENZ.trajectory(5.0, DT, trials=8, seed=77 + seed)["output"].values
        made = nengo_lorenz.run(neurons, 5.0, truth[:, 0], DT, seed)
        valid = LYAPUNOV * float(np.median(valid_time_of(truth, made, DT)))
        rows.append((_divergence(x[0]), valid, _gone(x)))
        yield f"seed {seed}: {told(rows[-1])}"
    yield summary(f"Nengo, {neurons} neurons", ("D_stsp", "valid time", "lost or stuck"), rows)


ROWS: dict[str, Callable[[range], Iterator[str]]] = {
    "lorenz": lorenz, "cycles": cycles, "bank": bank, "prediction": prediction, "transfer": transfer, "nengo": nengo,
}  # fmt: skip


if __name__ == "__main__":
    lines(ROWS)
