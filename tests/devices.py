"""A second device where there is none: tensors that live on the CPU, and answer and refuse as those of CUDA do.

Inside ``OtherDevice()`` a tensor made with ``device="cuda"`` is marked. What is computed from marked tensors is marked,
and a call that mixes marked and other tensors raises, as torch does for two devices: all but numbers (0-dim tensors of
the CPU), indices into a marked tensor, and copies. Marked tensors are no arrays of numpy until they are brought back.
Numbers are those of the CPU, so that a whole fit runs and can be compared. torch's meta device has no numbers, and a
fit asks for them in every step. ``Card()`` counts in the same way what a real card computes, where there is one.
"""

from __future__ import annotations

import weakref
from collections.abc import Iterable
from typing import Any, ClassVar

import torch
from torch import Tensor
from torch.overrides import TorchFunctionMode

CUDA = torch.device("cuda:0")
_CPU = torch.device("cpu")
_MOVES = {Tensor.copy_}
_INDEX = {Tensor.__getitem__, torch.index_select, Tensor.index_select}
_TO_NUMPY = {Tensor.numpy, Tensor.__array__, Tensor.data_ptr}


class OtherDevice(TorchFunctionMode):
    """While this lasts, "cuda" is there."""

    _marks: ClassVar[dict[int, weakref.ref[Tensor]]] = {}  # of all: tables are kept for the next

    def __init__(self) -> None:
        super().__init__()
        self.computed = 0

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        del types
        kwargs = dict(kwargs or {})
        if func == Tensor.device.__get__:
            return CUDA if self.on(args[0]) else func(*args)
        if func == Tensor.is_cuda.__get__:
            return self.on(args[0])
        if func is torch.cuda.is_available:
            return True
        if func is Tensor.cpu:
            return self._mark(func(*args, **kwargs).clone(), False)
        if func in _TO_NUMPY and self.on(args[0]) and not kwargs.get("force"):
            raise TypeError("can't convert cuda:0 device type tensor to numpy")
        asked = _asked(func, args, kwargs)
        if asked is not None:
            return self._made(func, args, kwargs, asked)
        tensors = list(_tensors((args, kwargs)))
        here = any(self.on(one) for one in tensors)
        self._check(func, args, tensors)
        self.computed += here
        target = self.on(args[0]) if func in _MOVES else here
        return self._marked(func(*args, **kwargs), target)

    def on(self, tensor: Any) -> bool:
        """Whether a tensor is on the other device."""
        held = self._marks.get(id(tensor))
        return held is not None and held() is tensor

    def _made(self, func: Any, args: Any, kwargs: Any, asked: torch.device) -> Any:
        """Make or move a tensor to the device that is asked for."""
        args = tuple(_CPU if _is_device(one) else one for one in args)
        kwargs = {name: _CPU if name == "device" else one for name, one in kwargs.items()}
        if asked.type == "cuda" and isinstance(kwargs.get("generator"), torch.Generator):
            raise RuntimeError("Expected a 'cuda' device type for generator but found 'cpu'")
        source = [one for one in args[:1] if isinstance(one, Tensor)]
        found = func(*args, **kwargs)
        if source and found is source[0] and self.on(found) != (asked.type == "cuda"):
            found = found.clone()
        return self._mark(found, asked.type == "cuda")

    def _check(self, func: Any, args: Any, tensors: list[Tensor]) -> None:
        if func in _MOVES:
            return
        if func is Tensor.__setitem__ and self.on(args[0]):
            tensors = [one for one in tensors if one.dtype in (torch.float32, torch.float64, torch.bfloat16)]
        if func in _INDEX:
            if not self.on(args[0]) and any(self.on(one) for one in tensors):
                raise RuntimeError("indices should be on the same device as the indexed tensor (cpu)")
            return
        if any(self.on(one) for one in tensors) and any(not self.on(one) and one.dim() for one in tensors):
            name = getattr(func, "__name__", func)
            raise RuntimeError(f"Expected all tensors to be on the same device, found cuda:0 and cpu, in {name}")

    def _marked(self, found: Any, here: bool) -> Any:
        for one in _tensors(found):
            if here:
                self._mark(one, True)
        return found

    def _mark(self, found: Any, here: bool) -> Any:
        for one in _tensors(found):
            if here:
                self._marks[id(one)] = weakref.ref(one)
            else:
                self._marks.pop(id(one), None)
        return found


class Card(TorchFunctionMode):
    """While this lasts, calls that compute on a real card are counted."""

    def __init__(self) -> None:
        super().__init__()
        self.computed = 0

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        del types
        found = func(*args, **(kwargs or {}))
        if func != Tensor.device.__get__:
            self.computed += any(one.device.type == "cuda" for one in _tensors(found))
        return found


def _asked(func: Any, args: Any, kwargs: Any) -> torch.device | None:
    """Return the device that a call asks for, if it asks for one."""
    if kwargs.get("device") is not None:
        return torch.device(kwargs["device"])
    if func is Tensor.to:
        found = [torch.device(one) for one in args[1:] if _is_device(one)]
        return found[0] if found else None
    return None


def _is_device(value: Any) -> bool:
    return isinstance(value, torch.device) or (isinstance(value, str) and value.partition(":")[0] in ("cpu", "cuda"))


def _tensors(value: Any) -> Iterable[Tensor]:
    if isinstance(value, Tensor):
        yield value
    elif isinstance(value, dict):
        yield from (one for held in value.values() for one in _tensors(held))
    elif isinstance(value, list | tuple):
        yield from (one for held in value for one in _tensors(held))
