"""A person who talks with the engine, for tests."""

from __future__ import annotations

from bot.dialogue.engine import DEPTH_LIMIT, Turn, advance
from bot.dialogue.events import ActionFailed, ActionFinished, ChoicesTaken, Event, Started, Understood
from bot.dialogue.flow_model import FlowSet
from bot.dialogue.state import DialogueState, SlotValue, from_json, to_json
from bot.dialogue.utterances import Ask, Say, ShowServices, ShowSummary


class Conversation:
    """A person and the engine; keeps the last turn, and checks after each what has to hold in any conversation."""

    def __init__(self, flows: FlowSet, slots: dict[str, SlotValue] | None = None) -> None:
        self.flows = flows
        self.state = DialogueState(slots=slots or {"language": "en"})
        self.turn = Turn(self.state)

    def event(self, event: Event) -> Conversation:
        self.turn = advance(self.flows, self.state, event)
        self.state = self.turn.state
        assert from_json(to_json(self.state)) == self.state
        assert len(self.state.stack) <= DEPTH_LIMIT
        assert self.turn.utterances or self.turn.action
        return self

    def start(self) -> Conversation:
        return self.event(Started())

    def take(self, *ids: str) -> Conversation:
        return self.event(ChoicesTaken(ids))

    def mean(self, intent: str, **understood: object) -> Conversation:
        return self.event(Understood(intent=intent, decision="answer", **understood))  # type: ignore[arg-type]

    def write(self, **understood: object) -> Conversation:
        return self.event(Understood(**understood))  # type: ignore[arg-type]

    def crisis(self, intent: str, *, certain: bool = True) -> Conversation:
        return self.event(Understood(crisis=intent, crisis_certain=certain))

    def finish(self, *, final: bool = False, **slots: SlotValue) -> Conversation:
        assert self.turn.action
        return self.event(ActionFinished(slots, final=final))

    def fail(self) -> Conversation:
        assert self.turn.action
        return self.event(ActionFailed())

    @property
    def said(self) -> list[str]:
        """What was said in the last turn: names of responses, and the slot of a question behind a question mark."""
        names = []
        for utterance in self.turn.utterances:
            match utterance:
                case Say(response) | ShowSummary(response):
                    names.append(response)
                case Ask(slot):
                    names.append(f"{slot}?")
                case ShowServices():
                    names.append("services")
        return names

    @property
    def question(self) -> Ask:
        asked = self.turn.utterances[-1]
        assert isinstance(asked, Ask)
        return asked

    @property
    def summary(self) -> dict[str, SlotValue]:
        return dict(next(said for said in self.turn.utterances if isinstance(said, ShowSummary)).answers)

    @property
    def stack(self) -> list[str]:
        return [frame.flow for frame in self.state.stack]

    @property
    def offered(self) -> list[str]:
        return [choice.id for choice in self.question.choices]

    @property
    def commands(self) -> list[str]:
        return [choice.value for choice in self.question.commands]
