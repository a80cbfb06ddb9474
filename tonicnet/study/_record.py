"""What a job has found: a few scores and texts, and the file that holds them."""

from __future__ import annotations

import io
from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import xarray as xr

from .._labels import Variable, dataset
from ..files import packed, unsealed, weigh

_KIND = "result of a job"


@dataclass(frozen=True)
class Record:
    """The scores of a job by name, and what is said of it; scores that do not apply are not there."""

    scores: Mapping[str, float]
    about: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class Found:
    """A record, and the bank that was learned where that is kept."""

    record: Record
    bank: xr.Dataset | None = None


def encoded(record: Record, key: str) -> bytes:
    """Return the contents of the file of a record: NetCDF with ``score(measure)``, sealed."""
    names = np.array(list(record.scores), dtype=object)
    values = np.array(list(record.scores.values()), dtype=float)
    ds = dataset(
        {"score": Variable(("measure",), values, "1", "scores, each in its own unit")},
        {"measure": Variable(("measure",), names, "1", "what was scored")},
        kind=_KIND, job=key, **{f"about_{name}": text for name, text in record.about.items()},
    )  # fmt: skip
    return packed(ds)


def decoded(raw: bytes, key: str) -> Record:
    """Return the record of a file. Raises ValueError for one that is damaged, or is not the file of this job."""
    import h5py

    content = unsealed(raw)
    with h5py.File(io.BytesIO(content), "r") as file:
        weigh(file, len(content))
        if file.attrs.get("kind") != _KIND or file.attrs.get("job") != key:
            raise ValueError("it holds something else than the result of this job")
        names, values = file["measure"].asstr()[()], np.asarray(file["score"][()], dtype=float)
        about = {name[len("about_") :]: str(text) for name, text in file.attrs.items() if name.startswith("about_")}
    return Record(dict(zip(map(str, names), values.tolist(), strict=True)), about)
