"""Files: round trips, written whole or not at all, and damage said in one sentence."""

from __future__ import annotations

import os
import re
import stat

import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import tonicnet as tn
from tonicnet._files import atomic
from tonicnet._labels import Variable, dataset
from tonicnet._names import choose, unknown


@pytest.fixture(scope="module")
def small():
    return dataset(
        {
            "output": Variable(("trial", "time", "component"), np.arange(24.0).reshape(2, 4, 3), "task", "output"),
            "alive": Variable(("trial",), np.array([True, False]), "1", "whether it lives"),
        },
        {
            "segment": Variable(("time",), ["lorenz", "lorenz", "Rössler", ""], "1", "task in force"),
            "time": Variable(("time",), [0.0, 0.1, np.nan, np.inf], "s", "time"),
        },
        seed=3,
        spec={"gain": None, "dale": True},
    )


def left_behind(folder):
    return sorted(p.name for p in folder.iterdir())


# ---------------------------------------------------------------- round trips


def test_round_trip(tmp_path, small):
    path = tn.save(small, tmp_path / "run.nc")
    back = tn.load(path)
    assert back.equals(small)
    assert back.attrs == small.attrs
    assert all(back[n].attrs == small[n].attrs for n in small.variables)
    assert back["alive"].dtype == np.int8
    assert left_behind(tmp_path) == ["run.nc"]


@settings(max_examples=20, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    values=arrays(st.sampled_from([np.float32, np.float64, np.int64, np.int8]), st.tuples(st.integers(0, 3))),
    name=st.text(st.characters(codec="utf-8", exclude_characters="\x00", exclude_categories=["Cs"]), max_size=8),
)
def test_any_values_and_any_text(tmp_path, values, name):
    ds = dataset({"rate": Variable(("unit",), values, "Hz", "rate")}, note=name, seed=2**40)
    back = tn.load(tn.save(ds, tmp_path / "a.nc"))
    assert back["rate"].equals(ds["rate"])
    assert back["rate"].dtype == values.dtype
    assert back.attrs["note"] == name
    assert back.attrs["seed"] == 2**40


def test_a_loaded_file_is_closed_and_may_be_replaced(tmp_path, small):
    path = tn.save(small, tmp_path / "run.nc")
    again = tn.load(path)
    tn.save(again.assign(output=again["output"] + 1), str(path))
    assert tn.load(path)["output"].equals(small["output"] + 1)


def test_every_dataset_says_where_it_is_from(small):
    assert small.attrs["tonicnet_version"] == tn.__version__
    assert small.attrs["created"].endswith("+00:00")
    assert small.attrs["spec"] == '{"gain": null, "dale": true}'


# ---------------------------------------------------------------- whole or not at all


def test_a_failure_in_the_middle_leaves_the_old_file(tmp_path, small, monkeypatch):
    path = tn.save(small, tmp_path / "run.nc")
    before = path.read_bytes()

    def half(self, target, **how):
        with open(target, "wb") as file:
            file.write(b"half a file")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(xr.Dataset, "to_netcdf", half)
    with pytest.raises(OSError, match="No space left"):
        tn.save(small, path)
    assert path.read_bytes() == before
    assert left_behind(tmp_path) == ["run.nc"]


@pytest.mark.parametrize("bad", [None, {"a": 1}])
def test_attributes_netcdf_cannot_hold_lose_nothing(tmp_path, small, bad):
    path = tn.save(small, tmp_path / "run.nc")
    with pytest.raises((TypeError, ValueError)):
        tn.save(small.assign_attrs(wrong=bad), path)
    assert tn.load(path).equals(small)
    assert left_behind(tmp_path) == ["run.nc"]


def test_an_interrupt_leaves_no_temporary_file(tmp_path):
    path = tmp_path / "text"
    path.write_text("old")
    with pytest.raises(KeyboardInterrupt), atomic(path) as temporary:  # noqa: PT012
        temporary.write_text("new")
        raise KeyboardInterrupt
    assert path.read_text() == "old"
    assert left_behind(tmp_path) == ["text"]


def test_a_folder_in_the_files_place_is_left_alone(tmp_path, small):
    (tmp_path / "run.nc").mkdir()
    with pytest.raises(OSError, match=r"run.nc"):
        tn.save(small, tmp_path / "run.nc")
    assert left_behind(tmp_path) == ["run.nc"]
    assert (tmp_path / "run.nc").is_dir()


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002])
def test_new_files_obey_the_umask_and_old_ones_keep_their_mode(tmp_path, small, mask):
    kept = os.umask(mask)
    try:
        path = tn.save(small, tmp_path / "run.nc")
        assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~mask
        path.chmod(0o640)
        tn.save(small, path)
        assert stat.S_IMODE(path.stat().st_mode) == 0o640
        now = os.umask(mask)
        assert now == mask
    finally:
        os.umask(kept)


# ---------------------------------------------------------------- doors


@pytest.mark.parametrize("thing", [None, 3, {"a": 1}, xr.DataArray([1.0]), np.zeros(3)])
def test_only_datasets_are_saved(tmp_path, thing):
    with pytest.raises(TypeError, match=r"save takes an xarray\.Dataset, got"):
        tn.save(thing, tmp_path / "a.nc")
    assert left_behind(tmp_path) == []


def test_folders_must_exist(tmp_path, small):
    with pytest.raises(FileNotFoundError, match=r"no folder .*nowhere to write run\.nc into; create it"):
        tn.save(small, tmp_path / "nowhere" / "run.nc")
    (tmp_path / "file").write_text("not a folder")
    with pytest.raises(FileNotFoundError, match="no folder"):
        tn.save(small, tmp_path / "file" / "run.nc")
    assert (tmp_path / "file").read_text() == "not a folder"


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_folder_that_cannot_be_written_to(tmp_path, small):
    tmp_path.chmod(0o500)
    try:
        with pytest.raises(PermissionError, match=r"cannot write into .*choose a folder"):
            tn.save(small, tmp_path / "run.nc")
    finally:
        tmp_path.chmod(0o700)


def test_the_sentence_for_a_folder_that_cannot_be_written_to(tmp_path, small, monkeypatch):
    def refuse(**how):
        raise OSError(30, "Read-only file system")

    monkeypatch.setattr("tempfile.mkstemp", refuse)
    with pytest.raises(PermissionError, match=r"cannot write into .* \(Read-only file system\); choose a folder"):
        tn.save(small, tmp_path / "run.nc")


@pytest.mark.parametrize("where", ["missing.nc", "."])
def test_what_is_no_file_is_not_found(tmp_path, where):
    with pytest.raises(FileNotFoundError, match="give the path of a NetCDF file"):
        tn.load(tmp_path / where)


# ---------------------------------------------------------------- damage


def test_a_file_cut_off_anywhere_is_one_error(tmp_path, small):
    whole = tn.save(small, tmp_path / "run.nc").read_bytes()
    cut = tmp_path / "cut.nc"
    for length in [0, 1, 7, 8, 100, *np.linspace(200, len(whole) - 1, 40).astype(int)]:
        cut.write_bytes(whole[:length])
        with pytest.raises(ValueError, match=r"not a complete NetCDF file .*make it again or take a copy"):
            tn.load(cut)
        assert cut.stat().st_size == length


@pytest.mark.parametrize("content", [b"time,x\n0,1\n", b"\x89HDF\r\n\x1a\n" + bytes(500), b"CDF\x01" + bytes(64)])
def test_other_files_are_one_error(tmp_path, content):
    (tmp_path / "a.nc").write_bytes(content)
    with pytest.raises(ValueError, match="not a complete NetCDF file"):
        tn.load(tmp_path / "a.nc")


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # h5netcdf, closing what is no file
def test_a_mutated_file_loads_or_is_one_error(tmp_path, small):
    """Bits turned over in the structure give ValueError; in plain values they cannot be told from data."""
    whole = tn.save(small, tmp_path / "run.nc").read_bytes()
    bad, refused = tmp_path / "bad.nc", 0
    for at in np.random.default_rng(0).choice(len(whole) * 8, 150, replace=False):
        turned = bytearray(whole)
        turned[at // 8] ^= 1 << (at % 8)
        bad.write_bytes(turned)
        try:
            assert isinstance(tn.load(bad), xr.Dataset)
        except ValueError as error:
            assert "not a complete NetCDF file" in str(error)  # noqa: PT017
            refused += 1
    assert refused > 3


@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")
def test_a_mutated_bank_is_refused_or_runs(tmp_path, bank_of):
    """Biases that were turned over are caught where they are no numbers, and no synapse is ever touched."""
    net = tn.Network(20, seed=0, transfer="tanh")
    whole = tn.save(bank_of(net), tmp_path / "bank.nc").read_bytes()
    bad, ran, refused = tmp_path / "bad.nc", 0, 0
    for at in np.random.default_rng(1).choice(len(whole) * 8, 40, replace=False):
        turned = bytearray(whole)
        turned[at // 8] ^= 1 << (at % 8)
        bad.write_bytes(turned)
        try:
            run = tn.simulate(net, tn.load(bad), task="one", duration=0.05)
            assert np.isfinite(run["output"]).all()
            ran += 1
        except ValueError as error:
            assert re.search("NetCDF|bank|network", str(error))  # noqa: PT017
            assert "\n" not in str(error)  # noqa: PT017
            refused += 1
        assert net.verify() == net.sha256
    assert ran > 3
    assert refused > 0


# ---------------------------------------------------------------- names


def test_unknown_names_list_the_nearest_and_all():
    assert unknown("task", "lorentz", ["lorenz", "hopf"]) == (
        "unknown task 'lorentz'. Did you mean 'lorenz'? Known: hopf, lorenz."
    )
    assert unknown("task", 3, []) == "unknown task 3. Known: none."
    assert choose("task", "hopf", ["hopf"]) == "hopf"
    with pytest.raises(ValueError, match="Did you mean 'hopf'"):
        choose("task", "hop", ["hopf"])
