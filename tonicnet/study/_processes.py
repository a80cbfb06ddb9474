"""Processes of this machine, one job in each at a time; one that dies or hangs takes nothing else with it."""

from __future__ import annotations

import contextlib
import multiprocessing as mp
import os
import signal
import sys
import threading
from concurrent.futures import BrokenExecutor, Future, ProcessPoolExecutor, ThreadPoolExecutor
from multiprocessing.connection import wait
from queue import SimpleQueue

import torch

from ._work import Reply, perform

_ROOM = "tonicnet.study._processes"
_STARTS = 3  # of a worker that ends before it has begun
_KILL = getattr(signal, "SIGKILL", signal.SIGTERM)


class NoWorkers(RuntimeError):
    """Worker processes do not start, so that no job can be run."""


class Processes:
    """Some workers, each a process of its own with one thread of torch."""

    def __init__(self, count: int, limit: float | None) -> None:
        self.width, self._limit = count, limit
        self._threads = ThreadPoolExecutor(count, thread_name_prefix="tonicnet-study")
        self._workers = [Worker() for _ in range(count)]
        self._free: SimpleQueue[Worker] = SimpleQueue()
        for one in self._workers:
            self._free.put(one)

    def submit(self, sent: bytes) -> Future[Reply]:
        """Run some pickled work in a worker that is free."""
        return self._threads.submit(self._perform, sent)

    def gone(self) -> bool:
        """Return False: a worker that dies is begun again."""
        return False

    def close(self) -> None:
        """End all workers, whatever they do."""
        self._threads.shutdown(wait=False, cancel_futures=True)
        for one in self._workers:
            one.close()
        self._threads.shutdown(wait=True)

    def _perform(self, sent: bytes) -> Reply:
        worker = self._free.get()
        try:
            return worker.perform(sent, self._limit)
        finally:
            self._free.put(worker)


class Worker:
    """One process, begun when it is first needed and begun again when it has died."""

    def __init__(self) -> None:
        self._pool: ProcessPoolExecutor | None = None
        self._process = 0
        self._closed = False

    def perform(self, sent: bytes, limit: float | None) -> Reply:
        """Return what some work gives. Raises BrokenExecutor where the process died under it."""
        try:
            return self._begun().submit(perform, sent).result(limit)
        except TimeoutError:
            self._end()
            return Reply(failure=f"it took longer than limit={limit:g} s and was ended")
        except BrokenExecutor:
            self._end()
            raise

    def close(self) -> None:
        """End the process for good."""
        self._closed = True
        self._end()

    def _begun(self) -> ProcessPoolExecutor:
        for _ in range(_STARTS):
            if self._pool is not None:
                return self._pool
            self._pool = ProcessPoolExecutor(1, mp_context=_context(), initializer=_begin)
            try:
                self._process = self._pool.submit(os.getpid).result()
            except BrokenExecutor:
                self._end()
            if self._closed:
                self._end()
                raise BrokenExecutor("the study has ended")
        if self._pool is not None:
            return self._pool
        raise NoWorkers(
            "the worker processes of the study ended as they began; in a script, put its call under if __name__ == "
            '"__main__":, or give executor=concurrent.futures.ThreadPoolExecutor(1)'
        )

    def _end(self) -> None:
        pool, process = self._pool, self._process
        self._pool, self._process = None, 0
        if process:
            with contextlib.suppress(OSError):
                os.kill(process, _KILL)
        if pool is not None:
            pool.shutdown(wait=True, cancel_futures=True)


def _context() -> mp.context.BaseContext:
    """Return how processes begin: from a server that has tonicnet loaded, where there is one; never as a copy of
    this process, whose threads of torch a copy would not have."""
    if "forkserver" not in mp.get_all_start_methods() or sys.platform == "darwin":
        return mp.get_context("spawn")
    context = mp.get_context("forkserver")
    context.set_forkserver_preload([_ROOM])
    return context


def _begin() -> None:
    """Prepare a worker: one thread, deaf to Ctrl-C (which is for the study), and gone when the study is."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    torch.set_num_threads(1)
    parent = mp.parent_process()
    if parent is not None:
        threading.Thread(target=_follow, args=(parent.sentinel,), daemon=True).start()


def _follow(sentinel: int) -> None:
    wait([sentinel])
    os._exit(1)
