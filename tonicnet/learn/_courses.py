"""All courses; the first that suits is taken."""

from __future__ import annotations

from ._autonomous_course import AutonomousCourse
from ._behaviour_course import BehaviourCourse
from ._course import Course, Problem
from ._field_course import FieldCourse
from ._recording_course import RecordingCourse
from ._trajectory_course import TrajectoryCourse

COURSES: tuple[Course, ...] = (
    FieldCourse(), BehaviourCourse(), AutonomousCourse(), RecordingCourse(), TrajectoryCourse()
)  # fmt: skip


def course_for(problem: Problem) -> Course:
    """Return the first course that suits, of those with the objective that is asked for.

    Raises ValueError where none does, naming what is missing and the objectives that suit.
    """
    wanted = problem.settings.objective
    suiting = [course for course in COURSES if course.suits(problem)]
    for course in suiting:
        if wanted in ("auto", course.objective):
            return course
    missing = "a vector field" if problem.latent else "a low-rank network"
    known = ", ".join(dict.fromkeys(f'"{course.objective}"' for course in suiting))
    raise ValueError(f'objective "{wanted}" needs {missing} for task {problem.target.task.name!r}; use {known}')
