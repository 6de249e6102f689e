"""Errors that tito shows to its user: one sentence about what happened, one about what to do."""


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
