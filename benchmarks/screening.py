"""Which scores of an untrained network predict what it learns: `python benchmarks/screening.py lorenz van-der-pol`.

Forty draws a row are scored by tn.screen and then learned. Spearman's rank correlation of each score with the field
error in the end stands beside its 95 % interval (10,000 resamplings of the draws). "picked" compares the least of
eight first biases, by tn.fit(screen=8), with the first one, network by network.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from records import Figure, figure
from rows import measured
from scipy.stats import rankdata

import tonicnet as tn

DRAWS, UNITS = 40, 100
SCORES = {
    "loss_after_steps": "loss after three steps", "loss": "first loss", "kernel_residual": "tangent kernel residual",
    "readout_residual": "readout residual",
}  # fmt: skip


def predicted(task: str, transfer: str) -> Iterator[Figure]:
    """Yield the correlation of each score with the final field error, over forty networks."""
    networks = [tn.Network(units=UNITS, seed=seed, transfer=transfer) for seed in range(DRAWS)]
    found = tn.screen(task, networks).sortby("draw")
    errors = np.array([_learned(net, task) for net in networks])
    where = {"task": task, "transfer": transfer, "N": UNITS, "draws": DRAWS}
    for name, words in SCORES.items():
        rank, low, high = correlation(found[name].values, errors)
        about = where | {"score": words}
        yield figure(about, "rank correlation with the field error", "1", rank)
        yield figure(about, "the same, lower end of 95 %", "1", low)
        yield figure(about, "the same, upper end of 95 %", "1", high)
    for count, left in zip(found["redraw"].values, found["prior_kernel_residual"].values, strict=True):
        yield figure(where | {"draws": int(count)}, "error of the prior kernel", "1", float(left))


def picked(task: str, transfer: str, count: int = 8, networks: int = 10) -> Iterator[Figure]:
    """Yield the field error with and without screening of the first biases."""
    nets = [tn.Network(units=UNITS, seed=seed, transfer=transfer) for seed in range(networks)]
    where = {"task": task, "transfer": transfer, "N": UNITS}
    plain, best = ([_learned(net, task, screen=n) for net in nets] for n in (1, count))
    yield figure(where | {"screen": 1}, "field error", "1", plain)
    yield figure(where | {"screen": count}, "field error", "1", best)
    yield figure(where | {"screen": f"{count} against 1"}, "ratio of field errors", "1", np.divide(best, plain))


def correlation(score: np.ndarray, error: np.ndarray, resamplings: int = 10_000) -> tuple[float, float, float]:
    """Return Spearman's rank correlation and its 95 % interval by resampling."""
    rng = np.random.default_rng(0)
    drawn = rng.integers(len(score), size=(resamplings, len(score)))
    found = [_spearman(score[i], error[i]) for i in drawn]
    low, high = np.nanquantile(found, [0.025, 0.975])
    return _spearman(score, error), float(low), float(high)


def _spearman(a: np.ndarray, b: np.ndarray) -> float:
    return float(np.corrcoef(rankdata(a), rankdata(b))[0, 1])


def _learned(net: tn.Network, task: str, **options: int) -> float:
    bank = tn.fit(net, task, rounds=0, restarts=0, progress=False, **options)
    return float(bank["field_error"].item())


def _row(task: str) -> Callable[[], Iterator[Figure]]:
    def both() -> Iterator[Figure]:
        for transfer in ("tanh", "lif"):
            yield from predicted(task, transfer)
            yield from picked(task, transfer)

    return both


ROWS = {task: _row(task) for task in ("lorenz", "van-der-pol")}

if __name__ == "__main__":
    measured("screening", ROWS)
