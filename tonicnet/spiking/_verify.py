"""Are the forms the same network? Run each and look for the first spike that differs."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import xarray as xr

from .._labels import Variable, dataset
from .._names import shown
from .._random import generator
from ..bank import Schedule
from ..network import Network
from ..simulate import starting_states
from ._codegen import Code
from ._equations import FORMS
from ._equivalence import form_of
from ._external import externals
from ._lif_network import LIFNetwork
from ._plan import plan
from ._run import run_trials
from ._spikes import differing_spikes
from ._to_brian2 import Bias, sampling_step
from ._trials import Trials

if TYPE_CHECKING:
    import brian2


def verify(
    net: Network,
    bias: Bias,
    *,
    duration: float | None = None,
    schedule: Schedule | None = None,
    task: str | None = None,
    forms: tuple[str, ...] = tuple(FORMS),
    live: brian2.Network | None = None,
    neurons_per_unit: int = 1,
    inputs: np.ndarray | xr.DataArray | None = None,
    noise: float = 0.0,
    codegen: str = "auto",
    cache: str | os.PathLike[str] | None = None,
    seed: int = 0,
) -> xr.Dataset:
    """Run the same network in several forms with the same noise and count the spikes that differ.

    Arguments: as for :func:`simulate`; ``forms``, two or more of "threshold", "current" and "leak", compared with
    the first; ``live``, a network of :func:`to_brian2` whose neurons you have changed: it is refused, with the
    reason, if a threshold is not a current there any more (a reset that does not shift with its threshold, a
    conductance, a spike-generating current, no leak).

    Returns ``spikes(form)``, ``differing(form)`` (spikes in one train and not in the other) and
    ``first_difference(form)`` in seconds, NaN where there is none. Raises ValueError for fewer than two forms.

    >>> from tonicnet.network import Network
    >>> compared = verify(Network(units=20, seed=0), np.ones(20), duration=0.2, codegen="numpy")
    >>> compared["differing"].values.tolist()
    [0, 0, 0]
    """
    from tqdm.std import tqdm

    known = isinstance(forms, Sequence) and all(isinstance(form, str) and form in FORMS for form in forms)
    if not known or len(forms) < 2:
        raise ValueError(f"forms are two or more of {', '.join(FORMS)}; got {shown(forms)}")
    if live is not None:
        form_of(live["neurons"])
    segments = plan(net, bias, duration=duration, schedule=schedule, task=task)
    model = LIFNetwork(net, neurons_per_unit)
    step = sampling_step(model, None)
    start = starting_states(segments[0].entry, None, 1, generator(seed))[:, -1]
    external = externals(inputs, noise, segments, step, 1, net.components)
    first, code = Trials(model, segments, forms[0], step, start, external, seed), Code(codegen, cache)
    with tqdm(disable=True) as bar:
        trains = [run_trials(replace(first, form=form), code, bar)[0] for form in forms]
    found = [differing_spikes(trains[0], train, model.lif.dt) for train in trains]
    return dataset(
        {
            "spikes": Variable(("form",), [len(t.time) for t in trains], "1", "number of spikes"),
            "differing": Variable(("form",), [count for count, _ in found], "1", "spikes in one train only"),
            "first_difference": Variable(("form",), [first for _, first in found], "s", "first differing spike"),
        },
        {"form": Variable(("form",), list(forms), "1", "form")},
        network_sha256=net.sha256,
        seed=seed,
    )
