"""What a comparison was asked for, checked before anything is learned."""

from __future__ import annotations

from collections.abc import Iterable

from .._names import name_of, shown
from .._numbers import real, whole
from ..learn import summed
from ..task import Task
from ..task import task as named_task


def target_of(task: object) -> Task:
    named = name_of(task)
    made = named_task(named) if isinstance(named, str) else task
    if not isinstance(made, Task):
        raise TypeError(f"task is a name or a tonicnet.Task, got {shown(task)}")
    return made


def other_than(task: Task, other: object) -> Task | None:
    """Return the task whose biases are a control; None where there is none of the shelf to take."""
    if other is not None:
        return target_of(other)
    if not task.has_flow:
        return None
    return named_task("van-der-pol" if task.name != "van-der-pol" else "hopf")


def compared_sets(learn: object) -> list[str]:
    if isinstance(learn, str) or not isinstance(learn, Iterable):
        raise TypeError(f'learn is a list of parameter sets, such as ["bias", "gain"], got {shown(learn)}')
    names = [summed(one) for one in learn]
    if not names or len(set(names)) < len(names):
        raise ValueError(f"learn names each parameter set once, and one at least, got {shown(learn)}")
    return names


def counts_of(numbers: object) -> list[int]:
    given = list(numbers) if isinstance(numbers, Iterable) else [numbers]
    return [whole("numbers", one, 1) for one in given]


def norms_of(norm: object) -> list[float]:
    given = list(norm) if isinstance(norm, Iterable) else [norm]
    for one in given:
        if not 0 < real(one) < float("inf"):
            raise ValueError(f"decoder_norm is a positive multiple of the drawn decoder, or several, got {shown(one)}")
    return [real(one) for one in given]


def seeds_of(seeds: object) -> list[int]:
    given = list(seeds) if isinstance(seeds, Iterable) else list(range(whole("seeds", seeds, 1)))
    return [whole("seeds", one, 0) for one in given]


def signs_of(nonnegative: object) -> bool:
    if not isinstance(nonnegative, bool):
        raise TypeError(f"nonnegative is True or False, got {shown(nonnegative)}")
    return nonnegative
