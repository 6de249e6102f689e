"""Tokenizers: any text and any bytes come back, and BPE learns and encodes as the plain methods do."""

from __future__ import annotations

import copy
import json
import pickle
import re
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tinytorch import BPETokenizer, CharTokenizer, Tensor, merge, pair_counts, pretokenize
from tinytorch.core.tokenization import (
    ByteTokenizer,
    PairIndex,
    best_pair,
    byte_pieces,
    encode_word,
    learn_merges,
    plain_merges,
    token_bytes,
)
from tinytorch.support import word_cache
from tinytorch.support.data import load_shakespeare

MIXED = "Na\u00efve caf\u00e9s, \u20ac5! \u4f60\u597d\u4f60\u597d \U0001f600\U0001f600 x_1\n\n\tna na na \u0928\u092e"
WORKS, PLAYS = load_shakespeare()
TEXTS = {
    "a sonnet": WORKS["Sonnets"][:700], "a play": WORKS["Hamlet"][:20_000], "one letter": "a" * 50,
    "every pair once": "abcdefghijklm", "ties in words": "ab ba ab ba cd dc", "many scripts": MIXED * 3,
    "overlapping": "aaa aaaa aaaaa banana bananana", "signs": "!?!? ..., --- !?\n\n!?\n", "nothing": "",
}  # fmt: skip
ANY_TEXT = st.text(max_size=60)  # all of Unicode but surrogates
FEW_LETTERS = st.text(alphabet="aab \n.", max_size=60)  # many ties, many overlaps


@pytest.fixture(scope="module")
def shakespeare() -> BPETokenizer:
    return BPETokenizer.train("\n\n".join(WORKS.values()), 1024)


TOKENIZERS = {
    "bytes alone": ByteTokenizer(), "no merges": BPETokenizer([]),
    "a sonnet": BPETokenizer.train(TEXTS["a sonnet"], 400),
    "many scripts": BPETokenizer.train(MIXED, 320), "any bytes": BPETokenizer.train(bytes(range(256)) * 3, 300),
}  # fmt: skip
each_tokenizer = pytest.mark.parametrize("name", TOKENIZERS)


# What comes back


@each_tokenizer
@given(text=ANY_TEXT)
def test_any_text_comes_back(name, text):
    tokenizer = TOKENIZERS[name]
    ids = tokenizer.encode(text)
    assert tokenizer.decode(ids) == text and tokenizer.decode_bytes(ids) == text.encode()
    assert ids == tokenizer.encode(text.encode()), "a text and its bytes have the same tokens"
    assert all(type(i) is int and 0 <= i < len(tokenizer.tokens) for i in ids)


@each_tokenizer
@given(data=st.binary(max_size=60))
def test_any_bytes_come_back_and_what_is_no_text_is_shown_as_python_shows_it(name, data):
    tokenizer = TOKENIZERS[name]
    ids = tokenizer.encode(data)
    assert tokenizer.decode_bytes(ids) == data
    assert tokenizer.decode(ids) == data.decode("utf-8", errors="replace")


@given(data=st.data())
def test_any_tokens_are_decoded_to_their_bytes(data):
    tokenizer = TOKENIZERS["many scripts"]
    ids = data.draw(st.lists(st.integers(0, tokenizer.vocab_size - 1), max_size=20))
    whole = b"".join(tokenizer.tokens[i] for i in ids)
    assert tokenizer.decode_bytes(ids) == whole and tokenizer.decode(ids) == whole.decode("utf-8", errors="replace")


def test_a_character_cut_short_is_the_replacement_character():
    ids = BPETokenizer([]).encode("\u20ac")
    assert [BPETokenizer([]).decode(ids[:n]) for n in range(4)] == ["", "\ufffd", "\ufffd", "\u20ac"]


@pytest.mark.parametrize("text", ["\ud800", "ab\udfffc", "x\ude00\ud83d"])
def test_a_lone_surrogate_is_refused_with_its_place(text):
    place = next(i for i, c in enumerate(text) if "\ud800" <= c <= "\udfff")
    for attempt in (BPETokenizer([]).encode, lambda text: BPETokenizer.train(text, 300), ByteTokenizer().encode):
        with pytest.raises(ValueError, match=f"character {place} of the text is .*lone surrogate") as raised:
            attempt(text)
        assert str(raised.value).isascii() and ascii(text[place]) in str(raised.value)


@pytest.mark.parametrize("given_", [None, 5, ["a"], bytearray(b"a")])
def test_what_is_neither_text_nor_bytes_is_refused(given_):
    with pytest.raises(TypeError, match=f"encodes a str, or bytes; got a {type(given_).__name__}"):
        BPETokenizer([]).encode(given_)


# Token numbers


@pytest.mark.parametrize(("ids", "said"), [
    ([-1], "token 0 is -1: the vocabulary has 258 tokens"), ([5, 258], "token 1 is 258"),
    ([0, 1, 10**30], "token 2 is 10{30}"),
])  # fmt: skip
@pytest.mark.parametrize("way", ["decode", "decode_bytes"])
def test_numbers_that_are_no_tokens_are_refused_with_place_and_value(ids, said, way):
    with pytest.raises(ValueError, match=said):
        getattr(BPETokenizer([(97, 98), (256, 99)]), way)(ids)


@pytest.mark.parametrize("ids", [[1.0], ["a"], [None], np.array([1.5]), Tensor([97]), [[97]], np.array([[97, 98]])])
def test_what_is_no_whole_number_is_refused_with_advice(ids):
    with pytest.raises(TypeError, match=r"list of whole numbers, not as .*: of a tensor, take tolist\(\)"):
        BPETokenizer([]).decode(ids)


def test_numbers_may_be_numpys_and_come_from_anything_that_can_be_walked_through():
    tokenizer = BPETokenizer([(97, 98)])
    for ids in ([256, 97], (256, 97), iter([256, 97]), np.array([256, 97]), np.array([256, 97], np.uint16),
                Tensor(np.array([256, 97])).tolist()):  # fmt: skip
        assert tokenizer.decode(ids) == "aba"


# Cutting


def pieces_by_hand(text: str) -> list[str]:
    """What `pretokenize` promises, one character after the other, without regular expressions' help for the whole."""
    def kind(c: str) -> str:
        return "space" if re.match(r"\s", c) else "digit" if re.match(r"\d", c) else (
            "sign" if c == "_" or not re.match(r"\w", c) else "letter")

    found, at = [], 0
    while at < len(text):
        begin = at
        if text[at] == " " and at + 1 < len(text) and kind(text[at + 1]) != "space":
            at += 1
        this = kind(text[at])
        while at < len(text) and kind(text[at]) == this:
            at += 1
        if this == "sign":
            while at < len(text) and text[at] == "\n":
                at += 1
        if this == "space" and at < len(text) and text[at - 1] == " " and at - begin > 1:
            at -= 1
        found.append(text[begin:at])
    return found


@settings(max_examples=300)
@given(text=st.one_of(ANY_TEXT, st.text(alphabet="aZ\u00e9 5\u0663_.!\n\t\r\u00a0\u4f60\udc80", max_size=30)))
def test_pieces_are_what_the_rules_say_and_join_to_the_text(text):
    assert pretokenize(text) == pieces_by_hand(text)
    assert "".join(pretokenize(text)) == text


def test_every_character_there_is_belongs_to_a_piece():
    everything = "".join(map(chr, range(0x110000)))
    assert "".join(pretokenize(everything)) == everything
    assert "".join(pretokenize("x".join(everything[:0x3000]))) == "x".join(everything[:0x3000])


def test_pieces_of_bytes_are_those_of_the_text_and_join_to_the_bytes():
    assert byte_pieces(MIXED) == byte_pieces(MIXED.encode()) == [piece.encode() for piece in pretokenize(MIXED)]
    assert byte_pieces(b"go \xff\xfe1") == [b"go", b" \xff\xfe", b"1"]


# Learning


def merges_by_hand(words: dict[bytes, int], count: int, sign: int = 1) -> list[tuple[int, int]]:
    """Byte-pair encoding as plain as can be: no function of the lesson's, everything counted again each time.

    With -1 for `sign` the largest pair wins among equals.
    """
    found, split = [], [([*word], times) for word, times in words.items()]
    for new in range(256, 256 + count):
        counts: dict[tuple[int, int], int] = {}
        for word, times in split:
            for k in range(len(word) - 1):
                counts[word[k], word[k + 1]] = counts.get((word[k], word[k + 1]), 0) + times
        if not counts:
            break
        best = sorted(counts.items(), key=lambda item: (-item[1], sign * item[0][0], sign * item[0][1]))[0][0]
        for word, _ in split:
            k = 0
            while k < len(word) - 1:
                if (word[k], word[k + 1]) == best:
                    word[k : k + 2] = [new]
                k += 1
        found.append(best)
    return found


@pytest.mark.parametrize("name", TEXTS)
@pytest.mark.parametrize("count", [0, 1, 40, 300])
def test_the_index_learns_what_counting_anew_learns(name, count):
    words = Counter(byte_pieces(TEXTS[name]))
    count = min(count, 60) if name == "a play" else count
    wanted = merges_by_hand(words, count)
    assert learn_merges(words, count) == wanted
    assert plain_merges(words, count) == wanted
    assert BPETokenizer.train(TEXTS[name], 256 + count).merges == wanted


@given(text=st.one_of(FEW_LETTERS, ANY_TEXT), count=st.integers(0, 20))
def test_the_index_learns_what_counting_anew_learns_from_any_text(text, count):
    words = Counter(byte_pieces(text))
    assert learn_merges(words, count) == merges_by_hand(words, count) == plain_merges(words, count)


@given(text=FEW_LETTERS, data=st.data())
def test_the_index_holds_what_counting_anew_gives_after_any_merges(text, data):
    pairs = PairIndex(Counter(byte_pieces(text)))
    for new in range(256, 262):
        if not pairs.counts:
            break
        pairs.replace(data.draw(st.sampled_from(sorted(pairs.counts))), new)
        words = dict(zip(map(tuple, pairs.words), pairs.times, strict=True))
        assert dict(pairs.counts) == dict(pair_counts(words))
        for pair, places in pairs.holders.items():
            assert places == {k for k, word in enumerate(pairs.words) if pair in zip(word, word[1:], strict=False)}


def test_a_merge_of_no_word_changes_nothing():
    pairs = PairIndex({b"ab": 2})
    pairs.replace((1, 2), 256)
    assert pairs.words == [[97, 98]] and dict(pairs.counts) == {(97, 98): 2}


def test_equal_counts_are_decided_by_the_smaller_pair_whatever_the_order_of_the_words():
    words = [(b"zy", 3), (b"ab", 3), (b"az", 3), (b"b", 9)]
    for order in (words, words[::-1], [words[1], words[3], words[0], words[2]]):
        assert learn_merges(dict(order), 3) == [(97, 98), (97, 122), (122, 121)]
    assert best_pair({(9, 9): 2, (8, 300): 2, (8, 30): 2}) == (8, 30)


@pytest.mark.parametrize("name", ["a sonnet", "ties in words", "many scripts", "overlapping"])
def test_the_texts_have_equal_counts_so_that_another_rule_would_be_noticed(name):
    words = Counter(byte_pieces(TEXTS[name]))
    assert merges_by_hand(words, 40, sign=-1) != merges_by_hand(words, 40) == learn_merges(words, 40)


def test_a_text_without_more_pairs_gives_a_smaller_vocabulary():
    tokenizer = BPETokenizer.train("abab", 100_000)
    assert (tokenizer.vocab_size, tokenizer.merges) == (258, [(97, 98), (256, 256)])
    assert BPETokenizer.train("", 300).vocab_size == 256
    assert BPETokenizer.train("a b c", 300).vocab_size == 258, "a space and a letter are a pair"


@pytest.mark.parametrize("size", [255, 0, -5])
def test_a_vocabulary_without_all_bytes_is_refused_with_its_size(size):
    with pytest.raises(ValueError, match=f"vocab_size {size} is too small: the bytes are 256 tokens"):
        BPETokenizer.train("abc", size)


def test_a_smaller_vocabulary_is_the_beginning_of_a_larger_one():
    small, large = (BPETokenizer.train(TEXTS["a play"], size) for size in (300, 340))
    assert large.merges[:44] == small.merges and large.tokens[:300] == small.tokens


def test_training_does_not_depend_on_how_often_the_text_is_repeated():
    assert BPETokenizer.train(TEXTS["a sonnet"] * 3, 320).merges[:20] == BPETokenizer.train(
        TEXTS["a sonnet"] + "\n\n" + TEXTS["a sonnet"], 320).merges[:20]


def test_shakespeare_is_learned_whole_and_shortens_plays_that_had_no_part_in_it(shakespeare):
    held_out = "\n\n".join(PLAYS.values())
    ids = shakespeare.encode(held_out)
    assert shakespeare.vocab_size == 1024 and len(set(shakespeare.tokens)) == 1024
    assert len(held_out) / len(ids) >= 2.3
    assert shakespeare.decode(ids) == held_out
    assert shakespeare.tokens[256] == b" t" and b" the" in shakespeare.tokens[:280]
    assert len(set(byte_pieces("\n\n".join(WORKS.values())))) < word_cache.WORDS, "the cache holds all pieces"


# Encoding


def replayed(word: bytes, merges: list[tuple[int, int]]) -> list[int]:
    """Every merge tried, in the order of learning."""
    ids = list(word)
    for rank, pair in enumerate(merges):
        ids = merge(ids, pair, 256 + rank)
    return ids


@pytest.mark.parametrize("name", ["a sonnet", "many scripts", "overlapping", "signs"])
def test_encoding_repeats_what_learning_did_to_its_words(name):
    words = Counter(byte_pieces(TEXTS[name]))
    pairs, tokenizer = PairIndex(words), BPETokenizer.train(TEXTS[name], 300)
    for rank, pair in enumerate(tokenizer.merges):
        pairs.replace(pair, 256 + rank)
    assert [tokenizer.encode(word) for word in words] == pairs.words


@given(text=st.one_of(FEW_LETTERS, ANY_TEXT))
def test_merges_apply_in_the_order_of_learning(text):
    for name in ("a sonnet", "many scripts"):
        tokenizer = TOKENIZERS[name]
        wanted = [i for piece in byte_pieces(text) for i in replayed(piece, tokenizer.merges)]
        assert tokenizer.encode(text) == wanted


def test_another_order_of_merging_would_be_noticed():
    def from_the_left(word, ranks):
        ids = list(word)
        while found := [pair for pair in zip(ids, ids[1:], strict=False) if pair in ranks]:
            ids = merge(ids, found[0], 256 + ranks[found[0]])
        return ids

    tokenizer = TOKENIZERS["a sonnet"]
    words = byte_pieces(TEXTS["a play"])
    assert [from_the_left(word, tokenizer.ranks) for word in words] != [tokenizer.encode(word) for word in words]


@given(text=ANY_TEXT, cut=st.integers(0, 60))
def test_pieces_are_encoded_each_for_itself(text, cut):
    tokenizer, pieces = TOKENIZERS["many scripts"], pretokenize(text)
    first, second = "".join(pieces[:cut]), "".join(pieces[cut:])
    assert tokenizer.encode(text) == [i for piece in pieces for i in tokenizer.encode(piece)]
    assert tokenizer.decode(tokenizer.encode(first) + tokenizer.encode(second)) == text


def test_what_encode_gives_is_the_callers_own():
    tokenizer = BPETokenizer.train("the the the", 260)
    first = tokenizer.encode("the")
    first.append(7)
    assert tokenizer.encode("the") == first[:-1]


def test_two_tokenizers_share_nothing():
    one, other = BPETokenizer([(97, 98)]), BPETokenizer([(98, 97)])
    assert (one.encode("aba"), other.encode("aba"), one.encode("aba")) == ([256, 97], [97, 256], [256, 97])
    other.tokens[0] = b"changed"
    assert BPETokenizer([]).tokens[0] == one.tokens[0] == b"\x00"


def test_a_cache_that_is_full_is_emptied_and_changes_no_token(monkeypatch):
    text, tokenizer = TEXTS["a play"], BPETokenizer.train(TEXTS["a play"], 300)
    wanted = tokenizer.encode(text)
    monkeypatch.setattr(word_cache, "WORDS", 3)
    small = BPETokenizer(tokenizer.merges)
    assert small.encode(text) == wanted and len(small.cache) <= 3


def test_several_threads_may_encode_with_one_tokenizer(monkeypatch):
    monkeypatch.setattr(word_cache, "WORDS", 50)
    tokenizer, parts = BPETokenizer.train(TEXTS["a play"], 300), [TEXTS["a play"][k:] for k in range(0, 4000, 500)]
    wanted = [BPETokenizer(tokenizer.merges).encode(part) for part in parts]
    with ThreadPoolExecutor(4) as pool:
        assert list(pool.map(tokenizer.encode, parts)) == wanted


def test_a_long_word_takes_a_pass_for_each_merge_that_applies(monkeypatch):
    calls = []
    monkeypatch.setattr("tinytorch.core.tokenization.merge", lambda *args: calls.append(1) or merge(*args))
    tokenizer = BPETokenizer([(97, 97), (256, 256), (98, 98), (257, 257)])
    assert encode_word(b"a" * 4000, tokenizer.ranks) == [259] * 500 and len(calls) == 3


def test_copies_and_pickles_are_the_same_tokenizer():
    tokenizer = TOKENIZERS["a sonnet"]
    for twin in (copy.copy(tokenizer), copy.deepcopy(tokenizer), pickle.loads(pickle.dumps(tokenizer))):
        assert twin.merges == tokenizer.merges and twin.encode(MIXED) == tokenizer.encode(MIXED)


def test_a_tokenizer_shows_its_size():
    assert (repr(BPETokenizer([(97, 98)])), repr(CharTokenizer("ab"))) == (
        "BPETokenizer(vocab_size=257)", "CharTokenizer(vocab_size=2)")  # fmt: skip


@pytest.mark.parametrize(("merges", "said"), [
    ([(97, 256)], "token 1 is 256"), ([(0, 1), (-1, 0)], "token 0 is -1"), ([(1, 2, 3)], "unpack"), ([(1,)], "unpack")])
def test_merges_that_cannot_have_been_learned_are_refused(merges, said):
    for attempt in (token_bytes, BPETokenizer):
        with pytest.raises(ValueError, match=said):
            attempt(merges)


# Characters


@given(text=ANY_TEXT)
def test_characters_come_back(text):
    tokenizer = CharTokenizer.train(text)
    ids = tokenizer.encode(text)
    assert tokenizer.decode(ids) == text and len(ids) == len(text)
    assert tokenizer.tokens == sorted(set(text)) and tokenizer.vocab_size == len(set(text))


def test_characters_that_were_not_seen_are_all_named():
    with pytest.raises(ValueError, match=r"\['!', 'x', '\u00e9'\] are none of the 3 characters known"):
        CharTokenizer.train("abc").encode("x\u00e9a!x")
    with pytest.raises(ValueError, match="none of the 0 characters known"):
        CharTokenizer.train("").encode("a")


@pytest.mark.parametrize("ids", [[-1], [3], [0, 99]])
def test_numbers_that_are_no_characters_are_refused(ids):
    with pytest.raises(ValueError, match=f"is {ids[-1]}: the vocabulary has 3 tokens, numbered from 0"):
        CharTokenizer.train("abc").decode(ids)


@pytest.mark.parametrize(("characters", "said"), [
    (["a", "bc"], "token 1 should be one character, got 'bc'"), (["a", 1], "got 1"), (["", "a"], "got ''"),
    ("abca", r"\['a'\] come more than once")])  # fmt: skip
def test_what_is_no_alphabet_is_refused(characters, said):
    with pytest.raises(ValueError, match=said):
        CharTokenizer(characters)


# Files


@pytest.mark.parametrize("name", ["no merges", "a sonnet", "many scripts", "any bytes"])
def test_a_tokenizer_comes_back_from_its_file(name, tmp_path):
    tokenizer = TOKENIZERS[name]
    tokenizer.save(tmp_path / "t.json")
    back = BPETokenizer.load(tmp_path / "t.json")
    assert type(back) is BPETokenizer and back.merges == tokenizer.merges and back.tokens == tokenizer.tokens
    assert back.encode(MIXED) == tokenizer.encode(MIXED)
    assert all(type(pair) is tuple for pair in back.merges)


@given(text=st.text(alphabet=st.characters(), max_size=30))
def test_characters_come_back_from_their_file(text, tmp_path_factory):
    path = tmp_path_factory.mktemp("files") / "c.json"
    tokenizer = CharTokenizer.train(text + "\ud83d\ude00\u2028\"\\\n")  # two lone surrogates among them
    tokenizer.save(path)
    assert CharTokenizer.load(path).tokens == tokenizer.tokens


def test_a_file_is_json_that_a_person_can_read(tmp_path):
    BPETokenizer([(97, 98), (256, 99)]).save(tmp_path / "b.json")
    CharTokenizer.train("b\u00e9").save(str(tmp_path / "c.json"))
    text = (tmp_path / "b.json").read_text(encoding="utf-8")
    assert text == '{"tokenizer": "BPETokenizer", "learned": [\n[97, 98],\n[256, 99]\n]}\n'
    assert (tmp_path / "c.json").read_text(encoding="utf-8").splitlines()[1:3] == ['"b",', '"\u00e9"']
    assert json.loads(text)["learned"] == [[97, 98], [256, 99]]


def test_a_file_of_the_other_kind_is_named(tmp_path):
    BPETokenizer([]).save(tmp_path / "b.json")
    with pytest.raises(ValueError, match=r"b.json holds a BPETokenizer, wanted a CharTokenizer: .*BPETokenizer\.load"):
        CharTokenizer.load(tmp_path / "b.json")


@pytest.mark.parametrize("content", [
    b"", b"{", b"[]", b"7", b'"text"', b"null", b"{}", b'{"tokenizer": "BPETokenizer"}', b"\xff\xfe", b"PK\x03\x04",
    b'{"model": {"merges": []}}', b"[" * 5000])  # fmt: skip
def test_a_file_that_is_none_of_ours_is_refused(content, tmp_path):
    (tmp_path / "x.json").write_bytes(content)
    with pytest.raises(ValueError, match="x.json is not a whole tokenizer"):
        BPETokenizer.load(tmp_path / "x.json")


@pytest.mark.parametrize("learned", ["[[97, 256]]", "[[1, 2, 3]]", '["ab"]', "[[1.5, 2]]", "7", "null", "[[-1, 0]]"])
def test_a_damaged_file_is_refused(learned, tmp_path):
    (tmp_path / "x.json").write_text(f'{{"tokenizer": "BPETokenizer", "learned": {learned}}}', encoding="utf-8")
    with pytest.raises(ValueError, match="x.json is damaged: "):
        BPETokenizer.load(tmp_path / "x.json")


def test_what_cannot_be_written_leaves_the_old_file(tmp_path):
    path = tmp_path / "t.json"
    BPETokenizer([(1, 2)]).save(path)
    broken = BPETokenizer([(3, 4)])
    broken.merges = [object()]
    with pytest.raises(TypeError):
        broken.save(path)
    assert BPETokenizer.load(path).merges == [(1, 2)] and [p.name for p in tmp_path.iterdir()] == ["t.json"]
    with pytest.raises(FileNotFoundError, match="there is no folder .*no to write t.json into: make it first"):
        BPETokenizer([]).save(Path(tmp_path, "no", "t.json"))
    with pytest.raises(FileNotFoundError):
        BPETokenizer.load(tmp_path / "missing.json")
