"""Which samples of a run are kept, and what was in force at each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import xarray as xr
from jaxtyping import Float, Int

from .._labels import Variable
from .._layout import run_dataset
from .._weight import check_end, weigh
from ._schedule import Segment

_SHORTER = "run for less time or fewer trials, or keep fewer samples (every=, dt=)"


@dataclass(frozen=True)
class Timeline:
    """The samples of a run through some segments.

    The sample on a boundary belongs to the segment that begins there; the last sample to the last segment.
    """

    segments: list[Segment]
    step: Int[np.ndarray, " time"]
    dt: float
    every: int

    @classmethod
    def of(cls, segments: list[Segment], dt: float, every: int = 1) -> Timeline:
        """Return the timeline of a run of these segments at steps of ``dt``, keeping one in ``every``."""
        total = sum(s.steps(dt) for s in segments)
        weigh(f"a run of {total / every:.3g} samples", 32.0 * total / every, _SHORTER)
        check_end(total, _SHORTER)
        return cls(segments, np.arange(0, total + 1, every), dt, every)

    def check_size(self, trials: int, width: int) -> None:
        """Raise MemoryError where the run would not fit: so many trials of so many numbers a sample."""
        count = 24.0 * trials * width * len(self.step)  # as they are computed, in task units, and in the Dataset
        weigh(f"a run of {len(self.step)} samples of {trials} trials", count, _SHORTER)

    @property
    def index(self) -> np.ndarray:
        """The number of the segment in force at each kept sample."""
        starts = np.cumsum([0] + [s.steps(self.dt) for s in self.segments[:-1]])
        return np.searchsorted(starts, self.step, side="right") - 1

    @property
    def time(self) -> np.ndarray:
        """Seconds since the start of the run."""
        return self.step * self.dt

    @property
    def task_time(self) -> np.ndarray:
        """Time of the task in force, from zero at the start of its segment."""
        starts = np.cumsum([0] + [s.steps(self.dt) for s in self.segments[:-1]])
        return (self.step - starts[self.index]) * self.dt * self.per_sample("speed")

    def per_sample(self, name: str) -> np.ndarray:
        """Return a number (or vector) of each sample's own task."""
        return np.array([getattr(s.entry.scaling, name) for s in self.segments])[self.index]

    @property
    def names(self) -> list[str]:
        """The name of each component: those that all tasks that use it give it; its number where these are no names."""
        scalings = list({s.entry.task: s.entry.scaling for s in self.segments}.values())
        found = [
            "/".join(dict.fromkeys(s.names[k] for s in scalings if k < s.dimension)) or str(k)
            for k in range(len(scalings[0].center))
        ]
        return found if len(set(found)) == len(found) else [str(k) for k in range(len(found))]

    def to_task(self, z: Float[np.ndarray, "trial time component"]) -> Float[np.ndarray, "trial time component"]:
        """Return outputs in the units of the task in force."""
        parts = ((self.index == number, segment.entry) for number, segment in enumerate(self.segments))
        x = np.empty(z.shape)
        for part, entry in parts:
            x[:, part] = entry.to_task(z[:, part])
        return x

    def check_finite(self, z: Float[np.ndarray, "trial time component"]) -> None:
        """Raise ValueError naming the first time at which a run left the finite numbers."""
        bad = ~np.isfinite(z).all(axis=(0, 2))
        if bad.any():
            raise ValueError(
                f"the run is not finite from {self.time[np.argmax(bad)]:.6g} s on; use a smaller dt, or other biases"
            )

    def dataset(
        self,
        z: Float[np.ndarray, "trial time component"],
        *,
        kind: str,
        extra: dict[str, Variable] | None = None,
        **attrs: Any,
    ) -> xr.Dataset:
        """Return the labelled run of these outputs, given in network coordinates."""
        return run_dataset(
            self.to_task(z),
            self.time,
            self.task_time,
            names=np.array([s.entry.task for s in self.segments])[self.index],
            index=self.index,
            dimension=self.per_sample("dimension"),
            speed=self.per_sample("speed"),
            components=self.names,
            extra=extra,
            kind=kind,
            components_of={s.entry.task: s.entry.scaling.names[: s.entry.dimension] for s in self.segments},
            **attrs,
        )
