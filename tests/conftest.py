"""Shared by the tests: shapes checked on many calls, and banks made by hand instead of by learning."""

from __future__ import annotations

import gc
import os
from collections.abc import Callable, Iterator
from importlib import import_module
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")  # `make test` runs one worker a core: threads would only wait

import brian2  # noqa: F401  (now: see ``_what_is_loaded_stays``)
import hypothesis  # noqa: F401  (now: pytest would import it while Brian2's objects are deleted, where Python 3.11 fails)
import jaxtyping
import numpy as np
import pytest
import xarray as xr
from beartype import beartype
from jaxtyping import AbstractArray, install_import_hook

ROOMS = ("network", "parameters", "circuit", "bank", "solve", "measure", "simulate", "learn")
CHECKED = tuple(f"tonicnet.{room}" for room in ROOMS)


def shapes(function: Any) -> Any:
    """Check the arrays of a call; for all else a user may hand in, the doors' own sentences answer."""
    array = {n: a for n, a in function.__annotations__.items() if isinstance(a, type) and issubclass(a, AbstractArray)}
    function.__annotations__ = dict.fromkeys(function.__annotations__, Any) | array
    return beartype(function)


class Sampled(type(jaxtyping.config)):
    """Whether a call goes unchecked: the first calls of a test are checked, and one in 101 after them.

    What a rollout calls in each of its steps has the same shapes in all of them, and checks cost more than the steps.
    """

    calls: int = 0

    @property
    def jaxtyping_disable(self) -> bool:
        self.calls += 1
        return self.calls > 100 and self.calls % 101 > 0


jaxtyping.config.__class__ = Sampled


@pytest.fixture(autouse=True)
def _first_calls_are_checked() -> None:
    jaxtyping.config.calls = 0


with install_import_hook(CHECKED, f"{__name__}.shapes"):
    import tonicnet as tn

    for room in CHECKED:  # now, while the hook is on: ``import tonicnet`` alone imports none of them
        import_module(room)


@pytest.fixture(scope="module", autouse=True)
def _what_is_loaded_stays() -> None:
    """Keep what lives before a module's tests out of garbage collection: Brian2 collects in every run of a network.

    With torch, sympy and beartype loaded that takes longer than a short run.
    """
    gc.collect()
    gc.freeze()


@pytest.fixture(scope="session")
def bank_of() -> Callable[..., xr.Dataset]:
    """A bank in the layout of ``tonicnet.fit``, nothing learned: one random bias for each of the names."""
    return _bank_of


def _bank_of(net: tn.Network, names: tuple[str, ...] = ("one", "two"), **given: Any) -> xr.Dataset:
    from tonicnet.bank import Entry, Scaling, written

    rng = np.random.default_rng(7)
    t, k = len(names), net.components
    plain = {
        "bias": rng.normal(1.0, 0.7, (t, net.units)),
        "center": rng.normal(0, 5, (t, k)),
        "scale": rng.uniform(0.5, 4, (t, k)),
        "speed": rng.uniform(0.5, 3, t),
        "dimension": np.arange(t) % k + 1,
        "start": rng.normal(0, 1, (t, 6, k)),
    } | {name: np.asarray(values, dtype=float) for name, values in given.items()}
    rows = [{name: values[i] for name, values in plain.items()} for i in range(t)]
    entries = [
        Entry(
            Scaling(name, row["center"], row["scale"], row["speed"], row["dimension"], row["start"]),
            {"bias": row["bias"]},
        )
        for name, row in zip(names, rows, strict=True)
    ]
    return written(net, entries)


@pytest.fixture
def numpy_code() -> Iterator[None]:
    """Brian2 without compiling, for short runs of a live network; the preference is put back."""
    from tonicnet.spiking._codegen import target

    with target("numpy"):
        yield


@pytest.fixture
def unseen_figures() -> Iterator[None]:
    """Figures drawn unseen; matplotlib's settings must be as they were."""
    import matplotlib as mpl

    mpl.use("Agg")
    before = dict(mpl.rcParams)
    yield
    assert dict(mpl.rcParams) == before
