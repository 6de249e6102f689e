"""Both performance tables are what the kept results render to: nobody can type a number into them."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path

import pytest

from benchmarks.__main__ import main
from benchmarks.machine import this_machine
from benchmarks.readme import (
    BEGIN,
    CHOSEN,
    END,
    FRONT,
    KEPT,
    PICTURE,
    SHOWN,
    WHOLE,
    amount,
    front_block,
    kept,
    lines_of,
    merged,
    whole_block,
    with_block,
    with_headings,
)
from benchmarks.report import Report, from_json, report_of, to_json
from benchmarks.rows import all_rows
from benchmarks.timing import FirstCalls, Result
from tito.errors import TitoError

GROUPS = list(dict.fromkeys(row.group for row in all_rows()))


def result(name: str, group: str, ratio: float = 0.5) -> Result:
    threads = int(name[-2]) if name.endswith("t") and name[-2].isdigit() else 1
    return Result(name, group, threads, 1234.5 * ratio, 1234.5, 10.0, "us", ratio, ratio / 2, ratio * 2, 0.6, 9)


def whole_report() -> Report:
    """A made-up result for every row."""
    results = [result(row.name, row.group.name) for row in all_rows()]
    return report_of(this_machine(), GROUPS, results, [FirstCalls("compiled-forward-1t", 0.6, 27.0)])


@pytest.mark.parametrize(("readme", "block"), [
    (FRONT, front_block(kept(KEPT))), (WHOLE, whole_block(kept(KEPT), kept(CHOSEN)))], ids=["README", "benchmarks"])
def test_a_table_is_what_the_kept_results_render_to(readme, block):
    text = readme.read_text(encoding="utf-8")
    assert text.count(BEGIN) == 1 and text.split(BEGIN)[1].split(END)[0] == block


def test_readme_shows_six_lines_of_the_table():
    lines = [line for line in front_block(whole_report()).splitlines() if line.startswith("| ")]
    assert len(lines) == 2 + 6
    assert set(lines) <= set(whole_block(whole_report()).splitlines())


def test_a_kept_result_is_one_line_and_is_read_back():
    text = to_json(whole_report())
    assert from_json(text) == whole_report()
    for found in whole_report().results:
        assert len([line for line in text.splitlines() if f'"name": "{found.name}"' in line]) == 1


def test_the_kept_summaries_follow_from_the_kept_results():
    for report in (kept(KEPT), kept(CHOSEN)):
        assert report_of(report.machine, GROUPS, report.results, report.first_calls) == report


def test_every_kept_result_is_of_a_row_that_there_is():
    results = (*kept(KEPT).results, *kept(CHOSEN).results)
    assert {found.name for found in results} <= {row.name for row in all_rows()}


def test_other_kernels_are_told_by_their_name_and_the_means_of_their_groups():
    machine = replace(this_machine(), blas="openblas 1 (SkylakeX)")
    results = [result("step-block-1t", "block", 0.25), result("matmul-square-64-2t", "matmul", 0.75)]
    block = whole_block(whole_report(), report_of(machine, GROUPS, results))
    assert "With `OPENBLAS_CORETYPE=SkylakeX` in the environment," in block
    assert "matrix products 0.75 on 2 threads; training step, transformer block 0.25 on 1 thread." in block
    assert "CORETYPE" not in whole_block(whole_report())
    assert whole_block(whole_report(), report_of(machine, GROUPS, results + [
        result("gelu-forward-1k-1t", "gelu", 0.5), result("fuse-forward-1k-1t", "fuse", 0.5)])) == block


def test_the_picture_is_there_and_linked():
    assert PICTURE.read_bytes().startswith(b"\x89PNG")
    assert f"(benchmarks/{PICTURE.name})" in front_block(kept(KEPT))


def test_every_line_names_rows_that_there_are():
    names, groups = {row.name for row in all_rows()}, {group.name for group in GROUPS}
    for shown in SHOWN:
        assert shown.group in groups or {shown.row, f"{shown.row}-1t"} & names, shown
    assert len(lines_of(whole_report())) == len(SHOWN)


def test_a_line_shows_both_times_the_floor_the_ratio_with_its_spread_and_the_goal():
    rows = [line for line in whole_block(whole_report()).splitlines() if line.startswith("| GELU forward, 1k ")]
    assert len(rows) == 1
    assert re.split(r" *\| *", rows[0].strip("| "))[1:6] == ["PyTorch", "617 us", "1.23 ms", "10 us",
                                                             "0.50 (0.25 .. 1.00)"]
    assert rows[0].endswith("| 0.60 |")


def test_a_group_shows_the_mean_and_the_range_of_its_rows():
    report = whole_report()
    two = [replace(found, ratio=2.0) if found.name == "matmul-square-64-1t" else found for found in report.results]
    (line,) = [line for line in lines_of(report_of(report.machine, GROUPS, two)) if line.label == "Matrix products"]
    assert 0.5 < line.results[0].ratio < 0.6 and (line.results[0].low, line.results[0].high) == (0.5, 2.0)


def test_what_compiling_costs_is_said():
    assert "27 s for torch.compile, 0.6 s for `fuse`" in whole_block(whole_report())


def test_a_row_that_was_not_measured_is_named():
    report = whole_report()
    some = report_of(report.machine, GROUPS, [found for found in report.results if found.group != "matmul"])
    with pytest.raises(TitoError, match="no result for matmul"):
        lines_of(some)


def test_the_picture_tells_what_the_lines_are_held_against():
    headings = [line.label for line in with_headings(whole_report()) if not line.results]
    assert headings[:2] == ["against PyTorch", "against fused_gelu by hand"] and len(set(headings)) == len(headings)


@pytest.mark.parametrize(("value", "unit", "wanted"), [
    (0.5, "us", "0.5 us"), (999.0, "us", "999 us"), (12_345.0, "us", "12.3 ms"), (2_500_000.0, "us", "2.5 s"),
    (0.0, "us", "0 us"), (1536.0, "KiB", "1.5 MiB"), (12.0, "KiB", "12 KiB")])
def test_amounts_have_three_digits(value, unit, wanted):
    assert amount(value, unit) == wanted


def test_rows_measured_again_take_the_place_of_the_old_and_the_others_stay(tmp_path: Path):
    report = whole_report()
    (tmp_path / "kept.json").write_text(to_json(report), encoding="utf-8")
    again = report_of(report.machine, GROUPS, [result("gelu-forward-1M-1t", "gelu", 0.25)])
    both = merged(again, tmp_path / "kept.json")
    assert [found.name for found in both.results] == [found.name for found in report.results]
    assert {found.ratio for found in both.results if found.name == "gelu-forward-1M-1t"} == {0.25}
    assert both.first_calls == report.first_calls


def test_results_of_two_machines_are_not_mixed(tmp_path: Path):
    report = whole_report()
    another = replace(report, machine=replace(report.machine, cpu="another"))
    (tmp_path / "kept.json").write_text(to_json(another), encoding="utf-8")
    with pytest.raises(TitoError, match="another machine"):
        merged(report_of(report.machine, GROUPS, report.results[:1]), tmp_path / "kept.json")
    assert merged(report, tmp_path / "kept.json") == report, "a whole run takes the place of all"


def test_only_the_block_changes():
    assert with_block(f"before\n{BEGIN}old\n{END}after\n", "new\n") == f"before\n{BEGIN}new\n{END}after\n"


def test_the_option_is_told():
    with pytest.raises(SystemExit) as told:
        main(["--help"])
    assert told.value.code == 0
