"""The shape of the source: trust zones, names, docstrings."""

from __future__ import annotations

import ast
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from bot.settings import PROJECT

ANALYST_SIDE = tuple(
    f"intake_store.{part}"
    for part in ("commands", "disclosure", "keys", "statistics", "synthetic", "upkeep", "warehouse")
)
PACKAGES = ("bot", "content_files", "fyren", "intake_store")
SHAPELESS = {"base", "common", "core", "helper", "helpers", "manager", "managers", "misc", "util", "utils"}

IMPORT_ALL = """
import importlib, pkgutil, sys

class Missing:
    def find_spec(self, name, path=None, target=None):
        if any(name == gone or name.startswith(gone + ".") for gone in {gone!r}):
            raise ModuleNotFoundError(f"{{name}} is not on this machine", name=name)

sys.meta_path.insert(0, Missing())
package = importlib.import_module({package!r})
for module in pkgutil.walk_packages(package.__path__, package.__name__ + "."):
    if not module.name.endswith(".__main__") and not module.name.startswith({left_out!r}):
        importlib.import_module(module.name)
print(len([name for name in sys.modules if name.split(".")[0] == package.__name__]))
"""


def modules() -> Iterator[Path]:
    for package in PACKAGES:
        yield from sorted((PROJECT / package).rglob("*.py"))
    for path in sorted((PROJECT / "nlu").rglob("*.py")):
        if ".venv" not in path.parts and "models" not in path.parts:
            yield path


def test_import_contracts_hold() -> None:
    tool = Path(sys.executable).with_name("lint-imports")
    linted = subprocess.run([tool], cwd=PROJECT, capture_output=True, text=True)
    assert linted.returncode == 0, linted.stdout + linted.stderr
    assert "0 broken" in linted.stdout


@pytest.mark.parametrize(
    ("package", "gone", "left_out"),
    [
        pytest.param("bot", ANALYST_SIDE, ("nothing.",), id="bot-without-the-analyst"),
        pytest.param(
            "bot", ("fyren", "duckdb", "scipy", "alembic"), ("nothing.",), id="bot-without-what-opens-and-counts"
        ),
        pytest.param("intake_store", ("bot", "fyren"), ("intake_store.database.migrations.",), id="store-without-bot"),
    ],
)
def test_a_part_starts_where_the_others_are_missing(
    package: str, gone: tuple[str, ...], left_out: tuple[str, ...]
) -> None:
    program = IMPORT_ALL.format(package=package, gone=gone, left_out=left_out)
    started = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True)
    assert started.returncode == 0, started.stderr
    assert int(started.stdout) > 15


def test_the_blocking_blocks() -> None:
    program = IMPORT_ALL.format(package="intake_store", gone=("intake_store.statistics",), left_out=("nothing.",))
    started = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True)
    assert "is not on this machine" in started.stderr


def test_the_understanding_service_imports_nothing_of_the_others() -> None:
    for path in modules():
        if path.is_relative_to(PROJECT / "nlu"):
            assert not _imported(path) & set(PACKAGES), path


def _imported(path: Path) -> set[str]:
    """Return the top names of what a module imports."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names |= {alias.name.split(".")[0] for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names.add(node.module.split(".")[0])
    return names


def test_modules_are_named_for_what_they_are_about() -> None:
    assert not [path for path in modules() if SHAPELESS & {path.stem, path.parent.name}]


def test_every_module_says_what_it_is() -> None:
    silent = [path for path in modules() if not ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))]
    assert not silent


def test_every_folder_of_modules_is_a_package() -> None:
    folders = {path.parent for path in modules() if path.parent != PROJECT / "nlu"}
    assert not [folder for folder in folders if not (folder / "__init__.py").exists()]


def test_imports_stand_at_the_top() -> None:
    late = []
    for path in modules():
        if path.is_relative_to(PROJECT / "nlu"):
            continue  # Rasa has to be silenced before it is imported.
        for function in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(function, ast.FunctionDef | ast.AsyncFunctionDef):
                inside = (node for node in ast.walk(function) if isinstance(node, ast.Import | ast.ImportFrom))
                late += [f"{path.relative_to(PROJECT)}:{node.lineno}" for node in inside]
    assert not late
