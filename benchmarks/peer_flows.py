"""The published momentum rule and Adam on the vector field of a low-rank network, and their extrapolation."""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from peers import PILOT
from torch import Tensor

import tonicnet as tn


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
    curve, began = Curve([], every, rate), time.process_time()
    for k in range(1, steps + 1):
        loss = update()
        if k % every == 0:
            curve.append((time.process_time() - began, float(loss)))
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
