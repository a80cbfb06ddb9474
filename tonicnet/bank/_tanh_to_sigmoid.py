"""From signed rates to positive ones: a tanh network as a sigmoid network, by a change of variables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
import torch
import xarray as xr

from ..circuit import circuit_of, placed
from ..network import Network, Sigmoid, Tanh, check_moving
from ._biases import whole_bank
from ._check import DIMS, check_bank
from ._order import in_order
from ._read import entry
from ._write import carried

_FACTORS = {  # of learned synapses: inputs are doubled, and so are the outputs of units that are half as large
    "decoder": 2, "encoder": 2, "recurrent": 4, "update_left": 2, "update_right": 2,
}  # fmt: skip


def as_sigmoid(net: Network, bank: xr.Dataset) -> tuple[Network, xr.Dataset]:
    """Return the sigmoid network, and its bank, that do exactly what a tanh network and its bank do.

    With tanh(x) = 2 sigmoid(2 x) - 1 and r = 2 s - 1, tau ds/dt = -s + sigmoid(W' s + E' u + b') has the same
    outputs x = center' + scale D' s for

        W' = 4 W,   E' = 2 E,   D' = 2 D,   b' = 2 (b - W 1 - E D 1),   center' = center - scale D 1

    (W 1 without the random synapses for low-rank networks, E D 1 without the feedback where there is none). The
    synapses are the same draw at other scales. Input noise of standard deviation s becomes 2 s. Where output scales
    t were learned, r = 2 s - t, and t stands in the place of 1; a learned decoder or encoder is doubled, learned
    synapses are four times as strong; gains stay.

    Arguments: ``net``, a network with ``transfer="tanh"``; ``bank``, a bank of it. Returns the pair (network, bank).
    Raises ValueError for another transfer function or a bank of another network. A sigmoid's rates are positive,
    but it is not the f-I curve of an integrate-and-fire neuron: for spikes, learn with ``transfer="lif"``.

    >>> import tonicnet as tn
    >>> net = tn.Network(units=30, seed=0, transfer="tanh")
    >>> positive, bank = as_sigmoid(net, tn.fit(net, "hopf", rounds=0, steps=2, progress=False))
    >>> positive.transfer.name, bool((positive.decoder == 2 * net.decoder).all())
    ('sigmoid', True)
    """
    check_moving(net, "as_sigmoid")
    if not isinstance(net.transfer, Tanh):
        raise ValueError(f"as_sigmoid takes a network with transfer='tanh', this one has {net.transfer.name!r}")
    bank = in_order(check_bank(net, whole_bank(bank, "a change of its network")))
    spec, random = net.spec, net.spec.synapses != "low-rank"
    gain = 4 * spec.gain if random else spec.gain
    made = Network.from_spec(
        replace(
            spec, transfer=Sigmoid(), gain=gain, encoder_scale=2 * spec.encoder_scale,
            decoder_scale=2 * spec.decoder_scale,
        )
    )  # fmt: skip
    rows = [entry(bank, str(name)) for name in bank["task"].values]
    parts = [_apart(net, row.numbers) for row in rows]
    values = {
        "bias": np.stack([2 * (row.bias - into) for row, (into, _) in zip(rows, parts, strict=True)]),
        "center": np.stack([row.scaling.shifted(rest) for row, (_, rest) in zip(rows, parts, strict=True)]),
    }
    for name, factor in _FACTORS.items():
        if name in bank:
            values[name] = factor * bank[name].transpose(*DIMS[name]).values
    return made, carried(bank, made, **values)


def _apart(net: Network, numbers: Mapping[str, np.ndarray]) -> tuple[np.ndarray, np.ndarray]:
    """Return what t, by which r and 2 s differ, brings to the inputs through the synapses, and to the output: D t."""
    circuit = placed(circuit_of(net, rates=True), numbers).circuit
    t = circuit.tensor(numbers.get("scale", 1.0) * numbers.get("mask", np.ones(net.units)))[None]
    return circuit.drive(t, torch.zeros_like(t[0]))[0].numpy(), circuit.output(t)[0].numpy()
