"""Which coordinates and which speed a task is learned in: plain ones where its speed is even."""

from __future__ import annotations

import numpy as np
import pytest

import tonicnet as tn
from tonicnet.learn._chosen_coordinates import chosen_coordinates
from tonicnet.learn._target import Target

NET = tn.Network(units=40, seed=0)


def bursting(x: np.ndarray) -> np.ndarray:
    """Return the Roessler field with c = 14: its third component rests near zero and bursts."""
    return np.stack([-x[..., 1] - x[..., 2], x[..., 0] + 0.2 * x[..., 1], 0.2 + x[..., 2] * (x[..., 0] - 14)], -1)


@pytest.fixture(scope="module")
def spiky() -> tn.Task:
    """A chaotic flow whose speed is uneven."""
    return tn.Task(bursting, name="bursting", initial=[1.0, 1.0, 0.1], dt=0.05, transient=100.0, duration=300.0)


@pytest.mark.parametrize("name", ["lorenz", "roessler", "thomas", "hopf", "two-well"])
def test_shelf_systems_keep_plain_coordinates(name: str) -> None:
    assert chosen_coordinates(tn.task(name)) is None


def test_a_spiky_flow_is_mapped_and_its_speed_is_more_even(spiky: tn.Task) -> None:
    plain, frame = Target(spiky, NET, coordinates="plain"), Target(spiky, NET).frame
    assert frame is not None
    assert frame.coordinates is not None
    assert frame.coordinates.kinds[2] != "identity"
    slope = plain.scaling.velocity_to_network(frame.states, frame.slopes)
    before = np.divide(*np.quantile(np.linalg.norm(slope, axis=1), [0.99, 0.5]))
    assert before > 15 > 1.5 * frame.unevenness


def test_plain_coordinates_can_be_asked_for(spiky: tn.Task) -> None:
    bank = tn.fit(NET, spiky, coordinates="plain", rounds=0, steps=1, progress=False)
    assert "coordinate_map" not in bank
    np.testing.assert_allclose(bank["scale"].values[0], spiky.scale)
    with pytest.raises(ValueError, match="coordinates"):
        tn.fit(NET, spiky, coordinates="polar", progress=False)


def test_components_that_are_nearly_one_are_mixed() -> None:
    lorenz = tn.task("lorenz")

    def tilted(y: np.ndarray) -> np.ndarray:
        """Return the Lorenz field where y_2 is y_1 and a little of the third component."""
        x = np.stack([y[..., 0], y[..., 1], 20 * (y[..., 2] - y[..., 0])], axis=-1)
        v = lorenz.flow(x)
        return np.stack([v[..., 0], v[..., 1], v[..., 0] + v[..., 2] / 20], axis=-1)

    task = tn.Task(tilted, name="tilted", initial=[1.0, 1.0, 2.0], dt=0.01, transient=20.0, duration=60.0)
    frame = chosen_coordinates(task)
    assert frame is not None
    assert frame.coordinates is None
    np.testing.assert_allclose(np.cov(frame.z.T, bias=True), np.eye(3), atol=2e-3)
    target = Target(task, NET)
    x = task.states(50)
    np.testing.assert_allclose(target.scaling.to_task(target.scaled(x)), x, atol=1e-9)


def test_the_field_in_mapped_coordinates_is_that_of_the_task(spiky: tn.Task) -> None:
    target = Target(spiky, NET)
    x, h = spiky.states(200, seed=1), 1e-6
    z, moved = target.scaled(x), h * spiky.flow(x)
    slope = target.unit * (target.scaled(x + moved) - target.scaled(x - moved)) / (2 * h)
    np.testing.assert_allclose(target.flow(z), slope, rtol=1e-4, atol=1e-6 * np.abs(slope).max())
    np.testing.assert_allclose(target.standard(z), (x - spiky.center) / spiky.scale, atol=1e-9)
    assert np.abs(z).max() < 6


def test_a_row_of_a_spiky_flow_starts_and_runs_in_its_own_units(spiky: tn.Task) -> None:
    bank = tn.fit(NET, spiky, rounds=0, steps=2, progress=False)
    run = tn.simulate(NET, bank, duration=0.2, dt=0.01, trials=3)
    apart = np.abs(run["output"].values[:, :1] - bank["start"].values[0]).max(axis=2)
    assert (apart.min(axis=1) < 1e-6).all(), "runs begin at states of the bank"
    moved = tn.flow(NET, bank)(spiky.states(200)) - spiky.flow(spiky.states(200))
    assert np.isfinite(moved).all()
