"""Build a spiking network of LIF neurons in Brian2 from its equations, constants and synapses, and run a schedule.

Read by :mod:`tonicnet.spiking._script_export`, which writes this file whole into a stand-alone script: after the
settings of that script (``SCHEDULE``, ``NETWORK``, ...), before the call of :func:`main` with them. So it needs numpy
and brian2 only, and names its input by arguments:

    network   equations (lists of lines) and constants (by unit, SI), and what it has; name and SHA-256 of the data
    data      arrays by name, from that .npz beside the script, whatever the script is called
"""

import argparse
import hashlib
import io
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import brian2 as b2
import numpy as np

Schedule = list[tuple[str, float]]  # (task, seconds)


def main(
    file: str,
    schedule: Schedule,
    network: dict[str, Any],
    seed: int,
    neurons_per_unit: int,
    normal: Callable[[], Any] | None = None,
    about: str | None = None,
) -> b2.Network:
    """Run the schedule and return the Brian2 network as it is at the end.

    ``file`` is the script, with its data beside it; ``normal`` returns the Brian2 function of the noise of membranes
    and of inputs, None where there is none; ``about`` is the text of ``--help``.
    """
    options = parse_options(about)
    here = Path(file).resolve()
    data = load_data(here.with_name(network["data_file"]), network["data_sha256"])
    check_settings(schedule, network, neurons_per_unit, data)
    b2.prefs.codegen.target = options.codegen
    parts = LIFNeurons(network, data, neurons_per_unit)
    live = parts.build(schedule, seed, normal)
    begins = run(live, parts, schedule)
    if options.save:
        save(here.with_name(f"{here.stem}_spikes.npz"), live, parts, schedule, begins)
    return live


def load_data(file: Path, sha256: str) -> dict[str, np.ndarray]:
    """Return the arrays of the data file; stop with a sentence if it is not the file written with this script."""
    if not file.is_file():
        sys.exit(f"{file} is missing: this script reads its numbers from it; move both together")
    content = file.read_bytes()
    if hashlib.sha256(content).hexdigest() != sha256:
        sys.exit(f"{file} is not the data that was written with this script: damaged, or another script's")
    with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
        return dict(arrays)


def parse_options(about: str | None) -> argparse.Namespace:
    """Return the options of the command line."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--save", action="store_true", help="write <this file>_spikes.npz")
    parser.add_argument("--codegen", choices=("auto", "cython", "numpy"), default="auto")
    return parser.parse_args()


def check_settings(
    schedule: Schedule, network: dict[str, Any], neurons_per_unit: int, data: dict[str, np.ndarray]
) -> None:
    """Stop with a sentence if the settings ask for what the data does not have."""
    known = [str(name) for name in data["task"]]
    missing = [task for task, _ in schedule if task not in known]
    if missing:
        sys.exit(f"the schedule names {', '.join(missing)}; the data has {', '.join(known)}")
    if not schedule:
        sys.exit(f"the schedule is empty; write (task, seconds) into it, of the tasks {', '.join(known)}")
    lasts, fed = sum(seconds for _, seconds in schedule), len(data["input"]) if "input" in data else None
    if fed is not None and round(lasts / network["constants"]["second"]["sampling"]) > fed:
        fed_for = fed * network["constants"]["second"]["sampling"]
        sys.exit(f"the schedule lasts {lasts:g} s and the inputs {fed_for:g} s; shorten it, or write longer inputs")
    if network["synapses"] == "sparse" and neurons_per_unit != network["neurons_per_unit"]:
        sys.exit(f"these sparse synapses join {network['neurons_per_unit']} neurons per unit, not {neurons_per_unit}")


class LIFNeurons:
    """The parts of the network: equations and constants in Brian2's units, and the arrays of the data."""

    def __init__(self, network: dict[str, Any], data: dict[str, np.ndarray], neurons_per_unit: int) -> None:
        """Take the settings of a script and its data."""
        units = {"second": b2.second, "volt": b2.volt, "siemens": b2.siemens, "hertz": b2.hertz, "amp": b2.amp, "1": 1}
        self.network, self.data = network, data
        self.text = {name: "\n".join(lines) for name, lines in network["equations"].items()}
        self.constants = {
            name: value * units[unit] for unit, given in network["constants"].items() for name, value in given.items()
        }
        # One unit of input is the distance from reset to threshold.
        self.constants["V"] = self.constants["v_threshold"] - self.constants["v_reset"]
        self.tasks = [str(name) for name in data["task"]]
        self.unit = np.repeat(np.arange(len(data["encoder"])), neurons_per_unit)  # the rate unit of each neuron
        # What a spike adds to the filtered rate of its unit, or to the stage before it where synapses have a rise
        # time. Neurons read their input once a step, and so read the part ``area`` of its unit area: a spike adds as
        # much more.
        entered = self.constants["tau_r" if "tau_r" in self.constants else "tau_s"]
        self.jump = float(1 / (neurons_per_unit * entered * self.constants["rate_scale"])) / self.constants["area"]
        self.clock = b2.Clock(dt=self.constants["dt"], name="clock")

    def build(self, schedule: Schedule, seed: int, normal: Callable[[], Any] | None) -> b2.Network:
        """Return the network with its monitors, in the starting state of the data."""
        latents = self.filters("latents", self.data["decoder"].shape[0])
        latents.z = self.data["start"]  # a state on the attractor of the first task
        if "start_in" in self.data:
            latents.z_in = self.data["start_in"]  # what is on its way to them: the output is in motion
        neurons = self.neurons(normal() if normal else None)
        if self.constants["noise"] > 0:
            neurons.noise_seed = seed
        objects = [latents, neurons, self.decoder(neurons, latents)]
        if self.network["synapses"] != "low-rank":
            currents = self.currents()
            neurons.I_rec = b2.linked_var(currents, "I")
            objects += [currents, self.recurrent(neurons, currents)]
        if self.network["latents_feed_back"]:
            self.encode(neurons, latents, "z")
        if "input" in self.data:
            objects.append(self.inputs(neurons, schedule))
        if normal and "input_noise" in self.data:
            objects.append(self.input_noise(neurons, seed, normal()))
        self.start(neurons, schedule[0][0])
        spikes = b2.SpikeMonitor(neurons, name="spikes")
        output = b2.StateMonitor(latents, "z", record=True, dt=self.constants["sampling"], name="output")
        return b2.Network(*objects, spikes, output)

    def neurons(self, normal: Any) -> b2.NeuronGroup:
        """Return the neurons; ``normal`` is the function of their noise, or None."""
        # tau_a, J_a of neurons that adapt; Delta_T, V_peak of those whose spikes begin by a current
        known = ("tau_m", "tau_s", "V", "g_L", "noise", "tau_a", "J_a", "Delta_T", "V_peak")
        names = {name: self.constants[name] for name in known if name in self.constants}
        if normal is not None:
            names["normal"] = normal
        if self.network["form"] != "threshold":  # else each neuron has a threshold of its own
            names["v_th"] = self.constants["v_threshold"]
        if self.network["form"] != "leak":  # else each neuron has a leak reversal potential of its own
            names["E_L"] = self.constants["v_reset"]
        return b2.NeuronGroup(
            len(self.unit),
            self.text["neurons"],
            method="euler",
            threshold=self.text["threshold"],
            reset=self.text["reset"],
            refractory=self.constants["refractory"],
            clock=self.clock,
            name="neurons",
            namespace=names,
        )

    def filters(self, name: str, size: int) -> b2.NeuronGroup:
        """Return low-pass filters that spikes feed: the latents, or the currents of the neurons."""
        taus = {tau: self.constants[tau] for tau in ("tau_s", "tau_r") if tau in self.constants}
        return b2.NeuronGroup(size, self.text[name], method="exact", clock=self.clock, name=name, namespace=taus)

    def synapses(self, name: str, source: b2.NeuronGroup, target: b2.NeuronGroup) -> b2.Synapses:
        """Return synapses from the neurons that are yet to be connected, with the delay if there is one."""
        late = {"delay": self.constants["delay"]} if "delay" in self.constants else {}
        names = {constant: self.constants[constant] for constant in ("g_L", "V")} if name == "recurrent" else {}
        return b2.Synapses(
            source, target, "w : 1", on_pre=self.text[f"on_{target.name}"], clock=self.clock, name=name,
            namespace=names, **late,
        )  # fmt: skip

    def decoder(self, neurons: b2.NeuronGroup, latents: b2.NeuronGroup) -> b2.Synapses:
        """Return the decoder D: a spike of any neuron changes every latent."""
        decoder = self.synapses("decoder", neurons, latents)
        decoder.connect()
        weights = self.jump * self.data["decoder"][:, self.unit].astype(float)
        decoder.w = weights.T.flatten()  # Brian2 counts source by source
        return decoder

    def encode(self, neurons: b2.NeuronGroup, source: b2.NeuronGroup, variable: str) -> None:
        """Let every neuron read every component of a variable (latents z, inputs u) through the encoder E."""
        encoder = self.data["encoder"][self.unit].astype(float)
        for k in range(encoder.shape[1]):
            setattr(neurons, f"{variable}_{k}", b2.linked_var(source, variable, index=np.full(len(self.unit), k)))
            setattr(neurons, f"e_{k}", encoder[:, k])

    def inputs(self, neurons: b2.NeuronGroup, schedule: Schedule) -> b2.NeuronGroup:
        """Return the inputs from outside, held during each sample: in scales of the task in force."""
        rows, sampling = self.data["input"], self.constants["sampling"]
        tasks = [self.tasks.index(task) for task, _ in schedule]
        row = np.repeat(tasks, [round(seconds * b2.second / sampling) for _, seconds in schedule])
        given = b2.TimedArray(rows[: len(row)] / self.data["scale"][row], dt=sampling, name="given")
        size, names = rows.shape[1], {"given": given}
        inputs = b2.NeuronGroup(size, self.text["inputs"], clock=self.clock, name="inputs", namespace=names)
        inputs.run_regularly(self.text["next_input"], when="before_groups", clock=self.clock)
        self.encode(neurons, inputs, "u")
        return inputs

    def input_noise(self, neurons: b2.NeuronGroup, seed: int, normal: Any) -> b2.NeuronGroup:
        """Return the noise of each unit's input, which all neurons of the unit receive."""
        names = {"kept": self.constants["kept"], "normal": normal}
        begins = self.data["input_noise"]
        noise = b2.NeuronGroup(
            len(begins), self.text["input_noise"], clock=self.clock, name="input_noise", namespace=names
        )
        noise.run_regularly(self.text["next_noise"], when="before_groups", clock=self.clock)
        noise.eta, noise.size, noise.noise_seed = begins, self.constants["input_noise"], seed
        neurons.eta = b2.linked_var(noise, "eta", index=self.unit)
        return noise

    def currents(self) -> b2.NeuronGroup:
        """Return the current that each neuron receives from the random synapses: a low-pass filter of its own."""
        currents = self.filters("currents", len(self.unit))
        currents.I_[:] = self.data["start_current"]  # A: that of the rate network at the starting state
        if "start_current_in" in self.data:
            currents.I_in_[:] = self.data["start_current_in"]
        return currents

    def recurrent(self, neurons: b2.NeuronGroup, currents: b2.NeuronGroup) -> b2.Synapses:
        """Return the random synapses W: from every neuron to every neuron if dense, those that are there if sparse."""
        recurrent = self.synapses("recurrent", neurons, currents)
        if self.network["synapses"] == "sparse":
            recurrent.connect(i=self.data["pre"], j=self.data["post"])
            recurrent.w = self.data["weight"]
        else:
            recurrent.connect()
            weights = self.jump * self.data["recurrent"].astype(float)[np.ix_(self.unit, self.unit)]
            recurrent.w = weights.T.flatten()
        return recurrent

    def tonic(self, task: str) -> Any:
        """Return what carries the bias b of a task in each neuron: its threshold, a current or its leak potential."""
        b = self.constants["V"] * self.data["bias"][self.tasks.index(task)][self.unit]
        if self.network["form"] == "threshold":
            return self.constants["v_threshold"] - b  # a tonic input is a threshold that lies lower by V b
        if self.network["form"] == "current":
            return self.constants["g_L"] * b
        return self.constants["v_reset"] + b

    def start(self, neurons: b2.NeuronGroup, task: str) -> None:
        """Load the first task, and put each membrane where it would be at a random moment of a long run."""
        depth = np.resize(self.data["depth"], len(self.unit))  # from reset (0) to threshold (1)
        setattr(neurons, self.network["carrier"], self.tonic(task))
        reset = self.tonic(task) - self.constants["V"] if self.network["form"] == "threshold" else None
        if "adaptation" in self.data:
            neurons.I_a_[:] = np.resize(self.data["adaptation"], len(self.unit))
        neurons.v = (self.constants["v_reset"] if reset is None else reset) + self.constants["V"] * depth

    def switch(self, neurons: b2.NeuronGroup, task: str) -> None:
        """Load another task: what carries the bias changes, and in the threshold form every v with its threshold.

        All a neuron knows is how far v is from its threshold, and that must not change. So v changes by the same
        amount in EVERY neuron. It is given as values: the string "v + d" would leave out refractory neurons.
        """
        carrier = self.network["carrier"]
        before, after = np.array(getattr(neurons, f"{carrier}_")[:]), np.asarray(self.tonic(task))
        getattr(neurons, f"{carrier}_")[:] = after
        if self.network["form"] == "threshold":
            neurons.v_[:] = np.array(neurons.v_[:]) + (after - before)


def run(live: b2.Network, parts: LIFNeurons, schedule: Schedule) -> list[float]:
    """Run the schedule, print a summary of each segment, and return the times in seconds at which they begin."""
    begins: list[float] = []
    spikes, sampling, count = live["spikes"], parts.constants["sampling"], len(parts.unit)
    for task, seconds in schedule:
        if begins:
            parts.switch(live["neurons"], task)
        begins.append(float(live.t / b2.second))
        before = spikes.num_spikes
        live.run(round(seconds * b2.second / sampling) * sampling, namespace={})
        report(task, seconds, spikes.num_spikes - before, count)
    report("in all", float(live.t / b2.second), spikes.num_spikes, count)
    return begins


def report(name: str, seconds: float, spikes: int, neurons: int) -> None:
    """Print how many spikes there were, and the mean rate of a neuron."""
    print(f"{name:20s} {seconds:8g} s   {spikes:10d} spikes   {spikes / (neurons * seconds):6.2f} Hz a neuron")


def in_task_units(z: np.ndarray, data: dict[str, np.ndarray], row: np.ndarray) -> np.ndarray:
    """Return x = center + scale z of the task in each sample's row; where tasks have maps, g(x) = center + scale z / A.

    g is asinh, log or nothing of (x - origin) / width, or radial: the length of the whole compressed by asinh.
    """
    if "unmixing" not in data:
        return data["center"][row] + data["scale"][row] * z
    y = data["center"][row] + data["scale"][row] * np.einsum("sjk,sk->sj", data["unmixing"][row], z)
    kind, held = data["coordinate_map"][row], np.clip(y, -80, 80)
    length = np.linalg.norm(np.where(kind == "radial", y, 0), axis=1, keepdims=True)
    radial = y * np.sinh(np.minimum(length, 80)) / np.where(length > 0, length, 1)
    u = np.select([kind == "asinh", kind == "log", kind == "radial"], [np.sinh(held), np.exp(held), radial], y)
    return data["map_origin"][row] + data["map_width"][row] * u


def save(target: Path, live: b2.Network, parts: LIFNeurons, schedule: Schedule, begins: list[float]) -> None:
    """Write spikes as events, and the output in the units of the task in force."""
    output, neuron = live["output"], np.array(live["spikes"].i)
    time, sampling = np.array(output.t / b2.second), float(parts.constants["sampling"] / b2.second)
    segment = np.searchsorted(begins, time + sampling / 2, side="right") - 1
    row = np.array([parts.tasks.index(task) for task, _ in schedule])[segment]
    np.savez_compressed(
        target,
        spike_time=np.array(live["spikes"].t / b2.second),
        spike_neuron=neuron,
        spike_unit=parts.unit[neuron],
        time=time,
        output=in_task_units(np.array(output.z).T, parts.data, row),
        task=np.array([schedule[k][0] for k in segment]),
    )
    print(f"written: {target.name}")
