"""What the checks of the lesson on data loading share: datasets, batches and images, each asked of a learner's code.

`idea` is what the sentence of a failed comparison ends with. What threads do is in `checks_prefetch`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np

from tinytorch.support.checks import close, equal, operations, outcome, raises, shown, typed, unchanged, yields_once


class Point(NamedTuple):
    """A tuple whose parts have names."""

    x: Any
    y: Any


class Squares:
    """A dataset of the squares of 0 to count - 1 that keeps, in `asked`, by what it was asked for."""

    def __init__(self, count: int):
        self.count, self.asked = count, []

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> int:
        self.asked.append(index)
        if not -self.count <= index < self.count:
            raise IndexError(f"there are {self.count} squares, not one at {index}")
        return (int(index) % self.count) ** 2


class Broken(Squares):
    """The same, but one of them cannot be had."""

    def __init__(self, count: int, bad: int, error: BaseException):
        super().__init__(count)
        self.bad, self.error = bad, error

    def __getitem__(self, index: int) -> int:
        if index == self.bad:
            raise self.error
        return super().__getitem__(index)


# ---- datasets


def rows(kind: type, tensor: type, count: int) -> None:
    """A TensorDataset of `count` rows gives tuples of rows of its tensors, one or several."""
    x, y = np.arange(6.0 * count).reshape(count, 2, 3), 10 * np.arange(count)
    data, one = kind(tensor(x), y), kind(x)
    equal(f"len of a TensorDataset of {count} rows", outcome("len", lambda: len(data)), count, "count the items")
    for index in (0, count - 1, -1, np.int64(1), np.array([1, 0, 1]), [count - 1], slice(1, 3), np.array([], int)):
        asked = f"item {index!r} of a TensorDataset of shapes {x.shape} and {y.shape}"
        got = outcome(asked, partial(data.__getitem__, index), "an index may be an array, too")
        same(asked, got, (x[index], y[index]), tensor, "row `index` of each tensor, in a tuple")
    same("item 1 of a TensorDataset of one tensor", one[1], (x[1],), tensor, "a tuple, also of one part")
    raises(f"item {count} of {count}", lambda: data[count], IndexError, idea="there is no such row")
    needy = kind(tensor(x, requires_grad=True))
    kept = [needy[index][0].requires_grad for index in (0, np.array([0, 1]))]
    equal("whether rows of a tensor that requires a gradient do so too", kept, [True, True], "index the tensor itself")


def subset(kind: type, count: int, indices: Sequence[int]) -> None:
    """A Subset has the items at `indices`, in their order, and asks for one when it is asked for."""
    data = Squares(count)
    part, asked = kind(data, indices), f"Subset(squares of 0 to {count - 1}, {list(indices)})"
    wanted = [(index % count) ** 2 for index in indices]
    equal(f"len of {asked}", outcome("len", lambda: len(part)), len(wanted), "count the indices")
    equal(f"what the dataset was asked for by len and the making of {asked}", data.asked, [], "items cost time")
    got = outcome(f"items of {asked}", lambda: [part[i] for i in range(len(wanted))])
    equal(f"items of {asked}", got, wanted, "the item of the dataset at indices[index]")
    equal(f"what the dataset was asked for by items of {asked}", data.asked, list(indices), "each once")
    kinds = {type(index).__name__ for index in data.asked}
    equal(f"the types of these indices, from {asked}", kinds, {"int"}, "a dataset may want Python's own numbers")
    equal(f"item -1 of {asked}", part[-1], wanted[-1], "counted from the end")
    raises(f"item {len(wanted)} of {asked}", lambda: part[len(wanted)], IndexError, idea="it ends with its indices")
    inner = kind(part, [len(wanted) - 1, 0])
    equal(f"a Subset, [-1, 0], of {asked}", [inner[0], inner[1]], [wanted[-1], wanted[0]], "one may be in another")
    several = kind(3 * np.arange(count), indices)
    asked, idea = f"items [1, 0] of Subset(an array, {list(indices)})", "an index may be an array, too"
    got = outcome(asked, lambda: several[np.array([1, 0])], idea)
    close(asked, got, [3 * (indices[1] % count), 3 * (indices[0] % count)], idea)


def sizes(function: Callable, cases: list[tuple[int, Any, list[int]]]) -> None:
    """For each (count, lengths, wanted), `function(count, lengths)` is a list of Python's whole numbers."""
    for count, lengths, wanted in cases:
        asked, kept = f"split_sizes({count}, {lengths!r})", list(lengths)
        idea = "sizes as they are; shares rounded down, what is left over one each to the first"
        got = outcome(asked, partial(function, count, lengths), idea)
        assert isinstance(got, list), f"{asked} gave a {type(got).__name__}, wanted a list"
        equal(asked, got, wanted, idea)
        equal(f"the types in {asked}", {type(size).__name__ for size in got}, {"int"}, "Python's own numbers")
        equal(f"lengths after {asked}", list(lengths), kept, "they are only read")


def no_sizes(function: Callable, cases: list[tuple[int, list, type[Exception]]]) -> None:
    """Lengths that do not add up, that are negative, or that are not whole are refused; a ValueError repeats both."""
    for count, lengths, kind in cases:
        words = [*map(str, lengths[:1]), str(count)] if kind is ValueError else []
        asked = f"split_sizes({count}, {lengths})"
        raises(asked, partial(function, count, lengths), kind, *words, idea="say what was given")


def split(function: Callable, manual_seed: Callable, count: int, lengths: list, wanted: list[int]) -> None:
    """The parts have the wanted sizes, share out the items at random, and are drawn from the shared generator."""
    data, asked = Squares(count), f"random_split of {count} items into {lengths}"
    manual_seed(3)
    parts = outcome(asked, lambda: function(data, lengths))
    drawn = [np.asarray(part.indices).tolist() for part in parts]
    equal(f"{asked}: the sizes", [len(part) for part in drawn], wanted, "what does split_sizes say?")
    equal(f"{asked}: all indices, sorted", sorted(sum(drawn, [])), list(range(count)), "each item is in one part")
    equal(f"{asked}: what the dataset was asked for", data.asked, [], "only indices are needed")
    assert all(part.dataset is data for part in parts), f"{asked}: the parts should be of the dataset itself"
    order = sum(drawn, [])
    moved = np.mean(np.abs(np.subtract(order, range(count))))
    assert moved > count / 6, f"{asked} moved the items by {moved:.1f} places: draw an order of all of them"
    beside = np.mean(np.abs(np.diff(order)) == 1)
    assert beside < 0.3, f"{asked}: {beside:.0%} of the items came beside their neighbours: draw an order of all"
    other, _ = function(data, lengths), manual_seed(3)
    again = [np.asarray(part.indices).tolist() for part in function(data, lengths)]
    equal(f"{asked}, after manual_seed again", again, drawn, "draw from generator()")
    differ = [np.asarray(part.indices).tolist() for part in other] != drawn
    assert differ, f"{asked} gave the same parts twice without a new seed: the generator goes on"


# ---- batches


def same(what: str, got: Any, wanted: Any, tensor: type, idea: str) -> None:
    """`got` has the structure of `wanted`, with Tensors in the place of its arrays, of their types and numbers."""
    if isinstance(wanted, (np.ndarray, np.generic)):
        assert isinstance(got, tensor), f"{what} gave a {type(got).__name__}, {shown(got)}, wanted a Tensor: {idea}"
        typed(what, got, wanted.dtype, idea)
        close(what, got, wanted, idea)
        return
    kind = type(wanted).__name__
    if isinstance(wanted, tuple) and wanted and isinstance(wanted[0], str):  # strings in a list will do
        got = tuple(got) if isinstance(got, list) else got
    assert type(got) is type(wanted), f"{what} gave a {type(got).__name__}, {shown(got)}, wanted a {kind}: {idea}"
    if isinstance(wanted, dict):
        equal(f"{what}: the keys", list(got), list(wanted), idea)
    elif isinstance(wanted, (tuple, list)):
        equal(f"{what}: the number of parts", len(got), len(wanted), idea)
    else:
        equal(what, got, wanted, idea)
        return
    for key in wanted if isinstance(wanted, dict) else range(len(wanted)):
        same(f"{what}: part {key!r}", got[key], wanted[key], tensor, idea)


def collated(function: Callable, tensor: type, batch: list, wanted: Any, idea: str) -> None:
    """`function(batch)` is the wanted batch; the items are as before, and share nothing with it."""
    asked, before = f"default_collate({batch!r:.80})", repr(batch)
    got = outcome(asked, lambda: function(batch), idea)
    same(asked, got, wanted, tensor, idea)
    equal(f"the items after {asked}", repr(batch), before, "they are only read")
    for leaf in _leaves(got, tensor):
        leaf.data[...] = 0
    equal(f"the items, when the batch of {asked} is written to", repr(batch), before, "a batch has its own numbers")


def _leaves(batch: Any, tensor: type) -> list:
    if isinstance(batch, tensor):
        return [batch]
    parts = batch.values() if isinstance(batch, dict) else batch if isinstance(batch, (list, tuple)) else ()
    return [leaf for part in parts for leaf in _leaves(part, tensor)]


def places(function: Callable, cases: list[tuple[list, type[Exception], tuple[str, ...]]]) -> None:
    """What cannot be one batch is refused with a sentence that names the place."""
    for batch, kind, words in cases:
        asked = f"default_collate({batch!r:.80})"
        raises(asked, partial(function, batch), kind, *words, idea="each part says where it is: pass `where` on")


def notes(function: Callable, inner: str, outer: str) -> None:
    """`function(note)` is a block that adds the note to an error, which goes on as it is."""
    yields_once(f"noted({inner!r})", partial(function, inner))
    for error in (ValueError("bad pixel"), KeyError("label"), OSError(2, "no such file"), StopIteration(3)):
        asked, words = f"a block with {error!r} in it", (str(error), error.args)
        came = _ended(asked, partial(function, outer), partial(function, inner), error)
        same_one = came is error
        assert same_one, f"{asked} raised {came!r}, wanted the same error: whoever catches it knows it by its type"
        equal(f"{asked}: the notes", getattr(came, "__notes__", []), [inner, outer], "the note of each block, once")
        equal(f"{asked}: its words", (str(error), error.args), words, "a note stands beside them")
        lines = _functions(came)
        assert "_raise" in lines, f"{asked}: its traceback shows {lines}, not where it was raised: let it go on"
    came = _ended("a block that is stopped", partial(function, outer), partial(function, inner), KeyboardInterrupt())
    assert isinstance(came, KeyboardInterrupt), f"a block that is stopped raised {came!r}, wanted KeyboardInterrupt"


def _ended(what: str, outer: Callable, inner: Callable, error: BaseException) -> BaseException:
    try:
        with outer(), inner():
            _raise(error)
    except NotImplementedError:
        raise
    except BaseException as came:
        return came
    raise AssertionError(f"{what} ended as if nothing had happened: an error goes on when it has its note")


def _raise(error: BaseException) -> None:
    raise error


def _functions(error: BaseException) -> list[str]:
    """The functions that an error's traceback leads through, outermost first."""
    trace, names = error.__traceback__, []
    while trace is not None:
        names.append(trace.tb_frame.f_code.co_name)
        trace = trace.tb_next
    return names


def batch_of_items(function: Callable, tensor: type, subset: type, indices: list[int]) -> None:
    """A dataset of any kind is asked for each item once, by Python's numbers, and its items are collated."""
    data, taken = Squares(20), []
    asked = f"make_batch(squares, {indices})"
    got = outcome(asked, lambda: function(data, np.array(indices)))
    same(asked, got, np.array([i**2 for i in indices]), tensor, "the items, in order, by default_collate")
    equal(f"{asked}: what it asked for", data.asked, indices, "each item once, in order")
    equal(f"{asked}: by what", {type(i).__name__ for i in data.asked}, {"int"}, "Python's own numbers")
    got = function(data, np.array(indices), lambda items: taken.append(items) or "collated")
    equal(f"{asked}, with a collate_fn", got, "collated", "what it makes of the items is the batch")
    equal(f"{asked}: what collate_fn was given", taken, [[i**2 for i in indices]], "the list of items, once")
    part = subset(subset(data, np.arange(19, -1, -1)), np.arange(1, 20))
    got = function(part, np.array(indices))
    same(f"{asked} from a Subset of a Subset", got, np.array([(18 - i) ** 2 for i in indices]), tensor, "its own items")


def batch_of_rows(function: Callable, kind: type, subset: type, interceptor: type, tensor: type, count: int) -> None:
    """Rows of a TensorDataset, or of a Subset of one, are taken at once; a class made of it keeps its own items."""
    x, y = np.random.default_rng(0).normal(size=(count, 4)).astype(np.float32), np.arange(count)
    data, indices = kind(x, y), np.arange(count - 1, 0, -2)
    part = subset(subset(data, np.arange(count)[::-1]), np.arange(count))
    turned = count - 1 - indices
    for name, dataset, places in (("a TensorDataset", data, indices), ("a Subset of a Subset of one", part, turned)):
        asked = f"a batch of {len(indices)} rows of {name}"
        got = outcome(asked, partial(function, dataset, indices), "see what is given: an array of indices")
        seen = operations(interceptor, partial(function, dataset, indices))
        same(asked, got, [x[places], y[places]], tensor, "as default_collate makes it of the items: a list")
        few = len(seen) <= 2
        assert few, f"{asked} took {len(seen)} operations, wanted one for each tensor: an array of indices is an index"
    got = function(data, indices, len)
    equal("make_batch of a TensorDataset with collate_fn=len", got, len(indices), "collate_fn gets the list of items")
    _own_items(function, kind, subset, tensor, x, indices)


def _own_items(function: Callable, kind: type, subset: type, tensor: type, x: np.ndarray, indices: np.ndarray) -> None:
    class Negated(kind):
        def __getitem__(self, index: Any) -> Any:
            return -super().__getitem__(index)[0]

    class Doubled(subset):
        def __getitem__(self, index: Any) -> Any:
            return super().__getitem__(index)[0] * 2

    own = "it has a __getitem__ of its own"
    same("make_batch of a class made of TensorDataset", function(Negated(x), indices), -x[indices], tensor, own)
    got = function(Doubled(kind(x), np.arange(len(x))), indices)
    same("make_batch of a class made of Subset", got, 2 * x[indices], tensor, own)
    got = function(subset(Negated(x), np.arange(len(x))), indices)
    same("make_batch of a Subset of a class made of TensorDataset", got, -x[indices], tensor, own)


def batch_errors(function: Callable, subset: type, bad: int) -> None:
    """An error keeps its type, and its notes name the item, or the items that did not become a batch."""
    for error in (ValueError("no pixel"), KeyError("label"), OSError(2, "no such file")):
        data = Broken(50, bad, error)
        for name, dataset, indices in (("", data, [4, bad, 6]), (" in a Subset", subset(data, [9, bad]), [0, 1])):
            asked = f"make_batch{name}, item {bad} raising {error!r}"
            came = _failure(asked, partial(function, dataset, np.array(indices)))
            assert came is error, f"{asked}, raised {came!r}: wanted the same error"
            said = _taken_notes(came)
            named = re.findall("[0-9]+", said)
            assert named == [str(bad)], f"{asked}: its notes are {said!r}, wanted the number {bad} in one, and no other"
    asked = f"make_batch, the items 4 and {bad} not becoming a batch"
    wrong = ValueError("two shapes")
    came = _failure(asked, partial(function, Squares(50), np.array([4, bad]), partial(_raise_for, wrong)))
    assert came is wrong, f"{asked}, raised {came!r}: wanted collate_fn's own error"
    said = _taken_notes(came)
    named = re.findall("[0-9]+", said)
    assert named == ["4", str(bad)], f"{asked}: its notes are {said!r}, wanted both numbers in one"


def _raise_for(error: Exception, items: list) -> None:
    raise error


def _taken_notes(error: BaseException) -> str:
    """The notes of an error, which are taken from it."""
    return " ".join(vars(error).pop("__notes__", []))


def _failure(what: str, call: Callable) -> BaseException:
    try:
        got = call()
    except NotImplementedError:
        raise
    except Exception as came:
        return came
    raise AssertionError(f"{what}, gave {got!r:.60}: the error should reach whoever asked")


# ---- images


def moved(function: Callable, shape: tuple[int, ...], shifts: list, dtype: str = "float32") -> None:
    """Each pixel of image i is `shifts[i]` farther down and to the right; 0 where none came to."""
    images = np.random.default_rng(0).integers(1, 200, shape).astype(dtype)
    shifts = np.array(shifts, np.int64).reshape(-1, 2)
    wanted, (height, width) = np.zeros_like(images), shape[-2:]
    for i, (down, right) in enumerate(shifts):
        for r in range(max(0, down), min(height, height + down)):
            for c in range(max(0, right), min(width, width + right)):
                wanted[i, ..., r, c] = images[i, ..., r - down, c - right]
    asked = f"shifted of {dtype} images {shape} by {shifts.tolist()}"
    with unchanged(asked, "write into a new array", images=images, shifts=shifts):
        got = outcome(asked, lambda: function(images, shifts), "an image may leave its place altogether")
    assert isinstance(got, np.ndarray), f"{asked} gave a {type(got).__name__}, wanted an array"
    typed(asked, got, dtype, "pixels keep their type")
    close(asked, got, wanted, "down and right, zeros come in, and what leaves is lost")
    own = got.flags.writeable and not np.shares_memory(got, images)
    assert own, f"{asked} gave a view of the images, or of one pixel many times: wanted an array of its own"


def seeded(function: Callable, generator: Callable, manual_seed: Callable, seed: int) -> None:
    """A batch draws from a generator of its own, which its seed and its number determine, and nothing else."""

    shared, kinds = generator(), set()

    class Noisy(Squares):
        def __getitem__(self, index: int) -> float:
            kinds.add(generator() is shared)
            return float(generator().random())

    data, places = Noisy(9), np.array([4, 2])

    def drawn(seed: int, number: int) -> list[float]:
        idea = "what is the batch's own generator made from?"
        call = partial(function, data, lambda items: [*items, float(generator().random())], seed, (number, places))
        return outcome(f"seeded_batch with seed {seed} and number {number}", call, idea)

    manual_seed(2)
    state = shared.bit_generator.state
    first = drawn(seed, 0)
    idea = "other threads draw from that one"
    equal("whether items of a seeded_batch get the shared generator", kinds, {False}, idea)
    equal("the shared generator after seeded_batch", generator().bit_generator.state, state, "the batch has its own")
    assert len(set(first)) == 3, f"items and collate_fn of one batch drew {first}: they draw in turn from one generator"
    generator().random(5)
    equal("the draws of the same batch, later", drawn(seed, 0), first, "only its seed and its number count")
    many = [drawn(s, n)[0] for s in (seed, seed + 1, seed + 2) for n in (0, 1, 2)]
    told = "nine batches, of three seeds and three numbers, should have nine generators"
    assert len(set(many)) == 9, f"{told}, but drew {sorted(many)}: seed and number are two things, not a sum"
    large = [drawn(2**63 - 1 - 2**bit, 10**6)[0] for bit in range(0, 63, 3)]
    told = "seeds below 2**63 that differ in one bit gave the same numbers"
    assert len(set(large)) == len(large), f"{told}: leave none of the seed out"
    broken = Broken(9, 2, ValueError("bad pixel"))
    came = _failure("seeded_batch, item 2 failing,", partial(function, broken, None, seed, (0, places)))
    assert came is broken.error, f"seeded_batch, item 2 failing, raised {came!r}, wanted the same error"
    assert generator() is shared, "after a batch that failed generator() is still the batch's: use drawing_from"
