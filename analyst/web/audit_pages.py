"""The audit log: pages of it, whole files of it, and its check."""

from __future__ import annotations

import datetime
import io
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Final, TextIO
from urllib.parse import urlencode

from aiohttp import hdrs, web

from analyst.accounts.audit import AuditEvent, AuditFilter, AuditLog, AuditRecord, ChainEnd
from analyst.accounts.errors import AuditLogChanged
from analyst.accounts.permissions import COMMAND_LINE, Permission
from analyst.translation import message
from analyst.web.access import requires
from analyst.web.audit_words import ACTOR_WORDS, GROUP_LABELS, GROUPS, WORDS, EventGroup
from analyst.web.keys import ACCOUNTS, LANGUAGE, SESSION, TRANSLATORS
from analyst.web.pages import page
from analyst.web.problems import MalformedRequest

_PAGE_LENGTH: Final = 100
_LARGEST: Final = 2**62
_LONGEST_NAME: Final = 64

_NO_DAY: Final = message("Write a day as 2026-01-31.")
_WRONG_ORDER: Final = message("The first day is after the last one.")
_UNKNOWN_KIND: Final = message("Choose what to show from the list.")
_NO_END: Final = message("Write the end of the log as number:digest, as it was shown when the log was checked.")


def routes() -> list[web.AbstractRouteDef]:
    """Return the routes of the audit log."""
    return [
        web.get("/audit", _newest),
        web.get("/audit/check", _check),
        web.get("/audit.csv", _csv),
        web.get("/audit.jsonl", _jsonl),
    ]


# -- looking ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Asked:
    """What somebody filled in, and the records it means; with `error`, what is wrong with the fields `wrong`."""

    fields: Mapping[str, str]
    wanted: AuditFilter
    error: str = ""
    wrong: tuple[str, ...] = ()


@requires(Permission.READ_AUDIT_LOG)
async def _newest(request: web.Request) -> web.Response:
    before = request.query.get("before")
    if before is not None and (not before.isascii() or not before.isdecimal() or not 0 < int(before[:20]) < _LARGEST):
        raise MalformedRequest
    audit, asked = request.app[ACCOUNTS].audit, _asked(request.query)
    records: tuple[AuditRecord, ...] = ()
    if not asked.error:
        # One more than is shown tells whether there are older ones.
        records = await audit.newest(_PAGE_LENGTH + 1, None if before is None else int(before[:20]), asked.wanted)
    filled = {name: value for name, value in asked.fields.items() if value}
    older = urlencode({**filled, "before": records[_PAGE_LENGTH - 1].number}) if len(records) > _PAGE_LENGTH else ""
    say = request.app[TRANSLATORS][request[LANGUAGE]]
    return page(
        request,
        "audit.html",
        status=400 if asked.error else 200,
        error=say(asked.error),
        wrong=asked.wrong,
        fields=asked.fields,
        records=records[:_PAGE_LENGTH],
        found=0 if asked.error else await audit.count(asked.wanted),
        count=await audit.count(),
        actors=await _actors(request),
        older=older,
        newest=urlencode(filled) if before is not None else None,
        group_labels=GROUP_LABELS,
        words=WORDS,
    )


async def _actors(request: web.Request) -> list[str]:
    """Return of whom there can be records: accounts are never deleted, nor are their names given to others."""
    people = await request.app[ACCOUNTS].people.all(COMMAND_LINE)
    return sorted([*(account.name for account in people), *ACTOR_WORDS])


def _asked(query: Mapping[str, str]) -> _Asked:
    fields = {name: query.get(name, "").strip()[:_LONGEST_NAME] for name in ("who", "what", "from", "to")}
    what = fields["what"] or EventGroup.BUT_VIEWS.value
    if what in set(EventGroup):
        events = GROUPS[EventGroup(what)]
    elif what in set(AuditEvent):
        events = frozenset({AuditEvent(what)})
    else:
        return _Asked(fields, AuditFilter(), _UNKNOWN_KIND, ("what",))
    days: dict[str, datetime.date | None] = {}
    for name in ("from", "to"):
        try:
            days[name] = datetime.date.fromisoformat(fields[name]) if fields[name] else None
        except ValueError:
            return _Asked(fields, AuditFilter(), _NO_DAY, (name,))
    first, last = days["from"], days["to"]
    if first is not None and last is not None and first > last:
        return _Asked(fields, AuditFilter(), _WRONG_ORDER, ("from", "to"))
    return _Asked(fields, AuditFilter(fields["who"], events, first, last))


# -- checking ---------------------------------------------------------------------------------------------------------


@requires(Permission.READ_AUDIT_LOG)
async def _check(request: web.Request) -> web.Response:
    audit = request.app[ACCOUNTS].audit
    say = request.app[TRANSLATORS][request[LANGUAGE]]
    given = request.query.get("known", "").strip()[:200]
    try:
        known = ChainEnd.parse(given) if given else None
    except ValueError:
        return page(
            request, "audit_check.html", status=400, error=say(_NO_END), wrong=("known",), given=given, checked=None,
            known=None, changed="", broken=(), words=WORDS,
        )  # fmt: skip
    checked, changed = None, ""
    broken: tuple[AuditRecord, ...] = ()
    try:
        checked = await audit.verify(known)
    except AuditLogChanged as error:
        changed = say.finished(str(error))
        broken = tuple(each for each in await audit.newest(1, error.number + 1) if each.number == error.number)
    result = f"whole, {checked.number} records" if checked is not None else "changed"
    await audit.record(request[SESSION].account.name, AuditEvent.AUDIT_LOG_CHECKED, result)
    return page(
        request, "audit_check.html", error="", wrong=(), given=given, checked=checked, known=known, changed=changed,
        broken=broken, words=WORDS,
    )  # fmt: skip


# -- files ------------------------------------------------------------------------------------------------------------


@requires(Permission.READ_AUDIT_LOG)
async def _csv(request: web.Request) -> web.Response:
    return await _file(request, AuditLog.write_csv, "text/csv", "fyren-audit.csv")


@requires(Permission.READ_AUDIT_LOG)
async def _jsonl(request: web.Request) -> web.Response:
    return await _file(request, AuditLog.write_jsonl, "application/jsonl", "fyren-audit.jsonl")


async def _file(
    request: web.Request, write: Callable[[AuditLog, TextIO], Awaitable[int]], content_type: str, name: str
) -> web.Response:
    audit = request.app[ACCOUNTS].audit
    # First, so that the file tells of itself too.
    await audit.record(request[SESSION].account.name, AuditEvent.AUDIT_LOG_EXPORTED, name)
    text = io.StringIO(newline="")
    await write(audit, text)
    return web.Response(
        body=text.getvalue().encode(),
        content_type=content_type,
        charset="utf-8",
        headers={hdrs.CONTENT_DISPOSITION: f'attachment; filename="{name}"'},
    )
