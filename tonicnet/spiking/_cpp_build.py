"""C++ programs of spiking networks, built once for each shape and kept in a folder."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from dataclasses import asdict
from pathlib import Path

from .. import compiled
from .._labels import package_version
from . import _cpp_sources
from ._cpp_sources import HEADER, Shape, write_sources


def program(shape: Shape, cache: str | os.PathLike[str] | None) -> Path:
    """Return the folder of a compiled program of this shape, from the cache of builds or built now."""
    folder = cache_folder(cache) / build_key(shape)
    if (folder / "main").is_file():
        return folder
    check_compiler()
    try:
        folder.parent.mkdir(parents=True, exist_ok=True)
        fresh = Path(tempfile.mkdtemp(dir=folder.parent, prefix=".build-"))
    except OSError as error:
        raise PermissionError(
            f"cannot keep builds in {folder.parent} ({error.strerror}); choose another folder with cache="
        ) from error
    try:
        write_sources(shape, fresh)
        compile_sources(fresh)
        with contextlib.suppress(OSError):  # another process has finished the same build first
            fresh.replace(folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    return folder


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
    done = subprocess.run(["make", "-j"], cwd=folder, capture_output=True, text=True)
    if done.returncode:
        lines = [line for line in (done.stdout + done.stderr).splitlines() if "error" in line.lower()]
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
