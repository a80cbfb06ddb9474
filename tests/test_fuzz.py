"""A few hundred damaged files of every kind, each on its own: refused in a sentence, or what they were."""

from __future__ import annotations

import numpy as np
import pytest
from fuzz import altered
from fuzz.kinds import KINDS
from fuzz.mutators import MUTATORS, TEXT, mutated
from fuzz.trials import is_wrong, order, summed, trials

SLOW = ("script's data", "C++ array")  # their doors import Brian2 or compile; make fuzz has them
COUNT = 300


def test_three_hundred_damaged_files() -> None:
    names = [name for name in KINDS if name not in SLOW]
    table, wrong = summed(trials(list(order(names, COUNT, seed=1))))
    assert not wrong
    assert list(table) == names
    assert abs(sum(sum(row.values()) for row in table.values()) - COUNT) <= len(names) / 2
    for name, row in table.items():
        assert row["refused"] > 0, name
    assert sum(row["different"] for row in table.values()) > 3  # without a digest, damage is data
    assert sum(row["equal"] for row in table.values()) > 0


def test_altered_checkpoints_and_bits() -> None:
    found = altered.checkpoints(12, seed=5)
    assert found["accepted, another result"] == found["file not kept"] == 0
    assert found["refused"] > 8
    assert altered.bits(20, seed=5)["refused"] == 20


@pytest.mark.parametrize("text", [False, True])
def test_a_seed_is_a_file(text: bool) -> None:
    content = b"time,x\n0.0,1.5\n0.1,2.5\n"
    made = [mutated(content, seed, text=text) for seed in range(200)]
    assert made == [mutated(content, seed, text=text) for seed in range(200)]
    assert len(set(made)) > 150
    for way in (*MUTATORS, *TEXT):
        assert isinstance(way(bytearray(content), np.random.default_rng(0)), bytes)
        assert isinstance(way(bytearray(b"\0"), np.random.default_rng(0)), bytes)


def test_what_may_not_be_is_seen() -> None:
    assert is_wrong("bank", "different")
    assert not is_wrong("CSV recording", "different")
    assert all(is_wrong("CSV recording", what) for what in ("leaked", "hang", "crash", "executed"))
