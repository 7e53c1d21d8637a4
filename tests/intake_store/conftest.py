from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from intake_store.codebook import Codebook, load_codebooks
from intake_store.database.versions import upgrade
from intake_store.keys.private_keys import PrivateKey
from intake_store.submission.inbox import Inbox
from intake_store.submission.iso_weeks import IsoWeek
from intake_store.submission.response import Answer, ChannelKind, Response
from intake_store.submission.sealing import Sealer
from intake_store.submission.store_secrets import StoreSecrets

CODEBOOKS = Path(__file__).parents[2] / "flows" / "codebook"

MakeResponse = Callable[..., Response]


@pytest.fixture(scope="session")
def codebooks() -> dict[str, Codebook]:
    return load_codebooks(CODEBOOKS)


@pytest.fixture(scope="session")
def codebook(codebooks: dict[str, Codebook]) -> Codebook:
    return codebooks["1"]


@pytest.fixture(scope="session")
def private_key() -> PrivateKey:
    return PrivateKey.generate()


@pytest.fixture(scope="session")
def sealer(private_key: PrivateKey, codebook: Codebook) -> Sealer:
    return Sealer(private_key.public_key, codebook)


@pytest.fixture
def make_response(codebook: Codebook) -> MakeResponse:
    def make(population: str = "needs_selling", week: str = "2026-W47", **answers: Answer) -> Response:
        return Response(
            codebook_version="1",
            population=population,
            iso_week=IsoWeek.parse(week),
            channel=ChannelKind.WEB,
            language="sv",
            answers=codebook.populations[population].complete(answers),
            synthetic=True,
        )

    return make


@pytest.fixture
def store_secrets() -> StoreSecrets:
    return StoreSecrets.derive(bytes(range(32)))


@pytest.fixture
def engine() -> str:
    """Return which engine `database` is made with; `BOTH_ENGINES` gives a test the other one too."""
    return "sqlite"


@pytest.fixture
def database(request: pytest.FixtureRequest, engine: str, tmp_path: Path) -> str:
    """Return the location of an empty intake database of the test's own."""
    if engine == "postgresql":
        location: str = request.getfixturevalue("postgresql_database")
        return location
    location = str(tmp_path / "intake.sqlite3")
    upgrade(location)
    return location


@pytest.fixture
async def inbox(database: str, sealer: Sealer, store_secrets: StoreSecrets) -> AsyncIterator[Inbox]:
    opened = await Inbox.open(database, sealer, store_secrets)
    yield opened
    await opened.close()
