"""GET /messages/wait behind a real server."""

import asyncio
import socket
from collections.abc import Awaitable, Callable
from datetime import timedelta

import httpx
import pytest

from app.core.messages.store import Committer
from app.core.waiting import watch as watching
from app.lib.times import rfc3339, utc_now
from tests.api.conftest import Api, User
from tests.mail import deliver

WAIT = "/api/v1/messages/wait"
MAIL = (
    b"From: Shop <hello@shop.test>\r\nSubject: Confirm your address\r\nContent-Type: text/html\r\n\r\n"
    b"<p>Your code is</p><h1>482 913</h1>"
    b'<a href="https://shop.test/confirm?t=1&amp;utm_source=mail">Confirm</a>\r\n'
)


def plain(subject: str) -> bytes:
    return f"From: hello@shop.test\r\nSubject: {subject}\r\n\r\nHello\r\n".encode()


@pytest.fixture
def send(api: Api) -> Callable[[User, bytes], Awaitable[None]]:
    async def run(user: User, raw: bytes) -> None:
        await deliver(Committer(api.platform.db, shard=0), api.platform, raw, user.alias.address)

    return run


async def under_way(api: Api) -> None:
    """Until somebody waits who has looked at what is there: his key was asked for, and his connection is back."""
    async with asyncio.timeout(30), api.platform.db.connection() as conn:
        while True:
            cursor = await conn.execute(
                """SELECT count(*) FROM pg_stat_activity
                   WHERE datname = current_database() AND application_name = 'restante-listener'
                     AND query LIKE 'LISTEN%' AND state = 'idle'"""
            )
            if await cursor.fetchone() == (1,):
                return


async def test_a_wait_is_answered_when_the_message_is_stored(
    api: Api, ada: User, send: Callable[[User, bytes], Awaitable[None]]
) -> None:
    asked = asyncio.create_task(api.get(WAIT, ada, params={"alias": ada.alias.address, "from": "shop.test"}))
    await under_way(api)
    await send(ada, MAIL)
    response = await asked
    assert response.status_code == 200
    data, following = response.json()["data"], response.json()["next"]
    whole = (await api.get(f"/api/v1/messages/{data['id']}", ada)).json()["data"]
    assert data == whole | {
        "code": "482913",
        "links": [{"url": "https://shop.test/confirm?t=1", "text": "Confirm"}],
    }
    none = await api.get(WAIT, ada, params={"after": following, "timeout": "0"})
    assert (none.status_code, none.content) == (204, b"")


async def test_a_loop_loses_nothing(api: Api, ada: User, send: Callable[[User, bytes], Awaitable[None]]) -> None:
    after, got = rfc3339(utc_now() - timedelta(seconds=1)), []
    for number in range(5):
        await send(ada, plain(f"Number {number}"))
    for _ in range(5):
        answer = (await api.get(WAIT, ada, params={"after": after})).json()
        got.append(answer["data"]["subject"])
        after = answer["next"]
    assert got == [f"Number {number}" for number in range(5)]


async def test_what_comes_after_a_message_is_found_by_its_id(
    api: Api, ada: User, send: Callable[[User, bytes], Awaitable[None]]
) -> None:
    first = await api.deliver(ada, plain("First"))
    await send(ada, plain("Second"))
    answer = await api.get(WAIT, ada, params={"after": str(first)})
    assert answer.json()["data"]["subject"] == "Second"
    by_subject = await api.get(WAIT, ada, params={"after": str(first), "subject": "first", "timeout": "0"})
    assert by_subject.status_code == 204


async def test_times_take_any_zone(api: Api, ada: User) -> None:
    await api.deliver(ada, plain("Here"))
    for after in ("2026-01-01T00:00:00+02:00", "2026-01-01T00:00:00 02:00", "2026-01-01T00:00:00Z"):
        assert (await api.get(WAIT, ada, params={"after": after})).status_code == 200


@pytest.mark.parametrize(
    ("params", "status", "field"),
    [
        ({"alias": "nobody@restante.test"}, 404, None),
        ({"alias": "0199d3a4-6f1e-7b52-8c3d-51f2a9e07b64"}, 404, None),
        ({"from": "no address"}, 422, "from"),
        ({"subject": "..."}, 422, "subject"),
        ({"after": "yesterday"}, 422, "after"),
        ({"after": "2026-11-21T09:30:00"}, 422, "after"),
        ({"after": "9" * 3000}, 422, "after"),
        ({"timeout": "301"}, 422, "timeout"),
        ({"timeout": "-1"}, 422, "timeout"),
        ({"timeout": "soon"}, 422, "timeout"),
        ({"sender": "shop.test"}, 422, "sender"),
    ],
)
async def test_what_is_wrong_is_told(
    api: Api, ada: User, params: dict[str, str], status: int, field: str | None
) -> None:
    problem = await api.refused("GET", WAIT, ada, params=params)
    assert problem["status"] == status
    assert [one["field"] for one in problem.get("errors", [])] == ([field] if field else [])


async def test_another_account_waits_for_its_own(
    api: Api, ada: User, bob: User, send: Callable[[User, bytes], Awaitable[None]]
) -> None:
    await api.refused("GET", WAIT, bob, params={"alias": ada.alias.address})
    await api.refused("GET", WAIT, bob, params={"alias": str(ada.alias.alias_id)})
    message_id = await api.deliver(ada, plain("For Ada"))
    for after in (str(message_id), "2026-01-01T00:00:00Z"):
        answer = await api.get(WAIT, bob, params={"after": after, "timeout": "0"})
        assert answer.status_code == 204
    await send(bob, plain("For Bob"))
    answer = await api.get(WAIT, bob, params={"after": "2026-01-01T00:00:00Z"})
    assert answer.json()["data"]["subject"] == "For Bob"


async def test_who_hangs_up_frees_everything(
    api: Api, ada: User, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The wait has ended when the server has seen the connection go."""
    left = asyncio.Event()
    leave = watching.Seat.leave

    def note(seat: watching.Seat) -> None:
        leave(seat)
        left.set()

    monkeypatch.setattr(watching.Seat, "leave", note)
    host, port = api.client.base_url.host, api.client.base_url.port
    reader, writer = await asyncio.open_connection(host, port)
    writer.write(f"GET {WAIT} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {ada.key}\r\n\r\n".encode())
    await under_way(api)
    assert not left.is_set()
    writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\0\0\0\0\0\0\0")
    writer.close()
    async with asyncio.timeout(30):
        await left.wait()
    assert not caplog.records
    del reader


async def test_a_restart_answers_at_once(api: Api, ada: User) -> None:
    asked = asyncio.create_task(api.refused("GET", WAIT, ada))
    await under_way(api)
    await api.platform.listener.close()
    problem = await asked
    assert (problem["status"], problem["code"]) == (503, "restarting")


@pytest.mark.parametrize("table", ["message_summaries SET summary", "message_sources SET source"])
async def test_what_is_damaged_hides_nothing_that_comes_after_it(api: Api, ada: User, table: str) -> None:
    begin = rfc3339(utc_now())
    damaged, good = [await api.deliver(ada, plain(subject)) for subject in ("Damaged", "Good")]
    async with api.platform.db.transaction() as conn:
        await conn.execute(f"UPDATE {table} = 'x' WHERE message_id = %s", (damaged,))
    response = await api.get(WAIT, ada, params={"after": begin, "alias": ada.alias.address, "timeout": "5"})
    assert response.json()["data"]["id"] == str(good)
    again = await api.get(WAIT, ada, params={"after": response.json()["next"], "timeout": "0"})
    assert again.status_code == 204


async def test_a_key_that_expires_meanwhile_is_told_so(api: Api, ada: User) -> None:
    asked = asyncio.create_task(api.get(WAIT, ada))
    await under_way(api)
    async with api.platform.db.transaction() as conn:
        await conn.execute("UPDATE api_keys SET expires_at = now() WHERE account_id = %s", (ada.actor.account_id,))
    response = await asked
    assert (response.status_code, response.json()["code"]) == (401, "expired")


async def test_head_waits_too(api: Api, ada: User) -> None:
    await api.deliver(ada, plain("Here"))
    answer = await api.request("HEAD", WAIT, ada, params={"after": "2026-01-01T00:00:00Z"})
    assert (answer.status_code, answer.content) == (200, b"")


async def test_a_hundred_wait_on_one_server(api: Api, ada: User, bob: User) -> None:
    """While they do, others are served."""
    limits = httpx.Limits(max_connections=200)
    async with httpx.AsyncClient(base_url=api.client.base_url, limits=limits, timeout=30) as client:
        asked = [
            asyncio.create_task(client.get(WAIT, headers=ada.headers, params={"subject": f"number{number}"}))
            for number in range(100)
        ]
        await under_way(api)
        assert (await api.get("/api/v1/account", bob)).status_code == 200
        raw = plain(" ".join(f"number{number}" for number in range(100)))
        done = 0
        while done < 100:  # those who were not there yet get the next one
            await api.deliver(ada, raw)
            await asyncio.wait(asked, return_when=asyncio.FIRST_COMPLETED)
            done = sum(one.done() for one in asked)
        assert {(await one).status_code for one in asked} == {200}
