"""Vector fields and their integration in compiled code: the structures of flow.cpp, over numpy's arrays."""

from __future__ import annotations

import ctypes
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar, final

import numpy as np
from jaxtyping import Float, Int

from ._library import call, library
from ._structures import Pointer, Real, Whole, address, solid

FLOW = Path(__file__).with_name("flow.cpp")
OPERATIONS = (
    "add", "subtract", "multiply", "divide", "power", "modulo", "arctan2", "hypot", "maximum", "minimum", "heaviside",
    "negative", "absolute", "sign", "sqrt", "exp", "expm1", "log", "log1p", "sin", "cos", "tan", "arcsin", "arccos",
    "arctan", "sinh", "cosh", "tanh",
)  # fmt: skip
_FLOAT = np.dtype(float)


class _Program(ctypes.Structure):
    _fields_: ClassVar[Sequence[Any]] = [
        ("components", Whole), ("constants", Whole), ("operations", Whole), ("code", Pointer), ("constant", Pointer),
        ("output", Pointer),
    ]  # fmt: skip


class Rules(ctypes.Structure):
    """What decides on the steps of a run, and on its end."""

    _fields_: ClassVar[Sequence[Any]] = [
        *((name, Real) for name in (
            "tolerance", "floor", "end", "limit", "safety", "shrink", "grow", "shortest", "jump", "vanished", "stable",
            "strayed", "worth", "beyond", "budget",
        )),
        *((name, Whole) for name in ("hits", "misses", "parts", "seldom", "held", "foreseen", "look", "turns")),
    ]  # fmt: skip


class _Pair(ctypes.Structure):
    _fields_: ClassVar[Sequence[Any]] = [
        ("a", Pointer), ("e3", Pointer), ("e5", Pointer), ("d", Pointer), ("within", Real)
    ]  # fmt: skip


_LANES = (
    "row", "t", "x", "f", "h", "longest", "tried", "failed", "failed_h", "refused", "held", "hits", "misses", "sample",
)  # fmt: skip


class _Lanes(ctypes.Structure):
    _fields_: ClassVar[Sequence[Any]] = [
        ("count", Whole), ("samples", Whole), *((name, Pointer) for name in _LANES), ("times", Pointer),
        ("states", Pointer),
    ]  # fmt: skip


@final
@dataclass(frozen=True)
class Program:
    """A vector field as a list of operations on registers: the state, constants, and one result after another.

    ``code`` holds (operation, first, second) of each result, the operation's number in ``OPERATIONS``, the others
    those of registers; ``output`` the register of each component of dx/dt.
    """

    code: Int[np.ndarray, "operation 3"]
    constants: Float[np.ndarray, " constant"]
    output: Int[np.ndarray, " component"]

    def slope(self, x: Float[np.ndarray, "state component"]) -> Float[np.ndarray, "state component"] | None:
        """Return dx/dt at many states; None where nothing can be compiled."""
        loaded = library(FLOW)
        if loaded is None:
            return None
        states = solid(x, _FLOAT, (len(x), len(self.output)))
        found = np.empty_like(states)
        call(loaded, "field", _FLOAT, self._structure(), len(states), address(states), address(found))
        return found

    def solve(
        self,
        pair: tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray, float],
        rules: Rules,
        lanes: Any,
        times: Float[np.ndarray, " time"],
        states: Float[np.ndarray, "trial time component"],
    ) -> None:
        """Advance the trials of ``lanes``, and write ``states``, until they have to end or ``rules.turns`` are over.

        A call cannot be interrupted; the same call again goes on where it ended.
        ``pair``: stages a (15, 16), errors e3 and e5 (13), dense output d (4, 16), and the place of its last stage.
        """
        loaded = library(FLOW)
        assert loaded is not None, "a program that could be asked for slopes can be solved"
        held = {name: np.ascontiguousarray(getattr(lanes, name)) for name in _LANES}
        for name, values in held.items():
            setattr(lanes, name, values)
        at = _Lanes(len(lanes.t), len(times), *map(address, held.values()), address(times), address(states))
        call(loaded, "solve", _FLOAT, self._structure(), _Pair(*map(address, pair[:4]), pair[4]), rules, at)

    def _structure(self) -> _Program:
        counts = (len(self.output), len(self.constants), len(self.code))
        return _Program(*counts, address(self.code), address(self.constants), address(self.output))
