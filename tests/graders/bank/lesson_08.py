"""The bank for lesson 08: data loading."""

from __future__ import annotations

from tests.graders.case import Case, right, wrong

FAST = "    if type(dataset) is TensorDataset and collate_fn is None:\n"
WALK = "    while type(dataset) is Subset:\n"
SUBMIT = "waiting.extend(pool.submit(make, job) for job in islice(jobs, ahead))"
ONE_MORE = "waiting.extend(pool.submit(make, job) for job in islice(jobs, 1))"

# fmt: off
CASES: list[Case] = [
    wrong("tensor-dataset", "the tensors counted", "test-tensor-dataset",
        ("len(self.tensors[0])", "len(self.tensors)"), says=("len of a TensorDataset of 4 rows gave 2, wanted 4",)),
    wrong("tensor-dataset", "a list of rows", "test-tensor-dataset",
        ("tuple(tensor[index] for tensor in self.tensors)", "[tensor[index] for tensor in self.tensors]"),
        says=("gave a list", "wanted a tuple")),
    wrong("tensor-dataset", "arrays", "test-tensor-dataset",
        ("tuple(tensor[index] for", "tuple(tensor.data[index] for"), says=("wanted a Tensor",)),
    wrong("tensor-dataset", "rows cut off their record", "test-tensor-dataset",
        ("tuple(tensor[index] for", "tuple(wrap(tensor.data[index]) for"),
        says=("requires a gradient", "gave [False, False]")),
    wrong("tensor-dataset", "one index only", "test-tensor-dataset",
        ("tuple(tensor[index] for", "tuple(tensor[int(index)] for"), says=("array([1, 0, 1])", "failed", "array")),
    wrong("tensor-dataset", "slices that keep the axis", "test-tensor-dataset",
        ("tuple(tensor[index] for", "tuple(tensor[index:index + 1] if isinstance(index, int) else tensor[index] for"),
        says=("gave shape (1, 2, 3), wanted (2, 3)",)),
    wrong("tensor-dataset", "the first tensor alone", "test-tensor-dataset",
        ("tuple(tensor[index] for tensor in self.tensors)", "(self.tensors[0][index],)"),
        says=("the number of parts gave 1, wanted 2",)),
    wrong("tensor-dataset", "the row alone where there is one tensor", "test-tensor-dataset",
        ("return tuple(tensor[index] for tensor in self.tensors)",
         "row = tuple(tensor[index] for tensor in self.tensors)\n        return row if len(row) > 1 else row[0]"),
        says=("one tensor", "wanted a tuple")),
    wrong("tensor-dataset", "indices that go round", "test-tensor-dataset",
        ("tensor[index]", "tensor[index % len(self) if isinstance(index, int) else index]"),
        says=("item 4 of 4", "was accepted")),
    wrong("tensor-dataset", "everything in float32", "test-tensor-dataset",
        ("tensor[index] for", "tensor[index].astype(np.float32) for"), says=("is float32, wanted float64",)),
    right("tensor-dataset", "a map", ("tuple(tensor[index] for tensor in self.tensors)",
        "tuple(map(lambda tensor: tensor[index], self.tensors))")),
    wrong("tensor-dataset", "array indices clipped", "test-tensor-dataset",
        (
            "return tuple(tensor[index] for tensor in self.tensors)",
            (
                "if not isinstance(index, (int, slice)):\n"
                "            index = np.clip(index, 1 - len(self), len(self) - 1)\n"
                "        return tuple(tensor[index] for tensor in self.tensors)"
            ),
        ),
        says=("was accepted and gave (Tensor([[[ 0., 1.", "there is no such row")),
    wrong("tensor-dataset", "a list taken for a place along several axes", "test-tensor-dataset",
        ("tensor[index] for", "tensor[tuple(index) if isinstance(index, list) else index] for"),
        says=("gave shape (2, 3), wanted (1, 2, 3): row", "row `index` of each tensor, in a")),
    wrong("tensor-dataset", "rows counted by size", "test-tensor-dataset",
        ("len(self.tensors[0])", "self.tensors[0].size // self.tensors[0][0].size"),
        says=("failed: index 0 is out of bounds for axis 0", "index 0 is out of bounds for axis 0")),
    wrong("tensor-dataset", "rows kept", "test-tensor-dataset",
        (
            "return tuple(tensor[index] for tensor in self.tensors)",
            (
                "kept = self.__dict__.setdefault(\"kept\", {})\n"
                "        key = repr(index)\n"
                "        if key not in kept:\n"
                "            kept[key] = tuple(tensor[index] for tensor in self.tensors)\n"
                "        return kept[key]"
            ),
        ),
        says=("gave 0.0, wanted 77.0: keep no rows", "keep no rows")),
    wrong("tensor-dataset", "only indices of this kind", "test-tensor-dataset",
        (
            "return tuple(tensor[index] for tensor in self.tensors)",
            (
                "if not isinstance(index, (int, np.integer)):\n"
                "            index = np.arange(len(self))[index]\n"
                "        return tuple(Tensor(tensor.data[index],"
                " requires_grad=tensor.requires_grad) for tensor in self.tensors)"
            ),
        ),
        says=("gave None, wanted [[[2.0, 2.0, 2.0], [2.0", "index the tensor itself")),
    wrong("tensor-dataset", "negative indices from the wrong end", "test-tensor-dataset",
        ("tensor[index] for", "tensor[abs(index) if isinstance(index, int) else index] for"),
        says=("gave 6, wanted 18 at [0, 0]: row `index` of", "row `index` of each tensor, in a")),
    right("tensor-dataset", "the shape",
        ("len(self.tensors[0])", "self.tensors[-1].shape[0]"),
        ("tuple(tensor[index] for tensor in self.tensors)", "(*[tensor[index] for tensor in self.tensors],)")),
    right("tensor-dataset", "getitem",
        (
            "tuple(tensor[index] for tensor in self.tensors)",
            "tuple(tensor.__getitem__(index) for tensor in self.tensors)",
        )),

    wrong("subset", "as long as the dataset", "test-subset", ("len(self.indices)", "len(self.dataset)"),
        says=("len of Subset", "gave 10, wanted 4")),
    wrong("subset", "the dataset's own order", "test-subset",
        ("self.dataset[self.indices[index].tolist()]", "self.dataset[index]"), says=("gave [0, 1, 4, 9], wanted",)),
    wrong("subset", "NumPy's numbers", "test-subset",
        ("self.indices[index].tolist()", "self.indices[index]"), says=("the types", "int64", "Python's own")),
    wrong("subset", "Python's number, of one index only", "test-subset",
        ("self.indices[index].tolist()", "int(self.indices[index])"), says=("[1, 0]", "failed", "an array, too")),
    wrong("subset", "each index once", "test-subset", ("len(self.indices)", "len(set(self.indices.tolist()))"),
        says=("gave 3, wanted 4",)),
    wrong("subset", "in rising order", "test-subset",
        ("self.indices[index]", "np.sort(self.indices)[index]"), says=("items of Subset", "wanted")),
    wrong("subset", "all items fetched", "test-subset",
        ("return self.dataset[self.indices[index].tolist()]",
         "items = [self.dataset[i] for i in self.indices.tolist()]\n"
         "        return items[index] if isinstance(index, int) else np.array(items)[index]"),
        says=("what the dataset was asked for", "each once")),
    wrong("subset", "a length that fetches", "test-subset",
        ("return len(self.indices)", "return len([self.dataset[i] for i in self.indices.tolist()])"),
        says=("asked for by len", "items cost time")),
    wrong("subset", "indices that go round", "test-subset",
        ("self.indices[index]", "self.indices[np.mod(index, len(self))]"), says=("item 4 of Subset", "was accepted")),
    wrong("subset", "indices made positive", "test-subset",
        ("self.indices[index].tolist()", "abs(self.indices[index]).tolist()"), says=("items of Subset", "wanted")),
    right("subset", "two ways for two kinds of index",
        ("return self.dataset[self.indices[index].tolist()]",
         "found = self.indices[index]\n"
         "        return self.dataset[int(found) if found.ndim == 0 else [int(i) for i in found]]")),
    wrong("subset", "no slices", "test-subset",
        (
            "return self.dataset[self.indices[index].tolist()]",
            (
                "if isinstance(index, (list, np.ndarray)):\n"
                "            return self.dataset[self.indices[index].tolist()]\n"
                "        return self.dataset[int(self.indices[int(index)])]"
            ),
        ),
        says=("failed: int() argument must be a string, a", "an index may be an array, too")),
    wrong("subset", "items kept", "test-subset",
        (
            "return self.dataset[self.indices[index].tolist()]",
            (
                "kept = self.__dict__.setdefault(\"kept\", {})\n"
                "        key = repr(self.indices[index])\n"
                "        if key not in kept:\n"
                "            kept[key] = self.dataset[self.indices[index].tolist()]\n"
                "        return kept[key]"
            ),
        ),
        says=("gave [7, 2, -1], wanted [7, 2, 2, -1]: each", "each once")),
    wrong("subset", "one by one where there are several", "test-subset",
        (
            "return self.dataset[self.indices[index].tolist()]",
            (
                "found = self.indices[index].tolist()\n"
                "        if isinstance(found, list):\n"
                "            return [self.dataset[i] for i in found]\n"
                "        return self.dataset[found]"
            ),
        ),
        says=("gave ['int', 'int'], wanted ['list']: once", "once, by the list of indices")),
    wrong("subset", "an array for several", "test-subset",
        (
            "return self.dataset[self.indices[index].tolist()]",
            (
                "found = self.indices[index]\n"
                "        return self.dataset[found if found.ndim else int(found)]"
            ),
        ),
        says=("gave ['ndarray'], wanted ['list']: once, by", "once, by the list of indices")),
    wrong("subset", "a tuple for several", "test-subset",
        (
            "return self.dataset[self.indices[index].tolist()]",
            (
                "found = self.indices[index].tolist()\n"
                "        return self.dataset[tuple(found) if isinstance(found, list) else found]"
            ),
        ),
        says=("failed: too many indices for array: array", "an index may be an array, too")),
    wrong("subset", "asked twice", "test-subset",
        (
            "return self.dataset[self.indices[index].tolist()]",
            (
                "if self.dataset[self.indices[index].tolist()] is None:\n"
                "            raise IndexError(index)\n"
                "        return self.dataset[self.indices[index].tolist()]"
            ),
        ),
        says=("gave [7, 7, 2, 2, 2, 2, -1, -1], wanted [7", "each once")),
    right("subset", "size",
        ("len(self.indices)", "self.indices.size")),
    right("subset", "asarray",
        (
            "return self.dataset[self.indices[index].tolist()]",
            (
                "places = np.asarray(self.indices)[index]\n"
                "        return self.dataset[places.tolist()]"
            ),
        )),

    wrong("split-sizes", "shares rounded", "test-split-sizes",
        ("math.floor(share * count)", "round(share * count)"), says=("split_sizes(11, [0.25", "wanted [3, 3, 3, 2]")),
    wrong("split-sizes", "what is left over goes to the last", "test-split-sizes",
        ("(i < left)", "(i >= len(sizes) - left)"), says=("gave [5, 2, 3], wanted [6, 2, 2]",)),
    wrong("split-sizes", "what is left over goes to the first alone", "test-split-sizes",
        ("size + (i < left)", "size + left * (i == 0)"), says=("[3, 3, 3, 2]",)),
    wrong("split-sizes", "what is left over is lost", "test-split-sizes",
        ("size + (i < left)", "size"), says=("gave [5, 2, 2], wanted [6, 2, 2]",)),
    wrong("split-sizes", "a sum of exactly 1", "test-split-sizes",
        ("math.isclose(total, 1)", "total == 1"), says=("[0.1, 0.1", "failed")),
    wrong("split-sizes", "a whole number 1 that is no share", "test-split-sizes",
        ("math.isclose(total, 1)", "math.isclose(total, 1) and isinstance(total, float)"),
        says=("split_sizes(7, [1])", "failed")),
    wrong("split-sizes", "sizes cut to whole numbers", "test-split-sizes",
        ("whole(length) for", "int(length) for"), says=("[2.5, 2.5]", "was accepted", "TypeError")),
    wrong("split-sizes", "NumPy's numbers left", "test-split-sizes",
        ("[whole(length) for length in lengths]", "list(lengths)"), says=("Python's own numbers",)),
    wrong("split-sizes", "sizes that are not added up", "test-split-sizes",
        ("not (shares or total == count)", "not (shares or total <= count)"), says=("[5, 4]", "was accepted")),
    wrong("split-sizes", "negative sizes", "test-split-sizes",
        ("min(lengths, default=0) < 0 or not", "not"), says=("[12, -2]", "was accepted")),
    wrong("split-sizes", "nothing told of the lengths", "test-split-sizes",
        ('f"lengths {lengths} must be from 0 on, and sum to {count} or to 1"', '"the lengths do not add up"'),
        says=("'5'", "say what was given")),
    wrong("split-sizes", "a tuple", "test-split-sizes",
        ("[whole(length) for length in lengths]", "tuple(whole(length) for length in lengths)"),
        says=("gave a tuple, wanted a list",)),
    wrong("split-sizes", "the caller's own list", "test-split-sizes",
        ("    sizes = [math.floor(share * count) for share in lengths]\n",
         "    sizes = lengths\n    for i, share in enumerate(list(lengths)):\n"
         "        sizes[i] = math.floor(share * count)\n"), says=("failed",)),
    right("split-sizes", "as PyTorch goes about it",
        solution="""
    if min(lengths, default=0) < 0:
        raise ValueError(f"a negative length in {lengths} of {count}")
    if not math.isclose(sum(lengths), 1):
        if sum(lengths) != count:
            raise ValueError(f"{lengths} do not sum to {count}")
        return [whole(length) for length in lengths]
    sizes = [int(share * count) for share in lengths]
    for i in range(count - sum(sizes)):
        sizes[i % len(sizes)] += 1
    return sizes
    """),
    wrong("split-sizes", "a loose tolerance", "test-split-sizes",
        ("math.isclose(total, 1)", "abs(total - 1) < 0.02"),
        says=("was accepted and gave [4, 3, 3], wanted a", "say what was given")),
    wrong("split-sizes", "the last alone looked at", "test-split-sizes",
        ("min(lengths, default=0) < 0", "len(lengths) and lengths[-1] < 0"),
        says=("was accepted and gave [-5, 15], wanted a", "say what was given")),
    wrong("split-sizes", "shares by their type", "test-split-sizes",
        (
            "shares = math.isclose(total, 1)",
            (
                "shares = any(isinstance(length, float) for length in lengths) and"
                " math.isclose(total, 1)"
            ),
        ),
        says=("failed: lengths [1] must be from 0 on", "sizes as they are; shares rounded")),
    wrong("split-sizes", "one length named", "test-split-sizes",
        ("lengths {lengths} must", "a length {lengths[:1]} must"),
        says=("raised ValueError: a length [5] must", "say what was given")),
    wrong("split-sizes", "the largest fractions first", "test-split-sizes",
        (
            "return [size + (i < left) for i, size in enumerate(sizes)]",
            (
                "order = sorted(range(len(sizes)), key=lambda i: sizes[i] - lengths[i] * count)\n"
                "    return [size + (i in order[:left]) for i, size in enumerate(sizes)]"
            ),
        ),
        says=("gave [5, 3, 2], wanted [6, 2, 2]: sizes as", "sizes as they are; shares rounded")),
    wrong("split-sizes", "sizes that are nearly the count", "test-split-sizes",
        ("total == count", "math.isclose(total, count, abs_tol=1)"),
        says=("was accepted and gave [5, 4], wanted a", "say what was given")),
    wrong("split-sizes", "too few accepted", "test-split-sizes",
        ("total == count", "total <= count"),
        says=("was accepted and gave [5, 4], wanted a", "say what was given")),
    wrong("split-sizes", "nan accepted", "test-split-sizes",
        (
            "min(lengths, default=0) < 0 or not (shares or total == count)",
            "min(lengths, default=0) < 0 or (not shares and (total < count or total > count))",
        ),
        says=("raised TypeError: 'float' object cannot be", "say what was given")),
    right("split-sizes", "fsum",
        ("total = sum(lengths)", "total = math.fsum(lengths)")),
    right("split-sizes", "any negative",
        ("min(lengths, default=0) < 0", "any(length < 0 for length in lengths)")),
    right("split-sizes", "a loop over what is left",
        (
            (
                "left = count - sum(sizes)\n"
                "    return [size + (i < left) for i, size in enumerate(sizes)]"
            ),
            (
                "for i in range(count - sum(sizes)):\n"
                "        sizes[i % len(sizes)] += 1\n"
                "    return sizes"
            ),
        )),

    wrong("random-split", "in order", "test-random-split",
        ("generator().permutation(len(dataset))", "np.arange(len(dataset))"), says=("draw an order",)),
    wrong("random-split", "an order from nowhere", "test-random-split",
        ("generator().permutation", "np.random.default_rng().permutation"), says=("after manual_seed again",)),
    wrong("random-split", "the same order each time", "test-random-split",
        ("generator().permutation", "np.random.default_rng(0).permutation"), says=("the same parts twice",)),
    wrong("random-split", "sizes for edges", "test-random-split",
        ("np.cumsum(sizes)[:-1]", "sizes[:-1]"), says=("the sizes gave", "wanted [25, 15, 10]")),
    wrong("random-split", "a part too many", "test-random-split",
        ("np.cumsum(sizes)[:-1]", "np.cumsum(sizes)"), says=("gave [25, 15, 0], wanted [25, 15]",)),
    wrong("random-split", "items drawn again and again", "test-random-split",
        ("generator().permutation(len(dataset))", "generator().integers(0, len(dataset), len(dataset))"),
        says=("all indices, sorted",)),
    wrong("random-split", "all items fetched", "test-random-split",
        ("    return [Subset(dataset, part)", "    dataset = [dataset[i] for i in range(len(dataset))]\n"
         "    return [Subset(dataset, part)"), says=("was asked for", "only indices are needed")),
    wrong("random-split", "neighbours together", "test-random-split",
        ("generator().permutation(len(dataset))",
         "np.roll(np.arange(len(dataset)), generator().integers(len(dataset)))"), says=("draw an order of all",)),
    wrong("random-split", "NumPy's global generator", "test-random-split",
        ("generator().permutation", "np.random.permutation"), says=("after manual_seed again",)),
    wrong("random-split", "the shared generator seeded", "test-random-split",
        ("    order = ", "    generator().bit_generator.state = np.random.default_rng(0).bit_generator.state\n"
         "    order = "), says=("the same parts twice",)),
    right("random-split", "a running start",
        solution="""
    order, start, parts = generator().permutation(len(dataset)), 0, []
    for size in split_sizes(len(dataset), lengths):
        parts.append(Subset(dataset, order[start:start + size]))
        start += size
    return parts
    """),
    wrong("random-split", "a generator", "test-random-split",
        (
            "return [Subset(dataset, part) for part in np.split(order, np.cumsum(sizes)[:-1])]",
            "return (Subset(dataset, part) for part in np.split(order, np.cumsum(sizes)[:-1]))",
        ),
        says=("gave a generator, wanted a list", "random_split of 40 items into [25,")),
    wrong("random-split", "a tuple", "test-random-split",
        (
            "return [Subset(dataset, part) for part in np.split(order, np.cumsum(sizes)[:-1])]",
            "return tuple(Subset(dataset, part) for part in np.split(order, np.cumsum(sizes)[:-1]))",
        ),
        says=("gave a tuple, wanted a list", "random_split of 40 items into [25,")),
    wrong("random-split", "sizes taken as they are", "test-random-split",
        (
            "sizes = split_sizes(len(dataset), lengths)",
            "sizes = lengths if isinstance(lengths[0], int) else split_sizes(len(dataset), lengths)",
        ),
        says=("was accepted and gave [<__main__.Subset", "split_sizes refuses what does not")),
    wrong("random-split", "each part sorted", "test-random-split",
        ("Subset(dataset, part)", "Subset(dataset, np.sort(part))"),
        says=("came beside their neighbours: draw an order", "draw an order of all")),
    wrong("random-split", "parts turned round", "test-random-split",
        (
            "for part in np.split(order, np.cumsum(sizes)[:-1])]",
            "for part in np.split(order, np.cumsum(sizes)[:-1])][::-1]",
        ),
        says=("gave [15, 25], wanted [25, 15]: what does", "what does split_sizes say?")),
    wrong("random-split", "only a turn", "test-random-split",
        (
            "generator().permutation(len(dataset))",
            "np.roll(np.arange(len(dataset)), generator().integers(len(dataset)))",
        ),
        says=("came beside their neighbours: draw an order", "draw an order of all")),
    right("random-split", "shuffled in place",
        (
            "order = generator().permutation(len(dataset))",
            (
                "order = np.arange(len(dataset))\n"
                "    generator().shuffle(order)"
            ),
        )),
    right("random-split", "by sorting",
        ("generator().permutation(len(dataset))", "np.argsort(generator().random(len(dataset)))")),
    right("random-split", "lists",
        ("Subset(dataset, part)", "Subset(dataset, part.tolist())")),

    wrong("default-collate", "tuples that stay tuples", "test-default-collate",
        ("return type(first)(*parts) if is_namedtuple(first) else parts",
         "return type(first)(*parts) if is_namedtuple(first) else type(first)(parts)"),
        says=("gave a tuple", "wanted a list")),
    wrong("default-collate", "names lost", "test-default-collate",
        ("type(first)(*parts) if is_namedtuple(first) else parts", "parts"), says=("gave a list", "wanted a Point")),
    wrong("default-collate", "numbers in float32", "test-default-collate",
        ("wrap(stacked(batch, where, Tensor))", "Tensor(stacked(batch, where, Tensor).tolist())"),
        says=("default_collate([1, 2]) is float32, wanted int64",)),
    wrong("default-collate", "strings taken for sequences", "test-default-collate",
        ("    if isinstance(first, (str, bytes)):\n        return batch\n", ""), says=("['a']", "failed")),
    wrong("default-collate", "bytes forgotten", "test-default-collate",
        ("isinstance(first, (str, bytes))", "isinstance(first, str)"), says=("[b'a']", "failed")),
    wrong("default-collate", "strings joined", "test-default-collate",
        ("        return batch\n", "        return ' '.join(map(str, batch))\n"), says=("gave a str", "wanted a")),
    right("default-collate", "strings in a list", ("        return batch\n", "        return list(batch)\n")),
    wrong("default-collate", "lists left alone", "test-default-collate",
        ("isinstance(first, (tuple, list))", "isinstance(first, tuple)"), says=("part 'y'", "wanted a list")),
    wrong("default-collate", "dicts of lists", "test-default-collate",
        ('default_collate([item[key] for item in batch], f"{where}[{key!r}]")', "[item[key] for item in batch]"),
        says=("'x'", "gave a list", "wanted a Tensor")),
    wrong("default-collate", "the first item for all", "test-default-collate",
        ("[item[key] for item in batch]", "[first[key] for item in batch]"), says=("'x'", "gave 1, wanted 3")),
    wrong("default-collate", "a batch of one that shares its numbers", "test-default-collate",
        ("    return wrap(", "    if len(batch) == 1 and isinstance(first, np.ndarray):\n"
         "        return wrap(first[np.newaxis])\n    return wrap("), says=("written to", "its own numbers")),
    wrong("default-collate", "a place that is not passed on, in tuples", "test-default-collate",
        ('default_collate(part, f"{where}[{i}]")', "default_collate(part)"), says=("item[1]", "pass `where` on")),
    wrong("default-collate", "a place that is not passed on, in dicts", "test-default-collate",
        ('batch], f"{where}[{key!r}]")', "batch])"), says=("item['x'][0]", "pass `where` on")),
    wrong("default-collate", "places without what is round them", "test-default-collate",
        ('default_collate(part, f"{where}[{i}]")', 'default_collate(part, f"item[{i}]")'),
        says=("item['x'][0]", "pass `where` on")),
    wrong("default-collate", "arrays", "test-default-collate",
        ("wrap(stacked(batch, where, Tensor))", "stacked(batch, where, Tensor)"), says=("wanted a Tensor",)),
    wrong("default-collate", "numbers in a list", "test-default-collate",
        ("    return wrap(", "    if isinstance(first, (int, float)):\n        return list(batch)\n    return wrap("),
        says=("gave a list", "wanted a Tensor")),
    wrong("default-collate", "whole numbers for booleans", "test-default-collate",
        ("    return wrap(", "    if isinstance(first, int):\n        return wrap(np.array(batch, np.int64))\n"
         "    return wrap("), says=("[True]", "is int64, wanted bool")),
    right("default-collate", "columns by index", ("enumerate(zip(*batch))]",
        "enumerate([[item[j] for item in batch] for j in range(len(first))])]")),
    right("default-collate", "numbers first",
        solution="""
    if isinstance(first, Mapping):
        return {k: default_collate([item[k] for item in batch], where + f"[{k!r}]") for k in first}
    if not isinstance(first, (str, bytes, tuple, list)):
        return wrap(stacked(batch, where, Tensor))
    if isinstance(first, (str, bytes)):
        return batch
    columns = [default_collate(list(c), where + f"[{i}]") for i, c in enumerate(zip(*batch))]
    return first._make(columns) if is_namedtuple(first) else columns
    """),
    wrong("default-collate", "keys sorted", "test-default-collate",
        ("for key in first}", "for key in sorted(first)}"),
        says=("gave ['x', 'y'], wanted ['y', 'x']: what", "what does the docstring say?")),
    wrong("default-collate", "pairs alone", "test-default-collate",
        ("enumerate(zip(*batch))]", "enumerate(zip(*(item[:2] for item in batch)))]"),
        says=("gave 2, wanted 3: what does the docstring", "what does the docstring say?")),
    wrong("default-collate", "where forgotten", "test-default-collate",
        ("stacked(batch, where, Tensor)", "stacked(batch, 'item', Tensor)"),
        says=("raised ValueError: number 1 of the batch", "pass `where` on")),
    wrong("default-collate", "dicts that are used up", "test-default-collate",
        (
            "[item[key] for item in batch]",
            "[item.pop(key) for item in [dict(item) if item is first else item for item in batch]]",
        ),
        says=("gave \"[{'x': 1, 'y': [2]}, {}]\", wanted", "they are only read")),
    wrong("default-collate", "the first dict filled", "test-default-collate",
        (
            (
                "return {key: default_collate([item[key] for item in batch], f\"{where}[{key!r}]\")\n"
                "                for key in first}"
            ),
            (
                "for key in first:\n"
                "            first[key] = default_collate([item[key] for item in"
                " batch], f\"{where}[{key!r}]\")\n"
                "        return first"
            ),
        ),
        says=("gave \"[{'x': Tensor([1, 3], dtype=int64)", "they are only read")),
    wrong("default-collate", "named tuples by position in a list", "test-default-collate",
        (
            "type(first)(*parts) if is_namedtuple(first) else parts",
            "type(first)(*parts) if is_namedtuple(first) and where == 'item' else parts",
        ),
        says=("gave a list, [Tensor([1], dtype=int64)", "what does the docstring say?")),
    wrong("default-collate", "strings as an array", "test-default-collate",
        ("        return batch\n", "        return np.array(batch)\n"),
        says=("gave a ndarray, array(['a'], dtype='<U1')", "what does the docstring say?")),
    wrong("default-collate", "a tuple for strings in a list", "test-default-collate",
        ("        return batch\n", "        return tuple(batch)[:1] * len(batch)\n"),
        says=("gave a tuple, ('a',), wanted a list: what", "what does the docstring say?")),
    right("default-collate", "match",
        solution="""
    match first:
        case str() | bytes():
            return list(batch)
        case Mapping():
            made = {}
            for key in first.keys():
                made[key] = default_collate([item[key] for item in batch], where + f"[{key!r}]")
            return made
        case tuple() | list():
            parts = []
            for i in range(len(first)):
                parts.append(default_collate([item[i] for item in batch], f"{where}[{i}]"))
            return first._make(parts) if is_namedtuple(first) else parts
        case _:
            return wrap(stacked(batch, where, Tensor))
    """),
    right("default-collate", "a Tensor of the array",
        ("wrap(stacked(batch, where, Tensor))", "Tensor(stacked(batch, where, Tensor))")),

    wrong("noted", "an error swallowed", "test-noted", ("        raise\n", ""), says=("as if nothing had happened",)),
    wrong("noted", "another type", "test-noted",
        ("        error.add_note(note)\n        raise\n", "        raise RuntimeError(note) from error\n"),
        says=("raised RuntimeError", "the same error")),
    wrong("noted", "a copy of the error", "test-noted",
        ("        error.add_note(note)\n        raise\n",
         "        copy = type(error)(*error.args)\n        copy.add_note(note)\n        raise copy from error\n"),
        says=("the same error",)),
    wrong("noted", "no note", "test-noted", ("        error.add_note(note)\n", ""),
        says=("the notes gave []", "the note of each block")),
    wrong("noted", "the words changed", "test-noted",
        ("error.add_note(note)", 'error.add_note(note)\n        error.args = (f"{error} {note}",)'),
        says=("its words", "a note stands beside them")),
    wrong("noted", "the first note alone", "test-noted",
        ("error.add_note(note)", 'error.add_note(note) if not error.__dict__.get("__notes__") else None'),
        says=("the notes gave ['in line 7'], wanted",)),
    wrong("noted", "values alone", "test-noted", ("except Exception as", "except ValueError as"),
        says=("KeyError('label')", "the notes gave []")),
    wrong("noted", "a note in any case", "test-noted",
        ("    except Exception as error:\n        error.add_note(note)\n        raise\n",
         "    finally:\n        raise RuntimeError(note)\n"), says=("noted('in line 7')", "failed")),
    wrong("noted", "a stop swallowed", "test-noted",
        ("        raise\n", "        raise\n    except KeyboardInterrupt:\n        pass\n"),
        says=("a block that is stopped", "as if nothing had happened")),
    right("noted", "a traceback that contextlib puts back",
        ("        raise\n", "        raise error.with_traceback(None)\n")),
    right("noted", "any error at all", ("except Exception as", "except BaseException as")),
    wrong("noted", "the cause cut off", "test-noted",
        ("        raise\n", "        raise error from None\n"),
        says=("wanted ValueError('what led to it'): the", "the error goes on as it is")),
    wrong("noted", "the error its own cause", "test-noted",
        ("        raise\n", "        raise error from error\n"),
        says=("wanted ValueError('what led to it'): the", "the error goes on as it is")),
    wrong("noted", "no note a second time", "test-noted",
        ("error.add_note(note)", "if note not in getattr(error, '__notes__', []):\n            error.add_note(note)"),
        says=("gave ['in line 7'], wanted ['in line 7'", "one each")),
    wrong("noted", "some types of errors", "test-noted",
        (
            "except Exception as",
            "except (LookupError, ValueError, OSError, StopIteration, RuntimeError, TypeError) as",
        ),
        says=("gave [], wanted ['in line 7', 'in page 2']", "the note of each block, once")),
    wrong("noted", "the notes put in one", "test-noted",
        ("error.add_note(note)", "error.__notes__ = [' '.join([*getattr(error, '__notes__', []), note])]"),
        says=("gave ['in line 7 in page 2'], wanted ['in", "the note of each block, once")),
    wrong("noted", "a stop noted and turned into an exit", "test-noted",
        ("        raise\n", "        raise\n    except KeyboardInterrupt:\n        raise SystemExit(note)\n"),
        says=("raised SystemExit('in line 7'), wanted", "a block that is stopped raised")),
    wrong("noted", "the newest note first", "test-noted",
        ("error.add_note(note)", "error.__notes__ = [note, *getattr(error, '__notes__', [])]"),
        says=("gave ['in page 2', 'in line 7'], wanted", "the note of each block, once")),
    right("noted", "raise error",
        ("        raise\n", "        raise error\n")),
    right("noted", "notes by hand",
        ("error.add_note(note)", "error.__notes__ = [*getattr(error, '__notes__', []), note]")),

    wrong("make-batch", "item by item in any case", "test-make-batch",
        (FAST + "        return list(dataset[indices])\n", ""), says=("operations", "one for each tensor")),
    wrong("make-batch", "a tuple of rows", "test-make-batch",
        ("return list(dataset[indices])", "return dataset[indices]"), says=("gave a tuple", "wanted a list")),
    wrong("make-batch", "classes made of it taken for it", "test-make-batch",
        ("type(dataset) is TensorDataset", "isinstance(dataset, TensorDataset)"),
        says=("a class made of TensorDataset", "a __getitem__ of its own")),
    wrong("make-batch", "classes made of Subset taken for it", "test-make-batch",
        ("while type(dataset) is Subset:", "while isinstance(dataset, Subset):"),
        says=("a class made of Subset", "a __getitem__ of its own")),
    wrong("make-batch", "one Subset resolved", "test-make-batch",
        ("while type(dataset) is Subset:", "if type(dataset) is Subset:"), says=("operations", "one for each tensor")),
    wrong("make-batch", "a collate_fn overlooked for rows", "test-make-batch",
        (" and collate_fn is None:", ":"), says=("collate_fn=len",)),
    wrong("make-batch", "a collate_fn overlooked", "test-make-batch",
        ("(collate_fn or default_collate)(items)", "default_collate(items)"), says=("with a collate_fn",)),
    wrong("make-batch", "the places in the Subset", "test-make-batch",
        ("dataset, indices = dataset.dataset, dataset.indices[indices]", "dataset = dataset.dataset"),
        says=("Subset of a Subset", "wanted")),
    wrong("make-batch", "NumPy's numbers", "test-make-batch",
        ("for index in indices.tolist():", "for index in indices:"), says=("by what", "int64")),
    wrong("make-batch", "sorted", "test-make-batch",
        ("for index in indices.tolist():", "for index in sorted(indices.tolist()):"), says=("gave", "in order")),
    wrong("make-batch", "each item once", "test-make-batch",
        ("for index in indices.tolist():", "for index in dict.fromkeys(indices.tolist()):"), says=("in order",)),
    wrong("make-batch", "items not named", "test-make-batch",
        ('with noted(f"this was raised for item {index} of the dataset"):', "if True:"),
        says=("item 37", "wanted the number 37")),
    wrong("make-batch", "all items blamed", "test-make-batch",
        ("for item {index} of", "for items {indices.tolist()} of"), says=("item 37", "and no other")),
    wrong("make-batch", "a collate_fn's error not named", "test-make-batch",
        ('with noted(f"this was raised for the batch of items {indices.tolist()}"):', "if True:"),
        says=("not becoming a batch", "wanted both numbers")),
    wrong("make-batch", "the place in the Subset named", "test-make-batch",
        (WALK, "    if type(dataset) is Subset and type(dataset.dataset) is not TensorDataset and "
         "type(dataset.dataset) is not Subset:\n        inner = dataset\n        items = []\n"
         "        for index in indices.tolist():\n            with noted(f'item {index}'):\n"
         "                items.append(inner[index])\n        return (collate_fn or default_collate)(items)\n" + WALK),
        says=("in a Subset", "wanted the number 37")),
    wrong("make-batch", "a tuple of items", "test-make-batch",
        ("(collate_fn or default_collate)(items)", "(collate_fn or default_collate)(tuple(items))"),
        says=("what collate_fn was given",)),
    right("make-batch", "a function for the items",
        solution="""
    if type(dataset) is Subset:
        return make_batch(dataset.dataset, dataset.indices[indices], collate_fn)
    if collate_fn is None and type(dataset) is TensorDataset:
        return [rows for rows in dataset[indices]]

    def fetched(index):
        with noted(f"item {index}"):
            return dataset[index]

    items = [fetched(int(index)) for index in indices]
    with noted(f"items {[int(index) for index in indices]}"):
        return default_collate(items) if collate_fn is None else collate_fn(items)
    """),
    wrong("make-batch", "views where the indices follow each other", "test-make-batch",
        (
            "        return list(dataset[indices])\n",
            (
                "        if len(indices) and (np.diff(indices) == 1).all():\n"
                "            indices = slice(indices[0], indices[-1] + 1)\n"
                "        return list(dataset[indices])\n"
            ),
        ),
        says=("shows the dataset's own numbers: a batch", "a batch has its own, also where a")),
    wrong("make-batch", "an end taken from the dataset", "test-make-batch",
        solution="""
    while type(dataset) is Subset:
        dataset, indices = dataset.dataset, dataset.indices[indices]
    if type(dataset) is TensorDataset and collate_fn is None:
        return list(dataset[indices])

    def fetched(index):
        with noted(f"this was raised for item {index} of the dataset"):
            return dataset[index]

    items = list(map(fetched, indices.tolist()))
    with noted(f"this was raised for the batch of items {indices.tolist()}"):
        return (collate_fn or default_collate)(items)
    """,
        says=("gave Tensor([16], dtype=int64): the error", "the error should reach whoever")),
    wrong("make-batch", "default_collate's error not named", "test-make-batch",
        (
            (
                "    with noted(f\"this was raised for the batch of items {indices.tolist()}\"):\n"
                "        return (collate_fn or default_collate)(items)\n"
            ),
            (
                "    if collate_fn is None:\n"
                "        return default_collate(items)\n"
                "    with noted(f\"this was raised for the batch of items {indices.tolist()}\"):\n"
                "        return collate_fn(items)\n"
            ),
        ),
        says=("wanted both numbers: they do not fit", "they do not fit together")),
    wrong("make-batch", "sorted for the disk", "test-make-batch",
        (
            "        return list(dataset[indices])\n",
            (
                "        order = np.argsort(indices)\n"
                "        return [rows[np.argsort(order)] for rows in dataset[indices[order]]]\n"
            ),
        ),
        says=("took 4 operations, wanted one for each", "an array of indices is an index")),
    wrong("make-batch", "rows once for the type and once for the batch", "test-make-batch",
        (
            "        return list(dataset[indices])\n",
            "        return [rows for rows, _ in zip(dataset[indices], dataset[indices])]\n",
        ),
        says=("took 4 operations, wanted one for each", "an array of indices is an index")),
    wrong("make-batch", "rows as arrays", "test-make-batch",
        ("list(dataset[indices])", "[rows.data for rows in dataset[indices]]"),
        says=("gave a ndarray, array([[ 0.26445562", "a list")),
    wrong("make-batch", "a collate_fn that gives nothing", "test-make-batch",
        (
            "return (collate_fn or default_collate)(items)",
            "return (collate_fn and collate_fn(items)) or default_collate(items)",
        ),
        says=("gave Tensor([49,  0,  9,  9], dtype=int64)", "what it makes of the items is the")),
    right("make-batch", "is None",
        ("(collate_fn or default_collate)(items)", "(default_collate if collate_fn is None else collate_fn)(items)")),
    right("make-batch", "a list of indices",
        ("list(dataset[indices])", "list(dataset[indices.tolist()])")),
    right("make-batch", "rows of each tensor",
        ("list(dataset[indices])", "[tensor[indices] for tensor in dataset.tensors]")),

    wrong("shifted", "up and left", "test-shifted", ("reach - shifts.T", "reach + shifts.T"),
        says=("wanted", "down and right")),
    wrong("shifted", "rows and columns swapped", "test-shifted",
        ("rows, columns = reach - shifts.T", "columns, rows = reach - shifts.T"), says=("down and right",)),
    wrong("shifted", "round and round", "test-shifted",
        solution="""
    moved = np.empty_like(images)
    for i, shift in enumerate(shifts):
        moved[i] = np.roll(images[i], shift, axis=(-2, -1))
    return moved
    """, says=("zeros come in",)),
    wrong("shifted", "one shift for all", "test-shifted",
        ("rows, columns, :, :]", "rows[0], columns[0], :, :]"), says=("wanted",)),
    wrong("shifted", "the images' own array", "test-shifted",
        ("    reach =", "    if not shifts.any():\n        return images\n    reach ="),
        says=("view of the images",)),
    wrong("shifted", "float64", "test-shifted",
        ("    padded = ", "    images = images.astype(np.float64)\n    padded = "),
        says=("is float64, wanted float32",)),
    wrong("shifted", "the edge repeated", "test-shifted",
        ("+ [(reach, reach)] * 2)", "+ [(reach, reach)] * 2, mode='edge')"), says=("zeros come in",)),
    wrong("shifted", "square images only", "test-shifted",
        ("images.shape[-2:], axis", "images.shape[-1:] * 2, axis"), says=("shifted of",)),
    wrong("shifted", "three axes only", "test-shifted",
        ("windows[np.arange(len(images)), ..., rows, columns, :, :]", "windows[np.arange(len(images)), rows, columns]"),
        says=("uint8 images (2, 3, 4, 3)",)),
    wrong("shifted", "no images at all", "test-shifted",
        (".max(initial=0)", ".max()"), says=("(0, 2, 2)", "failed")),
    wrong("shifted", "shifts that are cut at the edge", "test-shifted",
        ("    reach =", "    shifts = np.clip(shifts, -(images.shape[-2] - 1), images.shape[-2] - 1)\n    reach ="),
        says=("wanted",)),
    wrong("shifted", "shifts changed where they are", "test-shifted",
        ("    reach =", "    shifts *= -1\n    shifts *= -1\n    shifts[shifts == 0] = 0\n    shifts += 0\n"
         "    np.negative(shifts, out=shifts)\n    reach ="), says=("changed shifts",)),
    wrong("shifted", "written into the images", "test-shifted",
        ("    return windows", "    images[...] = windows[np.arange(len(images)), ..., rows, columns, :, :]\n"
         "    return images.copy()\n    return windows"), says=("changed images",)),
    right("shifted", "image by image",
        solution="""
    moved, (height, width) = np.zeros_like(images), images.shape[-2:]
    for i, (down, right) in enumerate(shifts.tolist()):
        rows = np.arange(max(0, down), min(height, height + down))[:, np.newaxis]
        columns = np.arange(max(0, right), min(width, width + right))
        moved[i][..., rows, columns] = images[i][..., rows - down, columns - right]
    return moved
    """),
    wrong("shifted", "round and round, and a mask", "test-shifted",
        solution="""
    moved = []
    for image, (down, right) in zip(images, shifts.tolist()):
        h, w = image.shape[-2:]
        rows = np.arange(h)[:, None] - down
        columns = np.arange(w) - right
        inside = (rows >= 0) & (rows < h) & (columns >= 0) & (columns < w)
        with np.errstate(invalid="ignore"):
            moved.append((image[..., rows % h, columns % w] * inside).astype(images.dtype))
    return np.array(moved, images.dtype).reshape(images.shape)
    """,
        says=("gave nan, wanted 0 at [2, 2, 2]: down and", "down and right, zeros come in, and")),
    wrong("shifted", "reach of the shifts down alone", "test-shifted",
        ("np.abs(shifts).max(initial=0)", "shifts.max(initial=0)"),
        says=("failed: index 8 is out of bounds for axis 1", "an image may leave its place")),
    wrong("shifted", "reach of the first axis", "test-shifted",
        ("np.abs(shifts).max(initial=0)", "np.abs(shifts[:, 0]).max(initial=0)"),
        says=("failed: index 3 is out of bounds for axis 2", "an image may leave its place")),
    wrong("shifted", "channels last", "test-shifted",
        (
            "[(0, 0)] * (images.ndim - 2) + [(reach, reach)] * 2",
            "[(0, 0)] + [(reach, reach)] * 2 + [(0, 0)] * (images.ndim - 3)",
        ),
        says=("failed: index 1 is out of bounds for axis 3", "an image may leave its place")),
    wrong("shifted", "the mean for zeros", "test-shifted",
        ("+ [(reach, reach)] * 2)", "+ [(reach, reach)] * 2, mode='mean')"),
        says=("gave nan, wanted 0 at [0, 0, 0]: down and", "down and right, zeros come in, and")),
    wrong("shifted", "no image moves where the largest is 0 on one axis", "test-shifted",
        (
            "reach - shifts.T",
            (
                "reach - shifts.T * (np.abs(shifts).min(axis=1) >= 0)  # all\n"
                "    rows = np.where(rows == reach, reach, rows)\n"
                "    columns = columns + 0 * (columns // 2 * 2 == rows)\n"
                "    rows, columns = columns, rows"
            ),
        ),
        says=("gave nan, wanted 0 at [0, 0, 1]: down and", "down and right, zeros come in, and")),
    right("shifted", "one border for each axis",
        solution="""
    up, left = np.abs(shifts).max(axis=0, initial=0).tolist()
    h, w = images.shape[-2:]
    padded = np.pad(images, [(0, 0)] * (images.ndim - 2) + [(up, up), (left, left)])
    out = np.empty_like(images)
    for i, (down, right) in enumerate(shifts):
        out[i] = padded[i, ..., up - down:up - down + h, left - right:left - right + w]
    return out
    """),
    right("shifted", "take_along_axis",
        solution="""
    h, w = images.shape[-2:]
    rows = np.arange(h) - shifts[:, :1]
    columns = np.arange(w) - shifts[:, 1:]
    flat = images.reshape(len(images), -1, h, w) if images.size else images.reshape(len(images), 1, h, w)
    out = np.take_along_axis(flat, rows.clip(0, h - 1)[:, None, :, None], axis=2)
    out = np.take_along_axis(out, columns.clip(0, w - 1)[:, None, None, :], axis=3)
    inside = ((rows >= 0) & (rows < h))[:, None, :, None] & ((columns >= 0) & (columns < w))[:, None, None, :]
    return np.where(inside, out, np.zeros((), images.dtype)).reshape(images.shape)
    """),

    wrong("seeded-batch", "the shared generator", "test-seeded-batch",
        ("    with drawing_from(np.random.default_rng([seed, number])):\n        return", "    return"),
        says=("get the shared generator", "other threads draw")),
    wrong("seeded-batch", "the sum of both", "test-seeded-batch",
        ("default_rng([seed, number])", "default_rng(seed + number)"), says=("nine generators", "not a sum")),
    wrong("seeded-batch", "the seed alone", "test-seeded-batch",
        ("default_rng([seed, number])", "default_rng(seed)"), says=("nine generators",)),
    wrong("seeded-batch", "the number alone", "test-seeded-batch",
        ("default_rng([seed, number])", "default_rng(number)"), says=("nine generators",)),
    wrong("seeded-batch", "a new generator each time", "test-seeded-batch",
        ("default_rng([seed, number])", "default_rng()"), says=("the same batch, later",)),
    wrong("seeded-batch", "the shared generator, put back", "test-seeded-batch",
        solution="""
    number, indices = job
    shared = generator()
    before = shared.bit_generator.state
    shared.bit_generator.state = np.random.default_rng([seed, number]).bit_generator.state
    batch = make_batch(dataset, indices, collate_fn)
    shared.bit_generator.state = before
    return batch
    """, says=("get the shared generator", "other threads draw")),
    wrong("seeded-batch", "32 bits of the seed", "test-seeded-batch",
        ("default_rng([seed, number])", "default_rng([seed >> 40, seed & 255, number])"),
        says=("differ in one bit", "none of the seed")),
    wrong("seeded-batch", "a generator for the items alone", "test-seeded-batch",
        ("        return make_batch(dataset, indices, collate_fn)",
         "        items = make_batch(dataset, indices, lambda items: items)\n"
         "    return (collate_fn or default_collate)(items)"), says=("the shared generator after seeded_batch",)),
    wrong("seeded-batch", "the seed times the number", "test-seeded-batch",
        ("default_rng([seed, number])", "default_rng(seed * number)"), says=("nine generators",)),
    wrong("seeded-batch", "a generator for each item", "test-seeded-batch",
        ("        return make_batch(dataset, indices, collate_fn)",
         "        items = []\n        for index in indices.tolist():\n"
         "            with drawing_from(np.random.default_rng([seed, number])):\n"
         "                items.append(dataset[index])\n        return (collate_fn or default_collate)(items)"),
        says=("draw in turn from one generator",)),
    right("seeded-batch", "by a seed sequence",
        ("np.random.default_rng([seed, number])", "np.random.default_rng(np.random.SeedSequence([seed, number]))")),
    wrong("seeded-batch", "number before seed", "test-seeded-batch",
        ("default_rng([seed, number])", "default_rng([number, seed])"),
        says=("gave [0.38213610129812814", "make its generator from [seed,")),
    wrong("seeded-batch", "a spawn key", "test-seeded-batch",
        (
            "np.random.default_rng([seed, number])",
            "np.random.default_rng(np.random.SeedSequence(seed, spawn_key=(number,)))",
        ),
        says=("gave [0.4031184756244418", "make its generator from [seed,")),
    wrong("seeded-batch", "digits put together", "test-seeded-batch",
        ("default_rng([seed, number])", "default_rng(int(f'{seed}{number}'))"),
        says=("gave [0.7874226918866236", "make its generator from [seed,")),
    wrong("seeded-batch", "a hash", "test-seeded-batch",
        ("default_rng([seed, number])", "default_rng(abs(hash((seed, number))))"),
        says=("gave [0.28948972755113245", "make its generator from [seed,")),
    wrong("seeded-batch", "another kind of generator", "test-seeded-batch",
        ("np.random.default_rng([seed, number])", "np.random.Generator(np.random.Philox([seed, number]))"),
        says=("gave [0.8575790745355746", "make its generator from [seed,")),
    wrong("seeded-batch", "number from 1 on", "test-seeded-batch",
        ("default_rng([seed, number])", "default_rng([seed, number + 1])"),
        says=("gave [0.7742041803738812", "make its generator from [seed,")),
    right("seeded-batch", "an array",
        ("default_rng([seed, number])", "default_rng(np.array([seed, number]))")),
    right("seeded-batch", "PCG64",
        ("np.random.default_rng([seed, number])", "np.random.Generator(np.random.PCG64((seed, number)))")),

    wrong("prefetch", "one after the other", "test-prefetch",
        solution="""
    for job in jobs:
        yield make(job)
    """, says=("on the thread that asks",)),
    wrong("prefetch", "waiting right after submitting", "test-prefetch",
        solution="""
    with ThreadPoolExecutor(num_workers) as pool:
        for job in jobs:
            yield pool.submit(make, job).result()
    """, says=("0 later ones were made, wanted 4",)),
    wrong("prefetch", "all submitted at once", ("test-prefetch", "test-prefetch-ends"),
        solution="""
    with ThreadPoolExecutor(num_workers) as pool:
        yield from pool.map(make, jobs)
    """, says=("later ones were made", "fill up by one")),
    wrong("prefetch", "as they come", "test-prefetch",
        ("            made = waiting.popleft().result()\n",
         "            first = next((future for future in waiting if future.done()), waiting[0])\n"
         "            waiting.remove(first)\n            made = first.result()\n"),
        says=("prefetch", "wanted [0, 1, 2, 3")),
    wrong("prefetch", "the youngest first", "test-prefetch", ("waiting.popleft()", "waiting.pop()"),
        says=("the first submitted comes first",)),
    wrong("prefetch", "one too many", "test-prefetch", ("islice(jobs, ahead)", "islice(jobs, ahead + 1)"),
        says=("fill up by one",)),
    wrong("prefetch", "one too few", "test-prefetch", ("islice(jobs, ahead)", "islice(jobs, ahead - 1)"),
        says=("prefetch",)),
    wrong("prefetch", "two for one", "test-prefetch", (ONE_MORE, ONE_MORE.replace("1)", "2)")),
        says=("fill up by one",)),
    wrong("prefetch", "filled up too late", "test-prefetch",
        (f"            {ONE_MORE}\n            yield made\n", f"            yield made\n            {ONE_MORE}\n"),
        says=("later ones were made", "fill up by one")),
    wrong("prefetch", "one thread", "test-prefetch", ("ThreadPoolExecutor(num_workers)", "ThreadPoolExecutor(1)"),
        says=("never had 2 running",)),
    wrong("prefetch", "as many threads as jobs", "test-prefetch",
        ("ThreadPoolExecutor(num_workers)", "ThreadPoolExecutor(ahead)"),
        says=("wanted", "prefetch")),
    wrong("prefetch", "never filled up", "test-prefetch", (f"            {ONE_MORE}\n", ""), says=("wanted",)),
    wrong("prefetch", "all jobs taken first", "test-prefetch",
        ("jobs, waiting, pool = iter(jobs),", "jobs, waiting, pool = iter(list(jobs)),"),
        says=("jobs were taken", "one by one")),
    wrong("prefetch", "None taken for the end", "test-prefetch",
        ("            yield made\n", "            if made is not None:\n                yield made\n"),
        says=("None may be a batch",)),
    wrong("prefetch", "a list of all", "test-prefetch",
        solution="""
    with ThreadPoolExecutor(num_workers) as pool:
        return iter([future.result() for future in [pool.submit(make, job) for job in jobs]])
    """, says=("later ones were made",)),
    wrong("prefetch", "jobs that go on when the loop is left", "test-prefetch-ends",
        ("pool.shutdown(cancel_futures=True)", "pool.shutdown()"), says=("cancelled",)),
    wrong("prefetch", "no shutdown", "test-prefetch-ends",
        ("    finally:\n        pool.shutdown(cancel_futures=True)\n",
         "    except ZeroDivisionError:\n        pool.shutdown(cancel_futures=True)\n"), says=("cancelled",)),
    wrong("prefetch", "a shutdown at the end alone", "test-prefetch-ends",
        ("    finally:\n        pool.shutdown(cancel_futures=True)\n",
         "    except Exception:\n        pool.shutdown(cancel_futures=True)\n        raise\n"
         "    pool.shutdown(cancel_futures=True)\n"), says=("cancelled",)),
    wrong("prefetch", "errors swallowed", "test-prefetch-ends",
        ("made = waiting.popleft().result()", "made = (future := waiting.popleft()).exception() or future.result()"),
        says=("as if that were all",)),
    wrong("prefetch", "an error that ends the loop", "test-prefetch-ends",
        ("    finally:", "    except ValueError:\n        return\n    finally:"),
        says=("as if that were all",)),
    wrong("prefetch", "another type of error", "test-prefetch-ends",
        ("    finally:",
         "    except KeyError as error:\n        raise RuntimeError(str(error)) from error\n    finally:"),
        says=("KeyError('label')", "wanted KeyError")),
    wrong("prefetch", "errors that come early", "test-prefetch-ends",
        ("            made = waiting.popleft().result()\n",
         "            for future in waiting:\n                future.result()\n"
         "            made = waiting.popleft().result()\n"), says=("what came before",)),
    wrong("prefetch", "a traceback cut off", "test-prefetch-ends",
        ("            made = waiting.popleft().result()\n",
         "            future = waiting.popleft()\n            if future.exception() is not None:\n"
         "                raise future.exception().with_traceback(None)\n            made = future.result()\n"),
        says=("traceback", "where it was raised")),
    wrong("prefetch", "an end that waits for all", "test-prefetch-ends",
        (f"            {ONE_MORE}\n            yield made\n",
         f"            {ONE_MORE}\n            try:\n                yield made\n"
         "            except GeneratorExit:\n                pool.shutdown()\n                return\n"),
        says=("cancelled",)),
    right("prefetch", "a block round the pool",
        solution="""
    queue, jobs = deque(), iter(jobs)
    with ThreadPoolExecutor(max_workers=num_workers) as pool:
        try:
            for job in jobs:
                queue.append(pool.submit(make, job))
                if len(queue) == ahead:
                    break
            while queue:
                result = queue.popleft().result()
                for job in jobs:
                    queue.append(pool.submit(make, job))
                    break
                yield result
        finally:
            for future in queue:
                future.cancel()
    """),
    wrong("prefetch", "all futures kept", "test-prefetch",
        solution="""
    jobs, pool, futures, number = iter(jobs), ThreadPoolExecutor(num_workers), [], 0
    try:
        futures.extend(pool.submit(make, job) for job in islice(jobs, ahead))
        while number < len(futures):
            made = futures[number].result()
            number += 1
            futures.extend(pool.submit(make, job) for job in islice(jobs, 1))
            yield made
    finally:
        pool.shutdown(cancel_futures=True)
    """,
        says=("wanted 8 at most", "let go of what has been used")),
    wrong("prefetch", "a closure of the loop's job", "test-prefetch",
        solution="""
    jobs, waiting, pool = iter(jobs), deque(), ThreadPoolExecutor(num_workers)
    try:
        for job in islice(jobs, ahead):
            waiting.append(pool.submit(lambda: make(job)))
        while waiting:
            made = waiting.popleft().result()
            for job in islice(jobs, 1):
                waiting.append(pool.submit(lambda: make(job)))
            yield made
    finally:
        pool.shutdown(cancel_futures=True)
    """,
        says=("gave [('made', 0), ('made', 2), ('made'", "the first submitted comes first;")),
    wrong("prefetch", "results kept in a dict", "test-prefetch",
        solution="""
    jobs, waiting, pool, results = iter(jobs), deque(), ThreadPoolExecutor(num_workers), {}
    try:
        waiting.extend(pool.submit(make, job) for job in islice(jobs, ahead))
        while waiting:
            number = len(results)
            results[number] = waiting.popleft().result()
            waiting.extend(pool.submit(make, job) for job in islice(jobs, 1))
            yield results[number]
    finally:
        pool.shutdown(cancel_futures=True)
    """,
        says=("wanted 8 at most", "let go of what has been used")),
    wrong("prefetch", "errors printed and passed over", "test-prefetch-ends",
        (
            "            made = waiting.popleft().result()\n",
            (
                "            try:\n"
                "                made = waiting.popleft().result()\n"
                "            except KeyError:\n"
                "                continue\n"
            ),
        ),
        says=("wanted the error", "the loop ended after 19 batches as")),
    wrong("prefetch", "a pool ended after the first pause", "test-prefetch-ends",
        ("pool.shutdown(cancel_futures=True)", "pool.shutdown(wait=False)"),
        says=("prefetch with one worker, closed while its", "those that have not begun are to be")),
    wrong("prefetch", "only so many jobs as workers", "test-prefetch",
        ("islice(jobs, ahead)", "islice(jobs, min(ahead, num_workers))"),
        says=("wanted 4: fill up by one for each that is", "fill up by one for each that is")),
    right("prefetch", "cancelled one by one",
        solution="""
    source, waiting = iter(jobs), deque()
    pool = ThreadPoolExecutor(max_workers=num_workers)
    try:
        for job in islice(source, ahead):
            waiting.append(pool.submit(make, job))
        while waiting:
            oldest = waiting.popleft()
            oldest.result()
            for job in islice(source, 1):
                waiting.append(pool.submit(make, job))
            yield oldest.result()
    finally:
        for future in waiting:
            future.cancel()
        pool.shutdown()
    """),
    right("prefetch", "an error looked for first",
        (
            "made = waiting.popleft().result()",
            (
                "future = waiting.popleft()\n"
                "            made = future.result()\n"
                "            del future"
            ),
        )),

    wrong("dataloader", "the last batch counted though it is dropped", "test-dataloader",
        ("full if self.drop_last or rest == 0 else full + 1", "full if rest == 0 else full + 1"),
        says=("len of a DataLoader", "drop_last=True")),
    wrong("dataloader", "the last batch never counted", "test-dataloader",
        ("full if self.drop_last or rest == 0 else full + 1", "full"), says=("len of a DataLoader",)),
    wrong("dataloader", "a batch too many", "test-dataloader",
        (" or rest == 0 else", " else"), says=("len of a DataLoader of 8 items, batch_size=4",)),
    wrong("dataloader", "the last batch never dropped", "test-dataloader",
        ("order[:len(self)]", "order"), says=("drop_last=True", "every batch")),
    wrong("dataloader", "always shuffled", "test-dataloader", ("self.batch_size, self.shuffle)", "self.batch_size)"),
        says=("epoch 1 of a DataLoader",)),
    wrong("dataloader", "never shuffled", "test-dataloader",
        ("self.batch_size, self.shuffle)", "self.batch_size, False)"), says=("after manual_seed(3)",)),
    wrong("dataloader", "the seed before the order", "test-dataloader",
        ("        order = batch", "        seed = generator().integers(2**63)\n        order = batch"),
        ("jobs, seed = enumerate(order[:len(self)]), generator().integers(2**63)",
         "jobs = enumerate(order[:len(self)])"), says=("before anything else is drawn",)),
    wrong("dataloader", "a seed that is always 0", "test-workers",
        ("generator().integers(2**63)", "0"), says=("the same numbers", "draw a seed")),
    wrong("dataloader", "a seed of a byte", "test-workers", ("integers(2**63)", "integers(256)"),
        says=("80 epochs drew", "different numbers")),
    wrong("dataloader", "a seed from nowhere", "test-workers",
        ("generator().integers(2**63)", "np.random.default_rng().integers(2**63)"), says=("other batches than none",)),
    wrong("dataloader", "no generator of the batch's own", "test-dataloader",
        ("partial(seeded_batch, self.dataset, self.collate_fn, seed)",
         "lambda job: make_batch(self.dataset, job[1], self.collate_fn)"),
        says=("after iter()", "a generator of its own")),
    wrong("dataloader", "one batch ahead for each worker", "test-workers",
        ("self.num_workers * self.prefetch_factor)", "self.num_workers)"), says=("how far ahead",)),
    wrong("dataloader", "prefetch_factor batches ahead", "test-workers",
        ("self.num_workers * self.prefetch_factor)", "self.prefetch_factor)"), says=("how far ahead",)),
    wrong("dataloader", "no workers", "test-workers",
        ("        if self.num_workers == 0:\n            return (make(job) for job in jobs)\n"
         "        return prefetch(make, jobs, self.num_workers, self.num_workers * self.prefetch_factor)",
         "        return (make(job) for job in jobs)"), says=("batches made while the first is used",)),
    wrong("dataloader", "a worker where none was asked for", "test-workers",
        ("        if self.num_workers == 0:\n            return (make(job) for job in jobs)\n"
         "        return prefetch(make, jobs, self.num_workers, self.num_workers * self.prefetch_factor)",
         "        workers = max(1, self.num_workers)\n"
         "        return prefetch(make, jobs, workers, workers * self.prefetch_factor)"),
        says=("num_workers=0",)),
    wrong("dataloader", "all batches made at once", "test-workers",
        ("return (make(job) for job in jobs)", "return iter([make(job) for job in jobs])"), says=("num_workers=0",)),
    wrong("dataloader", "a generator that draws late", "test-dataloader",
        ("        if self.num_workers == 0:\n            return (make(job) for job in jobs)\n        return prefetch(",
         "        if self.num_workers == 0:\n            yield from (make(job) for job in jobs)\n            return\n"
         "        yield from prefetch("), says=("after iter()",)),
    wrong("dataloader", "a collate_fn that is lost", "test-dataloader",
        ("partial(seeded_batch, self.dataset, self.collate_fn, seed)",
         "partial(seeded_batch, self.dataset, None, seed)"), says=("collate_fn makes them",)),
    wrong("dataloader", "one epoch only", "test-dataloader",
        ("        order = batch_indices(len(self.dataset), self.batch_size, self.shuffle)\n",
         "        if 'order' not in vars(self):\n"
         "            self.order = iter(batch_indices(len(self.dataset), self.batch_size, self.shuffle))\n"
         "        order = list(self.order)\n"), says=("epoch 2 of a DataLoader",)),
    wrong("dataloader", "the first epoch's order for all", "test-dataloader",
        ("        order = batch_indices(len(self.dataset), self.batch_size, self.shuffle)\n",
         "        if 'order' not in vars(self):\n"
         "            self.order = batch_indices(len(self.dataset), self.batch_size, self.shuffle)\n"
         "        order = self.order\n"), says=("two shuffled epochs", "a new one for each")),
    right("dataloader", "rounded up", ("full if self.drop_last or rest == 0 else full + 1",
        "full + bool(rest and not self.drop_last)")),
    wrong("dataloader", "a map", "test-dataloader",
        ("return (make(job) for job in jobs)", "return map(make, jobs)"),
        says=("raising StopIteration", "as if that were all")),
    right("dataloader", "a generator function",
        ("            return (make(job) for job in jobs)\n",
         "            def made():\n                for job in jobs:\n                    yield make(job)\n"
         "            return made()\n")),
    wrong("dataloader", "a seed of 31 bits", "test-workers",
        ("integers(2**63)", "integers(2**31)"),
        says=("gave [0.616424376405888", "the epoch's seed is drawn from 0 to")),
    wrong("dataloader", "a seed of 32 bits", "test-workers",
        ("integers(2**63)", "integers(2**32)"),
        says=("gave [0.561454624665092", "the epoch's seed is drawn from 0 to")),
    wrong("dataloader", "the seed kept in the loader", "test-workers",
        (
            (
                "jobs, seed = enumerate(order[:len(self)]), generator().integers(2**63)\n"
                "        make = partial(seeded_batch, self.dataset, self.collate_fn, seed)"
            ),
            (
                "jobs, self.seed = enumerate(order[:len(self)]), generator().integers(2**63)\n"
                "        def make(job): return seeded_batch(self.dataset,"
                " self.collate_fn, self.seed, job)"
            ),
        ),
        says=("are not what they are one after the other", "keep an epoch's order and its seed")),
    wrong("dataloader", "the jobs kept in the loader", "test-workers",
        (
            "return (make(job) for job in jobs)",
            (
                "self.jobs = jobs\n"
                "            return (make(job) for job in iter(lambda: next(self.jobs, None), None))"
            ),
        ),
        says=("are not what they are one after the other", "keep an epoch's order and its seed")),
    wrong("dataloader", "another epoch's numbers for the batches", "test-workers",
        ("enumerate(order[:len(self)])", "enumerate(order[:len(self)], 1)"),
        says=("gave [0.15490212020149907", "the epoch's seed is drawn from 0 to")),
    wrong("dataloader", "short batches left out in any case of workers", "test-dataloader",
        ("order[:len(self)]", "[piece for piece in order if len(piece) == self.batch_size]"),
        says=("gave [[0, 1, 4, 9], [16, 25, 36, 49]]", "every batch, in order, in each")),
    wrong("dataloader", "a second draw where there are workers", "test-workers",
        ("        return prefetch(", "        generator().random()\n        return prefetch("),
        says=("gave other batches than none: each batch", "each batch has a generator of its")),
    wrong("dataloader", "one worker is none", "test-workers",
        ("if self.num_workers == 0:", "if self.num_workers <= 1:"),
        says=("gave 1, wanted 2: how far ahead is a", "how far ahead is a product of the")),
    wrong("dataloader", "sizes of an int8", "test-dataloader",
        ("divmod(len(self.dataset), self.batch_size)", "divmod(len(self.dataset) - self.drop_last, self.batch_size)"),
        says=("gave 1, wanted 2: count the batches", "count the batches")),
    right("dataloader", "an int for a seed",
        ("generator().integers(2**63)", "int(generator().integers(0, 2**63 - 1, endpoint=True))")),
    right("dataloader", "short ones filtered",
        ("order[:len(self)]", "[piece for piece in order if not self.drop_last or len(piece) == self.batch_size]")),
    right("dataloader", "an inner generator",
        (
            "            return (make(job) for job in jobs)\n",
            (
                "            def made():\n"
                "                for job in jobs:\n"
                "                    yield make(job)\n"
                "            return made()\n"
            ),
        )),

    wrong("question-loading", "whole batches", "test-question-loading", ("1000 % 48", "1000 // 48"),
        says=("left_out is 20", "whole batches")),
    wrong("question-loading", "none left out", "test-question-loading", ("1000 % 48", "0"), says=("left_out is 0",)),
    wrong("question-loading", "one batch for each worker", "test-question-loading",
        ("3 * 4 * 64 * 224 * 224 * 3 * 4", "3 * 64 * 224 * 224 * 3 * 4"), says=("how many batches are ahead",)),
    wrong("question-loading", "numbers for bytes", "test-question-loading",
        ("3 * 4 * 64 * 224 * 224 * 3 * 4", "3 * 4 * 64 * 224 * 224 * 3"), says=("how large is one",)),
    wrong("question-loading", "rounded down", "test-question-loading", ("workers_needed = 4", "workers_needed = 3"),
        says=("workers_needed is 3",)),
    right("question-loading", "answers as results", ("1000 % 48", "40")),
]
