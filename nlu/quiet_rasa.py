"""Rasa, kept quiet: nothing that anybody wrote may reach an output, a log or another machine.

Call `silence()` before the first import of Rasa. Rasa logs message texts in several places (`structlog` prints them
by default as soon as it is used without configuration; the graph runner writes its inputs at debug level), reports
usage to a company, and would send exceptions, with local variables, to another.
"""

from __future__ import annotations

import logging
import os
import sys
import warnings
from pathlib import Path


def _drop(logger: object, method_name: str, event: dict) -> dict:
    """Throw a structlog event away, whatever its level."""
    import structlog

    raise structlog.DropEvent


def silence(home: Path) -> None:
    """Switch off telemetry, every logger and all warnings, and give Rasa `home` to write its own files to."""
    home.mkdir(mode=0o700, parents=True, exist_ok=True)
    os.environ.update(
        HOME=str(home),
        XDG_CONFIG_HOME=str(home / ".config"),
        RASA_TELEMETRY_ENABLED="false",
        TF_CPP_MIN_LOG_LEVEL="3",
        CUDA_VISIBLE_DEVICES="-1",
        MPLCONFIGDIR=str(home / ".config"),
    )
    # No level, handler or later configuration brings the standard library's logging back.
    logging.disable(sys.maxsize)
    logging.lastResort = None
    logging.raiseExceptions = False
    warnings.simplefilter("ignore")
    warnings.showwarning = lambda *args, **kwargs: None

    import structlog

    structlog.configure(processors=[_drop], cache_logger_on_first_use=False)
    # Rasa's own set-up would print again: nothing may replace this configuration.
    structlog.configure = structlog.configure_once = lambda *args, **kwargs: None
