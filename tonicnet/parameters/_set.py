"""The contracts of parameter sets: numbers of each unit, and numbers of the synapses.

The numbers of a set are learned as one flat vector theta. All that learning needs of a set is how its numbers enter
the sum D r that the output, or the latent of a low-rank network, receives:

    d(D r)_k / d theta = sum_n D_kn dr_n / d theta      (numbers of units)
    d(D r)_k / d D_kn  = r_n                            (the decoder itself)

Both are a ``feature`` of each unit (dr/dtheta, or r) times what :meth:`ParameterSet.gather` puts round it, so one
residual serves all of them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Any, ClassVar, NamedTuple

import numpy as np
from jaxtyping import Float
from torch import Tensor

from ..network import Network


class Response(NamedTuple):
    """The rates of units at some inputs h, dr/dh (``through``), and dr/dtheta of the learned numbers (``touch``)."""

    rate: Float[Tensor, "*any unit"]
    through: Float[Tensor, "*any unit"]
    touch: Float[Tensor, "*any unit"] | None = None


Inner = Callable[[Tensor], Response]
Values = Callable[[Tensor], Tensor]


class ParameterSet(ABC):
    """A set of numbers of a network that may be learned while all else is frozen.

    ``variable`` is its name in a bank, with ``dims`` behind ``task``; ``threshold``
    says whether a spiking neuron carries the number as its threshold.
    """

    name: ClassVar[str]
    variable: ClassVar[str]
    long_name: ClassVar[str]
    dims: ClassVar[tuple[str, ...]]
    threshold: ClassVar[bool] = False
    compiled_feature: ClassVar[str] = ""  # what compiled runs call the feature; empty where they do not give it

    @abstractmethod
    def neutral(self, net: Network) -> Float[np.ndarray, "*shape"]:
        """Return the numbers with which the network is as it was drawn, without tonic input."""

    @abstractmethod
    def place(self, circuit: Any, values: Float[Tensor, "*shape"]) -> Any:
        """Return the circuit with these numbers in its synapses; the same circuit if they are not in its synapses."""

    @abstractmethod
    def feature(self, response: Response) -> Float[Tensor, "*any unit"]:
        """Return what the numbers of the set multiply at each unit, up to :meth:`gather`."""

    @abstractmethod
    def feature_of_rates(self, response: Response, state: Float[Tensor, "window unit"]) -> Float[Tensor, "window unit"]:
        """Return the feature that :meth:`touched` takes at a stage of a run of rates that are ``state`` there."""

    @abstractmethod
    def gather(
        self, sums: Float[Tensor, "*any component unit"], out: Float[Tensor, "unit component"]
    ) -> Float[Tensor, "*any number"]:
        """Return J'u from sums over samples of u_k feature_n, (..., component, unit)."""

    @abstractmethod
    def scatter(
        self, change: Float[Tensor, " number"], out: Float[Tensor, "unit component"]
    ) -> Float[Tensor, "component unit"]:
        """Return V of a change of theta, with which J v = sum_n feature_n V_kn."""

    @abstractmethod
    def rows(
        self, feature: Float[Tensor, "sample unit"], out: Float[Tensor, "unit component"]
    ) -> Float[Tensor, "sample component number"]:
        """Return the Jacobian of D r at some samples."""

    @abstractmethod
    def curvature(
        self, gram: Float[Tensor, "unit unit"], out: Float[Tensor, "unit component"]
    ) -> Float[Tensor, "number number"]:
        """Return J'J of D r from the Gram matrix F'F of the features; ``gram`` may be used up."""

    @abstractmethod
    def diagonal(
        self, squares: Float[Tensor, " unit"], out: Float[Tensor, "unit component"]
    ) -> Float[Tensor, " number"]:
        """Return the diagonal of J'J from the sums of squares of the features."""

    @abstractmethod
    def touched(
        self,
        kappa: Float[Tensor, "window row unit"],
        local: Float[Tensor, "window row unit"],
        feature: Float[Tensor, "window unit"],
        circuit: Any,
        closed: float,
    ) -> Float[Tensor, "window row number"]:
        """Return what one stage of a run of rates adds to rows of a Jacobian.

        ``kappa`` is the adjoint of the response, ``local`` = kappa o dr/dh that of its input, ``closed`` the share of
        its own output that the network is fed.
        """

    def read_out(
        self, seed: Float[Tensor, "window row component"], rates: Float[Tensor, "window unit"]
    ) -> Float[Tensor, "window row number"] | None:
        """Return what the readout D r itself adds to rows of a Jacobian; None where D is frozen."""
        del seed, rates
        return None


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
        """Return rates and derivatives; ``touch`` is dr/dt if ``learned``, else that of a set further inside."""

    def place(self, circuit: Any, values: Tensor) -> Any:
        """Return the circuit itself."""
        del values
        return circuit

    def feature(self, response: Response) -> Tensor:
        """Return dr/dt."""
        assert response.touch is not None
        return response.touch

    def feature_of_rates(self, response: Response, state: Tensor) -> Tensor:
        """Return dr/dt."""
        del state
        return self.feature(response)

    def gather(self, sums: Tensor, out: Tensor) -> Tensor:
        """Return sum_k D_kn (sum u_k dr_n/dt_n)."""
        total = sums[..., 0, :] * out[:, 0]
        for k in range(1, out.shape[1]):
            total.addcmul_(sums[..., k, :], out[:, k])
        return total

    def scatter(self, change: Tensor, out: Tensor) -> Tensor:
        """Return D_kn v_n."""
        return change * out.T

    def rows(self, feature: Tensor, out: Tensor) -> Tensor:
        """Return D_kn dr_n/dt_n."""
        return feature[:, None, :] * out.T

    def curvature(self, gram: Tensor, out: Tensor) -> Tensor:
        """Return (T'T) o (D'D)."""
        return gram.mul_(out @ out.T)

    def diagonal(self, squares: Tensor, out: Tensor) -> Tensor:
        """Return |D_n|^2 sum (dr_n/dt_n)^2."""
        return squares * out.square().sum(1)

    def touched(self, kappa: Tensor, local: Tensor, feature: Tensor, circuit: Any, closed: float) -> Tensor:
        """Return kappa o dr/dt."""
        del local, circuit, closed
        return kappa * feature.to(kappa.dtype)[:, None]


class Synaptic(ParameterSet):
    """Numbers of the synapses, which :meth:`place` puts into a circuit."""
