"""Style and script of the pages of work, which everybody may load: the login needs them."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from aiohttp import hdrs, web

from analyst.web.access import public

FOLDER: Final = Path(__file__).with_name("assets")
_TYPES: Final = {".css": "text/css", ".js": "text/javascript"}
_AN_HOUR: Final = "public, max-age=3600"


def routes() -> list[web.AbstractRouteDef]:
    """Return one route for each file."""
    return [_route(path) for path in sorted(FOLDER.iterdir()) if path.suffix in _TYPES]


def _route(path: Path) -> web.AbstractRouteDef:
    content = path.read_bytes()

    @public
    async def asset(request: web.Request) -> web.Response:
        return web.Response(
            body=content,
            content_type=_TYPES[path.suffix],
            charset="utf-8",
            headers={hdrs.CACHE_CONTROL: _AN_HOUR},
        )

    return web.get(f"/desk/assets/{path.name}", asset)
