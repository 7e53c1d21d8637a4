"""Places in what a person writes: municipalities, towns, districts and counties, inflected or misspelt.

Two questions are answered. `PlaceIndex.find` looks for places inside any sentence and would rather miss one than take
an ordinary word for a place. `PlaceIndex.lookup` reads the answer to "where are you?", where the whole text is expected
to be a place, and is more lenient.
"""

from __future__ import annotations

import re
import unicodedata
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from pathlib import Path

from pydantic import BaseModel, ConfigDict
from rapidfuzz import process
from rapidfuzz.distance import OSA

from bot.directory.municipalities import County, Municipality, counties_of
from content_files import ContentError, ContentProblem, YamlFile, load_model

_WORD = re.compile(r"[^\W_]+")
_SENTENCE_END = re.compile(r"[.!?:;\n]\s*$")
_LONGEST_NAME = 4  # words
_SHORT_NAME = 4  # letters; up to here no misspelling is guessed
_LONG_NAME = 9  # letters; from here on two mistakes are allowed
_LONGEST_TEXT = 2000  # letters that are searched
_SPECIAL = str.maketrans({"ß": "ss", "ø": "o", "æ": "a", "ł": "l", "đ": "d", "ı": "i"})
_DIGRAPHS = str.maketrans({"å": "aa", "ä": "ae", "ö": "oe", "é": "e"})


class PlaceStatus(StrEnum):
    """What a text names: one municipality, one county, several possible places, or none."""

    UNIQUE = "unique"
    COUNTY = "county"
    AMBIGUOUS = "ambiguous"
    NONE = "none"


@dataclass(frozen=True, slots=True)
class PlaceMatch:
    """The place a whole text names.

    `municipality` is set when `status` is unique, `county` when it is county; `candidates` holds what could be meant,
    municipalities before counties, and is empty only when `status` is none. `exact` is false if a spelling was guessed.
    """

    status: PlaceStatus
    municipality: Municipality | None = None
    county: County | None = None
    candidates: tuple[Municipality | County, ...] = ()
    exact: bool = True


@dataclass(frozen=True, slots=True)
class PlaceMention:
    """A place inside a text; `start` and `end` count characters of the text in Unicode form NFC."""

    match: PlaceMatch
    start: int
    end: int

    @property
    def municipality(self) -> Municipality | None:
        return self.match.municipality

    @property
    def county(self) -> County | None:
        return self.match.county


class PlaceNames(BaseModel):
    """The file `place_names.yml`."""

    model_config = ConfigDict(extra="forbid")

    version: int
    municipalities: dict[str, list[str]]
    counties: dict[str, list[str]]
    prepositions: dict[str, list[str]]
    joining_words: dict[str, list[str]]
    living_words: dict[str, list[str]]
    meant_after: dict[str, list[str]]
    units: dict[str, list[str]]
    endings: dict[str, list[str]]


@dataclass(frozen=True, slots=True)
class _Name:
    """One name of one place, in small letters with its accents, and the place."""

    spelling: str
    place: Municipality | County


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    small: str
    folded: str
    start: int
    end: int
    first: bool
    """Whether it begins a sentence, where a capital letter says nothing."""


@dataclass(frozen=True, slots=True)
class _Hit:
    match: PlaceMatch
    words: int


def fold(text: str) -> str:
    """Return `text` in small letters without accents, with every run of other signs as one space."""
    # Decomposed first: the small letter of a sign such as a mathematical A only shows in its plain form.
    decomposed = unicodedata.normalize("NFKD", unicodedata.normalize("NFKD", text).casefold()).translate(_SPECIAL)
    return " ".join(_WORD.findall("".join(sign for sign in decomposed if not unicodedata.combining(sign))))


class PlaceIndex:
    """Finds places by name; immutable once built.

    `ordinary` holds words of everyday language, as they are typed: they are never read as a misspelt place, and as a
    place of that very name only where the sentence says that a place is meant.
    """

    def __init__(self, municipalities: Iterable[Municipality], names: PlaceNames, ordinary: frozenset[str]) -> None:
        self._ordinary = ordinary
        self._prepositions = _folded_sets(names.prepositions)
        self._joining = frozenset(fold(word) for words in names.joining_words.values() for word in words)
        self._living = frozenset(fold(word) for words in names.living_words.values() for word in words)
        self._units = frozenset(fold(word) for words in names.units.values() for word in words)
        self._meant_after = _folded_sets(names.meant_after)
        endings = {ending for endings in names.endings.values() for ending in endings}
        self._endings = tuple(sorted((fold(ending) for ending in endings), key=len, reverse=True))
        self._names: dict[str, list[_Name]] = defaultdict(list)
        by_code = {municipality.code: municipality for municipality in municipalities}
        for municipality in by_code.values():
            self._add(municipality.name, municipality)
        official = frozenset(self._names)
        self._official = official
        for code, spellings in names.municipalities.items():
            for spelling in spellings:
                if fold(spelling) not in official:
                    self._add(spelling, by_code[code])
        by_county = {county.code: county for county in counties_of(tuple(by_code.values()))}
        for code, spellings in names.counties.items():
            for spelling in (by_county[code].name, *spellings):
                if fold(spelling) not in official:
                    self._add(spelling, by_county[code])
        self._single = tuple(name for name in self._names if " " not in name and len(name) > _SHORT_NAME)
        self._several = tuple(name for name in self._names if " " in name and len(name) >= _LONG_NAME)

    def find(self, text: str, language: str | None = None) -> tuple[PlaceMention, ...]:
        """Return the places `text` names, in its order and without overlap.

        `language` is the code of the language the text is taken to be in; it decides which words count as
        prepositions. All known languages count when it is None.
        """
        normal = unicodedata.normalize("NFC", text[:_LONGEST_TEXT])
        tokens = tuple(_tokens(normal))
        shouting = not any(sign.islower() for sign in normal)
        mentions: list[PlaceMention] = []
        position = 0
        while position < len(tokens):
            hit = self._hit_at(tokens, position, language, shouting)
            if hit is None:
                position += 1
                continue
            mentions.append(PlaceMention(hit.match, tokens[position].start, tokens[position + hit.words - 1].end))
            position += hit.words
        return tuple(mentions)

    def lookup(self, text: str) -> PlaceMatch:
        """Return the place that `text` as a whole names, as in the answer to "where are you?"."""
        tokens = tuple(_tokens(unicodedata.normalize("NFC", text[:_LONGEST_TEXT])))
        whole = self._exact(tokens, trusting=True)
        if whole is not None:
            return whole
        found = [mention.match for mention in self.find(text)] or list(self._trusted(tokens))
        if found:
            return _merged(found)
        kept = [token for token in tokens if not self._is_function_word(token)]
        if not kept or len(kept) > _LONGEST_NAME:
            return PlaceMatch(PlaceStatus.NONE)
        guesses = [self._guess(" ".join(token.folded for token in kept), lenient=True)] if len(kept) > 1 else []
        if not any(guesses):
            guesses = [self._guess(token.folded, lenient=True) for token in kept if self._may_be_misspelt(token, kept)]
        near = [match for match in guesses if match is not None]
        return _merged(near) if near else PlaceMatch(PlaceStatus.NONE)

    def _add(self, spelling: str, place: Municipality | County) -> None:
        small = unicodedata.normalize("NFC", spelling).casefold()
        keys = {fold(small), fold(small.translate(_DIGRAPHS))}
        joined = {key.replace(" ", "") for key in keys if len(key) > 2 * _SHORT_NAME}
        for key in keys | joined:
            entry = _Name(small, place)
            if entry not in self._names[key]:
                self._names[key].append(entry)

    def _hit_at(self, tokens: tuple[_Token, ...], position: int, language: str | None, shouting: bool) -> _Hit | None:
        for words in range(min(_LONGEST_NAME, len(tokens) - position), 0, -1):
            part = tokens[position : position + words]
            match = self._exact(part)
            if words == 1:
                longer = self._misspelt_words_at(tokens, position)
                if longer is not None:
                    return longer
            if match is None:
                continue
            if words == 1 and self._is_ordinary(part[0]) and not self._is_meant(tokens, position, language, shouting):
                continue
            return _Hit(match, words)
        return self._misspelt_at(tokens, position, language)

    def _misspelt_at(self, tokens: tuple[_Token, ...], position: int, language: str | None) -> _Hit | None:
        token = tokens[position]
        if token.small in self._ordinary or token.folded in self._ordinary:
            return None
        after = self._after_preposition(tokens, position, language)
        if len(token.folded) <= (_SHORT_NAME if after else _SHORT_NAME + 2):
            return None
        match = self._guess(token.folded, lenient=after)
        return None if match is None else _Hit(match, 1)

    def _misspelt_words_at(self, tokens: tuple[_Token, ...], position: int) -> _Hit | None:
        """Return the name of several words with one mistake in it that begins at `position`."""
        for words in (3, 2):
            part = tokens[position : position + words]
            if len(part) < words or all(token.small in self._ordinary for token in part):
                continue
            match = self._guess(" ".join(token.folded for token in part), lenient=False)
            if match is not None and self._exact(part[-1:]) is None:
                return _Hit(match, words)
        return None

    def _exact(self, part: tuple[_Token, ...], trusting: bool = False) -> PlaceMatch | None:
        """Return the place the words name exactly, with or without an ending on the last of them."""
        if not part:
            return None
        key = " ".join(token.folded for token in part)
        typed = " ".join(token.small for token in part)
        if key in self._names:
            return self._match(key, typed, exact=True)
        for ending in self._endings:
            stem = key.removesuffix(ending)
            if stem == key or len(stem) < (_SHORT_NAME - 1 if len(ending) == 1 else _SHORT_NAME + 1):
                continue
            if stem in self._names:
                return self._match(stem, typed[: len(typed) - len(ending)], exact=True)
        if trusting and len(part) > 1 and part[-1].folded in self._units:
            return self._exact(part[:-1], trusting=True)
        return None

    def _match(self, key: str, typed: str, exact: bool) -> PlaceMatch | None:
        names = self._names[key]
        if not typed.isascii():
            same = [name for name in names if name.spelling == typed]
            if not same and len(key) <= _SHORT_NAME + 1:
                return None  # "våra" is not Vara
            names = same or names
        return _match_of((name.place for name in names), exact)

    def _guess(self, word: str, lenient: bool) -> PlaceMatch | None:
        """Return the place whose name is nearest to the folded `word`, if it is near enough."""
        if len(word) < _SHORT_NAME or (len(word) == _SHORT_NAME and not lenient):
            return None
        allowed = 1 if " " in word or len(word) < _LONG_NAME else 2
        names = self._several if " " in word else self._single
        forms = [word]
        if word.endswith("s") and len(word) > _SHORT_NAME + 1:
            forms.append(word[:-1])
        near = [
            (name, int(distance))
            for form in forms
            for name, distance, _ in process.extract(form, names, scorer=OSA.distance, score_cutoff=allowed, limit=8)
            if _near_enough(form, name, int(distance), lenient)
            and (len(name) > _SHORT_NAME + 2 or name in self._official)
        ]
        if not near:
            return None
        best = min(distance for _, distance in near)
        places = [entry.place for name, distance in near if distance == best for entry in self._names[name]]
        match = _match_of(places, exact=False)
        return match if lenient or match.status is not PlaceStatus.AMBIGUOUS else None

    def _is_ordinary(self, token: _Token) -> bool:
        if token.small in self._ordinary or token.folded in self._names:
            return token.small in self._ordinary
        return any(token.small.removesuffix(ending) in self._ordinary for ending in self._endings if len(ending) == 1)

    def _is_meant(self, tokens: tuple[_Token, ...], position: int, language: str | None, shouting: bool) -> bool:
        """Tell whether the sentence shows that an ordinary word is a place here."""
        if position + 1 < len(tokens) and tokens[position + 1].folded in self._units:
            return True
        token = tokens[position]
        capital = token.text[0].isupper() and not token.first and not shouting
        if capital and position >= 2 and tokens[position - 1].folded in self._joining:
            return self._exact(tokens[position - 2 : position - 1]) is not None
        if not self._after_preposition(tokens, position, language):
            return False
        if capital:
            return True
        if token.folded in self._meant_after.get(tokens[position - 1].folded, frozenset()):
            return True
        return any(before.folded in self._living for before in tokens[max(0, position - 3) : position])

    def _after_preposition(self, tokens: tuple[_Token, ...], position: int, language: str | None) -> bool:
        words = self._prepositions.get(language or "", self._prepositions[""])
        one = position >= 1 and tokens[position - 1].folded in words
        return one or (position >= 2 and f"{tokens[position - 2].folded} {tokens[position - 1].folded}" in words)

    def _trusted(self, tokens: tuple[_Token, ...]) -> Iterator[PlaceMatch]:
        """Yield places by name even where they are ordinary words, from the end of the text, where the place stands."""
        for position in range(len(tokens) - 1, -1, -1):
            if len(tokens) > 1 and self._is_function_word(tokens[position]):
                continue
            if position and not self._is_function_word(tokens[position - 1]):
                continue
            match = self._exact(tokens[position:], trusting=True) or self._exact(tokens[position : position + 1])
            if match is not None:
                yield match
                return

    def _may_be_misspelt(self, token: _Token, beside: list[_Token]) -> bool:
        """Tell whether a word of an answer may be a misspelt place; four letters only if it is the whole answer."""
        if token.small in self._ordinary or token.folded in self._ordinary:
            return False
        return len(token.folded) > _SHORT_NAME or len(beside) == 1

    def _is_function_word(self, token: _Token) -> bool:
        return any(token.folded in group for group in (self._prepositions[""], self._living, self._units))


def load_place_index(folder: Path, municipalities: tuple[Municipality, ...]) -> PlaceIndex:
    """Build the index from `place_names.yml` and `ordinary_words.txt` in `folder`.

    Raises `ContentError` with file and line for a code that does not exist, an empty name, or a language without
    prepositions.
    """
    names, source = load_model(folder / "place_names.yml", PlaceNames)
    problems = list(_problems(names, source, municipalities))
    path = folder / "ordinary_words.txt"
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise ContentError([ContentProblem(path, 0, "", f"cannot be read: {error.strerror}")]) from error
    words: set[str] = set()
    for number, line in enumerate(lines, start=1):
        if line.startswith("#") or not line.strip():
            continue
        if line != line.strip().casefold() or not _WORD.fullmatch(line):
            problems.append(ContentProblem(path, number, "", f"{line!r} is not one word in small letters"))
        words.add(line)
    if problems:
        raise ContentError(problems)
    return PlaceIndex(municipalities, names, frozenset(words))


def _problems(
    names: PlaceNames, source: YamlFile, municipalities: tuple[Municipality, ...]
) -> Iterator[ContentProblem]:
    known = {
        "municipalities": {municipality.code for municipality in municipalities},
        "counties": {county.code for county in counties_of(municipalities)},
    }
    for part, codes in known.items():
        spellings: Mapping[str, list[str]] = getattr(names, part)
        for code, listed in spellings.items():
            if code not in codes:
                yield source.problem((part, code), f"{code!r} is not a code in municipalities.csv")
            for number, spelling in enumerate(listed):
                if not fold(spelling):
                    yield source.problem((part, code, number), "is not a name")
    for part in ("joining_words", "living_words", "units"):
        for language in getattr(names, part):
            if language not in names.prepositions:
                yield source.problem((part, language), f"language {language!r} has no prepositions")


def _tokens(text: str) -> Iterator[_Token]:
    for found in _WORD.finditer(text):
        before = text[: found.start()]
        first = not before.strip() or _SENTENCE_END.search(before) is not None
        yield _Token(found[0], found[0].casefold(), fold(found[0]), found.start(), found.end(), first)


def _folded_sets(words: Mapping[str, list[str]]) -> dict[str, frozenset[str]]:
    folded = {fold(key): frozenset(fold(word) for word in listed) for key, listed in words.items()}
    folded[""] = frozenset().union(*folded.values())
    return folded


def _near_enough(word: str, name: str, distance: int, lenient: bool) -> bool:
    shorter = min(len(word), len(name))
    if distance == 0:
        return True
    if distance > 1 and shorter < _LONG_NAME:
        return False
    if distance > 1 and not lenient and word[:3] != name[:3] and word[-4:] != name[-4:]:
        return False
    if shorter == _SHORT_NAME and word[:2] != name[:2]:
        return False
    return word[0] == name[0] or (lenient and shorter > _SHORT_NAME + 1)


def _match_of(places: Iterable[Municipality | County], exact: bool) -> PlaceMatch:
    unique = dict.fromkeys(places)
    towns = sorted([place for place in unique if isinstance(place, Municipality)], key=lambda place: place.code)
    counties = sorted([place for place in unique if isinstance(place, County)], key=lambda place: place.code)
    candidates: tuple[Municipality | County, ...] = (*towns, *counties)
    if len(candidates) > 1:
        return PlaceMatch(PlaceStatus.AMBIGUOUS, candidates=candidates, exact=exact)
    if towns:
        return PlaceMatch(PlaceStatus.UNIQUE, municipality=towns[0], candidates=candidates, exact=exact)
    return PlaceMatch(PlaceStatus.COUNTY, county=counties[0], candidates=candidates, exact=exact)


def _merged(matches: list[PlaceMatch]) -> PlaceMatch:
    """Return one match for several mentions; a municipality beside its own county is that municipality."""
    places = dict.fromkeys(place for match in matches for place in match.candidates)
    inside = {place.county_code for place in places if isinstance(place, Municipality)}
    kept = [place for place in places if isinstance(place, Municipality) or place.code not in inside]
    if len(matches) > 1 and len(kept) > 1:
        # "Hammarby, Stockholm": what the mentions have in common is meant.
        common = set(matches[0].candidates).intersection(*(match.candidates for match in matches[1:]))
        kept = [place for place in kept if place in common] or kept
    return _match_of(kept, exact=all(match.exact for match in matches))
