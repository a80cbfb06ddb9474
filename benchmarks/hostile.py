"""Make 2,000 calls that nobody should make and keep what came back: `make hostile`.

    python benchmarks/hostile.py [calls] [seed]

Into `benchmarks/results/hostile.json`: how many were taken, refused in a sentence, or ended otherwise, and which did.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
import time
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")
HERE = Path(__file__).resolve().parent
sys.path[:0] = [str(HERE.parent / "tests"), str(HERE.parent)]

from hostile import Tally, calls, little_memory  # noqa: E402

import tonicnet as tn  # noqa: E402


def main(count: int = 2000, seed: int = 2026) -> None:
    """Make the calls in a folder of their own, write the file, and print how they ended."""
    tally, begun = Tally(), time.process_time()
    os.chdir(tempfile.mkdtemp(prefix="hostile-"))
    with little_memory():
        for call, _ in zip(calls(seed), range(count), strict=False):
            tally.add(call)
    kept = {
        "calls": count,
        "seed": seed,
        "ended": dict(tally.counts),
        "faults": tally.faults,
        "slowest_cpu_seconds": round(tally.slowest, 2),
        "cpu_seconds": round(time.process_time() - begun, 1),
        "tonicnet_version": tn.__version__,
        "command": f"python benchmarks/hostile.py {count} {seed}",
    }
    place = HERE / "results" / "hostile.json"
    place.write_text(json.dumps(kept, indent=1) + "\n")
    print(f"{count} calls: {kept['ended']}, written: {place.name}")


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
