"""What a report shows of tables: released figures and nothing else, and what was left out is counted."""

from __future__ import annotations

import pytest
from declared_tables import DECLARATIONS, declared_tables

from analyst.charts.marks import drawn_columns, share
from analyst.numerals import number, percent
from analyst.report.contents import CHAPTERS
from analyst.report.short_tables import MOST_ROWS, printed, shortened
from analyst.report.summary import NOT_COUNTED, answers, key_figures
from analyst.translation import Translator
from analyst.web.publications import table_id
from intake_store.statistics.released import ReleasedTable

TABLES = {table_id(table): table for table in declared_tables()}
ENGLISH = Translator("en")


@pytest.mark.parametrize("name", TABLES)
def test_a_table_is_shortened_and_nothing_is_added(name: str) -> None:
    table = TABLES[name]
    short = shortened(table)
    rows = {row.code: row for row in table.rows}
    places = {code: place for place, (code, _) in enumerate(table.columns)}
    for row in short.table.rows:
        for (code, _), count in zip(short.table.columns, row.counts, strict=True):
            assert count == rows[row.code].counts[places[code]]
    assert len(short.table.rows) + short.rows_left == len(table.rows)
    if short.withheld_left:
        shown = {row.code for row in short.table.rows}
        drawn = drawn_columns(table)
        place = places[drawn[-1 if table.is_series else 0][0]]
        left = [row for row in table.rows if row.code not in shown]
        assert short.withheld_left == sum(row.counts[place] is None for row in left)


@pytest.mark.parametrize("name", TABLES)
def test_a_printed_table_holds_counts_shares_and_signs(name: str) -> None:
    table = shortened(TABLES[name]).table
    made = printed(table, ENGLISH)
    assert made.lines
    for heads in made.heads[:1]:
        assert sum(head.columns for head in heads) == 1 + len(made.lines[0].cells)
    allowed = {"", "100", ".."}
    bases = table.base.counts if table.base else (None,) * len(table.columns)
    for row in [*table.rows, *(entry for entry in (table.base, table.means) if entry is not None)]:
        for count, base in zip(row.counts, bases, strict=True):
            allowed |= {number(count, ENGLISH), number(count, ENGLISH, 2), percent(share(count, base), ENGLISH)}
    for line in made.lines:
        for cell in line.cells:
            assert cell.text in allowed
            assert cell.withheld == (cell.text == "..")
            assert not (cell.withheld and cell.shade)


def test_long_tables_keep_their_largest_rows() -> None:
    short = shortened(TABLES["needs.needs_selling"])
    counts = [row.counts[0] for row in short.table.rows]
    assert len(counts) == MOST_ROWS
    assert None not in counts
    assert counts == sorted(counts, key=lambda count: -(count or 0))
    assert short.is_short


def test_every_place_in_a_chapter_names_a_table_that_there_is() -> None:
    for chapter in CHAPTERS:
        for place in chapter.tables:
            for name in place:
                declared, _, population = name.partition(".")
                assert population in (*DECLARATIONS[declared].populations, "")[: -1 if population else None]


def found(*tables: ReleasedTable) -> list[str]:
    return [entry.figure for entry in key_figures(tables, {"2025": "2025", "2025Q4": "Autumn"}, ENGLISH)]


def test_key_figures_are_only_said_where_they_are_sure() -> None:
    table = TABLES["needs_met_by_gender.needs_selling"]
    counts = {"yes": 300, "partly": 500, "no": 600}
    rows = tuple(row.model_copy(update={"counts": (counts[row.code], *row.counts[1:])}) for row in table.rows)
    sure = table.model_copy(update={"rows": rows})
    assert found(sure) == ["79%"]
    hidden = tuple(row.model_copy(update={"counts": (None, *row.counts[1:])}) for row in rows)
    assert found(sure.model_copy(update={"rows": hidden})) == []
    assert found(sure.model_copy(update={"noise": 3})) == []
    assert sure.base is not None
    small = sure.base.model_copy(update={"counts": (49, *sure.base.counts[1:])})
    assert found(sure.model_copy(update={"base": small})) == []
    assert found(sure.model_copy(update={"withheld": True})) == []


def test_the_need_named_most_is_not_said_if_a_withheld_one_could_be_larger() -> None:
    table = TABLES["needs.needs_selling"]
    known = tuple(row.model_copy(update={"counts": (number_,)}) for number_, row in enumerate(table.rows, start=20))
    assert len(found(table.model_copy(update={"rows": known}))) == 1
    hidden = (known[0].model_copy(update={"counts": (None,)}), *known[1:])
    assert found(table.model_copy(update={"rows": hidden})) == []
    tied = (*known[:-1], known[-1].model_copy(update={"counts": known[-2].counts}))
    assert found(table.model_copy(update={"rows": tied})) == []


def test_answers_tell_what_is_withheld_from_what_was_not_counted() -> None:
    selling = TABLES["needs.needs_selling"]
    buying = TABLES["needs.needs_buying"].model_copy(update={"responses": None})
    counted = answers([[selling, buying], [selling]], ENGLISH)
    assert [entry.figures for entry in counted] == [("1,500", "1,500"), ("..", NOT_COUNTED)]
