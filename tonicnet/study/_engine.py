"""What runs the jobs of a study: processes here, or any executor of ``concurrent.futures``."""

from __future__ import annotations

import contextlib
import json
import os
import pickle
import subprocess
import sys
import tempfile
from collections.abc import Callable
from concurrent.futures import BrokenExecutor, Executor, Future
from pathlib import Path
from typing import Any, Protocol

from .._names import choose, shown
from .._numbers import positive, whole
from .._process import run
from ._dask import DASK, gone, on_dask
from ._processes import Processes
from ._work import Reply, perform

PROCESSES = "processes"
_AHEAD = 1000  # jobs that an executor is given before it has answered
_ALONE = (
    "import json, sys; sys.path[:] = json.loads(sys.argv[2]); from tonicnet.study._engine import main; "
    "main(sys.argv[1])"
)


class Engine(Protocol):
    """Where pickled work is run, at most ``width`` pieces at a time."""

    width: int

    def submit(self, sent: bytes) -> Future[Reply]:
        """Run some work there."""

    def gone(self) -> bool:
        """Return whether no work that it was given will ever be answered."""

    def close(self) -> None:
        """End what was begun here."""


class Given:
    """An executor of the user's, or the function that makes one and that is called again when it has broken."""

    def __init__(self, source: Executor | Callable[[], Executor], limit: float | None) -> None:
        self.width, self._limit = _AHEAD, limit
        self._source = source
        self._refused: Exception | None = None
        self._executor = checked(source() if not isinstance(source, Executor) else source)

    def submit(self, sent: bytes) -> Future[Reply]:
        """Run some work; a broken executor is made again if there is a function that makes it."""
        try:
            if self.gone():
                raise BrokenExecutor("its scheduler is gone")
            return self._submit(sent)
        except (BrokenExecutor, RuntimeError):
            if isinstance(self._source, Executor):
                raise
            self.close()
            self._begin_again(self._source)
            return self._submit(sent)

    def gone(self) -> bool:
        """Return whether its scheduler is gone."""
        return gone(self._executor)

    def close(self) -> None:
        """End an executor that was made here; one that was given goes on."""
        if not isinstance(self._source, Executor):
            with contextlib.suppress(Exception):
                self._executor.shutdown(wait=False, cancel_futures=True)

    def _begin_again(self, source: Callable[[], Executor]) -> None:
        """Make another executor; where that fails once it is not tried for every job that is left."""
        if self._refused is not None:
            raise self._refused
        try:
            self._executor = checked(source())
        except Exception as error:
            self._refused = error
            raise

    def _submit(self, sent: bytes) -> Future[Reply]:
        if self._limit is None:
            return self._executor.submit(perform, sent)
        return self._executor.submit(perform_within, sent, self._limit)


class Here:
    """This process, one job after the other."""

    width = 1

    def submit(self, sent: bytes) -> Future[Reply]:
        """Run some work now."""
        done: Future[Reply] = Future()
        done.set_result(perform(sent))
        return done

    def gone(self) -> bool:
        """Return False: it is this process."""
        return False

    def close(self) -> None:
        """Nothing was begun."""


def check_engine(executor: Any, workers: int | None, limit: float | None) -> None:
    """Raise TypeError for what is no executor, ValueError for numbers that are none, before anything is begun."""
    if limit is not None:
        positive("limit", limit)
    if workers is not None:
        whole("workers", workers)
    if isinstance(executor, str) and not executor.startswith(DASK):
        choose("executor", executor, [PROCESSES, f"{DASK}host:port"])
    if workers is not None and executor != PROCESSES:
        raise ValueError("workers counts processes of this machine, and an executor has its own; leave one of them out")
    if not isinstance(executor, str | Executor) and not callable(executor):
        raise _no_executor(executor)


def engine_of(executor: Executor | Callable[[], Executor] | str, workers: int | None, limit: float | None) -> Engine:
    """Return what runs the jobs. Raises TypeError where a function makes no executor, and as :func:`on_dask`."""
    if isinstance(executor, str):
        return Processes(workers or _cores(), limit) if executor == PROCESSES else Given(on_dask(executor), limit)
    return Given(executor, limit)


def checked(executor: Any) -> Executor:
    """Return an executor; raise TypeError for anything else."""
    if not isinstance(executor, Executor):
        raise _no_executor(executor)
    return executor


def perform_within(sent: bytes, limit: float) -> Reply:
    """Run some work in a process of its own, which is ended after ``limit`` seconds. Called in any worker."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "work"
        path.write_bytes(sent)
        try:
            done = run([sys.executable, "-c", _ALONE, str(path), json.dumps(sys.path)], timeout=limit)
        except subprocess.TimeoutExpired:
            return Reply(failure=f"it took longer than limit={limit:g} s and was ended")
        if done.returncode:
            raise BrokenExecutor(f"its process ended with {done.returncode}")
        reply: Reply = pickle.loads((Path(folder) / "reply").read_bytes())
        return reply


def main(path: str) -> None:
    """Run the work in a file and write the reply beside it: the process of :func:`perform_within`."""
    work = Path(path)
    work.with_name("reply").write_bytes(pickle.dumps(perform(work.read_bytes())))


def _cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1


def _no_executor(given: Any) -> TypeError:
    return TypeError(
        f"executor is a concurrent.futures.Executor, or a function that makes one, got {shown(given)}; a Dask client "
        "gives one by client.get_executor()"
    )
