"""What is told while tasks are learned: bars where somebody watches, one line a task everywhere."""

from __future__ import annotations

import io
import itertools
import os
import re

import numpy as np
import pytest

import tonicnet as tn
from tonicnet import _bar

NET = tn.Network(units=20, seed=0, transfer="tanh", components=2)
SHORT = {"rounds": 0, "restarts": 0, "steps": 2}


def test_a_pipe_gets_one_line_a_task_and_no_bar(capsys: pytest.CaptureFixture[str]) -> None:
    bank = tn.fit(NET, ["two-well", "hopf"], **SHORT)
    out, err = capsys.readouterr()
    assert err == ""
    lines = out.splitlines()
    assert len(lines) == 2
    for number, (line, outcome) in enumerate(zip(lines, bank["outcome"].values, strict=True), 1):
        name = bank["task"].values[number - 1]
        assert re.fullmatch(rf"{name} \(task {number} of 2\), \d+ s: {re.escape(outcome)}", line)


def test_a_terminal_sees_which_task_of_how_many(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(_bar, "watched", lambda: True)
    tn.fit(NET, ["two-well", "hopf"], **SHORT)
    out, err = capsys.readouterr()
    for words in ("two-well (task 1 of 2): ", "hopf (task 2 of 2): ", "loss", "closed loop: -"):
        assert words in err
    assert len(out.splitlines()) == 2


def test_samples_have_no_closed_loop(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[str] = []

    class Recorded:
        disable = True

        def __init__(self, *args: object, **options: object) -> None:
            """Begin nothing."""

        def set_postfix_str(self, text: str) -> None:
            told.append(text)

        def update(self, count: int = 1) -> None:
            """Move nothing."""

        def close(self) -> None:
            """Close nothing."""

    monkeypatch.setattr("tonicnet.learn._progress.bar", Recorded)
    net = tn.Network(20, seed=0, inputs=1, outputs=1, synapses="feed-forward", transfer="tanh")
    tn.fit(net, tn.sample_task("sine"), steps=2)
    assert any("loss" in text for text in told)
    assert not any("closed" in text for text in told)
    told.clear()
    tn.fit(NET, "two-well", **SHORT)
    assert any("closed loop: -" in text for text in told)


def test_one_task_is_not_counted(capsys: pytest.CaptureFixture[str]) -> None:
    tn.fit(NET, "two-well", **SHORT)
    assert re.match(r"two-well, \d+ s: ", capsys.readouterr().out)


def test_silence_and_functions_of_the_user_print_nothing(capsys: pytest.CaptureFixture[str]) -> None:
    events: list[dict] = []
    for progress in (False, events.append):
        tn.fit(NET, "two-well", progress=progress, **SHORT)
    assert capsys.readouterr() == ("", "")
    assert {e["task"] for e in events} == {"two-well"}


def test_a_fit_that_fails_leaves_no_bar(monkeypatch: pytest.MonkeyPatch) -> None:
    made = []

    class Recorded:
        def __init__(self, *args: object, **options: object) -> None:
            self.closed, self.disable = False, False
            made.append(self)

        def set_postfix_str(self, text: str) -> None:
            assert text

        def update(self, count: int = 1) -> None:
            raise RuntimeError("in the middle of a step")

        def close(self) -> None:
            self.closed = True

    monkeypatch.setattr("tonicnet.learn._progress.bar", Recorded)
    with pytest.raises(RuntimeError, match="in the middle"):
        tn.fit(NET, "two-well", **SHORT)
    assert [shown.closed for shown in made] == [True]


def test_only_a_terminal_is_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("sys.stderr", io.StringIO())
    assert not _bar.watched()
    ours, theirs = os.openpty()
    with os.fdopen(theirs, "w") as terminal:
        monkeypatch.setattr("sys.stderr", terminal)
        assert _bar.watched()
    os.close(ours)


def test_spikes_too_have_a_bar_only_where_somebody_watches(
    bank_of, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    net = tn.Network(units=10, seed=0)
    for seen in (False, True):
        monkeypatch.setattr(_bar, "watched", lambda seen=seen: seen)
        tn.spiking.simulate(net, np.ones(10), duration=0.02, codegen="numpy", progress=True)
        assert ("spiking" in capsys.readouterr().err) is seen


def test_a_bank_tells_which_stage_each_loss_is_of() -> None:
    events: list[dict] = []
    bank = tn.fit(NET, ["two-well", "hopf"], progress=events.append, **SHORT)
    for name in bank["task"].values:
        names = [e["stage"] for e in events if e["task"] == name]
        stage = bank["stage"].sel(task=name).values[: len(names)]
        later = np.array([b != a for a, b in itertools.pairwise(names)])
        np.testing.assert_array_equal(np.diff(stage) == 1, later)
        assert stage[0] == 0
        assert set(np.diff(stage)) <= {0, 1}
    assert np.isnan(bank["stage"].values[np.isnan(bank["loss"].values)]).all()
    assert later.any(), "there was more than one stage"
