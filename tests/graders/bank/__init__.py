"""The bank: wrong solutions that must lose points, and right ones written differently that must keep them.

One file a lesson, `lesson_NN.py`, with a list CASES. To add a case, write into the list of its lesson

    wrong("matmul", "ignores the batch", "test-matmul", ("old text", "new text"), says=("(2, 3)", "wanted", "batch")),
    right("matmul", "by einsum", solution='return np.einsum("ij,jk", a, b)'),

- first the exercise's grade_id, then what the learner did, in a few words;
- then the graded cell that must lose its points (several: a tuple); a right one keeps those of all checks after it;
- then the change: any number of (old, new) replacements, each `old` once in the solution, or `solution=`, another text
  for the whole solution region, indented or not;
- `says`: what the check's message must hold as text: the value that came, the one wanted, the input, the idea.

`python -m tests.graders NN --messages` runs the lesson's cases and shows each message; without --messages only the
survivors are printed, and the exercises with too few wrong cases. A case survives when a check that should fail passes,
when it fails with something other than a sentence of the check's own, when a word of `says` is missing, or when the
message gives the answer away. Each exercise needs four wrong cases at least; write what a learner would really do.
"""

from __future__ import annotations

from importlib import import_module

from tests.graders.case import Case


def cases(number: str) -> list[Case]:
    """The cases of the lesson with this number, such as "01"."""
    return import_module(f"tests.graders.bank.lesson_{number}").CASES
