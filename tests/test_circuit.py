"""The network equation against plain numpy, and its transposes and derivatives against each other and differences."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pytest
import torch
from scipy.linalg import expm

import tonicnet as tn
from tonicnet.circuit import (
    EULER,
    RK4,
    Bundle,
    Dynamics,
    Learnable,
    LowRank,
    Recurrent,
    Tableau,
    Variation,
    circuit_of,
    combine,
    placed,
    runge_kutta,
    step,
)
from tonicnet.circuit._loop import CompiledLoop, TorchLoop, loop_of
from tonicnet.parameters import LEARNABLE, SETS, sets_for

N, K, ROWS = 30, 2, 4
KINDS = {
    "low-rank": {},
    "dense": {"synapses": "dense", "gain": 1.3},
    "dense, no feedback": {"synapses": "dense", "feedback": False, "gain": 1.3},
    "sparse": {"synapses": "sparse", "density": 0.3, "gain": 1.3},
}
USES = {"bias": ["bias"], "all": ["bias", "gain", "scale", "decoder"], "every": [*LEARNABLE]}


class Case(NamedTuple):
    """A network in plain numpy, and the same one as dynamics."""

    net: tn.Network
    numbers: dict[str, np.ndarray]
    dynamics: Dynamics
    rng: np.random.Generator

    @property
    def latent(self) -> bool:
        return self.net.low_rank

    @property
    def encoder(self) -> np.ndarray:
        drawn = self.numbers.get("encoder", self.net.encoder).astype(float)
        return drawn + (
            self.numbers["update-left"] @ self.numbers["update-latent"] if "update-latent" in self.numbers else 0
        )

    @property
    def decoder(self) -> np.ndarray:
        return self.numbers.get("decoder", self.net.decoder.astype(float))

    @property
    def synapses(self) -> np.ndarray:
        """W alone, unit by unit; zero for a low-rank network."""
        if self.latent:
            return np.zeros((N, N))
        drawn = self.numbers.get("recurrent", self.net.recurrent @ np.eye(N))
        return drawn + (
            self.numbers["update-left"] @ self.numbers["update-right"] if "update-right" in self.numbers else 0
        )

    def from_state(self, closed: float = 1.0) -> np.ndarray:
        """The matrix of the map from a state to inputs of units."""
        if self.latent:
            return closed * self.encoder
        return self.synapses + (closed if self.net.spec.feedback else 0.0) * self.encoder @ self.decoder

    @property
    def scale(self) -> np.ndarray | float:
        return self.numbers.get("mask", 1.0) * self.numbers.get("scale", 1.0)

    def respond(self, h: np.ndarray) -> np.ndarray:
        """s tanh(g h), the tonic input in h."""
        return self.scale * np.tanh(self.numbers.get("gain", 1.0) * h)

    def slope(self, h: np.ndarray) -> np.ndarray:
        g, s = self.numbers.get("gain", 1.0), self.scale
        return s * g / np.cosh(g * h) ** 2

    @property
    def into_state(self) -> np.ndarray:
        """C: what rates are in the state."""
        return self.decoder if self.latent else np.eye(N)

    def states(self) -> np.ndarray:
        return self.rng.normal(0, 1, (ROWS, self.dynamics.circuit.size))


_DRAWN = ("bias", "gain", "scale", "decoder")


def numbers_of(net: tn.Network, names: list[str], rng: np.random.Generator) -> dict[str, np.ndarray]:
    drawn = {
        "bias": rng.normal(0, 1, N),
        "gain": rng.uniform(0.5, 1.5, N),
        "scale": rng.normal(1, 0.3, N),
        "decoder": net.decoder + rng.normal(0, 0.2, (K, N)),
    }
    used = [name for name in sets_for(tuple(names), net) if not SETS[name].lacks(net)]
    drawn |= {name: SETS[name].first(net, 2, rng) for name in used if name not in drawn}
    drawn |= {name: drawn[name] + rng.normal(0, 0.2, drawn[name].shape) for name in used if name not in _DRAWN}
    return {name: drawn[name] for name in used}


@pytest.fixture(params=[(kind, uses) for kind in KINDS for uses in USES], ids=" ".join)
def case(request: pytest.FixtureRequest) -> Case:
    kind, uses = request.param
    net = tn.Network(N, seed=3, components=K, transfer="tanh", **KINDS[kind])
    rng = np.random.default_rng(0)
    numbers = numbers_of(net, USES[uses], rng)
    return Case(net, numbers, placed(circuit_of(net), numbers), rng)


def same(made: torch.Tensor, wanted: np.ndarray, atol: float = 1e-12) -> None:
    assert made.shape == wanted.shape
    np.testing.assert_allclose(made.numpy(), wanted, atol=atol)


# ---------------------------------------------------------------- what the synapses bring


@pytest.mark.parametrize("closed", [1.0, 0.3, 0.0])
def test_drive_is_the_equation(case: Case, closed: float) -> None:
    x, fed, onto = case.states(), case.rng.normal(size=(ROWS, K)), case.rng.normal(size=(ROWS, N))
    wanted = x @ case.from_state(closed).T
    circuit = case.dynamics.circuit
    same(circuit.drive(torch.tensor(x), torch.tensor(onto), None, closed), onto + wanted)
    made = circuit.drive(torch.tensor(x), torch.tensor(onto), torch.tensor(fed), closed)
    same(made, onto + wanted + fed @ case.encoder.T)
    same(circuit.fed(torch.tensor(fed), torch.tensor(onto)), onto + fed @ case.encoder.T)
    same(case.dynamics.drive(torch.tensor(x), closed=closed), case.numbers["bias"] + wanted)


@pytest.mark.parametrize("closed", [1.0, 0.3, 0.0])
def test_pull_is_the_transpose_of_drive(case: Case, closed: float) -> None:
    circuit = case.dynamics.circuit
    x, y = torch.tensor(case.states()), torch.tensor(case.rng.normal(size=(ROWS, N)))
    brought = circuit.drive(x, torch.zeros(N, dtype=torch.float64), None, closed)
    assert float((brought * y).sum()) == pytest.approx(float((x * circuit.pull(y, closed)).sum()), abs=1e-10)
    same(circuit.pull(y, closed), y.numpy() @ case.from_state(closed))


def test_spread_is_the_transpose_of_collect(case: Case) -> None:
    circuit = case.dynamics.circuit
    rate, adjoint = torch.tensor(case.rng.normal(size=(ROWS, N))), torch.tensor(case.states())
    same(circuit.collect(rate), rate.numpy() @ case.into_state.T)
    there, back = (circuit.collect(rate) * adjoint).sum(), (rate * circuit.spread(adjoint)).sum()
    assert float(there) == pytest.approx(float(back), abs=1e-10)


def test_through_synapses_has_neither_tonic_input_nor_feedback(case: Case) -> None:
    x = case.states()
    wanted = case.encoder if case.latent else case.synapses
    same(case.dynamics.circuit.through_synapses(torch.tensor(x)), x @ wanted.T)


def test_linear_and_pushed_are_one_matrix(case: Case) -> None:
    circuit = case.dynamics.circuit
    gain, v = case.rng.normal(size=(ROWS, N)), case.rng.normal(size=(ROWS, 3, circuit.size))
    wanted = np.einsum("sn,rn,nt->rst", case.into_state, gain, case.from_state())
    same(circuit.linear(torch.tensor(gain)), wanted)
    same(circuit.pushed(torch.tensor(gain), torch.tensor(v)), np.einsum("rst,rmt->rms", wanted, v))


def test_output_and_rates_of_a_state(case: Case) -> None:
    circuit, x, rate = case.dynamics.circuit, case.states(), case.rng.normal(size=(ROWS, N))
    same(circuit.output(torch.tensor(x)), x if case.latent else x @ case.decoder.T)
    same(circuit.rates(torch.tensor(x), torch.tensor(rate)), rate if case.latent else x)


# ---------------------------------------------------------------- the dynamics


def test_flow_is_the_equation(case: Case) -> None:
    x, fed = case.states(), case.rng.normal(size=(ROWS, K))
    h = case.numbers["bias"] + x @ case.from_state().T
    same(case.dynamics.flow(torch.tensor(x)), case.respond(h) @ case.into_state.T - x)
    same(case.dynamics.rate(torch.tensor(x)), case.respond(h))
    h = case.numbers["bias"] + x @ case.from_state(0.0).T + fed @ case.encoder.T
    made = case.dynamics.flow(torch.tensor(x), fed=torch.tensor(fed), closed=0.0)
    same(made, case.respond(h) @ case.into_state.T - x)


def test_jacobian_is_that_of_differences(case: Case) -> None:
    dynamics, x = case.dynamics, case.states()
    moves = 1e-5 * torch.eye(dynamics.circuit.size, dtype=torch.float64)
    for row, made in zip(torch.tensor(x), dynamics.jacobian(torch.tensor(x)), strict=True):
        differences = (dynamics.flow(row + moves) - dynamics.flow(row - moves)) / 2e-5
        np.testing.assert_allclose(made.numpy(), differences.T.numpy(), atol=1e-8)
    h = case.numbers["bias"] + x @ case.from_state().T
    same(dynamics.jacobian(torch.tensor(x)), dynamics.linear(torch.tensor(case.slope(h))).numpy())


def test_tangent_is_flow_and_jacobian(case: Case) -> None:
    dynamics, x = case.dynamics, torch.tensor(case.states())
    v = torch.tensor(case.rng.normal(size=(ROWS, 3, dynamics.circuit.size)))
    flow, pushed = dynamics.tangent(x, v)
    same(flow, dynamics.flow(x).numpy())
    same(pushed, torch.einsum("rst,rmt->rms", dynamics.jacobian(x), v).numpy())
    assert dynamics.tangent(x, v[:, :0])[1].shape == (ROWS, 0, dynamics.circuit.size)


def test_the_output_of_a_state_is_the_one_asked_for(case: Case) -> None:
    z = case.rng.normal(size=(ROWS, K))
    state = case.dynamics.state(torch.tensor(z))
    same(case.dynamics.output(state), z, atol=1e-11)


def test_a_state_without_feedback_has_the_least_norm() -> None:
    net = tn.Network(N, seed=3, components=K, transfer="tanh", synapses="dense", feedback=False)
    z = np.random.default_rng(0).normal(size=(ROWS, K))
    state = placed(circuit_of(net), {"bias": np.ones(N)}).state(torch.tensor(z))
    same(state, z @ np.linalg.pinv(net.decoder.astype(float)).T, atol=1e-10)


def test_a_state_with_feedback_rests_while_its_output_is_fed_back() -> None:
    """Weak synapses: rates rest after ten time constants; D r is then corrected to z by the least change."""
    net = tn.Network(N, seed=3, components=K, transfer="tanh", synapses="dense", gain=0.3)
    z, b = np.random.default_rng(0).normal(size=(ROWS, K)), np.random.default_rng(1).normal(size=N)
    w, e, d = net.recurrent.astype(float), net.encoder.astype(float), net.decoder.astype(float)
    rest = np.zeros((ROWS, N))
    for _ in range(500):
        rest = np.tanh(rest @ w.T + z @ e.T + b)
    wanted = rest + (z - rest @ d.T) @ np.linalg.pinv(d).T
    same(placed(circuit_of(net), {"bias": b}).state(torch.tensor(z)), wanted, atol=1e-3)


@pytest.mark.parametrize("learned", ["bias", "gain", "scale"])
def test_responses_are_differentiated_by_the_learned_numbers(learned: str) -> None:
    net = tn.Network(N, seed=3, components=K, transfer="tanh")
    rng = np.random.default_rng(0)
    numbers, z = numbers_of(net, USES["all"], rng), torch.tensor(rng.normal(size=(ROWS, K)))

    def rates(t: np.ndarray) -> torch.Tensor:
        return placed(circuit_of(net), numbers | {learned: t}).rate(z)

    response = placed(circuit_of(net), numbers, (learned,)).respond(z)
    differences = (rates(numbers[learned] + 1e-5) - rates(numbers[learned] - 1e-5)) / 2e-5  # each unit has its own
    same(response.rate, rates(numbers[learned]).numpy())
    same(response.touch[learned], differences.numpy(), atol=1e-9)
    assert list(response.touch) == [learned]
    assert not placed(circuit_of(net), numbers).respond(z).touch


def test_neutral_numbers_are_those_of_the_drawn_network(case: Case) -> None:
    x = torch.tensor(case.states())
    neutral = {name: one.neutral(case.net) for name, one in SETS.items() if not one.lacks(case.net)}
    wanted = placed(circuit_of(case.net), {}).flow(x)
    same(placed(circuit_of(case.net), neutral).flow(x), wanted.numpy())


def test_theta_is_the_learned_numbers_in_a_row() -> None:
    net = tn.Network(N, seed=3, components=K, transfer="tanh")
    numbers = numbers_of(net, USES["all"], np.random.default_rng(0))
    z = torch.tensor(np.random.default_rng(1).normal(size=(ROWS, K)))
    for name in numbers:
        learnable = Learnable(circuit_of(net), numbers, (name,))
        assert learnable.size == numbers[name].size
        same(learnable.first, numbers[name].ravel(), atol=0)
        moved = learnable.at(learnable.first + 0.1).flow(z)
        same(moved, placed(circuit_of(net), numbers | {name: numbers[name] + 0.1}).flow(z).numpy())


# ---------------------------------------------------------------- kinds of circuits


def test_which_circuit_a_network_has() -> None:
    low, dense = tn.Network(N, seed=0), tn.Network(N, seed=0, synapses="dense")
    assert isinstance(circuit_of(low), LowRank)
    assert isinstance(circuit_of(low, rates=True), Recurrent)
    assert isinstance(circuit_of(dense), Recurrent)
    assert (circuit_of(low).size, circuit_of(low, rates=True).size) == (3, N)


def test_rates_of_a_low_rank_network_move_its_latent() -> None:
    """dz/ds = D dr/ds for z = D r, whatever the rates."""
    net = tn.Network(N, seed=3, components=K, transfer="tanh")
    rng = np.random.default_rng(0)
    numbers, r = numbers_of(net, USES["all"], rng), torch.tensor(rng.normal(size=(ROWS, N)))
    whole = placed(circuit_of(net, rates=True), numbers)
    z = whole.output(r)
    same(whole.output(whole.flow(r)), placed(circuit_of(net), numbers).flow(z).numpy())


@pytest.mark.parametrize("kind", KINDS)
def test_another_decoder_leaves_the_circuit_as_it_was(kind: str) -> None:
    net = tn.Network(N, seed=3, components=K, transfer="tanh", **KINDS[kind])
    before, circuit = net.sha256, circuit_of(net)
    x = torch.tensor(np.random.default_rng(0).normal(size=(ROWS, circuit.size)))
    wanted = placed(circuit, {"bias": np.ones(N)}).flow(x)
    other = placed(circuit, {"bias": np.ones(N), "decoder": 2.0 * net.decoder})
    if net.spec.feedback:
        assert not torch.allclose(other.flow(x), wanted)
    else:
        same(other.output(x), 2 * circuit.output(x).numpy())
    assert torch.equal(placed(circuit, {"bias": np.ones(N)}).flow(x), wanted)
    circuit.into.zero_()
    circuit.out.zero_()
    assert net.verify() == before


# ---------------------------------------------------------------- steps


TABLEAUX = {
    "euler": EULER,
    "rk4": RK4,
    "midpoint": Tableau(stages=((), (0.5,)), weights=(0.0, 1.0), order=2),
}


@pytest.mark.parametrize("name", TABLEAUX)
def test_steps_of_arrays_are_steps_of_tensors(name: str) -> None:
    x = np.random.default_rng(0).normal(size=(5, 3))

    def field(x: np.ndarray | torch.Tensor) -> np.ndarray | torch.Tensor:
        return x**2 - 0.3 * x

    made = runge_kutta(field, torch.tensor(x), 0.1, TABLEAUX[name])
    np.testing.assert_allclose(made.numpy(), runge_kutta(field, x, 0.1, TABLEAUX[name]), rtol=1e-14)
    slopes = [x, 2 * x, 3 * x]
    np.testing.assert_allclose(combine(x, 0.5, (1.0, 0.0, -2.0), slopes), x + 0.5 * (x - 6 * x), rtol=1e-14)


@pytest.mark.parametrize("method", ["euler", "rk4", "exponential-euler"])
def test_a_step_of_a_leak_is_its_own_polynomial(method: str) -> None:
    h, x = 0.3, np.array([[1.0, -2.0]])
    factor = {"euler": 1 - h, "rk4": 1 - h + h**2 / 2 - h**3 / 6 + h**4 / 24, "exponential-euler": np.exp(-h)}
    np.testing.assert_allclose(step(lambda x: -x, x, h, method), factor[method] * x, rtol=1e-14)


def taylor(a: np.ndarray, h: float) -> np.ndarray:
    """What a method of order 4 makes of exp(h A)."""
    powers = [np.linalg.matrix_power(h * a, p) for p in range(5)]
    return powers[0] + powers[1] + powers[2] / 2 + powers[3] / 6 + powers[4] / 24


@pytest.mark.parametrize("discrete", [False, True])
def test_a_variation_of_a_linear_flow_is_exact(discrete: bool) -> None:
    rng = np.random.default_rng(0)
    a, h = rng.normal(size=(3, 3)), 0.1
    shift = rng.normal(size=3)
    variation = Variation.of(
        lambda x: x @ a.T + shift, lambda x: np.broadcast_to(a, (len(x), 3, 3)), h, discrete=discrete
    )
    x, v = rng.normal(size=(4, 3)), rng.normal(size=(4, 2, 3))
    now = variation.step(Bundle(x, v))
    moves = np.eye(3) + h * a if discrete else taylor(a, h)
    rest = np.linalg.solve(a, -shift)
    np.testing.assert_allclose(now.v, v @ moves.T, atol=1e-13)
    np.testing.assert_allclose(now.x, rest + (x - rest) @ moves.T, atol=1e-12)
    if not discrete:
        assert np.abs(moves - expm(h * a)).max() < h**5
    run = variation.run(x, 6, every=3)
    np.testing.assert_allclose(run[:, 1], rest + (x - rest) @ np.linalg.matrix_power(moves, 3).T, atol=1e-12)
    np.testing.assert_array_equal(run[:, 0], x)
    assert run.shape == (4, 3, 3)


# ---------------------------------------------------------------- runs


@pytest.mark.parametrize("method", ["rk4", "euler", "exponential-euler"])
def test_compiled_and_torch_runs_agree(case: Case, method: str) -> None:
    """Through a switch, under inputs and noise."""
    dynamics, rng = case.dynamics, case.rng
    state = torch.tensor(case.states()[:2])
    u, noise = torch.tensor(rng.normal(size=(5, 2, K))), torch.tensor(rng.normal(size=(5, 2, N)))
    given = {"filter": case.net.filter, "h": 0.1, "method": method, "keeps": True}
    torch_loop = TorchLoop(dynamics, state, *given.values(), dense=1)
    fast = loop_of(dynamics, state, **given)
    if not isinstance(fast, CompiledLoop):
        pytest.skip("no compiled code here")
    after = placed(circuit_of(case.net), case.numbers | {"bias": -case.numbers["bias"]})
    for loop in (torch_loop, fast):
        loop.advance(3)
        loop.under(after)
    one, two = (loop.advance(5, u, noise) for loop in (torch_loop, fast))
    same(two.output, one.output.numpy(), atol=1e-11)
    same(two.states, one.states.numpy(), atol=1e-11)
    same(fast.state, torch_loop.state.numpy(), atol=1e-11)
