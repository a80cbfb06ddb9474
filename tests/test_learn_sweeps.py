"""Windows by Adams' method against autograd in float64, and rows that are joined on their way back."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from test_learn_jacobians import LEARNED, N, Plain, learnable, network

from tonicnet.circuit import RK4, Learnable, combine
from tonicnet.learn._adams_windows import AdamsWindows, weights
from tonicnet.learn._continuous_windows import ContinuousWindows
from tonicnet.learn._discrete_windows import DiscreteWindows
from tonicnet.learn._rate_windows import RateWindows
from tonicnet.learn._windows import Windows
from tonicnet.network import Network

H = 0.4
NETWORKS = {
    "dense, feedback": {"synapses": "dense"},
    "sparse, Dale": {"synapses": "sparse", "density": 0.4, "dale": True},
}
WINDOWS = {"closed": (0, 0.0), "driven then closed": (5, 0.0), "partly forced": (4, 0.3), "driven": (11, 0.0)}


def windows(driven: int, forcing: float = 0.0) -> Windows:
    """Smooth targets, every step scored: many rows that soon have much in common."""
    phase = torch.linspace(0, 1, 4, dtype=torch.float64)[:, None, None] + torch.tensor([0.0, 0.3, 0.5])
    path = torch.sin(2 * math.pi * (torch.arange(12, dtype=torch.float64)[None, :, None] / 20 + phase))
    return Windows(path, driven=driven, scored=tuple(range(1, 12)), forcing=forcing)


def start() -> torch.Tensor:
    return 0.3 * torch.randn(4, N, dtype=torch.float64, generator=torch.Generator().manual_seed(2))


def plain(net: Network, subject: Learnable, made: Windows):
    """The method written down once more, step by step, as a function of theta: for autograd."""

    def errors(theta: torch.Tensor) -> torch.Tensor:
        response, decoder, encoder, w = Plain(net, subject).under(theta)

        def rate(y: torch.Tensor, k: int, node: float) -> torch.Tensor:
            share = 1.0 if k < made.driven else made.forcing
            target = (1 - node) * made.path[:, k] + node * made.path[:, k + 1]
            fed = (share * target + (1 - share) * (y @ decoder.T)) * net.spec.feedback
            return response(fed @ encoder.T + y @ w.T)

        x, known, found = start(), [], []
        for k in range(made.steps):
            known = [rate(x, k, 0.0), *known]
            if k < 3 or made.driven <= k < made.driven + 3:
                slopes: list[torch.Tensor] = []
                for row in RK4.stages:
                    y = combine(x, H, row, slopes)
                    slopes.append(rate(y, k, sum(row)) - y)
                x = combine(x, H, RK4.weights, slopes)
            else:
                kept = math.exp(-H) * x
                ahead, corrected = weights(H)
                p = kept + sum(a * n for a, n in zip(ahead, known[:4], strict=True))
                x = kept + sum(c * n for c, n in zip(corrected, [rate(p, k, 1.0), *known[:3]], strict=True))
            found.append(x @ decoder.T - made.path[:, k + 1])
        e = torch.stack(found, 1)
        return (e / (e.shape[0] * e.shape[1]) ** 0.5).reshape(-1)

    return errors


def adams(options: dict, learned: str, made: Windows, **more: object) -> tuple[RateWindows, Network]:
    net = network(**options)
    subject = learnable(net, learned, rates=True)
    return AdamsWindows(subject, made, start(), H, room=3 * 8 * N * 8 * made.steps, **more), net  # type: ignore[arg-type]


@pytest.mark.parametrize("learned", LEARNED)
@pytest.mark.parametrize("case", WINDOWS)
def test_windows_by_adams_have_the_derivatives_of_autograd(case: str, learned: str) -> None:
    made = windows(*WINDOWS[case])
    for name in NETWORKS if learned == "bias" else ["dense, feedback"]:
        options = NETWORKS[name] | ({} if made.driven else {"feedback": name != "sparse, Dale"})
        residual, net = adams(options, learned, made)
        theta = residual.learnable.first
        errors = plain(net, residual.learnable, made)
        jacobian, e = torch.autograd.functional.jacobian(errors, theta, vectorize=True), errors(theta)
        here = residual.at(theta)
        assert here.loss == pytest.approx(float(e @ e), rel=1e-10)
        assert residual.loss(theta) == pytest.approx(here.loss, rel=1e-12)
        torch.testing.assert_close(here.normal().gradient, jacobian.T @ e, rtol=1e-9, atol=1e-12)
        torch.testing.assert_close(here.normal().curvature, jacobian.T @ jacobian, rtol=1e-9, atol=1e-12)
        torch.testing.assert_close(residual.at(theta).gradient(), jacobian.T @ e, rtol=1e-9, atol=1e-12)


def alone(kind: type[RateWindows], h: float) -> torch.Tensor:
    """The rates after six time constants alone."""
    steps = round(6 / h)
    path = torch.zeros(4, steps + 1, 3, dtype=torch.float64)
    subject = learnable(network(synapses="dense", gain=1.5), rates=True)
    residual = kind(subject, Windows(path, driven=0, scored=(steps,)), start(), h)
    return residual.run(subject.at(subject.first), residual.windows, start(), stored=False).states[0]


def test_adams_is_of_order_four_and_more_exact_than_runge_kutta_with_as_many_products() -> None:
    exact = alone(ContinuousWindows, 0.01)
    errors = {h: float((alone(AdamsWindows, h) - exact).norm()) for h in (0.2, 0.1, 0.05)}
    assert errors[0.1] / errors[0.05] > 12  # 16 in the limit
    for h in (0.2, 0.1):
        assert errors[h] < float((alone(ContinuousWindows, 2 * h) - exact).norm())
    assert [sum(w) for w in weights(H)] == pytest.approx([1 - math.exp(-H)] * 2, rel=1e-12)  # rates at rest stay


KINDS: dict[str, type[RateWindows]] = {
    "adams": AdamsWindows,
    "runge-kutta": ContinuousWindows,
    "euler": DiscreteWindows,
}


@pytest.mark.parametrize("learned", LEARNED)
@pytest.mark.parametrize("kind", KINDS)
def test_joined_rows_leave_loss_and_gradient_exact_and_curvature_near(kind: str, learned: str) -> None:
    subject = learnable(network(synapses="dense"), learned, rates=True)
    theta = subject.first
    whole = KINDS[kind](subject, windows(1), start(), H)
    exact, lost = whole.at(theta).normal(), []
    for rough in (1e-2, 1e-4):
        joined = replace(whole, rough=rough).at(theta)
        normal = joined.normal()
        assert joined.loss == whole.at(theta).loss
        torch.testing.assert_close(normal.gradient, exact.gradient, rtol=1e-9, atol=1e-12)
        lost.append(float((normal.curvature - exact.curvature).norm() / exact.curvature.norm()))
        assert 0 < lost[-1] < 2 * rough
        torch.testing.assert_close(normal.curvature, normal.curvature.T)
    assert lost[1] < 0.1 * lost[0]


def test_rows_are_joined_and_the_sweep_ends_where_nothing_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    made = Windows(torch.cat([windows(0).path[:, :1].expand(-1, 60, -1), windows(0).path], 1), 60, tuple(range(61, 72)))
    subject = learnable(network(synapses="dense", gain=0.5), rates=True)
    swept: list[int] = []
    back = DiscreteWindows.back

    def counted(self: DiscreteWindows, circuit, adjoint, *rest):  # type: ignore[no-untyped-def]
        swept.append(adjoint[0].shape[1])
        return back(self, circuit, adjoint, *rest)

    monkeypatch.setattr(DiscreteWindows, "back", counted)
    residual = DiscreteWindows(subject, made, start(), H, rough=1e-3).at(subject.first)
    torch.cat([block.jacobian for block in residual.blocks()])
    assert swept == sorted(swept)  # blocks are exact: all rows, all steps
    assert swept.count(33) == 61
    swept.clear()
    residual.normal()
    sweep = swept[:-71]  # the gradient is one adjoint of each window, all steps
    assert swept[-71:] == [1] * 71
    assert max(sweep) < 20
    assert len(sweep) < 60  # in a network that forgets, the adjoints of most driven steps are nothing
