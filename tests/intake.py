"""A real intake database of its own, for tests: it can break down, come back, and be opened with the private key."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import uuid
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import text

from intake_store.codebook import Codebook
from intake_store.database.connections import connect
from intake_store.database.versions import upgrade
from intake_store.keys.private_keys import PrivateKey
from intake_store.submission.inbox import Inbox
from intake_store.submission.iso_weeks import IsoWeek
from intake_store.submission.response import Response
from intake_store.submission.sealing import KeyId, SealedResponse, Sealer
from intake_store.submission.store_secrets import StoreSecrets
from intake_store.warehouse.opening import ResponseOpener

BOTH_ENGINES = pytest.mark.parametrize("engine", ["sqlite", "postgresql"])
"""Runs a test of the intake `database`, or all tests of a module as its `pytestmark`, on both engines."""


async def query(database: str, statement: str = "SELECT * FROM sealed_response") -> list[tuple[Any, ...]]:
    """Return the rows of a query to the database at a path or URL, on either engine."""
    engine = connect(database)
    try:
        async with engine.begin() as connection:
            result = await connection.execute(text(statement))
            return [tuple(row) for row in result] if result.returns_rows else []
    finally:
        await engine.dispose()


def remains(sealed: bytes, raw: bytes) -> bool:
    """Tell whether any 32 bytes of a sealed row, taken every 64, stand in the bytes of files."""
    return any(sealed[start : start + 32] in raw for start in range(0, len(sealed) - 32, 64))


_COLUMNS = "row_id, key_id, purpose, codebook_version, iso_week, sealed"


@dataclass(frozen=True, slots=True)
class Intake:
    """The files of a store, and its inbox."""

    database: Path
    private_key: PrivateKey
    codebook: Codebook
    inbox: Inbox

    def responses(self) -> list[Response]:
        """Open everything that is stored, as an analyst would."""
        opener = ResponseOpener([self.private_key], {self.codebook.version: self.codebook})
        return [opener.open(row) for row in self.rows()]

    def rows(self) -> list[SealedResponse]:
        """Return the rows as they are stored."""
        with contextlib.closing(sqlite3.connect(self.database)) as connection:
            found = connection.execute(f"SELECT {_COLUMNS} FROM sealed_response").fetchall()
        return [
            SealedResponse(uuid.UUID(row_id), KeyId(key), purpose, version, IsoWeek.parse(week), sealed)
            for row_id, key, purpose, version, week, sealed in found
        ]

    def break_down(self) -> None:
        """Let every use of the database fail."""
        self._rename("sealed_response", "away")

    def come_back(self) -> None:
        """Undo `break_down`."""
        self._rename("away", "sealed_response")

    def _rename(self, old: str, new: str) -> None:
        with contextlib.closing(sqlite3.connect(self.database)) as connection, connection:
            connection.execute(f"ALTER TABLE {old} RENAME TO {new}")


@dataclass(frozen=True, slots=True)
class IntakeTemplate:
    """An empty database of today's version, with its keys; copying it costs less than making it."""

    database: Path
    private_key: PrivateKey
    store_secrets: StoreSecrets
    codebook: Codebook

    @classmethod
    def make(cls, folder: Path, codebook: Codebook) -> IntakeTemplate:
        database = folder / "empty.sqlite3"
        upgrade(str(database))
        return cls(database, PrivateKey.generate(), StoreSecrets.derive(bytes(range(32))), codebook)

    @contextlib.asynccontextmanager
    async def open(self, folder: Path) -> AsyncIterator[Intake]:
        """Yield a store of its own, in `folder`."""
        database = folder / "intake.sqlite3"
        shutil.copy(self.database, database)
        sealer = Sealer(self.private_key.public_key, self.codebook)
        inbox = await Inbox.open(str(database), sealer, self.store_secrets)
        try:
            yield Intake(database, self.private_key, self.codebook, inbox)
        finally:
            await inbox.close()
