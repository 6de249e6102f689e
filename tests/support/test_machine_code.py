"""Machine code is read for what it does with floating-point numbers."""

from __future__ import annotations

import math
import re

import numba
import numpy as np
import pytest

from tinytorch.support.launch import compiled
from tinytorch.support.machine_code import MachineCode, machine_code, parsed


def loop_of(function):
    @compiled
    def loop(x, out):
        for i in range(x.size):
            out[i] = function(x[i])

    return loop


@compiled
def squared_tanh(x):
    y = math.tanh(x)
    return y * y


@compiled
def cubic(x):
    return x * x * x + x


def code_of(function) -> MachineCode:
    loop = loop_of(function)
    loop(np.ones(3, np.float32), np.ones(3, np.float32))
    return machine_code(loop)


def test_plain_arithmetic_is_done_on_several_numbers_at_a_time():
    code = code_of(cubic)
    assert code.bits >= 128 and code.packed[code.bits] >= 2 and code.calls == () and not code.doubles
    assert re.search(r"mul|fma|fml", code.example)


@pytest.mark.skipif(numba.config.USING_SVML, reason="SVML has a tanh for several numbers")
def test_a_call_of_the_c_library_is_named():
    assert code_of(squared_tanh).calls == ("tanhf",)


def test_a_kernel_from_disk_has_machine_code_too(tmp_path, monkeypatch):
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path))
    first, second = code_of(compiled(cubic.py_func)), code_of(compiled(cubic.py_func))
    assert list((tmp_path / "tinytorch").glob("loop*")) and first == second and first.bits


def test_before_the_first_call_there_is_none():
    with pytest.raises(ValueError, match="loop has no machine code yet: call it first"):
        machine_code(loop_of(cubic))


INTEL = """
_ZN4loopE:
	.cfi_startproc
	vmulps	%zmm1, %zmm2, %zmm3
	vfmadd213ps	(%rax), %ymm1, %ymm2
	vfnmadd231sd	%xmm1, %xmm2, %xmm3
	vdivps	%xmm1, %xmm2, %xmm3
	divss	%xmm1, %xmm2
	vbroadcastss	(%rax), %zmm4
	movabsq	$expf, %rax
	.cfi_endproc
.Lfunc_end0:
_ZN7cpython4loopE:
	.cfi_startproc
	vmulps	%zmm1, %zmm2, %zmm3
	movabsq	$tanh, %rax
	.cfi_endproc
"""
ARM = """
__ZN4loopE:                             ; @loop
Lfunc_begin0:
	.cfi_startproc
	fmla	v0.4s, v1.4s, v2.4s
	fmul	v0.2d, v1.2d, v2.2d
	fmadd	s0, s1, s2, s3
	fadd	d0, d1, d2
	ldr	q0, [x8]
	bl	_powf
	.cfi_endproc
"""


def test_the_registers_of_intel_and_amd_are_told_apart():
    assert parsed(INTEL) == MachineCode(
        {512: 1, 256: 1, 128: 1}, 0, 2, ("expf",), "vmulps %zmm1, %zmm2, %zmm3", quotients=1, single_doubles=1)


def test_those_of_arm_are_known():
    assert parsed(ARM) == MachineCode(
        {128: 2}, 1, 2, ("powf",), "fmla v0.4s, v1.4s, v2.4s", quotients=0, single_doubles=1)
