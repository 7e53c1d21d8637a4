from __future__ import annotations

import re
from pathlib import Path

import pytest

from intake_store.usage.events import Occurrence, UsageEvent

DOCS = Path(__file__).parents[3] / "docs"


@pytest.mark.parametrize(
    "wrong",
    [
        {"subject": "he threatens me"},
        {"subject": "Threat"},
        {"subject": "a" * 65},
        {"subject": "flow\n"},
        {"language": "Svenska"},
        {"channel": "web 1"},
        {"county": "1280"},
        {"county": "Skåne"},
    ],
)
def test_only_codes_can_be_counted(wrong: dict[str, str]) -> None:
    with pytest.raises(ValueError, match="is not a code") as raised:
        Occurrence(UsageEvent.FLOW_ENTERED, **wrong)
    assert not any(value in str(raised.value) for value in wrong.values())


@pytest.mark.parametrize("finer", [{"channel": "web"}, {"language": "ro"}])
def test_what_is_counted_by_county_is_counted_by_nothing_finer(finer: dict[str, str]) -> None:
    Occurrence(UsageEvent.SERVICE_CARD_SHOWN, subject="debt", county="09")
    with pytest.raises(ValueError, match="county"):
        Occurrence(UsageEvent.SERVICE_CARD_SHOWN, subject="debt", county="09", **finer)


def test_every_event_is_described_and_no_other() -> None:
    text = (DOCS / "privacy.md").read_text(encoding="utf-8")
    section = text.split("\n### What is counted\n", 1)[1].split("\n#", 1)[0]
    assert re.findall(r"^\| `([^`]+)`", section, re.MULTILINE) == list(UsageEvent)
