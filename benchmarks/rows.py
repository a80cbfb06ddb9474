"""How every benchmark runs: rows chosen by name on the command line, each figure printed and kept in results/."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping

from records import Figure, command, keep, provenance

Rows = Mapping[str, Callable[[], Iterator[Figure]]]
Seeded = Mapping[str, Callable[[range], Iterator[Figure | str]]]


def measured(name: str, rows: Rows) -> None:
    """Measure the rows asked for, or all of them, into ``results/<name>.json``."""
    about = provenance(command())
    for row in [w for w in sys.argv[1:] if "=" not in w] or rows:
        for made in rows[row]():
            _tell(name, row, made, about)


def measured_over(name: str, rows: Seeded) -> None:
    """Measure the rows asked for, or all of them, over so many ``--seeds`` (10), or over 5 to 9 for ``--seeds 5-9``."""
    words = sys.argv[1:]
    asked = words.pop(words.index("--seeds") + 1) if "--seeds" in words else "10"
    first, last = asked.split("-") if "-" in asked else (0, int(asked) - 1)
    seeds = range(int(first), int(last) + 1)
    about = provenance(f"{command()} --seeds {asked}")
    for row in [w for w in words if w != "--seeds"] or rows:
        for made in rows[row](seeds):
            _tell(name, row, made, about)


def wanted(where: Mapping[str, object]) -> bool:
    """Tell if conditions are among those asked for: `size task=lorenz units=100 units=400` names some of a row."""
    asked: dict[str, list[str]] = {}
    for key, value in (word.split("=", 1) for word in sys.argv[1:] if "=" in word):
        asked.setdefault(key, []).append(value)
    return all(str(where.get(key)) in values for key, values in asked.items())


def _tell(name: str, row: str, made: Figure | str, about: Mapping[str, object]) -> None:
    """Print a figure and keep it; what is not one tells how far a row is."""
    print(f"{row}: {made}", flush=True)
    if isinstance(made, Figure):
        keep([made], name, dict(about) | {"group": row})


def told(values: list[float] | tuple[float, ...]) -> str:
    """Return the values of one seed."""
    return ", ".join(f"{v:.3g}" for v in values)
