"""The gettext template of all content, and keeping the catalogues in step with it."""

from __future__ import annotations

import copy
import io
import string
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO, cast

from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract, extract_python
from babel.messages.pofile import write_po
from jinja2.ext import babel_extract

from bot.translation.catalogues import DOMAIN, SOURCE_LANGUAGE, read_catalogue, status_lines
from bot.translation.extraction import (
    extract_codebook,
    extract_definitions,
    extract_directory,
    extract_flows,
    extract_reference_figures,
    extract_tables,
)
from content_files import ContentProblem


@dataclass(frozen=True)
class Domain:
    """A set of catalogues: files, how strings are found in them, and the functions whose arguments are strings."""

    name: str
    header: str
    methods: tuple[tuple[str, Any, tuple[str, ...]], ...]


_ASSISTANT_METHODS: tuple[tuple[str, Any, tuple[str, ...]], ...] = (
    ("bot/**/*.py", extract_python, ("message",)),
    ("bot/**/templates/*.html", babel_extract, ("_", "gettext")),
    ("flows/*.yml", extract_flows, ()),
    ("flows/patterns/*.yml", extract_flows, ()),
    ("flows/codebook/*.yml", extract_codebook, ()),
    ("flows/directory/services.yml", extract_directory, ()),
)

_STATISTICS_METHODS: tuple[tuple[str, Any, tuple[str, ...]], ...] = (
    ("flows/codebook/*.yml", extract_definitions, ()),
    ("intake_store/tables/*.yml", extract_tables, ()),
    ("intake_store/**/*.py", extract_python, ("message",)),
    ("intake_store/**/templates/*.html", babel_extract, ("_", "gettext")),
)

_ANALYST_METHODS: tuple[tuple[str, Any, tuple[str, ...]], ...] = (
    ("analyst/**/*.py", extract_python, ("message",)),
    ("analyst/**/templates/*.html", babel_extract, ("say",)),
    ("analyst/figures/*.yml", extract_reference_figures, ()),
)

ASSISTANT = Domain(
    DOMAIN,
    f"""\
# Texts of Fyren. Made by `make messages`; translations belong into <language>/LC_MESSAGES/{DOMAIN}.po.""",
    _ASSISTANT_METHODS,
)
"""Everything that a person who talks with the assistant can see, and the labels that the statistics share with it."""

STATISTICS = Domain(
    "statistics",
    """\
# Texts of Fyren's statistics: definitions and tables. Made by `make messages`; translations belong into
# <language>/LC_MESSAGES/statistics.po. Labels stand in fyren.po.""",
    _STATISTICS_METHODS,
)
"""What only readers of the statistics see; apart, so that the assistant need not load it."""

ANALYST = Domain(
    "analyst",
    """\
# Texts of Fyren's analyst's place: pages, files and reference figures. Made by `make messages`; translations belong
# into <language>/LC_MESSAGES/analyst.po.""",
    _ANALYST_METHODS,
)
"""What only people with an account at the analyst's place see, or read in a file from there."""

DOMAINS = (ASSISTANT, STATISTICS, ANALYST)


def build_template(root: Path, domain: Domain = ASSISTANT) -> Catalog:
    """Extract every string of a domain, from code, pages and content below `root`."""
    template = Catalog(project="Fyren", charset="utf-8", header_comment=domain.header, fuzzy=False)
    for pattern, method, functions in domain.methods:
        for path in sorted(root.glob(pattern)):
            name = path.relative_to(root).as_posix()
            with path.open("rb") as file:
                keywords: dict[str, Any] = dict.fromkeys(functions)
                found = extract(method, cast(BinaryIO, file), keywords=keywords, comment_tags=())
                for line, msgid, comments, context in found:
                    if msgid:
                        template.add(msgid, None, [(name, line)], auto_comments=comments, context=context)
    return template


def catalogue_paths(root: Path, domain: Domain = ASSISTANT) -> list[Path]:
    """Return every catalogue of a domain, live or not."""
    return sorted((root / "locales").glob(f"*/LC_MESSAGES/{domain.name}.po"))


def update_catalogues(root: Path) -> dict[str, int]:
    """Write the templates and bring every catalogue up to date; return the untranslated strings per catalogue.

    A string whose English changed counts as new: a translation of another sentence is never kept as a guess.
    """
    (root / "locales").mkdir(exist_ok=True)
    missing: dict[str, int] = {}
    for domain in DOMAINS:
        template = build_template(root, domain)
        if not _is_needed(template, root, domain):
            continue
        _pot(root, domain).write_bytes(written(template))
        for path in catalogue_paths(root, domain):
            catalogue = read_catalogue(path)
            # Babel puts the template's own message objects into the catalogue, so each catalogue gets its own template.
            catalogue.update(copy.deepcopy(template), no_fuzzy_matching=True)
            catalogue.obsolete.clear()
            language = path.parent.parent.name
            if language == SOURCE_LANGUAGE:
                for message in _messages(catalogue):
                    message.string = message.id
            path.write_bytes(written(catalogue))
            name = language if domain is ASSISTANT else f"{language} {domain.name}"
            missing[name] = sum(not message.string for message in _messages(catalogue))
    return missing


def _pot(root: Path, domain: Domain) -> Path:
    return root / "locales" / f"{domain.name}.pot"


def _is_needed(template: Catalog, root: Path, domain: Domain) -> bool:
    """Tell whether there is anything of a domain; the assistant's is always there."""
    return domain is ASSISTANT or any(_messages(template)) or _pot(root, domain).exists()


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
    for domain in DOMAINS:
        template = build_template(root, domain)
        if _is_needed(template, root, domain):
            yield from _domain_problems(root, domain, template)


def _domain_problems(root: Path, domain: Domain, template: Catalog) -> Iterator[ContentProblem]:
    wanted = {message.id for message in _messages(template)}
    pot = _pot(root, domain)
    if not pot.exists() or pot.read_bytes() != written(template):
        yield ContentProblem(pot, 0, "", "is not up to date; run `make messages`")
    for path in catalogue_paths(root, domain):
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
