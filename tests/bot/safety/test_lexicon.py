from __future__ import annotations

import time
from pathlib import Path

import pytest

from bot.safety.lexicon import CRISIS_INTENTS, CrisisLexicon
from content_files import ContentError

FLOWS = Path(__file__).parents[3] / "flows" / "safety"

SMALL = """\
version: 1
language: sv
groups:
  jag: [jag, ja]
harmless:
  - phrases: [mobilen * dör]
    examples: [mobilen dör snart]
exploitation: [för pengar]
patterns:
  - name: vill dö
    intent: crisis_suicide
    certainty: certain
    phrases:
      - <jag> * dör
    unless: [av skratt]
    matches: [jag dör]
    not: [jag dör av skratt]
"""


@pytest.fixture(scope="module")
def lexicon() -> CrisisLexicon:
    return CrisisLexicon.load(FLOWS)


def write(folder: Path, text: str) -> Path:
    (folder / "crisis_lexicon.sv.yml").write_text(text, encoding="utf-8")
    return folder


def test_every_example_of_every_pattern_holds(lexicon: CrisisLexicon) -> None:
    assert [str(problem) for problem in lexicon.problems_with_examples()] == []


def test_every_language_hears_every_kind_of_crisis(lexicon: CrisisLexicon) -> None:
    assert set(lexicon.languages) >= {"sv", "en", "ro"}
    for language in lexicon.languages:
        assert lexicon.intents(language) == frozenset(CRISIS_INTENTS), language


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("snälla hjälp han har en kniv och jag kommer inte ut", "crisis_danger"),
        ("pojkvännen har låst in mig i sovrummet", "crisis_danger"),
        ("JAG VILL DÖÖÖÖ", "crisis_suicide"),
        ("jag vil do", "crisis_suicide"),
        ("tankar på sjalvmrod", "crisis_suicide"),
        ("dom tog mitt pass och jag måste betala skulden", "crisis_trafficked"),
        ("en torsk våldtog mig", "crisis_assault"),
        ("jag är omyndig och säljer nakenbilder", "crisis_minor"),
        ("exet hotar med att lägga upp våra filmer", "crisis_blackmail"),
        ("jag fantiserar om barn och vill få hjälp", "crisis_harm_child"),
        ("he just won't ever let me go home or leave", "crisis_danger"),
        ("theres a guy outside my window", "crisis_danger"),
        ("i wanna dieee", "crisis_suicide"),
        ("my pimp took my pasport", "crisis_trafficked"),
        ("got raped by a client", "crisis_assault"),
        ("im under 18 n sell nudes", "crisis_minor"),
        ("a guy is blackmaling me", "crisis_blackmail"),
        ("i am sexually attracted to kids", "crisis_harm_child"),
        ("m-a închis în casă și mă bate", "crisis_danger"),
        ("vreau sa mor", "crisis_suicide"),
        ("pestele mi-a luat actele", "crisis_trafficked"),
        ("ma violat un client", "crisis_assault"),
        ("sunt minora si ma intalnesc cu barbati", "crisis_minor"),
        ("ma santajeaza cu pozele", "crisis_blackmail"),
        ("sunt atras de copii mici", "crisis_harm_child"),
        ("help me please, vreau sa mor", "crisis_suicide"),
        ("jag är rädd, he has a knife", "crisis_danger"),
    ],
)
def test_what_must_be_heard(lexicon: CrisisLexicon, text: str, intent: str) -> None:
    hits = lexicon.hits(text)
    assert hits, "not heard"
    assert hits[0].intent == intent
    assert hits[0].certain


@pytest.mark.parametrize(
    "text",
    [
        "min mobil dör snart, kan vi skynda oss",
        "den här deadlinen tar död på mig, jag dör av tristess",
        "jag skrattade ihjäl mig",
        "såg en serie om människohandel igår",
        "jag är inte suicidal, bara trött",
        "ingen tvingar mig, jag bestämmer själv",
        "vad är straffet för våldtäkt",
        "jag är lärare och vill ha material om självmord",
        "hur många blir våldtagna varje år",
        "kan jag få hjälp med min hyra",
        "jag köper sex och vill sluta",
        "my phone is dying",
        "this deadline is killing me",
        "I watched a film about rape",
        "I am not suicidal",
        "what is the penalty for rape",
        "I could kill for a coffee",
        "how do I talk to a suicidal student",
        "nobody forces me to do this",
        "I want to stop selling sex",
        "hit me up when you are open",
        "I bought sex and feel ashamed",
        "mi-a murit telefonul",
        "mor de foame",
        "mor de râs",
        "am văzut un film despre trafic de persoane",
        "nimeni nu mă obligă",
        "ce pedeapsă e pentru viol",
        "nu sunt sinucigașă",
        "vreau un test HIV",
        "am cumpărat sex și mi-e rușine",
        "What happens if I go to the police or social services?",
        "Jag vill ha hjälp med pengar och papper",
        "nobody has my passport",
        "ingen utpressar mig",
        "nimeni nu îmi ia banii",
        "mamma dödar mig om jag glömmer mjölken",
        "hej",
        "",
        "1234567890",
    ],
)
def test_what_sounds_alike_and_is_harmless(lexicon: CrisisLexicon, text: str) -> None:
    assert lexicon.hits(text) == ()


def test_harmless_words_hide_only_themselves(lexicon: CrisisLexicon) -> None:
    hits = lexicon.hits("my phone is dying and he is outside my door with a knife")
    assert hits[0].intent == "crisis_danger"


@pytest.mark.parametrize(
    "text",
    [
        "nobody helps me and he hits me",
        "my boss keeps beating me",
        "I dont care, I want to die",
        "no one cares if I die",
        "orkar inte mer, tänker ta livet av mig",
        "han förlorade spelet och slog mig",
        "jag vet inte om jag blev våldtagen",
        "nu mai pot, vreau să mor",
        "nu am pe nimeni, mă bate în fiecare zi",
        "nu m-a ascultat, m-a violat",
        "nu sunt în siguranță, sunt închisă în casă",
    ],
)
def test_a_denial_or_a_game_does_not_hide_what_comes_after(lexicon: CrisisLexicon, text: str) -> None:
    assert lexicon.hits(text)[0].certain


@pytest.mark.parametrize(
    "text",
    [
        "What if he doesn't let me leave",
        "I was abused as a child and want therapy now",
        "pappa slog mig när jag var liten",
        "Cred că femeia de la care am cumpărat sex era traficată",
    ],
)
def test_what_is_told_at_a_distance_leaves_a_doubt(lexicon: CrisisLexicon, text: str) -> None:
    hits = lexicon.hits(text)
    assert hits
    assert not any(hit.certain for hit in hits)


def test_a_text_takes_less_than_two_milliseconds(lexicon: CrisisLexicon) -> None:
    texts = ["jag vill prata med någon om hur jag mår och vad jag kan göra nu"] * 50
    lexicon.hits(texts[0])  # compiles what this text needs
    started = time.process_time()
    for text in texts:
        lexicon.hits(text)
    assert (time.process_time() - started) / len(texts) < 0.002


def test_a_long_text_ends_soon(lexicon: CrisisLexicon) -> None:
    started = time.process_time()
    lexicon.hits("jag vill han slår inte mig och " * 130)
    assert time.process_time() - started < 0.5


def test_a_small_file(tmp_path: Path) -> None:
    small = CrisisLexicon.load(write(tmp_path, SMALL))
    assert [hit.pattern for hit in small.hits("ja jag snart dör")] == ["vill dö"]
    assert small.hits("mobilen min dör") == ()
    assert small.hits("jag dör av skratt") == ()
    assert small.speaks_of_exploitation("jag gör det för pengar")
    assert small.problems_with_examples() == []


@pytest.mark.parametrize(
    ("old", "new", "line", "message"),
    [
        ("intent: crisis_suicide", "intent: crisis_flood", 11, "crisis_flood|Input should be"),
        ("certainty: certain", "certainty: perhaps", 12, "Input should be"),
        ("<jag> * dör", "<du> * dör", 14, "names the group <du>"),
        ("unless: [av skratt]", "unless: ['* skratt']", 15, "gap"),
        ("phrases: [mobilen * dör]", "phrases: ['**']", 6, "no word"),
        ("    matches: [jag dör]\n", "", 10, "Field required"),
        ("version: 1", "version: 2", 1, "Input should be 1"),
        ("jag: [jag, ja]", "jag: ['(jag)']", 4, "neither"),
    ],
)
def test_mistakes_are_told_with_file_and_line(tmp_path: Path, old: str, new: str, line: int, message: str) -> None:
    assert SMALL.count(old) == 1
    with pytest.raises(ContentError, match=message) as caught:
        CrisisLexicon.load(write(tmp_path, SMALL.replace(old, new)))
    assert caught.value.problems[0].path.name == "crisis_lexicon.sv.yml"
    assert caught.value.problems[0].line == line


def test_broken_promises_of_examples_are_told(tmp_path: Path) -> None:
    text = SMALL.replace("matches: [jag dör]", "matches: [jag lever]").replace("not: [jag dör av", "not: [jag dör utan")
    problems = CrisisLexicon.load(write(tmp_path, text)).problems_with_examples()
    assert [problem.line for problem in problems] == [16, 17]


def test_a_folder_without_lexicon_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(ContentError, match="crisis_lexicon"):
        CrisisLexicon.load(tmp_path)
