"""The form of a lesson: for each rule a lesson that breaks it, and the finding that says so."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.tito.small_project import FIRST, HEADER, LESSONS, blank, write_lesson
from tito.errors import Finding
from tito.lesson.lesson import read_lesson
from tito.lesson.rules import check_rules

SOUND = '''# %%
#| default_exp core.first

# %%
#| export
import math

# %% nbgrader={"solution": true, "grade_id": "half"}
#| export
def half(x: float) -> float:
    """Half of `x`."""
    ### BEGIN SOLUTION
    return x / 2
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-half", "points": 3}
def test_unit_half():
    assert half(4.0) == 2.0

test_unit_half()
'''


def problems(folder: Path, cells: str, student: bool = False) -> list[Finding]:
    return check_rules(read_lesson(write_lesson(folder, cells)), student=student)


def only_problem(folder: Path, cells: str) -> Finding:
    found = problems(folder, cells)
    assert len(found) == 1, found
    return found[0]


def codes(found: list[Finding]) -> list[str]:
    return [finding.code for finding in found]


@pytest.mark.parametrize("cells", [SOUND, *LESSONS.values()])
def test_a_sound_lesson_has_no_problem(tmp_path, cells):
    assert problems(tmp_path, cells) == []


def test_a_blank_lesson_of_a_student_has_no_problem(tmp_path):
    assert problems(tmp_path, blank(FIRST), student=True) == []


def test_a_problem_names_its_line_and_its_cell(tmp_path):
    problem = only_problem(tmp_path, SOUND.replace('"points": 3', '"points": 0'))
    header = next(n for n, line in enumerate((HEADER + SOUND).split("\n"), 1) if "test-half" in line)
    place = f"modules/01_first/first_dev.py, line {header}"
    assert problem.where == place and problem.text.startswith(f"{place}: The graded cell") and problem.blocks


def test_problems_come_in_order_of_the_cells(tmp_path):
    cells = SOUND.replace('"points": 3', '"points": 0').replace("#| export\nimport math", "x = (")
    assert codes(problems(tmp_path, cells)) == ["not-python", "no-points"]


BROKEN = {
    "syntax": (
        "not-python",
        "import math",
        "import math math",
        "The cell is not Python: invalid syntax, at line 2 of the cell",
    ),
    "no module": (
        "no-module",
        "#| default_exp core.first",
        "",
        "names no module; begin it with `#| default_exp core.first`",
    ),
    "two modules": (
        "two-modules",
        "#| export\nimport math",
        "#| default_exp core.second\n#| export\nimport math",
        "A second `#| default_exp`; a lesson makes one module",
    ),
    "module outside": (
        "bad-module",
        "core.first",
        "../../evil",
        "`#| default_exp ../../evil` is not a module in a part of tinytorch",
    ),
    "module at the top": ("bad-module", "core.first", "first", "`#| default_exp first` is not a module"),
    "module keyword": ("bad-module", "core.first", "core.if", "`#| default_exp core.if` is not a module"),
    "late directive": (
        "late-directive",
        "#| export\nimport math",
        "# numbers\n#| export\nimport math",
        "`#| export` must be at the top of its cell; nbdev overlooks it elsewhere.",
    ),
    "indented directive": (
        "late-directive",
        "    return x / 2",
        "    #| export\n    return x / 2",
        "must be at the top of its cell",
    ),
    "export elsewhere": (
        "export-elsewhere",
        "#| export\nimport",
        "#| export core.other\nimport",
        "`#| export core.other`: a lesson",
    ),
    "no id": (
        "no-grade-id",
        ', "grade_id": "half"',
        "",
        'The cell has no grade_id; add one, as in "grade_id": "linear-forward".',
    ),
    "odd id": ("bad-grade-id", '"half"', '"a half"', "grade_id 'a half' may hold 60 letters, digits, - and _ at most."),
    "duplicated id": (
        "grade-id-twice",
        '"test-half"',
        '"half"',
        f"grade_id half is used already, at line {HEADER.count(chr(10)) + 8}",
    ),
    "no region": (
        "no-region",
        "    ### BEGIN SOLUTION\n",
        "",
        "The exercise has no solution region; put ### BEGIN SOLUTION and",
    ),
    "open region": ("bad-region", "    ### END SOLUTION\n", "", "In this cell a solution region has no END SOLUTION."),
    "region elsewhere": (
        "region-elsewhere",
        "import math",
        "### BEGIN SOLUTION\nimport math\n### END SOLUTION",
        'The cell has a solution region and is not a solution; add "solution": true',
    ),
    "stripped syntax": (
        "blank-not-python",
        'def half(x: float) -> float:\n    """Half of `x`."""\n    ### BEGIN SOLUTION\n',
        'def half(\n    ### BEGIN SOLUTION\n    x: float,\n    ) -> float:\n    """Half."""\n',
        "Without its solution the cell is not Python",
    ),
    "stripped docstring": (
        "blank-undocumented",
        '    """Half of `x`."""\n    ### BEGIN SOLUTION\n',
        '    ### BEGIN SOLUTION\n    """Half of `x`."""\n',
        "Without its solution half has no docstring; keep it outside the region.",
    ),
    "stripped export": (
        "blank-lacks-name",
        "    ### END SOLUTION\n",
        "    ### END SOLUTION\n\n### BEGIN SOLUTION\nTWO = 2\n### END SOLUTION\n",
        "Without its solution the cell does not export TWO; keep it outside.",
    ),
    "undocumented": ("undocumented", '    """Half of `x`."""\n', "", "half has no docstring; say what to build"),
    "relative import": (
        "relative-import",
        "import math",
        "from .zero import a",
        "`from .zero import a`: write the import from tinytorch",
    ),
    "import of all": ("import-of-all", "import math", "from tinytorch import Tensor", "name the module, as in `from"),
    "import in try": (
        "import-inside",
        "import math",
        "try:\n    from tinytorch.core.zero import a\nfinally:\n    pass",
        "`from tinytorch.core.zero import a` is inside another statement, where nbdev overlooks it; move it out.",
    ),
    "import over lines": (
        "import-over-lines",
        "import math",
        "from tinytorch.core.zero import (\n    a,\n    b,\n)",
        "`from tinytorch.core.zero import a, b` spans lines, which nbdev overlooks",
    ),
    "import of itself": (
        "imports-itself",
        "    assert half",
        "    import tinytorch.core.first\n    assert half",
        "The lesson imports tinytorch.core.first, which it makes",
    ),
    "import of itself as a name": (
        "imports-itself",
        "    assert half",
        "    from tinytorch.core import first\n    assert half",
        "The lesson imports tinytorch.core.first, which it makes",
    ),
    "test on import": (
        "exported-test",
        "    ### END SOLUTION\n",
        "    ### END SOLUTION\n\nif __name__ == '__main__':\n    test_module()\n",
        "The exported call of test_module would run on import; move it to a check.",
    ),
    "exported check": (
        "exported-check",
        "def test_unit",
        "#| export\ndef test_unit",
        "A graded check does not belong in the module",
    ),
    "idle check": ("idle-check", "\ntest_unit_half()", "", "The check does not call test_unit_half, so a blank"),
    "no points": ("no-points", ', "points": 3', "", 'The graded cell is worth 0 points; set its "points" above 0.'),
    "negative points": ("no-points", '"points": 3', '"points": -1', "The graded cell is worth -1 points"),
    "endless points": ("no-points", '"points": 3', '"points": Infinity', "The graded cell is worth inf points"),
}


@pytest.mark.parametrize("name", BROKEN)
def test_each_broken_rule_is_told_in_one_sentence(tmp_path, name):
    code, old, new, sentence = BROKEN[name]
    assert SOUND.count(old) >= 1
    found = problems(tmp_path, SOUND.replace(old, new, 1))
    told = [problem.text for problem in found if problem.code == code]
    assert any(sentence in text for text in told), found
    assert all("\n" not in problem.text for problem in found)


def test_a_lesson_that_exports_nothing_is_told(tmp_path):
    problem = only_problem(tmp_path, SOUND.replace("#| export\n", ""))
    assert problem.code == "no-exports" and problem.text == (
        "modules/01_first/first_dev.py: The lesson exports no name; mark the cells of the module with `#| export`."
    )


@pytest.mark.parametrize("body", ["x = 1", "pass", "import math", "# nothing"])
def test_a_check_that_does_nothing_is_told(tmp_path, body):
    cells = SOUND + f'\n# %% nbgrader={{"grade": true, "grade_id": "test-no", "points": 1}}\n{body}\n'
    problem = only_problem(tmp_path, cells)
    assert problem.code == "empty-check" and "The check calls nothing and asserts nothing" in problem.text


def test_a_check_may_assert_without_a_function(tmp_path):
    cells = SOUND + '\n# %% nbgrader={"grade": true, "grade_id": "test-yes", "points": 1}\nassert half(2) == 1\n'
    assert problems(tmp_path, cells) == []


HIDDEN = """
### BEGIN HIDDEN TESTS
def test_unit_hidden():
    assert half(-9.0) == -4.5
test_unit_hidden()
### END HIDDEN TESTS
"""


def with_hidden(region: str) -> str:
    """The sound lesson with `region` at the end of its check."""
    return SOUND.rstrip("\n") + "\n" + region.lstrip("\n")


def test_hidden_tests_after_a_check_or_in_it_are_sound(tmp_path):
    inside = "    assert half(4.0) == 2.0\n    ### BEGIN HIDDEN TESTS\n    assert half(-9.0) == -4.5\n"
    inside = SOUND.replace("    assert half(4.0) == 2.0\n", inside + "    ### END HIDDEN TESTS\n")
    assert problems(tmp_path, with_hidden(HIDDEN)) == problems(tmp_path, inside) == []


@pytest.mark.parametrize(
    ("old", "new", "code", "words"),
    [
        (
            "### END HIDDEN TESTS\n",
            "",
            "bad-hidden",
            "Each ### BEGIN HIDDEN TESTS needs its ### END HIDDEN TESTS after",
        ),
        ("### BEGIN HIDDEN TESTS\n", "", "bad-hidden", ""),
        ("test_unit_hidden()\n###", "###", "idle-check", ""),
        ("test_unit_hidden()\n###", "pass\n###", "idle-check", ""),
        ("### BEGIN", "half(2.0)  ### BEGIN", "hidden-in-line", "A mark of hidden tests must be on a line of its own"),
    ],
)
def test_hidden_tests_of_unsound_form_are_told(tmp_path, old, new, code, words):
    found = problems(tmp_path, with_hidden(HIDDEN.replace(old, new)))
    assert any(problem.code == code and words in problem.text for problem in found), found


def test_a_hidden_test_of_any_name_is_called(tmp_path):
    region = HIDDEN.replace("def test_unit_hidden", "def hidden").replace("test_unit_hidden()\n###", "###")
    found = only_problem(tmp_path, with_hidden(region))
    assert found.code == "idle-hidden"
    assert found.text.endswith(": The hidden tests hidden are not called; call them inside the region.")


def test_a_check_without_its_hidden_tests_still_checks(tmp_path):
    call = "test_unit_half()\n"
    cells = SOUND.removesuffix(call) + f"### BEGIN HIDDEN TESTS\n{call}### END HIDDEN TESTS\n"
    problem = only_problem(tmp_path, cells)
    assert problem.code == "visible-checks-nothing"
    assert "Without its hidden tests the cell checks nothing" in problem.text


def test_a_check_without_its_hidden_tests_is_still_python(tmp_path):
    cells = SOUND.replace("    assert half(4.0)", "### BEGIN HIDDEN TESTS\n    assert half(4.0)")
    cells = cells.replace("== 2.0\n", "== 2.0\n### END HIDDEN TESTS\n")
    problem = only_problem(tmp_path, cells)
    assert problem.code == "visible-not-python" and "Without its hidden tests the cell is not Python" in problem.text


def test_hidden_tests_outside_a_check_are_told(tmp_path):
    cells = SOUND.replace("import math", "import math\n### BEGIN HIDDEN TESTS\nx = 1\n### END HIDDEN TESTS")
    problem = only_problem(tmp_path, cells)
    assert problem.code == "hidden-elsewhere" and "has hidden tests and is not a graded check" in problem.text


def test_an_open_question_that_does_not_say_where_to_answer_is_told(tmp_path):
    options = 'nbgrader={"grade": true, "solution": true, "grade_id": "open", "points": 1}'
    cells = SOUND + f'\n# %% [markdown] {options}\nr"""\nWhy?\n"""\n'
    problem = only_problem(tmp_path, cells)
    assert problem.code == "no-answer-place" and "end it with `Your answer here.`" in problem.text


@pytest.mark.parametrize("options", ['"grade": true, "points": 1', '"solution": true'])
def test_a_markdown_answer_needs_grade_and_solution(tmp_path, options):
    cells = SOUND + f'\n# %% [markdown] nbgrader={{{options}, "grade_id": "open"}}\nr"""\nYour answer here.\n"""\n'
    problem = only_problem(tmp_path, cells)
    assert problem.code == "half-question" and 'needs both "grade": true and "solution": true' in problem.text


@pytest.mark.parametrize(
    "line",
    [
        "# |x| is the absolute value",
        'text = """\n#| export\n"""',
        "#| eval: false\nx = 1",
        "%matplotlib inline",
    ],
)
def test_what_only_looks_like_a_misplaced_directive_is_left_alone(tmp_path, line):
    assert problems(tmp_path, SOUND + f"\n# %%\ny = 1\n{line}\n") == []


def test_imports_inside_functions_are_left_alone(tmp_path):
    late = "    def later():\n        from tinytorch.core.zero import a\n        return a\n    return x / 2"
    assert problems(tmp_path, SOUND.replace("    return x / 2", late)) == []


def test_a_numeric_question_needs_no_docstring(tmp_path):
    question = '\n# %% nbgrader={"solution": true, "grade_id": "q"}\n### BEGIN SOLUTION\nbytes_ = 4\n### END SOLUTION\n'
    assert problems(tmp_path, SOUND + question) == []


def test_a_student_may_write_imports_as_they_like(tmp_path):
    imports = "from tinytorch.core.zero import (\n    a,\n    b,\n)\nfrom tinytorch import Tensor"
    cells = blank(SOUND).replace("import math", imports)
    assert problems(tmp_path, cells, student=True) == []


def test_in_a_students_lesson_an_edit_outside_the_rules_of_solutions_is_no_problem(tmp_path):
    edited = blank(SOUND).replace('    """Half of `x`."""\n', "").replace("raise NotImplementedError()", "return x / 2")
    assert problems(tmp_path, edited, student=True) == []
