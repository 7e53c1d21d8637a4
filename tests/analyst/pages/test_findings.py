"""Findings on tables as they were released, and on what could make a sentence wrong: withheld figures, ties, noise."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from published import CODEBOOKS

from analyst.pages.findings import Findings
from analyst.translation import Translator
from analyst.web.publications import table_id
from intake_store.codebook import load_codebooks
from intake_store.statistics.declarations import Source
from intake_store.statistics.released import Figure, ReleasedRow, ReleasedTable
from intake_store.statistics.releases import ReleaseFolder

ENGLISH = Translator("en")


@pytest.fixture(scope="session")
def findings() -> Findings:
    return Findings(load_codebooks(CODEBOOKS)["1"])


@pytest.fixture(scope="session")
def tables(released: Path) -> Mapping[str, ReleasedTable]:
    folder = ReleaseFolder(released)
    quarter, year = [
        release for release in folder.releases() if release.period in ("2025Q4", "2025") and release.revision == 1
    ]
    return {table_id(table): table for release in (quarter, year) for table in folder.tables(release)}


def with_counts(table: ReleasedTable, counts: Sequence[Figure], base: Figure, **update: object) -> ReleasedTable:
    """Return a released table with other counts in its only column; rows beyond the counts are dropped."""
    assert table.base is not None
    rows = tuple(
        ReleasedRow(code=row.code, label=row.label, counts=(count,))
        for row, count in zip(table.rows, counts, strict=False)
    )
    return table.model_copy(
        update={
            "rows": rows,
            "base": table.base.model_copy(update={"counts": (base,)}),
            "columns": table.columns[:1],
            "column_variable": None,
            "means": None,
            **update,
        }
    )


def test_every_sentence_holds_in_what_was_released(findings: Findings, tables: Mapping[str, ReleasedTable]) -> None:
    said = {name: findings.of(table, ENGLISH) for name, table in tables.items()}
    assert {name for name, text in said.items() if text} == {
        name for name, table in tables.items() if not table.withheld
    }
    for name, table in tables.items():
        if table.column_variable is None and table.base is not None and table.base.counts[0]:
            counts = {row.label: row.counts[0] for row in table.rows}
            largest = max(counts, key=lambda label: counts[label] or 0)
            share = f"{100 * (counts[largest] or 0) / table.base.counts[0]:.0f}%"
            assert f": {largest} ({share})" in said[name], name
            if None in counts.values() and table.row_variable == "needs":
                assert "of what is shown" in said[name], name


def test_needs_as_the_guide_words_them(findings: Findings, tables: Mapping[str, ReleasedTable]) -> None:
    table = with_counts(tables["needs.needs_selling"], (10, 30, 20, 5, 1, 1), 100)
    labels = [row.label for row in table.rows]
    expected = f"Most often named: {labels[1]} (30%), {labels[2]} (20%) and {labels[0]} (10%)."
    assert findings.of(table, ENGLISH) == expected


@pytest.mark.parametrize(
    ("counts", "named"),
    [
        ((50, 40, 30, 30, 5, 5), 2),
        ((50, 40, 40, 40, 5, 5), 1),
        ((40, 40, 40, 5, 5, 5), 3),
        ((40, 40, 40, 40, 5, 5), 0),
        ((0, 0, 0, 0, 0, 0), 0),
        ((0, 0, 7, 0, 0, 0), 1),
    ],
)
def test_equal_counts_are_not_torn_apart(
    findings: Findings, tables: Mapping[str, ReleasedTable], counts: Sequence[int], named: int
) -> None:
    said = findings.of(with_counts(tables["needs.needs_selling"], counts, 100), ENGLISH)
    assert said.count("%") == named


def test_single_answers_speak_of_all_when_nothing_withheld_can_be_larger(
    findings: Findings, tables: Mapping[str, ReleasedTable]
) -> None:
    ages = tables["age_by_gender.needs_selling"]
    sure = findings.of(with_counts(ages, (60, 25, None, None), 100), ENGLISH)
    assert sure.startswith("Most common: ")
    unsure = findings.of(with_counts(ages, (45, 15, None, None), 100), ENGLISH)
    assert unsure.startswith("Most common, of what is shown: ")


def test_noise_shortens_the_list_and_hides_shares(findings: Findings, tables: Mapping[str, ReleasedTable]) -> None:
    table = with_counts(tables["needs.needs_selling"], (50, 40, 31, 5, 1, 1), 100, noise=10)
    assert findings.of(table, ENGLISH) == f"Most often named: {table.rows[0].label}, {table.rows[1].label} and " + (
        f"{table.rows[2].label}."
    )
    close = with_counts(tables["needs.needs_selling"], (50, 40, 31, 20, 1, 1), 100, noise=10)
    assert findings.of(close, ENGLISH) == ""
    rounded = with_counts(tables["needs.needs_selling"], (50, 40, 40, 35, 0, 0), 100, rounding=5)
    assert findings.of(rounded, ENGLISH).count("%") == 1


def test_what_is_withheld_says_nothing(findings: Findings, tables: Mapping[str, ReleasedTable]) -> None:
    table = tables["needs.needs_selling"]
    assert findings.of(table.model_copy(update={"withheld": True}), ENGLISH) == ""
    assert findings.of(with_counts(table, (None,) * 6, 100), ENGLISH) == ""
    assert "%" not in findings.of(with_counts(table, (9, 5, 4, 1, 1, 1), None), ENGLISH)


def test_a_scale_gives_good_bad_and_the_mean(findings: Findings, tables: Mapping[str, ReleasedTable]) -> None:
    table = tables["treatment_by_gender.experience"]
    said = findings.of(table, ENGLISH)
    assert table.base is not None
    assert table.means is not None
    counts = {row.code: row.counts[0] or 0 for row in table.rows}
    good = 100 * (counts["good"] + counts["very_good"]) / (table.base.counts[0] or 1)
    assert said.startswith(f"{good:.0f}% answered “")
    assert f"The mean is {table.means.counts[0]:.1f} on a scale from 1 to 5." in said
    hidden = with_counts(table, (20, None, 10, 10, 20), 80)
    assert "answered" not in findings.of(hidden, ENGLISH)


def test_small_groups_are_not_held_against_large_ones(findings: Findings, tables: Mapping[str, ReleasedTable]) -> None:
    table = tables["needs_met_by_gender.needs_selling"]
    assert table.base is not None
    small = [
        label
        for (code, label), base in zip(table.columns, table.base.counts, strict=True)
        if code not in ("total", "not_stated") and (base or 0) < 30
    ]
    said = findings.of(table, ENGLISH)
    assert all(f"{label}: " not in said for label in small)
    assert ("Groups of fewer than 30 responses are left out." in said) == bool(small)


def test_the_last_quarter_of_a_series_stands_beside_the_one_before(
    findings: Findings, tables: Mapping[str, ReleasedTable]
) -> None:
    table = tables["needs_over_time.needs_selling"]
    said = findings.of(table, ENGLISH)
    first = max(table.rows, key=lambda row: row.counts[-1] or 0)
    assert table.base is not None
    now, before = (100 * (first.counts[n] or 0) / (table.base.counts[n] or 1) for n in (-1, -2))
    assert f"{first.label} ({now:.0f}%; {before:.0f}% the quarter before)" in said


def test_services_against_needs(findings: Findings, tables: Mapping[str, ReleasedTable]) -> None:
    supply = tables["needs.needs_selling"].model_copy(
        update={
            "source": Source.SUPPLY,
            "base": None,
            "rows": tuple(
                ReleasedRow(code=code, label=label, counts=counts)
                for code, label, counts in (
                    ("01", "One", (30, 2, 1, 5)),
                    ("03", "Three", (12, 0, 0, 5)),
                    ("04", "Four", (None, 0, 0, 5)),
                )
            ),
        }
    )
    expected = (
        "The need may be shown for 2 of 3 counties; the directory knows no service that can be visited in: Three."
    )
    assert findings.of(supply, ENGLISH) == expected
    unknown = supply.model_copy(update={"rows": (ReleasedRow(code="01", label="One", counts=(30, None, None, None)),)})
    assert findings.of(unknown, ENGLISH) == ""
