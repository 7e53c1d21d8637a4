"""Catalogues: which languages are live, what they say of their review, and what is wrong with a broken one."""

from __future__ import annotations

import pytest
from small_project import Project

from bot.content import Content
from bot.translation.catalogues import load_catalogues
from content_files import ContentError, ContentProblem


def problems_of(project: Project) -> list[ContentProblem]:
    with pytest.raises(ContentError) as caught:
        load_catalogues(project.root / "locales")
    return list(caught.value.problems)


def test_live_languages_are_loaded_the_default_first(project: Project) -> None:
    project.catalogue("en", {"The law": "The law"})
    project.catalogue("sv", {"The law": "Lagen"}, status="reviewed")
    project.catalogue("ro", {"The law": "Legea"}, live="no")
    project.catalogue("ar", {"The law": "القانون"})
    catalogues = load_catalogues(project.root / "locales")
    assert list(catalogues.languages) == ["sv", "en", "ar"]
    assert catalogues["sv"].native_name == "Svenska"
    assert catalogues["ar"].direction == "rtl"
    assert catalogues["sv"].direction == "ltr"
    assert catalogues["sv"].translate("The law") == "Lagen"
    assert catalogues["sv"].translate("Not there") == "Not there"
    assert catalogues["sv"].translate("") == ""


def test_the_review_status_is_told_as_it_stands(project: Project) -> None:
    project.catalogue("sv", {}, status="reviewed")
    project.catalogue("en", {}, status="machine-drafted")
    catalogues = load_catalogues(project.root / "locales")
    assert catalogues["sv"].review_status == "reviewed"
    assert catalogues["en"].review_status == "machine-drafted"


@pytest.mark.parametrize("status", ["fine", "Reviewed", ""])
def test_another_status_is_a_mistake(project: Project, status: str) -> None:
    path = project.catalogue("sv", {}, status=status)
    assert "Review-Status" in str(problems_of(project)[0])
    assert problems_of(project)[0].path == path


def test_a_fuzzy_translation_is_not_shown(project: Project) -> None:
    project.catalogue("sv", {}, extra='#, fuzzy\nmsgid "The law"\nmsgstr "Kanske lagen"\n')
    assert load_catalogues(project.root / "locales")["sv"].translate("The law") == "The law"


@pytest.mark.parametrize(
    ("extra", "line"),
    [
        ('msgid "The law"\nmsgstr "Lagen\n', 9),
        ('msgid "The law\nmsgstr "Lagen"\n', 8),
        ('msgid "The law"\nmsgstr "La"gen"\n', 9),
        ('msgid "The law"\nmsgstr Lagen\n', 9),
        ('msgid "The law"\nmsgstr ""\nLagen\n', 10),
        ("nonsense\n", 8),
    ],
)
def test_a_broken_file_is_named_with_its_line(project: Project, extra: str, line: int) -> None:
    path = project.catalogue("sv", {}, extra=extra)
    problem = problems_of(project)[0]
    assert problem.path == path
    assert problem.line == line
    assert "is not a catalogue" in problem.message


def test_a_file_that_is_not_utf8_is_named(project: Project) -> None:
    path = project.catalogue("sv", {"The law": "Lagen"})
    path.write_bytes(path.read_bytes().replace(b"Lagen", b"L\xe5g"))
    assert problems_of(project)[0].path == path


def test_every_broken_file_is_named(project: Project) -> None:
    for code in ("sv", "ro"):
        project.catalogue(code, {}, extra="nonsense\n")
    assert {problem.path.parent.parent.name for problem in problems_of(project)} >= {"sv", "ro"}


def test_without_the_default_language_nothing_works(project: Project) -> None:
    project.catalogue("en", {})
    assert "default language sv" in str(problems_of(project)[0])


@pytest.mark.parametrize(
    ("asked", "found"),
    [
        ("ro", "ro"),
        ("ro-MD", "ro"),
        ("RO_ro", "ro"),
        ("sv-FI", "sv"),
        ("de", None),
        ("", None),
        (None, None),
        ("s", None),
    ],
)
def test_a_language_is_found_by_what_a_channel_says(content: Content, asked: str | None, found: str | None) -> None:
    assert content.catalogues.supported(asked) == found


def test_the_real_catalogues_are_honest_about_their_review(content: Content) -> None:
    """Whoever sets `reviewed` has read every string; until somebody has, none is."""
    assert {language.review_status for language in content.catalogues.languages.values()} == {"machine-drafted"}
