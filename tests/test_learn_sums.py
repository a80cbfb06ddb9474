"""Every parameter set, and sums of them, from the fit to the bank, the run and the file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import tonicnet as tn
from tonicnet.learn import first_bias
from tonicnet.parameters import SETS

N, SEED = 40, 3
NET = tn.Network(N, seed=0, components=2, transfer="tanh")
QUICK = {"rounds": 0, "restarts": 0, "steps": 4, "seed": SEED}
SUMS = [("bias", "gain"), ("gain", "scale"), ("bias", "decoder"), ("bias", "gain", "scale", "decoder")]


class Stopped:
    """A progress function that keeps the events and interrupts after so many steps."""

    def __init__(self, count: float = np.inf) -> None:
        self.events: list[dict] = []
        self.count = count

    def __call__(self, event: dict) -> None:
        self.events.append(event)
        if len(self.events) == self.count:
            raise KeyboardInterrupt


@pytest.mark.parametrize("names", SUMS, ids="+".join)
def test_a_sum_is_learned_kept_run_saved_and_gone_on_with(names: tuple[str, ...], tmp_path: Path) -> None:
    told = Stopped()
    bank = tn.fit(NET, "hopf", learn=names, progress=told, **QUICK)
    assert bank.attrs["learn"] == "+".join(names)
    for name in names:
        start = first_bias(NET, seed=SEED) if name == "bias" else SETS[name].neutral(NET)
        learned = bank[SETS[name].variable].values[0]
        assert np.abs(learned - start).max() > 1e-3, name
        assert any(np.array_equal(learned, event[name]) for event in told.events)
    path = tn.save(bank, tmp_path / "bank.nc")
    xr.testing.assert_identical(tn.load(path), bank)
    runs = [tn.simulate(NET, b, duration=1.0)["output"].values for b in (bank, tn.load(path))]
    np.testing.assert_array_equal(*runs)
    half = Stopped(len(told.events) // 2)
    given = {"learn": names, "checkpoint": tmp_path / "run.nc", **QUICK}
    tn.fit(NET, "hopf", progress=half, **given)
    again = tn.fit(NET, "hopf", progress=False, **given)
    for name in names:
        np.testing.assert_array_equal(again[SETS[name].variable], bank[SETS[name].variable])


def test_a_sum_reaches_at_least_what_each_of_its_sets_reaches() -> None:
    given = QUICK | {"steps": 12}
    last = {
        learn: float(tn.fit(NET, "hopf", learn=learn, progress=False, **given)["loss"][0, -1])
        for learn in ("bias", "gain", "bias+gain")
    }
    assert last["bias+gain"] < min(last["bias"], last["gain"])


def test_sums_are_the_same_in_any_order_and_spelling() -> None:
    given = QUICK | {"steps": 2, "progress": False}
    one, two, three = (
        tn.fit(NET, "hopf", learn=learn, **given) for learn in (("bias", "gain"), ["gain", "bias"], "gain + bias")
    )
    for other in (two, three):
        np.testing.assert_array_equal(one["gain"], other["gain"])
        assert other.attrs["learn"] == "bias+gain"


@pytest.mark.parametrize(
    ("learn", "error", "said"),
    [
        ((), ValueError, "learn names no parameter set; give one or more of bias, "),
        (("bias", "bias"), ValueError, "learn names 'bias' twice; a sum holds each parameter set once"),
        (("bias", "gains"), ValueError, r"unknown parameter set to learn 'gains'\. Did you mean 'gain'\?"),
        ("bias+", ValueError, "unknown parameter set to learn ''"),
        (3, TypeError, "learn is the name of a parameter set, or a list of names, got 3"),
        (("bias", 3), ValueError, "unknown parameter set to learn 3"),
    ],
)
def test_what_is_no_sum_is_refused(learn: object, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said):
        tn.fit(NET, "hopf", learn=learn, progress=False)  # type: ignore[arg-type]
