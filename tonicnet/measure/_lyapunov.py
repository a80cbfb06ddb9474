"""Lyapunov exponents of a network under a bias."""

from __future__ import annotations

import numpy as np
import xarray as xr

from .._labels import Variable, dataset
from ..network import Network
from ._alone import Alone, Biases, alone, names, positive, whole
from .arrays._lyapunov import Exponents, exponents_of, growth_of, least_renewals

_DURATION, _TRANSIENT = 1000.0, 200.0  # of each trial in tau, where they are not given
_RENEWAL = 0.5  # tau between two orthonormalisations: the fastest decay of rates is 1 / tau


def lyapunov_spectrum(
    net: Network,
    bias: Biases,
    *,
    task: str | None = None,
    k: int = 3,
    duration: float | None = None,
    transient: float | None = None,
    initial: np.ndarray | None = None,
    trials: int = 16,
    dt: float | None = None,
    seed: int = 0,
) -> xr.Dataset:
    """Measure the leading Lyapunov exponents of a network left alone under a bias.

        dV/dt = J V,   J = (-1 + D diag(phi') E) / tau   or   (-1 + diag(phi') (W + E D)) / tau

    by QR of the variational equation with this analytic Jacobian (:func:`lyapunov_spectrum_of`). A low-rank
    network is worked out in the K dimensions of its output, which are closed: up to k = K, the exponents are those of
    the output. The other N - K exponents of its rates are exactly -1 / tau; for k > K the k largest of all N are
    given. A discrete network is a map, and its exponents are those of the map over its dt.

    Arguments: ``net`` and its bank, or one bias vector (its task time is then the second); ``task``, one of
    the bank's (all if not given); ``k`` exponents; ``duration`` of each trial and ``transient`` before it,
    in seconds (1000 and 200 tau if not given); ``initial`` (trial, component) in task units, or ``trials`` drawn
    from the states of the bank; ``dt`` in seconds, tau / 10 if not given.

    Returns ``exponent(task, mode)`` per unit of task time with standard error ``exponent_error``, the same
    ``exponent_per_second``, ``local_exponent(task, trial, mode)`` of each trial alone, ``kaplan_yorke(task)``
    with ``kaplan_yorke_error`` (NaN if more exponents are needed) and ``duration(task)``, over all trials. Errors
    know that trials may be alike (:func:`lyapunov_spectrum_of`), but not the error of ``dt``. An exponent is known to
    be positive only if it exceeds its error and that of a longer run agrees. Raises ValueError for a bank of another
    network, an unknown task, and a duration too short.
    Source: Benettin et al. (1980), doi:10.1007/BF02128236; of rate networks: Engelken, Wolf and Abbott (2023),
    doi:10.1103/PhysRevResearch.5.043044.

    >>> import numpy as np
    >>> import tonicnet as tn
    >>> net = tn.Network(units=50, seed=0)
    >>> found = tn.measure.lyapunov_spectrum(net, np.full(50, -9.0), k=4, duration=10.0)    # silent: only the leak
    >>> found["exponent"].values.round(3).tolist()
    [[-10.0, -10.0, -10.0, -10.0]]
    """
    rows = alone(net, bias, task)
    count = whole("k", k)
    if count > net.units:
        raise ValueError(f"k={k} exponents are more than the {net.units} units of this network; take fewer")
    span, skipped = _seconds("duration", duration, net.tau), _seconds("transient", transient, net.tau)
    starts = [row.starts(whole("trials", trials), initial, seed) for row in rows]
    found = [_of(row, x, count, span, skipped, dt, seed) for row, x in zip(rows, starts, strict=True)]
    total = [span * row.entry.speed * len(x) for row, x in zip(rows, starts, strict=True)]
    return _table(net, rows, found, total, seed)


def _seconds(name: str, given: float | None, tau: float) -> float:
    default = {"duration": _DURATION, "transient": _TRANSIENT}[name]
    if name == "transient" and given == 0:
        return 0.0
    return default * tau if given is None else positive(name, given)


def _of(row: Alone, x: np.ndarray, k: int, duration: float, transient: float, dt: float | None, seed: int) -> Exponents:
    """Return the exponents of one task, per unit of task time."""
    net, motion = row.dynamics.net, row.motion(dt)
    every = max(1, round(_RENEWAL / motion.dt))
    step = motion.dt * net.tau
    least = every * least_renewals(len(x))
    if round(duration / step) < least:
        raise ValueError(
            f"duration={duration:g} s is too short: standard errors of {len(x)} trials need at least "
            f"{least * step:.3g} s each, and exponents many Lyapunov times; take longer, or more trials"
        )
    inner, skipped = min(k, row.dynamics.size), round(transient / step)
    try:
        grown = growth_of(motion, x, inner, skipped, round(duration / step), every=every, seed=seed)
    except ValueError as error:
        raise ValueError(f"task {row.entry.task!r}: {error}") from error
    return _completed(exponents_of(grown, every * motion.dt * row.unit), k, net.units, _leak(row))


def _leak(row: Alone) -> float:
    """Return the exponent of all that merely decays: -1 / tau, or that of the map, in task time."""
    if row.stride is None:
        return -1 / row.unit
    kept = 1 - row.dynamics.net.spec.dt / row.dynamics.net.tau  # type: ignore[operator]
    return float(np.log(kept)) / row.stride if kept > 0 else -np.inf


def _completed(found: Exponents, k: int, units: int, leak: float) -> Exponents:
    """Add to the exponents of a closed output those of the rates around it, and keep the ``k`` largest."""
    inner = len(found.values)
    if k <= inner:
        return found
    more = min(k, units - inner)
    values = np.concatenate([found.values, np.full(more, leak)])
    kept = np.argsort(-values, kind="stable")[:k]
    local = np.concatenate([found.local, np.full((len(found.local), more), leak)], axis=1)
    error = np.concatenate([found.error, np.zeros(more)])
    return found._replace(values=values[kept], error=error[kept], local=local[:, kept])


def _table(net: Network, rows: list[Alone], found: list[Exponents], total: list[float], seed: int) -> xr.Dataset:
    speed = np.array([row.entry.speed for row in rows])[:, None]
    values = np.stack([f.values for f in found])
    both, name = ("task", "mode"), "Lyapunov exponent"
    variables = {
        "exponent": Variable(both, values, "1/task", f"{name} per task time"),
        "exponent_error": Variable(both, [f.error for f in found], "1/task", f"standard error of the {name}"),
        "exponent_per_second": Variable(both, values * speed, "1/s", f"{name} per second"),
        "local_exponent": Variable(("task", "trial", "mode"), [f.local for f in found], "1/task", f"{name}, one trial"),
        "kaplan_yorke": Variable(("task",), [f.kaplan_yorke for f in found], "1", "Kaplan-Yorke dimension"),
        "kaplan_yorke_error": Variable(
            ("task",), [f.kaplan_yorke_error for f in found], "1", "standard error of the Kaplan-Yorke dimension"
        ),
        "duration": Variable(("task",), total, "task", "task time averaged over, all trials together"),
    }
    coords = names(rows) | {
        "mode": Variable(("mode",), np.arange(values.shape[1]), "1", "exponent, largest first"),
        "trial": Variable(("trial",), np.arange(len(found[0].local)), "1", "trial"),
    }
    return dataset(variables, coords, network_sha256=net.sha256, seed=seed)
