"""Studies: grids of fits on any executor, resumable, as one labelled Dataset."""

from __future__ import annotations

import os
import pickle
import sys
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Executor
from contextlib import closing
from typing import Any

import xarray as xr

from .._interrupt import Interrupts
from .._numbers import whole
from ._engine import PROCESSES, Engine, check_engine, engine_of
from ._gather import Gathered
from ._grid import Grid, grid_of
from ._grid_file import read_grid
from ._progress import Progress, Report, check_progress
from ._schedule import performed
from ._store import Store, open_store
from ._work import Fit, Reply


def study(
    grid: Mapping[Any, Any] | str | os.PathLike[str],
    *,
    executor: Executor | Callable[[], Executor] | str | None = None,
    workers: int | None = None,
    store: str | os.PathLike[str] | None = None,
    retries: int = 2,
    limit: float | None = None,
    biases: bool = False,
    run: bool = True,
    progress: bool | Report = True,
) -> xr.Dataset:
    """Learn at every place of a grid, on whatever runs ``concurrent.futures``.

    Arguments
    ---------
    grid : names of arguments and their values: "task", any argument of :class:`Network` or of :func:`fit`, and
        "learning_seed" ("seed" draws the network and learns; this one learns alone). A list, range, array or dict of
        labels and values is a dim; one value alone is the same everywhere. A tuple of names is one dim, along which
        they vary together: ``("units", "gain"): [(64, 1.0), (128, 1.2)]``. A task is a name, a Task, or a function
        that makes one; transfer functions likewise. "task" and "units" are needed. Or the path of a TOML file that
        holds all this, or the name of one that ships (the page Studies).
    executor : None or "processes", those of this machine; "dask://host:port", the scheduler of a Dask cluster; any
        ``concurrent.futures.Executor``, such as ``dask.distributed.Client(...).get_executor()``; or a function that
        makes one, which is called again if it breaks.
    workers : how many of these; as many as there are cores if not given. Each is one process, and one thread of torch.
    store : a folder in which each job leaves a small NetCDF file, named by the job's key. The same call goes on
        where it was stopped; another study that asks for the same job finds it there.
    retries : how often a job is sent again when its worker was lost. What a job raises is not tried again.
    limit : seconds after which a job is ended. With an executor each job then has a process of its own, which takes
        some seconds to begin and counts them.
    biases : keep the bank of each job too, as ``<key>.bank.nc`` in the store, which :func:`load` reads, and return
        ``bias(..., unit)``.
    run : False runs nothing and returns what the store has.
    progress : True for a bar with the time left, and each failure as it comes; False for silence; or a function that
        is called with a dict after each job.

    Returns a Dataset over the dims of the grid: every score of :func:`fit`, ``outcome``, ``seconds``,
    ``cpu_seconds``, ``loss``, ``network_sha256``, ``job`` (its key) and ``done``. A job that raised, hung, ran out
    of memory or lost its worker is an outcome, "failed: ..."; the next call tries it again. Torch has one thread in
    each job unless the grid has "threads", so that results do not depend on the executor. Ctrl-C ends the study and
    returns what is done. A file of the store that cannot be read is set aside, with a warning, and its job is run
    again.

    Raises, before anything is run, ValueError for unknown names, values no fit can have (naming the cell), an empty
    grid or too many cells, a folder that is no store or a store of another version; TypeError for what is no executor
    and for a task that cannot be pickled, naming it; RuntimeError where worker processes cannot begin.

    >>> from concurrent.futures import ThreadPoolExecutor
    >>> grid = {"task": "hopf", "units": [40, 60], "seed": range(2), "steps": 3, "rounds": 0, "restarts": 0}
    >>> found = study(grid, executor=ThreadPoolExecutor(1), progress=False)
    >>> found["field_error"].dims, int(found["done"].sum())
    (('units', 'seed'), 4)
    """
    made = grid_of(read_grid(grid) if isinstance(grid, str | os.PathLike) else grid)
    again = whole("retries", retries, 0)
    executor = PROCESSES if executor is None else executor
    check_engine(executor, workers, limit)
    check_progress(progress)
    _check_sent(made, executor == PROCESSES)
    going = _Study(made, open_store(store), biases)
    missing = going.read()
    if run and missing:
        going.run(missing, engine_of(executor, workers, limit), again, progress)
    return going.gathered.dataset()


class _Study:
    """A grid, where its results are kept, and those that are known."""

    def __init__(self, grid: Grid, store: Store, biases: bool) -> None:
        self.grid, self.store, self.biases = grid, store, biases
        self.gathered = Gathered(grid)

    def read(self) -> list[str]:
        """Put in what the store has, and return the keys of the jobs that are missing."""
        held = self.store.held(banks=self.biases)
        return [key for key in self.gathered.keys if key not in held or not self._found(key)]

    def run(self, missing: list[str], engine: Engine, retries: int, progress: bool | Report) -> None:
        """Run the jobs that are missing; Ctrl-C ends that."""
        told = Progress(progress, len(missing), len(self.gathered.keys) - len(missing))
        with Interrupts() as interrupts, closing(told), closing(engine):
            try:
                for key, reply in performed(self._works(missing, told), engine, retries):
                    self._put(key, reply)
                    self._tell(told, key, reply.failure)
            except KeyboardInterrupt:
                interrupts.seen = True

    def _works(self, missing: list[str], told: Progress) -> Iterator[Fit]:
        """Yield the work that is missing, made when it is sent; what another study has stored by then is taken."""
        for key in missing:
            if self.store.has(key, bank=self.biases) and self._found(key):
                self._tell(told, key, "")
            else:
                yield Fit(self.grid.job(self.gathered.first(key)), self.biases)

    def _found(self, key: str) -> bool:
        record = self.store.read(key)
        bias = self.store.bias(key) if self.biases and record is not None else None
        if record is None or (self.biases and bias is None):
            return False
        self.gathered.put(key, record, bias)
        return True

    def _put(self, key: str, reply: Reply) -> None:
        if reply.record is None:
            self.gathered.failed(key, reply.failure)
            return
        self.store.keep(key, reply)
        self.gathered.put(key, reply.record, reply.bias)

    def _tell(self, told: Progress, key: str, failure: str) -> None:
        told.step(self.grid.told(self.gathered.first(key)), failure)


def _check_sent(grid: Grid, elsewhere: bool) -> None:
    """Refuse what cannot be sent to a worker, naming it."""
    for name, value in grid.objects.items():
        try:
            sent = pickle.dumps(value)
        except Exception as error:
            raise TypeError(
                f"{name} cannot be sent to a worker ({' '.join(str(error).split())}); define its functions at the top "
                "of a module"
            ) from error
        if elsewhere and b"__main__" in sent and not hasattr(sys.modules["__main__"], "__file__"):
            raise TypeError(
                f"{name} is defined in this notebook or console, where other processes do not find it; put it into a "
                "module, or give executor=concurrent.futures.ThreadPoolExecutor(1)"
            )
