"""What any place that keeps the warehouse must be able to do, and the form that responses have there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final, Protocol

import ibis
import ibis.expr.types as ir
import numpy as np
import pyarrow as pa

from intake_store.codebook import Codebook, VariableType
from intake_store.submission.errors import IntakeStoreError
from intake_store.warehouse.opening import RejectionReason

RESPONSE_TABLE: Final = "response"
"""What queries call the responses."""

ID_BYTES: Final = 16

Ids = np.ndarray[tuple[int], np.dtype[np.bytes_]]
"""Row ids, 16 bytes each. NumPy fills such texts up with zeros, so equal ones are equal bytes."""


class WarehouseError(IntakeStoreError):
    """The warehouse cannot be used."""


RESPONSE_FIELDS: Final[Mapping[str, pa.DataType]] = {
    "id": pa.binary(ID_BYTES),
    "record_key": pa.int64(),
    "codebook_version": pa.string(),
    "population": pa.string(),
    "iso_week": pa.string(),
    "quarter": pa.string(),
    "channel": pa.string(),
    "language": pa.string(),
    "synthetic": pa.bool_(),
    "flags": pa.string(),
}
"""What stands in the warehouse beside the variables. Several flags have `|` between them; none is an empty text."""


_IBIS_TYPES: Final = {pa.binary(ID_BYTES): "binary", pa.int64(): "int64", pa.string(): "string", pa.bool_(): "boolean"}


class Storage(Protocol):
    """A place that keeps opened responses and small data sets; each change happens wholly or not at all."""

    def ids(self) -> Ids:
        """Return the row ids of all responses."""
        ...

    def keep_only(self, inbox: Ids) -> int:
        """Delete the responses whose ids are not among these, and return how many there were."""
        ...

    def forget_rejections(self) -> None:
        """Begin to count rejected rows anew."""
        ...

    def add(self, responses: pa.Table, rejected: Mapping[RejectionReason, int]) -> None:
        """Add responses, with the columns of `response_schema`, and the numbers of rejected rows."""
        ...

    def settle(self) -> None:
        """Put what was added into the order that queries read fastest, if it is worth it by now."""
        ...

    def rejections(self) -> dict[RejectionReason, int]:
        """Return how many rows were rejected since they were last forgotten, by reason."""
        ...

    def size(self) -> int:
        """Return how many responses there are."""
        ...

    def run(
        self, query: ir.Table, population: str, quarters: Sequence[str], columns: Sequence[str]
    ) -> list[dict[str, Any]]:
        """Return the rows of a query on a table `response`.

        The query uses these columns alone, and filters for the population and the quarters itself; they are named so
        that no more is read than what it can need.
        """
        ...

    def put_dataset(self, name: str, table: pa.Table) -> None:
        """Keep a small data set under a name, in the place of what was there."""
        ...

    def dataset(self, name: str) -> pa.Table | None:
        """Return the data set that is kept under a name, or None."""
        ...

    def close(self) -> None:
        """Give back what is held open."""
        ...


def variables_of(codebooks: Mapping[str, Codebook]) -> dict[str, VariableType]:
    """Return the variables of all versions of the codebook.

    Raises `WarehouseError` if one is single in one version and multiple in another.
    """
    variables: dict[str, VariableType] = {}
    for codebook in codebooks.values():
        for variable in codebook.variables.values():
            if variables.setdefault(variable.name, variable.type) is not variable.type:
                raise WarehouseError(
                    f"Variable {variable.name} is single in one codebook version and multiple in another."
                    " Give it a new name in the later version."
                )
    return variables


def response_schema(variables: Iterable[str]) -> pa.Schema:
    """Return the columns of the warehouse: those of every response, and a text for each variable.

    A variable holds its code, several codes with `|` between them, or `no_answer`, `unknown` or `not_asked`; nothing
    if the response's codebook version or population does not have it.
    """
    return pa.schema([*RESPONSE_FIELDS.items(), *((name, pa.string()) for name in variables)])


def ids_from(raw: bytes) -> Ids:
    """Return the ids that stand one behind the other in `raw`, in their order."""
    return np.frombuffer(raw, dtype=f"S{ID_BYTES}")


def missing_from(wanted: Ids, present: Ids) -> Ids:
    """Return the ids of the first that the second does not hold; both are sorted."""
    return wanted[~found_in(wanted, present)]


def found_in(asked: Ids, present: Ids) -> np.ndarray[tuple[int], np.dtype[np.bool_]]:
    """Tell for each id whether it is among others, which are sorted."""
    if not len(present):
        return np.zeros(len(asked), dtype=np.bool_)
    places = np.searchsorted(present, asked)
    places[places == len(present)] = 0
    found: np.ndarray[tuple[int], np.dtype[np.bool_]] = present[places] == asked
    return found


def queried_table(columns: Sequence[str]) -> ir.Table:
    """Return the table `response` with these columns, for queries that are the same wherever it lies."""
    types = {name: _IBIS_TYPES[RESPONSE_FIELDS.get(name, pa.string())] for name in columns}
    return ibis.table(types, name=RESPONSE_TABLE)
