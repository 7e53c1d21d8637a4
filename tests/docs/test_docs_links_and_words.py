"""Links lead somewhere, folders exist, and no text says what it should not."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from urllib.parse import unquote

import pytest
from written_docs import DOCS, Page, pages

from bot.settings import PROJECT

LOCK_FILES = {"uv.lock"}
FORBIDDEN = {
    "a host of a package registry": re.compile(r"pypi\.org|pythonhosted\.org|registry\.npmjs|crates\.io|proxy\.golang"),
    "a path of one machine": re.compile(r"(?<![\w.*])/(?:work|tmp|root|home|Users)/"),
    "the number of a ticket": re.compile(r"(?i)\b(?:issue|ticket|bug) #?[0-9]+\b"),
    "how the text was made": re.compile(r"(?i)\bsub-?agents?\b|\bas an ai\b|\bknowledge cut-?off\b|\bco-authored-by\b"),
    "a note to oneself": re.compile(r"\b(?:TODO|FIXME|XXX)\b"),
}


def tracked_files() -> list[Path]:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=PROJECT, check=True, capture_output=True, text=True)
    return [path for name in listed.stdout.split("\0") if name and (path := PROJECT / name).is_file()]


@pytest.mark.parametrize("page", pages(), ids=lambda page: page.path.name)
def test_links_lead_somewhere(page: Page) -> None:
    for target in page.links():
        if re.match(r"[a-z]+:", target):
            continue
        name, _, anchor = unquote(target).partition("#")
        linked = (page.path.parent / name).resolve() if name else page.path
        assert linked.exists(), f"{page.path.name}: {target}"
        assert linked.is_relative_to(PROJECT), f"{page.path.name}: {target} leaves the project"
        if anchor:
            assert anchor in Page(linked).anchors(), f"{page.path.name}: {target} has no such heading"


def test_every_page_can_be_reached_from_the_readme() -> None:
    seen: set[Path] = set()
    waiting = [PROJECT / "README.md"]
    while waiting:
        path = waiting.pop()
        if path in seen or path.suffix != ".md":
            continue
        seen.add(path)
        targets = (target.partition("#")[0] for target in Page(path).links() if not re.match(r"[a-z]+:", target))
        waiting += [(path.parent / target).resolve() for target in targets if target]
    assert {page.path for page in pages()} <= seen


def test_pages_load_nothing_from_elsewhere() -> None:
    for page in pages():
        assert not re.search(r"!\[[^\]]*\]\([a-z]+:", page.text), f"{page.path.name} shows a picture from elsewhere"


def test_the_layout_in_the_readme_names_what_is_there() -> None:
    readme = (PROJECT / "README.md").read_text(encoding="utf-8")
    section = readme.split("\n## Where things are\n", 1)[1].split("\n## ", 1)[0]
    named = set(re.findall(r"^\| `([\w.]+)/` ", section, re.MULTILINE))
    tracked = {path.relative_to(PROJECT).parts[0] for path in tracked_files() if path.parent != PROJECT}
    assert named == {name for name in tracked if not name.startswith(".")}


def test_paths_in_backticks_exist() -> None:
    rooms = {path.name for path in PROJECT.iterdir() if path.is_dir() and not path.name.startswith(".")} - {"var"}
    for page in pages():
        for code in page.codes():
            if re.fullmatch(r"[\w.]+(?:/[\w.-]+)+/?", code) and code.split("/")[0] in rooms:
                made = code.startswith("nlu/models")
                assert made or (PROJECT / code).exists(), f"{page.path.name}: {code}"


@pytest.mark.parametrize("what", FORBIDDEN)
def test_no_tracked_text_names(what: str) -> None:
    found = []
    for path in tracked_files():
        if path.name in LOCK_FILES or path == Path(__file__):
            continue
        try:
            text = path.read_text(encoding="utf-8")
        except UnicodeDecodeError:
            continue
        for number, line in enumerate(text.splitlines(), start=1):
            if FORBIDDEN[what].search(line):
                found.append(f"{path.relative_to(PROJECT)}:{number}: {line.strip()[:80]}")
    assert not found


def test_the_licence_is_the_one_that_the_project_names() -> None:
    licence = (PROJECT / "LICENSE").read_text(encoding="utf-8")
    assert "Apache License" in licence
    assert "Version 2.0, January 2004" in licence
    assert 'license = "Apache-2.0"' in (PROJECT / "pyproject.toml").read_text(encoding="utf-8")
    assert "Apache-2.0" in (PROJECT / "README.md").read_text(encoding="utf-8")


def test_pictures_say_what_they_show() -> None:
    for page in pages():
        for alternative in re.findall(r"!\[([^\]]*)\]\(", page.text):
            assert len(alternative) > 20, f"{page.path.name}: a picture needs a description"
    assert list((DOCS / "images").glob("*.svg"))


def test_code_in_a_text_stands_on_one_line() -> None:
    for page in pages():
        broken = [line for line in page.prose.splitlines() if line.count("`") % 2]
        assert not broken, f"{page.path.name}: {broken}"
