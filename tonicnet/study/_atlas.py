"""The atlas: every flow of dysts learned on one network, put on trial, and kept in a folder."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Executor
from contextlib import closing
from dataclasses import dataclass, field
from functools import reduce
from pathlib import Path

import numpy as np
import xarray as xr

from .._interrupt import Interrupts
from .._labels import Variable, dataset
from .._names import choose, path_of
from .._numbers import whole
from ..bank import grown
from ..files import load, save
from ..learn import Job, Settings
from ..network import LIF, Network, Transfer, check_network
from ..task import Task, dysts_period, dysts_systems, from_dysts
from ._engine import PROCESSES, Engine, check_engine, engine_of
from ._flow_trial import MEASURES, FlowTrial
from ._portraits import portraits
from ._progress import Progress, Report, check_progress
from ._record import Record
from ._schedule import performed
from ._store import Store, open_store
from ._verdict import RULE, verdict

NETWORK, BANK, SCORES, PORTRAITS, STORE = "network.toml", "bank.nc", "scores.nc", "portraits.nc", "store"
_SMOOTH = LIF(noise=2.0)  # a rate curve without a corner
_NOT_RUN = "not run"


def atlas_network(
    units: int = 1000, components: int = 4, *, seed: int = 0, transfer: Transfer | str = _SMOOTH
) -> Network:
    """Draw a network that is good at fields: even pairs of units, which are noisy LIF neurons if not said otherwise.

    Units in pairs of opposite decoder, whose encoders and first tonic inputs fill their space evenly, learn fields
    more exactly than independent ones. So do neurons whose rate curve is smooth over the range of their input: they
    have much noise beside their encoders. Such curves bend little, so that decoders are large. Of the 129 flows of
    dysts 117 have four components or fewer. Those of three are learned as exactly on four components as on three.

    Arguments: ``units``, an even number; ``components``; ``seed``; ``transfer``, as of :class:`tonicnet.Network`.

    >>> atlas_network(units=50, seed=1).spec.draw
    'paired-low-discrepancy'
    """
    return Network(
        units, seed=seed, components=components, transfer=transfer, draw="paired-low-discrepancy", encoder_scale=1.2,
        decoder_scale=16.0,
    )  # fmt: skip


def atlas(
    folder: str | os.PathLike[str],
    systems: Iterable[str] | None = None,
    *,
    net: Network | None = None,
    executor: Executor | Callable[[], Executor] | str | None = None,
    workers: int | None = None,
    retries: int = 2,
    limit: float | None = None,
    noise: float = 0.03,
    steps: int = 20,
    rounds: int = 12,
    restarts: int = 0,
    confirm: int = 4,
    precision: str = "mixed",
    seed: int = 0,
    run: bool = True,
    progress: bool | Report = True,
) -> xr.Dataset:
    """Learn many chaotic flows on one network, by one set of settings, and hold each against its truth.

    Every flow is learned as :func:`fit` does. Then the network runs alone from 20 starts that learning never saw, for
    200 periods each, 25 samples a period. A flow passes if

        D_stsp <= 2 x floor + 0.05,    D_H <= 2 x floor + 0.02,    and no start is lost or comes to rest,

    each floor that of other true runs of the same length. Beside them stand the largest Lyapunov exponent of the
    network and of the flow, and D_stsp of the network without its recurrent synapses.

    Arguments
    ---------
    folder : where everything is kept: ``network.toml``, ``bank.nc`` with a row for each flow that was learned,
        ``scores.nc``, ``portraits.nc`` (:func:`tonicnet.plot.portraits` draws it), and ``store`` with a file for each
        that is done. The same call goes on where it was stopped.
    systems : names of dysts' systems; all that are no delay equations if not given.
    net : the network, with low-rank synapses. If not given, :func:`atlas_network`, for systems that are named with as
        many components as the largest needs. Systems that need more than it has are listed with this reason.
    executor, workers, retries, limit, progress : as in :func:`study`.
    noise, steps, rounds, restarts, confirm, precision, seed : as in :func:`fit`; the same for all systems. The tube is
        narrower and the rounds are more than there, since the rule asks for the place of every sheet of an attractor,
        and what is good is confirmed by longer runs, since the rule asks for 200 periods. No flow of dysts was seen to
        pass by a restart, so there is none. Smooth neurons answer much alike, so that closed-loop rounds end
        with larger errors in float32, whose sums lose what tells them apart.
    run : False learns nothing and gathers what the folder has.

    Returns ``scores.nc``: a Dataset over task with the measures, ``passes`` and ``reason``, why not. A system that
    cannot be made, learned or judged is a row with its reason. Raises ValueError for unknown systems, naming the
    nearest, none at all, or a folder of another network; ImportError without dysts.
    Source of the flows: Gilpin (2021), arXiv 2110.05266.

    >>> atlas("dysts", ["Lorenz", "Roessler"])["passes"].values           # doctest: +SKIP
    array([1, 1], dtype=int8)
    """
    check_progress(progress)
    again, executor = whole("retries", retries, 0), PROCESSES if executor is None else executor
    check_engine(executor, workers, limit)
    settings = Settings(
        threads=1, noise=noise, steps=steps, rounds=rounds, restarts=restarts, precision=precision, seed=seed,
        confirm=confirm,
    )  # fmt: skip
    tasks, refused = _tasks(_names(systems))
    drawn = _network(net, None if systems is None else tasks)
    place = path_of(folder)
    going = _Atlas.begun(place, drawn, tasks, refused, settings)
    missing = going.read()
    if run and missing:
        going.run(missing, engine_of(executor, workers, limit), again, progress)
    return going.written()


def _names(systems: Iterable[str] | None) -> list[str]:
    known = list(dysts_systems())
    if systems is None:
        return known
    names = [systems] if isinstance(systems, str) else list(systems)
    if not names:
        raise ValueError("systems is empty; name some of dysts' systems, or leave it out for all")
    return list(dict.fromkeys(choose("dysts system", name, known) for name in names))


def _tasks(names: list[str]) -> tuple[dict[str, Task], dict[str, str]]:
    """Return the tasks that can be made, and why the others cannot."""
    tasks: dict[str, Task] = {}
    refused: dict[str, str] = {}
    for name in names:
        try:
            tasks[name] = from_dysts(name)
        except ValueError as error:
            refused[name] = str(error)
    return tasks, refused


def _network(net: Network | None, named: dict[str, Task] | None) -> Network:
    if net is None:
        most = max((task.dimension for task in (named or {}).values()), default=None)
        return atlas_network() if most is None else atlas_network(components=most)
    if not check_network(net).low_rank:
        raise ValueError(
            f'an atlas is of fields, and a network with synapses="{net.spec.synapses}" has none of its output; draw '
            'one with synapses="low-rank"'
        )
    return net


@dataclass
class _Atlas:
    """The flows that are asked for, where they are kept, and what is known of each."""

    folder: Path
    net: Network
    store: Store
    trials: dict[str, FlowTrial]
    names: list[str]
    reasons: dict[str, str]
    records: dict[str, Record] = field(default_factory=dict)

    @classmethod
    def begun(
        cls, folder: Path, net: Network, tasks: dict[str, Task], refused: dict[str, str], settings: Settings
    ) -> _Atlas:
        """Return the atlas of a folder, made if it is not there. Raises ValueError for one of another network."""
        store = open_store(folder / STORE)
        _keep_network(folder / NETWORK, net)
        wide = {
            name: f"it has {task.dimension} components, the network only {net.components}"
            for name, task in tasks.items()
            if task.dimension > net.components
        }
        trials = {
            name: FlowTrial(Job(net.spec, task, settings), dysts_period(name))
            for name, task in tasks.items()
            if name not in wide
        }
        return cls(folder, net, store, trials, [*tasks, *refused], refused | wide)

    def read(self) -> list[str]:
        """Take what the store has, and return the names of the flows that are missing."""
        for name, one in self.trials.items():
            found = self.store.read(one.key) if self.store.has(one.key, bank=True) else None
            if found is not None:
                self.records[name] = found
        self.reasons = self._earlier() | self.reasons
        return [name for name in self.trials if name not in self.records]

    def _earlier(self) -> dict[str, str]:
        """Return why systems failed when the scores were last written; they are tried again, if any are run."""
        path = self.folder / SCORES
        if not path.exists():
            return {}
        reasons = load(path)["reason"]
        return {str(name): str(why) for name, why in zip(reasons["task"].values, reasons.values, strict=True)}

    def run(self, missing: list[str], engine: Engine, retries: int, progress: bool | Report) -> None:
        """Learn and try the flows that are missing; Ctrl-C ends that."""
        told = Progress(progress, len(missing), len(self.trials) - len(missing))
        names = {self.trials[name].key: name for name in missing}
        with Interrupts() as interrupts, closing(told), closing(engine):
            try:
                for key, reply in performed(self._works(missing), engine, retries):
                    if reply.record is None:
                        self.reasons[names[key]] = reply.failure
                    else:
                        self.store.keep(key, reply)
                        self.records[names[key]] = reply.record
                    told.step(names[key], reply.failure)
            except KeyboardInterrupt:
                interrupts.seen = True

    def _works(self, missing: list[str]) -> Iterator[FlowTrial]:
        return (self.trials[name] for name in missing)

    def written(self) -> xr.Dataset:
        """Write the bank and the scores, and return the scores."""
        rows = [load(self.store.bank_path(self.trials[name].key)) for name in self.names if name in self.records]
        if rows:
            bank = reduce(lambda bank, row: grown(self.net, bank, row), rows)
            save(bank, self.folder / BANK)
            known = {name: self.trials[name] for name in self.names if name in self.records}
            tasks = {name: one.job.task for name, one in known.items()}
            paths = portraits(self.net, bank, tasks, {name: one.period for name, one in known.items()})
            save(paths, self.folder / PORTRAITS)
        scores = self.scores()
        save(scores, self.folder / SCORES)
        return scores

    def scores(self) -> xr.Dataset:
        """Return all measures over task, whether each passes, and why not."""
        held = [dict(self.records[name].scores) if name in self.records else {} for name in self.names]
        for name, row in zip(self.names, held, strict=True):
            if row:
                row["true_exponent"] = float(self.trials[name].job.task.truth.get("lyapunov", np.nan))
        found = {
            name: Variable(("task",), [row.get(name, np.nan) for row in held], *words)
            for name, words in MEASURES.items()
        }
        why = [
            verdict(row) if row else self.reasons.get(name, _NOT_RUN)
            for name, row in zip(self.names, held, strict=True)
        ]
        told = [self.records[name].about["outcome"] if name in self.records else "" for name in self.names]
        found["passes"] = Variable(("task",), np.array([not reason for reason in why], np.int8), "1", RULE)
        found["reason"] = Variable(("task",), np.array(why, dtype=object), "1", "why it does not pass")
        found["outcome"] = Variable(("task",), np.array(told, dtype=object), "1", "how learning ended")
        coords = {"task": Variable(("task",), np.array(self.names, dtype=object), "1", "system of dysts")}
        return dataset(found, coords, kind="atlas", network_sha256=self.net.sha256, rule=RULE)


def _keep_network(path: Path, net: Network) -> None:
    """Write the recipe of the network, or refuse a folder that has another one's."""
    if not path.exists():
        net.to_toml(path)
        return
    from ..network import load_network

    other = load_network(path)
    if other.sha256 != net.sha256:
        raise ValueError(
            f"{path.parent} holds the atlas of another network ({other.sha256[:12]}, not {net.sha256[:12]}); give it a "
            "folder of its own"
        )
