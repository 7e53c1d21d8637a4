from __future__ import annotations

from pathlib import Path

import pytest

from bot.directory import Directory, load_directory

FOLDER = Path(__file__).parents[3] / "flows" / "directory"


@pytest.fixture(scope="session")
def folder() -> Path:
    return FOLDER


@pytest.fixture(scope="session")
def directory(folder: Path) -> Directory:
    return load_directory(folder)
