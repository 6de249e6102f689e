"""A module that would end in a NameError is not exported: what it lacks is named, with the cell and what to do."""

from __future__ import annotations

import pytest

from tests.tito.small_project import FIRST, codes, write_lesson
from tito.actions.complete import complete
from tito.lesson.find import find_lesson, lessons
from tito.package.module import render
from tito.package.names import undefined_names

UNEXPORTED = FIRST.replace("#| export\nimport math", "import math")


def test_a_module_imported_in_a_cell_that_is_not_exported_stops_completing(project):
    write_lesson(project.root, UNEXPORTED)
    done = complete(project, find_lesson(project, "1"))
    assert done.stopped_at == "import" and codes(done.findings) == ["not-exported"] and not project.package.exists()
    assert done.result.earned == 5.0
    assert done.problems == (
        "tinytorch.core.first lacks math: root (line 39) uses it, and line 21, which defines it, is not exported. Put"
        " `#| export` at the top of line 21; or define math in the cell that uses it.",
    )


def test_a_helper_in_a_cell_of_ones_own_stops_completing(project):
    helper = '# %%\ndef twice(x):\n    return 2 * x\n\n# %% nbgrader={"solution": true, "grade_id": "double"}'
    text = FIRST.replace('# %% nbgrader={"solution": true, "grade_id": "double"}', helper)
    write_lesson(project.root, text.replace("    return 2 * x\n    ###", "    return twice(x)\n    ###"))
    done = complete(project, find_lesson(project, "1"))
    assert codes(done.findings) == ["not-exported"] and "lacks twice: double (line " in done.problems[0]


def test_a_name_that_nothing_defines_is_told_and_stops_nothing(project):
    write_lesson(project.root, FIRST.replace("return 2 * x", "return 2 * x if x else nothing"))
    done = complete(project, find_lesson(project, "1"))
    assert done.done and codes(done.findings) == ["undefined"]


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("x = 1\ndef f(y): return x + y + len([z for z in [y]])", set()),
        ("def f(): return a.b(c)", {"a", "c"}),
        ("def f():\n    global g\n    g = 1\ndef h(): return g", set()),
        ("class A:\n    b = 1\n    def c(self): return b", {"b"}),
        ("import os.path as p, sys\nfrom math import *\ndef f(): return anything", set()),
        ("try:\n    1 / 0\nexcept ZeroDivisionError as e:\n    print(e, __name__)", set()),
        ("def f(x):\n    def g(): return x\n    return g", set()),
        ("lambda: missing", {"missing"}),
        ("x: int = 1\nclass A:\n    y: Missing", {"Missing"}),
    ],
)
def test_undefined_names_are_those_that_python_would_not_find(text, wanted):
    assert undefined_names(text) == wanted


def test_no_lesson_of_the_course_lacks_a_name(real):
    assert [(lesson.number, undefined_names(render(lesson))) for lesson in lessons(real)] == [
        (lesson.number, set()) for lesson in lessons(real)
    ]
