"""Every residual's gradient and curvature against autograd in float64."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from scipy.optimize import least_squares

from tonicnet.learn._adam import Adam
from tonicnet.learn._continuous import ContinuousRollout
from tonicnet.learn._discrete import DiscreteRollout
from tonicnet.learn._flow import FlowResidual
from tonicnet.learn._latent import LatentRollout
from tonicnet.learn._model import SOLVERS, choose_solver, costs
from tonicnet.learn._residual import GIB, Residual, Sum
from tonicnet.learn._windows import Windows
from tonicnet.network import Network
from tonicnet.simulate import EULER, RK4, Circuit, Tableau, combine

N = 23


def network(**options: object) -> Network:
    return Network(N, seed=3, **({"transfer": "tanh"} | options))  # type: ignore[arg-type]


def windows(driven: int, **extra: object) -> Windows:
    path, inputs, mask = torch.randn(3, 4, 7, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    given = {"inputs": inputs, "mask": mask.abs() * (mask > 0)} | extra if extra.pop("behaviour", False) else extra
    return Windows(path, driven=driven, **({"scored": (2, 5, 6)} | given))  # type: ignore[arg-type]


def plain_rollout(net: Network, made: Windows, start: torch.Tensor, h: float, tableau: Tableau, b: torch.Tensor):
    """The same equation written down once more, for autograd: rates r, dense algebra."""
    encoder, decoder, w = net.tensors()
    w = torch.zeros(N, N, dtype=torch.float64) if w is None else w.to_dense()
    r, errors = start, []
    for k in range(made.steps):
        slopes: list[torch.Tensor] = []
        for row in tableau.stages:
            y, node = combine(r, h, row, slopes), sum(row)
            share = 1.0 if k < made.driven else made.forcing
            target = (1 - node) * made.path[:, k] + node * made.path[:, k + 1]
            fed = (share * target + (1 - share) * (y @ decoder.T)) * net.spec.feedback
            fed = fed if made.inputs is None else fed + made.inputs[:, k]
            slopes.append(net.transfer.value(y @ w.T + fed @ encoder.T + b) - y)
        r = combine(r, h, tableau.weights, slopes)
        if k + 1 in made.scored:
            errors.append(r @ decoder.T - made.path[:, k + 1])
    e = torch.stack(errors, 1)
    if made.mask is None:
        return (e / (len(e) * len(made.scored)) ** 0.5).reshape(-1)
    mask = made.mask[:, list(made.scored)]
    return (e * (mask / (mask.sum() / 3)).sqrt()).reshape(-1)


def rate_case(options: dict, made: Windows, tableau: Tableau, h: float):
    net = network(**options)
    start = 0.3 * torch.randn(4, N, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    room = 3 * 8 * N * 8 * made.steps  # small enough for several tiles
    residual = (
        DiscreteRollout(Circuit(net), made, start, h, room=room)
        if tableau is EULER
        else ContinuousRollout(Circuit(net), made, start, h, tableau=tableau, room=room)
    )
    return residual, lambda b: plain_rollout(net, made, start, h, tableau, b)


def latent_case(made: Windows, tableau: Tableau, h: float, transfer: str):
    net = network(transfer=transfer)
    circuit = Circuit(net)
    start = circuit.with_output(torch.zeros(4, N, dtype=torch.float64), made.path[:, 0])
    residual = LatentRollout(circuit, made, h, tableau, room=2 * 8 * N * 3 * 12)
    return residual, lambda b: plain_rollout(net, made, start, h, tableau, b)


def flow_case(transfer: str):
    net = network(transfer=transfer)
    circuit = Circuit(net)
    z, y = windows(0).path[:, 0], windows(0).path[:, 1]
    weights = torch.tensor([0.1, 0.2, 0.3, 0.4], dtype=torch.float64)
    encoder, decoder, _ = net.tensors()

    def errors(b: torch.Tensor) -> torch.Tensor:
        e = net.transfer.value(z @ encoder.T + b) @ decoder.T - y
        return (weights.sqrt()[:, None] * e).reshape(-1)

    return FlowResidual(circuit, z, y, weights, room=3 * 4 * N * 8), errors


CASES = {
    "flow, tanh": flow_case("tanh"),
    "flow, softplus": flow_case("softplus"),
    "latent, driven then closed": latent_case(windows(3), RK4, 0.3, "tanh"),
    "latent, partly forced": latent_case(windows(2, forcing=0.3), RK4, 0.3, "tanh"),
    "latent, closed, discrete": latent_case(windows(0), EULER, 1.0, "sigmoid"),
    "latent, driven only": latent_case(windows(6), RK4, 0.3, "tanh"),
    "latent, inputs and mask": latent_case(windows(0, behaviour=True), RK4, 0.3, "tanh"),
    "dense, feedback": rate_case({"synapses": "dense"}, windows(2), RK4, 0.4),
    "dense, partly forced": rate_case({"synapses": "dense"}, windows(1, forcing=0.4), RK4, 0.4),
    "dense, autonomous": rate_case({"synapses": "dense", "feedback": False, "gain": 1.3}, windows(0), RK4, 0.4),
    "dense, discrete": rate_case({"synapses": "dense"}, windows(3), EULER, 1.0),
    "dense, discrete, leaky, partly forced": rate_case({"synapses": "dense"}, windows(3, forcing=0.2), EULER, 0.6),
    "dense, discrete, inputs and mask": rate_case({"synapses": "dense"}, windows(0, behaviour=True), EULER, 0.6),
    "dense without feedback, inputs and mask": rate_case(
        {"synapses": "dense", "feedback": False}, windows(0, behaviour=True), RK4, 0.6
    ),
    "sparse, Dale": rate_case({"synapses": "sparse", "density": 0.4, "dale": True}, windows(2), RK4, 0.4),
    "sparse, discrete": rate_case({"synapses": "sparse", "density": 0.4}, windows(2), EULER, 0.4),
    "low-rank as rates": rate_case({}, windows(2), RK4, 0.4),
}
BIAS = torch.randn(N, dtype=torch.float64, generator=torch.Generator().manual_seed(4))


@pytest.mark.parametrize("name", CASES)
def test_normal_equations_are_those_of_autograd(name: str) -> None:
    residual, errors = CASES[name]
    jacobian = torch.autograd.functional.jacobian(errors, BIAS)
    e = errors(BIAS)
    normal = residual.normal(BIAS)
    assert normal.loss == pytest.approx(float(e @ e), rel=1e-10)
    assert residual.loss(BIAS) == pytest.approx(normal.loss, rel=1e-12)
    torch.testing.assert_close(normal.gradient, jacobian.T @ e, rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(normal.curvature, jacobian.T @ jacobian, rtol=1e-9, atol=1e-12)
    loss, gradient = residual.gradient(BIAS)
    assert loss == pytest.approx(normal.loss, rel=1e-12)
    torch.testing.assert_close(gradient, normal.gradient, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", CASES)
def test_blocks_and_products_are_the_same_equations(name: str) -> None:
    residual, _ = CASES[name]
    normal, products = residual.normal(BIAS), residual.products(BIAS)
    blocks = list(residual.blocks(BIAS))
    jacobian, error = torch.cat([b.jacobian for b in blocks]), torch.cat([b.error for b in blocks])
    assert len(error) == residual.rows
    torch.testing.assert_close(jacobian.T @ jacobian, normal.curvature, rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(jacobian.T @ error, normal.gradient, rtol=1e-9, atol=1e-12)
    assert products.loss == pytest.approx(normal.loss, rel=1e-12)
    torch.testing.assert_close(products.gradient, normal.gradient, rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(products.diagonal, normal.curvature.diagonal(), rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(products.curvature(BIAS), normal.curvature @ BIAS, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", ["flow, tanh", "latent, driven then closed", "dense, discrete"])
@pytest.mark.parametrize("ridge", [1e-3, 1.0])
def test_three_solvers_take_the_same_step(name: str, ridge: float) -> None:
    residual, _ = CASES[name]
    primal, dual, free = (SOLVERS[kind](residual, BIAS) for kind in ("primal", "dual", "matrix-free"))
    ridge *= primal.mean_diagonal()
    step = primal.solve(ridge)
    assert dual.mean_diagonal() == pytest.approx(primal.mean_diagonal(), rel=1e-9)
    torch.testing.assert_close(dual.solve(ridge), step, rtol=1e-7, atol=1e-10)
    inexact = free.solve(ridge)
    fall, best = (primal.promise(s) - ridge * float(s @ s) for s in (inexact, step))
    assert 0.95 * best < fall <= best * (1 + 1e-9)  # truncated by design: most of the fall, never more
    assert free.promise(step) == pytest.approx(primal.promise(step), rel=1e-9)
    assert dual.promise(step) == pytest.approx(primal.promise(step), rel=1e-9)


def noisy_case() -> LatentRollout:
    """Windows that the network itself made, seen with noise: what free starts are for."""
    plain, _ = latent_case(windows(0, scored=tuple(range(7))), RK4, 0.2, "tanh")
    made = torch.stack([z for z, _ in plain._rollout(BIAS, plain.windows, 0.3 * plain.windows.path[:, 0], None)], dim=1)
    noise = torch.randn(made.shape, dtype=made.dtype, generator=torch.Generator().manual_seed(5))
    return replace(plain, windows=replace(plain.windows, path=made + 0.05 * noise), free=True)


def test_free_starts_are_those_that_least_squares_would_choose() -> None:
    free = noisy_case()

    def errors(flat) -> torch.Tensor:
        outputs = [z for z, _ in free._rollout(BIAS, free.windows, torch.tensor(flat).reshape(4, 3), None)]
        return free.windows.errors(torch.stack(outputs)).reshape(-1).numpy()

    best = least_squares(errors, free.windows.path[:, 0].reshape(-1).numpy(), xtol=1e-12)
    assert free.loss(BIAS) == pytest.approx(2 * best.cost, rel=1e-3)
    assert free.loss(BIAS) < 0.9 * replace(free, free=False).loss(BIAS)


def test_gradient_of_free_starts_is_that_of_the_best_start() -> None:
    free = noisy_case()
    along = torch.randn(N, dtype=torch.float64, generator=torch.Generator().manual_seed(9))
    slope = (free.loss(BIAS + 1e-4 * along) - free.loss(BIAS - 1e-4 * along)) / 2e-4
    assert slope == pytest.approx(2 * float(free.gradient(BIAS)[1] @ along), rel=1e-2)


def test_low_precision_curvature_leaves_loss_and_gradient_exact() -> None:
    for name in ("dense, discrete", "dense, feedback"):
        residual, _ = CASES[name]
        low, exact = replace(residual, curved=torch.bfloat16).normal(BIAS), residual.normal(BIAS)
        assert low.loss == pytest.approx(exact.loss, rel=1e-12)
        torch.testing.assert_close(low.gradient, exact.gradient, rtol=1e-9, atol=1e-12)
        assert 0 < float((low.curvature - exact.curvature).norm()) < 0.05 * float(exact.curvature.norm())


def test_latent_and_rate_rollouts_of_a_low_rank_network_are_one_residual() -> None:
    latent, _ = latent_case(windows(2), RK4, 0.3, "tanh")
    start = latent.circuit.with_output(torch.zeros(4, N, dtype=torch.float64), latent.windows.path[:, 0])
    rates = ContinuousRollout(latent.circuit, latent.windows, start, 0.3)
    torch.testing.assert_close(latent.normal(BIAS).curvature, rates.normal(BIAS).curvature)


def test_a_sum_of_residuals_adds_up() -> None:
    part: Residual = CASES["flow, tanh"][0]
    both = Sum([(1.0, part), (2.0, part)])
    torch.testing.assert_close(both.normal(BIAS).curvature, 3 * part.normal(BIAS).curvature)
    torch.testing.assert_close(both.gradient(BIAS)[1], 3 * part.gradient(BIAS)[1])
    torch.testing.assert_close(both.products(BIAS).curvature(BIAS), 3 * part.products(BIAS).curvature(BIAS))
    assert both.loss(BIAS) == pytest.approx(3 * part.loss(BIAS))
    assert sum(len(b.error) for b in both.blocks(BIAS)) == both.rows == 2 * part.rows


def test_the_cheapest_solver_that_fits_is_chosen() -> None:
    part = CASES["flow, tanh"][0]
    assert choose_solver(part, N, GIB).solver == min(costs(part, N), key=lambda c: c.seconds).solver
    least = min(costs(part, N), key=lambda c: c.bytes)
    assert choose_solver(part, N, least.bytes).solver == least.solver
    with pytest.raises(MemoryError, match="raise memory="):
        choose_solver(part, N, least.bytes - 1)
    with pytest.raises(MemoryError, match="primal"):
        choose_solver(part, N, 10, "primal")


def test_adam_is_that_of_torch() -> None:
    part = CASES["flow, tanh"][0]
    moving = BIAS.clone().requires_grad_(True)
    theirs = torch.optim.Adam([moving], lr=0.02, amsgrad=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(theirs, 50)
    ours = Adam(epochs=50, maximum=True)
    bias, memory = BIAS, ours.begin(BIAS)
    for _ in range(20):
        moving.grad = 2 * part.gradient(moving.detach())[1]
        theirs.step()
        schedule.step()
        made = ours.step(part, bias, memory)
        bias, memory = made.bias, made.memory
    torch.testing.assert_close(bias, moving.detach(), rtol=1e-6, atol=1e-9)
