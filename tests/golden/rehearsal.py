"""Playing a script with an assistant."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

from assistants import Assistants, SwitchedNlu
from golden_scripts import Line, Meanwhile, Script, ScriptedConversation
from intake import Intake
from person import Person
from transcripts import Transcript

from bot.conversation.assistant import Visited
from bot.conversation.replies import SummaryReply


@dataclass(frozen=True)
class Stage:
    """Everything that a conversation needs, made of real parts."""

    assistants: Assistants
    nlu: SwitchedNlu
    intake: Intake

    async def play(
        self, name: str, script: Script, language: str, visited: Visited | None = None
    ) -> list[tuple[str, str]]:
        """Return the name and the transcript of each conversation."""
        played = []
        for number, conversation in enumerate(script.conversations):
            key = f"{name}/{number}/{language}"
            played.append(
                (conversation.name, await self._converse(conversation, language, lambda key=key: key, visited))
            )
        return played

    async def _converse(
        self, conversation: ScriptedConversation, language: str, new_key: Callable[[], str], visited: Visited | None
    ) -> str:
        given = conversation.given
        self.nlu.away = given.understanding == "away"
        self.nlu.unsure = given.understanding == "unsure"
        store = None if given.store == "none" else self.intake.inbox
        person = Person(
            self.assistants.make(store, new_key=new_key, visited=visited), language=language, channel=given.channel
        )
        transcript = Transcript()
        receipt: str | None = None
        broken = False
        try:
            if given.store == "broken":
                self.intake.break_down()
                broken = True
            if not given.greeting:
                await person.arrive()
            if given.after:
                await person.taps(*given.after)
                transcript.before(given.after)
                transcript.replies(person.replies, ended=False)
            for line in conversation.person:
                if line.meanwhile:
                    broken = self._happen(line.meanwhile, person, broken)
                    transcript.meanwhile(line.meanwhile)
                    continue
                await _act(person, line, language, transcript, receipt)
                receipt = person.receipt or receipt
                transcript.replies(person.replies, ended=person.state is None)
        finally:
            if broken:
                self.intake.come_back()
        return transcript.text()

    def _happen(self, what: Meanwhile, person: Person, broken: bool) -> bool:
        match what:
            case "understanding goes away":
                self.nlu.away = True
            case "understanding comes back":
                self.nlu.away = False
            case "store breaks down":
                self.intake.break_down()
                return True
            case "store comes back":
                self.intake.come_back()
                return False
            case "the flows are rewritten":
                assert person.state
                stack = person.state.stack
                person.state = replace(person.state, stack=(*stack[:-1], replace(stack[-1], step="of yesterday")))
        return broken


async def _act(person: Person, line: Line, language: str, transcript: Transcript, receipt: str | None) -> None:
    if line.tap or line.tap_old:
        choices = [line.tap or line.tap_old] if isinstance(line.tap or line.tap_old, str) else line.tap
        transcript.taps(choices, _titles(person))
        await (person.tap_old(*choices) if line.tap_old else person.tap(*choices))
    elif line.says is not None:
        transcript.person(line.text(language))
        await person.say(line.text(language))
    elif line.writes_receipt:
        assert receipt, "no receipt code was shown"
        transcript.person(receipt)
        await person.say(receipt)
    elif line.leaves_out_the_rest:
        transcript.does("prefers not to say, until the answers are shown")
        while "summary" not in person.kinds:
            await person.tap("command:skip")
    elif line.language:
        transcript.does(f"picks the language {line.language}")
        await person.pick(line.language)
    elif line.command:
        transcript.does(f"command {line.command}")
        await person.command(line.command)


def _titles(person: Person) -> dict[str, str]:
    changes = {
        item.change: f"{item.change_title}: {item.question}"
        for reply in person.replies
        if isinstance(reply, SummaryReply)
        for item in reply.items
    }
    return changes | {button.id: button.title for button in person.buttons}
