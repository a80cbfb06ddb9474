"""All courses; the first that suits is taken."""

from __future__ import annotations

from ..parameters import PERMUTATIONS
from ._autonomous_course import AutonomousCourse
from ._behaviour_course import BehaviourCourse
from ._course import Course, Problem
from ._field_course import FieldCourse
from ._recording_course import RecordingCourse
from ._sample_courses import CrossEntropyCourse, SampleCourse, SquaresCourse
from ._sample_target import SampleTarget
from ._trajectory_course import TrajectoryCourse

SAMPLE_OBJECTIVES = ("cross-entropy", "squares")
COURSES: tuple[Course, ...] = (
    CrossEntropyCourse(), SquaresCourse(), FieldCourse(), BehaviourCourse(), AutonomousCourse(), RecordingCourse(),
    TrajectoryCourse(),
)  # fmt: skip


def course_for(problem: Problem) -> Course:
    """Return the first course that suits, of those with the objective that is asked for.

    Raises ValueError where none does, naming what is missing and the objectives that suit.
    """
    wanted = problem.settings.objective
    still = isinstance(problem.target, SampleTarget)
    suiting = [c for c in COURSES if isinstance(c, SampleCourse) == still and c.suits(problem)]
    for course in suiting:
        if wanted in ("auto", course.objective):
            return course
    missing = _missing(problem, wanted)
    known = ", ".join(dict.fromkeys(f'"{course.objective}"' for course in suiting))
    remedy = f"use {known}" if known else 'learn "bias"'
    raise ValueError(f'objective "{wanted}" needs {missing} for task {problem.target.task.name!r}; {remedy}')


def _missing(problem: Problem, wanted: str) -> str:
    """Return what an objective needs that a task or network has not, in words."""
    samples = isinstance(problem.target, SampleTarget)
    moves = samples and problem.target.held.shift  # type: ignore[attr-defined]
    swapped = samples and problem.settings.learn in PERMUTATIONS
    if swapped and wanted == "cross-entropy":
        return "numbers that are no permutation"
    if wanted in SAMPLE_OBJECTIVES or swapped:
        classes = "classes" if wanted == "cross-entropy" else "samples"
        return "pictures that stay (shift=0)" if moves else classes
    if samples:
        return "runs in time"
    return "a vector field" if problem.latent else "a low-rank network"
