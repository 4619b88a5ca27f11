"""The description is valid OpenAPI 3.1, says everything that a stranger needs, and its examples are what it says."""

import ast
import re
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import validate

from app.api.openapi.failures import FAILURES
from app.api.openapi.operations import Operation, operations_of
from app.api.openapi.schemas import Schema
from app.api.router import PUBLIC_ROUTES, ROUTES, description_of
from app.core.events.model import EVENT_TYPES
from tests.api.conftest import Api, User
from tests.api.contract import Contract

APP = Path(__file__).resolve().parents[3] / "app"
DOCUMENT = description_of("https://mail.example").document
CONTRACT = Contract(DOCUMENT)
OPERATIONS = [one for route in (*ROUTES, *PUBLIC_ROUTES) for one in operations_of(route)]
BY_ID: dict[str, Schema] = {one["operationId"]: one for path in DOCUMENT["paths"].values() for one in path.values()}
# Of parts of the program that no request comes by.
ELSEWHERE = {
    "already_sealed",
    "already_set_up",
    "feed_cannot_open",
    "holds_nothing",
    "not_sealed",
    "sealed_account",
    "blob_moved",
    "address_moved",
    "too_many_new",
    "login_taken",
    "schema_old",
    "wrong_credentials",
    "account_keys_missing",
    "deletion_begun",
    "event",
    "joining_closed",
    "no_code",
    "not_on_sale",
    "only_administrator",
    "second_factor_on",
    "too_many_attempts",
    "too_many_codes",
    "too_many_joining",
    "too_many_payments",
    "too_many_plans",
    "wrong_secret",
}


def _named(operation: Operation) -> str:
    return operation.operation_id


def _examples(content: Schema) -> list[tuple[Schema, Any]]:
    found = []
    for media in content.values():
        shown = [media["example"]] if "example" in media else [one["value"] for one in media["examples"].values()]
        found += [(media["schema"], one) for one in shown]
    return found


def test_the_description_is_openapi() -> None:
    validate(DOCUMENT)
    assert len({one.operation_id for one in OPERATIONS}) == len(OPERATIONS) > 50


@pytest.mark.parametrize("operation", OPERATIONS, ids=_named)
def test_an_operation_is_told_to_strangers(operation: Operation) -> None:
    told = BY_ID[operation.operation_id]
    assert told["description"], "the handler's docstring is its description"
    assert re.fullmatch(r"[a-z]+(_[a-z]+)+", operation.operation_id)
    for parameter in [one for one in told["parameters"] if "name" in one]:
        assert parameter["description"].endswith("."), parameter["name"]
        if "example" in parameter and parameter["schema"].get("type") == "string":
            CONTRACT.fits(parameter["schema"], parameter["example"])
    assert [one["lang"] for one in told["x-codeSamples"]] == ["Shell", "Python"]
    ast.parse(told["x-codeSamples"][1]["source"])


@pytest.mark.parametrize("operation", OPERATIONS, ids=_named)
def test_examples_are_what_the_schemas_say(operation: Operation) -> None:
    told = BY_ID[operation.operation_id]
    if "requestBody" in told:
        for schema, example in _examples(told["requestBody"]["content"]):
            CONTRACT.fits(schema, example)
    for status, response in told["responses"].items():
        if "$ref" in response:
            response = DOCUMENT["components"]["responses"][response["$ref"].rpartition("/")[2]]  # noqa: PLW2901
        if int(status) >= HTTPStatus.BAD_REQUEST or "application/json" in response.get("content", {}):
            if operation.operation_id == "get_description" and status == "200":
                continue
            shown = _examples(response["content"])
            assert shown
            for schema, example in shown:
                CONTRACT.fits(schema, example)


def test_every_code_is_catalogued() -> None:
    """A code that an API request can fail with is told to strangers, too."""
    known = set(FAILURES) | ELSEWHERE
    for path in APP.rglob("*.py"):
        if "openapi" in path.parts or path.relative_to(APP).parts[0] in {
            "vault",
            "smtp",
            "web",
            "serve.py",
            "selling.py",
            "lib",
            "client",
            "worker",
            "wiring.py",
            "config.py",
        }:
            continue
        for code in re.findall(r'\bcode="(\w+)"', path.read_text()):
            assert code in known, f"{path.relative_to(APP)}: app/api/openapi/failures.py does not know {code}"


def test_every_event_is_described() -> None:
    assert set(DOCUMENT["webhooks"]) == set(EVENT_TYPES)
    for told in DOCUMENT["webhooks"].values():
        for schema, example in _examples(told["post"]["requestBody"]["content"]):
            CONTRACT.fits(schema, example)


def test_words_of_fields_come_from_the_code() -> None:
    account = DOCUMENT["components"]["schemas"]["Account"]
    assert account["properties"]["alias_count"]["description"] == "Those that are deleted aside."
    assert DOCUMENT["components"]["schemas"]["Alias"]["properties"]["created_at"]["format"] == "date-time"


async def test_anybody_may_read_it_and_keep_it(api: Api) -> None:
    response = await api.client.get("/api/v1/openapi.json")
    assert response.status_code == 200
    assert response.headers["content-type"] == "application/json"
    assert response.headers["cache-control"] == "public, max-age=300"
    assert response.content == description_of(api.platform.public_url).encoded
    again = await api.client.get("/api/v1/openapi.json", headers={"If-None-Match": response.headers["etag"]})
    assert again.status_code == 304
    assert again.content == b""


async def test_a_key_is_still_needed_for_the_rest(api: Api, ada: User) -> None:
    assert (await api.client.get("/api/v1/account")).status_code == 401
    assert (await api.client.get("/api/v1/account", headers=ada.headers)).status_code == 200
