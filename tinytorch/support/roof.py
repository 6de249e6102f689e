"""The two limits of a machine."""

from __future__ import annotations

from dataclasses import dataclass

from tinytorch.support.tables import column

__all__ = ["Roof"]


@dataclass(frozen=True)
class Roof:
    """Two limits of a machine: FLOPs a second and bytes a second."""

    flops: float = column("GFLOP/s", ".1f", 1e-9)
    bandwidth: float = column("GB/s", ".1f", 1e-9)

    @property
    def ridge(self) -> float:
        """The intensity, in FLOPs per byte, from which on the arithmetic is the limit."""
        return self.flops / self.bandwidth
