"""The same task on the same frozen draw with the same numbers to spend: which of them should change?"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Executor
from contextlib import closing
from dataclasses import replace
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from .._bar import bar
from .._labels import Variable, dataset
from ..learn import Job, Settings, sets_of
from ..measure import BANK_SCORES, BEHAVIOUR_SCORES
from ..network import Network, NetworkSpec, check_network
from ..parameters import SETS
from ..task import Task
from ._cell import Cell, rows_of
from ._controls import CONTROLS
from ._doors import compared_sets, counts_of, norms_of, other_than, seeds_of, signs_of, target_of
from ._engine import Engine, Given, Here
from ._schedule import performed
from ._sizes import numbers_of, units_for
from ._store import Store, open_store

DIMS = ("learn", "numbers", "norm", "seed")
_RETRIES = 2  # of a cell whose worker was lost
_OWN = {
    "cpu_seconds": ("s", "CPU time of learning and scoring"),
    "decoder_norm": ("1", "norm of the decoder with what was learned, over that of the drawn network at norm 1"),
    "flipped": ("1", "share of learned gains and scales that are negative: synapses of flipped sign"),
    "bias_rms": ("1", "root mean square of the tonic inputs"),
    "spike_noise": ("1", "rms of what spikes of one neuron a unit would add to a component, over its scale"),
}


class _Work(NamedTuple):
    """How each set learns."""

    steps: int
    rounds: int
    rank: int
    nonnegative: bool


def compare_learning(
    net: Network,
    task: str | Task,
    learn: Sequence[str | Sequence[str]] = ("bias", "gain", "scale", "mask", "decoder"),
    *,
    numbers: int | Sequence[int] | None = None,
    decoder_norm: float | Sequence[float] = 1.0,
    seeds: int | Iterable[int] = 3,
    controls: bool = True,
    other: str | Task | None = None,
    steps: int = 20,
    rounds: int = 1,
    rank: int = 1,
    nonnegative: bool = False,
    executor: Executor | None = None,
    store: str | os.PathLike[str] | None = None,
    progress: bool = True,
) -> xr.Dataset:
    """Learn one task by each of several parameter sets, at equal numbers and equal decoder norm.

    Every set learns on networks of the kind of ``net``, drawn from the same seeds, with the same residual, steps and
    closed-loop rounds. A decoder that is larger makes a field easier to fit, and spikes noisier in proportion. So the
    norm is a dim of its own: the network is drawn at ``norm`` times the decoder of ``net``, and learned decoders and
    scales are bounded to the norm that was drawn.

    Arguments
    ---------
    net : the kind of network; its seed is replaced by each of ``seeds``.
    task : a shelf name or a Task.
    learn : parameter sets, as in :func:`fit`; a tuple of names is their sum.
    numbers : how many are learned, one count or several: each set gets the largest network on which it has no more.
        Not given: every set learns on networks of the size of ``net``.
    decoder_norm : multiples of the decoder of ``net``.
    seeds : of the draws, or how many.
    controls : beside the tonic inputs, also score these shuffled over units, those of another task, those that were
        never learned, and the network without recurrence, as further entries of ``learn``. They need "bias" in it.
    other : the task of the second control; not given, another one of the shelf where both have vector fields.
    steps, rounds, rank : as in :func:`fit`.
    nonnegative : hold the signs of gains and scales, so that no synapse is flipped; other sets have none to hold.
    executor : any ``concurrent.futures`` executor; not given, cells are run here, one after the other.
    store : a folder that keeps each cell, as that of :func:`study`, so that the same call goes on where it was stopped.
    progress : a bar where somebody watches.

    Returns a Dataset over (learn, numbers, norm, seed) with the closed-loop scores of :func:`fit` and their floors
    (of a behaviour, that on held-out trials too),
    ``learned_numbers``, ``units``, ``cpu_seconds``, ``decoder_norm`` (of the network with what was learned),
    ``flipped`` (share of negative gains and scales), ``bias_rms``, and ``spike_noise`` for low-rank networks of noisy
    LIF units. What does not apply is NaN. Raises ValueError for unknown sets or tasks, and numbers no set can have.

    Source: the tasks of bias and full learning at matched numbers, Williams et al. (2025), ICLR, arXiv 2407.00957.

    >>> from tonicnet.network import Network
    >>> net = Network(units=40, seed=0)
    >>> found = compare_learning(net, "hopf", ["bias", "scale"], seeds=1, rounds=0, controls=False)
    >>> found["field_error"].dims, found["learn"].values.tolist()
    (('learn', 'numbers', 'norm', 'seed'), ['bias', 'scale'])
    """
    check_network(net)
    target = target_of(task)
    sets = compared_sets(learn)
    place: dict[str, list[Any]] = {
        "learn": list(sets),
        "numbers": [net.units] if numbers is None else counts_of(numbers),
        "norm": norms_of(decoder_norm),
        "seed": seeds_of(seeds),
    }
    second = other_than(target, other) if controls and "bias" in sets else None
    work = _Work(steps, rounds, rank, signs_of(nonnegative))
    places = (dict(zip(DIMS, values, strict=True)) for values in itertools.product(*place.values()))
    cells = [_cell(net, target, at, second, controls, work, numbers is None) for at in places]
    found = _run(cells, executor, open_store(store), progress)
    shown_controls = CONTROLS if second is not None else tuple(c for c in CONTROLS if "another" not in c)
    place["learn"] = [*sets, *(shown_controls if controls and "bias" in sets else ())]
    return _dataset(place, cells, found, net, target)


def _cell(
    net: Network, task: Task, at: dict[str, Any], other: Task | None, controls: bool, work: _Work,
    whole_network: bool,
) -> Cell:  # fmt: skip
    """Return the cell at one place: its network, checked to be able to learn the task."""
    units = net.units if whole_network else units_for(at["learn"], net, work.rank, at["numbers"])
    settings = _settings(at, work)
    spec = replace(net.spec, units=units, seed=at["seed"], decoder_scale=at["norm"] * net.spec.decoder_scale)
    judged = controls and at["learn"] == "bias"
    theirs = Job(spec, other, settings) if judged and other is not None else None
    return Cell(_checked(spec, task, settings), at, at["norm"], judged, theirs)


def _run(cells: list[Cell], executor: Executor | None, store: Store, progress: bool) -> list[dict[str, Any]]:
    """Return what each cell found, in their order. Raises RuntimeError where one failed, once the others are done."""
    keys = [cell.key for cell in cells]
    found = {key: record for key in set(keys) & store.held() if (record := store.read(key)) is not None}
    missing = [cell for cell, key in zip(cells, keys, strict=True) if key not in found]
    engine: Engine = Here() if executor is None else Given(executor, None)
    failures = []
    with closing(bar(progress, total=len(cells), initial=len(found), unit="fit")) as shown:
        for key, reply in performed(iter(missing), engine, _RETRIES):
            shown.update()
            store.keep(key, reply)
            if reply.record is None:
                failures.append(f"{cells[keys.index(key)].place}: {reply.failure}")
            else:
                found[key] = reply.record
    if failures:
        raise RuntimeError(f"{len(failures)} of {len(cells)} cells have no result; the first, {failures[0]}")
    return [rows_of(found[key]) for key in keys]


def _dataset(
    place: Mapping[str, Sequence[Any]], cells: list[Cell], found: list[dict[str, Any]], net: Network, task: Task
) -> xr.Dataset:
    shape = tuple(len(place[dim]) for dim in DIMS)
    known = {**BANK_SCORES, **BEHAVIOUR_SCORES, **_OWN}
    values = {name: np.full(shape, np.nan) for name in (*known, "learned_numbers", "units")}
    for cell, scores in zip(cells, found, strict=True):
        at = tuple(list(place[dim]).index(cell.place[dim]) for dim in DIMS[1:])
        held = (cell.place["learn"], *(name for name in scores if name in CONTROLS))
        counted = {
            "learned_numbers": numbers_of(cell.place["learn"], net, cell.job.settings.rank, cell.job.spec.units),
            "units": cell.job.spec.units,
        }
        for name in held:
            for measure, value in (scores[name] | counted).items():
                values[measure][(place["learn"].index(name), *at)] = value
    words = known | {"learned_numbers": ("1", "numbers that were learned"), "units": ("1", "units of the network")}
    variables = {name: Variable(DIMS, values[name], *words[name]) for name in words if np.isfinite(values[name]).any()}
    coords = {
        "learn": Variable(("learn",), place["learn"], "1", "what was learned, and controls"),
        "numbers": Variable(("numbers",), place["numbers"], "1", "numbers that may be learned"),
        "norm": Variable(("norm",), place["norm"], "1", "norm of the drawn decoder, over that of the network given"),
        "seed": Variable(("seed",), place["seed"], "1", "seed of the draw"),
    }
    return dataset(variables, coords, kind="comparison of learning", task=task.name, network=net.to_dict())


def _settings(at: Mapping[str, Any], work: _Work) -> Settings:
    """Return the settings of a cell; what a linear set may do to the decoder is bounded by what was drawn."""
    bounded = at["learn"] in ("scale", "decoder")
    held = work.nonnegative and any(SETS[name].signed for name in sets_of(at["learn"]) if name in SETS)
    return Settings(
        learn=at["learn"], steps=work.steps, rounds=work.rounds, restarts=0, seed=at["seed"], rank=work.rank,
        decoder_norm=1.0 if bounded else None, nonnegative=held,
    )  # fmt: skip


def _checked(spec: NetworkSpec, task: Task, settings: Settings) -> Job:
    job = Job(spec, task, settings)
    job.check()
    return Job(spec, task, settings)  # without the synapses, which the worker draws again
