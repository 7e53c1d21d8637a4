"""The safe word that ends a conversation at once and wipes its state, in every channel and every language."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from bot.safety.folding import STOP, fold_to_words
from content_files import load_model

Word = Annotated[str, Field(min_length=1)]


class ExitWordsFile(BaseModel):
    """The file `flows/safety/exit_words.yml`: words by language code."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Literal[1]
    words: Annotated[dict[str, Annotated[list[Word], Field(min_length=1)]], Field(min_length=1)]


class ExitWords:
    """Knows whether a message is the safe word: only if it is nothing else, so that nobody leaves by accident."""

    def __init__(self, file: ExitWordsFile) -> None:
        self._words = frozenset(_bare(word) for words in file.words.values() for word in words)
        self.by_language = {language: tuple(words) for language, words in file.words.items()}

    def means_exit(self, text: str) -> bool:
        """Tell whether the whole of `text`, apart from case, accents and punctuation, is a safe word."""
        return _bare(text.strip().removeprefix("/")) in self._words


def load_exit_words(path: Path) -> ExitWords:
    """Read the file. Raises `ContentError` with the line of what does not fit."""
    return ExitWords(load_model(path, ExitWordsFile)[0])


def _bare(text: str) -> str:
    return " ".join(word for word in fold_to_words(text).split() if word != STOP)
