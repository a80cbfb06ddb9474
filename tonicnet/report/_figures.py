"""The figures of a report, as plain tables that plotly draws."""

from __future__ import annotations

from html import escape
from typing import Any

import numpy as np
import xarray as xr
from jaxtyping import Float

from ._curves import TaskCurves

Figure = dict[str, Any]

_TRUTH, _NETWORK = "#777777", "#0072B2"
_EYE = {"x": 1.1, "y": -2.0, "z": 0.7}  # from where a portrait is first seen
_DIGITS = 5  # significant ones that are written
_FONT = {"size": 12, "color": "#222222"}


def attractor(curves: TaskCurves) -> Figure:
    """Return the portrait: in three dimensions where there are three components, to be turned by hand."""
    count = min(3, len(curves.components))
    if count == 1:
        return time_course(curves)
    axes = [f"{escape(name)} (task units)" for name in curves.components[:count]]
    lines = [_line(name, colour, _coordinates(x, count)) for name, colour, x in _truth_and_network(curves)]
    if count == 3:
        scene = {f"{a}axis": {"title": {"text": words}, "nticks": 5} for a, words in zip("xyz", axes, strict=True)}
        layout = _layout(scene=scene | {"aspectmode": "cube", "camera": {"eye": _EYE}})
        return {"data": lines, "layout": layout | {"margin": {"l": 0, "r": 0, "t": 30, "b": 0}}}
    return {"data": lines, "layout": _layout(xaxis=_axis(axes[0]), yaxis=_axis(axes[1]))}


def time_course(curves: TaskCurves) -> Figure:
    """Return every component over time, one above the other."""
    count = len(curves.components)
    data, layout = [], {"xaxis": _axis("time (s)") | {"anchor": f"y{count}" if count > 1 else "y"}}
    for k, name in enumerate(curves.components):
        key = "" if k == 0 else str(k + 1)
        high = 1 - k / count
        layout[f"yaxis{key}"] = _axis(escape(name)) | {"domain": [high - 0.9 / count, high]}
        for words, colour, x in _truth_and_network(curves):
            line = _line(words, colour, {"x": _rounded(curves.time[: len(x)]), "y": _rounded(x[:, k])})
            data.append(line | {"yaxis": f"y{key}", "showlegend": k == 0, "legendgroup": words})
    return {"data": data, "layout": _layout(**layout)}


def biases(bank: xr.Dataset) -> Figure:
    """Return the bank as a heat map, a task a row, units along their first principal component."""
    values = bank["bias"].transpose("task", "unit").values
    centred = values - values.mean(axis=1, keepdims=True)
    direction = np.linalg.eigh(centred @ centred.T)[1][:, -1]
    order = np.argsort(direction @ centred, kind="stable")
    low, high = np.percentile(values, [2, 98])
    tasks = [escape(str(name)) for name in bank["task"].values]
    image = {
        "type": "heatmap", "z": [_rounded(row) for row in values[:, order]], "y": tasks, "zmin": low, "zmax": high,
        "text": [[f"unit {i}" for i in order]] * len(tasks), "colorscale": "Cividis",
        "hovertemplate": "%{y}, %{text}: b = %{z}<extra></extra>", "colorbar": {"title": {"text": "b"}},
    }  # fmt: skip
    across = _axis(f"units, sorted ({len(order)})") | {"showticklabels": False}
    up = _axis("") | {"type": "category", "autorange": "reversed", "automargin": True}
    return {"data": [image], "layout": _layout(xaxis=across, yaxis=up)}


def losses(bank: xr.Dataset, name: str) -> Figure | None:
    """Return the loss of a task over the steps of learning, a line a stage; None if the bank does not hold it."""
    if "loss" not in bank:
        return None
    row = bank.sel(task=name)
    values = row["loss"].values
    step = np.flatnonzero(np.isfinite(values) & (values > 0))
    stage = np.nan_to_num(row["stage"].values[step]) if "stage" in row else np.zeros(len(step))
    gaps = np.flatnonzero(np.diff(stage)) + 1  # losses of different stages do not compare
    x, y = (np.insert(v.astype(float), gaps, np.nan) for v in (step, values[step]))
    line = _line("loss", _NETWORK, {"x": _rounded(x), "y": _rounded(y)})
    up = _axis("mean squared residual") | {"type": "log", "dtick": 1, "exponentformat": "power"}
    return {"data": [line | {"showlegend": False}], "layout": _layout(xaxis=_axis("step of learning"), yaxis=up)}


def _truth_and_network(curves: TaskCurves) -> list[tuple[str, str, Float[np.ndarray, "time component"]]]:
    """Return the curves with their names and colours, the truth first where there is one."""
    truth = [] if curves.truth is None else [("truth", _TRUTH, curves.truth)]
    return [*truth, ("network alone", _NETWORK, curves.network)]


def _coordinates(x: Float[np.ndarray, "time component"], count: int) -> dict[str, list[float | None]]:
    """Return the first components as plotly's x, y and z."""
    return {axis: _rounded(x[:, k]) for k, axis in enumerate("xyz"[:count])}


def _line(name: str, colour: str, values: dict[str, Any]) -> dict[str, Any]:
    """Return a curve as plotly has it, in three dimensions where there are three components."""
    kind = "scatter3d" if "z" in values else "scatter"
    width = 2.5 if "z" in values else 1.3
    return {"type": kind, "mode": "lines", "name": name, "line": {"color": colour, "width": width}, **values}


def _rounded(values: Float[np.ndarray, " point"]) -> list[float | None]:
    """Return numbers short enough for a page; what is not finite is a gap."""
    return [float(f"{v:.{_DIGITS}g}") if np.isfinite(v) else None for v in values.tolist()]


def _axis(words: str) -> dict[str, Any]:
    """Return an axis with a title."""
    return {"title": {"text": words}, "zeroline": False, "gridcolor": "#eeeeee"}


def _layout(**axes: Any) -> dict[str, Any]:
    """Return the layout that all figures have, with these axes."""
    legend = {"orientation": "h", "y": 1.02, "yanchor": "bottom"}
    return {
        "margin": {"l": 60, "r": 20, "t": 30, "b": 50}, "font": _FONT, "legend": legend,
        "paper_bgcolor": "white", "plot_bgcolor": "white", **axes,
    }  # fmt: skip
