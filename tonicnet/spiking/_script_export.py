"""A stand-alone Brian2 script of a spiking network: settings to be read and changed, and program files written whole.

The script is the settings (schedule, equations, constants), then ``exported/membrane_noise.py`` if neurons are noisy,
then ``exported/brian2_script.py``, and at the end the call of its ``main`` with the settings.
"""

from __future__ import annotations

import hashlib
import io
import os
import re
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr

from .._labels import package_version
from .._names import choose, path_of, shown
from .._numbers import is_whole
from ..bank import Entry, Schedule, map_arrays
from ..files import write
from ..network import Network
from . import _equations as eqs
from ._export_plan import ExportPlan
from ._external import noise_kept, starting_noise
from ._initial_filters import starting_filters
from ._initial_membranes import settled_membranes
from ._lif_network import LIFNetwork
from ._plain_script import plain_script
from ._plan import Bias

STYLES = ("exact", "plain")
_STARTS = {"z": "start", "z_in": "start_in", "I": "start_current", "I_in": "start_current_in"}
_EXPORTED = Path(__file__).with_name("exported")
_SETTINGS = '''"""LIF neurons on one frozen network, the task set by what each neuron receives tonically.

What was learned is one number b for each rate unit and task. It stands here as the {carries} of each neuron.
A switch of task changes nothing else.

    python THIS_FILE                    run the schedule below and print a summary
    python THIS_FILE --save             and write spikes and output beside it
    python THIS_FILE --codegen numpy    without a C++ compiler

Written by tonicnet {version} for the network with SHA-256
{sha256}. Needs numpy, brian2 and the .npz beside it.
Below the settings stand the program files of tonicnet, whole: {files}.
"""

# What to run: (task, seconds). Any task that is in the data may stand here, in any order.
SCHEDULE = [
{schedule}
]
SEED = {seed}  # of the noise
NEURONS_PER_UNIT = {neurons_per_unit}  # neurons for each rate unit; they share its synapses and differ in their noise
# The equations, line by line, and their constants, by unit.
NETWORK = {network}
'''
_CARRIES = {"threshold": "threshold", "current": "tonic current", "leak": "leak reversal potential"}


def write_script(
    path: str | os.PathLike[str],
    net: Network,
    bank: Bias,
    *,
    schedule: Schedule | None = None,
    duration: float | None = None,
    task: str | None = None,
    form: str = "threshold",
    neurons_per_unit: int = 1,
    inputs: np.ndarray | xr.DataArray | None = None,
    noise: float = 0.0,
    seed: int = 0,
    style: str = "exact",
) -> Path:
    """Write a Brian2 script that runs the network without tonicnet, spike for spike as :func:`simulate`.

        v_th_i = v_threshold - V b_i,   reset to v_th_i - V,   at a switch v_i += d_i with v_th_i += d_i

    Arguments
    ---------
    path : the script, ``<stem>.py``; its numbers go to ``<stem>.npz`` beside it (plain arrays, no pickle). The
        script may be renamed: it knows its data by name.
    net, bank, schedule, duration, task, form, neurons_per_unit, inputs, noise, seed : as for :func:`simulate`, of which
        the script is one trial. It holds every task of the bank, so that its schedule can be edited. Inputs are an
        array in its data, which a TimedArray holds.
    style : "exact" is this script, with the noise of :func:`simulate`. "plain" is a page of Brian2 as one would write
        it by hand, with Brian2's own noise ``xi``: easy to change, the same network, but other noise. Without noise it
        has the same spikes.

    Run it with ``python <stem>.py``. The exact one takes ``--save``, which writes ``<its name>_spikes.npz``, and
    ``--codegen numpy``, which does without a compiler. It needs numpy and brian2 only. Schedule, equations and
    constants are at its top, to be changed. Names and values of the bank reach the code as data or as checked numbers,
    never as text. Returns the path of the script. Raises ValueError as :func:`simulate` does, for an unknown style and
    for a path that does not end in .py, FileNotFoundError for a missing folder.

    Source: Brian2, Stimberg, Brette and Goodman (2019), doi:10.7554/eLife.47314.

    >>> import tempfile
    >>> where = tempfile.mkdtemp() + "/run.py"
    >>> write_script(where, Network(units=20, seed=0), np.ones(20), duration=0.1).name
    'run.py'
    """
    choose("form", form, eqs.FORMS)
    choose("style", style, STYLES)
    script = _checked(path, seed)
    run = ExportPlan.of(
        net, bank, duration=duration, schedule=schedule, task=task, neurons_per_unit=neurons_per_unit, inputs=inputs,
        noise=noise, seed=seed,
    )  # fmt: skip
    arrays = _arrays(run)
    data = io.BytesIO()
    np.savez_compressed(data, allow_pickle=False, **arrays)
    kept = write(script.with_suffix(".npz"), data.getvalue()).name
    if style == "plain":
        parts = (_equations(run, form), _constants(run))
        return write(script, plain_script(run, form, seed, kept, *parts).encode())
    digest = hashlib.sha256(data.getvalue()).hexdigest()
    return write(script, _code(run, form, seed, {"data_file": kept, "data_sha256": digest}).encode())


def _checked(path: str | os.PathLike[str], seed: int) -> Path:
    """Return the path of the script; raise ValueError for another kind of file or a bad seed."""
    script = path_of(path)
    if script.suffix != ".py":
        raise ValueError(f"the script's name ends in .py, got {script.name!r}; its data goes beside it as .npz")
    if not is_whole(seed, 0) or seed >= 2**32:
        raise ValueError(f"seed must be a whole number from 0 to 2**32 - 1, got {shown(seed)}")
    return script


def _arrays(run: ExportPlan) -> dict[str, np.ndarray]:
    """Return the arrays of the script's data: every task, the synapses and the starting state."""
    return {
        "task": np.array(list(run.labels.values())),
        **{name: np.stack([getattr(t, name) for t in run.tasks]) for name in ("bias", "center", "scale")},
        **map_arrays([task.scaling for task in run.tasks]),
        "encoder": run.model.net.encoder,
        "decoder": run.model.net.decoder,
        **_starts(run.model, run.segments[0].entry, run.trial.start),
        **_membranes(run),
        **_received(run),
        **_synapses(run.model),
    }


def _membranes(run: ExportPlan) -> dict[str, np.ndarray]:
    """Return where membranes begin, and the currents of neurons that adapt."""
    trial = run.trial
    settled = settled_membranes(run.model, run.segments[0].entry, trial.start, trial.external, trial.seed)
    return {"depth": settled.depth} | ({} if settled.adaptation is None else {"adaptation": settled.adaptation})


def _received(run: ExportPlan) -> dict[str, np.ndarray]:
    """Return inputs in the units of the tasks, a row a sample, and the noise that units begin with, where given."""
    found, external = {}, run.trial.external
    if external.rows is not None:
        scale = np.repeat([s.entry.scale for s in run.segments], [s.steps(run.step) for s in run.segments], axis=0)
        found["input"] = external.rows * scale
    if external.fluctuating:
        found["input_noise"] = starting_noise(run.model, external, run.trial.seed)
    return found


def _starts(model: LIFNetwork, first: Entry, start: np.ndarray) -> dict[str, np.ndarray]:
    """Return where the synaptic filters begin, by the names that the script knows them by."""
    begin = starting_filters(model, first, start)
    return {_STARTS[name]: values for group in begin.values() for name, values in group.items()}


def _synapses(model: LIFNetwork) -> dict[str, np.ndarray]:
    """Return what a network with random synapses needs: W by unit if dense, a list of synapses if sparse."""
    w = model.recurrent
    if w is None:
        return {}
    if isinstance(w, np.ndarray):
        return {"recurrent": np.asarray(model.net.recurrent)}
    return {"pre": w.col.astype(np.int32), "post": w.row.astype(np.int32), "weight": w.data}


def _code(run: ExportPlan, form: str, seed: int, data: dict[str, str]) -> str:
    """Return the script: settings, the files of the program as they are, and the call that runs them."""
    model = run.model
    moments = [(run.labels[s.entry.task], s.duration) for s in run.segments if s.steps(run.step)]
    noisy = model.lif.noise > 0 or run.trial.external.fluctuating
    files = ["membrane_noise.py"] * noisy + ["brian2_script.py"]
    settings = _SETTINGS.format(
        carries=_CARRIES[form],
        version=re.sub(r"[^\w.+-]", "", package_version()),
        sha256=model.net.sha256,
        files=", ".join(files),
        schedule="\n".join(f'    ("{name}", {float(seconds)!r}),' for name, seconds in moments),
        seed=int(seed),
        neurons_per_unit=int(model.neurons_per_unit),
        network=_literal(_network(run, form) | data),
    )
    whole = [f"# {'-' * 20} {name}\n{(_EXPORTED / name).read_text(encoding='utf-8')}" for name in files]
    noise = "SEED % SEEDS, NEURONS_PER_UNIT, brian2_normal" if noisy else "SEED, NEURONS_PER_UNIT, None"
    return "\n\n".join([settings, *whole, f"live = main(__file__, SCHEDULE, NETWORK, {noise}, __doc__)\n"])


def _literal(value: Any, indent: str = "") -> str:
    """Return a value as Python text: a dict or a list one entry a line, all else by its repr, which is exact."""
    if not isinstance(value, (dict, list)):
        return repr(value)
    inner = f"{indent}    "
    if isinstance(value, list):
        return "[\n" + "".join(f"{inner}{_literal(v, inner)},\n" for v in value) + f"{indent}]"
    return "{\n" + "".join(f"{inner}{k!r}: {_literal(v, inner)},\n" for k, v in value.items()) + f"{indent}}}"


def _network(run: ExportPlan, form: str) -> dict[str, Any]:
    """Return what the program builds the network from: equations as lists of lines, constants by unit."""
    model = run.model
    return {
        "form": form,
        "carrier": eqs.FORMS[form],
        "synapses": str(model.net.spec.synapses),
        "latents_feed_back": bool(model.latent_input),
        "neurons_per_unit": int(model.neurons_per_unit),
        "equations": {name: text.split("\n") for name, text in _equations(run, form).items()},
        "constants": _constants(run),
    }


def _equations(run: ExportPlan, form: str) -> dict[str, str]:
    """Return the equations of each group of objects, by the name that the program knows them by."""
    model, external = run.model, run.trial.external
    filters = {"latents": eqs.LATENT, "on_latents": eqs.ON_LATENT}
    if not model.latent:
        filters |= {"currents": eqs.CURRENT, "on_currents": eqs.ON_RECURRENT}
    received = {"inputs": eqs.INPUTS, "next_input": eqs.NEXT_INPUT} if external.driven else {}
    if external.fluctuating:
        received |= {"input_noise": eqs.INPUT_NOISE, "next_noise": eqs.NEXT_NOISE}
    return {
        "neurons": eqs.neuron(
            form, model.net.components, noise=model.lif.noise > 0, latent=model.latent_input,
            recurrent=not model.latent, driven=external.driven, fluctuating=external.fluctuating,
            adapting=model.lif.adapts, sharp=model.lif.sharpness > 0,
        ),
        "threshold": eqs.threshold(model.lif.sharpness > 0),
        "reset": eqs.reset(model.lif.reset_rule, model.lif.adapts),
    } | {name: eqs.through(text, model.rising) for name, text in filters.items()} | received  # fmt: skip


def _constants(run: ExportPlan) -> dict[str, dict[str, float]]:
    """Return the constants by their unit, as plain numbers: written by repr, they are exact."""
    model, external = run.model, run.trial.external
    lif = model.lif
    seconds = {
        "tau_m": lif.tau_m, "refractory": lif.refractory, "tau_s": model.net.tau, "dt": lif.dt, "sampling": run.step,
    }  # fmt: skip
    if model.rising:
        seconds["tau_r"] = model.net.spec.rise
    if lif.adapts:
        seconds["tau_a"] = lif.adaptation_tau
    if model.late:
        seconds["delay"] = model.late * lif.dt
    received = {"input_noise": external.noise, "kept": noise_kept(model.net.tau, lif.dt)}
    by_unit = {
        "second": seconds,
        "volt": {"v_threshold": lif.threshold, "v_reset": lif.reset} | model.onset(),
        "siemens": {"g_L": lif.leak},
        "hertz": {"rate_scale": lif.rate_scale},
        **({"amp": {"J_a": model.current(lif.adaptation)}} if lif.adapts else {}),
        "1": {"noise": lif.noise, "area": model.area} | (received if external.fluctuating else {}),
    }
    return {unit: {name: float(value) for name, value in held.items()} for unit, held in by_unit.items()}
