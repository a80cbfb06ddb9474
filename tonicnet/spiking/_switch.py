"""Changing the task of a running spiking network, in any form, without a jump."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from ..network import Network
from ._equations import FORMS
from ._equivalence import form_of
from ._lif_network import LIFNetwork
from ._plan import plan
from ._to_brian2 import Bias

if TYPE_CHECKING:
    import brian2


def switch(live: brian2.Network, net: Network, bias: Bias, *, task: str | None = None) -> None:
    """Load another tonic input into a live network built by :func:`to_brian2`; call it between two ``run``.

    In the threshold form the thresholds change by d_i and v_i changes by d_i for EVERY neuron, refractory ones
    included, so that the switch is exactly that of a current. Raises ValueError for a network that has none
    of the three forms, one whose equations were changed so that they are not the same network any more (with
    the reason), or a bank of another network.

    >>> from tonicnet.spiking import to_brian2
    >>> net = Network(units=20, seed=0)
    >>> live = to_brian2(net, np.ones(20))
    >>> switch(live, net, np.zeros(20))
    >>> float(live["neurons"].v_th_[0])
    -0.05
    """
    entry = plan(net, bias, duration=1.0, schedule=None, task=task)[0].entry
    neurons = live["neurons"]
    per_unit, rest = divmod(len(neurons), net.units)
    if rest or not per_unit:
        raise ValueError(f"this live network has {len(neurons)} neurons, which is no multiple of {net.units} units")
    model = LIFNetwork(net, per_unit)
    set_tonic(neurons, model, form_of(neurons), entry.bias)


def set_tonic(neurons: object, model: LIFNetwork, form: str, bias: np.ndarray) -> None:
    """Set the parameter of a form to a new bias, and in the threshold form v with it."""
    parameter = getattr(neurons, f"{FORMS[form]}_")
    before, after = np.array(parameter[:]), model.tonic(form, bias)
    parameter[:] = after
    if form == "threshold":
        v = neurons.v_  # type: ignore[attr-defined]
        v[:] = np.array(v[:]) + (after - before)
