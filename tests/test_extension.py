"""Plain gradient descent on the extension of a network ends at the biases of Gauss-Newton."""

from __future__ import annotations

import inspect

import numpy as np
import pytest
import torch

import tonicnet as tn
from tonicnet.learn import Extension, descended, first_bias
from tonicnet.learn._screen import _first, problem_of
from tonicnet.learn._settings import Settings
from tonicnet.network import Tanh
from tonicnet.solve import SOLVERS, Residual

STAGES = 15


def _gauss_newton(residual: Residual, theta: torch.Tensor, ridge: float) -> tuple[np.ndarray, list[float]]:
    """Return the bias after Gauss-Newton steps of fixed damping, by the package's own normal equations."""
    losses = []
    for _ in range(STAGES):
        here = residual.at(theta)
        losses.append(here.loss)
        solved = SOLVERS["primal"](here).solve(ridge)
        assert solved is not None
        theta = theta + solved.step
    return theta.numpy(), losses


def test_the_field_of_lorenz() -> None:
    net = tn.Network(units=60, seed=0, transfer="tanh")
    residual, theta = _first(problem_of(net, tn.task("lorenz"), Settings()))
    ridge = 0.1 * float(SOLVERS["primal"](residual.at(theta)).mean_diagonal())
    wanted, losses = _gauss_newton(residual, theta, ridge)
    extended = Extension.of_field(
        net, residual.states.numpy(), theta.numpy(), stages=STAGES, ridge=ridge, weights=residual.weights.numpy()
    )
    assert extended.loss(residual.targets.numpy()).item() == pytest.approx(losses[0] / 2, rel=1e-12)
    found = descended(extended, residual.targets.numpy())
    assert losses[-1] < 0.2 * losses[0]  # it does learn
    assert np.abs(found - theta.numpy()).max() > 0.5  # and moves
    assert np.abs(found - wanted).max() < 1e-9


def test_a_feed_forward_task() -> None:
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (200, 2))
    y = np.stack([np.sin(3 * x[:, 0]), x[:, 0] * x[:, 1]], axis=1)
    w, c, bias = rng.standard_normal((2, 50)), rng.standard_normal((50, 2)) / 7, rng.standard_normal(50)
    ridge, b = 1e-2, bias.copy()
    for _ in range(STAGES):
        r = np.tanh(x @ w + b)
        j = ((1 - r**2)[:, None, :] * c.T[None]).reshape(-1, 50) / np.sqrt(len(x))
        e = (r @ c - y).reshape(-1) / np.sqrt(len(x))
        b -= np.linalg.solve(j.T @ j + ridge * np.eye(50), j.T @ e)
    extended = Extension(x @ w, c, Tanh(), bias, stages=STAGES, ridge=ridge)
    assert np.abs(descended(extended, y) - b).max() < 1e-9


def test_targets_enter_the_loss_alone() -> None:
    assert not any("target" in inspect.signature(f).parameters for f in (Extension.__init__, Extension.forward))
    net = tn.Network(units=12, seed=0, transfer="tanh")
    z = np.random.default_rng(0).standard_normal((30, 3))
    made = [Extension.of_field(net, z, first_bias(net), stages=2, ridge=0.1) for _ in range(2)]
    outcomes = [descended(one, targets) for one, targets in zip(made, (z, -z), strict=True)]
    assert np.abs(outcomes[0] - outcomes[1]).max() > 1e-3
    made[0].load_state_dict(made[1].state_dict())  # the parameters are all that gradient descent has changed
    assert torch.equal(made[0](), made[1]())


def test_closed_stages_have_no_slope_and_keep_their_value() -> None:
    net = tn.Network(units=12, seed=0, transfer="tanh")
    z = np.random.default_rng(1).standard_normal((30, 3))
    extended = Extension.of_field(net, z, first_bias(net), stages=3, ridge=0.1)
    with torch.no_grad():
        extended.theta[0] = torch.linspace(-1, 1, 12, dtype=torch.float64)
    before = extended.bias().detach()
    with torch.no_grad():
        extended.clock.mul_(0.5)
    assert extended.stage == 1
    assert (extended.bias() - before).abs().max() < 1e-13
    extended.loss(z).backward()
    assert extended.clock.grad == 0
    assert extended.theta.grad is not None
    assert [bool(row.any()) for row in extended.theta.grad] == [False, True, False]


def test_a_ridge_is_needed() -> None:
    net = tn.Network(units=12, seed=0)
    with pytest.raises(ValueError, match="ridge is the damping"):
        Extension.of_field(net, np.zeros((5, 3)), np.zeros(12), stages=1, ridge=0.0)
