"""What a picture needs of its data, said in one sentence when it is not there."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import xarray as xr

from .._names import choose, name_of, shown
from .._numbers import is_whole
from ..bank import as_bank, as_rows
from ..files import parse_json

RUN = "tonicnet.simulate or tonicnet.spiking.simulate"
SPIKES = "tonicnet.spiking.simulate"
BANK = "tonicnet.fit"


def require(data: object, names: Sequence[str], *, role: str, maker: str) -> xr.Dataset:
    """Return ``data`` if it is a Dataset with these variables; else say which lack and what makes them."""
    alone = isinstance(data, xr.DataArray) and maker == BANK
    if isinstance(data, xr.DataArray) and alone:
        data = as_rows(data)
    if not isinstance(data, xr.Dataset):
        raise TypeError(f"the {role} must be a Dataset from {maker}, got {type(data).__name__}")
    missing = [name for name in names if name not in data.variables]
    if missing and alone:
        raise ValueError(f"biases alone carry no {' and no '.join(missing)}; give the bank itself")
    if missing:
        has = ", ".join(map(str, data.data_vars)) or "nothing"
        raise ValueError(f"the {role} lacks {' and '.join(missing)} (it has: {has}); {maker} makes them")
    return as_bank(data)


def chosen_tasks(bank: xr.Dataset, task: str | Sequence[str] | None) -> list[str]:
    """Return the tasks asked for, all of the bank's if none is named."""
    known = [str(name) for name in bank["task"].values]
    task = name_of(task)
    asked = known if task is None else [task] if isinstance(task, str) else list(task)
    if not asked:
        raise ValueError(f"no task asked for; name at least one of {', '.join(known)}, or leave task out")
    return [choose("task in this bank", name, known) for name in asked]


def unit_numbers(units: Any, count: int) -> list[int]:
    """Return the numbers of units that are asked for; raise ValueError for what is none of ``count``."""
    try:
        wanted = np.ravel(np.asarray(units, dtype=object)).tolist()
    except Exception:  # whatever an object's own way to become an array raises
        raise ValueError(f"units must be numbers from 0 to {count - 1}, got {shown(units)}") from None
    bad = [unit for unit in wanted if not is_whole(unit, 0) or int(unit) >= count]
    if bad or not wanted:
        raise ValueError(f"units must be numbers from 0 to {count - 1}, got {shown(bad) if bad else 'none'}")
    return [int(unit) for unit in wanted]


def transfer(bank: xr.Dataset) -> dict[str, Any]:
    """Return the name and constants of the transfer function of a bank's network; empty if unknown."""
    text = bank.attrs.get("network")
    stored = parse_json(text, "the network of the bank").get("transfer", {}) if text else {}
    return {"name": stored} if isinstance(stored, str) else stored
