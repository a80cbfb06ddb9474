"""Lorenz by 250 tonic inputs alone, at twice the default norm of the decoder: `python benchmarks/lorenz_biases.py`.

Ten draws of a tanh network. "steps" are those of the first stage at most, "rounds" those of closed-loop polish, each as
in `tonicnet.fit`. The field error is the rms error of the field on the attractor over the rms of the true field.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from functools import partial

import torch
from records import Figure, columns
from rows import measured

import tonicnet as tn

SEEDS, UNITS, TWICE = range(10), 250, 4.0
WAYS = {
    "default": ("independent", 20, 1),
    "pairs": ("paired-low-discrepancy", 20, 1),
    "field": ("paired-low-discrepancy", 80, 0),
    "polished": ("paired-low-discrepancy", 80, 1),
}
MEASURES = {
    "relative field error": "1", "D_stsp": "nat", "floor of D_stsp": "nat", "valid time": "task time",
    "learning": "CPU s",
}  # fmt: skip


def fitted(draw: str, steps: int, rounds: int, seed: int) -> list[float]:
    """Return the scores of one draw."""
    net = tn.Network(UNITS, seed=seed, transfer="tanh", draw=draw, decoder_scale=TWICE)
    began = time.process_time()
    bank = tn.fit(net, "lorenz", steps=steps, rounds=rounds, restarts=0, seed=seed, progress=False)
    spent = time.process_time() - began
    names = ("field_error", "divergence", "divergence_floor", "valid_time")
    return [*(float(bank[name].item()) for name in names), spent]


def way(name: str) -> Iterator[Figure]:
    """Yield the scores of one way to learn."""
    draw, steps, rounds = WAYS[name]
    runs = [fitted(draw, steps, rounds, seed) for seed in SEEDS]
    yield from columns({"draw": draw, "steps": steps, "rounds": rounds}, MEASURES, runs)


if __name__ == "__main__":
    torch.set_num_threads(1)
    measured("lorenz_biases", {name: partial(way, name) for name in WAYS})
