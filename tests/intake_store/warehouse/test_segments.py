"""The folder of the warehouse: nothing can be read without the key, nothing is lost, nothing lingers."""

from __future__ import annotations

import os
import uuid
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest

from intake_store.codebook import Codebook
from intake_store.keys.locked_files import WrongPassphrase
from intake_store.keys.passphrases import Passphrase
from intake_store.periods import Quarter
from intake_store.submission.errors import KeyFileError
from intake_store.warehouse.opening import RejectionReason
from intake_store.warehouse.storage import WarehouseError
from intake_store.warehouse.warehouse import OpenedResponse, Warehouse
from intake_store.warehouse.warehouse_key import WarehouseKey

PASSPHRASE = Passphrase("twelve and more")
WINTER = Quarter.parse("2026Q4")


def ids_of(opened: list[OpenedResponse]) -> np.ndarray:
    return np.sort(np.frombuffer(b"".join(entry.row_id.bytes for entry in opened), dtype="S16"))


def segments(folder: Path) -> set[str]:
    return {path.name for path in folder.glob("*.parquet")}


# -- Encryption -------------------------------------------------------------------------------------------------------


def test_no_name_code_or_id_stands_in_the_files(
    tmp_path: Path, open_warehouse, codebook: Codebook, varied: list[OpenedResponse]
) -> None:
    with open_warehouse() as warehouse:
        warehouse.add(varied, {RejectionReason.UNKNOWN_KEY: 3})
        warehouse.put_dataset("service_figures", pa.table({"annual_cost_sek": ["an amount"]}))
    content = b"".join(path.read_bytes() for path in (tmp_path / "warehouse").iterdir())
    names = {"record_key", "codebook_version", "population", "iso_week", "quarter", "channel", "language", "synthetic"}
    words = names | {"unknown_key", "service_figures", "annual_cost_sek", "an amount", "2026Q4", "2026-W41", "telegram"}
    words |= {*codebook.populations, *codebook.variables, "too_fast|same_client", "no_answer", "ARROW:schema"}
    for variable in codebook.variables.values():
        words |= {code.code for code in variable.codes}
    # Three letters come about by chance in so many random bytes.
    found = [word for word in words if len(word) > 5 and word.encode() in content]
    assert found == []
    assert not any(entry.row_id.bytes in content or entry.row_id.hex.encode() in content for entry in varied)


def test_the_search_finds_what_is_not_encrypted(tmp_path: Path, varied: list[OpenedResponse], open_warehouse) -> None:
    """The same columns written without encryption hold every one of these words."""
    with open_warehouse() as warehouse:
        columns = warehouse.columns.of([e.row_id for e in varied], [e.response.to_stored() for e in varied])
    pa.parquet.write_table(columns, tmp_path / "plain.parquet")
    content = (tmp_path / "plain.parquet").read_bytes()
    for word in ("needs_selling", "record_key", "2026-W41", "telegram", "no_answer"):
        assert word.encode() in content
    assert varied[0].row_id.bytes in content


def test_every_segment_says_that_its_footer_is_encrypted(
    tmp_path: Path, open_warehouse, varied: list[OpenedResponse]
) -> None:
    with open_warehouse() as warehouse:
        warehouse.add(varied)
    [segment] = (tmp_path / "warehouse").glob("*.parquet")
    # `PARE` instead of `PAR1`: the format's mark of a file with an encrypted footer.
    assert segment.read_bytes()[:4] == segment.read_bytes()[-4:] == b"PARE"
    with pytest.raises(OSError, match="encrypted"):
        pa.parquet.read_schema(segment)


def test_another_key_opens_nothing(open_warehouse, varied: list[OpenedResponse]) -> None:
    with open_warehouse() as warehouse:
        warehouse.add(varied)
    with pytest.raises(WarehouseError, match="does not open with this key"):
        open_warehouse(key=WarehouseKey.generate())
    with open_warehouse() as warehouse:
        assert warehouse.size() == len(varied)


@pytest.mark.parametrize("position", [10, 2000, -200, -30])
def test_a_changed_segment_is_damaged(
    tmp_path: Path, open_warehouse, varied: list[OpenedResponse], position: int
) -> None:
    with open_warehouse() as warehouse:
        warehouse.add(varied)
    [segment] = (tmp_path / "warehouse").glob("*.parquet")
    content = bytearray(segment.read_bytes())
    content[position] ^= 1
    segment.write_bytes(content)
    with open_warehouse() as warehouse, pytest.raises(WarehouseError, match="damaged"):
        warehouse.mirror(ids_of(varied[1:]))


def test_a_segment_cannot_take_the_place_of_another(
    tmp_path: Path, open_warehouse, varied: list[OpenedResponse]
) -> None:
    with open_warehouse() as warehouse:
        warehouse.add(varied[:60])
        warehouse.add(varied[60:])
    first, second = (tmp_path / "warehouse").glob("*.parquet")
    second.write_bytes(first.read_bytes())
    with open_warehouse() as warehouse, pytest.raises(WarehouseError, match="damaged"):
        warehouse.tally("needs_selling", WINTER, ["needs"])


def test_an_older_manifest_names_segments_that_are_gone(
    tmp_path: Path, open_warehouse, varied: list[OpenedResponse]
) -> None:
    manifest = tmp_path / "warehouse" / "manifest"
    with open_warehouse() as warehouse:
        warehouse.add(varied)
        older = manifest.read_bytes()
        warehouse.mirror(ids_of(varied[1:]))
    manifest.write_bytes(older)
    with open_warehouse() as warehouse, pytest.raises(WarehouseError, match="damaged"):
        warehouse.tally("needs_selling", WINTER, [])


# -- The key file -----------------------------------------------------------------------------------------------------


def test_a_key_is_kept_locked(tmp_path: Path) -> None:
    path = tmp_path / "analyst" / "warehouse-key.json"
    made = WarehouseKey.create(path, PASSPHRASE, cost=2)
    assert path.stat().st_mode & 0o777 == 0o600
    assert made.record_secret.hex() not in path.read_text()
    read = WarehouseKey.read(path, Passphrase("another passphrase"), PASSPHRASE)
    assert (read.record_secret, read.derived("x")) == (made.record_secret, made.derived("x"))
    with pytest.raises(WrongPassphrase):
        WarehouseKey.read(path, Passphrase("another passphrase"))
    with pytest.raises(KeyFileError, match="not overwritten"):
        WarehouseKey.create(path, PASSPHRASE, cost=2)
    with pytest.raises(KeyFileError, match="cannot be read"):
        WarehouseKey.read(tmp_path / "missing.json", PASSPHRASE)


def test_derived_keys_differ(warehouse_key: WarehouseKey) -> None:
    assert len({warehouse_key.derived("a"), warehouse_key.derived("b"), warehouse_key.record_secret}) == 3
    with pytest.raises(ValueError, match="32 bytes"):
        WarehouseKey(b"short")


# -- Changes ----------------------------------------------------------------------------------------------------------


def test_what_left_the_inbox_leaves_no_file_behind(
    tmp_path: Path, open_warehouse, varied: list[OpenedResponse]
) -> None:
    folder = tmp_path / "warehouse"
    with open_warehouse() as warehouse:
        for start in range(0, 120, 40):
            warehouse.add(varied[start : start + 40])
        before = segments(folder)
        gone = varied[5:10]
        missing, deleted = warehouse.mirror(ids_of([entry for entry in varied if entry not in gone]))
        assert (len(missing), deleted, warehouse.size()) == (0, 5, 115)
        # Only the segment that held them is another one.
        assert len(before - segments(folder)) == len(segments(folder) - before) == 1
        assert warehouse.mirror(np.array([], dtype="S16")) == (pytest.approx([]), 115)
        assert segments(folder) == set()
    with open_warehouse() as warehouse:
        assert warehouse.size() == 0


@pytest.mark.parametrize("moment", ["before the manifest", "after the manifest"])
def test_a_crash_leaves_the_state_before_or_after(
    tmp_path: Path, open_warehouse, varied: list[OpenedResponse], monkeypatch: pytest.MonkeyPatch, moment: str
) -> None:
    folder = tmp_path / "warehouse"
    with open_warehouse() as warehouse:
        warehouse.add(varied[:40])
        warehouse.add(varied[40:80])
        with monkeypatch.context() as patched:
            if moment == "before the manifest":
                patched.setattr("intake_store.warehouse.segments.secret_files.replace", _crash)
            else:
                patched.setattr(Path, "unlink", _crash)
            with pytest.raises(KeyboardInterrupt):
                warehouse.mirror(ids_of(varied[1:80]))
    assert len(segments(folder)) == 3
    with open_warehouse() as warehouse:
        assert warehouse.size() == (80 if moment == "before the manifest" else 79)
        assert len(segments(folder)) == 2
        assert warehouse.mirror(ids_of(varied[1:]))[0].tolist() == ids_of(varied[80:]).tolist()


def _crash(*_: object, **__: object) -> None:
    raise KeyboardInterrupt


def test_a_full_disk_is_named_and_loses_nothing(
    open_warehouse, varied: list[OpenedResponse], monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    with open_warehouse() as warehouse:
        warehouse.add(varied[:40])
        with monkeypatch.context() as patched:
            patched.setattr(os, "fsync", full)
            with pytest.raises(WarehouseError, match="No space left"):
                warehouse.add(varied[40:])
        assert warehouse.size() == 40
        warehouse.add(varied[40:])
        assert warehouse.size() == 120


def test_long_segments_are_not_written_again(
    tmp_path: Path, open_warehouse, varied: list[OpenedResponse], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("intake_store.warehouse.segments.LOOSE_RESPONSES", 30)
    monkeypatch.setattr("intake_store.warehouse.segments.FULL_SEGMENT", 25)
    with open_warehouse() as warehouse:
        for start in range(0, 120, 10):
            warehouse.add(varied[start : start + 10])
        assert warehouse.size() == 120
        assert sorted(warehouse._storage.ids().tolist()) == ids_of(varied).tolist()
        sizes = [segment.rows for segment in warehouse._storage._manifest.segments]
        assert max(sizes) < 50
        # Two populations and two quarters; of the longer ones there are two.
        assert 4 <= len(sizes) <= 8


# -- What is refused --------------------------------------------------------------------------------------------------


def test_a_second_program_waits_outside(open_warehouse) -> None:
    with open_warehouse(), pytest.raises(WarehouseError, match="another program"):
        open_warehouse()


def test_the_warehouse_of_an_older_version_is_refused_and_kept(
    tmp_path: Path, codebooks: dict[str, Codebook], warehouse_key: WarehouseKey
) -> None:
    older = tmp_path / "warehouse.duckdb"
    older.write_bytes(b"responses")
    for location in (older, tmp_path / "warehouse"):
        with pytest.raises(WarehouseError, match="fyren responses load"):
            Warehouse(location, codebooks, warehouse_key)
    assert older.read_bytes() == b"responses"
    assert not (tmp_path / "warehouse").exists()


def test_a_folder_with_other_files_is_left_alone(
    tmp_path: Path, codebooks: dict[str, Codebook], warehouse_key: WarehouseKey
) -> None:
    (tmp_path / "letter.txt").write_text("kept")
    mode = tmp_path.stat().st_mode
    with pytest.raises(WarehouseError, match="other files"):
        Warehouse(tmp_path, codebooks, warehouse_key)
    assert (tmp_path.stat().st_mode, [path.name for path in tmp_path.iterdir()]) == (mode, ["letter.txt"])


def test_a_lost_manifest_is_damage_and_deletes_nothing(
    tmp_path: Path, open_warehouse, varied: list[OpenedResponse]
) -> None:
    with open_warehouse() as warehouse:
        warehouse.add(varied)
    (tmp_path / "warehouse" / "manifest").unlink()
    with pytest.raises(WarehouseError, match="damaged"):
        open_warehouse()
    assert len(segments(tmp_path / "warehouse")) == 1


def test_a_database_that_is_away_is_named(
    codebooks: dict[str, Codebook], warehouse_key: WarehouseKey, tmp_path
) -> None:
    with pytest.raises(WarehouseError, match="PostgreSQL"):
        Warehouse("postgresql://nobody@/nothing?host=/nowhere", codebooks, warehouse_key)


def test_ids_that_end_in_zero_bytes_stay_apart(open_warehouse, varied: list[OpenedResponse]) -> None:
    twins = [
        OpenedResponse(uuid.UUID(bytes=prefix.ljust(16, b"\0")), varied[0].response)
        for prefix in (b"\1", b"\1\0\1", b"\1" * 15, b"")
    ]
    with open_warehouse() as warehouse:
        warehouse.add(twins)
        missing, deleted = warehouse.mirror(ids_of(twins[1:]))
        assert (len(missing), deleted, warehouse.size()) == (0, 1, 3)
