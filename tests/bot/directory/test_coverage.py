from __future__ import annotations

from pathlib import Path

from bot.directory.coverage import coverage_csv, coverage_of
from bot.directory.directory import load_directory
from bot.directory.services import Need

FOLDER = Path(__file__).parents[3] / "flows" / "directory"


def test_the_committed_coverage_is_up_to_date() -> None:
    """`fyren directory coverage` writes it anew."""
    assert (FOLDER / "coverage.csv").read_text(encoding="utf-8") == coverage_csv(load_directory(FOLDER))


def test_services_for_all_of_sweden_do_not_count_as_coverage() -> None:
    directory = load_directory(FOLDER)
    found = {(entry.county, entry.need): entry for entry in coverage_of(directory)}
    assert len(found) == 21 * len(Need)
    assert sum(entry.municipalities for (_, need), entry in found.items() if need is Need.CRISIS) == 290
    local = {
        (area.extent[:2], need)
        for service in directory.services
        for area in service.service_areas
        if area.extent_type != "national"
        for need in service.needs
    }
    for place, entry in found.items():
        assert entry.municipalities_covered <= entry.municipalities
        assert (entry.services > 0) == (entry.municipalities_covered > 0)
        assert entry.services == 0 or place in local
    assert any(entry.services for entry in found.values())
