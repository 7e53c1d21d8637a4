from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from postgresql_server import PostgresqlServer
from sqlalchemy import make_url

from intake_store.submission.iso_weeks import IsoWeek
from intake_store.upkeep.retention import RetentionRules

RULES = RetentionRules(responses=52, usage_counts=104, withdrawals=6)
THIS_WEEK = IsoWeek(2026, 47)


@pytest.fixture
def rules() -> RetentionRules:
    return RULES


@pytest.fixture
def this_week() -> IsoWeek:
    return THIS_WEEK


@pytest.fixture
def raw_bytes(request: pytest.FixtureRequest, engine: str, database: str) -> Callable[[], bytes]:
    """Read everything that stands in the database's files, the write-ahead log included."""
    if engine == "sqlite":
        return lambda: b"".join(path.read_bytes() for path in Path(database).parent.glob("intake.sqlite3*"))
    server: PostgresqlServer = request.getfixturevalue("postgresql")
    return lambda: server.raw_bytes(str(make_url(database).database))
