"""Writes `sealed_rows.json`: rows sealed once, of made-up answers, to a key made for this file alone.

Run it only when a new format is added, and keep the old rows: they prove that what was sealed long ago still opens.
"""

from __future__ import annotations

import base64
import dataclasses
import json
from pathlib import Path
from typing import Any

from intake_store.codebook import load_codebook
from intake_store.keys.passphrases import Passphrase
from intake_store.keys.private_keys import PrivateKey
from intake_store.submission.iso_weeks import IsoWeek
from intake_store.submission.response import NO_ANSWER, UNKNOWN, Answer, ChannelKind, QualityFlag, Response
from intake_store.submission.sealing import SealedResponse, Sealer

HERE = Path(__file__).parent
PASSPHRASE = Passphrase("known answers only")


def main() -> None:
    codebook = load_codebook(HERE.parents[2] / "flows" / "codebook" / "v1.yml")
    key = PrivateKey.generate()
    sealer = Sealer(key.public_key, codebook)

    def response(population: str, answers: dict[str, Answer], **more: Any) -> Response:
        completed = codebook.populations[population].complete(answers)
        week = IsoWeek(2026, 47)
        return Response("1", population, week, ChannelKind.WEB, "sv", completed, synthetic=True, **more)

    selling = response("needs_selling", {"needs": Answer.of("housing", "talk"), "citizenship_group": Answer.of("se")})
    silent = {variable.name: NO_ANSWER for variable in codebook.populations["needs_buying"].variables}
    flagged = response("needs_buying", {"county": UNKNOWN}, flags=frozenset({QualityFlag.TOO_FAST}))
    good = [
        ("An ordinary response: what most rows look like must go on opening.", selling),
        (
            "Nobody answered anything: a response without a single code is still a response.",
            response("needs_buying", silent),
        ),
        ("A flag and an unknown: what tables leave out must still be read.", flagged),
    ]
    first = sealer.seal(selling)
    bad = [
        (
            "One bit of the sealed key changed: the hybrid key exchange must notice.",
            "does_not_open",
            dataclasses.replace(first, sealed=bytes([first.sealed[0] ^ 1]) + first.sealed[1:]),
        ),
        (
            "The authentication tag cut by one byte: a shorter tag must not be taken.",
            "does_not_open",
            dataclasses.replace(first, sealed=first.sealed[:-1]),
        ),
        (
            "The bytes of one row under the id of another: rows must not be exchangeable.",
            "does_not_open",
            dataclasses.replace(first, sealed=sealer.seal(selling).sealed),
        ),
        (
            "Said to be given under another codebook version: codes must not be read with other meanings.",
            "does_not_open",
            dataclasses.replace(first, codebook_version="2"),
        ),
        ("Said to serve another purpose.", "wrong_purpose", dataclasses.replace(first, purpose="tip")),
        ("Said to be sealed to a key that nobody has.", "unknown_key", dataclasses.replace(first, key_id="0" * 16)),
    ]
    content = {
        "passphrase": PASSPHRASE,
        "private_key": json.loads(key.lock(PASSPHRASE, 2**10)),
        "opens": [
            {"why": why, "row": _row(sealer.seal(given)), "response": json.loads(given.to_json())}
            for why, given in good
        ],
        "stays_shut": [{"why": why, "reason": reason, "row": _row(row)} for why, reason, row in bad],
    }
    (HERE / "sealed_rows.json").write_text(json.dumps(content, indent=1) + "\n", encoding="utf-8")


def _row(row: SealedResponse) -> dict[str, str]:
    return {
        "row_id": str(row.row_id),
        "key_id": row.key_id,
        "purpose": row.purpose,
        "codebook_version": row.codebook_version,
        "iso_week": str(row.iso_week),
        "sealed": base64.b64encode(row.sealed).decode(),
    }


if __name__ == "__main__":
    main()
