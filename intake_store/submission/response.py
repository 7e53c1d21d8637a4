"""A response: coded answers under one version of the codebook, and nothing that points to a person."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum

import msgspec

from intake_store.submission.errors import ResponseError
from intake_store.submission.iso_weeks import IsoWeek

_NO_RESPONSE = "it is not the JSON of a response."
_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")


class AnswerStatus(StrEnum):
    """Why a variable has codes, or has none."""

    ANSWERED = "answered"
    NO_ANSWER = "no_answer"
    """Asked, and the person preferred not to say."""
    UNKNOWN = "unknown"
    """Asked, and the person does not know."""
    NOT_ASKED = "not_asked"
    """Left out by the routing."""


class ChannelKind(StrEnum):
    """The kind of channel a response came through; never an address in it."""

    WEB = "web"
    TELEGRAM = "telegram"
    WHATSAPP = "whatsapp"
    MESSENGER = "messenger"
    SIGNAL = "signal"
    MATRIX = "matrix"
    SMS = "sms"
    VOICE = "voice"
    TERMINAL = "terminal"


class QualityFlag(StrEnum):
    """A doubt about a response that identifies nobody; tables leave flagged responses out and say how many."""

    TOO_FAST = "too_fast"
    """Answered faster than a person can read."""
    CONTRADICTORY = "contradictory"
    """Answers that exclude each other."""
    SAME_CLIENT = "same_client"
    """One client has sent many responses."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What one variable holds: a sorted set of codes, or the reason why there is none.

    Raises `ValueError` when codes and status do not go together.
    """

    status: AnswerStatus
    codes: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if (self.status is AnswerStatus.ANSWERED) != bool(self.codes):
            raise ValueError("an answer has codes exactly when its status is 'answered'")
        if any(first >= second for first, second in zip(self.codes, self.codes[1:], strict=False)):
            raise ValueError("the codes of an answer are sorted and stand there once")

    @classmethod
    def of(cls, *codes: str) -> Answer:
        """Return an answer with these codes, in any order."""
        return cls(AnswerStatus.ANSWERED, tuple(sorted(set(codes))))


NO_ANSWER = Answer(AnswerStatus.NO_ANSWER)
UNKNOWN = Answer(AnswerStatus.UNKNOWN)
NOT_ASKED = Answer(AnswerStatus.NOT_ASKED)
_SILENT = {answer.status.value: answer for answer in (NO_ANSWER, UNKNOWN, NOT_ASKED)}


@dataclass(frozen=True, slots=True)
class Response:
    """One person's agreed answers to one questionnaire.

    `answers` has an entry for every variable of the population, asked or not. `language` is a BCP 47 code.
    `synthetic` marks made-up responses; no table hides that mark.
    """

    codebook_version: str
    population: str
    iso_week: IsoWeek
    channel: ChannelKind
    language: str
    answers: Mapping[str, Answer]
    flags: frozenset[QualityFlag] = field(default_factory=frozenset)
    synthetic: bool = False

    def to_json(self) -> bytes:
        """Return the canonical JSON: sorted keys, no spaces, ASCII; equal responses give equal bytes."""
        return json.dumps(
            {
                "codebook_version": self.codebook_version,
                "population": self.population,
                "iso_week": str(self.iso_week),
                "channel": self.channel.value,
                "language": self.language,
                "answers": {
                    name: list(answer.codes) if answer.codes else answer.status.value
                    for name, answer in self.answers.items()
                },
                "flags": sorted(flag.value for flag in self.flags),
                "synthetic": self.synthetic,
            },
            sort_keys=True,
            separators=(",", ":"),
        ).encode("ascii")

    @classmethod
    def from_json(cls, data: bytes) -> Response:
        """Read what `to_json` wrote.

        Raises `ResponseError` for anything that is not the canonical form of a response; the message never quotes it.
        """
        return cls.from_stored(StoredResponse.from_json(data))

    @classmethod
    def from_stored(cls, stored: StoredResponse) -> Response:
        """Return the response that a stored one stands for; raises `ResponseError` if its parts are impossible."""
        try:
            return cls(
                codebook_version=stored.codebook_version,
                population=stored.population,
                iso_week=IsoWeek.parse(stored.iso_week),
                channel=stored.channel,
                language=stored.language,
                answers={
                    name: _SILENT[value] if isinstance(value, str) else Answer(AnswerStatus.ANSWERED, value)
                    for name, value in stored.answers.items()
                },
                flags=frozenset(stored.flags),
                synthetic=stored.synthetic,
            )
        except (ValueError, KeyError):
            # The cause would quote the content, so it is dropped.
            raise ResponseError([_NO_RESPONSE]) from None

    def to_stored(self) -> StoredResponse:
        """Return the response with its answers in the form of the JSON."""
        return StoredResponse(
            codebook_version=self.codebook_version,
            population=self.population,
            iso_week=str(self.iso_week),
            channel=self.channel,
            language=self.language,
            answers={name: answer.codes or answer.status.value for name, answer in self.answers.items()},
            flags=tuple(sorted(self.flags)),
            synthetic=self.synthetic,
        )


class StoredResponse(msgspec.Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """A response as its JSON has it: an answer is the tuple of its codes, or the status of one without codes.

    Read by the million, so it is checked for its form alone; `Population.fits_stored` checks the rest.
    """

    codebook_version: str
    population: str
    iso_week: str
    channel: ChannelKind
    language: str
    answers: dict[str, str | tuple[str, ...]]
    flags: tuple[QualityFlag, ...]
    synthetic: bool

    @classmethod
    def from_json(cls, data: bytes) -> StoredResponse:
        """Read what `Response.to_json` wrote.

        Raises `ResponseError` for anything that is not canonical JSON of these fields; the message never quotes it.
        """
        try:
            stored = msgspec.json.decode(data, type=cls)
        except (msgspec.MsgspecError, ValueError, RecursionError):
            raise ResponseError([_NO_RESPONSE]) from None
        if _LANGUAGE.fullmatch(stored.language) is None:
            raise ResponseError([_NO_RESPONSE])
        # The fast encoder writes the canonical form of whatever is ASCII; the slow one has the last word.
        if msgspec.json.encode(stored, order="sorted") != data and Response.from_stored(stored).to_json() != data:
            raise ResponseError(["its JSON is not in canonical form."])
        return stored


RESPONSE_FIELDS = frozenset(entry.name for entry in fields(Response))
"""The names that a response itself uses; no variable of a codebook can have one of them."""
