"""Which language a browser asks for."""

from __future__ import annotations

from bot.translation.catalogues import Catalogues

_HEADER_LENGTH = 500
"""Characters; browsers send far fewer."""


def asked_language(catalogues: Catalogues, named: str | None, accepted: str) -> str:
    """Return the live language that `named` or else the Accept-Language header `accepted` asks for, or the default."""
    found = catalogues.supported(named)
    if found:
        return found
    for _, code in sorted(_weighted(accepted[:_HEADER_LENGTH]), key=lambda entry: -entry[0]):
        found = catalogues.supported(code)
        if found:
            return found
    return catalogues.default


def _weighted(accepted: str) -> list[tuple[float, str]]:
    entries = []
    for part in accepted.split(","):
        code, _, parameter = part.partition(";")
        try:
            weight = float(parameter.strip().removeprefix("q=") or 1)
        except ValueError:
            continue
        if weight > 0:
            entries.append((weight, code.strip()))
    return entries
