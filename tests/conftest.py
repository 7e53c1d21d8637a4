"""What tests of several packages share: the real content, the real understanding service, real stores."""

from __future__ import annotations

import datetime
import os
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import pytest_asyncio
from assistants import Assistants, SwitchedNlu
from intake import Intake, IntakeTemplate
from postgresql_server import PostgresqlServer
from understanding_server import shared_understanding

from bot.assembly import make_interpreter
from bot.content import Content, load_content
from bot.directory.opening_hours import SWEDEN
from bot.understanding.interpretation import Interpreter
from bot.understanding.nlu_client import HttpNlu
from intake_store.database.versions import upgrade

PROJECT = Path(__file__).parents[1]
NOW = datetime.datetime(2026, 11, 24, 13, 0, tzinfo=SWEDEN)
"""A Tuesday after lunch."""

PATIENT_SECONDS = 30.0
"""A busy machine must not turn into a misunderstood sentence."""

COVERAGE = "flow steps"
"""The property of a test's report that holds lines for the end of the run."""


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-golden", action="store_true", help="write the golden conversations as they are now")
    parser.addoption(
        "--update-docs", action="store_true", help="write what in docs/ follows from the code, and pictures"
    )
    parser.addoption("--nlu-socket", type=Path, help="use the understanding service that runs there already")


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    for outcome in ("passed", "failed"):
        for report in terminalreporter.getreports(outcome):
            for name, lines in report.user_properties:
                if name == COVERAGE:
                    terminalreporter.section(COVERAGE)
                    terminalreporter.write(str(lines))


@pytest.fixture(scope="session")
def content() -> Content:
    """Return the content that people meet."""
    return load_content(PROJECT)


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def nlu_socket(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Path]:
    """Yield the socket of the understanding service; one serves the whole run."""
    if running := request.config.getoption("--nlu-socket"):
        yield running
        return
    folder = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        folder = folder.parent
    folder = folder / "nlu"
    folder.mkdir(exist_ok=True)
    async with shared_understanding(folder) as socket:
        yield socket


@pytest.fixture(scope="session")
def switched_nlu() -> SwitchedNlu:
    return SwitchedNlu()


@pytest.fixture(scope="session")
def interpreter(content: Content, switched_nlu: SwitchedNlu) -> Interpreter:
    """Return an interpreter whose understanding service is there only for tests that ask for `nlu`."""
    return make_interpreter(PROJECT, content.catalogues.languages, content.directory.places, switched_nlu)


@pytest.fixture
async def nlu(nlu_socket: Path, switched_nlu: SwitchedNlu) -> AsyncIterator[SwitchedNlu]:
    """Yield the real understanding service, with a switch that takes it away."""
    async with HttpNlu(socket=nlu_socket, timeout_seconds=PATIENT_SECONDS) as client:
        with switched_nlu.connected(client):
            yield switched_nlu


@pytest.fixture(scope="session")
def intake_template(content: Content, tmp_path_factory: pytest.TempPathFactory) -> IntakeTemplate:
    return IntakeTemplate.make(tmp_path_factory.mktemp("intake"), content.codebook)


@pytest.fixture
async def intake(intake_template: IntakeTemplate, tmp_path: Path) -> AsyncIterator[Intake]:
    """Yield a real store of the test's own."""
    async with intake_template.open(tmp_path) as opened:
        yield opened


@pytest.fixture(scope="session")
def postgresql() -> Iterator[PostgresqlServer]:
    """Yield a real PostgreSQL, one for each worker of the run; whoever stops it starts it again."""
    with PostgresqlServer.running() as server:
        yield server


@pytest.fixture(scope="session")
def postgresql_template(postgresql: PostgresqlServer) -> str:
    """Return the name of an empty intake database of today's version; copying it costs less than making it."""
    name = postgresql.create_database()
    upgrade(postgresql.location(name))
    return name


@pytest.fixture
def postgresql_database(postgresql: PostgresqlServer, postgresql_template: str) -> str:
    """Return the URL of an empty intake database of the test's own."""
    return postgresql.location(postgresql.create_database(postgresql_template))


@pytest.fixture
def assistants(content: Content, interpreter: Interpreter) -> Assistants:
    """Return what makes assistants; for them it is always the same Tuesday."""
    return Assistants(content, interpreter, NOW)
