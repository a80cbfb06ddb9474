"""Damage: neurons that fire no more, in a bank's own numbers."""

from __future__ import annotations

import xarray as xr

from .._numbers import fraction
from .._random import generator
from ..bank import carried, check_bank, whole_bank
from ..network import Network, check_moving
from ._plan import SILENT


def silenced(net: Network, bank: xr.Dataset, *, share: float = 0.2, seed: int = 0) -> xr.Dataset:
    """Return a bank in which some units are silent: their threshold lies so high that no noise brings them there.

    The same units are silent in each task, round(share N) of them, drawn by ``seed``. The synapses are as they were;
    :func:`tonicnet.learn_online` and :func:`tonicnet.fit` learn on from such a bank (``start=``) with the units that
    are left, since one that cannot fire has no gradient.

    Arguments: ``net``, of LIF units, and a ``bank`` of it; ``share`` of the units, above 0 and up to 1.

    Returns the bank, ``attrs["silenced"]`` the number of silent units. Raises ValueError for a share that is none, and
    a bank of another network.

    >>> import tonicnet as tn
    >>> net, bank = tn.load_network("atlas-1000"), tn.load_bank("atlas-1000")
    >>> hurt = silenced(net, bank)
    >>> int((hurt["bias"][0] < -50).sum())
    200
    """
    share = fraction("share", share)
    bank = check_bank(check_moving(net, "silenced"), whole_bank(bank, "a bank to be hurt"))
    gone = generator(seed).permutation(net.units)[: round(share * net.units)]
    bias = bank["bias"].transpose("task", "unit").values.copy()
    bias[:, gone] = SILENT
    return carried(bank, net, bias=bias).assign_attrs(silenced=len(gone))
