"""Memory that was freed is there for the next arrays, without a page fault for each page of them."""

from __future__ import annotations

import platform
import subprocess
import sys

import pytest

FAULTS = """
import resource, sys
import numpy as np

def arrays():
    return [np.ones(1 << 20, np.float32) for _ in range(10)]

arrays()
{first}
for _ in range(2):
    arrays()
before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
for _ in range(5):
    arrays()
print(resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before)
"""


def faults_after(first: str, **environment: str) -> int:
    """Page faults of asking five times for ten arrays of 4 MiB and freeing them, in a process that ran `first`."""
    done = subprocess.run(
        [sys.executable, "-c", FAULTS.format(first=first)], capture_output=True, text=True, check=True,
        env={"PATH": "", **environment})
    return int(done.stdout)


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="it is glibc that gives memory back at once")
def test_arrays_that_are_freed_and_asked_for_again_cause_page_faults_unless_optimizers_are_there():
    many = faults_after("")
    assert faults_after("import tinytorch.core.optimizers") < many / 5
    set_by_user = {"MALLOC_TRIM_THRESHOLD_": "131072"}
    assert faults_after("import tinytorch.core.optimizers", **set_by_user) > many / 2, "what the user has set stays"


def test_the_array_takes_no_memory():
    resource = pytest.importorskip("resource")
    from tinytorch.support.heap import keep_freed_memory

    before = resource.getrusage(resource.RUSAGE_SELF).ru_minflt
    keep_freed_memory()
    assert resource.getrusage(resource.RUSAGE_SELF).ru_minflt - before < 100
