"""What goes out, in words, for a channel to render as it can. The shapes are those of the turn API."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field


class _Reply(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class TextReply(_Reply):
    """A message; blank lines separate paragraphs."""

    type: Literal["text"] = "text"
    text: str


class NoticeReply(_Reply):
    """A message of the service itself, such as what is kept or that something did not work."""

    type: Literal["notice"] = "notice"
    text: str


class ChoiceButton(_Reply):
    """One choice. `role` tells answers apart from topics and from ways past a question."""

    id: str = Field(max_length=64)
    title: str
    role: Literal["answer", "topic", "command"]
    selected: bool = False
    language: str | None = Field(default=None, description="the language of the title, where it is another one")


class Progress(_Reply):
    """Question `position` of `total`, both counted from 1."""

    position: int
    total: int


class ChoicesReply(_Reply):
    """A question. With `multiple`, up to `maximum` answers may be chosen, then the choice `command:done`."""

    type: Literal["choices"] = "choices"
    text: str
    choices: tuple[ChoiceButton, ...]
    multiple: bool = False
    maximum: int = 1
    progress: Progress | None = None


class Contact(_Reply):
    """Somebody to call or write to."""

    name: str
    description: str
    phones: tuple[str, ...] = ()
    chat_url: str | None = None
    web: str | None = None
    open_status: Literal["open", "closed", "unknown"] = "unknown"
    hours: str = ""


class CrisisReply(_Reply):
    """The crisis card: an acknowledging sentence, whom to call, what to do if one cannot speak."""

    type: Literal["crisis"] = "crisis"
    text: str
    contacts: tuple[Contact, ...]
    cannot_speak: str = ""
    cannot_speak_title: str = ""


class Fact(_Reply):
    """A line of a service card."""

    label: str
    value: str


class ServiceCardReply(Contact):
    """A service card; what is not known is said to be unknown."""

    id: str
    address: str | None = None
    facts: tuple[Fact, ...] = ()
    stale: bool = False


class ServicesReply(_Reply):
    """At most three service cards, best first."""

    type: Literal["services"] = "services"
    text: str
    services: tuple[ServiceCardReply, ...]


class SummaryItem(_Reply):
    """One answer as it will be stored; `change` is the choice that changes it."""

    question: str
    answer: str
    change: str
    change_title: str


class SummaryReply(_Reply):
    """Exactly what will be stored, before it is."""

    type: Literal["summary"] = "summary"
    text: str
    items: tuple[SummaryItem, ...]


Reply = Annotated[
    TextReply | NoticeReply | ChoicesReply | CrisisReply | ServicesReply | SummaryReply, Field(discriminator="type")
]
