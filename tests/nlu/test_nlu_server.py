"""The server as the bot meets it: a real process with a real model."""

from __future__ import annotations

import asyncio
import json
import os
import socket
import stat
import subprocess
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

import pytest

PROJECT = Path(__file__).resolve().parents[2] / "nlu"
RunNlu = Callable[..., "subprocess.CompletedProcess[str]"]
StartServer = Callable[..., AbstractAsyncContextManager[Any]]

SENTENCES = [
    "jag behöver hjälp med boende i natt",
    "where can I get tested",
    "vreau sa plec din tara",
    "Hej",
    "asdf qwer",
    "😀",
    "a\ud800b",
    "nul\0nul",
]


def intents_of_the_contract() -> set[str]:
    lines = (PROJECT / "domain.yml").read_text(encoding="utf-8").splitlines()
    return {line.removeprefix("- ") for line in lines if line.startswith("- ")}


async def test_shapes_are_rasas(start_server: StartServer) -> None:
    async with start_server() as server:
        parsed = await server.parse("  jag behöver hjälp med boende i natt ")
        assert set(parsed) == {"text", "intent", "entities", "intent_ranking"}
        assert parsed["text"] == "jag behöver hjälp med boende i natt"
        assert parsed["entities"] == []
        ranking = parsed["intent_ranking"]
        assert parsed["intent"] == ranking[0]
        assert {entry["name"] for entry in ranking} == intents_of_the_contract()
        confidences = [entry["confidence"] for entry in ranking]
        assert confidences == sorted(confidences, reverse=True)
        assert sum(confidences) == pytest.approx(1, abs=1e-3)
        assert parsed["intent"]["name"] == "need_housing"

        async with server.session.get("http://nlu/status") as response:
            status = await response.json()
        assert status["num_active_training_jobs"] == 0
        assert status["fingerprint"] in status["model_file"]
        assert status["model_id"]


async def test_a_batch_says_what_single_texts_say(start_server: StartServer) -> None:
    async with start_server("--max-batch", "64") as server:
        alone = [await server.parse(text) for text in SENTENCES]
        together = await asyncio.gather(*(server.parse(text) for text in SENTENCES * 4))
    for position, parsed in enumerate(together):
        single = alone[position % len(SENTENCES)]
        assert parsed["text"] == single["text"]
        expected = {entry["name"]: entry["confidence"] for entry in single["intent_ranking"]}
        for entry in parsed["intent_ranking"]:
            assert entry["confidence"] == pytest.approx(expected[entry["name"]], abs=1e-4)


REFUSED = [
    (b"", 400, "BadRequest"),
    (b"{not json xxx", 400, "BadRequest"),
    (b"\xff\xfe", 400, "BadRequest"),
    (b"[" * 5000, 400, "BadRequest"),
    (b'["text"]', 400, "BadRequest"),
    (b"{}", 400, "BadRequest"),
    (b'{"text": 7}', 400, "BadRequest"),
    (b'{"text": "  "}', 400, "BadRequest"),
    (json.dumps({"text": "x" * 101}).encode(), 413, "TextTooLong"),
    (json.dumps({"text": "x" * 40_000}).encode(), 413, "BodyTooLarge"),
]


async def test_what_cannot_be_parsed_is_refused_clearly(start_server: StartServer) -> None:
    async with start_server("--max-characters", "100") as server:
        for body, code, reason in REFUSED:
            async with server.session.post("http://nlu/model/parse", data=body) as response:
                refusal = await response.json()
                assert response.status == code, (body[:20], refusal)
            assert (refusal["status"], refusal["code"], refusal["reason"]) == ("failure", code, reason)
            assert refusal["message"].endswith(".")
            assert "xxx" not in json.dumps(refusal)
        async with server.session.get("http://nlu/model/parse") as response:
            assert response.status == 405
        async with server.session.get("http://nlu/webhooks/rest/webhook") as response:
            assert response.status == 404
        assert (await server.parse("x" * 100))["text"] == "x" * 100


async def test_only_its_user_may_open_the_socket_and_it_stops_quickly(start_server: StartServer) -> None:
    async with start_server(ready=False) as server:
        assert stat.S_IMODE(os.stat(server.socket).st_mode) == 0o600
        async with server.session.get("http://nlu/health") as response:
            assert response.status == 200
        _, seconds = await server.stop()
        assert server.process.returncode == 0
        assert not server.socket.exists()
    assert seconds < 20


async def test_sigterm_ends_a_serving_process_within_seconds(start_server: StartServer) -> None:
    async with start_server() as server:
        await server.parse("hej")
        printed, seconds = await server.stop()
    assert server.process.returncode == 0
    assert seconds < 8
    assert printed.endswith(b"stopped\n")


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


async def test_tcp_wants_the_token(start_server: StartServer, tmp_path: Path) -> None:
    token_file = tmp_path / "token"
    token_file.write_text("right-token-0123456789\n", encoding="ascii")
    async with start_server("--token-file", str(token_file), port=free_port()) as server:
        for header in ({}, {"Authorization": "Bearer wrong-token-0123456789"}, {"Authorization": "Bearer ä"}):
            async with server.session.post(
                f"{server.base}/model/parse", json={"text": "hej"}, headers=header
            ) as response:
                assert response.status == 401
                assert (await response.json())["reason"] == "NotAuthenticated"
            async with server.session.get(f"{server.base}/status", headers=header) as response:
                assert response.status == 401
        header = {"Authorization": "Bearer right-token-0123456789"}
        async with server.session.post(f"{server.base}/model/parse", json={"text": "hej"}, headers=header) as response:
            assert response.status == 200


@pytest.mark.parametrize(
    ("options", "complaint"),
    [
        (["--port", "0"], "needs --token-file"),
        (["--port", "0", "--host", "0.0.0.0", "--token-file", "TOKEN"], "only loopback"),
        (["--port", "0", "--token-file", "SHORT"], "shorter than 16"),
        (["--model", "EMPTY", "--socket", "SOCKET"], "no trained model"),
    ],
)
def test_it_does_not_start_unsafely(
    run_nlu: RunNlu, trained_model: Path, tmp_path: Path, options: list[str], complaint: str
) -> None:
    (tmp_path / "TOKEN").write_text("right-token-0123456789", encoding="ascii")
    (tmp_path / "SHORT").write_text("short", encoding="ascii")
    given = [str(tmp_path / option) if option.isupper() else option for option in options]
    model = [] if "--model" in options else ["--model", str(trained_model)]
    done = run_nlu("-m", "server", *model, *given, "--home", str(tmp_path / "home"))
    assert done.returncode == 2
    assert complaint in done.stderr
    assert "Traceback" not in done.stderr
