"""tito export, notebook, doctor, release and update: commands about a folder of lessons."""

import textwrap
from pathlib import Path
from typing import TYPE_CHECKING

import click

from tito.cli import show
from tito.cli.options import Answer, LessonType, json_option, project_here

if TYPE_CHECKING:
    from tito.actions.plan import LessonUpdate
    from tito.actions.update import Updated
    from tito.lesson.lesson import Lesson

LINE = 160  # characters of what the release changed in a lesson; --json gives all of it


@click.command("export")
@click.argument("wanted", metavar="[NN]...", nargs=-1, type=LessonType())
@json_option
def export(wanted: "tuple[Lesson, ...]") -> Answer:
    """Export lessons, or all of them, without running them. They go to tinytorch/ as they are."""
    from tito.actions.complete import export_lessons
    from tito.lesson.find import lessons

    project = project_here()
    done = export_lessons(project, wanted or lessons(project))
    for row in done.rows:
        show.say(f"{row.lesson} -> {project.relative(row.path)}{'' if row.changed else ' (unchanged)'}")
    for finding in done.findings:
        show.note(str(finding))
    return Answer(done.rows)


@click.command("notebook")
@click.argument("wanted", metavar="NN...", nargs=-1, required=True, type=LessonType())
@json_option
def notebook(wanted: "tuple[Lesson, ...]") -> Answer:
    """Build the notebooks of lessons in build/notebooks. The lesson's own file stays the source."""
    from tito.actions.notebook import build_notebook

    done = [build_notebook(project_here(), lesson) for lesson in wanted]
    for row in done:
        show.say(f"{row.lesson} -> {row.path}{'' if row.changed else ' (unchanged)'}")
        if row.backup:
            show.say(f"The notebook that was there had been edited; it is kept as {row.backup}")
    return Answer(done)


@click.command("doctor")
@json_option
def doctor() -> Answer:
    """Say what is wrong with machine or folder, and the cure."""
    from tito.actions.doctor import examine
    from tito.errors import NoProject

    try:
        rows = examine(project_here())
    except NoProject:
        rows = examine(None)
    words = [("PROBLEM" if not row.ok else "note" if row.mend else "ok") for row in rows]
    cells = [[word, row.name, row.found, row.mend] for word, row in zip(words, rows, strict=True)]
    show.table(("", "what", "found", "to fix it"), cells)
    return Answer(rows, all(row.ok for row in rows))


@click.command("release")
@click.argument("folder", metavar="DIR", type=click.Path(path_type=Path))
@click.option("--lessons", default="", metavar="01-07,14", help="Only these lessons.  [default: all]")
@click.option("--from", "start", default="", metavar="NN", help="Begin here; the lessons before come finished.")
@click.option(
    "--format", "fmt", type=click.Choice(("ipynb", "py")), default="ipynb", show_default=True, help="Of the lessons."
)
@json_option
def release(folder: Path, lessons: str, start: str, fmt: str) -> Answer:
    """Make a student edition in the new folder DIR.

    It holds blank lessons, and a package that is still to be built. A folder in use is left alone: `tito update` in it
    takes the new release and keeps what was written.
    """
    from tito.actions.release import release as make_edition
    from tito.actions.selection import Selection
    from tito.program import typed

    done = make_edition(project_here(), folder, fmt, Selection(lessons, start))
    some, verb = ("1 lesson", "is") if len(done.lessons) == 1 else (f"{len(done.lessons)} lessons", "are")
    show.say(f"{some} with {done.points:g} points {verb} in {done.folder}.")
    if done.given:
        show.say(f"Finished modules come from {', '.join(done.given)}.")
    show.say(
        f"Next: `cd {typed(done.folder)}` and `python -m pip install -e .`, so that programs use the package there and"
        f" no other; then `tito module start {done.lessons[0][:2]}`."
    )
    return Answer(done)


@click.command("update")
@click.argument("folder", metavar="[FOLDER]", required=False, type=click.Path(path_type=Path))
@json_option
def update(folder: Path | None) -> Answer:
    """Bring a newer release into this student's folder.

    Your answers come along, and all that is replaced is kept. FOLDER is one that `tito release` made, or a checkout of
    the course; without it, the checkout tito comes from.
    """
    from tito.actions.update import update as bring

    done = bring(project_here(), folder)
    if done.backup:
        _show_update(done)
    else:
        show.say(" ".join([*done.notes, f"Everything is as in {done.source} already."]))
    return Answer(done)


def _show_update(done: "Updated") -> None:
    show.say(f"Updated from {done.source} (version {done.version}).")
    for row in done.lessons:
        _show_lesson(row)
    for words, names in (("Other files that are new", done.files), ("Files that are gone", done.removed)):
        if names:
            more = f" and {len(names) - 5} more" if len(names) > 5 else ""
            show.say(f"{words}: {', '.join(names[:5])}{more}.")
    for text in done.notes:
        show.say(text)
    show.say(f"All that was replaced is kept in {done.backup}.")
    show.say("Reload the lessons that are open in an editor. Next: `tito module status`.")


def _show_lesson(row: "LessonUpdate") -> None:
    show.say(f"  {row.lesson}: {row.state}")
    lines = [*(textwrap.shorten(line, LINE, placeholder=" ...") for line in row.news), *row.notes]
    if row.carried:
        lines.append(f"Your answers came along: {', '.join(row.carried)}.")
    if row.kept:
        lines.append(f"What has no place in the lesson any more is in {row.kept}.")
    for line in lines:
        show.say(line, "      ")
