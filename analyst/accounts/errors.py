"""What can go wrong with accounts, each named for it, with a sentence that says what to do next."""

from __future__ import annotations


class AccountsError(Exception):
    """Something about an account or its database is wrong."""


class DatabaseRefused(AccountsError):
    """The accounts database or its key is missing, too new, damaged or open to others."""


class AccountRefused(AccountsError):
    """An account cannot be made or changed as asked."""


class NoSuchAccount(AccountRefused):
    """No account has this name."""


class PasswordRefused(AccountsError):
    """A new password is too easy to guess, or too long."""


class LoginRefused(AccountsError):
    """Somebody was not let in; the message is the same whatever the reason, except for a lock."""


class LockedOut(LoginRefused):
    """Too many attempts failed; `wait` says how many seconds to wait."""

    def __init__(self, wait: int) -> None:
        super().__init__("Too many attempts failed. Wait a while, then try again.")
        self.wait = wait


class CodeRefused(AccountsError):
    """A one-time code, recovery code or invitation is wrong, spent or too old."""


class CeremonyRefused(AccountsError):
    """An exchange with a passkey or a login service was not begun here, took too long, or does not verify."""


class SessionEnded(AccountsError):
    """The session is over, or not at a stage where this can be done; log in again."""


class NotAllowed(AccountsError):
    """The roles of an account do not allow this."""


class StepUpNeeded(NotAllowed):
    """This needs a second factor that was shown within the last minutes."""


class AuditLogChanged(AccountsError):
    """The audit log is not what was written; `number` is the first record that shows it."""

    def __init__(self, text: str, number: int) -> None:
        super().__init__(text)
        self.number = number
