"""The intake database for whoever writes to it: opened at the right version, its failures told in the store's words."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.ext.asyncio import AsyncEngine

from intake_store.database.connections import connect, file_is_missing
from intake_store.database.newest import NEWEST_REVISION
from intake_store.database.revisions import stored_revision
from intake_store.submission.errors import InboxUnavailable


async def open_intake_database(location: str) -> AsyncEngine:
    """Return an engine for the database at a path or URL; raises `InboxUnavailable` if it is away or not up to date."""
    if file_is_missing(location):
        raise InboxUnavailable(f"There is no intake database {location} yet. Run `fyren database upgrade`.")
    engine = connect(location)
    try:
        async with reported():
            revision = await stored_revision(engine)
        if revision != NEWEST_REVISION:
            raise InboxUnavailable("The intake database is not up to date. Run `fyren database upgrade`.")
    except BaseException:
        await engine.dispose()
        raise
    return engine


@asynccontextmanager
async def reported() -> AsyncIterator[None]:
    """Turn what goes wrong in the database into `InboxUnavailable`."""
    try:
        yield
    except (SQLAlchemyError, OSError) as error:
        raise InboxUnavailable("The intake database cannot be used just now; nothing was changed.") from error
