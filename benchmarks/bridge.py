"""Measure the spiking bridge on this machine: `python benchmarks/bridge.py identical speed dense`.

Times are CPU seconds. They exclude compiling (a first short run compiles), and include building the network, reading
the weights and collecting the spikes. They drift from machine to machine.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import pairwise

import numpy as np
import xarray as xr
from records import Figure, figure
from rows import measured
from scipy.ndimage import gaussian_filter1d
from scipy.signal import find_peaks

import tonicnet as tn
from tonicnet.measure import limit_cycle_of, state_space_divergence_of

FORMS = ("threshold", "current", "leak")
WAYS = {
    "numpy": {"codegen": "numpy"},
    "Cython": {"codegen": "cython"},
    "C++, K shared latents": {"codegen": "standalone"},
    "C++, N x N rows": {"codegen": "standalone", "propagation": "matrix"},
}


def bank_of(net: tn.Network, mean: float, sd: float, tasks: int = 3) -> xr.Dataset:
    """Return a bank of random biases: what a fit would leave, without the fit."""
    rng = np.random.Generator(np.random.Philox(1))
    k, names = net.components, [f"task-{n}" for n in range(tasks)]
    return xr.Dataset(
        {
            "bias": (("task", "unit"), rng.normal(mean, sd, (tasks, net.units))),
            "center": (("task", "component"), np.zeros((tasks, k))),
            "scale": (("task", "component"), np.ones((tasks, k))),
            "speed": (("task",), np.ones(tasks)),
            "dimension": (("task",), np.full(tasks, k)),
            "start": (("task", "trial", "component"), rng.normal(0, 1, (tasks, 4, k))),
        },
        coords={"task": names},
        attrs={"network_sha256": net.sha256},
    )


def identical(units: int = 1000, seconds: float = 10.0) -> Iterator[Figure]:
    """Spikes of three forms in four ways, through a schedule of three tasks, with and without noise."""
    spikes, differing = 0, 0
    for noise in (0.0, 0.3):
        net = tn.Network(units, seed=0, transfer=tn.LIF(noise=noise))
        bank = bank_of(net, 0.7, 0.5)
        schedule = [("task-0", 0.4 * seconds), ("task-1", 0.3 * seconds), ("task-2", 0.3 * seconds)]
        runs = [
            tn.spiking.simulate(net, bank, schedule=schedule, form=form, **way)
            for way in WAYS.values()
            for form in FORMS
        ]
        spikes += runs[0].sizes["spike"]
        differing += sum(len(np.setxor1d(_events(a), _events(b))) for a, b in pairwise(runs))
    what = f"three forms x four ways, N = {units}, {seconds:g} s, with and without noise"
    yield figure(what, "spikes", "spikes", spikes)
    yield figure(what, "spikes that differ", "spikes", differing)


def _events(run: xr.Dataset) -> np.ndarray:
    steps = np.rint(run["spike_time"].values / 0.0002).astype(np.int64)
    return steps * 2**20 + run["spike_neuron"].values


def speed(units: int = 3000, seconds: float = 10.0) -> Iterator[Figure]:
    """Low-rank network, 3000 neurons: seconds of biology in a CPU second, after compiling."""
    net = tn.Network(units, seed=0)
    bank = bank_of(net, 0.5, 0.6)
    for name in ("Cython", "C++, K shared latents"):
        run, took, _ = _timed(net, bank, seconds, **WAYS[name])
        rate = run.sizes["spike"] / units / seconds
        what = f"low-rank, {units} neurons, dt 0.2 ms, {name}"
        yield figure(what, "seconds of biology in a CPU second", "1", seconds / took)
        yield figure(what, "mean rate", "Hz", rate)


def dense(units: int = 10_000, seconds: float = 10.0, peer_seconds: float = 1.0) -> Iterator[Figure]:
    """Dense network in C++ against plain Brian2 `Synapses` in C++ (a shorter run, scaled)."""
    net = tn.Network(units, seed=0, synapses="dense", feedback=False)
    bank = bank_of(net, 0.55, 0.2)
    run, took, ready = _timed(net, bank, seconds, codegen="standalone")
    rate = run.sizes["spike"] / units / seconds
    what = f"dense, N = {units}, {seconds:g} s, C++ rows"
    yield figure(what, "mean rate", "Hz", rate)
    yield figure(what, "time of the whole call", "CPU s", took)
    yield figure(what, "time without set-up", "CPU s", took - ready)
    peer = subprocess.run(
        [sys.executable, __file__, "--peer", str(units), str(peer_seconds)], check=True, capture_output=True, text=True
    )
    took, rate = map(float, peer.stdout.split())
    what = f"dense, N = {units}, plain Brian2 Synapses in C++ ({peer_seconds:g} s, scaled to {seconds:g} s)"
    yield figure(what, "mean rate", "Hz", rate)
    yield figure(what, "time without set-up", "CPU s", took * seconds / peer_seconds)


def _timed(net: tn.Network, bank: xr.Dataset, seconds: float, **way: str) -> tuple[xr.Dataset, float, float]:
    """Return a run, and the CPU time of its call and of one of nearly no duration, both after compiling.

    Child processes are counted: a C++ program is one.
    """
    times = []
    for duration in (0.02, 0.02, seconds):
        began = sum(os.times()[:4])
        run = tn.spiking.simulate(net, bank, task="task-0", duration=duration, **way)
        times.append(sum(os.times()[:4]) - began)
    return run, times[2], times[1]


def peer(units: int, seconds: float) -> None:
    """Run the same dense network as plain Brian2 would: N x N Synapses in C++ standalone; print time and rate."""
    import tempfile

    import brian2 as b2
    from brian2 import ms, second

    net = tn.Network(units, seed=0, synapses="dense", feedback=False)
    bias = bank_of(net, 0.55, 0.2)["bias"].values[0]
    b2.set_device("cpp_standalone", directory=tempfile.mkdtemp(), build_on_run=False)
    b2.defaultclock.dt = 0.2 * ms
    neurons = b2.NeuronGroup(
        units,
        "dv/dt = (b + I - v) / (10*ms) + 0.3 * sqrt(2 / (10*ms)) * xi : 1 (unless refractory)\n"
        "dI/dt = -I / (100*ms) : 1\nb : 1",
        threshold="v > 1", reset="v = 0", refractory=2 * ms, method="euler",
    )  # fmt: skip
    neurons.b = bias
    neurons.v = "rand()"
    synapses = b2.Synapses(neurons, neurons, "w : 1", on_pre="I_post += w")
    synapses.connect()
    synapses.w = (np.asarray(net.recurrent, dtype=np.float64) * 0.1).T.flatten()
    spikes = b2.SpikeMonitor(neurons)
    b2.run(0.01 * second)  # sets the synapses up
    clock = "static_cast<double>(std::clock()) / CLOCKS_PER_SEC"
    b2.device.headers.append("<ctime>")
    b2.device.insert_code("main", f"const double began = {clock};")
    b2.run(seconds * second)
    b2.device.insert_code("main", f'std::ofstream("results/took") << {clock} - began;')
    b2.device.build(run=True, with_output=False)
    with open(f"{b2.device.project_dir}/results/took") as file:
        print(float(file.read()), spikes.num_spikes / units / (seconds + 0.01))


def filter(units: int = 500, m: int = 4, seeds: int = 1) -> Iterator[Figure]:
    """Synapses with rise 5 ms and delay 2 ms: what learning them corrects, held against learning as if they were none.

    The twins have the same synapses. One was learned as if there were tau alone; one as if there were one exponential
    of the same mean lag, tau + rise + delay.
    """
    for tau in (0.1, 0.025):
        for task in ("hopf", "van-der-pol"):
            found = [_cycle_errors(units, m, tau, task, seed) for seed in range(seeds)]
            for name, errors in zip(TARGETS, np.moveaxis(np.array(found), 0, 2), strict=True):
                what = f"rise 5 ms, delay 2 ms: {task}, tau {1000 * tau:g} ms, N = {units} x {m}, {name}"
                for run, row in zip(("rates", "spikes"), errors, strict=True):
                    yield figure(what, f"period error of {run}", "%", 100 * row)
    yield from _lorenz(2 * units, m)


TARGETS = ("corrected", "as tau alone", "as one exponential of the same lag")
SLOW = {"rise": 0.005, "delay": 0.002}


def _learned(units: int, tau: float, task: str, seed: int) -> Iterator[tuple[tn.Network, xr.Dataset]]:
    """Yield the network with rise and delay, with biases learned for it and for its twins without."""
    given = {"units": units, "seed": seed, "transfer": tn.LIF(noise=0.2)}
    net = tn.Network(tau=tau, **given, **SLOW)
    for other in (net, tn.Network(tau=tau, **given), tn.Network(tau=net.filter.lag, **given)):
        bank = tn.fit(other, task, progress=False)
        yield net, bank.assign_attrs(network_sha256=net.sha256)


def _cycle_errors(units: int, m: int, tau: float, task: str, seed: int) -> np.ndarray:
    """Return the relative errors of the period of each bank, (target, run)."""
    made = []
    for net, bank in _learned(units, tau, task, seed):
        length = 30 * _period(tn.task(task).trajectory(200, 0.02)) / float(bank["speed"][0])
        runs = (
            tn.simulate(net, bank, duration=length),
            tn.spiking.simulate(net, bank, duration=length, neurons_per_unit=m, codegen="standalone", seed=seed),
        )
        true = _period(tn.task(task).trajectory(200, 0.02))
        made.append([_period(run) / true - 1 for run in runs])
    return np.array(made)


def _period(run: xr.Dataset) -> float:
    late = run.isel(time=slice(run.sizes["time"] // 5, None), trial=0)
    clock = late["task_time"] if "task_time" in late else late["time"]
    return limit_cycle_of(late["output"].values[:, :2], float(clock[1] - clock[0])).period


def _lorenz(units: int, m: int) -> Iterator[Figure]:
    """Yield D_stsp and its floor, and the mean time between maxima of z against the true one."""
    for (net, bank), name in zip(_learned(units, 0.1, "lorenz", 0), TARGETS, strict=True):
        runs = [
            tn.simulate(net, bank, duration=250.0, seed=1),
            tn.spiking.simulate(net, bank, duration=250.0, neurons_per_unit=m, codegen="standalone", seed=1),
        ]
        clock = runs[0]["task_time"].values
        true = tn.task("lorenz").trajectory(float(clock[-1]), float(clock[1]), seed=5)["output"].values[0]
        other = tn.task("lorenz").trajectory(float(clock[-1]), float(clock[1]), seed=6)["output"].values[0]
        what = f"rise 5 ms, delay 2 ms: Lorenz, tau 100 ms, N = {units} x {m}, 250 s, {name}"
        yield figure(what, "floor of D_stsp", "nat", state_space_divergence_of(true, other))
        for kind, run in zip(("rates", "spikes"), runs, strict=True):
            x = run["output"].values[0]
            pace = _turns(true) / _turns(x) * (len(x) / len(true)) - 1
            yield figure(what, f"error of the time of a turn of {kind}", "%", 100 * pace)
            yield figure(what, f"D_stsp of {kind}", "nat", state_space_divergence_of(true, x))


def _turns(x: np.ndarray) -> int:
    """Return how many maxima z has, those of noise left out."""
    z = gaussian_filter1d(x[:, 2], 2.0)
    return len(find_peaks(z, prominence=0.3 * z.std())[0])


def answers(units: int = 200, m: int = 20) -> Iterator[Figure]:
    """What neurons do beside their f-I curve: the period of Hopf over 60 s, predicted, in spikes, and recalibrated."""
    true = _period(tn.task("hopf").trajectory(200, 0.02))
    for noise in (0.1, 0.2, 0.3):
        net = tn.Network(units, seed=0, components=2, transfer=tn.LIF(noise=noise))
        learned = tn.fit(net, "hopf", progress=False)
        options = {"duration": 60.0, "neurons_per_unit": m, "dt": 0.002}
        banks = {"as learned": learned, "recalibrated": tn.spiking.recalibrate(net, learned, neurons_per_unit=m)}
        for name, bank in banks.items():
            predicted = tn.spiking.surrogate(net, bank, **options)
            spikes = tn.spiking.simulate(net, bank, codegen="standalone", **options)
            for kind, run in (("predicted", predicted), ("in spikes", spikes)):
                what = f"Hopf, N = {units} x {m}, noise {noise:g}, {name}"
                yield figure(what, f"period error {kind}", "%", 100 * (_period(run) / true - 1))


ROWS: dict[str, Callable[[], Iterator[Figure]]] = {
    "identical": identical,
    "speed": speed,
    "dense": dense,
    "filter": filter,
    "answers": answers,
}


if __name__ == "__main__":
    if sys.argv[1:2] == ["--peer"]:
        peer(int(sys.argv[2]), float(sys.argv[3]))
    else:
        measured("bridge", ROWS)
