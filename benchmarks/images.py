"""Pictures on one frozen hidden layer: `python benchmarks/images.py [rows]`; needs `pip install 'tonicnet[images]'`.

Each fit is kept in results/images.jsonl as it ends, so that a killed run goes on where it was; without that file all is
measured again. Readouts are the same fit with the decoder learned, on a network of as many numbers; linear readouts of
the pixels and full training are written out below, by Adam on the same samples, batches and epochs, at the rate that
is best on the validation part.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import numpy as np
import torch
import xarray as xr
from records import RESULTS, Figure, figure
from rows import measured

import tonicnet as tn
from tonicnet.task import sample_set

RUNS = RESULTS / "images.jsonl"
TASKS = (
    "mnist", "digits", "mnist1d", "glyphs-latin", "glyphs-greek", "glyphs-cyrillic", "glyphs-armenian",
    "glyphs-georgian", "parity", "permuted-mnist",
)  # fmt: skip
WIDTHS = (250, 500, 1000, 2000, 4000, 8000, 16_000)
PIXELS, OUTPUTS = 28 * 28, 10
EPOCHS, BATCH, RATES = 40, 100, (0.003, 0.01, 0.03)


def network(units: int, seed: int, transfer: str = "tanh") -> tn.Network:
    """Return a network of one hidden layer, smooth fields and a one-hot readout."""
    return tn.Network(units, seed=seed, inputs=(28, 28), outputs=OUTPUTS, synapses="feed-forward", transfer=transfer)


@cache
def task_of(name: str, shift: int = 0) -> tn.Task:
    """Return a task, read or drawn once."""
    return tn.sample_task(name, shift=shift)


def kept(key: str, make: Callable[[], dict[str, float]]) -> dict[str, float]:
    """Return the numbers of a run, measured now if the file has none of this key."""
    held = [json.loads(line) for line in RUNS.read_text().splitlines()] if RUNS.exists() else []
    known = {run["key"]: run["found"] for run in held}
    if key not in known:
        known[key] = make()
        with RUNS.open("a") as file:
            file.write(json.dumps({"key": key, "found": known[key]}) + "\n")
        print(f"  {key}: {known[key]}", flush=True)
    return known[key]


def fitted(
    name: str, units: int, seed: int, learn: str = "bias", transfer: str = "tanh", shift: int = 0
) -> dict[str, float]:
    """Return accuracy on the test part and CPU seconds of one fit, the drawing of the network not counted."""

    def make() -> dict[str, float]:
        task, net = task_of(name, shift), network(units, seed, transfer)
        began = time.process_time()
        bank = tn.fit(net, task, learn=learn, progress=False, seed=seed)
        spent = time.process_time() - began
        return {"accuracy": float(bank["accuracy"][0]), "seconds": spent}

    return kept(f"{name} {units} {transfer} {learn} shift {shift} seed {seed}", make)


def trained(name: str, hidden: int, seed: int) -> dict[str, float]:
    """Return accuracy of full training with so many tanh units (0: a linear readout), as good as its rates allow."""

    def make() -> dict[str, float]:
        found = [_trained(name, hidden, seed, rate) for rate in RATES]
        return {"accuracy": max(found)[1]}  # by the validation part

    return kept(f"{name} trained {hidden} seed {seed}", make)


def _trained(name: str, hidden: int, seed: int, rate: float) -> tuple[float, float]:
    """Return validation and test accuracy, at the epoch that is best on the first."""
    parts = {part: _tensors(name, part) for part in ("train", "validation", "test")}
    torch.manual_seed(seed)
    layers = [torch.nn.Linear(PIXELS, hidden), torch.nn.Tanh()] if hidden else []
    model = torch.nn.Sequential(*layers, torch.nn.Linear(hidden or PIXELS, OUTPUTS))
    (x, y), best = parts["train"], (0.0, 0.0)
    steps = EPOCHS * -(-len(x) // BATCH)
    adam = torch.optim.Adam(model.parameters(), rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(adam, steps)
    for _ in range(EPOCHS):
        for at in torch.randperm(len(x)).split(BATCH):
            adam.zero_grad()
            torch.nn.functional.cross_entropy(model(x[at]), y[at]).backward()
            adam.step()
            schedule.step()
        with torch.no_grad():
            right = [float((model(u).argmax(1) == v).float().mean()) for u, v in (parts["validation"], parts["test"])]
        best = max(best, (right[0], right[1]), key=lambda pair: pair[0])
    return best


def _tensors(name: str, part: str) -> tuple[torch.Tensor, torch.Tensor]:
    held = sample_set(task_of(name))
    center, scale = held.scaled_by
    some = held.of(part)
    z = (some.inputs.reshape(len(some.inputs), -1) - center) / scale
    return torch.tensor(z, dtype=torch.float32), torch.tensor(some.labels)


def _accuracies(where: dict[str, Any], runs: list[dict[str, float]], of: str = "test accuracy") -> Iterator[Figure]:
    yield figure(where, of, "1", [run["accuracy"] for run in runs])
    if "seconds" in runs[0]:
        yield figure(where, "learning", "CPU s", [run["seconds"] for run in runs])


def mnist() -> Iterator[Figure]:
    """Biases of one hidden layer on MNIST-5k, five networks."""
    for transfer in ("tanh", "relu"):
        runs = [fitted("mnist", 2000, seed, transfer=transfer) for seed in range(5)]
        yield from _accuracies({"task": "mnist", "units": 2000, "transfer": transfer}, runs)


def shifted() -> Iterator[Figure]:
    """The same with pictures moved by a pixel while learning."""
    for units, seeds in ((2000, 5), (8000, 3), (16_000, 3)):
        runs = [fitted("mnist", units, seed, shift=1) for seed in range(seeds)]
        yield from _accuracies({"task": "mnist", "units": units, "shift": 1}, runs)


def tasks() -> Iterator[Figure]:
    """Ten tasks on one network of 2000 units, and what others do with as many numbers, over three networks."""
    gaps: dict[str, list[float]] = {"readout": [], "full training": []}
    for name in TASKS:
        found = {way: [one(name, seed)["accuracy"] for seed in range(3)] for way, one in WAYS.items()}
        for way, values in found.items():
            yield figure({"task": name, "learned": way}, "test accuracy", "1", values)
        for way in gaps:
            gaps[way].append(float(np.median(found[way]) - np.median(found["biases"])))
    for way, values in gaps.items():
        yield figure({"task": "all", "learned": way}, "accuracy less that of biases, over tasks", "1", values)


WAYS: dict[str, Callable[[str, int], dict[str, float]]] = {
    "biases": lambda name, seed: fitted(name, 2000, seed),
    "readout": lambda name, seed: fitted(name, 2000 // OUTPUTS, seed, "decoder"),
    "full training": lambda name, seed: trained(name, matched(2000), seed),
    "linear, 7850 numbers": lambda name, seed: trained(name, 0, seed),
}


def matched(numbers: int) -> int:
    """Return how many fully trained hidden units have at least as many numbers."""
    return max(1, -(-(numbers - OUTPUTS) // (PIXELS + OUTPUTS + 1)))


def width() -> Iterator[Figure]:
    """MNIST-5k against width: biases, and full training and readouts with as many numbers."""
    for units in WIDTHS:
        seeds = range(5 if units <= 4000 else 3)
        yield from _accuracies({"units": units, "learned": "biases"}, [fitted("mnist", units, s) for s in seeds])
        full = [trained("mnist", matched(units), s) for s in seeds]
        yield from _accuracies({"units": units, "learned": "full training"}, full)
        readout = [fitted("mnist", units // OUTPUTS, s, "decoder") for s in seeds]
        yield from _accuracies({"units": units, "learned": "readout"}, readout)


def switched() -> Iterator[Figure]:
    """One bank of all tasks: each under its own biases, and under those of the others."""
    net = network(2000, 0)
    held = {name: task_of(name) for name in TASKS}

    def make() -> dict[str, float]:
        bank = tn.fit(net, list(held.values()), progress=False)
        own = [_right(net, bank, held[name], name) for name in TASKS]
        swapped = [_right(net, bank, held[a], b) for a in TASKS for b in TASKS if a != b and _alike(held[a], held[b])]
        return {"own": float(np.median(own)), "another": float(np.median(swapped))}

    found = kept("bank of all tasks", make)
    yield figure({"task": "all", "learned": "biases"}, "median accuracy, own biases", "1", found["own"])
    yield figure({"task": "all", "learned": "biases"}, "median accuracy, biases of another task", "1", found["another"])


def _alike(one: tn.Task, other: tn.Task) -> bool:
    return one.dimension == other.dimension


def _right(net: tn.Network, bank: xr.Dataset, task: tn.Task, biases: str) -> float:
    """Return the share of test samples whose class number is right under the biases of some task."""
    test = task.samples("test")
    row = tn.predict(net, bank, test, task=biases)["output"].values.argmax(axis=1)
    return float((np.array(task.components)[row] == test["label"].values).mean())


ROWS: dict[str, Callable[[], Iterator[Figure]]] = {
    "mnist": mnist, "shifted": shifted, "tasks": tasks, "width": width, "switched": switched,
}  # fmt: skip


if __name__ == "__main__":
    torch.set_num_threads(1)
    measured("images", ROWS)
