"""The analyst's place over real HTTP, with people of every role, a clock that tests turn, and made-up releases."""

from __future__ import annotations

import asyncio
import atexit
import contextlib
import datetime
import functools
import html
import re
import shutil
import tempfile
from collections.abc import AsyncIterator, Collection, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pyotp
from aiohttp import ClientResponse, CookieJar
from aiohttp.test_utils import TestClient, TestServer

from analyst.accounts.assembly import KEY_SUFFIX, AccountsRoom, open_accounts
from analyst.accounts.audit import AuditEvent
from analyst.accounts.passkeys import RelyingParty
from analyst.accounts.passwords import Argon2Cost, Argon2Hashing
from analyst.accounts.permissions import COMMAND_LINE, Role
from analyst.assembly import Texts, assemble, load_texts
from analyst.release_work.work import OpenWarehouse
from analyst.settings import AnalystSettings
from analyst.web.keys import ACCOUNTS
from intake_store.settings import IntakeSettings

PASSWORD = "four plain words here"
CHEAP = Argon2Hashing(Argon2Cost(passes=1, memory_kib=64, lanes=1))

_CSRF = re.compile(r'name="csrf" value="([0-9a-f]{64})"')


class TurnedClock:
    """Stands still until a test turns it."""

    def __init__(self) -> None:
        self.time = datetime.datetime(2026, 11, 24, 12, 0, tzinfo=datetime.UTC)

    def __call__(self) -> datetime.datetime:
        return self.time

    def turn(self, seconds: float) -> None:
        self.time += datetime.timedelta(seconds=seconds)


class Browser:
    """A browser without a script: it keeps cookies, and sends the forms of the page it last saw."""

    def __init__(self, client: TestClient[Any, Any], clock: TurnedClock) -> None:
        self.client = client
        self.clock = clock
        self.text = ""
        self.secret = ""
        self.csrf = ""
        self.name = ""
        self.waiting = False

    async def get(self, path: str, **more: Any) -> ClientResponse:
        return await self._seen(await self.client.get(path, allow_redirects=False, **more))

    async def post(self, path: str, fields: Mapping[str, Any] | None = None, **more: Any) -> ClientResponse:
        data = {"csrf": self.csrf, **(fields or {})}
        return await self._seen(await self.client.post(path, data=data, allow_redirects=False, **more))

    async def log_in(self, name: str, password: str = PASSWORD) -> ClientResponse:
        """Log in with the password and the next code; the answer is that to the code."""
        self.clock.turn(31)
        await self.get("/login")
        answer = await self.post("/login", {"name": name, "password": password})
        assert answer.headers["Location"] == "/login/code", self.text
        await self.get("/login/code")
        return await self.post("/login/code", {"code": self.code()})

    async def step_up(self) -> None:
        self.clock.turn(31)
        await self.get("/confirm")
        answer = await self.post("/confirm", {"code": self.code()})
        assert answer.status == 303, self.text

    def code(self) -> str:
        return pyotp.TOTP(self.secret).generate_otp(int(self.clock().timestamp()) // 30)

    async def _seen(self, answer: ClientResponse) -> ClientResponse:
        if answer.content_type == "text/html":
            self.text = html.unescape(await answer.text())
            if found := _CSRF.search(self.text):
                self.csrf = found[1]
        return answer


@dataclass
class Site:
    """The site, and the secrets of the people who are set up."""

    server: TestServer
    clock: TurnedClock
    secrets: dict[str, str] = field(default_factory=dict)
    _stack: contextlib.AsyncExitStack = field(default_factory=contextlib.AsyncExitStack)

    async def browser(self, name: str = "") -> Browser:
        """Return a browser; with a name, that person is logged in there."""
        client = TestClient(self.server, cookie_jar=CookieJar(unsafe=True))
        # The server is closed once, by its own context.
        self._stack.push_async_callback(client.session.close)
        browser = Browser(client, self.clock)
        browser.secret = self.secrets.get(name, "")
        browser.name = name
        if name:
            answer = await browser.log_in(name)
            assert answer.status == 303, browser.text
            await browser.get("/account")
        return browser

    async def person(self, name: str, *roles: Role) -> None:
        """Set up an account, with a password and one-time codes."""
        self.secrets[name] = await set_up(self.server.app[ACCOUNTS], name, roles, self.clock)

    async def events(self) -> list[tuple[str, AuditEvent, str]]:
        return [(record.actor, record.event, record.subject) async for record in self.server.app[ACCOUNTS].audit.all()]


ROLES = {"anna": (Role.ANALYST,), "rut": (Role.RELEASER,), "ada": (Role.ADMINISTRATOR,)}


PARTY = RelyingParty("localhost", "Fyren", "http://localhost:8090")


@dataclass(frozen=True)
class People:
    """Accounts of one person of every role, ready to be copied: setting them up takes longer than most tests."""

    database: Path
    secrets: Mapping[str, str]

    def copy(self, settings: AnalystSettings) -> None:
        settings.accounts.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        shutil.copy2(self.database, settings.accounts)
        shutil.copy2(self.database.with_name(self.database.name + KEY_SUFFIX), settings.accounts_key)


async def set_up(room: AccountsRoom, name: str, roles: Collection[Role], clock: TurnedClock) -> str:
    """Set up an account, and return the secret of its one-time codes."""
    invitation = await room.people.invite(COMMAND_LINE, name, "", roles)
    token = await room.login.accept_invitation(invitation.code, PASSWORD)
    offer = await room.second_factors.offer(token)
    enrolled = await room.second_factors.enrol(token, pyotp.TOTP(offer.secret).at(clock()))
    await room.sessions.log_out(enrolled.token)
    return offer.secret


@functools.cache
def texts() -> Texts:
    """Return codebook and catalogues, which do not change while tests run."""
    return load_texts(IntakeSettings())


@functools.cache
def people() -> People:
    """Return the accounts that every site begins with, made once."""
    folder = tempfile.TemporaryDirectory(prefix="fyren-people-")
    atexit.register(folder.cleanup)
    with ThreadPoolExecutor(1) as thread:
        return thread.submit(asyncio.run, _make_people(Path(folder.name) / "accounts.sqlite3")).result()


async def _make_people(database: Path) -> People:
    clock = TurnedClock()
    async with open_accounts(database, PARTY, create=True, hashing=CHEAP, clock=clock) as room:
        return People(database, {name: await set_up(room, name, roles, clock) for name, roles in ROLES.items()})


@contextlib.asynccontextmanager
async def open_site(
    folder: Path, releases: Path | None = None, open_warehouse: OpenWarehouse | None = None, **settings: Any
) -> AsyncIterator[Site]:
    """Yield a site with one person of every role."""
    chosen = AnalystSettings(var=folder, **settings)
    everybody = people()
    everybody.copy(chosen)
    clock = TurnedClock()
    intake = IntakeSettings(var=folder, **({"releases": releases} if releases else {}))
    app = assemble(chosen, intake, open_warehouse=open_warehouse, hashing=CHEAP, clock=clock, texts=texts())
    async with TestServer(app, port=settings.get("port")) as server:
        site = Site(server, clock, dict(everybody.secrets))
        async with site._stack:
            yield site
