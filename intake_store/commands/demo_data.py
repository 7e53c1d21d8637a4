"""The command that makes synthetic responses, and synthetic counts of use around them."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from typing import Annotated

import typer
from rich.progress import Progress

from intake_store.codebook import load_codebooks
from intake_store.commands.prompts import Database, current_week, newest, plain_errors, progress, quarter
from intake_store.periods import Quarter, parse_period
from intake_store.settings import IntakeSettings
from intake_store.submission.errors import IntakeStoreError
from intake_store.submission.iso_weeks import IsoWeek
from intake_store.submission.response import Response
from intake_store.submission.sealing import PublicKey, Sealer
from intake_store.submission.store_secrets import StoreSecrets
from intake_store.synthetic.responses import synthetic_responses
from intake_store.synthetic.storing import SyntheticStore
from intake_store.synthetic.usage import Counts, Sent, synthetic_usage
from intake_store.usage.events import UsageEvent


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
    usage: Annotated[
        bool, typer.Option(help="Also make counts of the use of the assistant that fit the responses.")
    ] = True,
    database: Database = None,
) -> None:
    """Make synthetic responses, and seal and store them like any response.

    Each is marked synthetic, so every table they go into says so; and so does every table of the use of the assistant
    in their weeks, unless --no-usage is given. Their answers hang together and change over the years; some proportions
    follow published figures, most are invented, and none says anything about the world. Refused when
    FYREN_INTAKE_PRODUCTION is set.
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
        store = SyntheticStore(database or settings.database, sealer, secrets)
        try:
            with progress() as shown:
                counts = asyncio.run(_store(store, made, responses, shown, seed, usage))
        except KeyboardInterrupt:
            typer.echo(f"Stopped: {store.stored} of {responses} synthetic responses were stored.", err=True)
            raise typer.Exit(130) from None
        typer.echo(f"{responses} synthetic responses of {period or Quarter.of(current_week())} were sealed and stored.")
        if counts:
            held = sum(
                number
                for (_, occurrence), number in counts.items()
                if occurrence.event is UsageEvent.CONVERSATION_STARTED
            )
            typer.echo(f"The use of the assistant in {held} made-up conversations was counted around them.")


async def _store(
    store: SyntheticStore, made: Iterator[Response], number: int, shown: Progress, seed: int, usage: bool
) -> Counts:
    """Store responses and, if asked to, counts of use around them; return those counts."""
    task = shown.add_task("Storing responses", total=number)
    sent: Counter[Sent] = Counter()

    def counted() -> Iterator[Response]:
        for response in made:
            sent[Sent.of(response)] += 1
            yield response

    await store.add(counted(), lambda stored: shown.update(task, completed=stored))
    counts = synthetic_usage(sent, seed) if usage else {}
    await store.add_usage(counts)
    return counts


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
