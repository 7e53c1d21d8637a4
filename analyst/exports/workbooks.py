"""Excel workbooks: a sheet to read and print for each table, with contents, metadata and codebook around them."""

from __future__ import annotations

import datetime
import io
import math
import re
from collections.abc import Mapping, Sequence
from typing import Final

import xlsxwriter
from xlsxwriter.format import Format
from xlsxwriter.worksheet import Worksheet

from analyst.exports.cells import Content, Kind, Line, Measure, Status, TableCells
from analyst.exports.csv_files import ALL_RESPONSES, EVERYONE
from analyst.exports.description import Statement, about_release, about_table
from analyst.exports.json_stat import MEASURE_LABELS
from analyst.exports.publication import Publication
from analyst.translation import message
from intake_store.codebook import Variable
from intake_store.statistics.released import ReleasedTable
from intake_store.statistics.table_output import WITHHELD

_CONTENTS: Final = message("Contents")
_METADATA: Final = message("Metadata")
_CODEBOOK: Final = message("Codebook")
_ABOVE: Final = ("synthetic", "provisional", "unit", "withheld")
"""Statements that stand above a table; the others stand below it."""

_TITLED: Final = ("title", "population", "layer", "period")
_LONGEST_NAME: Final = 31
_WIDE_TABLE: Final = 7
"""From how many columns on a sheet is printed sideways."""

_LEAST_COLUMNS: Final = 4
_TEXT_COLUMNS: Final = 8
"""Over how many columns of figures a text goes at most."""

_LABEL_WIDTH: Final = 46
_FIGURE_WIDTH: Final = 12
_ROW_HEIGHT: Final = 15.0
_TITLE_HEIGHT: Final = 20.0

_STYLES: Final[Mapping[str, Mapping[str, object]]] = {
    "title": {"bold": True, "font_size": 14, "text_wrap": True, "valign": "top"},
    "subtitle": {"italic": True, "text_wrap": True, "valign": "top"},
    "text": {"text_wrap": True, "valign": "top"},
    "strong": {"bold": True, "text_wrap": True, "valign": "top"},
    "head": {"bold": True, "text_wrap": True, "valign": "bottom", "bottom": 1, "align": "right"},
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


class _Book:
    def __init__(self, publication: Publication) -> None:
        self._publication = publication
        self._say = publication.translator
        self._tables = publication.localised()
        self._output = io.BytesIO()
        self._book = xlsxwriter.Workbook(self._output, {"in_memory": True, "strings_to_formulas": False})
        self._style: dict[str, Format] = {
            name: self._book.add_format(dict(properties)) for name, properties in _STYLES.items()
        }
        fixed = [self._say(name) for name in (_CONTENTS, _METADATA, _CODEBOOK)]
        self._names = _sheet_names(self._tables, fixed)

    def made(self) -> bytes:
        release, say = self._publication.release, self._say
        title = f"Fyren {release.number}"
        day = datetime.datetime.combine(release.released_on, datetime.time())
        self._book.set_properties({"title": title, "created": day, "comments": f"{say(message('Release'))} {title}"})
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
        sheet.write_string(0, 0, title, style["title"])
        place = 2
        for entry in about_release(self._publication):
            sheet.write_string(place, 0, entry.label, style["strong"])
            sheet.write_string(place, 1, entry.text, style["text"])
            place += 1
        place += 1
        heads = (message("Sheet"), message("Title"), message("Population"), message("Period"))
        for column, head in enumerate(heads):
            sheet.write_string(place, column, say(head), style["head_left"])
        for table, name in zip(self._tables, self._names, strict=True):
            place += 1
            sheet.write_url(place, 0, f"internal:'{name}'!A1", style["link"], name)
            population = ", ".join([table.population_label, *((table.layer[1],) if table.layer else ())])
            for column, text in enumerate((table.title, population, table.period), 1):
                sheet.write_string(place, column, text, style["text"])
        _set_up(sheet, (32, 70, 44, 10), landscape=True)

    def _metadata(self) -> None:
        say, style = self._say, self._style
        sheet = self._book.add_worksheet(say(_METADATA))
        for column, head in enumerate((message("Sheet"), message("Statement"), message("Text"))):
            sheet.write_string(0, column, say(head), style["head_left"])
        found: list[tuple[str, Statement]] = [("", entry) for entry in about_release(self._publication)]
        for table, name in zip(self._tables, self._names, strict=True):
            found += [(name, entry) for entry in about_table(self._publication, table)]
        for place, (name, entry) in enumerate(found, 1):
            sheet.write_string(place, 0, name, style["text"])
            sheet.write_string(place, 1, entry.label, style["strong"])
            sheet.write_string(place, 2, entry.text, style["text"])
        sheet.freeze_panes(1, 0)
        sheet.repeat_rows(0)
        _set_up(sheet, (32, 24, 100), landscape=True)

    def _codebook(self) -> None:
        say, style = self._say, self._style
        sheet = self._book.add_worksheet(say(_CODEBOOK))
        heads = (message("Variable"), message("Label"), message("Code"), message("Code label"), message("Definition"))
        for column, head in enumerate(heads):
            sheet.write_string(0, column, say(head), style["head_left"])
        place = 1
        for variable in self._variables():
            sheet.write_string(place, 0, variable.name, style["strong"])
            sheet.write_string(place, 1, say(variable.label), style["strong"])
            sheet.write_string(place, 4, say(variable.definition), style["text"])
            place += 1
            for code in variable.codes:
                sheet.write_string(place, 0, variable.name, style["text"])
                sheet.write_string(place, 2, code.code, style["text"])
                sheet.write_string(place, 3, say(code.label), style["text"])
                sheet.write_string(place, 4, say(code.definition) if code.definition else "", style["text"])
                place += 1
        sheet.freeze_panes(1, 0)
        sheet.repeat_rows(0)
        _set_up(sheet, (22, 30, 20, 44, 70), landscape=True)

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
        self._cells = TableCells(table, say(ALL_RESPONSES), say(EVERYONE))
        self._about = [entry for entry in about_table(publication, table) if entry.name not in _TITLED]
        self._of_release = [entry for entry in about_release(publication) if entry.name != "synthetic"]
        self._measures = [measure for measure in self._cells.measures if measure is not Measure.MEAN]
        # A narrow table leaves its texts room enough to be read.
        self._width = max(len(self._cells.columns) * len(self._measures), _LEAST_COLUMNS)

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
        head = place + 1
        first = self._head(head)
        place = first
        for line in self._cells.lines:
            self._line(place, line)
            place += 1
            if line.kind is Kind.BASE and table.means is not None:
                self._means(place)
                place += 1
        place += 1
        below = [entry for entry in self._about if entry.name not in _ABOVE]
        for entry in (*below, *self._of_release):
            self._across(place, f"{entry.label}: {entry.text}", "text")
            place += 1
        sheet.freeze_panes(first, 1)
        sheet.repeat_rows(head, first - 1)
        sheet.repeat_columns(0)
        _set_up(sheet, (_LABEL_WIDTH, *(_FIGURE_WIDTH,) * self._width), landscape=self._width >= _WIDE_TABLE)
        sheet.print_area(0, 0, place - 1, self._width)

    def _across(self, place: int, text: str, style: str, height: float = _ROW_HEIGHT) -> None:
        """Write a text over the whole width of the table, in as many lines as it takes: Excel does not count them."""
        letters = _LABEL_WIDTH + _FIGURE_WIDTH * min(self._width, _TEXT_COLUMNS)
        lines = math.ceil(len(text) * height / _ROW_HEIGHT / letters)
        self._sheet.merge_range(place, 0, place, min(self._width, _TEXT_COLUMNS), "", self._style[style])
        self._sheet.write_string(place, 0, text, self._style[style])
        self._sheet.set_row(place, height * lines)

    def _head(self, place: int) -> int:
        """Write the head; return the first place below it. Where there are shares, it has a second line."""
        sheet, style = self._sheet, self._style
        sheet.write_string(place, 0, self._table.row_label, style["head_left"])
        step = len(self._measures)
        for index, (_, label) in enumerate(self._cells.columns):
            column = 1 + index * step
            if step > 1:
                sheet.merge_range(place, column, place, column + step - 1, "", style["head"])
            sheet.write_string(place, column, label, style["head"])
        if step == 1:
            return place + 1
        sheet.write_string(place + 1, 0, "", style["head_left"])
        for index in range(len(self._cells.columns)):
            for offset, measure in enumerate(self._measures):
                label = self._say(MEASURE_LABELS[measure])
                sheet.write_string(place + 1, 1 + index * step + offset, label, style["head"])
        return place + 2

    def _line(self, place: int, line: Line) -> None:
        mark = "_base" if line.kind is Kind.BASE else ""
        self._sheet.write_string(place, 0, line.label, self._style[f"label{mark}"])
        column = 1
        for index in range(len(self._cells.columns)):
            for measure in self._measures:
                content = self._cells.content(line, index, measure)
                name = "percent" if measure is Measure.PERCENT else _number_style(content)
                self._figure(place, column, content, self._style[f"{name}{mark}"])
                column += 1

    def _means(self, place: int) -> None:
        means = self._table.means
        assert means is not None
        self._sheet.write_string(place, 0, means.label, self._style["label"])
        base = next(line for line in self._cells.lines if line.kind is Kind.BASE)
        for index in range(len(self._cells.columns)):
            content = self._cells.content(base, index, Measure.MEAN)
            self._figure(place, 1 + index * len(self._measures), content, self._style["decimal"])

    def _figure(self, place: int, column: int, content: Content, style: Format) -> None:
        if content.value is not None:
            self._sheet.write_number(place, column, content.value, style)
        elif content.status is Status.WITHHELD:
            self._sheet.write_string(place, column, WITHHELD, style)


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
    """Return a name for each table's sheet, as Excel takes it: 31 letters, without some signs, no two alike."""
    names: list[str] = []
    seen = {name.casefold() for name in taken}
    for table in tables:
        plain = re.sub(r"[\[\]:*?/\\']", "_", table.name)
        name, number = plain[:_LONGEST_NAME], 1
        while name.casefold() in seen:
            number += 1
            end = f" {number}"
            name = plain[: _LONGEST_NAME - len(end)] + end
        seen.add(name.casefold())
        names.append(name)
    return names
