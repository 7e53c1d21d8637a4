from __future__ import annotations

import pytest

from bot.understanding.choices import matching_choice

OFFERED = {
    "sell": "Jag säljer eller har sålt sex",
    "buy": "Jag köper sex och vill sluta",
    "minor": "Jag är under 18",
    "worried": "Jag är orolig för någon",
    "housing": "Boende",
    "money": "Pengar och mat",
    "none": "Vill inte svara",
}


@pytest.mark.parametrize(
    ("text", "choice"),
    [
        ("Boende", "housing"),
        ("boende!", "housing"),
        ("BOENDE", "housing"),
        ("boendet", "housing"),
        ("boned", None),
        ("boendee", "housing"),
        ("2", "buy"),
        ("2.", "buy"),
        ("alternativ 2", "buy"),
        ("nummer 7", "none"),
        ("2️⃣", "buy"),
        ("2:an", "buy"),
        ("8", None),
        ("0", None),
        ("99999", None),
        ("jag köper sex", "buy"),
        ("jag säljer", "sell"),
        ("jag", None),
        ("jag är", None),
        ("pengar", "money"),
        ("mat", None),
        ("det är boende tack", "housing"),
        ("jag tror att jag behöver hjälp med mitt boende idag", None),
        ("vill inte svara", "none"),
        ("vill inte", "none"),
        ("nej", None),
        ("", None),
        ("...", None),
    ],
)
def test_only_what_is_clear_is_matched(text: str, choice: str | None) -> None:
    assert matching_choice(text, OFFERED) == choice


def test_labels_that_are_numbers_win_over_places() -> None:
    assert matching_choice("3", {"a": "5", "b": "4", "c": "3", "d": "2"}) == "c"


def test_two_labels_alike_are_not_guessed_between() -> None:
    assert matching_choice("ja", {"a": "Ja", "b": "ja!"}) is None


def test_nothing_offered_matches_nothing() -> None:
    assert matching_choice("2", {}) is None
