"""The style sheet and the mark of the pages, at addresses that hold a digest of their content."""

from __future__ import annotations

import hashlib
from pathlib import Path
from typing import Final

from aiohttp import hdrs, web

from analyst.web.access import public

FOLDER: Final = Path(__file__).with_name("assets")
_TYPES: Final = {".css": "text/css", ".svg": "image/svg+xml"}
_FOR_EVER: Final = "public, max-age=31536000, immutable"


class DashboardAssets:
    """The files by the name they have in the folder."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._contents = {path.name: path.read_bytes() for path in sorted(folder.iterdir()) if path.suffix in _TYPES}
        self.addresses = {name: _address(name, content) for name, content in self._contents.items()}

    def routes(self) -> list[web.RouteDef]:
        """Return one route for each file; everybody may load them, the login needs them."""
        return [self._route(name, content) for name, content in self._contents.items()]

    def _route(self, name: str, content: bytes) -> web.RouteDef:
        @public
        async def asset(request: web.Request) -> web.Response:
            media_type = _TYPES[Path(name).suffix]
            headers = {hdrs.CACHE_CONTROL: _FOR_EVER}
            return web.Response(body=content, content_type=media_type, charset="utf-8", headers=headers)

        return web.get(self.addresses[name], asset)


def _address(name: str, content: bytes) -> str:
    path = Path(name)
    return f"/static/{path.stem}.{hashlib.sha256(content).hexdigest()[:12]}{path.suffix}"
