"""Services, municipalities and places: reading them, finding places in text, and choosing services."""

from bot.directory.directory import Directory, load_directory
from bot.directory.municipalities import County, Municipality
from bot.directory.opening_hours import OpenState, OpenStatus, open_status
from bot.directory.places import PlaceIndex, PlaceMatch, PlaceMention, PlaceStatus
from bot.directory.search import HoursShown, Level, SearchResult, ServiceCard, card_of, find_services
from bot.directory.services import Audience, Kind, Need, Service

__all__ = [
    "Audience",
    "County",
    "Directory",
    "HoursShown",
    "Kind",
    "Level",
    "Municipality",
    "Need",
    "OpenState",
    "OpenStatus",
    "PlaceIndex",
    "PlaceMatch",
    "PlaceMention",
    "PlaceStatus",
    "SearchResult",
    "Service",
    "ServiceCard",
    "card_of",
    "find_services",
    "load_directory",
    "open_status",
]
