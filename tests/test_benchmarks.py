"""What measures the documents' figures: which rows run, and that every record is whole and stands once."""

from __future__ import annotations

import importlib
import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).resolve().parent.parent / "benchmarks"
RECORDS = {
    path.stem: records
    for path in sorted((FOLDER / "results").glob("*.json"))
    if isinstance(records := json.loads(path.read_text()), list)
}


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Import by name, as the scripts do that lie beside each other."""
    monkeypatch.syspath_prepend(str(FOLDER))
    before = set(sys.modules)
    yield importlib.import_module
    for name in set(sys.modules) - before:
        del sys.modules[name]


def test_some_networks_of_a_row_are_chosen_by_their_conditions(module: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    wanted = module("rows").wanted
    monkeypatch.setattr(sys, "argv", ["choose.py", "size", "task=lorenz", "units=100", "units=400"])
    assert wanted({"task": "lorenz", "units": 100})
    assert wanted({"task": "lorenz", "units": 400})
    assert not wanted({"task": "lorenz", "units": 200})
    assert not wanted({"task": "hopf", "units": 100})
    monkeypatch.setattr(sys, "argv", ["choose.py"])
    assert wanted({"task": "hopf"})


def test_a_figure_measured_again_stands_once(module: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    records = module("records")
    monkeypatch.setattr(records, "RESULTS", tmp_path)
    for value in (1.0, 2.0):
        path = records.keep([records.figure("a row", "time", "s", [value, value + 1])], "it", {"command": "none"})
    (held,) = json.loads(path.read_text())
    assert (held["value"], held["least"], held["most"], held["runs"]) == (2.5, 2.0, 3.0, 2)


@pytest.mark.parametrize("name", RECORDS)
def test_records_are_whole(name: str) -> None:
    for record in RECORDS[name]:
        assert {"where", "measure", "unit", "value", "runs", "commit", "date", "command", "processor"} <= set(record)
    keys = Counter((*record["where"].items(), record["measure"]) for record in RECORDS[name])
    assert [key for key, count in keys.items() if count > 1] == []


def test_a_figure_measured_again_leaves_the_archive(module: Any) -> None:
    shown = [(r["where"].get("what"), r["measure"]) for r in module("tables").archived()]
    assert ("Lorenz from its field, N = 1000, encoder 0.5", "valid time") not in shown
    assert shown


def test_every_result_file_has_a_section(module: Any) -> None:
    assert set(RECORDS) - {"archive_0_1"} <= set(module("tables").SECTIONS)


@pytest.mark.parametrize(
    "name", ["engine", "bridge", "fidelity", "learning", "measures", "choose", "main_job", "six_lines"]
)
def test_every_script_can_be_started(name: str, module: Any) -> None:
    if name in ("engine", "bridge", "measures"):
        pytest.importorskip("nbclient")
    rows = module(name).ROWS
    assert rows
    assert all(callable(row) for row in rows.values())
