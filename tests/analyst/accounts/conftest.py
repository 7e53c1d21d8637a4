"""What the tests of accounts share."""

from __future__ import annotations

from collections.abc import AsyncIterator
from pathlib import Path

import pytest
import pytest_asyncio
from accounts_place import Place, open_place


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return where the accounts database goes."""
    return tmp_path / "accounts.sqlite3"


@pytest_asyncio.fixture
async def place(path: Path) -> AsyncIterator[Place]:
    """Yield an empty room of accounts."""
    async with open_place(path) as opened:
        yield opened
