"""Where tensors are computed with: a device of torch, checked at the doors."""

from __future__ import annotations

from typing import Any

import torch

from ._names import shown


def check_device(device: Any) -> str:
    """Return the name of a device; raise ValueError or TypeError for one that torch does not know or does not see.

    >>> check_device("cpu")
    'cpu'
    """
    if not isinstance(device, str):
        raise TypeError(f'device is a text such as "cpu" or "cuda:0", got {shown(device)}')
    try:
        kind = torch.device(device).type
    except RuntimeError as error:
        raise ValueError(f'device is a torch device such as "cpu" or "cuda:0", got {device!r}') from error
    if kind not in ("cpu", "cuda"):
        raise ValueError(f'device must be "cpu" or "cuda" (float64 is needed), got {device!r}')
    if kind == "cuda" and not torch.cuda.is_available():
        raise ValueError(f'device {device!r} was asked for, but torch sees no CUDA here; use device="cpu"')
    return device
