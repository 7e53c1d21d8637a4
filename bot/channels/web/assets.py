"""The page's style sheet, script and pictures: read once, compressed once, named by their content."""

from __future__ import annotations

import gzip
import hashlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Final

from aiohttp import hdrs, web

from bot.channels.web.headers import FOR_EVER

FOLDER: Final = Path(__file__).parent / "static"
PREFIX: Final = "/static/"

_TYPES: Final = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}


@dataclass(frozen=True, slots=True)
class Asset:
    """A static file; its path holds a hash of its content, so that it may be cached for ever."""

    path: str
    content_type: str
    body: bytes
    compressed: bytes


class Assets(Mapping[str, Asset]):
    """The static files by the name they have in the folder."""

    def __init__(self, folder: Path = FOLDER) -> None:
        self._assets = {file.name: _read(file) for file in sorted(folder.iterdir()) if file.suffix in _TYPES}

    def __getitem__(self, name: str) -> Asset:
        return self._assets[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._assets)

    def __len__(self) -> int:
        return len(self._assets)

    def routes(self) -> Iterator[web.RouteDef]:
        """Yield a route for every file."""
        for asset in self.values():
            yield web.get(asset.path, partial(_serve, asset))


async def _serve(asset: Asset, request: web.Request) -> web.Response:
    headers = {hdrs.CACHE_CONTROL: FOR_EVER, hdrs.VARY: hdrs.ACCEPT_ENCODING}
    body = asset.body
    if takes_gzip(request):
        headers[hdrs.CONTENT_ENCODING] = "gzip"
        body = asset.compressed
    return web.Response(body=body, content_type=asset.content_type, charset="utf-8", headers=headers)


def takes_gzip(request: web.Request) -> bool:
    """Whether the client reads gzip."""
    for part in request.headers.get(hdrs.ACCEPT_ENCODING, "").lower().split(","):
        coding, _, weight = part.partition(";")
        if coding.strip() in ("gzip", "*"):
            return weight.replace(" ", "") not in ("q=0", "q=0.0", "q=0.00", "q=0.000")
    return False


def _read(file: Path) -> Asset:
    body = file.read_bytes()
    name = f"{file.stem}.{hashlib.sha256(body).hexdigest()[:12]}{file.suffix}"
    return Asset(PREFIX + name, _TYPES[file.suffix], body, gzip.compress(body, 9, mtime=0))
