"""What an HDF5 file declares, weighed before any of its values is read."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import h5py

_SMALL = 256 * 2**20  # bytes that any file may declare
_PACKED = 100  # times its own size that a larger one may declare: compression of numbers gives less
_OBJECTS = 10_000


def weigh(root: h5py.Group, size: int) -> int:
    """Return how many bytes the variables of an open file of ``size`` bytes declare.

    Raises ValueError for a file that points to others (external links or storage, virtual datasets) or has links,
    which NetCDF has not, for one whose groups go round in a circle or are too many, and for one that declares far
    more than it stores; MemoryError for more than this machine has.
    """
    declared = sum(_declared(one, name) for name, one in _variables(root))
    _check(declared, size)
    return declared


def _variables(root: h5py.Group) -> Iterator[tuple[str, h5py.Dataset]]:
    """Yield the variables of all groups by name, each once for every name it has."""
    import h5py

    left, groups, objects = [root], set(), 0
    while left:
        group = left.pop()
        address = h5py.h5o.get_info(group.id).addr
        if address in groups:
            raise ValueError("its groups hold each other, which no tree does")
        groups.add(address)
        objects += len(group)
        if objects > _OBJECTS:
            raise ValueError(f"it holds more than {_OBJECTS} objects")
        for name in group:
            one = _held(group, name)
            if isinstance(one, h5py.Group):
                left.append(one)
            elif isinstance(one, h5py.Dataset):
                yield name, one


def _held(group: h5py.Group, name: str) -> h5py.HLObject:
    import h5py

    if not isinstance(group.get(name, getlink=True), h5py.HardLink):
        raise ValueError(f"{_shown(name)} in it is a link to elsewhere, which is not followed")
    return group[name]


def memory() -> int:
    """Return how many bytes of memory this machine has; without a limit where that is not known."""
    try:
        return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    except (AttributeError, ValueError, OSError):
        return 2**62


def _declared(one: h5py.Dataset, name: str) -> int:
    import h5py

    how = one.id.get_create_plist()
    if how.get_external_count() or how.get_layout() == h5py.h5d.VIRTUAL:
        raise ValueError(f"{_shown(name)} in it is stored in another file, which is not followed")
    return int(one.size or 0) * one.id.get_type().get_size()


def _check(declared: int, size: int) -> None:
    if declared > max(_SMALL, _PACKED * size):
        raise ValueError(
            f"it declares {declared / 2**30:.3g} GiB of values in a file of {size / 2**10:.3g} KiB, which no "
            "compression of numbers gives"
        )
    if declared > memory():
        raise MemoryError(
            f"its values take {declared / 2**30:.3g} GiB of memory, and this machine has {memory() / 2**30:.3g} GiB"
        )


def _shown(name: str) -> str:
    return ascii(name[:40])
