"""Every task of the shipped bank, in closed loop, against its own [truth]: one network, one bias vector each."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import tonicnet as tn
from tonicnet._share import shelf

NET = tn.load_network("atlas-1000")
BANK = tn.load(shelf("models") / "atlas-1000" / "bank.nc")
KINDS = {name: tn.task(name).kind for name in tn.tasks()}


def of_kind(kind: str) -> list[str]:
    return [name for name, k in KINDS.items() if k == kind]


def alone(name: str, task_time: float, **options: object) -> xr.Dataset:
    """Run the network alone for so much of the task's own time."""
    return tn.simulate(NET, BANK, task=name, duration=task_time / speed(name), **options)  # type: ignore[arg-type]


def speed(name: str) -> float:
    return BANK["speed"].sel(task=name).item()


def test_the_bank_holds_the_whole_shelf_and_belongs_to_the_network() -> None:
    assert set(BANK["task"].values) == set(tn.tasks())
    assert BANK.attrs["network_sha256"] == NET.sha256


@pytest.mark.parametrize("name", of_kind("cycle"))
def test_cycles_keep_period_and_amplitude(name: str) -> None:
    truth = tn.task(name).truth
    made = tn.measure.limit_cycle(alone(name, 30 * truth["period"]))
    assert made["period"].item() == pytest.approx(truth["period"], rel=0.005)
    amplitude = made["amplitude"].values.ravel()[: len(truth["amplitude"])]
    np.testing.assert_allclose(amplitude, truth["amplitude"], rtol=0.02)
    if "radius" in truth:
        run = alone(name, 3 * truth["period"])["output"].values[0, :, :2]
        np.testing.assert_allclose(np.hypot(*run.T), truth["radius"], rtol=0.02)


@pytest.mark.parametrize("name", of_kind("chaos"))
def test_chaos_stays_on_the_attractor_and_grows_errors_at_the_true_rate(name: str) -> None:
    task = tn.task(name)
    starts = task.initial(24, seed=3)
    length = 12 / task.truth["lyapunov"]
    run = alone(name, length, initial=starts)
    truth = task.trajectory(length, 40 * task.time_scale / 100, trials=24, seed=5)
    assert tn.measure.lost(run, truth)["lost_share"].item() <= 0.05
    assert exponent(name, starts) == pytest.approx(task.truth["lyapunov"], rel=0.25)


def exponent(name: str, starts: np.ndarray) -> float:
    """Largest exponent of the network's own output, by renormalised pairs (Benettin et al. 1980)."""
    task, rng = tn.task(name), np.random.default_rng(0)
    stretch = 0.7 / task.truth["lyapunov"]
    size = 1e-6 * np.linalg.norm(task.scale)
    one = alone(name, stretch, initial=starts)["output"].values[:, -1]
    two = one + size * _unit(rng.standard_normal(one.shape))
    growth = []
    for _ in range(24):
        both = alone(name, stretch, initial=np.concatenate([one, two]))["output"].values[:, -1]
        one, two = np.split(both, 2)
        gap = np.linalg.norm(two - one, axis=1)
        growth.append(np.log(gap / size).mean())
        two = one + size * _unit(two - one)
    ran = round(stretch / speed(name) / (NET.tau / 10)) * NET.tau / 10 * speed(name)
    return float(np.mean(growth[3:]) / ran)


def _unit(x: np.ndarray) -> np.ndarray:
    return x / np.linalg.norm(x, axis=1, keepdims=True)


def test_two_well_remembers_which_well() -> None:
    starts = np.array([[-1.6, 0.5], [-0.2, 0.4], [0.2, -0.4], [1.6, 0.3]])
    end = alone("two-well", 20.0, initial=starts)["output"].values[:, -1]
    np.testing.assert_allclose(end[:, :2], [[-1, 0], [-1, 0], [1, 0], [1, 0]], atol=0.02)


def test_line_attractor_holds_its_places() -> None:
    starts = np.array(tn.task("line-attractor").truth["fixed_points"])
    end = alone("line-attractor", 20.0, initial=starts)["output"].values[:, -1]
    np.testing.assert_allclose(end[:, :2], starts, atol=0.1)


@pytest.mark.parametrize("name", sorted(KINDS))
def test_any_task_is_reached_from_any_other(name: str) -> None:
    others = [other for other in sorted(KINDS) if other != name]
    final = {}
    for other in others:
        run = tn.simulate(NET, BANK, schedule=[(other, 1.0), (name, 60 * tn.task(name).time_scale / speed(name))])
        final[other] = run["output"].values[0, -1, : tn.task(name).dimension]
    truth = tn.task(name)
    if truth.kind == "memory":
        points = np.array(truth.truth["fixed_points"])
        near = [np.abs(points - x).max(axis=1).min() for x in final.values()]
        assert max(near) < (0.05 if name == "two-well" else 0.3)
        return
    known = truth.trajectory(400 * truth.time_scale, truth.time_scale / 20, trials=4)["output"].values
    made = np.stack(list(final.values()))
    distance = tn.measure.attractor_distance_of(known.reshape(-1, truth.dimension), made)
    assert distance.max() < 0.25
