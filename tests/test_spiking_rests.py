"""Recalibration also sees the fixed points among the states that runs visit, where a slightly wrong slope is a trap."""

from __future__ import annotations

import numpy as np
import pytest

import tonicnet as tn
from tonicnet.bank import entry
from tonicnet.circuit import Autonomous, circuit_of, placed
from tonicnet.spiking import _recalibrate


@pytest.fixture(scope="module")
def learned():
    net = tn.Network(200, seed=0, transfer=tn.LIF(noise=0.2))
    bank = tn.fit(net, ["lorenz", "hopf"], steps=8, rounds=1, restarts=0, progress=False)
    return net, bank


def alone(net: tn.Network, bank, task: str) -> Autonomous:
    return Autonomous(placed(circuit_of(net), entry(bank, task).numbers))


def visited(net: tn.Network, bank, task: str) -> np.ndarray:
    run = tn.simulate(net, bank, task=task, duration=20.0, dt=0.02, initial=tn.task(task).initial(4, seed=0))
    return entry(bank, task).to_network(run["output"].values[..., : tn.task(task).dimension]).reshape(-1, 3)


def test_states_lie_round_the_points_where_the_network_stands_still(learned) -> None:
    net, bank = learned
    states, still = visited(net, bank, "lorenz"), alone(net, bank, "lorenz")
    near = _recalibrate._round_rests(still, states, 0)
    assert abs(len(near) / len(states) - 0.08) < 0.01
    points = tn.measure.fixed_points(net, bank.sel(task=["lorenz"]))["location"]
    found = entry(bank, "lorenz").to_network(points.values.reshape(-1, 3))
    found = found[np.isfinite(found).all(1)]
    apart = np.linalg.norm(near[:, None] - found, axis=2).min(1)
    assert np.quantile(apart, 0.99) < 0.5
    assert 0.1 < apart.mean() < 0.25  # 0.1 in each of three components


def test_only_points_among_visited_states_count(learned) -> None:
    net, bank = learned
    states, still = visited(net, bank, "lorenz"), alone(net, bank, "lorenz")
    assert not len(_recalibrate._round_rests(still, states[:1] + 50.0, 0))


def test_slopes_at_the_fixed_points_are_closer_to_those_learned(learned, monkeypatch) -> None:
    """What neurons put out round a fixed point: its error falls, and hardly rises elsewhere."""
    net, bank = learned
    states, still = visited(net, bank, "lorenz"), alone(net, bank, "lorenz")
    near = _recalibrate._round_rests(still, states, 1)
    segments = _recalibrate._planned(_recalibrate.LIFNetwork(net, 1), bank, 5.0, "lorenz", None)
    model = _recalibrate.LIFNetwork(net, 1)
    first = segments[0].entry.bias

    def corrected() -> np.ndarray:
        return _recalibrate._matched(_recalibrate._field(model, model, segments, None, 0), first)

    def error(bias: np.ndarray, at: np.ndarray) -> float:
        monkeypatch.setattr(_recalibrate, "_visited", lambda *_: (at, None))
        monkeypatch.setattr(_recalibrate, "_round_rests", lambda *_: np.empty((0, 3)))
        field = _recalibrate._field(model, model, segments, None, 0)
        monkeypatch.undo()
        return float(field.loss(_recalibrate.torch.as_tensor(bias)))

    made = corrected()
    monkeypatch.setattr(_recalibrate, "_round_rests", lambda *_: np.empty((0, 3)))
    without = corrected()
    monkeypatch.undo()
    assert error(made, near) < 0.8 * error(without, near)
    assert error(made, states[::5]) < 1.5 * error(without, states[::5])
