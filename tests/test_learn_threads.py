"""Threads of torch: their number is recorded, may be fixed, and then the same biases are learned bit for bit."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
import torch

import tonicnet as tn

UNITS = 300  # enough for torch to share its sums out
CALL = """
import sys, numpy as np, torch, tonicnet as tn
before = torch.get_num_threads()
bank = tn.fit(tn.Network(units={units}, seed=0), "hopf", rounds=0, steps=2, threads=1, progress=False)
assert torch.get_num_threads() == before
np.save(sys.argv[1], bank["bias"].values)
print(before)
"""


def test_one_thread_learns_the_same_biases_whatever_the_machine_offers(tmp_path: Path) -> None:
    learned = []
    for offered in ("1", "2"):
        file = tmp_path / f"{offered}.npy"
        done = subprocess.run(
            [sys.executable, "-c", CALL.format(units=UNITS), str(file)],
            env=os.environ | dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS"), offered),
            capture_output=True,
            text=True,
            check=True,
            timeout=300,
        )
        assert done.stdout.strip() == offered, "the two processes differ, or nothing is tested"
        learned.append(np.load(file))
    np.testing.assert_array_equal(*learned)


def test_threads_are_held_while_it_learns_and_recorded() -> None:
    before, seen = torch.get_num_threads(), set()
    net = tn.Network(units=20, seed=0)

    def watch(_: dict) -> None:
        seen.add(torch.get_num_threads())

    bank = tn.fit(net, "hopf", rounds=0, steps=2, threads=before + 1, progress=watch)
    assert seen == {before + 1}
    assert torch.get_num_threads() == before
    assert bank["threads"].values.tolist() == [before + 1]
    more = tn.fit(net, "two-well", rounds=0, steps=1, into=bank, progress=False)
    assert more["threads"].values.tolist() == [before + 1, before]
    assert tn.simulate(net, bank, duration=0.1).attrs["threads"] == before


def test_a_fault_gives_the_threads_back() -> None:
    before = torch.get_num_threads()

    def fail(_: dict) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        tn.fit(tn.Network(units=20, seed=0), "hopf", rounds=0, threads=before + 1, progress=fail)
    assert torch.get_num_threads() == before


def test_a_checkpoint_of_other_threads_is_another_run(tmp_path: Path) -> None:
    call = {"rounds": 0, "steps": 1, "progress": False, "checkpoint": tmp_path / "run.nc"}
    net = tn.Network(units=20, seed=0)
    tn.fit(net, "hopf", threads=1, **call)
    with pytest.raises(ValueError, match="its threads was 1, now it is 2"):
        tn.fit(net, "hopf", threads=2, **call)


@pytest.mark.parametrize("wrong", [0, -1, 1.5, True, "two"])
def test_threads_is_a_whole_number(wrong: object) -> None:
    with pytest.raises((ValueError, TypeError), match="threads"):
        tn.fit(tn.Network(units=20, seed=0), "hopf", threads=wrong, progress=False)
