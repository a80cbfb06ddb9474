"""How many units a task needs, on shares that are known, and its picture."""

from __future__ import annotations

import numpy as np
import pytest
import xarray as xr

import tonicnet as tn


def learned(share: list[float], draws: int = 20) -> xr.DataArray:
    """Draws of which a given share learned at sizes 10, 20, 40, ..."""
    sizes = 10 * 2 ** np.arange(len(share))
    values = np.arange(draws)[:, None] < np.round(np.array(share) * draws)[None]
    return xr.DataArray(values, dims=("seed", "units"), coords={"units": sizes})


@pytest.mark.parametrize(
    ("share", "needed"),
    [([0, 0, 1, 1], 20 * 2**0.5), ([0, 0.5, 1, 1], 20), ([0, 0.25, 0.75, 1], 20 * 2**0.5), ([0.6, 1, 1, 1], 10),
     ([0, 0, 0, 0.4], np.inf)],
)  # fmt: skip
def test_the_crossing_is_where_it_was_put(share: list[float], needed: float) -> None:
    found = tn.measure.units_needed(learned(share))
    assert found["units_needed"].item() == pytest.approx(needed)
    assert found["units_needed_low"] <= found["units_needed"] <= found["units_needed_high"]


def test_the_interval_covers_the_truth_as_often_as_it_says() -> None:
    """Draws learn with probability 1 / (1 + (40 / N)^4), which is a half at 40."""
    sizes = np.array([10.0, 20.0, 40.0, 80.0, 160.0])
    rng = np.random.default_rng(1)
    drawn = rng.random((200, 30, 5)) < 1 / (1 + (40 / sizes) ** 4)
    array = xr.DataArray(drawn, dims=("study", "seed", "units"), coords={"units": sizes})
    found = tn.measure.units_needed(array, resamplings=200)
    assert found["units_needed"].dims == ("study",)
    inside = (found["units_needed_low"] <= 40) & (found["units_needed_high"] >= 40)
    assert 0.88 < inside.mean() <= 1
    assert np.exp(np.log(found["units_needed"]).mean()) == pytest.approx(40, rel=0.1)


def test_other_dims_are_kept_in_order_of_size() -> None:
    array = xr.concat([learned([0, 0, 1, 1]), learned([0, 1, 1, 1])], xr.Variable("gain", [2.0, 1.0]))
    found = tn.measure.units_needed(array.isel(units=[3, 1, 0, 2]))
    np.testing.assert_allclose(found["units_needed"], [20 * 2**0.5, 10 * 2**0.5])
    assert found["gain"].values.tolist() == [2.0, 1.0]


def test_what_is_no_study_is_refused() -> None:
    array = learned([0, 1])
    with pytest.raises(TypeError, match="learned is a DataArray"):
        tn.measure.units_needed(array.to_dataset(name="lost"))  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="Did you mean 'units'"):
        tn.measure.units_needed(array, dim="unit")
    with pytest.raises(ValueError, match=r"level must lie in \(0, 1\]"):
        tn.measure.units_needed(array, level=2.0)
    lost = xr.concat([~array, ~array], "gain").assign_coords(gain=[1.0, 2.0]).astype(float).to_dataset(name="lost")
    wide = xr.concat([lost, lost], "rank")
    with pytest.raises(ValueError, match="also varies along rank"):
        tn.plot.phase_diagram(wide, x="gain", columns=None)
    with pytest.raises(ValueError, match="unknown dim of lost 'task'"):
        tn.plot.phase_diagram(lost, x="gain")
