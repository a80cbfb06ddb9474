"""Spike trains in the containers of pynapple and neo: the same spikes, neurons, units and times."""

from __future__ import annotations

from types import ModuleType

import numpy as np
import pytest
import xarray as xr

import tonicnet as tn


@pytest.fixture(scope="module")
def spikes() -> xr.Dataset:
    net = tn.Network(units=20, seed=0)
    return tn.spiking.simulate(
        net, np.linspace(-1, 1, 20), duration=0.2, codegen="numpy", neurons_per_unit=2, trials=2
    )  # fmt: skip


def times(spikes: xr.Dataset, trial: int, neuron: int) -> np.ndarray:
    """The times of one neuron's spikes, by looking at each spike."""
    here = (spikes["spike_trial"].values == trial) & (spikes["spike_neuron"].values == neuron)
    return np.sort(spikes["spike_time"].values[here])


def test_neo_holds_every_spike_and_the_output(spikes: xr.Dataset) -> None:
    pytest.importorskip("neo")
    block = tn.spiking.to_neo(spikes)
    assert [segment.index for segment in block.segments] == [0, 1]
    assert block.annotations["network_sha256"] == spikes.attrs["network_sha256"]
    assert min(len(train) for train in block.segments[0].spiketrains) == 0, "a silent neuron has a train too"
    for trial, segment in enumerate(block.segments):
        for neuron, train in enumerate(segment.spiketrains):
            np.testing.assert_array_equal(train.rescale("s").magnitude, times(spikes, trial, neuron))
            assert train.annotations == {"neuron": neuron, "unit": neuron // 2}
            assert (float(train.t_start), float(train.t_stop)) == pytest.approx((0.0, 0.2))
        (output,) = segment.analogsignals
        np.testing.assert_array_equal(output.magnitude, spikes["output"].values[trial])
        np.testing.assert_allclose(output.times.rescale("s").magnitude, spikes["time"].values, atol=1e-12)
        assert list(output.array_annotations["component"]) == list(spikes["component"].values.astype(str))


def test_pynapple_holds_every_spike_of_a_trial(spikes: xr.Dataset) -> None:
    pytest.importorskip("pynapple")
    group = tn.spiking.to_pynapple(spikes, trial=1)
    assert len(group) == 40
    for neuron in range(40):
        np.testing.assert_array_equal(group[neuron].t, times(spikes, 1, neuron))
    np.testing.assert_array_equal(group["unit"], np.repeat(np.arange(20), 2))
    assert group.time_support.values.ravel() == pytest.approx([0.0, 0.2])


@pytest.mark.parametrize(
    ("trial", "sentence"),
    [
        (None, "the run has 2 trials and pynapple one axis of time; say which: trial=0 to 1"),
        (2, "the run has 2 trials, counted from 0; there is no trial 2"),
    ],
)
def test_a_trial_must_be_there(spikes: xr.Dataset, trial: int | None, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        tn.spiking.to_pynapple(spikes, trial)


@pytest.mark.parametrize("into", [tn.spiking.to_pynapple, tn.spiking.to_neo])
def test_a_rate_run_has_no_trains(into: object) -> None:
    run = tn.simulate(tn.Network(units=20, seed=0), np.zeros(20), duration=0.1)
    with pytest.raises(ValueError, match=r"give what tn\.spiking\.simulate returned"):
        into(run)  # type: ignore[operator]


@pytest.mark.parametrize(("into", "name"), [(tn.spiking.to_pynapple, "pynapple"), (tn.spiking.to_neo, "neo")])
def test_a_missing_package_is_named(
    spikes: xr.Dataset, into: object, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def nothing(asked: str) -> ModuleType:
        raise ImportError(asked)

    monkeypatch.setattr("tonicnet.spiking._trains.import_module", nothing)
    with pytest.raises(ImportError, match=rf'pip install "tonicnet\[{name}\]"'):
        into(spikes.isel(trial=slice(1)))  # type: ignore[operator]
