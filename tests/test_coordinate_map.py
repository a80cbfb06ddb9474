"""Coordinate maps: the mathematics, rows of banks that have one, and runs that undo it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest
import xarray as xr

import tonicnet as tn
from tonicnet.bank import CoordinateMap, Entry, Scaling, as_sigmoid, check_bank, entry, grown, map_arrays, written

NET = tn.Network(units=40, components=4, seed=0, transfer="tanh")
ORIGIN, WIDTH = np.array([0.0, 0.3, 0.0, -1.0]), np.array([1.0, 0.5, 2.0, 0.1])
MAPS = [
    CoordinateMap(("identity", "asinh", "log", "asinh"), ORIGIN, WIDTH),
    CoordinateMap(("radial", "radial", "log", "radial"), ORIGIN, WIDTH),
]
MIXING = np.array([[1.0, 0.5, 0.0, 0.0], [0.2, 2.0, 0.0, 0.1], [0.0, 0.0, 1.0, 0.0], [0.3, 0.0, 0.0, 1.0]])


def _states(count: int = 50) -> np.ndarray:
    x = np.random.default_rng(0).normal(size=(count, 4)) * [1, 50, 1, 3]
    x[:, 2] = np.exp(3 * x[:, 2])
    return x


def _scaling(task: str, coordinates: CoordinateMap | None, mixing: np.ndarray | None, d: int = 4) -> Scaling:
    start = np.pad(_states(6)[:, :d], ((0, 0), (0, 4 - d)))
    center, scale = np.array([0.1, -0.2, 0.3, 0.0]), np.array([1.5, 0.7, 2.0, 1.0])
    return Scaling(task, center, scale, 2.0, d, start, coordinates=coordinates, mixing=mixing)


@pytest.fixture(scope="module")
def bank() -> xr.Dataset:
    """A bank of three rows: of plain coordinates, of a map, of a map and a mixing."""
    bias = np.random.default_rng(1).normal(size=(3, 40))
    rows = [
        _scaling("plain", None, None),
        _scaling("mapped", MAPS[0], None),
        _scaling("mixed", MAPS[1], MIXING),
    ]
    return written(NET, [Entry(row, {"bias": one}) for row, one in zip(rows, bias, strict=True)])


@pytest.mark.parametrize("one", MAPS)
def test_a_map_is_undone_and_its_velocities_follow_the_chain_rule(one: CoordinateMap) -> None:
    x, v, h = _states(), np.random.default_rng(2).normal(size=(50, 4)), 1e-6
    v[:, 2] *= x[:, 2]  # a step of a component of small size is small
    np.testing.assert_allclose(one.back(one.forward(x)), x, rtol=1e-12, atol=1e-12)
    slope = (one.forward(x + h * v) - one.forward(x - h * v)) / (2 * h)
    np.testing.assert_allclose(one.push(x, v), slope, rtol=1e-6, atol=1e-8)
    np.testing.assert_allclose(one.pull(x, one.push(x, v)), v, rtol=1e-11, atol=1e-12)


def test_a_radial_map_is_smooth_at_its_origin() -> None:
    one = CoordinateMap(("radial",) * 3, np.zeros(3), np.ones(3))
    near = 1e-6 * np.array([[1.0, -2.0, 0.5], [0.0, 0.0, 0.0]])
    np.testing.assert_allclose(one.forward(near), near, rtol=1e-10)
    np.testing.assert_allclose(one.push(near, np.ones((2, 3))), 1.0, rtol=1e-10)
    assert np.isfinite(one.back(np.full((2, 3), 1e6))).all()


@pytest.mark.parametrize("one", MAPS)
@pytest.mark.parametrize("mixing", [None, MIXING])
def test_a_scaling_is_undone_and_takes_velocities_along(one: CoordinateMap, mixing: np.ndarray | None) -> None:
    scaling, x, h = _scaling("a", one, mixing), _states(), 1e-6
    v = np.random.default_rng(3).normal(size=x.shape)
    v[:, 2] *= x[:, 2]
    np.testing.assert_allclose(scaling.to_task(scaling.to_network(x)), x, rtol=1e-10, atol=1e-10)
    slope = (scaling.to_network(x + h * v) - scaling.to_network(x - h * v)) / (2 * h)
    np.testing.assert_allclose(scaling.velocity_to_network(x, v), slope, rtol=1e-6, atol=1e-8)
    back = scaling.velocity_to_task(x, scaling.velocity_to_network(x, v))
    np.testing.assert_allclose(back, v, rtol=1e-9, atol=1e-10)


def test_idle_components_stay_as_they_are() -> None:
    own = CoordinateMap(("asinh", "log"), np.zeros(2), np.ones(2))
    scaling = _scaling("a", own, np.array([[1.0, 0.4], [0.0, 1.0]]), d=2)
    x = np.abs(_states())
    z = scaling.to_network(x)
    np.testing.assert_allclose(z[:, 2:], (x[:, 2:] - scaling.center[2:]) / scaling.scale[2:])
    np.testing.assert_allclose(scaling.to_task(z), x, rtol=1e-10)


def test_a_logarithm_refuses_states_that_it_cannot_take() -> None:
    with pytest.raises(ValueError, match=r"component 2 of the task is mapped by its logarithm.* got -1"):
        MAPS[0].forward(np.array([0.0, 0.0, -1.0, 0.0]))


@pytest.mark.parametrize(
    ("kinds", "origin", "width", "message"),
    [
        (("log", "arcsin"), np.zeros(2), np.ones(2), "coordinate map"),
        (("log", "asinh"), np.zeros(2), np.array([1.0, 0.0]), "positive width"),
        (("log", "asinh"), np.array([np.nan, 0.0]), np.ones(2), "finite origin"),
    ],
)
def test_a_map_checks_itself(kinds: tuple[str, ...], origin: np.ndarray, width: np.ndarray, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        CoordinateMap(kinds, origin, width)


def test_a_bank_keeps_maps_in_its_file_and_in_every_selection(bank: xr.Dataset, tmp_path: object) -> None:
    path = f"{tmp_path}/bank.nc"
    tn.save(bank, path)
    read = tn.load_bank(path)
    assert all(read[name].attrs["long_name"] and read[name].attrs["units"] for name in read.variables)
    x = _states()
    for name in ("plain", "mapped", "mixed"):
        expected = entry(bank, name).to_network(x)
        for one in (read, read.sel(task=[name]), read.sel(task=name), read.isel(component=[3, 1, 0, 2])):
            np.testing.assert_array_equal(entry(one, name).to_network(x), expected)
    assert entry(read, "plain").scaling.plain
    assert not {"coordinate_map", "mixing"} & set(written(NET, [entry(bank, "plain")]).variables)


def test_rows_of_banks_with_and_without_maps_are_joined(bank: xr.Dataset) -> None:
    plain = written(NET, [entry(bank, "plain")])
    mapped = bank.sel(task=["mapped", "mixed"])
    x = _states()
    learned = mapped.assign(loss=(("task", "epoch"), np.ones((2, 3)), {"units": "1", "long_name": "loss by epoch"}))
    for joined in (grown(NET, plain, learned), xr.concat([plain, mapped], "task", data_vars="all")):
        check_bank(NET, joined)
        for name in ("plain", "mapped", "mixed"):
            np.testing.assert_array_equal(entry(joined, name).to_network(x), entry(bank, name).to_network(x))


@pytest.mark.parametrize(
    ("damaged", "message"),
    [
        (lambda b: b.assign(coordinate_map=b.coordinate_map.where(b.coordinate_map != "log", "sqrt")), "'mapped'"),
        (lambda b: b.assign(map_width=0 * b.map_width), "damaged.*positive width"),
        (lambda b: b.drop_vars("map_origin"), "no 'map_origin'"),
        (lambda b: b.assign(mixing=b.mixing.where(b.mixed != "1", 0.0)), "no inverse"),
    ],
)
def test_damaged_maps_are_refused(bank: xr.Dataset, damaged: Callable[[xr.Dataset], xr.Dataset], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        check_bank(NET, damaged(bank))


def test_a_run_through_rows_with_different_maps_carries_z_and_undoes_each(bank: xr.Dataset) -> None:
    schedule = [("mapped", 0.6), ("plain", 0.6), ("mixed", 0.6)]
    how = {"trials": 2, "dt": 0.02, "seed": 1}
    run = tn.simulate(NET, bank, schedule=schedule, **how)
    start = entry(bank, "mapped").to_network(run["output"].values[:, 0])
    inside = written(NET, [_plain(entry(bank, name)) for name in ("mapped", "plain", "mixed")])
    z = tn.simulate(NET, inside, schedule=schedule, initial=start, dt=0.02)["output"].values
    for number, (name, _) in enumerate(schedule):
        here = run["segment_index"].values == number
        np.testing.assert_allclose(run["output"].values[:, here], entry(bank, name).to_task(z[:, here]), rtol=1e-9)


def _plain(row: Entry) -> Entry:
    return replace(row, scaling=Scaling(row.task, np.zeros(4), np.ones(4), 2.0, 4, np.zeros((1, 4))))


def test_the_flow_of_a_row_is_the_slope_of_its_run(bank: xr.Dataset) -> None:
    for name in ("mapped", "mixed"):
        dt = 1e-4
        run = tn.simulate(NET, bank, task=name, duration=4 * dt, dt=dt, initial=_states(1)[0])
        x, t = run["output"].values[0], run["task_time"].values
        slope = (x[3] - x[1]) / (t[3] - t[1])
        np.testing.assert_allclose(
            tn.flow(NET, bank, task=name)(x[2]), slope, rtol=1e-3, atol=1e-4 * np.abs(slope).max()
        )


def test_an_exported_script_undoes_maps_as_a_bank_does(bank: xr.Dataset) -> None:
    from tonicnet.spiking.exported.brian2_script import in_task_units

    scalings = [entry(bank, name).scaling for name in ("plain", "mapped", "mixed")]
    held = {name: np.stack([getattr(s, name) for s in scalings]) for name in ("center", "scale")}
    z, row = np.random.default_rng(5).normal(size=(30, 4)), np.arange(30) % 3
    expected = [scalings[k].to_task(one) for k, one in zip(row, z, strict=True)]
    np.testing.assert_allclose(in_task_units(z, held | map_arrays(scalings), row), expected, rtol=1e-10)
    assert map_arrays(scalings[:1]) == {}


def test_spikes_carry_z_over_and_undo_the_map_of_each_segment() -> None:
    net = tn.Network(units=20, components=4, seed=0, transfer="lif")
    bias = np.random.default_rng(1).normal(size=(2, 20))
    rows = [_scaling("mapped", MAPS[0], None), _scaling("mixed", MAPS[1], MIXING)]
    mapped, inside = (
        written(net, [Entry(row, {"bias": one}) for row, one in zip(held, bias, strict=True)])
        for held in (rows, [_plain(Entry(row, {})).scaling for row in rows])
    )
    how = {"schedule": [("mapped", 0.06), ("mixed", 0.06)], "codegen": "numpy", "seed": 2}
    start = rows[0].to_network(rows[0].start[0])
    x = tn.spiking.simulate(net, mapped, initial=rows[0].start[0], **how)
    z = tn.spiking.simulate(net, inside, initial=start, **how)
    np.testing.assert_array_equal(x["spike_unit"].values, z["spike_unit"].values)
    for number, row in enumerate(rows):
        here = x["segment_index"].values == number
        np.testing.assert_allclose(
            x["output"].values[:, here], row.to_task(z["output"].values[:, here]), rtol=1e-6, atol=1e-6
        )


def test_fluctuations_of_z_are_told_in_task_units() -> None:
    scaling, spread = _scaling("a", MAPS[1], MIXING), 1e-4 * np.array([1.0, 2.0, 0.5, 1.5])
    z = scaling.to_network(_states(3))
    drawn = z + spread * np.random.default_rng(6).normal(size=(20_000, 3, 4))
    seen = np.sqrt(scaling.to_task(drawn).var(axis=0).mean(axis=0))
    np.testing.assert_allclose(scaling.spread_to_task(z, spread), seen, rtol=0.03)


def test_inputs_in_task_units_have_no_size_in_mapped_coordinates(bank: xr.Dataset) -> None:
    u = np.ones((10, 4))
    with pytest.raises(ValueError, match=r"'mapped' was learned in mapped coordinates.*plain"):
        tn.simulate(NET, bank, task="mapped", duration=0.1, dt=0.01, inputs=u)
    tn.simulate(NET, bank, task="mapped", duration=0.1, dt=0.01, inputs=0 * u)


def test_a_sigmoid_network_does_the_same_in_mapped_coordinates(bank: xr.Dataset) -> None:
    positive, other = as_sigmoid(NET, bank)
    x = _states(1)[0]
    for name in ("mapped", "mixed"):
        how = {"task": name, "duration": 0.4, "dt": 0.02, "initial": x}
        run, same = tn.simulate(NET, bank, **how), tn.simulate(positive, other, **how)
        np.testing.assert_allclose(run["output"].values, same["output"].values, rtol=1e-4)
