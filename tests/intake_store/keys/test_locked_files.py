from __future__ import annotations

import json

import pytest

from intake_store.keys.locked_files import WrongPassphrase, lock, name_of, unlock
from intake_store.keys.passphrases import Passphrase
from intake_store.submission.errors import KeyFileError

PASSPHRASE = Passphrase("seven grey herons")
FAST = 2**10
SECRET = b"thirty-two bytes of a secret key"


def locked(purpose: str = "warehouse key", name: str = "2026") -> dict:
    return json.loads(lock(SECRET, PASSPHRASE, purpose=purpose, name=name, cost=FAST))


def test_what_was_locked_comes_back_with_its_name() -> None:
    content = json.dumps(locked()).encode()
    assert unlock(content, PASSPHRASE, purpose="warehouse key") == (SECRET, "2026")
    assert name_of(content, purpose="warehouse key") == "2026"


@pytest.mark.parametrize("secret", [b"", b"\0" * 100_000])
def test_secrets_of_any_length(secret: bytes) -> None:
    content = lock(secret, PASSPHRASE, purpose="key", cost=FAST)
    assert unlock(content, PASSPHRASE, purpose="key") == (secret, "")


def test_the_same_secret_never_looks_the_same() -> None:
    first, second = locked(), locked()
    assert not {first[part] for part in ("salt", "nonce", "locked")} & {
        second[part] for part in ("salt", "nonce", "locked")
    }


def test_another_purpose_is_refused_even_if_the_file_is_relabelled() -> None:
    content = locked()
    with pytest.raises(KeyFileError, match="not one of a private key"):
        unlock(json.dumps(content).encode(), PASSPHRASE, purpose="private key")
    content["format"] = "fyren private key 1"
    with pytest.raises(WrongPassphrase):
        unlock(json.dumps(content).encode(), PASSPHRASE, purpose="private key")


def test_another_name_is_noticed() -> None:
    content = locked() | {"name": "2027"}
    with pytest.raises(WrongPassphrase):
        unlock(json.dumps(content).encode(), PASSPHRASE, purpose="warehouse key")


@pytest.mark.parametrize("purpose", ["", "Key", "key 1", "key 1 x", " key", "key\n"])
def test_a_purpose_is_plain_words(purpose: str) -> None:
    with pytest.raises(ValueError, match="not a purpose"):
        lock(SECRET, PASSPHRASE, purpose=purpose, cost=FAST)


def test_a_short_passphrase_is_refused() -> None:
    with pytest.raises(KeyFileError, match="at least 12"):
        lock(SECRET, Passphrase("short"), purpose="key", cost=FAST)


@pytest.mark.parametrize(
    ("part", "value"),
    [("scrypt_cost", 3), ("scrypt_cost", 2**21), ("nonce", ""), ("salt", "?"), ("locked", "AAAA"), ("more", "x")],
)
def test_a_file_that_was_meddled_with_gets_a_plain_answer(part: str, value: object) -> None:
    with pytest.raises(KeyFileError) as caught:
        unlock(json.dumps(locked() | {part: value}).encode(), PASSPHRASE, purpose="warehouse key")
    assert "AAAA" not in str(caught.value)


def test_every_cut_off_file_is_said_to_be_damaged() -> None:
    content = lock(SECRET, PASSPHRASE, purpose="key", cost=FAST)
    for length in range(0, len(content) - 2, 7):
        with pytest.raises(KeyFileError, match="damaged"):
            unlock(content[:length], PASSPHRASE, purpose="key")
