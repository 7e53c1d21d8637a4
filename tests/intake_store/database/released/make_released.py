"""Writes down the newest version of the schema with rows in it, for either engine: `python make_released.py`.

Run it once for each new migration. What is written down already is never written again: these files are what databases
out there look like, whatever becomes of the migrations.
"""

from __future__ import annotations

import asyncio
import sqlite3
import subprocess
import sys
import tempfile
import uuid
from contextlib import closing
from pathlib import Path
from typing import Any, Final

from sqlalchemy import insert

HERE: Final = Path(__file__).parent
sys.path.insert(0, str(HERE.parents[2]))

from postgresql_server import PostgresqlServer  # noqa: E402

from intake_store.database.connections import connect  # noqa: E402
from intake_store.database.newest import NEWEST_REVISION  # noqa: E402
from intake_store.database.tables import IntakeTable  # noqa: E402
from intake_store.database.versions import upgrade  # noqa: E402

ROWS: Final[dict[str, list[dict[str, Any]]]] = {
    "sealed_response": [
        {
            "row_id": uuid.UUID(int=number << 64 | 7),
            "key_id": "0123456789abcdef",
            "purpose": "response",
            "codebook_version": "1",
            "iso_week": f"2026-W{number:02d}",
            "sealed": bytes([number]) * 40 + bytes(range(256)),
            "receipt_hash": bytes([number]) * 32 if number % 2 else None,
        }
        for number in (1, 2, 53)
    ],
    "submission": [{"key_hash": bytes([number]) * 32, "iso_week": "2026-W47"} for number in (0, 255)],
    "usage_count": [
        {
            "iso_week": "2026-W47",
            "channel": "web",
            "language": "ro",
            "event": "flow_entered",
            "subject": subject,
            "county": "",
            "count": 2**40,
        }
        for subject in ("", "å'\\")
    ],
    "withdrawn_response": [{"row_id": uuid.UUID(int=2**128 - 1), "iso_week": "2026-W46"}],
}
"""Rows of every table, with the edges of what fits; those of tables that a version does not have are left out."""


def make(server: PostgresqlServer, folder: Path) -> None:
    """Write both files of the newest version, unless they are there."""
    database = folder / "intake.sqlite3"
    upgrade(str(database))
    asyncio.run(fill(str(database)))
    with closing(sqlite3.connect(database)) as connection:
        write("sqlite", "\n".join(connection.iterdump()))
    name = server.create_database()
    upgrade(server.location(name))
    asyncio.run(fill(server.location(name)))
    dumped = subprocess.run(
        ["pg_dump", "-h", str(server.folder), "-U", "postgres", "--no-owner", "--no-privileges", "--inserts", name],
        check=True, capture_output=True, text=True,
    ).stdout  # fmt: skip
    skipped = ("--", "SET ", "\\", "SELECT pg_catalog.set_config")
    write("postgresql", "\n".join(line for line in dumped.splitlines() if line and not line.startswith(skipped)))


async def fill(location: str) -> None:
    engine = connect(location)
    async with engine.begin() as connection:
        for name, table in IntakeTable.metadata.tables.items():
            await connection.execute(insert(table), ROWS[name])
    await engine.dispose()


def write(engine: str, text: str) -> None:
    path = HERE / f"{NEWEST_REVISION}.{engine}.sql"
    if path.exists():
        print(f"{path.name} is kept.")
        return
    path.write_text(text + "\n", encoding="utf-8")
    print(f"{path.name} is new.")


if __name__ == "__main__":
    with PostgresqlServer.running() as running, tempfile.TemporaryDirectory() as scratch:
        make(running, Path(scratch))
