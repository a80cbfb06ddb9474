"""Behaviours of the shelf by rates: `python benchmarks/behaviours.py flip-flop-3 go-no-go joint ...`.

One dense network of each seed learns behaviours by its biases alone, with the same settings for all; each is scored on
200 trials that no fit learns from. The row "quick" takes one closed-loop round; "joint" learns six on one network, and
then runs the six one after another.
Run again, it measures the rows that are named and keeps the others. Words `units=`, `seeds=`, `rounds=`,
`environments=` change a run.
"""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Iterator

import numpy as np
import xarray as xr
from records import Figure, columns, figure
from rows import measured

import tonicnet as tn

NETWORK = {
    "components": 6, "synapses": "dense", "transfer": "tanh", "gain": 1.2, "tau": 0.1, "dt": 0.05,
    "encoder_scale": 0.2, "decoder_scale": 5.0,
}  # fmt: skip
GIVEN = dict(word.split("=") for word in sys.argv[1:] if "=" in word)
UNITS, SEEDS, ROUNDS = (int(GIVEN.get(name, usual)) for name, usual in (("units", 512), ("seeds", 3), ("rounds", 2)))
TASKS = {
    **{f"flip-flop-{n}": ("flip-flop", {"bits": n}) for n in (1, 2, 3, 4, 5, 6)},
    **{name: (name, {}) for name in tn.behaviours() if name != "flip-flop"},
    "sine-fast": ("sine", {"frequency": 1.0}),
}
GYM = {
    "GoNogo": {}, "DelayMatchSample": {"timing": {"decision": 500}}, "ReadySetGo": {},
    "ContextDecisionMaking": {"timing": {"decision": 500}}, "PerceptualDecisionMaking": {"timing": {"decision": 500}},
}  # fmt: skip
JOINT = ("flip-flop-3", "delayed-match", "context-integration", "go-no-go", "interval-timing", "sine")


def task(name: str) -> tn.Task:
    """Return a behaviour by the name of its row."""
    kind, options = TASKS[name]
    return tn.task(kind, label=name, **options)


def network(seed: int) -> tn.Network:
    """Return the network of a seed."""
    return tn.Network(UNITS, seed=seed, **NETWORK)


def learned(net: tn.Network, name: str, seed: int, rounds: int) -> tuple[xr.Dataset, float]:
    """Return the bank of one behaviour, and the seconds of processor time that it took."""
    began = time.process_time()
    bank = tn.fit(net, task(name), rounds=rounds, seed=seed, progress=False)
    return bank, time.process_time() - began


def score(run: xr.Dataset) -> tuple[str, float]:
    """Return the name of the measure of a run, and its number."""
    found = tn.measure.performance(run)
    return str(found.attrs["measure"]), float(found[found.attrs["measure"]])


def row(name: str, rounds: int = ROUNDS) -> Iterator[Figure]:
    """Yield the score of a behaviour, and what learning it took, over seeds."""
    rows, measure = [], ""
    for seed in range(SEEDS):
        bank, seconds = learned(net := network(seed), name, seed, rounds)
        measure, value = score(tn.perform(net, bank, name, trials=200, seed=1))
        rows.append((value, seconds))
    yield from columns({"behaviour": name, "units": UNITS, "rounds": rounds}, {measure: "1", "CPU time": "s"}, rows)


def joint() -> Iterator[Figure]:
    """Yield the scores of six behaviours in one bank on one network, each by itself and when switched to."""
    net = network(0)
    bank = tn.fit(net, [task(name) for name in JOINT], rounds=ROUNDS, progress=False)
    held = {name: tn.task(TASKS[name][0], **TASKS[name][1]).held_out(200, seed=1) for name in JOINT}
    order = [*JOINT, *JOINT[::-1]]
    inputs = [
        np.pad(held[n]["input"].values[:, :-1], ((0, 0), (0, 0), (0, 6 - held[n].sizes["component"]))) for n in order
    ]
    schedule = [(n, 0.05 * (held[n].sizes["time"] - 1)) for n in order]
    run = tn.simulate(net, bank, schedule=schedule, inputs=np.concatenate(inputs, axis=1), trials=200)
    for name in JOINT:
        alone = score(tn.perform(net, bank, name, trials=200, seed=1))
        where = {"behaviour": name, "units": UNITS, "bank": "joint"}
        yield figure(where, f"{alone[0]}, alone", "1", alone[1])
        yield figure(where, f"{alone[0]}, switched to", "1", score(part(run, order.index(name), held[name], name))[1])


def neurogym() -> Iterator[Figure]:
    """Yield how environments of neurogym are learned, each by itself; needs neurogym."""
    for name in GIVEN.get("environments", ",".join(GYM)).split(","):
        task, rows = tn.from_neurogym(f"{name}-v0", dt=0.05, **GYM[name]), []
        for seed in range(SEEDS):
            net, began = tn.Network(UNITS, seed=seed, **NETWORK | {"components": task.dimension}), time.process_time()
            bank = tn.fit(net, task, rounds=ROUNDS, seed=seed, progress=False)
            seconds = time.process_time() - began
            found = tn.measure.response_accuracy(tn.perform(net, bank, task, trials=200, seed=1))
            rows.append((float(found["trial_accuracy"]), float(found["accuracy"]), seconds))
        where = {"environment": name, "units": UNITS, "rounds": ROUNDS}
        yield from columns(where, {"trials without a mistake": "1", "accuracy": "1", "CPU time": "s"}, rows)


def part(run: xr.Dataset, number: int, held: xr.Dataset, name: str) -> xr.Dataset:
    """Return one segment of a run beside what was asked for in it."""
    at = np.flatnonzero(run["segment_index"].values == number)[: held.sizes["time"] - 1]
    made = run["output"].values[:, at, : held.sizes["component"]]
    asked = held.isel(time=slice(0, len(at)))
    if name.startswith("flip-flop"):  # what a bit is before its first pulse, no network can know after a switch
        asked = asked.assign(mask=asked["mask"].where((asked["input"] != 0).cumsum("time") > 0, 0.0))
    return asked.assign(output=(asked["target"].dims, made)).assign_attrs(response=response(name))


def response(name: str) -> str:
    """Return what a behaviour answers with."""
    from tonicnet.task import rule_of

    rule = rule_of(task(name))
    return "" if rule is None else rule.response


ROWS: dict[str, Callable[[], Iterator[Figure]]] = {
    **{name: (lambda name=name: row(name)) for name in TASKS},  # type: ignore[misc]
    "quick": lambda: row("flip-flop-3", 1),
    "joint": joint,
    "neurogym": neurogym,
}

if __name__ == "__main__":
    measured("behaviours", ROWS)
