"""Service cards: hours as a person says them, and what is not known said to be unknown."""

from __future__ import annotations

import datetime
from dataclasses import replace

import pytest

from bot.content import Content
from bot.conversation.service_cards import contact, hours_lines, opening_text, service_card
from bot.directory.opening_hours import SWEDEN, OpenState, OpenStatus
from bot.directory.search import HoursShown, ServiceCard, card_of
from bot.directory.services import Answer, Cost, Precision, Schedule
from bot.translation.catalogues import Language

TUESDAY = datetime.datetime(2026, 11, 24, 13, 0, tzinfo=SWEDEN)
AT_15 = TUESDAY.replace(hour=15)
TOMORROW_AT_9 = TUESDAY.replace(day=25, hour=9)


@pytest.fixture(params=["sv", "en", "ro"])
def language(request: pytest.FixtureRequest, content: Content) -> Language:
    return content.catalogues[request.param]


@pytest.fixture
def card(content: Content) -> ServiceCard:
    """Return a card of which only the name and the description are known."""
    return replace(
        card_of(content.directory, "mind_90101", TUESDAY),
        phones=(), chat_url=None, web=None, links=(), email=None, address=None, contact_known=False,
        application_process=None, eligibility=None, minimum_age=None, maximum_age=None,
        opening=OpenStatus(OpenState.UNKNOWN), hours=HoursShown.UNKNOWN, schedules=(), hours_description=None,
        languages=(), interpreter_languages=(), cost=Cost.UNKNOWN, fees=None, anonymous=Answer.UNKNOWN,
        id_required=Answer.UNKNOWN, assured_date=None, stale=True, unconfirmed=False, only_in=(),
    )  # fmt: skip


def facts_of(card: ServiceCard, language: Language, *, details: bool = False) -> list[tuple[str, str]]:
    return [(fact.label, fact.value) for fact in service_card(card, language, TUESDAY, details=details).facts]


OPENINGS = {
    "always": OpenStatus(OpenState.OPEN, always=True),
    "open until": OpenStatus(OpenState.OPEN, until=AT_15),
    "open": OpenStatus(OpenState.OPEN),
    "opens today": OpenStatus(OpenState.CLOSED, next_opening=AT_15),
    "opens tomorrow": OpenStatus(OpenState.CLOSED, next_opening=TOMORROW_AT_9),
    "closed": OpenStatus(OpenState.CLOSED),
    "unknown": OpenStatus(OpenState.UNKNOWN),
}


@pytest.mark.parametrize(
    ("code", "opening", "text"),
    [
        ("en", "always", "Open day and night"),
        ("en", "open until", "Open now, until 15:00"),
        ("en", "open", "Open now"),
        ("en", "opens today", "Closed now, opens today at 15:00"),
        ("en", "opens tomorrow", "Closed now, opens Wednesday at 09:00"),
        ("en", "closed", "Closed now"),
        ("en", "unknown", "Opening hours not known"),
        ("sv", "opens tomorrow", "onsdag"),
        ("sv", "open until", "15:00"),
        ("ro", "opens tomorrow", "miercuri"),
        ("ro", "open until", "15:00"),
    ],
)
def test_hours_now(card: ServiceCard, content: Content, code: str, opening: str, text: str) -> None:
    shown = opening_text(replace(card, opening=OPENINGS[opening]), content.catalogues[code], TUESDAY)
    assert shown == text if code == "en" else text in shown


@pytest.mark.parametrize("opening", OPENINGS)
def test_hours_are_translated(card: ServiceCard, content: Content, opening: str) -> None:
    said = {
        code: opening_text(replace(card, opening=OPENINGS[opening]), language, TUESDAY)
        for code, language in content.catalogues.languages.items()
    }
    assert len(set(said.values())) == len(said) >= 3
    assert "{" not in "".join(said.values())


def test_hours_are_swedish_time(card: ServiceCard, content: Content) -> None:
    until = datetime.datetime(2026, 11, 24, 14, 0, tzinfo=datetime.UTC)
    shown = opening_text(
        replace(card, opening=OpenStatus(OpenState.OPEN, until=until)), content.catalogues["en"], TUESDAY
    )
    assert shown == "Open now, until 15:00"


def test_hours_on_the_website_are_said_to_be_there(card: ServiceCard, content: Content) -> None:
    shown = opening_text(replace(card, hours=HoursShown.SEE_WEBSITE), content.catalogues["en"], TUESDAY)
    assert shown == "See the website for opening hours"


def schedule(channel: str, days: str, opens: str, closes: str) -> Schedule:
    return Schedule.model_validate(
        {"attending_type": channel, "freq": "WEEKLY", "byday": days, "opens_at": opens, "closes_at": closes}
    )


SCHEDULES = (
    schedule("phone", "MO,TU,WE,TH,FR", "08:00", "16:30"),
    schedule("chat", "MO,WE", "18:00", "02:00+1d"),
    schedule("visit", "MO,TU,WE,TH,FR,SA,SU", "10:00", "12:00"),
    schedule("phone", "MO,TU,WE,TH,FR,SA,SU", "00:00", "24:00"),
    schedule("phone", "SA,SU", "00:00", "24:00"),
)


@pytest.mark.parametrize(
    ("code", "lines"),
    [
        ("en", ["Phone: Mon–Fri 08:00–16:30", "Chat: Mon, Wed 18:00–02:00", "Visits: every day 10:00–12:00",
                "Phone: day and night", "Phone: Sat, Sun day and night"]),
        ("sv", ["mån–fre 08:00–16:30", "mån, ons 18:00–02:00", "10:00–12:00", "", "lör, sön"]),
        ("ro", ["lun.–vin. 08:00–16:30", "lun., mie. 18:00–02:00", "10:00–12:00", "", "sâm., dum."]),
    ],
)  # fmt: skip
def test_weekly_hours(content: Content, code: str, lines: list[str]) -> None:
    shown = list(hours_lines(SCHEDULES, content.catalogues[code]))
    assert len(shown) == len(lines)
    for found, wanted in zip(shown, lines, strict=True):
        assert found == wanted if code == "en" else wanted in found


def test_what_is_not_known_is_said_to_be_unknown(card: ServiceCard, content: Content) -> None:
    facts = facts_of(card, content.catalogues["en"], details=True)
    assert ("Cost", "Not known") in facts
    assert ("You can be anonymous", "Not known") in facts
    assert ("You need to show ID", "Not known") in facts
    assert ("Languages", "Not known") in facts
    assert ("Last checked", "Not known. Details may have changed.") in facts
    assert any("no checked phone number" in value for label, value in facts if label == "Contact details")


def test_no_contact_is_made_up(card: ServiceCard, language: Language) -> None:
    shown = service_card(card, language, TUESDAY)
    assert (shown.phones, shown.chat_url, shown.web, shown.address) == ((), None, None, None)
    short = contact(card, language, TUESDAY)
    assert (short.phones, short.chat_url, short.web) == ((), None, None)


def test_an_old_card_says_so(card: ServiceCard, language: Language) -> None:
    checked = replace(card, assured_date=datetime.date(2024, 3, 1), assured_precision=Precision.DAY)
    fresh = facts_of(replace(checked, stale=False), language)[-1][1]
    old = facts_of(replace(checked, stale=True), language)[-1][1]
    assert old.startswith(fresh)
    assert len(old) > len(fresh)
    assert service_card(replace(checked, stale=True), language, TUESDAY).stale is True
    assert service_card(replace(checked, stale=False), language, TUESDAY).stale is False


@pytest.mark.parametrize(
    ("precision", "code", "text"),
    [
        (Precision.DAY, "en", "March 1, 2026"),
        (Precision.MONTH, "en", "March 2026"),
        (Precision.YEAR, "en", "2026"),
        (Precision.DAY, "sv", "1 mars 2026"),
        (Precision.MONTH, "ro", "martie 2026"),
    ],
)
def test_a_date_is_no_more_exact_than_what_is_known(
    card: ServiceCard, content: Content, precision: Precision, code: str, text: str
) -> None:
    checked = replace(card, assured_date=datetime.date(2026, 3, 1), assured_precision=precision, stale=False)
    assert facts_of(checked, content.catalogues[code])[-1][1] == text


def test_a_service_that_may_be_gone_says_so(card: ServiceCard, content: Content) -> None:
    facts = facts_of(replace(card, unconfirmed=True), content.catalogues["en"])
    assert ("Contact details", "We are not sure that this service is still open.") in facts


@pytest.mark.parametrize(
    ("youngest", "oldest", "text"),
    [(18, None, "From 18 years"), (None, 20, "Up to 20 years"), (13, 25, "13–25 years"), (0, None, "From 0 years")],
)
def test_ages(card: ServiceCard, content: Content, youngest: int | None, oldest: int | None, text: str) -> None:
    facts = facts_of(replace(card, minimum_age=youngest, maximum_age=oldest), content.catalogues["en"])
    assert ("Ages", text) in facts


def test_no_card_of_the_directory_hides_that_it_is_old(content: Content, language: Language) -> None:
    for service in content.directory.services:
        found = card_of(content.directory, service.id, TUESDAY)
        label, value = facts_of(found, language)[-1]
        assert label
        assert (found.stale and "." in value) or not found.stale
