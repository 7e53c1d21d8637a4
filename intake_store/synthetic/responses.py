"""Made-up responses in plausible proportions, for trying out and testing; each one is marked synthetic.

The proportions are invented. They say nothing about the world and are not meant to.
"""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Final, TypeVar

from intake_store.codebook import Codebook, Population, Variable, VariableType
from intake_store.submission.iso_weeks import IsoWeek
from intake_store.submission.response import NO_ANSWER, UNKNOWN, Answer, ChannelKind, QualityFlag, Response

# The weight of a code is 1 unless it stands here.
_WEIGHTS: Final[Mapping[str, Mapping[str, float]]] = {
    "situation": {"thinking": 1, "sometimes": 3, "ongoing": 4, "stopped": 2},
    "arenas": {"escort_site": 9, "sugar_site": 5, "dating_app": 5, "social_media": 8, "street": 2, "cruise": 0.2},
    "compensation": {"money": 12, "goods": 4, "housing": 3, "drugs_alcohol": 4, "none": 0.3},
    "third_party": {"yes": 1, "partly": 1, "no": 6},
    "multiple_exploitation": {"none": 9, "labour": 1.2, "organ": 0.02, "marriage": 0.2},
    "needs": {"talk": 9, "housing": 6, "econ_aid": 6, "stop_buying": 8, "trauma": 5, "return": 0.7, "none": 0.8},
    "needs_met": {"yes": 2, "partly": 4, "no": 6},
    "barriers": {"shame": 9, "fear_exposure": 7, "no_trust": 5, "not_identified": 4, "disability_access": 0.5},
    "age_band": {"18_24": 4, "25_34": 5, "35_49": 4, "50p": 1.5},
    "trans_experience": {"yes": 1, "no": 12},
    "lgbtq": {"yes": 3, "no": 8, "unsure": 1},
    "citizenship_group": {"se": 8, "nordic": 0.6, "eu_eea": 3, "non_eu": 3, "stateless": 0.2},
    "county": {"01": 9, "12": 6, "14": 7, "09": 0.3, "abroad": 0.5},
    "disability": {"yes": 1, "no": 4},
    "harmful_use": {"yes": 1, "no": 3},
}
_GENDER_WEIGHTS: Final[Mapping[str, Mapping[str, float]]] = {
    "needs_selling": {"woman": 9, "man": 3, "nonbinary": 0.8, "other": 0.2},
    "needs_buying": {"woman": 0.3, "man": 12, "nonbinary": 0.2, "other": 0.1},
}
_POPULATION_WEIGHTS: Final[Mapping[str, float]] = {"needs_selling": 3, "needs_buying": 1}
_CHANNELS: Final = ((ChannelKind.WEB, 8.0), (ChannelKind.TELEGRAM, 3.0))
_LANGUAGES: Final = (("sv", 7.0), ("en", 3.0), ("ro", 2.0))

Value = TypeVar("Value")

_NO_ANSWER_SHARE: Final = 0.05
_UNKNOWN_SHARE: Final = 0.06
_FLAGGED_SHARE: Final = 0.01


def synthetic_responses(codebook: Codebook, weeks: Sequence[IsoWeek], number: int, seed: int) -> Iterator[Response]:
    """Yield `number` valid synthetic responses spread over `weeks`; the same seed gives the same ones."""
    # Not for secrets: only so that a run can be repeated.
    chance = random.Random(seed)  # noqa: S311
    populations = list(codebook.populations.values())
    weights = [_POPULATION_WEIGHTS.get(population.name, 1.0) for population in populations]
    for _ in range(number):
        population = chance.choices(populations, weights)[0]
        flagged = chance.random() < _FLAGGED_SHARE
        yield Response(
            codebook_version=codebook.version,
            population=population.name,
            iso_week=chance.choice(weeks),
            channel=_pick(chance, _CHANNELS),
            language=_pick(chance, _LANGUAGES),
            answers=_answers(chance, population),
            flags=frozenset({chance.choice(list(QualityFlag))}) if flagged else frozenset(),
            synthetic=True,
        )


def _answers(chance: random.Random, population: Population) -> dict[str, Answer]:
    answers: dict[str, Answer] = {}
    for variable in population.variables:
        if variable.is_asked(answers):
            answers[variable.name] = _answer(chance, population, variable)
    return population.complete(answers)


def _answer(chance: random.Random, population: Population, variable: Variable) -> Answer:
    if chance.random() < _NO_ANSWER_SHARE:
        return NO_ANSWER
    if variable.unknown and chance.random() < _UNKNOWN_SHARE:
        return UNKNOWN
    weights = _WEIGHTS.get(variable.name, {})
    if variable.name == "gender":
        weights = _GENDER_WEIGHTS.get(population.name, {})
    wanted = 1 if variable.type is VariableType.SINGLE else min(variable.max, chance.choice((1, 1, 2, 2, 3, 4, 5)))
    left = list(variable.codes)
    chosen: list[str] = []
    while left and len(chosen) < wanted:
        code = chance.choices(left, [weights.get(entry.code, 1.0) for entry in left])[0]
        left.remove(code)
        if code.exclusive and not chosen:
            return Answer.of(code.code)
        if not code.exclusive:
            chosen.append(code.code)
    return Answer.of(*chosen)


def _pick(chance: random.Random, weighted: Sequence[tuple[Value, float]]) -> Value:
    return chance.choices([value for value, _ in weighted], [weight for _, weight in weighted])[0]
