"""Files that are there whole or not at all, readable by their owner alone."""

from __future__ import annotations

import errno
import os
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def writing_whole_file(path: Path, *, replace: bool) -> Iterator[Path]:
    """Yield the path of an empty file beside `path`, which takes its place once it is filled and on the disk.

    After an error nothing is left of it. Raises `FileExistsError` if `path` is there and is not to be replaced, other
    `OSError`s as they come.
    """
    if path.exists() and not replace:
        raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(path))
    path.parent.mkdir(parents=True, exist_ok=True)
    # mkstemp: mode 0600, and a name that no other run has.
    descriptor, name = tempfile.mkstemp(prefix=f".{path.name}.", suffix=".partial", dir=path.parent)
    os.close(descriptor)
    partial = Path(name)
    try:
        yield partial
        _to_disk(partial)
        if replace:
            partial.replace(path)
        else:
            os.link(partial, path)
    finally:
        for left in (partial, *(partial.with_name(partial.name + end) for end in ("-wal", "-shm", "-journal"))):
            left.unlink(missing_ok=True)
    _to_disk(path.parent)


def _to_disk(path: Path) -> None:
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
