"""Sessions end when they should, belong to one browser, and carry forms of their own."""

from __future__ import annotations

import sqlite3

import pytest
from accounts_place import ADDRESS, PASSWORD, Place
from hypothesis import given
from hypothesis import strategies as st

from analyst.accounts.audit import AuditEvent
from analyst.accounts.ceremonies import Ceremonies
from analyst.accounts.clock import chance
from analyst.accounts.errors import CeremonyRefused, SessionEnded, StepUpNeeded
from analyst.accounts.permissions import COMMAND_LINE, Permission, Role
from analyst.accounts.sessions import csrf_fits, csrf_token, new_token


@pytest.mark.parametrize(("pause", "alive"), [(15 * 60 - 1, True), (15 * 60, False)])
async def test_idle_sessions_end(place: Place, pause: int, alive: bool) -> None:
    person = await place.person()
    place.clock.turn(pause)
    assert (await place.room.sessions.find(person.token) is not None) is alive


@pytest.mark.parametrize(("last", "alive"), [(8 * 3600 - 1, True), (8 * 3600, False)])
async def test_sessions_end_after_a_working_day_however_busy(place: Place, last: int, alive: bool) -> None:
    person = await place.person()
    for _ in range(47):
        place.clock.turn(600)
        assert await place.room.sessions.find(person.token) is not None
    place.clock.turn(last - 47 * 600)
    assert (await place.room.sessions.find(person.token) is not None) is alive


async def test_half_a_login_lasts_five_minutes(place: Place) -> None:
    person = await place.person()
    half = await place.room.login.with_password("anna", PASSWORD, ADDRESS)
    place.clock.turn(5 * 60)
    with pytest.raises(SessionEnded):
        await place.room.login.confirm(half, person.code(), ADDRESS)


async def test_only_hashes_of_tokens_and_secrets_are_in_the_files(place: Place) -> None:
    person = await place.person()
    _, secret = await place.room.api_tokens.create(person.token, "R")
    invitation = await place.room.people.invite(COMMAND_LINE, "bodil", "", [Role.ANALYST])
    kept = b"".join(file.read_bytes() for file in place.path.parent.iterdir())
    for text in (person.token, secret[-43:], person.secret, PASSWORD, invitation.code, *person.recovery_codes):
        assert text.encode() not in kept
        assert text.replace("-", "").encode() not in kept


async def test_sessions_are_listed_and_ended(place: Place) -> None:
    person = await place.person("anna")
    other = await place.person("bodil")
    second, third = await place.log_in(person), await place.log_in(person)
    here = await place.session(third)
    listed = await place.room.sessions.of(here.account)
    assert len(listed) == 3
    assert listed[0].id == here.id
    theirs = await place.session(other.token)
    assert not await place.room.sessions.end(here, theirs.id), "only one's own"
    assert await place.room.sessions.end(here, (await place.session(second)).id)
    assert await place.room.sessions.find(second) is None
    assert await place.room.sessions.end_others(here) == 1
    assert [session.id for session in await place.room.sessions.of(here.account)] == [here.id]
    await place.room.sessions.log_out(third)
    await place.room.sessions.log_out(third)
    assert await place.room.sessions.find(third) is None
    assert await place.room.sessions.find(other.token) is not None
    assert [event for event in await place.events() if event[1] is AuditEvent.LOGGED_OUT] == [
        ("anna", AuditEvent.LOGGED_OUT, "")
    ]


async def test_sessions_that_are_over_are_deleted_at_the_next_login(place: Place) -> None:
    person = await place.person()
    place.clock.turn(9 * 3600)
    await place.log_in(person)
    with sqlite3.connect(place.path) as connection:
        assert connection.execute("SELECT count(*) FROM session").fetchone() == (1,)
    connection.close()


async def test_a_step_up_lasts_five_minutes_and_changes_the_token(place: Place) -> None:
    person = await place.person("anna", Role.RELEASER)
    place.clock.turn(299)
    (await place.session(person.token)).actor.need(Permission.RELEASE)
    place.clock.turn(1)
    session = await place.session(person.token)
    session.actor.need(Permission.PREVIEW)
    with pytest.raises(StepUpNeeded):
        session.actor.need(Permission.RELEASE)
    token = await place.room.login.confirm(person.token, person.code(), ADDRESS)
    renewed = await place.session(token)
    renewed.actor.need(Permission.RELEASE)
    assert (renewed.id, renewed.ends) == (session.id, session.ends), "a step-up makes no session longer"
    assert await place.room.sessions.find(person.token) is None


@given(token=st.text(max_size=50), given_text=st.text(max_size=70))
def test_a_form_fits_its_browser_only(token: str, given_text: str) -> None:
    other = new_token(chance)
    assert csrf_fits(other, csrf_token(other))
    assert not csrf_fits(token, given_text)
    assert not csrf_fits(other, csrf_token(token))
    assert not csrf_fits("", csrf_token(""))
    assert other not in csrf_token(other)


def test_ceremonies_do_not_pile_up() -> None:
    time = 0
    ceremonies: Ceremonies[int] = Ceremonies(60, lambda: time)
    for number in range(10_050):
        ceremonies.begin(f"browser {number}", number)
    assert len(ceremonies) == 10_000
    with pytest.raises(CeremonyRefused):
        ceremonies.finish("browser 0")
    assert ceremonies.finish("browser 10049") == 10_049
    time = 60
    with pytest.raises(CeremonyRefused):
        ceremonies.finish("browser 10048")
