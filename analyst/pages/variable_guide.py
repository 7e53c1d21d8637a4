"""The codebook as pages show it: each variable with its questions, its rules and the tables that use it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from analyst.pages.table_index import folded, sorting_key, without_marks
from analyst.translation import Translator, message
from intake_store.codebook import Codebook, Population, Variable, VariableType


@dataclass(frozen=True, slots=True)
class Question:
    """What populations are asked, word for word, and of whom; `rule` is empty where everybody is asked."""

    text: str
    populations: tuple[str, ...]
    rule: str
    left_out: tuple[str, ...]
    """Labels of categories that these populations are not offered."""
    other_words: tuple[tuple[str, str], ...]
    """Codes with the labels that these populations read, where they are others than those of the variable."""


@dataclass(frozen=True, slots=True)
class TableLink:
    """A table that counts the variable."""

    title: str
    scope: str
    address: str


@dataclass(frozen=True, slots=True)
class VariableEntry:
    """A variable in the language of a page."""

    variable: Variable
    label: str
    type_text: str
    questions: tuple[Question, ...]
    words: str
    tables: tuple[TableLink, ...] = ()

    def matches(self, query: str) -> bool:
        """Tell whether every word of a query stands in the entry."""
        return all(word in self.words or word in without_marks(self.words) for word in folded(query).split())


def variable_entries(codebook: Codebook, say: Translator, languages: Iterable[Translator]) -> Iterator[VariableEntry]:
    """Yield an entry for each variable, by label, in the language of `say`; words of all `languages` find it."""
    every = tuple(languages)
    for variable in sorted(codebook.variables.values(), key=lambda entry: sorting_key(say(entry.label))):
        questions = tuple(_questions(variable, codebook, say))
        texts = [variable.name, variable.label, variable.definition, variable.question]
        for code in variable.codes:
            texts += [code.label, code.definition]
        texts = [found(text) for found in every for text in texts]
        texts += [question.text for question in questions]
        texts += [code.code for code in variable.codes]
        yield VariableEntry(variable, say(variable.label), _type(variable, say), questions, folded(" ".join(texts)))


def _questions(variable: Variable, codebook: Codebook, say: Translator) -> Iterator[Question]:
    """Yield the questions of the populations, those with the same words and rules together."""
    asked: dict[tuple[str, str, tuple[str, ...], tuple[tuple[str, str], ...]], list[str]] = {}
    labels = {code.code: code.label for code in variable.codes}
    for population in codebook.populations.values():
        if variable.name in population.names:
            own = population.variable(variable.name)
            offered = {code.code for code in own.codes}
            left_out = tuple(say(code.label) for code in variable.codes if code.code not in offered)
            words = tuple((code.code, say(code.label)) for code in own.codes if labels.get(code.code) != code.label)
            key = (say(own.question), _rule(own, population, say), left_out, words)
            asked.setdefault(key, []).append(say(population.label))
    for (text, rule, left_out, words), populations in asked.items():
        yield Question(text, tuple(populations), rule, left_out, words)


def _rule(variable: Variable, population: Population, say: Translator) -> str:
    if variable.ask_if is None:
        return ""
    earlier = population.variable(variable.ask_if.variable)
    labels = [say(code.label) for code in earlier.codes if code.code in variable.ask_if.codes]
    others = [say(code.label) for code in earlier.codes if code.code not in variable.ask_if.codes]
    text = say(message("Asked only when “{variable}” was answered with: {codes}."))
    if len(others) < len(labels):
        text = say(message("Asked only when “{variable}” was answered with something else than: {codes}."))
        labels = others
    return text.format(variable=say(earlier.label), codes=", ".join(labels))


def _type(variable: Variable, say: Translator) -> str:
    if variable.type is VariableType.SINGLE:
        return say(message("One answer."))
    if variable.max < len(variable.codes):
        return say(message("Up to {number} answers.")).format(number=variable.max)
    return say(message("As many answers as fit."))


def missing_answers(variable: Variable, say: Translator) -> list[tuple[str, str]]:
    """Return codes and labels of the ways in which a response can be without an answer to a variable."""
    found = [("no_answer", say(message("Preferred not to say")))]
    if variable.unknown:
        found.append(("unknown", say(message("Did not know"))))
    if variable.ask_if is not None:
        found.append(("not_asked", say(message("Was not asked"))))
    return found


def found_entries(entries: Iterable[VariableEntry], query: str) -> list[VariableEntry]:
    """Return the entries in which every word of a query stands."""
    return [entry for entry in entries if entry.matches(query)]
