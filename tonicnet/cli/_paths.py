"""Where results go: checked before the work begins, not after."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from .._names import unknown
from ..files import check_writable


def output(path: Path, suffixes: Iterable[str], *, inputs: Iterable[Path] = ()) -> Path:
    """Return a path that can be written to; raise in a sentence if it cannot, or if it is one of the inputs."""
    known = list(suffixes)
    if path.suffix not in known:
        raise ValueError(f"{path}: {unknown('file type', path.suffix, known)}")
    if path.is_dir():
        raise ValueError(f"{path} is a folder; give the name of a file in it")
    if path.exists() and any(p.exists() and p.samefile(path) for p in inputs):
        raise ValueError(f"{path} is also what is read here; give the result another name")
    check_writable(path)
    return path


def folder(path: Path) -> Path:
    """Return a folder that can be written to, made if it is not there."""
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise PermissionError(f"cannot make the folder {path} ({error.strerror}); choose another") from error
    check_writable(path / "bank.nc")
    return path
