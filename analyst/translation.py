"""Swedish and English of everything that readers of the statistics see.

English sentences are the message ids. The catalogues of three domains are read: `fyren` has the labels that the
assistant shares, `statistics` the definitions and tables, `analyst` what only this site and its files say.

A released table carries finished English sentences with numbers in them. They are found again by their message ids, in
which the numbers are `{placeholders}`.
"""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal, cast, get_args

from babel.messages.pofile import PoFileError, read_po

from content_files import ContentError, ContentProblem

SOURCE_LANGUAGE: Final = "en"
LANGUAGES: Final = ("sv", "en")
_ASSISTANT: Final = "fyren"
DOMAINS: Final = (_ASSISTANT, "statistics", "analyst")
LOCALES: Final = Path(__file__).parents[1] / "locales"

ReviewStatus = Literal["machine-drafted", "reviewed"]
"""`reviewed` may only be set when a person who knows the language and the subject has read every string."""

_STATUS_LINE: Final = re.compile(r"^#\s*Review-Status:\s*(\S+)\s*$", re.MULTILINE)
_SENTENCE_END: Final = re.compile(r"(?<=[.!?]) (?=[^a-zåäö ])")
_MOST_REMEMBERED: Final = 10_000
_PLACEHOLDER: Final = re.compile(r"\{(\w+)\}")


def message(msgid: str) -> str:
    """Return `msgid` as it is; marks a string for translation where it is written."""
    return msgid


class Translator:
    """Translates message ids into one language; what has no translation stays English.

    Raises `ContentError` if a catalogue is broken or does not tell its review status.
    """

    def __init__(self, language: str, folder: Path = LOCALES) -> None:
        self.language = language
        self._texts: dict[str, str] = {}
        # The tables of a release share most of their sentences, and trying every pattern takes time.
        self._finished: dict[str, str] = {}
        # Some of the assistant's own sentences are hardly more than a placeholder, and none is in a table.
        self._patterns: list[tuple[re.Pattern[str], str]] = []
        statuses: list[ReviewStatus] = []
        if language != SOURCE_LANGUAGE:
            for domain in DOMAINS:
                path = _path(domain, language, folder)
                if path.exists():
                    texts, status = _read(path, domain, language)
                    self._texts |= texts
                    statuses.append(status)
                    if domain != _ASSISTANT:
                        self._patterns += [(_pattern(m), text) for m, text in texts.items() if _PLACEHOLDER.search(m)]
        self.review_status: ReviewStatus = "machine-drafted" if "machine-drafted" in statuses else "reviewed"

    def __call__(self, msgid: str) -> str:
        """Return the translation of a message id, or the id itself."""
        return self._texts.get(msgid, msgid)

    def finished(self, text: str) -> str:
        """Return the translation of a finished text of one or more sentences, each as far as it is known."""
        if text not in self._finished:
            if len(self._finished) >= _MOST_REMEMBERED:
                self._finished.clear()
            whole = self._known(text)
            if whole is None:
                whole = " ".join(self._known(part) or part for part in _SENTENCE_END.split(text))
            self._finished[text] = whole
        return self._finished[text]

    def knows(self, text: str) -> bool:
        """Tell whether every sentence of a finished text has a translation."""
        if self.language == SOURCE_LANGUAGE or not text or self._known(text) is not None:
            return True
        return all(self._known(part) is not None for part in _SENTENCE_END.split(text))

    def _known(self, text: str) -> str | None:
        if text in self._texts:
            return self._texts[text]
        for pattern, translation in self._patterns:
            if found := pattern.fullmatch(text):
                # What fills a placeholder can be a message of its own, such as the title after "SYNTHETIC DATA".
                filled = {name: self._texts.get(part, part) for name, part in found.groupdict().items()}
                return translation.format_map(filled)
        return None


def review_status(domain: str, language: str, folder: Path = LOCALES) -> ReviewStatus:
    """Return the review status of a catalogue; English is the source, so nothing of it waits for a review.

    Raises `ContentError` if there is no such catalogue, or it is broken or does not tell.
    """
    if language == SOURCE_LANGUAGE:
        return "reviewed"
    return _read(_path(domain, language, folder), domain, language)[1]


def load_translators(folder: Path = LOCALES) -> Mapping[str, Translator]:
    """Return a translator for each of `LANGUAGES`; raises `ContentError` like `Translator`."""
    return {language: Translator(language, folder) for language in LANGUAGES}


def _path(domain: str, language: str, folder: Path) -> Path:
    return folder / language / "LC_MESSAGES" / f"{domain}.po"


def _read(path: Path, domain: str, language: str) -> tuple[dict[str, str], ReviewStatus]:
    try:
        catalogue = read_po(io.BytesIO(path.read_bytes()), locale=language, domain=domain, abort_invalid=True)
    except OSError as error:
        raise ContentError([ContentProblem(path, 0, "", f"cannot be read: {error.strerror}")]) from error
    except (PoFileError, UnicodeDecodeError, ValueError) as error:
        line = getattr(error, "lineno", 0) or 0
        raise ContentError([ContentProblem(path, line, "", f"is not a catalogue: {error}")]) from error
    status = _STATUS_LINE.search(catalogue.header_comment)
    if status is None or status[1] not in get_args(ReviewStatus):
        wanted = f"needs a line `# Review-Status: {' or '.join(get_args(ReviewStatus))}` at its head"
        raise ContentError([ContentProblem(path, 0, "", wanted)])
    texts = {str(entry.id): str(entry.string) for entry in catalogue if entry.id and entry.string and not entry.fuzzy}
    return texts, cast(ReviewStatus, status[1])


def _pattern(msgid: str) -> re.Pattern[str]:
    """Return what matches a message id with its placeholders filled."""
    parts = _PLACEHOLDER.split(msgid)
    seen: set[str] = set()
    pattern = ""
    for index, part in enumerate(parts):
        if index % 2 == 0:
            pattern += re.escape(part)
        else:
            pattern += f"(?P={part})" if part in seen else f"(?P<{part}>.+?)"
            seen.add(part)
    return re.compile(pattern)
