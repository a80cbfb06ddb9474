"""One measured number a record: what, under which conditions, its unit, and where, when and by what it was measured."""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import time
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

ROOT = Path(__file__).resolve().parent.parent
RESULTS = ROOT / "benchmarks" / "results"
_FLAGS = ("avx2", "avx512f", "avx512_bf16", "amx_bf16", "asimd", "bf16")


@dataclass(frozen=True)
class Figure:
    """One quantity under named conditions: a value a run, or a single one."""

    where: Mapping[str, str | int | float]
    measure: str
    unit: str
    values: tuple[float, ...]

    def record(self, about: Mapping[str, Any]) -> dict[str, Any]:
        """Return median, least and greatest of the values that are known, with their provenance."""
        known = [v for v in self.values if np.isfinite(v)]
        middle, least, most = (float(f(known)) if known else None for f in (np.median, min, max))
        spread = {"least": least, "most": most} if len(self.values) > 1 else {}
        counted = {"value": middle} | spread | {"runs": len(self.values), "known": len(known)}
        return {"where": dict(self.where), "measure": self.measure, "unit": self.unit} | counted | dict(about)

    def __str__(self) -> str:
        conditions = ", ".join(str(v) if isinstance(v, str) else f"{k} {v:g}" for k, v in self.where.items())
        known = [v for v in self.values if np.isfinite(v)]
        middle = f"{np.median(known):.4g}" if known else "none"
        spread = f" ({min(known):.4g} - {max(known):.4g}, {len(known)} runs)" if len(known) > 1 else ""
        return f"{conditions}: {self.measure} {middle}{spread} {'' if self.unit == '1' else self.unit}".strip()


def figure(where: str | Mapping[str, Any], measure: str, unit: str, values: float | Iterable[float]) -> Figure:
    """Return a figure; conditions may be one phrase, values one number."""
    held = {"what": where} if isinstance(where, str) else where
    given = [values] if isinstance(values, int | float | np.generic) else values
    return Figure(held, measure, unit, tuple(map(float, given)))


def columns(where: str | Mapping[str, Any], names: Mapping[str, str], rows: Sequence[Sequence[float]]) -> list[Figure]:
    """Return a figure for each column of ``rows``, a row a run; ``names`` gives measure and unit of each column."""
    values = np.array(rows, dtype=float).T
    return [figure(where, name, unit, column) for (name, unit), column in zip(names.items(), values, strict=True)]


def provenance(command: str, folder: Path = ROOT) -> dict[str, Any]:
    """Return processor, threads, commit, date and command of what is measured now."""
    return {
        "processor": processor(), "threads": int(os.environ.get("OMP_NUM_THREADS", os.cpu_count() or 1)),
        "commit": commit(folder), "date": time.strftime("%Y-%m-%d", time.gmtime()), "command": command,
    }  # fmt: skip


def processor() -> str:
    """Return the architecture and those of its features that decide speed."""
    path = Path("/proc/cpuinfo")
    words = path.read_text().split() if path.exists() else []
    return " ".join([platform.machine(), *(flag for flag in _FLAGS if flag in words)])


def commit(folder: Path = ROOT) -> str:
    """Return the commit of a checkout, with a plus where the package in it was changed since."""
    told = [
        subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, check=True).stdout.strip()
        for words in (["rev-parse", "--short", "HEAD"], ["status", "--porcelain", "--", "tonicnet"])
    ]
    return told[0] + "+" * bool(told[1])


def command() -> str:
    """Return the command that is running, without the rows that were chosen."""
    return f"python benchmarks/{Path(sys.argv[0]).name}"


def keep(figures: Iterable[Figure], name: str, about: Mapping[str, Any]) -> Path:
    """Write figures into ``results/<name>.json``; those of the same conditions and measure are replaced."""
    path = RESULTS / f"{name}.json"
    held = {_key(record): record for record in (json.loads(path.read_text()) if path.exists() else [])}
    for made in figures:
        record = made.record(about)
        held[_key(record)] = record
    RESULTS.mkdir(exist_ok=True)
    path.write_text("[\n" + ",\n".join(json.dumps(record, ensure_ascii=False) for record in held.values()) + "\n]\n")
    return path


def _key(record: Mapping[str, Any]) -> tuple[Any, ...]:
    return (*record["where"].items(), record["measure"])


def digits(value: float | None) -> str:
    """Return a number as it is printed in tables: three digits that count, whole numbers as they are."""
    if value is None:
        return ""
    if float(value).is_integer() and abs(value) < 1e6:
        return f"{int(value)}"
    return f"{value:.3g}" if abs(value) < 1000 else f"{value:.0f}"
