"""Neurons beyond the plain one, on cycles: `python benchmarks/adaptation.py van-der-pol --seeds 3`.

2000 neurons with a spike-triggered current, 0.1 of threshold - reset at each spike, that lasts 100 ms, as long as their
synapses; `eif` and `adex` are neurons whose spikes begin by an exponential current, without and with adaptation, on
the cycle of Hopf. Period and amplitude of the rate network, of its spikes, and of spikes after `recalibrate`, against
the truth; beside the first kind of neuron also Nengo's, which adapt alike (`pip install nengo`): those that fire as
often as ours and take as much at each spike, and those that fire as Nengo draws them and adapt as much on average.
`forms`, `eif-forms` and `adex-forms` count the spikes by which forms and ways to run differ, with inputs of task and
noise as they are.
"""

from __future__ import annotations

import tempfile
from collections.abc import Iterator
from dataclasses import replace
from importlib.util import find_spec

import nengo_flow
import numpy as np
from records import Figure, figure
from rows import measured_over, told

import tonicnet as tn
from tonicnet.measure.arrays import limit_cycle_of
from tonicnet.measure.arrays._limit_cycle import cycle_errors
from tonicnet.network import LIF

UNITS, NEURONS, SECONDS, DISCARD = 1000, 2000, 60.0, 4.0  # a period of Van der Pol takes 6 s
ADAPTING = {"adaptation": 0.1, "adaptation_tau": 0.1}
SHARP = {"eif": {"sharpness": 0.1}, "adex": {"sharpness": 0.1, **ADAPTING}}
RECALIBRATED = 20.0  # seconds, three periods of Van der Pol
CYCLES = ("van-der-pol", "hopf", "fitzhugh-nagumo")
RUNS = ("rates", "spikes as learned", "spikes, recalibrated")
NENGO = ("Nengo, as often", "Nengo, as often, decoded as adapted", "Nengo, as it draws")
RADIUS = 1.1  # of Nengo's ball, in units of the farthest point of the cycle
FORMS = ("threshold", "current", "leak")


def row(task: str, seeds: range, neuron: str = "") -> Iterator[Figure | str]:
    """Yield the errors of period and amplitude of each kind of run, over networks."""
    rows, runs = [], RUNS if neuron or find_spec("nengo") is None else (*RUNS, *NENGO)
    for seed in seeds:
        rows.append(_errors(task, seed, LIF(noise=0.1, **SHARP.get(neuron, ADAPTING)), nengo=len(runs) > len(RUNS)))
        yield f"seed {seed}: {told(list(100 * np.ravel(rows[-1])))}"
    found = np.array(rows)
    for k, run in enumerate(runs):
        where = _named(neuron) | {"task": task, "units": UNITS, "neurons": NEURONS, "run": run}
        yield figure(where, "period error", "%", 100 * found[:, 0, k])
        yield figure(where, "amplitude error", "%", 100 * found[:, 1, k])
        yield figure(where, "cycles left", "runs", np.isfinite(found[:, 0, k]).sum())


def _named(neuron: str) -> dict[str, str]:
    return {"neuron": neuron} if neuron else {}


def _errors(task: str, seed: int, transfer: LIF, *, nengo: bool) -> list[np.ndarray]:
    net, m = tn.spiking.sized(NEURONS, seed=seed, components=2, units=UNITS, transfer=transfer)
    bank = tn.fit(net, task, seed=seed, neurons_per_unit=m, progress=False)
    exact = tn.spiking.recalibrate(net, bank, neurons_per_unit=m, duration=RECALIBRATED)
    rates = tn.simulate(net, bank, duration=SECONDS)
    given = {"duration": SECONDS, "neurons_per_unit": m, "codegen": "standalone", "seed": seed}
    spikes = [tn.spiking.simulate(net, learned, **given) for learned in (bank, exact)]
    measures = [tn.compare(rates, run, truth=bank, discard=DISCARD).isel(task=0) for run in spikes]
    ours = [
        np.append(measures[0][name].values, measures[1][name].values[1]) for name in ("period_error", "amplitude_error")
    ]
    if not nengo:
        return ours
    rate = spikes[1].sizes["spike"] / (NEURONS * SECONDS)
    theirs = _nengo_errors(tn.task(task), bank["speed"].item(), net.tau, rate, seed)
    return [np.append(found, other) for found, other in zip(ours, theirs, strict=True)]


def _nengo_errors(task: tn.Task, speed: float, tau: float, rate: float, seed: int) -> np.ndarray:
    """Return the errors of period and amplitude of as many neurons of Nengo, as fast and by the same filter.

    Nengo adds inc_n / tau_n to the adaptation current at each spike, in units of the current at threshold. Its neurons
    fire several times as often as ours by default: the same at each spike is then several times the current. It solves
    decoders for rates before they adapt; with "adapted" for those that they settle at.
    """
    length, dt = SECONDS * speed, task.dt
    true = task.trajectory(length, dt, seed=seed)["output"].values[0]
    centre, amount, lasts = true.mean(0), ADAPTING["adaptation"], ADAPTING["adaptation_tau"]
    radius = RADIUS * float(np.linalg.norm(true - centre, axis=1).max())
    drawn = nengo_flow.Flow(task.flow, centre, radius, speed, tau, neuron="AdaptiveLIF")
    often = replace(drawn, rate=rate, options={"tau_n": lasts, "inc_n": amount * lasts})
    weaker = amount * lasts * rate / drawn.drawn_rate(NEURONS, seed)
    found = []
    for flow in (often, replace(often, neuron="adapted"), replace(drawn, options={"tau_n": lasts, "inc_n": weaker})):
        [made] = flow.run(NEURONS, length, true[:1], dt, seed)
        try:
            cycle = limit_cycle_of(made[round(DISCARD * speed / dt) :], dt)
            period, amplitudes = cycle_errors(cycle, limit_cycle_of(true, dt))
            found.append((period, amplitudes[np.argmax(np.abs(amplitudes))]))
        except ValueError:  # it came to rest
            found.append((np.nan, np.nan))
    return np.array(found).T


def forms(seeds: range, neuron: str = "") -> Iterator[Figure]:
    """Yield how many spikes differ between forms, kinds of code and ways in which spikes come back."""
    counts = [_differing(seed, LIF(refractory=0.008, **SHARP.get(neuron, ADAPTING))) for seed in seeds]
    where = _named(neuron) | {
        "task": "none",
        "units": 60,
        "neurons": 120,
        "run": "3 forms x numpy, Cython, C++, latents, matrix",
    }
    yield figure(where, "differing spikes", "1", np.array([differing for differing, _ in counts]))
    yield figure(where, "spikes", "1", np.array([spikes for _, spikes in counts]))


def _differing(seed: int, transfer: LIF) -> tuple[int, int]:
    net = tn.Network(60, seed=seed, transfer=transfer)
    bias = np.random.default_rng(seed).normal(1.3, 0.5, 60)
    rng = np.random.default_rng(seed)
    given = {"duration": 1.0, "neurons_per_unit": 2, "inputs": rng.normal(size=(100, 3)), "noise": 0.2, "seed": seed}
    ways = [{"codegen": "numpy", "propagation": "latents"}, {"codegen": "numpy", "propagation": "matrix"}]
    with tempfile.TemporaryDirectory() as cache:
        ways += [{"codegen": "cython"}, {"codegen": "standalone", "cache": cache}]
        runs = [tn.spiking.simulate(net, bias, form=form, **way, **given) for form in FORMS for way in ways]
    events = [set(zip(r["spike_time"].values.round(6), r["spike_neuron"].values, strict=True)) for r in runs]
    return sum(len(events[0] ^ other) for other in events), len(events[0])


ROWS = {task: (lambda seeds, task=task: row(task, seeds)) for task in CYCLES} | {"forms": forms}
ROWS |= {name: (lambda seeds, name=name: row("hopf", seeds, name)) for name in SHARP}
ROWS |= {f"{name}-forms": (lambda seeds, name=name: forms(seeds, name)) for name in SHARP}

if __name__ == "__main__":
    measured_over("adaptation", ROWS)
