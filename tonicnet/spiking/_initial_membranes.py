"""Where membranes begin: as they would be found at a random moment of a long run at the starting output."""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float

from .._random import generator
from ..bank import Entry
from ..circuit import circuit_of, placed
from ..network import LIF
from ._external import External
from ._lif_network import LIFNetwork

_MEMORY = 20.0  # membrane time constants after which a neuron has forgotten how it began


def settled_depths(
    model: LIFNetwork, entry: Entry, start: Float[np.ndarray, " component"], external: External, seed: int
) -> Float[np.ndarray, " neuron"]:
    """Return v of every neuron at the starting output and input, in units from reset (0) to threshold (1).

    Membranes that began anywhere else would fire at other rates than their units for the first tens of
    milliseconds, which moves the output before the run has begun.
    """
    rng = generator(seed)
    return at_random_moment(model.lif, starting_input(model, entry, start, external)[model.unit], rng)


def starting_input(
    model: LIFNetwork, entry: Entry, start: Float[np.ndarray, " component"], external: External
) -> Float[np.ndarray, " unit"]:
    """Return what each unit receives where the rate network rests at the starting output, and what is then put in."""
    dynamics = placed(circuit_of(model.net), entry.numbers)
    z = dynamics.circuit.tensor(start[None])
    put_in = dynamics.circuit.tensor(external.first(model.net.components)[None])
    fed = z + put_in if model.net.spec.feedback else put_in
    return model.gains * dynamics.drive(dynamics.state(z), None, fed, closed=0.0).reshape(-1).numpy()


def at_random_moment(neuron: LIF, x: Float[np.ndarray, " neuron"], rng: np.random.Generator) -> np.ndarray:
    """Step neurons at constant inputs as a run does, and stop each at a moment of its own."""
    steps = math.ceil(_MEMORY * neuron.tau_m / neuron.dt)
    stop = rng.integers(steps // 2, steps, size=len(x))
    share, jump = neuron.dt / neuron.tau_m, neuron.noise * math.sqrt(2 * neuron.dt / neuron.tau_m)
    rest = max(math.floor(neuron.refractory / neuron.dt + 1e-3) - 1, 0)
    v, held = rng.uniform(0, 1, len(x)), np.zeros(len(x), dtype=np.int64)
    for k in range(steps):
        moved = v + share * (x - v) + (jump * rng.standard_normal(len(x)) if jump else 0.0)
        v = np.where((held == 0) & (k < stop), moved, v)
        held = np.maximum(held - 1, 0)
        spiked = v > 1
        v = np.where(spiked, v - 1 if neuron.reset_rule == "soft" else 0.0, v)
        held[spiked] = rest
    return v
