"""Excel workbooks: a sheet to read and print for each table, with contents, metadata and codebook around them."""

from __future__ import annotations

import datetime
import io
import math
import re
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from typing import Final

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from analyst.exports.breaks import statements
from analyst.exports.cells import Content, Kind, Line, Measure, Status
from analyst.exports.description import Statement, about_release, about_table
from analyst.exports.json_stat import MEASURE_LABELS
from analyst.exports.json_stat import NOT_APPLICABLE as ABSENT
from analyst.exports.period_cubes import PeriodCube, PeriodPublication, table_cells
from analyst.exports.publication import Publication
from analyst.translation import Translator, message
from intake_store.codebook import Variable
from intake_store.statistics.released import ReleasedTable
from intake_store.statistics.table_output import WITHHELD

_CONTENTS: Final = message("Contents")
_METADATA: Final = message("Metadata")
_CODEBOOK: Final = message("Codebook")
_STATEMENT: Final = message("Statement")
_TEXT: Final = message("Text")
_ABOVE: Final = ("synthetic", "provisional", "unit", "withheld")
"""Statements that stand above a table; the others stand below it."""

_TITLED: Final = ("title", "population", "layer", "period")
_LONGEST_NAME: Final = 31
_WIDE_TABLE: Final = 7
"""From how many columns on a sheet is printed sideways."""

_MOST_COLUMNS: Final = 6
"""Of how many columns counts and shares stand side by side; of more, the shares stand below the counts."""

_LEAST_COLUMNS: Final = 4
_TEXT_COLUMNS: Final = 8
"""Over how many columns of figures a text goes at most."""

_LABEL_WIDTH: Final = 46
_SECOND_WIDTH: Final = 26
_FIGURE_WIDTH: Final = 12
_FILLED: Final = 1.08
"""How many letters of a text go into the width of one: Excel counts widths in noughts, which are wider than most."""

_ROW_HEIGHT: Final = 15.0
_TITLE_HEIGHT: Final = 20.0

_STYLES: Final[Mapping[str, Mapping[str, object]]] = {
    "title": {"bold": True, "font_size": 14, "text_wrap": True, "valign": "top"},
    "title_line": {"bold": True, "font_size": 14, "valign": "top"},
    "subtitle_line": {"italic": True, "valign": "top"},
    "subtitle": {"italic": True, "text_wrap": True, "valign": "top"},
    "text": {"text_wrap": True, "valign": "top"},
    "strong": {"bold": True, "text_wrap": True, "valign": "top"},
    "head": {"bold": True, "text_wrap": True, "valign": "bottom", "bottom": 1, "align": "right"},
    "head_across": {"bold": True, "text_wrap": True, "valign": "bottom", "bottom": 4, "align": "center"},
    "head_left": {"bold": True, "text_wrap": True, "valign": "bottom", "bottom": 1},
    "label": {"text_wrap": True, "valign": "top"},
    "label_base": {"text_wrap": True, "valign": "top", "bold": True, "top": 1},
    "count": {"num_format": "#,##0", "align": "right", "valign": "top"},
    "count_base": {"num_format": "#,##0", "align": "right", "valign": "top", "bold": True, "top": 1},
    "decimal": {"num_format": "#,##0.00", "align": "right", "valign": "top"},
    "decimal_base": {"num_format": "#,##0.00", "align": "right", "valign": "top", "bold": True, "top": 1},
    "percent": {"num_format": "0.0", "align": "right", "valign": "top"},
    "percent_base": {"num_format": "0.0", "align": "right", "valign": "top", "bold": True, "top": 1},
    "link": {"font_color": "#0b4f8a", "underline": 1, "valign": "top"},
}


def workbook(publication: Publication) -> bytes:
    """Return a workbook of the tables; the same tables give the same bytes, dated by their release."""
    return _Book(publication).made()


def workbook_of_periods(publication: PeriodPublication) -> bytes:
    """Return a workbook of one table over its periods: a sheet for each measure, with a column for each period."""
    say = publication.newest.translator
    cube = PeriodCube(publication.localised(), say)
    said = statements(publication)
    output = io.BytesIO()
    book, style = _opened(output)
    day = max(edition.release.released_on for edition in publication.editions)
    _describe(book, f"Fyren: {cube.table.title}", day, cube.table.title)
    for measure in cube.measures:
        _PeriodSheet(book.add_worksheet(say(MEASURE_LABELS[measure])), style, cube, measure, said, say).write()
    sheet = book.add_worksheet(say(_METADATA))
    heads = [say(head) for head in (_STATEMENT, _TEXT)]
    _text_table(sheet, style, (34, 110), heads, [(entry.label, entry.text) for entry in said], strong=(0,))
    book.close()
    return output.getvalue()


def _opened(output: io.BytesIO) -> tuple[xlsxwriter.Workbook, dict[str, Format]]:
    book = xlsxwriter.Workbook(output, {"in_memory": True, "strings_to_formulas": False, "strings_to_urls": False})
    return book, {name: book.add_format(dict(properties)) for name, properties in _STYLES.items()}


def _describe(book: xlsxwriter.Workbook, title: str, day: datetime.date, comments: str) -> None:
    """Set the properties of a workbook; dated by its release, the same tables give the same bytes."""
    book.set_properties(
        {"title": title, "created": datetime.datetime.combine(day, datetime.time()), "comments": comments}
    )


def _text_table(
    sheet: Worksheet,
    style: Mapping[str, Format],
    widths: Sequence[int],
    heads: Sequence[str],
    lines: Sequence[Sequence[str]],
    strong: Collection[int] = (),
) -> None:
    """Fill a sheet with texts under a head that stays in sight; `strong` are the columns in bold."""
    for place, line in enumerate((heads, *lines)):
        for column, text in enumerate(line):
            name = "head_left" if place == 0 else "strong" if column in strong else "text"
            if text:
                sheet.write_string(place, column, text, style[name])
        sheet.set_row(place, _height(line, widths))
    sheet.freeze_panes(1, 0)
    sheet.repeat_rows(0)
    _set_up(sheet, widths, landscape=True)


def _height(texts: Sequence[str], widths: Sequence[int]) -> float:
    """Return how high a row is in which texts go on in further lines: not every program counts them by itself."""
    pairs = zip(texts, widths, strict=False)
    return _ROW_HEIGHT * max(math.ceil(len(text) / (width * _FILLED)) for text, width in pairs if text)


class _Book:
    def __init__(self, publication: Publication) -> None:
        self._publication = publication
        self._say = publication.translator
        self._tables = publication.localised()
        self._output = io.BytesIO()
        self._book, self._style = _opened(self._output)
        fixed = [self._say(name) for name in (_CONTENTS, _METADATA, _CODEBOOK)]
        self._names = _sheet_names(self._tables, fixed)

    def made(self) -> bytes:
        release, say = self._publication.release, self._say
        title = f"Fyren {release.number}"
        _describe(self._book, title, release.released_on, f"{say(message('Release'))} {title}")
        self._contents(title)
        for table, name in zip(self._tables, self._names, strict=True):
            _Sheet(self._publication, table, self._book.add_worksheet(name), self._style).write()
        self._metadata()
        self._codebook()
        self._book.close()
        return self._output.getvalue()

    def _contents(self, title: str) -> None:
        say, style = self._say, self._style
        sheet = self._book.add_worksheet(say(_CONTENTS))
        widths = (32, 76, 48, 10)
        sheet.write_string(0, 0, title, style["title_line"])
        sheet.set_row(0, _TITLE_HEIGHT)
        place = 2
        for entry in about_release(self._publication):
            sheet.write_string(place, 0, entry.label, style["strong"])
            sheet.merge_range(place, 1, place, 3, "", style["text"])
            sheet.write_string(place, 1, entry.text, style["text"])
            sheet.set_row(place, _height((entry.label, entry.text), (widths[0], sum(widths[1:]))))
            place += 1
        place += 1
        heads = (message("Sheet"), message("Title"), message("Population"), message("Period"))
        for column, head in enumerate(heads):
            sheet.write_string(place, column, say(head), style["head_left"])
        for table, name in zip(self._tables, self._names, strict=True):
            place += 1
            sheet.write_url(place, 0, f"internal:'{name}'!A1", style["link"], name)
            population = ", ".join([table.population_label, *((table.layer[1],) if table.layer else ())])
            texts = (table.title, population, table.period)
            for column, text in enumerate(texts, 1):
                sheet.write_string(place, column, text, style["text"])
            sheet.set_row(place, _height(texts, widths[1:]))
        _set_up(sheet, widths, landscape=True)

    def _metadata(self) -> None:
        say, style = self._say, self._style
        sheet = self._book.add_worksheet(say(_METADATA))
        found: list[tuple[str, Statement]] = [("", entry) for entry in about_release(self._publication)]
        for table, name in zip(self._tables, self._names, strict=True):
            found += [(name, entry) for entry in about_table(self._publication, table)]
        heads = [say(head) for head in (message("Sheet"), _STATEMENT, _TEXT)]
        lines = [(name, entry.label, entry.text) for name, entry in found]
        _text_table(sheet, style, (32, 34, 100), heads, lines, strong=(1,))

    def _codebook(self) -> None:
        say, style = self._say, self._style
        sheet = self._book.add_worksheet(say(_CODEBOOK))
        heads = (message("Variable"), message("Label"), message("Code"), message("Code label"), message("Definition"))
        lines = []
        for variable in self._variables():
            lines.append((variable.name, say(variable.label), "", "", say(variable.definition)))
            for code in variable.codes:
                definition = say(code.definition) if code.definition else ""
                lines.append((variable.name, "", code.code, say(code.label), definition))
        _text_table(sheet, style, (22, 30, 22, 44, 70), [say(head) for head in heads], lines, strong=(1,))

    def _variables(self) -> list[Variable]:
        used = {name for table in self._tables for name in (table.row_variable, table.column_variable)}
        return [variable for name, variable in self._publication.codebook.variables.items() if name in used]


class _Sheet:
    """One table on its sheet: title, what to know first, the figures, and the notes."""

    def __init__(
        self, publication: Publication, table: ReleasedTable, sheet: Worksheet, style: Mapping[str, Format]
    ) -> None:
        say = publication.translator
        self._say = say
        self._table = table
        self._sheet = sheet
        self._style = style
        self._cells = table_cells(table, say)
        self._about = [entry for entry in about_table(publication, table) if entry.name not in _TITLED]
        self._of_release = [entry for entry in about_release(publication) if entry.name != "synthetic"]
        measures = [measure for measure in self._cells.measures if measure is not Measure.MEAN]
        stacked = len(self._cells.columns) > _MOST_COLUMNS
        self._blocks = [[measure] for measure in measures] if stacked else [measures]
        # A narrow table leaves its texts room enough to be read.
        self._width = max(len(self._cells.columns) * len(self._blocks[0]), _LEAST_COLUMNS)

    def write(self) -> None:
        table, sheet = self._table, self._sheet
        self._across(0, table.title, "title", _TITLE_HEIGHT)
        parts = [table.population_label, *((table.layer[1],) if table.layer else ()), table.period]
        self._across(1, ". ".join(parts), "subtitle")
        place = 2
        for entry in self._about:
            if entry.name in _ABOVE:
                self._across(place, f"{entry.label}: {entry.text}", "text")
                place += 1
        place += 1
        for number, measures in enumerate(self._blocks):
            head = place
            first = self._head(head, measures)
            if number == 0:
                sheet.freeze_panes(first, 1)
                sheet.repeat_rows(head, first - 1)
            place = self._lines(first, measures) + 1
        below = [entry for entry in self._about if entry.name not in _ABOVE]
        for entry in (*below, *self._of_release):
            self._across(place, f"{entry.label}: {entry.text}", "text")
            place += 1
        sheet.repeat_columns(0)
        _set_up(sheet, (_LABEL_WIDTH, *(_FIGURE_WIDTH,) * self._width), landscape=self._width >= _WIDE_TABLE)
        sheet.print_area(0, 0, place - 1, self._width)

    def _across(self, place: int, text: str, style: str, height: float = _ROW_HEIGHT) -> None:
        """Write a text over the whole width of the table, in as many lines as it takes: Excel does not count them."""
        letters = (_LABEL_WIDTH + _FIGURE_WIDTH * min(self._width, _TEXT_COLUMNS)) * _FILLED
        lines = math.ceil(len(text) * height / _ROW_HEIGHT / letters)
        self._sheet.merge_range(place, 0, place, min(self._width, _TEXT_COLUMNS), "", self._style[style])
        self._sheet.write_string(place, 0, text, self._style[style])
        self._sheet.set_row(place, height * lines)

    def _head(self, place: int, measures: Sequence[Measure]) -> int:
        """Write the head; return the first place below it. A second line names the measures, where there are two."""
        sheet, style = self._sheet, self._style
        step, columns = len(measures), [label for _, label in self._cells.columns]
        names = [self._say(MEASURE_LABELS[measure]) for measure in measures]
        row_label = self._table.row_label
        if len(self._blocks) > 1:
            row_label = f"{row_label} ({names[0]})"
        sheet.write_string(place, 0, row_label, style["head_left"])
        for index, label in enumerate(columns):
            column = 1 + index * step
            if step > 1:
                sheet.merge_range(place, column, place, column + step - 1, "", style["head_across"])
            sheet.write_string(place, column, label, style["head_across" if step > 1 else "head"])
        sheet.set_row(place, _height([row_label, *columns], [_LABEL_WIDTH, *(_FIGURE_WIDTH * step,) * len(columns)]))
        if step == 1:
            return place + 1
        sheet.write_string(place + 1, 0, "", style["head_left"])
        for index in range(len(columns)):
            for offset, label in enumerate(names):
                sheet.write_string(place + 1, 1 + index * step + offset, label, style["head"])
        sheet.set_row(place + 1, _height(names, [_FIGURE_WIDTH] * step))
        return place + 2

    def _lines(self, place: int, measures: Sequence[Measure]) -> int:
        """Write the lines that these measures can be of; return the first place below them."""
        for line in self._cells.lines:
            if Measure.COUNT in measures or line.kind in (Kind.CODE, Kind.BASE):
                self._line(place, line, measures)
                place += 1
            if line.kind is Kind.BASE and self._table.means is not None and Measure.COUNT in measures:
                self._means(place, len(measures))
                place += 1
        return place

    def _line(self, place: int, line: Line, measures: Sequence[Measure]) -> None:
        mark = "_base" if line.kind is Kind.BASE else ""
        self._sheet.write_string(place, 0, line.label, self._style[f"label{mark}"])
        self._sheet.set_row(place, _height([line.label], [_LABEL_WIDTH]))
        column = 1
        for index in range(len(self._cells.columns)):
            for measure in measures:
                content = self._cells.content(line, index, measure)
                name = "percent" if measure is Measure.PERCENT else _number_style(content)
                self._figure(place, column, content, self._style[f"{name}{mark}"])
                column += 1

    def _means(self, place: int, step: int) -> None:
        means = self._table.means
        assert means is not None
        self._sheet.write_string(place, 0, means.label, self._style["label"])
        base = next(line for line in self._cells.lines if line.kind is Kind.BASE)
        for index in range(len(self._cells.columns)):
            content = self._cells.content(base, index, Measure.MEAN)
            self._figure(place, 1 + index * step, content, self._style["decimal"])

    def _figure(self, place: int, column: int, content: Content, style: Format) -> None:
        if content.value is not None:
            self._sheet.write_number(place, column, content.value, style)
        elif content.status is Status.WITHHELD:
            self._sheet.write_string(place, column, WITHHELD, style)


class _PeriodSheet:
    """One measure of a table over its periods: a line for each row and column, and a column for each period."""

    def __init__(
        self,
        sheet: Worksheet,
        style: Mapping[str, Format],
        cube: PeriodCube,
        measure: Measure,
        said: Sequence[Statement],
        say: Translator,
    ) -> None:
        self._sheet = sheet
        self._style = style
        self._cube = cube
        self._measure = measure
        self._said = said
        self._say = say
        self._labels = 2 if len(cube.columns) > 1 else 1

    def write(self) -> None:
        cube, sheet, table = self._cube, self._sheet, self._cube.table
        measure = self._say(MEASURE_LABELS[self._measure])
        sheet.write_string(0, 0, f"{table.title}. {measure}", self._style["title_line"])
        about = [table.population_label, *((table.layer[1],) if table.layer else ())]
        sheet.write_string(1, 0, ". ".join(about), self._style["subtitle_line"])
        place = 2
        for entry in self._said:
            if entry.name in (*_ABOVE, "withheld_sign", "absent_sign", "break"):
                sheet.write_string(place, 0, f"{entry.label}: {entry.text}")
                place += 1
        head = place + 1
        heads = [table.row_label, *([table.column_label or ""] if self._labels > 1 else [])]
        for column, label in enumerate(heads):
            sheet.write_string(head, column, label, self._style["head_left"])
        for column, period in enumerate(cube.periods, self._labels):
            sheet.write_string(head, column, period, self._style["head"])
        place = head + 1
        for line in cube.lines:
            for column in range(len(cube.columns)):
                place += self._line(place, line, column)
        sheet.freeze_panes(head + 1, self._labels)
        sheet.repeat_rows(head)
        sheet.repeat_columns(0, self._labels - 1)
        sheet.autofilter(head, 0, max(place - 1, head), self._labels + len(cube.periods) - 1)
        widths = (_LABEL_WIDTH, *(_SECOND_WIDTH,) * (self._labels - 1), *(_FIGURE_WIDTH,) * len(cube.periods))
        _set_up(sheet, widths, landscape=len(cube.periods) >= _WIDE_TABLE - 2)

    def _line(self, place: int, line: Line, column: int) -> int:
        """Write the figures of a row and column; return how many lines were written: none where none can be."""
        cube = self._cube
        found = [cube.content(line, period, column, self._measure) for period in range(len(cube.periods))]
        if all(content.status is Status.NOT_APPLICABLE for content in found):
            return 0
        mark = "_base" if line.kind is Kind.BASE and column == 0 else ""
        self._sheet.write_string(place, 0, line.label, self._style[f"label{mark}"])
        self._sheet.set_row(place, _height([line.label, cube.columns[column][1]], [_LABEL_WIDTH, _SECOND_WIDTH]))
        if self._labels > 1:
            self._sheet.write_string(place, 1, cube.columns[column][1], self._style[f"label{mark}"])
        for period, content in enumerate(found, self._labels):
            name = "percent" if self._measure is Measure.PERCENT else _number_style(content)
            style = self._style[f"{name}{mark}"]
            if content.value is not None:
                self._sheet.write_number(place, period, content.value, style)
            else:
                sign = WITHHELD if content.status is Status.WITHHELD else ABSENT
                self._sheet.write_string(place, period, sign, style)
        return 1


def _number_style(content: Content) -> str:
    return "decimal" if isinstance(content.value, float) else "count"


def _set_up(sheet: Worksheet, widths: Sequence[int], *, landscape: bool) -> None:
    """Set column widths, and print on A4, as many pages long as it takes and one wide."""
    for column, width in enumerate(widths):
        sheet.set_column(column, column, width)
    sheet.set_paper(9)
    if landscape:
        sheet.set_landscape()
    sheet.fit_to_pages(1, 0)
    sheet.set_footer("&L&A&R&P / &N")
    sheet.hide_gridlines(2)


def _sheet_names(tables: Sequence[ReleasedTable], taken: Sequence[str]) -> list[str]:
    """Return a name for each table's sheet, as Excel takes it: 31 letters, without some signs, no two alike.

    Tables of several populations or parts are told apart by them.
    """
    names: list[str] = []
    seen = {name.casefold() for name in taken}
    shared = Counter(table.name.casefold() for table in tables)
    for table in tables:
        parts = [table.name, table.population, table.layer[0] if table.layer else ""]
        whole = ".".join(filter(None, parts)) if shared[table.name.casefold()] > 1 else table.name
        plain = re.sub(r"[\[\]:*?/\\']", "_", whole)
        name, number = plain[:_LONGEST_NAME], 1
        while name.casefold() in seen:
            number += 1
            end = f" {number}"
            name = plain[: _LONGEST_NAME - len(end)] + end
        seen.add(name.casefold())
        names.append(name)
    return names
