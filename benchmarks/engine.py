"""The learning engine against its peers and floors: `make bench`, or `python benchmarks/engine.py gradient flow`.

Every ratio comes from one process, methods alternating; times are CPU seconds. They drift from machine to machine.
The JAX rows need jax and optax (`pip install jax optax`); where these are missing they are left out, and said to be.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from functools import partial
from importlib.util import find_spec
from unittest.mock import patch

import numpy as np
import peer_flows
import peer_steps
import peers
import torch
from records import Figure, figure
from rows import measured
from scipy.integrate import solve_ivp

import tonicnet as tn
from tonicnet.circuit import Circuit, Dynamics, _variation, circuit_of, of_bias, placed, step
from tonicnet.circuit._compiled import kernel
from tonicnet.learn import Settings
from tonicnet.learn._course import Draw, Problem
from tonicnet.learn._discrete_windows import DiscreteWindows
from tonicnet.learn._field_residual import FieldResidual, _FieldAt
from tonicnet.learn._judge import AttractorJudge
from tonicnet.learn._target import Target
from tonicnet.learn._training_states import field_residual
from tonicnet.learn._windows import Windows
from tonicnet.network import _precision
from tonicnet.solve import GaussNewton, Linearisation, Memory, Method, Residual, Step, add_gram, choose_solver
from tonicnet.task import _integrate

LYAPUNOV = 0.906
CHAOS = ("lorenz", "roessler", "thomas", "chua")
Field = Callable[[np.ndarray], np.ndarray]
HAS_JAX = find_spec("jax") is not None and find_spec("optax") is not None


# a: teacher-forced Lorenz, dense N = 512 ---------------------------------------------------------------------------
RATES = (0.005, 0.01, 0.02, 0.05)


def reach(limit: float = 150.0, repeats: int = 5) -> Iterator[Figure]:
    """CPU seconds to validation error 1e-3 and 1e-4; Adam at the best of four rates, scheduled to end at its limit."""
    problem = peers.Problem.draw(512, 0)
    ours = [_second_order(problem, seed) for seed in range(repeats)]
    rivals = {"torch autograd + Adam": peers.torch_adam} | (
        {"JAX scan + optax Adam": peers.jax_adam} if HAS_JAX else {}
    )
    best = {name: _best_rate(run, problem, limit) for name, run in rivals.items()}
    for target in (1e-3, 1e-4):
        mine = [made[target] for made in ours if made[target] is not None]
        what = f"teacher-forced Lorenz, dense, N = 512, to validation MSE {target:g}"
        yield figure(f"{what}, tonicnet", "time", "CPU s", mine)
        for name, (rate, made) in best.items():
            reached, lowest = made["seconds"][target], min(mse for _, mse in made["curve"])
            yield figure(f"{what}, {name}, rate {rate}", "time" if reached else "time without reaching it", "CPU s",
                         reached or made["curve"][-1][0])  # fmt: skip
            yield figure(f"{what}, {name}, rate {rate}", "lowest validation MSE", "1", lowest)


def _best_rate(run: Callable[..., dict], problem: peers.Problem, limit: float) -> tuple[float, dict]:
    """Return the rate that is best after an eighth of the limit, and its run; each schedule ends with its time."""
    each = run(problem, 0.01, limit_seconds=np.inf, steps=peers.CHECK_EVERY)["curve"][0][0] / peers.CHECK_EVERY
    pilots = {r: run(problem, r, limit_seconds=limit, steps=round(limit / 8 / each)) for r in RATES}
    rate = min(pilots, key=lambda r: pilots[r]["curve"][-1][1])
    return rate, run(problem, rate, limit_seconds=1.5 * limit, steps=round(limit / each))


def _second_order(problem: peers.Problem, seed: int) -> dict[float, float | None]:
    """Gauss-Newton on 64 new windows of 30 steps each step, as the engine does it; validation is not counted."""
    net = _dense(512)
    learnable, curved = of_bias(circuit_of(net, torch.float32)), Settings().curved(net)
    rng = np.random.default_rng(seed)
    bias, spent = 0.3 * torch.tensor(rng.standard_normal(512)), 0.0
    found: dict[float, float | None] = {1e-3: None, 1e-4: None}
    method = GaussNewton(damping=1e-2)
    memory = method.begin(bias)
    while spent < 60 and found[1e-4] is None:
        began = time.process_time()
        windows = torch.as_tensor(problem.sample(rng, 96, 30))
        made = Windows(windows, driven=30, scored=tuple(range(13, 31, 2)))
        residual = DiscreteWindows(learnable, made, torch.zeros(96, 512), 0.5, curved=curved)
        for here in _steps(method, residual, bias, memory, 3):
            bias, memory = here.theta, here.memory
        spent += time.process_time() - began
        error = problem.validation(bias.float())
        for target in found:
            found[target] = spent if found[target] is None and error <= target else found[target]
    return found


def _steps(method: Method, residual: Residual, theta: torch.Tensor, memory: Memory, count: int) -> Iterator[Step]:
    """Yield up to ``count`` steps, each from the linearisation that the one before it left."""
    here = residual.at(theta)
    for _ in range(count):
        made = method.step(residual, here, memory)
        if made is None:
            return
        yield made
        memory, here = made.memory, made.at or residual.at(made.theta)


# b: flow fit, N = 1000 ---------------------------------------------------------------------------------------------
def flow(updates: int = 1500) -> Iterator[Figure]:
    """CPU seconds to the field error that tonicnet has after 30 steps; momentum and Adam extrapolated (marked so)."""
    net = tn.Network(units=1000, seed=0, transfer="tanh")
    residual = _field(_problem(net))
    first = torch.tensor(3.0 * Draw(0, 0)("bias").standard_normal(1000))
    seconds, losses = zip(*(_flow_fit(residual, first) for _ in range(5)), strict=True)
    goal = 1.05 * float(np.median(losses))
    what = "field of Lorenz, N = 1000, to the same loss"
    yield figure(what, "the loss", "1", goal)
    yield figure(f"{what}, tonicnet", "time", "CPU s", seconds)
    for name, rule, options in (
        ("published momentum rule (0.9)", peer_flows.momentum_flow, {"beta": 0.9}),
        ("Adam", peer_flows.adam_flow, {}),
    ):
        given = (residual.states, residual.targets, residual.weights, first.float())
        curve = rule(net, *given, steps=updates, every=25, **options)
        made = peer_flows.extrapolate(curve, goal)
        mark = ", extrapolated from the measured slope" if made.extrapolated else ""
        measure = f"time{mark}" if made.reached else f"time without reaching it{mark}"
        yield figure(f"{what}, {name}", measure, "CPU s", made.seconds)
        yield figure(f"{what}, {name}", f"loss after {updates} updates", "1", curve[-1][1])
        yield figure(f"{what}, {name}", f"time of {updates} updates", "CPU s", curve[-1][0])


def _problem(net: tn.Network, settings: Settings | None = None) -> Problem:
    settings = settings or Settings()
    return Problem(Target(tn.task("lorenz"), net), circuit_of(net, torch.float32), settings)


def _field(problem: Problem, seed: int = 0) -> FieldResidual:
    return field_residual(problem, problem.learnable(), Draw(seed, 0)("flow"))


def _flow_fit(residual: FieldResidual, bias: torch.Tensor) -> tuple[float, float]:
    began = time.process_time()
    method, loss = GaussNewton(), np.inf
    for part, count in ((residual.thinned(3), 20), (residual, 10)):
        for here in _steps(method, part, bias, method.begin(bias), count):
            bias, loss = here.theta, here.loss
    return time.process_time() - began, loss


def bent(steps: int = 60, seeds: int = 3) -> Iterator[Figure]:
    """Fields of chaos on the network of the atlas: straight Gauss-Newton steps, and bent ones to the same loss."""
    for name in CHAOS:
        found = [_bent_fit(name, steps, seed) for seed in range(seeds)]
        what = f"field of {name} on the network of an atlas, to the loss after {steps} straight steps"
        yield figure(what, "bent steps", "steps", [count for count, _ in found])
        yield figure(what, "CPU time of straight steps by bent ones", "x", [gain for _, gain in found])


def _bent_fit(name: str, steps: int, seed: int) -> tuple[int, float]:
    """Return how many bent steps reach the loss of so many straight ones, and how many times as long those take."""
    net = tn.atlas_network(seed=seed)
    settings = Settings(noise=0.03, precision="mixed")
    problem = Problem(Target(tn.task(name), net), circuit_of(net, settings.dtype(net)), settings)
    residual, method, first = _field(problem, seed).thinned(4), GaussNewton(), problem.learnable().first
    kept, began = _FieldAt.changed, time.process_time()
    try:
        _FieldAt.changed = Linearisation.changed
        goal = min(here.loss for here in _steps(method, residual, first, method.begin(first), steps))
    finally:
        _FieldAt.changed = kept
    straight, began = time.process_time() - began, time.process_time()
    for count, here in enumerate(_steps(method, residual, first, method.begin(first), steps), start=1):
        if here.loss <= goal:
            return count, straight / (time.process_time() - began)
    raise RuntimeError(f"{name}: {steps} bent steps did not reach the loss of as many straight ones")


FITTED = {
    "field of lorenz, N = 2000": ({"units": 2000}, "lorenz", {"rounds": 0}),
    "flip-flop of 2 bits, low-rank, N = 2000": ({"units": 2000, "components": 2}, "flip-flop", {"rounds": 1}),
    "van-der-pol, dense, N = 400": ({"units": 400, "synapses": "dense"}, "van-der-pol", {"rounds": 1, "steps": 10}),
}


def products(seeds: int = 3) -> Iterator[Figure]:
    """Products of float32 matrices by what torch takes, and by the library that learning takes: times, and fits."""
    for size in (250, 1000, 2000):
        rows, total = torch.randn(2000, size), torch.zeros(size, size)
        runs = {"usual": partial(_usual, partial(add_gram, total, rows)), "taken": partial(add_gram, total, rows)}
        yield figure(f"Gram matrix of 2000 rows in {size} numbers", "time of the usual products by ours", "x",
                     np.divide(*_alternate(runs, 15).values()))  # fmt: skip
    for name, (drawn, task, options) in FITTED.items():
        task = tn.task(task, bits=2) if task == "flip-flop" else tn.task(task)
        ratios = []
        for seed in range(seeds):
            net = tn.Network(**{"seed": seed, "components": task.dimension} | drawn)
            fit = partial(tn.fit, net, task, restarts=0, progress=False, **options)
            ratios.append(
                np.divide(*(t[0] for t in _alternate({"usual": partial(_usual, fit), "ours": fit}, 1).values()))
            )
        yield figure(f"fit, {name}", "CPU time by the usual products by ours", "x", ratios)


def _usual(run: Callable[[], object]) -> None:
    """Run something with the products that torch takes by default."""
    with patch.object(_precision, "_fast_onednn", return_value=False):
        run()


# c: one gradient of the dense trajectory residual -------------------------------------------------------------------
def gradient(repeats: int = 9) -> Iterator[Figure]:
    """Loss and gradient, batch 32, 60 driven steps, all scored; contenders alternate, medians of several."""
    for units in (64, 256, 1024):
        problem = peers.Problem.draw(units, 0)
        path = torch.as_tensor(problem.sample(np.random.default_rng(0), 32, 60))
        made = Windows(path, driven=60, scored=tuple(range(1, 61)))
        circuit = circuit_of(_dense(units), torch.float32)
        residual = DiscreteWindows(of_bias(circuit), made, torch.zeros(32, units), 0.5)
        bias = torch.as_tensor(problem.start).double()
        runs = {"tonicnet": lambda r=residual, b=bias: _gradient(r, b)}
        runs |= {
            "GEMM floor": peer_steps.gemm_floor(problem, path),
            "torch autograd": peer_steps.autograd_step(problem, path),
        }
        runs["nn.RNN"] = peer_steps.rnn_step(problem, path)
        times = _alternate(runs, repeats)
        if HAS_JAX:  # apart: its idle threads slow those of torch
            second = _alternate({"tonicnet": runs["tonicnet"], "JAX": peer_steps.jax_step(problem, path)}, repeats)
            times["JAX (against ours beside it)"] = [
                t * np.median(times["tonicnet"]) / np.median(second["tonicnet"]) for t in second["JAX"]
            ]
        for name, seconds in times.items():
            ratio = np.array(seconds) / times["tonicnet"]
            if name != "tonicnet":
                yield figure(f"gradient step, N = {units}, batch 32", f"time of {name} by ours", "1", ratio)


def _gradient(residual: Residual, bias: torch.Tensor) -> tuple[float, torch.Tensor]:
    here = residual.at(bias)
    return here.loss, here.gradient()


# d: growth ----------------------------------------------------------------------------------------------------------
def growth(sizes: tuple[int, ...] = (128, 512, 1000, 2000, 4000, 8192)) -> Iterator[Figure]:
    """One Gauss-Newton step of the flow fit and its peak memory, each size in a process of its own."""
    for units in sizes:
        yield from _child(f"step of the field fit, low-rank, N = {units}", "step", str(units))
    for steps in (15, 30, 60, 120):
        what = f"normal equations, dense, N = 512, 64 windows of {steps} steps, 8 scored"
        yield figure(what, "time", "CPU s", _normal_equations(steps))
    net = tn.Network(units=300, seed=0)
    for names in (["hopf"], ["hopf", "cosine"], ["hopf", "cosine", "van-der-pol", "figure-eight"]):
        began = time.process_time()
        tn.fit(net, names, rounds=1, restarts=0, progress=False)
        yield figure(f"fit, N = 300, {len(names)} tasks", "time", "CPU s", time.process_time() - began)


def _normal_equations(steps: int) -> list[float]:
    problem = peers.Problem.draw(512, 0)
    path = torch.as_tensor(problem.sample(np.random.default_rng(0), 64, steps))
    made = Windows(path, driven=steps, scored=tuple(np.linspace(steps / 2, steps, 8).astype(int).tolist()))
    net = _dense(512)
    learnable = of_bias(circuit_of(net, torch.float32))
    residual = DiscreteWindows(learnable, made, torch.zeros(64, 512), 0.5, curved=Settings().curved(net))
    bias = torch.as_tensor(problem.start).double()
    return _alternate({"normal": lambda: residual.at(bias).normal()}, 5, time.process_time)["normal"]


def largest(units: int = 16_000, steps: int = 9) -> Iterator[Figure]:
    """A whole flow fit at the largest size."""
    yield from _child(f"field fit, low-rank, N = {units}, {steps} steps", "fit", str(units), str(steps))


def _child(what: str, *arguments: str) -> Iterator[Figure]:
    command = [sys.executable, __file__, "--child", *arguments]
    last = subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip().splitlines()[-1]
    for measure, unit, values in json.loads(last):
        yield figure(what, measure, unit, values)


def child(kind: str, units: int, steps: int = 3) -> None:
    """Run one size and print its figures."""
    net = tn.Network(units=units, seed=0)
    settings = Settings(memory=6.0, precision="bfloat16" if units > 8192 else "auto")
    problem = Problem(Target(tn.task("lorenz"), net), circuit_of(net, settings.dtype(net)), settings)
    began = time.process_time()
    residual, learnable = _field(problem), problem.learnable()
    bias = learnable.first
    first, times = residual.loss(bias), []
    stages = [(residual, steps)] if kind == "step" else [(residual.thinned(3), steps), (residual, steps // 3)]
    for part, count in stages:
        cost = choose_solver(part, units, settings.solver_room(problem.circuit))
        method, start = GaussNewton(cost.solver), time.process_time()
        for here in _steps(method, part, bias, method.begin(bias), count):
            bias, ended = here.theta, time.process_time()
            times.append(ended - start)
            start = ended
    took = time.process_time() - began
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**20
    if kind == "fit":
        print(AttractorJudge.of(problem).score(learnable, bias).sentence())
    found = [
        ("loss at first", "1", first), ("loss at last", "1", residual.loss(bias)), ("time of a step", "CPU s", times),
        ("time in all", "CPU s", took), ("peak memory", "GiB", peak),
    ]  # fmt: skip
    print(json.dumps(found))


def together(count: int = 8) -> Iterator[Figure]:
    """Flow normal equations and closed loops of several tasks: one after the other, and as batched products."""
    for units in (64, 256, 1000):
        net = tn.Network(units=units, seed=0)
        problem = _problem(net)
        circuit = problem.circuit
        fields = [_field(problem, k) for k in range(count)]
        biases = torch.as_tensor(np.random.default_rng(0).normal(-0.5, 1.0, (count, units)))
        states, targets, weights = (torch.stack([getattr(f, n) for f in fields]) for n in _OF_FIELDS)
        starts = states[:, :20]
        runs: dict[str, Callable[[], object]] = {
            "fields": lambda f=fields, b=biases: [one.at(row).normal() for one, row in zip(f, b, strict=True)],
            "fields batched": lambda c=circuit, b=biases, z=states, y=targets, w=weights: _batched_fields(
                c, b, z, y, w
            ),
            "loops": lambda c=circuit, b=biases, z=starts: [
                _loops(placed(c, {"bias": r}), x) for r, x in zip(b, z, strict=True)
            ],
            "loops batched": lambda c=circuit, b=biases, z=starts: _loops(
                placed(c, {"bias": b.repeat_interleave(20, 0)}), z.flatten(0, 1)
            ),
        }
        times = _alternate(runs, 7)
        for part in ("fields", "loops"):
            what = f"{count} tasks as batched products, N = {units}, {part}"
            ratio = np.array(times[part]) / times[part + " batched"]
            yield figure(what, "times faster than one by one", "1", ratio)


_OF_FIELDS = ("states", "targets", "weights")


def _batched_fields(
    circuit: Circuit, bias: torch.Tensor, states: torch.Tensor, targets: torch.Tensor, weights: torch.Tensor
) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    rate, slope = circuit.phi.both(states @ circuit.into + bias.float()[:, None])
    error = rate @ circuit.out - targets
    weighted = weights[..., None] * error
    gradient = ((weighted.mT @ slope) * circuit.out.T).sum(1)
    slope = weights.sqrt()[..., None] * slope
    return (weighted * error).sum((1, 2)), gradient, (slope.mT @ slope) * (circuit.out @ circuit.out.T)


def _loops(dynamics: Dynamics, state: torch.Tensor, steps: int = 100) -> torch.Tensor:
    for _ in range(steps):
        state = step(dynamics.flow, state, 0.2, "rk4")
    return state


# e: simulation ------------------------------------------------------------------------------------------------------
def simulation(steps: int = 1000) -> Iterator[Figure]:
    """Steps x units a second of the closed loop, dense, float32, against the bare products and JAX."""
    for units, trials in ((256, 1), (256, 20), (1024, 1), (1024, 20)):
        net, bias = _dense(units), np.zeros(units)
        runs: dict[str, Callable[[], object]] = {
            "tonicnet": lambda net=net, bias=bias, trials=trials: tn.simulate(
                net, bias, duration=steps * 0.02, trials=trials, dtype="float32", every=steps
            ),
            "bare products": peer_steps.gemm_simulate_floor(net, trials, steps),
        }
        runs |= {"JAX": peer_steps.jax_simulate(net, bias, trials, steps)} if HAS_JAX else {}
        times = _alternate(runs, 5)
        for name, seconds in times.items():
            ratio = np.array(seconds) / times["tonicnet"]
            if name != "tonicnet":
                yield figure(f"simulate, dense, N = {units}, {trials} trials", f"time of {name} by ours", "1", ratio)


def share(steps: int = 100_000, repeats: int = 5) -> Iterator[Figure]:
    """One trial of the low-rank lif network, N = 1000, against what the arithmetic of its steps needs at least.

    A step has four stages. Each needs E z and D r, 2 N K multiply-adds in all, here at the rate of a large product of
    matrices in float64, and N values of the transfer function, here at the rate of a long array.
    """
    net, bank = tn.load_network("atlas-1000"), tn.load_bank("atlas-1000")
    units, k, dt = net.units, net.components, 0.02
    square, inner = torch.rand(1024, 1024, dtype=torch.float64), torch.randn(1 << 16, dtype=torch.float64)
    runs: dict[str, Callable[[], object]] = {
        "run": lambda: tn.simulate(net, bank, task="lorenz", duration=steps * dt, dt=dt, every=steps),
        "product": lambda: square @ square,
        "response": lambda: [net.transfer.value(inner) for _ in range(10)],
    }
    torch.set_num_threads(1)
    times = {name: float(np.median(t)) for name, t in _alternate(runs, repeats, time.process_time).items()}
    products = 4 * 4 * units * k * times["product"] / (2 * 1024**3)
    responses = 4 * units * times["response"] / (10 * len(inner))
    where = f"simulate, low-rank lif, N = {units}, one trial, {steps} steps"
    yield figure(f"{where}, a step", "time", "us", 1e6 * times["run"] / steps)
    yield figure(f"{where}, a step, its arithmetic alone", "time", "us", 1e6 * (products + responses))
    yield figure(where, "share of its arithmetic", "1", (products + responses) * steps / times["run"])


def _dense(units: int) -> tn.Network:
    return tn.Network(
        units=units, seed=0, synapses="dense", gain=0.9, transfer="tanh", tau=0.04, dt=0.02, encoder_scale=1.0,
        decoder_scale=1.0,
    )  # fmt: skip


def truth(repeats: int = 5, trials: int = 40, turns: int = 200) -> Iterator[Figure]:
    """True runs of the shelf, 200 time scales of 40 trials: in compiled code, in numpy, and by scipy all at once."""
    for name in (*CHAOS, "van-der-pol", "figure-eight"):
        task = tn.task(name)
        field, start = task._source.flow, task.initial(trials, seed=1)
        times = np.linspace(0.0, turns * task.time_scale, 5 * turns)
        found = _alternate(
            {
                "compiled": partial(_integrated, field, start, times, _integrate.traced),
                "numpy": partial(_integrated, field, start, times, lambda *_: None),
                "scipy": partial(_by_scipy, field, start, times),
            },
            repeats,
        )
        where = f"true runs of {name}, {trials} trials"
        yield figure(f"{where}, compiled", "time", "CPU s", found["compiled"])
        for peer, words in (("numpy", "numpy"), ("scipy", "scipy's DOP853, all trials as one system")):
            pairs = zip(found[peer], found["compiled"], strict=True)
            yield figure(f"{where}, {words}", "times as long", "1", [theirs / ours for theirs, ours in pairs])


def _integrated(field: Field, start: np.ndarray, times: np.ndarray, way: Callable[..., object]) -> None:
    held, _integrate.traced = _integrate.traced, way
    try:
        _integrate.integrate(field, start, times)
    finally:
        _integrate.traced = held


def _by_scipy(field: Field, start: np.ndarray, times: np.ndarray) -> None:
    floor = _integrate.TIGHT * np.abs(start).max()
    solve_ivp(
        lambda _, x: field(x.reshape(start.shape)).ravel(), (0.0, times[-1]), start.ravel(), "DOP853", times,
        rtol=_integrate.TIGHT, atol=floor,
    )  # fmt: skip


def exponents(repeats: int = 5) -> Iterator[Figure]:
    """The Lyapunov spectrum of Lorenz on 1000 units, 400 tau of four trials: in compiled code, and in torch."""
    net, bank = tn.load_network("atlas-1000"), tn.load_bank("atlas-1000")
    found = _alternate(
        {"compiled": partial(_spectrum, net, bank, kernel), "torch": partial(_spectrum, net, bank, lambda: None)},
        repeats,
    )
    where = "exponents of Lorenz, N = 1000, four trials"
    yield figure(f"{where}, compiled", "time", "CPU s", found["compiled"])
    pairs = zip(found["torch"], found["compiled"], strict=True)
    yield figure(f"{where}, torch", "times as long", "1", [theirs / ours for theirs, ours in pairs])


def _spectrum(net: tn.Network, bank: object, way: Callable[[], object]) -> None:
    held, _variation.kernel = _variation.kernel, way
    try:
        tn.measure.lyapunov_spectrum(net, bank, task="lorenz", k=3, trials=4, duration=400 * net.tau)
    finally:
        _variation.kernel = held


def _alternate(
    runs: dict[str, Callable[[], object]], repeats: int, clock: Callable[[], float] | None = None
) -> dict[str, list[float]]:
    """Return the times of each run, all in turn: CPU seconds on one thread, which a busy machine does not change."""
    clock = clock or (time.process_time if torch.get_num_threads() == 1 else time.perf_counter)
    times: dict[str, list[float]] = {name: [] for name in runs}
    for k in range(repeats + 1):
        for name, run in runs.items():
            began = clock()
            run()
            if k:  # the first one warms up
                times[name].append(clock() - began)
    return times


ROWS: dict[str, Callable[[], Iterator[Figure]]] = {
    "gradient": gradient, "simulation": simulation, "flow": flow, "growth": growth, "together": together,
    "reach": reach, "largest": largest, "share": share, "truth": truth,
    "exponents": exponents, "bent": bent, "products": products,
}  # fmt: skip


if __name__ == "__main__":
    if sys.argv[1:2] == ["--child"]:
        child(sys.argv[2], *(int(a) for a in sys.argv[3:]))
    else:
        measured("engine", ROWS)
        print("" if HAS_JAX else "jax and optax are not installed: the JAX rows are left out")
