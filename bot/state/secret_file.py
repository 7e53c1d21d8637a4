"""The secret of the messengers' chats, where they are kept in a Valkey server and survive a restart."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from bot.state.chats import KEY_BYTES, ChatSecret
from bot.state.key_file import StateKeyFileError


def read_or_create_chat_secret(path: Path) -> ChatSecret:
    """Return the secret in a file, made on the first start and readable by the bot alone.

    Raises `StateKeyFileError` if the file is there and damaged, or cannot be read or written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            secret = bytes.fromhex(path.read_text(encoding="ascii"))
        else:
            secret = secrets.token_bytes(KEY_BYTES)
            with os.fdopen(descriptor, "w", encoding="ascii") as file:
                file.write(secret.hex())
    except OSError as error:
        raise StateKeyFileError(f"The secret of the chats {path} cannot be used ({error.strerror}).") from error
    except ValueError as error:
        raise StateKeyFileError(f"The secret of the chats {path} is damaged. Delete it; chats begin anew.") from error
    if len(secret) < KEY_BYTES:
        raise StateKeyFileError(f"The secret of the chats {path} is damaged. Delete it; chats begin anew.")
    return ChatSecret(secret)
