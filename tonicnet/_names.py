"""Names and other words from outside: unknown ones, ones that no file or terminal can carry, and how they are told."""

from __future__ import annotations

import os
import reprlib
import unicodedata
from collections.abc import Iterable
from difflib import get_close_matches
from pathlib import Path
from typing import Any

LONGEST = 200  # letters of a name
_SHOWN = 80  # letters of a value that an error repeats
_LONGEST_PART, _LONGEST_PATH = 255, 4095  # bytes of a path that file systems take
_BITS = 200  # of a whole number that an error repeats
_REPR = reprlib.Repr()
_REPR.maxstring = _REPR.maxother = _REPR.maxlong = _SHOWN
_UNSEEN = ("Cc", "Cs", "Cf", "Zl", "Zp", "Co", "Cn")  # control, surrogate, format, line, paragraph, none


def unknown(kind: str, name: object, known: Iterable[str]) -> str:
    """Return the sentence for an unknown name: what came, the nearest, and everything there is."""
    names = sorted(set(known))
    near = get_close_matches(str(name)[:LONGEST], names, n=1, cutoff=0.5) if isinstance(name, str) else []
    hint = f" Did you mean {near[0]!r}?" if near else ""
    return f"unknown {kind} {shown(name)}.{hint} Known: {', '.join(names) or 'none'}."


def choose(kind: str, name: str, known: Iterable[str]) -> str:
    """Return ``name`` if it is one of ``known``; raise ValueError with the nearest otherwise."""
    names = list(known)
    if not isinstance(name, str) or name not in names:
        raise ValueError(unknown(kind, name, names))
    return name


def name_of(name: Any) -> Any:
    """Return a name as text where it comes out of a loop over labels, ``for name in bank.task``; else as it is.

    >>> import numpy as np
    >>> name_of(np.array("hopf")), name_of("hopf"), name_of(3)
    ('hopf', 'hopf', 3)
    """
    return name.item() if getattr(name, "ndim", None) == 0 else name


def shown(value: Any) -> str:
    """Return a value as an error repeats it: on one line, not too long, without what a terminal would obey.

    >>> shown("a\\x1b[31m"), shown(3.0), shown([[1, 2], [3, 4]])
    ("'a\\\\x1b[31m'", '3.0', '[[1, 2], [3, 4]]')
    """
    if isinstance(getattr(value, "shape", None), tuple):
        text = f"{type(value).__name__} of shape {tuple(value.shape)}" if value.shape else " ".join(repr(value).split())
        return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."
    if hasattr(value, "dims"):
        return f"a {type(value).__name__} of dims ({', '.join(map(str, value.dims))})"
    if isinstance(value, int) and not isinstance(value, bool) and value.bit_length() > _BITS:
        return f"a whole number of {value.bit_length()} bits"
    text = " ".join(_REPR.repr(value).split())
    return text if len(text) <= _SHOWN else f"{text[: _SHOWN - 3]}..."


def check_name(kind: str, name: Any) -> str:
    """Return a name that a file, a terminal and a plot can carry; raise in a sentence otherwise.

    Refused are what is no text, an empty text, more than 200 letters, and characters that are not seen: NUL, line
    breaks, terminal escapes, lone surrogates, marks that turn the direction of writing.

    >>> check_name("task name", "Lorenz 63")
    'Lorenz 63'
    """
    if not isinstance(name, str) or not name.strip():
        error = ValueError if isinstance(name, str) else TypeError
        raise error(f"a {kind.removesuffix(' name')} needs a name, a text of at least one letter, got {shown(name)}")
    if len(name) > LONGEST:
        raise ValueError(f"a {kind} has {LONGEST} letters at most, got {len(name)}; shorten it")
    return check_text(kind, name, plain=True)


def path_of(path: Any) -> Path:
    """Return a path that a file system and a terminal can carry; raise in a sentence otherwise.

    Refused are what is no text or path, control characters (NUL, terminal escapes), lone surrogates, and parts of more
    than 255 bytes.

    >>> path_of("runs/lorenz.nc").name
    'lorenz.nc'
    """
    if not isinstance(path, str | os.PathLike) or not isinstance(os.fspath(path), str):
        raise TypeError(f"a path is a text or a pathlib.Path, got {shown(path)}")
    text = os.fspath(path)
    if any(unicodedata.category(letter) in ("Cc", "Cs") for letter in text):
        raise ValueError(f"a path has letters that can be seen, got {shown(text)}; give the file another name")
    longest = max(len(part.encode()) for part in text.split(os.sep))
    if longest > _LONGEST_PART or len(text.encode()) > _LONGEST_PATH:
        raise ValueError(
            f"a path has parts of {_LONGEST_PART} bytes at most, one has {longest}, all {len(text)} letters; shorten it"
        )
    return Path(path)


def check_text(kind: str, text: Any, *, plain: bool = False) -> str:
    """Return a text whose letters can be seen; one that is not ``plain`` may hold line breaks and tabs.

    >>> check_text("title", "")
    ''
    """
    if not isinstance(text, str):
        raise TypeError(f"a {kind} is a text, got {shown(text)}")
    for letter in text:
        if unicodedata.category(letter) in _UNSEEN and (plain or letter not in "\n\t"):
            raise ValueError(
                f"a {kind} has letters that can be seen, got {shown(text)} with {letter!a}, which a file or a "
                "terminal would not show; leave it out"
            )
    return text
