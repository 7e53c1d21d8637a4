from __future__ import annotations

import asyncio
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
import typer
from click.testing import Result
from typer.testing import CliRunner

from intake_store.codebook import Codebook
from intake_store.commands import create_app
from intake_store.periods import Quarter
from intake_store.submission.errors import ResponseError
from intake_store.submission.inbox import Inbox
from intake_store.submission.response import Response
from intake_store.synthetic import synthetic_responses

CODEBOOKS = Path(__file__).parents[2] / "flows" / "codebook"


@pytest.fixture(scope="module")
def store(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A store with its keys and an empty database."""
    folder = tmp_path_factory.mktemp("store")
    with pytest.MonkeyPatch.context() as environment:
        set_up(environment, folder)
        assert run("keys", "create", "--generate-passphrase").exit_code == 0
        assert run("database", "upgrade").exit_code == 0
    return folder


@pytest.fixture(autouse=True)
def _environment(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    set_up(monkeypatch, store)


def set_up(environment: pytest.MonkeyPatch, folder: Path) -> None:
    environment.setenv("FYREN_VAR", str(folder))
    environment.setenv("FYREN_INTAKE_CODEBOOKS", str(CODEBOOKS))
    environment.delenv("FYREN_INTAKE_PRODUCTION", raising=False)


def run(*arguments: str) -> Result:
    app = typer.Typer()
    app.add_typer(create_app())
    return CliRunner().invoke(app, arguments)


def stored(folder: Path) -> list[str]:
    """Return the weeks of all stored responses, and empty the store."""
    with closing(sqlite3.connect(folder / "intake.sqlite3")) as connection, connection:
        weeks = [week for (week,) in connection.execute("SELECT iso_week FROM sealed_response")]
        connection.execute("DELETE FROM sealed_response")
        connection.execute("DELETE FROM usage_count")
    return weeks


def test_responses_spread_over_a_range_of_quarters(store: Path) -> None:
    result = run("demo-data", "--responses", "60", "--period", "2025Q4..2026Q1")
    assert result.exit_code == 0, result.output
    assert "60 synthetic responses of 2025Q4..2026Q1 were sealed and stored." in result.output
    expected = {str(week) for text in ("2025Q4", "2026Q1") for week in Quarter.parse(text).weeks}
    weeks = stored(store)
    assert len(weeks) == 60
    assert set(weeks) <= expected
    assert {week[:4] for week in weeks} == {"2025", "2026"}


@pytest.mark.parametrize("period", ["2026Q1..2025Q4", "2026Q5", "2025Q1..", "soon"])
def test_a_period_that_is_none_is_refused(store: Path, period: str) -> None:
    result = run("demo-data", "--period", period)
    assert result.exit_code == 2
    assert stored(store) == []


def test_a_production_store_takes_no_synthetic_responses(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("FYREN_INTAKE_PRODUCTION", "true")
    result = run("demo-data", "--responses", "1")
    assert result.exit_code == 1
    assert "do not belong in a production store" in result.output
    assert stored(store) == []


def test_what_was_stored_before_a_stop_is_said_and_stays(store: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The stop comes while the second batch is being stored; it is finished, and no third one is begun."""
    submit = Inbox.submit_batch
    batches = 0

    async def submit_and_stop(inbox: Inbox, responses: list[Response]) -> None:
        nonlocal batches
        batches += 1
        if batches == 2:
            # What the interrupt of a terminal does to a running command.
            for task in asyncio.all_tasks():
                if task is not asyncio.current_task():
                    task.cancel()
            await asyncio.sleep(0)
        await submit(inbox, responses)

    def run_and_interrupt(coroutine: object) -> None:
        try:
            with asyncio.Runner() as runner:
                runner.run(coroutine)  # type: ignore[arg-type]
        except asyncio.CancelledError:
            raise KeyboardInterrupt from None

    monkeypatch.setattr(Inbox, "submit_batch", submit_and_stop)
    monkeypatch.setattr("intake_store.synthetic.storing.BATCH", 5)
    monkeypatch.setattr("intake_store.commands.demo_data.asyncio.run", run_and_interrupt)
    result = run("demo-data", "--responses", "50", "--period", "2026Q1")
    assert result.exit_code == 130
    assert "Stopped: 10 of 50 synthetic responses were stored." in result.output
    assert batches == 2
    assert len(stored(store)) == 10


async def test_a_batch_is_stored_as_a_whole_or_not_at_all(inbox: Inbox, codebook: Codebook, database: str) -> None:
    made = list(synthetic_responses(codebook, Quarter.parse("2026Q1").weeks, 20, seed=1))

    def broken() -> Iterator[Response]:
        yield from made
        yield Response("1", "nobody", made[0].iso_week, made[0].channel, "sv", {})

    with pytest.raises(ResponseError):
        await inbox.submit_batch(broken())
    with closing(sqlite3.connect(database)) as connection:
        assert connection.execute("SELECT count(*) FROM sealed_response").fetchone() == (0,)
        await inbox.submit_batch(made)
        await inbox.submit_batch([])
        assert connection.execute("SELECT count(*) FROM sealed_response").fetchone() == (20,)


@pytest.mark.parametrize(("options", "made_up"), [([], True), (["--no-usage"], False)])
def test_the_use_around_responses_is_made_up_too_and_marked(store: Path, options: list[str], made_up: bool) -> None:
    result = run("demo-data", "--responses", "30", "--period", "2026Q1", *options)
    assert result.exit_code == 0, result.output
    assert ("made-up conversations" in result.output) == made_up
    with closing(sqlite3.connect(store / "intake.sqlite3")) as connection, connection:
        counts = dict(connection.execute("SELECT event, sum(count) FROM usage_count GROUP BY event"))
    assert len(stored(store)) == 30
    if made_up:
        assert counts.pop("made_up") == sum(counts.values())
        assert counts["conversation_started"] > counts["questionnaire_started"] > counts["questionnaire_completed"]
        assert counts["questionnaire_completed"] == 30
    else:
        assert counts == {}
