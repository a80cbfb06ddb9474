"""Docstrings as this package writes them, turned into what sphinx reads: arguments, equations, stray marks."""

from __future__ import annotations

import re
from collections.abc import Iterator

_UNDERLINE = re.compile(r"^\s*-{3,}\s*$")
_ENTRY = re.compile(r"^([\w, .*]+) : (.*)$")
_CODE = re.compile(r"(``.*?``|:\w+:`[^`]*`|`[^`]*`)")


def prepare(app: object, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    """Rewrite the lines of one docstring in place, as sphinx's ``autodoc-process-docstring`` asks."""
    lines[:] = [line for block in _blocks(lines) for line in _written(block)]


def _blocks(lines: list[str]) -> Iterator[list[str]]:
    """Yield stretches of lines between blank ones."""
    block: list[str] = []
    for line in [*lines, ""]:
        if line.strip():
            block.append(line)
        elif block:
            yield block
            block = []


def _written(block: list[str]) -> list[str]:
    first = block[0]
    if first.lstrip().startswith(">>>"):
        return [*block, ""]
    if len(block) > 1 and _UNDERLINE.match(block[1]):
        return ["**" + first.strip() + "**", "", *_entries(block[2:])]
    if first.startswith(" "):  # an equation
        return ["::", "", *("    " + line for line in block), ""]
    return [*map(_plain, block), ""]


def _entries(lines: list[str]) -> list[str]:
    """Return "name : words" as a list of items, whose further lines are indented."""
    items: list[str] = []
    for line in lines:
        entry = _ENTRY.match(line)
        if entry:
            items += [f"* **{_plain(entry[1])}**: {_plain(entry[2])}"]
        else:
            items += ["  " + _plain(line.strip())]
    return [*items, ""]


def _plain(line: str) -> str:
    """Return a line in which only code and roles are markup: stars, bars and trailing underscores are themselves."""
    parts = _CODE.split(line)
    return "".join(p if i % 2 else re.sub(r"([*|`]|_(?!\w))", r"\\\1", p) for i, p in enumerate(parts))
