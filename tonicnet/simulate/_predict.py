"""What a feed-forward network makes of samples under the numbers of one task."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import torch
import xarray as xr
from jaxtyping import Float

from .._labels import Variable, dataset
from .._names import name_of
from ..bank import Entry, bare, check_bank, entry
from ..circuit import FeedForward, circuit_of, placed
from ..network import Network, check_network
from ..task import Task
from ..task import given_inputs as opened

_CHUNK = 2**24  # numbers of rates that are held at once


def predict(
    net: Network,
    bias: xr.Dataset | xr.DataArray | np.ndarray,
    x: Any,
    *,
    task: str | Task | None = None,
    rates: bool = False,
) -> xr.Dataset:
    """Return what a feed-forward network puts out for samples, and of a classification the class of each.

        y = center + scale C phi(W (x - input_center) / input_scale + b)

    Arguments: ``net`` and a bank of it, or one bias vector (unit,), for which inputs and outputs are those of the
    network; ``x``, samples of the shape of the network's inputs, in any container that :meth:`Task.from_samples`
    takes, such as ``task.samples("test")``; ``task``, which row of the bank, if it holds several;
    ``rates``, whether the rate of every unit is kept.

    Returns ``output(sample, component)`` over the components of the task (log odds of classes, up to a constant) and
    for a classification ``label(sample)``; with ``rates`` also ``rate(sample, unit)``. Raises ValueError for a network
    that moves in time, a bank of another network, an unknown task, and samples of another shape.

    >>> import tonicnet as tn
    >>> net = tn.Network(50, seed=0, inputs=2, outputs=3, synapses="feed-forward", transfer="tanh")
    >>> tn.predict(net, np.zeros(50), np.zeros((4, 2)))["output"].shape
    (4, 3)
    """
    if not check_network(net).feed_forward:
        raise ValueError(
            f"predict takes feed-forward networks, and this one's synapses are {net.spec.synapses}; run it with "
            "tonicnet.simulate"
        )
    row = _row(net, bias, task)
    values, samples, _ = opened(x, "x")
    check_shape(net, values.shape[1:], "x")
    scaling = row.scaling
    z = scaling.inputs_to_network(values.reshape(len(values), -1))
    y = scaling.to_task(outputs(net, row, z))[:, : scaling.dimension]
    made = _labelled(y, row, samples, net)
    return made.assign(rate=_rate(net, row, z)) if rates else made


def _rate(net: Network, row: Entry, z: Float[np.ndarray, "sample input"]) -> xr.Variable:
    """Return the rate of every unit at some inputs."""
    dynamics = placed(circuit_of(net), row.numbers)
    values = torch.cat([dynamics.rate(part) for part in _parts(net, z)]).numpy()
    told = {"units": net.transfer.rate_unit, "long_name": "rate of each unit"}
    return xr.Variable(("sample", "unit"), net.transfer.rate_scale * values, told)


def _parts(net: Network, z: Float[np.ndarray, "sample input"]) -> Iterator[torch.Tensor]:
    """Yield the inputs some samples at a time."""
    count = max(1, _CHUNK // net.units)
    return (torch.as_tensor(z[first : first + count]) for first in range(0, len(z), count))


def _row(net: Network, bias: xr.Dataset | xr.DataArray | np.ndarray, task: str | Task | None) -> Entry:
    name = task.name if isinstance(task, Task) else name_of(task)
    if not isinstance(bias, xr.Dataset):
        return bare(net, bias, name)
    bank = check_bank(net, bias)
    names = [str(one) for one in bank["task"].values]
    if name is None and len(names) > 1:
        raise ValueError(f"this bank holds {len(names)} tasks; say which with task= (one of {', '.join(names)})")
    return entry(bank, names[0] if name is None else name)


def check_shape(net: Network, shape: tuple[int, ...], what: str) -> None:
    """Raise ValueError unless samples have the shape of the network's inputs; a row of as many numbers has."""
    if shape != net.inputs and shape != (net.encoder.shape[1],):
        raise ValueError(
            f"{what} has samples of shape {shape}, the network takes {net.inputs}; reshape them, or draw a network "
            f"with inputs={shape}"
        )


def outputs(net: Network, row: Entry, z: Float[np.ndarray, "sample input"]) -> Float[np.ndarray, "sample component"]:
    """Return C phi(W z + b) in the network's own coordinates, in float64."""
    circuit = circuit_of(net)
    assert isinstance(circuit, FeedForward)
    dynamics = placed(circuit, row.numbers)
    return torch.cat([dynamics.circuit.collect(dynamics.rate(part)) for part in _parts(net, z)]).numpy()


def _labelled(
    y: Float[np.ndarray, "sample component"], row: Entry, samples: np.ndarray | None, net: Network
) -> xr.Dataset:
    names = row.scaling.names[: row.dimension]
    variables = {"output": Variable(("sample", "component"), y, "task", "output y = C r")}
    if row.scaling.classes:
        label = np.array(names)[y.argmax(axis=1)]
        variables["label"] = Variable(("sample",), label, "1", "class of the largest output")
    coords = {
        "sample": Variable(("sample",), np.arange(len(y)) if samples is None else samples, "1", "number of the sample"),
        "component": Variable(("component",), names, "1", "class" if row.scaling.classes else "component"),
    }
    return dataset(variables, coords, kind="prediction", task=row.task, network_sha256=net.sha256)
