"""Who judges learning calls a start lost when it left the attractor for good, not when one sample is outside a box."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import torch

import tonicnet as tn
from tonicnet.circuit import RK4, circuit_of, kernel, runge_kutta
from tonicnet.learn._confirming_judge import ConfirmingJudge, attractor_judge
from tonicnet.learn._course import Problem
from tonicnet.learn._judge import AttractorJudge
from tonicnet.learn._score import Score, Standing, reached
from tonicnet.learn._settings import Settings
from tonicnet.learn._target import Target
from tonicnet.learn._window_length import refinement


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


@pytest.mark.parametrize("best", range(7))
def test_chaos_is_judged_within_rounds(best: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """After three steps, then every third one, and by the mean; what is best of all is kept, be it in between."""
    judged: list[np.ndarray] = []
    steps: list[int] = []

    def score(self: AttractorJudge, learnable: object, theta: torch.Tensor, fine: int = 1, *_: object) -> Score:
        del self, learnable
        judged.append(theta.numpy().copy())
        steps.append(fine)
        return Score({"divergence": 1.0}, rank=(float(len(judged) - 1 != best),))

    monkeypatch.setattr(AttractorJudge, "score", score)
    net = tn.Network(units=60, seed=0)
    bank = tn.fit(net, "lorenz", rounds=3, steps=2, restarts=0, progress=False)
    assert steps == [2] * 8
    np.testing.assert_array_equal(bank["bias"].values[0], judged[best])
    assert not any(np.array_equal(judged[best], other) for k, other in enumerate(judged) if k != best)


@pytest.mark.parametrize(("rounds", "steps"), [(1, [9]), (3, [3, 9, 9])])
def test_the_first_of_several_rounds_is_short(rounds: int, steps: list[int], monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []
    bad = Score({"divergence": 1.0}, rank=(1.0,))
    monkeypatch.setattr(AttractorJudge, "score", lambda *_: bad)
    net = tn.Network(units=60, seed=0)
    tn.fit(net, "lorenz", rounds=rounds, steps=2, restarts=0, progress=lambda e: told.append(e["stage"]))
    assert [told.count(f"polish {number}") for number in range(1, rounds + 1)] == steps


def test_a_round_in_which_the_floor_was_reached_ends_there(monkeypatch: pytest.MonkeyPatch) -> None:
    """In the third step of nine of the second one, and what was good is not judged again."""
    calls: list[int] = []

    def score(self: AttractorJudge, learnable: object, theta: torch.Tensor, fine: int = 1, *_: object) -> Score:
        del self, learnable, theta, fine
        calls.append(1)
        good = len(calls) == 2
        return Score({"divergence": 1.0 - good}, rank=(float(not good),), standing=reached(good))

    monkeypatch.setattr(AttractorJudge, "score", score)
    told: list[str] = []
    net = tn.Network(units=60, seed=0)
    bank = tn.fit(net, "lorenz", rounds=5, steps=4, restarts=0, progress=lambda e: told.append(e["stage"]))
    assert len(calls) == 2
    assert [name for name in told if name.startswith("polish")] == ["polish 1"] * 3 + ["polish 2"] * 3
    assert str(bank["outcome"].values[0]).startswith("as good as its floor")


@pytest.mark.parametrize(
    ("standing", "nearer", "rounds", "confirm"),
    [
        (Standing.FAR, 0.5, 2, 0),
        (Standing.OFF, 1.0, 4, 0),
        (Standing.OFF, 0.98, 4, 0),
        (Standing.OFF, 0.9, 10, 0),
        (Standing.FAIR, 1.0, 4, 0),
        (Standing.FAIR, 0.9, 5, 0),
        (Standing.FAIR, 0.9, 10, 4),
        (Standing.NEAR, 1.0, 10, 0),
    ],
)
def test_how_many_rounds_are_worth_it_depends_on_the_best_so_far(
    standing: Standing, nearer: float, rounds: int, confirm: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of ten: all where it is near, half where it is fair, two where it is far; three that bring no tenth end it.

    Where longer runs confirm what is good, fair is not enough.
    """
    calls: list[int] = []

    def score(self: AttractorJudge, learnable: object, theta: torch.Tensor, fine: int = 1, *_: object) -> Score:
        del self, learnable, theta, fine
        calls.append(1)
        return Score({"divergence": 1.0}, rank=(nearer ** len(calls),), standing=standing)

    monkeypatch.setattr(AttractorJudge, "score", score)
    monkeypatch.setattr("tonicnet.learn._field_course._POLISH", 3)
    few = {"steps": 2, "restarts": 0, "progress": False}
    bank = tn.fit(tn.Network(units=40, seed=0), "lorenz", rounds=10, confirm=confirm, **few)
    assert str(bank["outcome"].values[0]).startswith(f"stopped after {rounds} closed-loop rounds")


@pytest.mark.parametrize(("learn", "rounds"), [("bias", 3), ("bias", 5), ("gain", 4), ("bias", 2)])
def test_the_mean_of_the_rounds_is_judged_last(learn: str, rounds: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The n-th weighs n (n + 1) (n + 2); the mean is kept where it is best, and the bank says so; of two is none."""
    judged: list[np.ndarray] = []

    def score(self: AttractorJudge, learnable: object, theta: torch.Tensor, fine: int = 1, *_: object) -> Score:
        del self, learnable
        assert fine == 2
        judged.append(theta.numpy().copy())
        return Score({"divergence": 1.0}, rank=(-float(len(judged)),))

    monkeypatch.setattr(AttractorJudge, "score", score)
    monkeypatch.setattr("tonicnet.learn._field_course._POLISH", 3)  # a round is judged at its end alone
    net = tn.Network(units=60, seed=0)
    bank = tn.fit(net, "lorenz", learn=learn, rounds=rounds, steps=2, restarts=0, progress=False)
    assert len(judged) == rounds + (rounds > 2)
    if rounds > 2:
        n = np.arange(1, rounds + 1)
        wanted = np.average(judged[:-1], axis=0, weights=n * (n + 1) * (n + 2))
        np.testing.assert_allclose(judged[-1], wanted, rtol=1e-10)
    assert str(bank["method"].values[0]).endswith(f"; mean of {rounds} rounds") == (rounds > 2)
    assert str(bank["outcome"].values[0]).startswith(f"stopped after {rounds} closed-loop round")
    np.testing.assert_array_equal(bank[learn].values[0], judged[-1])


def test_a_mean_that_is_worse_is_not_kept(monkeypatch: pytest.MonkeyPatch) -> None:
    judged: list[np.ndarray] = []

    def score(self: AttractorJudge, learnable: object, theta: torch.Tensor, fine: int = 1, *_: object) -> Score:
        del self, learnable, fine
        judged.append(theta.numpy().copy())
        return Score({"divergence": 1.0}, rank=(float(len(judged)),))

    monkeypatch.setattr(AttractorJudge, "score", score)
    monkeypatch.setattr("tonicnet.learn._field_course._POLISH", 3)
    bank = tn.fit(tn.Network(units=60, seed=0), "lorenz", rounds=4, steps=2, restarts=0, progress=False)
    assert len(judged) == 5
    assert "mean" not in str(bank["method"].values[0])
    np.testing.assert_array_equal(bank["bias"].values[0], judged[0])


def test_what_is_known_of_the_truth_gives_the_measures(judge: AttractorJudge) -> None:
    """What the judge keeps of its truth tells of other runs what the measures tell of both."""
    made = judge.other.copy()
    made[0, -3000:] = made[0, -3000]  # caught
    made[1, 1000:2000] += 100.0  # gone for a while
    caught = tn.measure.collapsed_of(judge.truth, made, judge.truth.shape[1] // 2)
    gone = tn.measure.escaped_of(judge.truth, made)
    assert caught.tolist() == [True, *[False] * 19]
    assert gone.tolist() == [False, True, *[False] * 18]
    np.testing.assert_array_equal(judge._lost(made), caught | gone)
    both = judge.truth.reshape(-1, 3), judge.other.reshape(-1, 3)
    assert judge.floor == tn.measure.state_space_divergence_of(*both)


def test_far_is_a_nat_beyond_three_floors(judge: AttractorJudge, monkeypatch: pytest.MonkeyPatch) -> None:
    learnable = Problem(judge.target, judge.circuit, Settings()).learnable()
    monkeypatch.setattr(AttractorJudge, "_spurious", lambda *_: 0)
    floor = judge.floor
    for divergence in (2.9 * floor + 1, 3.1 * floor + 1):
        monkeypatch.setattr("tonicnet.learn._judge.Visited.divergence", lambda *_, d=divergence: d)
        monkeypatch.setattr(AttractorJudge, "floor", property(lambda _: floor))
        score = judge._chaos(judge.other, learnable, learnable.first)
        assert score.standing == (Standing.FAR if divergence > 3 * floor + 1 else Standing.OFF)


def test_what_leaves_the_finite_numbers_is_lost_far_and_last(
    judge: AttractorJudge, monkeypatch: pytest.MonkeyPatch
) -> None:
    learnable = Problem(judge.target, judge.circuit, Settings()).learnable()
    monkeypatch.setattr(AttractorJudge, "run", lambda self, *_: np.full_like(self.truth, np.nan))
    score = judge.score(learnable, learnable.first)
    assert score.lost
    assert score.standing == Standing.FAR
    assert score.rank > (1.0, np.inf)


# ---------------------------------------------------------------- precision


@pytest.mark.skipif(kernel() is None, reason="no C++ compiler")
def test_chaos_of_many_units_runs_in_single_precision_and_is_what_it_is_in_double() -> None:
    """Until it parts, and then at the same distance from the truth; few units run in double precision."""
    net = tn.Network(units=300, seed=0)
    problem = Problem(Target(tn.task("lorenz"), net), circuit_of(net), Settings(precision="float64"))
    large, learnable = AttractorJudge.of(problem), problem.learnable()
    bank = tn.fit(net, "lorenz", rounds=0, steps=6, restarts=0, progress=False)
    theta = torch.as_tensor(bank["bias"].values[0], dtype=torch.float64)
    assert large._running.dtype == torch.float32
    single, double = (replace(learnable, circuit=circuit).at(theta) for circuit in (large._running, problem.circuit))
    made = [large.run(dynamics, 2) for dynamics in (single, double)]
    np.testing.assert_allclose(made[0][:, :10], made[1][:, :10], atol=1e-3)
    assert large.score(learnable, theta).values["field_error"] == pytest.approx(large.field_error(double), rel=1e-12)


def test_few_units_run_in_double_precision(judge: AttractorJudge) -> None:
    assert judge._running is judge.circuit


# ---------------------------------------------------------------- confirmed by longer runs


def looked(
    judge: AttractorJudge, standings: tuple[Standing, Standing], monkeypatch: pytest.MonkeyPatch,
    best: Score | None = None,
) -> tuple[Score, list[int]]:  # fmt: skip
    """The score of a confirming judge whose two looks find these standings; how far apart their samples were."""
    apart: list[int] = []

    def score(self: AttractorJudge, *_: object) -> Score:
        first = self.apart == 1
        apart.append(self.apart)
        rank = (0.0, 1.0, 2.0, 0.9) if first else (0.0, 3.0, 0.0, 3.0)
        values = {"divergence": 0.1 if first else 0.4, "valid_time": 3.0 if first else 2.0, "lost": 0.0}
        return Score(values, rank=rank, standing=standings[not first])

    monkeypatch.setattr(AttractorJudge, "score", score)
    problem = Problem(judge.target, judge.circuit, Settings(confirm=2))
    confirming = attractor_judge(problem)
    assert isinstance(confirming, ConfirmingJudge)
    learnable = problem.learnable()
    return confirming.score(learnable, learnable.first, 1, best), apart


def test_what_is_good_is_confirmed_by_longer_runs(judge: AttractorJudge, monkeypatch: pytest.MonkeyPatch) -> None:
    score, apart = looked(judge, (Standing.GOOD, Standing.GOOD), monkeypatch)
    assert apart == [1, 2]
    assert score.good
    assert score.values == {"divergence": 0.4, "valid_time": 3.0, "lost": 0.0}


def test_what_is_not_confirmed_ranks_as_the_worse_look(judge: AttractorJudge, monkeypatch: pytest.MonkeyPatch) -> None:
    score, apart = looked(judge, (Standing.GOOD, Standing.NEAR), monkeypatch)
    assert apart == [1, 2]
    assert score.standing == Standing.NEAR
    assert score.rank == (0.0, 3.0, 2.0, 3.0)


def test_what_is_nearly_good_ranks_by_longer_runs_too(judge: AttractorJudge, monkeypatch: pytest.MonkeyPatch) -> None:
    score, apart = looked(judge, (Standing.FAIR, Standing.GOOD), monkeypatch)
    assert apart == [1, 2]
    assert score.standing == Standing.FAIR
    assert score.rank == (0.0, 3.0, 2.0, 3.0)


def test_what_is_not_near_needs_no_longer_runs(judge: AttractorJudge, monkeypatch: pytest.MonkeyPatch) -> None:
    score, apart = looked(judge, (Standing.OFF, Standing.GOOD), monkeypatch)
    assert apart == [1]
    assert score.standing == Standing.OFF


@pytest.mark.parametrize(("excess", "looks"), [(0.8, [1]), (0.9, [1]), (1.1, [1, 2])])
def test_what_does_not_rank_before_the_best_needs_no_longer_runs(
    judge: AttractorJudge, monkeypatch: pytest.MonkeyPatch, excess: float, looks: list[int]
) -> None:
    best = Score(rank=(0.0, 1.0, 2.0, excess))
    score, apart = looked(judge, (Standing.NEAR, Standing.GOOD), monkeypatch, best)
    assert apart == looks
    assert score.rank[-1] == (0.9 if looks == [1] else 3.0)


@pytest.mark.parametrize(
    ("divergence", "apart", "standing"),
    [
        (0.159, 1, Standing.GOOD), (0.161, 1, Standing.FAIR), (0.229, 1, Standing.FAIR), (0.231, 1, Standing.NEAR),
        (0.479, 1, Standing.NEAR), (0.481, 1, Standing.OFF), (0.239, 4, Standing.GOOD), (0.241, 4, Standing.NEAR),
    ],
)  # fmt: skip
def test_standings_of_chaos_are_bounds_of_its_divergence(
    judge: AttractorJudge, monkeypatch: pytest.MonkeyPatch, divergence: float, apart: int, standing: Standing
) -> None:
    """With a floor of .1: good up to 1.5 floors + .01, fair to 2 floors + .03, near to three times what is good."""
    monkeypatch.setattr(AttractorJudge, "floor", property(lambda _: 0.1))
    monkeypatch.setattr(AttractorJudge, "_spurious", lambda *_: 0)
    monkeypatch.setattr("tonicnet.learn._judge.Visited.divergence", lambda *_: divergence)
    learnable = Problem(judge.target, judge.circuit, Settings()).learnable()
    assert replace(judge, apart=apart)._chaos(judge.truth, learnable, learnable.first).standing == standing


def test_longer_runs_have_as_many_samples_and_steps_as_exact(judge: AttractorJudge) -> None:
    """Samples 4 times as far apart, from other starts; between them the network takes 4 times as many steps."""
    longer = AttractorJudge.of(Problem(judge.target, judge.circuit, Settings()), 4, seed=211)
    assert longer.truth.shape == judge.truth.shape
    assert longer.h == 4 * judge.h
    assert not np.allclose(longer.truth[:, 0], judge.truth[:, 0])
    learnable = Problem(judge.target, judge.circuit, Settings()).learnable()
    dynamics = learnable.at(learnable.first)
    same = replace(judge, history=longer.history, truth=longer.truth)
    assert np.allclose(longer.run(dynamics)[:, :20], same.run(dynamics)[:, :80:4], atol=1e-9)


@pytest.mark.parametrize("kind", [{"synapses": "dense"}, {"synapses": "dense", "dt": 0.01}], ids=["dense", "discrete"])
def test_a_network_with_a_memory_is_driven_in_its_usual_steps_before_longer_runs(kind: dict) -> None:
    net = tn.Network(units=20, seed=0, transfer="tanh", **kind)
    problem = Problem(Target(tn.task("lorenz"), net), circuit_of(net), Settings())
    usual, longer = AttractorJudge.of(problem), AttractorJudge.of(problem, 3, seed=211)
    assert longer.history.shape == usual.history.shape
    assert longer.truth.shape == usual.truth.shape
    assert longer.h == pytest.approx(3 * usual.h)
    learnable = problem.learnable()
    dynamics = learnable.at(learnable.first)
    same = replace(usual, history=longer.history, truth=longer.truth)
    np.testing.assert_allclose(longer.run(dynamics)[:, :20], same.run(dynamics)[:, :60:3], atol=1e-9)


def test_truth_that_does_not_last_confirms_by_shorter_runs(
    judge: AttractorJudge, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int] = []

    def of(_: type, problem: Problem, apart: int = 1, *, seed: int = 0) -> AttractorJudge:
        del problem, seed
        asked.append(apart)
        if apart > 2:
            raise ValueError("true runs end at rest")
        return judge

    monkeypatch.setattr(AttractorJudge, "of", classmethod(of))
    problem = Problem(judge.target, judge.circuit, Settings(confirm=8))
    assert ConfirmingJudge(judge, problem, 8)._longer is judge
    assert asked == [8, 4, 2]
    assert ConfirmingJudge(judge, problem, 3)._longer is None


@pytest.mark.parametrize(("task", "confirm"), [("lorenz", 0), ("hopf", 8)])
def test_only_chaos_is_confirmed_and_only_where_it_is_asked_for(task: str, confirm: int) -> None:
    net = tn.Network(units=20, seed=0)
    problem = Problem(Target(tn.task(task), net), circuit_of(net), Settings(confirm=confirm))
    assert isinstance(attractor_judge(problem), AttractorJudge)


@pytest.mark.parametrize("confirm", [1, -1, 101, 2.5, True])
def test_a_confirmation_that_confirms_nothing_is_refused(confirm: object) -> None:
    with pytest.raises((ValueError, TypeError), match="confirm"):
        Settings(confirm=confirm)


# ---------------------------------------------------------------- steps in time


def lorenz(x: np.ndarray) -> np.ndarray:
    a, b, c = np.moveaxis(x, -1, 0)
    return np.stack([10 * (b - a), a * (28 - c) - b, a * b - 8 / 3 * c], axis=-1)


def missed(target: Target, h: float) -> float:
    """The rms error of an RK4 step of ``h`` tau over all known states, over the rms of the field, by 40 finer steps."""
    z = exact = target.known
    for _ in range(40):
        exact = runge_kutta(target.flow, exact, h / 40, RK4)
    error = (runge_kutta(target.flow, z, h, RK4) - exact) / h
    return float(np.sqrt(np.mean(error**2) / np.mean(target.flow(z) ** 2)))


@pytest.mark.parametrize(("faster", "parts"), [(1.0, 2), (6.0, 5), (40.0, 2)])
def test_steps_are_as_fine_as_the_field_asks_for(faster: float, parts: int) -> None:
    """The coarsest whose errors a network could not be told from; where no sensible number suffices, two."""
    net = tn.Network(units=20, seed=0)
    usual = Target(tn.task("lorenz"), net).speed
    task = tn.Task(lorenz, name="fast", initial=[1.0, 1.0, 20.0], kind="chaos", transient=5.0, speed=faster * usual)
    target = Target(task, net)
    found = refinement(target, 0.5)
    assert found == parts
    if faster < 40:
        assert missed(target, 0.5 / found) < 5e-4
    if found > 2:
        assert missed(target, 0.5 / (found - 1)) > 5e-4
