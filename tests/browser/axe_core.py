"""axe-core on a page."""

from __future__ import annotations

from axe_core_python.base import AXE_SCRIPT
from playwright.async_api import Page

RULES = {"runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}


async def violations(page: Page) -> list[tuple[str, str]]:
    """Return every rule that the page breaks, with the element; the page's policy has to be bypassed for it."""
    await page.evaluate(AXE_SCRIPT)
    found = await page.evaluate("rules => axe.run(rules)", RULES)
    assert found["passes"], "axe-core looked at nothing"
    return [(rule["id"], node["html"]) for rule in found["violations"] for node in rule["nodes"]]
