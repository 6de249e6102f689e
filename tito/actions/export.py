"""Exporting lessons as they are, without running them."""

from collections.abc import Iterable

from tito.lesson.lesson import Lesson
from tito.package.publish import Published, publish
from tito.project import Project
from tito.record import lock
from tito.student.judge import judge_lesson


def export_lessons(project: Project, chosen: Iterable[Lesson]) -> Published:
    """Put the modules of these lessons into the package. Raises LessonError where one is not fit to be a module."""
    with lock(project):
        return publish(project, [judge_lesson(project, lesson).lesson for lesson in dict.fromkeys(chosen)])
