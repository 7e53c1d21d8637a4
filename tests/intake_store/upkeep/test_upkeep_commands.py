from __future__ import annotations

import asyncio
from pathlib import Path

import pytest
from intake import query
from typer.testing import CliRunner, Result

from intake_store.commands import create_app
from intake_store.database.versions import upgrade

OLD = "('00000000000000000000000000000001', 'k', 'response', '1', '2001-W01', x'01', NULL)"
NEW = "('00000000000000000000000000000002', 'k', 'response', '1', '2999-W01', x'01', NULL)"


class Tool:
    def __call__(self, *arguments: str, code: int = 0) -> Result:
        result = CliRunner().invoke(create_app(), arguments)
        assert result.exit_code == code, result.output
        assert "Traceback" not in result.output
        return result


@pytest.fixture
def store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """Return the location of a store with an old response, a new one, and a withdrawal of this week."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FYREN_VAR", "var")
    location = str(tmp_path / "var" / "intake.sqlite3")
    upgrade(location)
    for row in (OLD, NEW):
        asyncio.run(query(location, f"INSERT INTO sealed_response VALUES {row}"))
    return location


@pytest.fixture
def tool() -> Tool:
    return Tool()


def test_retention_says_what_it_would_do_and_what_it_did(tool: Tool, store: str) -> None:
    assert "Would be deleted: 1 sealed responses, 0 usage" in tool("retention", "run", "--dry-run").output
    assert "Deleted: 1 sealed responses" in tool("retention", "run").output
    assert "Deleted: 0 sealed responses" in tool("retention", "run").output


def test_retention_of_everything_has_to_be_meant(tool: Tool, store: str) -> None:
    asyncio.run(query(store, "DELETE FROM sealed_response WHERE iso_week > '2999'"))
    assert "--even-all" in tool("retention", "run", code=1).output
    assert "Deleted: 1 sealed responses" in tool("retention", "run", "--even-all").output


def test_a_backup_is_made_listed_and_restored(tool: Tool, store: str, tmp_path: Path) -> None:
    made = tool("backup", "create", "backups/monday").output
    assert "2 sealed responses" in made
    assert "names 0 withdrawn" in made
    [(row_id, *_)] = asyncio.run(query(store, "DELETE FROM sealed_response WHERE iso_week > '2999' RETURNING *"))
    asyncio.run(query(store, f"INSERT INTO withdrawn_response VALUES ('{row_id}', '2999-W01')"))
    assert "names 1 withdrawn" in tool("backup", "withdrawals", "backups").output
    assert "not empty" in tool("backup", "restore", "backups/monday", code=1).output
    told = tool("backup", "restore", "backups/monday", "--database", "new.sqlite3").output
    assert "Restored and compared: 0 sealed responses" in told
    assert "Left out: 1 withdrawn and 1 expired" in told


def test_a_restore_without_the_list_has_to_be_meant(tool: Tool, store: str, tmp_path: Path) -> None:
    tool("backup", "create", "backups/monday")
    (tmp_path / "backups" / "withdrawn-responses").unlink()
    told = " ".join(tool("backup", "restore", "backups/monday", "--database", "new.sqlite3", code=1).output.split())
    assert "--without-withdrawals" in told
    arguments = ("backup", "restore", "backups/monday", "--database", "new.sqlite3", "--without-withdrawals")
    assert "Restored and compared: 1 sealed responses" in tool(*arguments).output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("backup", "create", "backups"), "not overwritten"),
        (("backup", "create", "monday", "--database", "missing"), "no intake database"),
        (("backup", "create", "/proc/monday"), "could not be written"),
        (("backup", "restore", "missing"), "There is no backup missing"),
        (("backup", "restore", "backups/junk", "--without-withdrawals", "--database", "new"), "damaged or cut off"),
        (("backup", "restore", "backups/junk", "--database", "new"), "no list of withdrawn responses"),
        (("retention", "run", "--database", "missing"), "no intake database"),
        (("database", "tidy", "--database", "missing"), "no intake database"),
        (("database", "tidy", "--database", "postgresql://nobody@127.0.0.1:1/none"), "cannot be used just now"),
    ],
)
def test_what_is_wrong_is_said_plainly(
    tool: Tool, store: str, tmp_path: Path, arguments: tuple[str, ...], said: str
) -> None:
    (tmp_path / "backups").mkdir()
    (tmp_path / "backups" / "junk").write_bytes(b"junk" * 2000)
    assert said in " ".join(tool(*arguments, code=1).output.split())


def test_tidying_says_so(tool: Tool, store: str) -> None:
    assert "is tidy" in tool("database", "tidy").output


def test_retention_that_is_too_short_is_refused(tool: Tool, store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FYREN_INTAKE_RETENTION_WEEKS", "1")
    assert "FYREN_INTAKE_RETENTION_WEEKS" in tool("retention", "run", code=1).output
