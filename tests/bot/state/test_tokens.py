"""The tokens that carry a conversation's state through the browser."""

from __future__ import annotations

import json
import zlib
from datetime import UTC, datetime, timedelta

import pytest
from cryptography.fernet import Fernet
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.dialogue.state import Checkpoint, DialogueState, Frame, Phase, SlotValue, to_json
from bot.state.tokens import (
    MAX_STATE_BYTES,
    MAX_TOKEN_LENGTH,
    VERSION,
    DatedKey,
    StateKey,
    StateTokens,
    TokenError,
    TokenExpiredError,
    TokenInvalidError,
    TokenTooLargeError,
    keys_from_json,
    keys_to_json,
)

STATE = DialogueState(
    stack=(Frame("needs_questionnaire", "arenas", Phase.WAITING, {"selected": ("a", "b")}),),
    slots={"language": "ro", "under18": False, "age": 31},
    history=(Checkpoint((Frame("menu", "ask"),), {"place": None}),),
)


class Clock:
    """A clock that a test sets."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 22, 12, tzinfo=UTC)

    def __call__(self) -> datetime:
        return self.now

    def later(self, **by: float) -> None:
        self.now += timedelta(**by)


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def tokens(clock: Clock) -> StateTokens:
    return StateTokens(now=clock)


def test_a_token_opens_to_the_state_it_was_made_of(tokens: StateTokens) -> None:
    assert tokens.open(tokens.seal(STATE)) == STATE


def test_the_same_state_gives_another_token_each_time(tokens: StateTokens) -> None:
    assert tokens.seal(STATE) != tokens.seal(STATE)


def test_changing_any_character_is_noticed(tokens: StateTokens) -> None:
    token = tokens.seal(STATE)
    step = max(1, len(token) // 97)
    for position in [*range(0, len(token), step), 1, len(token) - 5]:
        other = "A" if token[position] != "A" else "B"
        with pytest.raises(TokenError):
            tokens.open(token[:position] + other + token[position + 1 :])


@pytest.mark.parametrize("cut", [0, 1, 2, 10, 100, -1])
def test_a_token_that_was_cut_off_is_invalid(tokens: StateTokens, cut: int) -> None:
    with pytest.raises(TokenInvalidError):
        tokens.open(tokens.seal(STATE)[:cut])


@pytest.mark.parametrize("token", ["", "1", "é" * 20, "1é", "null", "1" + "A" * 200, "\x00", "1gAAAAA=="])
def test_what_is_no_token_is_invalid(tokens: StateTokens, token: str) -> None:
    with pytest.raises(TokenInvalidError):
        tokens.open(token)


def test_a_token_of_another_version_is_invalid(tokens: StateTokens) -> None:
    token = tokens.seal(STATE)
    assert token.startswith(VERSION)
    for version in ("2", "0", ""):
        with pytest.raises(TokenInvalidError):
            tokens.open(version + token[1:])


def test_a_token_sealed_by_somebody_else_is_invalid(tokens: StateTokens, clock: Clock) -> None:
    with pytest.raises(TokenInvalidError):
        tokens.open(StateTokens(now=clock).seal(STATE))


def test_a_token_that_is_too_long_is_not_even_tried(tokens: StateTokens) -> None:
    with pytest.raises(TokenTooLargeError):
        tokens.open(VERSION + "A" * MAX_TOKEN_LENGTH)


def test_a_token_that_unpacks_to_too_much_is_refused(tokens: StateTokens, clock: Clock) -> None:
    """Only somebody with the key could make one; even then the memory stays small."""
    packed = zlib.compress(b" " * (MAX_STATE_BYTES * 50), 9)
    with pytest.raises(TokenTooLargeError):
        tokens.open(_sealed(tokens, clock, packed))


@pytest.mark.parametrize("data", [b"[]", b"{}", b"null", b'{"s": 1, "v": {}, "h": []}', b"\xff", b"{"])
def test_a_token_with_something_else_in_it_is_invalid(tokens: StateTokens, clock: Clock, data: bytes) -> None:
    with pytest.raises(TokenInvalidError):
        tokens.open(_sealed(tokens, clock, zlib.compress(data)))


@pytest.mark.parametrize("packed", [b"", b"not compressed", zlib.compress(json.dumps(to_json(STATE)).encode())[:-9]])
def test_a_token_whose_packing_is_broken_is_invalid(tokens: StateTokens, clock: Clock, packed: bytes) -> None:
    with pytest.raises(TokenInvalidError):
        tokens.open(_sealed(tokens, clock, packed))


def test_a_token_lives_as_long_as_it_should_and_no_longer(clock: Clock) -> None:
    tokens = StateTokens(idle=timedelta(hours=2), now=clock)
    token = tokens.seal(STATE)
    clock.later(hours=2)
    assert tokens.open(token) == STATE
    clock.later(seconds=1)
    with pytest.raises(TokenExpiredError):
        tokens.open(token)


def test_a_token_from_the_future_is_invalid(tokens: StateTokens, clock: Clock) -> None:
    clock.later(hours=1)
    token = tokens.seal(STATE)
    clock.later(hours=-1)
    with pytest.raises(TokenInvalidError):
        tokens.open(token)


def test_keys_rotate_and_a_token_dies_with_its_key(clock: Clock) -> None:
    tokens = StateTokens(idle=timedelta(hours=2), rotation=timedelta(hours=10), now=clock)
    first = tokens.keys
    clock.later(hours=9.9)
    late = tokens.seal(STATE)
    clock.later(hours=0.2)
    assert tokens.rotate()
    assert len(tokens.keys) == 2
    assert tokens.keys[1:] == first
    assert not tokens.rotate()
    clock.later(hours=1.7)
    assert tokens.open(late) == STATE
    clock.later(hours=0.3)
    with pytest.raises(TokenInvalidError):
        tokens.open(late)
    assert first[0] not in tokens.keys


def test_after_rotation_the_new_key_seals(clock: Clock) -> None:
    tokens = StateTokens(idle=timedelta(hours=2), rotation=timedelta(hours=10), now=clock)
    old = tokens.keys
    clock.later(hours=10)
    token = tokens.seal(STATE)
    with pytest.raises(TokenInvalidError):
        StateTokens(old, idle=timedelta(hours=2), rotation=timedelta(hours=100), now=clock).open(token)


def test_keys_given_in_any_order_seal_with_the_newest(clock: Clock) -> None:
    old = DatedKey(StateKey(Fernet.generate_key()), clock.now - timedelta(hours=5))
    new = DatedKey(StateKey(Fernet.generate_key()), clock.now - timedelta(hours=1))
    tokens = StateTokens((old, new), now=clock)
    assert tokens.keys == (new, old)
    assert StateTokens((new,), now=clock).open(tokens.seal(STATE)) == STATE


def test_the_length_of_a_token_does_not_tell_how_far_somebody_is(tokens: StateTokens) -> None:
    def at(answers: int) -> DialogueState:
        slots: dict[str, SlotValue] = {f"question_{number}": f"answer_{number}" for number in range(answers)}
        return DialogueState((Frame("needs_questionnaire", f"question_{answers}", Phase.WAITING),), slots)

    assert len({len(tokens.seal(at(answers))) for answers in range(13)}) == 1


def test_a_long_conversation_fits_into_a_token(tokens: StateTokens) -> None:
    frames = tuple(Frame(f"flow_number_{n}", f"step_number_{n}", Phase.CALLED) for n in range(8))
    slots: dict[str, SlotValue] = {f"variable_{n}": tuple(f"code_{n}_{m}" for m in range(5)) for n in range(25)}
    history = tuple(Checkpoint(frames, {f"variable_{n}": f"code_{n}"}) for n in range(16))
    assert len(tokens.seal(DialogueState(frames, slots, history))) < MAX_TOKEN_LENGTH


def test_keys_survive_their_file(clock: Clock) -> None:
    key = DatedKey(StateKey(Fernet.generate_key()), datetime(2026, 11, 22, 12, tzinfo=UTC))
    assert keys_from_json(keys_to_json((key,))) == (key,)


_VALUES = st.one_of(st.text(max_size=8), st.integers(0, 99), st.booleans(), st.tuples(st.text(max_size=5)))


@settings(max_examples=50, deadline=None)
@given(slots=st.dictionaries(st.text(max_size=8), _VALUES, max_size=8))
def test_any_state_survives(slots: dict[str, SlotValue]) -> None:
    tokens = StateTokens(now=Clock())
    state = DialogueState((Frame("flow", "step"),), slots)
    assert tokens.open(tokens.seal(state)) == state


def _sealed(tokens: StateTokens, clock: Clock, packed: bytes) -> str:
    padded = len(packed).to_bytes(4, "big") + packed
    fernet = Fernet(tokens.keys[0].key)
    return VERSION + fernet.encrypt_at_time(padded, int(clock.now.timestamp())).decode()
