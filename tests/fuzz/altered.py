"""Single bits of the shipped bank, and checkpoints whose numbers were changed in a file that is whole."""

from __future__ import annotations

import json
import os
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

import tonicnet as tn
from tonicnet._share import shelf

from .kinds import KINDS, NET, scratch

_WORDS = ("", "done", "as good as its floor", "stopped after 1 closed-loop round", "x" * 1000, "nan")


def bits(count: int, seed: int) -> dict[str, int]:
    """Return what became of so many single bits of the shipped bank, each turned over alone."""
    whole = (shelf("models") / "atlas-1000" / "bank.nc").read_bytes()
    good, path, found = tn.load_bank("atlas-1000"), scratch() / "bank.nc", Counter()
    path.write_bytes(whole)
    with path.open("r+b", buffering=0) as file:
        for at in np.random.default_rng(seed).choice(8 * len(whole), count, replace=False):
            os.pwrite(file.fileno(), bytes([whole[at // 8] ^ 1 << (at % 8)]), at // 8)
            found[_bank(path, good)] += 1
            os.pwrite(file.fileno(), whole[at // 8 : at // 8 + 1], at // 8)
    return {"tried": count} | {name: found[name] for name in ("refused", "equal", "silently different")}


def _bank(path: Path, good: xr.Dataset) -> str:
    try:
        return "equal" if tn.load(path).identical(good) else "silently different"
    except ValueError:
        return "refused"


def checkpoints(count: int, seed: int) -> dict[str, int]:
    """Return what became of so many checkpoints, altered and written again as whole files of tonicnet."""
    folder, found = scratch(), Counter()
    path = folder / "run.nc"
    KINDS["checkpoint"].write(path)
    whole, wanted = path.read_bytes(), _learn(None)
    for number in range(count):
        path.write_bytes(whole)
        tn.save(_altered(tn.load(path), np.random.default_rng([seed, number])), path)
        before = path.read_bytes()
        try:
            same = np.array_equal(_learn(path), wanted)
            found["accepted, same result" if same else "accepted, another result"] += 1
        except ValueError:
            found["refused"] += 1
            found["file not kept"] += path.read_bytes() != before
    kinds = ("refused", "accepted, same result", "accepted, another result", "file not kept")
    return {"tried": count} | {name: found[name] for name in kinds}


def _learn(path: Path | None) -> np.ndarray:
    bank = tn.fit(
        tn.Network(**NET), "hopf", checkpoint=path, rounds=0, restarts=0, steps=2, progress=False
    )  # fmt: skip
    return np.concatenate([bank["bias"].values.ravel(), bank["loss"].values.ravel()])


def _altered(ds: xr.Dataset, rng: np.random.Generator) -> xr.Dataset:
    return (_number, _shape, _state, _state, _attribute)[rng.integers(5)](ds, rng)


def _number(ds: xr.Dataset, rng: np.random.Generator) -> xr.Dataset:
    name = sorted(ds.data_vars)[rng.integers(len(ds.data_vars))]
    held = ds[name].copy(deep=True)
    at = rng.integers(held.size)
    held.values.flat[at] = rng.choice([np.nan, np.inf, -1.0, 1e300, held.values.flat[at] * (1 + 1e-15) + 1e-300])
    return ds.assign({name: held})


def _shape(ds: xr.Dataset, rng: np.random.Generator) -> xr.Dataset:
    name = sorted(ds.data_vars)[rng.integers(len(ds.data_vars))]
    ways: tuple[Callable[[], xr.Dataset], ...] = (
        lambda: ds.drop_vars(name),
        lambda: ds.isel(number=slice(int(rng.integers(1, ds.sizes["number"])))),
        lambda: ds.isel(number=slice(None, None, -1)),
        lambda: ds.assign({name: ds[name].expand_dims(more=1)}),
        lambda: ds.assign({name: ds[name].astype(np.float32)}),
        lambda: ds.rename({name: f"{name}_old"}),
    )
    return ways[rng.integers(len(ways))]()


def _state(ds: xr.Dataset, rng: np.random.Generator) -> xr.Dataset:
    states = json.loads(ds.attrs["states"])
    state = states["0"]
    name = sorted(state)[rng.integers(len(state))]
    state[name] = _other(state[name], rng)
    return ds.assign_attrs(states=json.dumps(states))


def _other(value: Any, rng: np.random.Generator) -> Any:
    odd = [None, -1, 0.5, True, "1", [], {}, 10**9, float("nan"), _WORDS[rng.integers(len(_WORDS))]]
    if isinstance(value, int | float):
        odd += [value + 1, value - 1, value * 1.0000001]
    if isinstance(value, list):
        odd += [value[:-1], [*value, 1.0], value[::-1]]
    return odd[rng.integers(len(odd))]


def _attribute(ds: xr.Dataset, rng: np.random.Generator) -> xr.Dataset:
    name = ("states", "identity", "states_sha256")[rng.integers(3)]
    text = bytearray(ds.attrs[name].encode())
    text[rng.integers(len(text))] = b'0123456789abcdef"{}[],:'[rng.integers(23)]
    return ds.assign_attrs({name: text.decode(errors="replace")})
