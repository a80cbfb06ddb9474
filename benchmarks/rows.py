"""How every benchmark says its figures: rows chosen by name on the command line, medians with their ranges."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence

import numpy as np

Row = tuple[str, str]


def table(rows: Mapping[str, Callable[[], Iterator[Row]]]) -> None:
    """Print the rows asked for, or all of them, as a Markdown table."""
    print("| measure | figure |\n|---|---|")
    for name in sys.argv[1:] or rows:
        for measure, figure in rows[name]():
            print(f"| {measure} | {figure} |", flush=True)


def lines(rows: Mapping[str, Callable[[range], Iterator[str]]]) -> None:
    """Print the rows asked for, or all of them, over so many ``--seeds`` (10), or over 5 to 9 for ``--seeds 5-9``."""
    words = sys.argv[1:]
    asked = words.pop(words.index("--seeds") + 1) if "--seeds" in words else "10"
    first, last = asked.split("-") if "-" in asked else (0, int(asked) - 1)
    seeds = range(int(first), int(last) + 1)
    for name in [w for w in words if w != "--seeds"] or rows:
        for line in rows[name](seeds):
            print(f"- {name}: {line}", flush=True)


def spread(values: Sequence[float] | np.ndarray, unit: str = "") -> str:
    """Return median and range of the values that are known."""
    known = [v for v in values if not np.isnan(v)]
    return f"{np.median(known):.3g} ({min(known):.3g} - {max(known):.3g}) {unit}".strip() if known else "never"


def told(values: Sequence[float]) -> str:
    """Return the values of one seed."""
    return ", ".join(f"{v:.3g}" for v in values)


def summary(name: str, labels: Sequence[str], rows: Sequence[Sequence[float]]) -> str:
    """Return median and range of each column over seeds."""
    columns = zip(labels, np.array(rows, dtype=float).T, strict=True)
    return f"**{name}, median (range) of {len(rows)} seeds: {'; '.join(f'{n} {spread(c)}' for n, c in columns)}**"
