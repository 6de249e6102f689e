"""What tito says to its user: errors, which end a command, and findings, which are told beside a result."""

from dataclasses import dataclass
from typing import Any


class TitoError(Exception):
    """Wrong use: the command cannot do what was asked. The command line shows it and exits with `exit_code`.

    `message` says what is wrong and where; `hint` is the next thing to do or type, and may be empty.
    """

    exit_code = 2

    def __init__(self, message: str, hint: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.hint = hint


class WorkFailed(TitoError):
    """The work was done or checked, and failed: exit 1."""

    exit_code = 1


class NoProject(TitoError):
    """No folder from here upwards holds the lessons."""


class UnknownLesson(TitoError):
    """No lesson has this number or name."""


class LessonError(WorkFailed):
    """A lesson's file cannot be read, or cannot become a module, as it stands."""


@dataclass(frozen=True)
class Finding:
    """Something to know about a file. `code` says what happened, for programs; a sentence is never compared for it.

    `where` is the place (`cell 4`), `text` a sentence, `fix` what to do, and both may be empty. While a finding that
    `blocks` is there, a lesson is not complete.
    """

    code: str
    text: str
    where: str = ""
    fix: str = ""
    blocks: bool = False

    def __str__(self) -> str:
        return f"{self.text} {self.fix}".rstrip()


@property
def in_sentences(result: Any) -> tuple[str, ...]:
    """For a result that has `findings`: these in sentences."""
    return tuple(map(str, result.findings))
