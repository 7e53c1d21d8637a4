from __future__ import annotations

from pathlib import Path

import pytest

from analyst.period_names import period_name
from analyst.translation import Translator


@pytest.mark.parametrize(
    ("period", "name"),
    [
        ("2026Q1", "January–March 2026 (2026Q1)"),
        ("2026Q2", "April–June 2026 (2026Q2)"),
        ("2026Q3", "July–September 2026 (2026Q3)"),
        ("2026Q4", "October–December 2026 (2026Q4)"),
        ("2026", "2026"),
        ("2026Q1, 2026Q2", "January–March 2026 (2026Q1), April–June 2026 (2026Q2)"),
        ("2026Q5", "2026Q5"),
        ("", ""),
    ],
)
def test_a_period_is_named_by_its_months(period: str, name: str) -> None:
    assert period_name(period, Translator("en")) == name


def test_swedish_counts_quarters_in_words(tmp_path: Path) -> None:
    folder = tmp_path / "sv" / "LC_MESSAGES"
    folder.mkdir(parents=True)
    (folder / "analyst.po").write_text(
        "# Review-Status: machine-drafted\n"
        'msgid ""\nmsgstr ""\n"Content-Type: text/plain; charset=UTF-8\\n"\n\n'
        'msgid "July–September {year} ({year}Q3)"\nmsgstr "juli–september {year} ({year} kvartal 3)"\n',
        encoding="utf-8",
    )
    assert period_name("2026Q3", Translator("sv", tmp_path)) == "juli–september 2026 (2026 kvartal 3)"
