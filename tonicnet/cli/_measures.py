"""Measures in print: rate and spiking side by side, each with its floor."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import xarray as xr

from ..measure import MEASURES, settling_time
from ._table import number, percent, seconds, table
from ._true_runs import Truths

WITHIN = 0.3  # sd from the attractor that counts as arrived, for rates and spikes alike

_FORMATS: dict[str, Callable[[float], str]] = {"number": number, "percent": percent}
_SHOWN = {name: (measure.label, _FORMATS[measure.printed]) for name, measure in MEASURES.items() if measure.printed}


def measures_text(measures: xr.Dataset) -> str:
    """Return a table for each task: a measure a line, a run a column, the floor last."""
    return "\n\n".join(_task(measures.sel(task=name)) for name in measures["task"].values)


def _task(row: xr.Dataset) -> str:
    runs = [str(name) for name in row["run"].values]
    about = f"{row['kind'].item()}; {row['duration'].values[0]:.4g} of its own time, T = {row['samples'].values[0]:.0f}"
    lines = [line for name, (words, text) in _SHOWN.items() if (line := _measure(row, name, words, text))]
    fates = [f"  {run}: {row['outcome'].values[k]}" for k, run in enumerate(runs)]
    return "\n".join([f"{row['task'].item()} ({about})", table(["  measure", *runs, "floor"], lines), *fates])


def _measure(row: xr.Dataset, name: str, words: str, text: Callable[[float], str]) -> list[str] | None:
    if name not in row or not np.isfinite(row[name]).any():
        return None
    floor = row[f"{name}_floor"].values if f"{name}_floor" in row else np.array([np.nan])
    known = floor[np.isfinite(floor)]
    return [
        f"  {words}",
        *(text(float(v)) for v in row[name].values),
        text(float(known.max()) if len(known) else np.nan),
    ]


def settling_text(runs: dict[str, xr.Dataset], truths: Truths) -> str:
    """Return how long the network took to reach each task's attractor after the switch to it."""
    found = {name: settling_time(run, truths, threshold=WITHIN) for name, run in runs.items()}
    first = next(iter(found.values()))
    tasks = [str(name) for name in first["task"].values]
    times = {name: np.median(f["settling_seconds"].values, axis=1) for name, f in found.items()}
    rows = [
        [f"  {task}", "start" if k == 0 else f"switch {k}", *(seconds(float(t[k])) for t in times.values())]
        for k, task in enumerate(tasks)
    ]
    head = f"settling: time to come within {WITHIN:g} sd of the attractor and stay near (- : it did not)"
    return f"{head}\n{table(['  task', 'after', *found], rows, left=(0, 1))}"
