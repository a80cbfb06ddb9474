"""How faithful spikes are: `python benchmarks/fidelity.py lorenz slow few fewest long cycles small bank`.

More rows are prediction, transfer and nengo. `--seeds 3` takes three networks a row instead of ten.

Spiking runs are C++ programs (``codegen="standalone"``). The Nengo row needs nengo (`pip install nengo`).
The prediction row writes docs/calibration.nc and docs/calibration.png.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path

import nengo_flow
import numpy as np
import xarray as xr
from learning import LORENZ, LYAPUNOV
from main_job import CYCLES, shipped
from records import Figure, columns, figure
from rows import measured_over, told

import tonicnet as tn
from tonicnet._labels import Variable, dataset
from tonicnet.measure import state_space_divergence_of, valid_time_of

NEURON = tn.LIF(noise=0.2)
DT = 0.01  # Lorenz time between samples that are compared
TURNS = 100.0  # Lyapunov times of a run
SIZES = (1, 4)  # neurons a unit that are predicted
DOCS = Path(__file__).resolve().parent.parent / "docs"


def lorenz(seeds: range, per_unit: int = 5, tau: float = 0.1, units: int = 1000) -> Iterator[Figure | str]:
    """Spiking Lorenz, ``per_unit`` neurons a unit: D_stsp, floor over 100 Lyapunov times, valid time of 20 starts.

    It is learned for spikes (as of two neurons a unit: chaos makes more of noise than one lag does) and recalibrated.
    "rate" is the rate network as learned.
    """
    rows = []
    for seed in seeds:
        net, _ = tn.spiking.sized(units * per_unit, seed=seed, tau=tau)
        began = time.process_time()
        learned = tn.fit(net, LORENZ, neurons_per_unit=2, progress=False)
        bank = tn.spiking.recalibrate(net, learned, neurons_per_unit=per_unit)
        fitted = time.process_time() - began
        runs = {
            "spiking": _spiking(net, bank, TURNS / LYAPUNOV, LORENZ.initial(1, seed=seed), per_unit),
            "rate": _rate(net, learned, TURNS / LYAPUNOV, LORENZ.initial(1, seed=seed)),
        }
        divergence = {name: _divergence(x[0]) for name, x in runs.items()}
        gone = _gone(runs["spiking"])
        truth = LORENZ.trajectory(5.0, DT, trials=20, seed=77 + seed)["output"].values
        valid = valid_time_of(truth, _spiking(net, bank, 5.0, truth[:, 0], per_unit), DT)
        rows.append((fitted, divergence["spiking"], divergence["rate"], LYAPUNOV * float(np.median(valid)), gone))
        yield f"seed {seed}: {told(rows[-1])}"
    samples = f"T = {round(TURNS / LYAPUNOV / DT)}"
    names = {
        "fit and recalibration": "CPU s", f"D_stsp, {samples}": "nat", f"D_stsp of the rate network, {samples}": "nat",
        "valid time": "Lyapunov times", "lost or stuck": "runs",
    }  # fmt: skip
    what = f"Lorenz in spikes, {units * per_unit} neurons{_synapses(tau)}"
    yield from columns(what, names, rows)
    yield figure(what, f"floor of D_stsp, {samples}", "nat", [_divergence(_true(s)) for s in range(20, 30)])


def slow(seeds: range) -> Iterator[Figure | str]:
    """Spiking Lorenz with synapses of 200 ms: the noise of spikes falls with the root of the lag."""
    yield from lorenz(seeds, tau=0.2)


def few(seeds: range) -> Iterator[Figure | str]:
    """The same with 2000 neurons."""
    yield from lorenz(seeds, per_unit=2, tau=0.2)


def fewest(seeds: range) -> Iterator[Figure | str]:
    """The same with 500 neurons, one a unit."""
    yield from lorenz(seeds, per_unit=1, tau=0.2, units=500)


def long(seeds: range, per_unit: int = 5, parts: int = 10) -> Iterator[Figure | str]:
    """The same over 1000 Lyapunov times, in parts that begin where the last ended: D_stsp at T = 1e5, lost or not."""
    rows, length = [], TURNS / LYAPUNOV
    for seed in seeds:
        net, _ = tn.spiking.sized(1000 * per_unit, seed=seed, tau=0.2)
        bank = tn.spiking.recalibrate(
            net, tn.fit(net, LORENZ, neurons_per_unit=2, progress=False), neurons_per_unit=per_unit
        )
        made = [_spiking(net, bank, length, LORENZ.initial(1, seed=seed), per_unit)]
        for part in range(1, parts):
            made.append(_spiking(net, bank, length, made[-1][:, -1], per_unit, seed=part)[:, 1:])
        run = np.concatenate(made, axis=1)
        truths = LORENZ.trajectory(parts * length, DT, trials=2, seed=1000 + seed)["output"].values
        divergence = [state_space_divergence_of(truths[0][: run.shape[1]], x) for x in (run[0], truths[1])]
        rows.append((*divergence, _gone(run)))
        yield f"seed {seed}: {told(rows[-1])}"
    samples = f"T = {round(parts * length / DT)}"
    names = {f"D_stsp, {samples}": "nat", f"floor of D_stsp, {samples}": "nat", "lost or stuck": "runs"}
    what = f"Lorenz in spikes, {1000 * per_unit} neurons, tau 200 ms, {parts * TURNS:g} Lyapunov times"
    yield from columns(what, names, rows)


def _spiking(
    net: tn.Network, bank: xr.Dataset, length: float, starts: np.ndarray, per_unit: int, seed: int = 0
) -> np.ndarray:
    """Return outputs every DT of task time (interpolated), from each start."""
    speed = bank["speed"].item()
    run = tn.spiking.simulate(
        net, bank, duration=(length + 0.1) / speed, neurons_per_unit=per_unit, dt=0.01, initial=starts,
        codegen="standalone", seed=seed,
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


def cycles(seeds: range, units: int = 1000, per_unit: int = 1, tau: float = 0.1) -> Iterator[Figure | str]:
    """All shelf cycles over 60 s with 1000 neurons: period and amplitude error, alive.

    The networks are those of :func:`tonicnet.spiking.sized`: a small decoder and quiet neurons make little noise, and
    wide encoders reach what it then must. What such neurons do beside their f-I curve is recalibrated away.
    """
    for name in CYCLES:
        task, rows = tn.task(name), []
        for seed in seeds:
            net, _ = tn.spiking.sized(units * per_unit, seed=seed, components=task.dimension, tau=tau)
            bank = tn.fit(net, task, neurons_per_unit=per_unit, progress=False)
            bank = tn.spiking.recalibrate(net, bank, neurons_per_unit=per_unit)
            run = tn.spiking.simulate(
                net, bank, duration=60.0, neurons_per_unit=per_unit, codegen="standalone", seed=seed
            )
            truth = task.trajectory(40 * task.truth["period"], run["task_time"].values[1])
            rows.append(_cycle_errors(run, truth))
            yield f"{name}, seed {seed}: {told(rows[-1])}"
        what = f"{name} in spikes, {units * per_unit} neurons{_synapses(tau)}, 60 s"
        yield from columns(what, {"period error": "%", "amplitude error": "%"}, rows)
        yield figure(what, "alive", "runs", sum(np.isfinite(r).all() and r[1] < 50 for r in rows))


def small(seeds: range) -> Iterator[Figure | str]:
    """The same cycles with 500 neurons and synapses of 200 ms."""
    yield from cycles(seeds, units=500, tau=0.2)


def _synapses(tau: float) -> str:
    return f", tau {1000 * tau:g} ms" if tau != 0.1 else ""


def _cycle_errors(run: xr.Dataset, truth: xr.Dataset) -> tuple[float, float]:
    """Return the errors of period and amplitude in per cent; NaN where the cycle was lost."""
    try:
        made = tn.measure.limit_cycle(run, truth)
    except ValueError:
        return np.nan, np.nan
    return 100 * abs(made["period_error"].item()), 100 * float(np.abs(made["amplitude_error"]).max())


def bank(seeds: range, per_unit: int = 5) -> Iterator[Figure | str]:
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
        what = f"shipped bank in spikes, {per_unit} neurons a unit, switched every 5 s for 60 s, order {seed}"
        yield figure(what, f"segments of {len(schedule)} that settle within 0.3 sd for good", "segments",
                     np.isfinite(settled).sum())  # fmt: skip
        yield figure(what, "time to settle after a switch", "s", settled)


def prediction(_: range, seconds: float = 40.0, folder: Path = DOCS) -> Iterator[Figure | str]:
    """Predicted against measured D_stsp of every shelf task with 1 and 4 neurons a unit, one run of each.

    Writes calibration.nc, over (task, neurons_per_unit, run) with floors, and its picture beside it.
    """
    net, learned = shipped()
    rows: dict[str, list[tuple[float, float, float]]] = {}
    floors = {}
    for name in map(str, learned["task"].values):
        speed = learned["speed"].sel(task=name).item()
        true = tn.task(name).trajectory(seconds * speed, 0.01 * speed)["output"].values[0]
        floors[name] = _own_divergence(true, name, seconds * speed, 0.01 * speed)
        rows[name] = []
        for per_unit in SIZES:
            rows[name].append(_predicted(net, learned, name, per_unit, seconds, true))
            where = {"task": name, "neurons a unit": per_unit}
            names = {"D_stsp, predicted": "nat", "D_stsp, measured": "nat", "predicted noise of the output": "scales"}
            yield from columns(where, names, rows[name][-1:])
    found = _calibration(rows, floors, net.sha256, seconds)
    yield from _correlations(found)
    yield _kept(found, folder)


def _predicted(
    net: tn.Network, bank: xr.Dataset, name: str, per_unit: int, seconds: float, true: np.ndarray
) -> tuple[float, float, float]:
    """Return D_stsp of the noisy rate network and of spikes, and the noise predicted, in scales of the task."""
    options = {"task": name, "duration": seconds, "neurons_per_unit": per_unit, "dt": 0.01}
    made = tn.spiking.simulate(net, bank, codegen="standalone", seed=1, **options)
    expected = tn.spiking.surrogate(net, bank, seed=2, **options)
    predicted, measured = (
        state_space_divergence_of(true, run["output"].values[0, :, : true.shape[1]]) for run in (expected, made)
    )
    noise = tn.spiking.predict(net, bank, task=name, neurons_per_unit=per_unit, duration=1.0)
    return predicted, measured, float(noise["relative_noise"].values.mean())


def _own_divergence(true: np.ndarray, name: str, length: float, dt: float) -> float:
    """Return the mean D_stsp of other true runs; NaN for memories, where it tells the starts apart, not the runs."""
    task = tn.task(name)
    if task.kind == "memory":
        return np.nan
    others = task.trajectory(length, dt, trials=8, seed=1000)["output"].values
    return float(np.mean([state_space_divergence_of(true, x) for x in others]))


def _calibration(
    rows: dict[str, list[tuple[float, float, float]]], floors: dict[str, float], network: str, seconds: float
) -> xr.Dataset:
    """Return what was predicted and measured, labelled, beside the floors."""
    values, dims = np.array(list(rows.values())), ("task", "neurons_per_unit")
    words = "state-space divergence D_stsp"
    variables = {
        "state_space_divergence": Variable((*dims, "run"), values[..., :2], "nat", words),
        "state_space_divergence_floor": Variable(
            ("task",), list(floors.values()), "nat", f"{words}, truth against truth"
        ),
        "relative_noise": Variable(
            dims, values[..., 2], "1", "predicted noise of the decoded output in scales of the task"
        ),
    }
    coords = {
        "task": Variable(("task",), list(rows), "1", "task"),
        "neurons_per_unit": Variable(("neurons_per_unit",), list(SIZES), "1", "neurons a unit"),
        "run": Variable(("run",), ["predicted", "measured"], "1", "noisy rate network, spiking network"),
        "kind": Variable(("task",), [tn.task(name).kind for name in rows], "1", "kind of task"),
    }
    return dataset(
        variables, coords, kind="calibration", network_sha256=network, seed=1, surrogate_seed=2, duration=seconds
    )


def _correlations(found: xr.Dataset) -> Iterator[Figure]:
    every, some = (
        np.log(x["state_space_divergence"].values.reshape(-1, 2)).T
        for x in (found, found.isel(task=found["kind"].values != "memory"))
    )
    for name, pairs in (("all tasks", every), ("all but memories", some)):
        what = f"predicted against measured D_stsp, {name}, {pairs.shape[1]} pairs"
        yield figure(what, "correlation of logarithms", "1", np.corrcoef(pairs)[0, 1])


def _kept(found: xr.Dataset, folder: Path) -> str:
    """Write the data and their picture; return where they are."""
    import matplotlib

    matplotlib.use("Agg")
    path = tn.save(found, folder / "calibration.nc")
    ax = tn.plot.calibration(found.sel(run="predicted"), found.sel(run="measured"))
    ax.figure.savefig(path.with_suffix(".png"), dpi=200)
    return f"written to {path.name} and {path.stem}.png in {folder.name}"


def transfer(seeds: range, units: int = 500, per_unit: int = 4, seconds: float = 30.0) -> Iterator[Figure | str]:
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
                what = f"{name}, seed {seed}, {units * per_unit} neurons"
                yield figure(f"{what}: tonicnet", "distance to the attractor, both ways", "sd", ours)
                for how, value in (("as rates", _closed(rate, learned, task, seconds)), ("by the best lambda", best)):
                    yield figure(f"{what}: {curve.name}, {how}", "distance to the attractor, both ways", "sd", value)


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


def nengo(seeds: range, neurons: int = 5000) -> Iterator[Figure | str]:
    """Nengo's Lorenz with as many neurons, the same filter and speed, by the same measures."""
    if find_spec("nengo") is None:
        yield "nengo is not installed: row left out (pip install nengo)"
        return
    rows = []
    for seed in seeds:
        x = nengo_flow.LORENZ.run(neurons, TURNS / LYAPUNOV, LORENZ.initial(1, seed=seed), DT, seed)
        truth = LORENZ.trajectory(5.0, DT, trials=8, seed=77 + seed)["output"].values
        made = nengo_flow.LORENZ.run(neurons, 5.0, truth[:, 0], DT, seed)
        valid = LYAPUNOV * float(np.median(valid_time_of(truth, made, DT)))
        rows.append((_divergence(x[0]), valid, _gone(x)))
        yield f"seed {seed}: {told(rows[-1])}"
    names = {"D_stsp": "nat", "valid time": "Lyapunov times", "lost or stuck": "runs"}
    yield from columns(f"Nengo's Lorenz, {neurons} neurons", names, rows)


ROWS: dict[str, Callable[[range], Iterator[Figure | str]]] = {
    "lorenz": lorenz, "slow": slow, "few": few, "fewest": fewest, "long": long, "cycles": cycles, "small": small,
    "bank": bank, "prediction": prediction, "transfer": transfer, "nengo": nengo,
}  # fmt: skip


if __name__ == "__main__":
    measured_over("fidelity", ROWS)
