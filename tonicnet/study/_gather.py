"""All results of a study in one Dataset over its dims."""

from __future__ import annotations

import json
from collections.abc import Sequence

import numpy as np
import xarray as xr

from .._labels import Variable, dataset
from ._grid import Grid
from ._record import Record
from ._values import coordinate
from ._work import OWN, SCORES

NOT_RUN = "not run"
_WORDS = SCORES | OWN
_TEXTS = {"outcome": "how learning ended, or why it did not", "method_taken": "objective and method of learning",
          "network_sha256": "SHA-256 of the synapses"}  # fmt: skip


class Gathered:
    """The results of cells, put in as they come."""

    def __init__(self, grid: Grid) -> None:
        self._grid = grid
        self._cells: dict[str, list[int]] = {}
        for index, key in enumerate(grid.keys):
            self._cells.setdefault(key, []).append(index)
        count = len(grid)
        self._scores: dict[str, np.ndarray] = {}
        self._texts = {name: np.full(count, "", dtype=object) for name in _TEXTS}
        self._texts["outcome"][:] = NOT_RUN
        self._done = np.zeros(count, np.int8)
        self._bias: dict[str, np.ndarray] = {}

    @property
    def keys(self) -> list[str]:
        """The keys of all jobs, each once, in the order of the cells."""
        return list(self._cells)

    def first(self, key: str) -> int:
        """Return the first cell of a job."""
        return self._cells[key][0]

    def put(self, key: str, record: Record, bias: np.ndarray | None) -> None:
        """Put in the result of a job."""
        cells = self._cells[key]
        for name, value in record.scores.items():
            self._scores.setdefault(name, np.full(len(self._grid), np.nan))[cells] = value
        for name, text in record.about.items():
            if name in self._texts:
                self._texts[name][cells] = text
        self._done[cells] = 1
        if bias is not None:
            self._bias[key] = bias

    def failed(self, key: str, failure: str) -> None:
        """Put in why there is no result of a job."""
        self._texts["outcome"][self._cells[key]] = f"failed: {failure}"

    def dataset(self) -> xr.Dataset:
        """Return everything over the dims of the grid."""
        dims = tuple(one.name for one in self._grid.dims if not one.fixed)
        shape = tuple(len(one.values) for one in self._grid.dims if not one.fixed)
        known = [name for name in _WORDS if name in self._scores]
        found = {name: Variable(dims, self._scores[name].reshape(shape), *_WORDS[name]) for name in known}
        found |= {name: Variable(dims, self._texts[name].reshape(shape), "1", _TEXTS[name]) for name in _TEXTS}
        found["done"] = Variable(dims, self._done.reshape(shape), "1", "whether the job has a result")
        found["job"] = Variable(dims, np.array(self._grid.keys, dtype=object).reshape(shape), "1", "key of the job")
        coords = self._coords()
        if self._bias:
            bias = self._biases()
            found["bias"] = Variable((*dims, "unit"), bias.reshape(*shape, -1), "1", "tonic input")
            coords["unit"] = Variable(("unit",), np.arange(bias.shape[-1]), "1", "unit")
        return dataset(found, coords, kind="study", grid=json.dumps(_plainly(self._grid)))

    def _biases(self) -> np.ndarray:
        made = np.full((len(self._grid), max(map(len, self._bias.values()))), np.nan)
        for key, bias in self._bias.items():
            made[self._cells[key], : len(bias)] = bias
        return made

    def _coords(self) -> dict[str, Variable]:
        made = {}
        for dim in self._grid.dims:
            along = () if dim.fixed else (dim.name,)
            for name, labels in zip(dim.names, zip(*dim.labels, strict=True), strict=True):
                values = coordinate(labels)
                made[name] = Variable(along, values[0] if dim.fixed else values, "1", f"argument {name}")
        return made


def _plainly(grid: Grid) -> dict[str, Sequence[object]]:
    return {dim.name: [list(row) if len(row) > 1 else row[0] for row in dim.labels][:100] for dim in grid.dims}
