"""Cards of networks, tasks and banks: what they say, that it is true, and that no name becomes markup."""

from __future__ import annotations

import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest
import xarray as xr

import tonicnet as tn
from tonicnet.network import spectral_radius

EVIL = "<img src=x onerror=alert(1)>"


class Tags(HTMLParser):
    """The tags and the text of a page; a tag that is not closed is an error."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.words: list[str] = []
        self.open: list[str] = []
        self.feed(page)
        assert not self.open

    def handle_starttag(self, tag: str, attrs: list) -> None:
        self.tags.append(tag)
        self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list) -> None:
        self.tags.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)


@pytest.mark.parametrize(
    ("options", "said"),
    [
        ({}, "low-rank, W 60 x 60 = E D"),
        ({"synapses": "dense", "gain": 1.5, "transfer": "tanh"}, "dense, W 60 x 60, gain 1.5"),
        ({"synapses": "sparse", "feedback": False, "dale": True}, "E 60 x 3, D 3 x 60, no feedback"),
        ({"tau": 0.05, "dt": 0.05}, "tau 0.05 s, steps of 0.05 s"),
    ],
)
def test_a_network_shows_its_shape_hash_and_radius(options: dict, said: str) -> None:
    net = tn.Network(60, seed=1, **options)
    seen = Tags(net._repr_html_())
    assert said in seen.words
    assert f"{net.sha256[:16]}…" in seen.words
    assert any(word.startswith(f"{spectral_radius(net):.3g}") for word in seen.words)
    assert seen.tags.count("svg") == 2
    assert str(tn.show(net)) == repr(net)


@pytest.mark.parametrize("units", [60, 300])
@pytest.mark.parametrize(
    "options",
    [
        {},
        {"synapses": "dense", "gain": 1.5},
        {"synapses": "dense", "feedback": False},
        {"synapses": "sparse", "density": 0.2},
    ],
)
def test_the_spectral_radius_is_that_of_the_whole_matrix(units: int, options: dict) -> None:
    net = tn.Network(units, seed=2, **options)
    whole = net.recurrent @ np.eye(units)
    if net.spec.feedback and not net.low_rank:
        whole = whole + net.encoder @ net.decoder
    assert spectral_radius(net) == pytest.approx(np.abs(np.linalg.eigvals(whole)).max(), rel=2e-3)


def test_the_corner_of_the_synapses_is_a_fingerprint() -> None:
    one, same, other = (tn.Network(40, seed=s)._repr_html_() for s in (0, 0, 1))
    assert one == same
    assert re.findall("rgb.*?\\)", one) != re.findall("rgb.*?\\)", other)


@pytest.mark.parametrize("name", ["lorenz", "hopf", "two-well"])
def test_a_task_shows_what_it_is(name: str) -> None:
    task = tn.task(name)
    seen = Tags(task._repr_html_())
    assert {task.kind, ", ".join(task.components), task.cite} <= set(seen.words)
    assert seen.tags.count("svg") == 2


def test_a_figure_of_eight_is_seen_as_one() -> None:
    """The least correlated pair is drawn, the first of several: x and y, not the circle of x and z."""
    drawn = re.search(r'points="([^"]+)"', tn.task("figure-eight")._repr_html_())
    points = np.array([p.split(",") for p in drawn[1].split()], dtype=float)
    middle = points[np.abs(points - (points.max(axis=0) + points.min(axis=0)) / 2).max(axis=1) < 5]
    assert len(middle) > 4


def test_recordings_and_behaviours_show_themselves() -> None:
    t = np.arange(200) * 0.02
    wave = tn.Task.from_array(np.sin(t)[:, None], name=EVIL, dt=0.02)
    seen = Tags(wave._repr_html_())
    assert seen.tags.count("svg") == 1
    assert "img" not in seen.tags
    pulse = np.zeros((4, 50, 1))
    behaviour = tn.Task.from_trials(pulse, pulse + np.arange(50)[:, None], name="ramp", dt=0.01)
    assert "behaviour" in Tags(behaviour._repr_html_()).words


def test_a_task_that_diverges_says_so_instead_of_a_picture() -> None:
    away = tn.Task(lambda x: x, name="away", initial=[1.0], scale=[1.0], center=[0.0])
    seen = Tags(away._repr_html_())
    assert "no picture" in seen.words
    assert seen.tags.count("svg") == 0


def test_a_bank_shows_a_row_a_task(bank_of: Callable[..., xr.Dataset]) -> None:
    net = tn.Network(30, seed=0)
    bank = bank_of(net, (EVIL, "two")).assign(
        method=("task", ["flow", EVIL]), period_error=("task", [-0.00123, np.nan]), lost=("task", [0.5, 0.0])
    )
    card = tn.show(bank)
    seen = Tags(card._repr_html_())
    assert "img" not in seen.tags
    assert seen.tags.count("svg") == 2
    assert {EVIL, "flow", "-0.12 %", "50 %", net.sha256[:16] + "…", "lif"} <= set(seen.words)
    lines = str(card).splitlines()
    assert lines[0] == "Bank of 2 tasks, 30 biases each"
    assert lines[-1].split() == ["two", *EVIL.split(), "0", "%"]


def test_show_refuses_what_is_no_bank() -> None:
    with pytest.raises(TypeError, match=r"show takes a Network, a Task or a bank .* got ndarray"):
        tn.show(np.zeros(3))
    with pytest.raises(ValueError, match=r"not a bank, it lacks bias\(task, unit\) \(it has: x\)"):
        tn.show(xr.Dataset({"x": 1}))


def test_a_shipped_bank_is_loaded_by_name_and_a_file_by_path(tmp_path: Path) -> None:
    bank = tn.load_bank("atlas-1000")
    assert bank.attrs["network_sha256"] == tn.load_network("atlas-1000").sha256
    file = tn.save(bank, tmp_path / "bank.nc")
    for place in (file, tmp_path):
        xr.testing.assert_identical(tn.load_bank(place), bank)


def test_load_bank_refuses(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=r"unknown bank 'atlas'. Did you mean 'atlas-1000'\?"):
        tn.load_bank("atlas")
    with pytest.raises(FileNotFoundError, match=r"no file at .*none.nc"):
        tn.load_bank(tmp_path / "none.nc")
    with pytest.raises(ValueError, match=r"is not a bank: it has no bias\(task, unit\)"):
        tn.load_bank(tn.save(xr.Dataset({"x": 1}), tmp_path / "x.nc"))


def test_a_comparison_is_a_line_a_task() -> None:
    t = np.arange(0, 100, 0.1)
    wave = xr.DataArray(np.sin(t)[:, None], dims=("time", "component"), coords={"time": t})
    names = ("segment", ["wave"] * 500 + [EVIL] * 500), ("segment_index", [0] * 500 + [1] * 500)
    run = wave.assign_coords({name: ("time", values) for name, values in names})
    stuck = run.where(run["time"] < 50, 0.0)
    card = tn.show(tn.compare(run, stuck, truth={"wave": wave, EVIL: wave}))
    lines = str(card).splitlines()
    assert len(lines) == 2
    assert lines[0].startswith("wave: a stays on the attractor; a cycle, 6 seen, period error ")
    assert " | b stays on the attractor" in lines[0]
    assert " | b 100% of trials lost; " in lines[1]
    assert "(floor " in lines[0]
    assert EVIL in Tags(card.html).words
