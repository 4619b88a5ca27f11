"""Failures, whoever notices them: the form of the answer, and that it gives nothing away."""

import json
from typing import Any, Never

import pytest
from litestar import Litestar, Request, Router, get
from structlog.testing import capture_logs

from app.api.errors import HANDLERS, give_problems
from app.errors import CannotOpen, Conflict, FieldError, Forbidden, LimitReached, NotFound, RestanteError, Unavailable
from tests.api.conftest import Api, Serve, User

SECRET = "the subject of a letter"
CAUSES: dict[str, Exception] = {
    "not_found": NotFound(),
    "conflict": Conflict("It has changed."),
    "forbidden": Forbidden("You may not."),
    "limit": LimitReached("Too fast.", retry_after=7),
    "quota": LimitReached("Too much."),
    "unavailable": Unavailable("The database does not answer."),
    "cannot_open": CannotOpen(),
    "unknown": RestanteError("A new kind.", code="new"),
    "bug": ValueError(SECRET),
}


@get("/fail/{cause:str}")
async def fail(request: Request[Any, Any, Any]) -> Never:
    """Raise what the address names."""
    raise CAUSES[request.path_params["cause"]]


@pytest.fixture
async def failing(serve: Serve) -> Api:
    router = Router("/api/v1", route_handlers=[fail], exception_handlers=HANDLERS)
    app = Litestar([router], openapi_config=None, logging_config=None)
    give_problems(app)
    return await serve(app)


@pytest.mark.parametrize(
    ("cause", "status", "code", "retry_after"),
    [
        ("not_found", 404, "not_found", None),
        ("conflict", 409, "conflict", None),
        ("forbidden", 403, "forbidden", None),
        ("limit", 429, "limit_reached", "7"),
        ("quota", 403, "limit_reached", None),
        ("unavailable", 503, "unavailable", "5"),
        ("cannot_open", 500, "cannot_open", None),
        ("unknown", 500, "new", None),
        ("bug", 500, "internal", None),
    ],
)
async def test_each_error_has_its_status(
    failing: Api, cause: str, status: int, code: str, retry_after: str | None
) -> None:
    response = await failing.get(f"/api/v1/fail/{cause}")
    assert (response.status_code, response.json()["code"]) == (status, code)
    assert response.headers.get("retry-after") == retry_after
    assert "errors" not in response.json()


async def test_a_bug_tells_nothing_and_is_logged_by_type_and_place(
    failing: Api, capsys: pytest.CaptureFixture[str]
) -> None:
    problem = await failing.refused("GET", "/api/v1/fail/bug")
    assert SECRET not in json.dumps(problem)
    logged = "".join(capsys.readouterr())
    assert SECRET not in logged
    assert "ValueError" in logged
    assert "test_errors.py" in logged


async def test_the_detail_names_every_fault_once(failing: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    faults = [FieldError(field="a", message="One."), FieldError(field="b", message="Two.")]
    monkeypatch.setitem(CAUSES, "conflict", Conflict("It is One.", fields=faults))
    problem = await failing.refused("GET", "/api/v1/fail/conflict")
    assert problem["detail"] == "It is One. Two."
    assert problem["errors"] == [{"field": "a", "message": "One."}, {"field": "b", "message": "Two."}]


async def test_without_other_handlers_other_paths_keep_the_frameworks_answer(failing: Api) -> None:
    response = await failing.client.get("/nothing")
    assert (response.status_code, response.headers["content-type"]) == (404, "application/json")


async def test_unknown_paths_are_problems(api: Api, ada: User) -> None:
    message = "/api/v1/messages/01970000-0000-7000-8000-000000000000"
    unknown = ("v1/nothing", "v2/account", "nothing", "v1/messages/1", "v1/aliases/%00")
    for path in (*(f"/api/{one}" for one in unknown), f"{message}/nothing", f"{message}/attachments/first"):
        problem = await api.refused("GET", path, ada)
        assert (problem["status"], problem["code"]) == (404, "not_found"), path


async def test_a_wrong_method_names_the_right_ones(api: Api, ada: User) -> None:
    response = await api.request("DELETE", "/api/v1/aliases", ada)
    assert (response.status_code, response.json()["code"]) == (405, "method_not_allowed")
    assert {"GET", "POST"} <= set(response.headers["allow"].split(", "))


async def test_the_pages_keep_their_own_errors(api: Api) -> None:
    for path in ("/nothing", "/apiary", "/api"):
        response = await api.client.get(path)
        assert (response.status_code, response.text) == (418, "a page")


async def test_no_schema_pages_are_served(api: Api) -> None:
    assert (await api.client.get("/schema")).text == "a page"


async def test_a_database_out_of_reach_is_unavailable(api: Api, ada: User) -> None:
    await api.platform.db.close()
    with capture_logs() as log:
        response = await api.get("/api/v1/account", ada)
    assert (response.status_code, response.json()["code"]) == (503, "unavailable")
    assert [(line["event"], line["reason"], line["cause"]) for line in log] == [
        ("api_unavailable", "unavailable", "PoolClosed")
    ]
    assert int(response.headers["retry-after"]) > 0
