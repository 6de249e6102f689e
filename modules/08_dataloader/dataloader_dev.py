# ---
# jupyter:
#   jupytext:
#     text_representation:
#       extension: .py
#       format_name: percent
#   kernelspec:
#     display_name: Python 3 (ipykernel)
#     language: python
#     name: python3
# ---

# %% [markdown]
r"""
# Lesson 08: Data loading

> Datasets of items, batches that threads make ahead of time, and random shifts that repeat.

Lesson 07 trained on arrays: all images in memory, decoded, and the same in every epoch. Most data
is not like that. It lies in a hundred thousand files or on another machine, has to be fetched and
decoded, and should look a little different each time. While all this happens, the network waits.

You will build datasets, which give their items one by one; batches out of items of any form; random
shifts of images; and a loader whose threads make the next batches while the network uses this one,
in an order and with shifts that one seed repeats, however many threads there are.

About 5 hours: 12 exercises, some 65 lines to write, and an open question. Needs lessons 01 to 07.
Makes `tinytorch.core.dataloader`: `Dataset`, `TensorDataset`, `Subset`, `random_split`,
`default_collate`, `random_shift`, `DataLoader`.
"""

# %%
#| default_exp core.dataloader

# %%
#| export
import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from functools import partial
from itertools import islice
from operator import index as whole
from typing import Any

import numpy as np

# %%
#| export
from tinytorch.core.layers import generator
from tinytorch.core.tensor import Tensor, as_tensor, wrap
from tinytorch.core.training import batch_indices
from tinytorch.support.drawing import drawing_from
from tinytorch.support.loading import check_alike, check_equally_long, check_loader, checked_images
from tinytorch.support.loading import checked_indices, is_namedtuple, no_others, stacked

# %%
import time
import timeit
import zlib

from tinytorch.core.layers import manual_seed
from tinytorch.core.tensor import Interceptor
from tinytorch.support import checks_loading, checks_prefetch
from tinytorch.support.checks import check
from tinytorch.support.data import load_digits20

# %% [markdown]
r"""
## A network that waits

The 5,000 handwritten digits of this lesson, 20 by 20 pixels each, fit into memory. Let us pretend
that they lie elsewhere: a wait of 0.5 ms for each stands for a disk or a network.
"""

# %%
images, labels = load_digits20()

class Elsewhere:
    """The digits, each of which takes a while to arrive."""

    def __len__(self): return len(labels)

    def __getitem__(self, index):
        time.sleep(0.0005)
        return images[index], labels[index]

# %%
from tinytorch.core.activations import GELU
from tinytorch.core.layers import Linear, Sequential
from tinytorch.core.losses import CrossEntropyLoss
from tinytorch.core.optimizers import AdamW
from tinytorch.core.training import CosineSchedule, Trainer
from threadpoolctl import threadpool_limits

# %%
def flat(x):
    return x.reshape(len(x), -1)

def new_trainer(lr=0.005):
    manual_seed(0)
    model = Sequential(flat, Linear(400, 128), GELU(), Linear(128, 10))
    return Trainer(model, AdamW(model.parameters(), lr), CrossEntropyLoss())

# %%
threadpool_limits(1)  # products use one thread, and leave other cores to the loading
trainer, elsewhere, times = new_trainer(), Elsewhere(), []
for start in range(0, 320, 32):
    begun = time.perf_counter()
    items = [elsewhere[i] for i in range(start, start + 32)]
    batch = [Tensor(np.stack(part)) for part in zip(*items)]
    fetched = time.perf_counter()
    trainer.train_step([batch])
    times.append((fetched - begun, time.perf_counter() - fetched))
loading, stepping = np.median(times, axis=0)
print(f"the network waited {loading / (loading + stepping):.0%} of the time")

# %% [markdown]
r"""
The second batch could be on its way while the network trains on the first. But what is a batch?

## Items

A *dataset* is anything that has a length and gives an item for an index: a list is one, and so are
an array and the class above. The class `Dataset` is there to be inherited from. It adds that a
`for` loop goes over the items, and names a method that is missing.
"""

# %%
#| export
class Dataset:
    """Items by their index, 0 to `len(dataset) - 1`. Subclasses define `__len__`, `__getitem__`."""

    def __len__(self) -> int:
        raise NotImplementedError(f"{type(self).__name__} has no method __len__")

    def __getitem__(self, index: int) -> Any:
        raise NotImplementedError(f"{type(self).__name__} has no method __getitem__")

    def __iter__(self) -> Iterator[Any]:
        return (self[index] for index in range(len(self)))

# %% [markdown]
r"""
### Exercise: TensorDataset

The simplest dataset holds tensors whose first axes count the items, such as images and labels. A
tensor takes an array of indices as readily as one index, and so does this dataset.
"""

# %% nbgrader={"solution": true, "grade_id": "tensor-dataset"}
#| export
class TensorDataset(Dataset):
    """Items that are rows of tensors: `TensorDataset(images, labels)`.

    `tensors` are Tensors, or what can become one, of shapes (n, ...). ValueError where their first
    axes differ in length.
    """

    def __init__(self, *tensors: Any):
        self.tensors = tuple(as_tensor(tensor) for tensor in tensors)
        check_equally_long(self.tensors)

    def __len__(self) -> int:
        """The number of rows, n."""
        ### BEGIN SOLUTION
        return len(self.tensors[0])
        ### END SOLUTION

    def __getitem__(self, index: Any) -> tuple[Tensor, ...]:
        """Row `index` of each tensor. With an array of k indices, or a slice: k rows of each.

        >>> TensorDataset([[1, 2], [3, 4]], [5, 6])[1]
        (Tensor([3., 4.], dtype=float32), Tensor(6., dtype=float32))
        """
        ### BEGIN SOLUTION
        return tuple(tensor[index] for tensor in self.tensors)
        ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-tensor-dataset", "points": 3}
# Check of TensorDataset: run it when your cell has run.
@check
def test_unit_tensor_dataset():
    checks_loading.rows(TensorDataset, Tensor, 4)
    ### BEGIN HIDDEN TESTS
    checks_loading.rows(TensorDataset, Tensor, 7)
    ### END HIDDEN TESTS

test_unit_tensor_dataset()

# %% [markdown]
r"""
### Exercise: Subset

A part of a dataset needs no copy of the items: the dataset and a list of indices are enough. The
item is fetched when somebody asks for it, and never before. `checked_indices` makes an array of the
indices; `.tolist()` makes Python's own numbers of NumPy's, which a dataset may insist on.
"""

# %% nbgrader={"solution": true, "grade_id": "subset"}
#| export
class Subset(Dataset):
    """The items of `dataset` at `indices`, in their order.

    TypeError for indices that are not whole numbers, IndexError for one out of range.
    """

    def __init__(self, dataset: Any, indices: Any):
        self.dataset, self.indices = dataset, checked_indices(indices, len(dataset))

    def __len__(self) -> int:
        """The number of indices."""
        ### BEGIN SOLUTION
        return len(self.indices)
        ### END SOLUTION

    def __getitem__(self, index: Any) -> Any:
        """What the dataset gives for the index, or the list of indices, at `index` of `indices`.

        >>> Subset(["a", "b", "c"], [2, 0])[0]
        'c'
        """
        ### BEGIN SOLUTION
        return self.dataset[self.indices[index].tolist()]
        ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-subset", "points": 3}
# Check of Subset: run it when your cell has run.
@check
def test_unit_subset():
    checks_loading.subset(Subset, 10, [7, 2, 2, -1])
    ### BEGIN HIDDEN TESTS
    checks_loading.subset(Subset, 30, [29, 0, 17])
    ### END HIDDEN TESTS

test_unit_subset()

# %% [markdown]
r"""
### Exercise: split_sizes

A split is given in items, as in `[4000, 1000]`, or in shares, as in `[0.8, 0.2]`: as in PyTorch,
lengths that sum to 1 are shares. Each is rounded down to whole items, and what is left over goes
one each to the first parts. Ten times 0.1 is not quite 1 in floating point, so compare with
`math.isclose`. `whole(x)`, Python's `operator.index`, gives a whole number of NumPy's as Python's
own, and raises TypeError for what is not whole.
"""

# %% nbgrader={"solution": true, "grade_id": "split-sizes"}
#| exporti
def split_sizes(count: int, lengths: Sequence[float]) -> list[int]:
    """The sizes of the parts of `count` items: `lengths`, or these shares where they sum to 1.

    Raises ValueError, with the lengths and the count, where one is negative, or where they sum
    neither to 1 nor to `count`, and TypeError for sizes such as 2.5.

    >>> split_sizes(10, [3, 7]), split_sizes(10, [0.5, 0.25, 0.25])
    ([3, 7], [6, 2, 2])
    """
    ### BEGIN SOLUTION
    total = sum(lengths)
    shares = math.isclose(total, 1)
    if min(lengths, default=0) < 0 or not (shares or total == count):
        raise ValueError(f"lengths {lengths} must be from 0 on, and sum to {count} or to 1")
    if not shares:
        return [whole(length) for length in lengths]
    sizes = [math.floor(share * count) for share in lengths]
    left = count - sum(sizes)
    return [size + (i < left) for i, size in enumerate(sizes)]
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-split-sizes", "points": 4}
# Check of split_sizes: run it when your cell has run.
@check
def test_unit_split_sizes():
    cases = [(10, [3, 7], [3, 7]), (10, (0.5, 0.25, 0.25), [6, 2, 2]), (100, [0.1] * 10, [10] * 10),
             (5, np.array([2, 3]), [2, 3]), (11, [1.0], [11]), (4, [0, 4], [0, 4])]
    refused = [(10, [5, 4], ValueError), (10, [0.5, 0.4], ValueError), (10, [12, -2], ValueError),
               (5, [2.5, 2.5], TypeError), (10, [math.nan, 1], ValueError)]
    ### BEGIN HIDDEN TESTS
    cases += [(10, [1 / 3] * 3, [4, 3, 3]), (11, [0.25] * 4, [3, 3, 3, 2]), (7, [1], [7]),
              (1, [0.5, 0.5], [1, 0]), (0, [0.5, 0.5], [0, 0]), (3, [np.int64(3)], [3])]
    refused += [(10, [-0.5, 1.5], ValueError), (3, [], ValueError), (10, [0.33] * 3, ValueError)]
    ### END HIDDEN TESTS
    checks_loading.sizes(split_sizes, cases)
    checks_loading.no_sizes(split_sizes, refused)

test_unit_split_sizes()

# %% [markdown]
r"""
### Exercise: random_split

Draw an order of all items from `generator()`, and cut it into pieces of these sizes.
`np.split(order, edges)` cuts an array at the places `edges`.
"""

# %% nbgrader={"solution": true, "grade_id": "random-split"}
#| export
def random_split(dataset: Any, lengths: Sequence[float], **others: Any) -> list[Subset]:
    """Subsets of `dataset` of these lengths, see `split_sizes`. Each item is in one of them.

    The items of each are in random order, drawn from `generator()`; none is fetched.

    >>> [len(part) for part in random_split(range(10), [0.7, 0.3])]
    [7, 3]
    """
    no_others("random_split", others)
    ### BEGIN SOLUTION
    sizes = split_sizes(len(dataset), lengths)
    order = generator().permutation(len(dataset))
    return [Subset(dataset, part) for part in np.split(order, np.cumsum(sizes)[:-1])]
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-random-split", "points": 3}
# Check of random_split: run it when your cell has run.
@check
def test_unit_random_split():
    cases = [(40, [25, 15], [25, 15]), (50, [0.5, 0.3, 0.2], [25, 15, 10]), (30, [30], [30])]
    ### BEGIN HIDDEN TESTS
    cases += [(45, [0.9, 0.1], [41, 4]), (33, [0, 30, 3], [0, 30, 3])]
    ### END HIDDEN TESTS
    for case in cases:
        checks_loading.split(random_split, manual_seed, *case)

test_unit_random_split()

# %%
manual_seed(0)
digits = TensorDataset(images, labels)
train, validation, test = random_split(digits, [1000, 1000, 3000])
print(len(train), "to train on,", len(validation), "to choose by,", len(test), "to test on, once")

# %% [markdown]
r"""
## From items to a batch

A network takes a batch: a Tensor of images and a Tensor of labels. Items may be tuples of an image
and a number, or dicts with a file's name in them. To *collate* them is to put like to like.

### Exercise: default_collate

Numbers, arrays and Tensors are stacked along a new first axis by `stacked(batch, where, Tensor)`,
which gives an array: `wrap` it. Python's own numbers become int64 and float64, as in PyTorch.
Strings stay as they are. Of tuples, lists and dicts each part makes a batch of its own, by the same
function. `zip(*batch)` turns a list of pairs into a pair of tuples. `is_namedtuple(x)` knows named
tuples, whose class takes the parts one by one. A part that does not fit may be found deep inside,
so each call says in `where` which part it was given.
"""

# %% nbgrader={"solution": true, "grade_id": "default-collate"}
#| export
def default_collate(batch: Sequence[Any], where: str = "item") -> Any:
    """One batch made of items that are alike.

    Numbers, arrays and Tensors of one shape (...) give a Tensor (n, ...), dicts a dict of batches,
    tuples and lists a list of batches; a named tuple stays one. Strings (and bytes) give `batch`.
    TypeError or ValueError, with `where`, such as "item[1]['image']", for items that are not alike.

    >>> default_collate([(1, {"name": "a"}), (2, {"name": "b"})])
    [Tensor([1, 2], dtype=int64), {'name': ['a', 'b']}]
    """
    check_alike(batch, where, Tensor)
    first = batch[0]
    ### BEGIN SOLUTION
    if isinstance(first, (str, bytes)):
        return batch
    if isinstance(first, Mapping):
        return {key: default_collate([item[key] for item in batch], f"{where}[{key!r}]")
                for key in first}
    if isinstance(first, (tuple, list)):
        parts = [default_collate(part, f"{where}[{i}]") for i, part in enumerate(zip(*batch))]
        return type(first)(*parts) if is_namedtuple(first) else parts
    return wrap(stacked(batch, where, Tensor))
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-default-collate", "points": 8}
# Check of default_collate: run it when your cell has run.
@check
def test_unit_default_collate():
    pair, point = np.float32([[1, 2], [3, 4]]), checks_loading.Point
    cases = [([1, 2], np.array([1, 2])), ([0.5, 2.0], np.array([0.5, 2.0])), (["a"], ["a"]),
             ([True], np.array([True])), ([*pair], pair), ([*map(Tensor, pair)], pair),
             ([(1, "a"), (2, "b")], [np.array([1, 2]), ("a", "b")]),
             ([{"x": 1, "y": [2]}, {"x": 3, "y": [4]}],
              {"x": np.array([1, 3]), "y": [np.array([2, 4])]}),
             ([point(1, "a"), point(2, "b")], point(np.array([1, 2]), ("a", "b")))]
    places = [([(1, np.zeros(2)), (2, np.zeros(3))], ValueError, ("item[1]", "(2,)", "(3,)")),
              ([{"x": [None]}, {"x": [None]}], TypeError, ("item['x'][0]", "NoneType"))]
    ### BEGIN HIDDEN TESTS
    cases += [([pair], pair[None]), ([np.float16(2)], np.float16([2])), ([b"a"], [b"a"]),
              ([(point(1, [2]),)], [point(np.array([1]), [np.array([2])])]), ([{}, {}], {}),
              ([(1, 2, "a")], [np.array([1]), np.array([2]), ("a",)]),
              ([{"y": 1, "x": 2}], {"y": np.array([1]), "x": np.array([2])}),
              ([np.int8([1]), np.int8([2])], np.int8([[1], [2]])), ([(), ()], [])]
    places += [([(0, (1, "a")), (0, (1, 2))], TypeError, ("item[1][1]", "int", "str")),
               ([{7: {"y": 1}}, {7: {"z": 1}}], ValueError, ("item[7]", "'y'"))]
    ### END HIDDEN TESTS
    for case in cases:
        checks_loading.collated(default_collate, Tensor, *case, "what does the docstring say?")
    checks_loading.places(default_collate, places)

test_unit_default_collate()

# %% [markdown]
r"""
### Exercise: noted

One file of a hundred thousand is broken, and the error does not say which. To raise another error
would hide its type. `error.add_note(text)` gives an error a line that is printed below its own
words. Write a block that does so. Let the very same error go on: `raise` alone does that.
"""

# %% nbgrader={"solution": true, "grade_id": "noted"}
#| exporti
@contextmanager
def noted(note: str) -> Iterator[None]:
    """In the block, an error gets `note` added to its notes and goes on as it is.

    >>> with noted("in line 7"):
    ...     int("x")
    Traceback (most recent call last):
    ValueError: invalid literal for int() with base 10: 'x'
    in line 7
    """
    ### BEGIN SOLUTION
    try:
        yield
    except Exception as error:
        error.add_note(note)
        raise
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-noted", "points": 3}
# Check of noted: run it when your cell has run.
@check
def test_unit_noted():
    checks_loading.notes(noted, "in line 7", "in page 2")
    ### BEGIN HIDDEN TESTS
    checks_loading.notes(noted, "here", "there")
    ### END HIDDEN TESTS

test_unit_noted()

# %% [markdown]
r"""
### Exercise: make_batch

Now fetch the items of a batch and collate them. If an item cannot be had, a note names it. If the
items do not fit together, a note names them all. `noted` makes both notes.

There is a faster way for rows of tensors: an array of indices takes all rows at once. It is right
only where nothing else was asked for. So take it where there is no `collate_fn`, and where `type`
says that the dataset is a `TensorDataset` itself: a class made of it may have a `__getitem__` of
its own. A `Subset` (again: itself) can be resolved first, into its dataset and the indices there.
"""

# %% nbgrader={"solution": true, "grade_id": "make-batch"}
#| exporti
def make_batch(dataset: Any, indices: np.ndarray, collate_fn: Callable | None = None) -> Any:
    """The batch of the items at `indices`, (k,): what `collate_fn`, or else `default_collate`,
    makes of the list of them.

    The dataset is asked by Python's own numbers. A TensorDataset without a `collate_fn`, also in
    Subsets, is asked once, for all rows. An error of the dataset's gets a note with the item's
    index in the dataset that raised it, an error of collating one with the indices of all items.

    >>> make_batch("abcd", np.array([3, 0]))
    ['d', 'a']
    """
    ### BEGIN SOLUTION
    while type(dataset) is Subset:
        dataset, indices = dataset.dataset, dataset.indices[indices]
    if type(dataset) is TensorDataset and collate_fn is None:
        return list(dataset[indices])
    items = []
    for index in indices.tolist():
        with noted(f"this was raised for item {index} of the dataset"):
            items.append(dataset[index])
    with noted(f"this was raised for the batch of items {indices.tolist()}"):
        return (collate_fn or default_collate)(items)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-make-batch", "points": 9}
# Check of make_batch: run it when your cell has run.
@check
def test_unit_make_batch():
    checks_loading.batch_of_items(make_batch, Tensor, Subset, [7, 0, 3, 3])
    checks_loading.batch_of_rows(make_batch, TensorDataset, Subset, Interceptor, Tensor, 12)
    checks_loading.batch_errors(make_batch, Subset, bad=37)
    ### BEGIN HIDDEN TESTS
    checks_loading.batch_of_items(make_batch, Tensor, Subset, [18])
    checks_loading.batch_of_rows(make_batch, TensorDataset, Subset, Interceptor, Tensor, 31)
    checks_loading.batch_errors(make_batch, Subset, bad=28)
    ### END HIDDEN TESTS

test_unit_make_batch()

# %% [markdown]
r"""
## Images that move

A seven that stands two pixels farther to the left is still a seven. More images tell the network
so: in each epoch, move every image by a few pixels, at random. This is called *augmentation*. What
leaves the image is lost, and zeros come in on the other side. For a whole batch at a time:

1. `np.pad(images, widths)` puts a border of zeros round each image, as wide as the longest shift.
   `widths` has a pair (before, after) for each axis, (0, 0) for those that stay.
2. `np.lib.stride_tricks.sliding_window_view(padded, (h, w), axis=(-2, -1))` has, without a copy,
   every window of the old size in the padded image: it is (n, ..., rows, columns, h, w).
3. Index arrays of length n take one window for each image: `windows[i, ..., row, column, :, :]`.

### Exercise: shifted

The window of a shift of 0 begins where the border ends. An image that moves *down* by 1 has its
window 1 row *up*.
"""

# %% nbgrader={"solution": true, "grade_id": "shifted"}
#| exporti
def shifted(images: np.ndarray, shifts: np.ndarray) -> np.ndarray:
    """Images (n, ..., h, w), image i moved by `shifts[i]`: so many pixels down and to the right.

    `shifts` is (n, 2), whole numbers, negative for up and left. Pixels that leave are lost, zeros
    come in. The result is a new array of the images' type.

    >>> shifted(np.array([[[1, 2], [3, 4]]]), np.array([[1, 0]]))
    array([[[0, 0],
            [1, 2]]])
    """
    ### BEGIN SOLUTION
    reach = np.abs(shifts).max(initial=0)
    padded = np.pad(images, [(0, 0)] * (images.ndim - 2) + [(reach, reach)] * 2)
    windows = np.lib.stride_tricks.sliding_window_view(padded, images.shape[-2:], axis=(-2, -1))
    rows, columns = reach - shifts.T
    return windows[np.arange(len(images)), ..., rows, columns, :, :]
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-shifted", "points": 5}
# Check of shifted: run it when your cell has run.
@check
def test_unit_shifted():
    cases = [((3, 4, 5), [(1, 0), (0, -2), (-1, 3)]), ((2, 3, 4, 3), [(2, 1), (-1, 0)], "uint8"),
             ((2, 3, 3), [(0, 0), (0, 0)]), ((1, 2, 3), [(5, -4)], "float64"), ((0, 2, 2), [])]
    ### BEGIN HIDDEN TESTS
    cases += [((4, 6, 3), [(-5, 2), (1, 1), (0, 0), (3, -3)], "int64"), ((1, 1, 1), [(0, 0)]),
              ((2, 1, 2, 2, 5), [(0, 4), (-1, -1)], "float16"), ((2, 3, 2), [(9, 0), (0, 1)])]
    ### END HIDDEN TESTS
    for case in cases:
        checks_loading.moved(shifted, *case)

test_unit_shifted()

# %%
#| export
def random_shift(images: Any, limit: int) -> Tensor:
    """Each image moved by -limit to limit pixels down, and as many to the right, all as likely.

    `images` is (n, ..., h, w), an array or a Tensor that needs no gradient (else ValueError). The
    shifts are drawn from `generator()`.
    """
    images = checked_images(as_tensor(images), limit)
    shifts = generator().integers(-limit, limit + 1, size=(len(images), 2))
    return wrap(shifted(images.data, shifts))

# %%
import matplotlib.pyplot as plt

copies = random_shift(np.repeat(images[3700:3701], 9, axis=0), limit=3).numpy()  # of a seven
plt.figure(figsize=(10, 1.2))
plt.imshow(np.hstack([images[3700], *copies]), cmap="gray_r")
plt.title("one image, and nine copies of it that were moved", fontsize=9)
plt.axis("off")
plt.show()

# %% [markdown]
r"""
### Whose random numbers?

Soon several threads will make batches at the same time. If all drew from the one generator, the one
that happened to come first would get the next numbers, and no run could be repeated. So a batch
gets a generator of its own, made from a seed that the loader draws once for each epoch, and the
batch's number in it. Whichever thread makes the batch, and whenever, it comes out the same.

`np.random.default_rng([seed, number])` mixes both numbers well. Their sum would not do: batch 1 of
one epoch could then repeat batch 0 of another. In `with drawing_from(rng):` the function
`generator()` gives `rng` to this thread. So datasets and a `collate_fn` draw as everybody does.

### Exercise: seeded_batch
"""

# %% nbgrader={"solution": true, "grade_id": "seeded-batch"}
#| exporti
def seeded_batch(dataset: Any, collate_fn: Callable | None, seed: int, job: tuple) -> Any:
    """`make_batch(dataset, indices, collate_fn)`, drawing from a generator of the batch's own.

    `job` is (number, indices): the batch's number in its epoch, from 0 on, and an array (k,). The
    generator is made from `[seed, number]`, and the shared one is not touched, whatever happens.

    >>> def draw(items):
    ...     return int(generator().integers(100))
    >>> seeded_batch("abcd", draw, 5, (0, np.array([3, 1])))
    67
    """
    ### BEGIN SOLUTION
    number, indices = job
    with drawing_from(np.random.default_rng([seed, number])):
        return make_batch(dataset, indices, collate_fn)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-seeded-batch", "points": 3}
# Check of seeded_batch: run it when your cell has run.
@check
def test_unit_seeded_batch():
    checks_loading.seeded(seeded_batch, generator, manual_seed, seed=5)
    ### BEGIN HIDDEN TESTS
    checks_loading.seeded(seeded_batch, generator, manual_seed, seed=40)
    ### END HIDDEN TESTS

test_unit_seeded_batch()

# %% [markdown]
r"""
## Made ahead of time

A *thread* runs code beside the program's other threads. But only one of them at a time may run
Python's own instructions: the one that holds the *global interpreter lock*, the GIL. A thread gives
the lock away while it waits, and functions written in C, such as zlib's and many of NumPy's, give
it away while they compute. Here are eight jobs, done by one thread and by two:
"""

# %%
packed = zlib.compress((images * 255).astype(np.uint8).tobytes(), level=1)
jobs = {"a wait": lambda: time.sleep(0.005), "zlib": lambda: zlib.decompress(packed),
        "a loop in Python": lambda: sum(i * i for i in range(100000))}

def seconds(job, threads):
    with ThreadPoolExecutor(threads) as pool:
        start = time.perf_counter()
        list(pool.map(lambda _: job(), range(8)))
        return time.perf_counter() - start

for name, job in jobs.items():
    one, two = (min(seconds(job, threads) for _ in range(3)) for threads in (1, 2))
    print(f"{name:17} one thread {one * 1e3:5.1f} ms, two {two * 1e3:5.1f} ms: {one / two:.1f} x")

# %% [markdown]
r"""
Two threads wait twice as fast. They decompress faster where a second core is free. They do not run
Python faster. So threads help a loader that waits or decodes, and not one whose items are computed
in Python. (PyTorch's workers are processes. Each has a lock of its own, and pays for it: every
batch has to come from one process into another.)

`ThreadPoolExecutor(n)` is a pool of n threads. `pool.submit(f, x)` returns at once, with a
*future*: a promise of `f(x)`. The next free thread computes it, and `future.result()` waits for it,
if need be. If `f` raised an error, `result()` raises it again, with the traceback that leads to
where it happened. And `pool.shutdown(cancel_futures=True)` cancels what no thread has begun, and
waits until the threads have ended.

### Exercise: prefetch

Submit the first `ahead` jobs, and keep their futures in a queue, oldest first (a `deque` has
`append` and `popleft`). Then, again and again: wait for the oldest, submit one more, and `yield`
the result. Order is kept because the *oldest* is waited for, whichever is ready first. Memory is
bounded because a new job starts only when a batch is taken. If somebody leaves the loop after three
batches, by `break` or by an error, Python closes your generator: the `yield` raises
`GeneratorExit`. The threads must end in this case, too, and that is what `finally` is for.
"""

# %% nbgrader={"solution": true, "grade_id": "prefetch"}
#| exporti
def prefetch(make: Callable, jobs: Iterable, num_workers: int, ahead: int) -> Iterator[Any]:
    """`make(job)` for each of `jobs`, in their order, computed by `num_workers` threads.

    While one is used, at most `ahead` (from 1 on) others are made or being made; jobs are taken
    from `jobs` one by one as they are submitted. An error is raised in its job's place. When the
    loop ends, however it does, jobs that were not begun are cancelled and the threads end.

    >>> list(prefetch(abs, [-3, 4, -5], num_workers=2, ahead=2))
    [3, 4, 5]
    """
    ### BEGIN SOLUTION
    jobs, waiting, pool = iter(jobs), deque(), ThreadPoolExecutor(num_workers)
    try:
        waiting.extend(pool.submit(make, job) for job in islice(jobs, ahead))
        while waiting:
            made = waiting.popleft().result()
            waiting.extend(pool.submit(make, job) for job in islice(jobs, 1))
            yield made
    finally:
        pool.shutdown(cancel_futures=True)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-prefetch", "points": 10}
# Check of prefetch, its order, threads and bound: run it when your cell has run.
@check
def test_unit_prefetch():
    for case in [(20, 3, 6), (2, 4, 4), (0, 2, 4), (5, 1, 1)]:
        checks_prefetch.in_order(prefetch, *case)
    checks_prefetch.bounded(prefetch, workers=2, ahead=4)
    for workers in (2, 4):
        checks_prefetch.side_by_side(prefetch, workers)
        checks_prefetch.late_first(prefetch, workers)
        checks_prefetch.no_more_threads(prefetch, workers)
    ### BEGIN HIDDEN TESTS
    for workers, ahead in [(3, 3), (2, 1)]:
        checks_prefetch.bounded(prefetch, workers, ahead)
    ### END HIDDEN TESTS

test_unit_prefetch()

# %% nbgrader={"grade": true, "grade_id": "test-prefetch-ends", "points": 5}
# Check of prefetch, how it ends: run it when your cell has run.
@check
def test_unit_prefetch_ends():
    checks_prefetch.errors(prefetch, workers=2, bad=5)
    checks_prefetch.cancelled(prefetch)
    checks_prefetch.ends(prefetch, workers=3)
    ### BEGIN HIDDEN TESTS
    checks_prefetch.errors(prefetch, workers=3, bad=0)
    checks_prefetch.ends(prefetch, workers=1)
    ### END HIDDEN TESTS

test_unit_prefetch_ends()

# %% [markdown]
r"""
## The loader

`DataLoader` has the arguments of PyTorch's, with the same meaning: `num_workers` threads keep
`num_workers * prefetch_factor` batches ready; with 0 workers a batch is made when it is asked for.

### Exercise: DataLoader

An epoch takes two things from `generator()`, both at its start: the order, which lesson 07's
`batch_indices(count, batch_size, shuffle)` draws and cuts into pieces, and then a seed for its
batches, from 0 to $2^{63} - 1$. So `__iter__` should *return* an iterator: with a `yield` in it, it
would draw later. Do not return a `map`: a StopIteration that a dataset raises by mistake would end
it silently. In a generator, or a generator expression, it becomes a RuntimeError.
"""

# %% nbgrader={"solution": true, "grade_id": "dataloader"}
#| export
class DataLoader:
    """The batches of a dataset, as often as you like: `for batch in loader:` is one epoch.

    Batches have `batch_size` items, the last may be shorter, unless `drop_last` leaves it out.
    `shuffle` draws a new order for each epoch. `num_workers` threads make up to `num_workers *
    prefetch_factor` batches ahead. ValueError for an empty dataset or a number out of range.
    """

    def __init__(self, dataset: Any, batch_size: int = 1, shuffle: bool = False,
                 num_workers: int = 0, collate_fn: Callable | None = None,
                 drop_last: bool = False, prefetch_factor: int = 2, **others: Any):
        check_loader(len(dataset), batch_size, num_workers, prefetch_factor, others)
        self.dataset, self.batch_size, self.shuffle = dataset, batch_size, shuffle
        self.num_workers, self.collate_fn = num_workers, collate_fn
        self.drop_last, self.prefetch_factor = drop_last, prefetch_factor

    def __len__(self) -> int:
        """The number of batches in an epoch."""
        ### BEGIN SOLUTION
        full, rest = divmod(len(self.dataset), self.batch_size)
        return full if self.drop_last or rest == 0 else full + 1
        ### END SOLUTION

    def __iter__(self) -> Iterator[Any]:
        """The batches of one epoch, each a `seeded_batch`; its order and seed are drawn here."""
        ### BEGIN SOLUTION
        order = batch_indices(len(self.dataset), self.batch_size, self.shuffle)
        jobs, seed = enumerate(order[:len(self)]), generator().integers(2**63)
        make = partial(seeded_batch, self.dataset, self.collate_fn, seed)
        if self.num_workers == 0:
            return (make(job) for job in jobs)
        return prefetch(make, jobs, self.num_workers, self.num_workers * self.prefetch_factor)
        ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-dataloader", "points": 5}
# Check of DataLoader: run it when your cell has run.
@check
def test_unit_dataloader():
    sizes = [(10, 4), (8, 4), (3, 5)]
    ### BEGIN HIDDEN TESTS
    sizes += [(7, 1), (23, 6)]
    ### END HIDDEN TESTS
    for case in sizes:
        checks_prefetch.lengths(DataLoader, *case)
    checks_prefetch.draws(DataLoader, generator, manual_seed, batch_indices)

test_unit_dataloader()

# %% nbgrader={"grade": true, "grade_id": "test-workers", "points": 6}
# Check of DataLoader with workers: run it when your cell has run.
@check
def test_unit_workers():
    sizes = [(2, 3), (1, 1), (0, 2)]
    ### BEGIN HIDDEN TESTS
    sizes += [(3, 2)]
    ### END HIDDEN TESTS
    for size in sizes:
        checks_prefetch.looked_ahead(DataLoader, *size)
    checks_prefetch.any_number_of_workers(DataLoader, manual_seed, generator)

test_unit_workers()

# %% [markdown]
r"""
### What is hidden

Back to the digits that lie elsewhere. At best, an epoch takes as long as the slower of its two
parts alone: the steps, or the loading by these workers. Whatever it takes beyond that without
workers can be hidden. How much of it is?
"""

# %%
far = Subset(Elsewhere(), np.arange(640))

def loop(loader, step):
    """The seconds that one epoch takes, the shorter of two times."""
    return min(timeit.repeat(lambda: [step([batch]) for batch in loader], number=1, repeat=2))

ready = list(DataLoader(Subset(digits, np.arange(640)), 32))
steps, loading = loop(ready, trainer.train_step), loop(DataLoader(far, 32), id)
plain = loop(DataLoader(far, 32), trainer.train_step)
print(f"steps {steps:.2f} s, loading {loading:.2f} s, one after the other {plain:.2f} s")

# %%
for workers in (2, 4):
    loader = DataLoader(far, 32, num_workers=workers)
    taken, best = loop(loader, trainer.train_step), max(steps, loop(loader, id))
    print(f"{workers} workers: {taken:.2f} s, at best {best:.2f} s: "
          f"{(plain - taken) / (plain - best):.0%} of what can be hidden is hidden")

# %% [markdown]
r"""
And what does the loader itself cost, where there is nothing to wait for? Compare it with a step of
the small network above, on one thread. Item by item it is Python that works, which no thread hides.
"""

# %%
def moving(limit):
    """A collate_fn that shifts the images of a batch."""
    def collate(items):
        images, labels = default_collate(items)
        return random_shift(images, limit), labels
    return collate

# %%
batches = list(DataLoader(train, 50))
step = min(loop(batches, trainer.train_step) for _ in range(3)) / len(batches)
for name, collate in [("at once", None), ("item by item", default_collate), ("moved", moving(2))]:
    loader = DataLoader(train, 50, shuffle=True, collate_fn=collate)
    cost = min(loop(loader, id) for _ in range(3)) / len(loader)
    print(f"{name:12} {cost * 1e6:4.0f} us a batch, {cost / step:5.1%} of a step")

# %% [markdown]
r"""
## Digits that move

Does it help to move them? The network trains on 1,000 digits, for 20 epochs, with shifts of up to
0, 1 and 2 pixels. The validation digits choose the limit.
"""

# %%
held, unseen = ((images[part.indices], labels[part.indices]) for part in (validation, test))

def trained(limit, workers=0, epochs=20):
    trainer, collate_fn = new_trainer(), moving(limit) if limit else None
    loader = DataLoader(train, 50, shuffle=True, num_workers=workers, collate_fn=collate_fn)
    trainer.schedule = CosineSchedule(trainer.optimizer, epochs * len(loader), len(loader))
    trainer.fit(loader, epochs)
    return trainer

# %%
runs = {limit: trained(limit) for limit in (0, 1, 2)}
scores = {limit: run.evaluate(*held).accuracy for limit, run in runs.items()}
for limit, run in runs.items():
    learned = run.history[-1].accuracy
    print(f"up to {limit} pixels: training {learned:.1%}, validation {scores[limit]:.1%}")
    plt.plot(range(1, 21), [row.loss for row in run.history], label=f"up to {limit} pixels")
plt.gca().set(xlabel="epoch", ylabel="training loss", yscale="log", xticks=range(0, 21, 5))
plt.legend()
plt.show()

# %%
best = max(scores, key=scores.get)
for name, limit in [("no shifts", 0), (f"shifts of up to {best}", best)]:
    print(f"{name}: {runs[limit].evaluate(*unseen).accuracy:.1%} of the 3,000 test digits")
same = [np.array_equal(a.data, b.data) for a, b in zip(
    runs[best].model.parameters(), trained(best, workers=2).model.parameters())]
print("the same training with two workers ends with the same weights:", all(same))

# %% [markdown]
r"""
Without shifts the network learns its 1,000 digits by heart, and its training loss goes on falling.
Shifted digits are never quite the same twice and cannot be learned by heart. The training loss
stays higher, and more digits that the network has never seen are right. Lesson 09 builds a network
that knows some of this from the start: its first layers look for the same shapes everywhere.

## Questions

Assign each answer to the name behind its question.

1. 1,000 items, `batch_size=48`, `drop_last=True`: how many items are left out of each epoch?
   (`left_out`)
2. `num_workers=3`, `prefetch_factor=4`, batches of 64 images of 3 x 224 x 224 float32 numbers: how
   many bytes do the batches take that are ready while one is used? (`bytes_ready`)
3. A step takes 20 ms, a batch takes 70 ms to load, and loading is all waiting. How many workers are
   needed for the network never to wait, after its first batches? (`workers_needed`)
"""

# %% nbgrader={"solution": true, "grade_id": "question-loading"}
### BEGIN SOLUTION
left_out = 1000 % 48
bytes_ready = 3 * 4 * 64 * 224 * 224 * 3 * 4
workers_needed = 4
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-question-loading", "points": 4}
# Check of the questions: run it when your cell has run.
@check
def test_question_loading():
    taken = sum(map(len, DataLoader(range(1000), 48, drop_last=True)))
    assert left_out == 1000 - taken, f"left_out is {left_out}: how many whole batches are there?"
    batch = np.zeros((64, 3, 224, 224), np.float32)
    assert bytes_ready == 3 * 4 * batch.nbytes, (
        f"bytes_ready is {bytes_ready}: how many batches are ahead, and how large is one?")
    enough = [n for n in range(1, 20) if 70 / n <= 20]
    assert workers_needed == enough[0], (
        f"workers_needed is {workers_needed}: how often does a batch come from so many workers?")

test_question_loading()

# %% [markdown] nbgrader={"grade": true, "solution": true, "grade_id": "open-workers", "points": 2}
r"""
**In your own words:** a colleague's loader has four workers, and the training is no faster than
with none. Name two causes that this lesson has shown. What would you measure to tell them apart?

Your answer here.
"""

# %% [markdown]
r"""
## What you have

Data from anywhere, in batches that are ready in time, and that one seed repeats. `tito module
complete 08` puts it into `tinytorch.core.dataloader`; `tinytorch.utils.data` offers it too.
"""
