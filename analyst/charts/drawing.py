"""Drawing charts as SVG and PNG.

Vega-Lite is compiled and drawn by the library that comes with the program; it may load nothing. What it draws gets a
title and a description for those who do not see it, stripes in place of the grey of withheld figures, and dots in place
of the white of answers outside the scale. The same table always gives the same file.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from collections import OrderedDict
from enum import StrEnum
from html import escape
from typing import Any, Final

import vl_convert

from analyst.charts.description import description
from analyst.charts.looks import OUTSIDE_FILL, WITHHELD_FILL
from analyst.charts.specifications import WITHHELD_NOTE, Width, specification
from analyst.translation import Translator
from intake_store.statistics.released import ReleasedTable

__all__ = ["WITHHELD_NOTE", "Charts", "ImageType", "draw", "png_of", "svg_of"]

PATTERNS: Final = (
    # Slanted lines in a level tile: a tile that is turned as a whole takes three times as long to make a picture of.
    '<defs><pattern id="withheld" width="8" height="8" patternUnits="userSpaceOnUse">'
    '<rect width="8" height="8" fill="#f7f7f8"/>'
    '<path d="M-2,2L2,-2M0,8L8,0M6,10L10,6" fill="none" stroke="#7d868c" stroke-width="0.9"/></pattern>'
    '<pattern id="outside" width="6" height="6" patternUnits="userSpaceOnUse">'
    '<rect width="6" height="6" fill="#ffffff"/><circle cx="3" cy="3" r="1" fill="#6b7780"/></pattern></defs>'
)
_FILLS: Final = {WITHHELD_FILL: "url(#withheld)", OUTSIDE_FILL: "url(#outside)"}
_HEAD: Final = re.compile(r'<svg [^>]*?width="([\d.]+)" height="([\d.]+)"[^>]*>')
_MOST_CACHED: Final = 1000
_PNG_SCALE: Final = 2


class ImageType(StrEnum):
    """A format of a chart's file."""

    SVG = "svg"
    PNG = "png"


class Charts:
    """Draws charts, one after the other in a thread, and remembers the last thousand.

    What was released never changes, so what is remembered is never out of date.
    """

    def __init__(self) -> None:
        self._drawn: OrderedDict[tuple[str, ...], bytes | None] = OrderedDict()
        self._drawing = asyncio.Lock()

    async def draw(
        self, table: ReleasedTable, width: Width, image_type: ImageType, translator: Translator, release: str
    ) -> bytes | None:
        """Return a table's chart, given in the translator's language, or None where there is nothing to draw."""
        digest = hashlib.sha256(table.model_dump_json().encode()).hexdigest()
        key = (digest, width.value, image_type.value, translator.language, release)
        if key not in self._drawn:
            async with self._drawing:
                if key not in self._drawn:
                    self._drawn[key] = await asyncio.to_thread(draw, table, width, image_type, translator, release)
        self._drawn.move_to_end(key)
        while len(self._drawn) > _MOST_CACHED:
            self._drawn.popitem(last=False)
        return self._drawn[key]


def draw(
    table: ReleasedTable, width: Width, image_type: ImageType, translator: Translator, release: str
) -> bytes | None:
    """Return a table's chart as a file, or None where there is nothing to draw."""
    spec = specification(table, width, translator, release)
    if spec is None:
        return None
    svg = svg_of(spec, table.title, description(table, translator))
    return svg.encode() if image_type is ImageType.SVG else png_of(svg)


def svg_of(spec: dict[str, Any], title: str, text: str) -> str:
    """Return a specification drawn as SVG, with a title and a description."""
    drawn = vl_convert.vegalite_to_svg(spec, allowed_base_urls=[])
    for colour, pattern in _FILLS.items():
        drawn = drawn.replace(f'fill="{colour}"', f'fill="{pattern}"')

    def head(found: re.Match[str]) -> str:
        width, height = found[1], found[2]
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" version="1.1" width="{width}" height="{height}"'
            f' viewBox="0 0 {width} {height}" role="img" aria-labelledby="title description">'
            f'<title id="title">{escape(title)}</title><desc id="description">{escape(text)}</desc>{PATTERNS}'
        )

    return _HEAD.sub(head, drawn, count=1)


def png_of(svg: str) -> bytes:
    """Return a drawn chart as a picture of twice as many points, as screens and printers want it."""
    return vl_convert.svg_to_png(svg, scale=_PNG_SCALE)
