"""The file of the state keys."""

from __future__ import annotations

import json
import stat
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from bot.dialogue.state import DialogueState
from bot.state.key_file import StateKeyFile, StateKeyFileError
from bot.state.tokens import StateTokens, TokenInvalidError

NOW = datetime(2026, 11, 22, 12, 34, 56, tzinfo=UTC)
STATE = DialogueState(slots={"language": "sv"})
IDLE = timedelta(hours=12)


def _open(path: Path, now: datetime = NOW) -> StateTokens:
    return StateKeyFile(path).open(idle=IDLE, now=lambda: now)


def test_the_first_start_makes_the_file_for_the_bot_alone(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "state.json"
    _open(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert [entry.name for entry in path.parent.iterdir()] == ["state.json"]


def test_a_restart_ends_no_conversation(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    token = _open(path).seal(STATE)
    assert _open(path, NOW + timedelta(hours=1)).open(token) == STATE


def test_a_restart_that_changes_nothing_writes_nothing(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    _open(path)
    before = path.stat().st_mtime_ns
    _open(path, NOW + timedelta(hours=1))
    assert path.stat().st_mtime_ns == before


def test_a_start_after_rotation_writes_the_new_key_beside_the_old(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    old = _open(path)
    token = old.seal(STATE)
    latest = _open(path, NOW + timedelta(hours=12))
    assert len(json.loads(path.read_text())) == 2
    assert latest.open(token) == STATE


def test_old_keys_leave_the_file(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    token = _open(path).seal(STATE)
    tokens = _open(path, NOW + timedelta(days=3))
    assert len(json.loads(path.read_text())) == 1
    with pytest.raises(TokenInvalidError):
        tokens.open(token)


def test_the_file_tells_no_time_finer_than_an_hour(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    _open(path)
    assert json.loads(path.read_text())[0]["made"] == "2026-11-22T12+00:00"


@pytest.mark.parametrize(
    "text",
    [
        "",
        "{",
        "{}",
        "null",
        "7",
        '["key"]',
        '[{"key": "c2hvcnQ=", "made": "2026-11-22T12+00:00"}]',
        '[{"key": "%s", "made": "yesterday"}]' % ("A" * 43 + "="),
        '[{"key": "%s", "made": "2026-11-22T12"}]' % ("A" * 43 + "="),
        '[{"key": "%s"}]' % ("A" * 43 + "="),
        "\udcff",
    ],
)
def test_a_damaged_file_is_told_and_left_as_it_is(tmp_path: Path, text: str) -> None:
    path = tmp_path / "state.json"
    data = text.encode("utf-8", "surrogateescape")
    path.write_bytes(data)
    with pytest.raises(StateKeyFileError, match=r"state\.json are damaged\. Delete the file"):
        _open(path)
    assert path.read_bytes() == data


def test_a_file_that_cannot_be_read_is_told(tmp_path: Path) -> None:
    path = tmp_path / "state.json"
    path.mkdir()
    with pytest.raises(StateKeyFileError, match="cannot be read"):
        _open(path)


def test_a_folder_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StateKeyFileError, match="cannot be"):
        _open(tmp_path / "file" / "state.json")


def test_a_crash_while_writing_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "state.json"
    token = _open(path).seal(STATE)

    def fail(self: Path, target: Path) -> Path:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", fail)
        with pytest.raises(StateKeyFileError, match="No space left"):
            _open(path, NOW + timedelta(hours=13))
    assert _open(path, NOW + timedelta(hours=1)).open(token) == STATE


def test_a_left_over_file_of_an_earlier_crash_is_not_readable_by_others(tmp_path: Path) -> None:
    left_over = tmp_path / "state.new"
    left_over.write_text("")
    left_over.chmod(0o644)
    path = tmp_path / "state.json"
    _open(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
