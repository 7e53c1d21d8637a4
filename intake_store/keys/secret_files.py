"""Writing files that must be whole or not there at all, and that only their owner may read."""

from __future__ import annotations

import contextlib
import errno
import os
import secrets
from collections.abc import Iterator
from pathlib import Path

from intake_store.submission.errors import KeyFileError

_NO_LINKS = (errno.EPERM, errno.ENOTSUP, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK)
"""What file systems without hard links say, such as those of memory sticks."""


def write_new(path: Path, content: bytes, mode: int) -> None:
    """Write a new file and see it safely to the disk; a crash or a full disk leaves no half of it under its name.

    Raises `KeyFileError` if there is a file already, which is never overwritten, or if it cannot be written.
    """
    taken = KeyFileError(f"{path} is there already and is not overwritten. Choose another path.")
    if path.exists():
        raise taken
    with _written_beside(path, content, mode) as beside:
        try:
            try:
                # A link, unlike a rename, does not replace what somebody else put there meanwhile.
                os.link(beside, path)
            except FileExistsError:
                raise taken from None
            except OSError as error:
                if error.errno not in _NO_LINKS:
                    raise
                beside.rename(path)
        except OSError as error:
            raise KeyFileError(f"{path} cannot be written ({error.strerror}).") from error
    _sync_folder(path.parent)


def replace(path: Path, content: bytes, mode: int) -> None:
    """Put a file in the place of another at once: whoever reads meanwhile sees all of the old or all of the new.

    Raises `KeyFileError` if it cannot be written; the old file is then as it was.
    """
    with _written_beside(path, content, mode) as beside:
        try:
            beside.replace(path)
        except OSError as error:
            raise KeyFileError(f"{path} cannot be written ({error.strerror}).") from error
    _sync_folder(path.parent)


@contextlib.contextmanager
def _written_beside(path: Path, content: bytes, mode: int) -> Iterator[Path]:
    beside = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        try:
            with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
                file.write(content)
                file.flush()
                os.fsync(file.fileno())
        except OSError as error:
            raise KeyFileError(f"{path} cannot be written ({error.strerror}).") from error
        yield beside
    finally:
        with contextlib.suppress(OSError):
            beside.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    """See the folder's entry to the disk too; where a file system does not know that, the file itself is there."""
    with contextlib.suppress(OSError):
        descriptor = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(descriptor)
        finally:
            os.close(descriptor)
