"""Engines that count what the warehouse hands them: DuckDB in this process, or Spark on many machines.

Both get columns through Arrow, in memory, and the same Ibis expression.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Any, Protocol

import ibis
import ibis.expr.types as ir
import pyarrow as pa

from intake_store.warehouse.storage import RESPONSE_TABLE, WarehouseError


class EngineName(StrEnum):
    """The engines that can count."""

    DUCKDB = "duckdb"
    SPARK = "spark"


class Engine(Protocol):
    """Runs Ibis expressions on Arrow tables."""

    def run(self, query: ir.Table, responses: pa.Table) -> list[dict[str, Any]]:
        """Return the rows of an expression on a table `response`, which has this content."""
        ...

    def close(self) -> None:
        """Stop the engine."""
        ...


def start_engine(name: EngineName) -> Engine:
    """Return a running engine; raises `WarehouseError` if it is not installed or does not start."""
    return SparkEngine() if name is EngineName.SPARK else DuckDBEngine()


class DuckDBEngine:
    """DuckDB without a file: it reads the Arrow columns where they are."""

    def __init__(self) -> None:
        self._backend = ibis.duckdb.connect()

    def run(self, query: ir.Table, responses: pa.Table) -> list[dict[str, Any]]:
        """Return the rows of an expression, without a copy of the columns."""
        self._backend.con.register(RESPONSE_TABLE, responses)
        try:
            rows = self._backend.raw_sql(self._backend.compile(query)).fetchall()
        finally:
            self._backend.con.unregister(RESPONSE_TABLE)
        return [dict(zip(query.columns, row, strict=True)) for row in rows]

    def close(self) -> None:
        """Close the connection."""
        self._backend.disconnect()


class SparkEngine:
    """Spark: the session that the environment names (`SPARK_REMOTE`, `spark-defaults.conf`), or one on this machine."""

    def __init__(self) -> None:
        try:
            self._backend = ibis.pyspark.connect()
        except Exception as error:
            # Anything from a missing package to a Java that is not there; Ibis and Spark share no class of errors.
            raise WarehouseError(
                "Spark does not start. Is the dependency group `spark` installed, and Java 17 there?"
            ) from error

    def run(self, query: ir.Table, responses: pa.Table) -> list[dict[str, Any]]:
        """Return the rows of an expression on a copy of the columns that Spark spreads over its machines."""
        decoded = responses.cast(pa.schema([(field.name, _plain(field.type)) for field in responses.schema]))
        session = self._backend._session
        session.createDataFrame(decoded).createOrReplaceTempView(RESPONSE_TABLE)
        try:
            rows = session.sql(self._backend.compile(query)).collect()
        finally:
            session.catalog.dropTempView(RESPONSE_TABLE)
        return [dict(zip(query.columns, row, strict=True)) for row in rows]

    def close(self) -> None:
        """Leave the session alone: others may use it."""


def _plain(kind: pa.DataType) -> pa.DataType:
    return kind.value_type if pa.types.is_dictionary(kind) else kind
