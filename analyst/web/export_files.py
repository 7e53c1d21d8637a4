"""Files of released tables, at addresses that stay: a release is frozen, so what is at its address is too."""

from __future__ import annotations

import asyncio

from aiohttp import ETag, hdrs, web

from analyst.accounts.permissions import Permission
from analyst.exports.formats import EXPORT_FORMATS, ExportFormat
from analyst.exports.publication import Publication
from analyst.web.access import requires
from analyst.web.headers import ALWAYS_ASKED
from analyst.web.keys import CODEBOOK, LANGUAGE, RELEASED_TABLES, SETTINGS, TRANSLATORS
from analyst.web.problems import NotFound
from analyst.web.publications import table_id
from intake_store.statistics.released import ReleasedTable
from intake_store.statistics.releases import Release

_exports = requires(Permission.EXPORT, Permission.USE_API, by_token=True)


def routes() -> list[web.AbstractRouteDef]:
    """Return the routes of files; in an address, a table and the ending of its format stand apart by a dot."""
    return [
        web.get("/releases/{number}/tables/{file}", _table),
        web.get("/releases/{file}", _release),
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


async def export(
    request: web.Request, release: Release, tables: list[ReleasedTable], form: ExportFormat
) -> web.Response:
    """Return a file of tables, or that the client has it already."""
    settings, language = request.app[SETTINGS], request[LANGUAGE]
    made = Publication(
        release,
        tuple(tables),
        request.app[CODEBOOK],
        request.app[TRANSLATORS],
        language,
        settings.licence,
        settings.contact,
    )
    what = table_id(tables[0]) if len(tables) == 1 else "all"
    tag = ETag(f"{release.number}.{what}.{form.name}.{language}.{release.previous or ''}"[:200])
    headers = {
        hdrs.CACHE_CONTROL: ALWAYS_ASKED,
        hdrs.CONTENT_LANGUAGE: language,
        hdrs.VARY: "Accept-Language, Authorization, Cookie",
        hdrs.CONTENT_DISPOSITION: f'attachment; filename="{form.file_name(made)}"',
    }
    if is_known(request, tag):
        response = web.Response(status=304, headers=headers)
    else:
        content = await asyncio.to_thread(form.write, made)
        response = web.Response(body=content, headers={**headers, hdrs.CONTENT_TYPE: form.media_type})
    response.etag = tag
    return response


def is_known(request: web.Request, tag: ETag) -> bool:
    """Tell whether the client says that it has what a tag stands for."""
    return any(known.value in (tag.value, "*") for known in request.if_none_match or ())


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
