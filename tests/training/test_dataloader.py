"""The loader: batches as PyTorch makes them, in one order whatever the number of workers, and threads that end."""

from __future__ import annotations

import collections
import subprocess
import sys
import threading
import traceback
from functools import partial

import numpy as np
import pytest
import torch
from torch.utils import data as theirs

from tinytorch import Tensor, generator, manual_seed, rand
from tinytorch.core.dataloader import make_batch
from tinytorch.core.layers import Dropout, Linear, Sequential
from tinytorch.core.losses import CrossEntropyLoss
from tinytorch.core.optimizers import SGD
from tinytorch.core.training import Trainer, batches
from tinytorch.utils.data import DataLoader, Dataset, Subset, TensorDataset, default_collate, random_split

PATIENCE = 10.0  # seconds until a test gives up waiting for a thread
Point = collections.namedtuple("Point", "x y")
X = np.random.default_rng(0).normal(size=(23, 4)).astype(np.float32)
Y = np.arange(23)


class Numbers(Dataset):
    """0 to count - 1; `bad` is the index that raises `error`."""

    def __init__(self, count: int, bad: int = -1, error: Exception | None = None):
        self.count, self.bad, self.error = count, bad, error

    def __len__(self) -> int:
        return self.count

    def __getitem__(self, index: int) -> int:
        if index == self.bad:
            raise self.error
        return index


def threads() -> set[threading.Thread]:
    return set(threading.enumerate())


def alike(ours, their) -> bool:
    """The same structure, types and numbers."""
    if isinstance(their, torch.Tensor):
        same_type = str(ours.dtype) == str(their.dtype).removeprefix("torch.")
        return isinstance(ours, Tensor) and same_type and np.array_equal(ours.data, their.numpy())
    if isinstance(their, dict):
        return list(ours) == list(their) and all(alike(ours[key], their[key]) for key in their)
    if isinstance(their, (list, tuple)):
        return type(ours) is type(their) and len(ours) == len(their) and all(map(alike, ours, their))
    return ours == their


# ---- as PyTorch


@pytest.mark.parametrize("batch", [
    [1, 2], [1.0, 2.0], [2.5, 1], [True, False], [True, 2], [np.float32(1), np.float32(2)], [np.int8(1)], ["a", "b"],
    [b"a"], [(1, 2.0), (3, 4.0)], [[1, 2], [3, 4]], [{"a": 1, "b": "x"}, {"a": 2, "b": "y"}], [Point(1, "a")] * 2,
    [np.zeros((2, 3), np.float16)] * 2, [np.zeros((), np.int32)] * 2, [np.int32([1, 2]), np.float64([0.5, 2])],
    [np.int32([1]), np.float32([0.5])], [np.int8([1]), np.uint8([200])], [{"a": 1}, {"a": 2, "c": 3}], [(), ()],
    [({"a": [np.ones(2)]}, "b")] * 3, [collections.OrderedDict(a=1), {"a": 2}], [np.ones(2, ">f4")],
])  # fmt: skip
def test_items_are_collated_as_by_pytorch(batch):
    if isinstance(batch[0], np.ndarray) and not batch[0].dtype.isnative:
        assert alike(default_collate(batch), theirs.default_collate([batch[0].astype("=f4")]))
    else:
        ours = default_collate(batch)
        their = theirs.default_collate(batch)
        assert alike(ours, dict(their) if isinstance(their, dict) else their)


@pytest.mark.parametrize("types", [("int64", "float32"), ("float32", "float64"), ("float16", "float32"),
                                   ("bool", "int64"), ("float16", "bfloat16"), ("uint8", "int8")])  # fmt: skip
def test_tensors_of_two_types_meet_as_in_pytorch(types):
    ours = default_collate([Tensor([1, 0], dtype=dtype) for dtype in types])
    their = theirs.default_collate([torch.tensor([1, 0], dtype=getattr(torch, dtype)) for dtype in types])
    assert str(ours.dtype) == str(their.dtype).removeprefix("torch.") and ours.shape == (2, 2)


def test_numbers_of_both_kinds_are_float64_in_either_order():
    """PyTorch gives float32 where the first is whole, float64 where it is not: an order that is drawn decides."""
    assert default_collate([1, 2.5]).dtype == default_collate([2.5, 1]).dtype == np.float64


@pytest.mark.parametrize(("batch", "kind", "words"), [
    ([None, None], TypeError, "item is a NoneType: a batch is made of Tensors"),
    ([object()], TypeError, "item is a object"),
    ([{1, 2}], TypeError, "item is a set"),
    ([1j], TypeError, "item is a complex"),
    ([1, None], TypeError, "number 1 of the batch: item is a NoneType, in number 0 a int"),
    ([(1, 2), (1,)], ValueError, "number 1 of the batch: item has 1 parts, in number 0 2"),
    ([{"a": 1}, {"b": 2}], ValueError, "number 1 of the batch: item has no 'a', which number 0 has"),
    ([(1, np.zeros(2)), (1, np.zeros(3))], ValueError, r"item\[1\] has shape \(3,\), in number 0 \(2,\)"),
    ([{"image": [np.zeros(2)]}, {"image": [Tensor([1.0])]}], ValueError, r"item\['image'\]\[0\] has shape \(1,\)"),
    ([np.array("a")], TypeError, "item: a Tensor holds whole numbers"),
    ([2**70, 1], TypeError, "item: a Tensor holds whole numbers"),
    ([Tensor([1.0], requires_grad=True)], ValueError, "requires a gradient, which a batch does not keep: detach"),
])  # fmt: skip
def test_what_cannot_be_one_batch_is_named(batch, kind, words):
    with pytest.raises(kind, match=words):
        default_collate(batch)


@pytest.mark.parametrize("lengths", [
    [0.33, 0.33, 0.34], [1 / 3] * 3, [0.5, 0.25, 0.25], [0.999, 0.001], [1, 9], [10], [1], [1.0], [0.0, 1.0],
    [0.1] * 10,
])  # fmt: skip
@pytest.mark.filterwarnings("ignore:Length of split")
def test_a_split_has_the_sizes_that_pytorch_gives_it(lengths):
    ours, their = random_split(range(10), lengths), theirs.random_split(range(10), lengths)
    assert [len(part) for part in ours] == [len(part) for part in their]
    assert sorted(i for part in ours for i in part.indices.tolist()) == list(range(10))


@pytest.mark.parametrize(("lengths", "kind", "words"), [
    ([5, 4], ValueError, r"lengths \[5, 4\] must be from 0 on, and sum to 10 or to 1"),
    ([0.5, 0.4], ValueError, "sum to 10 or to 1"), ([1.5, -0.5], ValueError, "from 0 on"),
    ([11, -1], ValueError, "from 0 on"), ([2.5, 7.5], TypeError, "float"), ([], ValueError, "sum to 10"),
])  # fmt: skip
def test_lengths_that_do_not_add_up_are_refused(lengths, kind, words):
    with pytest.raises(kind, match=words):
        random_split(range(10), lengths)


@pytest.mark.parametrize("drop_last", [False, True])
@pytest.mark.parametrize(("count", "size"), [(10, 4), (8, 4), (3, 5), (1, 1)])
def test_batches_and_their_number_are_those_of_pytorch(count, size, drop_last):
    ours = DataLoader(TensorDataset(X[:count], Y[:count]), size, drop_last=drop_last)
    tensors = torch.from_numpy(X[:count]), torch.from_numpy(Y[:count])
    their = theirs.DataLoader(theirs.TensorDataset(*tensors), size, drop_last=drop_last)
    assert len(ours) == len(their) and alike(list(ours), list(their))
    assert alike(list(DataLoader(range(count), size, drop_last=drop_last)),
                 list(theirs.DataLoader(range(count), size, drop_last=drop_last)))  # fmt: skip


# ---- order and chance


@pytest.mark.parametrize("workers", [1, 2, 5])
@pytest.mark.parametrize("collate_fn", [None, default_collate, "noise"])
def test_one_seed_gives_the_same_batches_with_any_number_of_workers(workers, collate_fn):
    class Noisy(Dataset):
        def __len__(self) -> int:
            return 23

        def __getitem__(self, index: int) -> tuple:
            return X[index] + rand(4), generator().integers(100)

    def noise(items: list) -> list:
        x, y = default_collate(items)
        return [x + rand(*x.shape), y]

    def three_epochs(num_workers: int) -> list:
        manual_seed(11)
        chosen = noise if collate_fn == "noise" else collate_fn
        loader = DataLoader(Noisy(), 4, shuffle=True, num_workers=num_workers, collate_fn=chosen)
        return [[[part.tolist() for part in batch] for batch in loader] for _ in range(3)]

    first = three_epochs(0)
    assert three_epochs(workers) == first
    assert first[0] != first[1] != first[2]


def test_the_order_is_that_of_lesson_07_and_an_epoch_draws_at_its_start_alone():
    manual_seed(4)
    wanted = [y.tolist() for _, y in batches(X, Y, 5)]
    manual_seed(4)
    loader = DataLoader(TensorDataset(X, Y), 5, shuffle=True, num_workers=2)
    epoch = iter(loader)
    state = generator().bit_generator.state
    assert [y.tolist() for _, y in epoch] == wanted
    assert generator().bit_generator.state == state
    assert [y.tolist() for _, y in loader] != wanted


def test_two_epochs_may_run_at_the_same_time():
    loader = DataLoader(range(12), 3, num_workers=2)
    pairs = list(zip(loader, loader, strict=True))
    assert [(a.tolist(), b.tolist()) for a, b in pairs] == [([i, i + 1, i + 2],) * 2 for i in (0, 3, 6, 9)]


def test_a_training_is_the_same_from_a_loader_with_any_number_of_workers_and_from_arrays():
    def trained(data, **options) -> list:
        manual_seed(0)
        model = Sequential(Linear(4, 8), Dropout(0.5), Linear(8, 23))
        Trainer(model, SGD(model.parameters(), 0.1), CrossEntropyLoss()).fit(data, 3, **options)
        return [p.tolist() for p in model.parameters()]

    made = partial(DataLoader, TensorDataset(X, Y), 5, shuffle=True)
    assert trained(made(num_workers=3)) == trained(made()) == trained(made(collate_fn=default_collate))


# ---- rows at once, and items


def test_rows_at_once_are_what_the_items_make():
    data = TensorDataset(X, Y)
    parts = (data, Subset(data, range(22, 2, -2)), Subset(Subset(data, [3, 1, 2, 2]), [2, 0]))
    for dataset in parts:
        loaders = DataLoader(dataset, 3), DataLoader(dataset, 3, collate_fn=default_collate)
        rows, items = ([[part.tolist() for part in batch] for batch in loader] for loader in loaders)
        assert rows == items


def test_a_dataset_that_redefines_its_items_is_asked_for_them():
    class Brighter(TensorDataset):
        def __getitem__(self, index):
            x, y = super().__getitem__(index)
            return x + 1, y

    x, _ = next(iter(DataLoader(Subset(Brighter(X, Y), range(5)), 5)))
    assert np.array_equal(x.data, X[:5] + 1)


def test_a_batch_of_rows_is_a_copy_and_the_dataset_too():
    x = X.copy()
    data = TensorDataset(x, Y)
    x[:] = 0
    batch = next(iter(DataLoader(data, 3)))[0]
    assert np.array_equal(batch.data, X[:3])
    batch.data[:] = 7
    assert np.array_equal(data[0][0].data, X[0])


# ---- threads


def test_a_step_and_the_loading_of_later_batches_overlap():
    """The first item of a later batch waits until the main thread is in its step: without overlap it never would be."""
    stepping, met = threading.Event(), []

    class Waits(Dataset):
        def __len__(self) -> int:
            return 4

        def __getitem__(self, index: int) -> int:
            met.append(index == 0 or stepping.wait(PATIENCE))
            return index

    for batch in DataLoader(Waits(), num_workers=1):
        if batch.item() == 0:
            stepping.set()
    assert met == [True] * 4


def test_as_many_items_are_fetched_at_the_same_time_as_there_are_workers():
    barrier = threading.Barrier(3)

    class Meets(Dataset):
        def __len__(self) -> int:
            return 9

        def __getitem__(self, index: int) -> int:
            barrier.wait(PATIENCE)
            return index

    assert [b.item() for b in DataLoader(Meets(), num_workers=3)] == list(range(9))


@pytest.mark.parametrize(("workers", "factor"), [(1, 1), (1, 4), (3, 2)])
def test_so_many_batches_are_made_ahead_and_no_more(workers, factor):
    made, changed = [], threading.Condition()

    def note(items: list) -> int:
        with changed:
            made.append(items[0])
            changed.notify_all()
        return items[0]

    loader = DataLoader(range(30), num_workers=workers, prefetch_factor=factor, collate_fn=note)
    for taken, batch in enumerate(loader):
        most = min(30, taken + 1 + workers * factor)
        with changed:
            assert changed.wait_for(lambda most=most: len(made) >= most, PATIENCE)
        assert batch == taken and len(made) == most


def leave(loader: DataLoader, how: str) -> None:
    epoch = iter(loader)
    next(epoch)
    if how == "close":
        epoch.close()
    elif how in ("error", "stop"):
        raise (ValueError if how == "error" else KeyboardInterrupt)
    elif how == "end":
        list(epoch)
    elif how == "break":
        for _ in loader:
            break


@pytest.mark.parametrize("how", ["drop", "close", "error", "stop", "end", "break"])
def test_threads_end_however_an_epoch_does(how):
    before = threads()
    try:
        leave(DataLoader(Numbers(200), 2, num_workers=4), how)
    except (ValueError, KeyboardInterrupt):
        pass
    assert threads() == before


def test_threads_end_after_an_error_in_one_of_them_and_in_a_training_step():
    before = threads()
    with pytest.raises(KeyError):
        list(DataLoader(Numbers(100, bad=50, error=KeyError("no such digit")), 4, num_workers=4))
    model = Linear(3, 2)  # four features come
    with pytest.raises(ValueError, match="inner dimensions|linear"):
        loader = DataLoader(TensorDataset(X, Y), 2, num_workers=3)
        Trainer(model, SGD(model.parameters(), 0.1), CrossEntropyLoss()).fit(loader, 1)
    assert threads() == before


@pytest.mark.parametrize("workers", [0, 1, 3])
@pytest.mark.parametrize("error", [ValueError("bad pixel"), FileNotFoundError(2, "no such file"), ZeroDivisionError()])
def test_an_error_arrives_as_its_own_type_with_its_traceback_and_the_item(workers, error):
    got = []
    with pytest.raises(type(error)) as caught:
        for batch in DataLoader(Subset(Numbers(60, bad=37, error=error), range(20, 60)), 4, num_workers=workers):
            got.append(batch.tolist())
    assert caught.value is error and got == [[i, i + 1, i + 2, i + 3] for i in range(20, 36, 4)]
    text = "".join(traceback.format_exception(caught.value))
    assert "raise self.error" in text and "in __getitem__" in text
    assert "this was raised for item 37 of the dataset" in text


@pytest.mark.parametrize("workers", [0, 2])
def test_a_batch_that_cannot_be_made_names_its_items(workers):
    items = [np.zeros(2), np.zeros(2), np.zeros(2), np.zeros(3)]
    with pytest.raises(ValueError, match=r"item has shape \(3,\)") as caught:
        list(DataLoader(items, 2, num_workers=workers))
    assert caught.value.__notes__ == ["this was raised for the batch of items [2, 3]"]


@pytest.mark.parametrize("workers", [0, 2])
def test_the_end_of_an_iterator_in_a_dataset_does_not_end_the_epoch(workers):
    loader = DataLoader(Numbers(9, bad=4, error=StopIteration()), 1, num_workers=workers)
    with pytest.raises(RuntimeError, match="StopIteration"):
        list(loader)


def test_a_program_that_ends_in_the_middle_of_an_epoch_ends():
    program = ("from tinytorch.utils.data import DataLoader\n"
               "epoch = iter(DataLoader(range(10**6), 8, num_workers=3))\nprint(next(epoch).tolist())")  # fmt: skip
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60)
    assert (done.returncode, done.stdout, done.stderr) == (0, "[0, 1, 2, 3, 4, 5, 6, 7]\n", "")


# ---- bad input


@pytest.mark.parametrize(("make", "kind", "words"), [
    (lambda: DataLoader(range(5), batch_size=0), ValueError, "batch_size must be .* at least 1, got 0"),
    (lambda: DataLoader(range(5), batch_size=None), ValueError, "batch_size must be .* got None"),
    (lambda: DataLoader(range(5), batch_size=2.0), ValueError, "batch_size must be .* got 2.0"),
    (lambda: DataLoader(range(5), num_workers=-1), ValueError, "num_workers must be .* at least 0, got -1"),
    (lambda: DataLoader(range(5), num_workers=0.5), ValueError, "num_workers must be .* got 0.5"),
    (lambda: DataLoader(range(5), prefetch_factor=0), ValueError, "prefetch_factor must be .* at least 1, got 0"),
    (lambda: DataLoader([]), ValueError, "the dataset is empty"),
    (lambda: DataLoader(range(5), pin_memory=True), TypeError, "takes no pin_memory=: .* leave it out"),
    (lambda: DataLoader(range(5), sampler=[1]), TypeError, "takes no sampler=: give Subset"),
    (lambda: DataLoader(range(5), suffle=True), TypeError, "takes no suffle=: see its docstring"),
    (lambda: random_split(range(5), [5], generator=1), TypeError, "random_split takes no generator=: call manual_seed"),
    (lambda: TensorDataset(X, Y[:3]), ValueError, r"shapes \[\(23, 4\), \(3,\)\]"),
    (lambda: TensorDataset(), ValueError, "there must be one at least"),
    (lambda: TensorDataset(1.0), ValueError, r"shapes \[\(\)\]"),
    (lambda: Subset(range(5), [0, 5, 9]), IndexError, "index 5 is out of range: the dataset has 5 items"),
    (lambda: Subset(range(5), [-6]), IndexError, "index -6 is out of range"),
    (lambda: Subset(range(5), [0.5]), TypeError, "indices are whole numbers, .*; got float64"),
    (lambda: Subset(range(2), [True, False]), TypeError, "flatnonzero"),
    (lambda: len(Dataset()), NotImplementedError, "Dataset has no method __len__"),
    (lambda: Dataset()[0], NotImplementedError, "Dataset has no method __getitem__"),
])  # fmt: skip
def test_bad_input_is_refused_with_what_is_wrong(make, kind, words):
    with pytest.raises(kind, match=words):
        make()


def test_a_dataset_is_walked_by_its_length():
    assert list(Numbers(4)) == [0, 1, 2, 3]
    assert [y.item() for _, y in TensorDataset(X[:3], Y[:3])] == [0, 1, 2]
    assert list(Subset("abc", [2, 0])) == ["c", "a"] and list(Subset("abc", [])) == []


def test_a_batch_may_be_made_by_hand():
    assert make_batch("abcd", np.array([3, 0])) == ["d", "a"]
