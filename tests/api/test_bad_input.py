"""What no client should send: it is refused in the form of all refusals, costs little, and changes nothing."""

import asyncio
import json
import re
from collections.abc import Iterator
from typing import Any

import httpx
import msgspec
import pytest
from litestar.handlers import HTTPRouteHandler

from app.api import body
from app.api.body import accepted_types
from app.api.router import ROUTES
from tests.api.conftest import Api, User
from tests.api.test_auth import ID

NUL = "a\x00b"
HUGE = 2**64
FAR = ["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-02-30T00:00:00Z", "99999-01-01T00:00:00Z", "now"]
JSON = {"Content-Type": "application/json"}


def routes(*methods: str) -> Iterator[tuple[str, str, HTTPRouteHandler]]:
    """(method, path filled with ids that nobody has, handler)"""
    for handler in ROUTES:
        for method in sorted(set(handler.http_methods) & set(methods)):
            for path in sorted(handler.paths):
                known = path.replace("{domain:str}", "ada.example").replace("{ordinal:int}", "1")
                yield method, f"/api/v1{re.sub('{[^}]*}', ID, known)}", handler


async def answered(api: Api, user: User, method: str, path: str, **options: Any) -> httpx.Response:  # noqa: ANN401
    """An answer that is no failure of ours, and a problem if it is a failure."""
    headers = user.headers | options.pop("headers", {})
    response = await api.client.request(method, path, headers=headers, **options)
    assert response.status_code < 500, (method, path, options, response.text)
    if response.status_code >= 400 and method != "HEAD":
        assert response.headers["content-type"] == "application/problem+json"
        assert response.json()["code"]
    return response


def _values(fields: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The body with one field at a time made absurd."""
    absurd: list[Any] = [NUL, "\ud800", HUGE, -HUGE, 1e308, None, [], {}, [[]], True, "x" * 20_000, "", " ", *FAR, ID]
    for name in fields:
        for value in absurd:
            yield fields | {name: value}
            yield {name: value}


@pytest.mark.parametrize("number", range(4))
async def test_no_body_breaks_a_route(api: Api, ada: User, number: int) -> None:
    """Every field of every body, one absurd value at a time; what no route knows is refused by its name."""
    found = [one for one in routes("POST", "PATCH", "PUT") if one[2].opt.get("body")]
    assert len(found) > 15
    for method, path, handler in found[number::4]:
        fields = [field.encode_name for field in msgspec.structs.fields(handler.opt["body"])]
        headers = {"Content-Type": accepted_types(handler)[0]}
        for value in _values(dict.fromkeys(fields, "x")):
            await answered(api, ada, method, path, content=json.dumps(value).encode(), headers=headers)
        others: list[Any] = [[], "x", 1, None, NUL, {"unknown": 1}, {NUL: 1}]
        for wrong in others:
            response = await answered(api, ada, method, path, content=json.dumps(wrong).encode(), headers=headers)
            assert response.status_code >= 400, (method, path, wrong)


async def test_unknown_fields_are_named(api: Api, ada: User) -> None:
    problem = await api.refused("POST", "/api/v1/aliases", ada, json={"descripton": "typo"})
    assert [(one["field"], problem["status"]) for one in problem["errors"]] == [("descripton", 422)]


async def test_texts_with_nul_are_named(api: Api, ada: User) -> None:
    problem = await api.refused("PATCH", f"/api/v1/aliases/{ada.alias.alias_id}", ada, json={"note": NUL})
    assert [one["field"] for one in problem["errors"]] == ["note"]


@pytest.mark.parametrize(
    "content",
    [b"", b"[" * 60_000, b'{"a":' * 10_000, b"\xff", b"{", b'{"name": 1e999}', b"\x00", b'{"name": "\\ud800"}', b"NaN"],
)
async def test_what_is_no_json_is_told_so(api: Api, ada: User, content: bytes) -> None:
    response = await answered(api, ada, "POST", "/api/v1/categories", content=content, headers=JSON)
    assert response.status_code in {400, 422}


@pytest.mark.parametrize("number", range(4))
async def test_no_query_breaks_a_route(api: Api, ada: User, number: int) -> None:
    absurd = [
        NUL,
        "",
        "x" * 20_000,
        str(HUGE),
        "-1",
        "1e9",
        "null",
        "%",
        "\ud800".encode("utf-8", "surrogatepass"),
        *FAR,
    ]
    names = (
        "limit",
        "cursor",
        "folder",
        "q",
        "alias_id",
        "after",
        "before",
        "is_read",
        "sort",
        "state",
        "mail",
        "type",
    )
    for method, path, _ in list(routes("GET", "DELETE", "POST"))[number::4]:
        if path.endswith(("/wait", "/events")):
            continue
        for name in names:
            for value in absurd:
                await answered(api, ada, method, path, params={name: value})


async def test_unknown_and_repeated_parameters_are_named(api: Api, ada: User) -> None:
    for path, field in (
        ("/api/v1/messages?flder=inbox", "flder"),
        ("/api/v1/messages?folder=inbox&folder=trash", "folder"),
        ("/api/v1/account?x=1", "x"),
        ("/api/v1/messages?q=a%00b", "q"),
        (f"/api/v1/aliases/{ada.alias.alias_id}?mail=keep", "mail"),
    ):
        problem = await api.refused("GET", path, ada)
        assert (problem["status"], [one["field"] for one in problem["errors"]]) == (422, [field])
    long = await api.refused("GET", "/api/v1/messages?" + "&".join(f"p{n}=1" for n in range(1000)), ada)
    assert len(long["errors"]) == 20


@pytest.mark.parametrize("moment", FAR)
async def test_times_out_of_range_are_named(api: Api, ada: User, moment: str) -> None:
    response = await answered(api, ada, "GET", "/api/v1/messages", params={"after": moment})
    assert response.status_code in {200, 422}
    response = await answered(api, ada, "POST", "/api/v1/aliases", json={"expires_at": moment})
    assert response.status_code in {201, 422}


async def test_no_path_breaks_a_route(api: Api, ada: User) -> None:
    long = "9" * 5000
    for path in (
        f"messages/{ID}/attachments/{long}",
        f"messages/{ID}/attachments/-1",
        f"aliases/{long}",
        "domains/%00",
    ):
        assert (await answered(api, ada, "GET", f"/api/v1/{path}")).status_code == 404, path
    for domain in ("%ff", "a" * 300, "..", "%F0%9F%98%80", "a%2fb", "xn--"):
        assert (await answered(api, ada, "GET", f"/api/v1/domains/{domain}")).status_code in {404, 422}, domain


async def test_options_and_other_methods(api: Api, ada: User) -> None:
    asked = await answered(api, ada, "OPTIONS", "/api/v1/aliases")
    assert asked.status_code == 204
    assert {"GET", "HEAD", "POST"} <= set(asked.headers["allow"].split(", "))
    for method in ("TRACE", "PUT", "PROPFIND"):
        assert (await answered(api, ada, method, "/api/v1/aliases")).status_code == 405


@pytest.mark.parametrize(
    ("head", "rest", "status"),
    [
        (b"Content-Length: 10000000\r\n", b"{", b"413"),
        (
            b"Transfer-Encoding: chunked\r\n",
            b"ffff\r\n" + b" " * 0xFFFF + b"\r\nff\r\n" + b" " * 0xFF + b"\r\n",
            b"413",
        ),
        (b"Content-Length: 100\r\n", b'{"name":', b"408"),
        (b"Transfer-Encoding: chunked\r\n", b"5\r\n{", b"408"),
        (b"Content-Length: -5\r\n", b"", b"400"),
        (b"Content-Length: 5\r\nContent-Length: 6\r\n", b"{}   ", b"400"),
        (b"Transfer-Encoding: chunked\r\n", b"zz\r\n", b"400"),
    ],
)
async def test_bodies_that_lie_about_their_length_or_are_slow(
    api: Api, ada: User, monkeypatch: pytest.MonkeyPatch, head: bytes, rest: bytes, status: bytes
) -> None:
    monkeypatch.setattr(body, "_MAX_SECONDS", 0.05)
    host, port = str(api.client.base_url.host), api.client.base_url.port
    reader, writer = await asyncio.open_connection(host, port)
    key = f"Authorization: Bearer {ada.key}\r\n".encode()
    writer.write(b"POST /api/v1/categories HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" + key + head)
    writer.write(b"\r\n" + rest)
    line = await reader.readline()
    assert line.split()[1] == status, line
    writer.close()
    assert (await api.get("/api/v1/categories", ada)).json()["data"] == []
