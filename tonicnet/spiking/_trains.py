"""Spike trains of a run in the containers of other packages: pynapple and neo."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from jaxtyping import Float

from .._numbers import whole

if TYPE_CHECKING:
    import neo
    import pynapple


def to_pynapple(spikes: xr.Dataset, trial: int | None = None) -> pynapple.TsGroup:
    """Return the spike trains of one trial as a TsGroup of pynapple: a Ts for every neuron, silent ones too.

    Arguments
    ---------
    spikes : what :func:`simulate` returned.
    trial : its number; needed where there are several.

    Neurons keep their numbers, and their metadata ``unit`` names the rate unit of each; times are in seconds, and the
    time support is that of the run. Raises ValueError for a run without spikes and a trial that is not there, and
    ImportError without pynapple.

    Source: Viejo et al. (2023), doi:10.7554/eLife.85786.

    >>> import tonicnet as tn
    >>> run = tn.spiking.simulate(tn.Network(units=20, seed=0), np.ones(20), duration=0.1, codegen="numpy")
    >>> len(tn.spiking.to_pynapple(run))                                  # doctest: +SKIP
    20
    """
    chosen = _trial(_checked(spikes), trial)
    nap = _module("pynapple", "pynapple")
    support = nap.IntervalSet(*_span(spikes))
    trains = {neuron: nap.Ts(times, time_support=support) for neuron, times in enumerate(_trains(spikes, chosen))}
    return nap.TsGroup(trains, time_support=support, metadata={"unit": _units(spikes)})


def to_neo(spikes: xr.Dataset) -> neo.Block:
    """Return spike trains and output as a Block of neo: a Segment a trial, with a SpikeTrain for every neuron.

    ``spikes`` is what :func:`simulate` returned. A SpikeTrain is annotated with ``neuron`` and ``unit``; the output is
    an AnalogSignal whose array annotation ``component`` names its channels. The Block is annotated with the run's
    attributes, among them the hash of the synapses. Raises ValueError for a run without spikes, and ImportError
    without neo.

    Source: Garcia et al. (2014), doi:10.3389/fninf.2014.00010.

    >>> import tonicnet as tn
    >>> run = tn.spiking.simulate(tn.Network(units=20, seed=0), np.ones(20), duration=0.1, codegen="numpy")
    >>> len(tn.spiking.to_neo(run).segments[0].spiketrains)               # doctest: +SKIP
    20
    """
    _checked(spikes)
    neo = _module("neo", "neo")
    block = neo.Block(name="tonicnet", **{key: _plain(value) for key, value in spikes.attrs.items()})
    block.segments = [_segment(neo, spikes, trial) for trial in range(spikes.sizes["trial"])]
    return block


def _segment(neo: Any, spikes: xr.Dataset, trial: int) -> Any:
    """Return one trial: its trains and its output."""
    seconds = _module("quantities", "neo").s
    start, stop = _span(spikes)
    segment = neo.Segment(name=f"trial {trial}", index=trial)
    segment.spiketrains = [
        neo.SpikeTrain(times * seconds, t_start=start * seconds, t_stop=stop * seconds, neuron=neuron, unit=int(unit))
        for neuron, (times, unit) in enumerate(zip(_trains(spikes, trial), _units(spikes), strict=True))
    ]
    output, time = spikes["output"].isel(trial=trial), spikes["time"].values
    segment.analogsignals = [
        neo.AnalogSignal(
            output.transpose("time", "component").values, units="dimensionless", name="output",
            t_start=time[0] * seconds, sampling_period=(time[1] - time[0]) * seconds,
            array_annotations={"component": output["component"].values.astype(str)},
        )
    ]  # fmt: skip
    return segment


def _checked(spikes: xr.Dataset) -> xr.Dataset:
    """Return a run that has spikes; raise ValueError for another thing."""
    if not isinstance(spikes, xr.Dataset) or "spike_time" not in spikes:
        raise ValueError("spike trains are those of a spiking run; give what tn.spiking.simulate returned")
    return spikes


def _trial(spikes: xr.Dataset, trial: int | None) -> int:
    count = spikes.sizes["trial"]
    if trial is None and count > 1:
        raise ValueError(f"the run has {count} trials and pynapple one axis of time; say which: trial=0 to {count - 1}")
    chosen = whole("trial", 0 if trial is None else trial, 0)
    if chosen >= count:
        raise ValueError(f"the run has {count} trial{'s' * (count != 1)}, counted from 0; there is no trial {chosen}")
    return chosen


def _trains(spikes: xr.Dataset, trial: int) -> Iterator[Float[np.ndarray, " spike"]]:
    """Yield the spike times (s) of each neuron, in order."""
    here = spikes["spike_trial"].values == trial
    neuron, time = spikes["spike_neuron"].values[here], spikes["spike_time"].values[here]
    order = np.lexsort((time, neuron))
    ends = np.searchsorted(neuron[order], np.arange(spikes.attrs["neurons"] + 1))
    return (time[order][first:last] for first, last in pairwise(ends))


def _units(spikes: xr.Dataset) -> np.ndarray:
    """Return the rate unit of each neuron."""
    return np.arange(spikes.attrs["neurons"]) // spikes.attrs["neurons_per_unit"]


def _span(spikes: xr.Dataset) -> tuple[float, float]:
    """Return when the run began and ended."""
    time = spikes["time"].values
    return float(time[0]), float(time[-1])


def _plain(value: Any) -> Any:
    return value.item() if isinstance(value, np.generic) else value


def _module(name: str, extra: str) -> Any:
    """Return an optional package; raise ImportError with the remedy if it is not there."""
    try:
        return import_module(name)
    except ImportError as error:
        raise ImportError(f'this needs the package {name}; install it with: pip install "tonicnet[{extra}]"') from error
