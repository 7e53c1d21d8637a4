from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

import pytest

from intake_store.codebook import Codebook
from intake_store.periods import Period, Quarter, Year
from intake_store.statistics.counts import CountSource
from intake_store.statistics.declarations import (
    DECLARATIONS_FOLDER,
    Measure,
    PeriodKind,
    Source,
    TableDeclaration,
    load_declarations,
)
from intake_store.statistics.outsider import Findings, Outsider
from intake_store.statistics.released import ReleasedRow, ReleasedTable
from intake_store.statistics.tables import make_tables

THRESHOLD = 10
YEAR = Year(2026)
PERIODS: tuple[Period, ...] = (*YEAR.quarters, YEAR)

YearOf = Callable[[int], CountSource]


def attacked(codebook: Codebook, tables: Sequence[ReleasedTable]) -> Findings:
    outsider = Outsider(codebook)
    outsider.read(tables)
    return outsider.attack(THRESHOLD)


def declared(codebook: Codebook, *populations: str) -> list[TableDeclaration]:
    found = [
        declaration.model_copy(update={"populations": tuple(p for p in declaration.populations if p in populations)})
        for declaration in load_declarations(DECLARATIONS_FOLDER, codebook).values()
        if declaration.source is Source.RESPONSES
    ]
    return [declaration for declaration in found if declaration.populations]


# -- The declared tables hold ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("number", "populations"),
    [
        (300, ("needs_selling", "needs_relative", "needs_professional", "needs_under_18")),
        (300, ("needs_buying", "experience", "experience_under_18")),
        (2000, ("needs_selling",)),
        (2000, ("needs_buying", "experience")),
        (2000, ("needs_relative", "needs_professional", "needs_under_18", "experience_under_18")),
    ],
)
def test_nothing_withheld_can_be_worked_out_from_all_tables_of_a_year_and_its_quarters(
    codebook: Codebook, year_of: YearOf, number: int, populations: tuple[str, ...]
) -> None:
    """Every population, with little and with more; a release attacks its own tables too before it is frozen."""
    tables = [
        table
        for period in PERIODS
        for table in make_tables(
            year_of(number), codebook, declared(codebook, *populations), period, provisional=False, threshold=THRESHOLD
        )
    ]
    findings = attacked(codebook, [ReleasedTable.model_validate_json(table.model_dump_json()) for table in tables])
    assert findings.withheld > 50
    assert findings.narrow == ()
    assert findings.least_width >= THRESHOLD


# -- The attack can succeed --------------------------------------------------------------------------------------------


def table(rows: str, population: str, columns: str | None = None, **more: object) -> TableDeclaration:
    declaration = TableDeclaration(
        name=f"{rows}_{columns}", title="A table", populations=(population,), rows=rows, columns=columns
    )
    return declaration.model_copy(update={"period": PeriodKind.YEAR} | more)


def unprotected(
    codebook: Codebook, source: CountSource, period: Period, *declarations: TableDeclaration
) -> list[ReleasedTable]:
    """Make tables that show everything."""
    return make_tables(source, codebook, declarations, period, provisional=False, threshold=0)


def hidden(table: ReleasedTable, *codes: str, column: int = 0) -> ReleasedTable:
    """Withhold the figures of some rows in one column, and only those."""

    def rows(old: Iterable[ReleasedRow]) -> tuple[ReleasedRow, ...]:
        return tuple(
            row.model_copy(
                update={"counts": tuple(None if i == column else count for i, count in enumerate(row.counts))}
            )
            if row.code in codes
            else row
            for row in old
        )

    changed: dict[str, object] = {"rows": rows(table.rows), "non_response": rows(table.non_response)}
    if table.base is not None:
        changed["base"] = rows([table.base])[0]
    if "responses" in codes:
        changed["responses"] = None
    return table.model_copy(update=changed)


def found(findings: Findings) -> set[tuple[str, ...]]:
    return {entry.cell[2:] for entry in findings.narrow if entry.interval.width == 0}


def test_one_withheld_count_follows_from_the_others(codebook: Codebook, year_of: YearOf) -> None:
    [shown] = unprotected(codebook, year_of(300), YEAR, table("gender", "needs_selling"))
    assert ("gender", "man") in found(attacked(codebook, [hidden(shown, "man")]))


def test_withholding_only_small_counts_is_not_enough(codebook: Codebook, year_of: YearOf) -> None:
    tables = unprotected(codebook, year_of(300), YEAR, table("gender", "needs_selling", "age_band"))
    small = [
        row.model_copy(update={"counts": tuple(c if c is not None and c >= THRESHOLD else None for c in row.counts)})
        for row in tables[0].rows
    ]
    assert attacked(codebook, [tables[0].model_copy(update={"rows": tuple(small)})]).narrow


def test_whom_the_routing_leaves_out_follows_from_the_earlier_question(codebook: Codebook, year_of: YearOf) -> None:
    earlier, routed = unprotected(
        codebook, year_of(300), YEAR, table("third_party", "needs_selling"), table("control", "needs_selling")
    )
    masked = hidden(routed, "not_asked", "no_answer", "unknown")
    assert ("control", "not_asked") not in found(attacked(codebook, [masked]))
    assert ("control", "not_asked") in found(attacked(codebook, [earlier, masked]))


def test_a_routing_by_several_codes_is_known_too(codebook: Codebook, year_of: YearOf) -> None:
    earlier, routed = unprotected(
        codebook, year_of(300), YEAR, table("needs", "needs_selling"), table("needs_met", "needs_selling")
    )
    masked = hidden(routed, "not_asked", "no_answer", "unknown")
    assert ("needs_met", "not_asked") not in found(attacked(codebook, [masked]))
    assert ("needs_met", "not_asked") in found(attacked(codebook, [earlier, masked]))


def test_who_had_a_need_and_is_not_without_help_is_seen(codebook: Codebook, year_of: YearOf) -> None:
    needs, unmet = unprotected(
        codebook, year_of(300), YEAR, table("needs", "needs_under_18"), table("needs_unmet", "needs_under_18")
    )
    differences = {cell for cell in found(attacked(codebook, [needs, unmet])) if cell[1].startswith("only earlier")}
    assert differences
    assert not any(cell[1].startswith("only earlier") for cell in found(attacked(codebook, [unmet])))


def test_a_mean_tells_how_two_withheld_ratings_add_up(codebook: Codebook, year_of: YearOf) -> None:
    [shown] = unprotected(codebook, year_of(2000), YEAR, table("treatment", "experience", measure=Measure.MEAN))
    masked = hidden(shown, "bad", "very_good")
    narrow = {entry.cell[2:] for entry in attacked(codebook, [masked]).narrow}
    assert ("treatment", "bad") in narrow
    assert not attacked(codebook, [masked.model_copy(update={"means": None})]).narrow


def test_a_region_tells_of_its_counties(codebook: Codebook, year_of: YearOf) -> None:
    region, county = unprotected(
        codebook, year_of(300), YEAR, table("region", "needs_selling"), table("county", "needs_selling")
    )
    masked = hidden(county, "12", "14", "answered", "no_answer", "unknown", "responses")
    blurred = hidden(region, "answered", "no_answer", "unknown", "responses")
    assert ("county", "12") not in found(attacked(codebook, [masked]))
    assert {("county", "12"), ("county", "14")} <= found(attacked(codebook, [blurred, masked]))


def test_a_year_tells_of_its_last_quarter(codebook: Codebook, year_of: YearOf) -> None:
    source = year_of(300)
    [year] = unprotected(codebook, source, YEAR, table("gender", "needs_selling"))
    quarterly = table("gender", "needs_selling", period=PeriodKind.QUARTER)
    quarters = [t for q in YEAR.quarters for t in unprotected(codebook, source, q, quarterly)]
    everything = ("woman", "man", "nonbinary", "other", "answered", "no_answer", "responses")
    masked = [*quarters[:3], hidden(quarters[3], *everything)]
    assert not any(cell[1] == "woman" for cell in found(attacked(codebook, masked)) if cell)
    assert ("gender", "woman") in found(attacked(codebook, [*masked, year]))


def test_a_count_withheld_in_one_table_and_shown_in_another_is_seen(codebook: Codebook, year_of: YearOf) -> None:
    one, other = unprotected(
        codebook, year_of(300), YEAR, table("gender", "needs_selling"), table("gender", "needs_selling", "age_band")
    )
    masked = hidden(one, "man", "woman")
    assert ("gender", "man") in found(attacked(codebook, [masked, other]))


def test_a_quarters_series_says_what_its_tables_say(codebook: Codebook, year_of: YearOf) -> None:
    plain = table("needs", "needs_under_18", period=PeriodKind.QUARTER)
    series = plain.model_copy(update={"name": "over_time", "series": 4})
    source = year_of(2000)
    last = Quarter(2026, 4)
    made = {
        (t.name, t.period): t
        for quarter in YEAR.quarters
        for t in make_tables(source, codebook, [plain, series], quarter, provisional=False, threshold=THRESHOLD)
    }
    beside = made["over_time", str(last)]
    for index, (quarter, _) in enumerate(beside.columns):
        alone = made[plain.name, quarter]
        assert [row.counts[index] for row in beside.rows] == [row.counts[0] for row in alone.rows]
        assert beside.base is not None
        assert alone.base is not None
        assert beside.base.counts[index] == alone.base.counts[0]
    assert attacked(codebook, list(made.values())).narrow == ()
