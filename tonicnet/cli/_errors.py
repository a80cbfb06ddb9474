"""Errors of the library, printed as one sentence on stderr, in the words of the command line."""

from __future__ import annotations

import functools
import inspect
import re
from collections.abc import Callable, Collection
from typing import ParamSpec, TypeVar

import typer

from ._signatures import network_arguments

P = ParamSpec("P")
R = TypeVar("R")

EXPECTED = (ValueError, KeyError, TypeError, OSError, RuntimeError, ImportError, MemoryError)
_SEVERAL = re.compile(r"\b(\w+)=\(((?:'[^']*'|\"[^\"]*\")(?:, (?:'[^']*'|\"[^\"]*\"))*),?\)")  # drop=('a', 'b')
_ONE = re.compile(r"\b(\w+)=(?:'([^']*)'|\"([^\"]*)\"|([\w.-]+))?")  # codegen="numpy", units=300, memory=


def in_a_sentence(command: Callable[P, R]) -> Callable[P, R]:
    """Make a command print the errors that the library raises on purpose and exit with 1, without a traceback."""
    flags = set(inspect.signature(command).parameters)
    if "drawn" in flags:
        flags = (flags | set(network_arguments())) - {"dt"}  # it has both meanings there

    @functools.wraps(command)
    def wrapped(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return command(*args, **kwargs)
        except (typer.Exit, typer.Abort, BrokenPipeError):
            raise
        except EXPECTED as error:
            typer.echo(f"tonicnet: {in_flags(sentence(error), flags)}", err=True)
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


def in_flags(words: str, flags: Collection[str]) -> str:
    """Return a sentence that names arguments of Python with the options that a command has for them.

    >>> in_flags('raise memory=, or use codegen="numpy" with feedback=False', {"memory", "codegen", "feedback"})
    'raise --memory, or use --codegen numpy with --no-feedback'
    >>> in_flags("leave it out with drop=('refractory', 'soft reset')", {"drop"})
    "leave it out with --drop refractory --drop 'soft reset'"
    """

    def several(found: re.Match[str]) -> str:
        if found[1] not in flags:
            return found[0]
        return " ".join(f"{_flag(found[1])} {_word(one)}" for one in re.findall(r"['\"]([^'\"]*)['\"]", found[2]))

    def one(found: re.Match[str]) -> str:
        value = next((v for v in found.groups()[1:] if v is not None), "")
        if found[1] not in flags:
            return found[0]
        if value in ("True", "False"):
            return _flag(found[1] if value == "True" else f"no_{found[1]}")
        return f"{_flag(found[1])} {_word(value)}".rstrip()

    return _ONE.sub(one, _SEVERAL.sub(several, words))


def _flag(name: str) -> str:
    return f"--{name.replace('_', '-')}"


def _word(value: str) -> str:
    return f"'{value}'" if " " in value else value
