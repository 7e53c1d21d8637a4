"""Phrases: the small notation in which editors write what the safety screen listens for.

A phrase is words with spaces between them, and these signs:

=============  ======================================================================================
``word``       the word itself, however it is accented or capitalised
``word*``      the word with any ending (``våldta*``: våldtagen, våldtar)
``själv-mord`` written together, apart or with a hyphen
``a|b c|d``    one word of ``a`` or ``b``, then ``c`` or ``d``
``a|b_c``      ``a``, or ``b`` followed by ``c``
``word?``      may be missing
``*``          up to three words of any kind, within the sentence
``**``         up to eight words of any kind, across sentences too
``<name>``     any phrase of the file's group of that name
``= phrase``   only when the phrase is the whole message
=============  ======================================================================================
"""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from bot.safety.folding import STOP, fold

_GAP = r"(?:[^ .]+ ){0,3}"
_LONG_GAP = r"(?:[^ ]+ ){0,8}"
_WORD = re.compile(r"[^\W_]+(?:-[^\W_]+)*\*?(?:_[^\W_]+(?:-[^\W_]+)*\*?)*")
_GROUP = re.compile(r"<([^<> ]+)>")


class PhraseError(ValueError):
    """A phrase is not written in the notation; the message says what is wrong with it."""


@dataclass(frozen=True)
class Phrase:
    """A compiled phrase: `source` as written, `pattern` a regular expression over folded words.

    `anchors` are folded words of which at least one must occur in a text for the phrase to match, and
    `anchor_stems` the same for beginnings of words: an index over them spares trying every phrase on every text.
    """

    source: str
    pattern: str
    anchors: frozenset[str]
    anchor_stems: frozenset[str]
    words: frozenset[str]
    stems: frozenset[str]

    @cached_property
    def expression(self) -> re.Pattern[str]:
        """The pattern, compiled when first needed: most phrases never are, and starting must be quick."""
        return re.compile(self.pattern)

    def is_in(self, folded_words: str) -> bool:
        """Tell whether the phrase occurs in the output of `fold_to_words`."""
        return self.expression.search(folded_words) is not None


@dataclass(frozen=True, slots=True)
class _Item:
    expression: str
    words: frozenset[str]
    stems: frozenset[str]
    needed: bool


def compile_phrase(source: str, groups: Mapping[str, tuple[Phrase, ...]] | None = None) -> Phrase:
    """Compile one phrase; `groups` are the already compiled groups it may name.

    Raises `PhraseError` if the phrase is not in the notation, is only gaps, or names an unknown group.
    """
    text = source.strip()
    whole = text.startswith("=")
    parts = text.removeprefix("=").split()
    items = [_item(part, source, groups or {}) for part in parts]
    needed = [item for item in items if item.needed]
    if not needed:
        raise PhraseError(f"“{source}” has no word that must be there")
    if parts[0] in {"*", "**"} or parts[-1] in {"*", "**"}:
        raise PhraseError(f"“{source}” begins or ends with a gap, which does nothing")
    body = "".join(item.expression for item in items)
    expression = rf"\A(?:\. )*{body}(?:\. )*\Z" if whole else rf"(?<![^ ]){body}"
    anchor = max(needed, key=_selectivity)
    return Phrase(
        source,
        expression,
        anchor.words,
        anchor.stems,
        frozenset().union(*(item.words for item in items)),
        frozenset().union(*(item.stems for item in items)),
    )


def compile_group(phrases: Iterable[str], groups: Mapping[str, tuple[Phrase, ...]]) -> tuple[Phrase, ...]:
    """Compile the phrases of a group. Raises `PhraseError` as `compile_phrase` does."""
    return tuple(compile_phrase(phrase, groups) for phrase in phrases)


def _selectivity(item: _Item) -> tuple[int, int]:
    """Prefer items whose shortest form is long, then those with few forms."""
    return min(len(form) for form in item.words | item.stems), -len(item.words | item.stems)


def _item(part: str, source: str, groups: Mapping[str, tuple[Phrase, ...]]) -> _Item:
    try:
        return _compiled(part, groups) if "<" in part else _compiled_alone(part)
    except PhraseError as error:
        raise PhraseError(f"“{source}” {error}") from None


@functools.lru_cache(maxsize=8192)
def _compiled_alone(part: str) -> _Item:
    # The same words stand in hundreds of phrases, and the page waits for all of them at start.
    return _compiled(part, {})


def _compiled(part: str, groups: Mapping[str, tuple[Phrase, ...]]) -> _Item:
    if part == "*":
        return _Item(_GAP, frozenset(), frozenset(), needed=False)
    if part == "**":
        return _Item(_LONG_GAP, frozenset(), frozenset(), needed=False)
    optional = part.endswith("?")
    expressions: list[str] = []
    words: set[str] = set()
    stems: set[str] = set()
    for form in part.removesuffix("?").split("|"):
        if group := _GROUP.fullmatch(form):
            if group[1] not in groups:
                raise PhraseError(f"names the group <{group[1]}>, which is not there")
            for member in groups[group[1]]:
                expressions.append(member.pattern.removeprefix("(?<![^ ])"))
                words |= member.anchors
                stems |= member.anchor_stems
        elif _WORD.fullmatch(form):
            expressions.append(_form_expression(form, words, stems))
        else:
            raise PhraseError(f"has “{form}”, which is neither a word nor a gap nor a <group>")
    either = f"(?:{'|'.join(expressions)})"
    if optional:
        return _Item(f"{either}?", frozenset(words), frozenset(stems), needed=False)
    return _Item(either, frozenset(words), frozenset(stems), needed=True)


def _form_expression(form: str, words: set[str], stems: set[str]) -> str:
    """Return the expression of one alternative; its first word goes into `words` or `stems`."""
    first, *others = form.split("_")
    expression = _word_expression(first, words, stems)
    for other in others:
        expression += _word_expression(other, set(), set())
    return expression


def _word_expression(form: str, words: set[str], stems: set[str]) -> str:
    ending = form.endswith("*")
    parts = [_folded(part) for part in form.removesuffix("*").split("-")]
    joined = _folded("".join(parts))
    (stems if ending else words).add(joined)
    tail = "[^ .]* " if ending else " "
    if len(parts) == 1:
        return f"{re.escape(joined)}{tail}"
    words.add(parts[0])
    apart = " ?".join(re.escape(part) for part in parts)
    return f"(?:{re.escape(joined)}|{apart}){tail}"


# Bounded, and a matter of the start: nothing that a person writes comes here.
_folded = functools.lru_cache(maxsize=16384)(fold)


class PhraseIndex:
    """Phrases by the words that must occur in a text for them to match."""

    def __init__(self, phrases: Iterable[Phrase]) -> None:
        self._by_word: dict[str, list[int]] = {}
        self._by_stem: dict[str, list[int]] = {}
        self.phrases = tuple(phrases)
        for number, phrase in enumerate(self.phrases):
            for word in phrase.anchors:
                self._by_word.setdefault(word, []).append(number)
            for stem in phrase.anchor_stems:
                self._by_stem.setdefault(stem, []).append(number)
        self._longest_stem = max(map(len, self._by_stem), default=0)

    def matches(self, folded_words: str) -> list[int]:
        """Return the positions in `phrases` of all that occur in `folded_words`, in order."""
        candidates: set[int] = set()
        for word in set(folded_words.split()):
            candidates.update(self._by_word.get(word, ()))
            for length in range(1, min(len(word), self._longest_stem) + 1):
                candidates.update(self._by_stem.get(word[:length], ()))
        return [number for number in sorted(candidates) if self.phrases[number].is_in(folded_words)]

    def mask(self, folded_words: str) -> str:
        """Return `folded_words` with every word that one of the phrases covers replaced by one that means nothing."""
        for number in self.matches(folded_words):
            folded_words = self.phrases[number].expression.sub(_blank, folded_words)
        return folded_words


def _blank(match: re.Match[str]) -> str:
    return "".join(f"{STOP if word == STOP else '_'} " for word in match[0].split())
