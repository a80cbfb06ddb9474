"""Which numbers should a circuit change: every parameter set, at equal numbers and decoder norm, over tasks and draws.

    python benchmarks/which_numbers.py --store /tmp/cells --workers 2

Every row is ten draws of low-rank networks, by tanh and by LIF units: two cycles and Lorenz by their fields, a
flip-flop of two bits and the Santa Fe laser (three delays) in closed loop as well. Lorenz by 250 numbers is also run
at half, twice and four times the norm of the decoder. A cell is one fit; it goes to ``--store``, so that the same
command goes on where it was stopped. All scores are written to results/which_numbers.nc, their medians to
which_numbers.json, and pictures of Lorenz by tanh units and of all tasks to which_numbers.png and
which_numbers_tasks.png. Where only some tasks, sets (``--again``) or norms are run, the table that is there keeps all
other cells.
"""

from __future__ import annotations

import argparse
import multiprocessing
from collections.abc import Iterator, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from contextlib import nullcontext
from itertools import product
from pathlib import Path
from typing import Any, NamedTuple

import matplotlib.pyplot as plt
import numpy as np
import xarray as xr
from records import RESULTS, Figure, columns, command, figure, keep, provenance

import tonicnet as tn

LEARN = ("bias", "gain", "scale", "mask", "decoder", "encoder", "low-rank-update", "permutation", "bias+gain")
SIGNED = ("gain", "scale")  # whose signs are also held, on Lorenz
FIELDS, LONG = (125, 250, 500, 1000, 2000), (125, 500, 2000)  # closed-loop windows cost more than fields
TRANSFERS, SEEDS = ("tanh", "lif"), 10
NORMS, SWEPT = (0.5, 1.0, 2.0, 4.0), 250
TIMED = ("bias", "gain")  # whose cells say how fast a machine is


class Plan(NamedTuple):
    """A task: how it is made, closed-loop rounds, numbers, and its scores."""

    options: dict[str, Any]
    rounds: int
    numbers: tuple[int, ...]
    scores: dict[str, tuple[str, str]]


FIELD = {"field_error": ("relative field error", "1")}
CYCLE = FIELD | {"orbit_distance": ("orbit distance", "sd")}
TASKS = {
    "lorenz": Plan({}, 0, FIELDS, FIELD | {"divergence": ("D_stsp", "nat")}),
    "van-der-pol": Plan({}, 0, FIELDS, CYCLE),
    "cosine": Plan({}, 0, FIELDS, CYCLE),
    "flip-flop": Plan({"bits": 2}, 1, LONG, {"r_squared": ("R2", "1"), "accuracy": ("accuracy", "1")}),
    "laser": Plan({}, 1, LONG, {"valid_time": ("valid time", "samples"), "divergence": ("D_stsp", "nat")}),
}


def main() -> None:
    """Compare, save, and write the tables and the pictures."""
    given = _arguments()
    parts = {}
    with workers(given.workers) as executor:
        for name in given.tasks:
            for transfer in given.transfers:
                found = parts[name, transfer] = compared(name, transfer, given, executor)
                score = next(iter(TASKS[name].scores))
                table = found[score].median("seed").to_series().unstack("numbers")
                print(name, transfer, table, sep="\n", flush=True)
    whole = joined(parts, given)
    run, there = whole["cpu_seconds"], shipped() if partial(given) else None
    if there is not None:
        whole = beside(whole, there)
        parts = {where: part(whole, *where) for where in product(whole["task"].values, whole["transfer"].values)}
    tn.save(whole.astype("float32"), RESULTS / "which_numbers.nc")
    about = provenance(command()) | {"group": "which numbers"}
    made = [one for (name, transfer), found in parts.items() for one in medians(name, transfer, found)]
    seconds = float(whole["cpu_seconds"].sum())
    keep([one for one in made if was_run(one, run)], "which_numbers", about)
    count = int(np.isfinite(whole["cpu_seconds"]).sum())
    cost = [figure("all cells", "fits", "1", count), figure("all cells", "learning and scoring", "CPU s", seconds)]
    if there is not None:
        now, slower = float(run.sum()), pace(there, given)
        even = seconds - now + now / slower
        cost += [
            figure("cells run again", "learning and scoring", "CPU s", now),
            figure("cells run again", "CPU time of others there, by what the table has of them", "1", slower),
            figure("all cells", "learning and scoring, all as fast as the others", "CPU s", even),
        ]
    keep(cost, "which_numbers", about | {"group": "cost"})
    if ("lorenz", "tanh") in parts:
        picture = tn.plot.which_numbers(parts["lorenz", "tanh"])
        picture.savefig(RESULTS / "which_numbers.png", dpi=160)
    all_tasks(parts).savefig(RESULTS / "which_numbers_tasks.png", dpi=160)


def compared(name: str, transfer: str, given: argparse.Namespace, executor: Executor | None) -> xr.Dataset:
    """Return the comparison of one task with one transfer function."""
    plan = TASKS[name]
    numbers = [count for count in plan.numbers if count <= given.most]
    task = made(name)
    net = tn.Network(units=max(numbers), seed=0, transfer=transfer, components=task.dimension)

    def run(numbers: Sequence[int], norms: Sequence[float], learn: Sequence[str] = LEARN) -> xr.Dataset:
        found = tn.compare_learning(
            net, task, [one for one in learn if one in (given.again or LEARN)], numbers=numbers, decoder_norm=norms,
            seeds=given.seeds, rounds=plan.rounds, store=given.store, executor=executor, nonnegative=learn == SIGNED,
        )  # fmt: skip
        told = [f"{one}, none negative" if learn == SIGNED else one for one in found["learn"].values]
        return found.assign_coords(learn=("learn", told, found["learn"].attrs))

    runs = [run(numbers, [1.0])] if 1 in given.norms else []
    swept = [norm for norm in given.norms if norm != 1]
    if (name, transfer) == ("lorenz", "tanh") and swept:
        runs.append(run([SWEPT], swept))
    if name == "lorenz" and 1 in given.norms and set(SIGNED) <= set(given.again or LEARN):
        runs.append(run([count for count in numbers if count <= 500], [1.0], SIGNED))
    order = list(dict.fromkeys(one for found in runs for one in found["learn"].values))
    whole = runs[0]
    for found in runs[1:]:
        whole = whole.combine_first(found)
    return whole.sel(learn=order).assign_attrs(runs[0].attrs)


def partial(given: argparse.Namespace) -> bool:
    """Return whether only a part of the table is run."""
    axes = (tuple(given.tasks), tuple(given.transfers), tuple(given.norms), given.most, given.seeds)
    return bool(given.again) or axes != (tuple(TASKS), TRANSFERS, NORMS, max(FIELDS), SEEDS)


def shipped() -> xr.Dataset:
    """Return the table as it is."""
    with xr.open_dataset(RESULTS / "which_numbers.nc") as opened:
        return opened.load()


def pace(there: xr.Dataset, given: argparse.Namespace) -> float:
    """Return how long the machine takes, over what a table tells: tonic inputs and gains by one draw, all tasks."""
    seconds = []
    with workers(given.workers) as executor:
        for name, transfer in product(TASKS, TRANSFERS):
            plan, task = TASKS[name], made(name)
            net = tn.Network(max(plan.numbers), seed=0, transfer=transfer, components=task.dimension)
            found = tn.compare_learning(
                net, task, TIMED, numbers=plan.numbers, seeds=1, rounds=plan.rounds, executor=executor
            )  # fmt: skip
            cells = {"learn": list(TIMED), "numbers": list(plan.numbers), "norm": 1.0, "seed": 0}
            then = there["cpu_seconds"].sel(task=name, transfer=transfer, **cells)
            seconds.append((float(found["cpu_seconds"].sel(cells).sum()), float(then.sum())))
            print(name, transfer, *seconds[-1], flush=True)
    now, before = np.sum(seconds, axis=0)
    return float(now / before)


def was_run(row: Figure, run: xr.DataArray) -> bool:
    """Return whether a row is of cells that were run now."""
    cell = {"learn" if axis == "learned" else axis: value for axis, value in row.where.items()}
    return all(value in run[axis].values for axis, value in cell.items()) and bool(run.sel(cell).notnull().any())


def beside(new: xr.Dataset, there: xr.Dataset) -> xr.Dataset:
    """Return what was run now, and of all other cells what the table holds."""
    whole = new.combine_first(there)
    again = new["cpu_seconds"].notnull().reindex_like(whole, fill_value=False)
    whole = new.combine_first(there.reindex_like(whole).where(~again))
    order = {name: list(dict.fromkeys([*there[name].values, *whole[name].values])) for name in again.dims}
    return whole.sel(order).assign_attrs(new.attrs)


def part(whole: xr.Dataset, name: str, transfer: str) -> xr.Dataset:
    """Return one task with one transfer function: what was compared there, in the order of the tables."""
    found = whole.sel(task=name, transfer=transfer)
    for axis in ("learn", "numbers", "norm", "seed"):
        there = found["cpu_seconds"].notnull().any([one for one in found["cpu_seconds"].dims if one != axis])
        found = found.sel({axis: found[axis][there]})
    order = [*LEARN, *(one for one in found["learn"].values if one not in LEARN)]
    return found.sel(learn=[one for one in order if one in found["learn"].values])


def made(name: str) -> tn.Task:
    """Return the task of a row."""
    if name == "laser":
        return tn.recording("santa-fe-laser", embed="auto", label="laser")
    return tn.task(name, **TASKS[name].options)


def workers(count: int) -> Any:
    """Return an executor of so many processes; None for one, this one."""
    if count == 1:
        return nullcontext()
    return ProcessPoolExecutor(count, mp_context=multiprocessing.get_context("spawn"))


def joined(parts: dict[tuple[str, str], xr.Dataset], given: argparse.Namespace) -> xr.Dataset:
    """Return all comparisons over task and transfer function."""
    rows = [
        xr.concat(
            [parts[name, one] for one in given.transfers], xr.Variable("transfer", list(given.transfers)), join="outer"
        )
        for name in given.tasks
    ]
    whole = xr.concat(rows, xr.Variable("task", list(given.tasks)), join="outer", combine_attrs="drop_conflicts")
    return whole.assign_attrs(tonicnet_version=tn.__version__, command=command())


def medians(name: str, transfer: str, found: xr.Dataset) -> Iterator[Figure]:
    """Yield the figures of the page: a row each for what was learned, numbers and norm."""
    beside = {"flipped": ("share of flipped signs", "1"), "spike_noise": ("spike noise / scale", "1")}
    scores = TASKS[name].scores | (beside if name == "lorenz" else {})
    for learned in found["learn"].values:
        for count in found["numbers"].values:
            for norm in found["norm"].values:
                cell = found.sel(learn=learned, numbers=count, norm=norm)
                where = {
                    "task": name, "transfer": transfer, "learned": str(learned), "numbers": int(count),
                    "norm": float(norm),
                }  # fmt: skip
                kept = {key: words for key, words in scores.items() if key in cell and np.isfinite(cell[key]).any()}
                rows = zip(*(magnitude(key, cell[key].values) for key in kept), strict=True)
                yield from columns(where, dict(kept.values()), list(rows)) if kept else ()


def magnitude(score: str, values: np.ndarray) -> np.ndarray:
    """Return a score without the sign that only says on which side an error is."""
    return values if score == "r_squared" else np.abs(values)


def all_tasks(parts: dict[tuple[str, str], xr.Dataset]) -> plt.Figure:
    """Draw the first score of each task against numbers: a panel a task and transfer function."""
    names = list(dict.fromkeys(name for name, _ in parts))
    transfers = list(dict.fromkeys(transfer for _, transfer in parts))
    drawn, axes = plt.subplots(
        len(transfers), len(names), figsize=(2.2 * len(names) + 1.6, 2.0 * len(transfers) + 0.3), squeeze=False,
        layout="constrained",
    )  # fmt: skip
    for column, name in enumerate(names):
        score, (words, unit) = next(iter(TASKS[name].scores.items()))
        words = f"1 - {words}" if score == "r_squared" else words
        for row, transfer in enumerate(transfers):
            found, ax = parts[name, transfer].sel(norm=1.0), axes[row, column]
            for number, learned in enumerate(LEARN):
                if learned in found["learn"]:
                    values = found[score].sel(learn=learned)
                    values = 1 - values if score == "r_squared" else values
                    middle = values.median("seed")
                    ax.plot(
                        found["numbers"], middle, marker="osv^D<>Px"[number], ms=3, lw=1, c=f"C{number}", label=learned
                    )
                    ax.fill_between(
                        found["numbers"], values.quantile(0.25, "seed"), values.quantile(0.75, "seed"), alpha=0.15,
                        color=f"C{number}", lw=0,
                    )  # fmt: skip
            ax.set(xscale="log", title=f"{name}, {transfer}", ylabel=words if unit == "1" else f"{words}, {unit}")
            ax.set_yscale("log")
            ax.set_xticks(found["numbers"].values, [str(count) for count in found["numbers"].values], rotation=45)
            ax.minorticks_off()
            ax.spines[["top", "right"]].set_visible(False)
    for ax in axes[-1]:
        ax.set_xlabel("numbers learned")
    drawn.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside right center", frameon=False, fontsize=8)
    return drawn


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", nargs="+", choices=TASKS, default=list(TASKS))
    parser.add_argument("--transfers", nargs="+", default=list(TRANSFERS))
    parser.add_argument("--most", type=int, default=max(FIELDS), help="numbers up to which networks are learned")
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--workers", type=int, default=1, help="processes; give each one thread, OMP_NUM_THREADS=1")
    parser.add_argument("--norms", nargs="+", type=float, choices=NORMS, default=NORMS, help="norms of the decoder")
    parser.add_argument("--again", nargs="+", choices=LEARN, help="learn these sets, and keep all others as they are")
    parser.add_argument("--store", type=Path, required=True)
    given = parser.parse_args()
    if 1 not in given.norms:  # other norms are those of one row
        given.tasks, given.transfers = ["lorenz"], ["tanh"]
    return given


if __name__ == "__main__":
    main()
