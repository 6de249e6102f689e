"""What an update will do, worked out beside the student's files: new texts laid ready, and where each will go."""

from __future__ import annotations

import shutil
from dataclasses import dataclass
from pathlib import Path

from tito.errors import LessonError
from tito.files import read_existing, write_atomic
from tito.lesson.cell import Cell
from tito.lesson.find import lesson_paths
from tito.lesson.formats import Notebook, to_notebook
from tito.lesson.lesson import Lesson, read_lesson
from tito.moves import Move
from tito.package.module import EXPORT_MARK, STUB_MARK, Exported, maker_of, module_path
from tito.package.written import file_digest, given_files, notes_path, write_notes
from tito.project import LIBRARY, Project
from tito.record import Entry, read_record, record_path, record_text
from tito.student.changes import news
from tito.student.folder import file_of, notebook_beside, path_beside, read_file, write_file
from tito.student.graft import Cells, graft


@dataclass(frozen=True)
class LessonUpdate:
    """What becomes of a lesson.

    `state` is "updated", "new", "as it was", "not in the release" or "left alone" (its file cannot be read: `notes`).
    `carried` are the exercises whose answers come along, `news` what the release changed, `kept` the file with what
    has no place in the lesson any more; it may be empty.
    """

    lesson: str
    file: str
    state: str
    carried: tuple[str, ...] = ()
    news: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    kept: str = ""


class Plan:
    """Gathers the moves of an update of `project` to `edition`; what is new is laid ready in the folder `stage`."""

    def __init__(self, project: Project, edition: Project, stage: Path) -> None:
        self.project, self.edition, self.stage = project, edition, stage
        self.moves: list[Move] = []
        self.rows: list[LessonUpdate] = []
        self.files: list[str] = []
        self.removed: list[str] = []
        self.notes: list[str] = []
        self.entries: dict[str, Entry] = {}
        self.record = read_record(project)
        self.old = {path.parent.name: read_lesson(path) for path in lesson_paths(project, project.release)}
        self.mine = {path.parent.name: path for path in lesson_paths(project)}
        self.new = [read_lesson(path) for path in lesson_paths(edition, edition.release)]
        known = [*(lesson.path for lesson in self.old.values()), *self.mine.values(), *(n.path for n in self.new)]
        self.suffix = known[0].suffix if known else ".ipynb"

    def work_out(self) -> None:
        """Gather everything."""
        before = {lesson.number_name: self._before(lesson) for lesson in self.new}
        for lesson in self.new:
            self.rows.append(self._lesson(lesson, before[lesson.number_name]))
        for name in sorted(self.mine.keys() - set(before.values())):
            words = "The release does not hold this lesson; it stays as it is."
            file = self.project.relative(self.mine[name])
            self.rows.append(LessonUpdate(name, file, "not in the release", notes=(words,)))
        self._modules()
        self._files()
        if self.entries:
            staged = self._ready(record_path(self.project))
            write_atomic(staged, record_text(self.record | self.entries))
            self._move(staged, record_path(self.project))

    def _before(self, new: Lesson) -> str:
        """The folder that the lesson has in the student's project now: of its name, or that makes its module."""
        if new.number_name in self.old or new.number_name in self.mine:
            return new.number_name
        return next((name for name, old in self.old.items() if old.module == new.module), new.number_name)

    def _lesson(self, new: Lesson, before: str) -> LessonUpdate:
        """Work out what becomes of one lesson."""
        base, path = self.old.get(before), self.mine.get(before)
        cells = to_notebook(new, released=True)["cells"]
        was = to_notebook(base, released=True)["cells"] if base else None
        said = news(was, cells) if was is not None else ()
        self._pristine(new, base, cells)
        target = file_of(new, self.project.modules, path.suffix if path else self.suffix)
        file = self.project.relative(target)
        if path is None:
            self._stage(target, {"cells": cells, "metadata": {}})
            return LessonUpdate(new.number_name, file, "new")
        if was is not None and not said and path == target:
            return LessonUpdate(new.number_name, file, "as it was")
        try:
            mine = read_file(path)
        except LessonError as error:
            words = f"{error.message} It was left as it is; `tito module reset {new.number}` brings the new lesson."
            return LessonUpdate(new.number_name, self.project.relative(path), "left alone", news=said, notes=(words,))
        return self._grafted(new, before, path, target, cells, was, mine, said)

    def _grafted(
        self, new: Lesson, before: str, path: Path, target: Path, cells: Cells, was: Cells | None,
        mine: Notebook, said: tuple[str, ...],
    ) -> LessonUpdate:  # fmt: skip
        done = graft(cells, mine["cells"], was)
        staged = self._stage(target, {**mine, "cells": done.cells})
        if path != target:
            self.moves.append(Move(path, None))
        self._note_complete(new, before, path, staged)
        kept = ""
        if done.left:
            beside = path_beside(target)
            self._stage(beside, notebook_beside(done.left))
            kept = self.project.relative(beside)
        file = self.project.relative(target)
        return LessonUpdate(new.number_name, file, "updated", done.carried, said, done.notes, kept)

    def _pristine(self, new: Lesson, base: Lesson | None, cells: Cells) -> None:
        """The lesson as it is released now, in the place of the one before."""
        path = file_of(new, self.project.release, base.path.suffix if base else self.suffix)
        self._stage(path, {"cells": cells, "metadata": {}})
        if base and base.path != path:
            self.moves.append(Move(base.path, None))

    def _stage(self, target: Path, notebook: Notebook) -> Path:
        """Lay a lesson's new file ready for its place; where it is."""
        staged = self._ready(target)
        write_file(notebook, staged)
        self._move(staged, target)
        return staged

    def _ready(self, target: Path) -> Path:
        staged = self.stage / "new" / target.relative_to(self.project.root)
        staged.parent.mkdir(parents=True, exist_ok=True)
        return staged

    def _move(self, staged: Path, target: Path) -> bool:
        """Note the move, unless the file is there already; whether there is one to make."""
        if file_digest(staged) == file_digest(target):
            return False
        self.moves.append(Move(target, staged))
        return True

    def _note_complete(self, new: Lesson, before: str, path: Path, staged: Path) -> None:
        """A lesson that was complete, and whose code the release left alone, is complete."""
        entry, mine, now = self.record.get(before), read_lesson(path), read_lesson(staged)
        if entry and entry.digest == mine.digest and list(map(_runs, mine.code)) == list(map(_runs, now.code)):
            self.entries[new.number_name] = Entry(now.digest, entry.earned, entry.points, entry.at)

    def _modules(self) -> None:
        """Finished modules that come with the release, and stubs of lessons that are there no more."""
        made = {old.module for name, old in self.old.items() if name in self.mine} | {new.module for new in self.new}
        given = []
        for path in sorted(self.edition.package.rglob("*.py")):
            module = _module(self.edition, path)
            text = read_existing(path) or ""
            if EXPORT_MARK in text and module not in made and not text.startswith(STUB_MARK):
                given.append(Exported(maker_of(self.edition, module), module, path, True))
                self._copy(path, module_path(self.project.package, module))
        if given:
            notes = self._ready(notes_path(self.project))
            write_notes(self.project, given, notes)
            self._move(notes, notes_path(self.project))
        for path in sorted(self.project.package.rglob("*.py")):
            text = read_existing(path) or ""
            if text.startswith(STUB_MARK) and _module(self.project, path) not in made:
                self.moves.append(Move(path, None))

    def _copy(self, source: Path, target: Path) -> bool:
        staged = self._ready(target)
        shutil.copy2(source, staged)
        return self._move(staged, target)

    def _files(self) -> None:
        """The other files of the release: replaced where they differ, taken away where it has them no more."""
        now, before = given_files(self.edition), given_files(self.project)
        for name, digest in now.items():
            target = self.project.root / name
            had = file_digest(target)
            if had != digest and self._copy(self.edition.root / name, target):
                self.files.append(name)
                if had and name in before and had != before[name]:
                    self.notes.append(f"You had changed {name}; the release's is in its place, yours is in the backup.")
        for name, digest in before.items():
            target = self.project.root / name
            if name not in now and file_digest(target) == digest:
                self.moves.append(Move(target, None))
                self.removed.append(name)
        self._copy(self.edition.state / "files.json", self.project.state / "files.json")


def _module(project: Project, path: Path) -> str:
    return ".".join((LIBRARY, *path.relative_to(project.package).with_suffix("").parts))


def _runs(cell: Cell) -> tuple:
    """What matters when a cell is run and judged."""
    return cell.source, cell.grade_id, cell.grade, cell.solution, cell.points
