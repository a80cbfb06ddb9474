"""Every residual's gradient and curvature against autograd in float64."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np
import pytest
import torch
from scipy.optimize import least_squares

from tonicnet.circuit import EULER, RK4, Learnable, Tableau, circuit_of, combine
from tonicnet.learn._continuous_windows import ContinuousWindows
from tonicnet.learn._discrete_windows import DiscreteWindows
from tonicnet.learn._field_residual import FieldResidual
from tonicnet.learn._latent_windows import LatentWindows
from tonicnet.learn._windows import Windows
from tonicnet.network import Network
from tonicnet.parameters import LEARNABLE, PERMUTATIONS, SETS, sets_for
from tonicnet.solve import (
    GIB,
    SOLVERS,
    Adam,
    Block,
    FrozenCurvature,
    GaussNewton,
    Linearisation,
    Residual,
    Sum,
    choose_solver,
    costs,
)  # fmt: skip

N = 23


def network(**options: object) -> Network:
    return Network(N, seed=3, **({"transfer": "tanh"} | options))  # type: ignore[arg-type]


def windows(driven: int, **extra: object) -> Windows:
    path, inputs, mask = torch.randn(3, 4, 7, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    given = {"inputs": inputs, "mask": mask.abs() * (mask > 0)} | extra if extra.pop("behaviour", False) else extra
    return Windows(path, driven=driven, **({"scored": (2, 5, 6)} | given))  # type: ignore[arg-type]


def long_windows() -> Windows:
    path = torch.randn(2, 12, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(6))
    return Windows(path, driven=1, scored=tuple(range(12)))


BIAS = torch.randn(N, dtype=torch.float64, generator=torch.Generator().manual_seed(4))


# sums hold their sets in the order of theta; the last one has a block of every kind
SUMS = [
    "bias+gain",
    "gain+scale",
    "bias+decoder",
    "scale+encoder",
    "mask+bias",
    "bias+gain+scale+decoder+encoder+low-rank-update",
]
LEARNED = [name for name in LEARNABLE if name not in PERMUTATIONS] + SUMS  # which change places of known numbers


def has(options: dict, learned: str) -> bool:
    """Whether a network can have these numbers."""
    net = network(**options)
    return not any(SETS[one].lacks(net) for one in sets_for(tuple(learned.split("+")), net))


def learnable(net: Network, name: str = "bias", *, rates: bool = False) -> Learnable:
    """Broad tonic inputs, and beside them gains, scales and a decoder that are not neutral: all of them act at once."""
    rng = np.random.default_rng(8)
    numbers = {"bias": BIAS.numpy()}
    if name != "bias":
        numbers |= {one: SETS[one].neutral(net) + 0.2 * rng.standard_normal(N) for one in ("gain", "scale")}
        numbers["decoder"] = net.decoder + 0.1 * rng.standard_normal(net.decoder.shape)
    names = sets_for(tuple(name.split("+")), net)
    numbers |= {one: _moved(SETS[one].first(net, 2, rng), rng) for one in names if one not in numbers}
    return Learnable(circuit_of(net, rates=rates), numbers, names)


def _moved(first: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    return first + 0.1 * rng.standard_normal(first.shape)


class Plain:
    """The network equation written down once more, in dense algebra, as a function of theta: for autograd."""

    def __init__(self, net: Network, subject: Learnable) -> None:
        self.net, self.subject = net, subject

    def under(self, theta: torch.Tensor):
        """Return the response of the units, the decoder, and W and E."""
        numbers = {n: torch.as_tensor(v, dtype=torch.float64) for n, v in self.subject.numbers.items()}
        numbers |= self.subject.values(theta)
        encoder, decoder, w = self.net.tensors()
        decoder, encoder = numbers.get("decoder", decoder), numbers.get("encoder", encoder)
        w = numbers.get("recurrent", torch.zeros(N, N, dtype=torch.float64) if w is None else w.to_dense())
        left = numbers.get("update-left", torch.zeros(N, 1, dtype=torch.float64))
        w = w + left @ numbers["update-right"] if "update-right" in numbers else w
        encoder = encoder + left @ numbers["update-latent"] if "update-latent" in numbers else encoder

        def response(h: torch.Tensor) -> torch.Tensor:
            inside = numbers.get("gain", 1.0) * (h + numbers["bias"])
            return numbers.get("mask", 1.0) * numbers.get("scale", 1.0) * self.net.transfer.value(inside)

        return response, decoder, encoder, w


def plain_rollout(net: Network, subject: Learnable, made: Windows, start: torch.Tensor, h: float, tableau: Tableau):
    """Errors of windows of rates r; windows of a latent begin at rates with its output, whatever the decoder."""

    def errors(theta: torch.Tensor) -> torch.Tensor:
        response, decoder, encoder, w = Plain(net, subject).under(theta)
        latent = start.shape[1] != N
        x, found = start, [(start if latent else start @ decoder.T) - made.path[:, 0]]
        for k in range(made.steps):
            slopes: list[torch.Tensor] = []
            for row in tableau.stages:
                y, node = combine(x, h, row, slopes), sum(row)
                share = 1.0 if k < made.driven else made.forcing
                target = (1 - node) * made.path[:, k] + node * made.path[:, k + 1]
                own = y if latent else y @ decoder.T
                fed = (share * target + (1 - share) * own) * net.spec.feedback
                fed = fed if made.inputs is None else fed + made.inputs[:, k]
                rate = response(fed @ encoder.T + (0.0 if latent else y @ w.T))
                slopes.append((rate @ decoder.T if latent else rate) - y)
            x = combine(x, h, tableau.weights, slopes)
            found.append((x if latent else x @ decoder.T) - made.path[:, k + 1])
        return _weighted(torch.stack([found[k] for k in made.scored], 1), made)

    return errors


def _weighted(e: torch.Tensor, made: Windows) -> torch.Tensor:
    if made.mask is None:
        return (e / (len(e) * len(made.scored)) ** 0.5).reshape(-1)
    mask = made.mask[:, list(made.scored)]
    return (e * (mask / (mask.sum() / 3)).sqrt()).reshape(-1)


def rate_case(options: dict, made: Windows, tableau: Tableau, h: float):
    def case(name: str):
        net = network(**options)
        subject = learnable(net, name, rates=True)
        start = 0.3 * torch.randn(4, N, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
        room = 3 * 8 * N * 8 * made.steps  # small enough for several tiles
        kind, more = (DiscreteWindows, {}) if tableau is EULER else (ContinuousWindows, {"tableau": tableau})
        residual = kind(subject, made, start, h, room=room, **more)
        return residual, plain_rollout(net, subject, made, start, h, tableau)

    case.options = options
    return case


def latent_case(made: Windows, tableau: Tableau, h: float, transfer: str):
    def case(name: str):
        net = network(transfer=transfer)
        subject = learnable(net, name)
        residual = LatentWindows(subject, made, h, tableau, room=2 * 8 * N * 3 * 12)
        return residual, plain_rollout(net, subject, made, made.path[:, 0], h, tableau)

    case.options = {}
    return case


def flow_case(transfer: str):
    def case(name: str):
        net = network(transfer=transfer)
        subject = learnable(net, name)
        z, y = windows(0).path[:, 0], windows(0).path[:, 1]
        weights = torch.tensor([0.1, 0.2, 0.3, 0.4], dtype=torch.float64)

        def errors(theta: torch.Tensor) -> torch.Tensor:
            response, decoder, encoder, _ = Plain(net, subject).under(theta)
            return (weights.sqrt()[:, None] * (response(z @ encoder.T) @ decoder.T - y)).reshape(-1)

        return FieldResidual(subject, z, y, weights, room=3 * 4 * N * 8), errors

    case.options = {}
    return case


CASES = {
    "field, tanh": flow_case("tanh"),
    "field, softplus": flow_case("softplus"),
    "latent, driven then closed": latent_case(windows(3), RK4, 0.3, "tanh"),
    "latent, partly forced": latent_case(windows(2, forcing=0.3), RK4, 0.3, "tanh"),
    "latent, closed, discrete": latent_case(windows(0), EULER, 1.0, "sigmoid"),
    "latent, driven only": latent_case(windows(6), RK4, 0.3, "tanh"),
    "latent, inputs and mask": latent_case(windows(0, behaviour=True), RK4, 0.3, "tanh"),
    "latent, every step scored": latent_case(long_windows(), RK4, 0.3, "tanh"),
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


PAIRS = [(name, learned) for name, case in CASES.items() for learned in LEARNED if has(case.options, learned)]


def at_start(residual: Residual) -> Linearisation:
    return residual.at(residual.learnable.first)


@pytest.mark.parametrize(("name", "learned"), PAIRS)
def test_normal_equations_are_those_of_autograd(name: str, learned: str) -> None:
    residual, errors = CASES[name](learned)
    theta = residual.learnable.first
    jacobian = torch.autograd.functional.jacobian(errors, theta)
    e = errors(theta)
    here = residual.at(theta)
    normal = here.normal()
    assert here.loss == pytest.approx(float(e @ e), rel=1e-10)
    assert residual.loss(theta) == pytest.approx(here.loss, rel=1e-12)
    torch.testing.assert_close(normal.gradient, jacobian.T @ e, rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(normal.curvature, jacobian.T @ jacobian, rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(residual.at(theta).gradient(), normal.gradient, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(("name", "learned"), PAIRS)
def test_blocks_and_products_are_the_same_equations(name: str, learned: str) -> None:
    residual, _ = CASES[name](learned)
    here = at_start(residual)
    normal, products, along = here.normal(), here.products(), torch.cos(residual.learnable.first)
    blocks = list(here.blocks())
    jacobian, error = torch.cat([b.jacobian for b in blocks]), torch.cat([b.error for b in blocks])
    assert len(error) == residual.rows
    torch.testing.assert_close(jacobian.T @ jacobian, normal.curvature, rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(jacobian.T @ error, normal.gradient, rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(products.gradient, normal.gradient, rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(products.diagonal, normal.curvature.diagonal(), rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(products.curvature(along), normal.curvature @ along, rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize("name", ["field, tanh", "latent, driven then closed", "dense, discrete"])
@pytest.mark.parametrize("ridge", [1e-3, 1.0])
def test_three_solvers_take_the_same_step(name: str, ridge: float) -> None:
    here = at_start(CASES[name]("bias")[0])
    primal, dual, free = (SOLVERS[kind](here) for kind in ("primal", "dual", "matrix-free"))
    ridge *= primal.mean_diagonal()
    step = primal.solve(ridge).step
    assert dual.mean_diagonal() == pytest.approx(primal.mean_diagonal(), rel=1e-9)
    torch.testing.assert_close(dual.solve(ridge).step, step, rtol=1e-7, atol=1e-10)
    inexact = free.solve(ridge).step
    fall, best = (primal.promise(s) - ridge * float(s @ s) for s in (inexact, step))
    assert 0.95 * best < fall <= best * (1 + 1e-9)  # truncated by design: most of the fall, never more
    assert free.promise(step) == pytest.approx(primal.promise(step), rel=1e-9)
    assert dual.promise(step) == pytest.approx(primal.promise(step), rel=1e-9)


@pytest.mark.parametrize("bent", [1, 3])
@pytest.mark.parametrize("learned", [p for p in LEARNED if has(CASES["field, tanh"].options, p)])
def test_what_errors_change_along_a_step_is_told_by_the_rows_of_the_curvature(learned: str, bent: int) -> None:
    residual, errors = CASES["field, tanh"](learned)
    theta = residual.learnable.first
    step = 0.1 * torch.cos(torch.arange(len(theta), dtype=torch.float64))
    jacobian = torch.autograd.functional.jacobian(errors, theta)
    rows = torch.arange(len(jacobian)).view(-1, residual.targets.shape[1])[::bent].flatten()
    kept = residual.weights[::bent]
    assert bent == 1 or float(kept.std()) > 0, "weights must differ for this to show how they are shared"
    share = float(residual.weights.sum() / kept.sum()) if bent > 1 else 1.0
    expected = share * jacobian[rows].T @ (errors(theta + step) - errors(theta))[rows]
    here = replace(residual, bent=bent, **({"room": GIB} if bent > 1 else {})).at(theta)
    torch.testing.assert_close(here.changed(step), expected, rtol=1e-9, atol=1e-12)


def test_a_bent_step_is_of_higher_order() -> None:
    """As many equations as numbers, solved from two distances: the error of a step is of second order, of a bent one
    of third."""

    class Square(Residual):
        bends = True

        @property
        def rows(self) -> int:
            return 3

        def at(self, theta: torch.Tensor) -> Linearisation:
            return SquareAt(self, theta)

    class SquareAt(Linearisation):
        def __init__(self, residual: Square, theta: torch.Tensor) -> None:
            self.theta, self.residual = theta, residual

        def errors(self, theta: torch.Tensor) -> torch.Tensor:
            return theta + 0.5 * theta.roll(1) + torch.stack([theta[0] * theta[1], theta[1] ** 2, theta.prod()])

        @property
        def loss(self) -> float:
            return float(self.errors(self.theta).square().sum())

        def blocks(self) -> Iterator[Block]:
            yield Block(self.errors(self.theta), torch.autograd.functional.jacobian(self.errors, self.theta))

        def changed(self, step: torch.Tensor) -> torch.Tensor | None:
            if not self.residual.bends:
                return None
            [block] = self.blocks()
            return block.jacobian.T @ (self.errors(self.theta + step) - block.error)

    def left(bends: bool, distance: float) -> float:
        residual = Square()
        residual.bends = bends
        theta = distance * torch.tensor([1.0, -0.5, 0.7], dtype=torch.float64)
        memory = {"damping": torch.tensor(1e-14, dtype=torch.float64)}
        made = GaussNewton().step(residual, residual.at(theta), memory)
        return float(made.theta.norm())

    for bends, order in ((False, 2), (True, 3)):
        seen = np.log2(left(bends, 2e-2) / left(bends, 1e-2))
        assert seen == pytest.approx(order, abs=0.15)


@pytest.mark.parametrize("ridge", [1e-7, 1e-4, 1e-1])
def test_a_step_in_float32_solves_the_equations_of_float64(ridge: float) -> None:
    net = Network(units=300, seed=0)
    subject = Learnable(circuit_of(net, dtype=torch.float32), {"bias": np.linspace(-2, 2, 300)})
    z, y = (torch.randn(900, 3, generator=torch.Generator().manual_seed(k)) for k in (0, 1))
    here = FieldResidual(subject, z, y, torch.full((900,), 1 / 900)).at(subject.first)
    model, normal = SOLVERS["primal"](here), here.normal()
    ridge *= model.mean_diagonal()
    exact = torch.linalg.solve(normal.curvature.double() + ridge * torch.eye(300), -normal.gradient)
    torch.testing.assert_close(model.solve(ridge).step, exact, rtol=0, atol=1e-3 * float(exact.abs().max()))


def test_curvature_of_some_samples_leaves_loss_and_gradient_and_their_weight() -> None:
    residual, _ = flow_case("tanh")("bias")
    some, whole = replace(residual, room=GIB, bent=2), replace(residual, room=GIB)
    rough, exact = some.at(BIAS), whole.at(BIAS)
    assert rough.loss == exact.loss
    torch.testing.assert_close(rough.normal().gradient, exact.normal().gradient)
    half = replace(whole, states=whole.states[::2], targets=whole.targets[::2], weights=whole.weights[::2] / 0.4)
    torch.testing.assert_close(rough.normal().curvature, half.at(BIAS).normal().curvature)


def outputs_of(residual: LatentWindows, start: torch.Tensor) -> torch.Tensor:
    run = residual.run(residual.learnable.at(BIAS), residual.windows, start)
    return run.outputs


@pytest.mark.parametrize("transfer", ["tanh", "lif"])
def test_windows_in_which_the_target_is_lost_weigh_less(transfer: str) -> None:
    """w = 1 / (1 + |e|^2 / max(0.1, 5 median |e|)^2) of each window and step, beside weights that are there already."""
    made = long_windows()
    path = torch.cat([made.path] * 5)
    path[3] += 100 * torch.arange(12)[:, None]
    given = torch.rand(10, 12, 1, dtype=torch.float64, generator=torch.Generator().manual_seed(7))
    plain = Windows(path, driven=0, scored=(4, 11))
    made = plain.weighted(given)
    _, errors = latent_case(plain, RK4, 0.2, transfer)("bias")
    residual, _ = latent_case(made, RK4, 0.2, transfer)("bias")
    found = residual.bounded(BIAS).windows
    assert found.mask is not None
    own = 20 * errors(BIAS).reshape(10, 2, 3).square().sum(2).T
    bound = torch.clamp(25 * own.median(1, keepdim=True).values, min=0.01)
    for row, step in enumerate(made.scored):
        weights = given[:, step, 0] / (1 + own[row] / bound[row])
        torch.testing.assert_close(found.mask[:, step], weights[:, None].expand(10, 3), rtol=1e-6, atol=0)
        assert own[row, 3] > 100 * bound[row] > 99 * weights[3] * own[row, 3]
    torch.testing.assert_close(found.mask[:, 0], given[:, 0].expand(10, 3))


def noisy_case() -> LatentWindows:
    """Windows that the network itself made, seen with noise: what free starts are for."""
    plain, _ = latent_case(windows(0, scored=tuple(range(7))), RK4, 0.2, "tanh")("bias")
    made = outputs_of(plain, 0.3 * plain.windows.path[:, 0]).transpose(0, 1)
    noise = torch.randn(made.shape, dtype=made.dtype, generator=torch.Generator().manual_seed(5))
    return replace(plain, windows=replace(plain.windows, path=made + 0.05 * noise), free=True)


def test_free_starts_are_those_that_least_squares_would_choose() -> None:
    free = noisy_case()

    def errors(flat) -> torch.Tensor:
        return free.windows.errors(outputs_of(free, torch.tensor(flat).reshape(4, 3))).reshape(-1).numpy()

    best = least_squares(errors, free.windows.path[:, 0].reshape(-1).numpy(), xtol=1e-12)
    assert free.loss(BIAS) == pytest.approx(2 * best.cost, rel=1e-3)
    assert free.loss(BIAS) < 0.9 * replace(free, free=False).loss(BIAS)


def test_gradient_of_free_starts_is_that_of_the_best_start() -> None:
    free = noisy_case()
    along = torch.randn(N, dtype=torch.float64, generator=torch.Generator().manual_seed(9))
    slope = (free.loss(BIAS + 1e-4 * along) - free.loss(BIAS - 1e-4 * along)) / 2e-4
    assert slope == pytest.approx(2 * float(free.at(BIAS).gradient() @ along), rel=1e-2)


def test_curvature_of_some_windows_leaves_loss_and_gradient_and_their_weight() -> None:
    """Of 4 windows one in three is 0 and 3; the curvature of these two stands for all four."""
    free = replace(noisy_case(), room=GIB)
    exact, rough = free.at(BIAS), _ThreeApart(**vars(free)).at(BIAS)
    assert free.every(N) == 1
    assert rough.loss == exact.loss
    torch.testing.assert_close(rough.normal().gradient, exact.normal().gradient)
    rows = next(iter(exact.blocks())).jacobian.unflatten(0, (4, -1))[::3].flatten(0, 1)
    torch.testing.assert_close(rough.normal().curvature, 2 * rows.T @ rows)


@pytest.mark.parametrize("tiled", [False, True])
def test_gradient_of_free_starts_is_that_of_its_rows(tiled: bool) -> None:
    free = replace(noisy_case(), room=2 * 8 * N * 3 * 12 if tiled else GIB)
    here = free.at(BIAS)
    blocks = list(here.blocks())
    assert (len(blocks) > 1) == tiled
    torch.testing.assert_close(here.gradient(), sum(block.jacobian.T @ block.error for block in blocks))


def test_many_windows_are_thinned_in_proportion_to_the_numbers_learned() -> None:
    """6 rows a number and 2,000: of 10,500 rows every third for 250 numbers, all for 23 if starts are not free."""
    free = noisy_case()
    path = free.windows.path.repeat(125, 1, 1)
    many = replace(free, windows=replace(free.windows, path=path, total=0.0))
    assert many.rows == 10_500
    assert [many.every(size) for size in (23, 250, 2000)] == [4, 3, 1]
    assert replace(many, free=False).every(23) == 1


class _ThreeApart(LatentWindows):
    def every(self, size: int) -> int:
        del size
        return 3


def test_low_precision_curvature_leaves_loss_and_gradient_exact() -> None:
    for name in ("dense, discrete", "dense, feedback"):
        residual, _ = CASES[name]("bias")
        rough, plain = replace(residual, curved=torch.bfloat16).at(BIAS), residual.at(BIAS)
        low, exact = rough.normal(), plain.normal()
        assert rough.loss == pytest.approx(plain.loss, rel=1e-12)
        torch.testing.assert_close(low.gradient, exact.gradient, rtol=1e-9, atol=1e-12)
        assert 0 < float((low.curvature - exact.curvature).norm()) < 0.05 * float(exact.curvature.norm())


@pytest.mark.parametrize("learned", ["bias", "gain", "scale"])
def test_latent_and_rate_windows_of_a_low_rank_network_are_one_residual(learned: str) -> None:
    latent, _ = latent_case(windows(2), RK4, 0.3, "tanh")(learned)
    rates = learnable(network(), learned, rates=True)
    circuit = rates.at(rates.first).circuit
    start = circuit.with_output(torch.zeros(4, N, dtype=torch.float64), latent.windows.path[:, 0])
    as_rates = ContinuousWindows(rates, latent.windows, start, 0.3)
    torch.testing.assert_close(at_start(latent).normal().curvature, at_start(as_rates).normal().curvature)


@pytest.mark.parametrize("learned", ["bias", "gain", "scale", "decoder", "encoder"])
@pytest.mark.parametrize("transfer", ["tanh", "lif"])
def test_derivatives_at_two_stages_of_a_step_err_by_second_order(learned: str, transfer: str) -> None:
    """Half the step, a quarter of the error; and the loss is that of all stages."""

    def error(steps: int) -> float:
        path = torch.zeros(5, steps + 1, 3, dtype=torch.float64)
        path[:, 0] = torch.randn(5, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(2))
        made = Windows(path, driven=0, scored=(steps // 2, steps))
        exact = LatentWindows(learnable(network(transfer=transfer), learned), made, 1.6 / steps, RK4)
        here, few = at_start(exact), at_start(replace(exact, lines=True))
        assert few.loss == here.loss
        wrong, right = few.normal().curvature, here.normal().curvature
        return float((wrong - right).norm() / right.norm())

    assert error(8) < 0.03
    assert 2.5 < error(8) / error(16) < 6


def test_derivatives_at_two_stages_are_the_same_without_a_compiler(monkeypatch: pytest.MonkeyPatch) -> None:
    found = []
    for absent in (False, True):
        if absent:
            monkeypatch.setattr("tonicnet.learn._latent_windows.kernel", lambda: None)
        exact = latent_case(windows(2), RK4, 0.3, "lif")("bias")[0]
        found.append(at_start(replace(exact, lines=True)).normal())
    torch.testing.assert_close(found[0].curvature, found[1].curvature, rtol=1e-9, atol=1e-12)
    torch.testing.assert_close(found[0].gradient, found[1].gradient, rtol=1e-9, atol=1e-12)


def test_a_sum_of_residuals_adds_up() -> None:
    part: Residual = CASES["field, tanh"]("bias")[0]
    both, once = Sum(((1.0, part), (2.0, part))), part.at(BIAS)
    here = both.at(BIAS)
    torch.testing.assert_close(here.normal().curvature, 3 * once.normal().curvature)
    torch.testing.assert_close(here.gradient(), 3 * once.gradient())
    torch.testing.assert_close(here.products().curvature(BIAS), 3 * once.products().curvature(BIAS))
    assert both.loss(BIAS) == here.loss == pytest.approx(3 * part.loss(BIAS))
    assert sum(len(b.error) for b in here.blocks()) == both.rows == 2 * part.rows


def test_a_frozen_curvature_is_that_of_its_start() -> None:
    part: Residual = CASES["field, tanh"]("bias")[0]
    frozen = FrozenCurvature(part, lambda: BIAS)
    moved = frozen.at(BIAS + 0.3)
    torch.testing.assert_close(moved.normal().curvature, part.at(BIAS).normal().curvature)
    torch.testing.assert_close(moved.normal().gradient, part.at(BIAS + 0.3).gradient())
    assert moved.loss == part.loss(BIAS + 0.3) != frozen.loss(BIAS)


def test_the_cheapest_solver_that_fits_is_chosen() -> None:
    part = CASES["field, tanh"]("bias")[0]
    assert choose_solver(part, N, GIB).solver == min(costs(part, N), key=lambda c: c.seconds).solver
    least = min(costs(part, N), key=lambda c: c.bytes)
    assert choose_solver(part, N, least.bytes).solver == least.solver
    with pytest.raises(MemoryError, match="raise memory="):
        choose_solver(part, N, least.bytes - 1)
    with pytest.raises(MemoryError, match="primal"):
        choose_solver(part, N, 10, "primal")


def test_adam_is_that_of_torch() -> None:
    part = CASES["field, tanh"]("bias")[0]
    moving = BIAS.clone().requires_grad_(True)
    theirs = torch.optim.Adam([moving], lr=0.02, amsgrad=True)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(theirs, 50)
    ours = Adam(epochs=50, maximum=True)
    bias, memory = BIAS, ours.begin(BIAS)
    for _ in range(20):
        moving.grad = 2 * part.at(moving.detach()).gradient()
        theirs.step()
        schedule.step()
        made = ours.step(part, part.at(bias), memory)
        bias, memory = made.theta, made.memory
    torch.testing.assert_close(bias, moving.detach(), rtol=1e-6, atol=1e-9)
