"""The contracts of parameter sets: numbers of each unit, and numbers of the synapses."""

from __future__ import annotations

from abc import abstractmethod
from typing import Any, ClassVar

import numpy as np
from jaxtyping import Float
from torch import Tensor

from ..network import Network
from ._learned import Here, Inner, Learned, Response, Values


class ParameterSet(Learned):
    """A set of numbers of a network that may be learned while all else is frozen.

    ``variable`` is its name in a bank, with ``dims`` behind ``task``; ``threshold``
    says whether a spiking neuron carries the number as its threshold.
    """

    name: ClassVar[str]
    variable: ClassVar[str]
    long_name: ClassVar[str]
    dims: ClassVar[tuple[str, ...]]
    threshold: ClassVar[bool] = False
    signed: ClassVar[bool] = False  # whether a negative number is another kind of unit, so that signs may be held

    @abstractmethod
    def neutral(self, net: Network) -> Float[np.ndarray, "*shape"]:
        """Return the numbers with which the network is as it was drawn, without tonic input."""

    def first(self, net: Network, rank: int, rng: np.random.Generator) -> Float[np.ndarray, "*shape"]:
        """Return the numbers from which learning starts: those of the network as it was drawn."""
        del rank, rng
        return self.neutral(net)

    def lacks(self, net: Network) -> str:
        """Return what a network lacks for these numbers, and what would work; nothing where it can have them."""
        del net
        return ""

    def decoder_weights(self, net: Network) -> Float[np.ndarray, " number"] | None:
        """Return p with |D|^2 = sum p theta^2 for the decoder that the numbers make; None if they make none."""
        del net
        return None

    @abstractmethod
    def place(self, circuit: Any, values: Float[Tensor, "*shape"]) -> Any:
        """Return the circuit with these numbers in its synapses; the same circuit if they are not in its synapses."""


class PerUnit(ParameterSet):
    """One number t for each unit, which acts on its input or on its rate."""

    dims: ClassVar[tuple[str, ...]] = ("unit",)

    def onto(self, t: Float[Tensor, " unit"]) -> Float[Tensor, " unit"] | None:
        """Return what the numbers add to the input of each unit; None if they act in another way."""
        del t
        return None

    @abstractmethod
    def rate(self, inner: Values, h: Float[Tensor, "*any unit"], t: Float[Tensor, " unit"]) -> Tensor:
        """Return the rates at inputs h (with :meth:`onto` in them) of units whose response without t is ``inner``."""

    @abstractmethod
    def respond(
        self, inner: Inner, h: Float[Tensor, "*any unit"], t: Float[Tensor, " unit"], learned: bool
    ) -> Response:
        """Return rates and derivatives; to ``touch`` of the sets further inside, dr/dt is added if ``learned``."""

    def place(self, circuit: Any, values: Tensor) -> Any:
        """Return the circuit itself."""
        del values
        return circuit

    def columns(self, circuit: Any) -> int:
        """Return the number of units."""
        return int(circuit.out.shape[0])

    def feature(self, response: Response, here: Here, circuit: Any) -> Tensor:
        """Return dr/dt."""
        del here, circuit
        return response.touch[self.name]

    def feature_of_rates(self, response: Response, here: Here, circuit: Any) -> Tensor:
        """Return dr/dt."""
        return self.feature(response, here, circuit)

    def gather(self, sums: Tensor, circuit: Any) -> Tensor:
        """Return sum_k D_kn (sum u_k dr_n/dt_n)."""
        out = circuit.out
        total = sums[..., 0, :] * out[:, 0]
        for k in range(1, out.shape[1]):
            total.addcmul_(sums[..., k, :], out[:, k])
        return total

    def within(self, sums: Tensor, k: int, circuit: Any) -> Tensor:
        """Return D_kn times each row."""
        return sums * circuit.out[:, k]

    def scatter(self, change: Tensor, circuit: Any) -> Tensor:
        """Return D_kn v_n."""
        return change * circuit.out.T

    def rows(self, feature: Tensor, circuit: Any) -> Tensor:
        """Return D_kn dr_n/dt_n."""
        return feature[:, None, :] * circuit.out.T

    def curvature(self, gram: Tensor, circuit: Any) -> Tensor:
        """Return (T'T) o (D'D)."""
        return gram.mul_(circuit.out @ circuit.out.T)

    def diagonal(self, feature: Tensor, circuit: Any) -> Tensor:
        """Return |D_n|^2 sum (dr_n/dt_n)^2."""
        return feature.square().sum(0) * circuit.out.square().sum(1)

    def touched(self, kappa: Tensor, local: Tensor, feature: Any, circuit: Any, closed: float) -> Tensor:
        """Return kappa o dr/dt."""
        del local, circuit, closed
        return kappa * feature.to(kappa.dtype)[:, None]


class Synaptic(ParameterSet):
    """Numbers of the synapses, which :meth:`place` puts into a circuit."""
