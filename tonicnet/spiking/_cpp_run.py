"""Running a C++ program: its numbers go into a folder, spikes and latents come back."""

from __future__ import annotations

import os
import subprocess
import tempfile
from pathlib import Path
from typing import Any

from .._process import started
from ..files import workplace
from ._codegen import Code
from ._cpp_build import program
from ._cpp_inputs import get, write_frozen, write_schedule, write_start
from ._cpp_sources import Shape
from ._lif_network import LIFNetwork
from ._spikes import Spikes
from ._trials import Trials


def run_standalone(trials: Trials, code: Code, bar: Any) -> list[Spikes]:
    """Run trials one after another with one build, which is compiled only if the cache has none of its shape."""
    model, form, step, segments = trials.model, trials.form, trials.step, trials.segments
    folder = program(Shape.of(model, form, step, trials.external[0]), code.cache)
    with workplace(tempfile.gettempdir(), 0o700) as place:
        write_frozen(place, model)
        write_schedule(place, model, form, segments, step)
        found = []
        for trial in trials:
            write_start(place, model, form, segments[0], trial)
            _call(folder, place, step, bar)
            found.append(_read(place, model))
    return found


def _call(folder: Path, place: Path, step: float, bar: Any) -> None:
    """Run the program; what it prints about its progress advances the bar."""
    reached = 0
    with tempfile.TemporaryFile("w+") as errors:
        with started(
            [str(folder / "main"), "--results_dir", f"{place}{os.sep}"], cwd=folder, text=True, stderr=errors,
            stdout=subprocess.PIPE, env=os.environ | {"TONIC_INPUTS": str(place)},
        ) as process:  # fmt: skip
            for line in process.stdout or ():
                now = int(line.split()[1])
                bar.update((now - reached) * step)
                reached = now
        if process.returncode:
            errors.seek(0)
            reason = " ".join(errors.read().split()) or f"it ended with {process.returncode}"
            raise RuntimeError(
                f"the C++ program in {folder} did not finish: {reason}; delete that folder to build it again"
            )


def _read(place: Path, model: LIFNetwork) -> Spikes:
    """Return what the program wrote about one trial."""
    steps = get(place, "spike_step.i64")
    return Spikes(
        get(place, "latents.f64").reshape(-1, model.net.components), steps * model.lif.dt,
        get(place, "spike_neuron.i32"),
    )  # fmt: skip
