"""A low-rank update of frozen synapses: two thin factors, of which the product is added to them."""

from __future__ import annotations

from typing import Any, ClassVar, final

import numpy as np
from jaxtyping import Float
from torch import Tensor

from ..network import Network
from ._afferent import Afferent, ThroughUnits
from ._learned import Here

_ELSEWHERE = "the right factor of its low-rank update is of another kind"  # never read: a fit picks the right one


@final
class UpdateLeft(Afferent):
    """L of W + L R, N x rank numbers, which units the update reaches; it begins at zero, and so the network as drawn.

    On low-rank synapses the update is one of the encoder, W = (E + L R) D with R of rank x K numbers: also a change of
    W of this rank, which leaves the latent D r closed.

    Source: low-rank structure in recurrent networks, Mastrogiuseppe and Ostojic (2018),
    doi:10.1016/j.neuron.2018.07.003.
    """

    name: ClassVar[str] = "update-left"
    variable: ClassVar[str] = "update_left"
    long_name: ClassVar[str] = "left factor of the synaptic update"
    dims: ClassVar[tuple[str, ...]] = ("unit", "rank")

    def neutral(self, net: Network) -> Float[np.ndarray, "unit rank"]:
        """Return zeros, of rank one."""
        return np.zeros((net.units, 1))

    def first(self, net: Network, rank: int, rng: np.random.Generator) -> Float[np.ndarray, "unit rank"]:
        """Return zeros."""
        del rng
        return np.zeros((net.units, rank))

    def place(self, circuit: Any, values: Float[Tensor, "unit rank"]) -> Any:
        """Return the circuit with this factor."""
        return circuit.with_update(left=values)

    def source(self, here: Here, circuit: Any) -> Tensor:
        """Return R r, or R u of a low-rank network."""
        return circuit.sent(*here) @ circuit.right.T

    def sources(self, circuit: Any) -> int:
        """Return the rank."""
        return int(circuit.right.shape[0])


class _Right(ThroughUnits):
    """R of W + L R."""

    def place(self, circuit: Any, values: Float[Tensor, "rank presynaptic"]) -> Any:
        """Return the circuit with this factor."""
        return circuit.with_update(right=values)

    def left(self, circuit: Any) -> Tensor:
        """Return L."""
        return circuit.left

    def source(self, here: Here, circuit: Any) -> Tensor:
        """Return r, or u of a low-rank network."""
        return circuit.sent(*here)

    def sources(self, circuit: Any) -> int:
        """Return the number of units, or of components of a low-rank network."""
        return int(circuit.right.shape[1])


@final
class UpdateRight(_Right):
    """R of W + L R on dense or sparse synapses, rank x N numbers: which units the update listens to."""

    name: ClassVar[str] = "update-right"
    variable: ClassVar[str] = "update_right"
    long_name: ClassVar[str] = "right factor of the synaptic update"
    dims: ClassVar[tuple[str, ...]] = ("rank", "presynaptic")

    def lacks(self, net: Network) -> str:
        """Return that low-rank and feed-forward synapses have another factor."""
        return _ELSEWHERE if net.low_rank or net.feed_forward else ""

    def neutral(self, net: Network) -> Float[np.ndarray, "rank presynaptic"]:
        """Return zeros, of rank one."""
        return np.zeros((1, net.units))

    def first(self, net: Network, rank: int, rng: np.random.Generator) -> Float[np.ndarray, "rank presynaptic"]:
        """Return random directions of about unit length."""
        return rng.standard_normal((rank, net.units)) / np.sqrt(net.units)


@final
class UpdateLatent(_Right):
    """R of (E + L R) D on low-rank synapses, rank x K numbers: which components the update listens to."""

    name: ClassVar[str] = "update-latent"
    variable: ClassVar[str] = "update_latent"
    long_name: ClassVar[str] = "right factor of the update of the encoder"
    dims: ClassVar[tuple[str, ...]] = ("rank", "component")

    def lacks(self, net: Network) -> str:
        """Return that dense and sparse synapses have another factor."""
        return "" if net.low_rank else _ELSEWHERE

    def neutral(self, net: Network) -> Float[np.ndarray, "rank component"]:
        """Return zeros, of rank one."""
        return np.zeros((1, net.components))

    def first(self, net: Network, rank: int, rng: np.random.Generator) -> Float[np.ndarray, "rank component"]:
        """Return random directions of about unit length."""
        return rng.standard_normal((rank, net.components)) / np.sqrt(net.components)


@final
class UpdateInput(_Right):
    """R of W + L R on the weights of the inputs, rank x inputs numbers: which inputs the update listens to."""

    name: ClassVar[str] = "update-input"
    variable: ClassVar[str] = "update_input"
    long_name: ClassVar[str] = "right factor of the update of the weights of the inputs"
    dims: ClassVar[tuple[str, ...]] = ("rank", "input")

    def lacks(self, net: Network) -> str:
        """Return that networks with a state have another factor."""
        return "" if net.feed_forward else _ELSEWHERE

    def neutral(self, net: Network) -> Float[np.ndarray, "rank input"]:
        """Return zeros, of rank one."""
        return np.zeros((1, net.encoder.shape[1]))

    def first(self, net: Network, rank: int, rng: np.random.Generator) -> Float[np.ndarray, "rank input"]:
        """Return random directions of about unit length."""
        inputs = net.encoder.shape[1]
        return rng.standard_normal((rank, inputs)) / np.sqrt(inputs)
