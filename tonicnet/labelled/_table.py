"""Tables of text: which delimiter, which header, which decimal mark; and where a cell is wrong."""

from __future__ import annotations

import codecs
import csv
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, final

import numpy as np

from ._time import time_like

if TYPE_CHECKING:
    import pandas as pd

_MISSING = frozenset(("", "na", "nan", "n/a", "#n/a", "null", "none", "-", "--", "missing", "<na>"))
_COMMA = re.compile(r"[+-]?\d*,\d+([eE][+-]?\d+)?")
_BOMS = {codecs.BOM_UTF8: "utf-8-sig", codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
_SHOWN = 20  # rows in which a delimiter is looked for


@final
@dataclass(frozen=True)
class _Rows:
    """The cells of a table: the names of its columns, or None, and its rows with the lines they stand in."""

    names: list[str] | None
    cells: list[list[str]]
    lines: list[int]

    def place(self, row: int, column: str) -> str:
        """Return where a cell is, in words."""
        return f"row {row + 1} (line {self.lines[row]} of the file), column {column!r}"


def read_table(data: bytes, what: str, *, time: str | None = None, missing: bool = False) -> pd.DataFrame:
    """Return a table of numbers; a column of times may hold dates. A first column without a name becomes the index.

    Understood: a byte-order mark; commas, semicolons, tabs or blanks between cells; decimal commas; comment lines with
    #; no header (columns are then numbered). Raises ValueError, with row and column, for a cell that is empty or no
    number, and for rows of different lengths. With ``missing`` a cell that is empty, or says so, is NaN.

    >>> read_table(b"time;x\\n0,0;1,5\\n0,1;2,5\\n", "run.csv")["x"].tolist()
    [1.5, 2.5]
    """
    import pandas as pd

    rows = _checked(_split(_text(data, what)), what)
    blank = _MISSING if missing else frozenset[str]()
    names = rows.names or [str(k) for k in range(len(rows.cells[0]))]
    columns = [pd.Series([row[k] for row in rows.cells]).str.strip() for k in range(len(names))]
    while len(columns) > 1 and not names[-1] and (columns[-1] == "").all():  # each line ends with a delimiter
        names, columns = names[:-1], columns[:-1]
    if len(set(names)) < len(names):
        raise ValueError(f"{what} needs each column name once, has {', '.join(names)}")
    commas = _decimal_commas(columns, what)
    made = {n: _column(n, c, rows, commas, what, n == time, blank) for n, c in zip(names, columns, strict=True)}
    frame = pd.DataFrame(made)
    return frame.set_index("").rename_axis(None) if names[0] == "" and len(names) > 1 else frame


def _text(data: bytes, what: str) -> str:
    if data.startswith(b"PK\x03\x04"):
        raise ValueError(f"{what} is an Excel workbook or another zip archive and no text; save it as CSV")
    coding = next((name for mark, name in _BOMS.items() if data.startswith(mark)), "utf-8")
    try:
        text = data.decode(coding)
    except UnicodeDecodeError:
        text = data.decode("latin-1")  # every byte is a letter of it; only names may hold such
    if "\0" in text:
        raise ValueError(f"{what} holds zero bytes, so it is no table of text; export it again as CSV")
    return text


def _split(text: str) -> _Rows:
    """Return the cells of a text, with its header if it has one."""
    numbered = [(k, line) for k, line in enumerate(text.splitlines(), start=1) if line.strip()]
    told = numbered and re.fullmatch(r"sep=(.)", numbered[0][1].strip(), re.IGNORECASE)
    numbered = numbered[1:] if told else numbered
    comments = [line.lstrip()[1:] for _, line in numbered if line.lstrip().startswith("#")]
    body = [(k, line) for k, line in numbered if not line.lstrip().startswith("#")]
    mark = told.group(1) if told else _delimiter([line for _, line in body[:_SHOWN]])
    cells = [_cells(line, mark) for _, line in body]
    lines = [k for k, _ in body]
    if cells and not all(map(_numeric, cells[0])):
        return _Rows([name.strip() for name in cells[0]], cells[1:], lines[1:])
    header = [name.strip() for name in _cells(comments[-1], mark)] if comments else []
    return _Rows(header if cells and len(header) == len(cells[0]) > 1 else None, cells, lines)


def _delimiter(lines: list[str]) -> str | None:
    """Return what stands between cells: the first mark that is in every line; None for blanks."""
    for mark in (";", "\t", ","):
        if lines and all(mark in line for line in lines):
            return mark
    return None if lines and all(len(line.split()) > 1 for line in lines[1:] or lines) else ","


def _cells(line: str, mark: str | None) -> list[str]:
    return line.split() if mark is None else next(csv.reader([line], delimiter=mark, skipinitialspace=True))


def _numeric(cell: str) -> bool:
    text = cell.strip()
    try:
        float(text.replace(",", "."))
    except ValueError:
        return False
    return text.lower() not in _MISSING


def _checked(rows: _Rows, what: str) -> _Rows:
    if not rows.cells:
        raise ValueError(f"{what} has {'a header but no rows' if rows.names else 'nothing in it'}")
    width = len(rows.names or rows.cells[0])
    for k, row in enumerate(rows.cells):
        if len(row) != width:
            raise ValueError(
                f"{what}: row {k + 1} has {len(row)} columns of {width} (line {rows.lines[k]} of the file); "
                "it may be cut off"
            )
    return rows


def _decimal_commas(columns: list[pd.Series], what: str) -> bool:
    """Return whether numbers are written with a decimal comma."""
    some = next((cell for column in columns for cell in column if _COMMA.fullmatch(cell)), None)
    points = some and next(
        (cell for column in columns for cell in column if re.fullmatch(r"[+-]?\d*\.\d+", cell)), None
    )
    if some and points:
        raise ValueError(f"{what} has numbers with a comma ({some}) and with a point ({points}); write all one way")
    return some is not None


def _column(
    name: str, cells: pd.Series, rows: _Rows, commas: bool, what: str, is_time: bool, blank: frozenset[str]
) -> pd.Series | np.ndarray:
    """Return a column as numbers, or as dates if it is one of time that holds no number; ``blank`` cells are NaN."""
    import pandas as pd

    plain = cells.str.replace(",", ".", regex=False) if commas else cells
    numbers = pd.to_numeric(plain, errors="coerce")
    wrong = np.flatnonzero(numbers.isna() & ~cells.str.lower().isin(blank))
    if len(wrong) == len(cells) and (is_time or time_like(name) is not None or name == ""):
        return _dates(cells, f"{what}, column {name!r},")
    for row in wrong:
        place, cell = rows.place(int(row), name), cells.iloc[row]
        if cell.lower() in _MISSING:
            raise ValueError(
                f"{what}: {place} is {f'{cell!r}, a missing value' if cell else 'empty'}; a recording has no gaps, so "
                "cut the recording there with tn.cut_trials, or fill short gaps with tn.resample_recording"
            )
        raise ValueError(f"{what}: {place} is not a number: {cell!r:.60}; correct it there")
    return numbers.astype(float) if numbers.dtype.kind == "f" or name else numbers


def _dates(cells: pd.Series, what: str) -> pd.Series:
    import pandas as pd

    for read in (lambda: pd.to_timedelta(cells), lambda: pd.to_datetime(cells, format="ISO8601")):
        try:
            return read()
        except (ValueError, OverflowError):
            continue
    raise ValueError(f"{what} holds neither numbers nor dates such as 2024-01-31 12:00:00.5, but {cells.iloc[0]!r:.60}")
