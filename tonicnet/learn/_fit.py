"""Learning the tonic inputs of a frozen network, one vector a task."""

from __future__ import annotations

import math
from collections.abc import Sequence

import xarray as xr

from .._names import choose
from ..network import Network
from ..task import Task
from ..task import task as named_task
from ._bank import bank
from ._learner import METHODS, Learned, Learner
from ._progress import Report, reporter
from ._target import Target

Tasks = str | Task | Sequence[str | Task]


def fit(
    net: Network,
    tasks: Tasks,
    *,
    method: str = "auto",
    noise: float = 0.1,
    steps: int = 40,
    rounds: int = 3,
    progress: bool | Report = True,
    seed: int = 0,
) -> xr.Dataset:
    """Learn one vector of tonic inputs for each task; the synapses stay as they are.

    "flow" makes the vector field of a low-rank network that of the task, min_b mean_s |D phi(E z_s + b) -
    z_s - tau f(z_s)|^2, then polishes it on closed-loop windows; "trajectory" follows reference runs or
    recordings, driven first, then alone for longer and longer. Both by damped Gauss-Newton on exact
    Jacobians. "adam" takes the same residuals first-order, as a baseline. "auto" is "flow" where the network
    is low-rank and the task has a vector field, else "trajectory".

    Arguments
    ---------
    net : the frozen network; its hash is checked before and after.
    tasks : shelf names, :class:`Task` objects, or a list of both.
    noise : width of the tube round the attractor in which the field is learned too, in standard deviations
        of the task; larger is more robust, smaller more exact.
    steps : Gauss-Newton steps of the main stage at most (others are shares of it).
    rounds : further closed-loop rounds at most; learning stops once the network alone is as good as its floor.
    progress : True for a bar, False for silence, or a function called with a dict after each step.
    seed : of the first biases and of all sampling.

    Returns the bank: ``bias(task, unit)``, the scalings, scores in closed loop and an outcome sentence per
    task. Ctrl-C returns what is best so far. Raises ValueError for unknown tasks or methods, a task of more
    components than the network has, and fields that are not finite (naming the state).

    Source: bias learning, Williams et al. (2025), ICLR, arXiv 2407.00957; Levenberg-Marquardt, Marquardt (1963),
    doi:10.1137/0111030.

    >>> from tonicnet.network import Network
    >>> bank = fit(Network(units=60, seed=0), "hopf", progress=False, rounds=1)
    >>> bank["bias"].sizes["unit"]
    60
    """
    choose("method", method, METHODS)
    _check(noise, steps, rounds, seed)
    targets = [Target(t, net) for t in _tasks(tasks)]
    report = reporter(progress)
    before = net.verify()
    learned: list[Learned] = []
    for target in targets:
        learner = Learner(target, method, noise=noise, steps=steps, rounds=rounds, report=report, seed=seed)
        learned.append(learner.learn())
        if learner.interrupted:
            break
    if net.verify() != before:
        raise RuntimeError("the frozen synapses changed during learning")
    return bank(net, learned, method=method, noise=noise, seed=seed)


def _tasks(given: Tasks) -> list[Task]:
    items = [given] if isinstance(given, str | Task) else list(given)
    if not items:
        raise ValueError("no task given; name at least one (tonicnet.tasks() lists the shelf)")
    made = [t if isinstance(t, Task) else named_task(str(t)) for t in items]
    names = [t.name for t in made]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"task {name!r} is given twice; a bank holds each name once")
    return made


def _check(noise: float, steps: int, rounds: int, seed: int) -> None:
    if not (math.isfinite(noise) and noise >= 0):
        raise ValueError(f"noise is a width in standard deviations, zero or positive, got {noise}")
    for name, number, least in (("steps", steps, 1), ("rounds", rounds, 0), ("seed", seed, 0)):
        if isinstance(number, bool) or not isinstance(number, int) or number < least:
            raise ValueError(f"{name} must be a whole number of at least {least}, got {number!r}")
