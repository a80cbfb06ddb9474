"""Eleven tasks and six behaviours in one spiking network: `python benchmarks/one_network.py rates spikes --seeds 3`.

A low-rank network of 1000 LIF units with synapses of 200 ms, six components and five neurons a unit: 5000 neurons. It
learns all tasks of the shelf that have a field, and six behaviours, each by tonic inputs of its own. "rates" scores
each row by itself, by rates and by the surrogate, which predicts what spikes do; "spikes" switches one spiking network
through all of them, and the rate network beside it: fields for 12 s each, then each behaviour, a second of rest under
its tonic inputs and one held-out trial, over 8 runs side by side. "rested" does the same with one more row of the bank,
whose field is a decay to zero, dz/dt = -z / tau: the network is switched to it for two seconds before each behaviour,
so that a behaviour begins where its trials began. Banks are kept in a folder of the machine's temporary files, so that
a seed that was cut short goes on.
"""

from __future__ import annotations

import functools
from collections.abc import Iterator
from typing import Any

import numpy as np
import xarray as xr
from behaviours import JOINT, part, response, score, task
from local_rule import once
from records import Figure, figure
from rows import measured_over

import tonicnet as tn

NEURONS_PER_UNIT, DT = 5, 0.05  # s; the step of all behaviours
FIELD_SECONDS, REST, RUNS, TRIALS = 12.0, 20, 8, 64  # s; steps of rest before a trial
DECAY, BOX = 2.0, 3.0  # s of decay before a behaviour; the states, in scales, from which it is learned
ROUNDS = 12  # of behaviours that are not good before
WHERE = "one network of 5000 neurons, eleven tasks and six behaviours"


def network(seed: int) -> tn.Network:
    """Return the network of a seed."""
    return tn.Network(
        1000, seed=seed, components=6, encoder_scale=0.5, decoder_scale=2.5, tau=0.2,
        transfer=tn.LIF(noise=0.1, dt=0.001),
    )  # fmt: skip


def learned(seed: int) -> xr.Dataset:
    """Return the bank of all tasks, grown row by row."""
    net, bank = network(seed), None
    for name in (*tn.tasks(), *JOINT):
        target, given = (task(name), {"rounds": ROUNDS}) if name in JOINT else (tn.task(name), {})
        row = {"into": bank, "progress": False} | given
        bank = once(f"one-{seed}-{name}", lambda t=target, given=row: tn.fit(net, t, **given))
    return bank


def decay(net: tn.Network) -> tn.Task:
    """Return dz/dt = -z / tau, which is what the network does where its units send nothing."""
    still, box = np.zeros(net.components), BOX * np.ones(net.components)
    return tn.Task(
        lambda z: -z / net.tau, name="decay", initial=still, kind="memory", low=-box, high=box, center=still,
        scale=still + 1, speed=1.0, dt=DT, transient=10 * net.tau,
    )  # fmt: skip


def with_decay(net: tn.Network, seed: int) -> xr.Dataset:
    """Return the bank of all tasks with the row of the decay."""
    bank = learned(seed)
    return once(f"one-{seed}-decay", lambda: tn.fit(net, decay(net), into=bank, progress=False))


def rates(seeds: range) -> Iterator[Figure | str]:
    """Yield the score of each row, by rates and as predicted of spikes."""
    found: dict[tuple[str, str, str, str], list[float]] = {}
    for seed in seeds:
        net, bank = network(seed), learned(seed)
        for name in tn.tasks():
            for measure, unit, value in field_scores(bank, name):
                found.setdefault((name, "rates", measure, unit), []).append(value)
        for name in JOINT:
            measure, value = score(tn.perform(net, bank, name, trials=200, seed=1))
            found.setdefault((name, "rates", measure, "1"), []).append(value)
            measure, value = score(predicted(net, bank, name, seed))
            found.setdefault((name, "surrogate of spikes", measure, "1"), []).append(value)
        yield f"seed {seed} done"
    for (name, network_kind, measure, unit), values in found.items():
        yield figure({"what": WHERE, "task": name, "network": network_kind}, measure, unit, values)


def field_scores(bank: xr.Dataset, name: str) -> Iterator[tuple[str, str, float]]:
    """Yield the closed-loop scores that a bank holds of one task with a field."""
    known = {
        "divergence": ("D_stsp", "nat"), "divergence_floor": ("floor of D_stsp", "nat"),
        "orbit_distance": ("orbit distance", "sd"), "attractor_distance": ("distance to the attractor", "sd"),
        "lost": ("share of starts lost", "1"),
    }  # fmt: skip
    row = bank.sel(task=name) if "task" in bank.indexes else bank.isel(task=list(bank["task"].values).index(name))
    for score_name, (measure, unit) in known.items():
        if score_name in row and np.isfinite(value := float(row[score_name])):
            yield measure, unit, value


def predicted(net: tn.Network, bank: xr.Dataset, name: str, seed: int) -> xr.Dataset:
    """Return held-out trials of a behaviour by the surrogate, beside what was asked."""
    held = task(name).held_out(TRIALS, seed=1)
    run = tn.spiking.surrogate(
        net, bank, task=name, neurons_per_unit=NEURONS_PER_UNIT, duration=(held.sizes["time"] - 1) * DT, dt=DT,
        inputs=held["input"], trials=TRIALS, seed=seed, initial=held["target"].values[:, 0],
    )  # fmt: skip
    made = run["output"].values[..., : held.sizes["component"]]
    asked = held.assign(output=(held["target"].dims, made))
    return asked.assign_attrs(response=response(name))


def spikes(seeds: range, *, rest: bool = False) -> Iterator[Figure | str]:
    """Yield the scores of one network that is switched through all rows, run after run, by spikes and by rates."""
    found: dict[tuple[str, str, str], list[float]] = {}
    for seed in seeds:
        net = network(seed)
        bank = with_decay(net, seed) if rest else learned(seed)
        given, held = schedule(net, seed, rest=rest)
        in_spikes = {"neurons_per_unit": NEURONS_PER_UNIT, "codegen": "standalone"}
        how = "switched, with rest between" if rest else "switched"
        for kind, run in (
            (f"spikes, {how}", tn.spiking.simulate(net, bank, **given, **in_spikes)),
            (f"rates, {how}", tn.simulate(net, bank, **given)),
        ):
            for name, measure, value in switched_scores(run, held):
                found.setdefault((name, kind, measure), []).append(value)
                yield f"{kind}, seed {seed}: {name} {value:.3g}"
    for (name, kind, measure), values in found.items():
        yield figure({"what": WHERE, "task": name, "network": kind}, measure, "1", values)


def switched_scores(run: xr.Dataset, held: dict[str, xr.Dataset]) -> Iterator[tuple[str, str, float]]:
    """Yield how many segments of fields settle, and the score of each behaviour."""
    truths = {n: tn.task(n).trajectory(80 * tn.task(n).time_scale, tn.task(n).dt * 5, trials=40) for n in tn.tasks()}
    fields = run.isel(time=run["segment_index"].values < len(truths))
    settled = tn.measure.settling_time(fields, truths, threshold=0.5)["settling_seconds"]
    yield "eleven tasks", "share of segments that settle within 0.5 sd for good", float(np.isfinite(settled).mean())
    for name, asked in held.items():
        at = np.flatnonzero(run["segment"].values == name)[REST:]
        yield (name, *score(part(run.isel(time=at), int(run["segment_index"].values[at[0]]), asked, name)))


def schedule(net: tn.Network, seed: int, *, rest: bool = False) -> tuple[dict[str, Any], dict[str, xr.Dataset]]:
    """Return a run through all tasks, as arguments of ``simulate``, and the trials of the behaviours in it."""
    held = {name: task(name).held_out(RUNS, seed=1) for name in JOINT}
    order = [str(n) for n in np.random.default_rng(seed).permutation(list(tn.tasks()))]
    parts = [np.zeros((RUNS, round(FIELD_SECONDS / DT) * len(order), net.components))]
    segments = [(name, FIELD_SECONDS) for name in order]
    for name, trials in held.items():
        u, before = trials["input"].values[:, :-1], DECAY if rest else 0.0
        parts.append(np.pad(u, ((0, 0), (REST + round(before / DT), 0), (0, net.components - u.shape[2]))))
        if rest:
            segments.append(("decay", before))
        segments.append((name, DT * (REST + trials.sizes["time"] - 1)))
    given = {"schedule": segments, "inputs": np.concatenate(parts, axis=1), "dt": DT, "trials": RUNS, "seed": seed}
    return given, held


if __name__ == "__main__":
    rested = functools.partial(spikes, rest=True)
    measured_over("one_network", {"rates": rates, "spikes": spikes, "rested": rested})
