"""What the API says of releases, tables and the codebook, as JSON."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final
from urllib.parse import urlencode

from analyst.exports.publication import localised
from analyst.translation import Translator
from analyst.web.publications import table_id
from intake_store.codebook import Code, Codebook, Population, Variable
from intake_store.statistics.released import ReleasedTable
from intake_store.statistics.releases import Release

VERSION: Final = "/api/v1"


def release_document(release: Release) -> dict[str, Any]:
    """Return what is said of a release; `tables` is the address of its tables."""
    return {
        "number": release.number,
        "period": release.period,
        "revision": release.revision,
        "replaces": release.replaces,
        "reason": release.reason,
        "note": release.note,
        "released_on": release.released_on.isoformat(),
        "codebook_version": release.codebook_version,
        "threshold": release.threshold,
        "synthetic": release.synthetic,
        "tables": f"{VERSION}/releases/{release.number}/tables",
    }


def table_entry(release: Release, table: ReleasedTable, holding: Sequence[Release], say: Translator) -> dict[str, Any]:
    """Return a line of a list of tables; `holding` are the releases that hold the table today, the newest first."""
    shown = localised(table, say)
    name = table_id(table)
    return {
        "id": name,
        "name": table.name,
        "population": table.population,
        "layer": table.layer[0] if table.layer else None,
        "title": shown.title,
        "theme": table.theme.value,
        "release": release.number,
        "period": table.period,
        "period_kind": table.period_kind.value,
        "withheld": table.withheld,
        "synthetic": table.synthetic,
        "address": _address(release, name),
        "periods": [{"period": one.period, "release": one.number, "address": _address(one, name)} for one in holding],
        "all_periods": f"{VERSION}/tables/{name}/periods",
    }


def _address(release: Release, name: str) -> str:
    return f"{VERSION}/releases/{release.number}/tables/{name}"


def table_document(release: Release, table: ReleasedTable, say: Translator) -> dict[str, Any]:
    """Return a whole table as it was released, with its release and its texts in one language; null is withheld."""
    return {"id": table_id(table), "release": release.number, **localised(table, say).model_dump(mode="json")}


def codebook_document(codebook: Codebook, say: Translator) -> dict[str, Any]:
    """Return the populations with their variables and codes."""
    return {
        "version": codebook.version,
        "language": say.language,
        "populations": [_population(population, say) for population in codebook.populations.values()],
    }


def page_document(
    path: str, query: Mapping[str, str], items: list[dict[str, Any]], offset: int, limit: int
) -> dict[str, Any]:
    """Return a page of items, with the address of the next page or null."""
    following = offset + limit
    return {
        "items": items[offset:following],
        "total": len(items),
        "offset": offset,
        "limit": limit,
        "next": page_address(path, query, following, limit) if following < len(items) else None,
    }


def page_links(path: str, query: Mapping[str, str], total: int, offset: int, limit: int) -> str:
    """Return the addresses of the first, previous, next and last page, as the header `Link` has them (RFC 8288)."""
    places = {"first": 0, "last": max(total - 1, 0) // limit * limit}
    if offset > 0:
        places["prev"] = max(min(offset - limit, places["last"]), 0)
    if offset + limit < total:
        places["next"] = offset + limit
    return ", ".join(f'<{page_address(path, query, place, limit)}>; rel="{name}"' for name, place in places.items())


def page_address(path: str, query: Mapping[str, str], offset: int, limit: int) -> str:
    """Return the address of a page, with all else that was asked for."""
    return f"{path}?{urlencode({'offset': offset, 'limit': limit, **query})}"


def _population(population: Population, say: Translator) -> dict[str, Any]:
    return {
        "name": population.name,
        "label": say.finished(population.label),
        "variables": [_variable(variable, say) for variable in population.variables],
    }


def _variable(variable: Variable, say: Translator) -> dict[str, Any]:
    return {
        "name": variable.name,
        "label": say.finished(variable.label),
        "type": variable.type.value,
        "codes": [_code(code, say) for code in variable.codes],
    }


def _code(code: Code, say: Translator) -> dict[str, Any]:
    return {"code": code.code, "label": say.finished(code.label)}
