"""Nothing that Windows would refuse, as far as sources and files can show it on any system."""

from __future__ import annotations

import ast
import re
import subprocess
from collections import Counter
from collections.abc import Iterator
from functools import cache
from pathlib import Path, PurePosixPath

import pytest

from tests.tito.small_project import small_project, student_project, typed
from tito.actions import doctor
from tito.project import Project
from tito.run.process import crash_name

ROOT = Path(__file__).resolve().parents[2]
PRODUCT = ("tito", "tinytorch", "examples", "benchmarks", "modules")
OPENING = ("open", "fdopen", "read_text", "write_text", "NamedTemporaryFile")
LONGEST = 120  # characters of a path in the repository: Windows takes 259 with the folder of the clone before it
RESERVED = {"con", "prn", "aux", "nul", *(f"{port}{number}" for port in ("com", "lpt") for number in range(10))}
POSIX_MODULES = {"curses", "fcntl", "grp", "posix", "pty", "pwd", "resource", "syslog", "termios", "tty"}
POSIX_MEMBERS = {
    "os": "chown fork forkpty getegid geteuid getgid getgroups getpgid getsid getuid initgroups killpg lchown mkfifo"
    " mknod nice openpty pathconf posix_spawn sched_getaffinity sched_setaffinity setgid setpgid setsid setuid statvfs"
    " sysconf uname wait wait3 wait4 WIFSIGNALED WNOHANG",
    "signal": "SIGALRM SIGCHLD SIGHUP SIGKILL SIGPIPE SIGQUIT SIGSTOP SIGUSR1 SIGUSR2 SIGXCPU alarm pause setitimer"
    " pthread_sigmask sigwait",
    "time": "clock_gettime tzset",
}
LINUX_FILES = {
    "benchmarks/machine.py": "/proc/cpuinfo",
    "tinytorch/support/peaks.py": "/sys/devices/system/cpu/cpu0/cache",
}


def git(*arguments: str) -> list[str]:
    """The lines that git prints, where each ends in a NUL."""
    done = subprocess.run(["git", *arguments], cwd=ROOT, capture_output=True, encoding="utf-8", check=True)
    return done.stdout.split("\0")[:-1]


def sources(*folders: str) -> list[Path]:
    return [path for folder in folders for path in sorted((ROOT / folder).rglob("*.py"))]


def where(path: Path, node: ast.AST) -> str:
    return f"{path.relative_to(ROOT).as_posix()}:{node.lineno}"


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_bytes())


def is_refused(name: str) -> bool:
    """Whether Windows takes no file of this name: by its characters, its end, or because it is a device's."""
    device = name.partition(".")[0].rstrip().lower() in RESERVED
    return device or name[-1:] in (".", " ") or bool(re.search(r'[<>:"/\\|?*\x00-\x1f]', name))


@pytest.mark.parametrize("name", ["a:b", "what?", "nul", "Aux.py", "com1.txt", "end.", "end ", "a\\b", "tab\t"])
def test_a_name_that_windows_refuses_is_known(name):
    assert is_refused(name)


@pytest.mark.parametrize("name", ["tensor_dev.py", ".gitattributes", "console.py", "a b", "com10", "con-1.kernel"])
def test_a_name_that_windows_takes_is_not_refused(name):
    assert not is_refused(name)


def test_windows_takes_the_name_of_every_file():
    names = git("ls-files", "-z")
    assert names and not [name for name in names if any(map(is_refused, name.split("/")))]
    assert not [name for name in names if len(name) > LONGEST]
    folders = {folder.as_posix() for name in names for folder in PurePosixPath(name).parents}
    same = Counter(name.lower() for name in [*names, *folders])
    assert not [name for name, count in same.items() if count > 1]


def test_no_file_is_a_link():
    assert not [row for row in git("ls-files", "-z", "--stage") if row.startswith("120000")]


def test_what_tito_writes_has_names_that_windows_takes(tmp_path, monkeypatch):
    source, student = small_project(tmp_path / "source"), student_project(tmp_path / "student")
    for project, lines in [
        (source, ["module complete 1", "notebook 1", f"release {tmp_path / 'mine'}"]),
        (student, ["module reset 1", f"update {tmp_path / 'mine'}"]),
    ]:
        monkeypatch.chdir(project.root)
        assert [typed(line).exit_code for line in lines] == [0] * len(lines)
    written = [path.relative_to(tmp_path) for path in tmp_path.rglob("*")]
    assert {"record.json", "first_dev.ipynb", "backups"} <= {part for path in written for part in path.parts}
    assert not [str(path) for path in written if any(map(is_refused, path.parts))]


def test_a_checkout_has_the_same_bytes_on_every_system(tmp_path):
    """As Windows has git by default; what is binary is not touched either."""
    settings = ["-c", "core.autocrlf=true", "-c", "core.eol=crlf"]
    git(*settings, "checkout-index", "--all", f"--prefix={tmp_path.as_posix()}/")
    rows = [row.partition("\t") for row in git("ls-files", "-z", "--stage")]
    blobs = {name: about.split()[1] for about, _, name in rows}
    names = sorted(blobs)
    paths = "\n".join(f"{tmp_path.as_posix()}/{name}" for name in names)
    command = ["git", "hash-object", "--no-filters", "--stdin-paths"]
    done = subprocess.run(command, cwd=ROOT, input=paths, capture_output=True, encoding="utf-8", check=True)
    assert not [name for name, found in zip(names, done.stdout.split(), strict=True) if found != blobs[name]]


def test_what_is_binary_is_said_to_be():
    rows = [row.partition("\t") for row in git("ls-files", "-z", "--eol")]
    binary = {name: about for about, _, name in rows if about.startswith("i/-text")}
    assert binary and not [name for name, about in binary.items() if "attr/-text" not in about]


def member(node: ast.AST) -> str:
    """The last part of a name: `open` of `path.open`; empty for anything else."""
    if isinstance(node, ast.Attribute):
        return node.attr
    return node.id if isinstance(node, ast.Name) else ""


def opened_in_the_systems_encoding(node: ast.AST) -> Iterator[ast.Call]:
    """The calls that read or write text and do not say in which encoding: Windows may take another."""
    for call in ast.walk(node):
        if not isinstance(call, ast.Call) or member(call.func) not in OPENING:
            continue
        name, function = ast.unparse(call.func), member(call.func)
        if name in ("os.open", "read_text"):  # the second is a function of tito's own
            continue
        given = [*call.args, *(keyword.value for keyword in call.keywords)]
        modes = [arg.value for arg in given if isinstance(arg, ast.Constant) and isinstance(arg.value, str)]
        modes = [mode for mode in modes if re.fullmatch("[rwxabt+]+", mode)]
        by_default = "rb" if name == "gzip.open" or function == "NamedTemporaryFile" else "r"
        is_text = "b" not in (modes or [by_default])[0]
        in_place = len(call.args) > {"read_text": 0, "write_text": 1}.get(function, 9)
        if is_text and not in_place and "encoding" not in [keyword.arg for keyword in call.keywords]:
            yield call


@pytest.mark.parametrize(
    ("code", "is_found"),
    [
        ("open(path)", True),
        ("open(path, 'w')", True),
        ("path.open(mode='w')", True),
        ("path.write_text(text)", True),
        ("gzip.open(path, 'rt')", True),
        ("open(path, 'rb')", False),
        ("open(path, encoding='utf-8')", False),
        ("gzip.open(path)", False),
        ("path.open('w', encoding='ascii')", False),
        ("path.write_text(text, 'utf-8')", False),
        ("os.open(path, os.O_RDONLY)", False),
    ],
)
def test_a_call_without_an_encoding_is_found(code, is_found):
    assert bool(list(opened_in_the_systems_encoding(ast.parse(code)))) == is_found


def test_every_text_is_read_and_written_in_an_encoding_that_is_named():
    paths = [ROOT / "setup.py", *sources(*PRODUCT, "tests")]
    assert not [where(path, call) for path in paths for call in opened_in_the_systems_encoding(tree(path))]


def of_posix(node: ast.AST, asked: bool = False) -> Iterator[ast.AST]:
    """Imports and members that only POSIX has, outside what asks which system this is."""
    asked = asked or (isinstance(node, ast.If | ast.IfExp | ast.BoolOp) and asks(node))
    if not asked and posix_names(node):
        yield node
    for child in ast.iter_child_nodes(node):
        yield from of_posix(child, asked)


def asks(node: ast.If | ast.IfExp | ast.BoolOp) -> bool:
    condition = node.values[0] if isinstance(node, ast.BoolOp) else node.test
    return any(word in ast.unparse(condition) for word in ("os.name", "sys.platform"))


def posix_names(node: ast.AST) -> bool:
    if isinstance(node, ast.Import):
        return any(alias.name in POSIX_MODULES for alias in node.names)
    if isinstance(node, ast.ImportFrom):
        return node.module in POSIX_MODULES
    if not isinstance(node, ast.Attribute) or not isinstance(node.value, ast.Name):
        return False
    return node.attr in POSIX_MEMBERS.get(node.value.id, "").split()


@pytest.mark.parametrize(
    ("code", "is_found"),
    [
        ("import fcntl", True),
        ("from resource import getrusage", True),
        ("def f(): os.killpg(1, 9)", True),
        ("if ready: signal.alarm(3)", True),
        ("if os.name == 'posix': os.killpg(1, 9)", False),
        ("x = sys.platform != 'win32' and os.getuid() == 0", False),
        ("os.replace(a, b)", False),
    ],
)
def test_what_only_posix_has_is_found_where_the_system_is_not_asked(code, is_found):
    assert bool(list(of_posix(ast.parse(code)))) == is_found


def test_the_project_uses_nothing_of_posix_without_asking():
    assert not [where(path, node) for path in sources(*PRODUCT) for node in of_posix(tree(path))]


def test_tests_import_what_only_posix_has_where_they_use_it():
    """So that the others of their file run on Windows. child.py is imported only where a process can fork."""
    at_top = [(path, node) for path in sources("tests") for node in tree(path).body if posix_names(node)]
    assert {where(path, node).partition(":")[0] for path, node in at_top} == {"tests/graders/child.py"}


def test_a_file_takes_the_place_of_another_by_replace():
    """Windows refuses to rename a file to the name of another."""
    nodes = [(path, node) for path in sources(*PRODUCT) for node in ast.walk(tree(path))]
    assert not [where(path, node) for path, node in nodes if member(node) in ("rename", "renames")]


def test_a_path_of_linux_is_in_its_place_only():
    """What reads one of LINUX_FILES does without it where it is not there."""
    begins = re.compile(r"/(dev|etc|home|proc|sys|tmp|usr|var)\b")
    paths = {
        (path.relative_to(ROOT).as_posix(), node.value)
        for path in sources(*PRODUCT)
        for node in ast.walk(tree(path))
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and begins.match(node.value)
    }
    assert paths == set(LINUX_FILES.items())


def test_what_is_printed_is_ascii():
    """A console of Windows may have a code page without other characters."""
    paths = [*sources(*PRODUCT), *(ROOT / "tito").rglob("templates/*.md")]
    assert not [str(path) for path in paths if not path.read_bytes().isascii()]


@pytest.mark.parametrize(
    ("status", "name"),
    [(0, ""), (3, ""), (255, ""), (0xC0000005, "exception 0xc0000005"), (-11, "SIGSEGV"), (-99, "signal 99")],
)
def test_a_process_that_the_system_ended_is_said_to_have_crashed(status, name):
    assert crash_name(status) == name


def test_advice_is_typed_as_the_system_has_it(project, monkeypatch):
    monkeypatch.setattr(doctor.os, "access", lambda *_: False)
    (row,) = [doctor.writable_row(Project(project.root))]
    assert not row.ok and doctor.MAKE_WRITABLE in row.mend
