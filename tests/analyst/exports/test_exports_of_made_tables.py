"""Tables made from synthetic responses, exported in every format, with every sentence in Swedish."""

from __future__ import annotations

import io
import random
import zipfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import pytest
from frictionless import Package
from readers import READERS, Publish, expected
from test_px_rules import PxFile, check

from analyst.exports.formats import EXPORT_FORMATS
from analyst.translation import Translator
from intake_store.codebook import Codebook
from intake_store.periods import Period, Quarter, Year
from intake_store.statistics.declarations import DECLARATIONS_FOLDER, Source, load_declarations
from intake_store.statistics.released import ReleasedTable
from intake_store.statistics.service_figures import ServiceFigures
from intake_store.statistics.supply import Supply
from intake_store.statistics.tables import ServiceSide, make_tables
from intake_store.submission.response import Response
from intake_store.synthetic import synthetic_responses
from intake_store.warehouse.tallies import PeriodSummary, Tally, tally_groups

QUARTER = Quarter(2026, 3)
YEAR = Year(2026)
OF_THE_YEAR = (
    "needs_by_county",
    "supply_by_county",
    "cost_per_person",
    "staff_needs",
    "staff_barriers",
    "staff_asking",
)


class Counted:
    """Responses and events in memory, counted by the warehouse's own rules."""

    def __init__(self, responses: Sequence[Response], usage: Mapping[tuple[str, ...], int]) -> None:
        keys = random.Random(1)
        self._rows = [(Quarter.of(response.iso_week), response, keys.getrandbits(32)) for response in responses]
        self._usage = usage

    def _of(self, population: str, period: Period) -> Iterator[tuple[Response, int]]:
        for quarter, response, key in self._rows:
            if response.population == population and quarter in period.quarters:
                yield response, key

    def tally(self, population: str, period: Period, variables: Sequence[str]) -> dict[tuple[str, ...], Tally]:
        found = [
            (["|".join(answer.codes) or answer.status.value for answer in map(response.answers.__getitem__, variables)])
            for response, _ in self._of(population, period)
            if not response.flags
        ]
        keys = [key for response, key in self._of(population, period) if not response.flags]
        return tally_groups(variables, [(values, 1, key) for values, key in zip(found, keys, strict=True)])

    def summary(self, population: str, period: Period) -> PeriodSummary:
        responses = [response for response, _ in self._of(population, period)]
        flags = Counter(flag for response in responses for flag in response.flags)
        flagged = sum(bool(response.flags) for response in responses)
        return PeriodSummary(len(responses) - flagged, flagged, dict(flags), synthetic=True)

    def usage_tally(self, period: Period, fields: Sequence[str]) -> dict[tuple[str, ...], int]:
        order = ("event", "subject", "channel", "language", "county")
        sums: Counter[tuple[str, ...]] = Counter()
        for cell, count in self._usage.items():
            sums[tuple(cell[order.index(name)] for name in fields)] += count
        return dict(sums)


@pytest.fixture(scope="module")
def tables(codebook: Codebook) -> list[ReleasedTable]:
    """Return the tables of a quarter, and some of a year, of which few are asked for because protecting takes long."""
    declarations = load_declarations(DECLARATIONS_FOLDER, codebook)
    weeks = [week for quarter in YEAR.quarters for week in quarter.weeks]
    events = ("conversation_started", "flow_entered", "service_card_shown", "questionnaire_started")
    usage = {
        (event, "housing", channel, language, "01"): 40 + 9 * place
        for event in events
        for channel in ("web", "telegram")
        for place, language in enumerate(("sv", "en", "ro"))
    }
    counted = Counted(list(synthetic_responses(codebook, weeks, 1200, seed=1)), usage)
    figures = [
        ServiceFigures(2026, f"service {n}", "kast", 1_000_000 + n, 100, None, None, None, None) for n in range(4)
    ]
    coverage = {("01", kind): Supply(2, 3, 26) for kind in ("housing", "shelter", "debt", "money")}
    of_quarter = [declaration for declaration in declarations.values() if declaration.period.fits(QUARTER)]
    of_year = [declarations[name] for name in OF_THE_YEAR]
    services = ServiceSide(coverage, figures)
    return [
        *make_tables(counted, codebook, of_quarter, QUARTER, provisional=False),
        *make_tables(counted, codebook, of_year, YEAR, provisional=False, services=services),
    ]


def test_tables_of_every_source_were_made(tables: list[ReleasedTable]) -> None:
    assert {table.source for table in tables} == set(Source)
    assert any(table.is_series for table in tables)
    assert any(table.layer for table in tables)
    assert any(table.noise for table in tables)


@pytest.mark.parametrize("name", [name for name in READERS if name != "package"])
def test_made_tables_read_back_as_they_are(
    publish: Publish, tables: list[ReleasedTable], tmp_path: Path, name: str
) -> None:
    for table in tables:
        publication = publish(table)
        assert READERS[name](EXPORT_FORMATS[name].write(publication), publication, tmp_path) == expected(publication)


def test_px_files_of_made_tables_keep_the_rules(publish: Publish, tables: list[ReleasedTable]) -> None:
    for table in tables:
        check(PxFile(EXPORT_FORMATS["px"].write(publish(table))))


@pytest.mark.parametrize("language", ["sv", "en"])
def test_a_package_of_all_tables_is_valid(
    publish: Publish, tables: list[ReleasedTable], tmp_path: Path, language: str
) -> None:
    content = EXPORT_FORMATS["package"].write(publish(*tables, language=language))
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        archive.extractall(tmp_path)
    report = Package(str(tmp_path / "datapackage.json")).validate()
    assert report.valid, report.flatten(["taskNumber", "rowNumber", "fieldName", "type", "message"])
    assert len(report.tasks) == len(tables)


def test_a_whole_release_is_one_file(publish: Publish, tables: list[ReleasedTable]) -> None:
    publication = publish(*tables)
    for entry in EXPORT_FORMATS.values():
        if entry.of_several:
            assert entry.write(publication)


def test_every_sentence_of_a_made_table_has_its_swedish(
    tables: list[ReleasedTable], translators: Mapping[str, Translator]
) -> None:
    swedish = translators["sv"]
    untranslated = {text for table in tables for text in _texts(table) if not swedish.knows(text)}
    assert untranslated == set()


def _texts(table: ReleasedTable) -> Iterator[str]:
    yield from (table.title, table.population_label, table.unit, table.base_text, table.method_text, table.row_label)
    yield table.column_label or ""
    yield from table.notes
    rows = [*table.rows, *table.non_response, *filter(None, [table.base, table.means])]
    labels = [*((row.code, row.label) for row in rows), *table.columns, *filter(None, [table.layer])]
    # A quarter and what usage counters call things are codes in every language.
    yield from (label for code, label in labels if label != code)
