"""Every real lesson: sound in form, all points solved, no point blank, and a message for whatever fails."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from tito.actions.run import run_lesson
from tito.lesson.find import lesson_paths, lessons
from tito.lesson.formats import to_percent
from tito.lesson.lesson import Lesson, blank, read_lesson
from tito.lesson.rules import check_rules
from tito.package.contents import export
from tito.project import Project
from tito.run.runner import Result

ROOT = Path(__file__).resolve().parents[2]
NAMES = [path.parent.name for path in lesson_paths(Project(ROOT))]
SPINE = [
    "01_tensor", "02_activations", "03_layers", "04_losses", "05_autograd", "06_optimizers", "07_training",
    "08_dataloader", "09_convolutions", "10_tokenization", "11_embeddings", "12_attention", "13_transformers",
    "14_profiling", "15_roofline", "16_kernels", "17_precision", "18_acceleration", "20_memoization",
    "21_compilation",
]  # fmt: skip
SPECIFIED_POINTS = {
    "test-vectorized-matmul": 10, "test-fused-gelu": 10, "test-fusion-speedup": 10, "test-mixed-precision": 15,
    "test-module": 20,
}  # fmt: skip
SPECIFIED_IDS = {
    "tensor-import", "vectorized-matmul", "fused-gelu", "unfused-gelu", "mixed-precision-trainer",
    "analyze-vectorization", "analyze-arithmetic-intensity", "analyze-mixed-precision-benefits",
    "acceleration-decision-framework", "main-execution", *SPECIFIED_POINTS,
}  # fmt: skip

every_lesson = pytest.mark.parametrize("name", NAMES)


@pytest.fixture(scope="session")
def throw_away(tmp_path_factory) -> Project:
    """A copy of the lessons and their data, with a package exported from them."""
    folder = tmp_path_factory.mktemp("project")
    for name in ("modules", "datasets"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__", ".*"))
    shutil.copyfile(ROOT / "settings.ini", folder / "settings.ini")
    project = Project(folder)
    export(project, lessons(project))
    return project


@pytest.fixture
def one_thread(monkeypatch):
    """BLAS on one thread, so that lessons that run side by side do not wait for each other's threads."""
    for name in ("OPENBLAS_NUM_THREADS", "OMP_NUM_THREADS", "MKL_NUM_THREADS"):
        monkeypatch.setenv(name, "1")


def lesson_named(project: Project, name: str) -> Lesson:
    return read_lesson(project.modules / name / f"{name[3:]}_dev.py")


def blank_copy(project: Project, name: str, folder: Path) -> Lesson:
    """The lesson as a student gets it, in a folder of its own within the project."""
    path = folder / name / f"{name[3:]}_dev.py"
    path.parent.mkdir(parents=True)
    path.write_text(to_percent(blank(lesson_named(project, name)).cells), encoding="utf-8")
    return read_lesson(path)


def checks(lesson: Lesson) -> dict[str, float]:
    return {cell.grade_id: cell.points for cell in lesson.checks}


def assert_judged(lesson: Lesson, result: Result) -> None:
    """Each graded cell has exactly one verdict, and the open questions are left to a person."""
    assert {v.grade_id: v.points for v in result.verdicts} == checks(lesson)
    assert len(result.verdicts) == len(lesson.checks)
    assert result.points == sum(checks(lesson).values()) == lesson.points
    assert list(result.manual) == [cell.grade_id for cell in lesson.manual]


def test_the_lessons_of_the_spine_are_there():
    assert set(SPINE) <= set(NAMES)


@every_lesson
def test_the_form_of_a_lesson_is_sound(real, name):
    lesson = lesson_named(real, name)
    assert check_rules(lesson) == []
    assert 30 <= lesson.points <= 200 and lesson.checks and lesson.exercises and lesson.manual


@every_lesson
def test_a_solved_lesson_earns_every_point_and_writes_nothing_to_stderr(throw_away, one_thread, name):
    lesson = lesson_named(throw_away, name)
    result = run_lesson(throw_away, lesson)
    assert_judged(lesson, result)
    assert [(v.grade_id, v.message) for v in result.verdicts if not v.passed] == []
    assert result.problems == () and result.passed and result.earned == lesson.points
    assert {v.grade_id: v.stderr for v in result.verdicts if v.stderr} == {}


@every_lesson
def test_a_blank_lesson_earns_nothing_and_says_why_for_each_check(throw_away, one_thread, name):
    lesson = blank_copy(throw_away, name, throw_away.root / "blank")
    assert checks(lesson) == checks(lesson_named(throw_away, name))
    assert check_rules(lesson, student=True) == []
    result = run_lesson(throw_away, lesson)
    assert_judged(lesson, result)
    assert [v.grade_id for v in result.verdicts if v.earned or v.passed] == []
    assert result.earned == 0 and not result.passed
    assert [v.grade_id for v in result.verdicts if len(v.message) < 20] == []
    exercises = {cell.grade_id for cell in lesson.exercises}
    unbuilt = [v for v in result.verdicts if "is not built yet" in v.message]
    assert unbuilt and all(any(f"Exercise {e} " in v.message for e in exercises) for v in unbuilt)


@every_lesson
def test_a_blank_lesson_keeps_no_answer(real, name, tmp_path):
    lesson = lesson_named(real, name)
    text = to_percent(blank(lesson).cells)
    assert "SOLUTION" not in text
    assert text.count("raise NotImplementedError(") >= len([c for c in lesson.exercises if c.kind == "code"])


@every_lesson
def test_no_two_lessons_share_a_grade_id_within_themselves(real, name):
    ids = [cell.grade_id for cell in lesson_named(real, name).cells if cell.grade_id]
    assert len(ids) == len(set(ids))


def test_the_cells_of_the_specification_keep_their_ids_and_points(real):
    lesson = lesson_named(real, "18_acceleration")
    points = checks(lesson)
    assert {name: points.get(name) for name in SPECIFIED_POINTS} == SPECIFIED_POINTS
    assert sum(SPECIFIED_POINTS.values()) == 65
    assert {cell.grade_id for cell in lesson.cells} >= SPECIFIED_IDS


def test_the_inline_tests_of_the_specification_keep_their_names(real):
    source = "\n".join(cell.source for cell in lesson_named(real, "18_acceleration").checks)
    for name in ("test_unit_vectorized_matmul", "test_unit_fused_gelu", "test_unit_fusion_speedup",
                 "test_unit_mixed_precision", "test_module"):  # fmt: skip
        assert f"def {name}():" in source and f"\n{name}()" in source


@every_lesson
def test_a_lesson_uses_only_what_earlier_lessons_export(real, name):
    modules = {lesson.module: lesson.number for lesson in lessons(real)}
    lesson = lesson_named(real, name)
    assert [m for m in lesson.requires if modules[m] >= lesson.number] == []


@every_lesson
def test_a_lesson_is_plain_text(real, name):
    """Letters, figures and signs of ASCII, and no line over 120 columns."""
    text = lesson_named(real, name).path.read_text(encoding="utf-8")
    assert text.isascii()
    assert [i for i, line in enumerate(text.splitlines(), 1) if len(line) > 120] == []
