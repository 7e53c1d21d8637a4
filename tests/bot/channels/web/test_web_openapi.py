"""The OpenAPI file says what the code does."""

from __future__ import annotations

from typing import Any, get_args

import jsonschema
import pytest
import yaml
from pydantic import TypeAdapter
from web_site import Site

from bot.channels.web.application import OPENAPI_FILE
from bot.channels.web.problems import WebProblem
from bot.channels.web.turns import TurnAnswer, TurnRequest
from bot.conversation.replies import Reply
from bot.limits.rates import ClientRates, Rates

REFERENCE = "#/components/schemas/{model}"


def model_schemas() -> dict[str, Any]:
    """The JSON schemas of requests and answers as the models say; in an answer every field is always there."""
    answer = TypeAdapter(TurnAnswer).json_schema(mode="serialization", ref_template=REFERENCE)
    replies = answer.pop("$defs")
    request = TypeAdapter(TurnRequest).json_schema(ref_template=REFERENCE)
    answers = {"TurnAnswer": answer, **replies}
    for schema in answers.values():
        schema["required"] = list(schema["properties"])
    return {name: _without_titles(schema) for name, schema in {"TurnRequest": request, **answers}.items()}


def _without_titles(schema: Any) -> Any:
    """Drop the titles that pydantic makes of the names, and defaults, which say nothing about an answer."""
    if isinstance(schema, dict):
        return {
            key: _without_titles(value)
            for key, value in schema.items()
            if not (key == "title" and isinstance(value, str)) and key != "default"
        }
    return [_without_titles(item) for item in schema] if isinstance(schema, list) else schema


@pytest.fixture(scope="module")
def description() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(OPENAPI_FILE.read_text("utf-8"))
    return loaded


def validator(description: dict[str, Any], name: str) -> jsonschema.Draft202012Validator:
    return jsonschema.Draft202012Validator({**description, "$ref": f"#/components/schemas/{name}"})


def test_the_schemas_are_those_of_the_models(description: dict[str, Any]) -> None:
    written = {name: schema for name, schema in description["components"]["schemas"].items() if name != "Problem"}
    assert written == model_schemas()


def test_all_kinds_of_reply_and_all_problems_are_described(description: dict[str, Any]) -> None:
    schemas = description["components"]["schemas"]
    assert {kind.__name__ for kind in get_args(get_args(Reply)[0])} <= set(schemas)
    assert set(schemas["Problem"]["properties"]["error"]["enum"]) == {kind.code for kind in WebProblem.__subclasses__()}
    described = set(description["paths"]["/api/turn"]["post"]["responses"]) - {"200"}
    assert described == {str(kind.status) for kind in WebProblem.__subclasses__()} - {"404", "405"}


@pytest.mark.parametrize(
    "said",
    [
        {},
        {"choice": "flow:single"},
        {"choice": "flow:multiple"},
        {"choice": ["needs:money", "needs:home", "command:done"]},
        {"choice": "flow:crisis"},
        {"choice": "flow:services"},
        {"choice": "flow:summary"},
        {"text": "I need someone to talk to"},
        {"text": "exit"},
        {"language": "sv"},
    ],
    ids=str,
)
async def test_real_turns_are_as_described(site: Site, description: dict[str, Any], said: dict[str, Any]) -> None:
    body = {"state": await site.begin() if said else None, **said}
    validator(description, "TurnRequest").validate(body)
    status, answer = await site.turn(body)
    assert status == 200
    validator(description, "TurnAnswer").validate(answer)
    TypeAdapter(TurnAnswer).validate_python(answer)


@pytest.mark.parametrize(
    "body", [{"text": 1}, {"choice": []}, {"choice": "x" * 65}, {"choice": [""]}, {"nothing": "known"}, []], ids=str
)
async def test_what_the_description_refuses_is_refused(site: Site, description: dict[str, Any], body: object) -> None:
    assert not validator(description, "TurnRequest").is_valid(body)
    status, answer = await site.turn(body)
    assert (status, answer["error"]) == (400, "malformed_request")
    validator(description, "Problem").validate(answer)


class TestBusy:
    @pytest.fixture
    def rates(self) -> Rates:
        return ClientRates(1, burst=1, clock=lambda: 0.0)

    async def test_a_problem_is_as_described(self, site: Site, description: dict[str, Any]) -> None:
        await site.turn({})
        status, answer = await site.turn({})
        assert status == 429
        validator(description, "Problem").validate(answer)


async def test_the_description_is_served(site: Site) -> None:
    async with site.client.get(f"{site.address}/api/openapi.yml") as response:
        assert response.content_type == "application/yaml"
        assert await response.text() == OPENAPI_FILE.read_text("utf-8")
