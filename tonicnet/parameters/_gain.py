"""The input gain of each unit: r = phi(t h)."""

from __future__ import annotations

from typing import ClassVar, final

import numpy as np
from jaxtyping import Float
from torch import Tensor

from ..network import Network
from ._learned import Inner, Response, Values
from ._set import PerUnit


@final
class Gain(PerUnit):
    """r = phi(t h), h the whole input of a unit, its tonic input included: t is the slope of its f-I curve.

    Source: gain modulation as a means of control, Stroud, Porter, Hennequin and Vogels (2018),
    doi:10.1038/s41593-018-0276-0.
    """

    name: ClassVar[str] = "gain"
    variable: ClassVar[str] = "gain"
    reads: ClassVar[tuple[str, ...]] = ("gain",)
    long_name: ClassVar[str] = "input gain"
    signed: ClassVar[bool] = True

    def neutral(self, net: Network) -> Float[np.ndarray, " unit"]:
        """Return a gain of one."""
        return np.ones(net.units)

    def rate(self, inner: Values, h: Tensor, t: Tensor) -> Tensor:
        """Return phi(t h)."""
        return inner(t * h)

    def respond(self, inner: Inner, h: Tensor, t: Tensor, learned: bool) -> Response:
        """Return phi(t h), t phi'(t h) and h phi'(t h)."""
        rate, slope, touch = inner(t * h)
        return Response(rate, t * slope, {**touch, self.name: h * slope} if learned else touch)
