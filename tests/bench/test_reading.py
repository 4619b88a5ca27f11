"""Reading a service: the sign-in form, the API's walk, and the counts of delivered messages."""

import asyncio
import json
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import TypeVar

import pytest

from bench import http_load, target
from bench.reading import Api, ReadingFailed, Session, sign_in
from bench.target import DeliveryFailed

_T = TypeVar("_T")
LOGIN_PAGE = (
    b'<form action="/search"><input name="q"></form>'
    b'<form method="post" action="/enter"><input type="hidden" name="csrf" value="t&amp;1">'
    b'<input name="who"><input type="password" name="pw"><input type="submit"></form>'
)


def visiting(answers: dict[str, tuple[str, str, bytes]], seen: list[str], visit: Callable[[int], Awaitable[_T]]) -> _T:
    """Run `visit` beside a server that answers "METHOD path" with (status, extra header lines, body)."""
    over: list[asyncio.Event] = []

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        over.append(asyncio.Event())
        ended = over[-1]
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode()
                length = next((line[16:] for line in head.split("\r\n") if line.startswith("Content-Length: ")), "0")
                seen.append(head + (await reader.readexactly(int(length))).decode())
                status, extra, body = answers[" ".join(head.split(" ")[:2])]
                writer.write(f"HTTP/1.1 {status}\r\nContent-Length: {len(body)}\r\n{extra}\r\n".encode() + body)
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()
        finally:
            ended.set()

    async def session() -> _T:
        async with await asyncio.start_server(serve, "127.0.0.1", 0) as server:
            try:
                return await visit(server.sockets[0].getsockname()[1])
            finally:
                await asyncio.gather(*(ended.wait() for ended in over))

    return asyncio.run(session())


async def enter(port: int) -> Session:
    return await sign_in("127.0.0.1", port, login="bench", password="p w", message_ids=["m7", "t7"])


def test_the_sign_in_form_is_filled_and_a_message_found() -> None:
    seen: list[str] = []
    answers = {
        "GET /login": ("200 OK", "Set-Cookie: pre=1; Path=/\r\n", LOGIN_PAGE),
        "POST /enter": ("303 See Other", "Location: http://x.test/in?a=1\r\nSet-Cookie: s=2; HttpOnly\r\n", b""),
        "GET /in?a=1": ("200 OK", "", b'<a href="/about">a</a><a href="/messages/m7#top">m</a>'),
    }
    session = visiting(answers, seen, enter)
    assert session == Session(cookie="pre=1; s=2", inbox="/in?a=1", message="/messages/m7")
    assert seen[1].endswith("\r\n\r\ncsrf=t%261&who=bench&pw=p+w")
    assert "Cookie: pre=1\r\n" in seen[1]
    assert "Origin: http://127.0.0.1:" in seen[1]
    assert "Cookie: pre=1; s=2\r\n" in seen[2]


@pytest.mark.parametrize(
    "change",
    [
        {"GET /login": ("200 OK", "", b"<p>closed</p>")},
        {"POST /enter": ("422 Unprocessable Content", "", b"wrong")},
        {"GET /in": ("200 OK", "", b'<a href="/messages/m8">m</a>')},
    ],
)
def test_a_broken_way_in_is_told(change: dict[str, tuple[str, str, bytes]]) -> None:
    answers = {
        "GET /login": ("200 OK", "", LOGIN_PAGE),
        "POST /enter": ("303 See Other", "Location: /in\r\n", b""),
        "GET /in": ("200 OK", "", b'<a href="/messages/m7">m</a>'),
    }
    with pytest.raises(ReadingFailed):
        visiting(answers | change, [], enter)


def page(*subjects: str, following: str | None = None) -> tuple[str, str, bytes]:
    return "200 OK", "", json.dumps({"data": [{"subject": name} for name in subjects], "next": following}).encode()


def test_the_list_is_walked_until_all_are_seen() -> None:
    answers = {
        "GET /api/v1/messages?limit=100": page("c", "b", following="x&y"),
        "GET /api/v1/messages?limit=100&cursor=x%26y": page("a"),
    }

    async def visit(port: int) -> list[set[str]]:
        async with http_load.connected("127.0.0.1", port) as client:
            return [await Api(client).missing(wanted) for wanted in ({"b"}, {"a", "c"}, {"a", "z"})]

    seen: list[str] = []
    assert visiting(answers, seen, visit) == [set(), set(), {"z"}]
    assert len(seen) == 1 + 2 + 2


def test_an_api_that_refuses_is_told() -> None:
    async def visit(port: int) -> int:
        async with http_load.connected("127.0.0.1", port) as client:
            return await Api(client).message_count()

    with pytest.raises(ReadingFailed, match="429"):
        visiting({"GET /api/v1/account": ("429 Too Many Requests", "", b"slow down")}, [], visit)


def test_messages_are_counted_in_maildirs(tmp_path: Path) -> None:
    for name in (
        "u0/Maildir/new/1",
        "u0/Maildir/cur/2:2,S",
        "u1/new/3",
        "u0/Maildir/tmp/4",
        "u0/Maildir/dovecot.index",
    ):
        file = tmp_path / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.touch()
    assert asyncio.run(target.counting_maildir(tmp_path)()) == 3


def test_messages_are_counted_by_a_command() -> None:
    assert asyncio.run(target.counting_command("echo 42")()) == 42
    with pytest.raises(DeliveryFailed):
        asyncio.run(target.counting_command("exit 3")())
