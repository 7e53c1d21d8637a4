"""Puts the analyst's place together from settings, accounts, released tables and the warehouse."""

from __future__ import annotations

import stat
from collections.abc import AsyncIterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

from aiohttp import web

from analyst.accounts.assembly import open_accounts
from analyst.accounts.clock import Clock, now
from analyst.accounts.passkeys import RelyingParty
from analyst.accounts.passwords import PasswordHashing
from analyst.accounts.sessions import SessionLimits
from analyst.accounts.sign_on import SignOnSettings
from analyst.api.handlers import RATES
from analyst.api.handlers import routes as api_routes
from analyst.api.rates import ApiRates
from analyst.pages.dashboard import Dashboard
from analyst.pages.report_pages import Imprint
from analyst.release_work.warehouse_door import WarehouseDoor, newest_of
from analyst.release_work.work import OpenWarehouse, ReleaseWork
from analyst.report.document import Reports
from analyst.settings import PREFIX, AnalystSettings, SettingsError
from analyst.translation import Translator, load_translators
from analyst.web.application import create_application
from analyst.web.keys import (
    ACCOUNTS,
    CODEBOOK,
    RELEASE_WORK,
    RELEASED_TABLES,
    RENDERING,
    SETTINGS,
    TRANSLATORS,
)
from analyst.web.publications import ReleasedTables
from analyst.web.release_pages import DRAFTS
from analyst.web.rendering import TEMPLATES, CompiledTemplates, Rendering
from intake_store.codebook import Codebook, load_codebooks
from intake_store.keys.passphrases import Passphrase
from intake_store.settings import IntakeSettings
from intake_store.statistics.releases import ReleaseFolder

SITE_NAME: Final = "Fyren"
DASHBOARD_TEMPLATES: Final = Path(__file__).parent / "pages" / "templates"


@dataclass(frozen=True, slots=True)
class Texts:
    """What pages are written of, and does not change while the process runs."""

    codebook: Codebook
    translators: Mapping[str, Translator]
    compiled: CompiledTemplates = field(default_factory=CompiledTemplates)


def load_texts(intake: IntakeSettings) -> Texts:
    """Return the newest codebook and every catalogue; raises `ContentError` if one is broken."""
    return Texts(newest_of(load_codebooks(intake.codebooks)), load_translators())


def assemble(
    settings: AnalystSettings,
    intake: IntakeSettings,
    *,
    passphrases: Sequence[Passphrase] = (),
    open_warehouse: OpenWarehouse | None = None,
    hashing: PasswordHashing | None = None,
    clock: Clock = now,
    texts: Texts | None = None,
) -> web.Application:
    """Return the application; accounts are opened when it starts and closed when it ends.

    `passphrases` open the warehouse where no file holds one; `texts` are loaded if not given. Raises `SettingsError`
    for the login service's secret, and `ContentError` if codebook or catalogues are broken; starting raises
    `DatabaseRefused` if there are no accounts.
    """
    sign_on = sign_on_settings(settings)
    folder = ReleaseFolder(intake.releases)
    texts = texts or load_texts(intake)
    codebook, translators = texts.codebook, texts.translators
    reports = Reports(settings.reports)
    imprint = Imprint(settings.organization, settings.contact, settings.licence, settings.origin)
    dashboard = Dashboard(codebook, translators, reports, imprint)
    rendering = Rendering(translators, (TEMPLATES, DASHBOARD_TEMPLATES), texts.compiled)
    dashboard.prepare(rendering)
    app = create_application([*dashboard.routes(), *api_routes()])
    app[SETTINGS] = settings
    app[TRANSLATORS] = translators
    app[CODEBOOK] = codebook
    app[RENDERING] = rendering
    app[RELEASED_TABLES] = ReleasedTables(folder)
    app[DRAFTS] = dashboard.draft
    app[RATES] = ApiRates(settings.api_requests_per_minute, clock)

    async def accounts(app: web.Application) -> AsyncIterator[None]:
        async with open_accounts(
            settings.accounts,
            RelyingParty(settings.public_host, SITE_NAME, settings.origin),
            key=settings.accounts_key,
            sign_on=sign_on,
            limits=SessionLimits(idle=settings.idle_minutes * 60, whole=settings.session_hours * 3600),
            hashing=hashing,
            clock=clock,
        ) as room:
            app[ACCOUNTS] = room
            door = WarehouseDoor(intake, passphrases)
            missing = (lambda: "") if open_warehouse else door.missing
            work = ReleaseWork(open_warehouse or door.open, folder, room.audit, clock, codebook, missing)
            app[RELEASE_WORK] = work
            yield
            await reports.close()
            await work.close()

    app.cleanup_ctx.append(accounts)
    return app


def sign_on_settings(settings: AnalystSettings) -> SignOnSettings | None:
    """Return what the agency's login service is told, or None without one; raises `SettingsError` for its secret."""
    if settings.sign_on_issuer is None:
        return None
    file = settings.sign_on_client_secret_file
    return SignOnSettings(
        issuer=settings.sign_on_issuer,
        client_id=settings.sign_on_client_id,
        redirect_uri=f"{settings.origin}/login/sign-on/return",
        client_secret=None if file is None else _client_secret(file),
        scopes=" ".join(settings.sign_on_scopes.split()),
        name_claim=settings.sign_on_name_claim,
        display_name_claim=settings.sign_on_display_name_claim,
        roles_claim=settings.sign_on_roles_claim,
        roles=settings.sign_on_roles,
        create=settings.sign_on_creates_accounts,
        required_acr=settings.sign_on_levels,
    )


def _client_secret(file: Path) -> str:
    variable = f"{PREFIX}SIGN_ON_CLIENT_SECRET_FILE"
    try:
        mode = file.stat().st_mode
        secret = file.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError(f"{variable}: {file} cannot be read.") from error
    if mode & stat.S_IRWXO:
        raise SettingsError(f"{variable}: {file} can be read by everybody. Run `chmod 640 {file}`.")
    if not secret or not secret.isprintable():
        raise SettingsError(f"{variable}: {file} has to hold the client's secret, on one line.")
    return secret
