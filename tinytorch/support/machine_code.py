"""What the machine code of a compiled kernel consists of: its arithmetic, and its calls of the C library.

The code is read as LLVM prints it, for x86 processors (registers xmm, ymm and zmm, of 128, 256 and 512 bits) and for
64-bit ARM (v registers, of 128 bits).
"""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from tinytorch.support.kernel_cache import Kernel

_FUNCTION = re.compile(r'^"?(_?_Z\w+|cfunc\.\w+)"?:', re.MULTILINE)
_CALLED_BY = re.compile(r"_?_ZN7cpython|cfunc\.")  # how Python and C get at the kernel
_X86 = re.compile(r"^\s+(v?(?:add|sub|mul|div|max|min|sqrt|fn?m(?:add|sub)\d*)([ps])([sd]))\s+(.*)$", re.MULTILINE)
_ARM = re.compile(r"^\s+(f(?:n?m(?:add|sub|la|ls|ul)|add|sub|div|max|min|sqrt)\w*)\s+(v\d+\.(?:4s|2d)|[sd]\d+)(.*)$",
                  re.MULTILINE)
_MATHS = [name for name, value in vars(math).items() if callable(value)]
_CALL = re.compile(rf"[\s$]_?((?:{'|'.join(_MATHS)})f?)\b(?!\s*=)")
_BITS = {"z": 512, "y": 256, "x": 128}


@dataclass(frozen=True)
class MachineCode:
    """The floating-point instructions on several numbers at a time, by their register's bits, and how many of them are
    on float64 numbers, and divide; those on one number, and how many of them are on a float64; and the functions of the
    C library that are called.
    """

    packed: dict[int, int]
    doubles: int
    single: int
    calls: tuple[str, ...]
    example: str = ""
    quotients: int = 0
    single_doubles: int = 0

    @property
    def bits(self) -> int:
        """The bits of the largest register that holds several numbers; 0 where none does."""
        return max(self.packed, default=0)


def machine_code(kernel: Kernel) -> MachineCode:
    """The machine code of the form of `kernel` that was compiled, or found on disk, last; ValueError before that."""
    if not kernel.overloads:
        raise ValueError(f"{kernel.__name__} has no machine code yet: call it first")
    library = list(kernel.overloads.values())[-1].library
    return parsed(str(library._codegen._tm.emit_assembly(library._get_module_for_linking())))


def parsed(text: str) -> MachineCode:
    """The instructions in the assembly `text` of a kernel, without the code by which Python calls it."""
    _, *parts = _FUNCTION.split(text)
    bodies = [body for name, body in zip(parts[::2], parts[1::2], strict=True) if not _CALLED_BY.match(name)]
    found = [each for body in bodies for each in _arithmetic(body)]
    packed = Counter(bits for bits, _, _ in found if bits)
    doubles = sum(double for bits, double, _ in found if bits)
    quotients = sum("div" in line.split()[0] for bits, _, line in found if bits)
    single = [double for bits, double, _ in found if not bits]
    calls = sorted({name for body in bodies for name in _CALL.findall(body)})
    example = next((line for bits, _, line in found if bits and bits == max(packed)), "")
    return MachineCode(dict(packed), doubles, len(single), tuple(calls), example, quotients, sum(single))


def _arithmetic(body: str) -> Iterator[tuple[int, bool, str]]:
    """Each floating-point instruction: the bits of its register, or 0 where it takes one number; whether that is a
    float64; and its text.
    """
    for name, several, double, registers in _X86.findall(body):
        bits = next(bits for letter, bits in _BITS.items() if f"%{letter}mm" in registers)
        yield bits if several == "p" else 0, double == "d", f"{name} {registers}"
    for name, register, others in _ARM.findall(body):
        several, double = register.startswith("v"), register.endswith("d") or register.startswith("d")
        yield 128 if several else 0, double, f"{name} {register}{others}"
