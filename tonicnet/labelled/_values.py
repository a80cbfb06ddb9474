"""Values of arrays as numbers: what is masked becomes NaN, and what is no real number is refused."""

from __future__ import annotations

import sys
from typing import Any

import numpy as np

from .._names import shown

_REFUSED = {
    "c": "which has an imaginary part: give real and imaginary part as two components",
    "O": "which may hold anything: convert it with .astype(float)",
    "b": "true and false: convert it with .astype(float) if it is to be 1 and 0",
    **dict.fromkeys("US", "which is text: convert it with .astype(float)"),
    **dict.fromkeys("Mm", "which is time: give it as the coordinate or column of time"),
    "V": "which is records: give one array of numbers",
}  # by kind of dtype


def as_numbers(values: Any, what: str, *, flags: bool = False) -> np.ndarray:
    """Return an array of float64 in which NaN stands where a mask hides a value or none was given.

    ``flags`` says whether true and false may stand for 1 and 0. Raises TypeError for complex numbers, objects, text
    and dates: nothing is converted that would lose its meaning.

    >>> as_numbers(np.ma.masked_equal([1, -9999], -9999), "x").tolist()
    [1.0, nan]
    """
    array = _as_array(values, what)
    kind = array.dtype.kind
    if kind == "O" and array.ndim == 0:
        raise TypeError(f"{what} is an array of numbers, got {type(values).__name__}")
    if kind not in ("fiub" if flags else "fiu"):
        raise TypeError(f"{what} holds numbers, got dtype {array.dtype}, {_REFUSED[kind]}")
    if isinstance(array, np.ma.MaskedArray):
        return np.array(np.ma.filled(array.astype(np.float64), np.nan))
    try:
        return np.array(array, dtype=np.float64)
    except MemoryError as error:
        raise MemoryError(f"{what} of shape {array.shape} does not fit into memory; give fewer numbers") from error


def _as_array(values: Any, what: str) -> np.ndarray:
    torch = sys.modules.get("torch")
    try:
        tensor = torch is not None and isinstance(values, torch.Tensor)
        return np.asanyarray(_of_tensor(values, torch) if tensor else values)
    except Exception as error:  # whatever an object's own way to become an array raises
        raise TypeError(f"{what} is an array of numbers whose rows have one length, got {shown(values)}") from error


def _of_tensor(tensor: Any, torch: Any) -> np.ndarray:
    plain = tensor.detach().resolve_conj().resolve_neg().cpu()
    plain = plain if plain.layout == torch.strided else plain.to_dense()
    return plain.float().numpy() if plain.dtype == torch.bfloat16 else plain.numpy()
