"""Comparisons of learning: equal numbers, equal decoder norm, controls, cells that can be stored and run anywhere."""

from __future__ import annotations

import pickle
from concurrent.futures import Executor, Future
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

import tonicnet as tn
from tonicnet.learn import Job, Settings
from tonicnet.parameters import LEARNABLE
from tonicnet.plot import which_numbers
from tonicnet.study._cell import Cell
from tonicnet.study._controls import without_synapses
from tonicnet.study._sizes import numbers_of, units_for

SETS = ["bias", "gain", "scale", "decoder", "mask", "bias+gain"]
CALL: dict[str, Any] = {"seeds": 2, "rounds": 0, "steps": 12, "progress": False}


@pytest.fixture(scope="module")
def net() -> tn.Network:
    return tn.Network(units=40, seed=0, transfer="tanh")


@pytest.fixture(scope="module")
def found(net: tn.Network) -> xr.Dataset:
    return tn.compare_learning(net, "hopf", SETS, numbers=40, decoder_norm=[1.0, 2.0], **CALL)


KINDS = [
    (learn, kind) for learn in LEARNABLE for kind in ("low-rank", "dense") if (learn, kind) != ("recurrent", "low-rank")
]


@pytest.mark.parametrize(("learn", "synapses"), KINDS)
def test_the_count_is_that_of_the_fit(learn: str, synapses: str) -> None:
    net = tn.Network(units=30, seed=0, synapses=synapses)
    job = Job(net.spec, tn.task("hopf"), Settings(learn=learn, rank=2))
    assert numbers_of(learn, net, 2) == job.problem.learnable().size


@pytest.mark.parametrize("learn", ["bias", "decoder", "bias+gain", "low-rank-update"])
def test_the_network_is_the_largest_with_so_many_numbers(net: tn.Network, learn: str) -> None:
    units = units_for(learn, net, 1, 200)
    assert numbers_of(learn, net, 1, units) <= 200 < numbers_of(learn, net, 1, units + 1)


def test_every_set_spends_the_same_numbers(found: xr.Dataset) -> None:
    counts = found["learned_numbers"].sel(learn=SETS).values
    assert (counts <= 40).all()
    assert (counts > 36).all()
    assert found["units"].sel(learn="decoder").values.ravel()[0] == 13


def test_linear_sets_keep_to_the_norm_that_was_drawn(found: xr.Dataset) -> None:
    norms = found["decoder_norm"].sel(learn=["bias", "gain", "scale", "decoder"])
    assert (norms.values <= found["norm"].values[None, None, :, None] * (1 + 1e-5)).all()
    assert norms.sel(learn="bias", norm=2.0).values == pytest.approx(2.0)


def test_biases_of_their_own_beat_every_control(found: xr.Dataset) -> None:
    own = found["field_error"].sel(learn="bias", norm=2.0)
    for control in ("shuffled biases", "biases of another task", "never learned", "no recurrence"):
        assert (own < found["field_error"].sel(learn=control, norm=2.0)).all(), control


def test_controls_take_time_of_their_own_and_that_of_another_task_is_a_whole_fit(found: xr.Dataset) -> None:
    seconds = found["cpu_seconds"].sum("seed", skipna=False)
    judged = seconds.sel(learn=["shuffled biases", "never learned", "no recurrence"])
    assert (judged > 0).all()
    assert (seconds.sel(learn="biases of another task") > judged.max("learn")).all()


def test_without_recurrence_the_output_is_constant(net: tn.Network) -> None:
    alone = without_synapses(Job(net.spec, tn.task("hopf"), Settings()).circuit)
    onto, z = alone.tensor(np.arange(40.0)), alone.tensor(np.ones((1, 3)))
    assert np.array_equal(alone.drive(z, onto)[0].numpy(), np.arange(40.0))
    dense = tn.Network(units=20, seed=0, synapses="dense")
    still = without_synapses(Job(dense.spec, tn.task("hopf"), Settings()).circuit)
    r = still.tensor(np.random.default_rng(0).standard_normal((1, 20)))
    assert not still.drive(r, still.tensor(np.zeros(20))).any()


def test_the_noise_of_spikes_is_that_of_the_prediction() -> None:
    net = tn.Network(units=60, seed=0)
    made = tn.compare_learning(net, "hopf", ["bias"], controls=False, **(CALL | {"seeds": [0]}))
    bank = tn.fit(net, "hopf", rounds=0, steps=12, restarts=0, progress=False)
    told = tn.spiking.predict(net, bank, neurons_per_unit=1)["slow_noise"].values[0]
    assert made["spike_noise"].item() == pytest.approx(np.sqrt((told**2).mean()), rel=0.1)


class Reordering(Executor):
    """Runs what it is given from the last to the first, through pickles, once it has all."""

    def __init__(self, count: int) -> None:
        self.count = count
        self.waiting: list[tuple[Future[Any], bytes]] = []

    def submit(self, fn: Any, /, *args: Any, **kwargs: Any) -> Future[Any]:
        future: Future[Any] = Future()
        self.waiting.append((future, pickle.dumps((fn, args, kwargs))))
        if len(self.waiting) == self.count:
            self._run()
        return future

    def _run(self) -> None:
        while self.waiting:
            future, held = self.waiting.pop()
            fn, args, kwargs = pickle.loads(held)
            future.set_result(fn(*args, **kwargs))


def test_any_executor_gives_the_same(net: tn.Network) -> None:
    ours = tn.compare_learning(net, "hopf", ["bias", "scale"], **CALL)
    theirs = tn.compare_learning(net, "hopf", ["bias", "scale"], executor=Reordering(4), **CALL)
    xr.testing.assert_equal(ours.drop_vars("cpu_seconds"), theirs.drop_vars("cpu_seconds"))


def test_a_store_is_gone_on_with(net: tn.Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    first = tn.compare_learning(net, "hopf", ["bias", "scale"], store=tmp_path / "cells", **CALL)
    files = sorted((tmp_path / "cells").glob("*/*.nc"))
    assert len(files) == 4
    files[0].write_bytes(files[0].read_bytes()[:20])  # cut off: run again
    ran: list[Cell] = []
    run = Cell.run
    monkeypatch.setattr(Cell, "run", lambda self: ran.append(self) or run(self))
    with pytest.warns(UserWarning, match="is run again"):
        again = tn.compare_learning(net, "hopf", ["bias", "scale"], store=tmp_path / "cells", **CALL)
    assert len(ran) == 1
    xr.testing.assert_equal(first.drop_vars("cpu_seconds"), again.drop_vars("cpu_seconds"))
    tn.compare_learning(net, "hopf", ["bias"], store=tmp_path / "cells", **(CALL | {"steps": 5}))
    assert len(ran) == 3  # another call has other cells


def test_a_cell_that_fails_is_told_once_the_others_are_kept(
    net: tn.Network, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = Cell.run
    monkeypatch.setattr(Cell, "run", lambda self: run(self) if self.place["learn"] == "bias" else 1 / 0)
    with pytest.raises(RuntimeError, match=r"2 of 4 cells .* ZeroDivisionError"):
        tn.compare_learning(net, "hopf", ["scale", "bias"], store=tmp_path / "cells", **CALL)
    assert len(list((tmp_path / "cells").glob("*/*.nc"))) == 2


def test_signs_are_held_where_there_are_some(net: tn.Network) -> None:
    call = CALL | {"controls": False, "nonnegative": True}
    held = tn.compare_learning(net, "hopf", ["bias", "gain", "scale", "bias+gain"], **call)
    free = tn.compare_learning(net, "hopf", ["bias", "scale"], **(call | {"nonnegative": False}))
    assert not held["flipped"].any()
    assert (free["flipped"].sel(learn="scale") > 0.2).all()
    assert (held["field_error"] > free["field_error"]).sel(learn="scale").all()
    xr.testing.assert_equal(held["field_error"].sel(learn="bias"), free["field_error"].sel(learn="bias"))


def test_recurrent_networks_are_compared_too() -> None:
    wave = np.cos(2 * np.pi * np.arange(61) / 20)[:, None]
    task = tn.Task.from_array(wave, name="wave", dt=0.01)
    dense = tn.Network(units=20, seed=0, synapses="dense", feedback=False, components=1, gain=1.5, transfer="tanh",
                       tau=0.01, dt=0.01)  # fmt: skip
    made = tn.compare_learning(dense, task, ["bias", "recurrent"], numbers=100, **(CALL | {"seeds": 1, "rounds": 1}))
    assert made["units"].sel(learn=["bias", "recurrent"]).values.ravel().tolist() == [100, 10]
    assert "biases of another task" not in made["learn"].values
    assert np.isfinite(made["r_squared"].sel(learn="no recurrence")).all()


def test_it_is_drawn_and_saved(found: xr.Dataset, tmp_path: Path) -> None:
    tn.save(found, tmp_path / "found.nc")
    figure = which_numbers(tn.load(tmp_path / "found.nc"))
    assert [ax.get_xlabel() for ax in figure.axes] == ["numbers learned", "decoder norm / drawn norm"]
    labels = {text.get_text() for text in figure.axes[-1].get_legend().get_texts()}
    assert {"bias", "bias+gain", "never learned"} <= labels
    with pytest.raises(ValueError, match="panel"):
        which_numbers(found, against=["spike_noise"])
    with pytest.raises(ValueError, match="score"):
        which_numbers(found, score="valid")


@pytest.mark.parametrize(
    ("given", "sentence"),
    [
        ({"learn": "bias"}, "learn is a list of parameter sets"),
        ({"learn": ["bias", "bias"]}, "names each parameter set once"),
        ({"learn": ["biass"]}, "biass"),
        ({"learn": ["decoder"], "numbers": 5}, "numbers=5 is less than"),
        ({"decoder_norm": -1.0}, "decoder_norm is a positive multiple"),
        ({"seeds": 0}, "seeds"),
        ({"nonnegative": "yes"}, "nonnegative is True or False, got 'yes'"),
        ({"learn": ["recurrent"]}, "recurrent"),
    ],
)
def test_what_cannot_be_compared_is_said_before_anything_runs(
    net: tn.Network, given: dict[str, Any], sentence: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Cell, "run", lambda self: pytest.fail("something was run"))
    with pytest.raises((ValueError, TypeError), match=sentence):
        tn.compare_learning(net, "hopf", **(CALL | {"learn": ["bias"]} | given))
