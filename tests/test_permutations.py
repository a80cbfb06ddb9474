"""Learning by permutation: hinges and their draws, readouts in another order, annealed swaps and ranks."""

from __future__ import annotations

from itertools import combinations, permutations

import numpy as np
import pytest
import torch

import tonicnet as tn
from tonicnet.circuit import Learnable, circuit_of
from tonicnet.learn import first_bias
from tonicnet.learn._draw import Draw
from tonicnet.learn._field_residual import FieldResidual
from tonicnet.learn._ordered_readout import OrderedReadout
from tonicnet.solve import Adam, AnnealedSwaps, GridMoves, RankReplacement, minimise

HINGED = {"inputs": 1, "outputs": 1, "synapses": "feed-forward", "transfer": "relu", "weights": "hinges"}
HINGED_READOUTS = ("equidistant", "pairwise", "uniform", "xavier", "he")
RNG = np.random.default_rng(4)
N, K, S = 7, 2, 40


def net_of(units: int = 40, readout: str = "pairwise", seed: int = 0, **given: object) -> tn.Network:
    return tn.Network(units, seed=seed, **{**HINGED, "readout": readout, **given})


def ordered(units: int = N) -> OrderedReadout:
    rates = torch.tensor(RNG.normal(1, 1, (S, units)))
    return OrderedReadout(rates, torch.tensor(RNG.normal(2, 1, (S, K))) + rates[:, :K])


def readout(units: int = N) -> torch.Tensor:
    return torch.tensor(RNG.normal(0.2, 1, (K, units))).flatten()


def by_least_squares(residual: OrderedReadout, theta: torch.Tensor) -> float:
    """The loss by numpy's least squares, a scale below zero left out."""
    total, c = 0.0, theta.view(K, -1).numpy()
    for k, y in enumerate(residual.targets.numpy().T):
        made = residual.rates.numpy() @ c[k]
        (_, scale), left, *_ = np.linalg.lstsq(np.stack([np.ones(S), made], 1), y, rcond=None)
        total += left[0] / S if scale > 0 else y.var()
    return total


def swapped(theta: torch.Tensor, *pairs: tuple[int, int]) -> torch.Tensor:
    c = theta.view(K, -1).clone()
    for i, j in pairs:
        c[:, [i, j]] = c[:, [j, i]]
    return c.flatten()


# ---------------------------------------------------------------- hinges


def test_hinges_cover_an_even_input_in_pairs() -> None:
    net = net_of(40)
    assert np.array_equal(np.sign(net.encoder[:, 0]), np.repeat([1, -1], 20))
    places = -first_bias(net, seed=3) / net.encoder[:, 0]
    np.testing.assert_allclose(places[:20], 3**0.5 * np.linspace(-1, 1, 20), rtol=1e-6)
    np.testing.assert_allclose(places[20:], places[:20], rtol=1e-6)


def test_units_of_a_pair_have_opposite_numbers() -> None:
    drawn = net_of(40, "pairwise", decoder_scale=3.0).decoder[0].astype(float)
    np.testing.assert_allclose(drawn[20:], -drawn[:20], rtol=1e-6)
    assert np.linalg.norm(drawn) == pytest.approx(3.0, rel=1e-6)


def test_equidistant_numbers_are_even_and_begin_in_a_random_order() -> None:
    drawn = net_of(40, "equidistant", decoder_scale=3.0).decoder[0].astype(float)
    even = np.linspace(-1, 1, 40)
    np.testing.assert_allclose(np.sort(drawn), 3 * even / np.linalg.norm(even), atol=1e-6)
    assert not np.array_equal(drawn, net_of(40, "equidistant", seed=1, decoder_scale=3.0).decoder[0])
    assert abs(np.corrcoef(drawn, np.arange(40))[0, 1]) < 0.5


@pytest.mark.parametrize(("name", "spread"), [("xavier", (6 / 401) ** 0.5 / 3**0.5), ("he", (2 / 400) ** 0.5)])
def test_narrow_laws_place_their_hinges_near_the_middle(name: str, spread: float) -> None:
    net = net_of(400, name)
    places = -first_bias(net) / net.encoder[:, 0] / 3**0.5
    assert places.std() == pytest.approx(spread, rel=0.15)
    assert not np.allclose(first_bias(net, seed=1), first_bias(net))


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"inputs": 2}, "hinges share out the range of one input among one hidden layer, got inputs=\\(2,\\)"),
        ({"units": (6, 4)}, "one hidden layer, got inputs=\\(1,\\) and layers \\(6, 4\\)"),
        ({"units": 41}, "hinges come in pairs, .* got 41 units; add or remove one"),
        ({"weights": "dense"}, "readout='pairwise' is drawn for weights=\"hinges\", got weights='dense'"),
        ({"width": 2.0}, "width is that of smooth fields, got weights='hinges'"),
    ],
)
def test_what_hinges_cannot_be_is_one_sentence(given: dict, said: str) -> None:
    with pytest.raises(ValueError, match=said) as caught:
        tn.Network(**{"units": 40, "seed": 0, **HINGED, "readout": "pairwise", **given})
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("name", HINGED_READOUTS)
def test_a_hinged_network_is_drawn_again_from_its_recipe(name: str) -> None:
    net = net_of(20, name)
    assert net.sha256 not in {net_of(20, other).sha256 for other in HINGED_READOUTS if other != name}
    assert tn.Network.from_spec(type(net.spec).from_dict({**net.spec.to_dict()})).sha256 == net.sha256


def test_curves_are_what_they_say() -> None:
    held = tn.sample_task("sine").samples()
    np.testing.assert_allclose(held["target"].values[:, 0], -np.sin(2 * np.pi * held["input"].values[:, 0]))
    for degree in (3, 4):
        held = tn.sample_task(f"legendre-{degree}").samples()
        wanted = np.polynomial.Legendre.basis(degree)(held["input"].values[:, 0])
        np.testing.assert_allclose(held["target"].values[:, 0], wanted, atol=1e-12)


# ---------------------------------------------------------------- a readout in another order


def test_the_loss_of_a_readout_is_that_of_least_squares_in_offset_and_scale() -> None:
    residual = ordered()
    for theta in (readout(), -readout(), readout()):
        assert residual.loss(theta) == pytest.approx(by_least_squares(residual, theta), rel=1e-9)
        affine = residual.affine(theta)
        y = affine.offset + affine.scale * (residual.rates.numpy() @ theta.view(K, -1).numpy().T)
        left = float(((y - residual.targets.numpy()) ** 2).sum(1).mean())
        assert left == pytest.approx(residual.loss(theta), rel=1e-6)


def test_its_gradient_and_rows_are_those_of_the_loss() -> None:
    residual = ordered()
    theta = torch.tensor(residual.moments.along).flatten() + 0.1 * readout()  # follows its targets
    rates, targets = residual.centred
    free = theta.clone().requires_grad_(True)
    c = free.view(K, -1)
    made = rates @ c.T
    scale = (made * targets).sum(0) / made.square().sum(0)
    (scale * made - targets).square().sum(1).mean().backward()
    here = residual.at(theta)
    torch.testing.assert_close(2 * here.gradient(), free.grad, rtol=1e-9, atol=1e-12)
    found = here.normal()
    torch.testing.assert_close(found.gradient, here.gradient(), rtol=1e-9, atol=1e-12)


def test_changes_by_one_swap_and_by_two_are_exact() -> None:
    residual, theta = ordered(), readout()
    exchange = residual.exchange(theta)
    for move in ((1, 4), (2, 4)):  # the second after the first was made
        loss = residual.loss(theta)
        assert exchange.loss == pytest.approx(loss, rel=1e-12)
        for unit in range(N):
            wanted = [residual.loss(swapped(theta, (unit, n))) - loss for n in range(N)]
            np.testing.assert_allclose(exchange.changes(unit), wanted, atol=1e-10)
        pairs = list(combinations(range(N), 2))
        ones = {(p,): residual.loss(swapped(theta, p)) - loss for p in pairs}
        both = {
            (p, q): residual.loss(swapped(theta, p, q)) - loss for p, q in combinations(pairs, 2) if not set(p) & set(q)
        }
        best = min({**ones, **both}.items(), key=lambda item: item[1])
        found = exchange.best_two(10**6)
        assert found.change == pytest.approx(best[1], rel=1e-9)
        assert set(found.pairs) == set(best[0])
        exchange.swap(*move)
        theta = swapped(theta, move)
        torch.testing.assert_close(exchange.theta, theta, rtol=0, atol=0)


def test_annealed_swaps_end_at_a_permutation_that_two_swaps_do_not_better() -> None:
    residual, first = ordered(), readout()
    theta = minimise(residual, first, AnnealedSwaps(30, Draw(0, 0)), steps=100, stall=-1e9)
    for k in range(K):
        assert sorted(theta.view(K, -1)[k].tolist()) == sorted(first.view(K, -1)[k].tolist())
    assert residual.exchange(theta).best_two(10**6).change > -1e-6 * residual.loss(theta)
    all_losses = [residual.loss(first.view(K, -1)[:, list(p)].flatten()) for p in permutations(range(N))]
    assert np.mean(np.array(all_losses) < residual.loss(theta) * (1 - 1e-9)) < 2e-3


def test_ranks_of_adam_stay_a_permutation_and_lower_the_loss() -> None:
    residual, first = ordered(30), readout(30)
    method = RankReplacement(Adam(0.1, 600), every=20)
    memory, theta, losses = method.begin(first), first, []
    for _ in range(30):
        made = method.step(residual, residual.at(theta), memory)
        theta, memory = made.theta, made.memory
        assert made.loss == pytest.approx(residual.loss(theta))
        assert sorted(theta.tolist()) == sorted(first.tolist())
        losses.append(made.loss)
    assert residual.loss(theta) < 0.7 * residual.loss(first)
    assert losses[-1] == min(losses)  # the last step goes back to the best


def test_a_shortlist_of_partners_is_judged_exactly() -> None:
    net = tn.Network(40, seed=0, components=2, transfer="tanh")
    z, y = (torch.tensor(RNG.normal(0, 1, (1500, 2))) for _ in range(2))
    learnable = Learnable(circuit_of(net), {"bias": first_bias(net)}, ("bias",))
    weights = torch.full((1500,), 1 / 1500, dtype=torch.float64)
    exchange = FieldResidual(learnable, z, y, weights).exchange(learnable.first)
    hits = 0
    for unit in range(40):
        changes, found = exchange.changes(unit), exchange.best(unit)
        assert found.change == pytest.approx(changes[found.pairs[0][1]], abs=1e-12)
        hits += found.change <= changes.min() + 1e-12
    assert hits >= 38


def test_units_of_a_large_network_look_at_some_partners_and_judge_them_exactly() -> None:
    net = tn.Network(300, seed=0, components=2, transfer="tanh")
    z, y = (torch.tensor(RNG.normal(0, 1, (600, 2))) for _ in range(2))
    learnable = Learnable(circuit_of(net), {"bias": first_bias(net)}, ("bias",))
    residual = FieldResidual(learnable, z, y, torch.full((600,), 1 / 600, dtype=torch.float64))
    exchange, loss = residual.exchange(learnable.first), residual.loss(learnable.first)
    chosen = set()
    for unit in (0, 0, 0, 7, 250):
        found = exchange.best(unit)
        assert found.change == pytest.approx(exchange.changes(unit)[found.pairs[0][1]], abs=1e-12)
        exchange.swap(*found.pairs[0])
        loss, chosen = loss + found.change, chosen | {found.pairs[0][1]}
        assert residual.loss(exchange.theta) == pytest.approx(loss, rel=1e-9)
    assert len(chosen) > 1


# ---------------------------------------------------------------- the door


@pytest.mark.parametrize("method", ["search", "ranks"])
def test_a_permuted_readout_is_predicted_with_its_offset_and_scale(method: str) -> None:
    net, task = net_of(60, "pairwise"), tn.sample_task("sine")
    bank = tn.fit(net, task, learn="decoder-permutation", method=method, steps=10, progress=False)
    learned, order = bank["decoder"].values[0], bank["permutation"].values[0]
    np.testing.assert_array_equal(learned, net.decoder[:, order])
    np.testing.assert_allclose(bank["bias"].values[0], first_bias(net))
    test = task.samples("test")
    found = float(tn.measure.r_squared(tn.predict(net, bank, test), test)["overall"])
    assert found == pytest.approx(bank["r_squared"].item(), abs=1e-9)
    assert found > {"search": 0.99, "ranks": 0.6}[method]
    assert bank["scale"].item() > 0


def test_narrow_hinges_fail_at_any_width() -> None:
    task = tn.sample_task("sine")
    for units in (20, 60):
        bank = tn.fit(net_of(units, "xavier"), task, learn="decoder-permutation", steps=5, progress=False)
        assert bank["r_squared"].item() < 0.75


def test_ranks_need_one_number_a_unit() -> None:
    net = tn.Network(30, seed=0, components=2, transfer="tanh")
    with pytest.raises(ValueError, match='learn="decoder-permutation" moves 2 numbers of each; use method="search"'):
        tn.fit(net, "hopf", learn="decoder-permutation", method="ranks", progress=False)
    quick = {"rounds": 0, "restarts": 0, "steps": 2, "progress": False}
    bank = tn.fit(net, "hopf", learn="permutation", method="ranks", **quick)
    assert sorted(bank["bias"].values[0]) == sorted(first_bias(net))


# ---------------------------------------------------------------- moves on a grid


@pytest.mark.parametrize("root", [None, 0.5])
def test_moves_on_a_grid_are_exact_and_end_where_none_lowers_the_loss(root: float | None) -> None:
    net = net_of(12, "uniform", decoder_scale=5.0)
    x = torch.linspace(-1.7, 1.7, 60, dtype=torch.float64)[:, None]
    weights = torch.linspace(1, 2, 60, dtype=torch.float64)
    learnable = Learnable(circuit_of(net), {"bias": first_bias(net)}, ("bias",))
    roots = None if root is None else torch.tensor([root], dtype=torch.float64)
    residual = FieldResidual(learnable, x, torch.sin(2 * x), weights / weights.sum(), roots=roots)
    theta, values = learnable.first.clone(), np.linspace(-1, 1, 5)
    moves = residual.moves(theta)
    for unit in (3, 8):
        loss, wanted = residual.loss(theta), []
        for value in values:
            other = theta.clone()
            other[unit] = value
            wanted.append(residual.loss(other) - loss)
        np.testing.assert_allclose(moves.changes(unit, values), wanted, atol=1e-10)
        moves.move(unit, values[1])
        theta[unit] = values[1]
        torch.testing.assert_close(moves.theta, theta, rtol=0, atol=0)
    method = GridMoves(tuple(values), Draw(0, 0))
    ended = minimise(residual, theta, method, steps=100, stall=-1.0)
    moves = residual.moves(ended)
    assert min(moves.changes(unit, values).min() for unit in range(12)) > -1e-6 * residual.loss(ended)


def test_hinges_placed_on_a_grid_let_gauss_newton_reach_what_it_does_not_alone() -> None:
    net, task = net_of(80, "pairwise", decoder_scale=8.0), tn.sample_task("sine")
    errors = {m: 1 - tn.fit(net, task, method=m, progress=False)["r_squared"].item() for m in ("auto", "grid")}
    assert errors["grid"] < 0.3 * errors["auto"]
    assert errors["grid"] < 3e-3


def test_hinges_whose_slopes_do_not_suffice_for_the_curvature_fail() -> None:
    """The slopes must add up to the integral of |f''|: wherever the hinges are, the curve turns by no more."""
    task, errors = tn.sample_task("sine"), []
    for strength in (0.4, 1.3):
        plain = net_of(160, "uniform")
        turned = float(np.abs(plain.decoder).sum() * np.abs(plain.encoder).mean())
        scale = strength * 16 * np.pi * float(np.hypot(*[1, 1]) * 3**-0.5) / turned * plain.spec.decoder_scale
        bank = tn.fit(net_of(160, "uniform", decoder_scale=scale), task, method="grid", progress=False)
        errors.append((1 - bank["r_squared"].item()) ** 0.5)
    assert errors[0] > 0.4
    assert errors[1] < 0.1


def test_a_grid_is_refused_where_moves_are_not_exact() -> None:
    with pytest.raises(ValueError, match='method="grid" places the tonic inputs of one hidden layer'):
        tn.fit(tn.Network(30, seed=0, components=2), "hopf", method="grid", progress=False)
    with pytest.raises(ValueError, match="method=\"grid\" does not learn 'gain'"):
        tn.fit(net_of(), tn.sample_task("sine"), learn="gain", method="grid", progress=False)
