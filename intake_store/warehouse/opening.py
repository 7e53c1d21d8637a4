"""Opening sealed rows, and saying why one does not open."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from enum import StrEnum

from cryptography.exceptions import InvalidTag

from intake_store.codebook import Codebook
from intake_store.keys.private_keys import PrivateKey
from intake_store.submission.errors import IntakeStoreError, ResponseError
from intake_store.submission.response import Response, StoredResponse
from intake_store.submission.sealing import RESPONSE_PURPOSE, PaddingError, SealedResponse, hpke_suite, unpad


class RejectionReason(StrEnum):
    """Why a row is not a response that can be counted."""

    UNKNOWN_KEY = "unknown_key"
    """It is sealed to a key that is not at hand."""
    WRONG_PURPOSE = "wrong_purpose"
    """It was sealed for something else than a response."""
    DOES_NOT_OPEN = "does_not_open"
    """It was changed, cut off or swapped, or sealed to another key than it says."""
    DAMAGED = "damaged"
    """It opens, and holds no response."""
    DOES_NOT_MATCH_ROW = "does_not_match_row"
    """The response inside names another codebook version or week than its row."""
    UNKNOWN_CODEBOOK = "unknown_codebook"
    """Its codebook version is not at hand."""
    INVALID = "invalid"
    """It does not fit its codebook."""


class RejectedRow(IntakeStoreError):
    """A row cannot be counted; the message never holds anything of its content."""

    def __init__(self, reason: RejectionReason) -> None:
        self.reason = reason
        super().__init__(f"The row was rejected: {reason.value}.")


class ResponseOpener:
    """Opens rows with the private keys at hand and checks them against the codebooks at hand."""

    def __init__(self, private_keys: Iterable[PrivateKey], codebooks: Mapping[str, Codebook]) -> None:
        self._keys = {key.public_key.key_id: key for key in private_keys}
        self._codebooks = codebooks
        self._suite = hpke_suite()

    def open(self, row: SealedResponse) -> Response:
        """Return the response in a row; raises `RejectedRow` with the reason if there is none that can be counted."""
        try:
            response = Response.from_json(self._content(row))
        except ResponseError as error:
            raise RejectedRow(RejectionReason.DAMAGED) from error
        if (response.codebook_version, response.iso_week) != (row.codebook_version, row.iso_week):
            raise RejectedRow(RejectionReason.DOES_NOT_MATCH_ROW)
        codebook = self._codebooks.get(response.codebook_version)
        if codebook is None:
            raise RejectedRow(RejectionReason.UNKNOWN_CODEBOOK)
        try:
            codebook.validate(response)
        except ResponseError as error:
            raise RejectedRow(RejectionReason.INVALID) from error
        return response

    def open_stored(self, row: SealedResponse) -> StoredResponse:
        """Do the same as `open`, faster, and return the response as it is stored."""
        try:
            stored = StoredResponse.from_json(self._content(row))
        except ResponseError as error:
            raise RejectedRow(RejectionReason.DAMAGED) from error
        if stored.codebook_version == row.codebook_version and stored.iso_week == str(row.iso_week):
            codebook = self._codebooks.get(stored.codebook_version)
            population = None if codebook is None else codebook.populations.get(stored.population)
            if population is not None and population.fits_stored(stored.answers):
                return stored
        # Something is wrong; the slow way knows what.
        return self.open(row).to_stored()

    def _content(self, row: SealedResponse) -> bytes:
        key = self._keys.get(row.key_id)
        if key is None:
            raise RejectedRow(RejectionReason.UNKNOWN_KEY)
        if row.purpose != RESPONSE_PURPOSE:
            raise RejectedRow(RejectionReason.WRONG_PURPOSE)
        try:
            return unpad(self._suite.decrypt(row.sealed, key.hpke, info=row.info))
        except PaddingError as error:
            raise RejectedRow(RejectionReason.DAMAGED) from error
        except (InvalidTag, ValueError) as error:
            raise RejectedRow(RejectionReason.DOES_NOT_OPEN) from error
