"""Measure the main job on this machine, into results/main_job.json: `make bench`.

Rows can be chosen: `python benchmarks/main_job.py lorenz cycles`. Absolute times drift from machine to machine.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import numpy as np
import xarray as xr
from records import Figure, figure
from rows import measured

import tonicnet as tn

CYCLES = ("van-der-pol", "hopf", "fitzhugh-nagumo", "figure-eight", "cosine")
LYAPUNOV = 0.906  # largest exponent of Lorenz, per task-time unit


def shipped() -> tuple[tn.Network, xr.Dataset]:
    """Return the shipped network and its bank."""
    from tonicnet._share import shelf

    return tn.load_network("atlas-1000"), tn.load(shelf("models") / "atlas-1000" / "bank.nc")


def imports() -> Iterator[Figure]:
    """Time of `import tonicnet` in a fresh interpreter."""
    code = (
        "import sys, time; t = time.perf_counter(); import tonicnet; print(time.perf_counter() - t); "
        "assert not {'brian2', 'matplotlib'} & set(sys.modules)"
    )
    command = [sys.executable, "-c", code]
    times = [float(subprocess.run(command, check=True, capture_output=True, text=True).stdout) for _ in range(5)]
    yield figure("import tonicnet, fresh interpreter, without brian2 and matplotlib", "time", "s", times)


def lorenz(seeds: int = 3, turns: float = 1000.0) -> Iterator[Figure]:
    """Lorenz at N = 1000: fits of several networks; the first one for 1000 Lyapunov times from 50 starts."""
    task = tn.task("lorenz")
    seconds, valid, divergence = [], [], []
    for seed in range(seeds):
        net = tn.Network(units=1000, seed=seed)
        began = time.perf_counter()
        bank = tn.fit(net, task, progress=False)
        seconds.append(time.perf_counter() - began)
        valid.append(_valid(net, bank, task))
        divergence.append(_divergence(net, bank, task))
        if seed == 0:
            first = net, bank
    what = "Lorenz from its field, N = 1000"
    yield figure(what, "fit", "s", seconds)
    yield figure(what, "valid time, median of 50 starts", "Lyapunov times", valid)
    yield figure(what, "D_stsp, T = 1e5", "nat", [d for d, _ in divergence])
    yield figure(what, "floor of D_stsp, T = 1e5", "nat", divergence[0][1])
    yield from lost(*first, task, turns)


def lost(net: tn.Network, bank: xr.Dataset, task: tn.Task, turns: float) -> Iterator[Figure]:
    """Starts that end stuck or off the attractor."""
    speed = bank["speed"].item()
    run = tn.simulate(
        net, bank, duration=turns / LYAPUNOV / speed, dt=0.01 / speed, initial=task.initial(50, seed=5), every=5,
        dtype="float32",
    )  # fmt: skip
    truth = task.trajectory(2000.0, 0.05, trials=2)
    gone = int(tn.measure.lost(run, truth)["lost"].sum())
    yield figure("Lorenz from its field, N = 1000", f"lost of 50 starts over {turns:g} Lyapunov times", "starts", gone)


def _valid(net: tn.Network, bank: xr.Dataset, task: tn.Task) -> float:
    speed = bank["speed"].item()
    truth = task.trajectory(15.0, 0.01, trials=50, seed=77)
    run = tn.simulate(
        net, bank, duration=15.0 / speed, dt=0.01 / speed, initial=truth["output"].values[:, 0]
    )  # fmt: skip
    return float(np.median(tn.measure.valid_time(run, truth, lyapunov=LYAPUNOV)["valid_time_lyapunov"]))


def _divergence(net: tn.Network, bank: xr.Dataset, task: tn.Task) -> tuple[float, float]:
    speed = bank["speed"].item()
    truth, other = (task.trajectory(100.0, 0.01, trials=10, seed=seed) for seed in (1, 2))
    starts = task.initial(10, seed=3)
    run = tn.simulate(net, bank, duration=100.0 / speed, dt=0.01 / speed, initial=starts)
    pooled = [ds["output"].values.reshape(-1, 3) for ds in (truth, run, other)]
    of = tn.measure.state_space_divergence_of
    return of(pooled[0], pooled[1]), of(pooled[0], pooled[2])


def cycles() -> Iterator[Figure]:
    """Cycles of the shipped bank over 100 periods."""
    net, bank = shipped()
    for name in CYCLES:
        task = tn.task(name)
        period, speed = task.truth["period"], bank["speed"].sel(task=name).item()
        run = tn.simulate(net, bank, task=name, duration=101 * period / speed)
        truth = task.trajectory(20 * period, run["task_time"].values[1])
        made = tn.measure.limit_cycle(run, truth)
        amplitude = np.abs(made["amplitude_error"]).max().item()
        yield figure(f"{name}, rates, 100 periods", "period error", "%", 100 * made["period_error"].item())
        yield figure(f"{name}, rates, 100 periods", "amplitude error", "%", 100 * amplitude)


def spiking(seconds: float = 60.0, neurons_per_unit: int = 5) -> Iterator[Figure]:
    """Spiking cycles and Lorenz of the shipped bank."""
    net, bank = shipped()
    for name in (*CYCLES, "lorenz"):
        task = tn.task(name)
        began = time.perf_counter()
        made = tn.spiking.simulate(net, bank, task=name, duration=seconds, neurons_per_unit=neurons_per_unit)
        took = time.perf_counter() - began
        rate = tn.simulate(net, bank, task=name, duration=seconds)
        dt, length = made["task_time"].values[1], made["task_time"].values[-1]
        truth = task.trajectory(length * (20 if task.kind == "chaos" else 1), dt)
        held = tn.compare(rate, made, truth={name: truth})
        label = f"{name}, spikes, {neurons_per_unit} neurons a unit, {seconds:g} s"
        yield figure(label, "time", "s", took)
        if name == "lorenz":
            yield from _spiking_lorenz(label, held, made, truth)
        else:
            period, size = held["period_error"].values.ravel()[1], held["amplitude_error"].values.ravel()[1]
            distance = held["orbit_distance"].values.ravel()[1]
            yield figure(label, "period error", "%", 100 * period)
            yield figure(label, "amplitude error", "%", 100 * size)
            yield figure(label, "orbit distance", "sd", distance)


def _spiking_lorenz(label: str, held: xr.Dataset, made: xr.Dataset, truth: xr.Dataset) -> Iterator[Figure]:
    d = held["state_space_divergence"].values.ravel()
    floor = held["state_space_divergence_floor"].values.ravel()[0]
    t = int(held["samples"].values.ravel()[1])
    yield figure(label, f"D_stsp, T = {t}", "nat", d[1])
    yield figure(label, f"D_stsp of the rate network, T = {t}", "nat", d[0])
    yield figure(label, f"floor of D_stsp, T = {t}", "nat", floor)
    lost = int(tn.measure.lost(made, truth)["lost"].sum())
    right = float((made["output"].values[0, :, 0] > 0).mean())
    yield figure(label, "lost of one start", "starts", lost)
    yield figure(label, "share of time in the right wing", "1", right)


def switches() -> Iterator[Figure]:
    """Time to settle after each switch, rate and spiking."""
    net, bank = shipped()
    schedule = [("lorenz", 10.0), ("van-der-pol", 20.0), ("two-well", 10.0), ("hopf", 20.0), ("lorenz", 10.0)]
    names = {name for name, _ in schedule}
    truths = {
        n: tn.task(n).trajectory(60 * tn.task(n).time_scale, tn.task(n).dt * 5, trials=40 if n == "two-well" else 8)
        for n in names
    }
    runs = {
        "rate": tn.simulate(net, bank, schedule=schedule),
        "spiking": tn.spiking.simulate(net, bank, schedule=schedule, neurons_per_unit=5),
    }
    for kind, run in runs.items():
        made = tn.measure.settling_time(run, truths, threshold=0.15 if kind == "rate" else 0.4)
        seconds = made["settling_seconds"].values.ravel()
        for number, ((name, _), settled) in enumerate(zip(schedule, seconds, strict=True), 1):
            yield figure(
                {"run": kind, "segment": number, "task": name}, "time to settle after the switch", "s", settled
            )


def demo() -> Iterator[Figure]:
    """The whole demo as a user runs it, twice: the first may compile."""
    import tempfile

    for label in ("first", "second"):
        with tempfile.TemporaryDirectory() as folder:
            began = time.perf_counter()
            subprocess.run(
                [sys.executable, "-m", "tonicnet.cli", "demo", folder], check=True, stdout=subprocess.DEVNULL
            )
            yield figure(f"tonicnet demo, whole process, {label} run", "time", "s", time.perf_counter() - began)


ROWS: dict[str, Callable[[], Iterator[Figure]]] = {
    "imports": imports, "lorenz": lorenz, "cycles": cycles, "spiking": spiking, "switches": switches, "demo": demo,
}  # fmt: skip


if __name__ == "__main__":
    measured("main_job", ROWS)
