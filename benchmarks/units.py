"""What units do in many tasks: `python benchmarks/units.py [pictures moving]`; pictures need `tonicnet[images]`.

Each task is learned again with other seeds: on one frozen network, from other first tonic inputs. Variances of rates
are taken over the test part of a task, or over its segment of a run. Correlations are of repeats, with 95 % intervals;
value, least and most are over tasks. Banks are kept in output/units/, so that a killed run goes on.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any

import numpy as np
import torch
import xarray as xr
from records import ROOT, Figure, figure
from rows import measured

import tonicnet as tn
from tonicnet.learn import first_bias

FOLDER = ROOT / "output" / "units"
PICTURES = ("mnist", "digits", "mnist1d", "glyphs-latin", "glyphs-greek", "glyphs-cyrillic", "parity")
MOVING = ("lorenz", "roessler", "van-der-pol", "hopf", "two-well")
REPEATS, UNITS, MOVED = 5, 500, 300
SECONDS, EVERY, SETTLED = 30, 10, 2.0
WAYS: dict[str, dict[str, Any]] = {"bias": {}, "mask": {"learn": "mask", "method": "annealed", "steps": 6}}


@cache
def task_of(name: str) -> tn.Task:
    """Return a task of pictures, made once."""
    return tn.sample_task(name)


def layered() -> tn.Network:
    """Return the network of pictures."""
    return tn.Network(UNITS, seed=0, inputs=(28, 28), outputs=10, synapses="feed-forward", transfer="tanh")


def moving_network() -> tn.Network:
    """Return the network of flows."""
    return tn.Network(MOVED, seed=0, transfer="tanh", decoder_scale=4.0)


def learned(net: tn.Network, tasks: Sequence[str | tn.Task], name: str, seed: int, **how: Any) -> xr.Dataset:
    """Return a bank, learned now if the folder has none."""
    path = FOLDER / f"{name}_{seed}.nc"
    if not path.exists():
        FOLDER.mkdir(parents=True, exist_ok=True)
        tn.save(tn.fit(net, list(tasks), seed=seed, progress=False, **how), path)
        print(f"  {path.name}", flush=True)
    return tn.load(path)


def predicted(net: tn.Network, bank: xr.Dataset) -> xr.Dataset:
    """Return what units do in every task of a bank of pictures."""
    rates = [tn.predict(net, bank, task_of(n).samples("test"), task=n, rates=True) for n in PICTURES]
    return tn.measure.selectivity(rates)


def simulated(net: tn.Network, bank: xr.Dataset) -> xr.Dataset:
    """Return what units do in every task of a bank of flows."""
    schedule = [(name, SECONDS) for name in MOVING]
    run = tn.simulate(net, bank, schedule=schedule, rates=True, every=EVERY)
    return tn.measure.selectivity(run, discard=SETTLED)


def pictures() -> Iterator[Figure]:
    """Seven tasks of pictures by biases and by masks."""
    net = layered()
    banks = {
        way: [learned(net, [task_of(n) for n in PICTURES], f"pictures_{way}", s, **how) for s in range(REPEATS)]
        for way, how in WAYS.items()
    }
    found = {way: [predicted(net, bank) for bank in some] for way, some in banks.items()}
    for way, some in found.items():
        yield from clustered({"network": "feed-forward", "learned": way}, some)
        yield from alike({"network": "feed-forward", "learned": way, "of": "variance"}, some)
    before = [predicted(net, bank.assign(bias=bank["bias"] * 0 + first)) for bank, first in _first(net, banks["bias"])]
    yield from clustered({"network": "feed-forward", "learned": "nothing"}, before)
    yield from alike({"network": "feed-forward", "learned": "bias against mask", "of": "variance"}, *found.values())
    yield from biases({"network": "feed-forward"}, net, banks["bias"])
    inputs = {n: task_of(n).samples("test") for n in PICTURES}
    yield figure({"network": "feed-forward", "learned": "bias"}, "share of units shut off", "1",
                 _shut(net, banks["bias"], samples=inputs))  # fmt: skip


def moving() -> Iterator[Figure]:
    """Five flows on one low-rank network by biases."""
    net = moving_network()
    banks = [learned(net, MOVING, "moving_bias", s, rounds=0, restarts=0, steps=15) for s in range(REPEATS)]
    found = [simulated(net, bank) for bank in banks]
    where = {"network": "low-rank", "learned": "bias"}
    yield from clustered(where, found)
    yield from alike(where | {"of": "variance"}, found)
    before = [simulated(net, bank.assign(bias=bank["bias"] * 0 + first)) for bank, first in _first(net, banks)]
    yield from clustered({"network": "low-rank", "learned": "nothing"}, before)
    yield from biases({"network": "low-rank"}, net, banks)
    yield figure(where, "share of units shut off", "1", _shut(net, banks))


def clustered(where: dict[str, Any], found: list[xr.Dataset]) -> Iterator[Figure]:
    """Yield how well units cluster, and how well they do once each task is shuffled over units."""
    yield figure(where, "silhouette of clusters", "1", [float(one["silhouette"]) for one in found])
    yield figure(where, "the same, shuffled over units", "1", [float(one["silhouette_floor"]) for one in found])
    yield figure(where, "clusters", "1", [float(one.attrs["number"]) for one in found])


def alike(
    where: dict[str, Any], first: list[xr.Dataset], second: list[xr.Dataset] | None = None, of: str = "variance"
) -> Iterator[Figure]:
    """Yield the similarity of a task with itself and with others: means over tasks, and the widest ends."""
    held = tn.measure.similarity(first, second, of=of)
    for words, mask in (("the same task", np.eye(held.sizes["task"], dtype=bool)), ("other tasks", None)):
        chosen = ~np.eye(held.sizes["task"], dtype=bool) if mask is None else mask
        for name, ending in (("similarity", ""), ("similarity_low", ", lower end of 95 %"),
                             ("similarity_high", ", upper end of 95 %")):  # fmt: skip
            yield figure(where | {"between": words}, f"correlation over units{ending}", "1", held[name].values[chosen])


def biases(where: dict[str, Any], net: tn.Network, banks: list[xr.Dataset]) -> Iterator[Figure]:
    """Yield how alike changes of biases are, and how large."""
    changes = [bank.assign(bias=bank["bias"] - first) for bank, first in _first(net, banks)]
    yield from alike(where | {"learned": "bias", "of": "change of bias"}, changes, of="bias")
    spread = [float(one["bias"].std()) for one in changes]
    yield figure(where | {"learned": "bias"}, "standard deviation of changes of bias", "1", spread)
    start = [float(np.std(first)) for _, first in _first(net, banks)]
    yield figure(where | {"learned": "bias"}, "standard deviation of first biases", "1", start)
    ends = [bank["bias"].values.std() for bank in banks]
    yield figure(where | {"learned": "bias"}, "standard deviation of learned biases", "1", ends)


def _first(net: tn.Network, banks: list[xr.Dataset]) -> list[tuple[xr.Dataset, np.ndarray]]:
    return [(bank, first_bias(net, seed=seed)) for seed, bank in enumerate(banks)]


def _shut(net: tn.Network, banks: list[xr.Dataset], **how: Any) -> list[float]:
    return [float(tn.measure.biases(net, bank, **how)["shut_off_share"].mean()) for bank in banks]


ROWS = {"pictures": pictures, "moving": moving}


if __name__ == "__main__":
    torch.set_num_threads(1)
    measured("units", ROWS)
