"""The intake database for whoever writes to it: opened at the right version, its failures told in the store's words."""

from __future__ import annotations

import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine

from intake_store.database.connections import connect, file_is_missing, file_is_open_to_others, is_damage, is_sound
from intake_store.database.newest import NEWEST_REVISION
from intake_store.database.revisions import stored_revision
from intake_store.submission.errors import InboxDamaged, InboxUnavailable, OutcomeUnknown

logger = logging.getLogger(__name__)

_DAMAGED = "The intake database is damaged; nothing was written. Keep the file, and see `fyren backup restore`."


async def open_intake_database(location: str) -> AsyncEngine:
    """Return an engine for the database at a path or URL.

    Raises `InboxUnavailable` if it is away or not up to date, and `InboxDamaged` if SQLite finds its file damaged.
    """
    if file_is_missing(location):
        raise InboxUnavailable(f"There is no intake database {location} yet. Run `fyren database upgrade`.")
    if file_is_open_to_others(location):
        logger.warning("The file of the intake database can be read by every user of this machine. Run `chmod 600`.")
    engine = connect(location)
    try:
        async with reported():
            revision = await stored_revision(engine)
            sound = await is_sound(engine)
        if not sound:
            raise InboxDamaged(_DAMAGED)
        if revision != NEWEST_REVISION:
            raise InboxUnavailable("The intake database is not up to date. Run `fyren database upgrade`.")
    except BaseException:
        await engine.dispose()
        raise
    return engine


@asynccontextmanager
async def reported() -> AsyncIterator[None]:
    """Turn what goes wrong in the database into `InboxUnavailable`, or `InboxDamaged` for a damaged SQLite file."""
    try:
        yield
    except (SQLAlchemyError, OSError) as error:
        if is_damage(error):
            raise InboxDamaged(_DAMAGED) from error
        raise InboxUnavailable("The intake database cannot be used just now; nothing was changed.") from error


@asynccontextmanager
async def changing(engine: AsyncEngine) -> AsyncIterator[AsyncConnection]:
    """Yield a connection within a transaction, which is kept at the end.

    Raises `InboxUnavailable` if it was not kept, and `OutcomeUnknown` if the connection broke while it was to be kept,
    so that nobody can tell before the database is asked again.
    """
    async with reported(), engine.connect() as connection:
        transaction = await connection.begin()
        yield connection
        try:
            await transaction.commit()
        except (SQLAlchemyError, OSError) as error:
            if engine.dialect.name == "sqlite":
                raise  # SQLite has kept nothing if it says so.
            raise OutcomeUnknown("The connection to the intake database broke; what became of it is not known.") from (
                error
            )
