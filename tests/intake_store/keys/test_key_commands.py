"""Custody from the first key to the last, as an operator types it."""

from __future__ import annotations

import hashlib
import re
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from intake_store.commands import create_app
from intake_store.keys import locked_files
from intake_store.submission.sealing import PublicKey

ROOT = Path(__file__).parents[3]


class Tool:
    """The commands as `fyren` mounts them, in an empty folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._app = typer.Typer()
        self._app.add_typer(create_app())

    def __call__(self, *arguments: str, code: int = 0) -> str:
        result: Result = CliRunner().invoke(self._app, arguments)
        assert result.exit_code == code, result.output
        assert "Traceback" not in result.output
        return " ".join(result.output.split())

    def path(self, *parts: str) -> Path:
        return self.folder.joinpath("var", *parts)

    @property
    def public(self) -> str:
        return PublicKey.read(self.path("keys", "intake-public.pem")).key_id

    def rows(self) -> dict[str, int]:
        with closing(sqlite3.connect(self.path("intake.sqlite3"))) as connection:
            return dict(connection.execute("SELECT key_id, count(*) FROM sealed_response GROUP BY key_id").fetchall())

    def submit(self, number: int) -> None:
        self("demo-data", "--responses", str(number), "--period", "2026Q3")


@pytest.fixture
def tool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Tool:
    # scrypt is slow on purpose, and tested elsewhere; here are dozens of passphrases.
    monkeypatch.setattr(
        locked_files, "_derived", lambda passphrase, salt, cost: hashlib.sha256(salt + passphrase.encode()).digest()
    )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FYREN_VAR", "var")
    monkeypatch.setenv("FYREN_INTAKE_CODEBOOKS", str(ROOT / "flows" / "codebook"))
    for name, text in (("daily", "seven grey herons"), ("escrow", "eleven white swans"), ("wrong", "nine black rooks")):
        (tmp_path / name).write_text(f"{text}\n")
    monkeypatch.setenv("FYREN_KEY_PASSPHRASE_FILE", str(tmp_path / "daily"))
    made = Tool(tmp_path)
    made("keys", "create")
    made("database", "upgrade")
    return made


def test_a_key_from_its_making_to_its_end(tool: Tool) -> None:
    old = tool.public
    tool.submit(3)
    assert "3 rows are sealed to key" in tool("keys", "verify")
    said = tool("keys", "rotate")
    new = tool.public
    assert new != old
    assert f"Key {new} takes the place of {old}" in said
    tool.submit(2)
    assert tool.rows() == {old: 3, new: 2}
    assert "All is well" in tool("keys", "verify")

    assert "3 rows are sealed to this key" in tool("keys", "retire", old, "--yes", code=1)
    assert "newest key" in tool("keys", "retire", new, "--yes", code=1)
    assert "There is no private key" in tool("keys", "retire", "0" * 16, "--yes", code=1)
    assert "3 rows were sealed anew" in tool("keys", "reseal")
    assert tool.rows() == {new: 5}
    assert "0 rows were sealed anew" in tool("keys", "reseal")
    assert "is destroyed" in tool("keys", "retire", old, "--yes")
    assert len(list(tool.path("analyst").glob("intake-private*"))) == 1
    assert "All is well" in tool("keys", "verify")


def test_a_lost_key_comes_back_from_escrow_and_nothing_was_deleted_meanwhile(tool: Tool) -> None:
    tool.submit(3)
    old = tool.public
    said = tool("keys", "export", "--to", "safe", "--passphrase-file", "escrow")
    copy = f"safe/intake-private-{old}.json"
    assert copy in said
    checked = tool("keys", "verify", "--escrow", copy, "--passphrase-file", "escrow")
    assert "escrow copy" in checked
    assert "All is well" in checked

    tool.path("analyst", "intake-private.json").unlink()
    assert "fyren keys import" in tool("keys", "verify", code=1)
    assert "fyren keys import" in tool("keys", "reseal", code=1)
    assert tool.rows() == {old: 3}

    assert "passphrase is wrong" in tool("keys", "import", copy, "--passphrase-file", "wrong", code=1)
    assert "is back" in tool("keys", "import", copy, "--passphrase-file", "escrow")
    assert "All is well" in tool("keys", "verify")
    assert "here already" in tool("keys", "import", copy, "--passphrase-file", "escrow", code=1)


def test_rows_of_an_old_key_that_is_lost_are_counted_and_kept(tool: Tool) -> None:
    tool.submit(3)
    old = tool.public
    tool("keys", "export", "--to", "safe", "--passphrase-file", "escrow")
    tool("keys", "rotate")
    tool.path("analyst", f"intake-private-{old}.json").unlink()
    tool.submit(2)
    said = tool("keys", "verify", code=1)
    assert f"3 rows are sealed to key {old}, which is not here" in said
    assert f"private key {old} is missing: 3 rows cannot be read. They are kept." in said
    assert f"Left as they were: 3 rows of key {old}, which is not at hand" in tool("keys", "reseal")
    assert tool.rows() == {old: 3, tool.public: 2}
    tool("keys", "import", f"safe/intake-private-{old}.json", "--passphrase-file", "escrow")
    assert "3 rows were sealed anew" in tool("keys", "reseal")
    assert tool.rows() == {tool.public: 5}


def test_a_rotation_for_another_machine(tool: Tool, monkeypatch: pytest.MonkeyPatch) -> None:
    old = tool.public
    tool.path("keys", "intake-public.pem").rename(tool.folder / "elsewhere.pem")
    assert "--public-out" in tool("keys", "rotate", code=1)
    tool("keys", "rotate", "--public-out", "stick/intake-public.pem")
    new = PublicKey.read(tool.folder / "stick" / "intake-public.pem").key_id
    assert new != old
    assert "no public key" in tool("keys", "verify")


def test_what_others_may_read_is_said(tool: Tool) -> None:
    tool.path("analyst", "intake-private.json").chmod(0o644)
    tool.path("analyst").chmod(0o755)
    said = tool("keys", "verify", code=1)
    assert re.search(r"Others may reach \S*analyst\. Run", said)
    assert "intake-private.json. Run: chmod go-rwx" in said


def test_a_public_key_without_its_private_half_is_said(tool: Tool) -> None:
    tool("keys", "create", "--public", "other/keys/p.pem", "--private", "other/analyst/p.json")
    tool.path("keys", "intake-public.pem").write_bytes((tool.folder / "other" / "keys" / "p.pem").read_bytes())
    assert "whose private key is not here" in tool("keys", "verify", code=1)
    assert "belongs to none" in tool("keys", "rotate", code=1)


def test_a_rotation_that_never_came_into_use_is_said(tool: Tool) -> None:
    before = tool.path("keys", "intake-public.pem").read_bytes()
    tool("keys", "rotate")
    new = tool.public
    tool.path("keys", "intake-public.pem").write_bytes(before)
    assert "not in use yet" in tool("keys", "verify", code=1)
    assert "finished now" in tool("keys", "rotate")
    assert tool.public == new


def test_an_escrow_copy_needs_a_passphrase_of_its_own(tool: Tool) -> None:
    assert "of its own" in tool("keys", "export", "--to", "safe", "--passphrase-file", "daily", code=1)
    assert "no private key" in tool(
        "keys", "export", "--to", "safe", "--passphrase-file", "escrow", "--key", "0" * 16, code=1
    )
    assert not (tool.folder / "safe").exists()


def test_a_half_written_key_is_named(tool: Tool) -> None:
    path = tool.path("analyst", "intake-private.json")
    path.write_bytes(path.read_bytes()[:100])
    for command in (["keys", "verify"], ["keys", "rotate"], ["keys", "reseal"]):
        assert "intake-private.json: The private key file is damaged" in tool(*command, code=1)
