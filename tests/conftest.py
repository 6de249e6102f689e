"""What all tests share: plots go nowhere, and a small project to work on."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from tests.tito.small_project import small_project, student_project
from tito.project import Project

os.environ["MPLBACKEND"] = "agg"

ROOT = Path(__file__).resolve().parents[1]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the tests that take minutes, so that with several workers none is left alone with them at the end."""
    items.sort(key=lambda item: item.path.parent.name not in ("journeys", "grading"))


@pytest.fixture
def project(tmp_path: Path) -> Project:
    """A source tree with three tiny lessons, solved, nothing exported."""
    return small_project(tmp_path / "source")


@pytest.fixture
def student(tmp_path: Path) -> Project:
    """A student's folder with the same lessons, blank."""
    return student_project(tmp_path / "student")


@pytest.fixture(scope="session")
def real() -> Project:
    """This repository."""
    return Project(ROOT)
