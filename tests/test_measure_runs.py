"""Measures of labelled runs: constructed answers, floors, and clear words for bad input."""

from __future__ import annotations

import json

import numpy as np
import pytest
import xarray as xr

import tonicnet as tn
from tonicnet import measure
from tonicnet.measure.arrays import _divergence
from tonicnet.measure.arrays._divergence import bins_for


def labelled(values, dt=0.1, **attrs):
    values = np.asarray(values, dtype=float)
    values = values[None] if values.ndim == 2 else values
    time = np.arange(values.shape[1]) * dt
    made = xr.DataArray(values, dims=("trial", "time", "component"), coords={"time": time}, name="output")
    return made.to_dataset().assign_attrs(attrs)


def scheduled(parts, speed=2.0, dt=0.1, **attrs):
    """A run of several segments: [(task, values (trial, time, component))], task time from 0 in each."""
    values = np.concatenate([v for _, v in parts], axis=1)
    lengths = [v.shape[1] for _, v in parts]
    task_time = np.concatenate([np.arange(n) * dt for n in lengths])
    coords = {
        "trial": np.arange(values.shape[0]),
        "time": np.arange(values.shape[1]) * dt / speed,
        "component": [str(k) for k in range(values.shape[2])],
        "task_time": ("time", task_time),
        "segment": ("time", np.repeat([name for name, _ in parts], lengths)),
        "segment_index": ("time", np.repeat(np.arange(len(parts)), lengths)),
        "dimension": ("time", np.full(values.shape[1], 2)),
    }
    made = xr.DataArray(values, dims=("trial", "time", "component"), coords=coords, name="output")
    return made.to_dataset().assign_attrs(attrs)


def ring(t, size=1.0, speed=1.0):
    return size * np.stack([np.sin(speed * t), np.cos(speed * t), np.zeros_like(t)], axis=1)


# ---- state-space divergence and spectrum


def test_divergence_of_itself_is_zero_and_floor_needs_data():
    draw = np.random.default_rng(0)
    truth = labelled(draw.normal(size=(2000, 2)))
    same = measure.state_space_divergence(truth, truth)
    assert float(same.state_space_divergence[0]) == 0
    assert np.isnan(same.state_space_divergence_floor)
    assert same.attrs["floor"].startswith("no floor: it takes two true runs of 2000 samples")
    other = labelled(draw.normal(size=(2000, 2)))
    referred = measure.state_space_divergence(truth, truth, reference=other)
    split = measure.state_space_divergence(labelled(draw.normal(size=(500, 2))), truth)
    assert referred.state_space_divergence_floor > 0
    assert split.state_space_divergence_floor > referred.state_space_divergence_floor
    assert split.samples == 500
    assert "disjoint stretches" in split.attrs["floor"]


def test_leaving_the_box_costs_and_is_reported():
    truth = labelled(np.random.default_rng(0).normal(size=(3000, 2)))
    gone = measure.state_space_divergence(truth + 100, truth)
    lost = measure.state_space_divergence(truth * np.nan, truth)
    assert float(gone.outside[0]) == float(lost.outside[0]) == 1
    assert float(gone.state_space_divergence[0]) == float(lost.state_space_divergence[0]) > 10


def test_edges_are_inclusive():
    truth = np.array([[0.0], [1.0], [0.5]])
    low, high = -0.1 * truth.std(), 1 + 0.1 * truth.std()
    assert measure.outside_of(truth, np.array([[low], [high]])) == 0


def test_many_components_match_the_dense_count():
    draw = np.random.default_rng(0)
    truth, made = draw.normal(size=(2, 5000, 5))
    assert _divergence._DENSE_CELLS < 20**5
    sparse = measure.state_space_divergence_of(truth, made, bins=20)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_divergence, "_DENSE_CELLS", 20**5)
        assert measure.state_space_divergence_of(truth, made, bins=20) == pytest.approx(sparse, rel=1e-9)


def test_too_many_cells_is_refused():
    with pytest.raises(ValueError, match=r"too many for 100 samples; take at most \d+ bins"):
        measure.state_space_divergence_of(np.zeros((100, 8)), np.zeros((100, 8)), bins=30)


@pytest.mark.parametrize("samples", [100, 5000, 100_000])
def test_cells_never_outnumber_samples_where_no_bins_are_given(samples: int) -> None:
    """30 bins a component where there is room, fewer of many components, and the value is that of as many."""
    taken = [bins_for(samples, d) for d in range(1, 12)]
    assert taken[:4] == [30] * 4
    assert taken == sorted(taken, reverse=True)
    assert all(1e-5 * bins**d <= 0.1 * samples for d, bins in enumerate(taken, 1))
    rng = np.random.default_rng(0)
    truth, made = rng.normal(size=(2, samples, 8))
    value = measure.state_space_divergence_of(truth, made)
    assert value == measure.state_space_divergence_of(truth, made, bins=bins_for(samples, 8)) > 0
    found = measure.state_space_divergence(labelled(made), labelled(truth), reference=labelled(truth))
    assert found.attrs["bins"] == bins_for(samples, 8)
    assert float(found["state_space_divergence"][0]) == value


def test_spectrum_in_hertz_does_not_change_with_length():
    t = np.arange(0, 800, 0.1)
    whole = [
        measure.spectral_hellinger(labelled(ring(t[:n])), labelled(ring(t[:n], speed=1.1)), smoothing=0.02, unit="Hz")
        for n in (4000, 8000)
    ]
    values = [float(w.spectral_hellinger[0]) for w in whole]
    assert values[0] == pytest.approx(values[1], rel=0.05)


def test_unknown_unit():
    run = labelled(ring(np.arange(100) * 0.1))
    with pytest.raises(ValueError, match=r"unknown unit 'hz'. Did you mean 'Hz'"):
        measure.spectral_hellinger(run, run, unit="hz")


def test_too_short_says_how_long_and_the_floor():
    draw = np.random.default_rng(0)
    short, truth = labelled(draw.normal(size=(50, 2))), labelled(draw.normal(size=(2000, 2)))
    words = r"50 samples \(the run has 50, the truth 2000\), 100 or more .* At 50 samples truth against truth gives \d"
    with pytest.raises(ValueError, match=words):
        measure.state_space_divergence(short, truth)
    with pytest.raises(ValueError, match=r"160 or more are needed; run longer, or smooth less. .* gives 0"):
        measure.spectral_hellinger(short, truth)
    with pytest.raises(ValueError, match=r"smooth over fewer Hz. At 50 samples truth against truth is unknown"):
        measure.spectral_hellinger(short, short, smoothing=3.0, unit="Hz")
    assert measure.spectral_hellinger(short, truth, smoothing=5.0).samples == 50


# ---- predictions


def test_valid_time_of_constructed_errors():
    truth = np.zeros((3, 100, 2))
    made = truth.copy()
    made[0, 20:] = 1.0
    made[1, 50:, 0] = np.nan
    found = measure.valid_time(labelled(made), labelled(truth), variance=1.0, lyapunov=0.9)
    assert found.valid_time.values == pytest.approx([2.0, 5.0, 10.0])
    assert found.valid_time_median == pytest.approx(5.0)
    assert found.valid_time_lyapunov.values == pytest.approx([1.8, 4.5, 9.0])
    assert found.valid_time_lyapunov.attrs["units"] == "Lyapunov time"
    assert found.censored == pytest.approx(1 / 3)


def test_valid_time_floor_is_a_wrong_start():
    t = np.arange(0, 50, 0.1)
    truth = labelled(np.stack([ring(t), ring(t + 2), ring(t + 4)]))
    found = measure.valid_time(truth, truth)
    assert found.valid_time_floor == 0
    assert found.censored == 1


def test_valid_time_needs_pairs():
    one, two = labelled(np.zeros((1, 50, 1))), labelled(np.zeros((2, 50, 1)))
    with pytest.raises(ValueError, match="the run has 1 trials and the truth 2"):
        measure.valid_time(one, two)
    with pytest.raises(ValueError, match="not a positive exponent"):
        measure.valid_time(one, one, lyapunov=-1.0)


def test_an_exponent_nobody_knows_is_said_to_be_so():
    assert tn.task("lorenz").truth["lyapunov"] == pytest.approx(0.906, abs=1e-3)
    with pytest.raises(KeyError, match=r"no lyapunov is known of task 'hopf' \(known: .*period.*leave lyapunov out"):
        tn.task("hopf").truth["lyapunov"]


def test_prediction_error():
    t = np.arange(0, 5, 0.1)
    truth = np.repeat(ring(t)[None], 4, axis=0)
    found = measure.prediction_error(
        labelled(truth + 0.3 * t[None, :, None] * [1, 0, 0]), labelled(truth), variance=1.0
    )
    assert found.prediction_error.values == pytest.approx(0.3 * t)
    assert found.prediction_error_floor.values == pytest.approx(2 * np.abs(np.sin(t / 2)))


# ---- on the attractor


def test_settling_of_exponentials():
    t = np.arange(0, 20, 0.01)
    steady = np.ones((1, 2000, 2)) * [1.0, -1.0]
    decays = np.stack([np.exp(-t), np.exp(-t / 2)])[:, :, None] + steady
    run = scheduled([("a", decays), ("b", -decays)], dt=0.01)
    truth = {"a": labelled(steady, 0.01), "b": labelled(-steady, 0.01)}
    found = measure.settling_time(run, truth, threshold=0.05)
    expected = np.array([[1, 2], [1, 2]]) * np.log(1 / 0.05)
    assert found.settling_time.values == pytest.approx(expected, abs=0.011)
    assert found.settling_seconds.values == pytest.approx(expected / 2, abs=0.011)
    assert found.task.values.tolist() == ["a", "b"]


def test_two_wells_are_not_far_from_themselves():
    wells = np.ones((2, 50, 2)) * np.array([1, -1])[:, None, None]
    assert measure.attractor_threshold_of(wells) == 0.1
    assert measure.settling_time(scheduled([("wells", wells)]), labelled(wells)).settling_time.values.tolist() == [
        [0, 0]
    ]


def test_a_run_settles_beside_a_component_that_only_came_to_rest():
    """Across a line attractor true runs differ by what their integration left: that is no scale."""
    truth = tn.task("line-attractor").trajectory(30.0, 0.1, trials=12)
    across = float(truth["output"][..., 1].std())
    assert 0 < across < 1e-6
    t = np.arange(0, 10, 0.05)
    near = labelled(np.stack([0 * t + 0.3, np.exp(-t) + 0.01], axis=1), 0.05)
    found = measure.settling_time(near, truth, threshold=0.5).settling_time.values
    assert 0 < found[0, 0] < 2


def test_what_leaves_again_has_not_settled():
    distance = np.array([1.0, 0.0, 0.0, 1.0, 0.0])
    assert measure.settling_index_of(distance, 0.1) == 4
    assert np.isnan(measure.settling_index_of(distance[:4], 0.1))
    assert measure.settling_index_of(np.array([0.05, 0.15, 0.05]), 0.1) == 0


def test_settling_needs_a_truth():
    run = scheduled([("lorenz", np.zeros((1, 50, 3)))])
    with pytest.raises(ValueError, match=r"unknown task 'lorenz'. Did you mean 'lorentz'"):
        measure.settling_time(run, {"lorentz": run})


def test_attractor_distance_of_a_ring():
    t = np.arange(0, 100, 0.01)
    found = measure.attractor_distance(labelled(ring(t, 1.2)[:, :2]), labelled(ring(t)[:, :2]))
    assert found.attractor_distance[0] == pytest.approx(0.2, rel=0.01)
    assert found.attractor_distance_floor < 0.01
    gone = measure.attractor_distance(labelled(np.full((100, 2), np.nan)), labelled(ring(t)[:, :2]))
    assert np.isinf(gone.attractor_distance[0])


def test_lost_trials():
    t = np.arange(0, 200, 0.1)
    truth = ring(t)
    stuck = truth * np.exp(-0.05 * t)[:, None]
    runs = labelled(np.stack([truth, stuck, truth * 3, truth * [1, np.nan, 1]]))
    found = measure.lost(runs, labelled(truth))
    assert found.collapsed.values.tolist() == [0, 1, 0, 0]
    assert found.escaped.values.tolist() == [0, 0, 1, 1]
    assert found.lost_share == 0.75
    assert found.lost_share_floor == 0
    with pytest.raises(ValueError, match="does not fit the run"):
        measure.lost(runs, labelled(truth), window=500.0)


def excursions(truth, dt, *, length, every, by=5.0):
    """The truth, ``by`` away from itself for ``length`` of task time in every ``every``."""
    away = (np.arange(len(truth)) * dt) % every < length
    return truth + by * away[:, None]


@pytest.mark.parametrize(("length", "lost"), [(0.1, 0), (1.5, 0), (4.0, 1)])
def test_only_an_escape_that_lasts_is_a_loss(length, lost):
    """A turn takes 2 pi: what is away for less than half of it comes back, as spike noise does."""
    truth = ring(np.arange(0, 200, 0.1))
    run = excursions(truth, 0.1, length=length, every=20.0)
    assert measure.lost(labelled(run), labelled(truth)).escaped.values.tolist() == [lost]
    found = measure.compare(labelled(run), labelled(run), truth=labelled(truth))
    assert found.lost_share.values.tolist() == [[lost, lost]]
    assert (found.outside > 0).all(), "what was outside is still told"


def test_an_escape_is_the_same_at_any_step():
    truth, coarse = ring(np.arange(0, 200, 0.1)), ring(np.arange(0, 200, 0.5))
    for length, lost in ((1.5, 0), (4.0, 1)):
        run = labelled(excursions(coarse, 0.5, length=length, every=20.0), dt=0.5)
        assert measure.lost(run, labelled(truth)).escaped.values.tolist() == [lost]


def test_a_run_that_ends_outside_is_lost():
    truth = ring(np.arange(0, 200, 0.1))
    late, briefly = truth.copy(), truth.copy()
    late[-18:] += 5.0  # 0.29 of a turn
    briefly[-3:] += 5.0
    assert measure.escaped_of(truth[None], np.stack([late, briefly])).tolist() == [True, False]


def test_noise_about_the_edge_is_away_as_long_as_it_is_mostly_away():
    truth = ring(np.arange(0, 200, 0.1))
    mostly, seldom = (truth + 5.0 * (np.random.default_rng(0).random((2000, 1)) < p) for p in (0.8, 0.2))
    assert measure.escaped_of(truth[None], np.stack([mostly, seldom])).tolist() == [True, False]


def test_one_noisy_sample_does_not_undo_settling():
    t = np.arange(0, 60, 0.1)
    truth = ring(t)[:, :2]
    run = truth + 3 * np.exp(-t)[:, None]
    clean, noisy = run.copy(), run.copy()
    noisy[[200, 400, -1]] += 2.0
    noisy[:30] = clean[:30]
    found = measure.settling_time(labelled(np.stack([clean, noisy])), labelled(truth)).settling_time.values[0]
    assert found[0] == found[1] > 0.5
    gone = clean.copy()
    gone[400:420] += 2.0  # two of six time units: a third of a turn
    assert measure.settling_time(labelled(gone), labelled(truth)).settling_time.values[0, 0] >= 41.9


# ---- reading


def test_several_segments_are_refused_and_picked():
    run = scheduled([("a", np.zeros((1, 60, 2))), ("b", np.ones((1, 50, 2))), ("a", np.zeros((1, 40, 2)))])
    with pytest.raises(ValueError, match=r"3 segments \(0 'a', 1 'b', 2 'a'\)"):
        measure.limit_cycle(run)
    assert measure.segment(run, "b").sizes["time"] == 50
    assert measure.segment(run, 2, discard=1.0).sizes["time"] == 30
    assert measure.segment(run, -1).task_time[0] == 0
    for which, words in [("a", "give the number"), ("c", "unknown segment 'c'"), (3, "numbered from 0")]:
        with pytest.raises(ValueError, match=words):
            measure.segment(run, which)
    with pytest.raises(ValueError, match="leave 2 samples"):
        measure.segment(run, 0, discard=100.0)


def test_same_task_twice_in_a_row_is_two_segments():
    parts = [("a", np.zeros((1, 50, 2)))] * 2
    with pytest.raises(ValueError, match="2 segments"):
        measure.limit_cycle(scheduled(parts))


def test_different_steps_are_refused_then_resampled():
    t = np.arange(0, 200, 0.1)
    coarse, fine = labelled(ring(t)), labelled(ring(np.arange(0, 200, 0.04)), 0.04)
    with pytest.raises(ValueError, match=r"step is 0\.04 .* and the truth's 0\.1"):
        measure.state_space_divergence(fine, coarse)
    again = measure.resample(fine, 0.1)
    assert np.abs(again.output.values - ring(t)).max() < 1e-5
    with pytest.raises(ValueError, match="finer than the run's"):
        measure.resample(coarse, 0.05)


def test_bad_data_is_named():
    t = np.arange(0, 20, 0.1)
    good = labelled(ring(t))
    bad = good.copy(deep=True)
    bad["output"][0, 70, 1] = np.nan
    with pytest.raises(ValueError, match=r"run is not finite from time 7 on \(trial 0, component 1\)"):
        measure.limit_cycle(bad)
    with pytest.raises(ValueError, match="the truth is not finite"):
        measure.state_space_divergence(good, bad)
    with pytest.raises(ValueError, match="no variable 'output'"):
        measure.limit_cycle(good.rename(output="rate"))
    with pytest.raises(ValueError, match="needs 'time' and 'component'"):
        measure.limit_cycle(good.rename(component="unit"))
    with pytest.raises(ValueError, match=r"no coordinate 'time'.*assign_coords\(time=dt \* numpy.arange\(200\)"):
        measure.limit_cycle(good.drop_vars("time"))
    with pytest.raises(ValueError, match=r"the run: time must rise in equal steps; the step after time 0 is 0.01"):
        measure.limit_cycle(good.assign_coords(time=t**2))
    with pytest.raises(ValueError, match="choose one along task first"):
        measure.limit_cycle(good.expand_dims(task=["a", "b"]))
    with pytest.raises(TypeError, match=r"got ndarray|f64\[200,3\]"):
        measure.limit_cycle(ring(t))
    with pytest.raises(ValueError, match="uses 2 components and the truth has 3"):
        measure.state_space_divergence(scheduled([("a", ring(t)[None])]), good)


# ---- compare


@pytest.fixture(scope="module")
def two_runs():
    t = np.arange(0, 300, 0.1)
    draw = np.random.default_rng(0)
    truths = {
        "ring": labelled(ring(np.arange(0, 700, 0.1))[:, :2], kind="truth", task_kind="cycle"),
        "noise": labelled(draw.normal(size=(9000, 2)), kind="chaos"),
        "wells": labelled(np.ones((2, 50, 2)) * np.array([1, -1])[:, None, None], task_kind="memory"),
    }
    rate = scheduled(
        [
            ("ring", ring(t)[None].repeat(2, 0)),
            ("noise", draw.normal(size=(2, 3000, 3))),
            ("wells", np.ones((2, 100, 3)) * 1.02),
        ],
        kind="rate",
    )
    spiking = scheduled(
        [
            ("ring", ring(t, 1.1, 1 / 1.05)[None].repeat(2, 0)),
            ("noise", 0.2 * draw.normal(size=(2, 3000, 3))),
            ("extra", np.ones((2, 100, 3))),
            ("wells", np.ones((2, 100, 3)) * -0.9),
        ],
        kind="spiking",
    )
    return rate, spiking, truths


def test_compare_side_by_side(two_runs):
    rate, spiking, truths = two_runs
    found = measure.compare(rate, spiking, truth=truths)
    assert found.run.values.tolist() == ["rate", "spiking"]
    assert found.task.values.tolist() == ["ring", "noise", "wells"]
    assert found.kind.values.tolist() == ["cycle", "chaos", "memory"]
    cycle, chaos, memory = (found.sel(task=name) for name in ("ring", "noise", "wells"))
    assert cycle.period_error.values == pytest.approx([0, 0.05], abs=1e-3)
    assert cycle.amplitude_error.values == pytest.approx([0, 0.1], abs=5e-3)
    assert cycle.orbit_distance.values == pytest.approx([0, 0.1], abs=5e-3)
    assert (cycle.orbit_distance_floor < 5e-3).all()
    assert np.isnan(cycle.state_space_divergence).all()
    assert np.isnan(chaos.period).all()
    assert chaos.state_space_divergence[1] > 2 * chaos.state_space_divergence[0]
    assert chaos.state_space_divergence_floor[0] == pytest.approx(float(chaos.state_space_divergence[0]), rel=0.3)
    assert chaos.lost_share.values.tolist() == [0, 1]
    assert memory.attractor_distance.values == pytest.approx([0.02, 0.1], abs=1e-6)
    assert chaos.samples.values.tolist() == [3000, 3000]


def test_compare_survives_a_file(two_runs, tmp_path):
    rate, spiking, truths = two_runs
    found = measure.compare(rate, spiking, truth=truths)
    xr.testing.assert_identical(tn.load(tn.save(found, tmp_path / "c.nc")), found)


def test_compare_without_a_truth_measures_the_second(two_runs):
    rate, spiking, _ = two_runs
    found = measure.compare(rate, spiking, discard=2.0)
    assert found.run.values.tolist() == ["spiking"]
    assert found.kind.values.tolist()[0] == "cycle"
    assert found.samples.values[0, 0] == 2980
    assert float(found.period_error[0, 0]) == pytest.approx(0.05, abs=1e-3)


def test_compare_reports_a_run_that_diverged(two_runs):
    rate, spiking, truths = two_runs
    found = measure.compare(rate, spiking * np.nan, truth=truths)
    assert (found.lost_share[:, 1] == 1).all()
    assert np.isnan(found.period_error[0, 1])
    assert "100% of trials lost; no period: not finite" in str(found.outcome[0, 1].values)


def test_compare_resamples(two_runs):
    _, spiking, truths = two_runs
    t = np.arange(0, 300, 0.03)
    fine = scheduled([("ring", ring(t)[None])], dt=0.03, kind="rate")
    found = measure.compare(fine, spiking, truth=truths["ring"].assign_coords(segment="ring"))
    assert found.period_error.values[0] == pytest.approx([0, 0.05], abs=1e-3)


def test_compare_needs_a_shared_task(two_runs):
    rate, spiking, truths = two_runs
    with pytest.raises(ValueError, match="share no task: one has 'wells', the other 'ring'"):
        measure.compare(measure.segment(rate, "wells"), measure.segment(spiking, "ring"))
    with pytest.raises(ValueError, match="no truth for task 'noise'"):
        measure.compare(rate, spiking, truth={"ring": truths["ring"]})


def test_kind_is_seen_where_it_is_not_said():
    t = np.arange(0, 200, 0.1)
    noisy = ring(t)[:, :2] + np.random.default_rng(0).normal(size=(2000, 2))
    for values, kind in [(ring(t)[:, :2], "cycle"), (noisy, "chaos"), (np.ones((2000, 2)), "memory")]:
        assert measure.compare(labelled(values), labelled(values)).kind.values.tolist() == [kind]


def test_a_single_truth_picks_its_task(two_runs):
    rate, spiking, truths = two_runs
    truth = truths["noise"].assign_coords(segment="noise")
    assert measure.compare(rate, spiking, truth=truth).task.values.tolist() == ["noise"]
    with pytest.raises(ValueError, match="the truth is of task 'lorenz'"):
        measure.compare(rate, spiking, truth=truth.assign_coords(segment="lorenz"))


# ---- the truth of a bank


@pytest.fixture(scope="module")
def of_a_bank(bank_of):
    net = tn.Network(units=20, seed=0)
    specs = {name: tn.task(name).to_dict() for name in ("lorenz", "hopf")}
    bank = bank_of(net, ("lorenz", "hopf"), dimension=[3, 2], speed=[0.5, 2.0])
    return bank.assign_attrs(tasks=json.dumps(specs)), tn.simulate(net, bank, schedule=[("lorenz", 6), ("hopf", 4)])


def test_a_bank_gives_the_truth_of_its_tasks(of_a_bank):
    bank, run = of_a_bank
    found, missing = measure.true_runs(bank, run)
    assert missing == {}
    assert {name: dict(truth.output.sizes) for name, truth in found.items()} == {
        "lorenz": {"trial": 4, "time": 3001, "component": 3},
        "hopf": {"trial": 1, "time": 803, "component": 2},
    }
    assert float(found["lorenz"].time[1]) == pytest.approx(0.005)  # 0.01 s at half a task time a second
    by_bank, by_runs = (measure.compare(run, run, truth=truth) for truth in (bank, found))
    xr.testing.assert_equal(by_bank, by_runs)


def test_a_task_that_a_bank_cannot_run_is_named(of_a_bank):
    bank, run = of_a_bank
    without = bank.assign_attrs(tasks=json.dumps({"hopf": tn.task("hopf").to_dict()}))
    assert measure.true_runs(without, run)[1] == {"lorenz": "the bank does not hold it"}
    with pytest.raises(ValueError, match=r"cannot give the truth of every task .*'lorenz': the bank does not hold it"):
        measure.compare(run, run, truth=without)
    with pytest.raises(ValueError, match="list of tasks is not readable"):
        measure.compare(run, run, truth=bank.assign_attrs(tasks="{"))
