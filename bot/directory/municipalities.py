"""Sweden's 290 municipalities and 21 counties, from Statistics Sweden's (SCB) register of codes."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass
from pathlib import Path

from content_files import ContentError, ContentProblem

_COLUMNS = ("code", "name", "county_code", "county_name", "lat", "lon")
_LATITUDES = (55.0, 69.5)
_LONGITUDES = (10.5, 24.5)


@dataclass(frozen=True, slots=True)
class County:
    """A county (län); `code` is SCB's two digits, as text because of the leading zero."""

    code: str
    name: str


@dataclass(frozen=True, slots=True)
class Municipality:
    """A municipality (kommun); `code` is SCB's four digits as text, `lat` and `lon` are degrees (WGS 84)."""

    code: str
    name: str
    county_code: str
    county_name: str
    lat: float
    lon: float

    @property
    def county(self) -> County:
        return County(self.county_code, self.county_name)


def load_municipalities(path: Path) -> tuple[Municipality, ...]:
    """Read `municipalities.csv`, in the order of the codes.

    Raises `ContentError` with file and line of every row that has a missing field, a malformed or repeated code, a name
    that is there twice, a county with two names or a position outside Sweden.
    """
    problems: list[ContentProblem] = []
    found: dict[str, Municipality] = {}
    names: set[str] = set()
    counties: dict[str, str] = {}
    try:
        with path.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file, strict=True)
            missing = [column for column in _COLUMNS if column not in (reader.fieldnames or ())]
            if missing:
                raise ContentError([ContentProblem(path, 1, "", f"has no column {', '.join(missing)}")])
            for row in reader:
                line = reader.line_num
                try:
                    municipality = _municipality(row)
                except ValueError as error:
                    problems.append(ContentProblem(path, line, row.get("name") or "", str(error)))
                    continue
                if municipality.code in found or municipality.name in names:
                    problems.append(ContentProblem(path, line, municipality.name, "is there twice"))
                if counties.setdefault(municipality.county_code, municipality.county_name) != municipality.county_name:
                    problems.append(ContentProblem(path, line, municipality.name, "gives its county another name"))
                found[municipality.code] = municipality
                names.add(municipality.name)
    except OSError as error:
        raise ContentError([ContentProblem(path, 0, "", f"cannot be read: {error.strerror}")]) from error
    except (csv.Error, UnicodeDecodeError) as error:
        raise ContentError([ContentProblem(path, 0, "", f"is not CSV in UTF-8: {error}")]) from error
    if problems:
        raise ContentError(problems)
    if not found:
        raise ContentError([ContentProblem(path, 0, "", "has no municipality")])
    return tuple(found[code] for code in sorted(found))


def counties_of(municipalities: tuple[Municipality, ...]) -> tuple[County, ...]:
    """Return the counties the municipalities lie in, in the order of the codes."""
    return tuple(sorted({municipality.county for municipality in municipalities}, key=lambda county: county.code))


def _municipality(row: dict[str, str | None]) -> Municipality:
    fields = {column: (row.get(column) or "").strip() for column in _COLUMNS}
    for column, value in fields.items():
        if not value:
            raise ValueError(f"has no {column}")
    if not re.fullmatch(r"[0-9]{4}", fields["code"]):
        raise ValueError(f"code {fields['code']!r} is not four digits")
    if not re.fullmatch(r"[0-9]{2}", fields["county_code"]) or not fields["code"].startswith(fields["county_code"]):
        raise ValueError(f"code {fields['code']} does not lie in county {fields['county_code']!r}")
    try:
        latitude, longitude = float(fields["lat"]), float(fields["lon"])
    except ValueError:
        raise ValueError("position is not two numbers") from None
    if not (_LATITUDES[0] <= latitude <= _LATITUDES[1] and _LONGITUDES[0] <= longitude <= _LONGITUDES[1]):
        raise ValueError("position is outside Sweden")
    return Municipality(
        fields["code"], fields["name"], fields["county_code"], fields["county_name"], latitude, longitude
    )
