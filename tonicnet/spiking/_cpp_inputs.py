"""The numbers a C++ program reads: one file an array, in a folder."""

from __future__ import annotations

import hashlib
from pathlib import Path

import numpy as np

from ..bank import Entry, Segment
from ._external import noise_sizes, starting_noise
from ._initial_filters import starting_filters
from ._initial_membranes import settled_membranes
from ._lif_network import LIFNetwork
from ._trials import Trial
from .exported.membrane_noise import SEEDS

# Files of the values at which synaptic filters begin, by variable.
STARTS = {"z": "start", "z_in": "start_in", "I": "current", "I_in": "current_in"}


def write_frozen(folder: Path, model: LIFNetwork) -> None:
    """Write the frozen synapses: decoder, encoder, and N x N synapses where spikes pass through them."""
    _put(folder, "decoder.f64", (model.jump * model.net.decoder.astype(np.float64)).T)
    if model.latent_input:
        _write_encoder(folder, model)
    if model.matrix:
        _write_matrix(folder, model)


def write_schedule(
    folder: Path, model: LIFNetwork, form: str, segments: list[Segment], step: float, tasks: list[Entry] | None = None
) -> None:
    """Write the biases of some tasks (of the schedule's if not given), as what carries them, and the schedule."""
    entries = {entry.task: entry for entry in tasks or [s.entry for s in segments]}
    rows = list(entries)
    _put(folder, "bank.f64", np.stack([model.tonic(form, entry.bias) for entry in entries.values()]))
    lines = [f"{rows.index(s.entry.task)} {s.steps(step)}" for s in segments]
    (folder / "schedule.txt").write_text("# row of bank.f64, samples\n" + "\n".join(lines) + "\n")


def write_start(folder: Path, model: LIFNetwork, form: str, first: Segment, trial: Trial) -> None:
    """Write where one trial begins: latents, potentials, currents, the seed of its noise, and what it receives."""
    settled = settled_membranes(model, first.entry, trial.start, trial.external, trial.seed)
    for variables in starting_filters(model, first.entry, trial.start).values():
        for name, values in variables.items():
            _put(folder, f"{STARTS[name]}.f64", values)
    _put(folder, "potential.f64", model.potential(form, settled.depth, model.tonic(form, first.entry.bias)))
    if settled.adaptation is not None:
        _put(folder, "adaptation.f64", settled.adaptation)
    _put(folder, "seed.i32", np.array([trial.seed % SEEDS]))
    _write_external(folder, model, trial)


def _write_external(folder: Path, model: LIFNetwork, trial: Trial) -> None:
    """Write inputs, a row a sample, and where the noise of the units begins, where there are any."""
    external = trial.external
    if external.rows is not None:
        _write_encoder(folder, model)
        _put(folder, "input.f64", external.rows)
    if external.fluctuating:
        _put(folder, "input_noise.f64", starting_noise(model, external, trial.seed))
        _put(folder, "input_noise_size.f64", noise_sizes(model, external))


def _write_encoder(folder: Path, model: LIFNetwork) -> None:
    for c in range(model.net.components):
        _put(folder, f"encoder_{c}.f64", model.encoder[:, c])


def write_digests(folder: Path) -> None:
    """Write the SHA-256 of each array in the folder, as ``sha256sum -c`` reads it; the program checks them."""
    lines = [f"{hashlib.sha256(file.read_bytes()).hexdigest()}  {file.name}\n" for file in _arrays(folder)]
    (folder / "sha256.txt").write_text("".join(lines))


def _arrays(folder: Path) -> list[Path]:
    return sorted(file for file in folder.iterdir() if file.suffix in _KINDS)


def _write_matrix(folder: Path, model: LIFNetwork) -> None:
    """Write W as it was drawn, in single precision: the program multiplies it by ``scale`` in double."""
    constants = model.constants()
    _put(folder, "scale.f64", np.array([model.jump * constants["g_L"] * constants["V"]]))
    w = model.net.recurrent
    if model.latent:
        _put(folder, "recurrent.f64", (model.by_unit / model.jump).T)
    elif isinstance(w, np.ndarray):
        _put(folder, "recurrent.f32", w.T)
    else:
        by_source = w.tocsc()
        _put(folder, "sparse_first.i64", by_source.indptr)
        _put(folder, "sparse_post.i32", by_source.indices)
        _put(folder, "sparse_weight.f32", by_source.data)


_KINDS = {".f64": np.float64, ".f32": np.float32, ".i64": np.int64, ".i32": np.int32}


def _put(folder: Path, name: str, values: np.ndarray) -> None:
    """Write an array of plain numbers of the kind that the name of the file says."""
    np.ascontiguousarray(values, dtype=_KINDS[Path(name).suffix]).tofile(folder / name)


def get(folder: Path, name: str) -> np.ndarray:
    """Read an array that a program has written."""
    return np.fromfile(folder / name, dtype=_KINDS[Path(name).suffix])
