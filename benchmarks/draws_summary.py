"""Tables and the figure of `draws.py`: every draw held against the independent one, network by network."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from scipy.stats import binomtest, wilcoxon

Row = dict[str, Any]
BASE = "independent"
MEASURES = {
    "field_error": "field error",
    "valid_time": "valid time (task time)",
    "excess": "D_stsp - floor",
    "lost": "share of starts lost",
    "orbit_distance": "orbit distance, sd",
    "period": "|period error|",
    "cpu_seconds": "fit, CPU s",
    "relative_noise": "predicted spike noise, scales of the task",
    "slow_noise": "its slow part",
    "spiking_excess": "spiking D_stsp - floor",
    "spiking_distance": "spiking, mean distance to the attractor, sd",
}
_COMPARED = (
    "field_error",
    "valid_time",
    "excess",
    "orbit_distance",
    "spiking_excess",
    "spiking_distance",
)  # of all tasks
LARGER = ("valid_time",)  # measures of which more is better
ZERO = ("excess", "lost", "spiking_excess")  # measures whose ratio means nothing: differences are compared


def tables(rows: Sequence[Row]) -> str:
    """Return all tables as Markdown: medians with quartiles, and paired comparisons with the independent draw."""
    if not rows:
        return "no rows yet: run `python benchmarks/draws.py fit` first"
    parts = [f"{len(rows)} fits of {len({r['seed'] for r in rows})} networks, {_sizes(rows)} units."]
    for transfer in _distinct(rows, "transfer"):
        some = [r for r in rows if r["transfer"] == transfer]
        for name in MEASURES:
            parts += _table(some, transfer, name)
    return "\n".join(parts) + "\n"


def overall(rows: Sequence[Row]) -> str:
    """Return one table of all tasks together as Markdown: each network counts once, by its mean gain over tasks."""
    lines = ["| units | draw | measure | against independent | networks better | networks | p |", "|---" * 7 + "|"]
    for transfer in _distinct(rows, "transfer"):
        some = [r for r in rows if r["transfer"] == transfer]
        for draw in _distinct(some, "draw")[1:]:
            for name in _COMPARED:
                if not (means := _means(some, draw, name)):
                    continue
                cells = map(str, _tested(means, name))
                lines.append(f"| {transfer} | {draw} | {MEASURES[name]} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def value(row: Row, name: str) -> float:
    """Return a measure of a row, NaN where it does not apply."""
    if name == "excess":
        return _number(row, "divergence") - _number(row, "divergence_floor")
    if name == "spiking_excess":
        return _number(row, "spiking_divergence") - _number(row, "spiking_floor")
    if name == "period":
        return abs(_number(row, "period_error"))
    return _number(row, name)


def _number(row: Row, name: str) -> float:
    found = row.get(name)
    return float("nan") if found is None else float(found)


def _table(rows: list[Row], transfer: str, name: str) -> Iterator[str]:
    """Yield the lines of one measure: a row a task and draw, then one a draw over all tasks."""
    lines = [line for task in _distinct(rows, "task") for line in _task_lines(rows, task, name)]
    if not lines:
        return
    yield f"\n### {transfer}: {MEASURES[name]}\n"
    yield "| task | draw | median (quartiles) | against independent | better | sign test p |\n|---|---|---|---|---|---|"
    yield from lines
    for draw in _distinct(rows, "draw"):
        if draw != BASE:
            yield _over_tasks(rows, draw, name)


def _task_lines(rows: list[Row], task: str, name: str) -> Iterator[str]:
    for draw in _distinct(rows, "draw"):
        known = [v for r in rows if r["task"] == task and r["draw"] == draw and np.isfinite(v := value(r, name))]
        if not known:
            continue
        low, middle, high = np.quantile(known, [0.25, 0.5, 0.75])
        cells = "| | | |" if draw == BASE else _paired_cells(gains(rows, draw, name, task), name)
        yield f"| {task} | {draw} | {middle:.3g} ({low:.3g} - {high:.3g}) {cells}"


def _paired_cells(gain: np.ndarray, name: str) -> str:
    if not len(gain):
        return "| | | |"
    better, equal = int((gain > 0).sum()), int((gain == 0).sum())
    told = better + (gain < 0).sum()
    p = binomtest(better, int(told)).pvalue if told else 1.0
    ties = f", {equal} equal" if equal else ""
    return f"| {_change(np.median(gain), name)} | {better} of {len(gain)}{ties} | {p:.2g} |"


def _over_tasks(rows: list[Row], draw: str, name: str) -> str:
    """Return one line over all tasks: each network counts once, by the mean gain over its tasks."""
    means = _means(rows, draw, name)
    if not means:
        return f"| **all** | {draw} | | | | |"
    change, better, count, p = _tested(means, name)
    return f"| **all** | {draw} | | **{change}** | {better} of {count} networks | Wilcoxon {p} |"


def _means(rows: list[Row], draw: str, name: str) -> list[float]:
    return [g.mean() for seed in _distinct(rows, "seed") if len(g := gains(rows, draw, name, None, seed))]


def _tested(means: list[float], name: str) -> tuple[str, int, int, str]:
    """Return the median change, how many networks are better, of how many, and p of Wilcoxon's signed-rank test."""
    p = wilcoxon(means).pvalue if np.any(means) else 1.0
    return _change(np.median(means), name), sum(m > 0 for m in means), len(means), f"{p:.2g}"


def gains(rows: Sequence[Row], draw: str, name: str, task: str | None = None, seed: int | None = None) -> np.ndarray:
    """Return by how much a draw is better than the independent one, of the same network seed and task each.

    Logarithms of ratios (differences for measures that may be zero), positive where the draw is better.
    """
    some = [r for r in rows if task in (None, r["task"]) and seed in (None, r["seed"])]
    base = {_pair(r): value(r, name) for r in some if r["draw"] == BASE}
    pairs = [(base[_pair(r)], value(r, name)) for r in some if r["draw"] == draw and _pair(r) in base]
    known = np.array([p for p in pairs if np.isfinite(p).all()]).reshape(-1, 2)
    if name in ZERO:
        return known[:, 0] - known[:, 1]
    known = np.log(np.maximum(known, 1e-12))
    return (known[:, 1] - known[:, 0]) * (1 if name in LARGER else -1)


def _pair(row: Row) -> tuple[Any, ...]:
    return tuple(row[name] for name in ("seed", "task", "transfer", "units", "rounds"))


def _change(gain: float, name: str) -> str:
    """Return a gain as the factor, or the difference, of the measure itself."""
    if name in ZERO:
        return f"{-gain:+.3g}"
    return f"x {np.exp(gain if name in LARGER else -gain):.3g}"


def _distinct(rows: Sequence[Row], name: str) -> list[Any]:
    """Return the values of a column in the order in which they come, the independent draw first."""
    found = list(dict.fromkeys(r[name] for r in rows))
    return sorted(found, key=lambda v: v != BASE)


def _sizes(rows: Sequence[Row]) -> str:
    return ", ".join(map(str, sorted({r["units"] for r in rows})))


def figure(rows: Sequence[Row], results: Path) -> Path:
    """Draw the ratio of field errors to that of the independent draw, a point a network; return the picture's path."""
    import matplotlib

    matplotlib.use("Agg")
    import matplotlib.pyplot as plt

    transfers, draws = _distinct(rows, "transfer"), [d for d in _distinct(rows, "draw") if d != BASE]
    picture, axes = plt.subplots(len(transfers), 1, figsize=(9, 3.2 * len(transfers)), sharex=True, squeeze=False)
    for ax, transfer in zip(axes[:, 0], transfers, strict=True):
        _panel(ax, [r for r in rows if r["transfer"] == transfer], draws)
        ax.set_title(transfer)
    axes[0, 0].legend(ncols=len(draws), fontsize=8, frameon=False)
    picture.tight_layout()
    path = results.with_suffix(".png")
    picture.savefig(path, dpi=200)
    return path


def _panel(ax: Any, rows: list[Row], draws: list[str]) -> None:
    """Draw one transfer function: tasks along x, a colour a draw, medians as bars."""
    tasks = _distinct(rows, "task")
    for number, draw in enumerate(draws):
        offset = (number - (len(draws) - 1) / 2) * 0.8 / max(1, len(draws))
        for at, task in enumerate(tasks):
            ratio = np.exp(-gains(rows, draw, "field_error", task))
            label = draw if at == 0 else None
            ax.plot(np.full(len(ratio), at + offset), ratio, ".", color=f"C{number}", alpha=0.5, label=label)
            if len(ratio):
                ax.plot(at + offset, np.median(ratio), "_", color=f"C{number}", markersize=14, markeredgewidth=2)
    ax.axhline(1.0, color="0.5", linewidth=0.8)
    ax.set(yscale="log", xticks=range(len(tasks)), xticklabels=tasks, ylabel="field error / independent draw's")
