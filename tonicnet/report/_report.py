"""``tonicnet.report``: a bank as one page that needs no network access."""

from __future__ import annotations

import os
from pathlib import Path

import xarray as xr

from .._names import path_of, shown
from ..bank import check_bank
from ..files import write
from ..network import Network, check_moving
from ._curves import task_curves
from ._page import page

_LENGTH = 300.0  # of each run, in time constants of the network


def report(
    net: Network,
    bank: xr.Dataset | xr.DataArray,
    path: str | os.PathLike[str],
    *,
    duration: float | None = None,
    seed: int = 0,
) -> Path:
    """Write a bank as one self-contained HTML page: attractors to turn, time courses, scores, biases, provenance.

    The network runs alone for each task, and so does the true task from the same state where the bank can rebuild
    it. Everything the page needs is in it (the plotly library too, 5 MB): it opens without network access
    and may load nothing, by its own content security policy. ``page.html#task=NAME`` opens at a task.

    Arguments
    ---------
    net, bank : a network and a bank of it; biases alone, as ``bank["bias"]``, run in network coordinates without
        truth.
    path : the page to write, ending in .html; its folder must exist.
    duration : seconds of each run; 300 time constants of the network if not given.
    seed : of the starting states.

    Returns the path. Raises ValueError for a bank of another network, a duration that is not positive or another
    file type, and ImportError without plotly (``pip install 'tonicnet[report]'``).

    >>> import tempfile, tonicnet as tn
    >>> net, bank = tn.load_network("atlas-1000"), tn.load_bank("atlas-1000")
    >>> path = tn.report(net, bank.sel(task=["hopf"]), tempfile.mkdtemp() + "/report.html", duration=1.0)
    >>> path.read_text()[:15]
    '<!doctype html>'
    """
    place = path_of(path)
    if place.suffix not in (".html", ".htm"):
        raise ValueError(f"a report is an HTML page whose name ends in .html, got {place}")
    bank = check_bank(check_moving(net, "a report"), bank)
    seconds = _LENGTH * net.tau if duration is None else float(duration)
    if not 0 < seconds < float("inf"):
        raise ValueError(f"duration is a positive number of seconds, got {shown(duration)}")
    library = _plotly()
    curves = [task_curves(net, bank, str(name), seconds, seed) for name in bank["task"].values]
    text = page(net, bank, curves, library)
    return write(place, text.encode())


def _plotly() -> str:
    """Return the source of plotly.js, which the Python package carries."""
    try:
        from plotly.offline import get_plotlyjs
    except ImportError as error:
        raise ImportError("a report needs plotly: pip install 'tonicnet[report]'") from error
    return str(get_plotlyjs())
