"""Files of released tables, at addresses that stay: a release is frozen, so what is at its address is too.

Only texts can change there, when a translation or the licence that is stated does.
"""

from __future__ import annotations

import asyncio

from aiohttp import hdrs, web

from analyst.accounts.permissions import Permission
from analyst.exports.formats import EXPORT_FORMATS, PERIOD_FORMATS, ExportFormat, PeriodFormat
from analyst.exports.period_cubes import Edition, PeriodPublication
from analyst.exports.publication import Publication
from analyst.web.access import requires
from analyst.web.answers import steady_answer
from analyst.web.keys import CODEBOOK, LANGUAGE, RELEASED_TABLES, SETTINGS, TRANSLATORS
from analyst.web.problems import NotFound
from analyst.web.publications import table_id
from intake_store.statistics.released import ReleasedTable
from intake_store.statistics.releases import Release

_exports = requires(Permission.EXPORT, Permission.USE_API, by_token=True)


def routes() -> list[web.AbstractRouteDef]:
    """Return the routes of files; in an address, a table and the ending of its format stand apart by a dot.

    Under `/series` a table has all its periods, so what is there grows with every release.
    """
    return [
        web.get("/releases/{number}/tables/{file}", _table),
        web.get("/releases/{file}", _release),
        web.get("/series/{file}", _series),
    ]


@_exports
async def _table(request: web.Request) -> web.Response:
    release = await _found(request, request.match_info["number"])
    file = request.match_info["file"]
    tables = await request.app[RELEASED_TABLES].tables(release)
    for form in _by_ending():
        table = _named(tables, file.removesuffix(f".{form.ending}")) if file.endswith(f".{form.ending}") else None
        if table is not None:
            return await export(request, release, [table], form)
    raise NotFound


@_exports
async def _release(request: web.Request) -> web.Response:
    file = request.match_info["file"]
    for form in _by_ending():
        if form.of_several and file.endswith(f".{form.ending}"):
            release = await request.app[RELEASED_TABLES].find(file.removesuffix(f".{form.ending}"))
            if release is not None:
                return await export(request, release, await request.app[RELEASED_TABLES].tables(release), form)
    raise NotFound


@_exports
async def _series(request: web.Request) -> web.Response:
    file = request.match_info["file"]
    for form in sorted(PERIOD_FORMATS.values(), key=lambda form: len(form.ending), reverse=True):
        if file.endswith(f".{form.ending}"):
            editions = await request.app[RELEASED_TABLES].holding_table(file.removesuffix(f".{form.ending}"))
            if editions:
                return await export_periods(request, editions, form)
    raise NotFound


async def export(
    request: web.Request, release: Release, tables: list[ReleasedTable], form: ExportFormat
) -> web.Response:
    """Return a file of tables, or that the client has it already."""
    made = _publication(request, release, tables)
    content = await asyncio.to_thread(form.write, made)
    return _file(request, content, form.media_type, form.file_name(made))


async def export_periods(
    request: web.Request, editions: list[tuple[Release, ReleasedTable]], form: PeriodFormat
) -> web.Response:
    """Return a file of one table over its periods, which are given newest first; or that the client has it already."""
    release, table = editions[0]
    oldest_first = tuple(Edition(release, table) for release, table in reversed(editions))
    made = PeriodPublication(_publication(request, release, [table]), oldest_first)
    content = await asyncio.to_thread(form.write, made)
    return _file(request, content, form.media_type, form.file_name(made))


def _publication(request: web.Request, release: Release, tables: list[ReleasedTable]) -> Publication:
    settings, app = request.app[SETTINGS], request.app
    translators, language = app[TRANSLATORS], request[LANGUAGE]
    return Publication(release, tuple(tables), app[CODEBOOK], translators, language, settings.licence, settings.contact)


def _file(request: web.Request, content: bytes, media_type: str, name: str) -> web.Response:
    headers: dict[str, str] = {hdrs.CONTENT_DISPOSITION: f'attachment; filename="{name}"'}
    return steady_answer(request, content, media_type, request[LANGUAGE], headers)


async def _found(request: web.Request, number: str) -> Release:
    release = await request.app[RELEASED_TABLES].find(number)
    if release is None:
        raise NotFound
    return release


def _named(tables: list[ReleasedTable], name: str) -> ReleasedTable | None:
    return next((table for table in tables if table_id(table) == name), None)


def _by_ending() -> list[ExportFormat]:
    """Return the formats, those with the longest endings first: `plain.csv` is not `csv`."""
    return sorted(EXPORT_FORMATS.values(), key=lambda form: len(form.ending), reverse=True)
