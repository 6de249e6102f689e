"""Byte-pair encoding on Shakespeare: learning, against the plain method and against one reading; and encoding."""

from __future__ import annotations

from collections import Counter
from functools import partial

from benchmarks.timing import Group, Row, Sides
from tinytorch.core.tokenization import (
    BPETokenizer,
    byte_pieces,
    learn_merges,
    pair_counts,
    plain_merges,
    pretokenize,
)
from tinytorch.support.data import load_shakespeare

READING = Group("bpe", "BPE on Shakespeare's 39 works", "one reading", "cutting into pieces")
PLAIN = Group("bpe-plain", "BPE on one play, 50 merges", "counting anew", "counting once", goal=0.2)
VOCABULARY = 1024


def tokenization_rows() -> list[Row]:
    """Learning 1,024 tokens and encoding, on all works; learning on one play as the plain method does."""
    return [
        Row("bpe-train-1t", READING, 1, None, partial(training_sides, None, VOCABULARY)),
        Row("bpe-encode-1t", READING, 1, None, partial(encoding_sides, None, VOCABULARY)),
        Row("bpe-plain-1t", PLAIN, 1, 0.2, partial(plain_sides, None, 50)),
    ]


def training_sides(text: str | None, vocab_size: int) -> Sides:
    """A tokenizer trained on the text, against what any trainer must do once: cut, count pieces, and count pairs.

    They agree if the first merges are those of the plain method and the tokenizer gives the text back.
    """
    text = all_works() if text is None else text

    def agree():
        tokenizer, words = BPETokenizer.train(text, vocab_size), Counter(byte_pieces(text))
        assert tokenizer.merges[:3] == plain_merges(words, min(3, vocab_size - 256)), "other merges"
        assert tokenizer.decode(tokenizer.encode(text[:100_000])) == text[:100_000], "another text"

    return Sides(
        lambda: BPETokenizer.train(text, vocab_size), lambda: pair_counts(Counter(byte_pieces(text))), agree,
        lambda: pretokenize(text))


def encoding_sides(text: str | None, vocab_size: int) -> Sides:
    """Encoding the text with nothing in the cache, against cutting it and counting; they agree if it comes back."""
    text = all_works() if text is None else text
    merges = BPETokenizer.train(text, vocab_size).merges

    def agree():
        tokenizer = BPETokenizer(merges)
        assert tokenizer.decode(tokenizer.encode(text)) == text, "another text"

    return Sides(
        lambda: BPETokenizer(merges).encode(text), lambda: pair_counts(Counter(byte_pieces(text))), agree,
        lambda: pretokenize(text))


def plain_sides(text: str | None, count: int) -> Sides:
    """`count` merges of one play's words, with the index of pairs and with counting anew for each."""
    words = Counter(byte_pieces(load_shakespeare()[0]["Hamlet"] if text is None else text))

    def agree():
        assert learn_merges(words, count) == plain_merges(words, count), "other merges"

    return Sides(
        lambda: learn_merges(words, count), lambda: plain_merges(words, count), agree, lambda: pair_counts(words))


def all_works() -> str:
    return "\n\n".join(load_shakespeare()[0].values())
