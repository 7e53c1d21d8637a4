"""What synthetic people are like: for each population some typical situations, and what follows from what.

A number stands for a share of a situation's people in per cent, unless it is said otherwise. Where a published figure
says something comparable, it is the anchor and stands beside the number, with its name in the list of reference
figures: R1 and R2 are population surveys, R3 and R4 reports by child-rights organisations (2020, 2021), R5 is a study
of court cases, R8 a police report, R10 and R12 surveys of buying, R17 the city of Stockholm in 2021. Everything else is
invented. None of it says anything about the world: the anchors measure other groups in other ways than a response does.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

Shares = Mapping[str, float]
"""Codes and their shares in per cent. In a single variable they are weights, and a code that is left out has weight 1;
in a multiple one each code is drawn for itself, and one that is left out has a share of 2 per cent."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A typical situation: its weight in the population at the start of 2025, its growth, and what differs in it.

    `growth` is relative, per year: 0.1 is ten per cent more each year.
    """

    name: str
    weight: float
    answers: Mapping[str, Shares] = field(default_factory=dict)
    growth: float = 0.0


@dataclass(frozen=True, slots=True)
class Link:
    """How an answer moves another: the share of each code is multiplied by the factors of every code given to `on`."""

    on: str
    factors: Mapping[str, Shares]


@dataclass(frozen=True, slots=True)
class SyntheticPopulation:
    """A population: how many responses come from it, its situations, and what they have in common."""

    weight: float
    profiles: tuple[Profile, ...]
    answers: Mapping[str, Shares] = field(default_factory=dict)
    links: Mapping[str, tuple[Link, ...]] = field(default_factory=dict)


# -- what all have in common ------------------------------------------------------------------------------------------

COMMON: Final[Mapping[str, Shares]] = {
    "gender": {"woman": 82, "man": 14, "nonbinary": 3, "other": 1},
    "trans_experience": {"yes": 4, "no": 96},
    "lgbtq": {"yes": 25, "no": 68, "unsure": 7},  # more than in the population, as R1 (7 % against 1.5 %) suggests
    "disability": {"yes": 22, "no": 78},
    "harmful_use": {"yes": 22, "no": 78},
    "age_band": {"u15": 25, "15_17": 75, "18_24": 30, "25_34": 35, "35_49": 26, "50p": 9},
    # About the inhabitants of each county in ten thousands: round weights, not statistics.
    "county": {
        "01": 245, "03": 40, "04": 30, "05": 47, "06": 37, "07": 20, "08": 25, "09": 6, "10": 16, "12": 142, "13": 34,
        "14": 177, "17": 28, "18": 31, "19": 28, "20": 29, "21": 29, "22": 24, "23": 13, "24": 28, "25": 25,
        "abroad": 12,
    },
    "citizenship_group": {"se": 80, "nordic": 3, "eu_eea": 8, "non_eu": 8, "stateless": 1},
    # The countries that R8 names come first.
    "citizenship_country": {
        "RO": 25, "NG": 9, "HU": 7, "PL": 7, "TH": 12, "RU": 5, "UA": 8, "CO": 8, "BG": 5, "BR": 4, "other": 10,
    },
    "needs": {
        "talk": 34, "housing": 16, "econ_aid": 18, "debt": 10, "trauma": 20, "psychiatry": 16, "work": 9, "legal": 8,
        "sti_hiv_test": 12, "change_treatment": 14, "protection": 8, "authority_help": 10, "specialist_care": 4,
        "network": 10, "none": 3,
    },
    "needs_met": {"yes": 18, "partly": 36, "no": 46},
    "barriers": {
        "shame": 44, "fear_exposure": 36, "no_trust": 22, "not_identified": 20, "unclear_responsibility": 22,
        "queue": 16, "no_service_nearby": 10, "bad_experience": 18, "fear_authorities": 14, "cost": 7, "hours": 6,
        "language": 6, "fear_children": 5, "fear_deport": 4, "no_id": 3, "disability_access": 3, "none": 6,
    },
}  # fmt: skip

COMMON_LINKS: Final[Mapping[str, tuple[Link, ...]]] = {
    "needs": (
        Link("citizenship_group", {
            "se": {"residence": 0.03, "establishment": 0.1, "return": 0.1},
            "eu_eea": {"residence": 1, "return": 2, "establishment": 2},
            "non_eu": {"residence": 5, "return": 2, "establishment": 3},
            "stateless": {"residence": 6, "establishment": 3},
        }),
        Link("harmful_use", {"yes": {"addiction_care": 12, "acute_care": 2}, "no": {"addiction_care": 0.3}}),
        Link("gender", {"woman": {"gyn": 2}, "man": {"gyn": 0.02}, "nonbinary": {"trauma": 1.4}}),
    ),
    "barriers": (
        Link("citizenship_group", {
            "se": {"fear_deport": 0.05, "no_id": 0.1, "language": 0.2},
            "eu_eea": {"fear_deport": 3, "no_id": 6, "language": 5},
            "non_eu": {"fear_deport": 9, "no_id": 7, "language": 6, "fear_police": 2},
            "stateless": {"fear_deport": 9, "no_id": 6},
        }),
        Link("disability", {"yes": {"disability_access": 6}, "no": {"disability_access": 0.02}}),
        Link("county", {"01": {"no_service_nearby": 0.2}, "14": {"no_service_nearby": 0.4},
                        "12": {"no_service_nearby": 0.4}}),
    ),
    "needs_met": (Link("county", {"01": {"no": 0.9}, "23": {"no": 1.4}, "25": {"no": 1.3}}),),
    "harmful_use": (Link("disability", {"yes": {"yes": 1.5}}),),
    # Who is trans belongs to lgbtq by its definition.
    "lgbtq": (Link("trans_experience", {"yes": {"no": 0.05, "unsure": 0.5}}),),
    "treatment_content": (
        Link("treatment", {
            "very_bad": {"believed": 0.05, "respected": 0.02, "blamed": 2.4, "invisible": 1.8, "none": 0.3},
            "bad": {"believed": 0.3, "respected": 0.15, "blamed": 1.6, "invisible": 1.6, "none": 0.5},
            "good": {"believed": 2.2, "respected": 2.6, "blamed": 0.15, "invisible": 0.15, "behaviour_problem": 0.2,
                     "someone_elses_job": 0.4},
            "very_good": {"believed": 2.8, "respected": 3.2, "blamed": 0.03, "invisible": 0.03,
                          "behaviour_problem": 0.05, "someone_elses_job": 0.1, "no_knowledge": 0.3},
        }),
    ),
    "got_help": (
        Link("treatment", {
            "very_bad": {"yes": 0.1, "partly": 0.4, "no": 2.5}, "bad": {"yes": 0.3, "partly": 0.8, "no": 1.6},
            "good": {"yes": 1.8, "no": 0.5}, "very_good": {"yes": 3, "no": 0.2},
        }),
    ),
    "treated_as_crime_victim": (
        Link("treatment", {"very_bad": {"yes": 0.3, "no": 1.4}, "very_good": {"yes": 2, "no": 0.7}}),
    ),
    "asked_by_staff": (
        # R4: one region of twenty asks as a routine.
        Link("service_kind", {"specialised_clinic": {"yes_routine": 14}, "youth_clinic": {"yes_routine": 3},
                              "sti_clinic": {"yes_routine": 3}, "kast": {"yes_routine": 8}}),
    ),
}  # fmt: skip

# How the five steps of the treatment shift with the kind of service.
_WARM: Final = {"very_bad": 0.25, "bad": 0.4, "neither": 0.7, "good": 1.6, "very_good": 2.8}
_COOL: Final = {"very_bad": 1.7, "bad": 1.4, "good": 0.8, "very_good": 0.5}
TREATMENT_BY_SERVICE: Final = Link("service_kind", {
    "specialised_clinic": _WARM, "kast": _WARM, "ngo_shelter": _WARM, "ngo_other": _WARM, "helpline": _WARM,
    "peer_org": _WARM, "youth_clinic": _WARM,
    "police": _COOL, "migration_agency": _COOL, "insurance_agency": _COOL, "social_services": _COOL,
    "emergency_care": _COOL,
})  # fmt: skip

# -- the populations --------------------------------------------------------------------------------------------------

_FOREIGN: Final[Mapping[str, Shares]] = {
    "citizenship_group": {"se": 3, "nordic": 1, "eu_eea": 52, "non_eu": 42, "stateless": 2},
    "gender": {"woman": 95, "man": 4, "nonbinary": 0.5, "other": 0.5},
    "lgbtq": {"yes": 8, "no": 88, "unsure": 4},
}

_SELLING = SyntheticPopulation(
    weight=206,  # R17: 255 people contacted, 49 of them under 18
    profiles=(
        # R5: 36 % Swedish and 43 % foreign citizens, 21 % not known; the profiles together come near to that.
        Profile("online, on one's own terms as it seems", 22, {
            "situation": {"thinking": 6, "sometimes": 46, "ongoing": 38, "stopped": 10},
            "forms": {"physical_meeting": 46, "escort": 34, "webcam_live": 40, "images_for_pay": 52,
                      "porn_production": 12, "sugar": 14, "massage": 4},
            "arenas": {"escort_site": 38, "webcam_site": 50, "social_media": 44, "dating_app": 16, "sugar_site": 12},
            "compensation": {"money": 96, "goods": 14, "travel": 8},
            "third_party": {"yes": 3, "partly": 7, "no": 90},
            "multiple_exploitation": {"none": 96, "benefit_fraud": 1, "crime": 1},
        }, growth=0.15),
        Profile("sugar dating", 16, {
            "age_band": {"18_24": 62, "25_34": 30, "35_49": 7, "50p": 1},
            "situation": {"thinking": 14, "sometimes": 50, "ongoing": 24, "stopped": 12},
            "forms": {"sugar": 92, "physical_meeting": 62, "images_for_pay": 28, "trade_goods": 34},
            "arenas": {"sugar_site": 74, "social_media": 34, "dating_app": 30, "restaurant_club": 8},
            "compensation": {"money": 78, "goods": 48, "travel": 28, "food": 34, "housing": 6},
            "third_party": {"yes": 2, "partly": 7, "no": 91},
            "needs": {"talk": 46, "trauma": 24, "image_removal": 12},
            "multiple_exploitation": {"none": 96},
        }, growth=0.08),
        Profile("mental ill-health, self-harm and earlier abuse", 16, {
            "age_band": {"18_24": 46, "25_34": 36, "35_49": 16, "50p": 2},
            "gender": {"woman": 84, "man": 8, "nonbinary": 7, "other": 1},
            "trans_experience": {"yes": 9, "no": 91},
            "disability": {"yes": 52, "no": 48},
            "lgbtq": {"yes": 40, "no": 48, "unsure": 12},
            "forms": {"physical_meeting": 74, "escort": 18, "images_for_pay": 40, "trade_goods": 12},
            "arenas": {"dating_app": 38, "social_media": 44, "escort_site": 30, "chat_forum": 22},
            "compensation": {"money": 82, "goods": 22, "protection": 10, "none": 5},
            "third_party": {"yes": 5, "partly": 13, "no": 82},
            "needs": {"talk": 56, "trauma": 62, "psychiatry": 54, "change_treatment": 28},
            "barriers": {"shame": 66, "bad_experience": 40, "no_trust": 34, "not_identified": 34, "queue": 32},
            "multiple_exploitation": {"none": 90, "crime": 3},
        }),
        # R10: about every second woman in street prostitution had a heavy addiction (an old and local claim).
        Profile("street, homelessness and drugs", 9, {
            "age_band": {"18_24": 10, "25_34": 36, "35_49": 42, "50p": 12},
            "harmful_use": {"yes": 84, "no": 16},
            "disability": {"yes": 40, "no": 60},
            "forms": {"physical_meeting": 94, "trade_drugs": 62, "trade_shelter": 40},
            "arenas": {"street": 76, "acquaintance": 34, "hotel_apartment": 16, "escort_site": 10},
            "compensation": {"money": 80, "drugs_alcohol": 66, "housing": 40, "food": 20},
            "third_party": {"yes": 12, "partly": 20, "no": 68},
            "multiple_exploitation": {"none": 74, "crime": 16, "benefit_fraud": 6},
            "needs": {"housing": 66, "econ_aid": 40, "acute_care": 16, "protection": 18, "debt": 26},
            "barriers": {"no_trust": 46, "bad_experience": 46, "fear_authorities": 28, "fear_children": 14},
        }, growth=-0.06),
        # R8: mostly women of 20 to 40 from the countries that come first in `citizenship_country`.
        Profile("from another country, on their own", 24, {
            **_FOREIGN,
            "age_band": {"18_24": 24, "25_34": 46, "35_49": 26, "50p": 4},
            "forms": {"physical_meeting": 86, "escort": 64, "massage": 16, "abroad": 26},
            "arenas": {"escort_site": 72, "massage_parlour": 14, "hotel_apartment": 38, "street": 14, "abroad": 16},
            "compensation": {"money": 98, "housing": 10},
            "third_party": {"yes": 8, "partly": 16, "no": 76},
            "multiple_exploitation": {"none": 86, "labour": 8, "begging": 3},
            "needs": {"econ_aid": 38, "housing": 30, "work": 34, "legal": 20, "sti_hiv_test": 26, "talk": 16},
            "barriers": {"shame": 26, "fear_authorities": 36, "fear_police": 26, "cost": 20},
        }, growth=0.04),
        Profile("controlled by someone else, trafficked", 13, {
            **_FOREIGN,
            "age_band": {"18_24": 42, "25_34": 40, "35_49": 16, "50p": 2},
            "situation": {"thinking": 0, "sometimes": 8, "ongoing": 68, "stopped": 24},
            "forms": {"physical_meeting": 90, "escort": 66, "forced_by_other": 66, "abroad": 40, "massage": 14},
            "arenas": {"escort_site": 74, "hotel_apartment": 54, "street": 22, "abroad": 24, "massage_parlour": 12},
            "compensation": {"money": 60, "housing": 24, "debt_payoff": 34, "protection": 12, "none": 16},
            "third_party": {"yes": 74, "partly": 24, "no": 2},
            "control": {"docs_taken": 36, "debt_bond": 56, "threat": 62, "locked": 26, "moved_around": 54,
                        "recruiter_promise": 58, "none": 3},
            "multiple_exploitation": {"none": 52, "labour": 18, "begging": 8, "crime": 14, "marriage": 3},
            "needs": {"protection": 60, "housing": 38, "legal": 34, "police_report": 16, "talk": 26},
            "barriers": {"fear_perpetrator": 66, "fear_police": 26, "fear_authorities": 36, "shame": 30},
        }, growth=0.03),
    ),
    answers={
        "situation": {"thinking": 5, "sometimes": 32, "ongoing": 43, "stopped": 20},
        "control": {"docs_taken": 6, "debt_bond": 24, "threat": 34, "locked": 6, "moved_around": 14,
                    "recruiter_promise": 20, "none": 26},
        "lgbtq": {"yes": 30, "no": 62, "unsure": 8},
        "citizenship_group": {"se": 71, "nordic": 4, "eu_eea": 13, "non_eu": 11, "stateless": 1},  # R5, see above
        # R3: more than every second exposed person got no professional help.
        "professional_help": {"yes": 38, "waiting": 11, "no": 41, "not_wanted": 10},
    },
    links={"professional_help": (Link("citizenship_group", {"non_eu": {"yes": 0.5}, "eu_eea": {"yes": 0.5}}),)},
)  # fmt: skip

_BUYING = SyntheticPopulation(
    weight=70,
    profiles=(
        Profile("wants to stop", 50, {
            "situation": {"thinking": 6, "sometimes": 46, "ongoing": 26, "stopped": 22},
            "needs": {"stop_buying": 86, "change_treatment": 40, "relation": 26, "compulsive": 24},
        }),
        Profile("compulsive, with pornography", 28, {
            "situation": {"thinking": 4, "sometimes": 26, "ongoing": 62, "stopped": 8},
            "arenas": {"webcam_site": 46, "escort_site": 66},
            "needs": {"compulsive": 82, "porn_problem": 70, "stop_buying": 54, "talk": 40},
        }, growth=0.06),
        Profile("in crisis after being found out", 22, {
            "needs": {"suicidal": 22, "relation": 50, "legal": 32, "talk": 56, "psychiatry": 26},
            "barriers": {"shame": 84, "fear_exposure": 76, "fear_police": 26},
        }),
    ),
    answers={
        "gender": {"woman": 1.5, "man": 97, "nonbinary": 1, "other": 0.5},  # R12: very rare among women
        "trans_experience": {"yes": 1, "no": 99},
        "lgbtq": {"yes": 9, "no": 87, "unsure": 4},
        "age_band": {"18_24": 8, "25_34": 26, "35_49": 42, "50p": 24},
        "arenas": {"abroad": 80, "escort_site": 54, "massage_parlour": 16, "webcam_site": 20, "sugar_site": 12,
                   "street": 8, "dating_app": 8, "social_media": 10},  # R12: 80 % of those who paid did so abroad
        "citizenship_group": {"se": 88, "nordic": 3, "eu_eea": 4, "non_eu": 4, "stateless": 1},
        "harmful_use": {"yes": 16, "no": 84},
        "disability": {"yes": 12, "no": 88},
        "barriers": {"shame": 64, "fear_exposure": 60, "fear_police": 14, "unclear_responsibility": 24},
        "needs": {"housing": 0, "econ_aid": 0, "none": 2},
    },
)  # fmt: skip

_RELATIVE = SyntheticPopulation(
    weight=38,
    profiles=(
        Profile("parent of somebody young", 44, {
            "relation": {"parent": 92, "other_relative": 8}, "about_age": {"under_18": 62, "adult": 38},
            "about_role": {"selling": 70, "buying": 1, "forced": 29},
            "age_band": {"18_24": 0.2, "25_34": 8, "35_49": 66, "50p": 26},
            "needs": {"talk": 72, "authority_help": 34, "image_removal": 20, "protection": 18},
        }),
        Profile("partner of somebody who buys", 28, {
            "relation": {"partner": 98}, "about_age": {"under_18": 0.5, "adult": 99.5},
            "about_role": {"selling": 8, "buying": 90, "forced": 2},
            "needs": {"talk": 62, "relation": 72, "sti_hiv_test": 30, "legal": 14},
        }),
        Profile("friend", 28, {
            "relation": {"friend": 66, "sibling": 16, "concerned": 14, "other_relative": 4},
            "about_age": {"under_18": 34, "adult": 66}, "about_role": {"selling": 66, "buying": 4, "forced": 30},
            "age_band": {"18_24": 56, "25_34": 24, "35_49": 14, "50p": 6},
        }),
    ),
    answers={"gender": {"woman": 80, "man": 18, "nonbinary": 2}, "needs": {"housing": 2, "econ_aid": 4, "debt": 3}},
    # Nobody under 25 is the parent of an adult.
    links={"about_age": (Link("age_band", {"18_24": {"adult": 0.5}}),)},
)  # fmt: skip

_PROFESSIONAL = SyntheticPopulation(
    weight=34,
    profiles=(
        Profile("social services", 40, {
            "workplace": {"social_services": 90, "kast": 4, "specialised_clinic": 6},
            "asks_routinely": {"yes_routine": 12, "yes_on_sign": 58, "no": 30},
        }),
        # R4: one region of twenty asks as a routine.
        Profile("health care", 32, {
            "workplace": {"psychiatry": 26, "bup": 14, "primary_care": 16, "emergency_care": 8, "sti_clinic": 10,
                          "youth_clinic": 20, "specialised_clinic": 6},
            "asks_routinely": {"yes_routine": 5, "yes_on_sign": 45, "no": 50},
        }),
        Profile("others", 28, {
            "workplace": {"police": 20, "school_health": 18, "ngo_shelter": 16, "ngo_other": 18, "church": 4,
                          "migration_agency": 6, "prosecutor_court": 5, "regional_coordinator": 5, "helpline": 8},
            "asks_routinely": {"yes_routine": 14, "yes_on_sign": 46, "no": 40},
        }),
    ),
    answers={
        "about_age": {"under_18": 36, "adult": 64},
        "needs": {"protection": 34, "housing": 36, "trauma": 42, "addiction_care": 30, "talk": 40, "none": 0},
        "barriers": {"shame": 66, "no_trust": 44, "not_identified": 46, "fear_authorities": 30,
                     "unclear_responsibility": 40, "fear_perpetrator": 24},
    },
)  # fmt: skip

_YOUNG: Final[Mapping[str, Shares]] = {
    "gender": {"woman": 76, "man": 15, "nonbinary": 7, "other": 2},
    "trans_experience": {"yes": 7, "no": 93},
    "lgbtq": {"yes": 32, "no": 52, "unsure": 16},
}

_UNDER_18 = SyntheticPopulation(
    weight=49,  # R17
    profiles=(
        Profile("images and pressure online", 46, {
            "needs": {"image_removal": 58, "talk": 44, "psychiatry": 36},
            "barriers": {"shame": 70, "fear_exposure": 68},
            "age_band": {"u15": 38, "15_17": 62},
        }, growth=0.12),
        # R2: 42 % of the pupils felt mentally unwell, and the mean first age is 15.7.
        Profile("feeling bad", 36, {
            "needs": {"psychiatry": 58, "talk": 62, "trauma": 40, "network": 26},
            "disability": {"yes": 44, "no": 56},
        }),
        Profile("away from home", 18, {
            "needs": {"housing": 56, "protection": 46, "econ_aid": 44, "addiction_care": 16, "authority_help": 26},
            "barriers": {"fear_authorities": 56, "fear_perpetrator": 26, "no_trust": 50},
        }),
    ),
    answers={
        **_YOUNG,
        "needs": {"residence": 3, "none": 4},
        "needs_met": {"yes": 12, "partly": 30, "no": 58},
        "professional_help": {"yes": 30, "waiting": 14, "no": 45, "not_wanted": 11},  # R3, as above
    },
)  # fmt: skip

_EXPERIENCE = SyntheticPopulation(
    weight=80,
    profiles=(
        Profile("selling", 74, {"role": {"selling": 100, "buying": 0, "relative": 0}}),
        Profile("buying", 14, {
            "role": {"selling": 0, "buying": 100, "relative": 0},
            "gender": {"woman": 1.5, "man": 97, "nonbinary": 1, "other": 0.5},
            "service_kind": {"kast": 60, "primary_care": 14, "psychiatry": 10, "police": 10, "helpline": 8,
                             "social_services": 3, "specialised_clinic": 1},
            "treated_as_crime_victim": {"yes": 0.5, "partly": 1, "no": 8, "no_crime": 90},
            "age_band": {"18_24": 8, "25_34": 26, "35_49": 42, "50p": 24},
        }),
        Profile("relative", 12, {
            "role": {"selling": 0, "buying": 0, "relative": 100},
            "service_kind": {"social_services": 40, "police": 16, "bup": 16, "school_health": 14, "helpline": 10},
        }),
    ),
    answers={
        "service_kind": {
            "social_services": 20, "specialised_clinic": 9, "kast": 1, "psychiatry": 16, "bup": 2, "primary_care": 8,
            "emergency_care": 6, "sti_clinic": 6, "youth_clinic": 5, "school_health": 2, "police": 9,
            "prosecutor_court": 2, "ngo_shelter": 4, "ngo_other": 5, "church": 1, "migration_agency": 3,
            "employment_agency": 2, "insurance_agency": 3, "helpline": 4, "peer_org": 2, "other": 2,
        },
        "contact_when": {"last_3_months": 34, "last_year": 30, "one_to_five_years": 24, "longer_ago": 12},
        "treatment": {"very_bad": 13, "bad": 21, "neither": 22, "good": 28, "very_good": 16},
        "treatment_content": {"blamed": 20, "invisible": 22, "someone_elses_job": 18, "behaviour_problem": 12,
                              "no_knowledge": 30, "believed": 26, "respected": 24, "none": 8},
        "got_help": {"yes": 26, "partly": 28, "waiting": 10, "no": 30, "not_wanted": 6},
        # R3: 12 % felt that they were met as a victim of crime.
        "treated_as_crime_victim": {"yes": 13, "partly": 17, "no": 56, "no_crime": 14},
        "asked_by_staff": {"yes_routine": 4, "yes_on_sign": 20, "no": 76},
    },
    links={"treatment": (TREATMENT_BY_SERVICE,)},
)  # fmt: skip

_EXPERIENCE_UNDER_18 = SyntheticPopulation(
    weight=23,
    profiles=(Profile("all", 100),),
    answers={
        **_YOUNG,
        "service_kind": {
            "social_services": 24, "bup": 24, "youth_clinic": 10, "school_health": 20, "police": 10, "helpline": 6,
            "emergency_care": 3, "primary_care": 3,
        },
        "contact_when": {"last_3_months": 46, "last_year": 36, "one_to_five_years": 17, "longer_ago": 1},
        # R3: three of four under 18 say that the support was bad or very bad.
        "treatment": {"very_bad": 35, "bad": 40, "neither": 9, "good": 9, "very_good": 5},
        "treatment_content": {"blamed": 20, "invisible": 26, "someone_elses_job": 18, "behaviour_problem": 24,
                              "no_knowledge": 26, "believed": 22, "respected": 20, "none": 8},
        "got_help": {"yes": 22, "partly": 26, "waiting": 14, "no": 32, "not_wanted": 6},
        "treated_as_crime_victim": {"yes": 18, "partly": 18, "no": 52, "no_crime": 12},  # R3, as above
    },
    links={"treatment": (TREATMENT_BY_SERVICE,)},
)  # fmt: skip

POPULATIONS: Final[Mapping[str, SyntheticPopulation]] = {
    "needs_selling": _SELLING,
    "needs_buying": _BUYING,
    "needs_relative": _RELATIVE,
    "needs_professional": _PROFESSIONAL,
    "needs_under_18": _UNDER_18,
    "experience": _EXPERIENCE,
    "experience_under_18": _EXPERIENCE_UNDER_18,
}

# -- time, silence, channels -------------------------------------------------------------------------------------------

MONTHS: Final = (104, 98, 100, 96, 94, 84, 66, 90, 112, 118, 120, 92)
"""How many responses each month has against a mean one, in per cent: few in the holidays, many in autumn."""

GROWTH: Final = 0.18
"""How much more responses there are each year, relative."""

TRENDS: Final[Mapping[str, Shares]] = {
    "arenas": {"webcam_site": 0.12, "social_media": 0.08, "game": 0.2, "dating_app": -0.06, "street": -0.08},
    "barriers": {"queue": 0.1, "not_identified": -0.05},
    "asked_by_staff": {"yes_routine": 0.2},
    "asks_routinely": {"yes_routine": 0.2},
}
"""The growth of a code's share, relative, per year."""

NO_ANSWER: Final[Shares] = {
    "situation": 3, "forms": 7, "arenas": 6, "compensation": 7, "third_party": 6, "control": 9, "needs": 2,
    "multiple_exploitation": 7, "needs_met": 3, "needs_unmet": 4, "professional_help": 4, "barriers": 5,
    "age_band": 4, "gender": 3, "trans_experience": 6, "lgbtq": 8, "citizenship_country": 9, "county": 9,
    "citizenship_group": 12, "disability": 8, "harmful_use": 11,
}  # fmt: skip
"""The share, in per cent, that prefer not to say, among those with a mean readiness; 4 where nothing is said."""

UNKNOWN: Final[Shares] = {"citizenship_group": 9, "third_party": 6, "about_role": 10, "about_age": 5, "county": 3}
"""The share, in per cent, that do not know, where that can be said; 4 where nothing is said. With those who prefer not
to say, the citizenship of some 21 % of sellers stays open, as in R5."""

READINESS: Final = ((0.4, 50.0), (1.0, 40.0), (3.5, 10.0))
"""Factors on not saying, and how many per cent of people have them: who leaves one question leaves others."""

FLAGGED: Final = {"too_fast": 0.6, "same_client": 0.4}
"""The share of responses with a doubt, in per cent; contradictions are flagged where there are any."""

CHANNELS: Final = {"web": 72.0, "telegram": 22.0, "sms": 6.0}
LANGUAGES: Final[Mapping[str, Mapping[str, float]]] = {
    "": {"sv": 88, "en": 10, "ro": 2},
    "se": {"sv": 95, "en": 5},
    "nordic": {"sv": 70, "en": 30},
    "eu_eea": {"sv": 16, "en": 34, "ro": 50},
    "non_eu": {"sv": 26, "en": 70, "ro": 4},
    "stateless": {"sv": 44, "en": 56},
}
"""Languages in per cent by group of citizenship; the first where that is not asked."""
