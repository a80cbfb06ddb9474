"""Learning gains, output scales or a decoder instead of tonic inputs: from the fit to the bank and the run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
import xarray as xr

import tonicnet as tn
from tonicnet.bank import load_bank
from tonicnet.circuit import Learnable, circuit_of
from tonicnet.learn import first_bias
from tonicnet.learn._field_residual import FieldResidual
from tonicnet.learn._target import Target
from tonicnet.parameters import LEARNABLE, SETS
from tonicnet.solve import SOLVERS

N, K, SEED = 40, 2, 3
VARIABLES = {"gain": "gain", "scale": "unit_scale", "decoder": "decoder"}
NETS = {
    "low-rank": tn.Network(N, seed=0, components=K, transfer="tanh"),
    "dense": tn.Network(N, seed=0, components=K, transfer="tanh", synapses="dense", gain=0.9),
}
QUICK = {"rounds": 0, "restarts": 0, "steps": 6, "seed": SEED}
ALL, FEW = 10**6, 4  # steps: a dense network is not followed to the end


def decay(name: str = "decay", rate: float = 1.0) -> tn.Task:
    """A memory of one state, learned at once."""
    box = {"low": [-1, -1], "high": [1, 1], "center": [0, 0], "scale": [1, 1]}
    return tn.Task(lambda x: -rate * x, name=name, initial=[1.0, 0.5], kind="memory", speed=1.0, transient=1.0, **box)


def until(count: int, events: list[dict]) -> Callable[[dict], None]:
    """Return a progress function that keeps what it is told, and interrupts learning after so many steps in all."""

    def progress(event: dict) -> None:
        events.append(event)
        if len(events) == count:
            raise KeyboardInterrupt

    return progress


@pytest.fixture(scope="module", params=[(kind, name) for kind in NETS for name in VARIABLES], ids="-".join)
def fitted(request: pytest.FixtureRequest) -> tuple[tn.Network, str, xr.Dataset, list[dict]]:
    """A network, the set that was learned on it, the bank, and what was told while it was learned."""
    kind, name = request.param
    events: list[dict] = []
    count = ALL if kind == "low-rank" else FEW
    bank = tn.fit(NETS[kind], "hopf", learn=name, progress=until(count, events), **QUICK)
    return NETS[kind], name, bank, events


def numbers_of(bank: xr.Dataset, name: str, task: str = "hopf") -> dict[str, np.ndarray]:
    row = bank.sel(task=task)
    return {"bias": row["bias"].values, name: row[VARIABLES[name]].values}


def output_of(net: tn.Network, z: np.ndarray, bias: np.ndarray, gain=1.0, scale=1.0, decoder=None) -> np.ndarray:
    """D r of a low-rank network at some latents, written down once more."""
    d = net.decoder.astype(np.float64) if decoder is None else decoder
    return (scale * np.tanh(gain * (z @ net.encoder.T.astype(np.float64) + bias))) @ d.T


# ---------------------------------------------------------------- fit and bank


def test_every_stage_lowers_its_loss(fitted: tuple) -> None:
    *_, bank, events = fitted
    np.testing.assert_array_equal(bank["loss"].values[0], [e["loss"] for e in events])
    for stage in dict.fromkeys(e["stage"] for e in events):
        losses = [e["loss"] for e in events if e["stage"] == stage]
        assert (np.diff(losses) < 0).all()


def test_the_bank_holds_the_learned_numbers_and_the_frozen_ones(fitted: tuple) -> None:
    net, name, bank, events = fitted
    one = SETS[name]
    learned = bank[VARIABLES[name]]
    assert learned.dims == ("task", *one.dims)
    assert learned.attrs == {"units": "1", "long_name": one.long_name}
    np.testing.assert_array_equal(learned.values[0], events[-1][name])
    assert np.abs(learned.values[0] - one.neutral(net)).max() > 0.01
    np.testing.assert_array_equal(bank["bias"].values[0], first_bias(net, seed=SEED))
    assert not set(VARIABLES.values()) - {VARIABLES[name]} & set(bank.data_vars)
    assert bank.attrs["learn"] == name


@pytest.mark.parametrize("name", VARIABLES)
def test_the_learned_field_is_nearer_to_that_of_the_task(name: str) -> None:
    net = NETS["low-rank"]
    target = Target(tn.task("hopf"), net)
    bank = tn.fit(net, "hopf", learn=name, progress=False, **QUICK | {"steps": 12})
    z = target.known[::20]

    def error(numbers: dict) -> float:
        return float(np.mean((output_of(net, z, **numbers) - target.response(z)) ** 2))

    frozen = {"bias": first_bias(net, seed=SEED)}
    assert error(numbers_of(bank, name)) < 0.02 * error(frozen)


def test_the_network_runs_under_the_learned_numbers(fitted: tuple) -> None:
    """Each step of Euler's method, by hand, from the state before it."""
    net, name, bank, _ = fitted
    h, dt = 0.1, 0.1 * net.tau
    run = tn.simulate(net, bank, duration=20 * dt, dt=dt, method="euler", rates=True, initial=[1.0, 0.0])
    numbers, row = numbers_of(bank, name), bank.sel(task="hopf")
    r = run["rate"].values[0] / net.transfer.rate_scale
    z = (run["output"].values[0] - row["center"].values) / row["scale"].values
    d = numbers.get("decoder", net.decoder.astype(np.float64))
    np.testing.assert_allclose(z, r @ d.T, atol=1e-9)
    if net.low_rank:
        np.testing.assert_allclose(z[1:], (1 - h) * z[:-1] + h * output_of(net, z[:-1], **numbers), atol=1e-9)
        return
    inside = r @ net.recurrent.T.astype(np.float64) + z @ net.encoder.T.astype(np.float64) + numbers["bias"]
    rate = numbers.get("scale", 1.0) * np.tanh(numbers.get("gain", 1.0) * inside)
    np.testing.assert_allclose(r[1:], (1 - h) * r[:-1] + h * rate[:-1], atol=1e-9)


def test_a_bank_survives_the_file(fitted: tuple, tmp_path: Path) -> None:
    net, _, bank, _ = fitted
    path = tn.save(bank, tmp_path / "bank.nc")
    xr.testing.assert_identical(load_bank(path), bank)
    one, two = (tn.simulate(net, b, duration=1.0)["output"].values for b in (bank, tn.load(path)))
    np.testing.assert_array_equal(one, two)


# ---------------------------------------------------------------- interrupted, started again, grown


@pytest.mark.parametrize("kind", NETS)
@pytest.mark.parametrize("name", VARIABLES)
def test_interrupted_learning_goes_on_to_the_same_numbers(kind: str, name: str, tmp_path: Path) -> None:
    task, count = (decay(), ALL) if kind == "low-rank" else ("hopf", FEW)
    given = {"learn": name, **QUICK}
    whole: list[dict] = []
    bank = tn.fit(NETS[kind], task, progress=until(count, whole), **given)
    done: list[dict] = []
    path = tmp_path / "run.nc"
    half = tn.fit(NETS[kind], task, progress=until(len(whole) // 2, done), checkpoint=path, **given)
    again = tn.fit(NETS[kind], task, progress=until(count, done), checkpoint=path, **given)
    assert not np.array_equal(half[VARIABLES[name]], bank[VARIABLES[name]])
    for variable in ("bias", VARIABLES[name], "loss"):
        np.testing.assert_array_equal(again[variable], bank[variable], err_msg=variable)
    assert [e["step"] for e in done] == [e["step"] for e in whole]


@pytest.mark.parametrize("name", VARIABLES)
def test_the_checkpoint_of_another_set_is_refused(name: str, tmp_path: Path) -> None:
    def stop(event: dict) -> None:
        raise KeyboardInterrupt

    given = {"checkpoint": tmp_path / "run.nc", **QUICK}
    tn.fit(NETS["low-rank"], decay(), progress=stop, **given)
    with pytest.raises(ValueError, match=f"its learn was bias, now it is {name}"):
        tn.fit(NETS["low-rank"], decay(), learn=name, progress=False, **given)


@pytest.mark.parametrize("name", VARIABLES)
def test_numbers_and_frozen_biases_are_of_one_restart(name: str) -> None:
    """Three units make no cycle of any kind: all starts are lost, and learning starts again with other biases."""
    net = tn.Network(3, seed=0, components=K, transfer="tanh")
    events: list[dict] = []
    bank = tn.fit(net, "hopf", learn=name, progress=events.append, **QUICK | {"restarts": 1})
    assert {e["restart"] for e in events} == {0, 1}
    ends = [[e[name] for e in events if e["restart"] == restart][-1] for restart in (0, 1)]
    found = [np.array_equal(bank[VARIABLES[name]].values[0], end) for end in ends]
    frozen = [np.array_equal(bank["bias"].values[0], first_bias(net, seed=SEED, restart=r)) for r in (0, 1)]
    assert sorted(found) == [False, True]
    assert frozen == found


def test_a_bank_of_biases_grows_by_rows_of_other_sets() -> None:
    net = NETS["low-rank"]
    bank = tn.fit(net, decay(), progress=False, **QUICK)
    for count, (name, variable) in enumerate(VARIABLES.items(), start=1):
        own = tn.fit(net, decay(name), learn=name, progress=False, **QUICK)
        grown = tn.fit(net, decay(name), learn=name, into=bank, progress=False, **QUICK)
        kept = grown.isel(task=slice(count), epoch=slice(bank.sizes["epoch"]))
        for held, values in bank.variables.items():
            np.testing.assert_array_equal(kept[held].values, values.values, err_msg=held)
        for learned in ("bias", variable):
            np.testing.assert_array_equal(grown[learned].values[count:], own[learned].values)
        neutral = np.broadcast_to(SETS[name].neutral(net), grown[variable].values[:count].shape)
        np.testing.assert_array_equal(grown[variable].values[:count], neutral)
        for task, alone in (("decay", bank), (name, own)):
            runs = [tn.simulate(net, b, task=task, duration=1.0, seed=1)["output"].values for b in (grown, alone)]
            np.testing.assert_allclose(runs[0], runs[1], atol=1e-12)
        bank = grown


# ---------------------------------------------------------------- what is refused


@pytest.fixture(scope="module")
def lif() -> tn.Network:
    return tn.Network(N, seed=0, components=K, transfer=tn.LIF(noise=0.2))


@pytest.mark.parametrize("name", ["scale", "decoder"])
def test_spikes_refuse_what_is_no_threshold(lif: tn.Network, name: str) -> None:
    bank = tn.fit(lif, decay(), learn=name, progress=False, **QUICK | {"steps": 1})
    for door, given in ((tn.spiking.simulate, {"duration": 0.1}), (tn.spiking.to_brian2, {})):
        with pytest.raises(ValueError, match=f"'decay' was learned by its {SETS[name].long_name}s, which no threshold"):
            door(lif, bank, **given)
    with pytest.raises(ValueError, match=f"{SETS[name].long_name}s are no threshold of a neuron; leave it out"):
        tn.fit(lif, decay(), learn=name, neurons_per_unit=2, progress=False, **QUICK)


@pytest.mark.parametrize(
    ("name", "near"), [("gains", "gain"), ("bais", "bias"), ("scales", "scale"), ("decode", "decoder")]
)
def test_unknown_sets_name_the_nearest_and_all(name: str, near: str) -> None:
    known = ", ".join(sorted(LEARNABLE))
    said = rf"unknown parameter set to learn '{name}'\. Did you mean '{near}'\? Known: {known}\."
    with pytest.raises(ValueError, match=said):
        tn.fit(NETS["low-rank"], "hopf", learn=name, progress=False)


# ---------------------------------------------------------------- a decoder is a linear problem


@pytest.mark.parametrize("solver", ["primal", "dual"])
def test_one_gauss_newton_step_of_a_decoder_is_linear_least_squares(solver: str) -> None:
    net = NETS["low-rank"]
    rng = np.random.default_rng(0)
    z, y, weights = rng.normal(0, 1, (300, K)), rng.normal(0, 1, (300, K)), rng.uniform(0.5, 1.5, 300)
    bias = rng.normal(0, 1, N)
    subject = Learnable(circuit_of(net), {"bias": bias, "decoder": net.decoder.astype(np.float64)}, ("decoder",))
    residual = FieldResidual(subject, *(torch.tensor(a) for a in (z, y, weights)))
    model = SOLVERS[solver](residual.at(subject.first))
    ridge = 1e-6 * model.mean_diagonal()
    rates, root = np.tanh(z @ net.encoder.T.astype(np.float64) + bias), np.sqrt(weights)[:, None]
    damped = np.concatenate([root * rates, np.sqrt(ridge) * np.eye(N)])
    exact = np.linalg.lstsq(damped, np.concatenate([root * y, np.sqrt(ridge) * net.decoder.T]), rcond=None)[0]
    learned = subject.first + model.solve(ridge).step
    np.testing.assert_allclose(subject.values(learned)["decoder"].numpy(), exact.T, rtol=1e-6, atol=1e-6)
    left = np.linalg.lstsq(root * rates, root * y, rcond=None)[1].sum()
    nearly = subject.first + model.solve(1e-10 * model.mean_diagonal()).step
    assert residual.loss(nearly) == pytest.approx(left, rel=1e-6)
