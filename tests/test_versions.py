"""What the package needs is declared, and the versions declared are those that the suite was run with."""

from __future__ import annotations

import ast
import json
import sys
import tomllib
from importlib.metadata import packages_distributions
from pathlib import Path

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name
from packaging.version import Version

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
EXTRAS = [
    Requirement(word) for name, words in PROJECT["optional-dependencies"].items() if name != "dev" for word in words
]
NEEDED = [Requirement(word) for word in PROJECT["dependencies"]]
ALWAYS_THERE = {"ipython"}  # where a cell runs, IPython runs it; it is not imported elsewhere


def imported() -> set[str]:
    """The packages that the code of tonicnet imports from outside, at the top of a file or in a function."""
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in (ROOT / "tonicnet").rglob("*.py")]
    nodes = [node for tree in trees for node in ast.walk(tree)]
    names = {name.name for node in nodes if isinstance(node, ast.Import) for name in node.names}
    names |= {node.module for node in nodes if isinstance(node, ast.ImportFrom) and not node.level and node.module}
    tops = {name.split(".")[0] for name in names} - set(sys.stdlib_module_names) - {"tonicnet"}
    known = packages_distributions()
    return {canonicalize_name(known.get(top, [top])[0]) for top in tops}


def lowest() -> dict[str, str]:
    """The lower bounds of all dependencies and extras."""
    parts = [(canonicalize_name(asked.name), part) for asked in NEEDED + EXTRAS for part in asked.specifier]
    return {name: part.version for name, part in parts if part.operator == ">="}


def test_all_that_is_imported_is_declared() -> None:
    declared = {canonicalize_name(name) for asked in NEEDED + EXTRAS for name in (asked.name, *asked.extras)}
    assert imported() - declared == ALWAYS_THERE


def test_every_dependency_has_a_lower_bound() -> None:
    assert {canonicalize_name(asked.name) for asked in NEEDED} <= set(lowest())


def test_the_tested_set_lies_within_the_bounds() -> None:
    pins = dict(line.split("==") for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line)
    pinned = {canonicalize_name(name): version for name, version in pins.items()}
    for asked in NEEDED + EXTRAS:
        if asked.marker is None or asked.marker.evaluate():
            version = pinned.get(canonicalize_name(asked.name))
            assert version is None or version in asked.specifier, asked


def test_the_suite_was_green_at_both_ends() -> None:
    """Two records of `make oldest` and `make newest`: none failed, and at the oldest end each bound was what ran."""
    records = json.loads((ROOT / "benchmarks" / "results" / "versions.json").read_text(encoding="utf-8"))
    ends = {end: {r["measure"]: r for r in records if r["where"]["end"] == end} for end in ("oldest", "newest")}
    for end, told in ends.items():
        assert told["failed"]["value"] == 0, end
        assert told["passed"]["value"] > 5000, end
    oldest, newest = (ends[end]["passed"]["versions"] for end in ("oldest", "newest"))
    for name in tried():  # torch has one release at both ends, as the records say
        assert Version(newest[name]) >= Version(oldest[name]), name
        assert name not in lowest() or Version(Version(oldest[name]).public) == Version(lowest()[name]), name


def tried() -> set[str]:
    """The packages of both ends: all that users install, without the extras that developers do not have."""
    asked = [Requirement(word) for word in PROJECT["optional-dependencies"]["dev"]]
    (own,) = (one for one in asked if one.name == "tonicnet")
    words = [word for extra in own.extras for word in PROJECT["optional-dependencies"][extra]]
    return {canonicalize_name(one.name) for one in (*NEEDED, *map(Requirement, words))}
