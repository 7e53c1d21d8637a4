"""The client against a small server on a unix socket that can be well, slow, dead, or talk nonsense."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest
from aiohttp import web

from bot.understanding.nlu_client import HttpNlu, NluClient, NullNlu

MARK = "hemlig-mening-4711"
RANKING = [{"name": "greet", "confidence": 0.2}, {"name": "crisis_danger", "confidence": 0.8}]


class StandIn:
    """Speaks the service's protocol; `answer` is what /model/parse does."""

    def __init__(self, socket: Path) -> None:
        self.socket = socket
        self.asked: list[str] = []
        self.authorization: str | None = None
        self.status = 200
        self.body: object = {"intent": RANKING[1], "intent_ranking": RANKING, "entities": [], "text": ""}
        self.delay = 0.0

    async def parse(self, request: web.Request) -> web.Response:
        self.asked.append((await request.json())["text"])
        self.authorization = request.headers.get("Authorization")
        await asyncio.sleep(self.delay)
        if isinstance(self.body, bytes):
            return web.Response(body=self.body, status=self.status)
        return web.json_response(self.body, status=self.status)

    async def ready(self, request: web.Request) -> web.Response:
        return web.json_response({}, status=self.status)

    @asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        app = web.Application()
        app.add_routes([web.post("/model/parse", self.parse), web.get("/status", self.ready)])
        runner = web.AppRunner(app, shutdown_timeout=0.1)
        await runner.setup()
        await web.UnixSite(runner, str(self.socket)).start()
        try:
            yield
        finally:
            await runner.cleanup()
            self.socket.unlink(missing_ok=True)


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def service(tmp_path: Path) -> StandIn:
    return StandIn(tmp_path / "nlu.sock")


@pytest.fixture
async def client(service: StandIn, clock: Clock) -> AsyncIterator[HttpNlu]:
    async with HttpNlu(socket=service.socket, timeout_seconds=0.3, clock=clock) as made:
        yield made


async def test_an_answer_becomes_a_ranking_with_the_likeliest_first(service: StandIn, client: HttpNlu) -> None:
    async with service.running():
        result = await client.parse(MARK)
    assert result is not None
    assert list(result.ranking.items()) == [("crisis_danger", 0.8), ("greet", 0.2)]
    assert service.asked == [MARK]
    assert client.available


async def test_a_service_that_is_not_there_is_none_and_then_left_alone(
    service: StandIn, client: HttpNlu, clock: Clock
) -> None:
    assert await client.parse("a") is None
    assert await client.parse("b") is None
    async with service.running():
        assert await client.parse("c") is None  # within the pause nobody is asked
        assert service.asked == []
        clock.now += 5.1
        assert await client.parse("d") is not None
        assert service.asked == ["d"]
        assert client.available


async def test_one_failure_does_not_start_a_pause(service: StandIn, client: HttpNlu) -> None:
    assert await client.parse("a") is None
    async with service.running():
        assert await client.parse("b") is not None


async def test_it_dies_in_the_middle_and_comes_back(service: StandIn, client: HttpNlu, clock: Clock) -> None:
    async with service.running():
        assert await client.parse("a") is not None
    assert await client.parse("b") is None
    assert not client.available
    async with service.running():
        assert await client.is_healthy()
        assert client.available
        assert await client.parse("c") is not None


async def test_a_slow_service_costs_no_more_than_the_time_out(service: StandIn, client: HttpNlu) -> None:
    service.delay = 5
    async with service.running():
        started = asyncio.get_running_loop().time()
        assert await client.parse(MARK) is None
        assert asyncio.get_running_loop().time() - started < 2


@pytest.mark.parametrize(
    ("status", "body"),
    [
        (200, b"not json"),
        (200, b""),
        (200, b"\xff\xfe"),
        (200, []),
        (200, {"intent": None}),
        (200, {"intent_ranking": []}),
        (200, {"intent_ranking": [{"name": "greet"}]}),
        (200, {"intent_ranking": [{"name": "greet", "confidence": 7}]}),
        (200, {"intent_ranking": [{"name": "greet", "confidence": "nan"}]}),
        (200, b'{"intent_ranking": "' + b"x" * 400_000 + b'"}'),
        (503, {"status": "failure", "reason": "Loading"}),
        (500, b"oops"),
        (401, {}),
        (302, {}),
    ],
)
async def test_nonsense_is_none(service: StandIn, client: HttpNlu, status: int, body: object) -> None:
    service.status, service.body = status, body
    async with service.running():
        assert await client.parse(MARK) is None
    assert not client.available


async def test_nothing_of_a_text_is_logged(
    service: StandIn, client: HttpNlu, clock: Clock, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    assert await client.parse(MARK) is None
    async with service.running():
        await client.is_healthy()
        await client.parse(MARK)
        service.body = b"garbage " + MARK.encode()
        await client.parse(MARK)
        service.delay = 5
        await client.parse(MARK)
    assert "understanding service" in caplog.text
    assert MARK not in caplog.text


async def test_the_token_is_sent(tmp_path: Path) -> None:
    service = StandIn(tmp_path / "unused.sock")
    app = web.Application()
    app.add_routes([web.post("/model/parse", service.parse)])
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        host, port = runner.addresses[0][:2]
        async with HttpNlu(url=f"http://{host}:{port}/", token="a-long-token") as client:
            assert await client.parse("hej") is not None
    finally:
        await runner.cleanup()
    assert service.authorization == "Bearer a-long-token"


async def test_the_null_version_has_the_same_shape() -> None:
    null: NluClient = NullNlu()
    assert await null.parse("hej") is None
    assert not null.available
    assert not await null.is_healthy()


async def test_it_wants_one_place_to_go() -> None:
    with pytest.raises(ValueError, match="either"):
        HttpNlu()
    with pytest.raises(RuntimeError, match="async with"):
        await HttpNlu(url="http://127.0.0.1:1").parse("x")
