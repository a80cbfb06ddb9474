"""Where a threshold is not a current, switch and verify say why."""

from __future__ import annotations

import numpy as np
import pytest

import tonicnet as tn

NEURON = "I : volt\nv_th : volt\ntau : second (shared, constant)"
LEAKY = f"dv/dt = (I - v) / tau : volt\n{NEURON}"
NET = tn.Network(10, seed=0)


def group(equations: str, reset: str, threshold: str = "v > v_th", method: str = "euler"):
    import brian2 as b2

    neurons = b2.NeuronGroup(
        10, equations, threshold=threshold, reset=reset, method=method, name="neurons", namespace={"V": 20 * b2.mV}
    )
    return b2.Network(neurons)


EQUIVALENT = {
    "leaky, hard": (LEAKY, "v = v_th - V"),
    "leaky, soft": (LEAKY, "v -= V"),
    "refractory clamp": (LEAKY.replace(": volt", ": volt (unless refractory)", 1), "v = v_th - V"),
    "adaptation": (LEAKY.replace("I - v", "I - a - v", 1) + "\nda/dt = -a / (100*ms) : volt", "v = v_th - V"),
}
DIFFERENT = {
    "unshifted reset": (LEAKY, "v = -70*mV", "the reset 'v = -70\\*mV' does not keep its distance"),
    "subtracted threshold": (LEAKY, "v -= v_th", "takes away the threshold itself"),
    "no leak": (f"dv/dt = I / tau : volt\n{NEURON}", "v = v_th - V", "v has no leak"),
    "quadratic": (f"dv/dt = (I + v**2 / mV) / tau : volt\n{NEURON}", "v = v_th - V", "not linear in v"),
    "exponential": (f"dv/dt = (I - v + mV * exp(v / mV)) / tau : volt\n{NEURON}", "v = v_th - V", "not linear in v"),
    "conductance": (
        f"dv/dt = (I - v - g * (v - 60*mV)) / tau : volt\ndg/dt = -g / (5*ms) : 1\n{NEURON}",
        "v = v_th - V",
        r"leak of v depends on g \(a conductance\)",
    ),
    "another condition": (LEAKY, "v = v_th - V", "fires at 'v >= v_th'"),
}


@pytest.mark.parametrize("kind", EQUIVALENT)
def test_what_is_the_same_network_is_let_through(kind):
    equations, reset = EQUIVALENT[kind]
    live = group(equations, reset)
    assert tn.spiking._equivalence.form_of(live["neurons"]) == "threshold"


@pytest.mark.parametrize("kind", DIFFERENT)
def test_what_is_not_is_refused_with_the_reason(kind):
    equations, reset, reason = DIFFERENT[kind]
    live = group(equations, reset, "v >= v_th" if kind == "another condition" else "v > v_th")
    for refused in (
        lambda: tn.spiking.switch(live, NET, np.zeros(10)),
        lambda: tn.spiking.verify(NET, np.zeros(10), duration=0.1, live=live),
    ):
        with pytest.raises(ValueError, match=f"not the same network here: .*{reason}"):
            refused()


@pytest.mark.parametrize("form", ["threshold", "current", "leak"])
@pytest.mark.parametrize("kind", ["low-rank", "dense"])
def test_what_to_brian2_builds_is_equivalent(form, kind, numpy_code):
    net = tn.Network(10, seed=0, synapses=kind)
    assert tn.spiking._equivalence.form_of(tn.spiking.to_brian2(net, np.ones(10), form=form)["neurons"]) == form


@pytest.mark.filterwarnings("ignore::UserWarning")
def test_the_reasons_are_true():
    """The conductance and the unshifted reset of the list, run: the spikes do part."""
    import brian2 as b2

    def spikes(reset: str, conductance: float, b: float, form: str) -> list[float]:
        high, rest, lift = (20.0 - b, -b, 0.0) if form == "threshold" else (20.0, 0.0, b)
        numbers = {"high": high, "low": high - 20, "lift": lift, "g": conductance}
        neuron = b2.NeuronGroup(
            1, "dv/dt = (30 + lift - v - g * (v - 10)) / (10*ms) : 1", threshold="v > high", reset=reset,
            method="euler", namespace=numbers,
        )  # fmt: skip
        neuron.v = rest
        monitor = b2.SpikeMonitor(neuron)
        b2.Network(neuron, monitor).run(100 * b2.ms, namespace={})
        return monitor.t_[:].tolist()

    with tn.spiking._codegen.target("numpy"):
        for reset, g, same in (
            ("v = low", 0.0, True),
            ("v -= 20", 0.0, True),
            ("v = 0", 0.0, False),
            ("v = low", 0.3, False),
        ):
            pair = [spikes(reset, g, 3.0, form) for form in ("threshold", "current")]
            assert len(pair[0]) > 5
            assert (pair[0] == pair[1]) == same
