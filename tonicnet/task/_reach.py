"""Centre-out reaches of an arm that the network moves: it sees how far the hand is from the goal, and gives torques."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any, ClassVar, final

import numpy as np
from jaxtyping import Float

from ._arm import Arm, Joints
from ._definition import Definition
from ._plant import Plant
from ._trials import Trials

_REST = np.radians([45.0, 90.0])  # angles at which the hand is at the centre
_PARTS = 5  # steps of the arm in one of the network
_GAP = 0.5  # of the angle between two directions: held-out ones keep out of the rest, next to directions of training
_SCALE = 10.0  # 1/s: velocities of joints come in by this unit, so that they are as large as the error


@final
@dataclass(frozen=True)
class Reach(Definition):
    """The hand is to go from the centre to a goal ``reach`` m away that is shown from ``onset`` s on, and stay there.

    Components: torques of shoulder and elbow (N m) come out; what goes in is the vector from hand to goal in units of
    ``reach`` (0 before the goal is shown) and the velocities of both joints (rad/s, over 10). The torque to be learned
    follows, with the time constant ``lag`` s of muscles, that of a spring and a damper at the hand,

        lag dT/dt = M0 (J0^-1 (w^2 (goal - hand)) - d q') - T,

    M0 and J0 at the centre, w = ``stiffness`` 1/s, d = ``damping`` 1/s: a policy without a clock. Trials are learned on
    ``directions`` goals evenly round the circle, from starts scattered by ``scatter`` and under smooth torques that
    push the arm, of ``push`` N m, so that the states are known in which an arm moved by a network may be. Held-out
    goals lie between those of training, and the arm starts at rest at the centre.

    Source: Georgopoulos, Kalaska, Caminiti and Massey 1982, doi:10.1523/JNEUROSCI.02-11-01527.1982; the arm, Li and
    Todorov 2004, doi:10.5220/0001143902220229; the policy, Hogan 1985, doi:10.1115/1.3140702.
    """

    response: ClassVar[str] = "endpoint"
    reach: float
    directions: int
    onset: float
    stiffness: float
    damping: float
    lag: float
    scatter: float
    push: float

    @property
    def components(self) -> tuple[str, ...]:
        """Both torques, the way to the goal, and both velocities."""
        return "shoulder", "elbow", "to goal x", "to goal y", "shoulder velocity", "elbow velocity"

    def check(self) -> None:
        """Raise ValueError for goals out of reach and policies that do not come to rest."""
        if self.reach > 0.2:
            raise ValueError(f"reach may be 0.2 m at most from where the hand starts, got {self.reach:g}")
        if self.scatter > 1 or self.push > 10:
            raise ValueError(
                f"scatter may be 1 rad/s and push 10 N m at most, got {self.scatter:g} and {self.push:g}: an arm "
                "that is flung about learns no reach"
            )
        if self.lag < self.dt:
            raise ValueError(f"lag must be at least dt, got {self.lag:g} and {self.dt:g} s")
        if self.stiffness**2 * self.lag > self.damping / 2:
            raise ValueError(
                f"damping {self.damping:g} leaves swings at stiffness {self.stiffness:g} and lag {self.lag:g}: it must "
                f"be at least {2 * self.stiffness**2 * self.lag:g}"
            )
        self.fits(self.onset + 4 * self.damping / self.stiffness**2, "the wait and a reach")

    def truth(self) -> dict[str, Any]:
        """Return the length of a reach."""
        return {"reach": self.reach}

    def draw(self, rng: np.random.Generator, count: int, *, held_out: bool) -> Trials:
        """Return runs of the arm under the policy."""
        arm = self._plant(rng, count, held_out)
        push = np.zeros((self.steps, count, 2)) if held_out else self._pushes(rng, count)
        trials = self.blank(count)
        torque = np.zeros((count, 2))
        trials.mask[:, :, :2] = 1
        for k in range(self.steps):
            seen = arm.seen(k * self.dt)
            trials.inputs[:, k], trials.targets[:, k, :2] = seen, torque
            arm.move(torque + push[k])
            torque = torque + self.dt / self.lag * (self._wanted(seen) - torque)
        return trials.done()

    def plant(self, rng: np.random.Generator, count: int, *, held_out: bool) -> Plant:
        """Return arms at the starts of these trials."""
        return self._plant(rng, count, held_out)

    def _plant(self, rng: np.random.Generator, count: int, held_out: bool) -> ReachingArm:
        between = rng.uniform(_GAP / 2, 1 - _GAP / 2, count) if held_out else np.zeros(count)
        angle = 2 * np.pi * (rng.integers(self.directions, size=count) + between) / self.directions
        away = np.stack([np.cos(angle), np.sin(angle)], axis=-1)
        spread = np.zeros((2, count, 2)) if held_out else self.scatter * rng.standard_normal((2, count, 2))
        return ReachingArm(self, away, _REST + spread[0] * self.reach / 0.3, spread[1])

    def _pushes(self, rng: np.random.Generator, count: int) -> Float[np.ndarray, "time trial joint"]:
        noise, keep = rng.standard_normal((self.steps, count, 2)), float(np.exp(-self.dt / (2 * self.lag)))
        value = noise[0]
        for k in range(1, self.steps):
            noise[k] = value = keep * value + np.sqrt(1 - keep**2) * noise[k]
        fading = np.linspace(1, -0.5, self.steps).clip(0)  # the last third is quiet: there the hand has to stand still
        return self.push * fading[:, None, None] * noise

    def _wanted(self, seen: Float[np.ndarray, "trial component"]) -> Joints:
        """Return the torques of the spring and the damper."""
        error, velocity = seen[:, 2:4], seen[:, 4:6]
        spring, damper = self._policy
        return error @ spring.T - velocity @ damper.T

    @cached_property
    def _policy(self) -> tuple[np.ndarray, np.ndarray]:
        arm = Arm()
        inertia = arm.inertia(_REST)
        spring = self.stiffness**2 * self.reach * inertia @ np.linalg.inv(arm.jacobian(_REST))
        return spring, self.damping * _SCALE * inertia


@final
class ReachingArm(Plant):
    """Arms on their way, one a trial."""

    def __init__(self, rule: Reach, away: Float[np.ndarray, "trial axis"], q: Joints, velocity: Joints) -> None:
        self._rule, self._arm, self._q, self._velocity = rule, Arm(), q, velocity
        self._centre = self._arm.hand(_REST)
        self._goal = self._centre + rule.reach * away
        self._path = [self._arm.hand(q)]

    def __call__(
        self, time: float, output: Float[np.ndarray, "trial component"]
    ) -> Float[np.ndarray, "trial component"]:
        """Return what is seen of the arm at ``time``, and move it on by a step under the torques in ``output``."""
        seen = self.seen(time)
        self.move(output[:, :2])
        return seen

    @property
    def path(self) -> Float[np.ndarray, "trial time axis"]:
        """Where the hand was (m)."""
        return np.stack(self._path, axis=1)

    @property
    def goal(self) -> Float[np.ndarray, "trial axis"]:
        """Where it should be at the end (m)."""
        return self._goal

    def seen(self, time: float) -> Float[np.ndarray, "trial component"]:
        """Return the inputs: the way to the goal, once it is shown, else to the centre; and the velocities."""
        shown = time > self._rule.onset - self._rule.dt / 2
        way = ((self._goal if shown else self._centre) - self._arm.hand(self._q)) / self._rule.reach
        return np.concatenate([np.zeros_like(way), way, self._velocity / _SCALE], axis=1)

    def move(self, torque: Joints) -> None:
        """Move on by one step."""
        self._q, self._velocity = self._arm.moved(self._q, self._velocity, torque, self._rule.dt, _PARTS)
        self._path.append(self._arm.hand(self._q))
