"""GET /events behind a real server, read by an event stream's own rules."""

import asyncio
import json
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import Any

import httpx
import msgspec
import pytest

from app.core.aliases import service as aliases
from app.core.aliases.model import NewAlias
from app.core.filing import service as filing
from app.core.filing.model import MessagePatch
from app.core.waiting import watch as watching
from app.core.waiting.watch import MOST
from app.lib.ids import new_id
from app.lib.times import utc_now
from tests.api.conftest import Api, User

EVENTS = "/api/v1/events"


class Event(msgspec.Struct, frozen=True, kw_only=True):
    id: str | None
    type: str
    data: dict[str, Any]


class Reader:
    """Takes a stream apart (HTML standard section 9.2.6)."""

    def __init__(self, response: httpx.Response) -> None:
        self.response = response
        self._lines = response.aiter_lines()

    async def next(self) -> Event | None:
        """The next event; None at the end of the stream."""
        fields: dict[str, str] = {}
        async with asyncio.timeout(30):
            async for line in self._lines:
                name, _, value = line.partition(": ")
                if line == "" and "data" in fields:
                    return Event(id=fields.get("id"), type=fields["event"], data=json.loads(fields["data"]))
                if line == "":
                    fields = {}
                elif not line.startswith(":"):
                    fields[name] = value
        return None

    async def begun(self) -> None:
        """Until the stream says how soon to come back."""
        async with asyncio.timeout(30):
            async for line in self._lines:
                if line.startswith("retry: "):
                    return


Open = Callable[..., Awaitable[Reader]]


@pytest.fixture
async def follow(api: Api) -> AsyncIterator[Open]:
    """`await follow(user, types="…")`: a stream that has begun."""
    async with AsyncExitStack() as stack:
        client = await stack.enter_async_context(httpx.AsyncClient(base_url=api.client.base_url, timeout=30))

        @asynccontextmanager
        async def opened(user: User, headers: dict[str, str], params: dict[str, str]) -> AsyncIterator[Reader]:
            async with client.stream("GET", EVENTS, headers=user.headers | headers, params=params) as response:
                assert response.status_code == 200
                assert response.headers["content-type"] == "text/event-stream"
                assert response.headers["cache-control"] == "no-store"
                assert response.headers["x-accel-buffering"] == "no"
                assert "content-encoding" not in response.headers
                reader = Reader(response)
                await reader.begun()
                yield reader

        async def run(user: User, *, last: str | None = None, **params: str) -> Reader:
            headers = {} if last is None else {"Last-Event-ID": last}
            return await stack.enter_async_context(opened(user, headers, params))

        yield run


def plain(subject: str) -> bytes:
    return f"From: hello@shop.test\r\nSubject: {subject}\r\n\r\nHello\r\n".encode()


async def test_a_message_is_told_when_it_is_stored(api: Api, ada: User, follow: Open) -> None:
    stream = await follow(ada)
    message_id = await api.deliver(ada, plain("Hello"))
    event = await stream.next()
    assert event is not None
    assert (event.id, event.type) == (str(message_id), "message.received")
    assert event.data["id"] == event.id
    assert event.data["type"] == event.type
    assert event.data["timestamp"] == event.data["data"]["received_at"]
    whole = (await api.get(f"/api/v1/messages/{message_id}", ada)).json()["data"]
    told = event.data["data"]
    assert {name: value for name, value in told.items() if name != "attachments"}.items() <= whole.items()


async def test_who_comes_back_is_told_what_came_meanwhile(api: Api, ada: User, follow: Open) -> None:
    first = await api.deliver(ada, plain("First"))
    later = [str(await api.deliver(ada, plain(subject))) for subject in ("Second", "Third")]
    stream = await follow(ada, last=str(first), types="message.received")
    told = [await stream.next() for _ in range(3)]  # and the first again: it is younger than ten seconds
    assert [event.id for event in told if event] == [str(first), *later]
    now = await api.deliver(ada, plain("Live"))
    event = await stream.next()
    assert event is not None
    assert event.id == str(now)


async def test_other_events_come_in_their_order(api: Api, ada: User, follow: Open) -> None:
    stream = await follow(ada)
    message_id = await api.deliver(ada, plain("Hello"))
    async with api.platform.db.transaction() as conn:
        made = await aliases.create(conn, ada.actor.account_id, ada.actor.keyring, NewAlias(), now=utc_now())
    found = [await stream.next(), await stream.next()]
    assert [event.type for event in found if event] == ["message.received", "alias.created"]
    again = await follow(ada, last=str(message_id), alias=str(made.alias_id))
    event = await again.next()
    assert event is not None
    assert event.data["data"]["alias"] == {"id": str(made.alias_id), "email": made.address}


async def test_types_and_aliases_narrow_the_stream(api: Api, ada: User, follow: Open) -> None:
    second = msgspec.structs.replace(ada, alias=await api.make_alias(ada.actor))
    stream = await follow(ada, types="message.received", alias=second.alias.address)
    await api.deliver(ada, plain("To the first"))
    await api.deliver(second, plain("To the second"))
    event = await stream.next()
    assert event is not None
    assert event.data["data"]["subject"] == "To the second"


async def test_held_mail_is_told_again_when_it_is_let_in(api: Api, ada: User, follow: Open) -> None:
    message_id = await api.deliver(ada, plain("Held"))
    async with api.platform.db.transaction() as conn:
        await filing.update(api.platform, conn, ada.actor, message_id, MessagePatch(folder="held"), now=utc_now())
    stream = await follow(ada, last=str(message_id), types="message.received,message.held")
    held = await stream.next()
    async with api.platform.db.transaction() as conn:
        await filing.update(api.platform, conn, ada.actor, message_id, MessagePatch(folder="inbox"), now=utc_now())
    received = await stream.next()
    assert held is not None
    assert received is not None
    assert (held.id, held.type) == (str(message_id), "message.held")
    assert (received.id, received.type, received.data["id"]) == (None, "message.received", str(message_id))


async def test_others_are_told_nothing(api: Api, ada: User, bob: User, follow: Open) -> None:
    await api.refused("GET", EVENTS, bob, params={"alias": ada.alias.address})
    message_id = await api.deliver(ada, plain("For Ada"))
    stream = await follow(bob, last=str(message_id), types="message.received")
    mine = await api.deliver(bob, plain("For Bob"))
    event = await stream.next()
    assert event is not None
    assert event.id == str(mine)


async def test_a_stream_ends_with_its_key_and_with_the_process(api: Api, ada: User, bob: User, follow: Open) -> None:
    revoked, ended = await follow(ada), await follow(bob)
    async with api.platform.db.transaction() as conn:
        await conn.execute("DELETE FROM api_keys WHERE account_id = %s", (ada.actor.account_id,))
    assert await revoked.next() is None
    await api.platform.listener.close()
    assert await ended.next() is None


async def test_who_hangs_up_frees_the_place(api: Api, ada: User, monkeypatch: pytest.MonkeyPatch) -> None:
    left = asyncio.Event()
    leave = watching.Seat.leave

    def note(seat: watching.Seat) -> None:
        leave(seat)
        left.set()

    monkeypatch.setattr(watching.Seat, "leave", note)
    async with (
        httpx.AsyncClient(base_url=api.client.base_url, timeout=30) as client,
        client.stream("GET", EVENTS, headers=ada.headers) as response,
    ):
        reader = Reader(response)
        await reader.begun()
        await api.deliver(ada, plain("Somebody is there"))
        assert await reader.next()
        assert not left.is_set()
    async with asyncio.timeout(30):
        await left.wait()


async def test_only_so_many_streams_of_an_account(api: Api, ada: User, bob: User, follow: Open) -> None:
    for _ in range(MOST["stream"]):
        await follow(ada)
    problem = await api.refused("GET", EVENTS, ada)
    assert (problem["status"], problem["code"]) == (429, "too_many_waiting")
    await follow(bob)


@pytest.mark.parametrize(
    ("params", "field"),
    [
        ({"types": "message.read"}, "types"),
        ({"types": ""}, "types"),
        ({"types": "webhook.test"}, "types"),
        ({"after": "yesterday"}, "after"),
        ({"after": "ffffffff-ffff-ffff-ffff-ffffffffffff"}, "after"),
    ],
)
async def test_what_is_wrong_is_told(api: Api, ada: User, params: dict[str, str], field: str) -> None:
    problem = await api.refused("GET", EVENTS, ada, params=params)
    assert (problem["status"], [one["field"] for one in problem["errors"]]) == (422, [field])


async def test_an_unknown_alias_is_not_found(api: Api, ada: User) -> None:
    assert (await api.refused("GET", EVENTS, ada, params={"alias": str(new_id())}))["status"] == 404


async def test_head_tells_what_would_come(api: Api, ada: User) -> None:
    async with asyncio.timeout(30):
        answer = await api.request("HEAD", EVENTS, ada)
        after = await api.get("/api/v1/account", ada)  # by the same connection
    assert (answer.status_code, answer.headers["content-type"], answer.content) == (200, "text/event-stream", b"")
    assert after.status_code == 200
