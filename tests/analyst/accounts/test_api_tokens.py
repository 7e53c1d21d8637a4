"""API tokens are good for reading, for a while, and for as long as their owner may."""

from __future__ import annotations

import asyncio
import datetime

import pytest
from accounts_place import Place
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from analyst.accounts.api_tokens import Scope
from analyst.accounts.audit import AuditEvent
from analyst.accounts.errors import AccountRefused, NotAllowed, SessionEnded, StepUpNeeded
from analyst.accounts.permissions import COMMAND_LINE, Role


async def test_a_token_reads_in_its_owners_name_and_leaves_a_date(place: Place) -> None:
    person = await place.person()
    token, secret = await place.room.api_tokens.create(person.token, "  R at work\n", days=30)
    assert (token.label, token.expires_on, token.last_used_on) == ("R at work", datetime.date(2026, 12, 24), None)
    for _ in range(2):
        callers = await asyncio.gather(*(place.room.api_tokens.authenticate(secret) for _ in range(4)))
        assert {caller.account.name for caller in callers if caller} == {"anna"}
        assert all(caller and caller.may(Scope.READ) for caller in callers)
        place.clock.turn(24 * 3600)
    account = await place.account("anna")
    (listed,) = await place.room.api_tokens.of(account)
    assert listed.last_used_on == datetime.date(2026, 11, 25)
    used = [event for event in await place.events() if event[1] is AuditEvent.TOKEN_USED]
    assert used == [("anna", AuditEvent.TOKEN_USED, token.id)] * 2, "once a day"


@pytest.mark.parametrize(("days", "good"), [(30, True), (31, False)])
async def test_a_token_expires_at_the_end_of_its_last_day(place: Place, days: int, good: bool) -> None:
    person = await place.person()
    _, secret = await place.room.api_tokens.create(person.token, "R", days=30)
    place.clock.turn(days * 24 * 3600)
    assert (await place.room.api_tokens.authenticate(secret) is not None) is good


async def test_only_the_owner_revokes(place: Place) -> None:
    anna, bodil = await place.person("anna"), await place.person("bodil")
    token, secret = await place.room.api_tokens.create(anna.token, "R")
    assert not await place.room.api_tokens.revoke(bodil.token, token.id)
    assert await place.room.api_tokens.authenticate(secret) is not None
    assert await place.room.api_tokens.revoke(anna.token, token.id)
    assert await place.room.api_tokens.authenticate(secret) is None
    assert not await place.room.api_tokens.revoke(anna.token, token.id)


async def test_making_one_needs_the_permission_a_fresh_second_factor_and_a_session(place: Place) -> None:
    administrator = await place.person("adam", Role.ADMINISTRATOR)
    with pytest.raises(NotAllowed):
        await place.room.api_tokens.create(administrator.token, "R")
    person = await place.person()
    for days in (0, 367):
        with pytest.raises(AccountRefused):
            await place.room.api_tokens.create(person.token, "R", days=days)
    place.clock.turn(300)
    with pytest.raises(StepUpNeeded):
        await place.room.api_tokens.create(person.token, "R")
    with pytest.raises(SessionEnded):
        await place.room.api_tokens.create("no session", "R")


async def test_there_are_not_more_than_twenty_that_are_good(place: Place) -> None:
    person = await place.person()
    for _ in range(20):
        await place.room.api_tokens.create(person.token, "R", days=1)
    with pytest.raises(AccountRefused):
        await place.room.api_tokens.create(person.token, "R", days=1)
    place.clock.turn(2 * 24 * 3600)
    person.token = await place.log_in(person)
    await place.room.api_tokens.create(person.token, "R")
    assert len(await place.room.api_tokens.of(await place.account("anna"))) == 1


async def test_a_token_of_a_disabled_account_is_worth_nothing(place: Place) -> None:
    person = await place.person()
    _, secret = await place.room.api_tokens.create(person.token, "R")
    await place.room.people.disable(COMMAND_LINE, "anna")
    await place.room.people.enable(COMMAND_LINE, "anna")
    assert await place.room.api_tokens.authenticate(secret) is None


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_nothing_but_the_whole_token_is_good(place: Place, data: st.DataObject) -> None:
    if not hasattr(place, "secret"):
        person = await place.person()
        place.secret = (await place.room.api_tokens.create(person.token, "R"))[1]  # type: ignore[attr-defined]
    secret: str = place.secret  # type: ignore[attr-defined]
    at = data.draw(st.integers(0, len(secret) - 1))
    other = data.draw(st.characters())
    changed = data.draw(
        st.sampled_from([secret[:at], secret[:at] + other + secret[at + 1 :], secret + other, f" {secret}"])
    )
    if changed != secret:
        assert await place.room.api_tokens.authenticate(changed) is None
