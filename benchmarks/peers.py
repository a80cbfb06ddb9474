"""What tonicnet's bias learning is timed against: plain autograd, JAX, the published rule, and the bare products.

All peers get the same frozen arrays, in float32, and are written as their own users would write them well: drives
of all steps in one product, no gradient of frozen weights, everything jitted in JAX, learning rates given or chosen
from a grid in their favour. JAX and optax are imported where they are used (`pip install jax optax`).

A fair count of cores needs `taskset` besides OMP_NUM_THREADS: JAX does not read that variable. Self-check, a few
seconds: `OMP_NUM_THREADS=1 taskset -c 0 python benchmarks/peers.py`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from functools import lru_cache, partial
from typing import Any, NamedTuple

import numpy as np
import torch
from torch import Tensor

import tonicnet as tn

DT = 0.02  # of the task, and of the network's step
WARM = 12  # first steps of a window that are not scored: the network does not start on the target's path
TARGETS = (1e-3, 1e-4)
CHECK_EVERY = 50  # updates between validations
PILOT = 200  # updates each rate of a grid may run before the best is kept
Step = Callable[[], tuple[Any, Any]]


@dataclass(frozen=True)
class Problem:
    """Teacher-forced Lorenz on a frozen dense network; only the N biases are learned.

        r[k+1] = (1 - a) r[k] + a tanh(W r[k] + E u[k] + b),   D r[k+1] = u[k+1],   r[0] = 0

    ``encoder`` E (N, 3), ``decoder`` D (3, N), ``recurrent`` W (N, N), ``path`` u for training (run, time, 3) and
    ``windows`` for validation (200, 43, 3), z-scored; ``start``, the bias learning begins with; ``leak`` a. The
    first ``warm`` steps are not scored. Losses are means over windows, scored steps and components.
    """

    encoder: np.ndarray
    decoder: np.ndarray
    recurrent: np.ndarray
    path: np.ndarray
    windows: np.ndarray
    start: np.ndarray
    leak: float = 0.5
    warm: int = WARM

    @classmethod
    def draw(cls, units: int, seed: int, *, spread: float = 1.0) -> Problem:
        """Draw network and first bias (standard deviation ``spread``) from ``seed``; the data are always the same."""
        net = tn.Network(
            units=units, seed=seed, synapses="dense", gain=0.9, transfer="tanh", tau=2 * DT, dt=DT,
            encoder_scale=1.0, decoder_scale=1.0,
        )  # fmt: skip
        start = spread * np.random.default_rng(seed).standard_normal(units)
        path, windows = lorenz()
        return cls(net.encoder, net.decoder, net.recurrent, path, windows, start.astype(np.float32), DT / net.tau)

    @property
    def units(self) -> int:
        """N, the number of units."""
        return len(self.encoder)

    def sample(self, rng: np.random.Generator, batch: int, steps: int) -> np.ndarray:
        """Return random training windows (batch, steps + 1, 3)."""
        runs, times, _ = self.path.shape
        run, first = rng.integers(runs, size=(batch, 1)), rng.integers(times - steps, size=(batch, 1))
        return self.path[run, first + np.arange(steps + 1)]

    @torch.no_grad()
    def validation(self, bias: np.ndarray | Tensor) -> float:
        """Return the mean squared error of one-step prediction over the validation windows."""
        windows = torch.from_numpy(self.windows)
        return float(torch_loss(self, torch.as_tensor(bias, dtype=torch.float32), windows, self.warm))


@lru_cache
def lorenz(runs: int = 100, windows: int = 200, steps: int = 42) -> tuple[np.ndarray, np.ndarray]:
    """Return the training runs (40 time units each) and the validation windows, z-scored by the former."""
    task = tn.task("lorenz")
    path = task.trajectory(40.0, DT, trials=runs, seed=1)["output"].values
    held = task.trajectory(steps * DT, DT, trials=windows, seed=2)["output"].values
    mean, scale = path.mean((0, 1)), path.std((0, 1))
    return tuple(((x - mean) / scale).astype(np.float32) for x in (path, held))


# --- the loss, in torch and in JAX


class Frozen(NamedTuple):
    """E', W' and D' in the layout that ``r @ W'`` reads fastest."""

    encoder: Tensor
    recurrent: Tensor
    decoder: Tensor


def frozen(problem: Problem) -> Frozen:
    """Return the frozen arrays as contiguous transposes."""
    return Frozen(*(torch.tensor(x.T.copy()) for x in (problem.encoder, problem.recurrent, problem.decoder)))


def torch_rates(weights: Frozen, bias: Tensor, path: Tensor, leak: float) -> Iterator[Tensor]:
    """Yield r[1], r[2], ... driven by a path (batch, T + 1, 3)."""
    r = torch.zeros(len(path), len(bias))
    for drive in (path[:, :-1].transpose(0, 1) @ weights.encoder + bias).unbind():
        r = torch.lerp(r, torch.tanh(torch.addmm(drive, r, weights.recurrent)), leak)
        yield r


def torch_loss(problem: Problem, bias: Tensor, path: Tensor, warm: int, weights: Frozen | None = None) -> Tensor:
    """Return the mean squared error after the first ``warm`` steps."""
    weights = weights or frozen(problem)
    rates = list(torch_rates(weights, bias, path, problem.leak))[warm:]
    return torch.nn.functional.mse_loss(torch.stack(rates) @ weights.decoder, path[:, warm + 1 :].transpose(0, 1))


def jax_loss(leak: float, warm: int) -> Callable[..., Any]:
    """Return the same loss as a pure function (bias, weights, path), weights being what :func:`jax_frozen` returns."""
    import jax
    import jax.numpy as jnp

    def loss(bias: Any, weights: Any, path: Any) -> Any:
        encoder, recurrent, decoder = weights

        def step(r: Any, drive: Any) -> tuple[Any, Any]:
            r = (1 - leak) * r + leak * jnp.tanh(r @ recurrent + drive)
            return r, r

        path = jnp.swapaxes(path, 0, 1)
        start = jnp.zeros((path.shape[1], len(bias)), bias.dtype)
        _, rates = jax.lax.scan(step, start, path[:-1] @ encoder + bias)
        return jnp.mean((rates[warm:] @ decoder - path[warm + 1 :]) ** 2)

    return loss


def jax_frozen(problem: Problem) -> tuple[Any, ...]:
    """Return E', W' and D' as JAX arrays; passed as arguments, so that no constant is folded into the program."""
    import jax.numpy as jnp

    return tuple(jnp.asarray(x.T.copy()) for x in (problem.encoder, problem.recurrent, problem.decoder))


# --- learning until the validation error is small


@dataclass
class Watch:
    """Counts the seconds of training only, validates now and then, and says when to stop."""

    problem: Problem
    targets: tuple[float, ...]
    limit: float
    spent: float = 0.0
    curve: list[tuple[float, float]] = field(default_factory=list)

    def follow(self, updates: Iterable[Callable[[], np.ndarray]]) -> None:
        """Run updates, each yielding how to read the bias, until targets, limit or end are reached."""
        began = time.perf_counter()
        for k, bias in enumerate(updates, 1):
            if k % CHECK_EVERY and self.spent + time.perf_counter() - began < self.limit:
                continue
            now = bias()  # a JAX update is finished only when its bias is read
            self.spent += time.perf_counter() - began
            self.curve.append((self.spent, self.problem.validation(now)))
            if self.spent >= self.limit or self.curve[-1][1] <= min(self.targets):
                return
            began = time.perf_counter()

    def report(self) -> dict[str, Any]:
        """Return the seconds to each target (None if never) and the curve [(seconds, mse)]."""
        seconds = {goal: next((s for s, mse in self.curve if mse <= goal), None) for goal in self.targets}
        return {"seconds": seconds, "curve": self.curve}


def torch_adam(
    problem: Problem, rate: float, *, limit_seconds: float, targets: tuple[float, ...] = TARGETS, steps: int = 9000,
    batch: int = 64, length: int = 60, seed: int = 0,
) -> dict[str, Any]:  # fmt: skip
    """Learn by plain autograd: torch.optim.Adam with a cosine schedule over ``steps``, new windows each update.

    Returns {"seconds": {target: seconds or None}, "curve": [(seconds, mse)]}; validation is not counted, the drawing
    of windows is. Source: Kingma and Ba 2015, arXiv 1412.6980.
    """
    rng, weights = np.random.default_rng(seed), frozen(problem)
    bias = torch.tensor(problem.start, requires_grad=True)
    optimiser = torch.optim.Adam([bias], lr=rate)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)

    def updates() -> Iterator[Callable[[], np.ndarray]]:
        for _ in range(steps):
            optimiser.zero_grad()
            torch_loss(
                problem, bias, torch.from_numpy(problem.sample(rng, batch, length)), problem.warm, weights
            ).backward()
            optimiser.step()
            schedule.step()
            yield lambda: bias.detach().numpy()

    watch = Watch(problem, targets, limit_seconds)
    watch.follow(updates())
    return watch.report()


def jax_adam(
    problem: Problem, rate: float, *, limit_seconds: float, targets: tuple[float, ...] = TARGETS, steps: int = 9000,
    batch: int = 64, length: int = 60, seed: int = 0,
) -> dict[str, Any]:  # fmt: skip
    """Learn as :func:`torch_adam` does, in JAX with optax; adds "compile", seconds that "seconds" leaves out."""
    import jax.numpy as jnp
    import optax

    rng, weights = np.random.default_rng(seed), jax_frozen(problem)
    bias = jnp.asarray(problem.start)
    optimiser = optax.adam(optax.cosine_decay_schedule(rate, steps))
    state = optimiser.init(bias)
    began = time.perf_counter()
    update = _jax_update(problem, optimiser).lower(bias, state, weights, problem.sample(rng, batch, length)).compile()
    compiled = time.perf_counter() - began

    def updates() -> Iterator[Callable[[], np.ndarray]]:
        nonlocal bias, state
        for _ in range(steps):
            bias, state = update(bias, state, weights, problem.sample(rng, batch, length))
            yield partial(np.array, bias)

    watch = Watch(problem, targets, limit_seconds)
    watch.follow(updates())
    return watch.report() | {"compile": compiled}


def _jax_update(problem: Problem, optimiser: Any) -> Any:
    """Return one jitted update (bias, state, weights, path) -> (bias, state)."""
    import jax
    import optax

    gradient = jax.grad(jax_loss(problem.leak, problem.warm))

    def update(bias: Any, state: Any, weights: Any, path: Any) -> tuple[Any, Any]:
        change, state = optimiser.update(gradient(bias, weights, path), state, bias)
        return optax.apply_updates(bias, change), state

    return jax.jit(update)


# --- one gradient step of the driven residual: path (32, 61, 3), every step scored


def autograd_step(problem: Problem, path: np.ndarray) -> Step:
    """Return a callable for (loss, dloss/db) by a torch loop and backward()."""
    weights, given = frozen(problem), torch.as_tensor(path)
    bias = torch.tensor(problem.start, requires_grad=True)

    def step() -> tuple[Tensor, Tensor]:
        bias.grad = None
        loss = torch_loss(problem, bias, given, 0, weights)
        loss.backward()
        return loss.detach(), bias.grad

    return step


def rnn_step(problem: Problem, path: np.ndarray) -> Step:
    """Return the same by torch.nn.RNN, another model: it has no leak (a = 1), whatever ``problem.leak`` is."""
    rnn, decoder = _rnn(problem), torch.tensor(problem.decoder.T.copy())
    given = torch.as_tensor(path).transpose(0, 1).contiguous()

    def step() -> tuple[Tensor, Tensor]:
        rnn.bias_hh_l0.grad = None
        rates, _ = rnn(given[:-1])
        loss = torch.nn.functional.mse_loss(rates @ decoder, given[1:])
        loss.backward()
        return loss.detach(), rnn.bias_hh_l0.grad

    return step


def _rnn(problem: Problem) -> torch.nn.RNN:
    """Return torch's own tanh network with our arrays, frozen but for ``bias_hh``."""
    rnn = torch.nn.RNN(problem.encoder.shape[1], problem.units, nonlinearity="tanh").requires_grad_(False)
    zero = np.zeros_like(problem.start)
    for name, value in zip(
        ("weight_ih_l0", "weight_hh_l0", "bias_ih_l0", "bias_hh_l0"),
        (problem.encoder, problem.recurrent, zero, problem.start),
        strict=True,
    ):
        getattr(rnn, name).copy_(torch.tensor(value))
    rnn.bias_hh_l0.requires_grad_(True)
    return rnn


def jax_step(problem: Problem, path: np.ndarray) -> Step:
    """Return the same by jit(value_and_grad) over lax.scan; the first call compiles."""
    import jax
    import jax.numpy as jnp

    both = jax.jit(jax.value_and_grad(jax_loss(problem.leak, 0)))
    given = jnp.asarray(problem.start), jax_frozen(problem), jnp.asarray(path)
    return lambda: jax.block_until_ready(both(*given))


def gemm_floor(problem: Problem, path: np.ndarray) -> Callable[[], None]:
    """Return a callable of the 2 T products (batch, N) by (N, N) alone, T there and T back, in the fastest layout."""
    steps = path.shape[1] - 1
    product = fastest(_products(torch.tensor(problem.recurrent), torch.randn(len(path), problem.units)))
    return lambda: repeat(product, 2 * steps)


def _products(w: Tensor, r: Tensor) -> list[Callable[[], object]]:
    """Return W r in each layout, written into preallocated outputs; GEMV for one row."""
    turned = w.T.contiguous()
    if len(r) == 1:
        return _vector_products(w, turned, r[0])
    columns, rows_out = r.T.contiguous(), torch.empty_like(r)
    columns_out = torch.empty_like(columns)
    return [
        lambda: torch.mm(r, w.T, out=rows_out),
        lambda: torch.mm(r, turned, out=rows_out),
        lambda: torch.mm(w, columns, out=columns_out),
        lambda: torch.mm(turned.T, columns, out=columns_out),
    ]


def _vector_products(w: Tensor, turned: Tensor, r: Tensor) -> list[Callable[[], object]]:
    """Return W r for one vector, by torch's BLAS and by numpy's."""
    out = torch.empty_like(r)
    w_, turned_, r_, out_ = (x.numpy() for x in (w, turned, r, out))
    return [
        lambda: torch.mv(w, r, out=out),
        lambda: torch.mv(turned.T, r, out=out),
        lambda: np.dot(w_, r_, out=out_),
        lambda: np.dot(turned_.T, r_, out=out_),
    ]


def fastest(calls: Iterable[Callable[[], object]]) -> Callable[[], object]:
    """Return the call whose best of 20 runs is shortest."""
    return min(calls, key=lambda call: best_of(call, 20))


def best_of(call: Callable[[], object], repeats: int) -> float:
    """Return the shortest of so many runs, in seconds, after one that is not counted."""
    call()
    times = []
    for _ in range(repeats):
        began = time.perf_counter()
        call()
        times.append(time.perf_counter() - began)
    return min(times)


def repeat(call: Callable[[], object], times: int) -> None:
    """Call so many times."""
    for _ in range(times):
        call()


# --- the published rule on the flow of a low-rank network


class Curve(list[tuple[float, float]]):
    """[(seconds, loss)] with what it takes to read it: updates between its points, and the rate that was used."""

    def __init__(self, points: Iterable[tuple[float, float]], every: int, rate: float) -> None:
        super().__init__(points)
        self.every, self.rate = every, rate


class Flow:
    """The loss sum_s w_s |D phi(E z_s + b) - y_s|^2, its gradient written out, in float32."""

    def __init__(
        self, net: tn.Network, states: np.ndarray, targets: np.ndarray, weights: np.ndarray | None, bias: np.ndarray
    ) -> None:
        encoder, self.decoder, _ = net.tensors(torch.float32)
        self.both, self.targets = net.transfer.both, _single(targets)
        share = torch.ones(len(states)) if weights is None else _single(weights)
        self.weights = (share / share.sum())[:, None]
        self.still = _single(states) @ encoder.T
        self.bias = _single(bias)

    def gradient(self, bias: Tensor) -> tuple[Tensor, Tensor]:
        """Return the loss and its gradient."""
        rate, slope = self.both(self.still + bias)
        error = rate @ self.decoder.T - self.targets
        weighted = self.weights * error
        return (weighted * error).sum(), 2 * slope.mul_(weighted @ self.decoder).sum(0)

    def stiffness(self, turns: int = 30) -> float:
        """Return the largest eigenvalue of the Gauss-Newton Hessian at the first bias, by power iteration."""
        _, slope = self.both(self.still + self.bias)
        v = torch.nn.functional.normalize(torch.ones(len(self.bias)), dim=0)
        size = torch.ones(())
        for _ in range(turns):
            moved = 2 * (slope * ((self.weights * ((slope * v) @ self.decoder.T)) @ self.decoder)).sum(0)
            size = moved.norm()
            v = moved / size
        return float(size)


def momentum_flow(
    net: tn.Network, states: np.ndarray, targets: np.ndarray, weights: np.ndarray | None, bias: np.ndarray, *,
    rate: float | Sequence[float] = (0.25, 0.5, 1.0, 1.8, 3.0), beta: float = 0.9, steps: int, every: int,
) -> Curve:  # fmt: skip
    """Learn by the published rule: v <- beta v - rate dL/db, b <- b + v on all samples.

    ``weights`` of the samples (None: the plain mean) are made to add up to one. ``rate`` is in units of 1 / the
    largest curvature at the start (heavy ball on a quadratic diverges above 2 (1 + beta)); of several, the best after
    200 updates is used, and the search is not counted. Source: BANFF, bioRxiv 2025.10.05.680523.
    """
    flow = Flow(net, states, targets, weights, bias)
    unit = 1 / flow.stiffness()

    def run(rate: float, steps: int, every: int) -> Curve:
        b, v = flow.bias.clone(), torch.zeros_like(flow.bias)

        def update() -> Tensor:
            loss, gradient = flow.gradient(b)
            b.add_(v.mul_(beta).sub_(gradient, alpha=rate * unit))
            return loss

        return _follow(update, steps, every, rate)

    return run(_best_rate(run, rate, steps), steps, every)


def adam_flow(
    net: tn.Network, states: np.ndarray, targets: np.ndarray, weights: np.ndarray | None, bias: np.ndarray, *,
    rate: float | Sequence[float] = (0.01, 0.03, 0.1, 0.3), beta: float = 0.9, steps: int, every: int,
) -> Curve:  # fmt: skip
    """Learn the same loss by torch.optim.Adam, betas (``beta``, 0.999), cosine schedule over ``steps``.

    ``rate`` is in the biases' own unit; of several, the best after 200 updates is used, not counted. The end of an
    annealed curve says little about longer runs, so that its extrapolation is a guess.
    """
    flow = Flow(net, states, targets, weights, bias)

    def run(rate: float, steps: int, every: int) -> Curve:
        b = flow.bias.clone().requires_grad_(True)
        optimiser = torch.optim.Adam([b], lr=rate, betas=(beta, 0.999))
        schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)

        def update() -> Tensor:
            loss, b.grad = flow.gradient(b.detach())
            optimiser.step()
            schedule.step()
            return loss

        return _follow(update, steps, every, rate)

    return run(_best_rate(run, rate, steps), steps, every)


def _follow(update: Callable[[], Tensor], steps: int, every: int, rate: float) -> Curve:
    """Run updates; keep the time after every so many, and the loss the last of them started from."""
    curve, began = Curve([], every, rate), time.perf_counter()
    for k in range(1, steps + 1):
        loss = update()
        if k % every == 0:
            curve.append((time.perf_counter() - began, float(loss)))
    return curve


def _best_rate(run: Callable[[float, int, int], Curve], rate: float | Sequence[float], steps: int) -> float:
    """Return the rate, or of several the one with the smallest loss after a pilot."""
    if isinstance(rate, int | float):
        return rate
    pilot = min(PILOT, steps)
    ends = {r: run(r, pilot, pilot)[-1][1] for r in rate}
    return min(ends, key=lambda r: ends[r] if math.isfinite(ends[r]) else math.inf)


def _single(values: np.ndarray) -> Tensor:
    return torch.tensor(np.asarray(values), dtype=torch.float32)


@dataclass(frozen=True)
class Reach:
    """When a curve reaches a target: measured, or ``extrapolated``; not even then if not ``reached``.

    A target out of reach of ``most`` updates has their number and their seconds here: at least so long.
    """

    seconds: float
    steps: float
    extrapolated: bool
    reached: bool = True


def extrapolate(curve: Curve, target: float, most: int = 300_000) -> Reach:
    """Return when a curve reaches ``target``, by a line through log loss against log steps of its second half."""
    for k, (seconds, loss) in enumerate(curve, 1):
        if loss <= target:
            return Reach(seconds, k * curve.every, extrapolated=False)
    each = curve[-1][0] / (len(curve) * curve.every)
    steps = _crossing(curve, target)
    if steps > most:
        return Reach(most * each, most, extrapolated=True, reached=False)
    return Reach(steps * each, steps, extrapolated=True)


def _crossing(curve: Curve, target: float) -> float:
    """Return the steps at which the power law of the second half meets the target; infinite if it does not fall."""
    first = len(curve) // 2
    steps = curve.every * np.arange(first + 1, len(curve) + 1)
    losses = np.array([loss for _, loss in curve[first:]])
    if len(losses) < 2 or not np.isfinite(losses).all():
        return math.inf
    slope, height = np.polyfit(np.log(steps), np.log(losses), 1)
    met = (math.log(target) - height) / slope if slope < 0 else math.inf
    return max(math.exp(met), steps[-1] + 1.0) if met < 50 else math.inf


# --- running a learned network


def jax_simulate(net: tn.Network, bias: np.ndarray, trials: int, steps: int) -> Callable[[], Any]:
    """Return a callable running r <- (1 - a) r + a tanh((W + E D) r + b) in lax.scan, from small random rates.

    It returns the outputs D r (steps, trials, 3), as tn.simulate does; float32; the first call compiles.
    """
    import jax
    import jax.numpy as jnp

    leak, w, decoder = net.spec.dt / net.tau, jnp.asarray(closed(net)), jnp.asarray(net.decoder)

    @jax.jit
    def run(r: Any, w: Any, decoder: Any, bias: Any) -> Any:
        def step(r: Any, _: None) -> tuple[Any, Any]:
            r = (1 - leak) * r + leak * jnp.tanh(w @ r + bias)
            return r, decoder @ r

        return jax.lax.scan(step, r, length=steps)[1].reshape(steps, 3, trials).swapaxes(1, 2)

    shape = (net.units,) if trials == 1 else (net.units, trials)
    r = jnp.asarray(0.1 * np.random.default_rng(0).standard_normal(shape), jnp.float32)
    b = jnp.asarray(bias, jnp.float32)
    return lambda: jax.block_until_ready(run(r, w, decoder, b if trials == 1 else b[:, None]))


def closed(net: tn.Network) -> np.ndarray:
    """Return W + E D, the recurrence of the closed loop, as one float32 matrix."""
    encoder, decoder, w = net.tensors(torch.float32)
    if w is None:
        return (encoder @ decoder).numpy()
    return (w.to_dense() + net.spec.feedback * (encoder @ decoder)).numpy()


def gemm_simulate_floor(net: tn.Network, trials: int, steps: int) -> Callable[[], None]:
    """Return a callable of the products (N, N) by (N, trials) alone, in the fastest layout; GEMV for one trial.

    Torch's GEMV takes 1.3 to 1.8 times as long as numpy's, and below N = 256 both pay about a microsecond a call that a
    compiled loop does not: there this is the floor of a Python loop, and jax_simulate may pass under it.
    """
    product = fastest(_products(torch.tensor(closed(net)), torch.randn(trials, net.units)))
    return lambda: repeat(product, steps)


# --- self-check


def _distance(one: Step, other: Step) -> float:
    """Return the relative difference of two steps' gradients."""
    a, b = (np.asarray(step()[1], dtype=np.float64) for step in (one, other))
    return float(np.linalg.norm(a - b) / np.linalg.norm(b))


def _gradients() -> Iterator[str]:
    problem = Problem.draw(64, 0)
    path = problem.sample(np.random.default_rng(0), 32, 60)
    leakless = replace(problem, leak=1.0)
    for name, made in (
        ("jax_step against autograd_step", _distance(jax_step(problem, path), autograd_step(problem, path))),
        ("rnn_step against autograd_step, leak 1", _distance(rnn_step(problem, path), autograd_step(leakless, path))),
    ):
        yield f"{name}: relative difference of gradients {made:.1e}, {'ok' if made < 1e-4 else 'WRONG'}"


def _flow_rules() -> Iterator[str]:
    net, task = tn.Network(units=200, seed=0, transfer="tanh"), tn.task("lorenz")
    z = (task.states(500) - task.center) / task.scale
    y = z + 0.05 * task.flow(task.states(500)) / task.scale
    bias = 3 * np.random.default_rng(0).standard_normal(200)
    flow = Flow(net, z, y, None, bias)
    b = flow.bias.double().requires_grad_(True)
    encoder, decoder, _ = net.tensors()
    loss = (torch.tanh(torch.tensor(z) @ encoder.T + b) @ decoder.T - torch.tensor(y)).square().sum(1).mean()
    (exact,) = torch.autograd.grad(loss, b)
    off = float((flow.gradient(flow.bias)[1] - exact).norm() / exact.norm())
    yield f"Flow.gradient against autograd: relative difference {off:.1e}, {'ok' if off < 1e-4 else 'WRONG'}"
    for learn in (momentum_flow, adam_flow):
        curve = learn(net, z, y, None, bias, steps=2000, every=100)
        yield f"{learn.__name__}: rate {curve.rate:g}, {curve[0][1]:.1e} -> {curve[-1][1]:.1e} in {curve[-1][0]:.2f} s"
        yield f"  to half the last loss: {extrapolate(curve, curve[-1][1] / 2)}"


def _simulation(steps: int = 500) -> Iterator[str]:
    for trials in (1, 20):
        net = tn.Network(units=128, seed=0, synapses="dense", transfer="tanh", tau=0.04, dt=0.02)
        made = np.asarray(jax_simulate(net, np.zeros(128), trials, steps)())
        r = 0.1 * np.random.default_rng(0).standard_normal((128, trials))
        for _ in range(3):
            r = 0.5 * r + 0.5 * np.tanh(closed(net).astype(np.float64) @ r)
        off = float(np.abs(made[2] - (net.decoder @ r).T).max())
        floor = best_of(gemm_simulate_floor(net, trials, steps), 3)
        yield f"jax_simulate, {trials} trials: off by {off:.1e} after 3 steps; the products {1e3 * floor:.1f} ms"


def _times(units: int) -> Iterator[str]:
    problem = Problem.draw(units, 0)
    path = problem.sample(np.random.default_rng(0), 32, 60)
    floor = best_of(gemm_floor(problem, path), 10)
    yield f"N = {units}: gemm_floor {1e3 * floor:.2f} ms"
    for make in (autograd_step, rnn_step, jax_step):
        took = best_of(make(problem, path), 10)
        yield f"N = {units}: {make.__name__} {1e3 * took:.2f} ms, {took / floor:.1f} x floor"


def _adams(units: int = 64) -> Iterator[str]:
    problem = Problem.draw(units, 0)
    for learn in (torch_adam, jax_adam):
        made = learn(problem, 0.02, limit_seconds=2.0)
        (first, before), (last, after) = made["curve"][0], made["curve"][-1]
        rest = f", compiled in {made['compile']:.1f} s" if "compile" in made else ""
        yield f"{learn.__name__}, N = {units}: mse {before:.3f} at {first:.2f} s, {after:.3f} at {last:.2f} s{rest}"


def main() -> None:
    """Check the peers against each other and print one line each."""
    for lines in (_gradients(), _flow_rules(), _simulation(), _times(64), _times(256), _adams()):
        for line in lines:
            print(line, flush=True)


if __name__ == "__main__":
    main()
