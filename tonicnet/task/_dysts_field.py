"""The equations of dysts for many states at once: its own where they take arrays, ours where they take one state."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from jaxtyping import Float

from .._moving import sizes

_NEAR = 0.05  # how far round the initial state fields are compared, in its own size
_STATES = 11  # that are compared: more than any of the systems has variables, so that no axis is taken for another
_SEED = 0
_TIMES = (0.0, 0.377)  # at which a model is asked whether it depends on time

Flow = Callable[[np.ndarray], np.ndarray]


@final
@dataclass(frozen=True)
class Own:
    """The field of a model for states (..., variable), and which variable of the model each of its variables is.

    ``source``: a variable that enters with several periods is there once for each; time, where it enters, is the
    last, beyond those of the model.
    """

    flow: Flow
    source: tuple[int, ...]


def own_field(model: Any) -> Own:
    """Return the autonomous field of a model of dysts.

    What dysts wrote is called with arrays in place of numbers. Our own equations of the same name come first where
    there are any: where it takes one state only, is slow, or ends close to the attractor. Each is compared with what
    dysts gives state by state; where none agrees, that is called in a loop over states, which is slow.
    """
    plain = tuple(range(initial_state(model).size))
    ways = [Own(_Rows(_Stacked(model)), plain), Own(_Rows(_Columns(model)), plain)]
    if _timed(model):
        ways = [Own(_Rows(_Timed(model)), (*plain, len(plain)))]
    for own in (*_ours(model), *ways):
        if _agrees(own, model):
            return own
    return Own(_Loop(model), plain)


def initial_state(model: Any) -> Float[np.ndarray, " variable"]:
    """Return the first initial state of a model."""
    return np.atleast_2d(np.asarray(model.ic, dtype=float))[0]


def probes(model: Any) -> Float[np.ndarray, "state variable"]:
    """Return states near the initial one of a model, each with a time as its last entry."""
    start = initial_state(model)
    size = np.where(start != 0, np.abs(start), np.abs(start).max() or 1.0)
    moved = np.random.default_rng(_SEED).uniform(-1, 1, (_STATES, start.size + 1))
    return np.concatenate([start + _NEAR * size * moved[:, :-1], moved[:, -1:]], axis=1)


def _timed(model: Any) -> bool:
    """Return whether the equations of a model depend on time itself."""
    x = probes(model)[0, :-1]
    with np.errstate(all="ignore"):
        one, other = (np.asarray(model.rhs(x, t), dtype=float) for t in _TIMES)
    return not np.array_equal(one, other, equal_nan=True)


def _ours(model: Any) -> list[Own]:
    """Return our own equations of a model, if there are any."""
    name, plain = type(model).__name__, tuple(range(initial_state(model).size))
    if name not in ALONE:
        return []
    return [Own(_Rows(_Ours(ALONE[name], model)), SEVERAL.get(name, plain))]


def _agrees(own: Own, model: Any) -> bool:
    """Return whether a field for many states gives what the model gives for each."""
    x = probes(model)
    with np.errstate(all="ignore"):
        rows = np.array([[*model.rhs(row[:-1], row[-1]), 1.0] for row in x], dtype=float)[:, own.source]
        try:
            batch = own.flow(x[:, own.source])
        except Exception:
            return False
    close = batch.shape == rows.shape and np.allclose(batch, rows, 1e-8, 1e-12 * sizes(rows), equal_nan=True)
    return bool(close)


@final
@dataclass(frozen=True)
class _Rows:
    """A field of states (state, variable) as one of states (..., variable)."""

    flow: Flow

    def __call__(self, x: np.ndarray) -> np.ndarray:
        return self.flow(x.reshape(-1, x.shape[-1])).reshape(x.shape)


@final
@dataclass(frozen=True)
class _Stacked:
    """The equations of a model that take states (state, variable)."""

    model: Any

    def __call__(self, x: np.ndarray) -> np.ndarray:
        return np.stack(np.broadcast_arrays(*self.model.rhs(x, 0.0)), axis=-1)


@final
@dataclass(frozen=True)
class _Columns:
    """The equations of a model that take a list of variables, each an array over states."""

    model: Any

    def __call__(self, x: np.ndarray) -> np.ndarray:
        return np.stack(np.broadcast_arrays(*self.model.rhs(x.T, 0.0)), axis=-1)


@final
@dataclass(frozen=True)
class _Timed:
    """The equations of a model with time as its last variable."""

    model: Any

    def __call__(self, x: np.ndarray) -> np.ndarray:
        slopes = self.model.rhs(x[:, :-1], x[:, -1])
        return np.stack(np.broadcast_arrays(*slopes, np.ones(len(x))), axis=-1)


@final
@dataclass(frozen=True)
class _Ours:
    """Our equations, with the parameters of a model."""

    equations: Callable[[Any, np.ndarray], tuple[np.ndarray, ...]]
    model: Any

    def __call__(self, x: np.ndarray) -> np.ndarray:
        return np.stack(np.broadcast_arrays(*self.equations(self.model, x.T)), axis=-1)


@final
@dataclass(frozen=True)
class _Loop:
    """The equations of a model that take one state."""

    model: Any

    def __call__(self, x: np.ndarray) -> np.ndarray:
        dtype = np.result_type(x, float)
        rows = [np.asarray(self.model.rhs(state, 0.0), dtype=dtype) for state in x.reshape(-1, x.shape[-1])]
        return np.reshape(rows, x.shape)


def _belousov_zhabotinsky(p: Any, state: np.ndarray) -> tuple[np.ndarray, ...]:
    x, z, v = state
    ybar = p.yb1 * z * v / (p.yb2 * x + p.yb3 + p.kf) / p.y0
    x = (x + np.abs(x)) / 2  # what is positive of it
    rf = (p.ci - p.z0 * z) * np.sqrt(x)
    dx = p.c1 * x * ybar + p.c2 * ybar + p.c3 * x**2 + p.c4 * rf + p.c5 * x * z - p.kf * x
    dz = p.c6 / p.z0 * rf + p.c7 * x * z + p.c8 * z * v + p.c9 * z - p.kf * z
    dv = p.c10 * x * ybar + p.c11 * ybar + p.c12 * x**2 + p.c13 * z * v - p.kf * v
    return dx * p.t0, dz * p.t0, dv * p.t0


def _beer(p: Any, state: np.ndarray) -> tuple[np.ndarray, ...]:
    rate = 1 / (1 + np.exp(-(state.T + p.theta)))
    return tuple(((rate @ p.w.T - state.T) / p.tau).T)


def _mac_arthur(p: Any, state: np.ndarray) -> tuple[np.ndarray, ...]:
    n, resource = state.T[:, :5], state.T[:, 5:]
    growth = (p.r * (resource[:, None, :] / (p.k.T + resource[:, None, :])).swapaxes(1, 2)).min(axis=1)
    return tuple(np.hstack([n * (growth - p.m), p.d * (p.s - resource) - (growth * n) @ p.c.T]).T)


def _squirmer(p: Any, state: np.ndarray) -> tuple[np.ndarray, ...]:
    r, angle, time = state[:, :, None]
    mode = np.arange(1, len(p.a) + 1)
    weight = 0.5 + 0.5 * np.tanh(20 * p.tau * np.sin(2 * np.pi * time / p.tau))
    a, g, sin, cos = p.a * weight, p.g * (1 - weight), np.sin(mode * angle), np.cos(mode * angle)
    power = r ** (mode - 1)  # r^n / r, which is finite at the centre
    dr = ((g * cos + a * sin) * mode * power * (r**2 - 1)).sum(axis=-1)
    swirl = (2 * r + (r**2 - 1) * mode / r) * (a * cos - g * sin) * power
    return dr, swirl.sum(axis=-1), np.ones(len(dr))


def _cavity(p: Any, state: np.ndarray) -> tuple[np.ndarray, ...]:
    """Return the flow under a lid: the sign of its first mode changes from one half of the protocol to the next."""
    x, y, time = state
    side = np.tanh(20 * p.tau * np.sin(2 * np.pi * time / p.tau))
    modes = [_cavity_mode(p, x, y, n, u) for n, u in ((1, p.u1 * side), (2, p.u2))]
    return modes[0][0] + modes[1][0], modes[0][1] + modes[1][1], np.ones(x.shape)


def _cavity_mode(p: Any, x: np.ndarray, y: np.ndarray, n: int, u: Any) -> tuple[np.ndarray, np.ndarray]:
    k = n * np.pi / p.a
    wall, sinh, cosh = k * p.b, np.sinh(k * y), np.cosh(k * y)
    size = 2 * u / (2 * n * np.pi * p.b + p.a * np.sinh(2 * wall))
    along = np.cosh(wall) * (n * np.pi * y * cosh + p.a * sinh) - n * np.pi * p.b * np.sinh(wall) * sinh
    across = n * np.pi * (p.b * np.sinh(wall) * cosh - np.cosh(wall) * y * sinh)
    return size * np.sin(k * x) * along, size * np.cos(k * x) * across


def _bickley(p: Any, state: np.ndarray) -> tuple[np.ndarray, ...]:
    y, x, *times = state  # time once for each of the three waves, whose periods have no common multiple
    wave = p.k[:, None] * (x - np.stack(times) * p.sigma[:, None])
    jet = p.u / np.cosh(y / p.ell) ** 2
    dx = jet * (-1 - 2 * (p.eps @ np.cos(wave)) * np.tanh(y / p.ell))
    return (p.ell * jet * ((p.eps * p.k) @ np.sin(wave)), dx, *[np.full(x.shape, float(p.omega))] * len(times))


def _torus(p: Any, state: np.ndarray) -> tuple[np.ndarray, ...]:
    _, _, _, slow, fast = state  # time once for each way round, whose periods have no common multiple
    radius, falls = p.r + p.a * np.cos(p.n * fast), -p.a * p.n * np.sin(p.n * fast)
    dx, dy = (falls * np.cos(slow) - radius * np.sin(slow), falls * np.sin(slow) + radius * np.cos(slow))
    return dx, dy, p.a * p.n * np.cos(p.n * fast), np.ones(slow.shape), np.ones(slow.shape)


def _windmi(p: Any, state: np.ndarray) -> tuple[np.ndarray, ...]:
    current, voltage, pressure = state  # a power of 5/4 that is defined for negative pressures too, off the attractor
    lost = pressure * np.abs(pressure) ** 0.25 * np.sqrt(p.vsw) * (1 + np.tanh(p.d1 * (current - 1))) / 2
    return p.a1 * (p.vsw - voltage), p.b1 * current - p.b2 * pressure / 2 - p.b3 * voltage, p.vsw**2 - lost


ALONE: dict[str, Callable[[Any, np.ndarray], tuple[np.ndarray, ...]]] = {
    "BelousovZhabotinsky": _belousov_zhabotinsky,
    "BeerRNN": _beer,
    "BickleyJet": _bickley,
    "InteriorSquirmer": _squirmer,
    "LidDrivenCavityFlow": _cavity,
    "MacArthur": _mac_arthur,
    "Torus": _torus,
    "WindmiReduced": _windmi,
}
SEVERAL: dict[str, tuple[int, ...]] = {
    "BickleyJet": (0, 1, 2, 2, 2),
    "Torus": (0, 1, 2, 3, 3),
}  # which variable of dysts each of ours is
