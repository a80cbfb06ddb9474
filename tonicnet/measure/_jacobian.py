"""The Jacobian spectrum of a network under its biases: before, during and after learning."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import xarray as xr
from jaxtyping import Complex, Float

from .._labels import Variable, dataset
from .._names import choose
from .._random import generator
from ..bank import Entry, bare, rows_of
from ..circuit import Autonomous, autonomous
from ..network import Network, check_moving
from ._alone import Alone, Biases, alone, check_first_order, positive
from .arrays._fixed_points import fixed_points_of, growth_rate

_TRANSIENT, _DURATION = 100.0, 200.0  # tau, where they are not given
PLACES = ("run", "rest", "secant")


def jacobian_spectrum(
    net: Network,
    bias: Biases,
    *,
    task: str | None = None,
    at: str = "run",
    transient: float | None = None,
    duration: float | None = None,
    initial: np.ndarray | None = None,
    like: xr.Dataset | None = None,
    seed: int = 0,
) -> xr.Dataset:
    """Measure the eigenvalues of the Jacobian of a network under one bias after another, as learning changes them.

        map (discrete)  J = 1 + (dt / tau) (-1 + diag(phi') M),      flow  J = (-1 + diag(phi') M) / tau

    M = W + E D (W alone without feedback); for a low-rank network the K x K matrix D diag(phi') E stands for
    diag(phi') M, whose other eigenvalues are 0. Learning biases changes phi' only, at the state the network is in:
    for a rhythm it moves the leading pair to modulus 1 (real part 0 in a flow) at the rhythm's frequency.

    Arguments
    ---------
    net, bias : the network, and its bank (every task, or ``task``); or biases of one's own, (unit,) or a DataArray
        (epoch, unit) or with any other first dim, e.g. those a ``progress`` function was given during learning.
    at : "run": phi' averaged along the closed-loop run, so that the spectrum is that of the mean Jacobian there;
        "rest": at the fixed point nearest to zero; "secant": along the run, the slope of the least-squares line
        of phi over its input instead of phi', which keeps a sustained rhythm's pair at modulus 1 whatever its size.
    transient, duration : of that run, in seconds (100 and 200 tau if not given).
    initial : (component,) state to start from, in task units; drawn from the bank if not given.
    like : a bank of one task, whose units, speed and starts serve biases of one's own.

    Returns over the bias's first dim: ``eigenvalue`` (mode, part), fastest growing first; ``growth`` (1/s),
    ``modulus`` (a step's factor in a map, that of one tau in a flow) and ``period`` (mode) in task time (infinite where
    it does not turn); ``gain(unit)`` = phi' and ``gain_rms``; ``spread``, the standard error of ``growth`` of
    the leading mode over ten stretches of the run (0 at rest); with dense or sparse synapses ``random_radius``, the
    spectral radius of diag(phi') M if M had independent entries: what has learned stands out from it. Attribute
    ``of`` is "map" or "flow". Raises ValueError for a bank of another network, unknown names, wrong shapes, a
    state that is not finite.
    Source: Williams et al. (2025), ICLR, arXiv 2407.00957; Ahmadian, Fumarola and Miller (2015),
    doi:10.1103/PhysRevE.91.012820; secant gain (statistical linearisation): Booton (1954),
    Nonlinear control systems with random inputs, IRE Transactions on Circuit Theory 1, 9-18.

    >>> import numpy as np
    >>> import tonicnet as tn
    >>> net = tn.Network(units=50, seed=0, synapses="dense", transfer="tanh", feedback=False, dt=0.1)
    >>> found = tn.measure.jacobian_spectrum(net, np.zeros(50), at="rest")    # phi' = 1: the eigenvalues are those of W
    >>> bool(np.isclose(found.modulus[0, 0], np.abs(np.linalg.eigvals(net.recurrent)).max(), rtol=1e-4))
    True
    """
    choose("at", at, PLACES)
    rows, first = _rows(net, bias, task, like)
    spans = [
        default * net.tau if given is None else positive(name, given)
        for name, given, default in (("transient", transient, _TRANSIENT), ("duration", duration, _DURATION))
    ]
    gains = [_gains(row, at, spans[0], spans[1], initial, seed) for row in rows]
    return _table(net, rows, first, gains, {"at": at, "seed": seed})


def _rows(net: Network, bias: Biases, task: str | None, like: xr.Dataset | None) -> tuple[list[Alone], Variable]:
    """Return one dynamics a row, and the coordinate along which they are."""
    if isinstance(bias, xr.Dataset) or (like is None and rows_of(bias) != [None]):
        rows = alone(net, bias, task)
        return rows, Variable(("task",), [r.entry.task for r in rows], "1", "task")
    check_moving(net, "this measure")
    check_first_order(net)
    given = bias if isinstance(bias, xr.DataArray) else None
    values = np.atleast_2d(np.asarray(bias))
    if values.ndim != 2 or (given is not None and given.dims[-1] != "unit"):
        raise ValueError(f"biases are (unit,) or (epoch, unit), with dim unit last; got {np.shape(bias)}")
    dim = str(given.dims[0]) if given is not None and given.ndim == 2 else "epoch"
    known = given[dim] if given is not None and dim in given.coords else None
    coordinate = np.arange(len(values)) if known is None else known.values
    model = None if like is None else alone(net, like, task)
    if model is not None and len(model) != 1:
        raise ValueError(f"like holds {len(model)} tasks; say which with task=")
    each = list(values) if given is None else _slices(given, dim)
    entries = [_entry(net, vector, None if model is None else model[0].entry) for vector in each]
    about = Variable((dim,), coordinate, str("1" if known is None else known.attrs.get("units", "1")), dim)
    return [Alone(e, autonomous(net, e.numbers)) for e in entries], about


def _slices(biases: xr.DataArray, dim: str) -> list[xr.DataArray]:
    """Return the bias vectors along a dim, with their labels."""
    return [biases.isel({dim: k}) for k in range(biases.sizes[dim])] if dim in biases.dims else [biases]


def _entry(net: Network, bias: xr.DataArray | np.ndarray, model: Entry | None) -> Entry:
    plain = bare(net, bias)
    return plain if model is None else replace(model, numbers={**model.numbers, **plain.numbers})


def _gains(
    row: Alone, at: str, transient: float, duration: float, initial: np.ndarray | None, seed: int
) -> Float[np.ndarray, "stretch unit"]:
    """Return phi' at rest, or its means over ten stretches of the run."""
    dynamics = row.dynamics
    if at == "rest":
        return dynamics.gain(_rest(row, seed))
    motion, tau = row.motion(None), dynamics.net.tau
    settled = motion.run(row.starts(1, initial, seed)[:1], max(1, round(transient / tau / motion.dt)))[:, -1]
    states = motion.run(settled, max(_STRETCHES, round(duration / tau / motion.dt)))[0]
    if not np.isfinite(states).all():
        raise ValueError(f"the run under {row.entry.task!r} leaves the finite numbers; take other biases")
    effective = _secant if at == "secant" else _mean_slope
    return np.stack([effective(dynamics, part) for part in np.array_split(states, _STRETCHES)])


def _rest(row: Alone, seed: int) -> Float[np.ndarray, "1 state"]:
    """Return the fixed point nearest to rest, of those that Newton's method finds from there and round about."""
    dynamics, rng = row.dynamics, generator(seed)
    z = rng.standard_normal((_NEAR_REST, dynamics.net.components)) * np.linspace(0, 1, _NEAR_REST)[:, None]
    found = fixed_points_of(dynamics.flow, dynamics.jacobian, dynamics.state(z)).location
    if not len(found):
        raise ValueError(f'no fixed point was reached from rest under {row.entry.task!r}; take at="run"')
    return found[[np.argmin((found**2).sum(axis=1))]]


def _mean_slope(dynamics: Autonomous, states: Float[np.ndarray, "time state"]) -> Float[np.ndarray, " unit"]:
    return dynamics.gain(states).mean(axis=0)


def _secant(dynamics: Autonomous, states: Float[np.ndarray, "time state"]) -> Float[np.ndarray, " unit"]:
    """Return cov(phi(x), x) / var(x) along a run; phi' where the input does not move."""
    drive = dynamics.drive(states)
    moved, rate = drive - drive.mean(axis=0), dynamics.value(drive)
    power = (moved**2).mean(axis=0)
    still = power < 1e-12 * np.maximum(1.0, (drive**2).mean(axis=0))
    return np.where(still, _mean_slope(dynamics, states), (moved * rate).mean(axis=0) / np.where(still, 1.0, power))


_STRETCHES = 10
_NEAR_REST = 12  # starts, of which the first is rest itself


def _values(row: Alone, gain: Float[np.ndarray, " unit"]) -> Complex[np.ndarray, " mode"]:
    """Return the eigenvalues of the map, or of the flow per second, fastest growing first."""
    net = row.dynamics.net
    found = np.linalg.eigvals(row.dynamics.linear(gain[None])[0]).astype(np.complex128)
    found = found / net.tau if net.spec.dt is None else 1 + net.spec.dt / net.tau * found
    return found[np.argsort(-growth_rate(found, discrete=net.spec.dt is not None), kind="stable")]


def _spread(row: Alone, gains: Float[np.ndarray, "stretch unit"]) -> float:
    """Return the standard error of the leading growth, from stretches of the run."""
    if len(gains) < 2:
        return 0.0
    leading = [_growth(row, _values(row, gain))[0] for gain in gains]
    return float(np.std(leading, ddof=1) / np.sqrt(len(gains)))


def _growth(row: Alone, values: Complex[np.ndarray, " mode"]) -> Float[np.ndarray, " mode"]:
    step = row.dynamics.net.spec.dt
    return growth_rate(values, discrete=step is not None) / (1.0 if step is None else step)


def _period(row: Alone, values: Complex[np.ndarray, " mode"]) -> Float[np.ndarray, " mode"]:
    """Return the period of each mode in task time; infinite where it does not turn."""
    step = row.dynamics.net.spec.dt
    rate = np.abs(values.imag) if step is None else np.abs(np.angle(values)) / step
    with np.errstate(divide="ignore"):
        return 2 * np.pi / rate * row.entry.speed


def _radius(row: Alone, gain: Float[np.ndarray, " unit"]) -> float:
    """Return sqrt(sum_ij (phi'_i M_ij)^2 / N) for a matrix with entries alike: the radius if they were independent."""
    scaled = row.dynamics.linear(gain[None])[0] + np.eye(row.dynamics.size)
    return float(np.sqrt((scaled**2).sum() / len(scaled)))


def _table(
    net: Network, rows: list[Alone], first: Variable, gains: list[np.ndarray], attrs: dict[str, str | int | float]
) -> xr.Dataset:
    mean, step, dim = [g.mean(axis=0) for g in gains], net.spec.dt, first.dims[0]
    values = [_values(row, gain) for row, gain in zip(rows, mean, strict=True)]
    growth = np.stack(list(map(_growth, rows, values)))
    both, parts = (dim, "mode"), np.stack([np.stack([v.real, v.imag], axis=-1) for v in values])
    per = "1/s" if step is None else "1"
    variables = {
        "eigenvalue": Variable((*both, "part"), parts, per, "eigenvalue of the Jacobian"),
        "growth": Variable(both, growth, "1/s", "growth of each mode"),
        "modulus": Variable(both, np.exp(growth * (step or net.tau)), "1", "factor in one step (map) or tau (flow)"),
        "period": Variable(
            both, np.stack(list(map(_period, rows, values))), "task", "period of each mode in task time"
        ),
        "gain": Variable((dim, "unit"), np.stack(mean), "1", "gain phi' of each unit"),
        "gain_rms": Variable((dim,), [np.sqrt((g**2).mean()) for g in mean], "1", "root mean square gain"),
        "spread": Variable((dim,), list(map(_spread, rows, gains)), "1/s", "standard error of the leading growth"),
    }
    if not rows[0].dynamics.latent:
        radius = list(map(_radius, rows, mean))
        variables["random_radius"] = Variable((dim,), radius, "1", "radius of diag(phi') M, were M independent")
    coords = {
        dim: first,
        "unit": Variable(("unit",), np.arange(net.units), "1", "unit"),
        "part": Variable(("part",), ["re", "im"], "1", "real or imaginary part"),
    }
    return dataset(variables, coords, of="flow" if step is None else "map", network_sha256=net.sha256, **attrs)
