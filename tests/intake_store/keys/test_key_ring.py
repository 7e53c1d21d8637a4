from __future__ import annotations

import stat
from pathlib import Path

import pytest

from intake_store.keys import key_ring, locked_files
from intake_store.keys.key_ring import (
    KeyRing,
    KeyRingFiles,
    destroy_key,
    export_key,
    import_key,
    loose_permissions,
    open_key_file,
    publish_key,
    rotate,
)
from intake_store.keys.locked_files import WrongPassphrase
from intake_store.keys.passphrases import Passphrase, read_passphrases
from intake_store.keys.private_keys import KeyFiles, PrivateKey, create_key_files
from intake_store.keys.resealing import round_trip
from intake_store.submission.errors import KeyFileError
from intake_store.submission.sealing import PublicKey

DAILY = Passphrase("seven grey herons")
OTHER = Passphrase("eleven white swans")
FAST = 2**10


class Store:
    """The folders of a store's keys."""

    def __init__(self, folder: Path) -> None:
        self.public = folder / "keys" / "intake-public.pem"
        self.files = KeyRingFiles(folder / "analyst" / "intake-private.json", folder / "analyst")
        create_key_files(KeyFiles(self.public, self.files.newest), DAILY, FAST)

    def ring(self, *passphrases: Passphrase) -> KeyRing:
        return KeyRing.read(self.files, passphrases or (DAILY,))

    def rotate(self, passphrase: Passphrase = DAILY, *known: Passphrase) -> key_ring.Rotation:
        return rotate(self.files, self.ring(*known), self.public, passphrase, FAST)

    def contents(self) -> dict[Path, bytes]:
        root = self.public.parents[1]
        return {path.relative_to(root): path.read_bytes() for path in sorted(root.rglob("*")) if path.is_file()}


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path)


def test_a_store_with_one_key_is_a_ring_of_one(store: Store) -> None:
    ring = store.ring()
    assert [key.public_key.key_id for key in ring] == [PublicKey.read(store.public).key_id]
    assert ring.newest is ring.keys[0]
    assert DAILY not in repr(ring)


def test_a_rotation_keeps_the_old_key_for_opening(store: Store) -> None:
    old, old_public = store.ring().newest, store.public.read_bytes()
    done = store.rotate()
    ring = store.ring()
    assert ring.newest.public_key.key_id == done.key.key_id == PublicKey.read(store.public).key_id
    assert ring.get(old.public_key.key_id) is not None
    assert done.before == old.public_key.key_id
    assert not done.finished_earlier
    assert done.kept_public is not None
    assert done.kept_public.read_bytes() == old_public
    round_trip(ring.newest, PublicKey.read(store.public))
    for path in store.files.paths():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(store.public.stat().st_mode) == 0o644


def test_keys_of_many_ages_open_with_passphrases_of_their_own(store: Store, tmp_path: Path) -> None:
    ids = [store.ring().newest.public_key.key_id]
    ids.append(store.rotate(OTHER).key.key_id)
    ids.append(store.rotate(OTHER, OTHER, DAILY).key.key_id)
    (tmp_path / "passphrases").write_text(f"{OTHER}\n\n{DAILY}\n{OTHER}\n")
    known = read_passphrases(tmp_path / "passphrases")
    assert known == (OTHER, DAILY)
    ring = store.ring(*known)
    assert {key.public_key.key_id for key in ring} == set(ids)
    assert ring.newest.public_key.key_id == ids[-1]
    assert ring.passphrase == OTHER
    with pytest.raises(WrongPassphrase, match=ids[0]):
        store.ring(OTHER)


class Interrupted(Exception):
    pass


@pytest.mark.parametrize("step", [0, 1, 2, 3, 4])
def test_a_rotation_that_is_cut_off_anywhere_loses_nothing_and_is_finished_by_the_next(
    store: Store, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    old = store.ring().newest.public_key.key_id
    left = [step]

    def counted(write):
        def write_unless_cut_off(*arguments):
            if left[0] == 0:
                raise Interrupted
            left[0] -= 1
            write(*arguments)

        return write_unless_cut_off

    with monkeypatch.context() as patched:
        patched.setattr(key_ring, "write_new", counted(key_ring.write_new))
        patched.setattr(key_ring, "replace", counted(key_ring.replace))
        if step < 4:
            with pytest.raises(Interrupted):
                store.rotate()
        else:
            store.rotate()
    # Whatever happened, what is sealed now opens, and so does what was sealed before.
    ring, in_use = store.ring(), PublicKey.read(store.public)
    assert ring.get(old) is not None
    key = ring.get(in_use.key_id)
    assert key is not None
    round_trip(key, in_use)
    half_done = ring.newest.public_key.key_id not in (old, in_use.key_id)
    done = store.rotate()
    assert done.finished_earlier == half_done
    assert store.ring().newest.public_key.key_id == PublicKey.read(store.public).key_id == done.key.key_id
    assert store.ring().get(old) is not None


def test_a_public_key_of_another_store_stops_a_rotation(store: Store) -> None:
    store.public.write_bytes(PrivateKey.generate().public_key.to_pem())
    before = store.contents()
    with pytest.raises(KeyFileError, match="belongs to none"):
        store.rotate()
    assert store.contents() == before


def test_a_public_key_for_another_machine_is_written_where_it_was_asked_for(store: Store, tmp_path: Path) -> None:
    out = tmp_path / "stick" / "new.pem"
    done = rotate(store.files, store.ring(), out, DAILY, FAST)
    assert PublicKey.read(out).key_id == done.key.key_id
    assert done.kept_public is None


def test_the_halves_stay_apart(store: Store) -> None:
    with pytest.raises(KeyFileError, match="another folder"):
        rotate(store.files, store.ring(), store.files.newest.parent / "public.pem", DAILY, FAST)


def test_a_file_that_is_no_public_key_is_not_replaced(tmp_path: Path) -> None:
    (tmp_path / "notes.txt").write_text("to do")
    with pytest.raises(KeyFileError):
        publish_key(tmp_path / "notes.txt", PrivateKey.generate().public_key)
    assert (tmp_path / "notes.txt").read_text() == "to do"


def test_a_short_new_passphrase_changes_nothing(store: Store) -> None:
    before = store.contents()
    with pytest.raises(KeyFileError, match="at least 12"):
        store.rotate(Passphrase("short"))
    assert store.contents() == before


@pytest.mark.parametrize("content", [b"", b"{", b"\xff\xfe"])
def test_a_half_written_key_is_named_and_not_passed_over(store: Store, content: bytes) -> None:
    store.rotate()
    older = store.files.paths()[1]
    older.write_bytes(content)
    with pytest.raises(KeyFileError, match=f"{older.name}.*damaged"):
        store.ring()


def test_what_a_crash_leaves_beside_a_key_is_no_key(store: Store) -> None:
    (store.files.older / ".intake-private-0.json.1a2b").write_bytes(b"half")
    assert len(store.ring().keys) == 1


def test_an_escrow_copy_brings_a_lost_key_back(store: Store, tmp_path: Path) -> None:
    key = store.ring().newest
    copy = export_key(key, tmp_path / "safe", OTHER, FAST)
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    store.files.newest.unlink()
    with pytest.raises(KeyFileError, match="cannot be read"):
        store.ring()
    with pytest.raises(WrongPassphrase):
        open_key_file(copy, [DAILY])
    opened, fitting = open_key_file(copy, [DAILY, OTHER])
    assert fitting == OTHER
    public = PublicKey.read(store.public)
    assert import_key(opened, store.files, public, DAILY, FAST) == store.files.newest
    assert store.ring().newest.public_key.key_id == key.public_key.key_id
    with pytest.raises(KeyFileError, match="not overwritten"):
        export_key(key, tmp_path / "safe", OTHER, FAST)


def test_an_older_key_from_escrow_stands_with_the_older_keys(store: Store, tmp_path: Path) -> None:
    copy = export_key(store.ring().newest, tmp_path / "safe", OTHER, FAST)
    store.rotate()
    public = PublicKey.read(store.public)
    old, _ = open_key_file(copy, [OTHER])
    store.files.of(old.public_key.key_id).unlink()
    assert import_key(old, store.files, public, DAILY, FAST) == store.files.of(old.public_key.key_id)
    newest = store.ring().newest
    store.files.newest.unlink()
    destroy_key(store.files.of(old.public_key.key_id))
    # Even with the newest lost, an older key does not pose as the newest.
    assert import_key(old, store.files, public, DAILY, FAST) == store.files.of(old.public_key.key_id)
    assert import_key(newest, store.files, public, DAILY, FAST) == store.files.newest
    assert len(store.ring().keys) == 2


def test_an_escrow_copy_is_a_private_key_file_like_any_other(store: Store, tmp_path: Path) -> None:
    copy = export_key(store.ring().newest, tmp_path / "safe", OTHER, FAST)
    assert locked_files.name_of(copy.read_bytes(), purpose="private key") == store.ring().newest.public_key.key_id


def test_a_destroyed_key_is_gone(store: Store) -> None:
    store.rotate()
    older = store.files.paths()[1]
    destroy_key(older)
    assert not older.exists()
    assert len(store.ring().keys) == 1
    with pytest.raises(KeyFileError, match="cannot be destroyed"):
        destroy_key(older)


def test_loose_permissions_are_noticed(store: Store) -> None:
    assert not loose_permissions(store.files.newest)
    store.files.newest.chmod(0o640)
    assert loose_permissions(store.files.newest)


def test_halves_that_are_no_pair_are_noticed() -> None:
    one, other = PrivateKey.generate(), PrivateKey.generate()
    round_trip(one, one.public_key)
    with pytest.raises(KeyFileError, match="no pair"):
        round_trip(one, other.public_key)
