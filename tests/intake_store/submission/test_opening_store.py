from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

import pytest

from intake_store.submission.errors import InboxUnavailable
from intake_store.submission.opening_store import OpeningStore
from intake_store.submission.receipts import ReceiptCode
from intake_store.submission.response import Response
from intake_store.submission.store import NullResponseStore, SubmissionOutcome

CODE = ReceiptCode("0000-0000-0000-0000")


class Closing(NullResponseStore):
    closed = False

    async def withdraw(self, receipt: ReceiptCode) -> bool:
        return receipt == CODE

    async def close(self) -> None:
        self.closed = True


async def test_whoever_comes_early_waits_for_the_store() -> None:
    door, store = asyncio.Event(), Closing()

    async def open_store() -> Closing:
        await door.wait()
        return store

    opening = OpeningStore(open_store)
    asking = asyncio.create_task(opening.withdraw(CODE))
    await asyncio.sleep(0)
    assert not asking.done()
    door.set()
    assert await asking is True
    await opening.close()
    assert store.closed


async def test_a_store_that_was_away_is_tried_again(
    caplog: pytest.LogCaptureFixture, make_response: Callable[[], Response]
) -> None:
    tries = []

    async def open_store() -> Closing:
        tries.append(1)
        if len(tries) < 3:
            raise InboxUnavailable("The intake database cannot be used just now.")
        return Closing()

    opening = OpeningStore(open_store)
    with caplog.at_level(logging.ERROR), pytest.raises(InboxUnavailable):
        await opening.withdraw(CODE)
    assert "cannot be used" in caplog.text
    with pytest.raises(InboxUnavailable):
        await opening.submit(make_response(), "key")
    assert await opening.submit(make_response(), "key") is SubmissionOutcome.NOT_RECORDED
    await opening.close()


async def test_closing_a_store_that_never_opened_is_no_error() -> None:
    async def open_store() -> Closing:
        raise InboxUnavailable("away")

    await OpeningStore(open_store).close()
