from __future__ import annotations

from pathlib import Path

import pytest

from bot.safety.exit_words import ExitWords, load_exit_words
from bot.understanding.keywords import load_keywords
from content_files import ContentError

FLOWS = Path(__file__).parents[3] / "flows"


@pytest.fixture(scope="module")
def words() -> ExitWords:
    return load_exit_words(FLOWS / "safety" / "exit_words.yml")


@pytest.mark.parametrize(
    "text", ["exit", " EXIT! ", "/exit", "sluta", "Avsluta.", "stäng", "stang", "ieșire", "IESIRE", "quit"]
)
def test_the_safe_word_alone_ends_everything(words: ExitWords, text: str) -> None:
    assert words.means_exit(text)


@pytest.mark.parametrize(
    "text",
    ["jag vill sluta sälja sex", "hur slutar man", "exit program", "vill ha en ieșire", "", "...", "ja", "tillbaka"],
)
def test_the_safe_word_among_others_does_not(words: ExitWords, text: str) -> None:
    assert not words.means_exit(text)


def test_no_safe_word_is_also_an_answer(words: ExitWords) -> None:
    keywords = load_keywords(FLOWS / "understanding" / "keywords.yml")
    every = [word for by_language in words.by_language.values() for word in by_language]
    assert {word for word in every if keywords.intent(word)} == set()


def test_a_file_without_words_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "exit_words.yml"
    path.write_text("version: 1\nwords:\n  sv: []\n", encoding="utf-8")
    with pytest.raises(ContentError, match=r"exit_words\.yml:3: words\.sv"):
        load_exit_words(path)
