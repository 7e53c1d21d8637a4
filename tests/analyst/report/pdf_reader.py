"""A small reader of PDF files, which shares nothing with what writes them: pages, text, outline and tags.

It reads what the reports use: objects in plain sight or packed into streams, streams that are compressed with Flate,
and fonts that say which letters their glyphs stand for.
"""

from __future__ import annotations

import re
import zlib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

_TOKEN: Final = re.compile(
    rb"\s*(?:%[^\r\n]*[\r\n]\s*)*(<<|>>|\[|\]|<[0-9A-Fa-f\s]*>|\(|/[^\s<>\[\]()/%]*|[-+.\d]+|[A-Za-z'\"*]+)"
)
_DRAWN: Final = re.compile(
    rb"/(?P<font>\S+)\s+[-\d.]+\s+Tf|\[(?P<glyphs>[^\]]*)\]\s*TJ|/(?P<form>\S+)\s+Do|\b(?:BT|Td|Tm)\b"
)
"""What of a page's drawing makes its text; strings are written as glyphs in hexadecimal figures."""

_HEX: Final = re.compile(rb"<([0-9A-Fa-f\s]*)>")
_ESCAPES: Final = {b"n": b"\n", b"r": b"\r", b"t": b"\t", b"b": b"\b", b"f": b"\f"}


@dataclass(frozen=True)
class Reference:
    """Another object, by its number."""

    number: int


class Name(str):
    """A name, without its slash."""


class Operator(str):
    """A word that is neither a name nor a text."""


class PdfFile:
    """A file; objects are dictionaries, lists, numbers, `Name`, bytes and references."""

    def __init__(self, content: bytes) -> None:
        self._content = content
        self._objects: dict[int, Any] = {}
        self._streams: dict[int, bytes] = {}
        for found in re.finditer(rb"(?<=\n)(\d+) 0 obj", content):
            self._read(int(found[1]), found.end())
        typed = [(number, value) for number, value in self._objects.items() if isinstance(value, dict)]
        for number, value in typed:
            if value.get("Type") == "ObjStm":
                self._unpack(self._streams[number], value["N"], value["First"])
        self.trailer = next(value for _, value in typed if value.get("Type") == "XRef")

    def get(self, value: Any) -> Any:
        """Return what a reference leads to, or the value itself."""
        return self._objects.get(value.number) if isinstance(value, Reference) else value

    @property
    def catalog(self) -> dict[str, Any]:
        return dict(self.get(self.trailer["Root"]))

    @property
    def info(self) -> dict[str, str]:
        return {key: text_of(value) for key, value in self.get(self.trailer["Info"]).items()}

    @cached_property
    def pages(self) -> list[dict[str, Any]]:
        return [self.get(kid) for kid in self.get(self.catalog["Pages"])["Kids"]]

    @cached_property
    def texts(self) -> list[str]:
        """The text of each page, in the order in which it is drawn."""
        return [" ".join("".join(self._text(page)).split()) for page in self.pages]

    def outline(self) -> Iterator[tuple[int, str]]:
        """Yield level and title of each bookmark."""
        yield from self._bookmarks(self.get(self.catalog["Outlines"]), 1)

    def tags(self) -> Iterator[dict[str, Any]]:
        """Yield the elements of the structure, parents before their children."""
        yield from self._elements(self.get(self.catalog["StructTreeRoot"])["K"])

    def metadata(self) -> str:
        return self._streams[self.catalog["Metadata"].number].decode()

    def _read(self, number: int, start: int) -> None:
        value, end = _parsed(self._content, start)
        self._objects[number] = value
        body = re.match(rb"\s*stream\r?\n", self._content[end : end + 12])
        if body is not None:
            begin = end + body.end()
            raw = self._content[begin : self._content.index(b"endstream", begin)]
            compressed = value.get("Filter") in ("FlateDecode", ["FlateDecode"])
            self._streams[number] = zlib.decompressobj().decompress(raw) if compressed else raw

    def _unpack(self, packed: bytes, count: int, first: int) -> None:
        """Read the objects of a stream that holds several, after a list of their numbers and places."""
        numbers = [int(part) for part in packed[:first].split()[: 2 * count]]
        for number, place in zip(numbers[::2], numbers[1::2], strict=True):
            self._objects[number] = _parsed(packed, first + place)[0]

    def _bookmarks(self, node: dict[str, Any], level: int) -> Iterator[tuple[int, str]]:
        child = node.get("First")
        while child is not None:
            entry = self.get(child)
            yield level, text_of(entry["Title"])
            yield from self._bookmarks(entry, level + 1)
            child = entry.get("Next")

    def _elements(self, kids: Any) -> Iterator[dict[str, Any]]:
        found = self.get(kids)
        for kid in found if isinstance(found, list) else [found]:
            element = self.get(kid)
            if isinstance(element, dict) and "S" in element:
                yield element
                yield from self._elements(element.get("K", []))

    def _text(self, page: dict[str, Any]) -> Iterator[str]:
        resources = self.get(page["Resources"])
        yield from self._drawn(self._streams[page["Contents"].number], resources)

    def _drawn(self, stream: bytes, resources: dict[str, Any]) -> Iterator[str]:
        fonts = {name: self._letters(font) for name, font in self.get(resources.get("Font", {})).items()}
        forms = self.get(resources.get("XObject", {}))
        letters: dict[int, str] = {}
        for found in _DRAWN.finditer(stream):
            if found["font"]:
                letters = fonts[found["font"].decode()]
            elif found["glyphs"]:
                yield "".join(_decoded(bytes.fromhex(part.decode()), letters) for part in _HEX.findall(found["glyphs"]))
            elif found["form"]:
                form = forms[found["form"].decode()]
                if self.get(form).get("Subtype") == "Form":
                    yield from self._drawn(self._streams[form.number], self.get(self.get(form)["Resources"]))
            else:
                yield " "

    def _letters(self, font: Any) -> dict[int, str]:
        """Return which letters the glyphs of a font stand for."""
        table = self._streams[self.get(font)["ToUnicode"].number].decode("latin-1")
        found: dict[int, str] = {}
        for block in re.findall(r"beginbfchar(.*?)endbfchar", table, re.DOTALL):
            for glyph, code in re.findall(r"<([0-9A-Fa-f]+)>\s*<([0-9A-Fa-f]+)>", block):
                found[int(glyph, 16)] = bytes.fromhex(code).decode("utf-16-be")
        return found


def text_of(value: Any) -> str:
    """Return the text of a string of a document, which is in UTF-16 with a mark or in Latin letters."""
    if not isinstance(value, bytes):
        return str(value)
    return value.decode("utf-16") if value.startswith((b"\xfe\xff", b"\xff\xfe")) else value.decode("latin-1")


def _decoded(text: bytes, letters: dict[int, str]) -> str:
    return "".join(letters.get(int.from_bytes(text[place : place + 2]), "") for place in range(0, len(text), 2))


def _parsed(content: bytes, start: int) -> tuple[Any, int]:
    found = _TOKEN.match(content, start)
    assert found is not None, content[start : start + 40]
    token, end = found[1], found.end()
    if token == b"<<":
        entries: dict[str, Any] = {}
        while not re.match(rb"\s*>>", content[end : end + 40]):
            key, end = _parsed(content, end)
            entries[str(key)], end = _parsed(content, end)
        return entries, content.index(b">>", end) + 2
    if token == b"[":
        items: list[Any] = []
        while not re.match(rb"\s*\]", content[end : end + 40]):
            item, end = _parsed(content, end)
            items.append(item)
        return items, content.index(b"]", end) + 1
    if token == b"(":
        return _string(content, end)
    if token.startswith(b"<"):
        return bytes.fromhex(token[1:-1].decode()), end
    if token.startswith(b"/"):
        return Name(token[1:].decode("latin-1")), end
    if token[:1] in b"+-.0123456789":
        reference = re.match(rb"\s+\d+\s+R(?![A-Za-z])", content[end : end + 24])
        if reference is not None:
            return Reference(int(token)), end + reference.end()
        return float(token) if b"." in token else int(token), end
    return Operator(token.decode()), end


def _string(content: bytes, start: int) -> tuple[bytes, int]:
    text, depth, place = bytearray(), 1, start
    while True:
        letter = content[place : place + 1]
        place += 1
        if letter == b"\\":
            escaped = re.match(rb"[0-7]{1,3}|.", content[place : place + 3], re.DOTALL)
            assert escaped is not None
            place += escaped.end()
            text += bytes([int(escaped[0], 8)]) if escaped[0].isdigit() else _ESCAPES.get(escaped[0], escaped[0])
            continue
        depth += (letter == b"(") - (letter == b")")
        if depth == 0:
            return bytes(text), place
        text += letter
