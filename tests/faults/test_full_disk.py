"""A disk without space, and a file that may not grow."""

from __future__ import annotations

import contextlib
import os
import resource
import shutil
import subprocess
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path

import pytest
from faulty_stores import NOT_SAVED, STORED, FaultyStore, read_outcomes
from intake import IntakeTemplate
from person import Person

CROWDED_MIB = 2


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Yield a file system of a few MiB of its own."""
    folder = tmp_path / "disk"
    folder.mkdir()
    mount = ["mount", "-t", "tmpfs", "-o", f"size={CROWDED_MIB}m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(mount, capture_output=True, check=False).returncode != 0:
        pytest.skip("only root can make a small disk; the test with a file that may not grow covers the same")
    try:
        yield folder
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=True)


@pytest.fixture
def full_disk(
    small_disk: Path, make_store: Callable[[str], FaultyStore], intake_template: IntakeTemplate
) -> tuple[FaultyStore, Callable[[], None]]:
    """Return a store on a disk that will soon be full, and what makes room on it."""
    shutil.copy(intake_template.database, small_disk / "intake.sqlite3")
    ballast = small_disk / "ballast"
    free = shutil.disk_usage(small_disk).free
    ballast.write_bytes(bytes(free - 800_000))
    return make_store(str(small_disk / "intake.sqlite3")), ballast.unlink


async def test_what_a_full_disk_refuses_is_not_there_and_nothing_else_is_lost(
    full_disk: tuple[FaultyStore, Callable[[], None]],
) -> None:
    store, make_room = full_disk
    with store.submitting("--failures", "3") as process:
        outcomes = read_outcomes(process)
    await _only_what_was_acknowledged_is_there(store, outcomes)
    make_room()
    await _the_rest_is_stored_once(store, outcomes)


async def test_what_a_file_that_may_not_grow_refuses_is_not_there(sqlite_store: FaultyStore) -> None:
    with sqlite_store.submitting("--failures", "3", "--largest-file", "400000") as process:
        outcomes = read_outcomes(process)
    await _only_what_was_acknowledged_is_there(sqlite_store, outcomes)
    await _the_rest_is_stored_once(sqlite_store, outcomes)


async def _only_what_was_acknowledged_is_there(store: FaultyStore, outcomes: dict[int, str]) -> None:
    acknowledged = [number for number, outcome in outcomes.items() if outcome == "stored"]
    assert acknowledged
    # Nobody was left in doubt: what was refused is certainly not there.
    assert {outcome for outcome in outcomes.values() if outcome != "stored"} == {"InboxUnavailable"}
    assert await store.numbers() == dict.fromkeys(acknowledged, 1)


async def _the_rest_is_stored_once(store: FaultyStore, outcomes: dict[int, str]) -> None:
    again = await store.try_again(sorted(outcomes))
    assert again == {
        number: "already_stored" if outcome == "stored" else "stored" for number, outcome in outcomes.items()
    }
    assert await store.numbers() == dict.fromkeys(outcomes, 1)


@contextlib.contextmanager
def no_file_may_grow() -> Iterator[None]:
    """Let every file of this process be at its largest."""
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (1, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))


async def test_the_person_is_told_that_nothing_was_saved_and_can_try_again(
    sqlite_store: FaultyStore, to_sending: Callable[..., Awaitable[Person]]
) -> None:
    async with sqlite_store.inbox() as inbox:
        person = await to_sending(inbox)
        with no_file_may_grow():
            await person.tap("wants_receipt:no")
        assert NOT_SAVED in person.heard
        assert await sqlite_store.rows() == []
        await person.tap("retry_submission:yes")
        assert STORED in person.heard
        assert len(await sqlite_store.rows()) == 1


async def test_a_withdrawal_that_only_the_tidying_could_not_follow_is_told_as_done(
    sqlite_store: FaultyStore, to_sending: Callable[..., Awaitable[Person]], monkeypatch: pytest.MonkeyPatch
) -> None:
    async with sqlite_store.inbox() as inbox:
        person = await to_sending(inbox)
        await person.tap("wants_receipt:yes")
        receipt = person.receipt
        assert receipt

        async def full(*_: object, **__: object) -> bool:
            raise OSError(28, "No space left on device")

        monkeypatch.setattr("intake_store.submission.inbox.erase_remains", full)
        await person.tap_old("flow:withdraw")
        await person.say(receipt)
        assert "Your answers are deleted" in person.heard
        assert await sqlite_store.rows() == []
