"""Kernels on disk: found again by the next process, and never in the place of another kernel."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import numba
import numpy as np
import pytest

from tinytorch.support import kernel_cache
from tinytorch.support.kernel_cache import make_room, read, write
from tinytorch.support.launch import compiled

ROOT = Path(__file__).resolve().parents[2]
FACTOR = np.float32(2)
NUMBERS = np.arange(3, dtype=np.float32)


@pytest.fixture
def folder(tmp_path, monkeypatch) -> Path:
    """A cache of this test's own."""
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    return tmp_path / "tinytorch"


def scale(x):
    return FACTOR * x


def loop_of(function, shift):
    shift = np.float32(shift)

    @compiled
    def loop(x, out):
        for i in range(x.size):
            out[i] = function(x[i]) + shift

    return loop


def total(x):
    sum_of = np.float32(0)
    for i in range(x.size):
        sum_of += x[i]
    return sum_of


def found(kernel) -> bool:
    return bool(sum(kernel.stats.cache_hits.values()))


def run(loop) -> tuple[list[float], bool]:
    """What a loop computes, and whether it was found on disk."""
    out = np.empty_like(NUMBERS)
    loop(NUMBERS, out)
    return out.tolist(), found(loop)


def test_a_kernel_is_found_by_all_that_it_uses(folder, monkeypatch):
    assert run(loop_of(compiled(scale), 1)) == ([1, 3, 5], False)
    assert run(loop_of(compiled(scale), 7)) == ([7, 9, 11], False)
    monkeypatch.setitem(globals(), "FACTOR", np.float32(4))
    assert run(loop_of(compiled(scale), 1)) == ([1, 5, 9], False)
    monkeypatch.undo()
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(folder.parent))
    assert run(loop_of(compiled(scale), 1)) == ([1, 3, 5], True)
    assert run(loop_of(compiled(scale), 7)) == ([7, 9, 11], True)


def test_a_function_from_disk_can_be_part_of_a_new_kernel(folder):
    assert [compiled(scale)(np.float32(3)) for _ in range(2)] == [6, 6]
    scaled = compiled(scale)
    assert scaled(np.float32(3)) == 6 and found(scaled)
    assert run(loop_of(scaled, 1)) == ([1, 3, 5], False)


def test_a_sum_in_any_order_is_another_kernel(folder):
    for any_order in (True, False, True):
        kernel = compiled(total, any_order=any_order)
        kernel(NUMBERS)
    assert found(kernel) and len(list(folder.iterdir())) == 2


def test_a_global_that_changed_after_the_kernel_was_made_is_not_mistaken(folder, monkeypatch):
    loop = loop_of(compiled(scale), 1)
    monkeypatch.setitem(globals(), "FACTOR", np.float32(5))
    assert run(loop) == ([1, 6, 11], False)
    assert not folder.exists()


def test_machine_code_from_before_a_global_changed_is_in_no_kept_kernel(folder, monkeypatch):
    scaled = compiled(scale)
    assert scaled(np.float32(3)) == 6  # compiled, with 2
    monkeypatch.setitem(globals(), "FACTOR", np.float32(5))
    assert run(loop_of(scaled, 1)) == ([1, 3, 5], False)  # as Numba does: with the 2
    assert run(loop_of(compiled(scale), 1)) == ([1, 6, 11], False)
    monkeypatch.setitem(globals(), "FACTOR", np.float32(2))
    assert scaled.mark is None, "once it changed, what it was compiled for is not known"


@pytest.mark.parametrize("setting", ["USING_SVML", "OPT"])
def test_what_changes_the_machine_code_makes_another_file(setting, folder, monkeypatch):
    run(loop_of(compiled(scale), 1))
    assert found_again()
    monkeypatch.setattr(numba.config, setting, "another")
    assert not found_again()


def test_another_version_makes_another_file(folder, monkeypatch):
    run(loop_of(compiled(scale), 1))
    monkeypatch.setattr(kernel_cache, "_VERSIONS", ("0.1",))
    assert not found_again()


def found_again() -> bool:
    """Whether a file is there for the kernel that the tests make."""
    kernel = loop_of(compiled(scale), 1)
    signature = numba.typeof(NUMBERS), numba.typeof(NUMBERS)
    return kernel._cache._path(signature, kernel.targetctx.codegen()).exists()


DAMAGES = {
    "cut short": lambda data: data[: len(data) // 2],
    "empty": lambda data: b"",
    "zeros": lambda data: bytes(len(data)),
    "one bit": lambda data: data[:-2000] + bytes([data[-2000] ^ 1]) + data[-1999:],
}


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_file_is_compiled_again(damage, folder):
    run(loop_of(compiled(scale), 1))
    for path in folder.iterdir():
        path.write_bytes(DAMAGES[damage](path.read_bytes()))
    assert run(loop_of(compiled(scale), 1)) == ([1, 3, 5], False)
    assert run(loop_of(compiled(scale), 1)) == ([1, 3, 5], True)


def test_where_nothing_can_be_written_kernels_run_all_the_same(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("in the way", encoding="utf-8")
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "file"))
    assert run(loop_of(compiled(scale), 1)) == ([1, 3, 5], False)


def test_a_folder_that_may_only_be_read_is_read(folder, monkeypatch):
    run(loop_of(compiled(scale), 1))

    def refuse(*_):
        raise PermissionError

    monkeypatch.setattr(os, "utime", refuse)
    monkeypatch.setattr(Path, "write_bytes", refuse)
    assert run(loop_of(compiled(scale), 1)) == ([1, 3, 5], True)
    assert run(loop_of(compiled(scale), 2)) == ([2, 4, 6], False)


def test_what_has_no_fingerprint_is_compiled_and_not_kept(folder):
    class Late:
        number = 1

    assert compiled(lambda x: x + Late.number).mark is None
    assert calls_itself(np.float32(3)) == 0 and run(loop_of(calls_itself, 1))[0] == [1, 1, 1]
    assert not folder.exists()


@compiled
def calls_itself(x):
    return np.float32(0) if x <= 0 else calls_itself(x - np.float32(1))


def test_the_compiled_function_leaves_the_original_alone():
    name = scale.__qualname__
    assert compiled(scale)(np.float32(2)) == 4
    assert scale.__qualname__ == name and scale.__module__ == __name__


def test_what_was_used_last_is_kept(tmp_path):
    files = [tmp_path / f"{i}.kernel" for i in range(10)]
    for i, path in enumerate(files):
        write(path, b"content")
        os.utime(path, (i, i))
    assert read(files[0]) == b"content"  # used now
    make_room(tmp_path, most=10)
    assert len(list(tmp_path.iterdir())) == 10
    make_room(tmp_path, most=8)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["0.kernel", *[f"{i}.kernel" for i in (7, 8, 9)]]


PROGRAM = """
import sys
sys.path.insert(0, sys.argv[1])
import numpy as np
from tests.support.test_kernel_cache import compiled, found, loop_of, run, scale, total

@compiled
def allocates(x):
    work = np.empty(x.size, np.float32)
    for i in range(x.size):
        work[i] = 2 * x[i]
    return work.sum()

print(run(loop_of(compiled(scale), int(sys.argv[2]))), allocates(np.ones(1000, np.float32)), found(allocates))
summed = compiled(total, any_order=True)
print(compiled(lambda x: summed(x))(np.ones(3, np.float32)), found(summed))
"""


def start(cache: Path, shift: int) -> subprocess.Popen:
    return subprocess.Popen([sys.executable, "-c", PROGRAM, str(ROOT), str(shift)], text=True, stdout=subprocess.PIPE,
                            stderr=subprocess.PIPE, env=os.environ | {"NUMBA_CACHE_DIR": str(cache)})


def printed(process: subprocess.Popen) -> list[str]:
    out, error = process.communicate()
    assert process.returncode == 0, error
    return out.splitlines()


def test_several_processes_write_at_once_and_the_next_ones_find_all(tmp_path):
    first = [start(tmp_path, shift) for shift in (1, 1, 2)]
    wanted = [f"([{shift}.0, {shift + 2}.0, {shift + 4}.0], " for shift in (1, 1, 2)]
    for process, begin in zip(first, wanted, strict=True):
        line, other = printed(process)
        assert line.startswith(begin) and " 2000.0 " in line and other.startswith("3.0 ")
    for process, begin in zip([start(tmp_path, shift) for shift in (1, 2)], wanted[1:], strict=True):
        assert printed(process) == [begin + "True) 2000.0 True", "3.0 False"]
