"""Passkeys (WebAuthn): a login of their own, or a second factor; the person is always verified by the device."""

from __future__ import annotations

import datetime
import json
import uuid
from dataclasses import dataclass
from typing import Any, Final

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection
from webauthn import (
    generate_authentication_options,
    generate_registration_options,
    verify_authentication_response,
    verify_registration_response,
)
from webauthn.authentication.verify_authentication_response import VerifiedAuthentication
from webauthn.helpers import base64url_to_bytes
from webauthn.helpers.options_to_json_dict import options_to_json_dict
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from analyst.accounts.account import Account, AccountState, secrets_of
from analyst.accounts.audit import UNKNOWN, AuditEvent, AuditLog
from analyst.accounts.ceremonies import Ceremonies
from analyst.accounts.clock import Chance, Clock, seconds
from analyst.accounts.database import AccountsDatabase
from analyst.accounts.errors import AccountRefused, CeremonyRefused
from analyst.accounts.lockout import Attempt, Lockout
from analyst.accounts.second_factors import Enrolled, SecondFactors, need_step_up
from analyst.accounts.sessions import Method, Sessions, SessionToken, Stage
from analyst.accounts.tables import PasskeyRow

_CHALLENGE_BYTES: Final = 32
_CEREMONY_SECONDS: Final = 5 * 60
_MOST_PASSKEYS: Final = 20
_LONGEST_LABEL: Final = 64
_LONGEST_ANSWER: Final = 32_768
_LONGEST_CREDENTIAL_ID: Final = 1023
"""Bytes, from the WebAuthn recommendation."""

_REFUSED: Final = "The passkey was not accepted. Try again, or use another way to log in."


@dataclass(frozen=True, slots=True)
class RelyingParty:
    """Which site passkeys belong to: the domain, what people see as its name, and the whole origin."""

    id: str
    name: str
    origin: str


@dataclass(frozen=True, slots=True)
class Passkey:
    """A passkey as its owner sees it."""

    id: uuid.UUID
    label: str
    added_on: datetime.date


@dataclass(frozen=True, slots=True)
class _Registration:
    challenge: bytes


@dataclass(frozen=True, slots=True)
class _Confirmation:
    challenge: bytes


class Passkeys:
    """The ceremonies. Options are dictionaries for `navigator.credentials`, answers what it returned, as JSON text."""

    def __init__(
        self,
        database: AccountsDatabase,
        audit: AuditLog,
        sessions: Sessions,
        second_factors: SecondFactors,
        lockout: Lockout,
        party: RelyingParty,
        clock: Clock,
        chance: Chance,
    ) -> None:
        self._database = database
        self._audit = audit
        self._sessions = sessions
        self._second_factors = second_factors
        self._lockout = lockout
        self._party = party
        self._clock = clock
        self._chance = chance
        # Apart, so that strangers who begin many logins push out nobody who is logged in.
        self._logins: Ceremonies[bytes] = Ceremonies(_CEREMONY_SECONDS, lambda: seconds(clock))
        self._open: Ceremonies[_Registration | _Confirmation] = Ceremonies(_CEREMONY_SECONDS, lambda: seconds(clock))

    # -- adding and removing ------------------------------------------------------------------------------------------

    async def begin_registration(self, token: str) -> dict[str, Any]:
        """Return options for a new passkey; raises `SessionEnded`, `StepUpNeeded`, `AccountRefused` if there are 20."""
        async with self._database.reading() as connection:
            account = (await self._second_factors.may_enrol(connection, token)).account
            known = await self._credential_ids(connection, account)
        if len(known) >= _MOST_PASSKEYS:
            raise AccountRefused("The account has many passkeys. Remove one first.")
        challenge = self._chance(_CHALLENGE_BYTES)
        options = generate_registration_options(
            rp_id=self._party.id,
            rp_name=self._party.name,
            user_id=account.owner,
            user_name=account.name,
            user_display_name=account.display_name,
            challenge=challenge,
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                require_resident_key=True,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
            exclude_credentials=[PublicKeyCredentialDescriptor(id=credential) for credential in known],
        )
        self._open.begin(token, _Registration(challenge))
        return options_to_json_dict(options)

    async def finish_registration(self, token: str, label: str, answer: str) -> Enrolled:
        """Add the passkey that a browser made; for an invited account this completes the setting up.

        Raises `CeremonyRefused` if it was not begun by this session, took too long or does not verify.
        """
        ceremony = self._open.finish(token)
        if not isinstance(ceremony, _Registration):
            raise CeremonyRefused(_REFUSED)
        name = _clean_label(label)
        try:
            verified = verify_registration_response(
                credential=_read(answer),
                expected_challenge=ceremony.challenge,
                expected_rp_id=self._party.id,
                expected_origin=self._party.origin,
                require_user_verification=True,
            )
        # What a browser sends is taken apart by several libraries; whatever they stumble on, it is no passkey.
        except Exception as error:
            raise CeremonyRefused(_REFUSED) from error
        async with self._database.writing() as connection:
            session = await self._second_factors.may_enrol(connection, token)
            taken = select(PasskeyRow.id).where(PasskeyRow.credential_id == verified.credential_id)
            if (
                len(verified.credential_id) > _LONGEST_CREDENTIAL_ID
                or (await connection.execute(taken)).first() is not None
            ):
                raise CeremonyRefused(_REFUSED)
            await connection.execute(
                insert(PasskeyRow).values(
                    id=uuid.UUID(bytes=self._chance(16), version=4),
                    account_id=session.account.id,
                    credential_id=verified.credential_id,
                    public_key=verified.credential_public_key,
                    sign_count=verified.sign_count,
                    label=name,
                    added_on=self._clock().astimezone(datetime.UTC).date().isoformat(),
                )
            )
            return await self._second_factors.complete(connection, session, token, AuditEvent.PASSKEY_ADDED, name)

    async def of(self, account: Account) -> tuple[Passkey, ...]:
        """Return the passkeys of an account, the oldest first."""
        query = (
            select(PasskeyRow.id, PasskeyRow.label, PasskeyRow.added_on)
            .where(PasskeyRow.account_id == account.id)
            .order_by(PasskeyRow.added_on, PasskeyRow.label)
        )
        async with self._database.reading() as connection:
            rows = (await connection.execute(query)).all()
        return tuple(Passkey(row.id, row.label, datetime.date.fromisoformat(row.added_on)) for row in rows)

    async def remove(self, token: str, passkey_id: uuid.UUID) -> SessionToken:
        """Remove a passkey and return the session's new token; raises `AccountRefused` if it is the last factor."""
        async with self._database.writing() as connection:
            session = await self._sessions.need(connection, token, (Stage.COMPLETE,))
            need_step_up(session)
            account = session.account
            if not account.has_one_time_codes and account.passkeys < 2:
                raise AccountRefused("This is your only second factor. Add another one first.")
            removed = delete(PasskeyRow).where(PasskeyRow.id == passkey_id, PasskeyRow.account_id == account.id)
            label = (await connection.execute(removed.returning(PasskeyRow.label))).scalar_one_or_none()
            if label is None:
                raise AccountRefused("There is no such passkey.")
            await self._audit.append(connection, account.name, AuditEvent.PASSKEY_REMOVED, label)
            return await self._sessions.renew(connection, session, token)

    # -- logging in ---------------------------------------------------------------------------------------------------

    def begin_login(self, browser_token: str) -> dict[str, Any]:
        """Return options for a login without a name; they are the same for everybody.

        `browser_token` is what the browser without a session is recognised by.
        """
        challenge = self._chance(_CHALLENGE_BYTES)
        self._logins.begin(browser_token, challenge)
        return self._options(challenge, ())

    async def finish_login(self, browser_token: str, answer: str, address: str | None) -> SessionToken:
        """Begin a complete session for the owner of the passkey; raises `CeremonyRefused`, `LockedOut`."""
        self._lockout.begin(Attempt.PASSKEY, None, address)
        challenge = self._logins.finish(browser_token)
        token: SessionToken | None = None
        async with self._database.writing() as connection:
            row, verified = await self._verified(connection, challenge, answer)
            account = None if row is None else (await secrets_of(connection, row.account_id)).account
            if account is not None and verified is not None and account.state is AccountState.ACTIVE:
                token = await self._sessions.begin(
                    connection, account, Stage.COMPLETE, Method.PASSKEY, strong_at=seconds(self._clock)
                )
                await self._audit.append(connection, account.name, AuditEvent.LOGIN_SUCCEEDED, Method.PASSKEY.value)
            else:
                who = UNKNOWN if account is None else account.name
                await self._audit.append(connection, who, AuditEvent.LOGIN_FAILED, Method.PASSKEY.value)
        if token is None:
            raise CeremonyRefused(_REFUSED)
        self._lockout.succeeded(Attempt.PASSKEY, None, address)
        return token

    # -- as second factor ---------------------------------------------------------------------------------------------

    async def begin_confirmation(self, token: str) -> dict[str, Any]:
        """Return options for the second factor of a login, or for a step-up; raises `SessionEnded`."""
        async with self._database.reading() as connection:
            session = await self._sessions.need(connection, token, (Stage.SECOND_FACTOR, Stage.COMPLETE))
            known = await self._credential_ids(connection, session.account)
        challenge = self._chance(_CHALLENGE_BYTES)
        self._open.begin(token, _Confirmation(challenge))
        return self._options(challenge, known)

    async def finish_confirmation(self, token: str, answer: str) -> SessionToken:
        """Complete a login, or renew the step-up, with a passkey of the same account; returns the new token."""
        ceremony = self._open.finish(token)
        renewed: SessionToken | None = None
        async with self._database.writing() as connection:
            session = await self._sessions.need(connection, token, (Stage.SECOND_FACTOR, Stage.COMPLETE))
            account = session.account
            row, verified = None, None
            if isinstance(ceremony, _Confirmation):
                row, verified = await self._verified(connection, ceremony.challenge, answer, owner=account)
            if row is not None and verified is not None:
                renewed = await self._sessions.renew(connection, session, token)
                await self._audit.append(
                    connection, account.name, AuditEvent.SECOND_FACTOR_SUCCEEDED, f"{session.stage.value}, passkey"
                )
                if session.stage is Stage.SECOND_FACTOR:
                    await self._audit.append(connection, account.name, AuditEvent.LOGIN_SUCCEEDED, session.method.value)
            else:
                await self._sessions.failed(connection, session)
                await self._audit.append(
                    connection, account.name, AuditEvent.SECOND_FACTOR_FAILED, f"{session.stage.value}, passkey"
                )
        if renewed is None:
            raise CeremonyRefused(_REFUSED)
        return renewed

    def _options(self, challenge: bytes, known: tuple[bytes, ...]) -> dict[str, Any]:
        options = generate_authentication_options(
            rp_id=self._party.id,
            challenge=challenge,
            allow_credentials=[PublicKeyCredentialDescriptor(id=credential) for credential in known],
            user_verification=UserVerificationRequirement.REQUIRED,
        )
        return options_to_json_dict(options)

    async def _credential_ids(self, connection: AsyncConnection, account: Account) -> tuple[bytes, ...]:
        query = select(PasskeyRow.credential_id).where(PasskeyRow.account_id == account.id)
        return tuple((await connection.execute(query)).scalars())

    async def _verified(
        self, connection: AsyncConnection, challenge: bytes, answer: str, *, owner: Account | None = None
    ) -> tuple[Row[Any] | None, VerifiedAuthentication | None]:
        """Return the passkey an answer names, if there is one (of `owner`), and what verified, if it did."""
        try:
            content = _read(answer)
            credential_id = base64url_to_bytes(content["id"])
            handle = content["response"].get("userHandle")
            user = None if handle is None else base64url_to_bytes(handle)
        except (CeremonyRefused, LookupError, TypeError, ValueError, AttributeError):
            return None, None
        query = select(PasskeyRow.__table__).where(PasskeyRow.credential_id == credential_id)
        row = (await connection.execute(query)).one_or_none()
        if row is None or (owner is not None and row.account_id != owner.id):
            return None, None
        # Without a name at the login, the device has to say whose passkey it is, and say it right.
        if user != row.account_id.bytes and not (owner is not None and user is None):
            return row, None
        try:
            verified = verify_authentication_response(
                credential=content,
                expected_challenge=challenge,
                expected_rp_id=self._party.id,
                expected_origin=self._party.origin,
                credential_public_key=row.public_key,
                credential_current_sign_count=row.sign_count,
                require_user_verification=True,
            )
        # As at the registration: whatever the libraries stumble on, it is no proof.
        except Exception:
            return row, None
        await connection.execute(
            update(PasskeyRow).where(PasskeyRow.id == row.id).values(sign_count=verified.new_sign_count)
        )
        return row, verified


def _read(answer: str) -> dict[str, Any]:
    """Return the JSON object of a browser's answer; raises `CeremonyRefused`."""
    try:
        content = json.loads(answer) if len(answer) <= _LONGEST_ANSWER else None
    except (ValueError, RecursionError) as error:
        raise CeremonyRefused(_REFUSED) from error
    if not isinstance(content, dict):
        raise CeremonyRefused(_REFUSED)
    return content


def _clean_label(label: str) -> str:
    printable = "".join(letter for letter in label if letter.isprintable()).strip()
    return printable[:_LONGEST_LABEL] or "passkey"
