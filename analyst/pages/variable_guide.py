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


def variable_entries(codebook: Codebook, say: Translator) -> Iterator[VariableEntry]:
    """Yield an entry for each variable, by label; texts of both languages can be searched for."""
    for variable in sorted(codebook.variables.values(), key=lambda entry: sorting_key(say(entry.label))):
        questions = tuple(_questions(variable, codebook, say))
        texts = [variable.name, variable.label, say(variable.label), variable.definition, say(variable.definition)]
        texts += [question.text for question in questions]
        for code in variable.codes:
            texts += [code.code, code.label, say(code.label), say(code.definition)]
        yield VariableEntry(variable, say(variable.label), _type(variable, say), questions, folded(" ".join(texts)))


def _questions(variable: Variable, codebook: Codebook, say: Translator) -> Iterator[Question]:
    """Yield the questions of the populations, those with the same words and rules together."""
    asked: dict[tuple[str, str, tuple[str, ...]], list[str]] = {}
    for population in codebook.populations.values():
        if variable.name in population.names:
            own = population.variable(variable.name)
            offered = {code.code for code in own.codes}
            left_out = tuple(say(code.label) for code in variable.codes if code.code not in offered)
            key = (say(own.question), _rule(own, population, say), left_out)
            asked.setdefault(key, []).append(say(population.label))
    for (text, rule, left_out), populations in asked.items():
        yield Question(text, tuple(populations), rule, left_out)


def _rule(variable: Variable, population: Population, say: Translator) -> str:
    if variable.ask_if is None:
        return ""
    earlier = population.variable(variable.ask_if.variable)
    labels = [say(code.label) for code in earlier.codes if code.code in variable.ask_if.codes]
    text = say(message("Asked only when “{variable}” was answered with: {codes}."))
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
