"""A demonstration of the analyst's place: made-up responses of a year, released by quarter, and somebody to log in as.

All of it stands in a folder of its own, `var/demo`, with keys of its own, so that made-up responses never meet others.
Every table says that it is synthetic. It is for this machine alone.
"""

from __future__ import annotations

import asyncio
import os
import secrets
import sys
import time
from dataclasses import dataclass
from typing import Final

import pyotp
import typer

from analyst.accounts.account import Account
from analyst.accounts.assembly import AccountsRoom, open_accounts
from analyst.accounts.clock import now
from analyst.accounts.passkeys import RelyingParty
from analyst.accounts.permissions import COMMAND_LINE, Role
from analyst.launch import main as serve
from analyst.settings import PROJECT, AnalystSettings
from bot.settings import BotSettings
from fyren.trial_store import prepare
from intake_store.commands.demo_data import make_demo_data
from intake_store.commands.releases import release_tables
from intake_store.commands.responses import load
from intake_store.periods import Quarter
from intake_store.settings import IntakeSettings
from intake_store.statistics.releases import ReleaseFolder
from intake_store.submission.iso_weeks import IsoWeek

RESPONSES: Final = 4000
QUARTERS: Final = 4
NAME: Final = "demo"

_KEPT: Final = ("FYREN_ANALYST_PORT", "FYREN_ANALYST_LANGUAGE")
_NOTE: Final = "Made-up responses, for a demonstration."


@dataclass(frozen=True, slots=True)
class DemoLogin:
    """Somebody who may do everything: the codes let in once each, in place of an app's."""

    name: str
    password: str
    codes: tuple[str, ...]


def demonstrate() -> int:
    """Make what is missing, tell how to log in, and serve until told to end; returns an exit code."""
    stand_apart()
    began = time.monotonic()
    if fill():
        typer.echo(f"Made and released ({time.monotonic() - began:.0f} s).")
    settings = AnalystSettings()
    login = asyncio.run(make_login(settings))
    typer.echo(
        f"\n  The analyst's place is at {settings.origin}   (Ctrl-C stops it)\n\n"
        f"  Name       {login.name}\n  Password   {login.password}\n"
        f"  Code       any of these, each once:\n             " + "\n             ".join(login.codes) + "\n"
    )
    return serve()


def stand_apart() -> None:
    """Point every setting at the demonstration's folder, whatever the environment says of other stores."""
    for name in [name for name in os.environ if name.startswith("FYREN_") and name not in _KEPT]:
        del os.environ[name]
    os.environ["FYREN_VAR"] = str(PROJECT / "var" / "demo")


def fill(responses: int = RESPONSES) -> bool:
    """Make keys, responses and releases where they are missing; returns whether anything was released.

    Quarters that have ended since the last time get responses of their own, and are released.
    """
    intake = IntakeSettings()
    current = Quarter.of(IsoWeek.of(now().date()))
    wanted = [current.before(number) for number in range(QUARTERS, 0, -1)]
    folder = ReleaseFolder(intake.releases)
    missing = [quarter for quarter in wanted if not folder.of_period(quarter)]
    if not missing:
        return False
    prepare(BotSettings(), intake)
    typer.echo(f"Making {responses} made-up responses from {missing[0]} to {missing[-1]} …")
    make_demo_data(responses=responses, seed=1, period=f"{missing[0]}..{missing[-1]}", database=None)
    load(database=None, warehouse=None, private=None, processes=1)
    for quarter in missing:
        release_tables(period=str(quarter), note=_NOTE, revise="", warehouse=None)
    return True


async def make_login(settings: AnalystSettings) -> DemoLogin:
    """Set up the demonstration's account anew: a password and codes for this time only."""
    party = RelyingParty(settings.public_host, "Fyren", settings.origin)
    async with open_accounts(settings.accounts, party, key=settings.accounts_key, create=True) as room:
        invitation = await _invitation(room)
        password = secrets.token_urlsafe(12)
        token = await room.login.accept_invitation(invitation, password)
        offer = await room.second_factors.offer(token)
        enrolled = await room.second_factors.enrol(token, pyotp.TOTP(offer.secret).at(now()))
        await room.sessions.log_out(enrolled.token)
        return DemoLogin(NAME, password, enrolled.recovery_codes)


async def _invitation(room: AccountsRoom) -> str:
    accounts: tuple[Account, ...] = await room.people.all(COMMAND_LINE)
    if any(account.name == NAME for account in accounts):
        return (await room.people.reset(COMMAND_LINE, NAME)).code
    return (await room.people.invite(COMMAND_LINE, NAME, "Demonstration", frozenset(Role))).code


if __name__ == "__main__":
    sys.exit(demonstrate())
