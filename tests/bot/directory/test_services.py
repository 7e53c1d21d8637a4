from __future__ import annotations

import re
from pathlib import Path

import pytest

from bot.directory import Directory
from bot.directory.services import Answer, Existence, Withholdable, load_services
from content_files import ContentError

EXPECTED = [
    "sos112",
    "polis11414",
    "vard1177",
    "socialjour",
    "socialjour_stockholm",
    "kvinnofridslinjen",
    "stodlinjen_man",
    "stodlinjen_trans",
    "ratt_att_valja",
    "bris",
    "bris_vuxen",
    "umo_youmo",
    "bup",
    "elevhalsan",
    "barnahus",
    "mind_90101",
    "hjalplinjen",
    "jourhavande_medmanniska",
    "jourhavande_prast",
    "brottsofferjouren",
    "preventell",
    "valj_att_sluta",
    "alkohollinjen",
    "droghjalpen",
    "rfsl_stodmottagning",
    "pegasus",
    "killar",
    "tjejzonen",
    "roks",
    "unizon",
    "ungarelationer",
    "tusen_mojligheter",
    "ellencentret",
    "intedinhora",
    "ditt_ecpat",
    "ecpat_vuxen",
    "ecpat_hotline",
    "mika_stockholm",
    "mika_halsa",
    "framtid_stockholm",
    "kast_stockholm",
    "mika_goteborg",
    "kast_goteborg",
    "evonhuset",
    "mika_boras",
    "mika_umea",
    "mika_kast_vasternorrland",
    "kast_jonkoping",
    "kast_karlstad",
    "kast_jamtland",
    "nspm_stodtelefon",
    "regionkoordinator_syd",
    "regionkoordinator_nord",
    "regionkoordinator_mitt",
    "regionkoordinator_stockholm",
    "regionkoordinator_ost",
    "regionkoordinator_vast",
    "regionkoordinator_bergslagen",
    "nsp",
    "talita",
    "noomi",
    "safe_havens",
    "iom_return",
    "red_umbrella",
    "rose_alliance",
    "somaya",
    "roda_korset",
    "migrationsverket",
    "asylrattscentrum",
    "budget_skuld",
    "sti",
    "rfsu_kliniken",
    "lansstyrelserna",
]


def test_every_known_service_is_there_once(directory: Directory) -> None:
    assert [service.id for service in directory.services].count("bris") == 1
    assert sorted(service.id for service in directory.services) == sorted(EXPECTED)


@pytest.mark.parametrize(
    ("service", "field"),
    [
        ("talita", Withholdable.PHONES),
        ("ratt_att_valja", Withholdable.PHONES),
        ("safe_havens", Withholdable.PHONES),
        ("brottsofferjouren", Withholdable.SCHEDULES),
        ("droghjalpen", Withholdable.SCHEDULES),
        ("mika_stockholm", Withholdable.ADDRESS),
        ("mika_halsa", Withholdable.ADDRESS),
        ("mika_goteborg", Withholdable.ADDRESS),
        ("stodlinjen_trans", Withholdable.URL),
        ("ditt_ecpat", Withholdable.URL),
        ("asylrattscentrum", Withholdable.URL),
    ],
)
def test_what_a_source_does_not_carry_is_withheld(directory: Directory, service: str, field: Withholdable) -> None:
    assert field in directory.service(service).withheld


def test_withheld_fields_are_empty_for_whoever_shows_them(directory: Directory) -> None:
    for service in directory.services:
        shown = {
            Withholdable.PHONES: service.shown_phones,
            Withholdable.SCHEDULES: service.shown_schedules,
            Withholdable.URL: service.shown_url or service.shown_links,
            Withholdable.CHAT_URL: service.shown_chat_url,
            Withholdable.EMAIL: service.shown_email,
            Withholdable.ADDRESS: service.shown_address,
        }
        assert set(shown) == set(Withholdable)
        assert not any(shown[field] for field in service.withheld), service.id
        if service.confidential_address:
            assert service.shown_address is None


def test_codes_keep_their_leading_zero(directory: Directory) -> None:
    syd = directory.service("regionkoordinator_syd")
    assert {area.extent for area in syd.service_areas} == {"07", "08", "10", "12"}
    assert directory.service("mika_stockholm").service_areas[0].extent == "0180"


def test_numbers_can_be_dialled(directory: Directory) -> None:
    dials = {service.id: [phone.dial for phone in service.phones] for service in directory.services}
    assert dials["kvinnofridslinjen"] == ["116016", "020505050"]
    assert all(re.fullmatch(r"[0-9]{3,12}", dial) for listed in dials.values() for dial in listed)


def test_nothing_unanswered_is_told_as_known(directory: Directory) -> None:
    assert directory.service("evonhuset").anonymous_contact is Answer.UNKNOWN
    assert directory.service("kast_jonkoping").anonymous_contact is Answer.YES
    assert directory.service("kast_jamtland").existence is Existence.UNCONFIRMED
    assert directory.service("sti").assured_date is None


def test_descriptions_are_plain_and_dignified(directory: Directory) -> None:
    for service in directory.services:
        assert service.description.endswith("."), service.id
        assert not re.search(r"prostitut(e|es)\b|whore|\bjohns?\b|\btorsk|client|hooker", service.description, re.I)


def test_the_directory_holds_no_word_about_unverified_contacts(folder: Path) -> None:
    text = (folder / "services.yml").read_text(encoding="utf-8").casefold()
    for shape in ("recalled", "verify before", "do_not_show", "+46"):
        assert shape not in text


@pytest.mark.parametrize(
    ("old", "new", "further", "message"),
    [
        (
            '{extent_type: municipality, extent: "1280"}',
            '{extent_type: municipality, extent: "1279"}',
            0,
            "'1279' is not",
        ),
        ('{extent_type: municipality, extent: "1280"}', "{extent_type: municipality, extent: 1280}", 0, "valid string"),
        ('number: "116 016"', 'number: "call us"', 0, "does not look like a phone number"),
        ('opens_at: "15:30", closes_at: "16:30"', 'opens_at: "15:30", closes_at: "15:10"', 0, "closes before it opens"),
        ('opens_at: "15:30", closes_at: "16:30"', 'opens_at: "15:30", closes_at: "25:00"', 0, "not a time"),
        ('byday: "SA,SU,MO,TU"', 'byday: "SA,SU,MO,XX"', 0, "not a list of weekdays"),
        ('assured_date: "2023-11-13"', 'assured_date: "2023-11-31"', 0, "day"),
        ('assured_date: "2023-11-13"', "assured_date: 2023", 0, "not a date in quotes"),
        ("- id: evonhuset", "- id: bris", 0, "is there twice"),
        ("interpreter_languages: [ar, fi", "interpreter_languages: [arabic, fi", 0, "not an ISO 639 code"),
        ('email: "evonhuset@malmo.se"', 'email: "evonhuset"', 0, "not an e-mail address"),
        ('url: "https://hjalplinjen.se"', 'url: "hjalplinjen.se"', 0, "not a web address"),
        ("maximum_age: 20\n", "maximum_age: 20\n  minimum_age: 21\n", 1, "is above maximum_age"),
        ("kind: debt_economy", "kind: debts", 0, "Input should be"),
        ("kind: return_programme", "colour: blue", 0, "Extra inputs"),
        ("needs: [debt, money]", "needs: [debt, gold]", 0, "Input should be"),
    ],
)
def test_a_mistake_is_named_by_file_and_line(
    tmp_path: Path, folder: Path, directory: Directory, old: str, new: str, further: int, message: str
) -> None:
    # A few services are quicker to read than all, and fail in the same way.
    header, *services = re.split(r"(?=^- id: )", (folder / "services.yml").read_text(encoding="utf-8"), flags=re.M)
    text = header + "".join(service for service in services if old in service or service.startswith("- id: bris\n"))
    path = tmp_path / "services.yml"
    path.write_text(text, encoding="utf-8")
    assert load_services(path, tuple(directory.municipalities.values()))
    assert text.count(old) == 1
    path.write_text(text.replace(old, new), encoding="utf-8")
    line = text[: text.index(old)].count("\n") + 1 + further
    with pytest.raises(ContentError, match=message) as caught:
        load_services(path, tuple(directory.municipalities.values()))
    found = [problem for problem in caught.value.problems if re.search(message, problem.message)]
    assert [(problem.path, problem.line) for problem in found] == [(path, line)]
