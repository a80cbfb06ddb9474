"""A NIR graph of one recurrent population as a live Brian2 network."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from jaxtyping import Float

from ._equations import THRESHOLD
from ._to_nir import nir_module

if TYPE_CHECKING:
    import brian2
    import nir

_NEURON = """
dv/dt = (E_L - v + R * I) / tau_m : volt
I : volt (linked)
v_th : volt
v_reset : volt
E_L : volt
R : 1
tau_m : second
"""
_CURRENT = "dI/dt = -I / tau_s : volt\ntau_s : second (constant)"


def from_nir(graph: nir.NIRGraph, *, dt: float | None = None) -> brian2.Network:
    """Return a live Brian2 network of a NIR graph: one population of CubaLIF neurons and linear synapses.

        tau_m dv/dt = E_L - v + R I,   tau_s dI/dt = -I,   spike at v > v_th, v <- v_reset;   a spike of j adds
        w_in_i W_ij / tau_s to I_i,   W the sum over all paths of Linear nodes from the population to itself

    Arguments: ``graph``, of :func:`to_nir` or any other tool, or read with ``nir.read``; ``dt``, the step in
    seconds, that of the graph's metadata if not given. Potentials are taken as V and times as s, as NIR has them.

    The objects are named ``neurons``, ``currents``, ``recurrent`` and ``spikes``; what comes through an Input node
    is left to the user (``network["currents"].I``), and so are starting potentials (v at its reset). Raises
    ValueError for nodes other than CubaLIF, Linear, Input and Output, for more than one population, or without
    a step; ImportError without the extra ``nir``.

    Source: Pedersen et al. (2024), Nature Communications 15, doi:10.1038/s41467-024-52259-9.

    >>> from tonicnet.network import LIF, Network
    >>> from tonicnet.spiking import to_nir
    >>> net = Network(units=20, seed=0, transfer=LIF(refractory=0.0, noise=0.0))
    >>> live = from_nir(to_nir(net, np.ones(20)))
    >>> float(live["neurons"].v_th_[0])
    -0.07
    """
    import brian2 as b2

    node = graph.nodes[_population(graph)]
    step = _step(graph, node, dt)
    clock = b2.Clock(dt=step * b2.second, name="clock")
    count = node.v_threshold.size
    currents = b2.NeuronGroup(count, _CURRENT, method="exact", clock=clock, name="currents", namespace={})
    currents.tau_s_[:] = np.ravel(node.tau_syn)
    neurons = _neurons(node, count, clock)
    neurons.I = b2.linked_var(currents, "I")
    weights = np.ravel(node.w_in / node.tau_syn)[:, None] * _recurrent(graph)
    recurrent = b2.Synapses(
        neurons, currents, "w : volt", on_pre="I_post += w", clock=clock, name="recurrent", namespace={}
    )
    post, pre = np.nonzero(weights)
    recurrent.connect(i=pre, j=post)
    recurrent.w_[:] = weights[post, pre]
    return b2.Network(currents, neurons, recurrent, b2.SpikeMonitor(neurons, name="spikes"))


def _neurons(node: Any, count: int, clock: Any) -> Any:
    """Return the neurons of a CubaLIF node, v at the reset."""
    import brian2 as b2

    group = b2.NeuronGroup(
        count, _NEURON, method="euler", threshold=THRESHOLD, reset="v = v_reset", clock=clock, name="neurons",
        namespace={},
    )  # fmt: skip
    carried = {
        "v_th": node.v_threshold, "v_reset": node.v_reset, "E_L": node.v_leak, "R": node.r, "tau_m": node.tau_mem,
    }  # fmt: skip
    for name, values in carried.items():
        getattr(group, f"{name}_")[:] = np.ravel(values)
    group.v_[:] = np.ravel(node.v_reset)
    return group


def _population(graph: Any) -> str:
    """Return the name of the one population; raise ValueError for nodes that cannot be built here."""
    nir_module()
    kinds = {name: type(node).__name__ for name, node in graph.nodes.items()}
    strange = {name: kind for name, kind in kinds.items() if kind not in ("CubaLIF", "Linear", "Input", "Output")}
    if strange:
        listed = ", ".join(f"{name!r} ({kind})" for name, kind in strange.items())
        raise ValueError(f"this graph has {listed}; from_nir reads CubaLIF, Linear, Input and Output nodes")
    found = [name for name, kind in kinds.items() if kind == "CubaLIF"]
    if len(found) != 1:
        raise ValueError(f"from_nir reads graphs of one CubaLIF population, this one has {len(found)}")
    return found[0]


def _step(graph: Any, node: Any, dt: float | None) -> float:
    """Return the time step; raise ValueError if there is none, or one too coarse for the node."""
    step = graph.metadata.get("dt") if dt is None else dt
    if step is None:
        raise ValueError("this graph does not say its time step; give dt= in seconds")
    fastest = float(min(np.min(node.tau_mem), np.min(node.tau_syn)))
    if not 0 < float(step) <= fastest / 10:
        raise ValueError(
            f"dt {float(step):g} s is too coarse for the fastest time constant {fastest:g} s (or not positive); use "
            f"at most {fastest / 10:g} s"
        )
    return float(step)


def _recurrent(graph: Any) -> Float[np.ndarray, "unit unit"]:
    """Return the summed weights over all paths from the population through linear nodes back to itself."""
    name = _population(graph)
    after = {node: [b for a, b in graph.edges if a == node] for node in graph.nodes}
    same = np.eye(graph.nodes[name].v_threshold.size)
    total = after[name].count(name) * same
    paths = [(node, graph.nodes[node].weight) for node in after[name] if _linear(graph, node)]
    for _ in graph.nodes:  # no path is longer than the graph
        for node, weight in paths:
            total = total + after[node].count(name) * weight if name in after[node] else total
        paths = [(b, graph.nodes[b].weight @ w) for a, w in paths for b in after[a] if _linear(graph, b)]
    return total


def _linear(graph: Any, node: str) -> bool:
    """Whether a node is Linear."""
    return type(graph.nodes[node]).__name__ == "Linear"
