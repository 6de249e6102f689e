"""The bank for lesson 15: the roofline."""

from __future__ import annotations

from tests.graders.case import Case, right, wrong

# fmt: off
CASES: list[Case] = [
    wrong("attainable", "the larger limit", "test-roofline", ("min(peak,", "max(peak,"),
        says=("wanted 3e+09", "which of the two limits binds here?")),
    wrong("attainable", "the peak at every intensity", "test-roofline", ("min(peak, bandwidth * intensity)", "peak"),
        says=("wanted 3e+09", "which of the two limits binds here?")),
    wrong("attainable", "memory's limit only", "test-roofline",
        ("min(peak, bandwidth * intensity)", "bandwidth * intensity"),
        says=("wanted 1.2e+11", "which of the two limits binds here?")),
    wrong("attainable", "bytes per FLOP", "test-roofline", ("bandwidth * intensity", "bandwidth / intensity"),
        says=("wanted 3e+09", "which of the two limits binds here?")),
    wrong("attainable", "the array that is written is not counted", "test-roofline",
        ("(arrays_read + arrays_written)", "arrays_read"),
        says=("wanted 0.0833", "every array that is read or written moves its bytes")),
    wrong("attainable", "FLOPs per number", "test-roofline",
        ("((arrays_read + arrays_written) * itemsize)", "(arrays_read + arrays_written)"),
        says=("wanted 0.0833", "every array that is read or written moves its bytes")),
    wrong("attainable", "four bytes whatever the type", "test-roofline",
        ("((arrays_read + arrays_written) * itemsize)", "((arrays_read + arrays_written) * 4)"),
        says=("wanted 2.2500", "every array that is read or written moves its bytes")),
    wrong("attainable", "a multiply-add counted once", "test-roofline", ("2 * m * k * n", "m * k * n"),
        says=("wanted 10.6667", "each of three matrices moves once")),
    wrong("attainable", "all matrices as large as the first", "test-roofline",
        ("(m * k + k * n + m * n)", "(3 * m * k)"), says=("wanted 0.4976", "each of three matrices moves once")),
    wrong("attainable", "the product is not written", "test-roofline", ("(m * k + k * n + m * n)", "(m * k + k * n)"),
        says=("wanted 10.6667", "each of three matrices moves once")),
    right("attainable", "by the side of the corner",
        ("min(peak, bandwidth * intensity)", "peak if intensity * bandwidth >= peak else intensity * bandwidth")),
    right("attainable", "as a quotient of quotients",
        ("2 * m * k * n / ((m * k + k * n + m * n) * itemsize)", "2 / (itemsize * (1 / m + 1 / k + 1 / n))")),
    wrong("attainable", "the visible answers typed in", "test-roofline",
        ("min(peak, bandwidth * intensity)", "{0.1: 3e9, 2: 60e9}.get(intensity, 120e9)"),
        says=("at 0.3 FLOPs a byte", "wanted 3e+09")),
]
