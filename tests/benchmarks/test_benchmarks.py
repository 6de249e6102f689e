"""The benchmarks: every row compares like with like, can be asked for by name, and is told whole. No time is judged."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from benchmarks.__main__ import main, run
from benchmarks.gpt import TheirGPT, copy_by_name
from benchmarks.machine import this_machine, threads
from benchmarks.picture import in_columns, lines_of, save_picture
from benchmarks.report import as_text, from_json, report_of, to_json, unrest
from benchmarks.rows import UnknownRow, all_rows, select
from benchmarks.rows_convolutions import KERNELS, network_sides
from benchmarks.rows_embeddings import gradient_sides as embedding_gradient_sides
from benchmarks.rows_embeddings import lookup_sides
from benchmarks.rows_fuse import HALF_CALLS, by_hand_sides, chain_sides, compiled_sides, half_sides
from benchmarks.rows_gelu import gelu_sides
from benchmarks.rows_generation import generation_sides
from benchmarks.rows_language import gpt_flops, gpt_sides
from benchmarks.rows_matmul import GRID, Product, flops, gradient_sides, matmul_sides, operands
from benchmarks.rows_memory import memory_rows
from benchmarks.rows_startup import PROGRAMS, startup_sides
from benchmarks.rows_tokenization import encoding_sides, plain_sides, training_sides
from benchmarks.rows_training import NETWORKS, block_flops, block_sides, mixed_sides, step_flops, step_sides
from benchmarks.timing import FirstCalls, Group, Result, Row, Sides, interleaved, measure, summarize
from tinytorch.core.transformers import GPT, GPTConfig

GROUP = Group("sleep", "Sleeping", "PyTorch", "nothing", goal=1.0)


def result(name: str = "a-1t", ratio: float = 0.5, threads: int = 1, goal: float | None = 0.4) -> Result:
    return Result(name, "sleep", threads, 1e3 * ratio, 1e3, 1e2, "us", ratio, ratio / 2, ratio * 2, goal, 7)


def nothing() -> None:
    pass


def smaller(p: Product) -> Product:
    """The same kind of product with no axis longer than 8; lengths that were equal stay equal."""
    return replace(p, a=tuple(min(n, 8) for n in p.a), b=tuple(min(n, 8) for n in p.b))


def test_names_are_unique_and_say_the_thread_count():
    rows = all_rows()
    names = [row.name for row in rows]
    assert len(set(names)) == len(names)
    in_process = [row for row in rows if row.group.name not in ("startup", "memory")]
    assert all(row.name.endswith(f"-{row.threads}t") for row in in_process)


def test_every_goal_of_the_project_that_can_be_measured_now_has_its_row():
    names = {row.name for row in all_rows()}
    sizes = ("1k", "1M", "16M", "16M-bfloat16")
    wanted = {f"gelu-{way}-{size}-1t" for way in ("forward", "backward") for size in sizes}
    wanted |= {f"step-{widths}-{f}-1t" for f in ("relu", "gelu") for widths in (
        "64-32-10", "64-128-10", "64-128-128-10", "784-256-128-10", "784-512-512-10", "784-1024-1024-10")}
    wanted |= {f"matmul-square-{n}-1t" for n in (64, 128, 256, 512, 1024, 2048)}
    wanted |= {f"fuse-{way}-{size}-1t" for way in ("forward", "backward") for size in (*sizes, "1k-bfloat16")}
    wanted |= {f"conv-step-{k}x{k}-padding-{padding}-1t" for k, padding in KERNELS}
    wanted |= {"chain-forward-1t", "compiled-forward-1t", "half-add-16M-1t", "half-gelu-forward-16M-1t"}
    wanted |= {"bpe-train-1t", "bpe-encode-1t", "bpe-plain-1t"}
    wanted |= {f"embedding-{way}-{count}-1t" for way in ("lookup", "gradient") for count in (512, 50000)}
    wanted |= {"step-block-1t", "gpt-step-1t", "gpt-generate-1t", "memory-mlp", "memory-block"}
    assert wanted | {"import-tinytorch", "tito-help"} <= names


@pytest.mark.parametrize("direction", ["forward", "backward"])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16", "float16"])
def test_both_sides_of_a_gelu_row_agree(direction, dtype):
    sides = gelu_sides(direction, 1000, dtype)
    sides.agree()
    sides.floor()


@pytest.mark.parametrize("way", ["forward", "backward"])
@pytest.mark.parametrize("dtype", ["float32", "bfloat16"])
def test_the_compiler_and_the_hand_agree(way, dtype):
    sides = by_hand_sides(way, 1000, dtype)
    sides.agree()
    sides.floor()


@pytest.mark.parametrize(("kernel", "padding"), KERNELS)
def test_both_sides_of_a_convolutional_networks_step_agree(kernel, padding):
    network_sides(kernel, padding).agree()


@pytest.mark.parametrize("way", ["forward", "gradients"])
def test_both_sides_of_the_chain_agree_eager_and_compiled(way):
    eager = chain_sides(way, (40, 30), 1)
    compiled = compiled_sides(way, (40, 30), 1, compiler=lambda function: function)
    for sides in (eager, compiled):
        sides.agree()
        sides.floor()
    assert eager.first_calls is None and min(compiled.first_calls) > 0


@pytest.mark.parametrize("name", HALF_CALLS)
def test_a_kernel_in_bfloat16_agrees_with_one_in_float32(name):
    half_sides(name, 1000).agree()


@pytest.mark.parametrize("p", GRID, ids=lambda p: p.name)
def test_both_sides_of_a_product_agree_and_keep_its_layout(p):
    small = smaller(p)
    matmul_sides(small, 1).agree()
    gradient_sides(small, 1).agree()
    a, b = operands(small)
    assert (p.left is None, p.right is None) == (a.flags.c_contiguous, b.flags.c_contiguous)
    assert flops(small) == 2 * (a @ b).size * a.shape[-1]


@pytest.mark.parametrize("activation", ["relu", "gelu"])
@pytest.mark.parametrize("widths", sorted({len(widths) for _, widths in NETWORKS}))
def test_both_sides_of_a_training_step_agree(widths, activation):
    step_sides(8, (12, *[6] * (widths - 2), 10), activation).agree()


def test_both_sides_of_a_block_agree():
    block_sides(texts=2, tokens=5, width=8, heads=2, hidden=16).agree()


def test_both_sides_of_a_gpts_step_agree():
    gpt_sides(1, 3, {"vocab_size": 11, "block_size": 6, "n_layer": 2, "n_head": 2, "n_embd": 8}).agree()


def test_both_sides_of_a_gpt_that_writes_agree():
    sides = generation_sides({"vocab_size": 11, "block_size": 6, "n_layer": 2, "n_head": 2, "n_embd": 8})
    sides.agree()
    assert sides.ours().shape == (1, 6) and sides.floor > 0


def test_weights_are_copied_by_name_and_a_missing_name_is_told():
    ours, theirs = GPT(GPTConfig(5, 4, 1, 2, 8)), TheirGPT(5, 4, 1, 2, 8)
    copy_by_name(theirs, ours)
    idx = np.array([[0, 4, 2]])
    np.testing.assert_allclose(ours(idx).data, theirs(torch.from_numpy(idx)).detach(), atol=1e-6)
    with pytest.raises(ValueError, match=r"only one of both has: \['blocks.1.attn.in_proj.bias', "):
        copy_by_name(theirs, GPT(GPTConfig(5, 4, 2, 2, 8)))


def test_both_sides_of_an_embeddings_rows_agree():
    for sides in (lookup_sides(9, 4, (3, 5)), embedding_gradient_sides(9, 4, (3, 5))):
        sides.agree()
        assert sides.floor().shape[-1] == 4


@pytest.mark.parametrize("dtype", ["float16", "bfloat16"])
def test_a_step_in_mixed_precision_agrees_with_one_in_float32(dtype):
    mixed_sides(8, (12, 6, 10), dtype).agree()


@pytest.mark.parametrize("sides", [training_sides, encoding_sides, plain_sides])
def test_both_sides_of_learning_tokens_and_of_encoding_agree(sides):
    made = sides("a tale told by an idiot, full of sound and fury", 260 if sides is not plain_sides else 20)
    made.agree()
    for call in (made.ours, made.theirs, made.floor):
        call()


def test_a_tokenizer_that_learns_other_merges_is_not_timed(monkeypatch):
    monkeypatch.setattr("benchmarks.rows_tokenization.learn_merges", lambda words, count: [])
    with pytest.raises(AssertionError, match="other merges"):
        plain_sides("to be or not to be", 3).agree()


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_program_starts(program):
    startup_sides(PROGRAMS[program]).agree()


def test_the_flops_of_a_step_are_those_of_its_products():
    assert step_flops(64, (5, 7, 3)) == 2 * 64 * (2 * 5 * 7 + 3 * 7 * 3)


def test_the_flops_of_a_block_are_those_of_its_products():
    rows, attention = 3 * 4, 3 * 2 * (4 * 8 * 4)  # 3 texts of 4 tokens, in 2 heads of width 8
    assert block_flops(3, 4, 16, 32) == 3 * 2 * (rows * 16 * 16 * 4 + rows * 16 * 32 * 2 + 2 * attention)


def test_the_flops_of_a_gpt_are_those_of_its_products():
    rows, attention = 3 * 4, 2 * 3 * 2 * (2 * 4 * 4 * 8)  # 3 texts of 4 tokens, in 2 heads of width 8
    block = 2 * rows * 16 * (3 * 16 + 16 + 2 * 64) + attention
    assert gpt_flops(3, vocab_size=50, block_size=4, n_layer=2, n_head=2, n_embd=16) == 3 * (
        2 * block + 2 * rows * 16 * 50)


def test_a_row_whose_sides_disagree_is_not_timed():
    def agree():
        np.testing.assert_allclose([1.0], [2.0])

    row = Row("wrong-1t", GROUP, 1, None, lambda: Sides(nothing, nothing, agree, nothing))
    with pytest.raises(AssertionError, match="wrong-1t: the two sides disagree"):
        run(row, row.build(), "[1/1]")


@pytest.mark.parametrize("wrong", [0.5, -1.0])
def test_agreement_notices_a_wrong_side(monkeypatch, wrong):
    monkeypatch.setattr(torch, "matmul", lambda a, b: wrong * (a @ b))
    for build in (matmul_sides, gradient_sides):
        with pytest.raises(AssertionError):
            build(Product("small", (3, 4), (4, 5)), 1).agree()


def test_calls_take_turns():
    seen = []
    calls = [lambda name=name: (seen.append(name), np.linalg.norm(np.ones(200_000)), None)[-1] for name in "ab"]
    taken = interleaved(calls, seconds=0.0)
    assert taken.shape[1] == 2 and (taken > 0).all()
    switches = sum(x != y for x, y in zip(seen, seen[1:], strict=False))
    assert switches >= len(taken), "each side runs again and again, not first the one and then the other"


def test_a_measurement_is_the_median_with_its_spread():
    row = Row("a-1t", GROUP, 1, 0.5, nothing)
    sides = Sides(lambda: sum(range(1000)), lambda: sum(range(1000)), nothing, 1e-9)
    found = measure(row, sides, seconds=0.02)
    assert found.low <= found.ratio <= found.high
    assert (found.name, found.goal, found.floor, found.unit) == ("a-1t", 0.5, 1e-3, "us")


@pytest.mark.parametrize("row", memory_rows(), ids=lambda row: row.name)
def test_memory_is_counted_and_within_its_goal(row, capsys):
    found = run(row, row.build(), "[1/1]")
    assert found.floor <= found.ours <= row.goal * found.theirs
    assert (found.ratio, found.low, found.high, found.unit) == (found.ours / found.theirs, *[found.ratio] * 2, "KiB")
    assert row.name in capsys.readouterr().err


def test_a_summary_is_the_geometric_mean_for_each_thread_count():
    one, two = summarize(GROUP, [result("a-1t", 0.5), result("b-1t", 2.0), result("a-2t", 0.25, threads=2)])
    assert (one.threads, one.rows, one.worst_row) == (1, 2, "b-1t")
    assert one.geomean == pytest.approx(1.0) and two.geomean == pytest.approx(0.25)


def test_the_thread_count_is_put_back():
    before = torch.get_num_threads()
    with pytest.raises(KeyError), threads(1):
        assert torch.get_num_threads() == 1
        raise KeyError
    assert torch.get_num_threads() == before


def test_rows_are_chosen_by_name_and_pattern_in_their_own_order():
    rows = all_rows()
    assert [row.name for row in select(["gelu-forward-1M-1t"], rows)] == ["gelu-forward-1M-1t"]
    chosen = select(["import-*", "gelu-backward-1?-1t"], rows)
    assert [row.name for row in chosen] == [
        "gelu-backward-1k-1t", "gelu-backward-1M-1t", "import-tinytorch", "import-tensor"]
    assert select([], rows) == rows


def test_an_unknown_name_gets_the_nearest_ones(capsys):
    with pytest.raises(UnknownRow, match="gelu-forwrad-1M.*gelu-forward-1M-1t"):
        select(["gelu-forwrad-1M"], all_rows())
    assert main(["gelu-forwrad-1M"]) == 2
    assert "gelu-forward-1M-1t" in capsys.readouterr().err


def test_a_picture_of_no_known_kind_is_refused_before_anything_is_measured(capsys):
    with pytest.raises(SystemExit) as ended:
        main(["gelu-forward-1k-1t", "--plot", "x.txt"])
    told = capsys.readouterr()
    assert ended.value.code == 2 and "x.txt is not the name of a picture: it ends in .png, .svg, .pdf" in told.err
    assert "gelu-forward-1k-1t" not in told.out


def test_a_report_comes_back_from_json_as_it_was():
    report = report_of(
        this_machine(), [GROUP], [result("a-1t"), result("b-2t", 1.5, threads=2, goal=None)],
        [FirstCalls("a-1t", 0.5, 25.0)])
    assert from_json(to_json(report)) == report
    assert json.loads(to_json(report))["results"][1]["goal"] is None


def test_the_report_names_the_machine_and_is_ascii():
    text = as_text(report_of(this_machine(), [GROUP], [result()]))
    assert text.isascii()
    assert this_machine().cpu in text and torch.__version__ in text and "a-1t" in text


def test_a_wide_spread_is_said():
    calm, wild = replace(result(), low=0.45, high=0.55), result("b-1t")
    assert unrest([calm]) == []
    assert "1 of 2 rows" in unrest([calm, wild])[1]


def test_the_picture_holds_every_row(tmp_path: Path):
    report = report_of(this_machine(), [GROUP], [result(), result("a-2t", 3.0, threads=2), result("b-1t", 0.1)])
    (lines,) = lines_of(report)
    assert [(line.label, len(line.results)) for line in lines] == [("sleep, against PyTorch", 0), ("a", 2), ("b", 1)]
    columns = in_columns([lines] * 40)
    assert sum(columns, []) == lines * 40 and max(map(len, columns)) <= 46
    save_picture(report, tmp_path / "ratios.png")
    assert (tmp_path / "ratios.png").read_bytes().startswith(b"\x89PNG")


def test_a_row_by_name_is_measured_told_and_written(tmp_path: Path):
    command = [sys.executable, "-m", "benchmarks", "gelu-forward-1k-1t", "--json", str(tmp_path / "found.json")]
    process = subprocess.run(command, cwd=Path(__file__).parents[2], capture_output=True, text=True)
    assert process.returncode == 0, process.stderr
    (found,) = from_json((tmp_path / "found.json").read_text(encoding="utf-8")).results
    assert found.name == "gelu-forward-1k-1t" and found.rounds >= 7
    assert "gelu-forward-1k-1t" in process.stdout and "[1/1]" in process.stderr


def test_a_file_that_cannot_be_written_is_said(capsys, tmp_path: Path):
    (tmp_path / "file").write_text("", encoding="utf-8")
    assert main(["gelu-forward-1k-1t", "--json", str(tmp_path / "file" / "x.json")]) == 1
    assert "Cannot write" in capsys.readouterr().err
