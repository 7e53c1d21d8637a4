"""Replies as Telegram messages."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bot.channels.telegram.messages import CHOSEN, MAX_LENGTH, Message, compose, length
from bot.conversation.replies import (
    ChoiceButton,
    ChoicesReply,
    Contact,
    CrisisReply,
    Fact,
    NoticeReply,
    Progress,
    Reply,
    ServiceCardReply,
    ServicesReply,
    SummaryItem,
    SummaryReply,
    TextReply,
)
from bot.translation.catalogues import Catalogues, Language


@pytest.fixture
def language(catalogues: Catalogues) -> Language:
    return catalogues["en"]


def _one(reply: Reply, language: Language) -> Message:
    (message,) = compose([reply], language)
    return message


def _bold(message: Message) -> list[str]:
    encoded = message.text.encode("utf-16-le")
    return [
        encoded[entity.offset * 2 : (entity.offset + entity.length) * 2].decode("utf-16-le")
        for entity in message.entities
    ]


def _rows(message: Message) -> list[list[str]]:
    assert message.keyboard
    return [[button.text for button in row] for row in message.keyboard.inline_keyboard]


def _answers(*titles: str) -> tuple[ChoiceButton, ...]:
    return tuple(ChoiceButton(id=f"slot:{title}", title=title, role="answer") for title in titles)


@pytest.mark.parametrize(
    "reply", [TextReply(text="One.\n\nTwo & <three>."), NoticeReply(text="One.\n\nTwo & <three>.")]
)
def test_text_is_sent_as_it_is(reply: Reply, language: Language) -> None:
    message = _one(reply, language)
    assert message.text == "One.\n\nTwo & <three>."
    assert message.keyboard is None
    assert not message.entities


def test_a_question_shows_its_progress_and_its_choices(catalogues: Catalogues) -> None:
    reply = ChoicesReply(
        text="How old are you?",
        choices=(*_answers("18–24", "25–34"), ChoiceButton(id="command:skip", title="Skip", role="command")),
        progress=Progress(position=3, total=9),
    )
    message = _one(reply, catalogues["sv"])
    assert message.text == "Fråga 3 av 9\n\nHow old are you?"
    assert _bold(message) == ["How old are you?"]
    assert _rows(message) == [["18–24"], ["25–34"], ["Skip"]]
    assert message.choices == ("slot:18–24", "slot:25–34", "command:skip")


def test_short_ways_past_a_question_share_a_row_and_so_do_many_short_answers(language: Language) -> None:
    commands = [ChoiceButton(id=f"command:{name}", title=name, role="command") for name in ("Skip", "Back")]
    long = ChoiceButton(id="command:cancel", title="Stop – nothing is stored", role="command")
    message = _one(ChoicesReply(text="?", choices=(*_answers(*"ABCDEFGH"), *commands, long)), language)
    assert _rows(message) == [["A", "B"], ["C", "D"], ["E", "F"], ["G", "H"], ["Skip", "Back"], [long.title]]


def test_several_answers_are_marked_and_have_a_way_on(language: Language) -> None:
    chosen = ChoiceButton(id="slot:X", title="X", role="answer", selected=True)
    message = _one(ChoicesReply(text="Which?", choices=(*_answers("A"), chosen), multiple=True, maximum=5), language)
    assert message.text == "Which?\n\nYou can choose up to 5 answers."
    assert _rows(message) == [["A"], [CHOSEN + "X"], ["Continue"]]
    assert message.choices[-1] == "command:done"
    assert message.multiple


def test_a_way_on_of_the_flows_own_is_not_doubled(language: Language) -> None:
    done = ChoiceButton(id="command:done", title="Done", role="command")
    skip = ChoiceButton(id="command:skip", title="Skip", role="command")
    message = _one(ChoicesReply(text="Which?", choices=(*_answers("A"), skip, done), multiple=True), language)
    assert _rows(message) == [["A"], ["Done"], ["Skip"]]


def test_a_crisis_card_has_the_numbers_on_lines_of_their_own(language: Language) -> None:
    reply = CrisisReply(
        text="I am glad you wrote.",
        contacts=(
            Contact(name="SOS 🚨", description="Danger now", phones=("112",), hours="Open day and night"),
            Contact(name="Chat line", description="", chat_url="https://chat.example", open_status="open"),
        ),
        cannot_speak="Send a text.",
        cannot_speak_title="If you cannot speak",
    )
    message = _one(reply, language)
    assert message.text.splitlines() == [
        "I am glad you wrote.",
        "",
        "SOS 🚨",
        "Danger now",
        "☎ 112",
        "Open day and night",
        "",
        "Chat line",
        "Chat: https://chat.example",
        "",
        "If you cannot speak",
        "Send a text.",
    ]
    assert _bold(message) == ["SOS 🚨", "Chat line", "If you cannot speak"]


def test_service_cards_tell_all_that_is_known(language: Language) -> None:
    card = ServiceCardReply(
        id="s",
        name="Clinic",
        description="Help",
        phones=("08-1", "08-2"),
        web="https://clinic.example",
        address="Street 1",
        facts=(Fact(label="Cost", value="Free"),),
        stale=True,
    )
    message = _one(ServicesReply(text="Here:", services=(card, card)), language)
    first = message.text.split("\n\n")[1].splitlines()
    assert first[:7] == [
        "Clinic",
        "Help",
        "☎ 08-1",
        "☎ 08-2",
        "https://clinic.example",
        "Address: Street 1",
        "Cost: Free",
    ]
    assert first[7].startswith("It is long since this was checked.")


def test_a_summary_numbers_its_answers_and_the_ways_to_change_them(language: Language) -> None:
    items = tuple(
        SummaryItem(question=f"Q{name}?", answer=name, change=f"change:{name}", change_title="Change") for name in "abc"
    )
    message = _one(SummaryReply(text="Stored:", items=items), language)
    assert message.text == "Stored:\n\n1. Qa?\na\n\n2. Qb?\nb\n\n3. Qc?\nc"
    assert _bold(message) == ["a", "b", "c"]
    assert _rows(message) == [["1. Change", "2. Change"], ["3. Change"]]
    assert message.choices == ("change:a", "change:b", "change:c")


def test_a_long_reply_is_parted_at_paragraphs_with_the_buttons_under_the_last(language: Language) -> None:
    paragraphs = [f"{number} " + "word " * 300 for number in range(6)]
    messages = list(compose([ChoicesReply(text="\n\n".join(paragraphs), choices=_answers("A"))], language))
    assert len(messages) == 3
    assert all(message.text[0].isdigit() for message in messages)
    assert [message.keyboard is not None for message in messages] == [False, False, True]


def test_an_empty_question_still_carries_its_buttons(language: Language) -> None:
    assert _one(ChoicesReply(text="", choices=_answers("A")), language).text == "…"


@settings(max_examples=60, deadline=None)
@given(
    st.text(alphabet=st.sampled_from("ab 🙂å\n"), max_size=60),
    st.integers(1, 400),
)
def test_every_part_of_any_text_is_one_that_telegram_takes(text: str, times: int) -> None:
    reply = TextReply(text=text * times)
    messages = list(compose([reply], None))  # type: ignore[arg-type]
    assert all(1 <= length(message.text) <= MAX_LENGTH for message in messages)
    assert all(message.text.strip() for message in messages)
    assert "".join("".join(message.text.split()) for message in messages) == "".join((text * times).split())
