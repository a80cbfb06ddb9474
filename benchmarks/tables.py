"""Write the tables of the documents from results/: `python benchmarks/tables.py`, or `--check` to see if they are so.

docs/benchmarks.md is written whole. In README.md, and in the pages of TABLED, what stands between ``<!-- table -->``
and ``<!-- end -->`` is replaced. No number in a table is typed by hand.
"""

from __future__ import annotations

import json
import math
import re
import statistics
import sys
from collections.abc import Callable, Iterator
from typing import Any

from records import RESULTS, ROOT, digits

Record = dict[str, Any]

SECTIONS = {
    "main_job": ("The main job", "Learning, running and switching as a user does it."),
    "six_lines": ("The six lines of the README", "Typed into a notebook, a cell each."),
    "learning": ("Learning, over seeds", "Ten networks a row, unless fewer are said."),
    "choose": ("Networks for tasks", "The figures behind [Choose a network](how-to/choose.md): fits on one thread."),
    "screening": ("Draws before learning", "The figures behind [Choose a draw](how-to/screen.md)."),
    "which_numbers": ("Which numbers to change", "The figures behind [the comparison](how-to/compare-learning.md)."),
    "lorenz_biases": (
        "Lorenz by 250 biases at twice the decoder norm",
        "The figures behind [the comparison](how-to/compare-learning.md): ten draws a row.",
    ),
    "study": ("Studies", "What a study costs beside its fits: [the guide](how-to/studies.md). CPU time unless said."),
    "batched": (
        "Small fits in batches",
        "Many small jobs as one batch of products, against one by one: [the guide](how-to/studies.md). CPU time on one "
        "thread.",
    ),
    "paper_scale": ("A million fits", "The figures behind [the page](paper-scale.md)."),
    "phase_diagram": (
        "The phase diagram of fields",
        "The figures behind [the page](phase-diagram.md). No value: more units than the largest network had.",
    ),
    "capacity": (
        "How much a network holds",
        "The figures behind [Capacity](how-to/capacity.md): draws of `tn.capacity`, each fit on one thread.",
    ),
    "recordings": (
        "From recordings",
        "One component by two ways, and Lorenz from noisy samples: [One component](how-to/one-component.md), "
        "[Noisy data](how-to/noisy-data.md).",
    ),
    "phase_axes": (
        "Other axes of the phase diagram",
        "First biases and dense networks: [the page](phase-diagram.md). No value: more units than the largest network.",
    ),
    "engine": ("The learning engine", "Ratios come from one process, methods alternating."),
    "gpu": (
        "On a GPU",
        "One NVIDIA H200 against the 16 cores beside it: [Installation](install.md). No value: a dense "
        "network has no field.",
    ),
    "bridge": ("The bridge to spikes", "Times exclude compiling."),
    "fidelity": ("How faithful spikes are", "C++ programs; networks of `tn.spiking.sized` unless said."),
    "behaviours": (
        "Behaviours of the shelf",
        "One dense network of each seed, the same settings for all; 200 trials that no fit learns from. File times are "
        "of one core.",
    ),
    "spiking_behaviours": (
        "Behaviours in spikes",
        "Learned by a low-rank network of rates; 64 new trials with their inputs, by rates (0 neurons) and by spikes.",
    ),
    "one_network": (
        "Eleven tasks and six behaviours in one spiking network",
        "Low-rank, 1000 LIF units, five neurons a unit, synapses of 200 ms. Every row of the bank by itself, and one "
        "spiking run that is switched through all of them.",
    ),
    "adaptation": (
        "Neurons that adapt, and whose spikes begin by a current",
        "The figures behind [Adaptation](theory/adaptation.md) and [Onset](theory/onset.md).",
    ),
    "local_rule": (
        "Biases learned by local rules",
        "The figures behind [Learn online](how-to/learn-online.md): in spikes, from a random start, run in Brian2, and "
        "beside Gauss-Newton. No value: no cycle.",
    ),
    "bias_range": ("A range for biases", "The price of thresholds that a neuron can have: `tn.fit(bias_range=)`."),
    "measures": ("The measures", "Times on one core."),
    "threads": ("Numbers of threads", "How far biases lie apart that one and two threads learn."),
    "versions": ("Oldest and newest versions", "The whole suite at both ends of what pyproject.toml allows."),
    "permutations": ("Permutations", "The figures behind [Permutations](how-to/permutations.md)."),
    "units": ("What units do", "The figures behind [What units do](how-to/units.md)."),
    "teachers": ("Teachers with natural weights", "The figures behind [the page](theory/natural-weights.md)."),
    "atlas": ("The atlas of chaotic flows", "The figures behind [the page](atlas.md)."),
    "published_flows": (
        "The published collection of chaotic systems, one by one",
        "Its 35 systems, and ten more of its code; see [the page](atlas.md).",
    ),
    "images": (
        "Pictures on one hidden layer",
        "Biases, and what others do with as many numbers. Test parts of one split.",
    ),
}
BEFORE = {"cpu": ("CPU", "s"), "valid_time": ("valid time", "task time"), "divergence": ("D_stsp", "nat"),
          "divergence_floor": ("floor of D_stsp", "nat"), "period_error": ("period error", "1"),
          "amplitude_error": ("amplitude error", "1"), "attractor_distance": ("distance to the attractor", "sd"),
          "lost": ("starts lost", "1")}  # fmt: skip
TABLED = (
    "how-to/choose", "how-to/screen", "how-to/compare-learning", "how-to/permutations", "how-to/units",
    "how-to/capacity", "how-to/one-component", "how-to/noisy-data",
    "theory/natural-weights", "phase-diagram", "how-to/studies", "paper-scale",
    "atlas",
)  # fmt: skip
WHICH, ELSEWHERE = "which_numbers", "which numbers"  # a file, and its group that stands on a page of its own
MARKED = re.compile(r"(<!-- table (\S+) -->\n).*?(<!-- end -->)", re.S)


def main(check: bool) -> int:
    """Write all pages, or count those that are not what they should be."""
    stale = 0
    for path, text in pages():
        if not path.exists() or path.read_text() != text:
            stale += 1
            print(f"{path.relative_to(ROOT)}: {'stale, run python benchmarks/tables.py' if check else 'written'}")
            if not check:
                path.write_text(text)
    return stale if check else 0


def pages() -> Iterator[tuple[Any, str]]:
    """Yield every page that holds tables, and its text as it should be."""
    yield ROOT / "docs" / "benchmarks.md", benchmarks()
    for path in (ROOT / "README.md", *(ROOT / "docs" / f"{page}.md" for page in TABLED)):
        text = path.read_text()
        yield path, MARKED.sub(lambda found: f"{found[1]}\n{NAMED[found[2]]()}\n\n{found[3]}", text)


def benchmarks() -> str:
    """Return the page of all results."""
    parts = [_HEAD]
    for name, (title, words) in SECTIONS.items():
        records = held(name)
        records = [r for r in records if r["group"] != ELSEWHERE]
        if records:
            parts += [f"## {title}\n", f"{words} File: `benchmarks/results/{name}.json`.\n", *_groups(records)]
    parts += ["## Before and after version 0.2\n", _BEFORE, *_groups(before_after(), "after")]
    parts += ["## Archive: measured with 0.1\n", _ARCHIVE, *_groups(archived())]
    return "\n".join(parts)


def held(name: str) -> list[Record]:
    """Return the records of a result file, none if it was never written."""
    path = RESULTS / f"{name}.json"
    return json.loads(path.read_text()) if path.exists() else []


def archived() -> list[Record]:
    """Return the figures of version 0.1 that were not measured again."""
    newer = {(*r["where"].items(), r["measure"]) for name in SECTIONS for r in held(name)}
    return [r for r in held("archive_0_1") if (*r["where"].items(), r["measure"]) not in newer]


def _groups(records: list[Record], only: str = "") -> Iterator[str]:
    """Yield a table for each group of records, with what they share above it."""
    for group in dict.fromkeys(r["group"] for r in records):
        some = [r for r in records if r["group"] == group]
        if not only:
            yield f"### {group}\n"
        yield _told(some) + "\n"
        yield table(some) + "\n"


def _told(records: list[Record]) -> str:
    """Return what was run, and on what."""
    commands = ", ".join(f"`{c}`" for c in dict.fromkeys(r["command"] for r in records))
    machines = dict.fromkeys(f"{r['processor']}, {r['threads']} thread{'s' * (r['threads'] > 1)}" for r in records)
    return f"Written by {commands} on {' and on '.join(machines)}."


def table(records: list[Record]) -> str:
    """Return records as a Markdown table, one number a cell."""
    conditions = list(dict.fromkeys(key for r in records for key in r["where"]))
    ends = [("value", "value"), ("least", "least"), ("most", "most"), ("runs", "runs")]
    shown = [(key, title) for key, title in ends if any(r.get(key) is not None for r in records)]
    head = [*conditions, "measure", "unit", *(title for _, title in shown), "commit", "date"]
    rows = [
        [*(_cell(r["where"].get(c, "")) for c in conditions), r["measure"], "" if r["unit"] == "1" else r["unit"],
         *(digits(r.get(key)) for key, _ in shown), r["commit"], r["date"]]
        for r in records
    ]  # fmt: skip
    return written(head, rows)


def written(head: list[str], rows: list[list[str]]) -> str:
    """Return a Markdown table."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join("| " + " | ".join(cell.replace("|", "\\|") for cell in line) + " |" for line in lines)


def _cell(value: str | float) -> str:
    return value if isinstance(value, str) else digits(value)


def pivoted(group: str, measures: list[str]) -> str:
    """Return medians of one group of the figures for choosing: a row a network, a column a measure."""
    records = [r for r in held("choose") if r["group"] == group]
    if not records:
        return "Not measured yet."
    conditions = list(dict.fromkeys(key for r in records for key in r["where"]))
    known = [m for m in measures if any(r["measure"] == m for r in records)]
    units = {r["measure"]: r["unit"] for r in records}
    head = conditions + [f"{m}, {units[m]}" if units[m] != "1" else m for m in known]
    rows: dict[tuple[Any, ...], dict[str, str]] = {}
    for r in records:
        rows.setdefault(tuple(r["where"].values()), {})[r["measure"]] = digits(r["value"])
    cells = [[*map(_cell, where), *(made.get(m, "") for m in known)] for where, made in sorted(rows.items())]
    return f"{_told(records)} Medians of {records[0]['runs']} networks.\n\n{written(head, cells)}"


def listed(name: str, *measures: str, groups: tuple[str, ...] = (), units: bool = False) -> str:
    """Return the figures of a file with these measures, a row for each condition, a column for each measure.

    Of some ``groups`` alone, if any are named; with ``units`` in the head.
    """
    records = [r for r in held(name) if r["measure"] in measures and (not groups or r["group"] in groups)]
    if not records:
        return "Not measured yet."
    conditions = list(dict.fromkeys(key for r in records for key in r["where"]))
    rows: dict[tuple[str, ...], dict[str, str]] = {}
    for r in records:
        spread = f" ({digits(r['least'])} - {digits(r['most'])})" if r.get("least") is not None else ""
        where = tuple(_cell(r["where"].get(c, "")) for c in conditions)
        rows.setdefault(where, {})[r["measure"]] = digits(r["value"]) + spread
    cells = [[*where, *(made.get(m, "") for m in measures)] for where, made in rows.items()]
    named = {r["measure"]: f"{r['measure']}, {r['unit']}" for r in records if units and r["unit"] != "1"}
    return f"{_told(records)}\n\n{written([*conditions, *(named.get(m, m) for m in measures)], cells)}"


def results() -> str:
    """Return the five results of the README: the newest record of each, from its file."""
    found = [
        next((r for name in names for r in held(name) if _is(r, what, measure)), None) for names, what, measure in FIVE
    ]
    missing = [row for row, r in zip(FIVE, found, strict=True) if r is None]
    if missing:
        raise LookupError(f"no record of {missing[0]}")
    rows = [
        [r["where"]["what"], r["measure"], digits(r["value"]), "" if r["unit"] == "1" else r["unit"], r["commit"]]
        for r in found
        if r
    ]
    return written(["what", "measure", "value", "unit", "commit"], rows)


def _is(record: Record, what: str, measure: str) -> bool:
    return record["where"].get("what") == what and record["measure"] == measure


_NEW = ("learning", "fidelity", "bridge", "archive_0_1")
FIVE = [
    (_NEW, "Lorenz from its field, N = 1000, encoder 0.5", "valid time"),
    (_NEW, "Lorenz from its field, N = 1000, encoder 0.5", "D_stsp, T = 1e5"),
    (_NEW, "Lorenz from its field, N = 1000, encoder 0.5", "floor of D_stsp, T = 1e5"),
    (_NEW, "hopf in spikes, 1000 neurons, 60 s", "period error"),
    (_NEW, "three forms x four ways, N = 1000, 10 s, with and without noise", "spikes that differ"),
]
_SIZE = [
    "learning", "memory above imports", "starts lost", "period error", "amplitude error", "valid time", "D_stsp",
    "floor of D_stsp", "samples of D_stsp", "distance to attractor",
]  # fmt: skip


def atlas() -> str:
    """Return how many systems pass, and the controls."""
    records = held("atlas")
    return f"{_told(records)}\n\n{table(records)}" if records else "Not measured yet."


def which() -> Iterator[str]:
    """Yield a table for each task and score of the comparison: a row a set, a column a count of numbers."""
    records = [r for r in held(WHICH) if r["group"] == ELSEWHERE and r["where"]["norm"] == 1]
    if not records:
        yield "Not measured yet."
        return
    yield f"{_told(held(WHICH))} Medians of {records[0]['runs']} draws, least and most in brackets."
    beside = ("share of flipped signs", "spike noise / scale")
    for task, measure, unit in dict.fromkeys((r["where"]["task"], r["measure"], r["unit"]) for r in records):
        if measure not in beside:
            some = [r for r in records if r["where"]["task"] == task and r["measure"] == measure]
            yield f"### {task}: {measure}{'' if unit == '1' else f', {unit}'}\n\n{_across(some, 'numbers')}"


def which_beside(*measures: str) -> str:
    """Return what Lorenz by 500 numbers asks of the circuit."""
    records = [r for r in held(WHICH) if r["measure"] in measures and r["where"]["numbers"] == 500]
    return _across([r for r in records if r["where"]["norm"] == 1], "measure")


def which_norms() -> str:
    """Return the field error of Lorenz by 250 numbers against the norm of the decoder."""
    found = [r for r in held(WHICH) if r["where"].get("numbers") == 250 and r["measure"] == "relative field error"]
    return _across([r for r in found if (r["where"]["task"], r["where"]["transfer"]) == ("lorenz", "tanh")], "norm")


def _across(records: list[Record], by: str) -> str:
    """Return records of the comparison as a table with a column for each value of a condition."""
    values = list(dict.fromkeys(_place(r, by) for r in records))
    values = values if by == "measure" else sorted(values)
    rows: dict[tuple[str, str], dict[Any, str]] = {}
    for r in records:
        cell = f"{digits(r['value'])} ({digits(r['least'])} - {digits(r['most'])})"
        rows.setdefault((r["where"]["transfer"], r["where"]["learned"]), {})[_place(r, by)] = cell
    head = ["transfer", "learned", *(value if by == "measure" else f"{by} {digits(value)}" for value in values)]
    return written(head, [[*where, *(made.get(value, "") for value in values)] for where, made in rows.items()])


def _place(record: Record, by: str) -> Any:
    return record["measure"] if by == "measure" else record["where"][by]


def _axes(group: str) -> str:
    """Return the units that a part of the other axes needs, beside what its networks do before they learn."""
    needed = ("units for half of the draws", "the same, lower end of 95 %", "the same, upper end of 95 %")
    return listed("phase_axes", *needed, "exponent of the untouched network", groups=(group,))


NAMED: dict[str, Callable[[], str]] = {
    "results": results,
    "held": lambda: listed("capacity", "bits that one network holds", groups=("bits", "gain", "bias-range")),
    "held-systems": lambda: listed("capacity", "systems that one network holds", groups=("systems",)),
    "held-most": lambda: listed("capacity", "accuracy on held-out trials", "CPU time of a flip-flop", groups=("most",)),
    "held-scales": lambda: listed("capacity", "accuracy on held-out trials", groups=("scales",)),
    "held-exponents": lambda: listed(
        "capacity", "exponent of capacity", "exponent, lower end of 95 %", "exponent, upper end of 95 %"
    ),
    "one-component": lambda: listed(
        "recordings", "fit", "valid time", "D_stsp of three delays", "stuck of 5", groups=("lorenz", "laser")
    ),
    "noisy": lambda: listed(
        "recordings",
        "fit",
        *(f"{name} to the {truth}" for truth in ("truth", "noisy truth") for name in ("D_stsp", "D_H")),
        groups=("noisy",),
    ),
    "atlas": atlas,
    "which": lambda: "\n\n".join(which()),
    "which-norms": which_norms,
    "which-beside": lambda: which_beside("share of flipped signs", "spike noise / scale"),
    "screening": lambda: listed(
        "screening",
        "rank correlation with the field error",
        "the same, lower end of 95 %",
        "the same, upper end of 95 %",
    ),
    "twice": lambda: listed(
        "lorenz_biases", "relative field error", "D_stsp", "floor of D_stsp", "learning", units=True
    ),
    "swaps": lambda: listed("permutations", "RMSE", groups=("readouts",)),
    "published": lambda: listed("permutations", "RMSE", "largest error", groups=("published",)),
    "exponents": lambda: listed(
        "permutations", "exponent", "exponent, lower end of 95 %", "exponent, upper end of 95 %"
    ),
    "exponents-largest": lambda: listed(
        "permutations",
        *(f"exponent of the largest error{end}" for end in ("", ", lower end of 95 %", ", upper end of 95 %")),
    ),
    "orders": lambda: listed(
        "permutations", "relative field error", "D_stsp", "learning", groups=("lorenz",), units=True
    ),
    "curves": lambda: listed("permutations", "RMSE", groups=("curves",)),
    "hinges": lambda: listed("permutations", "RMSE", groups=("biases",)),
    "clusters": lambda: listed("units", "silhouette of clusters", "the same, shuffled over units", "clusters"),
    "alike": lambda: listed(
        "units",
        "correlation over units",
        "correlation over units, lower end of 95 %",
        "correlation over units, upper end of 95 %",
    ),
    "moved": lambda: listed(
        "units",
        "share of units shut off",
        "standard deviation of first biases",
        "standard deviation of changes of bias",
        "standard deviation of learned biases",
    ),
    "students": lambda: listed("teachers", "relative error"),
    "circuits": lambda: listed("teachers", "relative error of the field"),
    "screened": lambda: listed("screening", "ratio of field errors"),
    "batches": lambda: listed(
        "batched",
        "CPU time of a job",
        "share of steps of fields",
        "share of steps of closed loops",
        "gain of a whole job in batches of 16, at most",
        units=True,
    ),
    "batch-steps": lambda: listed("batched", "gain of a batch", units=True),
    "jobs": lambda: listed(
        "paper_scale", "the calling process", "its worker, beside the fit", "a worker begins", units=True
    ),
    "stored": lambda: listed(
        "paper_scale", "a result in the store", "memory of the calling process, a job", units=True
    ),
    "busy": lambda: listed("paper_scale", "CPU time of a fit, mean", "workers that keep one caller busy", units=True),
    "cluster": lambda: listed(
        "paper_scale",
        "wall time",
        "core hours",
        "share of workers' time in results",
        "time of the caller in use",
        "deaths of workers",
        "jobs given up",
        units=True,
    ),
    "solvers": lambda: listed(
        "paper_scale",
        "memory of a primal step",
        "memory of a dual step",
        "memory of a matrix-free step",
        "least memory= that is enough",
        "a step with so much, CPU",
        "a fit of the field, CPU",
        units=True,
    ),
    "synapses-memory": lambda: listed("paper_scale", "memory of the synapses in a fit", units=True),
    "peak": lambda: listed(
        "paper_scale", "peak of a fit above the imports", "its solver and temporaries, by tonicnet", units=True
    ),
    "needed": lambda: listed(
        "phase_diagram",
        "units for half of the draws",
        "the same, lower end of 95 %",
        "the same, upper end of 95 %",
    ),
    "untouched": lambda: listed("phase_diagram", "exponent of the untouched network"),
    "spreads": lambda: _axes("spread"),
    "denses": lambda: _axes("dense"),
    "densespreads": lambda: _axes("dense-spread"),
    "memories": lambda: _axes("memory"),
    "learnability": lambda: listed(
        "phase_diagram", "exponent of the field error", "exponent, lower end of 95 %", "exponent, upper end of 95 %"
    ),
    "prior": lambda: listed("screening", "error of the prior kernel"),
    "size": lambda: pivoted("size", _SIZE),
    "gain": lambda: pivoted("gain", ["learning", "R2 of what was learned", "R2 of the 200 steps after"]),
    "synapses": lambda: pivoted("synapses", _SIZE),
    "spikes": lambda: pivoted(
        "spikes", ["learning", "predicted noise of the output", "period error", "amplitude error"]
    ),
}


def before_after() -> list[Record]:
    """Return the results of before_after.py as records: medians over networks, and of the ratios of CPU seconds."""
    raw = json.loads((RESULTS / "before_after.json").read_text())
    sides: dict[tuple[str, str], list[Record]] = {}
    for key, run in raw.items():
        call, network, side, threads = key.split(" | ")
        if all(f"{call} | {network} | {one} | {threads}" in raw for one in ("before", "after")):
            sides.setdefault((call, side), []).append(run | {"threads": int(threads.split()[0])})
    made = []
    for (call, side), runs in sides.items():
        for name, (measure, unit) in BEFORE.items():
            values = [_score(run, name) for run in runs]
            known = [v for v in values if math.isfinite(v)]
            if known:
                made.append(_record({"call": call, "side": side}, measure, unit, known, runs[0]))
        if side == "after":
            pairs = zip(sides[call, "before"], runs, strict=True)
            ratios = [_score(a, "cpu") / a.get("steps", 1) / (_score(b, "cpu") / b.get("steps", 1)) for a, b in pairs]
            made.append(_record({"call": call, "side": "both"}, "times less CPU", "1", ratios, runs[0]))
    return made


def _score(run: Record, name: str) -> float:
    return run["cpu"] if name == "cpu" else abs(run["scores"].get(name, math.nan))


def _record(where: dict[str, str], measure: str, unit: str, values: list[float], run: Record) -> Record:
    spread = {"least": min(values), "most": max(values)} if len(values) > 1 else {}
    about = {key: run[key] for key in ("processor", "threads", "commit", "date", "command")}
    counted = {"value": statistics.median(values), "runs": len(values), "group": "after"}
    return {"where": where, "measure": measure, "unit": unit} | counted | spread | about


_HEAD = """# Benchmarks

Written by `python benchmarks/tables.py` from the files in `benchmarks/results/`; do not edit. `make bench` measures
everything again and writes both. Every cell holds one number. "value" is the median over runs; "least" and "most" are
its range. Times drift from machine to machine.
"""
_BEFORE = """The same public calls from two checkouts, in turn. File: `benchmarks/results/before_after.json`. Scores are
absolute values. The row "simulate" ran 5,000 steps before and 100,000 after; its ratio is per step.
"""
_ARCHIVE = """These figures were measured with version 0.1 and were carried over from its README; they were not measured
again since. Commit and date are those at which a figure was written there. File:
`benchmarks/results/archive_0_1.json`. A figure above that measures the same replaces them.
"""


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
