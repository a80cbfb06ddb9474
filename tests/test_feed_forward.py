"""Feed-forward networks: the recipe and its draw, the equation against plain numpy, adjoints against autograd."""

from __future__ import annotations

import copy
import json
import pickle
import tomllib

import numpy as np
import pytest
import torch
from scipy.ndimage import gaussian_filter
from scipy.stats import kstest

import tonicnet as tn
from tonicnet.circuit import FeedForward, circuit_of, placed
from tonicnet.learn import first_bias
from tonicnet.network import NetworkSpec, network_from_dict

LAYERED = {"synapses": "feed-forward", "outputs": 3, "transfer": "tanh"}
SHAPES = {"one": 14, "two": (9, 8), "three": (6, 7, 5)}


def net_of(units: int | tuple[int, ...] = 30, seed: int = 2, **given: object) -> tn.Network:
    return tn.Network(units, seed=seed, **{"inputs": 5, **LAYERED, **given})


# ---------------------------------------------------------------- the recipe checks itself


@pytest.mark.parametrize(
    ("bad", "error", "said"),
    [
        ({"inputs": None}, ValueError, "needs inputs, the shape of one sample"),
        ({"outputs": None}, ValueError, "needs outputs, how many it has"),
        ({"inputs": 0}, ValueError, "inputs must be at least 1"),
        ({"inputs": 2.5}, TypeError, "inputs must be a whole number or a list of them, got 2.5"),
        ({"inputs": "28"}, TypeError, "inputs must be a whole number or a list of them"),
        ({"inputs": (2, 2, 2, 2)}, ValueError, "inputs have 3 axes at most"),
        ({"units": ()}, TypeError, "units must be a whole number or a list of them"),
        ({"units": (5, 0)}, ValueError, "units must be at least 1"),
        ({"units": True}, TypeError, "units must be a whole number"),
        ({"weights": "fields"}, ValueError, "unknown weights 'fields'"),
        ({"weights": "smooth"}, ValueError, "smooth weights are fields over a picture"),
        ({"width": 2.0}, ValueError, "width is that of smooth fields, got weights='dense'"),
        ({"inputs": (6, 6), "width": 0.0}, ValueError, "width must be a positive number of pixels"),
        ({"inputs": (6, 6), "width": "2"}, ValueError, "width must be a positive number of pixels"),
        ({"density": 0.5}, ValueError, 'density 0.5 needs weights="sparse" or "ternary"'),
        ({"readout": "onehot"}, ValueError, "Did you mean 'one-hot'"),
        ({"outputs": 40}, ValueError, "a unit for each of 40 outputs at least, got 30"),
        ({"gain": 2.0}, ValueError, "gain scales synapses between hidden layers"),
        ({"tau": 0.2}, ValueError, "has no state and no tau, got tau=0.2; leave it out"),
        ({"dt": 0.1}, ValueError, "has no state and no dt"),
        ({"rise": 0.01}, ValueError, "has no state and no rise"),
        ({"feedback": False}, ValueError, "has no state and no feedback"),
        ({"dale": True}, ValueError, "has no state and no dale"),
        ({"draw": "paired"}, ValueError, "has no state and no draw"),
        ({"units": 10**9, "inputs": 10**6}, MemoryError, "a feed-forward network of 1000000000 units"),
    ],
)
def test_every_bad_field_is_one_sentence(bad, error, said):
    with pytest.raises(error, match=said) as caught:
        tn.Network(**{"units": 30, "seed": 0, "inputs": 5, **LAYERED, **bad})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    "given", [{"inputs": 5}, {"outputs": 3}, {"weights": "sparse"}, {"readout": "gaussian"}, {"width": 2.0}]
)
def test_other_networks_have_none_of_it(given):
    for synapses in ("low-rank", "dense", "sparse"):
        with pytest.raises(ValueError, match="feed-forward"):
            tn.Network(20, seed=0, synapses=synapses, **given)
    with pytest.raises(TypeError, match="units must be a whole number"):
        tn.Network((5, 5), seed=0)


# ---------------------------------------------------------------- the draw and its hash


DRAWN = [
    ({}, "d7c1fe153d441c80"),
    ({"weights": "sparse", "density": 0.3}, "f14ab5c69624ecb3"),
    ({"weights": "ternary", "readout": "gaussian"}, "2c20908474f79515"),
    ({"inputs": (6, 5)}, "93803f1f7305630a"),
    ({"units": (12, 9), "gain": 1.5, "inputs": (6, 5, 2), "width": 1.0}, "1955eede6e067447"),
]


@pytest.mark.parametrize(("given", "known"), DRAWN, ids=[known for _, known in DRAWN])
def test_the_draw_of_this_release_is_pinned(given, known):
    assert net_of(**given).sha256[:16] == known


CHANGES = [
    {"seed": 3}, {"units": 31}, {"units": (30, 4)}, {"outputs": 4}, {"inputs": (1, 5), "weights": "dense"},
    {"weights": "ternary"}, {"weights": "sparse"}, {"readout": "gaussian"}, {"encoder_scale": 0.7},
    {"decoder_scale": 1.0}, {"transfer": "relu"},
]  # fmt: skip


@pytest.mark.parametrize("change", CHANGES, ids=str)
def test_the_hash_changes_with_all_that_decides(change):
    assert net_of().sha256 != net_of(**change).sha256


def test_width_and_gain_are_hashed():
    assert net_of(inputs=(6, 6)).sha256 != net_of(inputs=(6, 6), width=1.0).sha256
    assert net_of((5, 6)).sha256 != net_of((5, 6), gain=1.2).sha256


@pytest.mark.parametrize("given", [one for one, _ in DRAWN], ids=str)
def test_round_trips(given, tmp_path):
    net = net_of(**given)
    path = tmp_path / "network.toml"
    assert network_from_dict(tomllib.loads(net.to_toml(path)), origin="text") == net
    assert tn.load_network(path).spec == net.spec
    assert network_from_dict(json.loads(json.dumps(net.to_dict())), origin="json") == net
    assert not {"tau", "rise", "delay", "dt", "feedback", "dale", "inhibitory", "draw"} & set(net.to_dict())
    back = pickle.loads(pickle.dumps(net))
    assert back == net
    assert copy.deepcopy(net) is net
    between = [] if len(net.spec.layers) == 1 else [net.recurrent.data, back.recurrent.data]
    for array in (back.encoder, back.decoder, net.encoder, net.decoder, *between):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0


def test_a_recipe_whose_layers_do_not_add_up_is_refused():
    with pytest.raises(ValueError, match=r"layers \(3, 4\) hold 7 units, the recipe says 8"):
        NetworkSpec(units=8, layers=(3, 4), seed=0, synapses="feed-forward", inputs=(5,))


def test_it_says_what_it_is():
    assert "9 + 8 units, feed-forward, K = 3, tanh, 5 inputs, dense weights, one-hot readout" in repr(net_of((9, 8)))
    page = net_of(inputs=(6, 6))._repr_html_()
    assert "6 x 6 inputs" in page
    assert "smooth" in page


def test_scales_are_those_of_the_recipe():
    net = net_of(4000, inputs=(20, 20), weights="dense", readout="gaussian", encoder_scale=0.5, decoder_scale=3.0)
    assert kstest(net.encoder[:, 7] * 20 / 0.5, "norm").pvalue > 0.01
    np.testing.assert_allclose((net.decoder.astype(float) ** 2).sum(1), 9.0, rtol=0.1)
    second = net_of((50, 60), gain=2.0).recurrent.toarray()
    assert second.shape == (110, 110)
    assert not second[:50].any()
    assert not second[50:, 50:].any()
    assert second[50:, :50].std() == pytest.approx(2.0 / np.sqrt(50), rel=0.05)


@pytest.mark.parametrize(("weights", "density"), [("sparse", 0.2), ("ternary", 0.3), ("ternary", 1.0)])
def test_thin_weights_have_the_variance_of_dense_ones(weights, density):
    w = net_of(2000, inputs=100, weights=weights, density=density).encoder
    assert (w != 0).mean() == pytest.approx(density, abs=0.01)
    assert w.std() == pytest.approx(0.8 / 10, rel=0.02)
    if weights == "ternary":
        assert len(np.unique(np.abs(w))) == 1 + (density < 1)


def test_smooth_fields_are_those_of_a_gaussian_filter():
    """The same numbers through scipy's filter, which has the same reach and sees zero outside the picture."""
    net = net_of(40, inputs=(12, 10), width=1.5, encoder_scale=1.0)
    drawn = np.random.Generator(np.random.Philox(2)).standard_normal((40, 12, 10))
    wanted = gaussian_filter(drawn, (0, 1.5, 1.5), mode="constant", radius=(0, 6, 6))
    made = net.encoder.reshape(40, 12, 10)
    ratio = made / wanted
    np.testing.assert_allclose(ratio, ratio[0, 0, 0], rtol=2e-5)
    wide = net_of(4000, inputs=(30, 30), encoder_scale=30.0).encoder.reshape(-1, 30, 30)[:, 12:18, 12:18]
    assert wide.std() == pytest.approx(1.0, rel=0.02)


def test_channels_of_a_picture_are_independent():
    w = net_of(4000, inputs=(9, 9, 2), encoder_scale=1.0).encoder.reshape(-1, 9, 9, 2)
    assert abs(np.corrcoef(w[:, 4, 4, 0], w[:, 4, 4, 1])[0, 1]) < 0.06
    assert np.corrcoef(w[:, 4, 4, 0], w[:, 4, 5, 0])[0, 1] > 0.8


def test_a_one_hot_readout_feeds_one_output_a_unit_with_either_sign():
    c = net_of(30, decoder_scale=2.0).decoder
    assert ((c != 0).sum(0) == 1).all()
    assert ((c != 0).sum(1) == 10).all()
    np.testing.assert_allclose(np.abs(c[c != 0]), 2 * np.sqrt(3 / 30), rtol=1e-6)
    assert (c > 0).any(1).all()
    assert (c < 0).any(1).all()
    layered = net_of((9, 6)).decoder
    assert not layered[:, :9].any()


def test_first_tonic_inputs_are_narrower_where_inputs_are_many():
    wide, narrow = (first_bias(net_of(4000, inputs=n), seed=0).std() for n in (1, 100))
    assert wide == pytest.approx(3.0, rel=0.05)
    assert narrow == pytest.approx(0.3, rel=0.05)


# ---------------------------------------------------------------- the equation, once


def plain(net: tn.Network, bias: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Rates of all units in numpy, layer by layer."""
    rates, end, before = [], 0, x.T
    w = net.encoder.astype(float)[: net.spec.layers[0]]
    for k, size in enumerate(net.spec.layers):
        if k:
            w = net.recurrent.toarray().astype(float)[end : end + size, end - net.spec.layers[k - 1] : end]
        before = np.tanh(w @ before + bias[end : end + size, None])
        rates.append(before)
        end += size
    return np.concatenate(rates).T


@pytest.fixture(params=SHAPES.values(), ids=SHAPES)
def net(request: pytest.FixtureRequest) -> tn.Network:
    return net_of(request.param, readout="gaussian")


def test_the_circuit_is_the_equation(net):
    rng = np.random.default_rng(0)
    bias, x = rng.normal(0, 1, net.units), rng.normal(0, 1, (6, 5))
    circuit = circuit_of(net)
    assert isinstance(circuit, FeedForward)
    dynamics = placed(circuit, {"bias": bias}, ("bias",))
    wanted = plain(net, bias, x)
    rate, response = dynamics.rate(torch.tensor(x)), dynamics.respond(torch.tensor(x))
    np.testing.assert_allclose(rate, wanted, atol=1e-12)
    np.testing.assert_allclose(response.rate, wanted, atol=1e-12)
    np.testing.assert_allclose(response.through, 1 - wanted**2, atol=1e-12)
    np.testing.assert_allclose(circuit.collect(rate), wanted @ net.decoder.astype(float).T, atol=1e-12)
    np.testing.assert_allclose(circuit.spread(torch.eye(3).double()), net.decoder, atol=1e-7)
    np.testing.assert_allclose(circuit.through_synapses(torch.tensor(x)), x @ net.encoder.T.astype(float), atol=1e-12)
    assert torch.equal(circuit.rates(torch.tensor(x), rate), rate)


@pytest.mark.parametrize("name", ["bias", "gain", "scale"])
def test_adjoints_are_those_of_autograd(net, name):
    rng = np.random.default_rng(1)
    numbers = {"bias": rng.normal(0, 1, net.units), name: rng.normal(1, 0.3, net.units)}
    circuit, x = circuit_of(net), torch.tensor(rng.normal(0, 1, (4, 5)))
    response = placed(circuit, numbers, (name,)).respond(x)
    seed = torch.tensor(rng.normal(0, 1, (4, 3)))
    made = (circuit.back(seed, response.through) * response.touch[name]).sum(0)
    theta = torch.tensor(numbers[name], requires_grad=True)
    y = circuit.collect(placed(circuit, numbers | {name: theta}).rate(x))
    (wanted,) = torch.autograd.grad((y * seed).sum(), theta)
    torch.testing.assert_close(made, wanted, rtol=1e-9, atol=1e-12)


def test_pull_is_the_transpose_of_drive(net):
    circuit, rng = circuit_of(net), np.random.default_rng(2)
    x, y = torch.tensor(rng.normal(size=(4, 5))), torch.tensor(rng.normal(size=(4, net.units)))
    brought = circuit.drive(x, torch.zeros(net.units).double())
    assert float((brought * y).sum()) == pytest.approx(float((x * circuit.pull(y)).sum()), abs=1e-10)


def test_outputs_beyond_those_in_use_are_silent(net):
    few = circuit_of(net).using(2)
    rate = torch.ones(3, net.units).double()
    assert not few.collect(rate)[:, 2:].any()
    assert torch.equal(few.collect(rate)[:, :2], circuit_of(net).collect(rate)[:, :2])
    assert circuit_of(net).using(1).using(3).out.any()
    whole = circuit_of(net)
    whole.using(1)
    assert whole.out[:, 1:].any()  # circuits of several tasks share tensors
    other = few.with_decoder(torch.ones(3, net.units).double())
    assert not other.out[:, 2:].any()
    assert (other.out != 0).sum() == 2 * net.spec.layers[-1]


@pytest.mark.parametrize("ask", ["output", "linear", "pushed"])
def test_there_is_no_state_to_ask_for(net, ask):
    given = torch.zeros(2, net.units).double()
    with pytest.raises(TypeError, match=r"has no state, and .* needs one; use tonicnet.predict"):
        getattr(circuit_of(net), ask)(*([given, given] if ask == "pushed" else [given]))


# ---------------------------------------------------------------- what needs a state refuses it


def _lif(**given: object) -> tn.Network:
    return net_of(transfer="lif", **given)


MOVES = {
    "simulate": lambda net: tn.simulate(net, np.zeros(30), duration=1.0),
    "flow": lambda net: tn.flow(net, np.zeros(30)),
    "fixed points": lambda net: tn.measure.fixed_points(net, np.zeros(30)),
    "spectrum": lambda net: tn.measure.lyapunov_spectrum(net, np.zeros(30)),
    "jacobian": lambda net: tn.measure.jacobian_spectrum(net, np.zeros(30)),
    "report": lambda net: tn.report(net, None, "x.html"),
    "explore": lambda net: tn.explore(net, None),
    "brian2": lambda net: tn.spiking.to_brian2(net, np.zeros(30)),
    "spikes": lambda net: tn.spiking.simulate(net, np.zeros(30), duration=1.0),
    "verify": lambda net: tn.spiking.verify(net, np.zeros(30), duration=1.0),
    "predict": lambda net: tn.spiking.predict(net, np.zeros(30), duration=1.0),
    "recalibrate": lambda net: tn.spiking.recalibrate(net, np.zeros(30), duration=1.0),
    "nir": lambda net: tn.spiking.to_nir(net, np.zeros(30)),
}


@pytest.mark.parametrize("what", MOVES)
def test_what_moves_in_time_refuses_it_in_a_sentence(what):
    with pytest.raises(ValueError, match=r"is feed-forward, y = C phi\(W x \+ b\); use\s+tonicnet.predict") as caught:
        MOVES[what](_lif())
    assert "\n" not in str(caught.value)
