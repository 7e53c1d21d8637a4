"""A response: coded answers under one version of the codebook, and nothing that points to a person."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from enum import StrEnum
from typing import Any

from intake_store.submission.errors import ResponseError
from intake_store.submission.iso_weeks import IsoWeek

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
        try:
            response = cls._from_object(json.loads(data))
        except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
            # The cause would quote the content, so it is dropped.
            raise ResponseError(["it is not the JSON of a response."]) from None
        if response.to_json() != data:
            raise ResponseError(["its JSON is not in canonical form."])
        return response

    @classmethod
    def _from_object(cls, content: Any) -> Response:
        if content.keys() != RESPONSE_FIELDS:
            raise ValueError("unexpected keys")
        if type(content["synthetic"]) is not bool or _LANGUAGE.fullmatch(content["language"]) is None:
            raise ValueError("unexpected values")
        return cls(
            codebook_version=_text(content["codebook_version"]),
            population=_text(content["population"]),
            iso_week=IsoWeek.parse(content["iso_week"]),
            channel=ChannelKind(content["channel"]),
            language=content["language"],
            answers={
                name: Answer.of(*map(_text, value)) if isinstance(value, list) else _SILENT[value]
                for name, value in content["answers"].items()
            },
            flags=frozenset(map(QualityFlag, content["flags"])),
            synthetic=content["synthetic"],
        )


RESPONSE_FIELDS = frozenset(entry.name for entry in fields(Response))
"""The names that a response itself uses; no variable of a codebook can have one of them."""


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a text")
    return value
