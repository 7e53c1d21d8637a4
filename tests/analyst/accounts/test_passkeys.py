"""Passkeys: added, used to log in and as second factor, and refused when anything about them is wrong."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import Callable

import pytest
from accounts_place import ADDRESS, PARTY, PASSWORD, Person, Place
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from software_authenticator import PRESENT, SoftwareAuthenticator

from analyst.accounts.audit import AuditEvent
from analyst.accounts.clock import chance
from analyst.accounts.errors import (
    AccountRefused,
    AccountsError,
    CeremonyRefused,
    LockedOut,
    SessionEnded,
    StepUpNeeded,
)
from analyst.accounts.permissions import COMMAND_LINE, Role
from analyst.accounts.sessions import Stage, new_token


async def add(place: Place, person: Person, number: int = 1) -> SoftwareAuthenticator:
    device = SoftwareAuthenticator(PARTY.origin, number)
    options = await place.room.passkeys.begin_registration(person.token)
    enrolled = await place.room.passkeys.finish_registration(person.token, f"key {number}", device.create(options))
    person.token = enrolled.token
    return device


async def test_a_passkey_logs_in_without_a_name(place: Place) -> None:
    person = await place.person()
    device = await add(place, person)
    browser = new_token(chance)
    token = await place.room.passkeys.finish_login(
        browser, device.get(place.room.passkeys.begin_login(browser)), ADDRESS
    )
    session = await place.session(token)
    assert session.account.name == "anna"
    assert session.stage is Stage.COMPLETE
    assert session.stepped_up
    assert (await place.events())[-1] == ("anna", AuditEvent.LOGIN_SUCCEEDED, "passkey")


def _not_verified(device: SoftwareAuthenticator) -> None:
    device.flags = PRESENT


def _not_present(device: SoftwareAuthenticator) -> None:
    device.flags = 0x04


def _elsewhere(device: SoftwareAuthenticator) -> None:
    device.origin = "https://analyst.example.attacker.example"


def _other_key(device: SoftwareAuthenticator) -> None:
    device.key = SoftwareAuthenticator(PARTY.origin).key


def _unknown(device: SoftwareAuthenticator) -> None:
    device.credential_id = b"unknown"


def _copied(device: SoftwareAuthenticator) -> None:
    device.sign_count = 0
    device.counts = False


def _no_owner(device: SoftwareAuthenticator) -> None:
    device.user_handle = None


def _other_owner(device: SoftwareAuthenticator) -> None:
    device.user_handle = "AAAA"


@pytest.mark.parametrize(
    "break_it",
    [_not_verified, _not_present, _elsewhere, _other_key, _unknown, _copied, _no_owner, _other_owner],
)
async def test_a_wrong_device_is_refused(place: Place, break_it: Callable[[SoftwareAuthenticator], None]) -> None:
    person = await place.person()
    device = await add(place, person)
    browser = new_token(chance)
    options = place.room.passkeys.begin_login(browser)
    await place.room.passkeys.finish_login(browser, device.get(options), ADDRESS)
    break_it(device)
    options = place.room.passkeys.begin_login(browser)
    with pytest.raises(CeremonyRefused):
        await place.room.passkeys.finish_login(browser, device.get(options), ADDRESS)
    assert (await place.events())[-1][1] is AuditEvent.LOGIN_FAILED


async def test_a_challenge_is_good_once_in_one_browser_for_one_thing_and_five_minutes(place: Place) -> None:
    person = await place.person()
    device = await add(place, person)
    passkeys = place.room.passkeys
    browser, other = new_token(chance), new_token(chance)
    answer = device.get(passkeys.begin_login(browser))
    passkeys.begin_login(other)
    for wrong in (other, "", "\ud800"):
        with pytest.raises(CeremonyRefused):
            await passkeys.finish_login(wrong, answer, ADDRESS)
    both = await asyncio.gather(
        *(passkeys.finish_login(browser, answer, ADDRESS) for _ in range(3)), return_exceptions=True
    )
    assert sum(isinstance(result, str) for result in both) == 1
    with pytest.raises(CeremonyRefused):
        await passkeys.finish_login(browser, answer, ADDRESS)
    answer = device.get(await passkeys.begin_confirmation(person.token))
    with pytest.raises(CeremonyRefused):
        await passkeys.finish_login(person.token, answer, ADDRESS)
    answer = device.get(passkeys.begin_login(browser))
    place.clock.turn(300)
    with pytest.raises(CeremonyRefused):
        await passkeys.finish_login(browser, answer, ADDRESS)


async def test_strangers_push_out_nobody_who_is_logged_in(place: Place) -> None:
    person = await place.person()
    device = await add(place, person)
    options = await place.room.passkeys.begin_confirmation(person.token)
    for number in range(10_001):
        place.room.passkeys.begin_login(f"stranger {number}")
    await place.room.passkeys.finish_confirmation(person.token, device.get(options))


async def test_a_passkey_is_a_second_factor_and_a_step_up(place: Place) -> None:
    person = await place.person()
    device = await add(place, person)
    half = await place.room.login.with_password("anna", PASSWORD, ADDRESS)
    options = await place.room.passkeys.begin_confirmation(half)
    assert [known["type"] for known in options["allowCredentials"]] == ["public-key"]
    whole = await place.room.passkeys.finish_confirmation(half, device.get(options))
    assert (await place.session(whole)).stage is Stage.COMPLETE
    place.clock.turn(400)
    assert not (await place.session(whole)).stepped_up
    again = await place.room.passkeys.finish_confirmation(
        whole, device.get(await place.room.passkeys.begin_confirmation(whole))
    )
    assert (await place.session(again)).stepped_up
    assert await place.room.sessions.find(whole) is None


async def test_another_persons_passkey_is_no_second_factor(place: Place) -> None:
    await place.person("anna")
    device = await add(place, await place.person("bodil"))
    half = await place.room.login.with_password("anna", PASSWORD, ADDRESS)
    options = await place.room.passkeys.begin_confirmation(half)
    with pytest.raises(CeremonyRefused):
        await place.room.passkeys.finish_confirmation(half, device.get(options))
    assert (await place.session(half)).stage is Stage.SECOND_FACTOR


async def test_an_account_can_be_set_up_with_a_passkey_alone(place: Place) -> None:
    invitation = await place.room.people.invite(COMMAND_LINE, "anna", "", [Role.ANALYST])
    token = await place.room.login.accept_invitation(invitation.code, PASSWORD)
    device = SoftwareAuthenticator(PARTY.origin)
    options = await place.room.passkeys.begin_registration(token)
    enrolled = await place.room.passkeys.finish_registration(token, "", device.create(options))
    assert len(enrolled.recovery_codes) == 10
    account = (await place.session(enrolled.token)).account
    (passkey,) = await place.room.passkeys.of(account)
    assert passkey.label == "passkey"
    with pytest.raises(AccountRefused):
        await place.room.passkeys.remove(enrolled.token, passkey.id)
    with pytest.raises(AccountRefused):
        await place.room.passkeys.remove(enrolled.token, uuid.uuid4())


async def test_several_are_kept_and_a_removed_one_is_worth_nothing(place: Place) -> None:
    person = await place.person()
    first, second = await add(place, person, 1), await add(place, person, 2)
    account = (await place.session(person.token)).account
    assert [passkey.label for passkey in await place.room.passkeys.of(account)] == ["key 1", "key 2"]
    removed = (await place.room.passkeys.of(account))[0]
    await place.room.passkeys.remove(person.token, removed.id)
    browser = new_token(chance)
    with pytest.raises(CeremonyRefused):
        await place.room.passkeys.finish_login(browser, first.get(place.room.passkeys.begin_login(browser)), ADDRESS)
    await place.room.passkeys.finish_login(browser, second.get(place.room.passkeys.begin_login(browser)), ADDRESS)


async def test_adding_needs_a_fresh_second_factor_and_a_new_credential(place: Place) -> None:
    person = await place.person("anna")
    device = await add(place, person)
    other = await place.person("bodil")
    options = await place.room.passkeys.begin_registration(other.token)
    with pytest.raises(CeremonyRefused):
        await place.room.passkeys.finish_registration(other.token, "stolen", device.create(options))
    device.flags = PRESENT
    device.credential_id = b"new"
    options = await place.room.passkeys.begin_registration(other.token)
    with pytest.raises(CeremonyRefused):
        await place.room.passkeys.finish_registration(other.token, "not verified", device.create(options))
    place.clock.turn(301)
    with pytest.raises(StepUpNeeded):
        await place.room.passkeys.begin_registration(person.token)
    half = await place.room.login.with_password("anna", PASSWORD, ADDRESS)
    with pytest.raises(SessionEnded):
        await place.room.passkeys.begin_registration(half)


async def test_a_disabled_account_has_no_passkey_login(place: Place) -> None:
    person = await place.person()
    device = await add(place, person)
    await place.room.people.disable(COMMAND_LINE, "anna")
    browser = new_token(chance)
    with pytest.raises(CeremonyRefused):
        await place.room.passkeys.finish_login(browser, device.get(place.room.passkeys.begin_login(browser)), ADDRESS)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    answer=st.text(max_size=40)
    | st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=8),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(st.sampled_from(["id", "rawId", "response", "type", "x"]), inner, max_size=4)
        ),
        max_leaves=8,
    ).map(json.dumps)
)
async def test_whatever_a_browser_sends_is_refused_and_nothing_breaks(place: Place, answer: str) -> None:
    browser = new_token(chance)
    place.room.passkeys.begin_login(browser)
    try:
        await place.room.passkeys.finish_login(browser, answer, None)
    except LockedOut:
        place.clock.turn(90_000)
    except AccountsError:
        pass
    else:
        raise AssertionError(answer)


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(data=st.data())
async def test_a_damaged_answer_is_refused(place: Place, data: st.DataObject) -> None:
    name = f"p{uuid.uuid4().hex}"
    device = SoftwareAuthenticator(PARTY.origin, data.draw(st.integers(0, 10**9)))
    person = await place.person(name)
    answer = json.loads(device.create(await place.room.passkeys.begin_registration(person.token)))
    field = data.draw(st.sampled_from(["clientDataJSON", "attestationObject"]))
    text = answer["response"][field]
    at = data.draw(st.integers(0, len(text) - 2))
    # The last character of base64 may carry bits that mean nothing; cutting always changes something.
    answer["response"][field] = text[:at]
    with pytest.raises(CeremonyRefused):
        await place.room.passkeys.finish_registration(person.token, "", json.dumps(answer))
