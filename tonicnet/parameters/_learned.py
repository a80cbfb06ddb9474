"""The contract of learned numbers: how they enter the sum D r, and a run of rates.

The numbers are learned as one flat vector theta. All that learning needs of them is how they enter the sum D r that the
output, or the latent of a low-rank network, receives:

    d(D r)_k / d theta = sum_n D_kn dr_n / d theta                (numbers of units)
    d(D r)_k / d D_kn  = r_n                                      (the decoder itself)
    d(D r)_k / d E_nj  = D_kn (dr/dh)_n u_j                       (the encoder, with input u)

Each is a ``feature`` (dr/dtheta, r, or dr/dh times u: one column for each unit, or several) times what
:meth:`Learned.gather` puts round it, so that one residual serves all of them.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import torch
from jaxtyping import Float
from torch import Tensor


class Response(NamedTuple):
    """The rates of units at some inputs h, dr/dh (``through``), and dr/dt of each set that is learned (``touch``)."""

    rate: Float[Tensor, "*any unit"]
    through: Float[Tensor, "*any unit"]
    touch: Mapping[str, Float[Tensor, "*any unit"]] = {}


Inner = Callable[[Tensor], Response]
Values = Callable[[Tensor], Tensor]


class Here(NamedTuple):
    """Where a response is taken: a state, what is fed beside it, and the share of its own output that is fed back."""

    state: Float[Tensor, "row state"]
    fed: Float[Tensor, "row component"] | None = None
    closed: float = 1.0


class Factors(NamedTuple):
    """A feature in two factors, its column of unit n and source j being units_n sources_j; without sources, units."""

    units: Float[Tensor, "*any sample column"]
    sources: Float[Tensor, "*any sample source"] | None = None

    def map(self, change: Callable[[Tensor], Tensor]) -> Factors:
        """Return what becomes of both factors."""
        return Factors(change(self.units), None if self.sources is None else change(self.sources))


class Learned(ABC):
    """Numbers that may be learned while all else is frozen; ``circuit`` is always the one that holds them.

    ``linear`` says whether D r is linear in them at a given input of the units.
    """

    linear: bool = False

    @property
    @abstractmethod
    def reads(self) -> tuple[str, ...]:
        """What compiled windows must keep of the units for :meth:`feature`; empty where that is not enough."""

    @abstractmethod
    def columns(self, circuit: Any) -> int:
        """Return how many columns the feature has."""

    @abstractmethod
    def feature(self, response: Response, here: Here, circuit: Any) -> Float[Tensor, "*any column"]:
        """Return what the numbers multiply at each unit, up to :meth:`gather`."""

    @abstractmethod
    def feature_of_rates(self, response: Response, here: Here, circuit: Any) -> Any:
        """Return the feature that :meth:`touched` takes at a stage of a run of rates."""

    @abstractmethod
    def gather(self, sums: Float[Tensor, "*any component column"], circuit: Any) -> Float[Tensor, "*any number"]:
        """Return J'u from sums over samples of u_k feature_c, (..., component, column)."""

    def factor_columns(self, circuit: Any) -> int:
        """Return how many columns the factors of the feature have."""
        return self.columns(circuit)

    def factored(self, response: Response, here: Here, circuit: Any) -> tuple[Factors, ...]:
        """Return the feature in factors, one pair for each set of numbers."""
        return (Factors(self.feature(response, here, circuit)),)

    def pulled(
        self, left: Float[Tensor, "*any row component sample"], factors: tuple[Factors, ...], circuit: Any
    ) -> Float[Tensor, "*any row number"]:
        """Return J'u of rows u: :meth:`gather` of their sums over samples, of a feature that is given in factors."""
        (factor,) = factors
        sums = left.flatten(-3, -2) @ factor.units
        return self.gather(sums.unflatten(-2, left.shape[-3:-1]), circuit)

    @abstractmethod
    def scatter(self, change: Float[Tensor, " number"], circuit: Any) -> Float[Tensor, "component column"]:
        """Return V of a change of theta, with which J v = sum_c feature_c V_kc."""

    @abstractmethod
    def rows(self, feature: Float[Tensor, "sample column"], circuit: Any) -> Float[Tensor, "sample component number"]:
        """Return the Jacobian of D r at some samples."""

    def curvature(self, gram: Float[Tensor, "column column"], circuit: Any) -> Float[Tensor, "number number"]:
        """Return J'J of D r from the Gram matrix F'F of the features; ``gram`` may be used up.

        J_k = F G_k for each component, and :meth:`gather` applies G_k': J'J = sum_k G_k' (F'F) G_k.
        """
        components = circuit.out.shape[1]
        each = [self.within(self.within(gram, k, circuit).mT, k, circuit) for k in range(components)]
        return torch.stack(each).sum(0)

    def within(self, sums: Float[Tensor, "row column"], k: int, circuit: Any) -> Float[Tensor, "row number"]:
        """Return G_k' of each row: :meth:`gather` where only component k is not zero."""
        padded = sums.new_zeros(len(sums), circuit.out.shape[1], sums.shape[1])
        padded[:, k] = sums
        return self.gather(padded, circuit)

    @abstractmethod
    def diagonal(self, feature: Float[Tensor, "sample column"], circuit: Any) -> Float[Tensor, " number"]:
        """Return the diagonal of J'J, summed over some samples."""

    @abstractmethod
    def touched(
        self,
        kappa: Float[Tensor, "window row unit"],
        local: Float[Tensor, "window row unit"],
        feature: Any,
        circuit: Any,
        closed: float,
    ) -> Float[Tensor, "window row number"]:
        """Return what one stage of a run of rates adds to rows of a Jacobian.

        ``kappa`` is the adjoint of the response, ``local`` = kappa o dr/dh that of its input, ``closed`` the share of
        its own output that the network is fed.
        """

    def read_out(
        self, seed: Float[Tensor, "window row component"], rates: Float[Tensor, "window unit"], circuit: Any
    ) -> Float[Tensor, "window row number"] | None:
        """Return what the readout D r itself adds to rows of a Jacobian; None where D is frozen."""
        del seed, rates, circuit
        return None
