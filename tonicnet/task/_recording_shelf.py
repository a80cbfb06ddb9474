"""The shelf of real recordings, read from files that packages ship; nothing is downloaded, nothing of them imported."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import xarray as xr

from .._names import choose, name_of, shown
from ._task import Task

_MONTHS = 12
_REGIONS = 3  # columns of nitime's table before its regions: white matter, ventricles, whole brain


class _Entry(NamedTuple):
    """A recording: what it is, how often it was sampled, and which file of which package holds it.

    ``step`` is in ``unit``; ``module`` is the package as it is imported, ``package`` as it is installed; ``licence`` is
    what the package says of the data, or its own.
    """

    title: str
    components: tuple[str, ...]
    step: float
    unit: str
    package: str
    module: str
    file: str
    read: Callable[[Path], np.ndarray]
    cite: str
    licence: str


def _npy(file: Path) -> np.ndarray:
    return np.load(file, allow_pickle=False)


def _sunspots(file: Path) -> np.ndarray:
    """Return the numbers of a table with a line a year and a column a month."""
    rows = [line.split()[1:] for line in file.read_text().splitlines() if re.match(r"\d{4}\s", line)]
    return np.array([float(cell) for row in rows for cell in row])


def _sea(file: Path) -> np.ndarray:
    """Return temperatures from columns year, month, and temperature and anomaly of four regions."""
    with np.load(file, allow_pickle=False) as held:
        return held["data"][:, 2::2]


def _column(name: str) -> Callable[[Path], np.ndarray]:
    def read(file: Path) -> np.ndarray:
        import pandas as pd

        return pd.read_csv(file)[name].to_numpy(dtype=float)

    return read


def _regions(file: Path) -> np.ndarray:
    import pandas as pd

    return pd.read_csv(file).to_numpy(dtype=float)[:, _REGIONS:]


_BRAIN = (
    "LCau", "LPut", "LThal", "LFpol", "LAng", "LSupraM", "LMTG", "LHip", "LPostPHG", "APHG", "LAmy", "LParaCing",
    "LPCC", "LPrec", "RCau", "RPut", "RThal", "RFpol", "RAng", "RSupraM", "RMTG", "RHip", "RPostPHG", "RAntPHG", "RAmy",
    "RParaCing", "RPCC", "RPrec",
)  # fmt: skip

RECORDINGS: dict[str, _Entry] = {
    "santa-fe-laser": _Entry(
        "intensity of a far-infrared ammonia laser in a chaotic state", ("intensity",), 1.0, "sample",
        "reservoirpy", "reservoirpy", "datasets/santafe_laser.npy", _npy,
        "Huebner, Abraham and Weiss 1989, doi:10.1103/PhysRevA.40.6354; Weigend and Gershenfeld 1994, data set A",
        "MIT, of the package",
    ),
    "electrocardiogram": _Entry(
        "26 heart beats of one person, in mV", ("ecg",), 1 / 360, "s",
        "sktime", "sktime", "datasets/data/mitdb/mitdb.csv", _column("data"),
        "Moody and Mark 2001, doi:10.1109/51.932724 (MIT-BIH arrhythmia database, 360 Hz)",
        "BSD 3-Clause, of the package; ODC-By 1.0, of the database",
    ),
    "sunspots": _Entry(
        "monthly mean number of sunspots from 1749 on", ("sunspots",), 1 / _MONTHS, "year",
        "statsmodels", "statsmodels", "datasets/sunspots/src/sunspots_monthly.dat", _sunspots,
        "National Geophysical Data Center", "public domain, says the package",
    ),
    "el-nino": _Entry(
        "monthly sea surface temperature of four regions of the Pacific, in degrees C",
        ("nino 1+2", "nino 3", "nino 4", "nino 3.4"), 1 / _MONTHS, "year",
        "PyWavelets", "pywt", "data/sst_nino3.npz", _sea,
        "National Oceanic and Atmospheric Administration, ERSSTv4", "public domain, says the package",
    ),
    "resting-bold": _Entry(
        "BOLD signal of 28 regions of a resting human brain", _BRAIN, 1.89, "s",
        "nitime", "nitime", "data/fmri_timeseries.csv", _regions,
        "nitime, doc/examples/resting_state_fmri.py", "BSD 3-Clause, of the package",
    ),
}  # fmt: skip


def recordings() -> list[str]:
    """Return the names of the real recordings that :func:`recording` makes tasks of.

    >>> recordings()[:2]
    ['el-nino', 'electrocardiogram']
    """
    return sorted(RECORDINGS)


def recording(
    name: str,
    *,
    components: Sequence[str] | None = None,
    embed: Any = None,
    speed: Any = "auto",
    label: str | None = None,
) -> Task:
    """Return a task of a real recording by its name; it is read from a package that ships it, nothing is downloaded.

    Arguments: ``name``, one of :func:`recordings`; ``components``, some of its components, all if not given; ``embed``,
    delayed coordinates as for :meth:`Task.from_array`, for the recordings of one component; ``speed``, how much of the
    recording's own time is a second of the network, by default chosen when learning; ``label``, a name of your own.

    Task time is in the unit in which the recording was sampled, which ``task.title`` tells: s, years, or samples where
    nobody says how long one lasted. ``task.cite`` tells source and licence. The packages come by
    ``pip install 'tonicnet[recordings]'``; their files are read as data, nothing of them is imported. Raises
    ValueError for unknown names, ImportError where the package is not installed or does not hold the file.

    >>> import tonicnet as tn
    >>> task = tn.recording("santa-fe-laser", embed="auto")                               # doctest: +SKIP
    >>> bank = tn.fit(tn.Network(500, seed=0, components=task.dimension), task)           # doctest: +SKIP
    """
    entry = RECORDINGS[choose("recording", name_of(name), RECORDINGS)]
    chosen = _chosen(entry, components)
    values = entry.read(_file(entry)).reshape(-1, len(entry.components))
    array = xr.DataArray(values, dims=("time", "component"), coords={"component": list(entry.components)})
    return Task.from_array(
        array.sel(component=chosen), dt=entry.step, embed=embed, speed=speed, name=label or str(name_of(name)),
        title=f"{entry.title}; time in {entry.unit}", cite=f"{entry.cite}; licence: {entry.licence}",
    )  # fmt: skip


def _chosen(entry: _Entry, components: Any) -> list[str]:
    if components is None:
        return list(entry.components)
    if isinstance(components, str) or not len(components):
        raise ValueError(f"components is a list of some of {', '.join(entry.components)}; got {shown(components)}")
    return [choose("component of this recording", one, entry.components) for one in components]


def _file(entry: _Entry) -> Path:
    """Return where a package holds a recording, which is found without importing the package."""
    found = find_spec(entry.module)
    places = list(found.submodule_search_locations or []) if found else []
    if not places:
        raise ImportError(
            f"this recording is read from the package {entry.package}, which is not installed: "
            f"pip install {entry.package}, or 'tonicnet[recordings]' for all of them"
        )
    held = [Path(place) / entry.file for place in places if (Path(place) / entry.file).is_file()]
    if not held:
        raise ImportError(
            f"the installed {entry.package} does not hold {entry.file}, from which this recording is read; install "
            "another version of it"
        )
    return held[0]
