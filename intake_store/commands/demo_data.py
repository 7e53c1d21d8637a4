"""The command that makes synthetic responses."""

from __future__ import annotations

import asyncio
import uuid
from typing import Annotated

import typer

from intake_store.codebook import load_codebooks
from intake_store.commands.prompts import Database, current_week, newest, plain_errors, progress, quarter
from intake_store.periods import Quarter
from intake_store.settings import IntakeSettings
from intake_store.submission.errors import IntakeStoreError
from intake_store.submission.inbox import Inbox
from intake_store.submission.sealing import PublicKey, Sealer
from intake_store.submission.store_secrets import StoreSecrets
from intake_store.synthetic import synthetic_responses


def make_demo_data(
    responses: Annotated[int, typer.Option(min=1, help="How many responses to make.")] = 500,
    seed: Annotated[int, typer.Option(help="The same seed makes the same answers.")] = 1,
    period: Annotated[
        str | None, typer.Option(help="The quarter to spread them over; the current one unless given.")
    ] = None,
    database: Database = None,
) -> None:
    """Make synthetic responses and send them through the real submission path.

    They are sealed and stored like any response, and each is marked synthetic, so every table they go into says so.
    Refused when FYREN_INTAKE_PRODUCTION is set.
    """
    spread_over = quarter(period) if period else Quarter.of(current_week())
    with plain_errors():
        settings = IntakeSettings()
        if settings.production:
            raise IntakeStoreError("Synthetic responses do not belong in a production store. Use another database.")
        codebook = newest(load_codebooks(settings.codebooks))
        sealer = Sealer(PublicKey.read(settings.public_key), codebook)
        secrets = StoreSecrets.read(settings.store_secret)
        weeks = [week for week in spread_over.weeks if week <= current_week()] or list(spread_over.weeks)

        async def submit_all() -> None:
            inbox = await Inbox.open(database or settings.database, sealer, secrets)
            try:
                with progress() as shown:
                    made = synthetic_responses(codebook, weeks, responses, seed)
                    for response in shown.track(made, total=responses, description="Submitting responses"):
                        await inbox.submit(response, idempotency_key=str(uuid.uuid4()))
            finally:
                await inbox.close()

        asyncio.run(submit_all())
        typer.echo(f"{responses} synthetic responses of {spread_over} were sealed and stored.")
