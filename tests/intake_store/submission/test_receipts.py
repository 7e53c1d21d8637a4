from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from intake_store.submission.errors import ReceiptError
from intake_store.submission.receipts import (
    ALPHABET,
    ReceiptPepper,
    derive_receipt_code,
    hash_receipt_code,
    new_receipt_code,
    read_receipt_code,
)

PEPPER = ReceiptPepper(b"p" * 32)
ALIKE = {"0": "0Oo", "1": "1IiLl"}


@st.composite
def written_by_hand(draw: st.DrawFn) -> tuple[str, str]:
    """A code, and the same code as somebody might type it."""
    code = derive_receipt_code(draw(st.binary(min_size=16, max_size=16)))
    typed = ""
    for sign in code.replace("-", ""):
        typed += draw(st.sampled_from(["", " ", "-", "–", "  ", ".", "\n"]))
        typed += draw(st.sampled_from(ALIKE.get(sign, sign + sign.lower())))
    return code, typed + draw(st.sampled_from(["", " ", "\n"]))


@given(written_by_hand())
def test_a_code_is_read_however_it_is_written(both: tuple[str, str]) -> None:
    code, typed = both
    assert read_receipt_code(typed) == code


def test_every_single_slip_and_every_exchange_is_noticed() -> None:
    signs = new_receipt_code().replace("-", "")
    for place, other in itertools.product(range(16), ALPHABET):
        if other != signs[place]:
            with pytest.raises(ReceiptError):
                read_receipt_code(signs[:place] + other + signs[place + 1 :])
    for first, second in itertools.combinations(range(16), 2):
        if signs[first] != signs[second]:
            exchanged = list(signs)
            exchanged[first], exchanged[second] = exchanged[second], exchanged[first]
            with pytest.raises(ReceiptError):
                read_receipt_code("".join(exchanged))


@pytest.mark.parametrize("typed", ["", "7K2M", "7K2M-X0PQ-4DTR-9HAZ-1", "UUUU-UUUU-UUUU-UUUU", "åäöå åäöå åäöå åäöå"])
def test_what_cannot_be_a_code_is_refused(typed: str) -> None:
    with pytest.raises(ReceiptError):
        read_receipt_code(typed)


def test_the_hash_is_keyed_and_always_the_same() -> None:
    code = new_receipt_code()
    assert hash_receipt_code(code, PEPPER) == hash_receipt_code(code, PEPPER)
    assert hash_receipt_code(code, PEPPER) != hash_receipt_code(code, ReceiptPepper(b"q" * 32))
    assert len(hash_receipt_code(code, PEPPER)) == 32
