"""Sweden's 21 counties as a grid of tiles of the same size.

Every county gets the same room, so that a large and thinly peopled one does not look more than a small one, and a
figure can be written on each. Rows run from north to south, columns from west to east; neighbours are neighbours as far
as a grid allows.
"""

from __future__ import annotations

from collections.abc import Mapping
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
