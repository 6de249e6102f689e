"""All rows there are, and those that a user's names mean."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import get_close_matches
from fnmatch import fnmatchcase

from benchmarks.rows_convolutions import convolution_rows
from benchmarks.rows_embeddings import embedding_rows
from benchmarks.rows_fuse import fuse_rows
from benchmarks.rows_gelu import gelu_rows
from benchmarks.rows_generation import generation_rows
from benchmarks.rows_language import language_rows
from benchmarks.rows_matmul import matmul_rows
from benchmarks.rows_memory import memory_rows
from benchmarks.rows_startup import startup_rows
from benchmarks.rows_tokenization import tokenization_rows
from benchmarks.rows_training import step_rows
from benchmarks.timing import Row

TABLES = (
    gelu_rows,
    fuse_rows,
    matmul_rows,
    step_rows,
    convolution_rows,
    language_rows,
    generation_rows,
    tokenization_rows,
    embedding_rows,
    memory_rows,
    startup_rows,
)


class UnknownRow(Exception):
    """A name or pattern that no row has."""


def all_rows() -> list[Row]:
    """Every row, in the order of the tables."""
    return [row for rows in TABLES for row in rows()]


def select(patterns: Sequence[str], rows: Sequence[Row]) -> list[Row]:
    """The rows whose name one of `patterns` matches (* and ? as in a shell), in their own order; all if there is none.

    Raises UnknownRow, with the nearest names, for a pattern that matches nothing.
    """
    names = [row.name for row in rows]
    for pattern in patterns:
        if not any(fnmatchcase(name, pattern) for name in names):
            near = get_close_matches(pattern, names, n=3, cutoff=0.4)
            hint = f"the nearest are {', '.join(near)}" if near else "--list shows all"
            raise UnknownRow(f"no row is called {pattern!r}: {hint}")
    return [row for row in rows if not patterns or any(fnmatchcase(row.name, pattern) for pattern in patterns)]
