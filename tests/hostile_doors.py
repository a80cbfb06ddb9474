"""Every door of the library, with small arguments that it takes: what the hostile caller replaces."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

import tonicnet as tn

Doors = dict[str, tuple[Callable[..., Any], dict[str, Any]]]


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


def _arrays() -> Doors:
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
def doors() -> Doors:
    """Return every door with arguments it takes, small enough to be called often."""
    net = tn.Network(20, seed=0)
    dense = tn.Network(20, seed=0, synapses="dense", gain=1.0)
    bank = tn.fit(net, ["hopf", "two-well"], steps=1, rounds=0, restarts=0, progress=False)
    run = tn.simulate(net, bank, task="two-well", duration=3.0)
    cycle = tn.task("hopf").trajectory(100.0, 0.05)
    truth = tn.task("two-well").trajectory(float(run["task_time"][-1]), float(run["task_time"][1]), trials=4)
    samples = np.stack([np.sin(np.arange(60) / 5), np.cos(np.arange(60) / 5)], axis=1)
    folder = Path(tempfile.mkdtemp(prefix="hostile-"))
    tn.save(bank, folder / "bank.nc")
    net.to_toml(folder / "network.toml")
    (folder / "a.csv").write_text("time,x\n" + "".join(f"{k / 10},{k % 7}\n" for k in range(50)))
    vector, hopf = np.ones(20), tn.task("hopf")
    spiking = {"net": net, "bias": bank, "task": "hopf"}
    row = {"net": net, "bias": bank, "task": "hopf"}
    named: Doors = {
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
             "title": "", "cite": "", "resample": None, "embed": None, "speed": 1.0},
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
        "learn_online": (
            tn.learn_online,
            {"net": net, "task": "hopf", "rule": "e-prop", "duration": 0.1, "rate": 0.02, "units": "auto",
             "neurons_per_unit": 1, "broadcast": "decoder", "noise": 0.3, "start": None, "progress": False, "seed": 0},
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
        "spiking.silenced": (tn.spiking.silenced, {"net": net, "bank": bank, "share": 0.2, "seed": 0}),
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
        "resample_recording": (
            tn.resample_recording,
            {"recording": samples, "step": 0.01, "method": "linear", "longest_gap": 0.1, "length": 0.3, "dt": 0.01,
             "time": None},
        ),
        "capacity": (
            tn.capacity,
            {"grid": {"units": 12, "steps": 1, "rounds": 0}, "bits": 1, "score": None, "level": 0.5, "workers": 1,
             "limit": None, "run": False, "progress": False},
        ),
        "embed_recording": (
            tn.embed_recording, {"recording": samples[:, 0], "embed": (0.05, 2), "dt": 0.01, "time": None}
        ),
    }  # fmt: skip
    others = (_arrays(), _measures(net, bank, run, truth, cycle), _bridge(net, bank, folder), _pictures(net, bank, run))
    return named | {name: door for part in others for name, door in part.items()}


def _measures(net: tn.Network, bank: xr.Dataset, run: xr.Dataset, truth: xr.Dataset, cycle: xr.Dataset) -> Doors:
    """Return the measures of labelled data that are named nowhere else."""
    m, row = tn.measure, {"net": net, "bias": bank, "task": "hopf"}
    pair = {"run": run, "truth": truth}
    shipped = {"net": tn.load_network("atlas-1000"), "bias": tn.load_bank("atlas-1000"), "task": "hopf"}  # it cycles
    rates = tn.simulate(net, bank, schedule=[("hopf", 0.3), ("two-well", 0.3)], rates=True)
    chosen: dict[str, dict[str, Any]] = {
        "attractor_distance": pair,
        "basin": {"run": run, "truths": {"two-well": truth}, "threshold": None, "window": None},
        "biases": row | {"before": None, "bins": 40, "off": 0.01, "transient": 0.1, "duration": 0.2, "trials": 2,
                         "seed": 0},
        "floquet": shipped | {"transient": 4.0, "duration": 8.0, "initial": None, "dt": None, "seed": 0},
        "jacobian_spectrum": row | {"at": "run", "transient": 0.1, "duration": 0.2, "initial": None, "seed": 0},
        "orbit_distance": {"run": cycle, "truth": cycle},
        "participation_ratio": {"run": cycle},
        "prediction_error": {"run": truth, "truth": truth, "variance": None},
        "recovery": pair | {"threshold": None},
        "resample": {"run": cycle, "dt": 0.1},
        "return_map": {"run": cycle, "component": -1},
        "return_map_residual": {"run": cycle, "truth": cycle, "component": -1},
        "selectivity": {"run": rates, "discard": 0.0, "silent": 0.001, "clusters": 3, "seed": 0},
        "settling_time": pair | {"threshold": None, "minimum": 0.1},
        "sliced_wasserstein": pair | {"projections": 5, "seed": 0, "reference": None},
        "spectral_hellinger": pair | {"smoothing": 20.0, "unit": "bins", "reference": None},
        "true_runs": {"bank": bank, "run": run},
    }  # fmt: skip
    return {f"measure.{name}": (getattr(m, name), arguments) for name, arguments in chosen.items()}


def _bridge(net: tn.Network, bank: xr.Dataset, folder: Path) -> Doors:
    """Return the doors of the bridge and of screening that are named nowhere else."""
    row = {"net": net, "task": "hopf"}
    live = tn.spiking.to_brian2(net, bank, task="hopf")
    return {
        "spiking.predict": (tn.spiking.predict, row | {"bias": bank, "neurons_per_unit": 1, "duration": 0.2}),
        "spiking.switch": (tn.spiking.switch, row | {"live": live, "bias": bank}),
        "spiking.to_nir": (
            tn.spiking.to_nir, row | {"bank": bank, "neurons_per_unit": 1, "drop": ("refractory", "noise")}
        ),
        "spiking.write_cpp": (
            tn.spiking.write_cpp,
            row | {"path": folder / "cpp", "bank": bank, "schedule": None, "duration": 0.1, "form": "threshold",
                   "neurons_per_unit": 1, "seed": 0},
        ),
        "screen": (
            tn.screen, {"task": "hopf", "draws": [net], "steps": 1, "learn": "bias", "noise": 0.1, "seed": 0}
        ),
    }  # fmt: skip


def _pictures(net: tn.Network, bank: xr.Dataset, run: xr.Dataset) -> Doors:
    """Return the pictures, each drawn once; they are closed when a call ends."""
    p, row = tn.plot, {"net": net, "bias": bank, "task": "hopf"}
    spikes = tn.spiking.simulate(net, bank, task="hopf", duration=0.05, codegen="numpy", progress=False)
    rate = tn.simulate(net, bank, task="hopf", duration=0.05)
    spectrum = tn.measure.jacobian_spectrum(**row, transient=0.1, duration=0.2)
    events = tn.measure.return_map(tn.task("hopf").trajectory(100.0, 0.05))
    rates = tn.simulate(net, bank, schedule=[("hopf", 0.3), ("two-well", 0.3)], rates=True)
    found = tn.measure.selectivity(rates, clusters=3)
    chosen: dict[str, dict[str, Any]] = {
        "attractor": {"run": run, "components": None, "truth": None, "ax": None},
        "biases": {"bank": bank, "order": "principal", "histogram": False, "ax": None},
        "compare": {"rate_run": rate, "spiking_run": spikes, "truth": None, "measures": None},
        "components": {"run": run, "window": None, "ax": None},
        "eigenvalues": {"spectrum": spectrum, "period": None, "ax": None},
        "loss": {"bank": bank, "ax": None},
        "phase_portrait": {"run": run, "flow": None, "points": None, "components": None, "ax": None},
        "raster": {"spikes": spikes, "units": 5, "window": None, "trial": 0, "fig": None},
        "return_map": {"events": events, "truth": None, "ax": None},
        "selectivity": {"found": found, "ax": None},
        "spectrum": {"run": run, "ax": None},
        "thresholds": {"bank": bank, "task": None, "units": None, "fig": None},
    }
    return {f"plot.{name}": (_closing(getattr(p, name)), arguments) for name, arguments in chosen.items()}


def _closing(draw: Callable[..., Any]) -> Callable[..., Any]:
    """Return a picture's function that leaves no figure open."""

    def drawn(**arguments: Any) -> None:
        import matplotlib.pyplot as plt

        try:
            draw(**arguments)
        finally:
            plt.close("all")

    return drawn
