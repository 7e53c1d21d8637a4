"""Released tables: figures that have been through disclosure control, with all that a reader needs.

A released table says everything that its publication says and nothing more, and it can be written as JSON and read back
exactly; whoever wants to know what can be worked out from tables needs nothing but these.
"""

from __future__ import annotations

from typing import Final

from pydantic import BaseModel, ConfigDict

from intake_store.statistics.declarations import Method, PeriodKind, Source, Theme

NOT_STATED: Final = "not_stated"
"""The column of responses that did not answer the column variable, or were not asked it."""

TOTAL: Final = "total"
"""The column of all responses."""

QUARTER_COLUMNS: Final = "quarter"
"""The column variable of a series."""

Figure = int | float | None
"""A published figure, or `None` where it is withheld."""


class _Released(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class ReleasedRow(_Released):
    """A row of figures, one for each column; `None` is a withheld one."""

    code: str
    label: str
    counts: tuple[Figure, ...]


class FlagCount(_Released):
    """How many responses were left out under a quality flag; `None` stands for a count under the threshold."""

    flag: str
    count: int | None


class ReleasedTable(_Released):
    """A table as it may be published.

    `columns` are codes and labels; in a table of responses that is no series, the first is the total. `base` counts,
    for each column, the responses that shares are shares of; `means` holds the means of the columns. `non_response`
    tells in how many responses the row variable was not answered or not asked, in the total or in each quarter of a
    series. `layer` tells apart tables that one declaration makes, by code and label. `withheld` tells that the base was
    too small for any table, `split_withheld` that it was too small for the columns, which are left out then. With
    `noise`, each count may differ from the truth by up to that much; with `rounding`, each count is the nearest
    multiple of it.
    """

    name: str
    title: str
    theme: Theme
    source: Source
    population: str
    population_label: str
    layer: tuple[str, str] | None = None
    period: str
    period_kind: PeriodKind
    provisional: bool
    synthetic: bool
    threshold: int
    unit: str
    base_text: str
    method: Method
    method_text: str
    rounding: int | None = None
    noise: int | None = None
    row_variable: str
    row_label: str
    column_variable: str | None = None
    column_label: str | None = None
    columns: tuple[tuple[str, str], ...]
    rows: tuple[ReleasedRow, ...]
    base: ReleasedRow | None = None
    means: ReleasedRow | None = None
    non_response: tuple[ReleasedRow, ...] = ()
    responses: int | None = None
    flagged: tuple[FlagCount, ...] = ()
    notes: tuple[str, ...] = ()
    withheld: bool = False
    split_withheld: bool = False

    @property
    def is_series(self) -> bool:
        """Whether the columns are quarters."""
        return self.column_variable == QUARTER_COLUMNS
