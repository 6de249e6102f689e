"""Checkpoints: any state in one file, whole or not at all, read without running what it holds."""

from __future__ import annotations

import math

import ml_dtypes
import numpy as np
import pytest

from tinytorch.support.checkpoint import read_checkpoint, write_checkpoint


@pytest.mark.parametrize("content", [b"", b"PK", b"{}", b"\x80\x04N.", np.zeros(3).tobytes()])
def test_a_file_that_is_something_else_is_refused(content, tmp_path):
    (tmp_path / "other").write_bytes(content)
    with pytest.raises(ValueError, match="is not a whole checkpoint") as raised:
        read_checkpoint(tmp_path / "other")
    assert "pickle" not in str(raised.value) and raised.value.__suppress_context__


def test_a_checkpoint_in_another_format_is_named(tmp_path, monkeypatch):
    monkeypatch.setattr("tinytorch.support.checkpoint.FORMAT", "tinytorch checkpoint 0")
    write_checkpoint(tmp_path / "old.npz", {})
    monkeypatch.undo()
    with pytest.raises(ValueError, match="in the format 'tinytorch checkpoint 0', wanted 'tinytorch checkpoint 1'"):
        read_checkpoint(tmp_path / "old.npz")


def test_other_arrays_and_pickles_are_refused(tmp_path):
    np.savez(tmp_path / "arrays.npz", a=np.zeros(3))
    np.save(tmp_path / "array.npy", np.zeros(3))
    np.savez(tmp_path / "objects.npz", about=np.array([{"run": "me"}], dtype=object))
    for name in ("arrays.npz", "array.npy", "objects.npz"):
        with pytest.raises(ValueError, match="is not a whole checkpoint"):
            read_checkpoint(tmp_path / name)
    with pytest.raises(FileNotFoundError):
        read_checkpoint(tmp_path / "missing.npz")


def test_what_cannot_be_written_leaves_the_last_good_file(tmp_path):
    path = tmp_path / "run.npz"
    write_checkpoint(path, {"weight": np.ones(3)})
    content = path.read_bytes()
    with pytest.raises(TypeError, match="state/secret is a object"):
        write_checkpoint(path, {"secret": object()})
    with pytest.raises(FileNotFoundError, match="there is no folder .*such to write folder.npz into: make it first"):
        write_checkpoint(tmp_path / "no" / "such" / "folder.npz", {})
    assert path.read_bytes() == content
    assert [p.name for p in tmp_path.iterdir()] == ["run.npz"]


def test_states_of_every_kind_round_trip(tmp_path):
    state = {
        "numbers": [1, 2.5, True, None, "text", (1, 2)], "half": np.arange(3, dtype=ml_dtypes.bfloat16),
        "zero": np.array(1.5), "empty": np.zeros((0, 3)), 7: {"a/b": np.float16(2), "a": {"b": np.int64(3)}},
        "big": 2**100, "odd": [math.inf, -0.0], "fortran": np.asfortranarray(np.eye(3)),
    }  # fmt: skip
    write_checkpoint(tmp_path / "state", state)
    back = read_checkpoint(tmp_path / "state")
    assert list(back) == list(state) and back["numbers"] == state["numbers"] and back["big"] == 2**100
    assert back["half"].dtype == ml_dtypes.bfloat16 and back["half"].tolist() == [0, 1, 2]
    assert back["zero"].shape == () and back["empty"].shape == (0, 3) and np.array_equal(back["fortran"], np.eye(3))
    assert (back[7]["a/b"], back[7]["a"]["b"]) == (2, 3)
