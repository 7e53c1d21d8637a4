"""Stores that processes of their own submit to, and what people are told."""

from __future__ import annotations

import contextlib
import subprocess
import sys
from collections import Counter
from collections.abc import AsyncIterator, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from intake import IntakeTemplate, query
from submitting import number_of, numbered_response

from intake_store.database.connections import connect
from intake_store.database.tables import SealedRow
from intake_store.submission.inbox import Inbox
from intake_store.submission.iso_weeks import IsoWeek
from intake_store.submission.sealing import KeyId, SealedResponse, Sealer
from intake_store.submission.store_secrets import StoreSecrets
from intake_store.warehouse.opening import ResponseOpener

SCRIPT = Path(__file__).parent / "submitting.py"
TO_QUESTIONS = (
    "flow:buyer_support",
    "buyer_topic:enough",
    "flow:needs_questionnaire",
    "under18:no",
    "questionnaire_choice:buying",
    "situation:ongoing",
)
STORED = "Your answers are stored"
NOT_SAVED = "Nothing has been saved"
NOT_STORED = "Nothing has been stored"
UNKNOWN = "I do not know whether your answers were stored"


@dataclass(frozen=True)
class FaultyStore:
    """An intake database with its keys in files, for processes and for the test itself."""

    database: str
    folder: Path
    template: IntakeTemplate

    @contextlib.contextmanager
    def submitting(self, *options: str, database: str | None = None) -> Iterator[subprocess.Popen[str]]:
        """Yield a process that submits and prints what became of each number; it is killed in the end."""
        process = subprocess.Popen(
            [sys.executable, str(SCRIPT), database or self.database, str(self.folder), *options],
            stdout=subprocess.PIPE,
            text=True,
        )
        try:
            yield process
        finally:
            process.kill()
            process.communicate()

    @contextlib.asynccontextmanager
    async def inbox(self, database: str | None = None) -> AsyncIterator[Inbox]:
        """Yield an inbox of the test's own process."""
        sealer = Sealer(self.template.private_key.public_key, self.template.codebook)
        secrets = StoreSecrets.read(self.folder / "secret")
        opened = await Inbox.open(database or self.database, sealer, secrets)
        try:
            yield opened
        finally:
            await opened.close()

    async def numbers(self) -> Counter[int]:
        """Open everything that is stored and return how often each number is there."""
        codebook = self.template.codebook
        opener = ResponseOpener([self.template.private_key], {codebook.version: codebook})
        return Counter(number_of(codebook, opener.open(row)) for row in await self.rows())

    async def rows(self) -> list[SealedResponse]:
        """Return the rows as they are stored."""
        engine = connect(self.database)
        try:
            async with engine.connect() as connection:
                found = (await connection.execute(SealedRow.__table__.select())).mappings().all()
        finally:
            await engine.dispose()
        return [
            SealedResponse(
                row["row_id"],
                KeyId(row["key_id"]),
                row["purpose"],
                row["codebook_version"],
                IsoWeek.parse(row["iso_week"]),
                row["sealed"],
            )
            for row in found
        ]

    async def weeks(self) -> list[str]:
        """Return the weeks of all responses, in order."""
        return sorted(row[0] for row in await query(self.database, "SELECT iso_week FROM sealed_response"))

    async def try_again(self, numbers: Sequence[int]) -> dict[int, str]:
        """Submit numbers again, as clients that got no answer do, and return the outcomes."""
        codebook = self.template.codebook
        async with self.inbox() as inbox:
            return {
                number: str(await inbox.submit(numbered_response(codebook, number), str(number))) for number in numbers
            }


def read_outcomes(process: subprocess.Popen[str], wanted: int | None = None) -> dict[int, str]:
    """Read what a process says, until it ends or has said so many lines; a line that is cut off does not count."""
    assert process.stdout is not None
    outcomes: dict[int, str] = {}
    for line in process.stdout:
        if not line.endswith("\n"):
            break
        number, outcome = line.split()
        outcomes[int(number)] = outcome
        if len(outcomes) == wanted:
            break
    return outcomes
