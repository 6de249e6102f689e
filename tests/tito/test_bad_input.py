"""Files that were damaged on the way: each gets a sentence, is mended where it can be, and loses nothing."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from tests.tito.small_project import FIRST, write_lesson
from tito.actions.complete import complete
from tito.actions.release import release
from tito.cli import cli
from tito.lesson.find import find_lesson
from tito.lesson.formats import load_notebook, write_notebook
from tito.project import Project

STUB = "    # YOUR CODE HERE\n    raise NotImplementedError()"
ANSWERS = {"double": "    both = 2\n    return both * x", "root": "    return math.sqrt(x)"}
Cells = list[dict[str, Any]]


@pytest.fixture
def mine(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A student's folder with notebooks, the first lesson solved, as the current folder."""
    release(project, tmp_path / "mine")
    monkeypatch.chdir(tmp_path / "mine")
    edition = Project(tmp_path / "mine")
    edit(edition, solve)
    return edition


@pytest.fixture
def text_file(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The first lesson of a student's folder of .py files, solved; that folder is the current one."""
    release(project, tmp_path / "mine", "py")
    monkeypatch.chdir(tmp_path / "mine")
    path = tmp_path / "mine/modules/01_first/first_dev.py"
    text = path.read_text(encoding="utf-8")
    for answer in ANSWERS.values():
        text = text.replace(STUB, answer, 1)
    path.write_text(text, encoding="utf-8")
    return path


def edit(project: Project, change: Callable[[Cells], Any]) -> Path:
    """Change the cells of the first lesson's notebook."""
    path = project.modules / "01_first/first_dev.ipynb"
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        cell["source"] = "".join(cell["source"])
    change(notebook["cells"])
    path.write_text(json.dumps(notebook), encoding="utf-8")
    return path


def solve(cells: Cells) -> None:
    for cell in cells:
        cell["source"] = cell["source"].replace(STUB, ANSWERS.get(cell["id"], STUB))


def index(cells: Cells, name: str) -> int:
    return next(i for i, cell in enumerate(cells) if cell["id"] == name)


def typed(line: str) -> Result:
    result = CliRunner().invoke(cli, line.split(), prog_name="tito")
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


def said(line: str, code: int) -> str:
    """What a command says, on one line; it ends with `code`."""
    result = typed(line)
    assert result.exit_code == code, result.output
    return " ".join(result.output.split())


def all_points(line: str = "module test 1") -> str:
    words = said(line, 0)
    assert "5 of 5 points" in words
    return words


def mend(project: Project) -> str:
    """Put the lesson in form round its answers, and see that it is: nothing more is said, and it can be completed."""
    before = (project.modules / "01_first/first_dev.ipynb").read_bytes()
    words = said("module reset 1 --keep-answers", 0)
    backups = [path.read_bytes() for path in (project.state / "backups/01_first").rglob("*.ipynb")]
    assert before in backups
    assert "note" not in all_points()
    assert complete(project, find_lesson(project, "1")).done
    return words


def test_the_solved_lesson_is_sound(mine):
    assert "note" not in all_points()


# Files


@pytest.mark.parametrize("data", [b"", b"\n \n", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("line", ["module test 1", "module complete 1", "module start 1"])
def test_an_empty_file_is_named_with_the_way_back(text_file, data, line):
    text_file.write_bytes(data)
    words = said(line, 1)
    assert "modules/01_first/first_dev.py: this file is empty." in words
    assert "`tito module reset 01` brings the lesson back; this file is kept in .tito/backups." in words
    assert text_file.read_bytes() == data


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "this notebook is empty"),
        ('{"cells": [{"source": "x', "this notebook was cut off; it ends in the middle, at line 1, column 23"),
        ("[]", "is not a notebook in nbformat 4"),
        ('{"worksheets": []}', "is not a notebook in nbformat 4"),
        ('{"cells": [3]}', "the cell has no text in it"),
    ],
)
@pytest.mark.parametrize(
    "line", ["module test 1", "module complete 1", "module start 1", "module reset 1 --keep-answers", "export 1"]
)
def test_corrupt_json_is_named_with_the_way_back(mine, text, words, line):
    path = mine.modules / "01_first/first_dev.ipynb"
    path.write_text(text, encoding="utf-8")
    assert words in said(line, 1)
    assert path.read_text(encoding="utf-8") == text
    assert said("module status", 0).count("unreadable") == 1
    said("module reset 1", 0)
    kept = [other.read_text(encoding="utf-8") for other in (mine.state / "backups").rglob("*.ipynb")]
    assert kept == [text]


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ('"cells": [', '"cells": [,', "is damaged at line {}, column {} of the file, before `,`: Expecting value."),
        ('"metadata": {},\n   "outputs"', '"metadata": {}\n   "outputs"', "before `\"`: Expecting ',' delimiter."),
        ('"grade_id": "test-root"', '"grade_id: "test-root"', "is damaged at "),
    ],
)
def test_a_damaged_notebook_says_where_and_its_whole_cells_can_be_read(mine, old, new, words):
    notebook = find_lesson(mine, "1").path
    write_notebook(load_notebook(notebook.read_text(encoding="utf-8")), notebook)
    text = notebook.read_text(encoding="utf-8")
    assert old in text
    broken = text.replace(old, new, 1)
    notebook.write_text(broken, encoding="utf-8")
    line = broken[: broken.index(new) + len(new)].count("\n") + 1
    told = said("module test 1", 1)
    assert words.format(line, len('"cells": [,') + 1) in told
    assert "Mend that place in a text editor; or `tito module reset 01 --keep-answers` takes over the cells" in told
    again = mend(mine)
    assert "whole cells were found in it." in again and "your answers to double, root" in again


def test_of_a_notebook_that_was_cut_off_the_answers_before_the_cut_are_kept(mine):
    path = find_lesson(mine, "1").path
    text = path.read_text(encoding="utf-8")
    path.write_text(text[: text.index('"grade_id": "test-root"')], encoding="utf-8")
    assert "this notebook was cut off; it ends in the middle, at line 1, column " in said("module test 1", 1)
    assert "with your answers to double, root." in mend(mine)


@pytest.mark.parametrize(
    ("lost", "kept", "words"),
    [
        ('r"""\n# First', "# First", 'begin it with a line `r"""`, under its `# %% [markdown]`.'),
        ('doubling\n"""', "doubling", 'end its text with a line `"""`.'),
    ],
)
def test_a_text_cell_that_lost_its_quotes_is_named(text_file, lost, kept, words):
    text = text_file.read_text(encoding="utf-8")
    assert lost in text
    line = text[: text.index("# %% [markdown]")].count("\n") + 1
    text_file.write_text(text.replace(lost, kept, 1), encoding="utf-8")
    told = said("module test 1", 1)
    assert f"modules/01_first/first_dev.py, line {line}: this text cell has lost its quotes: {words}" in told
    assert "NameError" not in told


def test_a_text_cell_in_comments_may_show_quotes(text_file):
    text = text_file.read_text(encoding="utf-8")
    text_file.write_text(text + '\n# %% [markdown]\n# """\n# A docstring.\n# """\n', encoding="utf-8")
    all_points()


def test_options_that_are_none_are_named_and_mended(mine):
    edit(mine, lambda cells: cells[index(cells, "double")]["metadata"].update(nbgrader=3))
    assert "modules/01_first/first_dev.ipynb, cell 4: nbgrader=3 is not a set of options" in said("module test 1", 1)
    assert "double had lost its mark" in mend(mine)


def test_windows_line_ends_are_read_with_a_word(text_file):
    text_file.write_bytes(text_file.read_bytes().replace(b"\n", b"\r\n"))
    assert "first_dev.py has Windows line ends; they were read as any others." in all_points()
    assert typed("module complete 1").exit_code == 0


def test_a_byte_order_mark_is_passed_over_with_a_word(text_file):
    text_file.write_bytes(b"\xef\xbb\xbf" + text_file.read_bytes())
    assert "first_dev.py begins with a byte-order mark; it was passed over." in all_points()
    assert typed("module complete 1").exit_code == 0


def test_another_encoding_is_told_with_its_line(text_file):
    text_file.write_bytes(text_file.read_bytes().replace(b"both = 2", b"both = 2  # zwei f\xfcr eins"))
    words = said("module test 1", 1)
    assert "byte 0xfc is not UTF-8. Save the file as UTF-8." in words


@pytest.mark.parametrize("before", ["\t", "  \t"])
def test_tabs_among_spaces_are_read_as_an_editor_shows_them(text_file, before):
    text = text_file.read_text(encoding="utf-8").replace("    both = 2", f"{before}both = 2")
    text_file.write_text(text, encoding="utf-8")
    assert "double (line 25) mixes tabs and spaces; each tab was read as 4 spaces." in all_points()
    assert typed("module complete 1").exit_code == 0
    assert "\t" not in Path("tinytorch/core/first.py").read_text(encoding="utf-8")
    assert text_file.read_text(encoding="utf-8") == text


def test_tabs_that_python_takes_are_left_alone(text_file):
    more = "    if x:\n    \tpass\n    both = 2\n    # a\tb"
    text = text_file.read_text(encoding="utf-8").replace("    both = 2", more)
    text_file.write_text(text, encoding="utf-8")
    assert "tabs" not in all_points()


def test_fifty_megabytes_of_output_are_read_with_a_word(mine):
    text = ["x" * 999_999 + "\n"] * 50

    def print_much(cells: Cells) -> None:
        cells[index(cells, "double")]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": text}]

    path = edit(mine, print_much)
    assert "first_dev.ipynb is 50 MB large, nearly all of it output; clear its outputs" in all_points()
    assert typed("module complete 1").exit_code == 0
    assert path.stat().st_size > 50e6


def test_a_cell_that_prints_fifty_megabytes_is_cut_short(mine):
    edit(mine, lambda cells: cells.append({"cell_type": "code", "source": "print('x' * 50_000_000)", "metadata": {}}))
    result = typed("module test 1 -v")
    assert result.exit_code == 0 and "more characters" in result.stdout and len(result.stdout) < 200_000


# Cells


def without_metadata(cells: Cells) -> None:
    for cell in cells:
        cell["metadata"] = {}


def without_metadata_and_ids(cells: Cells) -> None:
    without_metadata(cells)
    for number, cell in enumerate(cells):
        cell["id"] = f"new-{number}"


@pytest.mark.parametrize("change", [without_metadata, without_metadata_and_ids])
def test_cells_without_metadata_are_known_by_what_they_say(mine, change):
    edit(mine, change)
    words = all_points()
    assert "double (cell 4), " in words and "had lost their marks and were known again." in words
    assert "`tito module reset 01 --keep-answers` puts the file itself right, round your answers." in words
    assert typed("module complete 1").exit_code == 0
    assert "double, root" in mend(mine)


@pytest.mark.parametrize("marked", [True, False])
def test_a_cell_split_in_two_is_run_as_one(mine, marked):
    def split(cells: Cells) -> None:
        """As JupyterLab does: the second half keeps the id, and both the metadata."""
        at = index(cells, "double")
        head, line, tail = cells[at]["source"].partition("    return")
        metadata = cells[at]["metadata"] if marked else {}
        cells[at : at + 1] = [
            {**cells[at], "id": "12de49b5-379b", "source": head.rstrip("\n")},
            {**cells[at], "source": line + tail, "metadata": metadata},
        ]

    edit(mine, split)
    words = all_points()
    assert "double was split in two, cell 4 and cell 5; it was taken as one." in words
    assert "`tito module reset 01 --keep-answers` puts the file itself right" in words
    assert "double was split in two cells; it is one again." in mend(mine)


@pytest.mark.parametrize("other", ["    return 3 * x", "    return x + x"])
def test_a_copied_exercise_is_told_with_what_counts(mine, other):
    def copy(cells: Cells) -> None:
        at = index(cells, "double")
        source = cells[at]["source"].replace("    return both * x", other)
        cells.insert(at + 1, {**cells[at], "id": "2158cc24", "source": source})

    edit(mine, copy)
    words = said("module test 1", 1)
    assert "double is there twice, at cell 4 and cell 5: " in words and "make them one" in words
    assert ("ok test-double" if "+" in other else "FAIL test-double") in words
    assert typed("module complete 1").exit_code == 1
    assert "all are run, and what the last of them defines is what counts" in words
    assert "double is there more than once; the last answer came along." in said("module reset 1 --keep-answers", 0)
    assert other.strip() in (mine.modules / "01_first/first_dev.ipynb").read_text(encoding="utf-8")
    kept = (mine.modules / "01_first/first-kept.ipynb").read_text(encoding="utf-8")
    assert ANSWERS["double"].strip().split("\n")[-1] in kept


def test_an_answer_beside_its_blank_exercise_is_told_with_where_to_move_it(mine):
    def move(cells: Cells) -> None:
        at = index(cells, "double")
        source = cells[at]["source"]
        own = {"cell_type": "code", "id": "own", "metadata": {}, "source": source.replace("#| export\n", "")}
        cells[at]["source"] = source.replace(ANSWERS["double"], STUB)
        cells.insert(at + 1, own | {"outputs": [], "execution_count": None})

    edit(mine, move)
    words = said("module test 1", 1)
    assert "double is blank (cell 4), and double stands at cell 5: move it into the exercise" in words
    assert said("module complete 1", 1) and not (mine.state / "record.json").exists()
    assert "The answer to double stood in a cell of its own; it is in the exercise now." in mend(mine)


def test_an_answer_in_another_exercise_is_told_with_where_to_move_it(mine):
    def move(cells: Cells) -> None:
        double, root = (cells[index(cells, name)] for name in ("double", "root"))
        double["source"] += "\n\n\n" + root["source"].replace("#| export\n", "")
        root["source"] = root["source"].replace(ANSWERS["root"], STUB)

    edit(mine, move)
    assert "root is blank (cell 6), and root stands at cell 4: move it into the exercise" in said("module test 1", 1)


def test_an_exercise_that_is_gone_is_told_with_the_way_back(mine):
    edit(mine, lambda cells: cells.pop(index(cells, "double")))
    words = said("module test 1", 1)
    assert "The exercise double is gone." in words
    assert "`tito module reset 01 --keep-answers` puts the file itself right, round your answers." in words
    said("module reset 1 --keep-answers", 0)
    assert "2 of 5 points" in said("module test 1", 1)


def test_a_check_that_is_gone_comes_back_round_the_answers(mine):
    edit(mine, lambda cells: cells.pop(index(cells, "test-root")))
    assert "The check test-root is gone" in said("module test 1", 1)
    mend(mine)


def test_an_exercise_whose_function_was_renamed_is_told(mine):
    edit(mine, lambda cells: cells[index(cells, "root")].update(
        source=cells[index(cells, "root")]["source"].replace("def root", "def square_root")))  # fmt: skip
    assert "The cell root (cell 6) no longer defines root, which the lesson asks for." in said("module test 1", 1)


# Files of something else


def test_a_notebook_of_another_course_is_told(mine):
    other = [
        {"cell_type": "markdown", "metadata": {}, "source": "# Linear regression"},
        {"cell_type": "code", "metadata": {}, "source": "print('hello')"},
    ]
    path = edit(mine, lambda cells: cells.__setitem__(slice(None), other))
    words = said("module test 1", 1)
    assert "01_first/first_dev.ipynb) tito: modules/01_first/first_dev.ipynb holds no exercise" in words
    assert "FAIL" not in words and words.count("Was it copied from another course or lesson?") == 1
    assert "`tito module reset 01` brings the lesson; this file is kept in .tito/backups." in words
    before = path.read_bytes()
    assert "holds none of the exercises of 01_first" in said("module reset 1 --keep-answers", 1)
    assert path.read_bytes() == before


def test_another_lessons_notebook_is_told(mine):
    path = mine.modules / "01_first/first_dev.ipynb"
    path.write_bytes((mine.modules / "02_second/second_dev.ipynb").read_bytes())
    words = said("module test 1", 1)
    assert "01_first/first_dev.ipynb) tito: modules/01_first/first_dev.ipynb holds no exercise" in words
    assert "It makes tinytorch.core.second. Was it copied from another course or lesson?" in words
    assert words.endswith("Nothing was run.")
    assert said("module complete 1", 1).startswith("modules/01_first/first_dev.ipynb holds no exercise")


def test_a_notebook_of_another_release_is_told_and_put_in_form(mine, project, tmp_path):
    later = FIRST.replace('"root"', '"square-root"').replace('"test-root"', '"test-square-root"')
    write_lesson(project.root, later.replace("# First: doubling", "# First: doubling and roots"))
    release(project, tmp_path / "later")
    path = mine.modules / "01_first/first_dev.ipynb"
    path.write_bytes((tmp_path / "later/modules/01_first/first_dev.ipynb").read_bytes())
    edit(mine, lambda cells: [cell.update(source=cell["source"].replace(STUB, ANSWERS["double"])) for cell in cells])
    words = said("module test 1", 1)
    assert "The check test-root is gone" in words and "The exercise root is gone." in words
    assert "test-square-root (cell 7) is no check of this lesson; it earns no points." in words
    assert "What has no place in the lesson is in modules/01_first/first-kept.ipynb" in said(
        "module reset 1 --keep-answers", 0
    )
    assert "both * x" in (mine.modules / "01_first/first-kept.ipynb").read_text(encoding="utf-8")


def test_a_lesson_of_the_student_that_is_damaged_does_not_stop_the_others(mine):
    (mine.modules / "01_first/first_dev.ipynb").write_text("", encoding="utf-8")
    assert "0 of 5 points" in said("module test 2", 1)
