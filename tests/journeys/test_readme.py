"""README.md to the letter: each of its commands is run, and what it shows is what comes out."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest

from tests.journeys.checkout import ROOT, copy_checkout, run

README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCK = re.compile(r"<!-- (run|output|cell|verdict): (.+?) -->\n```\w*\n(.*?)```", re.DOTALL)
BLOCKS = {(kind, name): text for kind, name, text in BLOCK.findall(README)}


@pytest.fixture(scope="module")
def checkout(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_checkout(tmp_path_factory.mktemp("readme") / "tinytorch")


def follow(name: str, folder: Path) -> str:
    """Run the commands of a block one by one, `cd` included; everything they print."""
    printed = []
    for line in BLOCKS["run", name].splitlines():
        words = shlex.split(line)
        if words[0] == "cd":
            folder = (folder / words[1]).resolve()
            continue
        done = run(words, folder)
        assert done.returncode == 0, f"{line} ended with {done.returncode}:\n{done.stdout}{done.stderr}"
        printed.append(done.stdout)
    return "".join(printed)


@pytest.fixture(scope="module")
def edition(checkout: Path) -> str:
    """What the student path prints; the folder that it makes stays."""
    follow("student", checkout)
    return run(["tito", "module", "status"], checkout.parent / "my-tinytorch").stdout


def test_the_student_path_makes_a_folder_with_blank_lessons(checkout: Path, edition: str) -> None:
    printed = edition
    assert "01_tensor" in printed and "not started" in printed
    assert "Build" not in (checkout.parent / "my-tinytorch" / "README.md").read_text(encoding="utf-8").split("\n")[0]


def test_a_blank_lesson_is_tested_as_shown(checkout: Path, edition: str) -> None:
    done = [run(shlex.split(line), checkout.parent / "my-tinytorch") for line in BLOCKS["run", "lesson"].splitlines()]
    assert [command.returncode for command in done] == [1, 0]
    assert "not built yet" in done[0].stdout


def test_the_cell_shown_is_the_lessons_and_its_answer_gets_the_verdict_shown(checkout: Path) -> None:
    path = checkout / "modules" / "02_activations" / "activations_dev.py"
    lesson = path.read_text(encoding="utf-8")
    solution = re.compile(r"    ### BEGIN SOLUTION\n.*?### END SOLUTION\n", re.DOTALL)
    shown = BLOCKS["cell", "02 rectified"]
    head, _, _ = shown.partition("    # YOUR CODE HERE\n")
    start = lesson.index(head)
    answer = re.search(r"Write `(.+?)` there, and `tito module test 02` answers", README)[1]
    given = lesson[:start] + solution.sub(f"    {answer}\n", lesson[start:], count=1)
    path.write_text(given, encoding="utf-8")
    try:
        done = run(["tito", "module", "test", "02", "--json"], checkout)
    finally:
        path.write_text(lesson, encoding="utf-8")
    (verdict,) = [v for v in json.loads(done.stdout)["verdicts"] if v["grade_id"] == "test-relu"]
    assert not verdict["passed"] and BLOCKS["verdict", "02 test-relu"].strip() == verdict["message"].strip()


def test_the_course_path_leads_from_the_lessons_to_exported_points(checkout: Path, edition: str) -> None:
    follow("course", checkout)
    follow("hand-in", checkout)
    assert "nothing to repair" in follow("grade", checkout)
    grades = (checkout.parent / "my-course" / "grades.csv").read_text(encoding="utf-8").splitlines()
    graded = [row.split(",") for row in grades if row.startswith("01_tensor,")]
    assert [float(row[-2]) for row in graded] == [0.0], "a blank lesson was handed in once"


def test_the_instructor_path_builds_a_notebook_and_prints_verdicts(checkout: Path) -> None:
    assert '"passed": true' in follow("instructor", checkout)


def test_the_contributor_path_exports_and_changes_nothing(checkout: Path) -> None:
    before = {path: path.read_bytes() for path in (checkout / "tinytorch").rglob("*.py")}
    follow("contributor", checkout)
    assert {path: path.read_bytes() for path in (checkout / "tinytorch").rglob("*.py")} == before


def test_the_importers_program_trains(checkout: Path) -> None:
    program = checkout / "importer.py"
    program.write_text(BLOCKS["run", "import"], encoding="utf-8")
    done = run(["python", "importer.py"], checkout)
    assert done.returncode == 0, done.stderr
    assert "'gradients_valid': True" in done.stdout


def test_the_lessons_shown_are_the_lessons_there(checkout: Path) -> None:
    done = run(["tito", "module", "list"], checkout)
    assert BLOCKS["output", "tito module list"] == done.stdout


@pytest.mark.parametrize("name", ["main", "test"])
def test_the_check_runs_the_set_up_commands_from_the_readme(name: str) -> None:
    script = (ROOT / ".ci" / "run").read_text(encoding="utf-8")
    assert BLOCKS["run", name].startswith("python3 -m venv")
    assert 'for name in main test; do' in script and "readme_command" in script


def test_links_lead_somewhere() -> None:
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / target).exists(), f"README.md links to {target}, which is not there"
