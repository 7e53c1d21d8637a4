"""What a conversation needs of a store, and a store that records nothing; neither loads a database."""

from __future__ import annotations

from enum import StrEnum
from typing import Protocol

from intake_store.submission.receipts import ReceiptCode
from intake_store.submission.response import Response


class SubmissionOutcome(StrEnum):
    """What became of a submission; the person is told exactly this."""

    STORED = "stored"
    ALREADY_STORED = "already_stored"
    """The same submission had been stored before; it was not stored twice."""
    NOT_RECORDED = "not_recorded"
    """This deployment records no responses."""


class ResponseStore(Protocol):
    """What a conversation needs of the store."""

    async def submit(
        self, response: Response, idempotency_key: str, receipt: ReceiptCode | None = None
    ) -> SubmissionOutcome:
        """Store a response once.

        `idempotency_key` is a random text that belongs to this one submission and stays the same when it is tried
        again, together with `receipt`. Raises `ResponseError` if the response does not fit its codebook,
        `ReceiptError` if the receipt code belongs to another response, `InboxUnavailable` if nothing could be
        stored, and `OutcomeUnknown` if nobody can tell; trying again then tells, and never stores it twice.
        """
        ...

    async def withdraw(self, receipt: ReceiptCode) -> bool:
        """Delete the response that a receipt code belongs to; False if there is none (any more).

        Raises `InboxUnavailable` if the deletion could not be done, `OutcomeUnknown` if nobody can tell.
        """
        ...


class NullResponseStore:
    """A store for deployments that only inform: it records nothing and says so."""

    async def submit(
        self, response: Response, idempotency_key: str, receipt: ReceiptCode | None = None
    ) -> SubmissionOutcome:
        """Record nothing."""
        return SubmissionOutcome.NOT_RECORDED

    async def withdraw(self, receipt: ReceiptCode) -> bool:
        """Find nothing."""
        return False
