"""The API under thousands of wrong requests: it never fails, and never answers otherwise than it describes."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
import schemathesis
from analyst_site import Site, open_site
from hypothesis import HealthCheck, settings
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import response_schema_conformance, status_code_conformance
from site_in_a_thread import site_in_a_thread
from test_api import DESCRIPTION, program_of

CASES = 12
"""For each operation, besides those that every operation gets for its own parameters."""

NOTHING_HERE = ("There is nothing at this address.", "Det finns inget")
"""What is said of an address that has no route: the same to whoever may read and may not."""

SCHEMA = schemathesis.openapi.from_dict(DESCRIPTION)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory, few_releases: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """Yield the address of a site that runs in a thread of its own, and the headers of a program."""
    folder = tmp_path_factory.mktemp("fuzzed")

    async def tell(site: Site) -> tuple[str, dict[str, str]]:
        program = await program_of(site)
        return str(site.server.make_url("")).rstrip("/"), program.headers

    with site_in_a_thread(lambda: open_site(folder, few_releases, api_requests_per_minute=1_000_000), tell) as told:
        yield told


_settings = settings(max_examples=CASES, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))


@SCHEMA.parametrize()
@_settings
def test_nothing_breaks_the_api(case: schemathesis.Case, served: tuple[str, dict[str, str]]) -> None:
    address, headers = served
    response = case.call(base_url=address, headers=headers)
    checks = [not_a_server_error]
    if case.method == "GET" and response.status_code != 405:
        checks += [status_code_conformance, response_schema_conformance]
    case.validate_response(response, checks=checks)


@pytest.mark.parametrize("wrong", [False, True], ids=["without a token", "with a wrong token"])
@SCHEMA.include(path_regex="(v1/tables|periods)$").parametrize()
@settings(_settings, max_examples=5)
def test_strangers_are_told_nothing(case: schemathesis.Case, served: tuple[str, dict[str, str]], wrong: bool) -> None:
    address, good = served
    response = case.call(base_url=address, headers={"Authorization": f"{good['Authorization'][:-1]}!"} if wrong else {})
    assert response.status_code in (401, 404, 405)
    assert response.headers["content-type"][0].startswith("application/problem+json")
    assert response.status_code != 404 or response.json()["detail"].startswith(NOTHING_HERE)
