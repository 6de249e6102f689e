"""A cell of a lesson: what it says, and what it is for."""

from __future__ import annotations

from dataclasses import dataclass

from tito.lesson.code import DIRECTIVE, EXPORTS, PUBLIC, split_directives
from tito.lesson.regions import BEGIN_HIDDEN


@dataclass(frozen=True)
class Cell:
    """One cell. `line` is the line of its `# %%`, or in a notebook the number of the cell, from 1.

    `hidden` is true of a check with hidden tests, also in an edition, where they were taken out of it. `id` is the
    notebook's own, empty elsewhere.
    """

    kind: str
    source: str
    grade_id: str | None = None
    grade: bool = False
    solution: bool = False
    points: float = 0.0
    line: int = 0
    hidden: bool = False
    id: str = ""

    @property
    def holds_hidden(self) -> bool:
        """Whether the hidden tests are in the cell, as in the master, and so are run with it."""
        return BEGIN_HIDDEN in self.source

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
        return self.kind == "code" and any(name in EXPORTS for name in self.directives)

    @property
    def is_public(self) -> bool:
        """A code cell whose names are in the module's `__all__`."""
        return self.kind == "code" and any(name in PUBLIC for name in self.directives)

    @property
    def directives(self) -> dict[str, str]:
        """The `#|` lines above the cell's first line of code, which are all that nbdev sees: name to value."""
        return dict(match.groups() for match in map(DIRECTIVE.fullmatch, split_directives(self.source)[0]) if match)
