"""The report of made-up releases as PDF, made once."""

from __future__ import annotations

from pathlib import Path

import pytest
import pytest_asyncio
from aiohttp.test_utils import TestClient, TestServer
from dashboard_site import dashboard_site
from declared_tables import declared_tables
from pdf_reader import PdfFile
from reported_releases import IMPRINT, release


@pytest.fixture(scope="session")
def board_releases(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return release(tmp_path_factory.mktemp("board") / "releases", declared_tables())


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def swedish_report(board_releases: Path, tmp_path_factory: pytest.TempPathFactory) -> PdfFile:
    site = dashboard_site(board_releases, tmp_path_factory.mktemp("reports"), IMPRINT)
    async with TestClient(TestServer(site)) as client, client.get("/report.pdf?language=sv") as answer:
        assert answer.status == 200
        assert answer.content_type == "application/pdf"
        return PdfFile(await answer.read())
