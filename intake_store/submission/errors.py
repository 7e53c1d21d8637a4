"""What can go wrong in the store, in a short tree; each message says what to do next."""

from __future__ import annotations

from collections.abc import Iterable


class IntakeStoreError(Exception):
    """Something in the store could not be done; the message can be shown to an operator."""


class ResponseError(IntakeStoreError):
    """A response does not fit its codebook; all that was found is listed in `problems`."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("The response does not fit its codebook: " + " ".join(self.problems))


class ReceiptError(IntakeStoreError):
    """A receipt code is mistyped: it has the wrong length, an impossible sign or the wrong check character."""


class KeyFileError(IntakeStoreError):
    """A key file is missing, damaged, already there, or does not open with this passphrase."""


class InboxUnavailable(IntakeStoreError):
    """The intake database cannot be reached, is locked or has no tables; nothing was stored."""


class OutcomeUnknown(IntakeStoreError):
    """The connection broke while the intake database was to keep a change: it may have been kept, or not."""


class InboxDamaged(InboxUnavailable):
    """The file of the intake database is damaged; nothing was written to it."""
