"""Starting the internet-facing process: what it logs, and what it says when it cannot start."""

from __future__ import annotations

import asyncio
import logging
import sys

from bot.channels.telegram.settings import TelegramSettingsError
from bot.process import run
from bot.settings import SettingsError, read_settings
from bot.state.key_file import StateKeyFileError
from content_files import ContentError
from intake_store.submission.errors import IntakeStoreError


def main() -> int:
    """Run the bot; returns an exit code, with what is wrong on standard error."""
    logging.basicConfig(level=logging.INFO, format="%(levelname)s %(name)s: %(message)s", stream=sys.stderr)
    # These log addresses and full URLs, tokens among them, at INFO and DEBUG.
    for name in ("httpx", "httpcore", "aiohttp", "telegram", "asyncio"):
        logging.getLogger(name).setLevel(logging.WARNING)
    try:
        asyncio.run(run(read_settings()))
    except (SettingsError, ContentError, IntakeStoreError, StateKeyFileError, TelegramSettingsError) as error:
        print(error, file=sys.stderr)
    except OSError as error:
        print(f"The page cannot be served: {error.strerror or error}.", file=sys.stderr)
    else:
        return 0
    return 1
