"""Work that is sent to a worker as bytes, and what comes back: a result or a sentence, never an exception."""

from __future__ import annotations

import pickle
import time
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import xarray as xr

from ..files import packed
from ..learn import Job
from ..measure import BANK_SCORES, SAMPLE_SCORES
from ._record import Found, Record, encoded

SCORES = BANK_SCORES | SAMPLE_SCORES
OWN = {
    "loss": ("1", "last loss"),
    "speed": ("1/s", "task time per second"),
    "seconds": ("s", "time learning took"),
    "cpu_seconds": ("s", "CPU time of learning and scoring"),
}


class Work(Protocol):
    """Something to be run once: it can be pickled, and its key says what it is."""

    @property
    def key(self) -> str:
        """The same for the same work in any process."""

    def run(self) -> Found:
        """Return what was found."""


@dataclass(frozen=True)
class Fit:
    """A fit of one job, its bank kept or not."""

    job: Job
    bank: bool = False

    @property
    def key(self) -> str:
        """The job's."""
        return self.job.key

    @property
    def sent(self) -> bytes:
        """The bytes that a worker is sent."""
        return pickle.dumps(self)

    def run(self) -> Found:
        """Learn, and return the scores."""
        began = time.process_time()
        self.job.check()
        bank = self.job.run()
        return Found(_record(bank, time.process_time() - began), bank if self.bank else None)


@dataclass(frozen=True)
class Reply:
    """What a worker sends back: a record with the contents of its files, or why there is none."""

    record: Record | None = None
    content: bytes = b""
    bank: bytes = b""
    bias: np.ndarray | None = None
    failure: str = ""


def perform(sent: bytes) -> Reply:
    """Run some work that was pickled; whatever it raises becomes a sentence. Called in a worker."""
    try:
        work: Work = pickle.loads(sent)
        found = work.run()
        content = encoded(found.record, work.key)
        if found.bank is None:
            return Reply(found.record, content)
        return Reply(found.record, content, packed(found.bank), found.bank["bias"].values[0])
    except (Exception, SystemExit) as error:
        return Reply(failure=f"{type(error).__name__}: {' '.join(str(error).split()) or 'it says no more'}")


def _record(bank: xr.Dataset, seconds: float) -> Record:
    row = bank.isel(task=0)
    held = {name: float(row[name]) for name in (*SCORES, "speed", "seconds") if name in row}
    held |= {"loss": float(row["loss"].values[-1]), "cpu_seconds": seconds}
    about = {"outcome": row["outcome"].item(), "method_taken": row["method"].item()}
    about |= {"network_sha256": bank.attrs["network_sha256"]}
    return Record({name: value for name, value in held.items() if not np.isnan(value)}, about)
