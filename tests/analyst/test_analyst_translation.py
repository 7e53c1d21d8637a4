from __future__ import annotations

from pathlib import Path

import pytest
from babel.messages.extract import extract, extract_python

import analyst
from analyst.translation import LOCALES, Translator, review_status
from content_files import ContentError

HEAD = '# Review-Status: {status}\nmsgid ""\nmsgstr "Language: sv\\n"\n\n'


def catalogue(folder: Path, domain: str, status: str = "reviewed", **texts: str) -> None:
    path = folder / "sv" / "LC_MESSAGES" / f"{domain}.po"
    path.parent.mkdir(parents=True, exist_ok=True)
    entries = "".join(f'msgid "{msgid}"\nmsgstr "{text}"\n\n' for msgid, text in texts.items())
    path.write_text(HEAD.format(status=status) + entries, encoding="utf-8")


def test_what_has_no_translation_stays_english(tmp_path: Path) -> None:
    catalogue(tmp_path, "analyst", Needs="Behov")
    translator = Translator("sv", tmp_path)
    assert (translator("Needs"), translator("Wishes")) == ("Behov", "Wishes")
    assert Translator("en", tmp_path)("Needs") == "Needs"


def test_finished_sentences_are_found_by_their_message_ids(tmp_path: Path) -> None:
    texts = {
        "Below {n} nothing is shown.": "Under {n} visas inget.",
        "TEST: {title}": "PROV: {title}",
        "Needs": "Behov",
    }
    catalogue(tmp_path, "statistics", **texts)
    translator = Translator("sv", tmp_path)
    assert translator.finished("Below 12 nothing is shown.") == "Under 12 visas inget."
    assert translator.finished("TEST: Needs") == "PROV: Behov"
    assert translator.finished("Unknown to it. Below 7 nothing is shown.") == "Unknown to it. Under 7 visas inget."
    assert not translator.knows("Unknown to it. Below 7 nothing is shown.")
    assert translator.knows("Below 7 nothing is shown. TEST: Needs")


def test_one_drafted_catalogue_makes_the_language_drafted(tmp_path: Path) -> None:
    catalogue(tmp_path, "analyst", "machine-drafted")
    catalogue(tmp_path, "statistics", "reviewed")
    assert Translator("sv", tmp_path).review_status == "machine-drafted"
    assert review_status("statistics", "sv", tmp_path) == "reviewed"
    assert review_status("analyst", "sv", tmp_path) == "machine-drafted"
    assert review_status("analyst", "en", tmp_path) == "reviewed"


@pytest.mark.parametrize(
    ("content", "said"), [("msgid x", "not a catalogue"), ('msgid ""\nmsgstr ""\n', "Review-Status")]
)
def test_a_broken_catalogue_is_named(tmp_path: Path, content: str, said: str) -> None:
    catalogue(tmp_path, "analyst")
    (tmp_path / "sv/LC_MESSAGES/analyst.po").write_text(content, encoding="utf-8")
    with pytest.raises(ContentError, match=said):
        Translator("sv", tmp_path)
    with pytest.raises(ContentError, match="cannot be read"):
        review_status("fyren", "sv", tmp_path)


def test_every_marked_message_of_the_exports_has_its_swedish() -> None:
    swedish = Translator("sv", LOCALES)
    for path in sorted((Path(analyst.__file__).parent / "exports").glob("*.py")):
        with path.open("rb") as file:
            for line, msgid, _, _ in extract(extract_python, file, keywords={"message": None}):
                assert swedish.knows(str(msgid)), f"{path.name}:{line}: {msgid}"
