from __future__ import annotations

from pathlib import Path

from analyst.pages.selection import select
from intake_store.statistics.releases import ReleaseFolder


def test_only_the_period_just_before_is_held_against_one(released: Path) -> None:
    releases = ReleaseFolder(released).releases()
    quarters = [release for release in releases if "Q" in release.period]
    selection = select(releases, {})
    assert selection is not None
    newest = selection.quarter
    assert newest is not None
    before = selection.before(newest)
    assert before is not None
    assert (newest.period, before.period) == ("2025Q4", "2025Q3")
    with_a_gap = select([release for release in quarters if release.period != "2025Q3"], {})
    assert with_a_gap is not None
    assert with_a_gap.quarter is not None
    assert with_a_gap.before(with_a_gap.quarter) is None
