"""What single units do: selectivity across tasks, clusters, histograms of biases and gains."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr
from test_measure_lyapunov import atlas

import tonicnet as tn
from tonicnet import measure

__all__ = ["atlas"]


def rates(sizes, units="Hz", samples=200):
    """A run of len(sizes) tasks in which unit i swings with sizes[task][i]."""
    wave = np.sin(np.arange(samples) * 0.3)[:, None]
    values = np.concatenate([10 + wave * np.asarray(size) for size in sizes])[None]
    coords = {
        "time": np.arange(values.shape[1]) * 0.01,
        "task_time": ("time", np.tile(np.arange(samples) * 0.01, len(sizes))),
        "segment": ("time", np.repeat([f"task {k}" for k in range(len(sizes))], samples)),
        "unit": np.arange(values.shape[2]),
    }
    made = xr.Dataset({"rate": (("trial", "time", "unit"), values)}, coords=coords)
    made["rate"].attrs = {"units": units, "long_name": "rate"}
    return made


def test_task_variance_and_clusters_are_exact():
    groups = np.array([[3, 0, 0], [0, 3, 0], [2, 2, 0], [0, 1, 2], [0, 0, 0]])
    sizes = np.repeat(groups, 10, axis=0).T.astype(float)
    found = measure.selectivity(rates(sizes))
    wave = np.sin(np.arange(200) * 0.3).var()
    np.testing.assert_allclose(found.variance.values, sizes**2 * wave, atol=1e-9)
    assert found.variance.attrs["units"] == "Hz^2"
    assert found.attrs["number"] == 4
    assert [set(found.cluster.values[10 * g : 10 * g + 10].tolist()) for g in range(5)] == [{0}, {2}, {1}, {3}, {-1}]
    assert found.silhouette == pytest.approx(1, abs=1e-6)
    assert found.silhouette_floor < found.silhouette
    assert found.selectivity.values[:, 40:].max() == 0
    sorted_labels = found.cluster.values[found.order.values].tolist()
    assert sorted_labels == [0] * 10 + [1] * 10 + [2] * 10 + [3] * 10 + [-1] * 10


def test_no_clusters_no_better_than_shuffled():
    sizes = np.random.default_rng(0).uniform(0, 1, (4, 300))
    found = measure.selectivity(rates(sizes, samples=50), clusters=6, seed=1)
    assert abs(float(found.silhouette - found.silhouette_floor)) < 0.1
    assert found.silhouette_by_number.clusters.values.tolist() == [2, 3, 4, 5, 6]
    again = measure.selectivity(rates(sizes, samples=50), clusters=6, seed=1)
    np.testing.assert_array_equal(found.cluster, again.cluster)


def test_segments_of_one_task_are_pooled_and_starts_discarded():
    run = rates([[1, 2, 3, 4.0], [4, 3, 2, 1.0]])
    start = run.copy(deep=True)
    start["rate"][0, 200:230] += 1e3
    kept = measure.selectivity(start, discard=0.5)
    assert kept.variance.max() < 20
    assert measure.selectivity(start).variance.max() > 1e3


def test_selectivity_of_a_network(atlas):
    net, bank = atlas
    run = tn.simulate(net, bank, schedule=[(n, 4) for n in ("hopf", "two-well", "lorenz")], rates=True, dt=0.02)
    found = measure.selectivity(run, discard=0.5, clusters=5)
    assert found.sizes == {"task": 3, "unit": 1000, "clusters": 4}
    variance = [run["rate"].values[0, run["segment"] == n].reshape(-1, 1000) for n in found["task"].values]
    late = [rates[-150:] for rates in variance]  # the last 3 s of each: what half a second less leaves, and less
    assert np.corrcoef([r.var(axis=0) for r in late], found.variance)[0, 3] > 0.9
    active = found.cluster.values >= 0
    assert found.selectivity.values.max(axis=0).tolist() == active.astype(float).tolist()
    assert sorted(found.order.values.tolist()) == list(range(1000))
    assert all(v.attrs["units"] and v.attrs["long_name"] for v in found.variables.values())


def test_selectivity_bad_input():
    run = rates([[1, 2, 3, 4.0], [4, 3, 2, 1.0]])
    for bad, options, words in [
        (run.rename(rate="output"), {}, "needs rates"),
        (run.isel(time=slice(0, 200)), {}, "only 'task 0'"),
        (run, {"discard": 1.9}, "keeps 10 samples; a task variance needs at least 20"),
        (run * np.nan, {}, "not finite"),
        (run.isel(unit=slice(0, 3)), {}, "at least 4 units"),
    ]:
        with pytest.raises(ValueError, match=words):
            measure.selectivity(bad, **options)


# ---- biases


def test_histogram_gain_and_silence_are_exact():
    """Units that hardly see the recurrent drive: phi' is that at the bias."""
    net = tn.Network(units=60, seed=0, transfer="tanh", encoder_scale=1e-6)
    bias = np.repeat([0.5, -20.0, 20.0], 20)
    made = measure.biases(net, bias, bins=10, before=np.zeros(60), transient=1.0, duration=1.0)
    np.testing.assert_allclose(made.gain.values[0], 1 - np.tanh(bias) ** 2, atol=1e-5)
    assert made.silent.values[0].tolist() == [0] * 20 + [1] * 20 + [0] * 20
    assert made.saturated.values[0].tolist() == [0] * 40 + [1] * 20
    assert made.shut_off_share[0] == pytest.approx(2 / 3)
    assert float((made.density[0] * np.diff(made.bin)[0]).sum()) == pytest.approx(1)
    np.testing.assert_allclose(made.gain_change.values, made.gain.values - 1, atol=1e-5)
    np.testing.assert_allclose(made.bias_change.values[0], bias)
    assert made.bias_mean[0] == pytest.approx(bias.mean())
    assert made.gain_error.values.max() < 1e-5


def test_biases_of_a_bank(atlas):
    net, bank = atlas
    made = measure.biases(net, bank.sel(task=["hopf", "two-well"]), duration=2.0, transient=1.0, trials=2)
    assert made.gain.sizes == {"task": 2, "unit": 1000}
    np.testing.assert_allclose(made.shut_off_share, (made.silent | made.saturated).mean("unit"))
    assert 0 <= float(made.shut_off_share.min()) < float(made.shut_off_share.max()) < 1
    assert not (made.silent & made.saturated).any()
    assert "gain_change" not in made
    assert all(v.attrs["units"] and v.attrs["long_name"] for v in made.variables.values())


def test_biases_bad_input():
    net = tn.Network(units=20, seed=0, transfer="tanh")
    for options, words in [
        ({"before": np.zeros(3)}, r"a bias vector for this network has shape \(20,\), got \(3,\)"),
        ({"bins": 0}, "bins is a whole number"),
        ({"duration": 0.05}, r"duration=0.05 s is 5 steps; gains along a run need 16"),
        ({"trials": 0}, "trials is a whole number"),
    ]:
        with pytest.raises(ValueError, match=words):
            measure.biases(net, np.zeros(20), **{"duration": 1.0} | options)


# ---------------------------------------------------------------- samples


def layered(units=40, **given):
    plain = {"inputs": 3, "outputs": 2, "synapses": "feed-forward", "transfer": "relu", "readout": "gaussian"}
    return tn.Network(units, seed=0, **{**plain, **given})


def test_rates_of_predictions_are_the_equation_and_give_task_variance():
    net, rng = layered(), np.random.default_rng(1)
    x = rng.normal(size=(200, 3))
    biases = rng.normal(size=(2, 40))
    made = [tn.predict(net, b, x, rates=True).assign_attrs(task=name) for b, name in zip(biases, "ab", strict=True)]
    for held, b in zip(made, biases, strict=True):
        wanted = np.maximum(x @ net.encoder.astype(float).T + b, 0)
        np.testing.assert_allclose(held["rate"].values, wanted, atol=1e-9)
        np.testing.assert_allclose(held["output"].values, wanted @ net.decoder.astype(float).T, atol=1e-9)
    found = measure.selectivity(made)
    assert found["task"].values.tolist() == ["a", "b"]
    np.testing.assert_allclose(found["variance"].values, [held["rate"].values.var(axis=0) for held in made])
    assert "rate" not in tn.predict(net, biases[0], x)


def test_predictions_that_cannot_be_compared_are_one_sentence():
    net, x = layered(), np.zeros((30, 3))
    held = tn.predict(net, np.ones(40), x, rates=True).assign_attrs(task="a")
    cases = [
        ([held, held], {}, "compares tasks, these predictions are of a, a"),
        ([tn.predict(net, np.ones(40), x)] * 2, {}, "needs the rates of each task"),
        ([held, held.assign_attrs(task="b")], {"discard": 1.0}, "samples have no start"),
        ([held, held.isel(sample=slice(5)).assign_attrs(task="b")], {}, "a task has 5 samples"),
    ]
    for run, given, said in cases:
        with pytest.raises(ValueError, match=said):
            measure.selectivity(run, **given)


def test_units_shut_off_on_samples_are_counted():
    net = layered()
    x = np.random.default_rng(2).normal(size=(300, 3))
    reach = float(np.abs(x @ net.encoder.astype(float).T).max())
    bias = np.r_[np.full(10, -2 * reach), np.zeros(30)]
    found = measure.biases(net, bias, samples=x)
    assert found["silent"].values[0].tolist() == [1] * 10 + [0] * 30
    assert found["shut_off_share"].item() == 0.25
    through = (x @ net.encoder.astype(float).T + bias > 0).mean(axis=0)
    np.testing.assert_allclose(found["gain"].values[0], through, atol=1e-12)
    tanh = layered(transfer="tanh")
    saturated = measure.biases(tanh, np.r_[np.full(10, 9.0), np.zeros(30)], samples={"bias": x})
    assert saturated["saturated"].values[0].tolist() == [1] * 10 + [0] * 30


def test_samples_where_they_do_not_belong_are_one_sentence():
    net, moving = layered(), tn.Network(20, seed=0)
    for call, said in [
        (lambda: measure.biases(net, np.zeros(40)), "are taken over samples; give its inputs as samples="),
        (lambda: measure.biases(moving, np.zeros(20), samples=np.zeros((5, 3))), "and this one moves; leave them out"),
        (
            lambda: measure.biases(net, np.zeros(40), samples=np.zeros((5, 4))),
            r"shape \(4,\), the network takes \(3,\)",
        ),
        (lambda: measure.biases(net, np.zeros(40), samples={"x": np.zeros((5, 3))}), "has none of task 'bias'"),
    ]:
        with pytest.raises(ValueError, match=said):
            call()


# ---------------------------------------------------------------- similarity


def solutions(values, names=("a", "b")):
    return [xr.Dataset({"variance": (("task", "unit"), v)}, coords={"task": list(names)}) for v in values]


def test_similarity_is_the_mean_correlation_of_different_repeats():
    rng = np.random.default_rng(0)
    one, two = rng.normal(size=(3, 2, 30)), rng.normal(size=(4, 2, 30))
    found = measure.similarity(solutions(one))
    wanted = [
        [
            np.mean([np.corrcoef(one[p, s], one[q, t])[0, 1] for p in range(3) for q in range(3) if p != q])
            for t in range(2)
        ]
        for s in range(2)
    ]
    np.testing.assert_allclose(found["similarity"].values, wanted, atol=1e-12)
    across = measure.similarity(solutions(one), solutions(two))
    wanted = np.mean([np.corrcoef(a[0], b[1])[0, 1] for a in one for b in two])
    assert across["similarity"].values[0, 1] == pytest.approx(wanted)
    assert across.attrs["other_repeats"] == 4
    turned = solutions(one[:, ::-1], ("b", "a"))
    same, other = (measure.similarity(solutions(one), held)["similarity"] for held in (solutions(one), turned))
    np.testing.assert_allclose(other.sel(task="a", other="b"), same.sel(task="a", other="b"))


def test_the_interval_of_similarity_holds_the_truth_and_shrinks():
    rng = np.random.default_rng(1)
    common = rng.normal(size=(1, 1, 4000))
    widths = []
    for repeats in (4, 40):
        own = common + rng.normal(size=(repeats, 1, 4000)) * np.linspace(0.4, 1.6, repeats)[:, None, None]
        found = measure.similarity(solutions(own, ("a",)))
        low, mid, high = (found[f"similarity{end}"].item() for end in ("_low", "", "_high"))
        assert low <= mid <= high
        widths.append(high - low)
    assert widths[1] < widths[0]


def test_similarity_bad_input():
    rng = np.random.default_rng(0)
    good = solutions(rng.normal(size=(2, 2, 10)))
    cases = [
        (lambda: measure.similarity(good[0]), TypeError, "first is a list of Datasets"),
        (lambda: measure.similarity(good[:1]), ValueError, "first holds 1 repeat; learn each task twice"),
        (lambda: measure.similarity(good, of="bias"), ValueError, r"without bias\(task, unit\)"),
        (lambda: measure.similarity(good, solutions(rng.normal(size=(2, 2, 9)))), ValueError, "of 10 units, second"),
        (lambda: measure.similarity(good, solutions(rng.normal(size=(2, 2, 10)), "ac")), ValueError, "tasks a, b of"),
        (lambda: measure.similarity([good[0], good[1].isel(unit=slice(5))]), ValueError, "repeats of 10, 5 units"),
        (lambda: measure.similarity([good[0], good[0] * 0]), ValueError, "is the same in all units"),
    ]
    for call, error, said in cases:
        with pytest.raises(error, match=said) as caught:
            call()
        assert "\n" not in str(caught.value)
