"""One turn of the web channel: a token and what the person did come in, a new token and replies go out."""

from __future__ import annotations

import unicodedata
from typing import Annotated, Final, Self
from urllib.parse import parse_qsl

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError, model_validator

from bot.channels.web.problems import MalformedRequestError, NothingSaidError, TextTooLongError, UnknownLanguageError
from bot.conversation.answering import Answer, Answering
from bot.conversation.replies import NoticeReply, Reply
from bot.conversation.updates import Update
from bot.dialogue.state import DialogueState
from bot.state.tokens import StateTokens, TokenError
from bot.translation.catalogues import Catalogues
from bot.translation.marking import message

MAX_CHOICES: Final = 40
"""More than any question offers."""

_FORM_FIELDS: Final = MAX_CHOICES + 8
_FRESH_START = message(
    "The earlier conversation could not be continued, so this is a new one. Nothing from before was kept."
)

_ChoiceId = Annotated[str, StringConstraints(min_length=1, max_length=64)]


class TurnRequest(BaseModel):
    """What a person did, and the token of the conversation they did it in."""

    model_config = ConfigDict(strict=True, extra="forbid", frozen=True)

    state: str | None = None
    text: str | None = None
    choice: _ChoiceId | Annotated[list[_ChoiceId], Field(min_length=1, max_length=MAX_CHOICES)] | None = None
    language: str | None = None

    @model_validator(mode="after")
    def _says_one_thing(self) -> Self:
        if self.text is not None and self.choice is not None:
            raise ValueError("either text or choice")
        return self

    @property
    def choices(self) -> tuple[str, ...]:
        """The ids of all choices that were taken."""
        if self.choice is None:
            return ()
        return (self.choice,) if isinstance(self.choice, str) else tuple(self.choice)

    def __repr__(self) -> str:
        # Must be safe in any traceback or log.
        return "TurnRequest(…)"

    __str__ = __repr__


class TurnAnswer(BaseModel):
    """The new token (`None`: the conversation has ended), the language of the replies, and the replies."""

    model_config = ConfigDict(frozen=True)

    state: str | None
    language: str
    replies: tuple[Reply, ...]


def request_from_json(body: bytes) -> TurnRequest:
    """Read the body of a turn; raises `MalformedRequestError`."""
    try:
        return TurnRequest.model_validate_json(body)
    except ValidationError:
        # Not chained: the validation error quotes what it was given.
        raise MalformedRequestError from None


class PageForm(BaseModel):
    """What a form of the page sent. `shown` is the language that the page was in."""

    model_config = ConfigDict(frozen=True)

    state: str | None = None
    text: str = ""
    choices: tuple[str, ...] = ()
    language: str | None = None
    shown: str | None = None

    def __repr__(self) -> str:
        return "PageForm(…)"

    __str__ = __repr__

    def request(self) -> TurnRequest:
        """Return the turn that the form asks for; raises `MalformedRequestError`.

        Somebody who has begun to write and then taps a button means the button.
        """
        try:
            return TurnRequest(
                state=self.state,
                text=None if self.choices or self.language else self.text,
                choice=list(self.choices) or None,
                language=self.language,
            )
        except ValidationError:
            raise MalformedRequestError from None


def form_from_body(body: bytes) -> PageForm:
    """Read a urlencoded form; raises `MalformedRequestError`."""
    try:
        pairs = parse_qsl(
            body.decode("ascii"),
            keep_blank_values=True,
            errors="strict",
            max_num_fields=_FORM_FIELDS,
        )
    except ValueError:
        raise MalformedRequestError from None
    values = {name: value for name, value in pairs if name != "choice"}
    return PageForm(
        state=values.get("state") or None,
        text=values.get("text", ""),
        choices=tuple(value for name, value in pairs if name == "choice"),
        language=values.get("language") or None,
        shown=values.get("shown") or None,
    )


class WebTurns:
    """Takes turns for the page: opens the token, asks who answers, seals the new state."""

    def __init__(self, answering: Answering, catalogues: Catalogues, tokens: StateTokens, *, text_length: int) -> None:
        self._answering = answering
        self._catalogues = catalogues
        self._tokens = tokens
        self._text_length = text_length

    async def begin(self, language: str) -> TurnAnswer:
        """Return the first message of a new conversation."""
        return self._sealed(await self._answering.begin("web", language))

    async def take(self, request: TurnRequest, shown: str, sender: str | None = None) -> TurnAnswer:
        """Return what follows from `request`; `shown` is the language to fall back on, `sender` the client's mark.

        A token that cannot be used begins a new conversation with a notice. What was written with it is answered all
        the same: it may have been a call for help. Raises a `WebProblem` for what can't be a turn.
        """
        language = self._catalogues.supported(request.language)
        if request.language is not None and language is None:
            raise UnknownLanguageError
        text = _cleaned(request.text)
        if text is not None and len(text) > self._text_length:
            raise TextTooLongError
        if not text and not request.choices and language is None:
            if request.state is None and request.text is None:
                return await self.begin(shown)
            raise NothingSaidError
        state, lost = self._opened(request.state)
        update = Update(
            "web",
            text=text or None,
            choices=() if lost else request.choices,
            language=language if state else language or shown,
            sender=sender,
        )
        answer = await self._answering.turn(state, update)
        return self._sealed(self._with_notice(answer) if lost and not answer.ended else answer)

    def _opened(self, token: str | None) -> tuple[DialogueState | None, bool]:
        if token is None:
            return None, False
        try:
            return self._tokens.open(token), False
        except TokenError:
            return None, True

    def _with_notice(self, answer: Answer) -> Answer:
        notice = NoticeReply(text=self._catalogues[answer.language].translate(_FRESH_START))
        return Answer(answer.state, answer.language, (notice, *answer.replies))

    def _sealed(self, answer: Answer) -> TurnAnswer:
        token = None if answer.state is None else self._tokens.seal(answer.state)
        return TurnAnswer(state=token, language=answer.language, replies=answer.replies)


def _cleaned(text: str | None) -> str | None:
    """Return the text without control characters and outer blanks."""
    if text is None:
        return None
    lines = text.replace("\r\n", "\n").replace("\r", "\n")
    return "".join(sign for sign in lines if sign == "\n" or unicodedata.category(sign) not in ("Cc", "Cs")).strip()
