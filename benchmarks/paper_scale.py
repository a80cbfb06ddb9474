"""What a million fits and N = 1e5 would take: `python benchmarks/paper_scale.py [row ...]`.

"caller" measures what the process that called a study does for each job: by an executor that answers at once, and with
a worker process, where sending is in it. "cluster" sends a million jobs, with the CPU times of the shipped phase
diagram, through a simulated cluster (cluster.py). "memory" is what the solvers say that they take as networks grow;
"peak" measures it for two networks.
"""

from __future__ import annotations

import dataclasses
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import numpy as np
import torch
from cluster import Cluster, Outcome, simulate
from records import RESULTS, Figure, figure
from rows import measured

import tonicnet as tn
from tonicnet.learn import Job, Settings
from tonicnet.learn._choice import cost_of
from tonicnet.learn._course import Draw
from tonicnet.learn._forecast import Forecast
from tonicnet.learn._training_states import field_residual
from tonicnet.solve import GIB, SOLVERS, costs
from tonicnet.study._work import Fit, Reply, perform

FITS, CALLED, SENT = 1_000_000, 2000, 100
WORKERS = (1, 10, 100, 1000, 10_000)
FAULTS: dict[str, Any] = {"straggling": 0.01, "slower": 10.0, "life": 4 * 3600.0, "back": 60.0}
CALLERS = 10
UNITS, PEAKS = (1000, 10_000, 100_000), (1000, 4000)
HOUR = 3600.0
SERVICE = "the calling process with sending, CPU a job"


class Instant(Executor):
    """Answers every job at once, with what one fit has found."""

    def __init__(self, reply: Reply) -> None:
        self.reply = reply

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        del fn, args, kwargs
        done: Future[Any] = Future()
        done.set_result(self.reply)
        return done


def caller(count: int = CALLED) -> Iterator[Figure]:
    """Yield what the calling process does for each job, and what a result takes on disk."""
    reply = _reply()
    with tempfile.TemporaryDirectory() as folder:
        grid = {"task": "cosine", "units": 64, "components": 2, "rounds": 1, "seed": range(count)}
        began, before = time.process_time(), _resident()
        found = tn.study(grid, executor=Instant(reply), store=Path(folder) / "store", progress=False)
        spent, grown = time.process_time() - began, _resident() - before
        assert found["done"].all()
    where = f"a study of {count} jobs, answered at once"
    yield figure(where, "the calling process, CPU a job", "ms", 1e3 * spent / count)
    yield figure(f"a study of {SENT} jobs on a worker process", SERVICE, "ms", 1e3 * _sending(SENT))
    yield figure(where, "a result in the store", "KiB", len(reply.content) / 1024)
    yield figure(where, "memory of the calling process, a job", "KiB", grown / count)


def _sending(count: int) -> float:
    """Return the CPU seconds of this process for each small job that it sends to a worker; waiting takes none."""
    grid = {"task": "hopf", "units": 16, "components": 2, "rounds": 0, "restarts": 0, "steps": 1, "seed": range(count)}
    tn.study(grid | {"seed": [count]}, workers=1, progress=False)
    began = time.process_time()
    tn.study(grid, workers=1, progress=False)
    return (time.process_time() - began) / count


def _reply() -> Reply:
    net = tn.Network(64, seed=0, components=2)
    return perform(Fit(Job(net.spec, tn.task("cosine"), Settings(rounds=0, restarts=0, steps=2, threads=1))).sent)


def _resident() -> float:
    """Return the greatest memory so far, in KiB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def cluster(fits: int = FITS) -> Iterator[Figure]:
    """Yield what becomes of a million fits, over workers, jobs, faults and callers."""
    service, own, start = overheads()
    yield figure("one job of a study", "the calling process", "ms", 1e3 * service)
    yield figure("one job of a study", "its worker, beside the fit", "ms", 1e3 * own)
    yield figure("one job of a study", "a worker begins", "s", start)
    for kind, times in jobs(fits).items():
        where = {"fits": fits, "jobs": kind}
        yield figure(where, "CPU time of a fit, mean", "s", float(times.mean()))
        yield figure(where, "workers that keep one caller busy", "1", float(times.mean() + own) / service)
        for workers in WORKERS:
            calm = Cluster(workers, service, own, start)
            yield from told(where | {"workers": workers, "faults": "none"}, simulate(times, calm), workers)
        for workers in WORKERS[2:]:
            faulty = Cluster(workers, service, own, start, **FAULTS)
            yield from told(
                where | {"workers": workers, "faults": "stragglers, deaths"}, simulate(times, faulty), workers
            )
        many = dataclasses.replace(faulty, workers=WORKERS[-1] // CALLERS)
        parts = [simulate(part, many, seed) for seed, part in enumerate(np.array_split(times, CALLERS))]
        yield from told(
            where | {"workers": WORKERS[-1], "faults": f"the same, {CALLERS} callers"}, joined(parts), WORKERS[-1]
        )


def joined(parts: list[Outcome]) -> Outcome:
    """Return what became of several studies that ran beside each other."""
    names = ("useful", "wasted", "done", "failed", "deaths")
    summed = {name: sum(getattr(part, name) for part in parts) for name in names}
    return Outcome(wall=max(part.wall for part in parts), served=max(part.served for part in parts), **summed)


def told(where: dict[str, str | int | float], out: Outcome, workers: int) -> Iterator[Figure]:
    """Yield the figures of one simulation."""
    yield figure(where, "wall time", "h", out.wall / HOUR)
    yield figure(where, "core hours", "h", workers * out.wall / HOUR)
    yield figure(where, "share of workers' time in results", "%", 100 * out.use(workers))
    yield figure(where, "time of the caller in use", "%", 100 * out.scheduler)
    yield figure(where, "deaths of workers", "1", out.deaths)
    yield figure(where, "jobs given up", "jobs", out.failed)


def overheads() -> tuple[float, float, float]:
    """Return the seconds of the caller and of a worker for each job, and those in which a worker begins.

    The overheads of studies of 200 and 1,000 jobs, on a line: what all jobs share is the start of the worker.
    """
    held = {(r["where"].get("what", ""), r["measure"]): r["value"] for r in _records("study")}
    spent = {}
    for count in (200, 1000):
        where = f"{count} fits of a cosine, N = 64, one round"
        spent[count] = held[where, "CPU time of the fits"] * held[where, "overhead of the study, CPU"] / 100
    each = (spent[1000] - spent[200]) / 800
    service = 1e-3 * next(r["value"] for r in _records("paper_scale") if r["measure"] == SERVICE)
    return service, max(0.0, each - service), spent[200] - 200 * each


def _records(name: str) -> list[dict[str, Any]]:
    return json.loads((RESULTS / f"{name}.json").read_text())


def jobs(fits: int, seed: int = 0) -> dict[str, np.ndarray]:
    """Return the seconds of many fits, drawn from the shipped phase diagram: all of it, and its largest networks."""
    spent = tn.load(RESULTS / "phase_diagram.nc")["cpu_seconds"]
    long = next(
        r["value"]
        for r in _records("choose")
        if r["where"] == {"task": "lorenz", "transfer": "tanh", "units": 1000} and r["measure"] == "learning"
    )
    rng = np.random.default_rng(seed)
    drawn = rng.choice(spent.values.ravel(), fits)
    return {"of the phase diagram": drawn, "as long as Lorenz, N = 1000, polished": drawn * (long / drawn.mean())}


def memory() -> Iterator[Figure]:
    """Yield what the solvers of a field fit take as networks grow, and which is taken."""
    for units in UNITS:
        where = {"N": units, "what": "field of Lorenz, low-rank"}
        problem = _job(units).problem
        residual = field_residual(problem, problem.learnable(), Draw(0, 0)("flow"))
        known = {one.solver: one.bytes / GIB for one in costs(residual, units)}
        for name in SOLVERS:
            yield figure(where, f"memory of a {name} step", "GiB", known[name])
        needed = 2.0 ** np.ceil(np.log2(min(known.values()) / 0.75))
        ahead = forecast(units, max(4.0, needed))
        yield figure(where, "least memory= that is enough", "GiB", min(known.values()) / 0.75)
        yield figure(where, "a step with so much, CPU", "s", ahead.seconds / ahead.steps)
        yield figure(where, "steps of a fit of the field", "1", ahead.steps)
        yield figure(where, "a fit of the field, CPU", "h", ahead.seconds / HOUR)
        yield figure(
            {"N": units, "what": "dense"}, "memory of the synapses in a fit", "GiB", bytes_a_synapse() * units**2 / GIB
        )


def bytes_a_synapse(units: int = 64) -> float:
    """Return what a fit counts for each synapse of a dense network."""
    made = {
        kind: Job(tn.Network(units, seed=0, synapses=kind).spec, tn.task("lorenz"), Settings())
        for kind in ("low-rank", "dense")
    }
    rooms = {kind: one.settings.solver_room(one.circuit) for kind, one in made.items()}
    return (rooms["low-rank"] - rooms["dense"]) / units**2


def _job(units: int, **given: Any) -> Job:
    net = tn.Network(units, seed=0, transfer="tanh")
    return Job(net.spec, tn.task("lorenz"), Settings(**{"rounds": 0, "restarts": 0, "threads": 1} | given))


def forecast(units: int, gib: float) -> Forecast:
    """Return what tonicnet says that a fit will take, before its first step."""
    job, found = _job(units, memory=gib), list[Forecast]()

    class Known(Exception):
        pass

    def tell(ahead: Forecast) -> None:
        found.append(ahead)
        raise Known

    try:
        job.learner(report=lambda _: None, keep=lambda _: None, state=None, forecast=tell).learn()
    except Known:
        return found[0]
    raise RuntimeError("nothing was forecast")


def peak() -> Iterator[Figure]:
    """Yield the greatest memory of a fit in a process of its own, beside what its solver and temporaries may take."""
    for units in PEAKS:
        where = {"N": units, "what": "field of Lorenz, low-rank"}
        done = subprocess.run([sys.executable, __file__, f"alone={units}"], capture_output=True, text=True, check=True)
        yield figure(where, "peak of a fit above the imports", "GiB", float(done.stdout.split()[-1]) * 1024 / GIB)
        problem = _job(units).problem
        residual = field_residual(problem, problem.learnable(), Draw(0, 0)("flow"))
        expected = cost_of(problem, residual).bytes + min(problem.settings.room, 4 * residual.row_bytes(units))
        yield figure(where, "its solver and temporaries, by tonicnet", "GiB", expected / GIB)


def alone(units: int) -> None:
    """Fit with few steps, and print by how many KiB memory grew."""
    job = _job(20, steps=1)
    job.run()  # what is loaded and tabulated at the first call
    before = _resident()
    _job(units, steps=1).run()
    print(_resident() - before)


ROWS = {"caller": caller, "cluster": cluster, "memory": memory, "peak": peak}

if __name__ == "__main__":
    torch.set_num_threads(1)
    alone_units = [word.partition("=")[2] for word in sys.argv[1:] if word.startswith("alone=")]
    if alone_units:
        alone(int(alone_units[0]))
    else:
        measured("paper_scale", ROWS)
