"""The frozen network: its recipe checks itself, its draw obeys its statistics, its hash holds."""

from __future__ import annotations

import copy
import hashlib
import json
import pickle
import subprocess
import sys
import tomllib

import numpy as np
import pytest
import scipy.sparse as sp
import tomli_w
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm, qmc

import tonicnet as tn
from tonicnet.bank import as_sigmoid
from tonicnet.learn import first_bias
from tonicnet.network import DRAWS, LIF, Custom, NetworkSpec, _draw, network_from_dict

DENSE = {"synapses": "dense", "transfer": "tanh"}
SPARSE = {"synapses": "sparse", "transfer": "tanh"}


def dense(net: tn.Network) -> np.ndarray:
    w = net.recurrent
    return w.toarray() if isinstance(w, sp.csr_array) else np.asarray(w)


# ---------------------------------------------------------------- the recipe checks itself


@pytest.mark.parametrize(
    ("bad", "error", "said"),
    [
        ({"units": 0}, ValueError, "units must be at least 1, got 0"),
        ({"units": 2.5}, TypeError, "units must be a whole number, got 2.5"),
        ({"units": True}, TypeError, "units must be a whole number"),
        ({"seed": -1}, ValueError, "seed must be at least 0"),
        ({"seed": None}, TypeError, "seed must be a whole number"),
        ({"components": 0}, ValueError, "components must be at least 1"),
        ({"synapses": "low_rank"}, ValueError, "Did you mean 'low-rank'"),
        ({"synapses": "dense", "gain": 0.0}, ValueError, "gain must be a positive number"),
        ({"synapses": "dense", "gain": "1"}, TypeError, "gain must be a number, got '1'"),
        ({"encoder_scale": -1.0}, ValueError, "encoder_scale must be a positive number"),
        ({"decoder_scale": float("nan")}, ValueError, "decoder_scale must be a positive number"),
        ({"tau": float("inf")}, ValueError, "tau must be a positive number"),
        ({"synapses": "sparse", "density": 1.5}, ValueError, r"density must lie in \(0, 1\]"),
        ({"synapses": "sparse", "density": 0.0}, ValueError, "density must be a positive number"),
        ({"synapses": "dense", "density": 0.5}, ValueError, 'density 0.5 needs synapses="sparse"'),
        ({"inhibitory": 2.0}, ValueError, r"inhibitory must lie in \(0, 1\]"),
        ({"dale": 1}, TypeError, "dale is True or False"),
        ({"dale": True, "units": 2}, ValueError, "dale needs both kinds of unit"),
        ({"feedback": "yes"}, TypeError, "feedback is True or False"),
        ({"feedback": False}, ValueError, "low-rank synapses are the feedback itself"),
        ({"gain": 2.0}, ValueError, "gain scales random synapses"),
        ({"dt": 0.2}, ValueError, "0 < dt <= tau, got dt 0.2 with tau 0.1"),
        ({"dt": -0.1}, ValueError, "dt must be a positive number"),
        ({"dt": "fast"}, TypeError, "dt must be a number, got 'fast'"),
        ({"draw": "pair"}, ValueError, "unknown draw 'pair'. Did you mean 'paired'"),
        ({"draw": "paired", "synapses": "dense"}, ValueError, "structures low-rank synapses, got synapses='dense'"),
        ({"draw": "silent", "synapses": "sparse"}, ValueError, "structures low-rank synapses, got synapses='sparse'"),
        ({"draw": "paired", "units": 21}, ValueError, "an even number of units, got 21"),
        ({"draw": "antithetic", "units": 21}, ValueError, "an even number of units, got 21"),
        ({"draw": "orthogonal", "units": 2}, ValueError, "3 orthogonal decoders need as many units at least, got 2"),
        ({"draw": "antithetic", "dale": True}, ValueError, "needs encoders of both signs"),
        ({"draw": "orthogonal", "dale": True}, ValueError, "needs encoders of both signs"),
        ({"draw": "paired", "dale": True}, ValueError, "use inhibitory=0.5, got 0.2"),
        ({"transfer": "tan"}, ValueError, "Did you mean 'tanh'"),
        ({"transfer": 3}, TypeError, "transfer is a name or a transfer function"),
    ],
)
def test_every_bad_field_is_one_sentence(bad, error, said):
    with pytest.raises(error, match=said) as caught:
        tn.Network(**{"units": 20, "seed": 0} | bad)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"units": 3, "seed": 0, "unit": 3}, "unknown key 'unit'. Did you mean 'units'. *Known: .*tau"),
        ({"units": 3}, "'seed' is missing"),
        ({"seed": 3}, "'units' is missing"),
        ({"units": 3, "seed": 0, "transfer": {"name": "lif", "nois": 1}}, "unknown parameter 'nois'.*'noise'"),
        ({"units": 3, "seed": 0, "transfer": {"name": "tanh", "noise": 1}}, "unknown parameter 'noise'"),
        ({"units": 3, "seed": 0, "transfer": {"noise": 1}}, "unknown transfer function 'None'"),
        ({"units": 3, "seed": 0, "transfer": {"name": "custom", "label": "mine"}}, "'mine'.*pass it again"),
    ],
)
def test_a_recipe_with_unknown_or_missing_keys_is_refused(given, said):
    with pytest.raises(ValueError, match=said):
        NetworkSpec.from_dict(given)


def test_a_recipe_wants_transfer_functions_not_names():
    with pytest.raises(TypeError, match="transfer must be a transfer function"):
        NetworkSpec(units=3, seed=0, transfer="tanh")
    with pytest.raises(TypeError, match="a name, or a table"):
        NetworkSpec.from_dict({"units": 3, "seed": 0, "transfer": 3})


# ---------------------------------------------------------------- the hash


def test_same_recipe_same_hash_in_another_process():
    code = "import tonicnet as tn; print(tn.Network(40, seed=5, synapses='sparse', dale=True).sha256)"
    there = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.strip()
    assert there == tn.Network(40, seed=5, synapses="sparse", dale=True).sha256


def test_the_recipe_and_the_draw_of_this_release_are_pinned():
    """Banks live as long as this hash: changing the draw on purpose means learning every shipped bank again."""
    net = tn.Network(20, seed=0, encoder_scale=0.8, transfer="tanh")
    assert net.sha256.startswith("57979efd")


CHANGES = [
    ("dense", {"units": 41}), ("dense", {"seed": 1}), ("dense", {"components": 2}), ("dense", {"gain": 1.1}),
    ("sparse", {"density": 0.3}), ("dense", {"dale": True}), ("dense", {"feedback": False}),
    ("dense", {"encoder_scale": 0.7}), ("dense", {"decoder_scale": 1.0}), ("dense", {"tau": 0.2}),
    ("dense", {"dt": 0.1}), ("dense", {"transfer": "relu"}), ("dense", {"transfer": LIF(noise=0.4)}),
    ("dense", {"transfer": LIF(dt=0.0001)}), ("dense", {"transfer": LIF(refractory=0.001)}),
]  # fmt: skip


@pytest.mark.parametrize(("synapses", "change"), CHANGES, ids=[str(c[1]) for c in CHANGES])
def test_the_hash_changes_with_all_that_decides_the_dynamics(synapses, change):
    base = {"units": 40, "seed": 0, "synapses": synapses}
    assert tn.Network(**base).sha256 != tn.Network(**base | change).sha256
    assert tn.Network(**base) != tn.Network(**base | change)


def test_the_kind_of_synapses_and_the_inhibitory_share_are_hashed():
    hashes = {tn.Network(40, seed=0, synapses=s).sha256 for s in ("low-rank", "dense", "sparse")}
    hashes |= {tn.Network(40, seed=0, dale=True, inhibitory=p).sha256 for p in (0.2, 0.5)}
    assert len(hashes) == 5


def test_whole_and_decimal_numbers_are_the_same_recipe():
    one = tn.Network(20, seed=0, tau=1, transfer=LIF(rate_scale=100))
    assert one == tn.Network(20, seed=0, tau=1.0, transfer=LIF(rate_scale=100.0))


def test_two_callables_under_one_label_are_two_networks():
    sine, exp = Custom(torch.sin, torch.cos), Custom(torch.exp, torch.exp)
    assert tn.Network(5, seed=0, transfer=sine) != tn.Network(5, seed=0, transfer=exp)
    assert tn.Network(5, seed=0, transfer=sine) == tn.Network(5, seed=0, transfer=Custom(torch.sin, torch.cos))


def test_networks_are_equal_hashable_and_say_what_they_are():
    a, b = tn.Network(5, seed=0), tn.Network(5, seed=0)
    assert a == b
    assert len({a, b}) == 1
    assert a != "a network"
    assert "5 units, low-rank, K = 3, lif" in repr(a)


OLD = [
    ({}, "879125fd01e11aa3", "9f00af3a4ab040e8"),
    ({"synapses": "dense"}, "3b4c00e1000f194c", "1fbf20066d0986d8"),
    ({"synapses": "sparse", "density": 0.3}, "6b022cd4d89ebecf", "17fe4067714d1b3c"),
    ({"dale": True}, "dcf88cd7d028bde9", "06ce05667e2a4e22"),
    ({"synapses": "sparse", "density": 0.3, "dale": True, "inhibitory": 0.3}, "eca0a7c1025c7792", "40c9c9399aa56363"),
    ({"transfer": "tanh", "rise": 0.01, "delay": 0.002}, "e329733f8148ead0", "41034eeb56ea15f8"),
    ({"transfer": "relu", "components": 5, "dt": 0.1}, "1c6774742b5152fb", "6a91593242a5709a"),
]


@pytest.mark.parametrize(("recipe", "network", "toml"), OLD, ids=[str(o[0]) for o in OLD])
def test_independent_draws_keep_the_bytes_they_had_before_there_were_others(recipe, network, toml):
    """Hashes of networks and of their recipes, computed before ``draw`` came."""
    net = tn.Network(40, seed=5, draw="independent", **recipe)
    assert net.sha256[:16] == network
    assert hashlib.sha256(net.to_toml().encode()).hexdigest()[:16] == toml
    assert "draw" not in net.to_dict()


@pytest.mark.parametrize(
    ("recipe", "known"),
    [({}, "6886aee5e51043ad"), ({"synapses": "dense"}, "7f7430e3d8a8c47e"), ({"transfer": "tanh"}, "cf209f8556a06a3e")],
)
def test_first_tonic_inputs_of_independent_draws_are_those_of_before(recipe, known):
    drawn = first_bias(tn.Network(40, seed=5, **recipe), seed=3, restart=1)
    assert hashlib.sha256(drawn.tobytes()).hexdigest()[:16] == known


def test_every_draw_has_its_own_hash():
    hashes = {tn.Network(40, seed=0, draw=d).sha256 for d in DRAWS}
    assert len(hashes) == len(DRAWS) == 7


def test_numpy_integers_are_whole_numbers():
    net = tn.Network(np.int64(20), seed=np.uint32(3), components=np.int16(2))
    assert net.spec == NetworkSpec(units=20, seed=3, components=2)
    assert {type(getattr(net.spec, name)) for name in ("units", "seed", "components")} == {int}
    assert network_from_dict(tomllib.loads(net.to_toml()), origin="text") == net


# ---------------------------------------------------------------- TOML


transfers = st.one_of(
    st.sampled_from(["tanh", "relu", "softplus", "sigmoid"]),
    st.builds(
        LIF,
        noise=st.sampled_from([0.0, 0.1, 0.3, 1 / 3]),
        refractory=st.floats(0, 0.01),
        tau_m=st.floats(0.005, 0.1),
        rate_scale=st.floats(1, 500),
    ),
)


@settings(max_examples=60, deadline=None)
@given(
    units=st.integers(8, 40),
    seed=st.integers(0, 2**80),
    components=st.integers(1, 6),
    kind=st.sampled_from(["low-rank", "dense", "sparse"]),
    gain=st.floats(0.01, 10),
    density=st.floats(0.05, 1),
    dale=st.booleans(),
    feedback=st.booleans(),
    tau=st.floats(1e-3, 10) | st.integers(1, 9),
    discrete=st.booleans(),
    transfer=transfers,
    structure=st.sampled_from(DRAWS),
)
def test_toml_round_trip(
    units, seed, components, kind, gain, density, dale, feedback, tau, discrete, transfer, structure
):
    if seed > 2**63:  # TOML writes whole numbers of any length; the reader takes them
        kind = "low-rank"
    net = tn.Network(
        units, seed=seed, components=components, synapses=kind, gain=1.0 if kind == "low-rank" else gain,
        density=density if kind == "sparse" else None, dale=dale, feedback=kind == "low-rank" or feedback,
        transfer=transfer, tau=tau, dt=tau if discrete else None,
        draw=structure if kind == "low-rank" and not dale and units % 2 == 0 else "independent",
    )  # fmt: skip
    assert ("draw" in net.to_dict()) == (net.spec.draw != "independent")
    back = network_from_dict(tomllib.loads(net.to_toml()), origin="text")
    assert back == net
    assert back.spec == net.spec
    assert network_from_dict(json.loads(json.dumps(net.to_dict())), origin="json") == net


@pytest.mark.parametrize(
    "edit", [{"seed": 1}, {"tau": 0.2}, {"units": 21}, {"sha256": "0" * 64}, {"encoder_scale": 0.81}]
)
def test_an_edited_toml_is_refused_with_both_hashes(tmp_path, edit):
    net = tn.Network(20, seed=0)
    path = tmp_path / "network.toml"
    path.write_text(tomli_w.dumps(net.to_dict() | edit))
    with pytest.raises(ValueError, match="file promises") as caught:
        tn.load_network(path)
    assert edit.get("sha256", net.sha256) in str(caught.value)
    assert str(path) in str(caught.value)


def test_a_recipe_written_by_hand_needs_no_hash(tmp_path):
    path = tmp_path / "mine.toml"
    path.write_text('units = 12\nseed = 3\nsynapses = "dense"\ntransfer = "tanh"\n')
    assert tn.load_network(path) == tn.Network(12, seed=3, **DENSE)


@pytest.mark.parametrize("text", ["units = ", "\x00\x01", 'units = "20"\nseed = 0', "units = 20", "unitz = 1"])
def test_a_toml_that_is_none_is_one_clear_error(tmp_path, text):
    path = tmp_path / "bad.toml"
    path.write_text(text)
    with pytest.raises(ValueError, match=r"bad\.toml"):
        tn.load_network(path)
    path.write_bytes(b"\xff\xfe\x00")
    with pytest.raises(ValueError, match="not valid TOML"):
        tn.load_network(path)


def test_a_callable_must_be_handed_back_and_be_the_same(tmp_path):
    sine = Custom(torch.sin, torch.cos, label="sine")
    net = tn.Network(10, seed=0, transfer=sine)
    net.to_toml(tmp_path / "network.toml")
    with pytest.raises(ValueError, match=r"'sine'.*pass it again as transfer="):
        tn.load_network(tmp_path)
    assert tn.load_network(tmp_path, transfer=sine) == net
    with pytest.raises(ValueError, match="file promises"):
        tn.load_network(tmp_path, transfer=Custom(torch.exp, torch.exp, label="sine"))


def test_load_network_by_path_folder_name_and_bank(tmp_path, monkeypatch, bank_of):
    net = tn.Network(20, seed=0, transfer="tanh")
    folder = tmp_path / "models" / "shipped"
    folder.mkdir(parents=True)
    net.to_toml(folder / "network.toml")
    tn.save(bank_of(net), tmp_path / "bank.nc")
    monkeypatch.setattr("tonicnet.network._load.shelf", lambda name: tmp_path / name)
    for source in (folder / "network.toml", str(folder), "shipped", tmp_path / "bank.nc"):
        assert tn.load_network(source) == net
    assert tn.models() == ["shipped"]
    with pytest.raises(ValueError, match=r"unknown network 'shiped'. Did you mean 'shipped'"):
        tn.load_network("shiped")


@pytest.mark.parametrize("recipe", [None, "not json", "[1, 2]", 3])
def test_a_file_without_a_network_says_so(tmp_path, bank_of, recipe):
    bank = bank_of(tn.Network(10, seed=0, transfer="tanh"))
    bank.attrs.pop("network")
    bank.attrs |= {} if recipe is None else {"network": recipe}
    tn.save(bank, tmp_path / "bank.nc")
    with pytest.raises(ValueError, match="holds no network"):
        tn.load_network(tmp_path / "bank.nc")


# ---------------------------------------------------------------- frozen


@pytest.mark.parametrize("kind", ["low-rank", "dense", "sparse"])
def test_the_arrays_are_read_only_float32(kind):
    net = tn.Network(20, seed=0, synapses=kind)
    w = net.recurrent
    extra = [w.data, w.indices, w.indptr] if kind == "sparse" else [w] if kind == "dense" else []
    for array in (net.encoder, net.decoder, *extra):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0
    assert net.encoder.dtype == net.decoder.dtype == np.float32
    assert w.dtype == np.float32
    with pytest.raises(AttributeError):
        net.encoder = np.zeros((20, 3))


@pytest.mark.parametrize("kind", ["low-rank", "dense", "sparse"])
@pytest.mark.parametrize("which", ["encoder", "decoder", "recurrent"])
def test_verify_catches_forced_changes(kind, which, bank_of):
    net = tn.Network(20, seed=0, synapses=kind, transfer="tanh")
    if kind == "low-rank" and which == "recurrent":
        pytest.skip("W = E D has no array of its own")
    bank = bank_of(net)
    assert net.verify() == net.sha256
    array = getattr(net, which)
    array = array.data if isinstance(array, sp.csr_array) else array
    array.flags.writeable = True
    array.flat[3] = np.nextafter(array.flat[3], np.float32(9))
    with pytest.raises(RuntimeError, match="the frozen synapses have changed"):
        net.verify()
    with pytest.raises(RuntimeError, match="the frozen synapses have changed"):
        tn.simulate(net, bank, task="one", duration=0.1)


@pytest.mark.filterwarnings("ignore::scipy.sparse.SparseEfficiencyWarning")
def test_no_sparse_synapse_can_be_added_or_exchanged():
    net = tn.Network(20, seed=0, **SPARSE)
    i, j = np.argwhere(net.recurrent.toarray() == 0)[0]
    with pytest.raises(ValueError, match="read-only"):
        net.recurrent[i, j] = 1.0
    assert net.verify() == net.sha256
    net.recurrent.data = net.recurrent.data * 2
    with pytest.raises(RuntimeError, match="have changed"):
        net.verify()


def test_a_pickle_with_other_synapses_is_refused():
    net = tn.Network(20, seed=0)
    packed = pickle.dumps(net)
    at = packed.index(net.encoder.tobytes())
    changed = packed[:at] + np.float32(7).tobytes() + packed[at + 4 :]
    with pytest.raises(RuntimeError, match="the frozen synapses have changed"):
        pickle.loads(changed)


@pytest.mark.parametrize("kind", ["low-rank", "dense", "sparse"])
def test_copies_and_tensors_leave_the_network_alone(kind):
    net = tn.Network(20, seed=0, synapses=kind, transfer="tanh")
    for other in (pickle.loads(pickle.dumps(net)), copy.copy(net), copy.deepcopy(net), copy.deepcopy([net])[0]):
        assert other == net
        assert other.verify() == net.sha256
        random = other.recurrent.data if kind == "sparse" else other.recurrent
        for array in (other.encoder, other.decoder, *([random] if kind != "low-rank" else [])):
            with pytest.raises(ValueError, match="read-only"):
                array[0] = 0
    for tensor in net.tensors(torch.float32):
        if tensor is not None:
            tensor.zero_() if not tensor.is_sparse else tensor.values().zero_()
    assert net.verify() == net.sha256


# ---------------------------------------------------------------- the draw


@pytest.mark.parametrize("kind", ["low-rank", "dense", "sparse"])
def test_dale_gives_every_column_one_sign(kind):
    net = tn.Network(200, seed=0, synapses=kind, dale=True, inhibitory=0.25, density=0.2 if kind == "sparse" else None)
    fed = net.encoder.astype(float) @ net.decoder
    sign = np.repeat([1.0, -1.0], [150, 50])
    for w in (fed,) if kind == "low-rank" else (fed, dense(net)):
        assert (w * sign >= 0).all()
        assert (np.abs(w).sum(0) > 0).all()


@pytest.mark.parametrize("inhibitory", [0.1, 0.2, 0.5])
@pytest.mark.parametrize("kind", ["dense", "sparse"])
def test_dale_balances_excitation_and_inhibition(kind, inhibitory):
    fill = {"density": 0.3} if kind == "sparse" else {}
    net = tn.Network(1000, seed=1, synapses=kind, dale=True, inhibitory=inhibitory, transfer="tanh", **fill)
    for w in (dense(net), net.decoder):
        excitation, inhibition = w[w > 0].sum(), -w[w < 0].sum()
        few = 100 * net.components if w is net.decoder else 1000
        assert abs(excitation / inhibition - 1) < 5 / np.sqrt(few)


def test_density_and_scales_are_what_was_asked():
    net = tn.Network(800, seed=0, gain=1.5, density=0.07, encoder_scale=0.6, decoder_scale=3.0, **SPARSE)
    w = net.recurrent
    p = 0.07
    assert abs(w.nnz / 800**2 - p) < 5 * np.sqrt(p * (1 - p)) / 800
    assert abs(w.data.std() / (1.5 / np.sqrt(800 * p)) - 1) < 0.02
    assert abs(w.data.mean()) < 5 * w.data.std() / np.sqrt(w.nnz)
    assert abs(net.encoder.std() / 0.6 - 1) < 0.06
    assert abs(net.decoder.std() * np.sqrt(800) / 3.0 - 1) < 0.06
    assert w.has_canonical_format
    assert (w.data != 0).all()


@pytest.mark.parametrize("gain", [0.7, 1.5])
@pytest.mark.parametrize("kind", ["dense", "sparse"])
def test_the_spectral_radius_is_about_the_gain(kind, gain):
    """Girko's circular law: radius g, with edge fluctuations of order N^-1/2."""
    net = tn.Network(500, seed=0, gain=gain, synapses=kind, transfer="tanh")
    radius = np.abs(np.linalg.eigvals(dense(net).astype(float))).max()
    assert abs(radius / gain - 1) < 0.12


def test_low_rank_recurrence_is_encoder_times_decoder_as_an_operator():
    net = tn.Network(30, seed=0)
    r = np.random.default_rng(0).normal(size=30)
    assert np.allclose(net.recurrent @ r, net.encoder.astype(float) @ (net.decoder.astype(float) @ r), atol=1e-6)
    assert net.recurrent.shape == (30, 30)


@pytest.mark.parametrize("dale", [False, True])
def test_a_dense_draw_does_not_know_the_size_of_row_blocks(monkeypatch, dale):
    whole = tn.Network(50, seed=3, dale=dale, **DENSE).sha256
    for rows in (1, 7, 50):
        monkeypatch.setattr(_draw, "_BLOCK", rows)
        assert tn.Network(50, seed=3, dale=dale, **DENSE).sha256 == whole


def test_the_generator_and_the_order_of_the_draw_are_as_published():
    rng = np.random.Generator(np.random.Philox(4))
    e, d, j = (rng.standard_normal(s) for s in ((30, 3), (3, 30), (30, 30)))
    net = tn.Network(30, seed=4, gain=1.2, **DENSE)
    assert (net.encoder == (0.8 * e).astype(np.float32)).all()
    assert (net.decoder == (2 / np.sqrt(30) * d).astype(np.float32)).all()
    assert np.allclose(net.recurrent, 1.2 / np.sqrt(30) * j, rtol=1e-6)


def test_a_hundred_thousand_low_rank_units_stay_small():
    code = """
import resource
import numpy as np, tonicnet as tn
tn.Network(10, seed=0).verify(); tn.simulate(tn.Network(10, seed=0), np.ones(10), duration=0.05)
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
net = tn.Network(100_000, seed=0)
assert net.verify() == net.sha256
tn.simulate(net, np.ones(100_000), duration=0.05)
net.recurrent @ np.ones(100_000)
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) / 1024)
"""
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert float(out) < 200  # MB; N x N in float32 would be 40,000


# ---------------------------------------------------------------- structured draws

CURVES = ["tanh", "lif", "sigmoid", "softplus", "relu"]
SIZES = {"half": st.integers(4, 60), "components": st.integers(1, 7), "seed": st.integers(0, 2**40)}


@settings(max_examples=25, deadline=None)
@given(**SIZES, transfer=st.sampled_from(CURVES), draw=st.sampled_from(["paired", "paired-low-discrepancy"]))
def test_pairs_share_encoder_and_first_tonic_input_and_are_silent_everywhere(half, components, seed, transfer, draw):
    net = tn.Network(2 * half, seed=seed, components=components, transfer=transfer, draw=draw)
    first = first_bias(net, seed=1)
    assert (net.encoder[:half] == net.encoder[half:]).all()
    assert (net.decoder[:, :half] == -net.decoder[:, half:]).all()
    assert (first[:half] == first[half:]).all()
    assert np.abs(outputs(net, first, 5)).max() < 1e-12


@settings(max_examples=25, deadline=None)
@given(**SIZES, transfer=st.sampled_from(CURVES))
def test_antithetic_pairs_make_an_odd_field(half, components, seed, transfer):
    net = tn.Network(2 * half, seed=seed, components=components, transfer=transfer, draw="antithetic")
    first = first_bias(net, seed=1)
    assert (net.encoder[:half] == -net.encoder[half:]).all()
    assert (first[:half] == first[half:]).all()
    there, back = outputs(net, first, 5), outputs(net, first, -5)
    assert np.abs(there).max() > 1e-6
    assert np.allclose(there, -back, atol=1e-12)


def outputs(net, bias, states):
    """Return D phi(E z + b) at some states z; the opposite states for a negative number."""
    z = np.sign(states) * np.random.default_rng(0).normal(size=(abs(states), net.components))
    rate = net.transfer.value(torch.tensor(z @ net.encoder.T.astype(float) + bias)).numpy()
    return rate @ net.decoder.T.astype(float)


@settings(max_examples=25, deadline=None)
@given(units=st.integers(8, 120), components=st.integers(1, 7), seed=st.integers(0, 2**40))
def test_orthogonal_draws_are_orthogonal(units, components, seed):
    net = tn.Network(units, seed=seed, components=components, decoder_scale=1.5, draw="orthogonal")
    e, d = net.encoder.astype(float), net.decoder.astype(float)
    assert np.allclose(d @ d.T, 1.5**2 * np.eye(components), atol=1e-5)
    for block in range(units // components):
        overlap = e[block * components :][:components] @ e[block * components :][:components].T
        assert np.allclose(overlap, np.diag(np.diag(overlap)), atol=1e-5)


@pytest.mark.parametrize("transfer", CURVES)
@pytest.mark.parametrize("dale", [False, True])
def test_silent_draws_start_at_zero_output_near_the_usual_tonic_inputs(transfer, dale):
    net = tn.Network(100, seed=3, transfer=transfer, draw="silent", dale=dale)
    usual = tn.Network(100, seed=3, transfer=transfer, dale=dale)
    assert (net.decoder == usual.decoder).all()
    first, before = first_bias(net, seed=2, restart=1), first_bias(usual, seed=2, restart=1)
    output, louder = (net.decoder.astype(float) @ at(net, b) for b in (first, before))
    assert np.abs(output).max() < 1e-8
    assert np.abs(louder).max() > 1e-3
    assert np.abs(first - before).mean() < 0.25 * net.transfer.spread[1]


def at(net, bias):
    return net.transfer.value(torch.tensor(bias)).numpy()


def test_a_network_that_cannot_be_silent_says_so():
    net = tn.Network(2, seed=0, components=3, draw="silent", transfer="sigmoid")
    with pytest.raises(ValueError, match="no tonic inputs with zero output for 2 units and 3 components; raise units"):
        first_bias(net)


@pytest.mark.parametrize("seed", range(3))
@pytest.mark.parametrize("dale", [False, True])
def test_low_discrepancy_draws_fill_encoders_and_thresholds_evenly(seed, dale):
    """The centred L2 discrepancy of 300 joint points, back on the cube, is a small part of that of random ones."""
    found = {}
    for draw in ("independent", "low-discrepancy"):
        net = tn.Network(300, seed=seed, transfer="tanh", draw=draw, dale=dale)
        mean, spread = net.transfer.spread
        joint = np.column_stack([net.encoder / 0.8, (first_bias(net, seed=seed) - mean) / spread])
        points = norm.cdf(joint)
        points[:, :3] = 2 * points[:, :3] - 1 if dale else points[:, :3]  # half-normal encoders
        found[draw] = qmc.discrepancy(points)
    assert found["low-discrepancy"] < 0.15 * found["independent"]


def test_pairs_of_a_low_discrepancy_draw_fill_their_space_evenly():
    found = {}
    for draw in ("paired", "paired-low-discrepancy"):
        net = tn.Network(600, seed=0, transfer="tanh", draw=draw)
        found[draw] = qmc.discrepancy(norm.cdf(np.column_stack([net.encoder / 0.8, first_bias(net) / 3])[:300]))
    assert found["paired-low-discrepancy"] < 0.15 * found["paired"]


@pytest.mark.parametrize("draw", ["paired", "paired-low-discrepancy"])
def test_pairs_obey_dale_one_of_either_kind(draw):
    net = tn.Network(40, seed=0, draw=draw, dale=True, inhibitory=0.5)
    assert (net.encoder >= 0).all()
    assert (net.decoder[:, :20] > 0).all()
    assert (net.decoder[:, 20:] == -net.decoder[:, :20]).all()


@pytest.mark.parametrize("draw", DRAWS)
def test_every_draw_has_the_scales_that_were_asked(draw):
    net = tn.Network(1000, seed=1, encoder_scale=0.6, decoder_scale=3.0, draw=draw, transfer="tanh")
    first = first_bias(net)
    assert abs(net.encoder.std() / 0.6 - 1) < 0.05
    assert abs(np.linalg.norm(net.decoder) / (3.0 * np.sqrt(3)) - 1) < 0.06
    assert abs(first.std() / 3.0 - 1) < 0.1
    assert (first == first_bias(net)).all()
    assert (first != first_bias(net, seed=1)).any()
    assert (first != first_bias(net, restart=1)).any()


@pytest.mark.parametrize("draw", DRAWS)
def test_structured_networks_learn_and_become_sigmoid_ones(draw, tmp_path):
    net = tn.Network(40, seed=0, transfer="tanh", draw=draw)
    bank = tn.fit(net, "hopf", rounds=0, steps=3, progress=False)
    assert tn.load_network(tn.save(bank, tmp_path / "bank.nc")) == net
    positive, moved = as_sigmoid(net, bank)
    assert positive.spec.draw == draw
    assert (positive.decoder == 2 * net.decoder).all()
    one, other = (tn.simulate(n, b, duration=0.5)["output"].values for n, b in ((net, bank), (positive, moved)))
    assert np.allclose(one, other, atol=1e-6)
