"""The turn API: tokens, limits and problems."""

from __future__ import annotations

import json
import logging
from datetime import UTC, datetime

import pytest
from aiohttp import web
from web_site import Site

from bot.dialogue.state import DialogueState
from bot.limits.rates import ClientRates, Rates
from bot.state.tokens import MAX_TOKEN_LENGTH, StateTokens

NOTICE = "The earlier conversation could not be continued, so this is a new one. Nothing from before was kept."
SWEDISH = {"Accept-Language": "sv"}


async def test_a_conversation_begins_without_a_token(site: Site) -> None:
    status, answer = await site.turn({"state": None})
    assert status == 200
    assert answer["language"] == "en"
    assert answer["state"]
    assert [reply["type"] for reply in answer["replies"]] == ["text", "text", "choices"]


@pytest.mark.parametrize(
    ("accepted", "language"),
    [
        ("sv-SE,en;q=0.5", "sv"),
        ("en;q=0.5,sv;q=0.4", "en"),
        ("fi,nb;q=0.9,ar;q=0.1", "ar"),
        ("fi", "sv"),
        ("sv;q=0,en;q=0.1", "en"),
        ("*", "sv"),
        ("en;q=nonsense,ar", "ar"),
    ],
)
async def test_it_begins_in_the_language_of_the_browser(site: Site, accepted: str, language: str) -> None:
    _, answer = await site.turn({}, **{"Accept-Language": accepted})
    assert answer["language"] == language


async def test_a_choice_leads_on_and_a_language_keeps_the_place(site: Site) -> None:
    _, asked = await site.turn({"state": await site.begin(), "choice": "flow:single"})
    _, again = await site.turn({"state": asked["state"], "language": "sv"})
    assert asked["replies"][0]["text"] == "How is it for you now?"
    assert again["language"] == "sv"
    assert again["replies"][0]["text"] == "Hur är det för dig nu?"


async def test_several_choices_arrive_together(site: Site) -> None:
    await site.turn({"state": await site.begin(), "choice": ["needs:money", "needs:home", "command:done"]})
    assert site.answering.heard[-1].choices == ("needs:money", "needs:home", "command:done")


async def test_a_client_is_known_by_a_mark_alone(site: Site) -> None:
    for _ in range(2):
        await site.turn({"state": await site.begin(), "choice": "flow:welcome"})
    first, second = (update.sender for update in site.answering.heard)
    assert first == second
    assert first
    assert "127.0.0.1" not in first
    assert first not in repr(site.answering.heard[0])


async def test_a_text_arrives_without_control_characters(site: Site) -> None:
    await site.turn({"state": await site.begin(), "text": "  one\r\ntwo\x00\x1b three \n"})
    assert site.answering.heard[-1].text == "one\ntwo three"


async def test_an_ended_conversation_has_no_token(site: Site) -> None:
    status, answer = await site.turn({"state": await site.begin(), "text": "exit"})
    assert status == 200
    assert answer["state"] is None


async def unusable_tokens(site: Site) -> dict[str, str]:
    token = await site.begin()
    middle = len(token) // 2
    other = "A" if token[middle] != "A" else "B"
    foreign = StateTokens(now=lambda: datetime(2026, 11, 22, 12, tzinfo=UTC)).seal(DialogueState())
    return {
        "tampered": token[:middle] + other + token[middle + 1 :],
        "cut off": token[:-20],
        "foreign": foreign,
        "oversized": "1" * (MAX_TOKEN_LENGTH + 1),
        "of another version": "9" + token[1:],
        "no token": "hello ☂",
        "empty": "",
    }


@pytest.mark.parametrize(
    "kind", ["tampered", "cut off", "foreign", "oversized", "of another version", "no token", "empty"]
)
async def test_an_unusable_token_restarts_politely(site: Site, kind: str) -> None:
    token = (await unusable_tokens(site))[kind]
    status, answer = await site.turn({"state": token, "choice": "flow:single"})
    assert status == 200
    assert answer["replies"][0] == {"type": "notice", "text": NOTICE}
    assert answer["replies"][-1]["text"] == "What is it about?"
    status, onward = await site.turn({"state": answer["state"], "choice": "flow:single"})
    assert onward["replies"][0]["text"] == "How is it for you now?"


async def test_an_expired_token_restarts_politely_in_the_language_shown(site: Site) -> None:
    token = await site.begin("sv")
    site.clock.later(13)
    status, answer = await site.turn({"state": token, "choice": "flow:single"}, **SWEDISH)
    assert status == 200
    assert answer["replies"][0]["text"].startswith("Det gick inte att fortsätta")


async def test_a_cry_for_help_with_an_expired_token_is_heard(site: Site) -> None:
    token = await site.begin()
    site.clock.later(13)
    _, answer = await site.turn({"state": token, "text": "danger"})
    assert [reply["type"] for reply in answer["replies"]][:2] == ["notice", "crisis"]


@pytest.mark.parametrize(
    ("body", "status", "error"),
    [
        ({"text": "hello", "choice": "flow:single"}, 400, "malformed_request"),
        ({"language": "xx"}, 400, "unknown_language"),
        ({"text": "  \n "}, 400, "nothing_said"),
        ({"text": "x" * 1001}, 422, "text_too_long"),
        ({"state": "x" * 70_000}, 413, "too_large"),
    ],
    ids=lambda value: str(value)[:30],
)
async def test_what_cannot_be_a_turn_is_refused_kindly(
    site: Site, body: dict[str, object], status: int, error: str
) -> None:
    refused, answer = await site.turn(body)
    assert (refused, answer["error"]) == (status, error)
    refused, in_swedish = await site.turn(body, **SWEDISH)
    assert refused == status
    assert in_swedish["message"] != answer["message"]


async def test_a_text_of_the_greatest_length_is_taken(site: Site) -> None:
    status, _ = await site.turn({"state": await site.begin(), "text": "𐍈" * 1000})
    assert status == 200


@pytest.mark.parametrize(
    "body", [b"", b"{", b"null", b'{"text": "\\ud800"}', b"\xff", b"[" * 10_000, b'{"state": 1}'], ids=repr
)
async def test_no_body_breaks_anything(site: Site, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    async with site.client.post(f"{site.address}/api/turn", data=body, headers=headers) as response:
        assert response.status == 400
        assert (await response.json())["error"] == "malformed_request"


async def test_only_json_is_taken(site: Site) -> None:
    async with site.client.post(f"{site.address}/api/turn", data={"text": "hello"}) as response:
        assert response.status == 415
        assert (await response.json())["error"] == "unsupported_media_type"


@pytest.mark.parametrize(("method", "path", "status"), [("GET", "/api/turn", 405), ("GET", "/api/other", 404)])
async def test_other_addresses_and_methods_answer_json(site: Site, method: str, path: str, status: int) -> None:
    async with site.client.request(method, site.address + path) as response:
        assert response.status == status
        assert set(await response.json()) == {"error", "message"}
        assert status != 405 or response.headers["Allow"] == "POST"


async def test_a_fault_of_ours_is_owned_and_logged_without_a_word_of_it(
    site: Site, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level(logging.DEBUG):
        status, answer = await site.turn({"state": await site.begin(), "text": "break"})
    assert (status, answer["error"]) == (500, "internal_error")
    assert "112" in answer["message"]
    logged = [record for record in caplog.records if record.name == "bot.channels.web.application"]
    assert len(logged) == 1
    assert "RuntimeError at scripted_answering.py" in logged[0].getMessage()
    assert logged[0].exc_info is None
    assert "secret" not in caplog.text
    assert "'break'" not in caplog.text


async def test_nothing_of_a_conversation_or_a_client_is_logged(site: Site, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.DEBUG):
        token = await site.begin()
        await site.turn({"state": token, "text": "marked-sentence"})
        await site.turn({"state": token, "text": "marked-sentence" * 100})
        async with site.client.get(f"{site.address}/?marked-query=1") as response:
            assert response.status == 200
    ours = "\n".join(record.getMessage() for record in caplog.records if record.name != "asyncio")
    assert "marked" not in ours
    assert "127.0.0.1" not in ours


class TestBusy:
    @pytest.fixture
    def rates(self) -> Rates:
        return ClientRates(30, burst=2, clock=lambda: 0.0)

    async def test_too_many_turns_have_to_wait(self, site: Site) -> None:
        for _ in range(2):
            assert (await site.turn({}))[0] == 200
        async with site.client.post(f"{site.address}/api/turn", json={}) as response:
            assert response.status == 429
            assert response.headers["Retry-After"] == "2"
            assert "wait a moment" in (await response.json())["message"]

    async def test_a_header_of_the_client_gives_no_second_share(self, site: Site) -> None:
        statuses = [(await site.turn({}, **{"X-Forwarded-For": f"203.0.113.{number}"}))[0] for number in range(3)]
        assert statuses == [200, 200, 429]

    async def test_style_sheets_and_scripts_are_not_counted(self, site: Site) -> None:
        async with site.client.get(f"{site.address}/") as response:
            page = await response.text()
        path = page.partition('rel="stylesheet" href="')[2].partition('"')[0]
        for _ in range(5):
            async with site.client.get(site.address + path) as response:
                assert response.status == 200


class TestMore:
    @pytest.fixture
    def more_routes(self) -> list[web.RouteDef]:
        async def webhook(request: web.Request) -> web.Response:
            return web.json_response({"heard": len(await request.read())})

        return [web.post("/telegram/x", webhook)]

    async def test_another_channel_can_be_served_beside_the_page(self, site: Site) -> None:
        async with site.client.post(f"{site.address}/telegram/x", data=b"abc") as response:
            assert json.loads(await response.text()) == {"heard": 3}
            assert response.headers["Cache-Control"] == "no-store"
