"""Which numbers a fit learns: one parameter set, or the sum of several."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .._names import choose, shown
from ..parameters import SETS

WHAT = "parameter set to learn"
_PLUS = "+"


def summed(learn: Any) -> str:
    """Return what is learned as one text: a name, or names joined by a plus, in the order of the sets.

    Raises TypeError for what is neither a name nor some, ValueError for unknown names, none, or one given twice.

    >>> summed(("gain", "bias")), summed("scale")
    ('bias+gain', 'scale')
    """
    names = _names(learn)
    for name in names:
        choose(WHAT, name, SETS)
        if names.count(name) > 1:
            raise ValueError(f"learn names {name!r} twice; a sum holds each parameter set once")
    if not names:
        raise ValueError(f"learn names no parameter set; give one or more of {', '.join(sorted(SETS))}")
    return _PLUS.join(name for name in SETS if name in names)


def sets_of(learn: str) -> tuple[str, ...]:
    """Return the names in what :func:`summed` gave."""
    return tuple(learn.split(_PLUS))


def _names(learn: Any) -> list[Any]:
    if isinstance(learn, str):
        return [name.strip() for name in learn.split(_PLUS)]
    if not isinstance(learn, Iterable):
        raise TypeError(f"learn is the name of a parameter set, or a list of names, got {shown(learn)}")
    return list(learn)
