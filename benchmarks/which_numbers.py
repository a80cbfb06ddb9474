"""Which numbers should a circuit change: every parameter set, at equal numbers and decoder norm, over tasks and draws.

    python benchmarks/which_numbers.py --numbers 125 250 500 --seeds 10 --store /tmp/cells

Fits go to ``--store`` one by one, so that the same command goes on where it was stopped. What is there is written into
results/which_numbers.nc (all scores, beside those that it held) and which_numbers.json (medians). Lorenz by tanh units
is drawn into which_numbers.png.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import xarray as xr
from records import RESULTS, Figure, command, figure, keep, provenance

import tonicnet as tn

LEARN = ("bias", "gain", "scale", "mask", "decoder", "encoder", "low-rank-update", "permutation", "bias+gain")
CHAOS = ("lorenz", "roessler", "thomas", "chua")


def main() -> None:
    """Compare, save, and write the tables and the picture."""
    given = _arguments()
    parts = {}
    for task in given.tasks:
        for transfer in given.transfers:
            found = compared(task, transfer, given)
            print(
                task,
                transfer,
                found["field_error"].median("seed").to_series().unstack(["numbers", "norm"]),
                sep="\n",
                flush=True,
            )
            parts[task, transfer] = found
    path = RESULTS / "which_numbers.nc"
    whole = joined(parts, given)
    tn.save(whole.combine_first(tn.load(path)) if path.exists() else whole, path)
    about = provenance(command())
    made = [one for (task, transfer), found in parts.items() for one in medians(task, transfer, found)]
    keep(made, "which_numbers", dict(about) | {"group": "which numbers"})
    if ("lorenz", "tanh") in parts:
        picture = tn.plot.which_numbers(parts["lorenz", "tanh"])
        picture.savefig(RESULTS / "which_numbers.png", dpi=160)


def compared(task: str, transfer: str, given: argparse.Namespace) -> xr.Dataset:
    """Return the comparison of one task with one transfer function."""
    net = tn.Network(units=max(given.numbers), seed=0, transfer=transfer)
    return tn.compare_learning(
        net, task, given.learn, numbers=given.numbers, decoder_norm=given.norms, seeds=given.seeds,
        rounds=given.rounds, store=given.store / f"{task}-{transfer}",
    )  # fmt: skip


def joined(parts: dict[tuple[str, str], xr.Dataset], given: argparse.Namespace) -> xr.Dataset:
    """Return all comparisons over task and transfer function."""
    rows = [
        xr.concat(
            [parts[task, one] for one in given.transfers], xr.Variable("transfer", list(given.transfers)), join="outer"
        )
        for task in given.tasks
    ]
    whole = xr.concat(rows, xr.Variable("task", list(given.tasks)), join="outer", combine_attrs="drop_conflicts")
    return whole.assign_attrs(tonicnet_version=tn.__version__, command=command())


def medians(task: str, transfer: str, found: xr.Dataset) -> Iterator[Figure]:
    """Yield the figures of the page: a row each for what was learned, numbers and norm."""
    scores = {"field_error": ("relative field error", "1"), "divergence": ("D_stsp", "nat")} if task in CHAOS else {
        "field_error": ("relative field error", "1"), "orbit_distance": ("orbit distance", "sd"),
    }  # fmt: skip
    for name in found["learn"].values:
        for count in found["numbers"].values:
            for norm in found["norm"].values:
                cell = found.sel(learn=name, numbers=count, norm=norm)
                where = {
                    "task": task,
                    "transfer": transfer,
                    "learned": str(name),
                    "numbers": int(count),
                    "norm": float(norm),
                }
                for score, (words, unit) in scores.items():
                    if score in cell and np.isfinite(cell[score]).any():
                        yield figure(where, words, unit, np.abs(cell[score].values))
                if "flipped" in cell and np.isfinite(cell["flipped"]).any():
                    yield figure(where, "share of flipped signs", "1", cell["flipped"].values)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tasks", nargs="+", default=["lorenz", "van-der-pol", "cosine"])
    parser.add_argument("--transfers", nargs="+", default=["tanh", "lif"])
    parser.add_argument("--learn", nargs="+", default=list(LEARN))
    parser.add_argument("--numbers", nargs="+", type=int, default=[125, 250, 500, 1000, 2000])
    parser.add_argument("--norms", nargs="+", type=float, default=[1.0, 2.0])
    parser.add_argument("--seeds", type=int, default=10)
    parser.add_argument("--rounds", type=int, default=1)
    parser.add_argument("--store", type=Path, required=True)
    return parser.parse_args()


if __name__ == "__main__":
    main()
