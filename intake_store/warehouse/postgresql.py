"""The warehouse in a PostgreSQL database, for whoever has one that several analysts use.

What lies on its disks is encrypted by whoever runs the server, not by Fyren.
"""

# Names of columns stand in the statements; the codebook allows only a-z, 0-9 and _ in them.

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any, Final

import ibis
import ibis.expr.types as ir
import numpy as np
import psycopg
import pyarrow as pa

from intake_store.warehouse.opening import RejectionReason
from intake_store.warehouse.storage import ID_BYTES, RESPONSE_FIELDS, Ids, WarehouseError, ids_from, response_schema

_TYPES: Final = {
    pa.binary(ID_BYTES): "bytea",
    pa.int64(): "bigint",
    pa.string(): "text",
    pa.bool_(): "boolean",
}
_TABLES = (
    "CREATE TABLE IF NOT EXISTS rejection (reason text PRIMARY KEY, number bigint NOT NULL)",
    "CREATE TABLE IF NOT EXISTS dataset (name text PRIMARY KEY, content bytea NOT NULL)",
    "CREATE INDEX IF NOT EXISTS ix_response_population ON response (population, quarter)",
)


class PostgresqlStorage:
    """A table of responses in a database of its own; a change is one transaction.

    Raises `WarehouseError` if the database cannot be reached or written.
    """

    def __init__(self, url: str, variables: Iterable[str]) -> None:
        self._schema = response_schema(variables)
        with _plain_errors():
            self._connection = psycopg.connect(url, autocommit=True)
        try:
            self._create()
            self._backend = ibis.postgres.from_connection(self._connection)
        except BaseException:
            self._connection.close()
            raise

    def close(self) -> None:
        """Close the connection."""
        self._connection.close()

    def ids(self) -> Ids:
        """Return the row ids of all responses."""
        with _plain_errors(), self._connection.transaction(), self._connection.cursor("ids") as cursor:
            cursor.itersize = 100_000
            cursor.execute("SELECT id FROM response")
            return np.sort(ids_from(b"".join(row[0] for row in cursor)))

    def keep_only(self, inbox: Ids) -> int:
        """Delete the responses whose ids are not among these."""
        raw = inbox.tobytes()
        with _plain_errors(), self._connection.transaction(), self._connection.cursor() as cursor:
            cursor.execute("CREATE TEMP TABLE inbox (id bytea PRIMARY KEY) ON COMMIT DROP")
            with cursor.copy("COPY inbox FROM STDIN") as copy:
                for start in range(0, len(raw), ID_BYTES):
                    copy.write_row([raw[start : start + ID_BYTES]])
            cursor.execute("DELETE FROM response r WHERE NOT EXISTS (SELECT FROM inbox i WHERE i.id = r.id)")
            return cursor.rowcount

    def forget_rejections(self) -> None:
        """Begin to count rejected rows anew."""
        with _plain_errors():
            self._connection.execute("DELETE FROM rejection")

    def add(self, responses: pa.Table, rejected: Mapping[RejectionReason, int]) -> None:
        """Add responses and the numbers of rejected rows in one transaction."""
        names = ", ".join(f'"{name}"' for name in responses.column_names)
        with _plain_errors(), self._connection.transaction(), self._connection.cursor() as cursor:
            with cursor.copy(f"COPY response ({names}) FROM STDIN") as copy:
                for row in zip(*(column.to_pylist() for column in responses.columns), strict=True):
                    copy.write_row(row)
            cursor.executemany(
                "INSERT INTO rejection VALUES (%s, %s)"
                " ON CONFLICT (reason) DO UPDATE SET number = rejection.number + excluded.number",
                [(reason.value, number) for reason, number in rejected.items()],
            )

    def settle(self) -> None:
        """Give back the place of deleted rows and let the server learn what the table holds by now."""
        with _plain_errors():
            self._connection.execute("VACUUM ANALYZE response")

    def rejections(self) -> dict[RejectionReason, int]:
        """Return how many rows were rejected since they were last forgotten, by reason."""
        with _plain_errors():
            rows = self._connection.execute("SELECT reason, number FROM rejection ORDER BY reason").fetchall()
        return {RejectionReason(reason): number for reason, number in rows}

    def size(self) -> int:
        """Return how many responses there are."""
        with _plain_errors():
            row = self._connection.execute("SELECT count(*) FROM response").fetchone()
        assert row is not None
        return int(row[0])

    def run(
        self, query: ir.Table, population: str, quarters: Sequence[str], columns: Sequence[str]
    ) -> list[dict[str, Any]]:
        """Return the rows of a query; the server finds those that it asks for."""
        with _plain_errors():
            rows = self._connection.execute(self._backend.compile(query)).fetchall()
        return [dict(zip(query.columns, row, strict=True)) for row in rows]

    def put_dataset(self, name: str, table: pa.Table) -> None:
        """Keep a small data set under a name, in the place of what was there."""
        sink = pa.BufferOutputStream()
        with pa.ipc.new_stream(sink, table.schema) as writer:
            writer.write_table(table)
        with _plain_errors():
            self._connection.execute(
                "INSERT INTO dataset VALUES (%s, %s) ON CONFLICT (name) DO UPDATE SET content = excluded.content",
                (name, sink.getvalue().to_pybytes()),
            )

    def dataset(self, name: str) -> pa.Table | None:
        """Return the data set that is kept under a name, or None."""
        with _plain_errors():
            row = self._connection.execute("SELECT content FROM dataset WHERE name = %s", (name,)).fetchone()
        return None if row is None else pa.ipc.open_stream(row[0]).read_all()

    def _create(self) -> None:
        columns = ", ".join(
            f'"{name}" {_TYPES[kind]} {"PRIMARY KEY" if name == "id" else "NOT NULL"}'
            for name, kind in RESPONSE_FIELDS.items()
        )
        with _plain_errors(), self._connection.transaction():
            self._connection.execute(f"CREATE TABLE IF NOT EXISTS response ({columns})")
            for field in self._schema:
                self._connection.execute(
                    f'ALTER TABLE response ADD COLUMN IF NOT EXISTS "{field.name}" {_TYPES[field.type]}'
                )
            for statement in _TABLES:
                self._connection.execute(statement)


@contextlib.contextmanager
def _plain_errors() -> Iterator[None]:
    try:
        yield
    except psycopg.Error as error:
        # The server's message can quote a row, so it is not passed on.
        raise WarehouseError(
            f"The warehouse in PostgreSQL cannot be used ({type(error).__name__}). Is the URL right, does the server"
            " run, and may this user create tables there?"
        ) from None if isinstance(error, psycopg.DataError) else error
