"""Learning the tonic inputs of a frozen network, one vector a task."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import xarray as xr

from ..network import Network, check_bank
from ..simulate import Circuit
from ..task import Task
from ..task import task as named_task
from ._bank import bank, grown
from ._checkpoint import Checkpoint
from ._filter import check_field
from ._interrupt import Interrupts
from ._learner import Learned, Learner
from ._progress import Report, reporter
from ._setup import Setup
from ._spike_noise import check_spikes
from ._target import Target

Tasks = str | Task | Sequence[str | Task]


def fit(
    net: Network,
    tasks: Tasks,
    *,
    method: str = "auto",
    noise: float = 0.1,
    neurons_per_unit: int | None = None,
    steps: int = 20,
    rounds: int = 3,
    restarts: int = 1,
    solver: str = "auto",
    precision: str = "auto",
    memory: float = 4.0,
    device: str = "cpu",
    checkpoint: str | Path | None = None,
    into: xr.Dataset | None = None,
    progress: bool | Report = True,
    seed: int = 0,
) -> xr.Dataset:
    """Learn one vector of tonic inputs for each task; the synapses stay as they are.

    "flow" makes the vector field of a low-rank network that of the task, min_b mean_s |D phi(E z_s + b) -
    z_s - tau f(z_s)|^2, then polishes it on closed-loop windows; "trajectory" follows reference runs,
    recordings or trials, driven first, then alone for longer and longer. Both by damped Gauss-Newton on exact
    Jacobians. "adam" and "amsgrad" take the same residuals first-order, as baselines. "auto" is "flow" where the
    network is low-rank and the task has a vector field, else "trajectory"; ``method(task)`` says what was picked.

    Arguments
    ---------
    net : the frozen network; its hash is checked before and after. One with rise or delay is low-rank and learns
        fields, corrected so that through its synapses they have the speed of the task.
    tasks : shelf names, :class:`Task` objects, or a list of both.
    noise : width of the tube round the attractor in which the field is learned too, in standard deviations
        of the task; larger is more robust, smaller more exact.
    neurons_per_unit : learn for a spiking network of so many LIF neurons a unit: what their spikes will add to the
        output by chance is learned down beside the error. The two are weighed as what one lag of the synapses
        does to the mean square of the output, sum_i |D_i|^2 S_i / (m lag) for the spikes, S_i as in
        :func:`tonicnet.spiking.predict`. The rate network becomes a little less exact, and spikes much less noisy.
        Not given: for rates.
    steps : Gauss-Newton steps of the first stage at most (others are shares of it).
    rounds : further closed-loop rounds at most; learning stops once the network alone is as good as its floor.
    restarts : further first biases at most, tried while starts are lost in closed loop.
    solver : of each step: "primal" (units x units), "dual" (rows x rows), "matrix-free" (conjugate gradients), or
        "auto", the cheapest that fits into ``memory``.
    precision : "float64", "float32", "bfloat16" (curvature only; float32 else), or "auto": float64 up to 256
        units, above them float32, with bfloat16 curvature where the processor multiplies it faster, for trajectories
        (fields are fitted more exactly than it can tell; ask for it where units are very many).
    memory : GiB that arrays of learning may take; larger sums are done in tiles.
    device : "cpu", or "cuda" (any torch CUDA device).
    checkpoint : a file in which learning is kept as it goes. The same call on the same machine goes on from
        there, also after kill -9, to the same biases bit for bit; that of another run is refused.
    into : a bank of this network to grow; its rows are left as they are.
    progress : True for a bar, False for silence, or a function called with a dict after each step: task, stage,
        step, loss, score, left (s), restart, and the bias as it is then.
    seed : of the first biases and of all sampling.

    Returns the bank: ``bias(task, unit)``, the scalings, scores in closed loop and an outcome sentence per
    task. Ctrl-C returns what is best so far. Raises ValueError for unknown tasks or methods, a task of more
    components than the network has, synapses with rise or delay where there is no field to correct,
    ``neurons_per_unit`` where the noise of spikes is not known, fields that are not finite (naming the state), a
    checkpoint of another run; MemoryError, before the first step, where ``memory`` cannot suffice.

    Source: bias learning, Williams et al. (2025), ICLR, arXiv 2407.00957; Levenberg-Marquardt, Marquardt (1963),
    doi:10.1137/0111030.

    >>> from tonicnet.network import Network
    >>> bank = fit(Network(units=60, seed=0), "hopf", progress=False, rounds=1)
    >>> bank["bias"].sizes["unit"]
    60
    """
    setup = Setup(method, noise, steps, rounds, restarts, solver, precision, memory, device, seed, neurons_per_unit)
    check_spikes(net, setup.neurons_per_unit)
    targets = [Target(t, net) for t in _tasks(tasks)]
    for target in targets:
        check_field(net, target.task, setup.method)
    report = reporter(progress)
    if into is not None:
        _check_room(net, into, targets)
    before = net.verify()
    learned = _learn_all(net, targets, setup, report, checkpoint)
    if net.verify() != before:
        raise RuntimeError("the frozen synapses changed during learning")
    made = bank(net, learned, setup)
    return made if into is None else grown(into, made)


def _learn_all(
    net: Network, targets: list[Target], setup: Setup, report: Report, path: str | Path | None
) -> list[Learned]:
    circuit = Circuit(net, setup.dtype(net), setup.device)  # the synapses are loaded once, for all tasks
    file = Checkpoint.open(path, net, targets, setup)
    learned: list[Learned] = []
    with Interrupts() as interrupts:
        for number, target in enumerate(targets):
            learner = Learner(
                target,
                circuit,
                setup,
                report=report,
                keep=file.keeper(number),
                state=file.state(number, circuit.device),
            )
            try:
                learner.learn()
            except KeyboardInterrupt:
                file.write(number, learner.state)
                interrupts.seen = True
            learned.append(learner.result())
            if interrupts.seen:
                break
    return learned


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


def _check_room(net: Network, bank: xr.Dataset, targets: list[Target]) -> None:
    check_bank(net, bank)
    held = set(map(str, bank["task"].values))
    for target in targets:
        if target.task.name in held:
            raise ValueError(
                f"the bank holds task {target.task.name!r} already; leave it out of tasks, drop it from the bank "
                "(bank.drop_sel), or learn it under another name"
            )
