"""The quarterly report as a page and as PDF: the same content in the same order, with numbered figures and tables."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlencode

from aiohttp import ETag, hdrs, web

from analyst.accounts.permissions import Permission
from analyst.charts.drawing import WITHHELD_NOTE, Charts, ImageType
from analyst.charts.kinds import ChartKind
from analyst.charts.specifications import Width
from analyst.exports.publication import localised
from analyst.numerals import number
from analyst.pages.exhibits import Exhibit, Exhibits
from analyst.pages.selection import Selection, select
from analyst.period_names import period_name
from analyst.report.contents import Chapter, Entry, report_chapters
from analyst.report.document import ReportError, Reports
from analyst.report.margins import Margins, margin_style
from analyst.report.short_tables import PrintedTable, ShortTable, printed, shortened
from analyst.report.summary import NOT_COUNTED, Answers, KeyFigure, answers, key_figures
from analyst.translation import Translator, message
from analyst.web.access import requires
from analyst.web.headers import ALWAYS_ASKED
from analyst.web.keys import LANGUAGE, RELEASED_TABLES, TRANSLATORS
from analyst.web.pages import page
from analyst.web.problems import NotFound
from analyst.web.publications import table_id
from intake_store.statistics.declarations import Source
from intake_store.statistics.released import ReleasedTable
from intake_store.statistics.releases import Release

_views = requires(Permission.VIEW_TABLES)

TITLE: Final = message("Needs and experience of people who sell or buy sex")
_BESIDE: Final = frozenset({ChartKind.BARS, ChartKind.TILES})
_MOST_BESIDE: Final = 3
_KEPT_BY_BROWSER: Final = "private, max-age=86400, immutable"


@dataclass(frozen=True, slots=True)
class Imprint:
    """Who publishes the report, and where it says that more can be found; what is empty is not said."""

    organization: str = ""
    contact: str = ""
    licence: str = ""
    address: str = ""


@dataclass(frozen=True, slots=True)
class ReportPart:
    """A table of the report: what is shown of it, and its numbers; `figure` or `number` is None where there is none."""

    exhibit: Exhibit
    short: ShortTable
    printed: PrintedTable
    notes: tuple[str, ...]
    facts: tuple[str, ...]
    figure: int | None
    number: int | None

    @property
    def width(self) -> Width:
        """How wide its chart is in print: bars leave room for the table beside them."""
        is_narrow = len(self.printed.heads[-1]) <= _MOST_BESIDE
        return Width.COLUMN if is_narrow and self.exhibit.kind in _BESIDE else Width.WIDE

    @property
    def name(self) -> str:
        """What a link within the report names it by."""
        return self.exhibit.name

    def chart(self, width: str) -> str:
        """Return the address of its chart, which changes with the table."""
        query = urlencode({"width": width, "language": self.exhibit.language, "v": self.exhibit.version})
        return f"/report/charts/{self.exhibit.release.number}/{self.exhibit.name}.svg?{query}"


@dataclass(frozen=True, slots=True)
class ReportChapter:
    """A chapter with its parts, and the tables that are withheld as a whole."""

    chapter: Chapter
    parts: tuple[ReportPart, ...]
    withheld: tuple[Exhibit, ...]


@dataclass(frozen=True, slots=True)
class QuarterlyReport:
    """Everything that stands in a report, in its language."""

    chapters: tuple[ReportChapter, ...]
    key_figures: tuple[KeyFigure, ...]
    periods: tuple[str, ...]
    answers: tuple[Answers, ...]
    answer_periods: tuple[str, ...]
    revisions: tuple[Release, ...]
    table_count: int

    @property
    def has_gaps(self) -> bool:
        """Whether a population is not counted in every period."""
        return any(NOT_COUNTED in entry.figures for entry in self.answers)

    @property
    def parts(self) -> tuple[ReportPart, ...]:
        """All parts, in the order of their numbers."""
        return tuple(part for chapter in self.chapters for part in chapter.parts)


class ReportPages:
    """Handlers of the report."""

    def __init__(self, exhibits: Exhibits, charts: Charts, reports: Reports, imprint: Imprint) -> None:
        self._exhibits = exhibits
        self._charts = charts
        self._reports = reports
        self._imprint = imprint

    def routes(self) -> list[web.AbstractRouteDef]:
        """Return the routes of the report."""
        return [
            web.get("/report", self._page),
            web.get("/report.pdf", self._file),
            web.get("/report/charts/{number}/{file}", self._chart),
        ]

    @_views
    async def _page(self, request: web.Request) -> web.Response:
        selection = await _selection(request)
        return self._shown(request, "report.html", selection, await self._report(request, selection))

    @_views
    async def _file(self, request: web.Request) -> web.Response:
        selection = await _selection(request)
        if not selection.chosen:
            raise NotFound(message("Nothing has been released yet, so there is no report."))
        language = request[LANGUAGE]
        say = request.app[TRANSLATORS][language]
        report = await self._report(request, selection)
        shown = self._shown(request, "report_print.html", selection, report).text or ""
        numbers = ", ".join(release.number for release in selection.chosen)
        margins = Margins(
            heading=say(message("Quarterly report, {period}")).format(period=report.periods[0]),
            release=say(message("Release {numbers}")).format(numbers=numbers),
            sign=say(message("Released figures; .. = withheld")),
            page=say(message("Page {page} of {pages}")),
            mark=say(message("SYNTHETIC DATA: made-up responses")) if _is_synthetic(selection) else "",
        )
        style = margin_style(margins)
        tag = ETag(self._reports.name(shown, style))
        headers = {
            hdrs.CACHE_CONTROL: ALWAYS_ASKED,
            hdrs.CONTENT_LANGUAGE: language,
            hdrs.VARY: "Accept-Language, Cookie",
        }
        if any(known.value in (tag.value, "*") for known in request.if_none_match or ()):
            response = web.Response(status=304, headers=headers)
            response.etag = tag
            return response

        async def pictures() -> Mapping[str, str]:
            return {
                part.chart(part.width.value): await self._drawing(part, say)
                for part in report.parts
                if part.figure is not None
            }

        try:
            content = await self._reports.pdf(shown, style, pictures)
        except ReportError:
            return self._shown(request, "report_failed.html", selection, report, status=503)
        name = f"fyren-{'-'.join(release.number for release in selection.chosen)}-{language}.pdf"
        headers[hdrs.CONTENT_DISPOSITION] = f'attachment; filename="{name}"'
        response = web.Response(body=content, content_type="application/pdf", headers=headers)
        response.etag = tag
        return response

    @_views
    async def _chart(self, request: web.Request) -> web.Response:
        name, _, ending = request.match_info["file"].rpartition(".")
        try:
            width = Width(request.query.get("width", Width.WIDE.value))
        except ValueError as error:
            raise NotFound from error
        release = await request.app[RELEASED_TABLES].find(request.match_info["number"])
        if release is None or ending != "svg":
            raise NotFound
        tables = await request.app[RELEASED_TABLES].tables(release)
        table = next((entry for entry in tables if table_id(entry) == name), None)
        if table is None:
            raise NotFound
        say = request.app[TRANSLATORS][request[LANGUAGE]]
        short = shortened(localised(table, say)).table
        drawn = await self._charts.draw(short, width, ImageType.SVG, say, release.number)
        if drawn is None:
            raise NotFound
        # Without its version an address may give another picture after the next start of the program.
        kept = _KEPT_BY_BROWSER if "v" in request.query else "private, no-cache"
        headers = {hdrs.CACHE_CONTROL: kept, hdrs.VARY: "Accept-Language, Cookie"}
        return web.Response(body=drawn, content_type="image/svg+xml", headers=headers)

    async def _drawing(self, part: ReportPart, say: Translator) -> str:
        number_ = part.exhibit.release.number
        drawn = await self._charts.draw(part.short.table, part.width, ImageType.SVG, say, number_)
        return (drawn or b"").decode()

    def _shown(
        self, request: web.Request, template: str, selection: Selection, report: QuarterlyReport, status: int = 200
    ) -> web.Response:
        return page(
            request,
            template,
            status=status,
            selection=selection,
            report=report,
            imprint=self._imprint,
            printed=template == "report_print.html",
            synthetic=_is_synthetic(selection),
            report_title=TITLE,
            withheld_note=WITHHELD_NOTE,
            other_query=[entry for entry in request.query.items() if entry[0] in ("quarter", "year")],
        )

    async def _report(self, request: web.Request, selection: Selection) -> QuarterlyReport:
        tables = request.app[RELEASED_TABLES]
        say = request.app[TRANSLATORS][request[LANGUAGE]]
        entries = [(table, release) for release in selection.chosen for table in await tables.tables(release)]
        compared = _compared(selection)
        counted = [await tables.tables(release) for release in compared]
        periods = {release.period for release in selection.chosen}
        return QuarterlyReport(
            chapters=tuple(self._chapters(entries, say)),
            key_figures=tuple(
                key_figures(
                    (self._exhibits.of(table, release, say.language).table for table, release in entries),
                    {period: period_name(period, say) for period in periods},
                    say,
                )
            ),
            periods=tuple(period_name(release.period, say) for release in selection.chosen),
            answers=tuple(answers(counted, say)),
            answer_periods=tuple(period_name(release.period, say) for release in compared),
            revisions=tuple(
                release for release in (*selection.quarters, *selection.years) if release.period in periods
            ),
            table_count=len(entries),
        )

    def _chapters(self, entries: Sequence[Entry], say: Translator) -> Iterator[ReportChapter]:
        figures = tables = 0
        for chapter, chosen in report_chapters(entries):
            parts: list[ReportPart] = []
            withheld: list[Exhibit] = []
            told: set[str] = set()
            for table, release in chosen:
                exhibit = self._exhibits.of(table, release, say.language)
                if exhibit.kind is ChartKind.NONE:
                    withheld.append(exhibit)
                    continue
                short = shortened(exhibit.table)
                shown = printed(short.table, say)
                has_figure = not shown.wide
                figures, tables = figures + has_figure, tables + 1
                notes = tuple(note for note in exhibit.table.notes if note not in told)
                told.update(notes)
                part = ReportPart(
                    exhibit,
                    short,
                    shown,
                    notes,
                    tuple(_facts(exhibit.table, say)),
                    figures if has_figure else None,
                    tables,
                )
                parts.append(part)
            yield ReportChapter(chapter, tuple(parts), tuple(withheld))


def _facts(table: ReleasedTable, say: Translator) -> Iterator[str]:
    """Yield how many did not answer, in the total or in the last quarter of a series, and how many there were."""
    for row in table.non_response:
        if row.counts:
            yield f"{row.label}: {number(row.counts[-1], say)}."
    if table.source is Source.RESPONSES and not table.is_series:
        yield f"{say('All responses')}: {number(table.responses, say)}."


def _compared(selection: Selection) -> list[Release]:
    """Return the releases whose responses stand beside each other: the quarter, the one before, and the year."""
    found = [selection.quarter] if selection.quarter is not None else []
    if selection.quarter is not None:
        found += [release for release in selection.quarters if release.period < selection.quarter.period][:1]
    return [*found, *([selection.year] if selection.year is not None else [])]


def _is_synthetic(selection: Selection) -> bool:
    return any(release.synthetic for release in selection.chosen)


async def _selection(request: web.Request) -> Selection:
    selection = select(await request.app[RELEASED_TABLES].releases(), request.query)
    if selection is None:
        raise NotFound
    return selection
