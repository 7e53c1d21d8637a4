"""PX files (PC-Axis file format, AXIS-VERSION 2013, Statistics Sweden): one table in each, in every language there is.

Lines are at most 256 characters long; a longer text goes on in quotation marks of its own, but a name or a value of a
list never does. Keywords stand in the order that the format recommends. In the data, `".."` is a withheld figure and
`"."` a cell that cannot have one.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final

from analyst.exports.breaks import breaks, statements
from analyst.exports.cells import FIGURE_COLUMNS, Content, Measure, Status
from analyst.exports.description import SOURCE
from analyst.exports.json_stat import (
    DECIMALS,
    MEASURE,
    MEASURE_LABEL,
    MEASURE_LABELS,
    PERIOD,
    PERIOD_LABEL,
    column_name,
)
from analyst.exports.period_cubes import EVERYONE, PeriodCube, PeriodPublication
from analyst.exports.publication import Publication
from analyst.translation import message
from intake_store.statistics.declarations import PeriodKind, Theme
from intake_store.statistics.geography import COUNTY, REGION
from intake_store.statistics.released import QUARTER_COLUMNS, TOTAL
from intake_store.statistics.table_output import WITHHELD

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

_LONGEST_NAME: Final = 150
"""Of a variable or a value: a name stands on one line, in brackets also with another name beside it."""

_URGENT: Final = (
    "synthetic",
    "provisional",
    "withheld",
    "withheld_sign",
    "absent_sign",
    "break",
    "noise",
    "rounding",
    "unit",
)
"""Statements that a reader of the file is shown before the table."""

_WITHOUT_LANGUAGE: Final = (
    "CREATION-DATE",
    "TABLEID",
    "DECIMALS",
    "SHOWDECIMALS",
    "MATRIX",
    "AGGREGALLOWED",
    "SUBJECT-CODE",
    "LAST-UPDATED",
    "SURVEY",
    "OFFICIAL-STATISTICS",
    "DATASYMBOL1",
    "DATASYMBOL2",
)
"""Keywords that are the same in every language, and stand once."""

_Keyword = tuple[str, tuple[str, ...], Sequence[str | int]]
"""A keyword, the names it is about, and its values: texts in quotation marks, whole numbers and bare words without."""

_TIME: Final = "Time"
_GEOGRAPHICAL: Final = "Geographical"
_CONTENT: Final = "Content"
_CLASSIFICATION: Final = "Classificatory"


def px(publication: Publication) -> bytes:
    """Return a PX file of one table.

    The publication's language is the file's own, and all others stand beside it. Raises `ValueError` for several
    tables or none.
    """
    if len(publication.tables) != 1:
        raise ValueError(f"A PX file holds one table, not {len(publication.tables)}.")
    return px_of_periods(PeriodPublication.of_one(publication))


def px_of_periods(publication: PeriodPublication) -> bytes:
    """Return a PX file of one table over its periods, which are the values of its time variable."""
    own_language = publication.newest.language
    others = [language for language in publication.newest.translators if language != own_language]
    texts = {language: _Texts(publication.in_language(language), language) for language in (own_language, *others)}
    lines = ['CHARSET="ANSI";', 'AXIS-VERSION="2013";', 'CODEPAGE="utf-8";']
    lines += _written(("LANGUAGE", (), [own_language]))
    if others:
        lines += _written(("LANGUAGES", (), list(texts)))
    keywords = {language: list(text.keywords()) for language, text in texts.items()}
    for place, entry in enumerate(keywords[own_language]):
        lines += _written(entry)
        if entry[0] not in _WITHOUT_LANGUAGE:
            for language in others:
                lines += _written(keywords[language][place], language)
    lines.append("DATA=")
    lines += _data(texts[own_language].cube)
    lines[-1] = lines[-1].rstrip() + ";"
    return "".join(f"{line}\r\n" for line in lines).encode()


class _Texts:
    """The keywords of a file in one language."""

    def __init__(self, publication: PeriodPublication, language: str) -> None:
        self._publication = publication
        self._say = say = publication.newest.translator
        editions = publication.localised()
        self._newest = editions[-1]
        self.cube = PeriodCube(editions, say)
        self._table = self.cube.table
        self._row, self._period, self._column, self._measure = self._variables()

    def _variables(self) -> tuple[str, str, str | None, str | None]:
        """Return the names of the variables, as far as the table has them, each another one."""
        table, say = self._table, self._say
        wanted = [
            table.row_label,
            (table.column_label if self.cube.is_series else None) or say(PERIOD_LABEL),
            (table.column_label or table.column_variable or say(EVERYONE)) if column_name(self.cube) else None,
            say(MEASURE_LABEL) if len(self.cube.measures) > 1 else None,
        ]
        names = [None if name is None else _name(name) for name in wanted]
        row, period, column, measure = (
            f"{name} ({place})" if name is not None and name in names[:place] else name
            for place, name in enumerate(names)
        )
        assert row is not None
        assert period is not None
        return row, period, column, measure

    def keywords(self) -> Iterator[_Keyword]:
        """Yield all keywords but those of the whole file, as many in every language."""
        release, table, say = self._newest.release, self._table, self._say
        parts = [table.name, *filter(None, [table.population, table.layer[0] if table.layer else ""])]
        several = len(self._publication.editions) > 1
        periods = f"{self.cube.periods[0]}–{self.cube.periods[-1]}" if several else self._newest.table.period
        about = ", ".join([table.population_label, *((table.layer[1],) if table.layer else ()), periods])
        day = max(edition.release.released_on for edition in self._publication.editions)
        yield "CREATION-DATE", (), [f"{day:%Y%m%d} 00:00"]
        yield "TABLEID", (), ["-".join(parts if several else (release.number, *parts))]
        yield "DECIMALS", (), [max(DECIMALS.values())]
        yield "SHOWDECIMALS", (), [0]
        yield "MATRIX", (), [_matrix("-".join(parts))]
        # Shares, and rows of which one response can give several, do not add up; nor do withheld figures.
        yield "AGGREGALLOWED", (), [_Bare("NO")]
        yield "SUBJECT-CODE", (), [table.theme.value]
        yield "SUBJECT-AREA", (), [say(THEME_LABELS[table.theme])]
        yield "DESCRIPTION", (), [f"{table.title}. {about}"]
        yield "TITLE", (), [f"{table.title}. {about}"]
        yield "CONTENTS", (), [table.title]
        yield "STUB", (), [self._row]
        yield "HEADING", (), [name for name in (self._period, self._column, self._measure) if name is not None]
        if self._measure:
            yield "CONTVARIABLE", (), [self._measure]
        yield from self._of_variables()
        yield "LAST-UPDATED", (), [f"{day:%Y%m%d} 00:00"]
        yield from self._notes()

    def _of_variables(self) -> Iterator[_Keyword]:
        cube, table, values = self.cube, self._table, self._values()
        labels = {measure: self._say(MEASURE_LABELS[measure]) for measure in cube.measures}
        for variable, found in values.items():
            yield "VALUES", (variable,), list(found.values())
        yield "UNITS", (), [self._say(MEASURE_LABELS[Measure.COUNT])]
        if self._measure:
            for label in labels.values():
                yield "UNITS", (label,), [label]
        scale = "TLIST(A1)" if table.period_kind is PeriodKind.YEAR and not cube.is_series else "TLIST(Q1)"
        yield "TIMEVAL", (self._period,), [_Bare(scale), *(period.replace("Q", "") for period in cube.periods)]
        for variable, found in values.items():
            yield "CODES", (variable,), list(found)
        for variable, (kind, _) in self._kinds().items():
            yield "VARIABLE-TYPE", (variable,), [kind]
        for variable, (_, code) in self._kinds().items():
            yield "VARIABLECODE", (variable,), [code]
        if self._column and TOTAL in values[self._column]:
            # Whoever does not choose a column gets that of all, and never a sum.
            yield "ELIMINATION", (self._column,), [values[self._column][TOTAL]]
        if self._measure:
            for measure, label in labels.items():
                yield "PRECISION", (self._measure, label), [DECIMALS[measure]]
        if table.column_variable == FIGURE_COLUMNS and self._column:
            for code, label in values[self._column].items():
                yield "PRECISION", (self._column, label), [2 if code.startswith("cost_per") else 0]

    def _kinds(self) -> Mapping[str, tuple[str, str]]:
        """Return the type and the code of every variable."""
        table = self._table
        found = {
            self._row: (_kind(table.row_variable), table.row_variable),
            self._period: (_TIME, QUARTER_COLUMNS if self.cube.is_series else PERIOD),
        }
        if self._column:
            name = column_name(self.cube) or ""
            found[self._column] = (_kind(name), name)
        if self._measure:
            found[self._measure] = (_CONTENT, MEASURE)
        return found

    def _values(self) -> Mapping[str, Mapping[str, str]]:
        """Return the codes and labels of every variable, in the order of stub and heading."""
        cube = self.cube
        found: dict[str, Mapping[str, str]] = {
            self._row: {line.code: line.label for line in cube.lines},
            self._period: {period: period for period in cube.periods},
        }
        if self._column:
            found[self._column] = dict(cube.columns)
        if self._measure:
            found[self._measure] = {measure.value: self._say(MEASURE_LABELS[measure]) for measure in cube.measures}
        return {name: _distinct(values) for name, values in found.items()}

    def _notes(self) -> Iterator[_Keyword]:
        said = statements(self._publication)
        contact = next(entry.text for entry in said if entry.name == "contact")
        yield "CONTACT", (), [contact]
        yield "SOURCE", (), [self._say(SOURCE)]
        yield "SURVEY", (), ["Fyren"]
        yield "OFFICIAL-STATISTICS", (), [_Bare("NO")]
        urgent = [f"{entry.label}: {entry.text}" for entry in said if entry.name in _URGENT]
        others = [f"{entry.label}: {entry.text}" for entry in said if entry.name not in _URGENT]
        # In a PX text, this sign begins a new line.
        yield "NOTEX", (), ["#".join(_plain(text) for text in urgent)]
        yield "NOTE", (), ["#".join(_plain(text) for text in others)]
        for period, found in groupby(breaks(self._publication), lambda entry: entry.period):
            if period in self.cube.periods:
                yield "VALUENOTEX", (self._period, period), ["#".join(_plain(entry.text) for entry in found)]
        yield "DATASYMBOL1", (), ["."]
        yield "DATASYMBOL2", (), [WITHHELD]


def _kind(variable: str) -> str:
    return _GEOGRAPHICAL if variable in (COUNTY, REGION) else _CLASSIFICATION


class _Bare(str):
    """A value that stands without quotation marks."""

    __slots__ = ()


def _distinct(values: Mapping[str, str]) -> dict[str, str]:
    """Return labels that no other code has, as a PX variable needs them."""
    labels = [_name(label) for label in values.values()]
    return {
        code: f"{label} ({code})" if labels.count(label) > 1 else label
        for code, label in zip(values, labels, strict=True)
    }


def _written(entry: _Keyword, language: str = "") -> Iterator[str]:
    """Yield the lines of a keyword."""
    name, about, values = entry
    suffix = f"[{language}]" if language else ""
    subject = "({})".format(",".join(f'"{_plain(part)}"' for part in about)) if about else ""
    keep_breaks = "NOTE" in name
    line = f"{name}{suffix}{subject}="
    values = [_name(value) if len(values) > 1 and not isinstance(value, int | _Bare) else value for value in values]
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


def _name(text: str) -> str:
    """Return a text that can name a variable or a value: it stands on one line, and in brackets."""
    plain = _plain(text).replace(";", ",")
    return plain if len(plain) <= _LONGEST_NAME else f"{plain[: _LONGEST_NAME - 1]}…"


def _matrix(name: str) -> str:
    """Return the name itself, or a short one that no other table has."""
    return name if len(name) <= _NAME else f"{name[: _NAME - 7]}_{hashlib.sha256(name.encode()).hexdigest()[:6]}"


def _data(cube: PeriodCube) -> Iterator[str]:
    """Yield the lines of the data; a row that does not end with its line goes on in the next one."""
    for line in cube.lines:
        text = ""
        for period in range(len(cube.periods)):
            for column in range(len(cube.columns)):
                for measure in cube.measures:
                    figure = _figure(cube.content(line, period, column, measure))
                    if len(text) + len(figure) + 1 > _LINE:
                        yield text
                        text = ""
                    text += f"{figure} "
        yield text


def _figure(content: Content) -> str:
    if content.value is None:
        return f'"{WITHHELD}"' if content.status is Status.WITHHELD else '"."'
    return str(content.value)
