"""A file that is written whole or not at all."""

from __future__ import annotations

import pytest

from tinytorch.support.whole_files import whole_file


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_takes_its_name_when_the_block_ends(tmp_path):
    with whole_file(tmp_path / "a.txt") as file:
        file.write(b"one")
        assert "a.txt" not in names(tmp_path)
    assert names(tmp_path) == ["a.txt"] and (tmp_path / "a.txt").read_bytes() == b"one"
    with whole_file(str(tmp_path / "a.txt")) as file:
        file.write(b"two")
    assert names(tmp_path) == ["a.txt"] and (tmp_path / "a.txt").read_bytes() == b"two"


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt])
def test_a_block_that_fails_leaves_the_old_file_and_nothing_else(tmp_path, error):
    (tmp_path / "a.txt").write_bytes(b"old")
    with pytest.raises(error), whole_file(tmp_path / "a.txt") as file:
        file.write(b"half of")
        raise error
    assert names(tmp_path) == ["a.txt"] and (tmp_path / "a.txt").read_bytes() == b"old"


def test_a_missing_folder_is_said_before_anything_is_written(tmp_path):
    with pytest.raises(FileNotFoundError, match="there is no folder .*no to write a.txt into: make it first"):
        with whole_file(tmp_path / "no" / "a.txt"):
            raise AssertionError("the block should not run")
    assert names(tmp_path) == []
