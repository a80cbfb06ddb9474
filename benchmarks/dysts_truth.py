"""Facts of the systems of dysts, measured on their own equations, for ``truth`` of the tasks: tasks/dysts.json.

`python benchmarks/dysts_truth.py [NAME ...]` measures the systems that the file does not hold yet (those named, if
any) and writes it after each, so that it may be stopped and called again.

Of a flow dx/dt = f(x), with its phases on their circles, 64 runs of 40 periods from states on the attractor:

    dx/dt = f(x),    du/dt = g - (u.g) u / u.u,    dl/dt = u.g / u.u,    g = f'(x) u

u is the direction that grows fastest, once it has turned for 8 periods; the largest exponent is the mean of dl/dt
(the continuous form of Benettin's method; g by central differences). The divergence is the mean trace of f'(x).
Both come with standard errors over runs and time. All by the integrator that makes the tasks' own runs, at a relative
tolerance of 1e-7.
"""

from __future__ import annotations

import importlib.metadata
import json
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

import tonicnet as tn
from tonicnet._share import shelf
from tonicnet.files import write
from tonicnet.measure.arrays._standard_error import standard_error
from tonicnet.task._contraction import jacobians
from tonicnet.task._integrate import LOOSE, attempted

LANES, TURNING, PERIODS = 64, 8, 40
STEP = 1e-5  # of central differences, in spreads of each variable
FILE = shelf("tasks") / "dysts.json"


def main(names: list[str]) -> None:
    """Measure what is missing."""
    held = json.loads(FILE.read_text()) if FILE.is_file() else {}
    version = importlib.metadata.version("dysts")
    systems = held.get("systems", {}) if held.get("dysts") == version else {}
    for name in names or tn.dysts_systems():
        if name in systems:
            continue
        begin = time.process_time()
        try:
            row = measured(tn.from_dysts(name))
        except ValueError as error:
            print(f"{name}: {error} ({time.process_time() - begin:.1f} s)", flush=True)
            continue
        systems[name] = row
        order = [key for key in tn.dysts_systems() if key in systems]
        text = json.dumps(
            {"dysts": version, "tolerance": LOOSE,
             "systems": {key: systems[key] for key in order}}, indent=1,
        )  # fmt: skip
        write(FILE, (text + "\n").encode())
        print(f"{name}: {row} in {time.process_time() - begin:.1f} s", flush=True)


def measured(task: tn.Task) -> dict[str, Any]:
    """Return the facts of one system."""
    begin = time.process_time()
    task.states(6000)
    print(f"{task.name}: {task.dimension} components, states in {time.process_time() - begin:.1f} s", flush=True)
    period = 100 * task.dt
    flow, own, enter = task.flow, task._source._own[1], task.chart.entering
    y = task.initial(LANES, seed=1)
    scale = task.scale
    spread = enter(task.states(2000)).std(axis=0)
    spread = np.where(spread > 1e-9 * spread.max(), spread, spread.max())
    k = y.shape[1]
    field = _growing(flow, own, enter, scale, spread, k)
    u = np.random.default_rng(2).standard_normal((LANES, len(spread)))
    start = np.concatenate([y / scale, u / np.linalg.norm(u, axis=1)[:, None], np.zeros((LANES, 1))], axis=1)
    times = np.arange(TURNING + PERIODS + 1) * period
    runs, lost = attempted(field, start, times, tolerance=LOOSE)
    if len(lost) > LANES // 4:
        raise next(iter(lost.values()))
    runs = np.delete(runs, list(lost), axis=0)[:, TURNING:]
    rates = np.diff(runs[:, :, -1], axis=1).T[:, :, None] / period
    x = enter(runs[:, 1:, :k].reshape(-1, k) * scale)
    contraction = np.trace(jacobians(own, x), axis1=1, axis2=2).reshape(len(runs), -1).T[:, :, None]
    return {
        "variables": len(task.chart.names), "components": k, "period": period,
        "divergence": _short(contraction.mean()), "divergence_error": _short(standard_error(contraction, 1)[0]),
        "lyapunov": _short(rates.mean()), "lyapunov_error": _short(standard_error(rates, 1)[0]),
        "duration": _short(PERIODS * period * len(runs)), "runs": len(runs),
    }  # fmt: skip


def _short(value: float) -> float:
    return float(f"{value:.5g}")


def _growing(
    flow: Callable[[np.ndarray], np.ndarray],
    own: Callable[[np.ndarray], np.ndarray],
    enter: Callable[[np.ndarray], np.ndarray],
    scale: np.ndarray,
    spread: np.ndarray,
    k: int,
) -> Callable[[np.ndarray], np.ndarray]:
    """Return the field of state, direction and growth, each in units of its spread."""

    def field(state: np.ndarray) -> np.ndarray:
        y, u = state[:, :k] * scale, state[:, k:-1]
        x, move = enter(y), STEP * spread * u
        moved = own(np.concatenate([x + move, x - move]))
        g = (moved[: len(x)] - moved[len(x) :]) / (2 * STEP * spread)
        size = (u * u).sum(axis=1, keepdims=True)
        growth = (u * g).sum(axis=1, keepdims=True) / size
        return np.concatenate([flow(y) / scale, g - growth * u, growth], axis=1)

    return field


if __name__ == "__main__":
    main(sys.argv[1:])
