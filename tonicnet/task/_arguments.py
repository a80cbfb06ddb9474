"""Arguments of a task: states, names, counts and seeds, checked and refused in a sentence."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

_LABELS = ("x", "y", "z")


def given_grid(duration: int | float, dt: int | float) -> Float[np.ndarray, " time"]:
    """Return the times k dt up to ``duration``; both must be positive numbers."""
    for what, value in (("duration", duration), ("dt", dt)):
        if not isinstance(value, int | float | np.number) or not np.isfinite(value) or not value > 0:
            raise ValueError(f"{what} must be a positive number in task time, got {value!r}")
    if duration < dt:
        raise ValueError(f"duration must be at least one step dt = {dt}, got {duration}")
    return np.arange(int(np.floor(duration / dt + 1e-6)) + 1) * float(dt)


def given_state(value: Any, *, what: str) -> Float[np.ndarray, " component"]:
    """Return ``value`` as a finite state (d,)."""
    try:
        state = np.atleast_1d(np.asarray(value, dtype=float))
    except (TypeError, ValueError) as error:
        raise TypeError(f"{what} must be a list of numbers, one a component, got {value!r:.80}") from error
    if state.ndim != 1 or state.size == 0 or not np.isfinite(state).all():
        raise ValueError(f"{what} must be finite numbers of shape (d,), got {value!r:.80}")
    return state


def given_starts(value: Any, dimension: int) -> Float[np.ndarray, "trial component"]:
    """Return ``value``, one state or several, as finite states (trial, d)."""
    start = np.atleast_2d(np.asarray(value, dtype=float))
    if start.ndim != 2 or start.shape[1] != dimension or not np.isfinite(start).all():
        raise ValueError(f"initial must hold finite states of shape (trial, {dimension}), got shape {start.shape}")
    return start


def given_row(value: Any, *, what: str) -> tuple[float, ...] | None:
    """Return ``value`` as a tuple of numbers, or None."""
    return None if value is None else tuple(given_state(value, what=what).tolist())


def given_scaling(center: Any, scale: Any) -> dict[str, tuple[float, ...]]:
    """Return what is given of center and scale."""
    rows = {"center": given_row(center, what="center"), "scale": given_row(scale, what="scale")}
    return {key: row for key, row in rows.items() if row is not None}


def given_labels(components: Sequence[str] | None, dimension: int) -> tuple[str, ...]:
    """Return the names of the components: as given, x, y, z, or numbers."""
    if components is not None:
        return tuple(map(str, components))
    return _LABELS[:dimension] if dimension <= len(_LABELS) else tuple(map(str, range(dimension)))


def generator(seed: int) -> np.random.Generator:
    """Return the generator of a seed. Raises ValueError unless it is a whole number >= 0."""
    if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
        raise ValueError(f"seed must be a whole number >= 0, got {seed!r}")
    return np.random.Generator(np.random.Philox(int(seed)))


def picks(size: int, count: int, *, seed: int) -> np.ndarray:
    """Return ``count`` numbers below ``size``, none of them twice while they last."""
    return generator(seed).choice(size, count, replace=count > size)


def count_of(value: int, *, what: str) -> int:
    """Return ``value`` if it is a whole number of at least one; raise ValueError otherwise."""
    if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
        raise ValueError(f"{what} must be a whole number >= 1, got {value!r}")
    return int(value)
