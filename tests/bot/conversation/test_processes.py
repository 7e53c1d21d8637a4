"""Promises about the real processes: what they write, what they cannot open, and what goes on when one is killed."""

from __future__ import annotations

import asyncio
import base64
import json
import os
import re
import signal
import sqlite3
import subprocess
import sys
import uuid
from collections.abc import AsyncIterator, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from deployment import PROJECT, Deployment, deployed

from bot.content import Content
from intake_store.keys.passphrases import read_passphrase_file
from intake_store.keys.private_keys import PrivateKey, read_private_key
from intake_store.submission.iso_weeks import IsoWeek
from intake_store.submission.sealing import KeyId, SealedResponse
from intake_store.warehouse.opening import RejectedRow, ResponseOpener

TO_QUESTIONS = (
    "flow:buyer_support",
    "buyer_topic:enough",
    "flow:needs_questionnaire",
    "under18:no",
    "questionnaire_choice:buying",
)
MARKED = ("zebrafink", "quokkamarmelad", "żyrafowiec", "Fnurkeby", "marzipanlöwe")
"""Words that stand in no content and no data, so that finding one can only mean that somebody's text was kept."""


@pytest.fixture
async def deployment(tmp_path: Path, nlu_socket: Path) -> AsyncIterator[Deployment]:
    """Yield running processes; `nlu_socket` has seen to it that there is a trained model."""
    async with deployed(tmp_path) as running:
        yield running


def traces(word: str) -> Iterator[bytes]:
    """Yield a word as it could stand in a file: plain, in UTF-16, escaped as JSON and Python do, and in base64."""
    for form in {word, word.casefold(), word.upper()}:
        plain = form.encode()
        yield plain
        yield form.encode("utf-16-le")
        yield form.encode("unicode_escape")
        yield repr(plain)[2:-1].encode()
        yield "".join(sign if sign.isascii() else f"\\u{ord(sign):04x}" for sign in form).encode()
        for shift in range(3):
            # Signs at the ends depend on their neighbours and are left out.
            encoded = base64.b64encode(b"\0" * shift + plain)[4 if shift else 0 :].rstrip(b"=")[:-2]
            yield encoded
            yield encoded.translate(bytes.maketrans(b"+/", b"-_"))


def understood(answer: dict[str, Any]) -> bool:
    return not any("cannot read free text" in reply["text"] for reply in answer["replies"])


def offered(answer: dict[str, Any]) -> list[str]:
    return [choice["id"] for reply in answer["replies"] if reply["type"] == "choices" for choice in reply["choices"]]


async def test_nothing_that_was_written_is_kept_or_can_be_opened(deployment: Deployment, content: Content) -> None:
    zebra, quokka, giraffe, town, lion = MARKED
    begun = await deployment.turn(text=f"Hello, my {zebra} wants to stop buying sex and lives in {town}", language="en")
    threat = await deployment.turn(begun["state"], text=f"{quokka} he threatens me with a knife")
    assert any(reply["type"] == "crisis" for reply in threat["replies"])
    place = await deployment.turns(threat["state"], "flow:find_service")
    place = await deployment.turn(place["state"], text=f"{town} {giraffe}")
    answer = await deployment.turns(place["state"], *TO_QUESTIONS, "situation:stopped")
    answer = await deployment.turn(answer["state"], text=f"what is KAST, {lion}?")
    answer = await deployment.turns(answer["state"], "kast_choice:enough")
    state = answer["state"]
    while not any(reply["type"] == "summary" for reply in answer["replies"]):
        answer = await deployment.turns(state, "command:skip")
        state = answer["state"]
    answer = await deployment.turns(state, "confirm_answers:send", "wants_receipt:yes")
    receipt = re.search(r"(?:[0-9A-Z]{4}-){3}[0-9A-Z]{4}", str(answer["replies"]))
    assert receipt
    await deployment.turn(answer["state"], text="exit")
    # A broken request must not be quoted either.
    async with deployment.session.post(f"{deployment.address}/api/turn", json={"state": lion, "text": 1}) as response:
        assert response.status >= 400

    rows = stored_rows(deployment)
    assert len(rows) == 1
    assert_not_written(deployment, [*MARKED, "knife", receipt[0], receipt[0].replace("-", "")])
    log = (deployment.var / "log" / "bot.log").read_text()
    assert "DEBUG" in log, "everything that can be logged was logged"
    assert "127.0.0.1 " not in log.replace("http://127.0.0.1", "")

    codebooks = {content.codebook.version: content.codebook}
    with pytest.raises(RejectedRow):
        ResponseOpener([PrivateKey.generate()], codebooks).open(rows[0])
    passphrase = read_passphrase_file(deployment.store.private_key.parent / "passphrase")
    key = read_private_key(deployment.store.private_key, passphrase)
    opened = ResponseOpener([key], codebooks).open(rows[0])
    assert opened.answers["situation"].codes == ("stopped",)
    private = deployment.store.private_key.read_bytes()
    for path, held in deployment.files().items():
        if path.is_relative_to(deployment.var):
            assert private not in held
            assert passphrase.encode() not in held
            assert b"PRIVATE" not in held, path


def assert_not_written(deployment: Deployment, words: list[str]) -> None:
    files = deployment.files()
    assert {path.name for path in files} >= {"bot.log", "nlu.log", "intake.sqlite3", "state.json"}
    for path, held in files.items():
        for word in words:
            found = [trace for trace in traces(word) if len(trace) > 5 and trace in held]
            assert not found, f"{path} holds {found}"
            assert word.casefold() not in path.name.casefold()


def stored_rows(deployment: Deployment) -> list[SealedResponse]:
    columns = "row_id, key_id, purpose, codebook_version, iso_week, sealed"
    with closing(sqlite3.connect(deployment.store.database)) as connection:
        found = connection.execute(f"SELECT {columns} FROM sealed_response").fetchall()
    return [
        SealedResponse(uuid.UUID(row_id), KeyId(key), purpose, version, IsoWeek.parse(week), sealed)
        for row_id, key, purpose, version, week, sealed in found
    ]


@pytest.mark.parametrize("word", MARKED)
def test_a_word_that_was_kept_would_be_found(word: str) -> None:
    """A search that cannot find anything would prove nothing."""
    sentence = f"so {word} said"
    kept = [sentence.encode(), sentence.encode("utf-16"), json.dumps(sentence).encode()]
    kept += [repr(sentence.encode()).encode(), ascii(sentence).encode()]
    kept += [base64.b64encode(b"x" * shift + sentence.encode()) for shift in range(3)]
    kept += [base64.urlsafe_b64encode(b"x" * shift + sentence.encode()) for shift in range(3)]
    for content in kept:
        assert any(trace in content for trace in traces(word)), content


def test_the_assistants_process_has_nothing_that_opens() -> None:
    """The code that opens rows is not even loaded."""
    analyst = ("intake_store.keys", "intake_store.warehouse", "intake_store.statistics")
    program = f"import sys, bot.__main__; print([name for name in sys.modules if name.startswith({analyst!r})])"
    done = subprocess.run([sys.executable, "-c", program], cwd=PROJECT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


async def test_a_conversation_goes_on_when_the_understanding_service_is_killed(deployment: Deployment) -> None:
    question = "Is it illegal to buy sex?"
    answer = await deployment.turn(text=question, language="en")
    assert "buyer_law_topic:online" in offered(answer)
    state = answer["state"]

    pid = deployment.understanding.pid
    assert pid is not None
    os.killpg(pid, signal.SIGKILL)
    await deployment.understanding.wait()

    away = await deployment.turn(state, text="I would like to know more about all of this please")
    assert not understood(away)
    assert "112" in str(away["replies"])
    assert "buyer_law_topic:online" in offered(away), "the choices stay on the screen"
    chosen = await deployment.turns(away["state"], "buyer_law_topic:online")
    assert understood(chosen)
    crisis = await deployment.turn(chosen["state"], text="I want to kill myself")
    assert crisis["replies"][0]["type"] == "crisis"
    need = await deployment.turns(crisis["state"], "after_crisis:more")
    place = await deployment.turn(need["state"], text="Malmö")
    assert any(reply["type"] == "services" for reply in place["replies"])
    word = await deployment.turn(place["state"], text="exit")
    assert word["state"] is None

    await deployment.understanding.start()
    await deployment.understanding.wait_until_ready()
    for _ in range(40):
        # A dead service is left alone for some seconds, so that nobody waits for it.
        again = await deployment.turn(text=question, language="en")
        if understood(again):
            break
        await asyncio.sleep(0.25)
    assert "buyer_law_topic:online" in offered(again)
