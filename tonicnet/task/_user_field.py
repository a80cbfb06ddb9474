"""A user's own vector field, checked at the door."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, final

import numpy as np
from jaxtyping import Float

from .._moving import sizes

_PROBES = 5


def checked_flow(flow: Any, initial: Float[np.ndarray, " component"]) -> Callable[[np.ndarray], np.ndarray]:
    """Return ``flow`` as a function of a batch of states (..., component), once it has proved sound.

    It is called on ``initial`` (d,) and on five states near it (5, d). A function of one state only is
    wrapped in a loop over states. Raises TypeError if it is not callable and ValueError if it raises,
    returns another shape, gives NaN or infinity (the state is named), or another value when called again.
    """
    if not callable(flow):
        raise TypeError(f"flow must be a function of a state that returns dx/dt, got {type(flow).__name__}")
    _finite(initial, _called(flow, initial))
    states = _near(initial)
    rows = np.stack([_called(flow, state) for state in states])
    for state, slope in zip(states, rows, strict=True):
        _finite(state, slope)
    if not np.array_equal(_called(flow, states[-1]), rows[-1]):
        raise ValueError(
            f"the vector field has another value each time it is called at state {_text(states[-1])}, so it draws "
            "random numbers or keeps a state; return the mean, and give noise to the run, tonicnet.simulate(noise=)"
        )
    return _Batched(flow) if _batches(flow, states, rows) else _Looped(flow)


def _near(initial: Float[np.ndarray, " component"]) -> Float[np.ndarray, "probe component"]:
    size = np.where(initial != 0, np.abs(initial), np.abs(initial).max() or 1.0)
    return initial + np.linspace(0.0, 1e-3, _PROBES)[:, None] * (1 + np.arange(initial.size)) * size


def _called(flow: Callable[..., Any], state: np.ndarray) -> np.ndarray:
    try:
        slope = np.asarray(flow(state.copy()), dtype=float)
    except Exception as error:
        raise ValueError(
            f"the vector field raised {type(error).__name__} at state {_text(state)}: {error}; "
            "it must take a state (d,) or states (..., d) and return dx/dt of the same shape"
        ) from error
    if slope.shape != state.shape:
        raise ValueError(
            f"the vector field returned shape {slope.shape} for a state of shape {state.shape}; "
            "it must return dx/dt of the same shape"
        )
    return slope


def _finite(state: np.ndarray, slope: np.ndarray) -> None:
    if not np.isfinite(slope).all():
        raise ValueError(
            f"the vector field is {_text(slope)} at state {_text(state)}; "
            "it must be finite at the initial state and near it"
        )


def _batches(flow: Callable[..., Any], states: np.ndarray, rows: np.ndarray) -> bool:
    try:
        batch = np.asarray(flow(states.copy()), dtype=float)
    except Exception:
        return False
    return batch.shape == rows.shape and bool(np.allclose(batch, rows, rtol=1e-8, atol=1e-12 * sizes(rows)))


@final
@dataclass(frozen=True)
class _Batched:
    """A field that takes states (..., component), called on at most two axes."""

    flow: Callable[..., Any]

    def __call__(self, x: np.ndarray) -> np.ndarray:
        if x.ndim <= 2:
            return np.asarray(self.flow(x), dtype=np.result_type(x, float))
        return np.asarray(self.flow(x.reshape(-1, x.shape[-1])), dtype=float).reshape(x.shape)


@final
@dataclass(frozen=True)
class _Looped:
    """A field that takes one state (component), called state by state."""

    flow: Callable[..., Any]

    def __call__(self, x: np.ndarray) -> np.ndarray:
        dtype = np.result_type(x, float)
        rows = [np.asarray(self.flow(state), dtype=dtype) for state in x.reshape(-1, x.shape[-1])]
        return np.reshape(rows, x.shape)


def _text(values: np.ndarray) -> str:
    return np.array2string(values, precision=4, separator=", ", threshold=8)
