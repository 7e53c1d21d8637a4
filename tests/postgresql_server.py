"""A real PostgreSQL for tests, made and started from its programs, in a folder of its own.

It listens on a Unix socket alone, so that two of them never want the same port. PostgreSQL refuses to run as root; then
the unprivileged user `postgres` (or `nobody`) runs it.
"""

from __future__ import annotations

import itertools
import os
import pwd
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Literal, Self

SUPERUSER = "postgres"

# Names of databases: a server serves one worker of a run, so counting is enough.
_NUMBERS = itertools.count(1)


class PostgresqlMissing(Exception):
    """PostgreSQL's programs are not on this machine."""


class PostgresqlServer:
    """A PostgreSQL that can be stopped in either way, started again, and asked for databases."""

    def __init__(self, folder: Path, *, keeps_what_it_acknowledged: bool) -> None:
        self.folder = folder
        self.data = folder / "data"
        self._user = _unprivileged_user()
        self._options = "-c listen_addresses= " + f"-c unix_socket_directories={folder} "
        self._options += "-c max_connections=50 -c shared_buffers=16MB -c log_min_messages=panic -c autovacuum=off "
        self._options += "-c wal_recycle=off "
        if sys.platform == "linux":
            # After a crash, sync the file system at once and not each of a thousand files.
            self._options += "-c recovery_init_sync_method=syncfs "
        if not keeps_what_it_acknowledged:
            self._options += "-c fsync=off -c synchronous_commit=off -c full_page_writes=off "

    @classmethod
    @contextmanager
    def running(cls, *, keeps_what_it_acknowledged: bool = False) -> Iterator[Self]:
        """Yield a new, empty server that is up; afterwards nothing of it is left.

        For speed it does not wait for the disk, unless `keeps_what_it_acknowledged` asks for what a deployment has.
        """
        # Not pytest's folder: its path is too long for a socket and closed to other users.
        folder = Path(tempfile.mkdtemp(prefix="fyren-pg-"))
        try:
            server = cls(folder, keeps_what_it_acknowledged=keeps_what_it_acknowledged)
            if server._user is not None:
                os.chown(folder, server._user.pw_uid, server._user.pw_gid)
            server._initialise()
            server.start()
            try:
                yield server
            finally:
                server.stop("immediate")
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def start(self) -> None:
        """Start the server and wait until it answers, recovery after an immediate stop included."""
        log = self.folder / "server.log"
        try:
            self._run("pg_ctl", "start", "-w", "-s", "-D", str(self.data), "-l", str(log), "-o", self._options)
        except subprocess.CalledProcessError as error:
            said = log.read_text(errors="replace") if log.exists() else ""
            raise RuntimeError(f"PostgreSQL did not start: {error.stderr} {said}") from error

    def stop(self, mode: Literal["fast", "immediate"] = "fast") -> None:
        """Stop the server: `fast` in order, with a checkpoint; `immediate` as a crash would."""
        if self.is_running():
            self._run("pg_ctl", "stop", "-w", "-s", "-D", str(self.data), "-m", mode)

    def restart(self, mode: Literal["fast", "immediate"] = "fast") -> None:
        """Stop and start."""
        self.stop(mode)
        self.start()

    def is_running(self) -> bool:
        """Tell whether the server is up."""
        return (self.data / "postmaster.pid").exists()

    def location(self, database: str, user: str = SUPERUSER) -> str:
        """Return the URL of a database, as `FYREN_INTAKE_DATABASE` takes it."""
        return f"postgresql://{user}@/{database}?host={self.folder}"

    def create_database(self, template: str = "template1") -> str:
        """Make a database of its own, a copy of another that nobody is connected to; return its name."""
        name = f"test_{next(_NUMBERS)}"
        self.execute(f"CREATE DATABASE {name} TEMPLATE {template}")
        return name

    def execute(self, statement: str, database: str = "postgres", user: str = SUPERUSER) -> str:
        """Run SQL through `psql` and return what it prints, a line for each row; raises `CalledProcessError`."""
        return self._psql(database, user, "-c", statement)

    def execute_file(self, path: Path, database: str, user: str = SUPERUSER) -> None:
        """Run a file of SQL; it is read here, since the server's user may not be allowed to."""
        copy = self.folder / "statements.sql"
        copy.write_bytes(path.read_bytes())
        copy.chmod(0o644)
        self._psql(database, user, "-f", str(copy))

    def _psql(self, database: str, user: str, *what: str) -> str:
        return self._run(
            "psql", "-X", "-q", "-A", "-t", "-v", "ON_ERROR_STOP=1",
            "-h", str(self.folder), "-U", user, "-d", database, *what,
        )  # fmt: skip

    def raw_bytes(self, database: str) -> bytes:
        """Return everything that stands in a database's files and in the write-ahead logs, once all is written."""
        self.execute("CHECKPOINT")
        oid = self.execute(f"SELECT oid FROM pg_database WHERE datname = '{database}'")
        folders = (self.data / "base" / oid, self.data / "pg_wal")
        return b"".join(path.read_bytes() for folder in folders for path in folder.iterdir() if path.is_file())

    def _initialise(self) -> None:
        self._run(
            "initdb", "-D", str(self.data), "-U", SUPERUSER, "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync",
            "--no-instructions",
        )  # fmt: skip

    def _run(self, name: str, *arguments: str) -> str:
        # The server inherits the output of pg_ctl: a pipe would be waited for until the server ends.
        with tempfile.TemporaryFile("w+") as said:
            completed = subprocess.run(
                [_program(name), *arguments],
                cwd=self.folder,
                env=_environment(self.folder),
                stdin=subprocess.DEVNULL,
                stdout=said,
                stderr=subprocess.STDOUT,
                text=True,
                check=False,
                **_as_user(self._user),
            )
            said.seek(0)
            output = said.read()
        if completed.returncode != 0:
            raise subprocess.CalledProcessError(completed.returncode, [name, *arguments], output, output)
        return output.strip()


def _program(name: str) -> str:
    """Return the path of a program; Debian keeps those of the server off the PATH."""
    found = shutil.which(name)
    if found is not None:
        return found
    versions = Path("/usr/lib/postgresql").glob(f"*/bin/{name}")
    newest = max(versions, key=lambda path: float(path.parts[-3]), default=None)
    if newest is None:
        raise PostgresqlMissing(
            f"The tests need PostgreSQL's {name}. Install it with tests/install-debian-packages.sh, or put its folder"
            " on the PATH."
        )
    return str(newest)


def _unprivileged_user() -> pwd.struct_passwd | None:
    """Return who is to run the server, or None if whoever runs the tests can."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            return pwd.getpwnam(name)
        except KeyError:
            continue
    raise PostgresqlMissing("PostgreSQL refuses to run as root, and there is no user `postgres` or `nobody`.")


def _as_user(user: pwd.struct_passwd | None) -> Mapping[str, int | list[int]]:
    return {} if user is None else {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": []}


def _environment(folder: Path) -> dict[str, str]:
    """Return the environment without what would lead the programs elsewhere (PGHOST, PGDATA and so on)."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return kept | {"HOME": str(folder), "LC_ALL": "C.UTF-8", "TZ": "UTC"}
