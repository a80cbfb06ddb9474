"""A stand-alone Brian2 script of a spiking network: readable code, and its numbers beside it."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from pathlib import Path
from string import Template

import numpy as np
import scipy.sparse as sp
import xarray as xr

from .._files import atomic
from .._labels import package_version
from .._names import choose
from ..network import Entry, Network, Schedule, Segment, entry, plan
from ..simulate import starting_states
from . import _equations as eqs
from ._build import Bias, _starting_current, sampling_step
from ._model import Model

_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", re.ASCII)  # names that may stand in the script


def write_script(
    path: str | os.PathLike[str],
    net: Network,
    bank: Bias,
    *,
    schedule: Schedule | None = None,
    duration: float | None = None,
    task: str | None = None,
    form: str = "threshold",
    neurons_per_unit: int = 1,
    seed: int = 0,
) -> Path:
    """Write a Brian2 script that runs the network without tonicnet, spike for spike as :func:`simulate`.

        v_th_i = v_threshold - V b_i,   reset to v_th_i - V,   at a switch v_i += d_i with v_th_i += d_i

    Arguments
    ---------
    path : the script, ``<stem>.py``; its numbers go to ``<stem>.npz`` beside it (plain arrays, no pickle).
    net, bank, schedule, duration, task, form, neurons_per_unit, seed : as for :func:`simulate`, of which the
        script is one trial. It holds every task of the bank, so that its schedule can be edited.

    Run it with ``python <stem>.py``; ``--save`` writes ``<stem>_spikes.npz``, ``--codegen numpy`` does without
    a compiler. It needs numpy and brian2 only. Names and values of the bank reach the code as data or as
    checked numbers, never as text. Returns the path of the script. Raises ValueError as :func:`simulate` does
    and for a path that does not end in .py, FileNotFoundError for a missing folder.

    Source: Brian2, Stimberg, Brette and Goodman (2019), doi:10.7554/eLife.47314.

    >>> import tempfile
    >>> where = tempfile.mkdtemp() + "/run.py"
    >>> write_script(where, Network(units=20, seed=0), np.ones(20), duration=0.1).name
    'run.py'
    """
    choose("form", form, eqs.FORMS)
    script = _checked(path, seed)
    segments = plan(net, bank, duration=duration, schedule=schedule, task=task)
    model = Model(net, neurons_per_unit)
    step = sampling_step(model, None)
    labels = _labels(bank)
    moments = [(labels[s.entry.task], s.duration) for s in segments if s.steps(step)]
    start = starting_states(segments[0].entry, None, 1, np.random.Generator(np.random.Philox(seed)))[0, -1]
    arrays = _arrays(model, bank, labels, segments[0], start)
    with atomic(script.with_suffix(".npz")) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)
    with atomic(script) as temporary:
        temporary.write_text(_code(model, form, moments, step, seed), encoding="utf-8")
    return script


def _checked(path: str | os.PathLike[str], seed: int) -> Path:
    script = Path(path)
    if script.suffix != ".py":
        raise ValueError(f"the script's name ends in .py, got {script.name!r}; its data goes beside it as .npz")
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**32:
        raise ValueError(f"seed must be a whole number from 0 to 2**32 - 1, got {seed!r}")
    return script


def _labels(bank: Bias) -> dict[str, str]:
    """Return the name of each task in the script: its own where that is a plain word, else its number."""
    names = [str(n) for n in bank["task"].values] if isinstance(bank, xr.Dataset) else ["bias"]
    plain = all(_PLAIN.fullmatch(name) for name in names)
    return {name: name if plain else f"task-{k}" for k, name in enumerate(names)}


def _arrays(
    model: Model, bank: Bias, labels: Mapping[str, str], first: Segment, start: np.ndarray
) -> dict[str, np.ndarray]:
    tasks = [entry(bank, name) if isinstance(bank, xr.Dataset) else first.entry for name in labels]
    shared = {
        "task": np.array(list(labels.values())),
        **{name: np.stack([getattr(t, name) for t in tasks]) for name in ("bias", "center", "scale")},
        "encoder": model.net.encoder,
        "decoder": model.net.decoder,
        "start": start,
    }
    return shared | _synapses(model, first.entry, start)


def _synapses(model: Model, first: Entry, start: np.ndarray) -> dict[str, np.ndarray]:
    """Return what a network with random synapses needs: W by unit if dense, a list of synapses if sparse."""
    if model.net.low_rank:
        return {}
    begin = {"start_current": _starting_current(model, first, start)}
    w = model.recurrent
    if isinstance(w, sp.coo_array):
        return begin | {"pre": w.col.astype(np.int32), "post": w.row.astype(np.int32), "weight": w.data}
    return begin | {"recurrent": np.asarray(model.net.recurrent)}


def _code(model: Model, form: str, moments: list[tuple[str, float]], step: float, seed: int) -> str:
    """Return the script: the parts that this network has, around numbers written exactly."""
    values = _numbers(model, step, seed) | _words(model, form)
    values["schedule"] = "\n".join(f'    ("{name}", {float(seconds)!r}),' for name, seconds in moments)
    kind = model.net.spec.synapses
    feedback = _FEEDBACK if model.latent_input else ""
    parts = [_HEAD, _OBJECTS, feedback, _TONIC[form], _DECODER, _RECURRENT[kind], _SWITCH[form], _RUN]
    return Template("".join(parts)).substitute(values)


def _numbers(model: Model, step: float, seed: int) -> dict[str, str]:
    lif = model.lif
    held = {name: getattr(lif, name) for name in ("tau_m", "refractory", "noise", "dt", "rate_scale", "leak")}
    held |= {"threshold": lif.threshold, "reset": lif.reset, "tau_s": model.net.tau, "step": step}
    whole = {"seed": seed, "units": model.net.units, "components": model.net.components, "m": model.neurons_per_unit}
    return {n: repr(float(v)) for n, v in held.items()} | {n: repr(int(v)) for n, v in whole.items()}


def _words(model: Model, form: str) -> dict[str, str]:
    recurrent = not model.net.low_rank
    equations = eqs.neuron(
        form, model.net.components, noise=model.lif.noise > 0, latent=model.latent_input, recurrent=recurrent
    )
    shared = {"v_th": "v_threshold", "E_L": "v_reset"}
    shared.pop(eqs.FORMS[form], None)
    return {
        "version": re.sub(r"[^\w.+-]", "", package_version()),
        "sha256": model.net.sha256,
        "equations": equations,
        "threshold_text": eqs.THRESHOLD,
        "reset_text": eqs.RESET,
        "latent_text": eqs.LATENT,
        "on_latent": eqs.ON_LATENT,
        "on_recurrent": eqs.ON_RECURRENT,
        "shared": "".join(f', "{name}": {value}' for name, value in shared.items()),
        "objects": "latents, neurons, decoder, " + "recurrent, " * recurrent + "spikes, output",
        "synapses": _SYNAPSES[model.net.spec.synapses],
        "carries": _CARRIES[form],
    }


_SYNAPSES = {
    "low-rank": "The frozen synapses are low-rank, W = E D: spikes feed the latents z through D, and every neuron\n"
    "reads them back through E. No N x N matrix is ever made.",
    "dense": "The frozen synapses are dense and random (W); spikes also feed the latents z, the output, through D.",
    "sparse": "The frozen synapses are sparse and random (W); spikes also feed the latents z, the output, through D.",
}
_CARRIES = {
    "threshold": "as the threshold of each\nneuron (its reset keeps its distance)",
    "current": "as a constant\ncurrent into each neuron",
    "leak": "as the leak\nreversal potential of each neuron",
}

_HEAD = '''"""LIF neurons on one frozen network, the task set by what each neuron receives tonically.

$synapses
What was learned is one number b for each rate unit and task. It stands here $carries.
A switch of task changes nothing else.

    python THIS_FILE                    run the schedule below and print a summary
    python THIS_FILE --save             and write spikes and output beside it
    python THIS_FILE --codegen numpy    without a C++ compiler

Written by tonicnet $version for the network with SHA-256
$sha256. Needs numpy, brian2 and the .npz beside it.
"""

import argparse
from pathlib import Path

import brian2 as b2
import numpy as np
from brian2 import hertz, second, siemens, volt

# What to run: (task, seconds). Any task that is in the data may stand here, in any order.
SCHEDULE = [
$schedule
]
SEED = $seed  # of the noise and of the starting potentials
NEURONS_PER_UNIT = $m  # neurons for each rate unit; they share its synapses and differ in their noise

options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
options.add_argument("--save", action="store_true", help="write <this file>_spikes.npz")
options.add_argument("--codegen", choices=("auto", "cython", "numpy"), default="auto")
options = options.parse_args()

HERE = Path(__file__).resolve()
data = np.load(HERE.with_suffix(".npz"), allow_pickle=False)
tasks = [str(name) for name in data["task"]]
missing = [task for task, _ in SCHEDULE if task not in tasks]
if missing:
    raise SystemExit(f"the schedule names {', '.join(missing)}; the data has {', '.join(tasks)}")

# The neuron
tau_m = $tau_m * second  # membrane
v_reset = $reset * volt  # also the resting potential
v_threshold = $threshold * volt  # of a neuron without tonic input
V = v_threshold - v_reset  # one unit of input: the distance from reset to threshold
g_L = $leak * siemens
noise = $noise  # standard deviation of the free membrane potential, in units of V
refractory = $refractory * second
# The synapses
tau_s = $tau_s * second  # of the synapses: the time constant of the rate network
rate_scale = $rate_scale * hertz  # firing rate that is one unit of rate
# The simulation
dt = $dt * second
sampling = $step * second  # of the output

UNITS, COMPONENTS = $units, $components
unit = np.repeat(np.arange(UNITS), NEURONS_PER_UNIT)  # the rate unit of each neuron
neuron_count = len(unit)
# What a spike adds to the filtered rate of its unit:
jump = float(1 / (NEURONS_PER_UNIT * tau_s * rate_scale))

b2.prefs.codegen.target = options.codegen
b2.seed(SEED)
clock = b2.Clock(dt=dt, name="clock")
'''

_OBJECTS = '''
# The latents z: the low-pass filtered output D r of the network.
latents = b2.NeuronGroup(
    COMPONENTS,
    "$latent_text",
    method="exact",
    clock=clock,
    name="latents",
    namespace={"tau_s": tau_s},
)
latents.z = data["start"]  # a state on the attractor of the first task

constants = {"tau_m": tau_m, "tau_s": tau_s, "V": V, "g_L": g_L, "noise": noise}
equations = """
$equations
"""
neurons = b2.NeuronGroup(
    neuron_count,
    equations,
    method="euler",
    threshold="$threshold_text",
    reset="$reset_text",
    refractory=refractory,
    clock=clock,
    name="neurons",
    namespace={**constants$shared},
)
'''

_FEEDBACK = """
# The encoder E: every neuron reads every latent.
encoder = data["encoder"][unit].astype(float)
for k in range(COMPONENTS):
    setattr(neurons, f"z_{k}", b2.linked_var(latents, "z", index=np.full(neuron_count, k)))
    setattr(neurons, f"e_{k}", encoder[:, k])
"""

_TONIC = {
    "threshold": '''

def tonic(task):
    """Return the threshold of each neuron: a tonic input b is a threshold that lies lower by V b."""
    return v_threshold - V * data["bias"][tasks.index(task)][unit]


neurons.v_th = tonic(SCHEDULE[0][0])
depth = np.random.Generator(np.random.Philox(SEED)).uniform(0, 1, neuron_count)
neurons.v = (tonic(SCHEDULE[0][0]) - V) + V * depth  # anywhere between reset and threshold
''',
    "current": '''

def tonic(task):
    """Return the tonic current into each neuron."""
    return g_L * (V * data["bias"][tasks.index(task)][unit])


neurons.I_tonic = tonic(SCHEDULE[0][0])
depth = np.random.Generator(np.random.Philox(SEED)).uniform(0, 1, neuron_count)
neurons.v = v_reset + V * depth  # anywhere between reset and threshold
''',
    "leak": '''

def tonic(task):
    """Return the leak reversal potential of each neuron: a tonic input b raises it by V b."""
    return v_reset + V * data["bias"][tasks.index(task)][unit]


neurons.E_L = tonic(SCHEDULE[0][0])
depth = np.random.Generator(np.random.Philox(SEED)).uniform(0, 1, neuron_count)
neurons.v = v_reset + V * depth  # anywhere between reset and threshold
''',
}

_DECODER = """
# The decoder D: every spike moves every latent.
decoder = b2.Synapses(
    neurons, latents, "w : 1", on_pre="$on_latent", clock=clock, name="decoder", namespace={}
)
decoder.connect()
decoder.w = (jump * data["decoder"][:, unit].astype(float)).T.flatten()  # Brian2 counts source by source
"""

_RECURRENT = {
    "low-rank": "",
    "dense": """
# The random synapses W, from every neuron to every neuron.
recurrent = b2.Synapses(
    neurons,
    neurons,
    "w : 1",
    on_pre="$on_recurrent",
    clock=clock,
    name="recurrent",
    namespace=constants,
)
recurrent.connect()
recurrent.w = (jump * data["recurrent"].astype(float)[np.ix_(unit, unit)]).T.flatten()
neurons.I_rec_[:] = data["start_current"]  # A: that of the rate network at the starting state
""",
    "sparse": """
# The random synapses W, those that are there.
recurrent = b2.Synapses(
    neurons,
    neurons,
    "w : 1",
    on_pre="$on_recurrent",
    clock=clock,
    name="recurrent",
    namespace=constants,
)
recurrent.connect(i=data["pre"], j=data["post"])
recurrent.w = data["weight"]
neurons.I_rec_[:] = data["start_current"]  # A: that of the rate network at the starting state
""",
}

_SWITCH = {
    "threshold": '''

def switch(task):
    """Load another task: the thresholds move, and each v moves with its own."""
    before, after = np.array(neurons.v_th_[:]), np.asarray(tonic(task))
    neurons.v_th_[:] = after
    # All a neuron knows is how far v is from its threshold, and that must not change. So v moves by the same
    # amount in EVERY neuron. Given as values: the string "v + d" would leave out refractory neurons.
    neurons.v_[:] = np.array(neurons.v_[:]) + (after - before)
''',
    "current": '''

def switch(task):
    """Load another task: other tonic currents, the state runs on."""
    neurons.I_tonic = tonic(task)
''',
    "leak": '''

def switch(task):
    """Load another task: other reversal potentials, the state runs on."""
    neurons.E_L = tonic(task)
''',
}

_RUN = """

spikes = b2.SpikeMonitor(neurons, name="spikes")
output = b2.StateMonitor(latents, "z", record=True, dt=sampling, name="output")
network = b2.Network($objects)

begins = []  # of the segments
for task, seconds in SCHEDULE:
    if begins:
        switch(task)
    begins.append(float(network.t / second))
    before = spikes.num_spikes
    network.run(round(seconds * second / sampling) * sampling, namespace={})
    rate = (spikes.num_spikes - before) / (neuron_count * seconds)
    print(f"{task:20s} {seconds:8g} s   {spikes.num_spikes - before:10d} spikes   {rate:6.2f} Hz a neuron")

total = float(network.t / second)
rate = spikes.num_spikes / (neuron_count * total)
print(f"{'in all':20s} {total:8g} s   {spikes.num_spikes:10d} spikes   {rate:6.2f} Hz a neuron")

if options.save:
    # The output in the units of the task in force: x = center + scale z.
    time = np.array(output.t / second)
    segment = np.searchsorted(begins, time + float(sampling / second) / 2, side="right") - 1
    row = np.array([tasks.index(task) for task, _ in SCHEDULE])[segment]
    target = HERE.with_name(HERE.stem + "_spikes.npz")
    np.savez_compressed(
        target,
        spike_time=np.array(spikes.t / second),
        spike_neuron=np.array(spikes.i),
        spike_unit=unit[np.array(spikes.i)],
        time=time,
        output=data["center"][row] + data["scale"][row] * np.array(output.z).T,
        task=np.array([SCHEDULE[k][0] for k in segment]),
    )
    print(f"written: {target.name}")
"""
