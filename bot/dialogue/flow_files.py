"""The shape of the YAML in `flows/`: Rasa's flow vocabulary, with a few words of our own that are marked below."""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from bot.dialogue.flow_model import ResponseKind, SlotType

Name = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", populate_by_name=True, frozen=True)


class ElseBranch(_Strict):
    """`- else: step id or steps`."""

    otherwise: str | list[StepFile] = Field(alias="else")


class IfBranch(_Strict):
    """`- if: condition` with `then: step id or steps`."""

    condition: str = Field(alias="if")
    then: str | list[StepFile]


class RejectionFile(_Strict):
    """`- if: condition` with `utter: response`."""

    condition: str = Field(alias="if")
    utter: Name


STEP_KINDS = ("action", "collect", "set_slots", "link", "call", "noop")


class StepFile(_Strict):
    """A step: exactly one of action, collect, set_slots, link, call, noop."""

    id: Name | None = None
    action: Name | None = None
    collect: Annotated[str, Field(pattern=r"^(context\.)?[a-z][a-z0-9_]*$")] | None = None
    set_slots: list[dict[Name, str | bool | int | None]] | None = None
    link: Name | None = None
    call: Name | None = None
    noop: bool | None = None
    utter: Name | None = None
    rejections: list[RejectionFile] = []
    ask_before_filling: bool = False
    next: str | list[IfBranch | ElseBranch] | None = None
    description: str = ""

    @model_validator(mode="after")
    def _one_kind(self) -> StepFile:
        kinds = [kind for kind in STEP_KINDS if getattr(self, kind) is not None]
        if len(kinds) != 1:
            raise ValueError(f"a step has exactly one of {', '.join(STEP_KINDS)}; this one has {kinds or 'none'}")
        if kinds != ["collect"] and (self.utter or self.rejections or self.ask_before_filling):
            raise ValueError("utter, rejections and ask_before_filling belong to a collect step")
        if kinds == ["link"] and self.next is not None:
            raise ValueError("a link leaves the flow, so nothing can come next")
        return self

    @property
    def kind(self) -> str:
        """Which kind of step it is."""
        return next(kind for kind in STEP_KINDS if getattr(self, kind) is not None)


class TriggerFile(_Strict):
    """`- intent: name`."""

    intent: Name


class FlowFile(_Strict):
    """One flow. `resume`, `questionnaire` and `repeats` are words of our own."""

    name: str = ""
    description: str
    nlu_trigger: list[TriggerFile] = []
    persisted_slots: list[Name] = []
    resume: bool = False
    questionnaire: Name | None = None
    repeats: bool = False
    steps: list[StepFile] = Field(min_length=1)

    @model_validator(mode="after")
    def _only_questionnaires_repeat(self) -> FlowFile:
        if self.repeats and self.questionnaire is None:
            raise ValueError("repeats belongs to a flow with a questionnaire")
        return self


class ButtonFile(_Strict):
    """A button: `/SetSlots(slot=value)`, `/StartFlow(flow)` or one of the commands such as `/SkipQuestion()`."""

    title: str
    payload: str


class CustomFile(_Strict):
    """What is more than text: a notice, a crisis card, the summary of a questionnaire."""

    type: ResponseKind
    contacts: list[Name] = []
    cannot_speak: str = ""
    population: Name | None = None


class VariantFile(_Strict):
    """One wording of a response."""

    text: str
    condition: str | None = None
    buttons: list[ButtonFile] = []
    custom: CustomFile | None = None


def _yes_no_stays_text(values: Any) -> Any:
    return ["yes" if value is True else "no" if value is False else value for value in values or []]


class SlotFile(_Strict):
    """One slot."""

    type: SlotType
    values: Annotated[list[str], BeforeValidator(_yes_no_stays_text)] = []
    skip_value: str | None = None
    maximum: int = Field(default=1, ge=1)
    persistent: bool = False
    description: str = ""


class CommandFile(_Strict):
    """The words on the button of a conversation command."""

    title: str


class ContentFile(_Strict):
    """One file below `flows/`."""

    version: Literal["3.1"] = "3.1"
    flows: dict[Name, FlowFile] = {}
    responses: dict[Name, Annotated[list[VariantFile], Field(min_length=1)]] = {}
    slots: dict[Name, SlotFile] = {}
    commands: dict[Name, CommandFile] = {}
