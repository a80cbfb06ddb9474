"""What spikes will cost, predicted: the noise of the decoded output, and the dynamics under that noise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch
import xarray as xr
from jaxtyping import Float

from .._labels import Variable, dataset
from .._names import name_of
from .._random import generator
from ..bank import Entry, as_bank, rows_of
from ..circuit import circuit_of, placed
from ..measure import MEASURES, compare
from ..network import Network, firing_rate
from ..simulate import simulate, starting_states
from . import _surrogate
from ._external import check_one_task
from ._lif_network import LIFNetwork
from ._plan import plan
from ._to_brian2 import Bias, sampling_step

_STATES = 400  # of the closed loop over which noise and mismatch are averaged
_CHECKED = 300  # inputs at which the network's curve is compared with the neuron's exact one
_MEASURES = tuple(name for name, measure in MEASURES.items() if measure.of is not None and measure.has_floor)
_KEPT = (*_MEASURES, *(f"{name}_floor" for name in _MEASURES))
_COLUMNS = {
    "decoded_noise": (("task", "component"), "task", "standard deviation of the decoded output's spiking noise"),
    "relative_noise": (("task", "component"), "1", "the same in scales of the task"),
    "slow_noise": (("task", "component"), "1", "the part of it that the dynamics follow, without ripple"),
    "firing_rate": (("task",), "Hz", "mean firing rate of a neuron"),
    "cv": (("task",), "1", "coefficient of variation of intervals, weighted by rate"),
    "mismatch": (("task",), "1", "rms error of the decoded output by the network's curve, in scales of the task"),
}
Truth = xr.Dataset | Mapping[str, xr.Dataset] | None


def predict(
    net: Network,
    bias: Bias,
    *,
    task: str | None = None,
    neurons_per_unit: int = 1,
    duration: float = 20.0,
    truth: Truth = None,
    inputs: np.ndarray | xr.DataArray | None = None,
    seed: int = 0,
) -> xr.Dataset:
    """Say what the spiking network will do before it is run: its decoded noise, and what that noise does.

    A spike train at a slowly changing input is its rate, white noise of intensity rate x CV^2, and a ripple at its
    firing rate; the neuron's own first-passage times give all three exactly. m neurons for a unit, filtered by tau,
    make the output noisy by

        sd_k^2 = sum_i D_ki^2 var_i / m,    var_i = S_i / (2 tau) + ripple,    S_i = rate_i CV_i^2 / rate_scale^2

    per component (:meth:`LIF.filtered_variance`; tau + rise in the place of tau where synapses rise). The slow part is
    what the dynamics feel, (decoder_scale / sqrt m) sqrt(mean S / 2 tau), which does not fall with the number of units
    at a fixed ``decoder_scale``. The rate network is then run with it and with its neurons' answers in closed loop
    (:func:`surrogate`; K numbers a step, no spikes), and measured as a spiking run would be.

    Arguments
    ---------
    net, bias : a network with ``transfer="lif"``, and a bank of it or a bias vector.
    task : one task of the bank; all of them if not given.
    neurons_per_unit : LIF neurons for each rate unit, m.
    duration : seconds of the predicted run; divergences depend on it, so use that of the run to be predicted.
    truth : true run(s) to measure against, as for :func:`tonicnet.compare`; the rate network if not given.
    inputs : of the run of one task, as for :func:`tonicnet.simulate`, for as long as ``duration``; noise and mismatch
        are then those under these inputs.
    seed : of the noise and the start.

    Returns over ``task`` (and ``component``): ``decoded_noise`` (task units), the same in scales of the task,
    ``relative_noise``, and ``slow_noise``, the part of that which is not ripple; mean ``firing_rate`` (Hz) and
    ``cv`` of intervals, ``mismatch`` (rms of D (phi - exact f-I curve), in scales of the task), and measures of the
    predicted run with their floors: ``state_space_divergence``, ``period_error`` and others; NaN where one does not
    apply. Raises ValueError for inputs to several tasks, and as :func:`simulate` does.

    Source: renewal noise, Cox and Lewis (1966); diffusion limit of networks, Brunel (2000),
    doi:10.1023/A:1008925309027.

    >>> from tonicnet.network import Network
    >>> predicted = predict(Network(units=40, seed=0), np.zeros(40), duration=1.0)
    >>> predicted["decoded_noise"].sizes
    Frozen({'task': 1, 'component': 3})
    """
    model = LIFNetwork(net, neurons_per_unit)
    bias, task = as_bank(bias), name_of(task)
    tasks = [task] if task else rows_of(bias)
    check_one_task(inputs, tasks)
    rows = [_row(model, bias, name, duration, truth, inputs, seed) for name in tasks]
    measures = xr.concat([row.pop("measures") for row in rows], dim="task", combine_attrs="drop_conflicts")
    columns = {
        name: Variable(dims, np.array([row[name] for row in rows]), *about) for name, (dims, *about) in _COLUMNS.items()
    }
    coords = {
        "task": Variable(("task",), [name or "" for name in tasks], "1", "task"),
        "component": Variable(("component",), [str(k) for k in range(net.components)], "1", "output component"),
    }
    attrs = {"neurons_per_unit": neurons_per_unit, "duration": float(duration), "seed": seed}
    found = dataset(columns, coords, kind="prediction", network_sha256=net.sha256, **attrs)
    return found.assign({name: ("task", column.values, column.attrs) for name, column in measures.items()})


def _row(
    model: LIFNetwork, bias: Bias, task: str | None, duration: float, truth: Truth, inputs: Any, seed: int
) -> dict[str, Any]:
    """Predict one task: the noise at the states its closed loop visits, and what a run with it looks like."""
    segments, dt = plan(model.net, bias, duration=duration, schedule=None, task=task), sampling_step(model, None)
    entry = segments[0].entry
    start = starting_states(entry, None, 1, generator(seed))[:, -1]
    given = {"duration": duration, "dt": dt, "initial": entry.to_task(start), "inputs": inputs}
    alone = simulate(model.net, bias, task=task, **given)
    rows = _surrogate.rows_of_inputs(inputs, segments, dt, 1, model.net.components)
    noisy = _surrogate.run(model, segments, start, dt, seed, rows)
    measures = compare(alone, noisy, truth=truth) if truth is not None else compare(alone, noisy)
    z = entry.to_network(alone["output"].values[0])
    every = slice(None, None, max(1, len(z) // _STATES))
    u = None if rows is None else rows[np.maximum(np.arange(len(z)) - 1, 0), 0][every]
    found = _at_states(model, entry, z[every], u)
    return found | {"measures": measures[list(_KEPT)].isel(task=0, run=-1, drop=True)}


def _at_states(
    model: LIFNetwork, entry: Entry, z: Float[np.ndarray, "state component"],
    u: Float[np.ndarray, "state component"] | None,
) -> dict[str, Any]:  # fmt: skip
    """Return noise and rates at some outputs, under the inputs there.

    Exact for low-rank networks, with rates relaxed onto z for others.
    """
    dynamics = placed(circuit_of(model.net), entry.numbers)
    circuit = dynamics.circuit
    onto = None if u is None else circuit.fed(circuit.tensor(u), dynamics.tonic)
    x = dynamics.drive(dynamics.state(circuit.tensor(z)), onto)
    power, out = model.lif.variability(x.numpy()), circuit.out.numpy()
    hertz = model.lif.rate_scale * dynamics.units.rate(x).numpy()
    total, ripple = ((of(model, x.numpy()) @ out**2).mean(0) for of in (_surrogate.variance, _surrogate.ripple))
    noise = np.sqrt(total)
    return {
        "decoded_noise": entry.scaling.spread_to_task(z, noise),
        "relative_noise": noise,
        "slow_noise": np.sqrt(total - ripple),
        "firing_rate": hertz.mean(),
        "cv": np.sqrt(power.sum() / hertz.sum()),
        "mismatch": _mismatch(model, x.numpy(), out),
    }


def _mismatch(model: LIFNetwork, x: Float[np.ndarray, "state unit"], out: Float[np.ndarray, "unit component"]) -> float:
    """Return the rms over inputs of what the table's error does to the decoded output, errors taken as independent."""
    some = np.quantile(x, np.linspace(0.01, 0.99, _CHECKED))
    exact = np.array([firing_rate(model.lif, v) for v in some]) / model.lif.rate_scale
    off = model.lif.value(torch.as_tensor(some)).numpy() - exact
    return float(np.sqrt((off**2).mean() * (out**2).sum(0).mean()))
