"""Releases: tables as they were published, frozen and numbered, in a folder that only grows.

A release of a period is written once. What has to be changed later is a revision: a release of its own, with a reason
and the name of the one it replaces, which stays readable. Every release names the digests of its tables and the digest
of the release before it, so that a changed, missing or slipped-in file is noticed. Only the newest has no other to
vouch for its own words; `Verification.end` is what to note elsewhere for that.

One program writes at a time, whichever it is: it holds a lock of the operating system on the folder, which ends with
the program however that ends. A release is written beside the others under a hidden name and gets its own in one step.
"""

from __future__ import annotations

import contextlib
import datetime
import fcntl
import hashlib
import os
import shutil
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from intake_store.periods import Period
from intake_store.statistics.released import ReleasedTable
from intake_store.submission.errors import IntakeStoreError

_FILE: Final = "release.json"
_DRAFT: Final = ".draft-"


FilesState = tuple[tuple[str, int, int, int], ...]
"""Name, size and times of change of each file of a release."""


class ReleaseError(IntakeStoreError):
    """A release cannot be made, or what lies in the folder is not what was released."""


class ReleaseOvertaken(ReleaseError):
    """Another release was made since its maker looked, or is being made now."""


class ReleaseChanged(ReleaseError):
    """A file is not what was released, or is missing."""


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


@dataclass(frozen=True, slots=True)
class Problem:
    """What is wrong with the files of a release; without a number, with how the releases follow each other."""

    release: str
    text: str


@dataclass(frozen=True, slots=True)
class Verification:
    """What reading all releases came to; `end` is the digest of the newest, which vouches for all before it."""

    releases: int
    tables: int
    problems: tuple[Problem, ...]
    end: str

    @property
    def is_unchanged(self) -> bool:
        """Whether everything is as it was released."""
        return not self.problems


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
        return [ReleasedTable.model_validate_json(self._content(release, entry)) for entry in release.tables]

    def state(self, release: Release) -> FilesState:
        """Return what changes when anybody writes to the files of a release; reading no file, it proves nothing."""
        folder = self._path / _folder_name(release)
        found = []
        for entry in release.tables:
            try:
                seen = (folder / entry.file).stat()
            except OSError:
                found.append((entry.file, 0, 0, 0))
            else:
                found.append((entry.file, seen.st_size, seen.st_mtime_ns, seen.st_ctime_ns))
        return tuple(found)

    def verify(self) -> Verification:
        """Read every file of every release and compare it with its digest.

        Whatever was changed is told in the result and raises nothing.
        """
        try:
            releases = self.releases()
        except ReleaseError as error:
            return Verification(0, 0, (Problem("", str(error)),), "")
        problems: list[Problem] = []
        for release in releases:
            for entry in release.tables:
                try:
                    self._content(release, entry)
                except ReleaseError as error:
                    problems.append(Problem(release.number, str(error)))
            known = {_FILE, *(entry.file for entry in release.tables)}
            strange = sorted({path.name for path in (self._path / _folder_name(release)).iterdir()} - known)
            problems += [
                Problem(release.number, f"The file {name} was put into release {release.number}. Take it out.")
                for name in strange
            ]
        tables = sum(len(release.tables) for release in releases)
        return Verification(len(releases), tables, tuple(problems), self.digest_of(releases[-1]) if releases else "")

    @contextlib.contextmanager
    def only_writer(self) -> Iterator[ReleaseWriter]:
        """Yield what adds releases while no other program does.

        Raises `ReleaseOvertaken` at once if another one is at it, and `ReleaseError` if the folder cannot be used.
        """
        try:
            self._path.mkdir(mode=0o755, parents=True, exist_ok=True)
            descriptor = os.open(self._path, os.O_RDONLY | os.O_DIRECTORY)
        except OSError as error:
            raise ReleaseError(f"The folder {self._path} cannot be used ({error.strerror}).") from error
        try:
            _lock(descriptor)
            # Nobody else writes now, so a draft is what a program left that was stopped half-way.
            for draft in self._path.glob(f"{_DRAFT}*"):
                shutil.rmtree(draft, ignore_errors=True)
            yield ReleaseWriter(self, self._path, self.releases())
        finally:
            os.close(descriptor)

    def add(self, draft: ReleaseDraft, tables: Sequence[ReleasedTable], seen: str | None = None) -> Release:
        """Freeze tables as the next release; see `ReleaseWriter`."""
        with self.only_writer() as writer:
            writer.check_seen(draft.period, seen)
            return writer.add(draft, tables)

    def _content(self, release: Release, entry: TableFile) -> bytes:
        path = self._path / _folder_name(release) / entry.file
        content = _content(path)
        if _digest(content) != entry.sha256:
            raise ReleaseChanged(
                f"Release {release.number} is not shown: its file {entry.file} is not what was released."
                " Restore it from a copy."
            )
        return content

    def _folders(self) -> list[Path]:
        if not self._path.exists():
            return []
        return sorted(path for path in self._path.iterdir() if path.is_dir() and not path.name.startswith("."))

    def digest_of(self, release: Release) -> str:
        """Return the digest of what a release says of itself, by which the next one names it."""
        return _digest(_content(self._path / _folder_name(release) / _FILE))


class ReleaseWriter:
    """Adds releases to a folder that is locked for it; `releases` are all there are, the newest last."""

    def __init__(self, folder: ReleaseFolder, path: Path, releases: Sequence[Release]) -> None:
        self._folder = folder
        self._path = path
        self.releases = tuple(releases)

    def of_period(self, period: str) -> list[Release]:
        """Return the releases of a period, the newest last."""
        return [release for release in self.releases if release.period == period]

    def check_seen(self, period: str, seen: str | None) -> None:
        """Check that a period's newest release is still the one its maker saw, or none if that is empty.

        None stands for a maker who did not look. Raises `ReleaseOvertaken`.
        """
        numbers = [release.number for release in self.of_period(period)]
        newest = numbers[-1] if numbers else ""
        if seen is not None and seen != newest:
            raise ReleaseOvertaken(
                "Another release of this period was made since you looked. Nothing was released. Look at the period"
                " again."
            )

    def add(self, draft: ReleaseDraft, tables: Sequence[ReleasedTable]) -> Release:
        """Freeze tables as the next release.

        Raises `ReleaseError` if the period was released before and the draft gives no reason for a revision, or if it
        gives one and there is nothing to revise. Nothing is ever overwritten.
        """
        earlier = self.of_period(draft.period)
        check_reason(earlier, draft.period, draft.reason)
        files = {_file_name(table): table.model_dump_json(indent=1).encode() + b"\n" for table in tables}
        if len(files) != len(tables):
            raise ReleaseError("Two tables have the same name, population and layer.")
        release = Release(
            **draft.model_dump(),
            sequence=len(self.releases) + 1,
            revision=len(earlier) + 1,
            replaces=earlier[-1].number if earlier else None,
            synthetic=any(table.synthetic for table in tables),
            tables=tuple(_entry(table, files) for table in tables),
            previous=self._folder.digest_of(self.releases[-1]) if self.releases else None,
        )
        self._write(release, {**files, _FILE: release.model_dump_json(indent=1).encode() + b"\n"})
        self.releases = (*self.releases, release)
        return release

    def _write(self, release: Release, files: Mapping[str, bytes]) -> None:
        """Write a folder and move it into place, so that a release is there wholly or not at all."""
        target = self._path / _folder_name(release)
        try:
            draft = Path(tempfile.mkdtemp(prefix=_DRAFT, dir=self._path))
            try:
                for name, content in files.items():
                    _write_file(draft / name, content)
                draft.chmod(0o755)
                _sync(draft)
                # Fails where a release has that name: a folder never takes the place of one that holds something.
                draft.rename(target)
            finally:
                with contextlib.suppress(FileNotFoundError):
                    shutil.rmtree(draft)
        except OSError as error:
            raise ReleaseError(
                f"The release {target} could not be written ({error.strerror}). Nothing was released."
            ) from error
        # From here on it is released, whatever the disk makes of this.
        with contextlib.suppress(OSError):
            _sync(self._path)


def check_reason(earlier: Sequence[Release], period: str, reason: str) -> None:
    """Check that a first release gives no reason for a revision, and a revision gives one; raises `ReleaseError`."""
    if earlier and not reason.strip():
        raise ReleaseError(
            f"{period} was released as {earlier[-1].number} and is frozen. Give a reason to release a revision."
        )
    if reason.strip() and not earlier:
        raise ReleaseError(f"{period} was not released yet, so there is nothing to revise. Leave the reason out.")


def _lock(folder: int) -> None:
    """Lock an open folder itself, so that no file is left over when a program is killed; raises `ReleaseOvertaken`."""
    try:
        fcntl.flock(folder, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError as error:
        raise ReleaseOvertaken(
            "Another release is being made just now. Wait until it is ready, look at it, and try again."
        ) from error
    except OSError as error:
        raise ReleaseError(
            f"The folder of releases cannot be locked ({error.strerror}). Nothing was released."
        ) from error


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
