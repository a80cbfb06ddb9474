"""``tonicnet list``: what is on the shelves."""

from __future__ import annotations

from typing import Any

import typer

import tonicnet as tn

from .._share import shelf
from ..files import read_toml
from ._errors import in_a_sentence
from ._table import table


@in_a_sentence
def shelves() -> None:
    """List the tasks, the recordings, the shipped networks, the grids and the transfer functions.

    \b
    Example:  tonicnet list
              tonicnet fit NAME      learn one of the tasks
    """
    from ..network import NEURONS, TRANSFERS
    from ..study import grids

    known = [tn.task(name) for name in (*tn.tasks(), *tn.behaviours())]
    rows = [[t.name, t.kind, str(t.dimension), t.title] for t in known]
    typer.echo("Tasks (tonicnet fit NAME)\n" + _indented(["name", "kind", "dim", "title"], rows, (0, 1, 3)))
    typer.echo("\nRecordings that packages ship (tonicnet fit NAME)\n" + _recordings())
    typer.echo("\nNetworks with a bank (tonicnet simulate NAME)\n" + _models())
    typer.echo("\nGrids (tonicnet study NAME)\n" + "\n".join(f"  {name}" for name in grids()))
    curves = [[name, (kind.__doc__ or "").strip().split("\n")[0]] for name, kind in TRANSFERS.items()]
    curves += [[name, f"{_curve(of)} with {_constants(of)}"] for name, of in NEURONS.items()]
    typer.echo("\nTransfer functions (--transfer NAME)\n" + _indented(["name", "phi"], curves, (0, 1)))


def _recordings() -> str:
    from ..task import RECORDINGS

    rows = [[name, entry.package, str(len(entry.components)), entry.title] for name, entry in RECORDINGS.items()]
    return _indented(["name", "package", "dim", "title"], rows, (0, 1, 3))


def _models() -> str:
    rows = [_model(name) for name in tn.models()]
    return _indented(["name", "units", "K", "synapses", "transfer", "tasks"], rows, (0, 3, 4, 5)) if rows else "  none"


def _model(name: str) -> list[str]:
    place = shelf("models") / name
    spec = read_toml(place / "network.toml")
    bank = place / "bank.nc"
    held = ", ".join(map(str, tn.load(bank)["task"].values)) if bank.is_file() else "no bank"
    return [name, str(spec["units"]), str(spec["components"]), spec["synapses"], _curve(spec["transfer"]), held]


def _curve(stored: Any) -> str:
    return str(stored["name"] if isinstance(stored, dict) else stored)


def _constants(of: dict[str, Any]) -> str:
    return ", ".join(f"{name} {value:g}" for name, value in of.items() if name != "name")


def _indented(head: list[str], rows: list[list[str]], left: tuple[int, ...]) -> str:
    return table([f"  {head[0]}", *head[1:]], [[f"  {row[0]}", *row[1:]] for row in rows], left=left)
