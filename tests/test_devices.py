"""Nothing mixes two devices: whole fits and runs on a card, or on a second device that is the CPU by another name."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from devices import Card, OtherDevice

import tonicnet as tn
from tonicnet.circuit import circuit_of
from tonicnet.learn import Settings
from tonicnet.learn._course import Problem
from tonicnet.learn._judge import AttractorJudge
from tonicnet.learn._target import Target

QUICK: dict[str, Any] = {"rounds": 0, "restarts": 0, "steps": 2, "threads": 1, "progress": False}
SMALL: dict[str, Any] = {"units": 20, "seed": 0, "components": 2}
LOW_RANK, LIF = tn.Network(**SMALL, transfer="tanh"), tn.Network(**SMALL)
DENSE = tn.Network(**SMALL, synapses="dense", transfer="tanh")
SPARSE = tn.Network(**SMALL, synapses="sparse", density=0.5, transfer="tanh")
DISCRETE = tn.Network(**SMALL, synapses="dense", transfer="tanh", dt=0.1)
SLOW = tn.Network(**SMALL, rise=0.01, delay=0.001)
LAYERED = tn.Network((20, 10), seed=0, synapses="feed-forward", inputs=3, outputs=2, transfer="tanh")
RNG = np.random.default_rng(0)
DRAWN, POINTS = RNG.normal(0, 1, (4, 3, 2)), RNG.normal(size=(60, 3))
SUM = tn.Task.from_trials(DRAWN, np.cumsum(DRAWN, axis=1) / 3, name="sum", dt=0.05)
SIDE = tn.Task.from_samples(POINTS, np.where(POINTS[:, 0] > 0, "right", "left"), name="side")
LINE = tn.Task.from_samples(POINTS, POINTS[:, :2].copy(), name="line")
FITS: list[tuple[tn.Network, Any, dict[str, Any]]] = [
    (LOW_RANK, "two-well", {"rounds": 1, "solver": "primal"}),
    (LOW_RANK, "two-well", {"solver": "dual", "precision": "float32"}),
    (LOW_RANK, "two-well", {"solver": "matrix-free"}),
    (LOW_RANK, "two-well", {"method": "adam", "steps": 1, "screen": 2}),
    (LIF, "two-well", {"neurons_per_unit": 5}),
    (DENSE, SUM, {"precision": "bfloat16"}),
    (SPARSE, SUM, {"learn": "gain"}),
    (LAYERED, SIDE, {}),
    (LAYERED, LINE, {}),
    *((LOW_RANK, "two-well", {"learn": one}) for one in ("decoder", "encoder", "permutation", "low-rank-update")),
    (LOW_RANK, "two-well", {"learn": "mask", "method": "annealed", "steps": 2}),
    (DENSE, SUM, {"learn": "mask"}),
]
EXACT = 1e-6  # kernels in C++ and torch agree to rounding, which learning carries on
CLOSE = {"float32": 1e-2, "bfloat16": 1.0, "matrix-free": 1e-2}


@pytest.fixture
def cuda(monkeypatch: pytest.MonkeyPatch) -> Iterator[OtherDevice | Card]:
    real = torch.cuda.is_available()
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    with Card() if real else OtherDevice() as device:
        yield device


def told(case: tuple[tn.Network, Any, dict[str, Any]]) -> str:
    net, task, given = case
    return f"{net.spec.synapses}-{getattr(task, 'name', task)}-{'-'.join(map(str, given.values()))}"


@pytest.mark.parametrize("case", FITS, ids=told)
def test_a_fit_stays_on_its_device(case: tuple[tn.Network, Any, dict[str, Any]], cuda: OtherDevice | Card) -> None:
    net, task, given = case
    theirs = tn.fit(net, task, device="cuda", **(QUICK | given))
    assert cuda.computed > 50
    ours = tn.fit(net, task, **(QUICK | given))
    gap = np.abs(theirs["bias"] - ours["bias"]).max()
    assert gap <= max(CLOSE.get(str(one), EXACT) for one in (*given.values(), ""))


def test_a_checkpoint_goes_on_on_its_device(cuda: OtherDevice | Card, tmp_path: Path) -> None:
    def stop(told: dict[str, Any]) -> None:
        if told["step"] == 1:
            raise KeyboardInterrupt

    given = QUICK | {"device": "cuda"}
    tn.fit(LOW_RANK, "two-well", checkpoint=tmp_path / "kept", **(given | {"progress": stop}))
    after = tn.fit(LOW_RANK, "two-well", checkpoint=tmp_path / "kept", **given)
    np.testing.assert_array_equal(after["bias"], tn.fit(LOW_RANK, "two-well", **given)["bias"])


RUNS: list[tuple[tn.Network, dict[str, Any]]] = [
    *((net, {}) for net in (LOW_RANK, LIF, DISCRETE, SLOW)),
    *((net, {"noise": 0.1, "rates": True}) for net in (DENSE, SLOW)),
    *((net, {"inputs": RNG.normal(size=(20, 2))}) for net in (LIF, SPARSE)),
    *((net, {"initial": RNG.normal(size=(3, 4, 2)), "dtype": "float32"}) for net in (LOW_RANK, DENSE)),
]


@pytest.mark.parametrize("run", RUNS)
def test_a_run_stays_on_its_device(run: tuple[tn.Network, dict[str, Any]], cuda: OtherDevice | Card) -> None:
    net, given = run
    bias, dt = np.linspace(-1, 1, 20), net.spec.dt or 0.01
    theirs = tn.simulate(net, bias, duration=20 * dt, dt=dt, device="cuda", **given)
    assert cuda.computed > 100
    ours = tn.simulate(net, bias, duration=20 * dt, dt=dt, **given)
    for name in ours.data_vars:
        np.testing.assert_allclose(theirs[name], ours[name], atol=1e-4 if "dtype" in given else 1e-9)


def test_what_was_found_on_a_device_is_measured(cuda: OtherDevice | Card) -> None:
    bank = tn.fit(LOW_RANK, "two-well", device="cuda", **QUICK)
    run = tn.simulate(LOW_RANK, bank, task="two-well", duration=0.5, device="cuda")
    assert np.isfinite(tn.measure.participation_ratio(run)).all()
    assert tn.measure.fixed_points(LOW_RANK, bank, task="two-well").sizes["mode"] > 0


def test_few_units_learned_on_a_card_are_judged_by_compiled_code(
    cuda: OtherDevice | Card, monkeypatch: pytest.MonkeyPatch
) -> None:
    circuit = circuit_of(LOW_RANK, torch.float64, "cuda")
    problem = Problem(Target(tn.task("two-well"), LOW_RANK), circuit, Settings(device="cuda"))
    learnable, judge = problem.learnable(), AttractorJudge.of(problem)
    scores = [judge.score(learnable, learnable.first)]
    assert judge._running.device.type == "cpu"
    monkeypatch.setattr("tonicnet.learn._judge._SMALL", 0)
    there = replace(judge)
    scores.append(there.score(learnable, learnable.first))
    assert there._running.device.type == "cuda"
    for name, value in scores[0].values.items():
        np.testing.assert_allclose(value, scores[1].values[name], rtol=1e-6)


@pytest.mark.parametrize(("device", "sentence"), [("cuda", "torch sees no CUDA"), ("meta", 'must be "cpu" or "cuda"'),
                                                  ("gpu", "is a torch device"), (0, "device is a text")])  # fmt: skip
def test_devices_that_are_not_here(device: Any, sentence: str) -> None:
    if torch.cuda.is_available() and device == "cuda":
        pytest.skip("CUDA is here")
    for call in (lambda: tn.simulate(LOW_RANK, np.zeros(20), duration=0.1, device=device),
                 lambda: tn.fit(LOW_RANK, "two-well", device=device, **QUICK)):  # fmt: skip
        with pytest.raises((ValueError, TypeError), match=sentence):
            call()


def test_the_second_device_refuses_what_a_second_device_refuses(cuda: OtherDevice | Card) -> None:
    here, there = torch.ones(2, 2), torch.ones(2, 2, device="cuda")
    assert (there.device.type, (there @ there).device.type, there.cpu().device.type) == ("cuda", "cuda", "cpu")
    assert (there * torch.tensor(2.0)).device.type == "cuda"
    assert there[torch.tensor([0])].device.type == "cuda"
    out = (torch.empty(2, 2), torch.empty((), dtype=torch.int32))
    refused = [
        lambda: here + there,
        lambda: torch.cat([here, there]),
        lambda: torch.linalg.cholesky_ex(there, out=out),
        lambda: here[there.to(torch.int64)],
        lambda: there.numpy(),
        lambda: np.asarray(there),
        lambda: torch.randn(2, generator=torch.Generator(), device="cuda"),
    ]
    for call in refused:
        with pytest.raises((RuntimeError, TypeError)):
            call()
    assert here.to("cuda").device.type == "cuda"
    assert here.device.type == "cpu"
