"""What was measured on the systems of dysts, kept beside the tasks."""

from __future__ import annotations

import json
from functools import cache
from typing import Any

from .._share import shelf

_DIGITS, _ROUNDING = 1e-4, 1e-6  # of a value as it is written; of a divergence that is 0, in a period
FILE = "dysts.json"  # of the shelf of tasks, written by benchmarks/dysts_truth.py


def truth_of(name: str) -> dict[str, Any]:
    """Return the facts of a system as a task holds them; nothing for one that was not measured.

    The exponent is left out where it is not positive beyond twice its standard error: times in units of its inverse
    would mean nothing.
    """
    row = rows().get(name)
    if row is None:
        return {}
    tolerance = 2 * row["divergence_error"] + _DIGITS * abs(row["divergence"]) + _ROUNDING / row["period"]
    facts = {"divergence": row["divergence"], "divergence_tolerance": tolerance}
    if row["lyapunov"] > 2 * row["lyapunov_error"]:
        facts |= {"lyapunov": row["lyapunov"], "lyapunov_tolerance": 2 * row["lyapunov_error"]}
    return facts


@cache
def rows() -> dict[str, dict[str, Any]]:
    """Return what the file holds of each system."""
    file = shelf("tasks") / FILE
    return dict(json.loads(file.read_text(encoding="utf-8"))["systems"]) if file.is_file() else {}
