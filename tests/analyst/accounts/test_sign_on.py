"""The agency's own login: who gets in, with which roles, and what of a login service is not believed."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from accounts_place import ADDRESS, PASSWORD, Place, TurnedClock, open_place
from joserfc.jwk import KeySet, RSAKey
from login_service import CLIENT_ID, CLIENT_SECRET, REDIRECT, LoginService, made_keys

from analyst.accounts.account import AccountSource, AccountState
from analyst.accounts.audit import UNKNOWN, AuditEvent
from analyst.accounts.clock import chance
from analyst.accounts.errors import AccountRefused, CeremonyRefused, LoginRefused, SessionEnded
from analyst.accounts.permissions import COMMAND_LINE, Permission, Role
from analyst.accounts.sessions import SessionToken, new_token
from analyst.accounts.sign_on import SignedOn, SignOnSettings, SignOnUnreachable, SingleSignOn

Opened = Callable[..., AbstractAsyncContextManager[tuple[Place, SingleSignOn, LoginService]]]

MAPPED = {"roles": {"statistics": Role.ANALYST, "board": Role.RELEASER}}


@pytest.fixture
def opened(path: Path) -> Opened:
    @asynccontextmanager
    async def open_it(**more: Any) -> AsyncIterator[tuple[Place, SingleSignOn, LoginService]]:
        service = LoginService(TurnedClock())
        async with service.server:
            settings = SignOnSettings(service.issuer, CLIENT_ID, REDIRECT, CLIENT_SECRET)
            async with open_place(path, sign_on=replace(settings, **more)) as place:
                service.clock = place.clock
                assert place.room.sign_on is not None
                yield place, place.room.sign_on, service

    return open_it


async def log_in(sign_on: SingleSignOn, service: LoginService) -> SessionToken:
    browser = new_token(chance)
    return (await sign_on.finish(browser, service.log_in(await sign_on.begin(browser)))).token


@pytest.mark.parametrize("algorithm", ["RS256", "PS256", "ES256"])
async def test_a_provided_account_is_tied_at_the_first_login(opened: Opened, algorithm: str) -> None:
    async with opened() as (place, sign_on, service):
        service.algorithm = algorithm
        await place.room.people.provide(COMMAND_LINE, "anna", "", [Role.RELEASER])
        session = await place.session(await log_in(sign_on, service))
        assert session.account.name == "anna"
        assert session.may(Permission.RELEASE)
        assert session.stepped_up
        service.user["preferred_username"] = "renamed"
        assert (await place.session(await log_in(sign_on, service))).account.name == "anna"
        service.user = {"sub": "u-2", "preferred_username": "anna"}
        with pytest.raises(LoginRefused):
            await log_in(sign_on, service)
        assert (await place.events())[-1] == (UNKNOWN, AuditEvent.LOGIN_FAILED, "single_sign_on")


async def test_local_accounts_and_the_login_service_do_not_mix(opened: Opened) -> None:
    async with opened(create=True, **MAPPED) as (place, sign_on, service):
        service.claims = {"groups": ["statistics"]}
        await place.person("anna", Role.ADMINISTRATOR)
        with pytest.raises(LoginRefused):
            await log_in(sign_on, service)
        assert (await place.account("anna")).source is AccountSource.LOCAL
        service.user["preferred_username"] = "bodil"
        token = await log_in(sign_on, service)
        with pytest.raises(LoginRefused):
            await place.room.login.with_password("bodil", PASSWORD, ADDRESS)
        with pytest.raises(AccountRefused):
            await place.room.second_factors.offer(token)
        with pytest.raises(AccountRefused):
            await place.room.people.reset(COMMAND_LINE, "bodil")


async def test_strangers_have_no_access(opened: Opened) -> None:
    async with opened() as (place, sign_on, service):
        for user in ({"sub": "u-9"}, {"sub": "u-9", "preferred_username": "A B"}, service.user):
            service.user = user
            with pytest.raises(LoginRefused):
                await log_in(sign_on, service)
        assert await place.room.people.all(COMMAND_LINE) == ()


async def test_claims_give_roles_and_take_them(opened: Opened) -> None:
    async with opened(create=True, **MAPPED) as (place, sign_on, service):
        service.claims = {"groups": ["canteen"]}
        with pytest.raises(LoginRefused):
            await log_in(sign_on, service)
        service.claims = {"groups": ["canteen", "statistics", 7, None]}
        first = await log_in(sign_on, service)
        assert (await place.session(first)).account.roles == {Role.ANALYST}
        _, secret = await place.room.api_tokens.create(first, "R")
        service.claims = {"groups": "board"}
        second = await log_in(sign_on, service)
        assert (await place.session(second)).account.roles == {Role.RELEASER}
        assert await place.room.sessions.find(first) is None
        assert await place.room.api_tokens.authenticate(secret) is None
        service.claims = {}
        with pytest.raises(LoginRefused):
            await log_in(sign_on, service)
        assert await place.room.sessions.find(second) is None


async def test_a_disabled_account_stays_out(opened: Opened) -> None:
    async with opened(create=True, **MAPPED) as (place, sign_on, service):
        service.claims = {"groups": ["statistics"]}
        token = await log_in(sign_on, service)
        await place.room.people.disable(COMMAND_LINE, "anna")
        assert await place.room.sessions.find(token) is None
        with pytest.raises(LoginRefused):
            await log_in(sign_on, service)
        assert (await place.account("anna")).state is AccountState.DISABLED


@pytest.mark.parametrize(
    "wrong",
    [
        {"iss": "https://other.example"},
        {"iss": None},
        {"aud": "another client"},
        {"aud": None},
        {"aud": ["fyren", "another"], "azp": "another"},
        {"exp": 1},
        {"exp": None},
        {"exp": "soon"},
        {"nonce": "another"},
        {"nonce": None},
        {"sub": None},
        {"sub": ""},
        {"sub": 7},
        {"sub": "\ud800"},
        {"iat": 4102444800},
        {"nbf": 4102444800},
        {"at_hash": "AAAA"},
    ],
    ids=str,
)
async def test_a_wrong_token_is_refused(opened: Opened, wrong: dict[str, Any]) -> None:
    async with opened() as (place, sign_on, service):
        await place.room.people.provide(COMMAND_LINE, "anna", "", [Role.ANALYST])
        service.claims = wrong
        with pytest.raises(CeremonyRefused):
            await log_in(sign_on, service)
        service.claims = {}
        await log_in(sign_on, service)


@pytest.mark.parametrize("algorithm", ["none", "HS256"])
async def test_only_signatures_with_the_services_key_count(opened: Opened, algorithm: str) -> None:
    async with opened() as (place, sign_on, service):
        await place.room.people.provide(COMMAND_LINE, "anna", "", [Role.ANALYST])
        service.algorithm = algorithm
        with pytest.raises(CeremonyRefused):
            await log_in(sign_on, service)
        service.algorithm = "RS256"
        service.rsa = RSAKey.import_key(made_keys("foreign")[0].as_dict(private=True) | {"kid": service.rsa.kid})
        with pytest.raises(CeremonyRefused):
            await log_in(sign_on, service)


async def test_new_keys_of_the_service_are_fetched_but_not_at_every_token(opened: Opened) -> None:
    async with opened() as (place, sign_on, service):
        await place.room.people.provide(COMMAND_LINE, "anna", "", [Role.ANALYST])
        await log_in(sign_on, service)
        service.new_keys("second")
        with pytest.raises(CeremonyRefused):
            await log_in(sign_on, service)
        place.clock.turn(61)
        await log_in(sign_on, service)


async def test_keys_for_something_else_do_no_harm(opened: Opened) -> None:
    async with opened() as (place, sign_on, service):
        await place.room.people.provide(COMMAND_LINE, "anna", "", [Role.ANALYST])
        foreign = made_keys("foreign")[0].as_dict(private=False)
        service.more_keys = [
            {**foreign, "use": "enc", "alg": "RSA-OAEP", "kid": "for encryption"},
            {"kty": "EC", "crv": "P-999", "x": "AA", "y": "AA", "kid": "of a curve to come"},
            {"kty": "new", "kid": "of a kind to come"},
            {"kid": "without a kind"},
            "no key at all",
        ]
        await log_in(sign_on, service)


async def test_a_service_without_a_key_that_signs_is_not_used(opened: Opened) -> None:
    async with opened() as (_, sign_on, service):
        service.published = KeySet([])
        with pytest.raises(SignOnUnreachable):
            await sign_on.begin(new_token(chance))


@pytest.mark.parametrize(
    ("methods", "secret"),
    [
        (["client_secret_basic", "private_key_jwt"], CLIENT_SECRET),
        (["client_secret_post"], CLIENT_SECRET),
        (["client_secret_post", "client_secret_basic"], CLIENT_SECRET),
        (["none"], None),
    ],
    ids=str,
)
async def test_the_client_shows_itself_as_the_service_wants(
    opened: Opened, methods: list[str], secret: str | None
) -> None:
    async with opened(client_secret=secret) as (place, sign_on, service):
        await place.room.people.provide(COMMAND_LINE, "anna", "", [Role.ANALYST])
        service.describes = {"token_endpoint_auth_methods_supported": methods}
        service.secret = secret or ""
        await log_in(sign_on, service)


async def test_an_answer_belongs_to_one_browser_and_one_use(opened: Opened) -> None:
    async with opened() as (place, sign_on, service):
        await place.room.people.provide(COMMAND_LINE, "anna", "", [Role.ANALYST])
        victim, attacker = new_token(chance), new_token(chance)
        answer = service.log_in(await sign_on.begin(attacker))
        await sign_on.begin(victim)
        asked = service.tokens_asked
        for wrong in (answer, answer | {"state": "\ud800"}, {"code": answer["code"]}, {}):
            await sign_on.begin(victim)
            with pytest.raises(CeremonyRefused):
                await sign_on.finish(victim, wrong)
        assert service.tokens_asked == asked
        both = await asyncio.gather(*(sign_on.finish(attacker, answer) for _ in range(3)), return_exceptions=True)
        assert sum(isinstance(result, SignedOn) for result in both) == 1
        answer = service.log_in(await sign_on.begin(victim))
        place.clock.turn(600)
        with pytest.raises(CeremonyRefused):
            await sign_on.finish(victim, answer)


@pytest.mark.parametrize(
    "change",
    [{"iss": "https://other.example"}, {"iss": None}, {"error": "access_denied"}, {"code": ""}, {"code": "unknown"}],
    ids=str,
)
async def test_a_wrong_answer_is_refused(opened: Opened, change: dict[str, str | None]) -> None:
    async with opened() as (place, sign_on, service):
        await place.room.people.provide(COMMAND_LINE, "anna", "", [Role.ANALYST])
        browser = new_token(chance)
        answer = service.log_in(await sign_on.begin(browser)) | change
        with pytest.raises(CeremonyRefused):
            await sign_on.finish(browser, {name: value for name, value in answer.items() if value is not None})


async def test_a_step_up_asks_the_service_anew_for_the_same_person(opened: Opened) -> None:
    async with opened() as (place, sign_on, service):
        await place.room.people.provide(COMMAND_LINE, "anna", "", [Role.RELEASER])
        service.auth_time_offset = -3600
        token = await log_in(sign_on, service)
        assert not (await place.session(token)).stepped_up, "an old login there is no second factor now"
        address = await sign_on.begin_step_up(token)
        assert "prompt=login" in address
        assert "max_age=0" in address
        with pytest.raises(CeremonyRefused):
            await sign_on.finish_step_up(token, service.log_in(address))
        service.auth_time_offset = 0
        with pytest.raises(CeremonyRefused):
            await sign_on.finish(token, service.log_in(await sign_on.begin_step_up(token)))
        service.user = {"sub": "somebody else"}
        with pytest.raises(CeremonyRefused):
            await sign_on.finish_step_up(token, service.log_in(await sign_on.begin_step_up(token)))
        service.user = {"sub": "u-1"}
        renewed = await sign_on.finish_step_up(token, service.log_in(await sign_on.begin_step_up(token)))
        assert (await place.session(renewed.token)).stepped_up
        with pytest.raises(SessionEnded):
            await sign_on.begin_step_up(token)


async def test_a_login_must_be_strong_enough(opened: Opened) -> None:
    async with opened(required_acr=frozenset({"loa3"})) as (place, sign_on, service):
        await place.room.people.provide(COMMAND_LINE, "anna", "", [Role.ANALYST])
        for level in (None, "loa2", ["loa3"]):
            service.claims = {"acr": level}
            with pytest.raises(CeremonyRefused):
                await log_in(sign_on, service)
        service.claims = {"acr": "loa3"}
        await log_in(sign_on, service)


@pytest.mark.parametrize(
    "describes",
    [
        {"issuer": "https://other.example"},
        {"token_endpoint": "http://other.example/token"},
        {"authorization_endpoint": "javascript:alert(1)"},
        {"jwks_uri": None},
        {"jwks_uri": 7},
    ],
    ids=str,
)
async def test_a_service_that_describes_itself_wrongly_is_not_used(opened: Opened, describes: dict[str, Any]) -> None:
    async with opened() as (_, sign_on, service):
        service.describes = describes
        with pytest.raises(SignOnUnreachable):
            await sign_on.begin(new_token(chance))
        service.describes = {}
        service.status = 503
        with pytest.raises(SignOnUnreachable):
            await sign_on.begin(new_token(chance))
        service.status = 200
        await sign_on.begin(new_token(chance))


async def test_a_service_that_is_away_is_named_so(opened: Opened) -> None:
    async with opened() as (_, sign_on, service):
        await service.server.close()
        with pytest.raises(SignOnUnreachable):
            await sign_on.begin(new_token(chance))


async def test_a_service_that_is_slow_is_not_waited_for(opened: Opened) -> None:
    async with opened(patience=0.05) as (_, sign_on, service):
        service.delay = 0.5
        with pytest.raises(SignOnUnreachable):
            await sign_on.begin(new_token(chance))
        service.delay = 0
        browser = new_token(chance)
        answer = service.log_in(await sign_on.begin(browser))
        service.delay = 0.5
        with pytest.raises(SignOnUnreachable):
            await sign_on.finish(browser, answer)


async def test_a_service_that_never_stops_talking_is_not_listened_to(opened: Opened) -> None:
    async with opened() as (_, sign_on, service):
        service.describes = {"more": "x" * 1_100_000}
        with pytest.raises(SignOnUnreachable):
            await sign_on.begin(new_token(chance))


async def test_a_service_is_never_reached_in_the_clear(path: Path) -> None:
    settings = SignOnSettings("http://login.example", CLIENT_ID, REDIRECT, CLIENT_SECRET)
    assert CLIENT_SECRET not in repr(settings)
    with pytest.raises(ValueError, match="https"):
        async with open_place(path, sign_on=settings):
            pass
