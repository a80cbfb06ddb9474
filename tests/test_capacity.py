"""How much networks hold: bits and systems counted, exponents with intervals, one study that goes on, a picture."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr
from hypothesis import given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

import tonicnet as tn
from tonicnet.cli._app import app
from tonicnet.study._capacity import counts_of
from tonicnet.study._exponent import exponent_of

SMALL: dict[str, Any] = {"steps": 2, "rounds": 0, "tau": 0.1, "dt": 0.05}
HERE: dict[str, Any] = {"progress": False}


def here() -> dict[str, Any]:
    return HERE | {"executor": ThreadPoolExecutor(1)}


def graded(accuracy: np.ndarray, **coords: Any) -> xr.Dataset:
    """Return a study of bits with these accuracies over (bits, units, seed)."""
    dims = ("bits", "units", "seed")
    made = xr.DataArray(accuracy, dims=dims, coords={"bits": np.arange(1, len(accuracy) + 1), **coords})
    return xr.Dataset({"accuracy": made, "done": xr.ones_like(made, dtype=np.int8)})


def test_a_draw_holds_the_bits_up_to_the_first_that_it_does_not_learn() -> None:
    accuracy = np.array([[[1.0, 0.995, 0.9]], [[0.99, 0.98, 1.0]], [[0.5, 1.0, 1.0]]])
    found = counts_of(graded(accuracy, units=[64]), "bits", "accuracy", 0.99)
    assert found["capacity"].values.tolist() == [[2, 1, 0]]
    assert found["capacity"].attrs["long_name"] == "bits that one network holds"


def test_systems_are_counted_whatever_their_order() -> None:
    lost = xr.DataArray([[[0.0, 0.1]], [[0.2, 0.0]], [[0.0, np.nan]]], dims=("task", "units", "seed"))
    found = xr.Dataset({"lost": lost, "done": xr.ones_like(lost)}).assign_coords(task=list("abc"), units=[64])
    assert counts_of(found, "task", "lost", 0.0)["capacity"].values.tolist() == [
        [2, 1]
    ]  # what has no score is not held


@settings(max_examples=25, deadline=None)
@given(power=st.floats(0.2, 1.5), draws=st.integers(2, 6))
def test_the_exponent_is_that_of_the_law(power: float, draws: int) -> None:
    sizes = np.array([16.0, 32.0, 64.0, 128.0])
    counts = np.tile(0.1 * sizes**power, (draws, 1))
    found = exponent_of(counts, sizes, most=np.inf)
    np.testing.assert_allclose(found, [power] * 3, rtol=0, atol=1e-8)


def test_the_interval_holds_the_truth_and_what_is_full_or_empty_is_left_out() -> None:
    rng = np.random.default_rng(0)
    sizes = 2.0 ** np.arange(4, 10)
    counts = np.minimum(np.round(0.5 * sizes**0.5 * rng.lognormal(0, 0.3, (8, 6))), 9)
    found = exponent_of(counts, sizes, most=9)
    assert found.low < 0.5 < found.high
    assert found.high - found.low < 0.5
    flat = exponent_of(np.array([[0.0, 2.0, 4.0, 5.0]]), sizes[:4], most=5)
    assert flat.middle == pytest.approx(1.0)  # 0 holds nothing, 5 is all that was tried
    assert np.isnan(flat.low)  # one draw has no spread
    assert np.isnan(exponent_of(np.full((3, 4), 5.0), sizes[:4], most=5).middle)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("capacity") / "store"


@pytest.fixture(scope="module")
def found(kept: Path) -> xr.Dataset:
    grid = {"units": [12, 24], "gain": [0.5, 1.2], "seed": range(1)} | SMALL
    return tn.capacity(grid, bits=1, level=0.6, store=kept, **here())


def test_a_study_of_bits_is_labelled_and_goes_on(found: xr.Dataset, kept: Path, tmp_path: Path) -> None:
    assert found["capacity"].dims == ("units", "gain", "seed")
    assert found["bits"].values.tolist() == [1]
    assert found["exponent"].dims == found["exponent_low"].dims == ("gain",)
    assert found["units_needed"].dims == ("bits", "gain")
    assert ((found["accuracy"] >= 0.6) == (found["learned"] == 1)).all()
    assert found.attrs["score"] == "accuracy"
    again = tn.capacity({"units": 24, "gain": [0.5, 1.2], "seed": 0} | SMALL, bits=1, level=0.6, store=kept, run=False)
    np.testing.assert_array_equal(again["capacity"].squeeze(), found["capacity"].sel(units=24, seed=0))
    assert again["exponent"].isnull().all()
    tn.save(found, tmp_path / "found.nc")
    xr.testing.assert_identical(tn.load(tmp_path / "found.nc")["capacity"], found["capacity"])


def test_systems_of_a_grid_are_counted() -> None:
    grid = {"task": ["hopf", "two-well"], "units": [30, 60], "components": 2, "steps": 3, "rounds": 0, "restarts": 0}
    made = tn.capacity(grid, score="field_error", level=10.0, **here())
    assert made["capacity"].dims == ("units", "seed")
    assert made["capacity"].values.tolist() == [[2], [2]]
    assert made["learned"].sizes["task"] == 2


def test_a_picture_has_a_line_for_each_value_and_tells_the_exponent(found: xr.Dataset) -> None:
    ax = tn.plot.capacity(found, lines="gain")
    assert len(ax.containers) == 2
    assert [text.get_text() for text in ax.get_xticklabels()] == ["12", "24"]
    assert ax.get_ylabel() == "bits that one network holds"
    held = found["capacity"].isel(gain=0).mean("seed").values
    np.testing.assert_allclose(ax.containers[0].lines[0].get_ydata(), held)
    ax.figure.clear()
    law = graded(np.array([[[1.0], [1.0], [1.0]], [[0.0], [1.0], [1.0]], [[0.0], [0.0], [0.0]]]), units=[16, 32, 64])
    ax = tn.plot.capacity(counts_of(law, "bits", "accuracy", 0.99))
    assert ax.get_legend().get_texts()[0].get_text().startswith("N^")
    ax.figure.clear()
    with pytest.raises(ValueError, match=r"capacity also varies along gain; take one value with \.sel"):
        tn.plot.capacity(found)


def test_the_command_counts_and_draws(tmp_path: Path, kept: Path) -> None:
    grid = tmp_path / "grid.toml"
    grid.write_text("units = [12, 24]\ngain = [0.5, 1.2]\nseed = {count = 1}\nsteps = 2\nrounds = 0\n")
    words = ["capacity", str(grid), "--bits", "1", "--level", "0.6", "--store", str(kept), "--no-run", "--quiet"]
    made = CliRunner().invoke(app, [*words, "-o", str(tmp_path / "c.nc"), "--picture", str(tmp_path / "c.png")])
    assert made.exit_code == 0, made.output
    assert "4 of 4 jobs done" in made.output
    assert "bits that one network holds" in made.output
    assert (tmp_path / "c.png").read_bytes()[:4] == b"\x89PNG"
    assert tn.load(tmp_path / "c.nc")["capacity"].shape == (2, 2, 1)
    refused = CliRunner().invoke(app, ["capacity"])
    assert refused.exit_code != 0
    assert "--units 64 --units 128" in refused.output


@pytest.mark.parametrize(
    ("grid", "how", "said"),
    [
        ({"units": 20, "task": "hopf"}, {"bits": 2}, "bits= are those of flip-flops, and the grid names tasks"),
        ({"units": 20}, {"bits": 0}, "bits is how many are tried, or a list of whole numbers, 64 at most; got 0"),
        ({"units": 20}, {"bits": [1, 2.5]}, "bits is how many are tried"),
        ({"units": 20}, {"level": "high"}, "level is a number that the score must reach, got 'high'"),
        ({"units": 20}, {"score": "r_squared"}, "score='r_squared' needs level="),
        ({"gain": 1.0}, {}, "the grid has no 'units'"),
        ({"units": 20, "gian": 1.0}, {}, "Did you mean 'gain'"),
    ],
)
def test_what_cannot_be_counted_is_told(grid, how, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        tn.capacity(grid, **how, **HERE)
    with pytest.raises(TypeError, match="grid is a mapping of names to values"):
        tn.capacity(3)  # type: ignore[arg-type]
