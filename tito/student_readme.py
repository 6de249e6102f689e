"""The README of a student edition."""

from __future__ import annotations

TEXT = """# My TinyTorch

In this folder you build a deep-learning library, `tinytorch`, one lesson after the other. The lessons lie in
`modules/`; what you complete is exported to `tinytorch/`, and the lessons after it use your code.

    tito module list            the lessons, what each makes, and which it needs
    tito module start 01        open a lesson in JupyterLab (or open its file in any editor)
    tito module test 01         run its checks; each says what came, what was wanted, and what to look at again
    tito module complete 01     when all checks pass: export it, so that the next lesson can use it
    tito module reset 01        start a lesson anew; your version is kept in .tito/backups
    tito roofline 18            measure this machine, and set your functions, or a model of yours, under its roof
    tito doctor                 what is wrong with this installation, and how to mend it

An exercise is a cell with `# YOUR CODE HERE`. Put your code in its place, run the cell, then the check below it.

`python -m pip install -e .` makes your package importable from anywhere. When lesson 18 is complete,
`python examples/digits.py` trains a network on handwritten digits with nothing but your own code.
"""
