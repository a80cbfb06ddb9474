"""What learning leaves behind: the row of a bank, with scores and provenance."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import torch
import xarray as xr
from jaxtyping import Float

from .._labels import Variable
from ..bank import written
from ..measure import BANK_SCORES, BEHAVIOUR_SCORES, SAMPLE_SCORES, performance
from ..network import Network
from ..simulate import perform
from ..task import STILL, Task, rule_of, sample_set
from ._learner import Learned
from ._settings import Settings

_HELD_OUT = 200  # trials on which a behaviour is scored


def row_of(net: Network, task: Task, learned: Learned, settings: Settings) -> xr.Dataset:
    """Return the bank of one learned task."""
    losses = np.array(learned.losses or (np.nan,))[None]
    score = learned.score.values
    columns = {
        "loss": Variable(("task", "epoch"), losses, "1", "loss by epoch"),
        "stage": Variable(("task", "epoch"), _stages(learned)[None], "1", "number of the stage of learning"),
        "method": Variable(("task",), [learned.method], "1", "objective and method of learning"),
        "noise": Variable(("task",), [settings.noise], "1", "tube width in standard deviations"),
        "learning_seed": Variable(("task",), [settings.seed], "1", "seed of learning"),
        "threads": Variable(("task",), [torch.get_num_threads()], "1", "threads of torch while learning"),
        "seconds": Variable(("task",), [learned.seconds], "s", "time learning took"),
        "outcome": Variable(("task",), [learned.outcome], "1", "how learning ended"),
    }
    columns |= {
        name: Variable(("task",), [score.get(name, np.nan)], units, long_name)
        for name, (units, long_name) in (SAMPLE_SCORES if task.kind in STILL else BANK_SCORES).items()
    }
    if learned.order is not None:
        name = "whose numbers each unit has"
        columns["permutation"] = Variable(("task", "unit"), learned.order[None], "1", name)
    coords = {"epoch": Variable(("epoch",), np.arange(losses.shape[1]), "1", "step of the method")}
    attrs = {"learn": settings.learn, "objective": settings.objective, "method": settings.method}
    bank = written(
        net, [learned.entry], columns, coords, **attrs, noise=settings.noise, seed=settings.seed,
        tasks=json.dumps({task.name: spec_of(task)}),
    )  # fmt: skip
    return bank if rule_of(task) is None else _performed(net, task, bank)


def _performed(net: Network, task: Task, bank: xr.Dataset) -> xr.Dataset:
    """Return the bank of a behaviour with the score that suits it, on held-out trials; NaN for runs without an end."""
    try:
        found = performance(perform(net, bank, task, trials=_HELD_OUT))
    except ValueError:  # a run that leaves the finite numbers
        return bank
    name = found.attrs["measure"]
    units, long_name = BEHAVIOUR_SCORES[name]
    return bank.assign({name: (("task",), [float(found[name])], {"units": units, "long_name": long_name})})


def _stages(learned: Learned) -> Float[np.ndarray, " epoch"]:
    """Return the number of the stage, from 0, that each loss belongs to; each has residuals of its own."""
    epochs = np.arange(len(learned.losses) or 1)
    return np.searchsorted(learned.begins, epochs, side="right").astype(float) - (1.0 if learned.begins else np.nan)


def spec_of(task: Task) -> dict[str, Any]:
    """Return the task as plain tables; without its samples if a bank cannot carry so many."""
    try:
        return task.to_dict()
    except ValueError as error:
        plain = {"name": task.name, "kind": task.kind, "components": list(task.components), "samples": str(error)}
        return plain | ({"samples_sha256": sample_set(task).sha256} if task.kind in STILL else {})
