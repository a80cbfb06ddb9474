"""The comparison sheet: truth, rate network and spiking network on one page."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from ..measure import compare as measured
from ._components import Row, draw_rows, name_rows, rows_of, scale_bar
from ._measure_table import draw_table
from ._raster import draw_spikes, spiking_segments
from ._rate_beside_spiking import TaskRuns, runs_by_task
from ._segment_shading import shade_segments
from ._segments import Segment, Window, segments, segments_within
from ._sheet_layout import BESIDE, Sheet
from ._sheet_portraits import draw_portraits
from ._spectrum import frame_spectra, power
from ._style import FAINT, RUN_LOOKS, Look, looks, round_ticks, styled, without_frame
from ._truth import Truths, true_segments, truths_of

_UNITS = 40  # of the raster
_CYCLES = 5  # of the fastest motion, shown after the switch


@styled
def compare(
    rate_run: xr.Dataset,
    spiking_run: xr.Dataset,
    *,
    truth: Truths | None = None,
    measures: xr.Dataset | None = None,
) -> Figure:
    """Draw the comparison sheet: a row a task.

    From left to right: portraits of truth, rate and spiking network in the plane that the task states, else that of
    the first and the last of its first three components, within the same limits (what comes in
    the first tenth of a segment is faint); the components around the switch to the task, in standard
    deviations of the rate run, above the spikes of some units; power spectra; the measures of
    :func:`tonicnet.compare`, each beside its floor.

    Arguments
    ---------
    rate_run : Dataset with ``output`` (tonicnet.simulate).
    spiking_run : Dataset with ``output`` and spikes (tonicnet.spiking.simulate), of the same schedule.
    truth : a true run (Task.trajectory), a mapping from task to true run, or the bank of the runs, whose tasks are
        then run (tonicnet.measure.true_runs). Without it the portraits of the truth are left out and the spiking run is
        measured against the rate run.
    measures : what tonicnet.compare returned, to be shown instead of being computed here.

    Returns the figure; works best for two to four tasks. Raises ValueError for runs without outputs or
    spikes, or that share no task.

    >>> from tonicnet.network import Network
    >>> from tonicnet.simulate import simulate
    >>> from tonicnet import plot
    >>> run = simulate(Network(units=20, seed=0), np.zeros(20), duration=10.0)
    >>> event = {"time": [2.0, 4.0], "neuron": [3, 7], "unit": [3, 7], "trial": [0, 0]}
    >>> spiking = run.assign({f"spike_{name}": ("spike", values) for name, values in event.items()})
    >>> figure = plot.compare(run, spiking.assign_attrs(kind="spiking"))
    >>> [text.get_text() for text in figure.texts]
    ['bias']
    >>> figure.clear()
    """
    rate, spiking = segments(rate_run, "rate run"), spiking_segments(spiking_run, "spiking run")
    truth = truths_of(truth, rate_run)
    table = measured(rate_run, spiking_run, truth=truth) if measures is None else measures
    tasks = runs_by_task(rate, spiking, true_segments(truth, rate_run))
    sheet = Sheet.of(len(tasks), 2 if truth is None else 3)
    style = looks(p.task for p in rate)
    for row, task in enumerate(tasks):
        draw_portraits(sheet, row, task)
        upper, lower = sheet.switch(row)
        window = _window(task, rate)
        _time_course(upper, task, segments_within(rate, window), segments_within(spiking, window), style)
        _spikes(lower, spiking_run, segments_within(spiking, window), style)
        _spectra(sheet.spectrum(row), task)
        _table(sheet.table(row), table, task.name, "rate run" if truth is None else "truth")
        sheet.name(row, task.name)
    _key(sheet, truth is not None)
    return sheet.figure


def _time_course(ax: Axes, task: TaskRuns, rate: list[Segment], spiking: list[Segment], style: dict[str, Look]) -> None:
    """Draw the task's own components over time, those of the task before it too where it has them."""
    scales = {p.task: p for p in rate}
    count = len(task.rate.components)
    both = [(kind, p) for kind, run in (("rate", rate), ("spiking", spiking)) for p in run if p.task in scales]
    shown = [(kind, p.scaled_as(scales[p.task]).only(count)) for kind, p in both]
    rows = [replace(row, name=name) for row, name in zip(_rows(shown), task.reference.components, strict=False)]
    shade_segments(ax, rate, style, beside=BESIDE)
    for kind, segment in shown:
        colour, line = RUN_LOOKS[kind]
        draw_rows(ax, segment, rows, color=colour, linestyle=line, linewidth=0.9)
    name_rows(ax, rows)
    scale_bar(ax, rows)
    ax.tick_params(labelbottom=False)
    ax.xaxis.set_major_locator(round_ticks(5))


def _rows(shown: list[tuple[str, Segment]]) -> list[Row]:
    """Return the rows of the segments shown, whichever run they are of."""
    return rows_of([segment for _, segment in shown])


def _spikes(ax: Axes, run: xr.Dataset, shown: list[Segment], style: dict[str, Look]) -> None:
    """Draw the raster beneath the time course."""
    shade_segments(ax, shown, style, named=False)
    first = int(run["trial"].values[0]) if "trial" in run.coords else 0
    draw_spikes(ax, run, shown, units=_UNITS, trial=first, of_all=False)
    ax.set_xlabel("time (s)")
    ax.xaxis.set_major_locator(round_ticks(5))


def _window(task: TaskRuns, rate: list[Segment]) -> Window:
    """Return the time from a little before the switch, under the task before it, to several cycles after it."""
    begin = max((p.start for p in rate if p.start < task.rate.start), default=task.rate.start)
    whole = task.rate.stop - task.rate.start
    frequency, density = power(task.reference)
    pace = float(np.average(frequency, weights=density)) if len(frequency) else 0.0
    after = min(whole, max(_CYCLES / pace, whole / 50)) if pace > 0 else whole
    return max(begin, task.rate.start - after / 4), task.rate.start + after


def _spectra(ax: Axes, task: TaskRuns) -> None:
    """Draw the power spectra of all runs of a task, averaged over windows of one length."""
    window = min(p.stop - p.start for p in task.runs.values()) / 3
    curves = {kind: power(segment, window=window) for kind, segment in task.runs.items()}
    for kind, (frequency, density) in curves.items():
        colour, line = RUN_LOOKS[kind]
        ax.plot(frequency, density, color=colour, linestyle=line, **_line(kind))
    frame_spectra(ax, [curves["truth" if "truth" in curves else "rate"]])


def _line(kind: str) -> dict[str, Any]:
    """Return the line style of a spectrum: the truth broad and pale, beneath the others."""
    return {"linewidth": 2.2, "alpha": 0.4} if kind == "truth" else {"linewidth": 1.0}


def _table(ax: Axes, measures: xr.Dataset, task: str, against: str) -> None:
    """Draw the measures of a task, or say that there are none."""
    if task in measures["task"].values:
        draw_table(ax, measures, task, against=against)
    else:
        without_frame(ax).text(0.5, 0.5, "not measured", ha="center", va="center", color=FAINT)


def _key(sheet: Sheet, with_truth: bool) -> None:
    """Draw the legend of the sheet."""
    kinds = [kind for kind in RUN_LOOKS if with_truth or kind != "truth"]
    lines = [Line2D([], [], color=RUN_LOOKS[k][0], linestyle=RUN_LOOKS[k][1], label=k, **_line(k)) for k in kinds]
    sheet.figure.legend(handles=lines, loc="upper right", ncols=len(lines), bbox_to_anchor=(0.99, 1.0))
