"""The bank for lesson 01: the tensor."""

from __future__ import annotations

from tests.graders.case import Case, right, wrong

CASES: list[Case] = [
    wrong("as-array", "the type of a foreign byte order", "test-as-array", ("as_dtype(array.dtype)", "array.dtype")),
    wrong(
        "as-array",
        "rows of different lengths in NumPy's words",
        "test-as-array-refuses",
        (
            (
                'raise ValueError(f"{data!r:.60} makes no grid: rows of different lengths, '
                'or text for a number") from error'
            ),
            "raise",
        ),
    ),
    wrong("as-array", "text let in", "test-as-array-refuses", ('not in "biu"', 'not in "biuU"')),
    wrong("execute", "a record of everything, asked for or not", "test-no-grad", ("_thread.recording and ", "")),
    wrong(
        "number-type",
        "numbers of NumPy's that are no fractions",
        "test-operands",
        ("isinstance(number, (float, np.floating))", "isinstance(number, float)"),
    ),
    wrong("number-type", "a truth that counts", "test-operands", ("not isinstance(number, (bool, np.bool_))", "True")),
    wrong(
        "operands",
        "two halves left as they are",
        "test-operands",
        (
            (
                "    if a.dtype != b.dtype and is_half(a.dtype) and is_half(b.dtype):\n"
                "        a, b = a.astype(np.float32), b.astype(np.float32)\n"
            ),
            "",
        ),
    ),
    wrong(
        "matmul",
        "a product that does not look at its operands' axes",
        "test-matmul",
        ("if a.ndim == 0 or b.ndim == 0:", "if False:"),
    ),
    wrong(
        "swapped-axes",
        "axes that are swapped unseen",
        "test-shapes",
        ("if not (-ndim <= axis0 < ndim and -ndim <= axis1 < ndim):", "if False:"),
    ),
    right("matmul", "a product with no slow case mended", ("return array_product(a, b)", "return np.matmul(a, b)")),
    right(
        "swapped-axes",
        "an order found by a loop",
        (
            (
                "    order = list(range(ndim))\n"
                "    order[axis0], order[axis1] = order[axis1], order[axis0]\n"
                "    return tuple(order)\n"
            ),
            (
                "    first, second = axis0 % ndim, axis1 % ndim\n"
                "    return tuple({first: second, second: first}.get(axis, axis) for axis in range(ndim))\n"
            ),
        ),
    ),
]
