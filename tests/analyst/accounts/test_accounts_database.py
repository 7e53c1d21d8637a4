"""The files: closed to others, of this version, with their key; and what is in them is described."""

from __future__ import annotations

import re
import sqlite3
import stat
from pathlib import Path

import pytest
from accounts_place import PARTY, PASSWORD, Place, open_place

from analyst.accounts.assembly import open_accounts
from analyst.accounts.errors import DatabaseRefused
from analyst.accounts.permissions import COMMAND_LINE
from analyst.accounts.tables import AccountsTable

PRIVACY = Path(__file__).parents[3] / "docs" / "privacy.md"


async def refusal(path: Path) -> str:
    with pytest.raises(DatabaseRefused) as refused:
        async with open_accounts(path, PARTY):
            pass
    return str(refused.value)


async def test_files_are_closed_to_others_while_in_use(place: Place) -> None:
    await place.person()
    files = {file.name: stat.S_IMODE(file.stat().st_mode) for file in place.path.parent.iterdir()}
    assert set(files) == {
        "accounts.sqlite3",
        "accounts.sqlite3-wal",
        "accounts.sqlite3-shm",
        "accounts.sqlite3.key",
    }
    assert set(files.values()) == {0o600}


async def test_what_was_written_is_there_the_next_time(path: Path) -> None:
    async with open_place(path) as place:
        person = await place.person()
        end = await place.room.audit.verify()
    async with open_place(path) as place:
        place.clock.turn(60)
        assert await place.room.sessions.find(person.token) is not None
        person.clock = place.clock
        await place.log_in(person)
        await place.room.audit.verify(end)


async def test_files_that_do_not_fit_are_named(path: Path, tmp_path: Path) -> None:
    assert "fyren accounts create" in await refusal(path)
    async with open_place(path) as place:
        await place.person()
    path.chmod(0o640)  # noqa: ASYNC240
    assert "chmod 600" in await refusal(path)
    path.chmod(0o600)  # noqa: ASYNC240
    key = path.with_name("accounts.sqlite3.key")
    key.chmod(0o604)
    assert "chmod 600" in await refusal(path)
    key.chmod(0o600)
    content = key.read_text()
    for wrong in ("", "zz", content[:-3], content * 2):
        key.write_text(wrong)
        assert str(key) in await refusal(path)
    key.unlink()
    assert "missing" in await refusal(path)
    with pytest.raises(DatabaseRefused, match="missing"):
        async with open_accounts(path, PARTY, create=True):
            pass
    assert not key.exists(), "a new key would open nothing"
    key.touch(0o600)
    key.write_text(content)
    other = tmp_path / "other.sqlite3"
    other.touch(0o600)
    other.write_text("this is no database, but long enough to be read as one" * 100)
    assert "another file" in await refusal(other)


async def test_a_newer_database_is_left_alone(path: Path) -> None:
    async with open_place(path):
        pass
    with sqlite3.connect(path) as connection:
        connection.execute("UPDATE schema_version SET version = 2")
    connection.close()
    assert "newer version" in await refusal(path)


async def test_the_wrong_key_opens_no_second_factor(path: Path) -> None:
    async with open_place(path) as place:
        person = await place.person()
    key = path.with_name("accounts.sqlite3.key")
    key.write_text("00" * 32)
    async with open_place(path) as place:
        person.clock = place.clock
        half = await place.room.login.with_password("anna", PASSWORD, None)
        before = await place.events()
        with pytest.raises(DatabaseRefused):
            await place.room.login.confirm(half, person.code(1), None)
        assert await place.events() == before


async def test_deleted_secrets_leave_no_remains(path: Path) -> None:
    async with open_place(path) as place:
        await place.person()
        with sqlite3.connect(path) as connection:
            (stored,) = connection.execute("SELECT password_hash FROM account").fetchone()
        connection.close()
        await place.room.people.reset(COMMAND_LINE, "anna")
    assert stored.encode() not in path.read_bytes()  # noqa: ASYNC240


def test_every_column_is_described_and_no_other() -> None:
    text = PRIVACY.read_text(encoding="utf-8")
    documented = set(re.findall(r"^### Accounts: `(\w+)`$", text, re.MULTILINE))
    assert documented == set(AccountsTable.metadata.tables)
    for name, table in AccountsTable.metadata.tables.items():
        section = text.split(f"\n### Accounts: `{name}`\n", 1)[1].split("\n#", 1)[0]
        assert set(re.findall(r"^\| `([^`]+)`", section, re.MULTILINE)) == set(table.columns.keys())


def test_no_column_holds_an_address_of_the_network() -> None:
    columns = {column for table in AccountsTable.metadata.tables.values() for column in table.columns.keys()}  # noqa: SIM118
    assert not [name for name in columns if re.search(r"address|ip\b|agent|host", name)]
