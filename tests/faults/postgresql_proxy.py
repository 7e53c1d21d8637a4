"""A stand between a client and PostgreSQL that breaks connections just when something is to be committed."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Self

SOCKET = ".s.PGSQL.5432"


class PostgresqlProxy:
    """Passes everything on, until it is told to break the next commit.

    `lose_acknowledgement` lets the server commit and keeps its answer from the client; `lose_commit` does not even let
    the commit through. Either way the connection is then broken, and while `away` is set new ones are refused.
    """

    def __init__(self, folder: Path, server: Path) -> None:
        self.folder = folder
        self._server = server
        self.lose_acknowledgement = False
        self.lose_commit = False
        self.away_after = False
        self.away = False
        self.broken = 0

    @classmethod
    @contextlib.asynccontextmanager
    async def running(cls, folder: Path, server: Path) -> AsyncIterator[Self]:
        """Yield a stand with its socket in `folder`, before a server with its socket in `server`."""
        proxy = cls(folder, server)
        listening = await asyncio.start_unix_server(proxy._serve, str(folder / SOCKET))
        try:
            yield proxy
        finally:
            listening.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            if self.away:
                return
            from_server, to_server = await asyncio.open_unix_connection(str(self._server / SOCKET))
            try:
                await self._pass_on(reader, writer, from_server, to_server)
            finally:
                to_server.close()
        finally:
            writer.close()

    async def _pass_on(
        self,
        from_client: asyncio.StreamReader,
        to_client: asyncio.StreamWriter,
        from_server: asyncio.StreamReader,
        to_server: asyncio.StreamWriter,
    ) -> None:
        async def answers() -> None:
            while data := await from_server.read(65536):
                to_client.write(data)
            to_client.close()

        answering = asyncio.create_task(answers())
        try:
            while data := await from_client.read(65536):
                if b"COMMIT" in data and (self.lose_commit or self.lose_acknowledgement):
                    if self.lose_acknowledgement:
                        answering.cancel()
                        await asyncio.wait([answering])
                        to_server.write(data)
                        assert b"COMMIT" in await from_server.read(65536)
                    self.lose_commit = self.lose_acknowledgement = False
                    self.away = self.away_after
                    self.broken += 1
                    return
                to_server.write(data)
        finally:
            answering.cancel()
