"""Control words that are understood without a model, as whole messages."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

from bot.safety.folding import STOP, fold_to_words
from content_files import ContentError, ContentProblem, load_model

Word = Annotated[str, Field(min_length=1)]


class KeywordsFile(BaseModel):
    """The file `flows/understanding/keywords.yml`: words by intent and language code."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: Literal[1]
    keywords: Annotated[dict[str, dict[str, Annotated[list[Word], Field(min_length=1)]]], Field(min_length=1)]


class Keywords:
    """Knows which control intent a whole message is, if any."""

    def __init__(self, intents: dict[str, str]) -> None:
        """`intents` maps folded words to the intent they mean."""
        self._intents = intents

    def intent(self, text: str) -> str | None:
        """Return the control intent that the whole of `text` is, or None."""
        return self._intents.get(folded_message(text))


def load_keywords(path: Path) -> Keywords:
    """Read the file. Raises `ContentError` if it does not fit or gives one word two meanings."""
    file, source = load_model(path, KeywordsFile)
    intents: dict[str, str] = {}
    problems: list[ContentProblem] = []
    for intent, by_language in file.keywords.items():
        for language, words in by_language.items():
            for number, word in enumerate(words):
                known = intents.setdefault(folded_message(word), intent)
                if known != intent:
                    at = ("keywords", intent, language, number)
                    problems.append(source.problem(at, f"“{word}” already means {known}"))
    if problems:
        raise ContentError(problems)
    return Keywords(intents)


def folded_message(text: str) -> str:
    """Return the folded words of a whole message without the ends of its sentences."""
    return " ".join(word for word in fold_to_words(text).split() if word != STOP)
