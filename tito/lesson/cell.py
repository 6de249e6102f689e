"""A cell of a lesson: what it says, and what it is for."""

import ast
from dataclasses import dataclass, field, replace
from typing import Any

from tito.lesson import regions
from tito.lesson.code import DIRECTIVE, EXPORTS, PUBLIC, public_names, split_directives, tree_of


@dataclass(frozen=True)
class Cell:
    """One cell: its kind (code, markdown or raw), its source, and what nbgrader's options say of it.

    `hidden` is true of a check with hidden tests, also in an edition, where they were taken out of it. `number` is that
    of the cell in its file, from 1; `line` the line of its `# %%`, and 0 in a notebook. `id` is the notebook's own,
    empty elsewhere. `fault` says what is wrong with the options, and `extra` is what else a notebook holds of the cell,
    as an editor wrote it there: its outputs, and other metadata.
    """

    kind: str
    source: str
    grade_id: str = ""
    grade: bool = False
    solution: bool = False
    points: float = 0.0
    hidden: bool = False
    number: int = 0
    line: int = 0
    id: str = ""
    fault: str = ""
    extra: dict[str, Any] = field(default_factory=dict, compare=False)

    @property
    def holds_hidden(self) -> bool:
        """Whether the hidden tests are in the cell, as in the master, and so are run with it."""
        return regions.BEGIN_HIDDEN in self.source

    @property
    def is_check(self) -> bool:
        """A graded cell whose points the runner gives."""
        return self.grade and not self.solution

    @property
    def is_exercise(self) -> bool:
        """A cell that the learner fills in, and that a later check tests."""
        return self.solution and not self.grade

    @property
    def is_manual(self) -> bool:
        """An open question that a person grades."""
        return self.grade and self.solution

    @property
    def is_export(self) -> bool:
        """A code cell that goes into the module."""
        return any(name in EXPORTS for name in self.directives)

    @property
    def is_public(self) -> bool:
        """A code cell whose names are in the module's `__all__`."""
        return any(name in PUBLIC for name in self.directives)

    @property
    def is_blank(self) -> bool:
        """Whether a stub is left in the cell."""
        return regions.STUB.search(self.source) is not None

    @property
    def directives(self) -> dict[str, str]:
        """The `#|` lines above the cell's first line of code, which are all that nbdev sees: name to value."""
        lines = split_directives(self.source)[0] if self.kind == "code" else []
        return dict(match.groups() for match in map(DIRECTIVE.fullmatch, lines) if match)

    @property
    def tree(self) -> ast.Module:
        """The syntax tree of the cell's code; empty where there is none, or it does not parse."""
        return tree_of(self.source if self.kind == "code" else "")

    @property
    def names(self) -> frozenset[str]:
        """The public names that the cell's code defines."""
        return public_names(self.source if self.kind == "code" else "")

    def place(self, line: int = 0) -> str:
        """Where the cell, or a line of it, is in its file: `line 25`; in a notebook `cell 4`, or `cell 4, line 2`."""
        if self.line:
            return f"line {self.line + line}"
        return f"cell {self.number}, line {line}" if line else f"cell {self.number}"

    def without_marks(self) -> "Cell":
        """The cell as one that is not graded and holds no answer."""
        return replace(self, grade_id="", grade=False, solution=False, points=0.0, hidden=False, fault="")

    def marked(self) -> "Cell":
        """An open question with the place of its answer marked, which nbgrader wants; any other cell as it is."""
        is_open = self.is_manual and self.kind == "markdown"
        return replace(self, source=regions.mark_answer(self.source)) if is_open else self

    def blank(self) -> "Cell":
        """The cell as a learner gets it: a stub for each solution, no hidden tests, no outputs.

        A cell that had hidden tests stays `hidden`. Raises ValueError where a region is not closed, or stands in a cell
        where it does not belong.
        """
        source = self.marked().source
        if self.solution and regions.BEGIN_SOLUTION not in source:  # then all of it is the solution
            source = "\n".join([regions.BEGIN_SOLUTION, source, regions.END_SOLUTION])
        is_code = self.kind == "code"
        stubbed = regions.strip_code(source, self.grade_id) if is_code else regions.strip_text(source)
        if stubbed is not None and not self.solution:
            raise ValueError("a solution region in a cell that is not a solution.")
        source = source if stubbed is None else stubbed
        visible = regions.strip_hidden(source)
        if visible is not None and not self.grade:
            raise ValueError("hidden tests in a cell that is not graded.")
        return replace(self, source=source if visible is None else visible, extra={})
