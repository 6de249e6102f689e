"""Files that were damaged on the way: each gets a sentence, is repaired where it can be, and loses nothing."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.notebooks import Cells, edit, fill, fill_in, place, read, write
from tests.tito.small_project import FIRST, codes, printed, said, typed, write_lesson
from tito.actions.complete import complete
from tito.actions.release import release
from tito.lesson.find import find_lesson
from tito.lesson.formats import write_notebook
from tito.project import Project

STUB = "# YOUR CODE HERE\n    raise NotImplementedError()"
ANSWERS = {"double": "both = 2\nreturn both * x", "root": "return math.sqrt(x)"}


@pytest.fixture
def mine(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Project:
    """A student's folder with notebooks, the first lesson solved, as the current folder."""
    release(project, tmp_path / "mine")
    monkeypatch.chdir(tmp_path / "mine")
    edition = Project(tmp_path / "mine")
    fill_in(notebook(edition), ANSWERS)
    return edition


@pytest.fixture
def text_file(project: Project, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The first lesson of a student's folder of .py files, solved; that folder is the current one."""
    release(project, tmp_path / "mine", "py")
    monkeypatch.chdir(tmp_path / "mine")
    return fill_in(tmp_path / "mine/modules/01_first/first_dev.py", ANSWERS)


def notebook(project: Project) -> Path:
    """The first lesson's notebook."""
    return project.modules / "01_first/first_dev.ipynb"


def all_points() -> list[str]:
    """The codes of what is found where the lesson has all its points."""
    found = printed("module test 1")
    assert found["earned"] == 5.0
    return codes(found)


def repair(project: Project) -> dict[str, Any]:
    """Reset the lesson and keep the answers; then nothing more is found, and it can be completed."""
    before = notebook(project).read_bytes()
    done = printed("module reset 1 --keep-answers")
    backups = [path.read_bytes() for path in (project.state / "backups/01_first").rglob("*.ipynb")]
    assert before in backups
    assert all_points() == []
    assert complete(project, find_lesson(project, "1")).done
    return done


def test_the_solved_lesson_is_sound(mine):
    assert all_points() == []


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
    path = notebook(mine)
    write_notebook(read(path), path)
    text = path.read_text(encoding="utf-8")
    assert old in text
    broken = text.replace(old, new, 1)
    path.write_text(broken, encoding="utf-8")
    line = broken[: broken.index(new) + len(new)].count("\n") + 1
    told = said("module test 1", 1)
    assert words.format(line, len('"cells": [,') + 1) in told
    assert "Repair that place in a text editor; or `tito module reset 01 --keep-answers` takes over the cells" in told
    done = repair(mine)
    assert codes(done)[0] == "damaged" and "whole cells were found in it." in done["notes"][0]
    assert done["carried"] == ["double", "root"]


def test_of_a_notebook_that_was_cut_off_the_answers_before_the_cut_are_kept(mine):
    path = notebook(mine)
    text = path.read_text(encoding="utf-8")
    path.write_text(text[: text.index('"grade_id": "test-root"')], encoding="utf-8")
    assert "this notebook was cut off; it ends in the middle, at line 1, column " in said("module test 1", 1)
    assert repair(mine)["carried"] == ["double", "root"]


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


def test_options_that_are_none_are_a_lost_mark_and_repaired(mine):
    edit(notebook(mine), lambda cells: cells[place(cells, "double")]["metadata"].update(nbgrader=3))
    assert "mark-lost" in all_points()
    assert "mark-lost" in codes(repair(mine))


def test_windows_line_ends_are_read_with_a_word(text_file):
    text_file.write_bytes(text_file.read_bytes().replace(b"\n", b"\r\n"))
    assert all_points() == ["windows-lines"]
    assert "first_dev.py has Windows line ends; they were read as any others." in said("module test 1")
    assert typed("module complete 1").exit_code == 0


def test_a_byte_order_mark_is_passed_over_with_a_word(text_file):
    text_file.write_bytes(b"\xef\xbb\xbf" + text_file.read_bytes())
    assert all_points() == ["byte-order-mark"]
    assert "first_dev.py begins with a byte-order mark; it was passed over." in said("module test 1")
    assert typed("module complete 1").exit_code == 0


def test_another_encoding_is_told_with_its_line(text_file):
    text_file.write_bytes(text_file.read_bytes().replace(b"both = 2", b"both = 2  # zwei f\xfcr eins"))
    words = said("module test 1", 1)
    assert "byte 0xfc is not UTF-8. Save the file as UTF-8." in words


@pytest.mark.parametrize("before", ["\t", "  \t"])
def test_tabs_among_spaces_are_read_as_an_editor_shows_them(text_file, before):
    text = text_file.read_text(encoding="utf-8").replace("    both = 2", f"{before}both = 2")
    text_file.write_text(text, encoding="utf-8")
    assert all_points() == ["tabs", "repairable"]
    assert typed("module complete 1").exit_code == 0
    assert "\t" not in Path("tinytorch/core/first.py").read_text(encoding="utf-8")
    assert text_file.read_text(encoding="utf-8") == text


def test_tabs_that_python_takes_are_left_alone(text_file):
    more = "    if x:\n    \tpass\n    both = 2\n    # a\tb"
    text = text_file.read_text(encoding="utf-8").replace("    both = 2", more)
    text_file.write_text(text, encoding="utf-8")
    assert all_points() == []


def test_fifty_megabytes_of_output_are_read_with_a_word(mine):
    text = ["x" * 999_999 + "\n"] * 50

    def print_much(cells: Cells) -> None:
        cells[place(cells, "double")]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": text}]

    path = edit(notebook(mine), print_much)
    assert all_points() == ["large"]
    assert "first_dev.ipynb has 50 MB, nearly all of it output. Clear its outputs" in said("module test 1")
    assert typed("module complete 1").exit_code == 0
    assert path.stat().st_size > 50e6


def test_a_cell_that_prints_fifty_megabytes_is_cut_short(mine):
    much = {"cell_type": "code", "source": "print('x' * 50_000_000)", "metadata": {}}
    edit(notebook(mine), lambda cells: cells.append(much))
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
    edit(notebook(mine), change)
    assert all_points() == ["mark-lost"] * 5 + ["repairable"]
    assert typed("module complete 1").exit_code == 0
    assert repair(mine)["carried"] == ["double", "root"]


@pytest.mark.parametrize("marked", [True, False])
def test_a_cell_split_in_two_is_run_as_one(mine, marked):
    def split(cells: Cells) -> None:
        """As JupyterLab does: the second half keeps the id, and both the metadata."""
        at = place(cells, "double")
        head, line, tail = cells[at]["source"].partition("    return")
        metadata = cells[at]["metadata"] if marked else {}
        cells[at : at + 1] = [
            {**cells[at], "id": "12de49b5-379b", "source": head.rstrip("\n")},
            {**cells[at], "source": line + tail, "metadata": metadata},
        ]

    edit(notebook(mine), split)
    assert all_points() == ["split", "repairable"]
    assert codes(repair(mine)) == ["split"]


@pytest.mark.parametrize("other", ["    return 3 * x", "    return x + x"])
def test_a_copied_exercise_is_told_with_what_counts(mine, other):
    def copy(cells: Cells) -> None:
        at = place(cells, "double")
        source = cells[at]["source"].replace("    return both * x", other)
        cells.insert(at + 1, {**cells[at], "id": "2158cc24", "source": source})

    edit(notebook(mine), copy)
    found = printed("module test 1", 1)
    assert codes(found) == ["copied", "repairable"] and found["verdicts"][0]["passed"] is ("+" in other)
    assert found["problems"][0] == (
        "double is there twice, at cell 4 and cell 5: they were taken as one, in which the last definition of a name"
        " counts; make them one cell."
    )
    assert typed("module complete 1").exit_code == 1
    done = printed("module reset 1 --keep-answers")
    assert done["kept"] == "modules/01_first/first-kept.ipynb"
    assert other.strip() in notebook(mine).read_text(encoding="utf-8")
    assert "return both * x" in (mine.modules / "01_first/first-kept.ipynb").read_text(encoding="utf-8")


def test_an_answer_beside_its_blank_exercise_counts_and_is_told_with_where_to_move_it(mine):
    def move(cells: Cells) -> None:
        at = place(cells, "double")
        source = cells[at]["source"]
        own = {"cell_type": "code", "id": "own", "metadata": {}, "source": source.replace("#| export\n", "")}
        cells[at]["source"] = source.replace("both = 2\n    return both * x", STUB)
        cells.insert(at + 1, own | {"outputs": [], "execution_count": None})

    edit(notebook(mine), move)
    found = printed("module test 1", 1)
    assert found["earned"] == 5.0 and codes(found) == ["answer-elsewhere", "repairable"]
    assert found["problems"][0] == (
        "double is blank (cell 4), and double is defined in cell 5: move it into the exercise, which is what the"
        " package gets."
    )
    assert said("module complete 1", 1) and not (mine.state / "record.json").exists()
    assert codes(repair(mine)) == ["answer-elsewhere"]


def test_an_answer_in_another_exercise_is_told_with_where_to_move_it(mine):
    def move(cells: Cells) -> None:
        double, root = (cells[place(cells, name)] for name in ("double", "root"))
        double["source"] += "\n\n\n" + root["source"].replace("#| export\n", "")
        root["source"] = root["source"].replace("return math.sqrt(x)", STUB)

    edit(notebook(mine), move)
    found = printed("module test 1", 1)
    assert "answer-elsewhere" in codes(found) and "root is blank (cell 6), and root is defined in cell 4" in str(found)


def test_an_exercise_that_is_gone_is_told_with_the_way_back(mine):
    edit(notebook(mine), lambda cells: cells.pop(place(cells, "double")))
    found = printed("module test 1", 1)
    assert codes(found)[:2] == ["exercise-gone", "repairable"]
    assert found["problems"][0] == "The exercise double is gone."
    said("module reset 1 --keep-answers", 0)
    assert printed("module test 1", 1)["earned"] == 2.0


def test_an_exercise_that_became_text_is_run_as_code_with_a_word(mine):
    edit(notebook(mine), lambda cells: cells[place(cells, "double")].update(cell_type="markdown"))
    assert all_points() == ["kind-changed", "repairable"]
    assert "double (cell 4) had become a markdown cell; it was run as code." in said("module test 1")
    repair(mine)


def test_a_given_cell_that_is_gone_is_run_where_nothing_else_defines_what_it_does(mine):
    edit(notebook(mine), lambda cells: cells.pop(2))
    assert all_points() == ["given-gone", "repairable"]
    words = "A given cell that defines math is gone; it was run as it was released."
    assert words in said("module test 1")
    edit(notebook(mine), lambda cells: fill(cells, {}) or cells[2].update(
        source=cells[2]["source"].replace("#| export\n", "#| export\nimport math\n")))  # fmt: skip
    assert all_points() == []


def test_a_check_that_is_gone_comes_back_round_the_answers(mine):
    edit(notebook(mine), lambda cells: cells.pop(place(cells, "test-root")))
    assert codes(printed("module test 1", 1)) == ["check-gone", "repairable"]
    repair(mine)


def test_an_exercise_whose_function_was_renamed_is_told(mine):
    edit(notebook(mine), lambda cells: cells[place(cells, "root")].update(
        source=cells[place(cells, "root")]["source"].replace("def root", "def square_root")))  # fmt: skip
    found = printed("module test 1", 1)
    assert "not-defined" in codes(found)
    assert "The cell root (cell 6) no longer defines root, which the lesson asks for." in found["problems"]


# Magics and shell commands


@pytest.mark.parametrize(
    "scratch", ["files = !ls", "!ls", "%who", "x = %pwd", "%%bash\nls", "%%html\n<b>x</b>", "math?"]
)
def test_a_scratch_cell_that_jupyter_can_run_is_no_hindrance(mine, scratch):
    own = {"cell_type": "code", "id": "own", "metadata": {}, "source": scratch}
    edit(notebook(mine), lambda cells: cells.append(own))
    assert all_points() == []
    assert typed("module complete 1").exit_code == 0


@pytest.mark.parametrize("magic", ["%%time\n", "%%time\n\n"])
def test_a_timed_exercise_is_run_judged_and_exported(mine, magic):
    for name in ANSWERS:
        edit(notebook(mine), lambda cells, name=name: cells[place(cells, name)].update(
            source=magic + cells[place(cells, name)]["source"]))  # fmt: skip
    assert all_points() == []
    assert typed("module complete 1").exit_code == 0
    text = (mine.package / "core/first.py").read_text(encoding="utf-8")
    assert "def double" in text and "%%time" not in text


def test_a_timed_exercise_that_is_blank_is_named(mine):
    edit(notebook(mine), lambda cells: cells[place(cells, "double")].update(
        source="%%time\n" + cells[place(cells, "double")]["source"].replace("both = 2\n    return both * x", STUB)
    ))  # fmt: skip
    verdict = printed("module test 1", 1)["verdicts"][0]
    assert verdict["code"] == "not-built"
    assert verdict["message"].startswith("Exercise double is not built yet (cell 4).")


def test_a_nul_in_a_cell_is_told_with_its_line(mine):
    edit(notebook(mine), lambda cells: cells[place(cells, "double")].update(
        source=cells[place(cells, "double")]["source"] + "\n# \0"))  # fmt: skip
    found = printed("module test 1", 1)
    assert "not-python" in codes(found)
    [problem] = [row for row in found["findings"] if row["code"] == "not-python"]
    assert "The cell is not Python: a NUL character, at line 6 of the cell: # ?" in problem["text"]


# Files of something else


def test_a_notebook_of_another_course_is_told(mine):
    other = [
        {"cell_type": "markdown", "metadata": {}, "source": "# Linear regression"},
        {"cell_type": "code", "metadata": {}, "source": "print('hello')"},
    ]
    path = edit(notebook(mine), lambda cells: cells.__setitem__(slice(None), other))
    words = said("module test 1", 1)
    assert "01_first/first_dev.ipynb) tito: modules/01_first/first_dev.ipynb holds no exercise" in words
    assert "FAIL" not in words and words.count("Was it copied from another course or lesson?") == 1
    assert "`tito module reset 01` brings the lesson; this file is kept in .tito/backups." in words
    before = path.read_bytes()
    assert "holds none of the exercises of 01_first" in said("module reset 1 --keep-answers", 1)
    assert path.read_bytes() == before


def test_another_lessons_notebook_is_told(mine):
    path = notebook(mine)
    path.write_bytes((mine.modules / "02_second/second_dev.ipynb").read_bytes())
    words = said("module test 1", 1)
    assert "It makes tinytorch.core.second. Was it copied from another course or lesson?" in words
    assert words.endswith("Nothing was run.")
    assert codes(printed("module complete 1", 1)) == ["other-lesson"]


def test_a_notebook_of_another_release_is_recognised_and_put_in_form(mine, project, tmp_path):
    later = FIRST.replace('"root"', '"square-root"').replace('"test-root"', '"test-square-root"')
    write_lesson(project.root, later.replace("# First: doubling", "# First: doubling and roots"))
    release(project, tmp_path / "later")
    answers = {"double": "return 2 * x", "square-root": "return x**0.5"}
    write(read(fill_in(notebook(Project(tmp_path / "later")), answers)), notebook(mine))
    assert all_points() == ["mark-lost", "mark-lost", "repairable"]
    assert repair(mine)["carried"] == ["double", "root"]


def test_a_lesson_of_the_student_that_is_damaged_does_not_stop_the_others(mine):
    notebook(mine).write_text("", encoding="utf-8")
    assert printed("module test 2", 1)["points"] == 5.0
