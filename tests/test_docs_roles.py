"""Roles in docstrings name what there is, arguments are described where they are listed, and pages link to pages."""

from __future__ import annotations

import ast
import importlib.util
import inspect
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import tonicnet as tn

ROOT = Path(__file__).resolve().parent.parent


def _prepared_by_docs() -> Any:
    spec = importlib.util.spec_from_file_location("docstrings", ROOT / "docs" / "docstrings.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


docstrings = _prepared_by_docs()
_ROLE = re.compile(r":(?:func|class|meth|attr|mod|data|exc):`[~!]?([^`<]+)`")
_DOCUMENTED = ast.Module | ast.ClassDef | ast.FunctionDef


def modules() -> list[Path]:
    return [
        p for p in sorted((ROOT / "tonicnet").rglob("*.py")) if "exported" not in p.parts and "__main__" not in p.name
    ]


def roles(path: Path) -> Iterator[tuple[str, str]]:
    """The name of the class around it, if there is one, and what a role names."""
    tree = ast.parse(path.read_text())
    inside = {id(n): c.name for c in ast.walk(tree) if isinstance(c, ast.ClassDef) for n in ast.walk(c)}
    for node in ast.walk(tree):
        if isinstance(node, _DOCUMENTED):
            for name in _ROLE.findall(ast.get_docstring(node) or ""):
                yield inside.get(id(node), ""), name


def there(name: str, module: Any, owner: str) -> bool:
    """Whether a dotted name is known in a module, in the class around it, or from the package on."""
    if name.startswith("tonicnet."):
        return _part(tn, name.removeprefix("tonicnet."))
    room = importlib.import_module(module.__name__.rpartition(".")[0] or module.__name__)
    return any(_part(start, name) for start in (module, getattr(module, owner, None), room, tn))


def _part(thing: Any, name: str) -> bool:
    for part in name.split("."):
        if not hasattr(thing, part):
            return part in getattr(thing, "__annotations__", {})
        thing = getattr(thing, part)
    return True


@pytest.mark.parametrize("path", modules(), ids=lambda p: p.relative_to(ROOT / "tonicnet").as_posix())
def test_roles_name_what_there_is(path: Path) -> None:
    found = list(roles(path))
    if found:
        name = ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
        module = importlib.import_module(name)
        assert [role for owner, role in found if not there(role, module, owner)] == []


def test_a_role_that_names_nothing_is_found() -> None:
    assert not there("no_such_function", tn.measure, "")
    assert not there("tonicnet.LIF.nothing", tn.measure, "")
    assert there("tonicnet.LIF.lead", tn.measure, "")


def described() -> dict[str, Any]:
    rooms = (tn, tn.measure, tn.plot, tn.spiking)
    held = {f"{room.__name__}.{name}": getattr(room, name) for room in rooms for name in dir(room)}
    return {name: thing for name, thing in held.items() if "\n---" in (inspect.getdoc(thing) or "")}


@pytest.mark.parametrize("name", sorted(described()))
def test_listed_arguments_become_items(name: str) -> None:
    """Network's ``dt`` stood in an equation, since an equation of the argument before it was not closed."""
    lines = (inspect.getdoc(described()[name]) or "").split("\n")
    wanted = docstrings.entries(lines)
    docstrings.prepare(None, "", "", None, None, lines)
    items = [line for line in lines if line.startswith("* **")]
    assert wanted
    assert len(items) == len(wanted)


def test_every_argument_of_a_network_is_an_item() -> None:
    lines = (inspect.getdoc(tn.Network) or "").split("\n")
    listed = {part.strip() for entry in docstrings.entries(lines) for part in entry.split(",")}
    assert set(inspect.signature(tn.Network).parameters) - listed <= {"inhibitory", "encoder_scale", "decoder_scale"}
