"""A fresh copy of this repository's files, and commands run in it as a user types them."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


def copy_checkout(folder: Path) -> Path:
    """Copy what git tracks, and what is new and not ignored, to `folder`."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=ROOT, check=True, capture_output=True, encoding="utf-8",
    ).stdout
    for name in filter(None, listed.split("\0")):
        source, target = ROOT / name, folder / name
        if source.is_file():
            target.parent.mkdir(parents=True, exist_ok=True)
            shutil.copyfile(source, target)
    return folder


def run(command: list[str], folder: Path) -> subprocess.CompletedProcess[str]:
    """Run a command in `folder`; the commands are this environment's, with `folder`'s own packages first."""
    start = [sys.executable, "-m"]
    starts = {"tito": [*start, "tito"], "nbgrader": [*start, "nbgrader"], "python": [sys.executable]}
    jupyter = {name: str(folder.parent / "jupyter") for name in ("JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR")}
    path = os.pathsep.join(map(str, (folder, ROOT)))
    settings = {"PYTHONPATH": path, "PYTHONUTF8": "1", "MPLBACKEND": "agg", "NO_COLOR": "1"}
    environment = {**os.environ, **jupyter, **settings}
    return subprocess.run(
        [*starts.get(command[0], [command[0]]), *command[1:]],
        cwd=folder, env=environment, capture_output=True, encoding="utf-8", timeout=600, check=False,
    )
