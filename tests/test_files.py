"""Files: round trips, written whole or not at all, sealed, and read so that damage and strangers do no harm."""

from __future__ import annotations

import errno
import json
import logging
import os
import resource
import signal
import stat
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

import tonicnet as tn
from tonicnet._labels import Variable, dataset
from tonicnet._names import choose, unknown
from tonicnet._share import shelf
from tonicnet.files import _apart, _netcdf, claim, parse_json, read_toml, seal, unsealed, write
from tonicnet.files._apart import read_apart
from tonicnet.files._netcdf import parse
from tonicnet.files._seal import LENGTH


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


@pytest.fixture
def no_room():
    """A disk on which no file may grow beyond 3,000 bytes."""
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (3000, before[1]))
    yield
    resource.setrlimit(resource.RLIMIT_FSIZE, before)


def test_a_full_disk_is_one_error_and_leaves_the_old_file(tmp_path, small, no_room):
    path = tmp_path / "run.nc"
    write(path, b"old")
    with pytest.raises(
        OSError, match=r"cannot write .*run\.nc \(File too large\); what was there is as it was"
    ) as caught:
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


# ---------------------------------------------------------------- damage


@pytest.fixture
def nobody_reads(monkeypatch):
    """A file whose damage the digest tells is never handed to HDF5, here or in another process."""

    def refuse(*given):
        raise AssertionError("the file was parsed")

    monkeypatch.setattr(_netcdf, "parse", refuse)
    monkeypatch.setattr(_netcdf, "read_apart", refuse)


def refused(path: Path) -> str:
    before = path.read_bytes()
    with pytest.raises(
        ValueError, match=r"not a complete NetCDF file \(.*\); .*make it again or take a copy"
    ) as caught:
        tn.load(path)
    assert "\n" not in str(caught.value)
    assert path.read_bytes() == before
    return str(caught.value)


def test_a_file_cut_off_anywhere_is_one_error(tmp_path, small, nobody_reads):
    whole = tn.save(small, tmp_path / "run.nc").read_bytes()
    cut = tmp_path / "cut.nc"
    kept = [0, 1, 7, 8, 51, 100, *range(len(whole) - LENGTH + 1, len(whole)), len(whole) - LENGTH - 1]
    for length in [*kept, *np.linspace(200, len(whole) - 1, 40).astype(int)]:
        cut.write_bytes(whole[:length])
        refused(cut)


def test_a_thousand_single_bits_of_the_shipped_bank(tmp_path, nobody_reads):
    """Whatever bit is turned over, in the contents or in the seal, the file is refused and HDF5 never sees it."""
    whole = (shelf("models") / "atlas-1000" / "bank.nc").read_bytes()
    bad, bits = tmp_path / "bad.nc", 8 * len(whole)
    bad.write_bytes(whole)
    places = np.random.default_rng(0).choice(bits - 8 * LENGTH, 1000 - 8 * LENGTH, replace=False)
    with bad.open("r+b", buffering=0) as file:
        for at in [*places, *range(bits - 8 * LENGTH, bits)]:
            os.pwrite(file.fileno(), bytes([whole[at // 8] ^ 1 << (at % 8)]), at // 8)
            with pytest.raises(ValueError, match=r"not a complete NetCDF file .*SHA-256"):
                tn.load(bad)
            os.pwrite(file.fileno(), whole[at // 8 : at // 8 + 1], at // 8)


@pytest.mark.parametrize("block", ["zeros", "repeated", "swapped", "grown", "end zeroed"])
def test_larger_damage(tmp_path, small, nobody_reads, block):
    whole = tn.save(small, tmp_path / "run.nc").read_bytes()
    mutants = {
        "zeros": whole[:600] + bytes(400) + whole[1000:],
        "repeated": whole[:600] + whole[500:],
        "swapped": whole[:600] + whole[1000:1400] + whole[600:1000] + whole[1400:],
        "grown": whole + b"x",
        "end zeroed": whole[:-1000] + bytes(1000),
    }
    (tmp_path / "run.nc").write_bytes(mutants[block])
    assert "SHA-256" in refused(tmp_path / "run.nc")


OTHERS = {
    "text": (b"time,x\n0,1\n", "begins with 'time,x"),
    "a signature and no more": (b"\x89HDF\r\n\x1a\n" + bytes(500), "SHA|cut off|OSError|unable"),
    "NetCDF-3": (b"CDF\x01" + bytes(64), "it is NetCDF-3; write it again with xarray"),
    "nothing": (b"", "it is empty"),
}


@pytest.mark.parametrize(("content", "said"), OTHERS.values(), ids=OTHERS)
def test_other_files_are_one_error(tmp_path, content, said):
    (tmp_path / "a.nc").write_bytes(content)
    with pytest.raises(ValueError, match=said):
        refused(tmp_path / "a.nc") and tn.load(tmp_path / "a.nc")


# ---------------------------------------------------------------- files of others


def test_other_software_reads_a_sealed_file_and_breaks_the_seal_when_it_writes(tmp_path, small, caplog):
    path = tn.save(small, tmp_path / "run.nc")
    with xr.open_dataset(path) as seen:  # no engine is named: the first bytes tell
        assert seen.load().equals(small)
    with h5py.File(path, "r") as file:
        assert file["output"].shape == (2, 4, 3)
    assert tn.load(path).equals(small)
    assert not caplog.records
    with h5py.File(path, "r+") as file:
        file["output"][0, 0, 0] = 7.0
    assert path.read_bytes()[-LENGTH:] != seal(path.read_bytes()[:-LENGTH])
    again = tn.load(path)
    assert again["output"].values[0, 0, 0] == 7.0
    assert "no SHA-256" in caplog.text


def test_files_of_earlier_versions_load_with_a_note_and_no_warning(tmp_path, caplog):
    shipped = shelf("models") / "atlas-1000" / "bank.nc"
    old = tmp_path / "bank.nc"
    old.write_bytes(unsealed(shipped.read_bytes()))
    with caplog.at_level(logging.INFO):
        new = tn.load(shipped)
    assert not caplog.records
    assert tn.load(old).identical(new)
    (note,) = caplog.records
    assert (note.name, note.levelname) == ("tonicnet", "WARNING")
    assert "bank.nc holds no SHA-256, so that damage to it cannot be told: tonicnet 0.1.0" in note.getMessage()
    tn.save(tn.load(old), old)
    caplog.clear()
    assert tn.load(old).identical(new)
    assert not caplog.records


@pytest.fixture(scope="module")
def odd():
    """A Dataset with every kind of value and attribute that NetCDF has."""
    return xr.Dataset(
        {
            "number": ("x", np.array([1, -2], dtype=np.int16), {"list": [1, 2], "array": np.arange(3.0), "k": 3}),
            "text": (("x", "y"), np.array([["a", "Rössler"], ["", "d e"]], dtype=object), {"text": "é", "f": 0.5}),
            "lone": ((), np.float32(2.5)),
            "none": ("z", np.empty(0)),
            "moment": ("x", np.array(["2026-01-01", "2026-01-02T03"], dtype="M8[ns]")),
            "passed": ("x", np.array([1.0, 2.0]), {"units": "seconds"}),
        },
        {"x": [0.25, np.nan], "y": ["one", "two"], "extra": ("x", [5, 6])},
        {"title": "odd", "many": np.array([1, 2], dtype=np.int32), "texts": ["a", "b"]},
    )


def test_what_is_read_apart_is_what_is_read_here(tmp_path, odd):
    path = tmp_path / "odd.nc"
    odd.to_netcdf(path, engine="h5netcdf")
    here, apart = parse(path.read_bytes()), read_apart(path)
    assert apart.identical(here)
    assert apart["passed"].dtype == float  # a number with a unit stays a number
    for name, one in here.variables.items():
        assert apart[name].dtype == one.dtype
        assert {k: type(v) for k, v in apart[name].attrs.items()} == {k: type(v) for k, v in one.attrs.items()}


def bomb(file: h5py.File) -> None:
    file.create_dataset("x", (200_000_000,), "f8", chunks=(1000,), compression="gzip")


def elsewhere(file: h5py.File) -> None:
    file["x"] = h5py.ExternalLink("secret.nc", "/x")


def soft(file: h5py.File) -> None:
    file["x"] = h5py.SoftLink("/y")


def external(file: h5py.File) -> None:
    file.create_dataset("x", (4,), "f8", external=[(str(Path(file.filename).with_name("secret.bin")), 0, 32)])


def virtual(file: h5py.File) -> None:
    layout = h5py.VirtualLayout((4,), "f8")
    layout[:] = h5py.VirtualSource(str(Path(file.filename).with_name("secret.nc")), "x", (4,))
    file.create_virtual_dataset("x", layout)


def circle(file: h5py.File) -> None:
    file.create_group("a")["b"] = file["/"]


def crowd(file: h5py.File) -> None:
    file["x"] = 1.0
    for k in range(50):
        file[f"x{k}"] = file["x"]


STRANGE = {
    bomb: r"declares 1\.49 GiB of values in a file of .* KiB",
    elsewhere: "'x' in it is a link to elsewhere, which is not followed",
    soft: "link to elsewhere",
    external: "'x' in it is stored in another file, which is not followed",
    virtual: "stored in another file",
    circle: "its groups hold each other",
    crowd: "holds more than 40 objects",
}


@pytest.mark.parametrize(("build", "said"), STRANGE.items(), ids=lambda one: getattr(one, "__name__", ""))
def test_no_file_leads_to_another_or_declares_what_it_does_not_hold(tmp_path, monkeypatch, build, said):
    monkeypatch.setattr("tonicnet.files._hdf5._OBJECTS", 40)
    (tmp_path / "secret.bin").write_bytes(np.arange(4.0).tobytes())
    with h5py.File(tmp_path / "secret.nc", "w") as secret:
        secret["x"] = np.arange(4.0)
    path = tmp_path / "strange.nc"
    with h5py.File(path, "w") as file:
        build(file)
    content = path.read_bytes()
    path.write_bytes(content + seal(content))  # whoever writes a file can seal it
    with pytest.raises(ValueError, match=said):
        refused(path) and tn.load(path)


def test_a_strange_file_without_a_seal_is_refused_by_its_reader(tmp_path):
    with h5py.File(tmp_path / "strange.nc", "w") as file:
        bomb(file)
    assert "declares 1.49 GiB of values" in refused(tmp_path / "strange.nc")


READERS = {
    "for ever": ("_reader._SECONDS = 1; _reader._read = lambda path: (_reader._limit(0), [0 for _ in iter(int, 1)])",
                 "goes on for ever"),
    "too much": ("_reader._read = lambda path: (_reader._limit(0), bytearray(8 * 2**30))", "too large"),
    "a crash": ("import os; _reader._read = lambda path: os.kill(os.getpid(), 11)", "its reader ended with SIGSEGV"),
    "waiting": ("import time; _reader._read = lambda path: time.sleep(60)", "did not end within 4 s"),
}  # fmt: skip


@pytest.mark.parametrize(("fault", "said"), READERS.values(), ids=READERS)
def test_whatever_happens_to_the_reader_is_one_error(tmp_path, odd, monkeypatch, fault, said):
    odd.to_netcdf(tmp_path / "odd.nc", engine="h5netcdf")
    monkeypatch.setattr(_apart, "_READ", _apart._READ.replace("; _reader.main()", f"; {fault}; _reader.main()"))
    if said.startswith("did not"):
        monkeypatch.setattr(_apart, "_PATIENCE", 4.0)
    with pytest.raises((ValueError, MemoryError), match=said):
        tn.load(tmp_path / "odd.nc")


def test_sigterm_while_a_file_is_read_apart_ends_its_reader(tmp_path, odd):
    odd.to_netcdf(tmp_path / "odd.nc", engine="h5netcdf")
    code = """
import sys
from tonicnet.files import _apart, load
fault = "import time; _reader._read = lambda path: (open(path + '.here', 'w').close(), time.sleep(60))"
_apart._READ = _apart._READ.replace("; _reader.main()", f"; {fault}; _reader.main()")
load(sys.argv[1])
"""
    with subprocess.Popen([sys.executable, "-c", code, str(tmp_path / "odd.nc")], stderr=subprocess.PIPE) as asking:
        until = time.monotonic() + 60
        while not (tmp_path / "odd.nc.here").exists() and time.monotonic() < until:
            time.sleep(0.05)
        (reader,) = children(asking.pid)
        asking.send_signal(signal.SIGTERM)
        assert asking.wait() == -signal.SIGTERM
    assert not os.path.exists(f"/proc/{reader}") or "Z" in Path(f"/proc/{reader}/stat").read_text()


def children(pid: int) -> list[int]:
    return [int(one) for one in Path(f"/proc/{pid}/task/{pid}/children").read_text().split()]


# ---------------------------------------------------------------- JSON and TOML

DEEP = {"lists": "[" * 100_000 + "]" * 100_000, "tables": '{"a":' * 50 + "1" + "}" * 50, "cut": '{"a"', "none": None}


@pytest.mark.parametrize("text", DEEP.values(), ids=DEEP)
def test_json_too_deep_or_broken_is_one_error(text):
    with pytest.raises(ValueError, match=r"the recipe (is|has) .*; take an intact copy") as caught:
        parse_json(text, "the recipe")
    assert len(str(caught.value)) < 200


def test_json_that_is_too_long(monkeypatch):
    monkeypatch.setattr("tonicnet.files._text._LONGEST_JSON", 10)
    assert parse_json(json.dumps({"a": 1}), "x") == {"a": 1}
    with pytest.raises(ValueError, match="x is JSON of 11 characters, more than 10"):
        parse_json(json.dumps({"a": 1234}), "x")


TOML = {
    "deep": "a = " + "[" * 2000 + "]" * 2000,
    "dotted": ".".join("a" * 20_000) + " = 1",
    "cut": "a = [1,",
    "bytes": b"a = '\xff'",
    "long": "# " + "x" * 2**20,
}


@pytest.mark.parametrize("text", TOML.values(), ids=TOML)
@pytest.mark.parametrize("door", [read_toml, tn.load_network, tn.task], ids=lambda door: door.__name__)
def test_toml_too_deep_too_long_or_broken_is_one_error(tmp_path, text, door):
    file = tmp_path / "a.toml"
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    with pytest.raises(ValueError, match=r"a\.toml (is|has) ") as caught:
        door(file)
    assert len(str(caught.value)) < 400


# ---------------------------------------------------------------- names


def test_unknown_names_list_the_nearest_and_all():
    assert unknown("task", "lorentz", ["lorenz", "hopf"]) == (
        "unknown task 'lorentz'. Did you mean 'lorenz'? Known: hopf, lorenz."
    )
    assert unknown("task", 3, []) == "unknown task 3. Known: none."
    assert choose("task", "hopf", ["hopf"]) == "hopf"
    with pytest.raises(ValueError, match="Did you mean 'hopf'"):
        choose("task", "hop", ["hopf"])
