"""What must never leave the channel: the token, who writes, and what they write."""

from __future__ import annotations

import io
import json
import logging
from collections.abc import Iterator
from pathlib import Path

import aiohttp
import pytest
from bot_api import BotApi
from pydantic import SecretStr
from running_channel import SECRET, TOKEN, Running, Starter

from bot.channels.telegram.channel import where
from bot.channels.telegram.library import LIBRARIES, prepare_library
from bot.channels.telegram.settings import TelegramSettings, TelegramSettingsError
from bot.settings import BotSettings


class Everything:
    """Everything that any logger logs at any level."""

    def __init__(self) -> None:
        self._stream = io.StringIO()
        self._handler = logging.StreamHandler(self._stream)
        self._handler.setFormatter(logging.Formatter("%(name)s %(levelname)s %(message)s %(threadName)s %(pathname)s"))
        self._levels: dict[logging.Logger, int] = {}

    def listen(self) -> None:
        """Listen at DEBUG level to every logger that there is by now."""
        for logger in (logging.root, *(logging.getLogger(name) for name in list(logging.root.manager.loggerDict))):
            if logger not in self._levels:
                self._levels[logger] = logger.level
            logger.setLevel(logging.DEBUG)
            if self._handler not in logger.handlers:
                logger.addHandler(self._handler)

    def stop(self) -> None:
        for logger, level in self._levels.items():
            logger.setLevel(level)
            logger.removeHandler(self._handler)

    @property
    def text(self) -> str:
        return self._stream.getvalue()


@pytest.fixture
def everything() -> Iterator[Everything]:
    log = Everything()
    log.listen()
    yield log
    log.stop()


@pytest.mark.parametrize("mode", ["polling", "webhook"])
async def test_no_log_at_any_level_holds_token_person_or_words(
    started: Starter, everything: Everything, mode: str
) -> None:
    running = await started(mode=mode)
    everything.listen()
    person = running.person()
    await _troubled_conversation(running)
    await running.channel.stop()

    assert "RuntimeError at bot/channels/telegram/channel.py" in everything.text
    for secret in (*_secrets(person.id), "secret-words", "marked-words", "break", "Förnamn", "anv5500", SECRET):
        assert secret not in everything.text, secret


async def test_this_test_would_notice(everything: Everything) -> None:
    """The libraries do log what must not be logged, as soon as they are not silenced."""
    logger = logging.getLogger("httpx")
    silenced, logger.disabled = logger.disabled, False
    try:
        everything.listen()
        logger.info("HTTP Request: POST https://api.telegram.org/bot%s/getMe", TOKEN)
    finally:
        logger.disabled = silenced
    assert TOKEN in everything.text


def test_loggers_stay_silent_whatever_level_is_set(everything: Everything) -> None:
    prepare_library()
    everything.listen()
    for name in (*LIBRARIES, "telegram.Bot", "telegram.ext.Application", "httpcore.http11", "httpcore.connection"):
        logging.getLogger(name).critical("the token %s", TOKEN)
    assert TOKEN not in everything.text


@pytest.mark.parametrize("mode", ["polling", "webhook"])
async def test_a_wrong_token_is_told_without_it(started: Starter, everything: Everything, mode: str) -> None:
    wrong = "7000000002:AAHanother-token-that-nobody-knows"
    running = await started(mode=mode, token=wrong, wait=False)
    await running.until(lambda: "FYREN_TELEGRAM_TOKEN_FILE" in everything.text)
    await running.channel.stop()
    assert wrong not in everything.text
    assert wrong.split(":")[1] not in everything.text


async def test_nothing_shows_the_token_or_a_person(started: Starter) -> None:
    running = await started()
    assert TOKEN not in repr(running.channel._settings)
    person = running.person()
    await person.says("marked-words")
    await person.hears()
    heard = running.turns.heard[0][1]
    assert "marked-words" not in repr(heard)
    assert heard.sender, "how much is sent from a chat is counted"
    assert heard.sender not in repr(heard)


def test_an_error_is_told_by_its_kind_and_place_alone() -> None:
    with pytest.raises(json.JSONDecodeError) as raised:
        json.loads("marked-words")
    told = where(raised.value)
    assert told.startswith("JSONDecodeError at tests/bot/channels/telegram/test_telegram_secrecy.py:")
    assert "marked" not in told


def test_settings_are_read_from_the_environment_and_the_token_file(tmp_path: Path) -> None:
    file = tmp_path / "token"
    file.write_text(TOKEN + "\n")
    assert TelegramSettings.of(BotSettings(telegram="off")) is None
    settings = TelegramSettings.of(BotSettings(telegram="polling", telegram_token_file=file))
    assert settings is not None
    assert settings.token.get_secret_value() == TOKEN
    assert settings.api == "https://api.telegram.org"


@pytest.mark.parametrize(
    ("changes", "name"),
    [
        ({"token": "no token"}, "FYREN_TELEGRAM_TOKEN_FILE"),
        ({"webhook_url": "https://example.org"}, "FYREN_TELEGRAM_WEBHOOK_URL"),
        ({"webhook_url": "https://example.org/"}, "FYREN_TELEGRAM_WEBHOOK_URL"),
        ({"webhook_secret": None}, "FYREN_TELEGRAM_WEBHOOK_SECRET"),
        ({"webhook_secret": "short"}, "FYREN_TELEGRAM_WEBHOOK_SECRET"),
    ],
)
def test_settings_that_cannot_work_are_named(changes: dict[str, str | None], name: str) -> None:
    values = {"token": TOKEN, "webhook_url": "https://example.org/telegram", "webhook_secret": SECRET, **changes}
    with pytest.raises(TelegramSettingsError, match=name) as raised:
        TelegramSettings(
            token=SecretStr(values["token"] or ""),
            mode="webhook",
            webhook_url=values["webhook_url"] or "",
            webhook_secret=SecretStr(values["webhook_secret"]) if values["webhook_secret"] else None,
        )
    assert "no token" not in str(raised.value).replace("holds no bot token", "")


def test_a_missing_token_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(TelegramSettingsError, match="FYREN_TELEGRAM_TOKEN_FILE"):
        TelegramSettings.of(BotSettings(telegram="polling"))
    missing = tmp_path / "missing"
    with pytest.raises(TelegramSettingsError, match="missing cannot be read"):
        TelegramSettings.of(BotSettings(telegram="polling", telegram_token_file=missing))


async def _troubled_conversation(running: Running) -> None:
    """Talk, while nearly everything that can fail does."""
    person = running.person()
    await person.says("marked-words")
    await person.hears()
    await person.says("break")
    await person.hears()
    running.api.refuse("sendMessage", 429, "Too Many Requests: retry after 3", retry_after=3)
    running.api.refuse("sendMessage", 502, "Bad Gateway")
    running.api.refuse("sendMessage", 400, f"Bad Request: chat {person.id} marked-words")
    running.api.refuse("getUpdates", 500, f"Internal Server Error {person.id} marked-words")
    await person.says("marked-words again")
    await person.says("marked-words once more")
    await person.hears()
    await person.taps_data("flow:marked-words", {"chat": person.chat, "message_id": 5, "date": 0})
    await person.hears()
    running.api.blocked.add(person.id)
    await person.says("marked-words to nobody")
    await running.until(lambda: running.turns.finished[-1] == "marked-words to nobody")
    await running.settled()


def _secrets(person_id: int) -> tuple[str, ...]:
    return (TOKEN, TOKEN.split(":")[1], str(person_id))


async def test_the_stand_in_checks_what_telegram_checks(api: BotApi) -> None:
    """A stand-in that takes everything would prove nothing."""
    for parameters in (
        {"chat_id": "1", "text": " "},
        {"chat_id": "1", "text": "a" * 4097},
        {"chat_id": "1", "text": "🙂" * 2049},
        {"chat_id": "1", "text": "a", "entities": '[{"type": "bold", "offset": 0, "length": 2}]'},
        {"chat_id": "1", "text": "a", "reply_markup": _keyboard("a" * 65)},
        {"chat_id": "1", "text": "a", "reply_markup": _keyboard("")},
    ):
        async with aiohttp.ClientSession() as client:
            answer = await client.post(f"{api.address}/bot{TOKEN}/sendMessage", data=parameters)
            assert answer.status == 400, parameters
            unknown = await client.post(f"{api.address}/bot1:x/sendMessage", data=parameters)
            assert unknown.status == 401


def _keyboard(data: str) -> str:
    return json.dumps({"inline_keyboard": [[{"text": "A", "callback_data": data}]]})
