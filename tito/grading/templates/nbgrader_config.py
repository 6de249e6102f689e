"""nbgrader's configuration of this course, written by `tito grade init`; nbgrader reads it where it is run."""

from pathlib import Path

from tito.grading.settings import configure

c = get_config()  # noqa: F821
configure(c, Path(__file__).resolve().parent, "{course_id}")
