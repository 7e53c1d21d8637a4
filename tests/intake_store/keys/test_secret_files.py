from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from intake_store.keys.secret_files import replace, write_new
from intake_store.submission.errors import KeyFileError


def test_a_new_file_is_its_owners_alone(tmp_path: Path) -> None:
    write_new(tmp_path / "key", b"content", 0o600)
    assert (tmp_path / "key").read_bytes() == b"content"
    assert stat.S_IMODE((tmp_path / "key").stat().st_mode) == 0o600
    assert [path.name for path in tmp_path.iterdir()] == ["key"]


def test_what_is_there_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"old")
    with pytest.raises(KeyFileError, match="not overwritten"):
        write_new(tmp_path / "key", b"new", 0o600)
    assert (tmp_path / "key").read_bytes() == b"old"


def test_a_file_that_came_meanwhile_is_not_overwritten(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "exists", lambda path: False)
    (tmp_path / "key").write_bytes(b"old")
    with pytest.raises(KeyFileError, match="not overwritten"):
        write_new(tmp_path / "key", b"new", 0o600)
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("key", b"old")]


def test_a_memory_stick_without_links_will_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_links(*_: object) -> None:
        raise PermissionError(1, "Operation not permitted")

    monkeypatch.setattr(os, "link", no_links)
    write_new(tmp_path / "key", b"content", 0o600)
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("key", b"content")]


@pytest.mark.parametrize("write", [write_new, replace])
def test_a_write_that_fails_leaves_everything_as_it_was(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, write) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    if write is replace:
        (tmp_path / "key").write_bytes(b"old")
    before = [(path.name, path.read_bytes()) for path in tmp_path.iterdir()]
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(KeyFileError, match="No space left"):
        write(tmp_path / "key", b"new", 0o600)
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == before


def test_a_replaced_file_is_new_at_once(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(b"old")
    replace(tmp_path / "key", b"new", 0o644)
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("key", b"new")]


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="cannot be written"):
        write_new(tmp_path / "missing" / "key", b"content", 0o600)
