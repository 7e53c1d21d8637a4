"""Files of released tables at their addresses."""

from __future__ import annotations

import io
import json
import zipfile

import pytest
from analyst_site import Site

from analyst.exports.formats import EXPORT_FORMATS

TABLE = "/releases/2026Q3-1/tables/needs.needs_selling"


async def test_every_format_has_an_address(site: Site) -> None:
    browser = await site.browser("anna")
    for form in EXPORT_FORMATS.values():
        answer = await browser.get(f"{TABLE}.{form.ending}")
        assert answer.status == 200, form.name
        assert answer.headers["Content-Type"] == form.media_type
        assert answer.headers["Content-Disposition"].startswith(
            'attachment; filename="fyren-2026Q3-1-needs-needs_selling'
        )
        assert len(await answer.read()) > 100
        whole = await browser.get(f"/releases/2026Q3-1.{form.ending}")
        assert whole.status == (200 if form.of_several else 404), form.name


async def test_a_package_holds_every_table(site: Site) -> None:
    browser = await site.browser("anna")
    content = await (await browser.client.get("/releases/2026Q3-1.zip")).read()
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        described = json.loads(archive.read("datapackage.json"))
    listed = await (await browser.client.get("/api/v1/releases/2026Q3-1/tables?limit=200")).json()
    assert len(described["resources"]) == listed["total"]


async def test_a_file_is_the_same_for_ever(site: Site) -> None:
    browser = await site.browser("anna")
    first = await browser.client.get(f"{TABLE}.px")
    again = await browser.client.get(f"{TABLE}.px")
    assert await first.read() == await again.read()
    answer = await browser.client.get(f"{TABLE}.px", headers={"If-None-Match": first.headers["ETag"]})
    assert answer.status == 304


@pytest.mark.parametrize(
    "path",
    [
        "/releases/2026Q3-9/tables/needs.needs_selling.csv",
        "/releases/2026Q3-1/tables/needs.csv",
        "/releases/2026Q3-1/tables/needs.needs_selling.exe",
        "/releases/2026Q3-1/tables/..%2F..%2Frelease.json",
        "/releases/..%2F0001-2026Q2-1.zip",
        "/releases/2026Q3-1",
    ],
)
async def test_what_is_not_there_is_not_found(site: Site, path: str) -> None:
    assert (await (await site.browser("anna")).get(path)).status == 404
