"""Who judges learning calls a start lost when it left the attractor for good, not when one sample is outside a box."""

from __future__ import annotations

import numpy as np
import pytest
import torch

import tonicnet as tn
from tonicnet.circuit import circuit_of
from tonicnet.learn._course import Problem
from tonicnet.learn._judge import AttractorJudge
from tonicnet.learn._score import Score
from tonicnet.learn._settings import Settings
from tonicnet.learn._target import Target


@pytest.fixture(scope="module")
def judge() -> AttractorJudge:
    net = tn.Network(units=20, seed=0)
    return AttractorJudge.of(Problem(Target(tn.task("lorenz"), net), circuit_of(net), Settings()))


@pytest.mark.parametrize(("samples", "lost"), [(1, False), (200, True)])
def test_a_start_is_lost_by_an_escape_that_lasts(judge: AttractorJudge, samples: int, lost: bool) -> None:
    made = judge.truth.copy()
    assert not judge._lost(made).any()
    made[0, 2000 : 2000 + samples] += 100.0
    assert judge._lost(made).tolist() == [lost, *[False] * (len(made) - 1)]
    assert np.isfinite(made).all()


def test_chaos_is_seen_over_a_long_time(judge: AttractorJudge) -> None:
    """20 runs of 2,500 tau: some hundred periods each, in which rare events show."""
    assert judge.truth.shape == (20, 5001, 3)
    assert judge.h == 0.5


def test_finer_steps_give_the_same_samples_more_exactly(judge: AttractorJudge) -> None:
    """By fourth order: half the step leaves a sixteenth of the error, on the first samples of a run."""
    bank = tn.fit(tn.Network(units=20, seed=0), "lorenz", rounds=0, steps=4, restarts=0, progress=False)
    learnable = Problem(judge.target, judge.circuit, Settings()).learnable()
    dynamics = learnable.at(torch.as_tensor(bank["bias"].values[0]).to(learnable.first))
    coarse, fine, exact = (judge.run(dynamics, steps)[:, 1:5] for steps in (1, 2, 16))
    error = [float(np.sqrt(np.mean((x - exact) ** 2))) for x in (coarse, fine)]
    assert 0 < error[1] < error[0] / 8
    assert coarse.shape == fine.shape == exact.shape


@pytest.mark.parametrize("best", range(6))
def test_chaos_is_judged_within_rounds(best: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every fourth step and at the end of a round; what is best of all is kept, be it in between."""
    judged: list[np.ndarray] = []
    steps: list[int] = []

    def score(self: AttractorJudge, learnable: object, theta: torch.Tensor, fine: int = 1) -> Score:
        del self, learnable
        judged.append(theta.numpy().copy())
        steps.append(fine)
        return Score({"divergence": 1.0}, rank=(float(len(judged) - 1 != best),))

    monkeypatch.setattr(AttractorJudge, "score", score)
    net = tn.Network(units=60, seed=0)
    bank = tn.fit(net, "lorenz", rounds=2, steps=2, restarts=0, progress=False)
    assert steps == [2] * 6
    np.testing.assert_array_equal(bank["bias"].values[0], judged[best])
    assert not any(np.array_equal(judged[best], other) for k, other in enumerate(judged) if k != best)


def test_a_round_in_which_the_floor_was_reached_ends_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """In its eighth step of twelve, and what was good is not judged again."""
    calls: list[int] = []

    def score(self: AttractorJudge, learnable: object, theta: torch.Tensor, fine: int = 1) -> Score:
        del self, learnable, theta, fine
        calls.append(1)
        good = len(calls) == 2
        return Score({"divergence": 1.0 - good}, rank=(float(not good),), good=good)

    monkeypatch.setattr(AttractorJudge, "score", score)
    told: list[str] = []
    net = tn.Network(units=60, seed=0)
    bank = tn.fit(net, "lorenz", rounds=5, steps=4, restarts=0, progress=lambda e: told.append(e["stage"]))
    assert len(calls) == 2
    assert [name for name in told if name.startswith("polish")] == ["polish 1"] * 8
    assert str(bank["outcome"].values[0]).startswith("as good as its floor")


@pytest.mark.parametrize(("divergences", "rounds"), [([9.0] * 40, 4), ([9.0] * 3 + [0.9] * 37, 6), ([0.9] * 40, 6)])
def test_what_is_far_from_its_floor_after_four_rounds_is_given_up(
    divergences: list[float], rounds: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Unless one of its thetas came near: the best counts, not the last."""
    left = iter(divergences)

    def score(self: AttractorJudge, learnable: object, theta: torch.Tensor, fine: int = 1) -> Score:
        del self, learnable, theta, fine
        divergence = next(left)
        return Score({"divergence": divergence}, rank=(divergence,), far=divergence > 1)

    monkeypatch.setattr(AttractorJudge, "score", score)
    monkeypatch.setattr("tonicnet.learn._field_course._POLISH", 4)
    bank = tn.fit(tn.Network(units=40, seed=0), "lorenz", rounds=6, steps=2, restarts=0, progress=False)
    assert str(bank["outcome"].values[0]).startswith(f"stopped after {rounds} closed-loop rounds")


@pytest.mark.parametrize(("learn", "rounds", "mean"), [("bias", 4, 2), ("bias", 5, 2), ("gain", 4, 2), ("bias", 3, 0)])
def test_the_mean_of_the_later_rounds_is_judged_last(
    learn: str, rounds: int, mean: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second half of them; the mean is kept where it is best, and the bank says so."""
    judged: list[np.ndarray] = []

    def score(self: AttractorJudge, learnable: object, theta: torch.Tensor, fine: int = 1) -> Score:
        del self, learnable
        assert fine == 2
        judged.append(theta.numpy().copy())
        return Score({"divergence": 1.0}, rank=(-float(len(judged)),))

    monkeypatch.setattr(AttractorJudge, "score", score)
    monkeypatch.setattr("tonicnet.learn._field_course._POLISH", 4)  # a round is judged at its end alone
    net = tn.Network(units=60, seed=0)
    bank = tn.fit(net, "lorenz", learn=learn, rounds=rounds, steps=2, restarts=0, progress=False)
    assert len(judged) == rounds + (mean > 0)
    if mean:
        np.testing.assert_allclose(judged[-1], np.mean(judged[-1 - mean : -1], axis=0), rtol=1e-12)
    assert str(bank["method"].values[0]).endswith(f"; mean of the last {mean} rounds") == (mean > 0)
    assert str(bank["outcome"].values[0]).startswith(f"stopped after {rounds} closed-loop rounds")
    np.testing.assert_array_equal(bank[learn].values[0], judged[-1])


def test_a_mean_that_is_worse_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    judged: list[np.ndarray] = []

    def score(self: AttractorJudge, learnable: object, theta: torch.Tensor, fine: int = 1) -> Score:
        del self, learnable, fine
        judged.append(theta.numpy().copy())
        return Score({"divergence": 1.0}, rank=(float(len(judged)),))

    monkeypatch.setattr(AttractorJudge, "score", score)
    monkeypatch.setattr("tonicnet.learn._field_course._POLISH", 4)
    bank = tn.fit(tn.Network(units=60, seed=0), "lorenz", rounds=4, steps=2, restarts=0, progress=False)
    assert len(judged) == 5
    assert "mean" not in str(bank["method"].values[0])
    np.testing.assert_array_equal(bank["bias"].values[0], judged[0])


def test_far_is_a_nat_beyond_three_floors(judge: AttractorJudge, monkeypatch: pytest.MonkeyPatch) -> None:
    learnable = Problem(judge.target, judge.circuit, Settings()).learnable()
    monkeypatch.setattr(AttractorJudge, "_spurious", lambda *_: 0)
    floor = judge.floor()
    for divergence in (2.9 * floor + 1, 3.1 * floor + 1):
        monkeypatch.setattr("tonicnet.learn._judge.state_space_divergence_of", lambda *_, d=divergence: d)
        monkeypatch.setattr(AttractorJudge, "floor", lambda _: floor)
        score = judge._chaos(judge.other, learnable, learnable.first)
        assert score.far == (divergence > 3 * floor + 1)
        assert not score.good
