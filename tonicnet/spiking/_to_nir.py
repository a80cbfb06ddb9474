"""A spiking network as a NIR graph, the interchange format of neuromorphic software."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from .._labels import package_version
from .._names import choose
from ..bank import Entry
from ..network import Network
from ._lif_network import LIFNetwork
from ._plan import plan
from ._to_brian2 import Bias

if TYPE_CHECKING:
    import nir

UNSAYABLE = ("refractory", "noise", "soft reset", "rise", "delay", "adaptation", "sharpness")


def to_nir(
    net: Network, bank: Bias, *, task: str | None = None, neurons_per_unit: int = 1, inputs: bool = False,
    drop: Collection[str] = (),
) -> nir.NIRGraph:  # fmt: skip
    """Return the spiking network of one task as a NIR graph of current-based LIF neurons.

        tau_mem dv/dt = v_leak - v + I,   spike at v > v_threshold_i, v <- v_reset_i
        tau_syn dI/dt = -I + tau_syn W S,   v_threshold_i = v_th - V b_i,   v_reset_i = v_threshold_i - V

    Arguments
    ---------
    net, bank, task, neurons_per_unit : as for :func:`to_brian2`; one graph is one task.
    inputs : let the Input node take u (component), in the task's units, that goes through E into the neurons and not
        through their synapses, as in :func:`simulate`. A CubaLIF node filters all that it receives, so that its two
        halves are then two nodes: ``synapses`` (LI, of tau_syn) and ``neurons`` (LIF).
    drop : what NIR cannot express and is to be left out: "refractory" (the refractory time), "noise" (of the
        membrane), "soft reset" (a hard one stands instead), "rise" and "delay" (of the synapses, whose charge stays),
        "adaptation" (the spike-triggered current), "sharpness" (of the onset of spikes, which then are at v_threshold).
        The neurons then fire at other rates, or the output moves at another speed, than the network learned with;
        ``metadata["dropped"]`` says what is gone. Learn with ``LIF(refractory=0, noise=0)`` to need none of it.

    Nodes: ``input``, ``neurons`` (CubaLIF), ``decoder`` (spikes to components) and ``encoder`` for low-rank
    synapses and feedback, ``recurrent`` for N x N synapses, ``output`` (decoded spikes, to be filtered with
    tau_syn); with ``inputs`` also ``input_encoder``. Potentials are in V, times in s. Write it with ``nir.write``, go
    back with :func:`from_nir`. Raises ValueError for what cannot be expressed and is not dropped, ImportError
    without the extra ``nir``.

    Source: Pedersen et al. (2024), Nature Communications 15, doi:10.1038/s41467-024-52259-9.

    >>> graph = to_nir(Network(units=20, seed=0), np.ones(20), drop=("refractory", "noise"))
    >>> sorted(graph.nodes), float(graph.nodes["neurons"].v_threshold[0])
    (['decoder', 'encoder', 'input', 'neurons', 'output'], -0.07)
    """
    nir = nir_module()
    entry = plan(net, bank, duration=1.0, schedule=None, task=task)[0].entry
    model = LIFNetwork(net, neurons_per_unit)
    dropped = _dropped(model, drop)
    if not net.filter.first_order:  # the same synapses, which only decay
        model = LIFNetwork(Network.from_spec(replace(net.spec, rise=0.0, delay=0.0)), neurons_per_unit)
    nodes, edges = _synapses(nir, model, "synapses" if inputs else "neurons")
    cells, more = (_halves if inputs else _whole)(nir, model, entry)
    nodes |= cells | {"output": nir.Output({"output": np.array([net.components])})}
    edges += more
    about = {
        "tonicnet_version": package_version(), "network_sha256": net.sha256, "task": entry.task,
        "dropped": ", ".join(dropped) or "nothing", "dt": model.lif.dt, "units": "s, V",
    }  # fmt: skip
    return nir.NIRGraph(nodes=nodes, edges=edges, metadata=about)


def nir_module() -> Any:
    """Return the package nir; raise ImportError with the remedy if it is not there."""
    try:
        import nir
    except ImportError as error:
        raise ImportError('this needs the package nir; install it with: pip install "tonicnet[nir]"') from error
    return nir


def _dropped(model: LIFNetwork, drop: Collection[str]) -> list[str]:
    """Return what is left out; raise ValueError for what NIR cannot express and is not to be dropped."""
    for name in [drop] if isinstance(drop, str) else drop:
        choose("property to drop", name, UNSAYABLE)
    lif, late = model.lif, model.late > 0
    has = dict(
        zip(
            UNSAYABLE,
            (
                lif.refractory > 0,
                lif.noise > 0,
                lif.reset_rule == "soft",
                model.rising,
                late,
                lif.adapts,
                lif.sharpness > 0,
            ),
            strict=True,
        )
    )
    lost = [name for name in UNSAYABLE if has[name]]
    kept = [name for name in lost if name not in drop]
    if kept:
        raise ValueError(
            f"NIR cannot say: {', '.join(kept)}; leave it out with drop={tuple(lost)!r}, which changes the rates, or "
            'learn on a network with transfer=tn.LIF(refractory=0, noise=0, reset_rule="hard")'
            + ", rise=0 and delay=0" * (model.rising or late)
            + "; it does not adapt" * lif.adapts
            + "; its spikes begin at the threshold" * (lif.sharpness > 0)
        )
    return lost


def _whole(nir: Any, model: LIFNetwork, entry: Entry) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """Return neurons with their synapses in one CubaLIF node, the bias in its thresholds and resets."""
    same = np.ones(model.neurons)
    cells = nir.CubaLIF(tau_syn=model.net.tau * same, w_in=model.net.tau * same, tau_mem=model.lif.tau_m * same,
                        **_membrane(model, entry))  # fmt: skip
    return {"input": nir.Input({"input": np.array([model.neurons])}), "neurons": cells}, [("input", "neurons")]


def _halves(nir: Any, model: LIFNetwork, entry: Entry) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """Return neurons and their synapses as two nodes, with inputs between them: dI/dt = -I / tau_syn + W S."""
    same = np.ones(model.neurons)
    nodes = {
        "input": nir.Input({"input": np.array([model.net.components])}),
        "input_encoder": nir.Linear(model.constants()["V"] * model.encoder / entry.scaling.input_unit),
        "synapses": nir.LI(tau=model.net.tau * same, r=model.net.tau * same, v_leak=0 * same),
        "neurons": nir.LIF(tau=model.lif.tau_m * same, **_membrane(model, entry)),
    }
    return nodes, [("input", "input_encoder"), ("input_encoder", "neurons"), ("synapses", "neurons")]


def _membrane(model: LIFNetwork, entry: Entry) -> dict[str, np.ndarray]:
    lif, same = model.lif, np.ones(model.neurons)
    v_threshold = model.tonic("threshold", entry.bias)
    v_reset = v_threshold - (lif.threshold - lif.reset)
    return {"r": same, "v_leak": lif.reset * same, "v_threshold": v_threshold, "v_reset": v_reset}


def _synapses(nir: Any, model: LIFNetwork, onto: str) -> tuple[dict[str, Any], list[tuple[str, str]]]:
    """Return the linear nodes, and all edges. A spike adds V times its weight to I (V), in the latents or in W."""
    span = model.constants()["V"]
    nodes = {"decoder": nir.Linear(model.decoder)}
    edges = [("neurons", "decoder"), ("decoder", "output")]
    if model.latent_input:
        nodes["encoder"] = nir.Linear(span * model.encoder)
        edges += [("decoder", "encoder"), ("encoder", onto)]
    w = model.recurrent
    if w is not None:
        nodes["recurrent"] = nir.Linear(span * (w if isinstance(w, np.ndarray) else w.toarray()))
        edges += [("neurons", "recurrent"), ("recurrent", onto)]
    return nodes, edges
