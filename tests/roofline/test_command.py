"""tito roofline as a user types it: the table, the picture, --json, and what bad input meets."""

from __future__ import annotations

import json
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from tests.tito.small_project import tito_environment
from tinytorch.profiling.roofline import CountingTrace
from tinytorch.support.peaks import Bandwidth, Peaks
from tinytorch.support.roofline import RooflineRow, above_roof
from tinytorch.support.workloads import work_of
from tito.cli import cli
from tito.lesson.find import find_lesson
from tito.project import Project

PNG = b"\x89PNG"
NET = """
from tinytorch import GELU, Linear, Sequential
model = Sequential(Linear(12, 8), GELU(), Linear(8, 3))
number = 3
def wrong(x): return x
class Views:
    def __call__(self, x): return x.reshape(-1)
    def parameters(self): return []
views = Views()
"""


def typed(*line: str) -> Result:
    """What the user who types `tito roofline line` gets."""
    result = CliRunner().invoke(cli, ["roofline", *line], prog_name="tito")
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result


@pytest.fixture
def net(tmp_path: Path, real: Project, monkeypatch: pytest.MonkeyPatch) -> str:
    """A user's file with models in it; the current folder is the project."""
    monkeypatch.chdir(real.root)
    (tmp_path / "net.py").write_text(NET, encoding="utf-8")
    return str(tmp_path / "net.py")


def test_a_model_in_a_file_gets_a_table_and_a_picture(net, tmp_path):
    picture = tmp_path / "new" / "roof.png"
    result = typed(f"{net}:model", "--shape", "4,12", "--backward", "-o", str(picture))
    assert result.exit_code == 0 and result.stdout.isascii()
    for word in ("net.py:model on 4 x 12", "FLOP/byte", "model: linear backward", "model: gelu", f"Picture: {picture}"):
        assert word in result.stdout
    assert picture.read_bytes().startswith(PNG) and list(picture.parent.iterdir()) == [picture]


def test_json_holds_the_rows_the_roof_and_the_picture(net, tmp_path):
    picture = tmp_path / "roof.svg"
    result = typed(f"{net}:model", "--shape", "4,12", "-o", str(picture), "--json")
    shown = json.loads(result.stdout)
    assert {row["operation"] for row in shown["rows"]} == {"model: linear", "model: gelu"}
    assert shown["flops"] > 0 and shown["bandwidth"] > 0 and shown["picture"] == str(picture)
    assert "<svg" in picture.read_text(encoding="utf-8")


def test_what_the_users_file_prints_is_not_in_the_json(net, tmp_path):
    Path(net).write_text(f"print('loading')\n{NET}", encoding="utf-8")
    line = [f"{net}:model", "--shape", "4,12", "-o", str(tmp_path / "roof.png")]
    assert json.loads(typed(*line, "--json").stdout)["what"] == "net.py:model on 4 x 12"
    assert typed(*line).stdout.startswith("loading\n")


@pytest.mark.parametrize("number", ["01", "02", "03", "04", "18", "21"])
def test_each_lessons_functions_run_and_have_flops(number, net, real):
    """The operations themselves; that they are measured is tested with the analyses."""
    work = work_of(import_module(find_lesson(real, number).module))
    assert len(work) >= 2
    for name, function in work.items():
        with CountingTrace() as trace:
            function()
        assert sum(o.flops for o in trace.operations) > 0 and sum(o.bytes for o in trace.operations) > 0, name


def test_a_lesson_without_functions_of_its_own_shows_a_training_step(net, tmp_path):
    result = typed("06", "-o", str(tmp_path / "roof.pdf"))
    assert result.exit_code == 0 and "training step" in result.stdout and "cross_entropy backward" in result.stdout
    assert (tmp_path / "roof.pdf").read_bytes().startswith(b"%PDF")


def test_a_result_above_the_roof_names_its_cache_where_its_bandwidth_tells_one_and_blames_the_measurement_too():
    rates = {1 << 14: 100e9, 1 << 15: 98e9, 1 << 20: 50e9, 1 << 21: 49e9, 1 << 28: 10e9}
    memory = tuple(Bandwidth(1, size, rate, 2.0) for size, rate in rates.items())
    peaks = Peaks(100e9, 10e9, memory=memory, cache=1 << 21)

    def row(name: str, gigabytes: float, percent: float, bound: str = "memory") -> RooflineRow:
        return RooflineRow(name, 0.1, 1.0, 1.0, gigabytes, 1.0, percent, bound)

    assert above_roof([row("add", 9.0, 90.0)], peaks) == ""
    rows = [row("add", 9.0, 90.0), row("relu", 30.0, 300.0), row("exp", 80.0, 800.0)]
    told = above_roof(rows, peaks)
    assert "a cache (relu: cache 2, exp: cache 1), which" in told and "or the measurement of the roof was dis" in told
    for other in (row("copy", 200.0, 2000.0), row("matmul", 5.0, 110.0, "compute")):
        assert "a cache, which" in above_roof([other], peaks), "no cache is that fast, or none would help"
    assert "a cache, which" in above_roof([row("exp", 80.0, 800.0)], Peaks(100e9, 10e9)), "no level was measured"


@pytest.mark.parametrize(
    ("line", "code", "words"),
    [
        (["{net}"], 2, "does not say which model"),
        (["{net}:"], 2, "does not say which model"),
        (["{net}:model"], 2, "--shape"),
        (["{net}:modle", "--shape", "4,12"], 2, "Did you mean model?"),
        (["nowhere.py:model", "--shape", "4,12"], 2, "no file nowhere.py"),
        (["settings.ini:model", "--shape", "4,12"], 2, "is not a Python file"),
        (["{net}:model", "--shape", "4,x"], 2, "positive whole numbers"),
        (["{net}:model", "--shape", "0,12"], 2, "positive whole numbers"),
        (["{net}:model", "--shape", "4,12", "-o", "roof.txt"], 2, "ends in .png"),
        (["{net}:model", "--shape", "4,12", "-o", "{net}/roof.png"], 2, "Cannot make the folder"),
        (["18", "-o", "{net}/roof.png"], 2, "Name another with -o"),
        (["99"], 2, "no lesson '99'"),
        (["18", "--shape", "4,12"], 2, "for a model in a file"),
        (["18", "--backward"], 2, "for a model in a file"),
        (["{net}:model", "--shape", "4,11"], 1, "linear wants x of shape (..., 12)"),
        (["{net}:number", "--shape", "4,12"], 1, "int object is not a model"),
        (["{net}:wrong", "--shape", "4,12"], 1, "function object is not a model"),
        (["{net}:views", "--shape", "4,12"], 1, "no operation with FLOPs"),
    ],
)
def test_bad_input_is_refused_in_words(net, line, code, words):
    result = typed(*[part.format(net=net) for part in line])
    assert result.exit_code == code and words in result.stderr and not result.stdout


@pytest.mark.parametrize(
    ("text", "words"), [("def", "line 1: invalid syntax"), ("import no_such_package", "no_such_package")]
)
def test_a_file_that_cannot_be_imported_says_why(net, text, words):
    Path(net).write_text(text, encoding="utf-8")
    result = typed(f"{net}:model", "--shape", "4,12")
    assert result.exit_code == 1 and words in result.stderr


def test_the_users_folder_is_searched_while_the_file_is_imported_and_no_longer(net):
    before = list(sys.path)
    Path(net).with_name("parts_of_it.py").write_text("WIDTH = 12\n", encoding="utf-8")
    text = "from parts_of_it import WIDTH\nfrom tinytorch import Linear\nmodel = Linear(WIDTH, 3)\n"
    Path(net).write_text(text, encoding="utf-8")
    assert typed(f"{net}:model", "--shape", "4,12", "-o", f"{net}.png").exit_code == 0
    assert sys.path == before


def test_a_package_that_is_not_built_says_which_lesson_is_missing(real, tmp_path):
    student = tmp_path / "student"
    run = [sys.executable, "-m", "tito"]
    subprocess.run([*run, "release", str(student)], cwd=real.root, env=tito_environment(), check=True, timeout=120)
    done = subprocess.run(
        [*run, "roofline"], cwd=student, env=tito_environment(), capture_output=True, text=True, timeout=120
    )
    assert done.returncode == 1 and "tito module complete" in done.stderr and "Traceback" not in done.stderr
