"""The `fyren` command: what every part brings, under one roof."""

from __future__ import annotations

import gc
import importlib
import sys
from typing import Final

import typer

HELP: Final = """\
Fyren: an anonymous, multilingual help-seeking assistant, and the statistics that follow from it.

Settings come from FYREN_… variables; docs/settings.md describes them all.
"""

PARTS: Final = {
    "fyren.commands": ("up", "analyst-demo", "chat", "understand", "nlu"),
    "bot.commands": ("flows", "translations", "directory"),
    "intake_store.commands": ("keys", "database", "backup", "retention", "demo-data", "responses", "table", "figures"),
    "analyst.commands": ("analyst", "accounts"),
}
"""The modules that bring commands with their `create_app`, and which."""

_EXTRA: Final = "analyst.commands"
_OWN: Final = ("analyst", "bot", "content_files", "fyren", "intake_store")


def create_app(command: str | None = None) -> typer.Typer:
    """Return the tool: with all commands, or with those of the part that brings `command`.

    Loading every part, with the statistics' libraries, would hold up the page of `fyren up` by seconds.
    """
    app = typer.Typer(name="fyren", help=HELP, no_args_is_help=True, add_completion=False, rich_markup_mode=None)
    needed = [part for part, commands in PARTS.items() if command in commands]
    for part in needed or PARTS:
        try:
            module = importlib.import_module(part)
        except ModuleNotFoundError as error:
            # The analyst's place is an extra: the assistant's machine does without its libraries.
            if part != _EXTRA or (error.name or "").split(".")[0] in _OWN:
                raise
            if needed:
                sys.exit(f"`fyren {command}` needs what `make setup-analyst` installs.")
            continue
        app.add_typer(module.create_app())
    return app


def main() -> None:
    """Run the tool."""
    # Nothing of what is loaded here is garbage; looking for it would only take time.
    gc.disable()
    app = create_app(sys.argv[1] if len(sys.argv) > 1 else None)
    gc.enable()
    app()
