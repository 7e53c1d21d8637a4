"""`fyren up`: everything on one machine, for trying out and for development.

The page is served at once; the understanding service is installed, trained and started behind it, and free text is
understood as soon as it is there.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sqlite3
import sys
import time

from rich.console import Console

from bot.settings import PROJECT, BotSettings
from fyren.processes import ManagedProcess, ProcessFailed
from fyren.understanding_service import UnderstandingService, is_ready
from intake_store.database.newest import NEWEST_REVISION

BOT_READY_SECONDS = 60.0
RESTART_SECONDS = (1, 2, 5, 15, 60)


async def bring_up(settings: BotSettings, console: Console) -> int:
    """Start the bot and the understanding service, keep them running, end both on Ctrl-C; returns an exit code."""
    stopping = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(number, stopping.set)
    if settings.record_responses and not trial_files_are_there(settings):
        with console.status("Making keys and a database …"):
            await ManagedProcess(
                "Making the trial store",
                [sys.executable, "-m", "fyren.trial_store"],
                PROJECT,
                {},
                settings.var / "log" / "store.log",
            ).run()
        console.print(f"Made keys and a database in {settings.var.name}/.")
    bot = ManagedProcess(
        "The assistant", [sys.executable, "-m", "bot"], PROJECT, {}, log=settings.var / "log" / "bot.log"
    )
    service = UnderstandingService(PROJECT, settings.var, settings.nlu_socket_path)
    tasks: list[asyncio.Task[None]] = []
    try:
        await bot.start()
        if not await _page_answers(bot, settings, stopping):
            if not stopping.is_set():
                console.print(f"[red]The assistant did not start.[/red]\n{bot.last_words()}", highlight=False)
                return 1
            return 0
        address = f"http://{settings.host}:{settings.port}"
        console.print(f"\n  [bold]Fyren is at {address}[/bold]   (Ctrl-C stops it)\n", highlight=False)
        if settings.nlu_url is None:
            tasks.append(asyncio.create_task(_keep_understanding(service, settings, console)))
        ended = asyncio.create_task(bot.wait())
        stopped = asyncio.create_task(stopping.wait())
        await asyncio.wait({ended, stopped}, return_when=asyncio.FIRST_COMPLETED)
        stopped.cancel()
        if not stopping.is_set():
            console.print(f"[red]The assistant ended.[/red]\n{bot.last_words()}", highlight=False)
            return 1
        console.print("Stopping …")
        return 0
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        await asyncio.gather(bot.stop(), service.stop())


def trial_files_are_there(settings: BotSettings) -> bool:
    """Tell whether keys and database are there, at the newest revision if that can be told without loading it all."""
    if not (settings.public_key_path.exists() and settings.store_secret_path.exists()):
        return False
    if "://" in settings.database_location:
        return False
    try:
        with contextlib.closing(sqlite3.connect(f"file:{settings.database_location}?mode=ro", uri=True)) as database:
            row = database.execute("SELECT version_num FROM alembic_version").fetchone()
    except sqlite3.Error:
        return False
    return bool(row == (NEWEST_REVISION,))


async def _page_answers(bot: ManagedProcess, settings: BotSettings, stopping: asyncio.Event) -> bool:
    for _ in range(int(BOT_READY_SECONDS * 10)):
        if bot.pid is None or stopping.is_set():
            return False
        try:
            _, writer = await asyncio.open_connection(settings.host, settings.port)
        except OSError:
            await asyncio.sleep(0.1)
        else:
            writer.close()
            return True
    return False


async def _keep_understanding(service: UnderstandingService, settings: BotSettings, console: Console) -> None:
    """Install, train, start and, should it die, restart the understanding service; never takes the bot down."""
    if await is_ready(settings.nlu_socket_path):
        console.print("The understanding service is running already.")
        return
    began = time.monotonic()
    try:
        with console.status("Installing the understanding service (the first time takes a few minutes) …"):
            await service.install()
        with console.status("Training the understanding model, if its data has changed …"):
            await service.train()
        for attempt in range(sys.maxsize):
            with console.status("Starting the understanding service …"):
                await service.start()
                await service.wait_until_ready()
            seconds = time.monotonic() - began
            console.print(f"Free text is understood now ({seconds:.0f} s).", highlight=False)
            await service.wait()
            console.print("The understanding service ended; choices and crisis words go on. Starting it again …")
            await asyncio.sleep(RESTART_SECONDS[min(attempt, len(RESTART_SECONDS) - 1)])
            began = time.monotonic()
    except ProcessFailed as error:
        console.print(f"[yellow]Free text is not understood: {error}[/yellow]", highlight=False)
        console.print("Choices, crisis words and the service search work without it.")
