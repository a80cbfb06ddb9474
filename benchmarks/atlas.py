"""The atlas of dysts that ships: `python benchmarks/atlas.py [passes narrow wide network draws independent ...]`.

It is learned by `tonicnet atlas FOLDER`, and shipped by `python benchmarks/atlas.py ship folder=FOLDER`, which puts
network, bank, scores, their table and the sheet of portraits into models/dysts-1000.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np
import torch
from records import ROOT, Figure, figure
from rows import measured
from scipy.integrate import solve_ivp

import tonicnet as tn
from tonicnet.measure.arrays._divergence import bins_for
from tonicnet.study._flow_trial import LENGTH, PERIODS, SAMPLES, STARTS, network_run, true_runs
from tonicnet.task import dysts_period

FOLDER = ROOT / "models" / "dysts-1000"
SHIPPED = ("network.toml", "bank.nc", "scores.nc", "SCORES.md")
CHECKED = ("Lorenz", "Rossler", "SprottS", "Halvorsen", "Chua")
VECTORS, EVERY = 20, 0.25  # bias vectors of one attractor, and tau between two switches
WALKED, TURNS = 50, 6  # systems of one run, and periods of each
DRAWN = ("DequanLi", "Tsucs2", "ChenLee", "KawczynskiStrizhak", "Colpitts", "GuckenheimerHolmes", "Bouali", "Lorenz",
         "YuWang", "HyperRossler", "NoseHoover", "MooreSpiegel")  # fmt: skip
DRAWS = ((1.2, 6, 1), (2, 12, 2), (1.2, 16, 2), (1, 24, 1.5))  # scales of encoder and decoder, noise
WIDE = ("LorenzCoupled", "Hopfield", "OscillatingFlow", "CellCycle", "CircadianRhythm")  # of five or six components


def ship() -> Iterator[Figure]:
    """Copy an atlas into the shelf of models."""
    source = Path(dict(word.split("=", 1) for word in sys.argv[1:] if "=" in word)["folder"])
    FOLDER.mkdir(parents=True, exist_ok=True)
    for name in SHIPPED:
        shutil.copy(source / name, FOLDER / name)
    shutil.copy(source / "sheet.png", ROOT / "docs" / "atlas.png")
    yield from passes()


def passes() -> Iterator[Figure]:
    """Yield how many systems pass, and what learning took."""
    scores = tn.load(FOLDER / "scores.nc")
    net = tn.load_network(FOLDER / "network.toml")
    where = f"dysts on one network, N = {net.units}, K = {net.components}"
    judged = np.isfinite(scores["divergence"].values)
    yield figure(where, "systems", "1", scores.sizes["task"])
    yield figure(where, "systems learned and judged", "1", int(judged.sum()))
    yield figure(where, "systems that pass", "1", int(scores["passes"].sum()))
    sizes = np.array([tn.dysts_systems()[str(name)].components for name in scores["task"].values])
    for size in range(3, net.components + 1):
        own = {"what": where, "flows": f"of {size} components"}
        yield figure(own, "systems", "1", int((sizes == size).sum()))
        yield figure(own, "systems that pass", "1", int(scores["passes"].values[sizes == size].sum()))
        seconds = float(np.nanmedian(scores["seconds"].values[sizes == size]))
        yield figure(own, "CPU time of learning, median", "s", seconds)
    for name, words in (
        ("lost", "none lost"),
        ("divergence", "D_stsp within the rule"),
        ("hellinger", "D_H within the rule"),
    ):
        yield figure(where, f"systems with {words}", "1", int(_within(scores, name).sum()))
    yield figure(where, "CPU time of learning, median", "s", float(scores["seconds"].median()))
    yield figure(
        where, "CPU time of all, trials included", "s", float((scores["seconds"] + scores["trial_seconds"]).sum())
    )
    yield figure(where, "D_stsp without recurrence, least", "nat", float(scores["control_divergence"].min()))


def narrow() -> Iterator[Figure]:
    """Yield how flows of three components do on a network of three."""
    known = tn.dysts_systems()
    names = [name for name, one in known.items() if one.components == 3]
    folder, where = Path(tempfile.gettempdir()) / "tonicnet-atlas-narrow", "dysts on one network, N = 1000, K = 3"
    found = tn.atlas(folder, names, net=tn.atlas_network(components=3))
    yield figure(where, "systems", "1", found.sizes["task"])
    yield figure(where, "systems that pass", "1", int(found["passes"].sum()))
    yield figure(where, "CPU time of learning, median", "s", float(found["seconds"].median()))
    yield figure(
        where, "CPU time of all, trials included", "s", float((found["seconds"] + found["trial_seconds"]).sum())
    )


def wide() -> Iterator[Figure]:
    """Yield how flows of five and six components do on a network of six."""
    found, where = tn.atlas(Path(tempfile.gettempdir()) / "tonicnet-atlas-wide", WIDE), "dysts on six components"
    for name in WIDE:
        row, own = found.sel(task=name), {"what": where, "system": name}
        yield figure(own, "D_stsp", "nat", float(row["divergence"]))
        yield figure(own, "D_stsp floor", "nat", float(row["divergence_floor"]))
    yield figure(where, "systems that pass", "1", int(found["passes"].sum()))


def _within(scores: Any, name: str) -> np.ndarray:
    if name == "lost":
        return np.asarray(scores["lost"] == 0)
    more = {"divergence": 0.05, "hellinger": 0.02}[name]
    return np.asarray(scores[name] <= 2 * scores[f"{name}_floor"] + more)


def network() -> Iterator[Figure]:
    """Yield field errors of five flows, without polish, on the network of the atlas and on others."""
    nets = {
        "tn.Network(1000, seed=0)": tn.Network(1000, seed=0),
        "tn.atlas_network(components=3)": tn.atlas_network(components=3),
        "tn.atlas_network()": tn.atlas_network(),
    }
    for name, net in nets.items():
        errors = [_field_error(net, system) for system in CHECKED]
        yield figure({"network": name, "flows": ", ".join(CHECKED)}, "relative field error", "1", errors)


def draws() -> Iterator[Figure]:
    """Yield the geometric mean over twelve flows of the field error, without polish, for scales of the draw."""
    for encoder, decoder, noise in DRAWS:
        net = tn.Network(
            1000, seed=0, components=4, transfer=tn.LIF(noise=noise), draw="paired-low-discrepancy",
            encoder_scale=encoder, decoder_scale=decoder,
        )  # fmt: skip
        errors = [_field_error(net, system) for system in DRAWN]
        where = {"what": "scales of the draw", "network": f"encoder {encoder:g}, decoder {decoder:g}, noise {noise:g}"}
        mean = float(np.exp(np.mean(np.log(errors))))
        yield figure(where | {"flows": f"{len(DRAWN)} flows"}, "relative field error, geometric mean", "1", mean)


def _field_error(net: tn.Network, system: str) -> float:
    """Return the relative field error of a flow that is learned without polish."""
    given = {"noise": 0.03, "steps": 40, "rounds": 0, "restarts": 0, "precision": "float64", "progress": False}
    bank = tn.fit(net, tn.from_dysts(system), **given)
    return float(bank["field_error"][0])


def independent() -> Iterator[Figure]:
    """Yield D_stsp of new starts by another integrator and another histogram, over ours of the same starts."""
    net, bank = tn.load_network(FOLDER / "network.toml"), tn.load(FOLDER / "bank.nc")
    for name in CHECKED:
        if name not in bank["task"]:
            continue
        task = tn.from_dysts(name)
        truth, _ = true_runs(task, dysts_period(name), 90_001)
        ours = network_run(net, bank, task, truth)
        theirs = _by_scipy(net, bank.sel(task=name), task, truth)
        x, y, z = (np.asarray(run).reshape(LENGTH, -1) for run in (truth["output"], ours["output"], theirs))
        divergence = tn.measure.state_space_divergence_of(x, y)
        where = {"system": name, "what": "new starts"}
        yield figure(where, "D_stsp", "nat", divergence)
        yield figure(where, "D_stsp by numpy alone, over ours", "1", _by_numpy(x, y) / divergence)
        yield figure(where, "D_stsp of runs by scipy, by numpy alone, over ours", "1", _by_numpy(x, z) / divergence)


def _by_scipy(net: tn.Network, row: Any, task: tn.Task, truth: Any) -> np.ndarray:
    """Return the network's output (trial, time, component): tau dz/dt = -z + D phi(E z + b), by DOP853, all at once."""
    center, scale, speed = row["center"].values, row["scale"].values, float(row["speed"])
    bias, d = row["bias"].values, task.dimension
    encoder, decoder = net.encoder.astype(float), net.decoder.astype(float)

    def flow(_: float, flat: np.ndarray) -> np.ndarray:
        z = flat.reshape(STARTS, -1)
        rate = net.transfer.value(torch.from_numpy(z @ encoder.T + bias)).numpy()
        return ((rate @ decoder.T - z) / net.tau).ravel()

    times = truth["time"].values / speed
    starts = (np.asarray(truth["output"].isel(time=0)) - center[:d]) / scale[:d]
    z = np.pad(starts, ((0, 0), (0, net.components - d))).ravel()
    found = solve_ivp(flow, (0, times[-1]), z, method="DOP853", t_eval=times, rtol=1e-6, atol=1e-8)
    return center[:d] + scale[:d] * found.y.T.reshape(len(times), STARTS, -1)[..., :d].transpose(1, 0, 2)


def _by_numpy(truth: np.ndarray, run: np.ndarray) -> float:
    """Return D_stsp by histogramdd."""
    bins, spread = bins_for(*truth.shape), 0.1 * truth.std(0)
    box = list(zip(truth.min(0) - spread, truth.max(0) + spread, strict=True))
    counts = [np.histogramdd(x, bins, box)[0].ravel() + 1e-5 for x in (truth, run)]
    p, q = (c / (len(x) + 1e-5 * c.size) for c, x in zip(counts, (truth, run), strict=True))
    return float(np.sum(p * np.log(p / q)))


def switching() -> Iterator[Figure]:
    """Yield D_stsp of Lorenz where one of twenty bias vectors, at random, is in force in every step."""
    net, task = tn.Network(units=1000, seed=0), tn.task("lorenz")
    banks = [tn.fit(net, task, seed=seed, progress=False) for seed in range(VECTORS)]
    rows = [bank.isel(task=0) for bank in banks]
    assert len({float(row["speed"]) for row in rows}) == 1, "the vectors run one attractor at one speed"
    truth, other = true_runs(task, 0.75, 5)
    alone = [network_run(net, bank, task, truth)["output"].values.reshape(LENGTH, -1) for bank in banks[:3]]
    x, floor = (run["output"].values.reshape(LENGTH, -1) for run in (truth, other))
    switched = _switched(net, rows, truth)
    where = f"Lorenz, {VECTORS} bias vectors of one network"
    yield figure(where, "D_stsp floor", "nat", tn.measure.state_space_divergence_of(x, floor))
    yield figure(where, "D_stsp of one vector", "nat", [tn.measure.state_space_divergence_of(x, y) for y in alone])
    yield figure(where, f"D_stsp, another at random every {EVERY:g} tau", "nat",
                 tn.measure.state_space_divergence_of(x, switched))  # fmt: skip


def _switched(net: tn.Network, rows: list[Any], truth: Any) -> np.ndarray:
    """Return the output (sample, component) of starts whose biases are drawn anew in every step."""
    center, scale, speed = rows[0]["center"].values, rows[0]["scale"].values, float(rows[0]["speed"])
    biases = torch.from_numpy(np.stack([row["bias"].values for row in rows]))
    into, out = (torch.from_numpy(a.astype(float)) for a in (net.encoder.T.copy(), net.decoder.T.copy()))
    z = torch.from_numpy((np.asarray(truth["output"].isel(time=0)) - center) / scale)
    rng = np.random.default_rng(0)
    apart = float(truth["time"].values[1]) / speed / net.tau
    steps = int(np.ceil(apart / EVERY))
    h, states = apart / steps, [z]

    def slope(z: torch.Tensor, b: torch.Tensor) -> torch.Tensor:
        return net.transfer.value(z @ into + b) @ out - z

    for _ in range(PERIODS * SAMPLES - 1):
        for _ in range(steps):
            b = biases[rng.integers(len(rows), size=STARTS)]
            k1 = slope(z, b)
            k2 = slope(z + h / 2 * k1, b)
            k3 = slope(z + h / 2 * k2, b)
            z = z + h / 6 * (k1 + 2 * k2 + 2 * k3 + slope(z + h * k3, b))
        states.append(z)
    return (center + scale * torch.stack(states, 1).numpy()).reshape(LENGTH, -1)


def walk() -> Iterator[Figure]:
    """Walk through 50 systems in one run, draw it as a film strip, and yield how many of them are there."""
    mpl.use("Agg")
    net, bank, scores = (
        tn.load_network(FOLDER / "network.toml"),
        tn.load(FOLDER / "bank.nc"),
        tn.load(FOLDER / "scores.nc"),
    )
    names = _best(scores)
    schedule = [(name, TURNS * dysts_period(name) / float(bank["speed"].sel(task=name))) for name in names]
    run = tn.simulate(net, bank, schedule=schedule)
    from strip import animation, film_strip

    film_strip(run, names, ROOT / "docs" / "atlas-walk.png")
    animation(run, names, ROOT / "docs" / "atlas-walk.gif")
    there = [_there(run, name) for name in names]
    where = f"one run through {len(names)} systems"
    yield figure(where, "systems whose stretch ends on their attractor", "1", sum(there))
    yield figure(where, "duration", "s", float(run["time"].values[-1]))


def _best(scores: Any) -> list[str]:
    """Return the systems of which no start is lost and whose D_stsp is least, over what the rule allows, in order."""
    over = (scores["divergence"] / (2 * scores["divergence_floor"] + 0.05)).where(scores["lost"] == 0, np.inf)
    chosen = np.sort(np.argsort(over.fillna(np.inf).values, kind="stable")[:WALKED])
    return [str(name) for name in scores["task"].values[chosen]]


def _there(run: Any, name: str) -> bool:
    """Return whether the second half of a stretch lies within the box of the true attractor, a tenth wider."""
    task = tn.from_dysts(name)
    states, held = task.states(6000), np.flatnonzero(run["segment"].values == name)
    x = run["output"].values[0, held[len(held) // 2 :], : task.dimension]
    low, high = states.min(0), states.max(0)
    margin = 0.1 * (high - low)
    return bool(((x > low - margin) & (x < high + margin)).all())


ROWS = {
    "passes": passes,
    "narrow": narrow,
    "wide": wide,
    "network": network,
    "draws": draws,
    "independent": independent,
    "switching": switching,
    "walk": walk,
    "ship": ship,
}

if __name__ == "__main__":
    if not [word for word in sys.argv[1:] if "=" not in word]:
        sys.argv += [name for name in ROWS if name != "ship"]
    torch.set_num_threads(1)
    measured("atlas", ROWS)
