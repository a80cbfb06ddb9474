"""Biases learned online by local rules: `python benchmarks/local_rule.py cycle flip-flop lorenz silenced --seeds 3`.

A low-rank network of LIF units (steps of 1 ms) learns spike by spike, by e-prop with the decoder, by node perturbation,
and by e-prop with random numbers in the decoder's place. The biases are then run in Brian2, with another seed, and held
against the truth, beside those of `tonicnet.fit` on the same network. Silenced: a fifth of the units of a bank
are silent, and the others learn on. CPU seconds are of one thread, learning alone. Banks
are kept in a folder of the machine's temporary files, so that a row that was cut short goes on.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import xarray as xr
from records import Figure, figure
from rows import measured_over

import tonicnet as tn
from tonicnet.learn import first_bias

KEPT = Path(tempfile.gettempdir()) / "tonicnet-local-rule"
RULES = {
    "e-prop": {"rule": "e-prop"},
    "node perturbation": {"rule": "node-perturbation"},
    "e-prop, random broadcast": {"rule": "e-prop", "broadcast": "random"},
}


class Case(NamedTuple):
    """A task, the network that learns it, for how many seconds, and how it is scored."""

    task: tn.Task
    network: dict[str, Any]
    duration: float
    scores: Callable[[tn.Network, xr.Dataset, tn.Task], dict[tuple[str, str], float]]


def cycle_scores(net: tn.Network, bank: xr.Dataset, task: tn.Task) -> dict[tuple[str, str], float]:
    """Return orbit distance and period error of 60 s of spikes; NaN where they have no cycle."""
    run = tn.spiking.simulate(net, bank, duration=60, task=task.name, seed=3)
    late = run.isel(time=slice(run.sizes["time"] // 6, None))
    truth = task.trajectory(200, 0.02, seed=1)
    try:
        period = float(tn.measure.limit_cycle(late)["period"][0]) / float(tn.measure.limit_cycle(truth)["period"][0])
        distance = float(tn.measure.orbit_distance(late, truth)["orbit_distance"][0])
    except ValueError:
        period, distance = np.nan, np.nan
    return {("orbit distance", "sd"): distance, ("period error", "%"): 100 * abs(period - 1)}


def bits_scores(net: tn.Network, bank: xr.Dataset, task: tn.Task) -> dict[tuple[str, str], float]:
    """Return the share of decisions that are right in spikes, on 20 trials that no rule learned from."""
    trials, speed = task.held_out(20, seed=1), float(bank["speed"].sel(task=task.name))
    step = task.dt / speed
    run = tn.spiking.simulate(
        net, bank, duration=(trials.sizes["time"] - 1) * step, task=task.name, inputs=trials["input"], dt=step, seed=1,
        initial=trials["target"].values[:, 0], trials=20,
    )  # fmt: skip
    made = run["output"].values[..., : task.dimension]
    right = (np.sign(made) == trials["target"].values)[trials["mask"].values > 0]
    return {("decisions right", "%"): 100 * float(right.mean())}


def lorenz_scores(net: tn.Network, bank: xr.Dataset, task: tn.Task) -> dict[tuple[str, str], float]:
    """Return D_stsp of 200 s of spikes, its floor, the wing visited less, and whether the run was lost."""
    run = tn.spiking.simulate(net, bank, duration=200, task=task.name, seed=3)
    time = run["task_time"].values
    truth = task.trajectory(float(time[-1]), float(time[1]), trials=2, seed=1)
    found = tn.measure.state_space_divergence(run, truth.isel(trial=[0]), reference=truth.isel(trial=[1]))
    x = run["output"].values[0, :, 0]
    gone = tn.measure.lost(run, truth.isel(trial=[0]))
    return {
        ("D_stsp", "nat"): float(found["state_space_divergence"][0]),
        ("floor of D_stsp", "nat"): float(found["state_space_divergence_floor"]),
        ("samples", "1"): float(run.sizes["time"]),
        ("time in the wing visited less", "%"): 100 * float(min((x > 0).mean(), (x < 0).mean())),
        ("lost", "runs"): float(np.asarray(gone["lost"]).ravel()[0]),
    }


CASES = {
    "van-der-pol": Case(
        tn.task("van-der-pol"),
        {"units": 1000, "components": 2, "encoder_scale": 2.0, "decoder_scale": 0.7, "noise": 0.1}, 800.0, cycle_scores,
    ),
    "flip-flop, 2 bits": Case(
        tn.task("flip-flop", bits=2),
        {"units": 1000, "components": 2, "encoder_scale": 1.0, "decoder_scale": 1.0, "noise": 0.1}, 400.0, bits_scores,
    ),
    "lorenz": Case(
        tn.task("lorenz"),
        {"units": 1000, "components": 3, "encoder_scale": 0.5, "decoder_scale": 1.5, "noise": 0.2}, 500.0,
        lorenz_scores,
    ),
}  # fmt: skip


def network(case: Case, seed: int) -> tn.Network:
    """Draw a network of a case."""
    given = dict(case.network)
    neuron = tn.LIF(noise=given.pop("noise"), dt=0.001)
    return tn.Network(given.pop("units"), seed=seed, transfer=neuron, **given)


def once(name: str, learn: Callable[[], xr.Dataset]) -> xr.Dataset:
    """Return the bank of a name, learned now unless an earlier run kept it."""
    path = KEPT / f"{name}.nc"
    if not path.exists():
        KEPT.mkdir(exist_ok=True)
        began = time.process_time()
        tn.save(learn().assign_attrs(cpu=time.process_time() - began), path)
    return tn.load_bank(path)


def online(case: Case, net: tn.Network, rule: str, seed: int) -> xr.Dataset:
    """Learn from a random start, online."""
    return tn.learn_online(net, case.task, duration=case.duration, seed=seed, progress=False, **RULES[rule])


def offline(case: Case, net: tn.Network, seed: int) -> xr.Dataset:
    """Learn by Gauss-Newton, on rates."""
    return tn.fit(net, case.task, seed=seed, threads=1, progress=False)


def gathered(where: dict[str, Any], found: list[dict[tuple[str, str], float]]) -> Iterator[Figure]:
    """Yield a figure for each score, its values over networks."""
    for measure, unit in found[0]:
        yield figure(where, measure, unit, [one[measure, unit] for one in found])


def cost(bank: xr.Dataset) -> dict[tuple[str, str], float]:
    """Return updates, network time and CPU seconds of learning, as far as they are known."""
    found = {("updates", "1"): float(np.isfinite(bank["loss"][0]).sum())}
    found |= {("network time", "s"): float(bank["duration"][0])} if "duration" in bank else {}
    return found | {("CPU", "s"): float(bank.attrs.get("cpu", np.nan))}


def ways(task: str, case: Case, net: tn.Network, seed: int) -> dict[str, Callable[[], xr.Dataset]]:
    """Return how a network learns a task, by name."""
    name = f"{task}-Gauss-Newton-{seed}"
    return {
        "e-prop": lambda: online(case, net, "e-prop", seed),
        "Gauss-Newton": lambda: offline(case, net, seed),
        "Gauss-Newton, recalibrated": lambda: tn.spiking.recalibrate(net, once(name, lambda: offline(case, net, seed))),
    }


def courses(seeds: range) -> Iterator[Figure]:
    """Yield the error of the field after 200 s of each rule, on small networks, and before."""
    case = CASES["van-der-pol"]
    case = case._replace(network=case.network | {"units": 300}, duration=200.0)
    for way in RULES:
        found = []
        for seed in seeds:
            net = network(case, seed)
            bank = once(f"small-{way}-{seed}", lambda n=net, w=way, s=seed: online(case, n, w, s))
            first = bank.copy(data={name: bank[name].values for name in bank.data_vars})
            first["bias"] = bank["bias"].copy(data=first_bias(net, seed=seed)[None])
            errors = {"at first": first, "learned": bank}
            found.append({(f"error of the field, {w}", "1"): field_error(net, b, case.task) for w, b in errors.items()})
            found[-1] |= cost(bank)
        yield from gathered({"task": "van-der-pol", "units": 300, "learned by": way}, found)


def field_error(net: tn.Network, bank: xr.Dataset, task: tn.Task) -> float:
    """Return the rms error of the rate network's field at states of the task, over the rms of the field."""
    states = task.states(2000, seed=5)
    true, error = task.flow(states), tn.flow(net, bank, task=task.name)(states) - task.flow(states)
    return float(np.sqrt(np.mean((error / task.scale) ** 2) / np.mean((true / task.scale) ** 2)))


def learning(task: str, *chosen: str) -> Callable[[range], Iterator[Figure]]:
    """Return the row of a task that is learned in some ways, over networks."""

    def row(seeds: range) -> Iterator[Figure]:
        case = CASES[task]
        for way in chosen:
            found = []
            for seed in seeds:
                net = network(case, seed)
                bank = once(f"{task}-{way}-{seed}", ways(task, case, net, seed)[way])
                found.append(case.scores(net, bank, case.task) | cost(bank))
            yield from gathered({"task": task, "units": case.network["units"], "learned by": way}, found)

    return row


def silenced(task: str, duration: float, learned: str, again: tuple[str, ...]) -> Callable[[range], Iterator[Figure]]:
    """Return the row of recovery: a bank that was ``learned``, a fifth of its units silenced, and learned ``again``."""

    def row(seeds: range) -> Iterator[Figure]:
        case = CASES[task]
        found: dict[str, list[dict[tuple[str, str], float]]] = {}
        for seed in seeds:
            net = network(case, seed)
            whole = once(f"{task}-{learned}-{seed}", ways(task, case, net, seed)[learned])
            hurt = tn.spiking.silenced(net, whole, share=0.2, seed=seed)
            states = {f"learned by {learned}": whole, "silenced": hurt}
            for way in again:
                name = f"{task}-recovered-{way}-{seed}"
                states[f"recovered by {way}"] = once(name, recovery(case, net, hurt, duration)[way])
            for state, bank in states.items():
                paid = cost(bank) if state.startswith("recovered") else {}
                found.setdefault(state, []).append(case.scores(net, bank, case.task) | paid)
        for state, scores in found.items():
            yield from gathered({"task": task, "units": case.network["units"], "a fifth silenced": state}, scores)

    return row


def recovery(case: Case, net: tn.Network, hurt: xr.Dataset, duration: float) -> dict[str, Callable[[], xr.Dataset]]:
    """Return how a hurt bank is learned on from, by name."""
    plain = {"start": hurt, "progress": False}
    return {
        "e-prop": lambda: tn.learn_online(net, case.task, duration=duration, rate=0.3, **plain),
        "Gauss-Newton": lambda: tn.fit(net, case.task, restarts=0, threads=1, **plain),
    }


ROWS = {
    "cycle": learning("van-der-pol", "e-prop"),
    "flip-flop": learning("flip-flop, 2 bits", "e-prop"),
    "lorenz": learning("lorenz", "e-prop"),
    "cycle-fit": learning("van-der-pol", "Gauss-Newton", "Gauss-Newton, recalibrated"),
    "flip-flop-fit": learning("flip-flop, 2 bits", "Gauss-Newton"),
    "lorenz-fit": learning("lorenz", "Gauss-Newton"),
    "control": courses,
    "silenced": silenced("lorenz", 300.0, "e-prop", ("e-prop",)),
    "silenced-fit": silenced("lorenz", 300.0, "Gauss-Newton", ("Gauss-Newton",)),
    "silenced-cycle": silenced("van-der-pol", 200.0, "Gauss-Newton", ("e-prop", "Gauss-Newton")),
}

if __name__ == "__main__":
    measured_over("local_rule", ROWS)
