"""What is known of a task: facts by name, and a sentence for one that is not."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NoReturn

_REMEDY = {
    "lyapunov": "leave lyapunov out to have times in task time, or measure it with tonicnet.measure: "
    "lyapunov_spectrum for a network, lyapunov_spectrum_of for a flow with its Jacobian",
    "period": "measure it on a true run: tonicnet.measure.limit_cycle(task.trajectory(...))",
}


class Facts(dict[str, Any]):
    """Known facts of a task, by name. One that is not known is a KeyError that lists the known ones.

    >>> import tonicnet as tn
    >>> tn.task("lorenz").truth["lyapunov"], tn.task("hopf").truth.get("lyapunov")
    (0.906, None)
    """

    def __init__(self, task: str, facts: Mapping[str, Any]) -> None:
        super().__init__(facts)
        self._task = task

    def __missing__(self, name: str) -> NoReturn:
        remedy = f"; {_REMEDY[name]}" if name in _REMEDY else ""
        raise KeyError(f"no {name} is known of task {self._task!r} (known: {', '.join(self) or 'nothing'}){remedy}")
