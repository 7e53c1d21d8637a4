"""The clock is set back while people send their answers."""

from __future__ import annotations

import dataclasses
import datetime
from collections.abc import Awaitable, Callable

from assistants import Assistants
from faulty_stores import STORED, FaultyStore
from intake import BOTH_ENGINES, query
from person import Person

WEEK = datetime.timedelta(weeks=1)


@BOTH_ENGINES
async def test_a_clock_that_is_set_back_stores_nothing_twice(
    store: FaultyStore, to_sending: Callable[..., Awaitable[Person]], assistants: Assistants
) -> None:
    earlier = dataclasses.replace(assistants, now=assistants.now - WEEK)
    later = dataclasses.replace(assistants, now=assistants.now + 2 * WEEK)
    async with store.inbox() as inbox:
        person = await to_sending(inbox, assistants)
        before_sending = person.state
        await person.tap("wants_receipt:yes")
        receipt = person.receipt
        assert receipt
        assert await store.weeks() == ["2026-W48"]

        # The answer got lost on its way, the clock was set back, and the client sends the same again.
        for assistant in (earlier, assistants, earlier):
            person._assistant = assistant.make(inbox)
            person.state = before_sending
            await person.tap_old("wants_receipt:yes")
            assert STORED in person.heard
            assert person.receipt == receipt
        assert await store.weeks() == ["2026-W48"]

        # Somebody else's answers are stored under the week that the clock shows.
        await (await to_sending(inbox, earlier)).tap("wants_receipt:no")
        assert await store.weeks() == ["2026-W47", "2026-W48"]
        # The hash from the week to come is kept: it still has to know the submission again.
        assert {week for (week,) in await query(store.database, "SELECT iso_week FROM submission")} == {
            "2026-W47",
            "2026-W48",
        }

        # Once the clock is right, what is old is forgotten, and the receipt still works.
        await (await to_sending(inbox, later)).tap("wants_receipt:no")
        assert await query(store.database, "SELECT iso_week FROM submission") == [("2026-W50",)]
        await person.tap_old("flow:withdraw")
        await person.say(receipt)
        assert await store.weeks() == ["2026-W47", "2026-W50"]
