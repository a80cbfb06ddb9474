"""What a study costs beside its fits, and what becomes of it when workers die: `python benchmarks/study.py [row ...]`.

The jobs are 1,000 networks (fewer with ``jobs=200``) of 64 units that learn a cosine with one closed-loop round.
Overhead is CPU time, of this process and of all that it started, less that of the fits; throughput is wall time, and
needs an idle machine.
"kills" runs the same jobs on a Dask LocalCluster of two processes and kills one of them every 20 s, ten times.
"""

from __future__ import annotations

import os
import resource
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from records import Figure, figure
from rows import measured

import tonicnet as tn

_words = dict(word.split("=") for word in sys.argv[1:] if "=" in word)
JOBS = int(_words.get("jobs", 1000))
KILLS, EVERY, DESCRIBED = 10, 20.0, 100_000
WHAT = f"{JOBS} fits of a cosine, N = 64, one round"
GRID: dict[Any, Any] = {"task": "cosine", "units": 64, "components": 2, "rounds": 1}
_DESCRIBE = """
import resource, sys, tempfile, time
import tonicnet as tn
from tonicnet.study._grid import grid_of
before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
tn.study({"task": "cosine", "units": 64, "components": 2, "rounds": 1, "seed": 3}, run=False)
before, began = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, time.process_time()
grid = grid_of({"task": ["cosine", "hopf"], "units": [64, 128, 256, 512, 1024], "components": 2, "seed": range(10_000)})
assert len(set(grid.keys)) == 100_000
built = time.process_time() - began
tn.study({"task": ["cosine", "hopf"], "units": [64, 128, 256, 512, 1024], "components": 2, "seed": range(10_000)},
         store=tempfile.mkdtemp() + "/store", run=False)
whole = time.process_time() - began - built
print(built, whole, (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 2**20)
"""


def overhead() -> Iterator[Figure]:
    """Yield what a study adds to its fits, and what reading its store takes."""
    with tempfile.TemporaryDirectory() as folder:
        store = Path(folder) / "store"
        found, spent = _one_worker(store, JOBS)
        fits = float(found["cpu_seconds"].sum())
        yield figure(WHAT, "CPU time of the fits", "s", fits)
        yield figure(WHAT, "overhead of the study, CPU", "%", 100 * (spent - fits) / fits)
        began = time.process_time()
        again = tn.study(_seeds(JOBS), store=store, run=False)
        yield figure(WHAT, "reading the store, CPU", "s", time.process_time() - began)
        assert again["done"].all()
        tn.save(found, _kept())


def throughput() -> Iterator[Figure]:
    """Yield the ratio of wall times of one worker and two, each with its workers warm."""
    ratios = []
    for first in (0, 100, 200):
        walls = [_wall(count, first) for count in (1, 2)]
        ratios.append(walls[0] / walls[1])
    where = {"what": "100 fits of a cosine, N = 64, one round", "load before": round(os.getloadavg()[0], 1)}
    yield figure(where, "throughput of two workers against one", "x", ratios)


def kills() -> Iterator[Figure]:
    """Yield what is lost when a worker of a cluster is killed again and again."""
    from distributed import Client, LocalCluster

    calm = tn.load(_kept()) if _kept().exists() else tn.study(_seeds(JOBS))
    with (
        LocalCluster(n_workers=2, threads_per_worker=1, dashboard_address=None, silence_logs=50) as cluster,
        Client(cluster) as client,
    ):
        ended, killed = threading.Event(), list[int]()
        killer = threading.Thread(target=_kill, args=(client, ended, killed))
        killer.start()
        found = tn.study(_seeds(JOBS), executor=client.get_executor(), progress=False)
        ended.set()
        killer.join()
    where = f"{WHAT}, Dask LocalCluster of two processes, one killed every {EVERY:g} s"
    yield figure(where, "workers killed", "1", len(killed))
    yield figure(where, "jobs lost", "jobs", JOBS - int(found["done"].sum()))
    yield figure(where, "results that differ from an undisturbed run", "jobs", _differing(found, calm))


def descriptions() -> Iterator[Figure]:
    """Yield what it takes to describe many jobs and to find those that a store lacks."""
    made = subprocess.run([sys.executable, "-c", _DESCRIBE], capture_output=True, text=True, check=True)
    built, missing, memory = map(float, made.stdout.split())
    where = f"{DESCRIBED:,} jobs"
    yield figure(where, "to describe them, CPU", "s", built)
    yield figure(where, "a study that finds them all missing, CPU", "s", missing)
    yield figure(where, "memory", "GiB", memory)


def _seeds(count: int, first: int = 0) -> dict[Any, Any]:
    return GRID | {"seed": range(first, first + count)}


def _one_worker(store: Path, count: int) -> tuple[xr.Dataset, float]:
    """Return a study in one process, and the CPU time of all that took part in it."""
    spent: list[float] = []

    def tell(told: dict[str, Any]) -> None:
        if told["done"] == told["total"]:
            spent.append(_started())

    began = time.process_time()
    found = tn.study(_seeds(count), workers=1, store=store, progress=tell)
    return found, spent[-1] + time.process_time() - began


def _started() -> float:
    """Return the CPU seconds of all processes that come from this one and live, and of those that have ended."""
    tick, parents, times = os.sysconf("SC_CLK_TCK"), {}, {}
    for place in Path("/proc").glob("[0-9]*"):
        try:
            words = (place / "stat").read_text().rpartition(")")[2].split()
        except OSError:
            continue
        parents[int(place.name)] = int(words[1])
        times[int(place.name)] = sum(map(int, words[11:15])) / tick
    ours = {os.getpid()}
    while more := {pid for pid, parent in parents.items() if parent in ours} - ours:
        ours |= more
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    return sum(times[pid] for pid in ours - {os.getpid()}) + ended.ru_utime + ended.ru_stime


def _wall(workers: int, first: int) -> float:
    """Return the wall time from the first answer of each worker to the last of all."""
    times: list[float] = []
    tn.study(_seeds(100, first), workers=workers, progress=lambda _: times.append(time.perf_counter()))
    return (times[-1] - times[workers - 1]) * 100 / (100 - workers)


def _kill(client: Any, ended: threading.Event, killed: list[int]) -> None:
    while len(killed) < KILLS and not ended.wait(EVERY):
        workers = [one["pid"] for one in client.run(lambda: {"pid": __import__("os").getpid()}).values()]
        if workers:  # none where those that were killed have not begun again
            killed.append(workers[len(killed) % len(workers)])
            os.kill(killed[-1], signal.SIGKILL)


def _differing(one: xr.Dataset, other: xr.Dataset) -> int:
    names = [name for name in one.data_vars if name not in ("seconds", "cpu_seconds")]
    same = [one[name].values == other[name].values for name in names]
    empty = [np.array([a != a for a in one[name].values]) for name in names]
    return int((~np.logical_and.reduce([a | b for a, b in zip(same, empty, strict=True)])).sum())


def _kept() -> Path:
    return Path(tempfile.gettempdir()) / "tonicnet-study-undisturbed.nc"


ROWS = {"overhead": overhead, "throughput": throughput, "kills": kills, "descriptions": descriptions}

if __name__ == "__main__":
    measured("study", ROWS)
