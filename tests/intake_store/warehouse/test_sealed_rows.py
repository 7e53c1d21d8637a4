"""Rows that were sealed once and are kept: what they hold must open the same for ever."""

from __future__ import annotations

import base64
import json
import uuid
from pathlib import Path
from typing import Any

import pytest

from intake_store.codebook import Codebook
from intake_store.keys.passphrases import Passphrase
from intake_store.keys.private_keys import PrivateKey
from intake_store.submission.iso_weeks import IsoWeek
from intake_store.submission.sealing import KeyId, SealedResponse
from intake_store.warehouse.opening import RejectedRow, ResponseOpener

VECTORS: dict[str, Any] = json.loads((Path(__file__).parents[1] / "vectors" / "sealed_rows.json").read_text())


@pytest.fixture(scope="module")
def opener(codebooks: dict[str, Codebook]) -> ResponseOpener:
    key = PrivateKey.unlock(json.dumps(VECTORS["private_key"]).encode(), Passphrase(VECTORS["passphrase"]))
    return ResponseOpener([key], codebooks)


def sealed_row(row: dict[str, str]) -> SealedResponse:
    return SealedResponse(
        row_id=uuid.UUID(row["row_id"]),
        key_id=KeyId(row["key_id"]),
        purpose=row["purpose"],
        codebook_version=row["codebook_version"],
        iso_week=IsoWeek.parse(row["iso_week"]),
        sealed=base64.b64decode(row["sealed"]),
    )


@pytest.mark.parametrize("vector", VECTORS["opens"], ids=lambda vector: vector["why"])
def test_a_row_sealed_long_ago_opens(opener: ResponseOpener, vector: dict[str, Any]) -> None:
    assert json.loads(opener.open(sealed_row(vector["row"])).to_json()) == vector["response"]


@pytest.mark.parametrize("vector", VECTORS["stays_shut"], ids=lambda vector: vector["why"])
def test_a_row_that_was_changed_stays_shut(opener: ResponseOpener, vector: dict[str, Any]) -> None:
    with pytest.raises(RejectedRow) as caught:
        opener.open(sealed_row(vector["row"]))
    assert caught.value.reason == vector["reason"]
