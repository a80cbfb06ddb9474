"""Every kind of file that tonicnet reads: a good one, and the door that reads it and says what it has read."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import xarray as xr

import tonicnet as tn
from tonicnet.files import unsealed

NET = {"units": 20, "seed": 0, "transfer": "tanh"}


@dataclass(frozen=True)
class Kind:
    """A kind of file: its name, how a good one is written, how it is read, and whether a digest is held against it.

    ``read`` returns what was understood, as text; ``share`` is how often it is damaged, beside the others; a ``text``
    is damaged as one. The recipe of a network carries the hash of its synapses, but a damage may take the line out.
    """

    file: str
    write: Callable[[Path], None]
    read: Callable[[Path], str]
    digest: bool = True
    share: float = 1.0
    text: bool = False


def _same(ds: xr.Dataset | xr.DataArray) -> str:
    """Return a hash of all that a Dataset holds."""
    ds = ds.to_dataset(name="x") if isinstance(ds, xr.DataArray) else ds
    digest = hashlib.sha256(repr(sorted(ds.attrs.items())).encode())
    for name, one in sorted(ds.variables.items()):
        values = one.values.astype(str) if one.dtype.kind in "OT" else one.values
        digest.update(f"{name} {one.dims} {values.shape} {sorted(one.attrs.items())}".encode())
        digest.update(np.ascontiguousarray(values).tobytes())
    return digest.hexdigest()


def _fit(checkpoint: Path | None) -> xr.Dataset:
    return tn.fit(tn.Network(**NET), "hopf", checkpoint=checkpoint, rounds=0, restarts=0, steps=2, progress=False)


def _bank(path: Path) -> None:
    tn.save(_fit(None), path)


def _read_bank(path: Path) -> str:
    bank = tn.load_bank(path)
    run = tn.simulate(tn.Network(**NET), bank, task="hopf", duration=0.05, initial=[0.3, 0.1, 0.0])
    return _same(bank) + _same(run["output"])


def _old_bank(path: Path) -> None:
    _bank(path)
    path.write_bytes(unsealed(path.read_bytes()))


def _run(path: Path) -> None:
    tn.save(tn.task("hopf").trajectory(1.0, 0.1, seed=0), path)


def _learned(path: Path) -> str:
    return _same(xr.Dataset(_fit(path)[["bias", "loss"]].data_vars))


def _interrupted(path: Path) -> None:
    def stop(event: dict) -> None:
        if event["step"] == 3:
            raise KeyboardInterrupt

    tn.fit(
        tn.Network(**NET), "hopf", checkpoint=path, rounds=0, restarts=0, steps=2, progress=stop
    )  # fmt: skip


_X = np.column_stack([np.sin(np.arange(40) / 5), np.cos(np.arange(40) / 5)])


def _recording(path: Path) -> None:
    time = ("time", np.arange(40) * 0.01, {"units": "s"})
    xr.Dataset({"x": (("time", "component"), _X)}, {"time": time}).to_netcdf(path, engine="h5netcdf")


def _csv(path: Path) -> None:
    rows = [f"{t / 100},{x:.6f},{y:.6f}" for t, (x, y) in enumerate(_X)]
    path.write_text("\n".join(["time,x,y", *rows, ""]))


def _read_recording(path: Path) -> str:
    array = tn.read_recording(path, dt=0.01 if path.suffix == ".npy" else None)
    return _same(tn.Task.from_array(array, name="mine").trajectory(0.1, 0.01, seed=0))


def _toml(path: Path) -> None:
    shutil.copyfile(Path(tn.__file__).parent.parent / "tasks" / "lorenz.toml", path)


def _read_task(path: Path) -> str:
    return json.dumps(tn.task(path).to_dict())


def _network(path: Path) -> None:
    tn.Network(**NET).to_toml(path)


def _recipe(path: Path) -> None:
    path.write_text(json.dumps(tn.Network(**NET).to_dict()))


def _read_recipe(path: Path) -> str:
    return tn.load_network(_with_recipe(path)).sha256


def _with_recipe(path: Path) -> Path:
    """A bank whose JSON text is that of the file, sealed as it is."""
    text = path.read_bytes().decode("utf-8", "replace")
    return tn.save(xr.Dataset(attrs={"network": text.replace("\0", "?") or "?"}), path.with_suffix(".nc"))


def _kept(path: Path) -> None:
    os.environ["TONICNET_CACHE"] = str(path.parent)
    try:
        from tonicnet.task._store import _on_disk

        found = _on_disk(path.parent, "key", lambda: _X)
        (written,) = path.parent.glob("tonicnet-*.npz")
        written.rename(path)
        assert (found == _X).all()
    finally:
        del os.environ["TONICNET_CACHE"]


def _read_kept(path: Path) -> str:
    from tonicnet.task._store import _read

    found = _read(path, "key")
    if found is None:
        raise ValueError("it is computed again")
    return hashlib.sha256(found.tobytes()).hexdigest()


def _script(path: Path) -> None:
    script = path.with_suffix(".py")
    tn.spiking.write_script(script, tn.Network(20, seed=0), np.ones(20), duration=0.1)
    text = script.read_text()
    start = text.index('"data_sha256": ') if '"data_sha256": ' in text else text.index("'data_sha256': ")
    path.with_suffix(".sha256").write_text(text[start + 16 : start + 16 + 64])


def _read_script(path: Path) -> str:
    from tonicnet.spiking.exported.brian2_script import load_data

    try:
        data = load_data(path, path.with_suffix(".sha256").read_text())
    except SystemExit as error:
        raise ValueError(str(error)) from error
    return hashlib.sha256(b"".join(np.ascontiguousarray(data[name]).tobytes() for name in sorted(data))).hexdigest()


def _array(path: Path) -> None:
    """An array of an exported program, with its list of digests and a program that reads it as that one does."""
    from tonicnet.spiking._cpp_inputs import write_digests
    from tonicnet.spiking._cpp_sources import HEADER

    _X.tofile(path)
    write_digests(path.parent)
    source = path.with_suffix(".cpp")
    source.write_text(
        f'#include "{HEADER}"\nint main() {{ double s = 0; for (double x : tonic::all<double>("{path.name}")) s += x;'
        " std::cout << std::setprecision(17) << s; }\n"
    )
    subprocess.run(["g++", "-std=c++11", str(source), "-o", str(path.with_suffix(".main"))], check=True)


def _read_array(path: Path) -> str:
    done = subprocess.run(
        [str(path.with_suffix(".main"))], env=os.environ | {"TONIC_INPUTS": str(path.parent)}, capture_output=True,
        text=True, timeout=20,
    )  # fmt: skip
    if done.returncode == 2:
        raise ValueError(done.stderr.strip())
    done.check_returncode()
    return done.stdout


def _library(path: Path) -> None:
    from tonicnet.compiled import _compiler

    path.write_bytes(bytes(range(256)) * 40)
    _compiler._mark(path).write_text(_compiler._digest(path.read_bytes()))


def _read_library(path: Path) -> str:
    from tonicnet.compiled import _compiler

    if not _compiler._undamaged(path):
        raise ValueError("it is built again")
    return hashlib.sha256(path.read_bytes()).hexdigest()


def _program(path: Path) -> None:
    from tonicnet.spiking import _cpp_build

    _library(path)
    path.chmod(0o755)
    _cpp_build.mark(path.parent)


def _read_program(path: Path) -> str:
    from tonicnet.spiking import _cpp_build

    path.chmod(0o755)
    if not _cpp_build._undamaged(path.parent):
        raise ValueError("it is built again")
    return hashlib.sha256(path.read_bytes()).hexdigest()


KINDS = {
    "bank": Kind("bank.nc", _bank, _read_bank),
    "run": Kind("run.nc", _run, lambda path: _same(tn.load(path))),
    "checkpoint": Kind("checkpoint.nc", _interrupted, _learned),
    "kept run": Kind("kept.npz", _kept, _read_kept),
    "script's data": Kind("script.npz", _script, _read_script),
    "C++ array": Kind("array.f64", _array, _read_array),
    "compiled library": Kind("library.so", _library, _read_library),
    "compiled program": Kind("main", _program, _read_program),
    "bank without digest": Kind("bank.nc", _old_bank, _read_bank, digest=False, share=0.3),
    "NetCDF recording": Kind("recording.nc", _recording, _read_recording, digest=False, share=0.3),
    "CSV recording": Kind("recording.csv", _csv, _read_recording, digest=False, text=True),
    "NPY recording": Kind("recording.npy", lambda path: np.save(path, _X), _read_recording, digest=False),
    "task TOML": Kind("task.toml", _toml, _read_task, digest=False, text=True),
    "network TOML": Kind(
        "network.toml", _network, lambda path: tn.load_network(path).sha256, digest=False, text=True
    ),
    "recipe in a bank": Kind(
        "recipe.json", _recipe, _read_recipe, digest=False, text=True
    ),
}  # fmt: skip


def good(kind: Kind, folder: Path) -> bytes:
    """Write a good file of a kind into a folder and return its bytes."""
    path = folder / kind.file
    with contextlib.suppress(FileExistsError):
        folder.mkdir(parents=True)
    kind.write(path)
    return path.read_bytes()


def scratch() -> Path:
    """Return a new folder."""
    return Path(tempfile.mkdtemp(prefix="tonicnet-fuzz-"))
