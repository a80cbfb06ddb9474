"""The samples behind a task that is a recording, for those who learn from them."""

from __future__ import annotations

import numpy as np
from jaxtyping import Float

from ._recording import Recording
from ._task import Task


def recorded(task: Task) -> Float[np.ndarray, "trial time component"]:
    """Return all samples of a recording, in the task's units, ``task.dt`` apart. Raises TypeError for other tasks.

    >>> import numpy as np
    >>> recorded(Task.from_array(np.zeros((7, 2)), name="rest", dt=0.1)).shape
    (1, 7, 2)
    """
    if not isinstance(task._source, Recording):
        raise TypeError(f"task {task.name!r} is a {task.kind}, which has no recorded samples; use task.trajectory()")
    return task._source.values
