"""Second factors: codes from an authenticator app (TOTP, RFC 6238), and recovery codes for when it is lost."""

from __future__ import annotations

import hmac
import io
from dataclasses import dataclass, field
from typing import Final

import pyotp
import segno
from sqlalchemy import delete, func, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from analyst.accounts.account import Account, AccountSource, AccountState, secrets_of
from analyst.accounts.accounts_key import AccountsKey
from analyst.accounts.audit import AuditEvent, AuditLog
from analyst.accounts.ceremonies import Ceremonies
from analyst.accounts.clock import Chance, Clock, seconds
from analyst.accounts.codes import make_code, normalised
from analyst.accounts.database import AccountsDatabase
from analyst.accounts.errors import AccountRefused, CeremonyRefused, CodeRefused, StepUpNeeded
from analyst.accounts.sessions import Session, Sessions, SessionToken, Stage
from analyst.accounts.tables import AccountRow, RecoveryCodeRow

STEP_SECONDS: Final = 30
_DIGITS: Final = 6
_WINDOW: Final = (-1, 0, 1)
"""A clock may be a step off, and people type slowly."""

_SECRET_CHARACTERS: Final = 32
"""160 bits, as RFC 4226 recommends."""

_BASE32: Final = "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"

RECOVERY_CODES: Final = 10
_RECOVERY_CHARACTERS: Final = 16
"""80 bits."""


@dataclass(frozen=True, slots=True)
class TotpOffer:
    """A new one-time secret to put into an app: as text, and as an `otpauth` URI."""

    secret: str = field(repr=False)
    uri: str = field(repr=False)

    @property
    def qr_svg(self) -> str:
        """The URI as a QR code, an SVG element."""
        return _qr_svg(self.uri)


@dataclass(frozen=True, slots=True)
class Enrolled:
    """A second factor was added: the session's new token, and recovery codes to show once, if new ones were made."""

    token: SessionToken = field(repr=False)
    recovery_codes: tuple[str, ...] = field(repr=False)


class SecondFactors:
    """Enrols and checks one-time codes and recovery codes."""

    def __init__(
        self,
        database: AccountsDatabase,
        audit: AuditLog,
        sessions: Sessions,
        key: AccountsKey,
        clock: Clock,
        chance: Chance,
        *,
        issuer: str = "Fyren",
    ) -> None:
        self._database = database
        self._audit = audit
        self._sessions = sessions
        self._key = key
        self._clock = clock
        self._chance = chance
        self._issuer = issuer
        self._offers: Ceremonies[str] = Ceremonies(sessions.limits.enrolling, lambda: seconds(clock))

    # -- enrolling --------------------------------------------------------------------------------------------------

    async def offer(self, token: str) -> TotpOffer:
        """Return a secret for the session's account; it counts only once `enrol` was given a code from it.

        Asked again before that, it returns the same one, so that a page can be loaded anew. Raises `SessionEnded`, and
        `StepUpNeeded` if the account is set up already and its second factor was not just shown.
        """
        async with self._database.reading() as connection:
            session = await self.may_enrol(connection, token)
        try:
            secret = self._offers.peek(token)
        except CeremonyRefused:
            secret = "".join(_BASE32[byte & 31] for byte in self._chance(_SECRET_CHARACTERS))
            self._offers.begin(token, secret)
        uri = pyotp.TOTP(secret).provisioning_uri(name=session.account.name, issuer_name=self._issuer)
        return TotpOffer(secret, uri)

    async def enrol(self, token: str, code: str) -> Enrolled:
        """Take the offered secret into use after a first code from it; raises `CodeRefused` and as `offer` does.

        A wrong code leaves the offer open; the session ends after some.
        """
        secret = self._offers.peek(token)
        async with self._database.writing() as connection:
            session = await self.may_enrol(connection, token)
            step = _accepted_step(secret, code, seconds(self._clock), after=None)
            if step is None:
                await self._sessions.failed(connection, session)
            else:
                self._offers.finish(token)
                sealed = self._key.seal(secret.encode(), session.account.owner)
                await connection.execute(
                    update(AccountRow)
                    .where(AccountRow.id == session.account.id)
                    .values(totp_secret=sealed, totp_step=step)
                )
                enrolled = await self.complete(
                    connection, session, token, AuditEvent.SECOND_FACTOR_ENROLLED, "one-time codes"
                )
        if step is None:
            raise CodeRefused("The code does not fit. Check that the clock of the telephone is right, and try again.")
        return enrolled

    async def may_enrol(self, connection: AsyncConnection, token: str) -> Session:
        """Return the session if it may add a second factor; raises `SessionEnded` or `StepUpNeeded`."""
        session = await self._sessions.need(connection, token, (Stage.ENROLLING, Stage.COMPLETE))
        if session.stage is Stage.COMPLETE:
            need_step_up(session)
            _need_local(session)
        return session

    async def complete(
        self, connection: AsyncConnection, session: Session, token: str, event: AuditEvent, subject: str
    ) -> Enrolled:
        """Note a new second factor, take an invited account into use, and rotate the session."""
        account = session.account
        await self._audit.append(connection, account.name, event, subject)
        codes: tuple[str, ...] = ()
        if session.stage is Stage.ENROLLING:
            await connection.execute(
                update(AccountRow)
                .where(AccountRow.id == account.id)
                .values(state=AccountState.ACTIVE.value, enrol_until=None)
            )
            codes = await self._make_recovery_codes(connection, account)
            await self._audit.append(connection, account.name, AuditEvent.LOGIN_SUCCEEDED, session.method.value)
        return Enrolled(await self._sessions.renew(connection, session, token), codes)

    async def remove_one_time_codes(self, token: str) -> SessionToken:
        """Take one-time codes away from an account that has a passkey; raises `CodeRefused` if it has none."""
        async with self._database.writing() as connection:
            session = await self._sessions.need(connection, token, (Stage.COMPLETE,))
            need_step_up(session)
            if not session.account.passkeys:
                raise CodeRefused("One-time codes are your only second factor. Add a passkey first.")
            await connection.execute(
                update(AccountRow).where(AccountRow.id == session.account.id).values(totp_secret=None, totp_step=None)
            )
            await self._audit.append(
                connection, session.account.name, AuditEvent.SECOND_FACTOR_REMOVED, "one-time codes"
            )
            return await self._sessions.renew(connection, session, token)

    # -- recovery codes -----------------------------------------------------------------------------------------------

    async def new_recovery_codes(self, token: str) -> tuple[str, ...]:
        """Make new recovery codes, which are shown once; older ones are worth nothing from then on."""
        async with self._database.writing() as connection:
            session = await self._sessions.need(connection, token, (Stage.COMPLETE,))
            need_step_up(session)
            _need_local(session)
            return await self._make_recovery_codes(connection, session.account)

    async def recovery_codes_left(self, account: Account) -> int:
        """Return how many recovery codes have not been used."""
        query = select(func.count()).select_from(RecoveryCodeRow).where(RecoveryCodeRow.account_id == account.id)
        async with self._database.reading() as connection:
            return (await connection.execute(query)).scalar_one()

    async def _make_recovery_codes(self, connection: AsyncConnection, account: Account) -> tuple[str, ...]:
        codes = tuple(make_code(_RECOVERY_CHARACTERS, 4, self._chance) for _ in range(RECOVERY_CODES))
        await connection.execute(delete(RecoveryCodeRow).where(RecoveryCodeRow.account_id == account.id))
        rows = [{"account_id": account.id, "code_hash": self._recovery_hash(account, code)} for code in codes]
        await connection.execute(insert(RecoveryCodeRow), rows)
        await self._audit.append(connection, account.name, AuditEvent.RECOVERY_CODES_MADE)
        return codes

    def _recovery_hash(self, account: Account, code: str) -> bytes:
        return self._key.keyed_hash(account.owner + normalised(code).encode("utf-8", "replace"))

    # -- checking -----------------------------------------------------------------------------------------------------

    async def accept(self, connection: AsyncConnection, account: Account, code: str) -> AuditEvent | None:
        """Spend a one-time code or a recovery code; returns what was accepted, or None.

        A code is accepted once: a one-time code not again, nor one of an earlier time step, and a recovery code is
        deleted.
        """
        if _is_one_time_code(code):
            stored = await secrets_of(connection, account.id)
            if stored.totp_secret is None:
                return None
            secret = self._key.open(stored.totp_secret, account.owner).decode()
            step = _accepted_step(secret, code, seconds(self._clock), after=stored.totp_step)
            if step is None:
                return None
            await connection.execute(update(AccountRow).where(AccountRow.id == account.id).values(totp_step=step))
            return AuditEvent.SECOND_FACTOR_SUCCEEDED
        spent = await connection.execute(
            delete(RecoveryCodeRow).where(
                RecoveryCodeRow.account_id == account.id,
                RecoveryCodeRow.code_hash == self._recovery_hash(account, code),
            )
        )
        return AuditEvent.RECOVERY_CODE_USED if spent.rowcount == 1 else None


def need_step_up(session: Session) -> None:
    """Raise `StepUpNeeded` unless the second factor was shown within the last minutes."""
    if not session.stepped_up:
        raise StepUpNeeded("Confirm with your second factor first.")


def _need_local(session: Session) -> None:
    if session.account.source is not AccountSource.LOCAL:
        raise AccountRefused("This account logs in at the agency's login service, which has its second factors.")


def _is_one_time_code(code: str) -> bool:
    digits = code[:50].replace(" ", "")
    return len(digits) == _DIGITS and digits.isascii() and digits.isdecimal()


def _accepted_step(secret: str, code: str, now: int, *, after: int | None) -> int | None:
    """Return the time step a code belongs to, if it is near enough and later than the newest that was accepted."""
    if not _is_one_time_code(code):
        return None
    digits = code[:50].replace(" ", "").encode()
    totp = pyotp.TOTP(secret, digits=_DIGITS, interval=STEP_SECONDS)
    found = None
    # All are compared, so that the time taken tells nothing.
    for offset in _WINDOW:
        step = now // STEP_SECONDS + offset
        if hmac.compare_digest(totp.generate_otp(step).encode(), digits) and (after is None or step > after):
            found = step
    return found


def _qr_svg(uri: str) -> str:
    file = io.BytesIO()
    segno.make(uri, error="m").save(
        file, kind="svg", scale=4, border=4, xmldecl=False, svgns=True, dark="#000", light="#fff"
    )
    return file.getvalue().decode()
