"""Answers with a body that stays the same: the client that has it is told so, and that it may keep it for itself."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from typing import Final

from aiohttp import ETag, hdrs, web

from analyst.web.headers import ALWAYS_ASKED

_VARY: Final = "Accept, Accept-Encoding, Accept-Language, Authorization, Cookie"
_PACKED: Final = ("application/zip", "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet")
_LEAST_PACKED: Final = 1000
_LONGEST: Final = 1000
"""How many letters of a header are read; what programs send is far shorter."""


def steady_answer(
    request: web.Request, body: bytes, media_type: str, language: str, headers: Mapping[str, str] | None = None
) -> web.Response:
    """Return a body with a tag of its content, packed if the client takes that; or only that it has not changed."""
    # Packed and not, the content is the same and the bytes are not: such a tag is weak.
    tag = ETag(hashlib.sha256(body).hexdigest()[:32], is_weak=media_type not in _PACKED)
    shared = {hdrs.CACHE_CONTROL: ALWAYS_ASKED, hdrs.CONTENT_LANGUAGE: language, hdrs.VARY: _VARY, **(headers or {})}
    if _is_known(request, tag):
        response = web.Response(status=304, headers=shared)
    else:
        response = web.Response(body=body, headers={**shared, hdrs.CONTENT_TYPE: media_type})
        if media_type not in _PACKED and len(body) > _LEAST_PACKED and _takes_gzip(request):
            response.enable_compression(web.ContentCoding.gzip)
    response.etag = tag
    return response


def preferences(header: str) -> Iterator[tuple[str, float]]:
    """Yield what a header such as `Accept` names, with how much it is wanted, from 0 to 1; what is no number is 1."""
    for entry in header[:_LONGEST].lower().split(","):
        name, *parameters = (part.strip() for part in entry.split(";"))
        weight = next((part[2:].strip() for part in parameters if part.startswith("q=")), "1")
        plain = weight.replace(".", "", 1)
        yield name, min(float(weight), 1.0) if plain.isascii() and plain.isdecimal() else 1.0


def _takes_gzip(request: web.Request) -> bool:
    wanted = dict(preferences(request.headers.get(hdrs.ACCEPT_ENCODING, "")))
    return wanted.get("gzip", wanted.get("*", 0)) > 0


def _is_known(request: web.Request, tag: ETag) -> bool:
    """Tell whether the client says that it has what a tag stands for."""
    return any(known.value in (tag.value, "*") for known in request.if_none_match or ())
