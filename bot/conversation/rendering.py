"""From utterances to replies: words in the person's language, with names, numbers and hours from the directory."""

from __future__ import annotations

import datetime
from collections.abc import Callable, Iterator, Mapping

from bot.conversation.replies import (
    ChoiceButton,
    ChoicesReply,
    CrisisReply,
    NoticeReply,
    Progress,
    Reply,
    ServicesReply,
    SummaryItem,
    SummaryReply,
    TextReply,
)
from bot.conversation.service_cards import contact, service_card
from bot.dialogue.flow_checks import PHONE_PREFIX, placeholders
from bot.dialogue.flow_model import FlowSet, Variant
from bot.dialogue.state import DialogueState, SlotValue
from bot.dialogue.utterances import Ask, Choice, Say, ShowServices, ShowSummary, Utterance
from bot.directory.directory import Directory
from bot.directory.search import card_of
from bot.translation.catalogues import Catalogues, Language
from bot.translation.marking import message

Clock = Callable[[], datetime.datetime]

_ANSWER_JOIN = ", "
_CHANGE = message("Change")
_CANNOT_SPEAK = message("If you cannot speak")
_SERVICES_TEXTS = {
    "local": message("Here is help in {place}:"),
    "county": message("Here is help in your county, {place}:"),
    "national": message("This help is for the whole of Sweden:"),
    "details": message("This is what we know:"),
}


class Renderer:
    """Renders utterances; `now` returns the time, zone-aware, and `web_address` is where the web page is."""

    def __init__(
        self, flows: FlowSet, catalogues: Catalogues, directory: Directory, now: Clock, web_address: str = ""
    ) -> None:
        self._flows = flows
        self._catalogues = catalogues
        self._directory = directory
        self._now = now
        self._web_address = web_address

    def render(self, utterance: Utterance, state: DialogueState) -> Iterator[Reply]:
        """Yield the replies of one utterance, in the language of `state`."""
        language = self._language(state)
        match utterance:
            case Say(response, values):
                variant = self._flows.responses[response].variant(values, {})
                yield self._message(variant, values, language)
            case Ask():
                yield self._question(utterance, state, language)
            case ShowServices():
                yield self._services(utterance, language)
            case ShowSummary():
                yield self._summary(utterance, state, language)

    def titles(self, ask: Ask, state: DialogueState) -> Iterator[tuple[str, str]]:
        """Yield the id and the words of every choice of a question, as the person reads them."""
        language = self._language(state)
        for choice in (*ask.choices, *ask.commands):
            yield choice.id, self._title(choice, language)

    def _language(self, state: DialogueState) -> Language:
        return self._catalogues[self._catalogues.supported(state.language) or self._catalogues.default]

    def _message(self, variant: Variant, values: Mapping[str, SlotValue], language: Language) -> Reply:
        text = self._text(variant.text, values, language)
        if variant.kind == "crisis":
            now = self._now()
            return CrisisReply(
                text=text,
                contacts=tuple(
                    contact(card_of(self._directory, service, now), language, now) for service in variant.contacts
                ),
                cannot_speak=self._text(variant.cannot_speak, values, language),
                cannot_speak_title=language.translate(_CANNOT_SPEAK) if variant.cannot_speak else "",
            )
        return NoticeReply(text=text) if variant.kind == "notice" else TextReply(text=text)

    def _question(self, ask: Ask, state: DialogueState, language: Language) -> ChoicesReply:
        slot = self._flows.slot(ask.slot, self._flows.population(state.stack))
        if ask.response:
            text = self._text(self._flows.responses[ask.response].variant(ask.values, {}).text, ask.values, language)
        else:
            text = language.translate(slot.question) if slot else ""
        buttons = [self._button(choice, ask, language) for choice in ask.choices]
        buttons += [self._button(choice, ask, language) for choice in ask.commands]
        return ChoicesReply(
            text=text,
            choices=tuple(buttons),
            multiple=ask.multiple,
            maximum=ask.maximum,
            progress=Progress(position=ask.progress[0], total=ask.progress[1]) if ask.progress else None,
        )

    def _button(self, choice: Choice, ask: Ask, language: Language) -> ChoiceButton:
        role: dict[str, str] = {"flow": "topic", "command": "command", "change": "command"}
        return ChoiceButton.model_validate(
            {
                "id": choice.id,
                "title": self._title(choice, language),
                "role": role.get(choice.kind, "answer"),
                "selected": choice.kind == ask.slot and choice.value in ask.selected,
                "language": choice.value if choice.kind == "language" else None,
            }
        )

    def _title(self, choice: Choice, language: Language) -> str:
        slot = self._flows.slots.get(choice.kind)
        if slot and slot.type == "place" and not choice.title:
            return self._place_name(choice.value)
        if slot and slot.type == "language" and not choice.title and choice.value in self._catalogues.languages:
            return self._catalogues[choice.value].native_name
        return language.translate(choice.title)

    def _services(self, shown: ShowServices, language: Language) -> ServicesReply:
        now = self._now()
        text = language.translate(_SERVICES_TEXTS[shown.level])
        details = shown.level == "details"
        return ServicesReply(
            text=text.format(place=self._place_name(shown.place or "")),
            services=tuple(
                service_card(card_of(self._directory, service, now), language, now, details=details)
                for service in shown.services
            ),
        )

    def _summary(self, summary: ShowSummary, state: DialogueState, language: Language) -> SummaryReply:
        variant = self._flows.responses[summary.response].variant(state.slots, {})
        change = language.translate(_CHANGE)
        return SummaryReply(
            text=self._text(variant.text, state.slots, language),
            items=tuple(
                SummaryItem(
                    question=language.translate(slot.question),
                    answer=self._codes(slot.titles, value, language),
                    change=f"change:{name}",
                    change_title=change,
                )
                for name, value in summary.answers
                if (slot := self._flows.slot(name, summary.population)) is not None
            ),
        )

    def _codes(self, titles: Mapping[str, str], value: SlotValue, language: Language) -> str:
        codes = value if isinstance(value, tuple) else (str(value),)
        return _ANSWER_JOIN.join(language.translate(titles.get(code, code)) for code in codes)

    def _text(self, msgid: str, values: Mapping[str, SlotValue], language: Language) -> str:
        text = language.translate(msgid)
        names = placeholders(text)
        return text.format_map({name: self._value(name, values, language) for name in names}) if names else text

    def _value(self, name: str, values: Mapping[str, SlotValue], language: Language) -> str:
        if name.startswith(PHONE_PREFIX):
            return self._directory.service(name.removeprefix(PHONE_PREFIX)).shown_phones[0].number
        if name == "web_address":
            return self._web_address
        value = values.get(name)
        slot = self._flows.slots.get(name)
        if slot and slot.type == "place" and isinstance(value, str):
            return self._place_name(value)
        if slot and slot.type == "language" and isinstance(value, str):
            return self._catalogues[value].native_name
        return "" if value is None else str(value)

    def _place_name(self, code: str) -> str:
        if code in self._directory.municipalities:
            return self._directory.municipalities[code].name
        county = self._directory.counties.get(code)
        return county.name if county else ""
