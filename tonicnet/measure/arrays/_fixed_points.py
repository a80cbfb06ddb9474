"""Fixed and slow points on plain functions: where a flow stands still, or nearly."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Bool, Complex, Float, Num

from ..._numbers import positive, whole
from ...circuit import Field
from ...solve import zeros
from ._door import door, field, not_negative, slope, states

_MARGINAL = 1e-3  # share of the fastest rate below which growth counts as neither


class FixedPoints(NamedTuple):
    """Points found, the speed |F| left at each, whether it is only slow, its eigenvalues, the share of starts."""

    location: Float[np.ndarray, "point state"]
    residual: Float[np.ndarray, " point"]
    slow: Bool[np.ndarray, " point"]
    eigenvalue: Complex[np.ndarray, "point mode"]
    starts: Float[np.ndarray, " point"]


@door(flow=field, jacobian=slope, starts=states, tolerance=positive, slow=not_negative, apart=not_negative, steps=whole)
def fixed_points_of(
    flow: Field,
    jacobian: Field,
    starts: Float[np.ndarray, "start state"],
    *,
    tolerance: float = 1e-8,
    slow: float = 0.0,
    apart: float = 0.01,
    steps: int = 200,
) -> FixedPoints:
    """Return the points where dx/dt = f(x) stands still, and those where it is slowest, from many starts at once.

        x <- x - (J'J + l m)^-1 J' f(x),   m = mean diag(J'J),   l smaller after a fall of |f|, larger after a rise

    This damped Newton's method ends at zeros of f, which it finds whether they are stable or not, or at local
    minima of the speed |f|: a zero where |f| < ``tolerance``, a slow point where it stays above but below ``slow``.

    Arguments: ``flow`` and ``jacobian``, functions of states (row, d) that return (row, d) and (row, d, d);
    ``starts`` (start, d); points nearer than ``apart`` (root mean square over the d variables) are one;
    ``steps`` at most. Returns points, zeros before slow ones, the most often reached first, with the eigenvalues of
    the Jacobian there, fastest growing first. Raises ValueError for starts that are not finite.
    Source: Sussillo and Barak (2013), doi:10.1162/NECO_a_00409; Marquardt (1963), doi:10.1137/0111030.

    >>> import numpy as np
    >>> from tonicnet.measure import fixed_points_of
    >>> starts = np.linspace(-2, 2, 9)[:, None]
    >>> found = fixed_points_of(lambda x: x - x**3, lambda x: (1 - 3 * x**2)[:, :, None], starts)
    >>> sorted(found.location.ravel().round(6).tolist())
    [-1.0, 0.0, 1.0]
    """
    ends, speed, minimal = zeros(flow, jacobian, starts, tolerance=tolerance, steps=steps)
    kept, share = _distinct(ends, speed, (speed < tolerance) | (minimal & (speed < slow)), tolerance, apart)
    ends, speed = ends[kept], speed[kept]
    values = [np.linalg.eigvals(np.asarray(jacobian(e[None]))[0]).astype(np.complex128) for e in ends]
    ranked = [v[np.argsort(-v.real, kind="stable")] for v in values]
    eigenvalue = np.array(ranked, dtype=np.complex128).reshape(len(ends), starts.shape[1])
    return FixedPoints(ends, speed, speed >= tolerance, eigenvalue, share)


def _distinct(
    x: Float[np.ndarray, "start state"], speed: np.ndarray, good: np.ndarray, tolerance: float, apart: float
) -> tuple[list[int], Float[np.ndarray, " point"]]:
    """Return one start of each distinct end, zeros before slow points, and the share of all starts that end there."""
    kept: list[int] = []
    count: list[int] = []
    for i in np.flatnonzero(good)[np.argsort(speed[good], kind="stable")]:
        gap = np.sqrt(((x[kept] - x[i]) ** 2).mean(axis=1)) if kept else np.empty(0)
        if len(gap) and gap.min() < apart:
            count[int(gap.argmin())] += 1
        else:
            kept.append(int(i))
            count.append(1)
    order = sorted(range(len(kept)), key=lambda n: (speed[kept[n]] >= tolerance, -count[n]))
    return [kept[n] for n in order], np.array([count[n] / len(x) for n in order])


def stability(eigenvalue: Num[np.ndarray, " mode"], *, discrete: bool = False) -> str:
    """Return what kind of point has these eigenvalues, of a flow or (``discrete``) of a map.

    By the signs of the growth (real part, or log modulus) and by whether the leading growing and decaying
    eigenvalues turn; "marginal" where the slowest is below a thousandth of the fastest.

    >>> import numpy as np
    >>> stability(np.array([1.0, -2.0])), stability(np.array([-0.1 + 3j, -0.1 - 3j])), stability(np.array([1e-9, -1.0]))
    ('saddle', 'stable focus', 'marginal')
    """
    growth = growth_rate(eigenvalue, discrete=discrete)
    if np.abs(growth).min() < _MARGINAL * np.abs(growth[np.isfinite(growth)]).max(initial=0.0):
        return "marginal"
    up, down = growth > 0, growth <= 0
    leading = [eigenvalue[side][np.argmin(np.abs(growth[side]))] for side in (up, down) if side.any()]
    turning = any(abs(v.imag) > 1e-9 * abs(v) for v in leading)
    if up.any() and down.any():
        return "saddle-focus" if turning else "saddle"
    return f"{'unstable' if up.any() else 'stable'} {'focus' if turning else 'node'}"


def growth_rate(eigenvalue: Num[np.ndarray, "*any"], *, discrete: bool) -> Float[np.ndarray, "*any"]:
    """Return how fast each eigenvalue grows: its real part, or for a map the logarithm of its modulus."""
    with np.errstate(divide="ignore"):
        return np.log(np.abs(eigenvalue)) if discrete else np.real(eigenvalue).astype(np.float64)
