from __future__ import annotations

from pathlib import Path
from xml.etree import ElementTree

from typer.testing import CliRunner

from bot.commands import create_app


def test_a_picture_shows_the_steps_of_a_flow(tmp_path: Path) -> None:
    result = CliRunner().invoke(create_app(), ["flows", "graph", str(tmp_path), "--flow", "find_service"])
    assert result.exit_code == 0, result.output
    drawn = ElementTree.parse(tmp_path / "find_service.svg")
    words = " ".join(drawn.getroot().itertext())
    assert "collect place" in words
    assert "action_search_services" in words


def test_an_unknown_flow_is_named(tmp_path: Path) -> None:
    result = CliRunner().invoke(create_app(), ["flows", "graph", str(tmp_path), "--flow", "nowhere"])
    assert result.exit_code == 2
    assert "nowhere" in result.output
