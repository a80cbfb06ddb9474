"""Components and trials by their names, wherever they stand."""

from __future__ import annotations

from collections.abc import Sequence

import xarray as xr


def by_name(array: xr.DataArray, names: Sequence[str], what: str) -> xr.DataArray:
    """Return an array whose components are in the order of ``names``, and after them those it has beyond.

    Where either side only numbers its components, they stay as they are. Raises ValueError for names of which the
    array has none or only some.

    >>> turned = xr.DataArray([2.0, 1.0], dims="component", coords={"component": ["y", "x"]})
    >>> by_name(turned, ("x", "y"), "initial").values.tolist()
    [1.0, 2.0]
    """
    if "component" not in array.dims or "component" not in array.coords:
        return array
    own = [str(name) for name in array.coords["component"].values]
    if numbered(own) or numbered(names) or own[: len(names)] == list(names):
        return array
    missing = [name for name in names if name not in own]
    if missing or len(set(own)) < len(own):
        raise ValueError(
            f"{what} has components {', '.join(own)}, and {', '.join(names)} are needed; give it these names, or leave "
            "names out"
        )
    order = [own.index(name) for name in names] + [k for k, name in enumerate(own) if name not in names]
    return array.isel(component=order)


def numbered(names: Sequence[str]) -> bool:
    """Return whether components are only numbered, in order.

    >>> numbered(("0", "1")), numbered(("x", "1"))
    (True, False)
    """
    return all(str(name) == str(k) for k, name in enumerate(names))


def aligned(array: xr.DataArray, model: xr.DataArray, what: str) -> xr.DataArray:
    """Return an array with its trials and components in the order in which another has them, by their labels.

    ``what`` names the two. Labels that only one of them has, and axes of other lengths, are left alone. Raises
    ValueError for labels that are not the same.

    >>> one = xr.DataArray([1.0, 2.0], dims="trial", coords={"trial": [0, 1]})
    >>> aligned(one.isel(trial=[1, 0]), one, "a and b").values.tolist()
    [1.0, 2.0]
    """
    for dim in ("trial", "component"):
        if not (dim in array.indexes and dim in model.indexes) or array.sizes[dim] != model.sizes[dim]:
            continue
        own, other = (list(side.indexes[dim]) for side in (array, model))
        if set(own) != set(other) or len(set(own)) < len(own):
            raise ValueError(
                f"{what} differ in their {dim} coordinate; both speak of the same ones, so give them the same {dim} "
                "values"
            )
        array = array.isel({dim: [own.index(label) for label in other]})
    return array
