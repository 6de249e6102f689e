"""A tensor on the right of a NumPy array or number: `array + tensor`, and `array += tensor`."""

from __future__ import annotations

from typing import Any

import numpy as np

_REFLECTED = {
    np.add: "__radd__", np.subtract: "__rsub__", np.multiply: "__rmul__", np.divide: "__rtruediv__",
    np.floor_divide: "__rfloordiv__", np.remainder: "__rmod__", np.power: "__rpow__", np.matmul: "__rmatmul__",
    np.less: "__gt__", np.less_equal: "__ge__", np.greater: "__lt__", np.greater_equal: "__le__",
    np.equal: "__eq__", np.not_equal: "__ne__", np.bitwise_and: "__rand__", np.bitwise_or: "__ror__",
    np.bitwise_xor: "__rxor__",
}  # fmt: skip


class BesideArrays:
    """For a class with `__radd__` and its kin, and `__array__`, which refuses where a gradient would be lost."""

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, out: Any = None, **options: Any) -> Any:
        """What NumPy asks for an operator: `array + tensor` is a tensor, and `array += tensor` changes the array.

        TypeError for NumPy's functions: they record nothing.
        """
        if method == "__call__" and ufunc in _REFLECTED and not options:
            if out is not None:
                return ufunc(*[np.asarray(x) if isinstance(x, BesideArrays) else x for x in inputs], out=out)
            operator = getattr(type(inputs[1]), _REFLECTED[ufunc], None)
            if isinstance(inputs[1], BesideArrays) and operator:
                return operator(inputs[1], inputs[0])
        raise TypeError(
            f"np.{ufunc.__name__} leaves no record of what it does to a tensor of shape {self.shape}: use an operation "
            "of Tensor, or detach().numpy() for its numbers"
        )
