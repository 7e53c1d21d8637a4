from __future__ import annotations

import random
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.directory import Directory, Municipality, PlaceStatus
from bot.directory.places import fold, load_place_index
from content_files import ContentError

ASCII = str.maketrans("åäöéÅÄÖ", "aaoeAAO")
SENTENCES = {
    "sv": "Jag bor i {} och behöver hjälp",
    "en": "I live in {} and need help",
    "ro": "locuiesc în {} și am nevoie de ajutor",
}


def names(directory: Directory, text: str, language: str | None = None) -> list[str]:
    return [place.name for mention in directory.places.find(text, language) for place in mention.match.candidates]


def looked_up(directory: Directory, text: str) -> tuple[str, list[str]]:
    match = directory.places.lookup(text)
    return match.status.value, [place.name for place in match.candidates]


def towns(directory: Directory) -> list[Municipality]:
    return list(directory.municipalities.values())


@pytest.mark.parametrize("change", [str, str.lower, str.upper, "{} kommun".format, "  {}.".format])
def test_every_municipality_answers_where_are_you(directory: Directory, change: Callable[[str], str]) -> None:
    for town in towns(directory):
        match = directory.places.lookup(change(town.name))
        assert town in match.candidates, town.name
        assert match.municipality == town or fold(town.name) == "habo", town.name


def test_every_municipality_without_its_dots_is_still_found(directory: Directory) -> None:
    for town in towns(directory):
        match = directory.places.lookup(town.name.lower().translate(ASCII))
        assert match.municipality == town or (match.status is PlaceStatus.AMBIGUOUS and town in match.candidates)


@pytest.mark.parametrize("language", SENTENCES)
def test_every_municipality_is_found_in_a_sentence(directory: Directory, language: str) -> None:
    for town in towns(directory):
        for name in (town.name, town.name.lower()):
            mentions = directory.places.find(SENTENCES[language].format(name), language)
            assert len(mentions) == 1, name
            assert town in mentions[0].match.candidates


def test_one_mistake_in_a_long_name_is_forgiven(directory: Directory) -> None:
    chance = random.Random(1)
    long_names = [town for town in towns(directory) if len(town.name) >= 8]
    found = wrong = 0
    for town in long_names:
        cut = chance.randrange(1, len(town.name))
        misspelt = town.name[:cut] + town.name[cut + 1 :]
        match = directory.places.lookup(misspelt)
        found += match.municipality == town
        wrong += match.municipality not in {None, town}
    assert found / len(long_names) > 0.95
    assert wrong == 0


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("i Gbg", "Göteborg"),
        ("la Goteborg", "Göteborg"),
        ("Gothenburg", "Göteborg"),
        ("Göteborgs kommuns socialtjänst", "Göteborg"),
        ("hjälp på Hisingen", "Göteborg"),
        ("Malmöborna", "Malmö"),
        ("finns det nåt i rosengård", "Malmö"),
        ("en mottagning i sthlm", "Stockholm"),
        ("centrul din Göteborgului", "Göteborg"),
        ("Malmo's clinic", "Malmö"),
        ("in vasteras", "Västerås"),
        ("i joenkoeping", "Jönköping"),
        ("bor i upplands vasby", "Upplands Väsby"),
        ("from Dals Ed", "Dals-Ed"),
        ("visby", "Gotland"),
        ("jag bor i märsta", "Sigtuna"),
        ("hjälp i helsinborg", "Helsingborg"),
        ("Kalmar", "Kalmar"),
        ("något i Kalmar län", "Kalmar län"),
        ("support in Scania", "Skåne län"),
        ("ajutor în județul Skåne", "Skåne län"),
    ],
)
def test_forms_people_write(directory: Directory, text: str, expected: str) -> None:
    assert names(directory, text) == [expected]


@pytest.mark.parametrize(
    "text",
    [
        "Vad ska det vara bra för?",
        "are you there",
        "I was kinda lost",
        "he left a mark on me",
        "I angered him",
        "casa este ale mele",
        "sunt în sala de așteptare",
        "vara este cald",
        "ont i handen",
        "jag vill ange honom",
        "tappat mina trosor",
        "våra barn mår bra",
        "jag heter Nora",
        "JAG VILL BARA VARA I FRED",
        "min läxa är att ligga på mark",
        "jag vill åka till pappa och vara där",
        "coping with stress",
        "snälla säg hur man slutar",
    ],
)
def test_ordinary_words_are_no_places(directory: Directory, text: str) -> None:
    assert names(directory, text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Hon bor i Vara", "Vara"),
        ("jag bor i vara", "Vara"),
        ("bästa pizzan i lund", "Lund"),
        ("hjälp i Mark", "Mark"),
        ("Marks kommun", "Mark"),
        ("från mora", "Mora"),
        ("I live in are", "Åre"),
        ("Nora hjälper mig i Nora", "Nora"),
    ],
)
def test_the_same_words_are_places_where_the_sentence_says_so(directory: Directory, text: str, expected: str) -> None:
    assert names(directory, text) == [expected]


@pytest.mark.parametrize(
    ("text", "status", "expected"),
    [
        ("håbo", "unique", ["Håbo"]),
        ("habo", "ambiguous", ["Håbo", "Habo"]),
        ("Hammarby", "ambiguous", ["Upplands Väsby", "Stockholm"]),
        ("Hammarby, Stockholm", "unique", ["Stockholm"]),
        ("Småland", "ambiguous", ["Jönköpings län", "Kronobergs län", "Kalmar län"]),
        ("Malmö eller Lund", "ambiguous", ["Malmö", "Lund"]),
        ("Norrköping i Östergötland", "unique", ["Norrköping"]),
        ("Stockholms län", "county", ["Stockholms län"]),
        ("typ vid Sala", "unique", ["Sala"]),
        ("vara", "unique", ["Vara"]),
        ("vill inte säga", "none", []),
        ("spelar ingen roll", "none", []),
        ("acasă", "none", []),
        ("why do you ask", "none", []),
        ("Oslo", "none", []),
        ("", "none", []),
    ],
)
def test_answers_to_where_are_you(directory: Directory, text: str, status: str, expected: list[str]) -> None:
    assert looked_up(directory, text) == (status, expected)


@pytest.mark.parametrize(
    "place", ["Oslo", "Halden", "Kristiansand", "Brașov", "Varna", "Mali", "Malta", "Torino", "Berlin"]
)
def test_places_abroad_are_not_taken_for_swedish_ones(directory: Directory, place: str) -> None:
    assert looked_up(directory, place) == ("none", [])
    assert names(directory, f"jag kommer från {place}") == []


def test_a_guess_is_marked(directory: Directory) -> None:
    assert directory.places.lookup("Göteborg").exact
    assert not directory.places.lookup("Götteborg").exact


def test_positions_point_at_the_place(directory: Directory) -> None:
    text = "från Malmö till Östra Göinge"
    assert [text[mention.start : mention.end] for mention in directory.places.find(text)] == ["Malmö", "Östra Göinge"]


@given(st.text(max_size=80))
def test_any_text_is_survived(directory: Directory, text: str) -> None:
    index = directory.places
    for mention in index.find(text):
        assert 0 <= mention.start < mention.end
        assert mention.match.status is not PlaceStatus.NONE
    match = index.lookup(text)
    assert (match.status is PlaceStatus.NONE) == (match.candidates == ())
    assert (match.status is PlaceStatus.UNIQUE) == (match.municipality is not None)
    assert (match.status is PlaceStatus.COUNTY) == (match.county is not None)


@given(st.text(max_size=40))
def test_folding_twice_is_folding_once(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@pytest.mark.parametrize(
    ("file", "old", "new", "further", "message"),
    [
        ("place_names.yml", '"0114":', '"0113":', 0, "'0113' is not a code"),
        ("place_names.yml", '"Norrtelje"', '"!"', 0, "is not a name"),
        ("place_names.yml", "living_words:\n  sv:", "living_words:\n  xx:", 1, "has no prepositions"),
        ("ordinary_words.txt", "\nales\n", "\nAles\n", 1, "not one word in small letters"),
    ],
)
def test_a_mistake_in_the_names_is_named_by_line(
    tmp_path: Path, folder: Path, directory: Directory, file: str, old: str, new: str, further: int, message: str
) -> None:
    for name in ("place_names.yml", "ordinary_words.txt"):
        shutil.copy(folder / name, tmp_path)
    text = (tmp_path / file).read_text(encoding="utf-8")
    assert text.count(old) == 1
    (tmp_path / file).write_text(text.replace(old, new), encoding="utf-8")
    line = text[: text.index(old)].count("\n") + 1 + further
    with pytest.raises(ContentError, match=message) as caught:
        load_place_index(tmp_path, tuple(towns(directory)))
    assert caught.value.problems[0].line == line
    assert caught.value.problems[0].path.name == file
