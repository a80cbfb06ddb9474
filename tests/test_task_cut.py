"""Recordings with gaps, and recordings of different lengths, cut into trials."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st

import tonicnet as tn

DT = 0.05
TIME = np.arange(400) * DT
VALUES = np.stack([np.cos(TIME), np.sin(TIME)], axis=1)
THERE = np.r_[0:100, 130:200, 210:400]


def table(rows=slice(None), **columns) -> pd.DataFrame:
    return pd.DataFrame({**columns, "a": VALUES[:, 0], "b": VALUES[:, 1]}).iloc[rows]


def array(rows=THERE) -> xr.DataArray:
    held = {"time": ("time", TIME, {"units": "s"}), "component": ["a", "b"]}
    return xr.DataArray(VALUES, dims=("time", "component"), coords=held).isel(time=rows)


def with_missing() -> np.ndarray:
    held = VALUES.copy()
    held[100:130, 0] = held[200:210, 1] = np.nan
    return held


def masked() -> np.ma.MaskedArray:
    held = np.ma.array(with_missing())
    held[100:130] = held[200:210] = np.ma.masked
    return held


def missing_in_table() -> pd.DataFrame:
    return pd.DataFrame({"time": TIME, "a": with_missing()[:, 0], "b": with_missing()[:, 1]})


def csv(folder: Path) -> Path:
    missing_in_table().to_csv(folder / "run.csv", index=False)
    return folder / "run.csv"


def counted(folder: Path) -> pd.DataFrame:
    table(THERE).to_csv(folder / "counted.csv")
    return pd.read_csv(folder / "counted.csv")


INTERRUPTED = {
    "jumps of time": (lambda _: array(), None),
    "index of time": (lambda _: table(THERE).set_index(TIME[THERE]), None),
    "column of time": (lambda _: table(THERE, time=TIME), None),
    "dates": (lambda _: table(THERE).set_index(pd.Timestamp("2026-01-01") + pd.to_timedelta(TIME[THERE], "s")), None),
    "index of rows": (lambda _: table(THERE), DT),
    "rows counted by a column": (counted, DT),
    "NaN": (lambda _: with_missing(), DT),
    "masked": (lambda _: masked(), DT),
    "NaN at even times": (lambda _: array(slice(None)).copy(data=with_missing()), None),
    "table with NaN": (lambda _: missing_in_table(), None),
    "text with empty cells": (csv, None),
}


@pytest.mark.parametrize("name", INTERRUPTED)
def test_a_gap_is_told_and_cut(name: str, tmp_path: Path) -> None:
    make, dt = INTERRUPTED[name]
    with pytest.raises(ValueError, match=r"gap|missing|row 130 right after row 99") as told:
        tn.Task.from_array(make(tmp_path), name="run", dt=dt)
    assert "cut" in str(told.value)
    trials = tn.cut_trials(make(tmp_path), dt=dt)
    starts = [0, 30, 130, 210, 270, 330]  # 100, 70 and 190 samples in trials of 70
    assert trials.shape == (6, 70, 2)
    np.testing.assert_allclose(trials["start"], TIME[starts], atol=1e-9)
    np.testing.assert_allclose(trials, [VALUES[a : a + 70] for a in starts])
    task = tn.Task.from_array(trials, name="run")
    assert (task.dimension, round(task.dt, 9), round(task.duration, 9)) == (2, DT, 69 * DT)


def test_no_window_reaches_over_a_gap() -> None:
    task = tn.Task.from_array(tn.cut_trials(array()), name="run")
    runs = task.trajectory(3.0, DT, trials=200, seed=1)["output"]
    np.testing.assert_allclose(np.hypot(*np.moveaxis(runs.diff("time").values, 2, 0)), 2 * np.sin(DT / 2), rtol=1e-6)


def test_a_length_leaves_short_pieces_out() -> None:
    trials = tn.cut_trials(array(), length=4.0)
    assert trials.sizes["trial"] == 2 + 3  # the piece of 70 samples lasts 3.45 s
    assert float(trials["time"][-1]) == pytest.approx(4.0)
    assert not ((trials["start"] > 5) & (trials["start"] < 10.4)).any()


def test_recordings_of_different_lengths_become_trials() -> None:
    parts = [array(slice(0, 150)), array(slice(200, 300)).isel(component=[1, 0])]
    with pytest.raises(ValueError, match=r"2 trials that differ in length.*tn\.cut_trials"):
        tn.Task.from_array(parts, name="run")
    trials = tn.cut_trials(parts)
    np.testing.assert_allclose(trials, [VALUES[:100], VALUES[50:150], VALUES[200:300]])
    plain = tn.cut_trials([VALUES[:150], VALUES[200:300]], dt=DT)
    np.testing.assert_allclose(plain, trials)
    ones = tn.cut_trials([VALUES[:150, 0], VALUES[200:300, 0]], dt=DT)
    np.testing.assert_allclose(ones[..., 0], trials[..., 0])


def test_what_has_no_gap_stays_whole() -> None:
    for whole in (VALUES, list(VALUES), VALUES.tolist()):
        np.testing.assert_array_equal(tn.cut_trials(whole, dt=DT), VALUES[None])
    both = tn.cut_trials(np.stack([VALUES, 2 * VALUES]), dt=DT)
    np.testing.assert_array_equal(both, [VALUES, 2 * VALUES])


@settings(max_examples=40, deadline=None)
@given(gone=st.sets(st.integers(0, 79), max_size=12), length=st.integers(4, 20))
def test_every_sample_of_a_piece_that_is_long_enough_is_kept(gone: set[int], length: int) -> None:
    values = np.arange(80.0)
    values[list(gone)] = np.nan
    pieces = [part for part in np.split(np.arange(80), sorted(gone)) if len(part)]
    pieces = [[k for k in part if k not in gone] for part in pieces]
    kept = {k for part in pieces if len(part) >= length for k in part}
    if not kept:
        return
    trials = tn.cut_trials(values, dt=1.0, length=length - 1)
    assert trials.sizes["time"] == length
    assert set(trials.values.ravel()) == kept
    assert (np.diff(trials.values[..., 0], axis=1) == 1).all()
    np.testing.assert_array_equal(trials["start"], trials.values[:, 0, 0])


def test_a_network_learns_from_pieces() -> None:
    net = tn.Network(60, seed=0, components=2)
    bank = tn.fit(net, tn.Task.from_array(tn.cut_trials(array()), name="run"), steps=3, rounds=1, progress=False)
    assert np.isfinite(bank["bias"]).all()


@pytest.mark.parametrize(
    ("given", "how", "said"),
    [
        (array(np.r_[0:100, 130:133]), {}, r"shortest piece, from 6\.5 to 6\.6, has 3 samples, a trial needs 4"),
        (array(), {"length": 30.0}, r"no piece lasts length=30\.0 s, the longest lasts from 10\.5 to 19\.95"),
        (array(), {"length": 0.1}, r"length=0\.1 s makes 3 samples"),
        (array(), {"length": -1}, "length is the seconds that a trial lasts"),
        (array(), {"length": "long"}, "length is the seconds that a trial lasts"),
        (array(), {"dt": 0.06}, r"pieces with a step of 0\.05 s where 0\.06 s is needed"),
        (VALUES, {}, "has no time of its own and needs dt"),
        (np.full((20, 2), np.nan), {"dt": 0.1}, "no sample without missing values"),
        ([array(), array().rename(component="unit")], {}, "dims"),
        ([array(), array().isel(component=[0])], {}, "differ in their components"),
        ([array(), array().assign_coords(component=["a", "c"])], {}, "differ in their component coordinate"),
        ([array().assign_attrs(units="mV"), array().assign_attrs(units="V")], {}, "units, mV and V"),
        (array(np.r_[0:100, 90:200]), {}, r"time 4\.95 is followed by an earlier one"),
        (pd.DataFrame({"a": np.arange(5.0)}, index=[0, 1, 2, 3, 10**13]), {"dt": 0.1}, "most of them left out, would"),
    ],
)  # fmt: skip
def test_what_cannot_be_cut_is_told(given, how, said: str) -> None:
    with pytest.raises((ValueError, MemoryError), match=said):
        tn.cut_trials(given, **how)
