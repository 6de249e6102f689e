"""What an update will do, worked out beside the student's files: new files laid ready, and where each will go."""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from tito.errors import Finding, LessonError, in_sentences
from tito.files import Transaction, file_digest, write_atomic
from tito.lesson.cell import Cell
from tito.lesson.find import file_in, lesson_paths
from tito.lesson.formats import write_cells
from tito.lesson.lesson import Lesson, read_lesson
from tito.package.contents import is_stub
from tito.package.module import module_name, module_path
from tito.package.notes import exports_path, files_path, given_files, note_exports, read_exports
from tito.project import Project
from tito.record import Entry, read_record, record_path, record_text
from tito.student.changes import changes
from tito.student.folder import cells_beside, path_beside
from tito.student.graft import graft


@dataclass(frozen=True)
class LessonUpdate:
    """What becomes of a lesson.

    `state` is "updated", "new", "as it was", "not in the release" or "left alone" (its file cannot be read: `notes`).
    `carried` are the exercises whose answers come along, `news` what the release changed, `findings` what else to know,
    and `kept` the file with what has no place in the lesson any more; it may be empty.
    """

    lesson: str
    file: str
    state: str
    carried: tuple[str, ...] = ()
    news: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    kept: str = ""
    notes = in_sentences


class Plan:
    """Gathers the changes of an update of `project` to `edition`; what is new is laid ready in the folder `stage`."""

    def __init__(self, project: Project, edition: Project, stage: Path) -> None:
        self.project, self.edition = project, edition
        self.change = Transaction(project.root, stage)
        self.rows: list[LessonUpdate] = []
        self.files: list[str] = []
        self.removed: list[str] = []
        self.findings: list[Finding] = []
        self.entries: dict[str, Entry] = {}
        self.record = read_record(project)
        self.old = {path.parent.name: read_lesson(path) for path in lesson_paths(project, project.release)}
        self.mine = {path.parent.name: path for path in lesson_paths(project)}
        self.new = [read_lesson(path) for path in lesson_paths(edition, edition.release)]
        known = [*(lesson.path for lesson in self.old.values()), *self.mine.values(), *(n.path for n in self.new)]
        self.suffix = next((path.suffix for path in known), ".ipynb")

    def work_out(self) -> None:
        """Gather everything."""
        before = {lesson.number_name: self._before(lesson) for lesson in self.new}
        for lesson in self.new:
            self.rows.append(self._lesson(lesson, before[lesson.number_name]))
        for name in sorted(self.mine.keys() - set(before.values())):
            said = Finding("not-in-release", "The release does not hold this lesson; it stays as it is.")
            file = self.project.relative(self.mine[name])
            self.rows.append(LessonUpdate(name, file, "not in the release", findings=(said,)))
        self._modules()
        self._files()
        if self.entries:
            staged = self.change.ready(record_path(self.project))
            write_atomic(staged, record_text(self.record | self.entries))
            self.change.replace(record_path(self.project), staged)

    def _before(self, new: Lesson) -> str:
        """The folder that the lesson has in the student's project now: of its name, or that makes its module."""
        if new.number_name in self.old or new.number_name in self.mine:
            return new.number_name
        return next((name for name, old in self.old.items() if old.module == new.module), new.number_name)

    def _lesson(self, new: Lesson, before: str) -> LessonUpdate:
        base, path = self.old.get(before), self.mine.get(before)
        said = changes(base.cells, new.cells) if base else ()
        self._pristine(new, base)
        target = file_in(self.project.modules, new.number_name, path.suffix if path else self.suffix)
        file = self.project.relative(target)
        if path is None:
            self._stage(target, new.cells)
            return LessonUpdate(new.number_name, file, "new")
        if base is not None and not said and path == target:
            return LessonUpdate(new.number_name, file, "as it was")
        try:
            mine = read_lesson(path)
        except LessonError as error:
            fix = f"It was left as it is; `tito module reset {new.number}` brings the new lesson."
            left = Finding("unreadable", error.message, fix=fix)
            file = self.project.relative(path)
            return LessonUpdate(new.number_name, file, "left alone", news=said, findings=(left,))
        return self._grafted(new, base, mine, target, said)

    def _grafted(
        self, new: Lesson, base: Lesson | None, mine: Lesson, target: Path, said: tuple[str, ...]
    ) -> LessonUpdate:
        done = graft(new.cells, mine.cells, base.cells if base else None)
        staged = self._stage(target, done.cells, mine.metadata)
        if mine.path != target:
            self.change.remove(mine.path)
        self._note_complete(new, mine, staged)
        kept = ""
        if done.left:
            beside = path_beside(target)
            self._stage(beside, cells_beside(done.left))
            kept = self.project.relative(beside)
        file = self.project.relative(target)
        return LessonUpdate(new.number_name, file, "updated", done.carried, said, done.findings, kept)

    def _pristine(self, new: Lesson, base: Lesson | None) -> None:
        """The lesson as it is released now, in the place of the one before."""
        path = file_in(self.project.release, new.number_name, base.path.suffix if base else self.suffix)
        self._stage(path, new.cells)
        if base and base.path != path:
            self.change.remove(base.path)

    def _stage(self, target: Path, cells: Sequence[Cell], metadata: dict | None = None) -> Path:
        """Lay a lesson's new file ready for its place; where it is."""
        staged = self.change.ready(target)
        write_cells(cells, staged, metadata)
        self.change.replace(target, staged)
        return staged

    def _note_complete(self, new: Lesson, mine: Lesson, staged: Path) -> None:
        """A lesson that was complete, and whose code the release left alone, is complete."""
        entry, now = self.record.get(mine.number_name), read_lesson(staged)
        if entry and entry.digest == mine.digest and list(map(_runs, mine.code)) == list(map(_runs, now.code)):
            self.entries[new.number_name] = Entry(now.digest, entry.earned, entry.points, entry.at)

    def _modules(self) -> None:
        """Finished modules that come with the release, and stubs of lessons that it does not hold."""
        made = {old.module for name, old in self.old.items() if name in self.mine} | {new.module for new in self.new}
        given = {module: note for module, note in read_exports(self.edition).items() if module not in made}
        for module in given:
            self._copy(module_path(self.edition.package, module), module_path(self.project.package, module))
        if given:
            staged = self.change.ready(exports_path(self.project))
            note_exports(self.project, given, staged)
            self.change.replace(exports_path(self.project), staged)
        for path in sorted(self.project.package.rglob("*.py")):
            if is_stub(path) and module_name(self.project.package, path) not in made:
                self.change.remove(path)

    def _copy(self, source: Path, target: Path) -> bool:
        staged = self.change.ready(target)
        shutil.copy2(source, staged)
        return self.change.replace(target, staged)

    def _files(self) -> None:
        """The other files of the release: replaced where they differ, taken away where it has them no more."""
        now, before = given_files(self.edition), given_files(self.project)
        for name, digest in now.items():
            target = self.project.root / name
            had = file_digest(target)
            if had != digest and self._copy(self.edition.root / name, target):
                self.files.append(name)
                if had and name in before and had != before[name]:
                    text = f"You had changed {name}; the release's is in its place, yours is in the backup."
                    self.findings.append(Finding("file-replaced", text, name))
        for name, digest in before.items():
            target = self.project.root / name
            if name not in now and file_digest(target) == digest:
                self.change.remove(target)
                self.removed.append(name)
        self._copy(files_path(self.edition), files_path(self.project))


def _runs(cell: Cell) -> tuple:
    """What matters when a cell is run and judged."""
    return cell.source, cell.grade_id, cell.grade, cell.solution, cell.points
