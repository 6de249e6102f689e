"""Where things are: the folder that holds settings.ini and the lessons, and the folders in it."""

from configparser import ConfigParser
from configparser import Error as ConfigError
from dataclasses import dataclass
from pathlib import Path

from tito.errors import NoProject

LIBRARY = "tinytorch"
SUPPORT = f"{LIBRARY}.support"  # modules written by hand, which lessons use and do not teach
EDITION = "student"  # the `edition` in the settings.ini of a student's folder


@dataclass(frozen=True)
class Project:
    """A source tree, or a student's folder: both hold settings.ini, modules/ and tinytorch/."""

    root: Path

    @property
    def modules(self) -> Path:
        """The lessons, one folder each."""
        return self.root / "modules"

    @property
    def package(self) -> Path:
        """The package that the lessons are exported to."""
        return self.root / LIBRARY

    @property
    def build(self) -> Path:
        """Built files that git ignores, such as notebooks."""
        return self.root / "build"

    @property
    def state(self) -> Path:
        """tito's own files: the record, its lock, and in a student's folder the pristine lessons."""
        return self.root / ".tito"

    @property
    def release(self) -> Path:
        """The pristine blank lessons of a student's folder."""
        return self.state / "release"

    @property
    def is_student(self) -> bool:
        """True in a student's folder, where the lessons are the student's own: settings.ini or .tito says so."""
        return self.release.is_dir() or self.settings.get("edition") == EDITION

    @property
    def lacks_release(self) -> bool:
        """True in a student's folder that has lost its pristine lessons."""
        return self.is_student and not self.release.is_dir()

    @property
    def settings(self) -> dict[str, str]:
        """What settings.ini says."""
        return read_settings(self.root / "settings.ini")

    @property
    def version(self) -> str:
        """The version in settings.ini."""
        return self.settings.get("version", "0")

    def relative(self, path: Path) -> str:
        """`path` as people write it: from the root, with forward slashes; unchanged where it is elsewhere."""
        return path.relative_to(self.root).as_posix() if path.is_relative_to(self.root) else str(path)

    @classmethod
    def find(cls, start: Path | str = ".") -> "Project":
        """The project that `start` is in: the nearest folder upwards with settings.ini and modules/.

        Raises NoProject where there is none.
        """
        here = Path(start).resolve()
        for folder in (here, *here.parents):
            settings = folder / "settings.ini"
            has_both = settings.is_file() and (folder / "modules").is_dir()
            if has_both and read_settings(settings).get("lib_name") == LIBRARY:
                return cls(folder)
        raise NoProject(
            f"No TinyTorch lessons in {here} or in a folder above it.",
            "Get them with `git clone` (see the README), then run tito inside that folder.",
        )


def read_settings(path: Path) -> dict[str, str]:
    """The [DEFAULT] section of settings.ini; empty where the file is missing or is not such a file."""
    config = ConfigParser(delimiters=["="], interpolation=None)
    try:
        config.read(path, encoding="utf-8")
    except (ConfigError, UnicodeDecodeError):
        return {}
    return dict(config.defaults())
