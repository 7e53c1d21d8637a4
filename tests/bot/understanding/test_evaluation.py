from __future__ import annotations

from pathlib import Path

import pytest

from bot.understanding.evaluation import LabelledLine, LinesError, read_lines

HEADER = "intent\tkind\ttext\tplace\n"


def write(folder: Path, text: str) -> Path:
    path = folder / "lines.tsv"
    path.write_bytes(text.encode())
    return path


def test_rows_are_read_in_order(tmp_path: Path) -> None:
    text = HEADER + "greet\tshort\thej\t\nfind_service\tplain\thjälp i Malmö\tMalmö\r\n"
    assert read_lines(write(tmp_path, text)) == [
        LabelledLine("greet", "short", "hej", None),
        LabelledLine("find_service", "plain", "hjälp i Malmö", "Malmö"),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", ":1: the header"),
        ("text\tintent\n", ":1: the header"),
        (HEADER + "greet\thej\n", ":2: has 2 fields"),
        (HEADER + "greet\tshort\thej\t\ta\n", ":2: has 5 fields"),
        (HEADER + "greet\tshort\thej\t\ngreet\tshort\t \t\n", ":3: has no text"),
        (HEADER + "\ngreet\tshort\thej\t\n", ":2: is empty"),
    ],
)
def test_mistakes_name_the_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(LinesError, match=message):
        read_lines(write(tmp_path, text))


def test_a_file_that_is_not_there_is_told(tmp_path: Path) -> None:
    with pytest.raises(LinesError, match="cannot be read"):
        read_lines(tmp_path / "none.tsv")
