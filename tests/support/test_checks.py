"""Checks fail with a sentence, and only where something is wrong."""

from __future__ import annotations

from contextlib import contextmanager

import numpy as np
import pytest
from IPython.core.interactiveshell import InteractiveShell

from tinytorch.core.tensor import Interceptor, Tensor
from tinytorch.support.checks import (
    CheckFailed,
    FakeClock,
    NotBuilt,
    check,
    close,
    complaint,
    equal,
    explained,
    makes_no_array,
    operations,
    outcome,
    raises,
    silent,
    typed,
    ufunc_calls,
    unchanged,
    yields_once,
)


def sentence(function, *args, **kwargs) -> str:
    with pytest.raises(AssertionError) as caught:
        function(*args, **kwargs)
    return str(caught.value)


def test_equal_says_what_came_and_what_was_wanted():
    equal("f(1)", (1, "a"), (1, "a"))
    assert sentence(equal, "f(1)", 2, 3, "count again") == "f(1) gave 2, wanted 3: count again"


def test_close_takes_numbers_arrays_and_tensors():
    close("x", 1.0, 1.0 + 1e-7)
    close("x", np.array([1, np.nan, np.inf]), [1, np.nan, np.inf])
    close("x", Tensor([1.0, 2.0]), [1.0, 2.0])
    close("x", np.zeros((0, 3)), np.zeros((0, 3)))


def test_close_names_the_element_that_is_farthest_off():
    said = sentence(close, "y", np.array([[1.0, 2.0], [3.0, 9.0]]), [[1.0, 2.5], [3.0, 4.0]], "rows first")
    assert said == "y gave 9, wanted 4 at [1, 1]: rows first"


def test_close_prints_as_many_digits_as_tell_the_numbers_apart():
    assert sentence(close, "y", 4.540001e-05, 4.540002e-05, rtol=1e-9) == "y gave 4.540001e-05, wanted 4.540002e-05"


@pytest.mark.parametrize("got, wanted", [(np.nan, 1.0), (1.0, np.nan), (np.inf, 1.0), (-np.inf, np.inf)])
def test_close_tells_nan_and_infinities_apart(got, wanted):
    assert sentence(close, "y", got, wanted) == f"y gave {got:g}, wanted {wanted:g}"


def test_close_refuses_another_shape_and_what_is_not_numbers():
    assert sentence(close, "y", np.zeros(3), np.zeros((3, 1))) == "y gave shape (3,), wanted (3, 1)"
    assert sentence(close, "y", None, 1.0, "return it") == "y gave None, wanted numbers: return it"


def test_typed_names_both_types():
    typed("y", Tensor([1.0]), "float32")
    assert sentence(typed, "y", np.zeros(2), np.float32) == "y is float64, wanted float32"
    assert sentence(typed, "y", 1.0, np.float32) == "y is float64, wanted float32"


def fails(error: Exception):
    def call():
        raise error

    return call


def test_raises_asks_for_the_kind_and_the_words():
    raises("f()", fails(ValueError("a Shape Mismatch of (2,)")), ValueError, "shape mismatch", "(2,)")
    said = sentence(raises, "f()", fails(ValueError("no")), ValueError, "shape", idea="name both")
    assert said == "f() raised ValueError: no: wanted one that says 'shape': name both"
    said = sentence(raises, "f()", fails(KeyError("no")), ValueError)
    assert said == "f() raised KeyError: 'no': wanted a ValueError"
    said = sentence(raises, "f()", fails(AssertionError("shapes differ")), ValueError)
    assert said == "f() raised AssertionError: shapes differ: wanted a ValueError"
    assert sentence(raises, "f()", lambda: 3, ValueError) == "f() was accepted and gave 3, wanted a ValueError"
    said = sentence(raises, "f()", lambda: np.eye(2), ValueError)
    assert said == "f() was accepted and gave array([[1., 0.], [0., 1.]]), wanted a ValueError"


def test_a_long_error_is_cut_short_in_a_sentence():
    def fail():
        with explained("f()", "look again"):
            raise ValueError("lost " * 1000)

    said = sentence(fail)
    assert len(said) < 400 and said.startswith("f() failed: lost lost") and said.endswith("...: look again")


def test_a_manager_that_yields_once_passes_and_every_other_is_explained():
    def once():
        yield

    def twice():
        yield
        yield

    def never():
        yield from ()

    yields_once("f()", contextmanager(once))
    for kind in (twice, never, lambda: None):
        said = sentence(yields_once, "f()", contextmanager(kind))
        assert said.startswith("with f(): failed: ") and "yield once" in said


def test_raises_lets_a_blank_exercise_pass():
    with pytest.raises(NotImplementedError):
        raises("f()", fails(NotImplementedError()), RuntimeError)


def test_a_failed_check_is_an_assertion_error_with_the_sentence():
    @check
    def test_unit_one():
        equal("f()", 1, 2)

    with pytest.raises(CheckFailed, match="f\\(\\) gave 1, wanted 2") as caught:
        test_unit_one()
    assert caught.value.__suppress_context__


def test_a_blank_exercise_is_named():
    def descend():
        raise NotImplementedError()

    @check
    def test_unit_descend():
        descend()

    with pytest.raises(NotBuilt, match="^descend is not built yet"):
        test_unit_descend()


def test_other_errors_pass_with_their_place():
    @check
    def test_unit_other():
        [][1]

    with pytest.raises(IndexError):
        test_unit_other()


@pytest.mark.parametrize("body, shown", [
    ("assert 1 == 2, 'one gave 1, wanted 2'", "This check failed: one gave 1, wanted 2"),
    ("descend()", "descend is not built yet: write it in its cell above, run that cell, and then this one again."),
])
def test_a_notebook_shows_the_sentence_alone(body, shown, capsys):
    shell = InteractiveShell.instance()
    cell = f"""
from tinytorch.support.checks import check
def descend():
    raise NotImplementedError()
@check
def test_unit_one():
    {body}
test_unit_one()
"""
    assert not shell.run_cell(cell).success
    assert capsys.readouterr().out.strip() == shown


def test_explained_makes_a_sentence_of_an_error_and_lets_a_blank_exercise_pass():
    def failing():
        with explained("f(None)", "None is allowed"):
            None.step()

    said = sentence(failing)
    assert said == "f(None) failed: None has no attribute 'step': None is allowed"
    with pytest.raises(NotImplementedError), explained("f()", "idea"):
        raise NotImplementedError()
    with pytest.raises(AssertionError, match=r"^step\(\) failed: called twice: call it once$"):
        with explained("step()", "call it once"):
            raise RuntimeError("called twice")
    with pytest.raises(AssertionError, match="^look up failed: nothing is kept under 'key': keep it first$"):
        with explained("look up", "keep it first"):
            {}["key"]


def test_unchanged_names_the_array_that_was_written_to():
    def writing(at):
        kept, other = np.array([1.0, np.nan]), np.zeros(2)
        with unchanged("f()", "write into out", kept=kept, other=other):
            (kept if at == "kept" else np.empty(2))[0] = 5

    writing("nothing")
    assert sentence(writing, "kept") == "f() changed kept, from [ 1. nan] to [ 5. nan]: write into out"


def test_makes_no_array_counts_arrays_and_not_what_the_first_call_makes():
    a, kept = np.ones(20_000), {}

    def first_only():
        if "work" not in kept:
            kept["work"] = np.empty_like(a)
        np.multiply(a, 2, out=kept["work"])

    makes_no_array("f()", first_only)
    said = sentence(makes_no_array, "f()", lambda: a * 2, "write into work")
    assert said.startswith("f() took 160,")
    assert said.endswith("bytes of new memory, wanted no new array: write into work")


def test_a_blank_method_is_named_with_its_class():
    class Rule:
        def update(self):
            raise NotImplementedError()

    with pytest.raises(NotBuilt, match="^Rule.update is not built yet"):
        check(Rule().update)()


def test_a_fake_clock_stands_still_until_work_passes_time():
    clock = FakeClock(2.0, 0.5)
    assert clock() == clock() and clock.looks == 2
    start = clock()
    clock.pass_time()
    assert clock() - start == 2.0 and clock.left == [0.5]
    clock.pass_time()
    clock.looks = 999
    assert sentence(clock) == "the clock was looked at 1000 times: what should have moved it has not run"
    assert sentence(clock.pass_time) == "the function was called more often than asked for: 2 calls were wanted"


def test_an_outcome_is_what_a_call_gives_or_the_sentence_that_stopped_it():
    assert outcome("f(1)", lambda: 3) == 3
    said = sentence(outcome, "f(1)", fails(ValueError("shapes differ")), "which axes?")
    assert said == "f(1) failed: shapes differ: which axes?"
    with pytest.raises(NotImplementedError):
        outcome("f(1)", fails(NotImplementedError()))


def test_a_complaint_is_the_message_of_an_error_and_nothing_without_one():
    assert complaint(lambda: 1) == ""
    assert complaint(lambda: [][3]) == "list index out of range"
    assert complaint(fails(NotImplementedError("no rule for this"))) == "no rule for this"


def test_a_blank_exercise_is_no_complaint():
    with pytest.raises(NotImplementedError):
        complaint(fails(NotImplementedError()))


def test_silent_asks_numpy_not_to_warn():
    with silent("f()"):
        np.log(np.ones(1))
    with pytest.raises(AssertionError, match="made NumPy warn: divide by zero encountered in log$"), silent("f()"):
        np.log(np.zeros(1))
    with pytest.raises(AssertionError, match="its own"), silent("f()"):
        np.log(np.zeros(1))
        raise AssertionError("its own")


def test_ufunc_calls_are_those_that_a_function_makes():
    def affine(x, w, b):
        y = x.reshape(-1, 2) @ w
        y += b
        return np.exp(y) * 2

    x, w, b = np.ones((3, 4, 2)), np.ones((2, 5)), np.ones(5)
    calls = ufunc_calls(affine, x, w, b)
    assert [(call.name, call.in_place) for call in calls] == [
        ("matmul", False), ("add", True), ("exp", False), ("multiply", False)]
    assert calls[0].shapes == ((12, 2), (2, 5)) and calls[1].shapes == ((12, 5), (5,))
    assert [call.in_place for call in ufunc_calls(lambda x: np.negative(x, out=x), x)] == [True]
    assert np.array_equal(x, -np.ones((3, 4, 2)))
    assert ufunc_calls(lambda x: x.sum(axis=0), x)[0].name == "add"


def test_products_that_are_no_universal_functions_are_seen_too():
    x, w = np.ones((3, 4, 2)), np.ones((2, 5))
    [call] = ufunc_calls(np.dot, x, w)
    assert (call.name, call.shapes, call.in_place) == ("dot", ((3, 4, 2), (2, 5)), False)
    [call] = ufunc_calls(lambda x, w: np.einsum("...i,io->...o", x, w), x, w)
    assert (call.name, call.shapes) == ("einsum", ((3, 4, 2), (2, 5)))
    calls = ufunc_calls(lambda x, w: np.tensordot(x, w, 1) + 1, x, w)
    assert [(call.name, call.shapes[0]) for call in calls] == [
        ("tensordot", (3, 4, 2)), ("add", (3, 4, 5))]


def test_operations_are_those_that_go_through_apply():
    x = Tensor([[1.0, 2.0]])
    assert operations(Interceptor, lambda: ((x + 1) @ x.T).sum()) == ["add", "transpose", "matmul", "sum"]
    assert operations(Interceptor, lambda: x.data + 1) == []


def test_what_refuses_to_work_in_the_check_itself_is_not_a_blank_exercise():
    @check
    def test_unit_two():
        np.zeros(2, "f4,f4").data.tolist()  # NotImplementedError: memoryview: unsupported format

    with pytest.raises(NotImplementedError, match="memoryview"):
        test_unit_two()


def test_a_blank_init_is_named_by_its_class():
    class Exercise:
        def __init__(self):
            raise NotImplementedError()

    @check
    def test_unit_exercise():
        Exercise()

    with pytest.raises(NotBuilt, match="^Exercise is not built yet"):
        test_unit_exercise()
