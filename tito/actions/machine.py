"""Is this machine ready for the course? Python, packages, threads, compiled loops, Jupyter.

What could crash (a broken NumPy, a Numba that does not compile) is asked of a process of its own.
"""

import json
import os
import platform
import sys
from dataclasses import dataclass
from importlib import metadata

from packaging.requirements import Requirement

from tito.program import run_program
from tito.project import LIBRARY

PROBE_LIMIT = 120.0  # seconds
BLAS = """
import json, llvmlite.binding, numpy, threadpoolctl
numpy.ones((2, 2)) @ numpy.ones((2, 2))
pools = [pool for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"]
rows = [[pool["internal_api"], pool["version"], pool["num_threads"], pool.get("architecture")] for pool in pools]
print(json.dumps([rows, bool(llvmlite.binding.get_host_cpu_features().get("avx512f"))]))
"""
THREAD_LIMITS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS")
AVX2_KERNELS = ("Haswell", "Zen")  # what OpenBLAS calls the processors for which it has no AVX-512 kernels
NUMBA = """
import json, numba
@numba.njit(nogil=True)
def count(n):
    total = 0
    for i in range(n):
        total += i
    return total
print(json.dumps([count(3)]))
"""


@dataclass(frozen=True)
class Row:
    """One thing looked at. Where `ok` is false it must be fixed, and `mend` says how; else that is advice, or empty."""

    name: str
    found: str
    ok: bool
    mend: str = ""


def examine_machine(settings: dict[str, str]) -> list[Row]:
    """What can be known without a project; `settings` are those of its settings.ini, if there is one."""
    rows = [_python(settings.get("min_python", "3.11"))]
    rows += [package_row(requirement) for requirement in _requirements(settings)]
    return [*rows, blas_row(), numba_row(), _jupyter()]


def _python(least: str) -> Row:
    found = f"{platform.python_version()} ({sys.executable})"
    ok = sys.version_info >= tuple(map(int, least.split(".")))
    return Row("Python", found, ok, "" if ok else f"Install Python {least} or newer and make the environment anew.")


def _requirements(settings: dict[str, str]) -> list[str]:
    if "requirements" in settings:
        return settings["requirements"].split()
    try:
        return [line for line in metadata.requires(LIBRARY) or [] if "extra ==" not in line]
    except metadata.PackageNotFoundError:
        return []


def package_row(requirement: str) -> Row:
    wanted, mend = Requirement(requirement), f'python -m pip install "{requirement}"'
    try:
        version = metadata.version(wanted.name)
    except metadata.PackageNotFoundError:
        return Row(wanted.name, "not installed", False, mend)
    if wanted.specifier.contains(version, prereleases=True):
        return Row(wanted.name, version, True)
    return Row(wanted.name, f"{version}, but {requirement} is needed", False, mend)


def blas_row() -> Row:
    answer, problem = ask(BLAS)
    if problem:
        return Row("BLAS", problem, False, "python -m pip install --force-reinstall numpy threadpoolctl")
    pools, has_avx512 = answer
    words = ", ".join(f"{api} {version or ''} with {_threads(count)}" for api, version, count, _ in pools)
    limits = [f"{name}={os.environ[name]}" for name in THREAD_LIMITS if name in os.environ]
    advice = [f"{', '.join(limits)} limits it."] if limits else []
    advice += [_kernels_advice(pool[3]) for pool in pools if has_avx512 and pool[3] in AVX2_KERNELS]
    found = f"{words or 'none that threadpoolctl knows'}; {_threads(os.cpu_count())} here"
    return Row("BLAS", found, True, " ".join(advice))


def _kernels_advice(architecture: str) -> str:
    """An OpenBLAS that is told so, or does not know a new processor, may take slow kernels."""
    chosen = os.environ.get("OPENBLAS_CORETYPE")
    mend = f"Take OPENBLAS_CORETYPE={chosen} out of" if chosen else "Set OPENBLAS_CORETYPE=SkylakeX in"
    return (
        f"OpenBLAS uses its {architecture} kernels, which leave this processor's AVX-512 idle. {mend}"
        " the environment, and compare `tito roofline 18` before and after."
    )


def numba_row() -> Row:
    problem = ask(NUMBA)[1]
    if not problem:
        return Row("Numba's loops", "are compiled", True)
    settings = ", ".join(sorted(name for name in os.environ if name.startswith("NUMBA_")))
    again = "python -m pip install --force-reinstall numba"
    return Row("Numba's loops", problem, False, f"Take {settings} out of the environment." if settings else again)


def _threads(count: int | None) -> str:
    return "1 thread" if count == 1 else f"{count} threads"


def ask(code: str) -> tuple[list, str]:
    """What a small program prints as JSON, or why it failed."""
    done = run_program([sys.executable, "-P", "-W", "ignore", "-c", code], limit=PROBE_LIMIT)
    if done.status is None:
        return [], f"no answer in {PROBE_LIMIT:g} s"
    return ([], done.last_words) if done.status else (json.loads(done.stdout), "")


def _jupyter() -> Row:
    """JupyterLab and the kernel; the lessons can be worked on in any editor, so this is advice."""
    rows = [package_row(name) for name in ("jupyterlab", "ipykernel")]
    mend = "" if all(row.ok for row in rows) else "For `tito module start`: python -m pip install jupyterlab ipykernel"
    return Row("Jupyter", ", ".join(f"{row.name} {row.found}" for row in rows), True, mend)
