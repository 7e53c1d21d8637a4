"""Processes that work for another one, and end with it."""

from __future__ import annotations

import os
import threading
import time
from typing import Final

_LOOK_SECONDS: Final = 0.3


def end_with_parent() -> None:
    """End this process soon after the one that started it is gone; called once, in a process that works for another.

    A pool's process whose owner was killed would wait for work for ever, with all that it has in memory and with every
    lock that it inherited. Changes to files and databases are whole or not there, whenever it ends.
    """
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(_LOOK_SECONDS)
        os._exit(1)

    threading.Thread(target=watch, name="end with parent", daemon=True).start()
