"""The handlers of the API: releases, tables, the codebook. They answer GET only and change nothing."""

from __future__ import annotations

import asyncio
import hashlib
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

from aiohttp import ETag, hdrs, web

from analyst.accounts.permissions import Permission
from analyst.api.documents import (
    VERSION,
    codebook_document,
    page_document,
    release_document,
    table_document,
    table_entry,
)
from analyst.api.rates import ApiRates
from analyst.exports.formats import EXPORT_FORMATS
from analyst.translation import Translator, message
from analyst.web.access import Handler, public, requires
from analyst.web.export_files import export, is_known
from analyst.web.headers import ALWAYS_ASKED
from analyst.web.keys import CALLER, CODEBOOK, LANGUAGE, RELEASED_TABLES, SESSION, TRANSLATORS
from analyst.web.problems import MalformedRequest, NotFound, TooManyRequests
from analyst.web.publications import table_id
from intake_store.statistics.released import ReleasedTable
from intake_store.statistics.releases import Release

RATES: Final = web.AppKey("api_rates", ApiRates)

OPENAPI_FILE: Final = Path(__file__).with_name("openapi.yml")
FILES: Final = {".csv": "csv-plain", ".jsonstat": "json-stat"}
"""The endings of a table's address that give it in another format."""

LONGEST_PAGE: Final = 200
_PAGE: Final = 50
_LARGEST: Final = 1_000_000

WRONG_PAGE: Final = message("`offset` is a number from 0, and `limit` a number from 1 to 200.")

_Made = Callable[[web.Request], Awaitable[web.Response]]


def routes() -> list[web.AbstractRouteDef]:
    """Return the routes of the API."""
    return [
        web.get(f"{VERSION}/openapi.yml", _openapi),
        web.get(f"{VERSION}/releases", _releases),
        web.get(f"{VERSION}/releases/{{number}}", _release),
        web.get(f"{VERSION}/releases/{{number}}/tables", _tables_of_release),
        web.get(f"{VERSION}/releases/{{number}}/tables/{{id}}", _table_of_release),
        web.get(f"{VERSION}/tables", _tables),
        web.get(f"{VERSION}/tables/{{id}}", _table),
        web.get(f"{VERSION}/codebook", _codebook),
    ]


def _reads(handler: _Made) -> Handler:
    """Declare who may read, and refuse whoever asks too often."""

    @requires(Permission.USE_API, by_token=True)
    async def counted(request: web.Request) -> web.Response:
        caller = request.get(CALLER)
        who = f"token {caller.token_id}" if caller else f"account {request[SESSION].account.name}"
        if wait := request.app[RATES].wait(who):
            raise TooManyRequests(wait)
        return await handler(request)

    return counted


@public
async def _openapi(request: web.Request) -> web.Response:
    return web.Response(text=OPENAPI_FILE.read_text("utf-8"), content_type="application/yaml")


@_reads
async def _releases(request: web.Request) -> web.Response:
    releases = await request.app[RELEASED_TABLES].releases()
    # The newest first: whoever reads only a page reads what holds today.
    return _page(request, {}, [release_document(release) for release in reversed(releases)])


@_reads
async def _release(request: web.Request) -> web.Response:
    return _answer(request, release_document(await _found(request)))


@_reads
async def _tables_of_release(request: web.Request) -> web.Response:
    release = await _found(request)
    tables = await request.app[RELEASED_TABLES].tables(release)
    return _table_page(request, {}, [(release, table) for table in tables])


@_reads
async def _table_of_release(request: web.Request) -> web.Response:
    release = await _found(request)
    return await _one(request, [release])


@_reads
async def _tables(request: web.Request) -> web.Response:
    wanted = {name: request.query[name] for name in ("period",) if name in request.query}
    found = [
        (release, table)
        for release in await _holding(request)
        if wanted.get("period", release.period) == release.period
        for table in await request.app[RELEASED_TABLES].tables(release)
    ]
    return _table_page(request, wanted, found)


@_reads
async def _table(request: web.Request) -> web.Response:
    period = request.query.get("period")
    holding = [release for release in await _holding(request) if period in (None, release.period)]
    return await _one(request, holding)


@_reads
async def _codebook(request: web.Request) -> web.Response:
    return _answer(request, codebook_document(request.app[CODEBOOK], _say(request)))


# -- what they share --------------------------------------------------------------------------------------------------


async def _holding(request: web.Request) -> list[Release]:
    """Return the releases that hold today: the newest revision of each period, the newest released first."""
    newest = {release.period: release for release in await request.app[RELEASED_TABLES].releases()}
    return sorted(newest.values(), key=lambda release: release.sequence, reverse=True)


async def _found(request: web.Request) -> Release:
    release = await request.app[RELEASED_TABLES].find(request.match_info["number"])
    if release is None:
        raise NotFound
    return release


async def _one(request: web.Request, releases: list[Release]) -> web.Response:
    """Return a table of the first release that has it, in the format of its ending."""
    asked = request.match_info["id"]
    ending = next((ending for ending in FILES if asked.endswith(ending)), "")
    name = asked.removesuffix(ending) if ending else asked
    for release in releases:
        tables = await request.app[RELEASED_TABLES].tables(release)
        table = next((table for table in tables if table_id(table) == name), None)
        if table is None:
            continue
        if ending:
            return await export(request, release, [table], EXPORT_FORMATS[FILES[ending]])
        return _answer(request, await asyncio.to_thread(table_document, release, table, _say(request)))
    raise NotFound


def _table_page(
    request: web.Request, kept: dict[str, str], tables: list[tuple[Release, ReleasedTable]]
) -> web.Response:
    """Return a page of tables, of those that the query asks for; translating them is for the page alone."""
    query = dict(kept)
    for name in ("theme", "population", "name"):
        if name in request.query:
            query[name] = request.query[name]
    chosen = [
        (release, table)
        for release, table in tables
        if query.get("theme", table.theme.value) == table.theme.value
        and query.get("population", table.population) == table.population
        and query.get("name", table.name) == table.name
    ]
    offset, limit = _place(request)
    say = _say(request)
    entries: list[dict[str, Any]] = [{} for _ in chosen]
    for place in range(offset, min(offset + limit, len(chosen))):
        entries[place] = table_entry(*chosen[place], say)
    return _answer(request, page_document(request.path, query, entries, offset, limit))


def _page(request: web.Request, query: dict[str, str], items: list[dict[str, Any]]) -> web.Response:
    offset, limit = _place(request)
    return _answer(request, page_document(request.path, query, items, offset, limit))


def _place(request: web.Request) -> tuple[int, int]:
    """Return offset and limit of a page; raises `MalformedRequest`."""
    numbers = []
    for name, default, least, most in (("offset", 0, 0, _LARGEST), ("limit", _PAGE, 1, LONGEST_PAGE)):
        text = request.query.get(name, str(default))
        if not text.isascii() or not text.isdecimal() or len(text) > 7 or not least <= int(text) <= most:
            raise MalformedRequest(WRONG_PAGE)
        numbers.append(int(text))
    return numbers[0], numbers[1]


def _say(request: web.Request) -> Translator:
    return request.app[TRANSLATORS][request[LANGUAGE]]


def _answer(request: web.Request, document: dict[str, Any]) -> web.Response:
    """Return a document, or that the client has it already."""
    body = json.dumps(document, ensure_ascii=False, separators=(",", ":")).encode()
    tag = ETag(hashlib.sha256(body).hexdigest()[:32])
    headers = {
        hdrs.CACHE_CONTROL: ALWAYS_ASKED,
        hdrs.CONTENT_LANGUAGE: request[LANGUAGE],
        hdrs.VARY: "Accept-Language, Authorization, Cookie",
    }
    if is_known(request, tag):
        response = web.Response(status=304, headers=headers)
    else:
        response = web.Response(body=body, content_type="application/json", headers=headers)
    response.etag = tag
    return response
