"""The systems of the dysts collection as tasks; dysts is imported only when asked for."""

from __future__ import annotations

import importlib
import importlib.metadata
import warnings
from typing import Any, NamedTuple

import numpy as np

from .._names import choose
from ._chart import Chart
from ._dysts_field import Own, initial_state, own_field
from ._dysts_truth import truth_of
from ._factory import task_factory
from ._field import Field
from ._phases import chart_of
from ._spec import Sampling, Spec
from ._store import identity_of
from ._task import Task
from ._user_field import checked_flow

_STEPS = 100  # samples a period
_TRANSIENT = 20  # periods
_DURATION = 50  # periods
_SCATTER = 1e-3  # of starts, in standard deviations: small, since other attractors may lie near


class DystsSystem(NamedTuple):
    """How many variables a system of dysts has, and how many components its task: a phase has two."""

    variables: int
    components: int


def dysts_systems() -> dict[str, DystsSystem]:
    """Return the systems of dysts of which :func:`from_dysts` makes tasks, by name, with their dimensions.

    These are all but the delay equations. Raises ImportError without dysts.

    >>> dysts_systems()["Duffing"]                                        # doctest: +SKIP
    DystsSystem(variables=3, components=4)
    """
    flows = _flows()
    ordinary = {name: kind() for name, kind in _models(flows).items() if not _delays(kind, flows)}
    sizes = {name: _size(model) for name, model in ordinary.items()}
    return {name: size for name, size in sizes.items() if size is not None}


def _size(model: Any) -> DystsSystem | None:
    """Return the dimensions of a model, or None where no task can be made of it."""
    try:
        chart = chart_of(own_field(model), model)
    except ValueError:
        return None
    return DystsSystem(initial_state(model).size, len(chart.components))


def dysts_period(name: str) -> float:
    """Return the dominant period of a system in its own time, as dysts gives it.

    >>> round(dysts_period("Lorenz"), 2)                                  # doctest: +SKIP
    1.5
    """
    models = _models(_flows())
    return float(models[choose("dysts system", name, models)]().period)


@task_factory("dysts", package="dysts")
def from_dysts(name: str) -> Task:
    """Make a chaotic task of a system of dysts: its equations, parameters and initial state.

    A variable that grows without bound because it is a phase enters as the pair cos, sin, and so does time where it
    drives the system; :attr:`Task.chart` leads back to the system's own state. The sampling step is a hundredth of
    the system's dominant period. ``truth`` holds what was measured on the system's own equations: its mean
    divergence, and the largest Lyapunov exponent where that is positive beyond its error.

    Raises ImportError without dysts, and ValueError for an unknown name (the nearest is suggested), a delay
    equation, or a variable that grows without bound and is no phase.
    Source: Gilpin 2021, doi:10.48550/arXiv.2110.05266.

    >>> from_dysts("Aizawa").dimension                                    # doctest: +SKIP
    3
    >>> from_dysts("Duffing").components                                  # doctest: +SKIP
    ('x', 'y', 'cos z', 'sin z')
    """
    flows = _flows()
    models = _models(flows)
    kind = models[choose("dysts system", name, models)]
    if _delays(kind, flows):
        raise ValueError(f"{name} is a delay equation, whose state is a history; choose an ordinary flow")
    model = kind()
    own = own_field(model)
    chart = chart_of(own, model)
    spec = Spec(
        name=name,
        system="callable",
        kind="chaos",
        components=chart.components,
        sampling=Sampling(model.period / _STEPS, _TRANSIENT * model.period, _DURATION * model.period),
        truth=truth_of(name),
        title=f"{name} of the dysts collection",
        cite=str(getattr(model, "citation", "")),
    )
    return Task._made(spec, _source(model, own, chart, spec))


def _source(model: Any, own: Own, chart: Chart, spec: Spec) -> Field:
    """Return the field of the task's components, with the chart to the system's own state."""
    start = chart.to_bounded(np.append(initial_state(model), 0.0)[: len(chart.names)])
    flow = checked_flow(chart.bounded_field(own.flow), start)
    known = {"factory": "dysts", "system": spec.name, "version": dysts_version(), "scatter": _SCATTER}
    return Field(
        flow,
        start,
        kind="chaos",
        sampling=spec.sampling,
        identity=identity_of({**known, "sampling": spec.to_dict()["sampling"]}),
        own=(chart, own.flow),
        scatter=_SCATTER,
    )


def dysts_version() -> str:
    """Return the version of dysts, or nothing where it is not installed as a package."""
    try:
        return importlib.metadata.version("dysts")
    except importlib.metadata.PackageNotFoundError:
        return ""


def _flows() -> Any:
    try:
        with warnings.catch_warnings():
            warnings.filterwarnings("ignore", message="Numba not installed")
            return importlib.import_module("dysts.flows")
    except ImportError as error:
        raise ImportError('dysts is not installed; run: pip install "tonicnet[dysts]"') from error


def _models(flows: Any) -> dict[str, Any]:
    return {key: value for key, value in vars(flows).items() if _is_system(value, flows)}


def _is_system(value: Any, flows: Any) -> bool:
    kinds = (flows.DynSys, flows.DynSysDelay)
    return isinstance(value, type) and issubclass(value, kinds) and value not in kinds


def _delays(kind: Any, flows: Any) -> bool:
    return issubclass(kind, flows.DynSysDelay)
