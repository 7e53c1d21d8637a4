"""Which services to show: need, audience, place, age and language in, at most a few cards out."""

from __future__ import annotations

import datetime
from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

from bot.directory.directory import Directory
from bot.directory.municipalities import County, Municipality
from bot.directory.opening_hours import SWEDEN, OpenState, OpenStatus, open_status
from bot.directory.services import (
    Address,
    Answer,
    Audience,
    Cost,
    Existence,
    Kind,
    Language,
    Link,
    Need,
    Phone,
    Precision,
    Schedule,
    Service,
    Withholdable,
)

STALE_AFTER = datetime.timedelta(days=548)
"""A contact that was last checked longer ago (18 months) is shown as possibly out of date."""

_ADULT = 18
_YOUNG_ADULT = 25

# What a person is likely to need who has only said who they are.
_NEEDS_OF: dict[Audience, tuple[Need, ...]] = {
    Audience.ANYONE: (Need.COUNSELLING,),
    Audience.SELLING: (Need.SPECIALISED, Need.COUNSELLING),
    Audience.BUYING: (Need.BUYER_SUPPORT,),
    Audience.TRAFFICKED: (Need.PROTECTION, Need.SPECIALISED),
    Audience.UNDER18: (Need.YOUTH,),
    Audience.YOUNG_ADULT: (Need.COUNSELLING, Need.YOUTH),
    Audience.RELATIVE: (Need.COUNSELLING, Need.CHILDREN),
    Audience.PROFESSIONAL: (Need.PROFESSIONAL,),
}
# Where nothing fits the need itself, these still help the same person.
_FALLBACK_OF: dict[Audience, tuple[Need, ...]] = {
    Audience.SELLING: (Need.SPECIALISED, Need.COUNSELLING),
    Audience.BUYING: (Need.BUYER_SUPPORT, Need.COUNSELLING),
    Audience.TRAFFICKED: (Need.SPECIALISED, Need.PROTECTION, Need.COUNSELLING),
    Audience.UNDER18: (Need.YOUTH,),
    Audience.PROFESSIONAL: (Need.PROFESSIONAL,),
}
_NEAR_TO: dict[Need, Need] = {Need.HOUSING: Need.SHELTER, Need.MONEY: Need.DEBT, Need.DEBT: Need.MONEY}
# Lines for people who were harmed: somebody who buys is sent there only for a need of that kind.
_FOR_VICTIMS = frozenset({Kind.HELPLINE, Kind.LEGAL_CRIME_VICTIM, Kind.LGBTQ, Kind.SHELTER})
_NARROW = frozenset({Audience.BUYING, Audience.PROFESSIONAL})


class Level(StrEnum):
    """How near a service is."""

    MUNICIPALITY = "municipality"
    COUNTY = "county"
    NATIONAL = "national"


class HoursShown(StrEnum):
    """What can be said about the hours: `schedules`, a look at the website, or nothing."""

    KNOWN = "known"
    SEE_WEBSITE = "see_website"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class ServiceCard:
    """What a person is shown of a service, without a word of any language that is not a name or a message to translate.

    `description`, `application_process`, `eligibility`, `fees`, `hours_description` and the notes of `languages` are
    messages for the catalogues. Everything that is withheld or not known is empty; `contact_known` is false if no
    confirmed way of contact is left. `stale` means that the contact was last checked long ago or nobody knows when;
    `unconfirmed` that it is not certain that the service runs. `only_in` names the municipality when a county was asked
    for and the service is for a part of it.
    """

    id: str
    name: str
    organization: str | None
    description: str
    kind: Kind
    level: Level
    only_in: tuple[str, ...]
    phones: tuple[Phone, ...]
    chat_url: str | None
    web: str | None
    links: tuple[Link, ...]
    email: str | None
    address: Address | None
    contact_known: bool
    application_process: str | None
    eligibility: str | None
    minimum_age: int | None
    maximum_age: int | None
    opening: OpenStatus
    hours: HoursShown
    schedules: tuple[Schedule, ...]
    hours_description: str | None
    languages: tuple[Language, ...]
    interpreter_languages: tuple[str, ...]
    cost: Cost
    fees: str | None
    anonymous: Answer
    id_required: Answer
    may_report_to: tuple[str, ...] | Literal["unknown"]
    assured_date: datetime.date | None
    assured_precision: Precision
    stale: bool
    unconfirmed: bool


@dataclass(frozen=True, slots=True)
class SearchResult:
    """The cards, best first. `local_found` is true if one of them is for the municipality or county that was given.

    `level` is the nearest level that was found, None if there are no cards. `place` repeats what was asked for.
    """

    cards: tuple[ServiceCard, ...]
    local_found: bool
    level: Level | None
    place: Municipality | County | None


def find_services(
    directory: Directory,
    *,
    need: Need | None,
    audience: Audience | None,
    place: Municipality | County | None,
    age: int | None,
    language: str | None,
    at: datetime.datetime,
    limit: int = 3,
) -> SearchResult:
    """Return the services that fit, best first: the need itself before what helps besides, local before national,
    those made for this audience first, then those that can be reached, that are certain and that are open at `at`.

    Somebody under 18 is only shown what is open to them, whatever `audience` says; emergency numbers come only for
    `Need.CRISIS`. National lines fill in where nothing local is known. A service of a neighbouring municipality counts
    only if its own area says so. Raises `ValueError` if `at` has no time zone.
    """
    who = _audience(audience, age)
    needs = (need,) if need is not None else _NEEDS_OF[who]
    ranked: list[tuple[tuple[int, ...], Service, Level]] = []
    for order, service in enumerate(directory.services):
        level = _level(service, place)
        wanted = _need_rank(service, needs, who)
        if level is None or wanted is None or not _may_see(service, need, who, age):
            continue
        if not _usable(service, level):
            continue
        rank = (
            _urgency_rank(service, need, at),
            wanted,
            0 if service.first_contact else 1,
            _PLACE_RANK[level] + (1 if _only_in(directory, service, place) else 0),
            0 if service.existence is Existence.CONFIRMED else 1,
            _age_rank(service, age),
            _audience_rank(service, who),
            0 if service.reachable else 1,
            _language_rank(service, language),
            1 if _stale(service, at) else 0,
            _OPEN_RANK[open_status(service, at).state],
            _CONFIDENCE_RANK[service.provenance.confidence],
            order,
        )
        ranked.append((rank, service, level))
    ranked.sort(key=lambda entry: entry[0])
    chosen = ranked[:limit]
    if chosen and not any(service.reachable for _, service, _ in chosen):
        # A list of names without one number or address helps nobody.
        chosen[-1:] = [entry for entry in ranked[limit:] if entry[1].reachable][:1] or chosen[-1:]
    cards = tuple(_card(directory, service, level, place, at) for _, service, level in chosen)
    near = [card.level for card in cards if card.level is not Level.NATIONAL and not card.only_in]
    nearest = min(near, key=lambda level: _PLACE_RANK[level], default=Level.NATIONAL) if cards else None
    return SearchResult(cards, bool(near), nearest, place)


def card_of(directory: Directory, service_id: str, at: datetime.datetime) -> ServiceCard:
    """Return the card of one service, wherever it is; raises `KeyError` if there is no such service."""
    service = directory.service(service_id)
    return _card(directory, service, _widest(service), None, at)


_PLACE_RANK = {Level.MUNICIPALITY: 0, Level.COUNTY: 2, Level.NATIONAL: 4}
_OPEN_RANK = {OpenState.OPEN: 0, OpenState.UNKNOWN: 1, OpenState.CLOSED: 2}
_CONFIDENCE_RANK = {"high": 0, "medium": 1, "low": 2}


def _audience(audience: Audience | None, age: int | None) -> Audience:
    if age is not None and age < _ADULT and audience is not Audience.PROFESSIONAL:
        return Audience.UNDER18
    return audience or Audience.ANYONE


def _level(service: Service, place: Municipality | County | None) -> Level | None:
    """Return how near the service is, None if it is not for people of this place."""
    found: set[Level] = set()
    for area in service.service_areas:
        if area.extent_type == "national":
            found.add(Level.NATIONAL)
        elif isinstance(place, Municipality):
            if area.extent_type == "municipality" and area.extent == place.code:
                found.add(Level.MUNICIPALITY)
            elif area.extent_type == "county" and area.extent == place.county_code:
                found.add(Level.COUNTY)
        elif isinstance(place, County) and area.extent[:2] == place.code:
            found.add(Level.COUNTY)
    return min(found, key=lambda level: _PLACE_RANK[level], default=None)


def _only_in(directory: Directory, service: Service, place: Municipality | County | None) -> tuple[str, ...]:
    if not isinstance(place, County) or any(area.extent == place.code for area in service.service_areas):
        return ()
    return tuple(
        directory.municipalities[area.extent].name
        for area in service.service_areas
        if area.extent_type == "municipality" and area.extent[:2] == place.code
    )


def _widest(service: Service) -> Level:
    return max((Level(area.extent_type) for area in service.service_areas), key=lambda level: _PLACE_RANK[level])


def _need_rank(service: Service, needs: tuple[Need, ...], who: Audience) -> int | None:
    if any(need in service.needs for need in needs):
        return 0
    if any(_NEAR_TO.get(need) in service.needs for need in needs):
        return 1
    return 2 if any(need in service.needs for need in _FALLBACK_OF.get(who, ())) else None


def _urgency_rank(service: Service, need: Need | None, at: datetime.datetime) -> int:
    """In a crisis what answers now comes before what is near."""
    if need is not Need.CRISIS:
        return 0
    if not service.reachable:
        return 3
    if open_status(service, at).state is not OpenState.OPEN:
        return 2
    return 0 if service.kind is Kind.EMERGENCY else 1


def _may_see(service: Service, need: Need | None, who: Audience, age: int | None) -> bool:
    if service.kind is Kind.EMERGENCY and need is not Need.CRISIS:
        return False
    if not _audience_fits(service, who, need, age):
        return False
    if who in {Audience.RELATIVE, Audience.PROFESSIONAL}:
        return True  # the age limits are about the person they think of
    if who is Audience.UNDER18 and age is None:
        return (service.minimum_age or 0) < _ADULT
    if age is None:
        if need is Need.YOUTH:
            return True
        return service.maximum_age is None or service.maximum_age >= _ADULT or Audience.YOUNG_ADULT in service.audience
    return (service.minimum_age or 0) <= age <= (200 if service.maximum_age is None else service.maximum_age)


def _audience_fits(service: Service, who: Audience, need: Need | None, age: int | None) -> bool:
    open_to = set(service.audience)
    if who is Audience.BUYING and service.kind in _FOR_VICTIMS and need in {None, Need.COUNSELLING, Need.BUYER_SUPPORT}:
        return who in open_to
    if Audience.ANYONE in open_to or who in open_to:
        return True
    if who is Audience.UNDER18:
        return False
    if who not in _NARROW and age is not None and age <= _YOUNG_ADULT and Audience.YOUNG_ADULT in open_to:
        return True
    if who is Audience.ANYONE:
        # Somebody who has not said who they are sees what is for grown-ups; what is for others only if they ask for it.
        special = {Audience.UNDER18, Audience.PROFESSIONAL}
        if need is not Need.BUYER_SUPPORT:
            special.add(Audience.BUYING)
        if need is Need.YOUTH:
            special.discard(Audience.UNDER18)
        if need is Need.PROFESSIONAL:
            special.discard(Audience.PROFESSIONAL)
        return not open_to <= special
    return False


def _usable(service: Service, level: Level) -> bool:
    """Tell whether a card would be of use: a way to make contact, a word on how to, or at least that it is nearby."""
    if service.reachable or service.application_process:
        return service.existence is Existence.CONFIRMED or level is not Level.NATIONAL
    return level is not Level.NATIONAL


def _age_rank(service: Service, age: int | None) -> int:
    if age is None:
        return 0
    young = {Audience.UNDER18, Audience.YOUNG_ADULT} & set(service.audience)
    return 0 if (age <= _YOUNG_ADULT) is bool(young) else 1


def _audience_rank(service: Service, who: Audience) -> int:
    if who is Audience.UNDER18 and Need.YOUTH not in service.needs:
        return 1
    return 0 if who in service.audience else 1


def _language_rank(service: Service, language: str | None) -> int:
    if language is None or language == "sv":
        return 0
    spoken = {entry.code for entry in service.languages} | set(service.interpreter_languages)
    return 0 if language in spoken else 1


def _stale(service: Service, at: datetime.datetime) -> bool:
    if service.kind is Kind.EMERGENCY:
        return False  # 112 does not change
    return service.assured_date is None or at.astimezone(SWEDEN).date() - service.assured_date > STALE_AFTER


def _hours(service: Service) -> HoursShown:
    if service.shown_schedules:
        return HoursShown.KNOWN
    if Withholdable.SCHEDULES in service.withheld and service.shown_url:
        return HoursShown.SEE_WEBSITE
    return HoursShown.UNKNOWN


def _card(
    directory: Directory,
    service: Service,
    level: Level,
    place: Municipality | County | None,
    at: datetime.datetime,
) -> ServiceCard:
    return ServiceCard(
        id=service.id,
        name=service.name,
        organization=service.organization.name if service.organization else None,
        description=service.description,
        kind=service.kind,
        level=level,
        only_in=_only_in(directory, service, place),
        phones=service.shown_phones,
        chat_url=service.shown_chat_url,
        web=service.shown_url,
        links=service.shown_links,
        email=service.shown_email,
        address=service.shown_address,
        contact_known=service.reachable,
        application_process=service.application_process,
        eligibility=service.eligibility_description,
        minimum_age=service.minimum_age,
        maximum_age=service.maximum_age,
        opening=open_status(service, at),
        hours=_hours(service),
        schedules=service.shown_schedules,
        hours_description=service.hours_description,
        languages=service.languages,
        interpreter_languages=service.interpreter_languages,
        cost=service.cost,
        fees=service.fees_description,
        anonymous=service.anonymous_contact,
        id_required=service.id_required,
        may_report_to=service.may_report_to,
        assured_date=service.assured_date,
        assured_precision=service.assured_precision,
        stale=_stale(service, at),
        unconfirmed=service.existence is Existence.UNCONFIRMED,
    )
