"""Samples of a regression or classification: inputs, what should come out, and which of them are for what."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, NoReturn, final

import numpy as np
from jaxtyping import Float, Int

from ._samples import storable
from ._scaling import moments, not_still
from ._source import Source
from ._trials import Trials

if TYPE_CHECKING:
    from ._described import Described

PARTS = ("train", "validation", "test")  # what samples are for, in the order of their numbers


@final
@dataclass(frozen=True)
class SampleSet(Source):
    """Inputs x (sample, and the axes of one sample), targets y (sample, component) and the ``part`` of each sample.

    Of a classification y is 1 for the class of a sample and 0 for the others. ``shift`` says by how many pixels its
    pictures may be moved in learning without changing their class; ``features`` are the names of inputs, if known.
    """

    inputs: Float[np.ndarray, "sample ..."]
    targets: Float[np.ndarray, "sample component"]
    part: Int[np.ndarray, " sample"]
    classes: bool
    shift: int = 0
    features: tuple[str, ...] = ()

    has_flow = False
    dt = duration = 1.0  # there is no time: a spec wants some

    def __post_init__(self) -> None:
        object.__setattr__(self, "dimension", self.targets.shape[1])  # components, or classes

    @property
    def shape(self) -> tuple[int, ...]:
        """The axes of one sample."""
        return self.inputs.shape[1:]

    @property
    def labels(self) -> Int[np.ndarray, " sample"]:
        """The number of the class of each sample."""
        return self.targets.argmax(axis=1)

    def of(self, part: str) -> SampleSet:
        """Return the samples of one part."""
        at = self.part == PARTS.index(part)
        return SampleSet(self.inputs[at], self.targets[at], self.part[at], self.classes, self.shift, self.features)

    @cached_property
    def scaled_by(self) -> tuple[Float[np.ndarray, " input"], Float[np.ndarray, " input"]]:
        """Centre and unit of the inputs, from those learned from: each has its own centre.

        A feature has its own unit, its standard deviation; the pixels of a picture share one, so that those that
        hardly ever change stay quiet.
        """
        x = self.of("train").inputs.reshape(-1, int(np.prod(self.shape)))
        center, scale = moments(x)
        if len(self.shape) > 1:
            scale = np.full(len(center), float(np.sqrt(np.mean(x.var(axis=0)))) or 1.0)
        return center, scale

    @cached_property
    def sha256(self) -> str:
        """The hash of all samples, and of what they are for."""
        digest = hashlib.sha256(f"{self.inputs.shape} {self.targets.shape} {self.classes} {self.shift}".encode())
        for array in (self.inputs, self.targets, self.part.astype(np.int8)):
            digest.update(np.ascontiguousarray(array).tobytes())
        return digest.hexdigest()

    def flow(self, x: Float[np.ndarray, "... component"]) -> NoReturn:
        """Raise TypeError: samples have no vector field."""
        raise _no_runs(f"a vector field at {x.shape}")

    def initial(self, trials: int, *, seed: int) -> NoReturn:
        """Raise TypeError: samples have no states."""
        raise _no_runs(f"{trials} initial states of seed {seed}")

    def states(self, count: int, *, seed: int) -> NoReturn:
        """Raise TypeError: samples have no states."""
        raise _no_runs(f"{count} states of seed {seed}")

    def run(self, times: np.ndarray, start: np.ndarray | None, *, trials: int, seed: int) -> NoReturn:
        """Raise TypeError: samples have no runs."""
        raise _no_runs(f"{trials} runs of {len(times)} samples{'' if start is None else ' from states'}, seed {seed}")

    def trials(self) -> Trials:
        """Raise TypeError: samples have no trials."""
        raise _no_runs("trials")

    def scaling(self) -> tuple[Float[np.ndarray, " component"], Float[np.ndarray, " component"]]:
        """Return mean and standard deviation of the targets learned from; of classes 0 and 1."""
        if self.classes:
            return np.zeros(self.dimension), np.ones(self.dimension)
        y = self.of("train").targets
        return y.mean(axis=0), not_still(y.std(axis=0), np.abs(y).max(axis=0))

    def time_scale(self, scale: Float[np.ndarray, " component"]) -> float:
        """Return infinity: nothing moves."""
        del scale
        return float("inf")

    def data(self) -> dict[str, Any]:
        """Return the samples as nested lists. Raises ValueError for more than a spec can carry."""
        storable(self.inputs.size + self.targets.size, what="set of samples")
        told = self.labels if self.classes else self.targets
        return {
            "samples": {
                "inputs": self.inputs.tolist(),
                "targets": told.tolist(),
                "part": self.part.tolist(),
                "shift": self.shift,
                "features": list(self.features),
            }
        }


def _no_runs(what: str) -> TypeError:
    return TypeError(
        f"a task of samples has no time, and {what} {'need' if what.endswith('s') else 'needs'} it; take its samples "
        "with task.samples()"
    )


def sample_set(task: Described) -> SampleSet:
    """Return the samples of a task. Raises TypeError for a task of another kind.

    >>> import numpy as np, tonicnet as tn
    >>> task = tn.Task.from_samples(np.arange(10.0), np.arange(10.0) ** 2, name="square", validation=0.0)
    >>> sample_set(task).of("train").inputs.shape
    (8, 1)
    """
    if not isinstance(task._source, SampleSet):
        raise TypeError(
            f"task {task.name!r} is a {task.kind}, which has no samples of inputs and targets; make one with "
            "Task.from_samples"
        )
    return task._source
