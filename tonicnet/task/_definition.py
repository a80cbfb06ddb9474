"""What a behaviour of the shelf is: options that are checked, and trials that are drawn by a rule from a seed."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, ClassVar, NamedTuple, Self

import numpy as np

from .._names import shown, unknown
from .._numbers import positive, real, whole
from ._plant import Plant
from ._trials import Trials

RESPONSES = ("levels", "interval", "frequency", "endpoint")  # what is measured of a run
LEAST = 0.2  # weight of errors at which the output only has to wait
_MOST = 1e6  # of any option, in its own unit
_SPREADS = ("noise", "jitter", "scatter", "push")  # options that may be zero
_SHORTEST, _LONGEST = 2, 100_000  # samples of a trial


def _spread(name: str, number: Any) -> float:
    """Return a finite number, zero or more; raise ValueError for anything else."""
    if not 0 <= real(number) < math.inf:
        raise ValueError(f"{name} must be zero or a positive number, got {shown(number)}")
    return real(number)


class Blank(NamedTuple):
    """Trials in which nothing goes in, nothing comes out, and nothing counts yet."""

    inputs: np.ndarray
    targets: np.ndarray
    mask: np.ndarray

    def done(self) -> Trials:
        """Return them as trials."""
        return Trials(*self)


@dataclass(frozen=True)
class Definition(ABC):
    """The rule by which trials are drawn; its fields are the options, in seconds where they are times."""

    response: ClassVar[str]
    dt: float
    duration: float

    def __post_init__(self) -> None:
        for field in fields(self):
            held = whole if field.type == "int" else _spread if field.name in _SPREADS else positive
            object.__setattr__(self, field.name, held(field.name, getattr(self, field.name)))
            if getattr(self, field.name) > _MOST:
                raise ValueError(f"{field.name} may be {_MOST:g} at most, got {shown(getattr(self, field.name))}")
        steps = self.duration / self.dt
        if not _SHORTEST <= steps <= _LONGEST:
            raise ValueError(
                f"a trial has {_SHORTEST} to {_LONGEST} steps, got duration {self.duration:g} s with dt {self.dt:g} s"
            )
        self.check()

    @classmethod
    def of(cls, name: str, usual: Mapping[str, Any], options: Mapping[str, Any]) -> Self:
        """Return the rule with these options, the ``usual`` ones where none are given.

        Raises ValueError for an unknown option (the nearest is suggested), and for one of the wrong kind or size.
        """
        known = [field.name for field in fields(cls)]
        for key in options:
            if key not in known:
                raise ValueError(f"behaviour {name!r}: {unknown('option', key, known)}")
        try:
            return cls(**{**usual, **options})
        except ValueError as error:
            raise ValueError(f"behaviour {name!r}: {error}") from error

    @property
    @abstractmethod
    def components(self) -> tuple[str, ...]:
        """The names of the components, those of the output first."""

    @abstractmethod
    def check(self) -> None:
        """Raise ValueError for options that do not go together."""

    @abstractmethod
    def truth(self) -> dict[str, Any]:
        """Return the facts that follow from the options."""

    @abstractmethod
    def draw(self, rng: np.random.Generator, count: int, *, held_out: bool) -> Trials:
        """Return ``count`` trials; ``held_out`` ones may be of conditions that no other trial has."""

    def plant(self, rng: np.random.Generator, count: int, *, held_out: bool) -> Plant | None:  # noqa: ARG002
        """Return what the output moves, for the trials that :meth:`draw` returns for the same ``rng``; else None."""
        return None

    @property
    def steps(self) -> int:
        """Samples of a trial."""
        return self.samples(self.duration) + 1

    def samples(self, seconds: float) -> int:
        """Return how many steps so many seconds are, at least one."""
        return max(1, round(seconds / self.dt))

    def blank(self, count: int) -> Blank:
        """Return trials in which nothing goes in, nothing comes out and nothing counts."""
        return Blank(*np.zeros((3, count, self.steps, len(self.components))))

    def fits(self, seconds: float, what: str) -> None:
        """Raise ValueError where the parts of a trial last longer than it."""
        if seconds > self.duration * (1 + 1e-9):
            raise ValueError(f"{what} take {seconds:g} s and a trial lasts {self.duration:g} s; raise duration")

    def rises(self, low: str, high: str) -> None:
        """Raise ValueError unless one option is below another."""
        below, above = getattr(self, low), getattr(self, high)
        if not below < above:
            raise ValueError(f"{low} must be below {high}, got {shown(below)} and {shown(above)}")


@dataclass(frozen=True)
class Delayed(Definition):
    """A pulse at ``onset`` s, a second one after a delay, and an answer of two kinds ``free`` s after its start.

    Pulses have height ``strength`` and last ``pulse`` s; the delay is drawn from ``delay_low`` to ``delay_high`` s.
    """

    response: ClassVar[str] = "levels"
    parts: ClassVar[str]  # of a trial, in words
    onset: float
    pulse: float
    strength: float
    delay_low: float
    delay_high: float
    free: float

    def check(self) -> None:
        """Raise ValueError for pulses that do not fit into a trial."""
        self.rises("delay_low", "delay_high")
        self.fits(self.onset + self.pulse + self.delay_high + self.free + self.dt, self.parts)

    def truth(self) -> dict[str, Any]:
        """Return how often guessing is right."""
        return {"chance": 0.5}
