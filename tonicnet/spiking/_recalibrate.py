"""Mending biases after conversion: where a unit's neurons fire at another rate than the unit, its bias moves."""

from __future__ import annotations

import json

import numpy as np
import torch
import xarray as xr
from jaxtyping import Float

from .._numbers import whole
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
    onto: Network | None = None,
    task: str | None = None,
    rounds: int = 2,
    neurons_per_unit: int = 1,
    duration: float = 20.0,
    codegen: str = "auto",
    seed: int = 0,
) -> Bias:
    """Return the biases corrected by what the spiking network does with them; only tonic inputs change.

    The spiking network runs for ``duration`` seconds. Along its own output, unit i should fire at the mean of
    phi(x_i(t)), phi the curve of ``net``; its neurons, those of ``onto``, fire at another rate by d_i, and b_i moves
    by -d_i / mean psi'(x_i), psi the curve of ``onto``, shrunk by what is expected of d_i from noise alone,
    max(0, 1 - S_i / (T d_i^2)), S_i the intensity of its spike noise. With the curve of the very neuron that is run
    there is little to mend: this is for biases that were learned with one that is a little different (noise, step).
    It mends mean rates, not the slope of the curve, on which the dynamics rest as well: a Hopf cycle that half the
    noise had made 12 to 28 % too wide was still 4 to 23 % too wide afterwards, and one that died with 6 instead of
    2 ms of refractory time stayed dead. Where the curve is another, learn again: :func:`tonicnet.fit` on ``onto``.

    Arguments
    ---------
    net, bias : the network on which the biases were learned, and a bank of it or one vector.
    onto : the network whose neurons are run: the same synapses and tau, another LIF neuron; ``net`` if not given.
    task : which of the bank's tasks; each of them if not given.
    rounds : how many runs, each with the biases that the one before left.
    neurons_per_unit, duration, codegen, seed : as for :func:`simulate`, for each run.

    Returns a bank of ``onto`` that holds these tasks, named in ``attrs["recalibrated"]``; a vector for a vector.
    Raises ValueError for a network with other synapses, and as :func:`simulate` does.

    Source: James and Stein (1961) for the shrinkage.

    >>> from tonicnet.network import LIF, Network
    >>> quieter = Network(units=20, seed=0, transfer=LIF(noise=0.2))
    >>> recalibrate(Network(units=20, seed=0), np.ones(20), onto=quieter, duration=0.2, codegen="numpy").shape
    (20,)
    """
    onto = net if onto is None else onto
    _same_synapses(net, onto)
    count = whole("rounds", rounds)
    circuit, model = Circuit(net), Model(onto, neurons_per_unit)

    def mended(entry: Entry) -> Float[np.ndarray, " unit"]:
        row = entry.bias
        for _ in range(count):
            run = simulate(
                onto, _carried(bias, onto, {entry.task: row}), duration=duration, codegen=codegen,
                neurons_per_unit=neurons_per_unit, seed=seed,
            )  # fmt: skip
            row = row + _correction(circuit, model, entry, row, run, duration)
        return row

    names: list[str | None] = [task]
    if isinstance(bias, xr.Dataset) and task is None:
        names = [str(name) for name in bias["task"].values]
    entries = [plan(net, bias, duration=duration, schedule=None, task=name)[0].entry for name in names]
    return _carried(bias, onto, {entry.task: mended(entry) for entry in entries})


def _same_synapses(net: Network, onto: Network) -> None:
    """Refuse a network on which these biases mean something else."""
    one, other = ((n.tau, *n.tensors()) for n in (net, onto))
    if any(not _equal(a, b) for a, b in zip(one, other, strict=True)):
        raise ValueError(
            f"onto has other synapses or another tau ({onto!r}) than the network of the biases ({net!r}); draw it with "
            "the same arguments and another transfer=LIF(...)"
        )


def _equal(a: object, b: object) -> bool:
    if isinstance(a, torch.Tensor) and isinstance(b, torch.Tensor):
        return a.shape == b.shape and a.layout == b.layout and bool((a - b).abs().sum() == 0)
    return a == b


def _correction(
    circuit: Circuit, model: Model, entry: Entry, row: np.ndarray, run: xr.Dataset, duration: float
) -> Float[np.ndarray, " unit"]:
    """Return by how much each bias of ``row`` moves, from one spiking run with it; ``entry`` has the learned ones."""
    fed = _fed(circuit, model, entry, run)
    wanted = circuit.phi.value(torch.as_tensor(fed + entry.bias)).mean(0).numpy()
    x = torch.as_tensor(fed + row)
    slope = model.lif.both(x)[1].mean(0).numpy()
    counts = np.bincount(run["spike_unit"].values, minlength=model.net.units)
    off = counts / (duration * model.neurons_per_unit * model.lif.rate_scale) - wanted
    power = model.lif.variability(x.numpy()).mean(0) / (model.neurons_per_unit * model.lif.rate_scale**2)
    known = np.maximum(0.0, 1 - power / (duration * np.maximum(off**2, np.finfo(float).tiny)))
    answers = slope > _FLAT * np.median(slope)
    return np.where(answers, np.clip(-known * off / np.where(answers, slope, 1.0), -_FURTHEST, _FURTHEST), 0.0)


def _fed(circuit: Circuit, model: Model, entry: Entry, run: xr.Dataset) -> Float[np.ndarray, "time unit"]:
    """Return what each unit received beside its bias along the spiking run: E z, and W r of the filtered spikes."""
    z = circuit.tensor(entry.to_network(run["output"].values[0]))
    x = z @ circuit.into
    if not model.net.low_rank:
        x = circuit.coupling(0.0).forward(circuit.tensor(_filtered(model, run)), x)
    return x.numpy()


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


def _carried(bias: Bias, onto: Network, rows: dict[str, np.ndarray]) -> Bias:
    """Return a bank of ``onto`` with these rows alone, or the one vector."""
    if not isinstance(bias, xr.Dataset):
        (row,) = rows.values()
        return bias.copy(data=row) if isinstance(bias, xr.DataArray) else row
    made = bias.sel(task=list(rows))
    made = made.assign(bias=made["bias"].copy(data=np.stack(list(rows.values()))))
    return made.assign_attrs(
        network_sha256=onto.sha256, network=json.dumps(onto.to_dict()), recalibrated=", ".join(rows)
    )
