"""Scores of draws before learning: held against plain linear algebra, and against the first steps of a fit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import tonicnet as tn
from tonicnet.learn import first_bias
from tonicnet.learn._prior_kernel import left_by_prior_kernel
from tonicnet.learn._screen import _first, problem_of, promising
from tonicnet.learn._settings import Settings

UNITS = 40


@pytest.fixture(scope="module")
def networks() -> list[tn.Network]:
    return [tn.Network(units=UNITS, seed=seed, components=2, transfer="tanh") for seed in range(4)]


@pytest.fixture(scope="module")
def found(networks: list[tn.Network]) -> xr.Dataset:
    return tn.screen("hopf", networks)


def test_the_first_steps_are_those_of_a_fit(networks: list[tn.Network], found: xr.Dataset) -> None:
    bank = tn.fit(networks[1], "hopf", rounds=0, steps=4, progress=False)
    assert found["loss_after_steps"].sel(draw=1).item() == bank["loss"].values[0, 2]


def test_linear_fits_are_ridge_regressions(networks: list[tn.Network], found: xr.Dataset) -> None:
    residual, theta = _first(problem_of(networks[0], tn.task("hopf"), Settings()))
    here = residual.at(theta)
    blocks = list(here.blocks())
    e = np.concatenate([b.error.numpy() for b in blocks])
    j = np.concatenate([b.jacobian.numpy() for b in blocks])
    assert found["loss"].sel(draw=0).item() == pytest.approx(e @ e, rel=1e-12)
    assert found["kernel_residual"].sel(draw=0).item() == pytest.approx(_ridge(j, e), rel=1e-8)
    rates = residual.learnable.at(theta).rate(residual.states).numpy() * np.sqrt(residual.weights.numpy())[:, None]
    reading = np.kron(rates, np.eye(networks[0].components))
    assert found["readout_residual"].sel(draw=0).item() == pytest.approx(_ridge(reading, e), rel=1e-8)


def _ridge(j: np.ndarray, e: np.ndarray) -> float:
    """Return min |e + J v|^2 + ridge |v|^2 with a ridge of a thousandth of the mean diagonal of J'J."""
    ridge = 1e-3 * (j**2).sum(0).mean()
    v = np.linalg.solve(j.T @ j + ridge * np.eye(j.shape[1]), -j.T @ e)
    return float(((e + j @ v) ** 2).sum() + ridge * v @ v)


def test_the_most_promising_draw_is_first(networks: list[tn.Network], found: xr.Dataset) -> None:
    assert sorted(found["draw"].values) == [0, 1, 2, 3]
    assert (found["loss_after_steps"].diff("draw") >= 0).all()
    assert [networks[d].sha256 for d in found["draw"].values] == list(found["network_sha256"].values)


def test_draws_may_have_names(networks: list[tn.Network]) -> None:
    named = tn.screen("hopf", {"a": networks[0], "b": networks[1]}, steps=1)
    assert set(named["draw"].values) == {"a", "b"}


def test_the_prior_kernel_finds_what_its_features_span() -> None:
    rng = np.random.default_rng(0)
    rates = [rng.standard_normal((60, 5)) for _ in range(3)]
    spanned = rates[0] @ rng.standard_normal((5, 2))
    left = left_by_prior_kernel(rates[:1], spanned)
    assert list(left) == [1]
    assert left[1] < 1e-4
    assert list(left_by_prior_kernel(rates, spanned)) == [1, 2, 3]
    assert left_by_prior_kernel([rates[1]], spanned)[1] > 0.5


def test_networks_of_several_sizes_have_no_prior_kernel() -> None:
    found = tn.screen("hopf", [tn.Network(units=n, seed=0) for n in (700, 800)], steps=1)
    assert "prior_kernel_residual" not in found


def test_recurrent_networks_are_screened_by_their_trajectories() -> None:
    wave = np.cos(2 * np.pi * np.arange(41) / 20)[:, None]
    task = tn.Task.from_array(wave, name="wave", dt=0.01)
    recipe = {"units": 20, "synapses": "dense", "feedback": False, "components": 1, "gain": 1.5, "transfer": "tanh"}
    found = tn.screen(task, [tn.Network(seed=seed, tau=0.01, dt=0.01, **recipe) for seed in (0, 1)])
    assert np.isfinite(found["loss_after_steps"]).all()
    assert np.isnan(found["readout_residual"]).all()


def test_fit_goes_on_from_the_best_of_its_first_biases(networks: list[tn.Network]) -> None:
    order = promising(problem_of(networks[0], tn.task("hopf"), Settings()), 3)
    assert sorted(order) == [0, 1, 2]
    bank = tn.fit(networks[0], "hopf", rounds=0, steps=4, screen=3, progress=False)
    assert f"first bias {order[0] + 1} of 3" in bank["method"].item()
    others = []
    for restart in range(3):
        start = _bank_at(networks[0], bank, first_bias(networks[0], restart=restart))
        others.append(tn.fit(networks[0], "hopf", rounds=0, steps=4, start=start, progress=False)["loss"].values[0, 2])
    assert bank["loss"].values[0, 2] == pytest.approx(min(others), rel=1e-9)


def _bank_at(net: tn.Network, bank: xr.Dataset, bias: np.ndarray) -> xr.Dataset:
    return bank.assign(bias=bank["bias"].copy(data=bias[None]))


def test_a_screened_fit_goes_on_from_its_checkpoint(networks: list[tn.Network], tmp_path: Path) -> None:
    whole = tn.fit(networks[0], "hopf", rounds=1, steps=4, screen=2, progress=False)
    path = tmp_path / "fit.ckpt"

    def interrupted(event: dict[str, object]) -> None:
        if event["step"] == 2:
            raise KeyboardInterrupt

    tn.fit(networks[0], "hopf", rounds=1, steps=4, screen=2, progress=interrupted, checkpoint=path)
    again = tn.fit(networks[0], "hopf", rounds=1, steps=4, screen=2, progress=False, checkpoint=path)
    assert (again["bias"].values == whole["bias"].values).all()


def test_bad_draws_are_refused(networks: list[tn.Network]) -> None:
    with pytest.raises(TypeError, match=r"draws is a list of networks.*got one"):
        tn.screen("hopf", networks[0])
    with pytest.raises(ValueError, match="no draw given"):
        tn.screen("hopf", [])
    with pytest.raises(TypeError, match=r"tonicnet\.Network"):
        tn.screen("hopf", [3])
    with pytest.raises(ValueError, match="hopf"):
        tn.screen("hpf", networks)
    with pytest.raises(TypeError, match="task is a name"):
        tn.screen(3, networks)
    with pytest.raises(ValueError, match="steps"):
        tn.screen("hopf", networks, steps=0)


def test_start_and_screen_exclude_each_other(networks: list[tn.Network]) -> None:
    bank = tn.fit(networks[0], "hopf", rounds=0, steps=1, progress=False)
    with pytest.raises(ValueError, match="start gives the first biases"):
        tn.fit(networks[0], "hopf", start=bank, screen=4, progress=False)
