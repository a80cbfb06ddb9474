"""Fixed points against exact ones: linear networks, Lorenz, maps, and the banks that carry known systems."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from test_measure_lyapunov import atlas, lorenz, lorenz_jacobian

import tonicnet as tn
from tonicnet import measure
from tonicnet.measure.arrays._fixed_points import stability

__all__ = ["atlas"]
LINEAR = tn.Custom(lambda x: x, torch.ones_like, label="identity")


def test_lorenz_points_and_eigenvalues():
    starts = np.random.default_rng(0).uniform([-20, -20, 0], [20, 20, 50], (100, 3))
    found = measure.fixed_points_of(lorenz, lorenz_jacobian, starts)
    order = np.argsort(found.location[:, 0])
    wing = np.sqrt(72)
    np.testing.assert_allclose(found.location[order], [[-wing, -wing, 27], [0, 0, 0], [wing, wing, 27]], atol=1e-7)
    origin = found.eigenvalue[order[1]]
    np.testing.assert_allclose(origin.real, [-5.5 + np.sqrt(1201) / 2, -8 / 3, -5.5 - np.sqrt(1201) / 2], atol=1e-6)
    assert found.starts.sum() == pytest.approx(1, abs=0.1)
    assert not found.slow.any()
    assert [stability(found.eigenvalue[i]) for i in order] == ["saddle-focus", "saddle", "saddle-focus"]


def test_slow_point_where_two_fixed_points_have_just_met():
    ghost = measure.fixed_points_of(
        lambda x: x**2 + 0.01, lambda x: 2 * x[:, :, None], np.linspace(-2, 2, 20)[:, None], slow=0.05
    )
    assert ghost.slow.tolist() == [True]
    assert ghost.location[0, 0] == pytest.approx(0, abs=1e-3)
    assert ghost.residual[0] == pytest.approx(0.01, rel=1e-3)
    none = measure.fixed_points_of(lambda x: x**2 + 0.01, lambda x: 2 * x[:, :, None], np.ones((3, 1)), slow=0.005)
    assert len(none.location) == 0


@pytest.mark.parametrize("options", [{}, {"synapses": "dense", "gain": 0.7}, {"tau": 0.1, "dt": 0.05}])
def test_linear_network_is_exact(options):
    net = tn.Network(units=30, seed=1, transfer=LINEAR, decoder_scale=0.7, **options)
    bias = np.random.default_rng(0).normal(size=30)
    made = measure.fixed_points(net, bias, starts=10)
    e, d = net.encoder.astype(float), net.decoder.astype(float)
    matrix = d @ e if net.low_rank else np.asarray(net.recurrent, dtype=float) + e @ d
    into, out = (d @ bias, np.eye(3)) if net.low_rank else (bias, d)
    np.testing.assert_allclose(
        made.location.values[0, 0], out @ np.linalg.solve(np.eye(len(matrix)) - matrix, into), atol=1e-6
    )
    values = np.linalg.eigvals(matrix) - 1
    values = 1 + 0.5 * values if net.spec.dt else values / net.tau
    np.testing.assert_allclose(np.sort(made.eigenvalue.values[0, 0, :, 0]), np.sort(values.real), atol=1e-6)
    grows = np.abs(values).max() > 1 if net.spec.dt else values.real.max() > 0
    assert made.attrs["of"] == ("map" if net.spec.dt else "flow")
    assert bool(made.stable[0, 0]) is not bool(grows)
    assert made.residual[0, 0] < made.attrs["tolerance"]


@pytest.mark.parametrize(
    ("values", "discrete", "kind"),
    [
        ([-1, -2], False, "stable node"),
        ([1, 2], False, "unstable node"),
        ([0.1 + 2j, 0.1 - 2j], False, "unstable focus"),
        ([0.5, -0.9], True, "stable node"),
        ([0.9 + 0.3j, 0.9 - 0.3j], True, "stable focus"),
        ([1.5, 0.2], True, "saddle"),
        ([0.0, 0.0], True, "stable node"),
        ([1e-5, -1], False, "marginal"),
    ],
)
def test_kinds(values, discrete, kind):
    assert stability(np.array(values, dtype=complex), discrete=discrete) == kind


def test_networks_stand_still_where_their_task_does(atlas):
    net, bank = atlas
    made = measure.fixed_points(net, bank.sel(task=["lorenz", "two-well", "hopf"]), starts=150)
    assert made.points.values.tolist() == [3, 3, 1]
    for name, kinds in [("lorenz", {"saddle", "saddle-focus"}), ("two-well", {"stable node", "saddle"})]:
        row, truth = made.sel(task=name), tn.task(name)
        used = truth.dimension
        gap = row.location.values[:, None, :used] - np.array(truth.truth["fixed_points"])
        near = np.sqrt(((gap / truth.scale) ** 2).mean(axis=2)).min(axis=1)
        assert near.max() < 0.1
        assert set(row.kind.values) == kinds
    wells = made.sel(task="two-well").isel(point=slice(0, 2))
    np.testing.assert_allclose(np.sort(wells.location.values[:, 0]), [-1, 1], atol=0.01)
    assert wells.stable.values.tolist() == [1, 1]
    assert np.isnan(wells.location.values[:, 2]).all()
    padded = made.sel(task="hopf").isel(point=2)
    assert (int(padded.stable), int(padded.slow), str(padded.kind.values)) == (-1, -1, "")
    assert all(v.attrs["units"] and v.attrs["long_name"] for v in made.data_vars.values())


def test_survives_a_file_and_starts_of_ones_own(atlas, tmp_path):
    net, bank = atlas
    made = measure.fixed_points(net, bank, task="two-well", starts=np.array([[0.9, 0.1], [-1.1, 0.0], [0.8, 0.0]]))
    assert made.starts_reached.values[0] == pytest.approx([2 / 3, 1 / 3])
    again = tn.load(tn.save(made, tmp_path / "points.nc"))
    np.testing.assert_array_equal(again.location, made.location)


def test_bad_input(atlas):
    net, bank = atlas
    for options, words in [
        ({"starts": 1}, "starts is a whole number of at least 2"),
        ({"starts": np.zeros((3, 5))}, "initial is"),
        ({"tolerance": 0.0}, "tolerance is a positive number"),
        ({"task": "two wells"}, "Did you mean 'two-well'"),
    ]:
        with pytest.raises(ValueError, match=words):
            measure.fixed_points(net, bank, **{"task": "two-well"} | options)
    with pytest.raises(ValueError, match="starts must be finite states"):
        measure.fixed_points_of(lorenz, lorenz_jacobian, np.full((2, 3), np.nan))
