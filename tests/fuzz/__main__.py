"""The measures by name, and where their figures go."""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from . import __doc__ as about
from . import altered, disks
from .kinds import KINDS
from .speed import speed
from .trials import order, summed, trials

RESULTS = Path(__file__).resolve().parents[2] / "benchmarks" / "results" / "fuzz.json"


def mutations(count: int, seed: int, only: Sequence[str] = ()) -> dict[str, Any]:
    """Return what became of so many damaged files, by kind and class, and what must not be.

    With ``only`` some kinds, these are tried again and the rest is as it was found before.
    """
    jobs = [(name, at) for name, at in order(list(KINDS), count, seed) if not only or name in only]
    table, wrong = summed(trials(jobs))
    if only:
        before = json.loads(RESULTS.read_text())["mutations"]
        table = {name: table.get(name, row) for name, row in before["by kind"].items()}
        wrong += [one for one in before["wrong"] if one.split(", seed")[0] not in only]
    total = {one: sum(row[one] for row in table.values()) for one in next(iter(table.values()))}
    silent = sum(row["different"] for name, row in table.items() if KINDS[name].digest)
    return {
        "tried": sum(total.values()), **total, "silently different where a digest exists": silent, "by kind": table,
        "wrong": wrong,
    }  # fmt: skip


MEASURES = {
    "bits": (altered.bits, 1000), "checkpoints": (altered.checkpoints, 200), "full disk": (disks.full, 100),
    "read-only disk": (disks.read_only, 100), "killed writer": (disks.killed, 100), "speed": (speed, 5),
    "mutations": (mutations, 10_000),
}  # fmt: skip


def _provenance(command: str) -> dict[str, str]:
    """Return by what, of which commit and when something was measured."""
    words = ["git", "describe", "--always", "--dirty=+", "--exclude=*"]
    commit = subprocess.run(words, cwd=RESULTS.parent, capture_output=True, text=True, check=False).stdout.strip()
    python = f"{platform.machine()}, Python {platform.python_version()}"
    return {"machine": python, "commit": commit, "date": time.strftime("%Y-%m-%d", time.gmtime()), "command": command}


def main() -> None:
    """Run the measures asked for, or all, and write their figures beside those of the others."""
    parser = argparse.ArgumentParser(description=about, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("measure", nargs="?", choices=[*MEASURES, "all"], default="all")
    parser.add_argument("count", nargs="?", type=int)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", action="append", default=[], choices=list(KINDS), help="kinds to damage again")
    asked = parser.parse_args()
    for name in MEASURES if asked.measure == "all" else [asked.measure]:
        measure, usual = MEASURES[name]
        began, count = time.monotonic(), asked.count or usual
        row = measure(count, asked.seed, *[asked.only] * bool(asked.only)) | {
            "seed": asked.seed,
            "seconds": round(time.monotonic() - began),
        }
        row |= _provenance(f"cd tests && python -m fuzz {name!r} {count} --seed {asked.seed}")
        kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
        kept[name] = row
        RESULTS.write_text(json.dumps(kept, indent=2) + "\n")
        print(name, json.dumps({key: value for key, value in row.items() if key != "by kind"}), flush=True)


if __name__ == "__main__":
    main()
