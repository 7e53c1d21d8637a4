"""Frozen releases: numbered, chained, never overwritten, and noticed when they were touched."""

from __future__ import annotations

import contextlib
import datetime
import json
import os
import re
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from intake_store.periods import Quarter, Year
from intake_store.statistics.declarations import Method, PeriodKind, Source, Theme
from intake_store.statistics.released import ReleasedRow, ReleasedTable
from intake_store.statistics.releases import (
    AttackFigures,
    Release,
    ReleaseChanged,
    ReleaseDraft,
    ReleaseError,
    ReleaseFolder,
    ReleaseOvertaken,
    Verification,
)

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
    assert (folder.verify().tables, folder.verify().problems) == (2, ())


def test_an_empty_folder_holds_no_releases(folder: ReleaseFolder) -> None:
    assert folder.releases() == []
    assert folder.verify() == Verification(0, 0, (), "")


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
    made = folder.add(draft(), [table(), table("barriers")])
    other = folder.add(draft("2026Q4"), [table()])
    assert folder.verify().is_unchanged
    before = folder.state(made)
    file = tmp_path / "releases" / "0001-2026Q3-1" / "needs.needs_selling.json"
    file.chmod(0o644)
    file.write_text(file.read_text().replace("25", "26"))
    assert folder.state(made) != before
    told = r"Release 2026Q3-1 is not shown: its file needs\.needs_selling\.json is not what was released"
    with pytest.raises(ReleaseChanged, match=told):
        folder.tables(made)
    assert folder.tables(other) == [table()], "the others are as good as they were"
    [problem] = folder.verify().problems
    assert problem.release == "2026Q3-1"
    assert re.match(told, problem.text)
    file.unlink()
    assert "cannot be read" in folder.verify().problems[0].text


def test_a_file_put_beside_the_tables_is_noticed(folder: ReleaseFolder, tmp_path: Path) -> None:
    folder.add(draft(), [table()])
    (tmp_path / "releases" / "0001-2026Q3-1" / "more.json").write_text("{}")
    [problem] = folder.verify().problems
    assert "more.json was put" in problem.text


def test_the_end_changes_with_the_words_of_the_newest(folder: ReleaseFolder, tmp_path: Path) -> None:
    """No other release vouches for the newest one yet; the digest that somebody noted does."""
    folder.add(draft(), [table()])
    noted = folder.verify().end
    rewrite(tmp_path / "releases" / "0001-2026Q3-1" / "release.json", lambda content: content.update(note="Other."))
    assert folder.verify().is_unchanged
    assert folder.verify().end != noted


def test_a_changed_release_is_noticed_by_the_next(folder: ReleaseFolder, tmp_path: Path) -> None:
    folder.add(draft(), [table()])
    folder.add(draft("2026Q4"), [table()])
    rewrite(tmp_path / "releases" / "0001-2026Q3-1" / "release.json", lambda content: content.update(note="Other."))
    with pytest.raises(ReleaseError, match="0002-2026Q4-1 does not follow"):
        folder.releases()
    assert "does not follow" in folder.verify().problems[0].text


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


# -- Two programs, and one that is killed --

PROGRAM = """
import os, signal, sys
from pathlib import Path
sys.path.insert(0, {tests!r})
from test_releases import draft, table
from intake_store.statistics.releases import ReleaseError, ReleaseFolder, ReleaseOvertaken
folder = ReleaseFolder(Path({folder!r}))
print("ready", flush=True)
"""


@contextlib.contextmanager
def program(folder: Path, then: str) -> Iterator[subprocess.Popen[str]]:
    """A program of its own that has read everything it needs and waits for a line."""
    head = PROGRAM.format(tests=str(Path(__file__).parent), folder=str(folder))
    command = [sys.executable, "-c", head + then]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as running:
        try:
            yield running
        finally:
            running.kill()


def told(running: subprocess.Popen[str]) -> str:
    assert running.stdout is not None
    return running.stdout.readline().strip()


def tell(running: subprocess.Popen[str], text: str) -> None:
    assert running.stdin is not None
    running.stdin.write(f"{text}\n")
    running.stdin.flush()


RELEASE_AS_TOLD = """
for line in sys.stdin:
    period, seen, reason = line.strip().split(",")
    try:
        print(folder.add(draft(period, reason), [table(), table("barriers")], seen=seen).number, flush=True)
    except ReleaseOvertaken:
        print("overtaken", flush=True)
    except ReleaseError as error:
        print("refused", error, flush=True)
"""


def test_of_two_programs_at_the_same_moment_one_releases(folder: ReleaseFolder, tmp_path: Path) -> None:
    """Both saw the same release; whoever comes second, or meanwhile, is told, and nothing is overwritten."""
    path = tmp_path / "releases"
    with program(path, RELEASE_AS_TOLD) as first, program(path, RELEASE_AS_TOLD) as second:
        assert [told(first), told(second)] == ["ready", "ready"]
        seen = ""
        for turn in range(1, 13):
            reason = "Told twice." if seen else ""
            for running in (first, second):
                tell(running, f"2026Q3,{seen},{reason}")
            number = f"2026Q3-{turn}"
            assert sorted([told(first), told(second)]) == [number, "overtaken"]
            seen = number
        # Neither does another period take the same place in the sequence.
        tell(first, "2026Q1,,")
        tell(second, "2026Q2,,")
        answers = [told(first), told(second)]
        assert set(answers) <= {"2026Q1-1", "2026Q2-1", "overtaken"}
    made = folder.releases()
    assert [release.sequence for release in made] == list(range(1, len(made) + 1))
    assert len(made) == 12 + len([answer for answer in answers if answer != "overtaken"])
    assert folder.verify().is_unchanged


@pytest.mark.parametrize(
    ("moment", "is_there"),
    [("os.fsync", False), ("Path.rename", False), ("after", True)],
    ids=["while files are written", "before it gets its name", "after it got its name"],
)
def test_a_program_that_is_killed_leaves_a_whole_release_or_none(
    folder: ReleaseFolder, tmp_path: Path, moment: str, is_there: bool
) -> None:
    before = folder.add(draft("2026Q2"), [table()])
    killed = "os.kill(os.getpid(), signal.SIGKILL)"
    then = {
        "os.fsync": f"""
honest, calls = os.fsync, []
def fsync(descriptor):
    calls.append(descriptor)
    if len(calls) == 2:
        {killed}
    honest(descriptor)
os.fsync = fsync
""",
        "Path.rename": f"Path.rename = lambda *_: {killed}\n",
        "after": f"""
honest = Path.rename
def rename(*names):
    honest(*names)
    {killed}
Path.rename = rename
""",
    }[moment]
    with program(tmp_path / "releases", then + 'folder.add(draft(), [table(), table("barriers")])') as running:
        assert told(running) == "ready"
        assert running.wait(20) == -signal.SIGKILL
    left = [path.name for path in (tmp_path / "releases").iterdir() if path.name.startswith(".")]
    assert len(left) == (not is_there), "the program was not killed where it was meant to be"

    made = folder.releases()
    assert made[0] == before
    assert [release.number for release in made[1:]] == (["2026Q3-1"] if is_there else [])
    assert folder.verify().is_unchanged
    # The lock went with the program, and the next release clears up.
    assert folder.add(draft("2026Q4"), [table()]).sequence == len(made) + 1
    assert not [path.name for path in (tmp_path / "releases").iterdir() if path.name.startswith(".")]


def test_while_one_program_releases_no_other_does(folder: ReleaseFolder) -> None:
    with folder.only_writer(), pytest.raises(ReleaseOvertaken, match="being made just now"):
        folder.add(draft(), [table()])
    assert folder.add(draft(), [table()]).number == "2026Q3-1"


@pytest.mark.parametrize("seen", ["", "2026Q3-2"])
def test_what_was_not_seen_is_not_revised(folder: ReleaseFolder, seen: str) -> None:
    folder.add(draft(), [table()])
    with pytest.raises(ReleaseOvertaken, match="since you looked"):
        folder.add(draft(reason="A label was wrong."), [table()], seen=seen)
    assert folder.add(draft(reason="A label was wrong."), [table()], seen="2026Q3-1").number == "2026Q3-2"
