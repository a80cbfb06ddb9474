"""Learning online: rules against exact gradients, neurons against Brian2, and what a local rule refuses."""

from __future__ import annotations

import numpy as np
import pytest
import torch
import xarray as xr

import tonicnet as tn
from tonicnet.bank import Entry, written
from tonicnet.learn._draw import Draw
from tonicnet.learn._lesson import FlowLesson, TrialLesson, lesson_of
from tonicnet.learn._local_rule import EProp, LocalRule, NodePerturbation
from tonicnet.learn._online_learner import OnlineLearner
from tonicnet.learn._online_units import RateUnits, SpikingUnits
from tonicnet.learn._target import Target
from tonicnet.network import LIF

QUICK = {"duration": 1.0, "progress": False}


def learner_of(
    net: tn.Network, rule: LocalRule | None = None, spikes: bool = False, task: str = "hopf"
) -> OnlineLearner:
    lesson = lesson_of(Target(tn.task(task), net), 0.3, Draw(0, 0)("episodes"))
    bias = np.random.default_rng(1).normal(0.5, 0.7, net.units)
    units = SpikingUnits(net, 1, bias, lesson.shown, 0) if spikes else RateUnits(net)
    made = rule or EProp(net.decoder.astype(np.float64), units.kept)
    return OnlineLearner(units, lesson, made, bias, 0.02, Draw(0, 0)("closed"))


def gradient_by_autograd(learner: OnlineLearner, ticks: int) -> tuple[np.ndarray, float]:
    """d/db of the mean of |e|^2 / 2 along the driven path of a learner's first episode, and the mean of |e|^2."""
    net, lesson, kept = learner.units.net, learner.lesson, learner.units.kept
    bias = torch.tensor(learner.bias, requires_grad=True)
    encoder, decoder = (torch.as_tensor(part.astype(np.float64)) for part in (net.encoder, net.decoder))
    output = wanted = torch.as_tensor(lesson.shown)
    shown, total = lesson.shown, torch.zeros((), dtype=torch.float64)
    for _ in range(ticks):
        asked = lesson.wanted(shown)
        rate = torch.tanh(encoder @ torch.as_tensor(shown) + bias)
        output = kept * output + (1 - kept) * decoder @ rate
        wanted = kept * wanted + (1 - kept) * torch.as_tensor(asked)
        shown = kept * shown + (1 - kept) * asked
        total = total + (output - wanted).square().sum()
    (total / ticks / 2).backward()
    assert bias.grad is not None
    return bias.grad.numpy(), float(total.detach()) / ticks


def cosine(a: np.ndarray, b: np.ndarray) -> float:
    return float(a @ b / np.linalg.norm(a) / np.linalg.norm(b))


@pytest.fixture(scope="module")
def tanh() -> tn.Network:
    return tn.Network(12, seed=0, components=2, transfer=tn.Tanh())


@pytest.fixture(scope="module")
def noisy() -> tn.Network:
    return tn.Network(60, seed=0, components=2, encoder_scale=1.0, transfer=LIF(noise=0.3, dt=0.001))


def test_e_prop_is_the_gradient_where_the_output_is_not_fed_back(tanh: tn.Network) -> None:
    learner = learner_of(tanh)
    exact, loss = gradient_by_autograd(learner, 100)
    np.testing.assert_allclose(learner.gradient(100), exact, rtol=1e-9, atol=1e-12)
    assert learner.losses == [pytest.approx(loss)]


def test_e_prop_of_spikes_points_along_the_gradient_of_rates(noisy: tn.Network) -> None:
    spikes, rates = learner_of(noisy, spikes=True), learner_of(noisy)
    one, other = spikes.gradient(1000), rates.gradient(1000)
    assert cosine(one, other) > 0.95
    blind = learner_of(noisy, EProp(Draw(3, 0)("b").standard_normal((2, 60)), rates.units.kept), spikes=True)
    assert abs(cosine(blind.gradient(500), other)) < 0.6  # random numbers in the place of the decoder


def test_node_perturbation_has_the_gradient_as_its_mean() -> None:
    """Of an error that answers perturbations as the output of units does, through decoder and filter."""
    rng = np.random.default_rng(0)
    decoder, slope, fixed = rng.normal(size=(2, 6)), rng.uniform(0.2, 1, 6), np.array([1.0, -0.5])
    rule, total = NodePerturbation(6, 0.96, rng), np.zeros(6)
    for _ in range(20_000):
        rule.perturbation()
        rule.read(slope)
        total += rule.gradient(fixed + decoder @ (slope * rule.trace)) / 20_000
    exact = slope * (decoder.T @ fixed)
    assert cosine(total, exact) > 0.97
    assert np.linalg.norm(total) == pytest.approx(np.linalg.norm(exact), rel=0.3)
    assert (rule.power() > 6 * exact**2 / (fixed @ fixed)).all()  # the noise of the estimates counts


@pytest.mark.parametrize("size", [0.3, 3.0])
def test_a_whole_change_of_e_prop_takes_the_error_of_the_moment_away(size: float) -> None:
    """Whatever the sizes of decoder and error are, and however the slopes of units differ."""
    rng = np.random.default_rng(0)
    decoder, slope, error = size * rng.normal(size=(3, 2000)), rng.uniform(0.3, 1, 2000), size * np.array([1, -2, 0.5])
    rule = EProp(decoder, 0.96)
    for _ in range(2500):
        rule.read(slope)
    change = -rule.gradient(error) / rule.power()
    np.testing.assert_allclose(decoder @ (slope * change), -error, rtol=0.15, atol=0.1 * size)


def test_perturbations_reach_the_units(tanh: tn.Network) -> None:
    """Far from the gradient after a time in which e-prop is there, but on its side."""
    kept = RateUnits(tanh).kept
    exact = learner_of(tanh).gradient(1500)
    found = learner_of(tanh, NodePerturbation(12, kept, Draw(5, 0)("xi"))).gradient(1500)
    assert 0.2 < cosine(found, exact) < cosine(learner_of(tanh).gradient(500), exact)


def test_a_silent_unit_has_no_trace(noisy: tn.Network) -> None:
    bias = np.full(60, 1.0)
    bias[::3] = -100.0
    lesson = lesson_of(Target(tn.task("hopf"), noisy), 0.3, Draw(0, 0)("episodes"))
    units = SpikingUnits(noisy, 2, bias, lesson.shown, 0)
    rule = EProp(noisy.decoder.astype(np.float64), units.kept)
    learner = OnlineLearner(units, lesson, rule, bias, 0.02, Draw(0, 0)("closed"))
    found = learner.gradient(100)
    assert (found[::3] == 0).all()
    assert (found != 0).sum() > 30
    assert (found / rule.power())[::3].max() == 0


def test_neurons_are_those_of_brian2() -> None:
    """Without noise both are the same network, membrane by membrane."""
    import brian2 as b2

    net = tn.Network(30, seed=0, components=2, transfer=LIF(noise=0, dt=0.001))
    bias, start = np.linspace(0.5, 2.5, 30), np.array([0.3, -0.2])
    live = tn.spiking.to_brian2(net, bias, initial=start)
    units, lif = SpikingUnits(net, 1, bias, start, 0), net.transfer
    units._v = 1 - (live["neurons"].v_th_[:] - np.array(live["neurons"].v_[:])) / (lif.threshold - lif.reset)
    output, outputs = np.array(live["latents"].z_[:]), []
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(b2.prefs, "codegen.target", "numpy")
        for _ in range(3):
            live.run(10 * units.tick * b2.second, namespace={})
            for _ in range(10):
                output = units.advance(bias, output, np.zeros(2), 1.0).output
            outputs.append(output)
            np.testing.assert_allclose(output, live["latents"].z_[:], atol=1e-10)
    assert np.ptp(outputs, axis=0).min() > 0.01


def test_a_soft_reset_keeps_the_overshoot() -> None:
    net = tn.Network(3, seed=0, components=2, transfer=LIF(noise=0, dt=0.001, reset_rule="soft"))
    units = SpikingUnits(net, 1, np.zeros(3), np.zeros(2), 0)
    assert list(units._fired(np.array([0.5, 1.25, 1.5]))) == [1, 2]
    np.testing.assert_allclose(units._v, [0.5, 0.25, 0.5])


def test_wanted_is_the_field_where_the_network_is(tanh: tn.Network) -> None:
    target = Target(tn.task("hopf"), tanh)
    lesson = lesson_of(target, 0.0, Draw(0, 0)("episodes"))
    assert isinstance(lesson, FlowLesson)
    own = np.array([0.5, 0.1])
    np.testing.assert_allclose(lesson.wanted(own) - own, target.flow(own[None])[0])
    before = lesson.shown
    lesson.advance(0.96, lesson.wanted(before))
    np.testing.assert_allclose(lesson.shown - before, 0.04 * target.flow(before[None])[0])
    assert lesson.over(np.array([9.0, 0.0]))
    assert not lesson.over(own)


def test_trials_show_inputs_and_targets_in_time(tanh: tn.Network) -> None:
    task = tn.task("flip-flop", bits=2)
    lesson = lesson_of(Target(task, tanh), 0.0, Draw(0, 0)("episodes"))
    assert isinstance(lesson, TrialLesson)
    seen = set()
    while not lesson.over(lesson.shown):
        wanted = lesson.wanted(lesson.shown)
        np.testing.assert_allclose(np.abs(wanted), 1, atol=0.01)
        seen |= set(np.round(np.abs(lesson.put_in), 1))
        lesson.advance(0.96, wanted)
    assert seen == {0.0, 3.0}
    np.testing.assert_allclose(lesson.shown, wanted, atol=0.05)
    lesson.begin()
    assert not lesson.over(lesson.shown)
    assert lesson.over(-lesson.shown)  # another memory than the trial's


@pytest.fixture(scope="module")
def learned(noisy: tn.Network) -> xr.Dataset:
    return tn.learn_online(noisy, "hopf", duration=15.0, progress=False)


def test_the_loss_falls_and_only_biases_change(noisy: tn.Network, learned: xr.Dataset) -> None:
    loss = learned["loss"].values[0]
    assert loss.shape == (150,)
    assert loss[-30:].mean() < 0.4 * loss[:15].mean()
    assert learned.attrs["network_sha256"] == noisy.verify()
    assert learned.attrs["rule"] == "e-prop"
    assert learned["method"].values[0] == "e-prop, online, spikes"
    assert learned["outcome"].values[0] == "learned in 150 updates"
    assert learned["duration"].values[0] == 15
    for name in learned.data_vars:
        assert {"units", "long_name"} <= set(learned[name].attrs)


def test_a_learned_bank_runs_is_saved_and_grows(noisy: tn.Network, learned: xr.Dataset, tmp_path: object) -> None:
    tn.save(learned, f"{tmp_path}/bank.nc")
    bank = tn.load_bank(f"{tmp_path}/bank.nc")
    xr.testing.assert_equal(bank["bias"], learned["bias"])
    assert tn.simulate(noisy, bank, duration=0.2)["output"].shape[0] == 1
    both = tn.fit(noisy, "van-der-pol", into=bank, rounds=0, steps=1, progress=False)
    assert list(both["task"].values) == ["hopf", "van-der-pol"]
    assert "Hopf" in tn.show(bank)._repr_html_() or "hopf" in tn.show(bank)._repr_html_()


@pytest.mark.parametrize("given", [{}, {"rule": "node-perturbation"}, {"units": "rates", "broadcast": "random"}])
def test_the_same_seed_learns_the_same(noisy: tn.Network, given: dict) -> None:
    one, two = (tn.learn_online(noisy, "hopf", **QUICK, **given)["bias"] for _ in range(2))
    xr.testing.assert_equal(one, two)
    other = tn.learn_online(noisy, "hopf", seed=1, **QUICK, **given)["bias"]
    assert np.abs(one - other).max() > 0.1


def test_learning_goes_on_from_a_bank(noisy: tn.Network, learned: xr.Dataset) -> None:
    more = tn.learn_online(noisy, "hopf", start=learned, rate=1e-9, neurons_per_unit=2, **QUICK)
    np.testing.assert_allclose(more["bias"], learned["bias"], atol=1e-6)
    assert more["loss"].mean() < learned["loss"].values[0, :20].mean()


def test_ctrl_c_keeps_what_was_learned(noisy: tn.Network, monkeypatch: pytest.MonkeyPatch) -> None:
    calls = iter(range(10**6))

    def tick(self: SpikingUnits, *given: object) -> object:
        if next(calls) == 60:
            raise KeyboardInterrupt
        return advance(self, *given)

    advance = SpikingUnits.advance
    monkeypatch.setattr(SpikingUnits, "advance", tick)
    bank = tn.learn_online(noisy, "hopf", **QUICK)
    assert bank["outcome"].values[0] == "interrupted after 2 of 10 updates"
    assert bank.sizes["epoch"] == 2


def test_silenced_neurons_never_fire(noisy: tn.Network, learned: xr.Dataset) -> None:
    hurt = tn.spiking.silenced(noisy, learned, share=0.2, seed=1)
    assert hurt.attrs["silenced"] == 12
    gone = np.flatnonzero(hurt["bias"].values[0] != learned["bias"].values[0])
    assert len(gone) == 12
    run = tn.spiking.simulate(noisy, hurt, duration=0.3, codegen="numpy")
    assert run.sizes["spike"] > 50
    assert not np.isin(gone, run["spike_unit"]).any()
    again = tn.learn_online(noisy, "hopf", start=hurt, **QUICK)
    np.testing.assert_array_equal(again["bias"].values[0, gone], hurt["bias"].values[0, gone])
    assert (again["bias"].values != hurt["bias"].values).sum() > 24
    xr.testing.assert_equal(hurt, tn.spiking.silenced(noisy, learned, share=0.2, seed=1))


@pytest.mark.parametrize(
    ("net", "words"),
    [
        ({"synapses": "dense"}, "no decoder broadcasts; draw it with synapses="),
        ({"rise": 0.01}, "a rise of 0.01 s"),
        ({"delay": 0.01}, "a delay of 0.01 s; draw it without"),
        ({"transfer": LIF(adaptation=0.05)}, "units adapt"),
        ({"dt": 0.1, "transfer": tn.Tanh()}, "time is discrete"),
        ({"transfer": LIF(sharpness=0.1)}, "begin by a current"),
        ({"synapses": "feed-forward", "inputs": (3,), "outputs": 1}, "feed-forward"),
    ],
)
def test_a_network_that_the_rule_cannot_read_is_refused(net: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        tn.learn_online(tn.Network(20, seed=0, **({"components": 2} if "inputs" not in net else {}), **net), "hopf")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"rule": "eprop"}, "unknown rule 'eprop'. Did you mean 'e-prop'"),
        ({"broadcast": "decoders"}, "Did you mean 'decoder'"),
        ({"units": "rate"}, "Did you mean 'rates'"),
        ({"duration": 0}, "duration must be a positive number"),
        ({"rate": np.nan}, "rate must be a positive number"),
        ({"rate": 20}, "above 2 every change makes the error larger"),
        ({"noise": -1}, "noise must be zero or a positive number"),
        ({"seed": -1}, "seed must be a whole number"),
        ({"neurons_per_unit": 0}, "neurons_per_unit must be a whole number"),
        ({"task": tn.task("reach")}, "moves a body"),
        ({"task": "lorenz"}, "has 3 components"),
        (
            {"task": tn.Task.from_array(np.random.default_rng(0).normal(size=(300, 2)), name="r", dt=0.1)},
            "vector field",
        ),
    ],
)
def test_bad_arguments_are_refused(noisy: tn.Network, given: dict, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        tn.learn_online(noisy, **({"task": "hopf"} | given))
    rates = tn.Network(20, seed=0, components=2, transfer=tn.Tanh())
    with pytest.raises(ValueError, match="no spiking neuron"):
        tn.learn_online(rates, "hopf", units="spikes")


def test_a_start_at_another_speed_is_refused(noisy: tn.Network, learned: xr.Dataset) -> None:
    entry = Entry(Target(tn.task("hopf"), noisy).scaling, {"bias": np.ones(60)})
    assert tn.learn_online(noisy, "hopf", start=written(noisy, [entry]), duration=0.2).sizes["unit"] == 60
    faster = learned.assign(speed=2 * learned["speed"])
    with pytest.raises(ValueError, match="speed"):
        tn.learn_online(noisy, "hopf", start=faster)


@pytest.mark.parametrize("share", [0, 1.5, "half"])
def test_shares_to_silence_are_checked(noisy: tn.Network, learned: xr.Dataset, share: object) -> None:
    with pytest.raises(ValueError, match="share must lie in"):
        tn.spiking.silenced(noisy, learned, share=share)
