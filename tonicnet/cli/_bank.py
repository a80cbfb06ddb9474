"""A bank named on the command line, with the network it was learned on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import tonicnet as tn

from .._share import shelf

if TYPE_CHECKING:
    import xarray as xr


@dataclass(frozen=True)
class Opened:
    """A bank and its own network, drawn again and checked against its hash."""

    net: tn.Network
    bank: xr.Dataset
    path: Path


def open_bank(source: str) -> Opened:
    """Open a bank file, a folder that holds ``bank.nc``, or the bank of a shipped model by its name."""
    from ..bank import check_bank
    from ..network import network_in

    path = _locate(source)
    if path.suffix != ".nc":
        raise ValueError(f"a bank is a NetCDF file whose name ends in .nc, got {path}")
    bank = tn.load(path)
    net = network_in(bank.attrs, origin=str(path))
    return Opened(net, check_bank(net, bank), path)


def _locate(source: str) -> Path:
    path = Path(source)
    if path.is_dir():
        return path / "bank.nc"
    return shelf("models") / source / "bank.nc" if not path.exists() and source in tn.models() else path
