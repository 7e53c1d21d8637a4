"""The list of withdrawn responses that lies beside the backups, so that restoring one does not bring them back.

It is small, so it can be written far more often than a backup. It holds random ids that point to nothing else than rows
of backups, and the week of each withdrawal.
"""

from __future__ import annotations

import hashlib
import uuid
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from sqlalchemy import select

from intake_store.database.tables import WithdrawnRow
from intake_store.submission.errors import IntakeStoreError
from intake_store.submission.intake_database import open_intake_database, reported
from intake_store.submission.iso_weeks import IsoWeek
from intake_store.upkeep.whole_files import writing_whole_file

LIST_NAME: Final = "withdrawn-responses"
"""The name of the list in a folder of backups."""

_HEADER: Final = "fyren withdrawn responses 1"

Withdrawals = Mapping[uuid.UUID, IsoWeek]
"""The week in which each response was withdrawn."""


class WithdrawalListError(IntakeStoreError):
    """A list of withdrawn responses cannot be read, or is damaged."""


def read_withdrawals(path: Path) -> dict[uuid.UUID, IsoWeek]:
    """Read a list; raises `WithdrawalListError` if it is missing, cut off or changed."""
    damaged = f"The list of withdrawn responses {path} is damaged. Take a copy, or an older one."
    try:
        text = path.read_text(encoding="ascii")
    except OSError as error:
        raise WithdrawalListError(
            f"The list of withdrawn responses {path} cannot be read ({error.strerror})."
        ) from error
    except ValueError as error:
        raise WithdrawalListError(damaged) from error
    content, _, digest = text.removesuffix("\n").rpartition("\n")
    header, *lines = content.split("\n")
    if header != _HEADER or digest != _digest(content):
        raise WithdrawalListError(damaged)
    pairs = (line.split(" ") for line in lines)
    return {uuid.UUID(row_id): IsoWeek.parse(week) for row_id, week in pairs}


async def write_withdrawals(location: str, path: Path, oldest_kept: IsoWeek) -> int:
    """Bring a list up to date with the database at a path or URL, and return how many responses it names.

    What the list names already stays, since the database may itself have been restored from an older backup; only
    withdrawals from before `oldest_kept` go. Raises `WithdrawalListError` if the list that is there is damaged.
    """
    listed = _listed(path)
    engine = await open_intake_database(location)
    try:
        async with reported(), engine.connect() as connection:
            rows = (await connection.execute(select(WithdrawnRow.row_id, WithdrawnRow.iso_week))).all()
    finally:
        await engine.dispose()
    listed |= {row_id: IsoWeek.parse(week) for row_id, week in rows}
    kept = {row_id: week for row_id, week in listed.items() if week >= oldest_kept}
    lines = [_HEADER, *(f"{row_id} {kept[row_id]}" for row_id in sorted(kept))]
    content = "\n".join(lines)
    with writing_whole_file(path, replace=True) as partial:
        partial.write_text(f"{content}\n{_digest(content)}\n", encoding="ascii")
    return len(kept)


def _listed(path: Path) -> dict[uuid.UUID, IsoWeek]:
    return read_withdrawals(path) if path.exists() else {}


def _digest(content: str) -> str:
    return "sha256 " + hashlib.sha256(content.encode()).hexdigest()
