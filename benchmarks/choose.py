"""Which network for which task: the figures behind docs/how-to/choose.md. `python benchmarks/choose.py [rows]`.

`python benchmarks/choose.py size task=lorenz transfer=tanh units=100 units=400` measures some networks of a row.

Each fit is a process of its own, on one thread, so that CPU seconds and peak memory are those of one call.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from itertools import product

from records import ROOT, Figure, columns
from rows import measured, wanted

SEEDS = 3
PAIRS = (
    ("hopf", "lif"),
    ("hopf", "tanh"),
    ("van-der-pol", "lif"),
    ("two-well", "lif"),
    ("lorenz", "lif"),
    ("lorenz", "tanh"),
)
_MEASURES = {
    "learning": "CPU s", "memory above imports": "MiB", "valid time": "task time", "D_stsp": "nat",
    "floor of D_stsp": "nat", "samples of D_stsp": "1", "period error": "%", "amplitude error": "%",
    "distance to attractor": "sd", "starts lost": "1",
}  # fmt: skip
_CODE = """
import json, resource, sys, time, warnings
warnings.simplefilter("ignore")
import numpy as np, torch
torch.set_num_threads(1)
import tonicnet as tn
for name in dir(tn): getattr(tn, name)
seed = int(sys.argv[1])
{prepare}
before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
bank = tn.fit(net, task, progress=False{options})
spent = time.process_time() - began
memory = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024
def held(name, scale=1.0): return scale * abs(float(bank[name].values[0])) if name in bank else float("nan")
row = [spent, memory, held("valid_time"), held("divergence"), held("divergence_floor"),
       held("divergence_samples"), held("period_error", 100), held("amplitude_error", 100),
       held("attractor_distance"), held("lost")]
{after}
print(json.dumps(row))
"""


def size() -> Iterator[Figure]:
    """Low-rank networks of growing size; two tasks with both common transfer functions."""
    for (task, transfer), units in product(PAIRS, (50, 100, 200, 400, 1000)):
        network = f"net = tn.Network(units={units}, seed=seed, transfer={transfer!r}); task = {task!r}"
        yield from _fits({"task": task, "transfer": transfer, "units": units}, network)


def gain() -> Iterator[Figure]:
    """Random synapses without feedback must keep a rhythm by themselves: a cosine of 25 steps, N = 200."""
    prepare = (
        "x = np.cos(2 * np.pi * np.arange(401) / 25)[:, None]\n"
        "task = tn.Task.from_array(x[:201], dt=0.01, name='cosine')\n"
        "net = tn.Network(units=200, seed=seed, components=1, synapses='dense', feedback=False, gain={gain}, "
        "transfer='tanh', tau=0.01, dt=0.01, decoder_scale=1.0)"
    )
    after = (
        "y = tn.simulate(net, bank, duration=4.0, initial=x[0])['output'].values[0]\n"
        "row = [spent, *(1 - float(((y[s] - x[s]) ** 2).sum() / x[s].var() / len(x[s])) "
        "for s in (slice(0, 201), slice(201, 401)))]"
    )
    names = {"learning": "CPU s", "R2 of what was learned": "1", "R2 of the 200 steps after": "1"}
    for value in (0.5, 0.9, 1.2, 1.5, 2.0):
        yield from _fits({"gain": value}, prepare.format(gain=value), after=after, names=names)


def synapses() -> Iterator[Figure]:
    """Low-rank, sparse and dense synapses of 200 tanh units on one cycle and one chaotic attractor."""
    kinds = {
        "low-rank": "", "low-rank, Dale": ", dale=True", "dense with feedback": ", synapses='dense', dt=0.05, gain=1.2",
        "sparse with feedback": ", synapses='sparse', dt=0.05, gain=1.2",
    }  # fmt: skip
    for task, (kind, options) in product(("hopf", "lorenz"), kinds.items()):
        network = f"net = tn.Network(units=200, seed=seed, transfer='tanh'{options}); task = {task!r}"
        yield from _fits({"task": task, "synapses": kind}, network, options=", rounds=2, restarts=0")


def spikes() -> Iterator[Figure]:
    """How many neurons, and how they are best divided into units: a cycle in spikes, learned for spikes."""
    prepare = "net = tn.Network(units={units}, seed=seed, components=2, transfer=tn.LIF(noise=0.2))\ntask = 'hopf'"
    after = (
        "run = tn.spiking.simulate(net, bank, duration=30.0, neurons_per_unit={m}, seed=seed)\n"
        "truth = tn.task('hopf').trajectory(run['task_time'].values[-1], run['task_time'].values[1])\n"
        "cycle = tn.measure.limit_cycle(run, truth)\n"
        "noise = tn.spiking.predict(net, bank, neurons_per_unit={m})['decoded_noise'].values.mean()\n"
        "row = [spent, float(noise), 100 * abs(float(cycle['period_error'].values.ravel()[0])), "
        "100 * float(np.abs(cycle['amplitude_error']).max())]"
    )
    names = {
        "learning": "CPU s",
        "predicted noise of the output": "task units",
        "period error": "%",
        "amplitude error": "%",
    }
    for neurons, m in product((400, 1000), (1, 2, 5)):
        code = prepare.format(units=neurons // m)
        where = {"neurons": neurons, "neurons a unit": m}
        yield from _fits(where, code, options=f", rounds=2, neurons_per_unit={m}", after=after.format(m=m), names=names)


def _fits(
    where: dict[str, str | int | float],
    prepare: str,
    options: str = "",
    after: str = "",
    names: dict[str, str] = _MEASURES,
) -> list[Figure]:
    if not wanted(where):
        return []
    code = _CODE.format(prepare=prepare, options=options, after=after)
    made = columns(where, names, [_run(code, seed) for seed in range(SEEDS)])
    return [figure for figure in made if any(v == v for v in figure.values)]


def _run(code: str, seed: int) -> list[float]:
    environment = os.environ | {"PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    done = subprocess.run(
        [sys.executable, "-c", code, str(seed)], capture_output=True, text=True, check=True, env=environment, cwd=ROOT
    )
    return json.loads(done.stdout.strip().splitlines()[-1])


ROWS: dict[str, Callable[[], Iterator[Figure]]] = {"size": size, "gain": gain, "synapses": synapses, "spikes": spikes}


if __name__ == "__main__":
    os.environ["OMP_NUM_THREADS"] = "1"
    measured("choose", ROWS)
