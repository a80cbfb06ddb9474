"""A bank of biases as notebooks and reports show it: a row a task."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import xarray as xr

from .. import _svg
from .._card import Card, page, table
from ..files import parse_json

_BINS = 30  # of the histograms


class Cells(NamedTuple):
    """A table of text: its heading and its rows."""

    head: list[str]
    rows: list[list[str]]


class Score(NamedTuple):
    """How a score is headed and written: ``factor`` times it, in ``shape``."""

    heading: str
    shape: str
    factor: float = 1.0

    def write(self, value: float) -> str:
        """Return the score as text."""
        return self.shape.format(self.factor * value)


# those a bank has for no task are left out
_SCORES = {
    "valid_time": Score("valid time (task)", "{:.3g}"),
    "divergence": Score("D_stsp", "{:.2g}"),
    "divergence_floor": Score("its floor", "{:.2g}"),
    "divergence_samples": Score("at T", "{:.0e}"),
    "period_error": Score("period error", "{:+.2g} %", 100),
    "amplitude_error": Score("amplitude error", "{:+.2g} %", 100),
    "r_squared": Score("R²", "{:.4f}"),
    "attractor_distance": Score("distance (sd)", "{:.1g}"),
    "lost": Score("starts lost", "{:.0f} %", 100),
    "seconds": Score("learned in (s)", "{:.0f}"),
}


def bank_card(bank: xr.Dataset) -> Card:
    """Return a bank as a card: a row a task with what learned it, its scores and the histogram of its biases."""
    names = [str(n) for n in bank["task"].values]
    title = f"Bank of {len(names)} {'task' if len(names) == 1 else 'tasks'}, {bank.sizes['unit']} biases each"
    facts, scores = bank_facts(bank), bank_scores(bank)
    edges = np.histogram_bin_edges(bank["bias"].values, bins=_BINS)
    label = f"biases, {edges[0]:.2g} to {edges[-1]:.2g}"
    pictures = [
        _svg.bars(np.histogram(bank["bias"].isel(task=i).values, edges)[0], label=label) for i in range(len(names))
    ]
    below = table([*scores.head, label], scores.rows, pictures=pictures)
    return Card(page(title, facts, below=below), _text(title, facts, scores))


def bank_facts(bank: xr.Dataset) -> dict[str, str]:
    """Return where a bank comes from, in words.

    >>> bank_facts(xr.Dataset(attrs={"network_sha256": "abc"}))["network sha256"]
    'abc'
    """
    sha = str(bank.attrs.get("network_sha256", "unknown"))
    return {
        "network sha256": sha if len(sha) <= 16 else sha[:16] + "…",
        "transfer": _transfer(bank),
        "made": f"{bank.attrs.get('created', 'unknown')}, tonicnet {bank.attrs.get('tonicnet_version', 'unknown')}",
    }


def bank_scores(bank: xr.Dataset) -> Cells:
    """Return what learned each task, how well it runs alone, and how long learning took, as a table of text."""
    known = [key for key in _SCORES if key in bank and bool(np.isfinite(bank[key]).any())]
    method = ["method"] if "method" in bank else []
    head = ["task", *method, *(_SCORES[key].heading for key in known)]
    rows = []
    for i, name in enumerate(bank["task"].values):
        row = bank.isel(task=i)
        rows.append(
            [str(name), *(str(row[m].item()).split(",")[0] for m in method), *(_written(row, key) for key in known)]
        )
    return Cells(head, rows)


def _written(row: xr.Dataset, key: str) -> str:
    value = float(row[key])
    return _SCORES[key].write(value) if np.isfinite(value) else ""


def _text(title: str, facts: dict[str, str], scores: Cells) -> str:
    lines = [scores.head, *scores.rows]
    wide = [max(map(len, column)) for column in zip(*lines, strict=True)]
    drawn = ["  ".join(cell.ljust(w) for cell, w in zip(line, wide, strict=True)).rstrip() for line in lines]
    return "\n".join([title, *(f"{name}: {value}" for name, value in facts.items()), *drawn])


def _transfer(bank: xr.Dataset) -> str:
    try:
        stored = parse_json(bank.attrs.get("network", ""), "the network")["transfer"]
    except (ValueError, KeyError, TypeError):
        return "unknown"
    return str(stored["name"] if isinstance(stored, dict) and "name" in stored else stored)
