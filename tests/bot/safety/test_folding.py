from __future__ import annotations

import pytest

from bot.safety.folding import fold, fold_to_words


@pytest.mark.parametrize(
    ("typed", "folded"),
    [
        ("Jag ORKAR inte... snäääälla, svara!", "jag orkar inte . snala svara . "),
        ("I don't, I DON’T", "i dont i dont "),
        ("Pașaportul meu / pasaportul", "pasaportul meu pasaportul "),
        ("s u i c i d e", "suicide "),
        ("s3x och r@pe", "sex och rape "),
        ("15yo kl 11", "15yo kl 11 "),
        ("112 1000", "112 1000 "),
        ("m-a violat", "m a violat "),
        ("snake_case", "snake case "),
        ("", ""),
        ("🙏🙏", ""),
    ],
)
def test_typing_is_brought_to_one_plain_form(typed: str, folded: str) -> None:
    assert fold_to_words(typed) == folded


def test_folding_twice_changes_nothing() -> None:
    for text in ("Dödslängtan", "îmi e frică", "ÅÄÖ", "ช่วยด้วย", "مساعدة"):
        assert fold(fold(text)) == fold(text)


def test_marks_of_other_scripts_stay_in_their_words() -> None:
    assert fold_to_words("ช่วยด้วย") == fold("ช่วยด้วย") + " "
