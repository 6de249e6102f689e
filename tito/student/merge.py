"""Merging texts: an answer into an exercise that was changed since, line by line where need be."""

import re
from difflib import SequenceMatcher
from itertools import pairwise

from tito.lesson.regions import STUB, TEXT_STUB

ANY_STUB = re.compile(rf"{STUB.pattern}|^[ \t]*{TEXT_STUB}[ \t]*$", re.MULTILINE)


def merge_answer(base: str, mine: str, new: str) -> str | None:
    """The answer in `mine`, which was written into `base`, in the exercise as it is `new`; None where they collide.

    Where nothing but the stubs was filled in, what is around them may change in any way. Else the changes on both
    sides must be to different lines.
    """
    around, places = (ANY_STUB.split(text)[::2] for text in (base, new))  # between them are the stubs' indents
    answers = _between(around, mine) if len(around) == len(places) > 1 else None
    if answers is not None:
        return places[0] + "".join(answer + piece for answer, piece in zip(answers, places[1:], strict=True))
    merged = merge_lines(*(text.split("\n") for text in (base, mine, new)))
    return None if merged is None else "\n".join(merged)


def _between(pieces: list[str], text: str) -> tuple[str, ...] | None:
    """What stands between the pieces, the first of which begins `text` and the last ends it; None where they do not."""
    first, *inner, last = map(re.escape, pieces)
    pattern = first + "".join(f"(?>(.*?){piece})" for piece in inner) + f"(.*){last}"  # (?>...) is tried once
    found = re.fullmatch(pattern, text, re.DOTALL)
    return found.groups() if found else None


def merge_lines(base: list[str], mine: list[str], new: list[str]) -> list[str] | None:
    """The changes from `base` to `mine` and to `new`, both; None where a line that both kept is not between them."""
    edits = sorted({*_edits(base, mine), *_edits(base, new)})
    if any(later[0] <= earlier[1] for earlier, later in pairwise(edits)):
        return None
    merged = list(base)
    for start, end, lines in reversed(edits):
        merged[start:end] = lines
    return merged


def _edits(base: list[str], side: list[str]) -> list[tuple[int, int, tuple[str, ...]]]:
    """Which lines of `base`, from one to before another, have which in their place in `side`."""
    steps = SequenceMatcher(None, base, side, autojunk=False).get_opcodes()
    return [(start, end, tuple(side[b:e])) for tag, start, end, b, e in steps if tag != "equal"]
