"""How many units a task needs: where the share of draws that learn it crosses a level, with its interval."""

from __future__ import annotations

import numpy as np
import xarray as xr
from jaxtyping import Float

from .._labels import Variable, dataset
from .._names import choose, shown
from .._numbers import fraction, whole
from .._random import generator

_INTERVAL = (0.025, 0.975)


def units_needed(
    learned: xr.DataArray, *, dim: str = "units", draws: str = "seed", level: float = 0.5, resamplings: int = 1000,
    seed: int = 0,
) -> xr.Dataset:  # fmt: skip
    """Measure the size of network at which half of the draws learn, over all other dims of a study.

        N* = min { N : p(N) >= level },      p(N) = share of draws that learned,

    interpolated over log N between the last size below the level and the first one at it. It is infinite where no size
    reaches the level, and the least size where that does: then N* may be smaller still.

    Arguments: ``learned``, true or false (or 1 and 0) over ``dim``, ``draws`` and any others, such as
    ``study["lost"] == 0``; ``level`` in (0, 1]; ``resamplings`` of the draws, with replacement, behind the interval of
    95 %. Returns ``units_needed``, ``units_needed_low`` and ``units_needed_high`` over the other dims. Raises TypeError
    for anything but a DataArray, ValueError for dims it has not. Source of the interval: Efron and Tibshirani (1993),
    doi:10.1201/9780429246593.

    >>> import numpy as np, xarray as xr
    >>> learned = xr.DataArray([[0, 0, 1, 1], [0, 0, 0, 1]], dims=("seed", "units"), coords={"units": [10, 20, 40, 80]})
    >>> float(units_needed(learned)["units_needed"])
    40.0
    """
    if not isinstance(learned, xr.DataArray):
        raise TypeError(f"learned is a DataArray of what was learned, got {shown(learned)}")
    for name in (dim, draws):
        choose("dim of learned", name, map(str, learned.dims))
    ordered = learned.sortby(dim).transpose(..., draws, dim)
    values, sizes = np.asarray(ordered.values, dtype=float), np.asarray(ordered[dim].values, dtype=float)
    rng, count = generator(seed), values.shape[-2]
    drawn = [
        crossing_of(values[..., rng.integers(count, size=count), :].mean(-2), sizes, fraction("level", level))
        for _ in range(whole("resamplings", resamplings))
    ]
    low, high = np.quantile(drawn, _INTERVAL, axis=0, method="inverted_cdf")
    found = {"": crossing_of(values.mean(-2), sizes, level), "_low": low, "_high": high}
    others = tuple(map(str, ordered.dims[:-2]))
    words = {"": "units at which half of the draws learn", "_low": "its 2.5 % quantile", "_high": "its 97.5 % quantile"}
    made = {f"units_needed{end}": Variable(others, values, "1", words[end]) for end, values in found.items()}
    return dataset(made, kind="units needed", level=level).assign_coords(
        {name: one for name, one in ordered.coords.items() if not {dim, draws} & set(one.dims)}
    )


def crossing_of(
    share: Float[np.ndarray, "*cell size"], sizes: Float[np.ndarray, " size"], level: float
) -> Float[np.ndarray, "*cell"]:
    """Return the size at which a share first reaches a level, over log size; infinite where it never does.

    >>> crossing_of(np.array([0.0, 0.25, 0.75]), np.array([10.0, 100.0, 1000.0]), 0.5).round(1).item()
    316.2
    """
    reached = share >= level
    first = reached.argmax(-1)
    before = np.maximum(first - 1, 0)
    p, q = (np.take_along_axis(share, at[..., None], -1)[..., 0] for at in (before, first))
    part = np.where(first > 0, (level - p) / np.where(q > p, q - p, 1.0), 1.0)
    found = np.exp((1 - part) * np.log(sizes[before]) + part * np.log(sizes[first]))
    return np.where(reached.any(-1), found, np.inf)
