"""The methods of a Module that follow from what it finds in itself, and those of a layer with nothing in it.

Lesson 03's Module inherits them; it adds `named_modules()` and `named_parameters()`, and its subclasses
`forward(*inputs)`. A method that PyTorch has and that is missing here is added as a few lines of this kind.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from reprlib import recursive_repr
from types import FunctionType
from typing import Any, Self

import numpy as np

from tinytorch.support.casts import cast_array
from tinytorch.support.devices import check_device, names_device
from tinytorch.support.dtypes import as_dtype, is_floating
from tinytorch.support.parameter_groups import forget_gradients
from tinytorch.support.tensor_methods import TensorMethods


class Buffers:
    """Tensors of a module that are saved with its parameters and not trained, such as a running mean.

    A buffer is an ordinary attribute whose name was registered: it remains one when another tensor is assigned to it.
    """

    _buffers: Mapping[str, bool] = {}  # whether each is saved; of the class until one is registered

    def register_buffer(self, name: str, tensor: Any, persistent: bool = True) -> None:
        """Make `tensor`, or None for now, the attribute `name`; `state_dict` holds it where it is `persistent`.

        Raises TypeError for what is not a Tensor, and ValueError for a tensor that requires a gradient, a name with a
        dot in it or one that is taken.
        """
        if not (tensor is None or isinstance(tensor, TensorMethods)):
            raise TypeError(f"buffer {name} is a {type(tensor).__name__}, wanted a Tensor")
        if tensor is not None and tensor.requires_grad:
            raise ValueError(f"buffer {name} requires a gradient: detach() it, or make it a Parameter")
        if "." in name or not name or name not in self._buffers and name in dir(self):
            raise ValueError(f"{name!r} cannot name a buffer: it is an attribute already, it is empty or has a dot")
        self._buffers = {**self._buffers, name: persistent}
        setattr(self, name, tensor)

    def buffers(self) -> list[Any]:
        """Every buffer once."""
        return [buffer for _, buffer in self.named_buffers()]

    def named_buffers(self) -> list[tuple[str, Any]]:
        """Every buffer that is not None once, with its dotted name."""
        return [(name, buffer) for name, buffer, _ in self._registered()]

    def _registered(self) -> Iterator[tuple[str, Any, bool]]:
        """Name, tensor and persistence of each buffer, of this module and of those in it."""
        seen: set[int] = set()
        for prefix, module in self.named_modules():
            for name, persistent in module._buffers.items():
                buffer = vars(module).get(name)
                if isinstance(buffer, TensorMethods) and id(buffer) not in seen:
                    seen.add(id(buffer))
                    yield _joined(prefix, name), buffer, persistent


class Parts:
    """The modules in a module, one by one and as a picture."""

    def modules(self) -> list[Any]:
        """This module and all modules in it, each once."""
        return [module for _, module in self.named_modules()]

    def children(self) -> list[Any]:
        """The modules directly in this one."""
        return [child for _, child in self.named_children()]

    def named_children(self) -> list[tuple[str, Any]]:
        """The modules directly in this one, its lists, tuples and dicts, with their names."""
        return list(_modules_in(vars(self), "", set()))

    def apply(self, function: Callable[[Any], Any]) -> Self:
        """Call `function` with each module, once, with those in a module before the module; returns this module."""
        open_ones: list[tuple[str, Any]] = []
        for name, module in self.named_modules():
            while open_ones and not _is_in(name, open_ones[-1][0]):
                function(open_ones.pop()[1])
            open_ones.append((name, module))
        for _, module in reversed(open_ones):
            function(module)
        return self

    def extra_repr(self) -> str:
        """What stands between the brackets of `repr`; a layer may say its sizes there."""
        return ""

    @recursive_repr()
    def __repr__(self) -> str:
        """The module as a tree, a line for each module in it."""
        lines = [f"({name}): {_drawn(child)}" for name, child in self.named_children()]
        if not lines:
            return f"{type(self).__name__}({self.extra_repr()})"
        lines = [self.extra_repr(), *lines] if self.extra_repr() else lines
        inner = "\n".join(lines).replace("\n", "\n  ")
        return f"{type(self).__name__}(\n  {inner}\n)"


class Conversions:
    """Another type for all floating numbers of a module, in place."""

    def to(self, target: Any = None, dtype: Any = None, device: Any = None) -> Self:
        """Convert parameters, their gradients and floating buffers to a floating type; a device is "cpu".

        Returns the module. TypeError for another type, ValueError for another device.
        """
        check_device(target if names_device(target) else device)
        dtype = dtype if target is None or names_device(target) else target
        if dtype is None:
            return self
        if not is_floating(dtype := as_dtype(dtype)):
            raise TypeError(f"a module's parameters are floating, so they cannot become {dtype}")
        for tensor in [*self.parameters(), *self.buffers()]:
            if is_floating(tensor.dtype):
                tensor.data = cast_array(tensor.data, dtype)
                tensor.grad = None if tensor.grad is None else tensor.grad.astype(dtype)
        return self

    def cpu(self) -> Self: return self
    def float(self) -> Self: return self.to("float32")
    def double(self) -> Self: return self.to("float64")
    def half(self) -> Self: return self.to("float16")
    def bfloat16(self) -> Self: return self.to("bfloat16")


class ModuleMethods(Buffers, Parts, Conversions):
    """Calls, parameters, modes and states, for a class with `named_modules` and `named_parameters`."""

    training: bool = True  # of the class, until `train` or `eval` sets it: no __init__ has to be called
    torch_names: Mapping[str, str] = {}  # of its own parameters and those of its parts that PyTorch names differently

    def forward(self, *inputs: Any, **options: Any) -> Any:
        """What the module computes; each subclass has its own."""
        raise NotImplementedError(f"{type(self).__name__} has no method forward: it says what the layer computes")

    def __call__(self, *inputs: Any, **options: Any) -> Any:
        return self.forward(*inputs, **options)

    def parameters(self) -> list[Any]:
        """Every parameter once, in the order of definition: a list, of which `next` wants an `iter`."""
        return [parameter for _, parameter in self.named_parameters()]

    def zero_grad(self, set_to_none: bool = True) -> None:
        """Forget the gradients: `p.grad = None`, or 0 where there is one and not `set_to_none`."""
        forget_gradients(self.parameters(), set_to_none)

    def requires_grad_(self, requires_grad: bool = True) -> Self:
        """Let all parameters require a gradient, or freeze them; returns the module."""
        for parameter in self.parameters():
            parameter.requires_grad = requires_grad
        return self

    def saved_tensors(self) -> dict[str, Any]:
        """What a state holds, by name: the parameters, then the persistent buffers."""
        saved = {name: buffer for name, buffer, persistent in self._registered() if persistent}
        return {**dict(self.named_parameters()), **saved}

    def state_dict(self) -> dict[str, np.ndarray]:
        """Copies of the numbers of all parameters and persistent buffers, by name: training does not change them."""
        return {name: tensor.data.copy() for name, tensor in self.saved_tensors().items()}

    def train(self, mode: bool = True) -> Self:
        """Set the mode of this module and of all modules in it; returns the module."""
        for module in self.modules():
            module.training = mode
        return self

    def eval(self) -> Self:
        """Leave training mode: from now on dropout drops nothing."""
        return self.train(False)


class Activation(ModuleMethods):
    """A layer without parameters, the same in training and in evaluation: a subclass has only `forward(x)`."""

    def named_modules(self) -> list[tuple[str, Any]]: return [("", self)]
    def named_parameters(self) -> list[tuple[str, Any]]: return []


@contextmanager
def naming_from_torch(tensors: Mapping[str, Any], state: Mapping[str, Any]) -> Iterator[None]:
    """In the block a state is loaded: an error where a weight has PyTorch's shape, transposed, adds what to do.

    TypeError for a state of PyTorch's tensors: a square weight of theirs would seem to fit.
    """
    if any(type(value).__module__.partition(".")[0] == "torch" for value in state.values()):
        raise TypeError("this state holds PyTorch's tensors, whose Linear weights are transposed: load "
                        "from_torch(model, state)")
    try:
        yield
    except ValueError as error:
        shapes = {name: (np.shape(state[name]), tensor.shape) for name, tensor in tensors.items() if name in state}
        turned = [name for name, (given, wanted) in shapes.items() if given != wanted == given[::-1]]
        if not turned:
            raise
        advice = f"{turned[0]} is transposed, as in a state of PyTorch's: load from_torch(model, state)"
        raise ValueError(f"{error}; {advice}") from None


def _modules_in(part: Any, name: str, seen: set[int]) -> Iterator[tuple[str, Any]]:
    """The modules that can be reached without going through another one, each once."""
    if id(part) in seen:
        return
    seen.add(id(part))
    if isinstance(part, ModuleMethods):
        yield name, part
    elif isinstance(part, (list, tuple, dict)):
        for key, inner in part.items() if isinstance(part, dict) else enumerate(part):
            yield from _modules_in(inner, _joined(name, str(key)), seen)


def _joined(prefix: str, name: str) -> str:
    return f"{prefix}.{name}" if prefix else name


def _is_in(name: str, outer: str) -> bool:
    """Whether a module of this dotted name is in the one named `outer`."""
    return not outer or name.startswith(f"{outer}.")


def _drawn(child: Any) -> str:
    return child.__name__ if isinstance(child, FunctionType) else repr(child)
