"""Tokenizers as files: JSON that a person can read, written whole or not at all."""

from __future__ import annotations

import json
import os
from abc import ABC, abstractmethod
from pathlib import Path
from typing import Any, Self

from tinytorch.support.whole_files import whole_file


class SavedTokenizer(ABC):
    """Saving and loading for a tokenizer with a list `tokens`, whose class is called with what `learned` gives."""

    tokens: list[Any]

    @abstractmethod
    def learned(self) -> list[Any]:
        """What the tokenizer has learned, as a list that JSON can hold."""

    @property
    def vocab_size(self) -> int:
        """How many tokens there are: their numbers are 0 to vocab_size - 1."""
        return len(self.tokens)

    def __repr__(self) -> str:
        return f"{type(self).__name__}(vocab_size={self.vocab_size})"

    def save(self, path: str | os.PathLike) -> None:
        """Write the tokenizer as JSON in UTF-8, one entry a line, whole or not at all."""
        entries = ",\n".join(json.dumps(entry, ensure_ascii=False) for entry in self.learned())
        text = f'{{"tokenizer": {json.dumps(type(self).__name__)}, "learned": [\n{entries}\n]}}\n'
        with whole_file(path) as file:
            file.write(text.encode("utf-8", errors="backslashreplace"))  # which is how JSON writes lone surrogates

    @classmethod
    def load(cls, path: str | os.PathLike) -> Self:
        """The tokenizer that `save` wrote; ValueError for the file of another kind of tokenizer, or of none."""
        try:
            found = json.loads(Path(path).read_text(encoding="utf-8"))
            kind, learned = found["tokenizer"], found["learned"]
        except (ValueError, TypeError, LookupError, RecursionError):  # what the reader says is no help here
            sentence = "is not a whole tokenizer: it was cut short or damaged, or save() did not write it"
            raise ValueError(f"{path} {sentence}") from None
        if kind != cls.__name__:
            raise ValueError(f"{path} holds a {kind}, wanted a {cls.__name__}: load it with {kind}.load")
        try:
            return cls(learned)
        except (ValueError, TypeError) as error:
            raise ValueError(f"{path} is damaged: {error}") from error
