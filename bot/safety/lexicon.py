"""The crisis lexicon: phrases that mean danger, in every language at once, with no model needed.

It is the part of understanding that must never be away. Editors write it as YAML, one file per language
(`flows/safety/crisis_lexicon.<code>.yml`), in the notation of `bot.safety.phrases`; all files are searched for every
text, because people mix languages.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Literal, get_args

from pydantic import BaseModel, ConfigDict, Field
from rapidfuzz.distance import OSA

from bot.safety.folding import fold_to_words
from bot.safety.phrases import Phrase, PhraseError, PhraseIndex, compile_group, compile_phrase
from content_files import ContentError, ContentProblem, YamlFile, load_model

CrisisIntent = Literal[
    "crisis_danger",
    "crisis_suicide",
    "crisis_minor",
    "crisis_trafficked",
    "crisis_assault",
    "crisis_harm_child",
    "crisis_blackmail",
]
"""The crisis intents, the most urgent first: a text that fits several is answered for the first of them."""

CRISIS_INTENTS: tuple[CrisisIntent, ...] = get_args(CrisisIntent)

# Wherever they are spoken of, even as something that might be, these are for the writer to be asked about at once.
_NEAR_AT_ANY_DISTANCE: frozenset[CrisisIntent] = frozenset({"crisis_suicide", "crisis_blackmail", "crisis_harm_child"})

_SHORTEST_MISSPELT = 7  # shorter words have too many neighbours that mean something else

NonEmpty = Annotated[str, Field(min_length=1)]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class HarmlessEntry(_Strict):
    """Phrases that sound like a crisis and are none; the words they cover are not looked at any further."""

    phrases: Annotated[list[NonEmpty], Field(min_length=1)]
    examples: Annotated[list[NonEmpty], Field(min_length=1)]


class PatternEntry(_Strict):
    """One thing to listen for, with sentences that prove what it hears and what it lets pass."""

    name: NonEmpty
    intent: CrisisIntent
    certainty: Literal["certain", "doubtful"]
    phrases: Annotated[list[NonEmpty], Field(min_length=1)]
    unless: list[NonEmpty] = []
    matches: Annotated[list[NonEmpty], Field(min_length=1)]
    not_: Annotated[list[NonEmpty], Field(alias="not")] = []


class LexiconFile(_Strict):
    """A file `crisis_lexicon.<code>.yml`.

    `distant` are phrases that hold what is told at a distance: a question of law, what might happen, what was long ago,
    what somebody else goes through. With them, what would settle the matter leaves a doubt.
    """

    version: Literal[1]
    language: Annotated[str, Field(pattern=r"^[a-z]{2,3}$")]
    groups: dict[str, Annotated[list[NonEmpty], Field(min_length=1)]] = {}
    harmless: list[HarmlessEntry] = []
    distant: list[NonEmpty] = []
    exploitation: Annotated[list[NonEmpty], Field(min_length=1)]
    patterns: Annotated[list[PatternEntry], Field(min_length=1)]


@dataclass(frozen=True, slots=True)
class LexiconHit:
    """A pattern that a text fits: its intent, whether that settles the matter, and where it is written."""

    intent: CrisisIntent
    certain: bool
    pattern: str
    language: str


@dataclass(frozen=True, slots=True)
class _Pattern:
    hit: LexiconHit
    unless: tuple[Phrase, ...]


class CrisisLexicon:
    """All lexicon files, compiled for searching a text in well under two milliseconds."""

    def __init__(self, files: Iterable[tuple[LexiconFile, YamlFile]]) -> None:
        """Compile the files. Raises `ContentError` with every phrase that is not in the notation."""
        self._files = tuple(files)
        problems: list[ContentProblem] = []
        phrases: list[Phrase] = []
        owners: list[_Pattern] = []
        harmless: list[Phrase] = []
        distant: list[Phrase] = []
        exploitation: list[Phrase] = []
        for file, source in self._files:
            groups: dict[str, tuple[Phrase, ...]] = {}
            for name, members in file.groups.items():
                try:
                    groups[name] = compile_group(members, groups)
                except PhraseError as error:
                    problems.append(source.problem(("groups", name), str(error)))
            compiler = _Compiler(source, groups, problems)
            for number, entry in enumerate(file.harmless):
                harmless += compiler.phrases(entry.phrases, ("harmless", number, "phrases"))
            distant += compiler.phrases(file.distant, ("distant",))
            exploitation += compiler.phrases(file.exploitation, ("exploitation",))
            for number, pattern in enumerate(file.patterns):
                at: tuple[str | int, ...] = ("patterns", number)
                hit = LexiconHit(pattern.intent, pattern.certainty == "certain", pattern.name, file.language)
                owner = _Pattern(hit, compiler.phrases(pattern.unless, (*at, "unless")))
                own = compiler.phrases(pattern.phrases, (*at, "phrases"))
                phrases += own
                owners += [owner] * len(own)
        if problems:
            raise ContentError(problems)
        self._index = PhraseIndex(phrases)
        self._owners = tuple(owners)
        self._harmless = PhraseIndex(harmless)
        self._distant = PhraseIndex(distant)
        self._exploitation = PhraseIndex(exploitation)
        innocent = [*harmless, *distant, *(phrase for owner in owners for phrase in owner.unless)]
        self._spelling = _Spelling(phrases, innocent)

    @classmethod
    def load(cls, folder: Path) -> CrisisLexicon:
        """Read every `crisis_lexicon.<code>.yml` in `folder`.

        Raises `ContentError` with file and line if a file is missing, does not fit its model or has a broken phrase.
        """
        paths = sorted(folder.glob("crisis_lexicon.*.yml"))
        if not paths:
            raise ContentError([ContentProblem(folder, 0, "", "has no crisis_lexicon.<code>.yml")])
        return cls(load_model(path, LexiconFile) for path in paths)

    @property
    def languages(self) -> tuple[str, ...]:
        """Codes of the languages that have a file."""
        return tuple(file.language for file, _ in self._files)

    def intents(self, language: str) -> frozenset[CrisisIntent]:
        """Return the crises that the file of `language` (a code) listens for."""
        return frozenset(
            pattern.intent for file, _ in self._files if file.language == language for pattern in file.patterns
        )

    def hits(self, text: str) -> tuple[LexiconHit, ...]:
        """Return every pattern that `text` fits: the certain ones first, then by urgency of the intent."""
        words = self._harmless.mask(self._spelling.corrected(fold_to_words(text)))
        found: dict[LexiconHit, None] = {}
        for number in self._index.matches(words):
            pattern = self._owners[number]
            if pattern.hit not in found and not any(phrase.is_in(words) for phrase in pattern.unless):
                found[pattern.hit] = None
        heard: Iterable[LexiconHit] = found
        if any(hit.certain for hit in found) and self._distant.matches(words):
            heard = (hit if hit.intent in _NEAR_AT_ANY_DISTANCE else replace(hit, certain=False) for hit in found)
        return tuple(sorted(heard, key=lambda hit: (not hit.certain, CRISIS_INTENTS.index(hit.intent))))

    def speaks_of_exploitation(self, text: str) -> bool:
        """Tell whether `text` speaks of sex, images or meetings in exchange for something; used with a stated age."""
        return bool(self._exploitation.matches(fold_to_words(text)))

    def problems_with_examples(self) -> list[ContentProblem]:
        """Return every example that the file promises to be heard and is not, or to pass and is heard."""
        problems: list[ContentProblem] = []
        for file, source in self._files:
            for number, entry in enumerate(file.harmless):
                for position, example in enumerate(entry.examples):
                    if hits := self.hits(example):
                        at = ("harmless", number, "examples", position)
                        problems.append(source.problem(at, f"“{example}” is heard as “{hits[0].pattern}”"))
            for number, pattern in enumerate(file.patterns):
                wanted = (file.language, pattern.name)
                for position, example in enumerate(pattern.matches):
                    if wanted not in _names(self.hits(example)):
                        at = ("patterns", number, "matches", position)
                        problems.append(source.problem(at, f"“{example}” is not heard", pattern.name))
                for position, example in enumerate(pattern.not_):
                    if wanted in _names(self.hits(example)):
                        at = ("patterns", number, "not", position)
                        problems.append(source.problem(at, f"“{example}” is heard", pattern.name))
        return problems


def _names(hits: Sequence[LexiconHit]) -> set[tuple[str, str]]:
    return {(hit.language, hit.pattern) for hit in hits}


@dataclass(frozen=True, slots=True)
class _Compiler:
    source: YamlFile
    groups: dict[str, tuple[Phrase, ...]]
    problems: list[ContentProblem]

    def phrases(self, written: Sequence[str], at: tuple[str | int, ...]) -> tuple[Phrase, ...]:
        compiled: list[Phrase] = []
        for number, phrase in enumerate(written):
            try:
                compiled.append(compile_phrase(phrase, self.groups))
            except PhraseError as error:
                self.problems.append(self.source.problem((*at, number), str(error)))
        return tuple(compiled)


class _Spelling:
    """Puts right one slip in a long word that the phrases know, and leaves every other word alone.

    The first letter must be right, which people seldom miss, and which keeps the search short.
    """

    def __init__(self, wanted: Iterable[Phrase], innocent: Iterable[Phrase]) -> None:
        """Words of `wanted` are what is put right; those of `innocent` are only known not to be slips."""
        self._words: set[str] = set()
        self._stems: set[str] = set()
        for phrase in wanted:
            self._words |= phrase.words
            self._stems |= phrase.stems
        self._long_words = _by_first_letter(self._words)
        self._long_stems = _by_first_letter(self._stems)
        for phrase in innocent:
            self._words |= phrase.words
            self._stems |= {stem for stem in phrase.stems if len(stem) >= _SHORTEST_MISSPELT}
        self._shortest_stem = min(map(len, self._stems), default=0)

    def corrected(self, folded_words: str) -> str:
        return "".join(f"{self._right(word)} " for word in folded_words.split())

    def _right(self, word: str) -> str:
        length = len(word)
        if length < _SHORTEST_MISSPELT - 1 or word in self._words:
            return word
        if any(word[:cut] in self._stems for cut in range(self._shortest_stem, length + 1)):
            return word
        for known in self._long_words.get(word[0], ()):
            if _is_one_slip(known, word):
                return known
        for stem in self._long_stems.get(word[0], ()):
            for cut in (len(stem), len(stem) - 1, len(stem) + 1):
                if cut <= length and _is_one_slip(stem, word[:cut]):
                    return stem + word[cut:]
        return word


def _is_one_slip(known: str, typed: str) -> bool:
    """Tell whether a letter is missing, too many, or two have changed places.

    One letter typed for another does not count: it is as often another word (hopeless, homeless).
    """
    if abs(len(known) - len(typed)) > 1 or (len(known) == len(typed) and sorted(known) != sorted(typed)):
        return False
    return OSA.distance(known, typed, score_cutoff=1) <= 1


def _by_first_letter(words: Iterable[str]) -> dict[str, list[str]]:
    letters: dict[str, list[str]] = {}
    for word in sorted(words):
        if len(word) >= _SHORTEST_MISSPELT:
            letters.setdefault(word[0], []).append(word)
    return letters
