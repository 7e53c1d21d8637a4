"""An agency's own login, by OpenID Connect: authorization code with PKCE, state and nonce.

The protocol is OpenID Connect Core 1.0 and Discovery 1.0, RFC 7636 (PKCE), RFC 9207 (the issuer in the answer).
"""

from __future__ import annotations

import base64
import contextlib
import hmac
import json
import math
import urllib.parse
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

import aiohttp
from authlib.oauth2.auth import ClientAuth  # type: ignore[import-untyped]
from authlib.oauth2.rfc6749.parameters import (  # type: ignore[import-untyped]
    prepare_grant_uri,
    prepare_token_request,
)
from authlib.oauth2.rfc7636 import create_s256_code_challenge  # type: ignore[import-untyped]
from authlib.oidc.core import CodeIDToken  # type: ignore[import-untyped]
from joserfc import jwt
from joserfc.errors import InvalidKeyIdError, JoseError
from joserfc.jwk import Key, KeySet
from sqlalchemy import delete, insert, update
from sqlalchemy.ext.asyncio import AsyncConnection

from analyst.accounts.account import (
    Account,
    AccountSource,
    AccountState,
    clean_display_name,
    clean_name,
    find_secrets,
    find_signed_on,
    secrets_of,
)
from analyst.accounts.audit import UNKNOWN, AuditEvent, AuditLog
from analyst.accounts.ceremonies import Ceremonies
from analyst.accounts.clock import Chance, Clock, seconds
from analyst.accounts.database import AccountsDatabase
from analyst.accounts.errors import AccountRefused, CeremonyRefused, LoginRefused
from analyst.accounts.lockout import Attempt, Lockout
from analyst.accounts.permissions import Role
from analyst.accounts.sessions import Method, Sessions, SessionToken, Stage
from analyst.accounts.tables import AccountRow, ApiTokenRow

_CEREMONY_SECONDS: Final = 10 * 60
_KEPT_SECONDS: Final = 3600
"""How long the service's description and keys are kept."""

_KEYS_AGAIN_SECONDS: Final = 60
"""How soon keys are fetched again when a token names one that is not there."""

_LEEWAY_SECONDS: Final = 60
_LONGEST_ANSWER: Final = 1024 * 1024
"""Bytes; keys and tokens are much shorter."""

_ALGORITHMS: Final = ("RS256", "PS256", "ES256", "EdDSA", "Ed25519")
"""Only signatures with a key pair: never `none`, never with a shared secret."""

_REFUSED: Final = "The login service's answer was not accepted. Try again; if it goes on, ask an administrator."
_NOT_ANEW: Final = "The login service did not ask you anew, so nothing was confirmed. Ask an administrator."
_NO_ACCESS: Final = "You are known to the login service, but have no access here. Ask an administrator."


class SignOnUnreachable(CeremonyRefused):
    """The login service cannot be reached, or does not describe itself as it should."""


@dataclass(frozen=True, slots=True)
class SignOnSettings:
    """What the agency's login service is told and trusted for.

    With `roles`, a claim decides what an account may do, at every login; without it, what an administrator gave. With
    `create`, whoever the claim gives a role gets an account; else only accounts that an administrator provided.
    """

    issuer: str
    client_id: str
    redirect_uri: str
    client_secret: str | None = field(default=None, repr=False)
    scopes: str = "openid profile"
    name_claim: str = "preferred_username"
    display_name_claim: str = "name"
    roles_claim: str = "groups"
    roles: Mapping[str, Role] = field(default_factory=dict)
    create: bool = False
    required_acr: frozenset[str] = frozenset()
    """If any, the levels of assurance (`acr`) of which a login must have one."""

    patience: float = 10.0
    """Seconds that the service may take for one answer."""


@dataclass(frozen=True, slots=True)
class SignedOn:
    """Somebody came back from the login service: the session's token, and the page that was asked for before."""

    token: SessionToken = field(repr=False)
    next_page: str


@dataclass(frozen=True, slots=True)
class _Ceremony:
    state: str
    nonce: str
    verifier: str
    begun: int
    next_page: str


@dataclass(frozen=True, slots=True)
class _Service:
    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    end_session_endpoint: str | None
    auth_method: str
    names_itself: bool
    keys: KeySet
    fetched: int


class SingleSignOn:
    """Sends a browser to the login service and makes a session of what it comes back with."""

    def __init__(
        self,
        database: AccountsDatabase,
        audit: AuditLog,
        sessions: Sessions,
        lockout: Lockout,
        settings: SignOnSettings,
        http: aiohttp.ClientSession,
        clock: Clock,
        chance: Chance,
    ) -> None:
        for address in (settings.issuer, settings.redirect_uri):
            need_secure(address)
        self._database = database
        self._audit = audit
        self._sessions = sessions
        self._lockout = lockout
        self._settings = settings
        self._http = http
        self._clock = clock
        self._chance = chance
        # Apart, so that strangers who begin many logins push out nobody who is logged in.
        self._logins: Ceremonies[_Ceremony] = Ceremonies(_CEREMONY_SECONDS, lambda: seconds(clock))
        self._step_ups: Ceremonies[_Ceremony] = Ceremonies(_CEREMONY_SECONDS, lambda: seconds(clock))
        self._known: _Service | None = None

    async def begin(self, browser_token: str, next_page: str = "/") -> str:
        """Return the address to send a browser without a session to; raises `SignOnUnreachable`."""
        return await self._begin(browser_token, next_page, step_up=False)

    async def begin_step_up(self, token: str, next_page: str = "/") -> str:
        """Return the address at which the owner of a session logs in once more; raises `SessionEnded`."""
        async with self._database.reading() as connection:
            await self._sessions.need(connection, token, (Stage.COMPLETE,))
        return await self._begin(token, next_page, step_up=True)

    async def finish(self, browser_token: str, query: Mapping[str, str], address: str | None = None) -> SignedOn:
        """Begin a session after the browser came back with `query`.

        Raises `CeremonyRefused` if the answer does not belong to what this browser began or does not verify,
        `LoginRefused` if the person has no access here, `LockedOut` after too many attempts from one address.
        """
        self._lockout.begin(Attempt.SIGN_ON, None, address)
        ceremony = self._logins.finish(browser_token)
        try:
            claims = await self._claims(ceremony, query)
        except SignOnUnreachable:
            # That the service is away is nobody's attempt.
            self._lockout.succeeded(Attempt.SIGN_ON, None, address)
            raise
        except CeremonyRefused:
            await self._audit.record(UNKNOWN, AuditEvent.LOGIN_FAILED, Method.SINGLE_SIGN_ON.value)
            raise
        token: SessionToken | None = None
        async with self._database.writing() as connection:
            account = await self._account(connection, claims)
            if account is not None:
                strong_at = self._logged_in_at(claims)
                token = await self._sessions.begin(
                    connection, account, Stage.COMPLETE, Method.SINGLE_SIGN_ON, strong_at=strong_at
                )
                event, who = AuditEvent.LOGIN_SUCCEEDED, account.name
            else:
                event, who = AuditEvent.LOGIN_FAILED, UNKNOWN
            await self._audit.append(connection, who, event, Method.SINGLE_SIGN_ON.value)
        if token is None:
            raise LoginRefused(_NO_ACCESS)
        self._lockout.succeeded(Attempt.SIGN_ON, None, address)
        return SignedOn(token, ceremony.next_page)

    async def finish_step_up(self, token: str, query: Mapping[str, str]) -> SignedOn:
        """Renew the step-up of a session whose owner just logged in once more; returns the new token.

        Raises `CeremonyRefused` also if somebody else logged in, or the service did not ask anew.
        """
        ceremony = self._step_ups.finish(token)
        try:
            claims = await self._claims(ceremony, query)
        except SignOnUnreachable:
            raise
        except CeremonyRefused:
            await self._note_refused_step_up(token)
            raise
        renewed: SessionToken | None = None
        async with self._database.writing() as connection:
            session = await self._sessions.need(connection, token, (Stage.COMPLETE,))
            owner = await find_signed_on(connection, self._settings.issuer, claims["sub"])
            logged_in = self._logged_in_at(claims)
            is_owner = owner is not None and owner.id == session.account.id
            asked_anew = logged_in is not None and logged_in >= ceremony.begun - _LEEWAY_SECONDS
            if is_owner and asked_anew:
                renewed = await self._sessions.renew(connection, session, token)
                event = AuditEvent.SECOND_FACTOR_SUCCEEDED
                await self._audit.append(connection, session.account.name, event, Method.SINGLE_SIGN_ON.value)
        if renewed is None:
            await self._note_refused_step_up(token)
            raise CeremonyRefused(_NOT_ANEW if is_owner else _REFUSED)
        return SignedOn(renewed, ceremony.next_page)

    async def log_out_address(self) -> str | None:
        """Return where a browser ends its login at the service too, or None if the service has no such address.

        It names this site only, so the service asks the person first. Raises `SignOnUnreachable`.
        """
        endpoint = (await self._service()).end_session_endpoint
        if endpoint is None:
            return None
        parts = urllib.parse.urlsplit(endpoint)
        named = urllib.parse.urlencode({"client_id": self._settings.client_id})
        return urllib.parse.urlunsplit(parts._replace(query="&".join(filter(None, (parts.query, named)))))

    async def _note_refused_step_up(self, token: str) -> None:
        async with self._database.writing() as connection:
            session = await self._sessions.need(connection, token, (Stage.COMPLETE,))
            event = AuditEvent.SECOND_FACTOR_FAILED
            await self._audit.append(connection, session.account.name, event, Method.SINGLE_SIGN_ON.value)

    # -- the protocol -------------------------------------------------------------------------------------------------

    async def _begin(self, token: str, next_page: str, *, step_up: bool) -> str:
        service = await self._service()
        ceremony = _Ceremony(self._random(), self._random(), self._random(), seconds(self._clock), next_page)
        more = {"prompt": "login", "max_age": "0"} if step_up else {}
        if self._settings.required_acr:
            more["acr_values"] = " ".join(sorted(self._settings.required_acr))
        (self._step_ups if step_up else self._logins).begin(token, ceremony)
        address: str = prepare_grant_uri(
            service.authorization_endpoint,
            client_id=self._settings.client_id,
            response_type="code",
            redirect_uri=self._settings.redirect_uri,
            scope=self._settings.scopes,
            state=ceremony.state,
            nonce=ceremony.nonce,
            code_challenge=create_s256_code_challenge(ceremony.verifier),
            code_challenge_method="S256",
            **more,
        )
        return address

    async def _claims(self, ceremony: _Ceremony, query: Mapping[str, str]) -> dict[str, Any]:
        state = query.get("state", "").encode("utf-8", "replace")
        if not hmac.compare_digest(state, ceremony.state.encode()):
            raise CeremonyRefused(_REFUSED)
        service = await self._service()
        issuer = query.get("iss")
        if issuer != self._settings.issuer and (issuer is not None or service.names_itself):
            raise CeremonyRefused(_REFUSED)
        if "error" in query or not query.get("code"):
            raise CeremonyRefused("The login service did not log you in. Try again.")
        answer = await self._exchange(service, query["code"], ceremony.verifier)
        id_token = answer.get("id_token")
        if not isinstance(id_token, str):
            raise CeremonyRefused(_REFUSED)
        return await self._verified(service, id_token, ceremony.nonce, answer.get("access_token"))

    async def _exchange(self, service: _Service, code: str, verifier: str) -> dict[str, Any]:
        settings = self._settings
        body = prepare_token_request(
            "authorization_code", redirect_uri=settings.redirect_uri, code=code, code_verifier=verifier
        )
        client = ClientAuth(settings.client_id, settings.client_secret, service.auth_method)
        headers = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}
        address, headers, body = client.prepare("POST", service.token_endpoint, headers, body)
        return await self._fetch("POST", address, headers=headers, body=body)

    async def _verified(self, service: _Service, id_token: str, nonce: str, access_token: object) -> dict[str, Any]:
        try:
            try:
                token = jwt.decode(id_token, service.keys, algorithms=_ALGORITHMS)
            except (InvalidKeyIdError, ValueError):
                # The service has changed its keys since they were fetched.
                if seconds(self._clock) - service.fetched < _KEYS_AGAIN_SECONDS:
                    raise
                token = jwt.decode(id_token, (await self._service(anew=True)).keys, algorithms=_ALGORITHMS)
            claims = CodeIDToken(
                token.claims,
                token.header,
                options={
                    "iss": {"essential": True, "value": self._settings.issuer},
                    "aud": {"essential": True, "value": self._settings.client_id},
                    "sub": {"essential": True},
                    "exp": {"essential": True},
                    "nonce": {"essential": True, "value": nonce},
                },
                params={"nonce": nonce, "client_id": self._settings.client_id, "access_token": access_token},
            )
            claims.validate(now=seconds(self._clock), leeway=_LEEWAY_SECONDS)
        # A token comes from elsewhere: whatever in it is not as it should be, it proves nothing.
        except (JoseError, ValueError, TypeError, LookupError, AttributeError) as error:
            raise CeremonyRefused(_REFUSED) from error
        found = dict(claims)
        subject = found["sub"]
        if not isinstance(subject, str) or not 1 <= len(subject) <= 255 or not subject.isprintable():
            raise CeremonyRefused(_REFUSED)
        level = found.get("acr")
        if self._settings.required_acr and not (isinstance(level, str) and level in self._settings.required_acr):
            raise CeremonyRefused("The login was not strong enough. Log in with the second factor of your agency.")
        return found

    async def _service(self, *, anew: bool = False) -> _Service:
        known = self._known
        if known is not None and not anew and seconds(self._clock) - known.fetched < _KEPT_SECONDS:
            return known
        issuer = self._settings.issuer
        found = await self._fetch("GET", f"{issuer.rstrip('/')}/.well-known/openid-configuration")
        if found.get("issuer") != issuer:
            raise SignOnUnreachable(f"The login service calls itself another name than {issuer}. Check the setting.")
        try:
            endpoints = {
                name: need_secure(found[name]) for name in ("authorization_endpoint", "token_endpoint", "jwks_uri")
            }
            end_session = (
                None if found.get("end_session_endpoint") is None else need_secure(found["end_session_endpoint"])
            )
            methods = found.get("token_endpoint_auth_methods_supported") or ["client_secret_basic"]
            keys = _signing_keys(await self._fetch("GET", endpoints["jwks_uri"]))
        except (JoseError, ValueError, TypeError, LookupError, AttributeError) as error:
            raise SignOnUnreachable("The login service does not describe itself as it should.") from error
        basic = "client_secret_basic" if "client_secret_basic" in methods else "client_secret_post"
        self._known = _Service(
            **endpoints,
            end_session_endpoint=end_session,
            auth_method="none" if self._settings.client_secret is None else basic,
            names_itself=found.get("authorization_response_iss_parameter_supported") is True,
            keys=keys,
            fetched=seconds(self._clock),
        )
        return self._known

    async def _fetch(
        self, method: str, address: str, *, headers: Mapping[str, str] | None = None, body: str | None = None
    ) -> dict[str, Any]:
        try:
            async with self._http.request(
                method,
                address,
                headers=headers,
                data=body,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=self._settings.patience),
            ) as response:
                text = await _read(response)
                status = response.status
            content = json.loads(text)
        except (aiohttp.ClientError, TimeoutError, ValueError) as error:
            raise SignOnUnreachable("The login service cannot be reached. Try again later.") from error
        if method == "POST" and status in (400, 401, 403) and isinstance(content, dict):
            if content.get("error") in ("invalid_client", "unauthorized_client"):
                raise SignOnUnreachable(
                    "The login service does not accept this site's name or secret. Ask an administrator."
                )
            # A code that was spent, or is too old, or another's.
            raise CeremonyRefused(_REFUSED)
        if status != 200 or not isinstance(content, dict):
            raise SignOnUnreachable("The login service did not answer as it should. Try again later.")
        return content

    def _random(self) -> str:
        return base64.urlsafe_b64encode(self._chance(32)).rstrip(b"=").decode()

    # -- whose account it is ------------------------------------------------------------------------------------------

    def _logged_in_at(self, claims: Mapping[str, Any]) -> int | None:
        """Return when the service saw the person log in; never later than now, None if it does not say."""
        at = claims.get("auth_time")
        return min(int(at), seconds(self._clock)) if isinstance(at, int | float) and math.isfinite(at) else None

    async def _account(self, connection: AsyncConnection, claims: Mapping[str, Any]) -> Account | None:
        """Return the account of whoever logged in, tied or made if the settings say so, or None for no access."""
        roles = self._roles(claims)
        account = await find_signed_on(connection, self._settings.issuer, claims["sub"])
        if account is None:
            account = await self._tied(connection, claims, roles)
        if account is None or account.state is not AccountState.ACTIVE:
            return None
        if roles is None:
            return account
        if not roles:
            # Who lost the last role there has no access here, and no program of theirs.
            await self._sessions.end_all(connection, account.id)
            await connection.execute(delete(ApiTokenRow).where(ApiTokenRow.account_id == account.id))
            return None
        if roles != account.roles:
            await connection.execute(update(AccountRow).where(AccountRow.id == account.id).values(roles=roles))
            await self._sessions.end_all(connection, account.id)
            await connection.execute(delete(ApiTokenRow).where(ApiTokenRow.account_id == account.id))
            subject = f"{account.name}: {', '.join(sorted(roles))}"
            await self._audit.append(connection, "login service", AuditEvent.ROLES_CHANGED, subject)
            account = (await secrets_of(connection, account.id)).account
        return account

    def _roles(self, claims: Mapping[str, Any]) -> frozenset[Role] | None:
        """Return the roles that a claim gives, or None if claims do not decide that."""
        if not self._settings.roles:
            return None
        named = claims.get(self._settings.roles_claim)
        names = [named] if isinstance(named, str) else named if isinstance(named, list) else []
        return frozenset(
            self._settings.roles[name] for name in names if isinstance(name, str) and name in self._settings.roles
        )

    async def _tied(
        self, connection: AsyncConnection, claims: Mapping[str, Any], roles: frozenset[Role] | None
    ) -> Account | None:
        """Tie the person to the account provided under their name, or make one; None if neither may be."""
        try:
            name = clean_name(str(claims.get(self._settings.name_claim, "")))
            display_name = clean_display_name(str(claims.get(self._settings.display_name_claim, "")), name)
        except AccountRefused:
            return None
        tie = {"sign_on_issuer": self._settings.issuer, "sign_on_subject": claims["sub"]}
        found = await find_secrets(connection, name)
        if found is not None:
            provided = found.account
            # Never a local account, and never one that is tied: a name can be given to somebody else over there.
            if provided.source is not AccountSource.SINGLE_SIGN_ON or provided.state is not AccountState.INVITED:
                return None
            account_id = provided.id
            values = {"state": AccountState.ACTIVE.value, **tie}
            await connection.execute(update(AccountRow).where(AccountRow.id == account_id).values(**values))
            await self._audit.append(connection, "login service", AuditEvent.INVITATION_ACCEPTED, name)
        elif self._settings.create and roles:
            account_id = uuid.UUID(bytes=self._chance(16), version=4)
            await connection.execute(
                insert(AccountRow).values(
                    id=account_id,
                    name=name,
                    display_name=display_name,
                    roles=roles,
                    state=AccountState.ACTIVE.value,
                    source=AccountSource.SINGLE_SIGN_ON.value,
                    **tie,
                )
            )
            subject = f"{name}: {', '.join(sorted(roles))}"
            await self._audit.append(connection, "login service", AuditEvent.ACCOUNT_CREATED, subject)
        else:
            return None
        return (await secrets_of(connection, account_id)).account


def _signing_keys(published: Mapping[str, Any]) -> KeySet:
    """Return the keys that can sign; raises `ValueError` if there is none.

    Keys for something else, or of a kind that is not known here, are passed over (RFC 7517, section 5).
    """
    keys: list[Key] = []
    for entry in published["keys"]:
        if isinstance(entry, dict) and entry.get("use", "sig") == "sig":
            with contextlib.suppress(JoseError, ValueError, TypeError, LookupError):
                keys += KeySet.import_key_set({"keys": [entry]}).keys
    if not keys:
        raise ValueError("there is no key that signs")
    return KeySet(keys)


async def _read(response: aiohttp.ClientResponse) -> bytes:
    """Return a body; raises `ValueError` if it is longer than anything that a login service says."""
    content = b""
    async for chunk in response.content.iter_chunked(65536):
        content += chunk
        if len(content) > _LONGEST_ANSWER:
            raise ValueError("the answer is too long")
    return content


def need_secure(address: object) -> str:
    """Return an address that nobody can listen to on the way; raises `ValueError`."""
    if not isinstance(address, str):
        raise TypeError("an address is a text")
    parts = urllib.parse.urlsplit(address)
    if parts.scheme != "https" and not (parts.scheme == "http" and parts.hostname in ("127.0.0.1", "::1", "localhost")):
        raise ValueError(f"the login service must be reached by https, not at {address}")
    return address
