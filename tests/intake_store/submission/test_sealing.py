from __future__ import annotations

import dataclasses
import subprocess
import sys
import textwrap
import uuid
from pathlib import Path

import pytest

from intake_store.codebook import Codebook
from intake_store.keys.private_keys import PrivateKey
from intake_store.submission.errors import KeyFileError, ResponseError
from intake_store.submission.iso_weeks import IsoWeek
from intake_store.submission.response import NO_ANSWER, Answer, Response
from intake_store.submission.sealing import (
    HPKE_OVERHEAD,
    PADDED_SIZES,
    PaddingError,
    PublicKey,
    SealedResponse,
    Sealer,
    pad,
    seal_bytes,
    unpad,
)
from intake_store.warehouse.opening import RejectedRow, RejectionReason, ResponseOpener


@pytest.fixture
def opener(private_key: PrivateKey, codebooks: dict[str, Codebook]) -> ResponseOpener:
    return ResponseOpener([private_key], codebooks)


@pytest.fixture
def row(sealer: Sealer, make_response) -> SealedResponse:
    return sealer.seal(make_response(needs=Answer.of("housing")))


def reason(opener: ResponseOpener, row: SealedResponse) -> RejectionReason:
    with pytest.raises(RejectedRow) as caught:
        opener.open(row)
    return caught.value.reason


def test_what_was_sealed_opens(sealer: Sealer, opener: ResponseOpener, make_response) -> None:
    response = make_response(needs=Answer.of("housing", "talk"))
    assert opener.open(sealer.seal(response)) == response


def test_an_invalid_response_is_not_sealed(sealer: Sealer, make_response) -> None:
    valid: Response = make_response()
    with pytest.raises(ResponseError):
        sealer.seal(dataclasses.replace(valid, answers={**valid.answers, "gender": Answer.of("x")}))


@pytest.mark.parametrize("position", [0, 500, 1087, 1088, 1119, 1120, 2000, -17, -1])
def test_a_changed_byte_anywhere_keeps_a_row_shut(opener: ResponseOpener, row: SealedResponse, position: int) -> None:
    opener.open(row)
    changed = bytearray(row.sealed)
    changed[position] ^= 1
    assert reason(opener, dataclasses.replace(row, sealed=bytes(changed))) is RejectionReason.DOES_NOT_OPEN


@pytest.mark.parametrize("length", [0, 1, 1088, 1120, 1136, -16, -1])
def test_a_shortened_row_stays_shut(opener: ResponseOpener, row: SealedResponse, length: int) -> None:
    assert reason(opener, dataclasses.replace(row, sealed=row.sealed[:length])) is RejectionReason.DOES_NOT_OPEN
    assert reason(opener, dataclasses.replace(row, sealed=row.sealed + b"\0")) is RejectionReason.DOES_NOT_OPEN


def test_swapped_rows_stay_shut(opener: ResponseOpener, sealer: Sealer, make_response) -> None:
    first, second = sealer.seal(make_response()), sealer.seal(make_response())
    assert opener.open(first) == opener.open(second)
    for row, other in ((first, second), (second, first)):
        assert reason(opener, dataclasses.replace(row, sealed=other.sealed)) is RejectionReason.DOES_NOT_OPEN


@pytest.mark.parametrize(
    ("field", "value", "expected"),
    [
        ("row_id", uuid.UUID(int=1), RejectionReason.DOES_NOT_OPEN),
        ("key_id", "0" * 16, RejectionReason.UNKNOWN_KEY),
        ("purpose", "tip", RejectionReason.WRONG_PURPOSE),
        ("codebook_version", "2", RejectionReason.DOES_NOT_OPEN),
        ("iso_week", IsoWeek(2026, 46), RejectionReason.DOES_NOT_OPEN),
    ],
)
def test_whatever_stands_beside_the_sealed_bytes_is_bound_to_them(
    opener: ResponseOpener, row: SealedResponse, field: str, value: object, expected: RejectionReason
) -> None:
    assert reason(opener, dataclasses.replace(row, **{field: value})) is expected


def test_bytes_sealed_for_another_purpose_cannot_pass_as_a_response(
    opener: ResponseOpener, private_key: PrivateKey, make_response
) -> None:
    sealed = seal_bytes(
        pad(make_response().to_json()),
        public_key=private_key.public_key,
        purpose="tip",
        codebook_version="1",
        iso_week=IsoWeek(2026, 47),
    )
    assert reason(opener, dataclasses.replace(sealed, purpose="response")) is RejectionReason.DOES_NOT_OPEN


@pytest.mark.parametrize(
    ("content", "week", "expected"),
    [
        (b"\0" * 2048, "2026-W47", RejectionReason.DAMAGED),
        (pad(b"{}"), "2026-W47", RejectionReason.DAMAGED),
        (None, "2026-W46", RejectionReason.DOES_NOT_MATCH_ROW),
    ],
)
def test_what_opens_and_is_no_response_of_its_row_is_rejected(
    opener: ResponseOpener,
    private_key: PrivateKey,
    make_response,
    content: bytes | None,
    week: str,
    expected: RejectionReason,
) -> None:
    row = seal_bytes(
        content if content is not None else pad(make_response().to_json()),
        public_key=private_key.public_key,
        purpose="response",
        codebook_version="1",
        iso_week=IsoWeek.parse(week),
    )
    assert reason(opener, row) is expected


def test_another_key_does_not_open(row: SealedResponse, codebooks: dict[str, Codebook]) -> None:
    other = PrivateKey.generate()
    foreign = ResponseOpener([other], codebooks)
    assert reason(foreign, row) is RejectionReason.UNKNOWN_KEY
    renamed = dataclasses.replace(row, key_id=other.public_key.key_id)
    assert reason(foreign, renamed) is RejectionReason.DOES_NOT_OPEN


def test_every_possible_response_has_the_same_size(codebook: Codebook, sealer: Sealer, make_response) -> None:
    for population in codebook.populations.values():
        longest = {}
        for variable in population.variables:
            many = sorted((c.code for c in variable.codes if not c.exclusive), key=len)[-variable.max :]
            longest[variable.name] = Answer.of(*many)
        longest["citizenship_group"] = Answer.of("eu_eea")
        longest_response = make_response(population.name, **longest)
        silent = make_response(population.name, **{variable.name: NO_ANSWER for variable in population.variables})
        sizes = {len(sealer.seal(response).sealed) for response in (longest_response, silent)}
        assert sizes == {PADDED_SIZES[0] + HPKE_OVERHEAD}, population.name


@pytest.mark.parametrize("length", [0, 1, 2043, 2044, 2045, 4092, 4093, 8188])
def test_padding_comes_off_again(length: int) -> None:
    padded = pad(b"x" * length)
    assert len(padded) in PADDED_SIZES
    assert unpad(padded) == b"x" * length


def test_damaged_padding_is_noticed() -> None:
    padded = pad(b"x" * 10)
    for damaged in (padded[:-1], padded + b"\0", padded[:-1] + b"\1", b"\xff" * 2048, b""):
        with pytest.raises(PaddingError):
            unpad(damaged)
    with pytest.raises(PaddingError, match="longer"):
        pad(b"x" * 8189)


def test_a_public_key_file_goes_there_and_back(private_key: PrivateKey, tmp_path: Path) -> None:
    public = private_key.public_key
    assert PublicKey.from_pem(public.to_pem()).key_id == public.key_id
    with pytest.raises(KeyFileError, match="must hold"):
        PublicKey.from_pem(public.to_pem()[: public.to_pem().index(b"-----END") + 30])
    with pytest.raises(KeyFileError, match="keys create"):
        PublicKey.read(tmp_path / "missing.pem")


def test_a_process_with_only_the_public_side_cannot_open_what_it_sealed(
    private_key: PrivateKey, tmp_path: Path, codebooks: dict[str, Codebook], make_response
) -> None:
    """A real process seals, then tries everything it has: its own imports, its key file, its memory of the key."""
    (tmp_path / "public.pem").write_bytes(private_key.public_key.to_pem())
    (tmp_path / "response.json").write_bytes(make_response(needs=Answer.of("housing")).to_json())
    program = textwrap.dedent("""
        import pathlib, sys
        from intake_store.codebook import load_codebook
        from intake_store.submission import inbox, receipts, response, sealing

        analyst = ("intake_store.keys", "intake_store.warehouse", "intake_store.statistics")
        loaded = [name for name in sys.modules if name.startswith(analyst)]
        assert not loaded, loaded
        folder, codebook = pathlib.Path(sys.argv[1]), load_codebook(pathlib.Path(sys.argv[2]))
        key = sealing.PublicKey.read(folder / "public.pem")
        given = response.Response.from_json((folder / "response.json").read_bytes())
        row = sealing.Sealer(key, codebook).seal(given)
        assert b"housing" not in row.sealed
        for attempt in (key.hpke, key._x25519, key._mlkem):
            try:
                sealing.hpke_suite().decrypt(row.sealed, attempt, info=row.info)
            except TypeError:
                continue
            raise SystemExit("opened with a public key")
        (folder / "sealed").write_bytes(row.sealed)
        print(row.row_id)
    """)
    codebook_path = Path(__file__).parents[3] / "flows" / "codebook" / "v1.yml"
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path), str(codebook_path)],
        capture_output=True,
        text=True,
        cwd=Path(__file__).parents[3],
        check=False,
    )
    assert done.returncode == 0, done.stderr
    # The other half of the proof: the analyst's side does open it.
    row = SealedResponse(
        row_id=uuid.UUID(done.stdout.strip()),
        key_id=private_key.public_key.key_id,
        purpose="response",
        codebook_version="1",
        iso_week=IsoWeek(2026, 47),
        sealed=(tmp_path / "sealed").read_bytes(),
    )
    assert ResponseOpener([private_key], codebooks).open(row).answers["needs"] == Answer.of("housing")
