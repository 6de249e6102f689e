"""What the checks of lesson 10 say of tokenizers and functions that are wrong; the right ones pass."""

from __future__ import annotations

import pytest

from tinytorch.core.tokenization import (
    BPETokenizer,
    ByteTokenizer,
    CharTokenizer,
    PairIndex,
    best_pair,
    encode_word,
    merge,
    pair_counts,
    pretokenize,
)
from tinytorch.support import checks_tokens as checks

WORDS, STEPS = {b"abab": 2, b"ba": 3, b"c": 1}, (((98, 97), 256), ((97, 256), 257))


def sentence(function, *args) -> str:
    with pytest.raises(AssertionError) as caught:
        function(*args)
    return str(caught.value)


def test_the_right_functions_pass():
    tokenizer = BPETokenizer.train("the the then", 258)
    checks.tokens("encode", lambda: tokenizer.encode("the"), tokenizer.encode("the"))
    checks.gives(pair_counts, [{b"ab": 3}], {(97, 98): 3}, "count")
    checks.gives(merge, [[1, 2, 1], (1, 2), 9], [9, 1], "merge")
    checks.gives(best_pair, [{(1, 2): 1}], (1, 2), "choose")
    checks.pieces(pretokenize, "a b\n", ["a", " b", "\n"], "cut")
    checks.comes_back("it", tokenizer, "the \u20ac", b"\xff")
    checks.keeps("it", tokenizer, "the then")
    checks.decodes("of it", ByteTokenizer(), [97, 255], b"a\xff")
    checks.makes_its_own(CharTokenizer, "abc")
    checks.any_text(pretokenize)
    checks.no_halves(tokenizer)
    checks.word_encoded(encode_word, b"that", [(97, 116)], [116, 104, 256])
    checks.few_passes(encode_word)
    checks.out_of_range("decode", tokenizer.decode, -1, 258)
    checks.replaced(PairIndex, WORDS, *STEPS)


@pytest.mark.parametrize(("given", "said"), [
    ((1, 2), "encode gave a tuple, wanted a list"), ([1, 2.0], "numbers of type float"),
    ([1, True], "numbers of type bool"),
    ([1, 3], "encode gave [1, 3], wanted [1, 2]")])  # fmt: skip
def test_tokens_of_another_kind_are_told(given, said):
    assert said in sentence(checks.tokens, "encode", lambda: given, [1, 2], "numbers")


def test_tokens_that_are_never_given_are_told():
    assert "encode failed: nothing is kept under 'x': numbers" in sentence(
        checks.tokens, "encode", lambda: {}["x"], [1], "numbers")


def test_what_is_changed_or_of_another_kind_is_told():
    def used_up(ids):
        ids.pop()
        return [1]

    assert "what it was given, afterwards, gave [1], wanted [1, 2]" in sentence(
        checks.gives, used_up, [[1, 2]], [1], "read")
    assert "tuple([1]) gave a tuple, wanted a list: kinds" in sentence(checks.gives, tuple, [[1]], [1], "kinds")
    assert "sorted([2, 1]) gave [1, 2], wanted [2, 1]: order" in sentence(
        checks.gives, sorted, [[2, 1]], [2, 1], "order")


@pytest.mark.parametrize(("function", "said"), [
    (lambda text: [text, ""], "a piece without a character"), (lambda text: text.split(), "joined gave 'ab'"),
    (lambda text: iter([text]), "wanted a list of strings"), (lambda text: [text.encode()], "wanted a list of strings"),
    (list, "gave ['a', ' ', 'b'], wanted ['a', ' b']"), (lambda text: [text[9]], "failed: string index")])  # fmt: skip
def test_pieces_that_are_wrong_are_told(function, said):
    assert said in sentence(checks.pieces, function, "a b", ["a", " b"], "cut")


def test_any_pieces_will_do_where_none_are_wanted():
    checks.pieces(list, "a b", None, "cut")
    assert "no character may be lost" in sentence(checks.pieces, lambda text: [text[1:]], "a b", None, "cut")


class Forgetful(ByteTokenizer):
    def decode(self, ids):
        return super().decode(ids).strip("\ufffd")

    def decode_bytes(self, ids):
        return super().decode_bytes([i for i in ids if i < 128])


def test_a_text_that_does_not_come_back_is_told():
    assert "it.encode(b'a\\xff') decoded gave b'a': nothing may be lost" in sentence(
        checks.comes_back, "it", Forgetful(), b"a\xff")
    assert "decode_bytes([97, 200]) of it gave b'a', wanted b'a\\xc8'" in sentence(
        checks.decodes, "of it", Forgetful(), [97, 200], b"a\xc8")


def test_a_decode_that_walks_twice_is_told():
    class Twice(ByteTokenizer):
        def decode(self, ids):
            return "" if not any(True for _ in ids) else super().decode(ids)

    assert "it.encode('ab') decoded from an iterator gave 'b': it can be walked through once" in sentence(
        checks.comes_back, "it", Twice(), "ab")


def test_a_tokenizer_that_keeps_nothing_or_gives_its_own_list_away_is_told():
    class Afresh(BPETokenizer):
        def encode(self, text):
            return encode_word(text.encode(), self.ranks)

    class Lent(BPETokenizer):
        def encode(self, text):
            return self.cache.setdefault(text, encode_word(text.encode(), dict(self.ranks)) if not self.cache else [])

    assert "wanted 0: each piece is worked out once, and kept" in sentence(checks.keeps, "it", Afresh([(97, 98)]), "ab")
    assert "after the caller has changed its list, gave [256, 0], wanted [256]" in sentence(
        checks.keeps, "it", Lent([(97, 98)]), "ab")


def test_a_train_that_gives_another_class_is_told():
    class Plain(CharTokenizer):
        @classmethod
        def train(cls, text):
            return CharTokenizer(text)

    assert "gave 'CharTokenizer', wanted 'Derived'" in sentence(checks.makes_its_own, Plain, "abc")


def test_a_decode_that_takes_anything_is_told():
    assert "decode([300]) was accepted and gave" in sentence(checks.out_of_range, "decode", lambda ids: "", 300)
    assert "decode([0, 7]) raised KeyError" in sentence(
        checks.out_of_range, "decode", lambda ids: checks_first(ids), 7)


def checks_first(ids):
    if ids[0]:
        raise ValueError(f"{ids[0]} is no token")
    raise KeyError(ids[1])


class Careless(PairIndex):
    """An index whose `replace` does nothing but what a test asks of it."""

    def replace(self, pair, new):
        self.words = [merge(word, pair, new) if k in self.holders[pair] else word for k, word in enumerate(self.words)]


class Everywhere(PairIndex):
    def replace(self, pair, new):
        self.words = [merge(word, pair, new) for word in self.words]


class Still(PairIndex):
    def replace(self, pair, new):
        pass


class Zeros(PairIndex):
    def replace(self, pair, new):
        super().replace(pair, new)
        self.counts[pair] = 0


class Stale(PairIndex):
    def replace(self, pair, new):
        super().replace(pair, new)
        self.holders[pair] = {0}


class Changing(PairIndex):
    def replace(self, pair, new):
        for place in self.holders[pair]:
            self.remove(place)


@pytest.mark.parametrize(("kind", "said"), [
    (Everywhere, "looked at the word [99], which does not hold the pair"), (Still, "words gave"),
    (Careless, "counts gave"), (Zeros, "counts keeps [(98, 97)] with a count of 0"), (Stale, "holders gave"),
    (Changing, "failed: Set changed size during iteration: take a word's pairs out")])  # fmt: skip
def test_an_index_that_is_wrong_is_told(kind, said):
    assert said in sentence(checks.replaced, kind, WORDS, *STEPS)


def test_a_table_of_ranks_counts_looks_and_notices_walks():
    ranks = checks.Ranks({(1, 2): 0})
    assert (ranks.get((1, 2)), ranks.get((2, 1), 9), (1, 2) in ranks, len(ranks)) == (0, 9, True, 1)
    assert ranks.looks == 3
    for walk in (list, sorted, lambda table: list(table.items()), lambda table: min(table.values())):
        assert "walked through the table of all merges" in sentence(walk, ranks)


def test_long_texts_are_told_in_part():
    assert len(sentence(checks.pieces, lambda text: [], "x" * 5000, None, "cut")) < 300


def test_a_list_that_is_handed_back_is_told():
    told = sentence(checks.word_encoded, lambda ids, ranks: ids if type(ids) is list else list(ids), b"q", [], [113])
    assert "gave the caller's own list" in told


def test_a_pass_for_each_place_is_told():
    def one_by_one(word, ranks):
        word = list(word)
        while found := [(ranks[pair], k) for k, pair in enumerate(zip(word, word[1:], strict=False)) if pair in ranks]:
            rank, k = min(found)
            word[k : k + 2] = [256 + rank]
        return word

    assert "wanted 2000 at most" in sentence(checks.few_passes, one_by_one)


def test_half_a_character_that_is_accepted_is_told():
    class Lenient:
        def encode(self, text):
            return list(text.encode(errors="replace"))

    assert "was accepted" in sentence(checks.no_halves, Lenient())
