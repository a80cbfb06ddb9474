"""Arguments of a task: states, names, counts and seeds, checked and refused in a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from .._names import check_name, shown
from .._numbers import is_whole, real
from .._random import generator as seeded
from .._weight import weigh
from ..labelled import Door, by_name, check_finite, labelled

_STATE = {0: (), 1: ("component",)}
_STARTS = Door(
    "initial", plain={0: (), 1: ("component",), 2: ("trial", "component")}, rows="trial", dims=("trial", "component")
)
_LABELS = ("x", "y", "z")


def given_grid(duration: int | float, dt: int | float) -> Float[np.ndarray, " time"]:
    """Return the times k dt up to ``duration``; both must be positive numbers."""
    for what, value in (("duration", duration), ("dt", dt)):
        if not 0 < real(value) < np.inf:
            raise ValueError(f"{what} must be a positive number in task time, got {shown(value)}")
    length, step = real(duration), real(dt)
    if length < step:
        raise ValueError(f"duration must be at least one step dt = {step}, got {length}")
    weigh(f"a run of {length / step:.3g} samples", 24 * length / step, "ask for a shorter run, or a larger dt")
    return np.arange(int(np.floor(length / step + 1e-6)) + 1) * step


def given_state(value: Any, *, what: str) -> Float[np.ndarray, " component"]:
    """Return ``value`` as a finite state (d,)."""
    if isinstance(value, str):
        raise TypeError(f"{what} must be a list of numbers, one a component, got {shown(value)}")
    state = np.atleast_1d(labelled(value, Door(what, plain=_STATE, rows="component", dims=("component",))).values)
    if state.size == 0 or not np.isfinite(state).all():
        raise ValueError(f"{what} must be finite numbers of shape (d,), got {shown(value)}")
    return state


def given_numbers(value: Any, *, what: str) -> np.ndarray:
    """Return ``value`` as an array of numbers, whatever its shape; raise TypeError for anything else."""
    if isinstance(value, Sequence):
        weigh(what, 8.0 * len(value), "give fewer numbers")
    try:
        return np.asarray(value, dtype=float)
    except (TypeError, ValueError, OverflowError, RecursionError) as error:
        raise TypeError(f"{what} must be a list of numbers, one a component, got {shown(value)}") from error


def given_starts(value: Any, components: Sequence[str]) -> Float[np.ndarray, "trial component"]:
    """Return ``value``, one state or several, as finite states (trial, d) of components of these names."""
    found = by_name(labelled(value, _STARTS), components, "initial")
    if "component" not in found.dims:
        found = found.expand_dims("component")
    check_finite(found, "initial")
    start = np.atleast_2d(found.transpose(..., "component").values)
    if start.shape[1] != len(components):
        raise ValueError(
            f"initial must hold finite states of shape (trial, {len(components)}), got shape {found.shape}"
        )
    return start


def given_row(value: Any, *, what: str) -> tuple[float, ...] | None:
    """Return ``value`` as a tuple of numbers, or None."""
    return None if value is None else tuple(given_state(value, what=what).tolist())


def given_scaling(center: Any, scale: Any) -> dict[str, tuple[float, ...]]:
    """Return what is given of center and scale."""
    rows = {"center": given_row(center, what="center"), "scale": given_row(scale, what="scale")}
    return {key: row for key, row in rows.items() if row is not None}


def given_speed(speed: Any) -> float | None:
    """Return task-time units per second, None where they are chosen when learning ("auto")."""
    if isinstance(speed, str) and speed == "auto":
        return None
    if not 0 < real(speed) < np.inf:
        raise ValueError(f'speed is recorded seconds in a second of the network, or "auto"; got {shown(speed)}')
    return real(speed)


def given_labels(components: Sequence[str] | None, dimension: int) -> tuple[str, ...]:
    """Return the names of the components: as given, x, y, z, or numbers."""
    if components is not None:
        if not isinstance(components, Sequence | np.ndarray):
            raise TypeError(f"components are a list of names, one for each, got {shown(components)}")
        if len(components) != dimension:
            raise ValueError(f"there are {dimension} components, got {len(components)} names for them")
        return tuple(check_name("component name", str(name)) for name in components)
    return _LABELS[:dimension] if dimension <= len(_LABELS) else tuple(map(str, range(dimension)))


def generator(seed: int) -> np.random.Generator:
    """Return the generator of a seed. Raises ValueError unless it is a whole number >= 0."""
    return seeded(seed)


def picks(size: int, count: int, *, seed: int) -> np.ndarray:
    """Return ``count`` numbers below ``size``, none of them twice while they last."""
    weigh(f"a choice of {shown(count)}", 16 * count, "ask for fewer")
    return generator(seed).choice(size, count, replace=count > size)


def count_of(value: int, *, what: str) -> int:
    """Return ``value`` if it is a whole number of at least one; raise ValueError otherwise."""
    if not is_whole(value):
        raise ValueError(f"{what} must be a whole number >= 1, got {shown(value)}")
    return int(value)
