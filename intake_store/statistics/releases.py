"""Releases: tables as they were published, frozen and numbered, in a folder that only grows.

A release of a period is written once. What has to be changed later is a revision: a release of its own, with a reason
and the name of the one it replaces, which stays readable. Every release names the digests of its tables and the digest
of the release before it, so that a changed, missing or slipped-in file is noticed.
"""

from __future__ import annotations

import contextlib
import datetime
import hashlib
import os
import shutil
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from intake_store.periods import Period
from intake_store.statistics.released import ReleasedTable
from intake_store.submission.errors import IntakeStoreError

_FILE: Final = "release.json"


class ReleaseError(IntakeStoreError):
    """A release cannot be made, or what lies in the folder is not what was released."""


class _Record(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AttackFigures(_Record):
    """What an attacker came to before the release: counts attacked, the narrowest interval, and the width required."""

    withheld: int
    unpublished: int
    least_width: float
    required_width: int


class TableFile(_Record):
    """A table of a release: its file, the SHA-256 of it, and what it is about."""

    file: str
    sha256: str
    name: str
    population: str
    layer: str | None = None


class Release(_Record):
    """What a release says of itself.

    `sequence` counts all releases; `revision` those of the period, from 1. `set_aside` counts rows that could not be
    opened or did not fit the codebook, by reason. `previous` is the digest of the release before this one in sequence.
    """

    form: Literal["fyren release 1"] = "fyren release 1"
    sequence: int = Field(ge=1)
    period: str
    revision: int = Field(ge=1)
    replaces: str | None
    reason: str
    note: str
    released_on: datetime.date
    program: str
    codebook_version: str
    threshold: int
    synthetic: bool
    set_aside: Mapping[str, int]
    attack: AttackFigures
    tables: tuple[TableFile, ...]
    previous: str | None

    @property
    def number(self) -> str:
        """The name of the release, such as `2026Q3-1`."""
        return f"{self.period}-{self.revision}"


class ReleaseDraft(_Record):
    """A release before it has a place in the sequence."""

    period: str
    reason: str = ""
    note: str = ""
    released_on: datetime.date
    program: str
    codebook_version: str
    threshold: int
    set_aside: Mapping[str, int] = Field(default_factory=dict)
    attack: AttackFigures


class ReleaseFolder:
    """All releases, each in a folder of its own named by sequence and number, such as `0003-2026Q3-1`."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def releases(self) -> list[Release]:
        """Return all releases in sequence, the newest last.

        Raises `ReleaseError` if one is missing, was changed, or does not follow the one before.
        """
        found: list[Release] = []
        previous: str | None = None
        for place, path in enumerate(self._folders(), start=1):
            content = _content(path / _FILE)
            try:
                release = Release.model_validate_json(content)
            except ValidationError as error:
                raise ReleaseError(f"The release {path.name} is damaged. Restore it from a copy.") from error
            if path.name != _folder_name(release) or release.sequence != place or release.previous != previous:
                raise ReleaseError(
                    f"The release {path.name} does not follow the one before it: one was changed, removed or added."
                    " Restore the folder from a copy."
                )
            previous = _digest(content)
            found.append(release)
        return found

    def of_period(self, period: Period) -> list[Release]:
        """Return the releases of a period, the newest last; raises `ReleaseError` like `releases`."""
        return [release for release in self.releases() if release.period == str(period)]

    def tables(self, release: Release) -> list[ReleasedTable]:
        """Return the tables of a release as they were published; raises `ReleaseError` if a file was changed."""
        tables = []
        for entry in release.tables:
            path = self._path / _folder_name(release) / entry.file
            content = _content(path)
            if _digest(content) != entry.sha256:
                raise ReleaseError(f"{path} is not what was released. Restore it from a copy.")
            tables.append(ReleasedTable.model_validate_json(content))
        return tables

    def verify(self) -> int:
        """Check every file of every release; return how many tables there are. Raises `ReleaseError`."""
        return sum(len(self.tables(release)) for release in self.releases())

    def add(self, draft: ReleaseDraft, tables: Sequence[ReleasedTable]) -> Release:
        """Freeze tables as the next release.

        Raises `ReleaseError` if the period was released before and the draft gives no reason for a revision, if it
        gives one and there is nothing to revise, or if another release came in between. Nothing is ever overwritten.
        """
        before = self.releases()
        earlier = [release for release in before if release.period == draft.period]
        check_reason(earlier, draft.period, draft.reason)
        files = {_file_name(table): table.model_dump_json(indent=1).encode() + b"\n" for table in tables}
        if len(files) != len(tables):
            raise ReleaseError("Two tables have the same name, population and layer.")
        release = Release(
            **draft.model_dump(),
            sequence=len(before) + 1,
            revision=len(earlier) + 1,
            replaces=earlier[-1].number if earlier else None,
            synthetic=any(table.synthetic for table in tables),
            tables=tuple(_entry(table, files) for table in tables),
            previous=self._newest_digest(before),
        )
        self._write(release, {**files, _FILE: release.model_dump_json(indent=1).encode() + b"\n"})
        return release

    def _folders(self) -> list[Path]:
        if not self._path.exists():
            return []
        return sorted(path for path in self._path.iterdir() if path.is_dir() and not path.name.startswith("."))

    def _newest_digest(self, before: Sequence[Release]) -> str | None:
        return _digest(_content(self._path / _folder_name(before[-1]) / _FILE)) if before else None

    def _write(self, release: Release, files: Mapping[str, bytes]) -> None:
        """Write a folder and move it into place, so that a release is there wholly or not at all."""
        target = self._path / _folder_name(release)
        if any(path.name.startswith(f"{release.sequence:04d}-") for path in self._folders()):
            raise ReleaseError("Another release was made just now. Look at it, and try again.")
        try:
            self._path.mkdir(mode=0o755, parents=True, exist_ok=True)
            draft = Path(tempfile.mkdtemp(prefix=".draft-", dir=self._path))
            try:
                for name, content in files.items():
                    _write_file(draft / name, content)
                draft.chmod(0o755)
                _sync(draft)
                draft.rename(target)
                _sync(self._path)
            finally:
                with contextlib.suppress(FileNotFoundError):
                    shutil.rmtree(draft)
        except OSError as error:
            raise ReleaseError(
                f"The release {target} could not be written ({error.strerror}). Nothing was released."
            ) from (error)


def check_reason(earlier: Sequence[Release], period: str, reason: str) -> None:
    """Check that a first release gives no reason for a revision, and a revision gives one; raises `ReleaseError`."""
    if earlier and not reason.strip():
        raise ReleaseError(
            f"{period} was released as {earlier[-1].number} and is frozen. Give a reason to release a revision."
        )
    if reason.strip() and not earlier:
        raise ReleaseError(f"{period} was not released yet, so there is nothing to revise. Leave the reason out.")


def _entry(table: ReleasedTable, files: Mapping[str, bytes]) -> TableFile:
    name = _file_name(table)
    return TableFile(
        file=name,
        sha256=_digest(files[name]),
        name=table.name,
        population=table.population,
        layer=table.layer[0] if table.layer else None,
    )


def _folder_name(release: Release) -> str:
    return f"{release.sequence:04d}-{release.number}"


def _file_name(table: ReleasedTable) -> str:
    parts = [table.name, *filter(None, [table.population, table.layer[0] if table.layer else ""])]
    return ".".join(parts) + ".json"


def _content(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise ReleaseError(f"{path} cannot be read ({error.strerror}). Restore it from a copy.") from error


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _write_file(path: Path, content: bytes) -> None:
    with path.open("xb") as file:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())
    path.chmod(0o444)


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
