"""Which draw of frozen low-rank synapses learns best: networks x tasks x transfer functions x draws, one row a fit.

    python benchmarks/draws.py fit --limit-seconds 3000      # adds the rows that are missing; repeat until none is left
    python benchmarks/draws.py summary                       # the tables, into results/draws.md and draws_overall.md
    python benchmarks/draws.py figure                        # results/draws.png

Every draw of a network has the decoder norm of the independent draw of the same seed, since the noise of spikes is in
proportion to it; learning never changes the decoder. A row is a line of JSON that is written when its fit has ended, so
that a process may be killed at any time. Two processes may add to one file if they take other ``--seeds``.
"""

from __future__ import annotations

import argparse
import json
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

import tonicnet as tn
from tonicnet.measure import attractor_distance_of, state_space_divergence_of
from tonicnet.network import DRAWS

RESULTS = Path(__file__).resolve().parent / "results" / "draws.jsonl"
TASKS = ("lorenz", "roessler", "thomas", "van-der-pol", "hopf", "fitzhugh-nagumo")
TRANSFERS = ("tanh", "lif")
SCORES = (
    "field_error", "valid_time", "divergence", "divergence_floor", "lost", "traps", "period_error", "amplitude_error",
    "orbit_distance",
)  # fmt: skip
PER_UNIT = 5  # LIF neurons a unit, predicted and run
SPIKING_SEEDS = 2  # networks whose spikes are run too
SPIKING_SECONDS = 20.0

Row = dict[str, Any]


class Job(NamedTuple):
    """One fit: what decides it, and so the key of its row."""

    seed: int
    task: str
    transfer: str
    draw: str
    units: int
    rounds: int


def main() -> None:
    """Read the command line and do what it asks for."""
    given = _arguments()
    if given.command == "fit":
        fit_missing(given)
        return
    from draws_summary import figure, overall, tables

    rows = stored(given.results)
    if given.command == "figure":
        print(f"written to {figure(rows, given.results)}")
        return
    given.results.with_suffix(".md").write_text(tables(rows))
    given.results.with_name(f"{given.results.stem}_overall.md").write_text(overall(rows))
    print(overall(rows))


def fit_missing(given: argparse.Namespace) -> None:
    """Fit the jobs that have no row yet, until none is left or the time is up."""
    began, done = time.monotonic(), {job_of(row) for row in stored(given.results)}
    left = [job for job in jobs(given) if job not in done]
    for count, job in enumerate(left):
        if time.monotonic() - began > given.limit_seconds:
            print(f"time is up, {len(left) - count} fits are left")
            return
        row = fitted(job, spiking=job.seed < given.spiking_seeds)
        add(given.results, row)
        print(f"{count + 1} of {len(left)}: {sentence(row)}", flush=True)
    print("no fit is left")


def jobs(given: argparse.Namespace) -> Iterator[Job]:
    """Yield all fits that are asked for, network by network, so that an unfinished table is balanced."""
    first, last = given.seeds.split("-") if "-" in given.seeds else (0, int(given.seeds) - 1)
    for seed in range(int(first), int(last) + 1):
        for task in given.tasks:
            for transfer in given.transfers:
                for draw in given.draws:
                    yield Job(seed, task, transfer, draw, given.units, given.rounds)


def stored(path: Path) -> list[Row]:
    """Return the rows of a file; a last line that was cut short by a kill is left out."""
    if not path.exists():
        return []
    rows = []
    for line in path.read_text().splitlines():
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError:
            continue
    return rows


def add(path: Path, row: Row) -> None:
    """Append one row and make sure that it is on the disk."""
    path.parent.mkdir(exist_ok=True)
    cut = path.exists() and not path.read_bytes().endswith(b"\n")
    with path.open("a") as file:
        file.write("\n" * cut + json.dumps(row) + "\n")
        file.flush()
        os.fsync(file.fileno())


def job_of(row: Row) -> Job:
    """Return the job of a row."""
    return Job(**{name: row[name] for name in Job._fields})


def drawn(job: Job) -> tn.Network:
    """Draw a network at the decoder norm (Frobenius) of the independent draw of the same seed."""
    recipe = {"units": job.units, "seed": job.seed, "transfer": job.transfer}
    net, plain = tn.Network(**recipe, draw=job.draw), tn.Network(**recipe)
    ratio = float(np.linalg.norm(plain.decoder) / np.linalg.norm(net.decoder))
    return tn.Network(**recipe, draw=job.draw, decoder_scale=plain.spec.decoder_scale * ratio)


def fitted(job: Job, *, spiking: bool) -> Row:
    """Fit one job and return its row: the scores of the network alone, and what spikes do to it."""
    net = drawn(job)
    began, cpu = time.perf_counter(), time.process_time()
    bank = tn.fit(net, job.task, rounds=job.rounds + 1, progress=False)
    cost = {"cpu_seconds": time.process_time() - cpu, "wall_seconds": time.perf_counter() - began}
    scores = {name: _number(bank[name].item()) for name in SCORES}
    norm = {"decoder_norm": float(np.linalg.norm(net.decoder)), "bias_rms": float(np.sqrt((bank["bias"] ** 2).mean()))}
    about = {"network_sha256": net.sha256, "outcome": str(bank["outcome"].item()), "steps": int(bank.sizes["epoch"])}
    row = job._asdict() | scores | cost | norm | about
    if job.transfer == "lif":
        row |= _predicted(net, bank) | (_spiking(net, bank, job) if spiking else {})
    return row


def _number(value: float) -> float | None:
    """Return a number as JSON knows it: one that does not apply is None."""
    return float(value) if np.isfinite(value) else None


def _predicted(net: tn.Network, bank: xr.Dataset) -> Row:
    """Return the decoded noise that spikes will make (rms over the task's components, in its scales)."""
    found = tn.spiking.predict(net, bank, neurons_per_unit=PER_UNIT, duration=1.0)
    used = slice(int(bank["dimension"].item()))
    noise = {
        name: float(np.sqrt((found[name].values[0, used] ** 2).mean())) for name in ("relative_noise", "slow_noise")
    }
    return noise | {"firing_rate": float(found["firing_rate"].item())}


def _spiking(net: tn.Network, bank: xr.Dataset, job: Job) -> Row:
    """Run spikes, and return D_stsp against a true run of the same length, its floor, and the mean distance (sd)."""
    dt, speed = net.tau / 10, bank["speed"].item()
    run = tn.spiking.simulate(
        net, bank, duration=SPIKING_SECONDS, neurons_per_unit=PER_UNIT, dt=dt, codegen="standalone", seed=job.seed
    )
    task = tn.task(job.task)
    made = run["output"].values[0, :, : task.dimension]
    truth = task.trajectory(SPIKING_SECONDS * speed, dt * speed, trials=2, seed=1)["output"].values
    return {
        "spiking_divergence": float(state_space_divergence_of(truth[0], made)),
        "spiking_floor": float(state_space_divergence_of(truth[0], truth[1])),
        "spiking_distance": float(attractor_distance_of(truth.reshape(-1, task.dimension), made).mean()),
    }


def sentence(row: Row) -> str:
    """Return the main figures of a row."""
    shown = {
        "field error": "field_error", "valid time": "valid_time", "D_stsp": "divergence", "floor": "divergence_floor",
        "period error": "period_error", "lost": "lost", "CPU s": "cpu_seconds", "noise": "relative_noise",
        "spiking D_stsp": "spiking_divergence",
    }  # fmt: skip
    figures = [f"{words} {row[name]:.3g}" for words, name in shown.items() if row.get(name) is not None]
    return f"{row['task']}, {row['transfer']}, {row['draw']}, seed {row['seed']}: {', '.join(figures)}"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("command", choices=("fit", "summary", "figure"))
    parser.add_argument("--seeds", default="10", help='networks: a number, or a range such as "5-9"')
    parser.add_argument("--tasks", nargs="+", default=TASKS)
    parser.add_argument("--transfers", nargs="+", default=TRANSFERS, choices=TRANSFERS)
    parser.add_argument("--draws", nargs="+", default=DRAWS, choices=DRAWS)
    parser.add_argument("--units", type=int, default=300)
    parser.add_argument("--rounds", type=int, default=1, help="closed-loop rounds after the first")
    parser.add_argument("--spiking-seeds", type=int, default=SPIKING_SEEDS, help="networks whose spikes are run too")
    parser.add_argument("--limit-seconds", type=float, default=float("inf"), help="no fit is begun after so many")
    parser.add_argument("--results", type=Path, default=RESULTS)
    return parser.parse_args()


if __name__ == "__main__":
    main()
