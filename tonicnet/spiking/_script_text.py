"""The words of the stand-alone script, as templates: what is fixed stands here, numbers and equations come in."""

from __future__ import annotations

SYNAPSES = {
    "low-rank": "The frozen synapses are low-rank, W = E D: spikes feed the latents z through D, and every neuron\n"
    "reads them back through E. No N x N matrix is ever made.",
    "dense": "The frozen synapses are dense and random (W); spikes also feed the latents z, the output, through D.",
    "sparse": "The frozen synapses are sparse and random (W); spikes also feed the latents z, the output, through D.",
}
CARRIES = {
    "threshold": "as the threshold of each\nneuron (its reset keeps its distance)",
    "current": "as a constant\ncurrent into each neuron",
    "leak": "as the leak\nreversal potential of each neuron",
}

# What the synapses add: nothing where they only decay, and what a rise time and a delay put in its place.
FIRST_ORDER = {
    "rise_line": "",
    "delay_line": "",
    "before": "",
    "enters": "tau_s",
    "taus": '"tau_s": tau_s',
    "start_latents_in": "",
    "start_currents_in": "",
    "late": "",
    "late_line": "",
}
RISING = {
    "rise_line": "tau_r = {rise!r} * second  # of their rise\n",
    "before": ", or to the stage before it, which rises",
    "enters": "tau_r",
    "taus": '"tau_s": tau_s, "tau_r": tau_r',
    "start_latents_in": 'latents.z_in = data["start_in"]  # what is on its way to them: they are in motion\n',
    "start_currents_in": 'currents.I_in_[:] = data["start_current_in"]\n',
}
LATE = {
    "delay_line": "delay = {delay!r} * second  # from a spike to its arrival: a whole number of steps\n",
    "late": ", delay=delay",
    "late_line": "\n    delay=delay,",
}

HEAD = '''"""LIF neurons on one frozen network, the task set by what each neuron receives tonically.

$synapses
What was learned is one number b for each rate unit and task. It stands here $carries.
A switch of task changes nothing else.

    python THIS_FILE                    run the schedule below and print a summary
    python THIS_FILE --save             and write spikes and output beside it
    python THIS_FILE --codegen numpy    without a C++ compiler

Written by tonicnet $version for the network with SHA-256
$sha256. Needs numpy, brian2 and the .npz beside it.
"""

from __future__ import annotations

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
${rise_line}${delay_line}rate_scale = $rate_scale * hertz  # firing rate that is one unit of rate
# The simulation
dt = $dt * second
sampling = $step * second  # of the output

UNITS, COMPONENTS = $units, $components
unit = np.repeat(np.arange(UNITS), NEURONS_PER_UNIT)  # the rate unit of each neuron
neuron_count = len(unit)
# What a spike adds to the filtered rate of its unit${before}:
area = $area  # of its unit area, what neurons read who read once a step: it adds as much more
jump = float(1 / (NEURONS_PER_UNIT * $enters * rate_scale)) / area

b2.prefs.codegen.target = options.codegen
clock = b2.Clock(dt=dt, name="clock")
'''

NOISE = """
# The membrane noise: a normal number for each neuron and step that depends on the seed and on nothing else, so
# that numpy and compiled code give the same spikes. (SplitMix64, doi:10.1145/2660193.2660195; ziggurat,
# doi:10.18637/jss.v005.i08.)
$noise_code"""

NOISE_SEED = """neurons.noise_seed = SEED % SEEDS
"""

OBJECTS = '''
# The latents z: the low-pass filtered output D r of the network.
latents = b2.NeuronGroup(
    COMPONENTS,
    "$latent_text",
    method="exact",
    clock=clock,
    name="latents",
    namespace={$taus},
)
latents.z = data["start"]  # a state on the attractor of the first task
${start_latents_in}
constants = {"tau_m": tau_m, "tau_s": tau_s, "V": V, "g_L": g_L, "noise": noise$noise_name}
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

CURRENTS = """
# The current that each neuron receives from the random synapses: a low-pass filter of its own.
currents = b2.NeuronGroup(
    neuron_count,
    "$current_text",
    method="exact",
    clock=clock,
    name="currents",
    namespace={$taus},
)
neurons.I_rec = b2.linked_var(currents, "I")
"""

FEEDBACK = """
# The encoder E: every neuron reads every latent.
encoder = data["encoder"][unit].astype(float)
for k in range(COMPONENTS):
    setattr(neurons, f"z_{k}", b2.linked_var(latents, "z", index=np.full(neuron_count, k)))
    setattr(neurons, f"e_{k}", encoder[:, k])
"""

TONIC = {
    "threshold": '''

def tonic(task):
    """Return the threshold of each neuron: a tonic input b is a threshold that lies lower by V b."""
    return v_threshold - V * data["bias"][tasks.index(task)][unit]


neurons.v_th = tonic(SCHEDULE[0][0])
depth = np.resize(data["depth"], neuron_count)  # as at a random moment of a long run
neurons.v = (tonic(SCHEDULE[0][0]) - V) + V * depth
''',
    "current": '''

def tonic(task):
    """Return the tonic current into each neuron."""
    return g_L * (V * data["bias"][tasks.index(task)][unit])


neurons.I_tonic = tonic(SCHEDULE[0][0])
depth = np.resize(data["depth"], neuron_count)  # as at a random moment of a long run
neurons.v = v_reset + V * depth
''',
    "leak": '''

def tonic(task):
    """Return the leak reversal potential of each neuron: a tonic input b raises it by V b."""
    return v_reset + V * data["bias"][tasks.index(task)][unit]


neurons.E_L = tonic(SCHEDULE[0][0])
depth = np.resize(data["depth"], neuron_count)  # as at a random moment of a long run
neurons.v = v_reset + V * depth
''',
}

DECODER = """
# The decoder D: every spike moves every latent.
decoder = b2.Synapses(
    neurons, latents, "w : 1", on_pre="$on_latent", clock=clock, name="decoder", namespace={}${late}
)
decoder.connect()
decoder.w = (jump * data["decoder"][:, unit].astype(float)).T.flatten()  # Brian2 counts source by source
"""

RECURRENT = {
    "low-rank": "",
    "dense": """
# The random synapses W, from every neuron to every neuron.
recurrent = b2.Synapses(
    neurons,
    currents,
    "w : 1",
    on_pre="$on_recurrent",
    clock=clock,
    name="recurrent",
    namespace=constants,${late_line}
)
recurrent.connect()
recurrent.w = (jump * data["recurrent"].astype(float)[np.ix_(unit, unit)]).T.flatten()
currents.I_[:] = data["start_current"]  # A: that of the rate network at the starting state
${start_currents_in}""",
    "sparse": """
# The random synapses W, those that are there.
recurrent = b2.Synapses(
    neurons,
    currents,
    "w : 1",
    on_pre="$on_recurrent",
    clock=clock,
    name="recurrent",
    namespace=constants,${late_line}
)
recurrent.connect(i=data["pre"], j=data["post"])
recurrent.w = data["weight"]
currents.I_[:] = data["start_current"]  # A: that of the rate network at the starting state
${start_currents_in}""",
}

SWITCH = {
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

RUN = """

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
