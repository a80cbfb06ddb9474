"""How alike solutions are: the same task learned again, other tasks, and other ways to learn."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr
from jaxtyping import Float

from .._labels import Variable, dataset
from .._names import shown
from .._numbers import whole
from .._random import generator

Solutions = Sequence[xr.Dataset]
_ENDS = (2.5, 97.5)  # percentiles of the interval


def similarity(
    first: Solutions, second: Solutions | None = None, *, of: str = "variance", resamplings: int = 1000, seed: int = 0
) -> xr.Dataset:
    """Measure how alike units behave in solutions that were learned several times, and in several tasks.

        c(A, B) = mean over pairs of repeats (p, q) of corr_i(v_i(A; p), v_i(B; q)),    p and q never the same

    v is one number of each unit i. c(A, A) says how much of a solution comes back when the task is learned again; c(A,
    B) how much two tasks share. With two kinds of solution, p is one of the first and q one of the second: read it
    beside what each kind gives with itself, since no two kinds are more alike than the repeats of one.

    Arguments: ``first``, a Dataset for each repeat with ``of(task, unit)``, as :func:`selectivity` returns them, or
    banks with ``of="bias"``; ``second``, the same of another kind (masks, for example), on the same units and tasks;
    ``resamplings`` of the repeats, for the interval.

    Returns ``similarity(task, other)``, and ``similarity_low`` and ``similarity_high``, the ends of its 95 % interval.
    A unit that never varies counts as any other. Raises TypeError for what is no list of Datasets, ValueError for fewer
    than two repeats, for other units or tasks, and where a variable is missing or the same in all units.

    Source: bias against mask, and variances of units, Williams et al. (2025), ICLR, arXiv 2407.00957.

    >>> import numpy as np, xarray as xr
    >>> rng = np.random.default_rng(0)
    >>> common = rng.normal(size=(2, 50))                          # two tasks that share nothing
    >>> repeats = [xr.Dataset({"variance": (("task", "unit"), common + 0.1 * rng.normal(size=(2, 50)))},
    ...            coords={"task": ["a", "b"]}) for _ in range(3)]
    >>> found = similarity(repeats)["similarity"]
    >>> bool(found.sel(task="a", other="a") > 0.9), bool(abs(found.sel(task="a", other="b")) < 0.4)
    (True, True)
    """
    one, tasks = _values(first, of, "first")
    two = one
    if second is not None:
        two, other = _values(second, of, "second", tasks)
        if other != tasks or two.shape[2] != one.shape[2]:
            raise ValueError(
                f"first holds tasks {', '.join(tasks)} of {one.shape[2]} units, second {', '.join(other)} of "
                f"{two.shape[2]}; compare solutions of the same tasks on the same units"
            )
    table = _correlations(one, two)
    paired = second is None
    drawn = _resampled(table, paired, whole("resamplings", resamplings), seed)
    low, high = np.nanpercentile(drawn, _ENDS, axis=0)
    words = "correlation over units"
    pair = ("task", "other")
    found = {
        "similarity": Variable(pair, _mean(table, _apart(table, paired)), "1", words),
        "similarity_low": Variable(pair, low, "1", f"{words}, lower end of 95 %"),
        "similarity_high": Variable(pair, high, "1", f"{words}, upper end of 95 %"),
    }
    coords = {"task": Variable(("task",), tasks, "1", "task"), "other": Variable(("other",), tasks, "1", "other task")}
    return dataset(found, coords, of=of, repeats=len(one), other_repeats=len(two), seed=seed)


def _values(
    given: Any, of: str, what: str, like: Sequence[str] = ()
) -> tuple[Float[np.ndarray, "repeat task unit"], list[str]]:
    """Return the numbers of every repeat, and the tasks: in the order of ``like`` where they are the same."""
    if isinstance(given, xr.Dataset) or not isinstance(given, Sequence):
        raise TypeError(f"{what} is a list of Datasets, one for each repeat, got {shown(given)}")
    if len(given) < 2:
        raise ValueError(f"{what} holds {len(given)} repeat; learn each task twice at least, with another seed")
    rows, tasks = [], list[str]()
    for held in given:
        if not isinstance(held, xr.Dataset) or of not in held or {*held[of].dims} != {"task", "unit"}:
            raise ValueError(
                f"{what} holds {shown(held)} without {of}(task, unit); give what tonicnet.measure.selectivity returns, "
                'or banks and of="bias"'
            )
        names = [str(name) for name in held["task"].values]
        tasks = tasks or (list(like) if sorted(like) == sorted(names) else names)
        if sorted(names) != sorted(tasks):
            raise ValueError(
                f"{what} holds repeats of {', '.join(tasks)} and of {', '.join(names)}; give the same tasks"
            )
        order = [names.index(name) for name in tasks]
        rows.append(held[of].transpose("task", "unit").values[order].astype(float))
    if len({row.shape for row in rows}) > 1:
        raise ValueError(f"{what} holds repeats of {', '.join(str(row.shape[1]) for row in rows)} units; give the same")
    return _checked(np.stack(rows), tasks, of, what), tasks


def _checked(values: Float[np.ndarray, "repeat task unit"], tasks: list[str], of: str, what: str) -> np.ndarray:
    still = ~(np.isfinite(values).all(axis=2) & (np.ptp(values, axis=2) > 0))
    if still.any():
        repeat, task = np.argwhere(still)[0]
        raise ValueError(
            f"{of} of task {tasks[task]!r} in repeat {repeat} of {what} is the same in all units, or not finite; a "
            "correlation needs it to differ"
        )
    return values


def _correlations(
    one: Float[np.ndarray, "repeat task unit"], two: Float[np.ndarray, "other_repeat task unit"]
) -> Float[np.ndarray, "repeat other_repeat task other"]:
    """Return the correlation over units of every solution of the one kind with every one of the other."""
    a, b = (x - x.mean(axis=2, keepdims=True) for x in (one, two))
    a, b = (x / np.linalg.norm(x, axis=2, keepdims=True) for x in (a, b))
    return np.einsum("psi,qti->pqst", a, b)


def _apart(table: np.ndarray, paired: bool) -> Float[np.ndarray, "repeat other_repeat"]:
    """Return the weight of each pair of repeats: a repeat is never compared with itself."""
    return 1.0 - np.eye(len(table)) if paired else np.ones(table.shape[:2])


def _mean(table: np.ndarray, weight: np.ndarray) -> Float[np.ndarray, "task other"]:
    return np.einsum("pqst,pq->st", table, weight) / weight.sum()


def _resampled(table: np.ndarray, paired: bool, count: int, seed: int) -> Float[np.ndarray, "draw task other"]:
    """Return the means over repeats that were drawn again, with replacement; of two copies of one there is no pair."""
    rng, (p, q) = generator(seed), table.shape[:2]
    apart, found = _apart(table, paired), []
    for _ in range(count):
        mine = np.bincount(rng.integers(p, size=p), minlength=p)
        theirs = mine if paired else np.bincount(rng.integers(q, size=q), minlength=q)
        weight = apart * np.outer(mine, theirs)
        if weight.any():
            found.append(_mean(table, weight))
    return np.array(found)
