"""The demonstration keeps apart from everything else, goes on where it was stopped, and lets somebody in who has no
telephone at hand."""

from __future__ import annotations

import fcntl
import os
import signal
import socket
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import pytest

from analyst.accounts.assembly import open_accounts
from analyst.accounts.errors import LoginRefused
from analyst.accounts.passkeys import RelyingParty
from analyst.accounts.sessions import Stage
from analyst.settings import AnalystSettings
from bot.settings import BotSettings
from fyren import demonstration
from fyren.demonstration import (
    FORM,
    NAME,
    DemonstrationError,
    alone_in,
    check_port,
    make_login,
    make_responses,
    shown_periods,
    stand_apart,
)
from fyren.trial_store import prepare
from intake_store.keys.passphrases import read_passphrase_file
from intake_store.keys.private_keys import read_private_key
from intake_store.periods import Quarter
from intake_store.settings import IntakeSettings
from intake_store.submission.sealing import PublicKey
from intake_store.synthetic import expected_responses

PROJECT = Path(__file__).parents[2]
QUARTERS = (Quarter(2025, 1), Quarter(2025, 2))
EACH_WEEK = 30.0

MAKING = f"""
from fyren.demonstration import *
intake = IntakeSettings()
with alone_in(intake.var):
    prepare(BotSettings(), intake)
    make_responses(intake, {QUARTERS!r}, {EACH_WEEK})
"""


@pytest.fixture
def intake(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> IntakeSettings:
    for name in [name for name in os.environ if name.startswith("FYREN_")]:
        monkeypatch.delenv(name)
    monkeypatch.setenv("FYREN_VAR", str(tmp_path / "demo"))
    return IntakeSettings()


def test_no_other_store_is_touched(monkeypatch: pytest.MonkeyPatch) -> None:
    elsewhere = {
        "FYREN_VAR": "/srv/real",
        "FYREN_INTAKE_DATABASE": "postgresql://real.example/intake",
        "FYREN_INTAKE_PRODUCTION": "true",
        "FYREN_INTAKE_RELEASES": "/srv/real/releases",
        "FYREN_KEY_PASSPHRASE_FILE": "/srv/real/passphrase",
        "FYREN_ANALYST_HOST": "0.0.0.0",
        "FYREN_ANALYST_PUBLIC_ADDRESS": "https://real.example/",
        "FYREN_ANALYST_ACCOUNTS": "/srv/real/accounts.sqlite3",
        "FYREN_ANALYST_PORT": "8123",
    }
    for name, value in elsewhere.items():
        monkeypatch.setenv(name, value)
    stand_apart()
    intake, analyst = IntakeSettings(), AnalystSettings()
    assert analyst.is_on_loopback
    assert analyst.origin == "http://localhost:8123"
    for place in (intake.database, intake.warehouse, intake.private_key, intake.releases, analyst.accounts):
        assert Path(place).parts[-3:-1] in {("var", "demo"), ("demo", "analyst")}, place
    assert intake.key_passphrase_file is None
    assert not intake.production


@pytest.mark.parametrize(
    ("current", "shown"),
    [
        (Quarter(2026, 4), "2025Q1 2025Q2 2025Q3 2025Q4 2025 2026Q1 2026Q2 2026Q3"),
        (Quarter(2027, 1), "2026Q1 2026Q2 2026Q3 2026Q4 2026"),
    ],
)
def test_a_whole_year_is_released_behind_its_quarters(current: Quarter, shown: str) -> None:
    assert " ".join(map(str, shown_periods(current))) == shown


# -- Stopped half-way -------------------------------------------------------------------------------------------------


def stored(database: str) -> tuple[int, int]:
    """Return how many responses there are, and how many questionnaires were counted as sent."""
    if not Path(database).exists():
        return 0, 0
    with closing(sqlite3.connect(f"file:{database}?mode=ro", uri=True)) as connection:
        try:
            [responses] = connection.execute("SELECT count(*) FROM sealed_response").fetchone()
            [sent] = connection.execute(
                "SELECT coalesce(sum(count), 0) FROM usage_count WHERE event = 'questionnaire_completed'"
            ).fetchone()
        except sqlite3.OperationalError:
            return 0, 0
    return responses, sent


def test_a_start_after_a_kill_makes_the_rest_and_nothing_twice(
    intake: IntakeSettings, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Killed is the process alone: those that it started notice, and the next start waits for them to end."""
    wanted = sum(expected_responses(quarter.weeks, EACH_WEEK) for quarter in QUARTERS)
    monkeypatch.setattr("intake_store.synthetic.storing.BATCH", 100)
    script = f"import intake_store.synthetic.storing as storing\nstoring.BATCH = 100\n{MAKING}"
    with subprocess.Popen([sys.executable, "-c", script], cwd=PROJECT) as first:
        try:
            last = time.monotonic() + 60
            while not stored(intake.database)[0] and first.poll() is None and time.monotonic() < last:
                time.sleep(0.005)
        finally:
            first.kill()
    assert first.returncode == -signal.SIGKILL, "it was done before it could be killed"
    assert stored(intake.database)[0] > 0
    with alone_in(intake.var):
        before = stored(intake.database)
        prepare(BotSettings(), intake)
        make_responses(intake, QUARTERS, EACH_WEEK)
        assert stored(intake.database) == (wanted, wanted)
        make_responses(intake, QUARTERS, EACH_WEEK)
        assert stored(intake.database) == (wanted, wanted)
    assert before <= (wanted, wanted)


def test_keys_are_made_although_an_earlier_start_left_half_of_them(intake: IntakeSettings) -> None:
    bot, passphrase_file = BotSettings(), intake.private_key.parent / "passphrase"
    prepare(bot, intake)
    public = PublicKey.read(bot.public_key_path)

    bot.public_key_path.unlink()
    prepare(bot, intake)
    assert PublicKey.read(bot.public_key_path).key_id == public.key_id

    bot.public_key_path.unlink()
    intake.private_key.unlink()
    passphrase = read_passphrase_file(passphrase_file)
    prepare(bot, intake)
    private = read_private_key(intake.private_key, passphrase)
    assert private.public_key.key_id == PublicKey.read(bot.public_key_path).key_id != public.key_id


# -- What stands in the way is told -----------------------------------------------------------------------------------


@contextmanager
def held(path: Path) -> Iterator[None]:
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def test_two_demonstrations_do_not_share_a_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demonstration, "_LOCK_SECONDS", 0.3)
    with alone_in(tmp_path):
        pass
    with (
        held(tmp_path / "lock"),
        pytest.raises(DemonstrationError, match="Another demonstration is running"),
        alone_in(tmp_path),
    ):
        pass
    with alone_in(tmp_path):
        assert (tmp_path / "made-by").read_text() == f"{FORM}\n"


@pytest.mark.parametrize("made_by", [None, "fyren demonstration 1"])
def test_a_folder_of_another_version_is_told_and_left_alone(tmp_path: Path, made_by: str | None) -> None:
    (tmp_path / "intake.sqlite3").write_bytes(b"something")
    if made_by is not None:
        (tmp_path / "made-by").write_text(made_by)
    before = sorted(tmp_path.iterdir())
    with pytest.raises(DemonstrationError, match="delete the folder") as raised, alone_in(tmp_path):
        pass
    assert str(tmp_path) in str(raised.value)
    assert sorted(tmp_path.iterdir()) == before


def test_a_port_that_is_taken_is_told_before_anything_is_made(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        monkeypatch.setenv("FYREN_ANALYST_PORT", str(port))
        monkeypatch.setattr(demonstration, "PROJECT", tmp_path)
        assert demonstration.demonstrate() == 1
    said = capsys.readouterr().err
    assert f"Port {port} is taken" in said
    assert f"FYREN_ANALYST_PORT={port + 1}" in said
    assert not list(tmp_path.iterdir())
    check_port("127.0.0.1", port)


async def test_every_start_has_a_login_of_its_own(tmp_path: Path) -> None:
    settings = AnalystSettings(var=tmp_path)
    first, second = await make_login(settings), await make_login(settings)
    assert (first.name, second.name) == (NAME, NAME)
    party = RelyingParty(settings.public_host, "Fyren", settings.origin)
    async with open_accounts(settings.accounts, party, key=settings.accounts_key) as room:
        with pytest.raises(LoginRefused):
            await room.login.with_password(NAME, first.password, None)
        token = await room.login.with_password(NAME, second.password, None)
        session = await room.sessions.find(await room.login.confirm(token, second.codes[3], None))
        assert session is not None
        assert session.stage is Stage.COMPLETE
        assert len(session.account.permissions) == 7
