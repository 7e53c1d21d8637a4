"""The directory as a whole: services, municipalities, counties and the index of places, read once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from bot.directory.municipalities import County, Municipality, counties_of, load_municipalities
from bot.directory.places import PlaceIndex, load_place_index
from bot.directory.services import Service, load_services


@dataclass(frozen=True, slots=True)
class Directory:
    """What the assistant knows of Sweden and its services; `services` keeps the order of the file."""

    services: tuple[Service, ...]
    municipalities: Mapping[str, Municipality]
    counties: Mapping[str, County]
    places: PlaceIndex

    def service(self, service_id: str) -> Service:
        """Return the service with this id; raises `KeyError` if there is none."""
        for service in self.services:
            if service.id == service_id:
                return service
        raise KeyError(service_id)


def load_directory(folder: Path) -> Directory:
    """Read `services.yml`, `municipalities.csv`, `place_names.yml` and `ordinary_words.txt` from `folder`.

    Raises `ContentError` with file and line of every mistake in the first file that has one.
    """
    municipalities = load_municipalities(folder / "municipalities.csv")
    return Directory(
        services=load_services(folder / "services.yml", municipalities),
        municipalities={municipality.code: municipality for municipality in municipalities},
        counties={county.code: county for county in counties_of(municipalities)},
        places=load_place_index(folder, municipalities),
    )
