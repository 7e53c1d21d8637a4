"""Flows, slots and responses as the engine walks through them: checked, flat and immutable."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Literal

from bot.dialogue.conditions import Condition
from bot.dialogue.state import Frame, SlotValue
from bot.dialogue.utterances import Choice

END = "END"

AMBIGUOUS = "_ambiguous"
"""Ending of the response that asks which of several places with one name was meant."""

SlotType = Literal["choice", "set", "bool", "place", "language", "receipt"]
"""`receipt` is a code that only the action sees: the slot just says that one was given."""

ResponseKind = Literal["text", "notice", "crisis", "summary"]


@dataclass(frozen=True, slots=True)
class Slot:
    """Something to know about a conversation.

    `skip_value` is what a skipped question sets; without it the question cannot be skipped. `exclusive` are values
    that rule out all others of a set. `persistent` slots outlive the flow that asked for them. `population`, `ask_if`
    and `among` come from the codebook, for the questions that are part of a questionnaire: with `among`, only those
    values are offered that the answer to an earlier slot holds, and the ones named here that do not depend on it.
    """

    name: str
    type: SlotType
    values: tuple[str, ...] = ()
    titles: Mapping[str, str] = field(default_factory=dict)
    question: str = ""
    skip_value: str | None = None
    maximum: int = 1
    exclusive: frozenset[str] = frozenset()
    persistent: bool = False
    population: str | None = None
    ask_if: tuple[str, frozenset[str]] | None = None
    among: tuple[str, frozenset[str]] | None = None

    @property
    def multiple(self) -> bool:
        """Whether several values may be chosen."""
        return self.type == "set"


@dataclass(frozen=True, slots=True)
class Variant:
    """One wording of a response; `condition` says when it is used."""

    text: str
    condition: Condition | None = None
    kind: ResponseKind = "text"
    buttons: tuple[Choice, ...] = ()
    contacts: tuple[str, ...] = ()
    cannot_speak: str = ""
    population: str | None = None


@dataclass(frozen=True, slots=True)
class Response:
    """What is said under a name: the first variant whose condition holds."""

    name: str
    variants: tuple[Variant, ...]

    def variant(self, slots: Mapping[str, SlotValue], context: Mapping[str, SlotValue]) -> Variant:
        """Return the wording for these values; the last variant never has a condition."""
        for variant in self.variants:
            if variant.condition is None or variant.condition.holds(slots, context):
                return variant
        return self.variants[-1]


@dataclass(frozen=True, slots=True)
class Transition:
    """Where to go on: to the step `target` (or `END`) if `condition` holds, or in any case without one."""

    target: str
    condition: Condition | None = None


@dataclass(frozen=True, slots=True)
class Rejection:
    """An answer that is not taken: when `condition` holds, say `response` and ask again."""

    condition: Condition
    response: str


StepKind = Literal["action", "collect", "set_slots", "link", "call", "noop"]


@dataclass(frozen=True, slots=True)
class Step:
    """One step of a flow.

    `subject` is the response or action of an action, the slot of a collect, the flow of a link or call. `line` is
    where it stands in its file.
    """

    id: str
    kind: StepKind
    subject: str
    next: tuple[Transition, ...]
    line: int
    response: str = ""
    values: Mapping[str, SlotValue] = field(default_factory=dict)
    rejections: tuple[Rejection, ...] = ()
    ask_before_filling: bool = False


@dataclass(frozen=True, slots=True)
class Flow:
    """A flow.

    `title` is what a person reads when asked which of several flows was meant. A flow with `resume` is taken up again
    after an interruption; others are dropped. `questionnaire` names the population whose questions it asks; where it
    `repeats`, each time round is a response of its own.
    """

    name: str
    title: str
    description: str
    steps: Mapping[str, Step]
    first: str
    triggers: tuple[str, ...] = ()
    resume: bool = False
    questionnaire: str | None = None
    repeats: bool = False
    persisted_slots: frozenset[str] = frozenset()

    @property
    def is_pattern(self) -> bool:
        """Whether the flow is part of how the engine itself speaks and no topic of its own."""
        return self.name.startswith("pattern_")

    @property
    def is_startable(self) -> bool:
        """Whether a person can start the flow; one without a name is only a part of others."""
        return bool(self.title) and not self.is_pattern

    @property
    def collected(self) -> frozenset[str]:
        """The slots that this flow asks for."""
        return frozenset(step.subject for step in self.steps.values() if step.kind == "collect")


@dataclass(frozen=True)
class FlowSet:
    """All content that the engine needs.

    `slots` are those of the flow files; `variables` are the codebook's, by population, in the order of their questions.
    A variable such as `needs` offers each population other codes, so it is looked up by both.
    """

    flows: Mapping[str, Flow]
    slots: Mapping[str, Slot]
    responses: Mapping[str, Response]
    commands: Mapping[str, Choice]
    variables: Mapping[str, Mapping[str, Slot]]
    triggers: Mapping[str, str]

    @property
    def slot_names(self) -> frozenset[str]:
        """Every name that a condition may read."""
        return frozenset(self.slots).union(*self.variables.values())

    def running(self, stack: Sequence[Frame]) -> Frame | None:
        """Return the frame of the questionnaire that runs, the topmost one; raises `KeyError` for no such flow."""
        return next((frame for frame in reversed(stack) if self.flows[frame.flow].questionnaire), None)

    def population(self, stack: Sequence[Frame]) -> str | None:
        """Return the population of the questionnaire that runs; raises `KeyError` for no such flow."""
        frame = self.running(stack)
        return self.flows[frame.flow].questionnaire if frame else None

    def slot(self, name: str, population: str | None) -> Slot | None:
        """Return a slot by name; in a questionnaire, the population's variable comes first."""
        return self.variables.get(population or "", {}).get(name) or self.slots.get(name)

    def flow_for(self, intent: str | None) -> str | None:
        """Return the flow that an intent starts."""
        return self.triggers.get(intent) if intent else None
