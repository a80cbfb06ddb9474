"""Docstrings as this package writes them, turned into what sphinx reads: arguments, equations, stray marks."""

from __future__ import annotations

import re
from collections.abc import Iterator

_UNDERLINE = re.compile(r"^\s*-{3,}\s*$")
_ENTRY = re.compile(r"^([\w, .*]+) : (.*)$")
_CODE = re.compile(r"(``.*?``|:\w+:`[^`]*`|`[^`]*`)")
_PART = re.compile(r":(\w+):`([A-Z]\w*)\.(\w+)`")  # a part of a public class, whose page need not be this one
_DOI = re.compile(r"\bdoi:(?!\S*<)(10\.\d{4,9}/[-._;()/:A-Za-z0-9]*[A-Za-z0-9])")
_ARXIV = re.compile(r"\barXiv[ :](\d{4}\.\d{4,5}|[a-z-]+/\d{7})")
_INSIDE = "    "  # how far the words of an argument stand in


def prepare(app: object, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    """Rewrite the lines of one docstring in place, as sphinx's ``autodoc-process-docstring`` asks."""
    parts = [_PART.sub(r":\1:`\2.\3 <tonicnet.\2.\3>`", line) for line in _prepared(list(_blocks(lines)))]
    lines[:] = [_linked(line) for line in parts]


def _linked(line: str) -> str:
    """Return a line whose DOIs and arXiv numbers are links, which ``make links`` asks."""
    line = _DOI.sub(lambda found: f"`{found[0]} <https://doi.org/{found[1]}>`__", line)
    return _ARXIV.sub(lambda found: f"`{found[0]} <https://arxiv.org/abs/{found[1]}>`__", line)


def entries(lines: list[str]) -> list[str]:
    """Return the arguments that a docstring describes, as they are written there."""
    inside, found = False, []
    for block in _blocks(lines):
        inside = _heads(block) or (inside and _goes_on(block))
        if inside:
            found += [entry[1] for line in block if (entry := _ENTRY.match(line))]
    return found


def _prepared(blocks: list[list[str]]) -> Iterator[str]:
    listed = False
    for block in blocks:
        if _heads(block):
            yield from ["**" + block[0].strip() + "**", "", *_items(block[2:])]
        elif listed and _goes_on(block):
            yield from _items(block)
        else:
            yield from _words(block)
        listed = _heads(block) or (listed and _goes_on(block))


def _blocks(lines: list[str]) -> Iterator[list[str]]:
    """Yield stretches of lines between blank ones."""
    block: list[str] = []
    for line in [*lines, ""]:
        if line.strip():
            block.append(line)
        elif block:
            yield block
            block = []


def _heads(block: list[str]) -> bool:
    """Whether a block begins with an underlined heading, under which arguments are listed."""
    return len(block) > 1 and bool(_UNDERLINE.match(block[1]))


def _goes_on(block: list[str]) -> bool:
    """Whether a block after a list of arguments belongs to it: more words of the last one, or further arguments."""
    return block[0].startswith(_INSIDE) or bool(_ENTRY.match(block[0]))


def _words(block: list[str]) -> list[str]:
    """Return a block that stands by itself: an example, an equation, or a paragraph."""
    if block[0].lstrip().startswith(">>>"):
        return [*block, ""]
    if block[0].startswith(" "):
        return ["::", "", *(_INSIDE + line for line in block), ""]
    return [*map(_plain, block), ""]


def _items(lines: list[str]) -> list[str]:
    """Return "name : words" as a list of items; further words and equations of an item stand in."""
    items: list[str] = []
    equation = bool(lines) and lines[0].startswith(2 * _INSIDE)
    if equation:
        items += ["  ::", ""]
    for line in lines:
        entry = _ENTRY.match(line)
        if entry:
            equation = False
            items += [f"* **{_plain(entry[1])}**: {_plain(entry[2])}"]
        else:
            items += [_INSIDE + line.strip() if equation else "  " + _plain(line.strip())]
    return [*items, ""]


def _plain(line: str) -> str:
    """Return a line in which only code and roles are markup: stars, bars and trailing underscores are themselves."""
    parts = _CODE.split(line)
    return "".join(p if i % 2 else re.sub(r"([*|`]|_(?!\w))", r"\\\1", p) for i, p in enumerate(parts))
