"""The systems of the dysts collection as tasks; dysts is imported only when asked for."""

from __future__ import annotations

import importlib
import warnings
from typing import Any

import numpy as np
from jaxtyping import Float

from .._names import choose
from ._factory import task_factory
from ._task import Task

_STEPS = 100  # samples a period
_TRANSIENT = 20  # periods
_DURATION = 50  # periods


@task_factory("dysts", package="dysts")
def from_dysts(name: str) -> Task:
    """Make a chaotic task of a system of dysts: its ``rhs(x, t)`` at t = 0, parameters and initial state.

    The sampling step is a hundredth of the system's dominant period. Raises ImportError without dysts, and
    ValueError for an unknown name (the nearest is suggested) or a system that is no bounded autonomous flow.
    Source: Gilpin 2021, doi:10.48550/arXiv.2110.05266.

    >>> from_dysts("Aizawa").dimension                                    # doctest: +SKIP
    3
    """
    flows = _flows()
    known = [key for key, value in vars(flows).items() if _is_system(value, flows)]
    model = getattr(flows, choose("dysts system", name, known))()
    _check(name, model)

    def flow(x: Float[np.ndarray, "... component"]) -> Float[np.ndarray, "... component"]:
        return np.stack(np.broadcast_arrays(*model.rhs(x, 0.0)), axis=-1)

    return Task(
        flow,
        name=name,
        initial=np.atleast_2d(model.ic)[0],
        components=None,
        dt=model.period / _STEPS,
        transient=_TRANSIENT * model.period,
        duration=_DURATION * model.period,
        title=f"{name} of the dysts collection",
        cite=str(getattr(model, "citation", "")),
    )


def _flows() -> Any:
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Numba not installed")
            return importlib.import_module("dysts.flows")
    except ImportError as error:
        raise ImportError('dysts is not installed; run: pip install "tonicnet[dysts]"') from error


def _is_system(value: Any, flows: Any) -> bool:
    kinds = (flows.DynSys, flows.DynSysDelay)
    return isinstance(value, type) and issubclass(value, kinds) and value not in kinds


def _check(name: str, model: Any) -> None:
    if getattr(model, "delay", False):
        raise ValueError(f"{name} is a delay equation, whose state is a history; choose an ordinary flow")
    if getattr(model, "unbounded_indices", None):
        raise ValueError(
            f"components {model.unbounded_indices} of {name} grow without bound (phases or positions), "
            "so it has no attractor in its own state; choose another system"
        )
