from __future__ import annotations

from pathlib import Path

import pytest

from bot.understanding.thresholds import Thresholds
from content_files import ContentError


def test_without_a_file_the_defaults_hold(tmp_path: Path) -> None:
    assert Thresholds.load(tmp_path / "none.yml") == Thresholds()


def test_a_file_is_read_and_may_say_more(tmp_path: Path) -> None:
    path = tmp_path / "thresholds.yml"
    path.write_text("answer: 0.5\nask_back: 0.2\ncrisis_certain: 0.7\ncrisis_doubtful: 0.1\nmade_with: x\n")
    expected = Thresholds(answer=0.5, ask_back=0.2, crisis_certain=0.7, crisis_doubtful=0.1)
    assert Thresholds.load(path) == expected


@pytest.mark.parametrize(
    "text", ["answer: 2\n", "answer: 0.1\nask_back: 0.2\n", "crisis_doubtful: 0.9\n", "answer: x\n"]
)
def test_numbers_that_make_no_sense_are_refused(tmp_path: Path, text: str) -> None:
    path = tmp_path / "thresholds.yml"
    path.write_text(text)
    with pytest.raises(ContentError, match=r"thresholds\.yml"):
        Thresholds.load(path)
