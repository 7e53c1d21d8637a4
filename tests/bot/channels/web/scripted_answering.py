"""Somebody who answers by a small script, for tests of the channel alone: one reply of every kind, in any language."""

from __future__ import annotations

import asyncio
from pathlib import Path

from bot.conversation.answering import Answer
from bot.conversation.replies import (
    ChoiceButton,
    ChoicesReply,
    Contact,
    CrisisReply,
    Fact,
    NoticeReply,
    Progress,
    Reply,
    ServiceCardReply,
    ServicesReply,
    SummaryItem,
    SummaryReply,
    TextReply,
)
from bot.conversation.updates import ChannelKind, Update
from bot.dialogue.state import DialogueState
from bot.translation.catalogues import Catalogues

CATALOGUES = Path(__file__).parent / "locales"

TOPICS = {
    "flow:single": "I sell or have sold sex",
    "flow:multiple": "I buy sex and want to stop",
    "flow:crisis": "I am under 18",
    "flow:summary": "I am worried about someone",
    "flow:services": "Find help near me",
}
ANSWERS = {
    "now:thinking": "I am thinking about it",
    "now:sometimes": "It happens sometimes",
    "now:ongoing": "It is going on now",
    "now:stopped": "I have stopped",
    "now:no_answer": "Prefer not to say",
}
NEEDS = {
    "needs:money": "Help with money",
    "needs:home": "A place to live",
    "needs:talk": "Someone to talk to",
    "needs:health": "Health care",
    "needs:no_answer": "Prefer not to say",
}


class ScriptedAnswering:
    """Keeps in the state where it is, and the language; `heard` holds what it was asked."""

    def __init__(self, catalogues: Catalogues) -> None:
        self._catalogues = catalogues
        self.heard: list[Update] = []

    async def begin(self, channel: ChannelKind, language: str | None = None) -> Answer:
        assert channel == "web"
        code = self._catalogues.supported(language) or self._catalogues.default
        return self._at("flow:welcome", DialogueState(slots={"language": code}))

    async def turn(self, state: DialogueState | None, update: Update) -> Answer:
        self.heard.append(update)
        if state is None:
            state = DialogueState(
                slots={"language": self._catalogues.supported(update.language) or self._catalogues.default}
            )
        elif update.language:
            state = state.with_slots(language=update.language)
        if update.text is None and not update.choices:
            return self._at(str(state.slots.get("at", "flow:welcome")), state)
        match update.text:
            case "exit":
                return Answer(None, str(state.language), (NoticeReply(text="This conversation has ended."),))
            case "break":
                raise RuntimeError(f"broke while answering {update.text!r} and a secret")
            case "slow":
                await asyncio.sleep(1.2)
            case "markup":
                text = "<script>document.title = 'owned'</script><b>bold</b> & \"quotes\""
                choice = ChoiceButton(id="flow:welcome", title=text, role="topic")
                return Answer(state, str(state.language), (ChoicesReply(text=text, choices=(choice,)),))
            case "danger":
                return self._at("flow:crisis", state)
        if update.text is not None:
            answer = self._at(str(state.slots.get("at", "flow:welcome")), state)
            heard = TextReply(text=self._in(state, "Thank you. I will try to understand."))
            return Answer(answer.state, answer.language, (heard, *answer.replies[-1:]))
        return self._at(update.choices[0] if update.choices[0].startswith("flow:") else "flow:summary", state)

    def _in(self, state: DialogueState, text: str) -> str:
        return self._catalogues[str(state.language)].translate(text)

    def _at(self, where: str, state: DialogueState) -> Answer:
        state = state.with_slots(at=where)

        def say(text: str) -> str:
            return self._in(state, text)

        replies: dict[str, tuple[Reply, ...]] = {
            "flow:welcome": (
                TextReply(text=say("Hello. I am Fyren, an automatic service. I am not a human.")),
                TextReply(
                    text=say(
                        "You are anonymous here. Nothing you write is kept.\n\n"
                        "In danger now? Call 112. You can leave this page fast with the button at the top."
                    )
                ),
                ChoicesReply(text=say("What is it about?"), choices=self._buttons(state, TOPICS, "topic")),
            ),
            "flow:single": (
                ChoicesReply(
                    text=say("How is it for you now?"),
                    choices=self._buttons(state, ANSWERS, "answer") + self._ways(state),
                    progress=Progress(position=3, total=9),
                ),
            ),
            "flow:multiple": (
                ChoicesReply(
                    text=say("What would help you most right now?"),
                    choices=(
                        *self._buttons(state, NEEDS, "answer"),
                        ChoiceButton(id="command:done", title=say("Done"), role="command"),
                        *self._ways(state),
                    ),
                    multiple=True,
                    maximum=3,
                    progress=Progress(position=4, total=9),
                ),
            ),
            "flow:crisis": (
                CrisisReply(
                    text=say("It sounds as if you may be in danger. You are not alone, and it is not your fault."),
                    contacts=(
                        Contact(
                            name="SOS Alarm",
                            description=say("When someone is in danger now."),
                            phones=("112",),
                            open_status="open",
                            hours=say("Day and night"),
                        ),
                        Contact(
                            name="Example line",
                            description=say("To talk with someone who listens."),
                            phones=("000-00 00 00",),
                            chat_url="https://chat.example/",
                            web="https://www.line.example/",
                            open_status="closed",
                            hours=say("Opens tomorrow at 9"),
                        ),
                    ),
                    cannot_speak_title=say("If you cannot speak"),
                    cannot_speak=say("Send a text message to 112 if you have registered for it."),
                ),
                ChoicesReply(
                    text=say("What do you want to do now?"),
                    choices=self._buttons(
                        state, {"flow:welcome": "Back to where we were", "flow:services": "More help"}, "topic"
                    ),
                ),
            ),
            "flow:services": (
                ServicesReply(
                    text=say("This is near you. The first one fits best."),
                    services=tuple(self._service(state, number) for number in (1, 2)),
                ),
                ChoicesReply(
                    text=say("What do you want to do now?"),
                    choices=self._buttons(state, {"flow:welcome": "Ask something else"}, "topic"),
                ),
            ),
            "flow:summary": (
                SummaryReply(
                    text=say("This is exactly what would be kept. You can change any of it."),
                    items=(
                        self._item(state, "How is it for you now?", "It happens sometimes", "change:now"),
                        self._item(state, "What would help you most right now?", "A place to live", "change:needs"),
                    ),
                ),
                ChoicesReply(
                    text=say("May these answers be kept?"),
                    choices=self._buttons(state, {"flow:welcome": "Yes, keep them", "flow:single": "No"}, "answer"),
                ),
            ),
        }
        return Answer(state, str(state.language), replies.get(where, replies["flow:welcome"]))

    def _buttons(self, state: DialogueState, titles: dict[str, str], role: str) -> tuple[ChoiceButton, ...]:
        return tuple(
            ChoiceButton.model_validate({"id": choice, "title": self._in(state, title), "role": role})
            for choice, title in titles.items()
        )

    def _ways(self, state: DialogueState) -> tuple[ChoiceButton, ...]:
        return self._buttons(state, {"flow:single": "Back", "flow:welcome": "Stop"}, "command")

    def _item(self, state: DialogueState, question: str, answer: str, change: str) -> SummaryItem:
        return SummaryItem(
            question=self._in(state, question),
            answer=self._in(state, answer),
            change=change,
            change_title=self._in(state, "Change"),
        )

    def _service(self, state: DialogueState, number: int) -> ServiceCardReply:
        return ServiceCardReply(
            id=f"example{number}",
            name=f"Example clinic {number}",
            description=self._in(state, "Tests, treatment and someone to talk to."),
            phones=("000-00 00 00",) if number == 1 else (),
            web="https://www.clinic.example/",
            open_status="open" if number == 1 else "unknown",
            hours=self._in(state, "Day and night") if number == 1 else "",
            address="Exempelgatan 1" if number == 1 else None,
            facts=(
                Fact(label=self._in(state, "Cost"), value=self._in(state, "Free")),
                Fact(label=self._in(state, "Anonymous"), value=self._in(state, "Not known")),
                Fact(label=self._in(state, "Last checked"), value="2026-11-22"),
            ),
            stale=number == 2,
        )
