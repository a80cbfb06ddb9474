"""A vector field written in Python, read as a list of operations that compiled code can carry out.

The field is called once, with symbols in place of numbers. They note what is done with them. A field that asks for more
than arithmetic (that compares states by ``if`` or ``np.where``, say, or calls code that takes floats only) stays what
it is. What numpy compares by a function of its own (``np.sign``, ``np.maximum``, ``np.clip``) can be noted too.
"""

from __future__ import annotations

import numbers
from collections.abc import Callable
from typing import Any, final

import numpy as np
from jaxtyping import Float

from ..compiled import OPERATIONS, Program

Flow = Callable[[np.ndarray], np.ndarray]

_NUMBER = {name: number for number, name in enumerate(OPERATIONS)}
_MOST = 4000  # operations of one field
_POWERS = 8  # the largest whole power that is a product
_COMPARING = {"maximum", "minimum", "heaviside", "sign"}
_CLOSE = 1e-9  # how well program and field agree, beside the size of its terms


def traced(flow: Flow, x: Float[np.ndarray, "trial component"]) -> Program | None:
    """Return a program that gives what ``flow`` gives at these states; None where there is none."""
    try:
        program = _Notes(x.shape[1]).program(flow)
        with np.errstate(all="ignore"):
            found, wanted = program.slope(x), flow(x)
    except Exception:  # of any kind: the field is not made for symbols
        return None
    if found is None or not np.allclose(found, wanted, _CLOSE, _CLOSE * np.abs(wanted).max(initial=0), equal_nan=True):
        return None
    return program


@final
class _Notes:
    """What is done with the components of a state."""

    def __init__(self, components: int) -> None:
        self._components = components
        self._constants: dict[float, int] = {}
        self._results: dict[tuple[int, Any, Any], int] = {}

    def program(self, flow: Flow) -> Program:
        """Return what a field does, noted while it is called with symbols."""
        state = np.empty((1, self._components), dtype=object).view(_Symbols)
        state[0] = [_Symbol(self, ("state", k)) for k in range(self._components)]
        slopes = np.asarray(flow(state))
        if slopes.shape != state.shape:
            raise ValueError(f"a field of one state has the shape {slopes.shape}")
        output = [self._place(self.operand(value)) for value in slopes[0]]
        code = [(op, self._place(a), self._place(b)) for op, a, b in self._results]
        return Program(
            np.array(code, dtype=np.int32).reshape(-1, 3),
            np.array(list(self._constants), dtype=float),
            np.array(output, dtype=np.int32),
        )

    def _place(self, operand: tuple[str, int]) -> int:
        """Return the register of an operand, when all constants are known."""
        kind, number = operand
        before = {"state": 0, "constant": self._components, "result": self._components + len(self._constants)}
        return before[kind] + number

    def operand(self, value: Any) -> tuple[str, int]:
        """Return where a symbol or a number is to be found."""
        if isinstance(value, _Symbol):
            return value.place
        if not isinstance(value, numbers.Real | np.bool_):
            raise TypeError(f"a field of numbers has {type(value).__name__}")
        return "constant", self._constants.setdefault(float(value), len(self._constants))

    def result(self, name: str, first: Any, second: Any = 0.0) -> _Symbol:
        """Note an operation, unless it was done before, and return what it gives."""
        key = (_NUMBER[name], self.operand(first), self.operand(second))
        if len(self._results) >= _MOST:
            raise ValueError("the field does more than a program holds")
        return _Symbol(self, ("result", self._results.setdefault(key, len(self._results))))


def _from_both_sides(name: str) -> tuple[Any, Any]:
    """Return an operation on a symbol and another number, and on the number and the symbol."""
    return (
        lambda self, other: self._notes.result(name, self, other),
        lambda self, other: self._notes.result(name, other, self),
    )


@final
class _Symbol:
    """A number that is not known yet. It can be computed with, not compared."""

    __slots__ = ("_notes", "place")

    def __init__(self, notes: _Notes, place: tuple[str, int]) -> None:
        self._notes, self.place = notes, place

    __add__, __radd__ = _from_both_sides("add")
    __sub__, __rsub__ = _from_both_sides("subtract")
    __mul__, __rmul__ = _from_both_sides("multiply")
    __truediv__, __rtruediv__ = _from_both_sides("divide")
    __mod__, __rmod__ = _from_both_sides("modulo")
    _power, __rpow__ = _from_both_sides("power")

    def __pow__(self, power: Any) -> Any:
        if isinstance(power, numbers.Real) and power in range(1, _POWERS + 1):
            return self._product(int(float(power)))
        return self._power(power)

    def _product(self, power: int) -> Any:
        """Return a whole power by as few products as squares allow."""
        if power == 1:
            return self
        half = self._product(power // 2)
        return half * half * self if power % 2 else half * half

    def __neg__(self) -> _Symbol:
        return self._notes.result("negative", self)

    def __pos__(self) -> _Symbol:
        return self

    def __abs__(self) -> _Symbol:
        return self._notes.result("absolute", self)

    def _refused(self, *_: Any) -> Any:
        raise TypeError("a symbol has no value to compare")

    __eq__ = __ne__ = __lt__ = __le__ = __gt__ = __ge__ = __bool__ = __float__ = __int__ = _refused
    __hash__ = None  # type: ignore[assignment]

    def __getattr__(self, name: str) -> Any:
        """Return the function of one number (or two) by which numpy asks for it."""
        if name not in _NUMBER or name.startswith("_"):
            raise AttributeError(name)
        return lambda *others: self._notes.result(name, self, *others)


class _Symbols(np.ndarray):
    """An array of symbols, which is asked before numpy compares any two of them."""

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **given: Any) -> Any:
        plain = [_plain(one) for one in inputs]
        if given.get("out"):
            given["out"] = tuple(_plain(one) for one in given["out"])
        elif method == "__call__" and ufunc.__name__ == "clip":
            return np.minimum(np.maximum(*inputs[:2]), inputs[2])
        elif method == "__call__" and ufunc.__name__ in _COMPARING:
            ufunc = np.frompyfunc(_comparing(ufunc), ufunc.nin, 1)
        found = getattr(ufunc, method)(*plain, **given)
        return found.view(_Symbols) if isinstance(found, np.ndarray) else found


def _plain(value: Any) -> Any:
    return value.view(np.ndarray) if isinstance(value, _Symbols) else value


def _comparing(ufunc: np.ufunc) -> Callable[..., Any]:
    """Return a function of numpy that compares, of symbols and numbers."""

    def compared(*values: Any) -> Any:
        notes = next((one._notes for one in values if isinstance(one, _Symbol)), None)
        return ufunc(*values) if notes is None else notes.result(ufunc.__name__, *values)

    return compared
