"""Is this machine ready for the course? Rows about Python, packages, threads, Jupyter and the project's folder.

What could crash (a broken NumPy, a Numba that does not compile) is asked of a process of its own.
"""

from __future__ import annotations

import json
import os
import platform
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from importlib import metadata

from tito.errors import LessonError, TitoError
from tito.files import read_existing
from tito.lesson.find import lesson_paths, lessons, lost_paths, lost_words, readable_lessons
from tito.lesson.lesson import Lesson
from tito.package.module import is_built, module_path, render
from tito.package.written import altered, altered_given
from tito.project import GET_RELEASE, LIBRARY, NO_RELEASE, Project
from tito.run.shadow import hiding_files, hiding_sentence

PROBE_LIMIT = 120.0  # seconds
LEAST_SPACE = 200e6  # bytes
REQUIREMENT = re.compile(r"(?P<name>[A-Za-z0-9._-]+)\s*(?P<relation>>=|==)?\s*(?P<version>[0-9.]+)?")
BLAS = """
import json, llvmlite.binding, numpy, threadpoolctl
numpy.ones((2, 2)) @ numpy.ones((2, 2))
pools = [pool for pool in threadpoolctl.threadpool_info() if pool["user_api"] == "blas"]
rows = [[pool["internal_api"], pool["version"], pool["num_threads"], pool.get("architecture")] for pool in pools]
print(json.dumps([rows, bool(llvmlite.binding.get_host_cpu_features().get("avx512f"))]))
"""
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
WHERE = f"""
import importlib.util, json
spec = importlib.util.find_spec({LIBRARY!r})
print(json.dumps(spec and spec.origin))
"""


@dataclass(frozen=True)
class Finding:
    """One thing looked at. Where `ok` is false it must be mended, else `mend` is only advice; it may be empty."""

    name: str
    found: str
    ok: bool
    mend: str = ""


def examine(project: Project | None) -> list[Finding]:
    """Everything worth knowing before a lesson is started; without a project, what can be known without one."""
    settings = project.settings if project else {}
    rows = [_python(settings.get("min_python", "3.11"))]
    rows += [_package(requirement) for requirement in _requirements(settings)]
    rows += [_blas(), _numba(), _jupyter()]
    return rows + (_project_rows(project) if project else [_no_project()])


def _python(least: str) -> Finding:
    found = f"{platform.python_version()} ({sys.executable})"
    ok = _numbers(platform.python_version()) >= _numbers(least)
    return Finding("Python", found, ok, "" if ok else f"Install Python {least} or newer and make the environment anew.")


def _requirements(settings: dict[str, str]) -> list[str]:
    """The requirements in settings.ini; elsewhere those of the installed distribution."""
    if "requirements" in settings:
        return settings["requirements"].split()
    try:
        return [line for line in metadata.requires(LIBRARY) or [] if "extra ==" not in line]
    except metadata.PackageNotFoundError:
        return []


def _package(requirement: str) -> Finding:
    wanted = REQUIREMENT.match(requirement)
    name = wanted["name"] if wanted else requirement
    mend = f'python -m pip install "{requirement}"'
    try:
        version = metadata.version(name)
    except metadata.PackageNotFoundError:
        return Finding(name, "not installed", False, mend)
    ok = _suits(version, wanted["relation"], wanted["version"]) if wanted and wanted["version"] else True
    return Finding(name, version if ok else f"{version}, but {requirement} is needed", ok, "" if ok else mend)


def _suits(version: str, relation: str, wanted: str) -> bool:
    found, least = _numbers(version), _numbers(wanted)
    return found >= least if relation == ">=" else found[: len(least)] == least


def _numbers(version: str) -> tuple[int, ...]:
    """The leading numbers of a version: 2.4.1rc1 is (2, 4, 1)."""
    match = re.match(r"\d+(\.\d+)*", version)
    return tuple(int(part) for part in match[0].split(".")) if match else ()


def _blas() -> Finding:
    answer, problem = _ask(BLAS)
    if problem:
        return Finding("BLAS", problem, False, "python -m pip install --force-reinstall numpy threadpoolctl")
    pools, has_avx512 = answer
    words = ", ".join(f"{api} {version or ''} with {_threads(count)}" for api, version, count, _ in pools)
    limits = [
        f"{name}={os.environ[name]}" for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS") if name in os.environ
    ]
    advice = [f"{', '.join(limits)} limits it."] if limits else []
    advice += [_kernels_advice(pool[3]) for pool in pools if has_avx512 and pool[3] in AVX2_KERNELS]
    found = f"{words or 'none that threadpoolctl knows'}; {_threads(os.cpu_count())} here"
    return Finding("BLAS", found, True, " ".join(advice))


def _kernels_advice(architecture: str) -> str:
    """An OpenBLAS that is told so, or does not know a new processor, may take slow kernels."""
    chosen = os.environ.get("OPENBLAS_CORETYPE")
    mend = f"Take OPENBLAS_CORETYPE={chosen} out of" if chosen else "Set OPENBLAS_CORETYPE=SkylakeX in"
    return (
        f"OpenBLAS uses its {architecture} kernels, which leave this processor's AVX-512 idle. {mend}"
        " the environment, and compare `tito roofline 18` before and after."
    )


def _numba() -> Finding:
    problem = _ask(NUMBA)[1]
    if problem:
        settings = ", ".join(sorted(name for name in os.environ if name.startswith("NUMBA_")))
        mend = f"Take {settings} out of the environment." if settings else (
            "python -m pip install --force-reinstall numba")
        return Finding("Numba's loops", problem, False, mend)
    return Finding("Numba's loops", "are compiled", True)


def _threads(count: int | None) -> str:
    return "1 thread" if count == 1 else f"{count} threads"


def _ask(code: str) -> tuple[list, str]:
    """What a small program prints as JSON, or why it failed."""
    command = [sys.executable, "-P", "-W", "ignore", "-c", code]
    try:
        done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=PROBE_LIMIT)
    except subprocess.TimeoutExpired:
        return [], f"no answer in {PROBE_LIMIT:g} s"
    if done.returncode:
        return [], (done.stderr.strip().splitlines() or [f"exit status {done.returncode}"])[-1]
    return json.loads(done.stdout), ""


def _jupyter() -> Finding:
    """JupyterLab and the kernel; the lessons can be worked on in any editor, so this is advice."""
    versions = []
    for name in ("jupyterlab", "ipykernel"):
        try:
            versions.append(f"{name} {metadata.version(name)}")
        except metadata.PackageNotFoundError:
            mend = "For `tito module start`: python -m pip install jupyterlab ipykernel"
            return Finding("Jupyter", f"{name} is not installed", True, mend)
    return Finding("Jupyter", ", ".join(versions), True)


def _no_project() -> Finding:
    mend = "go to a folder with them; clone the repository, or make one with `tito release DIR` in a clone."
    return Finding("lessons", "none in this folder or above it", True, f"To work on lessons: {mend}")


def _project_rows(project: Project) -> list[Finding]:
    return [
        _lessons(project),
        _modules(project),
        _names(project),
        _writable(project),
        _space(project),
        _import_path(project),
    ]


def _lessons(project: Project) -> Finding:
    if project.lacks_release:
        return Finding("lessons", NO_RELEASE, False, GET_RELEASE)
    lost = lost_paths(project) if project.is_student else []
    if lost:
        message, mend = lost_words(project, lost[0])
        return Finding("lessons", message, False, mend)
    kind = "student's folder" if project.is_student else "source tree"
    try:
        found = lessons(project)
    except TitoError as error:
        return Finding("lessons", error.message, False, error.hint or "See `tito module status`.")
    built = sum(is_built(project, lesson.module) for lesson in found)
    words = f"{len(found)} in the {kind} {project.root}, {built} built"
    return Finding("lessons", words, bool(found), "" if found else "Get modules/ back, for example with git.")


def _modules(project: Project) -> Finding:
    """Whether the modules are what the lessons export: as noted in a student's folder, else by exporting in memory."""
    built = [lesson for lesson in readable_lessons(project) if lesson.module]
    if project.is_student:
        said = [*filter(None, (altered(project, lesson.module) for lesson in built)), *altered_given(project)]
        words = " ".join(said) or "as the lessons exported it"
        return Finding(LIBRARY, words, not said, "To keep an edit, make it in the lesson." if said else "")
    others = [lesson for lesson in built if is_built(project, lesson.module) and not _is_export(project, lesson)]
    if not others:
        return Finding(LIBRARY, "as the lessons export it", True)
    words = ", ".join(project.relative(module_path(project.package, lesson.module)) for lesson in others)
    numbers = " ".join(lesson.number for lesson in others)
    return Finding(LIBRARY, f"{words}: not what the lessons export", True, f"tito export {numbers}")


def _is_export(project: Project, lesson: Lesson) -> bool:
    try:
        return read_existing(module_path(project.package, lesson.module)) == render(lesson)
    except LessonError:  # a lesson in the middle of being written
        return False


def _names(project: Project) -> Finding:
    """Whether a file is named as a module that it then hides: trouble where that is a package, else a note."""
    hiding = hiding_files(project, [path.parent for path in lesson_paths(project)])
    if not hiding:
        return Finding("file names", "none hides a module", True)
    words = " ".join(hiding_sentence(project, name, path) for name, path in hiding.items())
    files = ", ".join(project.relative(path) for path in hiding.values())
    return Finding("file names", words, hiding.keys() <= sys.stdlib_module_names, f"Rename {files}.")


def _writable(project: Project) -> Finding:
    places = [project.root, project.modules, project.package, project.state]
    places += [path.parent for path in lesson_paths(project)]
    closed = [project.relative(path) for path in places if path.exists() and not os.access(path, os.W_OK)]
    if closed:
        return Finding("write permission", f"missing for {', '.join(closed)}", False, "Make them yours: chmod -R u+w .")
    return Finding("write permission", "yes", True)


def _space(project: Project) -> Finding:
    free = shutil.disk_usage(project.root).free
    ok = free >= LEAST_SPACE
    return Finding("disk space", f"{free / 1e9:.1f} GB free", ok, "" if ok else "Free some space on this disk.")


def _import_path(project: Project) -> Finding:
    """Where a program outside the folder, such as a notebook's kernel, finds tinytorch."""
    origin, problem = _ask(WHERE)
    if problem or not origin:
        advice = f"To use it from anywhere: python -m pip install -e {project.root}"
        return Finding(f"import {LIBRARY}", "works inside this folder only", True, advice)
    mine = os.path.realpath(origin) == os.path.realpath(project.package / "__init__.py")
    mend = "" if mine else f"Programs outside this folder use that one; python -m pip install -e {project.root}"
    return Finding(f"import {LIBRARY}", origin, True, mend)
