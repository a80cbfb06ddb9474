"""Do the peers agree? `OMP_NUM_THREADS=1 taskset -c 0 python benchmarks/peer_check.py`, a few seconds."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import torch
from peer_flows import Flow, adam_flow, extrapolate, momentum_flow
from peer_steps import (
    autograd_step,
    best_of,
    closed,
    gemm_floor,
    gemm_simulate_floor,
    jax_simulate,
    jax_step,
    rnn_step,
)
from peers import Problem, Step, jax_adam, torch_adam

import tonicnet as tn


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
