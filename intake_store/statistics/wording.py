"""What tables say of themselves, in whole sentences; each is an English message id."""

from __future__ import annotations

from typing import Final

COUNTED_RESPONSES: Final = "Responses. A person can have given more than one, and nobody can tell."
COUNTED_EVENTS: Final = "Events in conversations. Nobody is recognised, so one person can stand behind several."
COUNTED_SERVICES: Final = "Services, Swedish kronor, and people as each service counted them."

_SYNTHETIC: Final = "SYNTHETIC DATA: "

OF_THOSE_WHO_ANSWERED: Final = "Responses that answered the question; shares are of the base in each column."
OF_EVENTS: Final = "All events of the kind; shares are of the base in each column."
NO_SHARES: Final = "There are no shares; each figure stands for itself."

ALL_USERS: Final = "All who used the service"
ALL_SERVICES: Final = "Services that gave their figures"


def title_of(title: str, synthetic: bool) -> str:
    """Return the title of a table, which says so if anything in it is made up."""
    return f"{_SYNTHETIC}{title}" if synthetic else title
