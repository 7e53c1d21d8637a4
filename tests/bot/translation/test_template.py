"""The template and keeping the catalogues in step with it."""

from __future__ import annotations

from pathlib import Path

import pytest
from small_project import FLOW, Project

from bot.translation.catalogues import read_catalogue, status_lines
from bot.translation.template import build_template, check_catalogues, update_catalogues

SWEDISH = {
    "The law": "Lagen",
    "Call {phone_sos112} now.": "Ring {phone_sos112} nu.",
    "Opening hours": "Öppettider",
    "Read this": "Läs det här",
}


@pytest.fixture
def up_to_date(project: Project) -> Project:
    """Return a project whose only language, Swedish, is complete."""
    project.catalogue("sv", SWEDISH)
    update_catalogues(project.root)
    assert list(check_catalogues(project.root)) == []
    return project


def problems(project: Project) -> list[tuple[str, str]]:
    return [(problem.where, problem.message) for problem in check_catalogues(project.root)]


def test_strings_come_from_flows_code_and_pages(project: Project) -> None:
    template = build_template(project.root)
    assert {message.id for message in template if message.id} == set(SWEDISH)
    message = template.get("Call {phone_sos112} now.")
    assert message is not None
    assert message.auto_comments == ["response utter_law"]
    assert message.locations[0][0] == "flows/law.yml"


def test_the_same_string_stands_in_the_template_once(project: Project) -> None:
    project.write("flows/other.yml", FLOW.replace("law", "other").replace("The other", "The law"))
    assert sum(message.id == "The law" for message in build_template(project.root)) == 1


class TestUpdate:
    def test_translations_are_kept_and_new_strings_are_empty(self, up_to_date: Project) -> None:
        up_to_date.write("flows/law.yml", FLOW.replace("name: The law", "name: The law today"))
        assert update_catalogues(up_to_date.root) == {"sv": 1}
        catalogue = read_catalogue(up_to_date.root / "locales/sv/LC_MESSAGES/fyren.po")
        assert {message.id: message.string for message in catalogue if message.id} == {
            **{msgid: string for msgid, string in SWEDISH.items() if msgid != "The law"},
            "The law today": "",
        }
        assert not any(message.fuzzy for message in catalogue if message.id), "a translation is never a guess"
        assert not catalogue.obsolete

    def test_the_statistics_have_catalogues_of_their_own(self, up_to_date: Project) -> None:
        up_to_date.write("intake_store/tables/ages.yml", 'title: Ages\nnotes: ["One response, one age."]\n')
        assert problems(up_to_date) == [("", "is not up to date; run `make messages`")]
        folder = up_to_date.root / "locales"
        head = "# Review-Status: machine-drafted\n# Live: yes\n"
        up_to_date.write("locales/sv/LC_MESSAGES/statistics.po", head + 'msgid ""\nmsgstr "Language: sv\\n"\n')
        assert update_catalogues(up_to_date.root) == {"sv": 0, "sv statistics": 2}
        catalogue = read_catalogue(folder / "sv/LC_MESSAGES/statistics.po")
        assert {message.id for message in catalogue if message.id} == {"Ages", "One response, one age."}
        assert {message.id for message in build_template(up_to_date.root) if message.id} == set(SWEDISH)
        assert [place for place, _ in problems(up_to_date)] == ["“Ages”", "“One response, one age.”"]

    def test_the_head_of_a_catalogue_stays(self, up_to_date: Project) -> None:
        update_catalogues(up_to_date.root)
        path = up_to_date.root / "locales/sv/LC_MESSAGES/fyren.po"
        assert status_lines(read_catalogue(path)) == {"Review-Status": "machine-drafted", "Live": "yes"}

    def test_english_is_its_own_translation(self, project: Project) -> None:
        project.catalogue("en", {})
        assert update_catalogues(project.root) == {"en": 0}
        catalogue = read_catalogue(project.root / "locales/en/LC_MESSAGES/fyren.po")
        assert all(message.string == message.id for message in catalogue if message.id)

    def test_an_update_without_changes_changes_no_byte(self, up_to_date: Project) -> None:
        files = sorted((up_to_date.root / "locales").rglob("*.po*"))
        before = [path.read_bytes() for path in files]
        update_catalogues(up_to_date.root)
        assert [path.read_bytes() for path in files] == before

    def test_a_line_more_in_a_flow_changes_no_catalogue(self, up_to_date: Project) -> None:
        before = (up_to_date.root / "locales/sv/LC_MESSAGES/fyren.po").read_bytes()
        up_to_date.write("flows/law.yml", "# A comment.\n\n" + FLOW)
        update_catalogues(up_to_date.root)
        assert (up_to_date.root / "locales/sv/LC_MESSAGES/fyren.po").read_bytes() == before


class TestCheck:
    def test_a_missing_template(self, up_to_date: Project) -> None:
        (up_to_date.root / "locales/fyren.pot").unlink()
        assert problems(up_to_date) == [("", "is not up to date; run `make messages`")]

    def test_a_new_string(self, up_to_date: Project) -> None:
        up_to_date.write("bot/more.py", 'message("Something new")')
        assert ("“Something new”", "is missing; run `make messages` and translate it") in problems(up_to_date)

    def test_a_string_that_is_gone(self, up_to_date: Project) -> None:
        up_to_date.write("bot/cards.py", "")
        assert ("“Opening hours”", "is no longer in the content; run `make messages`") in problems(up_to_date)

    def test_an_untranslated_string(self, up_to_date: Project) -> None:
        up_to_date.catalogue("sv", {**SWEDISH, "Read this": ""})
        assert problems(up_to_date) == [("“Read this”", "is not translated")]

    @pytest.mark.parametrize(
        ("string", "said"),
        [
            ("Ring nu.", "has other {placeholders} than the original"),
            ("Ring {phone_polis11414} nu.", "has other {placeholders} than the original"),
            ("Ring {phone_sos112} nu, {name}.", "has other {placeholders} than the original"),
            ("Ring {phone_sos112 nu.", "has a broken placeholder"),
            ("Ring {phone_sos112} nu}.", "has a broken placeholder"),
            ("Ring {} nu.", "has other {placeholders} than the original"),
        ],
    )
    def test_a_broken_placeholder(self, up_to_date: Project, string: str, said: str) -> None:
        up_to_date.catalogue("sv", {**SWEDISH, "Call {phone_sos112} now.": string})
        ((where, message),) = problems(up_to_date)
        assert where == "“Call {phone_sos112} now.”"
        assert message.startswith(said)

    def test_a_fuzzy_string(self, up_to_date: Project) -> None:
        strings = {msgid: string for msgid, string in SWEDISH.items() if msgid != "Read this"}
        up_to_date.catalogue("sv", strings, extra='#, fuzzy\nmsgid "Read this"\nmsgstr "Läs"\n')
        assert problems(up_to_date) == [("“Read this”", "is marked fuzzy; check it and take the mark off")]

    def test_a_language_that_is_not_live_may_be_incomplete_but_not_broken(self, up_to_date: Project) -> None:
        up_to_date.catalogue("ro", {"The law": "Legea", "Read this": ""}, live="no")
        assert problems(up_to_date) == []
        up_to_date.catalogue("ro", {"Call {phone_sos112} now.": "Sună acum."}, live="no")
        assert problems(up_to_date) == [
            ("“Call {phone_sos112} now.”", "has other {placeholders} than the original"),
        ]

    def test_every_problem_names_its_file(self, up_to_date: Project) -> None:
        path = up_to_date.catalogue("sv", {**SWEDISH, "Read this": ""})
        (problem,) = check_catalogues(up_to_date.root)
        assert str(problem).startswith(str(path))
        assert problem.line > 0


def test_the_statistics_are_complete_in_swedish() -> None:
    root = Path(__file__).parents[3]
    found = [str(problem) for problem in check_catalogues(root) if problem.path.stem == "statistics"]
    assert found == []
    catalogue = read_catalogue(root / "locales/sv/LC_MESSAGES/statistics.po")
    assert status_lines(catalogue)["Review-Status"] == "machine-drafted"
