"""A short Brian2 script of a spiking network, as somebody who knows Brian2 would have written it.

It holds only what the network has. Its noise is Brian2's own, ``xi``: noisy runs agree with :func:`simulate` in their
statistics, runs without noise spike for spike.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from .._labels import package_version
from . import _equations as eqs
from ._export_plan import ExportPlan
from ._external import External
from ._lif_network import LIFNetwork

_UNITS = {"second": "b2.second", "volt": "b2.volt", "siemens": "b2.siemens", "hertz": "b2.hertz", "amp": "b2.amp"}
_TONIC = {
    "threshold": "v_threshold - V * b",
    "current": "g_L * V * b",
    "leak": "v_reset + V * b",
}
_XI = "noise * V * sqrt(2 / tau_m) * xi"
_NOISE = "deta/dt = -eta / tau_s + size * sqrt(2 / tau_s) * xi : 1\nsize : 1 (constant)"
_HEAD = '''"""Spiking neurons on one frozen network: a task is a vector of tonic inputs b, and nothing else changes.

Written by tonicnet {version} for the network with SHA-256
{sha256}. Needs numpy, brian2 and the .npz beside it.
"""

from pathlib import Path

import brian2 as b2
import numpy as np

SCHEDULE = [{schedule}]  # (task, seconds): any task in the data, in any order
NEURONS_PER_UNIT = {neurons_per_unit}

with np.load(Path(__file__).with_name({data}), allow_pickle=False) as arrays:
    data = dict(arrays)
tasks = [str(name) for name in data["task"]]
unit = np.repeat(np.arange(len(data["encoder"])), NEURONS_PER_UNIT)  # the rate unit of each neuron
b2.seed({seed})
'''


Constants = dict[str, dict[str, float]]


def plain_script(
    run: ExportPlan, form: str, seed: int, data: str, equations: dict[str, str], constants: Constants
) -> str:
    """Return the script; equations and constants are those of the exact one, ``data`` is the name of its arrays."""
    return "\n".join(_Script(run, form, seed, data, equations, constants).lines()) + "\n"


@dataclass(frozen=True)
class _Script:
    run: ExportPlan
    form: str
    seed: int
    data: str
    equations: dict[str, str]
    constants: Constants

    @property
    def model(self) -> LIFNetwork:
        return self.run.model

    @property
    def external(self) -> External:
        return self.run.trial.external

    @property
    def late(self) -> str:
        return ", delay=delay" if self.model.late else ""

    def lines(self) -> Iterator[str]:
        """Yield the parts of the script."""
        yield self._head()
        yield from self._numbers()
        yield from self._latents()
        yield from self._inputs()
        yield from self._neurons()
        yield from self._read()
        yield from self._decoder()
        if not self.model.latent:
            yield from self._recurrent()
        yield from self._start()
        yield from self._schedule()

    def _head(self) -> str:
        moments = [(self.run.labels[s.entry.task], s.duration) for s in self.run.segments if s.steps(self.run.step)]
        return _HEAD.format(
            version=re.sub(r"[^\w.+-]", "", package_version()),
            sha256=self.model.net.sha256,
            data=repr(self.data),
            schedule=", ".join(f'("{name}", {float(seconds)!r})' for name, seconds in moments),
            neurons_per_unit=int(self.model.neurons_per_unit),
            seed=int(self.seed),
        )

    def _numbers(self) -> Iterator[str]:
        left_out = {"kept"} | (set() if self.model.lif.noise else {"noise"})
        for unit, held in self.constants.items():
            for name, value in held.items():
                if name not in left_out:
                    yield f"{name} = {value!r}" + (f" * {_UNITS[unit]}" if unit in _UNITS else "")
        yield "V = v_threshold - v_reset  # one unit of input"
        if self.form != "threshold":
            yield "v_th = v_threshold"
        if self.form != "leak":
            yield "E_L = v_reset"
        entered = "tau_r" if self.model.rising else "tau_s"
        yield "# what a spike adds to the filtered rate of its unit; neurons read the part `area` of it"
        yield f"jump = float(1 / (NEURONS_PER_UNIT * {entered} * rate_scale)) / area"
        yield "b2.defaultclock.dt = dt\n"

    def _latents(self) -> Iterator[str]:
        yield _group("latents", 'data["decoder"].shape[0]', self.equations["latents"], 'method="exact"')
        yield 'latents.z = data["start"]'
        if self.model.rising:
            yield 'latents.z_in = data["start_in"]'

    def _neurons(self) -> Iterator[str]:
        text = self.equations["neurons"].replace(eqs.DIFFUSION, _XI).replace("noise_seed : integer (shared)\n", "")
        text = re.sub(r"^u_(\d+) : 1 \(linked\)$", r"u_\1 = given(t, \1) : 1", text, flags=re.MULTILINE)
        reset = repr(self.equations["reset"]).replace("'", '"')
        more = f'threshold="{self.equations["threshold"]}", reset={reset}, refractory=refractory, method="euler"'
        yield "\n" + _group("neurons", "len(unit)", text, more)

    def _read(self) -> Iterator[str]:
        """Yield what neurons read through the encoder, and the noise of their units."""
        if self.model.latent_input or self.external.driven:
            yield 'encoder = data["encoder"][unit].astype(float)'
            yield "for k in range(encoder.shape[1]):"
            yield '    setattr(neurons, f"e_{k}", encoder[:, k])'
        if self.model.latent_input:
            yield '    setattr(neurons, f"z_{k}", b2.linked_var(latents, "z", index=np.full(len(unit), k)))'
        if self.external.fluctuating:
            yield "\n" + _group("unit_noise", 'len(data["input_noise"])', _NOISE, 'method="euler"')
            yield 'unit_noise.eta = data["input_noise"]'
            yield "unit_noise.size = input_noise"
            yield 'neurons.eta = b2.linked_var(unit_noise, "eta", index=unit)'

    def _inputs(self) -> Iterator[str]:
        """Yield inputs from outside, held during each sample, in scales of the task in force."""
        if self.external.driven:
            yield "lasts = [round(seconds * b2.second / sampling) for _, seconds in SCHEDULE]"
            yield "row = np.repeat([tasks.index(task) for task, _ in SCHEDULE], lasts)"
            yield 'given = b2.TimedArray(data["input"][: len(row)] / data["scale"][row], dt=sampling)'

    def _decoder(self) -> Iterator[str]:
        on_pre = self.equations["on_latents"]
        yield f'\ndecoder = b2.Synapses(neurons, latents, "w : 1", on_pre="{on_pre}"{self.late}, name="decoder")'
        yield "decoder.connect()"
        yield 'decoder.w = jump * data["decoder"][:, unit].T.flatten()'

    def _recurrent(self) -> Iterator[str]:
        yield "\n" + _group("currents", "len(unit)", self.equations["currents"], 'method="exact"')
        yield 'currents.I = data["start_current"] * b2.amp'
        if self.model.rising:
            yield 'currents.I_in = data["start_current_in"] * b2.amp'
        yield 'neurons.I_rec = b2.linked_var(currents, "I")'
        on_pre = self.equations["on_currents"]
        yield f'recurrent = b2.Synapses(neurons, currents, "w : 1", on_pre="{on_pre}"{self.late}, name="recurrent")'
        if self.model.net.spec.synapses == "sparse":
            yield 'recurrent.connect(i=data["pre"], j=data["post"])'
            yield 'recurrent.w = data["weight"]'
            return
        yield "recurrent.connect()"
        yield 'recurrent.w = jump * data["recurrent"].astype(float)[np.ix_(unit, unit)].T.flatten()'

    def _start(self) -> Iterator[str]:
        carrier = eqs.FORMS[self.form]
        yield "\n\ndef tonic(task):"
        yield '    """Return what carries the tonic inputs b of a task in each neuron."""'
        yield '    b = data["bias"][tasks.index(task)][unit]'
        yield f"    return {_TONIC[self.form]}\n\n"
        yield f"neurons.{carrier} = tonic(SCHEDULE[0][0])"
        if self.model.lif.adapts:
            yield 'neurons.I_a = np.resize(data["adaptation"], len(unit)) * b2.amp'
        reset = "neurons.v_th - V" if self.form == "threshold" else "v_reset"
        yield f'neurons.v = {reset} + V * np.resize(data["depth"], len(unit))\n'
        yield "spikes = b2.SpikeMonitor(neurons)"
        yield 'output = b2.StateMonitor(latents, "z", record=True, dt=sampling)'

    def _schedule(self) -> Iterator[str]:
        carrier = eqs.FORMS[self.form]
        yield "for number, (task, seconds) in enumerate(SCHEDULE):"
        yield "    if number:"
        if self.form == "threshold":
            yield "        # v moves with its threshold, as values: a string would leave out refractory neurons"
            yield "        moved = tonic(task) - neurons.v_th[:]"
            yield "        neurons.v[:] = neurons.v[:] + moved"
        yield f"        neurons.{carrier} = tonic(task)"
        yield "    before = spikes.num_spikes"
        yield "    b2.run(round(seconds * b2.second / sampling) * sampling)"
        yield "    rate = (spikes.num_spikes - before) / (len(unit) * seconds)"
        yield '    print(f"{task}: {rate:.2f} Hz a neuron")'


def _group(name: str, size: str, text: str, more: str = "") -> str:
    lines = "".join(f"    {line}\n" for line in text.split("\n"))
    told = "".join(f"    {part},\n" for part in [more] * bool(more) + [f'name="{name}"'])
    return f'{name} = b2.NeuronGroup(\n    {size},\n    """\n{lines}    """,\n{told})'
