"""A stand-alone Brian2 script of a spiking network: readable code, and its numbers beside it."""

from __future__ import annotations

import inspect
import os
import re
from collections.abc import Mapping
from pathlib import Path
from string import Template

import numpy as np
import scipy.sparse as sp
import xarray as xr

from .._files import atomic
from .._labels import package_version
from .._names import choose
from ..network import Entry, Network, Schedule, Segment, entry, plan
from ..simulate import starting_states
from . import _equations as eqs
from . import _noise
from . import _script_text as text
from ._initial_filters import starting_filters
from ._initial_membranes import settled_depths
from ._lif_network import LIFNetwork
from ._to_brian2 import Bias, sampling_step

_STARTS = {"z": "start", "z_in": "start_in", "I": "start_current", "I_in": "start_current_in"}
_PLAIN = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}", re.ASCII)  # names that may stand in the script


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
    seed: int = 0,
) -> Path:
    """Write a Brian2 script that runs the network without tonicnet, spike for spike as :func:`simulate`.

        v_th_i = v_threshold - V b_i,   reset to v_th_i - V,   at a switch v_i += d_i with v_th_i += d_i

    Arguments
    ---------
    path : the script, ``<stem>.py``; its numbers go to ``<stem>.npz`` beside it (plain arrays, no pickle).
    net, bank, schedule, duration, task, form, neurons_per_unit, seed : as for :func:`simulate`, of which the
        script is one trial. It holds every task of the bank, so that its schedule can be edited.

    Run it with ``python <stem>.py``; ``--save`` writes ``<stem>_spikes.npz``, ``--codegen numpy`` does without
    a compiler. It needs numpy and brian2 only. Names and values of the bank reach the code as data or as
    checked numbers, never as text. Returns the path of the script. Raises ValueError as :func:`simulate` does
    and for a path that does not end in .py, FileNotFoundError for a missing folder.

    Source: Brian2, Stimberg, Brette and Goodman (2019), doi:10.7554/eLife.47314.

    >>> import tempfile
    >>> where = tempfile.mkdtemp() + "/run.py"
    >>> write_script(where, Network(units=20, seed=0), np.ones(20), duration=0.1).name
    'run.py'
    """
    choose("form", form, eqs.FORMS)
    script = _checked(path, seed)
    segments = plan(net, bank, duration=duration, schedule=schedule, task=task)
    model = LIFNetwork(net, neurons_per_unit)
    step = sampling_step(model, None)
    labels = labels_of(bank)
    moments = [(labels[s.entry.task], s.duration) for s in segments if s.steps(step)]
    start = starting_states(segments[0].entry, None, 1, np.random.Generator(np.random.Philox(seed)))[0, -1]
    arrays = _arrays(model, bank, labels, segments[0], start)
    arrays["depth"] = settled_depths(model, segments[0].entry, start, seed)
    with atomic(script.with_suffix(".npz")) as temporary, temporary.open("wb") as file:
        np.savez_compressed(file, allow_pickle=False, **arrays)
    with atomic(script) as temporary:
        temporary.write_text(_code(model, form, moments, step, seed), encoding="utf-8")
    return script


def _checked(path: str | os.PathLike[str], seed: int) -> Path:
    script = Path(path)
    if script.suffix != ".py":
        raise ValueError(f"the script's name ends in .py, got {script.name!r}; its data goes beside it as .npz")
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**32:
        raise ValueError(f"seed must be a whole number from 0 to 2**32 - 1, got {seed!r}")
    return script


def labels_of(bank: Bias) -> dict[str, str]:
    """Return the name of each task in the script: its own where that is a plain word, else its number."""
    names = [str(n) for n in bank["task"].values] if isinstance(bank, xr.Dataset) else ["bias"]
    plain = all(_PLAIN.fullmatch(name) for name in names)
    return {name: name if plain else f"task-{k}" for k, name in enumerate(names)}


def _arrays(
    model: LIFNetwork, bank: Bias, labels: Mapping[str, str], first: Segment, start: np.ndarray
) -> dict[str, np.ndarray]:
    tasks = [entry(bank, name) if isinstance(bank, xr.Dataset) else first.entry for name in labels]
    shared = {
        "task": np.array(list(labels.values())),
        **{name: np.stack([getattr(t, name) for t in tasks]) for name in ("bias", "center", "scale")},
        "encoder": model.net.encoder,
        "decoder": model.net.decoder,
        **_starts(model, first.entry, start),
    }
    return shared | _synapses(model)


def _starts(model: LIFNetwork, first: Entry, start: np.ndarray) -> dict[str, np.ndarray]:
    """Return where the synaptic filters begin, by the names that the script knows them by."""
    begin = starting_filters(model, first, start)
    return {_STARTS[name]: values for group in begin.values() for name, values in group.items()}


def _synapses(model: LIFNetwork) -> dict[str, np.ndarray]:
    """Return what a network with random synapses needs: W by unit if dense, a list of synapses if sparse."""
    w = model.recurrent
    if w is None:
        return {}
    if isinstance(w, sp.coo_array):
        return {"pre": w.col.astype(np.int32), "post": w.row.astype(np.int32), "weight": w.data}
    return {"recurrent": np.asarray(model.net.recurrent)}


def _code(model: LIFNetwork, form: str, moments: list[tuple[str, float]], step: float, seed: int) -> str:
    """Return the script: the parts that this network has, around numbers written exactly."""
    values = _numbers(model, step, seed) | _words(model, form)
    values["schedule"] = "\n".join(f'    ("{name}", {float(seconds)!r}),' for name, seconds in moments)
    kind, noisy = model.net.spec.synapses, model.lif.noise > 0
    feedback = text.FEEDBACK if model.latent_input else ""
    parts = [
        text.HEAD,
        text.NOISE if noisy else "",
        text.OBJECTS,
        text.NOISE_SEED if noisy else "",
        "" if model.net.low_rank else text.CURRENTS,
        feedback,
        text.TONIC[form],
        text.DECODER,
        text.RECURRENT[kind],
        text.SWITCH[form],
        text.RUN,
    ]
    return Template("".join(parts)).substitute(values)


def _numbers(model: LIFNetwork, step: float, seed: int) -> dict[str, str]:
    lif = model.lif
    held = {name: getattr(lif, name) for name in ("tau_m", "refractory", "noise", "dt", "rate_scale", "leak")}
    held |= {"threshold": lif.threshold, "reset": lif.reset, "tau_s": model.net.tau, "area": model.area, "step": step}
    whole = {"seed": seed, "units": model.net.units, "components": model.net.components, "m": model.neurons_per_unit}
    return {n: repr(float(v)) for n, v in held.items()} | {n: repr(int(v)) for n, v in whole.items()}


def _words(model: LIFNetwork, form: str) -> dict[str, str]:
    recurrent = not model.net.low_rank
    equations = eqs.neuron(
        form, model.net.components, noise=model.lif.noise > 0, latent=model.latent_input, recurrent=recurrent
    )
    shared = {"v_th": "v_threshold", "E_L": "v_reset"}
    shared.pop(eqs.FORMS[form], None)
    return {
        "version": re.sub(r"[^\w.+-]", "", package_version()),
        "sha256": model.net.sha256,
        "equations": equations,
        "threshold_text": eqs.THRESHOLD,
        "reset_text": eqs.RESETS[model.lif.reset_rule],
        **_filter_words(model),
        "noise_code": inspect.getsource(_noise).partition("as it is.\n")[2],
        "noise_name": ', "normal": brian2_normal()' if model.lif.noise > 0 else "",
        "shared": "".join(f', "{name}": {value}' for name, value in shared.items()),
        "objects": "latents, neurons, decoder, " + "currents, recurrent, " * recurrent + "spikes, output",
        "synapses": text.SYNAPSES[model.net.spec.synapses],
        "carries": text.CARRIES[form],
    }


def _filter_words(model: LIFNetwork) -> dict[str, str]:
    """Return the equations of the synapses, and what a rise time and a delay add to the script."""
    texts = {
        "latent_text": eqs.LATENT, "current_text": eqs.CURRENT, "on_latent": eqs.ON_LATENT,
        "on_recurrent": eqs.ON_RECURRENT,
    }  # fmt: skip
    words = {name: eqs.through(plain, model.rising).replace("\n", "\\n") for name, plain in texts.items()}
    words |= text.FIRST_ORDER | (text.RISING if model.rising else {}) | (text.LATE if model.late else {})
    seconds = {"rise": model.net.spec.rise, "delay": model.late * model.lif.dt}
    return {
        name: word.format(**seconds) if name in ("rise_line", "delay_line") else word for name, word in words.items()
    }
