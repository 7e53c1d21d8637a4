"""The analyst's process: serves its pages on a private network until it is told to end."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import signal
from collections.abc import AsyncIterator, Sequence

from analyst.assembly import assemble
from analyst.settings import AnalystSettings
from analyst.web.application import serving
from analyst.web.keys import RENDERING
from intake_store.keys.passphrases import Passphrase
from intake_store.settings import IntakeSettings

logger = logging.getLogger(__name__)


@contextlib.asynccontextmanager
async def serve(
    settings: AnalystSettings, intake: IntakeSettings, passphrases: Sequence[Passphrase] = ()
) -> AsyncIterator[str]:
    """Serve the analyst's pages; yields their address. Raises like `assemble`, and `OSError` for a taken port."""
    app = assemble(settings, intake, passphrases=passphrases)
    await asyncio.to_thread(app[RENDERING].compile)
    async with serving(app, settings) as address:
        yield address


async def run(settings: AnalystSettings, intake: IntakeSettings, passphrases: Sequence[Passphrase] = ()) -> None:
    """Serve until the process is told to end."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    async with serve(settings, intake, passphrases) as address:
        logger.info("The analyst's place is at %s.", address)
        await stopping.wait()
