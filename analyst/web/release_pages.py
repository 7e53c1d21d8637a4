"""Release work: preview a period, read its tables, check them, and release it or a revision of it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final, Protocol

from aiohttp import web

from analyst.accounts.audit import AuditEvent
from analyst.accounts.permissions import Permission
from analyst.charts.drawing import WITHHELD_NOTE
from analyst.numerals import number, percent
from analyst.period_names import period_name
from analyst.release_work.summaries import PreviewSummary, TableSummary
from analyst.release_work.work import ALTERED, PeriodStanding, Work, WorkBusy, WorkState
from analyst.translation import Translator, message
from analyst.web.access import form_on, requires
from analyst.web.keys import ACCOUNTS, LANGUAGE, RELEASE_WORK, SESSION, TRANSLATORS
from analyst.web.pages import field, page, see_other
from analyst.web.problems import NotFound
from intake_store.periods import Period, parse_period
from intake_store.statistics.changes import Statement
from intake_store.statistics.declarations import Source
from intake_store.statistics.released import ReleasedTable
from intake_store.statistics.releases import ReleaseError, Verification
from intake_store.submission.errors import IntakeStoreError

_LIST: Final = "/desk/releases"
_CHECK: Final = "/desk/releases/check"
_FORM: Final = "/desk/releases/{period}"
_LONGEST_TEXT: Final = 500

STATES: Final = {
    WorkState.RUNNING: message("being made"),
    WorkState.PREVIEWED: message("previewed"),
    WorkState.RELEASED: message("released"),
    WorkState.CHECKED: message("checked"),
    WorkState.FAILED: message("failed"),
}

STATEMENTS: Final = {
    Statement.TITLE: message("title"),
    Statement.LABELS: message("names of categories"),
    Statement.UNIT: message("unit of count"),
    Statement.BASE: message("base"),
    Statement.NOTES: message("notes"),
    Statement.METHOD_TEXT: message("description of the method"),
    Statement.METHOD: message("method"),
    Statement.THRESHOLD: message("threshold"),
    Statement.ROUNDING: message("rounding"),
    Statement.NOISE: message("noise"),
    Statement.SPLIT: message("what it is split by"),
    Statement.CATEGORIES: message("categories"),
    Statement.SYNTHETIC: message("made-up responses"),
}
"""What a table says besides its figures, as a list of changes names it."""

TOO_LONG: Final = message("A note or a reason has at most 500 characters, all of them printable.")


class Drafts(Protocol):
    """What shows a table that is not released as it would be shown then; it keeps nothing of it."""

    def __call__(self, table: ReleasedTable, language: str) -> Any:
        """Return what the templates of released tables show."""
        ...


DRAFTS: Final = web.AppKey("drafts", Drafts)


class StepState(StrEnum):
    """How far a step of the work is."""

    DONE = "done"
    NOW = "now"
    WAITS = "waits"
    STOPPED = "stopped"


STEP_STATES: Final = {
    StepState.DONE: message("Done"),
    StepState.NOW: message("To do"),
    StepState.WAITS: message("Waits"),
    StepState.STOPPED: message("Stopped"),
}


@dataclass(frozen=True, slots=True)
class Step:
    """A step of the work: how far it is, and what it says or waits for."""

    name: str
    state: StepState
    text: str


def routes() -> list[web.AbstractRouteDef]:
    """Return the routes of release work."""
    return [
        web.get(_LIST, _periods),
        web.get(_CHECK, _check),
        web.post(f"{_CHECK}/attack", _attack),
        web.get(_FORM, _period),
        web.get(f"{_FORM}/tables/{{table}}", _table),
        web.post(f"{_FORM}/preview", _preview),
        web.post(f"{_FORM}/release", _release),
    ]


@requires(Permission.PREVIEW)
async def _periods(request: web.Request) -> web.Response:
    work, say = request.app[RELEASE_WORK], _say(request)
    standings: Sequence[PeriodStanding] = ()
    verified, problem = await work.verified(), ""
    try:
        standings = await work.standings()
    except ReleaseError as error:
        problem = say.finished(str(error))
    missing = await _missing(request)
    return page(
        request,
        "release_periods.html",
        status=503 if problem else 200,
        standings=[(standing, _standing(standing, say)) for standing in standings],
        verified=verified,
        missing=say.finished(missing) if missing else "",
        problem=problem,
        period_name=period_name,
    )


@requires(Permission.PREVIEW)
async def _check(request: web.Request) -> web.Response:
    return await _check_page(request)


@requires(Permission.PREVIEW)
@form_on(_CHECK)
async def _attack(request: web.Request) -> web.Response:
    try:
        await request.app[RELEASE_WORK].start_check(request[SESSION].account.name)
    except WorkBusy as error:
        return await _check_page(request, str(error))
    return see_other(_CHECK)


@requires(Permission.PREVIEW)
async def _period(request: web.Request) -> web.Response:
    return await _period_page(request)


@requires(Permission.PREVIEW)
async def _table(request: web.Request) -> web.Response:
    period, wanted = _asked(request), request.match_info["table"]
    work = request.app[RELEASE_WORK].work_on(period)
    preview = work.preview if work is not None else None
    summary = preview.find(wanted) if preview is not None else None
    if preview is None or summary is None:
        # The preview went with a release, or with a start of the program; the period's page says how to make one.
        return see_other(f"{_LIST}/{period}")
    by = request[SESSION].account.name
    await request.app[ACCOUNTS].audit.record(by, AuditEvent.PREVIEWED, f"{period} {wanted}")
    ids = [entry.id for entry in preview.tables]
    place = ids.index(wanted)
    say = _say(request)
    return page(
        request,
        "release_table.html",
        period=str(period),
        work=work,
        preview=preview,
        summary=summary,
        exhibit=request.app[DRAFTS](summary.table, request[LANGUAGE]),
        remarks=_remarks(summary, say),
        withheld_note=WITHHELD_NOTE,
        place=place + 1,
        before=ids[place - 1] if place else "",
        after=ids[place + 1] if place + 1 < len(ids) else "",
        **_writing(say),
    )


@requires(Permission.PREVIEW)
@form_on(_FORM)
async def _preview(request: web.Request) -> web.Response:
    period, work = _asked(request), request.app[RELEASE_WORK]
    try:
        await work.start_preview(period, request[SESSION].account.name)
    except WorkBusy as error:
        return await _period_page(request, str(error))
    return see_other(f"{_LIST}/{period}")


@requires(Permission.RELEASE, step_up=True)
@form_on(_FORM)
async def _release(request: web.Request) -> web.Response:
    period, work = _asked(request), request.app[RELEASE_WORK]
    form = await request.post()
    note, reason = _text(form.get("note", "")), _text(form.get("reason", ""))
    if note is None or reason is None:
        return await _period_page(request, TOO_LONG)
    by, seen, previewed = request[SESSION].account.name, field(form, "seen", 40), field(form, "previewed", 64)
    try:
        await work.start_release(period, by, seen, note, reason, previewed)
    except (WorkBusy, ReleaseError) as error:
        return await _period_page(request, str(error), note=note, reason=reason)
    return see_other(f"{_LIST}/{period}")


async def _period_page(request: web.Request, error: str = "", *, note: str = "", reason: str = "") -> web.Response:
    say, release_work = _say(request), request.app[RELEASE_WORK]
    standing = await release_work.standing(_asked(request))
    verified = await release_work.verified()
    work, missing = standing.work, await _missing(request)
    preview = work.preview if work is not None else None
    return page(
        request,
        "release_period.html",
        status=409 if error else 200,
        standing=standing,
        newest=standing.releases[-1] if standing.releases else None,
        altered={problem.release: say.finished(problem.text) for problem in verified.problems},
        verified=verified,
        work=work,
        preview=preview,
        running=work is not None and work.state is WorkState.RUNNING,
        steps=[*_steps(standing, missing, verified, request[SESSION].may(Permission.RELEASE), say)],
        step_states=STEP_STATES,
        remarks={entry.id: _remarks(entry, say) for entry in preview.tables} if preview is not None else {},
        statements=STATEMENTS,
        missing=say.finished(missing) if missing else "",
        failed=say.finished(work.text) if work is not None and work.state is WorkState.FAILED else "",
        error=say.finished(error) if error else "",
        note=note,
        reason=reason,
        **_writing(say),
    )


async def _check_page(request: web.Request, error: str = "") -> web.Response:
    say, release_work = _say(request), request.app[RELEASE_WORK]
    work, verified = release_work.check, await release_work.verified()
    return page(
        request,
        "release_check.html",
        status=409 if error else 200,
        verified=verified,
        problems=[say.finished(problem.text) for problem in verified.problems],
        work=work,
        published=work.published if work is not None else None,
        running=work is not None and work.state is WorkState.RUNNING,
        failed=say.finished(work.text) if work is not None and work.state is WorkState.FAILED else "",
        error=say.finished(error) if error else "",
        **_writing(say),
    )


# -- How far it is ----------------------------------------------------------------------------------------------------


def _steps(
    standing: PeriodStanding, missing: str, verified: Verification, may_release: bool, say: Translator
) -> Iterator[Step]:
    work = standing.work
    preview = work.preview if work is not None else None
    running = work is not None and work.state is WorkState.RUNNING
    if standing.releases and preview is None and not running:
        closed = message("The period is released. Responses that are loaded now change nothing in it.")
        yield Step(say(message("Load the responses")), StepState.DONE, say(closed))
        revising = say(message("For a revision only."))
        yield Step(say(message("Make a preview")), StepState.WAITS, revising)
        yield Step(say(message("Check it")), StepState.WAITS, revising)
    else:
        yield Step(say(message("Load the responses")), *_loading(preview, missing, say))
        yield Step(say(message("Make a preview")), *_previewing(work, missing, say))
        yield Step(say(message("Check it")), *_checking(preview, say))
    yield Step(say(message("Release it")), *_releasing(standing, verified, may_release, say))


def _loading(preview: PreviewSummary | None, missing: str, say: Translator) -> tuple[StepState, str]:
    if missing:
        return StepState.STOPPED, say.finished(missing)
    if preview is None:
        text = message(
            "Whoever holds the private key runs `fyren responses load` on this machine. The preview tells how many"
            " there are."
        )
        return StepState.NOW, say(text)
    if preview.is_empty:
        text = message(
            "There are too few responses of this period for any table. If you expected more, they have not been"
            " loaded: whoever holds the private key runs `fyren responses load`. Then make the preview anew."
        )
        return StepState.STOPPED, say(text)
    return StepState.DONE, say(message("Responses of this period are in the warehouse."))


def _previewing(work: Work | None, missing: str, say: Translator) -> tuple[StepState, str]:
    if work is not None and work.state is WorkState.RUNNING and not work.releases:
        return StepState.NOW, say(message("The tables are being made."))
    if work is not None and work.preview is not None:
        made = say(message("Made at {time} (UTC) by {name}."))
        return StepState.DONE, made.format(time=work.begun.strftime("%Y-%m-%d %H:%M"), name=work.by)
    if missing:
        return StepState.WAITS, say(message("It needs the warehouse."))
    return StepState.NOW, say(message("It shows every table as it would be published, and publishes nothing."))


def _checking(preview: PreviewSummary | None, say: Translator) -> tuple[StepState, str]:
    if preview is None:
        return StepState.WAITS, say(message("First make a preview."))
    if not preview.attack.is_safe:
        text = message("Withheld figures could be worked out too closely. Tell those who look after the tables.")
        return StepState.STOPPED, say(text)
    if preview.changes is not None and preview.changes.strong:
        text = message("No withheld figure gives way. Look why the number of responses moved by more than a third.")
        return StepState.NOW, say(text)
    return StepState.NOW, say(message("No withheld figure gives way. Read what changed, and the tables."))


def _releasing(
    standing: PeriodStanding, verified: Verification, may_release: bool, say: Translator
) -> tuple[StepState, str]:
    work = standing.work
    preview = work.preview if work is not None else None
    if not verified.is_unchanged:
        return StepState.STOPPED, say(ALTERED)
    if not standing.has_ended:
        ends = say(message("The period ends on {date}. Until then its figures change, so they cannot be released."))
        return StepState.WAITS, ends.format(date=standing.ends_on.isoformat())
    if standing.missing:
        quarters = say(message("First release the quarters of the year: {quarters}."))
        return StepState.WAITS, quarters.format(quarters=", ".join(standing.missing))
    if preview is None and standing.releases:
        newest = standing.releases[-1]
        text = say(message("Released as {number} on {date}. A revision begins with a new preview."))
        return StepState.DONE, text.format(number=newest.number, date=newest.released_on.isoformat())
    if preview is None:
        return StepState.WAITS, say(message("First make a preview."))
    if not preview.attack.is_safe:
        return StepState.STOPPED, say(message("What gives a withheld figure away is not released."))
    if not may_release:
        return StepState.WAITS, say(message("Somebody with the role of releaser does this."))
    if standing.releases:
        return StepState.NOW, say(message("It becomes a revision, and needs a reason."))
    return StepState.NOW, say(message("Ready to be released."))


def _standing(standing: PeriodStanding, say: Translator) -> str:
    """Return in a few words how a period stands and what is next."""
    work = standing.work
    if work is not None and work.state is not WorkState.RELEASED:
        return say(STATES[work.state])
    if not standing.has_ended:
        return say(message("ends on {date}")).format(date=standing.ends_on.isoformat())
    if standing.releases:
        return say(message("released"))
    if standing.missing:
        return say(message("waits for {quarters}")).format(quarters=", ".join(standing.missing))
    return say(message("to be released"))


# -- What is said of tables -------------------------------------------------------------------------------------------

_TOO_SMALL: Final = {
    Source.RESPONSES: message("Withheld as a whole: fewer than {threshold} responses answered the question."),
    Source.USAGE: message("Withheld as a whole: fewer than {threshold} events."),
    Source.SUPPLY: message("Withheld as a whole: there is no table of needs by county."),
    Source.SERVICE_FIGURES: message("Withheld as a whole: fewer than three services reported."),
}


def _remarks(summary: TableSummary, say: Translator) -> list[str]:
    """Return what is worth knowing of a table besides its numbers."""
    table, found = summary.table, []
    if table.withheld:
        found.append(say(_TOO_SMALL[table.source]).format(threshold=table.threshold))
    if table.split_withheld:
        text = say(message("Columns left out ({columns}): too few responses to split them."))
        found.append(text.format(columns=say.finished(table.column_label or "")))
    if summary.change is not None and summary.change.statements:
        names = ", ".join(say(STATEMENTS[statement]) for statement in summary.change.statements)
        found.append(say(message("Changed besides figures: {names}.")).format(names=names))
    return found


def _writing(say: Translator) -> dict[str, Any]:
    """Return how templates write numbers and periods."""
    return {
        "period_name": period_name,
        "number": lambda figure: number(figure, say),
        "percent": lambda share: "–" if share is None else percent(share, say),
        "signed": lambda value: f"{'+' if value > 0 else '−'}{percent(abs(value), say)}",
    }


def _say(request: web.Request) -> Translator:
    return request.app[TRANSLATORS][request[LANGUAGE]]


async def _missing(request: web.Request) -> str:
    try:
        return await request.app[RELEASE_WORK].missing()
    except IntakeStoreError as error:
        return str(error)


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
