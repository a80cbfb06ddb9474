"""Plain aligned text, readable on a screen, in a pipe and in a log."""

from __future__ import annotations

import math
import shutil
import textwrap
from collections.abc import Sequence

NONE = "-"
_GAP = "  "


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, left: Sequence[int] = (0,)) -> str:
    """Return rows under a head; the columns in ``left`` are words, the others numbers; the last one wraps.

    >>> print(table(["task", "seconds"], [["lorenz", "3.1"]]))
    task    seconds
    lorenz      3.1
    """
    lines = [list(head), *map(list, rows)]
    widths = [max(len(line[k]) for line in lines) for k in range(len(head))]
    return "\n".join(_line(line, widths, left) for line in lines)


def _line(cells: list[str], widths: list[int], left: Sequence[int]) -> str:
    last = len(cells) - 1
    put = [cell.ljust(w) if k in left else cell.rjust(w) for k, (cell, w) in enumerate(zip(cells, widths, strict=True))]
    if last not in left:
        return _GAP.join(put).rstrip()
    before = _GAP.join([*put[:last], ""])
    room = max(24, shutil.get_terminal_size().columns - len(before))
    words = textwrap.wrap(cells[last], room) or [""]
    return ("\n" + " " * len(before)).join([before + words[0], *words[1:]]).rstrip()


def number(value: float) -> str:
    """Return a number in three digits, or a dash where there is none.

    >>> number(0.12345), number(math.nan)
    ('0.123', '-')
    """
    return NONE if math.isnan(value) else f"{value:.3g}"


def percent(value: float) -> str:
    """Return a share as a percentage.

    >>> percent(-0.00123)
    '-0.123 %'
    """
    return NONE if math.isnan(value) else f"{100 * value:.3g} %"


def seconds(value: float) -> str:
    """Return a time in seconds.

    >>> seconds(0.3)
    '0.30 s'
    """
    return NONE if math.isnan(value) else f"{value:.2f} s"
