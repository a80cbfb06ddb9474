"""The report: one page, nothing loaded, nothing run but its own scripts, and what a browser shows of it."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from collections.abc import Callable
from html import unescape
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from browser import BROWSER, FLAGS, Page, needs_browser
from PIL import Image
from typer.testing import CliRunner

import tonicnet as tn
from tonicnet.cli import app

EVIL = "</script><img src=x onerror=\"document.title='owned'\">&amp;"


@pytest.fixture(scope="module")
def net() -> tn.Network:
    return tn.Network(60, seed=0)


@pytest.fixture(scope="module")
def bank(net: tn.Network, bank_of: Callable[..., xr.Dataset]) -> xr.Dataset:
    """Nothing learned: a cycle of two components, a wickedly named recording of one, chaos in three, a behaviour."""
    t = np.arange(0, 60, 0.05)
    wave = tn.Task.from_array(np.sin(t)[:, None], name=EVIL, dt=0.05, components=[EVIL])
    pulse = np.random.default_rng(0).choice([0.0, 1.0, -1.0], p=[0.9, 0.05, 0.05], size=(4, 60, 1))
    sign = tn.Task.from_trials(pulse, np.sign(pulse.cumsum(axis=1)), name="sign", dt=0.02)
    tasks = [tn.task("hopf"), wave, tn.task("lorenz"), sign]
    made = bank_of(net, tuple(task.name for task in tasks), dimension=[2, 1, 3, 1], speed=[2, 1, 0.5, 1])
    loss = np.geomspace(1, 1e-3, 5) * np.ones((4, 1))
    specs = {task.name: task.to_dict() for task in tasks}
    stage = np.array([0.0, 0, 0, 1, 1]) * np.ones((4, 1))
    known = {"loss": (("task", "epoch"), loss), "stage": (("task", "epoch"), stage), "outcome": ("task", [EVIL] * 4)}
    return made.assign(known).assign_attrs(author=EVIL, tasks=json.dumps(specs))


@pytest.fixture(scope="module")
def page(net: tn.Network, bank: xr.Dataset, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tn.report(net, bank, tmp_path_factory.mktemp("report") / "report.html", duration=4.0)


def data_of(text: str) -> dict:
    return json.loads(re.search(r'<script type="application/json" id="data">(.*?)</script>', text, re.S)[1])


def browse(page: Path, task: str, *, picture: Path | None = None) -> tuple[str, str]:
    """Return the page as a browser has it after its scripts ran, and what it said on the console."""
    flags = [*FLAGS, "--enable-logging=stderr", "--virtual-time-budget=10000", "--window-size=1250,1600",
             f"--user-data-dir={page.parent / 'profile'}"]  # fmt: skip
    flags.append("--dump-dom" if picture is None else f"--screenshot={picture}")
    done = subprocess.run(
        [str(BROWSER), *flags, f"{page.as_uri()}#task={task}"], capture_output=True, text=True, timeout=120, check=True
    )
    return re.sub(r"<script.*?</script>", "", done.stdout, flags=re.S), done.stderr


# ---- the page


def test_the_page_holds_the_curves_of_every_task(net: tn.Network, bank: xr.Dataset, page: Path) -> None:
    tasks = data_of(page.read_text())["tasks"]
    assert [t["name"] for t in tasks] == [str(n) for n in bank["task"].values]
    hopf = tasks[0]["attractor"]["data"]
    run = tn.simulate(net, bank, task="hopf", duration=4.0)["output"].values[0]
    assert [c["name"] for c in hopf] == ["truth", "network alone"]
    assert hopf[1]["x"] == pytest.approx(run[:, 0], rel=1e-4, abs=1e-6)
    assert [hopf[0][a][0] for a in "xy"] == pytest.approx(run[0, :2], rel=1e-4)  # both from one state
    assert np.hypot(hopf[0]["x"][-1], hopf[0]["y"][-1]) == pytest.approx(1, abs=1e-4)  # the truth, not the network
    lorenz = tasks[2]["attractor"]
    assert {c["type"] for c in lorenz["data"]} == {"scatter3d"}
    assert lorenz["layout"]["scene"]["zaxis"]["title"]["text"] == "z (task units)"
    assert len(tasks[2]["course"]["data"]) == 2 * 3


def test_a_behaviour_runs_with_its_inputs(net: tn.Network, bank: xr.Dataset, page: Path) -> None:
    sign = data_of(page.read_text())["tasks"][3]
    assert "one trial, with its inputs" in sign["note"]
    made = next(c for c in sign["course"]["data"] if c["name"] == "network alone")
    assert made["x"] == pytest.approx(np.arange(60) * 0.02)
    idle = tn.simulate(net, bank, task="sign", duration=59 * 0.02, initial=np.array([made["y"][0]]), every=2)
    assert np.abs(np.array(made["y"]) - idle["output"].values[0, :, 0]).max() > 1e-3  # the inputs tell


def test_every_figure_is_one_that_plotly_takes(page: Path) -> None:
    from plotly.graph_objects import Figure

    found = data_of(page.read_text())
    for figure in [found["biases"], *(t[k] for t in found["tasks"] for k in ("attractor", "course", "loss"))]:
        Figure(figure)  # raises for a property it does not know


def test_the_biases_are_shown_with_their_units(bank: xr.Dataset, page: Path) -> None:
    image = data_of(page.read_text())["biases"]["data"][0]
    units = [int(word.split()[1]) for word in image["text"][0]]
    assert sorted(units) == list(range(60))
    assert image["z"][2] == pytest.approx(bank["bias"].values[2, units], rel=1e-4)


def test_losses_are_not_joined_across_stages(page: Path) -> None:
    line = data_of(page.read_text())["tasks"][0]["loss"]["data"][0]
    assert line["x"] == [0, 1, 2, None, 3, 4]
    assert [value is None for value in line["y"]] == [False] * 3 + [True] + [False] * 2


def test_names_from_files_are_text(page: Path) -> None:
    text = page.read_text()
    assert "<img" not in re.sub(r"<script>.*?</script>", "", text, flags=re.S)
    assert text.count("<script") - text.count("<script>") == 1  # the data; the two others have no attributes
    assert EVIL in unescape(text)
    labels = json.dumps(data_of(text)["tasks"][1]["course"]["layout"])
    assert "<img" not in labels
    assert "&lt;img" in labels


def test_the_page_may_load_nothing(page: Path) -> None:
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', page.read_text())[1]
    assert policy.startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy.split("style-src")[0]
    head = re.sub(r"<script.*?</script>", "", page.read_text(), flags=re.S)
    assert not re.search(r"""(src|href)=["']""", unescape(head).replace(EVIL, ""))


def test_a_task_that_cannot_be_made_again_is_shown_without_truth(
    net: tn.Network, bank: xr.Dataset, tmp_path: Path
) -> None:
    bare = bank.isel(task=[0]).assign_attrs(tasks="{}")
    task = data_of(tn.report(net, bare, tmp_path / "r.html", duration=1.0).read_text())["tasks"][0]
    assert "no truth: the bank does not hold the task" in task["note"]
    assert [c["name"] for c in task["attractor"]["data"]] == ["network alone"]


def test_report_refuses(net: tn.Network, bank: xr.Dataset, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ValueError, match=r"a report is an HTML page whose name ends in .html, got .*r.pdf"):
        tn.report(net, bank, tmp_path / "r.pdf")
    with pytest.raises(ValueError, match="duration is a positive number of seconds, got -1"):
        tn.report(net, bank, tmp_path / "r.html", duration=-1)
    with pytest.raises(ValueError, match="learned on"):
        tn.report(tn.Network(60, seed=1), bank, tmp_path / "r.html")
    with pytest.raises(FileNotFoundError, match="no folder"):
        tn.report(net, bank.isel(task=[0]), tmp_path / "none" / "r.html", duration=0.5)
    monkeypatch.setitem(sys.modules, "plotly.offline", None)
    with pytest.raises(ImportError, match=r"a report needs plotly: pip install 'tonicnet\[report\]'"):
        tn.report(net, bank, tmp_path / "r.html")
    assert list(tmp_path.iterdir()) == []


def test_the_command_writes_the_page(bank: xr.Dataset, tmp_path: Path) -> None:
    path = tn.save(bank.isel(task=[0]), tmp_path / "bank.nc")
    done = CliRunner().invoke(app, ["report", str(path), "-o", str(tmp_path / "r.html"), "--duration", "1"])
    assert done.exit_code == 0, done.output
    assert "5 MB, 1 tasks" in done.output
    assert (tmp_path / "r.html").read_text().startswith("<!doctype html>")


# ---- in a browser


@needs_browser
def test_a_browser_shows_the_task_asked_for_and_complains_of_nothing(page: Path) -> None:
    dom, console = browse(page, "lorenz")
    said = [line for line in console.splitlines() if "CONSOLE" in line and ":INFO:" not in line]
    assert not said
    assert 'data-ready="yes"' in dom
    assert '<h2 id="task">Task lorenz</h2>' in dom
    assert re.findall(r'<tr [^>]*aria-pressed="true"[^>]*><td>([^<]*)', dom) == ["lorenz"]
    assert dom.count('class="gl-container"') >= 1  # the portrait in three dimensions
    assert "WebGL is not supported" not in dom
    assert dom.count("scatterlayer") >= 3  # three components over time
    assert "<title>tonicnet: 4 tasks on 60 frozen units</title>" in dom


SHOWN = """(() => ({
    heading: document.getElementById("task").textContent,
    note: document.getElementById("note").textContent,
    chosen: Array.from(document.querySelectorAll('#scores tr[aria-pressed="true"] td:first-child'), e => e.textContent),
    address: decodeURIComponent(location.hash),
    type: document.getElementById("attractor").data[0].type,
    curves: document.getElementById("course").data.map(c => c.name),
    last: document.getElementById("course").data.at(-1).y.slice(0, 5),
    drawn: document.querySelectorAll("#course .scatterlayer .trace path.js-line").length,
}))()"""


@needs_browser
def test_a_click_on_a_row_shows_that_task(page: Path, tmp_path: Path) -> None:
    held = data_of(page.read_text())["tasks"]
    with Page(tmp_path / "profile") as browser:
        browser.go(page.as_uri())
        browser.wait("document.body && document.body.dataset.ready === 'yes'")
        assert browser.value(SHOWN)["heading"] == "Task hopf"
        for number, name in [(2, "lorenz"), (1, EVIL), (3, "sign"), (0, "hopf")]:
            browser.click(f"document.querySelectorAll('#scores tbody tr')[{number}]")
            browser.wait(f"document.getElementById('task').textContent === {json.dumps('Task ' + name)}")
            curves = [c["name"] for c in held[number]["course"]["data"]]
            browser.wait(f"document.querySelectorAll('#course .trace path.js-line').length === {len(curves)}")
            shown = browser.value(SHOWN)
            assert shown["chosen"] == [name]
            assert shown["note"] == held[number]["note"]
            assert shown["address"] == f"#task={name}"
            assert shown["type"] == held[number]["attractor"]["data"][0]["type"]
            assert shown["curves"] == curves
            assert shown["last"] == held[number]["course"]["data"][-1]["y"][:5]
        browser.value("document.querySelectorAll('#scores tbody tr')[2].focus()")
        browser.press("Enter")
        browser.wait("document.getElementById('task').textContent === 'Task lorenz'")
        assert browser.complaints == []
        assert browser.value("document.title") == "tonicnet: 4 tasks on 60 frozen units"


@needs_browser
def test_a_wicked_name_is_shown_as_it_is(page: Path) -> None:
    from urllib.parse import quote

    dom, console = browse(page, quote(EVIL, safe=""))
    assert "CSP" not in console
    assert "Content Security Policy" not in console
    shown = re.search(r'<h2 id="task">(.*?)</h2>', dom)[1]
    assert unescape(shown) == f"Task {EVIL}"
    assert "<title>tonicnet: 4 tasks" in dom
    assert "<img" not in dom


@needs_browser
def test_the_curves_are_on_the_screen(page: Path, tmp_path: Path) -> None:
    browse(page, "lorenz", picture=tmp_path / "page.png")
    pixels = np.asarray(Image.open(tmp_path / "page.png").convert("RGB")).astype(int)
    left, right = np.split(pixels, [625], axis=1)  # the portrait, the time course
    for half in (left, right):
        near = np.abs(half - [0, 114, 178]).max(axis=2) < 40
        assert near.sum() > 200  # the legend alone has some 50
