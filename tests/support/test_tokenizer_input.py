"""What tokenizers take for text, characters and token numbers, and what is said of anything else."""

from __future__ import annotations

import numpy as np
import pytest

from tinytorch.support.tokenizer_input import as_utf8, checked_characters, checked_ids
from tinytorch.support.word_cache import WordCache


def test_text_becomes_utf8_and_bytes_stay_themselves():
    data = b"\xff\x00"
    assert as_utf8("\u20acA") == b"\xe2\x82\xacA" and as_utf8("") == b"" and as_utf8(data) is data


def test_a_lone_surrogate_is_told_by_its_place_in_ascii():
    with pytest.raises(ValueError) as raised:
        as_utf8("\U0001f600a\udc80")
    assert str(raised.value).startswith("character 2 of the text is '\\udc80', a lone surrogate")


def test_numbers_become_a_list_of_ints():
    found = checked_ids(np.array([2, 0], np.uint8), 3)
    assert found == [2, 0] and all(type(i) is int for i in found) and checked_ids(iter(()), 0) == []


@pytest.mark.parametrize(("ids", "said"), [([0, 3, 9], "token 1 is 3"), ([0, -2], "token 1 is -2"), ([0], "token 0")])
def test_the_first_number_out_of_range_is_told(ids, said):
    size = 0 if ids == [0] else 3
    with pytest.raises(ValueError, match=f"{said}.*the vocabulary has {size} tokens, numbered from 0"):
        checked_ids(ids, size)


@pytest.mark.parametrize("ids", [7, None, [0.0], ["0"], "0"])
def test_what_is_no_list_of_whole_numbers_is_refused(ids):
    with pytest.raises(TypeError, match="tokens come as a list of whole numbers, not as"):
        checked_ids(ids, 3)


def test_characters_come_once_each():
    assert checked_characters("ba\ud800") == ["b", "a", "\ud800"]
    with pytest.raises(ValueError, match=r"each character is one token; \['a', 'b'\] come more than once"):
        checked_characters("bacab")
    with pytest.raises(ValueError, match="token 1 should be one character, got b'a'"):
        checked_characters(["b", b"a"])


def test_a_full_cache_begins_again(monkeypatch):
    monkeypatch.setattr("tinytorch.support.word_cache.WORDS", 2)
    cache = WordCache()
    for word in (b"a", b"b", b"c"):
        cache[word] = [1]
    assert dict(cache) == {b"c": [1]}
