"""What stands in the margins of every printed page, as a style sheet."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_COUNTERS: Final = {"{page}": "counter(page)", "{pages}": "counter(pages)"}


@dataclass(frozen=True, slots=True)
class Margins:
    """Texts of the margins: `page` holds `{page}` and `{pages}`; `mark` is empty unless responses are made up."""

    heading: str
    release: str
    sign: str
    page: str
    mark: str


def margin_style(margins: Margins) -> str:
    """Return the rules that write the texts; the look of the margins is that of the report's own style sheet."""
    mark = f"@top-center {{ content: {_string(margins.mark)}; }}" if margins.mark else ""
    return f"""
@page {{
  {mark}
  @top-left {{ content: {_string(margins.heading)}; }}
  @top-right {{ content: {_string(margins.release)}; }}
  @bottom-left {{ content: {_string(margins.sign)}; }}
  @bottom-right {{ content: {_counted(margins.page)}; }}
}}
@page :first {{
  @top-left {{ content: none; }}
  @top-right {{ content: none; }}
}}
"""


def _counted(text: str) -> str:
    parts = re.split(r"(\{pages?\})", text)
    return " ".join(_COUNTERS.get(part) or _string(part) for part in parts if part)


def _string(text: str) -> str:
    """Return a text as CSS writes a string."""
    escaped = "".join(f"\\{ord(letter):x} " if letter in '"\\' or ord(letter) < 32 else letter for letter in text)
    return f'"{escaped}"'
