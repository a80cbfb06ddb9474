"""What functions of the library take, read from their source: defaults and words are written there, and only there.

Reading them from the functions themselves would import torch for ``--help``.
"""

from __future__ import annotations

import ast
import inspect
import re
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

_PACKAGE = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Taken:
    """An argument of a function: its name, its type as it is written, its default, and what is said of it."""

    name: str
    kind: str
    default: Any
    words: str


@cache
def taken(file: str, function: str, described: str = "") -> dict[str, Taken]:
    """Return the keyword-only arguments of a function of the package, by name.

    Arguments: ``file``, within the package; ``function``, as in ``Network.__init__``; ``described``, whose docstring
    says what they are, the function itself if not given.

    >>> taken("network/_network.py", "Network.__init__", "Network")["tau"].default
    0.1
    """
    tree = ast.parse((_PACKAGE / file).read_text(encoding="utf-8"))
    arguments = _found(tree, function).args
    words = _described(ast.get_docstring(_found(tree, described or function)) or "")
    return {
        argument.arg: Taken(
            argument.arg,
            ast.unparse(argument.annotation) if argument.annotation else "",
            inspect.Parameter.empty if default is None else ast.literal_eval(default),
            words.get(argument.arg, ""),
        )
        for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    }


@cache
def network_arguments() -> dict[str, Taken]:
    """Return the arguments of ``tonicnet.Network`` that are options of their own: all but the seed."""
    found = taken("network/_network.py", "Network.__init__", "Network")
    return {name: argument for name, argument in found.items() if name != "seed"}


def _found(tree: ast.AST, dotted: str) -> Any:
    """Return the definition of a name, as in ``Class.method``."""
    for name in dotted.split("."):
        tree = next(node for node in ast.iter_child_nodes(tree) if getattr(node, "name", None) == name)
    return tree


def _described(docstring: str) -> dict[str, str]:
    """Return what the list of arguments in a docstring says of each, up to the first colon, semicolon or full stop.

    >>> _described("gain, density : scale and fill of the random synapses.")
    {'gain': 'scale and fill of the random synapses', 'density': 'scale and fill of the random synapses'}
    """
    found: dict[str, str] = {}
    for line in docstring.splitlines():
        names, colon, words = line.partition(" : ")
        if colon and line == line.lstrip() and all(name.strip().isidentifier() for name in names.split(",")):
            brief = re.split(r"[;:]|, or a :", words.replace("``", ""))[0].rstrip(".")
            found |= {name.strip(): brief for name in names.split(",")}
    return found
