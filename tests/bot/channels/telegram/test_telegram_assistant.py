"""The real assistant, with the real content, over Telegram; the understanding service is away."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from bot_api import Person
from running_channel import Running, Starter

from bot.assembly import make_interpreter, nlu_client
from bot.channels.telegram.messages import CHOSEN
from bot.content import Content, load_content
from bot.conversation.actions import Actions
from bot.conversation.assistant import Assistant
from bot.conversation.rendering import Renderer
from bot.safety.exit_words import load_exit_words
from bot.settings import BotSettings
from bot.understanding.interpretation import Interpreter
from bot.understanding.nlu_client import HttpNlu
from intake_store.submission.store import NullResponseStore
from intake_store.usage.counting import NullUsageCounter

WEB_ADDRESS = "https://fyren.example"


def _now() -> datetime:
    return datetime(2026, 11, 24, 10, tzinfo=UTC)


@pytest.fixture(scope="module")
def settings() -> BotSettings:
    return BotSettings(record_responses=False)


@pytest.fixture(scope="module")
def content(settings: BotSettings) -> Content:
    return load_content(settings.content, settings.default_language)


@pytest.fixture(scope="module")
def nlu(tmp_path_factory: pytest.TempPathFactory) -> HttpNlu:
    return nlu_client(BotSettings(nlu_socket=tmp_path_factory.mktemp("nlu") / "away.sock"))


@pytest.fixture(scope="module")
def interpreter(settings: BotSettings, content: Content, nlu: HttpNlu) -> Interpreter:
    made = make_interpreter(settings.content, tuple(content.catalogues.languages), content.directory.places, nlu)
    made.warm_up()
    return made


@pytest.fixture
async def assistant(
    settings: BotSettings, content: Content, nlu: HttpNlu, interpreter: Interpreter
) -> AsyncIterator[Assistant]:
    async with nlu:
        yield Assistant(
            flows=content.flows,
            catalogues=content.catalogues,
            interpreter=interpreter,
            places=content.directory.places,
            exit_words=load_exit_words(Path(settings.content) / "flows" / "safety" / "exit_words.yml"),
            actions=Actions(
                flows=content.flows,
                directory=content.directory,
                codebook=content.codebook,
                store=NullResponseStore(),
                now=_now,
            ),
            renderer=Renderer(content.flows, content.catalogues, content.directory, _now, WEB_ADDRESS),
            usage=NullUsageCounter(),
        )


@pytest.fixture(params=["polling", "webhook"])
async def running(request: pytest.FixtureRequest, started: Starter, assistant: Assistant, content: Content) -> Running:
    return await started(mode=request.param, answering=assistant, catalogues=content.catalogues)


async def _quiet(running: Running, person: Person) -> list[str]:
    """Return everything that the bot says until it has nothing more to say."""
    await running.api.until(lambda: len(running.api.log[person.id]) > person.heard)
    await running.settled()
    return await person.hears(len(running.api.log[person.id]) - person.heard)


async def test_the_first_message_says_what_telegram_can_see(running: Running) -> None:
    person = running.person(language="en")
    await person.says("/start")
    said = "\n".join(await _quiet(running, person))
    for part in ("I am not a human", "Telegram can see", WEB_ADDRESS, "112"):
        assert part in said
    assert "I am under 18" in person.buttons()
    assert "Find help near me" in person.buttons()


async def test_crisis_words_work_in_every_language_and_state(running: Running) -> None:
    for number, (language, text) in enumerate(
        [("sv", "jag vill inte leva längre"), ("en", "I want to kill myself"), ("ro", "vreau să mor")]
    ):
        person = running.person(number, language)
        await person.says("/start")
        await _quiet(running, person)
        await person.says(text)
        said = "\n".join(await _quiet(running, person))
        assert "☎ 112" in said or "112" in said, language
        assert "90101" in said, language


async def test_leaving_by_word_command_and_button_ends_the_conversation(running: Running) -> None:
    person = running.person(language="sv")
    for leave in ("sluta", "/exit", "tap"):
        await person.says("jag vill inte leva längre")
        await _quiet(running, person)
        if leave == "tap":
            await person.taps("Lämna nu")
        else:
            await person.says(leave)
        said = await _quiet(running, person)
        assert len(said) == 1, (leave, said)
        assert len(running.chats) == 0, leave  # type: ignore[arg-type]
        assert [message["text"] for message in person.visible()][-1:] == said, leave
        assert not any("90101" in message["text"] for message in person.visible()), leave


async def test_the_language_can_be_changed_by_tapping(running: Running) -> None:
    person = running.person(language="sv")
    await person.says("/start")
    await _quiet(running, person)
    await person.says("/language")
    await _quiet(running, person)
    assert {"Svenska", "English", "Română"} <= set(person.buttons())
    await person.taps("English")
    assert any("you" in text for text in await _quiet(running, person))
    assert "I am under 18" in person.buttons()


async def test_a_questionnaire_is_answered_by_tapping_up_to_the_check(running: Running) -> None:
    person = running.person(language="en")
    await person.says("/start")
    await _quiet(running, person)
    await person.taps_data("flow:needs_questionnaire", person.visible()[-1])
    await _quiet(running, person)
    toggled = 0
    for _ in range(60):
        message = running.api.log[person.id][-1]
        markup = message["reply_markup"]["inline_keyboard"]
        ids = [button["callback_data"] for row in markup for button in row]
        if any(choice.startswith("change:") for shown in running.api.log[person.id] for choice in _ids(shown)):
            break
        if "command:done" in ids:
            before = len(running.api.log[person.id])
            await person.taps_data(ids[0], message)
            await running.api.until(lambda shown=message: any(CHOSEN in title for title in _titles(shown)))
            assert len(running.api.log[person.id]) == before
            toggled += 1
            await person.taps_data("command:done", message)
        else:
            choice = next((choice for choice in ids if choice == "under18:no"), ids[0])
            await person.taps_data(choice, message)
        await _quiet(running, person)
    else:
        pytest.fail("the questionnaire does not come to its check")
    assert toggled >= 2
    assert any("Question 2 of" in message["text"] for message in running.api.log[person.id])


def _ids(message: dict[str, object]) -> list[str]:
    return [button["callback_data"] for row in _keyboard(message) for button in row]


def _titles(message: dict[str, object]) -> list[str]:
    return [button["text"] for row in _keyboard(message) for button in row]


def _keyboard(message: dict[str, object]) -> list[list[dict[str, str]]]:
    markup = message.get("reply_markup")
    return markup["inline_keyboard"] if isinstance(markup, dict) else []
