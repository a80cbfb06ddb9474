"""A cluster in numbers: one scheduler that serves one job at a time, workers that are slow or die, jobs tried again."""

from __future__ import annotations

import heapq
import math
from collections import deque
from dataclasses import dataclass, field

import numpy as np


@dataclass(frozen=True)
class Cluster:
    """What runs jobs: times in seconds.

    ``service`` is what the one scheduler takes for a job, one job after the other: to describe and send it, and to
    store its result. ``own`` is what a worker takes beside each job, ``start`` what it takes to begin. A share
    ``straggling`` of all runs takes ``slower`` times as long. A worker dies after ``life`` on average (none: never),
    and is back after ``back``; its job is sent again, ``retries`` times.
    """

    workers: int
    service: float = 0.0
    own: float = 0.0
    start: float = 0.0
    straggling: float = 0.0
    slower: float = 1.0
    life: float = math.inf
    back: float = 60.0
    retries: int = 2


@dataclass
class Outcome:
    """What became of a study: its wall time, the time that workers computed in vain, jobs done and jobs given up."""

    wall: float = 0.0
    useful: float = 0.0
    wasted: float = 0.0
    done: int = 0
    failed: int = 0
    deaths: int = 0
    served: float = 0.0
    losses: dict[int, int] = field(default_factory=dict)

    def use(self, workers: int) -> float:
        """Return the share of all workers' time that went into results."""
        return self.useful / (workers * self.wall) if self.wall else 0.0

    @property
    def scheduler(self) -> float:
        """The share of time in which the scheduler was busy."""
        return self.served / self.wall if self.wall else 0.0


def simulate(times: np.ndarray, cluster: Cluster, seed: int = 0) -> Outcome:
    """Return what becomes of jobs of these times, event after event.

    Whoever is free first gets the next job, as soon as the scheduler has served it; lost jobs go first.
    """
    return _Simulation(times, cluster, seed).run()


class _Simulation:
    def __init__(self, times: np.ndarray, cluster: Cluster, seed: int) -> None:
        self.cluster, self.rng, self.out = cluster, np.random.default_rng(seed), Outcome()
        slow = self.rng.random(len(times)) < cluster.straggling
        self.times = (np.where(slow, cluster.slower, 1.0) * times + cluster.own).tolist()
        self.sent, self.again = 0, deque[int]()
        self.dies = [cluster.start + self._life() for _ in range(cluster.workers)]
        self.idle = [(cluster.start, worker) for worker in range(cluster.workers)]
        self.running: list[tuple[float, int, int, bool]] = []  # when it ends, worker, job, whether it is whole
        self.clock = 0.0  # when the scheduler is free

    def run(self) -> Outcome:
        while self._left() or self.running:
            if self._left() and self.idle and (not self.running or self.idle[0][0] <= self.running[0][0]):
                self._send()
            else:
                self._end()
        return self.out

    def _left(self) -> bool:
        return bool(self.again) or self.sent < len(self.times)

    def _send(self) -> None:
        """Serve the worker that has been free longest; one that died meanwhile gets nothing, and begins again."""
        free, worker = heapq.heappop(self.idle)
        self.clock = max(self.clock, free) + self.cluster.service
        self.out.served += self.cluster.service
        if self.dies[worker] <= self.clock:
            self._begin_again(worker)
            return
        job = self._job()
        end = self.clock + self.times[job]
        whole = end <= self.dies[worker]
        if whole:
            self.out.useful += self.times[job]
        else:
            self.out.wasted += self.dies[worker] - self.clock
        heapq.heappush(self.running, (min(end, self.dies[worker]), worker, job, whole))

    def _job(self) -> int:
        if self.again:
            return self.again.popleft()
        self.sent += 1
        return self.sent - 1

    def _end(self) -> None:
        end, worker, job, whole = heapq.heappop(self.running)
        self.out.wall = max(self.out.wall, end)
        if whole:
            self.out.done += 1
            heapq.heappush(self.idle, (end, worker))
            return
        self._begin_again(worker)
        losses = self.out.losses[job] = self.out.losses.get(job, 0) + 1
        if losses > self.cluster.retries:
            self.out.failed += 1
        else:
            self.again.append(job)

    def _begin_again(self, worker: int) -> None:
        ready = self.dies[worker] + self.cluster.back + self.cluster.start
        self.out.deaths += 1
        self.dies[worker] = ready + self._life()
        heapq.heappush(self.idle, (ready, worker))

    def _life(self) -> float:
        return math.inf if math.isinf(self.cluster.life) else float(self.rng.exponential(self.cluster.life))
