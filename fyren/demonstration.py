"""A demonstration of the analyst's place: made-up responses, released by quarter and year, and somebody to log in as.

All of it stands in a folder of its own, `var/demo`, with keys of its own, so that made-up responses never meet others.
Every table says that it is synthetic. It is for this machine alone.

Whatever stops it, the next start goes on: a batch of responses is stored, a quarter put aside and a release written
wholly or not at all, and what is there is never made again.
"""

from __future__ import annotations

import asyncio
import contextlib
import errno
import fcntl
import importlib.metadata
import multiprocessing
import os
import secrets
import signal
import socket
import sys
import time
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pyotp
import typer

from analyst.accounts.account import Account
from analyst.accounts.assembly import AccountsRoom, open_accounts
from analyst.accounts.clock import now
from analyst.accounts.errors import AccountsError
from analyst.accounts.passkeys import RelyingParty
from analyst.accounts.permissions import COMMAND_LINE, Role
from analyst.launch import main as serve
from analyst.settings import PROJECT, AnalystSettings
from bot.settings import BotSettings
from fyren.trial_store import prepare
from intake_store.assembly import releasing
from intake_store.codebook import Codebook, load_codebooks
from intake_store.commands.key_rings import opened_key_ring
from intake_store.commands.prompts import newest
from intake_store.commands.warehouses import open_or_make_warehouse
from intake_store.periods import Period, Quarter, Year
from intake_store.settings import IntakeSettings
from intake_store.statistics.declarations import load_declarations
from intake_store.statistics.releases import ReleaseFolder
from intake_store.statistics.releasing import Occasion
from intake_store.statistics.service_figures import (
    DATASET,
    figures_of_table,
    figures_to_table,
    read_service_figures,
)
from intake_store.submission.errors import IntakeStoreError
from intake_store.submission.iso_weeks import IsoWeek
from intake_store.submission.sealing import PublicKey, Sealer
from intake_store.submission.store_secrets import StoreSecrets
from intake_store.synthetic import SyntheticStore, expected_responses, synthetic_service_figures
from intake_store.usage.reading import read_usage
from intake_store.warehouse.loading import load_responses
from intake_store.warehouse.opening import ResponseOpener
from intake_store.warehouse.warehouse import Warehouse
from intake_store.workers import end_with_parent

RESPONSES_A_WEEK: Final = 140.0
"""How many there are in a mean week at the start of 2025; enough for most tables of a year to be shown."""

FORM: Final = "fyren demonstration 2"
"""What the mark in the folder says; another number when what was made before cannot be gone on with."""

NAME: Final = "demo"

_SEED: Final = 1
_KEPT: Final = ("FYREN_ANALYST_PORT", "FYREN_ANALYST_LANGUAGE")
_NOTE: Final = "Made-up responses, for a demonstration."
_MARK, _LOCK = "made-by", "lock"
_LOCK_SECONDS: Final = 15.0


class DemonstrationError(Exception):
    """The demonstration cannot be shown; the message says what to do."""


@dataclass(frozen=True, slots=True)
class DemoLogin:
    """Somebody who may do everything: the codes let in once each, in place of an app's."""

    name: str
    password: str
    codes: tuple[str, ...]


def demonstrate() -> int:
    """Make what is missing, tell how to log in, and serve until told to end; returns an exit code."""
    stand_apart()
    folder = IntakeSettings().var
    try:
        settings = AnalystSettings()
        check_port(settings.host, settings.port)
        with alone_in(folder):
            began = time.monotonic()
            if fill(RESPONSES_A_WEEK):
                typer.echo(f"Everything is ready, after {time.monotonic() - began:.0f} seconds.")
            login = asyncio.run(make_login(settings))
            typer.echo(
                f"\n  The analyst's place is at {settings.origin}   (Ctrl-C stops it)\n\n"
                f"  Name       {login.name}\n  Password   {login.password}\n"
                f"  Code       any of these, each once:\n             " + "\n             ".join(login.codes) + "\n"
            )
            return serve()
    except DemonstrationError as error:
        typer.echo(str(error), err=True)
    except (IntakeStoreError, AccountsError) as error:
        typer.echo(
            f"{error}\nThis was about the demonstration, in which everything is made up. If it does not go away,"
            f" delete the folder {folder} and start again.",
            err=True,
        )
    except KeyboardInterrupt:
        typer.echo("\nStopped. The next start goes on from here.", err=True)
        return 130
    return 1


def stand_apart() -> None:
    """Point every setting at the demonstration's folder, whatever the environment says of other stores."""
    for name in [name for name in os.environ if name.startswith("FYREN_") and name not in _KEPT]:
        del os.environ[name]
    os.environ["FYREN_VAR"] = str(PROJECT / "var" / "demo")


def check_port(host: str, port: int) -> None:
    """Raise `DemonstrationError` if the port cannot be had, before anything is made that nobody would see."""
    with socket.socket(socket.AF_INET6 if ":" in host else socket.AF_INET) as tried:
        # As a server asks for it: a connection of a server that has just ended is no reason.
        tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            tried.bind((host, port))
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise DemonstrationError(f"Port {port} cannot be used: {error.strerror}.") from error
            raise DemonstrationError(
                f"Port {port} is taken by another program, perhaps by the analyst's place itself. Stop that one, or"
                f" choose another port: FYREN_ANALYST_PORT={port + 1} fyren analyst-demo"
            ) from error


@contextlib.contextmanager
def alone_in(folder: Path) -> Iterator[None]:
    """Hold the demonstration's folder, so that no other demonstration makes the same things or logs this one out.

    Raises `DemonstrationError` if another one is at work there, or if the folder is of an older version of Fyren.
    Processes that were started to make responses hold the folder too; they end with the one that started them.
    """
    folder.mkdir(mode=0o700, parents=True, exist_ok=True)
    mark, lock = folder / _MARK, folder / _LOCK
    strangers = [path for path in folder.iterdir() if path not in (mark, lock)]
    made_by = mark.read_text(encoding="utf-8").strip() if mark.exists() else ""
    if made_by != FORM and (strangers or made_by):
        raise DemonstrationError(
            f"The demonstration in {folder} was made by another version of Fyren. Everything in it is made up: delete"
            f" the folder, and start again."
        )
    with lock.open("w") as file:
        _wait_for(file.fileno(), folder)
        mark.write_text(f"{FORM}\n", encoding="utf-8")
        yield


def _wait_for(descriptor: int, folder: Path) -> None:
    last = time.monotonic() + _LOCK_SECONDS
    while True:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if time.monotonic() > last:
                raise DemonstrationError(
                    f"Another demonstration is running on {folder}. Stop it first, with Ctrl-C where it was started."
                ) from error
            time.sleep(0.2)
        else:
            return


# -- What is shown ----------------------------------------------------------------------------------------------------


def shown_periods(current: Quarter) -> list[Period]:
    """Return what is released: the last whole year behind its quarters, and the quarters since; oldest first."""
    year = current.year_of.year - 1
    since = [Quarter(current.year, number) for number in range(1, current.number)]
    return [*Year(year).quarters, Year(year), *since]


def fill(each_week: float) -> bool:
    """Make keys, responses, use and releases where they are missing; returns whether anything was released.

    Quarters that have ended since the last time get responses of their own, and are released. Raises
    `IntakeStoreError` for what stands in the way.
    """
    intake, week = IntakeSettings(), IsoWeek.of(now().date())
    folder = ReleaseFolder(intake.releases)
    released = {release.period for release in folder.releases()}
    missing = [period for period in shown_periods(Quarter.of(week)) if str(period) not in released]
    if not missing:
        return False
    prepare(BotSettings(), intake)
    codebooks = load_codebooks(intake.codebooks)
    codebook = newest(codebooks)
    quarters = [period for period in missing if isinstance(period, Quarter)]
    make_responses(intake, quarters, each_week)
    ring = opened_key_ring(intake, None)
    with open_or_make_warehouse(intake, codebooks, None, ring) as warehouse:
        typer.echo("Opening them into the warehouse …")
        opener = ResponseOpener(ring, codebooks)
        asyncio.run(load_responses(intake.database, warehouse, opener, processes=_processes()))
        warehouse.replace_usage(asyncio.run(read_usage(intake.database)))
        add_service_figures(intake, warehouse, codebook, [period for period in missing if isinstance(period, Year)])
        release(intake, warehouse, codebook, missing, week)
    return True


def make_responses(intake: IntakeSettings, quarters: Sequence[Quarter], each_week: float) -> None:
    """Make responses of some quarters, and the use around them, each in its own process; see `complete`."""
    wanted = {str(quarter): expected_responses(quarter.weeks, each_week) for quarter in quarters}
    if not wanted:
        return
    typer.echo(f"Making up {sum(wanted.values())} responses from {quarters[0]} to {quarters[-1]}, and sealing them …")
    context = multiprocessing.get_context("fork")
    with ProcessPoolExecutor(_processes(), context, initializer=_begin_work) as pool:
        try:
            list(pool.map(_make_quarter, [intake] * len(wanted), wanted.keys(), wanted.values()))
        except KeyboardInterrupt:
            pool.shutdown(wait=True, cancel_futures=True)
            raise


def _make_quarter(intake: IntakeSettings, name: str, number: int) -> None:
    codebook = newest(load_codebooks(intake.codebooks))
    sealer = Sealer(PublicKey.read(intake.public_key), codebook)
    quarter = Quarter.parse(name)
    store = SyntheticStore(intake.database, sealer, StoreSecrets.read(intake.store_secret))
    # A seed of its own for each quarter, or they would all be alike.
    seed = 10 * quarter.year + quarter.number + _SEED * 100_000
    asyncio.run(store.complete(codebook, quarter.weeks, number, seed))


def add_service_figures(
    intake: IntakeSettings, warehouse: Warehouse, codebook: Codebook, years: Sequence[Year]
) -> None:
    """Make up the figures of services of some years, and read them as `fyren figures import` does."""
    for year in years:
        path = intake.var / f"service-figures-{year}.csv"
        path.write_text(synthetic_service_figures(year.year, _SEED), encoding="utf-8")
        kept = [entry for entry in figures_of_table(warehouse.dataset(DATASET)) if entry.year != year.year]
        warehouse.put_dataset(DATASET, figures_to_table([*kept, *read_service_figures(path, codebook)]))


def release(
    intake: IntakeSettings, warehouse: Warehouse, codebook: Codebook, periods: Sequence[Period], week: IsoWeek
) -> None:
    """Release periods one after the other, telling of each how long it took."""
    declarations = list(load_declarations(intake.tables, codebook).values())
    made = releasing(intake, warehouse, codebook, declarations)
    occasion = Occasion(released_on=now().date(), program=importlib.metadata.version("fyren"), note=_NOTE)
    for period in periods:
        if isinstance(period, Year):
            typer.echo(f"Protecting the tables of the year {period}; this takes longest …")
        began = time.monotonic()
        done = made.release(period, week, occasion)
        typer.echo(f"Released {len(done.tables)} tables of {period} ({time.monotonic() - began:.0f} s).")


def _processes() -> int:
    return multiprocessing.cpu_count()


def _begin_work() -> None:
    """Let a batch be finished that has begun, unless whoever wanted it was killed."""
    end_with_parent()
    signal.signal(signal.SIGINT, signal.SIG_IGN)


# -- Who may look at it -----------------------------------------------------------------------------------------------


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
