"""The dialogue engine: a pure function from flows, a state and an event to a new state and what to say.

It follows Rasa's flow semantics: a stack of flows, slots that a flow forgets when it ends (unless persisted), and
`pattern_*` flows for everything that is not a topic. Nothing here does I/O; an action that needs the world outside is
handed to the application (`Turn.action`), which answers with `ActionFinished` or `ActionFailed`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace

from bot.dialogue.events import (
    ActionFailed,
    ActionFinished,
    ChoicesTaken,
    Event,
    LanguageChosen,
    Started,
    Understood,
)
from bot.dialogue.flow_model import AMBIGUOUS, END, Flow, FlowSet, Slot, Step, Variant
from bot.dialogue.state import HISTORY_LIMIT, Checkpoint, DialogueState, Frame, Phase, SlotValue, changed
from bot.dialogue.utterances import Ask, Choice, Say, ShowSummary, Utterance

STEP_LIMIT = 250
"""Steps in one turn; more than any sensible flow needs, so that a circle in the content ends in an apology."""

DEPTH_LIMIT = 8
"""Flows on top of each other."""

ADULT_AGE = 18
UNDER18 = "under18"
KEPT_ON_RESTART = ("language", "channel")
KEPT_ON_BACK = ("language", UNDER18)
SELECTED = "selected"
CANDIDATES = "candidates"
YES, NO = "yes", "no"


class DialogueError(Exception):
    """The flows cannot go on; raised inside the engine and turned into `pattern_internal_error`."""


class LoopError(DialogueError):
    """A turn took more steps, or more flows on top of each other, than any conversation needs."""


@dataclass(frozen=True, slots=True)
class Turn:
    """The outcome of an event: the new state, what to say, and an action to carry out before going on.

    `visited` are the flows and steps that were gone through; `started` are the flows that began, and `ended` those that
    came to their own end, not those that were dropped for something else.
    """

    state: DialogueState
    utterances: tuple[Utterance, ...] = ()
    action: str | None = None
    visited: tuple[tuple[str, str], ...] = ()
    started: tuple[str, ...] = ()
    ended: tuple[str, ...] = ()


def advance(flows: FlowSet, state: DialogueState, event: Event) -> Turn:
    """Return what follows from `event`; never raises for what a person or an action did."""
    walk = _Walk(flows, state)
    try:
        walk.receive(event)
        walk.go_on()
    except (DialogueError, KeyError):
        # KeyError: the state names a flow or step that today's files no longer have.
        return _apologise(flows, state, walk)
    return walk.turn(state, event)


def question(flows: FlowSet, state: DialogueState) -> Ask | None:
    """Return the question that the conversation waits at, as it was asked."""
    walk = _Walk(flows, state)
    if not walk.stack or walk.top.phase is not Phase.WAITING:
        return None
    try:
        return walk.ask(walk.step())
    except (KeyError, DialogueError):
        return None


def _apologise(flows: FlowSet, state: DialogueState, broken: _Walk) -> Turn:
    kept = {name: value for name, value in state.slots.items() if name in flows.slots and flows.slots[name].persistent}
    walk = _Walk(flows, DialogueState(slots=kept))
    walk.start("pattern_internal_error")
    walk.go_on()
    turn = walk.turn(DialogueState(slots=kept), Started())
    return replace(turn, visited=(*broken.visited, *turn.visited))


@dataclass
class _Walk:
    """One event's way through the flows; lives only inside `advance`."""

    flows: FlowSet
    before: DialogueState
    stack: list[Frame] = field(init=False)
    slots: dict[str, SlotValue] = field(init=False)
    history: list[Checkpoint] = field(init=False)
    utterances: list[Utterance] = field(default_factory=list)
    visited: list[tuple[str, str]] = field(default_factory=list)
    started: list[str] = field(default_factory=list)
    ended: list[str] = field(default_factory=list)
    action: str | None = None
    remember: bool = False

    def __post_init__(self) -> None:
        self.stack = list(self.before.stack)
        self.slots = dict(self.before.slots)
        self.history = list(self.before.history)

    # -- what the outside sees ------------------------------------------------------------------------------------

    def turn(self, before: DialogueState, event: Event) -> Turn:
        if self.remember and before.stack and before.stack[-1].phase is Phase.WAITING:
            old = {name: before.slots.get(name) for name in {*before.slots, *self.slots}}
            lost = {name: value for name, value in old.items() if value != self.slots.get(name)}
            self.history.append(Checkpoint(before.stack, lost))
        state = DialogueState(tuple(self.stack), self.slots, tuple(self.history[-HISTORY_LIMIT:]))
        return Turn(
            state, tuple(self.utterances), self.action, tuple(self.visited), tuple(self.started), tuple(self.ended)
        )

    # -- events ---------------------------------------------------------------------------------------------------

    def receive(self, event: Event) -> None:
        match event:
            case Started():
                self.restart()
            case ChoicesTaken(ids):
                self._choices(ids)
            case Understood():
                self._understood(event)
            case LanguageChosen(language):
                self._set("language", language)
                self._repeat()
            case ActionFinished(slots, utterances, final):
                self._acted(slots, utterances, final)
            case ActionFailed():
                self._action_failed()

    def restart(self) -> None:
        """Forget everything but how to talk to the person, and begin."""
        self.slots = {name: value for name, value in self.slots.items() if name in KEPT_ON_RESTART}
        self.stack.clear()
        self.history.clear()
        self.start("pattern_session_start")

    def _acted(self, slots: Mapping[str, SlotValue], utterances: Iterable[Utterance], final: bool) -> None:
        self.slots = changed(self.slots, slots)
        self.utterances.extend(utterances)
        if final:
            self.history.clear()
        if self.stack and self.top.phase is Phase.ACTING:
            self._leave(self.step())

    def _action_failed(self) -> None:
        """Give up what was acting; a questionnaire that waits below it goes on, with its answers."""
        if self._is_interruption():
            self._interrupt("pattern_internal_error")
        else:
            self._drop(0)
            self.start("pattern_internal_error")

    def _choices(self, ids: tuple[str, ...]) -> None:
        asked = self._asked()
        known = [choice for choice in (Choice(choice_id) for choice_id in ids) if self._exists(choice)]
        if not known:
            self._pattern("pattern_stale_choice")
            return
        if asked and asked.multiple:
            values = [choice.value for choice in known if choice.kind == asked.slot]
            done = any(choice.id == "command:done" for choice in known)
            if values or done:
                self._select(asked, values, done=done or len(values) > 1)
                return
        choice = known[0]
        match choice.kind:
            case "flow":
                self.remember = True
                self._interrupt(choice.value)
            case "command":
                self._command(choice.value)
            case "change":
                self._correct(choice.value)
            case slot:
                self._choose(slot, choice.value, asked)

    def _exists(self, choice: Choice) -> bool:
        """Whether today's content knows the choice; buttons in a chat can be years old."""
        match choice.kind:
            case "flow":
                flow = self.flows.flows.get(choice.value)
                return flow is not None and flow.is_startable
            case "command":
                return choice.value in self.flows.commands
            case "change":
                return self._slot(choice.value) is not None
            case name:
                slot = self._slot(name)
                return slot is not None and (
                    choice.value in slot.values
                    or slot.type in ("place", "language", "receipt")
                    or choice.value == slot.skip_value
                )

    def _choose(self, slot_name: str, value: str, asked: Ask | None) -> None:
        offered = {choice.id for choice in asked.choices if choice.kind == asked.slot} if asked else set()
        if asked and slot_name == asked.slot and (not offered or f"{slot_name}:{value}" in offered):
            self._fill(value)
        elif slot_name in self.slots and self._can_change(slot_name) and value in self._offered_by(slot_name):
            # A button of an earlier question: the person changed their mind.
            self.remember = True
            self._answer(self._known_slot(slot_name), value)
            self._pattern("pattern_correction", {"slot": slot_name, "changed": True})
        else:
            self._pattern("pattern_stale_choice")

    def _select(self, asked: Ask, values: list[str], *, done: bool) -> None:
        slot = self._known_slot(asked.slot)
        offered = {choice.value for choice in asked.choices if choice.kind == asked.slot}
        values = [value for value in values if value in offered]
        if slot.skip_value in values:
            self._fill_set((slot.skip_value,))
            return
        if done:
            selected = tuple(sorted(set(values))) if values else asked.selected
            if len(selected) > slot.maximum:
                self._pattern("pattern_too_many_choices")
            elif not selected:
                self._pattern("pattern_no_choice")
            elif slot.exclusive & set(selected) and len(selected) > 1:
                # "None of these" together with something: what was named counts.
                self._fill_set(tuple(value for value in selected if value not in slot.exclusive))
            else:
                self._fill_set(selected)
            return
        value = values[0] if values else ""
        if value in asked.selected:
            selected = tuple(item for item in asked.selected if item != value)
        elif value in slot.exclusive:
            selected = (value,)
        else:
            selected = tuple(sorted({*asked.selected, value} - slot.exclusive - {""}))
        if len(selected) > slot.maximum:
            self._pattern("pattern_too_many_choices")
            return
        frame = self.top
        self.stack[-1] = replace(frame, phase=Phase.ENTER, context={**frame.context, SELECTED: selected})

    def _fill_set(self, values: tuple[str, ...]) -> None:
        frame = self.top
        self.stack[-1] = replace(
            frame, context={name: value for name, value in frame.context.items() if name != SELECTED}
        )
        self._fill(values)

    def _understood(self, event: Understood) -> None:
        if event.crisis:
            self._crisis(event.crisis, certain=event.crisis_certain)
            return
        if event.age is not None and event.age < ADULT_AGE and not self.slots.get(UNDER18):
            self._pattern("pattern_under_age")
            return
        if event.language and event.intent == "change_language":
            self._set("language", event.language)
            self._repeat()
            return
        asked = self._asked()
        if event.choices:
            self._choices(event.choices)
            return
        if asked and self._answers(asked, event):
            return
        if event.place:
            self._set("place", event.place)
        match event.decision, event.intent:
            case "answer", "skip" if asked:
                self._command("skip")
            case "answer", "go_back":
                self._command("back")
            case "answer", "cancel" if asked:
                self._command("cancel")
            case "answer", "restart":
                self._command("restart")
            case "answer", str(intent) if flow := self.flows.flow_for(intent):
                self.remember = True
                self._interrupt(flow)
            case "ask_back", _ if topics := self._topics((event.intent, *event.alternatives)):
                self._pattern("pattern_clarification", {CANDIDATES: topics})
            case _ if not event.understanding_available:
                self._pattern("pattern_understanding_away")
            case _:
                self._pattern("pattern_cannot_handle")

    def _answers(self, asked: Ask, event: Understood) -> bool:
        """Take a text as the answer to the question that was asked, if it is one."""
        slot = self._known_slot(asked.slot)
        values = {choice.value for choice in asked.choices if choice.kind == asked.slot}
        if event.decision == "answer" and event.intent in ("affirm", "deny"):
            answer = YES if event.intent == "affirm" else NO
            if answer in values:
                self._fill(answer)
                return True
        if slot.type == "language" and event.language:
            self._fill(event.language)
            return True
        if slot.type == "place":
            if event.place:
                self._fill(event.place)
                return True
            if event.place_candidates:
                frame = self.top
                self.stack[-1] = replace(
                    frame, phase=Phase.ENTER, context={**frame.context, CANDIDATES: event.place_candidates}
                )
                return True
        return False

    def _topics(self, intents: Iterable[str | None]) -> tuple[str, ...]:
        """Return at most three flows that the intents could mean, each once."""
        found: dict[str, None] = {}
        for intent in intents:
            name = self.flows.flow_for(intent)
            if name and self.flows.flows[name].title:
                found[name] = None
        return tuple(found)[:3]

    def _crisis(self, intent: str, *, certain: bool) -> None:
        flow = self.flows.triggers[intent]
        self.remember = True
        if certain:
            self._interrupt(flow, again=True)
        else:
            self._interrupt("pattern_confirm_crisis", {"flow": flow}, again=True)

    # -- commands -------------------------------------------------------------------------------------------------

    def _command(self, name: str) -> None:
        match name:
            case "skip":
                self._skip()
            case "back":
                self._back()
            case "cancel":
                self._cancel()
            case "restart":
                self.restart()
            case "menu":
                self.remember = True
                self._interrupt("menu")
            case "done":
                self._pattern("pattern_stale_choice")
            case _:
                self._repeat()

    def _skip(self) -> None:
        asked = self._asked()
        slot = self._known_slot(asked.slot) if asked else None
        if slot is None or slot.skip_value is None:
            self._pattern("pattern_skip_question")
        elif slot.multiple:
            self._fill_set((slot.skip_value,))
        else:
            self._fill(slot.skip_value)

    def _back(self) -> None:
        if not self.history:
            self._pattern("pattern_back")
            return
        checkpoint = self.history.pop()
        kept = {name: self.slots.get(name) for name in KEPT_ON_BACK}
        self.stack = [*checkpoint.stack[:-1], replace(checkpoint.stack[-1], phase=Phase.ENTER)]
        # The question gone back to is asked again, also when it is about one of those.
        kept.pop(self._subject(self.top, self.step()), None)
        self.slots = changed(self.slots, {**checkpoint.slots, **kept})

    def _cancel(self) -> None:
        if any(frame.flow == "pattern_cancel_flow" for frame in self.stack):
            return
        self._drop(0)
        self.history.clear()
        self.start("pattern_cancel_flow")

    def _repeat(self) -> None:
        self._pattern("pattern_repeat_bot_messages")

    def _correct(self, slot: str) -> None:
        if slot not in self.slots or not self._can_change(slot):
            self._pattern("pattern_stale_choice")
            return
        self.remember = True
        self._pattern("pattern_correction", {"slot": slot, "changed": False})

    # -- the stack ------------------------------------------------------------------------------------------------

    @property
    def top(self) -> Frame:
        return self.stack[-1]

    def flow(self) -> Flow:
        return self.flows.flows[self.top.flow]

    def step(self) -> Step:
        return self.flow().steps[self.top.step]

    def start(self, name: str, context: Mapping[str, SlotValue] | None = None) -> None:
        if len(self.stack) >= DEPTH_LIMIT:
            raise LoopError(f"more than {DEPTH_LIMIT} flows on top of each other")
        flow = self.flows.flows[name]
        if flow.questionnaire:
            # Two questionnaires at once would mix their answers: the one that is running goes on, another one ends.
            running = [index for index, frame in enumerate(self.stack) if frame.flow == name]
            self._drop(running[0] + 1 if running else 0)
            if running:
                self.stack[-1] = replace(self.top, phase=Phase.ENTER)
                return
        self.started.append(name)
        self.stack.append(Frame(name, flow.first, Phase.ENTER, dict(context or {})))

    def _pattern(self, name: str, context: Mapping[str, SlotValue] | None = None) -> None:
        """Put a pattern on top of what is going on, which is taken up again as soon as the pattern ends."""
        while self.stack and self.flow().is_pattern and self.top.flow not in KEPT_PATTERNS - {name}:
            self._pop()
        # An action that was never answered, because the application stopped in the middle of it, starts again.
        if self.stack and self.top.phase in (Phase.WAITING, Phase.ACTING):
            self.stack[-1] = replace(self.top, phase=Phase.ENTER)
        self.start(name, context)

    def _interrupt(self, name: str, context: Mapping[str, SlotValue] | None = None, *, again: bool = False) -> None:
        """Start a topic: what cannot be resumed is dropped, what can waits below."""
        running = [index for index, frame in enumerate(self.stack) if frame.flow == name]
        if running and not again and self.flows.flows[name].resume:
            self._drop(running[0] + 1)
            self.stack[-1] = replace(self.top, phase=Phase.ENTER)
            return
        if running:
            self._drop(running[0])
        kept = 0
        for index, frame in enumerate(self.stack):
            if self.flows.flows[frame.flow].resume:
                kept = index + 1
                # What a resumable flow called (its check of the answers, say) belongs to it.
                while kept < len(self.stack) and self.stack[kept - 1].phase is Phase.CALLED:
                    kept += 1
        self._drop(kept)
        if self.stack:
            self.stack[-1] = replace(self.top, phase=Phase.INTERRUPTED)
        self.start(name, context)

    def _drop(self, depth: int) -> None:
        while len(self.stack) > depth:
            self._pop()

    def _pop(self) -> Frame:
        """Take the top flow off and forget what only it asked for."""
        flow = self.flow()
        frame = self.stack.pop()
        for name in flow.collected - flow.persisted_slots:
            slot = self.flows.slot(name, flow.questionnaire)
            if slot and not slot.persistent and not self._belongs_below(slot):
                self.slots.pop(name, None)
        return frame

    def _belongs_below(self, slot: Slot) -> bool:
        """Whether a flow further down still needs the slot, as a questionnaire needs its answers."""
        return any(
            slot.name in self.flows.flows[frame.flow].collected
            or (slot.population is not None and self.flows.flows[frame.flow].questionnaire == slot.population)
            for frame in self.stack
        )

    def _has_unsent_answers(self) -> bool:
        """Whether a questionnaire runs that has not been sent.

        A question of its flow that is none of the codebook's comes after that: whether to go round once more.
        """
        running = self.flows.running(self.stack)
        if running is None:
            return False
        step = self.flows.flows[running.flow].steps[running.step]
        return step.kind != "collect" or self._known_slot(step.subject).population is not None

    def _can_change(self, name: str) -> bool:
        """Whether an answer to this question, given before, is still the person's to change."""
        slot = self._slot(name)
        return slot is not None and slot.population is not None and self._has_unsent_answers()

    # -- slots ----------------------------------------------------------------------------------------------------

    def _slot(self, name: str) -> Slot | None:
        return self.flows.slot(name, self.flows.population(self.stack))

    def _known_slot(self, name: str) -> Slot:
        slot = self._slot(name)
        if slot is None:
            raise DialogueError(f"there is no slot {name}")
        return slot

    def _set(self, name: str, value: SlotValue) -> None:
        if name == UNDER18 and value is not None and value != bool(self.slots.get(UNDER18)):
            self._end_questionnaires()
        self.slots = changed(self.slots, {name: value})

    def _end_questionnaires(self) -> None:
        """Drop what was begun in another age: adults and people under 18 are asked apart, and cannot go back there."""
        begun = [index for index, frame in enumerate(self.stack[:-1]) if self.flows.flows[frame.flow].questionnaire]
        if begun:
            top = self.stack.pop()
            self._drop(begun[0])
            self.stack.append(top)
            self.history.clear()
            self.remember = False

    def _fill(self, value: str | tuple[str, ...]) -> None:
        """Put an answer into the slot that is asked for, or say why not and ask again."""
        frame, step = self.top, self.step()
        slot = self._known_slot(self._subject(frame, step))
        old = dict(self.slots)
        self.remember = True
        self._answer(slot, value)
        for rejection in step.rejections:
            if rejection.condition.holds(self.slots, frame.context):
                self.slots = old
                self._say(rejection.response)
                self.stack[-1] = replace(frame, phase=Phase.ENTER)
                self.remember = False
                return
        context = {name: kept for name, kept in frame.context.items() if name not in (CANDIDATES, SELECTED)}
        self.stack[-1] = replace(frame, context=context)
        self._leave(step)

    def _answer(self, slot: Slot, value: str | tuple[str, ...]) -> None:
        """Set a slot to what a person answered; what it was the ground for is asked anew, or no longer."""
        before = self.slots.get(slot.name)
        if isinstance(value, str):
            self._set(slot.name, (value,) if slot.multiple else _typed(slot, value))
        else:
            self._set(slot.name, value)
        if slot.population is None:
            return
        if self.slots.get(slot.name) != before:
            for other in self.flows.variables[slot.population].values():
                if other.among and other.among[0] == slot.name:
                    self.slots.pop(other.name, None)
        self._forget_unrouted()

    def _forget_unrouted(self) -> None:
        """Empty the answers to questions that, after a change, are no longer asked."""
        changed_something = True
        while changed_something:
            changed_something = False
            for name in list(self.slots):
                slot = self._slot(name)
                if slot and not self._routed(slot):
                    self.slots.pop(name)
                    changed_something = True

    def _routed(self, slot: Slot) -> bool:
        """Whether the codebook's routing asks this question, given the answers so far."""
        if slot.ask_if and slot.ask_if[1].isdisjoint(self._held(slot.ask_if[0])):
            return False
        # "None of these", or no answer at all, leaves nothing to choose among.
        return slot.among is None or not set(self._offered(slot)) <= slot.among[1] | slot.exclusive

    def _held(self, name: str) -> tuple[SlotValue, ...]:
        """Return the values that an answer holds, one or several."""
        value = self.slots.get(name)
        return value if isinstance(value, tuple) else (value,)

    def _offered(self, slot: Slot) -> tuple[str, ...]:
        """Return the values that the question offers at this moment."""
        if slot.among is None:
            return slot.values
        name, always = slot.among
        held = self._held(name)
        return tuple(value for value in slot.values if value in held or value in always)

    def _offered_by(self, name: str) -> tuple[str, ...]:
        slot = self._slot(name)
        return self._offered(slot) if slot else ()

    @staticmethod
    def _subject(frame: Frame, step: Step) -> str:
        if step.subject.startswith("context."):
            return str(frame.context[step.subject.removeprefix("context.")])
        return step.subject

    # -- walking --------------------------------------------------------------------------------------------------

    def go_on(self) -> None:
        """Walk until something has to be asked or done, or until nothing is left."""
        for _ in range(STEP_LIMIT):
            if not self.stack:
                return
            frame = self.top
            if frame.phase in (Phase.WAITING, Phase.ACTING):
                return
            if frame.phase is Phase.CALLED:
                self._leave(self.step())
            elif frame.phase is Phase.INTERRUPTED:
                self.stack[-1] = replace(frame, phase=Phase.ENTER)
                self.start("pattern_continue_interrupted", {"flow": frame.flow})
            else:
                self._enter(frame, self.step())
        raise LoopError(f"more than {STEP_LIMIT} steps in one turn")

    def _enter(self, frame: Frame, step: Step) -> None:
        self.visited.append((frame.flow, step.id))
        match step.kind:
            case "action" if step.subject.startswith("utter_"):
                self._say(step.subject)
                self._leave(step)
            case "action":
                self.action = step.subject
                self.stack[-1] = replace(frame, phase=Phase.ACTING)
            case "collect":
                self._collect(frame, step)
            case "set_slots":
                for name, value in step.values.items():
                    self._set(name, value)
                self._leave(step)
            case "link":
                context = frame.context
                self.ended.append(frame.flow)
                self._pop()
                self.start(step.subject, context)
            case "call":
                self.stack[-1] = replace(frame, phase=Phase.CALLED)
                self.start(step.subject)
            case _:
                self._leave(step)

    def _leave(self, step: Step) -> None:
        """Go to the next step, or end the flow."""
        frame = self.top
        context = {**frame.context, "interrupted": self._is_interruption()}
        for transition in step.next:
            if transition.condition is None or transition.condition.holds(self.slots, context):
                if transition.target == END:
                    self.ended.append(frame.flow)
                    self._pop()
                    if not self.stack and frame.flow != "pattern_completed":
                        self.start("pattern_completed")
                else:
                    self.stack[-1] = replace(frame, step=transition.target, phase=Phase.ENTER)
                return
        raise DialogueError(f"step {step.id} of {frame.flow} leads nowhere")

    def _is_interruption(self) -> bool:
        return any(frame.phase is Phase.INTERRUPTED for frame in self.stack[:-1])

    def _collect(self, frame: Frame, step: Step) -> None:
        slot = self._known_slot(self._subject(frame, step))
        if (slot.population and not self._routed(slot)) or (
            slot.name in self.slots and not step.ask_before_filling and SELECTED not in frame.context
        ):
            self._leave(step)
        else:
            self.utterances.append(self.ask(step))
            self.stack[-1] = replace(frame, phase=Phase.WAITING)

    def _asked(self) -> Ask | None:
        if self.stack and self.top.phase is Phase.WAITING:
            return self.ask(self.step())
        return None

    def ask(self, step: Step) -> Ask:
        """Return the question of a collect step, with its choices for this moment."""
        frame = self.top
        slot = self._known_slot(self._subject(frame, step))
        context = {**frame.context, "interrupted": self._is_interruption()}
        selected = frame.context.get(SELECTED, self.slots.get(slot.name) if slot.multiple else ())
        choices, response = self._choices_of(slot, step, context)
        # Among fewer values, fewer can be chosen.
        maximum = min(slot.maximum, len(choices)) if slot.among else slot.maximum
        return Ask(
            slot=slot.name,
            response=response,
            choices=choices,
            commands=self._commands_of(slot, choices),
            multiple=slot.multiple,
            maximum=maximum,
            selected=selected if isinstance(selected, tuple) else (),
            progress=self._progress(slot),
            values=self._values(),
        )

    def _choices_of(self, slot: Slot, step: Step, context: Mapping[str, SlotValue]) -> tuple[tuple[Choice, ...], str]:
        if slot.question:
            offered = [value for value in self._offered(slot) if value != slot.skip_value]
            return tuple(Choice(f"{slot.name}:{value}", slot.titles[value]) for value in offered), ""
        candidates = context.get(CANDIDATES)
        if isinstance(candidates, tuple):
            if slot.type == "place":
                return tuple(Choice(f"{slot.name}:{code}") for code in candidates), f"{step.response}{AMBIGUOUS}"
            topics = tuple(Choice(f"flow:{name}", self.flows.flows[name].title) for name in candidates)
            return (*topics, *self._variant(step.response).buttons), step.response
        return self._variant(step.response, context).buttons, step.response

    def _commands_of(self, slot: Slot, choices: tuple[Choice, ...]) -> tuple[Choice, ...]:
        names = []
        if slot.multiple:
            names.append("done")
        if slot.skip_value is not None and all(choice.value != slot.skip_value for choice in choices):
            names.append("skip")
        if self.history or self.remember:
            names.append("back")
        if self._has_unsent_answers():
            names.append("cancel")
        return tuple(self.flows.commands[name] for name in names)

    def _progress(self, slot: Slot) -> tuple[int, int] | None:
        if slot.population is None:
            return None
        variables = self.flows.variables[slot.population].values()
        asked = [variable.name for variable in variables if self._may_be_asked(variable)]
        return (asked.index(slot.name) + 1, len(asked)) if slot.name in asked else None

    def _may_be_asked(self, slot: Slot) -> bool:
        """Whether the question is asked or may still be: routing on questions not yet answered is left open."""
        for name in filter(None, (slot.ask_if and slot.ask_if[0], slot.among and slot.among[0])):
            if name not in self.slots:
                earlier = self._slot(name)
                return earlier is None or self._may_be_asked(earlier)
        return self._routed(slot)

    def _variant(self, response: str, context: Mapping[str, SlotValue] | None = None) -> Variant:
        return self.flows.responses[response].variant(self.slots, context or {})

    def _values(self) -> dict[str, SlotValue]:
        return dict(self.slots)

    def _say(self, name: str) -> None:
        variant = self._variant(name, self.top.context if self.stack else None)
        if variant.kind == "summary":
            population = variant.population or self.flows.population(self.stack) or ""
            names = self.flows.variables.get(population, ())
            answers = tuple((name, self.slots[name]) for name in names if name in self.slots)
            self.utterances.append(ShowSummary(name, population, answers))
        else:
            self.utterances.append(Say(name, self._values()))


KEPT_PATTERNS = frozenset({"pattern_correction", "pattern_confirm_crisis"})
"""Patterns that ask something of their own, so that another pattern goes on top of them and not in their place."""


def _typed(slot: Slot, value: str) -> SlotValue:
    return {YES: True, NO: False}.get(value, value) if slot.type == "bool" else value
