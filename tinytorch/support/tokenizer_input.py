"""What tokenizers ask of the text, the characters and the token numbers that they are given."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from operator import index


def as_utf8(text: str | bytes) -> bytes:
    """The bytes of a text in UTF-8; bytes are themselves.

    Raises ValueError for a lone surrogate, which UTF-8 has no bytes for, and TypeError for what is neither.

    >>> as_utf8("caf\\xe9")
    b'caf\\xc3\\xa9'
    """
    if isinstance(text, bytes):
        return text
    if not isinstance(text, str):
        raise TypeError(f"a tokenizer encodes a str, or bytes; got a {type(text).__name__}")
    try:
        return text.encode("utf-8")
    except UnicodeEncodeError as error:
        raise ValueError(
            f"character {error.start} of the text is {text[error.start]!a}, a lone surrogate, which UTF-8 cannot hold: "
            "the text was decoded wrongly, so decode it anew, or encode its bytes") from None


def checked_characters(characters: Iterable[str]) -> list[str]:
    """Characters as a list; ValueError naming what is not one character, or comes twice.

    >>> checked_characters("abc")
    ['a', 'b', 'c']
    """
    found = list(characters)
    for place, character in enumerate(found):
        if not isinstance(character, str) or len(character) != 1:
            raise ValueError(f"token {place} should be one character, got {character!r}")
    if len(set(found)) < len(found):
        twice = sorted(character for character, times in Counter(found).items() if times > 1)
        raise ValueError(f"each character is one token; {twice} come more than once")
    return found


def checked_ids(ids: Iterable[int], vocab_size: int) -> list[int]:
    """Token numbers as a list of ints, each from 0 to vocab_size - 1.

    Raises ValueError naming the first that is not, and TypeError for what is not a whole number.

    >>> checked_ids((2, 0), 3)
    [2, 0]
    """
    try:
        found = list(map(index, ids))
    except TypeError:
        given = f"not as {ids!r:.60}"
        raise TypeError(f"tokens come as a list of whole numbers, {given}: of a tensor, take tolist()") from None
    if found and not 0 <= min(found) <= max(found) < vocab_size:
        place, wrong = next((place, i) for place, i in enumerate(found) if not 0 <= i < vocab_size)
        raise ValueError(f"token {place} is {wrong}: the vocabulary has {vocab_size} tokens, numbered from 0")
    return found
