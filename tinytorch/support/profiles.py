"""The results of profiling a model; a Latency, an Operation and a Total are those of lesson 14."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from tinytorch.support.tables import column


@dataclass(frozen=True)
class Saved:
    """Bytes that a graph holds for its backward pass: activations, and converted copies of the weights."""

    activations: int = column("activations KiB", ",.1f", 1 / 1024)
    weight_copies: int = column("weight copies KiB", ",.1f", 1 / 1024)


@dataclass(frozen=True)
class Memory:
    """Bytes of one forward pass: weights, their gradients, what is saved for the backward pass, the peak allocated."""

    parameters: int = column("parameters KiB", ",.1f", 1 / 1024)
    gradients: int = column("gradients KiB", ",.1f", 1 / 1024)
    activations: int = column("activations KiB", ",.1f", 1 / 1024)
    weight_copies: int = column("weight copies KiB", ",.1f", 1 / 1024)
    peak: int = column("peak KiB", ",.1f", 1 / 1024)


@dataclass(frozen=True)
class ForwardProfile:
    """A forward pass: a Latency, a Memory, and a Total for each kind of operation."""

    latency: Any
    memory: Memory
    operations: tuple[Any, ...]


@dataclass(frozen=True)
class BackwardProfile:
    """A training step: the Latency of the forward pass with its loss and of the backward pass, the bytes of all
    gradients, and a Total for each kind of operation.
    """

    forward: Any
    backward: Any
    gradient_bytes: int
    operations: tuple[Any, ...]


@dataclass(frozen=True)
class TracedRun:
    """One run of a model: each Operation, the Totals, and the seconds of the whole run.

    `seconds` is more than the operations add up to: it holds the time that the trace itself took.
    """

    operations: tuple[Any, ...]
    rows: tuple[Any, ...]
    seconds: float
