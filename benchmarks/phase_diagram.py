"""Which low-rank networks learn which fields, and how many units that takes.

    python benchmarks/phase_diagram.py STORE

The grid is the shipped one, ``learnability-low-rank``; jobs go to STORE one by one, so that the same command goes on
where it was stopped, and ``--no-run`` takes what is there. Without STORE the diagram that ships is taken. Written are
results/phase_diagram.nc (all scores, and the Lyapunov exponents of the untouched networks), phase_diagram.png, and
phase_diagram.json: units that half of the draws need, exponents of the error, CPU time.
A draw counts as learned where no start of the network alone is lost.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import xarray as xr
from records import RESULTS, Figure, command, figure, keep, provenance
from untouched import exponents as untouched

import tonicnet as tn

GRID = "learnability-low-rank"
FROM, BEST = 64, 2.0  # units from which an exponent is fitted, and the norm of the decoder at which
BEFORE = 3  # draws whose networks are looked at before they learn
_DROPPED = ("job", "method_taken", "bias")


def main() -> None:
    """Run what is missing, and write everything."""
    given = _arguments()
    found = tn.load(RESULTS / "phase_diagram.nc") if given.store is None else _studied(given)
    print(f"{int(found['done'].sum())} of {found['done'].size} jobs are done")
    found = found if "exponent" in found else xr.merge([found, _beside(found)], combine_attrs="override", join="outer")
    tn.save(found.drop_vars(_DROPPED, errors="ignore"), RESULTS / "phase_diagram.nc")
    made = [*needed(found), *exponents(found), *costs(found), *before(found)]
    for one in made:
        print(one)
    keep(made, "phase_diagram", provenance(command()) | {"group": "low-rank fields"})
    picture = tn.plot.phase_diagram(found, x="decoder_scale", rows="components")
    picture.savefig(RESULTS / "phase_diagram.png", dpi=160)


def _studied(given: argparse.Namespace) -> xr.Dataset:
    return tn.study(GRID, store=given.store, workers=given.workers, run=given.run, limit=300)


def _beside(found: xr.Dataset) -> xr.Dataset:
    """Return the exponents of the first draws as they were drawn; they are the same for every task."""
    dims = {name: found[name].values.tolist() for name in ("decoder_scale", "units", "components", "seed")}
    dims["seed"] = dims["seed"][:BEFORE]
    return untouched(dims, lambda **place: tn.Network(transfer="tanh", **place))


def needed_over(learned: xr.DataArray, where: dict[str, str | int | float]) -> Iterator[Figure]:
    """Yield the units that half of the draws need, with an interval, where only units and seed vary."""
    made = tn.measure.units_needed(learned)
    yield figure(where, "units for half of the draws", "1", made["units_needed"].item())
    yield figure(where, "the same, lower end of 95 %", "1", made["units_needed_low"].item())
    yield figure(where, "the same, upper end of 95 %", "1", made["units_needed_high"].item())


def needed(found: xr.Dataset) -> Iterator[Figure]:
    """Yield the units that half of the draws need, by task, rank and norm of the decoder, with intervals."""
    for task in found["task"].values:
        for rank in found["components"].values:
            for scale in found["decoder_scale"].values:
                cell = found["lost"].sel(task=task, components=rank, decoder_scale=scale) <= 0
                yield from needed_over(cell, {"task": str(task), "rank": int(rank), "decoder norm": float(scale)})


def before(found: xr.Dataset) -> Iterator[Figure]:
    """Yield the exponents of the largest untouched networks, by rank and norm of the decoder."""
    for rank in found["components"].values:
        for scale in found["decoder_scale"].values:
            cell = found["exponent"].sel(components=rank, decoder_scale=scale).isel(units=-1)
            where = {"rank": int(rank), "decoder norm": float(scale), "N": int(found["units"].max())}
            yield figure(where, "exponent of the untouched network", "1/tau", cell.dropna("seed").values)


def exponents(found: xr.Dataset, resamplings: int = 1000) -> Iterator[Figure]:
    """Yield a in error ~ N^a of the median field error, with intervals over draws."""
    rng = np.random.default_rng(0)
    part = found["field_error"].sel(decoder_scale=BEST).sel(units=slice(FROM, None)).transpose(..., "units", "seed")
    sizes = np.log(part["units"].values)
    for task in found["task"].values:
        for rank in found["components"].values:
            errors = np.log(part.sel(task=task, components=rank).values)
            drawn = rng.integers(errors.shape[1], size=(resamplings, errors.shape[1]))
            slopes = [np.polyfit(sizes, np.nanmedian(errors[:, one], axis=1), 1)[0] for one in drawn]
            low, high = np.quantile(slopes, [0.025, 0.975])
            where = {"task": str(task), "rank": int(rank), "decoder norm": BEST, "N from": FROM}
            middle = float(np.polyfit(sizes, np.nanmedian(errors, axis=1), 1)[0])
            yield figure(where, "exponent of the field error", "1", middle)
            yield figure(where, "exponent, lower end of 95 %", "1", float(low))
            yield figure(where, "exponent, upper end of 95 %", "1", float(high))


def costs(found: xr.Dataset) -> Iterator[Figure]:
    """Yield the CPU time of a fit and its scores, by task and size."""
    for task in found["task"].values:
        for units in found["units"].values:
            spent = found["cpu_seconds"].sel(task=task, units=units).values.ravel()
            yield figure({"task": str(task), "N": int(units)}, "CPU time of a fit", "s", spent)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store", type=Path, nargs="?")
    parser.add_argument("--workers", type=int)
    parser.add_argument("--no-run", dest="run", action="store_false")
    return parser.parse_args()


if __name__ == "__main__":
    main()
