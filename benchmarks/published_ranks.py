"""Learning by permutation at the published settings, many seeds at once.

Pairs of hinges, relu(x + b) and relu(b - x), learn y = -sin(2 pi x) from 1600 even random x between -1 and 1, as

    y = offset + scale * sum_i c_i h_i(x).

Adam moves c, scale and offset, eight samples a step, at a rate of 1e-3 * 0.998^epoch. Every five epochs each c takes
the drawn number of the same rank; Adam keeps its moments. The numbers c begin in a random order, the scale at 1.
Published runs take 6400 epochs. Beyond 3200 the rate is below 2e-6, and numbers hardly change their places: runs end
there.

`tonicnet` takes all samples in each step, and eliminates offset and scale. Here nothing is shared with it, so that the
published exponents can be compared with the same settings.

Source: Cai, Chen and Qiao (2024), arXiv 2407.01033, and the settings of its public repository.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

Array = np.ndarray
SAMPLES, TESTED, BATCH, EPOCHS, EVERY = 1600, 400, 8, 3200, 5
RATE, DECAY, FIRST, SECOND, FLOOR = 1e-3, 0.998, 0.9, 0.999, 1e-8


def curve(x: Array) -> Array:
    """Return -sin(2 pi x)."""
    return -np.sin(2 * np.pi * x)


def drawn(draw: str, pairs: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Return places of the hinges, one a pair, and the numbers c of all units."""
    units, even = 2 * pairs, np.linspace(-1, 1, pairs)
    if draw == "equidistant":
        return even, rng.permutation(np.linspace(-1, 1, units))
    if draw == "pairwise":
        places, half = rng.uniform(-1, 1, (2, pairs))
        return places, np.concatenate([half, -half])
    if draw == "xavier":
        most = math.sqrt(6 / (units + 1))
        return rng.uniform(-most, most, pairs), rng.uniform(-most, most, units)
    return math.sqrt(2 / units) * rng.standard_normal(pairs), math.sqrt(2 / units) * rng.standard_normal(units)


def hinges(x: Array, places: Array) -> Array:
    """Return h (seed, sample, unit) for places (seed, pair)."""
    up, down = (sign * x[:, None] + places[:, None] for sign in (1, -1))
    return np.maximum(np.concatenate([up, down], axis=2), 0).astype(np.float32)


@dataclass
class Adam:
    """Adam on an array in place, at a rate that is given with each step."""

    values: Array
    steps: int = 0
    mean: Array = field(init=False)
    square: Array = field(init=False)

    def __post_init__(self) -> None:
        self.mean, self.square = np.zeros_like(self.values), np.zeros_like(self.values)

    def step(self, gradient: Array, rate: float) -> None:
        """Move the values against a gradient, which is overwritten."""
        self.steps += 1
        self.mean += (1 - FIRST) * (gradient - self.mean)
        np.square(gradient, out=gradient)
        self.square += (1 - SECOND) * (gradient - self.square)
        spread = np.sqrt(self.square, out=gradient)
        spread *= 1 / math.sqrt(1 - SECOND**self.steps)
        spread += FLOOR
        np.divide(self.mean, spread, out=spread)
        spread *= rate / (1 - FIRST**self.steps)
        self.values -= spread


@dataclass
class Run:
    """All seeds of one draw and width."""

    rates: Array
    targets: Array
    numbers: Adam
    affine: Adam

    def output(self, h: Array) -> Array:
        """Return sum_i c_i h_i (seed, sample)."""
        return np.matmul(h, self.numbers.values[:, :, None])[:, :, 0]

    def step(self, at: Array, rate: float) -> None:
        """Take one step on some samples."""
        h = self.rates[:, at]
        made = self.output(h)
        scale, offset = self.affine.values
        wrong = (2 / len(at)) * (scale[:, None] * made + offset[:, None] - self.targets[at])
        by_number = np.matmul((scale[:, None] * wrong)[:, None], h)[:, 0]
        self.affine.step(np.stack([(wrong * made).sum(1), wrong.sum(1)]), rate)
        self.numbers.step(by_number, rate)

    def rank(self, ordered: Array) -> None:
        """Give each number the drawn one of its rank."""
        values = self.numbers.values
        np.put_along_axis(values, values.argsort(axis=1, kind="stable"), ordered, axis=1)


def errors(draw: str, pairs: int, seeds: range) -> tuple[list[float], list[float]]:
    """Return root mean squares and largest errors on the test part, one a seed."""
    rng = np.random.default_rng(np.random.SeedSequence([pairs, len(seeds), *draw.encode()]))
    x, tested = rng.uniform(-1, 1, SAMPLES), np.linspace(-1, 1, TESTED)
    places, numbers = (np.stack(held) for held in zip(*(drawn(draw, pairs, rng) for _ in seeds), strict=True))
    affine = np.stack([np.ones(len(seeds)), rng.uniform(-1, 1, len(seeds))]).astype(np.float32)
    run = Run(hinges(x, places), curve(x).astype(np.float32), Adam(numbers.astype(np.float32)), Adam(affine))
    ordered = np.sort(run.numbers.values, axis=1)
    for epoch in range(EPOCHS):
        for at in rng.permutation(SAMPLES).reshape(-1, BATCH):
            run.step(at, RATE * DECAY**epoch)
        if (epoch + 1) % EVERY == 0:
            run.rank(ordered)
    scale, offset = run.affine.values
    wrong = scale[:, None] * run.output(hinges(tested, places)) + offset[:, None] - curve(tested)
    return np.sqrt((wrong**2).mean(1)).tolist(), np.abs(wrong).max(1).tolist()
