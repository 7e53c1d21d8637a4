"""Where a conversation is: a stack of flows, the slots, and the way back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

SlotValue = str | int | bool | tuple[str, ...] | None
"""What a slot holds: a code, a number, yes or no, a sorted set of codes, or nothing."""

HISTORY_LIMIT = 16
"""Steps that a person can go back; older ones are forgotten so that the state stays small."""


class StateError(ValueError):
    """A stored state does not fit the flows of today."""


class Phase(StrEnum):
    """What a frame waits for."""

    ENTER = "enter"
    WAITING = "waiting"
    CALLED = "called"
    ACTING = "acting"
    INTERRUPTED = "interrupted"


@dataclass(frozen=True, slots=True)
class Frame:
    """One flow on the stack: which step it is at and what it waits for.

    `context` holds what the flow was started with, for the patterns: the slot to correct, the intents to choose from.
    """

    flow: str
    step: str
    phase: Phase = Phase.ENTER
    context: Mapping[str, SlotValue] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """A place to go back to: the stack as it was, and the old values of the slots that changed since."""

    stack: tuple[Frame, ...]
    slots: Mapping[str, SlotValue]


@dataclass(frozen=True, slots=True)
class DialogueState:
    """The whole of a conversation's state; it holds codes and names of steps, never a word that a person wrote."""

    stack: tuple[Frame, ...] = ()
    slots: Mapping[str, SlotValue] = field(default_factory=dict)
    history: tuple[Checkpoint, ...] = ()

    @property
    def language(self) -> str | None:
        """The language that the person reads, once it is known."""
        value = self.slots.get("language")
        return value if isinstance(value, str) else None

    def with_slots(self, **values: SlotValue) -> DialogueState:
        """Return the state with these slots changed; `None` empties a slot."""
        return replace(self, slots=changed(self.slots, values))


def changed(slots: Mapping[str, SlotValue], values: Mapping[str, SlotValue]) -> dict[str, SlotValue]:
    """Return `slots` with `values` laid over them; `None` takes a slot out."""
    merged = {**slots, **values}
    return {name: value for name, value in merged.items() if value is not None}


def to_json(state: DialogueState) -> dict[str, Any]:
    """Return the state as plain JSON values, with short keys because it travels with every turn."""
    return {
        "s": [_frame_to_json(frame) for frame in state.stack],
        "v": _values_to_json(state.slots),
        "h": [
            {"s": [_frame_to_json(frame) for frame in checkpoint.stack], "v": _values_to_json(checkpoint.slots)}
            for checkpoint in state.history
        ],
    }


def from_json(data: Any) -> DialogueState:
    """Return the state that `to_json` wrote; raises `StateError` if `data` is anything else."""
    try:
        return DialogueState(
            stack=tuple(_frame_from_json(frame) for frame in data["s"]),
            slots=_values_from_json(data["v"]),
            history=tuple(
                Checkpoint(
                    tuple(_frame_from_json(frame) for frame in checkpoint["s"]), _values_from_json(checkpoint["v"])
                )
                for checkpoint in data["h"]
            ),
        )
    except (KeyError, TypeError, ValueError, AttributeError) as error:
        raise StateError("the stored state has another shape") from error


def _frame_to_json(frame: Frame) -> list[Any]:
    return [frame.flow, frame.step, frame.phase.value, _values_to_json(frame.context)]


def _frame_from_json(data: Any) -> Frame:
    flow, step, phase, context = data
    return Frame(str(flow), str(step), Phase(phase), _values_from_json(context))


def _values_to_json(values: Mapping[str, SlotValue]) -> dict[str, Any]:
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}


def _values_from_json(data: Any) -> dict[str, SlotValue]:
    return {
        str(name): tuple(str(item) for item in value) if isinstance(value, list) else value
        for name, value in data.items()
    }
