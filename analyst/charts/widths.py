"""The sizes a chart is drawn in."""

from __future__ import annotations

from enum import StrEnum


class Width(StrEnum):
    """How wide a chart is: on a wide page, on a phone, beside its table in print, or as a file that stands alone."""

    WIDE = "wide"
    NARROW = "narrow"
    COLUMN = "column"
    FILE = "file"

    @property
    def pixels(self) -> int:
        """The room for the chart in CSS pixels."""
        return {Width.NARROW: 316, Width.COLUMN: 490}.get(self, 760)

    @property
    def labels(self) -> int:
        """The part of it that the names of rows get, in CSS pixels, where they stand beside what is drawn."""
        return 235 if self is Width.COLUMN else 250

    def is_narrow(self, columns: int) -> bool:
        """Tell whether the names of rows have to stand above what is drawn in so many columns."""
        return self is Width.NARROW or (self is Width.COLUMN and columns > 1)
