"""The dashboard on its own, as somebody sees it who is logged in and may do everything; nobody checks the login."""

from __future__ import annotations

import datetime
import uuid
from pathlib import Path

from aiohttp import web

from analyst.accounts.account import Account, AccountSource, AccountState
from analyst.accounts.permissions import Role
from analyst.accounts.sessions import Method, Session, Stage
from analyst.pages.dashboard import Dashboard
from analyst.pages.report_pages import Imprint
from analyst.report.document import Reports
from analyst.settings import AnalystSettings
from analyst.translation import load_translators
from analyst.web.headers import add_security_headers
from analyst.web.keys import CODEBOOK, LANGUAGE, RELEASED_TABLES, RENDERING, SESSION, SETTINGS, TRANSLATORS
from analyst.web.pages import problem_page
from analyst.web.problems import WebProblem
from analyst.web.publications import ReleasedTables
from analyst.web.rendering import TEMPLATES, Rendering
from intake_store.codebook import load_codebooks
from intake_store.settings import PROJECT
from intake_store.statistics.releases import ReleaseFolder

PAGE_TEMPLATES = PROJECT / "analyst" / "pages" / "templates"

_TIME = datetime.datetime(2026, 11, 24, 12, 0, tzinfo=datetime.UTC)
_ACCOUNT = Account(
    uuid.UUID(int=1),
    "anna",
    "Anna",
    frozenset(Role),
    AccountState.ACTIVE,
    AccountSource.LOCAL,
    has_password=True,
    has_one_time_codes=True,
    passkeys=0,
    enrol_until=None,
)
LOGGED_IN = Session(uuid.UUID(int=2), _ACCOUNT, Stage.COMPLETE, Method.PASSWORD, _TIME, _TIME, _TIME, None, False)


@web.middleware
async def _in_english(request: web.Request, handler: object) -> web.StreamResponse:
    request[LANGUAGE] = request.query.get("language", "en")
    if "nobody" not in request.query:
        request[SESSION] = LOGGED_IN
    try:
        return await handler(request)  # type: ignore[operator, no-any-return]
    except WebProblem as problem:
        return problem_page(request, problem)


def dashboard_site(
    releases: Path, reports: Path | Reports | None = None, imprint: Imprint | None = None
) -> web.Application:
    """Return an application with the dashboard's pages only, which everybody may see."""
    app = web.Application(middlewares=[_in_english])
    translators = dict(load_translators())
    codebook = load_codebooks(PROJECT / "flows" / "codebook")["1"]
    app[SETTINGS] = AnalystSettings(var=releases.parent)
    app[TRANSLATORS] = translators
    app[CODEBOOK] = codebook
    app[RENDERING] = Rendering(translators, (PAGE_TEMPLATES, TEMPLATES))
    app[RELEASED_TABLES] = ReleasedTables(ReleaseFolder(releases))
    reporting = reports if isinstance(reports, Reports) else Reports(reports or releases.parent / "reports")
    dashboard = Dashboard(codebook, translators, reporting, imprint or Imprint())
    dashboard.prepare(app[RENDERING])
    app.add_routes(dashboard.routes())
    app.on_response_prepare.append(add_security_headers)
    return app
