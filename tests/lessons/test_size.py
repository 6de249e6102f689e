"""Each lesson is an afternoon's work: few lines in small cells, and at most half of what it exports is given."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median

import pytest

from tito.lesson.cell import Cell
from tito.lesson.code import DEFINITIONS, tree_of
from tito.lesson.find import lesson_paths
from tito.lesson.lesson import Lesson, read_lesson
from tito.project import Project

ROOT = Path(__file__).resolve().parents[2]
PATHS = {path.parent.name[:2]: path for path in lesson_paths(Project(ROOT))}

LINES = 949  # of a lesson's source
EXERCISES = range(6, 13)
MEDIAN = 8  # lines of a code cell
LONGEST = 25  # lines of any code cell
GIVEN = 15  # lines of a cell that the learner neither writes nor is judged by
SHARE = 0.5  # of what is exported, in cells without an exercise
COLUMNS = 100

# Given cells that are longer, by lesson and by the first name they define, and why they stay where they are.
READ = {
    ("01", "Tensor"): "the class that the lesson is about: its prose follows `+` through it",
    ("06", "Optimizer"): "what every optimizer inherits: the exercises fill in its step",
    ("07", "TrainingEpoch"): "the walk over the batches, which calls the learner's step",
    ("07", "Trainer"): "what the learner's functions are put together in",
    ("17", "autocast"): "the block that puts the learner's casting layer on and takes it off",
    ("17", "ScaledLoss"): "the half of GradScaler that the learner's half continues",
    ("18", "analyze_arithmetic_intensity"): "a cell of the specification: it runs what the learner wrote",
    ("18", "analyze_mixed_precision_benefits"): "a cell of the specification: it runs what the learner wrote",
}
# Cells that are longer than any may be: nothing but a class that cannot be cut.
WHOLE = {
    ("14", "Trace"): "forward and backward, which the learner writes, with their docstrings",
    ("14", "Profiler"): "six methods of a few lines, two of them the learner's",
}
# Exercises whose check needs more than they define, which is given between the two.
APART = {("17", "casting"): "the check runs the layer through autocast, which is given after it"}

Rule = Callable[[Lesson], Iterator[str]]


def size(cell: Cell) -> int:
    """The lines of a code cell that are neither blank nor a comment."""
    return sum(1 for line in cell.source.splitlines() if line.strip() and not line.lstrip().startswith("#"))


def name_of(cell: Cell) -> str:
    """The first function or class that a cell defines, else its first line."""
    defined = [node.name for node in tree_of(cell.source).body if isinstance(node, DEFINITIONS)]
    return (defined or [cell.source.strip().split("\n")[0]])[0]


def is_given(cell: Cell) -> bool:
    return not (cell.solution or cell.grade)


def source_lines(lesson: Lesson) -> list[str]:
    return lesson.path.read_text(encoding="utf-8").splitlines()


def few_lines(lesson: Lesson) -> Iterator[str]:
    if (lines := len(source_lines(lesson))) > LINES:
        yield f"{lines} lines of source, at most {LINES}"


def an_afternoons_exercises(lesson: Lesson) -> Iterator[str]:
    if len(lesson.exercises) not in EXERCISES:
        yield f"{len(lesson.exercises)} exercises, wanted {EXERCISES[0]} to {EXERCISES[-1]}"


def small_cells(lesson: Lesson) -> Iterator[str]:
    if (middle := median(map(size, lesson.code))) > MEDIAN:
        yield f"code cells of {middle:g} lines at the median, at most {MEDIAN}"
    for cell in lesson.code:
        if size(cell) > LONGEST and (lesson.number, name_of(cell)) not in WHOLE:
            yield f"{name_of(cell)}: {size(cell)} lines, at most {LONGEST}"
        elif size(cell) > GIVEN and is_given(cell) and (lesson.number, name_of(cell)) not in READ:
            yield f"{name_of(cell)}: {size(cell)} lines given, at most {GIVEN}: move them to tinytorch/support"


def half_of_it_written(lesson: Lesson) -> Iterator[str]:
    exported = [cell for cell in lesson.code if cell.is_export]
    given = sum(size(cell) for cell in exported if not cell.is_exercise)
    if given > SHARE * sum(map(size, exported)):
        yield f"{given} of {sum(map(size, exported))} exported lines are in cells without an exercise"


def narrow_lines(lesson: Lesson) -> Iterator[str]:
    """Wider ones scroll sideways in JupyterLab; the percent file's own marks are not shown there."""
    for number, line in enumerate(source_lines(lesson), 1):
        if len(line) > COLUMNS and not line.startswith("# %%"):
            yield f"line {number}: {len(line)} columns, at most {COLUMNS}"


def no_probing(lesson: Lesson) -> Iterator[str]:
    for cell in lesson.code:
        if any(isinstance(node, ast.Name) and node.id == "hasattr" for node in ast.walk(tree_of(cell.source))):
            yield f"{name_of(cell)} asks hasattr"


def exercises_are_found(lesson: Lesson) -> Iterator[str]:
    """A heading names what is written, and the check below says whose check it is."""
    text = "\n".join(cell.source for cell in lesson.cells if cell.kind == "markdown")
    headings = {name for names in re.findall(r"^### Exercise: (.+)$", text, re.MULTILINE)
                for name in re.split(r", | and ", names)}
    for cell in lesson.exercises:
        defined = {node.name for node in ast.walk(tree_of(cell.source)) if isinstance(node, DEFINITIONS)}
        if defined and not defined & headings:
            yield f"no heading `### Exercise: {name_of(cell)}`"
    for cell in lesson.checks:
        if not re.match(r"# Check of .*: run it when .* (has|have) run\.\n", cell.source):
            yield f"{cell.grade_id} does not begin with `# Check of ...: run it when your cell has run.`"


def the_check_is_right_below(lesson: Lesson) -> Iterator[str]:
    """Nothing is between an exercise and its check but given lines that make use of the one or serve the other."""
    for index, cell in enumerate(lesson.cells):
        if cell.is_exercise and cell.kind == "code":
            after = next(other for other in lesson.cells[index + 1 :] if other.kind != "code" or not is_given(other))
            if not after.is_check and (lesson.number, cell.grade_id) not in APART:
                yield f"{cell.grade_id}: its check is not right below it"


RULES: tuple[Rule, ...] = (
    few_lines, an_afternoons_exercises, small_cells, half_of_it_written, narrow_lines, no_probing, exercises_are_found,
    the_check_is_right_below,
)  # fmt: skip


def problems(lesson: Lesson) -> list[str]:
    return [problem for rule in RULES for problem in rule(lesson)]


@pytest.mark.parametrize("number", sorted(PATHS))
def test_a_lesson_has_a_lessons_size(number):
    assert problems(read_lesson(PATHS[number])) == []


def test_each_exception_is_still_needed():
    for (number, name), reason in {**READ, **WHOLE}.items():
        cell = next(cell for cell in read_lesson(PATHS[number]).code if name_of(cell) == name)
        assert size(cell) > GIVEN and len(reason.split()) > 4


SOURCE = '''# ---
# ---
# %% [markdown]
# # Lesson
# %%
#| export
{given}
# %% nbgrader={{"solution": true, "grade_id": "twice"}}
#| export
def twice(x):
    """2 x."""
    ### BEGIN SOLUTION
    return 2 * x
    ### END SOLUTION
# %% nbgrader={{"grade": true, "grade_id": "test-twice", "points": 1}}
{check}
'''


def lesson_of(tmp_path: Path, given: str = "ONE = 1", check: str = "assert twice(2) == 4") -> Lesson:
    path = tmp_path / "01_small" / "small_dev.py"
    path.parent.mkdir()
    path.write_text(SOURCE.format(given=given, check=check), encoding="utf-8")
    return read_lesson(path)


@pytest.mark.parametrize(("rule", "change", "said"), [
    (few_lines, {"given": "#\n" * LINES}, "lines of source, at most 949"),
    (an_afternoons_exercises, {}, "1 exercises, wanted 6 to 12"),
    (small_cells, {"check": "assert twice(2) == 4\n" * 26}, "26 lines, at most 25"),
    (small_cells, {"given": "def f():\n" + "    print()\n" * 15}, "f: 16 lines given, at most 15"),
    (half_of_it_written, {"given": "ONE = 1\n" * 4}, "4 of 7 exported lines are in cells without an exercise"),
    (narrow_lines, {"given": "TEXT = '" + 100 * "x" + "'"}, "109 columns, at most 100"),
    (no_probing, {"given": "SURE = hasattr(1, 'real')"}, "asks hasattr"),
    (exercises_are_found, {}, "no heading `### Exercise: twice`"),
    (exercises_are_found, {}, "test-twice does not begin with `# Check of"),
])  # fmt: skip
def test_each_rule_finds_what_it_is_against(tmp_path, rule, change, said):
    assert any(said in problem for problem in rule(lesson_of(tmp_path, **change)))


def test_a_cell_between_an_exercise_and_its_check_is_found(tmp_path):
    lesson = lesson_of(tmp_path)
    prose = next(cell for cell in lesson.cells if cell.kind == "markdown")
    cells = [part for cell in lesson.cells for part in ([cell, prose] if cell.is_exercise else [cell])]
    moved = Lesson(lesson.number, lesson.name, lesson.path, lesson.module, lesson.title, tuple(cells))
    assert list(the_check_is_right_below(moved)) == ["twice: its check is not right below it"]
    assert list(the_check_is_right_below(lesson)) == []
