"""What the phase diagram of fields leaves out: dense networks, a memory, one component, the spread of first biases.

    python benchmarks/phase_axes.py STORE [part ...]

Four studies, whose jobs go to STORE one by one, so that the same command goes on where it was stopped. ``--no-run``
takes what is there.

"spread": fields on low-rank networks over the spread of first biases and units. That is a number of the transfer
function (``Transfer.spread``): the axis is one tanh for each spread. "dense": a cosine without feedback, x of Van der
Pol and x of Lorenz on dense networks, over gain and units. "memory": a flip-flop of one bit, likewise. "dense-spread":
the cosine on dense networks over the spread of first biases.

Beside each cell stands the largest Lyapunov exponent of the untouched network. Written are results/phase_<part>.nc (all
scores), a figure of each, and phase_axes.json.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from phase_diagram import BEFORE, needed_over
from records import RESULTS, Figure, command, figure, keep, provenance
from untouched import exponents

import tonicnet as tn
from tonicnet.network import ARGUMENTS
from tonicnet.study._grid import KNOWN

SEEDS, SHARE = range(10), 0.1  # draws; first biases of dense networks have this share of the spread
GAINS, SPREADS = [0.5, 1.0, 1.5, 2.5], [0.3, 1.0, 3.0, 10.0]
LEARNED = {  # the score that decides, the worst that passes; no start may be lost
    "r_squared": 0.9, "accuracy": 0.95, "orbit_distance": 0.1, "divergence": 1.0,
}  # fmt: skip
_LESS = ("orbit_distance", "divergence")
KEPT = ("lost", *LEARNED, "field_error", "valid_time", "cpu_seconds", "done", "outcome", "network_sha256")
DENSE: dict[str, Any] = {"synapses": "dense", "transfer": "tanh", "components": 1}
FIT: dict[str, Any] = {"rounds": 1, "restarts": 0}


@dataclass(frozen=True)
class Spread(tn.Tanh):
    """tanh whose first biases have another spread."""

    wide: float = 3.0

    @property
    def spread(self) -> tuple[float, float]:
        """Mean and standard deviation of first biases."""
        return 0.0, self.wide

    def parameters(self) -> dict[str, float]:
        """Return what tells it from another."""
        return {"wide": self.wide}


@cache
def series() -> dict[str, tn.Task]:
    """Return the recordings of one component, each at its own step."""
    wave = np.cos(2 * np.pi * np.arange(101) / 25)[:, None]
    return {
        "cosine": tn.Task.from_array(wave, name="cosine", dt=0.01),
        "x of Van der Pol": _first("van-der-pol", 20.0, 0.1),
        "x of Lorenz": _first("lorenz", 60.0, 0.06),
    }


def _first(name: str, duration: float, dt: float) -> tn.Task:
    values = tn.task(name).trajectory(duration, dt)["output"].values[0, :, :1]
    return tn.Task.from_array(values, dt=dt, name=f"x of {name}")


@dataclass(frozen=True)
class Part:
    """One study: what each task asks of networks and fits, over one axis and units."""

    asked: Mapping[str, dict[str, Any]]
    axis: str
    values: list[float]
    units: list[int]


def parts() -> dict[str, Part]:
    """Return all studies."""
    made = series()
    alone = DENSE | {"feedback": False, "tau": 0.01, "dt": 0.01, "decoder_scale": 1.0} | FIT | {"task": made["cosine"]}
    led = DENSE | {"encoder_scale": 1.0} | FIT | {"steps": 10}
    field = {"components": 3, "rounds": 0, "restarts": 0, "transfer": _tanhs(1.0)}
    dense = {
        "cosine": alone,
        "x of Van der Pol": led | {"task": made["x of Van der Pol"], "tau": 0.2, "dt": 0.1},
        "x of Lorenz": led | {"task": made["x of Lorenz"], "tau": 0.12, "dt": 0.06},
    }
    weak = DENSE | FIT | {"tau": 0.1, "dt": 0.05, "encoder_scale": 0.2, "decoder_scale": 5.0}
    memory = {"flip-flop": weak | {"task": tn.task("flip-flop", bits=1)}}
    fields = {name: field | {"task": name} for name in ("cosine", "van-der-pol", "lorenz")}
    spread = {"cosine, dense": alone | {"gain": 1.5, "transfer": _tanhs(SHARE)}}
    return {
        "spread": Part(fields, "bias_spread", SPREADS, [32, 64, 128, 256, 512]),
        "dense": Part(dense, "gain", GAINS, [16, 32, 64, 128]),
        "memory": Part(memory, "gain", GAINS, [8, 16, 32, 64]),
        "dense-spread": Part(spread, "bias_spread", SPREADS, [32, 64, 128]),
    }


def _tanhs(share: float) -> dict[str, Spread]:
    return {f"{wide:g}": Spread(wide / share) for wide in SPREADS}


def studied(part: Part, given: argparse.Namespace) -> xr.Dataset:
    """Return all scores of a part over task, its axis, units and seed; draws go first, so that all cells grow alike."""
    pieces = []
    axis = {part.axis: part.values} if part.axis in KNOWN else {}
    for name, asked in part.asked.items():
        grid = {"seed": SEEDS, "units": part.units} | axis | asked
        found = tn.study(grid, store=given.store, executor=ThreadPoolExecutor(1), run=given.run)
        pieces.append(_kept(found).expand_dims(task=[name]))
    whole = xr.concat(pieces, "task", combine_attrs="drop_conflicts")
    return whole.assign(learned=_learned(whole))


def _kept(found: xr.Dataset) -> xr.Dataset:
    """Return the scores that any task may have, over the dims that vary."""
    found = found.drop_vars([name for name, one in found.coords.items() if not one.dims])
    empty = xr.full_like(found["cpu_seconds"], np.nan)
    kept = xr.Dataset({name: found.get(name, empty) for name in KEPT}, attrs={"kind": "study"})
    if "transfer" not in kept.dims:
        return kept
    return kept.rename(transfer="bias_spread").assign_coords(bias_spread=SPREADS)


def _learned(whole: xr.Dataset) -> xr.DataArray:
    """Return which draws have learned: none is lost, and the score that a task has is good enough."""
    passed = whole["lost"] <= 0
    fields = whole["field_error"].notnull()
    for name, worst in LEARNED.items():
        good = whole[name] <= worst if name in _LESS else whole[name] >= worst
        passed &= good | whole[name].isnull() | fields
    return passed.astype("int8").assign_attrs(long_name="whether the draw has learned")


def beside(part: Part) -> xr.Dataset:
    """Return the exponents of the first untouched networks of each task."""
    dims = {part.axis: part.values, "units": part.units, "seed": SEEDS[:BEFORE]}
    pieces = []
    for name, asked in part.asked.items():
        pieces.append(exponents(dims, partial(_drawn, asked)).expand_dims(task=[name]))
    return xr.concat(pieces, "task")


def _drawn(asked: dict[str, Any], *, bias_spread: float | None = None, **place: Any) -> tn.Network:
    """Return the network of one place of a part."""
    wide = {} if bias_spread is None else {"transfer": asked["transfer"][f"{bias_spread:g}"]}
    given = asked | place | wide
    return tn.Network(**{name: value for name, value in given.items() if name in ARGUMENTS})


def main() -> None:
    """Run what is missing of the parts that are named, or of all, and write them."""
    given = _arguments()
    for name, part in parts().items():
        if given.parts and name not in given.parts:
            continue
        found = studied(part, given)
        print(name, f"{int(found['done'].sum())} of {found['done'].size} jobs are done", flush=True)
        found = xr.merge([found, beside(part)], combine_attrs="override", join="outer")
        found = found.transpose("task", part.axis, "units", "seed").assign_attrs(kind=f"phase diagram, {name}")
        tn.save(found, RESULTS / f"phase_{name}.nc")
        made = [one for task in part.asked for one in figures(found, task, part.axis)]
        keep(made, "phase_axes", provenance(command()) | {"group": name})
        picture = tn.plot.phase_diagram(found.assign(missed=1 - found["learned"]), x=part.axis, score="missed")
        picture.savefig(RESULTS / f"phase_{name}.png", dpi=160)


def figures(found: xr.Dataset, task: str, axis: str) -> Iterator[Figure]:
    """Yield the units that half of the draws need, and the exponents of the largest untouched networks."""
    told = {"gain": "gain", "bias_spread": "spread of first biases"}[axis]
    for value in found[axis].values:
        cell = found.sel({"task": task, axis: value})
        where = {"task": task, told: float(value)}
        yield from needed_over(cell["learned"], where)
        last = cell.isel(units=-1)
        known = last["exponent"].dropna("seed").values
        yield figure(where, "exponent of the untouched network", "1/tau", known)
        yield figure(where, "CPU time of a fit", "s", last["cpu_seconds"].values)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("store", type=Path)
    parser.add_argument("parts", nargs="*")
    parser.add_argument("--no-run", dest="run", action="store_false")
    return parser.parse_args()


if __name__ == "__main__":
    main()
