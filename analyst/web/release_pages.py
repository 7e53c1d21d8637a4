"""Release work: preview a period, see what is withheld and what changed, and release it or a revision of it."""

from __future__ import annotations

from typing import Final

from aiohttp import web

from analyst.accounts.permissions import Permission
from analyst.release_work import PeriodStanding, WorkBusy, WorkState
from analyst.translation import message
from analyst.web.access import form_on, requires
from analyst.web.keys import LANGUAGE, RELEASE_WORK, SESSION, TRANSLATORS
from analyst.web.pages import field, page, see_other
from analyst.web.problems import NotFound
from intake_store.periods import Period, parse_period
from intake_store.statistics.releases import ReleaseError

_LIST: Final = "/desk/releases"
_LONGEST_TEXT: Final = 500
_FORM: Final = "/desk/releases/{period}"

STATES: Final = {
    WorkState.RUNNING: message("being made"),
    WorkState.PREVIEWED: message("previewed"),
    WorkState.RELEASED: message("released"),
    WorkState.FAILED: message("failed"),
}

TOO_LONG: Final = message("A note or a reason has at most 500 characters, all of them printable.")


def routes() -> list[web.AbstractRouteDef]:
    """Return the routes of release work."""
    return [
        web.get(_LIST, _periods),
        web.get(_FORM, _period),
        web.post(f"{_FORM}/preview", _preview),
        web.post(f"{_FORM}/release", _release),
    ]


@requires(Permission.PREVIEW)
async def _periods(request: web.Request) -> web.Response:
    standings = await request.app[RELEASE_WORK].standings()
    return page(request, "release_periods.html", standings=standings, states=STATES)


@requires(Permission.PREVIEW)
async def _period(request: web.Request) -> web.Response:
    return _period_page(request, await request.app[RELEASE_WORK].standing(_asked(request)))


@requires(Permission.PREVIEW)
@form_on(_FORM)
async def _preview(request: web.Request) -> web.Response:
    period, work = _asked(request), request.app[RELEASE_WORK]
    try:
        await work.start_preview(period, request[SESSION].account.name)
    except WorkBusy as error:
        return _period_page(request, await work.standing(period), str(error))
    return see_other(f"{_LIST}/{period}")


@requires(Permission.RELEASE, step_up=True)
@form_on(_FORM)
async def _release(request: web.Request) -> web.Response:
    period, work = _asked(request), request.app[RELEASE_WORK]
    form = await request.post()
    note, reason = _text(form.get("note", "")), _text(form.get("reason", ""))
    if note is None or reason is None:
        return _period_page(request, await work.standing(period), TOO_LONG)
    by = request[SESSION].account.name
    try:
        await work.start_release(period, by, field(form, "seen", 40), note, reason)
    except (WorkBusy, ReleaseError) as error:
        return _period_page(request, await work.standing(period), str(error), note=note, reason=reason)
    return see_other(f"{_LIST}/{period}")


def _period_page(
    request: web.Request, standing: PeriodStanding, error: str = "", *, note: str = "", reason: str = ""
) -> web.Response:
    say = request.app[TRANSLATORS][request[LANGUAGE]]
    work = standing.work
    return page(
        request,
        "release_period.html",
        status=409 if error else 200,
        standing=standing,
        newest=standing.releases[-1] if standing.releases else None,
        work=work,
        running=work is not None and work.state is WorkState.RUNNING,
        failed=say.finished(work.text) if work is not None and work.state is WorkState.FAILED else "",
        error=say.finished(error) if error else "",
        note=note,
        reason=reason,
    )


def _asked(request: web.Request) -> Period:
    try:
        return parse_period(request.match_info["period"])
    except ValueError as error:
        raise NotFound from error


def _text(value: object) -> str | None:
    """Return what was written in a field, on one line, or None if it is too long or cannot be printed."""
    if not isinstance(value, str):
        return None
    text = " ".join(value.split())
    return text if len(text) <= _LONGEST_TEXT and text.isprintable() else None
