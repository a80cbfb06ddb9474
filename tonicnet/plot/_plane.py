"""The plane in which a task is seen."""

from __future__ import annotations

import numpy as np

from ._segments import Segment


def plane_of(segment: Segment) -> tuple[int, ...]:
    """Return the positions of the two components in whose plane a task is drawn, of one where it has no more.

    The plane that the task states; else the first and the last of its first three components, of those that move: x
    and z of Lorenz's butterfly.
    """
    stated = [segment.components.index(name) for name in segment.plane if name in segment.components]
    if len(stated) == 2:
        return stated[0], stated[1]
    count = len(segment.components)
    moving = np.flatnonzero(segment.moving).tolist()
    first = (moving if len(moving) > 1 else list(range(count)))[:3]
    return (first[0], first[-1]) if count > 1 else (0,)
