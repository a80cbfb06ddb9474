"""A GPU against the processor beside it, and against its own matrix rate: `python benchmarks/gpu.py [row ...]`.

"rate" multiplies large square matrices. "flow" takes Gauss-Newton steps on the field of Lorenz, N = 1000 ... 32,000;
"dense" on driven windows of dense networks, N = 512 ... 8192; each in float32 and with curvature in bfloat16.
"simulate" runs many trials at once. "fit" is the whole of `tn.fit`: truth, field, closed-loop rounds and scores.
Beside every time on the card stand how many times faster it is than the processor, where that was measured (not for the
largest networks), and what share of the card's matrix rate its products reach.

That all of learning and running stays on its device is tested with and without a card (tests/test_devices.py).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
import torch
from records import Figure, figure
from rows import measured

import tonicnet as tn
from tonicnet.circuit import circuit_of, of_bias
from tonicnet.learn import Settings
from tonicnet.learn._course import Draw, Problem
from tonicnet.learn._discrete_windows import DiscreteWindows
from tonicnet.learn._target import Target
from tonicnet.learn._training_states import field_residual
from tonicnet.learn._windows import Windows
from tonicnet.solve import GaussNewton, Residual

DEVICES = ("cpu", "cuda")
PRECISIONS = ("float32", "bfloat16")
FLOW, DENSE, TRIALS = (1000, 2000, 4000, 8000, 16_000, 32_000), (512, 1024, 2048, 4096, 8192), (1, 64, 1024)
FITTED: dict[str, tuple[str, Sequence[int], dict[str, int]]] = {
    "low-rank": ("lorenz", (1000, 4000, 16_000), {}), "dense": ("van-der-pol", (400,), {"steps": 10, "rounds": 1}),
}  # fmt: skip
CPU_MOST = {"flow": 8000, "dense": 2048}  # units above which the processor would take minutes a step
FIT_MOST = {"low-rank": 4000, "dense": 1000}  # and minutes a fit
REPEATS, MEMORY = 3, 64.0  # GiB that learning may take
WINDOWS, DRIVEN, SCORED = 96, 30, tuple(range(13, 31, 2))
NEEDS_CUDA = "gpu.py needs a CUDA device, and torch sees none here; run it where nvidia-smi lists a card"


class Timed(NamedTuple):
    """The least wall time of some calls, and the bytes of the card's memory at most."""

    seconds: float
    bytes: float


def timed(device: str, call: Callable[[], Any], repeats: int = REPEATS) -> Timed:
    """Time a call on a device, whose work is waited for; the first call is not counted."""
    call()
    times = []
    if device != "cpu":
        torch.cuda.reset_peak_memory_stats()
    for _ in range(repeats):
        _wait(device)
        began = time.perf_counter()
        call()
        _wait(device)
        times.append(time.perf_counter() - began)
    return Timed(min(times), float("nan") if device == "cpu" else torch.cuda.max_memory_allocated())


def _wait(device: str) -> None:
    if device != "cpu":
        torch.cuda.synchronize()


def rate(devices: Sequence[str] = DEVICES, size: int = 8192, repeats: int = REPEATS) -> Iterator[Figure]:
    """Yield the rates of square products."""
    for device in devices:
        for precision in PRECISIONS:
            where = {"what": f"product of square matrices, n = {size}", "device": device, "precision": precision}
            yield figure(where, "matrix rate", "TFLOP/s", matrix_rate(device, precision, size, repeats) / 1e12)


def matrix_rate(device: str, precision: str, size: int, repeats: int = REPEATS) -> float:
    """Return the operations a second of a square product."""
    a = torch.randn(size, size).to(device, getattr(torch, precision))
    return 2 * size**3 / timed(device, lambda: a @ a, repeats).seconds


def flow(
    devices: Sequence[str] = DEVICES, sizes: Sequence[int] = FLOW, square: int = 8192, repeats: int = REPEATS
) -> Iterator[Figure]:
    """Yield steps on the field of Lorenz: S N^2 operations to form the normal equations, N^3 / 3 to factor them."""
    yield from steps("flow", "field of Lorenz, low-rank", devices, sizes, square, repeats)


def flow_residual(units: int, precision: str, device: str) -> Any:
    """Return the residual of a field on a device."""
    net = tn.Network(units, seed=0, transfer="tanh")
    settings = Settings(precision=precision, memory=MEMORY, device=device)
    problem = Problem(Target(tn.task("lorenz"), net), circuit_of(net, torch.float32, device), settings)
    return field_residual(problem, problem.learnable(), Draw(0, 0)("flow"))


def flow_operations(states: int, units: int) -> float:
    """Return the operations of a step: the normal equations of so many states, and their factor."""
    return states * units**2 + units**3 / 3


def dense(
    devices: Sequence[str] = DEVICES, sizes: Sequence[int] = DENSE, square: int = 8192, repeats: int = REPEATS
) -> Iterator[Figure]:
    """Yield steps on driven windows of dense networks: a product with W for each row and step, and J'J."""
    yield from steps("dense", "driven windows of Lorenz, dense", devices, sizes, square, repeats)


def dense_operations(rows: int, units: int) -> float:
    """Return the operations of a step: rows swept back from where they are scored, J'J, and its factor."""
    swept = 2 * units**2 * (rows / len(SCORED)) * sum(SCORED)
    return swept + rows * units**2 + units**3 / 3


def dense_residual(units: int, precision: str, device: str) -> DiscreteWindows:
    """Return the residual of driven windows on a device."""
    net = tn.Network(
        units, seed=0, synapses="dense", gain=0.9, transfer="tanh", tau=0.04, dt=0.02, encoder_scale=1.0,
        decoder_scale=1.0,
    )  # fmt: skip
    task = tn.task("lorenz")
    run = task.trajectory(DRIVEN * 0.02, 0.02, trials=WINDOWS, seed=0)["output"].values
    circuit = circuit_of(net, torch.float32, device)
    path = circuit.tensor((run - task.center) / task.scale)
    made = Windows(path, driven=DRIVEN, scored=SCORED)
    curved = torch.bfloat16 if precision == "bfloat16" else None
    return DiscreteWindows(of_bias(circuit), made, circuit.tensor(np.zeros((WINDOWS, units))), 0.5, curved=curved)


def steps(
    row: str, what: str, devices: Sequence[str], sizes: Sequence[int], square: int, repeats: int
) -> Iterator[Figure]:
    """Yield the steps of a row's residuals, of every size in every precision."""
    build, operations = RESIDUALS[row]
    for precision in PRECISIONS:
        rates = _rates(devices, precision, square, repeats)
        for units in sizes:
            made = {d: build(units, precision, d) for d in _able(devices, units, row)}
            where = {"what": what, "N": units, "precision": precision}
            yield from compared(where, made, rates, repeats, partial(operations, units=units))


def compared(
    where: dict[str, Any],
    made: dict[str, Any],
    rates: dict[str, float],
    repeats: int,
    operations: Callable[[Any], float],
) -> Iterator[Figure]:
    """Yield the time of a step on each device, the ratio of both, and the share of the matrix rate."""
    times: dict[str, float] = {}
    for device, residual in made.items():
        found = timed(device, lambda r=residual: step(r), repeats)
        times[device], here = found.seconds, where | {"device": device}
        yield figure(here, "time of a step", "s", found.seconds)
        share = 100 * operations(residual) / found.seconds / rates[device]
        yield figure(here, "share of the matrix rate", "%", share)
        if device != "cpu":
            yield figure(here, "memory of the card", "GiB", found.bytes / 2**30)
    yield from _faster(where, times)


def step(residual: Residual) -> Any:
    """Take one Gauss-Newton step from the first biases."""
    method, theta = GaussNewton(), residual.learnable.first  # type: ignore[attr-defined]
    return method.step(residual, residual.at(theta), method.begin(theta))


def simulate(
    devices: Sequence[str] = DEVICES, trials: Sequence[int] = TRIALS, units: int = 1000, steps: int = 200,
    repeats: int = REPEATS,
) -> Iterator[Figure]:  # fmt: skip
    """Yield the times of runs of many trials, of low-rank and of dense synapses."""
    asked: dict[str, Any] = {"duration": steps * 0.01, "dt": 0.01, "dtype": "float32"}
    for synapses in ("low-rank", "dense"):
        net = tn.Network(units, seed=0, synapses=synapses, transfer="tanh")
        bias = np.linspace(-1.0, 1.0, units)
        for count in trials:
            start = np.random.default_rng(0).normal(size=(count, net.components))
            where = {"what": f"run of {steps} steps, {synapses}", "N": units, "trials": count, "precision": "float32"}
            times = {}
            for device in devices:
                run = partial(tn.simulate, net, bias, initial=start, device=device, **asked)
                times[device] = timed(device, run, repeats).seconds
                yield figure(where | {"device": device}, "time of a step", "ms", 1e3 * times[device] / steps)
            yield from _faster(where, times)


def fit(
    devices: Sequence[str] = DEVICES, fits: Mapping[str, tuple[str, Sequence[int], dict[str, int]]] = FITTED,
    seeds: Sequence[int] = range(3),
) -> Iterator[Figure]:  # fmt: skip
    """Yield the times of whole fits of some networks, and the errors of their fields."""
    for synapses, (task, sizes, asked) in fits.items():
        for units in sizes:
            where = {"what": f"fit of {task}, {synapses}", "N": units} | asked
            nets = [tn.Network(units, seed=seed, synapses=synapses, transfer="tanh") for seed in seeds]
            times = {}
            for device in devices if units <= FIT_MOST[synapses] else devices[1:]:
                tn.fit(nets[0], task, device=device, progress=False, steps=1, rounds=0, restarts=0)
                found = [_fitted(net, task, device, asked) for net in nets]
                times[device] = [seconds for seconds, _ in found]
                yield figure(where | {"device": device}, "time of a fit", "s", times[device])
                yield figure(where | {"device": device}, "field error", "1", [error for _, error in found])
            yield from _faster(where, {device: np.median(held) for device, held in times.items()})


def _fitted(net: tn.Network, task: str, device: str, asked: dict[str, int]) -> tuple[float, float]:
    began = time.perf_counter()
    bank = tn.fit(net, task, device=device, progress=False, **asked)
    return time.perf_counter() - began, float(bank["field_error"].item())


def _faster(where: dict[str, Any], times: dict[str, float]) -> Iterator[Figure]:
    if len(times) == 2:
        ours, card = times
        yield figure(where | {"device": card}, f"times faster than the {ours}", "x", times[ours] / times[card])


def _able(devices: Sequence[str], units: int, row: str) -> list[str]:
    return [device for device in devices if device != "cpu" or units <= CPU_MOST[row]]


def _rates(devices: Sequence[str], precision: str, size: int, repeats: int) -> dict[str, float]:
    return {device: matrix_rate(device, precision, size, repeats) for device in devices}


RESIDUALS: dict[str, tuple[Callable[..., Any], Callable[..., float]]] = {
    "flow": (flow_residual, lambda r, units: flow_operations(len(r.states), units)),
    "dense": (dense_residual, lambda r, units: dense_operations(r.rows, units)),
}  # fmt: skip
ROWS = {"rate": rate, "flow": flow, "dense": dense, "simulate": simulate, "fit": fit}


def main() -> None:
    """Measure, or say in one sentence why not."""
    if not torch.cuda.is_available():
        sys.exit(NEEDS_CUDA)
    measured("gpu", ROWS)


if __name__ == "__main__":
    main()
