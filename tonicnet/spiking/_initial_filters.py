"""Where synaptic filters begin: as those of the rate network in motion at the starting output."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float
from torch import Tensor

from ..bank import Entry
from ..circuit import Dynamics, circuit_of, pace_of, placed
from . import _equations as eqs
from ._lif_network import LIFNetwork

Start = dict[str, dict[str, np.ndarray]]


def starting_filters(model: LIFNetwork, entry: Entry, start: Float[np.ndarray, " component"]) -> Start:
    """Return the values of the variables of each group of filters where the output is ``start``.

    Latents z are the output itself, currents I = g_L V W r those of the rate network resting there. Where synapses
    rise, s = r + tau dr/dt is in the stage before, with dr/dt as :func:`tonicnet.simulate` begins. Where they are late,
    the spikes that would be under way, delay (r + F(r)) in all, are in the stage that they would enter, z_in or z.
    """
    dynamics = placed(circuit_of(model.net), entry.numbers)
    z = dynamics.circuit.tensor(start[None])
    x = dynamics.state(z)
    added = _added(model, dynamics, x)
    groups = {"latents": _named("z", [z + dynamics.output(change) for change in added])}
    if model.matrix:
        groups["currents"] = _named("I", [_current(model, dynamics, x + change) for change in added])
    return groups


def _added(model: LIFNetwork, dynamics: Dynamics, x: Tensor) -> list[Tensor]:
    """Return by how much each stage of the filter, the last one first, is above the state x."""
    filter = model.net.filter
    if filter.first_order:
        return [0 * x]
    flow = dynamics.flow(x)
    stages = [0 * x, pace_of(flow, filter)] if model.rising else [0 * x]
    if model.late:
        stages[-1] = stages[-1] + filter.delay / filter.entrance * (x + flow)
    return stages


def _current(model: LIFNetwork, dynamics: Dynamics, x: Tensor) -> Float[np.ndarray, " neuron"]:
    """Return the current (A) into each neuron that a state stands for, what the feedback brings left out."""
    drive, constants = model.gains * dynamics.circuit.through_synapses(x)[0].numpy(), model.constants()
    return constants["g_L"] * constants["V"] * drive[model.unit]


def _named(name: str, stages: list) -> dict[str, np.ndarray]:
    """Return the values of the variable that neurons read, and of the one that spikes enter."""
    return {eqs.entered(name, bool(k)): np.ravel(np.asarray(stage)) for k, stage in enumerate(stages)}
