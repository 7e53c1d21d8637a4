"""Synthetic counts of use: what conversations could have been held around responses that are made up.

They fit the responses: each one is a questionnaire that was sent, more were begun than sent, and far more people came
for something else. Every week with such counts is marked with `UsageEvent.MADE_UP`. The proportions are invented.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from intake_store.submission.iso_weeks import IsoWeek
from intake_store.submission.response import Response
from intake_store.synthetic import profiles
from intake_store.usage.events import Occurrence, UsageEvent

Counts = dict[tuple[IsoWeek, Occurrence], int]
"""How often something happened in a week."""

_Whole = np.ndarray[Any, np.dtype[np.int64]]

PER_QUESTIONNAIRE: Final[Mapping[str, float]] = {"web": 6.0, "telegram": 4.0, "sms": 8.0}
"""How many further conversations there are for each questionnaire that is begun, by channel; 5 where nothing stands."""

BEGUN_AND_NOT_SENT: Final = 0.6
"""How many more questionnaires are begun for each that is sent."""

LEFT_IN_WORDS: Final = 0.5
"""The share of those that can be heard to stop; the others close the page."""

TOPICS_EACH: Final = 1.5
"""How many topics a conversation opens, on average, beside questionnaires."""

TOPICS: Final[Mapping[str, tuple[float, float]]] = {
    "find_service": (22, 0.7), "seller_support": (9, 0.5), "buyer_support": (6, 0.5), "leaving": (5, 0.5),
    "seller_rights": (5, 0.6), "buyer_law": (5, 0.7), "privacy": (5, 0.6), "about": (4, 0.7), "menu": (6, 0.8),
    "need_housing": (4, 0.6), "need_money": (4, 0.6), "need_debt": (3, 0.6), "need_sti_test": (5, 0.7),
    "need_healthcare": (3, 0.6), "need_counselling": (7, 0.6), "need_addiction": (2, 0.6), "need_protection": (3, 0.5),
    "need_work_study": (1.5, 0.6), "threats_and_images": (4, 0.5), "violence": (2.5, 0.4), "trafficking": (1.5, 0.4),
    "suicide": (1.2, 0.4), "danger": (0.6, 0.4), "under18": (3, 0.5), "sugar_and_online": (4, 0.6), "safer": (3, 0.7),
    "authorities": (3, 0.6), "migration": (2, 0.5), "voluntary_return": (0.4, 0.5), "legal_police": (2.5, 0.5),
    "relative": (3, 0.6), "professional": (2, 0.6), "about_mika": (2, 0.8), "about_kast": (1.5, 0.8), "tip": (0.8, 0.6),
    "human_contact": (2.5, 0.6), "harm_child": (0.2, 0.5),
}  # fmt: skip
"""Topics: how often each is opened, as a weight, and the share of those that come to its end."""

QUESTIONNAIRE_TOPICS: Final[Mapping[str, str]] = {"needs": "needs_questionnaire", "experience": "experience"}
"""The topic that leads to the questions of a population, by how the population's name begins."""

CRISIS: Final[Mapping[str, float]] = {
    "suicide": 30, "violence": 26, "danger": 12, "trafficking": 14, "threats_and_images": 14, "harm_child": 4,
}  # fmt: skip
CRISIS_CARDS: Final = 0.03
"""Crisis cards for each conversation, and the weights of their kinds."""

NOT_UNDERSTOOD: Final[Mapping[str, float]] = {"cannot_handle": 0.16, "understanding_away": 0.008}
"""Texts that are not understood, for each conversation."""

SEARCHES: Final = 0.5
"""Searches for services, for each conversation."""

SEARCHED: Final[Mapping[str, float]] = {
    "counselling": 24, "sti_test": 14, "protection": 9, "housing": 10, "shelter": 6, "money": 9, "debt": 6,
    "healthcare": 7, "addiction": 5, "legal_police": 5, "migration": 2, "specialised": 10, "buyer_support": 9,
    "youth": 6, "crisis": 3, "lgbtq": 3, "work_study": 2, "professional": 2, "children": 2, "return": 0.4,
}  # fmt: skip
"""What services are searched for, as weights."""

ANYWHERE: Final = 0.08
"""The share of searches that name no place."""

NOTHING_NEARBY: Final = 0.08
SCARCE: Final[Mapping[str, float]] = {
    "housing": 3, "shelter": 2.5, "specialised": 4, "buyer_support": 2, "lgbtq": 3, "return": 3, "debt": 1.4,
}  # fmt: skip
"""How often a search finds nothing nearby, as a share in Stockholm; what is scarce multiplies it, and so does a small
county."""

STILL_SOMETHING: Final = 0.8
"""The share of searches with nothing nearby that show services for the whole country."""

DETAILS: Final = 0.4
"""The share of searches with services after which somebody asks for details."""


@dataclass(frozen=True, slots=True, order=True)
class Sent:
    """What responses are counted by here."""

    week: IsoWeek
    channel: str
    language: str
    population: str

    @classmethod
    def of(cls, response: Response) -> Sent:
        """Return where a response is counted."""
        return cls(response.iso_week, str(response.channel), response.language, response.population)


def synthetic_usage(responses: Iterable[Response] | Mapping[Sent, int], seed: int) -> Counts:
    """Return made-up counts of use around these responses, or around so many of each kind.

    The same responses and seed give the same counts, in whatever order the responses come.
    """
    sent = responses if isinstance(responses, Mapping) else Counter(map(Sent.of, responses))
    chance = np.random.default_rng([seed, len(sent)])
    counts: Counts = {}
    by_week: dict[IsoWeek, dict[tuple[str, str], dict[str, int]]] = {}
    for kind, number in sorted(sent.items()):
        by_week.setdefault(kind.week, {}).setdefault((kind.channel, kind.language), {})[kind.population] = number
    for week, places in by_week.items():
        held = 0
        made: list[tuple[Occurrence, int]] = []
        for (channel, language), numbers in places.items():
            conversations = 0
            for event, subject, number in _conversations(chance, channel, numbers):
                made.append((Occurrence(event, channel, language, subject), number))
                conversations += number if event is UsageEvent.CONVERSATION_STARTED else 0
            held += conversations
        made += _searches(chance, held)
        for occurrence, number in made:
            if number:
                counts[week, occurrence] = counts.get((week, occurrence), 0) + number
        counts[week, Occurrence(UsageEvent.MADE_UP)] = sum(number for _, number in made)
    return counts


def _conversations(
    chance: np.random.Generator, channel: str, sent: Mapping[str, int]
) -> Iterator[tuple[UsageEvent, str, int]]:
    """Yield what happens in the conversations of a week, channel and language, in which so many were sent."""
    all_begun = 0
    led: dict[str, int] = {}
    ended: dict[str, int] = {}
    for population, number in sent.items():
        given_up = int(chance.poisson(BEGUN_AND_NOT_SENT * number))
        begun = number + given_up
        yield UsageEvent.QUESTIONNAIRE_STARTED, population, begun
        yield UsageEvent.QUESTIONNAIRE_COMPLETED, population, number
        yield UsageEvent.QUESTIONNAIRE_LEFT, population, int(chance.binomial(given_up, LEFT_IN_WORDS))
        topic = QUESTIONNAIRE_TOPICS.get(population.partition("_")[0])
        if topic is not None:
            led[topic] = led.get(topic, 0) + begun
            ended[topic] = ended.get(topic, 0) + number
        all_begun += begun
    conversations = all_begun + int(chance.poisson(PER_QUESTIONNAIRE.get(channel, 5.0) * all_begun))
    yield UsageEvent.CONVERSATION_STARTED, "", conversations
    for topic, number in led.items():
        # Not everybody who opens the topic begins the questions.
        yield UsageEvent.FLOW_ENTERED, topic, number + int(chance.poisson(0.3 * number))
        yield UsageEvent.FLOW_COMPLETED, topic, ended[topic]
    weights = np.array([weight for weight, _ in TOPICS.values()])
    opened = _spread(chance, int(chance.poisson(TOPICS_EACH * conversations)), weights)
    finished = chance.binomial(opened, np.array([share for _, share in TOPICS.values()]))
    for topic, times, through in zip(TOPICS, opened.tolist(), finished.tolist(), strict=True):
        yield UsageEvent.FLOW_ENTERED, topic, times
        yield UsageEvent.FLOW_COMPLETED, topic, through
    cards = _spread(chance, int(chance.poisson(CRISIS_CARDS * conversations)), np.array(list(CRISIS.values())))
    for kind, number in zip(CRISIS, cards.tolist(), strict=True):
        yield UsageEvent.CRISIS_CARD_SHOWN, kind, number
    for reason, share in NOT_UNDERSTOOD.items():
        yield UsageEvent.UNDERSTANDING_FAILED, reason, int(chance.poisson(share * conversations))


def _searches(chance: np.random.Generator, conversations: int) -> Iterator[tuple[Occurrence, int]]:
    """Yield the searches of a week, which are counted by need and county alone."""
    inhabitants = {code: weight for code, weight in profiles.COMMON["county"].items() if code.isdecimal()}
    people = np.array(list(inhabitants.values()))
    places = np.append(people * (1 - ANYWHERE) / people.sum(), ANYWHERE)
    needs = np.array(list(SEARCHED.values()))
    searched = _spread(chance, int(chance.poisson(SEARCHES * conversations)), np.outer(needs, places))
    scarce = np.array([SCARCE.get(need, 1.0) for need in SEARCHED])
    remote = np.append((people.max() / people) ** 0.4, 0.0)
    in_vain = chance.binomial(searched, np.minimum(NOTHING_NEARBY * np.outer(scarce, remote), 0.9))
    shown = searched - in_vain + chance.binomial(in_vain, STILL_SOMETHING)
    opened = chance.binomial(shown, DETAILS)
    events = (UsageEvent.SERVICE_CARD_SHOWN, UsageEvent.SERVICE_NOT_FOUND, UsageEvent.SERVICE_CARD_OPENED)
    for event, numbers in zip(events, (shown, in_vain, opened), strict=True):
        for need, row in zip(SEARCHED, numbers.tolist(), strict=True):
            for county, number in zip([*inhabitants, ""], row, strict=True):
                yield Occurrence(event, subject=need, county=county), number


def _spread(chance: np.random.Generator, number: int, weights: np.ndarray[Any, np.dtype[np.float64]]) -> _Whole:
    """Return how so many things fall to places of these weights, in the shape of the weights."""
    found: _Whole = chance.multinomial(number, (weights / weights.sum()).ravel()).reshape(weights.shape)
    return found
