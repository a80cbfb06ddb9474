"""JSON and TOML from outside: bounded in length and depth, so that no parser meets its own limits."""

from __future__ import annotations

import json
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

_LONGEST_JSON = 64 * 2**20  # characters; banks carry recordings of up to a million numbers
_LONGEST_TOML = 128 * 2**10  # bytes
_DOTS = 64  # in one key: the parser's time grows as their square
_DIGITS = 300  # of a whole number: a float holds no more, and seeds of numpy may have 39
_DEEPEST = 32  # tables within tables


def parse_json(text: object, what: str) -> Any:
    """Return what a JSON text holds. Raises ValueError for no text, other text, and one that is too long or too deep.

    >>> parse_json('{"units": 3}', "the recipe")
    {'units': 3}
    """
    if not isinstance(text, str):
        raise ValueError(f"{what} is no JSON text but {type(text).__name__}; take an intact copy")
    if len(text) > _LONGEST_JSON:
        raise ValueError(f"{what} is JSON of {len(text)} characters, more than {_LONGEST_JSON}; take an intact copy")
    try:
        found = json.loads(text, parse_int=_whole)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{what} is not readable JSON ({error}); take an intact copy") from error
    _check_depth(found, what)
    return found


def read_toml(file: Path) -> dict[str, Any]:
    """Return the tables of a TOML file. Raises ValueError for other text, and for a file too long or too deep."""
    size = os.stat(file).st_size
    if size > _LONGEST_TOML:
        raise ValueError(f"{file} is TOML of {size} bytes, more than {_LONGEST_TOML}; is it another kind of file?")
    try:
        text = file.read_text(encoding="utf-8-sig")
        if max(part.count(".") for part in re.split(r"[,=\[\]{}\n#]", text)) > _DOTS:
            raise ValueError(f"a key with more than {_DOTS} dots")
        tables = tomllib.loads(text)
        _check_numbers(tables)
    except (ValueError, RecursionError) as error:
        raise ValueError(f"{file} is not valid TOML ({error}); correct it there") from error
    _check_depth(tables, str(file))
    return tables


def _whole(digits: str) -> int:
    """Return a whole number that a float could hold; Python would take any, and no arithmetic that follows does."""
    if len(digits) > _DIGITS:
        raise ValueError(f"a whole number of {len(digits)} digits")
    return int(digits)


def _check_numbers(tables: dict[str, Any]) -> None:
    left: list[Any] = [tables]
    while left:
        one = left.pop()
        if isinstance(one, int) and abs(one) >= 10**_DIGITS:
            raise ValueError(f"a whole number of more than {_DIGITS} digits")
        if isinstance(one, Mapping | list):
            left.extend(one.values() if isinstance(one, Mapping) else one)


def _check_depth(found: Any, what: str) -> None:
    level, depth = [found], 0
    while level:
        if depth > _DEEPEST:
            raise ValueError(f"{what} has tables more than {_DEEPEST} deep; take an intact copy")
        level = [inner for outer in level for inner in _inside(outer)]
        depth += 1


def _inside(value: Any) -> list[Any]:
    """Return the tables and lists in a table or a list."""
    held = value.values() if isinstance(value, Mapping) else value if isinstance(value, list) else ()
    return [inner for inner in held if isinstance(inner, Mapping | list)]
