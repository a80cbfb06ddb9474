"""Learning samples: products against autograd, losses against closed forms, and what a fit leaves behind."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
import xarray as xr

import tonicnet as tn
from tonicnet.bank import entry
from tonicnet.circuit import Learnable, circuit_of, placed
from tonicnet.learn._field_residual import FieldResidual
from tonicnet.learn._sample_residual import CrossEntropy, Squares, _moved
from tonicnet.solve import Adam, EarlyStopping, Epochs, GaussNewton, Residual

SHAPES = {"one": 14, "two": (9, 8)}
SETS = ("bias", "gain", "scale", "decoder", "mask", "input-weights", "update-left", "update-input")
S, USED = 7, 2
RNG = np.random.default_rng(3)
INPUTS, TARGETS, LABELS = RNG.normal(size=(S, 5)), RNG.normal(size=(S, 3)), RNG.integers(0, USED, S)
TARGETS[:, USED:] = 0.0


def net_of(units: int | tuple[int, ...] = 30, **given: object) -> tn.Network:
    plain = {"synapses": "feed-forward", "inputs": 5, "outputs": 3, "transfer": "tanh", "readout": "gaussian"}
    return tn.Network(units, seed=2, **{**plain, **given})


def learnable_of(net: tn.Network, name: str) -> Learnable:
    numbers = {"bias": RNG.normal(0, 1, net.units)}
    if name == "decoder":
        numbers[name] = RNG.normal(0, 1, (3, net.units))
    elif name == "input-weights":
        numbers[name] = RNG.normal(0, 1, (net.units, 5)) * (np.arange(net.units) < net.spec.layers[0])[:, None]
    elif name.startswith("update"):
        left = RNG.normal(0, 1, (net.units, 2)) * (np.arange(net.units) < net.spec.layers[0])[:, None]
        numbers |= {"update-left": left, "update-input": RNG.normal(0, 1, (2, 5))}
    elif name != "bias":
        numbers[name] = RNG.normal(1, 0.3, net.units)
    return Learnable(circuit_of(net).using(USED), numbers, (name,))


def output(learnable: Learnable, theta: torch.Tensor) -> torch.Tensor:
    """y of the outputs in use, written out: with autograd through it."""
    net = learnable.circuit.net
    t = theta.view(*np.shape(learnable.numbers[learnable.learned[0]]))
    numbers = {k: torch.as_tensor(v) for k, v in learnable.numbers.items()} | {learnable.learned[0]: t}
    one = torch.ones(net.units).double()
    bias, gain, scale = (numbers.get(n, one) for n in ("bias", "gain", "mask" if "mask" in numbers else "scale"))
    before, end, first = torch.tensor(INPUTS).T, 0, net.spec.layers[0]
    w = numbers.get("input-weights", torch.tensor(net.encoder.astype(float)))[:first]
    if "update-left" in numbers:
        w = w + numbers["update-left"][:first] @ numbers["update-input"]
    for k, size in enumerate(net.spec.layers):
        here = slice(end, end + size)
        if k:
            w = torch.tensor(net.recurrent.toarray()[here, end - net.spec.layers[k - 1] : end].astype(float))
        before = scale[here, None] * torch.tanh(gain[here, None] * (w @ before + bias[here, None]))
        end += size
    decoder = numbers.get("decoder", torch.tensor(net.decoder.astype(float)))[:USED, -net.spec.layers[-1] :]
    return (decoder @ before).T


def squares(learnable: Learnable, inputs: np.ndarray = INPUTS, targets: np.ndarray = TARGETS) -> Residual:
    x, y = torch.tensor(inputs), torch.tensor(targets)
    if len(learnable.circuit.net.spec.layers) == 1:
        return FieldResidual(learnable, x, y, torch.full((len(x),), 1 / len(x), dtype=torch.float64))
    return Squares(learnable, x, targets=y)


def entropy(learnable: Learnable, **given: object) -> CrossEntropy:
    return CrossEntropy(learnable, torch.tensor(INPUTS), labels=torch.tensor(LABELS), **given)


@pytest.fixture(params=[(s, n) for s in SHAPES for n in SETS], ids=" ".join)
def learnable(request: pytest.FixtureRequest) -> Learnable:
    shape, name = request.param
    return learnable_of(net_of(SHAPES[shape]), name)


def close(made: torch.Tensor, wanted: torch.Tensor) -> None:
    torch.testing.assert_close(made, wanted, rtol=1e-9, atol=1e-12)


# ---------------------------------------------------------------- products against autograd


def test_squares_and_their_products_are_those_of_autograd(learnable):
    y = output(learnable, learnable.first)
    error = (y - torch.tensor(TARGETS)[:, :USED]) / S**0.5
    jacobian = torch.autograd.functional.jacobian(lambda t: output(learnable, t) / S**0.5, learnable.first).flatten(
        0, 1
    )
    here = squares(learnable).at(learnable.first)
    assert here.loss == pytest.approx(float(error.square().sum()), rel=1e-12)
    close(here.gradient(), error.reshape(-1) @ jacobian)
    close(here.normal().gradient, here.gradient())
    live = torch.arange(learnable.size) < (
        USED * learnable.circuit.net.units if learnable.learned[0] == "decoder" else 10**9
    )
    close(here.normal().curvature[live][:, live], jacobian[:, live].T @ jacobian[:, live])
    products, v = here.products(), torch.tensor(RNG.normal(size=learnable.size)) * live
    close(products.curvature(v), jacobian.T @ (jacobian @ v))
    close(products.diagonal[live], jacobian.square().sum(0)[live])
    blocks = list(here.blocks())
    rows, errors = torch.cat([b.jacobian for b in blocks]), torch.cat([b.error for b in blocks])
    close((rows.T @ rows)[live][:, live], jacobian[:, live].T @ jacobian[:, live])
    close(errors @ rows, here.gradient())
    assert squares(learnable).loss(learnable.first) == pytest.approx(here.loss, rel=1e-12)


def test_the_gradient_of_cross_entropy_is_that_of_autograd(learnable):
    theta = learnable.first.clone().requires_grad_()
    loss = torch.nn.functional.cross_entropy(output(learnable, theta), torch.tensor(LABELS))
    (gradient,) = torch.autograd.grad(loss, theta)
    here = entropy(learnable).at(learnable.first)
    assert here.loss == pytest.approx(float(loss.detach()), rel=1e-12)
    assert entropy(learnable).loss(learnable.first) == pytest.approx(float(loss.detach()), rel=1e-12)
    close(2 * here.gradient(), gradient)


def test_rows_of_cross_entropy_are_roots_of_the_hessian_by_the_outputs(learnable):
    """J'A'A J is the Gauss-Newton part of half the Hessian, and J'A'e half the gradient."""
    labels = torch.tensor(LABELS)
    y = output(learnable, learnable.first)
    jacobian = torch.autograd.functional.jacobian(lambda t: output(learnable, t), learnable.first)
    hessians = [
        torch.autograd.functional.hessian(lambda one, k=k: torch.nn.functional.cross_entropy(one, labels[k]), y[k])
        for k in range(S)
    ]
    wanted = sum(j.T @ h @ j for j, h in zip(jacobian, hessians, strict=True)) / (2 * S)
    here = entropy(learnable).at(learnable.first)
    close(here.normal().curvature, wanted)
    blocks = list(here.blocks())
    close(sum(b.error @ b.jacobian for b in blocks), here.gradient())


def test_tiles_and_known_drives_change_nothing(learnable):
    here, tiled = entropy(learnable).at(learnable.first), entropy(learnable, room=1).at(learnable.first)
    assert tiled.loss == pytest.approx(here.loss, rel=1e-12)
    close(tiled.gradient(), here.gradient())
    close(tiled.normal().curvature, here.normal().curvature)
    driven = entropy(learnable).with_drives()
    assert driven.driven is not None
    close(driven.at(learnable.first).gradient(), here.gradient())
    assert entropy(learnable, room=1).with_drives().driven is None


def test_batches_add_up_to_the_mean_over_all_samples(learnable):
    whole, rng = entropy(learnable).with_drives(), np.random.default_rng(0)
    parts = [np.arange(3), np.arange(3, S)]
    total = sum(len(at) * whole.batch(at, rng).at(learnable.first).gradient() for at in parts) / S
    close(total, whole.at(learnable.first).gradient())


def test_moved_pictures_are_whole_pixels_away():
    pictures = RNG.normal(size=(200, 6, 5))
    center, scale = RNG.normal(size=(6, 5)), 1.7
    z, blank = torch.tensor((pictures - center) / scale), torch.tensor(-center / scale)
    moved = _moved(z.reshape(200, -1), blank.reshape(-1), (6, 5), 1, np.random.default_rng(0)).reshape(200, 6, 5)
    raw, padded = moved.numpy() * scale + center, np.pad(pictures, ((0, 0), (1, 1), (1, 1)), mode="edge")
    all_moves = [padded[:, r : r + 6, c : c + 5] for r in range(3) for c in range(3)]
    distance = np.array([np.abs(raw - one).max(axis=(1, 2)) for one in all_moves])
    assert distance.min(axis=0).max() < 1e-12
    assert np.bincount(distance.argmin(axis=0), minlength=9).min() > 8


# ---------------------------------------------------------------- methods


def test_early_stopping_goes_back_to_the_best():
    learnable = learnable_of(net_of(14), "bias")
    values = iter([5.0, 3.0, 4.0, 4.0, 4.0, 4.0])
    seen: list[torch.Tensor] = []

    def held_out(theta: torch.Tensor) -> float:
        seen.append(theta)
        return next(values)

    method, residual = EarlyStopping(Adam(epochs=20), held_out, steps=20, patience=2), squares(learnable)
    theta = learnable.first
    memory, steps = method.begin(theta), 0
    while (made := method.step(residual, residual.at(theta), memory)) is not None:
        theta, memory, steps = made.theta, made.memory, steps + 1
    assert steps == 4
    assert torch.equal(theta, seen[1])


def test_early_stopping_ends_at_the_best_when_steps_are_used_up_or_none_is_left():
    learnable = learnable_of(net_of(60), "bias")
    residual = squares(learnable)
    rising = iter(range(100))
    method = EarlyStopping(Adam(epochs=3), lambda _: float(next(rising)), steps=3, patience=50)
    theta, memory = learnable.first, method.begin(learnable.first)
    for _ in range(3):
        made = method.step(residual, residual.at(theta), memory)
        theta, memory = made.theta, made.memory
    assert torch.equal(theta, learnable.first)
    assert method.step(residual, residual.at(theta), memory) is None
    solved = EarlyStopping(GaussNewton(), residual.loss, steps=60, patience=50)
    theta, memory = learnable.first, solved.begin(learnable.first)
    for _ in range(60):
        made = solved.step(residual, residual.at(theta), memory)
        if made is None:
            break
        theta, memory = made.theta, made.memory
    assert residual.loss(theta) < 1e-12


def test_an_epoch_takes_every_sample_once():
    taken: list[np.ndarray] = []

    class Noting(CrossEntropy):
        def batch(self, at, rng):
            taken.append(at)
            return super().batch(at, rng)

    learnable = learnable_of(net_of(14), "bias")
    residual = Noting(learnable, torch.tensor(INPUTS), labels=torch.tensor(LABELS))
    method = Epochs(Adam(0.1, 6), 3, lambda epoch: np.random.default_rng(epoch))
    theta, memory = learnable.first, method.begin(learnable.first)
    for _ in range(2):
        made = method.step(residual, residual.at(theta), memory)
        theta, memory = made.theta, made.memory
    assert [len(at) for at in taken] == [3, 2, 2] * 2
    assert sorted(np.concatenate(taken[:3])) == sorted(np.concatenate(taken[3:])) == list(range(S))
    assert np.concatenate(taken[:3]).tolist() != np.concatenate(taken[3:]).tolist()
    assert float(memory["count"]) == 6


# ---------------------------------------------------------------- fits

CENTERS = RNG.normal(size=(3, 6, 5))
CLASS = np.arange(300) % 3
PICTURES = CENTERS[CLASS] + 0.7 * RNG.normal(size=(300, 6, 5))


@pytest.fixture(scope="module")
def net() -> tn.Network:
    return net_of(120, inputs=(6, 5), readout="one-hot")


@pytest.fixture(scope="module")
def three() -> tn.Task:
    return tn.Task.from_samples(PICTURES, CLASS, name="three", classes=("left", "right", "up"))


@pytest.fixture(scope="module")
def two() -> tn.Task:
    return tn.Task.from_samples(PICTURES, CLASS > 0, name="two", classes=("no", "yes"))


@pytest.fixture(scope="module")
def linear() -> tn.Task:
    y = PICTURES.reshape(300, -1)[:, :2] * [3.0, 1.0] + [10.0, 0.0]
    return tn.Task.from_samples(PICTURES, y, name="linear", components=("u", "v"))


@pytest.fixture(scope="module")
def bank(net: tn.Network, three: tn.Task, two: tn.Task, linear: tn.Task) -> xr.Dataset:
    return tn.fit(net, [three, two, linear], steps=10, progress=False)


def test_one_network_holds_classes_and_targets(net, bank, three, two, linear):
    assert bank["bias"].shape == (3, 120)
    assert bank["classes"].values.tolist() == [3, 2, 0]
    assert bank["dimension"].values.tolist() == [3, 2, 2]
    assert bank["accuracy"].values[0] > 0.8
    assert bank["accuracy"].values[1] > 0.85
    assert bank["r_squared"].values[2] > 0.2
    assert np.isnan(bank["accuracy"].values[2])
    assert np.isnan(bank["r_squared"].values[:2]).all()
    assert "divergence" not in bank
    assert str(bank["method"].values[0]).startswith("cross-entropy, Adam, 100 samples a step")
    assert str(bank["method"].values[2]).startswith("squares, ")
    assert "epochs: accuracy 0." in str(bank["outcome"].values[0])
    assert net.verify() == bank.attrs["network_sha256"]


def test_predictions_are_the_equation_in_the_units_of_the_task(net, bank, three, linear):
    held = linear.samples("test")
    row = bank.sel(task="linear")
    made = tn.predict(net, bank, held, task="linear")
    z = (held["input"].values.reshape(-1, 30) - row["input_center"].values) / row["input_scale"].values
    rate = np.tanh(z @ net.encoder.T.astype(float) + row["bias"].values)
    wanted = row["center"].values + row["scale"].values * (rate @ net.decoder.T.astype(float))
    np.testing.assert_allclose(made["output"], wanted[:, :2], rtol=1e-10)
    assert made["component"].values.tolist() == ["u", "v"]
    assert "label" not in made
    np.testing.assert_array_equal(made["sample"], held["sample"])
    assert float(tn.measure.r_squared(made, held)["overall"]) == pytest.approx(float(row["r_squared"]), rel=1e-6)
    classes = three.samples("test")
    labelled = tn.predict(net, bank.sel(task="three"), classes)  # one row is a bank
    assert set(labelled["label"].values) <= {"left", "right", "up"}
    assert float(tn.measure.accuracy(labelled, classes)["accuracy"]) == float(bank["accuracy"].values[0])
    np.testing.assert_array_equal(labelled["label"], tn.predict(net, bank, classes, task=three)["label"])
    flat = tn.predict(net, bank, classes["input"].values.reshape(-1, 30), task="three")
    np.testing.assert_array_equal(flat["output"], labelled["output"])


def test_other_biases_are_another_task(net, bank, three):
    """The same synapses with another task's biases are near chance."""
    held = three.samples("test")
    other = bank.sel(task=["three"]).copy(deep=True)
    other["bias"].values[:] = bank.sel(task="linear")["bias"].values
    assert float(tn.measure.accuracy(tn.predict(net, other, held), held)["accuracy"]) < 0.65


def test_a_bank_of_samples_goes_through_a_file(net, bank, three, tmp_path):
    tn.save(bank, tmp_path / "bank.nc")
    back = tn.load_bank(tmp_path / "bank.nc")
    assert tn.load_network(tmp_path / "bank.nc") == net
    held = three.samples("test")
    xr.testing.assert_equal(
        tn.predict(net, back, held, task="three")["label"], tn.predict(net, bank, held, task="three")["label"]
    )
    assert entry(back, "three").scaling.components == ("left", "right", "up")
    grown = tn.fit(net, tn.Task.from_samples(PICTURES, CLASS, name="more"), into=back, steps=2, progress=False)
    assert grown["classes"].values.tolist() == [3, 2, 0, 3]
    assert tn.predict(net, grown, held, task="more").sizes["component"] == 3


def test_a_fit_is_the_same_again_and_another_with_another_seed(net, three):
    one, again, other = (tn.fit(net, three, steps=3, progress=False, seed=s) for s in (0, 0, 1))
    assert np.array_equal(one["bias"], again["bias"])
    assert not np.array_equal(one["bias"], other["bias"])


@pytest.mark.parametrize("objective", ["cross-entropy", "squares"])
def test_an_interrupted_fit_goes_on_to_the_same_biases(net, three, tmp_path, objective):
    whole = tn.fit(net, three, steps=4, objective=objective, progress=False)
    path = tmp_path / "state.nc"

    def stop(event: dict[str, object]) -> None:
        if event["step"] == 2:
            raise KeyboardInterrupt

    part = tn.fit(net, three, steps=4, objective=objective, progress=stop, checkpoint=path)
    assert "interrupted" in str(part["outcome"].values[0])
    on = tn.fit(net, three, steps=4, objective=objective, progress=False, checkpoint=path)
    assert np.array_equal(on["bias"], whole["bias"])
    assert Path(path).exists()
    with pytest.raises(ValueError, match="checkpoint of another run"):
        tn.fit(net, tn.Task.from_samples(PICTURES, CLASS, name="three"), steps=4, checkpoint=path, progress=False)


@pytest.mark.parametrize("learn", SETS[:5])
def test_every_set_learns_classes_and_squares(net, three, learn):
    bank = tn.fit(net, three, learn=learn, steps=4, progress=False)
    assert bank["accuracy"].item() > 0.6
    assert learn in bank
    squared = tn.fit(net, three, learn=learn, steps=4, objective="squares", progress=False)
    assert squared["accuracy"].item() > 0.6


@pytest.mark.parametrize("layers", [120, (60, 50)], ids=str)
@pytest.mark.parametrize("objective", ["cross-entropy", "squares"])
def test_several_sets_learn_together(three, layers, objective):
    net = net_of(layers, inputs=(6, 5), readout="one-hot")
    bank = tn.fit(net, three, learn=("bias", "gain"), objective=objective, steps=4, progress=False)
    assert bank["accuracy"].item() > 0.6
    assert not np.array_equal(bank["gain"], np.ones_like(bank["gain"]))
    held = three.samples("test")
    found = tn.measure.accuracy(tn.predict(net, bank, held), held)
    assert float(found["accuracy"]) == bank["accuracy"].item()


def test_signs_can_be_held(net, three):
    for objective in ("cross-entropy", "squares"):
        bank = tn.fit(net, three, learn="scale", nonnegative=True, objective=objective, steps=3, progress=False)
        assert bank["scale"].values.min() >= 0


def test_draws_are_screened_for_samples(three):
    found = tn.screen(three, [net_of(40, inputs=(6, 5), encoder_scale=s) for s in (0.1, 1.0)])
    assert found.sizes["draw"] == 2
    assert (found["loss_after_steps"] < found["loss"]).all()


@pytest.mark.parametrize("method", ["adam", "amsgrad", "gauss-newton"])
@pytest.mark.parametrize("objective", ["cross-entropy", "squares"])
def test_every_method_lowers_every_objective(net, three, method, objective):
    bank = tn.fit(net, three, method=method, objective=objective, steps=4, progress=False)
    loss = bank["loss"].values[0]
    assert loss[np.isfinite(loss)][-1] < loss[0]


@pytest.mark.parametrize("objective", ["cross-entropy", "squares"])
def test_two_layers_learn(three, objective):
    deep = net_of((60, 50), inputs=(6, 5), readout="one-hot")
    bank = tn.fit(deep, three, steps=10, objective=objective, progress=False)
    assert bank["accuracy"].item() > 0.85
    held = three.samples("test")
    made = tn.predict(deep, bank, held)
    assert float(tn.measure.accuracy(made, held)["accuracy"]) == bank["accuracy"].item()


def test_moved_pictures_are_learned_and_remembered(net):
    moved = tn.Task.from_samples(PICTURES, CLASS, name="moved", shift=1)
    bank = tn.fit(net, moved, steps=4, progress=False)
    assert bank["accuracy"].item() > 0.8
    plain = tn.fit(net, tn.Task.from_samples(PICTURES, CLASS, name="moved"), steps=4, progress=False)
    assert not np.array_equal(bank["bias"], plain["bias"])
    with pytest.raises(ValueError, match=r'objective "squares" needs pictures that stay \(shift=0\)'):
        tn.fit(net, moved, objective="squares", progress=False)


def test_a_teacher_of_the_same_weights_is_found():
    """Targets are the outputs of this network under other biases: Gauss-Newton brings the error to nothing."""
    net = net_of(100, inputs=1, outputs=1)
    rng = np.random.default_rng(0)
    bias, x = rng.normal(0, 1, 100), rng.normal(size=(200, 1))
    y = placed(circuit_of(net), {"bias": bias}).rate(torch.tensor(x)).numpy() @ net.decoder.T.astype(float)
    task = tn.Task.from_samples(x, y, name="teacher", validation=0.2)
    bank = tn.fit(net, task, steps=60, progress=False)
    assert bank["r_squared"].item() > 0.9999


def test_fewer_samples_than_units_are_solved_in_the_dual():
    net = net_of(300, inputs=2, outputs=1)
    x = np.random.default_rng(0).normal(size=(40, 2))
    task = tn.Task.from_samples(x, np.sin(x[:, 0]), name="sine", validation=0, test=None)
    bank = tn.fit(net, task, progress=False)
    assert "dual Gauss-Newton" in str(bank["method"].values[0])
    assert bank["r_squared"].item() > 0.999  # of what was learned from: there is no other part


def test_progress_tells_what_is_learned(net, three, capsys):
    seen: list[dict[str, object]] = []
    tn.fit(net, three, steps=2, progress=seen.append)
    assert [e["stage"] for e in seen] == ["epochs"] * 4
    assert all(np.isfinite(e["loss"]) for e in seen)
    tn.fit(net, three, steps=2)
    assert "three" in capsys.readouterr().out


# ---------------------------------------------------------------- doors


def test_what_a_network_cannot_learn_is_one_sentence(net, three):
    x = np.zeros((20, 4))
    label = np.arange(20) % 2
    cases = [
        (net, "hopf", {}, "task 'hopf' is a cycle, which moves in time, and this network is feed-forward"),
        (tn.Network(20, seed=0), three, {}, "synapses are low-rank; draw one with synapses="),
        (net, tn.Task.from_samples(x, label, name="t"), {}, r"samples of shape \(4,\), the network takes \(6, 5\)"),
        (net_of(30, inputs=(6, 5), outputs=2), three, {}, "has 3 classes, the network only 2 outputs"),
        (net, three, {"objective": "field"}, 'objective "field" needs runs in time for task'),
        (net, tn.Task.from_samples(PICTURES, PICTURES[:, 0, 0], name="r"), {"objective": "cross-entropy"},
         'objective "cross-entropy" needs classes'),
        (net, three, {"learn": "recurrent"}, 'learn="recurrent" needs all N x N synapses'),
        (net, three, {"learn": "low-rank-update", "rank": 31}, "rank=31 is more than an update of the weights of 30"),
        (net_of((9, 8), inputs=(6, 5)), three, {"learn": "permutation"}, "one hidden layer, and this network has 2"),
        (net, three, {"learn": "permutation", "objective": "cross-entropy"}, 'needs numbers that are no permutation'),
        (net, tn.Task.from_samples(PICTURES, CLASS, name="s", shift=1), {"learn": "permutation"},
         'needs pictures that stay \\(shift=0\\) for task'),
        (net, three, {"neurons_per_unit": 3}, "neurons_per_unit=3 asks learning"),
        (tn.Network(20, seed=0), "hopf", {"objective": "squares"}, 'objective "squares" needs samples'),
    ]  # fmt: skip
    for network, task, options, said in cases:
        with pytest.raises(ValueError, match=said) as caught:
            tn.fit(network, task, progress=False, **options)
        assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("learn", "variable", "shape"),
    [
        ("mask", "mask", (120,)), ("encoder", "input_weights", (120, 30)), ("low-rank-update", "update_input", (2, 30)),
        ("permutation", "bias", (120,)), ("row-permutation", "input_weights", (120, 30)),
        ("decoder-permutation", "decoder", (3, 120)),
    ],
)  # fmt: skip
def test_every_set_is_learned_from_samples_and_predicts(net, three, linear, learn, variable, shape):
    for task in (three, linear):
        bank = tn.fit(net, task, learn=learn, rank=2, steps=3, progress=False)
        assert bank[variable].shape == (1, *shape)
        test = task.samples("test")
        made = tn.predict(net, bank, test)
        if task is three:
            found = float(tn.measure.accuracy(made, test)["accuracy"])
            assert found == pytest.approx(bank["accuracy"].item())
            assert found > 0.6
        else:
            assert float(tn.measure.r_squared(made, test)["overall"]) == pytest.approx(bank["r_squared"].item())
        if learn == "mask":
            assert set(np.unique(bank["mask"])) == {0.0, 1.0}
        if "permutation" in learn:
            assert sorted(bank["permutation"].values[0]) == list(range(120))


@pytest.mark.parametrize("method", ["annealed", "straight-through"])
def test_masks_by_gradients_are_learned_from_classes(net, three, method):
    bank = tn.fit(net, three, learn="mask", method=method, steps=3, progress=False)
    assert set(np.unique(bank["mask"])) == {0.0, 1.0}
    assert bank["accuracy"].item() > 0.7


def test_what_cannot_be_predicted_is_one_sentence(net, bank, three):
    held = three.samples("test")
    moving = tn.Network(20, seed=0)
    cases = [
        (lambda: tn.predict(moving, np.zeros(20), held), ValueError, "predict takes feed-forward networks"),
        (lambda: tn.predict(net, bank, held), ValueError, "this bank holds 3 tasks; say which with task="),
        (lambda: tn.predict(net, bank, held, task="thre"), ValueError, "Did you mean 'three'"),
        (lambda: tn.predict(net, bank, np.zeros((3, 5, 6)), task="two"), ValueError, r"shape \(5, 6\), .* \(6, 5\)"),
        (lambda: tn.predict(net, bank, np.full((3, 6, 5), np.nan), task="two"), ValueError, "x is not finite"),
        (lambda: tn.predict(net_of(120, inputs=(6, 5)), bank, held, task="two"), ValueError, "was learned on network"),
        (lambda: tn.predict(net, np.zeros(7), held), ValueError, r"has shape \(120,\), got \(7,\)"),
        (lambda: tn.simulate(net, bank, task="two", duration=1.0), ValueError, "is feed-forward"),
    ]
    for ask, error, said in cases:
        with pytest.raises(error, match=said) as caught:
            ask()
        assert "\n" not in str(caught.value)


def test_a_bare_bias_is_a_prediction_in_the_units_of_the_network(net):
    x = np.random.default_rng(0).normal(size=(3, 30))
    made = tn.predict(net, np.zeros(120), x)["output"]
    np.testing.assert_allclose(made, np.tanh(x @ net.encoder.T.astype(float)) @ net.decoder.T.astype(float), rtol=1e-9)
