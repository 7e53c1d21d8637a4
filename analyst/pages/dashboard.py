"""The dashboard's pages: overview, themes, trends, tables, comparison, charts, method and codebook.

Nothing here reads anything but releases.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
from analyst.pages.comparison import compared_rows, largest_difference, reservations, side_by_side
from analyst.pages.exhibits import Exhibit, Exhibits, plain_title
from analyst.pages.geography import PAGE as GEOGRAPHY_PAGE
from analyst.pages.geography import geography
from analyst.pages.key_figures import Tile, cards, tiles
from analyst.pages.report_pages import Imprint, ReportPages
from analyst.pages.selection import Selection, is_quarter, select
from analyst.pages.table_index import TableIndex, searched, sorting_key
from analyst.pages.themes import THEME_PAGES, ThemePage, in_order
from analyst.pages.variable_guide import VariableEntry, found_entries, missing_answers, variable_entries
from analyst.period_names import period_name
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
_MOST_ON_PAPER: Final = 7
"""How many columns, each with counts and shares, a sheet of A4 holds."""

_CHART_TYPES: Final = {ImageType.SVG: "image/svg+xml", ImageType.PNG: "image/png"}


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
        self._index = TableIndex(self._exhibits, translators)
        self._variables: dict[str, list[VariableEntry]] = {}

    def draft(self, table: ReleasedTable, language: str) -> Exhibit:
        """Return what a page shows of a table that is not released."""
        return self._exhibits.draft(table, language)

    def prepare(self, rendering: Rendering) -> None:
        """Give templates what every page needs; call it before the first page."""
        rendering.environment.globals.update(
            static=self._assets.addresses,
            theme_pages=THEME_PAGES,
            language_links=_language_links,
            other_query=(),
            most_on_paper=_MOST_ON_PAPER,
            period_name=period_name,
            plain_title=plain_title,
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
        say = request.app[TRANSLATORS][request[LANGUAGE]]
        selection = await _selection(request)
        exhibits = {table_id(entry[0]): self._made(request, entry) for entry in await _chosen(request, selection)}
        counted: dict[str, list[Tile]] = {}
        for kind, release in (("quarter", selection.quarter), ("year", selection.year)):
            if release is not None:
                before = selection.before(release)
                counted[kind] = tiles(
                    await request.app[RELEASED_TABLES].tables(release),
                    await request.app[RELEASED_TABLES].tables(before) if before else None,
                    request.app[CODEBOOK],
                    say,
                )
        # Whoever is counted each quarter need not be counted by year as well.
        quarterly = {tile.label for tile in counted.get("quarter", ())}
        return _page(
            request,
            "overview.html",
            selection=selection,
            tiles=counted.get("quarter", []),
            yearly_tiles=[tile for tile in counted.get("year", []) if tile.label not in quarterly],
            cards=cards(exhibits, request.app[CODEBOOK], say) if exhibits else [],
        )

    @_views
    async def _theme(self, request: web.Request) -> web.Response:
        theme = next((entry for entry in THEME_PAGES if entry.name == request.match_info["theme"]), None)
        if theme is None:
            raise NotFound
        selection = await _selection(request)
        found = [entry for entry in await _chosen(request, selection) if theme.holds(entry[0])]
        if theme.name == GEOGRAPHY_PAGE:
            return self._geography(request, selection, theme, found)
        return self._gallery(request, selection, theme, found)

    def _geography(
        self,
        request: web.Request,
        selection: Selection,
        theme: ThemePage,
        found: Sequence[tuple[ReleasedTable, Release]],
    ) -> web.Response:
        exhibits = [self._made(request, entry) for entry in found]
        places = geography(exhibits, request.query, request.app[TRANSLATORS][request[LANGUAGE]])
        kept = [entry for entry in request.query.items() if entry[0] in ("quarter", "year", "need", "county")]
        return _page(request, "geography.html", selection=selection, theme=theme, places=places, other_query=kept)

    @_views
    async def _trends(self, request: web.Request) -> web.Response:
        selection = await _selection(request)
        found = [entry for entry in await _chosen(request, selection) if entry[0].is_series]
        return self._gallery(request, selection, None, found)

    @_views
    async def _tables(self, request: web.Request) -> web.Response:
        selection = await _selection(request)
        listed = [
            entry
            for release in selection.chosen
            for entry in self._index.of(release, await request.app[RELEASED_TABLES].tables(release), request[LANGUAGE])
        ]
        populations = {entry.exhibit.table.population: entry.exhibit.table.population_label for entry in listed}
        asked = {key: request.query.get(key, "") for key in ("q", "population", "theme")}
        found = searched(listed, asked["q"], asked["population"], asked["theme"])
        groups = [(page_, [entry for entry in found if entry.theme is page_]) for page_ in (*THEME_PAGES, None)]
        return _page(
            request,
            "tables.html",
            selection=selection,
            asked=asked,
            groups=[group for group in groups if group[1]],
            number=len(found),
            all=len(listed),
            populations=sorted(
                ((code, label) for code, label in populations.items() if code), key=lambda entry: sorting_key(entry[1])
            ),
            other_query=[entry for entry in request.query.items() if entry[0] in (*asked, "quarter", "year")],
        )

    @_views
    async def _table(self, request: web.Request) -> web.Response:
        name = request.match_info["name"]
        table, release = await _named(request, name, request.query.get("release", ""))
        others = [
            other
            for other in reversed(await request.app[RELEASED_TABLES].releases())
            if is_quarter(other) == is_quarter(release) and any(_is_named(entry, name) for entry in other.tables)
        ]
        siblings = [
            self._made(request, (other, release))
            for other in await request.app[RELEASED_TABLES].tables(release)
            if other.name == table.name and table_id(other) != name
        ]
        newer = next((other for other in others if other.replaces == release.number), None)
        return _page(
            request,
            "table.html",
            exhibit=self._made(request, (table, release)),
            theme=next((page_ for page_ in THEME_PAGES if page_.holds(table)), None),
            releases=others,
            newer=newer,
            siblings=siblings,
            has_variable=table.row_variable in request.app[CODEBOOK].variables,
            before=next((other for other in others if other.period < release.period), None),
            other_query=[("release", release.number)] if "release" in request.query else [],
        )

    @_views
    async def _compare(self, request: web.Request) -> web.Response:
        releases = await request.app[RELEASED_TABLES].releases()
        asked = {key: request.query.get(key, "") for key in ("table", "first", "second")}
        titles = await self._titles(request, releases)
        if asked["table"] and asked["table"] not in {_name(entry) for release in releases for entry in release.tables}:
            raise NotFound
        offered = [
            release
            for release in reversed(releases)
            if any(_is_named(entry, asked["table"]) for entry in release.tables)
        ]
        context: dict[str, Any] = {
            "releases": releases,
            "offered": offered,
            "titles": titles,
            "asked": asked,
            "other_query": [entry for entry in asked.items() if entry[1]],
            "compared": None,
            "differ": False,
            "synthetic": False,
        }
        if all(asked.values()):
            context.update(await self._compared(request, asked))
        return _page(request, "compare.html", **context)

    async def _compared(self, request: web.Request, asked: Mapping[str, str]) -> dict[str, Any]:
        say = request.app[TRANSLATORS][request[LANGUAGE]]
        parts = await _parts(request)
        found = side_by_side(parts[0][0], parts[1][0]) if len(parts) == 2 else None
        if found is None:
            return {"differ": True}
        table = localised(found, say)
        return {
            "compared": table,
            "heading": plain_title(found, say),
            "synthetic": found.synthetic,
            "parts": [release for _, release in parts],
            "reservations": list(reservations(parts[0], parts[1], say)),
            "finding": largest_difference(table, say),
            "chart": f"/compare/chart.svg?{urlencode({**asked, 'language': request[LANGUAGE]})}",
            "rows": [
                (
                    row.label,
                    [number(count, say) for count in row.counts],
                    [percent(value, say) for value in row.shares],
                    _signed(row.difference, percent(row.difference, say)),
                )
                for row in compared_rows(table)
            ],
            "bases": [number(count, say) for count in table.base.counts] if table.base else [],
        }

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
        say = request.app[TRANSLATORS][request[LANGUAGE]]
        codebook = request.app[CODEBOOK]
        asked = request.query.get("q", "")
        opened = request.query.get("variable", "")
        if request[LANGUAGE] not in self._variables:
            self._variables[request[LANGUAGE]] = list(
                variable_entries(codebook, say, request.app[TRANSLATORS].values())
            )
        entries = self._variables[request[LANGUAGE]]
        found = found_entries(entries, asked)
        return _page(
            request,
            "codebook.html",
            codebook=codebook,
            entries=found,
            all=len(entries),
            asked=asked,
            opened=opened,
            missing=lambda variable: missing_answers(variable, say),
            tables=await self._tables_by_variable(request),
            other_query=[entry for entry in (("q", asked), ("variable", opened)) if entry[1]],
        )

    async def _tables_by_variable(self, request: web.Request) -> dict[str, list[Exhibit]]:
        """Return the newest release of each table that counts a variable, by the variable's name."""
        found: dict[str, dict[str, Exhibit]] = {}
        for release in reversed(await request.app[RELEASED_TABLES].releases()):
            for table in await request.app[RELEASED_TABLES].tables(release):
                if table.source is Source.RESPONSES:
                    for name in {table.row_variable, table.column_variable or table.row_variable}:
                        tables = found.setdefault(name, {})
                        if table_id(table) not in tables:
                            tables[table_id(table)] = self._made(request, (table, release))
        return {
            name: sorted(tables.values(), key=lambda exhibit: (sorting_key(exhibit.title), exhibit.scope))
            for name, tables in found.items()
        }

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
        parts = await _parts(request)
        return side_by_side(parts[0][0], parts[1][0]) if len(parts) == 2 else None

    async def _titles(self, request: web.Request, releases: Sequence[Release]) -> list[tuple[str, str]]:
        """Return name and title of every table that can be compared, by title."""
        say = request.app[TRANSLATORS][request[LANGUAGE]]
        titles: dict[str, str] = {}
        for release in releases:
            for table in await request.app[RELEASED_TABLES].tables(release):
                name = table_id(table)
                if name not in titles and not table.is_series and table.source is not Source.SERVICE_FIGURES:
                    parts = [plain_title(table, say), say.finished(table.population_label)]
                    parts += [say.finished(table.layer[1])] if table.layer else []
                    titles[name] = " – ".join(parts)
        return sorted(titles.items(), key=lambda entry: sorting_key(entry[1]))


def _page(request: web.Request, template: str, **context: Any) -> web.Response:
    if "other_query" not in context:
        context["other_query"] = [entry for entry in request.query.items() if entry[0] in ("quarter", "year")]
    if "synthetic" not in context:
        shown = context.get("selection") or context.get("exhibit")
        context["synthetic"] = shown is not None and shown.synthetic
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


async def _parts(request: web.Request) -> list[tuple[ReleasedTable, Release]]:
    """Return the table of a query in the two releases that it names, as far as they have it; raises `NotFound`."""
    found: list[tuple[ReleasedTable, Release]] = []
    for key in ("first", "second"):
        release = await request.app[RELEASED_TABLES].find(request.query.get(key, ""))
        if release is None:
            raise NotFound
        tables = await request.app[RELEASED_TABLES].tables(release)
        found.extend((table, release) for table in tables if table_id(table) == request.query.get("table", ""))
    return found


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
