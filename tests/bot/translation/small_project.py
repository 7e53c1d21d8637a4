"""A small project of its own: a flow, a module, a page, and catalogues in three states."""

from __future__ import annotations

from pathlib import Path

FLOW = """\
flows:
  law:
    name: The law
    steps:
      - action: utter_law
responses:
  utter_law:
    - text: Call {phone_sos112} now.
"""
CODE = """\
from bot.translation.marking import message

_TEXTS = {"hours": message("Opening hours"), "no": "not marked"}
format("Not a message")
"""
PAGE = "<p>{{ _('Read this') }}</p><p>Not marked</p>"

HEAD = """\
# Review-Status: {status}
# Live: {live}
msgid ""
msgstr ""
"Language: {code}\\n"
"Content-Type: text/plain; charset=utf-8\\n"

"""


class Project:
    """A folder with content, and catalogues that a test writes."""

    def __init__(self, root: Path) -> None:
        self.root = root
        self.write("flows/law.yml", FLOW)
        self.write("bot/cards.py", CODE)
        self.write("bot/channels/web/templates/page.html", PAGE)

    def write(self, name: str, text: str) -> Path:
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
        return path

    def catalogue(
        self, code: str, strings: dict[str, str], *, live: str = "yes", status: str = "machine-drafted", extra: str = ""
    ) -> Path:
        """Write a catalogue with these translations; returns its path."""
        entries = "".join(f'msgid "{msgid}"\nmsgstr "{string}"\n\n' for msgid, string in strings.items())
        head = HEAD.format(code=code, live=live, status=status)
        return self.write(f"locales/{code}/LC_MESSAGES/fyren.po", head + entries + extra)
