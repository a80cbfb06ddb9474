"""A bank named on the command line, with the network it was learned on."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import tonicnet as tn

from .._share import shelf

if TYPE_CHECKING:
    import xarray as xr

_TEXT = frozenset({*b"\t\r\n", *range(32, 127), *range(128, 256)}) - {0x89}  # 0x89 begins HDF5, of which NetCDF is made


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
    check_netcdf(path, "a bank is what tonicnet fit writes")
    if path.suffix != ".nc":
        raise ValueError(f"a bank is a NetCDF file whose name ends in .nc, got {path}")
    bank = tn.load(path)
    net = network_in(bank.attrs, origin=str(path))
    return Opened(net, check_bank(net, bank), path)


def check_netcdf(path: Path, needed: str) -> None:
    """Raise ValueError for a file of text: what it is, not what it would lack as NetCDF; ``needed`` says what is."""
    if not path.is_file():
        return
    with path.open("rb") as file:
        begin = file.read(512)
    if begin and all(byte in _TEXT for byte in begin):
        line = begin.decode("utf-8", "replace").splitlines()[0][:40]
        raise ValueError(
            f"{path} is a text file, which begins with {line!r}, and no NetCDF file; {needed}"
            + ("; learn a recording with tonicnet fit" if path.suffix == ".csv" else "")
        )


def _locate(source: str) -> Path:
    path = Path(source)
    if path.is_dir():
        return path / "bank.nc"
    return shelf("models") / source / "bank.nc" if not path.exists() and source in tn.models() else path
