"""Tasks that a random network sets: samples of one hidden layer, and the unit activity of a recurrent circuit.

Source: learning networks with natural weights is hard in general, Daniely and Vardi (2020), arXiv 2006.03177.
"""

from __future__ import annotations

import math

import numpy as np
from jaxtyping import Float

from .._names import choose, shown
from .._numbers import fraction, positive, whole
from .._random import generator
from ._factory import task_factory
from ._task import Task

LAWS = ("gaussian", "uniform")
_BESIDE = 0.1  # standard deviation of a unit's input at samples near its kink, in units of its usual one
_MOST = 10**7  # inputs times samples


@task_factory("teacher samples")
def teacher_samples(
    inputs: int = 20, units: int = 19, *, law: str = "gaussian", near: float = 0.0, samples: int = 6000, seed: int = 0
) -> Task:
    """Return a regression whose target is a network of depth 2 with natural weights.

        y = sum_j a_j max(w_j'x, 0),    w_jk of variance 1 / inputs,  a_j of variance 1 / units,  x_k standard normal

    Arguments: ``inputs`` and ``units`` of the teacher; ``law`` of its weights, "gaussian" or "uniform"; ``near``, the
    share of samples that are moved along a w_j to where w_j'x is ten times smaller than usual, near the kink of a unit;
    ``samples``, how many, a fifth of them for the test; ``seed`` of all draws.

    Raises TypeError or ValueError for numbers that no teacher has. The pages of the documentation say what theory knows
    of such teachers, and what an experiment cannot show.

    >>> task = teacher_samples(inputs=5, units=3, samples=100)
    >>> task.kind, task.samples("test")["input"].shape
    ('regression', (20, 5))
    """
    width, hidden, count = (whole(name, n) for name, n in (("inputs", inputs), ("units", units), ("samples", samples)))
    choose("law of weights", law, LAWS)
    share = fraction("near", near) if near else 0.0
    if width * max(count, hidden) > _MOST:
        raise ValueError(f"{shown(inputs)} inputs times {shown(samples)} samples are more than {_MOST}; give fewer")
    rng = generator(seed)
    w, a = _weights(law, (hidden, width), rng), _weights(law, (1, hidden), rng)
    x = _moved(rng.standard_normal((count, width)), w, share, rng)
    y = np.maximum(x @ w.T, 0) @ a[0]
    name = f"teacher of {hidden} {law} units" + f", {100 * share:g} % near kinks" * (share > 0)
    return Task.from_samples(x, y, name=name, components=["y"], seed=seed)


@task_factory("teacher flow")
def teacher_flow(units: int = 5, *, gain: float = 2.0, law: str = "gaussian", seed: int = 0) -> Task:
    """Return the unit activity of a recurrent network with natural weights, from random starts, as a vector field.

        dr/dt = -r + tanh(J r),    J_ij of variance gain^2 / units

    Each unit of the teacher is a component. Arguments: ``units`` of the teacher, ``gain`` and ``law`` of its synapses,
    "gaussian" or "uniform"; ``seed``. Raises TypeError or ValueError for numbers that no teacher has.

    Source: Sompolinsky, Crisanti and Sommers (1988), doi:10.1103/PhysRevLett.61.259.

    >>> teacher_flow(units=4).flow(np.zeros((1, 4))).tolist()
    [[0.0, 0.0, 0.0, 0.0]]
    """
    size, strength = whole("units", units), positive("gain", gain)
    choose("law of weights", law, LAWS)
    if size**2 > _MOST:
        raise ValueError(f"{shown(units)} units are more than the components of a task; give some tens")
    rng = generator(seed)
    j = strength * _weights(law, (size, size), rng)

    def flow(x: Float[np.ndarray, "*any unit"]) -> Float[np.ndarray, "*any unit"]:
        return np.tanh(x @ j.T) - x

    return Task(
        flow, name=f"teacher circuit of {size} {law} units", initial=rng.uniform(-1, 1, size), kind="memory",
        low=-np.ones(size), high=np.ones(size), transient=0.0, duration=20.0,
    )  # fmt: skip


def _weights(law: str, size: tuple[int, int], rng: np.random.Generator) -> Float[np.ndarray, "row column"]:
    """Return weights of variance one over the number of columns."""
    drawn = rng.standard_normal(size) if law == "gaussian" else rng.uniform(-math.sqrt(3), math.sqrt(3), size)
    return drawn / math.sqrt(size[1])


def _moved(
    x: Float[np.ndarray, "sample input"], w: Float[np.ndarray, "unit input"], share: float, rng: np.random.Generator
) -> Float[np.ndarray, "sample input"]:
    """Return samples of which a share lies near the kink of a unit, each of one drawn for it."""
    some = rng.random(len(x)) < share
    own = w[rng.integers(len(w), size=int(some.sum()))]
    size = (own**2).sum(axis=1)
    wanted = _BESIDE * np.sqrt(size) * rng.standard_normal(len(own))
    x[some] += ((wanted - (x[some] * own).sum(axis=1)) / size)[:, None] * own
    return x
