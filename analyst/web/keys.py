"""Where handlers find the parts of the application, and what a request is known to be."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from aiohttp import web

from analyst.accounts.api_tokens import ApiCaller
from analyst.accounts.assembly import AccountsRoom
from analyst.accounts.sessions import Session
from analyst.release_work.work import ReleaseWork
from analyst.settings import AnalystSettings
from analyst.translation import Translator
from analyst.web.publications import ReleasedTables
from analyst.web.rendering import Rendering
from intake_store.codebook import Codebook
from intake_store.statistics.releases import ReleaseFolder

ACCOUNTS: Final = web.AppKey("accounts", AccountsRoom)
CODEBOOK: Final = web.AppKey("codebook", Codebook)
RELEASE_FOLDER: Final = web.AppKey("release_folder", ReleaseFolder)
RELEASED_TABLES: Final = web.AppKey("released_tables", ReleasedTables)
RELEASE_WORK: Final = web.AppKey("release_work", ReleaseWork)
RENDERING: Final = web.AppKey("rendering", Rendering)
SETTINGS: Final = web.AppKey("settings", AnalystSettings)
TRANSLATORS: Final[web.AppKey[Mapping[str, Translator]]] = web.AppKey("translators")

SESSION: Final = web.RequestKey("session", Session)
"""The login that goes with the request, at whatever stage; missing where there is none."""

TOKEN: Final = web.RequestKey("token", str)
"""What the browser is recognised by, with or without a login; missing until it has got one."""

NEW_TOKEN: Final = web.RequestKey("new_token", str)
"""What the browser will be recognised by from this answer on; empty to forget it."""

CALLER: Final = web.RequestKey("caller", ApiCaller)
"""Whose program asks, where a token went with the request."""

LANGUAGE: Final = web.RequestKey("language", str)
