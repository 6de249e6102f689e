"""The texts of a course folder: nbgrader's configuration of it, and a README for the instructor."""

from __future__ import annotations

CONFIG = '''\
"""nbgrader's configuration of this course, written by `tito grade init`; nbgrader reads it where it is run."""

from pathlib import Path

here = Path(__file__).resolve().parent
c = get_config()  # noqa: F821

c.CourseDirectory.course_id = "{course_id}"
c.CourseDirectory.root = str(here)
c.Exchange.root = str(here / "exchange")

# A cell may take as long as in `tito module test`, and may print as much before it is heard.
c.Execute.timeout = {timeout}
c.Execute.iopub_timeout = {timeout}

# A submission is read whatever state its file is in, and run by the rules of tito's runner: a verdict comes from what a
# check raised, never from what it printed. nbgrader's own list, with `Run` in the place of its `Execute`.
c.Autograde.exporter_class = "tito.grading.plugin.Reader"
c.Autograde.autograde_preprocessors = [
    "tito.grading.plugin.Run",
    "nbgrader.preprocessors.IgnorePattern",
    "nbconvert.preprocessors.ClearMetadataPreprocessor",
    "nbgrader.preprocessors.LimitOutput",
    "nbgrader.preprocessors.SaveAutoGrades",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
]

# Feedback shows the student's work, the points and the messages, and no hidden test.
c.GenerateFeedback.preprocessors = [
    "nbgrader.preprocessors.GetGrades",
    "tito.grading.plugin.HideTests",
    "nbconvert.preprocessors.CSSHTMLHeaderPreprocessor",
]
'''

README = """\
# {course_id}: a course for nbgrader

Made by `tito grade init` from TinyTorch's lessons. The layout is nbgrader's own, and its commands are run in this
folder, with `nbgrader` and `tito` installed.

| assignment | points by checks | points by hand |
|---|---|---|
{rows}

`source/` holds the lessons with solutions and hidden tests, `gradebook.db` the points, `exchange/` what goes to
students and comes back, `nbgrader_config.py` the settings.

## One lesson, from release to feedback

    nbgrader validate source/{first}/{file}
    nbgrader generate_assignment {first}
    nbgrader release_assignment {first}
    nbgrader collect {first}
    tito grade check {first}
    nbgrader autograde {first}
    nbgrader generate_feedback {first}
    nbgrader release_feedback {first}
    nbgrader export

`validate` runs the master, which passes its own checks. `generate_assignment` makes `release/{first}`, without
solutions and hidden tests, and `release_assignment` puts it into the exchange. `collect` brings what was handed in to
`submitted/`, and `tito grade check` says what is wrong with those files. `autograde` runs them and gives points,
`generate_feedback` writes a page for each student, which `release_feedback` puts into the exchange; `export` writes
all points to grades.csv.

`release_feedback` is for what came by `nbgrader submit`. A notebook that was copied into `submitted/` by hand has no
`timestamp.txt` and no `submission_secret.txt` beside it, and `release_feedback` ends in a traceback over the first
such student: name them, as in `nbgrader release_feedback {first} --CourseDirectory.student_id_exclude=ada,bo`, and
give them their pages in `feedback/` yourself.

Open questions are graded by hand between `autograde` and `generate_feedback`, in nbgrader's formgrader: run `jupyter
lab` in this folder and choose Nbgrader, Formgrader.

## What a student does

    nbgrader fetch_assignment {first} --course {course_id} --Exchange.root={exchange}
    nbgrader submit {first} --course {course_id} --Exchange.root={exchange}

Both options can stand in the student's own nbgrader_config.py instead. A student who works in a folder made by `tito
release` need not fetch anything: there `nbgrader submit modules/{first}`, with the same options, hands in the lesson.

## What a lesson imports

Beside each notebook lies a package `tinytorch`: the reference of the lessons before it, and in the place of the
lesson's own module one that only says that it is not built. So a lesson runs wherever its folder lies, whatever the
student built earlier, and none can be passed by importing its own reference. It also means that releasing a lesson
gives away the solutions of the earlier ones: release it when they are due.

## What nbgrader's own commands do here

`autograde` never changes a file in `submitted/`: it grades a copy, in `autograded/`, in which the checks are those of
`source/`. What had to be mended in it, such as a check that was deleted, stands at its top, in the log, and in the
feedback. A file that cannot be read earns 0 points and says so. An answer that ends the process, or takes longer than
{timeout} s, keeps the points of the checks before it. `autograde` runs what students wrote with your own rights on
this machine: grade people you trust, or in a container.

"Attribute checksum ... has changed!" in `autograde`'s log is no sign of cheating: nbgrader says it of each check with
hidden tests, since it puts the whole check in the place of the one that students have.
"""
