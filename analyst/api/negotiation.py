"""In which format an answer is given: as the ending of the address says, else `format`, else the header `Accept`."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from aiohttp import hdrs, web

from analyst.translation import message
from analyst.web.answers import preferences
from analyst.web.problems import MalformedRequest, NotAcceptable

JSON: Final = "json"
JSON_STAT: Final = "jsonstat"

EXPORTED: Final = {"csv": "csv-plain", JSON_STAT: "json-stat", "px": "px", "xlsx": "xlsx"}
"""The exports that the API gives, by the names that it has for them."""

_MEDIA_TYPES: Final = {
    JSON: "application/json",
    JSON_STAT: "application/json",
    "csv": "text/csv",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}
"""What `Accept` calls the formats; the other formats have no name there."""

WRONG_FORMAT: Final = message("`format` is one of these here: {formats}.")
NOT_OFFERED: Final = message(
    "`Accept` asks for nothing that this address gives. Ask for {types}, or name a format instead: {formats}."
)


def split_ending(name: str) -> tuple[str, str]:
    """Return a name without the ending that says the format, and the format, which is empty without one."""
    for form in (JSON, *EXPORTED):
        if name.endswith(f".{form}"):
            return name.removesuffix(f".{form}"), form
    return name, ""


def chosen_format(request: web.Request, offered: Sequence[str]) -> str:
    """Return which of the formats is asked for, the first if none is; raises `MalformedRequest`, `NotAcceptable`."""
    formats = ", ".join(f"`format={form}`" for form in offered)
    if (named := request.query.get("format")) is not None:
        if named not in offered:
            raise MalformedRequest(WRONG_FORMAT.format(formats=", ".join(f"`{form}`" for form in offered)))
        return named
    header = ", ".join(request.headers.getall(hdrs.ACCEPT, []))
    if not header.strip():
        return offered[0]
    wanted = dict(preferences(header))
    weights = {form: _weight(_MEDIA_TYPES[form], wanted) for form in offered if form in _MEDIA_TYPES}
    best = max(weights, key=lambda form: weights[form])
    if not weights[best]:
        types = ", ".join(dict.fromkeys(_MEDIA_TYPES[form] for form in weights))
        raise NotAcceptable(NOT_OFFERED.format(types=types, formats=formats))
    return best


def _weight(media_type: str, wanted: dict[str, float]) -> float:
    """Return how much a media type is wanted: as the entry says that names it most closely."""
    kind = media_type.partition("/")[0]
    return next((wanted[name] for name in (media_type, f"{kind}/*", "*/*") if name in wanted), 0.0)
