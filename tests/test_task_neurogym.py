"""Environments of neurogym as behaviours, on a stand-in that keeps to its contract; real ones where it is installed."""

from __future__ import annotations

import sys
from importlib.util import find_spec
from types import ModuleType, SimpleNamespace
from typing import Any, ClassVar

import numpy as np
import pytest

import tonicnet as tn
from tonicnet.measure import response_accuracy
from tonicnet.task import from_neurogym


class Space(SimpleNamespace):
    """A space with names in groups."""


class GoNoGo:
    """Two pulses, of which one says go: one to three steps of fixation, two of the pulse, two of the decision."""

    metadata: ClassVar[dict[str, Any]] = {"paper_name": "On the speed of mental processes", "paper_link": None}

    def __init__(self, dt: int = 100, size: float = 1.0) -> None:
        self.dt, self.size = dt, size
        self.observation_space = Space(shape=(3,), name={"fixation": 0, "pulse": [1, 2]})
        self.action_space = Space(shape=(), n=2, start=0, name={"fixation": 0, "go": 1})
        self.start_ind: dict[str, int] = {}
        self.end_ind: dict[str, int] = {}

    @property
    def unwrapped(self) -> GoNoGo:
        return self

    def seed(self, seed: int) -> None:
        self.rng = np.random.RandomState(seed)

    def new_trial(self) -> None:
        wait, goes = self.rng.randint(1, 4), self.rng.randint(2)
        self.ob = np.zeros((wait + 4, 3))
        self.ob[:wait, 0] = 1
        self.ob[wait : wait + 2, 1 + goes] = self.size
        self.gt = np.zeros(wait + 4, dtype=int)
        self.gt[wait + 2 :] = goes
        self.start_ind, self.end_ind = {"decision": wait + 2}, {"decision": wait + 4}


class Timing(GoNoGo):
    """Has no period of answers."""

    def new_trial(self) -> None:
        super().new_trial()
        self.start_ind, self.end_ind = {}, {}


class Reach(GoNoGo):
    """Actions are vectors."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.action_space = Space(shape=(2,), name=None)

    def new_trial(self) -> None:
        super().new_trial()
        self.gt = np.stack([self.gt, -self.gt], axis=1) * 0.5


class Blind(GoNoGo):
    """Does not know the right action."""

    def new_trial(self) -> None:
        super().new_trial()
        del self.gt


class Beyond(GoNoGo):
    """Knows a right action that nobody can take."""

    def new_trial(self) -> None:
        super().new_trial()
        self.gt = self.gt + 2


class Blocks(GoNoGo):
    """Has begun a block of trials before it is seeded."""

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        self.rng = np.random.RandomState()
        self.new_block()

    def new_block(self) -> None:
        self.height = self.rng.uniform(1, 2)

    def new_trial(self) -> None:
        super().new_trial()
        self.ob = self.ob * self.height


class Unseeded(Blocks):
    """Draws what no seed decides."""

    def new_block(self) -> None:
        self.height = np.random.RandomState().uniform(1, 2)


class Short(GoNoGo):
    """Has trials of one step."""

    def new_trial(self) -> None:
        super().new_trial()
        self.ob, self.gt = self.ob[:1], self.gt[:1]


KNOWN = {
    "GoNogo-v0": GoNoGo,
    "Timing-v0": Timing,
    "Reach-v0": Reach,
    "Blind-v0": Blind,
    "Beyond-v0": Beyond,
    "Short-v0": Short,
    "Blocks-v0": Blocks,
    "Unseeded-v0": Unseeded,
}


@pytest.fixture
def gym(monkeypatch: pytest.MonkeyPatch) -> None:
    """A package that makes these environments."""
    made, registration = ModuleType("neurogym"), ModuleType("neurogym.envs.registration")
    made.make = lambda name, **options: KNOWN[name](**options)
    made.__version__ = "2.3.1"
    registration.ALL_ENVS = dict.fromkeys(KNOWN, "")
    for name, module in {
        "neurogym": made,
        "neurogym.envs": ModuleType("neurogym.envs"),
        "neurogym.envs.registration": registration,
    }.items():
        monkeypatch.setitem(sys.modules, name, module)


@pytest.mark.usefixtures("gym")
def test_observations_go_in_and_the_right_actions_should_come_out() -> None:
    task = from_neurogym("GoNogo-v0")
    assert (task.kind, task.components) == ("behaviour", ("action go", "fixation", "pulse 1", "pulse 2"))
    assert task.dt == 0.1
    assert task.duration == pytest.approx(0.6)
    trials = task.trials(200, seed=3)
    u, x, m = (trials[name].values for name in ("input", "target", "mask"))
    assert u.shape == (200, 7, 4)
    goes = u[:, :, 3].any(axis=1)
    assert 60 < goes.sum() < 140
    np.testing.assert_array_equal(x[:, -1, 0], goes, "the answer is held to the end")
    assert not u[:, :, 0].any()
    assert not m[:, :, 1:].any(), "what is only seen does not count"
    waits = u[:, :, 1].sum(axis=1).astype(int)
    assert set(waits) == {1, 2, 3}
    for trial, wait in enumerate(waits):
        np.testing.assert_allclose(m[trial, : wait + 2, 0], 0.2)
        np.testing.assert_array_equal(m[trial, wait + 2 : wait + 4, 0], 1, "also where nothing is to be done")
        np.testing.assert_array_equal(m[trial, wait + 4 :, 0], 0, "the trial is over")


@pytest.mark.usefixtures("gym")
def test_where_no_period_is_one_of_answers_all_steps_count_alike() -> None:
    weights = from_neurogym("Timing-v0").trials(50)["mask"].values[..., 0]
    assert set(np.unique(weights)) == {0, 1}
    assert (weights[:, :5] == 1).all()


@pytest.mark.usefixtures("gym")
def test_trials_are_those_of_their_seed_and_held_out_ones_are_others() -> None:
    task = from_neurogym("GoNogo-v0", dt=0.05, size=2.0)
    assert task.dt == 0.05
    assert float(task.trials(20)["input"].max()) == 2
    one, again, other = (task.trials(20, seed=seed)["input"].values for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert not np.array_equal(one, other)
    assert not np.array_equal(one, task.held_out(20, seed=1)["input"].values)
    told = task.to_dict()
    assert told["factory"]["arguments"] == {"name": "GoNogo-v0", "dt": 0.05, "options": {"size": 2.0}}
    np.testing.assert_array_equal(tn.Task.from_dict(told).trials(20, seed=1)["input"].values, one)


@pytest.mark.usefixtures("gym")
def test_blocks_that_were_begun_unseeded_are_begun_again() -> None:
    task = from_neurogym("Blocks-v0")
    one, again, other = (task.trials(20, seed=seed)["input"].values for seed in (1, 1, 2))
    np.testing.assert_array_equal(one, again)
    assert one.max() != other.max()


@pytest.mark.usefixtures("gym")
def test_it_is_learned_performed_and_judged_as_any_other() -> None:
    task = from_neurogym("GoNogo-v0", dt=0.05)
    net = tn.Network(64, seed=0, components=4, synapses="dense", transfer="tanh", tau=0.1)
    bank = tn.fit(net, task, rounds=1, steps=8, progress=False)
    run = tn.perform(net, bank, "GoNogo-v0", trials=100, seed=5)
    assert run.attrs["response"] == "levels"
    assert float(response_accuracy(run)["trial_accuracy"]) > 0.9
    assert tn.measure.performance(run).attrs["measure"] == "accuracy"


@pytest.mark.usefixtures("gym")
def test_actions_that_are_vectors_are_outputs_themselves() -> None:
    task = from_neurogym("Reach-v0")
    assert task.components[:2] == ("action 0", "action 1")
    x = task.trials(50)["target"].values
    np.testing.assert_array_equal(x[..., 1], -x[..., 0])
    assert x.max() == 0.5


@pytest.mark.usefixtures("gym")
@pytest.mark.parametrize(
    ("name", "options", "words"),
    [
        ("GoNoGo-v0", {}, "Did you mean 'GoNogo-v0'"),
        ("Blind-v0", {}, "does not know the right action"),
        ("Beyond-v0", {}, "has actions 0 to 1 and says that 3 would be right"),
        ("Short-v0", {}, "have one step"),
        ("Unseeded-v0", {}, "draws other trials each time for the same seed"),
        ("GoNogo-v0", {"colour": 3}, "cannot make GoNogo-v0 with colour: .*unexpected keyword"),
        ("GoNogo-v0", {"dt": -1.0}, "dt must be a positive number, got -1.0"),
        ("GoNogo-v0", {"dt": "fast"}, "dt must be a positive number, got 'fast'"),
    ],
)
def test_what_is_refused(name: str, options: dict[str, Any], words: str) -> None:
    with pytest.raises(ValueError, match=words):
        from_neurogym(name, **options)


def test_without_neurogym_it_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "neurogym", None)
    with pytest.raises(ImportError, match=r'pip install "tonicnet\[neurogym\]"'):
        from_neurogym("GoNogo-v0")


@pytest.mark.skipif(find_spec("neurogym") is None, reason="it pins a numpy that is not the tested one")
@pytest.mark.filterwarnings("ignore")
def test_a_real_environment() -> None:
    task = from_neurogym("PerceptualDecisionMaking-v0", dt=0.05)
    assert task.components == ("action choice 1", "action choice 2", "fixation", "stimulus 1", "stimulus 2")
    run = task.held_out(40)
    seen = run["input"].sel(component=["stimulus 1", "stimulus 2"]).sum("time").values
    right = run["target"].isel(time=-1).sel(component=["action choice 1", "action choice 2"]).values
    assert (right.sum(axis=1) == 1).all()
    assert np.mean((seen[:, 0] > seen[:, 1]) == (right[:, 0] == 1)) > 0.6
