"""The audit log: pages of it, whole files of it, and its check."""

from __future__ import annotations

import io
from typing import Final

from aiohttp import hdrs, web

from analyst.accounts.audit import AuditEvent
from analyst.accounts.errors import AuditLogChanged
from analyst.accounts.permissions import Permission
from analyst.web.access import requires
from analyst.web.keys import ACCOUNTS, LANGUAGE, SESSION, TRANSLATORS
from analyst.web.pages import page
from analyst.web.problems import MalformedRequest

_PAGE_LENGTH: Final = 100
_LARGEST: Final = 2**62


def routes() -> list[web.AbstractRouteDef]:
    """Return the routes of the audit log."""
    return [
        web.get("/audit", _newest),
        web.get("/audit/check", _check),
        web.get("/audit.csv", _csv),
        web.get("/audit.jsonl", _jsonl),
    ]


@requires(Permission.READ_AUDIT_LOG)
async def _newest(request: web.Request) -> web.Response:
    before = request.query.get("before")
    if before is not None and (not before.isascii() or not before.isdecimal() or not 0 < int(before[:20]) < _LARGEST):
        raise MalformedRequest
    audit = request.app[ACCOUNTS].audit
    records = await audit.newest(_PAGE_LENGTH, None if before is None else int(before[:20]))
    older = records[-1].number if records and records[-1].number > 1 else None
    return page(
        request, "audit.html", records=records, older=older, count=await audit.count(), checked=None, changed=""
    )


@requires(Permission.READ_AUDIT_LOG)
async def _check(request: web.Request) -> web.Response:
    audit = request.app[ACCOUNTS].audit
    checked, changed = None, ""
    try:
        checked = await audit.verify()
    except AuditLogChanged as error:
        changed = request.app[TRANSLATORS][request[LANGUAGE]].finished(str(error))
    return page(
        request, "audit.html", records=(), older=None, count=await audit.count(), checked=checked, changed=changed
    )


@requires(Permission.READ_AUDIT_LOG)
async def _csv(request: web.Request) -> web.Response:
    text = io.StringIO(newline="")
    await request.app[ACCOUNTS].audit.write_csv(text)
    return await _file(request, text, "text/csv", "fyren-audit.csv")


@requires(Permission.READ_AUDIT_LOG)
async def _jsonl(request: web.Request) -> web.Response:
    text = io.StringIO()
    await request.app[ACCOUNTS].audit.write_jsonl(text)
    return await _file(request, text, "application/jsonl", "fyren-audit.jsonl")


async def _file(request: web.Request, text: io.StringIO, content_type: str, name: str) -> web.Response:
    await request.app[ACCOUNTS].audit.record(request[SESSION].account.name, AuditEvent.AUDIT_LOG_EXPORTED, name)
    return web.Response(
        body=text.getvalue().encode(),
        content_type=content_type,
        charset="utf-8",
        headers={hdrs.CONTENT_DISPOSITION: f'attachment; filename="{name}"'},
    )
