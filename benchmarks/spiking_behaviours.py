"""Behaviours in spikes: `python benchmarks/spiking_behaviours.py flip-flop-1 shelf-reach shelf-delayed-match seeds=3`.

A low-rank network of LIF units learns a behaviour from trials. Trials that it was not trained on are then run with
their inputs, by the rate network and by its spiking network, with 1000 and with 5000 neurons. Scored at the samples
that count: the share of signs that are right (flip-flop, match, context), R^2 and the root mean square error of the
output. Rows that begin with `shelf` are behaviours of the shelf by their own scores, over `seeds=` networks (3): with
5000 neurons, on trials that no fit learns from, a reach in closed loop with its arm (32 of them). Beside them stand
the surrogate's run, which predicts that of spikes, and spikes under biases that were recalibrated on other trials.
Banks are kept in a folder of the machine's temporary files, so that a row that was cut short goes on.
Run again, it measures the rows that are named and keeps the others.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import NamedTuple

import numpy as np
import xarray as xr
from behaviours import SEEDS, response, score, task
from local_rule import once
from records import Figure, columns, figure
from rows import measured

import tonicnet as tn
from tonicnet.bank import entry
from tonicnet.learn._online_units import SpikingUnits
from tonicnet.task import plant_of

DT, SCORED = 0.05, 64  # s; new trials that are scored
PULSE, STRENGTH, FREE = 6, 3.0, 10  # samples of a pulse, its height, and samples after it at which the output is free
NEURONS = (1000, 5000)

Arrays = tuple[np.ndarray, np.ndarray, np.ndarray]  # inputs, targets, mask: (trial, sample, component)


class Behaviour(NamedTuple):
    """How trials are drawn and how many are learned from; the network; whether a sign is what counts."""

    draw: Callable[[np.random.Generator, int], Arrays]
    trials: int
    units: int
    network: dict[str, float]
    signs: bool = True


def flip_flop(bits: int) -> Callable[[np.random.Generator, int], Arrays]:
    """Return how trials of 6 s are drawn: each bit takes the sign of its last pulse and keeps it."""

    def draw(rng: np.random.Generator, trials: int) -> Arrays:
        steps = 121
        inputs, targets, mask = (np.full((trials, steps, bits), value) for value in (0.0, 0.0, 1.0))
        for n, k in np.ndindex(trials, bits):
            targets[n, :, k], at = rng.choice([-1.0, 1.0]), round(rng.uniform(0.2, 1.2) / DT)
            while at + PULSE < steps:
                sign = rng.choice([-1.0, 1.0])
                inputs[n, at : at + PULSE, k], targets[n, at:, k] = STRENGTH * sign, sign
                mask[n, at : at + FREE, k] = 0
                at += FREE + round(rng.exponential(1.2) / DT)
        return inputs, targets, mask

    return draw


def match(rng: np.random.Generator, trials: int) -> Arrays:
    """Draw trials of 3.5 s: two pulses, 0.5 to 1.5 s between them; the output says whether they are equal."""
    inputs, targets, mask = (np.zeros((trials, 71, 2)) for _ in range(3))
    for n in range(trials):
        one, two = rng.choice([-1.0, 1.0], 2)
        second = 4 + PULSE + round(rng.uniform(0.5, 1.5) / DT)
        inputs[n, 4 : 4 + PULSE, 1], inputs[n, second : second + PULSE, 1] = STRENGTH * one, STRENGTH * two
        targets[n, second + PULSE :, 0] = one * two
        mask[n, :second, 0], mask[n, second + FREE :, 0] = 0.2, 1.0
    return inputs, targets, mask


def context(rng: np.random.Generator, trials: int) -> Arrays:
    """Draw trials of 3 s: noisy evidence of two kinds, and a context that says of which the sign is asked."""
    inputs, targets, mask = (np.zeros((trials, 61, 4)) for _ in range(3))
    for n in range(trials):
        side, which = rng.choice([-1.0, 1.0], 2), rng.integers(2)
        inputs[n, 4:44, 1:3] = 0.6 * side + 0.6 * rng.standard_normal((40, 2))
        inputs[n, :, 3] = 1.5 * (2 * which - 1)
        targets[n, 44:, 0], mask[n, :4, 0], mask[n, 44:, 0] = side[which], 0.2, 1.0
    return inputs, targets, mask


def reach(rng: np.random.Generator, trials: int) -> Arrays:
    """Draw trials of 3 s: a cue of a direction, and a movement of 1 s there along the path of least jerk."""
    inputs, targets, mask = (np.full((trials, 61, 2), value) for value in (0.0, 0.0, 1.0))
    angle = rng.uniform(0, 2 * np.pi, trials)
    goal = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
    s = np.clip((np.arange(61) - 10) / 20, 0, 1)
    inputs[:, 4 : 4 + PULSE] = STRENGTH * goal[:, None]
    targets[:] = (10 * s**3 - 15 * s**4 + 6 * s**5)[None, :, None] * goal[:, None]
    return inputs, targets, mask


BEHAVIOURS = {
    "flip-flop-1": Behaviour(flip_flop(1), 48, 100, {"components": 1}),
    "flip-flop-2": Behaviour(flip_flop(2), 48, 200, {"components": 2}),
    "flip-flop-3": Behaviour(flip_flop(3), 48, 500, {"components": 3}),
    "context": Behaviour(context, 48, 500, {"components": 4}),
    "reach": Behaviour(
        reach, 200, 500, {"components": 4, "decoder_scale": 2.0, "encoder_scale": 0.5}, signs=False
    ),
    "match": Behaviour(match, 200, 500, {"components": 3, "decoder_scale": 1.5, "encoder_scale": 1.0}),
}  # fmt: skip


SHELF_UNITS = 500
LONGER = {"rounds": 12, "progress": False}  # a delayed match needs more than the usual four
SHELF = ("flip-flop-3", "delayed-match", "context-integration", "go-no-go", "reach")
SLOW = {"components": 6, "encoder_scale": 0.4, "decoder_scale": 2.5, "tau": 0.2}  # their network


def row(name: str) -> Iterator[Figure]:
    """Learn a behaviour and yield the scores of the rate network and of spikes."""
    kind = BEHAVIOURS[name]
    rng = np.random.default_rng(0)
    learned, fresh = (_task(name, kind.draw(rng, count)) for count in (kind.trials, SCORED))
    net = tn.Network(kind.units, seed=0, transfer=tn.LIF(noise=0.3), **kind.network)
    bank = tn.fit(net, learned, rounds=3, progress=False)
    trials = fresh.trials(SCORED, seed=1)
    given = {
        "duration": (trials.sizes["time"] - 1) * DT / float(bank["speed"][0]), "inputs": trials["input"],
        "initial": trials["target"].values[:, 0], "trials": SCORED, "task": name,
    }  # fmt: skip
    where = {"behaviour": name, "units": kind.units}
    yield from scores(where | {"network": "rates", "neurons": 0}, tn.simulate(net, bank, **given), trials, kind.signs)
    for neurons in NEURONS:
        m = neurons // kind.units
        spikes = tn.spiking.simulate(net, bank, neurons_per_unit=m, codegen="standalone", seed=1, **given)
        about = where | {"network": "spikes", "neurons": m * kind.units}
        yield from scores(about, spikes, trials, kind.signs)


def _task(name: str, arrays: Arrays) -> tn.Task:
    inputs, targets, mask = arrays
    return tn.Task.from_trials(inputs, targets, name=name, dt=DT, mask=mask)


def scores(where: dict[str, str | int], run: xr.Dataset, trials: xr.Dataset, signs: bool) -> Iterator[Figure]:
    """Yield the scores of a run at the samples of its trials that count in full."""
    count = trials.sizes["time"]
    at = np.rint(np.linspace(0, run.sizes["time"] - 1, count)).astype(int)
    counts = trials["mask"].values == 1
    dims = ("sample", "component")
    made, true = (
        xr.DataArray(values[counts][:, None], dims=dims)
        for values in (run["output"].values[:, at, : counts.shape[2]], trials["target"].values)
    )
    if signs:
        right = tn.measure.accuracy(*(np.sign(x[:, 0]) for x in (made, true)))
        yield figure(where, "accuracy", "1", float(right["accuracy"]))
    found = tn.measure.r_squared(made, true)
    yield figure(where, "R2", "1", float(found["overall"]))
    yield figure(where, "rms error", "task", float(found["rmse"][0]))


def shelf(name: str) -> Iterator[Figure]:
    """Yield the score of a behaviour of the shelf by rates and by spikes, over networks, each learned by itself."""
    found, measure = [], ""
    for seed in range(SEEDS):
        net = tn.Network(SHELF_UNITS, seed=seed, transfer=tn.LIF(noise=0.1, dt=0.001), **SLOW)
        bank = once(f"shelf-{name}-{seed}", lambda n=net, s=seed: tn.fit(n, task(name), seed=s, **LONGER))
        measure, rates = score(tn.perform(net, bank, name, trials=200, seed=1))
        runs = [reached(net, bank, name, seed)] if name == "reach" else decided(net, bank, name, seed)
        found.append((rates, *(score(run)[1] for run in runs)))
    for k, network in enumerate(("rates", "spikes", "surrogate", "spikes, recalibrated")[: len(found[0])]):
        neurons = NEURONS[-1] if k else 0
        where = {"behaviour": f"{name} of the shelf", "units": SHELF_UNITS, "network": network, "neurons": neurons}
        yield from columns(where, {measure: "1"}, [[scores[k]] for scores in found])


def decided(net: tn.Network, bank: xr.Dataset, name: str, seed: int) -> list[xr.Dataset]:
    """Return held-out trials of a behaviour as spikes answer them, the surrogate, and spikes after recalibration."""
    held, other = task(name).held_out(SCORED, seed=1), task(name).trials(SCORED, seed=2)
    step, many = task(name).dt / float(bank["speed"][0]), {"neurons_per_unit": NEURONS[-1] // net.units}
    given = many | {
        "duration": (held.sizes["time"] - 1) * step, "inputs": held["input"], "dt": step, "trials": SCORED,
        "seed": seed, "initial": held["target"].values[:, 0],
    }  # fmt: skip
    moved = tn.spiking.recalibrate(net, bank, task=name, inputs=other["input"], **many)
    runs = [
        tn.spiking.simulate(net, bank, **given),
        tn.spiking.surrogate(net, bank, **given),
        tn.spiking.simulate(net, moved, **given),
    ]
    return [_answered(run, held, name) for run in runs]


def _answered(run: xr.Dataset, held: xr.Dataset, name: str) -> xr.Dataset:
    """Return a run beside what was asked."""
    asked = held.isel(time=slice(0, run.sizes["time"]))
    made = run["output"].values[..., : held.sizes["component"]]
    return asked.assign(output=(asked["target"].dims, made)).assign_attrs(response=response(name))


def reached(net: tn.Network, bank: xr.Dataset, name: str, seed: int, trials: int = 32) -> xr.Dataset:
    """Return paths of hands that spikes move: LIF neurons step by step, as in Brian2, in closed loop with an arm."""
    scaling, bias, paths, goals = entry(bank, name).scaling, bank["bias"].values[0].astype(float), [], []
    tick = task(name).dt / scaling.speed
    for k in range(trials):
        arm, output = plant_of(task(name), 1, seed=k, held_out=True), np.zeros(net.components)
        neurons = SpikingUnits(net, NEURONS[-1] // net.units, bias, output, 1000 * seed + k, tick=tick)
        for n in range(task(name).held_out(1, seed=0).sizes["time"] - 1):
            seen = arm(n * task(name).dt, (scaling.center + scaling.scale * output)[None])[0]
            output = neurons.advance(bias, output, seen / scaling.scale, 1.0).output
        paths.append(arm.path[0])
        goals.append(arm.goal[0])
    path, goal = (("trial", "time", "axis"), np.array(paths)), (("trial", "axis"), np.array(goals))
    return xr.Dataset({"path": path, "goal": goal}).assign_attrs(response=response(name))


ROWS = {name: (lambda name=name: row(name)) for name in BEHAVIOURS}
ROWS |= {f"shelf-{name}": (lambda name=name: shelf(name)) for name in SHELF}

if __name__ == "__main__":
    measured("spiking_behaviours", ROWS)
