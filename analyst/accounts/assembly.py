"""Puts the accounts room together from its files and settings."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from analyst.accounts.accounts_key import AccountsKey
from analyst.accounts.api_tokens import ApiTokens
from analyst.accounts.audit import AuditLog
from analyst.accounts.clock import Chance, Clock, chance, now
from analyst.accounts.database import AccountsDatabase
from analyst.accounts.lockout import Lockout
from analyst.accounts.login import Login
from analyst.accounts.passkeys import Passkeys, RelyingParty
from analyst.accounts.passwords import Argon2Cost, Argon2Hashing, PasswordHashing, Passwords
from analyst.accounts.people import People
from analyst.accounts.second_factors import SecondFactors
from analyst.accounts.sessions import SessionLimits, Sessions
from analyst.accounts.sign_on import SignOnSettings, SingleSignOn

KEY_SUFFIX = ".key"
"""The key stands beside the database, under the database's name and this."""


@dataclass(frozen=True, slots=True)
class AccountsRoom:
    """Everything about accounts; `sign_on` is None where no login service is set up."""

    people: People
    login: Login
    sessions: Sessions
    second_factors: SecondFactors
    passkeys: Passkeys
    api_tokens: ApiTokens
    audit: AuditLog
    lockout: Lockout
    sign_on: SingleSignOn | None


@contextlib.asynccontextmanager
async def open_accounts(
    database: Path,
    party: RelyingParty,
    *,
    key: Path | None = None,
    create: bool = False,
    sign_on: SignOnSettings | None = None,
    limits: SessionLimits | None = None,
    hashing: PasswordHashing | None = None,
    clock: Clock = now,
    chance: Chance = chance,
) -> AsyncIterator[AccountsRoom]:
    """Yield the accounts in the file `database`, with `create` also where there is none yet.

    Raises `DatabaseRefused` if database or key are missing, damaged or open to others.
    """
    key_file = key or database.with_name(database.name + KEY_SUFFIX)
    make_key = create and not any(await asyncio.to_thread(_are_there, database, key_file))
    made = await asyncio.to_thread(AccountsKey.create, key_file, chance) if make_key else None
    async with contextlib.AsyncExitStack() as stack:
        opened = await AccountsDatabase.open(database, create=create)
        stack.push_async_callback(opened.close)
        secret = made if made is not None else await asyncio.to_thread(AccountsKey.read, key_file, chance)
        passwords = await asyncio.to_thread(Passwords, hashing or Argon2Hashing(Argon2Cost()), chance)
        audit = AuditLog(opened, clock)
        lockout = Lockout(clock, chance)
        sessions = Sessions(opened, audit, clock, chance, limits)
        second_factors = SecondFactors(opened, audit, sessions, secret, clock, chance, issuer=party.name)
        service = None
        if sign_on is not None:
            http = await stack.enter_async_context(aiohttp.ClientSession(cookie_jar=aiohttp.DummyCookieJar()))
            service = SingleSignOn(opened, audit, sessions, lockout, sign_on, http, clock, chance)
        yield AccountsRoom(
            people=People(opened, audit, sessions, passwords, lockout, clock, chance),
            login=Login(opened, audit, sessions, passwords, second_factors, lockout, clock),
            sessions=sessions,
            second_factors=second_factors,
            passkeys=Passkeys(opened, audit, sessions, second_factors, lockout, party, clock, chance),
            api_tokens=ApiTokens(opened, audit, sessions, clock, chance),
            audit=audit,
            lockout=lockout,
            sign_on=service,
        )


def _are_there(*paths: Path) -> list[bool]:
    return [path.exists() for path in paths]
