"""What enters the units of a spiking run from outside, beside synapses and tonic inputs: inputs u(t), and noise.

    I_i = g_L V (... + E_i (z + u) + eta_i),
    eta_i(t + dt) = k eta_i(t) + sqrt(1 - k^2) noise n_i(t),   k = exp(-dt / tau)

Inputs are held during each sample of the run, as :func:`tonicnet.simulate` holds them during each step. The noise of a
unit is an Ornstein-Uhlenbeck process of correlation time tau, as it is there, exact at the neuron's own step; all
neurons of a unit receive it. It is another one than the white noise of their membranes, which each neuron has its own
of.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from jaxtyping import Float

from ..bank import Segment
from ..simulate import given_inputs, given_noise
from . import _equations as eqs
from ._lif_network import LIFNetwork
from .exported.membrane_noise import SEEDS, brian2_normal, normal

_BEFORE = -1  # the step whose noise is there when a run begins


@dataclass(frozen=True)
class External:
    """Inputs and noise of one trial.

    ``rows`` are u in the network's coordinates, one row a sample, None where nothing is given; ``noise`` is the
    standard deviation of each unit's input noise, in the transfer function's input unit.
    """

    rows: Float[np.ndarray, "sample component"] | None = None
    noise: float = 0.0

    @property
    def driven(self) -> bool:
        """Whether there are inputs."""
        return self.rows is not None

    @property
    def fluctuating(self) -> bool:
        """Whether there is noise."""
        return self.noise > 0

    def first(self, components: int) -> Float[np.ndarray, " component"]:
        """Return what is put in when the run begins."""
        return np.zeros(components) if self.rows is None else self.rows[0]


def externals(
    inputs: Any, noise: float, segments: list[Segment], step: float, trials: int, components: int
) -> list[External]:
    """Return what each trial receives; ``inputs`` are in the units of the task in force, and divided by its scale.

    Raises ValueError as :func:`tonicnet.simulate` does.
    """
    noise, u = given_noise(noise), given_inputs(inputs, segments, step, trials, components)
    if u is None:
        return [External(None, noise)] * trials
    scale = np.repeat([s.entry.scale for s in segments], [s.steps(step) for s in segments], axis=0)
    return [External(rows / scale, noise) for rows in u]


def check_one_task(inputs: Any, names: Sequence[str | None]) -> None:
    """Refuse inputs that would be given to several tasks at once; raise ValueError."""
    if inputs is not None and len(names) > 1:
        raise ValueError(f"inputs are those of one task, and there are {len(names)}; say which by task=")


def noise_kept(tau: float, dt: float) -> float:
    """Return k: what is left of the input noise after a step."""
    return math.exp(-dt / tau)


def noise_sizes(model: LIFNetwork, external: External) -> Float[np.ndarray, " unit"]:
    """Return the standard deviation of the noise that each unit receives, its input gain included."""
    return external.noise * model.gains


def starting_noise(model: LIFNetwork, external: External, seed: int) -> Float[np.ndarray, " unit"]:
    """Return the input noise of each unit when a run begins: a draw of the process, which is stationary."""
    return noise_sizes(model, external) * normal(-1 - np.arange(model.net.units), _BEFORE, seed % SEEDS)


def external_groups(
    components: int, units: int, kept: float, clock: Any, *, driven: bool, fluctuating: bool
) -> dict[str, Any]:
    """Return the Brian2 groups that hold inputs and noise, no numbers in them yet."""
    groups = {}
    if driven:
        groups["inputs"] = _group(components, eqs.INPUTS, clock, "inputs", {})
    if fluctuating:
        group = _group(units, eqs.INPUT_NOISE, clock, "input_noise", {"kept": kept, "normal": brian2_normal()})
        group.run_regularly(eqs.NEXT_NOISE, when="before_groups", clock=clock, name="input_noise_step")
        groups["input_noise"] = group
    return groups


def _group(size: int, text: str, clock: Any, name: str, namespace: dict[str, Any]) -> Any:
    import brian2 as b2

    return b2.NeuronGroup(size, text, clock=clock, name=name, namespace=namespace)


def live_external(
    model: LIFNetwork, external: External, clock: Any, *, step: float, seed: int
) -> tuple[dict[str, Any], list[Any]]:
    """Return the groups of a live network, filled, and the operations that change them in the course of a run."""
    groups = external_groups(
        model.net.components, model.net.units, noise_kept(model.net.tau, model.lif.dt), clock,
        driven=external.driven, fluctuating=external.fluctuating,
    )  # fmt: skip
    if external.fluctuating:
        noise = groups["input_noise"]
        noise.size_[:], noise.noise_seed = noise_sizes(model, external), seed % SEEDS
        noise.eta_[:] = starting_noise(model, external, seed)
    feed = [] if external.rows is None else [_feed(groups["inputs"], external.rows, step)]
    return groups, feed


def _feed(group: Any, rows: Float[np.ndarray, "sample component"], step: float) -> Any:
    """Return the operation that puts in the row of each sample when it begins; the last one stays.

    It is no TimedArray, whose length is part of the code, so that inputs of another length would be compiled again.
    """
    import brian2 as b2

    return b2.NetworkOperation(_putting(group, rows, step), dt=step * b2.second, when="before_groups", name="feed")


def _putting(group: Any, rows: np.ndarray, step: float) -> Callable[[Any], None]:
    def put(t: Any) -> None:
        group.u_[:] = rows[min(round(float(np.asarray(t)) / step), len(rows) - 1)]

    return put
