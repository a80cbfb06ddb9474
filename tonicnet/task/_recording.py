"""A task given by a recording: checked arrays, windows and states of them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, final

import numpy as np
from jaxtyping import Float

from .._moving import sizes
from ..labelled import Door
from ._arguments import picks
from ._samples import samples, storable
from ._scaling import moments, time_to_move
from ._source import Source, no_trials
from ._trials import Trials

if TYPE_CHECKING:
    from ._task import Task

_DOOR = Door("a recording")
_SAME = 1e-6  # of a component's largest value: states this near are the same
_SHORTEST = 4  # samples: a cubic spline needs them


@final
class Recording(Source):
    """Windows and states of recorded trials; between samples, a cubic spline."""

    has_flow = False

    def __init__(self, values: Float[np.ndarray, "trial time component"], dt: float) -> None:
        self.values, self.dt = values, dt
        self.dimension = values.shape[2]
        self.duration = (values.shape[1] - 1) * dt

    def flow(self, x: Float[np.ndarray, "... component"]) -> Float[np.ndarray, "... component"]:
        """Raise TypeError: a recording has states, but no vector field."""
        raise TypeError(
            f"a recording has no vector field to evaluate at states of shape {x.shape}; use a method that "
            "learns from trajectories, or make a Task from a function dx/dt"
        )

    def initial(self, trials: int, *, seed: int) -> Float[np.ndarray, "trial component"]:
        """Return recorded states, none from the last quarter, so that each can be followed for a while."""
        early = self.values[:, : max(1, 3 * self.values.shape[1] // 4)]
        return self._draw(early, trials, seed)

    def states(self, count: int, *, seed: int) -> Float[np.ndarray, "count component"]:
        """Return recorded states."""
        return self._draw(self.values, count, seed)

    def run(
        self,
        times: Float[np.ndarray, " time"],
        start: Float[np.ndarray, "trial component"] | None,
        *,
        trials: int,
        seed: int,
    ) -> Float[np.ndarray, "trial time component"]:
        """Return windows: from random samples, or from the recorded states that ``start`` names."""
        room = self._room(float(times[-1]))
        spots = self._spots(trials, room, seed) if start is None else self._found(start, room)
        return np.stack([self._window(trial, first, times) for trial, first in spots])

    def trials(self) -> Trials:
        """Raise TypeError: a recording has no inputs."""
        raise no_trials("a recording")

    def scaling(self) -> tuple[Float[np.ndarray, " component"], Float[np.ndarray, " component"]]:
        """Return mean and standard deviation of all samples."""
        return moments(self.values.reshape(-1, self.dimension))

    def time_scale(self, scale: Float[np.ndarray, " component"]) -> float:
        """Return the time to move by one ``scale``, from differences of all samples."""
        slope = np.gradient(self.values, self.dt, axis=1)
        return time_to_move(slope.reshape(-1, self.dimension) / scale)

    def data(self) -> dict[str, Any]:
        """Return the samples as nested lists. Raises ValueError for a recording too large for a spec."""
        storable(self.values.size, what="recording")
        return {"recording": {"dt": self.dt, "values": self.values.tolist()}}

    def _draw(self, values: np.ndarray, count: int, seed: int) -> Float[np.ndarray, "count component"]:
        x = values.reshape(-1, self.dimension)
        return x[picks(len(x), count, seed=seed)]

    def _room(self, length: float) -> int:
        """Return how many first samples a window of this length may start at."""
        room = int(np.floor((self.duration - length) / self.dt + 1e-6)) + 1
        if room < 1:
            raise ValueError(
                f"the recording lasts {self.duration:.6g}, a run of {length:.6g} was asked for; ask for less"
            )
        return room

    def _spots(self, trials: int, room: int, seed: int) -> list[tuple[int, int]]:
        spots = picks(len(self.values) * room, trials, seed=seed)
        return [(int(spot) // room, int(spot) % room) for spot in spots]

    def _found(self, start: Float[np.ndarray, "trial component"], room: int) -> list[tuple[int, int]]:
        x = self.values[:, :room].reshape(-1, self.dimension)
        size = np.where(sizes(x) > 0, sizes(x), 1.0)
        found = [int((np.abs(x - state) / size).max(axis=1).argmin()) for state in start]
        far = [float((np.abs(x[spot] - state) / size).max()) for spot, state in zip(found, start, strict=True)]
        if max(far) > _SAME:
            raise ValueError(
                f"a recording can only start where it has been: state {int(np.argmax(far))} of initial lies "
                f"{max(far):.3g} of a component's largest value from every sample with enough recording after it; take "
                "states of task.initial(), or shorten the run"
            )
        return [(spot // room, spot % room) for spot in found]

    def _window(self, trial: int, first: int, times: Float[np.ndarray, " time"]) -> Float[np.ndarray, "time component"]:
        at = times / self.dt
        if np.allclose(at, np.round(at), atol=1e-6):
            return self.values[trial, first + np.round(at).astype(int)]
        samples = self.values[trial, first:]
        from scipy.interpolate import CubicSpline

        return CubicSpline(np.arange(len(samples)), samples)(np.minimum(at, len(samples) - 1))


def recording(array: Any, dt: Any, time: str | None = None) -> tuple[Recording, tuple[str, ...]]:
    """Return a checked recording and the labels of its components; ``array``, ``dt``, ``time`` as for ``samples``."""
    given = samples(array, dt, door=_DOOR, shortest=_SHORTEST, time=time)
    return Recording(given.values, given.dt), given.labels or tuple(map(str, range(given.values.shape[2])))


def recorded(task: Task) -> Float[np.ndarray, "trial time component"]:
    """Return all samples of a recording, in the task's units, ``task.dt`` apart. Raises TypeError for other tasks.

    >>> import numpy as np, tonicnet as tn
    >>> recorded(tn.Task.from_array(np.zeros((7, 2)), name="rest", dt=0.1)).shape
    (1, 7, 2)
    """
    if not isinstance(task._source, Recording):
        raise TypeError(f"task {task.name!r} is a {task.kind}, which has no recorded samples; use task.trajectory()")
    return task._source.values
