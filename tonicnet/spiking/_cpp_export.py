"""A folder of C++ that runs a spiking network without Python."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import xarray as xr

from .._labels import package_version
from .._names import choose, path_of
from ..bank import Schedule
from ..files import workplace
from ..network import Network
from . import _equations as eqs
from ._cpp_inputs import write_digests, write_frozen, write_schedule, write_start
from ._cpp_sources import Shape, write_sources
from ._export_plan import ExportPlan
from ._lif_network import LIFNetwork
from ._plan import Bias

_README = Path(__file__).with_name("exported") / "cpp_readme.md"  # with names in braces


def write_cpp(
    path: str | os.PathLike[str],
    net: Network,
    bank: Bias,
    *,
    schedule: Schedule | None = None,
    duration: float | None = None,
    task: str | None = None,
    form: str = "threshold",
    neurons_per_unit: int = 1,
    inputs: np.ndarray | xr.DataArray | None = None,
    noise: float = 0.0,
    seed: int = 0,
) -> Path:
    """Write a folder of C++ that builds with make and runs the network spike for spike as :func:`simulate`.

    Arguments
    ---------
    path : the folder to write; it must not exist, or be empty.
    net, bank, schedule, duration, task, form, neurons_per_unit, inputs, noise, seed : as for :func:`simulate`, of
        which the program is one trial. It holds every task of the bank, so that its schedule can be edited. Inputs are
        a file of numbers, however long they are.

    The folder has a README.md that says what is in every file, and the licence of Brian2, whose code it contains
    (CeCILL 2.1). Returns its path. Raises ValueError as
    :func:`simulate` does, FileExistsError for a folder with something in it and FileNotFoundError for one
    whose parent is missing. No compiler is needed to write it.

    Source: Brian2, Stimberg, Brette and Goodman (2019), doi:10.7554/eLife.47314.

    >>> import tempfile
    >>> where = tempfile.mkdtemp() + "/cpp"
    >>> folder = write_cpp(where, Network(units=20, seed=0), np.ones(20), duration=0.1)
    >>> [name for name in ("main.cpp", "makefile", "tonic.h", "inputs") if (folder / name).exists()]
    ['main.cpp', 'makefile', 'tonic.h', 'inputs']
    """
    choose("form", form, eqs.FORMS)
    folder = _free(path)
    run = ExportPlan.of(
        net, bank, duration=duration, schedule=schedule, task=task, neurons_per_unit=neurons_per_unit, inputs=inputs,
        noise=noise, seed=seed,
    )  # fmt: skip
    model, step = run.model, run.step
    with workplace(folder.parent) as fresh:
        write_sources(Shape.of(model, form, step, run.trial.external), fresh)
        numbers = fresh / "inputs"
        numbers.mkdir()
        write_frozen(numbers, model)
        write_schedule(numbers, model, form, run.segments, step, run.tasks)
        write_start(numbers, model, form, run.segments[0], run.trial)
        write_digests(numbers)
        (fresh / "README.md").write_text(_readme(model, form, step, list(run.labels.values())), encoding="utf-8")
        fresh.replace(folder)
    return folder


def _free(path: str | os.PathLike[str]) -> Path:
    """Return a folder that can be written; raise if there is something in it, or no folder around it."""
    folder = path_of(path)
    if not folder.absolute().parent.is_dir():
        raise FileNotFoundError(f"no folder {folder.parent} to write {folder.name} into; create it first")
    if folder.exists() and not (folder.is_dir() and not any(folder.iterdir())):
        raise FileExistsError(f"{folder} is there already and is not an empty folder; name a new one")
    return folder


def _readme(model: LIFNetwork, form: str, step: float, tasks: list[str]) -> str:
    """Return the text that says what is in every file of the folder."""
    carries = {"threshold": "thresholds", "current": "tonic currents", "leak": "leak reversal potentials"}[form]
    return _README.read_text(encoding="utf-8").format(
        neurons=model.neurons, carries=carries, version=package_version(), sha256=model.net.sha256, sampling=step,
        dt=model.lif.dt, tasks="\n".join(f"- {row}: {name}" for row, name in enumerate(tasks)),
    )  # fmt: skip
