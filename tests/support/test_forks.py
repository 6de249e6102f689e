"""Forks in the middle of what another thread does: the child goes on."""

from __future__ import annotations

import subprocess
import sys

import pytest

FORKS = """
import os, threading, time
import numba
from tinytorch.support import launch

def made(i):
    lines = ["def f(a):", "    s = 0.0", *[f"    s += {i + j} * a" for j in range(200)], "    return s"]
    exec("\\n".join(lines), space := {})
    return numba.njit(space["f"])

started = threading.Event()
def compile_some():
    started.set()
    for i in range(3):
        made(i)(1.0)

thread = threading.Thread(target=compile_some)
thread.start()
started.wait()
time.sleep(0.05)
child = os.fork()
if child == 0:
    made(1000)(1.0)
    os._exit(7)
_, status = os.waitpid(child, 0)
thread.join()
print(os.waitstatus_to_exitcode(status))
"""

posix = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no fork")


@posix
def test_a_child_of_a_fork_during_a_compilation_compiles():
    done = subprocess.run([sys.executable, "-c", FORKS], capture_output=True, text=True, timeout=120)
    assert done.stdout == "7\n", done.stderr


@posix
def test_a_lock_is_free_in_the_child_and_in_the_parent():
    code = """
import os, threading, time
from tinytorch.support.forks import held_over_forks
plain = threading.Lock()
lock = held_over_forks(plain)
assert lock is plain
def hold():
    with lock:
        time.sleep(0.3)
thread = threading.Thread(target=hold)
thread.start()
time.sleep(0.1)
child = os.fork()
if child == 0:
    os._exit(lock.acquire(timeout=10))
print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), lock.acquire(timeout=10))
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.stdout == "1 True\n", done.stderr
