"""The address that Telegram brings updates to."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from typing import Any

import pytest
from aiohttp import ClientSession
from bot_api import BotApi
from running_channel import SECRET, Running, Starter

from bot.channels.telegram.channel import MAX_WAITING
from bot.channels.telegram.receiving import ALLOWED_UPDATES
from bot.channels.telegram.webhook import HEADER, MAX_BODY


@pytest.fixture
async def running(started: Starter) -> Running:
    return await started(mode="webhook")


@pytest.fixture
async def client() -> AsyncIterator[ClientSession]:
    async with ClientSession() as session:
        yield session


def _update(running: Running, text: str = "hej") -> dict[str, Any]:
    person = running.person()
    message = {"message_id": 1, "date": 1, "chat": person.chat, "from": person.user, "text": text}
    return {"update_id": 1, "message": message}


async def test_the_webhook_is_set_with_its_secret_and_only_the_updates_that_are_read(running: Running) -> None:
    (call,) = running.api.called("setWebhook")
    assert call["url"] == f"{running.address}/telegram"
    assert call["secret_token"] == SECRET
    assert call["allowed_updates"] == list(ALLOWED_UPDATES)


@pytest.mark.parametrize(
    "headers", [{}, {HEADER: ""}, {HEADER: "wrong"}, {HEADER: SECRET + "x"}, {HEADER: SECRET[:-1]}, {HEADER: "sé-crèt"}]
)
async def test_without_the_secret_nothing_is_read(
    running: Running, client: ClientSession, headers: dict[str, str]
) -> None:
    answer = await client.post(f"{running.address}/telegram", json=_update(running), headers=headers)
    assert answer.status == 403
    assert await answer.read() == b""
    await running.settled()
    assert not running.turns.heard


@pytest.mark.parametrize("body", [b"", b"{", b"[]", b"null", b"{}", b'{"update_id": "1"}', b"\xff\xfe", b"[" * 100_000])
async def test_garbage_is_refused(running: Running, client: ClientSession, body: bytes) -> None:
    answer = await client.post(f"{running.address}/telegram", data=body, headers={HEADER: SECRET})
    assert answer.status == 400
    assert not running.turns.heard


async def test_a_body_that_is_too_large_is_refused(running: Running, client: ClientSession) -> None:
    update = _update(running, "a" * MAX_BODY)
    answer = await client.post(f"{running.address}/telegram", json=update, headers={HEADER: SECRET})
    assert answer.status == 413
    assert not running.turns.heard


async def test_a_body_without_a_length_is_measured_as_it_comes(running: Running, client: ClientSession) -> None:
    async def endless() -> AsyncIterator[bytes]:
        for _ in range(40):
            yield b"a" * 16_384

    answer = await client.post(f"{running.address}/telegram", data=endless(), headers={HEADER: SECRET})
    assert answer.status == 413


@pytest.mark.parametrize(
    "update",
    [
        {"update_id": 5, "message": {"message_id": "not a number"}},
        {"update_id": 5, "callback_query": 7},
        {"update_id": 5, "something_of_next_year": {"id": 1}},
        {"update_id": 5},
    ],
)
async def test_an_update_that_cannot_be_read_is_not_asked_for_again(
    running: Running, client: ClientSession, update: dict[str, Any]
) -> None:
    answer = await client.post(f"{running.address}/telegram", json=update, headers={HEADER: SECRET})
    assert answer.status == 200
    await running.settled()
    assert not running.turns.heard


async def test_other_methods_are_not_taken(running: Running, client: ClientSession) -> None:
    answer = await client.get(f"{running.address}/telegram", headers={HEADER: SECRET})
    assert answer.status == 405


async def test_polling_has_no_webhook(started: Starter, client: ClientSession) -> None:
    running = await started(mode="polling")
    assert list(running.channel.routes()) == []
    assert running.api.called("deleteWebhook")


async def test_the_webhook_answers_before_the_turn_is_over(running: Running, client: ClientSession) -> None:
    running.turns.gates["slow"] = asyncio.Event()
    address = f"{running.address}/telegram"
    answer = await client.post(address, json=_update(running, "slow"), headers={HEADER: SECRET})
    assert answer.status == 200
    assert not running.turns.finished
    running.turns.gates["slow"].set()
    assert await running.person().hears() == ["1: slow"]


async def test_before_telegram_is_reached_and_when_too_much_waits_telegram_is_asked_to_come_again(
    started: Starter, api: BotApi, client: ClientSession
) -> None:
    api.down = True
    running = await started(mode="webhook", wait=False)
    body = json.dumps(_update(running))
    address, headers = f"{running.address}/telegram", {HEADER: SECRET}
    assert (await client.post(address, data=body, headers=headers)).status == 503
    api.down = False
    await asyncio.wait_for(running.channel.connected(), 20)
    running.channel._waiting += MAX_WAITING
    assert (await client.post(address, data=body, headers=headers)).status == 503
    running.channel._waiting -= MAX_WAITING
    assert (await client.post(address, data=body, headers=headers)).status == 200
    assert await running.person().hears() == ["1: hej"]


async def test_stopping_answers_what_came(running: Running) -> None:
    running.turns.gates["slow"] = asyncio.Event()
    person = running.person()
    await person.says("slow")
    await running.until(lambda: running.turns.heard)
    stopping = asyncio.create_task(running.channel.stop())
    await asyncio.sleep(0.05)
    assert not stopping.done()
    running.turns.gates["slow"].set()
    await stopping
    assert await person.hears() == ["1: slow"]
