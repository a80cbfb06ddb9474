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
dv/dt = (E_L - v + R * (I + I_ext)) / tau_m : volt
I : volt (linked)
I_ext : volt
v_th : volt
v_reset : volt
E_L : volt
R : 1
tau_m : second
"""
_KNOWN = ("CubaLIF", "LIF", "LI", "Linear", "Input", "Output")
_CURRENT = "dI/dt = -I / tau_s : volt\ntau_s : second (constant)"


def from_nir(graph: nir.NIRGraph, *, dt: float | None = None) -> brian2.Network:
    """Return a live Brian2 network of a NIR graph: one population of CubaLIF neurons and linear synapses.

        tau_m dv/dt = E_L - v + R (I + I_ext),   tau_s dI/dt = -I,   spike at v > v_th, v <- v_reset;
        a spike of j adds w_in_i W_ij / tau_s to I_i

    W is the sum over all paths of Linear nodes from the population to itself. The population may also be LIF neurons
    behind an LI node of as many (r in the place of w_in), which its spikes come back to.

    Arguments: ``graph``, of :func:`to_nir` or any other tool, or read with ``nir.read``; ``dt``, the step in
    seconds, that of the graph's metadata if not given. Potentials are taken as V and times as s, as NIR has them.

    The objects are named ``neurons``, ``currents``, ``recurrent`` and ``spikes``; what comes through an Input node
    is left to the user: ``network["currents"].I`` of CubaLIF neurons, ``network["neurons"].I_ext`` of LIF neurons
    (for a graph of ``to_nir(..., inputs=True)``, the weight of ``input_encoder`` times u). So are starting potentials
    (v at its reset). Raises ValueError for nodes other than CubaLIF, LIF, LI, Linear, Input and Output, for more than
    one population, LIF neurons without an LI node, or without a step; ImportError without the extra ``nir``.

    Source: Pedersen et al. (2024), Nature Communications 15, doi:10.1038/s41467-024-52259-9.

    >>> from tonicnet.network import LIF, Network
    >>> from tonicnet.spiking import to_nir
    >>> net = Network(units=20, seed=0, transfer=LIF(refractory=0.0, noise=0.0))
    >>> live = from_nir(to_nir(net, np.ones(20)))
    >>> float(live["neurons"].v_th_[0])
    -0.07
    """
    import brian2 as b2

    node, synapses = graph.nodes[_population(graph)], graph.nodes[_entrance(graph)]
    tau_s, gain = (node.tau_syn, node.w_in) if synapses is node else (synapses.tau, synapses.r)
    tau_m = node.tau_mem if synapses is node else node.tau
    step = _step(graph, float(min(np.min(tau_m), np.min(tau_s))), dt)
    clock = b2.Clock(dt=step * b2.second, name="clock")
    count = node.v_threshold.size
    currents = b2.NeuronGroup(count, _CURRENT, method="exact", clock=clock, name="currents", namespace={})
    currents.tau_s_[:] = np.ravel(tau_s)
    neurons = _neurons(node, tau_m, count, clock)
    neurons.I = b2.linked_var(currents, "I")
    weights = np.ravel(gain / tau_s)[:, None] * _recurrent(graph)
    recurrent = b2.Synapses(
        neurons, currents, "w : volt", on_pre="I_post += w", clock=clock, name="recurrent", namespace={}
    )
    post, pre = np.nonzero(weights)
    recurrent.connect(i=pre, j=post)
    recurrent.w_[:] = weights[post, pre]
    return b2.Network(currents, neurons, recurrent, b2.SpikeMonitor(neurons, name="spikes"))


def _neurons(node: Any, tau_m: np.ndarray, count: int, clock: Any) -> Any:
    """Return the neurons of a CubaLIF or LIF node, v at the reset."""
    import brian2 as b2

    group = b2.NeuronGroup(
        count, _NEURON, method="euler", threshold=THRESHOLD, reset="v = v_reset", clock=clock, name="neurons",
        namespace={},
    )  # fmt: skip
    carried = {
        "v_th": node.v_threshold, "v_reset": node.v_reset, "E_L": node.v_leak, "R": node.r, "tau_m": tau_m,
    }  # fmt: skip
    for name, values in carried.items():
        getattr(group, f"{name}_")[:] = np.ravel(values)
    group.v_[:] = np.ravel(node.v_reset)
    return group


def _population(graph: Any) -> str:
    """Return the name of the one population; raise ValueError for nodes that cannot be built here."""
    nir_module()
    kinds = {name: type(node).__name__ for name, node in graph.nodes.items()}
    strange = {name: kind for name, kind in kinds.items() if kind not in _KNOWN}
    if strange:
        listed = ", ".join(f"{name!r} ({kind})" for name, kind in strange.items())
        raise ValueError(f"this graph has {listed}; from_nir reads {', '.join(_KNOWN[:-1])} and {_KNOWN[-1]} nodes")
    found = [name for name, kind in kinds.items() if kind in ("CubaLIF", "LIF")]
    if len(found) != 1:
        raise ValueError(f"from_nir reads graphs of one CubaLIF population, or one of LIF, this one has {len(found)}")
    return found[0]


def _entrance(graph: Any) -> str:
    """Return the node that spikes come back to: the CubaLIF population itself, or the LI node before a LIF one."""
    name = _population(graph)
    if type(graph.nodes[name]).__name__ == "CubaLIF":
        return name
    found = [node for node, kind in graph.nodes.items() if type(kind).__name__ == "LI"]
    size = graph.nodes[name].v_threshold.size
    if len(found) == 1 and (found[0], name) in graph.edges and graph.nodes[found[0]].tau.size == size:
        return found[0]
    raise ValueError(
        f"from_nir reads LIF neurons behind one LI node of as many, which filters their spikes; {name!r} has none "
        "of these; use CubaLIF"
    )


def _step(graph: Any, fastest: float, dt: float | None) -> float:
    """Return the time step; raise ValueError if there is none, or one too coarse for the node."""
    step = graph.metadata.get("dt") if dt is None else dt
    if step is None:
        raise ValueError("this graph does not say its time step; give dt= in seconds")
    if not 0 < float(step) <= fastest / 10:
        raise ValueError(
            f"dt {float(step):g} s is too coarse for the fastest time constant {fastest:g} s (or not positive); use "
            f"at most {fastest / 10:g} s"
        )
    return float(step)


def _recurrent(graph: Any) -> Float[np.ndarray, "unit unit"]:
    """Return the summed weights over all paths from the population through linear nodes back to itself."""
    name, onto = _population(graph), _entrance(graph)
    after = {node: [b for a, b in graph.edges if a == node] for node in graph.nodes}
    same = np.eye(graph.nodes[name].v_threshold.size)
    total = after[name].count(onto) * same
    paths = [(node, graph.nodes[node].weight) for node in after[name] if _linear(graph, node)]
    for _ in graph.nodes:  # no path is longer than the graph
        for node, weight in paths:
            total = total + after[node].count(onto) * weight if onto in after[node] else total
        paths = [(b, graph.nodes[b].weight @ w) for a, w in paths for b in after[a] if _linear(graph, b)]
    return total


def _linear(graph: Any, node: str) -> bool:
    """Whether a node is Linear."""
    return type(graph.nodes[node]).__name__ == "Linear"
