"""Measure what the README claims, each row from this run, on this machine: `make bench`.

Rows can be chosen: `python benchmarks/main_job.py lorenz cycles`. Absolute times drift from machine to machine.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable, Iterator

import numpy as np
import xarray as xr
from rows import Row, spread, table

import tonicnet as tn

CYCLES = ("van-der-pol", "hopf", "fitzhugh-nagumo", "figure-eight", "cosine")
LYAPUNOV = 0.906  # largest exponent of Lorenz, per task-time unit


def shipped() -> tuple[tn.Network, xr.Dataset]:
    """Return the shipped network and its bank."""
    from tonicnet._share import shelf

    return tn.load_network("atlas-1000"), tn.load(shelf("models") / "atlas-1000" / "bank.nc")


def imports() -> Iterator[Row]:
    """Time of `import tonicnet` in a fresh interpreter."""
    code = (
        "import sys, time; t = time.perf_counter(); import tonicnet; print(time.perf_counter() - t); "
        "assert not {'brian2', 'matplotlib'} & set(sys.modules)"
    )
    command = [sys.executable, "-c", code]
    times = [float(subprocess.run(command, check=True, capture_output=True, text=True).stdout) for _ in range(5)]
    yield "import tonicnet in a fresh interpreter, median of 5", f"{np.median(times):.2f} s, no brian2, no matplotlib"


def lorenz(seeds: int = 3, turns: float = 1000.0) -> Iterator[Row]:
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
    yield f"Lorenz fit, median (range) of {seeds} networks", spread(seconds, "s")
    yield "Lorenz valid time, Lyapunov times, median over 50 starts", spread(valid)
    yield (
        "Lorenz D_stsp, T = 1e5 (10 runs of 1e4), dt 0.01",
        f"{spread([d for d, _ in divergence])}; floor {divergence[0][1]:.3f}",
    )
    yield from lost(*first, task, turns)


def lost(net: tn.Network, bank: xr.Dataset, task: tn.Task, turns: float) -> Iterator[Row]:
    """Starts that end stuck or off the attractor."""
    speed = bank["speed"].item()
    run = tn.simulate(
        net, bank, duration=turns / LYAPUNOV / speed, dt=0.01 / speed, initial=task.initial(50, seed=5), every=5,
        dtype="float32",
    )  # fmt: skip
    truth = task.trajectory(2000.0, 0.05, trials=2)
    yield f"Lorenz starts lost of 50 over {turns:g} Lyapunov times", f"{int(tn.measure.lost(run, truth)['lost'].sum())}"


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


def cycles() -> Iterator[Row]:
    """Cycles of the shipped bank over 100 periods."""
    net, bank = shipped()
    for name in CYCLES:
        task = tn.task(name)
        period, speed = task.truth["period"], bank["speed"].sel(task=name).item()
        run = tn.simulate(net, bank, task=name, duration=101 * period / speed)
        truth = task.trajectory(20 * period, run["task_time"].values[1])
        made = tn.measure.limit_cycle(run, truth)
        amplitude = np.abs(made["amplitude_error"]).max().item()
        yield (
            f"{name}, 100 periods: period error / amplitude error",
            f"{100 * made['period_error'].item():+.3f} % / {100 * amplitude:.2f} %",
        )


def spiking(seconds: float = 60.0, neurons_per_unit: int = 5) -> Iterator[Row]:
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
        label = f"spiking {name}, {neurons_per_unit} neurons per unit, {seconds:g} s"
        if name == "lorenz":
            yield from _spiking_lorenz(label, held, made, truth)
        else:
            period, size = held["period_error"].values.ravel()[1], held["amplitude_error"].values.ravel()[1]
            distance = held["orbit_distance"].values.ravel()[1]
            yield (
                f"{label}: period / amplitude error / orbit distance",
                f"{100 * period:+.2f} % / {100 * size:+.2f} % / {distance:.3f} sd ({took:.0f} s of computing)",
            )


def _spiking_lorenz(label: str, held: xr.Dataset, made: xr.Dataset, truth: xr.Dataset) -> Iterator[Row]:
    d = held["state_space_divergence"].values.ravel()
    floor = held["state_space_divergence_floor"].values.ravel()[0]
    t = int(held["samples"].values.ravel()[1])
    yield f"{label}: D_stsp spiking / rate / floor at T = {t}", f"{d[1]:.2f} / {d[0]:.2f} / {floor:.2f}"
    lost = int(tn.measure.lost(made, truth)["lost"].sum())
    right = float((made["output"].values[0, :, 0] > 0).mean())
    yield f"{label}: lost or stuck / share of time in the right wing", f"{lost} of 1 / {right:.2f}"


def switches() -> Iterator[Row]:
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
        text = ", ".join(f"{name} {s:.2f} s" for (name, _), s in zip(schedule, seconds, strict=True))
        yield f"{kind}: time to settle on the attractor after each switch", text


def demo() -> Iterator[Row]:
    """The whole demo as a user runs it, twice: the first may compile."""
    import tempfile

    for label in ("first", "second"):
        with tempfile.TemporaryDirectory() as folder:
            began = time.perf_counter()
            subprocess.run(
                [sys.executable, "-m", "tonicnet.cli", "demo", folder], check=True, stdout=subprocess.DEVNULL
            )
            yield f"tonicnet demo, whole process, {label} run", f"{time.perf_counter() - began:.0f} s"


ROWS: dict[str, Callable[[], Iterator[Row]]] = {
    "imports": imports, "lorenz": lorenz, "cycles": cycles, "spiking": spiking, "switches": switches, "demo": demo,
}  # fmt: skip


if __name__ == "__main__":
    table(ROWS)
