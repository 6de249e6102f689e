"""Replacing many files at once: all that is replaced is kept first, and what was interrupted can be finished."""

from __future__ import annotations

import json
import os
import shutil
from dataclasses import dataclass
from pathlib import Path

from tito.errors import WorkFailed
from tito.files import read_existing, write_atomic
from tito.project import Project


@dataclass(frozen=True)
class Move:
    """A file's new text waits at `staged` for its place `target`; without `staged` the file is to go."""

    target: Path
    staged: Path | None


def journal_path(project: Project) -> Path:
    """Where the moves are noted while they are made."""
    return project.state / "update" / "journal.json"


def make_moves(project: Project, moves: list[Move], backup: Path, source: str) -> None:
    """Copy to `backup` every file that is to be replaced or to go, note the moves, and make them.

    Where one fails, all that was is put back. Where the process is killed, the note is left for `finish`.
    """
    journal = journal_path(project)
    done = False
    try:
        kept = {move.target: _keep(project, move.target, backup) for move in moves}
        rows = [_row(project, move) for move in moves]
        write_atomic(journal, json.dumps({"source": source, "moves": rows}, indent=1))
        for move in moves:
            _make(move)
        done = True
    except OSError as error:
        raise WorkFailed(f"Cannot write {error.filename}: {error.strerror}.", "Everything is as it was.") from error
    finally:
        if not done and journal.exists():
            _put_back(kept)
        journal.unlink(missing_ok=True)


def finish(project: Project) -> str:
    """Make the rest of the moves that a killed update left; the source it took, or "" where there was none."""
    text = read_existing(journal_path(project))
    if text is None:
        return ""
    found = json.loads(text)
    for row in found["moves"]:
        staged = project.root / row["staged"] if row["staged"] else None
        if staged is None or staged.exists():
            _make(Move(project.root / row["target"], staged))
    journal_path(project).unlink()
    return found["source"]


def _row(project: Project, move: Move) -> dict[str, str]:
    return {
        "target": project.relative(move.target),
        "staged": project.relative(move.staged) if move.staged else "",
    }


def _keep(project: Project, path: Path, backup: Path) -> Path | None:
    if not path.is_file():
        return None
    copy = backup / path.relative_to(project.root)
    copy.parent.mkdir(parents=True, exist_ok=True)
    return Path(shutil.copy2(path, copy))


def _make(move: Move) -> None:
    if move.staged is None:
        move.target.unlink(missing_ok=True)
    else:
        move.target.parent.mkdir(parents=True, exist_ok=True)
        os.replace(move.staged, move.target)


def _put_back(kept: dict[Path, Path | None]) -> None:
    for target, copy in kept.items():
        if copy is None:
            target.unlink(missing_ok=True)
        else:
            shutil.copy2(copy, target)
