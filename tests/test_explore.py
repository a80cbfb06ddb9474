"""The explorer, without a browser: what is chosen changes what runs, and what runs is what is shown."""

from __future__ import annotations

import io
import sys
from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr
from PIL import Image

import tonicnet as tn

NET = tn.Network(60, seed=0)


@pytest.fixture(scope="module")
def bank(bank_of: Callable[..., xr.Dataset]) -> xr.Dataset:
    """Nothing learned: three random biases, all in three components."""
    return bank_of(NET, ("hopf", "cosine", "lorenz"), dimension=[3, 3, 3])


@pytest.fixture(scope="module")
def widget(bank: xr.Dataset):
    return tn.explore(NET, bank, seconds=1.0)


def test_a_choice_changes_the_run_and_the_picture(widget, bank: xr.Dataset) -> None:
    before = widget.image.value
    widget.controls["one"].value = "lorenz"
    assert np.array_equal(widget.explorer.bias, bank["bias"].sel(task="lorenz").values)
    assert set(widget.explorer.run["segment"].values) == {"lorenz"}
    assert widget.image.value != before
    assert Image.open(io.BytesIO(widget.image.value)).size == pytest.approx((460, 540), abs=1)  # matplotlib rounds


def test_the_network_runs_on_from_where_it_was(widget, bank: xr.Dataset) -> None:
    z = lambda run, end: (run["output"].values[0, end] - row(run)["center"].values) / row(run)["scale"].values  # noqa: E731
    row = lambda run: bank.sel(task=str(run["segment"].values[0]))  # noqa: E731
    widget.controls["one"].value = "hopf"
    first = widget.explorer.run
    widget.controls["one"].value = "lorenz"
    assert z(widget.explorer.run, 0) == pytest.approx(z(first, -1))


def test_between_two_tasks_the_biases_are_mixed(widget, bank: xr.Dataset) -> None:
    widget.controls["one"].value, widget.controls["other"].value = "hopf", "cosine"
    widget.controls["share"].value = 0.26
    one, other = (bank["bias"].sel(task=name).values for name in ("hopf", "cosine"))
    assert widget.explorer.bias == pytest.approx(0.74 * one + 0.26 * other)
    start = widget.explorer.run["output"].values[0, 0]
    alone = tn.simulate(NET, widget.explorer.bias, duration=1.0, initial=start)
    assert widget.explorer.run["output"].values == pytest.approx(alone["output"].values)
    assert set(widget.explorer.run["segment"].values) == {"0.74 hopf + 0.26 cosine"}
    widget.controls["share"].value = 1.0
    assert set(widget.explorer.run["segment"].values) == {"cosine"}
    widget.controls["share"].value = 0.0


def test_noise_and_a_new_start(widget) -> None:
    widget.again.click()
    still = widget.explorer.run["output"].values
    widget.again.click()
    assert np.array_equal(widget.explorer.run["output"].values, still)
    widget.controls["noise"].value = 1.0
    widget.again.click()
    assert np.abs(widget.explorer.run["output"].values - still).max() > 0.01
    widget.controls["noise"].value = 0.0


def test_explore_refuses(bank: xr.Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match="learned on"):
        tn.explore(tn.Network(30, seed=0), bank)
    with pytest.raises(ValueError, match="seconds is the length of a run, a positive number, got 0"):
        tn.explore(NET, bank, seconds=0)
    explorer = tn.explore(NET, bank, seconds=0.2).explorer
    with pytest.raises(ValueError, match=r"unknown task in this bank 'lorentz'. Did you mean 'lorenz'"):
        explorer.set(one="lorentz")
    with pytest.raises(ValueError, match="share is a number from 0 to 1, got 2"):
        explorer.set(share=2)
    with pytest.raises(ValueError, match="unknown choice 'gain'"):
        explorer.set(gain=2)
    assert explorer.choice["share"] == 0
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    with pytest.raises(ImportError, match=r"the explorer needs ipywidgets: pip install 'tonicnet\[explore\]'"):
        tn.explore(NET, bank)
