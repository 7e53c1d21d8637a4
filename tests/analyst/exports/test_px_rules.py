"""PX files against the rules of the format, read by a small parser of our own that takes nothing for granted.

The rules are those of "PX-file format specification AXIS-VERSION 2013" and of the pages on keywords and data that
Statistics Sweden keeps (scb.se, PX file format):

- every entry is `KEYWORD[language]("name","name")=values;` on lines of at most 256 characters that end with CR LF;
- texts stand in quotation marks and hold none; only texts that stand alone go on in a further line, and each part there
  has its own marks; names in brackets hold no semicolon;
- keywords stand in the recommended order, and those that are needed are there;
- a keyword that depends on the language stands once for each of `LANGUAGES`, about the same things;
- every variable of `STUB` and `HEADING` has as many `CODES` as `VALUES`, no two alike;
- `CHARSET` is `ANSI`, and `CODEPAGE` is how the file is written;
- `TIMEVAL` begins with `TLIST(Q1)` or `TLIST(A1)`, and has a time of that kind for each value of its variable;
- `CONTVARIABLE` is a variable of the file, each of its values has `UNITS` and `PRECISION`, and stands before them;
- `PRECISION` is not above `DECIMALS`, and `SHOWDECIMALS` not above it either;
- `ELIMINATION` and `VALUENOTEX` name values that there are; `AGGREGALLOWED` and `OFFICIAL-STATISTICS` are YES or NO;
- `DATA` is last, has as many cells as the variables have combinations, separated by spaces also at line ends, and only
  the dots that a `DATASYMBOL` explains, in quotation marks.
"""

from __future__ import annotations

import itertools
import math
import re
from dataclasses import dataclass

import pytest
from readers import Publish
from released_examples import every_shape, release_of, released

from analyst.exports.formats import EXPORT_FORMATS, PERIOD_FORMATS
from analyst.exports.period_cubes import Edition, PeriodPublication

SHAPES = every_shape()

ORDER = (
    *("CHARSET", "AXIS-VERSION", "CODEPAGE", "LANGUAGE", "LANGUAGES", "CREATION-DATE", "TABLEID", "DECIMALS"),
    *("SHOWDECIMALS", "MATRIX", "AGGREGALLOWED", "SUBJECT-CODE", "SUBJECT-AREA", "DESCRIPTION", "TITLE", "CONTENTS"),
    *("STUB", "HEADING", "CONTVARIABLE", "VALUES", "UNITS", "TIMEVAL", "CODES", "VARIABLE-TYPE", "VARIABLECODE"),
    *("ELIMINATION", "PRECISION", "LAST-UPDATED", "CONTACT", "SOURCE", "SURVEY", "OFFICIAL-STATISTICS", "NOTEX"),
    *("NOTE", "VALUENOTEX", "DATASYMBOL1", "DATASYMBOL2", "DATA"),
)
OPTIONAL = {"CONTVARIABLE", "ELIMINATION", "PRECISION", "VALUENOTEX"}
OF_EVERY_LANGUAGE = {
    *("SUBJECT-AREA", "DESCRIPTION", "TITLE", "CONTENTS", "STUB", "HEADING", "CONTVARIABLE", "VALUES", "UNITS"),
    *("TIMEVAL", "CODES", "VARIABLE-TYPE", "VARIABLECODE", "ELIMINATION", "PRECISION", "CONTACT", "SOURCE"),
    *("NOTEX", "NOTE", "VALUENOTEX"),
}
LISTS = {"LANGUAGES", "STUB", "HEADING", "VALUES", "CODES", "TIMEVAL"}
TIMES = {"TLIST(Q1)": re.compile(r"\d{4}[1-4]"), "TLIST(A1)": re.compile(r"\d{4}")}

_HEAD = re.compile(r'([A-Z][A-Z0-9-]*)(?:\[([a-z]{2})\])?(?:\("([^";]*)"(?:,"([^";]*)")?\))?=')
_TEXT = re.compile(r'"([^"]*)"')
_BARE = re.compile(r"YES|NO|\d+|TLIST\([AQ]1\)")


@dataclass(frozen=True)
class Entry:
    keyword: str
    language: str
    about: tuple[str, ...]
    values: tuple[str, ...]
    """Texts without their marks, bare words as they are."""


class PxFile:
    """The entries of a PX file, and the cells of its data; it is an `AssertionError` if they break the format."""

    def __init__(self, content: bytes) -> None:
        text = content.decode("utf-8")
        assert "\n" not in text.replace("\r\n", "")
        assert text.endswith(";\r\n")
        lines = text.removesuffix("\r\n").split("\r\n")
        assert max(map(len, lines)) <= 256
        place = lines.index("DATA=")
        self.entries = list(_entries(lines[:place]))
        self.data_lines = lines[place + 1 :]
        assert all(line.endswith(" ") for line in self.data_lines[:-1])
        assert self.data_lines[-1].endswith(";")
        self.cells = " ".join(self.data_lines).removesuffix(";").split()
        self.languages = self.of("LANGUAGES").values or self.of("LANGUAGE").values
        self.own = self.of("LANGUAGE").values[0]

    def of(self, keyword: str, *about: str, language: str = "") -> Entry:
        found = [e for e in self.entries if (e.keyword, e.language, e.about) == (keyword, language, about)]
        assert len(found) == 1, (keyword, about, language)
        return found[0]

    def all(self, keyword: str, language: str = "") -> list[Entry]:
        return [entry for entry in self.entries if (entry.keyword, entry.language) == (keyword, language)]


def _entries(lines: list[str]) -> list[Entry]:
    found: list[Entry] = []
    rest = "\r\n".join(lines)
    while rest:
        head = _HEAD.match(rest)
        assert head, rest[:80]
        rest = rest[head.end() :]
        values: list[str] = []
        while True:
            if text := _TEXT.match(rest):
                parts = [text[1]]
                rest = rest[text.end() :]
                while rest.startswith('\r\n"'):
                    further = _TEXT.match(rest[2:])
                    assert further
                    assert head[1] not in LISTS, f"a value of {head[1]} goes on in a further line"
                    parts.append(further[1])
                    rest = rest[2 + further.end() :]
                values.append("".join(parts))
            else:
                bare = _BARE.match(rest)
                assert bare, rest[:80]
                values.append(bare[0])
                rest = rest[bare.end() :]
            end, rest = rest[0], rest[1:].removeprefix("\r\n")
            if end == ";":
                break
            assert end == ","
        found.append(
            Entry(head[1], head[2] or "", tuple(part for part in head.groups()[2:] if part is not None), tuple(values))
        )
    return found


def check(px: PxFile) -> None:
    """Check the rules that a parser alone does not."""
    keywords = [entry.keyword for entry in px.entries]
    assert set(keywords) <= set(ORDER)
    assert {*keywords, "DATA"} >= set(ORDER) - OPTIONAL
    places = [ORDER.index(keyword) for keyword, _ in itertools.groupby(keywords)]
    assert places == sorted(set(places)), "keywords stand in the recommended order"
    assert (px.of("CHARSET").values, px.of("CODEPAGE").values) == (("ANSI",), ("utf-8",))
    for keyword in ("AGGREGALLOWED", "OFFICIAL-STATISTICS"):
        assert px.of(keyword).values[0] in ("YES", "NO")
    assert set(px.languages) == {"sv", "en"}
    [decimals], [shown] = px.of("DECIMALS").values, px.of("SHOWDECIMALS").values
    assert int(shown) <= int(decimals)
    for keyword in ("CREATION-DATE", "LAST-UPDATED"):
        assert re.fullmatch(r"\d{8} \d\d:\d\d", px.of(keyword).values[0])
    for keyword in ORDER:
        sizes = {language: len(px.all(keyword, "" if language == px.own else language)) for language in px.languages}
        if keyword in OF_EVERY_LANGUAGE:
            assert len(set(sizes.values())) == 1, keyword
        else:
            assert all(not size for language, size in sizes.items() if language != px.own), keyword
    for language in ("", *(language for language in px.languages if language != px.own)):
        _check_variables(px, language, int(decimals))


def _check_variables(px: PxFile, language: str, decimals: int) -> None:
    names = [name for keyword in ("STUB", "HEADING") for name in px.of(keyword, language=language).values]
    assert len(set(names)) == len(names)
    values = {name: px.of("VALUES", name, language=language).values for name in names}
    assert {entry.about[0] for entry in px.all("VALUES", language)} == set(names)
    for name, labels in values.items():
        codes = px.of("CODES", name, language=language).values
        assert len(codes) == len(labels) == len(set(codes)) == len(set(labels)), name
        assert px.of("VARIABLECODE", name, language=language).values[0]
    [time] = px.all("TIMEVAL", language)
    assert px.of("VARIABLE-TYPE", *time.about, language=language).values == ("Time",)
    scale, *times = time.values
    assert len(times) == len(values[time.about[0]])
    assert all(TIMES[scale].fullmatch(text) for text in times)
    assert times == sorted(times)
    for entry in px.all("CONTVARIABLE", language):
        [measure] = entry.values
        assert measure in names
        for label in values[measure]:
            assert px.of("UNITS", label, language=language).values[0]
            assert int(px.of("PRECISION", measure, label, language=language).values[0]) <= decimals
    for entry in px.all("PRECISION", language):
        assert entry.about[1] in values[entry.about[0]]
    for entry in px.all("ELIMINATION", language):
        assert entry.values[0] in values[entry.about[0]]
    for entry in px.all("VALUENOTEX", language):
        assert entry.about[1] in values[entry.about[0]]
    symbols = {f'"{px.of(f"DATASYMBOL{number}").values[0]}"' for number in (1, 2)}
    assert len(px.cells) == math.prod(map(len, values.values()))
    assert all(cell in symbols or re.fullmatch(r"\d+(\.\d{1,2})?", cell) for cell in px.cells)


@pytest.mark.parametrize("language", ["sv", "en"])
@pytest.mark.parametrize("shape", SHAPES)
def test_a_px_file_keeps_the_rules(publish: Publish, shape: str, language: str) -> None:
    check(PxFile(EXPORT_FORMATS["px"].write(publish(SHAPES[shape], language=language))))


@pytest.mark.parametrize("language", ["sv", "en"])
def test_a_px_file_of_many_periods_keeps_the_rules(publish: Publish, language: str) -> None:
    tables = [
        SHAPES["two_way"].model_copy(update={"period": f"{year}Q{number}", "threshold": 10 + year % 2})
        for year in range(2016, 2027)
        for number in (1, 2, 3, 4)
    ]
    editions = tuple(Edition(release_of((table,)), table) for table in tables)
    px = PxFile(PERIOD_FORMATS["px"].write(PeriodPublication(publish(tables[-1], language=language), editions)))
    check(px)
    assert len(px.all("VALUENOTEX")) == 10
    assert max(map(len, px.data_lines)) > 200


def test_names_that_the_format_would_not_take_are_changed(publish: Publish) -> None:
    table = released(
        "x", row_label='A "row"; or two ' + "with a long name " * 20, notes=('One "note"; # and more. ' * 40,)
    )
    px = PxFile(EXPORT_FORMATS["px"].write(publish(table, language="en")))
    check(px)
    [stub] = px.of("STUB").values
    assert stub.startswith("A 'row', or two with")
    assert len(stub) == 150
