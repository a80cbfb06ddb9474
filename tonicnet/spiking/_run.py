"""Running the spiking network: schedules with exact switches, results in the layout of a rate run."""

from __future__ import annotations

import os
from typing import Any

import numpy as np
import xarray as xr

from .._bar import bar
from .._labels import Variable
from .._names import choose
from .._random import generator
from ..bank import Schedule, Timeline
from ..network import Network
from ..simulate import starting_states
from ._codegen import Code, target
from ._cpp_run import run_standalone
from ._equations import FORMS
from ._external import externals
from ._lif_network import LIFNetwork
from ._plan import gain_of, plan
from ._spikes import Spikes
from ._switch import set_tonic
from ._to_brian2 import Bias, build, sampling_step
from ._trials import Trial, Trials


def simulate(
    net: Network,
    bias: Bias,
    *,
    duration: float | None = None,
    schedule: Schedule | None = None,
    task: str | None = None,
    form: str = "threshold",
    neurons_per_unit: int = 1,
    dt: float | None = None,
    trials: int | None = None,
    initial: np.ndarray | xr.DataArray | None = None,
    inputs: np.ndarray | xr.DataArray | None = None,
    noise: float = 0.0,
    codegen: str = "auto",
    propagation: str = "auto",
    cache: str | os.PathLike[str] | None = None,
    progress: bool = False,
    seed: int = 0,
) -> xr.Dataset:
    """Run the LIF network on the frozen synapses and return its output like :func:`tonicnet.simulate`.

    Arguments
    ---------
    net, bias, duration, schedule, task, initial, trials : as for the rate network; trials run one by one. Of what may
        be learned, tonic inputs and masks are thresholds, and input gains scale the input of each neuron.
    form : "threshold", "current" or "leak": the same spikes.
    neurons_per_unit : LIF neurons for each rate unit.
    dt : sampling step (s) of the output and of inputs, a whole number of the neuron's own; tau / 10 if not given.
    inputs : u in the task's units, (time, component) or (trial, time, component), one row a step ``dt``, or labelled
        with a time of its own: all as :func:`tonicnet.simulate` takes them. Neurons receive E u beside E z.
    noise : standard deviation of the input noise of each unit, with correlation time tau, as there; all neurons of a
        unit receive it. Each has white noise of its membrane beside it, which is part of the network
        (``LIF(noise=...)``).
    codegen : "cython", "numpy", or "auto" for compiled code where there is a compiler; "standalone" for a C++
        program: faster, built once (10 to 30 s) for each shape of network and then run with any bias, schedule,
        start, seed and synapses. All give the same spikes.
    propagation : how spikes come back: "latents" (low-rank networks), "matrix" (N x N synapses; of a low-rank
        network W = E D is formed, for comparison), or "auto", the cheaper of what the network has. A C++ program
        adds a row of W, kept in the single precision it was drawn in (4 N^2 bytes), for each spike.
    cache : folder of the builds of C++ programs; the user's cache folder if not given.
    progress : show a bar of simulated seconds, where somebody watches (a terminal or a notebook, not a pipe).
    seed : of the noise, the starting potentials and the choice of starts; trial k draws its own from it. Noise is
        a function of seed, step and neuron, so that noisy runs too are the same whatever runs them.

    Returns a Dataset with ``output(trial, time, component)``, the latents decoded from spikes, and events
    ``spike_time(spike)`` (s), ``spike_neuron``, ``spike_unit`` and ``spike_trial``. Raises ValueError as
    ``simulate`` does, and RuntimeError for compiled code without a compiler.

    Source: Brian2, Stimberg, Brette and Goodman (2019), doi:10.7554/eLife.47314.

    >>> from tonicnet.network import Network
    >>> spikes = simulate(Network(units=20, seed=0), np.ones(20), duration=0.1, codegen="numpy")
    >>> spikes["output"].dims, spikes.attrs["kind"]
    (('trial', 'time', 'component'), 'spiking')
    """
    choose("form", form, FORMS)
    segments = plan(net, bias, duration=duration, schedule=schedule, task=task, gains=True)
    code = Code(codegen, cache)
    model = LIFNetwork(net, neurons_per_unit, propagation, gain_of(segments))
    if code.standalone and model.gain is not None and not model.latent:
        raise ValueError(
            "a C++ program reads N x N synapses as they were drawn, without the input gains of this task; use "
            'codegen="auto", or a low-rank network'
        )
    step = sampling_step(model, dt)
    rng = generator(seed)
    starts = starting_states(segments[0].entry, initial, trials, rng)[:, -1]
    external = externals(inputs, noise, segments, step, len(starts), net.components)
    timeline = Timeline.of(segments, step)
    timeline.check_size(len(starts), net.components)
    runs_of = Trials(model, segments, form, step, starts, external, seed)
    total = len(starts) * sum(s.duration for s in segments)
    with bar(progress, total=total, unit="s", desc="spiking") as shown:
        runs = run_trials(runs_of, code, shown)
    return _collect(model, timeline, runs, form, seed)


def run_trials(trials: Trials, code: Code, shown: Any) -> list[Spikes]:
    """Run all trials, in whichever way is asked for."""
    if code.standalone:
        return run_standalone(trials, code, shown)
    with target(code.codegen):
        return [_run_once(trials, trial, shown) for trial in trials]


def _run_once(trials: Trials, trial: Trial, shown: Any) -> Spikes:
    """Run one trial through its segments with Brian2's runtime."""
    import brian2 as b2

    model, form, step, first = trials.model, trials.form, trials.step, trials.segments[0].entry
    live = build(model, first, form, trial.start, trial.external, dt=step, monitors=True, seed=trial.seed)
    for k, segment in enumerate(trials.segments):
        if k:
            set_tonic(live["neurons"], model, form, segment.entry.bias)
        live.run(segment.steps(step) * step * b2.second, namespace={})
        shown.update(segment.duration)
    last = np.array(live["latents"].z_[:])
    latents = np.concatenate([np.array(live["output"].z_).T, last[None]])
    return Spikes(latents, np.array(live["spikes"].t_), np.array(live["spikes"].i))


def _collect(model: LIFNetwork, timeline: Timeline, trials: list[Spikes], form: str, seed: int) -> xr.Dataset:
    """Return the trials as one Dataset in the layout of a rate run, with spikes as events."""
    z = np.stack([m.latents[: len(timeline.time)] for m in trials])
    timeline.check_finite(z)
    neuron = np.concatenate([m.neuron for m in trials]).astype(np.int64)
    events = {
        "spike_time": Variable(("spike",), np.concatenate([m.time for m in trials]), "s", "time of the spike"),
        "spike_neuron": Variable(("spike",), neuron, "1", "neuron that fired"),
        "spike_unit": Variable(("spike",), model.unit[neuron], "1", "rate unit of that neuron"),
        "spike_trial": Variable(
            ("spike",), np.repeat(np.arange(len(trials)), [len(m.time) for m in trials]), "1", "trial"
        ),
    }
    return timeline.dataset(
        z, kind="spiking", extra=events, seed=seed, network_sha256=model.net.sha256, form=form,
        neurons=model.neurons, neurons_per_unit=model.neurons_per_unit,
    )  # fmt: skip
