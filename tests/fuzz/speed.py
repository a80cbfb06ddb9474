"""What the digest costs: loading and saving the shipped bank, beside the commit before there was one."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from statistics import median

from .kinds import scratch

BEFORE = "2fe2dcc"
_ROOT = Path(__file__).resolve().parents[2]
_TIMED = """
import json, sys, time
import tonicnet as tn
bank, place = sys.argv[1:]
ds = tn.load(bank)
tn.save(ds, place)
def seconds(do, clock):
    began = clock()
    do()
    return clock() - began
print(json.dumps({
    f"{name}, {kind}": [seconds(do, clock) for _ in range(20)]
    for name, do in (("load", lambda: tn.load(bank)), ("save", lambda: tn.save(ds, place)))
    for kind, clock in (("CPU", time.process_time), ("wall", time.perf_counter))
}))
"""


def speed(count: int, seed: int) -> dict[str, object]:
    """Return medians in ms, now and before, and their ratios, over so many processes of 20 calls each, in turn."""
    del seed
    before = scratch()
    archive = subprocess.run(["git", "archive", BEFORE], cwd=_ROOT, check=True, capture_output=True).stdout
    subprocess.run(["tar", "-x"], input=archive, cwd=before, check=True)
    rounds = [(_timed(before), _timed(_ROOT)) for _ in range(count)]
    table: dict[str, object] = {"before": BEFORE}
    for name in rounds[0][0]:
        then, now = (1e3 * median([t for one in rounds for t in one[side][name]]) for side in (0, 1))
        table[name] = {"before (ms)": round(then, 1), "now (ms)": round(now, 1), "ratio": round(now / then, 3)}
    return table


def _timed(root: Path) -> dict[str, list[float]]:
    words = [sys.executable, "-c", _TIMED, str(root / "models" / "atlas-1000" / "bank.nc"), str(scratch() / "bank.nc")]
    done = subprocess.run(words, env=os.environ | {"PYTHONPATH": str(root)}, cwd=root, check=True, capture_output=True)
    return json.loads(done.stdout)
