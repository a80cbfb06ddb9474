"""Options that draw a network: those of :class:`tonicnet.Network`, generated from its signature."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Annotated, Any

import typer

from ._signatures import Taken, network_arguments

_KINDS: dict[str, Any] = {"int": int, "float": float, "bool": bool, "str": str}
_OTHERWISE = {"dt": "network_dt"}  # names of options that a command has for something else


def with_network_options(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command an option for each argument of a network; those that are used arrive in its ``drawn``."""
    own = inspect.signature(command, eval_str=True)
    options = {_OTHERWISE.get(name, name): name for name in network_arguments()}

    @functools.wraps(command)
    def wrapped(**given: Any) -> None:
        drawn = {name: given.pop(option) for option, name in options.items()}
        command(**given, drawn={name: value for name, value in drawn.items() if value is not None})

    kept = [p.replace(kind=inspect.Parameter.KEYWORD_ONLY) for p in own.parameters.values() if p.name != "drawn"]
    added = [_parameter(option, network_arguments()[name]) for option, name in options.items()]
    wrapped.__signature__ = inspect.Signature([*kept, *added])  # type: ignore[attr-defined]
    wrapped.__annotations__ = {p.name: p.annotation for p in [*kept, *added]}
    del wrapped.__wrapped__
    return wrapped


def _parameter(option: str, argument: Taken) -> inspect.Parameter:
    kind = next(made for name, made in _KINDS.items() if argument.kind.startswith(name))
    words = argument.words[:1].upper() + argument.words[1:]
    default = "" if argument.default in (None, inspect.Parameter.empty) else f" (default: {_text(argument.default)})"
    text = f"{words}{default}.".replace("[", r"\[")  # what is in brackets would be taken for markup
    shown = typer.Option(help=text, rich_help_panel="Network to draw")
    return inspect.Parameter(
        option, inspect.Parameter.KEYWORD_ONLY, default=None, annotation=Annotated[kind | None, shown]
    )


def _text(default: Any) -> str:
    return str(default).lower() if isinstance(default, bool) else str(default)
