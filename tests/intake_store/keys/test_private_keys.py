from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest

from intake_store.keys.passphrases import Passphrase, create_passphrase_file, read_passphrase_file
from intake_store.keys.private_keys import KeyFiles, PrivateKey, create_key_files, read_private_key
from intake_store.submission.errors import KeyFileError
from intake_store.submission.sealing import PublicKey
from intake_store.submission.store_secrets import StoreSecrets, create_secret_file

PASSPHRASE = Passphrase("seven grey herons")
FAST = 2**10


@pytest.fixture
def files(tmp_path: Path) -> KeyFiles:
    return KeyFiles(tmp_path / "keys" / "public.pem", tmp_path / "analyst" / "private.json")


def test_a_pair_is_made_and_read(files: KeyFiles) -> None:
    made = create_key_files(files, PASSPHRASE, FAST)
    assert PublicKey.read(files.public).key_id == made.key_id
    assert read_private_key(files.private, PASSPHRASE).public_key.key_id == made.key_id


def test_only_the_owner_reaches_the_private_key(files: KeyFiles) -> None:
    create_key_files(files, PASSPHRASE, FAST)
    assert stat.S_IMODE(files.private.stat().st_mode) == 0o600
    assert stat.S_IMODE(files.private.parent.stat().st_mode) == 0o700


def test_a_wrong_passphrase_is_said_to_be_wrong(files: KeyFiles) -> None:
    create_key_files(files, PASSPHRASE, FAST)
    with pytest.raises(KeyFileError, match="passphrase is wrong"):
        read_private_key(files.private, Passphrase("seven grey geese"))


def test_a_short_passphrase_leaves_no_files(files: KeyFiles) -> None:
    with pytest.raises(KeyFileError, match="at least 12"):
        create_key_files(files, Passphrase("short"), FAST)
    assert not files.public.exists()
    assert not files.private.exists()


@pytest.mark.parametrize("name", ["public", "private"])
def test_nothing_is_overwritten(files: KeyFiles, name: str) -> None:
    create_key_files(files, PASSPHRASE, FAST)
    kept = getattr(files, name).read_bytes()
    with pytest.raises(KeyFileError, match="not overwritten"):
        create_key_files(files, PASSPHRASE, FAST)
    assert getattr(files, name).read_bytes() == kept


def test_both_halves_in_one_folder_are_refused(tmp_path: Path) -> None:
    with pytest.raises(KeyFileError, match="folder of its own"):
        create_key_files(KeyFiles(tmp_path / "public.pem", tmp_path / "private.json"), PASSPHRASE, FAST)


@pytest.mark.parametrize("part", ["name", "salt", "nonce", "locked", "scrypt_cost"])
def test_a_changed_file_does_not_open(part: str) -> None:
    content = json.loads(PrivateKey.generate().lock(PASSPHRASE, FAST))
    other = json.loads(PrivateKey.generate().lock(PASSPHRASE, FAST))
    content[part] = 2**11 if part == "scrypt_cost" else other[part]
    with pytest.raises(KeyFileError, match="does not open"):
        PrivateKey.unlock(json.dumps(content).encode(), PASSPHRASE)


@pytest.mark.parametrize("content", [b"", b"{}", b"\xff", b'{"format": "fyren private key 2"}'])
def test_a_damaged_file_is_said_to_be_damaged(content: bytes) -> None:
    with pytest.raises(KeyFileError, match="damaged"):
        PrivateKey.unlock(content, PASSPHRASE)


def test_a_file_as_they_were_at_first_still_opens() -> None:
    vector = json.loads((Path(__file__).parent / "vectors" / "first_private_key.json").read_text())
    content, passphrase = json.dumps(vector["file"]).encode(), Passphrase(vector["passphrase"])
    key = PrivateKey.unlock(content, passphrase)
    assert key.public_key.to_pem().decode() == vector["public_key"]
    assert key.public_key.key_id == vector["file"]["key_id"]
    with pytest.raises(KeyFileError, match="passphrase is wrong"):
        PrivateKey.unlock(content, PASSPHRASE)


def test_the_file_does_not_show_the_key() -> None:
    key = PrivateKey.generate()
    locked = key.lock(PASSPHRASE, FAST)
    assert json.loads(locked).keys() == {"format", "name", "scrypt_cost", "salt", "nonce", "locked"}
    assert PASSPHRASE.encode() not in locked


def test_passphrase_files(tmp_path: Path) -> None:
    made = create_passphrase_file(tmp_path / "folder" / "passphrase")
    assert read_passphrase_file(tmp_path / "folder" / "passphrase") == made
    (tmp_path / "empty").write_text("\n")
    for name in ("empty", "missing"):
        with pytest.raises(KeyFileError):
            read_passphrase_file(tmp_path / name)


def test_the_secret_of_a_store_is_made_once(tmp_path: Path) -> None:
    path = tmp_path / "keys" / "secret"
    assert create_secret_file(path)
    first = StoreSecrets.read(path)
    assert not create_secret_file(path)
    assert StoreSecrets.read(path) == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    path.write_text("no secret")
    with pytest.raises(KeyFileError, match="damaged"):
        StoreSecrets.read(path)
