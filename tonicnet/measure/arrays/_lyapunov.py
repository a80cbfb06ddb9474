"""Lyapunov exponents on plain functions: how fast small displacements grow along a trajectory."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from jaxtyping import Float

from ..._names import shown
from ..._numbers import positive, whole
from ..._random import generator
from ..._weight import check_end
from ...circuit import Bundle, Field, Variation
from ._door import axes, door, field, flag, not_negative, slope, states
from ._standard_error import pieces_in, standard_error

_RENEWALS = 10  # in a trial at least


class Exponents(NamedTuple):
    """Leading exponents, their standard errors, those of each trial alone, and the Kaplan-Yorke dimension."""

    values: Float[np.ndarray, " mode"]
    error: Float[np.ndarray, " mode"]
    local: Float[np.ndarray, "trial mode"]
    kaplan_yorke: float
    kaplan_yorke_error: float


@door(
    flow=field,
    jacobian=slope,
    duration=positive,
    dt=positive,
    k=whole,
    start=states,
    transient=not_negative,
    every=whole,
    discrete=flag,
)
def lyapunov_spectrum_of(
    flow: Field,
    jacobian: Field,
    start: Float[np.ndarray, "trial state"],
    *,
    duration: float,
    dt: float,
    k: int | None = None,
    transient: float = 0.0,
    every: int = 1,
    discrete: bool = False,
    seed: int = 0,
) -> Exponents:
    """Return the leading Lyapunov exponents of dx/dt = f(x) by QR of the variational equation.

        dV/dt = f'(x) V,   V_n = Q_n R_n,   lambda_j = sum_n log |R_n,jj| / duration

    Classical Runge-Kutta of order 4 for state and displacements together; orthonormalised every ``every``
    steps. Displacements are led into the right directions for ``transient`` before they count. Standard
    errors are from the scatter of trials and from what trials have in common in the course of time, so that they hold
    too where all start near one state; one trial, or a few, are cut into pieces of time. They hold where ``duration``
    is several times the system's memory, and do not tell the error of the step ``dt``.

    Arguments: ``flow`` and ``jacobian``, functions of states (trial, d) that return (trial, d) and
    (trial, d, d); ``start`` (trial, d); ``duration`` of each trial, ``transient`` and step ``dt`` in the
    flow's time; ``k`` exponents (all if not given); ``discrete``: the map x' = x + dt f(x) instead.
    Returns exponents per unit of time, largest first. Raises ValueError for a duration too short for the
    blocks, states that leave the finite numbers, a Jacobian of the wrong shape.
    Source: Benettin et al. (1980), doi:10.1007/BF02128236; Kaplan and Yorke (1979), doi:10.1007/BFb0064319; of the
    errors, Schruben (1983), doi:10.1287/opre.31.6.1090.

    >>> import numpy as np
    >>> from tonicnet.measure import lyapunov_spectrum_of
    >>> a = np.diag([0.5, -1.0])
    >>> found = lyapunov_spectrum_of(lambda x: x @ a, lambda x: np.broadcast_to(a, (len(x), 2, 2)),
    ...     np.zeros((1, 2)), duration=10.0, transient=20.0, dt=0.01)
    >>> found.values.round(6).tolist(), round(found.kaplan_yorke, 6)
    ([0.5, -1.0], 1.5)
    """
    count = start.shape[1] if k is None else k
    if count > start.shape[1]:
        raise ValueError(
            f"k={shown(k)} exponents do not fit a state of {start.shape[1]} variables; take {start.shape[1]} at most"
        )
    motion = Variation.of(flow, jacobian, dt, discrete=discrete)
    grown = growth_of(motion, start, count, round(transient / dt), round(duration / dt), every=every, seed=seed)
    return exponents_of(grown, every * dt)


def growth_of(
    motion: Variation, x: Float[np.ndarray, "trial state"], k: int, transient: int, steps: int, *, every: int, seed: int
) -> Float[np.ndarray, "renewal trial mode"]:
    """Return log |R_jj| of every orthonormalisation, one each ``every`` steps, after ``transient`` steps."""
    least = every * least_renewals(len(x))
    check_end(steps + transient, "ask for a shorter duration or transient")
    if steps < least:
        raise ValueError(
            f"too short: {steps} steps of {motion.dt:g} in each of {len(x)} trials; standard errors need blocks of the "
            f"run, so take at least {least} steps ({least * motion.dt:g} time units)"
        )
    rng = generator(seed)
    now, _ = _renewed(Bundle(x, rng.standard_normal((len(x), k, x.shape[1]))))
    skipped = max(1, transient // every)
    grown = motion.growth(now, skipped + steps // every, every)
    logs = _grown(motion, now, skipped + steps // every, every) if grown is None else grown
    return np.asarray(logs)[skipped:]


def _grown(motion: Variation, now: Bundle, renewals: int, every: int) -> list[np.ndarray]:
    logs = []
    with np.errstate(over="ignore", invalid="ignore"):
        for n in range(renewals):
            now, grown = _renewed(_carried(motion, now, every))
            if not np.isfinite(now.x).all():
                raise ValueError(
                    f"the state is not finite from time {(n + 1) * every * motion.dt:.6g} on (transient included); "
                    "use a smaller dt, or start nearer the attractor"
                )
            logs.append(grown)
    return logs


def least_renewals(trials: int) -> int:
    """Return how many orthonormalisations each trial needs at least."""
    return max(_RENEWALS, pieces_in(trials))


def _carried(motion: Variation, now: Bundle, steps: int) -> Bundle:
    for _ in range(steps):
        now = motion.step(now)
    return now


def _renewed(now: Bundle) -> tuple[Bundle, Float[np.ndarray, "trial mode"]]:
    """Orthonormalise displacements, and return how much each has grown, as logarithms."""
    with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
        q, r = np.linalg.qr(now.v.swapaxes(1, 2))
        grown = np.log(np.abs(np.diagonal(r, axis1=1, axis2=2)))
    return Bundle(now.x, np.ascontiguousarray(q.swapaxes(1, 2))), grown


def exponents_of(grown: Float[np.ndarray, "renewal trial mode"], interval: float) -> Exponents:
    """Return exponents from the growth in each interval, with their standard errors."""
    cut = pieces_in(grown.shape[1])
    rates = grown[len(grown) % cut :] / interval
    rates = rates[:, :, np.argsort(-rates.mean(axis=(0, 1)))]
    values, error = rates.mean(axis=(0, 1)), standard_error(rates, cut)
    zero = 3 * error + 1 / (len(rates) * interval)  # what a finite run leaves of an exponent that is 0
    known, certain = _counted(values, zero)
    dimension = kaplan_yorke_of(known)
    spread = np.nan if np.isnan(dimension) else _spread(rates, np.where(certain, 0.0, _slope(known)), cut)
    return Exponents(values, error, rates.mean(axis=0), dimension, spread)


@door(exponents=axes("mode"), zero=not_negative)
def kaplan_yorke_of(exponents: Float[np.ndarray, " mode"], *, zero: float = 0.0) -> float:
    """Return the Kaplan-Yorke dimension j + sum_{i<=j} lambda_i / |lambda_{j+1}| of exponents, largest first.

    j is the largest number of exponents whose sum is not negative; an exponent within ``zero`` of 0 counts as 0
    (that along a flow is 0 but for its error). NaN where the sum of all that are given is still positive, or all
    are 0: then more of them are needed.

    >>> import numpy as np
    >>> from tonicnet.measure import kaplan_yorke_of
    >>> round(kaplan_yorke_of(np.array([0.906, 0.0, -14.572])), 3)
    2.062
    """
    known = np.where(np.abs(exponents) <= zero, 0.0, exponents)
    total = np.cumsum(known)
    negative = np.flatnonzero(total < 0)
    if not len(negative):
        return np.nan
    j = int(negative[0])
    return j + float(total[j - 1]) / abs(float(known[j])) if j else 0.0


def _counted(values: Float[np.ndarray, " mode"], zero: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return exponents as the dimension counts them, and which of them is known to be 0: that along the flow.

    It is the one nearest 0. Negative ones that may be 0 count as 0 too, but for that are not known better.
    """
    near, nearest = np.abs(values) <= zero, np.arange(len(values)) == np.argmin(np.abs(values))
    return np.where(near & (nearest | (values < 0)), 0.0, values), near & nearest


def _slope(known: Float[np.ndarray, " mode"]) -> Float[np.ndarray, " mode"]:
    """Return how the Kaplan-Yorke dimension changes with each exponent."""
    total = np.cumsum(known)
    j = int(np.flatnonzero(total < 0)[0])
    slope = np.zeros(len(known))
    if j:
        slope[:j] = 1 / abs(known[j])
        slope[j] = total[j - 1] / known[j] ** 2
    return slope


def _spread(rates: Float[np.ndarray, "renewal trial mode"], slope: np.ndarray, cut: int) -> float:
    """Return the standard error of a dimension that changes so with the rates."""
    used = slope != 0  # rates of the others may be infinite
    return float(standard_error((rates[:, :, used] * slope[used]).sum(axis=-1, keepdims=True), cut)[0])
