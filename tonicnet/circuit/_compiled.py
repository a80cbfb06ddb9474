"""Compiled loops over the network equation: for long runs of few trials, where torch spends its time on dispatch.

The C++ source is compiled at the first use, never at import, with the compiler that Brian2's
programs need too, and kept in the user's cache. Without a compiler one warning is given and torch does the work;
``TONICNET_COMPILED=0`` in the environment turns compiled code off without a word.
"""

from __future__ import annotations

import ctypes
from collections.abc import Collection, Mapping
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
import scipy.sparse as sp
from jaxtyping import Float, Int

from ..compiled import _structures as c
from ..compiled import call, library
from ._compiled_units import CompiledUnits

WIDE = ("through", "rate", "gain", "scale")  # what windows keep of all units: dr/dh, r, dr by gain and by scale


class LatentRun(NamedTuple):
    """Outputs z that were kept, the first state included, and the state at the end."""

    output: Float[np.ndarray, "trial sample component"]
    state: Float[np.ndarray, "trial component"]


class Growth(NamedTuple):
    """Logarithms of how much displacements grew between renewals; states and orthonormal displacements at the end."""

    grown: Float[np.ndarray, "trial renewal mode"]
    state: Float[np.ndarray, "trial component"]
    displacements: Float[np.ndarray, "trial mode component"]


class RateRun(NamedTuple):
    """Outputs and, if asked for, rates that were kept, the first ones included; rates at the end."""

    output: Float[np.ndarray, "trial sample component"]
    rates: Float[np.ndarray, "trial sample unit"] | None
    state: Float[np.ndarray, "trial unit"]


class WindowRun(NamedTuple):
    """States at all steps of windows and, if asked for, at every stage: D diag(dr/dh) E, u, and ``wide`` of the units.

    ``wide`` holds what was asked for of dr/dh ("through"), r ("rate"), and dr by gain and scale.
    """

    states: Float[np.ndarray, "window step component"]
    jacobian: Float[np.ndarray, "window step stage component component"] | None
    received: Float[np.ndarray, "window step stage component"] | None
    wide: Mapping[str, Float[np.ndarray, "window step stage unit"]]


class AdjointRun(NamedTuple):
    """Derivatives of the rows in D r of every stage, and in the first state."""

    kappa: Float[np.ndarray, "window row step stage component"]
    start: Float[np.ndarray, "window row component"]


@lru_cache(maxsize=1)
def kernel() -> Kernel | None:
    """Return the compiled runs, built now if the cache does not hold them; None where there are none.

    None comes with one warning a process if there is no compiler or the source does not compile, and silently if the
    environment says ``TONICNET_COMPILED=0``.
    """
    loaded = library()
    return None if loaded is None else Kernel(loaded)


class Kernel:
    """The functions of kernel.cpp; every array is copied to the units' precision if it is not in it already.

    ``h`` is a step in units of tau. Exponential Euler is Euler's method with h = 1 - exp(-h). NaN and infinity are
    carried on as they come: callers look for them in what is returned. A call cannot be interrupted.
    """

    def __init__(self, library: ctypes.CDLL) -> None:
        self._library = library

    def low_rank(
        self, units: CompiledUnits, tonic: np.ndarray, start: Float[np.ndarray, "trial component"], *,
        tableau: c.Explicit, h: float, steps: int, inputs: np.ndarray | None = None,
        noise: np.ndarray | None = None, every: int = 1, dense: int = 1,
    ) -> LatentRun:  # fmt: skip
        """Run dz/ds = -z + D r(E (z + u) + b + noise).

        ``tonic`` is b, (unit,) or (trial, unit); ``inputs`` u (step, trial, component) and ``noise`` (step, trial,
        unit) are held during a step. One sample in ``every`` is kept; ``dense`` samples a step are taken of the cubic
        through states and slopes at its ends.
        """
        trials, k = len(start), units.shape[1]
        run = _Run(units, tonic, start, k, inputs, noise, steps)
        kept = np.empty((trials, 1 + steps * dense // every, k), units.dtype)
        plan = _plan(tableau, trials=trials, steps=steps, every=every, dense=dense, h=h)
        call(self._library, "low_rank", units.dtype, units.structure, plan.structure, run.arrays(kept=kept))
        return LatentRun(kept, run.state)

    def exponents(
        self, units: CompiledUnits, tonic: np.ndarray, start: Float[np.ndarray, "trial component"],
        displacements: Float[np.ndarray, "trial mode component"], *, tableau: c.Explicit, h: float, steps: int,
        renew: int,
    ) -> Growth:  # fmt: skip
        """Carry displacements along, dv/ds = (-1 + D diag(dr/dh) E) v, orthonormalised after every ``renew`` steps."""
        trials, k, modes = len(start), units.shape[1], displacements.shape[1]
        run = _Run(units, tonic, start, k, None, None, steps)
        moved = c.solid(displacements, units.dtype, (trials, modes, k)).copy()
        grown = np.empty((trials, steps // renew, modes), units.dtype)
        kept = np.empty((trials, 2, k), units.dtype)
        plan = _plan(tableau, trials=trials, steps=steps, every=max(steps, 1), modes=modes, renew=renew, h=h)
        arrays = run.arrays(kept=kept, displacements=moved, grown=grown)
        call(self._library, "low_rank", units.dtype, units.structure, plan.structure, arrays)
        return Growth(grown, run.state, moved)

    def rates(
        self, units: CompiledUnits, synapses: np.ndarray | sp.csr_array | None, tonic: np.ndarray,
        start: Float[np.ndarray, "trial unit"], *, feedback: bool, tableau: c.Explicit, h: float, steps: int,
        inputs: np.ndarray | None = None, noise: np.ndarray | None = None, every: int = 1, keep_rates: bool = False,
    ) -> RateRun:  # fmt: skip
        """Run dr/ds = -r + r(M r + E (u + feedback D r) + b + noise); M is dense, sparse by rows, or not there."""
        trials, (n, k) = len(start), units.shape
        run = _Run(units, tonic, start, n, inputs, noise, steps)
        samples = 1 + steps // every
        kept = np.empty((trials, samples, k), units.dtype)
        rates = np.empty((trials, samples, n), units.dtype) if keep_rates else None
        plan = _plan(tableau, trials=trials, steps=steps, every=every, h=h)
        coupled = _synapses(synapses, n, units.dtype, feedback=feedback)
        call(
            self._library,
            "rates",
            units.dtype,
            units.structure,
            coupled.structure,
            plan.structure,
            run.arrays(kept=kept),
            c.address(rates),
        )
        return RateRun(kept, rates, run.state)

    def windows(
        self, units: CompiledUnits, tonic: Float[np.ndarray, " unit"], start: Float[np.ndarray, "window component"], *,
        tableau: c.Explicit, h: float, closed: Float[np.ndarray, " step"],
        fed: Float[np.ndarray, "window step stage component"] | None = None, jacobian: bool = False,
        wide: Collection[str] = (), every: int = 1,
    ) -> WindowRun:  # fmt: skip
        """Run windows of dz/ds = -z + D r(E u + b), u = closed z + fed.

        ``jacobian`` keeps D diag(dr/dh) E of one stage of a step in ``every``, the first among them; ``wide``, which of
        :data:`WIDE`, what is kept of all units there, and u beside it.
        """
        count, steps, stages, (n, k) = len(start), len(closed), len(tableau.weights), units.shape
        dtype, at = units.dtype, (count, steps, -(-stages // every))
        states = np.empty((count, steps + 1, k), dtype)
        states[:, 0] = c.solid(start, dtype, (count, k))
        kept = {name: np.empty((*at, n), dtype) for name in WIDE if name in wide}
        received = np.empty((*at, k), dtype) if kept else None
        local = np.empty((*at, k, k), dtype) if jacobian else None
        method, shares = _Method(tableau), c.solid(closed, np.float64, (steps,))
        bias = c.solid(tonic, dtype, (n,))
        outside = None if fed is None else c.solid(fed, dtype, (count, steps, stages, k))
        pointers = map(c.address, (bias, shares, outside, states))
        results = map(c.address, (local, received, *map(kept.get, WIDE)))
        call(
            self._library,
            "windows",
            units.dtype,
            units.structure,
            c.Windows(count, steps, h, method.structure, *pointers, every, *results),
        )
        return WindowRun(states, local, received, kept)

    def adjoint(
        self, jacobian: Float[np.ndarray, "window step stage component component"], *, tableau: c.Explicit, h: float,
        closed: Float[np.ndarray, " step"], last: Int[np.ndarray, " row"], begin: Float[np.ndarray, "row component"],
    ) -> AdjointRun:  # fmt: skip
        """Carry each row of a Jacobian back from the state after ``last`` steps, where it is ``begin``.

            kappa_i = h w_i a + sum_{j>i} h a_ji through_j,    through_i = closed kappa_i A_i - kappa_i

        with A_i = D diag(dr/dh) E, the ``jacobian`` of :meth:`windows`. The row of a tonic input is the sum over steps
        and stages of (kappa D) o dr/dh.
        """
        count, steps, stages, k, _ = jacobian.shape
        dtype, rows = jacobian.dtype, len(begin)
        local, shares = c.solid(jacobian, dtype, jacobian.shape), c.solid(closed, np.float64, (steps,))
        ends, first = c.solid(last, np.int64, (rows,)), c.solid(begin, dtype, (rows, k))
        if stages != len(tableau.weights) or (rows and not 0 <= ends.min() <= ends.max() <= steps):
            raise ValueError(f"rows are of steps 0 to {steps} and of a method with {stages} stages; give those")
        made = AdjointRun(np.empty((count, rows, steps, stages, k), dtype), np.empty((count, rows, k), dtype))
        method = _Method(tableau)
        pointers = map(c.address, (shares, local, ends, first, *made))
        call(self._library, "adjoint", dtype, c.Adjoint(count, steps, k, rows, h, method.structure, *pointers))
        return made


class _Method:
    """A tableau as square arrays."""

    def __init__(self, tableau: c.Explicit) -> None:
        count = len(tableau.weights)
        self._stages, self._weights = np.zeros((count, count)), np.array(tableau.weights, dtype=np.float64)
        for i, row in enumerate(tableau.stages):
            self._stages[i, : len(row)] = row
        self.structure = c.Tableau(count, c.address(self._stages), c.address(self._weights))


class _Plan(NamedTuple):
    structure: c.Plan
    method: _Method


def _plan(
    tableau: c.Explicit, *, trials: int, steps: int, h: float, every: int = 1, dense: int = 1, modes: int = 0,
    renew: int = 1,
) -> _Plan:  # fmt: skip
    if steps < 0 or min(every, dense, renew) < 1:
        raise ValueError(f"{steps} steps, every {every}, dense {dense}, renew {renew} must be whole numbers from 1 on")
    method = _Method(tableau)
    return _Plan(c.Plan(trials, steps, every, dense, modes, renew, h, method.structure), method)


class _Run:
    """What a run reads, checked, and the state that it overwrites."""

    def __init__(
        self, units: CompiledUnits, tonic: np.ndarray, start: np.ndarray, size: int, inputs: np.ndarray | None,
        noise: np.ndarray | None, steps: int,
    ) -> None:  # fmt: skip
        trials, dtype, (n, k) = len(start), units.dtype, units.shape
        self._one = np.ndim(tonic) == 1
        self._tonic = c.solid(tonic, dtype, (n,) if self._one else (trials, n))
        self._inputs = None if inputs is None else c.solid(inputs, dtype, (steps, trials, k))
        self._noise = None if noise is None else c.solid(noise, dtype, (steps, trials, n))
        self.state = c.solid(start, dtype, (trials, size)).copy()

    def arrays(
        self, *, kept: np.ndarray, displacements: np.ndarray | None = None, grown: np.ndarray | None = None
    ) -> c.Arrays:
        """Return the structure that points at them, and at what is written."""
        stride = 0 if self._one else self._tonic.shape[1]
        after = (self._inputs, self._noise, self.state, displacements, kept, grown)
        return c.Arrays(c.address(self._tonic), stride, *map(c.address, after))


class _Synapses(NamedTuple):
    structure: c.Synapses
    arrays: tuple[np.ndarray, ...]


def _synapses(matrix: np.ndarray | sp.csr_array | None, n: int, dtype: np.dtype[Any], *, feedback: bool) -> _Synapses:
    if matrix is None:
        return _Synapses(c.Synapses(None, None, None, feedback), ())
    if isinstance(matrix, np.ndarray):
        dense = c.solid(matrix, dtype, (n, n))
        return _Synapses(c.Synapses(c.address(dense), None, None, feedback), (dense,))
    if matrix.shape != (n, n):
        raise ValueError(f"synapses of {n} units are an array of shape {(n, n)}, got {matrix.shape}")
    arrays = (
        np.ascontiguousarray(matrix.data, dtype),
        np.ascontiguousarray(matrix.indptr, np.int64),
        np.ascontiguousarray(matrix.indices, np.int32),
    )
    return _Synapses(c.Synapses(*map(c.address, arrays), feedback), arrays)
