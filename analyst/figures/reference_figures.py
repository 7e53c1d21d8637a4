"""Reference figures from studies, authorities and organisations, and where each may stand.

They stand beside tables as text or as a mark of their own. None is ever drawn in one line with a table or with another
figure; `never_with` names those that look alike and are not.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from content_files import ContentError, ContentProblem, YamlFile, load_model
from intake_store.codebook import Codebook
from intake_store.statistics.declarations import USAGE_FIELDS, Theme
from intake_store.statistics.released import ReleasedTable

REFERENCE_FIGURES: Final = Path(__file__).parent / "reference_figures.yml"
"""The figures that come with the program."""

_Id = Annotated[str, StringConstraints(pattern=r"^R[1-9][0-9]*$")]
_Sentence = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]


class _Entry(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class FigureValue(_Entry):
    """A number of a figure: for which group, in which unit, and in words if it is not exact."""

    group: _Sentence
    value: int | float
    unit: _Sentence
    note: str = ""


class Place(_Entry):
    """Which tables a figure may stand beside: those of a theme, or of these only some.

    `variable` is the one that the rows are of, of the codebook or of usage; `codes` are rows that have to be there.
    """

    theme: Theme
    variable: str = ""
    codes: tuple[str, ...] = ()
    populations: tuple[str, ...] = ()

    def holds(self, table: ReleasedTable) -> bool:
        """Tell whether a table is one of them: it counts the variable, and at least one of the codes."""
        if table.theme is not self.theme or (self.populations and table.population not in self.populations):
            return False
        if not self.variable:
            return True
        # What the columns are is not what a table is about.
        shown = {row.code for row in table.rows}
        return self.variable == table.row_variable and (not self.codes or not shown.isdisjoint(self.codes))


class ReferenceFigure(_Entry):
    """A figure in words, whom and when it is about, where it is from, and what to beware of.

    `year` is text, because some figures span years; without it the year is not known. Texts are English message ids,
    the source is not translated.
    """

    id: _Id
    figure: _Sentence
    population: _Sentence
    year: str = ""
    source: _Sentence
    warning: _Sentence
    values: tuple[FigureValue, ...] = ()
    beside: tuple[Place, ...] = Field(min_length=1)
    never_with: tuple[_Id, ...] = ()

    def stands_beside(self, table: ReleasedTable) -> bool:
        """Tell whether the figure may stand beside a table."""
        return any(place.holds(table) for place in self.beside)


class ReferenceFigures(_Entry):
    """All figures, and the warnings that hold for every one of them."""

    warnings: tuple[_Sentence, ...] = Field(min_length=1)
    figures: tuple[ReferenceFigure, ...] = Field(min_length=1)

    def beside(self, table: ReleasedTable) -> tuple[ReferenceFigure, ...]:
        """Return the figures that may stand beside a table, in their order; none beside one that is withheld."""
        return () if table.withheld else tuple(figure for figure in self.figures if figure.stands_beside(table))


def load_reference_figures(path: Path, codebook: Codebook) -> ReferenceFigures:
    """Read the figures and check the places they name against a codebook.

    Raises `ContentError` with the line of every mistake.
    """
    content, source = load_model(path, ReferenceFigures)
    problems = list(_problems(content, source, codebook))
    if problems:
        raise ContentError(problems)
    return content


def _problems(content: ReferenceFigures, source: YamlFile, codebook: Codebook) -> Iterator[ContentProblem]:
    by_id = {figure.id: figure for figure in content.figures}
    for index, figure in enumerate(content.figures):
        place: list[str | int] = ["figures", index]
        if by_id[figure.id] is not figure:
            yield source.problem([*place, "id"], f"{figure.id} stands there twice")
        for other in figure.never_with:
            if other not in by_id or other == figure.id:
                yield source.problem([*place, "never_with"], f"there is no other figure {other}")
            elif figure.id not in by_id[other].never_with:
                yield source.problem([*place, "never_with"], f"{other} has to name {figure.id}, too")
        for number, beside in enumerate(figure.beside):
            for message in _place_problems(beside, codebook):
                yield source.problem([*place, "beside", number], message)


def _place_problems(place: Place, codebook: Codebook) -> Iterator[str]:
    for name in place.populations:
        if name not in codebook.populations:
            yield f"there is no population {name!r}"
        elif place.variable and place.variable not in codebook.populations[name].names:
            yield f"population {name!r} has no variable {place.variable!r}"
    if not place.variable:
        if place.codes:
            yield "'codes' need a 'variable'"
        return
    variable = codebook.variables.get(place.variable)
    if variable is None and place.variable in USAGE_FIELDS and not place.codes:
        return
    if variable is None:
        yield f"there is no variable {place.variable!r}"
        return
    known = {code.code for code in variable.codes}
    for code in place.codes:
        if code not in known:
            yield f"{place.variable!r} has no code {code!r}"
