"""The file that the state keys live in, so that a restart of the bot ends no conversation."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import datetime, timedelta
from pathlib import Path

from bot.state.tokens import StateTokens, keys_from_json, keys_to_json


class StateKeyFileError(Exception):
    """The file of the state keys cannot be used."""


class StateKeyFile:
    """Reads the state keys, and writes them when they have rotated; readable by the bot alone (mode 0600)."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def open(self, *, idle: timedelta, now: Callable[[], datetime]) -> StateTokens:
        """Return the tokens under the file's keys, making the file on the first start.

        Raises `StateKeyFileError` if the file is there and damaged or cannot be written: making new keys in silence
        would end every running conversation.
        """
        try:
            keys = keys_from_json(self._path.read_text(encoding="ascii"))
        except FileNotFoundError:
            keys = ()
        except OSError as error:
            raise StateKeyFileError(f"The state keys {self._path} cannot be read ({error.strerror}).") from error
        except (ValueError, KeyError, TypeError) as error:
            raise StateKeyFileError(
                f"The state keys {self._path} are damaged. Delete the file; running conversations will begin anew."
            ) from error
        tokens = StateTokens(keys, idle=idle, now=now)
        if tokens.keys != keys:
            self.write(tokens)
        return tokens

    def write(self, tokens: StateTokens) -> None:
        """Write the keys in use, in one step, so that a crash leaves the old file or the new one."""
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
            new = self._path.with_suffix(".new")
            # A file left over from a crash may have another mode; this one is made anew.
            new.unlink(missing_ok=True)
            descriptor = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(keys_to_json(tokens.keys))
            new.replace(self._path)
        except OSError as error:
            raise StateKeyFileError(f"The state keys {self._path} cannot be written ({error.strerror}).") from error
