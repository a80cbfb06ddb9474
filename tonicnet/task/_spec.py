"""What a task is, as data: frozen tables that check themselves, read from TOML or written to JSON."""

from __future__ import annotations

import os
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields
from types import MappingProxyType
from typing import Any, final

from .._names import check_name, check_text, choose, path_of, shown
from ..files import read_toml
from ._schema import check, plain
from ._systems import SYSTEMS

FLOWS = ("chaos", "cycle", "memory")  # kinds of vector fields
STILL = ("regression", "classification")  # kinds of samples without time
SAMPLED = ("recording", "behaviour", *STILL)  # kinds whose samples the spec carries; their system has the same name
KINDS = (*FLOWS, "recording", "behaviour")  # kinds that have runs
BARE = ("callable", "factory", *SAMPLED)  # sources that are not systems of the shelf

_TASK = {
    "name": "text", "system": "text", "kind": "text", "title": "text", "cite": "text", "speed": "positive",
    "components": "texts", "parameters": "table", "sampling": "table", "scaling": "table", "truth": "table",
    "plane": "texts", "recording": "table", "trials": "table", "samples": "table", "factory": "table",
}  # fmt: skip
_SAMPLING = {
    "dt": "positive", "transient": "number", "duration": "positive", "low": "numbers", "high": "numbers",
}  # fmt: skip
_FACTORY = {"name": "text", "arguments": "table", "module": "text", "version": "text"}
_SCALING = {"center": "numbers", "scale": "numbers"}
TRUTH = {
    "divergence": "number", "divergence_tolerance": "positive", "period": "positive", "amplitude": "numbers",
    "radius": "positive", "fixed_points": "states", "lyapunov": "number", "lyapunov_tolerance": "positive",
    "drift": "number", "stable_states": "positive", "chance": "positive", "interval": "numbers", "reach": "positive",
}  # fmt: skip


@final
@dataclass(frozen=True)
class Sampling:
    """How reference states are found, in task time: the step, the transient to drop, the length of a run.

    ``low`` and ``high`` are the corners of the box of random starts; without them starts scatter round the
    run from the task's initial state.
    """

    dt: int | float = 0.01
    transient: int | float = 50.0
    duration: int | float = 50.0
    low: tuple[float, ...] | None = None
    high: tuple[float, ...] | None = None

    def __post_init__(self) -> None:
        for item in fields(self):
            object.__setattr__(self, item.name, plain(getattr(self, item.name)))
        given = {key: value for key, value in asdict(self).items() if value is not None}
        check(given, _SAMPLING, where="sampling")
        if self.transient < 0 or self.duration < self.dt:
            raise ValueError(
                f"sampling: needs transient >= 0 and duration >= dt, got transient {self.transient}, "
                f"duration {self.duration}, dt {self.dt}"
            )
        self._check_box()

    def _check_box(self) -> None:
        if (self.low is None) != (self.high is None):
            raise ValueError("sampling: low and high are the two corners of one box; give both or neither")
        if self.low is None or self.high is None:
            return
        if len(self.low) != len(self.high) or any(a > b for a, b in zip(self.low, self.high, strict=True)):
            raise ValueError(f"sampling: low {self.low} must lie below high {self.high}, component by component")


_TABLES = ("parameters", "scaling", "truth", "factory")


@final
@dataclass(frozen=True)
class Spec:
    """A task as data. ``system`` is a name of the shelf, "callable", "factory", or a kind of samples."""

    name: str
    system: str
    kind: str
    components: tuple[str, ...]
    title: str = ""
    cite: str = ""
    speed: int | float | None = None
    parameters: Mapping[str, Any] = field(default_factory=dict)
    sampling: Sampling = Sampling()
    scaling: Mapping[str, tuple[float, ...]] = field(default_factory=dict)
    truth: Mapping[str, Any] = field(default_factory=dict)
    factory: Mapping[str, Any] = field(default_factory=dict)
    plane: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        for key in _TABLES:
            object.__setattr__(self, key, MappingProxyType(plain(dict(getattr(self, key)))))
        object.__setattr__(self, "speed", plain(self.speed))
        where = f"task {shown(self.name)}"
        for kind, name in (("task name", self.name), *(("component name", c) for c in self.components)):
            check_name(kind, name)
        for kind in ("title", "cite"):
            check_text(kind, getattr(self, kind))
        choose(f"kind of {where}", self.kind, (*KINDS, *STILL))
        choose(f"system of {where}", self.system, [*SYSTEMS, *BARE])
        self._check_kind(where)
        self._check_components(where)
        self._check_parameters(where)
        check(self.truth, TRUTH, where=f"{where}, [truth]")
        check({} if self.speed is None else {"speed": self.speed}, _TASK, where=where)
        self._check_lengths(where)
        if self.factory or self.system == "factory":
            check(self.factory, _FACTORY, where=f"{where}, [factory]", required=tuple(_FACTORY))

    def __reduce__(self) -> tuple[type[Spec], tuple[Any, ...]]:
        held = {item.name: getattr(self, item.name) for item in fields(self)}
        return Spec, tuple(dict(value) if key in _TABLES else value for key, value in held.items())

    def _check_kind(self, where: str) -> None:
        made = self.system == "factory" and self.kind in (*STILL, "behaviour")
        if {self.kind, self.system} & {*SAMPLED} and self.kind != self.system and not made:
            raise ValueError(
                f"{where}: kind {self.kind!r} does not go with system {self.system!r}; the kind of a "
                f"{' or '.join(SAMPLED)} is its system's name, that of a vector field {', '.join(FLOWS)}"
            )

    def _check_components(self, where: str) -> None:
        if not self.components or len(set(self.components)) < len(self.components):
            raise ValueError(f"{where}: component names must be given once each, got {shown(self.components)}")
        known = SYSTEMS[self.system].components if self.system in SYSTEMS else self.components
        if self.components != known:
            raise ValueError(f"{where}: the components of {self.system} are {known}, got {self.components}")
        if self.plane and not (
            len(set(self.plane)) == len(self.plane) == 2 and set(self.plane) <= set(self.components)
        ):
            named = ", ".join(self.components)
            raise ValueError(f"{where}: the plane it is seen in is that of two of {named}, got {', '.join(self.plane)}")

    def _check_parameters(self, where: str) -> None:
        needed = SYSTEMS[self.system].parameters if self.system in SYSTEMS else ()
        schema = dict.fromkeys(needed, "number")
        check(self.parameters, schema, where=f"{where}, [parameters]", required=needed)

    def _check_lengths(self, where: str) -> None:
        check(self.scaling, _SCALING, where=f"{where}, [scaling]")
        lists = {
            **self.scaling,
            "low": self.sampling.low,
            "high": self.sampling.high,
            "amplitude": self.truth.get("amplitude"),
            **{f"fixed_points[{i}]": x for i, x in enumerate(self.truth.get("fixed_points", ()))},
        }
        for key, values in lists.items():
            if values is not None and len(values) != len(self.components):
                raise ValueError(
                    f"{where}: {key} has {len(values)} numbers, the task has {len(self.components)} components"
                )
        if min(self.scaling.get("scale", (1.0,))) <= 0:
            raise ValueError(f"{where}: scale must be positive, got {shown(self.scaling['scale'])}")

    def to_dict(self) -> dict[str, Any]:
        """Return plain tables, lists, texts and numbers; empty ones are left out."""
        tables: dict[str, Any] = {
            "name": self.name,
            "system": self.system,
            "kind": self.kind,
            "title": self.title,
            "cite": self.cite,
            "speed": self.speed,
            "components": list(self.components),
            "plane": list(self.plane),
            "parameters": dict(self.parameters),
            "sampling": {k: _plain(v) for k, v in asdict(self.sampling).items() if v is not None},
            "scaling": {k: _plain(v) for k, v in self.scaling.items()},
            "truth": {k: _plain(v) for k, v in self.truth.items()},
            "factory": dict(self.factory),
        }
        return {key: value for key, value in tables.items() if value not in (None, "", {}, [])}


def spec_from_dict(tables: Any, *, where: str) -> Spec:
    """Build a Spec from plain tables; unknown keys and wrong types are errors that name ``where``."""
    check(tables, _TASK, where=where, required=("name", "system", "kind"))
    choose(f"system in {where}", tables["system"], [*SYSTEMS, *BARE])
    if tables["system"] in BARE and "components" not in tables:
        raise ValueError(
            f"{where}: a {tables['system']} is made by Task(...), Task.from_array(...), Task.from_trials(...) or "
            "Task.from_samples(...), which its spec does not hold; a file names a system of the shelf: "
            f"{', '.join(SYSTEMS)}"
        )
    sampling, scaling = tables.get("sampling", {}), tables.get("scaling", {})
    check(sampling, _SAMPLING, where=f"{where}, [sampling]")
    check(scaling, _SCALING, where=f"{where}, [scaling]")
    known = SYSTEMS[tables["system"]].components if tables["system"] in SYSTEMS else ()
    texts = ("name", "system", "kind", "title", "cite", "speed", "parameters", "truth", "factory")
    return Spec(
        components=tuple(tables.get("components", known)),
        plane=tuple(tables.get("plane", ())),
        sampling=Sampling(**{k: _frozen(v) for k, v in sampling.items()}),
        scaling={k: _frozen(v) for k, v in scaling.items()},
        **{key: tables[key] for key in texts if key in tables},
    )


def read_spec(path: str | os.PathLike[str]) -> Spec:
    """Read one task TOML. Raises FileNotFoundError, or ValueError with the place that is wrong."""
    file = path_of(path)
    if not file.is_file():
        raise FileNotFoundError(f"no task file at {file}; give the path of a task TOML, or a name of tasks()")
    return spec_from_dict(read_toml(file), where=str(file))


def _frozen(value: Any) -> Any:
    return tuple(map(float, value)) if isinstance(value, list | tuple) else float(value)


def _plain(value: Any) -> Any:
    return [_plain(v) for v in value] if isinstance(value, list | tuple) else value
