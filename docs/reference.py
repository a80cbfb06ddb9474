"""The pages of the reference, one a room, written from the public names: none can be missing."""

from __future__ import annotations

import inspect
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

import tonicnet as tn

PAGES = {
    "network": "Networks",
    "task": "Tasks",
    "learn": "Learning",
    "study": "Studies and comparisons",
    "simulate": "Runs",
    "bank": "Banks",
    "spiking": "Brian2",
    "measure": "Measures",
    "arrays": "Measures of plain arrays",
    "plot": "Pictures",
    "report": "Reports",
    "explore": "Widgets",
    "files": "Files and cards",
}
WHOLE = ("measure", "plot", "spiking")  # rooms whose names are called by the room's: tn.measure.lost
SAID = {
    "files": "Saving, loading and showing anything.",
    "arrays": "The mathematics behind the measures: arrays in, numbers out.",
}
BESIDE = {  # what is met as a part of a public thing, and stands on the page of its room
    "network": ("Filter",),
    "task": ("Chart", "DystsSystem", "Phase"),
    "bank": ("as_sigmoid", "Schedule", "Segment"),
    "learn": ("Extension", "descended", "first_bias"),
    "explore": ("Explorer",),
}


def write(folder: Path) -> None:
    """Write all pages and their table of contents."""
    folder.mkdir(exist_ok=True)
    held = pages()
    for room, names in held.items():
        _put(folder / f"{room}.md", _page(room, names))
    _put(folder / "index.md", _index(held))


def pages() -> dict[str, list[str]]:
    """Return the public names of every room, as users call them, in the order of the rooms."""
    found: dict[str, list[str]] = {room: [] for room in PAGES}
    for name, home in tn._homes.items():
        if not name.startswith("_"):
            found["files" if home.startswith("_") else home.split(".")[0]].append(f"tonicnet.{name}")
    for room in WHOLE:
        for name in _public(getattr(tn, room)):
            found[_room(room, name)].append(f"tonicnet.{room}.{name}")
    for room, names in BESIDE.items():
        found[room] += [f"tonicnet.{room}.{name}" for name in names]
    return {room: _once(names) for room, names in found.items() if names}


def _room(room: str, name: str) -> str:
    """Return the page of a name: what takes plain arrays, and what it returns, has one of its own."""
    return "arrays" if ".arrays." in getattr(getattr(getattr(tn, room), name), "__module__", "") else room


def _public(room: ModuleType) -> list[str]:
    held = {name: thing for name, thing in vars(room).items() if not name.startswith("_")}
    return sorted(name for name, thing in held.items() if not isinstance(thing, ModuleType))


def _once(names: list[str]) -> list[str]:
    """Return the names without a second one of the same thing: tn.compare is tn.measure.compare."""
    seen: dict[int, str] = {}
    for name in names:
        seen.setdefault(id(_thing(name)), name)
    return list(seen.values())


def _thing(name: str) -> Any:
    room, _, last = name.rpartition(".")
    if room.count("."):
        from importlib import import_module

        return getattr(import_module(room), last)
    return getattr(tn, last)


def _page(room: str, names: list[str]) -> str:
    rows = [f"| {{py:obj}}`{name.removeprefix('tonicnet.')} <{name}>` | {_sentence(name)} |" for name in names]
    table = ["| name | what it does |", "|---|---|", *rows]
    return "\n".join([f"# {PAGES[room]}\n", *table, "\n```{eval-rst}", *map(_directive, names), "```\n"])


def _sentence(name: str) -> str:
    thing = _thing(name)
    if not (inspect.isclass(thing) or inspect.isroutine(thing)):
        return _data(thing)
    words = " ".join((inspect.getdoc(thing) or "").split("\n\n")[0].split())
    return words.replace("|", "\\|").replace("*", "\\*").replace("<", "\\<").split(":func:")[0].strip()


def _directive(name: str) -> str:
    thing = _thing(name)
    if inspect.isclass(thing):
        ours = any(base.__module__.startswith("tonicnet.") for base in thing.__bases__)
        inherited = "   :inherited-members:\n" if ours else ""
        return f"\n.. autoclass:: {name}\n   :members:\n{inherited}   :exclude-members: __init__, __new__\n"
    if inspect.isroutine(thing):
        return f"\n.. autofunction:: {name}\n"
    return f"\n.. py:data:: {name}\n\n   {_data(thing).replace('`', '``')}\n"


def _data(thing: Any) -> str:
    """Return what a table or a type is."""
    if isinstance(thing, Mapping | tuple):
        return f"A table of {len(thing)}: {', '.join(f'`{key}`' for key in thing)}."
    return f"A type: `{str(thing).replace('collections.abc.', '')}`."


def _index(held: dict[str, list[str]]) -> str:
    rows = [f"| [{PAGES[room]}]({room}.md) | {len(names)} | {_purpose(room)} |" for room, names in held.items()]
    listed = "\n".join(held)
    return (
        "# Reference\n\nA page a room, written from the docstrings. Their examples are run by the tests. Everything "
        "starts with `import tonicnet as tn`.\n\n| room | names | what it holds |\n|---|---|---|\n"
        + "\n".join(rows)
        + f"\n\n```{{toctree}}\n:hidden:\n\n{listed}\n```\n"
    )


def _purpose(room: str) -> str:
    if room in SAID:
        return SAID[room]
    from importlib import import_module

    return (inspect.getdoc(import_module(f"tonicnet.{room}")) or "").split("\n")[0]


def _put(path: Path, text: str) -> None:
    """Write a page if it changed, so that sphinx reads no page twice."""
    if not path.exists() or path.read_text() != text:
        path.write_text(text)
