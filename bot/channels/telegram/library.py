"""What has to be set for python-telegram-bot as a whole, before its first use."""

from __future__ import annotations

import logging
import os
from typing import Final

LIBRARIES: Final = ("telegram", "httpx", "httpcore")
"""Loggers of python-telegram-bot and of the HTTP client it uses.

httpx logs each address with the token at INFO, httpcore does at DEBUG, and python-telegram-bot logs whole updates at
DEBUG and, when it cannot read one, at CRITICAL. So no level is safe; the channel logs by itself what went wrong.
"""


def prepare_library() -> None:
    """Silence the libraries, whatever level anybody sets on any logger, and choose how they tell durations."""
    for name in {*LIBRARIES, *(name for name in logging.root.manager.loggerDict if _is_theirs(name))}:
        logger = logging.getLogger(name)
        logger.disabled = True
        logger.propagate = False
    # Flood control is told as a timedelta, as in the library's next line; it warns of each of the old integers.
    os.environ.setdefault("PTB_TIMEDELTA", "true")


def _is_theirs(name: str) -> bool:
    return name.partition(".")[0] in LIBRARIES
