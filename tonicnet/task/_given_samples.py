"""Samples that a user gives, in any container: inputs with a dim sample, and a label or numbers for each."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from .._names import check_name, shown
from .._numbers import is_whole, real
from .._random import generator
from ..labelled import as_numbers
from ._sample_set import PARTS, SampleSet

_AXES = {1: (), 2: ("feature",), 3: ("row", "column"), 4: ("row", "column", "channel")}
_FEWEST = 2  # samples to learn from


class _Labels(NamedTuple):
    """Numbers of classes, or targets, of samples."""

    values: np.ndarray
    names: tuple[str, ...]
    samples: np.ndarray | None


def given_samples(
    x: Any, y: Any, *, test: Any, validation: Any, classes: Sequence[str] | None, shift: int, seed: int
) -> tuple[SampleSet, tuple[str, ...]]:
    """Return checked samples and the names of their components: classes, or targets.

    Raises TypeError or ValueError in a sentence.
    """
    inputs, index, features = given_inputs(x, "x")
    labels = _given_labels(y, "y", classes)
    labels = _paired(labels, index, len(inputs), "x and y")
    is_class = labels.values.ndim == 1
    parts = _split(labels.values if is_class else None, len(inputs), test, validation, seed)
    for part, given in (("validation", validation), ("test", test)):
        if isinstance(given, tuple | list):
            inputs, labels, parts = _joined(inputs, labels, parts, part, given, classes)
    targets = _one_hot(labels) if is_class else labels.values
    made = SampleSet(inputs, targets, parts, is_class, _shift(shift, inputs, is_class), features)
    _check_parts(made, labels.names)
    return made, labels.names


def given_inputs(x: Any, what: str) -> tuple[np.ndarray, np.ndarray | None, tuple[str, ...]]:
    """Return inputs (sample, and the axes of one), the labels of the samples, and the names of features, if known."""
    array, index, features = _opened(x, what)
    values = as_numbers(array, what, flags=True)
    if values.ndim == 0 or values.ndim > max(_AXES) or 0 in values.shape:
        raise ValueError(
            f"{what} holds samples of shape (sample, feature), (sample, row, column) or (sample, row, column, "
            f"channel), got shape {values.shape}"
        )
    values = values[:, None] if values.ndim == 1 else values
    if not np.isfinite(values).all():
        at = np.argwhere(~np.isfinite(values))[0]
        raise ValueError(
            f"{what} is not finite, or masked, at sample {at[0]}, input {tuple(map(int, at[1:]))}; fill it, or leave "
            "the sample out"
        )
    return values, index, features


def input_dims(axes: int) -> tuple[str, ...]:
    """Return the names of the axes of one sample."""
    return _AXES[axes + 1]


def _opened(x: Any, what: str) -> tuple[Any, np.ndarray | None, tuple[str, ...]]:
    """Return values with the samples along their first axis, labels of samples, and names of features."""
    import pandas as pd

    if isinstance(x, xr.Dataset):
        if "input" not in x:
            raise ValueError(f"{what} is a Dataset without a variable input, it has {', '.join(map(str, x)) or 'none'}")
        x = x["input"]
    if isinstance(x, pd.Series):
        x = x.to_frame()
    if isinstance(x, pd.DataFrame):
        columns = [as_numbers(x[name].to_numpy(), f"{what}, column {name!r},", flags=True) for name in x.columns]
        return np.stack(columns, axis=1), x.index.to_numpy(), tuple(map(str, x.columns))
    if not isinstance(x, xr.DataArray):
        return x, None, ()
    if "sample" not in x.dims:
        raise ValueError(
            f"{what} has dims ({', '.join(map(str, x.dims))}), of which none is sample; rename the one that counts "
            "samples to sample"
        )
    x = x.transpose("sample", ...)
    index = x.coords["sample"].values if "sample" in x.coords else None
    named = x.ndim == 2 and x.dims[1] in x.coords
    return x.values, index, tuple(map(str, x.coords[x.dims[1]].values)) if named else ()


def _given_labels(y: Any, what: str, classes: Sequence[str] | None) -> _Labels:
    """Return labels as numbers of classes (sample,), or targets (sample, component)."""
    import pandas as pd

    index: np.ndarray | None = None
    names: tuple[str, ...] = ()
    if isinstance(y, xr.DataArray):
        if "sample" not in y.dims:
            raise ValueError(f"{what} has dims ({', '.join(map(str, y.dims))}), of which none is sample; rename one")
        y = y.transpose("sample", ...)
        index = y.coords["sample"].values if "sample" in y.coords else None
        names = tuple(map(str, y.coords[y.dims[1]].values)) if y.ndim == 2 and y.dims[1] in y.coords else ()
        values: Any = y.values
    elif isinstance(y, pd.DataFrame | pd.Series):
        index, values = y.index.to_numpy(), y.to_numpy()
        names = tuple(map(str, y.columns)) if isinstance(y, pd.DataFrame) else ()
    else:
        values = y.detach().cpu().numpy() if hasattr(y, "detach") else y
    array = _as_labels(values, what)
    if array.dtype.kind == "f":
        return _Labels(*_targets(array, names, what, classes), index)
    return _Labels(*_numbered(array, what, classes), index)


def _as_labels(values: Any, what: str) -> np.ndarray:
    array = values if isinstance(values, np.ma.MaskedArray) else np.asarray(values)
    if array.dtype.kind == "O" and array.ndim == 1 and all(isinstance(one, str) for one in array):
        return array.astype(str)
    if array.dtype.kind in "US":
        return array.astype(str)
    if array.dtype.kind in "iub" and not isinstance(array, np.ma.MaskedArray):
        return array.astype(np.int64)
    return as_numbers(values, what)


def _targets(
    array: np.ndarray, names: tuple[str, ...], what: str, classes: Sequence[str] | None
) -> tuple[np.ndarray, tuple[str, ...]]:
    if classes is not None:
        raise ValueError(f"{what} holds decimal numbers, which are targets and no classes; give whole numbers or texts")
    if array.ndim not in (1, 2) or 0 in array.shape:
        raise ValueError(f"{what} holds targets of shape (sample,) or (sample, component), got shape {array.shape}")
    values = array[:, None] if array.ndim == 1 else array
    if not np.isfinite(values).all():
        at = np.argwhere(~np.isfinite(values))[0]
        raise ValueError(f"{what} is not finite at sample {at[0]}, component {at[1]}; fill it, or leave the sample out")
    return values, names or tuple(map(str, range(values.shape[1])))


def _numbered(array: np.ndarray, what: str, classes: Sequence[str] | None) -> tuple[np.ndarray, tuple[str, ...]]:
    """Return the number of the class of each sample, and the names of the classes."""
    if array.ndim != 1 or not array.size:
        raise ValueError(
            f"{what} holds a label for each sample, got shape {array.shape}; of a one-hot code give .argmax(axis=1), "
            "and decimal numbers for a regression"
        )
    known = np.unique(array)
    if classes is None:
        return np.searchsorted(known, array), tuple(check_name("class name", str(one)) for one in known)
    names = tuple(check_name("class name", one) for one in classes)
    if array.dtype.kind == "U":
        strange = [one for one in known if one not in names]
        if strange:
            raise ValueError(f"{what} holds the label {shown(str(strange[0]))}, which is none of {', '.join(names)}")
        return np.array([names.index(one) for one in array]), names
    if known[0] < 0 or known[-1] >= len(names):
        wrong = known[0] if known[0] < 0 else known[-1]
        raise ValueError(f"{what} holds the label {wrong}, {len(names)} classes are numbered 0 to {len(names) - 1}")
    return array, names


def _paired(labels: _Labels, index: np.ndarray | None, count: int, what: str) -> _Labels:
    """Return labels in the order of the inputs: by the labels of samples where both have them, else by position."""
    if len(labels.values) != count:
        raise ValueError(f"{what} hold {count} and {len(labels.values)} samples; give a label or target for each")
    if index is None or labels.samples is None or np.array_equal(index, labels.samples):
        return labels
    place = {one: k for k, one in enumerate(labels.samples.tolist())}
    if len(place) != count or not all(one in place for one in index.tolist()):
        raise ValueError(f"{what} name different samples; give both the same sample labels, or drop those of one")
    return labels._replace(values=labels.values[[place[one] for one in index.tolist()]], samples=index)


def _split(labels: np.ndarray | None, count: int, test: Any, validation: Any, seed: int) -> np.ndarray:
    """Return the part of each sample: of each class the same shares are for validation and for the test."""
    rng, parts = generator(seed), np.zeros(count, dtype=np.int8)
    shares = [_share("test", test), _share("validation", validation)]
    for one in [np.arange(count)] if labels is None else [np.flatnonzero(labels == k) for k in np.unique(labels)]:
        order = rng.permutation(one)
        tested = round(shares[0] * len(order))
        held = round(shares[1] * (len(order) - tested))
        parts[order[:tested]] = PARTS.index("test")
        parts[order[tested : tested + held]] = PARTS.index("validation")
    return parts


def _share(name: str, given: Any) -> float:
    if given is None or isinstance(given, tuple | list):
        return 0.0
    if not 0 <= real(given) < 1:
        raise ValueError(f"{name} is a share of the samples, from 0 up to 1, or a pair (x, y), got {shown(given)}")
    return real(given)


def _joined(
    inputs: np.ndarray, labels: _Labels, parts: np.ndarray, part: str, given: Any, classes: Sequence[str] | None
) -> tuple[np.ndarray, _Labels, np.ndarray]:
    """Return samples with those that were given for one part added."""
    if len(given) != 2:
        raise ValueError(f"{part} is a share of the samples, or a pair (x, y), got {shown(given)}")
    more, index, _ = given_inputs(given[0], f"x of {part}")
    if more.shape[1:] != inputs.shape[1:]:
        raise ValueError(
            f"samples of {part} have shape {more.shape[1:]}, those of x {inputs.shape[1:]}; give one shape"
        )
    is_class = labels.values.ndim == 1
    other = _paired(_given_labels(given[1], f"y of {part}", classes), index, len(more), f"x and y of {part}")
    if (other.values.ndim == 1) != is_class or (not is_class and other.values.shape[1] != labels.values.shape[1]):
        raise ValueError(f"y of {part} is not of the kind and width of y; give labels, or targets, to both")
    values = _renumbered(other, labels.names, part) if is_class else other.values
    joined = np.concatenate([labels.values, values])
    number = np.full(len(more), PARTS.index(part), dtype=np.int8)
    return np.concatenate([inputs, more]), labels._replace(values=joined), np.concatenate([parts, number])


def _renumbered(other: _Labels, names: tuple[str, ...], part: str) -> np.ndarray:
    strange = [other.names[k] for k in np.unique(other.values) if other.names[k] not in names]
    if strange:
        raise ValueError(f"y of {part} holds the label {shown(strange[0])}, y holds {', '.join(names)}; add it to y")
    return np.array([names.index(other.names[k]) for k in other.values])


def _one_hot(labels: _Labels) -> np.ndarray:
    return (labels.values[:, None] == np.arange(len(labels.names))).astype(np.float64)


def _shift(shift: Any, inputs: np.ndarray, is_class: bool) -> int:
    if not is_whole(shift, 0):
        raise ValueError(f"shift is a whole number of pixels, zero or more, got {shown(shift)}")
    if shift and (inputs.ndim < 3 or not is_class):
        raise ValueError("shift moves pictures whose class does not change by it; leave it out for other samples")
    if shift >= min(inputs.shape[1:3], default=1):
        raise ValueError(f"shift {shift} is larger than pictures of shape {inputs.shape[1:]}; give a pixel or two")
    return int(shift)


def _check_parts(made: SampleSet, names: tuple[str, ...]) -> None:
    """Refuse samples of which too few are left to learn from, or none of a class."""
    learned = made.targets[made.part == 0]
    if len(learned) < _FEWEST:
        raise ValueError(f"{len(learned)} samples are left to learn from; give more, or smaller test and validation")
    if made.classes:
        if len(names) < 2:
            raise ValueError(f"a classification needs two classes at least, got {shown(names[0])} alone")
        missing = [name for name, held in zip(names, learned.any(axis=0), strict=True) if not held]
        if missing:
            raise ValueError(f"there is no sample of class {shown(missing[0])} to learn from; give some, or drop it")


def stored_samples(held: Mapping[str, Any], *, classes: bool) -> SampleSet:
    """Return the samples that a spec carries. Raises TypeError or ValueError where they are unsound."""
    values, _, _ = given_inputs(_listed(held["inputs"]), "the stored inputs")
    told = as_numbers(_listed(held["targets"]), "the stored targets")
    part = as_numbers(_listed(held["part"]), "the stored parts")
    whole = part.ndim == 1 and np.isin(part, range(len(PARTS))).all()
    if not whole or len(part) != len(values) or len(told) != len(values) or not np.isfinite(told).all():
        raise ValueError(f"the stored samples have {len(values)} inputs, {len(told)} targets and {len(part)} parts")
    if told.ndim != (1 if classes else 2) or (classes and not (told >= 0).all()):
        raise ValueError("the stored targets are numbers of classes, or numbers (sample, component)")
    targets = told if not classes else (told[:, None] == np.arange(int(told.max()) + 1)).astype(np.float64)
    features = tuple(check_name("feature name", one) for one in held["features"])
    made = SampleSet(values, targets, part.astype(np.int8), classes, _shift(held["shift"], values, classes), features)
    _check_parts(made, tuple(map(str, range(targets.shape[1]))))
    return made


def _listed(values: Any) -> list[Any]:
    if not isinstance(values, list | tuple):
        raise TypeError(f"numbers are stored as nested lists, got {type(values).__name__}")
    return list(values)
