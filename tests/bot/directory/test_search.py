from __future__ import annotations

import dataclasses
import datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.directory import Audience, Directory, HoursShown, Kind, Level, Need, SearchResult, card_of, find_services

MONDAY_NOON = datetime.datetime(2026, 11, 23, 12, 30, tzinfo=datetime.UTC)


def search(
    directory: Directory,
    need: Need | None = None,
    audience: Audience | None = None,
    place: str | None = None,
    age: int | None = None,
    language: str | None = "sv",
    limit: int = 3,
) -> SearchResult:
    match = directory.places.lookup(place) if place else None
    return find_services(
        directory,
        need=need,
        audience=audience,
        place=(match.municipality or match.county) if match else None,
        age=age,
        language=language,
        at=MONDAY_NOON,
        limit=limit,
    )


def ids(result: SearchResult) -> list[str]:
    return [card.id for card in result.cards]


@pytest.mark.parametrize("need", [None, Need.SPECIALISED, Need.COUNSELLING])
def test_somebody_who_sells_in_malmo_comes_to_evonhuset(directory: Directory, need: Need | None) -> None:
    result = search(directory, need, Audience.SELLING, "Malmö")
    assert ids(result)[0] == "evonhuset"
    assert (result.local_found, result.level) == (True, Level.MUNICIPALITY)
    assert result.cards[0].phones[0].number == "020-35 40 40"


def test_evonhuset_is_not_for_the_neighbours(directory: Directory) -> None:
    result = search(directory, Need.SPECIALISED, Audience.SELLING, "Lund", limit=80)
    assert "evonhuset" not in ids(result)
    assert not result.local_found


def test_somebody_who_buys_in_jonkoping_comes_to_kast(directory: Directory) -> None:
    for place in ("Jönköping", "Gränna", "Vetlanda"):
        result = search(directory, Need.BUYER_SUPPORT, Audience.BUYING, place)
        assert ids(result)[0] == "kast_jonkoping"
        assert (result.local_found, result.level) == (True, Level.COUNTY)


def test_somebody_who_buys_in_kiruna_is_told_that_nothing_is_local(directory: Directory) -> None:
    result = search(directory, Need.BUYER_SUPPORT, Audience.BUYING, "Kiruna")
    assert ids(result)[0] == "preventell"
    assert len(result.cards) == 3
    assert (result.local_found, result.level) == (False, Level.NATIONAL)
    assert "kvinnofridslinjen" not in ids(search(directory, Need.COUNSELLING, Audience.BUYING, "Kiruna", limit=80))


@pytest.mark.parametrize("audience", [None, *Audience])
def test_under_18_sees_only_what_is_open_to_them(directory: Directory, audience: Audience | None) -> None:
    if audience is Audience.PROFESSIONAL:
        return
    for need in (None, *Need):
        for place in ("Umeå", "Stockholm", "Malmö", "Göteborg"):
            for card in search(directory, need, audience, place, age=16, limit=80).cards:
                service = directory.service(card.id)
                assert {Audience.UNDER18, Audience.ANYONE} & set(service.audience), card.id
                assert (service.minimum_age or 0) <= 16, card.id
    assert "mika_umea" not in ids(search(directory, Need.SPECIALISED, audience, "Umeå", age=16, limit=80))


def test_evonhuset_from_fifteen_and_framtid_for_the_young_in_stockholm(directory: Directory) -> None:
    assert "evonhuset" in ids(search(directory, Need.SPECIALISED, None, "Malmö", age=15))
    assert "evonhuset" not in ids(search(directory, Need.SPECIALISED, None, "Malmö", age=14, limit=80))
    young = ids(search(directory, Need.SPECIALISED, None, "Stockholm", age=16, limit=80))
    grown = ids(search(directory, Need.SPECIALISED, Audience.SELLING, "Stockholm", age=30, limit=80))
    assert "framtid_stockholm" in young
    assert "mika_stockholm" not in young
    assert "mika_stockholm" in grown
    assert "framtid_stockholm" not in grown


def test_children_get_bris_first(directory: Directory) -> None:
    for need in (None, Need.COUNSELLING, Need.YOUTH):
        assert ids(search(directory, need, Audience.UNDER18, "Umeå"))[0] == "bris"


def test_an_sti_test(directory: Directory) -> None:
    found = ids(search(directory, Need.STI_TEST, None, "Kiruna"))
    assert {"sti", "vard1177"} <= set(found)
    assert ids(search(directory, Need.STI_TEST, Audience.SELLING, "Solna"))[0] == "mika_halsa"


def test_what_is_not_known_is_shown_as_not_known(directory: Directory) -> None:
    card = search(directory, Need.SPECIALISED, Audience.SELLING, "Göteborg").cards[0]
    assert card.id == "mika_goteborg"
    assert card.phones == ()
    assert card.address is None
    assert card.hours is HoursShown.UNKNOWN
    assert card.anonymous == "unknown"
    assert card.stale
    assert card_of(directory, "kast_goteborg", MONDAY_NOON).contact_known is False
    conflict = card_of(directory, "brottsofferjouren", MONDAY_NOON)
    assert (conflict.hours, conflict.schedules, conflict.opening.state) == (HoursShown.SEE_WEBSITE, (), "unknown")


def test_no_card_ever_shows_what_is_withheld(directory: Directory) -> None:
    for service in directory.services:
        shown = str(dataclasses.asdict(card_of(directory, service.id, MONDAY_NOON)))
        hidden = [phone.number for phone in service.phones if "phones" in service.withheld]
        hidden += [service.url] if service.url and "url" in service.withheld else []
        if "address" in service.withheld or service.confidential_address:
            hidden += [place.location.addresses[0].address_1 for place in service.service_at_locations]
        assert not [value for value in hidden if value in shown], service.id


def test_emergency_numbers_come_only_in_a_crisis(directory: Directory) -> None:
    assert ids(search(directory, Need.CRISIS, None, "Stockholm"))[0] == "sos112"
    for need in Need:
        if need is not Need.CRISIS:
            kinds = {card.kind for card in search(directory, need, None, "Stockholm", limit=80).cards}
            assert Kind.EMERGENCY not in kinds


def test_a_county_names_the_part_a_service_is_for(directory: Directory) -> None:
    result = search(directory, Need.SPECIALISED, Audience.SELLING, "Skåne")
    assert result.cards[0].id == "evonhuset"
    assert result.cards[0].only_in == ("Malmö",)
    assert not result.local_found
    whole = search(directory, Need.BUYER_SUPPORT, Audience.BUYING, "Jönköpings län")
    assert whole.cards[0].only_in == ()
    assert whole.local_found


def test_professionals_get_their_region_and_the_national_line(directory: Directory) -> None:
    assert ids(search(directory, None, Audience.PROFESSIONAL, "Kiruna"))[:2] == [
        "regionkoordinator_nord",
        "nspm_stodtelefon",
    ]
    assert ids(search(directory, None, Audience.PROFESSIONAL, "Malmö"))[0] == "regionkoordinator_syd"
    assert "nspm_stodtelefon" not in ids(search(directory, None, Audience.SELLING, "Malmö", limit=80))


def test_nobody_is_sent_first_to_an_authority_that_may_act_against_them(directory: Directory) -> None:
    assert ids(search(directory, Need.MIGRATION, Audience.TRAFFICKED))[0] != "migrationsverket"
    assert ids(search(directory, Need.LEGAL_POLICE, Audience.SELLING))[0] == "brottsofferjouren"


def test_a_language_that_is_spoken_comes_first(directory: Directory) -> None:
    assert ids(search(directory, Need.COUNSELLING, Audience.RELATIVE, language="th"))[0] == "kvinnofridslinjen"


def test_stale_is_a_matter_of_the_date(directory: Directory) -> None:
    later = MONDAY_NOON + datetime.timedelta(days=600)
    assert not card_of(directory, "bris", MONDAY_NOON).stale
    assert card_of(directory, "bris", later).stale
    assert not card_of(directory, "sos112", later).stale


@given(
    need=st.none() | st.sampled_from(Need),
    audience=st.none() | st.sampled_from(Audience),
    place=st.sampled_from(["", "Malmö", "Umeå", "Kiruna", "Sundsvall", "Karlstad", "Borås", "Värmland", "Stockholm"]),
    age=st.none() | st.integers(0, 99),
    limit=st.integers(1, 5),
)
def test_every_search_keeps_its_promises(
    directory: Directory, need: Need | None, audience: Audience | None, place: str, age: int | None, limit: int
) -> None:
    result = search(directory, need, audience, place or None, age, limit=limit)
    assert len(result.cards) <= limit
    assert len(set(ids(result))) == len(result.cards)
    assert (result.level is None) == (not result.cards)
    more = search(directory, need, audience, place or None, age, limit=80)
    if result.cards and any(card.contact_known for card in more.cards):
        assert any(card.contact_known for card in result.cards)
    if audience is not Audience.PROFESSIONAL and age is not None and age < 18:
        assert all((card.minimum_age or 0) <= age for card in result.cards)
