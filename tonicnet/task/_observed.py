"""Recordings of which a network sees only a part: some components go in, all of them should come out."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .._names import shown
from .._numbers import is_whole, real
from ._recording import recording
from ._task import Task

_SETTLE = 0.25  # of a trial, if not given


def from_observed(
    array: Any,
    *,
    observed: Sequence[str | int],
    name: str,
    window: float,
    lag: float = 0.0,
    settle: float | None = None,
    dt: int | float | None = None,
    time: str | None = None,
) -> Task:
    """Make a task of reading what is observed of a recording and giving all of it, a lag later.

        u(t) = x_o(t) - mean x_o in the observed components o, 0 in the others;     target(t) = x(t + lag)

    The recording is cut into trials of ``window`` seconds, one behind the other; in the first ``settle`` seconds of
    each nothing counts, since what is not observed must be inferred from what has come in.

    Arguments
    ---------
    array : a recording as for :meth:`Task.from_array`: (time, component) or (trial, time, component).
    observed : names (of a DataArray's components) or numbers of the components that go in.
    lag : seconds, a whole number of steps: positive to foretell, negative to remember.
    window, settle : seconds; ``settle`` is a quarter of ``window`` if not given.
    dt, time : step in seconds of an array without time, and the name of what is time, as for :meth:`Task.from_array`.

    Returns a behaviour like :meth:`Task.from_trials`, scaled by the moments of the recording. Raises ValueError for
    unknown components, a lag between steps, and trials that the recording is too short for.

    Source: learning Lorenz from partial observations with a lag, Williams et al. (2025), arXiv 2407.00957.

    >>> import tonicnet as tn
    >>> run = tn.task("lorenz").trajectory(60.0, 0.02)
    >>> task = from_observed(run["output"][0], observed=["x"], name="from x", lag=0.04, window=4.0)
    >>> task.kind, task.trials(2)["target"].shape
    ('behaviour', (2, 201, 3))
    """
    source, labels = recording(array, dt, time)
    x, step = source.values, source.dt
    seen = [_index(o, labels) for o in observed]
    if not seen:
        raise ValueError(f"observed names no component; give some of {', '.join(labels)}")
    shift, length = _steps("lag", lag, step), _steps("window", window, step) + 1
    still = round(_SETTLE * length) if settle is None else _steps("settle", settle, step)
    starts = np.arange(max(0, -shift), x.shape[1] - length - max(0, shift) + 1, length)
    if not (len(starts) and 0 <= still < length and length > 1):
        raise ValueError(
            f"the recording lasts {x.shape[1] * step:g} s; trials of window={window:g} s with lag={lag:g} s and "
            f"settle={still * step:g} s do not fit into it: shorten them, or record for longer"
        )
    center = x.mean(axis=(0, 1))
    inputs = np.zeros_like(x)
    inputs[..., seen] = (x - center)[..., seen]
    at = starts[:, None] + np.arange(length)
    cut = (values.reshape(-1, length, x.shape[2]) for values in (inputs[:, at], x[:, at + shift]))
    mask = (np.arange(length) >= still).astype(float)
    return Task.from_trials(
        *cut, name=name, dt=step, mask=mask, components=labels, center=center, scale=x.std(axis=(0, 1)),
    )  # fmt: skip


def _index(component: str | int, labels: tuple[str, ...]) -> int:
    if isinstance(component, str) and component in labels:
        return labels.index(component)
    if is_whole(component, 0) and int(component) < len(labels):
        return int(component)
    raise ValueError(f"observed component {shown(component)} is not in the recording; it has {', '.join(labels)}")


def _steps(what: str, seconds: float, dt: float) -> int:
    count = real(seconds) / dt
    if not math.isfinite(count) or abs(count - round(count)) > 1e-6 * max(1.0, abs(count)):
        raise ValueError(f"{what} must be a whole number of steps of {dt:g} s, got {shown(seconds)} s")
    return round(count)
