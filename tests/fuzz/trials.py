"""Damaged files handed to the doors of the library, in a process that may hang or crash."""

from __future__ import annotations

import contextlib
import logging
import multiprocessing
import os
import resource
import shutil
import signal
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from multiprocessing.connection import Connection
from pathlib import Path

from .kinds import KINDS, good, scratch
from .mutators import CANARY, mutated

ALLOWED = (ValueError, TypeError, KeyError, OSError, MemoryError, ImportError, RuntimeError)
CLASSES = ("refused", "equal", "different", "leaked", "hang", "crash", "executed")
_ROOM = 8 * 2**30  # bytes of address space: what a file asks for beyond it is a MemoryError
_UNUSABLE = "unusable"
PATIENCE = 120.0  # seconds after which a door hangs; a reader of others' files ends itself after 10 of computing


def order(names: Sequence[str], count: int, seed: int) -> Iterator[tuple[str, int]]:
    """Yield which kind is damaged by which seed, each as often as its share says."""
    total = sum(KINDS[name].share for name in names)
    at = seed * 10**9
    for name in names:
        for _ in range(round(count * KINDS[name].share / total)):
            yield name, at
            at += 1


def trials(jobs: Sequence[tuple[str, int]]) -> Iterator[tuple[str, int, str, str]]:
    """Yield what became of each damaged file: its kind, its seed, the class, and what was said."""
    left = list(jobs)
    while left:
        with _worker() as (process, pipe):
            pipe.recv()  # it has imported what it needs
            while left:
                name, seed = left.pop(0)
                pipe.send((name, seed))
                what, said = _answer(process, pipe)
                if what == _UNUSABLE:
                    raise RuntimeError(f"a good {name} cannot be written or read: {said}")
                yield name, seed, what, said
                if what in ("hang", "crash"):
                    break


def _answer(process: multiprocessing.Process, pipe: Connection) -> tuple[str, str]:
    if not pipe.poll(PATIENCE):
        return "hang", f"after {PATIENCE:g} s"
    try:
        return pipe.recv()
    except EOFError:
        process.join()
        return "crash", f"exit code {process.exitcode}"


def summed(results: Iterator[tuple[str, int, str, str]]) -> tuple[dict[str, dict[str, int]], list[str]]:
    """Return how many files of each kind came to each class, and what must not be, seed by seed."""
    table: dict[str, Counter] = {}
    wrong: list[str] = []
    for name, seed, what, said in results:
        table.setdefault(name, Counter())[what] += 1
        if is_wrong(name, what):
            wrong.append(f"{name}, seed {seed}: {what} {said}")
    return {name: {one: counts[one] for one in CLASSES} for name, counts in table.items()}, wrong


def is_wrong(name: str, what: str) -> bool:
    """Return whether a damaged file of this kind may not come to this."""
    return what in ("leaked", "hang", "crash", "executed") or (what == "different" and KINDS[name].digest)


@contextlib.contextmanager
def _worker() -> Iterator[tuple[multiprocessing.Process, Connection]]:
    context, folder = multiprocessing.get_context("spawn"), scratch()
    here, there = context.Pipe()
    process = context.Process(target=_work, args=(there, folder), daemon=False)
    process.start()
    there.close()
    try:
        yield process, here
    finally:
        process.kill()
        process.join()
        here.close()
        shutil.rmtree(folder, ignore_errors=True)


def _work(pipe: Connection, folder: Path) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (_ROOM, hard))
    warnings.simplefilter("error")
    logging.getLogger("tonicnet").setLevel(logging.ERROR)
    os.environ[CANARY] = str(folder / "canary")
    made: dict[str, tuple[bytes, str]] = {}
    pipe.send("here")
    with contextlib.suppress(EOFError):
        while True:
            name, seed = pipe.recv()
            try:
                made[name] = made.get(name) or _made(name, folder / name.replace(" ", "-"))
            except Exception as error:
                pipe.send((_UNUSABLE, f"{type(error).__name__}: {error}"))
                continue
            pipe.send(_tried(name, folder / name.replace(" ", "-"), *made[name], seed))


def _made(name: str, folder: Path) -> tuple[bytes, str]:
    """Return a good file and what it is understood as; that is the same each time it is read."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        content = good(KINDS[name], folder)
        found = KINDS[name].read(folder / KINDS[name].file)
    return content, found


def _tried(name: str, folder: Path, content: bytes, found: str, seed: int) -> tuple[str, str]:
    path, damaged = folder / KINDS[name].file, mutated(content, seed, text=KINDS[name].text)
    path.write_bytes(damaged)
    what, said = _read(name, path, found)
    if Path(os.environ[CANARY]).exists():
        Path(os.environ[CANARY]).unlink()
        return "executed", said
    return what, said


def _read(name: str, path: Path, found: str) -> tuple[str, str]:
    try:
        now = KINDS[name].read(path)
    except ALLOWED as error:
        said = str(error)
        return ("refused" if 0 < len(said) < 2000 and "\n" not in said else "leaked"), f"{type(error).__name__}: {said}"
    except BaseException as error:
        return "leaked", f"{type(error).__name__}: {error}"
    return ("equal" if now == found else "different"), ""
