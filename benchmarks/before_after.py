"""The engine before and after a change: the same public calls from two checkouts, in turn, CPU seconds on one thread.

    git worktree add ../before a4ce3a4
    python benchmarks/before_after.py --before ../before            # all rows, into results/before_after.json
    python benchmarks/before_after.py --before ../before lorenz simulate --networks 1

Each run is a process of its own. A row that is there already is not run again (``--again`` runs it). tables.py writes
all rows that are there into docs/benchmarks.md.

A fit scores itself, by starts and true runs that differ between versions. So what both sides have learned of chaos is
judged once more, by the later code and alike: the median valid time of 200 starts, and the mean D_stsp of five runs of
1e5 samples at the step of the task, with that of true runs beside it.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

HERE = Path(__file__).resolve().parent
RESULTS = HERE / "results" / "before_after.json"
SCORES = (
    "valid_time",
    "divergence",
    "divergence_floor",
    "period_error",
    "amplitude_error",
    "attractor_distance",
    "lost",
)
JUDGED = ("chua", "lorenz", "roessler", "thomas")

_FIT = """
import json, sys, time, warnings
import numpy as np, torch
warnings.simplefilter("ignore")
torch.set_num_threads(int(sys.argv[1]))
import tonicnet as tn
for name in dir(tn): getattr(tn, name)  # rooms are imported before the clock starts, on both sides
{prepare}
began, wall = time.process_time(), time.perf_counter()
{run}
spent, waited = time.process_time() - began, time.perf_counter() - wall
scores = {{k: float(bank[k].values[0]) for k in {scores!r} if k in bank}} if "bank" in dir() else {{}}
if "bank" in dir(): tn.save(bank, sys.argv[2])
print(json.dumps({{"cpu": spent, "wall": waited, "scores": scores}}))
"""
_JUDGE = """
import json, sys
import numpy as np
import tonicnet as tn
from tonicnet.measure import state_space_divergence_of, valid_time_of
{prepare}
task, bank = tn.task({task!r}), tn.load(sys.argv[2])
exponent, speed, step = task.truth["lyapunov"], bank["speed"].item(), task.dt
ahead = 12 / exponent
starts = task.trajectory(ahead, step, trials=200, seed=1234)["output"].values
run = tn.simulate(net, bank, initial=starts[:, 0], trials=200, duration=ahead / speed, dt=step / speed)["output"].values
steps = min(starts.shape[1], run.shape[1])
valid = valid_time_of(starts[:, :steps], run[:, :steps], step) * exponent
true = task.trajectory(1e5 * step, step, trials=10, seed=4321)["output"].values
long = tn.simulate(net, bank, initial=true[:5, 0], trials=5, duration=1e5 * step / speed, dt=step / speed)
found = [state_space_divergence_of(t, x) for t, x in zip(true, long["output"].values)]
floor = [state_space_divergence_of(t, x) for t, x in zip(true, true[5:])]
print(json.dumps({{
    "valid_time_lyapunov": float(np.median(valid)), "divergence": float(np.mean(found)),
    "divergence_floor": float(np.mean(floor)),
}}))
"""


def _fit(task: str, *, transfer: str = "lif", models: str = "") -> tuple[str, str]:
    """Return the preparation and the call that learns a task on network ``seed``."""
    prepare = f"net = tn.Network(units=1000, seed={{seed}}, transfer={transfer!r})"
    return prepare, f"bank = tn.fit(net, {task}, progress=False{models})"


_NOISY = (
    "run = tn.task('lorenz').trajectory(120.0, 0.02, seed=3)['output'].values[0]\n"
    "noisy = run + 0.05 * run.std(0) * np.random.default_rng(0).standard_normal(run.shape)\n"
    "task = tn.Task.from_array(noisy, name='noisy', dt=0.02)\n"
)
_PART = (
    "run = tn.task('lorenz').trajectory(300.0, 0.03, seed=3)['output'].values[0, :, :1]\n"
    "task = tn.Task.from_array(run, name='x', dt=0.03)\n"
)
_SHELF = (
    "chua", "cosine", "figure-eight", "fitzhugh-nagumo", "hopf", "line-attractor", "roessler", "thomas", "two-well",
    "van-der-pol",
)  # fmt: skip
ROWS: dict[str, tuple[str, str]] = {
    "lorenz": _fit("'lorenz'"),
    "lorenz, tanh": _fit("'lorenz'", transfer="tanh"),
    **{name: _fit(repr(name), models="{models}") for name in _SHELF},
    "shelf of 11 tasks": _fit(repr(["lorenz", *_SHELF]), models="{models}"),
    "noisy lorenz": (_NOISY + "net = tn.Network(units=1000, seed={seed})", "bank = tn.fit(net, task, progress=False)"),
    "one component": (
        _PART + "net = tn.Network(units=512, seed={seed}, components=1, synapses='dense', gain=1.5, transfer='tanh')",
        "bank = tn.fit(net, task, progress=False)",
    ),
    "simulate": (
        "net, known = tn.load_network('atlas-1000'), tn.load_bank('atlas-1000')\n"
        "tn.simulate(net, known, task='lorenz', duration=1.0, dt=0.02)",
        "tn.simulate(net, known, task='lorenz', duration={steps} * 0.02, dt=0.02, seed={seed})",
    ),
}  # fmt: skip
_SIDES = {  # steps of the row "simulate", and the options of `make models`
    "before": {"steps": 5_000, "models": ", steps=40"},
    "after": {"steps": 100_000, "models": ""},
}


def main() -> None:
    """Run what is asked for and write the results."""
    given = _arguments()
    held = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for name in given.rows or ROWS:
        for seed in range(given.networks):
            for side, folder in (("before", given.before), ("after", HERE.parent)):
                key = f"{name} | network {seed} | {side} | {given.threads} threads"
                if key not in held or given.again:
                    held[key] = _run(name, folder, seed, given.threads, side) | _machine(folder)
                    _write(held)
        print(*_lines(name, given.threads, held), sep="\n", flush=True)


def _run(name: str, folder: Path, seed: int, threads: int, side: str) -> dict[str, Any]:
    """Return what one call took and learned in the checkout ``folder``; chaos is judged by this one."""
    prepare, run = (text.format(seed=seed, **_SIDES[side]) for text in ROWS[name])
    with tempfile.TemporaryDirectory() as held:
        arguments = [str(threads), str(Path(held) / "bank.nc")]
        found = _child(_FIT.format(prepare=prepare, run=run, scores=SCORES), folder, arguments)
        task = name.split(",")[0]
        if task in JUDGED:
            found["judged"] = _child(_JUDGE.format(prepare=prepare, task=task), HERE.parent, arguments)
    return found | ({"steps": _SIDES[side]["steps"]} if "{steps}" in ROWS[name][1] else {})


def _child(code: str, folder: Path, arguments: Sequence[str]) -> dict[str, Any]:
    """Run code in a process of its own, with the package of ``folder``, and return what it printed last."""
    environment = os.environ | {"PYTHONPATH": str(folder), "OMP_NUM_THREADS": arguments[0]}
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
        check=True,
    )
    return dict(json.loads(done.stdout.strip().splitlines()[-1]))


def _machine(folder: Path) -> dict[str, str]:
    commit = subprocess.run(["git", "rev-parse", "--short", "HEAD"], cwd=folder, capture_output=True, text=True).stdout
    flags = Path("/proc/cpuinfo").read_text().split("flags", 1)[-1].split("\n", 1)[0].split()
    known = [flag for flag in ("avx2", "avx512f", "avx512_bf16", "amx_bf16") if flag in flags]
    return {
        "commit": commit.strip(), "processor": f"{platform.machine()}, {' '.join(known)}",
        "date": time.strftime("%Y-%m-%d"), "command": "python benchmarks/before_after.py --before <checkout>",
    }  # fmt: skip


def _write(held: dict[str, Any]) -> None:
    RESULTS.parent.mkdir(exist_ok=True)
    RESULTS.write_text(json.dumps(held, indent=1, sort_keys=True) + "\n")


def _lines(name: str, threads: int, held: dict[str, Any]) -> list[str]:
    """Return the row of one call: medians over the networks of which both sides are there."""
    pairs = []
    for seed in sorted({int(key.split(" | ")[1].split()[1]) for key in held}):
        keys = [f"{name} | network {seed} | {side} | {threads} threads" for side in ("before", "after")]
        if all(key in held for key in keys):
            pairs.append([held[key] for key in keys])
    if not pairs:
        return []
    ratios = [_per_step(before) / _per_step(after) for before, after in pairs]
    more = f" ({min(ratios):.1f} - {max(ratios):.1f})" if len(ratios) > 1 else ""
    cpu = [f"{statistics.median(row['cpu'] for row in side):.1f}{_of(side[0])}" for side in zip(*pairs, strict=True)]
    told = [_scores(side) for side in zip(*pairs, strict=True)]
    cells = [name, threads, len(pairs), *cpu, f"{statistics.median(ratios):.1f}{more}", *told]
    return ["| " + " | ".join(map(str, cells)) + " |"]


def _of(row: dict[str, Any]) -> str:
    return f" ({row['steps']:,} steps)" if "steps" in row else ""


def _scores(rows: Sequence[dict[str, Any]]) -> str:
    found = {k: [abs(v) for row in rows if (v := row["scores"].get(k, math.nan)) == v] for k in SCORES}
    judged = [row["judged"] for row in rows if "judged" in row]
    found |= {f"judged {k}": [one[k] for one in judged] for k in (judged[0] if judged else ())}
    return ", ".join(f"{k} {statistics.median(v):.3g}" for k, v in found.items() if v)


def _per_step(row: dict[str, Any]) -> float:
    return row["cpu"] / row.get("steps", 1)


def _arguments() -> argparse.Namespace:
    options = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    options.add_argument("rows", nargs="*", help=f"any of: {', '.join(ROWS)}")
    options.add_argument("--before", type=Path, required=True, help="a checkout of the earlier commit")
    options.add_argument("--networks", type=int, default=3)
    options.add_argument("--threads", type=int, default=1)
    options.add_argument("--again", action="store_true", help="run rows anew that are in the results")
    return options.parse_args()


if __name__ == "__main__":
    main()
