"""The codebook: the only source of variables, codes, labels, populations and rules.

Flows, validation, tables and exports all read it. Versions stand side by side as `v1.yml`, `v2.yml`, …; a response
names the version it was given under, so old responses stay readable.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, field, replace
from enum import StrEnum
from functools import partial
from operator import getitem
from pathlib import Path
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from content_files import ContentError, ContentProblem, YamlFile, load_model
from intake_store.submission.errors import ResponseError
from intake_store.submission.response import (
    NO_ANSWER,
    NOT_ASKED,
    RESPONSE_FIELDS,
    Answer,
    AnswerStatus,
    QualityFlag,
    Response,
)

_RESERVED_NAMES = RESPONSE_FIELDS | {"id", "quarter"}
_RESERVED_CODES = frozenset(status.value for status in AnswerStatus)
_NOT_ASKED: Final = AnswerStatus.NOT_ASKED.value
_REMEMBERED_ANSWERS: Final = 20_000
"""To how many answers a variable's memory of `fits_stored` is held; a few megabytes."""

StoredAnswer = str | tuple[str, ...]
"""An answer as a response's JSON has it: its sorted codes, or the status of an answer without codes."""


class VariableType(StrEnum):
    """How many codes an answer may hold."""

    SINGLE = "single"
    MULTIPLE = "multiple"


class AgeGroup(StrEnum):
    """Whose responses a population holds; tables never put under-18s and adults together."""

    ADULT = "adult"
    UNDER_18 = "under_18"
    ANY = "any"


@dataclass(frozen=True, slots=True)
class Code:
    """One category of a variable. An `exclusive` code stands alone in a multiple answer.

    `value` is the number that a mean takes for it; either every code of a variable has one, or none has.
    """

    code: str
    label: str
    definition: str = ""
    exclusive: bool = False
    value: int | None = None


@dataclass(frozen=True, slots=True)
class AskIf:
    """A routing rule: asked only when `variable` was answered with at least one of `codes`."""

    variable: str
    codes: tuple[str, ...]

    def holds(self, answers: Mapping[str, Answer]) -> bool:
        """Tell whether the answers so far lead to the variable; an unanswered one leads nowhere."""
        earlier = answers.get(self.variable)
        return earlier is not None and not set(self.codes).isdisjoint(earlier.codes)


@dataclass(frozen=True, slots=True)
class Variable:
    """One question as it is put to one population: `codes` are those offered, in the order they are shown.

    `max` is the greatest number of codes in an answer: 1 for a single one, all offered ones when nothing was set.
    `label`, `question` and the labels of the codes are English message ids. With `among`, an answer holds only codes
    that the answer to that earlier variable holds.
    """

    name: str
    label: str
    question: str
    type: VariableType
    max: int
    codes: tuple[Code, ...]
    unknown: bool
    ask_if: AskIf | None
    definition: str
    source: str
    among: str | None = None

    def is_asked(self, answers: Mapping[str, Answer]) -> bool:
        """Tell whether the routing asks this variable, given the answers to the earlier ones."""
        return self.ask_if is None or self.ask_if.holds(answers)

    def label_of(self, code: str) -> str:
        """Return the label of one of the offered codes; raises `KeyError` for another."""
        for entry in self.codes:
            if entry.code == code:
                return entry.label
        raise KeyError(code)

    def kept(self, answer: Answer, answers: Mapping[str, Answer]) -> Answer:
        """Return what is left of an answer when the one that it chose among has changed."""
        if self.among is None or not answer.codes:
            return answer
        left = set(answer.codes).intersection(answers.get(self.among, NO_ANSWER).codes)
        return Answer.of(*left) if left else NO_ANSWER

    def problems(self, answer: Answer) -> Iterator[str]:
        """Yield what is wrong with an answer to this variable, the other answers apart."""
        if answer.status is AnswerStatus.UNKNOWN and not self.unknown:
            yield f"{self.name} does not take 'unknown'."
        if not answer.codes:
            return
        offered = {entry.code: entry for entry in self.codes}
        if not offered.keys() >= set(answer.codes):
            yield f"{self.name} has a code that is not offered."
            return
        if len(answer.codes) > self.max:
            yield f"{self.name} has {len(answer.codes)} codes and takes at most {self.max}."
        if len(answer.codes) > 1 and any(offered[code].exclusive for code in answer.codes):
            yield f"{self.name} has an exclusive code together with others."


@dataclass(frozen=True, slots=True)
class Population:
    """Whom a questionnaire is for, and its variables in the order they are asked."""

    name: str
    label: str
    definition: str
    age: AgeGroup
    variables: tuple[Variable, ...]
    _by_name: Mapping[str, Variable] = field(init=False, repr=False, compare=False)
    _checks: _Checks = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_by_name", {variable.name: variable for variable in self.variables})
        object.__setattr__(self, "_checks", _Checks(self.variables))

    @property
    def names(self) -> Set[str]:
        """The names of its variables."""
        return self._by_name.keys()

    def variable(self, name: str) -> Variable:
        """Return the variable with this name; raises `KeyError` if the population is not asked it."""
        return self._by_name[name]

    def complete(self, answers: Mapping[str, Answer]) -> dict[str, Answer]:
        """Return an entry for every variable, as a response needs it.

        What the routing leaves out becomes `not_asked`, also when it had been answered before an earlier answer was
        changed; what was asked and is missing becomes `no_answer`. Codes that are no longer among an earlier answer
        go, too.
        """
        completed: dict[str, Answer] = {}
        for variable in self.variables:
            if variable.is_asked(completed):
                given = answers.get(variable.name, NO_ANSWER)
                given = NO_ANSWER if given.status is AnswerStatus.NOT_ASKED else given
                completed[variable.name] = variable.kept(given, completed)
            else:
                completed[variable.name] = NOT_ASKED
        return completed

    def problems(self, answers: Mapping[str, Answer]) -> Iterator[str]:
        """Yield what is wrong with the answers of a response, in the order of the variables."""
        if not self._by_name.keys() >= answers.keys():
            yield f"It has an answer to a variable that {self.name} does not have."
        for variable in self.variables:
            answer = answers.get(variable.name)
            if answer is None:
                yield f"{variable.name} is missing."
            elif variable.is_asked(answers) == (answer.status is AnswerStatus.NOT_ASKED):
                left_out = answer.status is AnswerStatus.NOT_ASKED
                asked = "was left out although the routing asks it" if left_out else "was not to be asked"
                yield f"{variable.name} {asked}."
            else:
                yield from variable.problems(answer)
                if variable.kept(answer, answers) != answer:
                    yield f"{variable.name} has a code that is not among the answers to {variable.among}."

    def fits(self, answers: Mapping[str, Answer]) -> bool:
        """Tell whether `problems` has nothing to say; see `fits_stored`."""
        return self.fits_stored({name: answer.codes or answer.status.value for name, answer in answers.items()})

    def fits_stored(self, answers: Mapping[str, StoredAnswer]) -> bool:
        """Tell whether answers as they are stored fit: a tuple of sorted codes, or the status of an answer without.

        Made for millions of responses, and only for those who open responses anyway: it remembers what it found about
        every answer to a variable.
        """
        return self._checks.pass_for(answers)


class _Verdicts(dict[StoredAnswer, bool]):
    """What was found about answers; finds it for a new one, and keeps a limited number."""

    def __init__(self, judge: Callable[[StoredAnswer], bool]) -> None:
        super().__init__()
        self._judge = judge

    def __missing__(self, answer: StoredAnswer) -> bool:
        verdict = self._judge(answer)
        if len(self) < _REMEMBERED_ANSWERS:
            self[answer] = verdict
        return verdict


class _Checks:
    """The rules of a population, laid out so that nearly all of the work is looking up."""

    def __init__(self, variables: Sequence[Variable]) -> None:
        place = {variable.name: index for index, variable in enumerate(variables)}
        self._names = tuple(place)
        self._verdicts = tuple(_Verdicts(partial(_fits_alone, variable)) for variable in variables)
        self._routes = tuple(
            (place[name], place[rule.variable], _Verdicts(partial(_leads_on, frozenset(rule.codes))))
            for name, rule in ((variable.name, variable.ask_if) for variable in variables)
            if rule is not None
        )
        self._choices = tuple(
            (place[variable.name], place[variable.among]) for variable in variables if variable.among is not None
        )

    def pass_for(self, answers: Mapping[str, StoredAnswer]) -> bool:
        if len(answers) != len(self._names):
            return False
        try:
            values = [answers[name] for name in self._names]
        except KeyError:
            return False
        if not all(map(getitem, self._verdicts, values)):
            return False
        for own, earlier, leads_on in self._routes:
            if leads_on[values[earlier]] == (values[own] == _NOT_ASKED):
                return False
        for own, earlier in self._choices:
            chosen, among = values[own], values[earlier]
            if type(chosen) is tuple and not (type(among) is tuple and set(chosen).issubset(among)):
                return False
        return True


def _fits_alone(variable: Variable, value: StoredAnswer) -> bool:
    if value == _NOT_ASKED and variable.ask_if is None:
        return False
    try:
        answer = Answer(AnswerStatus(value)) if isinstance(value, str) else Answer(AnswerStatus.ANSWERED, value)
    except ValueError:
        return False
    return not any(variable.problems(answer))


def _leads_on(codes: frozenset[str], earlier: StoredAnswer) -> bool:
    return isinstance(earlier, tuple) and not codes.isdisjoint(earlier)


@dataclass(frozen=True, slots=True)
class Contradiction:
    """Answers that seem to exclude each other: for every variable of `when`, one of its codes.

    An `allowed` one can well be true, and `note` says why; the others are flagged, and no response is refused for one.
    """

    name: str
    when: Mapping[str, frozenset[str]] = field(hash=False)
    note: str
    allowed: bool

    def holds(self, answers: Mapping[str, Answer]) -> bool:
        """Tell whether the answers hold it."""
        return all(not codes.isdisjoint(answers.get(name, NO_ANSWER).codes) for name, codes in self.when.items())


@dataclass(frozen=True, slots=True)
class Codebook:
    """One version of the codebook."""

    version: str
    variables: Mapping[str, Variable]
    """Every variable with all of its codes; what one population is offered stands in `populations`."""
    populations: Mapping[str, Population]
    contradictions: tuple[Contradiction, ...] = ()

    def contradictions_in(self, answers: Mapping[str, Answer], population: str) -> tuple[Contradiction, ...]:
        """Return the contradictions that the answers of a population hold, allowed ones too.

        A response with one that is not allowed gets the flag `QualityFlag.CONTRADICTORY`. Raises `KeyError` for an
        unknown population.
        """
        asked = self.populations[population].names
        return tuple(entry for entry in self.contradictions if entry.when.keys() <= asked and entry.holds(answers))

    def validate(self, response: Response) -> None:
        """Check a response against this version.

        Raises `ResponseError` with every problem; a problem names variables, never what was answered.
        """
        problems: list[str] = []
        if response.codebook_version != self.version:
            problems.append(f"It was given under another version than {self.version}.")
        population = self.populations.get(response.population)
        if population is None:
            problems.append(f"Codebook {self.version} has no such population.")
        else:
            problems.extend(population.problems(response.answers))
        if not all(isinstance(flag, QualityFlag) for flag in response.flags):
            problems.append("It has an unknown quality flag.")
        if problems:
            raise ResponseError(problems)


def load_codebook(path: Path) -> Codebook:
    """Read one version of the codebook from `v<version>.yml`.

    Raises `ContentError` with the line of every mistake.
    """
    content, source = load_model(path, _CodebookFile)
    return _Resolver(content, source).codebook()


def load_codebooks(folder: Path) -> dict[str, Codebook]:
    """Read every version in a folder, by version.

    Raises `ContentError` with all mistakes of all versions, or when the folder holds none.
    """
    codebooks: dict[str, Codebook] = {}
    problems: list[ContentProblem] = []
    for path in sorted(folder.glob("v*.yml")):
        try:
            codebook = load_codebook(path)
        except ContentError as error:
            problems.extend(error.problems)
        else:
            codebooks[codebook.version] = codebook
    if not codebooks and not problems:
        problems.append(ContentProblem(folder, 0, "", "holds no codebook (v1.yml)"))
    if problems:
        raise ContentError(problems)
    return codebooks


_Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
_CodeName = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_]{0,39}$")]
_Sentence = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]


class _FileModel(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _CodeEntry(_FileModel):
    code: _CodeName
    label: _Sentence
    definition: str = ""
    exclusive: bool = False
    value: int | None = None


class _AskIfEntry(_FileModel):
    variable: _Name
    codes: list[_CodeName] | None = Field(default=None, min_length=1)
    other_than: list[_CodeName] | None = Field(default=None, min_length=1)


class _VariableEntry(_FileModel):
    label: _Sentence
    question: _Sentence
    type: Literal["single", "multiple"]
    max: int | None = Field(default=None, ge=2)
    unknown: bool = False
    ask_if: _AskIfEntry | None = None
    definition: _Sentence
    source: _Sentence
    among: _Name | None = None
    codes: list[_CodeEntry] | None = Field(default=None, min_length=2)


class _AskedVariable(_FileModel):
    variable: _Name
    question: _Sentence | None = None
    offer: list[_CodeName] | None = Field(default=None, min_length=1)
    labels: dict[_CodeName, _Sentence] = Field(default_factory=dict)


class _PopulationEntry(_FileModel):
    label: _Sentence
    definition: _Sentence
    age: AgeGroup
    variables: list[_AskedVariable] = Field(min_length=1)


class _ContradictionEntry(_FileModel):
    name: _Name
    when: dict[_Name, list[_CodeName]] = Field(min_length=2)
    allowed: bool
    note: _Sentence


class _CodebookFile(_FileModel):
    version: Annotated[str, StringConstraints(pattern=r"^[1-9][0-9]{0,3}$")]
    variables: dict[_Name, _VariableEntry]
    populations: dict[_Name, _PopulationEntry]
    contradictions: list[_ContradictionEntry] = Field(default_factory=list)


class _Resolver:
    """Turns the checked file into a codebook, and gathers what the shape alone does not show."""

    def __init__(self, content: _CodebookFile, source: YamlFile) -> None:
        self._content = content
        self._source = source
        self._problems: list[ContentProblem] = []

    def codebook(self) -> Codebook:
        if self._source.path.name != f"v{self._content.version}.yml":
            self._report(["version"], f"must be the version in the file name {self._source.path.name}")
        for name, entry in self._content.variables.items():
            self._check_variable(name, entry)
        if self._problems:
            raise ContentError(self._problems)
        variables = {name: self._variable(name, entry) for name, entry in self._content.variables.items()}
        asked = {name: self._asked_of(name, entry, variables) for name, entry in self._content.populations.items()}
        if self._problems:
            raise ContentError(self._problems)
        populations = {
            name: Population(name, entry.label, entry.definition, entry.age, asked[name])
            for name, entry in self._content.populations.items()
        }
        contradictions = tuple(
            self._contradiction(index, entry, variables, populations)
            for index, entry in enumerate(self._content.contradictions)
        )
        if self._problems:
            raise ContentError(self._problems)
        return Codebook(self._content.version, variables, populations, contradictions)

    def _report(self, location: list[str | int], message: str) -> None:
        self._problems.append(self._source.problem(location, message))

    def _check_variable(self, name: str, entry: _VariableEntry) -> None:
        place: list[str | int] = ["variables", name]
        if name in _RESERVED_NAMES:
            self._report(place, f"{name!r} is a field of the response itself; choose another name")
        if entry.max is not None and entry.type == "single":
            self._report([*place, "max"], "a single answer has no 'max'")
        if (entry.codes is None) == (entry.among is None):
            self._report(place, "needs 'codes', or 'among' an earlier variable from which it takes them, and not both")
        if entry.among is not None:
            self._check_among(place, entry)
        codes = entry.codes or []
        values = [code.value for code in codes if code.value is not None]
        if values and (entry.type != "single" or len(set(values)) != len(codes)):
            self._report(place, "a 'value' belongs to every code of a single variable, another one to each")
        seen: set[str] = set()
        for index, code in enumerate(codes):
            if code.code in seen:
                self._report([*place, "codes", index], f"code {code.code!r} stands there twice")
            if code.code in _RESERVED_CODES:
                self._report([*place, "codes", index], f"{code.code!r} is not a code but a kind of missing answer")
            if code.exclusive and entry.type == "single":
                self._report([*place, "codes", index], "every code of a single answer is exclusive; leave it out")
            seen.add(code.code)
        if entry.ask_if is not None:
            self._check_routing([*place, "ask_if"], entry.ask_if)

    def _check_among(self, place: list[str | int], entry: _VariableEntry) -> None:
        earlier = self._content.variables.get(entry.among or "")
        if earlier is None:
            self._report([*place, "among"], f"there is no variable {entry.among!r}")
        elif not entry.type == earlier.type == "multiple" or earlier.codes is None:
            self._report([*place, "among"], f"{entry.among!r} and this one have to be multiple, with codes of its own")

    def _check_routing(self, place: list[str | int], rule: _AskIfEntry) -> None:
        if (rule.codes is None) == (rule.other_than is None):
            self._report(place, "needs either 'codes' or 'other_than'")
        earlier = self._content.variables.get(rule.variable)
        if earlier is None:
            self._report(place, f"there is no variable {rule.variable!r}")
            return
        known = set(self._code_names(earlier))
        for code in (*(rule.codes or ()), *(rule.other_than or ())):
            if code not in known:
                self._report(place, f"{rule.variable!r} has no code {code!r}")

    def _codes(self, entry: _VariableEntry) -> list[_CodeEntry]:
        if entry.codes is not None:
            return entry.codes
        earlier = self._content.variables.get(entry.among or "")
        # What rules out all others leaves nothing to choose among.
        return [code for code in (earlier.codes or ()) if not code.exclusive] if earlier is not None else []

    def _code_names(self, entry: _VariableEntry) -> list[str]:
        return [code.code for code in self._codes(entry)]

    def _variable(self, name: str, entry: _VariableEntry) -> Variable:
        codes = tuple(
            Code(code.code, code.label, code.definition, code.exclusive, code.value) for code in self._codes(entry)
        )
        return Variable(
            name=name,
            label=entry.label,
            question=entry.question,
            type=VariableType(entry.type),
            max=1 if entry.type == "single" else min(entry.max or len(codes), len(codes)),
            codes=codes,
            unknown=entry.unknown,
            ask_if=self._ask_if(entry.ask_if),
            definition=entry.definition,
            source=entry.source,
            among=entry.among,
        )

    def _ask_if(self, rule: _AskIfEntry | None) -> AskIf | None:
        if rule is None:
            return None
        every = self._code_names(self._content.variables[rule.variable])
        wanted = rule.codes if rule.codes is not None else [c for c in every if c not in (rule.other_than or ())]
        return AskIf(rule.variable, tuple(wanted))

    def _asked_of(self, name: str, entry: _PopulationEntry, variables: Mapping[str, Variable]) -> tuple[Variable, ...]:
        asked: dict[str, Variable] = {}
        for index, item in enumerate(entry.variables):
            place: list[str | int] = ["populations", name, "variables", index]
            variable = variables.get(item.variable)
            if variable is None:
                self._report(place, f"there is no variable {item.variable!r}")
                continue
            if item.variable in asked:
                self._report(place, f"{item.variable!r} stands there twice")
            if variable.ask_if is not None and variable.ask_if.variable not in asked:
                self._report(place, f"is routed by {variable.ask_if.variable!r}, which must come before it")
            if variable.among is not None and variable.among not in asked:
                self._report(place, f"chooses among {variable.among!r}, which must come before it")
            asked[item.variable] = self._asked(place, item, variable, asked.get(variable.among or ""))
        return tuple(asked.values())

    def _asked(
        self, place: list[str | int], item: _AskedVariable, variable: Variable, among: Variable | None
    ) -> Variable:
        # What was offered, and in which words, is offered again to choose among.
        by_code = {code.code: code for code in (among or variable).codes if among is None or not code.exclusive}
        offered = item.offer if item.offer is not None else list(by_code)
        for code in offered:
            if code not in by_code:
                self._report([*place, "offer"], f"{variable.name!r} has no code {code!r}")
        if len(set(offered)) != len(offered):
            self._report([*place, "offer"], "a code stands there twice")
        for code in item.labels:
            if code not in offered:
                self._report([*place, "labels", code], f"{code!r} is not offered here")
        codes = tuple(
            replace(by_code[code], label=item.labels.get(code, by_code[code].label))
            for code in offered
            if code in by_code
        )
        return replace(
            variable,
            question=item.question or variable.question,
            max=min(variable.max, len(codes)),
            codes=codes,
        )

    def _contradiction(
        self,
        index: int,
        entry: _ContradictionEntry,
        variables: Mapping[str, Variable],
        populations: Mapping[str, Population],
    ) -> Contradiction:
        place: list[str | int] = ["contradictions", index]
        if any(other.name == entry.name for other in self._content.contradictions[:index]):
            self._report([*place, "name"], f"{entry.name!r} stands there twice")
        for name, wanted in entry.when.items():
            variable = variables.get(name)
            if variable is None:
                self._report([*place, "when", name], f"there is no variable {name!r}")
                continue
            for code in wanted:
                if all(code != known.code for known in variable.codes):
                    self._report([*place, "when", name], f"{name!r} has no code {code!r}")
        together = any(entry.when.keys() <= population.names for population in populations.values())
        if entry.when.keys() <= variables.keys() and not together:
            self._report([*place, "when"], "no population is asked all of these variables")
        when = {name: frozenset(wanted) for name, wanted in entry.when.items()}
        return Contradiction(entry.name, when, entry.note, entry.allowed)
