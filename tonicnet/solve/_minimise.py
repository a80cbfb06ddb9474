"""Steps of a method until they no longer help."""

from __future__ import annotations

from jaxtyping import Float
from torch import Tensor

from ._method import Method
from ._residual import Residual


def minimise(
    residual: Residual, theta: Float[Tensor, " number"], method: Method, *, steps: int, stall: float
) -> Float[Tensor, " number"]:
    """Return theta after at most ``steps`` steps; the last one lowers the loss by less than the share ``stall``."""
    here, memory = residual.at(theta), method.begin(theta)
    for _ in range(steps):
        made = method.step(residual, here, memory)
        if made is None:
            break
        before, theta, memory = here.loss, made.theta, made.memory
        here = made.at or residual.at(theta)
        if here.loss > (1 - stall) * before:
            break
    return theta
