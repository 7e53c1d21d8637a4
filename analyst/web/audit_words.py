"""The audit log in words: what events are called, and which belong together. Files of it keep the codes."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Final

from analyst.accounts.audit import UNKNOWN, AuditEvent
from analyst.accounts.permissions import COMMAND_LINE
from analyst.translation import message

EVENT_LABELS: Final[Mapping[AuditEvent, str]] = {
    AuditEvent.LOGIN_SUCCEEDED: message("Logged in"),
    AuditEvent.LOGIN_FAILED: message("Failed to log in"),
    AuditEvent.LOGGED_OUT: message("Logged out"),
    AuditEvent.SECOND_FACTOR_SUCCEEDED: message("Showed the second factor"),
    AuditEvent.SECOND_FACTOR_FAILED: message("Failed to show the second factor"),
    AuditEvent.SECOND_FACTOR_ENROLLED: message("Added a second factor"),
    AuditEvent.SECOND_FACTOR_REMOVED: message("Removed a second factor"),
    AuditEvent.RECOVERY_CODE_USED: message("Used a recovery code"),
    AuditEvent.RECOVERY_CODES_MADE: message("Made new recovery codes"),
    AuditEvent.PASSKEY_ADDED: message("Added a passkey"),
    AuditEvent.PASSKEY_REMOVED: message("Removed a passkey"),
    AuditEvent.PASSWORD_CHANGED: message("Changed the password"),
    AuditEvent.INVITATION_ACCEPTED: message("Accepted an invitation"),
    AuditEvent.ACCOUNT_CREATED: message("Made an account"),
    AuditEvent.ACCOUNT_RENAMED: message("Changed a display name"),
    AuditEvent.ACCOUNT_DISABLED: message("Shut an account"),
    AuditEvent.ACCOUNT_ENABLED: message("Opened an account again"),
    AuditEvent.ACCOUNT_RESET: message("Reset an account and invited anew"),
    AuditEvent.ACCOUNT_UNLOCKED: message("Ended the wait of an account"),
    AuditEvent.ROLES_CHANGED: message("Changed roles"),
    AuditEvent.SESSIONS_ENDED: message("Ended logins"),
    AuditEvent.TOKEN_CREATED: message("Made an API token"),
    AuditEvent.TOKEN_REVOKED: message("Revoked an API token"),
    AuditEvent.TOKEN_USED: message("Used an API token, first time that day"),
    AuditEvent.TABLE_VIEWED: message("Opened a page"),
    AuditEvent.EXPORTED: message("Took a file along"),
    AuditEvent.PREVIEWED: message("Previewed a period"),
    AuditEvent.RELEASED: message("Released a period"),
    AuditEvent.AUDIT_LOG_EXPORTED: message("Took the audit log along"),
    AuditEvent.AUDIT_LOG_CHECKED: message("Checked the audit log"),
    AuditEvent.DENIED: message("Was refused"),
}


class EventGroup(StrEnum):
    """What can be chosen to look at. Pages that were opened are many, so they are left out unless asked for."""

    BUT_VIEWS = "but_views"
    EVERYTHING = "everything"
    REFUSED = "refused"
    LOGINS = "logins"
    ACCOUNTS = "accounts"
    READING = "reading"
    RELEASES = "releases"
    AUDIT_LOG = "audit_log"


GROUP_LABELS: Final[Mapping[EventGroup, str]] = {
    EventGroup.BUT_VIEWS: message("Everything but opened pages"),
    EventGroup.EVERYTHING: message("Everything"),
    EventGroup.REFUSED: message("Failed and refused"),
    EventGroup.LOGINS: message("Logins"),
    EventGroup.ACCOUNTS: message("Accounts"),
    EventGroup.READING: message("Pages, files and API"),
    EventGroup.RELEASES: message("Release work"),
    EventGroup.AUDIT_LOG: message("Audit log"),
}

_LOGINS: Final = frozenset(
    {
        AuditEvent.LOGIN_SUCCEEDED,
        AuditEvent.LOGIN_FAILED,
        AuditEvent.LOGGED_OUT,
        AuditEvent.SECOND_FACTOR_SUCCEEDED,
        AuditEvent.SECOND_FACTOR_FAILED,
        AuditEvent.RECOVERY_CODE_USED,
        AuditEvent.SESSIONS_ENDED,
    }
)
_READING: Final = frozenset({AuditEvent.TABLE_VIEWED, AuditEvent.EXPORTED, AuditEvent.TOKEN_USED})
_RELEASES: Final = frozenset({AuditEvent.PREVIEWED, AuditEvent.RELEASED})
_AUDIT_LOG: Final = frozenset({AuditEvent.AUDIT_LOG_EXPORTED, AuditEvent.AUDIT_LOG_CHECKED})
_REFUSED: Final = frozenset({AuditEvent.LOGIN_FAILED, AuditEvent.SECOND_FACTOR_FAILED, AuditEvent.DENIED})

GROUPS: Final[Mapping[EventGroup, frozenset[AuditEvent]]] = {
    EventGroup.BUT_VIEWS: frozenset(AuditEvent) - {AuditEvent.TABLE_VIEWED},
    EventGroup.EVERYTHING: frozenset(AuditEvent),
    EventGroup.REFUSED: _REFUSED,
    EventGroup.LOGINS: _LOGINS,
    EventGroup.ACCOUNTS: frozenset(AuditEvent) - _LOGINS - _READING - _RELEASES - _AUDIT_LOG - _REFUSED,
    EventGroup.READING: _READING,
    EventGroup.RELEASES: _RELEASES,
    EventGroup.AUDIT_LOG: _AUDIT_LOG,
}

ACTOR_WORDS: Final[Mapping[str, str]] = {
    UNKNOWN: message("Somebody unknown"),
    COMMAND_LINE.name: message("Command line"),
    "login service": message("The agency's login"),
}
"""Who does something besides people with accounts."""

SUBJECT_WORDS: Final[Mapping[str, str]] = {
    "password": message("with a password"),
    "passkey": message("with a passkey"),
    "single_sign_on": message("with the agency's login"),
    "second_factor": message("at a login"),
    "second_factor, passkey": message("at a login, with a passkey"),
    "complete": message("once more, while logged in"),
    "complete, passkey": message("once more, while logged in, with a passkey"),
    "password to be changed": message("to change the password"),
    "one-time codes": message("one-time codes"),
}
"""What events of logins are about; other subjects are names, addresses and numbers, and stand as they are."""

WORDS: Final = {"event": EVENT_LABELS, "subject": SUBJECT_WORDS, "actor": ACTOR_WORDS}
"""What templates write records with."""
