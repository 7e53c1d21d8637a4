from __future__ import annotations

from pathlib import Path

import pytest

from bot.understanding.language import LanguageDetector, LanguageNames, load_function_words

WORDS = Path(__file__).parents[3] / "flows" / "understanding" / "function_words.yml"


@pytest.fixture(scope="module")
def detector() -> LanguageDetector:
    made = LanguageDetector(["sv", "en", "ro"], load_function_words(WORDS))
    made.warm_up()
    return made


@pytest.fixture(scope="module")
def names() -> LanguageNames:
    return LanguageNames(["sv", "en", "ro"])


@pytest.mark.parametrize(
    ("text", "language"),
    [
        ("jag vill prata med någon om mitt liv", "sv"),
        ("var kan jag testa mig för klamydia", "sv"),
        ("where can I get tested", "en"),
        ("i need a place to sleep tonight", "en"),
        ("unde pot gasi un medic", "ro"),
        ("am nevoie de ajutor cu banii", "ro"),
    ],
)
def test_a_sentence_is_recognised_and_switches(detector: LanguageDetector, text: str, language: str) -> None:
    for current in (None, "sv", "en", "ro"):
        assert detector.detect(text, current).language == language


@pytest.mark.parametrize(
    "text", ["ok", "hej", "Malmö", "hello there", "15", "da da", "?", "", "🙏", "Stockholm Sweden"]
)
@pytest.mark.parametrize("current", ["sv", "en", "ro"])
def test_little_text_does_not_switch(detector: LanguageDetector, text: str, current: str) -> None:
    assert detector.detect(text, current).language == current


def test_nothing_at_all_is_the_first_language(detector: LanguageDetector) -> None:
    assert detector.detect("15").language == "sv"


def test_one_language_needs_no_detecting() -> None:
    assert LanguageDetector(["sv"]).detect("where can I get tested").language == "sv"


def test_an_unknown_language_is_refused() -> None:
    with pytest.raises(ValueError, match="xx"):
        LanguageDetector(["sv", "xx"])


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("speak romanian please", "ro"),
        ("pe romana", "ro"),
        ("vorbiti romaneste?", "ro"),
        ("kan du prata rumänska", "ro"),
        ("kan vi ta det på svenska", "sv"),
        ("in swedish", "sv"),
        ("English please", "en"),
        ("engleză", "en"),
        ("jag talar arabiska", "ar"),
        ("العربية", "ar"),
        ("español", "es"),
        ("hablas castellano", "es"),
        ("ไทย", "th"),
        ("thailändska", "th"),
        ("українська", "uk"),
        ("farsi", "fa"),
        ("vietnamesiska", "vi"),
        ("hej vad heter du", None),
        ("so what do I do", None),
        ("", None),
    ],
)
def test_named_languages(names: LanguageNames, text: str, code: str | None) -> None:
    assert names.find_language(text) == code
