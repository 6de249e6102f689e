"""What the checks of lesson 10 share: token lists, texts that come back, and tables that notice who looks into them.

This module knows no lesson: functions, classes and tokenizers come as arguments.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from copy import deepcopy
from itertools import pairwise
from typing import Any

from .checks import equal, explained, outcome, raises

Pair = tuple[int, int]


def tokens(what: str, call: Callable[[], Any], wanted: Sequence[int], idea: str = "") -> None:
    """Assert that `call()` gives a list of ints, and these."""
    got = outcome(what, call, idea)
    assert type(got) is list, f"{what} gave a {type(got).__name__}, wanted a list of whole numbers: {idea}"
    others = sorted({type(i).__name__ for i in got} - {"int"})
    assert not others, f"{what} gave a list with numbers of type {others[0]}, wanted Python's int: {idea}"
    equal(what, got, list(wanted), idea)


def gives(function: Callable, given: Sequence[Any], wanted: Any, idea: str) -> None:
    """Assert that `function(*given)` is `wanted`, a list where that is one, and that it only read what it was given."""
    what, kept = f"{function.__name__}({', '.join(map(ascii, given))})", deepcopy(given)
    got = outcome(what, lambda: function(*given), idea)
    right = type(got) is list or type(wanted) is not list
    assert right, f"{what} gave a {type(got).__name__}, wanted a list: {idea}"
    equal(what, got, wanted, idea)
    for before, after in zip(kept, given, strict=True):
        equal(f"{what}: what it was given, afterwards,", after, before, "it is the caller's, and only read")
    own = all(got is not each for each in given)
    assert own, f"{what} gave the caller's own {type(got).__name__}, wanted a new one: {idea}"


def pieces(pretokenize: Callable[[str], Any], text: str, wanted: Sequence[str] | None, idea: str) -> None:
    """Assert that the pieces of `text` are a list of str that give it back when joined, and these if they are told."""
    what = f"pretokenize({_short(text)})"
    got = outcome(what, lambda: pretokenize(text), idea)
    well = type(got) is list and all(type(piece) is str for piece in got)
    assert well, f"{what} gave {got!r:.80}, wanted a list of strings: {idea}"
    assert all(got), f"{what} gave a piece without a character: {got!r:.80}"
    assert "".join(got) == text, f"{what} joined gave {_short(''.join(got))}: no character may be lost or added"
    if wanted is not None:
        equal(what, got, list(wanted), idea)


def any_text(pretokenize: Callable[[str], Any]) -> None:
    """Assert that no character of the first scripts of Unicode is lost, and that scripts share their kinds."""
    for start in range(0, 0x3000, 0x100):
        pieces(pretokenize, "".join(map(chr, range(start, start + 0x100))), None, "any text")
    pieces(pretokenize, "a\u03b2\u044f 1", ["a\u03b2\u044f", " 1"], "letters of any script are one word")
    pieces(pretokenize, "a\u00a0b", ["a", "\u00a0", "b"], "one space, and no other white space, goes with a word")


def no_halves(tokenizer: Any) -> None:
    """Assert that half a character is refused."""
    for text in ("\ud83d", "a\udfad"):
        raises(f"encode({text!a})", lambda text=text: tokenizer.encode(text), ValueError, "surrogate",
               idea="as_utf8 refuses it")


def word_encoded(encode_word: Callable, word: bytes, merges: Sequence[Pair], wanted: Sequence[int]) -> None:
    """Assert that a word, bytes or a list, has the tokens `wanted`, in a new list, and is only read."""
    idea = "the lowest rank first"
    for given in (word, list(word)):
        ranks, call = Ranks({pair: i for i, pair in enumerate(merges)}), f"encode_word({given}, the ranks of {merges})"
        got = outcome(call, lambda: encode_word(given, ranks), idea)  # noqa: B023
        tokens(call, lambda: got, wanted, idea)  # noqa: B023
        assert got is not given, f"{call} gave the caller's own list, wanted a new one, also where nothing is merged"
        equal(f"{call}: the word afterwards", list(given), list(word), "it is the caller's, and only read")


def few_passes(encode_word: Callable) -> None:
    """Assert that a word of 200 equal letters takes a pass for a merge, and not one for each place of its pair."""
    for count in (1, 4):
        ranks = Ranks({(97, 97): 0} | {(255 + i, 255 + i): i for i in range(1, count)})
        call = f"encode_word(b'a' * 200, {count} merges)"
        wanted = [255 + count] * (200 >> count) + ([254 + count] if 200 % 2**count else [])
        tokens(call, lambda: encode_word(b"a" * 200, ranks), wanted, "as long as a pair is found")  # noqa: B023
        told = f"{call} looked into ranks {ranks.looks} times"
        assert ranks.looks <= 2000, f"{told}, wanted 2000 at most: a pass replaces all places of its pair"


def comes_back(name: str, tokenizer: Any, *texts: str | bytes) -> None:
    """Assert that the tokens of each text, or of each bytes, give it back, as a list and walked through once."""
    for text in texts:
        call = f"{name}.encode({_short(text)})"
        ids = outcome(call, lambda text=text: tokenizer.encode(text), "any text has tokens")
        back = tokenizer.decode_bytes if isinstance(text, bytes) else tokenizer.decode
        with explained(f"decoding what {call} gave", "any tokens can be decoded"):
            got, again = back(ids), back(iter(ids))
        assert got == text, f"{call} decoded gave {_short(got)}: nothing may be lost"
        assert again == text, f"{call} decoded from an iterator gave {_short(again)}: it can be walked through once"


def keeps(call: str, tokenizer: Any, text: str | bytes) -> None:
    """Assert that encoding `text` again gives new, equal tokens without looking anything up in `ranks`."""
    first = tokenizer.encode(text)
    kept, ranks = list(first), tokenizer.ranks
    first.append(0)
    tokenizer.ranks = Ranks(ranks)
    again = f"{call} again, after the caller has changed its list,"
    tokens(again, lambda: tokenizer.encode(text), kept, "give a new list")
    looks, tokenizer.ranks = tokenizer.ranks.looks, ranks
    equal(f"{call} again: how often it looked into ranks", looks, 0, "each piece is worked out once, and kept")
    tokenizer.encode("\n")
    twice = text + (b"\n" if isinstance(text, bytes) else "\n") + text
    tokenizer.ranks = Ranks(ranks)
    outcome(f"{call} of the text twice", lambda: tokenizer.encode(twice))
    looks, tokenizer.ranks = tokenizer.ranks.looks, ranks
    equal(f"{call}, then of the text twice, a line each: how often that looked into ranks", looks, 0,
          "pieces are kept, not texts")


def decodes(name: str, tokenizer: Any, ids: list[int], wanted: bytes) -> None:
    """Assert that `decode_bytes(ids)` gives the bytes `wanted`, and `decode(ids)` their text."""
    for way, right in (("decode_bytes", wanted), ("decode", wanted.decode(errors="replace"))):
        what = f"{way}({ids}) {name}"
        idea = "join the bytes that tokens holds, then decode the whole"
        got = outcome(what, lambda way=way: getattr(tokenizer, way)(ids), idea)
        equal(what, got, right, idea)
        equal(f"the type of {what}", type(got).__name__, type(right).__name__, idea)


def makes_its_own(kind: type, *given: Any) -> None:
    """Assert that `train`, called on a class derived from `kind`, gives a tokenizer of that class."""
    derived = type("Derived", (kind,), {})
    got = type(derived.train(*given)).__name__
    equal(f"the type of what train gives, called on a class derived from {kind.__name__}", got, "Derived", "call cls")


def out_of_range(name: str, call: Callable[[list[int]], Any], *wrong: int) -> None:
    """Assert that `call`, a decode, refuses each of these tokens, with its number in the message."""
    for number in wrong:
        for ids in ([number], [0, number]):
            what = f"{name}({ids})"
            raises(what, lambda ids=ids: call(ids), ValueError, str(number), idea="checked_ids refuses it")


def replaced(kind: type, words: Mapping[bytes, int], *steps: tuple[Pair, int]) -> None:
    """Assert that an index's words, counts and holders are right after each step, a pair and its new number.

    `kind` is the class PairIndex. A step must not look at a word that does not hold its pair.
    """
    pairs, wanted, what = kind(words), [list(word) for word in words], f"PairIndex({dict(words)})"
    for pair, new in steps:
        what = f"{what}.replace({pair}, {new})"
        for place, word in enumerate(wanted):
            if pair not in pairwise(word):
                pairs.words[place] = Spared(what, word)
        with explained(what, "take a word's pairs out, change the word, put its pairs in"):
            pairs.replace(pair, new)
        wanted = [_merged(word, pair, new) for word in wanted]
        got = [word.word if isinstance(word, Spared) else list(word) for word in pairs.words]
        equal(f"{what}, words", got, wanted, "the words that hold the pair change")
        pairs.words = [list(word) for word in wanted]
        _right_pairs(what, pairs, wanted, list(words.values()))


def _right_pairs(what: str, pairs: Any, words: list[list[int]], times: list[int]) -> None:
    counts: dict[Pair, int] = {}
    holders: dict[Pair, set[int]] = {}
    for place, word in enumerate(words):
        for pair in pairwise(word):
            counts[pair] = counts.get(pair, 0) + times[place]
            holders.setdefault(pair, set()).add(place)
    gone = sorted(pair for pair, count in pairs.counts.items() if not count)
    assert not gone, f"{what}, counts keeps {gone} with a count of 0: a pair that no word holds must go"
    equal(f"{what}, counts", dict(pairs.counts), counts, "what counting anew would give")
    empty = sorted(pair for pair, places in pairs.holders.items() if not places)
    assert not empty, f"{what}, holders keeps {empty} without a holder: a pair that no word holds must leave both dicts"
    got = {pair: set(places) for pair, places in pairs.holders.items()}
    equal(f"{what}, holders", got, holders, "the places of the words that hold each pair now")


def _merged(word: Sequence[int], pair: Pair, new: int) -> list[int]:
    """`word` with `new` in the place of each `pair`, from the left."""
    found, place = [], 0
    while place < len(word):
        met = tuple(word[place : place + 2]) == pair
        found.append(new if met else word[place])
        place += 2 if met else 1
    return found


class Spared(Sequence):
    """A word that nobody should look at: it holds no pair that is to be replaced."""

    def __init__(self, what: str, word: Sequence[int]):
        self.what, self.word = what, word

    def __len__(self) -> int:
        return self._caught()

    def __getitem__(self, place: Any) -> int:
        return self._caught()

    def _caught(self) -> int:
        raise AssertionError(f"{self.what} looked at the word {self.word}, which does not hold the pair: ask holders")


class Ranks(Mapping):
    """A table of merges, and how often a pair was looked up in it; AssertionError for who walks through all of it."""

    def __init__(self, ranks: Mapping[Pair, int]):
        self.ranks, self.looks = dict(ranks), 0

    def __getitem__(self, pair: Pair) -> int:
        self.looks += 1
        return self.ranks[pair]

    def __len__(self) -> int:
        return len(self.ranks)

    def __iter__(self) -> Iterator[Pair]:
        raise AssertionError("something walked through the table of all merges: look up the word's own pairs only")


def _short(text: str | bytes) -> str:
    """A text as Python would write it, in ASCII, the end of a long one left out."""
    shown = ascii(text)
    return shown if len(shown) <= 80 else f"{shown[:76]} ..."
