"""Write requirements-hashes.txt: what running needs, at the versions of constraints.txt, with the hashes of its files.

`make lock`. torch is left out: where it comes from, and so its hash, is each user's choice (the CPU build or another),
and pip accepts no file in which a single package lacks its hash. uv asks PyPI, for every platform.
"""

from __future__ import annotations

import re
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path

from packaging.requirements import Requirement

ROOT = Path(__file__).resolve().parent
WRITTEN = ROOT / "requirements-hashes.txt"
_LEFT_OUT = {"torch", "tonicnet"}
_HEAD = """\
# What running tonicnet needs, but torch, each file by its SHA-256. Written by `make lock`; do not edit.
# pip install torch --index-url https://download.pytorch.org/whl/cpu
# pip install --require-hashes -r requirements-hashes.txt
# pip install --no-deps tonicnet
"""


def main() -> None:
    """Write the file."""
    pins = pinned()
    asked = "\n".join(f"{name}=={pins[name]}" for name in sorted(needed("tonicnet") - _LEFT_OUT))
    command = ["uv", "pip", "compile", "--quiet", "--no-deps", "--generate-hashes", "--universal", "--no-annotate"]
    given = ["--no-header", "--python-version", "3.11", "-"]
    made = subprocess.run(
        [sys.executable, "-m", *command, *given], input=asked, text=True, capture_output=True, check=True
    )
    WRITTEN.write_text(_HEAD + made.stdout)
    print(f"{WRITTEN.name}: {made.stdout.count('==')} packages, {made.stdout.count('--hash')} files")


def pinned() -> dict[str, str]:
    """Return the version of each package of the tested set."""
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    return {_plain(name): version for name, _, version in (line.partition("==") for line in lines) if version}


def needed(name: str, extras: tuple[str, ...] = (), known: frozenset[str] = frozenset()) -> set[str]:
    """Return a package and all that it needs here, by the metadata of what is installed."""
    found = set(known) | {_plain(name)}
    try:
        asked = map(Requirement, distribution(name).requires or [])
    except PackageNotFoundError:
        return set(known)
    for one in asked:
        wanted = one.marker is None or any(one.marker.evaluate({"extra": extra}) for extra in ("", *extras))
        if wanted and _plain(one.name) not in found:
            found |= needed(one.name, tuple(one.extras), frozenset(found))
    return found


def _plain(name: str) -> str:
    return re.sub(r"[-_.]+", "-", name).lower()


if __name__ == "__main__":
    main()
