"""Profiler.trace and the Chrome trace: counts, undisturbed models, and every rule of the Trace Event Format."""

from __future__ import annotations

import json
import math
from itertools import pairwise

import numpy as np
import pytest

from tinytorch.core.activations import GELU
from tinytorch.core.layers import Dropout, Linear, Sequential, generator, manual_seed
from tinytorch.core.tensor import Tensor
from tinytorch.profiling.profiler import Operation, Profiler
from tinytorch.profiling.roofline import CountedOperation, CountingTrace, count_flops, roof_fraction
from tinytorch.support.chrome_trace import chrome_trace, write_chrome_trace
from tinytorch.support.roof import Roof
from tinytorch.support.tables import table

ROOF = Roof(flops=100e9, bandwidth=20e9)


@pytest.fixture
def model():
    manual_seed(0)
    return Sequential(Linear(6, 4), Dropout(0.5), GELU(), Linear(4, 2))


X = np.random.default_rng(0).normal(size=(8, 6)).astype(np.float32)


def square(y: Tensor) -> Tensor:
    return (y * y).mean()


def operation(start: float, seconds: float, phase: str = "forward", name: str = "add") -> Operation:
    return CountedOperation(name, phase, ((4,), (4,)), (4,), "float32", start, seconds, flops=4, bytes=48)


# ---- the trace


def test_the_rows_add_up_the_operations(model):
    run = Profiler().trace(model, X, square, CountingTrace)
    assert {o.phase for o in run.operations} == {"forward", "backward"}
    assert sum(row.calls for row in run.rows) == len(run.operations)
    for name in ("flops", "bytes"):
        assert sum(getattr(row, name) for row in run.rows) == sum(getattr(o, name) for o in run.operations)
    assert run.seconds >= sum(o.seconds for o in run.operations) > 0
    for row in run.rows:
        assert row.intensity == (row.flops / row.bytes if row.bytes else 0)


def test_operations_of_a_trace_never_overlap(model):
    run = Profiler().trace(model, X, square)
    assert all(first.start + first.seconds <= second.start for first, second in pairwise(run.operations))


def test_without_a_loss_only_the_forward_runs(model):
    run = Profiler().trace(model, X, kind=CountingTrace)
    assert {o.phase for o in run.operations} == {"forward"}
    assert sum(o.flops for o in run.operations) == count_flops(model, X.shape)
    assert "FLOP/byte" in table(run.rows) and "FLOP" not in table(Profiler().trace(model, X).rows)


def test_a_function_without_parameters_can_be_traced():
    run = Profiler().trace(lambda x: x * 2 + 1, X)
    assert [o.name for o in run.operations] == ["mul", "add"]


def test_tracing_leaves_gradients_and_the_generator_as_they_were(model):
    weight = model.parameters()[0]
    weight.grad = Tensor(np.ones((6, 4), np.float32))
    before = generator().bit_generator.state
    Profiler().trace(model, X, square)
    assert generator().bit_generator.state == before
    assert np.array_equal(weight.grad.data, np.ones((6, 4)))
    assert model.parameters()[1].grad is None


@pytest.mark.parametrize("iterations", [1, 2, 5])
def test_the_run_that_took_the_median_time_is_given(model, iterations):
    calls = []

    def counted(x):
        calls.append(x)
        return model(x)

    Profiler().trace(counted, X, warmup=2, iterations=iterations)
    assert len(calls) == 2 + iterations


@pytest.mark.parametrize(
    ("work", "error", "words"),
    [
        (lambda m: Profiler().trace(m, X, iterations=0), ValueError, "iterations >= 1"),
        (lambda m: Profiler().trace(m, X, lambda y: y), ValueError, "single number"),
        (lambda m: Profiler().trace(lambda x: x, X, square), TypeError, "parameters"),
        (lambda m: Profiler().trace(lambda x: 3, X), TypeError, "wanted a Tensor"),
    ],
)
def test_bad_input_is_refused_in_words(model, work, error, words):
    with pytest.raises(error, match=words):
        work(model)


# ---- the fraction of the roof


def test_the_fraction_is_that_of_the_rate_to_the_attainable_rate():
    one = CountedOperation("matmul", "forward", ((4,),), (4,), "float32", 0.0, 1e-6, flops=5000, bytes=100)
    attainable = min(ROOF.flops, ROOF.bandwidth * one.flops / one.bytes)
    assert math.isclose(roof_fraction([one], ROOF), one.flops / one.seconds / attainable)


def test_views_and_no_time_have_no_fraction():
    view = CountedOperation("reshape", "forward", ((4,),), (2, 2), "float32", 0.0, 1.0, flops=0, bytes=0)
    assert roof_fraction([view], ROOF) is None
    assert roof_fraction([operation(0.0, 0.0)], ROOF) is None


# ---- the Trace Event Format


def check_format(trace: dict) -> list[dict]:
    """The rules for complete events: keys, types, order of beginning, and events of a thread never half overlap."""
    assert set(trace) <= {"traceEvents", "displayTimeUnit", "otherData", "metadata", "systemTraceEvents", "samples"}
    assert trace["displayTimeUnit"] in ("ms", "ns")
    for event in trace["traceEvents"]:
        assert set(event) == {"name", "cat", "ph", "ts", "dur", "pid", "tid", "args"}
        assert event["ph"] == "X" and event["name"] and isinstance(event["name"], str) and isinstance(event["cat"], str)
        assert type(event["ts"]) is type(event["dur"]) is float and event["ts"] >= 0 and event["dur"] >= 0
        assert type(event["pid"]) is type(event["tid"]) is int and isinstance(event["args"], dict)
    events = trace["traceEvents"]
    assert [e["ts"] for e in events] == sorted(e["ts"] for e in events)
    open_until = [math.inf]
    for begin, end in [(round(e["ts"] * 1e3), round((e["ts"] + e["dur"]) * 1e3)) for e in events]:
        while begin >= open_until[-1]:
            open_until.pop()
        assert end <= open_until[-1], "two events overlap and neither lies inside the other"
        open_until.append(end)
    return events


def test_the_checker_of_the_format_finds_what_is_wrong():
    def spoilt(**changes):
        trace = chrome_trace([operation(0.0, 1.0), operation(2.0, 1.0)])
        trace["traceEvents"][1].update(changes)
        return trace

    check_format(spoilt())
    for changes in [{"ph": "B"}, {"dur": -1.0}, {"ts": 5e6}, {"dur": 2.5e6}, {"tid": "1"}, {"extra": 1}, {"name": ""}]:
        with pytest.raises(AssertionError):
            check_format(spoilt(**changes))


def test_a_real_run_follows_the_format(model, tmp_path):
    run = Profiler().trace(model, X, square, CountingTrace)
    path = tmp_path / "run.json"
    write_chrome_trace(run.operations, path)
    events = check_format(json.loads(path.read_text(encoding="utf-8")))
    assert [e["name"] for e in events if e["cat"] == "phase"] == ["forward", "backward"]
    inner = [e for e in events if e["cat"] != "phase"]
    assert [(e["name"], e["cat"]) for e in inner] == [(o.name, o.phase) for o in run.operations]
    for event, o in zip(inner, run.operations, strict=True):
        assert event["args"] == {
            "shapes": [list(shape) for shape in o.shapes],
            "shape": list(o.shape),
            "dtype": o.dtype,
            "flops": o.flops,
            "bytes": o.bytes,
        }
        assert math.isclose(event["dur"], o.seconds * 1e6, abs_tol=1e-3)


def test_touching_operations_stay_apart_after_rounding():
    starts = np.cumsum(np.random.default_rng(0).uniform(1e-9, 2e-6, 500))
    phases = ["forward"] * 250 + ["backward"] * 249
    chain = [operation(float(a), float(b - a), phase) for (a, b), phase in zip(pairwise(starts), phases, strict=True)]
    check_format(chrome_trace(chain))


def test_operations_in_any_order_are_sorted_and_a_new_stretch_of_a_phase_is_a_new_bar():
    events = check_format(chrome_trace([operation(4.0, 1.0), operation(2.0, 1.0, "backward"), operation(0.0, 1.0)]))
    assert [e["name"] for e in events] == ["forward", "add", "backward", "add", "forward", "add"]


def test_no_operations_are_an_empty_trace():
    assert check_format(chrome_trace([])) == []


def test_a_file_is_replaced_whole_or_not_at_all(tmp_path):
    path = tmp_path / "run.json"
    path.write_text("before", encoding="utf-8")
    odd = Operation("add", "forward", ((4,),), (4,), object(), 0.0, 1.0)
    with pytest.raises(TypeError):
        write_chrome_trace([odd], path)
    assert path.read_text(encoding="utf-8") == "before" and list(tmp_path.iterdir()) == [path]
    write_chrome_trace([operation(0.0, 1.0)], path)
    assert len(json.loads(path.read_text(encoding="utf-8"))["traceEvents"]) == 2 and list(tmp_path.iterdir()) == [path]


def test_the_folder_is_made_and_a_file_in_its_place_is_an_error(tmp_path):
    write_chrome_trace([], tmp_path / "nowhere" / "run.json")
    assert json.loads((tmp_path / "nowhere" / "run.json").read_text(encoding="utf-8"))["traceEvents"] == []
    with pytest.raises(OSError):
        write_chrome_trace([], tmp_path / "nowhere" / "run.json" / "run.json")
