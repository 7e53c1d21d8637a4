"""Released tables made up for tests: one of every shape, and random ones."""

from __future__ import annotations

import datetime
from collections.abc import Sequence

from hypothesis import strategies as st

from intake_store.statistics.declarations import Method, PeriodKind, Source, Theme
from intake_store.statistics.released import Figure, FlagCount, ReleasedRow, ReleasedTable
from intake_store.statistics.releases import AttackFigures, Release

GENDERS = (("woman", "Woman"), ("man", "Man"), ("nonbinary", "Non-binary"), ("other", "Other"))
ALL = ("total", "All")
NOT_STATED = ("not_stated", "Not stated")
FIGURES = (("services", "Services"), ("cost_per_client", "Cost per person in kronor"))


def row(code: str, label: str, *counts: Figure) -> ReleasedRow:
    return ReleasedRow(code=code, label=label, counts=counts)


def released(name: str, **changes: object) -> ReleasedTable:
    """Return a margin: one column, with a withheld count; `changes` make other shapes of it."""
    fields: dict[str, object] = {
        "name": name,
        "title": "What people need help with",
        "theme": Theme.NEEDS,
        "source": Source.RESPONSES,
        "population": "needs_selling",
        "population_label": "Adults who sell sex or have sold sex",
        "period": "2026Q3",
        "period_kind": PeriodKind.QUARTER,
        "provisional": False,
        "synthetic": False,
        "threshold": 10,
        "unit": "Responses. A person can have given more than one, and nobody can tell.",
        "base_text": "Responses that answered the question; shares are of the base in each column.",
        "method": Method.SUPPRESSION,
        "method_text": "Weeks count to the quarter of their Thursday.",
        "row_variable": "needs",
        "row_label": "Needs",
        "columns": (ALL,),
        "rows": (row("housing", "Housing", 31), row("debt", "Debt", None), row("talk", "Somebody to talk to", 77)),
        "base": row("answered", "Base: answered the question", 123),
        "non_response": (row("no_answer", "Preferred not to say", 17),),
        "responses": 140,
        "flagged": (FlagCount(flag="too_fast", count=None), FlagCount(flag="same_client", count=12)),
        "notes": ("One response can name up to five needs, so the shares add up to more than 100 percent.",),
    }
    return ReleasedTable.model_validate(fields | changes)


def every_shape() -> dict[str, ReleasedTable]:
    """Return a table of each shape that there is, by a name for it."""
    columns = (ALL, *GENDERS, NOT_STATED)
    quarters = tuple((quarter, quarter) for quarter in ("2026Q1", "2026Q2", "2026Q3"))
    shapes = [
        released("margin"),
        released(
            "two_way",
            column_variable="gender",
            column_label="Gender",
            columns=columns,
            rows=(row("housing", "Housing", 61, 20, 22, None, None, 0), row("talk", "To talk", *(None,) * 6)),
            base=row("answered", "Base: answered the question", 131, 44, 52, None, 11, 0),
        ),
        released(
            "series",
            column_variable="quarter",
            column_label="Quarter",
            columns=quarters,
            rows=(row("housing", "Housing", 21, None, 33), row("talk", "To talk", None, None, 56)),
            base=row("answered", "Base: answered the question", 66, None, 78),
            non_response=(row("no_answer", "Preferred not to say", None, 14, 15),),
        ),
        released(
            "mean",
            row_variable="treatment",
            row_label="Treatment",
            column_variable="gender",
            column_label="Gender",
            columns=(ALL, *GENDERS[:2]),
            rows=(row("very_bad", "Very bad", 41, None, 29), row("good", "Good", 55, 19, None)),
            base=row("answered", "Base: answered the question", 96, None, 48),
            means=row("mean", "Mean", 2.75, None, 1.5),
        ),
        released(
            "noise",
            method=Method.CELL_KEY,
            noise=4,
            rows=(row("housing", "Housing", 0), row("talk", "To talk", 12)),
            base=row("answered", "Base: answered the question", 0),
        ),
        released("rounded", rounding=5, rows=(row("housing", "Housing", 35), row("talk", "To talk", None))),
        released(
            "withheld_whole",
            withheld=True,
            rows=(),
            non_response=(),
            base=row("answered", "Base: answered the question", None),
            responses=None,
        ),
        released("withheld_with_rows", withheld=True),
        released("split_withheld", split_withheld=True, column_label="Gender", provisional=True, synthetic=True),
        released("layered", layer=("housing", "Housing"), period="2026", period_kind=PeriodKind.YEAR),
        released(
            "usage",
            source=Source.USAGE,
            theme=Theme.USE,
            population="",
            population_label="All who used the service",
            row_variable="event",
            row_label="Event",
            column_variable="language",
            column_label="Language",
            columns=(ALL, ("sv", "sv"), ("ro", "ro")),
            rows=(row("flow_entered", "Topics opened", 120, 99, None),),
            base=None,
            non_response=(),
            responses=None,
            flagged=(),
        ),
        released(
            "usage_withheld",
            source=Source.USAGE,
            theme=Theme.USE,
            population="",
            rows=(),
            base=None,
            non_response=(),
            responses=None,
            flagged=(),
            withheld=True,
        ),
        released(
            "supply",
            source=Source.SUPPLY,
            theme=Theme.GEOGRAPHY,
            layer=("housing", "Housing"),
            period="2026",
            period_kind=PeriodKind.YEAR,
            row_variable="county",
            row_label="County",
            column_variable="figure",
            column_label="Figure",
            columns=FIGURES,
            rows=(row("01", "Stockholm County", 12, 1250.5), row("09", "Gotland County", None, None)),
            base=None,
            non_response=(),
            responses=None,
            flagged=(),
        ),
        released(
            "awkward",
            title='A "quoted" title; with = signs, # and a very long tail ' + "that goes on and on " * 30,
            rows=(row("a", "Same label", 11), row("b", "Same label", None), row("no_answer", "=1+1", 13)),
        ),
    ]
    return {table.name: table for table in shapes}


def release_of(tables: Sequence[ReleasedTable], **changes: object) -> Release:
    fields: dict[str, object] = {
        "sequence": 1,
        "period": tables[0].period if tables else "2026Q3",
        "revision": 1,
        "replaces": None,
        "reason": "",
        "note": "The first quarter with the questionnaire for relatives.",
        "released_on": datetime.date(2026, 10, 14),
        "program": "1.0",
        "codebook_version": "1",
        "threshold": 10,
        "synthetic": any(table.synthetic for table in tables),
        "set_aside": {},
        "attack": AttackFigures(withheld=0, unpublished=0, least_width=1e9, required_width=10),
        "tables": (),
        "previous": None,
    }
    return Release.model_validate(fields | changes)


@st.composite
def random_tables(draw: st.DrawFn) -> tuple[ReleasedTable, ReleasedTable]:
    """Draw a table whose figures are all different and all there, and the same table with some of them withheld."""
    numbers = iter(draw(st.lists(st.integers(311_111, 988_888), min_size=120, max_size=120, unique=True)))
    kind = draw(st.sampled_from(["plain", "columns", "series", "mean"]))
    width = {"plain": 1, "columns": 4, "series": 3, "mean": 3}[kind]
    columns = {
        "plain": (ALL,),
        "columns": (ALL, *GENDERS[:2], NOT_STATED),
        "series": tuple((f"2026Q{n}", f"2026Q{n}") for n in (1, 2, 3)),
        "mean": (ALL, *GENDERS[:2]),
    }[kind]
    height = draw(st.integers(1, 5))

    def counts(length: int) -> tuple[int, ...]:
        return tuple(next(numbers) for _ in range(length))

    rows = [row(f"r{n}", f"Row {n}", *counts(width)) for n in range(height)]
    base = row("answered", "Base", *counts(width))
    silent = [row("no_answer", "Preferred not to say", *counts(width if kind == "series" else 1))]
    means = row("mean", "Mean", *(count / 100 for count in counts(width))) if kind == "mean" else None
    split = {"plain": (None, None), "series": ("quarter", "Quarter")}.get(kind, ("gender", "Gender"))
    true = released(
        "drawn",
        column_variable=split[0],
        column_label=split[1],
        columns=columns,
        rows=rows,
        base=base,
        means=means,
        non_response=silent,
        responses=next(numbers),
        flagged=(),
    )

    def some(entry: ReleasedRow | None) -> ReleasedRow | None:
        if entry is None:
            return None
        hidden = draw(st.lists(st.booleans(), min_size=len(entry.counts), max_size=len(entry.counts)))
        kept = tuple(None if hide else count for hide, count in zip(hidden, entry.counts, strict=True))
        return entry.model_copy(update={"counts": kept})

    published = true.model_copy(
        update={
            "rows": tuple(some(entry) for entry in true.rows),
            "base": some(true.base),
            "means": some(true.means),
            "non_response": tuple(some(entry) for entry in true.non_response),
            "responses": None if draw(st.booleans()) else true.responses,
            "withheld": draw(st.sampled_from([False, False, False, True])),
        }
    )
    return true, published
