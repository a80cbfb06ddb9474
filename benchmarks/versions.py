"""Run the suite with the oldest versions that pyproject.toml allows, or with the newest ones.

`python benchmarks/versions.py oldest` makes the environment `.venv-oldest`, in which every package that pyproject.toml
gives a lower bound has that version. All else, and everything for `newest`, is what pip takes by itself: so the newest
pandas is tried beside the oldest xarray, as it may happen to a user. The outcome goes into results/versions.json.
Words after it go to pytest, for a part of the suite; then nothing is written. pip and pytest read PIP_... and
PYTEST_ADDOPTS as ever: `PYTEST_ADDOPTS="-n 2 --dist loadfile"` for two workers.

torch is held at both ends at the release in constraints.txt: for Linux the package index has builds for CUDA only, of
gigabytes each. So torch's range is not tried, and its lower bound is that one release.
"""

from __future__ import annotations

import json
import os
import platform
import subprocess
import sys
import tomllib
import venv
from collections.abc import Sequence
from pathlib import Path
from typing import Any
from xml.etree import ElementTree

from packaging.requirements import Requirement
from records import ROOT, figure, keep, provenance

ENDS = ("oldest", "newest")
_COUNTS = ("tests", "failures", "errors", "skipped")
_SAID_OF_OLD_PACKAGES = ("ignore::DeprecationWarning", "ignore:_get_vc_env is private:UserWarning")  # by newer ones

_HELD = ("torch",)
_NOT_TRIED = "torch is held at the release in constraints.txt: releases below it and above it were not tried"
_ASKS_FOR_THIS = "tests/test_versions.py::test_the_suite_was_green_at_both_ends"


def main(end: str, chosen: Sequence[str]) -> int:
    about = provenance(f"python benchmarks/versions.py {end}") | {"group": "tests"}  # before: the suite takes a while
    place = ROOT / f".venv-{end}"
    python = environment(place, (bounds() if end == "oldest" else {}) | held())
    about |= {"versions": installed(python), "not_tried": _NOT_TRIED}
    calm = [f"-W{word}" for word in _SAID_OF_OLD_PACKAGES] if end == "oldest" else []
    counts = suite(python, [*calm, *chosen], place / "suite.xml")
    print(f"{end}: {counts}")
    if not chosen:
        keep_outcome(end, counts, about)
    return counts["failures"] + counts["errors"]


def requirements() -> list[Requirement]:
    """Return what users install: the dependencies and those of all extras, without the tools of developers."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    extras = [words for name, words in project["optional-dependencies"].items() if name != "dev"]
    return [Requirement(word) for words in (project["dependencies"], *extras) for word in words]


def bounds() -> dict[str, str]:
    """Return the lower bound of every package that has one."""
    return {asked.name: part.version for asked in requirements() for part in asked.specifier if part.operator == ">="}


def held() -> dict[str, str]:
    """Return the tested release of each package that is the same at both ends."""
    pins = dict(line.split("==") for line in (ROOT / "constraints.txt").read_text().splitlines() if "==" in line)
    return {name: pins[name] for name in _HELD}


def environment(place: Path, exactly: dict[str, str]) -> Path:
    """Return the Python of an environment with the package, its extras and the tools of the suite; it is kept."""
    if not place.exists():
        venv.create(place, with_pip=True)
    pins = place / "pins.txt"
    pins.write_text("".join(f"{name}=={version}\n" for name, version in exactly.items()))
    python = place / "bin" / "python"
    newest = ["--upgrade", "--upgrade-strategy", "eager"]
    install = [python, "-m", "pip", "install", "--quiet", *newest, "--constraint", pins, "--editable", ".[dev]"]
    subprocess.run(install, cwd=ROOT, check=True)
    return python


def installed(python: Path) -> dict[str, str]:
    """Return the version of every package that pyproject.toml names and the environment has, and of Python."""
    told = subprocess.run(
        [python, "-m", "pip", "list", "--format", "json"], capture_output=True, text=True, check=True
    ).stdout
    there = {_plain(row["name"]): row["version"] for row in json.loads(told)}
    named = sorted({_plain(asked.name) for asked in requirements()} & set(there))
    return {"python": platform.python_version()} | {name: there[name] for name in named}


def suite(python: Path, chosen: Sequence[str], report: Path) -> dict[str, int]:
    """Run the tests and count them."""
    about = os.environ | {"OMP_NUM_THREADS": "1", "PATH": f"{python.parent}{os.pathsep}{os.environ['PATH']}"}
    words = [f"--junitxml={report}", f"--deselect={_ASKS_FOR_THIS}", *chosen]
    subprocess.run([python, "-m", "pytest", *words], cwd=ROOT, env=about, check=False)
    (told,) = ElementTree.parse(report).getroot().iter("testsuite")
    return {name: int(told.attrib[name]) for name in _COUNTS}


def keep_outcome(end: str, counts: dict[str, int], about: dict[str, Any]) -> None:
    """Write one record a count."""
    passed = counts["tests"] - sum(counts[name] for name in _COUNTS[1:])
    told = {"passed": passed, "failed": counts["failures"] + counts["errors"], "skipped": counts["skipped"]}
    keep([figure({"end": end}, name, "1", number) for name, number in told.items()], "versions", about)


def _plain(name: str) -> str:
    return name.lower().replace("_", "-")


if __name__ == "__main__":
    if sys.argv[1:2] not in [[end] for end in ENDS]:
        sys.exit(f"say which end of the versions: python benchmarks/versions.py {' | '.join(ENDS)}")
    sys.exit(min(main(sys.argv[1], sys.argv[2:]), 1))
