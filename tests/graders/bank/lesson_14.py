"""The bank for lesson 14: profiling."""

from __future__ import annotations

from tests.graders.case import Case, right, wrong

CASES: list[Case] = [
    wrong("roof-fraction", "the smaller limit", "test-roof-fraction", ("max(o.flops", "min(o.flops")),
    wrong(
        "roof-fraction",
        "both limits added",
        "test-roof-fraction",
        (
            "sum(max(o.flops / roof.flops, o.bytes / roof.bandwidth) for o in operations)",
            "sum(o.flops / roof.flops + o.bytes / roof.bandwidth for o in operations)",
        ),
    ),
    wrong(
        "roof-fraction",
        "one limit for all",
        "test-roof-fraction",
        (
            "sum(max(o.flops / roof.flops, o.bytes / roof.bandwidth) for o in operations)",
            "max(sum(o.flops for o in operations) / roof.flops, sum(o.bytes for o in operations) / roof.bandwidth)",
        ),
    ),
    wrong("roof-fraction", "upside down", "test-roof-fraction", ("least / taken if", "taken / least if")),
    wrong(
        "roof-fraction", "zero for a view", "test-roof-fraction", ("if least and taken else None", "if taken else 0.0")
    ),
    wrong(
        "chrome-event",
        "milliseconds",
        "test-chrome-event",
        (
            "microseconds(operation.start, operation.start + operation.seconds)",
            "microseconds(operation.start / 1e3, (operation.start + operation.seconds) / 1e3)",
        ),
    ),
    wrong(
        "chrome-event",
        "an end for a duration",
        "test-chrome-event",
        (
            "microseconds(operation.start, operation.start + operation.seconds)",
            "microseconds(0.0, operation.start + operation.seconds)",
        ),
    ),
    wrong(
        "chrome-event",
        "a duration for an end",
        "test-chrome-event",
        (
            "microseconds(operation.start, operation.start + operation.seconds)",
            "microseconds(operation.start, operation.seconds)",
        ),
    ),
    wrong("chrome-event", "only a beginning", "test-chrome-event", ('"ph": "X"', '"ph": "B"')),
    wrong(
        "chrome-event",
        "name and category exchanged",
        "test-chrome-event",
        ('"name": operation.name, "cat": operation.phase', '"cat": operation.name, "name": operation.phase'),
    ),
    wrong("chrome-event", "no bytes", "test-chrome-event", ('"flops", "bytes")', '"flops")')),
    right(
        "roof-fraction",
        "the rate over the attainable rate",
        (
            "max(o.flops / roof.flops, o.bytes / roof.bandwidth)",
            "(o.bytes / roof.bandwidth if o.flops < roof.ridge * o.bytes else o.flops / roof.flops)",
        ),
    ),
    right(
        "chrome-event",
        "microseconds by hand",
        (
            "microseconds(operation.start, operation.start + operation.seconds)",
            "{'ts': round(operation.start * 1e6, 3), 'dur': round(operation.seconds * 1e6, 3)}",
        ),
    ),
]
