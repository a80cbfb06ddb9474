"""C++ programs of spiking networks, built once for each shape and kept in a folder."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
from dataclasses import asdict
from pathlib import Path

from .. import compiled
from .._labels import package_version
from .._process import run
from ..files import check_writable, workplace
from . import _cpp_sources
from ._cpp_sources import HEADER, Shape, write_sources


def program(shape: Shape, cache: str | os.PathLike[str] | None) -> Path:
    """Return the folder of a compiled program of this shape, from the cache of builds or built now."""
    folder = cache_folder(cache) / build_key(shape)
    if _undamaged(folder):
        return folder
    check_compiler()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        check_writable(folder.parent / ".tonicnet")
    except OSError as error:
        raise PermissionError(
            f"cannot keep builds in {folder.parent} ({error.strerror or error}); choose another folder with cache="
        ) from error
    with workplace(folder.parent) as fresh:
        write_sources(shape, fresh)
        compile_sources(fresh)
        mark(fresh)
        _install(fresh, folder)
    return folder


def mark(folder: Path) -> None:
    """Write the hash of a compiled program beside it, without which it is not run from a cache."""
    (folder / "main.sha256").write_text(_digest(folder))


def _undamaged(folder: Path) -> bool:
    try:
        return os.access(folder / "main", os.X_OK) and _digest(folder) == (folder / "main.sha256").read_text()
    except (OSError, UnicodeDecodeError):
        return False


def _digest(folder: Path) -> str:
    return hashlib.sha256((folder / "main").read_bytes()).hexdigest()


def _install(fresh: Path, folder: Path) -> None:
    """Move a build to its place in the cache, and a damaged one there out of it."""
    with workplace(folder.parent) as away:
        if not _undamaged(folder):  # else another process has finished the same build first
            with contextlib.suppress(FileNotFoundError):
                folder.replace(away / "damaged")
            with contextlib.suppress(OSError):
                fresh.replace(folder)


def cache_folder(given: str | os.PathLike[str] | None) -> Path:
    """Return where builds are kept: the folder given, else tonicnet's own in the user's cache."""
    return compiled.cache_folder() if given is None else Path(given).expanduser().absolute()


def check_compiler() -> None:
    """Raise RuntimeError if there is no make or no C++ compiler."""
    compiler = os.environ.get("CXX", "g++").split()[0]
    for tool in ("make", compiler):
        if shutil.which(tool) is None:
            raise RuntimeError(
                f'codegen="standalone" needs make and a C++ compiler and found no {tool!r}; install them (Debian: '
                'apt install build-essential), name yours in CXX, or use codegen="auto", which needs neither'
            )


def compile_sources(folder: Path) -> None:
    """Run make in the folder of a program."""
    done = run(["make", "-j"], cwd=folder, env=os.environ | {"TMPDIR": str(folder)})  # the compiler's own files too
    if done.returncode:
        lines = [
            line
            for line in (done.stdout + done.stderr).decode(errors="replace").splitlines()
            if "error" in line.lower()
        ]
        raise RuntimeError(
            f"the C++ program did not compile ({'; '.join(lines[:2]) or 'make said no more'}); check the compiler "
            'with "c++ --version", or use codegen="auto"'
        )


def build_key(shape: Shape) -> str:
    """Return the content hash of a build: the shape, the C++ of this package, Brian2 and the processor."""
    import brian2 as b2

    of = [
        asdict(shape),
        package_version(),
        b2.__version__,
        HEADER.read_text(),
        Path(_cpp_sources.__file__).read_text(),
        compiled.processor(),
        flags(),
    ]
    return hashlib.sha256(json.dumps(of).encode()).hexdigest()[:24]


def flags() -> list[str]:
    """Return the compiler flags Brian2 would use."""
    import brian2 as b2

    return list(b2.prefs["codegen.cpp.extra_compile_args_gcc"])
