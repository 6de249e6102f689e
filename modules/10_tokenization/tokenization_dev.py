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

A network takes numbers, and a text is characters. The pieces of text that get a number each are
called *tokens*, the list of all tokens is the *vocabulary*, and what turns a text into token
numbers and back is a *tokenizer*. A language model, as lessons 11 to 13 build it, reads these
numbers and predicts the next one. What the pieces are decides how much text it sees at once, how
large it is, and whether it can read a word that it has never seen.

You will build a tokenizer of characters, one of bytes, which encodes anything that a computer can
store, and byte-pair encoding (BPE), whose tokens are learned from a text: by a plain method first,
and then by one that is quick enough for all of Shakespeare.

About 4 hours: 12 exercises, some 60 lines to write, and an open question. Needs no other lesson.
Makes `tinytorch.core.tokenization`: `CharTokenizer`, `BPETokenizer`, `pretokenize` and `merge`.
"""

# %%
#| default_exp core.tokenization

# %%
#| export
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from operator import index

from tinytorch.support.tokenizer_files import SavedTokenizer
from tinytorch.support.tokenizer_input import as_utf8, checked_characters, checked_ids
from tinytorch.support.word_cache import WordCache

# %%
from tinytorch.support import checks_tokens as checks
from tinytorch.support.checks import check, equal, outcome, raises

# %% [markdown]
r"""
## The text

We take the works of Shakespeare. Three plays are held out: what is learned from the other works is
to be measured on text that had no part in it.
"""

# %%
from tinytorch.support.data import load_shakespeare

works, plays = load_shakespeare()
text, held_out = "\n\n".join(works.values()), "\n\n".join(plays.values())
print(f"{len(works)} works of {len(text):,} characters; held out: {', '.join(plays)}")
print(plays["Macbeth"][4904:5142])

# %% [markdown]
r"""
## Characters

The simplest token is a character. The vocabulary is then the set of all characters that the text
holds, and a token's number is its place in a sorted list of them. (The order of a `set` of strings
may change each time that Python starts. A model that has learned one order reads nonsense in
another.)

### Exercise: CharTokenizer

`tokens` is the list of characters, and `ids` the dict from a character to its number. The base
class, `SavedTokenizer` of `tinytorch.support`, adds `vocab_size`, `load`, and `save`, which writes
what `learned` gives. What is not in the vocabulary must be refused, in both directions. Python
itself would answer `tokens[-1]` with the last token. So use `checked_ids(ids, vocab_size)`, which
gives the numbers as a list, or raises a ValueError that names the first one that is not a token.
"""

# %% nbgrader={"solution": true, "grade_id": "char-tokenizer"}
#| export
class CharTokenizer(SavedTokenizer):
    """One token for each character that its text holds, numbered in the order of code points."""

    def __init__(self, characters: Iterable[str]):
        self.tokens = checked_characters(characters)
        self.ids = {character: number for number, character in enumerate(self.tokens)}

    def learned(self) -> list[str]: return self.tokens

    @classmethod
    def train(cls, text: str) -> "CharTokenizer":
        """A `cls` of the characters in `text`: CharTokenizer.train("noon").tokens == ["n", "o"]"""
        ### BEGIN SOLUTION
        return cls(sorted(set(text)))
        ### END SOLUTION

    def encode(self, text: str) -> list[int]:
        """A number for each character; ValueError naming all characters that are not tokens."""
        ### BEGIN SOLUTION
        unknown = sorted(set(text) - self.ids.keys())
        if unknown:
            raise ValueError(f"{unknown} are none of the {self.vocab_size} characters known")
        return [self.ids[character] for character in text]
        ### END SOLUTION

    def decode(self, ids: Iterable[int]) -> str:
        """The text of token numbers; ValueError naming one that is not in the vocabulary."""
        ### BEGIN SOLUTION
        return "".join([self.tokens[i] for i in checked_ids(ids, self.vocab_size)])
        ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-char-tokenizer", "points": 4}
# Check of CharTokenizer: run it when your cell has run.
@check
def test_unit_char_tokenizer():
    cases = [("banana split", " abilnpst", "plan", [6, 4, 1, 5]), ("Zoo\n", "\nZo", "", [])]
    cases += [("to be, or not", " ,benort", "bent", [2, 3, 4, 7])]
    ### BEGIN HIDDEN TESTS
    cases += [("\u00e9t\u00e9, z", " ,tz\u00e9", "z\u00e9", [3, 4]), ("aA", "Aa", "aA", [1, 0])]
    ### END HIDDEN TESTS
    for learned, characters, other, wanted in cases:
        tokenizer, what = CharTokenizer.train(learned), f"CharTokenizer.train({learned!a})"
        equal(f"{what}.tokens", tokenizer.tokens, list(characters), "each once, in sorted order")
        call = f"{what}.encode({other!a})"
        checks.tokens(call, lambda: tokenizer.encode(other), wanted, "places in tokens")
        back = outcome(f"{what}.decode({wanted})", lambda: tokenizer.decode(wanted))
        equal(f"{what}.decode({wanted})", back, other, "the characters at these places")
    checks.makes_its_own(CharTokenizer, "abc")

test_unit_char_tokenizer()

# %% nbgrader={"grade": true, "grade_id": "test-char-tokenizer-refuses", "points": 3}
# Check of CharTokenizer: run it when your cell has run.
@check
def test_unit_char_tokenizer_refuses(learned, asked, *unknown):
    tokenizer = CharTokenizer.train(learned)
    call = f"CharTokenizer.train({learned!r}).encode({asked!a})"
    raises(call, lambda: tokenizer.encode(asked), ValueError, *unknown, idea="name all of them")
    checks.out_of_range("decode", tokenizer.decode, -1, len(set(learned)), 1000)

test_unit_char_tokenizer_refuses("abc", "a cab?", "' '", "'?'")
test_unit_char_tokenizer_refuses("To be", "Toxbyz", "'x'", "'y'", "'z'")
### BEGIN HIDDEN TESTS
test_unit_char_tokenizer_refuses("to", "TOtt", "'O'", "'T'")
### END HIDDEN TESTS

# %%
characters = CharTokenizer.train(text)
print(characters, "".join(characters.tokens[2:]))
print("new in the plays:", set(held_out) - set(text), characters.encode("To be"))

# %% [markdown]
r"""
The three plays hold no new character, but a letter from a French friend would. And a model that
looks at 64 tokens at a time sees 64 characters here, little more than a line of verse.

## Words

Sixty-four words are far more text. How many different words are there, when more and more of the
text has been read? And how many words of the plays are in none of the other works?
"""

# %%
words = re.findall(r"[A-Za-z']+", text)
for share in [16, 8, 4, 2, 1]:
    part = words[: len(words) // share]
    print(f"{len(part):9,} words read: {len(set(part)):7,} different ones")

new = set(re.findall(r"[A-Za-z']+", held_out)) - set(words)
print(f"{len(new):,} words of the plays are new, such as", *sorted(new)[500:506])

# %% [markdown]
r"""
The list of words does not end: each time the text doubles, the list grows by more than a third.
Each word would need weights of its own in a model, and still some could not be read. So tokens
should be longer than a character and fewer than all words, and nothing should be unknown.

## Bytes

A file holds bytes, numbers from 0 to 255. In UTF-8, the usual code, a character of ASCII is one
byte and any other character is two to four bytes:
"""

# %%
for character in ["e", "\u00e9", "\u20ac", "\U0001f3ad"]:
    print(ascii(character), list(character.encode("utf-8")))

# %% [markdown]
r"""
With these 256 numbers as tokens any text can be encoded, and any other file. The reverse does not
hold: not all bytes are a text. The first two bytes of the last character above, for instance, are
not. Where bytes are not UTF-8, `data.decode("utf-8", errors="replace")` gives U+FFFD, the
*replacement character*.

### Exercise: ByteTokenizer

`as_utf8(text)` gives the bytes of a str, and bytes as they are. (It refuses a *lone surrogate*, the
half of a character that some programs leave in a str.) `tokens[i]` holds the bytes of token `i`.
Here that is one byte, but `BPETokenizer` below inherits your methods and has longer tokens. Decode
the whole, not token by token: a character may begin in one token and end in the next.
"""

# %% nbgrader={"solution": true, "grade_id": "byte-tokenizer"}
#| exporti
class ByteTokenizer:
    """One token for each byte of a text in UTF-8. `tokens[i]` is the bytes of token `i`."""

    def __init__(self):
        self.tokens = [bytes([number]) for number in range(256)]

    def encode(self, text: str | bytes) -> list[int]:
        """The bytes as numbers: ByteTokenizer().encode("A\u00e9") == [65, 195, 169]"""
        ### BEGIN SOLUTION
        return list(as_utf8(text))
        ### END SOLUTION

    def decode_bytes(self, ids: Iterable[int]) -> bytes:
        """The tokens' bytes, joined; ValueError naming a number that is not in the vocabulary."""
        ### BEGIN SOLUTION
        return b"".join([self.tokens[i] for i in checked_ids(ids, len(self.tokens))])
        ### END SOLUTION

    def decode(self, ids: Iterable[int]) -> str:
        """The text; U+FFFD where bytes are not UTF-8, as in `bytes.decode(errors="replace")`."""
        ### BEGIN SOLUTION
        return self.decode_bytes(ids).decode(errors="replace")
        ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-byte-tokenizer", "points": 6}
# Check of ByteTokenizer: run it when your cell has run.
@check
def test_unit_byte_tokenizer():
    cases = [("Zoo", [90, 111, 111]), ("\u20ac!", [226, 130, 172, 33]), (b"\xffa", [255, 97])]
    more = [([65, 195], b"A\xc3"), ([226, 130, 33], b"\xe2\x82!"), ([84, 256, 32], b"T the ")]
    ### BEGIN HIDDEN TESTS
    cases += [("\U0001f600", [240, 159, 152, 128]), (b"", []), ("n\u00e9", [110, 195, 169])]
    more += [([240, 159, 152], b"\xf0\x9f\x98"), ([257, 169, 65], "\u00e9A".encode()), ([], b"")]
    ### END HIDDEN TESTS
    tokenizer = ByteTokenizer()
    for given, wanted in cases:
        call = f"ByteTokenizer().encode({given!a})"
        checks.tokens(call, lambda: tokenizer.encode(given), wanted, "a number for each byte")
        checks.comes_back("ByteTokenizer()", tokenizer, given)
    checks.out_of_range("decode", tokenizer.decode, -1, 256)
    checks.out_of_range("decode_bytes", tokenizer.decode_bytes, -256, 1000)
    tokenizer.tokens += [b" the", b"\xc3"]
    for ids, wanted in more:
        checks.decodes("with tokens 256 b' the' and 257 b'\\xc3'", tokenizer, ids, wanted)

test_unit_byte_tokenizer()

# %% [markdown]
r"""
## Pieces

Bytes are even shorter than characters. *Byte-pair encoding* (BPE) makes longer tokens of them. It
takes the pair of neighbours that the text holds most often, gives this pair a number of its own,
and begins again. Gage described it in 1994 for compressing files, Sennrich, Haddow and Birch used
it on words (2016, arXiv:1508.07909), and GPT-2 on bytes.

First the text is cut into pieces, and no token reaches from one piece into the next. Otherwise
"dog.", "dog!" and "dog?" would each be learned as a token. It saves work, too: the same pieces come
again and again, and each needs to be looked at only once.

### Exercise: pretokenize

There are four kinds of pieces. A character of the text belongs to exactly one of them:

- a **word**: letters, with one space before them if there is one;
- a **number**: digits, with one space before them if there is one;
- **signs**: all that is neither letter, digit nor white space, with one space before them if there
  is one, *and* with all newlines right behind them;
- **white space**: the rest, as long as it goes on. Its last character is left to the next piece if
  it is a space and the text goes on.

In Python's regular expressions `\d` is a digit, `\s` white space, and `\w` a letter, a digit or
`_`, of any script. So `[^\W\d_]` is a letter: a `\w`, but neither a digit nor `_`, which is a sign.
A `?` makes what is before it optional, `A|B` matches `A`, or else `B`, and `\s+(?= \S)` matches
white space before a space and something else, of which it takes neither. `re.findall(pattern,
text)` gives all matches, one after another.
"""

# %% nbgrader={"solution": true, "grade_id": "pretokenize"}
#| export
def pretokenize(text: str) -> list[str]:
    r"""The text cut into words, numbers, signs and white space; joined, they are the text again.

    >>> pretokenize("Enter two Gentlemen,\n  and 12 dogs.")
    ['Enter', ' two', ' Gentlemen', ',\n', ' ', ' and', ' 12', ' dogs', '.']
    """
    ### BEGIN SOLUTION
    word, number, signs = r" ?[^\W\d_]+", r" ?\d+", r" ?(?:[^\w\s]|_)+\n*"
    return re.findall(rf"{word}|{number}|{signs}|\s+(?= \S)|\s+", text)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-pretokenize", "points": 6}
# Check of pretokenize: run it when your cell has run.
@check
def test_unit_pretokenize():
    cases = [
        ("no, not a", ["no", ",", " not", " a"]), ("don't 4", ["don", "'", "t", " 4"]),
        ("act 12th", ["act", " 12", "th"]), ("so!\n\n  Ay", ["so", "!\n\n", " ", " Ay"]),
        ("a\n\nb\nc   d\t e", ["a", "\n\n", "b", "\n", "c", "  ", " d", "\t", " e"]),
        ("x_y (z) ...\n", ["x", "_", "y", " (", "z", ")", " ...\n"]),
        ("so \n x  ", ["so", " \n", " x", "  "]), ("a\n7\n!", ["a", "\n", "7", "\n", "!"]),
    ]
    ### BEGIN HIDDEN TESTS
    cases += [("\u00e9t \u03b2\u0663", ["\u00e9t", " \u03b2", "\u0663"]), ("?\n O", ["?\n", " O"]),
              ("\n  _Go_\n\t7\r\n", ["\n ", " _", "Go", "_\n", "\t", "7", "\r\n"]), ("", [])]
    ### END HIDDEN TESTS
    for given, wanted in cases:
        checks.pieces(pretokenize, given, wanted, "words, numbers, signs, white space")
    for start in range(0, 0x3000, 0x100):
        checks.pieces(pretokenize, "".join(map(chr, range(start, start + 0x100))), None, "any text")

test_unit_pretokenize()

# %% [markdown]
r"""
From here on a piece is bytes. A text may also be given as bytes that are not UTF-8. Each of them
becomes a character that no proper text holds ("surrogateescape"), and after cutting a byte again.
"""

# %%
#| exporti
def byte_pieces(text: str | bytes) -> list[bytes]:
    """The pieces of a text as UTF-8; joined they are its bytes, whatever bytes they are."""
    characters = as_utf8(text).decode("utf-8", errors="surrogateescape")
    return [piece.encode("utf-8", errors="surrogateescape") for piece in pretokenize(characters)]

# %%
counted = Counter(byte_pieces(text))
print(f"{counted.total():,} pieces, {len(counted):,} different:", counted.most_common(6))

# %% [markdown]
r"""
## Counting pairs

### Exercise: pair_counts

The pieces, from here on called words, come with the number of times that the text holds them. Each
pair of neighbours in a word counts that often. In "aaa" the pair (a, a) counts twice.
"""

# %% nbgrader={"solution": true, "grade_id": "pair-counts"}
#| export
def pair_counts(words: Mapping[Sequence[int], int]) -> Counter[tuple[int, int]]:
    """How often each pair of neighbours comes in `words`, whose values say how often each comes.

    A word is a sequence of numbers: bytes, or a tuple. No pair goes from one word to the next.

    >>> dict(pair_counts({b"ab": 3, (98, 97, 98): 2}))
    {(97, 98): 5, (98, 97): 2}
    """
    ### BEGIN SOLUTION
    counts = Counter()
    for word, times in words.items():
        for pair in pairwise(word):
            counts[pair] += times
    return counts
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-pair-counts", "points": 3}
# Check of pair_counts: run it when your cell has run.
@check
def test_unit_pair_counts():
    cases = [({(1, 2, 3): 2, (2, 3): 5}, {(1, 2): 2, (2, 3): 7}), ({b"ab": 1}, {(97, 98): 1}),
             ({(7, 7, 7, 8): 4, (8, 7): 1}, {(7, 7): 8, (7, 8): 4, (8, 7): 1}), ({(5,): 3}, {})]
    ### BEGIN HIDDEN TESTS
    cases += [({(9, 1, 9, 1): 3, b"": 2, (1, 9): 2}, {(9, 1): 6, (1, 9): 5}), ({}, {})]
    ### END HIDDEN TESTS
    for words, wanted in cases:
        checks.gives(pair_counts, [words], wanted, "each pair, as often as its word comes")

test_unit_pair_counts()

# %%
sonnets = pair_counts(Counter(byte_pieces(works["Sonnets"][:700])))
print("count: pairs that have it", dict(sorted(Counter(sonnets.values()).items())))

# %% [markdown]
r"""
### Exercise: merge

The second part of a step puts a new number in the place of a pair. Pairs may overlap, as in "aaa".
Go from left to right: what has become part of a new token cannot be part of another.
"""

# %% nbgrader={"solution": true, "grade_id": "merge"}
#| export
def merge(ids: Sequence[int], pair: tuple[int, int], new: int) -> list[int]:
    """A new list: `ids` with `new` in the place of each `pair`, from left to right.

    `ids` is a list, a tuple or bytes, and stays as it is.

    >>> merge([1, 2, 1, 1, 1], (1, 1), 256)
    [1, 2, 256, 1]
    """
    ### BEGIN SOLUTION
    merged, before = [], None
    for i in ids:
        if (before, i) == pair:
            merged[-1], before = new, None
        else:
            merged.append(i)
            before = i
    return merged
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-merge", "points": 4}
# Check of merge: run it when your cell has run.
@check
def test_unit_merge():
    cases = [([1, 2, 3, 1, 2], (1, 2), 9, [9, 3, 9]), ((4, 4, 4, 4, 4), (4, 4), 9, [9, 9, 4]),
             ([2, 1, 2], (1, 2), 300, [2, 300]), (b"abab", (98, 97), 256, [97, 256, 98]),
             ([11, 2, 1], (1, 2), 3, [11, 2, 1]), ([], (1, 2), 3, [])]
    ### BEGIN HIDDEN TESTS
    cases += [([7, 8, 8, 7, 8], (7, 8), 257, [257, 8, 257]), (b"aaaa", (97, 97), 256, [256, 256]),
              ([3, 5, 3], (5, 5), 9, [3, 5, 3]), ((0, 1, 0, 0), (0, 0), 4, [0, 1, 4])]
    ### END HIDDEN TESTS
    for *given, wanted in cases:
        checks.gives(merge, given, wanted, "from the left, and no token is used twice")

test_unit_merge()

# %% [markdown]
r"""
### Exercise: best_pair

The pair to merge is the one with the highest count. As the counts above show, several pairs often
have the same one. Any of them would do, but without a rule it is the one that a dict happens to
hold first, and two programs learn different tokens from the same text. Here the smallest pair wins,
as Python compares tuples: by their first numbers, and if these are equal by the second.
"""

# %% nbgrader={"solution": true, "grade_id": "best-pair"}
#| exporti
def best_pair(counts: Mapping[tuple[int, int], int]) -> tuple[int, int]:
    """The pair with the highest count, and the smallest of them where several have it.

    `counts` holds at least one pair.

    >>> best_pair({(98, 97): 5, (97, 99): 5, (97, 98): 4})
    (97, 99)
    """
    ### BEGIN SOLUTION
    highest = max(counts.values())
    return min(pair for pair, count in counts.items() if count == highest)
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-best-pair", "points": 3}
# Check of best_pair: run it when your cell has run.
@check
def test_unit_best_pair():
    cases = [({(5, 6): 1, (7, 8): 3}, (7, 8)), ({(9, 1): 4, (2, 300): 4, (2, 30): 3}, (2, 300)),
             ({(2, 9): 7, (2, 1): 7, (3, 0): 7}, (2, 1)), ({(256, 4): 1}, (256, 4))]
    ### BEGIN HIDDEN TESTS
    cases += [({(99, 300): 5, (100, 2): 5}, (99, 300)), ({(30, 4): 6, (4, 200): 6}, (4, 200))]
    ### END HIDDEN TESTS
    for counts, wanted in cases:
        checks.gives(best_pair, [counts], wanted, "the highest count, and then the smallest pair")

test_unit_best_pair()

# %% [markdown]
r"""
## The plain method

### Exercise: plain_merges

Count the pairs, take the best, merge it in every word, and begin again. The new tokens are numbered
from 256 on, after the bytes. When each word has become a single token no pair is left, and the list
of merges ends there, even if more were asked for.
"""

# %% nbgrader={"solution": true, "grade_id": "plain-merges"}
#| exporti
def plain_merges(words: Mapping[Sequence[int], int], count: int) -> list[tuple[int, int]]:
    """The first `count` merges for `words`, or all there are, counting every pair anew for each.

    The first makes token 256, the next 257. `words` stays as it is.

    >>> plain_merges({b"hat": 2, b"that": 1}, 2)
    [(97, 116), (104, 256)]
    """
    ### BEGIN SOLUTION
    merges = []
    while len(merges) < count and (counts := pair_counts(words)):
        pair, new = best_pair(counts), 256 + len(merges)
        words = {tuple(merge(word, pair, new)): times for word, times in words.items()}
        merges.append(pair)
    return merges
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-plain-merges", "points": 5}
# Check of plain_merges: run it when your cell has run.
@check
def test_unit_plain_merges():
    cases = [({b"hat": 2, b"that": 1}, 9, [(97, 116), (104, 256), (116, 257)]),
             ({b"aaaaaaa": 1}, 2, [(97, 97), (256, 256)]), ({b"ab": 1, b"cd": 1}, 1, [(97, 98)]),
             ({b"ab": 3, b"zz": 2, b"cd": 1}, 2, [(97, 98), (122, 122)]), ({b"x": 5}, 4, [])]
    ### BEGIN HIDDEN TESTS
    cases += [({b"aaaaaaa": 1}, 9, [(97, 97), (256, 256), (256, 97), (257, 258)]), ({}, 1, []),
              ({b"dc": 2, b"ab": 2, b"abdc": 1}, 5, [(97, 98), (100, 99), (256, 257)])]
    ### END HIDDEN TESTS
    for *given, wanted in cases:
        checks.gives(plain_merges, given, wanted, "count anew after each merge, until none is left")

test_unit_plain_merges()

# %% [markdown]
r"""
What does it learn from one play?
"""

# %%
import time

hamlet, start = Counter(byte_pieces(works["Hamlet"])), time.perf_counter()
learned = plain_merges(hamlet, 30)
print(f"30 merges in {time.perf_counter() - start:.2f} s, {len(hamlet):,} different words")
print(*[repr(chr(first) + chr(second)) for first, second in learned if max(first, second) < 256])

# %% [markdown]
r"""
## The same merges, sooner

For each merge the plain method goes through all words, though only those that hold the pair change.
So keep the counts from one merge to the next, and for each pair the places of the words that hold
it, its *holders*:

    words    [[104, 97, 116], [116, 104, 97, 116]]     "hat" and "that"
    times    [2, 1]
    counts   {(104, 97): 3, (97, 116): 3, (116, 104): 1}
    holders  {(104, 97): {0, 1}, (97, 116): {0, 1}, (116, 104): {1}}

### Exercise: PairIndex

To replace a pair, go through its holders: take the word's pairs out of `counts` and `holders`,
change the word, and add its new pairs. A pair whose count has come down to 0 must leave both dicts,
or it may be chosen one day. And Python does not let you loop over a set while it changes.
"""

# %% nbgrader={"solution": true, "grade_id": "pair-index"}
#| exporti
class PairIndex:
    """Words, how often each comes, and for each pair in them its count and its holders' places."""

    def __init__(self, words: Mapping[Sequence[int], int]):
        self.words, self.times = [list(word) for word in words], list(words.values())
        self.counts, self.holders = Counter(), defaultdict(set)
        for place in range(len(self.words)):
            self.add(place)

    def add(self, place: int) -> None:
        for pair in pairwise(self.words[place]):
            self.counts[pair] += self.times[place]
            self.holders[pair].add(place)

    def remove(self, place: int) -> None:
        """Undo `add`: the pairs of the word at `place` no longer count; none keeps a count of 0."""
        ### BEGIN SOLUTION
        for pair in pairwise(self.words[place]):
            self.counts[pair] -= self.times[place]
            self.holders[pair].discard(place)
            if self.counts[pair] == 0:
                del self.counts[pair], self.holders[pair]
        ### END SOLUTION

    def replace(self, pair: tuple[int, int], new: int) -> None:
        """Merge `pair` into `new` in each word that holds it; no other word is looked at."""
        ### BEGIN SOLUTION
        for place in list(self.holders[pair]):
            self.remove(place)
            self.words[place] = merge(self.words[place], pair, new)
            self.add(place)
        ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-pair-index", "points": 8}
# Check of PairIndex: run it when your cell has run.
@check
def test_unit_pair_index():
    cases = [({b"hat": 2, b"that": 1, b"oh": 4}, ((97, 116), 256), ((104, 256), 257)),
             ({b"ababa": 3, b"ab": 1, b"ba": 2}, ((98, 97), 256), ((97, 256), 257)),
             ({b"aaaa": 2, b"caab": 5}, ((97, 97), 256), ((256, 256), 257), ((99, 256), 258))]
    ### BEGIN HIDDEN TESTS
    cases += [({b"aaaaa": 1, b"aa": 1, b"b": 3}, ((97, 97), 256), ((256, 256), 257)),
              ({b"xyxyz": 4, b"zxy": 2, b"yx": 7}, ((121, 120), 256), ((120, 121), 257)),
              ({b"dodo": 3, b"od": 3}, ((100, 111), 256), ((256, 256), 257), ((111, 100), 258))]
    ### END HIDDEN TESTS
    for words, *steps in cases:
        checks.replaced(PairIndex, words, *steps)

test_unit_pair_index()

# %% [markdown]
r"""
With it, learning is a loop of a few lines, and it must give the same merges as the plain method.
"""

# %%
#| exporti
def learn_merges(words: Mapping[Sequence[int], int], count: int) -> list[tuple[int, int]]:
    """What `plain_merges(words, count)` gives, from counts that are kept up to date."""
    pairs, merges = PairIndex(words), []
    while len(merges) < count and pairs.counts:
        merges.append(best_pair(pairs.counts))
        pairs.replace(merges[-1], 255 + len(merges))
    return merges

# %%
start = time.perf_counter()
again = learn_merges(hamlet, 30)
print(f"30 merges in {time.perf_counter() - start:.2f} s, the same: {again == learned}")

# %% [markdown]
r"""
## From merges to tokens

### Exercise: token_bytes

The merges are all that a tokenizer has learned, and its tokens follow from them: the first 256 are
the bytes, and each merge joins two earlier tokens into one. Merges may come from a damaged file, so
one of a token that does not exist yet must be refused.
"""

# %% nbgrader={"solution": true, "grade_id": "token-bytes"}
#| exporti
def token_bytes(merges: Iterable[Sequence[int]]) -> list[bytes]:
    r"""The bytes of each token: the 256 single bytes, then each merge's two tokens, joined.

    Raises ValueError, as `checked_ids` does, for a merge of a token that does not exist yet.

    >>> token_bytes([(97, 116), (104, 256)])[255:]
    [b'\xff', b'at', b'hat']
    """
    ### BEGIN SOLUTION
    tokens = ByteTokenizer().tokens
    for pair in merges:
        first, second = checked_ids(pair, len(tokens))
        tokens.append(tokens[first] + tokens[second])
    return tokens
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-token-bytes", "points": 3}
# Check of token_bytes: run it when your cell has run.
@check
def test_unit_token_bytes():
    cases = [([(97, 116), (104, 256)], [b"at", b"hat"]), ([(0, 255)], [b"\x00\xff"]), ([], [])]
    damaged = [([(97, 256)], "256"), ([(1, 2), (258, 1)], "258"), ([(-1, 5)], "-1")]
    ### BEGIN HIDDEN TESTS
    cases += [([(98, 98), (256, 256), (257, 97)], [b"bb", b"bbbb", b"bbbba"]),
              ([(195, 169), (32, 256)], [b"\xc3\xa9", b" \xc3\xa9"])]
    damaged += [([(1, 2), (3, 257)], "257"), ([(4, -300)], "-300")]
    ### END HIDDEN TESTS
    for merges, wanted in cases:
        got = outcome(f"token_bytes({merges})", lambda: list(token_bytes(merges)))
        equal(f"token_bytes({merges})[256:]", got[256:], wanted, "first one's, then the other's")
        equal(f"token_bytes({merges})[:256]", got[:256], [bytes([i]) for i in range(256)])
    for merges, number in damaged:
        call = f"token_bytes({merges})"
        raises(call, lambda: token_bytes(merges), ValueError, number, idea="it is not made yet")

test_unit_token_bytes()

# %% [markdown]
r"""
### Exercise: encode_word

To encode a word, begin with its bytes and do what learning did, *in the same order*. `ranks` leads
from a pair to its place in the list of merges. So find the pair of neighbours with the lowest rank,
merge it, and look again, until no pair of neighbours is in `ranks`. To merge what comes first from
the left, or what makes the longest token, would give other tokens than those that learning counted.
Look up only pairs that the word holds: GPT-2 has 50,000 merges, and a word has few neighbours.
"""

# %% nbgrader={"solution": true, "grade_id": "encode-word"}
#| exporti
def encode_word(word: Sequence[int], ranks: Mapping[tuple[int, int], int]) -> list[int]:
    """The tokens of a word of bytes. The pair of rank r becomes token 256 + r, lowest rank first.

    A pass over the word for each merge that applies, so at most len(ranks) passes.

    >>> encode_word(b"that", {(97, 116): 0, (104, 256): 1, (116, 104): 2})
    [116, 257]
    """
    ### BEGIN SOLUTION
    word = list(word)
    while found := [pair for pair in pairwise(word) if pair in ranks]:
        pair = min(found, key=ranks.get)
        word = merge(word, pair, 256 + ranks[pair])
    return word
    ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-encode-word", "points": 6}
# Check of encode_word: run it when your cell has run.
@check
def test_unit_encode_word():
    cases = [(b"that", [(97, 116), (104, 256), (116, 104)], [116, 257]), (b"q", [(1, 2)], [113]),
             (b"abab", [(97, 98), (256, 256)], [257]), (b"abc", [(98, 99), (97, 98)], [97, 256]),
             (b"aaaaa", [(97, 97)], [256, 256, 97]), (b"", [], []), (b"ab", [], [97, 98])]
    ### BEGIN HIDDEN TESTS
    cases += [(b"abcd", [(98, 99), (97, 98), (256, 100), (257, 99)], [97, 258]),
              (b"aabaab", [(97, 98), (97, 256), (97, 97)], [257, 257]),
              (b"xyz", [(120, 121), (121, 122), (256, 122)], [258])]
    ### END HIDDEN TESTS
    for word, merges, wanted in cases:
        ranks = checks.Ranks({pair: rank for rank, pair in enumerate(merges)})
        call = f"encode_word({word}, the ranks of {merges})"
        checks.tokens(call, lambda: encode_word(word, ranks), wanted, "the lowest rank first")

test_unit_encode_word()

# %% [markdown]
r"""
### Exercise: BPETokenizer

`train` cuts the text with `byte_pieces`, counts the pieces, and learns as many merges as there are
to be tokens beyond the 256 bytes. `encode` cuts the text, too. Since the same pieces come again and
again, each tokenizer keeps what it has worked out in its `cache`, a dict from a piece to its tokens
(which empties itself when it grows too large). `decode` and `decode_bytes` are inherited.
"""

# %% nbgrader={"solution": true, "grade_id": "bpe-tokenizer"}
#| export
class BPETokenizer(ByteTokenizer, SavedTokenizer):
    """Byte-level byte-pair encoding: the 256 bytes, and tokens learned by merging pairs of them."""

    def __init__(self, merges: Iterable[Sequence[int]]):
        self.merges = [tuple(map(index, pair)) for pair in merges]
        self.tokens = token_bytes(self.merges)
        self.ranks = {pair: rank for rank, pair in enumerate(self.merges)}
        self.cache = WordCache()

    def learned(self) -> list[tuple[int, int]]: return self.merges

    @classmethod
    def train(cls, text: str | bytes, vocab_size: int) -> "BPETokenizer":
        """A `cls` of `vocab_size` tokens, or fewer where no pair is left; ValueError below 256."""
        ### BEGIN SOLUTION
        if vocab_size < 256:
            raise ValueError(f"vocab_size {vocab_size} is too small: the bytes are 256 tokens")
        return cls(learn_merges(Counter(byte_pieces(text)), vocab_size - 256))
        ### END SOLUTION

    def encode(self, text: str | bytes) -> list[int]:
        """The tokens of a text or of any bytes, a new list; each piece is worked out once.
        BPETokenizer([(97, 116)]).encode("hat") == [104, 256]"""
        ### BEGIN SOLUTION
        ids = []
        for piece in byte_pieces(text):
            word = self.cache.get(piece)
            if word is None:
                word = self.cache[piece] = encode_word(piece, self.ranks)
            ids += word
        return ids
        ### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-bpe-train", "points": 4}
# Check of BPETokenizer: run it when your cell has run.
@check
def test_unit_bpe_train():
    cases = [("the hat that", 258, [(97, 116), (104, 256)]), ("ab\nzz\nzz", 257, [(122, 122)]),
             ("aaaa aaaa", 400, [(97, 97), (256, 256), (32, 257)]), (b"\xff!", 257, [(255, 33)])]
    ### BEGIN HIDDEN TESTS
    cases += [("no, no, no", 258, [(110, 111), (32, 256)]), ("a a", 256, []), ("", 300, [])]
    ### END HIDDEN TESTS
    for given, size, wanted in cases:
        what = f"BPETokenizer.train({given!a}, {size})"
        got = outcome(what, lambda: BPETokenizer.train(given, size), "pieces, counts, merges")
        equal(f"{what}.merges", got.merges, wanted, "those beyond 256, if there are so many")
    for size in [255, 0, -1]:
        raises(f"BPETokenizer.train('ab', {size})", lambda: BPETokenizer.train("ab", size),
               ValueError, str(size), idea="the bytes are 256 tokens")
    checks.makes_its_own(BPETokenizer, "abc", 257)

test_unit_bpe_train()

# %% nbgrader={"grade": true, "grade_id": "test-bpe-encode", "points": 6}
# Check of BPETokenizer: run it when your cell has run.
@check
def test_unit_bpe_encode(learned, size, asked, wanted):
    tokenizer, what = BPETokenizer.train(learned, size), f"BPETokenizer.train({learned!a}, {size})"
    call = f"{what}.encode({asked!a})"
    checks.tokens(call, lambda: tokenizer.encode(asked), wanted, "encode_word for each piece")
    checks.comes_back(what, tokenizer, asked, "", "\u20ac \U0001f3ad\n", bytes(range(256)))
    checks.keeps(call, tokenizer, asked)
    checks.comes_back("BPETokenizer([])", BPETokenizer([]), asked)  # each keeps its own pieces

test_unit_bpe_encode("the hat that", 258, "that hat, that", [116, 257, 32, 257, 44, 32, 116, 257])
test_unit_bpe_encode("aa aa", 258, b"aa\xff aaa", [256, 255, 257, 97])
### BEGIN HIDDEN TESTS
test_unit_bpe_encode("\u00e9\u00e9 \u00e9", 257, "\u00e9t\u00e9", [256, 116, 256])
test_unit_bpe_encode("x    y", 257, "b  a", [98, 32, 32, 97])
### END HIDDEN TESTS

# %% [markdown]
r"""
## All of Shakespeare

Now all 39 works, to a vocabulary of 1,024. What are the tokens?
"""

# %%
start = time.perf_counter()
bpe = BPETokenizer.train(text, 1024)
print(f"{bpe} learned in {time.perf_counter() - start:.1f} s from {len(text):,} characters")
print("first:  ", bpe.tokens[256:272])
print("longest:", sorted(bpe.tokens, key=len)[-8:])

# %%
start = time.perf_counter()
ids = bpe.encode(text)
print(f"{len(ids):,} tokens in {time.perf_counter() - start:.2f} s")
print("decoded, the same text:", bpe.decode(ids) == text)
print([bpe.decode([i]) for i in bpe.encode("To be, or not to be, that is the question:")])

# %% [markdown]
r"""
The first tokens are pairs of letters, and what ends a line; later ones are whole words with their
space. A common word is one token, and a rare word is spelled in pieces.

What does a larger vocabulary bring? The merges are in order, so the first of them make a tokenizer
of any smaller size. Two numbers are measured on the held-out plays. Characters a token tell how
much text a model sees that looks at a fixed number of tokens. Bits a character measure a model,
here the simplest of all, which knows nothing but the share $p$ that each token has of a part of the
training text: in Shannon's theory such a token carries $-\log_2 p$ bits.
"""

# %%
import numpy as np

def unigram_bits(tokenizer, learned, new):
    """Bits for each character of `new`, when tokens have the shares that they have in `learned`."""
    counts = 1 + np.bincount(tokenizer.encode(learned), minlength=tokenizer.vocab_size)
    return -np.log2(counts / counts.sum())[tokenizer.encode(new)].sum() / len(new)

# %%
rows, part = [], text[: len(held_out)]
for size in [256, 288, 352, 448, 640, 1024]:
    smaller = BPETokenizer(bpe.merges[: size - 256])
    length = len(held_out) / len(smaller.encode(held_out))
    rows.append((size, length, unigram_bits(smaller, part, held_out)))
    print("vocabulary {:5}: {:.2f} characters a token, {:.2f} bits a character".format(*rows[-1]))
sizes, lengths, bits = zip(*rows)

# %%
import matplotlib.pyplot as plt

curves = {"characters a token": lengths, "bits a character": bits}
figure, panels = plt.subplots(1, 2, figsize=(9, 2.8))
for panel, (label, values) in zip(panels, curves.items()):
    panel.plot(sizes, values, "o-")
    panel.set(xlabel="vocabulary", ylabel=label, ylim=(0, 1.1 * max(values)))
plt.show()

# %% [markdown]
r"""
The first merges gain most: from 640 to 1,024 tokens the curves move less than with the first 96
merges, and each token costs weights in a model. Even a model without any context needs far fewer
bits with longer tokens, because each of them stands for a spelling that need not be guessed.

All this was learned from one writer. Here is one line in three languages:
"""

# %%
lines = {"English": "To be, or not to be, that is the question",
         "German": "Sein oder Nichtsein, das ist hier die Frage",
         "Chinese": "\u751f\u5b58\u8fd8\u662f\u6bc1\u706d\uff0c\u8fd9\u662f\u4e2a\u95ee\u9898"}
for name, line in lines.items():
    ids = bpe.encode(line)
    print(f"{name}: {len(line) / len(ids):.2f} characters a token", bpe.decode(ids) == line)

# %% [markdown]
r"""
Nothing is lost in any language, but a Chinese character costs three tokens: what a language costs
depends on the text that the merges were learned from. Last, a model is worth nothing without its
tokenizer, so both are saved. The file is JSON, with one merge a line.
"""

# %%
from pathlib import Path
from tempfile import TemporaryDirectory

with TemporaryDirectory() as folder:
    path = Path(folder, "shakespeare.json")
    bpe.save(path)
    print(*path.read_text(encoding="utf-8").splitlines()[:4], sep="\n")
    print(BPETokenizer.load(path).encode("To be") == bpe.encode("To be"))

# %% [markdown]
r"""
## Questions

Assign each answer to the name behind its question.

1. How many bytes can the longest token have after ten merges? (`longest_token`)
2. A tokenizer of vocabulary 258 is trained on "aaaaaaa", seven letters. How many tokens does it
   make of them? (`seven_letters`)
3. A model needs 5 bits a token, and its tokens have 2.5 characters on average. How many bits a
   character are that? In this unit models with different tokenizers can be compared.
   (`bits_a_character`)
"""

# %% nbgrader={"solution": true, "grade_id": "question-tokenization"}
### BEGIN SOLUTION
longest_token = 2**10
seven_letters = 3
bits_a_character = 5 / 2.5
### END SOLUTION

# %% nbgrader={"grade": true, "grade_id": "test-question-tokenization", "points": 6}
# Check of the questions: run it when your cell has run.
@check
def test_question_tokenization():
    longest = max(map(len, BPETokenizer.train("a" * 4096, 266).tokens))
    assert longest_token == longest, f"longest_token is {longest_token}: a merge joins two tokens"
    seven = len(BPETokenizer.train("aaaaaaa", 258).encode("aaaaaaa"))
    assert seven_letters == seven, f"seven_letters is {seven_letters}: merge twice, by hand"
    total = 1000 * 5 / (1000 * 2.5)  # the bits of a thousand tokens, and their characters
    assert abs(bits_a_character - total) < 0.01, (
        f"bits_a_character is {bits_a_character}: the bits of a text are shared by its characters")

test_question_tokenization()

# %% [markdown] nbgrader={"grade": true, "solution": true, "grade_id": "open-tokenization", "points": 2}
r"""
**In your own words:** somebody asks a language model with a tokenizer like this one how often the
letter r comes in "strawberry", and its answer is wrong. What did the model see of the word, and
what would be different with a tokenizer of characters? Why are characters not used for everything?

Your answer here.
"""

# %% [markdown]
r"""
## What you have

A tokenizer that learns its tokens from a text in seconds, encodes any text and any bytes, and gives
back exactly what it was given. `tito module complete 10` puts it into
`tinytorch.core.tokenization`. Lesson 11 gives each token a vector of numbers that are trained.
"""
