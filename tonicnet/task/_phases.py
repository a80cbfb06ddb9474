"""Which variables of a system of dysts are phases, and of what period: asked of its field, not of a list."""

from __future__ import annotations

import ast
import inspect
import itertools
import textwrap
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from jaxtyping import Float

from ._chart import Chart, Phase
from ._dysts_field import Own, initial_state, probes

Flow = Callable[[np.ndarray], np.ndarray]

_SPREAD = 100.0  # phases are drawn from 0 to here, in radians of their fastest candidate
_SAME = (
    1e-4  # of the field's change along a variable: what two values a period apart may differ by (rounded parameters)
)
_PART, _MOVES = 0.37, 0.01  # within a period the field changes, or the candidate is only too short to tell
_DAMPED = 0.5  # pull to the circle, in rates of the phase: a deviation falls by exp(-2 pi) in a turn
_SEED = 1


def chart_of(own: Own, model: Any) -> Chart:
    """Return the chart of a model: its phases are variables that dysts calls unbounded, and time.

    The period of a variable is the shortest P of those that the parameters p, q of the model give (2 pi / w with
    w = 1, pi, 2 pi, p, 1/p, 2 pi p, 2 pi / p, p q) for which f(x + P) = f(x) at random states. Raises ValueError
    where there is none.
    """
    unbounded = {*(getattr(model, "unbounded_indices", None) or ()), initial_state(model).size}
    x = _random_states(own, model, unbounded)
    phases = [_phase(own, model, x, variable) for variable, source in enumerate(own.source) if source in unbounded]
    return Chart(_all_names(own, model), tuple(phases), own.source)


def _all_names(own: Own, model: Any) -> tuple[str, ...]:
    """Return the names of the model's variables, and of time where it enters."""
    names = names_of(model)
    return (*names, "t") if len(names) in own.source else names


def _phase(own: Own, model: Any, x: Float[np.ndarray, "state variable"], variable: int) -> Phase:
    period = _period(own.flow, x, variable, _candidates(model))
    if period is None:
        name = _all_names(own, model)[own.source[variable]]
        raise ValueError(
            f"{name} of {type(model).__name__} grows without bound and is no phase: the field does not repeat along "
            "it; make a task of your own variables with tonicnet.Task(...)"
        )
    radius = _radius(model, own.source[variable], period)
    rate = 2 * np.pi / period * float(np.sqrt(np.mean(own.flow(x)[:, variable] ** 2)))
    return Phase(variable, period, 0.0 if radius is not None else _DAMPED * rate, radius)


def _random_states(own: Own, model: Any, unbounded: set[int]) -> Float[np.ndarray, "state variable"]:
    """Return states near the initial one, at random phases."""
    x = probes(model)[:, own.source]
    rng = np.random.default_rng(_SEED)
    slowest = max(1.0, *(2 * np.pi / w for w in _candidates(model)))
    for variable, source in enumerate(own.source):
        if source in unbounded:
            x[:, variable] = rng.uniform(0.0, slowest, len(x))
    return x


def _candidates(model: Any) -> list[float]:
    """Return wave numbers w, whose periods 2 pi / w a variable may have, from the largest to the smallest."""
    given = [np.ravel(np.asarray(value, dtype=float)) for value in getattr(model, "params", {}).values()]
    p = np.unique(np.abs(np.concatenate(given))) if given else np.empty(0)
    p = p[p > 0]
    products = [a * b for a, b in itertools.combinations_with_replacement(p, 2)]
    found = {1.0, np.pi, 2 * np.pi, *p, *(1 / p), *(2 * np.pi * p), *(2 * np.pi / p), *products}
    return sorted(map(float, found), reverse=True)


def _period(flow: Flow, x: Float[np.ndarray, "state variable"], variable: int, waves: Sequence[float]) -> float | None:
    """Return the shortest period of a field along a variable, of the candidates, or None."""
    far = np.random.default_rng(_SEED).uniform(0, 2 * np.pi / waves[-1], len(x))
    change = _change(flow, x, variable, far)
    for period in (2 * np.pi / wave for wave in waves):
        same = (_change(flow, x, variable, period) <= _SAME * change).all()
        if same and (_change(flow, x, variable, _PART * period) > _MOVES * change).any():
            return period
    return None


def _change(flow: Flow, x: Float[np.ndarray, "state variable"], variable: int, by: Any) -> np.ndarray:
    """Return how much each component of a field changes, at most, where a variable is moved."""
    moved = x.copy()
    moved[:, variable] += by
    return np.abs(flow(moved) - flow(x)).max(axis=0)


def _radius(model: Any, angle: int, period: float) -> int | None:
    """Return the variable r for which dysts itself shows r cos(angle) and r sin(angle), if there is one."""
    shown = getattr(model, "_postprocessing", None)
    if shown is None or angle >= initial_state(model).size:
        return None
    x = probes(model)[:, :-1]
    x[:, angle] = np.random.default_rng(_SEED).uniform(0, _SPREAD, len(x))
    seen = [np.asarray(values, dtype=float) for values in shown(*x.T)]
    turn = 2 * np.pi / period
    for radius in range(x.shape[1]):
        pair = (x[:, radius] * np.cos(turn * x[:, angle]), x[:, radius] * np.sin(turn * x[:, angle]))
        if radius != angle and all(any(np.allclose(part, values) for values in seen) for part in pair):
            return radius
    return None


def names_of(model: Any) -> tuple[str, ...]:
    """Return the names that dysts gives its variables in its equations; x, y, z or numbers where there are none."""
    count = initial_state(model).size
    names = _arguments(model, count) or _unpacked(model, count)
    if names and len(set(names)) == count:
        return names
    return ("x", "y", "z")[:count] if count <= 3 else tuple(f"x{i + 1}" for i in range(count))


def _arguments(model: Any, count: int) -> tuple[str, ...]:
    """Return the first arguments of the model's equations."""
    equations = getattr(model, "_rhs", None)
    try:
        names = list(inspect.signature(getattr(equations, "py_func", equations)).parameters)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        return ()
    return tuple(names[:count]) if names[count : count + 1] == ["t"] else ()


def _unpacked(model: Any, count: int) -> tuple[str, ...]:
    """Return the names to which the equations of a model unpack their state: ``x, y, z = X``."""
    try:
        tree = ast.parse(textwrap.dedent(inspect.getsource(type(model).rhs)))
    except (OSError, TypeError, SyntaxError):
        return ()
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Name) and isinstance(node.targets[0], ast.Tuple):
            names = [item.id for item in node.targets[0].elts if isinstance(item, ast.Name)]
            return tuple(names) if node.value.id == "X" and len(names) == count else ()
    return ()
