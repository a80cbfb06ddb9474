"""Errors of the library, printed as one sentence on stderr."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

import typer

P = ParamSpec("P")
R = TypeVar("R")

EXPECTED = (ValueError, KeyError, TypeError, OSError, RuntimeError, ImportError, MemoryError)


def in_a_sentence(command: Callable[P, R]) -> Callable[P, R]:
    """Make a command print the errors that the library raises on purpose and exit with 1, without a traceback."""

    @functools.wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except (typer.Exit, typer.Abort, BrokenPipeError):
            raise
        except EXPECTED as error:
            typer.echo(f"tonicnet: {sentence(error)}", err=True)
            raise typer.Exit(1) from error

    return wrapped


def sentence(error: BaseException) -> str:
    """Return an error as one line of text.

    >>> sentence(KeyError("speed"))
    "'speed' is missing; the file is incomplete, so make it again or take an intact copy"
    """
    if isinstance(error, OSError) and error.strerror:
        return f"{error.filename or 'a file'}: {error.strerror.lower()}; choose another path"
    words = " ".join(str(error.args[0] if error.args else error).split())
    if isinstance(error, KeyError) and " " not in words:
        return f"{words!r} is missing; the file is incomplete, so make it again or take an intact copy"
    return words or f"it stopped with {type(error).__name__}, which says no more"
