"""Writing files: round trips, whole or not at all, and nothing left behind."""

from __future__ import annotations

import contextlib
import errno
import os
import resource
import stat
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import tonicnet as tn
from tonicnet._labels import Variable, dataset
from tonicnet._names import choose, unknown
from tonicnet.files import claim, workplace, write


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


@contextlib.contextmanager
def no_room():
    """A disk on which no file may grow beyond 3,000 bytes, that of the tests' own output included."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3000, before[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_is_one_error_and_leaves_the_old_file(tmp_path, small):
    path = tmp_path / "run.nc"
    write(path, b"old")
    said = r"cannot write .*run\.nc \(File too large\); what was there is as it was"
    with no_room(), pytest.raises(OSError, match=said) as caught:
        tn.save(small, path)
    assert caught.value.errno == errno.EFBIG
    assert path.read_bytes() == b"old"
    assert left_behind(tmp_path) == ["run.nc"]


@pytest.mark.parametrize("step", ["fsync", "rename"])
def test_a_failure_after_the_bytes_leaves_the_old_file(tmp_path, small, monkeypatch, step):
    path = tn.save(small, tmp_path / "run.nc")
    before = path.read_bytes()

    def fail(*given):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(*{"fsync": (os, "fsync", fail), "rename": (Path, "replace", fail)}[step])
    with pytest.raises(OSError, match="No space left") as caught:
        tn.save(small.isel(time=0), path)
    assert caught.value.errno == errno.ENOSPC
    assert path.read_bytes() == before
    assert left_behind(tmp_path) == ["run.nc"]


@pytest.mark.parametrize("bad", [None, {"a": 1}])
def test_attributes_netcdf_cannot_hold_lose_nothing(tmp_path, small, bad):
    path = tn.save(small, tmp_path / "run.nc")
    with pytest.raises((TypeError, ValueError)):
        tn.save(small.assign_attrs(wrong=bad), path)
    assert tn.load(path).equals(small)
    assert left_behind(tmp_path) == ["run.nc"]


def test_an_interrupt_leaves_no_temporary_file(tmp_path, monkeypatch):
    path = tmp_path / "text"
    write(path, b"old")

    def interrupt(handle):
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write(path, b"new")
    assert path.read_text() == "old"
    assert left_behind(tmp_path) == ["text"]


WRITER = """
import os, sys, time
from tonicnet.files import write
os.fsync = lambda handle: (print("here", flush=True), time.sleep(60))
write(sys.argv[1], b"half a file")
"""


def test_what_a_killed_writer_leaves_is_swept_by_the_next_and_a_living_one_is_not_disturbed(tmp_path):
    dead, alive = tmp_path / "dead", tmp_path / "alive"
    writers = [
        subprocess.Popen([sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True)
        for path in (dead, alive)
    ]
    assert [writer.stdout.readline() for writer in writers] == ["here\n"] * 2
    writers[0].kill()
    writers[0].wait()
    assert len(left_behind(tmp_path)) == 2
    write(tmp_path / "next", b"new")
    rest = left_behind(tmp_path)
    assert len(rest) == 2
    assert "next" in rest
    writers[1].kill()
    writers[1].wait()
    write(tmp_path / "next", b"newer")
    assert left_behind(tmp_path) == ["next"]
    for writer in writers:
        writer.stdout.close()


def test_parts_of_other_machines_are_swept_once_they_are_old(tmp_path):
    for name, age in (("00000000-000000000001", 2 * 86400), ("00000000-000000000002", 60)):
        part = tmp_path / f".tonicnet-{name}.part"
        part.touch()
        os.utime(part, (time.time() - age,) * 2)
    (tmp_path / ".tonicnet-mine.part").touch()
    write(tmp_path / "next", b"new")
    assert left_behind(tmp_path) == [".tonicnet-00000000-000000000002.part", ".tonicnet-mine.part", "next"]


def test_a_folder_in_the_files_place_is_left_alone(tmp_path, small):
    (tmp_path / "run.nc").mkdir()
    with pytest.raises(OSError, match=r"run\.nc is a folder"):
        tn.save(small, tmp_path / "run.nc")
    assert left_behind(tmp_path) == ["run.nc"]
    assert (tmp_path / "run.nc").is_dir()


@pytest.mark.parametrize("there", [True, False])
def test_a_link_stays_and_what_it_points_to_is_replaced(tmp_path, there):
    (tmp_path / "data").mkdir()
    target, link = tmp_path / "data" / "real", tmp_path / "link"
    if there:
        target.write_bytes(b"old")
    link.symlink_to("data/real")
    assert write(link, b"new") == link
    assert link.is_symlink()
    assert target.read_bytes() == b"new"
    assert left_behind(tmp_path) == ["data", "link"]
    assert left_behind(tmp_path / "data") == ["real"]


def test_what_is_no_plain_file_is_not_replaced(tmp_path):
    (tmp_path / "round").symlink_to("round")
    with pytest.raises(OSError, match="symbolic link that leads back to itself"):
        write(tmp_path / "round", b"new")
    os.mkfifo(tmp_path / "pipe")
    for path in (tmp_path / "pipe", "/dev/null"):
        with pytest.raises(OSError, match="is a device or a pipe, no file to be replaced; choose another name"):
            write(path, b"new")
    assert left_behind(tmp_path) == ["pipe", "round"]


@pytest.mark.parametrize("mask", [0o022, 0o077, 0o002])
def test_new_files_obey_the_umask_and_old_ones_keep_their_mode(tmp_path, small, mask, monkeypatch):
    """The mask, which all threads share, is never set to read it."""
    kept = os.umask(mask)
    try:
        with monkeypatch.context() as patched:
            patched.delattr(os, "umask")
            path = tn.save(small, tmp_path / "run.nc")
            assert stat.S_IMODE(path.stat().st_mode) == 0o666 & ~mask
            path.chmod(0o640)
            tn.save(small, path)
            assert stat.S_IMODE(path.stat().st_mode) == 0o640
    finally:
        os.umask(kept)


def test_a_folder_to_work_in_is_gone_at_the_end_unless_it_was_moved(tmp_path):
    with pytest.raises(KeyError), workplace(tmp_path) as folder:  # noqa: PT012
        (folder / "inside").write_text("text")
        raise KeyError
    assert left_behind(tmp_path) == []
    with workplace(tmp_path) as folder:
        assert len(left_behind(tmp_path)) == 1
        write(tmp_path / "next", b"new")
        assert folder.is_dir()  # a living one is not swept
        folder.rename(tmp_path / "kept")
    assert left_behind(tmp_path) == ["kept", "next"]


def test_the_folder_of_a_dead_process_is_swept(tmp_path):
    code = """
import os, sys
from tonicnet.files import workplace
with workplace(sys.argv[1]) as folder:
    (folder / "inside").mkdir()
    os._exit(0)
"""
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)
    assert len(left_behind(tmp_path)) == 1
    write(tmp_path / "next", b"new")
    assert left_behind(tmp_path) == ["next"]


def test_one_claim_at_a_time(tmp_path):
    path = tmp_path / "run.nc"
    with claim(path):
        said = rf"run\.nc is in use by process {os.getpid()} on .*, or give another"
        with pytest.raises(RuntimeError, match=said), claim(path):
            pass
        assert left_behind(tmp_path) == [".run.nc.lock"]
    with claim(path):
        pass
    assert left_behind(tmp_path) == []


def test_the_claim_of_a_dead_process_does_not_count(tmp_path):
    code = "import os, sys\nfrom tonicnet.files import claim\nwith claim(sys.argv[1]): os._exit(0)"
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "run.nc")], check=True)
    assert left_behind(tmp_path) == [".run.nc.lock"]
    with claim(tmp_path / "run.nc"):
        pass
    assert left_behind(tmp_path) == []


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
    def refuse(*given):
        raise OSError(errno.EROFS, "Read-only file system")

    monkeypatch.setattr(os, "open", refuse)
    with pytest.raises(PermissionError, match=r"cannot write into .* \(Read-only file system\); choose a folder"):
        tn.save(small, tmp_path / "run.nc")


@pytest.mark.parametrize("where", ["missing.nc", "."])
def test_what_is_no_file_is_not_found(tmp_path, where):
    with pytest.raises(FileNotFoundError, match="give the path of a NetCDF file"):
        tn.load(tmp_path / where)


# ---------------------------------------------------------------- names


def test_unknown_names_list_the_nearest_and_all():
    assert unknown("task", "lorentz", ["lorenz", "hopf"]) == (
        "unknown task 'lorentz'. Did you mean 'lorenz'? Known: hopf, lorenz."
    )
    assert unknown("task", 3, []) == "unknown task 3. Known: none."
    assert choose("task", "hopf", ["hopf"]) == "hopf"
    with pytest.raises(ValueError, match="Did you mean 'hopf'"):
        choose("task", "hop", ["hopf"])


def test_rows_with_longer_names_are_added_to_a_loaded_bank(tmp_path: Path) -> None:
    """A loaded Dataset remembered how wide the texts of its file were, and saving cut longer names to that."""
    net, quick = tn.Network(units=20, seed=0), {"steps": 1, "rounds": 0, "restarts": 0, "progress": False}
    tn.save(tn.fit(net, "hopf", **quick), tmp_path / "bank.nc")
    tn.save(tn.fit(net, "van-der-pol", into=tn.load(tmp_path / "bank.nc"), **quick), tmp_path / "bank.nc")
    assert tn.load(tmp_path / "bank.nc")["task"].values.tolist() == ["hopf", "van-der-pol"]
