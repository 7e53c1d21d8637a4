"""The dashboard's pages: overview, themes, trends, tables, comparison, charts, method and codebook.

Nothing here reads anything but releases.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlencode

from aiohttp import hdrs, web

from analyst.accounts.permissions import Permission
from analyst.charts.drawing import WITHHELD_NOTE, Charts, ImageType
from analyst.charts.specifications import Width
from analyst.exports.publication import localised
from analyst.figures.reference_figures import REFERENCE_FIGURES, load_reference_figures
from analyst.numerals import number, percent
from analyst.pages.assets import DashboardAssets
from analyst.pages.comparison import compared_rows, side_by_side
from analyst.pages.exhibits import Exhibit, Exhibits
from analyst.pages.selection import Selection, is_quarter, select
from analyst.pages.themes import OVERVIEW, THEME_PAGES, ThemePage, in_order
from analyst.pages.report_pages import Imprint, ReportPages
from analyst.report.document import Reports
from analyst.translation import LANGUAGES, Translator
from analyst.web.access import requires
from analyst.web.keys import CODEBOOK, LANGUAGE, RELEASED_TABLES, TRANSLATORS
from analyst.web.pages import page
from analyst.web.problems import NotFound
from analyst.web.publications import table_id
from analyst.web.rendering import Rendering
from intake_store.codebook import Codebook
from intake_store.statistics.declarations import Source
from intake_store.statistics.released import ReleasedTable
from intake_store.statistics.releases import Release

_views = requires(Permission.VIEW_TABLES)

_KEPT_BY_BROWSER: Final = "private, max-age=86400, immutable"
_CHART_TYPES: Final = {ImageType.SVG: "image/svg+xml", ImageType.PNG: "image/png"}


@dataclass(frozen=True, slots=True)
class Respondents:
    """How many responses of a population there were in the period, and in the released quarter before it."""

    label: str
    now: str
    before: str


class Dashboard:
    """Everything the pages need beside what the application's keys hold."""

    def __init__(
        self, codebook: Codebook, translators: Mapping[str, Translator], reports: Reports, imprint: Imprint
    ) -> None:
        self._assets = DashboardAssets()
        self._charts = Charts()
        references = load_reference_figures(REFERENCE_FIGURES, codebook)
        self._exhibits = Exhibits(codebook, translators, references)
        self._report = ReportPages(self._exhibits, self._charts, reports, imprint)

    def prepare(self, rendering: Rendering) -> None:
        """Give templates what every page needs; call it before the first page."""
        rendering.environment.globals.update(
            static=self._assets.addresses, theme_pages=THEME_PAGES, language_links=_language_links, other_query=()
        )

    def routes(self) -> list[web.AbstractRouteDef]:
        """Return the routes of the dashboard."""
        return [
            web.get("/", self._overview),
            web.get("/themes/{theme}", self._theme),
            web.get("/trends", self._trends),
            web.get("/tables", self._tables),
            web.get("/tables/{name}", self._table),
            web.get("/compare", self._compare),
            web.get("/compare/chart.{ending}", self._compared_chart),
            web.get("/charts/{number}/{file}", self._chart),
            web.get("/method", self._method),
            web.get("/codebook", self._codebook),
            web.get("/releases", self._releases),
            *self._report.routes(),
            *self._assets.routes(),
        ]

    @_views
    async def _overview(self, request: web.Request) -> web.Response:
        selection = await _selection(request)
        tables = {table_id(table): (table, release) for table, release in await _chosen(request, selection)}
        exhibits = [self._made(request, tables[name]) for name in OVERVIEW if name in tables]
        respondents = await self._respondents(request, selection)
        return _page(request, "overview.html", selection=selection, exhibits=exhibits, respondents=respondents)

    @_views
    async def _theme(self, request: web.Request) -> web.Response:
        theme = next((entry for entry in THEME_PAGES if entry.name == request.match_info["theme"]), None)
        if theme is None:
            raise NotFound
        selection = await _selection(request)
        found = [entry for entry in await _chosen(request, selection) if theme.holds(entry[0])]
        return self._gallery(request, selection, theme, found)

    @_views
    async def _trends(self, request: web.Request) -> web.Response:
        selection = await _selection(request)
        found = [entry for entry in await _chosen(request, selection) if entry[0].is_series]
        return self._gallery(request, selection, None, found)

    @_views
    async def _tables(self, request: web.Request) -> web.Response:
        selection = await _selection(request)
        exhibits = [self._made(request, (table, release)) for table, release in await _chosen(request, selection)]
        exhibits.sort(key=lambda exhibit: (exhibit.table.title.casefold(), exhibit.name))
        return _page(request, "tables.html", selection=selection, exhibits=exhibits)

    @_views
    async def _table(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        table, release = await _named(request, name, request.query.get("release", ""))
        others = [
            other
            for other in reversed(await request.app[RELEASED_TABLES].releases())
            if is_quarter(other) == is_quarter(release) and any(_is_named(entry, name) for entry in other.tables)
        ]
        return _page(
            request,
            "table.html",
            exhibit=self._made(request, (table, release)),
            releases=others,
            other_query=[("release", release.number)] if "release" in request.query else [],
        )

    @_views
    async def _compare(self, request: web.Request) -> web.Response:
        releases = await request.app[RELEASED_TABLES].releases()
        names = sorted({_name(entry) for release in releases for entry in release.tables})
        asked = {key: request.query.get(key, "") for key in ("table", "first", "second")}
        context: dict[str, Any] = {
            "releases": list(reversed(releases)),
            "titles": await self._titles(request, releases),
            "asked": asked,
            "other_query": [entry for entry in asked.items() if entry[1]],
            "compared": None,
            "differ": False,
        }
        if all(asked.values()):
            if asked["table"] not in names:
                raise NotFound
            found = await self._beside(request)
            if found is None:
                context["differ"] = True
            else:
                say = request.app[TRANSLATORS][request[LANGUAGE]]
                table = localised(found, say)
                context["compared"] = table
                context["chart"] = f"/compare/chart.svg?{urlencode({**asked, 'language': request[LANGUAGE]})}"
                context["rows"] = [
                    (
                        row.label,
                        [number(count, say) for count in row.counts],
                        [percent(value, say) for value in row.shares],
                        _signed(row.difference, percent(row.difference, say)),
                    )
                    for row in compared_rows(table)
                ]
                context["bases"] = [number(count, say) for count in table.base.counts] if table.base else []
        return _page(request, "compare.html", **context)

    @_views
    async def _compared_chart(self, request: web.Request) -> web.Response:
        found = await self._beside(request)
        if found is None:
            raise NotFound
        first, second = request.query["first"], request.query["second"]
        return await self._drawn(request, found, f"{first}, {second}", request.match_info["ending"])

    @_views
    async def _chart(self, request: web.Request) -> web.Response:
        name, _, ending = request.match_info["file"].rpartition(".")
        table, release = await _named(request, name, request.match_info["number"])
        return await self._drawn(request, table, release.number, ending)

    @_views
    async def _method(self, request: web.Request) -> web.Response:
        releases = await request.app[RELEASED_TABLES].releases()
        return _page(request, "method.html", newest=releases[-1] if releases else None)

    @_views
    async def _codebook(self, request: web.Request) -> web.Response:
        return _page(request, "codebook.html", codebook=request.app[CODEBOOK])

    @_views
    async def _releases(self, request: web.Request) -> web.Response:
        releases = await request.app[RELEASED_TABLES].releases()
        replaced = {release.replaces: release.number for release in releases if release.replaces}
        return _page(request, "releases.html", releases=list(reversed(releases)), replaced=replaced)

    def _made(self, request: web.Request, entry: tuple[ReleasedTable, Release]) -> Exhibit:
        return self._exhibits.of(*entry, request[LANGUAGE])

    def _gallery(
        self,
        request: web.Request,
        selection: Selection,
        theme: ThemePage | None,
        found: Sequence[tuple[ReleasedTable, Release]],
    ) -> web.Response:
        releases = {table_id(table): release for table, release in found}
        ordered = [(table, releases[table_id(table)]) for table in in_order([table for table, _ in found])]
        sections = [
            (release, [self._made(request, (table, own)) for table, own in ordered if own is release])
            for release in selection.chosen
        ]
        sections = [section for section in sections if section[1]]
        return _page(request, "gallery.html", selection=selection, theme=theme, sections=sections)

    async def _drawn(self, request: web.Request, table: ReleasedTable, release: str, ending: str) -> web.Response:
        say = request.app[TRANSLATORS][request[LANGUAGE]]
        try:
            image_type, width = ImageType(ending), Width(request.query.get("width", Width.FILE.value))
        except ValueError as error:
            raise NotFound from error
        drawn = await self._charts.draw(localised(table, say), width, image_type, say, release)
        if drawn is None:
            raise NotFound
        # Without its version an address may give another picture after the next start of the program.
        kept = _KEPT_BY_BROWSER if "v" in request.query else "private, no-cache"
        headers = {hdrs.CACHE_CONTROL: kept, hdrs.VARY: "Accept-Language, Cookie"}
        return web.Response(body=drawn, content_type=_CHART_TYPES[image_type], headers=headers)

    async def _beside(self, request: web.Request) -> ReleasedTable | None:
        """Return the two tables that a query names in one; None if they cannot be compared."""
        name, first, second = (request.query.get(key, "") for key in ("table", "first", "second"))
        found = []
        for number_ in (first, second):
            release = await request.app[RELEASED_TABLES].find(number_)
            if release is None:
                raise NotFound
            table = next((t for t in await request.app[RELEASED_TABLES].tables(release) if table_id(t) == name), None)
            if table is None:
                return None
            found.append(table)
        return side_by_side(*found)

    async def _titles(self, request: web.Request, releases: Sequence[Release]) -> list[tuple[str, str]]:
        """Return name and title of every table that can be compared, by title."""
        say = request.app[TRANSLATORS][request[LANGUAGE]]
        titles: dict[str, str] = {}
        for release in releases:
            for table in await request.app[RELEASED_TABLES].tables(release):
                name = table_id(table)
                if name not in titles and not table.is_series and table.source is not Source.SERVICE_FIGURES:
                    parts = [say.finished(table.title), say.finished(table.population_label)]
                    parts += [say.finished(table.layer[1])] if table.layer else []
                    titles[name] = " – ".join(parts)
        return sorted(titles.items(), key=lambda entry: entry[1].casefold())

    async def _respondents(self, request: web.Request, selection: Selection) -> list[Respondents]:
        say = request.app[TRANSLATORS][request[LANGUAGE]]
        if selection.quarter is None:
            return []
        earlier = [release for release in selection.quarters if release.period < selection.quarter.period]
        now = _responses(await request.app[RELEASED_TABLES].tables(selection.quarter))
        before = _responses(await request.app[RELEASED_TABLES].tables(earlier[0])) if earlier else {}
        return [
            Respondents(say.finished(label), number(figure, say), number(before[label], say) if label in before else "")
            for label, figure in now.items()
        ]


def _responses(tables: Iterable[ReleasedTable]) -> dict[str, int | None]:
    found: dict[str, int | None] = {}
    for table in tables:
        if table.source is Source.RESPONSES and not table.is_series:
            # One table may withhold what another of the same population tells.
            found[table.population_label] = found.get(table.population_label) or table.responses
    return found


def _page(request: web.Request, template: str, **context: Any) -> web.Response:
    if "other_query" not in context:
        context["other_query"] = [entry for entry in request.query.items() if entry[0] in ("quarter", "year")]
    return page(request, template, withheld_note=WITHHELD_NOTE, **context)


def _language_links(path: str, others: Sequence[tuple[str, str]]) -> list[tuple[str, str]]:
    return [(code, f"{path}?{urlencode([*others, ('language', code)])}") for code in LANGUAGES]


async def _selection(request: web.Request) -> Selection:
    selection = select(await request.app[RELEASED_TABLES].releases(), request.query)
    if selection is None:
        raise NotFound
    return selection


async def _chosen(request: web.Request, selection: Selection) -> list[tuple[ReleasedTable, Release]]:
    return [
        (table, release) for release in selection.chosen for table in await request.app[RELEASED_TABLES].tables(release)
    ]


async def _named(request: web.Request, name: str, number_: str) -> tuple[ReleasedTable, Release]:
    """Return a table of a release, or of the newest release that has it; raises `NotFound`."""
    for release in reversed(await request.app[RELEASED_TABLES].releases()):
        if number_ in ("", release.number) and any(_is_named(entry, name) for entry in release.tables):
            for table in await request.app[RELEASED_TABLES].tables(release):
                if table_id(table) == name:
                    return table, release
    raise NotFound


def _name(entry: Any) -> str:
    return ".".join(filter(None, [entry.name, entry.population, entry.layer]))


def _is_named(entry: Any, name: str) -> bool:
    return _name(entry) == name


def _signed(difference: float | None, text: str) -> str:
    if difference is None:
        return text
    return (
        f"+{text}"
        if difference >= 0.05
        else text.replace("-", "\N{MINUS SIGN}")
        if difference <= -0.05
        else text.lstrip("-")
    )
