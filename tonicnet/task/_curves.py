"""Curves of one input: regressions whose error shows how finely a network can place its hinges.

Source: Cai, Chen and Qiao (2024), arXiv 2407.01033.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from jaxtyping import Float

Curve = Callable[[np.ndarray], np.ndarray]

CURVES: dict[str, tuple[str, Curve]] = {
    "sine": ("-sin(2 pi x) from -1 to 1", lambda x: -np.sin(2 * np.pi * x)),
    "legendre-3": ("(5 x^3 - 3 x) / 2 from -1 to 1", lambda x: (5 * x**3 - 3 * x) / 2),
    "legendre-4": ("(35 x^4 - 30 x^2 + 3) / 8 from -1 to 1", lambda x: (35 * x**4 - 30 * x**2 + 3) / 8),
}
_COUNT = 2000


def sampled(name: str) -> tuple[Float[np.ndarray, "sample input"], Float[np.ndarray, " sample"]]:
    """Return evenly spaced inputs and the values of a curve at them.

    >>> x, y = sampled("legendre-3")
    >>> x.shape, float(y[-1])
    ((2000, 1), 1.0)
    """
    x = np.linspace(-1, 1, _COUNT)
    return x[:, None], CURVES[name][1](x)
