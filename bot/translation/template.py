"""The gettext template of all content, and keeping the catalogues in step with it."""

from __future__ import annotations

import io
import string
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, cast

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract, extract_python
from babel.messages.pofile import write_po
from jinja2.ext import babel_extract

from bot.translation.catalogues import DOMAIN, SOURCE_LANGUAGE, read_catalogue, status_lines
from bot.translation.extraction import extract_codebook, extract_directory, extract_flows
from content_files import ContentProblem

_METHODS: tuple[tuple[str, Any, tuple[str, ...]], ...] = (
    ("bot/**/*.py", extract_python, ("message",)),
    ("bot/**/templates/*.html", babel_extract, ("_", "gettext")),
    ("flows/*.yml", extract_flows, ()),
    ("flows/patterns/*.yml", extract_flows, ()),
    ("flows/codebook/*.yml", extract_codebook, ()),
    ("flows/directory/services.yml", extract_directory, ()),
)
"""Files, how strings are found in them, and the functions whose arguments are strings to translate."""

_TEMPLATE_HEADER = f"""\
# Texts of Fyren. Made by `make messages`; translations belong into <language>/LC_MESSAGES/{DOMAIN}.po."""


def build_template(root: Path) -> Catalog:
    """Extract every string that a person can see, from code, pages and content below `root`."""
    template = Catalog(project="Fyren", charset="utf-8", header_comment=_TEMPLATE_HEADER, fuzzy=False)
    for pattern, method, functions in _METHODS:
        for path in sorted(root.glob(pattern)):
            name = path.relative_to(root).as_posix()
            with path.open("rb") as file:
                keywords: dict[str, Any] = dict.fromkeys(functions)
                found = extract(method, cast(BinaryIO, file), keywords=keywords, comment_tags=())
                for line, msgid, comments, context in found:
                    if msgid:
                        template.add(msgid, None, [(name, line)], auto_comments=comments, context=context)
    return template


def catalogue_paths(root: Path) -> list[Path]:
    """Return every catalogue, live or not."""
    return sorted((root / "locales").glob(f"*/LC_MESSAGES/{DOMAIN}.po"))


def update_catalogues(root: Path) -> dict[str, int]:
    """Write the template and bring every catalogue up to date; return the untranslated strings per language.

    A string whose English changed counts as new: a translation of another sentence is never kept as a guess.
    """
    template = build_template(root)
    (root / "locales").mkdir(exist_ok=True)
    (root / "locales" / f"{DOMAIN}.pot").write_bytes(written(template))
    missing = {}
    for path in catalogue_paths(root):
        catalogue = read_catalogue(path)
        # Babel puts the template's own message objects into the catalogue, so each catalogue gets its own template.
        catalogue.update(build_template(root), no_fuzzy_matching=True)
        catalogue.obsolete.clear()
        if path.parent.parent.name == SOURCE_LANGUAGE:
            for message in _messages(catalogue):
                message.string = message.id
        path.write_bytes(written(catalogue))
        missing[path.parent.parent.name] = sum(not message.string for message in _messages(catalogue))
    return missing


def written(catalogue: Catalog) -> bytes:
    """Return a catalogue as a .po file that changes only when its strings do: without dates and line numbers."""
    output = io.BytesIO()
    write_po(output, catalogue, width=110, include_lineno=False)
    dropped = ("POT-Creation-Date", "PO-Revision-Date", "Generated-By", "Last-Translator", "Language-Team")
    unsteady = (*dropped, "Report-Msgid-Bugs-To", "Project-Id-Version")
    dated = tuple(f'"{name}:'.encode() for name in unsteady)
    lines = output.getvalue().splitlines(keepends=True)
    return b"".join(line for line in lines if not line.startswith(dated))


def check_catalogues(root: Path) -> Iterator[ContentProblem]:
    """Yield what keeps the catalogues from being complete and true to the content.

    Live languages must have every string; all languages must have the placeholders of the original.
    """
    template = build_template(root)
    wanted = {message.id for message in _messages(template)}
    pot = root / "locales" / f"{DOMAIN}.pot"
    if not pot.exists() or pot.read_bytes() != written(template):
        yield ContentProblem(pot, 0, "", "is not up to date; run `make messages`")
    for path in catalogue_paths(root):
        catalogue = read_catalogue(path)
        live = status_lines(catalogue).get("Live") == "yes"
        given = {message.id for message in _messages(catalogue)}
        for msgid in sorted(given - wanted):
            yield ContentProblem(path, 0, _short(msgid), "is no longer in the content; run `make messages`")
        for msgid in sorted(wanted - given if live else ()):
            yield ContentProblem(path, 0, _short(msgid), "is missing; run `make messages` and translate it")
        for message in _messages(catalogue):
            yield from _message_problems(path, message, live=live)


def _message_problems(path: Path, message: Message, *, live: bool) -> Iterator[ContentProblem]:
    line = message.lineno or 0
    if not message.string:
        if live:
            yield ContentProblem(path, line, _short(message.id), "is not translated")
        return
    if message.fuzzy and live:
        yield ContentProblem(path, line, _short(message.id), "is marked fuzzy; check it and take the mark off")
    try:
        if _fields(message.id) != _fields(message.string):
            yield ContentProblem(path, line, _short(message.id), "has other {placeholders} than the original")
    except ValueError as error:
        yield ContentProblem(path, line, _short(message.id), f"has a broken placeholder: {error}")


def _fields(text: Any) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(str(text)) if name is not None}


def _messages(catalogue: Catalog) -> Iterator[Message]:
    return (message for message in catalogue if message.id)


def _short(msgid: Any) -> str:
    text = " ".join(str(msgid).split())
    return f"“{text}”" if len(text) <= 50 else f"“{text[:49]}…”"
