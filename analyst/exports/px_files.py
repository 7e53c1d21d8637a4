"""PX files (PC-Axis file format, AXIS-VERSION 2013, Statistics Sweden): one table in each, in every language there is.

Lines are at most 256 characters long; a longer text goes on in quotation marks of its own. In the data, `".."` is a
withheld figure and `"."` a cell that cannot have one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from analyst.exports.cells import FIGURE_COLUMNS, Content, Line, Measure, Status, TableCells
from analyst.exports.csv_files import ALL_RESPONSES, EVERYONE
from analyst.exports.description import SOURCE, about_release, about_table
from analyst.exports.json_stat import DECIMALS, MEASURE_LABEL, MEASURE_LABELS, PERIOD_LABEL, column_name
from analyst.exports.publication import Publication
from analyst.translation import message
from intake_store.statistics.declarations import PeriodKind, Theme

THEME_LABELS: Final = {
    Theme.WHO: message("Who uses the service"),
    Theme.NEEDS: message("Needs"),
    Theme.BARRIERS: message("Barriers"),
    Theme.ARENAS: message("Arenas and forms"),
    Theme.EXPERIENCE: message("Experience of services"),
    Theme.YOUNG: message("Children and young people"),
    Theme.BUYERS: message("People who buy"),
    Theme.GEOGRAPHY: message("Geography"),
    Theme.USE: message("Use of the assistant"),
    Theme.COST: message("Cost"),
}

_LINE: Final = 256
_PIECE: Final = 150
_NAME: Final = 20
"""The greatest length of a matrix name."""

_URGENT: Final = ("synthetic", "provisional", "withheld", "withheld_sign", "noise", "rounding", "unit")
"""Statements that a reader of the file is shown before the table."""

_Keyword = tuple[str, tuple[str, ...], Sequence[str | int]]
"""A keyword, the names it is about, and its values: texts in quotation marks, whole numbers bare."""


def px(publication: Publication) -> bytes:
    """Return a PX file of one table.

    The publication's language is the file's own, and all others stand beside it. Raises `ValueError` for several
    tables or none.
    """
    if len(publication.tables) != 1:
        raise ValueError(f"A PX file holds one table, not {len(publication.tables)}.")
    others = [language for language in publication.translators if language != publication.language]
    texts = {
        language: _Texts(publication.in_language(language), language) for language in (publication.language, *others)
    }
    own = texts[publication.language]
    lines = ['CHARSET="ANSI";', 'AXIS-VERSION="2013";', 'CODEPAGE="utf-8";']
    lines += _written(("LANGUAGE", (), [publication.language]))
    if others:
        lines += _written(("LANGUAGES", (), list(texts)))
    lines += [line for entry in _common(publication) for line in _written(entry)]
    keywords = {language: list(text.keywords()) for language, text in texts.items()}
    for place, entry in enumerate(keywords[publication.language]):
        lines += _written(entry)
        for language in others:
            lines += _written(keywords[language][place], language)
    lines.append("DATA=")
    lines += _data(own.cells)
    lines[-1] += ";"
    return "".join(f"{line}\r\n" for line in lines).encode()


def _common(publication: Publication) -> Iterator[_Keyword]:
    """Yield the keywords that no language changes."""
    release, table = publication.release, publication.tables[0]
    day = f"{release.released_on:%Y%m%d} 00:00"
    parts = [table.name, *filter(None, [table.population, table.layer[0] if table.layer else ""])]
    yield "CREATION-DATE", (), [day]
    yield "DECIMALS", (), [max(DECIMALS.values())]
    yield "SHOWDECIMALS", (), [0]
    yield "MATRIX", (), [_matrix("-".join(parts))]
    yield "TABLEID", (), ["-".join((release.number, *parts))]
    yield "SUBJECT-CODE", (), [table.theme.value]
    yield "LAST-UPDATED", (), [day]


class _Texts:
    """The keywords of a file in one language."""

    def __init__(self, publication: Publication, language: str) -> None:
        self._publication = publication
        self._say = say = publication.translator
        [self._table] = publication.localised()
        self.cells = TableCells(self._table, say(ALL_RESPONSES), say(EVERYONE))
        self._row, self._column, self._measure, self._period = self._variables()

    def _variables(self) -> tuple[str, str | None, str | None, str | None]:
        """Return the names of the variables, as far as the table has them, each another one."""
        table, say = self._table, self._say
        wanted = [
            table.row_label,
            (table.column_label or table.column_variable or say(EVERYONE)) if column_name(table) else None,
            say(MEASURE_LABEL) if len(self.cells.measures) > 1 else None,
            None if table.is_series else say(PERIOD_LABEL),
        ]
        names = [None if name is None else _plain(name) for name in wanted]
        row, column, measure, period = (
            f"{name} ({place})" if name is not None and name in names[:place] else name
            for place, name in enumerate(names)
        )
        assert row is not None
        return row, column, measure, period

    def keywords(self) -> Iterator[_Keyword]:
        table, say = self._table, self._say
        about = ", ".join([table.population_label, *((table.layer[1],) if table.layer else ()), table.period])
        yield "SUBJECT-AREA", (), [say(THEME_LABELS[table.theme])]
        yield "TITLE", (), [f"{table.title}. {about}"]
        yield "DESCRIPTION", (), [f"{table.title}. {about}"]
        yield "CONTENTS", (), [table.title]
        yield "UNITS", (), [say(MEASURE_LABELS[Measure.COUNT])]
        yield "STUB", (), [self._row]
        yield "HEADING", (), self._heading()
        if self._measure:
            yield "CONTVARIABLE", (), [self._measure]
        for variable, values in self._values().items():
            yield "VALUES", (variable,), list(values.values())
            yield "CODES", (variable,), list(values)
        yield from self._time()
        if self._measure:
            for measure in self.cells.measures:
                label = say(MEASURE_LABELS[measure])
                yield "UNITS", (label,), [label]
                yield "PRECISION", (self._measure, label), [DECIMALS[measure]]
        if table.column_variable == FIGURE_COLUMNS and self._column:
            for code, label in self._values()[self._column].items():
                yield "PRECISION", (self._column, label), [2 if code.startswith("cost_per") else 0]
        yield "DATASYMBOL1", (), ["."]
        yield "DATASYMBOL2", (), [".."]
        yield from self._notes()

    def _heading(self) -> list[str]:
        """Return the variables of the heading; a table that has none else has its period there."""
        return [name for name in (self._period, self._column, self._measure) if name is not None]

    def _values(self) -> Mapping[str, Mapping[str, str]]:
        """Return the codes and labels of every variable, in the order of stub and heading."""
        found: dict[str, Mapping[str, str]] = {self._row: {line.code: line.label for line in self.cells.lines}}
        if self._period:
            found[self._period] = {self._table.period: self._table.period}
        if self._column:
            found[self._column] = dict(self.cells.columns)
        if self._measure:
            found[self._measure] = {
                measure.value: self._say(MEASURE_LABELS[measure]) for measure in self.cells.measures
            }
        return {name: _distinct(values) for name, values in found.items()}

    def _time(self) -> Iterator[_Keyword]:
        name, codes = self._period, [self._table.period]
        if self._table.is_series:
            name, codes = self._column, [code for code, _ in self.cells.columns]
        if name is not None:
            scale = "TLIST(A1)" if self._table.period_kind is PeriodKind.YEAR else "TLIST(Q1)"
            yield "TIMEVAL", (name,), [_Bare(scale), *(code.replace("Q", "") for code in codes)]

    def _notes(self) -> Iterator[_Keyword]:
        statements = [*about_table(self._publication, self._table), *about_release(self._publication)]
        found = {entry.name: entry.text for entry in statements}
        yield "SOURCE", (), [self._say(SOURCE)]
        yield "CONTACT", (), [found["contact"]]
        yield "SURVEY", (), ["Fyren"]
        urgent = [f"{entry.label}: {entry.text}" for entry in statements if entry.name in _URGENT]
        others = [f"{entry.label}: {entry.text}" for entry in statements if entry.name not in _URGENT]
        # In a PX text, this sign begins a new line.
        yield "NOTEX", (), ["#".join(_plain(text) for text in urgent)]
        yield "NOTE", (), ["#".join(_plain(text) for text in others)]


class _Bare(str):
    """A value that stands without quotation marks."""

    __slots__ = ()


def _distinct(values: Mapping[str, str]) -> dict[str, str]:
    """Return labels that no other code has, as a PX variable needs them."""
    labels = [_plain(label) for label in values.values()]
    return {
        code: f"{label} ({code})" if labels.count(label) > 1 else label
        for code, label in zip(values, labels, strict=True)
    }


def _written(entry: _Keyword, language: str = "") -> Iterator[str]:
    """Yield the lines of a keyword."""
    name, about, values = entry
    suffix = f"[{language}]" if language else ""
    subject = "({})".format(",".join(f'"{_plain(part)}"' for part in about)) if about else ""
    keep_breaks = name in ("NOTE", "NOTEX")
    line = f"{name}{suffix}{subject}="
    for place, value in enumerate(values):
        end = ";" if place == len(values) - 1 else ","
        for number, piece in enumerate(_pieces(value, keep_breaks)):
            # A text goes on in the next line only: side by side, two quotation marks would be one inside of it.
            if number or len(line) + len(piece) + 1 > _LINE:
                yield line
                line = ""
            line += piece
        line += end
    yield line


def _pieces(value: str | int, keep_breaks: bool) -> Iterator[str]:
    """Yield a value in pieces that fit on a line, each with its quotation marks."""
    if isinstance(value, int | _Bare):
        yield str(value)
        return
    text = value if keep_breaks else _plain(value)
    for start in range(0, max(len(text), 1), _PIECE):
        yield f'"{text[start : start + _PIECE]}"'


def _plain(text: str) -> str:
    """Return a text without the signs that mean something in a PX file."""
    return " ".join(text.split()).replace('"', "'").replace("#", "no. ")


def _matrix(name: str) -> str:
    """Return the name itself, or a short one that no other table has."""
    return name if len(name) <= _NAME else f"{name[: _NAME - 7]}_{hashlib.sha256(name.encode()).hexdigest()[:6]}"


def _data(cells: TableCells) -> Iterator[str]:
    for line in cells.lines:
        text = ""
        for figure in _figures(cells, line):
            if len(text) + len(figure) + 1 > _LINE - 1:
                yield text
                text = ""
            text += f" {figure}" if text else figure
        yield text


def _figures(cells: TableCells, line: Line) -> Iterator[str]:
    for place in range(len(cells.columns)):
        for measure in cells.measures:
            yield _figure(cells.content(line, place, measure))


def _figure(content: Content) -> str:
    if content.value is None:
        return '".."' if content.status is Status.WITHHELD else '"."'
    return str(content.value)
