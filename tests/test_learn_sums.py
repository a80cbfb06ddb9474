"""Every parameter set, and sums of them, from the fit to the bank, the run and the file."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import tonicnet as tn
from tonicnet.circuit import Learnable, circuit_of
from tonicnet.learn._course import Problem
from tonicnet.learn._settings import Settings
from tonicnet.learn._target import Target
from tonicnet.parameters import SETS, sets_for

N, SEED = 40, 3
NETS = {
    "low-rank": tn.Network(N, seed=0, components=2, transfer="tanh"),
    "dense": tn.Network(N, seed=0, components=2, transfer="tanh", synapses="dense", gain=0.9),
    "sparse": tn.Network(N, seed=0, components=2, transfer="tanh", synapses="sparse", density=0.3, gain=0.9),
    "small": tn.Network(12, seed=0, components=2, transfer="tanh", synapses="dense", gain=0.9),
    "autonomous": tn.Network(N, seed=0, components=2, transfer="tanh", synapses="dense", feedback=False),
}
NET = NETS["low-rank"]
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


# what is learned, and on what synapses; a dense network is not followed to the end
LEARNED = [
    *((names, "low-rank") for names in SUMS),
    (("encoder",), "low-rank"), (("low-rank-update",), "low-rank"), (("encoder", "low-rank-update"), "low-rank"),
    (("mask",), "low-rank"), (("permutation",), "low-rank"), (("decoder-permutation",), "low-rank"),
    (("row-permutation",), "low-rank"), (("recurrent",), "small"), (("row-permutation",), "small"),
    (("mask",), "small"), (("low-rank-update",), "sparse"),
]  # fmt: skip
FEW = 2


def learnable_of(net: tn.Network, names: tuple[str, ...]) -> Learnable:
    """Where learning starts."""
    settings = Settings(learn="+".join(names), seed=SEED)
    return Problem(Target(tn.task("hopf"), net), circuit_of(net), settings).learnable()


@pytest.mark.parametrize(
    ("names", "kind"), LEARNED, ids=lambda value: value if isinstance(value, str) else "+".join(value)
)
def test_what_is_learned_is_kept_run_saved_and_gone_on_with(names: tuple[str, ...], kind: str, tmp_path: Path) -> None:
    net = NETS[kind]
    given = {"learn": names, **QUICK}
    told = Stopped(np.inf if net.low_rank else FEW)
    bank = tn.fit(net, "hopf", progress=told, **given)
    assert bank.attrs["learn"] == "+".join(names)
    assert bank.attrs["network_sha256"] == net.verify()
    sets = [SETS[name] for name in sets_for(names, net)]
    for one in sets:
        learned = bank[one.variable].values[0]
        assert bank[one.variable].dims == ("task", *one.dims)
        first = learnable_of(net, names).numbers[one.name]
        assert np.abs(learned - first).max() > 1e-6, one.name
        assert any(np.array_equal(learned, event[one.name]) for event in told.events)
    path = tn.save(bank, tmp_path / "bank.nc")
    xr.testing.assert_identical(tn.load(path), bank)
    runs = [tn.simulate(net, b, duration=1.0)["output"].values for b in (bank, tn.load(path))]
    np.testing.assert_array_equal(*runs)
    still = bank.drop_vars([one.variable for one in sets if one.name != "bias"])
    assert (
        not still.data_vars.keys() ^ bank.data_vars.keys()
        or np.abs(tn.simulate(net, still, duration=1.0)["output"] - runs[0]).max() > 1e-3
    )
    half, rest = Stopped(len(told.events) // 2), Stopped(told.count - len(told.events) // 2)
    given["checkpoint"] = tmp_path / "run.nc"
    tn.fit(net, "hopf", progress=half, **given)
    again = tn.fit(net, "hopf", progress=rest, **given)
    for one in sets:
        np.testing.assert_array_equal(again[one.variable], bank[one.variable])


def test_polish_lowers_the_loss_of_every_kind_of_set() -> None:
    told = Stopped()
    tn.fit(NET, "hopf", learn=("gain", "encoder"), progress=told, **QUICK | {"rounds": 1})
    polished = [event["loss"] for event in told.events if event["stage"] == "polish 1"]
    assert len(polished) > 1
    assert (np.diff(polished) < 0).all()


def test_updates_of_different_ranks_stand_in_one_bank() -> None:
    given = QUICK | {"steps": 2, "progress": False}
    own = tn.Task.from_dict(tn.task("hopf").to_dict() | {"name": "again"})
    one = tn.fit(NET, "hopf", learn="low-rank-update", **given)
    both = tn.fit(NET, own, learn="low-rank-update", rank=2, into=one, **given)
    assert both.sizes["rank"] == 2
    np.testing.assert_array_equal(both["update_left"].values[0, :, :1], one["update_left"].values[0])
    runs = [tn.simulate(NET, b, task="hopf", duration=0.5)["output"].values for b in (one, both)]
    np.testing.assert_allclose(*runs, atol=1e-12)


def test_a_start_is_taken_up_where_the_row_has_it() -> None:
    given = QUICK | {"steps": 2, "progress": False, "learn": "low-rank-update"}
    bank, told = tn.fit(NET, "hopf", **given), Stopped(1)
    tn.fit(NET, "hopf", start=bank, **given | {"progress": told})
    assert told.events[0]["loss"] < float(bank["loss"][0, 0])


@pytest.mark.parametrize(
    ("kind", "given", "said"),
    [
        (
            "low-rank",
            {"learn": "recurrent"},
            'learn="recurrent" needs all N x N synapses, which synapses="dense" has; learn',
        ),
        ("sparse", {"learn": ("bias", "recurrent")}, 'learn="recurrent" needs all N x N synapses'),
        (
            "autonomous",
            {"learn": "encoder"},
            "no inputs and this network no feedback, so nothing passes through its encoder",
        ),
        (
            "low-rank",
            {"learn": "low-rank-update", "rank": 3},
            "rank=3 is more than .* 2 components can have; give rank=2",
        ),
        ("low-rank", {"learn": "low-rank-update", "rank": 0}, "rank must be a whole number of at least 1, got 0"),
    ],
)
def test_numbers_that_a_network_has_not_are_refused(kind: str, given: dict, said: str) -> None:
    with pytest.raises(ValueError, match=said) as caught:
        tn.fit(NETS[kind], "hopf", progress=False, **given)
    assert "\n" not in str(caught.value)


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
