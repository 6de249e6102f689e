"""Every operation against its judges: values, shapes, types and gradients over a grid of inputs."""

from __future__ import annotations

import math
import warnings
from importlib import import_module

import numpy as np
import pytest

from tests.operations.cases import CASTS, OPERATIONS
from tests.operations.check import DTYPES, LAYOUTS, Operation, check
from tinytorch.core.autograd import RULES
from tinytorch.core.tensor import PRIMITIVES, Primitive, Tensor, apply
from tito.lesson.find import lessons

COMPARISONS = {
    PRIMITIVES[name]: getattr(np, name)
    for name in ["less", "less_equal", "greater", "greater_equal", "equal", "not_equal"]
}


def shape_name(shapes):
    return " ".join(map(str, shapes)).replace(", ", "x").replace(",)", ")")


def largest(operation):
    return max(operation.shapes, key=lambda shapes: sum(map(math.prod, shapes)))


GRID = [
    pytest.param(operation, shapes, dtype, id=f"{operation.name}-{shape_name(shapes)}-{dtype}")
    for operation in OPERATIONS
    for shapes in operation.shapes
    for dtype in DTYPES
]
MEMORY = [
    pytest.param(operation, largest(operation), dtype, layout, id=f"{operation.name}-{layout}-{dtype}")
    for operation in OPERATIONS
    if any(largest(operation))
    for layout in LAYOUTS
    for dtype in ("float16", "float32")
]
CAST_GRID = [
    pytest.param(operation, shapes, dtype, id=f"{operation.name}-{shape_name(shapes)}-{dtype}")
    for operation in CASTS
    for shapes in operation.shapes
    for dtype in DTYPES
    if not operation.name.endswith(f" {dtype}")
]


@pytest.mark.parametrize(("operation", "shapes", "dtype"), GRID + CAST_GRID)
def test_an_operation_agrees_with_float64_and_pytorch(operation: Operation, shapes, dtype):
    check(operation, shapes, dtype)


@pytest.mark.parametrize(("operation", "shapes", "dtype", "layout"), MEMORY)
def test_an_operation_does_not_care_how_its_inputs_lie_in_memory(operation: Operation, shapes, dtype, layout):
    check(operation, shapes, dtype, layout)


@pytest.mark.parametrize("primitive", COMPARISONS, ids=lambda primitive: primitive.name)
@pytest.mark.parametrize("dtype", ["float16", "bfloat16", "float32", "float64", "int64", "uint8", "bool"])
def test_a_comparison_goes_element_by_element_and_stops_the_gradient(primitive, dtype):
    numbers = np.array([[0, 1, 1], [1, 0, 1]])
    a, b = Tensor(numbers, dtype=dtype), Tensor(numbers[:1], dtype=dtype)
    a.requires_grad = dtype in DTYPES
    out = apply(primitive, a, b)
    assert out.dtype == bool and not out.requires_grad
    assert np.array_equal(out.data, COMPARISONS[primitive](numbers, numbers[:1]))


def primitives_of_the_package(real) -> dict[str, Primitive]:
    """Every Primitive that a lesson's module defines, or puts into lesson 01's table, by name."""
    modules = [import_module(lesson.module) for lesson in lessons(real)]
    found = [value for module in modules for value in vars(module).values() if isinstance(value, Primitive)]
    assert all(name == primitive.name for name, primitive in PRIMITIVES.items())
    return {primitive.name: primitive for primitive in [*PRIMITIVES.values(), *found]}


def test_every_primitive_is_checked_with_its_gradient(real, record_property):
    """A primitive that a lesson adds must get a case here; comparisons alone have no gradient. (PyTorch's samples are
    the cases of what tinytorch.given adds.)
    """
    checked = {operation.primitive for operation in (*OPERATIONS, *CASTS)}
    compared = {primitive.name for primitive in COMPARISONS}
    defined = set(primitives_of_the_package(real))
    record_property("operations gradient-checked", len(checked))
    print(f"{len(checked)} operations gradient-checked, in {len(OPERATIONS) + len(CASTS)} forms")
    assert checked == set(RULES) & defined
    assert defined == checked | compared


def test_every_rule_has_a_function_for_each_input(real):
    """An input without a function would lose its gradient; only a condition, and class indices, have none."""
    taught = {name: rules for name, rules in RULES.items() if name in primitives_of_the_package(real)}
    single = {name: rules for name, rules in taught.items() if not callable(rules)}
    counts = {name: (len(rules), sum(rule is None for rule in rules)) for name, rules in single.items()}
    attention = {"attention_weights", "attention"}
    joint = {"linear", "layer_norm", "fused", "conv2d", "batch_norm"} | attention  # one function for all inputs
    assert set(taught) - set(single) == joint
    assert counts["where"] == (3, 1)
    assert [name for name, (_, missing) in counts.items() if missing] == ["where"]


@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_inf_and_nan_come_without_a_warning(operation):
    """Forward and backward, of the largest numbers, zeros and infinities."""
    extremes = np.array([np.inf, -np.inf, 1e38, -1e38, 0.0, -1000.0, 1000.0, np.nan], np.float32)
    for shapes in operation.shapes:
        for turn in range(3):
            arrays = [np.resize(np.roll(extremes, turn), shape) for shape in shapes]
            leaves = [Tensor(array, requires_grad=True) for array in arrays]
            with warnings.catch_warnings():
                warnings.simplefilter("error")
                out = operation.run(*leaves)
                out.backward(Tensor(np.ones(out.shape, np.float32)))
