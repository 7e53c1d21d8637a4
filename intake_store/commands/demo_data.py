"""The command that makes synthetic responses."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Annotated, Final

import typer
from rich.progress import Progress

from intake_store.codebook import load_codebooks
from intake_store.commands.prompts import Database, current_week, newest, plain_errors, progress, quarter
from intake_store.periods import Quarter, parse_period
from intake_store.settings import IntakeSettings
from intake_store.submission.errors import IntakeStoreError
from intake_store.submission.inbox import Inbox
from intake_store.submission.iso_weeks import IsoWeek
from intake_store.submission.response import Response
from intake_store.submission.sealing import PublicKey, Sealer
from intake_store.submission.store_secrets import StoreSecrets
from intake_store.synthetic import synthetic_responses

_BATCH: Final = 500
"""Responses that are stored together, or not at all."""


def make_demo_data(
    responses: Annotated[int, typer.Option(min=1, help="How many responses to make.")] = 500,
    seed: Annotated[int, typer.Option(min=0, help="The same seed makes the same answers.")] = 1,
    period: Annotated[
        str | None,
        typer.Option(
            help="What to spread them over: a quarter such as 2026Q3, a year, or quarters such as 2025Q4..2026Q3;"
            " the current quarter unless given."
        ),
    ] = None,
    database: Database = None,
) -> None:
    """Make synthetic responses, and seal and store them like any response.

    Each is marked synthetic, so every table they go into says so. Their answers hang together and change over the
    years; some proportions follow published figures, most are invented, and none says anything about the world.
    Refused when FYREN_INTAKE_PRODUCTION is set.
    """
    chosen = _weeks(period)
    with plain_errors():
        settings = IntakeSettings()
        if settings.production:
            raise IntakeStoreError("Synthetic responses do not belong in a production store. Use another database.")
        codebook = newest(load_codebooks(settings.codebooks))
        sealer = Sealer(PublicKey.read(settings.public_key), codebook)
        secrets = StoreSecrets.read(settings.store_secret)
        weeks = [week for week in chosen if week <= current_week()] or chosen
        made = synthetic_responses(codebook, weeks, responses, seed)
        submission = _Submission(database or settings.database, sealer, secrets)
        try:
            with progress() as shown:
                asyncio.run(submission.run(made, responses, shown))
        except KeyboardInterrupt:
            typer.echo(f"Stopped: {submission.stored} of {responses} synthetic responses were stored.", err=True)
            raise typer.Exit(130) from None
        typer.echo(f"{responses} synthetic responses of {period or Quarter.of(current_week())} were sealed and stored.")


class _Submission:
    """Stores batch after batch; a batch that has begun is finished also when the command is stopped."""

    def __init__(self, database: str, sealer: Sealer, secrets: StoreSecrets) -> None:
        self._database = database
        self._sealer = sealer
        self._secrets = secrets
        self.stored = 0

    async def run(self, made: Iterator[Response], number: int, shown: Progress) -> None:
        inbox = await Inbox.open(self._database, self._sealer, self._secrets)
        try:
            task = shown.add_task("Storing responses", total=number)
            while batch := list(islice(made, _BATCH)):
                storing = asyncio.ensure_future(self._store(inbox, batch))
                try:
                    await asyncio.shield(storing)
                except asyncio.CancelledError:
                    await storing
                    raise
                shown.update(task, completed=self.stored)
        finally:
            await inbox.close()

    async def _store(self, inbox: Inbox, batch: Sequence[Response]) -> None:
        await inbox.submit_batch(batch)
        self.stored += len(batch)


def _weeks(period: str | None) -> Sequence[IsoWeek]:
    if period is None:
        return Quarter.of(current_week()).weeks
    first, separator, last = period.partition("..")
    if not separator:
        try:
            return parse_period(period).weeks
        except ValueError as error:
            raise typer.BadParameter(f"{error}.") from error
    quarters = list(_quarters(quarter(first), quarter(last)))
    if not quarters:
        raise typer.BadParameter(f"{last} lies before {first}. Write the earlier quarter first.")
    return _all_weeks(quarters)


def _quarters(first: Quarter, last: Quarter) -> Iterator[Quarter]:
    while first <= last:
        yield first
        first = first.before(-1)


def _all_weeks(quarters: Iterable[Quarter]) -> list[IsoWeek]:
    return [week for quarter in quarters for week in quarter.weeks]
