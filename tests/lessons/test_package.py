"""The package: in step with its lessons, light to import, and whole with any part of them built."""

from __future__ import annotations

import ast
import builtins
import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from tito.lesson.find import lesson_paths, lessons
from tito.package.contents import copy_handwritten, export
from tito.package.module import exported_names, module_name, module_path, render
from tito.project import Project

ROOT = Path(__file__).resolve().parents[2]
NUMBERS = [path.parent.name[:2] for path in lesson_paths(Project(ROOT))]
HEAVY = ("numba", "llvmlite", "scipy", "matplotlib", "torch", "ml_dtypes", "rich", "nbdev", "IPython", "jupytext")


def python(folder: Path, code: str) -> dict:
    """Run code in a fresh Python that finds the package in `folder`; what it prints is JSON."""
    done = subprocess.run([sys.executable, "-c", code], cwd=folder, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return json.loads(done.stdout)


def loaded_by(statement: str) -> set[str]:
    """Which of the heavy packages, and of the library's modules, a fresh Python has loaded after the statement."""
    code = f"import json, sys; {statement}; print(json.dumps(sorted(sys.modules)))"
    modules = set(python(ROOT, code))
    return {name for name in HEAVY if name in modules} | {n for n in modules if n.startswith("tinytorch.")}


def test_importing_the_package_loads_nothing_heavy():
    assert loaded_by("import tinytorch") == set()
    assert not set(HEAVY) & loaded_by("from tinytorch import Tensor, Linear, Adam, Trainer, CrossEntropyLoss")


@pytest.mark.parametrize("number", NUMBERS)
def test_numba_is_loaded_by_the_lessons_with_kernels_alone(real, number):
    lesson = next(lesson for lesson in lessons(real) if lesson.number == number)
    heavy = set(HEAVY) & loaded_by(f"import {lesson.module}")
    compiles = number in ("15", "16", "18", "20", "21")
    assert heavy <= ({"numba", "llvmlite", "ml_dtypes", "scipy"} if compiles else set())
    assert ("numba" in heavy) == compiles


def test_every_exported_name_can_be_taken_from_the_package(real):
    names = sorted(name for lesson in lessons(real) for name in lesson.exports)
    code = f"import json, tinytorch; print(json.dumps([n for n in {names!r} if getattr(tinytorch, n) is None]))"
    assert python(ROOT, code) == []
    assert len(names) == len(set(names))


def test_an_unknown_name_is_an_attribute_error():
    code = "import json, tinytorch\ntry:\n    tinytorch.x\nexcept AttributeError as e:\n    print(json.dumps(str(e)))"
    assert python(ROOT, code) == "module 'tinytorch' has no attribute 'x'"


@pytest.mark.parametrize("number", NUMBERS)
def test_the_package_is_in_step_with_its_lesson(real, number):
    lesson = next(lesson for lesson in lessons(real) if lesson.number == number)
    path = module_path(real.package, lesson.module)
    assert path.read_text(encoding="utf-8") == render(lesson), f"run `tito export {number}`"


SUBSETS = {
    "nothing": [], "the first": ["01"], "the first four": ["01", "02", "03", "04"], "all but autograd": ["!05"],
    "all but the tensor": ["!01"], "the last alone": ["21"], "every second": ["01", "03", "05", "07"],
}  # fmt: skip
WALK = """
import json, tinytorch
from tinytorch import *
from tinytorch import nn, optim
answers = {}
for module, names in tinytorch._EXPORTS.items():
    for name in {min(names), max(names)}:
        try:
            answers[name] = type(getattr(tinytorch, name)).__name__
        except ImportError as error:
            answers[name] = str(error)
lists = [dir(nn), dir(nn.functional), dir(optim)]
print(json.dumps({"names": answers, "all": tinytorch.__all__, "dir": dir(tinytorch), "lists": lists}))
"""


@pytest.mark.parametrize("subset", SUBSETS)
def test_the_package_answers_with_any_part_of_the_lessons_built(real, tmp_path, subset):
    """What is built and has what it needs can be used; everything else names the lesson to complete and the command."""
    wanted = SUBSETS[subset]
    left_out = {number[1:] for number in wanted if number.startswith("!")}
    every = lessons(real)
    built = {x.module for x in every if (x.number not in left_out if left_out else x.number in wanted)}
    write_package(real, tmp_path / "tinytorch", built)
    answer = python(tmp_path, WALK)
    usable = {module for module in built if needs(real, module) <= built}
    for lesson in every:
        said = {name: answer["names"][name] for name in (min(lesson.exports), max(lesson.exports))}
        if lesson.module in usable:
            assert not [name for name, text in said.items() if "tito module complete" in text]
        else:
            assert all("is not built yet: finish lesson" in text for text in said.values()), said
            assert all("run `tito module complete" in text for text in said.values()), said
    offered = {name for x in every if x.module in usable for name in x.exports} | handwritten(real, built)
    assert set(answer["all"]) == offered - set(dir(builtins))
    assert set(answer["all"]) <= set(answer["dir"])
    assert all(answer["lists"])


def write_package(project: Project, package: Path, built: set[str]) -> None:
    """A package in which these modules of lessons are built and the others are not."""
    for module in built:
        target = module_path(package, module)
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(module_path(project.package, module), target)
    copy_handwritten(project.package, package)
    export(project, [], into=package)  # the stubs and the __init__ files


ASKED = """
import json, tinytorch
from tinytorch import nn, optim
x, said = tinytorch.Tensor([[1.0, -2.0]]), []
for ask in (
    lambda: x.relu(), lambda: nn.functional.softmax(x), lambda: tinytorch.rand(2), lambda: nn.Linear,
    lambda: nn.CrossEntropyLoss, lambda: tinytorch.cat([x, x]), lambda: x.cumsum(0), lambda: optim.SGD,
    lambda: nn.utils.clip_grad_norm_([x], 1.0),
):
    try:
        said.append(str(ask()))
    except ImportError as error:
        said.append(str(error))
print(json.dumps({"said": said, "zeros": tinytorch.zeros(2, 2).tolist(), "all": tinytorch.__all__}))
"""


def test_what_another_lesson_or_given_module_does_names_the_lesson_it_waits_for(real, tmp_path):
    write_package(real, tmp_path / "tinytorch", {"tinytorch.core.tensor"})
    answer = python(tmp_path, ASKED)
    for words, number in zip(answer["said"], ["02", "02", "03", "03", "04", "05", "05", "06", "07"], strict=True):
        assert f"run `tito module complete {number}`" in words
    assert answer["zeros"] == [[0, 0], [0, 0]]
    assert {"tensor", "zeros", "arange"} <= set(answer["all"]) and not {"rand", "cat", "relu"} & set(answer["all"])


def handwritten(project: Project, built: set[str]) -> set[str]:
    """The names that the modules of tinytorch.support, and those of tinytorch.given whose lessons are built, offer."""
    paths = [path for part in ("support", "given") for path in (project.package / part).glob("*.py")]
    modules = {module_name(project.package, path): path.read_text(encoding="utf-8") for path in paths}
    usable = [module for module in modules if needs(project, module) <= built]
    return {name for module in usable for name in exported_names(modules[module])}


def needs(project: Project, module: str) -> set[str]:
    """The modules of the library that importing `module` imports, by the imports at the top of its file."""
    tree = ast.parse(module_path(project.package, module).read_text(encoding="utf-8"))
    found: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.ImportFrom) and node.level:
            package = ".".join(module.split(".")[: -node.level])
            found |= {f"{package}.{node.module}"} if not node.module.startswith("support.") else set()
        elif isinstance(node, ast.ImportFrom) and node.module.startswith(("tinytorch.core.", "tinytorch.given.")):
            found |= {node.module}
    lessons = {name for name in found if not name.startswith("tinytorch.given.")}
    return lessons.union(*(needs(project, other) for other in found))
