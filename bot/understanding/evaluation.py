"""How well the whole path understands labelled sentences: accuracy, crisis recall, false cards."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from bot.understanding.interpretation import Interpreter, Understanding

HEADER = ("intent", "kind", "text", "place")
LOOKALIKE = "lookalike"
CRISIS_PREFIX = "crisis_"


class LinesError(Exception):
    """A file of labelled sentences is not of its shape; the message names file and line."""


@dataclass(frozen=True, slots=True)
class LabelledLine:
    """A sentence with what it means: intent, kind of sentence, and the municipality it names, if any."""

    intent: str
    kind: str
    text: str
    place: str | None


def read_lines(path: Path) -> list[LabelledLine]:
    """Read a file with the header `intent<TAB>kind<TAB>text<TAB>place`; an empty place may lack its tab.

    Raises `LinesError` with the line of the first mistake.
    """
    try:
        rows = path.read_text(encoding="utf-8-sig").split("\n")
    except UnicodeDecodeError as error:
        raise LinesError(f"{path}: is not UTF-8 text") from error
    except OSError as error:
        raise LinesError(f"{path}: cannot be read: {error.strerror}") from error
    rows = [row.removesuffix("\r") for row in rows]
    if tuple(rows[0].split("\t")) != HEADER:
        raise LinesError(f"{path}:1: the header must be {' <TAB> '.join(HEADER)}")
    lines: list[LabelledLine] = []
    for number, row in enumerate(rows[1:], start=2):
        if not row.strip():
            if any(rest.strip() for rest in rows[number:]):
                raise LinesError(f"{path}:{number}: is empty")
            break
        fields = row.split("\t")
        if not len(HEADER) - 1 <= len(fields) <= len(HEADER):
            raise LinesError(f"{path}:{number}: has {len(fields)} fields where {len(HEADER)} belong")
        intent, kind, text, place = (*fields, "")[: len(HEADER)]
        if not text.strip():
            raise LinesError(f"{path}:{number}: has no text")
        lines.append(LabelledLine(intent, kind, text, place or None))
    return lines


def place_name(understanding: Understanding) -> str | None:
    """Return the name of the first municipality a text names, or None."""
    return next((mention.municipality.name for mention in understanding.places if mention.municipality), None)


def record(understanding: Understanding) -> dict[str, object]:
    """Return what `fyren understand` tells of one sentence, ready for JSON."""
    return {
        "language": understanding.language,
        "intent": understanding.intent,
        "confidence": round(understanding.confidence, 4),
        "alternatives": [
            {"intent": guess.name, "confidence": round(guess.confidence, 4)} for guess in understanding.alternatives
        ],
        "crisis": understanding.crisis is not None,
        "place": place_name(understanding),
        "age": understanding.age,
    }


@dataclass
class Share:
    """A share: `hits` of `total`."""

    hits: int = 0
    total: int = 0

    def count(self, hit: bool) -> None:
        self.hits += hit
        self.total += 1

    def __str__(self) -> str:
        return f"{100 * self.hits / self.total:.1f} % ({self.hits}/{self.total})" if self.total else "–"


@dataclass
class Scores:
    """What was counted over the sentences of one language."""

    intents: Share = field(default_factory=Share)
    by_kind: dict[str, Share] = field(default_factory=lambda: defaultdict(Share))
    by_intent: dict[str, Share] = field(default_factory=lambda: defaultdict(Share))
    crisis_recall: Share = field(default_factory=Share)
    false_cards: Share = field(default_factory=Share)
    false_cards_on_lookalikes: Share = field(default_factory=Share)
    places: Share = field(default_factory=Share)
    languages: Share = field(default_factory=Share)
    answered: Share = field(default_factory=Share)
    right_of_answered: Share = field(default_factory=Share)

    def count(self, line: LabelledLine, understanding: Understanding, language: str | None) -> None:
        """Count one sentence; `language` is the one it is written in, if known."""
        right = understanding.intent == line.intent
        card = understanding.crisis is not None
        answered = understanding.decision == "answer"
        self.intents.count(right)
        self.by_kind[line.kind].count(right)
        self.by_intent[line.intent].count(right)
        self.answered.count(answered)
        if answered:
            self.right_of_answered.count(right)
        if line.intent.startswith(CRISIS_PREFIX):
            self.crisis_recall.count(card)
        else:
            self.false_cards.count(card)
            if line.kind == LOOKALIKE:
                self.false_cards_on_lookalikes.count(card)
        if line.place:
            self.places.count(place_name(understanding) == line.place)
        if language:
            self.languages.count(understanding.language == language)


async def evaluate(interpreter: Interpreter, files: Iterable[Path]) -> dict[str, Scores]:
    """Return scores by file stem; a file named after a language (`sv.tsv`) is taken to be written in it.

    Every sentence is interpreted on its own, without a language of the conversation. Raises `LinesError`.
    """
    scores: dict[str, Scores] = {}
    for path in files:
        language = path.stem if path.stem in interpreter.languages else None
        counted = scores.setdefault(path.stem, Scores())
        for line in read_lines(path):
            counted.count(line, await interpreter.interpret(line.text, None), language)
    return scores


def report(scores: dict[str, Scores], command: str) -> str:
    """Return the scores as Markdown, with the command line that made them."""
    rows: list[tuple[str, Callable[[Scores], Share]]] = [
        ("Intent right", lambda s: s.intents),
        ("Crisis recall (a card was shown)", lambda s: s.crisis_recall),
        ("False cards, all other lines", lambda s: s.false_cards),
        ("False cards, look-alikes", lambda s: s.false_cards_on_lookalikes),
        ("Answered without asking back", lambda s: s.answered),
        ("Right among the answered", lambda s: s.right_of_answered),
        ("Place right", lambda s: s.places),
        ("Language right", lambda s: s.languages),
    ]
    names = list(scores)
    text = [
        "# How well sentences are understood",
        "",
        "The whole path: language, crisis lexicon, ages, model, places. Each sentence stands alone. Made with",
        "",
        f"    {command}",
        "",
        _row("", names),
        _row("---", ["---"] * len(names)),
        *(_row(title, [str(value(scores[name])) for name in names]) for title, value in rows),
        "",
        "## Intent right, by kind of sentence",
        "",
        *_table(names, {name: scores[name].by_kind for name in names}),
        "",
        "## Intent right, by intent",
        "",
        *_table(names, {name: scores[name].by_intent for name in names}),
        "",
    ]
    return "\n".join(text)


def _table(names: list[str], shares: Mapping[str, Mapping[str, Share]]) -> list[str]:
    titles = sorted({title for by_title in shares.values() for title in by_title})
    rows = [_row(title, [str(shares[name].get(title, Share())) for name in names]) for title in titles]
    return [_row("", names), _row("---", ["---"] * len(names)), *rows]


def _row(title: str, cells: Iterable[str]) -> str:
    return f"| {' | '.join([title, *cells])} |"
