"""One cell of a comparison: a fit, what it learned, and its controls. Cells can be pickled and run anywhere."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import xarray as xr

from ..bank import entry
from ..circuit import placed
from ..learn import Job
from ..measure import BANK_SCORES, BEHAVIOUR_SCORES
from ..network import LIF
from ._controls import OTHER, controls_of
from ._record import Found, Record

Scores = dict[str, float]
_BETWEEN = ": "  # what was learned, and the name of a score
_STATES = 1500  # known states over which the noise of spikes is averaged


@dataclass(frozen=True)
class Cell:
    """A fit at one place of a comparison; ``other`` is the task whose biases are a control, None for no controls."""

    job: Job
    place: Mapping[str, Any]
    norm: float
    controls: bool = False
    other: Job | None = field(default=None)

    @property
    def key(self) -> str:
        """The same for the same cell in any process."""
        theirs = self.other.key if self.other else ""
        told = f"{self.controls} {self.norm!r} {self.place['learn']}"
        return hashlib.sha256(f"{self.job.key}\n{theirs}\n{told}".encode()).hexdigest()

    def run(self) -> Found:
        """Learn, and return the scores of all rows."""
        rows = self.rows()
        return Found(Record({f"{row}{_BETWEEN}{name}": v for row, held in rows.items() for name, v in held.items()}))

    def rows(self) -> dict[str, Scores]:
        """Learn, and return the scores by the name of what was learned, controls included."""
        began = time.process_time()
        bank = self.job.run()
        seconds = time.process_time() - began
        numbers = entry(bank, self.job.task.name).numbers
        found = {self.place["learn"]: _scores(bank) | self._told(numbers) | {"cpu_seconds": seconds}}
        if self.controls:
            began = time.process_time()
            theirs = None if self.other is None else self.other.run()["bias"].values[0]
            seconds = time.process_time() - began
            found |= controls_of(self.job, numbers["bias"], theirs)
            if theirs is not None:
                found[OTHER]["cpu_seconds"] += seconds
        return found

    def _told(self, numbers: Mapping[str, np.ndarray]) -> Scores:
        """Return what the learned numbers ask of the circuit."""
        net = self.job.circuit.net
        outgoing = numbers.get("scale", np.ones(net.units)) * numbers.get("mask", np.ones(net.units))
        decoder = numbers.get("decoder", net.decoder.astype(np.float64)) * outgoing
        drawn = np.linalg.norm(net.decoder.astype(np.float64)) / self.norm
        signed = [numbers[name] for name in ("gain", "scale") if name in numbers]
        return {
            "decoder_norm": float(np.linalg.norm(decoder) / drawn),
            "flipped": float(np.mean([np.mean(t < 0) for t in signed])) if signed else 0.0,
            "bias_rms": float(np.sqrt(np.mean(numbers["bias"] ** 2))),
            "spike_noise": self._spike_noise(numbers, decoder),
        }

    def _spike_noise(self, numbers: Mapping[str, np.ndarray], decoder: np.ndarray) -> float:
        """Return the rms of what spikes of one neuron a unit would add to a component, in units of its scale.

        White noise of intensity S_i, through the decoder and a first-order synapse: sum_i |D_i|^2 S_i / (2 lag K).
        """
        problem = self.job.problem
        net, phi = problem.net, problem.net.transfer
        if not isinstance(phi, LIF) or not phi.noise or not problem.latent:
            return float("nan")
        known = problem.target.known
        states = problem.circuit.tensor(known[:: max(1, len(known) // _STATES)])
        inputs = placed(problem.circuit, numbers).drive(states)
        gain = problem.circuit.tensor(numbers.get("gain", np.ones(net.units)))
        power = phi.noise_power(gain * inputs)[0].double().mean(0).clamp(min=0).numpy(force=True)
        return float(np.sqrt((decoder**2).sum(0) @ power / (2 * net.filter.lag * net.components)))


def rows_of(record: Record) -> dict[str, Scores]:
    """Return the scores of a cell by the name of what was learned, as :meth:`Cell.rows` gave them."""
    rows: dict[str, Scores] = {}
    for name, value in record.scores.items():
        learned, _, measure = name.partition(_BETWEEN)
        rows.setdefault(learned, {})[measure] = value
    return rows


def _scores(bank: xr.Dataset) -> Scores:
    known = (*BANK_SCORES, *BEHAVIOUR_SCORES)
    return {name: float(bank[name].values[0]) for name in known if name in bank}
