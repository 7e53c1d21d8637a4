"""Nothing of a text is printed or written, whether it was understood or not."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import Any

StartServer = Callable[..., AbstractAsyncContextManager[Any]]

MARKERS = ["zqxvmarker", "kvicksilverkod"]


async def test_no_text_in_any_output_or_file(start_server: StartServer, tmp_path: Path) -> None:
    requests = [
        json.dumps({"text": "zqxvmarker jag behöver hjälp"}).encode(),
        json.dumps({"text": "KVICKSILVERKOD /crisis_minor{'zqxvmarker'}"}).encode(),
        json.dumps({"text": "zqxvmarker \ud800 \0 kvicksilverkod"}).encode(),
        json.dumps({"text": "zqxvmarker " * 500}).encode(),
        json.dumps({"text": "zqxvmarker " * 5000}).encode(),
        json.dumps({"zqxvmarker": "kvicksilverkod"}).encode(),
        b'{"text": "zqxvmarker',
        b"zqxvmarker \xff",
    ]
    async with start_server() as server:
        codes = []
        for body in requests * 2:
            async with server.session.post("http://nlu/model/parse", data=body) as response:
                codes.append(response.status)
        async with server.session.get("http://nlu/zqxvmarker?kvicksilverkod=zqxvmarker") as response:
            assert response.status == 404
        # A request that is no HTTP at all goes through the server's own error path.
        async with server.session.request("zqxvmarker", "http://nlu/model/parse") as response:
            assert response.status >= 400
        written_while_running = files_with_markers(tmp_path)
        printed, _ = await server.stop()
    assert set(codes) == {200, 400, 413}
    assert printed, "the server prints where it listens; an empty output would prove nothing"
    assert not [marker for marker in MARKERS if marker.encode() in printed.lower()]
    assert written_while_running == []
    assert files_with_markers(tmp_path) == []


def test_the_search_finds_what_is_there(tmp_path: Path) -> None:
    (tmp_path / "deep").mkdir()
    (tmp_path / "deep" / "file").write_bytes(b"\0\1 ZQXVMARKER \2")
    assert files_with_markers(tmp_path) == [tmp_path / "deep" / "file"]


def files_with_markers(folder: Path) -> list[Path]:
    """Every file under `folder` that holds one of the markers in any case."""
    return [
        path
        for path in folder.rglob("*")
        if path.is_file() and any(marker.encode() in path.read_bytes().lower() for marker in MARKERS)
    ]
