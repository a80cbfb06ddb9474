"""A task of samples as a feed-forward network sees it: inputs and targets scaled, outputs beyond its own idle."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from jaxtyping import Float

from ..bank import Scaling
from ..circuit import Circuit, FeedForward
from ..network import Network
from ..task import STILL, SampleSet, Task, sample_set
from ._target import Target


@dataclass(frozen=True)
class SampleTarget(Target):
    """Samples for a feed-forward network that has their shape, and an output for each class or target at least."""

    def __post_init__(self) -> None:
        self._check_kind()
        shape = sample_set(self.task).shape
        if shape not in (self.net.inputs, (self.net.encoder.shape[1],)):
            raise ValueError(
                f"task {self.task.name!r} has samples of shape {shape}, the network takes {self.net.inputs}; draw one "
                f"with inputs={shape}, or make the task with samples of another size"
            )
        if self.task.dimension > self.net.components:
            what = "classes" if self.held.classes else "targets"
            raise ValueError(
                f"task {self.task.name!r} has {self.task.dimension} {what}, the network only {self.net.components} "
                f"outputs; draw one with outputs={self.task.dimension} or more"
            )

    def _check_kind(self) -> None:
        if not self.net.feed_forward:
            raise ValueError(
                f"task {self.task.name!r} is a {self.task.kind} of samples without time, and this network's synapses "
                f'are {self.net.spec.synapses}; draw one with synapses="feed-forward", inputs= and outputs='
            )
        if self.task.kind not in STILL:
            raise ValueError(
                f"task {self.task.name!r} is a {self.task.kind}, which moves in time, and this network is "
                "feed-forward; give a task of Task.from_samples, or draw a network with other synapses"
            )

    @property
    def held(self) -> SampleSet:
        """The samples."""
        return sample_set(self.task)

    @property
    def speed(self) -> float:
        """1: there is no time."""
        return 1.0

    @cached_property
    def scaling(self) -> Scaling:
        """The map between the task and the network, with the idle outputs of the network."""
        center, scale = self.held.scaled_by
        return self._scaled_by(
            np.zeros((1, self.net.components)),
            components=self.task.components,
            input_center=center,
            input_scale=scale,
            classes=self.task.dimension if self.held.classes else 0,
        )

    def inputs(self, part: str) -> Float[np.ndarray, "sample input"]:
        """Return the inputs of a part as the network gets them."""
        x = self.held.of(part).inputs
        return self.scaling.inputs_to_network(x.reshape(len(x), -1))

    def targets(self, part: str) -> Float[np.ndarray, "sample component"]:
        """Return the targets of a part in network coordinates; of classes their indicators, with mean zero."""
        y = self.held.of(part).targets
        z = y - 1 / y.shape[1] if self.held.classes else (y - self.task.center) / self.task.scale
        return np.concatenate([z, np.zeros((len(z), self.net.components - z.shape[1]))], axis=1)


def target_of(task: Task, net: Network, coordinates: str = "auto") -> Target:
    """Return a task as a network sees it, in these coordinates. Raises ValueError for one that it cannot have."""
    still = net.feed_forward or task.kind in STILL
    return (SampleTarget if still else Target)(task, net, coordinates)


def circuit_for(task: Task, circuit: Circuit) -> Circuit:
    """Return the circuit with the outputs that a task uses."""
    return circuit.using(task.dimension) if isinstance(circuit, FeedForward) else circuit
