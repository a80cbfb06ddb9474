"""Who judges learning calls a start lost when it left the attractor for good, not when one sample is outside a box."""

from __future__ import annotations

import numpy as np
import pytest

import tonicnet as tn
from tonicnet.circuit import circuit_of
from tonicnet.learn._course import Problem
from tonicnet.learn._judge import AttractorJudge
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
