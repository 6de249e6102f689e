"""The README of a student edition."""

from __future__ import annotations

from tito.actions.choice import Choice
from tito.lesson.lesson import Lesson

TEXT = """# My TinyTorch

In this folder you build a deep-learning library, `tinytorch`, one lesson after the other. The lessons lie in
`modules/`; what you complete is exported to `tinytorch/`, and the lessons after it use your code.{given}

{lessons}

## Set up

Python 3.11 or newer, and a virtual environment of its own:

    python3 -m venv .venv
    source .venv/bin/activate           (on Windows: .venv\\Scripts\\activate)
    python -m pip install -e .          installs tito, and makes `import tinytorch` mean your package everywhere
    python -m pip install jupyterlab ipykernel     for JupyterLab; VS Code and Colab open the .ipynb files, too

In an environment where another TinyTorch is installed, such as that of the clone from which this folder was made,
programs such as those in examples/ find that one until `python -m pip install -e .` was run here.

## Work

    tito module list            the lessons, what each makes, and which it needs
    tito module start {first}        open a lesson in JupyterLab (or open its file in any editor)
    tito module test {first}         run its checks; each says what came, what was wanted, and what to look at again
    tito module complete {first}     when all checks pass: export it, so that the next lesson can use it
    tito module status          how far each lesson is
    tito module reset {first}        start a lesson anew; your version is kept in .tito/backups
    tito roofline {last}           measure this machine, and set your functions, or a model of yours, under its roof
    tito update FOLDER          take a newer release of the lessons from FOLDER; your answers come along
    tito doctor                 what is wrong with this installation, and how to mend it

An exercise is a cell with `# YOUR CODE HERE`. Put your code in its place, run the cell, then the check below it. Save
the file before `tito module test`: the file is what is tested. Some checks have hidden tests too, with other values,
which run where your work is graded; so build what the exercise asks for, not what its examples happen to give.

Your files are yours: nothing writes over them without a copy in `.tito/backups`. If you copy this folder, copy its
hidden files, too.
{examples}"""
GIVEN = """

The lessons before {first} are not here: their modules lie finished in `tinytorch/`, to be read and used."""
DIGITS = """
When lesson {last} is complete, `python examples/digits.py` trains a network on handwritten digits with nothing but the
package in this folder, once that is installed with `python -m pip install -e .`; with another it says so.
"""


def text(chosen: Choice, examples: list[str]) -> str:
    """The README for these lessons; `examples` are the programs that come along."""
    first, last = chosen.blank[0].number, chosen.blank[-1].number
    return TEXT.format(
        given=GIVEN.format(first=first) if chosen.given else "",
        lessons="\n".join(_row(lesson) for lesson in chosen.blank),
        first=first,
        last=last,
        examples=DIGITS.format(last=last) if "digits.py" in examples else "",
    )


def _row(lesson: Lesson) -> str:
    return f"- {lesson.title}, {lesson.points:g} points"
