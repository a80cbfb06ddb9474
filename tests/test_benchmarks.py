"""What measures the documents' figures: which rows run, and that every record is whole and stands once."""

from __future__ import annotations

import importlib
import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import tonicnet as tn

FOLDER = Path(__file__).resolve().parent.parent / "benchmarks"
RECORDS = {
    path.stem: records
    for path in sorted((FOLDER / "results").glob("*.json"))
    if isinstance(records := json.loads(path.read_text()), list)
}


@pytest.fixture
def module(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Import by name, as the scripts do that lie beside each other. Libraries stay: h5py can be loaded only once."""
    monkeypatch.syspath_prepend(str(FOLDER))
    yield importlib.import_module
    for path in FOLDER.glob("*.py"):
        sys.modules.pop(path.stem, None)


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
    "name",
    [
        "engine",
        "bridge",
        "fidelity",
        "learning",
        "measures",
        "choose",
        "main_job",
        "six_lines",
        "batched",
        "paper_scale",
        "gpu",
    ],
)
def test_every_script_can_be_started(name: str, module: Any) -> None:
    if name in ("engine", "bridge", "measures"):
        pytest.importorskip("nbclient")
    rows = module(name).ROWS
    assert rows
    assert all(callable(row) for row in rows.values())


def test_a_cluster_is_a_queue_at_one_scheduler(module: Any) -> None:
    cluster = module("cluster")
    calm = cluster.simulate(np.ones(10), cluster.Cluster(2))
    assert (calm.wall, calm.done, calm.use(2)) == (5.0, 10, 1.0)
    served = cluster.simulate(np.ones(100), cluster.Cluster(1000, service=0.5, own=0.25, start=3.0))
    assert served.wall == 3.0 + 100 * 0.5 + 1.25  # workers wait for the scheduler
    slow = cluster.simulate(np.ones(4000), cluster.Cluster(1, straggling=0.1, slower=10.0))
    assert slow.wall == pytest.approx(4000 * 1.9, rel=0.1)


def test_jobs_of_workers_that_die_are_tried_again_and_then_given_up(module: Any) -> None:
    cluster = module("cluster")
    out = cluster.simulate(np.full(2000, 1.0), cluster.Cluster(20, life=4.0, back=1.0))
    assert out.done + out.failed == 2000
    assert 0 < out.failed == sum(count == 3 for count in out.losses.values())
    assert out.deaths >= sum(out.losses.values())
    assert out.failed / 2000 == pytest.approx((1 - np.exp(-1 / 4)) ** 3, rel=0.5)
    assert out.wall > 2000 / 20
    assert out.useful == out.done


@pytest.mark.parametrize("stage", ["field", "polish 1"])
def test_a_batch_takes_the_step_of_each_of_its_jobs(module: Any, stage: str) -> None:
    assert min(module("batched").timed("cosine", 16, stage, 2, repeats=1)) > 0  # it compares thetas and losses


def test_what_is_carried_to_paper_scale_is_tonicnets_own(module: Any) -> None:
    scale = module("paper_scale")
    assert scale.bytes_a_synapse(16) == 12.0
    assert scale.forecast(50, 4.0).steps == 48
    assert all(value > 0 for value in scale.overheads())
    assert {len(times) for times in scale.jobs(100).values()} == {100}


def test_rows_of_the_gpu_are_measured_on_any_device(module: Any) -> None:
    gpu, here = module("gpu"), ("cpu",)
    assert set(gpu.ROWS) == {"rate", "flow", "dense", "simulate", "fit"}
    made = [*gpu.rate(here, 32, 1), *gpu.flow(here, (12,), 32, 1), *gpu.dense(here, (12,), 32, 1),
            *gpu.simulate(here, (1, 3), 12, 5, 1)]  # fmt: skip
    assert {one.measure for one in made} == {"matrix rate", "time of a step", "share of the matrix rate"}
    assert {one.where["precision"] for one in made} == {"float32", "bfloat16"}
    made += gpu.fit(here, {"low-rank": ("lorenz", (12,), {"steps": 1, "rounds": 0, "restarts": 0})}, [0])
    assert {one.measure for one in made[-2:]} == {"time of a fit", "field error"}
    assert all(value > 0 for one in made for value in one.values)
    both = list(gpu._faster({}, {"cpu": 3.0, "cuda": 1.5}))
    assert both[0].values == (2.0,)
    assert gpu.dense_operations(2592, 512) > 2592 * 512**2


def test_without_a_gpu_its_benchmark_says_so_in_one_sentence(module: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    gpu = module("gpu")
    monkeypatch.setattr(gpu.torch.cuda, "is_available", lambda: False)
    monkeypatch.setattr(gpu, "measured", lambda *_: pytest.fail("something was measured"))
    with pytest.raises(SystemExit, match="needs a CUDA device, and torch sees none here"):
        gpu.main()


def test_first_biases_are_as_broad_as_the_axis_says(module: Any) -> None:
    axes = module("phase_axes")
    for part in ("spread", "dense-spread"):
        asked = next(iter(axes.parts()[part].asked.values()))
        drawn = axes._drawn(asked, units=400, seed=1, bias_spread=0.3)
        assert tn.learn.first_bias(drawn, seed=1).std() == pytest.approx(0.3, rel=0.1)
        assert drawn.sha256 != axes._drawn(asked, units=400, seed=1, bias_spread=1.0).sha256


def test_exponents_stand_beside_their_networks(module: Any) -> None:
    dims = {"gain": [0.5, 3.0], "seed": [0]}
    made = module("untouched").exponents(
        dims,
        lambda **place: tn.Network(60, synapses="dense", feedback=False, transfer="tanh", tau=0.1, dt=0.1, **place),
    )
    assert made["exponent"].dims == ("gain", "seed")
    assert made["exponent"].sel(gain=0.5).item() < 0 < made["exponent"].sel(gain=3.0).item()
