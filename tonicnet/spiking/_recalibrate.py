"""Mending biases after conversion: where a unit's neurons fire at another rate than the unit, its bias moves."""

from __future__ import annotations

import numpy as np
import torch
import xarray as xr
from jaxtyping import Float

from ..network import Entry, Network, plan
from ..simulate import Circuit
from ._build import Bias
from ._model import Model
from ._run import simulate

_FLAT = 0.05  # of the median slope: units that hardly answer to their bias are left alone
_FURTHEST = 0.5  # in units of the distance from reset to threshold: one correction goes no further


def recalibrate(
    net: Network,
    bias: Bias,
    *,
    task: str | None = None,
    neurons_per_unit: int = 1,
    duration: float = 20.0,
    codegen: str = "auto",
    seed: int = 0,
) -> Bias:
    """Return the biases with one task's corrected by what its spiking network does; only tonic inputs change.

    The spiking network runs for ``duration`` seconds. Along its own output, unit i should fire at the mean of
    phi(x_i(t)); its neurons fire at another rate by d_i, and b_i moves by -d_i / mean phi'(x_i), shrunk by what is
    expected of d_i from noise alone, max(0, 1 - S_i / (T d_i^2)), S_i the intensity of its spike noise. With the
    ``lif`` curve of the very neuron that is run there is little to mend; it is for biases that were learned with
    another neuron (refractory time, noise, step).

    Arguments: ``net``, ``bias``, ``task``, ``neurons_per_unit``, ``codegen``, ``seed`` as for :func:`simulate`.
    Returns a bank like the one given, with that task's row changed and said to be in ``attrs["recalibrated"]``, or
    a vector for a vector. Raises ValueError as :func:`simulate` does.

    Source: James and Stein (1961) for the shrinkage.

    >>> from tonicnet.network import Network
    >>> recalibrate(Network(units=20, seed=0), np.ones(20), duration=0.2, codegen="numpy").shape
    (20,)
    """
    model = Model(net, neurons_per_unit)
    entry = plan(net, bias, duration=duration, schedule=None, task=task)[0].entry
    run = simulate(
        net, bias, duration=duration, task=task, neurons_per_unit=neurons_per_unit, codegen=codegen, seed=seed
    )
    return _with_row(bias, entry.task, entry.bias + correction(model, entry, run, duration))


def correction(model: Model, entry: Entry, run: xr.Dataset, duration: float) -> Float[np.ndarray, " unit"]:
    """Return by how much each bias moves, from one spiking run."""
    circuit = Circuit(model.net)
    x = torch.as_tensor(_inputs(model, circuit, entry, run))
    wanted, slope = (v.mean(0).numpy() for v in circuit.phi.both(x))
    counts = np.bincount(run["spike_unit"].values, minlength=model.net.units)
    off = counts / (duration * model.neurons_per_unit * model.lif.rate_scale) - wanted
    power = model.lif.variability(x.numpy()).mean(0) / (model.neurons_per_unit * model.lif.rate_scale**2)
    known = np.maximum(0.0, 1 - power / (duration * np.maximum(off**2, np.finfo(float).tiny)))
    answers = slope > _FLAT * np.median(slope)
    return np.where(answers, np.clip(-known * off / np.where(answers, slope, 1.0), -_FURTHEST, _FURTHEST), 0.0)


def _inputs(model: Model, circuit: Circuit, entry: Entry, run: xr.Dataset) -> Float[np.ndarray, "time unit"]:
    """Return what each unit received along the spiking run: E z + b, and W r of the filtered spikes."""
    z = entry.to_network(run["output"].values[0])
    x = z @ circuit.into.numpy() + entry.bias
    if model.net.low_rank:
        return x
    return (
        x
        + circuit.coupling(0.0)
        .forward(torch.as_tensor(_filtered(model, run)), circuit.tensor(0.0 * entry.bias))
        .numpy()
    )


def _filtered(model: Model, run: xr.Dataset) -> Float[np.ndarray, "time unit"]:
    """Return the spikes of each unit through the synaptic filter, at every sample of the output."""
    filter = model.net.filter
    decayed = _decayed(model, run, filter.tau)
    if not model.rising:
        return decayed
    return (decayed - _decayed(model, run, filter.rise)) * filter.rise / (filter.tau - filter.rise)


def _decayed(model: Model, run: xr.Dataset, tau: float) -> Float[np.ndarray, "time unit"]:
    """Return the spikes of each unit, where they arrive, through an exponential filter."""
    time = run["time"].values
    count, units = len(time), model.net.units
    spikes, unit = run["spike_time"].values + model.net.spec.delay, run["spike_unit"].values
    spikes, unit = (x[spikes <= time[-1]] for x in (spikes, unit))
    sample = np.searchsorted(time, spikes)
    arrived = np.zeros((count, units))
    np.add.at(arrived, (sample, unit), model.jump * np.exp(-(time[sample] - spikes) / tau))
    keep = np.exp(-np.diff(time) / tau)
    for k in range(1, count):
        arrived[k] += keep[k - 1] * arrived[k - 1]
    return arrived


def _with_row(bias: Bias, task: str, row: np.ndarray) -> Bias:
    if not isinstance(bias, xr.Dataset):
        return xr.DataArray(row, dims=("unit",)) if isinstance(bias, xr.DataArray) else row
    made = bias.copy()
    made["bias"] = bias["bias"].copy(data=np.where((bias["task"].values == task)[:, None], row, bias["bias"].values))
    done = [name for name in (str(bias.attrs.get("recalibrated", "")), task) if name]
    return made.assign_attrs(recalibrated=", ".join(done))
