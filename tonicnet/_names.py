"""Errors for names nobody knows: they list what is known, and the nearest."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any

_MOST = 80  # characters of a value in an error


def shown(value: object) -> str:
    """Return what a value looks like, in one line of at most 80 characters.

    >>> shown([1, 2]), len(shown("x" * 500))
    ('[1, 2]', 80)
    """
    text = " ".join(repr(value).split())
    return text if len(text) <= _MOST else f"{text[: _MOST - 3]}..."


def unknown(kind: str, name: object, known: Iterable[str]) -> str:
    """Return the sentence for an unknown name: what came, the nearest, and everything there is."""
    names = sorted(known)
    near = get_close_matches(str(name), names, n=1, cutoff=0.5)
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"unknown {kind} {shown(name)}.{hint} Known: {', '.join(names) or 'none'}."


def choose(kind: str, name: str, known: Iterable[str]) -> str:
    """Return ``name`` if it is one of ``known``; raise ValueError with the nearest otherwise."""
    names = list(known)
    if name not in names:
        raise ValueError(unknown(kind, name, names))
    return name


def name_of(name: Any) -> Any:
    """Return a name as text where it comes out of a loop over labels, ``for name in bank.task``; else as it is.

    >>> import numpy as np
    >>> name_of(np.array("hopf")), name_of("hopf"), name_of(3)
    ('hopf', 'hopf', 3)
    """
    return name.item() if getattr(name, "ndim", None) == 0 else name
