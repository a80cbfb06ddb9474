"""What tonicnet's bias learning is timed against: plain autograd, JAX, the published rule, and the bare products.

All peers get the same frozen arrays, in float32, and are written as their own users would write them well: drives
of all steps in one product, no gradient of frozen weights, everything jitted in JAX, learning rates given or chosen
from a grid in their favour. JAX and optax are imported where they are used (`pip install jax optax`).

A fair count of cores needs `taskset` besides OMP_NUM_THREADS: JAX does not read that variable. Self-check, a few
seconds: `OMP_NUM_THREADS=1 taskset -c 0 python benchmarks/peer_check.py`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
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
        began = time.process_time()
        for k, bias in enumerate(updates, 1):
            if k % CHECK_EVERY and self.spent + time.process_time() - began < self.limit:
                continue
            now = bias()  # a JAX update is finished only when its bias is read
            self.spent += time.process_time() - began
            self.curve.append((self.spent, self.problem.validation(now)))
            if self.spent >= self.limit or self.curve[-1][1] <= min(self.targets):
                return
            began = time.process_time()

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
    began = time.process_time()
    update = _jax_update(problem, optimiser).lower(bias, state, weights, problem.sample(rng, batch, length)).compile()
    compiled = time.process_time() - began

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
