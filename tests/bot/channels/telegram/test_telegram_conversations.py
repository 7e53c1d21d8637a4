"""Conversations over Telegram, by polling and by webhook."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta

import pytest
from bot_api import BotApi
from running_channel import Starter
from scripted_turns import arenas

from bot.channels.telegram import wording
from bot.channels.telegram.messages import CHOSEN
from bot.conversation.updates import Update
from bot.limits.rates import ClientRates
from bot.state.chats import ChatStatesAwayError


@pytest.fixture(params=["polling", "webhook"])
def mode(request: pytest.FixtureRequest) -> str:
    return str(request.param)


async def test_a_conversation_goes_on_from_turn_to_turn(started: Starter, mode: str) -> None:
    running = await started(mode=mode)
    person = running.person()
    await person.says("/start")
    assert await person.hears() == ["1: start"]
    await person.says("hej på dig")
    assert await person.hears() == ["2: hej på dig"]
    states = [state for state, _ in running.turns.heard]
    assert states[0] is None
    assert states[1] is not None
    assert states[1].slots["turns"] == 1


async def test_the_first_update_carries_the_language_of_the_app_and_later_ones_do_not(started: Starter) -> None:
    running = await started()
    person = running.person(language="en")
    await person.says("bună")
    await person.hears()
    await person.says("da")
    await person.hears()
    assert [update.language for _, update in running.turns.heard] == ["en", None]


@pytest.mark.parametrize(
    ("text", "update"),
    [
        ("/start", Update("telegram", command="start")),
        ("/start ro", Update("telegram", command="start", language="ro")),
        ("/start x1-campaign", Update("telegram", command="start")),
        ("/menu@FyrenTestBot", Update("telegram", command="menu")),
        ("/Language", Update("telegram", command="language")),
        ("/privacy", Update("telegram", command="privacy")),
        ("/help", Update("telegram", command="menu")),
        ("/exit", Update("telegram", command="exit")),
        ("/stop", Update("telegram", command="exit")),
        ("/sluta", Update("telegram", text="sluta")),
        ("/", Update("telegram", text="/")),
        ("vad kostar 1/2 timme", Update("telegram", text="vad kostar 1/2 timme")),
    ],
)
async def test_what_is_written_becomes_an_update(started: Starter, text: str, update: Update) -> None:
    running = await started()
    person = running.person(language="")
    await person.says(text)
    await person.hears()
    heard = running.turns.heard[0][1]
    assert (heard.text, heard.command, heard.language or None) == (update.text, update.command, update.language)


async def test_a_question_with_several_answers_is_marked_in_place(started: Starter, mode: str) -> None:
    running = await started(mode=mode)
    running.turns.script = arenas
    person = running.person()
    await person.says("hej")
    await person.hears()
    assert person.buttons() == ["Street", "Online", "App", "Done"]
    await person.taps("Online")
    await running.api.until(lambda: CHOSEN + "Online" in person.buttons())
    await person.taps("Street")
    await running.api.until(lambda: CHOSEN + "Street" in person.buttons())
    await person.taps(CHOSEN + "Online")
    await running.api.until(lambda: "Online" in person.buttons())
    assert len(running.api.called("sendMessage")) == 1
    await person.taps("Done")
    assert await person.hears() == ["Chosen: street."]
    assert len(running.api.called("answerCallbackQuery")) == 4


async def test_one_answer_too_many_is_told_without_asking_anew(started: Starter) -> None:
    running = await started()
    running.turns.script = arenas
    person = running.person()
    await person.says("hej")
    await person.hears()
    for title in ("Online", "Street", "App"):
        await person.taps(title)
    assert await person.hears() == ["Two are enough."]
    await running.api.until(lambda: not running.api._queries)
    assert len(running.api.called("sendMessage")) == 2


async def test_a_button_of_a_message_that_telegram_no_longer_shows_is_answered_with_a_new_message(
    started: Starter,
) -> None:
    running = await started()
    running.turns.script = arenas
    person = running.person()
    inaccessible = {"chat": person.chat, "message_id": 5, "date": 0}
    await person.taps_data("arenas:app", inaccessible)
    await person.hears()
    assert person.buttons() == ["Street", "Online", CHOSEN + "App", "Done"]


async def test_every_tap_is_answered_even_without_data(started: Starter) -> None:
    running = await started()
    person = running.person()
    await person.taps_data(None, None)
    await running.api.until(lambda: len(running.api.called("answerCallbackQuery")) == 1)
    assert not running.turns.heard


async def test_a_tap_that_is_too_old_to_be_answered_still_counts(started: Starter) -> None:
    running = await started()
    running.api.refuse("answerCallbackQuery", 400, "Bad Request: query is too old")
    person = running.person()
    await person.taps_data("flow:menu", {"chat": person.chat, "message_id": 5, "date": 0})
    assert await person.hears() == ["1: flow:menu"]


async def test_exit_forgets_and_empties_the_chat(started: Starter, mode: str) -> None:
    running = await started(mode=mode)
    person = running.person()
    for text in ("hej", "jag behöver hjälp"):
        await person.says(text)
        await person.hears()
    await person.says("/exit")
    assert await person.hears() == ["Ended."]
    assert [message["text"] for message in person.visible()] == ["Ended."]
    await person.says("hej igen")
    assert await person.hears() == ["1: hej igen"]
    assert running.turns.heard[-1][0] is None


@pytest.mark.parametrize(
    "content",
    [
        {"photo": [{"file_id": "f", "file_unique_id": "u", "width": 9, "height": 9}]},
        {"voice": {"file_id": "f", "file_unique_id": "u", "duration": 2}},
        {
            "sticker": {
                "file_id": "f",
                "file_unique_id": "u",
                "width": 9,
                "height": 9,
                "type": "regular",
                "is_animated": False,
                "is_video": False,
            }
        },
        {"contact": {"phone_number": "+46700000000", "first_name": "N"}},
        {"location": {"latitude": 59.0, "longitude": 18.0}},
        {"document": {"file_id": "f", "file_unique_id": "u"}},
    ],
    ids=lambda content: next(iter(content)),
)
async def test_what_is_not_text_is_not_looked_at(started: Starter, content: dict[str, object]) -> None:
    running = await started()
    person = running.person()
    await person.sends(**content)
    assert await person.hears() == [wording.NOT_LOOKED_AT]
    assert not running.turns.heard
    assert {call.method for call in running.api.calls} <= {"getMe", "deleteWebhook", "setMyCommands", "sendMessage"}


async def test_the_words_beside_a_picture_are_read(started: Starter) -> None:
    running = await started()
    person = running.person()
    photo = [{"file_id": "f", "file_unique_id": "u", "width": 9, "height": 9}]
    await person.sends(photo=photo, caption="hjälp mig")
    assert await person.hears(2) == [wording.NOT_LOOKED_AT, "1: hjälp mig"]


async def test_an_album_gets_few_notices(started: Starter) -> None:
    running = await started()
    person = running.person()
    for _ in range(8):
        await person.sends(photo=[{"file_id": "f", "file_unique_id": "u", "width": 9, "height": 9}])
    await person.says("hej")
    assert (await person.hears(3))[-1] == "1: hej"


async def test_an_edited_message_is_not_read_again(started: Starter) -> None:
    running = await started()
    person = running.person()
    message = {"message_id": 7, "date": 1, "edit_date": 2, "chat": person.chat, "from": person.user, "text": "nytt"}
    await running.api.bring({"edited_message": message})
    assert await person.hears() == [wording.EDITED]
    assert not running.turns.heard


async def test_groups_are_told_and_left(started: Starter) -> None:
    running = await started()
    person = running.person()
    group = {"id": -100123, "type": "supergroup", "title": "G"}
    added = {"chat": group, "from": person.user, "date": 1, "old_chat_member": {"status": "left", "user": person.user}}
    await running.api.bring({"my_chat_member": {**added, "new_chat_member": {"status": "member", "user": person.user}}})
    await running.api.until(lambda: running.api.left == [-100123])
    await running.api.bring(
        {"message": {"message_id": 1, "date": 1, "chat": group, "from": person.user, "text": "/start"}}
    )
    await running.api.until(lambda: running.api.left == [-100123, -100123])
    assert {message["text"] for message in running.api.log[-100123]} == {wording.PRIVATE_ONLY}
    assert not running.turns.heard


async def test_channels_are_left_in_silence(started: Starter) -> None:
    running = await started()
    channel = {"id": -100999, "type": "channel", "title": "C"}
    await running.api.bring({"channel_post": {"message_id": 1, "date": 1, "chat": channel, "text": "hej"}})
    await running.api.until(lambda: running.api.left == [-100999])
    assert not running.api.log[-100999]


async def test_a_person_who_blocks_the_bot_is_forgotten(started: Starter) -> None:
    running = await started()
    person = running.person()
    await person.says("hej")
    await person.hears()
    await running.settled()
    assert len(running.chats) == 1  # type: ignore[arg-type]
    running.api.blocked.add(person.id)
    await person.says("en sak till")
    await running.until(lambda: not len(running.chats))  # type: ignore[arg-type]
    running.api.blocked.clear()
    await person.says("hej")
    assert await person.hears() == ["1: hej"]


async def test_blocking_alone_forgets_too(started: Starter) -> None:
    running = await started()
    person = running.person()
    await person.says("hej")
    await person.hears()
    change = {"chat": person.chat, "from": person.user, "date": 1}
    members = {"old_chat_member": {"status": "member", "user": person.user}}
    gone = {"new_chat_member": {"status": "kicked", "user": person.user, "until_date": 0}}
    await running.api.bring({"my_chat_member": {**change, **members, **gone}})
    await running.until(lambda: not len(running.chats))  # type: ignore[arg-type]


async def test_updates_of_one_chat_are_answered_in_order_and_of_two_chats_at_once(started: Starter, mode: str) -> None:
    running = await started(mode=mode)
    running.turns.gates["slow"] = asyncio.Event()
    one, two = running.person(1), running.person(2)
    await one.says("slow")
    await one.says("quick")
    await two.says("other")
    assert await two.hears() == ["1: other"]
    assert running.turns.finished == ["other"]
    running.turns.gates["slow"].set()
    assert await one.hears(2) == ["1: slow", "2: quick"]


async def test_an_update_that_is_brought_again_is_answered_once(started: Starter, mode: str) -> None:
    running = await started(mode=mode)
    person = running.person()
    update = await person.says("hej")
    await person.hears()
    await running.api.bring(update, again=True)
    await person.says("sen")
    assert await person.hears() == ["2: sen"]


async def test_a_silent_chat_is_begun_anew(started: Starter) -> None:
    running = await started()
    person = running.person()
    await person.says("hej")
    await person.hears()
    await running.settled()
    running.clock.now += timedelta(minutes=31)
    await person.says("hej")
    assert await person.hears() == ["1: hej"]


async def test_flood_control_is_obeyed(started: Starter) -> None:
    running = await started()
    person = running.person()
    running.api.refuse("sendMessage", 429, "Too Many Requests: retry after 7", retry_after=7)
    await person.says("hej")
    assert await person.hears() == ["1: hej"]
    assert any(7 <= seconds < 8 for seconds in running.sleep.asked)


async def test_a_server_that_is_away_for_a_moment_loses_no_answer(started: Starter) -> None:
    running = await started()
    person = running.person()
    for _ in range(2):
        running.api.refuse("sendMessage", 502, "Bad Gateway")
    await person.says("hej")
    assert await person.hears() == ["1: hej"]


async def test_an_answer_that_cannot_be_sent_ends_nothing(started: Starter) -> None:
    running = await started()
    person = running.person()
    running.api.refuse("sendMessage", 400, "Bad Request: something new")
    await person.says("ett")
    await person.says("två")
    assert await person.hears() == ["2: två"]


async def test_a_broken_turn_is_told_and_the_next_one_works(started: Starter) -> None:
    running = await started()
    person = running.person()
    await person.says("hej")
    await person.hears()
    await person.says("break")
    assert await person.hears() == ["Något gick fel."]
    await person.says("hej")
    assert await person.hears() == ["2: hej"]


async def test_a_long_text_is_refused_kindly(started: Starter) -> None:
    running = await started(text_length=50)
    person = running.person()
    await person.says("a" * 51)
    assert await person.hears() == [wording.TOO_LONG]
    await person.says("a" * 50)
    assert await person.hears() == [f"1: {'a' * 50}"]
    assert len(running.turns.heard) == 1


async def test_too_many_turns_are_slowed_down_in_one_chat_only(started: Starter) -> None:
    running = await started(rates=ClientRates(1, burst=2, clock=time.monotonic))
    one, two = running.person(1), running.person(2)
    for _ in range(8):
        await one.says("hej")
    heard = await one.hears(4)
    assert set(heard) == {"1: hej", "2: hej", wording.TOO_FAST}
    await one.taps_data("flow:menu", {"chat": one.chat, "message_id": 5, "date": 0})
    await running.api.until(lambda: len(running.api.called("answerCallbackQuery")) == 1)
    assert running.api.called("answerCallbackQuery")[0]["text"] == wording.TOO_FAST[:200]
    await two.says("hej")
    assert await two.hears() == ["1: hej"]


async def test_a_long_turn_shows_that_an_answer_is_being_written(started: Starter) -> None:
    running = await started()
    running.turns.gates["slow"] = asyncio.Event()
    person = running.person()
    await person.says("slow")
    await running.api.until(lambda: bool(running.api.called("sendChatAction")))
    running.turns.gates["slow"].set()
    await person.hears()
    assert running.api.called("sendChatAction") == [{"chat_id": str(person.id), "action": "typing"}]


async def test_the_commands_are_named_in_every_live_language(started: Starter) -> None:
    running = await started()
    assert set(running.api.commands) == {"", "sv", "en"}
    names = [command["command"] for command in running.api.commands["sv"]]
    assert names == ["start", "menu", "language", "privacy", "exit"]
    described = {command["command"]: command["description"] for command in running.api.commands["sv"]}
    assert described["language"] == "Välj ett annat språk"
    assert running.api.commands[""] == running.api.commands["sv"]


class _ChatsAway:
    """Chats whose server does not answer."""

    def __init__(self, chats: object) -> None:
        self._chats = chats
        self.away = False

    def __getattr__(self, name: str) -> object:
        if self.away and name in ("get", "put", "forget", "is_new"):
            return self._fail
        return getattr(self._chats, name)

    async def _fail(self, *_: object) -> None:
        raise ChatStatesAwayError("The server that keeps the chats does not answer.")


async def test_without_the_server_that_keeps_the_chats_people_are_answered_and_told(started: Starter) -> None:
    running = await started()
    chats = _ChatsAway(running.chats)
    running.channel._chats = chats  # type: ignore[assignment]
    person = running.person()
    await person.says("hej")
    await person.hears()
    await running.settled()
    chats.away = True
    await person.says("hjälp")
    assert await person.hears(2) == ["1: hjälp", wording.NOT_REMEMBERED]
    await person.says("/exit")
    assert await person.hears() == ["Något gick fel."]
    chats.away = False
    await person.says("där")
    assert await person.hears() == ["2: där"]


async def test_nothing_is_kept_by_the_library(started: Starter) -> None:
    running = await started()
    person = running.person()
    await person.says("hej")
    await person.hears()
    application = running.channel._application
    assert not application.user_data
    assert not application.chat_data
    assert not application.bot_data
    assert application.persistence is None


async def test_links_get_no_preview(started: Starter) -> None:
    running = await started()
    person = running.person()
    await person.says("https://example.org")
    await person.hears()
    assert running.api.called("sendMessage")[0]["link_preview_options"] == {"is_disabled": True}


async def test_the_channel_waits_for_telegram_to_come_back(started: Starter, api: BotApi) -> None:
    api.down = True
    running = await started(wait=False)
    await running.until(lambda: len(running.sleep.asked) >= 3)
    assert running.sleep.asked[:3] == [1.0, 2.0, 4.0]
    api.down = False
    await asyncio.wait_for(running.channel.connected(), 20)
    person = running.person()
    await person.says("hej")
    assert await person.hears() == ["1: hej"]


async def test_polling_survives_a_server_that_goes_away(started: Starter, api: BotApi) -> None:
    running = await started()
    api.refuse("getUpdates", 502, "Bad Gateway")
    api.refuse("getUpdates", 409, "Conflict: terminated by other getUpdates request")
    person = running.person()
    await person.says("hej")
    assert await person.hears() == ["1: hej"]
