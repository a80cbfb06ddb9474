"""The documentation: it builds without a warning, and every public name is in it, with an example that runs."""

from __future__ import annotations

import inspect
import subprocess
import sys
import zlib
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

import tonicnet as tn

ROOT = Path(__file__).resolve().parent.parent
HELD = ("measure", "plot", "spiking")  # rooms that the door holds as they are


def public() -> dict[str, Any]:
    """All functions and classes a user is meant to call, by full name."""
    rooms = {"tonicnet": tn} | {f"tonicnet.{name}": getattr(tn, name) for name in HELD}
    return {
        f"{room}.{name}": getattr(module, name)
        for room, module in rooms.items()
        for name in dir(module)
        if not name.startswith("_") and of_ours(getattr(module, name))
    }


def of_ours(thing: Any) -> bool:
    return not isinstance(thing, ModuleType) and getattr(thing, "__module__", "").startswith("tonicnet.")


PUBLIC = public()


@pytest.fixture(scope="module")
def reference(tmp_path_factory: pytest.TempPathFactory) -> set[str]:
    """The names in the index of the documentation, built as ``make docs`` does."""
    pytest.importorskip("furo", reason="pip install 'tonicnet[docs]'")
    out = tmp_path_factory.mktemp("docs")
    flags = ["--builder", "html", "--conf-dir", "docs", "--fail-on-warning", "--keep-going", "--quiet"]
    done = subprocess.run(
        [sys.executable, "-m", "sphinx", *flags, str(ROOT), str(out)], cwd=ROOT, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    packed = (out / "objects.inv").read_bytes().split(b"\n", 4)[4]
    return {line.split(" ")[0] for line in zlib.decompress(packed).decode().splitlines()}


@pytest.mark.slow
def test_the_reference_builds_and_holds_every_public_name(reference: set[str]) -> None:
    assert {"tonicnet.fit", "tonicnet.measure.floquet", "tonicnet.Task.from_array"} <= reference
    aliases = {name: {n for n, thing in PUBLIC.items() if thing is PUBLIC[name]} for name in PUBLIC}
    assert [name for name, same in aliases.items() if not same & reference] == []


RESULTS = {name for name, thing in PUBLIC.items() if inspect.isclass(thing) and issubclass(thing, tuple)}


@pytest.mark.parametrize("name", sorted(PUBLIC.keys() - RESULTS))
def test_a_public_name_has_an_example(name: str) -> None:
    assert ">>> " in (inspect.getdoc(PUBLIC[name]) or "")


def test_what_functions_return_is_described() -> None:
    """A named tuple needs no example: the function that returns it has one."""
    assert {name.rsplit(".")[-1] for name in RESULTS} == {
        "Cycle",
        "Exponents",
        "FixedPoints",
        "Floor",
        "Floquet",
        "OrbitDistance",
    }
    for name in RESULTS:
        assert not inspect.getdoc(PUBLIC[name]).startswith(f"{PUBLIC[name].__name__}("), name  # python's own words
