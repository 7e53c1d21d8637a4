"""Conditions in flow files: `slots.audience == "buying" and not slots.under18`.

The grammar is a small part of Python's expressions: `slots.name` and `context.name`, constants (also `true`, `false`
and `null`), lists of constants, comparisons, `in`, `and`, `or`, `not`. A name that has no value reads as `null`, and
comparing `null` by size is false, so that a condition never fails in the middle of a conversation.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from bot.dialogue.state import SlotValue

_WORDS = {"true": True, "false": False, "null": None}
_COMPARISONS: Mapping[type[ast.cmpop], Callable[[Any, Any], Any]] = {
    ast.Eq: operator.eq,
    ast.NotEq: operator.ne,
    ast.Lt: operator.lt,
    ast.LtE: operator.le,
    ast.Gt: operator.gt,
    ast.GtE: operator.ge,
    ast.In: lambda left, right: left in right,
    ast.NotIn: lambda left, right: left not in right,
}
_NEEDS_VALUE = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)


class ConditionError(ValueError):
    """A condition is not of the grammar."""


@dataclass(frozen=True)
class Condition:
    """A parsed condition, with the names it reads."""

    source: str
    expression: ast.expr
    slots: frozenset[str]

    def holds(self, slots: Mapping[str, SlotValue], context: Mapping[str, SlotValue]) -> bool:
        """Tell whether the condition is true for these values."""
        return bool(_value(self.expression, slots, context))


def parse_condition(source: str) -> Condition:
    """Parse a condition; raises `ConditionError` with the part that is not understood."""
    try:
        expression = ast.parse(source.strip(), mode="eval").body
    except SyntaxError as error:
        raise ConditionError(f"condition {source!r} cannot be read: {error.msg}") from error
    slots: set[str] = set()
    _check(expression, source, slots)
    return Condition(source, expression, frozenset(slots))


def _check(node: ast.expr, source: str, slots: set[str]) -> None:
    match node:
        case ast.BoolOp(values=values):
            for value in values:
                _check(value, source, slots)
        case ast.UnaryOp(op=ast.Not(), operand=operand):
            _check(operand, source, slots)
        case ast.Compare(left=left, ops=[op], comparators=[right]) if type(op) in _COMPARISONS:
            _check(left, source, slots)
            _check(right, source, slots)
        case ast.Attribute(value=ast.Name(id="slots"), attr=name):
            slots.add(name)
        case ast.Attribute(value=ast.Name(id="context")):
            pass
        case ast.Constant(value=str() | int() | bool() | None):
            pass
        case ast.Name(id=name) if name in _WORDS:
            pass
        case ast.List(elts=items) | ast.Tuple(elts=items):
            for item in items:
                _check(item, source, slots)
        case _:
            raise ConditionError(f"condition {source!r}: {ast.unparse(node)!r} is not allowed here")


def _value(node: ast.expr, slots: Mapping[str, SlotValue], context: Mapping[str, SlotValue]) -> Any:
    match node:
        case ast.BoolOp(op=ast.And(), values=values):
            return all(_value(value, slots, context) for value in values)
        case ast.BoolOp(values=values):
            return any(_value(value, slots, context) for value in values)
        case ast.UnaryOp(operand=operand):
            return not _value(operand, slots, context)
        case ast.Compare(left=left_node, ops=[op], comparators=[right_node]):
            left, right = _value(left_node, slots, context), _value(right_node, slots, context)
            if isinstance(op, _NEEDS_VALUE) and (left is None or right is None):
                return False
            if isinstance(op, ast.In | ast.NotIn) and right is None:
                return isinstance(op, ast.NotIn)
            return _COMPARISONS[type(op)](left, right)
        case ast.Attribute(value=ast.Name(id="slots"), attr=name):
            return slots.get(name)
        case ast.Attribute(attr=name):
            return context.get(name)
        case ast.Constant(value=value):
            return value
        case ast.Name(id=name):
            return _WORDS[name]
        case ast.List(elts=items) | ast.Tuple(elts=items):
            return tuple(_value(item, slots, context) for item in items)
    raise AssertionError(f"unchecked condition {ast.dump(node)}")
