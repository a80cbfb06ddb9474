"""Permutation of readouts, and hinges moved by tonic inputs: `python benchmarks/permutations.py [readouts ...]`.

One hidden layer of n pairs of rectified hinges learns -sin(2 pi x). Errors are root mean squares on the test part, the
median over seeds of network and fit. Each fit is kept in results/permutations.jsonl as it ends, so that a killed run
goes on where it was; `readouts draw=he` measures one draw. "exponent" is -d log(error) / d log(n), with its 95 %
interval by 10,000 resamplings of the seeds.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from functools import cache, partial
from itertools import product
from typing import Any

import numpy as np
import published_ranks
import torch
from records import RESULTS, ROOT, Figure, columns, figure
from rows import measured, wanted

import tonicnet as tn

RUNS = RESULTS / "permutations.jsonl"
DRAWS, WAYS = ("equidistant", "pairwise", "uniform", "xavier", "he"), {"search": "swaps", "ranks": "published rule"}
PAIRS, WIDER, SEEDS, CURVE = (10, 20, 40, 80, 160), (320,), range(5), "sine"
ERRORS = {"RMSE": "exponent", "largest error": "exponent of the largest error"}
ORDERS = {
    "bias": "biases",
    "permutation": "order of biases",
    "decoder-permutation": "order of decoders",
    "row-permutation": "order of rows of W",
}
THREE, TEN = range(3), range(10)
NARROW = {"xavier": (10, 20, 40), "he": (10, 20, 40)}  # draws that fail at any width
PUBLISHED = {"equidistant": PAIRS + WIDER, "pairwise": PAIRS + WIDER, "xavier": (10, 40, 160), "he": (10, 40, 160)}
STRENGTHS, TURNED = (0.25, 0.5, 0.75, 1.0, 1.25, 1.5, 2.0, 4.0), 16 * np.pi  # integral of |f''| from -1 to 1


@cache
def curve(name: str, seed: int = 0) -> tn.Task:
    """Return a task, made once, with parts of its own for each seed."""
    return tn.sample_task(name, seed=seed)


def network(pairs: int, draw: str, seed: int, scale: float = 2.0) -> tn.Network:
    """Return a network of so many pairs of hinges."""
    return tn.Network(
        2 * pairs, seed=seed, inputs=1, outputs=1, synapses="feed-forward", transfer="relu", weights="hinges",
        readout=draw, decoder_scale=scale,
    )  # fmt: skip


def fitted(net: tn.Network, name: str, seed: int, **how: Any) -> dict[str, float]:
    """Return the error on the test part and CPU seconds of one fit, measured now if the file has none of it."""
    key = f"{net.sha256[:16]} {name} seed {seed} {json.dumps(how, sort_keys=True)}"
    return kept(key, lambda: _fitted(net, curve(name, seed), seed, how))


def kept(key: str, run: Callable[[], Any]) -> Any:
    """Return what a run found, made now if the file has none of it."""
    held = [json.loads(line) for line in RUNS.read_text().splitlines()] if RUNS.exists() else []
    known = {one["key"]: one["found"] for one in held}
    if key not in known:
        known[key] = run()
        with RUNS.open("a") as file:
            file.write(json.dumps({"key": key, "found": known[key]}) + "\n")
    return known[key]


def _fitted(net: tn.Network, task: tn.Task, seed: int, how: dict[str, Any]) -> dict[str, float]:
    began = time.process_time()
    bank = tn.fit(net, task, seed=seed, progress=False, **how)
    spent, test = time.process_time() - began, task.samples("test")
    wrong = tn.predict(net, bank, test)["output"].values - test["target"].values
    return {"error": float(np.sqrt((wrong**2).mean())), "seconds": spent}


def readouts() -> Iterator[Figure]:
    """Each draw by exact swaps and by the published rule, against width."""
    for draw, (method, way) in product(filter(_asked, DRAWS), WAYS.items()):
        runs = {
            n: [fitted(network(n, draw, s), CURVE, s, learn="decoder-permutation", method=method) for s in SEEDS]
            for n in NARROW.get(draw, (*PAIRS, *WIDER * (method == "ranks")))
        }
        for n, some in runs.items():
            where = {"draw": draw, "by": way, "n": n}
            yield figure(where, "RMSE", "1", [run["error"] for run in some])
            yield figure(where, "learning", "CPU s", [run["seconds"] for run in some])
        errors = {n: [run["error"] for run in some] for n, some in runs.items()}
        yield from exponents({"draw": draw, "by": way}, "exponent", errors)


def _asked(draw: str) -> bool:
    return wanted({"draw": draw})


def exponents(where: dict[str, Any], name: str, errors: dict[int, list[float]]) -> Iterator[Figure]:
    """Yield an exponent and the ends of its interval."""
    parts = ("", ", lower end of 95 %", ", upper end of 95 %")
    for part, value in zip(parts, exponent(errors), strict=True):
        yield figure(where, name + part, "1", value)


def published() -> Iterator[Figure]:
    """The published rule at the published settings, over ten seeds: root mean squares, and largest errors."""
    for draw, widths in PUBLISHED.items():
        found = {n: kept(f"published {draw} {n}", partial(published_ranks.errors, draw, n, TEN)) for n in widths}
        for place, (measure, slope) in enumerate(ERRORS.items()):
            errors = {n: both[place] for n, both in found.items()}
            for n, values in errors.items():
                yield figure({"draw": draw, "by": "published settings", "n": n}, measure, "1", values)
            yield from exponents({"draw": draw, "by": "published settings"}, slope, errors)


def curves() -> Iterator[Figure]:
    """The other curves by exact swaps."""
    for n, name, draw in product((20, 40), ("legendre-3", "legendre-4"), ("equidistant", "pairwise")):
        runs = [fitted(network(n, draw, s), name, s, learn="decoder-permutation") for s in SEEDS]
        yield figure({"curve": name, "draw": draw, "n": n}, "RMSE", "1", [run["error"] for run in runs])


def biases() -> Iterator[Figure]:
    """Hinges moved by tonic inputs: how far their slopes must add up, from even starts and from starts on a grid."""
    ways = {"auto": "Gauss-Newton", "grid": "grid moves, then Gauss-Newton"}
    for n, strength, (method, way) in product((40, 160), STRENGTHS, ways.items()):
        runs = [fitted(strong(n, s, strength), CURVE, s, method=method) for s in SEEDS]
        where = {"n": n, "sum of slopes over the integral of |f''|": strength, "by": way}
        yield figure(where, "RMSE", "1", [run["error"] for run in runs])


def lorenz() -> Iterator[Figure]:
    """The order of the biases and weights of a recurrent network on Lorenz, beside biases that are learned."""
    for units, (learn, what) in product((125, 250, 500), ORDERS.items()):
        runs = [kept(f"lorenz {units} {learn} seed {s}", partial(ordered, units, learn, s)) for s in THREE]
        where = {"units": units, "learned": what}
        yield from columns(where, {"relative field error": "1", "D_stsp": "nat", "learning": "CPU s"}, runs)


def ordered(units: int, learn: str, seed: int) -> list[float]:
    """Return the field error, the divergence and CPU seconds of a low-rank network that learns the field alone."""
    net = tn.Network(units, seed=seed, transfer="tanh", decoder_scale=4.0)
    began = time.process_time()
    bank = tn.fit(net, "lorenz", learn=learn, rounds=0, restarts=0, seed=seed, progress=False)
    return [bank["field_error"].item(), bank["divergence"].item(), time.process_time() - began]


def strong(pairs: int, seed: int, strength: float) -> tn.Network:
    """Return a network whose slopes add up to so many times the integral of |f''|, in the units of the task."""
    plain, task = network(pairs, "uniform", seed), curve(CURVE)
    x = task.samples("train")["input"].values
    slopes = np.abs(plain.decoder[0]).astype(float) @ np.abs(plain.encoder[:, 0]).astype(float)
    return network(pairs, "uniform", seed, 2.0 * strength * TURNED * float(x.std() / task.scale[0]) / slopes)


def exponent(errors: dict[int, list[float]], resamplings: int = 10_000) -> tuple[float, float, float]:
    """Return the exponent of the geometric mean of errors by width, and its 95 % interval."""
    logs, rng = np.log(list(errors.values())), np.random.default_rng(0)
    drawn = rng.integers(logs.shape[1], size=(resamplings, *logs.shape))
    means = np.take_along_axis(logs[None], drawn, axis=2).mean(axis=2)
    slopes = -np.polyfit(np.log(list(errors)), np.concatenate([logs.mean(axis=1)[None], means]).T, 1)[0]
    low, high = np.quantile(slopes[1:], [0.025, 0.975])
    return float(slopes[0]), float(low), float(high)


def drawn() -> None:
    """Draw error against width from the result file, into the page of the documentation."""
    import matplotlib.pyplot as plt

    records = json.loads((RESULTS / "permutations.json").read_text())
    some = [r for r in records if r["group"] in ("readouts", "published") and r["measure"] == "RMSE"]
    picture, axes = plt.subplots(1, 3, figsize=(8.4, 2.8), sharey=True, layout="constrained")
    for ax, way in zip(axes, (*WAYS.values(), "published settings"), strict=True):
        for colour, draw in enumerate(DRAWS):
            line = [
                (r["where"]["n"], r["value"]) for r in some if (r["where"]["draw"], r["where"]["by"]) == (draw, way)
            ]
            if line:
                ax.loglog(*zip(*line, strict=True), marker="o", markersize=3, label=draw, color=f"C{colour}")
        ax.set(title=way, xlabel="pairs of units n")
    axes[0].set_ylabel("RMSE")
    axes[1].legend(frameon=False, fontsize=7)
    picture.savefig(ROOT / "docs" / "how-to" / "permutations.png", dpi=150)


ROWS = {"readouts": readouts, "published": published, "curves": curves, "biases": biases, "lorenz": lorenz}


if __name__ == "__main__":
    torch.set_num_threads(1)
    measured("permutations", ROWS)
    drawn()
