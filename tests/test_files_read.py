"""Reading files: damage, and files of others, are one sentence and do no harm."""

from __future__ import annotations

import json
import logging
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import numpy as np
import pytest
import xarray as xr

import tonicnet as tn
from tonicnet._labels import Variable, dataset
from tonicnet._share import shelf
from tonicnet.files import _apart, _netcdf, parse_json, read_toml, seal, unsealed
from tonicnet.files._apart import read_apart
from tonicnet.files._netcdf import parse
from tonicnet.files._seal import LENGTH


@pytest.fixture(scope="module")
def small():
    values = np.random.default_rng(0).normal(size=(2, 200, 3))
    return dataset({"output": Variable(("trial", "time", "component"), values, "task", "output")}, seed=3)


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
    at = whole.index(small["output"].values.tobytes())
    mutants = {
        "zeros": whole[:at] + bytes(16) + whole[at + 16 :],
        "repeated": whole[: at + 100] + whole[at:],
        "swapped": whole[:at] + whole[at + 400 : at + 800] + whole[at : at + 400] + whole[at + 800 :],
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
        assert file["output"].shape == (2, 200, 3)
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
    told = f"bank.nc holds no SHA-256, so that damage to it cannot be told: tonicnet {new.attrs['tonicnet_version']}"
    assert told in note.getMessage()
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


def test_a_heap_without_end_does_not_hang(tmp_path, odd, monkeypatch):
    """Sixteen zeroed bytes: HDF5 takes objects of no length from the heap of texts for ever."""
    path = tmp_path / "odd.nc"
    odd.to_netcdf(path, engine="h5netcdf")
    whole = path.read_bytes()
    at = whole.index(b"GCOL") + 16
    path.write_bytes(whole[:at] + bytes(16) + whole[at + 16 :])
    monkeypatch.setattr(
        _apart, "_READ", _apart._READ.replace("; _reader.main()", "; _reader._SECONDS = 1; _reader.main()")
    )
    assert "goes on for ever" in refused(path)


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

DEEP = {
    "lists": "[" * 100_000 + "]" * 100_000,
    "tables": '{"a":' * 50 + "1" + "}" * 50,
    "cut": '{"a"',
    "none": None,
    "digits": "9" * 400,
}


@pytest.mark.parametrize("text", DEEP.values(), ids=DEEP)
def test_json_too_deep_or_broken_is_one_error(text):
    with pytest.raises(ValueError, match=r"the recipe (is|has) .*; take an intact copy") as caught:
        parse_json(text, "the recipe")
    assert len(str(caught.value)) < 200


def test_seeds_of_numpy_survive_the_file(tmp_path):
    net = tn.Network(units=5, seed=2**127 + 1)
    net.to_toml(tmp_path / "network.toml")
    assert tn.load_network(tmp_path / "network.toml") == net
    assert parse_json(json.dumps(net.to_dict()), "x")["seed"] == 2**127 + 1


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
    "digits": "a = " + "9" * 400,
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
