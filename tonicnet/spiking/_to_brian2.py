"""Building the live Brian2 network."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr

from .._names import choose, shown
from .._numbers import real
from .._random import generator
from ..bank import Entry, Segment
from ..network import Network
from ..simulate import lasting, starting_states
from . import _equations as eqs
from ._external import External, externals, live_external
from ._initial_filters import starting_filters
from ._initial_membranes import settled_membranes
from ._lif_network import LIFNetwork
from ._plan import gain_of, plan
from .exported.membrane_noise import SEEDS, brian2_normal

if TYPE_CHECKING:
    import brian2

Bias = xr.Dataset | xr.DataArray | np.ndarray


def to_brian2(
    net: Network,
    bias: Bias,
    *,
    task: str | None = None,
    form: str = "threshold",
    neurons_per_unit: int = 1,
    propagation: str = "auto",
    initial: np.ndarray | None = None,
    inputs: np.ndarray | xr.DataArray | None = None,
    noise: float = 0.0,
    dt: float | None = None,
    monitors: bool = True,
    seed: int = 0,
) -> brian2.Network:
    """Return a live Brian2 network of LIF neurons on the frozen synapses, the learned biases in one form.

        tau_m dv/dt = E_L - v + (I_syn + I_tonic) / g_L + noise,   spike at v > v_th, reset to v_th - V,
        tau_s dz/dt = -z + spikes D / rate_scale,   I_syn = g_L V E z (low-rank: N K synapses, never N x N)

    A spike adds D / (rate_scale tau_s) to z, and as much more as neurons lose that read z once a step, after its
    decay: so what they read has the area of the rate network's filter (:meth:`~tonicnet.network.Filter.area`).
    Neurons that adapt have tau_a dI_a/dt = -I_a and I_a + J_a at a spike, I_syn - I_a in the place of I_syn.
    Where spikes begin by a current (``LIF(sharpness=)``), Delta_T exp((v - v_th) / Delta_T) is added to E_L - v, and a
    spike is at v > v_th + V_peak.
    With a rise time tau_r = ``rise``, tau_s dz/dt = z_in - z and tau_r dz_in/dt = -z_in + spikes D / rate_scale; spikes
    arrive after ``delay``. As none are under way when a run begins, what they would bring is in that stage then.

    Arguments
    ---------
    net, bias : a network with ``transfer="lif"``, and a bank of it or a bias vector (unit,).
    task : which task of the bank (may be left out where there is one).
    form : "threshold" (v_th_i = v_th - V b_i, reset and v shifted with it), "current" (I_tonic_i = g_L V b_i) or
        "leak" (E_L_i shifted); the same spikes.
    neurons_per_unit : LIF neurons for each rate unit, each with its own noise.
    propagation : how spikes come back: "latents" (low-rank networks: N K synapses), "matrix" (N x N synapses; of
        a low-rank network W = E D is formed, for comparison), or "auto", the cheaper of what the network has.
    initial : (component,) output to start from, in the task's units; one of the bank's starts if not given.
    inputs : u in the task's units, (time, component), one row a sampling step ``dt``, as :func:`tonicnet.simulate`
        takes them, from the time 0 of the network on; after their end the last row is held.
    noise : standard deviation of the input noise of each unit, with correlation time tau, in the transfer function's
        input unit; beside the noise that membranes have of their own (``LIF(noise=...)``).
    dt : sampling step of the output monitor, and of inputs, in seconds; tau / 10 if not given.
    monitors : add ``spikes`` (SpikeMonitor) and ``output`` (StateMonitor of the latents).
    seed : of the starting potentials and of the noise (the live ``neurons.noise_seed``).

    The objects are named ``neurons``, ``latents``, ``decoder``, ``spikes``, ``output``, and ``currents`` and
    ``recurrent`` where there are N x N synapses, ``inputs`` (u) with the operation ``feed`` that changes it, and
    ``input_noise`` (eta), where these are given: take them as ``network["neurons"]``. Change the task with
    :func:`switch`. Raises ValueError for a transfer function without a spiking neuron, an unknown form, or a
    bank of another network.

    Source: Brian2, Stimberg, Brette and Goodman (2019), doi:10.7554/eLife.47314.

    >>> from tonicnet.network import Network
    >>> live = to_brian2(Network(units=20, seed=0), np.ones(20))
    >>> sorted(o.name for o in live.objects)
    ['decoder', 'latents', 'neurons', 'output', 'spikes']
    """
    choose("form", form, eqs.FORMS)
    segments = plan(net, bias, duration=1.0, schedule=None, task=task, gains=True)
    entry = segments[0].entry
    model = LIFNetwork(net, neurons_per_unit, propagation, gain_of(segments))
    step = sampling_step(model, dt)
    start = starting_states(entry, initial, 1, generator(seed))[0, -1]
    whole = [Segment(entry, lasting(inputs, segments[0], step))]
    external = externals(inputs, noise, whole, step, 1, net.components)[0]
    return build(model, entry, form, start, external, dt=step, monitors=monitors, seed=seed)


def build(
    model: LIFNetwork, entry: Entry, form: str, start: np.ndarray, external: External, *, dt: float, monitors: bool,
    seed: int,
) -> brian2.Network:  # fmt: skip
    """Return the live network of a model, its latents at ``start`` (network coordinates)."""
    import brian2 as b2

    clock = b2.Clock(dt=model.lif.dt * b2.second, name="clock")
    filters = synaptic_filters(model.net.components, model.neurons if model.matrix else 0, model.constants(), clock)
    for group, values in starting_filters(model, entry, start).items():
        for name, initial in values.items():
            getattr(filters[group], f"{name}_")[:] = initial
    received, feed = live_external(model, external, clock, step=dt, seed=seed)
    neurons = _neurons(model, form, filters | received, clock)
    _set_neurons(neurons, model, entry, form, start, external, seed)
    objects = [
        *filters.values(),
        *received.values(),
        *feed,
        neurons,
        _decoder(model, neurons, filters["latents"], clock),
    ]
    if model.matrix:
        objects.append(_recurrent(model, neurons, filters["currents"], clock))
    if monitors:
        objects += [b2.SpikeMonitor(neurons, name="spikes"), _output(filters["latents"], dt)]
    return b2.Network(*objects)


def synaptic_filters(components: int, neurons: int, constants: dict[str, float], clock: Any) -> dict[str, Any]:
    """Return the groups that spikes feed: the latents, and the current of each neuron where there are N x N synapses.

    They decay exactly, and before the neurons read them: Brian2 runs groups in the order of their names.
    """
    import brian2 as b2

    shape = {"latents": (components, eqs.LATENT)} | ({"currents": (neurons, eqs.CURRENT)} if neurons else {})
    taus = {name: constants[name] * b2.second for name in ("tau_s", "tau_r") if name in constants}
    return {
        name: b2.NeuronGroup(
            size, eqs.through(text, "tau_r" in taus), method="exact", clock=clock, name=name, namespace=taus
        )
        for name, (size, text) in shape.items()
    }


def link(neurons: Any, groups: dict[str, Any], *, latent: bool) -> None:
    """Let the neurons read what they receive: latents and inputs, the current of their own, the noise of their unit."""
    import brian2 as b2

    read = {"z": groups["latents"]} if latent else {}
    read |= {"u": groups["inputs"]} if "inputs" in groups else {}
    for name, group in read.items():
        for c in range(len(group)):
            setattr(neurons, f"{name}_{c}", b2.linked_var(group, name, index=np.full(len(neurons), c)))
    if "currents" in groups:
        neurons.I_rec = b2.linked_var(groups["currents"], "I")
    if "input_noise" in groups:
        unit = np.arange(len(neurons)) // (len(neurons) // len(groups["input_noise"]))
        neurons.eta = b2.linked_var(groups["input_noise"], "eta", index=unit)


def quantities(constants: dict[str, float]) -> dict[str, Any]:
    """Return the constants of the neurons as Brian2 quantities, and the function of their noise if they have any."""
    import brian2 as b2

    units = {"tau_m": b2.second, "tau_s": b2.second, "tau_r": b2.second, "V": b2.volt, "g_L": b2.siemens, "noise": 1}
    units |= {"tau_a": b2.second, "J_a": b2.amp, "Delta_T": b2.volt, "V_peak": b2.volt}
    found = {name: value * units[name] for name, value in constants.items()}
    return found | {"normal": brian2_normal()} if constants["noise"] > 0 else found


def _neurons(model: LIFNetwork, form: str, groups: dict[str, Any], clock: Any) -> Any:
    """Return the neurons, linked to what they read."""
    import brian2 as b2

    lif = model.lif
    shared = {"v_th": lif.threshold * b2.volt, "E_L": lif.reset * b2.volt}
    shared.pop(eqs.FORMS[form], None)
    text = eqs.neuron(
        form, model.net.components, noise=lif.noise > 0, latent=model.latent_input, recurrent=model.matrix,
        driven="inputs" in groups, fluctuating="input_noise" in groups, adapting=lif.adapts,
        sharp=lif.sharpness > 0,
    )  # fmt: skip
    group = b2.NeuronGroup(
        model.neurons, text, method="euler", threshold=eqs.threshold(lif.sharpness > 0),
        reset=eqs.reset(lif.reset_rule, lif.adapts),
        refractory=lif.refractory * b2.second, clock=clock, name="neurons",
        namespace=quantities(model.constants()) | shared,
    )  # fmt: skip
    link(group, groups, latent=model.latent_input)
    return group


def _set_neurons(
    group: Any, model: LIFNetwork, entry: Entry, form: str, start: np.ndarray, external: External, seed: int
) -> None:
    """Give the neurons their encoders, the bias in one form, and membranes as in a long run."""
    for c in range(model.net.components if model.latent_input or external.driven else 0):
        getattr(group, f"e_{c}_")[:] = model.encoder[:, c]
    if model.lif.noise > 0:
        group.noise_seed = seed % SEEDS
    tonic = model.tonic(form, entry.bias)
    getattr(group, f"{eqs.FORMS[form]}_")[:] = tonic
    settled = settled_membranes(model, entry, start, external, seed)
    group.v_[:] = model.potential(form, settled.depth, tonic)
    if settled.adaptation is not None:
        group.I_a_[:] = settled.adaptation


def _decoder(model: LIFNetwork, neurons: Any, latents: Any, clock: Any) -> Any:
    """Return the synapses by which a spike of any neuron changes every latent."""
    import brian2 as b2

    decoder = b2.Synapses(
        neurons, latents, "w : 1", on_pre=eqs.through(eqs.ON_LATENT, model.rising), clock=clock, name="decoder",
        namespace={}, **_late(model),
    )  # fmt: skip
    decoder.connect()
    decoder.w_[:] = model.decoder.T.flatten()
    return decoder


def _recurrent(model: LIFNetwork, neurons: Any, currents: Any, clock: Any) -> Any:
    """Return the N x N synapses: those that are there if sparse, else from every neuron to every neuron."""
    import brian2 as b2

    recurrent = b2.Synapses(
        neurons,
        currents,
        "w : 1",
        on_pre=eqs.through(eqs.ON_RECURRENT, model.rising),
        clock=clock,
        name="recurrent",
        namespace=quantities(model.constants() | {"noise": 0.0}),
        **_late(model),
    )
    w = model.recurrent
    if isinstance(w, np.ndarray):
        recurrent.connect()
        recurrent.w_[:] = w.T.flatten()
    elif w is not None:
        recurrent.connect(i=w.col, j=w.row)
        recurrent.w_[:] = w.data
    return recurrent


def _late(model: LIFNetwork) -> dict[str, Any]:
    """Return the delay of the synapses as an argument of theirs, if there is one."""
    import brian2 as b2

    return {"delay": model.late * model.lif.dt * b2.second} if model.late else {}


def _output(latents: Any, step: float) -> Any:
    """Return the monitor of the output."""
    import brian2 as b2

    return b2.StateMonitor(latents, "z", record=True, dt=step * b2.second, name="output")


def sampling_step(model: LIFNetwork, dt: float | None) -> float:
    """Return the output's sampling step, a whole number of the neuron's own steps; about tau / 10 if not given."""
    ratio = round(model.net.tau / 10 / model.lif.dt) if dt is None else real(dt) / model.lif.dt
    if not (math.isfinite(ratio) and ratio >= 1) or abs(ratio - round(ratio)) > 1e-6:
        raise ValueError(
            f"dt {shown(dt)} s is the sampling step of the output and must be a whole number of the neuron's own "
            f"steps of {model.lif.dt} s"
        )
    return round(ratio) * model.lif.dt
