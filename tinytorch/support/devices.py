"""Where a tensor is: on the CPU, always."""

from __future__ import annotations

from typing import Any


class Device(str):
    """`device("cpu")`, which compares equal to the string. ValueError for any other device."""

    def __new__(cls, name: str = "cpu", index: int | None = None) -> Device:
        if not isinstance(name, str) or name.split(":")[0] != "cpu":
            raise ValueError(f"there is no device {name!r} here: every tensor is on the CPU, write 'cpu' or nothing")
        return super().__new__(cls, "cpu")

    @property
    def type(self) -> str:
        """The kind of device: "cpu"."""
        return "cpu"

    def __repr__(self) -> str: return "device(type='cpu')"


def names_device(value: Any) -> bool:
    """Whether `value` is the name of a kind of device in PyTorch, be it here or not, with or without a number."""
    return isinstance(value, str) and value.partition(":")[0] in ("cpu", "cuda", "mps", "xpu", "meta")


def check_device(device: Any) -> None:
    """Raise ValueError for a device other than the CPU; None is the CPU."""
    if device is not None:
        Device(device)
