"""Tasks whose spec carries their samples, and how they are made of it again."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from ..labelled import Door, labelled, named
from ._arguments import given_labels, given_scaling
from ._behaviour import Behaviour, behaviour
from ._given_samples import stored_samples
from ._recording import Recording, recording
from ._sample_set import SampleSet
from ._source import Source
from ._spec import Sampling, Spec


def _stored(values: Any) -> xr.DataArray:
    """Return the nested lists of a spec as an array whose axes are known: (trial, time, component).

    A spec holds its numbers itself: a text, which elsewhere is the path of a file, is refused.
    """
    if not isinstance(values, list | tuple | np.ndarray):
        raise TypeError(f"numbers are stored as nested lists, got {type(values).__name__}")
    return named(labelled(values, Door("the stored array")))


def _weights(mask: Any) -> np.ndarray:
    return np.asarray(_stored(mask).values)


Made = Recording | Behaviour | SampleSet
_SAMPLES = ("inputs", "targets", "part", "shift", "features")


class _Stored(NamedTuple):
    table: str
    keys: tuple[str, ...]
    made: Callable[[Mapping[str, Any]], Made]


STORED = {
    "recording": _Stored("recording", ("dt", "values"), lambda held: recording(_stored(held["values"]), held["dt"])[0]),
    "behaviour": _Stored(
        "trials",
        ("dt", "inputs", "targets", "mask"),
        lambda held: behaviour(_stored(held["inputs"]), _stored(held["targets"]), _weights(held["mask"]), held["dt"])[
            0
        ],
    ),
    "classification": _Stored("samples", _SAMPLES, lambda held: stored_samples(held, classes=True)),
    "regression": _Stored("samples", _SAMPLES, lambda held: stored_samples(held, classes=False)),
}  # by the spec's system


def restored(spec: Spec, tables: Mapping[str, Any]) -> tuple[Spec, Source]:
    """Return the spec and the source whose samples ``tables`` carries; step and length are the samples' own.

    Raises ValueError if the samples are missing or unsound.
    """
    table, keys, made = STORED[spec.system]
    held, where = tables.get(table, {}), f"task spec {spec.name!r}"
    if set(held) != set(keys):
        raise ValueError(f"{where} is a {spec.system} and needs [{table}] with {', '.join(keys[:-1])} and {keys[-1]}")
    try:
        source = made(held)
    except (TypeError, IndexError) as error:
        raise ValueError(f"{where}, [{table}]: {error}") from error
    speed = spec.speed if spec.system == "recording" else 1.0
    return replace(spec, speed=speed, sampling=_sampling(source)), source


def sampled(
    kind: str,
    made: tuple[Made, tuple[str, ...]],
    *,
    name: str,
    components: Sequence[str] | None,
    center: Any,
    scale: Any,
    title: str,
    cite: str,
) -> tuple[Spec, Source]:
    """Return the spec and the source of a task made of samples, which runs at their own speed.

    ``made`` is the source and the names its components have by themselves.
    """
    source, labels = made
    spec = Spec(
        name=name,
        system=kind,
        kind=kind,
        components=labels if components is None else given_labels(components, source.dimension),
        title=title,
        cite=cite,
        speed=1.0,
        sampling=_sampling(source),
        scaling=given_scaling(center, scale),
    )
    return spec, source


def _sampling(source: Made) -> Sampling:
    return Sampling(dt=source.dt, transient=0.0, duration=source.duration)
