"""A picture of a flow: Graphviz's DOT, so that editors see where a conversation can go."""

from __future__ import annotations

from bot.dialogue.flow_model import END, Flow, Step

_SHAPES = {
    "action": "box",
    "collect": "hexagon",
    "set_slots": "note",
    "link": "cds",
    "call": "component",
    "noop": "diamond",
}


def dot_of(flow: Flow) -> str:
    """Return a flow as a directed graph in the DOT language."""
    lines = [
        f"digraph {_quoted(flow.name)} {{",
        "  rankdir=TB;",
        '  node [fontname="sans-serif", fontsize=11, style="rounded"];',
        '  edge [fontname="sans-serif", fontsize=9];',
        f"  label={_quoted(f'{flow.name}: {flow.description}')};",
        '  labelloc="t";',
        f"  {_quoted(END)} [shape=doublecircle, label={_quoted('end')}, width=0.3];",
        f'  "start" [shape=circle, label="", width=0.2]; "start" -> {_quoted(flow.first)};',
    ]
    for step in flow.steps.values():
        lines.append(f"  {_quoted(step.id)} [shape={_SHAPES[step.kind]}, label={_quoted(_label(step))}];")
        for transition in step.next:
            condition = f" [label={_quoted(transition.condition.source)}]" if transition.condition else ""
            lines.append(f"  {_quoted(step.id)} -> {_quoted(transition.target)}{condition};")
    return "\n".join([*lines, "}", ""])


def _label(step: Step) -> str:
    if step.kind == "set_slots":
        return "\n".join(f"{name} = {value}" for name, value in step.values.items())
    return f"{step.kind} {step.subject}" if step.subject else step.id


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")
    return f'"{escaped}"'
