"""Drawing charts as SVG and PNG.

Vega-Lite is compiled and drawn by the library that comes with the program; it may load nothing. What it draws gets a
title and a description for those who do not see it, and a hatch in place of the grey of withheld figures. The same
table always gives the same file.
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

from analyst.charts.looks import WITHHELD_FILL
from analyst.charts.specifications import Width, Words, specification
from analyst.translation import Translator, message
from intake_store.statistics.released import ReleasedTable

WITHHELD_NOTE: Final = message(
    "Two dots (..) on grey stripes: withheld, so that nobody can be recognised. It is not zero."
)

_HATCH: Final = (
    '<defs><pattern id="withheld" width="5" height="5" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<rect width="5" height="5" fill="#f1f1f2"/><rect width="1.2" height="5" fill="#aeb6bb"/></pattern></defs>'
)
_HEAD: Final = re.compile(r'<svg [^>]*?width="([\d.]+)" height="([\d.]+)"[^>]*>')
_MOST_CACHED: Final = 600
_PNG_SCALE: Final = 2


class ImageType(StrEnum):
    """A format of a chart's file."""

    SVG = "svg"
    PNG = "png"


class Charts:
    """Draws charts, one after the other in a thread, and remembers the last few hundred."""

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
    source = translator(message("Source: Fyren, an anonymous help service; release {release}.")).format(release=release)
    words = Words(
        withheld=translator(WITHHELD_NOTE), source=source, decimal_sign="," if translator.language == "sv" else "."
    )
    spec = specification(table, width, words)
    if spec is None:
        return None
    svg = svg_of(spec, table.title, description(table, translator))
    if image_type is ImageType.SVG:
        return svg.encode()
    return vl_convert.svg_to_png(svg, scale=_PNG_SCALE)


def svg_of(spec: dict[str, Any], title: str, text: str) -> str:
    """Return a specification drawn as SVG, with a title and a description."""
    drawn = vl_convert.vegalite_to_svg(spec, allowed_base_urls=[])
    drawn = drawn.replace(f'fill="{WITHHELD_FILL}"', 'fill="url(#withheld)"')

    def head(found: re.Match[str]) -> str:
        width, height = found[1], found[2]
        return (
            f'<svg xmlns="http://www.w3.org/2000/svg" version="1.1" width="{width}" height="{height}"'
            f' viewBox="0 0 {width} {height}" role="img" aria-labelledby="title description">'
            f'<title id="title">{escape(title)}</title><desc id="description">{escape(text)}</desc>{_HATCH}'
        )

    return _HEAD.sub(head, drawn, count=1)


def description(table: ReleasedTable, translator: Translator) -> str:
    """Return what somebody is told who cannot see the chart; the figures themselves stand in the table."""
    text = message("Chart of {title}: {population}, {period}. The table beside it has all its figures.")
    return translator(text).format(title=table.title, population=table.population_label, period=table.period)
