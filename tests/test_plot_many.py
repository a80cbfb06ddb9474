"""Pictures of one, two, eleven and forty tasks, some with names that files should not hold: all can be read."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import xarray as xr
from matplotlib.axes import Axes
from matplotlib.colors import to_hex
from matplotlib.text import Text
from pictures import HOSTILE, a_bank_of, check_texts, drawn_texts, many, names_of, true_orbits, with_spikes

from tonicnet import plot
from tonicnet.plot._style import look

pytestmark = pytest.mark.usefixtures("unseen_figures")


def selective(names):
    values = np.random.default_rng(0).uniform(size=(len(names), 60))
    made = {"selectivity": (("task", "unit"), values), "cluster": ("unit", np.arange(60) % 6)}
    return xr.Dataset(made, coords={"task": names})


def spectra(names):
    values = np.random.default_rng(0).normal(size=(len(names), 12, 2))
    values[:, 1] = values[:, 0] * [1, -1]
    return xr.Dataset({"eigenvalue": (("task", "mode", "part"), values)}, coords={"task": names}, attrs={"of": "flow"})


def divergences(names, noise):
    values = np.geomspace(0.2, 9, 2 * len(names)).reshape(-1, 2)
    values = values * np.exp(noise * np.random.default_rng(1).normal(size=values.shape))
    made = {
        "state_space_divergence": (("task", "neurons_per_unit"), values, {"units": "nat"}),
        "state_space_divergence_floor": ("task", np.geomspace(0.01, 1, len(names))),
    }
    return xr.Dataset(made, coords={"task": names, "neurons_per_unit": [1, 4]})


PICTURES: dict[str, Callable[[list[str]], object]] = {
    "attractor": lambda names: plot.attractor(many(names), truth=true_orbits(names)),
    "biases": lambda names: plot.biases(a_bank_of(names), order="cluster"),
    "histogram": lambda names: plot.biases(a_bank_of(names), histogram=True),
    "calibration": lambda names: plot.calibration(divergences(names, 0), divergences(names, 0.1)),
    "compare": lambda names: plot.compare(many(names), with_spikes(many(names)), truth=true_orbits(names)),
    "components": lambda names: plot.components(many(names)),
    "eigenvalues": lambda names: plot.eigenvalues(spectra(names), period=2.5),
    "loss": lambda names: plot.loss(a_bank_of(names)),
    "raster": lambda names: plot.raster(with_spikes(many(names))),
    "selectivity": lambda names: plot.selectivity(selective(names)),
    "spectrum": lambda names: plot.spectrum(many(names)),
    "thresholds": lambda names: plot.thresholds(a_bank_of(names)),
}
CASES = [(name, count) for name in PICTURES for count in (1, 2, 11, 40) if name != "compare"]
CASES += [("compare", 1), ("compare", 3)]  # a row a task: with more of them the sheet is only longer


def marks(figure):
    """How each task is drawn, by what legends say."""
    legends = [ax.get_legend() for ax in figure.axes if ax.get_legend()] + list(figure.legends)
    handles = [handle for legend in legends for handle in legend.legend_handles if hasattr(handle, "get_marker")]
    return [
        (to_hex(h.get_color()), str(h.get_marker()), str(h._dash_pattern), h.get_markerfacecolor()) for h in handles
    ]


@pytest.mark.parametrize(("name", "count"), CASES)
def test_a_picture_of_many_tasks_can_be_read(name: str, count: int) -> None:
    hostile = count in (3, 11)
    names = names_of(count, hostile=hostile)
    made = PICTURES[name](names)
    figure = made.figure if isinstance(made, Axes) else made
    check_texts(figure)
    if hostile:
        seen = [text.get_text() for text in figure.findobj(Text)]
        for start in (r"\$\inp", "\N{HAIR SPACE}_hid", "two lin"):
            assert any(text.startswith(start) for text in seen), "names are drawn as they stand"
    drawn = marks(figure)
    assert len(set(map(str, drawn))) == len(drawn), "two tasks look alike"


def test_forty_looks_are_forty() -> None:
    looks = [look(i) for i in range(40)]
    assert len({(k.colour, k.marker) for k in looks}) == 40
    assert len({(k.colour, str(k.line)) for k in looks}) == 40


def test_names_of_components_and_runs_are_drawn_as_they_stand() -> None:
    run = many(["hopf"]).assign_coords(component=list(HOSTILE[:3]))
    for made in (plot.attractor(run), plot.components(run), plot.phase_portrait(run, flow=lambda x: -x)):
        seen = "\n".join(text for text, _, _ in drawn_texts(made)[0])
        assert r"\$\input{x}\$" in seen
        check_texts(made.figure)


def test_labels_of_a_map_are_drawn_as_they_stand() -> None:
    values = xr.Dataset({"r_squared": (("units", "gain"), np.eye(2))})
    values = values.assign_coords(gain=("gain", ["$\\input{x}$", "_b"]), units=("units", [1, 2], {"units": "$\\frac"}))
    seen = "\n".join(text for text, _, _ in drawn_texts(plot.learnability(values))[0])
    assert r"\$\input{x}\$" in seen
