"""Passwords, codes, lock-out and the key, each by itself."""

from __future__ import annotations

import datetime

import pytest
from accounts_place import CHEAP, TurnedClock
from hypothesis import given, settings
from hypothesis import strategies as st

from analyst.accounts.accounts_key import AccountsKey
from analyst.accounts.clock import chance
from analyst.accounts.codes import make_code, normalised
from analyst.accounts.errors import DatabaseRefused, LockedOut, PasswordRefused
from analyst.accounts.lockout import Attempt, Lockout
from analyst.accounts.passwords import Argon2Hashing, Passwords, read_common_passwords


@pytest.fixture(scope="module")
def passwords() -> Passwords:
    return Passwords(Argon2Hashing(CHEAP), chance)


@pytest.mark.parametrize(
    "password",
    [
        "",
        "elevenchars",
        "x" * 257,
        "aaaaaaaaaaaaaaaa",
        "abababababab",
        "Password1234",
        "CORRECT horse battery staple",
        "anna.andersson",
        "ANNA.andersson",
        "andersson1987",
        "Anna-Andersson 2026!",
        "fyren.fyren.2026",
        "lösenord123456",
        "annafyren1234",
        "Mittlösenord1",
        "Mittlo\u0308senord1",
    ],
)
def test_passwords_that_are_guessed_first_are_refused(passwords: Passwords, password: str) -> None:
    with pytest.raises(PasswordRefused):
        passwords.check(password, "anna.andersson", "Anna Andersson")


@pytest.mark.parametrize(
    "password",
    [
        "twelve chars",
        "fyren och anna i hamnen",
        "1234567890-+*/",
        "åäöåäöåäö 1234",
        "🙂🙃😀😁 four faces",
        "x y z " * 42,
    ],
)
def test_other_passwords_are_taken_whatever_their_letters(passwords: Passwords, password: str) -> None:
    passwords.check(password, "anna.andersson")


async def test_letters_may_come_composed_or_not(passwords: Passwords) -> None:
    composed, decomposed = "å" * 200, "a\u030a" * 200
    passwords.check("1234" + decomposed)
    assert await passwords.fits(await passwords.hash("1234" + decomposed), "1234" + composed)
    assert await passwords.fits(await passwords.hash("1234" + composed), "1234" + decomposed)
    for long in ("1234" + "å" * 253, "1234" + "a\u030a" * 700):
        with pytest.raises(PasswordRefused):
            passwords.check(long)


def test_the_list_holds_only_what_length_lets_through() -> None:
    common = read_common_passwords()
    assert len(common) > 80
    assert all(len(password) >= 12 for password in common)


@settings(max_examples=30, deadline=None)
@given(password=st.text(max_size=300), other=st.text(max_size=300))
async def test_a_password_fits_its_own_hash_and_nothing_else(password: str, other: str) -> None:
    checked = Passwords(Argon2Hashing(CHEAP), chance, frozenset())
    stored = await checked.hash(password[:256])
    assert stored.startswith("$argon2id$")
    assert await checked.fits(stored, password[:256]) or len(password[:256]) > 256
    if other != password[:256] and other.isascii() and password.isascii():
        assert not await checked.fits(stored, other)
    assert not await checked.fits(None, password)
    assert not await checked.fits("damaged", password)


def test_the_cost_is_that_of_rfc_9106_or_more() -> None:
    assert "$m=65536,t=3,p=4$" in Argon2Hashing().hash("twelve chars")


@settings(max_examples=25)
@given(data=st.data(), characters=st.integers(1, 40))
def test_codes_survive_how_people_type_them(data: st.DataObject, characters: int) -> None:
    code = make_code(characters, 4, chance)
    swap = {"0": "o", "1": data.draw(st.sampled_from("il"))}
    typed = "".join(data.draw(st.sampled_from([sign, sign.upper(), swap.get(sign, sign), f" {sign}"])) for sign in code)
    assert normalised(typed) == normalised(code)
    assert len(normalised(code)) == characters


# -- lock-out --------------------------------------------------------------------------------------------------------


def test_delays_double_to_a_quarter_of_an_hour_and_are_forgotten_after_a_day() -> None:
    clock = TurnedClock()
    lockout = Lockout(clock, chance)
    waits = []
    for number in range(12):
        lockout.begin(Attempt.PASSWORD, "anna", f"192.0.2.{number}")
        try:
            lockout.begin(Attempt.PASSWORD, "anna", None)
        except LockedOut as locked:
            waits.append(locked.wait)
            clock.turn(locked.wait)
    assert waits[:7] == [30, 60, 120, 240, 480, 900, 900]
    clock.turn(24 * 3600 + 1)
    for _ in range(5):
        lockout.begin(Attempt.PASSWORD, "anna", None)


def test_an_address_waits_whatever_the_names_and_a_network_counts_as_one() -> None:
    clock = TurnedClock()
    lockout = Lockout(clock, chance)
    for number in range(20):
        lockout.begin(Attempt.PASSWORD, f"name {number}", f"2001:db8::{number:x}")
    with pytest.raises(LockedOut):
        lockout.begin(Attempt.PASSWORD, "new name", "2001:db8::ffff")
    lockout.begin(Attempt.PASSWORD, "new name", "2001:db8:1::1")


def test_a_locked_address_cannot_fill_the_table() -> None:
    lockout = Lockout(TurnedClock(), chance)
    for number in range(20):
        lockout.begin(Attempt.PASSWORD, f"name {number}", "192.0.2.1")
    noted = len(lockout)
    for number in range(20, 200):
        with pytest.raises(LockedOut):
            lockout.begin(Attempt.PASSWORD, f"name {number}", "192.0.2.1")
    assert len(lockout) == noted


def test_a_department_behind_one_address_is_not_locked_by_its_logins() -> None:
    lockout = Lockout(TurnedClock(), chance)
    for number in range(500):
        lockout.begin(Attempt.PASSWORD, f"name {number % 50}", "192.0.2.1")
        lockout.succeeded(Attempt.PASSWORD, f"name {number % 50}", "192.0.2.1")


def test_own_successes_do_not_pay_for_guesses_at_others() -> None:
    lockout = Lockout(TurnedClock(), chance)
    guesses = 0

    def guess() -> None:
        nonlocal guesses
        for number in range(100):
            lockout.begin(Attempt.PASSWORD, "mine", "192.0.2.1")
            lockout.succeeded(Attempt.PASSWORD, "mine", "192.0.2.1")
            lockout.begin(Attempt.PASSWORD, f"theirs {number}", "192.0.2.1")
            guesses += 1

    with pytest.raises(LockedOut):
        guess()
    assert guesses <= 20


@given(
    steps=st.lists(
        st.tuples(st.sampled_from(["anna", "bodil"]), st.sampled_from(["192.0.2.1", "::1"]), st.integers(0, 40)),
        max_size=60,
    )
)
def test_nobody_gets_more_guesses_than_the_delays_allow(steps: list[tuple[str, str, int]]) -> None:
    clock = TurnedClock()
    lockout = Lockout(clock, chance)
    begun: dict[str, list[datetime.datetime]] = {"anna": [], "bodil": []}
    for name, address, pause in steps:
        clock.turn(pause)
        try:
            lockout.begin(Attempt.PASSWORD, name, address)
        except LockedOut:
            continue
        begun[name].append(clock())
    for times in begun.values():
        for number in range(5, len(times)):
            assert (times[number] - times[number - 1]).total_seconds() >= min(30 * 2 ** (number - 5), 900)


# -- the key ---------------------------------------------------------------------------------------------------------


@given(secret=st.binary(max_size=64), at=st.integers(0, 200), owner=st.binary(min_size=1, max_size=16))
def test_sealed_secrets_open_for_their_owner_unchanged_only(secret: bytes, at: int, owner: bytes) -> None:
    key = AccountsKey(bytes(32), chance)
    sealed = key.seal(secret, owner)
    assert key.open(sealed, owner) == secret
    at %= len(sealed)
    changed = sealed[:at] + bytes([sealed[at] ^ 1]) + sealed[at + 1 :]
    for other_key, content, whose in (
        (key, changed, owner),
        (key, sealed[:at], owner),
        (key, sealed, owner + b"x"),
        (AccountsKey(b"x" * 32, chance), sealed, owner),
    ):
        with pytest.raises(DatabaseRefused):
            other_key.open(content, whose)
