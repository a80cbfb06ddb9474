"""Students of teachers with natural weights: `python benchmarks/teachers.py [width teacher kinks circuits]`.

Students are feed-forward networks of one hidden layer, and low-rank circuits for teachers that are circuits. "biases"
and "readout" learn these alone; "full" learns biases, readout and input weights on a smaller network with about as many
numbers as "biases" of the same row. Errors are relative: root mean squares over the spread of the target, on the test
part (of the field for circuits), over three draws of student and teacher. "linear" is the least-squares plane.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import cache
from typing import Any

import numpy as np
import torch
from records import Figure, figure
from rows import measured

import tonicnet as tn
from tonicnet.task import sample_set

INPUTS, TEACHER, WIDTHS, TEACHERS, SEEDS = 20, 19, (125, 250, 500), (1, 5, 19, 50), range(3)
CIRCUITS, UNITS, FULL = (2, 3, 5, 8), 300, ("bias", "decoder", "encoder")


@cache
def samples_of(units: int, law: str, near: float, seed: int) -> tn.Task:
    """Return a teacher's samples, drawn once."""
    return tn.teacher_samples(INPUTS, units, law=law, near=near, seed=seed)


def student(units: int, seed: int) -> tn.Network:
    """Return a student of samples."""
    return tn.Network(
        units, seed=seed, inputs=INPUTS, outputs=1, synapses="feed-forward", transfer="relu", readout="gaussian"
    )


def errors(units: int, task: tn.Task, seed: int) -> dict[str, float]:
    """Return the error of each student, by what it learns."""
    small = max(2, units // (INPUTS + 2))
    found = {
        "biases": tn.fit(student(units, seed), task, seed=seed, progress=False),
        "readout": tn.fit(student(units, seed), task, learn="decoder", seed=seed, progress=False),
        "full": tn.fit(student(small, seed), task, learn=FULL, steps=60, seed=seed, progress=False),
    }
    return {way: float(np.sqrt(1 - bank["r_squared"].item())) for way, bank in found.items()} | {"linear": plane(task)}


def plane(task: tn.Task) -> float:
    """Return the relative error of the least-squares plane."""
    x, test = sample_set(task).of("train"), sample_set(task).of("test")
    one = np.linalg.lstsq(np.c_[x.inputs, np.ones(len(x.inputs))], x.targets, rcond=None)[0]
    wrong = np.c_[test.inputs, np.ones(len(test.inputs))] @ one - test.targets
    return float(wrong.std() / test.targets.std())


def _rows(where: dict[str, Any], runs: list[dict[str, float]]) -> Iterator[Figure]:
    for way in runs[0]:
        yield figure(where | {"learned": way}, "relative error", "1", [run[way] for run in runs])


def width() -> Iterator[Figure]:
    """Students of more and more units, for Gaussian and uniform weights."""
    for law in ("gaussian", "uniform"):
        for units in WIDTHS:
            runs = [errors(units, samples_of(TEACHER, law, 0.0, s), s) for s in SEEDS]
            yield from _rows({"law": law, "teacher": TEACHER, "student": units}, runs)


def teacher() -> Iterator[Figure]:
    """Teachers of more and more units."""
    for units in TEACHERS:
        runs = [errors(500, samples_of(units, "gaussian", 0.0, s), s) for s in SEEDS]
        yield from _rows({"law": "gaussian", "teacher": units, "student": 500}, runs)


def kinks() -> Iterator[Figure]:
    """Samples near the kinks of the teacher."""
    for near in (0.5, 1.0):
        runs = [errors(500, samples_of(TEACHER, "gaussian", near, s), s) for s in SEEDS]
        yield from _rows({"law": "gaussian", "teacher": TEACHER, "student": 500, "near kinks": near}, runs)


def circuits() -> Iterator[Figure]:
    """Teachers that are recurrent circuits: the field of their unit activity on low-rank students."""
    quick = {"rounds": 0, "restarts": 0, "progress": False}
    for units in CIRCUITS:
        held = {"biases": "bias", "readout": "decoder", "full": ("bias", "decoder", "encoder")}
        where = {"teacher circuit": units, "student": UNITS}
        for way, learn in held.items():
            size = UNITS if way == "biases" else max(units + 2, UNITS // (2 * units + 1 if way == "full" else units))
            found = []
            for s in SEEDS:
                net = tn.Network(size, seed=s, components=units, transfer="tanh", decoder_scale=4.0)
                bank = tn.fit(net, tn.teacher_flow(units, seed=s), learn=learn, seed=s, **quick)
                found.append(float(bank["field_error"].item()))
            yield figure(where | {"learned": way}, "relative error of the field", "1", found)


ROWS = {"width": width, "teacher": teacher, "kinks": kinks, "circuits": circuits}


if __name__ == "__main__":
    torch.set_num_threads(1)
    measured("teachers", ROWS)
