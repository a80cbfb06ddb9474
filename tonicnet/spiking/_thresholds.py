"""Which potentials the learned tonic inputs are as thresholds, and how many lie outside of what a neuron can have."""

from __future__ import annotations

import math
from collections.abc import Iterable

import numpy as np
import xarray as xr
from jaxtyping import Float

from .._labels import Variable, dataset
from .._names import name_of, shown
from .._numbers import real
from ..bank import as_bank, rows_of
from ..network import Network
from ._lif_network import LIFNetwork
from ._plan import SILENT, Bias, gain_of, plan

_MILLI = 1e3
_ROUNDED = 1e-9  # mV: a threshold at an end of the range is in it


def thresholds(
    net: Network, bias: Bias, *, within: tuple[float, float], task: str | None = None, neurons_per_unit: int = 1
) -> xr.Dataset:
    """Return the threshold of the neurons of each unit, and how many neurons lie outside a range of potentials.

        v_th_i = v_threshold - V b_i,      V = v_threshold - v_reset

    Thresholds of cortical neurons differ by some mV, learned ones may lie far above and below that. Such a bias is no
    threshold a neuron could have: read it as a tonic current (``form="current"``, the same spikes), or learn biases in
    a range, ``fit(bias_range=)``, which ``bias_least`` and ``bias_greatest`` are for these potentials.

    Arguments
    ---------
    net, bias : a network with ``transfer="lif"``, and a bank of it or a bias vector (unit,).
    within : least and greatest threshold that is plausible, in mV.
    task : one task of the bank; all of them if not given.
    neurons_per_unit : LIF neurons for each rate unit.

    Returns over ``task``: ``threshold(task, unit)`` in mV (NaN for a unit that a mask leaves out), the ``least`` and
    ``greatest`` of them, ``outside``, how many neurons have one outside the range, ``share`` of all neurons, and
    ``bias_least``, ``bias_greatest``. Raises ValueError as :func:`simulate` does, and for a range that is none.

    >>> found = thresholds(Network(units=20, seed=0), np.linspace(-1, 2, 20), within=(-79, -41))
    >>> round(float(found["least"][0]), 3), int(found["outside"][0]), float(found["bias_greatest"])
    (-90.0, 8, 1.45)
    """
    low, high = _range(within)
    bias, task = as_bank(bias), name_of(task)
    names = [task] if task else rows_of(bias)
    model = LIFNetwork(net, neurons_per_unit)
    found = np.stack([_of_task(model, bias, name) for name in names])
    outside = model.neurons_per_unit * ((found < low - _ROUNDED) | (found > high + _ROUNDED)).sum(axis=1)
    v_th, v_reset = (_MILLI * v for v in (model.lif.threshold, model.lif.reset))
    ends = [(v_th - v) / (v_th - v_reset) for v in (high, low)]
    return dataset(
        {
            "threshold": Variable(("task", "unit"), found, "mV", "threshold"),
            "least": Variable(("task",), np.nanmin(found, axis=1), "mV", "least threshold"),
            "greatest": Variable(("task",), np.nanmax(found, axis=1), "mV", "greatest threshold"),
            "outside": Variable(("task",), outside, "1", "neurons with a threshold outside the range"),
            "share": Variable(("task",), outside / model.neurons, "1", "share of all neurons"),
            "bias_least": Variable((), ends[0], "1", "bias of the greatest threshold of the range"),
            "bias_greatest": Variable((), ends[1], "1", "bias of the least threshold of the range"),
        },
        {
            "task": Variable(("task",), [name or "" for name in names], "1", "task"),
            "unit": Variable(("unit",), np.arange(net.units), "1", "unit"),
        },
        kind="thresholds", network_sha256=net.sha256, within=f"{low:g} to {high:g} mV", neurons=model.neurons,
    )  # fmt: skip


def _of_task(model: LIFNetwork, bias: Bias, task: str | None) -> Float[np.ndarray, " unit"]:
    """Return the thresholds of one task in mV; NaN where a unit is left out."""
    segments = plan(model.net, bias, duration=model.net.tau, schedule=None, task=task, gains=True)
    b, carried = segments[0].entry.bias, LIFNetwork(model.net, 1, gain=gain_of(segments))
    return np.where(b > SILENT, _MILLI * carried.tonic("threshold", b), np.nan)


def _range(within: tuple[float, float]) -> tuple[float, float]:
    if isinstance(within, str) or not isinstance(within, Iterable) or len(ends := list(within)) != 2:
        raise TypeError(f"within is two potentials in mV, the least and the greatest, got {shown(within)}")
    low, high = (real(end) for end in ends)
    if not (math.isfinite(low) and math.isfinite(high) and low < high):
        raise ValueError(f"within is the least and the greatest threshold in mV, got {low:g} and {high:g}")
    return low, high
