"""Cycles with exact answers: periods, amplitudes and orbits, clean and noisy."""

from __future__ import annotations

import functools

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from tonicnet import measure

TAU = 2 * np.pi


def labelled(values, dt, **attrs):
    values = np.asarray(values, dtype=float)
    values = values[None] if values.ndim == 2 else values
    time = np.arange(values.shape[1]) * dt
    made = xr.DataArray(values, dims=("trial", "time", "component"), coords={"time": time}, name="output")
    return made.to_dataset().assign_attrs(attrs)


def sine(t):
    return np.sin(t)[:, None]


def eight(t):
    return np.stack([np.sin(t), 1.5 * np.sin(2 * t), np.cos(t)], axis=1)


def lissajous(t):
    """Every component passes its mean more than once a period."""
    return np.stack([np.sin(2 * t), np.sin(3 * t)], axis=1)


def with_idle(t):
    return np.stack([np.sin(t), np.zeros_like(t), 1e-9 * np.cos(5 * t)], axis=1)


def spikes(t):
    """A narrow pulse once a period, at rest otherwise."""
    return np.exp(-(((t % TAU) - 3.0) ** 2) / 0.02)[:, None]


def van_der_pol(mu, duration, dt, start=100.0):
    def flow(_, y):
        return [y[1], mu * (1 - y[0] ** 2) * y[1] - y[0]]

    at = np.arange(start, start + duration, dt)
    return solve_ivp(flow, (0, at[-1]), [2, 0], method="DOP853", rtol=1e-9, atol=1e-9, t_eval=at).y.T


@pytest.mark.parametrize("shape", [sine, eight, lissajous, with_idle, spikes])
@pytest.mark.parametrize("dt", [0.01, 0.1])
def test_exact_period(shape, dt):
    cycle = measure.limit_cycle_of(shape(np.arange(0, 40 * TAU, dt)), dt)
    assert cycle.period == pytest.approx(TAU, rel=2e-4)
    assert cycle.variation < 5e-3
    assert abs(cycle.drift) < 5e-3
    assert cycle.outcome.startswith("a cycle")


@pytest.mark.parametrize(("mu", "period"), [(1.0, 6.6633), (2.0, 7.6299), (5.0, 11.6122)])
def test_van_der_pol(mu, period):
    cycle = measure.limit_cycle_of(van_der_pol(mu, 30 * period, 0.02), 0.02)
    assert cycle.period == pytest.approx(period, rel=1e-4)
    assert cycle.amplitude[0] == pytest.approx({1.0: 2.0086, 2.0: 2.0199, 5.0: 2.0215}[mu], rel=1e-3)
    assert cycle.variation < 1e-3


@pytest.mark.parametrize("shape", [sine, eight])
@pytest.mark.parametrize("noise", [0.05, 0.2])
def test_noise_moves_the_period_little(shape, noise):
    t = np.arange(0, 100 * TAU, 0.05)
    x = shape(t) + noise * np.random.default_rng(0).normal(size=shape(t).shape)
    assert measure.limit_cycle_of(x, 0.05).period == pytest.approx(TAU, rel=2e-3)


def test_noisy_phase_gives_its_variation():
    draw = np.random.default_rng(0)
    periods = TAU * (1 + 0.08 * draw.normal(size=400))
    edges = np.concatenate([[0], np.cumsum(periods)])
    t = np.arange(0, edges[-1], 0.05)
    phase = np.interp(t, edges, np.arange(len(edges)))
    cycle = measure.limit_cycle_of(eight(TAU * phase), 0.05)
    assert cycle.period == pytest.approx(periods.mean(), rel=0.01)
    assert cycle.variation == pytest.approx(0.08, rel=0.25)


@settings(max_examples=25, deadline=None)
@given(period=st.floats(0.5, 20), size=st.floats(1e-3, 1e3), shift=st.floats(-1e3, 1e3), start=st.floats(0, TAU))
def test_scaling_and_shift_do_not_matter(period, size, shift, start):
    dt = period / 61.3
    t = np.arange(0, 12 * period, dt)
    cycle = measure.limit_cycle_of(shift + size * eight(TAU * t / period + start), dt)
    assert cycle.period == pytest.approx(period, rel=1e-3)
    assert cycle.amplitude == pytest.approx(size * np.array([1, 1.5, 1]), rel=0.02)


def test_drift_is_the_change_of_the_period():
    t = np.arange(0, 600, 0.02)
    rate = 1 / (1 + 0.1 * t / 600)
    cycle = measure.limit_cycle_of(sine(np.cumsum(rate) * 0.02), 0.02)
    assert cycle.drift == pytest.approx(0.1, rel=0.15)


def test_a_noisy_phase_never_doubles_the_period():
    """17 cycles whose phase wanders by 8 % each: a late return that matches by chance is not taken for the period."""
    found = []
    for seed in range(100):
        steps = 0.01 + 0.008 * np.random.default_rng(seed).standard_normal(1700)
        phase = 2 * np.pi * np.cumsum(steps)
        x = np.stack([np.cos(phase), np.tanh(3 * np.sin(phase))], axis=1)
        found.append(measure.limit_cycle_of(x, 0.01).period)
    assert np.all(np.abs(np.array(found) - 1) < 0.15)


@pytest.mark.parametrize(
    ("x", "words"),
    [
        (np.ones((500, 2)), "does not move"),
        (np.exp(-np.arange(2000) * 0.01)[:, None] * sine(np.arange(2000) * 0.1), "dies out"),
        (np.random.default_rng(0).normal(size=(2000, 2)), "no period"),
        (sine(np.arange(0, 2.2 * TAU, 0.05)), "too short|no period"),
        (np.full((100, 1), np.nan), "not finite from sample 0"),
    ],
)
def test_no_cycle_says_why(x, words):
    cycle = measure.limit_cycle_of(x, 0.1)
    assert np.isnan(cycle.period)
    assert np.isnan(cycle.amplitude).all()
    assert any(word in cycle.outcome for word in words.split("|"))


def test_too_short_is_refused():
    with pytest.raises(ValueError, match="at least 32 samples over 3 cycles, got 10"):
        measure.limit_cycle_of(np.zeros((10, 1)), 0.1)


def test_limit_cycle_of_a_run():
    t = np.arange(0, 200, 0.05)
    run = labelled(np.stack([eight(t), 1.1 * eight(t / 1.02)]), 0.05)
    found = measure.limit_cycle(run, labelled(eight(t), 0.05))
    assert found.period.dims == ("trial",)
    assert found.amplitude.dims == ("trial", "component")
    assert found.period_error.values == pytest.approx([0, 0.02], abs=1e-4)
    assert found.amplitude_error.values[1] == pytest.approx(0.1, rel=0.02)
    assert found.period_floor.values[0] < 1e-3
    assert all(v.attrs["units"] is not None and v.attrs["long_name"] for v in found.variables.values())


def test_orbit_distance():
    t = np.arange(0, 200, 0.05)
    truth = eight(t)
    assert measure.orbit_distance_of(truth, truth[33:], 0.05).distance < 2e-3
    scaled = measure.orbit_distance_of(truth, 1.3 * eight(0.7 * t + 1), 0.05)
    assert scaled.distance == pytest.approx(0.3, rel=0.01)
    assert scaled.floor < 2e-3
    other = labelled(truth * [1, 1, 0.0] + [0, 0, 1.0], 0.05)
    assert measure.orbit_distance(other, labelled(truth, 0.05)).orbit_distance[0] > 0.5


def test_orbit_distance_at_another_step():
    truth, run = van_der_pol(2, 100, 0.01), van_der_pol(2, 100, 0.05)
    assert measure.orbit_distance_of(truth, run, 0.01, run_dt=0.05).distance < 0.02


def test_where_some_trials_cycle_the_others_are_nan_and_say_why():
    t = np.arange(0, 100, 0.05)
    mixed, truth = labelled(np.stack([0 * eight(t), eight(t)]), 0.05), labelled(eight(t), 0.05)
    for found, name in [
        (measure.limit_cycle(mixed, truth), "period_error"),
        (measure.orbit_distance(mixed, truth), "orbit_distance"),
    ]:
        assert np.isnan(found[name].values).tolist() == [True, False]
        assert found.outcome.values.tolist()[0] == "no period: the state does not move"
        assert found.outcome.values.tolist()[1].startswith("a cycle")


def unsteady(t):
    """Turns whose lengths vary by 40 %."""
    lengths = TAU * np.exp(np.random.default_rng(0).normal(0, 0.4, 60))
    edges = np.concatenate([[0], np.cumsum(lengths)])
    return sine(TAU * np.interp(t, edges, np.arange(len(edges))))


def noise(t):
    return np.random.default_rng(0).normal(size=(len(t), 2))


@pytest.mark.parametrize(
    ("x", "words"),
    [
        (noise, r"the run is not a cycle .*returns with a correlation of 0.* run longer, discard the start, or take a"),
        (lambda t: sine(t[: len(t) // 5]), r"2 whole cycles seen, 3 needed; take at least 25.* of task time"),
        (lambda t: np.stack([noise(t), 0 * noise(t)]), r"none of the 2 trials of the run is .* \(trial 0: .*; trial 1"),
    ],
)  # fmt: skip
def test_what_is_no_cycle_is_refused_in_one_sentence(x, words):
    t = np.arange(0, 100, 0.05)
    with pytest.raises(ValueError, match=words) as error:
        measure.limit_cycle(labelled(x(t), 0.05))
    assert "\n" not in str(error.value)


def test_return_times_that_vary_too_much_are_told():
    run = labelled(unsteady(np.arange(0, 300, 0.05)), 0.05)
    reason = measure.limit_cycle_of(run.output.values[0], 0.05).outcome
    assert reason.startswith("no period")
    with pytest.raises(ValueError, match="state_space_divergence with spectral_hellinger"):
        measure.limit_cycle(run)


def test_a_truth_that_is_no_cycle_is_refused():
    t = np.arange(0, 100, 0.05)
    good, bad = labelled(eight(t), 0.05), labelled(np.zeros((2000, 3)), 0.05)
    with pytest.raises(ValueError, match=r"the truth is not a cycle \(no period: the state does not move"):
        measure.limit_cycle(good, bad)
    with pytest.raises(ValueError, match=r"the truth is not a cycle \(no period: the state does not move"):
        measure.orbit_distance(good, bad)


# ---- drifts, few cycles, and components of other units


@pytest.mark.parametrize(
    "drift", [lambda t: 0.02 * t, lambda t: 2 * np.sin(TAU * t / 150), lambda t: 1e-4 * (t - 80) ** 2]
)
def test_a_drifting_baseline_leaves_the_period_right(drift):
    t = np.arange(0, 200, 0.05)
    x = np.stack([np.sin(TAU * t / 5) + drift(t), np.cos(TAU * t / 5)], axis=1)
    for cycle in (measure.limit_cycle_of(x, 0.05), measure.limit_cycle_of(x[:, :1], 0.05)):
        assert cycle.period == pytest.approx(5, rel=1e-4)
        assert cycle.variation < 1e-3
        assert cycle.amplitude[0] == pytest.approx(1, rel=0.02)


@pytest.mark.parametrize("cycles", [4.6, 5.6, 8.6])
@pytest.mark.parametrize("sharp", [5.0, 8.0])
def test_few_relaxation_cycles_are_counted_right(cycles, sharp):
    period = relaxation(sharp)[1]
    step = 0.01 * sharp
    x = relaxation(sharp)[0][: int(cycles * period / step)]
    for part in (x, x[:, :1]):
        found = measure.limit_cycle_of(part, step)
        assert int(cycles) - 1 <= found.cycles <= int(cycles)
        assert found.period == pytest.approx(period, rel=1e-3)


@functools.cache
def relaxation(mu: float) -> tuple[np.ndarray, float]:
    """Return a van der Pol oscillator at steps of mu / 100 and its period, by its jumps through x = 0."""
    from scipy.integrate import solve_ivp

    t = np.arange(0, 40 * mu, 0.01 * mu)

    def field(_, s):
        return [s[1], mu * (1 - s[0] ** 2) * s[1] - s[0]]

    def rises(_, s):
        return s[0]

    rises.direction = 1.0
    found = solve_ivp(field, (0, t[-1]), [2.0, 0.0], t_eval=t, events=rises, rtol=1e-10, atol=1e-10, method="LSODA")
    return found.y.T, float(np.diff(found.t_events[0][1:]).mean())


def test_each_component_is_judged_by_its_own_size():
    t = np.arange(0, 60, 0.05)
    small = np.stack([14e-6 * np.sin(t), 64 + 1e-9 * np.cos(t)], axis=1)  # volts; degrees that stand still
    cycle = measure.limit_cycle_of(small, 0.05)
    assert cycle.period == pytest.approx(TAU, rel=1e-3)
    assert cycle.amplitude[0] == pytest.approx(14e-6, rel=1e-2)
    both = np.stack([14e-6 * np.sin(t), 64 * np.cos(t)], axis=1)
    found = measure.limit_cycle(labelled(1.5 * both, 0.05), labelled(both, 0.05))
    np.testing.assert_allclose(found.amplitude_error, 0.5, atol=1e-6)
    np.testing.assert_allclose(
        measure.orbit_distance_of(both, both * [2.0, 1.0], 0.05).distance, np.sqrt(0.5), rtol=1e-2
    )
    box = measure.outside_of(both, both * [3.0, 1.0])
    assert box > 0.3
