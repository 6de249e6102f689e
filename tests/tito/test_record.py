"""The record of what was completed, and the lock."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tito.errors import WorkFailed
from tito.record import Entry, lock, now, read_record, record_path, write_entry

ENTRY = Entry(digest="abc", earned=4.5, points=5.0, at="2026-01-02T03:04:05Z")


def test_a_record_that_was_never_written_is_empty(project):
    assert read_record(project) == {}
    assert not project.state.exists()


def test_entries_are_read_as_they_were_written(project):
    write_entry(project, "02_second", ENTRY)
    write_entry(project, "01_first", ENTRY)
    assert read_record(project) == {"01_first": ENTRY, "02_second": ENTRY}


def test_a_new_entry_takes_the_place_of_the_old(project):
    write_entry(project, "01_first", ENTRY)
    newer = Entry("def", 5.0, 5.0, now())
    write_entry(project, "01_first", newer)
    assert read_record(project) == {"01_first": newer}


@pytest.mark.parametrize("text", ["", "{", "[]", '{"01_first": 3}', '{"01_first": {"digest": "x"}}', "\x00\xff"])
def test_a_file_that_is_no_record_is_named(project, text):
    record_path(project).parent.mkdir()
    record_path(project).write_text(text, encoding="latin-1")
    with pytest.raises(WorkFailed, match=r"record.json is not a record") as caught:
        read_record(project)
    assert "Move it away" in caught.value.hint


def test_a_record_that_cannot_be_written_leaves_the_old_one(project):
    write_entry(project, "01_first", ENTRY)
    before = record_path(project).read_bytes()
    record_path(project).with_name(f".record.json.{os.getpid()}.tmp").mkdir()
    with pytest.raises(WorkFailed, match="Cannot write"):
        write_entry(project, "02_second", ENTRY)
    assert record_path(project).read_bytes() == before


HOLD = """
import sys
from pathlib import Path
from tito.project import Project
from tito.record import lock
with lock(Project(Path(sys.argv[1]))):
    print("held", flush=True)
    sys.stdin.read()
"""


def hold(project) -> subprocess.Popen:
    """Another process that holds the lock until it is killed or its input ends."""
    command = [sys.executable, "-c", HOLD, str(project.root)]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout.readline() == "held\n"
    return process


def test_a_second_command_says_who_is_at_work(project):
    with hold(project) as other:
        with pytest.raises(WorkFailed, match=rf"Another tito command is at work here \(process {other.pid}\)"):
            with lock(project, patience=0.1):
                raise AssertionError("both hold the lock")
        other.stdin.close()


def test_a_killed_command_leaves_no_lock(project):
    with hold(project) as other:
        other.kill()
    with lock(project, patience=5.0):
        assert project.state.is_dir()


def test_the_lock_is_free_after_a_failure(project):
    with pytest.raises(ZeroDivisionError), lock(project):
        raise ZeroDivisionError
    with lock(project, patience=0.1):
        assert True


def test_where_no_lock_can_be_made_the_folder_is_named(project):
    project.state.write_text("a file in the way", encoding="ascii")
    with pytest.raises(WorkFailed, match="Cannot write in"), lock(project):
        raise AssertionError("no lock")
