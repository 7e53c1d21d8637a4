"""Tables of usage: counts of events in conversations, protected like counts of responses.

There are no rows that belong to anybody, so an event is what is counted; a small count can still be one person in a
small county or a rare language, and is withheld like any other.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Final

from intake_store.codebook import Codebook
from intake_store.disclosure.suppression import CellSystem, information_loss
from intake_store.periods import Period
from intake_store.statistics.cells import BASE_PER_COLUMN
from intake_store.statistics.counts import CountSource
from intake_store.statistics.declarations import Method, Source, TableDeclaration
from intake_store.statistics.geography import COUNTY
from intake_store.statistics.released import TOTAL, Figure, ReleasedRow, ReleasedTable
from intake_store.statistics.withheld import MadeTable, WithheldFigures
from intake_store.statistics.wording import ALL_USERS, COUNTED_EVENTS, NO_SHARES, OF_EVENTS, title_of
from intake_store.usage.events import UsageEvent

_EVENT: Final = "event"
_NOT_RECORDED: Final = "not_recorded"
_LABELS: Final = {
    "event": "Event",
    "subject": "Subject",
    "channel": "Channel",
    "language": "Language",
    "county": "County",
}
_EVENT_LABELS: Final = {
    "conversation_started": "Conversations started",
    "flow_entered": "Topics opened",
    "flow_completed": "Topics gone through to their end",
    "crisis_card_shown": "Crisis cards shown",
    "service_card_shown": "Searches that showed services",
    "service_not_found": "Searches that found no service nearby",
    "service_card_opened": "Details of a service opened",
    "questionnaire_started": "Questionnaires started",
    "questionnaire_completed": "Questionnaires sent",
    "questionnaire_left": "Questionnaires left on the way",
    "understanding_failed": "Messages not understood",
}

_Key = tuple[str, ...]


def usage_tables(
    source: CountSource,
    codebook: Codebook,
    declarations: Iterable[TableDeclaration],
    period: Period,
    *,
    provisional: bool,
    threshold: int,
) -> list[ReleasedTable]:
    """Make all declared tables of usage that are released for a period, protected together."""
    made = usage_tables_told(source, codebook, declarations, period, provisional=provisional, threshold=threshold)
    return [entry.table for entry in made]


def usage_tables_told(
    source: CountSource,
    codebook: Codebook,
    declarations: Iterable[TableDeclaration],
    period: Period,
    *,
    provisional: bool,
    threshold: int,
) -> list[MadeTable]:
    """Make tables as `usage_tables` does, and tell of each why figures are withheld."""
    declared = [d for d in declarations if d.source is Source.USAGE and d.period.fits(period)]
    counted = [_Counted(source, codebook, declaration, period, threshold) for declaration in declared]
    system: CellSystem[_Key] = CellSystem()
    for table in counted:
        if table.is_open:
            table.describe(system)
    withheld = system.suppress(threshold)
    return [MadeTable(table.released(withheld, provisional), table.told(system, withheld)) for table in counted]


class _Counted:
    """The counts of one declaration."""

    def __init__(
        self, source: CountSource, codebook: Codebook, declaration: TableDeclaration, period: Period, threshold: int
    ) -> None:
        self._declaration = declaration
        self._codebook = codebook
        self._period = period
        self._threshold = threshold
        # One count that is made up makes a whole table of them unfit for anything but trying out.
        self._synthetic = source.usage_tally(period, [_EVENT]).get((UsageEvent.MADE_UP.value,), 0) > 0
        fields = list(dict.fromkeys((_EVENT, *declaration.variables)))
        self._counts: dict[_Key, int] = {}
        for cell, count in source.usage_tally(period, fields).items():
            if cell[0] in declaration.events:
                found = dict(zip(fields, (part or _NOT_RECORDED for part in cell), strict=True))
                for key in {self._key(found, kept) for kept in self._subsets()}:
                    self._counts[key] = self._counts.get(key, 0) + count
        self.rows = list(declaration.events) if declaration.rows == _EVENT else self._values(declaration.rows)
        self.total = sum(self._counts.get((_EVENT, event), 0) for event in declaration.events)
        self.is_open = self.total >= threshold
        columns = self._values(declaration.columns) if declaration.columns else []
        self._is_split = bool(columns) and self.total >= BASE_PER_COLUMN * threshold * len(columns)
        self.columns = columns if self._is_split else []

    def _subsets(self) -> Sequence[tuple[str, ...]]:
        """Return the fields of the cells that are published: all with the event, and with rows and columns."""
        row = () if self._declaration.rows == _EVENT else (self._declaration.rows,)
        column = () if self._declaration.columns is None else (self._declaration.columns,)
        return list(dict.fromkeys([(), row, column, (*row, *column)]))

    @staticmethod
    def _key(found: dict[str, str], kept: Sequence[str]) -> _Key:
        fields = [_EVENT, *sorted(kept)]
        return tuple(part for name in fields for part in (name, found[name]))

    def _values(self, field: str) -> list[str]:
        """Return the values of a field: every county, and of the others those that anything was counted for."""
        seen = {key[place + 1] for key in self._counts for place in range(2, len(key), 2) if key[place] == field}
        if field == COUNTY:
            offered = [code.code for code in self._codebook.variables[COUNTY].codes if code.code.isdecimal()]
            return offered + sorted(seen.difference(offered))
        return sorted(seen)

    def _cell(self, row: str | None, column: str | None) -> _Key:
        """Return the name of a cell; no row and no column stand for all."""
        event = self._declaration.events[0]
        found: dict[str, str] = {_EVENT: event}
        if row is not None:
            found[self._declaration.rows] = row
        if column is not None and self._declaration.columns is not None:
            found[self._declaration.columns] = column
        return self._key(found, [name for name in found if name != _EVENT])

    @property
    def _by_event(self) -> bool:
        return self._declaration.rows == _EVENT

    @property
    def _lines(self) -> list[str | None]:
        """The rows, and that of all events where there is one; None stands for all."""
        return [*self.rows] if self._by_event else [None, *self.rows]

    def told(self, system: CellSystem[_Key], withheld: frozenset[_Key]) -> WithheldFigures:
        """Return why figures are withheld; never to be published."""
        if not self.is_open:
            return WithheldFigures()
        keys = [self._cell(line, place) for line in self._lines for place in (None, *self.columns)]
        loss = system.loss(withheld, keys)
        return WithheldFigures(loss.cells, loss.primary, loss.complementary)

    def describe(self, system: CellSystem[_Key]) -> None:
        """Add the cells and how rows and columns add up."""
        places: list[str | None] = [None, *self.columns]
        for line in self._lines:
            for place in places:
                key = self._cell(line, place)
                count = self._counts.get(key, 0)
                weight = information_loss(count) * (3.0 if line is None or place is None else 1.0)
                system.publish(key, count, weight, count < self._threshold)
            if self.columns:
                parts = {self._cell(line, place): -1 for place in self.columns}
                system.relate({self._cell(line, None): 1} | parts)
        if not self._by_event:
            for place in places:
                system.relate({self._cell(None, place): 1} | {self._cell(line, place): -1 for line in self.rows})

    def released(self, withheld: frozenset[_Key], provisional: bool) -> ReleasedTable:
        declaration = self._declaration
        places: list[str | None] = [None, *self.columns]

        def figures(line: str | None) -> tuple[Figure, ...]:
            keys = [self._cell(line, place) for place in places]
            return tuple(None if key in withheld or not self.is_open else self._counts.get(key, 0) for key in keys)

        base = None if self._by_event else ReleasedRow(code="base", label="All", counts=figures(None))
        return ReleasedTable(
            name=declaration.name,
            title=title_of(declaration.title, self._synthetic),
            theme=declaration.theme,
            source=declaration.source,
            population="",
            population_label=ALL_USERS,
            period=str(self._period),
            period_kind=declaration.period,
            provisional=provisional,
            synthetic=self._synthetic,
            threshold=self._threshold,
            unit=COUNTED_EVENTS,
            base_text=declaration.base or (NO_SHARES if self._by_event else OF_EVENTS),
            method=Method.SUPPRESSION,
            method_text=(
                f"Events are counted by week as they happen. A count is withheld, shown as two dots, when it is below"
                f" {self._threshold}, or when a withheld count could be worked out from it."
            ),
            row_variable=declaration.rows,
            row_label=_LABELS[declaration.rows],
            column_variable=declaration.columns if self.columns else None,
            column_label=_LABELS[declaration.columns] if declaration.columns else None,
            columns=((TOTAL, "All"), *((code, self._label(declaration.columns or "", code)) for code in self.columns)),
            rows=tuple(
                ReleasedRow(code=line, label=self._label(declaration.rows, line), counts=figures(line))
                for line in (self.rows if self.is_open else ())
            ),
            base=base,
            notes=declaration.notes,
            withheld=not self.is_open,
            split_withheld=self.is_open and declaration.columns is not None and not self._is_split,
        )

    def _label(self, field: str, value: str) -> str:
        if value == _NOT_RECORDED:
            return "Not recorded"
        if field == _EVENT:
            return _EVENT_LABELS.get(value, value)
        if field == COUNTY:
            labels = {code.code: code.label for code in self._codebook.variables[COUNTY].codes}
            return labels.get(value, value)
        return self._declaration.labels.get(value, value)
