"""A chaotic flow on trial: learned, then held against the truth from starts that learning never saw."""

from __future__ import annotations

import hashlib
import json
import time
from dataclasses import asdict, dataclass

import numpy as np
import xarray as xr

from ..bank import entry
from ..circuit import placed
from ..learn import Job
from ..measure import (
    lost,
    lyapunov_spectrum,
    spectral_hellinger,
    state_space_divergence_of,
)
from ..network import Network
from ..simulate import simulate
from ..task import Task, dysts_version
from ._controls import without_synapses
from ._record import Found, Record

STARTS, PERIODS, SAMPLES = 20, 200, 25  # of a trial: starts, periods of each, samples of a period
LENGTH = STARTS * PERIODS * SAMPLES  # samples of all starts together
_SEED, _FINEST = 4001, 0.1  # of the true runs; the step of the network's run in tau at most: its errors tell at 0.2
_EXPONENT, _PATHS, _STEP = 1500, 4, 0.2  # of an exponent: tau of each path, how many, and their step in tau
MEASURES = {
    "field_error": ("1", "rms error of the field over the rms of the true field"),
    "divergence": ("nat", "D_stsp of the network against the truth, over all starts"),
    "divergence_floor": ("nat", "D_stsp of other true runs of the same length"),
    "hellinger": ("1", "spectral Hellinger distance D_H, mean over starts"),
    "hellinger_floor": ("1", "D_H of other true runs of the same length"),
    "lost": ("1", "share of starts that escaped or came to rest"),
    "exponent": ("1", "largest Lyapunov exponent of the network, per task time"),
    "exponent_error": ("1", "its standard error"),
    "true_exponent": ("1", "largest Lyapunov exponent of the flow"),
    "control_divergence": ("nat", "D_stsp without recurrent synapses"),
    "speed": ("1/s", "task time per second"),
    "seconds": ("s", "CPU time of learning"),
    "trial_seconds": ("s", "CPU time of the trial"),
}


@dataclass(frozen=True)
class FlowTrial:
    """A job whose task is a chaotic flow, and the period of that flow in task time."""

    job: Job
    period: float

    @property
    def key(self) -> str:
        """The same for the same trial in any process; what is known of the flow beside its equations does not count."""
        system = {"name": self.job.task.name, "components": self.job.task.components, "dysts": dysts_version()}
        measured = [self.period, STARTS, PERIODS, SAMPLES, _SEED, _FINEST, _EXPONENT, _PATHS, _STEP]
        told = {"flow trial": 2, "system": system, "trial": measured}
        told |= {"network": self.job.spec.to_dict(), "settings": asdict(self.job.settings)}
        return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()

    def run(self) -> Found:
        """Learn, run the network alone, and return what it was like and its row of a bank."""
        began = time.process_time()
        self.job.check()
        bank = self.job.run()
        learned = time.process_time()
        truth, other = true_runs(self.job.task, self.period, _SEED)
        scores = trial(self.job.circuit.net, bank, self.job.task, truth, other)
        scores |= {
            "control_divergence": self._without_recurrence(bank, truth),
            "field_error": float(bank["field_error"].values[0]),
            "speed": float(bank["speed"].values[0]),
            "seconds": learned - began,
            "trial_seconds": time.process_time() - learned,
        }
        held = {name: value for name, value in scores.items() if not np.isnan(value)}
        return Found(Record(held, {"outcome": str(bank["outcome"].values[0])}), bank)

    def _without_recurrence(self, bank: xr.Dataset, truth: xr.Dataset) -> float:
        """Return D_stsp of the output of units that hear nothing of each other, which is constant: D phi(b)."""
        row = entry(bank, self.job.task.name)
        alone = placed(without_synapses(self.job.circuit), row.numbers)
        still = alone.circuit.tensor(np.zeros((1, self.job.circuit.net.components)))
        output = row.to_task(alone.circuit.collect(alone.rate(still)).double().numpy())[0, : row.dimension]
        states = _pooled(truth)
        return _divergence(states, np.broadcast_to(output, states.shape))


def trial(net: Network, bank: xr.Dataset, task: Task, truth: xr.Dataset, other: xr.Dataset) -> dict[str, float]:
    """Return measures of a network alone from the first states of true runs, each beside its floor.

    ``other``: true runs of the same length, for the floors.
    """
    alone = network_run(net, bank, task, truth)
    spectra = spectral_hellinger(alone, truth, reference=other)
    found = {
        "divergence": _divergence(_pooled(truth), _pooled(alone)),
        "divergence_floor": _divergence(_pooled(truth), _pooled(other)),
        "hellinger": float(spectra["spectral_hellinger"].mean()),
        "hellinger_floor": float(spectra["spectral_hellinger_floor"]),
        "lost": float(lost(alone, truth)["lost_share"]),
    }
    return found | _exponent(net, bank)


def true_runs(task: Task, period: float, seed: int) -> tuple[xr.Dataset, xr.Dataset]:
    """Return two sets of true runs from states of the attractor, integrated side by side."""
    dt = period / SAMPLES
    both = task.trajectory((PERIODS * SAMPLES - 1) * dt, dt, trials=2 * STARTS, seed=seed)
    first, second = both.isel(trial=slice(STARTS)), both.isel(trial=slice(STARTS, None))
    return first, second.assign_coords(trial=first["trial"])


def network_run(net: Network, bank: xr.Dataset, task: Task, truth: xr.Dataset) -> xr.Dataset:
    """Return the network alone from the first states of true runs, at their samples."""
    speed = float(bank["speed"].sel(task=task.name))
    output = truth["output"]
    apart = float(np.diff(output["time"].values[:2])[0]) / speed
    every = max(1, int(np.ceil(apart / (_FINEST * net.tau))))
    run = simulate(
        net, bank, task=task.name, duration=apart * (output.sizes["time"] - 1), dt=apart / every, every=every,
        initial=output.isel(time=0).values, dtype="float32",
    )  # fmt: skip
    return run.isel(component=slice(task.dimension))


def _exponent(net: Network, bank: xr.Dataset) -> dict[str, float]:
    tau = net.tau
    found = lyapunov_spectrum(net, bank, k=1, duration=_EXPONENT * tau, trials=_PATHS, dt=_STEP * tau)
    return {name: float(found[name].values[0, 0]) for name in ("exponent", "exponent_error")}


def _pooled(run: xr.Dataset) -> np.ndarray:
    """Return all states of all trials."""
    values = run["output"].transpose("trial", "time", "component").values
    return np.asarray(values.reshape(-1, values.shape[-1]))


def _divergence(truth: np.ndarray, run: np.ndarray) -> float:
    return float(state_space_divergence_of(truth, run))
