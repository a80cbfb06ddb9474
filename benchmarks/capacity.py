"""How much networks hold: `python benchmarks/capacity.py STORE [row ...]`.

Jobs go to the folder STORE one by one, so that the same command goes on where it was stopped. Rows: "bits" by size, of
dense networks; "gain" and "bias-range" at one size; "systems", of six flows on low-rank networks without closed-loop
rounds; "most", bits of 1,024 units, one draw (bits=4 rounds=2); "scales", why encoders are weak and decoders strong.
Written are results/capacity.json, and with the first row results/capacity.nc and capacity.png.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from records import RESULTS, Figure, command, figure, keep, provenance

import tonicnet as tn

SEEDS = range(3)
FLOWS = ["cosine", "hopf", "van-der-pol", "roessler", "thomas", "lorenz"]
RANGES = [(-1.0, 1.0), (-2.0, 2.0), (-4.0, 4.0)]
_WORDS = dict(word.split("=") for word in sys.argv[2:] if "=" in word)
MOST = [int(n) for n in _WORDS.get("bits", "4").split(",")]  # bits of the largest network
ROUNDS = int(_WORDS.get("rounds", 2))  # in which it learns them
SCALES = [(0.8, 1.25), (0.4, 2.5), (0.2, 5.0), (0.1, 10.0)]


def counted(store: Path, grid: dict[Any, Any], **how: Any) -> xr.Dataset:
    """Return a capacity from a store, one worker and one thread."""
    return tn.capacity(grid, store=store, workers=1, **how)


def by_size(found: xr.Dataset, where: dict[str, Any], dim: str = "") -> Iterator[Figure]:
    """Yield capacity over draws, and exponents, of each place."""
    for value in found[dim].values if dim else [None]:
        part = found.sel({dim: value}) if dim else found
        at = where | ({dim.replace("_", " "): value.item() if hasattr(value, "item") else value} if dim else {})
        for units in part["units"].values:
            held = part["capacity"].sel(units=units).values
            yield figure(at | {"units": int(units)}, part["capacity"].attrs["long_name"], "1", held.ravel())
        if np.isfinite(part["exponent"]).all():
            yield figure(at, "exponent of capacity", "1", part["exponent"].item())
            yield figure(at, "exponent, lower end of 95 %", "1", part["exponent_low"].item())
            yield figure(at, "exponent, upper end of 95 %", "1", part["exponent_high"].item())


def bits(store: Path) -> Iterator[Figure]:
    """Yield the bits that networks hold by size, what learning one of them takes, and write Dataset and picture."""
    found = counted(store, {"units": [64, 128, 256], "seed": SEEDS, "components": 4}, bits=3)
    yield from by_size(found, {"counted": "bits"})
    for units in found["units"].values:
        spent = found["cpu_seconds"].sel(units=units).values.ravel()
        yield figure({"counted": "bits", "units": int(units)}, "CPU time of a flip-flop", "s", spent)
    tn.save(found.drop_vars(("job", "method_taken"), errors="ignore"), RESULTS / "capacity.nc")
    tn.plot.capacity(found).figure.savefig(RESULTS / "capacity.png", dpi=160)


def gain(store: Path) -> Iterator[Figure]:
    """Yield the bits of 128 units by gain."""
    found = counted(store, {"units": [128], "gain": [0.4, 0.8, 1.2, 1.6], "seed": SEEDS}, bits=4)
    yield from by_size(found, {"counted": "bits"}, "gain")


def bias_range(store: Path) -> Iterator[Figure]:
    """Yield the bits of 128 units whose tonic inputs must stay in a range."""
    for low, high in RANGES:
        found = counted(store, {"units": [128], "bias_range": {"it": (low, high)}, "seed": SEEDS}, bits=3)
        yield from by_size(found.squeeze("bias_range", drop=True), {"counted": "bits", "tonic inputs within": high})


def systems(store: Path) -> Iterator[Figure]:
    """Yield how many of six flows one low-rank network can be."""
    grid = {"task": FLOWS, "units": [16, 32, 64, 128, 256], "components": 3, "seed": SEEDS, "rounds": 0, "restarts": 0}
    found = counted(store, grid | {"transfer": "tanh", "decoder_scale": 2.0})
    yield from by_size(found, {"counted": f"systems of {len(FLOWS)}"})


def most(store: Path) -> Iterator[Figure]:
    """Yield accuracy and CPU time of many bits on 1,024 units."""
    for n in MOST:
        part = counted(store, {"units": [1024], "seed": [0], "rounds": [ROUNDS]}, bits=[n]).squeeze()
        where = {"counted": f"{n} bits", "units": 1024, "rounds": ROUNDS}
        yield figure(where, "accuracy on held-out trials", "1", part["accuracy"].item())
        yield figure(where, "CPU time of a flip-flop", "s", part["cpu_seconds"].item())


def scales(store: Path) -> Iterator[Figure]:
    """Yield the accuracy of three bits on 256 units by the scales of encoder and decoder."""
    for encoder, decoder in SCALES:
        grid = {"units": [256], "encoder_scale": encoder, "decoder_scale": decoder, "seed": SEEDS}
        found = counted(store, grid, bits=[3])
        where = {"counted": "3 bits", "units": 256, "encoder": encoder, "decoder": decoder}
        yield figure(where, "accuracy on held-out trials", "1", found["accuracy"].values.ravel())


ROWS: dict[str, Callable[[Path], Iterator[Figure]]] = {
    "bits": bits, "systems": systems, "gain": gain, "bias-range": bias_range, "scales": scales, "most": most,
}  # fmt: skip

if __name__ == "__main__":
    about = provenance(command())
    for row in [word for word in sys.argv[2:] if "=" not in word] or ROWS:
        for made in ROWS[row](Path(sys.argv[1])):
            print(f"{row}: {made}", flush=True)
            keep([made], "capacity", about | {"group": row})
