"""From the YAML files in `flows/` to a checked `FlowSet`; every mistake is reported with its file and line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from bot.dialogue.conditions import Condition, ConditionError, parse_condition
from bot.dialogue.flow_checks import Known, check_flow_set
from bot.dialogue.flow_files import ContentFile, FlowFile, IfBranch, SlotFile, StepFile, VariantFile
from bot.dialogue.flow_model import END, Flow, FlowSet, Rejection, Response, Slot, Step, Transition, Variant
from bot.dialogue.state import SlotValue
from bot.dialogue.utterances import Choice
from content_files import ContentError, ContentProblem, YamlFile, load_model

FOLDERS = (".", "patterns")
_PAYLOAD = re.compile(r"^/(?P<command>[A-Za-z]+)\((?P<argument>[a-z0-9_]*)(?:=(?P<value>[A-Za-z0-9_]+))?\)$")
COMMAND_PAYLOADS = {
    "SkipQuestion": "skip",
    "GoBack": "back",
    "CancelFlow": "cancel",
    "RepeatLastBotMessages": "repeat",
    "RestartConversation": "restart",
    "Done": "done",
    "Exit": "exit",
}
CHOICE_ID_BYTES = 64


def load_flows(folder: Path, known: Known, questionnaire_slots: Iterable[Slot] = ()) -> FlowSet:
    """Read and check all flows, slots and responses below `folder`.

    `known` says which services, intents, actions and populations exist; `questionnaire_slots` are the codebook's
    variables, in the order of their questions. Raises `ContentError` with all problems found.
    """
    reading = _Reading()
    for path in sorted(path for name in FOLDERS for path in (folder / name).glob("*.yml")):
        try:
            model, source = load_model(path, ContentFile)
        except ContentError as error:
            reading.problems.extend(error.problems)
            continue
        reading.add(model, source)
    if not reading.files:
        reading.problems.append(ContentProblem(folder, 0, "", "holds no flow files"))
    if reading.problems:
        raise ContentError(reading.problems)
    variables: dict[str, dict[str, Slot]] = {}
    for slot in questionnaire_slots:
        variables.setdefault(slot.population or "", {})[slot.name] = slot
    flow_set = FlowSet(
        flows=reading.flows,
        slots=reading.slots,
        responses=reading.responses,
        commands=reading.commands,
        variables=variables,
        triggers={trigger: flow.name for flow in reading.flows.values() for trigger in flow.triggers},
    )
    problems = check_flow_set(flow_set, known, reading.place_of)
    if problems:
        raise ContentError(problems)
    return flow_set


@dataclass
class _Reading:
    """What has been read so far, and where each thing stood."""

    flows: dict[str, Flow] = field(default_factory=dict)
    slots: dict[str, Slot] = field(default_factory=dict)
    responses: dict[str, Response] = field(default_factory=dict)
    commands: dict[str, Choice] = field(default_factory=dict)
    problems: list[ContentProblem] = field(default_factory=list)
    files: list[YamlFile] = field(default_factory=list)
    places: dict[tuple[str, str], tuple[YamlFile, int]] = field(default_factory=dict)
    triggered: dict[str, str] = field(default_factory=dict)

    def place_of(self, kind: str, name: str) -> tuple[Path, int]:
        """Return the file and line of a flow, response, slot or command."""
        source, line = self.places.get((kind, name), (None, 0))
        return (source.path if source else Path("flows"), line)

    def add(self, model: ContentFile, source: YamlFile) -> None:
        self.files.append(source)
        for name, flow in model.flows.items():
            if self._is_new("flows", name, source):
                self.flows[name] = self._flow(name, flow, source)
        for name, variants in model.responses.items():
            if self._is_new("responses", name, source):
                self.responses[name] = self._response(name, variants, source)
        for name, slot in model.slots.items():
            if self._is_new("slots", name, source):
                self.slots[name] = _slot(name, slot)
        for name, command in model.commands.items():
            if self._is_new("commands", name, source):
                self.commands[name] = Choice(f"command:{name}", command.title)

    def _is_new(self, kind: str, name: str, source: YamlFile) -> bool:
        before = self.places.get((kind, name))
        if before:
            other = f"{before[0].path}:{before[1]}"
            self.problems.append(source.problem((kind, name), f"is there already, in {other}", f"{kind} {name}"))
            return False
        self.places[kind, name] = (source, source.line_of((kind, name)))
        return True

    def _flow(self, name: str, flow: FlowFile, source: YamlFile) -> Flow:
        for index, trigger in enumerate(flow.nlu_trigger):
            other = self.triggered.setdefault(trigger.intent, name)
            if other != name:
                place = ("flows", name, "nlu_trigger", index)
                message = f"intent {trigger.intent} starts flow {other} already"
                self.problems.append(source.problem(place, message, f"flow {name}"))
        compiler = _FlowCompiler(name, source, self.problems)
        compiler.compile(flow.steps, ("flows", name, "steps"))
        return Flow(
            name=name,
            title=flow.name,
            description=flow.description,
            steps=compiler.steps,
            first=next(iter(compiler.steps)),
            triggers=tuple(trigger.intent for trigger in flow.nlu_trigger),
            resume=flow.resume,
            questionnaire=flow.questionnaire,
            repeats=flow.repeats,
            persisted_slots=frozenset(flow.persisted_slots),
        )

    def _response(self, name: str, variants: Sequence[VariantFile], source: YamlFile) -> Response:
        built = []
        for index, variant in enumerate(variants):
            place = ("responses", name, index)
            condition = None
            if variant.condition is not None:
                condition = _condition(variant.condition, source, place, f"response {name}", self.problems)
            if (variant.condition is None) != (index == len(variants) - 1):
                message = "every variant but the last one needs a condition, and the last one has none"
                self.problems.append(source.problem(place, message, f"response {name}"))
            built.append(self._variant(name, variant, condition, source, place))
        return Response(name, tuple(built))

    def _variant(
        self, name: str, variant: VariantFile, condition: Condition | None, source: YamlFile, place: Sequence[str | int]
    ) -> Variant:
        buttons = []
        for index, button in enumerate(variant.buttons):
            try:
                buttons.append(_choice(button.title, button.payload))
            except ValueError as error:
                where = (*place, "buttons", index)
                self.problems.append(source.problem(where, str(error), f"response {name}"))
        custom = variant.custom
        return Variant(
            text=variant.text.strip(),
            condition=condition,
            kind=custom.type if custom else "text",
            buttons=tuple(buttons),
            contacts=tuple(custom.contacts) if custom else (),
            cannot_speak=custom.cannot_speak.strip() if custom else "",
            population=custom.population if custom else None,
        )


class _FlowCompiler:
    """Lays the nested steps of one flow flat, so that every step knows the ids of what can come next."""

    def __init__(self, flow: str, source: YamlFile, problems: list[ContentProblem]) -> None:
        self._flow = flow
        self._source = source
        self._problems = problems
        self.steps: dict[str, Step] = {}

    def compile(self, steps: Sequence[StepFile], place: Sequence[str | int], after: str | None = END) -> str:
        """Add `steps`, return the id of the first; `after` is where the last goes, `None` if it has to say so."""
        ids = [step.id or self._own_id(place, index) for index, step in enumerate(steps)]
        for index, (step, step_id) in enumerate(zip(steps, ids, strict=True)):
            where = (*place, index)
            if step_id in self.steps:
                self._problem(where, step_id, f"the id {step_id} is used twice in this flow")
                continue
            following = ids[index + 1] if index + 1 < len(ids) else after
            # The place in the order of the file is taken before the steps nested in `next` are laid behind it.
            self.steps[step_id] = self._step(step, step_id, (), where)
            transitions = self._transitions(step, step_id, following, where)
            self.steps[step_id] = self._step(step, step_id, transitions, where)
        return ids[0]

    def _own_id(self, place: Sequence[str | int], index: int) -> str:
        branch = "_".join(str(part) for part in place[3:] if part not in ("steps", "next"))
        return f"{branch}_{index}" if branch else f"step_{index + 1}"

    def _step(
        self, step: StepFile, step_id: str, transitions: tuple[Transition, ...], where: Sequence[str | int]
    ) -> Step:
        subject = step.action or step.collect or step.link or step.call or ""
        values: dict[str, SlotValue] = {}
        for assignment in step.set_slots or []:
            values.update(assignment)
        rejections = tuple(
            Rejection(condition, rejection.utter)
            for rejection in step.rejections
            if (condition := self._condition(rejection.condition, where, step_id))
        )
        return Step(
            id=step_id,
            kind=step.kind,  # type: ignore[arg-type]  # one of STEP_KINDS, which are the kinds
            subject=subject,
            next=transitions,
            line=self._source.line_of(where),
            response=step.utter or (f"utter_ask_{subject}" if step.collect else ""),
            values=values,
            rejections=rejections,
            ask_before_filling=step.ask_before_filling,
        )

    def _transitions(
        self, step: StepFile, step_id: str, following: str | None, where: Sequence[str | int]
    ) -> tuple[Transition, ...]:
        if step.kind == "link":
            return ()
        if step.next is None:
            if following is None:
                self._problem(where, step_id, "the last step of a branch needs a `next`, or is a link")
                return (Transition(END),)
            return (Transition(following),)
        if isinstance(step.next, str):
            return (Transition(step.next),)
        transitions = []
        for index, branch in enumerate(step.next):
            place = (*where, "next", index)
            if isinstance(branch, IfBranch):
                condition = self._condition(branch.condition, place, step_id)
                target = self._target(branch.then, (*place, "then"))
                if condition:
                    transitions.append(Transition(target, condition))
            else:
                transitions.append(Transition(self._target(branch.otherwise, (*place, "else"))))
                if index != len(step.next) - 1:
                    self._problem(place, step_id, "nothing can come behind an else")
        if all(transition.condition for transition in transitions):
            if following is None:
                self._problem(where, step_id, "the last step of a branch needs an else")
            transitions.append(Transition(following or END))
        return tuple(transitions)

    def _target(self, branch: str | Sequence[StepFile], place: Sequence[str | int]) -> str:
        return branch if isinstance(branch, str) else self.compile(branch, place, after=None)

    def _condition(self, source: str, where: Sequence[str | int], step_id: str) -> Condition | None:
        return _condition(source, self._source, where, f"flow {self._flow}, step {step_id}", self._problems)

    def _problem(self, where: Sequence[str | int], step_id: str, message: str) -> None:
        self._problems.append(self._source.problem(where, message, f"flow {self._flow}, step {step_id}"))


def _condition(
    source: str, file: YamlFile, place: Sequence[str | int], where: str, problems: list[ContentProblem]
) -> Condition | None:
    try:
        return parse_condition(source)
    except ConditionError as error:
        problems.append(file.problem(place, str(error), where))
        return None


def _choice(title: str, payload: str) -> Choice:
    match = _PAYLOAD.match(payload)
    if not match:
        raise ValueError(f"payload {payload!r} is not of the form /Command(argument)")
    command, argument, value = match["command"], match["argument"], match["value"]
    if command == "SetSlots" and argument and value:
        choice = Choice(f"{argument}:{value}", title)
    elif command == "StartFlow" and argument and not value:
        choice = Choice(f"flow:{argument}", title)
    elif command in COMMAND_PAYLOADS and not argument:
        choice = Choice(f"command:{COMMAND_PAYLOADS[command]}", title)
    else:
        raise ValueError(f"payload {payload!r} is not a command that exists")
    if len(choice.id.encode()) > CHOICE_ID_BYTES:
        raise ValueError(f"payload {payload!r} is too long for a button")
    return choice


def _slot(name: str, slot: SlotFile) -> Slot:
    values = tuple(slot.values)
    return Slot(
        name=name,
        type=slot.type,
        values=("yes", "no") if slot.type == "bool" and not values else values,
        skip_value=slot.skip_value,
        maximum=slot.maximum,
        persistent=slot.persistent,
    )
