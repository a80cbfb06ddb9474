"""Calls of the library with arguments that nobody should give: what comes back must be an error in a sentence.

``calls(seed)`` yields them for ever, the same for the same seed; ``verdict(call)`` says what became of one.
"""

from __future__ import annotations

import contextlib
import math
import re
import resource
import signal
import tempfile
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from functools import cache
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import torch
import xarray as xr

import tonicnet as tn

ALLOWED = (ValueError, TypeError, KeyError, OSError, MemoryError, ImportError, RuntimeError)
LEAKED = (RecursionError, NotImplementedError, UnicodeError, np.linalg.LinAlgError)  # of these, by another name
LONGEST = 20  # seconds that a call may take before it counts as one without an end
_WORDS = 4  # of a sentence, at least


def _nested(depth: int) -> list[Any]:
    """Return a list in a list in a list."""
    made: list[Any] = []
    for _ in range(depth):
        made = [made]
    return made


def _endless() -> list[Any]:
    """Return a list that holds itself."""
    made: list[Any] = []
    made.append(made)
    return made


def _masked() -> np.ndarray:
    return np.ma.masked_invalid([1.0, np.nan, 2.0])


NUMBERS: dict[str, Callable[[], Any]] = {
    "-1": lambda: -1, "0": lambda: 0, "-0.5": lambda: -0.5, "1.5": lambda: 1.5, "nan": lambda: math.nan,
    "inf": lambda: math.inf, "-inf": lambda: -math.inf, "1e-300": lambda: 1e-300, "5e-324": lambda: 5e-324,
    "1e9": lambda: 1e9, "10**9": lambda: 10**9, "1e300": lambda: 1e300, "10**400": lambda: 10**400,
    "2**63": lambda: 2**63, "-(2**64)": lambda: -(2**64), "True": lambda: True, "np.float64(3)": lambda: np.float64(3),
    "np.int64(10**12)": lambda: np.int64(10**12), "np.float16('nan')": lambda: np.float16("nan"),
    "Fraction(1, 3)": lambda: Fraction(1, 3), "Decimal('NaN')": lambda: Decimal("NaN"), "1j": lambda: 1j,
    "1e-12": lambda: 1e-12, "1e12": lambda: 1e12,
}  # fmt: skip
TEXTS: dict[str, Callable[[], Any]] = {
    "''": lambda: "", "a NUL": lambda: "a\x00b", "a lone surrogate": lambda: "a\ud800b",
    "a terminal escape": lambda: "\x1b[31mred", "a line break": lambda: "a\nb", "10,000 letters": lambda: "a" * 10_000,
    "'lorenz'": lambda: "lorenz", "a path": lambda: "no/such/place", "b'hopf'": lambda: b"hopf", "'nan'": lambda: "nan",
    "right-to-left": lambda: "\u202eabc", "Path('hopf')": lambda: Path("hopf"),
}  # fmt: skip
THINGS: dict[str, Callable[[], Any]] = {
    "None": lambda: None, "...": lambda: ..., "object()": object, "int": lambda: int, "len": lambda: len,
    "[]": list, "{}": dict, "()": tuple, "a set": lambda: {1, 2}, "a generator": lambda: (k for k in range(3)),
    "a list that holds itself": _endless, "a list 2000 deep": lambda: _nested(2000), "[None]": lambda: [None],
    "['a', 1]": lambda: ["a", 1], "{'a': object()}": lambda: {"a": object()}, "{1: 2}": lambda: {1: 2},
    "a date": lambda: datetime(2026, 1, 1), "range(10**12)": lambda: range(10**12), "slice(3)": lambda: slice(3),
    "[(\"hopf\", 1)]": lambda: [("hopf", 1)],
    "[(1, 'hopf')]": lambda: [(1, "hopf")], "[('hopf',)]": lambda: [("hopf",)],
    "[('hopf', nan)]": lambda: [("hopf", math.nan)], "[('hopf', 1e12)]": lambda: [("hopf", 1e12)],
}  # fmt: skip
ARRAYS: dict[str, Callable[[], Any]] = {
    "an empty array": lambda: np.array([]), "an array of no dimension": lambda: np.array(3.0),
    "an array of texts": lambda: np.array(["a", "b"]), "an array of objects": lambda: np.array([object()] * 3),
    "a complex array": lambda: np.array([1j, 2.0]), "a masked array": _masked, "ones(3)": lambda: np.ones(3),
    "NaN(20)": lambda: np.full(20, np.nan), "1e300(20)": lambda: np.full(20, 1e300), "ones((7, 7, 7, 7))":
    lambda: np.ones((7, 7, 7, 7)), "dates": lambda: np.array(["2026-01-01"], dtype="datetime64[D]"),
    "whole numbers (20)": lambda: np.arange(20), "bool(20)": lambda: np.ones(20, bool), "a record array": lambda:
    np.zeros(3, dtype=[("a", "f8"), ("b", "i4")]), "a wide broadcast": lambda: np.broadcast_to(1.0, (10**6, 10**6)),
    "a tensor": lambda: torch.ones(3), "a tensor that wants a gradient": lambda: torch.ones(20, requires_grad=True),
    "an empty Dataset": xr.Dataset, "a DataArray (y)": lambda: xr.DataArray(np.ones(3), dims="y"),
    "a Dataset (y)": lambda: xr.Dataset({"bias": ("y", np.ones(3))}), "a DataArray of texts":
    lambda: xr.DataArray(["a"], dims="unit"), "a DataArray (unit)": lambda: xr.DataArray(np.ones(20), dims="unit"),
    "a DataArray (task, unit)": lambda: xr.DataArray(np.ones((2, 20)), dims=("task", "unit")),
}  # fmt: skip
POOL = NUMBERS | TEXTS | THINGS | ARRAYS


@dataclass(frozen=True)
class Call:
    """A call of a door with some arguments replaced; ``words`` says which, as one would type it."""

    door: str
    function: Callable[..., Any]
    arguments: dict[str, Any]
    words: str


@dataclass(frozen=True)
class Verdict:
    """What became of a call: "taken" or "refused", or else what is wrong with it, and where."""

    kind: str
    error: str = ""
    where: str = ""


@dataclass
class Tally:
    """What became of many calls."""

    counts: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)
    slowest: float = 0.0

    def add(self, call: Call) -> None:
        """Make a call and count it."""
        begun = time.process_time()
        seen = verdict(call)
        self.slowest = max(self.slowest, time.process_time() - begun)
        self.counts[seen.kind] += 1
        if seen.kind not in ("taken", "refused"):
            self.faults.append(f"{seen.kind}: {call.words}: {seen.error} ({seen.where})")


def calls(seed: int) -> Iterator[Call]:
    """Yield hostile calls for ever."""
    rng, doors = np.random.default_rng(seed), _doors()
    names = list(doors)
    while True:
        name = names[rng.integers(len(names))]
        function, arguments = doors[name]
        changed = list(
            rng.choice(list(arguments), size=min(len(arguments), int(rng.choice([1, 1, 1, 2]))), replace=False)
        )
        given = {key: _hostile(rng) for key in changed}
        words = ", ".join(f"{key}={label}" for key, (label, _) in given.items())
        yield Call(name, function, arguments | {k: value for k, (_, value) in given.items()}, f"{name}({words})")


def _hostile(rng: np.random.Generator) -> tuple[str, Any]:
    kind = (NUMBERS, NUMBERS, TEXTS, THINGS, ARRAYS)[rng.integers(5)]
    label = list(kind)[rng.integers(len(kind))]
    return label, kind[label]()


def verdict(call: Call) -> Verdict:
    """Make a call and say what became of it."""
    try:
        with warnings.catch_warnings(), _limit(LONGEST):
            warnings.simplefilter("ignore")
            call.function(**call.arguments)
    except _TooLong as error:
        return Verdict("without an end", where=_place(error))
    except ALLOWED as error:
        return _judged(error)
    except Exception as error:
        return Verdict("another type", _line(error), _place(error))
    return Verdict("taken")


def _judged(error: Exception) -> Verdict:
    if isinstance(error, LEAKED) or type(error).__module__.split(".")[0] not in ("builtins", "tonicnet"):
        return Verdict("another type", _line(error), _place(error))
    text = str(error.args[0] if error.args else error)
    if len(text.split()) < _WORDS or "\n" in text.strip():
        return Verdict("no sentence", _line(error), _place(error))
    return Verdict(
        "bare control characters" if re.search(r"[\x00-\x1f\x7f]", text) else "refused", _line(error), _place(error)
    )


def _line(error: BaseException) -> str:
    return ascii(f"{type(error).__name__}: {error}"[:200])


def _place(error: BaseException) -> str:
    frame = [f for f in traceback.extract_tb(error.__traceback__) if "tonicnet" in f.filename][-1:]
    return f"{Path(frame[0].filename).name}:{frame[0].lineno}" if frame else "?"


class _TooLong(BaseException):
    """A call took too long."""


@contextlib.contextmanager
def little_memory(room: int = 6 * 2**30) -> Iterator[None]:
    """Let the process take so many bytes more and no others, so that what was not weighed fails and hurts nobody."""
    taken = int(Path("/proc/self/statm").read_text().split()[0]) * resource.getpagesize()
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (taken + room, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))


class _limit:
    """Raise in a call that takes more than some seconds of the processor."""

    def __init__(self, seconds: float) -> None:
        self._seconds = seconds

    def __enter__(self) -> None:
        signal.signal(signal.SIGVTALRM, self._stop)
        signal.setitimer(signal.ITIMER_VIRTUAL, self._seconds)

    def __exit__(self, *_: object) -> None:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)

    def _stop(self, number: int, frame: FrameType | None) -> None:
        raise _TooLong


def _circle(x: np.ndarray) -> np.ndarray:
    return np.stack([x[..., 1], -x[..., 0]], axis=-1)


def _bend(x: np.ndarray) -> np.ndarray:
    return x - x**3


def _slope_of_bend(x: np.ndarray) -> np.ndarray:
    return (1 - 3 * x**2)[..., None]


def _ring(x: np.ndarray) -> np.ndarray:
    return x * (1 - (x**2).sum(-1, keepdims=True)) + x[..., ::-1] * [-1, 1]


def _slope_of_ring(x: np.ndarray) -> np.ndarray:
    square = (x**2).sum(-1)[:, None, None]
    return (1 - square) * np.eye(2) - 2 * x[:, :, None] * x[:, None, :] + [[0, -1], [1, 0]]


def _arrays() -> dict[str, tuple[Callable[..., Any], dict[str, Any]]]:
    """Return the functions of plain arrays with arguments they take."""
    m, at = tn.measure, np.arange(400) / 10
    one = np.stack([np.sin(at), np.cos(at)], axis=1)
    two, pair = one[7:] * 1.1, {"truth": one, "run": one * 1.1}
    trials = {"truth": one[None], "run": two[None]}
    chosen: dict[str, dict[str, Any]] = {
        "attractor_distance_of": {"truth": one, "run": two, "scale": np.ones(2)},
        "attractor_threshold_of": {"truth": one[None], "minimum": 0.1},
        "clusters_of": {"x": one[:20], "most": 4, "seed": 0},
        "collapsed_of": trials | {"window": 100, "truth_window": None},
        "escaped_of": trials | {"stretch": None},
        "fixed_points_of": {"flow": _bend, "jacobian": _slope_of_bend, "starts": at[:9, None], "tolerance": 1e-8,
                            "slow": 0.0, "apart": 0.01, "steps": 50},
        "floor_of": {"measure": m.outside_of, "truth": one[None], "samples": 50, "reference": None},
        "floquet_of": {"flow": _ring, "jacobian": _slope_of_ring, "start": np.array([1.1, 0.0]), "period": 6.0,
                       "dt": 0.1, "tolerance": 1e-6, "steps": 12},
        "kaplan_yorke_of": {"exponents": np.array([0.9, 0.0, -14.6]), "zero": 0.0},
        "limit_cycle_of": {"x": one, "dt": 0.1},
        "lyapunov_spectrum_of": {"flow": _bend, "jacobian": _slope_of_bend, "start": np.ones((1, 1)), "duration": 4.0,
                                 "dt": 0.1, "k": None, "transient": 0.0, "every": 1, "discrete": False, "seed": 0},
        "maxima_of": {"x": one[:, 0]},
        "normalised_error_of": {"truth": one[None], "run": one[None], "variance": None},
        "orbit_distance_of": {"truth": one, "run": two, "dt": 0.1, "run_dt": None},
        "outside_of": pair,
        "participation_ratio_of": {"x": one},
        "settling_index_of": {"distance": at[::-1], "threshold": 0.5, "stretch": 1},
        "sliced_wasserstein_of": pair | {"projections": 5, "seed": 0},
        "spectral_hellinger_of": pair | {"smoothing": 20.0},
        "state_space_divergence_of": pair | {"bins": 10},
        "turn_of": {"truth": one[None]},
        "valid_time_of": {"truth": one[None], "run": one[None], "dt": 0.1, "threshold": 0.4, "variance": None},
    }  # fmt: skip
    return {f"measure.{name}": (getattr(m, name), arguments) for name, arguments in chosen.items()}


@cache
def _doors() -> dict[str, tuple[Callable[..., Any], dict[str, Any]]]:
    """Return every door with arguments it takes, small enough to be called often."""
    net = tn.Network(20, seed=0)
    dense = tn.Network(20, seed=0, synapses="dense", gain=1.0)
    bank = tn.fit(net, ["hopf", "two-well"], steps=1, rounds=0, restarts=0, progress=False)
    run = tn.simulate(net, bank, task="two-well", duration=3.0)
    cycle = tn.task("hopf").trajectory(30.0, 0.05)
    truth = tn.task("two-well").trajectory(float(run["task_time"][-1]), float(run["task_time"][1]), trials=4)
    samples = np.stack([np.sin(np.arange(60) / 5), np.cos(np.arange(60) / 5)], axis=1)
    folder = Path(tempfile.mkdtemp(prefix="hostile-"))
    tn.save(bank, folder / "bank.nc")
    net.to_toml(folder / "network.toml")
    (folder / "a.csv").write_text("time,x\n" + "".join(f"{k / 10},{k % 7}\n" for k in range(50)))
    vector, hopf = np.ones(20), tn.task("hopf")
    spiking = {"net": net, "bias": bank, "task": "hopf"}
    row = {"net": net, "bias": bank, "task": "hopf"}
    return {
        "Network": (
            tn.Network,
            {"units": 20, "seed": 0, "components": 3, "synapses": "sparse", "gain": 1.0, "density": 0.5, "dale": False,
             "inhibitory": 0.2, "feedback": True, "encoder_scale": 0.8, "decoder_scale": 2.0, "transfer": "lif",
             "tau": 0.1, "rise": 0.0, "delay": 0.0, "dt": None, "draw": "independent"},
        ),
        "Network (structured)": (tn.Network, {"units": 20, "seed": 0, "draw": "orthogonal", "components": 3}),
        "LIF": (tn.LIF, {"noise": 0.3, "dt": 0.0002, "tau_m": 0.01, "refractory": 0.002, "reset_rule": "hard"}),
        "Task": (
            tn.Task,
            {"flow": _circle, "name": "a", "initial": [1.0, 0.0], "kind": "cycle", "components": ["x", "y"],
             "center": None, "scale": None, "speed": None, "dt": 0.01, "transient": 1.0, "duration": 1.0,
             "low": [-1, -1], "high": [1, 1], "truth": None, "title": "", "cite": ""},
        ),
        "Task.from_array": (
            tn.Task.from_array,
            {"array": samples, "name": "a", "dt": 0.01, "components": ["x", "y"], "center": [0, 0], "scale": [1, 1],
             "title": "", "cite": ""},
        ),
        "Task.from_trials": (
            tn.Task.from_trials,
            {"inputs": samples[None], "targets": samples[None], "name": "a", "dt": 0.01, "mask": None,
             "components": ["x", "y"], "center": None, "scale": None},
        ),
        "Task.from_dict": (tn.Task.from_dict, {"tables": hopf.to_dict()}),
        "Task.trajectory": (
            hopf.trajectory, {"duration": 1.0, "dt": 0.1, "seed": 0, "trials": 1, "initial": [[1.0, 0.0]]}
        ),
        "Task.states": (hopf.states, {"count": 10, "seed": 0}),
        "Task.initial": (hopf.initial, {"trials": 3, "seed": 0}),
        "Task.flow": (hopf.flow, {"x": [1.0, 0.0]}),
        "task": (tn.task, {"name": "hopf"}),
        "from_observed": (
            tn.from_observed,
            {"array": samples, "observed": [0], "name": "a", "window": 0.2, "lag": 0.02, "settle": None, "dt": 0.01},
        ),
        "read_recording": (tn.read_recording, {"path": folder / "a.csv", "dt": None, "variable": None}),
        "fit": (
            tn.fit,
            {"net": net, "tasks": "hopf", "learn": "bias", "objective": "auto", "method": "auto", "noise": 0.1,
             "neurons_per_unit": None, "steps": 1, "rounds": 0, "restarts": 0, "solver": "auto", "precision": "auto",
             "memory": 4.0, "device": "cpu", "checkpoint": None, "into": None, "progress": False, "seed": 0},
        ),
        "simulate": (
            tn.simulate,
            {"net": net, "bias": bank, "duration": None, "schedule": [("hopf", 0.2), ("two-well", 0.2)], "task": None,
             "dt": 0.01, "method": "rk4", "trials": 1, "initial": None, "inputs": None, "noise": 0.0, "rates": False,
             "every": 1, "dtype": "float64", "seed": 0},
        ),
        "simulate (dense)": (tn.simulate, {"net": dense, "bias": vector, "duration": 0.2, "dt": 0.01, "trials": 2}),
        "flow": (tn.flow, {"net": net, "bias": bank, "task": "hopf"}),
        "spiking.simulate": (
            tn.spiking.simulate,
            spiking | {"duration": 0.02, "form": "threshold", "neurons_per_unit": 1, "dt": None, "trials": 1,
                       "initial": None, "codegen": "numpy", "propagation": "auto", "progress": False, "seed": 0},
        ),
        "spiking.verify": (
            tn.spiking.verify,
            spiking | {"duration": 0.02, "forms": ("threshold", "current"), "codegen": "numpy", "seed": 0},
        ),
        "spiking.recalibrate": (tn.spiking.recalibrate, row | {"neurons_per_unit": 1, "duration": 0.2, "seed": 0}),
        "spiking.surrogate": (tn.spiking.surrogate, row | {"neurons_per_unit": 1, "duration": 0.2, "seed": 0}),
        "spiking.sized": (tn.spiking.sized, {"neurons": 60, "seed": 0, "components": 3}),
        "spiking.to_brian2": (
            tn.spiking.to_brian2,
            spiking | {"form": "threshold", "neurons_per_unit": 1, "initial": None, "dt": None, "seed": 0},
        ),
        "spiking.write_script": (
            tn.spiking.write_script,
            {"path": folder / "a.py", "net": net, "bank": bank, "schedule": [("hopf", 0.1)], "form": "threshold",
             "neurons_per_unit": 1, "seed": 0},
        ),
        "compare": (tn.compare, {"a": run, "b": run, "truth": {"two-well": truth}}),
        "measure.limit_cycle": (tn.measure.limit_cycle, {"run": cycle, "truth": cycle}),
        "measure.lost": (tn.measure.lost, {"run": run, "truth": truth}),
        "measure.valid_time": (
            tn.measure.valid_time, {"run": run, "truth": truth.isel(trial=[0]), "threshold": 0.4, "lyapunov": 1.0}
        ),
        "measure.state_space_divergence": (tn.measure.state_space_divergence, {"run": run, "truth": truth}),
        "measure.fixed_points": (tn.measure.fixed_points, row | {"starts": 5, "seed": 0}),
        "measure.lyapunov_spectrum": (tn.measure.lyapunov_spectrum, row | {"duration": 1.0}),
        "measure.segment": (tn.measure.segment, {"run": run, "which": "two-well", "discard": 0.1}),
        "save": (tn.save, {"ds": bank, "path": folder / "again.nc"}),
        "load": (tn.load, {"path": folder / "bank.nc"}),
        "load_network": (tn.load_network, {"source": folder / "network.toml"}),
        "load_bank": (tn.load_bank, {"source": folder / "bank.nc"}),
        "show": (tn.show, {"thing": bank}),
        "cut_trials": (tn.cut_trials, {"recording": samples, "length": 0.3, "dt": 0.01, "time": None}),
    } | _arrays()  # fmt: skip
