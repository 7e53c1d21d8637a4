"""The dashboard on its own, without logins: what is shown is the same, and so is what may be loaded."""

from __future__ import annotations

from pathlib import Path

from aiohttp import web

from analyst.pages.dashboard import Dashboard
from analyst.pages.report_pages import Imprint
from analyst.report.document import Reports
from analyst.translation import load_translators
from analyst.web.headers import add_security_headers
from analyst.web.keys import CODEBOOK, LANGUAGE, RELEASED_TABLES, RENDERING, TRANSLATORS
from analyst.web.pages import problem_page
from analyst.web.problems import WebProblem
from analyst.web.publications import ReleasedTables
from analyst.web.rendering import TEMPLATES, Rendering
from intake_store.codebook import load_codebooks
from intake_store.settings import PROJECT
from intake_store.statistics.releases import ReleaseFolder

PAGE_TEMPLATES = PROJECT / "analyst" / "pages" / "templates"


@web.middleware
async def _in_english(request: web.Request, handler: object) -> web.StreamResponse:
    request[LANGUAGE] = request.query.get("language", "en")
    try:
        return await handler(request)  # type: ignore[operator, no-any-return]
    except WebProblem as problem:
        return problem_page(request, problem)


def dashboard_site(releases: Path, reports: Path | None = None, imprint: Imprint | None = None) -> web.Application:
    """Return an application with the dashboard's pages only, which everybody may see."""
    app = web.Application(middlewares=[_in_english])
    translators = dict(load_translators())
    codebook = load_codebooks(PROJECT / "flows" / "codebook")["1"]
    app[TRANSLATORS] = translators
    app[CODEBOOK] = codebook
    app[RENDERING] = Rendering(translators, (PAGE_TEMPLATES, TEMPLATES))
    app[RELEASED_TABLES] = ReleasedTables(ReleaseFolder(releases))
    reporting = Reports(reports or releases.parent / "reports")
    dashboard = Dashboard(codebook, translators, reporting, imprint or Imprint())
    dashboard.prepare(app[RENDERING])
    app.add_routes(dashboard.routes())
    app.on_response_prepare.append(add_security_headers)
    return app
