"""The operations of a model under the roof, and the picture of them all."""

from __future__ import annotations

import math
from dataclasses import replace

import matplotlib
import numpy as np
import pytest

from tests.roofline.test_peaks import PEAKS
from tinytorch.core.activations import GELU
from tinytorch.core.layers import Linear, Sequential, manual_seed
from tinytorch.core.tensor import Tensor
from tinytorch.optimization.acceleration import analyze_arithmetic_intensity
from tinytorch.profiling.profiler import Profiler
from tinytorch.profiling.roofline import CountingTrace, RooflineRow, attainable, model_rows, roofline_row
from tinytorch.support.peaks import Peaks
from tinytorch.support.roofline import plot_roofline, write_roofline
from tinytorch.support.tables import table
from tinytorch.support.threads import MAX_THREADS, get_num_threads, one_thread, set_num_threads

matplotlib.use("agg")
X = np.random.default_rng(0).normal(size=(8, 6)).astype(np.float32)


@pytest.fixture
def model():
    manual_seed(0)
    return Sequential(Linear(6, 4), GELU(), lambda x: x.reshape(4, 8).T, Linear(4, 2))


def square(y: Tensor) -> Tensor:
    return (y * y).mean()


def row(name: str, intensity: float, gflops: float) -> RooflineRow:
    return RooflineRow(name, intensity, 1.0, gflops, 1.0, 10.0, 10.0, "memory")


@pytest.fixture
def axes_of():
    figures = []

    def draw(rows, peaks=PEAKS):
        figures.append(plot_roofline(rows, peaks))
        figures[-1].canvas.draw()
        return figures[-1].axes[0]

    yield draw
    for figure in figures:
        matplotlib.pyplot.close(figure)


# ---- a learner's own model


def test_a_models_operations_have_rows_forward_and_backward(model):
    rows = {r.operation: r for r in model_rows(model, X, PEAKS, square)}
    assert {"model: linear", "model: linear backward", "model: gelu", "model: mul"} <= set(rows)
    assert not any("reshape" in name or "transpose" in name for name in rows), "what has no FLOPs has no place"
    counted = {r.name: r for r in Profiler().trace(model, X, kind=CountingTrace).rows}
    assert rows["model: linear"].intensity == counted["linear"].intensity
    for r in rows.values():
        assert math.isclose(r.attainable, attainable(r.intensity, PEAKS.flops, PEAKS.bandwidth) / 1e9)
        assert math.isclose(r.percent_of_roof, 100 * r.gflops / r.attainable)
        assert r.bound == ("memory" if r.intensity < PEAKS.ridge else "compute")


def test_without_a_loss_only_the_forward_has_rows(model):
    assert not any("backward" in r.operation for r in model_rows(model, X, PEAKS))


def test_the_analysis_takes_a_model(model, capsys):
    rows = analyze_arithmetic_intensity(16, model, X, square)
    assert [r.operation for r in rows[:5]] == ["add", "multiply", "unfused_gelu", "fused_gelu", "matmul"]
    assert {r.operation for r in rows[5:]} >= {"model: linear", "model: gelu backward"}
    assert table(rows) in capsys.readouterr().out


@pytest.mark.parametrize("given", [{"model": lambda x: x}, {"x": X}])
def test_a_model_comes_with_its_input(given):
    with pytest.raises(ValueError, match="together"):
        analyze_arithmetic_intensity(16, **given)


def test_what_is_no_model_is_refused_in_words():
    with pytest.raises(TypeError, match="wanted a Tensor"):
        model_rows(lambda x: None, X, PEAKS)


def test_one_thread_is_put_back_also_after_an_error():
    set_num_threads(2)
    try:
        with pytest.raises(ZeroDivisionError), one_thread():
            assert get_num_threads() == 1
            raise ZeroDivisionError
        assert get_num_threads() == 2
        roofline_row("add", lambda: Tensor(X) + Tensor(X), PEAKS)
        assert get_num_threads() == 2
    finally:
        set_num_threads(MAX_THREADS)


# ---- the picture


def test_every_level_has_a_slope_that_ends_at_the_peak(axes_of):
    axes = axes_of([row("a", 0.05, 1.0), row("b", 100.0, 90.0)])
    names = [text.get_text() for text in axes.get_legend().get_texts()]
    assert names == ["memory, 20 GB/s", "cache 1, 100 GB/s", "bound by memory"]
    for line, bandwidth in zip(axes.lines, (20, 100), strict=False):
        intensities, rates = line.get_xdata(), line.get_ydata()
        assert max(rates) == rates[-1] == 100.0
        assert all(math.isclose(y, min(100, bandwidth * x)) for x, y in zip(intensities, rates, strict=True))
        assert any(math.isclose(x, 100 / bandwidth) for x in intensities), "the corner is drawn"


def test_a_model_is_drawn_as_squares_and_what_is_far_below_as_triangles(axes_of):
    axes = axes_of([row("add", 0.1, 2.0), row("model: add", 0.1, 1.0), row("model: crawls", 0.1, 1e-6)])
    points = [line for line in axes.lines if len(line.get_xdata()) == 1]
    assert [line.get_marker() for line in points] == ["o", "s", "v"]
    assert axes.get_legend().get_texts()[-1].get_text() == "slower than the picture shows"
    assert axes.get_ylim()[0] > 1e-3


def test_names_cover_neither_each_other_nor_a_point(axes_of):
    rng = np.random.default_rng(0)
    rows = [row(f"operation {i}", *pair) for i, pair in enumerate(rng.lognormal(0, 0.5, (12, 2)))]
    axes = axes_of([*rows, row("add", 0.083, 4.0), row("multiply", 0.083, 4.1)])
    boxes = [matplotlib.text.Text.get_window_extent(text) for text in axes.texts]
    assert {text.get_text() for text in axes.texts} >= {"operation 0", "add", "multiply"}
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
    assert all(axes.bbox.contains(*box.min) and axes.bbox.contains(*box.max) for box in boxes)


def test_each_bound_has_a_colour_and_a_line_in_the_legend(axes_of):
    flat = replace(row("product", 50.0, 90.0), bound="compute")
    axes = axes_of([row("a", 0.1, 1.0), row("b", 0.2, 1.5), flat])
    colors = [line.get_color() for line in axes.lines if len(line.get_xdata()) == 1]
    assert colors == ["tab:blue", "tab:blue", "tab:orange"]
    names = [text.get_text() for text in axes.get_legend().get_texts()]
    assert names[-2:] == ["bound by memory", "bound by compute"]


def test_a_name_is_nearer_to_its_own_point_than_to_another(axes_of):
    rows = [row("add", 0.083, 1.36), row("in steps", 0.107, 1.35), row("exp", 0.125, 1.1)]
    axes = axes_of(rows)
    dots = [axes.transData.transform((r.intensity, r.gflops)) for r in rows]
    for i, text in enumerate(axes.texts):
        box = matplotlib.text.Text.get_window_extent(text)
        away = [max(box.x0 - x, 0, x - box.x1) ** 2 + max(box.y0 - y, 0, y - box.y1) ** 2 for x, y in dots]
        assert min(away) == away[i], text.get_text()


@pytest.mark.parametrize("style", ["default", "dark_background"])
def test_the_roof_has_the_colour_of_the_text(axes_of, style):
    with matplotlib.pyplot.style.context(style):
        axes = axes_of([row("add", 0.1, 2.0)])
        assert axes.lines[0].get_color() == axes.xaxis.label.get_color() != axes.get_facecolor()


def test_one_operation_and_peaks_without_levels_are_a_picture(axes_of):
    axes = axes_of([row("add", 50.0, 2.0)], Peaks(100e9, 20e9))
    assert [text.get_text() for text in axes.get_legend().get_texts()] == ["memory, 20 GB/s", "bound by memory"]


def test_a_picture_is_saved_whole_or_not_at_all(tmp_path):
    path = tmp_path / "roof.png"
    write_roofline([row("add", 0.1, 2.0)], PEAKS, path)
    assert path.read_bytes().startswith(b"\x89PNG") and list(tmp_path.iterdir()) == [path]
    with pytest.raises(ValueError, match="xyz"):
        write_roofline([row("add", 0.1, 2.0)], PEAKS, tmp_path / "roof.xyz")
    assert list(tmp_path.iterdir()) == [path] and not matplotlib.pyplot.get_fignums()
