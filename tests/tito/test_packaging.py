"""The project as it is installed: one description, and a wheel that holds the library and the command."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import zipfile
from configparser import ConfigParser
from email.parser import Parser
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
SOURCES = ("settings.ini", "setup.py", "pyproject.toml", "MANIFEST.in", "LICENSE", "README.md", "tinytorch", "tito")


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> zipfile.ZipFile:
    """The wheel built from the source distribution, which is built from a copy of the tree."""
    tree, out = tmp_path_factory.mktemp("tree"), tmp_path_factory.mktemp("out")
    for name in SOURCES:
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, tree / name, ignore=shutil.ignore_patterns("__pycache__"))
        elif (ROOT / name).exists():
            shutil.copyfile(ROOT / name, tree / name)
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", str(out), str(tree)]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    return zipfile.ZipFile(next(out.glob("*.whl")))


def read(wheel: zipfile.ZipFile, name: str) -> str:
    return wheel.read(next(n for n in wheel.namelist() if n.endswith(name))).decode()


@pytest.fixture(scope="module")
def settings() -> ConfigParser:
    config = ConfigParser(delimiters=["="], default_section="")
    config.read(ROOT / "settings.ini", encoding="utf-8")
    return config


def test_the_wheel_holds_every_module_of_the_library_and_the_command(wheel):
    sources = [path for part in ("tinytorch", "tito") for path in (ROOT / part).rglob("*.py")]
    sources += (ROOT / "tito").rglob("templates/*.md")
    wanted = {path.relative_to(ROOT).as_posix() for path in sources}
    held = {name for name in wheel.namelist() if ".dist-info/" not in name}
    assert held == wanted


def test_the_wheel_says_what_settings_ini_says(wheel, settings):
    about = Parser().parsestr(read(wheel, ".dist-info/METADATA"))
    project = settings["DEFAULT"]
    assert (about["Name"], about["Version"]) == (project["lib_name"], project["version"])
    assert about["Requires-Python"] == f">={project['min_python']}"
    needed = [row for row in about.get_all("Requires-Dist") if "extra ==" not in row]
    assert sorted(needed) == sorted(project["requirements"].split())
    assert sorted(about.get_all("Provides-Extra")) == sorted(settings["extras"])
    assert read(wheel, ".dist-info/entry_points.txt").strip() == "[console_scripts]\ntito = tito.cli:main"


def test_the_wheel_carries_the_licence(wheel):
    about = Parser().parsestr(read(wheel, ".dist-info/METADATA"))
    assert "MIT" in (about["License-Expression"] or about["License"])
    assert read(wheel, "LICENSE").startswith("MIT License")


def test_torch_is_needed_only_by_tests_and_benchmarks(settings):
    assert "torch" not in settings["DEFAULT"]["requirements"]
    using = {name for name, line in settings["extras"].items() if "torch==2.13.0" in line.split()}
    assert using == {"test", "bench"}


def test_the_wheel_imports_away_from_the_source(wheel, tmp_path):
    wheel.extractall(tmp_path / "site")
    code = "import tinytorch, tito; print(tinytorch.__version__, tinytorch.__file__)"
    environment = os.environ | {"PYTHONPATH": str(tmp_path / "site")}
    command = [sys.executable, "-P", "-c", code]
    done = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert str(tmp_path / "site") in done.stdout
