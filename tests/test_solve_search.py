"""Masks and permutations: changes of the loss that are exact, minima that no move lowers, and their doors."""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations

import numpy as np
import pytest
import torch

import tonicnet as tn
from tonicnet.circuit import RK4, Learnable, circuit_of
from tonicnet.learn import _field_exchange
from tonicnet.learn._field_residual import FieldResidual
from tonicnet.learn._latent_windows import LatentWindows
from tonicnet.learn._windows import Windows
from tonicnet.solve import Annealed, FlipSearch, Method, Residual, StraightThrough, SwapSearch, minimise
from tonicnet.solve._swaps import Model

N, K, SEED = 14, 2, 3
RNG = np.random.default_rng(5)
BIAS = RNG.normal(0, 1, N)
Z, Y = (torch.tensor(RNG.normal(0, 1, (60, K))) for _ in range(2))


def subject(name: str, transfer: str = "tanh") -> Learnable:
    net = tn.Network(N, seed=0, components=K, transfer=transfer)
    first = {
        "bias": BIAS,
        "mask": np.ones(N),
        "decoder": net.decoder.astype(float),
        "encoder": net.encoder.astype(float),
    }
    return Learnable(circuit_of(net), {"bias": BIAS, name: first[name]}, (name,))


def field(name: str, transfer: str = "tanh") -> FieldResidual:
    weights = torch.linspace(1, 2, len(Z), dtype=torch.float64)
    return FieldResidual(subject(name, transfer), Z, Y, weights / weights.sum())


def windows(name: str) -> LatentWindows:
    path = torch.randn(6, 9, K, dtype=torch.float64, generator=torch.Generator().manual_seed(1)).cumsum(1) / 3
    return LatentWindows(subject(name), Windows(path, driven=2, scored=(2, 4, 6, 8)), 0.3, RK4)


SHAPES = {"bias": ((N,), 0), "decoder": ((K, N), 1), "encoder": ((N, K), 0)}


def swapped(theta: torch.Tensor, name: str, i: int, j: int) -> torch.Tensor:
    shape, axis = SHAPES[name]
    values = theta.view(shape).movedim(axis, 0).clone()
    values[[i, j]] = values[[j, i]]
    return values.movedim(0, axis).reshape(-1)


# ---------------------------------------------------------------- masks


@pytest.mark.parametrize("start", ["all", "half"])
def test_no_flip_and_no_pair_of_flips_lowers_the_loss_of_a_searched_mask(start: str) -> None:
    residual = field("mask")
    first = torch.ones(N, dtype=torch.float64) if start == "all" else (torch.arange(N) % 2).double()
    mask = minimise(residual, first, FlipSearch(), steps=20, stall=0.0)
    assert set(mask.tolist()) <= {0.0, 1.0}
    loss = residual.loss(mask)
    assert loss < residual.loss(first)
    for moved in (*combinations(range(N), 1), *combinations(range(N), 2)):
        other = mask.clone()
        other[list(moved)] = 1 - other[list(moved)]
        assert residual.loss(other) >= loss * (1 - 1e-6)


def test_a_searched_mask_is_near_the_best_of_all() -> None:
    """All masks of fourteen units, by the quadratic that the loss is."""
    residual = field("mask")
    here = residual.at(torch.zeros(N, dtype=torch.float64))
    h, g = here.normal().curvature.numpy(), here.gradient().numpy()
    masks = (np.arange(2**N)[:, None] >> np.arange(N)) & 1
    losses = here.loss + 2 * masks @ g + ((masks @ h) * masks).sum(1)
    found = residual.loss(minimise(residual, torch.ones(N, dtype=torch.float64), FlipSearch(), steps=20, stall=0.0))
    assert losses[-1] == pytest.approx(residual.loss(torch.ones(N, dtype=torch.float64)))
    assert found >= losses.min() - 1e-9
    assert np.mean(losses < found - 1e-9) < 1e-3


@pytest.mark.parametrize("method", [Annealed(epochs=300), StraightThrough(epochs=300)], ids=["annealed", "through"])
def test_masks_by_gradients_end_at_masks_of_lower_loss(method: Method) -> None:
    residual, first = field("mask"), torch.ones(N, dtype=torch.float64)
    mask = minimise(residual, first, method, steps=300, stall=-1e9)
    assert set(mask.tolist()) <= {0.0, 1.0}
    searched = residual.loss(minimise(residual, first, FlipSearch(), steps=20, stall=0.0))
    assert searched * (1 - 1e-9) <= residual.loss(mask) < 0.7 * residual.loss(first)


def test_straight_through_returns_the_best_mask_it_saw() -> None:
    residual, method = field("mask"), StraightThrough(epochs=40)
    theta, memory, seen = torch.ones(N, dtype=torch.float64), method.begin(torch.ones(N, dtype=torch.float64)), []
    for _ in range(40):
        here = residual.at(theta)
        seen.append(here.loss)
        made = method.step(residual, here, memory)
        theta, memory = made.theta, made.memory
    assert residual.loss(theta) == min(seen) == made.loss


def test_an_annealed_step_is_one_of_adam_on_the_logits() -> None:
    residual, first = field("mask"), torch.ones(N, dtype=torch.float64)
    logit = torch.ones(N, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.Adam([logit], lr=0.02)
    soft = torch.sigmoid(logit)
    rates = torch.tanh(Z @ residual.learnable.circuit.into + torch.tensor(BIAS))
    error = (soft * rates) @ residual.learnable.circuit.out - Y
    (residual.weights[:, None] * error.square()).sum().backward()
    optimiser.step()
    method = Annealed(epochs=10)
    made = method.step(residual, residual.at(first), method.begin(first))
    torch.testing.assert_close(made.memory["logit"], logit.detach(), rtol=1e-9, atol=1e-12)


# ---------------------------------------------------------------- permutations


@pytest.mark.parametrize("roots", [None, (1.0, 0.3)])
@pytest.mark.parametrize("transfer", ["tanh", "lif"])
@pytest.mark.parametrize("name", ["bias", "encoder"])
def test_changes_of_the_field_by_swaps_are_exact(name: str, transfer: str, roots: tuple[float, ...] | None) -> None:
    residual = field(name, transfer)
    residual = replace(residual, roots=None if roots is None else torch.tensor(roots, dtype=torch.float64))
    theta = residual.learnable.first
    exchange = residual.exchange(theta)
    for i, j in ((0, 3), (5, 2)):  # the second after the first was made
        loss = residual.loss(theta)
        wanted = [residual.loss(swapped(theta, name, i, n)) - loss for n in range(N)]
        np.testing.assert_allclose(exchange.changes(i), wanted, atol=1e-10)
        exchange.swap(i, j)
        theta = swapped(theta, name, i, j)
        torch.testing.assert_close(exchange.theta, theta, rtol=0, atol=0)


def large(name: str, transfer: str, dtype: torch.dtype = torch.float64, k: int = K) -> FieldResidual:
    """A field of more units than partners are looked at, at states that do not fill the last block."""
    net, count, rng = tn.Network(270, seed=0, components=k, transfer=transfer), 1500, np.random.default_rng(7)
    first = {"bias": rng.normal(0, 1, 270)} | ({} if name == "bias" else {name: net.encoder.astype(float)})
    states, targets = (torch.tensor(rng.normal(0, 1, (count, k)), dtype=dtype) for _ in range(2))
    weights = torch.full((count,), 1 / count, dtype=dtype)
    return FieldResidual(Learnable(circuit_of(net, dtype), first, (name,)), states, targets, weights)


def swept(residual: FieldResidual) -> torch.Tensor:
    into = residual.learnable.circuit.into.clone()
    exchange = residual.exchange(residual.learnable.first)
    exchange.sweep(np.random.default_rng(3), 270, 1e-6)
    torch.testing.assert_close(residual.learnable.circuit.into, into, rtol=0, atol=0)
    return exchange.theta


@pytest.mark.parametrize(
    ("name", "transfer", "k"),
    [*((name, transfer, K) for name in ("bias", "encoder") for transfer in ("tanh", "lif")),
     *(("bias", "tanh", k) for k in (1, 3, 4, 6))],
)  # fmt: skip
def test_compiled_sweeps_make_the_swaps_that_torch_makes(
    name: str, transfer: str, k: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    residual = large(name, transfer, k=k)
    compiled = swept(residual)
    monkeypatch.setattr(_field_exchange, "sweep_of_swaps", lambda *_, **__: None)
    theta = swept(residual)
    assert residual.loss(theta) < 0.9 * residual.loss(residual.learnable.first)
    torch.testing.assert_close(compiled, theta, rtol=0, atol=0)


@pytest.mark.parametrize("transfer", ["tanh", "lif"])
def test_a_sweep_in_single_precision_lowers_the_loss_as_far(transfer: str) -> None:
    high, low = (large("bias", transfer, dtype) for dtype in (torch.float64, torch.float32))
    assert high.loss(swept(low)) == pytest.approx(high.loss(swept(high)), rel=0.05)


def test_no_swap_is_made_where_errors_are_no_numbers() -> None:
    residual = large("bias", "tanh")
    targets = residual.targets.clone()
    targets[7] = torch.nan
    exchange = replace(residual, targets=targets).exchange(residual.learnable.first)
    exchange.sweep(np.random.default_rng(0), 270, 0.0)
    torch.testing.assert_close(exchange.theta, residual.learnable.first, rtol=0, atol=0)


@pytest.mark.parametrize("name", SHAPES)
def test_no_swap_lowers_the_loss_of_a_searched_permutation(name: str) -> None:
    residual = field(name)
    first = residual.learnable.first
    theta = minimise(residual, first, SwapSearch(*SHAPES[name]), steps=50, stall=0.0)
    loss = residual.loss(theta)
    assert loss < 0.9 * residual.loss(first)
    for i, j in combinations(range(N), 2):
        assert residual.loss(swapped(theta, name, i, j)) >= loss * (1 - 1e-6)
    assert sorted(theta.tolist()) == sorted(first.tolist())


@pytest.mark.parametrize("name", SHAPES)
def test_swaps_promise_what_they_change_the_model_by_and_damping_keeps_them_among_close_numbers(name: str) -> None:
    residual = windows(name)
    here = residual.at(residual.learnable.first)
    normal, search = here.normal(), SwapSearch(*SHAPES[name])
    model, lengths = Model(search, here, curved=True), []
    for damping in (0.0, 1.0, 0.0):  # the model is as it was after each
        pairs, promised = model.proposed(np.random.default_rng(0), 0.0, damping)
        theta = here.theta
        for i, j in pairs:
            theta = swapped(theta, name, i, j)
        step = theta - here.theta
        assert len(set(pairs.flatten())) == 2 * len(pairs) > 0
        assert promised == pytest.approx(float(2 * normal.gradient @ step + step @ normal.curvature @ step), rel=1e-6)
        lengths.append(float(step.square().sum()))
    assert lengths[1] < lengths[0] == lengths[2]
    pairs, promised = model.proposed(np.random.default_rng(0), 0.0, 1e9)
    assert (len(pairs), promised) == (0, 0.0)


@pytest.mark.parametrize("name", ["bias", "decoder", "encoder", "mask"])
def test_search_lowers_the_loss_of_windows_whose_changes_are_not_known_exactly(name: str) -> None:
    residual: Residual = windows(name)
    assert residual.exchange(residual.learnable.first) is None
    first = residual.learnable.first
    method = FlipSearch() if name == "mask" else SwapSearch(*SHAPES[name])
    theta, losses = first, [residual.loss(first)]
    memory = method.begin(first)
    while (made := method.step(residual, residual.at(theta), memory)) is not None:
        theta, memory = made.theta, made.memory
        losses.append(residual.loss(theta))
        assert made.loss == pytest.approx(losses[-1])
    assert len(losses) > 2
    assert (np.diff(losses) < 0).all()
    if name != "mask":
        assert sorted(theta.tolist()) == sorted(first.tolist())


def test_exact_swaps_are_not_claimed_where_other_numbers_act() -> None:
    known = field("bias")
    gained = Learnable(known.learnable.circuit, {"bias": BIAS, "gain": 2 * np.ones(N)}, ("bias",))
    residual = FieldResidual(gained, known.states, known.targets, known.weights)
    assert residual.exchange(residual.learnable.first) is None
    theta = minimise(residual, residual.learnable.first, SwapSearch(*SHAPES["bias"]), steps=50, stall=0.0)
    assert residual.loss(theta) < residual.loss(residual.learnable.first)


# ---------------------------------------------------------------- the door


NET = tn.Network(40, seed=0, components=K, transfer="tanh")
QUICK = {"rounds": 0, "restarts": 0, "steps": 2, "seed": SEED, "progress": False}


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"learn": "mask", "method": "adam"}, "does not learn 'mask'; take one of \"auto\", \"search\", \"annealed\""),
        ({"learn": "permutation", "method": "annealed"}, "does not learn 'permutation'; take one of \"auto\", "),
        ({"learn": "bias", "method": "search"}, "does not learn 'bias'; take one of \"auto\", \"gauss-newton\""),
        ({"learn": "mask", "screen": 2}, 'screening takes Gauss-Newton steps, and learn="mask" is searched for'),
        ({"learn": ("bias", "mask")}, "adds 'mask', which is searched for, to other numbers; learn it alone"),
        ({"learn": ("gain", "row-permutation")}, "adds 'row-permutation', which is searched for"),
        ({"learn": "decoder-permutation", "decoder_norm": 1.0}, "decoder_norm bounds .* has neither"),
    ],
)  # fmt: skip
def test_what_is_searched_for_is_learned_alone_and_by_its_methods(given: dict, said: str) -> None:
    with pytest.raises(ValueError, match=said) as caught:
        tn.fit(NET, "hopf", **QUICK | given)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("method", ["search", "annealed", "straight-through"])
def test_a_bank_holds_a_mask_of_ones_and_zeros(method: str) -> None:
    bank = tn.fit(NET, "hopf", learn="mask", method=method, **QUICK)
    assert set(np.unique(bank["mask"])) == {0.0, 1.0}
    assert str(bank["method"].values[0]).endswith({"search": "search by flips"}.get(method, f"{method} masks"))


@pytest.mark.parametrize(
    ("learn", "variable"), [("permutation", "bias"), ("decoder-permutation", "decoder"), ("row-permutation", "encoder")]
)
def test_a_bank_holds_the_numbers_and_whose_they_were(learn: str, variable: str) -> None:
    bank = tn.fit(NET, "hopf", learn=learn, **QUICK)
    order = bank["permutation"].values[0]
    assert sorted(order) == list(range(40))
    assert (order != np.arange(40)).any()
    first = {"bias": tn.learn.first_bias(NET, seed=SEED), "decoder": NET.decoder, "encoder": NET.encoder}[variable]
    learned = bank[variable].values[0]
    np.testing.assert_array_equal(learned, first[:, order] if variable == "decoder" else first[order])
