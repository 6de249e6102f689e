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
# Lesson 10: Tokenization

> Tokenizers: text as numbers, by characters, by bytes, and by pieces learned from a text (BPE).

About 4 hours: 11 exercises, some 50 lines to write, and an open question. Needs no other lesson.
Makes `tinytorch.core.tokenization`: `CharTokenizer`, `BPETokenizer`, `pretokenize`, `merge`.
"""

# %%
#| default_exp core.tokenization

# %%
#| export
import re
from collections import Counter
from collections import defaultdict
from collections.abc import Iterable
from collections.abc import Mapping
from collections.abc import Sequence
from itertools import pairwise
from operator import index

from tinytorch.support.tokenizer_files import SavedTokenizer
from tinytorch.support.tokenizer_input import as_utf8
from tinytorch.support.tokenizer_input import checked_ids

# %%

# %% [markdown]
r"""
### Exercise: CharTokenizer
"""

# %% nbgrader={"solution": true, "grade_id": "char-tokenizer"}
#| export
class CharTokenizer(SavedTokenizer):
    """One token for each character of the text that it was trained on."""

    def __init__(self, characters: Iterable[str]):
        self.tokens = list(characters)
        self.ids = {character: number for number, character in enumerate(self.tokens)}

    def learned(self) -> list[str]: return self.tokens

    @classmethod
    def train(cls, text: str) -> "CharTokenizer":
        ### BEGIN SOLUTION
        return cls(sorted(set(text)))
        ### END SOLUTION

    def encode(self, text: str) -> list[int]:
        ### BEGIN SOLUTION
        unknown = sorted(set(text) - self.ids.keys())
        if unknown:
            raise ValueError(f"not in the vocabulary of {self.vocab_size} characters: {unknown}")
        return [self.ids[character] for character in text]
        ### END SOLUTION

    def decode(self, ids: Iterable[int]) -> str:
        ### BEGIN SOLUTION
        return "".join(self.tokens[i] for i in checked_ids(ids, self.vocab_size))
        ### END SOLUTION

# %% [markdown]
r"""
### Exercise: ByteTokenizer
"""

# %% nbgrader={"solution": true, "grade_id": "byte-tokenizer"}
#| exporti
class ByteTokenizer:
    """One token for each byte of UTF-8."""

    def __init__(self):
        self.tokens = [bytes([number]) for number in range(256)]

    def encode(self, text: str | bytes) -> list[int]:
        ### BEGIN SOLUTION
        return list(as_utf8(text))
        ### END SOLUTION

    def decode_bytes(self, ids: Iterable[int]) -> bytes:
        ### BEGIN SOLUTION
        return b"".join([self.tokens[i] for i in checked_ids(ids, len(self.tokens))])
        ### END SOLUTION

    def decode(self, ids: Iterable[int]) -> str:
        ### BEGIN SOLUTION
        return self.decode_bytes(ids).decode("utf-8", errors="replace")
        ### END SOLUTION

# %% [markdown]
r"""
### Exercise: pretokenize
"""

# %% nbgrader={"solution": true, "grade_id": "pretokenize"}
#| export
def pretokenize(text: str) -> list[str]:
    """The pieces of a text."""
    ### BEGIN SOLUTION
    word, number, signs = r" ?[^\W\d_]+", r" ?\d+", r" ?(?:[^\w\s]|_)+\n*"
    return re.findall(rf"{word}|{number}|{signs}|\s+(?= \S)|\s+", text)
    ### END SOLUTION

# %%
#| exporti
def byte_pieces(text: str | bytes) -> list[bytes]:
    """The pieces of a text in UTF-8, or of any bytes; joined, they are the bytes of the text."""
    text = as_utf8(text).decode("utf-8", errors="surrogateescape")
    return [piece.encode("utf-8", errors="surrogateescape") for piece in pretokenize(text)]

# %% [markdown]
r"""
### Exercise: pair_counts
"""

# %% nbgrader={"solution": true, "grade_id": "pair-counts"}
#| export
def pair_counts(words: Mapping[Sequence[int], int]) -> Counter[tuple[int, int]]:
    """How often each pair of neighbours comes in words that come so many times."""
    ### BEGIN SOLUTION
    counts = Counter()
    for word, times in words.items():
        for pair in pairwise(word):
            counts[pair] += times
    return counts
    ### END SOLUTION

# %% [markdown]
r"""
### Exercise: merge
"""

# %% nbgrader={"solution": true, "grade_id": "merge"}
#| export
def merge(ids: Sequence[int], pair: tuple[int, int], new: int) -> list[int]:
    """A copy of `ids` with `new` in the place of each `pair`."""
    ### BEGIN SOLUTION
    first, second = pair
    merged = []
    for i in ids:
        if i == second and merged and merged[-1] == first:
            merged[-1] = new
        else:
            merged.append(i)
    return merged
    ### END SOLUTION

# %% [markdown]
r"""
### Exercise: best_pair
"""

# %% nbgrader={"solution": true, "grade_id": "best-pair"}
#| exporti
def best_pair(counts: Mapping[tuple[int, int], int]) -> tuple[int, int]:
    """The pair with the highest count; among equals the smallest, compared as Python does tuples."""
    ### BEGIN SOLUTION
    highest = max(counts.values())
    return min(pair for pair, count in counts.items() if count == highest)
    ### END SOLUTION

# %% [markdown]
r"""
### Exercise: plain_merges
"""

# %% nbgrader={"solution": true, "grade_id": "plain-merges"}
#| exporti
def plain_merges(words: Mapping[Sequence[int], int], count: int) -> list[tuple[int, int]]:
    """The first `count` merges, all pairs being counted anew for each."""
    ### BEGIN SOLUTION
    merges = []
    while len(merges) < count and (counts := pair_counts(words)):
        pair, new = best_pair(counts), 256 + len(merges)
        words = {tuple(merge(word, pair, new)): times for word, times in words.items()}
        merges.append(pair)
    return merges
    ### END SOLUTION

# %% [markdown]
r"""
### Exercise: PairIndex
"""

# %% nbgrader={"solution": true, "grade_id": "pair-index"}
#| exporti
class PairIndex:
    """Words, and for each pair in them its count and the places of the words that hold it."""

    def __init__(self, words: Mapping[Sequence[int], int]):
        self.words, self.times = [list(word) for word in words], list(words.values())
        self.counts, self.holders = Counter(), defaultdict(set)
        for place in range(len(self.words)):
            self.add(place)

    def add(self, place: int) -> None:
        """Count the pairs of the word at `place` in."""
        for pair in pairwise(self.words[place]):
            self.counts[pair] += self.times[place]
            self.holders[pair].add(place)

    def remove(self, place: int) -> None:
        """Count the pairs of the word at `place` out."""
        ### BEGIN SOLUTION
        for pair in pairwise(self.words[place]):
            self.counts[pair] -= self.times[place]
            self.holders[pair].discard(place)
            if not self.counts[pair]:
                del self.counts[pair], self.holders[pair]
        ### END SOLUTION

    def merge(self, pair: tuple[int, int], new: int) -> None:
        """Put `new` in the place of each `pair`."""
        ### BEGIN SOLUTION
        for place in list(self.holders[pair]):
            self.remove(place)
            self.words[place] = merge(self.words[place], pair, new)
            self.add(place)
        ### END SOLUTION

# %%
#| exporti
def learn_merges(words: Mapping[Sequence[int], int], count: int) -> list[tuple[int, int]]:
    """The first `count` merges, as `plain_merges` gives them, from counts that are kept up to date."""
    pairs, merges = PairIndex(words), []
    while len(merges) < count and pairs.counts:
        merges.append(best_pair(pairs.counts))
        pairs.merge(merges[-1], 255 + len(merges))
    return merges

# %% [markdown]
r"""
### Exercise: token_bytes
"""

# %% nbgrader={"solution": true, "grade_id": "token-bytes"}
#| exporti
def token_bytes(merges: Iterable[tuple[int, int]]) -> list[bytes]:
    """The bytes of each token."""
    ### BEGIN SOLUTION
    tokens = ByteTokenizer().tokens
    for pair in merges:
        first, second = checked_ids(pair, len(tokens))
        tokens.append(tokens[first] + tokens[second])
    return tokens
    ### END SOLUTION

# %% [markdown]
r"""
### Exercise: encode_word
"""

# %% nbgrader={"solution": true, "grade_id": "encode-word"}
#| exporti
def encode_word(word: Sequence[int], ranks: Mapping[tuple[int, int], int]) -> list[int]:
    """The tokens of one word."""
    ### BEGIN SOLUTION
    word = list(word)
    while True:
        pair = min(pairwise(word), key=lambda pair: ranks.get(pair, len(ranks)), default=None)
        if pair not in ranks:
            return word
        word = merge(word, pair, 256 + ranks[pair])
    ### END SOLUTION

# %% [markdown]
r"""
### Exercise: BPETokenizer
"""

# %% nbgrader={"solution": true, "grade_id": "bpe-tokenizer"}
#| export
class BPETokenizer(ByteTokenizer, SavedTokenizer):
    """Tokens of one byte and more."""

    def __init__(self, merges: Iterable[tuple[int, int]]):
        self.merges = [tuple(map(index, pair)) for pair in merges]
        self.tokens = token_bytes(self.merges)
        self.ranks = {pair: rank for rank, pair in enumerate(self.merges)}
        self.cache: dict[bytes, list[int]] = {}

    def learned(self) -> list[tuple[int, int]]: return self.merges

    @classmethod
    def train(cls, text: str | bytes, vocab_size: int) -> "BPETokenizer":
        if vocab_size < 256:
            raise ValueError(f"vocab_size must be at least 256, the bytes' tokens, got {vocab_size}")
        ### BEGIN SOLUTION
        return cls(learn_merges(Counter(byte_pieces(text)), vocab_size - 256))
        ### END SOLUTION

    def encode(self, text: str | bytes) -> list[int]:
        ### BEGIN SOLUTION
        ids = []
        for piece in byte_pieces(text):
            if piece not in self.cache:
                self.cache[piece] = encode_word(piece, self.ranks)
            ids += self.cache[piece]
        return ids
        ### END SOLUTION
