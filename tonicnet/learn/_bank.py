"""What learning leaves behind: one Dataset of biases, scalings, scores and provenance."""

from __future__ import annotations

import json

import numpy as np
import xarray as xr

from .._labels import Variable, dataset
from ..network import Network
from ._learner import Learned
from ._score import NAMES, Score


def bank(net: Network, learned: list[Learned], *, method: str, noise: float, seed: int) -> xr.Dataset:
    """Return the bank of a list of learned tasks."""
    entries = [made.target.entry for made in learned]
    epochs = max(1, *(len(made.losses) for made in learned))
    variables = {
        "bias": Variable(("task", "unit"), np.stack([m.bias for m in learned]), "1", "tonic input"),
        "center": Variable(("task", "component"), np.stack([e.center for e in entries]), "task", "origin of z"),
        "scale": Variable(("task", "component"), np.stack([e.scale for e in entries]), "task", "unit of z"),
        "speed": Variable(("task",), [e.speed for e in entries], "1/s", "task time per second"),
        "dimension": Variable(("task",), [e.dimension for e in entries], "1", "components the task uses"),
        "start": Variable(("task", "trial", "component"), np.stack([e.start for e in entries]), "task", "starts"),
        "loss": Variable(("task", "epoch"), _padded([m.losses for m in learned], epochs), "1", "loss by epoch"),
        "seconds": Variable(("task",), [m.seconds for m in learned], "s", "time learning took"),
        "outcome": Variable(("task",), [m.outcome for m in learned], "1", "how learning ended"),
    }
    coords = {
        "task": Variable(("task",), [m.target.task.name for m in learned], "1", "task"),
        "unit": Variable(("unit",), np.arange(net.units), "1", "unit"),
        "component": Variable(("component",), [str(k) for k in range(net.components)], "1", "output component"),
        "epoch": Variable(("epoch",), np.arange(epochs), "1", "step of the method"),
    }
    specs = {m.target.task.name: m.target.task.to_dict() for m in learned}
    made = dataset(
        variables | _scores([m.score for m in learned]), coords, method=method, noise=noise, seed=seed,
        network_sha256=net.sha256, network=json.dumps(net.to_dict()), tasks=json.dumps(specs),
    )  # fmt: skip
    return made


def _scores(scores: list[Score]) -> dict[str, Variable]:
    return {
        name: Variable(("task",), [s.values.get(name, np.nan) for s in scores], units, long_name)
        for name, (units, long_name) in NAMES.items()
    }


def _padded(losses: list[list[float]], length: int) -> np.ndarray:
    return np.array([row + [np.nan] * (length - len(row)) for row in losses])
