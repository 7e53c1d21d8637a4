from __future__ import annotations

import json

import pytest

from intake_store.submission.errors import ResponseError
from intake_store.submission.response import NO_ANSWER, Answer, AnswerStatus, Response


def test_codes_are_a_sorted_set() -> None:
    assert Answer.of("work", "housing", "work").codes == ("housing", "work")
    with pytest.raises(ValueError, match="sorted"):
        Answer(AnswerStatus.ANSWERED, ("work", "housing"))


def test_an_answer_without_codes_says_why() -> None:
    with pytest.raises(ValueError, match="exactly when"):
        Answer(AnswerStatus.ANSWERED)
    with pytest.raises(ValueError, match="exactly when"):
        Answer(AnswerStatus.NO_ANSWER, ("housing",))


def test_json_goes_there_and_back(make_response) -> None:
    response: Response = make_response(needs=Answer.of("housing", "talk"), gender=NO_ANSWER)
    assert Response.from_json(response.to_json()) == response


def test_json_holds_nothing_else_than_the_fields(make_response) -> None:
    content = json.loads(make_response().to_json())
    assert content.keys() == {
        "codebook_version",
        "population",
        "iso_week",
        "channel",
        "language",
        "answers",
        "flags",
        "synthetic",
    }


@pytest.mark.parametrize(
    "change",
    [
        lambda c: c | {"ip": "192.0.2.1"},
        lambda c: {k: v for k, v in c.items() if k != "language"},
        lambda c: c | {"language": "my name is"},
        lambda c: c | {"iso_week": "2026-11-22"},
        lambda c: c | {"channel": "carrier pigeon"},
        lambda c: c | {"synthetic": 1},
        lambda c: c | {"answers": {"needs": ["work", "housing"]}},
        lambda c: c | {"answers": {"needs": "free text"}},
        lambda c: c | {"answers": {"needs": []}},
        lambda c: [c],
        lambda c: None,
    ],
)
def test_anything_but_the_canonical_json_is_refused(make_response, change) -> None:
    content = json.loads(make_response().to_json())
    Response.from_json(json.dumps(content, sort_keys=True, separators=(",", ":")).encode())
    with pytest.raises(ResponseError):
        Response.from_json(json.dumps(change(content), sort_keys=True, separators=(",", ":")).encode())


def test_json_with_other_spaces_is_refused(make_response) -> None:
    with pytest.raises(ResponseError, match="canonical"):
        Response.from_json(json.dumps(json.loads(make_response().to_json()), sort_keys=True).encode())
