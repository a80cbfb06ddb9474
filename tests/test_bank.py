"""Banks of every parameter set: what is written is read back, runs as it says, and is refused where it cannot be."""

from __future__ import annotations

import json

import numpy as np
import pytest
import xarray as xr

import tonicnet as tn
from tonicnet._labels import Variable
from tonicnet.bank import Entry, Scaling, as_sigmoid, bank_card, carried, entry, grown, written
from tonicnet.network import network_from_dict
from tonicnet.parameters import LEARNABLE, SETS, sets_for
from tonicnet.spiking._plan import plan

N, K = 24, 2
KINDS = {
    "low-rank": {},
    "dense": {"synapses": "dense", "gain": 1.3},
    "dense, no feedback": {"synapses": "dense", "feedback": False},
    "sparse": {"synapses": "sparse", "density": 0.4},
}
USES = {
    "bias": ["bias"],
    "gain": ["bias", "gain"],
    "scale": ["bias", "scale"],
    "decoder": ["bias", "decoder"],
    "encoder": ["bias", "encoder"],
    "update": ["bias", "low-rank-update"],
    "synapses": ["bias", "recurrent"],  # dense networks alone have them
    "all": [*LEARNABLE],
}
OTHERS = ["gain", "scale", "decoder", "encoder", "update"]


def net_of(kind: str = "low-rank", seed: int = 3, **given: object) -> tn.Network:
    return tn.Network(N, seed=seed, components=K, **{"transfer": "tanh", **KINDS[kind], **given})


drawn_as_they_are = ("bias", "gain", "scale")


def row(net: tn.Network, name: str, sets: list[str], seed: int = 0) -> Entry:
    rng = np.random.default_rng(seed)
    scaling = Scaling(
        name, rng.normal(0, 5, K), rng.uniform(0.5, 4, K), rng.uniform(0.5, 3), K, rng.normal(0, 1, (6, K))
    )
    drawn = {
        "bias": rng.normal(0, 1, N),
        "gain": rng.uniform(0.5, 1.5, N),
        "scale": rng.normal(1, 0.3, N),
    }
    names = [one for one in sets_for(tuple(sets), net) if not SETS[one].lacks(net)]
    drawn |= {one: SETS[one].first(net, 2, rng) for one in names if one not in drawn}
    drawn |= {one: drawn[one] + rng.normal(0, 0.2, drawn[one].shape) for one in names if one not in drawn_as_they_are}
    return Entry(scaling, {one: drawn[one] for one in SETS if one in names})


def rows_of(net: tn.Network, *uses: str) -> list[Entry]:
    return [row(net, f"task {i}", USES[name], seed=i) for i, name in enumerate(uses)]


def same_scaling(one: Scaling, other: Scaling) -> None:
    assert (one.task, one.speed, one.dimension) == (other.task, other.speed, other.dimension)
    for name in ("center", "scale", "start"):
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


# ---------------------------------------------------------------- layout and round trips


@pytest.mark.parametrize("uses", USES)
def test_a_row_is_read_back_as_it_was_written(uses: str) -> None:
    net = net_of()
    wrote = row(net, "one", USES[uses])
    bank = written(net, [wrote])
    read = entry(bank, "one")
    same_scaling(read.scaling, wrote.scaling)
    assert list(read.numbers) == list(wrote.numbers)
    for name, values in wrote.numbers.items():
        np.testing.assert_array_equal(read.numbers[name], values)
        held = bank[SETS[name].variable]
        assert held.dims == ("task", *SETS[name].dims)
        assert held.attrs["long_name"] == SETS[name].long_name
    assert bank.attrs["network_sha256"] == net.sha256
    assert network_from_dict(json.loads(bank.attrs["network"]), origin="the bank") == net


def test_rows_with_different_sets_are_neutral_where_they_have_none() -> None:
    net = net_of()
    wrote = rows_of(net, *USES)
    bank = written(net, wrote)
    for one in wrote:
        read = entry(bank, one.task)
        same_scaling(read.scaling, one.scaling)
        assert list(read.numbers) == [name for name in SETS if not SETS[name].lacks(net)]
        for name, values in read.numbers.items():
            np.testing.assert_array_equal(
                values, one.numbers.get(name, np.broadcast_to(SETS[name].neutral(net), values.shape))
            )


def test_the_unit_of_z_and_the_scale_of_units_are_two_variables() -> None:
    net = net_of()
    bank = written(net, [row(net, "one", USES["scale"])])
    assert bank["scale"].dims == ("task", "component")
    assert bank["unit_scale"].dims == ("task", "unit")


@pytest.mark.parametrize("uses", OTHERS)
def test_a_bank_survives_the_disk(uses: str, tmp_path) -> None:
    net = net_of("dense")
    bank = written(net, rows_of(net, "bias", uses))
    path = tn.save(bank, tmp_path / "bank.nc")
    back = tn.load_bank(path)
    assert back.identical(bank)
    assert tn.load_network(path) == net
    runs = [tn.simulate(net, b, task="task 1", duration=0.1)["output"].values for b in (bank, back)]
    np.testing.assert_array_equal(*runs)
    assert "task 1" in bank_card(back).text


# ---------------------------------------------------------------- banks that grow, and that move


def with_losses(net: tn.Network, rows: list[Entry], steps: int, **more: Variable) -> xr.Dataset:
    losses = np.arange(len(rows) * steps, dtype=float).reshape(len(rows), steps)
    columns = {"loss": Variable(("task", "epoch"), losses, "1", "loss by epoch"), **more}
    coords = {"epoch": Variable(("epoch",), np.arange(steps), "1", "step of the method")}
    tasks = json.dumps({r.task: {"name": r.task} for r in rows})
    return written(net, rows, columns, coords, tasks=tasks, seed=len(rows))


@pytest.mark.parametrize("uses", OTHERS)
@pytest.mark.parametrize("first", ["plain", "numbers"])
def test_a_bank_grows_by_rows_of_other_sets(uses: str, first: str) -> None:
    net = net_of()
    plain, other = rows_of(net, "bias", uses)
    rows = (plain, other) if first == "plain" else (other, plain)
    score = {"valid_time": Variable(("task",), [2.5], "1", "valid time")}
    outcome = {"outcome": Variable(("task",), ["a sentence"], "1", "how learning ended")}
    old, new = with_losses(net, [rows[0]], 2, **score), with_losses(net, [rows[1]], 3, **outcome)
    both = grown(net, old, new)
    assert both["task"].values.tolist() == [rows[0].task, rows[1].task]
    for wrote in rows:
        read = entry(both, wrote.task)
        same_scaling(read.scaling, wrote.scaling)
        assert list(read.numbers) == list(other.numbers)
        for name, values in read.numbers.items():
            np.testing.assert_array_equal(
                values, wrote.numbers.get(name, np.broadcast_to(SETS[name].neutral(net), values.shape))
            )
    np.testing.assert_array_equal(both["loss"], [[0, 1, np.nan], [0, 1, 2]])
    np.testing.assert_array_equal(both["valid_time"], [2.5, np.nan])
    assert both["outcome"].values.tolist() == ["", "a sentence"]
    assert list(json.loads(both.attrs["tasks"])) == [rows[0].task, rows[1].task]
    assert both.attrs["network_sha256"] == net.sha256
    for name in both.variables:
        assert {"units", "long_name"} <= set(both[name].attrs), name


def test_a_carried_bank_belongs_to_the_other_network() -> None:
    net, other = net_of(), net_of(seed=4)
    bank = written(net, rows_of(net, "bias", "gain"))
    moved = carried(bank, other, bias=2 * bank["bias"].values)
    np.testing.assert_array_equal(moved["bias"], 2 * bank["bias"])
    assert moved["bias"].attrs == bank["bias"].attrs | {"network_sha256": other.sha256}
    assert moved.drop_vars(["bias", "network_hash"]).equals(bank.drop_vars(["bias", "network_hash"]))
    assert set(moved["network_hash"].values) == {other.sha256}
    assert tn.simulate(other, moved, task="task 1", duration=0.1).sizes["time"] == 11
    with pytest.raises(ValueError, match="learned on network"):
        tn.simulate(net, moved, task="task 1", duration=0.1)
    assert bank.attrs["network_sha256"] == net.sha256


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("uses", USES)
def test_a_sigmoid_network_does_the_same_with_every_set(kind: str, uses: str) -> None:
    """At random r = 2 s - t (t the output scale) and input u: twice the flow of s is that of r, the output is equal."""
    net = net_of(kind)
    bank = written(net, rows_of(net, "bias", uses))
    positive, moved = as_sigmoid(net, bank)
    rng = np.random.default_rng(0)
    r, u = rng.uniform(-1, 1, N), rng.normal(size=K)
    for name in ("task 0", "task 1"):
        before, after = entry(bank, name), entry(moved, name)
        t = before.numbers.get("scale", 1.0) * before.numbers.get("mask", np.ones(N))
        flow, output = flow_and_output(net, before, r, u, np.tanh)
        twice, same = flow_and_output(positive, after, (r + t) / 2, u, lambda h: 1 / (1 + np.exp(-h)))
        np.testing.assert_allclose(2 * twice, flow, atol=1e-12)
        np.testing.assert_allclose(same, output, atol=1e-11)


def flow_and_output(net: tn.Network, one: Entry, r: np.ndarray, u: np.ndarray, phi) -> tuple[np.ndarray, np.ndarray]:
    """The whole rate equation in plain numpy."""
    decoder, gain, scale = (one.numbers.get(n, SETS[n].neutral(net)) for n in ("decoder", "gain", "scale"))
    scale = scale * one.numbers.get("mask", 1.0)
    w, e = np.zeros((N, N)) if net.low_rank else net.recurrent @ np.eye(N), one.numbers.get("encoder", net.encoder)
    w, left = one.numbers.get("recurrent", w), one.numbers.get("update-left")
    w = w + left @ one.numbers["update-right"] if "update-right" in one.numbers else w
    e = e.astype(float) + left @ one.numbers["update-latent"] if "update-latent" in one.numbers else e.astype(float)
    w = w + e @ decoder if net.spec.feedback else w
    return scale * phi(gain * (w @ r + e @ u + one.bias)) - r, one.to_task(decoder @ r)


# ---------------------------------------------------------------- labels, not places


def mixed(bank: xr.Dataset) -> xr.Dataset:
    """The same bank with everything in another order."""
    rng = np.random.default_rng(3)
    dims = [dim for dim in ("unit", "component", "task", "presynaptic") if dim in bank.dims]
    moved = bank.isel({dim: rng.permutation(bank.sizes[dim]) for dim in dims})
    assert not (moved["unit"].values == bank["unit"].values).all()
    return moved.transpose(*reversed(list(moved.sizes)))


@pytest.mark.parametrize("uses", USES)
def test_a_bank_in_another_order_is_the_same_bank(uses: str) -> None:
    net = net_of("dense")
    bank = written(net, rows_of(net, uses, "bias"))
    moved = mixed(bank)
    sigmoid = [as_sigmoid(net, b)[1] for b in (bank, moved)]
    for plain, other in ((bank, moved), sigmoid):
        for name in ("task 0", "task 1"):
            one, two = entry(plain, name), entry(other, name)
            same_scaling(one.scaling, two.scaling)
            for key, values in one.numbers.items():
                np.testing.assert_array_equal(two.numbers[key], values)
    runs = [tn.simulate(net, b, task="task 0", duration=0.1)["output"].values for b in (bank, moved)]
    np.testing.assert_array_equal(*runs)


def test_a_bias_vector_in_another_order_is_the_same_vector() -> None:
    net = net_of()
    bank = written(net, rows_of(net, "bias"))
    bias = bank["bias"].isel(task=0)
    moved = bias.isel(unit=np.random.default_rng(0).permutation(N))
    runs = [tn.simulate(net, b, duration=0.1)["output"].values for b in (bias, moved, bias.values)]
    np.testing.assert_array_equal(runs[0], runs[1])
    np.testing.assert_array_equal(runs[0], runs[2])


def test_a_bank_in_another_order_grows() -> None:
    net = net_of()
    old, new = (with_losses(net, rows_of(net, use)[-1:], 2) for use in ("bias", "gain"))
    new = new.assign_coords(task=["new"])
    assert grown(net, mixed_units(old), new).equals(grown(net, old, new))


def mixed_units(bank: xr.Dataset) -> xr.Dataset:
    return bank.isel(unit=np.random.default_rng(1).permutation(N))


LABELS = {
    "from one": lambda bank: bank.assign_coords(unit=np.arange(N) + 1),
    "one twice": lambda bank: bank.assign_coords(unit=np.r_[0, np.arange(N - 1)]),
    "between": lambda bank: bank.assign_coords(unit=np.arange(N) + 0.5),
    "words": lambda bank: bank.assign_coords(component=["x", "y"]),
}


@pytest.mark.parametrize("change", LABELS.values(), ids=LABELS)
def test_labels_that_are_not_those_of_a_network_are_refused(change) -> None:
    net = net_of()
    bank = written(net, rows_of(net, "bias"))
    with pytest.raises(ValueError, match=r"the labels of dim '(unit|component)' of this bank are not the numbers 0 to"):
        tn.simulate(net, change(bank), task="task 0", duration=0.1)


def test_rows_of_two_networks_are_not_one_bank() -> None:
    net, other = net_of(), net_of(seed=4)
    mine, theirs = written(net, rows_of(net, "bias")), written(other, rows_of(other, "bias"))
    theirs = theirs.assign_coords(task=["theirs"])
    for attrs in ("override", "drop"):
        both = xr.concat([mine, theirs], "task", data_vars="all", combine_attrs=attrs)
        with pytest.raises(ValueError, match=f"row 'theirs' of this bank was learned on network {other.sha256}"):
            tn.simulate(net, both, task="task 0", duration=0.1)
        assert tn.simulate(net, both.sel(task=["task 0"]), duration=0.1).sizes["time"] == 11
    with pytest.raises(ValueError, match=f"this bank was learned on network {other.sha256}, not on this one"):
        tn.simulate(net, theirs, duration=0.1)


def test_a_bank_of_an_earlier_version_has_no_hash_of_its_rows() -> None:
    net = net_of()
    old = written(net, rows_of(net, "bias")).drop_vars("network_hash")
    assert tn.simulate(net, old, task="task 0", duration=0.1).sizes["time"] == 11
    both = grown(net, with_losses(net, rows_of(net, "bias"), 1).drop_vars("network_hash"),
                 with_losses(net, rows_of(net, "bias"), 1).assign_coords(task=["new"]))  # fmt: skip
    assert both["network_hash"].values.tolist() == [net.sha256] * 2
    with pytest.raises(ValueError, match="was learned on network None"):
        tn.simulate(net, xr.Dataset(old.data_vars), task="task 0", duration=0.1)


# ---------------------------------------------------------------- runs


def by_hand(net: tn.Network, parts: list[tuple[Entry, int]], r: np.ndarray, h: float) -> np.ndarray:
    """Outputs of the whole rate equation in plain numpy, by classical Runge-Kutta steps of ``h`` tau."""
    outputs, u = [], np.zeros(K)
    for one, steps in parts:

        def flow(r: np.ndarray, one: Entry = one) -> np.ndarray:
            return np.stack([flow_and_output(net, one, x, u, np.tanh)[0] for x in r])

        for _ in range(steps):
            outputs.append([flow_and_output(net, one, x, u, np.tanh)[1] for x in r])
            k1 = flow(r)
            k2 = flow(r + h / 2 * k1)
            k3 = flow(r + h / 2 * k2)
            k4 = flow(r + h * k3)
            r = r + h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
    outputs.append([flow_and_output(net, one, x, u, np.tanh)[1] for x in r])
    return np.array(outputs).swapaxes(0, 1)


def rates_of(run: xr.Dataset) -> np.ndarray:
    return run["rate"].values[:, 0]


@pytest.mark.parametrize("uses", USES)
@pytest.mark.parametrize("kind", KINDS)
def test_a_bank_runs_as_its_numbers_say(kind: str, uses: str) -> None:
    net = net_of(kind)
    one = row(net, "one", USES[uses])
    bank, start = written(net, [one]), np.random.default_rng(1).normal(size=(2, K))
    given = {"duration": 0.3, "dt": 0.01, "initial": start}
    run, whole = (tn.simulate(net, bank, rates=rates, **given) for rates in (False, True))
    wanted = by_hand(net, [(one, 30)], rates_of(whole), 0.1)
    np.testing.assert_allclose(wanted[:, 0], start, atol=1e-10)
    np.testing.assert_allclose(whole["output"], wanted, atol=1e-10)
    np.testing.assert_allclose(run["output"], wanted, atol=1e-10)


@pytest.mark.parametrize("kind", KINDS)
def test_rates_run_on_where_decoders_change(kind: str) -> None:
    """At the switch the output jumps, read out by the next decoder, and the rates do not."""
    net = net_of(kind)
    one, two, plain = rows_of(net, "decoder", "all", "bias")
    bank = written(net, [one, two, plain])
    schedule = [("task 0", 0.07), ("task 1", 0.11), ("task 2", 0.05), ("task 0", 0.04)]
    given = {"schedule": schedule, "dt": 0.01, "initial": one.start[:2]}
    run, whole = (tn.simulate(net, bank, rates=rates, **given) for rates in (False, True))
    wanted = by_hand(net, [(one, 7), (two, 11), (plain, 5), (one, 4)], rates_of(whole), 0.1)
    np.testing.assert_allclose(whole["output"], wanted, atol=1e-9)
    np.testing.assert_allclose(run["output"], wanted, atol=1e-9)
    assert np.abs(np.diff(whole["rate"].values, axis=1)).max() < 0.5  # of rates of order one: no jump


def test_the_field_of_a_row_is_that_of_its_numbers() -> None:
    net = net_of()
    one = row(net, "one", USES["all"])
    n, x = one.numbers, np.random.default_rng(1).normal(size=(5, K))
    z = one.to_network(x)
    moved = (
        n["mask"]
        * n["scale"]
        * np.tanh(n["gain"] * (z @ (n["encoder"] + n["update-left"] @ n["update-latent"]).T + n["bias"]))
    ) @ n["decoder"].T - z
    found = tn.flow(net, written(net, [one]))(x)
    np.testing.assert_allclose(found, moved * one.scale / (net.tau * one.speed), atol=1e-10)


# ---------------------------------------------------------------- refusals


@pytest.mark.parametrize("name", list(SETS))
@pytest.mark.parametrize("bad", [np.nan, np.inf])
def test_numbers_that_are_not_finite_are_refused(name: str, bad: float) -> None:
    kind = next((kind for kind in ("low-rank", "dense") if not SETS[name].lacks(net_of(kind))), None)
    if kind is None:
        pytest.skip("a set of feed-forward networks")
    net = net_of(kind)
    bank = written(net, rows_of(net, "all", "bias"))
    variable = SETS[name].variable
    bank[variable][(1, *[0] * (bank[variable].ndim - 1))] = bad
    with pytest.raises(ValueError, match=f"holds values of '{variable}' that are not finite; take an intact copy") as e:
        tn.simulate(net, bank, task="task 0", duration=0.1)
    assert "\n" not in str(e.value)


def put(name: str, value: float) -> object:
    def change(bank: xr.Dataset) -> xr.Dataset:
        bank[name][(1, *[0] * (bank[name].ndim - 1))] = value
        return bank

    return change


DAMAGE = {
    "scale 0": (put("scale", 0.0), "'scale' of this bank is positive and holds 0;"),
    "scale below 0": (put("scale", -2.0), "'scale' of this bank is positive and holds -2;"),
    "speed 0": (put("speed", 0.0), "'speed' of this bank is positive and holds 0;"),
    "speed below 0": (put("speed", -1.0), "'speed' of this bank is positive and holds -1;"),
    "dimension 0": (put("dimension", 0), "'dimension' of this bank counts components, from 1 to 2, and holds 0;"),
    "dimension 9": (put("dimension", 9), "from 1 to 2, and holds 9;"),
    "dimension in parts": (lambda b: b.assign(dimension=b["dimension"] - 0.5), "from 1 to 2, and holds 1.5;"),
    "a task twice": (lambda b: b.assign_coords(task=["a", "a"]), "this bank holds task 'a' 2 times; keep one of them"),
    "no tasks": (lambda b: b.drop_vars("task"), "does not say which row is which task"),
    "complex": (lambda b: b.assign(bias=b["bias"] + 1j), "'bias' of this bank has dtype complex128 and needs real"),
    "words": (lambda b: b.assign(speed=b["speed"].astype(str)), "'speed' of this bank has dtype <U32 and needs real"),
    "objects": (lambda b: b.assign(bias=b["bias"].astype(object)), "'bias' of this bank has dtype object"),
    "no trials": (lambda b: b.assign(start=b["start"].isel(trial=0)), r"'start' .* has dims \(task, component\)"),
    "a dim more": (lambda b: b.assign(gain=b["bias"].expand_dims(x=2)), r"'gain' .* has dims \(x, task, unit\)"),
    "one component": (lambda b: b.isel(component=[0]), "this bank has 1 components, the network has 2"),
    "other synapses": (
        lambda b: b.assign(update_right=(("task", "rank", "presynaptic"), np.zeros((2, 1, 9)))),
        "this bank has synapses from 9 units, the network has 24",
    ),
    "fewer units": (lambda b: b.isel(unit=slice(9)), "this bank has biases for 9 units, the network has 24"),
}  # fmt: skip
DOORS = {
    "simulate": lambda net, bank: tn.simulate(net, bank, task="task 0", duration=0.1),
    "flow": lambda net, bank: tn.flow(net, bank, task="task 0"),
    "spiking": lambda net, bank: tn.spiking.simulate(net, bank, task="task 0", duration=0.1),
    "fit": lambda net, bank: tn.fit(net, "hopf", into=bank, progress=False),
}


@pytest.mark.parametrize(("change", "said"), DAMAGE.values(), ids=DAMAGE)
def test_a_bank_that_is_not_whole_is_refused_at_every_door(change, said: str) -> None:
    net = net_of()
    for door in DOORS.values():
        with pytest.raises(ValueError, match=said) as caught:
            door(net, change(written(net, rows_of(net, "bias", "bias"))))
        assert "\n" not in str(caught.value)


SPIKING = {
    "simulate": lambda net, bank, **which: tn.spiking.simulate(net, bank, duration=0.1, **which),
    "to_brian2": lambda net, bank, **which: tn.spiking.to_brian2(net, bank, **which),
}


@pytest.mark.parametrize("door", SPIKING)
@pytest.mark.parametrize("uses", [uses for uses in OTHERS if uses != "gain"])
def test_spiking_neurons_refuse_what_is_no_threshold(door: str, uses: str) -> None:
    net = net_of(transfer="lif")
    bank = written(net, rows_of(net, "bias", uses))
    named = SETS[{"update": "update-left"}.get(uses, uses)].long_name
    said = f"task 'task 1' was learned by its {named}s, which no threshold"
    with pytest.raises(ValueError, match=said) as caught:
        SPIKING[door](net, bank, task="task 1")
    assert "\n" not in str(caught.value)
    neutral = plan(net, bank, duration=0.1, schedule=None, task="task 0")[0].entry
    assert set(neutral.numbers) == set(rows_of(net, uses)[0].numbers)


@pytest.mark.parametrize("export", ["write_script", "write_cpp"])
def test_an_export_holds_all_rows_and_so_refuses_any(export: str, tmp_path) -> None:
    net = net_of(transfer="lif")
    bank = written(net, rows_of(net, "bias", "gain"))
    with pytest.raises(ValueError, match="task 'task 1' was learned by its input gains"):
        getattr(tn.spiking, export)(tmp_path / "export.py", net, bank, schedule=[("task 0", 0.1)])
    assert not list(tmp_path.iterdir())
