"""Where membranes begin: as they would be found at a random moment of a long run at the starting output."""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
import torch
from jaxtyping import Float

from .._random import generator
from ..bank import Entry
from ..circuit import circuit_of, inner_input, placed, starting_current
from ..network import LIF, held
from ._external import External
from ._lif_network import LIFNetwork

_MEMORY = 20.0  # membrane time constants after which a neuron has forgotten how it began


class Membranes(NamedTuple):
    """v of every neuron, in units from reset (0) to threshold (1), and its current of adaptation (A), None without."""

    depth: Float[np.ndarray, " neuron"]
    adaptation: Float[np.ndarray, " neuron"] | None


def settled_membranes(
    model: LIFNetwork, entry: Entry, start: Float[np.ndarray, " component"], external: External, seed: int
) -> Membranes:
    """Return the membranes of all neurons at the starting output and input.

    Membranes that began anywhere else would fire at other rates than their units for the first tens of
    milliseconds, which moves the output before the run has begun. Currents of adaptation, found at rest, are then
    moved to where those of the rate network in motion are (:func:`tonicnet.circuit.starting_current`).
    """
    rng = generator(seed)
    x = starting_input(model, entry, start, external)[model.unit]
    depth, current = at_random_moment(model.lif, x, rng)
    if not model.lif.adapts:
        return Membranes(depth, None)
    dynamics = placed(circuit_of(model.net), entry.numbers)
    state = dynamics.state(dynamics.circuit.tensor(start[None]))
    rests = model.lif.adapted_by * model.lif.value(inner_input(dynamics.units, dynamics.drive(state)))
    moved = (starting_current(dynamics, state) - rests).reshape(-1).numpy()
    return Membranes(depth, model.current(np.maximum(current + moved[model.unit], 0)))


def starting_input(
    model: LIFNetwork, entry: Entry, start: Float[np.ndarray, " component"], external: External
) -> Float[np.ndarray, " unit"]:
    """Return what each unit receives where the rate network rests at the starting output, and what is then put in."""
    dynamics = placed(circuit_of(model.net), entry.numbers)
    z = dynamics.circuit.tensor(start[None])
    put_in = dynamics.circuit.tensor(external.first(model.net.components)[None])
    fed = z + put_in if model.net.spec.feedback else put_in
    return model.gains * dynamics.drive(dynamics.state(z), None, fed, closed=0.0).reshape(-1).numpy()


def at_random_moment(
    neuron: LIF, x: Float[np.ndarray, " neuron"], rng: np.random.Generator
) -> tuple[Float[np.ndarray, " neuron"], Float[np.ndarray, " neuron"]]:
    """Step neurons at constant inputs as a run does, and stop each at a moment of its own; return v and a there."""
    steps = math.ceil(_MEMORY * neuron.tau_m / neuron.dt)
    stop = rng.integers(steps // 2, steps, size=len(x))
    share, jump = neuron.dt / neuron.tau_m, neuron.noise * math.sqrt(2 * neuron.dt / neuron.tau_m)
    rest, onset, kept = held(neuron), neuron.onset, 1 - neuron.dt / neuron.adaptation_tau
    v, waits = rng.uniform(0, 1, len(x)), np.zeros(len(x), dtype=np.int64)
    a = neuron.adapted_by * neuron.value(torch.as_tensor(x)).numpy() if neuron.adapts else np.zeros(len(x))
    for k in range(steps):
        moved = onset.moved(v, x - a, share) + (jump * rng.standard_normal(len(x)) if jump else 0.0)
        v = np.where((waits == 0) & (k < stop), moved, v)
        a = np.where(k < stop, kept * a, a) if neuron.adapts else a
        waits = np.maximum(waits - 1, 0)
        spiked = v > onset.top
        v = np.where(spiked, v - 1 if neuron.reset_rule == "soft" else 0.0, v)
        waits[spiked] = rest
        a = a + neuron.adaptation * spiked if neuron.adapts else a
    return v, a
