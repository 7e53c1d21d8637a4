"""The gettext catalogues in `locales/`, one per language, each with the status of its review."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from dataclasses import dataclass
from gettext import GNUTranslations
from pathlib import Path
from typing import Literal, get_args

from babel import Locale
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import PoFileError, read_po

from content_files import ContentError, ContentProblem

DOMAIN = "fyren"
SOURCE_LANGUAGE = "en"
_STATUS_LINE = re.compile(r"^#\s*(Review-Status|Live):\s*(\S+)\s*$", re.MULTILINE)
"""Lines of the comment at a catalogue's head; its gettext headers would be dropped by the tools that update it."""

_LINE = re.compile(r'(#.*|(msg\w+(\[\d\])? *)?"[^"\\]*(\\.[^"\\]*)*" *)?\r?')
"""What may stand on a line; where a quotation mark is missing, Babel would take off the last letter instead."""

ReviewStatus = Literal["machine-drafted", "reviewed"]
"""`reviewed` may only be set when a person who knows the language and the subject has read every string."""


@dataclass(frozen=True)
class Language:
    """A language the assistant speaks: its code, its name for itself, its direction, its review status."""

    code: str
    native_name: str
    direction: Literal["ltr", "rtl"]
    review_status: ReviewStatus
    translations: GNUTranslations

    def translate(self, msgid: str) -> str:
        """Return the translation of `msgid`; an untranslated or empty string comes back as it is."""
        return self.translations.gettext(msgid) if msgid else ""


@dataclass(frozen=True)
class Catalogues:
    """All live languages, in the order of their native names, with Swedish first."""

    languages: Mapping[str, Language]
    default: str

    def __getitem__(self, code: str) -> Language:
        return self.languages[code]

    def supported(self, code: str | None) -> str | None:
        """Return the live language that `code` (such as `ro-RO`) asks for."""
        base = (code or "").replace("_", "-").partition("-")[0].casefold()
        return base if base in self.languages else None


def load_catalogues(folder: Path, default: str = "sv") -> Catalogues:
    """Read every live catalogue below `folder`; raises `ContentError` for one that is broken or has no status."""
    languages: dict[str, Language] = {}
    problems: list[ContentProblem] = []
    for path in sorted(folder.glob(f"*/LC_MESSAGES/{DOMAIN}.po")):
        try:
            catalogue = read_catalogue(path)
            if status_lines(catalogue).get("Live") == "yes":
                code = path.parent.parent.name
                languages[code] = _language(code, catalogue, path)
        except ContentError as error:
            problems.extend(error.problems)
    if default not in languages:
        problems.append(ContentProblem(folder, 0, "", f"has no live catalogue of the default language {default}"))
    if problems:
        raise ContentError(problems)
    order = sorted(languages, key=lambda code: (code != default, languages[code].native_name.casefold()))
    return Catalogues({code: languages[code] for code in order}, default)


def read_catalogue(path: Path) -> Catalog:
    """Read one .po file; raises `ContentError` with the line that is broken."""
    try:
        content = path.read_bytes()
        for number, text in enumerate(content.decode().split("\n"), 1):
            if not _LINE.fullmatch(text):
                raise ContentError([ContentProblem(path, number, "", "is not a catalogue: the line cannot be read")])
        return read_po(io.BytesIO(content), locale=path.parent.parent.name, domain=DOMAIN, abort_invalid=True)
    except (PoFileError, UnicodeDecodeError, ValueError) as error:
        line = getattr(error, "lineno", 0) or 0
        raise ContentError([ContentProblem(path, line, "", f"is not a catalogue: {error}")]) from error


def status_lines(catalogue: Catalog) -> dict[str, str]:
    """Return what the comment at the head of a catalogue says: `Review-Status` and `Live`."""
    return dict(_STATUS_LINE.findall(catalogue.header_comment))


def _language(code: str, catalogue: Catalog, path: Path) -> Language:
    status = status_lines(catalogue).get("Review-Status")
    if status not in get_args(ReviewStatus):
        message = f"needs a line `# Review-Status: {' or '.join(get_args(ReviewStatus))}` at its head"
        raise ContentError([ContentProblem(path, 0, "", message)])
    compiled = io.BytesIO()
    write_mo(compiled, catalogue)
    compiled.seek(0)
    locale = Locale.parse(code)
    name = locale.get_display_name(code) or code
    return Language(
        code=code,
        native_name=name[:1].upper() + name[1:],
        direction="rtl" if locale.text_direction == "rtl" else "ltr",
        review_status="reviewed" if status == "reviewed" else "machine-drafted",
        translations=GNUTranslations(compiled),
    )
