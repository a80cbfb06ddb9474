"""What spiking neurons carry of learned numbers: masks as thresholds, gains as scaled input; the rest is refused."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import tonicnet as tn
from tonicnet.bank import Entry, Scaling, written
from tonicnet.network import LIF
from tonicnet.parameters import LEARNABLE, SETS, sets_for
from tonicnet.spiking._lif_network import LIFNetwork
from tonicnet.spiking._plan import plan

N, K = 30, 2
KINDS = {
    "low-rank": {},
    "dense": {"synapses": "dense"},
    "sparse": {"synapses": "sparse", "density": 0.4},
    "dense, no feedback": {"synapses": "dense", "feedback": False},
}
RNG = np.random.default_rng(2)
BIAS, GAIN, MASK = RNG.normal(1.3, 0.5, N), RNG.uniform(0.6, 1.4, N), (RNG.random(N) < 0.6).astype(float)


def net_of(kind: str = "low-rank") -> tn.Network:
    return tn.Network(N, seed=1, components=K, transfer=LIF(noise=0.2), **KINDS[kind])


def bank_of(net: tn.Network, *rows: dict) -> xr.Dataset:
    scalings = [Scaling(f"task {i}", np.zeros(K), np.ones(K), 1.0, K, np.zeros((1, K))) for i in range(len(rows))]
    return written(net, [Entry(scaling, {"bias": BIAS} | row) for scaling, row in zip(scalings, rows, strict=True)])


@pytest.mark.parametrize("kind", KINDS)
def test_a_gain_scales_synapses_and_tonic_input_of_a_unit(kind: str) -> None:
    net = net_of(kind)
    plain, gained = LIFNetwork(net, 2), LIFNetwork(net, 2, gain=GAIN)
    each = np.repeat(GAIN, 2)
    np.testing.assert_allclose(gained.encoder, each[:, None] * plain.encoder)
    np.testing.assert_array_equal(gained.decoder, plain.decoder)
    np.testing.assert_allclose(gained.own, GAIN * plain.own)
    for form in ("threshold", "current", "leak"):
        np.testing.assert_allclose(gained.tonic(form, BIAS), plain.tonic(form, GAIN * BIAS))
    if plain.matrix:
        dense = [np.asarray(w.recurrent.todense() if kind == "sparse" else w.recurrent) for w in (plain, gained)]
        np.testing.assert_allclose(dense[1], each[:, None] * dense[0])


@pytest.mark.parametrize("kind", ["low-rank", "dense"])
def test_rates_of_spikes_follow_the_rate_network_with_gains_and_masks(kind: str) -> None:
    """Once the start is forgotten; masked units never fire."""
    net, settled = net_of(kind), 0.5
    bank = bank_of(net, {"gain": GAIN, "mask": MASK})
    given = {"duration": 1.0, "initial": [0.1, -0.1]}
    spikes = tn.spiking.simulate(net, bank, neurons_per_unit=8, codegen="numpy", **given)
    runs = [tn.simulate(net, b, rates=True, **given) for b in (bank, bank_of(net, {"mask": MASK}))]
    late = spikes["spike_unit"].values[spikes["spike_time"].values > settled]
    counts = np.bincount(late, minlength=N) / (8 * settled)
    assert not np.isin(np.flatnonzero(MASK == 0), spikes["spike_unit"]).any()
    rates, other = (run["rate"].sel(time=slice(settled, None)).values[0].mean(0) for run in runs)
    error, without = (np.abs(counts - wanted)[MASK > 0].mean() for wanted in (rates, other))
    assert error < 0.1 * rates[MASK > 0].mean()
    assert without > 2 * error


@pytest.mark.parametrize("form", ["current", "leak"])
def test_forms_are_equal_with_gains_and_masks(form: str) -> None:
    net = net_of("dense")
    bank = bank_of(net, {"gain": GAIN, "mask": MASK})
    one, two = (tn.spiking.simulate(net, bank, duration=0.3, form=f, codegen="numpy") for f in ("threshold", form))
    np.testing.assert_array_equal(one["spike_neuron"], two["spike_neuron"])
    np.testing.assert_array_equal(one["spike_time"], two["spike_time"])
    assert one.sizes["spike"] > 100


def test_a_learned_gain_and_a_learned_permutation_go_to_spikes() -> None:
    net = net_of()
    box = {"low": [-1, -1], "high": [1, 1], "center": [0, 0], "scale": [1, 1]}
    task = tn.Task(lambda x: -x, name="decay", initial=[1.0, 0.5], kind="memory", speed=1.0, transient=1.0, **box)
    quick = {"rounds": 0, "restarts": 0, "steps": 3, "progress": False}
    for learn in ("gain", "permutation", "mask"):
        bank = tn.fit(net, task, learn=learn, **quick)
        assert tn.spiking.simulate(net, bank, duration=0.2, codegen="numpy").sizes["spike"] > 0
        assert "neurons" in tn.spiking.to_brian2(net, bank)


def test_gains_do_not_change_in_mid_run() -> None:
    net = net_of()
    bank = bank_of(net, {"gain": GAIN}, {"gain": GAIN + 0.1}, {"gain": GAIN})
    with pytest.raises(
        ValueError, match=r"tasks of this schedule have different input gains, .* run the tasks one by one"
    ):
        tn.spiking.simulate(net, bank, schedule=[("task 0", 0.1), ("task 1", 0.1)])
    run = tn.spiking.simulate(net, bank, schedule=[("task 0", 0.1), ("task 2", 0.1)], codegen="numpy")
    assert set(run["segment"].values) == {"task 0", "task 2"}


@pytest.mark.parametrize("name", [name for name in LEARNABLE if name not in ("bias", "gain", "mask", "permutation")])
def test_changed_synapses_are_refused_in_a_sentence(name: str) -> None:
    net = net_of("dense" if name == "recurrent" else "low-rank")
    numbers = {one: SETS[one].first(net, 1, RNG) + 0.1 for one in sets_for((name,), net)}
    with pytest.raises(
        ValueError, match=r"task 'task 0' was learned by its .*s, which no threshold of a spiking"
    ) as caught:
        tn.spiking.simulate(net, bank_of(net, numbers), duration=0.1)
    assert "\n" not in str(caught.value)


def test_a_soft_mask_and_gains_at_other_doors_are_refused(tmp_path) -> None:
    net = net_of()
    with pytest.raises(ValueError, match="has a mask with values between 0 and 1, and a neuron fires or is silent"):
        plan(net, bank_of(net, {"mask": 0.5 * MASK}), duration=0.1, schedule=None)
    with pytest.raises(ValueError, match=r"input gains, .* \(tonicnet.spiking.simulate and to_brian2 scale the input"):
        tn.spiking.write_script(tmp_path / "x.py", net, bank_of(net, {"gain": GAIN}), duration=0.1)
    dense = net_of("dense")
    with pytest.raises(
        ValueError, match="a C\\+\\+ program reads N x N synapses as they were drawn, without the input"
    ):
        tn.spiking.simulate(dense, bank_of(dense, {"gain": GAIN}), duration=0.1, codegen="standalone")
