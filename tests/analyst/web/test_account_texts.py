"""What the accounts room says to people is marked for translation, so that no page falls back to English."""

from __future__ import annotations

import ast
from pathlib import Path

import analyst.accounts
from analyst.web.account_texts import ACCOUNT_TEXTS

ROOM = Path(analyst.accounts.__file__).parent
FOR_PAGES = (
    "api_tokens",
    "ceremonies",
    "errors",
    "login",
    "passkeys",
    "passwords",
    "people",
    "permissions",
    "second_factors",
    "sessions",
    "sign_on",
)


def sentences(path: Path) -> set[str]:
    """Return the plain sentences that a module refuses something with."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    named = {
        statement.target.id: statement.value.value
        for statement in tree.body
        if isinstance(statement, ast.AnnAssign)
        and isinstance(statement.target, ast.Name)
        and isinstance(statement.value, ast.Constant)
    }
    said: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            for value in node.exc.args:
                for part in (value.body, value.orelse) if isinstance(value, ast.IfExp) else (value,):
                    text = part.value if isinstance(part, ast.Constant) else named.get(getattr(part, "id", ""))
                    if isinstance(text, str) and text.endswith("."):
                        said.add(text)
    return said


def test_every_refusal_is_marked() -> None:
    said = set().union(*(sentences(ROOM / f"{name}.py") for name in FOR_PAGES))
    assert len(said) > 30
    assert said - set(ACCOUNT_TEXTS) == set()
