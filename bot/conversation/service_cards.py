"""Service cards and contacts in a person's language; what is not known is said to be unknown."""

from __future__ import annotations

import datetime
from collections.abc import Iterator, Sequence

from babel import Locale
from babel.dates import format_date, format_skeleton, format_time

from bot.conversation.replies import Contact, Fact, ServiceCardReply
from bot.directory.opening_hours import SWEDEN, OpenState, OpenStatus
from bot.directory.search import HoursShown, ServiceCard
from bot.directory.services import Answer, Cost, Precision, Schedule
from bot.translation.catalogues import Language
from bot.translation.marking import message

_MONDAY = datetime.date(2024, 1, 1)

_OPEN_TEXTS = {
    "always": message("Open day and night"),
    "open": message("Open now"),
    "open_until": message("Open now, until {time}"),
    "closed": message("Closed now"),
    "opens_today": message("Closed now, opens today at {time}"),
    "opens_later": message("Closed now, opens {day} at {time}"),
    "website": message("See the website for opening hours"),
    "unknown": message("Opening hours not known"),
}
_CHANNEL_HOURS = {
    "phone": message("Phone: {hours}"),
    "chat": message("Chat: {hours}"),
    "visit": message("Visits: {hours}"),
}
_DAY_AND_NIGHT = message("day and night")
_EVERY_DAY = message("every day {hours}")
_ANSWERS = {Answer.YES: message("Yes"), Answer.NO: message("No"), Answer.UNKNOWN: message("Not known")}
_COSTS = {
    Cost.FREE: message("Free"),
    Cost.ORDINARY_CALL_CHARGE: message("What an ordinary call costs"),
    Cost.UNKNOWN: message("Not known"),
}
_LABELS = {
    "hours": message("Opening hours"),
    "how": message("How to get in touch"),
    "who": message("Who it is for"),
    "ages": message("Ages"),
    "languages": message("Languages"),
    "interpreter": message("With an interpreter"),
    "cost": message("Cost"),
    "anonymous": message("You can be anonymous"),
    "id": message("You need to show ID"),
    "area": message("Only for people in"),
    "email": message("Email"),
    "text": message("Text message"),
    "contact": message("Contact details"),
    "checked": message("Last checked"),
}
_FROM_AGE = message("From {age} years")
_TO_AGE = message("Up to {age} years")
_AGES = message("{youngest}–{oldest} years")
_NO_CONTACT = message("We have no checked phone number or address. Search for the name, or ask your municipality.")
_NEVER_CHECKED = message("Not known. Details may have changed.")
_LONG_AGO = message("{date}. Details may have changed.")
_UNCONFIRMED = message("We are not sure that this service is still open.")


def contact(card: ServiceCard, language: Language, now: datetime.datetime) -> Contact:
    """Return a card as the few lines of a crisis card; `now` is zone-aware."""
    return Contact(
        name=card.name,
        description=language.translate(card.description),
        phones=_voice(card),
        chat_url=card.chat_url,
        web=card.web,
        open_status=card.opening.state.value,
        hours=opening_text(card, language, now),
    )


def service_card(
    card: ServiceCard, language: Language, now: datetime.datetime, *, details: bool = False
) -> ServiceCardReply:
    """Return a card with its facts; `details` adds those that only some people need."""
    return ServiceCardReply(
        id=card.id,
        name=card.name,
        description=language.translate(card.description),
        phones=_voice(card),
        chat_url=card.chat_url,
        web=card.web,
        open_status=card.opening.state.value,
        hours=opening_text(card, language, now),
        address=_address(card),
        facts=tuple(_facts(card, language, details=details)),
        stale=card.stale,
    )


def opening_text(card: ServiceCard, language: Language, now: datetime.datetime) -> str:
    """Return whether a service is open, as a sentence; times are Swedish local time."""
    status = card.opening
    _ = language.translate
    if status.state is OpenState.UNKNOWN:
        return _(_OPEN_TEXTS["website" if card.hours is HoursShown.SEE_WEBSITE else "unknown"])
    if status.always:
        return _(_OPEN_TEXTS["always"])
    if status.state is OpenState.OPEN:
        if status.until is None:
            return _(_OPEN_TEXTS["open"])
        return _(_OPEN_TEXTS["open_until"]).format(time=_clock(status.until, language))
    return _closed_text(status, language, now)


def _closed_text(status: OpenStatus, language: Language, now: datetime.datetime) -> str:
    _ = language.translate
    opening = status.next_opening
    if opening is None:
        return _(_OPEN_TEXTS["closed"])
    clock = _clock(opening, language)
    if opening.date() == now.astimezone(SWEDEN).date():
        return _(_OPEN_TEXTS["opens_today"]).format(time=clock)
    day = format_date(opening.date(), "EEEE", locale=language.code)
    return _(_OPEN_TEXTS["opens_later"]).format(day=day, time=clock)


def _facts(card: ServiceCard, language: Language, *, details: bool) -> Iterator[Fact]:
    _ = language.translate

    def fact(label: str, value: str) -> Fact:
        return Fact(label=_(_LABELS[label]), value=value)

    if card.unconfirmed:
        yield fact("contact", _(_UNCONFIRMED))
    if not card.contact_known:
        yield fact("contact", _(_NO_CONTACT))
    if card.application_process:
        yield fact("how", _(card.application_process))
    if card.only_in:
        yield fact("area", ", ".join(card.only_in))
    if card.eligibility:
        yield fact("who", _(card.eligibility))
    ages = _ages(card, language)
    if ages:
        yield fact("ages", ages)
    if hours := "\n".join(hours_lines(card.schedules, language)):
        yield fact("hours", hours)
    if card.hours_description:
        yield fact("hours", _(card.hours_description))
    yield fact("cost", _(card.fees) if card.fees else _(_COSTS[card.cost]))
    yield fact("anonymous", _(_ANSWERS[card.anonymous]))
    if details or card.id_required is not Answer.UNKNOWN:
        yield fact("id", _(_ANSWERS[card.id_required]))
    names = _language_names([entry.code for entry in card.languages], language)
    if names or details:
        yield fact("languages", names or _(_ANSWERS[Answer.UNKNOWN]))
    if card.interpreter_languages:
        yield fact("interpreter", _language_names(card.interpreter_languages, language))
    for phone in card.phones:
        if phone.type == "sms":
            yield fact("text", phone.number)
    if card.email:
        yield fact("email", card.email)
    yield fact("checked", _checked(card, language))


def hours_lines(schedules: Sequence[Schedule], language: Language) -> Iterator[str]:
    """Yield the opening hours, a line for each channel and group of days."""
    _ = language.translate
    for schedule in schedules:
        if schedule.opens_at == "00:00" and schedule.closes_at == "24:00":
            hours = _(_DAY_AND_NIGHT)
        else:
            hours = f"{schedule.opens_at}–{schedule.closes_at.removesuffix('+1d')}"
        days = schedule.days
        if len(days) == 7:
            text = hours if hours == _(_DAY_AND_NIGHT) else _(_EVERY_DAY).format(hours=hours)
        else:
            text = f"{_days(days, language)} {hours}"
        yield _(_CHANNEL_HOURS[schedule.attending_type]).format(hours=text)


def _days(days: Sequence[int], language: Language) -> str:
    names = [format_date(_MONDAY + datetime.timedelta(days=day), "ccc", locale=language.code) for day in days]
    if len(days) > 2 and list(days) == list(range(days[0], days[-1] + 1)):
        return f"{names[0]}–{names[-1]}"
    return ", ".join(names)


def _clock(moment: datetime.datetime, language: Language) -> str:
    return format_time(moment.astimezone(SWEDEN), "HH:mm", tzinfo=SWEDEN, locale=language.code)


def _ages(card: ServiceCard, language: Language) -> str:
    _ = language.translate
    if card.minimum_age is not None and card.maximum_age is not None:
        return _(_AGES).format(youngest=card.minimum_age, oldest=card.maximum_age)
    if card.minimum_age is not None:
        return _(_FROM_AGE).format(age=card.minimum_age)
    if card.maximum_age is not None:
        return _(_TO_AGE).format(age=card.maximum_age)
    return ""


def _checked(card: ServiceCard, language: Language) -> str:
    _ = language.translate
    date = card.assured_date
    if date is None:
        return _(_NEVER_CHECKED)
    match card.assured_precision:
        case Precision.YEAR:
            text = str(date.year)
        case Precision.MONTH:
            text = format_skeleton("yMMMM", date, locale=language.code)
        case _:
            text = format_date(date, "long", locale=language.code)
    return _(_LONG_AGO).format(date=text) if card.stale else text


def _voice(card: ServiceCard) -> tuple[str, ...]:
    return tuple(phone.number for phone in card.phones if phone.type == "voice")


def _address(card: ServiceCard) -> str | None:
    return f"{card.address.address_1}, {card.address.city}" if card.address else None


def _language_names(codes: Sequence[str], language: Language) -> str:
    names = Locale.parse(language.code).languages
    return ", ".join(names.get(code, code) for code in codes)
