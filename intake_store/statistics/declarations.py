"""Declarations: the tables that may be made at all, one YAML file each, named like the table."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from content_files import ContentError, ContentProblem, YamlFile, load_model
from intake_store.codebook import Codebook, Variable, VariableType

_Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")]
_Sentence = Annotated[str, StringConstraints(min_length=1, strip_whitespace=True)]

DECLARATIONS_FOLDER = Path(__file__).parent.parent / "tables"
"""The declarations that come with the program."""


class TableDeclaration(BaseModel):
    """What a table counts: the categories of `rows`, each split by the categories of `columns` if there are any.

    The unit is the response, and the base is the responses that answered the row variable.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = ""
    title: _Sentence
    populations: tuple[_Name, ...] = Field(min_length=1)
    rows: _Name
    columns: _Name | None = None
    notes: tuple[_Sentence, ...] = ()


def load_declarations(folder: Path, codebook: Codebook) -> dict[str, TableDeclaration]:
    """Read every declaration in a folder, by name, and check it against a codebook.

    Raises `ContentError` with the line of every mistake in all files, or when the folder holds none.
    """
    declarations: dict[str, TableDeclaration] = {}
    problems: list[ContentProblem] = []
    for path in sorted(folder.glob("*.yml")):
        try:
            declaration, source = load_model(path, TableDeclaration)
        except ContentError as error:
            problems.extend(error.problems)
            continue
        problems.extend(_problems(declaration, source, codebook))
        declarations[path.stem] = declaration.model_copy(update={"name": path.stem})
    if not declarations and not problems:
        problems.append(ContentProblem(folder, 0, "", "holds no table declaration (*.yml)"))
    if problems:
        raise ContentError(problems)
    return declarations


def _problems(declaration: TableDeclaration, source: YamlFile, codebook: Codebook) -> Sequence[ContentProblem]:
    problems: list[ContentProblem] = []
    for index, name in enumerate(declaration.populations):
        population = codebook.populations.get(name)
        if population is None:
            problems.append(source.problem(["populations", index], f"there is no population {name!r}"))
            continue
        asked = {variable.name: variable for variable in population.variables}
        for place, variable in (("rows", declaration.rows), ("columns", declaration.columns)):
            if variable is None:
                continue
            if variable not in asked:
                problems.append(source.problem([place], f"population {name!r} has no variable {variable!r}"))
            else:
                problems.extend(source.problem([place], message) for message in _unfit(place, asked[variable]))
    return problems


def _unfit(place: str, variable: Variable) -> Sequence[str]:
    if variable.ask_if is not None:
        # Whom the routing leaves out follows from another variable; that relation is not guarded yet.
        return [f"{variable.name!r} is routed, and tables of routed variables cannot be protected yet"]
    if place == "columns" and variable.type is VariableType.MULTIPLE:
        return [f"{variable.name!r} takes several codes, so it cannot split the rows"]
    return []
