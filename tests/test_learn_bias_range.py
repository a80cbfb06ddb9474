"""Tonic inputs held in a range while they are learned: the minimum in a box, and fits that never leave it."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.optimize import lsq_linear

import tonicnet as tn
from tonicnet.solve import Limits

NET = tn.Network(40, seed=0, components=2, transfer=tn.LIF(noise=0.3))
QUICK = {"rounds": 1, "restarts": 0, "steps": 6, "seed": 3, "progress": False}
RANGE = (0.2, 1.4)


def box(low: np.ndarray, high: np.ndarray, held: np.ndarray | None = None) -> Limits:
    n = len(low)
    signs = torch.zeros(n, dtype=torch.bool) if held is None else torch.tensor(held)
    return Limits(signs, torch.zeros(n, dtype=torch.float64), low=torch.tensor(low), high=torch.tensor(high))


@pytest.mark.parametrize("seed", range(8))
@pytest.mark.parametrize("width", [0.05, 0.5, np.inf])
def test_the_minimum_in_a_box_is_that_of_bounded_least_squares(seed: int, width: float) -> None:
    """Against scipy; badly conditioned, and some numbers free on one side."""
    rng = np.random.default_rng(seed)
    n = 25
    rows = rng.normal(size=(60, n)) * np.geomspace(1, 30, n) @ np.linalg.qr(rng.normal(size=(n, n)))[0]
    target = rng.normal(0, 20, 60)
    low, high = np.full(n, -0.2), np.full(n, width)
    low[:5] = -np.inf
    found = box(low, high).minimum(torch.tensor(rows.T @ rows), torch.tensor(rows.T @ target), 1e-14)
    assert found is not None
    x = found.theta.numpy()
    assert ((x >= low) & (x <= high)).all()
    true = lsq_linear(rows, target, (low, high), method="bvls", tol=1e-14)
    cost = 0.5 * float(((rows @ x - target) ** 2).sum())
    assert cost == pytest.approx(true.cost, rel=1e-8)
    assert ((x == low) | (x == high)).sum() > (0 if width < 1 else -1)


def test_a_sign_that_is_held_is_one_side_of_the_box() -> None:
    low, high = np.full(3, -1.0), np.full(3, 0.5)
    found = box(low, high, np.array([True, False, False])).minimum(
        torch.eye(3).double(), torch.tensor([-3.0, -3.0, 3.0]).double(), 0.0
    )
    assert found is not None
    assert found.theta.tolist() == [0.0, -1.0, 0.5]
    assert not box(low, high).hold(torch.tensor([0.0, 0.0, 0.6]))
    assert box(low, high).projected(torch.tensor([-2.0, 0.0, 0.6]).double()).tolist() == [-1.0, 0.0, 0.5]


@pytest.fixture(scope="module")
def free():
    return tn.fit(NET, "hopf", **QUICK)


@pytest.mark.parametrize("method", ["auto", "adam"])
def test_learned_biases_stay_in_their_range(free, method: str) -> None:
    steps = {"steps": 2, "rounds": 0} if method == "adam" else {}
    bank = tn.fit(NET, "hopf", bias_range=RANGE, method=method, **QUICK | steps)
    b = bank["bias"].values
    assert (b >= RANGE[0]).all()
    assert (b <= RANGE[1]).all()
    assert ((b == RANGE[0]) | (b == RANGE[1])).any()
    assert ((free["bias"] < RANGE[0]) | (free["bias"] > RANGE[1])).any()
    assert "within limits" in str(bank["method"].values[0]) or "projected" in str(bank["method"].values[0])
    field = bank["loss"].values[0][bank["stage"].values[0] == 0]
    assert len(field) > 1
    assert field[-1] < field[0]


def test_a_wide_range_costs_nothing_and_a_narrow_one_does(free) -> None:
    wide, narrow = (tn.fit(NET, "hopf", bias_range=r, **QUICK) for r in ((-30.0, 30.0), (0.7, 1.0)))
    assert float(narrow["field_error"][0]) > 2 * float(free["field_error"][0])
    assert float(wide["field_error"][0]) < 1.5 * float(free["field_error"][0])


def test_a_start_outside_the_range_begins_at_its_edge(free) -> None:
    bank = tn.fit(NET, "hopf", bias_range=RANGE, start=free, **QUICK | {"steps": 1, "rounds": 0})
    assert float(bank["bias"].min()) >= RANGE[0]


def test_biases_of_a_sum_are_held_and_gains_are_not() -> None:
    bank = tn.fit(NET, "hopf", learn=("bias", "gain"), bias_range=(0.9, 1.0), nonnegative=True, **QUICK)
    assert float(bank["bias"].min()) >= 0.9
    assert float(bank["bias"].max()) <= 1.0
    assert float(bank["gain"].min()) >= 0
    assert float(bank["gain"].max()) > 1.0


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        ({"bias_range": (1.0, 0.5)}, ValueError, r"no bias lies in a bias_range from 1 to 0.5; give the least first"),
        ({"bias_range": (1.0, 1.0)}, ValueError, "all biases would be 1"),
        ({"bias_range": (np.nan, 1.0)}, ValueError, "bias_range is two numbers, the least and the greatest"),
        ({"bias_range": 2.0}, TypeError, "bias_range is two numbers, the least and the greatest"),
        ({"bias_range": "ab"}, TypeError, "bias_range is two numbers, the least and the greatest"),
        ({"bias_range": (0, 1, 2)}, TypeError, "bias_range is two numbers, the least and the greatest"),
        ({"bias_range": RANGE, "learn": "gain"}, ValueError, 'bias_range holds tonic inputs, and .* has none'),
    ],
)  # fmt: skip
def test_ranges_that_no_bias_meets_are_refused(given: dict, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said) as caught:
        tn.fit(NET, "hopf", **QUICK | given)
    assert "\n" not in str(caught.value)
