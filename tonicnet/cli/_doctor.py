"""``tonicnet doctor``: what is installed here, what it can do, and what is missing for which command."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path

import typer

from ._errors import in_a_sentence
from ._spiking_code import builds
from ._table import table

_NEEDED = (
    "torch", "numpy", "scipy", "xarray", "h5netcdf", "h5py", "brian2", "Cython", "matplotlib", "typer", "jaxtyping",
)  # fmt: skip
_OPTIONAL = {
    "nir": ("nir", "tonicnet export --format nir", "tonicnet[nir]"),
    "plotly": ("plotly", "tonicnet report", "tonicnet[report]"),
    "ipywidgets": ("ipywidgets", "tonicnet.explore, and bars in notebooks", "tonicnet[explore]"),
    "dysts": ("dysts", "tonicnet.from_dysts", "tonicnet[dysts]"),
}


@in_a_sentence
def doctor() -> None:
    """Print versions, compiler, threads, bfloat16 and cache, and what is missing for which command.

    Nothing is changed but the cache, in which the compiled loops are built if
    they are not there. Ends with 1 if something that every command needs is
    missing.

    \b
    Example:  tonicnet doctor
    """
    found = {name: _version(name) for name in _NEEDED}
    lines = [("tonicnet", _version("tonicnet") or "not installed, run from its folder"), ("Python", _python())]
    lines += [(name, number or "missing") for name, number in found.items()]
    lines += [(name, _version(name) or "not installed (optional)") for name in _OPTIONAL]
    typer.echo(_told("versions", lines))
    typer.echo("\n" + _told("compiler", _compiler()))
    if found["torch"]:
        typer.echo("\n" + _told("processor", _processor()))
    typer.echo("\n" + _told("cache", _cache()))
    broken = [name for name, number in found.items() if number is None and name != "Cython"]
    typer.echo("\n" + _told("missing", _missing(broken) or [("nothing", "every command works")]))
    if broken:
        raise typer.Exit(1)


def _told(head: str, lines: list[tuple[str, str]]) -> str:
    return table([head, ""], [[f"  {name}", words] for name, words in lines], left=(0, 1))


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _python() -> str:
    return f"{platform.python_version()}, {platform.system()} {platform.machine()}, {sys.executable}"


def _compiler() -> list[tuple[str, str]]:
    """Return the C++ compiler, make, the compiled loops, and what Brian2 can run."""
    from .. import compiled

    command = compiled.compiler()
    lines = [("C++", "none found" if command is None else f"{' '.join(command)}: {_first_line(command)}")]
    lines.append(("make", shutil.which("make") or "none found"))
    if _version("torch"):
        loops = bool(command) and all(compiled.library(source) for source in (None, compiled.FLOW))
        lines.append(
            ("compiled loops", "work" if loops else "none, rate networks run in torch, true runs in numpy (slower)")
        )
    if _version("brian2"):
        from ..spiking._codegen import resolve

        lines.append(("Brian2 runs", f"{resolve('auto')}{', C++ programs' if builds() else ''}"))
    return lines


def _first_line(command: list[str]) -> str:
    done = subprocess.run([*command, "--version"], capture_output=True, text=True, timeout=20)
    return next(iter(done.stdout.splitlines()), f"does not run ({done.returncode})")


def _processor() -> list[tuple[str, str]]:
    import torch

    from ..network import fast_bfloat16

    limit = os.environ.get("OMP_NUM_THREADS")
    said = f"; OMP_NUM_THREADS={limit}" if limit else ""
    cuda = torch.cuda.get_device_name() if torch.cuda.is_available() else "none seen by torch"
    return [
        ("cores", str(os.cpu_count())),
        ("threads", f"{torch.get_num_threads()} in torch{said}"),
        ("bfloat16", "multiplied faster than float32" if fast_bfloat16() else "not faster than float32, not used"),
        ("CUDA", cuda),
    ]


def _cache() -> list[tuple[str, str]]:
    from .. import compiled

    folder = compiled.cache_folder()
    files = [file for file in folder.rglob("*") if file.is_file()] if folder.is_dir() else []
    size = sum(file.stat().st_size for file in files) / 1e6
    place = folder if folder.exists() else next(p for p in folder.parents if p.exists())
    state = f"{len(files)} files, {size:.0f} MB" if os.access(place, os.W_OK) else "cannot be written to"
    runs = os.environ.get("TONICNET_CACHE")
    kept = "kept while Python runs (TONICNET_CACHE is not set)" if not runs else _folder(Path(runs))
    return [("builds", f"{folder}: {state}"), ("true runs", kept)]


def _folder(path: Path) -> str:
    return f"{path}{'' if path.is_dir() else ', which is not there: create it, or unset TONICNET_CACHE'}"


def _missing(broken: list[str]) -> list[tuple[str, str]]:
    """Return what is missing, for which command, and how to get it."""
    lines = [(name, f"for every command: pip install {name}") for name in broken]
    lines += [
        (name, f"for {use}: pip install '{extra}'")
        for name, (module, use, extra) in _OPTIONAL.items()
        if find_spec(module) is None
    ]
    if not builds():
        lines.append(("C++ compiler and make", "for --codegen standalone and fast runs: apt install build-essential"))
    return lines
