"""Every operation that exists here against PyTorch on PyTorch's own sample inputs, in ten types."""

from __future__ import annotations

import pytest
from torch.testing._internal.common_methods_invocations import op_db

from tests.operations.opinfo import OURS, TYPES, outcome, samples
from tests.operations.opinfo_given import GIVEN, JUDGES

ALL = {**OURS, **GIVEN}
OPS = {op.full_name: op for op in op_db if op.full_name in ALL}
WHOLE = ("uint8", "int8", "int16", "int32", "int64")
SIGNED = WHOLE[1:]

# Where we differ on purpose: the operation, the types, and why.
INTENDED = {
    ("__rpow__", SIGNED): "a negative power of whole numbers is refused, as NumPy does, where PyTorch gives 0",
    ("nn.functional.linear", WHOLE): "layers compute in floating types: whole numbers become float32",
    ("nn.functional.conv2d", ("int64",)): "layers compute in floating types: whole numbers become float32",
    ("nn.functional.avg_pool2d", ("int64",)): "layers compute in floating types: whole numbers become float32",
    ("nn.functional.relu", WHOLE): "activations compute in floating types: whole numbers become float32",
}


def intended(name: str, dtype: str) -> bool:
    return any(name == op and dtype in types for op, types in INTENDED)


def test_every_operation_has_its_samples():
    assert OPS.keys() == ALL.keys()


@pytest.mark.parametrize("dtype", TYPES, ids=TYPES.values())
@pytest.mark.parametrize("name", ALL)
def test_samples(name, dtype):
    judge = JUDGES.get(name, OPS[name])
    found = [outcome(judge, ALL[name], sample) for sample in samples(OPS[name], dtype)]
    different = [each.words for each in found if each.kind == "differs"]
    if intended(name, TYPES[dtype]):
        assert different, "no longer different: strike it from INTENDED"
    else:
        assert different == []
        assert not found or any(each.kind == "same" for each in found), f"nothing was compared: {found[0].words}"
