"""The service directory: its model, after Open Referral HSDS 3.0, and reading it with every check at load."""

from __future__ import annotations

import datetime
import re
from collections.abc import Iterable, Iterator
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from bot.directory.municipalities import Municipality, counties_of
from content_files import ContentError, ContentProblem, YamlFile, load_model

_PHONE = re.compile(r"(\+?[0-9]{1,4}|0[0-9]{1,4}-[0-9]{2,3}|[0-9]{3})( [0-9]{2,4}){0,4}")
_SHORT_NUMBERS = frozenset({"112", "11414", "1177", "90101", "90390"})
_WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
_CLOCK = re.compile(r"(?P<hour>[01][0-9]|2[0-4]):(?P<minute>[0-5][0-9])(?P<next_day>\+1d)?")
_LONGEST_DESCRIPTION = 20  # words


class Need(StrEnum):
    """What a service helps with; the taxonomy of the directory."""

    HOUSING = "housing"
    SHELTER = "shelter"
    MONEY = "money"
    DEBT = "debt"
    STI_TEST = "sti_test"
    HEALTHCARE = "healthcare"
    COUNSELLING = "counselling"
    ADDICTION = "addiction"
    WORK_STUDY = "work_study"
    PROTECTION = "protection"
    LEGAL_POLICE = "legal_police"
    MIGRATION = "migration"
    RETURN = "return"
    SPECIALISED = "specialised"
    BUYER_SUPPORT = "buyer_support"
    YOUTH = "youth"
    CRISIS = "crisis"
    LGBTQ = "lgbtq"
    PROFESSIONAL = "professional"
    CHILDREN = "children"


class Audience(StrEnum):
    """Whom a service is for."""

    ANYONE = "anyone"
    SELLING = "selling"
    BUYING = "buying"
    TRAFFICKED = "trafficked"
    UNDER18 = "under18"
    YOUNG_ADULT = "young_adult"
    RELATIVE = "relative"
    PROFESSIONAL = "professional"


class Kind(StrEnum):
    """What sort of service it is."""

    ADDICTION = "addiction"
    BUYER_COUNSELLING = "buyer_counselling"
    CHILD_HELPLINE = "child_helpline"
    DEBT_ECONOMY = "debt_economy"
    EMERGENCY = "emergency"
    HEALTH_STI = "health_sti"
    HELPLINE = "helpline"
    LEGAL_CRIME_VICTIM = "legal_crime_victim"
    LGBTQ = "lgbtq"
    MIGRATION = "migration"
    PEER_SEXWORKER_ORG = "peer_sexworker_org"
    POLICE = "police"
    PROFESSIONAL_SUPPORT = "professional_support"
    REGIONAL_COORDINATOR = "regional_coordinator"
    RETURN_PROGRAMME = "return_programme"
    SHELTER = "shelter"
    SPECIALISED_CLINIC = "specialised_clinic"
    SUICIDE_PREVENTION = "suicide_prevention"
    TRAFFICKING_SUPPORT = "trafficking_support"
    YOUTH_CLINIC = "youth_clinic"


class Answer(StrEnum):
    """Yes, no, or nobody has checked."""

    YES = "yes"
    NO = "no"
    UNKNOWN = "unknown"


class Cost(StrEnum):
    """What contact costs the person."""

    FREE = "free"
    ORDINARY_CALL_CHARGE = "ordinary_call_charge"
    UNKNOWN = "unknown"


class Existence(StrEnum):
    """Whether a source confirms that the service runs."""

    CONFIRMED = "confirmed"
    UNCONFIRMED = "unconfirmed"


class Precision(StrEnum):
    """How exact `assured_date` is."""

    DAY = "day"
    MONTH = "month"
    YEAR = "year"


class Withholdable(StrEnum):
    """The fields that can be kept from being shown."""

    PHONES = "phones"
    SCHEDULES = "schedules"
    URL = "url"
    CHAT_URL = "chat_url"
    EMAIL = "email"
    ADDRESS = "address"


def _checked_phone(number: str) -> str:
    digits = number.replace(" ", "").replace("-", "").removeprefix("+")
    if digits in _SHORT_NUMBERS:
        return number
    if not _PHONE.fullmatch(number) or not 6 <= len(digits) <= 13:
        raise ValueError(f"{number!r} does not look like a phone number")
    return number


def _checked_address(url: str) -> str:
    parts = urlsplit(url)
    if parts.scheme not in {"http", "https"} or "." not in parts.netloc or re.search(r"\s", url):
        raise ValueError(f"{url!r} is not a web address")
    return url


def _checked_email(email: str) -> str:
    if not re.fullmatch(r"[^@\s]+@[^@\s]+\.[^@\s]+", email):
        raise ValueError(f"{email!r} is not an e-mail address")
    return email


def _checked_language(code: str) -> str:
    if not re.fullmatch(r"[a-z]{2,3}", code):
        raise ValueError(f"{code!r} is not an ISO 639 code")
    return code


def _checked_date(value: object) -> object:
    if isinstance(value, str) and re.fullmatch(r"\d{4}-\d{2}-\d{2}", value):
        return datetime.date.fromisoformat(value)
    raise ValueError('is not a date in quotes such as "2026-11-22"')


def _checked_weekdays(value: str) -> str:
    days = value.split(",")
    if not set(days) <= set(_WEEKDAYS) or len(set(days)) != len(days):
        raise ValueError(f"{value!r} is not a list of weekdays such as MO,TU,WE")
    return value


def _checked_clock(value: str) -> str:
    found = _CLOCK.fullmatch(value)
    if not found or (found["hour"] == "24" and (found["minute"] != "00" or found["next_day"])):
        raise ValueError(f"{value!r} is not a time such as 09:00, 24:00 or 06:00+1d")
    return value


PhoneNumber = Annotated[str, AfterValidator(_checked_phone)]
WebAddress = Annotated[str, AfterValidator(_checked_address)]
EmailAddress = Annotated[str, AfterValidator(_checked_email)]
LanguageCode = Annotated[str, AfterValidator(_checked_language)]
Date = Annotated[datetime.date, BeforeValidator(_checked_date)]
Weekdays = Annotated[str, AfterValidator(_checked_weekdays)]
Clock = Annotated[str, AfterValidator(_checked_clock)]
Text = Annotated[str, Field(min_length=1)]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Organization(_Part):
    """Who runs the service."""

    name: Text


class ServiceArea(_Part):
    """Where people must live or be to use the service: the country, a county or a municipality, by SCB's code."""

    extent_type: Literal["national", "county", "municipality"]
    extent: Text


class Phone(_Part):
    """A number as it is written in Sweden."""

    number: PhoneNumber
    type: Literal["voice", "sms"] = "voice"

    @property
    def dial(self) -> str:
        """The number for a `tel:` link, as dialled inside Sweden."""
        return re.sub(r"[^+0-9]", "", self.number)


class Link(_Part):
    """A further web address; `label` is the name of the page, in its own language."""

    url: WebAddress
    label: Text


class Address(_Part):
    """A street address in Sweden."""

    address_1: Text
    city: Text
    country: Literal["SE"]


class Location(_Part):
    """A place where the service is given."""

    location_type: Literal["physical"]
    addresses: tuple[Address, ...] = Field(min_length=1)


class ServiceAtLocation(_Part):
    """The link of a service to a location."""

    location: Location


class Schedule(_Part):
    """Weekly hours in Swedish local time; `closes_at` may be 24:00 or lie on the next day (06:00+1d)."""

    attending_type: Literal["phone", "chat", "visit"]
    freq: Literal["WEEKLY"]
    byday: Weekdays
    opens_at: Clock
    closes_at: Clock

    @property
    def days(self) -> tuple[int, ...]:
        """Weekdays, Monday being 0."""
        return tuple(_WEEKDAYS.index(day) for day in self.byday.split(","))

    @property
    def rrule(self) -> str:
        """The recurrence as an iCalendar rule (RFC 5545)."""
        return f"FREQ={self.freq};BYDAY={self.byday}"

    @property
    def opens(self) -> datetime.timedelta:
        """Time of opening, from midnight."""
        return _since_midnight(self.opens_at)

    @property
    def closes(self) -> datetime.timedelta:
        """Time of closing, from midnight of the day of opening; more than 24 hours if it is on the next day."""
        return _since_midnight(self.closes_at)


class Language(_Part):
    """A language that staff speak; `note` is a message for translators."""

    code: LanguageCode
    note: Text | None = None


class Provenance(_Part):
    """Where the entry comes from."""

    source: Text
    source_date: Text | None
    confidence: Literal["high", "medium", "low"]
    number_or_hours_from: Literal["official_or_municipal_page", "third_party_list", "no_number"]


class Service(_Part):
    """One service with all that belongs to it; the `shown_…` properties leave out what is withheld."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    name: Text
    organization: Organization | None = None
    description: Text
    existence: Existence
    kind: Kind
    needs: tuple[Need, ...] = Field(min_length=1)
    audience: tuple[Audience, ...] = Field(min_length=1)
    minimum_age: int | None = Field(default=None, ge=0, le=99)
    maximum_age: int | None = Field(default=None, ge=0, le=99)
    eligibility_description: Text | None = None
    service_areas: tuple[ServiceArea, ...] = Field(min_length=1)
    phones: tuple[Phone, ...] = ()
    url: WebAddress | None = None
    additional_urls: tuple[Link, ...] = ()
    chat_url: WebAddress | None = None
    email: EmailAddress | None = None
    service_at_locations: tuple[ServiceAtLocation, ...] = ()
    schedules: tuple[Schedule, ...] = ()
    hours_description: Text | None = None
    application_process: Text | None = None
    languages: tuple[Language, ...] = ()
    interpreter_languages: tuple[LanguageCode, ...] = ()
    cost: Cost
    fees_description: Text | None = None
    anonymous_contact: Answer
    id_required: Answer
    may_report_to: Literal["unknown"] | tuple[Literal["social_services", "police"], ...]
    confidential_address: bool
    first_contact: bool = True
    assured_date: Date | None = None
    assured_precision: Precision = Precision.DAY
    withheld: dict[Withholdable, Text] = Field(default_factory=dict)
    provenance: Provenance

    @property
    def shown_phones(self) -> tuple[Phone, ...]:
        return () if Withholdable.PHONES in self.withheld else self.phones

    @property
    def shown_url(self) -> str | None:
        return None if Withholdable.URL in self.withheld else self.url

    @property
    def shown_links(self) -> tuple[Link, ...]:
        return () if Withholdable.URL in self.withheld else self.additional_urls

    @property
    def shown_chat_url(self) -> str | None:
        return None if Withholdable.CHAT_URL in self.withheld else self.chat_url

    @property
    def shown_email(self) -> str | None:
        return None if Withholdable.EMAIL in self.withheld else self.email

    @property
    def shown_address(self) -> Address | None:
        hidden = self.confidential_address or Withholdable.ADDRESS in self.withheld or not self.service_at_locations
        return None if hidden else self.service_at_locations[0].location.addresses[0]

    @property
    def shown_schedules(self) -> tuple[Schedule, ...]:
        return () if Withholdable.SCHEDULES in self.withheld else self.schedules

    @property
    def reachable(self) -> bool:
        """Whether a confirmed way to make contact can be shown."""
        return bool(self.shown_phones or self.shown_chat_url or self.shown_url or self.shown_email)


class ServiceFile(BaseModel):
    """The file `services.yml`."""

    model_config = ConfigDict(extra="forbid")

    version: Literal[1]
    services: tuple[Service, ...]


def load_services(path: Path, municipalities: tuple[Municipality, ...]) -> tuple[Service, ...]:
    """Read the services in the order of the file.

    Raises `ContentError` with file and line for everything that does not fit the model, an id that is there twice, an
    area that does not exist, ages that contradict each other, a description that is too long, hours that end before
    they begin, a withheld field that is empty, or an address that should be confidential.
    """
    content, source = load_model(path, ServiceFile)
    problems = list(_problems(content.services, source, municipalities))
    if problems:
        raise ContentError(problems)
    return content.services


def _problems(
    services: Iterable[Service], source: YamlFile, municipalities: tuple[Municipality, ...]
) -> Iterator[ContentProblem]:
    areas = {
        "national": {"SE"},
        "county": {county.code for county in counties_of(municipalities)},
        "municipality": {municipality.code for municipality in municipalities},
    }
    ids: set[str] = set()
    for number, service in enumerate(services):
        here: tuple[str | int, ...] = ("services", number)
        name = f"service {service.id}"
        if service.id in ids:
            yield source.problem((*here, "id"), "is there twice", name)
        ids.add(service.id)
        for place, area in enumerate(service.service_areas):
            if area.extent not in areas[area.extent_type]:
                message = f"{area.extent!r} is not the code of a {area.extent_type}"
                yield source.problem((*here, "service_areas", place), message, name)
        if (service.minimum_age or 0) > (99 if service.maximum_age is None else service.maximum_age):
            yield source.problem((*here, "minimum_age"), "is above maximum_age", name)
        if len(service.description.split()) > _LONGEST_DESCRIPTION:
            message = f"has more than {_LONGEST_DESCRIPTION} words"
            yield source.problem((*here, "description"), message, name)
        for place, schedule in enumerate(service.schedules):
            if schedule.closes <= schedule.opens:
                yield source.problem((*here, "schedules", place), "closes before it opens", name)
        for field in service.withheld:
            present = service.service_at_locations if field is Withholdable.ADDRESS else getattr(service, field)
            if not present and field is not Withholdable.SCHEDULES:
                yield source.problem((*here, "withheld", str(field)), "withholds a field that is not there", name)
        if service.confidential_address and service.service_at_locations:
            yield source.problem((*here, "service_at_locations"), "the address is confidential", name)


def _since_midnight(clock: str) -> datetime.timedelta:
    found = _CLOCK.fullmatch(clock)
    assert found is not None
    days = 1 if found["next_day"] else 0
    return datetime.timedelta(days=days, hours=int(found["hour"]), minutes=int(found["minute"]))
