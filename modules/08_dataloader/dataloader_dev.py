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

> Datasets, batches made ahead of time by threads, and random shifts that any seed repeats.

About 4 hours: 11 exercises, some 65 lines to write, and an open question. Needs lessons 01 to 07.
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
from tinytorch.support.loading import check_alike, check_loader, checked_images, checked_indices
from tinytorch.support.loading import equally_long, is_namedtuple, no_others, stacked

# %%
#| export
class Dataset:
    """A number of items: subclasses define `__len__` and `__getitem__`."""

    def __len__(self) -> int:
        raise NotImplementedError(f"{type(self).__name__} has no method __len__")

    def __getitem__(self, index: int) -> Any:
        raise NotImplementedError(f"{type(self).__name__} has no method __getitem__")

    def __iter__(self) -> Iterator[Any]:
        return (self[index] for index in range(len(self)))

# %% nbgrader={"solution": true, "grade_id": "tensor-dataset"}
#| export
class TensorDataset(Dataset):
    """Tensors whose first axes count the items: item i is the tuple of row i of each."""

    def __init__(self, *tensors: Any):
        self.tensors = tuple(as_tensor(tensor) for tensor in tensors)
        self.count = equally_long(self.tensors)

    def __len__(self) -> int:
        ### BEGIN SOLUTION
        return self.count
        ### END SOLUTION

    def __getitem__(self, index: Any) -> tuple[Tensor, ...]:
        """Row `index` of each tensor; of several rows where `index` is an array of indices."""
        ### BEGIN SOLUTION
        return tuple(tensor[index] for tensor in self.tensors)
        ### END SOLUTION

# %% nbgrader={"solution": true, "grade_id": "subset"}
#| export
class Subset(Dataset):
    """The items of `dataset` at `indices`, in their order."""

    def __init__(self, dataset: Any, indices: Any):
        self.dataset, self.indices = dataset, checked_indices(indices, len(dataset))

    def __len__(self) -> int:
        ### BEGIN SOLUTION
        return len(self.indices)
        ### END SOLUTION

    def __getitem__(self, index: Any) -> Any:
        """The item of `dataset` at `self.indices[index]`."""
        ### BEGIN SOLUTION
        return self.dataset[self.indices[index].tolist()]
        ### END SOLUTION

# %% nbgrader={"solution": true, "grade_id": "split-sizes"}
#| exporti
def split_sizes(count: int, lengths: Sequence[float]) -> list[int]:
    """The sizes of the parts of `count` items: `lengths` itself, or so many shares if they sum to 1.

    A share is rounded down; what is left over goes one each to the first parts.
    """
    ### BEGIN SOLUTION
    if math.isclose(sum(lengths), 1) and min(lengths) >= 0:
        sizes = [math.floor(share * count) for share in lengths]
        for i in range(count - sum(sizes)):
            sizes[i % len(sizes)] += 1
        return sizes
    sizes = [whole(length) for length in lengths]
    if sum(sizes) != count or min(sizes) < 0:
        raise ValueError(f"lengths {sizes} sum to {sum(sizes)}, but there are {count} items")
    return sizes
    ### END SOLUTION

# %% nbgrader={"solution": true, "grade_id": "random-split"}
#| export
def random_split(dataset: Any, lengths: Sequence[float], **others: Any) -> list[Subset]:
    """Subsets of these sizes, or shares, with items drawn from `generator()`."""
    no_others("random_split", others)
    ### BEGIN SOLUTION
    sizes = split_sizes(len(dataset), lengths)
    order = generator().permutation(len(dataset))
    return [Subset(dataset, part) for part in np.split(order, np.cumsum(sizes)[:-1])]
    ### END SOLUTION

# %% nbgrader={"solution": true, "grade_id": "default-collate"}
#| export
def default_collate(batch: Sequence[Any], where: str = "an item") -> Any:
    """A batch from a list of items that are alike."""
    check_alike(batch, where, Tensor)
    first = batch[0]
    ### BEGIN SOLUTION
    if isinstance(first, (str, bytes)):
        return list(batch)
    if isinstance(first, Mapping):
        return {key: default_collate([item[key] for item in batch], f"{where}[{key!r}]")
                for key in first}
    if isinstance(first, (tuple, list)):
        parts = [default_collate(part, f"{where}[{i}]") for i, part in enumerate(zip(*batch))]
        return type(first)(*parts) if is_namedtuple(first) else parts
    return wrap(stacked(batch, where, Tensor))
    ### END SOLUTION

# %% nbgrader={"solution": true, "grade_id": "noted"}
#| exporti
@contextmanager
def noted(note: str):
    """In the block, an error gets `note` added to it, and goes on as it is."""
    ### BEGIN SOLUTION
    try:
        yield
    except Exception as error:
        error.add_note(note)
        raise
    ### END SOLUTION

# %% nbgrader={"solution": true, "grade_id": "make-batch"}
#| exporti
def make_batch(dataset: Any, indices: np.ndarray, collate_fn: Callable | None = None) -> Any:
    """The batch of the items at `indices`."""
    ### BEGIN SOLUTION
    while type(dataset) is Subset:
        dataset, indices = dataset.dataset, dataset.indices[indices]
    if type(dataset) is TensorDataset and collate_fn is None:
        return list(dataset[indices])
    items = []
    for index in indices.tolist():
        with noted(f"raised for item {index} of a {type(dataset).__name__}"):
            items.append(dataset[index])
    with noted(f"raised for the batch of items {indices.tolist()}"):
        return (collate_fn or default_collate)(items)
    ### END SOLUTION

# %% nbgrader={"solution": true, "grade_id": "shifted"}
#| exporti
def shifted(images: np.ndarray, shifts: np.ndarray) -> np.ndarray:
    """Each image moved by its own whole numbers of pixels: (n, ..., h, w) by (n, 2), down and right."""
    ### BEGIN SOLUTION
    reach = np.abs(shifts).max(initial=0)
    padded = np.pad(images, [(0, 0)] * (images.ndim - 2) + [(reach, reach)] * 2)
    windows = np.lib.stride_tricks.sliding_window_view(padded, images.shape[-2:], axis=(-2, -1))
    down, right = reach - shifts.T
    return windows[np.arange(len(images)), ..., down, right, :, :]
    ### END SOLUTION

# %% nbgrader={"solution": true, "grade_id": "random-shift"}
#| export
def random_shift(images: Any, limit: int) -> Tensor:
    """Each image moved at random by up to `limit` pixels down or up, and right or left."""
    images = checked_images(as_tensor(images), limit)
    ### BEGIN SOLUTION
    shifts = generator().integers(-limit, limit + 1, size=(len(images), 2))
    return wrap(shifted(images.data, shifts))
    ### END SOLUTION

# %% nbgrader={"solution": true, "grade_id": "prefetch"}
#| exporti
def prefetch(make: Callable, jobs: Iterable, num_workers: int, ahead: int) -> Iterator[Any]:
    """`make(job)` for each job, in order, made by threads, at most `ahead` before they are asked for."""
    ### BEGIN SOLUTION
    jobs, waiting, pool = iter(jobs), deque(), ThreadPoolExecutor(num_workers, "tinytorch-loader")
    try:
        waiting.extend(pool.submit(make, job) for job in islice(jobs, ahead))
        while waiting:
            made = waiting.popleft().result()
            waiting.extend(pool.submit(make, job) for job in islice(jobs, 1))
            yield made
    finally:
        pool.shutdown(cancel_futures=True)
    ### END SOLUTION

# %% nbgrader={"solution": true, "grade_id": "dataloader"}
#| export
class DataLoader:
    """Batches of a dataset, epoch after epoch."""

    def __init__(self, dataset: Any, batch_size: int = 1, shuffle: bool = False,
                 num_workers: int = 0, collate_fn: Callable | None = None,
                 drop_last: bool = False, prefetch_factor: int = 2, **others: Any):
        no_others("DataLoader", others)
        check_loader(len(dataset), batch_size, num_workers, prefetch_factor)
        self.dataset, self.batch_size, self.shuffle = dataset, batch_size, shuffle
        self.num_workers, self.collate_fn = num_workers, collate_fn
        self.drop_last, self.prefetch_factor = drop_last, prefetch_factor

    def __len__(self) -> int:
        """The batches of an epoch."""
        ### BEGIN SOLUTION
        whole, rest = divmod(len(self.dataset), self.batch_size)
        return whole + (rest > 0 and not self.drop_last)
        ### END SOLUTION

    def __iter__(self) -> Iterator[Any]:
        """The batches of one epoch."""
        ### BEGIN SOLUTION
        pieces = batch_indices(len(self.dataset), self.batch_size, self.shuffle)[:len(self)]
        seed = int(generator().integers(2**63))

        def make(job):
            number, indices = job
            with drawing_from(np.random.default_rng([seed, number])):
                return make_batch(self.dataset, indices, self.collate_fn)

        if self.num_workers == 0:
            return (make(job) for job in enumerate(pieces))
        ahead = self.num_workers * self.prefetch_factor
        return prefetch(make, enumerate(pieces), self.num_workers, ahead)
        ### END SOLUTION
