"""The commands, from the first administrator to a checked audit log."""

from __future__ import annotations

import asyncio
import csv
import io
import json
from pathlib import Path

import pytest
from accounts_place import CHEAP, PARTY, PASSWORD
from typer.testing import CliRunner

from analyst import commands
from analyst.accounts.assembly import open_accounts
from analyst.accounts.passwords import Argon2Hashing
from analyst.accounts.sessions import Session, Stage


@pytest.fixture
def database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FYREN_VAR", str(tmp_path))
    # A stand-in hash is made at every start; what it costs matters only where somebody logs in.
    monkeypatch.setattr("analyst.accounts.assembly.Argon2Cost", lambda: CHEAP)
    return tmp_path / "analyst" / "accounts.sqlite3"


def run(*arguments: str, typed: str = "") -> tuple[int, str, str]:
    result = CliRunner().invoke(commands.create_app(), ["accounts", *arguments], input=typed)
    assert result.exception is None or isinstance(result.exception, SystemExit), result.exception
    return result.exit_code, result.stdout, result.stderr


async def session_after(database: Path, code: str) -> Session | None:
    async with open_accounts(database, PARTY, hashing=Argon2Hashing(CHEAP)) as room:
        return await room.sessions.find(await room.login.accept_invitation(code, PASSWORD))


def test_the_first_administrator_gets_a_code_that_works_once(database: Path) -> None:
    status, out, _ = run("create", "Adam", "--role", "administrator", "--role", "releaser")
    assert status == 0
    code = out.splitlines()[1]
    session = asyncio.run(session_after(database, code))
    assert session is not None
    assert session.stage is Stage.ENROLLING
    assert sorted(session.account.roles) == ["administrator", "releaser"]
    status, out, _ = run("list")
    assert out == "adam\tinvited\tadministrator, releaser\tlocal\tadam\n"


def test_mistakes_get_a_sentence_and_change_nothing(database: Path) -> None:
    for arguments, told in (
        (("list",), "fyren accounts create"),
        (("create", "a b", "--role", "analyst"), "2 to 64 characters"),
        (("create", "adam", "--role", "analyst", "--ask-password"), "--ask-password"),
        (("create", "adam", "--role", "analyst", "--ask-password", "--login-service"), "no password"),
        (("disable", "nobody"), "no account"),
        (("reset", "nobody"), "no account"),
        (("enable", "nobody"), "no account"),
    ):
        status, out, err = run(*arguments)
        assert (status, out) == (1, "")
        assert told in err
    assert run("create", "adam", "--role", "king")[0] == 2
    assert run("create", "adam")[0] == 2
    assert run("audit", "verify", "--known", "5")[0] == 2


def test_accounts_are_shut_opened_and_reset(database: Path) -> None:
    run("create", "adam", "--role", "administrator")
    assert run("disable", "adam")[1] == "adam is disabled.\n"
    assert run("enable", "adam")[0] == 1, "it was never set up"
    status, out, _ = run("reset", "adam")
    assert status == 0
    assert asyncio.run(session_after(database, out.splitlines()[1])) is not None
    status, out, _ = run("create", "eva", "--role", "analyst", "--login-service")
    assert out == "eva can log in at the login service.\n"
    assert run("reset", "eva")[0] == 1


def test_a_password_can_be_asked_for(database: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(commands, "_at_a_terminal", lambda: True)
    status, _, err = run("create", "adam", "--role", "administrator", "--ask-password", typed="adam\nadam\n")
    assert status == 1
    assert "12 characters" in err
    typed = f"{PASSWORD}\n{PASSWORD}\n"
    status, out, _ = run("create", "adam", "--role", "administrator", "--ask-password", typed=typed)
    assert status == 0
    assert "second factor" in out
    assert PASSWORD not in out


def test_the_audit_log_is_checked_and_written_out(database: Path, tmp_path: Path) -> None:
    run("create", "adam", "--role", "administrator")
    status, out, _ = run("audit", "verify")
    assert status == 0
    noted = out.splitlines()[-1]
    status, out, _ = run("audit", "export")
    rows = list(csv.DictReader(io.StringIO(out)))
    assert [(row["actor"], row["event"]) for row in rows] == [
        ("command line", "account_created"),
        ("command line", "audit_log_exported"),
    ]
    file = tmp_path / "log.jsonl"
    assert run("audit", "export", "--format", "jsonl", "--out", str(file))[0] == 0
    assert file.stat().st_mode & 0o777 == 0o600
    assert [json.loads(line)["number"] for line in file.read_text().splitlines()] == [1, 2, 3]
    status, _, err = run("audit", "export", "--out", str(file))
    assert status == 1
    assert "not overwritten" in err
    assert run("audit", "verify", "--known", noted)[0] == 0
    status, _, err = run("audit", "verify", "--known", "9:" + "0" * 64)
    assert status == 1
    assert "ends at record 3" in err
