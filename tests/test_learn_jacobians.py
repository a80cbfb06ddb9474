"""Every residual's gradient and curvature against autograd in float64."""

from __future__ import annotations

import pytest
import torch

from tonicnet.learn._flow import FlowResidual
from tonicnet.learn._latent import LatentRollout
from tonicnet.learn._residual import Residual, Sum
from tonicnet.learn._sweep import RateRollout
from tonicnet.learn._windows import Windows
from tonicnet.network import Network
from tonicnet.simulate import EULER, RK4, Circuit, Tableau, combine

N = 23


def network(**options: object) -> Network:
    return Network(N, seed=3, **({"transfer": "tanh"} | options))  # type: ignore[arg-type]


def windows(driven: int) -> Windows:
    path = torch.randn(4, 7, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    return Windows(path, driven=driven, scored=(2, 5, 6))


def plain_rollout(net: Network, made: Windows, start: torch.Tensor, h: float, tableau: Tableau, b: torch.Tensor):
    """The same equation written down once more, for autograd: rates r, dense algebra."""
    encoder, decoder, w = net.tensors()
    w = torch.zeros(N, N, dtype=torch.float64) if w is None else w.to_dense()
    r, errors = start, []
    for k in range(made.steps):
        slopes: list[torch.Tensor] = []
        for row in tableau.stages:
            y = combine(r, h, row, slopes)
            fed = made.fed(k, sum(row))
            fed = y @ decoder.T if fed is None else fed
            slopes.append(net.transfer.value(y @ w.T + fed @ encoder.T * net.spec.feedback + b) - y)
        r = combine(r, h, tableau.weights, slopes)
        if k + 1 in made.scored:
            errors.append(r @ decoder.T - made.path[:, k + 1])
    return torch.stack(errors, 1).reshape(-1)


def rate_case(options: dict, driven: int, tableau: Tableau, h: float):
    net = network(**options)
    made = windows(driven)
    start = 0.3 * torch.randn(4, N, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
    residual = RateRollout(Circuit(net), made, start, h, tableau)
    return residual, lambda b: plain_rollout(net, made, start, h, tableau, b)


def latent_case(driven: int, tableau: Tableau, h: float, transfer: str):
    net = network(transfer=transfer)
    made = windows(driven)
    circuit = Circuit(net)
    start = circuit.with_output(torch.zeros(4, N, dtype=torch.float64), made.path[:, 0])
    return LatentRollout(circuit, made, h, tableau), lambda b: plain_rollout(net, made, start, h, tableau, b)


def flow_case(transfer: str):
    net = network(transfer=transfer)
    circuit = Circuit(net)
    z, y = windows(0).path[:, 0], windows(0).path[:, 1]
    weights = torch.tensor([0.1, 0.2, 0.3, 0.4], dtype=torch.float64)
    encoder, decoder, _ = net.tensors()

    def errors(b: torch.Tensor) -> torch.Tensor:
        e = net.transfer.value(z @ encoder.T + b) @ decoder.T - y
        return (weights.sqrt()[:, None] * e).reshape(-1) * len(z) ** 0.5

    return FlowResidual(circuit, z, y, weights), errors


CASES = {
    "flow, tanh": flow_case("tanh"),
    "flow, softplus": flow_case("softplus"),
    "latent, driven then closed": latent_case(3, RK4, 0.3, "tanh"),
    "latent, closed, discrete": latent_case(0, EULER, 1.0, "sigmoid"),
    "latent, driven only": latent_case(6, RK4, 0.3, "tanh"),
    "dense, feedback": rate_case({"synapses": "dense"}, 2, RK4, 0.4),
    "dense, autonomous": rate_case({"synapses": "dense", "feedback": False, "gain": 1.3}, 0, RK4, 0.4),
    "dense, discrete": rate_case({"synapses": "dense"}, 3, EULER, 1.0),
    "sparse, Dale": rate_case({"synapses": "sparse", "density": 0.4, "dale": True}, 2, RK4, 0.4),
    "low-rank as rates": rate_case({}, 2, RK4, 0.4),
}
BIAS = torch.randn(N, dtype=torch.float64, generator=torch.Generator().manual_seed(4))


@pytest.mark.parametrize("name", CASES)
def test_normal_equations_are_those_of_autograd(name: str) -> None:
    residual, errors = CASES[name]
    jacobian = torch.autograd.functional.jacobian(errors, BIAS)
    e = errors(BIAS)
    weight = 1 / (len(e) / 3)
    normal = residual.normal(BIAS)
    assert normal.loss == pytest.approx(float(weight * e @ e), rel=1e-10)
    assert residual.loss(BIAS) == pytest.approx(normal.loss, rel=1e-12)
    torch.testing.assert_close(normal.gradient, weight * jacobian.T @ e, rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(normal.curvature, weight * jacobian.T @ jacobian, rtol=1e-9, atol=1e-12)
    loss, gradient = residual.gradient(BIAS)
    assert loss == pytest.approx(normal.loss, rel=1e-12)
    torch.testing.assert_close(gradient, normal.gradient, rtol=1e-9, atol=1e-12)


def test_latent_and_rate_rollouts_of_a_low_rank_network_are_one_residual() -> None:
    latent, _ = latent_case(2, RK4, 0.3, "tanh")
    rates = RateRollout(
        latent.circuit,
        latent.windows,
        latent.circuit.with_output(torch.zeros(4, N, dtype=torch.float64), latent.windows.path[:, 0]),
        0.3,
    )
    torch.testing.assert_close(latent.normal(BIAS).curvature, rates.normal(BIAS).curvature)


def test_a_sum_of_residuals_adds_up() -> None:
    part: Residual = CASES["flow, tanh"][0]
    both = Sum([(1.0, part), (2.0, part)]).normal(BIAS)
    torch.testing.assert_close(both.curvature, 3 * part.normal(BIAS).curvature)
    assert Sum([(1.0, part), (2.0, part)]).loss(BIAS) == pytest.approx(3 * part.loss(BIAS))
