from __future__ import annotations

import re
from pathlib import Path

import pytest

from analyst.figures.reference_figures import REFERENCE_FIGURES, ReferenceFigures, load_reference_figures
from analyst.translation import Translator
from content_files import ContentError
from intake_store.codebook import Codebook, load_codebooks
from intake_store.statistics.declarations import Method, PeriodKind, Source, Theme
from intake_store.statistics.released import ReleasedRow, ReleasedTable

PROJECT = Path(__file__).parents[3]


@pytest.fixture(scope="module")
def codebook() -> Codebook:
    return load_codebooks(PROJECT / "flows" / "codebook")["1"]


@pytest.fixture(scope="module")
def figures(codebook: Codebook) -> ReferenceFigures:
    return load_reference_figures(REFERENCE_FIGURES, codebook)


def table(theme: Theme, rows: str, population: str, *codes: str, withheld: bool = False) -> ReleasedTable:
    return ReleasedTable(
        name="a_table",
        title="A table",
        theme=theme,
        source=Source.RESPONSES,
        population=population,
        population_label="People",
        period="2026Q3",
        period_kind=PeriodKind.QUARTER,
        provisional=False,
        synthetic=False,
        threshold=10,
        unit="Responses.",
        base_text="All.",
        method=Method.SUPPRESSION,
        method_text="Counted.",
        row_variable=rows,
        row_label="Rows",
        columns=(("total", "All"),),
        rows=tuple(ReleasedRow(code=code, label=code, counts=(20,)) for code in codes),
        withheld=withheld,
    )


def test_every_figure_has_a_source_and_a_warning(figures: ReferenceFigures) -> None:
    assert [figure.id for figure in figures.figures] == [f"R{number}" for number in range(1, 21)]
    for figure in figures.figures:
        assert len(figure.source) > 5, figure.id
        assert len(figure.warning) > 20, figure.id
        assert figure.population, figure.id
    assert len(figures.warnings) == 3


def test_the_warnings_of_the_sources_are_kept(figures: ReferenceFigures) -> None:
    by_id = {figure.id: figure for figure in figures.figures}
    assert "underestimates" in by_id["R1"].warning
    assert {"R14", "R15"} <= set(by_id["R1"].never_with)
    for name in ("R2", "R3"):
        assert "not from the report itself" in by_id[name].warning
    for name in ("R14", "R15"):
        assert "Not comparable with R1" in by_id[name].warning
    trio = {"R10", "R12", "R13"}
    for name in trio:
        assert set(by_id[name].never_with) == trio - {name}
        assert "never draw them as one line" in by_id[name].warning
    assert "no date" in by_id["R20"].warning
    assert "1 percent of men" in by_id["R1"].figure
    assert by_id["R11"].year == by_id["R15"].year == by_id["R20"].year == ""


def test_numbers_of_a_figure_stand_in_its_text(figures: ReferenceFigures) -> None:
    """So that a mark beside a chart never shows what the sentence does not say."""
    spelled = {"R10": "8th"}
    for figure in figures.figures:
        words = re.sub(r"(?<=\d),(?=\d{3})", "", figure.figure)
        for value in figure.values:
            said = spelled.get(figure.id, str(value.value))
            assert re.search(rf"(?<![\d.]){re.escape(said)}(?![\d])", words), (figure.id, value)


def test_figures_stand_beside_the_tables_they_fit(figures: ReferenceFigures) -> None:
    def beside(*arguments: object, **more: bool) -> list[str]:
        return [figure.id for figure in figures.beside(table(*arguments, **more))]  # type: ignore[arg-type]

    assert beside(Theme.WHO, "lgbtq", "needs_selling", "yes", "no") == ["R1", "R14"]
    assert beside(Theme.WHO, "lgbtq", "needs_buying", "yes") == []
    assert beside(Theme.EXPERIENCE, "treatment", "experience", "bad") == ["R3"]
    assert beside(Theme.EXPERIENCE, "treatment", "experience", "good") == []
    assert beside(Theme.BUYERS, "arenas", "needs_buying", "street") == ["R10", "R12", "R13", "R18"]
    assert beside(Theme.BUYERS, "arenas", "needs_buying", "street", withheld=True) == []
    assert beside(Theme.BARRIERS, "barriers", "needs_selling", "shame") == []


def test_figures_are_in_swedish_too(figures: ReferenceFigures) -> None:
    swedish = Translator("sv")
    texts = [*figures.warnings]
    for figure in figures.figures:
        texts += [figure.figure, figure.population, figure.warning]
        texts += [text for value in figure.values for text in (value.group, value.unit, value.note)]
    assert [text for text in texts if text and not swedish.knows(text)] == []


def written(folder: Path, old: str, new: str) -> Path:
    text = REFERENCE_FIGURES.read_text(encoding="utf-8")
    assert text.count(old) >= 1
    path = folder / "figures.yml"
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("old", "new", "said", "line_of"),
    [
        ("id: R2\n", "id: R1\n", "R1 stands there twice", "id: R1\n"),
        ("never_with: [R2, R14, R15]", "never_with: [R99]", "there is no other figure R99", "never_with: [R99]"),
        ("never_with: [R8]", "never_with: [R7]", "R7 has to name R5, too", "never_with: [R7]"),
        ("variable: lgbtq", "variable: colour", "no variable 'colour'", "variable: colour"),
        ("codes: [very_bad, bad]", "codes: [awful]", "no code 'awful'", "codes: [awful]"),
        ("populations: [needs_under_18]", "populations: [nobody]", "no population 'nobody'", "populations: [nobody]"),
        ("theme: who", "theme: weather", "Input should be", "theme: weather"),
        ('    year: "2017"\n', "    yeer: 2017\n", "Extra inputs", "yeer: 2017"),
    ],
)
def test_a_mistake_is_named_with_its_line(
    tmp_path: Path, codebook: Codebook, old: str, new: str, said: str, line_of: str
) -> None:
    path = written(tmp_path, old, new)
    lines = path.read_text(encoding="utf-8").splitlines()
    marked = [number for number, line in enumerate(lines, 1) if line_of.strip() in line]
    with pytest.raises(ContentError, match=re.escape(said)) as caught:
        load_reference_figures(path, codebook)
    assert any(problem.line in marked for problem in caught.value.problems if said in problem.message)


@pytest.mark.parametrize("field", ["source", "warning", "population"])
def test_a_figure_without_one_of_them_is_refused(tmp_path: Path, codebook: Codebook, field: str) -> None:
    text = REFERENCE_FIGURES.read_text(encoding="utf-8")
    path = tmp_path / "figures.yml"
    path.write_text(re.sub(rf"\n    {field}: .*", "", text, count=1), encoding="utf-8")
    with pytest.raises(ContentError, match=rf"{field}: Field required"):
        load_reference_figures(path, codebook)
