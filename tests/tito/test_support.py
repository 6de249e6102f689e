"""What is written by hand in the package: whole in every edition, course and wheel, and nobody's prerequisite."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from tests.tito.small_project import FIRST, SECOND, write_lesson
from tito.actions.complete import complete
from tito.actions.doctor import examine
from tito.actions.release import release
from tito.actions.run import run_lesson
from tito.actions.status import missing_prerequisites, overview, status
from tito.actions.update import update
from tito.errors import LessonError
from tito.grading.course import init_course
from tito.lesson.find import find_lesson, lessons
from tito.package.contents import export
from tito.project import Project

FILES = {
    "__init__.py": '"""What lessons use and do not teach."""\n',
    "tables.py": "def row(x):\n    return f'| {x} |'\n",
    "loops/__init__.py": "",
    "loops/launch.py": "from ..tables import row\n\n\ndef launch(x):\n    return row(x)\n",
}
USES = FIRST.replace(
    "#| export\nimport math", "#| export\nimport math\nfrom tinytorch.support.loops.launch import launch"
).replace("# %%\n#| default", "# %%\nfrom tinytorch.support import tables\n\n# %%\n#| default")


@pytest.fixture
def project(project: Project) -> Project:
    """The small source tree, with modules written by hand; its first lesson uses them."""
    for name, text in FILES.items():
        path = project.package / "support" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    write_lesson(project.root, USES)
    export(project, lessons(project))
    return project


def support(package: Path) -> dict[str, str]:
    """What lies in a package's support, caches apart."""
    home = package / "support"
    return {path.relative_to(home).as_posix(): path.read_text(encoding="utf-8") for path in home.rglob("*.py")}


def test_an_export_leaves_it_alone(project):
    assert support(project.package) == FILES
    first = (project.package / "core/first.py").read_text(encoding="utf-8")
    assert "from ..support.loops.launch import launch" in first
    assert "tinytorch.support" not in (project.package / "__init__.py").read_text(encoding="utf-8")


def test_a_parts_init_that_was_written_by_hand_stays(project):
    path = project.package / "core/__init__.py"
    path.write_text('"""My own words about the core."""\n', encoding="utf-8")
    export(project, lessons(project))
    assert path.read_text(encoding="utf-8") == '"""My own words about the core."""\n'
    path.unlink()
    export(project, lessons(project))
    assert "modules exported from the lessons" in path.read_text(encoding="utf-8")


def test_it_is_no_prerequisite(project):
    lesson = find_lesson(project, "1")
    assert lesson.requires == () and missing_prerequisites(project, lesson) == ()
    assert overview(project)[0].requires == () and status(project)[0].missing == ()
    assert complete(project, lesson).done


def test_a_lesson_makes_no_module_there(project):
    write_lesson(project.root, SECOND.replace("core.second", "support.second"), "02_second")
    with pytest.raises(LessonError, match="`#. default_exp support.second`: the modules there are written by hand"):
        export(project, [find_lesson(project, "2")])


@pytest.mark.parametrize("fmt", ["ipynb", "py"])
def test_an_edition_holds_all_of_it_and_its_lessons_use_it(project, tmp_path, fmt):
    release(project, tmp_path / "mine", fmt)
    mine = Project(tmp_path / "mine")
    assert support(mine.package) == FILES
    result = run_lesson(mine, find_lesson(mine, "1"))
    assert result.problems == () and "double is not built yet" in result.verdicts[0].message
    assert [row.problem for row in status(mine)] == [""] * 3


def test_a_program_that_uses_it_comes_along(project, tmp_path):
    (project.root / "examples").mkdir()
    program = project.root / "examples/show.py"
    program.write_text("from tinytorch.support.tables import row\nprint(row(1))\n", encoding="utf-8")
    release(project, tmp_path / "mine")
    assert (tmp_path / "mine/examples/show.py").exists()


def test_a_student_completes_a_lesson_that_uses_it(project, tmp_path):
    release(project, tmp_path / "mine", "py")
    mine = Project(tmp_path / "mine")
    write_lesson(mine.root, USES)
    assert complete(mine, find_lesson(mine, "1")).done
    code = "from tinytorch.core.first import launch; print(launch(2))"
    shown = subprocess.run([sys.executable, "-c", code], cwd=mine.root, capture_output=True, text=True)
    assert shown.stdout == "| 2 |\n", shown.stderr
    assert support(mine.package) == FILES


def test_a_newer_release_brings_newer_files(project, tmp_path):
    release(project, tmp_path / "mine")
    mine, home = Project(tmp_path / "mine"), project.package / "support"
    (home / "tables.py").write_text(FILES["tables.py"].replace("|", "!"), encoding="utf-8")
    (home / "plots.py").write_text("x = 1\n", encoding="utf-8")
    (home / "loops/launch.py").unlink()
    write_lesson(project.root, USES.replace("support.loops.launch import launch", "support.plots import x"))
    done = update(mine, project.root)
    assert support(mine.package) == support(project.package)
    assert set(done.files) == {"tinytorch/support/plots.py", "tinytorch/support/tables.py"}
    assert done.removed == ("tinytorch/support/loops/launch.py",)
    assert update(mine, project.root).backup == ""


def test_a_folder_from_before_there_was_any_gets_it(project, tmp_path):
    release(project, tmp_path / "newer")
    for path in sorted((project.package / "support").rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    write_lesson(project.root, FIRST)
    release(project, tmp_path / "mine")
    mine = Project(tmp_path / "mine")
    assert support(mine.package) == {}
    update(mine, tmp_path / "newer")
    assert support(mine.package) == FILES


def test_the_doctor_names_a_file_of_it_that_was_changed_or_is_gone(project, tmp_path):
    release(project, tmp_path / "mine")
    mine = Project(tmp_path / "mine")
    [row] = [row for row in examine(mine) if row.name == "tinytorch"]
    assert row.ok
    (mine.package / "support/tables.py").write_text("x = 1\n", encoding="utf-8")
    (mine.package / "support/loops/launch.py").unlink()
    [row] = [row for row in examine(mine) if row.name == "tinytorch"]
    assert not row.ok and row.found == (
        "tinytorch/support/loops/launch.py is gone; `tito update` restores it."
        " tinytorch/support/tables.py differs from what came with this folder; `tito update` restores it."
    )
    update(mine, project.root)
    assert support(mine.package) == FILES


def test_beside_each_lesson_of_a_course_lies_all_of_it(project, tmp_path):
    course = init_course(project, tmp_path / "course")
    for name in course.assignments:
        assert support(course.folder / "source" / name / "tinytorch") == FILES


# `#| exporti`: exported, and not public

HELPERS = (
    FIRST.replace(
        "#| export\nimport math", "#| export\nimport math\n\n# %%\n#| exporti\nTWO = 2\ndef twice(x): return TWO * x"
    )
    .replace("#| export\ndef double", "#| exporti\ndef double")
    .replace('    """Return twice `x`."""\n', "")
)


def test_what_is_not_public_is_exported_and_in_no_listing(project):
    write_lesson(project.root, HELPERS)
    export(project, lessons(project))
    lesson = find_lesson(project, "1")
    assert lesson.exports == ("root",)
    init = (project.package / "__init__.py").read_text(encoding="utf-8")
    assert '"tinytorch.core.first": [\n        "root",\n    ]' in init
    code = "import tinytorch; from tinytorch.core.first import twice, double; print(twice(4), double(3))"
    command = [sys.executable, "-c", f"{code}\ntinytorch.twice"]
    shown = subprocess.run(command, cwd=project.root, capture_output=True, text=True)
    assert shown.stdout == "8 6\n" and "has no attribute 'twice'" in shown.stderr


def test_a_later_lesson_reads_it_by_import(project):
    write_lesson(project.root, HELPERS)
    write_lesson(project.root, SECOND.replace("import double", "import double, twice"), "02_second")
    assert complete(project, find_lesson(project, "1")).done
    assert missing_prerequisites(project, find_lesson(project, "2")) == ()
    assert complete(project, find_lesson(project, "2")).done


def test_an_exercise_that_is_not_public_is_released_blank_judged_and_exported(project, tmp_path):
    write_lesson(project.root, HELPERS)
    release(project, tmp_path / "mine", "py")
    mine = Project(tmp_path / "mine")
    lesson = find_lesson(mine, "1")
    assert [cell.grade_id for cell in lesson.exercises] == ["double", "root"]
    assert run_lesson(mine, lesson).unbuilt["double"].startswith("Exercise double is not built yet")
    stub = (mine.package / "core/first.py").read_text(encoding="utf-8")
    assert '__all__ = [\n    "root",\n]' in stub
    write_lesson(mine.root, HELPERS)
    assert complete(mine, find_lesson(mine, "1")).done
    assert "def double" in (mine.package / "core/first.py").read_text(encoding="utf-8")


def test_what_its_modules_offer_can_be_taken_from_the_package(project: Project) -> None:
    module = project.package / "support" / "tables.py"
    module.write_text('__all__ = ["row"]\n\n' + FILES["tables.py"], encoding="utf-8")
    export(project, lessons(project))
    code = "import tinytorch; print('row' in tinytorch.__all__, tinytorch.row(1))"
    done = subprocess.run([sys.executable, "-c", code], cwd=project.root, capture_output=True, text=True)
    assert done.stdout == "True | 1 |\n", done.stderr
