"""The handlers of the API: releases, tables, the codebook. They answer GET only and change nothing."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any, Final

from aiohttp import hdrs, web

from analyst.accounts.permissions import Permission
from analyst.api.documents import (
    VERSION,
    codebook_document,
    page_document,
    page_links,
    release_document,
    table_document,
    table_entry,
)
from analyst.api.negotiation import EXPORTED, JSON, JSON_STAT, chosen_format, split_ending
from analyst.api.rates import ApiRates
from analyst.exports.formats import EXPORT_FORMATS, PERIOD_FORMATS
from analyst.translation import Translator, message
from analyst.web.access import Handler, public, requires
from analyst.web.answers import steady_answer
from analyst.web.export_files import export, export_periods
from analyst.web.keys import CALLER, CODEBOOK, LANGUAGE, RELEASED_TABLES, SESSION, TRANSLATORS
from analyst.web.pages import problem_page
from analyst.web.problems import MalformedRequest, NotFound, TooManyRequests, WebProblem
from analyst.web.publications import entry_id, table_id
from intake_store.periods import parse_period
from intake_store.statistics.released import ReleasedTable
from intake_store.statistics.releases import Release

RATES: Final = web.AppKey("api_rates", ApiRates)

OPENAPI_FILE: Final = Path(__file__).with_name("openapi.yml")
LONGEST_PAGE: Final = 200
_PAGE: Final = 50
_LARGEST: Final = 1_000_000

WRONG_PAGE: Final = message("`offset` is a number from 0, and `limit` a number from 1 to 200.")
WRONG_PERIOD: Final = message("`period` is a quarter such as 2026Q3, or a year such as 2026.")
NO_RELEASE: Final = message("There is no such release. `/api/v1/releases` lists all releases.")
NO_TABLE: Final = message("No release has such a table. `/api/v1/tables` lists all tables.")
NOT_IN_RELEASE: Final = message("Release {number} does not have this table. These releases have it: {numbers}.")
NOT_IN_PERIOD: Final = message("The table does not exist for {period}. It exists for these periods: {periods}.")
TOO_OFTEN: Final = message(
    "A program may ask {limit} times a minute. Wait {seconds} seconds; what you read before, you need not read again."
)

_SHAPE: Final = [JSON, *EXPORTED]
_CUBE: Final = [JSON_STAT, *(form for form in EXPORTED if form != JSON_STAT)]
_FILTERS: Final = ("theme", "population", "name")

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
        web.get(f"{VERSION}/tables/{{id}}/periods", _periods),
        web.get(f"{VERSION}/codebook", _codebook),
    ]


def _reads(handler: _Made) -> Handler:
    """Declare who may read, refuse whoever asks too often, and tell everybody how often they still may."""

    @requires(Permission.USE_API, by_token=True)
    async def counted(request: web.Request) -> web.Response:
        caller = request.get(CALLER)
        who = f"token {caller.token_id}" if caller else f"account {request[SESSION].account.name}"
        standing = request.app[RATES].count(who)
        try:
            if standing.exceeded:
                text = TOO_OFTEN.format(limit=standing.limit, seconds=standing.seconds)
                raise TooManyRequests(standing.seconds, text)
            response = await handler(request)
        except WebProblem as problem:
            response = problem_page(request, problem)
        response.headers.update(standing.headers())
        return response

    return counted


@public
async def _openapi(request: web.Request) -> web.Response:
    content = await asyncio.to_thread(OPENAPI_FILE.read_bytes)
    return steady_answer(request, content, "application/yaml; charset=utf-8", "en")


@_reads
async def _releases(request: web.Request) -> web.Response:
    releases = await request.app[RELEASED_TABLES].releases()
    # The newest first: whoever reads only a page reads what holds today.
    items = [release_document(release) for release in reversed(releases)]
    return _page(request, {}, items)


@_reads
async def _release(request: web.Request) -> web.Response:
    chosen_format(request, [JSON])
    return _answer(request, release_document(await _found(request)))


@_reads
async def _tables_of_release(request: web.Request) -> web.Response:
    release = await _found(request)
    tables = await request.app[RELEASED_TABLES].tables(release)
    return await _table_page(request, {}, [(release, table) for table in tables])


@_reads
async def _table_of_release(request: web.Request) -> web.Response:
    release = await _found(request)
    name, form = _asked(request)
    for table in await request.app[RELEASED_TABLES].tables(release):
        if table_id(table) == name:
            return await _one(request, release, table, form)
    having = [one.number for one in await request.app[RELEASED_TABLES].releases() if _has(one, name)]
    if having:
        raise NotFound(NOT_IN_RELEASE.format(number=release.number, numbers=", ".join(reversed(having))))
    raise NotFound(NO_TABLE)


@_reads
async def _tables(request: web.Request) -> web.Response:
    period = _period(request)
    found: dict[str, tuple[Release, ReleasedTable]] = {}
    for release in await request.app[RELEASED_TABLES].holding():
        if period in (None, release.period) and any(entry_id(entry) not in found for entry in release.tables):
            for table in await request.app[RELEASED_TABLES].tables(release):
                found.setdefault(table_id(table), (release, table))
    return await _table_page(request, {"period": period} if period else {}, list(found.values()))


@_reads
async def _table(request: web.Request) -> web.Response:
    name, form = _asked(request)
    period = _period(request)
    holding = await _holding_table(request, name)
    for release, table in holding:
        if period in (None, release.period):
            return await _one(request, release, table, form)
    periods = ", ".join(release.period for release, _ in holding)
    raise NotFound(NOT_IN_PERIOD.format(period=period, periods=periods))


@_reads
async def _periods(request: web.Request) -> web.Response:
    form = chosen_format(request, _CUBE)
    holding = await _holding_table(request, request.match_info["id"])
    return await export_periods(request, holding, PERIOD_FORMATS[EXPORTED[form]])


@_reads
async def _codebook(request: web.Request) -> web.Response:
    chosen_format(request, [JSON])
    return _answer(request, codebook_document(request.app[CODEBOOK], _say(request)))


# -- what they share --------------------------------------------------------------------------------------------------


async def _found(request: web.Request) -> Release:
    release = await request.app[RELEASED_TABLES].find(request.match_info["number"])
    if release is None:
        raise NotFound(NO_RELEASE)
    return release


async def _holding_table(request: web.Request, name: str) -> list[tuple[Release, ReleasedTable]]:
    holding = await request.app[RELEASED_TABLES].holding_table(name)
    if not holding:
        raise NotFound(NO_TABLE)
    return holding


def _asked(request: web.Request) -> tuple[str, str]:
    """Return the id of the table that the address names, and the format of the answer."""
    name, form = split_ending(request.match_info["id"])
    return name, form or chosen_format(request, _SHAPE)


def _period(request: web.Request) -> str | None:
    """Return the period that is asked for, if one is; raises `MalformedRequest`."""
    text = request.query.get("period")
    if text is None:
        return None
    try:
        return str(parse_period(text))
    except ValueError:
        raise MalformedRequest(WRONG_PERIOD) from None


def _has(release: Release, name: str) -> bool:
    return any(entry_id(entry) == name for entry in release.tables)


async def _one(request: web.Request, release: Release, table: ReleasedTable, form: str) -> web.Response:
    """Return a table of a release in a format."""
    if form in EXPORTED:
        return await export(request, release, [table], EXPORT_FORMATS[EXPORTED[form]])
    document = await asyncio.to_thread(table_document, release, table, _say(request))
    return _answer(request, document)


async def _table_page(
    request: web.Request, kept: dict[str, str], tables: list[tuple[Release, ReleasedTable]]
) -> web.Response:
    """Return a page of tables, of those that the query asks for; translating them is for the page alone."""
    query = {**kept, **{name: request.query[name] for name in _FILTERS if name in request.query}}
    chosen = [
        (release, table)
        for release, table in tables
        if query.get("theme", table.theme.value) == table.theme.value
        and query.get("population", table.population) == table.population
        and query.get("name", table.name) == table.name
    ]
    offset, limit = _place(request)
    say = _say(request)
    holding = await request.app[RELEASED_TABLES].holding()
    items: list[dict[str, Any]] = [{} for _ in chosen]
    for place in range(offset, min(offset + limit, len(chosen))):
        release, table = chosen[place]
        having = [one for one in holding if _has(one, table_id(table))]
        items[place] = table_entry(release, table, having, say)
    return _page(request, query, items)


def _page(request: web.Request, query: dict[str, str], items: list[dict[str, Any]]) -> web.Response:
    offset, limit = _place(request)
    kept = {**query, **({"language": request[LANGUAGE]} if "language" in request.query else {})}
    chosen_format(request, [JSON])
    response = _answer(request, page_document(request.path, kept, items, offset, limit))
    response.headers[hdrs.LINK] = page_links(request.path, kept, len(items), offset, limit)
    return response


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
    return steady_answer(request, body, "application/json", request[LANGUAGE])
