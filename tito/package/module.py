"""A lesson's module: the text that nbdev's exporter makes of it, or a stub that says how to build it."""

import ast
import textwrap
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

from tito.errors import LessonError
from tito.lesson.code import names_module, without_cell_magic
from tito.lesson.formats import to_notebook
from tito.lesson.lesson import Lesson
from tito.lesson.quick_import import quick_import
from tito.lesson.regions import without_markers
from tito.lesson.rules import check_rules
from tito.project import LIBRARY

STUB_MARK = "# NOT BUILT YET:"


def module_path(package: Path, module: str) -> Path:
    """Where `module` is, its top-level package being the folder `package`."""
    return package.joinpath(*module.split(".")[1:-1], module.split(".")[-1] + ".py")


def module_name(package: Path, path: Path) -> str:
    """The module that a file of the folder `package` is."""
    return ".".join((LIBRARY, *path.relative_to(package).with_suffix("").parts))


def render_checked(lesson: Lesson, student: bool) -> str:
    """The module of a lesson that keeps the rules; raises LessonError where it does not."""
    problems = check_rules(lesson, student=student)
    if problems:
        more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
        raise LessonError(f"{problems[0].text}{more}")
    return render(lesson)


def render(lesson: Lesson) -> str:
    """The module that the lesson becomes, as nbdev writes it. Nothing is written outside a temporary folder.

    Raises LessonError where the lesson names no module, exports nothing, or exports code that is not Python.
    """
    if not names_module(lesson.module):
        raise LessonError(f"{lesson.file}: `#| default_exp` names no module, such as core.{lesson.name}.")
    if not lesson.exports:
        raise LessonError(f"{lesson.file}: the lesson exports nothing; mark its cells with `#| export`.")
    text = _nbdev_export(lesson)
    try:
        compile(text, lesson.path.name, "exec", dont_inherit=True)
    except SyntaxError as error:
        where = (error.text or "").strip()
        raise LessonError(f"{lesson.file}: the module is not Python: {error.msg}, at {where!r}.") from error
    return text


def exported_names(text: str) -> list[str]:
    """The names in the `__all__` of a module's text."""
    for node in ast.parse(text).body:
        if isinstance(node, ast.Assign) and ast.unparse(node.targets[0]) == "__all__":
            return [str(name) for name in ast.literal_eval(node.value)]
    return []


def render_stub(lesson: Lesson) -> str:
    """A module that stands in for the lesson's own, and whose import says how to build that."""
    number = lesson.number
    todo = f"finish lesson {number} ({lesson.name}), then run `tito module complete {number}`."
    sentence = f"{lesson.module} is not built yet: {todo}"
    return (
        f"{STUB_MARK} lesson {lesson.number_name} makes this module. Written by tito; do not edit.\n\n"
        f"__all__ = {listing(lesson.exports)}\n\n"
        f"raise ImportError(\n    {quoted(sentence)},\n    name={quoted(lesson.module)},\n)\n"
    )


def listing(names: Iterable[str], indent: str = "") -> str:
    """A list of strings as Python text, its lines indented under `indent`."""
    inner = indent + "    "
    rows = textwrap.fill(", ".join(map(quoted, names)), 110, initial_indent=inner, subsequent_indent=inner)
    return f"[\n{rows},\n{indent}]" if rows else "[]"


def quoted(text: str) -> str:
    """A string as Python text."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _nbdev_export(lesson: Lesson) -> str:
    """nbdev's export of the lesson, made in a temporary folder laid out as the project is.

    nbdev is told every path, so it looks for no settings of its own in the current folder.
    """
    with TemporaryDirectory(prefix="tito-") as folder:
        library = Path(folder) / LIBRARY
        source = Path(folder) / "modules" / lesson.path.parent.name / lesson.path.name
        name = lesson.module.removeprefix(f"{LIBRARY}.")
        maker = quick_import("nbdev.maker").ModuleMaker(dest=library, name=name, nb_path=source)
        maker.nb_path = None  # else nbdev looks for the address of the project's pages, for the docstring
        found = _export_cells(lesson)
        maker.make(found.modules["#"], found.in_all["#"], lib_path=library)
        return maker.fname.read_text(encoding="utf-8")


def _export_cells(lesson: Lesson) -> Any:
    notebook = to_notebook(replace(cell, id="", extra={}) for cell in lesson.cells)
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":  # what is for the notebook alone goes: marks of solutions, a magic that times
            plain = without_cell_magic(cell["source"])
            cell["source"] = without_markers(plain if plain == cell["source"] else plain.lstrip("\n"))
    found = quick_import("nbdev.export").ExportModuleProc()
    nbdev_notebook = quick_import("fastcore.nbio").dict2nb(notebook)
    quick_import("nbdev.process").NBProcessor(procs=[found], nb=nbdev_notebook, process=True)
    return found
