"""A C++ compiler, what it is told, and where its builds are kept."""

from __future__ import annotations

import contextlib
import hashlib
import os
import platform
import shlex
import shutil
from collections.abc import Sequence
from pathlib import Path

from .._process import run
from ..files import workplace

# No finite-math flag: a run that leaves the finite numbers must show it. Reductions are reordered only where the
# source asks for it ("omp simd").
FLAGS = ("-std=c++17", "-O3", "-fno-math-errno", "-fno-trapping-math", "-ffp-contract=fast", "-fopenmp-simd")
_SHARED = ("-fPIC", "-shared")
_NATIVE = "-march=native"


def compiler() -> list[str] | None:
    """Return the command of the C++ compiler that Brian2's programs are built with, CXX or g++; None without one."""
    for command in (os.environ.get("CXX", ""), "g++", "c++", "clang++"):
        words = shlex.split(command)
        if words and shutil.which(words[0]):
            return words
    return None


def cache_folder() -> Path:
    """Return tonicnet's own folder in the user's cache."""
    if platform.system() == "Darwin":
        return Path.home() / "Library" / "Caches" / "tonicnet"
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tonicnet"


def processor() -> str:
    """Return what decides which instructions a build may use."""
    with contextlib.suppress(OSError):
        for line in Path("/proc/cpuinfo").read_text().splitlines():
            if line.startswith(("flags", "Features")):
                return line
    return f"{platform.machine()} {platform.processor()}"


def build_library(source: Path, command: Sequence[str]) -> Path:
    """Return the shared library of one source, from the cache if an undamaged build is there.

    The name holds a hash of the source, the compiler, its flags and the processor; a file beside it holds the hash of
    the library, without which it is not loaded. Raises RuntimeError where the source does not compile.
    """
    key = _digest("\0".join([source.read_text(), *command, _version(command), *FLAGS, processor()]).encode())[:24]
    library = cache_folder() / f"{source.stem}-{key}.so"
    if not _undamaged(library):
        _build(source, command, library)
    return library


def _undamaged(library: Path) -> bool:
    try:
        return _digest(library.read_bytes()) == _mark(library).read_text()
    except (OSError, UnicodeDecodeError):
        return False


def _build(source: Path, command: Sequence[str], library: Path) -> None:
    library.parent.mkdir(parents=True, exist_ok=True)
    with workplace(library.parent) as folder:
        fresh, mark = folder / "library.so", folder / "mark"
        _compile([*command, *FLAGS], [*_SHARED, str(source), "-o", str(fresh)])
        mark.write_text(_digest(fresh.read_bytes()))
        fresh.replace(library)
        mark.replace(_mark(library))


def _compile(start: Sequence[str], end: Sequence[str]) -> None:
    """Compile for this processor, or for any of its kind where the compiler does not know the flag."""
    for native in ((_NATIVE,), ()):
        done = run([*start, *native, *end])
        if not done.returncode:
            return
    lines = [line for line in done.stderr.decode(errors="replace").splitlines() if "error" in line.lower()]
    raise RuntimeError("; ".join(lines[:2]) or "the compiler gave no reason")


def _version(command: Sequence[str]) -> str:
    return run([*command, "--version"]).stdout.decode(errors="replace")


def _mark(library: Path) -> Path:
    return library.with_suffix(".sha256")


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
