"""Linear problems in closed form, the ridge that bounds a decoder, and signs that are held."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.optimize import minimize

import tonicnet as tn
from tonicnet.circuit import Learnable, circuit_of
from tonicnet.learn._choice import chosen
from tonicnet.learn._field_residual import FieldResidual
from tonicnet.learn._job import Job
from tonicnet.learn._settings import Settings
from tonicnet.solve import Adam, ClosedForm, GaussNewton, LimitedGaussNewton, Limits, Projected, minimise

N, K, SEED = 40, 2, 3
NET = tn.Network(N, seed=0, components=K, transfer="tanh")
QUICK = {"rounds": 0, "restarts": 0, "steps": 6, "seed": SEED, "progress": False}
D = NET.decoder.astype(np.float64)


def problem(name: str) -> FieldResidual:
    """A linear problem with more samples than numbers, of which the free solution is large."""
    rng = np.random.default_rng(0)
    z, y = rng.normal(0, 1, (200, K)), rng.normal(0, 1, (200, K))
    numbers = {"bias": rng.normal(0, 1, N), "scale": np.ones(N), "decoder": D, "gain": np.ones(N)}
    subject = Learnable(circuit_of(NET), numbers, (name,))
    return FieldResidual(subject, torch.tensor(z), torch.tensor(y), torch.full((200,), 1 / 200, dtype=torch.float64))


def limits(name: str, bound: float = np.inf, *, held: bool = False) -> Limits:
    weights = {"scale": (D**2).sum(0), "decoder": np.ones(D.size), "gain": np.zeros(N)}[name]
    return Limits(torch.full((len(weights),), held), torch.tensor(weights), bound * float(np.linalg.norm(D)))


def decoder_of(name: str, theta: torch.Tensor) -> np.ndarray:
    return D * theta.numpy() if name == "scale" else theta.numpy().reshape(K, N)


def solved(name: str, given: Limits) -> tuple[FieldResidual, torch.Tensor]:
    residual = problem(name)
    return residual, minimise(residual, residual.learnable.first, ClosedForm(given), steps=3, stall=0.0)


@pytest.mark.parametrize("name", ["scale", "decoder"])
def test_one_step_is_the_least_squares_solution(name: str) -> None:
    residual, theta = solved(name, limits(name))
    assert residual.linear
    here = residual.at(theta)
    assert float(here.gradient().norm()) < 1e-6 * float(residual.at(residual.learnable.first).gradient().norm())
    assert ClosedForm(limits(name)).step(residual, here, {"solved": torch.ones(())}) is None


@pytest.mark.parametrize("norm", [None, 1.0])
def test_a_bound_takes_few_rows_in_one_step_too(norm: float | None) -> None:
    """625 states tell 2001 numbers: conjugate gradients without a bound, and one step of the numbers within one."""
    net = tn.Network(667, seed=0)
    settings = Settings(learn="decoder", decoder_norm=norm, rounds=0)
    job = Job.on(circuit_of(net, settings.dtype(net)), tn.task("lorenz"), settings)
    learner = job.learner(report=lambda _: None, keep=lambda _: None, state=None)
    stage, residual = next(iter(learner._stages()))
    assert len(residual.states) < learner.problem.learnable().size
    method, _ = chosen(learner.problem, stage, residual)
    assert isinstance(method, ClosedForm) == (norm is not None)


@pytest.mark.parametrize("name", ["scale", "decoder"])
@pytest.mark.parametrize("bound", [0.5, 1.0, 1.5])
def test_the_bound_is_met_by_the_least_ridge(name: str, bound: float) -> None:
    """At the minimum on the sphere the gradient points along P theta: a Lagrange multiplier, positive."""
    given = limits(name, bound)
    residual, theta = solved(name, given)
    assert np.linalg.norm(decoder_of(name, theta)) == pytest.approx(bound * np.linalg.norm(D), rel=2e-6)
    gradient, normal = residual.at(theta).gradient(), given.weights * theta
    ridge = -float(gradient @ normal) / float(normal @ normal)
    assert ridge > 0
    torch.testing.assert_close(gradient, -ridge * normal, rtol=1e-5, atol=1e-7)


def flat_problem(size: int = 60) -> tuple[torch.Tensor, torch.Tensor]:
    """A curvature over ten decades, whose free minimum is a million times as long as the bound below."""
    turn = torch.linalg.qr(torch.randn(size, size, dtype=torch.float64, generator=torch.Generator().manual_seed(2)))[0]
    return (turn * torch.logspace(0, -10, size, dtype=torch.float64)) @ turn.T, turn.sum(1)


@pytest.mark.parametrize("held", [False, True])
@pytest.mark.parametrize("bound", [10.0, 1e3, 1e5])
def test_the_bound_of_a_flat_problem_is_met_in_few_factorisations(
    bound: float, held: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A search by halves between 1e-11 and 1 would take dozens; free numbers meet the Lagrange condition."""
    curvature, right = flat_problem()
    tried: list[float] = []
    least = Limits._least

    def counted(limits: Limits, *given: object) -> object:
        tried.append(given[-1])  # type: ignore[arg-type]
        return least(limits, *given)  # type: ignore[arg-type]

    monkeypatch.setattr(Limits, "_least", counted)
    given = Limits(torch.full((len(right),), held), torch.ones(len(right), dtype=torch.float64), bound)
    made = given.minimum(curvature, right, 1e-11)
    assert made is not None
    x = made.theta
    assert len(tried) <= 12
    assert given.norm(x) == pytest.approx(bound, rel=2e-6)
    pull, free = right - curvature @ x, x > 0 if held else torch.ones_like(x, dtype=torch.bool)
    torch.testing.assert_close(pull[free], made.ridge * x[free], rtol=1e-5, atol=1e-6 * float(pull[free].abs().max()))
    assert float(pull[~free].max() if held else 0.0) <= 0


@pytest.mark.parametrize("times", [0.01, 0.9, 1.1, 100.0])
@pytest.mark.parametrize("bound", [10.0, 1e3, 1e5])
def test_a_guess_of_the_ridge_changes_no_minimum(bound: float, times: float, monkeypatch: pytest.MonkeyPatch) -> None:
    """Near ones save factorisations; those far off, on either side, cost few."""
    curvature, right = flat_problem()
    given = Limits(torch.zeros(len(right), dtype=torch.bool), torch.ones(len(right), dtype=torch.float64), bound)
    plain = given.minimum(curvature, right, 1e-11)
    assert plain is not None
    tried, least = [], Limits._least
    monkeypatch.setattr(Limits, "_least", lambda *given: tried.append(1) or least(*given))
    guessed = given.minimum(curvature, right, 1e-11, times * plain.ridge)
    assert guessed is not None
    torch.testing.assert_close(guessed.theta, plain.theta, rtol=1e-4, atol=1e-5 * float(plain.theta.abs().max()))
    assert len(tried) <= (4 if 0.5 < times < 2 else 12)


def test_a_guess_where_the_bound_holds_nothing_is_let_go() -> None:
    given = Limits(torch.zeros(3, dtype=torch.bool), torch.ones(3, dtype=torch.float64), 10.0)
    found = given.minimum(torch.eye(3).double(), torch.ones(3).double(), 1e-12, 5.0)
    assert found is not None
    assert found.ridge == 0.0
    torch.testing.assert_close(found.theta, torch.ones(3).double())


@pytest.mark.parametrize("bound", [np.inf, 1.2])
def test_signs_are_held_at_the_true_constrained_minimum(bound: float) -> None:
    given = limits("scale", bound, held=True)
    residual, theta = solved("scale", given)
    assert float(theta.min()) >= 0
    assert (theta == 0).any()  # the free minimum has negative ones
    normal = residual.at(residual.learnable.first).normal()
    h, c = normal.curvature.numpy(), (normal.curvature @ residual.learnable.first - normal.gradient).numpy()
    ball = {"type": "ineq", "fun": lambda x: min(given.bound, 1e3) ** 2 - (given.weights.numpy() * x**2).sum()}
    best = minimize(
        lambda x: x @ h @ x - 2 * c @ x, np.ones(N), jac=lambda x: 2 * (h @ x - c), bounds=[(0, None)] * N,
        constraints=[ball], method="SLSQP", options={"ftol": 1e-14, "maxiter": 1000},
    )  # fmt: skip
    found = float(theta @ normal.curvature @ theta) - 2 * float(theta @ torch.tensor(c))
    assert found == pytest.approx(best.fun, rel=1e-5)


def test_limited_steps_of_a_gain_reach_a_minimum_with_signs() -> None:
    """Where a gain is free the gradient vanishes; where it is held at zero the loss would rise."""
    residual = problem("gain")
    method = LimitedGaussNewton(limits("gain", held=True))
    theta = minimise(residual, residual.learnable.first, method, steps=200, stall=0.0)
    first, gradient = residual.at(residual.learnable.first).gradient(), residual.at(theta).gradient()
    assert float(theta.min()) == 0
    assert float(gradient[theta > 0].abs().max()) < 0.01 * float(first.abs().max())
    assert float(gradient[theta == 0].min()) > 0
    free = minimise(residual, residual.learnable.first, GaussNewton(), steps=60, stall=0.0)
    assert float(free.min()) < 0
    assert residual.loss(free) < residual.loss(theta)


def test_limited_steps_without_a_limit_that_matters_end_where_free_ones_do() -> None:
    residual = problem("scale")
    theta = minimise(residual, residual.learnable.first, LimitedGaussNewton(limits("scale", 1e3)), steps=40, stall=0.0)
    _, exact = solved("scale", limits("scale"))
    assert residual.loss(theta) == pytest.approx(residual.loss(exact), rel=1e-4)


def test_projected_adam_stays_within_the_limits() -> None:
    residual, given = problem("scale"), limits("scale", 1.1, held=True)
    theta = minimise(residual, residual.learnable.first, Projected(Adam(epochs=200), given), steps=200, stall=-1.0)
    assert given.hold(theta)
    assert residual.loss(theta) < residual.loss(residual.learnable.first)


# ---------------------------------------------------------------- through the door


@pytest.mark.parametrize(("learn", "rounds"), [("scale", 0), ("decoder", 1)])
def test_the_norm_of_a_learned_decoder_is_bounded_to_the_end(learn: str, rounds: int) -> None:
    given = QUICK | {"rounds": rounds}
    free = tn.fit(NET, "hopf", learn=learn, **given)
    bound = 1.5
    bank = tn.fit(NET, "hopf", learn=learn, decoder_norm=bound, **given)
    assert norm_of(bank, learn) <= bound * (1 + 1e-5)
    assert norm_of(free, learn) > bound
    assert float(bank["loss"].values[0][0]) > float(free["loss"].values[0][0])


def norm_of(bank, learn: str) -> float:
    learned = bank["unit_scale" if learn == "scale" else "decoder"].values[0]
    return float(np.linalg.norm(D * learned if learn == "scale" else learned) / np.linalg.norm(D))


@pytest.mark.parametrize("learn", ["gain", "scale", ("bias", "scale"), ("gain", "scale")])
@pytest.mark.parametrize("method", ["auto", "adam"])
def test_learned_gains_and_scales_keep_their_sign(learn, method: str) -> None:
    names = [learn] if isinstance(learn, str) else learn
    bank = tn.fit(NET, "hopf", learn=learn, nonnegative=True, method=method, **QUICK | {"steps": 3})
    for name in {"gain": "gain", "scale": "unit_scale"}.keys() & set(names):
        assert bank[{"gain": "gain", "scale": "unit_scale"}[name]].min() >= 0
    assert float(bank["loss"].values[0][-1]) < float(bank["loss"].values[0][0]) or learn == "scale"


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        ({"nonnegative": True}, ValueError, 'nonnegative=True holds the signs of gains and scales, and learn="bias"'),
        ({"learn": "gain", "nonnegative": 1}, TypeError, "nonnegative is True or False, got 1"),
        ({"decoder_norm": 2.0}, ValueError, 'decoder_norm bounds .* and learn="bias" has neither; leave it out'),
        ({"learn": ("scale", "decoder"), "decoder_norm": 2.0}, ValueError, "has both; leave it out"),
        ({"learn": "scale", "decoder_norm": 0.0}, ValueError, "decoder_norm is a positive multiple .* got 0"),
        ({"learn": "scale", "decoder_norm": np.nan}, ValueError, "decoder_norm is a positive multiple .* got nan"),
    ],
)  # fmt: skip
def test_limits_of_nothing_are_refused(given: dict, error: type[Exception], said: str) -> None:
    with pytest.raises(error, match=said) as caught:
        tn.fit(NET, "hopf", **QUICK | given)
    assert "\n" not in str(caught.value)


def test_a_curvature_that_rounding_made_indefinite_still_has_a_minimum() -> None:
    """In single precision a Gram matrix of alike features has eigenvalues below zero, deeper than the first ridge."""
    rng = np.random.default_rng(0)
    rows, bent = rng.standard_normal((30, 40)), torch.eye(40, dtype=torch.float64)
    exact = torch.tensor(rows.T @ rows)  # of rank 30
    right = torch.tensor(rows.T @ rng.standard_normal(30))
    given = Limits(torch.zeros(40, dtype=torch.bool), torch.ones(40, dtype=torch.float64), 1.0)
    found = given.minimum(exact - 1e-4 * bent, right, 1e-9)
    assert found is not None
    assert given.hold(found.theta)
    at_best = given.minimum(exact, right, 1e-9)
    assert at_best is not None
    value = lambda made: float(made.theta @ exact @ made.theta - 2 * right @ made.theta)  # noqa: E731
    assert value(found) <= value(at_best) + 1e-3 * abs(value(at_best))
