"""Stores that things happen to, and people who want to send their answers."""

from __future__ import annotations

import shutil
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from assistants import Assistants
from faulty_stores import TO_QUESTIONS, FaultyStore
from intake import IntakeTemplate
from person import Person
from postgresql_server import PostgresqlServer

from intake_store.submission.store import ResponseStore
from intake_store.submission.store_secrets import create_secret_file


@pytest.fixture
def make_store(intake_template: IntakeTemplate, tmp_path: Path) -> Callable[[str], FaultyStore]:
    """Return what makes a store of a database."""

    def make(database: str) -> FaultyStore:
        folder = tmp_path / "keys"
        create_secret_file(folder / "secret")
        (folder / "public.pem").write_bytes(intake_template.private_key.public_key.to_pem())
        return FaultyStore(database, folder, intake_template)

    return make


@pytest.fixture
def sqlite_store(
    make_store: Callable[[str], FaultyStore], intake_template: IntakeTemplate, tmp_path: Path
) -> FaultyStore:
    """Return an SQLite store."""
    shutil.copy(intake_template.database, tmp_path / "intake.sqlite3")
    return make_store(str(tmp_path / "intake.sqlite3"))


@pytest.fixture
def postgresql_store(make_store: Callable[[str], FaultyStore], postgresql_database: str) -> FaultyStore:
    """Return a store in the PostgreSQL that all tests share."""
    return make_store(postgresql_database)


@pytest.fixture
def engine() -> str:
    """Return which engine `store` is made with; `BOTH_ENGINES` gives a test the other one too."""
    return "sqlite"


@pytest.fixture
def store(request: pytest.FixtureRequest, engine: str) -> FaultyStore:
    """Return a store on either engine."""
    found: FaultyStore = request.getfixturevalue(f"{engine}_store")
    return found


@pytest.fixture(scope="session")
def own_postgresql() -> Iterator[PostgresqlServer]:
    """Yield a PostgreSQL that waits for the disk, as a deployment has it, and that tests may stop."""
    with PostgresqlServer.running(keeps_what_it_acknowledged=True) as server:
        yield server


@pytest.fixture
def to_sending(assistants: Assistants) -> Callable[..., Awaitable[Person]]:
    """Return what brings a person to the last question before their answers are sent."""

    async def bring(store: ResponseStore, made_by: Assistants = assistants) -> Person:
        person = Person(made_by.make(store))
        await person.arrive()
        await person.taps(*TO_QUESTIONS)
        while "summary" not in person.kinds:
            await person.tap("command:skip")
        return await person.tap("confirm_answers:send")

    return bring
