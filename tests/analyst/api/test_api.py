"""The API over real HTTP: who may read, what it says, pages, tags, rates, and its own description."""

from __future__ import annotations

import csv
import io
import json
import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import jsonschema
import pytest
import yaml
from analyst_site import Browser, Site, open_site
from schemathesis.specs.openapi.definitions import OPENAPI_31_VALIDATOR

from analyst.accounts.audit import AuditEvent
from analyst.api.handlers import OPENAPI_FILE
from analyst.web.access import declared

V1 = "/api/v1"
DESCRIPTION: dict[str, Any] = yaml.safe_load(OPENAPI_FILE.read_text("utf-8"))


class Program:
    """A program with a token and no cookie."""

    def __init__(self, browser: Browser, token: str) -> None:
        self.browser = browser
        self.headers = {"Authorization": f"Bearer {token}"} if token else {}

    async def get(self, path: str, **headers: str) -> tuple[int, Any, Any]:
        answer = await self.browser.client.get(path, headers={**self.headers, **headers}, allow_redirects=False)
        body = await answer.read()
        return answer.status, json.loads(body) if answer.content_type.endswith("json") else body, answer.headers


async def program_of(site: Site, name: str = "anna") -> Program:
    """Return a program with a token that its owner made on the page of their account."""
    browser = await site.browser(name)
    answer = await browser.post("/account/tokens", {"label": "script", "days": "30"})
    assert answer.status == 200, browser.text
    token = browser.text.partition("fyren_")[2].partition("<")[0]
    return Program(await site.browser(), f"fyren_{token}")


@pytest.fixture
async def program(site: Site) -> Program:
    return await program_of(site)


async def test_only_good_tokens_and_logins_read(site: Site, program: Program) -> None:
    assert (await program.get(f"{V1}/releases"))[0] == 200
    for token in ("", "fyren_0_0", program.headers["Authorization"][7:-1] + "x"):
        status, problem, headers = await Program(program.browser, token).get(f"{V1}/releases")
        assert (status, problem["title"], headers["WWW-Authenticate"]) == (401, "login_needed", 'Bearer realm="Fyren"')
        assert headers["Content-Type"] == "application/problem+json; charset=utf-8"
    assert (await (await site.browser("anna")).get(f"{V1}/releases")).status == 200
    assert (await (await site.browser("ada")).get(f"{V1}/releases")).status == 403
    events = await site.events()
    assert [event for _, event, _ in events].count(AuditEvent.TOKEN_USED) == 1


async def test_tokens_reach_nothing_but_the_api_and_files(program: Program) -> None:
    for path in ("/account", "/desk/releases", "/audit", "/accounts"):
        status, _, headers = await program.get(path)
        assert (status, headers["Location"]) == (303, f"/login?next={path}")
    assert (await program.get("/releases/2026Q3-1/tables/needs.needs_selling.csv"))[0] == 200


async def test_releases_and_tables_are_as_they_were_released(program: Program, few_releases: Path) -> None:
    _, listed, _ = await program.get(f"{V1}/releases")
    assert [release["number"] for release in listed["items"]] == ["2026Q3-2", "2026Q3-1", "2026Q2-1"]
    assert listed["items"][0]["replaces"] == "2026Q3-1"
    assert (await program.get(f"{V1}/releases/newest"))[1] == listed["items"][0]
    file = few_releases / "0002-2026Q3-1" / "needs.needs_selling.json"
    frozen = json.loads(file.read_text())
    _, table, _ = await program.get(f"{V1}/releases/2026Q3-1/tables/needs.needs_selling?language=en")
    assert {name: table[name] for name in frozen} == frozen
    _, swedish, headers = await program.get(f"{V1}/tables/needs.needs_selling")
    assert (swedish["release"], headers["Content-Language"]) == ("2026Q3-2", "sv")
    assert [row["counts"] for row in swedish["rows"]] == [row["counts"] for row in frozen["rows"]]
    assert swedish["title"] != frozen["title"]
    assert (await program.get(f"{V1}/tables/needs.needs_selling?period=2026Q2"))[1]["release"] == "2026Q2-1"


async def test_tables_come_as_csv_and_json_stat(program: Program) -> None:
    _, table, _ = await program.get(f"{V1}/tables/needs.needs_selling")
    _, text, headers = await program.get(f"{V1}/tables/needs.needs_selling.csv")
    assert headers["Content-Type"] == "text/csv; charset=utf-8"
    lines = list(csv.DictReader(io.StringIO(text.decode())))
    counts = [line["count"] for line in lines if line["kind"] == "code"]
    expected = [".." if count is None else str(count) for row in table["rows"] for count in row["counts"]]
    assert counts == expected
    _, stat, _ = await program.get(f"{V1}/tables/needs.needs_selling.jsonstat")
    assert (stat["version"], stat["class"]) == ("2.0", "dataset")


async def test_pages_cover_everything_once(program: Program) -> None:
    _, whole, _ = await program.get(f"{V1}/tables?limit=200")
    assert whole["next"] is None
    found, address = [], f"{V1}/tables?limit=1&theme=needs"
    while address:
        _, page, _ = await program.get(address)
        found += [(entry["release"], entry["id"]) for entry in page["items"]]
        address = page["next"]
    expected = [(entry["release"], entry["id"]) for entry in whole["items"] if entry["theme"] == "needs"]
    assert found == expected
    assert len(expected) > 1


@pytest.mark.parametrize("query", ["limit=0", "limit=201", "offset=-1", "limit=x", "offset=٣", "limit=1e2"])
async def test_wrong_pages_are_refused(program: Program, query: str) -> None:
    status, problem, _ = await program.get(f"{V1}/releases?{query}")
    assert (status, problem["status"]) == (400, 400)
    assert "limit" in problem["detail"]


async def test_what_is_there_already_is_not_sent_again(program: Program) -> None:
    for path in (f"{V1}/releases", f"{V1}/tables/needs.needs_selling", f"{V1}/tables/needs.needs_selling.csv"):
        status, _, headers = await program.get(path)
        assert status == 200
        assert headers["Cache-Control"] == "private, no-cache"
        known = headers["ETag"]
        status, body, _ = await program.get(path, **{"If-None-Match": known})
        assert (status, body) == (304, b"")
        in_english = (await program.get(path, **{"If-None-Match": known, "Accept-Language": "en"}))[0]
        assert in_english == (304 if path.endswith("releases") else 200), "what holds no words is the same in both"


async def test_every_format_is_had_by_ending_by_name_and_by_header(program: Program) -> None:
    address = f"{V1}/tables/needs.needs_selling"
    xlsx = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
    for form, media_type, begins in (
        ("json", "application/json", {"id"}),
        ("csv", "text/csv; charset=utf-8", b"table,population"),
        ("jsonstat", "application/json", {"version", "class"}),
        ("px", "text/plain; charset=utf-8", b'CHARSET="ANSI"'),
        ("xlsx", xlsx, b"PK"),
    ):
        answers = [await program.get(path) for path in (f"{address}.{form}", f"{address}?format={form}")]
        if form in ("csv", "xlsx"):
            answers.append(
                await program.get(address, Accept=f"text/html;q=0.9, {media_type.partition(';')[0]}, */*;q=0.1")
            )
        for status, body, headers in answers:
            assert (status, headers["Content-Type"]) == (200, media_type)
            assert begins <= set(body) if isinstance(begins, set) else body.startswith(begins)
        assert len({headers["ETag"] for _, _, headers in answers}) == 1
    assert (await program.get(f"{address}.csv?format=json"))[2]["Content-Type"] == "text/csv; charset=utf-8"


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", 200),
        ("*/*", 200),
        ("text/html,application/xhtml+xml,*/*;q=0.8", 200),
        ("application/*", 200),
        ("application/json;q=0.000", 406),
        ("image/png", 406),
        (";;q=x,,=", 406),
    ],
)
async def test_accept_is_honoured(program: Program, accept: str, expected: int) -> None:
    for path in (f"{V1}/releases", f"{V1}/codebook", f"{V1}/tables", f"{V1}/tables/needs.needs_selling/periods"):
        status, body, headers = await program.get(path, Accept=accept)
        assert status == expected, path
        if expected == 406:
            assert headers["Content-Type"].startswith("application/problem+json")
            assert "application/json" in body["detail"], body["detail"]


async def test_head_has_the_headers_and_no_body(program: Program) -> None:
    for path in (f"{V1}/releases", f"{V1}/tables/needs.needs_selling.csv", f"{V1}/openapi.yml"):
        _, _, got = await program.get(path, **{"Accept-Encoding": "identity"})
        headers = {**program.headers, "Accept-Encoding": "identity"}
        answer = await program.browser.client.head(path, headers=headers)
        assert (answer.status, await answer.read()) == (200, b"")
        for name in ("ETag", "Content-Type", "Content-Length"):
            assert answer.headers[name] == got[name]


async def test_what_is_long_is_packed_for_whoever_takes_it(program: Program) -> None:
    path = f"{V1}/tables/needs.needs_selling.csv"
    _, plain, headers = await program.get(path, **{"Accept-Encoding": "identity, gzip;q=0"})
    assert "Content-Encoding" not in headers
    _, same, packed = await program.get(path, **{"Accept-Encoding": "gzip"})
    assert packed["Content-Encoding"] == "gzip"
    assert int(packed["Content-Length"]) < len(plain) == len(same)
    assert headers["ETag"] == packed["ETag"]
    assert headers["ETag"].startswith("W/"), "the bytes differ, the content does not"
    assert "Content-Encoding" not in (await program.get(f"{V1}/tables/needs.needs_selling.xlsx"))[2]


async def test_links_lead_through_the_pages_in_the_same_language(program: Program) -> None:
    found, titles, address = [], [], f"{V1}/tables?limit=2&language=en"
    while address:
        _, page, headers = await program.get(address, **{"Accept-Language": "sv"})
        found += [entry["id"] for entry in page["items"]]
        titles += [entry["title"] for entry in page["items"]]
        links = {name: link for link, name in re.findall(r'<([^>]+)>; rel="(\w+)"', headers["Link"])}
        assert links.get("next") == page["next"]
        assert {"first", "last"} <= set(links)
        address = links.get("next")
    assert len(found) == len(set(found)) == page["total"]
    assert all(title.startswith("SYNTHETIC DATA: ") for title in titles)
    assert (await program.get(links["prev"]))[1]["items"][-1]["id"] == found[page["offset"] - 1]


async def test_everybody_is_told_how_often_they_still_may_ask(program: Program) -> None:
    left = []
    for path, expected in ((f"{V1}/releases", 200), (f"{V1}/tables/none", 404), (f"{V1}/tables?limit=0", 400)):
        status, _, headers = await program.get(path)
        assert status == expected
        assert headers["RateLimit-Limit"] == "120"
        assert 0 < int(headers["RateLimit-Reset"]) <= 60
        left.append(int(headers["RateLimit-Remaining"]))
    assert left == [119, 118, 117]


@pytest.mark.parametrize(
    ("path", "status", "says"),
    [
        ("releases/2031Q1-1", 404, "`/api/v1/releases`"),
        ("releases/2026Q3-1/tables/none", 404, "`/api/v1/tables`"),
        ("tables/none/periods", 404, "`/api/v1/tables`"),
        ("tables/needs.needs_selling?period=2026Q1", 404, "2026Q3, 2026Q2"),
        ("tables?period=spring", 400, "2026Q3"),
        ("tables/needs.needs_selling?format=pdf", 400, "`xlsx`"),
        ("codebook?format=csv", 400, "`json`"),
    ],
)
async def test_a_problem_says_what_to_do(program: Program, path: str, status: int, says: str) -> None:
    for language in ("sv", "en"):
        found, problem, headers = await program.get(f"{V1}/{path}", **{"Accept-Language": language})
        assert (found, headers["Content-Type"]) == (status, "application/problem+json; charset=utf-8")
        assert says in problem["detail"]


async def test_whoever_asks_too_often_waits(tmp_path: Path, few_releases: Path) -> None:
    async with open_site(tmp_path, few_releases, api_requests_per_minute=3) as site:
        program = await program_of(site)
        answers = [await program.get(f"{V1}/codebook") for _ in range(4)]
        assert [status for status, _, _ in answers] == [200, 200, 200, 429]
        wait = int(answers[-1][2]["Retry-After"])
        assert str(wait) in answers[-1][1]["detail"]
        assert answers[-1][2]["RateLimit-Remaining"] == "0"
        assert 0 < wait <= 60
        site.clock.turn(wait)
        assert (await program.get(f"{V1}/codebook"))[0] == 200


# -- its own description ----------------------------------------------------------------------------------------------


def resolved(part: dict[str, Any]) -> dict[str, Any]:
    """Return a part of the description, or what it refers to."""
    while "$ref" in part:
        found: Any = DESCRIPTION
        for name in part["$ref"].removeprefix("#/").split("/"):
            found = found[name]
        part = found
    return part


def content_of(path: str, status: int) -> dict[str, Any]:
    described = resolved(DESCRIPTION["paths"][path]["get"]["responses"][str(status)])["content"]
    found: dict[str, Any] = described.get("application/json", described.get("application/problem+json"))
    return found


def schema_of(path: str, status: int) -> dict[str, Any]:
    return {**content_of(path, status)["schema"], "components": DESCRIPTION["components"]}


ANSWERS = [
    ("/api/v1/releases", "/api/v1/releases", 200),
    ("/api/v1/releases", "/api/v1/releases?limit=0", 400),
    ("/api/v1/releases/{number}", "/api/v1/releases/2026Q3-1", 200),
    ("/api/v1/releases/{number}", "/api/v1/releases/none", 404),
    ("/api/v1/releases/{number}/tables", "/api/v1/releases/newest/tables", 200),
    ("/api/v1/releases/{number}/tables/{id}", "/api/v1/releases/newest/tables/arenas.needs_selling", 200),
    ("/api/v1/tables", "/api/v1/tables", 200),
    ("/api/v1/tables/{id}", "/api/v1/tables/needs.needs_selling", 200),
    ("/api/v1/tables/{id}", "/api/v1/tables/nothing", 404),
    ("/api/v1/tables/{id}/periods", "/api/v1/tables/needs.needs_selling/periods", 200),
    ("/api/v1/tables/{id}/periods", "/api/v1/tables/nothing/periods", 404),
    ("/api/v1/codebook", "/api/v1/codebook", 200),
]


@pytest.mark.parametrize(("described", "path", "expected"), ANSWERS)
async def test_answers_are_as_described(program: Program, described: str, path: str, expected: int) -> None:
    status, document, _ = await program.get(path)
    assert status == expected
    jsonschema.Draft202012Validator(schema_of(described, status)).validate(document)


async def test_every_route_is_described_and_every_description_served(site: Site) -> None:
    served = {path for method, path, _ in declared(site.server.app) if path.startswith("/api/") and method == "GET"}
    assert served == set(DESCRIPTION["paths"])
    browser = await site.browser()
    answer = await browser.client.get(f"{V1}/openapi.yml")
    assert yaml.safe_load(await answer.text()) == DESCRIPTION


def shape(value: Any, path: str = "") -> set[str]:
    """Return where in a document there are values; what stands in a list stands in one place."""
    if isinstance(value, dict):
        # Codes are names that differ with the table.
        named = path.endswith(("/index", "/label", "/kind", "/unit", "/status", "/releases", "/dimension"))
        return {path}.union(*(shape(part, f"{path}/{'*' if named else name}") for name, part in value.items()))
    if isinstance(value, list):
        return {path}.union(*(shape(part, f"{path}[]") for part in value))
    return {path}


async def test_every_example_has_the_shape_of_a_real_answer(program: Program) -> None:
    used = set()
    for described, path, status in ANSWERS:
        content = content_of(described, status)
        _, document, _ = await program.get(path, **{"Accept-Language": "en"})
        for reference in content["examples"].values():
            used.add(reference["$ref"].rpartition("/")[2])
            example = resolved(reference)["value"]
            jsonschema.Draft202012Validator(schema_of(described, status)).validate(example)
            if status == 200:
                difference = shape(example) ^ shape(document)
                assert {place for place in difference if not place.startswith("/flagged[]")} == set(), described
            else:
                assert set(example) == set(document)
    assert used == set(DESCRIPTION["components"]["examples"]) - {"TooOften"}


async def test_parameters_have_examples_that_are_answered(program: Program) -> None:
    given = DESCRIPTION["components"]["parameters"]
    examples = {entry["name"]: entry["example"] for entry in given.values() if "example" in entry}
    for path, described in DESCRIPTION["paths"].items():
        wanted = [resolved(entry) for entry in described["get"].get("parameters", ())]
        query = {
            entry["name"]: examples[entry["name"]] for entry in wanted if entry["in"] == "query" and "example" in entry
        }
        status, document, _ = await program.get(f"{path.format_map(examples)}?{urlencode(query)}")
        assert status == 200, path
        assert not isinstance(document, dict) or document.get("total", 1) > 0, path


def test_the_description_is_openapi() -> None:
    """The schema of OpenAPI 3.1 itself, as those who fuzz with it carry it."""
    errors = [f"{error.instance_path}: {error.message}" for error in OPENAPI_31_VALIDATOR.iter_errors(DESCRIPTION)]
    assert errors == []


@pytest.fixture
async def broken(tmp_path: Path) -> AsyncIterator[Site]:
    (tmp_path / "releases" / "0001-2026Q3-1").mkdir(parents=True)
    async with open_site(tmp_path / "var", tmp_path / "releases") as opened:
        yield opened


async def test_damaged_releases_are_told_without_a_fault(broken: Site) -> None:
    status, problem, _ = await (await program_of(broken)).get(f"{V1}/releases")
    assert (status, problem["title"]) == (503, "unavailable")
