"""What online learning was asked for, checked at the door."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from .._names import choose, shown
from .._numbers import real, whole
from .._random import checked_seed
from ..network import LIF, Network
from ..task import Task, plant_of
from ._draw import Draw
from ._lesson import Lesson, lesson_of
from ._local_rule import EProp, LocalRule, NodePerturbation
from ._online_learner import OnlineLearner
from ._online_units import OnlineUnits, PerUnit, RateUnits, SpikingUnits
from ._target import Target

RULES = ("e-prop", "node-perturbation")
BROADCASTS = ("decoder", "random")
UNITS = ("auto", "spikes", "rates")
_MOST = 2.0  # rate from which normalised least mean squares diverges


@dataclass(frozen=True)
class OnlineSettings:
    """The settings of :func:`tonicnet.learn_online`."""

    rule: str
    duration: float
    rate: float
    units: str
    neurons_per_unit: int
    broadcast: str
    noise: float
    seed: int

    def __post_init__(self) -> None:
        choose("rule", self.rule, RULES)
        choose("units", self.units, UNITS)
        choose("broadcast", self.broadcast, BROADCASTS)
        for name in ("duration", "rate"):
            if not 0 < real(getattr(self, name)) < math.inf:
                raise ValueError(f"{name} must be a positive number, got {shown(getattr(self, name))}")
        if real(self.rate) > _MOST:
            raise ValueError(
                f"rate is the share of an error that a change takes away, got {shown(self.rate)}; above {_MOST:g} "
                "every change makes the error larger, take 1 or less"
            )
        if not 0 <= real(self.noise) < math.inf:
            raise ValueError(f"noise must be zero or a positive number, got {shown(self.noise)}")
        for name in ("duration", "rate", "noise"):
            object.__setattr__(self, name, real(getattr(self, name)))
        whole("neurons_per_unit", self.neurons_per_unit)
        checked_seed(self.seed)

    @property
    def draw(self) -> Draw:
        """The streams of random numbers."""
        return Draw(self.seed, 0)

    def spikes(self, net: Network) -> bool:
        """Return whether neurons are run that spike."""
        return self.units == "spikes" or (self.units == "auto" and isinstance(net.transfer, LIF))

    def learner(self, target: Target, bias: PerUnit) -> OnlineLearner:
        """Return who learns, from a bias on."""
        lesson = lesson_of(target, self.noise, self.draw("episodes"))
        units = self._running(target.net, bias, lesson)
        return OnlineLearner(units, lesson, self._rule(units), bias, self.rate, self.draw("closed"))

    def _running(self, net: Network, bias: PerUnit, lesson: Lesson) -> OnlineUnits:
        if self.spikes(net):
            _check_onset(net)
            return SpikingUnits(net, self.neurons_per_unit, bias, lesson.shown, self.seed)
        return RateUnits(net)

    def _rule(self, units: OnlineUnits) -> LocalRule:
        decoder = units.net.decoder.astype(np.float64)
        if self.rule == "node-perturbation":
            return NodePerturbation(units.net.units, units.kept, self.draw("perturbations"))
        if self.broadcast == "random":
            decoder = decoder.std() * self.draw("broadcast").standard_normal(decoder.shape)
        return EProp(decoder, units.kept)


def check_readable(net: Network) -> None:
    """Refuse networks in which the error of the output says nothing local, or that the loop does not step."""
    spec = net.spec
    lacks = (
        f'synapses are {spec.synapses}, with an error that no decoder broadcasts; draw it with synapses="low-rank"'
        if not net.low_rank
        else f"synapses have a rise of {spec.rise} s and a delay of {spec.delay} s; draw it without"
        if not net.filter.first_order
        else "units adapt, and their currents would need traces of their own; draw it with LIF(adaptation=0)"
        if net.transfer.adapts
        else "time is discrete; draw it with dt=None"
    )
    if not net.low_rank or not net.filter.first_order or net.transfer.adapts or spec.dt is not None:
        raise ValueError(f"a local rule reads low-rank synapses that only decay, and this network's {lacks}")


def _check_onset(net: Network) -> None:
    if isinstance(net.transfer, LIF) and net.transfer.sharpness:
        raise ValueError(
            f"spikes of these neurons begin by a current (sharpness {net.transfer.sharpness}), for which there is no "
            'pseudo-derivative here; draw the network with LIF(sharpness=0), or learn with units="rates"'
        )


def check_shown(task: Task) -> None:
    """Refuse tasks of which no teacher can show, moment by moment, what the units should send."""
    if task.kind == "behaviour" and plant_of(task, 1, seed=0, held_out=False) is not None:
        raise ValueError(f"task {task.name!r} moves a body, which no teacher shows moment by moment; use tonicnet.fit")
    if not (task.has_flow or task.kind == "behaviour"):
        raise ValueError(
            f"a local rule needs a vector field, or the trials of a behaviour, and task {task.name!r} is of kind "
            f"{task.kind!r}; use tonicnet.fit"
        )
