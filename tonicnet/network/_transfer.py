"""Transfer functions: the f-I curve of a unit, with its exact derivative."""

from __future__ import annotations

import hashlib
import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, ClassVar

import torch
from jaxtyping import Float
from torch import Tensor

from ..compiled._curve import CompiledCurve
from ..compiled._curve import both as compiled_both
from ..compiled._curve import value as compiled_value

Curve = Callable[[Tensor], Tensor]


class Transfer(ABC):
    """What every transfer function gives: r = phi(x) and its slope phi'(x), elementwise on tensors.

    ``rate_unit`` is the unit of r, ``spread`` the mean and standard deviation of the tonic inputs a fit
    starts from (broad, so that the units' thresholds tile the space; Cai et al. 2024, arXiv 2407.01033).

    >>> import tonicnet as tn
    >>> isinstance(tn.Tanh(), tn.Transfer), tn.Tanh().rate_unit, tn.LIF().rate_unit
    (True, '1', 'Hz')
    """

    name: ClassVar[str]
    rate_unit: str = "1"
    rate_scale: float = 1.0
    spread: tuple[float, float] = (0.0, 2.0)

    @property
    def adapts(self) -> bool:
        """Whether the response to an input fades: phi is then what it fades to."""
        return False

    @abstractmethod
    def value(self, x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        """Return phi(x)."""

    @abstractmethod
    def slope(self, x: Float[Tensor, "*shape"]) -> Float[Tensor, "*shape"]:
        """Return phi'(x)."""

    def both(self, x: Float[Tensor, "*shape"]) -> tuple[Tensor, Tensor]:
        """Return phi(x) and phi'(x) together, sharing work where there is any."""
        made = compiled_both(self.compiled, x)
        if made is None:
            r = self.value(x)
            made = r, self.slope_beside(x, r)
        return made

    def slope_beside(
        self,
        x: Float[Tensor, "*shape"],
        r: Float[Tensor, "*shape"],  # noqa: ARG002
    ) -> Float[Tensor, "*shape"]:
        """Return phi'(x) where r = phi(x) is known already, from r alone if that is less work."""
        return self.slope(x)

    def compiled(self, dtype: torch.dtype) -> CompiledCurve | None:
        """Return the function in compiled code; None where there is none of it."""
        return CompiledCurve.named(self.name, dtype)

    def to_dict(self) -> dict[str, Any]:
        """Return the name and the parameters, as they stand in a specification."""
        return {"name": self.name, **self.parameters()}

    def parameters(self) -> dict[str, Any]:
        """Return the numbers that define the curve."""
        return {}


@dataclass(frozen=True)
class Tanh(Transfer):
    """phi(x) = tanh(x); signed rates, so no spiking neuron carries it.

    >>> Tanh().value(torch.zeros(1)).item()
    0.0
    """

    name: ClassVar[str] = "tanh"
    spread: ClassVar[tuple[float, float]] = (0.0, 3.0)  # type: ignore[misc]

    def value(self, x: Tensor) -> Tensor:
        """Return tanh(x)."""
        made = compiled_value(self.compiled, x)
        return torch.tanh(x) if made is None else made

    def slope(self, x: Tensor) -> Tensor:
        """Return 1 - tanh(x)^2."""
        return self.slope_beside(x, torch.tanh(x))

    def slope_beside(self, x: Tensor, r: Tensor) -> Tensor:  # noqa: ARG002
        """Return 1 - r^2."""
        return torch.rsub(r * r, 1)


@dataclass(frozen=True)
class Relu(Transfer):
    """phi(x) = max(x, 0), with phi'(0) = 0.

    >>> Relu().slope(torch.tensor([-1.0, 0.0, 2.0])).tolist()
    [0.0, 0.0, 1.0]
    """

    name: ClassVar[str] = "relu"

    def value(self, x: Tensor) -> Tensor:
        """Return max(x, 0)."""
        return torch.relu(x)

    def slope(self, x: Tensor) -> Tensor:
        """Return 1 where x > 0, else 0."""
        return (x > 0).to(x.dtype)


@dataclass(frozen=True)
class Softplus(Transfer):
    """phi(x) = log(1 + exp(x)).

    >>> round(Softplus().value(torch.zeros(1)).item(), 4)
    0.6931
    """

    name: ClassVar[str] = "softplus"

    def value(self, x: Tensor) -> Tensor:
        """Return log(1 + exp(x)), without overflow."""
        made = compiled_value(self.compiled, x)
        return torch.logaddexp(x, torch.zeros_like(x)) if made is None else made

    def slope(self, x: Tensor) -> Tensor:
        """Return 1 / (1 + exp(-x))."""
        return torch.sigmoid(x)


@dataclass(frozen=True)
class Sigmoid(Transfer):
    """phi(x) = 1 / (1 + exp(-x)).

    >>> Sigmoid().slope(torch.zeros(1)).item()
    0.25
    """

    name: ClassVar[str] = "sigmoid"
    spread: ClassVar[tuple[float, float]] = (0.0, 4.0)  # type: ignore[misc]

    def value(self, x: Tensor) -> Tensor:
        """Return 1 / (1 + exp(-x))."""
        return torch.sigmoid(x)

    def slope(self, x: Tensor) -> Tensor:
        """Return phi (1 - phi)."""
        return self.slope_beside(x, torch.sigmoid(x))

    def slope_beside(self, x: Tensor, r: Tensor) -> Tensor:  # noqa: ARG002
        """Return r (1 - r)."""
        return r * (1 - r)


@dataclass(frozen=True)
class Custom(Transfer):
    """A transfer function of one's own: two callables on tensors, phi and its derivative.

    Raises ValueError if the derivative is not the derivative of the function (central differences in
    float64 over [-3, 3]; points beside a kink are left out).

    >>> phi = Custom(torch.sin, torch.cos, label="sine")
    >>> phi.value(torch.zeros(1)).item()
    0.0
    """

    function: Curve
    derivative: Curve
    label: str = "custom"
    name: ClassVar[str] = "custom"

    def __post_init__(self) -> None:
        worst = _worst_slope(self.function, self.derivative, _probe())
        if not worst < 1e-4:
            raise ValueError(
                f"the derivative given for transfer function {self.label!r} is off by {worst:.2g} from central "
                "differences of the function; give phi and phi' as elementwise functions of a tensor"
            )

    def value(self, x: Tensor) -> Tensor:
        """Return the user's phi(x)."""
        return self.function(x)

    def slope(self, x: Tensor) -> Tensor:
        """Return the user's phi'(x)."""
        return self.derivative(x)

    def parameters(self) -> dict[str, Any]:
        """Return the label and a hash of sampled values: a callable itself is never written to a file."""
        sampled = self.function(_probe()).to(torch.float32).numpy(force=True).tobytes()
        return {"label": self.label, "curve": hashlib.sha256(sampled).hexdigest()}


def _probe() -> Tensor:
    return torch.linspace(-3, 3, 61, dtype=torch.float64) + 0.0123


def _worst_slope(function: Curve, derivative: Curve, x: Tensor) -> float:
    """Return the largest gap between a derivative and both one-sided differences, off kinks."""
    h = 1e-5
    before, here, after, given = function(x - h), function(x), function(x + h), derivative(x)
    if any(not isinstance(y, Tensor) or y.shape != x.shape for y in (before, here, after, given)):
        return math.inf
    right, left = (after - here) / h, (here - before) / h
    smooth = (right - left).abs() < 1e-2
    return float(((right + left) / 2 - given).abs()[smooth].max()) if smooth.any() else math.inf
