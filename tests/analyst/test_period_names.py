from __future__ import annotations

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
