from __future__ import annotations

import pytest

from bot.safety.folding import fold_to_words
from bot.safety.phrases import PhraseError, PhraseIndex, compile_group, compile_phrase

GROUPS = {"he": compile_group(["han", "min man", "en kund"], {})}


@pytest.mark.parametrize(
    ("phrase", "text", "heard"),
    [
        ("vill dö", "Jag VILL dö!", True),
        ("vill dö", "jag vill inte dö", False),
        ("vill * dö", "jag vill bara få dö", True),
        ("vill * dö", "jag vill bara få vara i fred och dö", False),
        ("vill * dö", "det vill jag. du dör inte, dö", False),
        ("vill ** dö", "det vill jag. att jag ska dö", True),
        ("våldta*", "jag blev valdtagen", True),
        ("våldta*", "jag vill", False),
        ("död", "dödgrävare", False),
        ("själv-mord", "sjalv mord", True),
        ("själv-mord", "själv-mord", True),
        ("själv-mord", "självmord", True),
        ("a|b c|d", "b d", True),
        ("a|b c|d", "a b", False),
        ("la_ut|spred bilder", "han la ut bilder", True),
        ("la_ut|spred bilder", "han ut bilder", False),
        ("jag är? rädd", "jag rädd", True),
        ("= hjälp nu?", "Hjälp!!!", True),
        ("= hjälp nu?", "hjälp mig", False),
        ("<he> slog mig", "min man slog mig", True),
        ("<he> slog mig", "min granne slog mig", False),
        ("<he> * slog mig", "en kund som heter x slog mig", True),
    ],
)
def test_the_notation(phrase: str, text: str, heard: bool) -> None:
    compiled = compile_phrase(phrase, GROUPS)
    assert compiled.is_in(fold_to_words(text)) is heard
    # The index must not lose what the phrase itself would hear.
    assert bool(PhraseIndex([compiled]).matches(fold_to_words(text))) is heard


@pytest.mark.parametrize(
    ("phrase", "message"),
    [
        ("*", "no word that must be there"),
        ("han?", "no word that must be there"),
        ("* dö", "begins or ends with a gap"),
        ("dö **", "begins or ends with a gap"),
        ("<nobody> slog", "names the group <nobody>"),
        ("(dö)", "neither a word nor a gap"),
        ("dö||död", "neither a word nor a gap"),
    ],
)
def test_what_is_not_in_the_notation_is_refused(phrase: str, message: str) -> None:
    with pytest.raises(PhraseError, match=message.replace("|", r"\|")):
        compile_phrase(phrase, GROUPS)


def test_masked_words_mean_nothing_any_more() -> None:
    harmless = PhraseIndex([compile_phrase("mobilen dör")])
    masked = harmless.mask(fold_to_words("Mobilen dör, han slår mig"))
    assert masked == "_ _ han slar mig "
