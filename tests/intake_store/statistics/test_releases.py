"""Frozen releases: numbered, chained, never overwritten, and noticed when they were touched."""

from __future__ import annotations

import datetime
import json
import os
from collections.abc import Callable
from pathlib import Path

import pytest

from intake_store.periods import Quarter, Year
from intake_store.statistics.declarations import Method, PeriodKind, Source, Theme
from intake_store.statistics.released import ReleasedRow, ReleasedTable
from intake_store.statistics.releases import AttackFigures, Release, ReleaseDraft, ReleaseError, ReleaseFolder

Q3 = Quarter(2026, 3)


def table(name: str = "needs", count: int | None = 25, *, synthetic: bool = False) -> ReleasedTable:
    return ReleasedTable(
        name=name,
        title="Needs",
        theme=Theme.NEEDS,
        source=Source.RESPONSES,
        population="needs_selling",
        population_label="Adults",
        period="2026Q3",
        period_kind=PeriodKind.QUARTER,
        provisional=False,
        synthetic=synthetic,
        threshold=10,
        unit="Responses.",
        base_text="Responses that answered.",
        method=Method.SUPPRESSION,
        method_text="Counted.",
        row_variable="needs",
        row_label="Needs",
        columns=(("total", "All"),),
        rows=(ReleasedRow(code="talk", label="Someone to talk to", counts=(count,)),),
    )


def draft(period: str = "2026Q3", reason: str = "") -> ReleaseDraft:
    return ReleaseDraft(
        period=period,
        reason=reason,
        note="First figures.",
        released_on=datetime.date(2026, 10, 12),
        program="0.1.0",
        codebook_version="1",
        threshold=10,
        set_aside={"damaged": 2},
        attack=AttackFigures(withheld=4, unpublished=9, least_width=12.0, required_width=10),
    )


@pytest.fixture
def folder(tmp_path: Path) -> ReleaseFolder:
    return ReleaseFolder(tmp_path / "releases")


def test_a_release_is_read_back_exactly(folder: ReleaseFolder) -> None:
    tables = [table(), table("barriers", None)]
    made = folder.add(draft(), tables)

    assert made.number == "2026Q3-1"
    assert folder.releases() == [made]
    assert folder.of_period(Q3) == [made]
    assert folder.of_period(Year(2026)) == []
    assert folder.tables(made) == tables
    assert folder.verify() == 2


def test_an_empty_folder_holds_no_releases(folder: ReleaseFolder) -> None:
    assert folder.releases() == []
    assert folder.verify() == 0


def test_nothing_is_released_twice(folder: ReleaseFolder) -> None:
    folder.add(draft(), [table()])
    with pytest.raises(ReleaseError, match=r"was released as 2026Q3-1 and is frozen\. Give a reason"):
        folder.add(draft(), [table(count=26)])
    with pytest.raises(ReleaseError, match="frozen"):
        folder.add(draft(reason="   "), [table(count=26)])
    assert [release.number for release in folder.releases()] == ["2026Q3-1"]


def test_a_revision_has_a_reason_and_leaves_what_it_replaces(folder: ReleaseFolder) -> None:
    first = folder.add(draft(), [table()])
    with pytest.raises(ReleaseError, match="nothing to revise"):
        folder.add(draft("2026Q4", reason="A label was wrong."), [table()])
    second = folder.add(draft(reason="A label was wrong."), [table(count=25)])

    assert (second.number, second.revision, second.replaces) == ("2026Q3-2", 2, "2026Q3-1")
    assert folder.of_period(Q3) == [first, second]
    assert folder.tables(first) == [table()]


def test_releases_follow_each_other_by_digest(folder: ReleaseFolder) -> None:
    first = folder.add(draft(), [table()])
    second = folder.add(draft("2026Q4"), [table()])
    assert first.previous is None
    assert second.previous is not None
    assert (first.sequence, second.sequence) == (1, 2)


def test_files_cannot_be_written_by_accident(folder: ReleaseFolder, tmp_path: Path) -> None:
    folder.add(draft(), [table()])
    for path in (tmp_path / "releases" / "0001-2026Q3-1").iterdir():
        assert path.stat().st_mode & 0o777 == 0o444
    assert [path.name for path in (tmp_path / "releases").iterdir()] == ["0001-2026Q3-1"]


def rewrite(path: Path, change: Callable[[dict[str, object]], object]) -> None:
    content = json.loads(path.read_text())
    change(content)
    path.chmod(0o644)
    path.write_text(json.dumps(content))


def test_a_changed_table_is_noticed(folder: ReleaseFolder, tmp_path: Path) -> None:
    made = folder.add(draft(), [table()])
    file = tmp_path / "releases" / "0001-2026Q3-1" / "needs.needs_selling.json"
    file.chmod(0o644)
    file.write_text(file.read_text().replace("25", "26"))
    with pytest.raises(ReleaseError, match="is not what was released"):
        folder.tables(made)
    with pytest.raises(ReleaseError, match="is not what was released"):
        folder.verify()
    file.unlink()
    with pytest.raises(ReleaseError, match="cannot be read"):
        folder.verify()


def test_a_changed_release_is_noticed_by_the_next(folder: ReleaseFolder, tmp_path: Path) -> None:
    folder.add(draft(), [table()])
    folder.add(draft("2026Q4"), [table()])
    rewrite(tmp_path / "releases" / "0001-2026Q3-1" / "release.json", lambda content: content.update(note="Other."))
    with pytest.raises(ReleaseError, match="0002-2026Q4-1 does not follow"):
        folder.releases()


@pytest.mark.parametrize("gone", ["0001-2026Q3-1", "0002-2026Q4-1"])
def test_a_release_taken_out_is_noticed(folder: ReleaseFolder, tmp_path: Path, gone: str) -> None:
    folder.add(draft(), [table()])
    folder.add(draft("2026Q4"), [table()])
    folder.add(draft("2027Q1"), [table()])
    (tmp_path / "releases" / gone).rename(tmp_path / gone)
    with pytest.raises(ReleaseError, match="does not follow"):
        folder.releases()


def test_a_release_of_another_name_is_noticed(folder: ReleaseFolder, tmp_path: Path) -> None:
    folder.add(draft(), [table()])
    (tmp_path / "releases" / "0001-2026Q3-1").rename(tmp_path / "releases" / "0001-2026Q2-1")
    with pytest.raises(ReleaseError, match="does not follow"):
        folder.releases()


def test_a_damaged_release_is_told(folder: ReleaseFolder, tmp_path: Path) -> None:
    folder.add(draft(), [table()])
    rewrite(tmp_path / "releases" / "0001-2026Q3-1" / "release.json", lambda content: content.pop("tables"))
    with pytest.raises(ReleaseError, match="damaged"):
        folder.releases()


def test_a_release_is_there_wholly_or_not_at_all(
    folder: ReleaseFolder, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(descriptor: int) -> None:
        raise OSError(28, os.strerror(28))

    with monkeypatch.context() as context:
        context.setattr(os, "fsync", full)
        with pytest.raises(ReleaseError, match="Nothing was released"):
            folder.add(draft(), [table()])
    assert list((tmp_path / "releases").iterdir()) == []
    assert folder.add(draft(), [table()]).number == "2026Q3-1"


def test_two_tables_cannot_share_a_file(folder: ReleaseFolder) -> None:
    with pytest.raises(ReleaseError, match="same name"):
        folder.add(draft(), [table(), table(count=30)])


def test_a_release_tells_whether_it_is_made_up(folder: ReleaseFolder) -> None:
    real: Release = folder.add(draft(), [table()])
    made_up = folder.add(draft("2026Q4"), [table(), table("barriers", synthetic=True)])
    assert (real.synthetic, made_up.synthetic) == (False, True)
