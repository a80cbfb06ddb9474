"""Where synaptic filters begin: as those of the rate network in motion at the starting output."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from torch import Tensor

from ..network import Entry
from ..simulate import Circuit, pace_of
from . import _equations as eqs
from ._lif_network import LIFNetwork

Start = dict[str, dict[str, np.ndarray]]


def starting_filters(model: LIFNetwork, entry: Entry, start: Float[np.ndarray, " component"]) -> Start:
    """Return the values of the variables of each group of filters where the output is ``start``.

    Latents z are the output itself, currents I = g_L V W r those of the rate network resting there. Where synapses
    rise, s = r + tau dr/dt is in the stage before, with dr/dt as :func:`tonicnet.simulate` begins. Where they are late,
    the spikes that would be under way, delay (r + F(r)) in all, are in the stage that they would enter, z_in or z.
    """
    circuit = Circuit(model.net)
    z, bias = circuit.tensor(start[None]), circuit.tensor(entry.bias)
    r = z if model.net.low_rank else circuit.resting_rates(z, bias)
    added = _added(model, circuit, r, bias)
    latents = [z + (change if model.net.low_rank else change @ circuit.out) for change in added]
    made = {"latents": _named("z", latents)}
    if model.matrix:
        made["currents"] = _named("I", [_current(model, circuit, r + change) for change in added])
    return made


def _added(model: LIFNetwork, circuit: Circuit, r: Tensor, bias: Tensor) -> list[Tensor]:
    """Return by how much each stage of the filter, the last one first, is above r."""
    filter = model.net.filter
    if filter.first_order:
        return [0 * r]
    flow = circuit.latent_flow(r, bias) if model.net.low_rank else circuit.rate_flow(r, bias)
    stages = [0 * r, pace_of(flow, filter)] if model.rising else [0 * r]
    if model.late:
        stages[-1] = stages[-1] + filter.delay / filter.entrance * (r + flow)
    return stages


def _current(model: LIFNetwork, circuit: Circuit, r: Tensor) -> Float[np.ndarray, " neuron"]:
    """Return the current (A) into each neuron that rates, or latents of a low-rank network, stand for."""
    if model.net.low_rank:
        drive = model.net.encoder.astype(np.float64) @ r[0].numpy()
    else:
        drive = circuit.coupling(0.0).forward(r, circuit.tensor(np.zeros((1, model.net.units))))[0].numpy()
    constants = model.constants()
    return constants["g_L"] * constants["V"] * drive[model.unit]


def _named(name: str, stages: list) -> dict[str, np.ndarray]:
    """Return the values of the variable that neurons read, and of the one that spikes enter."""
    return {eqs.entered(name, bool(k)): np.ravel(np.asarray(stage)) for k, stage in enumerate(stages)}
