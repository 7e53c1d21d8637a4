"""What each role may do."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from analyst.accounts.errors import NotAllowed, StepUpNeeded


class Role(StrEnum):
    """What somebody is at the analyst's place; one account may have several."""

    ANALYST = "analyst"
    RELEASER = "releaser"
    ADMINISTRATOR = "administrator"


class Permission(StrEnum):
    """One thing that can be allowed."""

    VIEW_TABLES = "view_tables"
    EXPORT = "export"
    USE_API = "use_api"
    PREVIEW = "preview"
    RELEASE = "release"
    MANAGE_ACCOUNTS = "manage_accounts"
    READ_AUDIT_LOG = "read_audit_log"


PERMISSIONS: Final[Mapping[Role, frozenset[Permission]]] = MappingProxyType(
    {
        Role.ANALYST: frozenset({Permission.VIEW_TABLES, Permission.EXPORT, Permission.USE_API}),
        Role.RELEASER: frozenset(
            {
                Permission.VIEW_TABLES,
                Permission.EXPORT,
                Permission.USE_API,
                Permission.PREVIEW,
                Permission.RELEASE,
            }
        ),
        # Whoever hands out roles does not release figures as well, unless somebody gave them that role too.
        Role.ADMINISTRATOR: frozenset({Permission.VIEW_TABLES, Permission.MANAGE_ACCOUNTS, Permission.READ_AUDIT_LOG}),
    }
)

STEP_UP: Final = frozenset({Permission.RELEASE, Permission.MANAGE_ACCOUNTS})
"""What also needs a second factor shown within the last minutes."""


def permissions_of(roles: Iterable[Role]) -> frozenset[Permission]:
    """Return what somebody with all of `roles` may do."""
    return frozenset(permission for role in roles for permission in PERMISSIONS[role])


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something: the name in the audit log, what they may do, and whether they just showed a second factor."""

    name: str
    permissions: frozenset[Permission]
    stepped_up: bool

    def need(self, permission: Permission) -> None:
        """Raise `NotAllowed` or, where a second factor is due again, `StepUpNeeded`."""
        if permission not in self.permissions:
            raise NotAllowed("Your roles do not allow this. Ask an administrator.")
        if permission in STEP_UP and not self.stepped_up:
            raise StepUpNeeded("Confirm with your second factor first.")


COMMAND_LINE: Final = Actor(
    name="command line",
    permissions=frozenset({Permission.MANAGE_ACCOUNTS, Permission.READ_AUDIT_LOG}),
    stepped_up=True,
)
"""Whoever can run `fyren accounts` reads and writes the database anyway; a name with a space is nobody's account."""
