"""The contract of courses: which targets they suit, their stages, and who judges what was learned."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import ClassVar, Protocol

import numpy as np
from torch import Tensor

from ..bank import Scaling
from ..circuit import Circuit, Learnable, LowRank, circuit_of
from ..network import Network
from ..parameters import SETS, sets_for
from ..solve import Residual
from ._draw import Draw as Draw
from ._first_bias import first_bias
from ._score import Score
from ._settings import Settings
from ._target import Target


@dataclass(frozen=True)
class Problem:
    """What is to be learned: a target, on a circuit, with some settings."""

    target: Target
    circuit: Circuit
    settings: Settings
    start: Mapping[str, np.ndarray] | None = None  # numbers of a row to start from, in the place of first biases
    order: tuple[int, ...] = ()  # first biases that were screened, the most promising first

    @property
    def net(self) -> Network:
        """The network."""
        return self.circuit.net

    @property
    def latent(self) -> bool:
        """Whether the circuit is closed in its output, so that it has a vector field there."""
        return isinstance(self.circuit, LowRank)

    @cached_property
    def running(self) -> Circuit:
        """The circuit in the precision in which closed-loop windows of a field are run."""
        dtype = self.settings.running(self.net)
        return self.circuit if dtype == self.circuit.dtype else circuit_of(self.net, dtype, self.circuit.device)

    def learnable(self, restart: int = 0) -> Learnable:
        """Return the numbers at the start: broad first biases, and neutral ones of any other set that is learned.

        The first attempt starts from the row that is given, if one is. Biases that have a range begin in it.
        """
        names = sets_for(self.settings.learned, self.net)
        drawn = self.order[restart] if restart < len(self.order) else restart
        bias = first_bias(self.net, seed=self.settings.seed, restart=drawn)
        given = self.start if self.start is not None and restart == 0 else {}
        rng = Draw(self.settings.seed, restart)("numbers")
        own = {name: SETS[name].first(self.net, self.settings.rank, rng) for name in names}
        known = own | {"bias": bias}
        numbers = {name: given.get(name, values) for name, values in known.items()}
        if self.settings.bias_range is not None:
            numbers["bias"] = np.clip(numbers["bias"], *self.settings.bias_range)
        return Learnable(self.circuit, numbers, names)


Begun = Callable[[], Tensor]  # the theta at which a stage began


@dataclass(frozen=True)
class Stage:
    """One residual to be lowered in at most ``steps`` steps.

    ``make`` draws it when its turn comes, and may ask at which theta the stage began. The network is run alone after a
    ``scored`` stage; ``polish`` says whether it is one of the closed-loop rounds, of which only so many are run. A
    stage ends early when ``patience`` steps have hardly lowered the loss, or it is down to ``enough``. Learning ends
    with the ``last`` one.
    First-order methods take ``batch`` samples at a time (0: all), Adam at this ``rate``. ``held_out`` is a loss on
    samples that are not learned from; a stage that has one ends when that has not fallen for ``waits`` steps, where it
    was least. Where there is a ``grid``, numbers take its values, by moves that lower the loss. Gauss-Newton begins
    with this ``damping``. The n-th of the closed-loop rounds has n + ``ahead`` times as many rows as the smallest,
    ``growth`` times at most. ``looks``: every so many steps the network is run alone within the stage as well (0:
    never), and the stage ends where it is good. All its judged runs take ``fine`` steps in time where one is usual.
    """

    name: str
    steps: int
    make: Callable[[Draw, Begun], Residual]
    scored: bool = True
    polish: bool = True
    patience: int = 10
    last: bool = False
    batch: int = 0
    held_out: Callable[[Tensor], float] | None = None
    waits: int = 0
    rate: float = 0.02
    grid: tuple[float, ...] = ()
    enough: float = 0.0
    damping: float = 0.1
    growth: int = 1
    ahead: int = 0
    looks: int = 0
    fine: int = 1

    def rounds(self, first: int, last: int) -> float:
        """Return how many times the rows of the ``first`` round all have together, from it to the ``last``."""
        rows = [min(number + self.ahead, self.growth) for number in range(first, last + 1)]
        return sum(rows) / min(first + self.ahead, self.growth)


class Judge(Protocol):
    """Who says how good a theta is, by running the network alone."""

    def score(self, learnable: Learnable, theta: Tensor, fine: int = 1, best: Score | None = None) -> Score:
        """Return the closed-loop score of a theta, run in ``fine`` steps where one is usual.

        What does not rank before the ``best`` so far need not be looked at any longer.
        """


class Course(ABC):
    """A way to learn; ``objective`` is what is fitted: the vector field, or trajectories."""

    objective: ClassVar[str]
    judged: ClassVar[str] = "closed loop"  # how a theta is scored on the way; empty where it is scored at the end alone

    @abstractmethod
    def suits(self, problem: Problem) -> bool:
        """Return whether it can learn this."""

    def check(self, problem: Problem) -> None:
        """Refuse what the course cannot learn, beyond what :meth:`suits` says; raise ValueError."""
        del problem

    def longest(self, problem: Problem) -> float:  # noqa: ARG002  (courses that cut windows look at it)
        """Return the task time of the longest window it cuts from runs or samples of the target; 0 if none."""
        return 0.0

    @abstractmethod
    def stages(self, problem: Problem) -> Iterator[Stage]:
        """Yield stages without end: the last ones are further rounds."""

    def scaling(self, problem: Problem, learnable: Learnable, theta: Tensor) -> Scaling:
        """Return the map between task and network that goes with a theta: that of the target, unless it is learned."""
        del learnable, theta
        return problem.target.scaling

    @abstractmethod
    def judge(self, problem: Problem) -> Judge:
        """Return who judges."""
