"""Learning the tonic inputs of a frozen network, one vector a task."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Sequence
from contextlib import closing
from pathlib import Path

import numpy as np
import xarray as xr

from .._interrupt import Interrupts
from .._names import name_of, shown
from ..bank import check_bank, grown, whole_bank
from ..bank import entry as row_entry
from ..circuit import circuit_of
from ..network import Network, check_network
from ..parameters import sets_for
from ..task import Task
from ..task import task as named_task
from ._checkpoint import Checkpoint
from ._job import Job
from ._learn import summed
from ._progress import Progress, Report, progress_of
from ._settings import Settings
from ._spike_noise import check_spikes
from ._threads import held_threads

Tasks = str | Task | Sequence[str | Task]

_EARLIER = {"flow": "field", "trajectory": "trajectory"}  # names of objectives when they were methods


def fit(
    net: Network,
    tasks: Tasks,
    *,
    learn: str | Sequence[str] = "bias",
    objective: str = "auto",
    method: str = "auto",
    noise: float = 0.1,
    rank: int = 1,
    nonnegative: bool = False,
    decoder_norm: float | None = None,
    bias_range: tuple[float, float] | None = None,
    coordinates: str = "auto",
    neurons_per_unit: int | None = None,
    steps: int = 20,
    rounds: int = 4,
    restarts: int = 1,
    confirm: int = 0,
    screen: int = 1,
    solver: str = "auto",
    precision: str = "auto",
    memory: float = 4.0,
    device: str = "cpu",
    threads: int | None = None,
    checkpoint: str | Path | None = None,
    into: xr.Dataset | None = None,
    start: xr.Dataset | None = None,
    progress: bool | Report = True,
    seed: int = 0,
) -> xr.Dataset:
    """Learn one vector of tonic inputs for each task, or other numbers; all else stays as it is.

    Arguments
    ---------
    net : the frozen network; its hash is checked before and after. One with rise or delay is low-rank and learns
        fields, corrected so that through its synapses they have the speed of the task.
    tasks : shelf names, :class:`Task` objects, or a list of both.
    learn : which numbers are learned: "bias", the tonic inputs b of r = phi(h + b); or, to compare with them, "gain",
        r = phi(g (h + b)), "scale", r = s phi(h + b), "mask", the same with s zero or one, "decoder", x = D r,
        "encoder", h = W r + E u, "low-rank-update", W + L R, "recurrent", all of W, or a "permutation" of the tonic
        inputs, a "decoder-permutation" or a "row-permutation" of W, each with the first tonic inputs frozen; or
        several of the first together, ("bias", "gain").
    rank : of a low-rank update.
    nonnegative : hold learned gains and scales at zero at least: a negative one is a flipped synapse.
    decoder_norm : bound on the norm of the decoder that a learned decoder or learned scales make, in units of the drawn
        one. It is met by the least ridge that does. Where a field is linear in what is learned, it is solved in one
        step, with 32 as the bound if none is given; steps of other stages are bounded if one is.
    bias_range : least and greatest tonic input, in the transfer function's input unit; steps stay in this range. A
        spiking neuron carries b as the threshold v_threshold - V b, V from reset to threshold:
        :func:`tonicnet.spiking.thresholds` counts those outside a range of potentials.
    coordinates : "auto" learns a chaotic flow whose speed is very uneven along its attractor, or whose components are
        nearly a function of each other, in coordinates that suit it (the rule is in the documentation,
        "Choose a network"), at a speed from the spectrum of its field there; the bank carries the map, and runs, spikes
        and measures undo it. All others keep their own components, each at its scale, as "plain" does for every task.
    objective : what is fitted. "field" makes the vector field of a low-rank network that of the task, min_b mean_s
        |D phi(E z_s + b) - z_s - tau f(z_s)|^2, then polishes it on closed-loop windows; "trajectory" follows
        reference runs, recordings or trials, driven first, then alone for longer and longer. "auto" is "field" where
        the network is low-rank and the task has a vector field, else "trajectory".
    method : how: "gauss-newton" (also "auto"), damped, on exact Jacobians; "adam" and "amsgrad" take the same
        residuals first-order, as baselines. Masks and permutations are found by "search" (also "auto"), masks by
        "annealed" sigmoids or "straight-through" gradients too, permutations by "ranks" of numbers that Adam moves;
        "grid" moves the tonic inputs of one hidden layer on a grid before Gauss-Newton. ``method(task)`` of the bank
        says what was taken.
    noise : width of the tube round the attractor in which the field is learned too, in standard deviations
        of the task; larger is more robust, smaller more exact. To a low-rank network that learns a behaviour, its
        target is fed back with as much noise.
    neurons_per_unit : learn for a spiking network of so many LIF neurons a unit: what their spikes will add to the
        output by chance is learned down beside the error. The two are weighed as what one lag of the synapses
        does to the mean square of the output, sum_i |D_i|^2 S_i / (m lag) for the spikes, S_i as in
        :func:`tonicnet.spiking.predict`. The rate network becomes a little less exact, and spikes much less noisy.
        Not given: for rates.
    steps : Gauss-Newton steps, of which each kind of stage takes a share at most: three fifths for a field on few
        states and again on all, twice that for chaos. Trajectories take three quarters for each length of closed
        loops but the longest, which takes half. Each stage of a behaviour takes half.
    rounds : closed-loop rounds at most, which polish a field (or a smoothed recording's); learning stops once the
        network alone is as good as its floor (chaos: D_stsp at most 1.5 floors and 0.01 nat), or after two if chaos is
        still far from it (D_stsp above a nat and three floors). After three rounds or more the network is also run with
        the mean of the numbers at their ends, the later ones weighing more; it is kept if it is better. 0: no polish,
        the field alone. Where trajectories are learned there is one round at least, the learning itself.
    restarts : further first biases at most, tried while starts are lost in closed loop.
    confirm : chaos that is as good as its floor, or up to twice as far from it, is also run so many times as long, from
        other starts (4: 10,000 tau of each). The worse of both looks counts. Learning stops where that is good, there
        within 2 floors and 0.04 nat, with no start lost. Slow leaks and drifts show in long runs only. 0: no such runs.
    screen : draw so many first biases, take three Gauss-Newton steps from each, and go on from the one of least loss;
        restarts take the next ones. 1: the first draw, as it comes. (:func:`screen` does the same for networks.)
    solver : of each step: "primal" (units x units), "dual" (rows x rows), "matrix-free" (conjugate gradients), or
        "auto", the cheapest that fits into ``memory``.
    precision : "float64", "mixed" (closed-loop windows of fields are run in float32, all sums are float64), "float32",
        "bfloat16" (curvature only; float32 else), or "auto": float64 up to 256
        units, above them float32, with bfloat16 curvature where the processor multiplies it faster, for trajectories
        (fields are fitted more exactly than it can tell; ask for it where units are very many).
    memory : GiB that arrays of learning may take; larger sums are done in tiles.
    device : "cpu", or "cuda" (any torch CUDA device).
    threads : of torch, for this fit alone; as many as torch has if not given. In networks of hundreds of units their
        number decides on last digits of sums, and so on the biases a little; with the same number and machine they
        are the same, bit for bit. The bank says how many there were (``threads(task)``).
    checkpoint : a file in which learning is kept as it goes. The same call on the same machine goes on from
        there, also after kill -9, to the same biases bit for bit; that of another run is refused.
    into : a bank of this network to grow; its rows are left as they are.
    start : a bank of this network whose rows are where learning starts: for each task the row of its name, or the only
        row there is. Restarts draw first biases as without it.
    progress : True for what a task will take (steps, time and memory at most) before its first step, a bar where
        somebody watches (a terminal or a notebook, not a pipe) and a printed line for each task that is learned; False
        for silence; or a function called with a dict after each step: task, stage, step, loss, score, left (s),
        restart, judged (how the score is taken), and the learned numbers (``bias``) as they are then.
    seed : of the first biases and of all sampling.

    Returns the bank: ``bias(task, unit)``, the scalings, scores in closed loop and an outcome sentence per task. All
    tasks are checked before the first step; one that fails later is left out, with a warning, and the others are
    kept. Ctrl-C returns what is best so far. Raises ValueError for unknown tasks, sets, objectives or methods, a task
    of more components than the network has, synapses with rise or delay where there is no field to correct,
    ``neurons_per_unit`` where the noise of spikes is not known, fields that are not finite (naming the state), a
    checkpoint of another run or a changed one; RuntimeError for a checkpoint that another process uses; OSError where
    one cannot be written (what it held is then as it was); MemoryError, before the first step, where ``memory`` cannot
    suffice.

    Source: bias learning, Williams et al. (2025), ICLR, arXiv 2407.00957; Levenberg-Marquardt, Marquardt (1963),
    doi:10.1137/0111030.

    >>> from tonicnet.network import Network
    >>> bank = fit(Network(units=60, seed=0), "hopf", progress=False, rounds=1)
    >>> bank["bias"].sizes["unit"]
    60
    """
    check_network(net)
    settings = Settings(
        summed(learn), *_objective(objective, method), noise, steps, rounds, restarts, solver, precision, memory,
        device, seed, neurons_per_unit, threads, screen, rank,
        nonnegative, decoder_norm, bias_range, coordinates, confirm,
    )  # fmt: skip
    check_spikes(net, settings.neurons_per_unit, settings.learned)
    if start is not None and settings.screen > 1:
        raise ValueError("start gives the first biases, so that there are none to screen; leave out one of the two")
    circuit = circuit_of(net, settings.dtype(net), settings.device)  # the synapses are loaded once, for all tasks
    jobs = [Job.on(circuit, task, settings, started(net, start, task, settings.learned)) for task in _tasks(tasks)]
    with held_threads(settings.threads):
        for job in jobs:
            job.check()
    told = progress_of(progress)
    if into is not None:
        into = _check_room(net, into, jobs)
    before = net.verify()
    rows = _learn_all(jobs, told, checkpoint)
    if net.verify() != before:
        raise RuntimeError("the frozen synapses changed during learning")
    for row in rows:
        into = row if into is None else grown(net, into, row)
    assert into is not None
    return into


def _objective(objective: str, method: str) -> tuple[str, str]:
    """Return objective and method; names of earlier versions, which had one word for both, are still understood."""
    if not isinstance(method, str) or method not in _EARLIER:
        return objective, method
    warnings.warn(
        f'method="{method}" is what is fitted, not how: write objective="{_EARLIER[method]}"',
        FutureWarning,
        stacklevel=3,
    )
    return _EARLIER[method], "auto"


def _learn_all(jobs: list[Job], told: Progress, path: str | Path | None) -> list[xr.Dataset]:
    rows: list[xr.Dataset] = []
    held = held_threads(jobs[0].settings.threads)
    with held, Interrupts() as interrupts, Checkpoint.open(path, jobs) as file, closing(told):
        for number, job in enumerate(jobs):
            told.begin(job.task.name, number + 1, len(jobs))
            state = file.state(number, job.circuit.device)
            learner = job.learner(report=told.step, keep=file.keeper(number), state=state, forecast=told.forecast)
            try:
                learner.learn()
            except KeyboardInterrupt:
                file.write(number, learner.state)
                interrupts.seen = True
            except Exception as error:
                if not rows:
                    raise
                _tell_lost(job, error)
                continue
            rows.append(job.row(learner.result()))
            told.end(rows[-1])
            if interrupts.seen:
                break
    return rows


def _tell_lost(job: Job, error: Exception) -> None:
    """Warn that a task could not be learned; what was learned before it is kept."""
    warnings.warn(
        f"task {job.task.name!r} was not learned ({type(error).__name__}: {error}); the bank holds the others",
        RuntimeWarning,
        stacklevel=4,
    )


def _tasks(given: Tasks) -> list[Task]:
    given = name_of(given)
    if not isinstance(given, str | Task | Iterable):
        raise TypeError(f"tasks is a name, a tonicnet.Task, or a list of them, got {shown(given)}")
    items = [given] if isinstance(given, str | Task) else list(given)
    if not items:
        raise ValueError("no task given; name at least one (tonicnet.tasks() lists the shelf)")
    made = [t if isinstance(t, Task) else named_task(name_of(t)) for t in items]
    names = [t.name for t in made]
    for name in names:
        if names.count(name) > 1:
            raise ValueError(f"task {name!r} is given twice; a bank holds each name once")
    return made


def started(
    net: Network, bank: xr.Dataset | None, task: Task, learned: tuple[str, ...]
) -> dict[str, np.ndarray] | None:
    """Return the numbers of the row that a task starts from, if one is given."""
    if bank is None:
        return None
    bank = check_bank(net, bank)
    names = [str(name) for name in bank["task"].values]
    if task.name not in names and len(names) > 1:
        raise ValueError(
            f"start has no row of {task.name!r} but {', '.join(names)}; choose one of them for all tasks with "
            "bank.sel(task=[...]), or leave start out"
        )
    numbers = row_entry(bank, task.name if task.name in names else names[0]).numbers
    return {name: numbers[name] for name in ("bias", *sets_for(learned, net)) if name in numbers}


def _check_room(net: Network, bank: xr.Dataset, jobs: list[Job]) -> xr.Dataset:
    bank = check_bank(net, whole_bank(bank, "a bank that grows"))
    held = set(map(str, bank["task"].values))
    for job in jobs:
        if job.task.name in held:
            raise ValueError(
                f"the bank holds task {job.task.name!r} already; leave it out of tasks, drop it from the bank "
                "(bank.drop_sel), or learn it under another name"
            )
    return bank
