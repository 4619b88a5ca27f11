"""The API's own reading of bodies, cursors and limits, in a real application: an answer, or a problem that says why."""

from typing import Any
from urllib.parse import quote

import msgspec
from litestar import Litestar, get, post
from litestar.handlers import HTTPRouteHandler

from app.api.auth import AuthedRequest
from app.api.body import FORM, JSON, MERGE_PATCH, read_body
from app.api.errors import HANDLERS, PROBLEM_TYPE, give_problems
from app.api.paging import Cursor, Limit, read_cursor, write_cursor
from app.api.schemas.aliases import AliasPatchBody, NewAliasBody
from app.api.schemas.messages import MessageActionBody, MessagePatchBody
from app.lib.ids import parse_id
from tests.fuzz.target import Tape, Target, run

_BODIES: tuple[type[Any], ...] = (NewAliasBody, AliasPatchBody, MessagePatchBody, MessageActionBody)
_TYPES = (JSON, MERGE_PATCH, FORM, "", "text/plain", "application/json; charset=latin-1", "\xff/;")
_STATUSES = frozenset({200, 201, 400, 404, 413, 415, 422})
_IN_QUERIES = "!$%&'()*+,/:;=?@[]^`{|}"
"""What an HTTP server lets through besides letters and digits."""


def _reader(kind: int, body_type: type[Any]) -> HTTPRouteHandler:
    @post(f"/api/body/{kind}", body=body_type, accepts=(JSON, MERGE_PATCH, FORM))
    async def read(request: AuthedRequest) -> str:
        found = await read_body(request, body_type)
        assert isinstance(found, body_type)
        return msgspec.json.encode(found).decode()

    return read


@get("/api/list")
async def _list(limit: Limit = 50, cursor: Cursor = None) -> str:
    last = read_cursor(cursor)
    assert last is None or write_cursor(last) == cursor
    return str(limit)


def _application() -> Litestar:
    application = Litestar(
        [_list, *(_reader(kind, body_type) for kind, body_type in enumerate(_BODIES))],
        exception_handlers=HANDLERS,
        openapi_config=None,
        logging_config=None,
    )
    give_problems(application)
    return application


_app = _application()


def check(data: bytes) -> None:
    tape = Tape(data)
    kind, media_type = tape.number(), tape.pick(_TYPES)
    raw = tape.rest()
    _judge(*run(_ask("POST", f"/api/body/{kind % len(_BODIES)}", b"", media_type, raw)))
    _judge(*run(_ask("GET", "/api/list", quote(raw, safe=_IN_QUERIES).encode(), "", b"")))
    found = parse_id(raw.decode("utf-8", "replace"))
    assert found is None or parse_id(str(found)) == found


def _judge(status: int, headers: dict[bytes, bytes], body: bytes) -> None:
    assert status in _STATUSES, f"status {status}"
    if status >= 400:
        assert headers[b"content-type"].startswith(PROBLEM_TYPE.encode())
        problem = msgspec.json.decode(body)
        assert problem["status"] == status
        assert problem["detail"].endswith("."), problem["detail"]


async def _ask(
    method: str, path: str, query: bytes, media_type: str, body: bytes
) -> tuple[int, dict[bytes, bytes], bytes]:
    sent: list[Any] = []

    async def receive() -> dict[str, object]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: object) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "asgi": {"version": "3.0", "spec_version": "2.3"},
        "http_version": "1.1",
        "method": method,
        "scheme": "http",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": query,
        "headers": [(b"host", b"x"), *([(b"content-type", media_type.encode("latin-1"))] if media_type else [])],
        "client": ("127.0.0.1", 1),
        "server": ("127.0.0.1", 1),
        "state": {},
    }
    await _app(scope, receive, send)  # type: ignore[arg-type]
    start = next(message for message in sent if message["type"] == "http.response.start")
    content = b"".join(message.get("body", b"") for message in sent if message["type"] == "http.response.body")
    return start["status"], {name.lower(): value for name, value in start["headers"]}, content


TARGET = Target(
    check=check,
    seeds=(
        b'\x00\x00{"domain":"a.example","local_part":null,"description":"x","format":"uuid","more":[1]}',
        b"\x00\x02description=a+b&format=%22&domain=",
        b'\x01\x01{"is_enabled":true,"description":null}',
        b'\x02\x01{"is_read":true,"is_starred":false,"folder":"archive"}',
        b'\x03\x00{"ids":["01890000-0000-7000-8000-000000000000"],"action":"archive"}',
        b"\x00\x00limit=10&cursor=AYkAAAAAcACAAAAAAAAAAA",
    ),
    tokens=(
        *(
            b'{"',
            b'":',
            b'"',
            b",",
            b"[",
            b"]",
            b"{",
            b"}",
            b"null",
            b"true",
            b"1e999",
            b"-0",
            b"\\u0000",
            b"\\ud800",
            b"&",
        ),
        *(
            b"ids",
            b"action",
            b"folder",
            b"is_read",
            b"limit=",
            b"cursor=",
            b"=",
            b"%",
            b"%00",
            b"%ff",
            b";",
            b"+",
            b"\xff",
        ),
        *(b"limit=101", b"limit=0", b"limit=abc", b"01890000-0000-7000-8000-000000000000", b"[" * 2000, b" - at `$.x`"),
    ),
    max_len=3000,
)
