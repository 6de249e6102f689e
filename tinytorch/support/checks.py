"""What the checks of all lessons share: how a check fails, and comparisons that say what came and what was wanted.

A check is a function of a lesson's graded cell, marked with `@check`. It compares what the learner's code gives with
what was wanted, and raises AssertionError with a sentence: what was asked, what came, what was wanted, and the idea to
look at again.
"""

from __future__ import annotations

import random
import re
import warnings
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from functools import wraps
from types import TracebackType
from typing import Any, NamedTuple, Protocol, runtime_checkable

import numpy as np

from tinytorch.support.memory import allocated_bytes

_PRODUCTS = ("dot", "einsum", "tensordot")  # NumPy's that are no universal functions
FAULTS = (ArithmeticError, AttributeError, LookupError, RuntimeError, TypeError, ValueError)  # of code that is wrong
LONG = 300  # characters of an error's text that a sentence repeats
FEW_BYTES = 16_384  # what a function may take for its numbers and views without making an array of any size


@runtime_checkable
class TensorLike(Protocol):
    """What a lesson's Tensor offers here; this module knows no lesson."""

    def detach(self) -> TensorLike: ...
    def numpy(self) -> np.ndarray: ...


class CheckFailed(AssertionError):
    """A check that failed. A notebook shows its sentence alone, without the frames that led to it."""

    def _render_traceback_(self) -> list[str]:  # the name that IPython looks for
        return [f"This check failed: {self}"]


class NotBuilt(NotImplementedError):
    """A check came to an exercise that is still blank. A notebook shows its sentence alone."""

    def _render_traceback_(self) -> list[str]:
        return [str(self)]


class FakeClock:
    """A clock for checks of what measures time: it stands still until `pass_time` moves it.

    Calling the clock gives its seconds, and `looks` counts the calls. Each `pass_time()` moves it by the next of
    `costs`; AssertionError where all have been used, and where somebody looks for ever. `left` holds unused costs.
    """

    def __init__(self, *costs: float):
        self.now, self.looks, self.left = 100.0, 0, list(costs)
        self._wanted = len(costs)

    def __call__(self) -> float:
        self.looks += 1
        assert self.looks < 1000, "the clock was looked at 1000 times: what should have moved it has not run"
        return self.now

    def pass_time(self) -> None:
        """Move the clock, as work that takes this long would."""
        assert self.left, f"the function was called more often than asked for: {self._wanted} calls were wanted"
        self.now += self.left.pop(0)


def check(function: Callable) -> Callable:
    """Make of a function's AssertionError a CheckFailed, and of the NotImplementedError of a blank exercise a NotBuilt.

    Any other error of the learner's code passes through as it is, with the place where it was raised. CheckFailed, too,
    where NumPy's or Python's shared random generator, or np.seterr, has changed: others use them too.
    """

    @wraps(function)
    def checked(*args: Any, **kwargs: Any) -> None:
        shared = _shared_state()
        try:
            function(*args, **kwargs)
            assert _shared_state() == shared, (
                f"{function.__name__}: something in it seeded np.random or random, drew from it, or called np.seterr, "
                "and others share these: use a generator of your own or generator(), and np.errstate in a block"
            )
        except AssertionError as error:
            raise CheckFailed(str(error)) from None
        except NotImplementedError as error:
            blank = _innermost(error.__traceback__)
            if blank == function.__name__:  # what the check itself called refused to work: no exercise is blank
                raise
            raise NotBuilt(
                f"{blank} is not built yet: write it in its cell above, run that cell, and then this one again."
            ) from None

    return checked


def equal(what: str, got: Any, wanted: Any, idea: str = "") -> None:
    """Assert that `got == wanted`, for plain values, tuples, lists and dicts of them."""
    assert got == wanted, _sentence(f"{what} gave {got!r}, wanted {wanted!r}", idea)


def close(what: str, got: Any, wanted: Any, idea: str = "", *, rtol: float = 1e-5, atol: float = 0.0) -> None:
    """Assert that two numbers, arrays or Tensors have one shape and that each element is within atol + rtol |wanted|.

    nan equals nan, and infinities equal themselves. The sentence names the element that is farthest off.
    """
    got, wanted = _array(what, got, idea), np.asarray(wanted)
    assert got.shape == wanted.shape, _sentence(f"{what} gave shape {got.shape}, wanted {wanted.shape}", idea)
    wide, exact = (np.asarray(x, np.float64) for x in (got, wanted))
    off = ~np.isclose(wide, exact, rtol=rtol, atol=atol, equal_nan=True)
    if off.any():
        at = _farthest(wide, exact, off)
        where = f" at {list(at)}" if at else ""
        raise AssertionError(_sentence(f"{what} gave {_apart(wide[at], exact[at])}{where}", idea))


def typed(what: str, got: Any, dtype: Any, idea: str = "") -> None:
    """Assert that an array or a Tensor is of the type `dtype`."""
    found, wanted = _array(what, got, idea).dtype, np.dtype(dtype)
    assert found == wanted, _sentence(f"{what} is {found}, wanted {wanted}", idea)


def raises(what: str, call: Callable[[], Any], kind: type[Exception], *words: str, idea: str = "") -> None:
    """Assert that `call()` raises `kind` with a message that holds each of `words`, whatever their case."""
    said = f" that says {', '.join(map(repr, words))}" if words else ""
    try:
        got = call()
    except NotImplementedError:
        raise
    except kind as error:
        missing = [word for word in words if word.lower() not in str(error).lower()]
        assert not missing, _sentence(f"{what} raised {kind.__name__}: {error}: wanted one{said}", idea)
    except (*FAULTS, AssertionError) as error:
        raise AssertionError(
            _sentence(f"{what} raised {type(error).__name__}: {error}: wanted a {kind.__name__}{said}", idea)
        ) from error
    else:
        fact = f"{what} was accepted and gave {shown(got)}, wanted a {kind.__name__}{said}"
        raise AssertionError(_sentence(fact, idea))


@contextmanager
def explained(what: str, idea: str = "") -> Iterator[None]:
    """Make of an error that the learner's code raises in the block an AssertionError that says what failed, and why."""
    try:
        yield
    except NotImplementedError:
        raise
    except FAULTS as error:
        raise AssertionError(_sentence(f"{what} failed: {_said(error)}", idea)) from error


def yields_once(what: str, manager: Callable[[], AbstractContextManager]) -> None:
    """Assert that `with manager():` runs a block, as what `@contextmanager` makes of a function that yields once."""
    with explained(f"with {what}:", "under @contextmanager the function should yield once, where the block runs"):
        with manager():
            pass


def converted(call: str, given: Sequence[Any], made: Sequence[Any]) -> None:
    """Assert that the tensors `made` of what was `given` hold its numbers, and are itself where the type was right."""
    for before, after in zip(given, made, strict=True):
        numbers = before.data if isinstance(before, type(after)) else np.array(before)
        equal(call, after.data.tolist(), numbers.tolist(), "numbers and order stay")
        kept = not isinstance(before, type(after)) or after is before or after.dtype != before.dtype
        assert kept, f"{call} gave a copy: a tensor that needs no conversion comes back itself"


@contextmanager
def unchanged(what: str, idea: str = "", **arrays: np.ndarray) -> Iterator[None]:
    """Assert that none of the named arrays holds other numbers after the block."""
    kept = {name: array.copy() for name, array in arrays.items()}
    yield
    for name, array in arrays.items():
        changed = _sentence(f"{what} changed {name}, from {' to '.join(_both(kept[name], array))}", idea)
        assert np.array_equal(array, kept[name], equal_nan=True), changed


@contextmanager
def silent(what: str) -> Iterator[None]:
    """Assert, at the end of the block, that NumPy has not warned in it."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        yield
    assert not caught, f"{what} made NumPy warn: {caught[0].message}"


class UfuncCall(NamedTuple):
    """A call of one of NumPy's universal functions, such as `add`, which `a + b` and `a += b` call, or `matmul`.

    Products that are no universal functions, `dot`, `einsum` and `tensordot`, are told in the same form.
    """

    name: str
    shapes: tuple[tuple[int, ...], ...]  # of the inputs
    in_place: bool  # whether the result went into an array that was there


def ufunc_calls(function: Callable[..., Any], *arrays: np.ndarray) -> list[UfuncCall]:
    """The calls of universal functions, and the products, that `function(*arrays)` makes with its arrays and what comes
    of them.
    """
    calls: list[UfuncCall] = []

    class Watched(np.ndarray):
        def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, out: Any = None, **options: Any) -> Any:
            calls.append(UfuncCall(ufunc.__name__, tuple(map(np.shape, inputs)), out is not None))
            if out is not None:
                options["out"] = tuple(np.asarray(array) for array in out)
            made = getattr(ufunc, method)(*map(np.asarray, inputs), **options)
            return np.asarray(made).view(Watched) if out is None else out[0]

        def __array_function__(self, function: Callable, types: Any, inputs: tuple, options: dict) -> Any:
            if function.__name__ in _PRODUCTS:
                shapes = tuple(x.shape for x in inputs if isinstance(x, np.ndarray))
                calls.append(UfuncCall(function.__name__, shapes, "out" in options))
            made = super().__array_function__(function, types, inputs, options)
            return made.view(Watched) if type(made) is np.ndarray else made

    function(*[array.view(Watched) for array in arrays])
    return calls


def operations(interceptor: type, call: Callable[[], Any]) -> list[str]:
    """The names of the operations that `call()` sends through `apply`; `interceptor` is lesson 01's class."""
    names: list[str] = []

    class Seen(interceptor):
        def forward(self, primitive: Any, inputs: tuple, options: dict) -> Any:
            names.append(primitive.name)
            return super().forward(primitive, inputs, options)

    with Seen():
        call()
    return names


def makes_no_array(what: str, call: Callable[[], Any], idea: str = "") -> None:
    """Assert that `call()` allocates next to nothing, once it has run a first time."""
    call()
    taken = allocated_bytes(call)
    assert taken <= FEW_BYTES, _sentence(f"{what} took {taken:,} bytes of new memory, wanted no new array", idea)


def _both(*arrays: np.ndarray) -> tuple[str, ...]:
    """Arrays on a line each, with as many digits as it takes to tell them apart, the middle of long ones left out."""
    for digits in (4, 9, 17):
        texts = tuple(" ".join(np.array2string(x, precision=digits, threshold=8, edgeitems=2).split()) for x in arrays)
        if len(set(texts)) > 1:
            break
    return texts


def shown(value: Any, width: int = 60) -> str:
    """A value's repr in one line of at most `width` characters, with dots where it was cut."""
    text = " ".join(repr(value).split())
    return text if len(text) <= width else f"{text[: width - 4]} ..."


def _shared_state() -> tuple[Any, ...]:
    """The random generators that all share, NumPy's and Python's, and what NumPy does about overflow."""
    _, numbers, position, *_ = np.random.get_state()
    return numbers.tobytes(), position, random.getstate(), str(np.geterr())


def _innermost(trace: TracebackType | None) -> str:
    """The function, with its class, in which an error was raised; the class for its `__init__`."""
    name = ""
    while trace is not None:
        name, trace = trace.tb_frame.f_code.co_qualname, trace.tb_next
    return name.rpartition("<locals>.")[2].removesuffix(".__init__")


def outcome(what: str, call: Callable[[], Any], idea: str = "") -> Any:
    """What `call()` gives; an error that stops it is `explained`."""
    with explained(what, idea):
        return call()


def complaint(call: Callable[[], Any]) -> str:
    """The message of the error that `call()` raises, and nothing where it raises none.

    A blank exercise's NotImplementedError, which has no message, passes through.
    """
    try:
        call()
    except FAULTS as error:
        if isinstance(error, NotImplementedError) and not str(error):
            raise
        return str(error)
    return ""


def _said(error: Exception) -> str:
    """What an error says, for a sentence about it: a KeyError says nothing but the key."""
    if isinstance(error, KeyError):
        return f"nothing is kept under {error}"
    said = re.sub("'?NoneType'?( object)?", "None", str(error))
    return said if len(said) <= LONG else f"{said[:LONG]} ..."


def _sentence(fact: str, idea: str) -> str:
    return f"{fact}: {idea}" if idea else fact


def _array(what: str, got: Any, idea: str) -> np.ndarray:
    """`got`, a number, an array or a Tensor, as an array of numbers."""
    array = got.detach().numpy() if isinstance(got, TensorLike) else np.asarray(got)
    assert array.dtype != object, _sentence(f"{what} gave {got!r:.60}, wanted numbers", idea)
    return array


def _farthest(got: np.ndarray, wanted: np.ndarray, off: np.ndarray) -> tuple[int, ...]:
    """The index, among the elements that are `off`, of the one farthest from what was wanted."""
    with np.errstate(all="ignore"):
        distance = np.where(off, np.nan_to_num(np.abs(got - wanted), nan=np.inf, posinf=np.inf), -1.0)
    return tuple(map(int, np.unravel_index(np.argmax(distance), off.shape)))


def _apart(got: float, wanted: float) -> str:
    """Both numbers, with as many digits as it takes to tell them apart."""
    for digits in range(5, 18):
        left, right = f"{got:.{digits}g}", f"{wanted:.{digits}g}"
        if left != right:
            break
    return f"{left}, wanted {right}"
