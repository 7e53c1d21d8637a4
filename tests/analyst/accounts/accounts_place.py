"""A room of accounts with a clock that tests turn, cheap hashes that are counted, and people who are set up."""

from __future__ import annotations

import contextlib
import datetime
from collections.abc import AsyncIterator
from dataclasses import dataclass, field
from pathlib import Path

import pyotp

from analyst.accounts.account import Account
from analyst.accounts.assembly import AccountsRoom, open_accounts
from analyst.accounts.audit import AuditEvent
from analyst.accounts.passkeys import RelyingParty
from analyst.accounts.passwords import Argon2Cost, Argon2Hashing
from analyst.accounts.permissions import COMMAND_LINE, Role
from analyst.accounts.sessions import Session, SessionToken

PASSWORD = "four plain words here"
ADDRESS = "192.0.2.7"
PARTY = RelyingParty(id="analyst.example", name="Fyren", origin="https://analyst.example")
CHEAP = Argon2Cost(passes=1, memory_kib=64, lanes=1)


class TurnedClock:
    """Stands still until a test turns it."""

    def __init__(self) -> None:
        self.time = datetime.datetime(2026, 11, 24, 12, 0, tzinfo=datetime.UTC)

    def __call__(self) -> datetime.datetime:
        return self.time

    def turn(self, seconds: float) -> None:
        self.time += datetime.timedelta(seconds=seconds)


class CountingHashing(Argon2Hashing):
    """Counts how often the slow work is done."""

    def __init__(self, cost: Argon2Cost = CHEAP) -> None:
        super().__init__(cost)
        self.made = 0
        self.compared = 0

    def hash(self, password: str) -> str:
        self.made += 1
        return super().hash(password)

    def fits(self, stored: str, password: str) -> bool:
        self.compared += 1
        return super().fits(stored, password)


@dataclass
class Person:
    """Somebody with an account that is set up, and the app on their telephone."""

    name: str
    secret: str
    recovery_codes: tuple[str, ...]
    token: SessionToken
    clock: TurnedClock = field(repr=False)

    def code(self, steps: int = 0) -> str:
        return pyotp.TOTP(self.secret).generate_otp(int(self.clock().timestamp()) // 30 + steps)


@dataclass
class Place:
    """The room, and what tests turn and count."""

    room: AccountsRoom
    clock: TurnedClock
    hashing: CountingHashing
    path: Path

    async def person(self, name: str = "anna", *roles: Role) -> Person:
        invitation = await self.room.people.invite(COMMAND_LINE, name, "", roles or (Role.ANALYST,))
        token = await self.room.login.accept_invitation(invitation.code, PASSWORD)
        offer = await self.room.second_factors.offer(token)
        code = pyotp.TOTP(offer.secret).at(self.clock())
        enrolled = await self.room.second_factors.enrol(token, code)
        return Person(name, offer.secret, enrolled.recovery_codes, enrolled.token, self.clock)

    async def log_in(self, person: Person) -> SessionToken:
        """Log in with password and the next code."""
        self.clock.turn(31)
        token = await self.room.login.with_password(person.name, PASSWORD, ADDRESS)
        return await self.room.login.confirm(token, person.code(), ADDRESS)

    async def session(self, token: str) -> Session:
        session = await self.room.sessions.find(token)
        assert session is not None
        return session

    async def account(self, name: str) -> Account:
        return await self.room.people.find(COMMAND_LINE, name)

    async def events(self) -> list[tuple[str, AuditEvent, str]]:
        return [(record.actor, record.event, record.subject) async for record in self.room.audit.all()]


@contextlib.asynccontextmanager
async def open_place(path: Path, **more: object) -> AsyncIterator[Place]:
    clock, hashing = TurnedClock(), CountingHashing()
    async with open_accounts(path, PARTY, create=True, hashing=hashing, clock=clock, **more) as room:  # type: ignore[arg-type]
        yield Place(room, clock, hashing, path)
