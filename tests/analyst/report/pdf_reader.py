"""Printed reports as a library reads them that shares nothing with what writes them: text, bookmarks, tags."""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import cached_property
from typing import Any

from pypdf import PageObject, PdfReader
from pypdf.generic import DictionaryObject


class PdfFile:
    """A printed report."""

    def __init__(self, content: bytes) -> None:
        self._reader = PdfReader(io.BytesIO(content), strict=True)

    @property
    def pages(self) -> list[PageObject]:
        return list(self._reader.pages)

    @cached_property
    def texts(self) -> list[str]:
        """The text of each page, in the order in which it is drawn, with single spaces."""
        return [" ".join(page.extract_text().split()) for page in self._reader.pages]

    @property
    def catalog(self) -> DictionaryObject:
        return self._reader.root_object

    @property
    def title(self) -> str:
        return self._told("title")

    @property
    def author(self) -> str:
        return self._told("author")

    def metadata(self) -> str:
        """The description that travels in the file, as XML."""
        return self.catalog["/Metadata"].get_object().get_data().decode()

    def outline(self) -> Iterator[tuple[int, str]]:
        """Yield level and title of each bookmark."""
        yield from self._bookmarks(self._reader.outline, 1)

    def tags(self) -> Iterator[DictionaryObject]:
        """Yield the elements of the structure, parents before their children."""
        yield from self._elements(self.catalog["/StructTreeRoot"]["/K"])

    def _told(self, name: str) -> str:
        return str(getattr(self._reader.metadata, name) or "")

    def _bookmarks(self, entries: Any, level: int) -> Iterator[tuple[int, str]]:
        for entry in entries:
            if isinstance(entry, list):
                yield from self._bookmarks(entry, level + 1)
            else:
                yield level, entry.title

    def _elements(self, kids: Any) -> Iterator[DictionaryObject]:
        found = kids.get_object()
        for kid in found if isinstance(found, list) else [found]:
            element = kid.get_object()
            if isinstance(element, DictionaryObject) and "/S" in element:
                yield element
                if "/K" in element:
                    yield from self._elements(element["/K"])
