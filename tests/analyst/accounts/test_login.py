"""Logging in: what lets people in, what keeps them out, and that names cannot be found out."""

from __future__ import annotations

import asyncio

import pyotp
import pytest
from accounts_place import ADDRESS, PARTY, PASSWORD, CountingHashing, Place

from analyst.accounts.account import AccountState
from analyst.accounts.assembly import open_accounts
from analyst.accounts.audit import UNKNOWN, AuditEvent
from analyst.accounts.errors import (
    CeremonyRefused,
    CodeRefused,
    LockedOut,
    LoginRefused,
    PasswordRefused,
    SessionEnded,
    StepUpNeeded,
)
from analyst.accounts.passwords import Argon2Cost
from analyst.accounts.permissions import COMMAND_LINE, Permission, Role
from analyst.accounts.sessions import Stage

OTHER_ADDRESS = "198.51.100.9"


async def test_password_and_code_let_in_and_each_step_gets_a_new_token(place: Place) -> None:
    person = await place.person()
    place.clock.turn(31)
    half = await place.room.login.with_password("  ANNA ", PASSWORD, ADDRESS)
    waiting = await place.session(half)
    assert waiting.stage is Stage.SECOND_FACTOR
    assert not any(waiting.may(permission) for permission in Permission)
    assert not waiting.actor.permissions
    whole = await place.room.login.confirm(half, person.code(), ADDRESS)
    assert whole != half
    assert await place.room.sessions.find(half) is None
    assert (await place.session(whole)).may(Permission.VIEW_TABLES)
    assert (await place.events())[-2:] == [
        ("anna", AuditEvent.SECOND_FACTOR_SUCCEEDED, "second_factor"),
        ("anna", AuditEvent.LOGIN_SUCCEEDED, "password"),
    ]


async def test_no_way_of_failing_can_be_told_from_another(place: Place) -> None:
    await place.person("anna")
    await place.person("bodil")
    await place.room.people.disable(COMMAND_LINE, "bodil")
    await place.room.people.invite(COMMAND_LINE, "cecilia", "", [Role.ANALYST])
    await place.room.people.provide(COMMAND_LINE, "disa", "", [Role.ANALYST])
    told = set()
    for name, password in (
        ("anna", "a wrong password"),
        ("bodil", PASSWORD),
        ("cecilia", PASSWORD),
        ("disa", PASSWORD),
        ("nobody", PASSWORD),
        ("", ""),
        ("\ud800" * 500, "\ud800"),
        ("anna", PASSWORD + "x" * 10_000),
    ):
        before = (place.hashing.compared, place.hashing.made)
        with pytest.raises(LoginRefused) as refused:
            await place.room.login.with_password(name, password, None)
        told.add((type(refused.value), str(refused.value)))
        done = (place.hashing.compared - before[0], place.hashing.made - before[1])
        assert done == (1, 0), f"{name!r} took other work"
    assert len(told) == 1
    await place.room.login.with_password("anna", PASSWORD, None)


async def test_what_was_typed_as_name_is_not_kept(place: Place) -> None:
    with pytest.raises(LoginRefused):
        await place.room.login.with_password("MySecretPassword!", "", ADDRESS)
    assert await place.events() == [(UNKNOWN, AuditEvent.LOGIN_FAILED, "password")]
    kept = b"".join(file.read_bytes() for file in place.path.parent.iterdir())
    assert b"mysecret" not in kept.lower()
    assert ADDRESS.encode() not in kept


@pytest.mark.parametrize("name", ["anna", "nobody"])
async def test_known_and_unknown_names_are_locked_alike(place: Place, name: str) -> None:
    await place.person("anna")
    for _ in range(5):
        with pytest.raises(LoginRefused, match="wrong"):
            await place.room.login.with_password(name, "a wrong password", ADDRESS)
    compared = place.hashing.compared
    with pytest.raises(LockedOut) as locked:
        await place.room.login.with_password(name, PASSWORD, OTHER_ADDRESS)
    assert locked.value.wait == 30
    assert place.hashing.compared == compared, "a locked name costs no work"
    place.clock.turn(30)
    with pytest.raises(LoginRefused, match="wrong"):
        await place.room.login.with_password(name, "a wrong password", ADDRESS)
    with pytest.raises(LockedOut) as locked:
        await place.room.login.with_password(name, PASSWORD, ADDRESS)
    assert locked.value.wait == 60


async def test_an_administrator_unlocks(place: Place) -> None:
    await place.person("anna")
    for _ in range(5):
        with pytest.raises(LoginRefused):
            await place.room.login.with_password("anna", "a wrong password", ADDRESS)
    with pytest.raises(LockedOut):
        await place.room.login.with_password("anna", PASSWORD, ADDRESS)
    await place.room.people.unlock(COMMAND_LINE, "anna")
    await place.room.login.with_password("anna", PASSWORD, ADDRESS)


async def test_attempts_at_once_are_all_counted(place: Place) -> None:
    await place.person("anna")
    compared = place.hashing.compared
    tries = [place.room.login.with_password("anna", f"a wrong password {n}", ADDRESS) for n in range(12)]
    results = await asyncio.gather(*tries, return_exceptions=True)
    assert sum(isinstance(result, LockedOut) for result in results) == 7
    assert place.hashing.compared - compared == 5


async def test_a_known_password_does_not_clear_guesses_at_the_code(place: Place) -> None:
    await place.person("anna")
    results = []
    for _ in range(7):
        token = await place.room.login.with_password("anna", PASSWORD, ADDRESS)
        results += await asyncio.gather(place.room.login.confirm(token, "000000", ADDRESS), return_exceptions=True)
    assert [type(result) for result in results] == [CodeRefused] * 5 + [LockedOut] * 2


async def test_wrong_codes_end_the_session(place: Place) -> None:
    person = await place.person("anna")
    token = person.token
    for _ in range(5):
        with pytest.raises(CodeRefused):
            await place.room.login.confirm(token, "nonsense", ADDRESS)
    with pytest.raises(SessionEnded):
        await place.room.login.confirm(token, person.code(1), ADDRESS)


async def test_a_code_is_good_once_and_no_earlier_one_after_it(place: Place) -> None:
    person = await place.person("anna")
    place.clock.turn(120)
    code, earlier = person.code(), person.code(-1)
    half = await place.room.login.with_password("anna", PASSWORD, ADDRESS)
    await place.room.login.confirm(half, code, ADDRESS)
    half = await place.room.login.with_password("anna", PASSWORD, ADDRESS)
    for spent in (code, earlier):
        with pytest.raises(CodeRefused):
            await place.room.login.confirm(half, spent, ADDRESS)
    await place.room.login.confirm(half, person.code(1), ADDRESS)


@pytest.mark.parametrize(("steps", "accepted"), [(-2, False), (-1, True), (0, True), (1, True), (2, False)])
async def test_codes_are_good_one_step_off(place: Place, steps: int, accepted: bool) -> None:
    person = await place.person("anna")
    place.clock.turn(3600)
    half = await place.room.login.with_password("anna", PASSWORD, ADDRESS)
    if accepted:
        await place.room.login.confirm(half, person.code(steps), ADDRESS)
    else:
        with pytest.raises(CodeRefused):
            await place.room.login.confirm(half, person.code(steps), ADDRESS)


async def test_one_code_at_once_from_two_sessions_lets_one_in(place: Place) -> None:
    person = await place.person("anna")
    place.clock.turn(60)
    halves = [await place.room.login.with_password("anna", PASSWORD, ADDRESS) for _ in range(4)]
    for code in (person.code(), person.recovery_codes[0]):
        results = await asyncio.gather(
            *(place.room.login.confirm(half, code, ADDRESS) for half in halves), return_exceptions=True
        )
        won = [half for half, result in zip(halves, results, strict=True) if isinstance(result, str)]
        assert len(won) == 1
        halves.remove(won[0])
        await place.room.people.unlock(COMMAND_LINE, "anna")


async def test_recovery_codes_are_good_once_however_they_are_typed(place: Place) -> None:
    person = await place.person("anna")
    assert len(set(person.recovery_codes)) == 10
    typed = f" {person.recovery_codes[3].upper().replace('-', ' ')}\t"
    half = await place.room.login.with_password("anna", PASSWORD, ADDRESS)
    token = await place.room.login.confirm(half, typed, ADDRESS)
    account = (await place.session(token)).account
    assert await place.room.second_factors.recovery_codes_left(account) == 9
    half = await place.room.login.with_password("anna", PASSWORD, ADDRESS)
    with pytest.raises(CodeRefused):
        await place.room.login.confirm(half, typed, ADDRESS)
    fresh = await place.room.second_factors.new_recovery_codes(token)
    with pytest.raises(CodeRefused):
        await place.room.login.confirm(half, person.recovery_codes[4], ADDRESS)
    await place.room.login.confirm(half, fresh[0], ADDRESS)


async def test_recovery_codes_of_one_are_worth_nothing_for_another(place: Place) -> None:
    anna = await place.person("anna")
    await place.person("bodil")
    half = await place.room.login.with_password("bodil", PASSWORD, ADDRESS)
    with pytest.raises(CodeRefused):
        await place.room.login.confirm(half, anna.recovery_codes[0], ADDRESS)


async def test_setting_up_an_account_ends_with_a_second_factor(place: Place) -> None:
    invitation = await place.room.people.invite(COMMAND_LINE, "anna", "Anna", [Role.ANALYST])
    assert (await place.room.login.invited(invitation.code)).name == "anna"
    with pytest.raises(PasswordRefused):
        await place.room.login.accept_invitation(invitation.code, "short")
    token = await place.room.login.accept_invitation(invitation.code.upper(), PASSWORD)
    session = await place.session(token)
    assert session.stage is Stage.ENROLLING
    assert not session.may(Permission.VIEW_TABLES)
    with pytest.raises(SessionEnded):
        await place.room.login.confirm(token, "000000", ADDRESS)
    # Interrupted here, the password alone leads no further than to where it was.
    again = await place.room.login.with_password("anna", PASSWORD, ADDRESS)
    assert (await place.session(again)).stage is Stage.ENROLLING
    offer = await place.room.second_factors.offer(again)
    assert await place.room.second_factors.offer(again) == offer
    assert offer.qr_svg.startswith("<svg")
    assert offer.uri.startswith("otpauth://totp/Fyren:anna?")
    with pytest.raises(CodeRefused):
        await place.room.second_factors.enrol(again, "000000")
    code = pyotp.TOTP(offer.secret).at(place.clock())
    enrolled = await place.room.second_factors.enrol(again, code)
    assert (await place.account("anna")).state is AccountState.ACTIVE
    assert await place.room.sessions.find(token) is None, "the other session could only set up"
    with pytest.raises(CodeRefused):
        await place.room.login.confirm(enrolled.token, code, ADDRESS)


async def test_an_invitation_is_good_once_and_not_for_ever(place: Place) -> None:
    first = await place.room.people.invite(COMMAND_LINE, "anna", "", [Role.ANALYST])
    both = await asyncio.gather(
        *(place.room.login.accept_invitation(first.code, PASSWORD) for _ in range(3)), return_exceptions=True
    )
    assert sum(isinstance(result, str) for result in both) == 1
    with pytest.raises(CodeRefused):
        await place.room.login.invited(first.code)
    second = await place.room.people.invite(COMMAND_LINE, "bodil", "", [Role.ANALYST])
    place.clock.turn(72 * 3600 - 1)
    await place.room.login.invited(second.code)
    place.clock.turn(1)
    with pytest.raises(CodeRefused):
        await place.room.login.accept_invitation(second.code, PASSWORD)
    # Neither does a password without second factor stay good.
    with pytest.raises(LoginRefused):
        await place.room.login.with_password("anna", PASSWORD, ADDRESS)


async def test_a_reset_takes_everything_away(place: Place) -> None:
    person = await place.person("anna")
    _, secret = await place.room.api_tokens.create(person.token, "R")
    invitation = await place.room.people.reset(COMMAND_LINE, "anna")
    assert await place.room.sessions.find(person.token) is None
    assert await place.room.api_tokens.authenticate(secret) is None
    with pytest.raises(LoginRefused):
        await place.room.login.with_password("anna", PASSWORD, ADDRESS)
    older = invitation.code
    invitation = await place.room.people.reset(COMMAND_LINE, "anna")
    with pytest.raises(CodeRefused):
        await place.room.login.accept_invitation(older, PASSWORD)
    token = await place.room.login.accept_invitation(invitation.code, PASSWORD)
    account = (await place.session(token)).account
    assert not account.has_second_factor
    assert await place.room.second_factors.recovery_codes_left(account) == 0


async def test_changing_the_password_ends_other_sessions(place: Place) -> None:
    person = await place.person("anna")
    elsewhere = await place.log_in(person)
    here = await place.log_in(person)
    new = "other plain words here"
    with pytest.raises(LoginRefused):
        await place.room.login.change_password(here, "a wrong password", new, ADDRESS)
    with pytest.raises(PasswordRefused):
        await place.room.login.change_password(here, PASSWORD, "anna", ADDRESS)
    renewed = await place.room.login.change_password(here, PASSWORD, new, ADDRESS)
    assert await place.room.sessions.find(elsewhere) is None
    assert await place.room.sessions.find(here) is None
    place.clock.turn(301)
    assert await place.room.sessions.find(renewed) is not None
    with pytest.raises(StepUpNeeded):
        await place.room.login.change_password(renewed, new, PASSWORD, ADDRESS)
    with pytest.raises(LoginRefused):
        await place.room.login.with_password("anna", PASSWORD, ADDRESS)
    await place.room.login.with_password("anna", new, ADDRESS)


async def test_secrets_are_in_no_representation(place: Place) -> None:
    invitation = await place.room.people.invite(COMMAND_LINE, "anna", "", [Role.ANALYST])
    token = await place.room.login.accept_invitation(invitation.code, PASSWORD)
    offer = await place.room.second_factors.offer(token)
    enrolled = await place.room.second_factors.enrol(token, pyotp.TOTP(offer.secret).at(place.clock()))
    shown = repr([invitation, offer, enrolled, await place.session(enrolled.token)])
    for secret in (invitation.code, offer.secret, enrolled.token, *enrolled.recovery_codes):
        assert secret not in shown


async def test_a_new_telephone_needs_the_old_one_first(place: Place) -> None:
    person = await place.person("anna")
    place.clock.turn(301)
    with pytest.raises(StepUpNeeded):
        await place.room.second_factors.offer(person.token)
    with pytest.raises(CeremonyRefused):
        await place.room.second_factors.enrol(person.token, "000000")
    token = await place.room.login.confirm(person.token, person.code(), ADDRESS)
    offer = await place.room.second_factors.offer(token)
    assert offer.secret != person.secret
    enrolled = await place.room.second_factors.enrol(token, pyotp.TOTP(offer.secret).at(place.clock()))
    assert enrolled.recovery_codes == (), "the old recovery codes stay good"
    with pytest.raises(CodeRefused):
        await place.room.login.confirm(enrolled.token, person.code(1), ADDRESS)


async def test_hashes_of_a_lower_cost_are_made_anew_at_the_next_login(place: Place) -> None:
    await place.person("anna")
    dearer = CountingHashing(Argon2Cost(passes=2, memory_kib=64, lanes=1))
    async with open_accounts(place.path, PARTY, hashing=dearer, clock=place.clock) as room:
        made = dearer.made
        await room.login.with_password("anna", PASSWORD, ADDRESS)
        assert dearer.made == made + 1
        await room.login.with_password("anna", PASSWORD, ADDRESS)
        assert dearer.made == made + 1


async def test_an_account_that_is_shut_while_a_hash_is_made_stays_shut(place: Place) -> None:
    await place.person("anna")
    attempt = asyncio.create_task(place.room.login.with_password("anna", PASSWORD, ADDRESS))
    await place.room.people.disable(COMMAND_LINE, "anna")
    try:
        token = await attempt
    except LoginRefused:
        return
    # The login was first; then its session ended with the account.
    assert await place.room.sessions.find(token) is None
