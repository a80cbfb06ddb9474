"""The response of a neuron to a slowly moving input, against neurons stepped one by one."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy.integrate import trapezoid

from tonicnet.network import LIF, firing_rate
from tonicnet.network._onset import Onset
from tonicnet.network._response import responses

STEP, HELD = 0.02, 9
SHARP = Onset(0.1, 5.0)
KINDS = [("hard", Onset()), ("soft", Onset()), ("hard", SHARP)]


def swept(
    rule: str, noise: float, low: float, pace: float, updates: int, copies: int, onset: Onset = KINDS[0][1]
) -> np.ndarray:
    """Return spikes per update of neurons whose input rises by ``pace`` an update, after they forgot how they began."""
    rng = np.random.default_rng(0)
    v, held, warm = rng.uniform(0, 1, copies), rng.integers(0, HELD + 1, copies), 1500
    jump, counts = noise * np.sqrt(2 * STEP), np.zeros(updates)
    for k in range(-warm, updates):
        x = low + pace * k
        pull = onset.sharpness * np.exp((v - 1) / onset.sharpness) if onset.sharpness else 0.0
        v = np.where(held == 0, v + STEP * (x - v + pull) + jump * rng.standard_normal(copies), v)
        spiked = (held == 0) & (v > 1 + onset.peak * onset.sharpness)
        held = np.where(spiked, HELD, np.maximum(held - 1, 0))
        v[spiked] -= v[spiked] if rule == "hard" else 1.0
        if k >= 0:
            counts[k] = spiked.mean()
    return counts


@pytest.mark.parametrize(("rule", "onset"), KINDS)
def test_neurons_on_a_ramp_fire_ahead_by_kappa(rule: str, onset: Onset) -> None:
    """Up and down the same ramp: the half difference is kappa, the half sum the rate; 1.0 to 1.4 at noise 0.1."""
    updates, noise, low, high = 1000, 0.1, 1.0, 1.4
    pace = (high - low) / updates
    up = swept(rule, noise, low, pace, updates, 6000, onset)
    down = swept(rule, noise, high, -pace, updates, 6000, onset)
    measured = (up.mean() - down.mean()) / (2 * pace)
    levels = np.linspace(low, high, 9)
    kappa = np.mean([responses(x, noise=noise, step=STEP, held=HELD, rule=rule, onset=onset).lead for x in levels])
    neuron = LIF(noise=noise, reset_rule=rule, sharpness=onset.sharpness)
    rates = [firing_rate(neuron, x) * 0.0002 for x in levels]
    assert (up.mean() + down.mean()) / 2 == pytest.approx(trapezoid(rates, levels) / (high - low), rel=0.01)
    assert measured == pytest.approx(kappa, rel=0.15)
    assert kappa > 0.1  # and not zero


def test_far_below_threshold_rates_lag() -> None:
    assert responses(0.8, noise=0.1, step=STEP, held=HELD, rule="hard").lead < -0.2


@pytest.mark.parametrize(("x", "noise"), [(0.7, 0.2), (1.3, 0.1), (4.0, 0.3)])
@pytest.mark.parametrize(("rule", "onset"), KINDS)
def test_kappa_does_not_depend_on_the_end_of_the_quadrature(x: float, noise: float, rule: str, onset: Onset) -> None:
    """The mean relative value of the stationary density is a constant of its own, so kappa follows its change alone:
    a finite difference of the density against the value must give the same."""
    from tonicnet.network._response import _updates

    made = [_updates(y, noise, STEP, rule, onset) for y in (x - 1e-4, x, x + 1e-4)]
    assert len({len(m.stay) for m in made}) == 1  # the same nodes, so that densities can be subtracted
    densities = [np.linalg.solve((np.eye(len(m.stay)) - m.stay - m.spike).T + 1, np.ones(len(m.stay))) for m in made]
    spikes = made[1].spike.sum(1)
    share = densities[1] @ spikes
    rate = share / (1 + HELD * share)
    value = np.linalg.lstsq(
        np.eye(len(spikes)) - made[1].stay - made[1].spike, spikes * (1 - rate * HELD) - rate, rcond=None
    )[0]

    def mean_value(density: np.ndarray, spike: np.ndarray) -> float:
        after = density @ spike
        held = sum(after @ (value - rate * j) for j in range(1, HELD + 1))
        return (density @ value + held) / (1 + HELD * after.sum())

    change = (mean_value(densities[2], made[2].spike) - mean_value(densities[0], made[0].spike)) / 2e-4
    lead = responses(x, noise=noise, step=STEP, held=HELD, rule=rule, onset=onset).lead
    assert lead == pytest.approx(-change, rel=1e-3, abs=1e-5)


def test_lead_of_a_neuron_in_seconds_and_its_slope() -> None:
    neuron, x = LIF(noise=0.2), torch.tensor([0.7, 1.0, 1.37, 2.0], dtype=torch.float64)
    kappa, slope = neuron.lead(x)
    exact = [responses(v, noise=0.2, step=STEP, held=HELD, rule="hard").lead / 100 for v in x.tolist()]
    behind = neuron.dt / 2 * neuron.slope(x).numpy()
    assert kappa.numpy() == pytest.approx(np.array(exact) - behind, abs=2e-6)
    h = 0.01
    moved = (neuron.lead(x + h)[0] - neuron.lead(x - h)[0]) / (2 * h)
    assert slope.numpy() == pytest.approx(moved.numpy(), abs=2e-5)


def test_without_noise_there_is_no_such_response() -> None:
    for made in (LIF(noise=0.0).lead(torch.linspace(0, 3, 7)), LIF(noise=0.0).own(torch.linspace(0, 3, 7))):
        assert not torch.stack(made).any()


@pytest.mark.parametrize("rule", ["hard", "soft"])
@pytest.mark.parametrize(("x", "noise"), [(0.9, 0.2), (1.2, 0.1), (2.0, 0.1)])
def test_own_spikes_change_the_rate_at_the_same_mean_input(x: float, noise: float, rule: str) -> None:
    """Neurons that hear themselves through 100 ms against phi at the mean input that they then have; w up and down."""
    neuron = LIF(noise=noise, reset_rule=rule)
    measured = (_hearing(neuron, x, 0.02) - _hearing(neuron, x, -0.02)) / 0.04
    expected = neuron.own(torch.tensor([x], dtype=torch.float64))[0].item() * neuron.rate_scale
    assert measured == pytest.approx(expected, abs=0.12 * abs(expected) + 0.25)
    assert expected < -1


@pytest.mark.slow
def test_own_spikes_of_a_neuron_with_an_onset() -> None:
    neuron = LIF(noise=0.2, sharpness=SHARP.sharpness)
    measured = (_hearing(neuron, 1.2, 0.02, seconds=1.0) - _hearing(neuron, 1.2, -0.02, seconds=1.0)) / 0.04
    own = responses(1.2, noise=0.2, step=STEP, held=HELD, rule="hard", onset=SHARP).own / neuron.dt
    assert measured == pytest.approx(own, abs=0.12 * abs(own) + 0.25)
    assert own < -1


def _hearing(neuron: LIF, x: float, w: float, copies: int = 4000, seconds: float = 2.0) -> float:
    """Return the rate (Hz) beyond phi of the mean input, of neurons whose every spike adds w exp(-t / 0.1 s)."""
    rng = np.random.default_rng(1)
    rate = firing_rate(neuron, x)
    base = x - w * rate * 0.1
    trace = np.full(copies, rate * 0.1)
    v, held = rng.uniform(0, 1, copies), rng.integers(0, HELD + 1, copies)
    jump, keep, count, heard = noise_of(neuron), np.exp(-neuron.dt / 0.1), 0, 0.0
    warm, steps = int(0.5 / neuron.dt), int(seconds / neuron.dt)
    for k in range(-warm, steps):
        fed = base + w * trace
        pull = neuron.sharpness * np.exp((v - 1) / neuron.sharpness) if neuron.sharpness else 0.0
        v = np.where(held == 0, v + STEP * (fed - v + pull) + jump * rng.standard_normal(copies), v)
        spiked = (held == 0) & (v > 1 + neuron.peak * neuron.sharpness)
        held = np.where(spiked, HELD, np.maximum(held - 1, 0))
        v[spiked] -= v[spiked] if neuron.reset_rule == "hard" else 1.0
        trace = trace * keep + spiked
        if k >= 0:
            count, heard = count + spiked.sum(), heard + fed.mean()
    slope = neuron.rate_scale * neuron.slope(torch.tensor([x], dtype=torch.float64)).item()
    return count / (copies * seconds) - firing_rate(neuron, x) - slope * (heard / steps - x)


def noise_of(neuron: LIF) -> float:
    return float(neuron.noise * np.sqrt(2 * STEP))
